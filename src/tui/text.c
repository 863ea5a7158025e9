/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from anywhere onto the screen, harmless (harmless.h), clipped and wrapped by columns. */
#include "tui/text.h"
#include "heloscope/harmless.h"
#include "tui/lazy/curses.gen.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

int text_put(int y, int x, int w, enum role r, const char *s, size_t n)
{
    unsigned long attrs;
    short pair;
    int col = 0;
    if (y < 0 || x < 0 || y >= LINES || x >= COLS)
        return 0;
    if (w > COLS - x)
        w = COLS - x;
    theme_role(r, &attrs, &pair);
    attr_set((attr_t)attrs, pair, NULL);
    move(y, x);
    while (n > 0 && col < w) {
        size_t run = cluster_ascii(s, n);
        if (run > 0) {
            size_t take = run < (size_t)(w - col) ? run : (size_t)(w - col);
            addnstr(s, (int)take);
            col += (int)take;
            s += take;
            n -= take;
            continue;
        }
        struct cluster c;
        cluster_next(s, n, &c);
        if (c.cols > w - col) {
            /* Half of it would be a lie: dots where it does not fit, a part of a substitute where
             * that is long. */
            while (col < w) {
                addch('.');
                col++;
            }
            break;
        }
        if (c.n > 0) {
            cchar_t cell;
            c.wc[c.n] = 0;
            setcchar(&cell, c.wc, (attr_t)attrs, pair, NULL);
            add_wch(&cell);
        }
        if (c.plain[0])
            addstr(c.plain);
        col += c.cols;
        s += c.bytes;
        n -= c.bytes;
    }
    attr_set(A_NORMAL, 0, NULL);
    return col;
}

int text_puts(int y, int x, int w, enum role r, const char *s)
{
    return text_put(y, x, w, r, s, strlen(s));
}

int text_cut(int y, int x, int w, enum role r, const char *s, size_t n)
{
    int cols;
    if (text_fit(s, n, w, false, &cols) >= n && cols <= w)
        return text_put(y, x, w, r, s, n);
    size_t k = text_fit(s, n, w - 1, false, &cols);
    text_put(y, x, w - 1, r, s, k);
    text_puts(y, x + cols, 1, r, "\xe2\x80\xa6");
    return cols + 1;
}

int text_putf(int y, int x, int w, enum role r, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    return text_puts(y, x, w, r, line);
}

void text_fill(struct rect r, enum role role)
{
    unsigned long attrs;
    short pair;
    theme_role(role, &attrs, &pair);
    attr_set((attr_t)attrs, pair, NULL);
    for (int y = r.y; y < r.y + r.h && y < LINES; y++)
        mvhline(y, r.x, ' ', r.w);
    attr_set(A_NORMAL, 0, NULL);
}

size_t text_fit(const char *s, size_t n, int w, bool words, int *cols)
{
    size_t at = 0, blank = 0;
    int col = 0, blank_col = 0;
    bool full = false;
    while (at < n) {
        /* One octet behind the edge tells enough: looking further would cost the square of a line.
         */
        size_t window = (size_t)(w > col ? w - col : 0) + 1;
        size_t run = cluster_ascii(s + at, n - at < window ? n - at : window);
        if (run > 0) {
            size_t take = run < (size_t)(w - col) ? run : (size_t)(w - col);
            for (size_t i = take; words && i > 0; i--)
                if (s[at + i - 1] == ' ') {
                    blank = at + i;
                    blank_col = col + (int)i;
                    break;
                }
            /* A blank just behind the edge is as good. */
            if (words && take < run && s[at + take] == ' ') {
                blank = at + take;
                blank_col = col + (int)take;
            }
            at += take;
            col += (int)take;
            if (take < run) {
                full = true;
                break;
            }
            continue;
        }
        struct cluster c;
        cluster_next(s + at, n - at, &c);
        if (c.cols > w - col) {
            full = true;
            break;
        }
        at += c.bytes;
        col += c.cols;
    }
    if (full && words && blank > 0) {
        at = blank;
        col = blank_col;
    }
    if (full && at == 0 && n > 0) {
        /* A cluster wider than everything there is: taken all the same, or nobody would ever get
         * past it. */
        struct cluster c;
        cluster_next(s, n, &c);
        at = c.bytes;
        col = w;
    }
    if (cols)
        *cols = col;
    return at;
}

int text_width(const char *s, size_t n)
{
    int col = 0;
    for (size_t at = 0; at < n;) {
        size_t run = cluster_ascii(s + at, n - at);
        if (run > 0) {
            at += run;
            col += (int)run;
            continue;
        }
        struct cluster c;
        cluster_next(s + at, n - at, &c);
        at += c.bytes;
        col += c.cols;
    }
    return col;
}

int text_wrap(struct rect r, int skip, enum role role, const char *s, size_t n)
{
    int row = 0;
    size_t at = 0;
    if (r.w <= 0)
        return 0;
    const char *lf = NULL;
    size_t end = 0; /* of the line */
    while (at < n) {
        if (at == 0 || at > end) {
            lf = memchr(s + at, '\n', n - at);
            end = lf ? (size_t)(lf - s) : n;
        }
        size_t line = end - at;
        size_t k = text_fit(s + at, line, r.w, true, NULL), shown = k;
        while (shown > 0 && s[at + shown - 1] == ' ')
            shown--;
        if (row >= skip && row - skip < r.h)
            text_put(r.y + row - skip, r.x, r.w, role, s + at, shown);
        row++;
        at += k;
        if (k == line) {
            at += lf ? 1 : 0;
        } else {
            while (at < n && s[at] == ' ')
                at++;
        }
    }
    return row;
}
