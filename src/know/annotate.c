/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a recording in blocks and writes it with explanations: finds the lines, passes letters,
 * bodies and other text through, and hands commands and whole replies to annot_talk.c. Who speaks
 * in a line is logtext.c's to tell, how things look annot_text.c's and annot_page.c's. */
#include "know/annot_priv.h"
#include "core/logmail.h"
#include "heloscope/frame.h"
#include "heloscope/harmless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROOM 65536u /* annotate_room() always has as much */

/* ---- output ---- */

static void flush(struct annotator *a)
{
    if (a->out_n && !a->failed && !a->o.write(a->o.arg, a->out, a->out_n))
        a->failed = true;
    a->out_n = 0;
}

void annot_put_slow(struct annotator *a, const char *p, size_t n)
{
    flush(a);
    while (n > OUT_SIZE) {
        if (!a->failed && !a->o.write(a->o.arg, p, OUT_SIZE))
            a->failed = true;
        p += OUT_SIZE;
        n -= OUT_SIZE;
    }
    memcpy(a->out, p, n);
    a->out_n = n;
}

static void put_line(struct annotator *a, const struct annot_line *l)
{
    buf_trim(&a->lines, 0);
    a->w->line(&a->o, &a->lines, l);
    annot_put(a, buf_str(&a->lines), a->lines.len);
}

/* Something that we have to say ourselves. */
static void ours(struct annotator *a, const char *words)
{
    struct annot_line l = {.kind = LOG_EVENT, .text = {words, strlen(words)}, .quoted = true};
    put_line(a, &l);
}

void annot_raw(struct annotator *a, enum log_kind kind, bool letter, const char *raw, size_t n,
               const struct span *text)
{
    if (a->o.as == ANNOTATE_TEXT && !a->o.color && annot_harmless(raw, n)) {
        annot_put(a, raw, n);
        annot_put(a, "\n", 1);
        return;
    }
    struct annot_line l = {
        .kind = kind, .letter = letter, .prefix = {raw, (size_t)(text->p - raw)}, .text = *text};
    put_line(a, &l);
}

/* ---- masking in what is no talk ---- */

static bool word_at(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++)
        if (p + i >= end || (p[i] | 32) != word[i])
            return false;
    return true;
}

