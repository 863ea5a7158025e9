/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How talks are written down: heloscope's own text, the "C:"/"S:" of the RFCs, swaks, curl -v, and
 * what a terminal shows of telnet. A file is a talk only if it plainly is one; else it is text and
 * shown as that. */
#include "logtext_priv.h"
#include "colors.h"
#include "logpage.h"
#include "talk.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct dialect logtext_dialects[DIALECTS] = {
    [D_COLON] = {"text",
                 {{"C:", LOG_CLIENT}, {"S:", LOG_SERVER}, {"--", LOG_EVENT}, {"", LOG_TEXT}},
                 "^[ \\t\\d]*[Ss]:[ \\t]*"},
    [D_SWAKS] = {"swaks",
                 {{" -> ", LOG_CLIENT},
                  {" ~> ", LOG_CLIENT},
                  {"<-  ", LOG_SERVER},
                  {"<~  ", LOG_SERVER},
                  {"<** ", LOG_SERVER},
                  {"<~* ", LOG_SERVER},
                  {"=== ", LOG_EVENT},
                  {"*** ", LOG_EVENT},
                  {"", LOG_TEXT}},
                 "^<[-~*][ *] "},
    [D_ARROWS] = {"msmtp", {{"--> ", LOG_CLIENT}, {"<-- ", LOG_SERVER}, {"", LOG_TEXT}}, "^<-- "},
    [D_SENDMAIL] = {"sendmail",
                    {{">>> ", LOG_CLIENT}, {"<<< ", LOG_SERVER}, {"", LOG_TEXT}},
                    "^<<< "},
    [D_CURL] = {"curl",
                {{"> ", LOG_CLIENT}, {"< ", LOG_SERVER}, {"* ", LOG_EVENT}, {"", LOG_TEXT}},
                "^< "},
    [D_PHPMAILER] = {"phpmailer",
                     {{"SERVER -> CLIENT: ", LOG_SERVER},
                      {"CLIENT -> SERVER: ", LOG_CLIENT},
                      {"", LOG_TEXT}},
                     "SERVER -> CLIENT: "},
    [D_FETCHMAIL] = {"fetchmail",
                     {{"fetchmail: POP3> ", LOG_CLIENT},
                      {"fetchmail: POP3< ", LOG_SERVER},
                      {"", LOG_TEXT}},
                     "^fetchmail: POP3< "},
    [D_BARE] = {"talk", {{"", LOG_TEXT}}, "^"},
};

/* Blanks and a number in the margin may stand before "C:" (a copied screen, an RFC's indentation).
 */
static size_t margin(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && blank(p[i]))
        i++;
    size_t digits = i;
    while (i < n && p[i] >= '0' && p[i] <= '9')
        i++;
    if (i > digits && (i >= n || !blank(p[i])))
        return 0; /* "250 ok" has a number of its own */
    while (i < n && blank(p[i]))
        i++;
    return i;
}

/* PHPMailer's "2018-03-06 10:18:28"; a reply's further lines stand deep behind blanks. */
static size_t stamp(const char *p, size_t n)
{
    static const char form[] = "0000-00-00 00:00:00";
    size_t i = 0;
    for (; i < sizeof form - 1 && i < n; i++)
        if (form[i] == '0' ? p[i] < '0' || p[i] > '9' : p[i] != form[i])
            return 0;
    while (i < n && blank(p[i]))
        i++;
    return i;
}

enum log_kind logtext_by_mark(const struct logtext *x, const struct dialect *d, const char *p,
                              size_t n, size_t *after)
{
    bool colon = d == &logtext_dialects[D_COLON];
    bool php = d == &logtext_dialects[D_PHPMAILER];
    size_t from = colon && !x->own ? margin(p, n) : php ? stamp(p, n) : 0;
    for (const struct mark *m = d->marks; m->text[0]; m++) {
        size_t len = strlen(m->text);
        size_t look = len;
        /* "> " for an empty line may have lost its blank */
        while (!colon && look > 1 && m->text[look - 1] == ' ' && n - from < look)
            look--;
        if (n - from < look)
            continue;
        int differs = colon && !x->own ? strncasecmp(p + from, m->text, look)
                                       : memcmp(p + from, m->text, look);
        if (differs)
            continue;
        *after = from + look;
        return m->kind;
    }
    size_t deep = 0;
    while (php && deep < n && blank(p[deep]))
        deep++;
    if (deep >= 8 && logtext_reply(p + deep, n - deep)) {
        *after = deep;
        return LOG_SERVER;
    }
    return LOG_TEXT;
}

