/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a receiver concludes of a message: SPF, DKIM and DMARC with their reasons, and the field
 * that tells the reader's program (RFC 8601). */
#ifndef HELOSCOPE_VERDICT_H
#define HELOSCOPE_VERDICT_H

#include "heloscope/dmarc.h"

struct verdict_query {
    const char *ip, *helo;
    const char *mail_from;   /* with or without < >; "" is the null sender */
    const char *authserv_id; /* who concludes */
    enum dmarc_rfc rfc;      /* by which the field speaks */
    time_t now;              /* for expired signatures; 0: the clock's */
};

struct verdict {
    bool pending; /* answers are missing: fetch and ask again */
    struct author author;
    struct spf spf;
    struct dkim dkim;
    struct dmarc dmarc[DMARC_RFCS];
    struct buf results; /* the value of Authentication-Results, in one line */
};

/* Judges a message whose lines end in CRLF. verdict_clear() later. */
void verdict_make(const struct verdict_query *q, const struct mailtext *m,
                  const struct rr_source *dns, struct verdict *out);
void verdict_clear(struct verdict *v);
/* Appends "Authentication-Results: ...\r\n", folded. */
bool verdict_field(const struct verdict *v, struct buf *out);
/* Is this an Authentication-Results field in the name of authserv_id? (RFC 8601 5: to be removed)
 */
bool results_forged(const struct field *f, const char *authserv_id);
/* The verdict as one JSON object in one line. */
bool verdict_json(const struct verdict *v, struct buf *out);

#endif
