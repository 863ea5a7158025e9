/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: AUTH and its answers, APOP, USER with PASS, and what is to be said when a mechanism
 * is refused, or when the server did not prove what it should have. Which mechanism it is, is
 * session_choose.c's. RFC 4954 4, RFC 5034 4, RFC 1939 7, RFC 5802 5. */
#include "core/session_priv.h"
#include "heloscope/login.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 131072 }; /* an OAuth token of 64 KiB, in base64 */

static bool fail(char *why, size_t size, const char *text)
{
    snprintf(why, size, "%s", text);
    return false;
}

static bool clean_word(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

/* The host's name as the server's certificate and DIGEST-MD5 want it. */
static const char *host_of(const struct session *s)
{
    return s->target.ascii ? s->target.ascii : "localhost";
}

static void forget(struct session *s)
{
    sasl_free(s->sasl);
    s->sasl = NULL;
    s->login = NULL;
    buf_clear(&s->pass);
}

/* ---- AUTH ---- */

/* Where the line would be too long the initial response waits for an empty challenge. */
static bool begin_line(struct session *s, const char *name, struct buf *line, char *why,
                       size_t size)
{
    struct buf first;
    bool ok = buf_addf(line, "AUTH %s", name);
    if (!sasl_client_first(s->sasl))
        return ok;
    buf_init_secret(&first, ANSWER_MAX);
    ok = ok && sasl_step(s->sasl, "", 0, &first, why, size);
    if (ok && line->len + 1 + first.len + 2 > s->proto->command_limit)
        sasl_hold(s->sasl, &first);
    else if (ok)
        ok = buf_add_char(line, ' ') &&
             (first.len == 0 ? buf_add_char(line, '=') : buf_add(line, first.p, first.len));
    buf_clear(&first);
    return ok;
}

static bool auth(struct session *s, const struct login *l, char *why, size_t size)
{
    struct buf bound, line;
    buf_init_secret(&bound, 256);
    struct sasl_login in = {.mechanism = l->mechanism->name,
                            .user = l->user,
                            .authzid = l->authzid,
                            .secret = l->secret,
                            .service = s->proto->service,
                            .host = host_of(s),
                            .port = s->target.port};
    in.binding = conn_channel_binding(s->conn, &bound);
    in.bound = bound.p;
    in.bound_len = bound.len;
    s->sasl = sasl_new(&in, why, size);
    buf_clear(&bound);
    if (!s->sasl)
        return false;
    buf_init_secret(&line, ANSWER_MAX);
    bool ok = begin_line(s, l->mechanism->name, &line, why, size);
    if (ok && l->why)
        session_event_entry(s, EVENT_LOGIN, MARK_EVENT, 0, "log in by %s", l->why);
    ok = ok && session_send_command(s, line.p, line.len, why, size);
    buf_clear(&line);
    return ok;
}

/* ---- POP3's own ---- */

static bool apop(struct session *s, const struct login *l, char *why, size_t size)
{
    char digest[33];
    struct buf line;
    if (!s->timestamp[0])
        return fail(why, size,
                    "the banner held no <timestamp>: this server offers no APOP (RFC 1939 7)");
    if (!*l->user || !clean_word(l->user) || strchr(l->user, ' '))
        return fail(why, size, "APOP wants a name without blanks");
    if (!sasl_apop(s->timestamp, l->secret, digest))
        return fail(why, size, "MD5 is not to be had on this system: APOP cannot be computed");
    buf_init_secret(&line, 1024);
    bool ok = buf_addf(&line, "APOP %s %s", l->user, digest) ||
              fail(why, size, "the user name is too long");
    if (ok && l->why)
        session_event_entry(s, EVENT_LOGIN, MARK_EVENT, 0, "log in by %s", l->why);
    ok = ok && session_send_command(s, line.p, line.len, why, size);
    explicit_bzero(digest, sizeof digest);
    buf_clear(&line);
    return ok;
}

/* PASS goes out when USER was answered: a server that knows no such user is not told a password. */
static bool user_pass(struct session *s, const struct login *l, char *why, size_t size)
{
    char line[300];
    if (!*l->user || !clean_word(l->user))
        return fail(why, size, "USER wants a name");
    if (!clean_word(l->secret))
        return fail(why, size, "the password holds control characters, which PASS cannot carry");
    if (snprintf(line, sizeof line, "USER %s", l->user) >= (int)sizeof line)
        return fail(why, size, "the user name is too long");
    buf_init_secret(&s->pass, 1024);
    if (!buf_add_str(&s->pass, "PASS ") || !buf_add_str(&s->pass, l->secret))
        return fail(why, size, "the password is too long for PASS");
    if (l->why)
        session_event_entry(s, EVENT_LOGIN, MARK_EVENT, 0, "log in by %s", l->why);
    return session_send_command(s, line, strlen(line), why, size);
}

/* ---- the start of all of them ---- */

bool session_login(struct session *s, const struct login *l, char *why, size_t size)
{
    const struct sasl_mechanism *m = l->mechanism;
    if (!session_can_send(s, why, size))
        return false;
    if ((m->flags & SASL_CLEAR) && !s->now.tls && !l->clear_ok) {
        snprintf(why, size, "%s shows the %s to whoever listens, and there is no TLS", m->name,
                 m->wants == SASL_WANTS_TOKEN ? "token" : "password");
        return false;
    }
    if (m->wants != SASL_WANTS_NOTHING && !l->secret) {
        snprintf(why, size, "%s wants a %s", m->name,
                 m->wants == SASL_WANTS_TOKEN ? "token" : "password");
        return false;
    }
    forget(s);
    if (l->secret)
        session_keep_secret(s, l->secret, strlen(l->secret));
    bool ok = m->engine == SASL_APOP       ? apop(s, l, why, size)
              : m->engine == SASL_USERPASS ? user_pass(s, l, why, size)
                                           : auth(s, l, why, size);
    if (!ok) {
        forget(s);
        return false;
    }
    s->login = m;
    size_t rows;
    s->tried |= 1u << (unsigned)(m - sasl_mechanisms(&rows));
    snprintf(s->auth_user, sizeof s->auth_user, "%s", l->user);
    return true;
}

bool session_auth(struct session *s, const char *mechanism, const char *user, const char *secret,
                  char *why, size_t size)
{
    const struct sasl_mechanism *m = sasl_mechanism(mechanism, strlen(mechanism));
    if (!m) {
        snprintf(why, size, "the mechanism %.40s is not done here", mechanism);
        return false;
    }
    struct login l = {.mechanism = m, .user = user, .secret = secret, .clear_ok = true};
    return session_login(s, &l, why, size);
}

bool session_apop(struct session *s, const char *user, const char *secret, char *why, size_t size)
{
    return session_auth(s, "APOP", user, secret, why, size);
}

/* ---- what the server says to it ---- */

void session_auth_challenge(struct session *s, size_t entry, const struct command *cmd,
                            const char *text, size_t n)
{
    char words[512] = "", why[256];
    struct buf answer;
    sasl_describe_challenge(cmd->mechanism, text, n, words, sizeof words);
    transcript_remark(s->transcript, entry, words);
    if (!s->sasl) {
        session_tell(s, SESSION_CHALLENGE);
        return;
    }
    buf_init_secret(&answer, ANSWER_MAX);
    if (sasl_step(s->sasl, text, n, &answer, why, sizeof why)) {
        session_send_command(s, buf_str(&answer), answer.len, why, sizeof why);
    } else {
        bool wrong = sasl_server(s->sasl) == SASL_SERVER_WRONG;
        session_event_entry(s, wrong ? EVENT_UNPROVED : EVENT_NOTE, MARK_WARN, 0,
                            wrong ? "%s" : "AUTH given up: %s", why);
        if (wrong)
            s->login = NULL; /* nothing more is to be offered to this one */
        sasl_free(s->sasl);
        s->sasl = NULL;
        session_send_command(s, "*", 1, why, sizeof why); /* RFC 4954 4: cancels the exchange */
    }
    buf_clear(&answer);
}

/* What else is offered: said, not sent. */
static void say_next(struct session *s)
{
    const struct sasl_mechanism *m = s->login;
    unsigned have = m->wants == SASL_WANTS_TOKEN ? LOGIN_TOKEN : LOGIN_PASSWORD;
    const struct sasl_mechanism *next = session_strongest(s, have, s->tried);
    bool never = s->reply.code == 504 || s->reply.code == 534;
    const char *head = never && session_offers(s, m)
                           ? "%s is on the server's list, and yet it was refused as a mechanism"
                           : "%s was refused: a wrong name or %s, or the server cannot do this "
                             "mechanism for that account";
    char text[400];
    snprintf(text, sizeof text, head, m->name,
             have == LOGIN_TOKEN              ? "token"
             : m->wants == SASL_WANTS_NOTHING ? "certificate"
                                              : "password");
    if (next)
        session_event_entry(s, EVENT_LOGIN, MARK_EVENT, 0,
                            "%s. Next on the list: %s (%s): ':auth %s' tries it%s; from the "
                            "command line --auth %s does",
                            text, next->name, next->why, next->name,
                            (next->flags & SASL_CLEAR) && !s->now.tls ? ", after a question" : "",
                            next->name);
    else
        session_event_entry(s, EVENT_LOGIN, MARK_EVENT, 0, "%s. Nothing else is offered for a %s",
                            text, have == LOGIN_TOKEN ? "token" : "password");
}

void session_auth_result(struct session *s, size_t entry, const struct command *cmd,
                         enum reply_class cls, bool logged_in)
{
    char why[256];
    unsigned flags = cmd->verb ? cmd->verb->flags : 0;
    if (!s->login && !s->sasl)
        return;
    bool user = s->pass.len > 0 && cmd->user_len > 0;
    if (user && cls == REPLY_OK) { /* USER was taken */
        struct buf line = s->pass;
        buf_init_secret(&s->pass, 1024);
        session_send_command(s, line.p, line.len, why, sizeof why);
        buf_clear(&line);
        return;
    }
    if (!user && !(flags & (VERB_AUTH | VERB_ANSWER | VERB_SECRET)))
        return; /* another command's */
    if (logged_in && s->sasl) {
        enum sasl_server proof = sasl_server(s->sasl);
        if (proof == SASL_SERVER_PROVED)
            transcript_remark(s->transcript, entry,
                              "the server's proof holds: it has a record of this password");
        else if (proof != SASL_SERVER_UNASKED)
            session_event_entry(s, EVENT_UNPROVED, MARK_WARN, 0,
                                "the server let you in WITHOUT its own proof, which %s demands",
                                sasl_row(s->sasl)->name);
    } else if (!logged_in && s->login) {
        say_next(s);
    }
    forget(s);
}
