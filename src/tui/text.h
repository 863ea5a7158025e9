/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text from anywhere onto the screen, harmless: C0/C1 as ^X, bad UTF-8 as <E2>, bidi and zero-width
 * controls as <U+202E>, clusters kept together, widths as the terminal counts them. Every pane
 * draws through this. */
#ifndef HELOSCOPE_TUI_TEXT_H
#define HELOSCOPE_TUI_TEXT_H

#include "heloscope/harmless.h"
#include "tui/theme.h"
#include "tui/ui.h"
#include <stddef.h>

/* Draws at most w columns of n bytes at y, x of stdscr; returns the columns used. */
int text_put(int y, int x, int w, enum role r, const char *s, size_t n);
int text_puts(int y, int x, int w, enum role r, const char *s);
int text_putf(int y, int x, int w, enum role r, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same; an ellipsis says that there was more than w columns hold. */
int text_cut(int y, int x, int w, enum role r, const char *s, size_t n);
/* Fills a rectangle with blanks in a role. */
void text_fill(struct rect r, enum role role);
/* Columns that n bytes take when drawn so. */
int text_width(const char *s, size_t n);
/* How many bytes of s fit into w columns; prefers to break at a blank when words is set. *cols:
 * columns used. */
size_t text_fit(const char *s, size_t n, int w, bool words, int *cols);
/* Draws wrapped text into r, skipping the first `skip` rows; returns the rows that the whole text
 * needs. */
int text_wrap(struct rect r, int skip, enum role role, const char *s, size_t n);

#endif
