/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours that a program put into its log (ECMA-48 SGR, with what terminals send beside it). Only
 * these are set aside; every other control character of a recording stays and is shown as such. */
#ifndef HELOSCOPE_COLORS_H
#define HELOSCOPE_COLORS_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the colour at p (p[0] is ESC); 0: it is none; COLORS_MORE: it may become one. */
#define COLORS_MORE ((size_t)-1)
size_t colors_at(const char *p, size_t n);
/* Takes the colours out of p[0..n) and returns what is left of it. What may be the beginning of one
 * at its end is kept, *open (or NULL) octets of it. */
size_t colors_strip(char *p, size_t n, size_t *open);
/* Is there one? Does a line begin with one? */
bool colors_in(const char *p, size_t n, bool *begins);

#endif