static bool base64ish(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

/* Text that belongs to no talk may still quote a login: "AUTH PLAIN dGVzdA==", "PASS secret". The
 * range to be hidden; false: none. */
static bool stray_secret(const char *p, size_t n, size_t *at, size_t *len)
{
    const char *end = p + n;
    for (const char *q = p; (size_t)(end - q) > 6; q++) {
        q = memchr(q, ' ', (size_t)(end - q));
        if (!q)
            return false;
        const char *b = q + 1, *s = NULL;
        if (q - p >= 4 && word_at(q - 4, end, "auth") && (q - p == 4 || !base64ish(q[-5]))) {
            const char *m = memchr(b, ' ', (size_t)(end - b));
            if (m && m - b < 24 && m > b)
                s = m + 1;
            for (const char *k = s; k && k < end && base64ish(*k); k++)
                if (k - s >= 7) {
                    *at = (size_t)(s - p);
                    while (k < end && base64ish(*k))
                        k++;
                    *len = (size_t)(k - s);
                    return true;
                }
        }
        if (q - p >= 4 && memcmp(q - 4, "PASS", 4) == 0 && (q - p == 4 || !base64ish(q[-5]))) {
            const char *k = b;
            while (k < end && *k != ' ' && *k != '\'' && *k != '"' && *k != '<')
                k++;
            if (k > b) {
                *at = (size_t)(b - p);
                *len = (size_t)(k - b);
                return true;
            }
        }
    }
    return false;
}

static void put_text(struct annotator *a, enum log_kind kind, const char *p, size_t n)
{
    size_t at, len;
    struct span s = {p, n};
    if (a->o.show_secrets || (!stray_secret(p, n, &at, &len) && !a->talk.nsecrets)) {
        annot_raw(a, kind, false, p, n, &s);
        return;
    }
    struct buf b, c;
    buf_init_secret(&b, 2 * LINE_SHOWN);
    buf_init_secret(&c, 16 * LINE_SHOWN);
    while (stray_secret(p, n, &at, &len)) {
        buf_add(&b, p, at);
        buf_add_str(&b, "********");
        p += at + len;
        n -= at + len;
    }
    buf_add(&b, p, n);
    talk_mask(&a->talk, buf_str(&b), b.len, &c);
    s = (struct span){buf_str(&c), c.len};
    annot_raw(a, kind, false, s.p, s.n, &s);
    buf_clear(&b);
    buf_clear(&c);
}

/* ---- whose is a line ---- */

static inline bool more_follows(const char *p, size_t n)
{
    return n > 3 && p[3] == '-' && p[0] >= '2' && p[0] <= '5' && p[1] >= '0' && p[1] <= '9' &&
           p[2] >= '0' && p[2] <= '9';
}

static inline enum log_kind whose(struct annotator *a, const char *p, size_t n, struct span *text)
{
    /* the usual case at once: "C: " and "S: " where no margin is */
    if (a->colon && n >= 3 && p[1] == ':' && p[2] == ' ' && (p[0] == 'C' || p[0] == 'S') &&
        (n == 3 || a->view.in_letter || a->view.in_body || (p[3] != ' ' && p[3] != '\t'))) {
        *text = (struct span){p + 3, n - 3};
        return p[0] == 'C' ? LOG_CLIENT : LOG_SERVER;
    }
    return logtext_line(&a->kind, &a->view, p, n, text);
}

/* The body of a CAPA reply is looked at as one with it. */
static bool caps_answer(const struct annotator *a, const char *p, size_t n)
{
    if (a->state == NO_STATE || n < 3 || p[0] != '+')
        return false;
    const struct talk_state *s = a->states[a->state];
    return s->n > 0 && s->queue[0].cmd.body && s->queue[0].cmd.verb &&
           (s->queue[0].cmd.verb->flags & VERB_CAPS);
}

/* How far a reply of several lines goes; NULL: it is not whole yet. */
static const char *reply_end(struct annotator *a, const char *p, const char *end, bool last,
                             struct span text)
{
    const char *q = p, *lf = memchr(p, '\n', (size_t)(end - p));
    bool body = caps_answer(a, text.p, text.n);
    struct talk_view keep = a->view;
    size_t lines = 1;
    q = lf ? lf + 1 : end;
    a->view.in_body = body;
    a->view.paired = true;
    while ((body || more_follows(text.p, text.n)) && (size_t)(q - p) < UNIT_MAX &&
           lines++ < UNIT_LINES - 1) {
        if (q >= end) {
            if (!last)
                q = NULL;
            break;
        }
        lf = memchr(q, '\n', (size_t)(end - q));
        if (!lf && !last) {
            q = NULL;
            break;
        }
        size_t n = (size_t)((lf ? lf : end) - q);
        if (n > 0 && q[n - 1] == '\r')
            n--;
        if (logtext_line(&a->kind, &a->view, q, n, &text) != LOG_SERVER)
            break;
        q = lf ? lf + 1 : end;
        if (body && text.n == 1 && text.p[0] == '.')
            break;
    }
    a->view = keep;
    return q;
}

/* ---- reading ---- */

/* Where the line that begins at p ends, and its length without CR. */
static inline const char *line_end(const char *p, const char *end, size_t *n)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    const char *stop = lf ? lf : end;
    *n = (size_t)(stop - p);
    if (*n > 0 && stop[-1] == '\r')
        --*n;
    return lf;
}

/* A line of a letter or a body; lf: its LF stands behind it. */
static inline void letter_line(struct annotator *a, enum log_kind kind, const char *p, size_t n,
                               const struct span *text, bool lf)
{
    if (lf && a->o.as == ANNOTATE_TEXT && !a->o.color && annot_harmless(p, n))
        annot_put(a, p, n + 1);
    else
        annot_raw(a, kind, true, p, n, text);
}

/* A line of a talk, with what belongs to it; returns where the next begins, NULL: more input is
 * wanted. */
