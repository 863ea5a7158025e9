/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where mail for a domain goes: its MX records in order, each with its addresses, and what is wrong
 * with them. RFC 5321 5.1, RFC 7505 (null MX), RFC 2181 10.3 (no alias). */
#ifndef HELOSCOPE_MX_H
#define HELOSCOPE_MX_H

#include "heloscope/dns.h"

struct mx;

enum mx_kind {
    MX_FOUND,
    MX_IMPLICIT, /* no MX: the domain's own addresses stand in */
    MX_NULL,     /* "0 .": the domain takes no mail */
    MX_FAILED,   /* no such domain, or DNS failed */
};

enum { MX_ENTRIES_MAX = 64 };

/* One address of one host; a host without addresses has one entry too. */
struct mx_entry {
    char host[256];
    unsigned preference; /* of MX_IMPLICIT: 0 */
    char address[64];    /* "": none */
    bool reserved;       /* nobody outside reaches it (address_reserved()) */
    bool usable;         /* has an address of a wanted family and a name that may stand in an MX */
    bool warn;
    const char *id; /* of what is wrong: "mx-alias", "mx-literal", "mx-reserved", "mx-no-address",
                       "mx-unknown", "mx-null-mixed", "mx-bad-name"; NULL: nothing */
    char note[300]; /* what is wrong with it, or worth knowing; "" */
};

struct mx_list {
    char domain[256];
    enum mx_kind kind;
    struct mx_entry at[MX_ENTRIES_MAX];
    size_t n;
    bool reserved_ok;   /* reserved addresses were asked for: they count like others */
    size_t best;        /* the first that mx_takes(); n: none does */
    bool authenticated; /* the MX records were (dns.h) */
    bool temporary;     /* there is no best one: another try may help */
    size_t dropped;     /* addresses above the ceiling */
    char why[700];      /* a sentence where there is no best one; else "" */
    double ms;
};

/* Called once, from the loop; borrowed for the call. fn may cancel. */
typedef void mx_fn(void *arg, const struct mx_list *list);

/* domain: in A-labels. family: AF_INET, AF_INET6 or 0 for both. *d must outlive it. */
struct mx *mx_start(const struct dns *d, const char *domain, int family, mx_fn *fn, void *arg);
/* Only the addresses of this host, as a list of the kind MX_IMPLICIT. */
struct mx *mx_host(const struct dns *d, const char *host, int family, mx_fn *fn, void *arg);
/* Reserved addresses are as good as others: somebody asked for them. Right after mx_start();
 * mx_host() means the host anyway. */
void mx_allow_reserved(struct mx *m);
/* Is entry i one to connect to unasked: usable, and no reserved address unless those are allowed?
 */
bool mx_takes(const struct mx_list *list, size_t i);
/* Ends it silently and frees; always needed, safe with NULL and in the callback. */
void mx_cancel(struct mx *m);

/* "10 mx1.example.org [192.0.2.1]", with what is to be noted after a colon. */
void mx_words(const struct mx_list *list, size_t i, char *out, size_t size);
/* Why nobody outside reaches an address ("private (RFC 1918)"); NULL: it is a usual one, or no
 * address. RFC 6890. */
const char *address_reserved(const char *address);

#endif
