/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdicts on a presented chain that need more than the chain: DANE's records and MTA-STS'
 * policy. They are put where tlspeer.h keeps all verdicts. */
#ifndef HELOSCOPE_TLSJUDGE_H
#define HELOSCOPE_TLSJUDGE_H

#include "heloscope/dane.h"
#include "heloscope/mtasts.h"
#include "heloscope/tlspeer.h"

/* names: as dane_check() wants them. */
enum dane_verdict tls_judge_dane(struct tls_peer *p, const struct dane *d, const char *const *names,
                                 size_t nnames);
/* host: the mail exchanger. */
enum mtasts_verdict tls_judge_mtasts(struct tls_peer *p, const struct mtasts *policy,
                                     const char *host);

#endif
