/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the SASL files share: sasl.c (the client), sasl_words.c (what lines say). */
#ifndef HELOSCOPE_CORE_SASL_PRIV_H
#define HELOSCOPE_CORE_SASL_PRIV_H

#include "heloscope/sasl.h"

/* Decodes into *plain, which is made a secret buffer (NUL after it). False: no base64. The caller
 * clears it in both cases. */
bool sasl_decode(const char *base64, size_t n, struct buf *plain);

#endif
