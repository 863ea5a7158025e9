/* SPDX-License-Identifier: GPL-3.0-or-later */
/* $XDG_CONFIG_HOME/heloscope/config: what one does not want to say each time. */
#ifndef HELOSCOPE_MODE_CONFIG_H
#define HELOSCOPE_MODE_CONFIG_H

#include <stddef.h>

struct config {
    char *theme;      /* NULL: not said */
    int annotate;     /* enum annotate */
    long timeout;     /* seconds; 0: not said */
    char broken[400]; /* one line on what is wrong with the file, where, and what is used instead;
                         "" */
};

/* Never fails: a missing file is none, a broken one leaves the defaults and says so in `broken`. */
void config_read(struct config *c);
/* The same from a path. */
void config_read_file(struct config *c, const char *path);
void config_clear(struct config *c);

#endif
