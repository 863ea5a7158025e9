/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLS pane: the report of src/know, line by line, wrapped behind its labels. Nothing is kept
 * between two frames: the report costs what a few digests cost, and is always true. */
#include "tui/panes.h"
#include "tui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_AT = 2, TEXT_AT = 12, LINES_MAX = 400 };

struct line {
    enum tls_line kind;
    char label[12];
    char *text;
    int rows;
};

struct lines {
    struct line v[LINES_MAX];
    int n, rows, width;
};

static int cursor_y, cursor_x;

void tls_cursor(int *y, int *x)
{
    *y = cursor_y;
    *x = cursor_x;
}

static int indent(const struct line *l)
{
    return l->kind == TLS_LINE_TITLE ? 0 : TEXT_AT;
}

static void take(void *arg, enum tls_line kind, const char *label, const char *text)
{
    struct lines *all = arg;
    if (all->n == LINES_MAX)
        return;
    struct line *l = &all->v[all->n++];
    l->kind = kind;
    snprintf(l->label, sizeof l->label, "%s", label);
    l->text = xstrdup(text);
    struct rect none = {0, 0, 0, all->width - indent(l)};
    l->rows = text_wrap(none, 0, ROLE_TEXT, text, strlen(text));
    l->rows += kind == TLS_LINE_TITLE && all->n > 1; /* a blank row before it */
    all->rows += l->rows;
}

static void draw_line(const struct line *l, struct rect r, int skip)
{
    static const char marks[] = {' ', ' ', '+', '!', '~', ' '};
    static const enum role roles[] = {ROLE_TITLE,       ROLE_TEXT,    ROLE_SERVER_OK,
                                      ROLE_SERVER_PERM, ROLE_WARNING, ROLE_DIM};
    int blank = l->kind == TLS_LINE_TITLE ? l->rows - 1 : 0;
    struct rect body = {r.y, r.x + indent(l), r.h, r.w - indent(l)};
    if (l->kind == TLS_LINE_TITLE) {
        struct rect none = {0, 0, 0, body.w};
        blank = l->rows - text_wrap(none, 0, ROLE_TITLE, l->text, strlen(l->text));
        if (blank > skip) {
            body.y += blank - skip;
            body.h -= blank - skip;
            skip = 0;
        } else {
            skip -= blank;
        }
        text_wrap(body, skip, ROLE_TITLE, l->text, strlen(l->text));
        return;
    }
    if (skip == 0) {
        text_putf(r.y, r.x, 1, roles[l->kind], "%c", marks[l->kind]);
        text_puts(r.y, r.x + LABEL_AT, TEXT_AT - LABEL_AT - 1,
                  l->kind == TLS_LINE_PLAIN ? ROLE_DIM : roles[l->kind], l->label);
    }
    text_wrap(body, skip, l->kind == TLS_LINE_DIM ? ROLE_DIM : ROLE_TEXT, l->text, strlen(l->text));
}

static void title(struct ui *ui, struct rect r, int from, int rows)
{
    char right[64];
    bool focused = ui->focus == FOCUS_TLS;
    enum role border = focused ? ROLE_FOCUS_BORDER : ROLE_BORDER;
    int n, last = from + r.h - 1;
    panes_rule(r, focused);
    text_puts(r.y, r.x + 2, r.w - 4, ROLE_TITLE, "[ TLS ]");
    n = snprintf(right, sizeof right, "[ %d-%d/%d ]", rows ? from + 1 : 0,
                 last < rows ? last : rows, rows);
    if (r.w > n + 14)
        text_puts(r.y, r.x + r.w - n - 2, n, border, right);
    cursor_y = r.y;
    cursor_x = r.x + 2;
}

void tls_draw(struct ui *ui)
{
    static struct lines all;
    struct tab *t = ui_tab(ui);
    struct rect r = ui->layout.tls;
    struct tls_seen seen;
    if (r.h <= 0 || !t)
        return;
    all.n = all.rows = 0;
    all.width = r.w - 2;
    if (t->session) {
        session_tls_seen(t->session, &seen);
        tls_memory_give(&t->tls_memory, &seen);
        if (t->tls_scan) {
            seen.versions = tls_scan_rows(t->tls_scan);
            seen.nversions = TLS_VERSION_ROWS;
            const struct caps *other = tls_scan_other(t->tls_scan, seen.clear);
            seen.old_clear = other ? other : seen.old_clear;
        }
        tls_report(&seen, take, &all);
    } else {
        take(&all, TLS_LINE_DIM, "", "A saved talk has no certificates: this needs a session.");
    }
    int h = r.h - 1, most = all.rows - h;
    if (t->tls_scroll > most)
        t->tls_scroll = most;
    if (t->tls_scroll < 0)
        t->tls_scroll = 0;
    title(ui, r, t->tls_scroll, all.rows);
    int row = -t->tls_scroll;
    for (int i = 0; i < all.n; i++) {
        struct line *l = &all.v[i];
        int skip = row < 0 ? -row : 0, y = row < 0 ? 0 : row;
        if (row + l->rows > 0 && y < h) {
            struct rect at = {r.y + 1 + y, r.x + 1, h - y, all.width};
            draw_line(l, at, skip);
        }
        row += l->rows;
        free(l->text);
    }
}
