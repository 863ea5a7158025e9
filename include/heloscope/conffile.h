/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of libConfuse files share. */
#ifndef HELOSCOPE_CONFFILE_H
#define HELOSCOPE_CONFFILE_H

#include <stddef.h>

/* Turns comments into blanks. libConfuse 3.3 counts a comment's line several times over, so that
 * line numbers behind one are wrong. # and // start one only where a word could start ("#e25a71" is
 * quoted). */
void conf_blank_comments(char *p, size_t n);

#endif
