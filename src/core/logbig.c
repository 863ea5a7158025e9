/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lazy view of a big or plain file: mapped, an item is a line, line starts are indexed while
 * nothing else is to do. Who speaks is told from the line; the state of the talk at a line is found
 * by reading some hundred lines before it through the driver (a window, kept until one looks
 * elsewhere). Memory: the mapping and an eighth of an octet a line. */
#include "logfile_priv.h"
#include "loglone.h"
#include "stray.h"
#include "talk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST (256u << 10) /* indexed at once: the first screen */
#define SLICE (4u << 20)   /* indexed in one idle call: well under a millisecond */
#define BEFORE 400         /* lines read before the one whose state is asked */
#define AFTER 200      /* and behind it, so that its reply is whole and scrolling costs nothing */
#define FIRST_AFTER 48 /* the same for the first screen, which waits for it */
#define LINE_SHOWN                                                                                 \
    ((size_t)FRAME_LINE_MAX) /* of a longer line the rest is not shown (NOTE_CUT)                  \
                              */
#define WINDOW_MAX 4096
#define WINDOW_BYTES (1u << 20) /* lines before the one asked are read up to this */
#define JSON_SHOWN (16u << 20)  /* a line of JSON is a whole reply */
#define LONE_LINES 40           /* a reply of a notification lies within so many lines */

/* ---- the index ---- */

static void index_more(struct logfile *f, size_t n)
{
    size_t left = f->map.n - (size_t)f->index.bytes;
    if (f->done)
        return;
    n = left < n ? left : n;
    while (n > 0) {
        size_t k = n < SLICE ? n : SLICE;
        if (k > FIRST)
            mapfile_soon(&f->map, (size_t)f->index.bytes, k);
        lineindex_feed(&f->index, f->map.p + f->index.bytes, k);
        n -= k;
    }
    f->generation++;
    f->done = f->index.bytes == f->map.n;
}

static void on_idle(void *arg)
{
    struct logfile *f = arg;
    index_more(f, SLICE);
    if (f->done) {
        loop_drop(f->idle);
        f->idle = NULL;
    }
    if (f->changed)
        f->changed(f->arg);
}

static uint64_t lines_of(const struct logfile *f)
{
    bool tail = f->done && f->map.p[f->map.n - 1] != '\n';
    uint64_t lines = f->index.lines + tail;
    return lines ? lines : 1; /* the first line may be longer than what is indexed */
}

/* Where line k begins. */
static bool start_of(struct logfile *f, uint64_t k, size_t *at)
{
    const char *line;
    if (k >= lines_of(f))
        return false;
    if (f->starts[k % STARTS].line == k + 1) {
        *at = (size_t)f->starts[k % STARTS].at;
        return true;
    }
    uint64_t before = k ? k - 1 : 0;
    const char *lf = NULL;
    if (k && f->starts[before % STARTS].line == k) { /* the line before is known */
        size_t from = (size_t)f->starts[before % STARTS].at;
        lf = memchr(f->map.p + from, '\n', f->map.n - from);
    }
    if (lf) {
        *at = (size_t)(lf - f->map.p) + 1;
    } else if (k == 0) {
        *at = f->bom;
    } else {
        /* From the index; the line's own end is not looked for, it may be a gigabyte away. */
        if (k / 64 >= f->index.n)
            return false;
        line = f->map.p + f->index.at[k / 64];
        for (uint64_t i = k % 64; i > 0; i--) {
            line = memchr(line, '\n', (size_t)(f->map.p + f->map.n - line));
            if (!line)
                return false;
            line++;
        }
        *at = (size_t)(line - f->map.p);
    }
    f->starts[k % STARTS].line = k + 1;
    f->starts[k % STARTS].at = *at;
    return true;
}

/* Line k without its end and its colours, at most LINE_SHOWN octets of it. */
static bool raw_line(struct logfile *f, uint64_t k, struct span *out, bool *cut, struct buf *room)
{
    size_t at;
    *cut = false;
    if (!start_of(f, k, &at)) {
        *out =
            (struct span){"", 0}; /* it was there when the index was made: the file was cut short */
        return k < lines_of(f);
    }
    size_t limit = f->kind.json ? JSON_SHOWN : LINE_SHOWN;
    size_t most = f->map.n - at, look = most < limit ? most : limit;
    const char *p = f->map.p + at, *lf = look ? memchr(p, '\n', look) : NULL;
    size_t n = lf ? (size_t)(lf - p) : look;
    *cut = !lf && look < most;
    if (lf && f->starts[(k + 1) % STARTS].line != k + 2 && (size_t)(lf - f->map.p) + 1 < f->map.n) {
        f->starts[(k + 1) % STARTS].line = k + 2;
        f->starts[(k + 1) % STARTS].at = (uint64_t)(lf - f->map.p) + 1;
    }
    *out = logtext_plain(&f->kind, p, n, room);
    if (lf && out->n > 0 && out->p[out->n - 1] == '\r')
        out->n--;
    return true;
}

