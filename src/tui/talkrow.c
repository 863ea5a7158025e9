/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands on which row of the transcript: wrapping, folding, notes, and the walk from row to
 * row. Looks only at the items near the place it is asked for. */
#include "tui/talk_priv.h"
#include "tui/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool passes(struct talk *t, size_t i)
{
    struct item it;
    if (t->filter == FILTER_ALL)
        return true;
    if (!t->src->item(t->src->self, i, &it))
        return false;
    switch (t->filter) {
    case FILTER_PROBLEMS:
        return it.mark == MARK_TEMP || it.mark == MARK_PERM || it.mark == MARK_WARN;
    case FILTER_TALK:
        return it.kind != ITEM_EVENT;
    case FILTER_CLIENT:
        return it.kind == ITEM_CLIENT;
    default:
        return true;
    }
}

size_t talk_item_next(struct talk *t, size_t item, bool at)
{
    size_t n = t->src->count(t->src->self), hit;
    if (!at)
        item++;
    if (item < n && passes(t, item))
        return item;
    /* The source has an index of its problems; the other filters hide little that stands together.
     */
    if (t->filter == FILTER_PROBLEMS)
        return item < n && t->src->problem(t->src->self, item, false, &hit) ? hit : NO_ITEM;
    for (size_t k = 0; item < n && k < SKIP_MAX; item++, k++)
        if (passes(t, item))
            return item;
    return NO_ITEM;
}

size_t talk_item_prev(struct talk *t, size_t item, bool at)
{
    size_t n = t->src->count(t->src->self), hit;
    if (n == 0)
        return NO_ITEM;
    if (item > n)
        item = n;
    if (at && item < n && passes(t, item))
        return item;
    if (t->filter == FILTER_PROBLEMS)
        return t->src->problem(t->src->self, item, true, &hit) ? hit : NO_ITEM;
    for (size_t k = 0; item > 0 && k < SKIP_MAX; k++)
        if (passes(t, --item))
            return item;
    return NO_ITEM;
}

static bool flipped(const struct talk *t, size_t item)
{
    size_t lo = 0, hi = t->nflipped;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->flipped[mid] < item)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->nflipped && t->flipped[lo] == item;
}

bool talk_folded(struct talk *t, size_t item, const struct item *it)
{
    if (it->lines <= 1)
        return false;
    bool refusal = it->kind == ITEM_SERVER && (it->mark == MARK_TEMP || it->mark == MARK_PERM);
    /* What we say ourselves is short and meant to be read; so is a refusal. */
    bool usual = !(refusal && it->lines <= UNFOLDED_LINES) &&
                 !(it->kind == ITEM_EVENT && it->lines <= 2 * UNFOLDED_LINES);
    return usual != flipped(t, item);
}

uint64_t talk_lines(struct talk *t, size_t item)
{
    struct item it;
    if (!t->src->item(t->src->self, item, &it))
        return 0;
    return it.lines > 1 && !talk_folded(t, item, &it) ? it.lines : 1;
}

enum role talk_role(const struct item *it)
{
    if (it->mark == MARK_WARN)
        return ROLE_WARNING;
    if (it->kind == ITEM_CLIENT)
        return ROLE_CLIENT;
    if (it->kind == ITEM_EVENT)
        return it->mark == MARK_TEMP || it->mark == MARK_PERM ? ROLE_WARNING : ROLE_EVENT;
    switch (it->mark) {
    case MARK_OK:
        return ROLE_SERVER_OK;
    case MARK_GO:
        return ROLE_SERVER_MORE;
    case MARK_TEMP:
        return ROLE_SERVER_TMP;
    case MARK_PERM:
        return ROLE_SERVER_PERM;
    default:
        return ROLE_TEXT;
    }
}

/* The last reply of the server, looked for near the end only. */
static size_t newest_reply(struct talk *t)
{
    uint64_t now = t->src->generation(t->src->self);
    if (t->seen_any && t->seen == now)
        return t->newest;
    size_t n = t->src->count(t->src->self);
    t->newest = NO_ITEM;
    for (size_t k = 0; k < 32 && k < n && t->newest == NO_ITEM; k++) {
        struct item it;
        if (t->src->item(t->src->self, n - 1 - k, &it) && it.kind == ITEM_SERVER)
            t->newest = n - 1 - k;
    }
    t->seen = now;
    t->seen_any = true;
    return t->newest;
}

