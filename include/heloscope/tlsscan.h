/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which TLS versions does a server accept? Asked by a connection of its own for each, one after the
 * other, that goes as far as TLS (EHLO, STARTTLS) and says QUIT. Only ever on demand. RFC 8996. */
#ifndef HELOSCOPE_TLSSCAN_H
#define HELOSCOPE_TLSSCAN_H

#include "heloscope/session.h"

enum tls_accept {
    TLS_NOT_TRIED, /* not yet, or not possible: words tells */
    TLS_ACCEPTED,  /* words: the cipher */
    TLS_DECLINED,  /* words: how */
    TLS_NO_ANSWER, /* the connection failed before TLS was begun: words */
};
enum { TLS_VERSION_ROWS = 4 };
struct tls_version_row {
    enum tls_version version;
    enum tls_accept accept;
    char words[300];
};

struct tls_scan;
/* Called after each version, and last with done. It may free the scan. */
typedef void tls_scan_fn(void *arg, struct tls_scan *s, bool done);

/* Begins; t and the options are copied (their strings are borrowed for the scan's life).
 * Certificates are not judged here. helo: the name to say in EHLO. */
struct tls_scan *tls_scan_new(struct loop *l, const struct target *t,
                              const struct session_options *o, const char *helo, tls_scan_fn *fn,
                              void *arg);
/* Stops what is going on. NULL is fine. */
void tls_scan_free(struct tls_scan *s);
/* TLS_VERSION_ROWS rows from TLS 1.0 on; borrowed. */
const struct tls_version_row *tls_scan_rows(const struct tls_scan *s);
bool tls_scan_done(const struct tls_scan *s);
/* What a connection was offered in clear that was offered something else than `clear`; NULL: all
 * alike, or nothing to compare. Borrowed. */
const struct caps *tls_scan_other(const struct tls_scan *s, const struct caps *clear);

#endif
