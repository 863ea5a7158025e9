/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live transcript. Each entry owns its text, so that a reply still coming in stays one piece
 * while other entries come between (a command typed during a long RETR). Long texts get a sparse
 * line index. Masking is the caller's (session.c), before anything comes here. */
#include "heloscope/transcript.h"

#include "heloscope/buf.h"
#include "heloscope/search.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INDEX_FROM 4096 /* octets from which a text gets a line index */
#define DEFAULT_MAX ((size_t)1 << 30)

struct entry {
    struct item item;
    struct moment moment;
    char *remark;
    char *p;
    size_t len, cap;
    struct lineindex index;
    bool indexed;
    bool full; /* the ceiling was reached in this entry: what follows is only counted */
};

struct transcript {
    struct entry *rows; /* rows[0] is entry `base` */
    size_t n, cap;      /* n: entries in all */
    size_t base, gone;  /* entries below base have no row; rows below `gone` are empty */
    size_t max;
    uint64_t kept, dropped, generation;
    struct source source;
};

static struct entry *entry_at(struct transcript *t, size_t i)
{
    return i >= t->gone && i < t->n ? &t->rows[i - t->base] : NULL;
}

/* ---- the questions of source.h ---- */

static size_t live_count(void *self)
{
    return ((struct transcript *)self)->n;
}

static uint64_t entry_lines(const struct entry *e)
{
    uint64_t whole = 0;
    if (e->len == 0)
        return 1;
    if (e->indexed) {
        whole = e->index.lines;
    } else {
        const char *end = e->p + e->len;
        for (const char *p = e->p; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
            whole++;
    }
    return whole + (e->p[e->len - 1] != '\n');
}

static bool live_item(void *self, size_t i, struct item *out)
{
    const struct entry *e = entry_at(self, i);
    if (!e)
        return false;
    *out = e->item;
    out->lines = entry_lines(e);
    out->remark = e->remark;
    return true;
}

static bool short_line(const struct entry *e, uint64_t k, struct span *out)
{
    const char *p = e->p;
    const char *end = p + e->len;
    for (; p < end; k--) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (k == 0) {
            out->p = p;
            out->n = (size_t)((lf ? lf : end) - p);
            if (lf && out->n > 0 && p[out->n - 1] == '\r')
                out->n--;
            return true;
        }
        if (!lf)
            return false;
        p = lf + 1;
    }
    return false;
}

static bool live_line(void *self, size_t i, uint64_t k, struct span *out)
{
    const struct entry *e = entry_at(self, i);
    if (!e)
        return false;
    if (e->len == 0) {
        out->p = "";
        out->n = 0;
        return k == 0;
    }
    if (e->indexed)
        return lineindex_line(&e->index, e->p, e->len, k, &out->p, &out->n);
    return short_line(e, k, out);
}

static bool live_moment(void *self, size_t i, struct moment *out)
{
    const struct entry *e = entry_at(self, i);
    if (!e)
        return false;
    *out = e->moment;
    return true;
}

/* The line that holds an offset, and the offset of a line, for short and long texts alike. */
static uint64_t line_of(const struct entry *e, size_t offset)
{
    if (e->indexed)
        return lineindex_at(&e->index, e->p, e->len, offset);
    uint64_t line = 0;
    for (size_t i = 0; i < offset; i++)
        line += e->p[i] == '\n';
    return line;
}

static size_t offset_of(struct transcript *t, size_t i, uint64_t line)
{
    struct span s;
    const struct entry *e = &t->rows[i - t->base];
    return e->len && live_line(t, i, line, &s) ? (size_t)(s.p - e->p) : e->len;
}