static bool note_wanted(struct talk *t, size_t i, const struct item *it)
{
    switch (t->annotate) {
    case ANNOTATE_NONE:
        return false;
    case ANNOTATE_NEWEST:
        return it->mark == MARK_TEMP || it->mark == MARK_PERM || it->mark == MARK_WARN ||
               i == newest_reply(t);
    default:
        return true;
    }
}

static void make_notes(struct talk *t, struct block *b)
{
    if (t->present && t->annotate == ANNOTATE_NONE)
        return;
    if (b->it.remark && *b->it.remark)
        snprintf(b->notes[b->nnotes++], sizeof b->notes[0], "%s", b->it.remark);
    struct moment m;
    struct explanation e;
    bool text = b->it.kind == ITEM_TEXT;
    if ((text && b->it.mark == MARK_NONE) || b->it.open || !note_wanted(t, b->item, &b->it) ||
        !know_item(t->src, b->item, &b->it, text, &m, &e))
        return;
    /* Of what nobody replied there is no gutter, but a cause. */
    const char *words = e.gutter && *e.gutter ? e.gutter : text ? e.what : NULL;
    if (words && *words)
        snprintf(b->notes[b->nnotes++], sizeof b->notes[0], "%s", words);
}

/* ANNOTATE_RAW: every octet outside printable ASCII by its number, and the line end. */
static struct span escaped(const struct span *s, unsigned notes, bool ends)
{
    static char room[SHOWN_MAX * 4 + 16];
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        unsigned char c = (unsigned char)s->p[i];
        if (c >= 0x20 && c < 0x7f)
            room[n++] = (char)c;
        else
            n += (size_t)snprintf(room + n, 5, "<%02X>", c);
    }
    if (ends)
        n += (size_t)snprintf(room + n, 9, "%s", notes & NOTE_BARE_LF ? "<LF>" : "<CR><LF>");
    return (struct span){room, n};
}

static void make_tag(struct talk *t, struct block *b)
{
    struct item next;
    char *p = b->tag, *end = b->tag + sizeof b->tag;
    bool wide = t->w >= 70;
    if (b->line > 0)
        return;
    /* What an EHLO brought stands beside the EHLO, where there is room for it. */
    if (b->it.kind == ITEM_CLIENT && t->src->item(t->src->self, b->item + 1, &next) &&
        next.kind == ITEM_SERVER && (next.caps_new || next.caps_gone || next.caps_changed)) {
        p += snprintf(p, (size_t)(end - p), "caps:");
        if (next.caps_new)
            p += snprintf(p, (size_t)(end - p), " +%d", next.caps_new);
        if (next.caps_gone)
            p += snprintf(p, (size_t)(end - p), " -%d", next.caps_gone);
        if (next.caps_changed)
            p += snprintf(p, (size_t)(end - p), " ~%d", next.caps_changed);
    }
    if (b->folded)
        p += snprintf(p, (size_t)(end - p),
                      t->w >= 50 ? "[+%" PRIu64 " line%s%s]" : "[+%" PRIu64 "]", b->it.lines - 1,
                      b->it.lines == 2 ? "" : "s", b->it.open ? " ..." : "");
    if (wide && b->it.kind == ITEM_SERVER && b->it.took_us > 0) {
        char ms[16];
        if (b->it.took_us < 100)
            snprintf(ms, sizeof ms, "<0.1 ms");
        else if (b->it.took_us < 10000)
            snprintf(ms, sizeof ms, "%.1f ms", b->it.took_us / 1000.0);
        else if (b->it.took_us < 10000000)
            snprintf(ms, sizeof ms, "%u ms", (b->it.took_us + 500) / 1000);
        else
            snprintf(ms, sizeof ms, "%u s", (b->it.took_us + 500000) / 1000000);
        snprintf(p, (size_t)(end - p), "%s%8s", p > b->tag ? " " : "", ms);
    }
}

