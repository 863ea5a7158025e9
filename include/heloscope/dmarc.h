/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DMARC: is what SPF and DKIM vouch for the domain that the reader sees, and what does that domain
 * ask for where it is not? By RFC 9989 and by RFC 7489 before it. */
#ifndef HELOSCOPE_DMARC_H
#define HELOSCOPE_DMARC_H

#include "heloscope/dkim.h"
#include "heloscope/spf.h"

enum dmarc_rfc { DMARC_9989, DMARC_7489, DMARC_RFCS };
enum dmarc_result { DMARC_NONE, DMARC_PASS, DMARC_FAIL, DMARC_TEMPERROR, DMARC_PERMERROR };
enum dmarc_policy { POLICY_NONE, POLICY_QUARANTINE, POLICY_REJECT };

struct dmarc {
    enum dmarc_result result;
    bool pending;     /* answers are missing: fetch and ask again */
    bool evaluated;   /* false: it does not apply to this message (because says why) */
    bool found;       /* a record applies; policy and policy_domain are set */
    char domain[256]; /* the author's */
    char org_domain[256];
    char policy_domain[256];
    enum dmarc_policy policy;       /* asked for */
    enum dmarc_policy disposition;  /* what is to be done with this message */
    const char *tag;                /* that the policy stands in: "p", "sp", "np" */
    bool spf_aligned, dkim_aligned; /* it passed, and its domain is aligned */
    struct buf because;             /* one line, harmless to a terminal */
};

/* Fills *out; dmarc_clear() later. */
void dmarc_check(enum dmarc_rfc rfc, const struct author *author, const struct spf *spf,
                 const struct dkim *dkim, const struct rr_source *dns, struct dmarc *out);
void dmarc_clear(struct dmarc *d);
const char *dmarc_word(enum dmarc_result r);
const char *policy_word(enum dmarc_policy p);

#endif
