/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SPF: may this client send mail in the name of this domain? Own evaluator, because it tells why.
 * RFC 7208. */
#ifndef HELOSCOPE_SPF_H
#define HELOSCOPE_SPF_H

#include "heloscope/buf.h"
#include "heloscope/zone.h"

/* RFC 7208 2.6, in the order of the results' numbers below. */
enum spf_result {
    SPF_NONE,
    SPF_NEUTRAL,
    SPF_PASS,
    SPF_FAIL,
    SPF_SOFTFAIL,
    SPF_TEMPERROR,
    SPF_PERMERROR,
};

enum { SPF_LOOKUPS = 10, SPF_VOIDS = 2, SPF_NAMES = 10 }; /* RFC 7208 4.6.4 */

struct spf_query {
    const char *ip;        /* the client's address, v4 or v6 (a mapped v4 is v4) */
    const char *helo;      /* what it called itself */
    const char *mail_from; /* "" or NULL: the null sender, then postmaster@helo is checked (2.4) */
    const char *receiver;  /* for %{r}; NULL: "unknown" */
};

struct spf {
    enum spf_result result;
    bool pending;         /* answers are missing: fetch and ask again; the rest says nothing */
    const char *identity; /* "mailfrom" or "helo" */
    char domain[256];     /* the one that was checked */
    unsigned lookups;     /* terms that asked the DNS */
    unsigned voids;       /* questions that brought nothing */
    struct buf because;   /* one line, harmless to a terminal */
    struct buf explained; /* what the domain itself says of a failure (exp=), or "" */
};

/* RFC 7208 4. Fills *out; spf_clear() later. */
void spf_check(const struct spf_query *q, const struct rr_source *dns, struct spf *out);
void spf_clear(struct spf *s);
/* "softfail". */
const char *spf_word(enum spf_result r);
/* Is this text an address? Fills 4 or 16 octets and the family's length in bits (32, 128). */
bool ip_parse(const char *text, unsigned char out[16], unsigned *bits);

#endif
