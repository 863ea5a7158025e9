/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capability lists and their difference. Which lines are capabilities is the driver's to say, what
 * they mean is the know tables'. RFC 5321 4.1.1.1, RFC 2449. */
#include "heloscope/caps.h"
#include "heloscope/buf.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void caps_init(struct caps *c)
{
    memset(c, 0, sizeof *c);
}

void caps_clear(struct caps *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->rows[i].keyword);
        free(c->rows[i].params);
    }
    free(c->rows);
    memset(c, 0, sizeof *c);
}

bool caps_add(struct caps *c, const char *keyword, size_t klen, const char *params, size_t plen)
{
    if (c->n >= CAPS_MAX)
        return false;
    /* Grown in doubling steps: 0, 1, 2, 4 ... so a power of two (and zero) means full. */
    if ((c->n & (c->n - 1)) == 0)
        c->rows = xrealloc(c->rows, (c->n ? c->n * 2 : 1) * sizeof *c->rows);
    c->rows[c->n].keyword = xstrndup(keyword, klen);
    c->rows[c->n].params = xstrndup(plen ? params : "", plen);
    c->n++;
    return true;
}

bool caps_copy(struct caps *to, const struct caps *from)
{
    struct caps made;
    caps_init(&made);
    made.tls = from->tls;
    for (size_t i = 0; i < from->n; i++) {
        const struct cap *r = &from->rows[i];
        if (!caps_add(&made, r->keyword, strlen(r->keyword), r->params, strlen(r->params))) {
            caps_clear(&made);
            return false;
        }
    }
    caps_clear(to);
    *to = made;
    return true;
}

const struct cap *caps_find(const struct caps *c, const char *keyword)
{
    for (size_t i = 0; c && i < c->n; i++)
        if (strcasecmp(c->rows[i].keyword, keyword) == 0)
            return &c->rows[i];
    return NULL;
}

/* A server may say a keyword twice (AUTH PLAIN, AUTH=PLAIN apart): the k-th of one list goes with
 * the k-th of the other. */
static const struct cap *partner(const struct caps *in, const struct caps *of,
                                 const struct cap *row)
{
    size_t k = 0;
    for (const struct cap *r = of->rows; r < row; r++)
        k += strcasecmp(r->keyword, row->keyword) == 0;
    for (size_t i = 0; i < in->n; i++)
        if (strcasecmp(in->rows[i].keyword, row->keyword) == 0 && k-- == 0)
            return &in->rows[i];
    return NULL;
}

size_t caps_diff(const struct caps *was, const struct caps *is, struct cap_diff *rows, size_t max)
{
    static const struct caps none = {0};
    size_t n = 0;
    if (!was)
        was = &none;
    if (!is)
        is = &none;
    for (size_t i = 0; i < is->n; i++) {
        const struct cap *now = &is->rows[i], *old = partner(was, is, now);
        enum cap_change change = !old                               ? CAP_NEW
                                 : strcmp(old->params, now->params) ? CAP_CHANGED
                                                                    : CAP_SAME;
        if (n < max)
            rows[n] = (struct cap_diff){change, old, now};
        n++;
    }
    for (size_t i = 0; i < was->n; i++) {
        const struct cap *old = &was->rows[i];
        if (partner(is, was, old))
            continue;
        if (n < max)
            rows[n] = (struct cap_diff){CAP_GONE, old, NULL};
        n++;
    }
    return n;
}
