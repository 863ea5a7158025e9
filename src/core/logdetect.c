/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In which way a recording is written: told from its beginning, or by name. A file is a talk only
 * if it plainly is one; in other text only a greeting begins one. Which line is whose is
 * logtext.c's. */
#include "logtext_priv.h"
#include "colors.h"
#include "logmail.h"
#include "logpage.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GLANCE 8192 /* octets that tell a talk with marks */

/* What the lines of a dialect hold, counted over the beginning of the file. */
struct count {
    unsigned client, server, verbs, replies, lines;
    const struct proto *proto;
    bool banner_first;
};

static const struct proto *verb_of(const char *p, size_t n, const struct proto *hint)
{
    size_t i = 0;
    while (i < n && blank(p[i]))
        i++;
    size_t from = i;
    while (i < n && !blank(p[i]))
        i++;
    if (i == from)
        return NULL;
    if (hint && proto_verb(hint, p + from, i - from))
        return hint;
    for (size_t k = 0; proto_list[k]; k++)
        if (proto_verb(proto_list[k], p + from, i - from))
            return proto_list[k];
    return NULL;
}

/* The protocol that a server's line and the client's verbs fit: the first in the list that knows
 * both. */
static const struct proto *proto_of_reply(const char *p, size_t n)
{
    for (size_t k = 0; proto_list[k]; k++) {
        struct reply r = {0};
        if (proto_list[k]->reply(NULL, p, n, &r) != REPLY_GARBAGE)
            return proto_list[k];
    }
    return NULL;
}

static void count_lines(struct logtext *x, const struct dialect *d, const char *p, size_t n,
                        struct count *c)
{
    const char *end = p + n;
    const struct proto *replies = NULL, *greeting = NULL;
    bool bare = d == &logtext_dialects[D_BARE];
    memset(c, 0, sizeof *c);
    while (p < end && c->lines < 400) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((lf ? lf : end) - p);
        if (len > 0 && p[len - 1] == '\r')
            len--;
        size_t after = 0;
        enum log_kind kind;
        if (!bare)
            kind = logtext_by_mark(x, d, p, len, &after);
        else
            kind = logtext_reply(p, len) ? LOG_SERVER : c->server ? LOG_CLIENT : LOG_TEXT;
        while (after < len && blank(p[after]))
            after++;
        const char *t = p + after;
        size_t tn = len - after;
        if (kind == LOG_SERVER) {
            if (c->server == 0)
                c->banner_first = logtext_greeting(t, tn) && c->client == 0;
            c->server++;
            c->replies += logtext_reply(t, tn);
            if (!replies && logtext_reply(t, tn))
                replies = proto_of_reply(t, tn);
        } else if (kind == LOG_CLIENT) {
            const struct proto *v = verb_of(t, tn, replies);
            c->client++;
            c->verbs += v != NULL;
            /* LHLO is LMTP's alone, and the only such word: a verb that the replies' protocol does
             * not know */
            if (v && replies && v != replies && v->reply == replies->reply && !greeting)
                greeting = v;
        }
        c->lines += len > 0;
        p = lf ? lf + 1 : end;
    }
    c->proto = greeting ? greeting : replies;
}

static bool header(const char *p, size_t n, const char *key, struct span *value)
{
    size_t k = strlen(key);
    const char *end = p + n;
    for (unsigned lines = 0; p < end && lines < 50; lines++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((lf ? lf : end) - p);
        if (len > 0 && p[len - 1] == '\r')
            len--;
        if (len == 0 || p[0] != '#')
            return false;
        if (len >= k && strncasecmp(p, key, k) == 0) {
            size_t from = k;
            while (from < len && blank(p[from]))
                from++;
            size_t stop = from;
            while (stop < len && !blank(p[stop]))
                stop++;
            *value = (struct span){p + from, stop - from};
            return true;
        }
        p = lf ? lf + 1 : end;
    }
    return false;
}

/* The next line of p..end, without its end; *p moves behind it. */
static struct span next_line(const char **p, const char *end)
{
    const char *at = *p, *lf = memchr(at, '\n', (size_t)(end - at));
    size_t n = (size_t)((lf ? lf : end) - at);
    *p = lf ? lf + 1 : end;
    return (struct span){at, n > 0 && at[n - 1] == '\r' ? n - 1 : n};
}

