/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets in text that is no part of a talk. */
#ifndef HELOSCOPE_STRAY_H
#define HELOSCOPE_STRAY_H

#include "heloscope/buf.h"

/* Does the text quote a login? Then it is appended with the secret masked (and without colours). */
bool stray_mask(const char *p, size_t n, struct buf *out);

#endif
