/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from anywhere, made harmless cluster by cluster (utf8proc says where one ends, the C library
 * how wide it is, as ncurses asks it too). Nothing that this file lets through moves the cursor,
 * changes the direction of reading, or is invisible. Unicode UAX 29; Trojan Source (CVE-2021-42574)
 * for the reason. */
#include "heloscope/harmless.h"
#include "core/lazy/utf8proc.gen.h"

#include <stdio.h>
#include <string.h>

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

void cluster_next(const char *s, size_t n, struct cluster *c)
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

size_t cluster_ascii(const char *s, size_t n)
{
    size_t k = 0;
    while (k < n && (unsigned char)s[k] >= 0x20 && (unsigned char)s[k] < 0x7f)
        k++;
    return k > 0 && k < n && (unsigned char)s[k] >= 0x80 ? k - 1 : k;
}

void text_clean(struct buf *out, const char *s, size_t n)
{
    while (n > 0) {
        size_t run = cluster_ascii(s, n), step = run;
        if (run > 0) {
            if (!buf_add(out, s, run))
                return;
        } else {
            struct cluster c;
            cluster_next(s, n, &c);
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
