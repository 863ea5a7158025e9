/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes sentences into explanation.made and never past its end. Text of servers and users goes in
 * harmless. */
#ifndef HELOSCOPE_KNOW_PEN_H
#define HELOSCOPE_KNOW_PEN_H

#include "heloscope/know.h"

struct pen {
    char *begin; /* of the string being written */
    char *at, *end;
};

void pen_start(struct pen *p, struct explanation *e);
/* Appends; what does not fit is left out, at a character's border. */
void pen_str(struct pen *p, const char *s);
void pen_num(struct pen *p, uint64_t n);
/* Foreign octets: printable ASCII as it is, the rest as '?', at most max octets ("..." where more
 * were there). */
void pen_foreign(struct pen *p, const char *s, size_t n, size_t max);
/* A sentence after another: a blank between them. Nothing for an empty one. */
void pen_sentence(struct pen *p, const char *s);
/* Has the string something in it? */
bool pen_any(const struct pen *p);
/* Ends the string and gives it; the next one begins. "" where nothing was written. */
const char *pen_take(struct pen *p);
/* Octets in words: "25 MiB", "10.5 MB", "320 octets". Returns the length written. */
size_t pen_size_words(uint64_t octets, char *out, size_t size);
/* Seconds in words: "5 minutes", "2 days". */
size_t pen_time_words(uint64_t seconds, char *out, size_t size);

#endif
