/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spoof lab's world: bank.test, who is impersonated, evil.test, who does it, and the others of
 * the scenarios, as a zone file, with keys to sign in their names. All names and addresses are
 * reserved (RFC 2606, RFC 6761, RFC 5737, RFC 3849), all keys are public: nothing here is
 * anybody's. */
#ifndef HELOSCOPE_LAB_H
#define HELOSCOPE_LAB_H

#include "heloscope/dkim.h"

/* Where they send from. */
#define LAB_BANK "192.0.2.130"
#define LAB_ESP "198.51.100.70"
#define LAB_LISTS "198.51.100.10"
#define LAB_ALUMNI "198.51.100.25"
#define LAB_EVIL "203.0.113.66"
#define LAB_SELECTOR "lab"

/* What bank.test publishes. */
struct lab_choice {
    const char *policy;    /* "none", "quarantine", "reject"; NULL: no DMARC record */
    const char *subdomain; /* sp=, or NULL */
    bool strict;           /* adkim=s; aspf=s */
    bool soft;             /* its SPF record ends in ~all */
};

/* Appends the zone as a master file. False: why. */
bool lab_zone(const struct lab_choice *c, struct buf *out, char *why, size_t size);
/* The key of one of its domains (Ed25519, the same at each start); NULL: it has none, or why. The
 * caller frees it. */
struct dkim_key *lab_key(const char *domain, char *why, size_t size);

#endif
