/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of the practice POP3 server as rows. RFC 1939 5 to 7, RFC 2449 (CAPA), RFC 2595 (STLS),
 * RFC 5034 (AUTH), RFC 6856 (UTF8, LANG). USER and APOP are taken in the clear, so that a learner
 * sees what they look like on the wire; AUTH only inside TLS, so that CAPA differs before and after
 * STLS. */
#include "practice/pop3d.h"
#include "core/lazy/openssl.gen.h"

#include "heloscope/sasl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { IN_AUTHORIZATION = 1, IN_TRANSACTION = 2 };

struct row {
    const char *name;
    void (*run)(struct pop3 *, const char *arg, size_t n);
    const char *form;
    bool none, need; /* arguments: none may, one must stand there */
    unsigned states;
};

/* The next word of the arguments. */
static size_t word(const char **p, size_t *n, const char **w)
{
    size_t k = 0;
    while (*n && **p == ' ') {
        ++*p;
        --*n;
    }
    *w = *p;
    while (k < *n && (*p)[k] != ' ')
        k++;
    *p += k;
    *n -= k;
    return k;
}

static bool number(const char *w, size_t n, size_t *out)
{
    *out = 0;
    if (!n || n > 9)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (w[i] < '0' || w[i] > '9')
            return false;
        *out = *out * 10 + (size_t)(w[i] - '0');
    }
    return true;
}

static struct mailbox *box(struct pop3 *s)
{
    return &world_store(s->world)->box[s->box];
}

/* The message that an argument names; NULL: the refusal was said. */
static struct message *message(struct pop3 *s, const char *w, size_t n)
{
    size_t i;
    if (!number(w, n, &i)) {
        pop3_mistake(s, "A message number is wanted, 1 to %zu", s->count);
    } else if (i < 1 || i > s->count) {
        pop3_err(s, "No such message, there are %zu here", s->count);
    } else if (box(s)->m[i - 1].gone) {
        pop3_err(s, "Message %zu is marked as deleted; RSET takes the mark away", i);
    } else {
        return &box(s)->m[i - 1];
    }
    return NULL;
}

static void alive(struct pop3 *s, size_t *n, size_t *octets)
{
    *n = *octets = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!box(s)->m[i].gone) {
            ++*n;
            *octets += message_octets(&box(s)->m[i]);
        }
}

static void capa(struct pop3 *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    bool authorization = s->box < 0;
    pop3_ok(s, "what this server can do:");
    peer_sendf(
        s->peer,
        "TOP\r\nUIDL\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"
        "UTF8\r\nLANG\r\n");
    if (authorization && s->peer->secure)
        peer_sendf(s->peer, "SASL %s\r\n", authsrv_names(s->peer->tls));
    if (authorization && !s->peer->secure && !world_settings(s->world)->no_tls)
        peer_sendf(s->peer, "STLS\r\n");
    peer_sendf(s->peer, "IMPLEMENTATION heloscope-practice\r\n.\r\n");
}

static void user(struct pop3 *s, const char *arg, size_t n)
{
    if (n >= sizeof s->user) {
        pop3_mistake(s, "That name is too long");
        return;
    }
    memcpy(s->user, arg, n);
    s->user[n] = '\0';
    /* The same answer for every name: who exists is not told (RFC 1939 13). */
    pop3_ok(s, "now PASS%s",
            s->peer->secure ? ""
                            : " (it goes over the wire in the clear; STLS first would hide it)");
}

static void pass(struct pop3 *s, const char *arg, size_t n)
{
    if (!*s->user) {
        pop3_mistake(s, "USER comes first");
        return;
    }
    if (pop3_trouble(s, AT_VERB, "AUTH"))
        return;
    const char *detail;
    int a = authsrv_check(s->user, strlen(s->user), arg, n);
    login_find(s->user, strlen(s->user), &detail, &n);
    char *who = xstrndup(detail, n);
    if (a < 0)
        pop3_denied(s);
    else
        pop3_open(s, a, who);
    free(who);
}

