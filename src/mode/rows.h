/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options.def as tables, for --help and the man page. */
#ifndef HELOSCOPE_MODE_ROWS_H
#define HELOSCOPE_MODE_ROWS_H

#include "mode/mode.h"

struct mode_row {
    enum mode mode;
    const char *word, *operands;
    int least, most;
    const char *does;
};
extern const struct mode_row mode_rows[];
extern const size_t mode_rows_n;

struct option_row {
    int kind;
    char letter; /* 0: none */
    const char *name, *arg;
    unsigned modes;
    const char *help;
    size_t field; /* offset in struct args */
};
extern const struct option_row option_rows[];
extern const size_t option_rows_n;

#endif
