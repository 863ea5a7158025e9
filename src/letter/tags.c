/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of tags, cut without copying. RFC 6376 3.2. */
#include "letter/tags.h"

#include <string.h>
#include <strings.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void cut(const char **p, size_t *n)
{
    while (*n && blank((*p)[0]))
        ++*p, --*n;
    while (*n && blank((*p)[*n - 1]))
        --*n;
}

static bool known(const struct tags *t, const struct tag *x)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].nname == x->nname && memcmp(t->at[i].name, x->name, x->nname) == 0)
            return true;
    return false;
}

void tags_parse(struct tags *t, const char *s, size_t n)
{
    t->n = 0;
    t->wrong = NULL;
    for (size_t at = 0; at < n;) {
        const char *p = s + at, *semicolon = memchr(p, ';', n - at);
        size_t len = semicolon ? (size_t)(semicolon - p) : n - at;
        at += len + 1;
        cut(&p, &len);
        if (!len)
            continue;
        const char *equals = memchr(p, '=', len);
        struct tag x = {.name = p, .nname = equals ? (size_t)(equals - p) : len};
        if (equals) {
            x.value = equals + 1;
            x.nvalue = len - x.nname - 1;
            cut(&x.value, &x.nvalue);
            cut(&x.name, &x.nname);
        }
        if (!equals || !x.nname) {
            t->wrong = t->wrong ? t->wrong : "a tag is not written name=value";
            continue;
        }
        if (known(t, &x)) {
            t->wrong = t->wrong ? t->wrong : "a tag stands there twice";
            continue;
        }
        if (t->n == TAGS_MAX) {
            t->wrong = "it has more tags than are read";
            return;
        }
        t->at[t->n++] = x;
    }
}

const struct tag *tags_get(const struct tags *t, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].nname == n && memcmp(t->at[i].name, name, n) == 0)
            return &t->at[i];
    return NULL;
}

static bool same(const char *p, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(p, word, n) == 0;
}

bool tag_is(const struct tag *t, const char *word)
{
    return t && same(t->value, t->nvalue, word);
}

bool tag_next(const struct tag *t, size_t *at, const char **word, size_t *n)
{
    if (!t || *at > t->nvalue)
        return false;
    const char *p = t->value + *at, *colon = memchr(p, ':', t->nvalue - *at);
    size_t len = colon ? (size_t)(colon - p) : t->nvalue - *at;
    *at += len + 1;
    cut(&p, &len);
    *word = p;
    *n = len;
    return true;
}

bool tag_lists(const struct tag *t, const char *word)
{
    const char *p;
    for (size_t at = 0, n; tag_next(t, &at, &p, &n);)
        if (same(p, n, word))
            return true;
    return false;
}

bool tag_number(const struct tag *t, uint64_t *out)
{
    uint64_t v = 0;
    if (!t || !t->nvalue || t->nvalue > 15)
        return false;
    for (size_t i = 0; i < t->nvalue; i++) {
        if (t->value[i] < '0' || t->value[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(t->value[i] - '0');
    }
    *out = v;
    return true;
}