static bool live_find(void *self, const struct search *s, const struct place *from, bool back,
                      struct place *hit)
{
    struct transcript *t = self;
    size_t at, len;
    if (t->n == 0)
        return false;
    if (t->n == t->gone)
        return false;
    bool inside = from->item >= t->gone && from->item < t->n;
    size_t i = inside ? from->item : t->n - 1;
    if (!back) {
        size_t start = inside ? offset_of(t, i, from->line + 1) : t->rows[i - t->base].len;
        for (; i < t->n; i++, start = 0) {
            const struct entry *e = &t->rows[i - t->base];
            if (e->len > start && search_text(s, e->p, e->len, start, &at, &len)) {
                *hit = (struct place){i, line_of(e, at)};
                return true;
            }
        }
        return false;
    }
    size_t stop = inside ? offset_of(t, i, from->line) : t->rows[i - t->base].len;
    for (;; i--) {
        const struct entry *e = &t->rows[i - t->base];
        if (stop > 0 && search_text_back(s, e->p, e->len, stop, &at, &len)) {
            *hit = (struct place){i, line_of(e, at)};
            return true;
        }
        if (i == t->gone)
            return false;
        stop = t->rows[i - 1 - t->base].len;
    }
}

static bool is_problem(enum item_mark m)
{
    return m == MARK_TEMP || m == MARK_PERM || m == MARK_WARN;
}

/* i may be (size_t)-1: looking forward from before the first item, back from behind the last. */
static bool live_problem(void *self, size_t i, bool back, size_t *hit)
{
    struct transcript *t = self;
    size_t k = back ? (i < t->n ? i : t->n) : i + 1;
    if (!back && k < t->gone)
        k = t->gone;
    while (back ? k-- > t->gone : k < t->n) {
        if (is_problem(t->rows[k - t->base].item.mark)) {
            *hit = k;
            return true;
        }
        k += !back;
    }
    return false;
}

static uint64_t live_generation(void *self)
{
    return ((struct transcript *)self)->generation;
}

/* ---- recording ---- */

struct transcript *transcript_new(size_t max)
{
    struct transcript *t = xcalloc(1, sizeof *t);
    t->max = max ? max : DEFAULT_MAX;
    t->source = (struct source){.self = t,
                                .count = live_count,
                                .item = live_item,
                                .line = live_line,
                                .moment = live_moment,
                                .find = live_find,
                                .problem = live_problem,
                                .generation = live_generation};
    return t;
}

static void entry_clear(struct entry *e)
{
    free(e->p);
    free(e->remark);
    lineindex_clear(&e->index);
}

void transcript_free(struct transcript *t)
{
    if (!t)
        return;
    for (size_t i = t->gone; i < t->n; i++)
        entry_clear(&t->rows[i - t->base]);
    free(t->rows);
    free(t);
}

void transcript_forget(struct transcript *t, size_t i)
{
    if (i > t->n)
        i = t->n;
    for (; t->gone < i && !t->rows[t->gone - t->base].item.open; t->gone++) {
        struct entry *e = &t->rows[t->gone - t->base];
        t->kept -= e->len;
        entry_clear(e);
    }
    if (t->gone - t->base >= 256 &&
        t->gone - t->base >= t->n - t->gone) { /* the empty rows go in one move */
        memmove(t->rows, t->rows + (t->gone - t->base), (t->n - t->gone) * sizeof *t->rows);
        t->base = t->gone;
    }
}

static int64_t wall_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void entry_append(struct transcript *t, struct entry *e, const char *bytes, size_t n)
{
    if (n == 0)
        return;
    if (e->full || t->kept + n > t->max) {
        /* From here on this entry is only counted; session.c says so aloud. */
        e->full = true;
        t->dropped += n;
        return;
    }
    if (e->len + n > e->cap) {
        size_t cap = e->cap + e->cap / 2;
        if (cap < e->len + n)
            cap = e->len + n;
        e->p = xrealloc(e->p, cap);
        e->cap = cap;
    }
    memcpy(e->p + e->len, bytes, n);
    e->len += n;
    t->kept += n;
    if (e->indexed) {
        lineindex_feed(&e->index, bytes, n);
    } else if (e->len >= INDEX_FROM) {
        lineindex_init(&e->index);
        lineindex_feed(&e->index, e->p, e->len);
        e->indexed = true;
    }
}