static const char *talk_step(struct annotator *a, const char *p, const char *lf, size_t n,
                             const char *end, bool last)
{
    struct span text;
    const char *next = lf ? lf + 1 : end;
    switch (whose(a, p, n, &text)) {
    case LOG_CLIENT:
        if (a->literal > 0) {
            a->literal -= text.n + 2 < a->literal ? text.n + 2 : a->literal;
            a->view.in_letter = a->literal > 0;
            letter_line(a, LOG_CLIENT, p, n, &text, lf && p + n == lf);
        } else if (a->view.in_letter && !(text.n == 1 && text.p[0] == '.')) {
            letter_line(a, LOG_CLIENT, p, n, &text, lf && p + n == lf);
        } else {
            annot_unit(a, LOG_CLIENT, p, n, (size_t)(text.p - p), lf && p + n == lf, true);
        }
        return next;
    case LOG_SERVER:
        if (a->view.in_body && !(text.n == 1 && text.p[0] == '.')) {
            letter_line(a, LOG_SERVER, p, n, &text, lf && p + n == lf);
            return next;
        }
        if (!a->view.in_body && a->state != NO_STATE) {
            next = more_follows(text.p, text.n) || caps_answer(a, text.p, text.n)
                       ? reply_end(a, p, end, last, text)
                       : next;
            if (!next)
                return NULL;
        }
        bool one = !lf || next == lf + 1;
        if (!one) {
            n = (size_t)(next - p);
            if (n > 0 && p[n - 1] == '\n')
                n--;
            if (n > 0 && p[n - 1] == '\r')
                n--;
        }
        annot_unit(a, LOG_SERVER, p, n, (size_t)(text.p - p), p + n < end && p[n] == '\n', one);
        return next;
    case LOG_EVENT:
        put_text(a, LOG_EVENT, p, n);
        return next;
    case LOG_SKIP:
        return next;
    case LOG_TEXT:
        break;
    }
    put_text(a, LOG_TEXT, p, n);
    return next;
}

static void python_line(struct annotator *a, const char *p, size_t n)
{
    struct buf b;
    buf_init_secret(&b, LINE_SHOWN);
    enum log_kind kind = logpython_line(p, n, &b);
    for (size_t i = 0; (kind == LOG_CLIENT || kind == LOG_SERVER) && i <= b.len && b.len;) {
        const char *q = b.p + i, *lf = memchr(q, '\n', b.len - i);
        size_t len = lf ? (size_t)(lf - q) : b.len - i;
        annot_quoted(a, kind, q, len);
        i += len + 1;
        if (!lf)
            break;
    }
    if (kind == LOG_EVENT || (kind == LOG_TEXT && n > 0))
        put_text(a, kind, p, n);
    buf_clear(&b);
}

static void json_line(struct annotator *a, const char *p, size_t n)
{
    char why[200], words[300];
    if (n == 0 || annot_json(a, p, n, why, sizeof why))
        return;
    snprintf(words, sizeof words, "line %llu %s: shown as text", (unsigned long long)a->line_no,
             why);
    ours(a, words);
    put_text(a, LOG_TEXT, p, n);
}

