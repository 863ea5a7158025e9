/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session's transcript shows. */
#ifndef TESTS_SUPPORT_SHOWS_H
#define TESTS_SUPPORT_SHOWS_H

#include "heloscope/session.h"

/* The whole transcript as "C  ..." lines with remarks, for comparisons and for failing tests; valid
 * until the next call. Of a long body the first 40 lines. */
const char *shows(struct session *s);
void must_show(struct session *s, const char *text);
void must_hide(struct session *s, const char *text);

#endif
