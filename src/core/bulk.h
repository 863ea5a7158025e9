/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sixteen octets at a time, by the compilers' vector extension (GCC and Clang, any processor): what
 * frame.c, lineindex.c and search.c need to look at hundreds of megabytes without being noticed. No
 * intrinsics. */
#ifndef HELOSCOPE_BULK_H
#define HELOSCOPE_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char bulk_v __attribute__((vector_size(16)));

#define BULK_BLOCK 64 /* four vectors: one branch for so many octets */

static inline bulk_v bulk_load(const void *p)
{
    bulk_v v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* All lanes where v holds c are 0xff, the others 0. */
static inline bulk_v bulk_eq(bulk_v v, unsigned char c)
{
    return (bulk_v)(v == c);
}

static inline bool bulk_any(bulk_v v)
{
    uint64_t h[2];
    memcpy(h, &v, sizeof h);
    return (h[0] | h[1]) != 0;
}

/* The sum of the lanes. */
static inline unsigned bulk_sum(bulk_v v)
{
    uint64_t h[2];
    memcpy(h, &v, sizeof h);
    const uint64_t even = 0x00ff00ff00ff00ffULL;
    uint64_t s = (h[0] & even) + ((h[0] >> 8) & even) + (h[1] & even) + ((h[1] >> 8) & even);
    return (unsigned)((s * 0x0001000100010001ULL) >> 48);
}

#endif
