/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the program keeps its files: the XDG base directories. */
#ifndef HELOSCOPE_TUI_PATHS_H
#define HELOSCOPE_TUI_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/* $XDG_STATE_HOME/heloscope/NAME (or ~/.local/state/...); the folders are made, for the user alone.
 * NULL: why. Heap. */
char *paths_state(const char *name, char *why, size_t size);
/* $XDG_CONFIG_HOME/heloscope/NAME (or ~/.config/...); nothing is made. NULL where there is no home.
 * Heap. */
char *paths_config(const char *name);

/* FILE in a folder of data that is shipped: $VARIABLE if that is set, beside the program (not
 * installed), else where it was installed. file may be "" (the folder). False: it is not there. */
bool paths_shipped(const char *variable, const char *folder, const char *file, char *path,
                   size_t size);

#endif
