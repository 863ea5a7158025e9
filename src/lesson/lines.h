/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a word of a lesson file stands: libConfuse remembers of a section only where it ends. */
#ifndef HELOSCOPE_LESSON_LINES_H
#define HELOSCOPE_LESSON_LINES_H

#include <stddef.h>

/* The line on which `word =` stands for the nth time (1: the first): outside of all sections (step
 * 0), or in the step-th step. 0: nowhere. Comments are blanked already. */
int lesson_line(const char *file, size_t step, const char *word, unsigned nth);

#endif
