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
/* How far a lesson was gone through, in $XDG_STATE_HOME/heloscope/lessons. */
struct lesson_mark {
    size_t step; /* of the last time: how many were done */
    bool done;   /* once it was gone through to its end */
};
/* Remembers it; done stays. The file is written anew and then takes the old one's place, so that it
 * is never half-written; where it cannot be, nothing is remembered. */
void lessons_keep(const char *name, size_t step, bool done);
void lessons_kept(const char *name, struct lesson_mark *out);

#endif
