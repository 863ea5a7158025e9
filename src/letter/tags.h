/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of tags "a=b; c=d", as DKIM and DMARC write them. RFC 6376 3.2. */
#ifndef LETTER_TAGS_H
#define LETTER_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAGS_MAX = 64 };

struct tag {
    const char *name, *value; /* borrowed; blanks around them are cut off */
    size_t nname, nvalue;
};

struct tags {
    struct tag at[TAGS_MAX];
    size_t n;
    const char *wrong; /* what is wrong with the list, or NULL; what was read before it is there */
};

/* Cuts n octets. A tag that stands twice, one without "=", or more than TAGS_MAX: wrong. */
void tags_parse(struct tags *t, const char *s, size_t n);
/* The tag with this name (exactly so), or NULL. */
const struct tag *tags_get(const struct tags *t, const char *name);
/* Is its value this word (any case)? False without the tag. */
bool tag_is(const struct tag *t, const char *word);
/* Is a word among those between the colons of its value (blanks around them do not count)? */
bool tag_lists(const struct tag *t, const char *word);
/* A decimal number. */
bool tag_number(const struct tag *t, uint64_t *out);
/* The next element of "a : b : c"; false: no more. *at counts on from 0. */
bool tag_next(const struct tag *t, size_t *at, const char **word, size_t *n);

#endif
