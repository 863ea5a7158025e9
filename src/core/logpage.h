/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The source of a web page in which a talk may stand. */
#ifndef HELOSCOPE_LOGPAGE_H
#define HELOSCOPE_LOGPAGE_H

#include "heloscope/buf.h"

/* Does it begin like one? */
bool logpage_like(const char *p, size_t n);
/* Appends a line as it is seen: without tags, entities as what they stand for. */
void logpage_text(const char *p, size_t n, struct buf *out);

#endif
