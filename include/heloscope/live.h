/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live DNS as a source of answers: what is not known yet is RR_PENDING and is fetched, then the
 * judge is asked again, until nothing is pending. No threads; can be given up at any time. */
#ifndef HELOSCOPE_LIVE_H
#define HELOSCOPE_LIVE_H

#include "heloscope/dns.h"
#include "heloscope/zone.h"

struct live;

enum { LIVE_QUESTIONS = 400, LIVE_ROUNDS = 100 };

/* Asks through dns, which must outlive it. live_free() later. */
struct live *live_new(const struct dns *dns);
void live_free(struct live *l);
struct rr_source live_source(struct live *l);
/* Asks all that was wanted since the last time. done is called (from the loop) when every answer is
 * there; then run the judge again. False: nothing is wanted, or LIVE_ROUNDS are over (what is still
 * wanted then fails, so that a further run ends). */
bool live_fetch(struct live *l, void (*done)(void *arg), void *arg);

#endif
