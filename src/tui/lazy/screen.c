/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ncurses and readline are loaded when the screen is first wanted: a start without one is half a
 * millisecond shorter for it. core/lazy/lazy.h tells how. terminfo's functions have a table of
 * their own, because term.h defines words that other files use as names; raw() is one, too. */
#include "core/lazy/lazy.h"

#ifdef HELO_LAZY
#include "config.h"

#include "tui/lazy/curses.gen.h"
#include "tui/lazy/readline.gen.h"
#include "tui/lazy/terminfo.gen.h"
#include "core/lazy/table.h"

LIBRARY(curses, HELO_SONAME_NCURSES)
LIBRARY(terminfo, HELO_SONAME_NCURSES) /* or the libtinfo that it brings along */
LIBRARY(readline, HELO_SONAME_READLINE)
#endif