/* Is there text before the first reply that is not telnet's own? */
static bool prose_before(const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        struct span s = next_line(&p, end);
        if (logtext_reply(s.p, s.n))
            return false;
        if (s.n > 0 &&
            (!logtext_chatter(s.p, s.n) || memcmp(s.p, "CONNECTED(", 10 < s.n ? 10 : s.n) == 0))
            return true;
    }
    return false;
}

/* openssl s_client, with what it says of the handshake, or with -quiet or -brief. */
static bool from_sclient(const char *p, size_t n)
{
    n = n < 65536 ? n : 65536;
    return n > 10 && ((memmem(p, n, "\n---\n", 5) && memmem(p, n, "CONNECTED(", 10)) ||
                      (memmem(p, n, "\nverify return:", 15) && memmem(p, n, "depth=", 6)) ||
                      memmem(p, n, "CONNECTION ESTABLISHED\nProtocol version: ", 41));
}

/* A session somewhere in other text: a greeting, or after s_client the last line of EHLO, and
 * behind it, at once or after a blank line, a verb with a reply to it. */
static bool found_in_prose(struct logtext *x, const char *p, size_t n)
{
    const char *end = p + n;
    const struct proto *greeting = NULL, *asked = NULL;
    unsigned since = 0;
    bool sclient = from_sclient(p, n);
    while (p < end) {
        struct span s = next_line(&p, end);
        if (s.n == 0)
            continue;
        bool reply = logtext_reply(s.p, s.n);
        if (asked && reply && logtext_reply_of(asked, s.p, s.n)) {
            x->dialect = &logtext_dialects[D_BARE];
            x->style = LOG_BARE;
            x->bare = x->loose = true;
            x->sclient = sclient;
            x->proto = asked;
            return true;
        }
        asked = NULL;
        if (reply && (logtext_greeting(s.p, s.n) || greeting || sclient)) {
            greeting = proto_of_reply(s.p, s.n);
            since = 0;
        } else if (greeting && logtext_verb(greeting, s.p, s.n)) {
            asked = greeting;
        } else if (++since > 2) {
            greeting = NULL;
        }
    }
    return false;
}

/* smtplib or poplib: at least two quoted lines. */
static bool python(struct logtext *x, const char *p, size_t n)
{
    const char *end = p + n;
    unsigned got = 0, lines = 0;
    while (p < end && lines++ < 400) {
        struct span s = next_line(&p, end);
        struct buf b;
        buf_init_secret(&b, 65536);
        enum log_kind kind = logpython_line(s.p, s.n, &b);
        got += kind == LOG_CLIENT || kind == LOG_SERVER;
        if (kind == LOG_SERVER && !x->proto)
            x->proto = proto_of_reply(buf_str(&b), b.len);
        buf_clear(&b);
    }
    if (got < 2 || !x->proto)
        return false;
    x->style = LOG_PYTHON;
    return true;
}

static bool dsn(struct logtext *x, const char *p, size_t n)
{
    const char *end = p + n;
    unsigned fields = 0, codes = 0;
    while (p < end) {
        struct span s = next_line(&p, end);
        codes += s.n > 16 && strncasecmp(s.p, "Diagnostic-Code:", 16) == 0;
        fields += (s.n > 16 && strncasecmp(s.p, "Final-Recipient:", 16) == 0) ||
                  (s.n > 14 && strncasecmp(s.p, "Reporting-MTA:", 14) == 0) ||
                  (s.n > 7 && strncasecmp(s.p, "Action:", 7) == 0);
    }
    if (!codes || !fields)
        return false;
    x->style = LOG_DSN;
    return true;
}

/* A reply and nothing else: its first line says so, the others go on with the same code or are the
 * rest of a text that was wrapped. */
