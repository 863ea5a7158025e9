/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A letter in its four views: two by two where there is room, else one below the other; with zoom
 * one of them alone. */
#include "tui/mail.h"
#include "tui/panes.h"
#include "tui/text.h"

#include <stdio.h>
#include <string.h>

enum {
    LABEL_COLS = 12,
    GRID_COLS = 120,
    GRID_ROWS = 20,
    VIEW_ROWS = 5, /* that the upper views get at least, with their title */
};

static void rule(struct rect r, bool focused, const char *left, const char *right)
{
    char line[512];
    enum role border = focused ? ROLE_FOCUS_BORDER : ROLE_BORDER;
    int n = r.w < (int)sizeof line ? r.w : (int)sizeof line, len = (int)strlen(right);
    memset(line, focused ? '=' : '-', (size_t)n); /* not by colour alone */
    text_put(r.y, r.x, r.w, border, line, (size_t)n);
    text_puts(r.y, r.x + 2, r.w - 4, ROLE_TITLE, left);
    if (r.w > len + text_width(left, strlen(left)) + 6)
        text_puts(r.y, r.x + r.w - len - 2, len, border, right);
}

/* Rows that a heading leaves free before it. */
static int gap(const struct mail_line *l)
{
    return l->kind == VIEWS_TITLE || l->kind == VIEWS_VIEW;
}

static int line_rows(const struct mail_line *l, int w)
{
    struct rect none = {0, 0, 0, w - (*l->label ? LABEL_COLS : 0)};
    int rows = text_wrap(none, 0, ROLE_TEXT, l->text, strlen(l->text));
    return (rows ? rows : 1) + gap(l);
}

static void line_draw(const struct mail_line *l, struct rect r, int skip)
{
    static const enum role roles[] = {ROLE_TITLE, ROLE_TEXT, ROLE_WARNING, ROLE_NOTE, ROLE_TITLE};
    if (gap(l) && skip == 0) {
        r.y++;
        r.h--;
    } else if (gap(l)) {
        skip--;
    }
    if (*l->label) {
        if (skip == 0 && r.h > 0)
            text_puts(r.y, r.x, LABEL_COLS - 1, ROLE_DIM, l->label);
        r.x += LABEL_COLS;
        r.w -= LABEL_COLS;
    }
    if (r.h > 0)
        text_wrap(r, skip, roles[l->kind], l->text, strlen(l->text));
}

/* Where the views stand; h 0: it is not shown. */
struct places {
    enum mail_shape shape;
    struct rect view[MAIL_VIEWS]; /* MAIL_STACKED: the first is for all */
    int divider;                  /* column, or 0 */
};

/* The rows of each line at the widths they have here. */
static void measure(struct mailview *m, const struct places *p, int w)
{
    if (m->width == w && m->shape == p->shape)
        return;
    m->stack.rows = 0;
    for (int v = 0; v < MAIL_VIEWS; v++)
        m->view[v].rows = 0;
    for (size_t i = 0; i < m->nlines; i++) {
        struct mail_line *l = &m->lines[i];
        bool stacked = p->shape == MAIL_STACKED;
        int cols = p->view[stacked ? 0 : l->view].w - 2;
        l->rows = !stacked && l->kind == VIEWS_VIEW ? 0 : line_rows(l, cols < 14 ? 14 : cols);
        m->view[l->view].rows += l->rows;
        m->stack.rows += l->rows;
    }
    m->width = w;
    m->shape = p->shape;
}