/* +OK, -ERR or three digits and no letter: what a server says. */
bool logtext_reply(const char *p, size_t n)
{
    if (n >= 3 && p[0] >= '2' && p[0] <= '5' && p[1] >= '0' && p[1] <= '9' && p[2] >= '0' &&
        p[2] <= '9')
        return n == 3 || p[3] == ' ' || p[3] == '-';
    return (n >= 3 && strncasecmp(p, "+OK", 3) == 0) || (n >= 4 && strncasecmp(p, "-ERR", 4) == 0);
}

bool logtext_greeting(const char *p, size_t n)
{
    return logtext_reply(p, n) && (p[0] == '+' || p[0] == '-' || strncmp(p, "220", 3) == 0 ||
                                   strncmp(p, "554", 3) == 0 || strncmp(p, "421", 3) == 0);
}

bool logtext_verb(const struct proto *p, const char *line, size_t n)
{
    size_t len = 0;
    while (len < n && !blank(line[len]))
        len++;
    return len > 0 && proto_verb(p, line, len);
}

/* What telnet, nc and s_client say themselves. */
bool logtext_chatter(const char *p, size_t n)
{
    static const char *const says[] = {
        "Trying ",
        "Connected to ",
        "Escape character is ",
        "Connection closed by ",
        "Connection to ",
        "Ncat: ",
        "CONNECTED(",
        "RENEGOTIATING",
        "KEYUPDATE",
        "read R BLOCK",
        "DONE",
        "closed",
        "depth=",
        "verify return:",
        "verify error:",
        "read:errno=",
        "write:errno=",
        "Can't use SSL_get_servername",
    };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        size_t k = strlen(says[i]);
        if (n >= k && memcmp(p, says[i], k) == 0)
            return true;
    }
    return false;
}

bool logtext_secured(const char *line, size_t n)
{
    static const char *const says[] = {
        "* SSL connection using ", "=== TLS started", "TLS session parameters:",   "CONNECTED(",
        "CONNECTION ESTABLISHED",  "verify return:",  "- Handshake was completed", "-- TLS 1.",
    };
    if (n < 10 || !memchr("*=TCv-", line[0], 6))
        return false;
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (n >= strlen(says[i]) && memcmp(line, says[i], strlen(says[i])) == 0)
            return true;
    return false;
}

bool logtext_reply_of(const struct proto *p, const char *line, size_t n)
{
    struct reply r = {0};
    return p->reply(NULL, line, n, &r) != REPLY_GARBAGE;
}

static enum log_kind bare_line(const struct logtext *x, const struct talk_view *talk,
                               const char *line, size_t n)
{
    if (!talk)
        return LOG_TEXT;
    if (talk->in_body)
        return LOG_SERVER;
    if (talk->in_letter)
        return LOG_CLIENT;
    if (logtext_reply(line, n)) {
        if (!x->loose)
            return LOG_SERVER;
        return (talk->begun ? logtext_reply_of(talk->proto, line, n) : logtext_greeting(line, n))
                   ? LOG_SERVER
                   : LOG_TEXT;
    }
    if (talk->paired && n > 0 && line[0] == '+' && (n == 1 || blank(line[1])))
        return LOG_SERVER;
    if (logtext_chatter(line, n) && !(talk->challenged && n > 0 && !memchr(line, ' ', n)))
        return LOG_EVENT;
    /* Read from somewhere in the middle, perhaps of a body: the first known verb is firm ground. */
    if (talk->strayed)
        return logtext_verb(talk->proto, line, n) ? LOG_CLIENT : LOG_TEXT;
    if (!talk->begun && x->sclient)
        return logtext_verb(talk->proto, line, n) ? LOG_CLIENT : LOG_TEXT;
    if (!talk->begun || n == 0 || talk->open)
        return LOG_TEXT;
    return !x->loose || talk->challenged || logtext_verb(talk->proto, line, n) ? LOG_CLIENT
                                                                               : LOG_TEXT;
}

enum log_kind logtext_line(const struct logtext *x, const struct talk_view *talk, const char *line,
                           size_t n, struct span *text)
{
    *text = (struct span){line, n};
    if (!x->dialect)
        return LOG_TEXT;
    if (x->bare) {
        enum log_kind k = bare_line(x, talk, line, n);
        if (k == LOG_TEXT && n > 4) {
            size_t i = 0; /* an explanation of ours under a reply */
            while (i < n && line[i] == ' ')
                i++;
            if (i >= 2 && i < n && line[i] == '|')
                return LOG_SKIP;
        }
        return k;
    }
    size_t after = 0;
    enum log_kind kind = logtext_by_mark(x, x->dialect, line, n, &after);
    if (kind == LOG_TEXT) {
        if (x->own && n > 0 && line[0] == '#')
            return LOG_SKIP;
        /* "   | explanation" stands under a reply */
        size_t i = 0;
        while (i < n && line[i] == ' ')
            i++;
        if (i >= 2 && i < n && line[i] == '|')
            return LOG_SKIP;
        return LOG_TEXT;
    }
    bool exact = x->own || (talk && (talk->in_body || talk->in_letter));
    bool colon = x->dialect == &logtext_dialects[D_COLON];
    if (colon && after < n && blank(line[after]))
        after++;
    while (!exact && after < n && blank(line[after]))
        after++;
    *text = (struct span){line + after, n - after};
    return kind;
}

