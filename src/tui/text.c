/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from anywhere, made harmless cluster by cluster (utf8proc says where one ends, the C library
 * how wide it is, as ncurses asks it too). Nothing that this file lets through moves the cursor,
 * changes the direction of reading, or is invisible. Unicode UAX 29; Trojan Source (CVE-2021-42574)
 * for the reason. */
#include "tui/text.h"
#include "heloscope/buf.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#define MARKS_MAX 4 /* combining marks on one letter; ncurses keeps as many */

/* One cluster as it is shown. */
struct cluster {
    size_t bytes; /* that it takes from the text */
    int cols;
    char plain[24];                                /* a substitute in ASCII, or "" */
    wchar_t wc[MARKS_MAX + 2];                     /* the letter and its marks */
    size_t from[MARKS_MAX + 2], to[MARKS_MAX + 2]; /* where each stood, for text_clean() */
    int n;
};

static void substitute(struct cluster *c, const char *fmt, unsigned v)
{
    c->cols = snprintf(c->plain, sizeof c->plain, fmt, v);
}

/* Letters and marks that are drawn as nothing or as a blank that is none. */
static bool invisible(utf8proc_int32_t cp)
{
    if (cp < 0x300)
        return false;
    return cp == 0x034f || cp == 0x115f || cp == 0x1160 || cp == 0x17b4 || cp == 0x17b5 ||
           (cp >= 0x180b && cp <= 0x180f) || cp == 0x3164 || cp == 0xffa0 ||
           (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0000 && cp <= 0xe0fff) ||
           (cp & 0xfffe) == 0xfffe;
}

static bool pictograph(utf8proc_int32_t cp)
{
    return utf8proc_get_property(cp)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

/* Shown as it is? */
static bool printable(utf8proc_int32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || invisible(cp))
        return false;
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return wcwidth((wchar_t)cp) >= 0;
    }
}

static void next_cluster(const char *s, size_t n, struct cluster *c)
{
    utf8proc_int32_t cp, next;
    unsigned char b = (unsigned char)s[0];
    c->n = 0;
    c->plain[0] = 0;
    c->bytes = 1;
    if (b < 0x20) {
        substitute(c, "^%c", b ^ 0x40u);
        return;
    }
    if (b == 0x7f) {
        substitute(c, "^%c", '?');
        return;
    }
    utf8proc_ssize_t k =
        utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)(n < 4 ? n : 4), &cp);
    if (k <= 0 || cp < 0) {
        substitute(c, "<%02X>", b);
        return;
    }
    c->bytes = (size_t)k;
    int w = printable(cp) ? wcwidth((wchar_t)cp) : -1;
    if (w <= 0) {
        /* A mark without a letter would sit on whatever stands before it on the screen, our own
         * words too. */
        substitute(c, "<U+%04X>", (unsigned)cp);
        return;
    }
    c->cols = w;
    c->wc[0] = (wchar_t)cp;
    c->from[0] = 0;
    c->to[0] = c->bytes;
    c->n = 1;
    bool picture = pictograph(cp);
    unsigned dropped = 0;
    while (c->bytes < n && (unsigned char)s[c->bytes] >= 0x80) {
        size_t left = n - c->bytes;
        k = utf8proc_iterate((const utf8proc_uint8_t *)s + c->bytes,
                             (utf8proc_ssize_t)(left < 4 ? left : 4), &next);
        if (k <= 0 || next < 0)
            break;
        bool joiner = next == 0x200d, variant = next == 0xfe0f || next == 0xfe0e;
        if ((joiner && picture) ||
            (variant && (picture || strchr("#*0123456789", (int)(cp < 0x80 ? cp : 'x'))))) {
            /* Terminals disagree about joined pictures; without the joiner they and wcwidth()
             * agree. */
            c->bytes += (size_t)k;
            continue;
        }
        if (!printable(next) || wcwidth((wchar_t)next) != 0)
            break;
        if (c->n <= MARKS_MAX) {
            c->wc[c->n] = (wchar_t)next;
            c->from[c->n] = c->bytes;
            c->to[c->n] = c->bytes + (size_t)k;
            c->n++;
        } else {
            dropped++;
        }
        c->bytes += (size_t)k;
    }
    if (dropped) /* a tower of marks: the letter without, and how many */
        c->n = 1,
        c->cols += snprintf(c->plain, sizeof c->plain, "<+%u marks>", dropped + MARKS_MAX);
}

/* Bytes of printable ASCII at s that no mark can follow. */
static size_t ascii_run(const char *s, size_t n)
{
    size_t k = 0;
    while (k < n && (unsigned char)s[k] >= 0x20 && (unsigned char)s[k] < 0x7f)
        k++;
    return k > 0 && k < n && (unsigned char)s[k] >= 0x80 ? k - 1 : k;
}

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
        size_t run = ascii_run(s, n);
        if (run > 0) {
            size_t take = run < (size_t)(w - col) ? run : (size_t)(w - col);
            addnstr(s, (int)take);
            col += (int)take;
            s += take;
            n -= take;
            continue;
        }
        struct cluster c;
        next_cluster(s, n, &c);
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
        size_t run = ascii_run(s + at, n - at);
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
        next_cluster(s + at, n - at, &c);
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
        next_cluster(s, n, &c);
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
        size_t run = ascii_run(s + at, n - at);
        if (run > 0) {
            at += run;
            col += (int)run;
            continue;
        }
        struct cluster c;
        next_cluster(s + at, n - at, &c);
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
    while (at < n) {
        const char *lf = memchr(s + at, '\n', n - at);
        size_t line = lf ? (size_t)(lf - s) - at : n - at;
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

void text_clean(struct buf *out, const char *s, size_t n)
{
    while (n > 0) {
        size_t run = ascii_run(s, n), step = run;
        if (run > 0) {
            if (!buf_add(out, s, run))
                return;
        } else {
            struct cluster c;
            next_cluster(s, n, &c);
            for (int i = 0; i < c.n; i++)
                if (!buf_add(out, s + c.from[i], c.to[i] - c.from[i]))
                    return;
            if (c.plain[0] && !buf_add_str(out, c.plain))
                return;
            step = c.bytes;
        }
        s += step;
        n -= step;
    }
}
