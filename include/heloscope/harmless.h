/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from anywhere, made harmless: C0/C1 as ^X, bad UTF-8 as <E2>, bidi and zero-width controls
 * as <U+202E>, clusters kept together. The screen, the line mode and saved files all go through
 * this. */
#ifndef HELOSCOPE_HARMLESS_H
#define HELOSCOPE_HARMLESS_H

#include "heloscope/buf.h"
#include <stdint.h>
#include <string.h>
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

/* The next cluster of s (n > 0). The locale must be a UTF-8 one for wcwidth(). */
void cluster_next(const char *s, size_t n, struct cluster *c);
/* Bytes of printable ASCII at s that no mark can follow. */
size_t cluster_ascii(const char *s, size_t n);
/* Appends the harmless form of n bytes; stops at the ceiling of *out. */
void text_clean(struct buf *out, const char *s, size_t n);

/* Printable ASCII only? Eight octets a step: none below a blank, none above '~'. */
static inline bool text_harmless(const char *p, size_t n)
{
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    uint64_t bad = 0, v;
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&v, p, 8);
        bad |= (v - ones * 0x20) | (v + ones) | v;
    }
    for (; n; p++, n--)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            return false;
    return !(bad & high);
}

#endif
