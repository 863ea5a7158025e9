/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk as a table for a class (report.h tells of its forms). */
#ifndef HELOSCOPE_KNOW_HANDOUT_H
#define HELOSCOPE_KNOW_HANDOUT_H

#include "heloscope/source.h"
#include <stdio.h>

/* blank: the column of explanations stays empty. False: writing failed (errno). */
bool handout_write(FILE *f, const struct source *src, bool html, bool blank);

#endif
