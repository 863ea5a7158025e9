/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the one-line mail share: mail.c carries it out, mail_params.c makes MAIL and
 * RCPT. */
#ifndef HELOSCOPE_MAIL_PRIV_H
#define HELOSCOPE_MAIL_PRIV_H

#include "heloscope/caps.h"
#include "heloscope/mail.h"

/* Tells something in the transcript. */
typedef void mail_note_fn(void *arg, const char *words);

/* Appends "MAIL FROM:<...> ..." without line end. quiet: what is left out was said before. False:
 * the mail must not be sent so; why. */
bool mail_from(const struct mail_options *o, const struct caps *caps, bool tls,
               const struct mail_letter *letter, struct buf *out, mail_note_fn *note, void *arg,
               char *why, size_t size);
bool mail_to(const struct mail_options *o, const struct caps *caps, const char *to, struct buf *out,
             mail_note_fn *note, void *arg);

#endif
