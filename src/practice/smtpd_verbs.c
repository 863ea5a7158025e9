/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of the practice SMTP server as rows, and the short ones' code. RFC 5321 4.1.1, RFC
 * 2033 4.1, RFC 3207. HELP and the explanation of a wrong form come from the driver's verb rows
 * (proto.h). */
#include "practice/smtpd.h"

#include "heloscope/proto.h"
#include "practice/classroom.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum arg { ARG_NONE, ARG_MAY, ARG_NEED };
enum {
    IN_SMTP = 1 << FLAVOUR_SMTP,
    IN_SUBMISSION = 1 << FLAVOUR_SUBMISSION,
    IN_LMTP = 1 << FLAVOUR_LMTP
};
enum { NOT_LMTP = IN_SMTP | IN_SUBMISSION, EVERY = NOT_LMTP | IN_LMTP };

struct row {
    const char *name;
    void (*run)(struct smtp *, const char *arg, size_t n); /* NULL: known, not implemented */
    enum arg arg;
    unsigned flavours;
    bool greeted; /* only after EHLO, HELO or LHLO */
};

/* The driver's row for a verb, for its form and reference. */
static const struct verb *about(const struct smtp *s, const char *name)
{
    static const char *const names[] = {"smtp", "submission", "lmtp"};
    for (size_t i = 0; proto_list[i]; i++)
        if (strcmp(proto_list[i]->name, names[s->flavour]) == 0)
            return proto_verb(proto_list[i], name, strlen(name));
    return NULL;
}

static bool name_ok(struct smtp *s, const char *verb, const char *arg, size_t n)
{
    while (n && arg[n - 1] == ' ')
        n--;
    if (!path_helo(arg, n)) {
        smtp_mistake(s, 501, "5.5.4",
                     "Syntax: %s your-host-name, or an address literal such as [192.0.2.1]", verb);
        return false;
    }
    smtp_reset(s);
    snprintf(s->helo, sizeof s->helo, "%.*s", (int)n, arg);
    char why[300];
    bool full;
    if (!classroom_seat(s->peer, s->helo, &full, why, sizeof why)) {
        smtp_say(s, 421, "4.3.2", "%s %s", PRACTICE_HOST, why);
        peer_end(s->peer);
        return false;
    }
    s->world = s->peer->world;
    s->greeted = true;
    return true;
}

/* Behind the greeting: who is not called what he said is told so. */
static const char *as_whom(struct smtp *s)
{
    static char words[300];
    const char *label = classroom_label(s->peer), *mark = strrchr(label, '#');
    words[0] = '\0';
    if (mark)
        snprintf(words, sizeof words, " as %.200s: another one here has that name", label);
    return words;
}

static void helo(struct smtp *s, const char *arg, size_t n)
{
    if (!name_ok(s, "HELO", arg, n))
        return;
    s->extended = false;
    smtp_say(s, 250, "", "%s greets you%s (EHLO would have told you what this server can do)",
             PRACTICE_HOST, as_whom(s));
}

static void extended(struct smtp *s)
{
    const struct world_options *o = world_settings(s->world);
    s->extended = true;
    smtp_more(s, 250, "", "%s greets you%s", PRACTICE_HOST, as_whom(s));
    smtp_more(s, 250, "", "PIPELINING");
    smtp_more(s, 250, "", "SIZE %zu", o->message_max);
    if (!s->peer->secure && !o->no_tls)
        smtp_more(s, 250, "", "STARTTLS");
    if (smtp_may_auth(s) && !s->authed)
        smtp_more(s, 250, "", "AUTH %s", authsrv_names(s->peer->secure ? s->peer->tls : NULL));
    smtp_more(s, 250, "", "8BITMIME");
    smtp_more(s, 250, "", "SMTPUTF8");
    smtp_more(s, 250, "", "DSN");
    smtp_more(s, 250, "", "CHUNKING");
    smtp_more(s, 250, "", "ENHANCEDSTATUSCODES");
    smtp_say(s, 250, "", "HELP");
}