static bool single_reply(struct logtext *x, const char *p, size_t n)
{
    while (n > 0 && (blank(*p) || *p == '\n' || *p == '\r'))
        p++, n--;
    const char *end = p + n;
    struct span s = n ? next_line(&p, end) : (struct span){"", 0};
    struct reply r = {0};
    const struct proto *q = logtext_reply(s.p, s.n) ? proto_of_reply(s.p, s.n) : NULL;
    if (!q || q->reply(NULL, s.p, s.n, &r) == REPLY_GARBAGE)
        return false;
    x->proto = q;
    return true;
}

static void detect_in(struct logtext *x, const char *p, size_t n)
{
    struct span value;
    struct count c;
    memset(x, 0, sizeof *x);
    if (n > 0 && p[0] == '{') {
        const char *end = p + n;
        for (unsigned lines = 0; p < end && lines < 20 && !x->proto; lines++) {
            const char *lf = memchr(p, '\n', (size_t)(end - p));
            x->proto = logjson_proto(p, (size_t)((lf ? lf : end) - p));
            p = lf ? lf + 1 : end;
        }
        x->json = x->proto != NULL;
        if (x->json)
            x->style = LOG_JSON;
        return;
    }
    x->own = header(p, n, "# heloscope transcript", &value);
    if (header(p, n, "# protocol:", &value))
        x->proto = proto_find(value.p, value.n, NULL, NULL);
    if (python(x, p, n) || dsn(x, p, n))
        return;
    for (size_t i = 0; i < DIALECTS; i++) {
        const struct dialect *d = &logtext_dialects[i];
        count_lines(x, d, p, n, &c);
        bool bare = i == D_BARE;
        /* Marks that any quotation could have need more: a greeting first and a known verb. */
        bool talk = i == D_COLON || i == D_ARROWS ? c.replies > 0 || (c.verbs > 0 && c.server > 0)
                    : i == D_SENDMAIL
                        ? c.replies > 0 && c.verbs > 0
                        : c.replies > 0 && (c.verbs > 0 || c.client == 0) && c.banner_first;
        if (bare)
            talk = c.banner_first && c.verbs > 0 && c.replies > 1;
        if (!talk && !(x->own && x->proto && i == D_COLON))
            continue;
        if (!x->proto)
            x->proto = c.proto;
        if (!x->proto)
            continue;
        x->dialect = d;
        x->bare = bare;
        x->style = bare ? LOG_BARE : LOG_MARKS;
        x->loose = bare && prose_before(p, n);
        x->sclient = x->loose && n > 10 && memmem(p, n < 65536 ? n : 65536, "CONNECTED(", 10);
        return;
    }
    x->proto = NULL;
    x->own = false;
    if (logmail_like(p, n))
        x->style = LOG_MAILLOG;
    else if (!found_in_prose(x, p, n) && n < 8192 && single_reply(x, p, n))
        x->style = LOG_REPLY;
}

/* A talk with marks shows itself at once, and the first screen of a big file waits for us: the
 * rest is looked at only where the beginning leaves it open. */
static void detect_plain(struct logtext *x, const char *p, size_t n)
{
    const char *lf = n > GLANCE ? memrchr(p, '\n', GLANCE) : NULL;
    if (lf) {
        detect_in(x, p, (size_t)(lf - p) + 1);
        if (x->style == LOG_MARKS || x->style == LOG_JSON || x->style == LOG_PYTHON ||
            (x->style == LOG_BARE && !x->loose))
            return;
    }
    detect_in(x, p, n);
}

/* Is it the source of a page with a talk in it? */
static bool detect_page(struct logtext *x, const char *p, size_t n)
{
    const char *end = p + n;
    struct buf b;
    if (!logpage_like(p, n))
        return false;
    buf_init_secret(&b, n + 4096);
    while (p < end) {
        struct span s = next_line(&p, end);
        logpage_text(s.p, s.n, &b);
        buf_add_char(&b, '\n');
    }
    detect_in(x, buf_str(&b), b.len);
    buf_clear(&b);
    x->page = x->style == LOG_BARE || x->style == LOG_MARKS;
    return x->page;
}

