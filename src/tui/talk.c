/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transcript pane: where one stands in it and how one moves. Nothing here walks over all items:
 * a source may have millions. The rows are talkrow.c's, the drawing talkdraw.c's. */
#include "heloscope/buf.h"
#include "heloscope/search.h"
#include "tui/talk_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct talk *talk_new(const struct source *src)
{
    struct talk *t = xcalloc(1, sizeof *t);
    t->src = src;
    t->sel = NO_ITEM;
    t->tail = true;
    t->w = 80;
    t->h = 1;
    t->digits = 2;
    t->annotate = ANNOTATE_NEWEST;
    talk_follow(t);
    return t;
}

void talk_free(struct talk *t)
{
    if (!t)
        return;
    search_free(t->search);
    free(t->flipped);
    free(t);
}

static size_t count(const struct talk *t)
{
    return t->src->count(t->src->self);
}

void talk_follow(struct talk *t)
{
    t->sel = talk_item_prev(t, count(t), false);
    uint64_t n = t->sel == NO_ITEM ? 0 : talk_lines(t, t->sel);
    t->sel_line = n > 0 ? n - 1 : 0;
    t->tail = true;
}

void talk_tail(struct talk *t)
{
    /* The user wants the end itself: of a big file the rest is looked through now. */
    if (t->src->finish)
        t->src->finish(t->src->self);
    talk_follow(t);
}

void talk_top(struct talk *t)
{
    t->sel = talk_item_next(t, 0, true);
    t->sel_line = 0;
    t->tail = false;
    t->top = (struct pos){t->sel == NO_ITEM ? 0 : t->sel, 0, 0};
}

void talk_update(struct ui *ui, struct talk *t)
{
    size_t n = count(t);
    ui->dirty = true;
    if (t->tail || t->sel == NO_ITEM || t->sel >= n)
        talk_follow(t);
}

/* After a move down: on the very last line it goes with the talk again. */
static void settle(struct talk *t)
{
    t->tail = t->sel != NO_ITEM && talk_item_next(t, t->sel, false) == NO_ITEM &&
              t->sel_line + 1 >= talk_lines(t, t->sel);
}

void talk_move(struct talk *t, int items)
{
    if (t->sel == NO_ITEM) {
        talk_follow(t);
        return;
    }
    t->tail = false;
    for (; items > 0; items--) {
        uint64_t n = talk_lines(t, t->sel);
        if (t->sel_line + 1 < n) {
            t->sel_line++;
            continue;
        }
        size_t next = talk_item_next(t, t->sel, false);
        if (next == NO_ITEM)
            break;
        t->sel = next;
        t->sel_line = 0;
    }
    for (; items < 0; items++) {
        if (t->sel_line > 0) {
            t->sel_line--;
            continue;
        }
        size_t before = talk_item_prev(t, t->sel, false);
        if (before == NO_ITEM)
            break;
        uint64_t n = talk_lines(t, before);
        t->sel = before;
        t->sel_line = n > 0 ? n - 1 : 0;
    }
    settle(t);
}

void talk_scroll(struct talk *t, int pages)
{
    if (t->sel == NO_ITEM)
        return;
    /* One row stays in sight, so that the eye finds its place again. */
    int step = t->h > 1 ? t->h - 1 : 1;
    for (; pages != 0; pages += pages > 0 ? -1 : 1) {
        struct pos top = t->top;
        talk_rows_move(t, &top, pages > 0 ? step : -step);
        if (pages > 0) {
            /* Not past the end: the last row stays at the bottom. */
            struct pos bottom = top;
            if (talk_rows_move(t, &bottom, t->h - 1) > 0) {
                talk_follow(t);
                return;
            }
        }
        t->top = top;
    }
    /* The selection comes along: it is the first of what is in view (down: the last). */
    t->tail = false;
    struct pos p = t->top, end = t->top;
    if (p.row > 0) {
        struct pos q = p;
        struct block b;
        if (talk_block(t, p.item, p.line, &b) && talk_rows_move(t, &q, b.rows - p.row) == 0)
            p = q;
    }
    talk_rows_move(t, &end, t->h - 1);
    if (t->sel < p.item || (t->sel == p.item && t->sel_line < p.line)) {
        t->sel = p.item;
        t->sel_line = p.line;
    } else if (t->sel > end.item || (t->sel == end.item && t->sel_line > end.line)) {
        struct block b;
        /* The last line that is wholly in view. */
        if (talk_block(t, end.item, end.line, &b) && end.row + 1 < b.rows) {
            struct pos q = {end.item, end.line, 0};
            if (talk_rows_move(t, &q, -1) == 0 &&
                (q.item > p.item || (q.item == p.item && q.line >= p.line)))
                end = q;
        }
        t->sel = end.item;
        t->sel_line = end.line;
    }
    settle(t);
    if (t->tail && pages <= 0) {
        /* Everything fits: there is nothing to scroll, stay with the talk. */
        struct pos q = t->top;
        t->tail = talk_rows_move(t, &q, t->h) > 0;
    }
}

static bool before(const struct pos *a, const struct pos *b)
{
    if (a->item != b->item)
        return a->item < b->item;
    return a->line != b->line ? a->line < b->line : a->row < b->row;
}

/* What was just unfolded comes into view: its end, or where it is taller than the pane its
 * beginning at the top. */
