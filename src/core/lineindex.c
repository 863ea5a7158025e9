/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where lines start in a long text, sparsely: one offset for each 64 lines (an eighth of an octet a
 * line), the rest is found by memchr when asked. The text itself lies elsewhere (transcript arena,
 * opened file). */
#include "heloscope/transcript.h"
#include "bulk.h"
#include <stdlib.h>
#include <string.h>

#define STRIDE 64
/* Octets counted before the sum is looked at; a lane of two sums holds 255 at most. */
#define SUPER 512

void lineindex_init(struct lineindex *x)
{
    memset(x, 0, sizeof *x);
}

void lineindex_clear(struct lineindex *x)
{
    free(x->at);
    memset(x, 0, sizeof *x);
}

static void mark(struct lineindex *x, uint64_t offset)
{
    if (x->n == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 16;
        x->at = xrealloc(x->at, x->cap * sizeof *x->at);
    }
    x->at[x->n++] = offset;
}

static unsigned count_super(const char *p)
{
    bulk_v a = {0}, b = {0};
    for (size_t j = 0; j < SUPER; j += 32) {
        a -= bulk_eq(bulk_load(p + j), '\n');
        b -= bulk_eq(bulk_load(p + j + 16), '\n');
    }
    return bulk_sum(a) + bulk_sum(b);
}

void lineindex_feed(struct lineindex *x, const char *p, size_t n)
{
    if (n == 0)
        return;
    if (x->n == 0)
        mark(x, 0);
    const char *at = p, *end = p + n;
    while (at < end) {
        size_t need = STRIDE - (size_t)(x->lines % STRIDE); /* LFs until the next mark */
        while ((size_t)(end - at) >= SUPER) {
            unsigned lfs = count_super(at);
            if (lfs >= need)
                break;
            need -= lfs;
            x->lines += lfs;
            at += SUPER;
        }
        /* The mark lies in the next SUPER octets, or the bytes end there. */
        while ((size_t)(end - at) >= BULK_BLOCK) {
            bulk_v lf = {0};
            for (size_t j = 0; j < BULK_BLOCK; j += 16)
                lf -= bulk_eq(bulk_load(at + j), '\n');
            unsigned lfs = bulk_sum(lf);
            if (lfs >= need)
                break;
            need -= lfs;
            x->lines += lfs;
            at += BULK_BLOCK;
        }
        const char *stop = (size_t)(end - at) > BULK_BLOCK ? at + BULK_BLOCK : end;
        while (at < stop && need > 0) {
            if (*at++ == '\n') {
                need--;
                x->lines++;
            }
        }
        if (need == 0)
            mark(x, x->bytes + (uint64_t)(at - p));
    }
    x->bytes += n;
}

bool lineindex_line(const struct lineindex *x, const char *p, size_t n, uint64_t k,
                    const char **line, size_t *len)
{
    if (n > x->bytes)
        n = (size_t)x->bytes;
    if (k > x->lines || x->n == 0 || k / STRIDE >= x->n)
        return false;
    uint64_t at = x->at[k / STRIDE];
    for (uint64_t i = k % STRIDE; i > 0; i--) {
        const char *lf = at < n ? memchr(p + at, '\n', n - (size_t)at) : NULL;
        if (!lf)
            return false;
        at = (uint64_t)(lf - p) + 1;
    }
    if (at >= n) /* after the last LF there is a line only if octets follow */
        return false;
    const char *lf = memchr(p + at, '\n', n - (size_t)at);
    size_t end = lf ? (size_t)(lf - p) : n;
    if (lf && end > at && p[end - 1] == '\r')
        end--;
    *line = p + at;
    *len = end - (size_t)at;
    return true;
}

uint64_t lineindex_at(const struct lineindex *x, const char *p, size_t n, uint64_t offset)
{
    if (x->n == 0)
        return 0;
    if (n > x->bytes)
        n = (size_t)x->bytes;
    if (offset > n)
        offset = n;
    size_t lo = 0, hi = x->n; /* at[lo] <= offset < at[hi] */
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (x->at[mid] <= offset)
            lo = mid;
        else
            hi = mid;
    }
    uint64_t line = (uint64_t)lo * STRIDE, at = x->at[lo];
    while (at < offset) {
        const char *lf = memchr(p + at, '\n', (size_t)(offset - at));
        if (!lf)
            break;
        line++;
        at = (uint64_t)(lf - p) + 1;
    }
    return line;
}
