/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows and the words of src/know/causes/ as they stand there. What is searched for in a reply
 * is made of them by mkcauses.c when the program is built. */
#include "know/cause_rows.h"

#include <string.h>

static const struct cause_row rows[] = {
#define ROW(cause, sure, match, when, provider, ref)                                               \
    {CAUSE_##cause, CAUSE_##sure, match, when, provider, "", "", "", "", ref},
#define TOLD(cause, sure, match, when, provider, ref, what, who, mends, next)                      \
    {CAUSE_##cause, CAUSE_##sure, match, when, provider, what, who, mends, next, ref},
#include "know/causes/all.h"
#undef ROW
#undef TOLD
};
static const struct {
    const char *name, *literals;
} words[] = {
#define WORDS(name, literals) {name, literals},
#include "know/causes/words.def"
#undef WORDS
};

const struct cause_row *cause_rows(size_t *n)
{
    *n = sizeof rows / sizeof *rows;
    return rows;
}

const char *cause_words(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].name) == n && !memcmp(words[i].name, name, n))
            return words[i].literals;
    return NULL;
}