/* A line of a web page's source as it is seen: without tags, entities as what they stand for. */
static void page_text(const char *p, size_t n, struct buf *out)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {{"&lt;", '<'},   {"&gt;", '>'},   {"&amp;", '&'},
                    {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '}};
    for (size_t i = 0; i < n;) {
        size_t k = i + 1;
        char is = p[i];
        if (p[i] == '<') {
            while (k < n && (p[k] == '/' || p[k] == '!'))
                k++;
            size_t name = k;
            while (k < n && ((p[k] | 32) >= 'a' && (p[k] | 32) <= 'z'))
                k++;
            const char *gt =
                k > name && k < n &&
                        (p[k] == '>' || p[k] == ' ' || p[k] == '/' || (p[k] >= '1' && p[k] <= '6'))
                    ? memchr(p + k, '>', n - k)
                    : NULL;
            if (gt) { /* "<a@b.example>" is none */
                i = (size_t)(gt - p) + 1;
                continue;
            }
            k = i + 1;
        }
        for (size_t e = 0; p[i] == '&' && e < sizeof entities / sizeof *entities; e++) {
            size_t len = strlen(entities[e].name);
            if (n - i >= len && memcmp(p + i, entities[e].name, len) == 0) {
                is = entities[e].is;
                k = i + len;
            }
        }
        buf_add_char(out, is);
        i = k;
    }
}

static void page_line(struct annotator *a, const char *p, size_t n)
{
    struct buf b;
    struct span text;
    buf_init_secret(&b, LINE_SHOWN);
    page_text(p, n, &b);
    enum log_kind kind = logtext_line(&a->kind, &a->view, buf_str(&b), b.len, &text);
    if (kind == LOG_CLIENT || kind == LOG_SERVER)
        annot_quoted(a, kind, text.p, text.n);
    else
        put_text(a, kind == LOG_EVENT ? LOG_EVENT : LOG_TEXT, p, n);
    buf_clear(&b);
}

/* Is it the source of a page with a talk in it? */
static bool page(struct annotator *a, const char *p, size_t n)
{
    const char *end = p + n;
    struct buf b;
    struct logtext x;
    bool html = false;
    for (size_t i = 0; i + 5 < n && i < 4096 && !html; i++)
        html = p[i] == '<' &&
               (strncasecmp(p + i, "<html", 5) == 0 || strncasecmp(p + i, "<!doc", 5) == 0 ||
                strncasecmp(p + i, "<pre>", 5) == 0);
    if (!html)
        return false;
    buf_init_secret(&b, LOOK + 4096);
    while (p < end) {
        size_t len;
        const char *lf = line_end(p, end, &len);
        page_text(p, len, &b);
        buf_add_char(&b, '\n');
        p = lf ? lf + 1 : end;
    }
    logtext_detect(&x, buf_str(&b), b.len);
    buf_clear(&b);
    if (x.style != LOG_BARE && x.style != LOG_MARKS)
        return false;
    a->kind = x;
    return true;
}

static bool mail_proto(const char *name, const struct proto **p)
{
    *p = proto_find(name, strlen(name), NULL, NULL);
    return *p != NULL;
}

static void maillog_line(struct annotator *a, const char *p, size_t n)
{
    struct logmail m;
    const struct proto *q;
    put_text(a, LOG_TEXT, p, n);
    if (logmail_line(p, n, &m) && mail_proto(m.proto, &q))
        annot_lone(a, q, m.verb, m.reply, m.recipient, m.network);
}

static bool field(const char *p, size_t n, const char *name, struct span *value)
{
    size_t k = strlen(name);
    if (n < k || strncasecmp(p, name, k) != 0)
        return false;
    while (k < n && (p[k] == ' ' || p[k] == '\t'))
        k++;
    *value = (struct span){p + k, n - k};
    return true;
}

static void dsn_told(struct annotator *a)
{
    struct span reply, to = {a->dsn.recipient, strlen(a->dsn.recipient)};
    const struct proto *q;
    if (!a->dsn.open)
        return;
    a->dsn.open = false;
    if (mail_proto("smtp", &q)) {
        bool smtp = logmail_diagnostic(buf_str(&a->dsn.value), a->dsn.value.len, &reply);
        annot_lone(a, q, NULL, reply, to, !smtp);
    }
}

/* RFC 3464 2: fields, folded, of one recipient after the other. */
static void dsn_line(struct annotator *a, const char *p, size_t n)
{
    struct span v;
    bool folded = n > 0 && (p[0] == ' ' || p[0] == '\t');
    if (a->dsn.open && folded) {
        size_t i = 0;
        while (i < n && (p[i] == ' ' || p[i] == '\t'))
            i++;
        buf_add_char(&a->dsn.value, ' ');
        buf_add(&a->dsn.value, p + i, n - i);
    } else {
        dsn_told(a);
    }
    put_text(a, LOG_TEXT, p, n);
    if (field(p, n, "Final-Recipient:", &v)) {
        const char *semi = memchr(v.p, ';', v.n);
        size_t skip = semi ? (size_t)(semi - v.p) + 1 : 0;
        while (skip < v.n && v.p[skip] == ' ')
            skip++;
        snprintf(a->dsn.recipient, sizeof a->dsn.recipient, "%.*s", (int)(v.n - skip), v.p + skip);
    } else if (field(p, n, "Diagnostic-Code:", &v)) {
        buf_trim(&a->dsn.value, 0);
        buf_add(&a->dsn.value, v.p, v.n < DSN_VALUE / 2 ? v.n : DSN_VALUE / 2);
        a->dsn.open = true;
    } else if (n == 0) {
        a->dsn.recipient[0] = '\0';
    }
}

/* Replies one under the other; what is no reply belongs to the one before. */
static void reply_told(struct annotator *a)
{
    struct span none = {"", 0}, s = {buf_str(&a->dsn.value), a->dsn.value.len};
    struct reply r = {0};
    const struct proto *q = a->kind.proto;
    if (!a->dsn.open)
        return;
    a->dsn.open = false;
    for (size_t k = 0; proto_list[k] && q->reply(NULL, s.p, s.n, &r) == REPLY_GARBAGE; k++) {
        q = proto_list[k];
        memset(&r, 0, sizeof r);
    }
    annot_lone(a, q, NULL, s, none, false);
}

static void reply_line(struct annotator *a, const char *p, size_t n)
{
    size_t from = 0;
    while (from < n && (p[from] == ' ' || p[from] == '\t'))
        from++;
    bool reply = logtext_reply(p + from, n - from);
    const struct buf *b = &a->dsn.value;
    const char *lf = b->len ? memrchr(b->p, '\n', b->len) : NULL;
    const char *before = lf ? lf + 1 : buf_str(b);
    size_t len = b->len - (size_t)(before - buf_str(b));
    bool goes_on =
        a->dsn.open && (!reply || (more_follows(before, len) && memcmp(before, p + from, 3) == 0));
    if (!goes_on && reply) {
        reply_told(a);
        buf_trim(&a->dsn.value, 0);
        a->dsn.open = true;
    }
    if (!a->dsn.open || n == 0) {
        put_text(a, LOG_TEXT, p, n);
        return;
    }
    if (a->dsn.value.len)
        buf_add_char(&a->dsn.value, '\n');
    buf_add(&a->dsn.value, p + from, n - from);
    struct annot_line l = {.kind = LOG_SERVER, .prefix = {p, from}, .text = {p + from, n - from}};
    put_line(a, &l);
}

static void detect(struct annotator *a)
{
    const char *p = a->in;
    size_t n = a->to < LOOK ? a->to : LOOK; /* however it comes in */
    a->detected = true;
    if (logtext_utf16(p, n)) {
        snprintf(a->why, sizeof a->why,
                 "is UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8");
        a->failed = true;
        return;
    }
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        a->from = 3; /* a mark of UTF-8 says nothing */
        p += 3;
        n -= 3;
    }
    if (a->o.format)
        logtext_insist(&a->kind, a->o.format, p, n);
    else if (!(a->page = page(a, p, n < LOOK ? n : LOOK)))
        logtext_detect(&a->kind, p, n);
    a->colon = a->kind.style == LOG_MARKS && logtext_colon(&a->kind);
    if (a->kind.proto) {
        talk_init(&a->talk, NULL, a->kind.proto, a->kind.style == LOG_BARE && a->kind.loose);
        a->talk.partial = a->talk.strayed = false;
        a->talk.shown = a->o.show_secrets;
        a->has_talk = true;
        annot_begin(a);
    }
    const char *head = a->w->head(&a->o);
    annot_put(a, head, strlen(head));
}