size_t transcript_add(struct transcript *t, enum item_kind kind, enum item_mark mark,
                      const struct moment *m, const char *text, size_t n, unsigned notes)
{
    if (t->n - t->base == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->rows = xrealloc(t->rows, t->cap * sizeof *t->rows);
    }
    struct entry *e = &t->rows[t->n - t->base];
    memset(e, 0, sizeof *e);
    if (m)
        e->moment = *m;
    e->item = (struct item){.kind = kind,
                            .mark = mark,
                            .notes = notes,
                            .open = kind == ITEM_SERVER,
                            .exchange = m && kind == ITEM_CLIENT ? m->exchange : 0,
                            .when_ms = wall_ms()};
    entry_append(t, e, text, n);
    t->generation++;
    return t->n++;
}

void transcript_more(struct transcript *t, size_t i, const char *bytes, size_t n, unsigned notes)
{
    struct entry *e = entry_at(t, i);
    if (!e)
        return;
    e->item.stuffed |= (notes & NOTE_STUFFED) != 0;
    e->item.notes |= notes & ~(unsigned)NOTE_STUFFED;
    entry_append(t, e, bytes, n);
    t->generation++;
}

void transcript_reopen(struct transcript *t, size_t i)
{
    struct entry *e = entry_at(t, i);
    if (e)
        e->item.open = true;
}

void transcript_close(struct transcript *t, size_t i, enum item_mark mark, const struct moment *m,
                      uint32_t took_us)
{
    struct entry *e = entry_at(t, i);
    if (!e)
        return;
    e->item.mark = mark;
    e->item.open = false;
    e->item.took_us = took_us;
    if (m)
        e->moment = *m;
    if (e->cap > e->len + 65536) { /* give back what was reserved for growing */
        e->p = xrealloc(e->p, e->len);
        e->cap = e->len;
    }
    t->generation++;
}

struct span transcript_text(const struct transcript *t, size_t i)
{
    const struct entry *e = entry_at((struct transcript *)t, i);
    return e && e->len ? (struct span){e->p, e->len} : (struct span){"", 0};
}

void transcript_cut(struct transcript *t, size_t i, size_t from, size_t n)
{
    struct entry *e = entry_at(t, i);
    if (!e || from > e->len || n > e->len - from || n == 0)
        return;
    memmove(e->p + from, e->p + from + n, e->len - from - n);
    e->len -= n;
    t->kept -= n;
    if (e->indexed) {
        lineindex_clear(&e->index);
        e->indexed = e->len >= INDEX_FROM;
        if (e->indexed)
            lineindex_feed(&e->index, e->p, e->len);
    }
    t->generation++;
}

void transcript_remark(struct transcript *t, size_t i, const char *text)
{
    struct entry *e = entry_at(t, i);
    if (!e)
        return;
    free(e->remark);
    e->remark = text && *text ? xstrdup(text) : NULL;
    t->generation++;
}

void transcript_caps(struct transcript *t, size_t i, int added, int gone, int changed)
{
    struct entry *e = entry_at(t, i);
    if (!e)
        return;
    e->item.caps_new = added;
    e->item.caps_gone = gone;
    e->item.caps_changed = changed;
    t->generation++;
}

void transcript_when(struct transcript *t, size_t i, int64_t ms)
{
    struct entry *e = entry_at(t, i);
    if (e)
        e->item.when_ms = ms;
}

size_t transcript_count(const struct transcript *t)
{
    return t->n;
}

uint64_t transcript_kept(const struct transcript *t)
{
    return t->kept;
}

uint64_t transcript_dropped(const struct transcript *t)
{
    return t->dropped;
}

const struct source *transcript_source(struct transcript *t)
{
    return &t->source;
}