static void ehlo(struct smtp *s, const char *arg, size_t n)
{
    if (name_ok(s, "EHLO", arg, n))
        extended(s);
}

static void lhlo(struct smtp *s, const char *arg, size_t n)
{
    if (name_ok(s, "LHLO", arg, n))
        extended(s);
}

static void rset(struct smtp *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    smtp_reset(s);
    smtp_say(s, 250, "2.0.0", "Ok, the letter is forgotten");
}

static void noop(struct smtp *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    smtp_say(s, 250, "2.0.0", "Ok");
}

static void quit(struct smtp *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    smtp_say(s, 221, "2.0.0", "%s Bye", PRACTICE_HOST);
    peer_end(s->peer);
}

static void vrfy(struct smtp *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    smtp_say(s, 252, "2.0.0", "Not told who is here, but RCPT will be answered (RFC 5321 7.3)");
}

static void expn(struct smtp *s, const char *arg, size_t n)
{
    if (n >= 2 && arg[0] == '<' && arg[n - 1] == '>') {
        arg++;
        n -= 2;
    }
    int a = account_find(arg, n);
    if (a < 0 || account_table[a].kind != BOX_LIST) {
        smtp_say(s, 550, "5.1.1", "No mailing list of that name here; there is one: class");
        return;
    }
    smtp_more(s, 250, "2.1.5", "<student@%s>", PRACTICE_HOST);
    smtp_say(s, 250, "2.1.5", "<teacher@%s>", PRACTICE_HOST);
}

static void starttls(struct smtp *s, const char *arg, size_t n)
{
    char why[256];
    (void)arg;
    (void)n;
    if (s->peer->secure) {
        smtp_mistake(s, 503, "5.5.1", "TLS is on already");
        return;
    }
    if (world_settings(s->world)->no_tls) {
        smtp_mistake(s, 502, "5.5.1", "STARTTLS is not offered here");
        return;
    }
    if (!peer_starttls_ready(s->peer, why, sizeof why)) {
        smtp_say(s, 454, "4.7.0", "TLS is not available now: %s", why);
        return;
    }
    if (world_trouble(s->world, TROUBLE_TLS_BROKEN, NULL)) {
        smtp_say(s, 220, "2.0.0", "Ready to start TLS");
        peer_refuse_tls(s->peer);
        return;
    }
    size_t ahead = s->peer->in.len;
    if (ahead)
        smtp_say(s, 220, "2.0.0",
                 "Ready to start TLS (%zu octets sent ahead of it were thrown away, RFC 3207 4.2)",
                 ahead);
    else
        smtp_say(s, 220, "2.0.0", "Ready to start TLS");
    smtp_forget(s);
    peer_starttls(s->peer);
}

static void help(struct smtp *s, const char *arg, size_t n);

static const struct row rows[] = {
    {"HELO", helo, ARG_NEED, NOT_LMTP, false},     {"EHLO", ehlo, ARG_NEED, NOT_LMTP, false},
    {"LHLO", lhlo, ARG_NEED, IN_LMTP, false},      {"MAIL", smtp_mail, ARG_NEED, EVERY, true},
    {"RCPT", smtp_rcpt, ARG_NEED, EVERY, true},    {"DATA", smtp_data, ARG_NONE, EVERY, true},
    {"BDAT", smtp_bdat, ARG_NEED, EVERY, false}, /* looks itself: its octets must be read in any
                                                    case */
    {"RSET", rset, ARG_NONE, EVERY, false},        {"NOOP", noop, ARG_MAY, EVERY, false},
    {"QUIT", quit, ARG_NONE, EVERY, false},        {"VRFY", vrfy, ARG_NEED, EVERY, false},
    {"EXPN", expn, ARG_NEED, NOT_LMTP, false},     {"HELP", help, ARG_MAY, EVERY, false},
    {"STARTTLS", starttls, ARG_NONE, EVERY, true}, {"AUTH", smtp_auth, ARG_NEED, NOT_LMTP, true},
    {"ETRN", NULL, ARG_MAY, NOT_LMTP, false},      {"TURN", NULL, ARG_MAY, NOT_LMTP, false},
    {"SEND", NULL, ARG_MAY, NOT_LMTP, false},      {"SOML", NULL, ARG_MAY, NOT_LMTP, false},
    {"SAML", NULL, ARG_MAY, NOT_LMTP, false},
};

