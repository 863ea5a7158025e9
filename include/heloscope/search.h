/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A search pattern (PCRE2, JIT, bounded by a match limit; a plain word goes by memmem). */
#ifndef HELOSCOPE_SEARCH_H
#define HELOSCOPE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

struct search;

/* Compiles; smart case (no capital in the pattern: case does not matter). NULL: why says what is
 * wrong and where. */
struct search *search_new(const char *pattern, char *why, size_t size);
void search_free(struct search *s);
const char *search_pattern(const struct search *s);
/* The first match (never an empty one) in p[0..n) at or after `from`: offset in *at, length in
 * *len. */
bool search_text(const struct search *s, const char *p, size_t n, size_t from, size_t *at,
                 size_t *len);
/* The last match that begins before `to`. */
bool search_text_back(const struct search *s, const char *p, size_t n, size_t to, size_t *at,
                      size_t *len);
/* Did the last search with s give up (match limit, or two seconds) before it had seen everything?
 */
bool search_limited(const struct search *s);

#endif
