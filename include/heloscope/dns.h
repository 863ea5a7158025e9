/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to the domain name system, one interface and two things behind it: the machine's
 * resolver (c-ares, in the loop), and a zone that is a text (practice, tests). An answer always
 * comes from the loop, never out of dns_ask(). RFC 1034, RFC 1035, RFC 3596 (AAAA), RFC 6698
 * (TLSA), RFC 4035 3.2.3 (AD). */
#ifndef HELOSCOPE_DNS_H
#define HELOSCOPE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct dns_query;

/* The numbers of the IANA registry "Resource Record (RR) TYPEs". */
enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_TLSA = 52,
};

enum dns_status {
    DNS_FOUND,     /* n >= 1 records */
    DNS_NODATA,    /* the name exists, but has no record of that type */
    DNS_NXDOMAIN,  /* the name does not exist */
    DNS_SERVFAIL,  /* the name server failed; where it validates: DNSSEC does not hold */
    DNS_REFUSED,   /* it does not answer us, or does not look up for us */
    DNS_TIMEOUT,   /* nobody answered in time, or nobody could be reached */
    DNS_LOOP,      /* CNAMEs go round, or are more than 16 */
    DNS_TRUNCATED, /* cut off, over TCP too */
    DNS_BROKEN,    /* the answer makes no sense, or is about something else */
    DNS_BAD_NAME,  /* what was asked for cannot be a name; nobody was asked */
};

enum { DNS_RECORDS_MAX = 64, DNS_CHAIN_MAX = 16 };

struct dns_record {
    enum dns_type type;
    uint32_t ttl; /* seconds */
    /* A, AAAA: the address as text. MX, PTR, CNAME, NS: the name without the last dot ("" is the
     * root: a null MX). TXT: its strings joined without a blank (RFC 7208 3.3); may hold NULs and
     * anything else: clean it before it is shown. TLSA: "". */
    const char *text;
    size_t n;
    uint16_t preference;               /* MX */
    uint8_t usage, selector, matching; /* TLSA */
    const unsigned char *data;         /* TLSA: the association data */
    size_t ndata;
};

struct dns_answer {
    const char *name; /* as asked */
    enum dns_type type;
    enum dns_status status;
    bool temporary;  /* another try may help (SERVFAIL, REFUSED, TIMEOUT, TRUNCATED, BROKEN) */
    int rcode;       /* RFC 1035 4.1.1; -1: no answer came */
    const char *why; /* one sentence, harmless to a terminal; "" where status is DNS_FOUND */
    bool ad;         /* the resolver says that it authenticated the answer */
    /* ad, and the resolver is on this machine, so that nobody on the way could have said so instead
     * (RFC 7672 2.2, RFC 4035 4.9.3). Only then may DANE decide anything. */
    bool authenticated;
    /* The CNAMEs followed, beginning with the name they led to; none: nchain 0. */
    const char *const *chain;
    size_t nchain;
    const struct dns_record *at;
    size_t n;
    double ms;
};

/* The answer to one question; all borrowed for the call. fn may ask, cancel other questions and
 * free the whole, but must not run turns of the loop; its own question is over. */
typedef void dns_fn(void *arg, const struct dns_answer *a);

struct dns {
    void *self;
    struct dns_query *(*ask)(void *self, const char *name, enum dns_type type, dns_fn *fn,
                             void *arg);
    void (*cancel)(void *self, struct dns_query *q);
    bool (*believed)(const void *self); /* NULL: never */
    void (*free)(void *self);
};

struct dns_options {
    const char *servers; /* "127.0.0.1:5353,[::1]:53"; NULL: the system's */
    int timeout_ms;      /* for each question; 0: 5 s */
};

/* The machine's resolver. Starts nothing before the first question; /etc/hosts is not looked at.
 * False: why (size bytes) holds a sentence. dns_free() later. */
bool dns_open(struct dns *d, struct loop *l, const struct dns_options *o, char *why, size_t size);
/* A zone from a text, one record a line: NAME [TTL] TYPE DATA, names without a last dot, TXT in
 * "quotes", TLSA as "3 1 1 hex", ';' begins a comment. "$SECURE NAME": answers at and below NAME
 * are authenticated. "$FAIL NAME servfail|refused|timeout|nxdomain": so is it answered (a timeout
 * at once). Names that are not there do not exist. False: why names the line. */
bool dns_zone(struct dns *d, struct loop *l, const char *text, char *why, size_t size);

/* Asks. The handle is for dns_cancel() and gone once fn was called. Names: A-labels. */
struct dns_query *dns_ask(const struct dns *d, const char *name, enum dns_type type, dns_fn *fn,
                          void *arg);
/* fn is not called any more. Safe with NULL. */
void dns_cancel(const struct dns *d, struct dns_query *q);
/* Would an authenticated answer be believed (see dns_answer)? Known once something was asked. */
bool dns_believed(const struct dns *d);
/* Ends every question silently. Safe with one that was never opened. */
void dns_free(struct dns *d);

/* "MX", "TXT" ...; the type of such a word, in any case (0: unknown). */
const char *dns_type_name(enum dns_type t);
enum dns_type dns_type_of(const char *word, size_t n);
/* A status in words, for a sentence: "no such name (NXDOMAIN)". */
const char *dns_status_words(enum dns_status s, enum dns_type t);
/* The name under which PTR records of an address are kept ("4.3.2.1.in-addr.arpa"). False: the
 * text is no address. RFC 1035 3.5, RFC 3596 2.5. */
bool dns_reverse_name(const char *address, char *out, size_t size);

#endif
