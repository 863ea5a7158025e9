/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of commands.def as data: what can be typed after a colon. Without curses. */
#ifndef HELOSCOPE_TUI_COMMANDS_H
#define HELOSCOPE_TUI_COMMANDS_H

#include <stddef.h>

enum command_id {
#define COMMAND(id, name, args, ask, help) CMD_##id,
#include "tui/commands.def"
    COMMANDS
};

struct command_row {
    enum command_id id;
    const char *name; /* without the colon */
    const char *args; /* "" none; "[X]" may be left out; "X" is asked for */
    const char *ask;  /* the question where a needed argument was left out */
    const char *help;
};
extern const struct command_row command_rows[];
extern const size_t command_rows_n;

#endif