static void apop(struct pop3 *s, const char *arg, size_t n)
{
    const char *name, *digest;
    char right[33], said[33];
    size_t k = word(&arg, &n, &name), d = word(&arg, &n, &digest);
    if (!k || d != 32 || n) {
        pop3_mistake(s,
                     "Syntax: APOP name digest; the digest is 32 hexadecimal digits (RFC 1939 7)");
        return;
    }
    if (pop3_trouble(s, AT_VERB, "AUTH"))
        return;
    for (size_t i = 0; i < d; i++)
        said[i] = digest[i] >= 'A' && digest[i] <= 'F' ? (char)(digest[i] | 32) : digest[i];
    said[d] = '\0';
    const char *detail;
    int a = login_find(name, k, &detail, &n);
    char *who = xstrndup(detail, n);
    if (a < 0 || !*account_table[a].password ||
        !sasl_apop(s->stamp, account_table[a].password, right) ||
        CRYPTO_memcmp(right, said, 32) != 0)
        pop3_denied(s);
    else
        pop3_open(s, a, who);
    free(who);
}

static void auth_result(struct pop3 *s, enum auth_result r, const struct buf *challenge)
{
    s->in_auth = r == AUTH_MORE;
    if (r == AUTH_MORE)
        peer_sendf(s->peer, "+ %s\r\n", buf_str(challenge));
    else if (r == AUTH_OK)
        pop3_open(s, s->auth.account, s->auth.detail);
    else if (r == AUTH_REFUSED)
        pop3_denied(s);
    else if (r == AUTH_BAD_BASE64)
        pop3_mistake(s, "That is not base64 (RFC 4648 4)");
    else if (r == AUTH_BAD_SHAPE)
        pop3_mistake(s, "Decoded, but not what the mechanism wants at this point");
    else if (r == AUTH_CANCELLED)
        pop3_mistake(s, "Authentication cancelled, as you asked");
    else
        pop3_mistake(s, "Mechanism not known here; there are %s",
                     authsrv_names(s->peer->secure ? s->peer->tls : NULL));
}

static void auth(struct pop3 *s, const char *arg, size_t n)
{
    const char *mechanism, *initial;
    struct buf challenge;
    if (!s->peer->secure && !world_settings(s->world)->no_tls) {
        pop3_mistake(s, "Say STLS first: AUTH is not taken in the clear here");
        return;
    }
    size_t k = word(&arg, &n, &mechanism), i = word(&arg, &n, &initial);
    if (n) {
        pop3_mistake(s, "Syntax: AUTH mechanism [initial-response] (RFC 5034 4)");
        return;
    }
    if (pop3_trouble(s, AT_VERB, "AUTH"))
        return;
    buf_init(&challenge, 1024);
    s->auth.tls = s->peer->secure ? s->peer->tls : NULL;
    auth_result(s, authsrv_begin(&s->auth, mechanism, k, i ? initial : NULL, i, &challenge),
                &challenge);
    buf_clear(&challenge);
}

void pop3_auth_answer(struct pop3 *s, const char *line, size_t n)
{
    struct buf challenge;
    buf_init(&challenge, 1024);
    auth_result(s, authsrv_answer(&s->auth, line, n, &challenge), &challenge);
    buf_clear(&challenge);
}

static void stls(struct pop3 *s, const char *arg, size_t n)
{
    char why[256];
    (void)arg;
    (void)n;
    if (s->peer->secure) {
        pop3_mistake(s, "TLS is on already");
    } else if (world_settings(s->world)->no_tls) {
        pop3_mistake(s, "STLS is not offered here");
    } else if (pop3_trouble(s, AT_VERB, "STARTTLS")) {
        return;
    } else if (world_trouble(s->world, TROUBLE_TLS_BROKEN, NULL)) {
        pop3_ok(s, "begin TLS now");
        peer_refuse_tls(s->peer);
    } else if (!peer_starttls_ready(s->peer, why, sizeof why)) {
        pop3_err(s, "[SYS/TEMP] TLS is not available now: %s", why);
    } else {
        size_t ahead = s->peer->in.len;
        if (ahead)
            pop3_ok(s, "begin TLS now (%zu octets sent ahead of it were thrown away)", ahead);
        else
            pop3_ok(s, "begin TLS now");
        pop3_forget(s);
        peer_starttls(s->peer);
    }
}