static void reveal(struct talk *t)
{
    struct pos begin = {t->sel, 0, 0}, top = begin;
    struct block b;
    uint64_t n = talk_lines(t, t->sel);
    if (n <= 1 || t->h <= 0)
        return;
    if (n <= (uint64_t)t->h) {
        top.line = n - 1;
        if (talk_block(t, top.item, top.line, &b))
            top.row = b.rows - 1;
        talk_rows_move(t, &top, 1 - t->h);
        if (before(&begin, &top))
            top = begin;
    }
    if (before(&t->top, &top))
        t->top = top;
}

void talk_fold(struct talk *t)
{
    struct item it;
    if (t->sel == NO_ITEM || !t->src->item(t->src->self, t->sel, &it) || it.lines <= 1)
        return;
    size_t i = 0;
    while (i < t->nflipped && t->flipped[i] < t->sel)
        i++;
    if (i < t->nflipped && t->flipped[i] == t->sel) {
        memmove(t->flipped + i, t->flipped + i + 1, (t->nflipped - i - 1) * sizeof *t->flipped);
        t->nflipped--;
    } else {
        if (t->nflipped == t->room) {
            t->room = t->room ? t->room * 2 : 16;
            t->flipped = xrealloc(t->flipped, t->room * sizeof *t->flipped);
        }
        memmove(t->flipped + i + 1, t->flipped + i, (t->nflipped - i) * sizeof *t->flipped);
        t->flipped[i] = t->sel;
        t->nflipped++;
    }
    /* One begins to read at the beginning, also on the tail. */
    t->sel_line = 0;
    if (t->top.item == t->sel)
        t->top.line = 0, t->top.row = 0;
    reveal(t);
    settle(t);
}

static void go(struct talk *t, size_t item, uint64_t line)
{
    struct item it;
    t->sel = item;
    t->sel_line = 0;
    if (line > 0 && t->src->item(t->src->self, item, &it) && talk_folded(t, item, &it))
        talk_fold(t);
    t->sel_line = line;
    settle(t);
}

static bool shown(struct talk *t, size_t item)
{
    return talk_item_next(t, item, true) == item;
}

void talk_select(struct talk *t, size_t item)
{
    if (item >= count(t))
        return;
    if (!shown(t, item))
        t->filter = FILTER_ALL;
    go(t, item, 0);
}

bool talk_problem(struct talk *t, bool back)
{
    size_t at = t->sel, hit;
    if (at == NO_ITEM)
        return false;
    for (int tries = 0; tries < 1000 && t->src->problem(t->src->self, at, back, &hit); tries++) {
        if (shown(t, hit)) {
            go(t, hit, 0);
            return true;
        }
        at = hit;
    }
    return false;
}

bool talk_search(struct talk *t, const char *pattern, bool back, char *why, size_t size)
{
    if (size)
        why[0] = 0;
    if (pattern) {
        struct search *s = NULL;
        if (*pattern && !(s = search_new(pattern, why, size)))
            return false;
        search_free(t->search);
        t->search = s;
        if (!s)
            return true;
    }
    if (!t->search) {
        snprintf(why, size, "nothing was searched for yet: / and a word or a pattern");
        return false;
    }
    size_t n = count(t);
    struct place from = {t->sel == NO_ITEM ? 0 : t->sel, t->sel_line}, hit;
    bool found = n > 0 && t->src->find(t->src->self, t->search, &from, back, &hit), wrapped = false;
    if (!found && n > 0) {
        /* Round the corner: the very first line is no place after any other, so it is looked at by
         * itself. */
        struct place corner = {back ? n : 0, 0};
        struct span first;
        size_t at, len;
        wrapped = true;
        if (!back && t->src->line(t->src->self, 0, 0, &first) &&
            search_text(t->search, first.p, first.n, 0, &at, &len)) {
            hit = corner;
            found = true;
        } else {
            found = t->src->find(t->src->self, t->search, &corner, back, &hit);
        }
    }
    if (!found) {
        snprintf(why, size, "not found: %.200s", search_pattern(t->search));
        return false;
    }
    if (!shown(t, hit.item)) {
        t->filter = FILTER_ALL;
        snprintf(why, size, "the filter is off: what was found was hidden by it");
    } else if (wrapped) {
        snprintf(why, size, back ? "searched on from the end" : "searched on from the beginning");
    }
    go(t, hit.item, hit.line);
    return true;
}

void talk_filter(struct talk *t, enum filter f)
{
    t->filter = f;
    if (t->sel == NO_ITEM || t->tail) {
        talk_follow(t);
        return;
    }
    size_t keep = talk_item_next(t, t->sel, true);
    if (keep == NO_ITEM) {
        talk_follow(t);
        return;
    }
    if (keep != t->sel)
        t->sel_line = 0;
    t->sel = keep;
    t->top = (struct pos){keep, t->sel_line, 0};
    talk_rows_move(t, &t->top, -(t->h / 2));
    settle(t);
}

enum filter talk_filtered(const struct talk *t)
{
    return t->filter;
}

size_t talk_selected(const struct talk *t)
{
    return t->sel;
}

bool talk_on_tail(const struct talk *t)
{
    return t->tail;
}

void talk_copy(struct talk *t, struct buf *out)
{
    struct item it;
    struct span s;
    if (t->sel == NO_ITEM || !t->src->item(t->src->self, t->sel, &it))
        return;
    for (uint64_t k = 0; k < it.lines; k++) {
        if (!t->src->line(t->src->self, t->sel, k, &s))
            return;
        if (it.stuffed && k > 0 && s.n > 1 && s.p[0] == '.')
            s.p++, s.n--;
        if ((k > 0 && !buf_add_char(out, '\n')) || !buf_add(out, s.p, s.n))
            return; /* the ceiling; the caller sees it in out->len */
    }
}
