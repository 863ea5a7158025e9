/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS as those who judge a letter see it (SPF, DKIM, DMARC): a question that is answered at once.
 * The answer comes from a zone file (practice, tests, `verify --zone`) or from what was fetched
 * before (letter/live.h); where it has to be fetched first it is RR_PENDING, and the judge is asked
 * again later. RFC 1034 3.6, 4.3.3 (wildcards), RFC 1035 5 (master files). */
#ifndef HELOSCOPE_ZONE_H
#define HELOSCOPE_ZONE_H

#include <stdbool.h>
#include <stddef.h>

/* The numbers of the IANA registry "Resource Record (RR) TYPEs". */
enum rr_type {
    RR_A = 1,
    RR_NS = 2,
    RR_CNAME = 5,
    RR_PTR = 12,
    RR_MX = 15,
    RR_TXT = 16,
    RR_AAAA = 28,
};

enum rr_status {
    RR_FOUND,    /* n >= 1 records */
    RR_NODATA,   /* the name exists and has none of that type */
    RR_NXDOMAIN, /* the name does not exist */
    RR_TEMPFAIL, /* no answer in time, or the server failed: another day it may be there */
    RR_PENDING,  /* not fetched yet: ask again */
};

/* A, AAAA: 4 or 16 octets. TXT: its strings joined without a blank (RFC 7208 3.3), any octets. MX,
 * PTR, CNAME, NS: the name in small letters without its last dot (the root: ""). Behind data[n]
 * stands a NUL. */
struct rr {
    const char *data;
    size_t n;
    unsigned preference; /* MX */
};

struct rr_answer {
    enum rr_status status;
    const struct rr *at; /* borrowed until the source changes */
    size_t n;
    const char *why; /* RR_TEMPFAIL: in words; else "" */
};

/* Where answers come from. name: A-labels, with or without its last dot, any case. */
struct rr_source {
    void (*lookup)(void *self, const char *name, enum rr_type type, struct rr_answer *out);
    void *self;
};

struct zone;

enum { ZONE_MAX = 16 << 20, ZONE_RECORDS = 200000, ZONE_NAME = 1025 };

/* A zone from n octets of a master file (no $INCLUDE; records of any origin; no SOA needed). A line
 * ";!TIMEOUT name [TYPE]" makes the name (for that type) time out, whatever else is said of it.
 * NULL: why (size bytes) says "title:LINE: what, what was expected". */
struct zone *zone_parse(const char *title, const char *text, size_t n, char *why, size_t size);
/* The same from a file. */
struct zone *zone_read(const char *path, char *why, size_t size);
void zone_free(struct zone *z);
/* As a source of answers; valid as long as the zone. */
struct rr_source zone_source(struct zone *z);
size_t zone_records(const struct zone *z);

/* "MX", "TXT"; "?" for others. */
const char *rr_type_name(enum rr_type t);

#endif
