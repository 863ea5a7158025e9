/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of DMARC share: records, and the walk up the tree. */
#ifndef LETTER_DMARC_PRIV_H
#define LETTER_DMARC_PRIV_H

#include "heloscope/dmarc.h"

enum { WALK_MAX = 8, NOT_SAID = -1, BAD = -2 };

struct dmarc_record {
    char domain[256]; /* where it lies, without "_dmarc." */
    char text[300];   /* the record, or its beginning */
    int p, sp, np;    /* enum dmarc_policy, NOT_SAID or BAD */
    bool adkim_strict, aspf_strict, testing, rua;
    char psd; /* 'y', 'n', 'u' */
    int pct;
};

enum fetch { FETCH_FOUND, FETCH_NONE, FETCH_SEVERAL, FETCH_FAILED, FETCH_PENDING };

/* Is this a DMARC record (RFC 9989 4.7: v=DMARC1 first)? */
bool dmarc_record_read(const char *s, size_t n, const char *domain, struct dmarc_record *out);
/* Asks at _dmarc.domain. why: of FETCH_FAILED. */
enum fetch dmarc_fetch(const struct rr_source *dns, const char *domain, struct dmarc_record *out,
                       const char **why);

/* RFC 9989 4.10. */
struct walk {
    struct dmarc_record at[WALK_MAX];
    size_t n;
    char org[256];       /* "" where a question above got no answer */
    char discarded[256]; /* the first name with several records, which count as none; or "" */
    bool failed, pending;
    const char *why;
};
void dmarc_walk(const struct rr_source *dns, const char *domain, struct walk *w);
/* By the list of public suffixes (RFC 7489 3.2). */
void dmarc_org_by_list(const char *domain, char out[256]);

#endif
