/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.def as a table. */
#include "tui/commands.h"

const struct command_row command_rows[] = {
#define COMMAND(id, name, args, ask, help) {CMD_##id, name, args, ask, help},
#include "tui/commands.def"
};
const size_t command_rows_n = sizeof command_rows / sizeof *command_rows;
