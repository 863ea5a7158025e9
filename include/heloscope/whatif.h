/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The what-if of the spoof lab: the verdict on a letter, and what becomes of it when one thing is
 * changed: what bank.test publishes, where the client stands, who signed. Judged by the lab's zone;
 * nothing is sent. */
#ifndef HELOSCOPE_WHATIF_H
#define HELOSCOPE_WHATIF_H

#include "heloscope/buf.h"

struct whatif {
    char policy[12]; /* bank.test's: none, quarantine, reject, "off": no record */
    bool strict;     /* alignment */
    bool soft;       /* SPF ends in ~all */
    char client[48]; /* "": where the letter came from */
    char zone[512];  /* judged by this zone file; "": by the lab's, as chosen above */
    char sign[64];   /* a domain of the lab that signs; "off": signatures are taken away; "" */
};

/* Nothing is changed: what the world says that is under way. */
void whatif_init(struct whatif *w);
/* That world is another one from now on (a lesson's); NULL: the usual one. */
void whatif_usual(const struct whatif *w);
/* "policy=none", "alignment=strict", "spf=soft", "client=192.0.2.130", "sign=bank.test",
 * "sign=off", "reset". False: why holds a sentence, and nothing has changed. */
bool whatif_change(struct whatif *w, const char *text, char *why, size_t size);
/* The words that whatif_change() takes, for a question. */
const char *whatif_words(void);
/* What is changed, in words; "" where nothing is. */
void whatif_said(const struct whatif *w, char *out, size_t size);
/* Judges a letter as it lies in the maildrop: one because-line a check, and what the receiver does.
 * False: why (no server noted where it came from; a library is missing). */
bool whatif_judge(const struct whatif *w, const char *text, size_t n, struct buf *out, char *why,
                  size_t size);

#endif
