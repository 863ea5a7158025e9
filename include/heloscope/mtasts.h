/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MTA-STS: a domain's policy, and whether a host and its certificate fulfil it. Pure functions; the
 * policy's text comes from a file. RFC 8461. */
#ifndef HELOSCOPE_MTASTS_H
#define HELOSCOPE_MTASTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mtasts_mode { MTASTS_NO_MODE, MTASTS_MODE_NONE, MTASTS_TESTING, MTASTS_ENFORCE };

enum { MTASTS_MX_MAX = 64, MTASTS_FILE_MAX = 64 << 10 /* RFC 8461 3.3 */ };

struct mtasts {
    enum mtasts_mode mode;
    uint32_t max_age; /* seconds, at most 31557600 */
    char mx[MTASTS_MX_MAX][256];
    size_t nmx;
    unsigned lf_only; /* lines that end with LF alone: allowed (RFC 8461 3.2) */
};

/* Reads a policy. False: why names the line and what stands there instead. */
bool mtasts_parse(const char *text, size_t n, struct mtasts *out, char *why, size_t size);
/* The TXT record at _mta-sts.DOMAIN: "v=STSv1; id=20260101". False: why. RFC 8461 3.1. */
bool mtasts_txt(const char *text, size_t n, char id[33], char *why, size_t size);
/* Is host one of the policy's? "*.example.org" stands for exactly one label. RFC 8461 4.1. */
bool mtasts_mx_allowed(const struct mtasts *p, const char *host);

enum mtasts_verdict {
    MTASTS_FULFILLED,
    MTASTS_BROKEN,         /* mode enforce: a sender that heeds it delivers nothing here */
    MTASTS_BROKEN_TESTING, /* mode testing: delivered, and reported */
    MTASTS_SAYS_NOTHING,   /* mode none */
};
/* host: the MX; tls: TLS is up; certificate: chain, dates and name all hold against public roots
 * (certificate_why: the reason, where not). why: always one sentence. */
enum mtasts_verdict mtasts_check(const struct mtasts *p, const char *host, bool tls,
                                 bool certificate, const char *certificate_why, char *why,
                                 size_t size);
const char *mtasts_mode_name(enum mtasts_mode m);

#endif
