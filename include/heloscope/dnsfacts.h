/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What DNS says beside a session, in words: who the other end's address claims to be and whether
 * that holds, and what the domain publishes about its mail: SPF, DMARC, MTA-STS, TLSRPT, DANE.
 * Asked on demand only. RFC 1912 2.1 (PTR), RFC 7208, RFC 7489, RFC 8461, RFC 8460, RFC 7672. */
#ifndef HELOSCOPE_DNSFACTS_H
#define HELOSCOPE_DNSFACTS_H

#include "heloscope/dane.h"
#include "heloscope/dns.h"

struct dnsfacts;

/* "": leaves that out. */
struct dnsfacts_ask {
    const char *domain;  /* whose mail it is, in A-labels: SPF, DMARC, MTA-STS, TLSRPT */
    const char *host;    /* the server, in A-labels: DANE */
    unsigned short port; /* DANE */
    const char *address; /* of the other end: PTR */
};

enum dnsfacts_tone { DNSFACTS_PLAIN, DNSFACTS_GOOD, DNSFACTS_WARN };

struct dnsfacts_line {
    const char *label; /* "SPF", "DMARC", "PTR" ...; at most 9 columns */
    const char *id;    /* "spf-missing": stable, for JSON and findings */
    enum dnsfacts_tone tone;
    const char *text; /* one sentence without a full stop, harmless to a terminal */
};

/* Called once, from the loop, when everything was answered. It may free. */
typedef void dnsfacts_fn(void *arg, struct dnsfacts *f);

/* *d must outlive it; the strings are copied. Free with dnsfacts_free(). NULL: there is
 * nothing to ask. */
struct dnsfacts *dnsfacts_start(const struct dns *d, const struct dnsfacts_ask *ask,
                                dnsfacts_fn *fn, void *arg);
void dnsfacts_free(struct dnsfacts *f);

size_t dnsfacts_count(const struct dnsfacts *f);
/* Borrowed. */
const struct dnsfacts_line *dnsfacts_line(const struct dnsfacts *f, size_t i);
/* The TLSA records; NULL: not asked. */
const struct dane *dnsfacts_dane(const struct dnsfacts *f);
/* Has the domain an MTA-STS record? */
bool dnsfacts_has_mtasts(const struct dnsfacts *f);

#endif