/* One line; NULL: it is not whole, or what it belongs to is not. */
static const char *step(struct annotator *a, const char *p, const char *end, bool last)
{
    size_t n;
    const char *lf = line_end(p, end, &n);
    if (!lf && !last && !((size_t)(end - p) > LINE_SHOWN && a->kind.style != LOG_JSON))
        return NULL;
    if (n > LINE_SHOWN && a->kind.style != LOG_JSON) {
        put_text(a, LOG_TEXT, p, LINE_SHOWN);
        a->skipping = true;
        a->skipped = 0;
        a->line_no++;
        return p + LINE_SHOWN;
    }
    a->line_no++;
    const char *next = lf ? lf + 1 : end;
    switch (a->kind.style) {
    case LOG_MARKS:
    case LOG_BARE:
        if (a->page) {
            page_line(a, p, n);
            break;
        }
        next = talk_step(a, p, lf, n, end, last);
        if (!next)
            a->line_no--;
        return next;
    case LOG_PYTHON:
        python_line(a, p, n);
        break;
    case LOG_JSON:
        json_line(a, p, n);
        break;
    case LOG_MAILLOG:
        maillog_line(a, p, n);
        break;
    case LOG_DSN:
        dsn_line(a, p, n);
        break;
    case LOG_REPLY:
        reply_line(a, p, n);
        break;
    case LOG_NO_TALK:
        put_text(a, LOG_TEXT, p, n);
        break;
    }
    return next;
}

