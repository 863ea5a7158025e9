/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Giving the terminal back when the program is ended from outside or by its own bug, and across
 * stop and continue. */
#ifndef HELOSCOPE_TUI_CRASH_H
#define HELOSCOPE_TUI_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* What the handlers write: `back` gives the terminal back, `take` takes it again after a stop. Both
 * are copied. */
void crash_strings(const char *back, size_t nback, const char *take, size_t ntake);
/* The terminal's modes outside and inside of the program. */
void crash_modes(const struct termios *outside, const struct termios *inside);
/* Installs the handlers, SIGWINCH's and SIGCONT's too. False: no pipe could be made. */
bool crash_install(void);
/* While false (suspended, closed) the handlers leave the terminal alone. */
void crash_armed(bool on);
/* The self-pipe's read end, and what it told: bits of CRASH_*; reading it empties it. */
int crash_fd(void);
enum { CRASH_WINCH = 1, CRASH_CONT = 2 };
int crash_told(void);

#endif
