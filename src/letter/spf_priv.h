/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the SPF evaluator share: the terms of a record, and one run of check_host(). */
#ifndef LETTER_SPF_PRIV_H
#define LETTER_SPF_PRIV_H

#include "heloscope/spf.h"

#include <stdint.h>
#include <time.h>

enum spf_kind { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };

struct spf_term {
    enum spf_kind kind;
    enum spf_result result; /* by its qualifier */
    const char *text;       /* as written, n octets of the record */
    size_t n;
    const char *spec; /* its domain-spec, or NULL */
    size_t nspec;
    unsigned cidr4, cidr6;
    unsigned char ip[16];
};

/* A record cut into its terms; the texts point into it. */
struct spf_record {
    struct spf_term *at;
    size_t n;
    const char *redirect, *exp; /* NULL: not there */
    size_t nredirect, nexp;
};

enum { SPF_DEPTH = SPF_LOOKUPS + 2 };

/* A term that decided, and in whose record it stands. */
struct spf_step {
    char domain[256];
    char term[200];
};

struct spf_run {
    const struct rr_source *dns;
    unsigned char ip[16];
    unsigned bits; /* 32 or 128 */
    const char *local, *sender_domain, *helo, *receiver;
    time_t now;
    unsigned lookups, voids;
    bool pending;
    struct spf_step step[SPF_DEPTH];
    unsigned steps;
    struct buf record; /* the record of the last step, or that of the error */
    char why[400];     /* of an error or of none */
};

/* Cuts a record (from behind "v=spf1") into terms. False: why says what is wrong with it, and it is
 * a permerror (RFC 7208 4.6). spf_record_free() in any case. */
bool spf_record_parse(struct spf_record *r, const char *text, size_t n, char *why, size_t size);
void spf_record_free(struct spf_record *r);

/* Is this a domain-spec (RFC 7208 7.1)? NULL: yes; else what is wrong. exp: of an explanation's
 * text, so c, r and t may stand there and any end will do. */
const char *spf_macro_check(const char *s, size_t n, bool domain_spec, bool exp);
/* Expands what was checked, for the domain whose record it is. A domain-spec is cut from the left
 * to 253 octets (7.3). False: an answer is missing (run->pending), or out's ceiling was reached. */
bool spf_expand(struct spf_run *run, const char *s, size_t n, const char *domain, bool name,
                struct buf *out);

/* Asks; sets pending. */
void spf_ask(struct spf_run *run, const char *name, enum rr_type type, struct rr_answer *out);
/* The client's address in its reverse name ("1.2.0.192.in-addr.arpa"), at least 80 octets. */
void spf_reverse_name(const struct spf_run *run, char *out, size_t size);
/* Does one of the names of the client's address lead back to it, and is it domain or below it
 * (domain NULL: any)? The best one goes to out (256 octets), else "". RFC 7208 5.5. counted: void
 * answers count.
 */
bool spf_validated(struct spf_run *run, const char *domain, char *out, bool counted);
/* Is there an address of name within the client's network of so many bits? */
bool spf_address_match(struct spf_run *run, const struct rr_answer *a, unsigned bits);

#endif
