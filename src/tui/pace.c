/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See pace.h. Every question about an item beyond what is seen is answered as if it were not there
 * yet. */
#include "tui/pace.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static size_t all(const struct pace *p)
{
    return p->base->count(p->base->self);
}

static size_t seen(void *self)
{
    const struct pace *p = self;
    size_t n = all(p);
    return p->ms && p->shown < n ? p->shown : n;
}

static bool item(void *self, size_t i, struct item *out)
{
    const struct pace *p = self;
    return i < seen(self) && p->base->item(p->base->self, i, out);
}

static bool line(void *self, size_t i, uint64_t k, struct span *out)
{
    const struct pace *p = self;
    return i < seen(self) && p->base->line(p->base->self, i, k, out);
}

static bool moment(void *self, size_t i, struct moment *out)
{
    const struct pace *p = self;
    return i < seen(self) && p->base->moment(p->base->self, i, out);
}

static bool find(void *self, const struct search *s, const struct place *from, bool back,
                 struct place *hit)
{
    const struct pace *p = self;
    return p->base->find(p->base->self, s, from, back, hit) && hit->item < seen(self);
}

static bool problem(void *self, size_t i, bool back, size_t *hit)
{
    const struct pace *p = self;
    return p->base->problem(p->base->self, i, back, hit) && *hit < seen(self);
}

/* Two things grow: what there is, and what is seen of it. */
static uint64_t generation(void *self)
{
    const struct pace *p = self;
    return p->base->generation(p->base->self) * 1000003u + seen(self);
}

void pace_over(struct pace *p, const struct source *base)
{
    p->base = base;
    p->shown = 0;
    p->next_us = 0;
    p->view = (struct source){.self = p,
                              .count = seen,
                              .item = item,
                              .line = line,
                              .moment = moment,
                              .find = find,
                              .problem = problem,
                              .generation = generation};
}

void pace_set(struct pace *p, unsigned ms)
{
    if (!p->ms)
        p->shown = all(p);
    p->ms = ms;
    p->next_us = 0;
}

bool pace_step(struct pace *p, uint64_t now_us)
{
    size_t before = p->shown, n = all(p);
    struct item it;
    if (!p->ms)
        return false;
    if (p->shown > n)
        p->shown = n;
    for (; p->shown < n; p->shown++) {
        bool reply = p->base->item(p->base->self, p->shown, &it) && it.kind == ITEM_SERVER;
        if (reply && now_us < p->next_us)
            break;
        if (reply || it.kind == ITEM_CLIENT)
            p->next_us = now_us + (uint64_t)p->ms * 1000;
    }
    return p->shown != before;
}

size_t pace_hidden(const struct pace *p)
{
    size_t n = p->base ? all(p) : 0;
    return p->ms && p->shown < n ? n - p->shown : 0;
}

bool pace_parse(const char *text, unsigned *ms, char *why, size_t size)
{
    /* By hand: strtod() knows nan, hex and the locale's comma. */
    unsigned long whole = 0, part = 0, scale = 1;
    const char *p = text;
    size_t digits = 0;
    if (!strcasecmp(text, "off") || !strcmp(text, "0")) {
        *ms = 0;
        return true;
    }
    for (; *p >= '0' && *p <= '9' && digits < 7; p++, digits++)
        whole = whole * 10 + (unsigned long)(*p - '0');
    if (*p == '.' && digits)
        for (p++; *p >= '0' && *p <= '9' && scale < 1000; p++, scale *= 10)
            part = part * 10 + (unsigned long)(*p - '0');
    bool milli = !strcmp(p, "ms");
    unsigned long n = milli ? whole : whole * 1000 + part * 1000 / scale;
    if (!digits || (*p && strcmp(p, "s") && !milli) || (milli && scale > 1) || n < PACE_LEAST_MS ||
        n > PACE_MOST_MS) {
        snprintf(why, size, "\"%.40s\" is no pace: 2s, 0.5s, 800ms (0.1 to 60 seconds), or off",
                 text);
        return false;
    }
    *ms = (unsigned)n;
    return true;
}