static void window(struct mailview *m, struct rect r, int view, bool focused, const char *left)
{
    struct mail_pane *p = view < 0 ? &m->stack : &m->view[view];
    struct rect in = {r.y + 1, r.x + 1, r.h - 1, r.w - 2};
    char right[64];
    if (r.h <= 0)
        return;
    int most = p->rows - in.h;
    p->h = in.h;
    p->scroll = p->scroll > most ? most : p->scroll;
    p->scroll = p->scroll < 0 ? 0 : p->scroll;
    snprintf(right, sizeof right, "[ %d-%d/%d ]", p->rows ? p->scroll + 1 : 0,
             p->scroll + in.h < p->rows ? p->scroll + in.h : p->rows, p->rows);
    rule(r, focused, left, right);
    int at = -p->scroll, above = 0;
    for (size_t i = 0; i < m->nlines && at < in.h; i++) {
        const struct mail_line *l = &m->lines[i];
        if (view >= 0 && l->view != view)
            continue;
        if (l->kind == VIEWS_VIEW && at <= 0)
            above = l->view;
        if (l->rows > 0 && at + l->rows > 0) {
            int skip = at < 0 ? -at : 0, y = at < 0 ? 0 : at;
            line_draw(l, (struct rect){in.y + y, in.x, in.h - y, in.w}, skip);
        }
        at += l->rows;
    }
    if (view < 0 && m->scrolled)
        m->at = above;
    m->scrolled = false;
}

/* "[ 1  Said on the wire (the envelope) ]" */
static void name_of(const struct mailview *m, int view, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < m->nlines && !*out; i++)
        if (m->lines[i].kind == VIEWS_VIEW && m->lines[i].view == view)
            snprintf(out, size, "[ %s ]", m->lines[i].text);
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

static void place(struct ui *ui, struct mailview *m, struct rect r, struct places *p)
{
    *p = (struct places){.shape = r.w < GRID_COLS || r.h < GRID_ROWS ? MAIL_STACKED
                                  : ui->zoom                         ? MAIL_ONE
                                                                     : MAIL_GRID};
    for (int v = 0; v < MAIL_VIEWS; v++)
        p->view[v] = r;
    if (p->shape != MAIL_GRID)
        return;
    int left = (r.w - 1) / 2;
    for (int v = 0; v < MAIL_VIEWS; v++) {
        p->view[v].x = v % 2 ? r.x + left + 1 : r.x;
        p->view[v].w = v % 2 ? r.w - left - 1 : left;
    }
    p->divider = r.x + left;
    measure(m, p, r.w);
    /* The upper two say less, and give away what they do not need. */
    int upper = most(m->view[0].rows, m->view[1].rows) + 1, room = r.h;
    int lower = most(m->view[2].rows, m->view[3].rows) + 1;
    int limit = most(room * 2 / 5, room - lower);
    upper = upper > limit ? limit : upper;
    upper = most(upper, VIEW_ROWS);
    for (int v = 0; v < MAIL_VIEWS; v++) {
        p->view[v].y = v < 2 ? r.y : r.y + upper;
        p->view[v].h = v < 2 ? upper : room - upper;
    }
}

void mail_letter_draw(struct ui *ui, struct mailview *m, struct rect r, int *y, int *x)
{
    struct places p;
    char name[200];
    const struct drop_row *row = maildrop_row(m->drop, m->row);
    place(ui, m, r, &p);
    measure(m, &p, r.w);
    if (p.shape == MAIL_STACKED) {
        snprintf(name, sizeof name, "[ letter %u ]", row ? row->number : 0);
        window(m, r, -1, true, name);
    } else {
        for (int v = 0; v < MAIL_VIEWS; v++) {
            if (p.shape == MAIL_ONE && v != m->at)
                continue;
            name_of(m, v, name, sizeof name);
            window(m, p.view[v], v, v == m->at, name);
        }
        for (int i = 1; p.divider && i < r.h; i++)
            if (r.y + i != p.view[2].y)
                text_puts(r.y + i, p.divider, 1, ROLE_BORDER, "|");
    }
    *y = p.view[p.shape == MAIL_STACKED ? 0 : m->at].y;
    *x = p.view[p.shape == MAIL_STACKED ? 0 : m->at].x + 2;
}

void mail_to_view(struct mailview *m, int v)
{
    m->at = v;
    if (m->shape != MAIL_STACKED)
        return;
    int at = 0;
    for (size_t i = 0; i < m->nlines; i++) {
        if (m->lines[i].kind == VIEWS_VIEW && m->lines[i].view == v) {
            m->stack.scroll = at + 1; /* without the row before it */
            return;
        }
        at += m->lines[i].rows;
    }
}