/* The rest of an overlong line. */
static const char *skip(struct annotator *a, const char *p, const char *end, bool last)
{
    char words[80];
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    a->skipped += (size_t)((lf ? lf : end) - p);
    if (!lf && !last)
        return end;
    a->skipping = false;
    snprintf(words, sizeof words, "[and %llu octets more in this line]",
             (unsigned long long)a->skipped);
    ours(a, words);
    return lf ? lf + 1 : end;
}

static void run(struct annotator *a, bool last)
{
    const char *p = a->in + a->from, *end = a->in + a->to;
    while (p < end && !a->failed) {
        const char *next = a->skipping ? skip(a, p, end, last) : step(a, p, end, last);
        if (!next) {
            /* a JSON line that does not fit */
            if ((size_t)(end - p) > IN_SIZE - ROOM) {
                put_text(a, LOG_TEXT, p, LINE_SHOWN);
                a->skipping = true;
                a->skipped = 0;
                next = p + LINE_SHOWN;
            } else {
                break;
            }
        }
        p = next;
    }
    a->from = (size_t)(p - a->in);
    if (a->skipping && p >= end && last)
        skip(a, p, end, true);
}

struct annotator *annotate_new(const struct annotate_options *o, char *why, size_t size)
{
    static const struct annot_writer *const writers[] = {
        [ANNOTATE_TEXT] = &annot_text,         [ANNOTATE_PLAIN] = &annot_plain,
        [ANNOTATE_JSON] = &annot_json_writer,  [ANNOTATE_HTML] = &annot_html,
        [ANNOTATE_MARKDOWN] = &annot_markdown,
    };
    struct logtext x;
    if (o->format && !logtext_insist(&x, o->format, "", 0)) {
        snprintf(why, size, "--format %.40s is not known; it is one of: %s", o->format,
                 logtext_names());
        return NULL;
    }
    struct annotator *a = xcalloc(1, sizeof *a);
    a->o = *o;
    a->w = writers[o->as];
    a->in = xmalloc(IN_SIZE);
    a->out = xmalloc(OUT_SIZE);
    a->known = NULL;
    a->state = NO_STATE;
    buf_init_secret(&a->lines, 16u << 20);
    buf_init(&a->note, 4u << 20);
    buf_init(&a->shown, 1u << 20);
    buf_init(&a->dsn.value, DSN_VALUE);
    return a;
}

void annotate_free(struct annotator *a)
{
    if (!a)
        return;
    if (a->has_talk) {
        annot_forget(a);
        talk_clear(&a->talk);
    }
    transcript_free(a->t);
    buf_clear(&a->lines);
    buf_clear(&a->note);
    buf_clear(&a->shown);
    buf_clear(&a->dsn.value);
    free(a->known);
    free(a->arena);
    free(a->at);
    free(a->in);
    free(a->out);
    free(a);
}

char *annotate_room(struct annotator *a, size_t *n)
{
    if (a->from) {
        memmove(a->in, a->in + a->from, a->to - a->from);
        a->to -= a->from;
        a->from = 0;
    }
    *n = IN_SIZE - a->to;
    return a->in + a->to;
}

bool annotate_took(struct annotator *a, size_t n)
{
    a->to += n;
    if (!a->detected && a->to < LOOK)
        return true;
    if (!a->detected)
        detect(a);
    if (!a->failed)
        run(a, false);
    return !a->failed;
}

bool annotate_end(struct annotator *a)
{
    if (!a->detected)
        detect(a);
    if (a->failed)
        return false;
    run(a, true);
    if (a->kind.style == LOG_DSN)
        dsn_told(a);
    if (a->kind.style == LOG_REPLY)
        reply_told(a);
    if (a->has_talk)
        annot_finish(a);
    const char *foot = a->w->foot(&a->o);
    annot_put(a, foot, strlen(foot));
    flush(a);
    return !a->failed;
}

uint64_t annotate_explained(const struct annotator *a)
{
    return a->explained;
}

const char *annotate_format_name(const struct annotator *a)
{
    return logtext_name(&a->kind);
}

const char *annotate_why(const struct annotator *a)
{
    return a->why;
}

const char *annotate_formats(void)
{
    return logtext_names();
}
