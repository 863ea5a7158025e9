/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A DNS whose answers are the lines of the input, one after the other, for the fuzzers of those who
 * judge letters. The first character of a line picks the status. */
#ifndef TESTS_FUZZ_ANSWERS_H
#define TESTS_FUZZ_ANSWERS_H

#include "heloscope/zone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct answers {
    const char *p, *end;
    char *kept[64]; /* what was answered, for as long as the run lasts */
    size_t n;
    struct rr rr[64][3];
};

static inline void answers_lookup(void *self, const char *name, enum rr_type type,
                                  struct rr_answer *out)
{
    struct answers *a = self;
    (void)name;
    *out = (struct rr_answer){.status = RR_NXDOMAIN, .why = ""};
    if (a->p >= a->end || a->n == 64)
        return;
    const char *lf = memchr(a->p, '\n', (size_t)(a->end - a->p));
    size_t len = lf ? (size_t)(lf - a->p) : (size_t)(a->end - a->p);
    char *copy = malloc(len + 17);
    if (!copy)
        abort();
    memset(copy, 0, len + 17);
    memcpy(copy, a->p, len);
    a->p += len + (lf != NULL);
    struct rr *rr = a->rr[a->n];
    a->kept[a->n++] = copy;
    switch (copy[0]) {
    case '!':
        *out = (struct rr_answer){.status = RR_TEMPFAIL, .why = "no answer"};
        return;
    case '?':
        out->status = RR_PENDING;
        return;
    case '0':
        out->status = RR_NODATA;
        return;
    default:
        break;
    }
    size_t k = copy[0] == '2' ? 2 : 1, skip = copy[0] == '1' || copy[0] == '2';
    for (size_t i = 0; i < k; i++) {
        rr[i] = (struct rr){copy + skip, len - (len ? skip : 0), 10};
        if (type == RR_A || type == RR_AAAA)
            rr[i].n = type == RR_A ? 4 : 16;
        else if (type == RR_MX || type == RR_PTR)
            rr[i].n = strlen(rr[i].data);
    }
    *out = (struct rr_answer){RR_FOUND, rr, k, ""};
}

static inline void answers_free(struct answers *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->kept[i]);
}

/* Nothing that a terminal would act on. */
static inline void answers_harmless(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            abort();
}

#endif