void logtext_detect(struct logtext *x, const char *p, size_t n)
{
    bool begins;
    if (detect_page(x, p, n))
        return;
    detect_plain(x, p, n);
    /* Colours within a line that was understood may be what a server sent: those are shown. */
    if (!colors_in(p, n, &begins) || !(begins || x->style == LOG_NO_TALK))
        return;
    struct logtext plain;
    char *copy = xmalloc(n);
    memcpy(copy, p, n);
    detect_plain(&plain, copy, colors_strip(copy, n, NULL));
    if (plain.style != LOG_NO_TALK) {
        *x = plain;
        x->colored = true;
    }
    explicit_bzero(copy, n);
    free(copy);
}

/* ---- by name ---- */

static const struct {
    const char *name;
    enum log_style style;
    int dialect; /* -1: none */
    bool loose;
} styles[] = {
    {"text", LOG_MARKS, D_COLON, false},
    {"talk", LOG_BARE, D_BARE, false},
    {"s_client", LOG_BARE, D_BARE, true},
    {"prose", LOG_BARE, D_BARE, true},
    {"swaks", LOG_MARKS, D_SWAKS, false},
    {"curl", LOG_MARKS, D_CURL, false},
    {"phpmailer", LOG_MARKS, D_PHPMAILER, false},
    {"fetchmail", LOG_MARKS, D_FETCHMAIL, false},
    {"msmtp", LOG_MARKS, D_ARROWS, false},
    {"mpop", LOG_MARKS, D_ARROWS, false},
    {"sendmail", LOG_MARKS, D_SENDMAIL, false},
    {"python", LOG_PYTHON, -1, false},
    {"maillog", LOG_MAILLOG, -1, false},
    {"dsn", LOG_DSN, -1, false},
    {"jsonl", LOG_JSON, -1, false},
    {"reply", LOG_REPLY, -1, false},
    {"none", LOG_NO_TALK, -1, false},
};

const char *logtext_names(void)
{
    return "text, talk, s_client, prose, swaks, curl, phpmailer, fetchmail, msmtp, mpop, sendmail, "
           "python, maillog, dsn, jsonl, reply, none";
}

bool logtext_insist(struct logtext *x, const char *name, const char *p, size_t n)
{
    struct span value;
    struct count c;
    bool begins;
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        if (strcmp(styles[i].name, name) != 0)
            continue;
        memset(x, 0, sizeof *x);
        x->style = styles[i].style;
        x->loose = styles[i].loose;
        x->bare = x->style == LOG_BARE;
        x->sclient = strcmp(name, "s_client") == 0;
        x->json = x->style == LOG_JSON;
        if (header(p, n, "# protocol:", &value))
            x->proto = proto_find(value.p, value.n, NULL, NULL);
        if (x->json)
            x->proto = proto_list[0];
        if (styles[i].dialect >= 0) {
            x->dialect = &logtext_dialects[styles[i].dialect];
            x->own = styles[i].dialect == D_COLON && header(p, n, "# heloscope transcript", &value);
            count_lines(x, x->dialect, p, n, &c);
            if (!x->proto)
                x->proto = c.proto;
        }
        if (x->style == LOG_PYTHON)
            python(x, p, n);
        if (x->style == LOG_REPLY)
            single_reply(x, p, n);
        if (!x->proto)
            x->proto = proto_list[0];
        x->colored = colors_in(p, n, &begins);
        return true;
    }
    return false;
}

const char *logtext_name(const struct logtext *x)
{
    if (x->style == LOG_BARE && x->loose)
        return x->sclient ? "s_client" : "prose";
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (styles[i].style == x->style &&
            (styles[i].dialect < 0 || x->dialect == &logtext_dialects[styles[i].dialect]))
            return styles[i].name;
    return "none";
}

bool logtext_utf16(const char *p, size_t n)
{
    size_t pairs = n / 2 < 64 ? n / 2 : 64, even = 0, odd = 0;
    if (n >= 2 && (((unsigned char)p[0] == 0xff && (unsigned char)p[1] == 0xfe) ||
                   ((unsigned char)p[0] == 0xfe && (unsigned char)p[1] == 0xff)))
        return true;
    for (size_t i = 0; i < pairs; i++) {
        even += p[2 * i] == '\0' && p[2 * i + 1] != '\0';
        odd += p[2 * i + 1] == '\0' && p[2 * i] != '\0';
    }
    return pairs >= 4 && (even == pairs || odd == pairs);
}