bool talk_block(struct talk *t, size_t item, uint64_t line, struct block *b)
{
    memset(b, 0, offsetof(struct block, notes));
    b->nnotes = 0;
    b->item = item;
    if (item == NO_ITEM || !t->src->item(t->src->self, item, &b->it))
        return false;
    b->folded = talk_folded(t, item, &b->it);
    b->lines = b->folded || b->it.lines < 1 ? 1 : b->it.lines;
    b->line = line < b->lines ? line : b->lines - 1;
    b->last = b->line + 1 >= b->lines;
    if (!t->src->line(t->src->self, item, b->line, &b->text))
        b->text = (struct span){"", 0};
    if (b->text.n > SHOWN_MAX) {
        b->hidden = b->text.n - SHOWN_MAX;
        b->text.n = SHOWN_MAX;
    }
    bool raw =
        t->annotate == ANNOTATE_RAW && (b->it.kind == ITEM_CLIENT || b->it.kind == ITEM_SERVER);
    /* The dot that protects a leading dot is not part of the letter (RFC 5321 4.5.2); the lone one
     * ends it. */
    if (b->it.stuffed && b->line > 0 && !raw && b->text.n > 1 && b->text.p[0] == '.') {
        b->text.p++;
        b->text.n--;
    }
    if (raw)
        b->text = escaped(&b->text, b->it.notes, !b->hidden);
    b->x = b->it.kind == ITEM_TEXT ? 2 : t->digits + 7;
    b->w = t->w - b->x - 1;
    if (b->w < 8)
        b->w = 8;
    make_tag(t, b);
    b->first_w = b->w - (b->tag[0] ? (int)strlen(b->tag) + 1 : 0);
    if (b->first_w < 8) {
        b->first_w = b->w;
        b->tag[0] = 0;
    }
    b->text_rows = 1;
    if (!b->folded) {
        size_t at = text_fit(b->text.p, b->text.n, b->first_w, true, NULL);
        for (; at < b->text.n; b->text_rows++) {
            while (at < b->text.n && b->text.p[at] == ' ')
                at++;
            at += text_fit(b->text.p + at, b->text.n - at, b->w, true, NULL);
        }
        b->text_rows += b->hidden ? 1 : 0;
    }
    if (b->last)
        make_notes(t, b);
    b->rows = b->text_rows + b->nnotes;
    return true;
}

int talk_rows_move(struct talk *t, struct pos *p, int rows)
{
    struct block b;
    while (rows > 0) {
        if (!talk_block(t, p->item, p->line, &b))
            return rows;
        if (p->row + rows < b.rows) {
            p->row += rows;
            return 0;
        }
        struct pos next = *p;
        next.row = 0;
        if (!b.last) {
            next.line = b.line + 1;
        } else {
            next.item = talk_item_next(t, p->item, false);
            next.line = 0;
            if (next.item == NO_ITEM) {
                rows -= b.rows - 1 - p->row;
                p->row = b.rows - 1;
                return rows;
            }
        }
        rows -= b.rows - p->row;
        *p = next;
    }
    while (rows < 0) {
        if (p->row + rows >= 0) {
            p->row += rows;
            return 0;
        }
        rows += p->row;
        p->row = 0;
        if (rows == 0)
            return 0;
        struct pos before = *p;
        if (p->line > 0) {
            before.line--;
        } else {
            before.item = talk_item_prev(t, p->item, false);
            if (before.item == NO_ITEM)
                return rows;
            uint64_t n = talk_lines(t, before.item);
            before.line = n > 0 ? n - 1 : 0;
        }
        if (!talk_block(t, before.item, before.line, &b))
            return rows;
        before.row = b.rows - 1;
        *p = before;
        rows++;
    }
    return 0;
}

/* Is the place `want` in the rows from t->top on? Its rows are counted from there; -1: above or too
 * far below. */
static int row_of(struct talk *t, size_t item, uint64_t line)
{
    struct pos p = t->top;
    struct block b;
    int y = -p.row;
    if (item < p.item || (item == p.item && line < p.line))
        return -1;
    while (y < t->h) {
        if (p.item == item && p.line == line)
            return y < 0 ? -1 : y;
        if (!talk_block(t, p.item, p.line, &b))
            return -1;
        y += b.rows;
        if (!b.last) {
            p.line = b.line + 1;
        } else {
            p.item = talk_item_next(t, p.item, false);
            p.line = 0;
            if (p.item == NO_ITEM)
                return -1;
        }
    }
    return -1;
}

void talk_show(struct talk *t)
{
    struct block b;
    if (t->sel == NO_ITEM || t->h <= 0 || !talk_block(t, t->sel, t->sel_line, &b))
        return;
    t->sel_line = b.line;
    int y = row_of(t, t->sel, t->sel_line);
    if (y >= 0 && (y + b.rows <= t->h || y == 0) && !t->tail)
        return;
    if (!t->tail &&
        (t->sel < t->top.item || (t->sel == t->top.item && t->sel_line <= t->top.line))) {
        t->top = (struct pos){t->sel, t->sel_line, 0};
        return;
    }
    /* Its last row becomes the last of the view; where it is taller than that, its first row stays
     * in sight. */
    struct pos p = {t->sel, t->sel_line, b.rows - 1};
    if (b.rows > t->h && !t->tail)
        p.row = t->h - 1;
    talk_rows_move(t, &p, -(t->h - 1));
    t->top = p;
}