static void utf8(struct pop3 *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    s->utf8 = true;
    pop3_ok(s, "UTF-8 mode: letters with headers beyond ASCII are given as they are");
}

static void lang(struct pop3 *s, const char *arg, size_t n)
{
    if (!n) {
        pop3_ok(s, "languages of the replies:");
        peer_sendf(s->peer, "en English\r\ni-default English\r\n.\r\n");
    } else if (n == 1 && *arg == '*') {
        pop3_ok(s, "en English it is");
    } else if ((n == 2 && strncasecmp(arg, "en", 2) == 0) ||
               (n == 9 && strncasecmp(arg, "i-default", 9) == 0)) {
        pop3_ok(s, "%.*s English it is", (int)n, arg);
    } else {
        pop3_err(s, "That language is not here; LANG alone lists them (RFC 6856 3)");
    }
}

static void stat(struct pop3 *s, const char *arg, size_t n)
{
    size_t count, octets;
    (void)arg;
    (void)n;
    alive(s, &count, &octets);
    pop3_ok(s, "%zu %zu", count, octets);
}

static void list_or_uidl(struct pop3 *s, const char *arg, size_t n, bool uidl)
{
    size_t count, octets;
    if (n) {
        struct message *m = message(s, arg, n);
        if (m && uidl)
            pop3_ok(s, "%zu %s", (size_t)(m - box(s)->m) + 1, m->uid);
        else if (m)
            pop3_ok(s, "%zu %zu", (size_t)(m - box(s)->m) + 1, message_octets(m));
        return;
    }
    alive(s, &count, &octets);
    pop3_ok(s, "%zu messages (%zu octets)", count, octets);
    s->give = uidl ? GIVE_UIDL : GIVE_LIST;
    s->at = 0;
}

static void list(struct pop3 *s, const char *arg, size_t n)
{
    list_or_uidl(s, arg, n, false);
}

static void uidl(struct pop3 *s, const char *arg, size_t n)
{
    list_or_uidl(s, arg, n, true);
}

static bool readable(struct pop3 *s, const struct message *m)
{
    if (!m->letter->utf8 || s->utf8)
        return true;
    pop3_err(
        s,
        "[UTF8] This letter's header goes beyond ASCII: say UTF8 before you log in (RFC 6856 2)");
    return false;
}

static void retr(struct pop3 *s, const char *arg, size_t n)
{
    struct message *m = message(s, arg, n);
    if (!m || !readable(s, m))
        return;
    m->seen = true;
    pop3_ok(s, "%zu octets", message_octets(m));
    pop3_give(s, m, message_octets(m));
}

/* The header, the empty line and so many lines of the body, in octets from the start of the
 * message. */
static size_t top_end(const struct message *m, size_t lines)
{
    const char *p = m->letter->text, *end = p + m->letter->len;
    const char *body = memmem(p, m->letter->len, "\r\n\r\n", 4);
    if (!body)
        return message_octets(m);
    for (p = body + 4; lines && p < end; lines--) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        p = lf ? lf + 1 : end;
    }
    return m->head_len + (size_t)(p - m->letter->text);
}

static void top(struct pop3 *s, const char *arg, size_t n)
{
    const char *which, *many;
    size_t lines, k = word(&arg, &n, &which), l = word(&arg, &n, &many);
    if (n || !number(many, l, &lines)) {
        pop3_mistake(s, "Syntax: TOP message lines (RFC 1939 7)");
        return;
    }
    struct message *m = message(s, which, k);
    if (!m || !readable(s, m))
        return;
    pop3_ok(s, "the header and %zu lines of the body", lines);
    pop3_give(s, m, top_end(m, lines));
}

