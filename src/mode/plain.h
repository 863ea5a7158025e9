/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An item of the talk in plain lines. */
#ifndef HELOSCOPE_MODE_PLAIN_H
#define HELOSCOPE_MODE_PLAIN_H

#include "heloscope/source.h"
#include <stdio.h>

/* Prints item i with its explanation: printable text only, whatever the other end sent. */
void plain_item(FILE *to, const struct source *src, size_t i);

/* Asks at the terminal, without echo. False: there is no terminal, or nothing was typed. The caller
 * wipes out. */
bool plain_secret(const char *question, char *out, size_t size);

#endif
