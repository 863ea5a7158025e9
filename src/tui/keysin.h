/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key reading, as term.c starts it. */
#ifndef HELOSCOPE_TUI_KEYSIN_H
#define HELOSCOPE_TUI_KEYSIN_H

/* After newterm(): makes the pad that keys are read from and teaches ncurses the sequences terminfo
 * does not hold. */
void keysin_open(void);
void keysin_close(void);

#endif