/* ---- the window ---- */

static void window_clear(struct window *w)
{
    if (w->talk) {
        talk_clear(w->talk);
        free(w->talk);
    }
    transcript_free(w->transcript);
    free(w->line);
    memset(w, 0, sizeof *w);
}

static void window_read(struct logfile *f, uint64_t to)
{
    struct window *w = &f->window;
    const struct source *src = transcript_source(w->transcript);
    struct item it;
    struct span s;
    bool cut;
    for (; w->to < to && raw_line(f, w->to, &s, &cut, &f->plain_window); w->to++) {
        size_t i = (size_t)(w->to - w->from);
        if (i == w->cap) {
            w->cap = w->cap ? w->cap * 2 : 1024;
            w->line = xrealloc(w->line, w->cap * sizeof *w->line);
        }
        size_t before = transcript_count(w->transcript);
        w->talk->entry = TALK_NONE;
        logfile_feed(f, w->talk, w->to + 1, s.p, s.n);
        struct window_line *x = &w->line[i];
        *x = (struct window_line){.entry = w->talk->entry};
        if (x->entry == TALK_NONE || !src->item(src->self, x->entry, &it))
            continue;
        x->k = x->entry >= before ? 0 : x->entry == w->last ? w->last_lines : it.lines - 1;
        x->n = it.lines > x->k ? it.lines - x->k : 1;
        w->last = x->entry;
        w->last_lines = (size_t)it.lines;
    }
}

/* What the file's line k is in the window, which is moved there if need be; NULL: no part of the
 * talk. */
static const struct window_line *window_line(struct logfile *f, uint64_t k)
{
    struct window *w = &f->window;
    bool inside =
        w->talk && k >= w->from && k < w->to && (w->from == 0 || k >= w->from + BEFORE / 2);
    if (!inside) {
        bool goes_on = w->talk && k >= w->to && k < w->to + AFTER && k - w->from < WINDOW_MAX;
        if (!goes_on) {
            size_t at, here;
            struct talk *talk = xcalloc(1, sizeof *talk);
            talk_init(talk, NULL, f->kind.proto, k > BEFORE);
            if (w->talk) /* what the beginning told is a secret everywhere */
                talk_inherit(talk, w->talk);
            window_clear(w);
            w->from = k > BEFORE ? k - BEFORE : 0;
            while (w->from < k && start_of(f, w->from, &at) && start_of(f, k, &here) &&
                   here - at > WINDOW_BYTES)
                w->from += (k - w->from + 1) / 2;
            w->to = w->from;
            w->last = TALK_NONE;
            w->transcript = transcript_new(0);
            w->talk = talk;
            w->talk->t = w->transcript;
        }
        window_read(f, k + (w->to ? AFTER : FIRST_AFTER));
    }
    if (k < w->from || k >= w->to || w->line[k - w->from].entry == TALK_NONE)
        return NULL;
    return &w->line[k - w->from];
}

/* ---- replies that stand alone ---- */

/* The lone reply that line k holds, or is a part of. */
static bool lone_at(struct logfile *f, uint64_t k)
{
    struct loglone x;
    struct lone one;
    struct span s;
    size_t from;
    bool cut, mine = false;
    if (!loglone_style(f->kind.style))
        return false;
    if (f->lone.line == k + 1)
        return f->lone.any;
    f->lone.line = k + 1;
    f->lone.any = false;
    buf_trim(&f->lone.text, 0);
    loglone_init(&x, &f->kind);
    uint64_t i = f->kind.style == LOG_MAILLOG ? k : k > LONE_LINES ? k - LONE_LINES : 0;
    for (; i <= k + LONE_LINES && raw_line(f, i, &s, &cut, &f->plain_window); i++) {
        if (loglone_ends(&x, s.p, s.n) && loglone_take(&x, &one) && mine)
            break;
        enum lone_line what = loglone_add(&x, s.p, s.n, &from, &one);
        mine |= i == k && what != LONE_TEXT;
        if (what == LONE_WHOLE || (i >= k && !mine))
            break;
    }
    if (mine && (!x.open || loglone_take(&x, &one))) {
        lone_moment(&one, &f->lone.moment, &f->lone.text);
        f->lone.any = true;
    }
    loglone_clear(&x);
    return f->lone.any;
}

/* ---- the questions of source.h ---- */

static size_t big_count(void *self)
{
    struct logfile *f = self;
    if (!f->torn && mapfile_torn(&f->map)) {
        f->torn = true;
        f->generation++;
    }
    return (size_t)lines_of(f) + f->torn;
}

