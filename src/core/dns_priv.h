/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two things behind dns.h share: records with their owners, the way through CNAMEs, and
 * an answer with its sentence. dns_ares.c has the resolver, dns_zone.c the text. */
#ifndef HELOSCOPE_CORE_DNS_PRIV_H
#define HELOSCOPE_CORE_DNS_PRIV_H

#include "heloscope/dns.h"

enum { DNS_RRS_MAX = 512, DNS_NAME_MAX = 1024 /* 255 octets, each escaped */ };

struct dns_rr {
    char *owner;
    struct dns_record r; /* its text and data are ours */
};

struct dns_rrs {
    struct dns_rr *at;
    size_t n, cap;
};

/* A record more, whose text and data become copies of our own; false: DNS_RRS_MAX is reached. */
bool dns_rrs_add(struct dns_rrs *s, const char *owner, const struct dns_record *r);
void dns_rrs_clear(struct dns_rrs *s);

/* An answer and what it points at. */
struct dns_reading {
    struct dns_answer a;
    struct dns_rrs rrs;
    struct dns_record at[DNS_RECORDS_MAX];
    const char *chain[DNS_CHAIN_MAX];
    char why[700];
};

/* Follows the CNAMEs from name through *s and fills records, chain and status (DNS_FOUND,
 * DNS_NODATA or DNS_LOOP) of *out. */
void dns_follow(const char *name, enum dns_type type, const struct dns_rrs *s,
                struct dns_reading *out);
/* Writes out->why from the status, and out->a.temporary. */
void dns_say(struct dns_reading *out, const char *detail);
/* Reads a message as it came from the wire. RFC 1035 4. */
void dns_read(const unsigned char *msg, size_t n, const char *name, enum dns_type type,
              struct dns_reading *out);
/* The name servers of a c-ares channel, for a sentence: "127.0.0.1:53, [::1]:53"; where a port is
 * 53 it is left out. "" where they are not known. */
void dns_servers(void *channel, char *out, size_t size);
/* Equal without case and without the last dot. */
bool dns_same_name(const char *a, const char *b);

#endif
