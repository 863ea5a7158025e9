/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing the transcript: one row is mark, number, who speaks, the reply's mark, text, and at the
 * right what belongs beside it. Letter, mark and colour all say the same, so that none of them is
 * needed alone. */
#include "heloscope/frame.h"
#include "heloscope/search.h"
#include "tui/talk_priv.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <stdio.h>
#include <string.h>

static void recolor(int y, int x, int n, enum role r, unsigned long more)
{
    unsigned long attrs;
    short pair;
    theme_role(r, &attrs, &pair);
    if (n > 0)
        mvchgat(y, x, n, (attr_t)(attrs | more), pair, NULL);
}

/* Search matches within the part [from, to) of a line that stands at y, x. */
static void draw_matches(struct talk *t, const struct span *line, size_t from, size_t to, int y,
                         int x)
{
    size_t at = 0, hit, len;
    int guard = 0;
    while (at <= line->n && guard++ < 500 &&
           search_text(t->search, line->p, line->n, at, &hit, &len)) {
        size_t a = hit > from ? hit : from, b = hit + len < to ? hit + len : to;
        if (hit >= to)
            break;
        if (a < b)
            recolor(y, x + text_width(line->p + from, a - from), text_width(line->p + a, b - a),
                    ROLE_MATCH, 0);
        at = hit + (len ? len : 1);
    }
}

/* A run of stars is where a secret was. */
static void draw_secret(const struct span *line, size_t from, size_t to, int y, int x)
{
    for (size_t i = from; i + 4 <= to; i++) {
        size_t n = 0;
        while (i + n < to && line->p[i + n] == '*')
            n++;
        if (n >= 4)
            recolor(y, x + text_width(line->p + from, i - from), (int)n, ROLE_SECRET, 0);
        i += n;
    }
}

static void draw_head(struct talk *t, const struct block *b, int y, int x, bool selected)
{
    enum role role = talk_role(&b->it);
    if (selected)
        text_puts(y, x, 1, ROLE_SELECTION, ">");
    if (b->it.kind == ITEM_TEXT && b->it.mark != MARK_NONE) /* it quotes a reply */
        text_putf(y, x + 1, 1, role, "%c", item_mark_char(b->it.mark));
    if (b->line > 0 || b->it.kind == ITEM_TEXT)
        return;
    if (b->it.kind == ITEM_CLIENT && b->it.exchange > 0)
        text_putf(y, x + 1, t->digits, ROLE_DIM, "%*u", t->digits, (unsigned)b->it.exchange);
    int at = x + t->digits + 2;
    /* In one piece with the text behind it: each change of attributes costs a dozen bytes. */
    char mark =
        b->it.mark == MARK_NONE || b->it.mark == MARK_EVENT ? ' ' : item_mark_char(b->it.mark);
    const char *who = b->it.kind == ITEM_EVENT ? "--" : b->it.kind == ITEM_CLIENT ? "C:" : "S:";
    text_putf(y, at, 5, role, "%s %c ", who, mark);
}