struct span logtext_plain(const struct logtext *x, const char *line, size_t n, struct buf *room)
{
    if (!x->colored || n == 0 || !memchr(line, '\033', n))
        return (struct span){line, n};
    buf_trim(room, 0);
    if (!buf_add(room, line, n))
        return (struct span){line, n};
    return (struct span){room->p, colors_strip(room->p, n, NULL)};
}

/* Quoted lines, several in one string. */
static void feed_python(struct talk *talk, const char *line, size_t n)
{
    struct buf b;
    buf_init_secret(&b, n + 1);
    enum log_kind kind = logpython_line(line, n, &b);
    if (kind == LOG_TEXT && n > 0)
        talk_text(talk, line, n);
    for (size_t i = 0; (kind == LOG_CLIENT || kind == LOG_SERVER) && i < b.len;) {
        const char *p = b.p + i, *lf = memchr(p, '\n', b.len - i);
        size_t len = lf ? (size_t)(lf - p) : b.len - i;
        (kind == LOG_CLIENT ? talk_client : talk_server)(talk, p, len);
        i += len + 1;
    }
    buf_clear(&b);
}

/* A line of a page's source: of what is no part of the talk the tags stay. */
static void feed_page(const struct logtext *x, struct talk *talk, const char *line, size_t n)
{
    struct buf b;
    struct span s;
    struct talk_view view = talk_view(talk);
    buf_init_secret(&b, n + 1);
    logpage_text(line, n, &b);
    enum log_kind kind = logtext_line(x, &view, buf_str(&b), b.len, &s);
    if (kind == LOG_CLIENT)
        talk_client(talk, s.p, s.n);
    else if (kind == LOG_SERVER)
        talk_server(talk, s.p, s.n);
    else if (n > 0)
        talk_text(talk, line, n);
    buf_clear(&b);
}

void logtext_feed(const struct logtext *x, struct talk *talk, const char *line, size_t n)
{
    struct span s;
    struct talk_view view = talk_view(talk);
    if (x->style == LOG_PYTHON) {
        feed_python(talk, line, n);
        return;
    }
    if (x->page) {
        feed_page(x, talk, line, n);
        return;
    }
    enum log_kind kind = logtext_line(x, &view, line, n, &s);
    if ((kind == LOG_EVENT || kind == LOG_TEXT) && logtext_secured(line, n))
        talk_secured(talk);
    switch (kind) {
    case LOG_CLIENT:
        talk_client(talk, s.p, s.n);
        break;
    case LOG_SERVER:
        talk_server(talk, s.p, s.n);
        break;
    case LOG_EVENT:
        talk_event(talk, s.p, s.n);
        break;
    case LOG_TEXT:
        if (n > 0)
            talk_text(talk, s.p, s.n);
        break;
    case LOG_SKIP:
        break;
    }
}

bool logtext_problem(const struct logtext *x, char *pattern, size_t size)
{
    static const char *const patterns[] = {
        [LOG_NO_TALK] = "",
        [LOG_JSON] = "\"(?:[45][0-5]\\d[ -]|-ERR)",
        [LOG_PYTHON] = "(?:reply: |\\*resp\\* )b?['\"](?:[45][0-5]\\d[ -]|-ERR)",
        [LOG_MAILLOG] = "[ =:(\"](?:[45][0-5]\\d[ -])|status=(?:deferred|bounced|undeliverable)"
                        "|stat=Deferred",
        [LOG_DSN] = "^(?i:Diagnostic-Code):",
        [LOG_REPLY] = "^[ \\t]*(?:[45][0-5]\\d(?:[ -]|$)|-(?i:ERR))",
    };
    if (x->dialect)
        snprintf(pattern, size, "%s(?:[45][0-5]\\d(?:[ -]|$)|-(?i:ERR))", x->dialect->problem);
    else
        snprintf(pattern, size, "%s", patterns[x->style]);
    return pattern[0] != '\0';
}

bool logtext_colon(const struct logtext *x)
{
    return x->dialect == &logtext_dialects[D_COLON];
}