static void dele(struct pop3 *s, const char *arg, size_t n)
{
    struct message *m = message(s, arg, n);
    if (!m)
        return;
    m->gone = true;
    pop3_ok(s, "message %zu is marked; it goes at QUIT", (size_t)(m - box(s)->m) + 1);
}

static void rset(struct pop3 *s, const char *arg, size_t n)
{
    size_t count, octets;
    (void)arg;
    (void)n;
    for (size_t i = 0; i < s->count; i++)
        box(s)->m[i].gone = false;
    alive(s, &count, &octets);
    pop3_ok(s, "no message is marked, %zu messages (%zu octets)", count, octets);
}

static void noop(struct pop3 *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    pop3_ok(s, "nothing done");
}

static void quit(struct pop3 *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    if (s->box < 0) {
        pop3_ok(s, "bye");
    } else {
        size_t count, octets;
        alive(s, &count, &octets);
        size_t marked = s->count - count;
        bool ok = store_update(world_store(s->world), s->box);
        box(s)->locked = false;
        s->box = -1;
        if (ok)
            pop3_ok(s, "bye: %zu deleted, %zu left", marked, count);
        else
            pop3_err(s, "[SYS/TEMP] Some deleted messages could not be removed");
    }
    peer_end(s->peer);
}

#define BOTH (IN_AUTHORIZATION | IN_TRANSACTION)
static const struct row rows[] = {
    {"USER", user, "USER name", false, true, IN_AUTHORIZATION},
    {"PASS", pass, "PASS password", false, true, IN_AUTHORIZATION},
    {"APOP", apop, "APOP name digest", false, true, IN_AUTHORIZATION},
    {"AUTH", auth, "AUTH mechanism [initial-response]", false, true, IN_AUTHORIZATION},
    {"STLS", stls, "STLS", true, false, IN_AUTHORIZATION},
    {"UTF8", utf8, "UTF8", true, false, IN_AUTHORIZATION},
    {"CAPA", capa, "CAPA", true, false, BOTH},
    {"LANG", lang, "LANG [language]", false, false, BOTH},
    {"QUIT", quit, "QUIT", true, false, BOTH},
    {"STAT", stat, "STAT", true, false, IN_TRANSACTION},
    {"LIST", list, "LIST [message]", false, false, IN_TRANSACTION},
    {"UIDL", uidl, "UIDL [message]", false, false, IN_TRANSACTION},
    {"RETR", retr, "RETR message", false, true, IN_TRANSACTION},
    {"TOP", top, "TOP message lines", false, true, IN_TRANSACTION},
    {"DELE", dele, "DELE message", false, true, IN_TRANSACTION},
    {"RSET", rset, "RSET", true, false, IN_TRANSACTION},
    {"NOOP", noop, "NOOP", true, false, IN_TRANSACTION},
};

void pop3_command(struct pop3 *s, const char *line, size_t n)
{
    if (pop3_trouble(s, AT_COUNT, ""))
        return;
    size_t verb = 0;
    const struct row *r = rows, *end = rows + sizeof rows / sizeof *rows;
    while (verb < n && line[verb] != ' ')
        verb++;
    while (r < end && !(strlen(r->name) == verb && strncasecmp(r->name, line, verb) == 0))
        r++;
    /* PASS takes all that follows one blank: a password may begin or end with blanks (RFC 1939 7).
     */
    size_t skip = verb < n ? verb + 1 : n;
    while (r < end && r->run != pass && skip < n && line[skip] == ' ')
        skip++;
    if (r == end)
        pop3_mistake(s, "Verb not known; CAPA lists what this server can do");
    else if (!(r->states & (s->box < 0 ? IN_AUTHORIZATION : IN_TRANSACTION)))
        pop3_mistake(s, "%s is not allowed %s (RFC 1939 3)", r->name,
                     s->box < 0 ? "before you log in" : "after you logged in");
    else if ((r->need && skip == n) || (r->none && skip < n))
        pop3_mistake(s, "Syntax: %s", r->form);
    else
        r->run(s, line + skip, n - skip);
}
