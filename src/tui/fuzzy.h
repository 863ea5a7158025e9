/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How well typed letters fit a name: all of them in order, better together, at word starts and
 * early. */
#ifndef HELOSCOPE_TUI_FUZZY_H
#define HELOSCOPE_TUI_FUZZY_H

/* -1: does not fit; else the higher the better. An empty pattern fits all with 0. */
int fuzzy_match(const char *pattern, const char *text);

#endif