static bool told_torn(struct logfile *f, size_t i)
{
    return f->torn && i == (size_t)lines_of(f);
}

static const char torn_words[] =
    "the file was cut short while it was open: what was cut off reads as ^@; open it again";

static enum log_kind kind_at(struct logfile *f, size_t i, const struct span *raw, struct span *text)
{
    const struct source *src;
    struct item it;
    *text = *raw;
    if (!f->kind.dialect && !f->quoted)
        return LOG_TEXT;
    if (!f->kind.bare && !f->quoted)
        return logtext_line(&f->kind, NULL, raw->p, raw->n, text);
    const struct window_line *w = window_line(f, i);
    if (!w)
        return LOG_TEXT;
    src = transcript_source(f->window.transcript);
    src->item(src->self, w->entry, &it);
    return it.kind == ITEM_CLIENT   ? LOG_CLIENT
           : it.kind == ITEM_SERVER ? LOG_SERVER
           : it.kind == ITEM_EVENT  ? LOG_EVENT
                                    : LOG_TEXT;
}

/* A line in which what was said is quoted: it is as the talk has it. */
static bool quoted_item(struct logfile *f, size_t i, struct item *out)
{
    const struct window_line *w = f->quoted ? window_line(f, i) : NULL;
    if (!w)
        return false;
    const struct source *src = transcript_source(f->window.transcript);
    src->item(src->self, w->entry, out);
    out->lines = w->n;
    out->remark = NULL; /* it would not outlive the window */
    out->exchange = 0;
    out->open = false;
    return true;
}

static bool big_item(void *self, size_t i, struct item *out)
{
    static const enum item_kind kinds[] = {
        [LOG_CLIENT] = ITEM_CLIENT, [LOG_SERVER] = ITEM_SERVER, [LOG_EVENT] = ITEM_EVENT,
        [LOG_TEXT] = ITEM_TEXT,     [LOG_SKIP] = ITEM_TEXT,
    };
    struct logfile *f = self;
    struct span raw, text;
    bool cut;
    memset(out, 0, sizeof *out);
    out->lines = 1;
    if (told_torn(f, i)) {
        out->kind = ITEM_EVENT;
        out->mark = MARK_WARN;
        return true;
    }
    if (quoted_item(f, i, out))
        return true;
    if (!raw_line(f, i, &raw, &cut, &f->plain))
        return false;
    enum log_kind kind = kind_at(f, i, &raw, &text);
    out->kind = kinds[kind];
    struct scan s = {0};
    scan_bytes(&s, text.p, text.n, 0);
    out->notes = s.notes | (cut ? NOTE_CUT | NOTE_LONG : 0);
    if (kind == LOG_EVENT)
        out->mark = MARK_EVENT;
    if (kind == LOG_SERVER) {
        struct reply r = {0};
        if (f->kind.proto->reply(NULL, text.p, text.n, &r) != REPLY_GARBAGE)
            out->mark = item_mark_of(r.cls);
    }
    if (lone_at(f, i))
        out->mark = item_mark_of(f->lone.moment.reply.cls);
    return true;
}

static struct span masked_text(struct logfile *f, struct span text)
{
    buf_trim(&f->shown, 0);
    return stray_mask(text.p, text.n, &f->shown) ? (struct span){buf_str(&f->shown), f->shown.len}
                                                 : text;
}

static bool big_line(void *self, size_t i, uint64_t k, struct span *out)
{
    struct logfile *f = self;
    struct span raw, said;
    bool cut;
    const struct window_line *w = f->quoted && !told_torn(f, i) ? window_line(f, i) : NULL;
    if (k > 0 && (!w || k >= w->n))
        return false;
    if (told_torn(f, i)) {
        *out = (struct span){torn_words, sizeof torn_words - 1};
        return true;
    }
    if (!raw_line(f, i, &raw, &cut, &f->plain))
        return false;
    enum log_kind kind = kind_at(f, i, &raw, out);
    if (!w && f->quoted) { /* said already, in another form: what it is, without what it quotes */
        size_t n = 0;
        while (n < raw.n && !strchr("('\"", raw.p[n]))
            n++;
        *out = n < raw.n ? (struct span){raw.p, n} : masked_text(f, raw);
        return true;
    }
    if (kind != LOG_CLIENT && kind != LOG_SERVER && !w) {
        *out = masked_text(f, *out);
        return true;
    }
    /* Whether it holds a secret only the talk can tell (an answer to a challenge looks like any
     * word). */
    if (!w && !(w = window_line(f, i)))
        return true;
    const struct source *src = transcript_source(f->window.transcript);
    struct item it;
    if (src->item(src->self, w->entry, &it) && ((it.notes & NOTE_MASKED) || f->quoted) &&
        src->line(src->self, w->entry, w->k + k, &said)) {
        buf_trim(&f->shown, 0);
        buf_add(&f->shown, said.p, said.n < LINE_SHOWN ? said.n : LINE_SHOWN);
        *out = (struct span){buf_str(&f->shown), f->shown.len};
    }
    return true;
}

