/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How talks are written down: heloscope's own text, the "C:"/"S:" of the RFCs, swaks, curl -v, and
 * what a terminal shows of telnet. A file is a talk only if it plainly is one; else it is text and
 * shown as that. */
#include "logtext.h"
#include "talk.h"
#include <string.h>
#include <strings.h>

struct mark {
    const char *text;
    enum log_kind kind;
};

struct dialect {
    const char *name;
    struct mark marks[10];
    const char *problem; /* the beginning of the pattern for a refusal */
};

enum { D_COLON, D_SWAKS, D_CURL, D_BARE };
static const struct dialect dialects[] = {
    [D_COLON] = {"C:/S:",
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
    [D_CURL] = {"curl -v",
                {{"> ", LOG_CLIENT}, {"< ", LOG_SERVER}, {"* ", LOG_EVENT}, {"", LOG_TEXT}},
                "^< "},
    [D_BARE] = {"bare", {{"", LOG_TEXT}}, "^"},
};
#define DIALECTS (sizeof dialects / sizeof *dialects)

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

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

static enum log_kind by_mark(const struct logtext *x, const struct dialect *d, const char *p,
                             size_t n, size_t *after)
{
    bool colon = d == &dialects[D_COLON];
    size_t from = colon && !x->own ? margin(p, n) : 0;
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
    return LOG_TEXT;
}

/* +OK, -ERR or three digits and no letter: what a server says. */
static bool reply_like(const char *p, size_t n)
{
    if (n >= 3 && p[0] >= '2' && p[0] <= '5' && p[1] >= '0' && p[1] <= '9' && p[2] >= '0' &&
        p[2] <= '9')
        return n == 3 || p[3] == ' ' || p[3] == '-';
    return (n >= 3 && strncasecmp(p, "+OK", 3) == 0) || (n >= 4 && strncasecmp(p, "-ERR", 4) == 0);
}

static bool banner_like(const char *p, size_t n)
{
    return reply_like(p, n) && (p[0] == '+' || p[0] == '-' || strncmp(p, "220", 3) == 0 ||
                                strncmp(p, "554", 3) == 0 || strncmp(p, "421", 3) == 0);
}

static bool starts_with_verb(const struct proto *p, const char *line, size_t n)
{
    size_t len = 0;
    while (len < n && !blank(line[len]))
        len++;
    return len > 0 && proto_verb(p, line, len);
}

enum log_kind logtext_line(const struct logtext *x, const struct talk *talk, const char *line,
                           size_t n, struct span *text)
{
    *text = (struct span){line, n};
    if (!x->dialect)
        return LOG_TEXT;
    if (x->bare) {
        if (!talk)
            return LOG_TEXT;
        if (talk_in_body(talk))
            return LOG_SERVER;
        if (talk_in_letter(talk))
            return LOG_CLIENT;
        if (reply_like(line, n) ||
            (talk->n > 0 && n > 0 && line[0] == '+' && (n == 1 || blank(line[1]))))
            return LOG_SERVER;
        /* Read from somewhere in the middle, perhaps of a body: the first known verb is firm
         * ground. */
        if (talk->strayed)
            return starts_with_verb(talk->proto, line, n) ? LOG_CLIENT : LOG_TEXT;
        return talk->begun && n > 0 && talk->reply_entry == TALK_NONE ? LOG_CLIENT : LOG_TEXT;
    }
    size_t after = 0;
    enum log_kind kind = by_mark(x, x->dialect, line, n, &after);
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
    bool exact = x->own || (talk && (talk_in_body(talk) || talk_in_letter(talk)));
    bool colon = x->dialect == &dialects[D_COLON];
    if (colon && after < n && blank(line[after]))
        after++;
    while (!exact && after < n && blank(line[after]))
        after++;
    *text = (struct span){line + after, n - after};
    return kind;
}

void logtext_feed(const struct logtext *x, struct talk *talk, const char *line, size_t n)
{
    struct span s;
    switch (logtext_line(x, talk, line, n, &s)) {
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

const char *logtext_problem(const struct logtext *x)
{
    return x->dialect ? x->dialect->problem : "";
}

/* ---- what kind of file ---- */

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
    bool bare = d == &dialects[D_BARE];
    memset(c, 0, sizeof *c);
    while (p < end && c->lines < 400) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((lf ? lf : end) - p);
        if (len > 0 && p[len - 1] == '\r')
            len--;
        size_t after = 0;
        enum log_kind kind;
        if (!bare)
            kind = by_mark(x, d, p, len, &after);
        else
            kind = reply_like(p, len) ? LOG_SERVER : c->server ? LOG_CLIENT : LOG_TEXT;
        while (after < len && blank(p[after]))
            after++;
        const char *t = p + after;
        size_t tn = len - after;
        if (kind == LOG_SERVER) {
            if (c->server == 0)
                c->banner_first = banner_like(t, tn) && c->client == 0;
            c->server++;
            c->replies += reply_like(t, tn);
            if (!replies && reply_like(t, tn))
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

void logtext_detect(struct logtext *x, const char *p, size_t n)
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
        return;
    }
    x->own = header(p, n, "# heloscope transcript", &value);
    if (header(p, n, "# protocol:", &value))
        x->proto = proto_find(value.p, value.n, NULL, NULL);
    for (size_t i = 0; i < DIALECTS; i++) {
        const struct dialect *d = &dialects[i];
        count_lines(x, d, p, n, &c);
        bool bare = i == D_BARE;
        /* Marks that any quotation could have need more: a greeting first and a known verb. */
        bool talk = i == D_COLON
                        ? c.replies > 0 || (c.verbs > 0 && c.server > 0)
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
        return;
    }
    x->proto = NULL;
    x->own = false;
}
