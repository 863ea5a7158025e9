/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DANE for mail: do the TLSA records of a host fit the chain that it presented? Pure functions over
 * DER. RFC 6698, RFC 7671, RFC 7672 (usages 2 and 3 only, who may be named). */
#ifndef HELOSCOPE_DANE_H
#define HELOSCOPE_DANE_H

#include "heloscope/dns.h"
#include <time.h>

struct der {
    const unsigned char *p;
    size_t n;
};

enum { DANE_ROWS_MAX = 16, DANE_DATA_MAX = 4096 };

struct dane_row {
    uint8_t usage, selector, matching;
    unsigned char *data;
    size_t n;
};

/* What was asked of DNS about one host and port, kept. */
struct dane {
    char name[280]; /* "_25._tcp.mx.example.org" */
    enum dns_status status;
    bool ad;            /* the resolver says: authenticated */
    bool authenticated; /* and may be believed (dns.h) */
    char why[300];      /* where nothing was found: the sentence of dns.h */
    struct dane_row rows[DANE_ROWS_MAX];
    size_t n;
    size_t dropped; /* records above the ceilings */
};

/* The name under which the records of a host are kept: "_25._tcp.mx.example.org". RFC 6698 3. */
bool dane_name(const char *host, unsigned short port, char *out, size_t size);
/* Keeps an answer to a question for TLSA. *d must be zeroed or cleared. */
void dane_take(struct dane *d, const struct dns_answer *a);
void dane_clear(struct dane *d);
/* One row in words: "3 1 1: the SHA-256 of the server certificate's public key". Names what is
 * wrong with one that cannot be used. True: usable for mail. */
bool dane_row_words(const struct dane_row *r, char *out, size_t size);

enum dane_verdict {
    DANE_NONE,     /* no records: DANE says nothing */
    DANE_VERIFIED, /* a usable record fits */
    DANE_FAILED, /* usable records, none of which fits: a sender that heeds DANE delivers nothing */
    DANE_UNUSABLE, /* records, but none that mail may use: TLS is mandatory, the other end unproven
                    */
    DANE_UNPROVEN, /* records that nobody authenticated (or DNS failed): they decide nothing */
};

/* chain: the certificates as presented, the server's first. names: for usage 2, the names any of
 * which the certificate may carry (the host, and the domain that was asked for; RFC 7672 3.2.2).
 * now: for the dates of usage 2. why: always one sentence. DANE_UNPROVEN says there too whether the
 * records would have fitted. usage: of the record that fits, where it is DANE_VERIFIED; or NULL. */
enum dane_verdict dane_check(const struct dane *d, const struct der *chain, size_t nchain,
                             const char *const *names, size_t nnames, time_t now, uint8_t *usage,
                             char *why, size_t size);

#endif
