/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program itself, run by a test: $HELOSCOPE with arguments, what it printed, how it ended. */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

#include "heloscope/buf.h"

/* args: NULL-ended, at most 22. input: its standard input. Inits out and fills it with all that it
 * printed, on standard output and error. Returns the exit status; below 0: the signal. It is ended
 * after a minute. */
int program_run(const char *const *args, const char *input, struct buf *out);

#endif