static bool big_moment(void *self, size_t i, struct moment *out)
{
    struct logfile *f = self;
    memset(out, 0, sizeof *out);
    if (told_torn(f, i)) {
        out->proto = f->kind.proto;
        out->event = EVENT_NOTE;
        return f->kind.proto != NULL;
    }
    if (i >= lines_of(f))
        return false;
    if (lone_at(f, i)) {
        *out = f->lone.moment;
        return true;
    }
    if (!f->kind.dialect && !f->quoted)
        return false;
    const struct window_line *w = window_line(f, i);
    const struct source *src = w ? transcript_source(f->window.transcript) : NULL;
    return w && src->moment(src->self, w->entry, out);
}

/* What was said, where the line only quotes it. */
static bool big_said(void *self, size_t i, struct span *out)
{
    struct logfile *f = self;
    if (told_torn(f, i) || i >= lines_of(f) || !lone_at(f, i))
        return false;
    *out = (struct span){buf_str(&f->lone.text), f->lone.text.len};
    return true;
}

/* The line that holds an offset; the index goes there first. */
static uint64_t line_at(struct logfile *f, size_t at)
{
    while (!f->done && f->index.bytes <= at)
        index_more(f, SLICE);
    return lineindex_at(&f->index, f->map.p, f->map.n, at);
}

static bool big_search(struct logfile *f, const struct search *s, size_t item, bool back,
                       size_t *hit)
{
    size_t at = 0, len, found;
    bool inside = start_of(f, item, &at);
    if (back) {
        if (!search_text_back(s, f->map.p, f->map.n, inside ? at : f->map.n, &found, &len))
            return false;
    } else {
        if (!inside && item != SIZE_MAX)
            return false;
        if (inside) {
            const char *lf = memchr(f->map.p + at, '\n', f->map.n - at);
            if (!lf)
                return false;
            at = (size_t)(lf - f->map.p) + 1;
        }
        if (!search_text(s, f->map.p, f->map.n, inside ? at : 0, &found, &len))
            return false;
    }
    *hit = (size_t)line_at(f, found);
    return true;
}

static bool big_find(void *self, const struct search *s, const struct place *from, bool back,
                     struct place *hit)
{
    hit->line = 0;
    return big_search(self, s, from->item, back, &hit->item);
}

static bool big_problem(void *self, size_t i, bool back, size_t *hit)
{
    struct logfile *f = self;
    struct item it;
    if (!f->problem) {
        char pattern[200], why[128];
        if (!logtext_problem(&f->kind, pattern, sizeof pattern))
            return false;
        f->problem = search_new(pattern, why, sizeof why);
    }
    /* A line of a log may hold such a number for other reasons. */
    for (unsigned tries = 0; f->problem && tries < 10000; tries++, i = *hit) {
        if (!big_search(f, f->problem, i, back, hit))
            return false;
        if (f->kind.dialect ||
            (big_item(f, *hit, &it) &&
             (it.mark == MARK_TEMP || it.mark == MARK_PERM || it.mark == MARK_WARN)))
            return true;
    }
    return false;
}

static uint64_t big_generation(void *self)
{
    struct logfile *f = self;
    return f->generation;
}

/* Everything that is not indexed yet, at once: for the end of the file (G). */
static void big_finish(void *self)
{
    struct logfile *f = self;
    index_more(f, f->map.n);
}

void logbig_open(struct logfile *f)
{
    f->source = (struct source){.self = f,
                                .count = big_count,
                                .item = big_item,
                                .line = big_line,
                                .moment = big_moment,
                                .find = big_find,
                                .problem = big_problem,
                                .said = big_said,
                                .generation = big_generation,
                                .finish = big_finish};
    lineindex_init(&f->index);
    buf_init_secret(&f->shown, LINE_SHOWN * 9);
    buf_init_secret(&f->plain_window, LINE_SHOWN);
    buf_init_secret(&f->lone.text, LINE_SHOWN);
    index_more(f, FIRST);
    if (!f->done && f->loop)
        f->idle = loop_idle(f->loop, on_idle, f);
}

void logbig_close(struct logfile *f)
{
    loop_drop(f->idle);
    search_free(f->problem);
    window_clear(&f->window);
    lineindex_clear(&f->index);
    buf_clear(&f->shown);
    buf_clear(&f->plain_window);
    buf_clear(&f->lone.text);
}
