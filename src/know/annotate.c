/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a recording in blocks and writes it with explanations: finds the lines, passes letters,
 * bodies and other text through, and hands commands and whole replies to annot_talk.c, lines that
 * are no talk as they stand to annot_lines.c. Who speaks in a line is logtext.c's to tell, how
 * things look annot_text.c's and annot_page.c's. */
#include "know/annot_priv.h"
#include "core/colors.h"
#include "core/stray.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void annot_line(struct annotator *a, const struct annot_line *l)
{
    buf_trim(&a->lines, 0);
    a->w->line(&a->o, &a->lines, l);
    annot_put(a, buf_str(&a->lines), a->lines.len);
}

/* Something that we have to say ourselves. */
void annot_ours(struct annotator *a, const char *words)
{
    struct annot_line l = {.kind = LOG_EVENT, .text = {words, strlen(words)}, .quoted = true};
    annot_line(a, &l);
}

void annot_raw(struct annotator *a, enum log_kind kind, bool letter, const char *raw, size_t n,
               const struct span *text)
{
    if (a->o.as == ANNOTATE_TEXT && !a->o.color && text_harmless(raw, n)) {
        annot_put(a, raw, n);
        annot_put(a, "\n", 1);
        return;
    }
    struct annot_line l = {
        .kind = kind, .letter = letter, .prefix = {raw, (size_t)(text->p - raw)}, .text = *text};
    annot_line(a, &l);
}

void annot_plain_text(struct annotator *a, enum log_kind kind, const char *p, size_t n)
{
    struct span s = {p, n};
    struct buf b, c;
    buf_init_secret(&b, 2 * LINE_SHOWN);
    bool stray = !a->o.show_secrets && stray_mask(p, n, &b);
    if (a->o.show_secrets || (!stray && !a->talk.nsecrets)) {
        annot_raw(a, kind, false, p, n, &s);
        return;
    }
    buf_init_secret(&c, 16 * LINE_SHOWN);
    talk_mask(&a->talk, stray ? b.p : p, stray ? b.len : n, &c);
    s = (struct span){buf_str(&c), c.len};
    annot_raw(a, kind, false, s.p, s.n, &s);
    buf_clear(&b);
    buf_clear(&c);
}

/* ---- whose is a line ---- */

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

bool annot_caps_answer(const struct annotator *a, uint32_t state, const char *p, size_t n)
{
    if (state == NO_STATE || n < 3 || p[0] != '+')
        return false;
    const struct talk_state *s = a->states[state];
    return s->n > 0 && s->queue[0].cmd.body && s->queue[0].cmd.verb &&
           (s->queue[0].cmd.verb->flags & VERB_CAPS);
}

/* How far a reply of several lines goes; NULL: it is not whole yet. */
static const char *reply_end(struct annotator *a, const char *p, const char *end, bool last,
                             struct span text)
{
    const char *q = p, *lf = memchr(p, '\n', (size_t)(end - p));
    bool body = annot_caps_answer(a, a->state, text.p, text.n);
    struct talk_view keep = a->view;
    size_t lines = 1;
    q = lf ? lf + 1 : end;
    a->view.in_body = body;
    a->view.paired = true;
    while ((body || annot_more_follows(text.p, text.n)) && (size_t)(q - p) < UNIT_MAX &&
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
    if (lf && a->o.as == ANNOTATE_TEXT && !a->o.color && text_harmless(p, n))
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
            next =
                annot_more_follows(text.p, text.n) || annot_caps_answer(a, a->state, text.p, text.n)
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
        if (logtext_secured(p, n))
            annot_secured(a);
        annot_plain_text(a, LOG_EVENT, p, n);
        return next;
    case LOG_SKIP:
        return next;
    case LOG_TEXT:
        break;
    }
    if (logtext_secured(p, n))
        annot_secured(a);
    annot_plain_text(a, LOG_TEXT, p, n);
    return next;
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
    else
        logtext_detect(&a->kind, p, n);
    if (loglone_style(a->kind.style))
        loglone_init(&a->lone, &a->kind);
    a->colon = a->kind.style == LOG_MARKS && logtext_colon(&a->kind);
    a->quick = a->kind.proto && !a->kind.page &&
               (a->kind.style == LOG_MARKS || a->kind.style == LOG_BARE) &&
               a->o.as == ANNOTATE_TEXT && !a->o.color && !a->o.show_secrets;
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
        a->line_no++;
        /* its beginning is still what somebody said: a reply keeps its command */
        if ((a->kind.style == LOG_MARKS || a->kind.style == LOG_BARE) && !a->kind.page)
            talk_step(a, p, NULL, LINE_SHOWN, p + LINE_SHOWN, true);
        else
            annot_plain_text(a, LOG_TEXT, p, LINE_SHOWN);
        a->skipping = true;
        a->skipped = 0;
        return p + LINE_SHOWN;
    }
    a->line_no++;
    const char *next = lf ? lf + 1 : end;
    if ((a->kind.style != LOG_MARKS && a->kind.style != LOG_BARE) || a->kind.page) {
        annot_other_line(a, p, n);
        return next;
    }
    next = talk_step(a, p, lf, n, end, last);
    if (!next)
        a->line_no--;
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
    annot_ours(a, words);
    return lf ? lf + 1 : end;
}

/* Takes the colours out of what came in; returns the octets at the end that may be half of one. */
static size_t strip(struct annotator *a, bool last)
{
    size_t open = 0;
    if (!a->kind.colored)
        return 0;
    if (a->plain < a->from)
        a->plain = a->from;
    a->to = a->plain + colors_strip(a->in + a->plain, a->to - a->plain, &open);
    a->plain = a->to - open;
    return last ? 0 : open;
}

static void run(struct annotator *a, bool last)
{
    size_t half = strip(a, last); /* shortens what came in */
    const char *p = a->in + a->from, *end = a->in + a->to - half;
    while (p < end && !a->failed) {
        if (a->quick && !a->skipping && a->state != NO_STATE && !a->literal) {
            p = annot_quick(a, p, end);
            if (p == end)
                break;
        }
        const char *next = a->skipping ? skip(a, p, end, last) : step(a, p, end, last);
        if (!next) {
            /* a JSON line that does not fit */
            if ((size_t)(end - p) > IN_SIZE - ROOM) {
                annot_plain_text(a, LOG_TEXT, p, LINE_SHOWN);
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
    return a;
}

void annotate_free(struct annotator *a)
{
    if (!a)
        return;
    if (a->has_talk) {
        a->arena_n = 0; /* nothing has to be empty any more */
        annot_forget(a);
        talk_clear(&a->talk);
    }
    transcript_free(a->t);
    buf_clear(&a->lines);
    buf_clear(&a->note);
    buf_clear(&a->shown);
    loglone_clear(&a->lone);
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
        a->plain -= a->plain > a->from ? a->from : a->plain;
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
    annot_other_end(a);
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
