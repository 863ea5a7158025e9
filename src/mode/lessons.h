/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which lessons there are, and which were gone through. */
#ifndef HELOSCOPE_MODE_LESSONS_H
#define HELOSCOPE_MODE_LESSONS_H

#include <stdbool.h>
#include <stddef.h>

/* The file of a lesson: its number, its name ("08-greylisting", or "greylisting"), or a path.
 * False: why. */
bool lessons_find(const char *name, char *path, size_t size, char *why, size_t why_size);
/* The shipped ones, a line each: "[x] 1 First words". */
void lessons_list(char *out, size_t size);
/* Remembers that a lesson was gone through to its end. */
void lessons_keep(const char *name);

#endif