static const struct row *find(const struct smtp *s, const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].name) == n && strncasecmp(rows[i].name, name, n) == 0 &&
            (rows[i].flavours & (1u << s->flavour)))
            return &rows[i];
    return NULL;
}

static void help(struct smtp *s, const char *arg, size_t n)
{
    const struct row *r = n ? find(s, arg, n) : NULL;
    const struct verb *v = r ? about(s, r->name) : NULL;
    if (v) {
        smtp_more(s, 214, "2.0.0", "%s", v->purpose);
        smtp_more(s, 214, "2.0.0", "Form: %s", v->form);
        smtp_say(s, 214, "2.0.0", "See %s", v->ref);
        return;
    }
    if (n) {
        smtp_say(s, 504, "5.5.4", "No help for that; HELP alone lists the verbs");
        return;
    }
    struct buf b;
    buf_init(&b, 400);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].run && (rows[i].flavours & (1u << s->flavour)))
            buf_addf(&b, " %s", rows[i].name);
    smtp_more(s, 214, "2.0.0", "Verbs:%s", buf_str(&b));
    smtp_say(s, 214, "2.0.0", "HELP and a verb tells its form");
    buf_clear(&b);
}

size_t smtp_limit(const char *line, size_t n)
{
    if (n >= 4 && strncasecmp(line, "AUTH", 4) == 0)
        return AUTHSRV_LINE;
    /* The parameters of SIZE, DSN, SMTPUTF8 and AUTH= lengthen these two (RFC 1870 3, RFC 3461 4,
     * RFC 4954 3). */
    if (n >= 4 && (strncasecmp(line, "MAIL", 4) == 0 || strncasecmp(line, "RCPT", 4) == 0))
        return 2048;
    return 512;
}

void smtp_command(struct smtp *s, const char *line, size_t n)
{
    size_t verb = 0;
    while (verb < n && line[verb] != ' ')
        verb++;
    if (smtp_trouble(s, AT_COUNT, "", "", 0))
        return;
    const struct row *r = find(s, line, verb);
    const char *arg = line + verb;
    size_t left = n - verb;
    while (left && *arg == ' ') {
        arg++;
        left--;
    }
    if (!r && s->flavour == FLAVOUR_LMTP && verb == 4 &&
        (strncasecmp(line, "HELO", 4) == 0 || strncasecmp(line, "EHLO", 4) == 0)) {
        smtp_mistake(s, 500, "5.5.1", "This is LMTP: it begins with LHLO (RFC 2033 4.1)");
    } else if (!r) {
        smtp_mistake(s, 500, "5.5.1", "Verb not known; HELP lists the verbs%s",
                     verb == 4 && strncasecmp(line, "LHLO", 4) == 0
                         ? " (LHLO is LMTP's; here it is EHLO)"
                         : "");
    } else if (!r->run) {
        smtp_mistake(s, 502, "5.5.1", "%s is not implemented here", r->name);
    } else if (r->greeted && !s->greeted) {
        smtp_mistake(s, 503, "5.5.1", "Say %s first", s->flavour == FLAVOUR_LMTP ? "LHLO" : "EHLO");
    } else if ((r->arg == ARG_NEED && !left) || (r->arg == ARG_NONE && left)) {
        const struct verb *v = about(s, r->name);
        smtp_mistake(s, 501, "5.5.4", "Syntax: %s%s", v ? v->form : r->name,
                     r->arg == ARG_NONE ? " (nothing follows it)" : "");
    } else if (!smtp_trouble(s, AT_VERB, r->name, arg, left)) {
        r->run(s, arg, left);
    }
}