/* The rows of one line from `row` on; returns how many were drawn. */
static int draw_block(struct talk *t, const struct block *b, int row, int y, int x, int room,
                      bool selected)
{
    enum role role = b->line > 0 ? ROLE_TEXT : talk_role(&b->it);
    size_t at = 0;
    int drawn = 0, head = x + b->x;
    for (int r = 0; r < b->text_rows && drawn < room; r++) {
        int w = r == 0 ? b->first_w : b->w, cols;
        while (r > 0 && at < b->text.n && b->text.p[at] == ' ')
            at++;
        bool rest = b->hidden && r == b->text_rows - 1 && !b->folded;
        size_t n = rest        ? 0
                   : b->folded ? b->text.n
                               : text_fit(b->text.p + at, b->text.n - at, w, true, NULL);
        if (r < row) {
            at += n;
            continue;
        }
        if (rest) {
            text_putf(y + drawn, head, w, ROLE_DIM, "[+%zu octets of this line]", b->hidden);
            drawn++;
            continue;
        }
        cols = text_cut(y + drawn, head, w, role, b->text.p + at, n);
        if (b->it.notes & NOTE_MASKED)
            draw_secret(&b->text, at, at + n, y + drawn, head);
        if (t->search && t->annotate != ANNOTATE_RAW)
            draw_matches(t, &b->text, at, at + n, y + drawn, head);
        if (r == 0) {
            draw_head(t, b, y + drawn, x, selected);
            if (b->tag[0])
                text_puts(y + drawn, x + t->w - 1 - (int)strlen(b->tag), t->w, ROLE_DIM, b->tag);
            if (selected) {
                /* Who speaks and the first word, not the whole row: over ssh a move of the
                 * selection is felt by its bytes, and the mark in the first column says it once
                 * more. */
                size_t word = 0;
                while (word < n && b->text.p[at + word] != ' ')
                    word++;
                int reach = text_width(b->text.p + at, word);
                int from = b->it.kind == ITEM_TEXT || b->line > 0 ? head : x + t->digits + 2;
                if (reach > cols)
                    reach = cols;
                recolor(y + drawn, from, head + (reach > 0 ? reach : 1) - from, role, A_REVERSE);
                t->cursor_y = y + drawn;
                t->cursor_x = x;
            }
        }
        at += n;
        drawn++;
    }
    for (int i = 0; i < b->nnotes && drawn < room; i++) {
        if (b->text_rows + i < row)
            continue;
        int bar = b->it.kind == ITEM_TEXT ? x + 1 : head - 1;
        text_puts(y + drawn, bar, 1, ROLE_NOTE, "|");
        text_cut(y + drawn, bar + 2, x + t->w - bar - 3, ROLE_NOTE, b->notes[i],
                 strlen(b->notes[i]));
        drawn++;
    }
    return drawn;
}

static int digits_of(struct talk *t)
{
    struct item it;
    size_t n = t->src->count(t->src->self);
    int digits = 2;
    /* The last command's number is the highest. */
    for (size_t k = 0; k < 8 && k < n; k++)
        if (t->src->item(t->src->self, n - 1 - k, &it) && it.exchange > 0) {
            for (uint32_t v = it.exchange; v >= 100; v /= 10)
                digits++;
            if (digits > t->digits)
                t->digits = digits;
            break;
        }
    return t->digits;
}

void talk_draw(struct ui *ui, struct talk *t, struct rect r)
{
    static const char *const filters[] = {"", "only problems", "only the talk",
                                          "only what you said"};
    struct block b;
    if (r.h <= 0 || r.w < 8)
        return;
    t->w = r.w;
    t->h = r.h;
    t->annotate = ui->annotate;
    t->present = ui->present;
    t->cursor_y = r.y;
    t->cursor_x = r.x;
    digits_of(t);
    if (t->tail)
        talk_follow(t);
    if (t->sel == NO_ITEM) {
        if (t->filter == FILTER_ALL)
            text_puts(r.y, r.x + 2, r.w - 2, ROLE_DIM, "nothing has been said yet");
        else
            text_putf(r.y, r.x + 2, r.w - 2, ROLE_DIM,
                      "nothing passes the filter (%s); f: the next one", filters[t->filter]);
        return;
    }
    talk_show(t);
    struct pos p = t->top;
    for (int y = 0; y < r.h;) {
        if (!talk_block(t, p.item, p.line, &b))
            break;
        bool selected = p.item == t->sel && b.line == t->sel_line;
        int drawn = draw_block(t, &b, p.row, r.y + y, r.x, r.h - y, selected);
        y += drawn;
        if (drawn == 0 && p.row < b.rows)
            break;
        p.row = 0;
        if (!b.last) {
            p.line = b.line + 1;
        } else {
            p.item = talk_item_next(t, p.item, false);
            p.line = 0;
            if (p.item == NO_ITEM)
                break;
        }
    }
}

void talk_cursor(const struct talk *t, int *y, int *x)
{
    *y = t->cursor_y;
    *x = t->cursor_x;
}
