/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the other end of a TLS connection presented, kept beyond the connection: the chain, the
 * stapled OCSP answer, and each verification's verdict on its own. The handshake only keeps
 * references; nothing is put into words before somebody looks. RFC 5280, RFC 6066 8 and RFC 6960
 * (OCSP), RFC 9525 (names), RFC 7672 (DANE), RFC 8461 (MTA-STS). */
#ifndef HELOSCOPE_TLSPEER_H
#define HELOSCOPE_TLSPEER_H

#include "heloscope/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct tls_peer;

/* One more owner; each of them calls tls_peer_free(). NULL is fine for both. */
struct tls_peer *tls_peer_ref(struct tls_peer *p);
void tls_peer_free(struct tls_peer *p);

/* A peer of certificates (DER, the server's first) and an OCSP answer (or NULL) that came by
 * another way than a handshake: nothing was verified. NULL: one of them is no certificate. */
struct tls_octets {
    const unsigned char *p;
    size_t n;
};
struct tls_peer *tls_peer_of(const struct tls_octets *certs, size_t count,
                             const struct tls_octets *ocsp);

/* -- verdicts -- */
enum tls_check {
    TLS_CHECK_CHAIN,
    TLS_CHECK_NAME,
    TLS_CHECK_DATE,
    TLS_CHECK_DANE,
    TLS_CHECK_MTA_STS,
    TLS_CHECKS
};
enum tls_word {
    TLS_NOT_ASKED, /* nobody looked */
    TLS_HOLDS,
    TLS_FAILS,
    TLS_UNPROVEN, /* looked at, and it decides nothing */
};
struct tls_opinion {
    enum tls_word word;
    char why[512];  /* a sentence without a full stop; for TLS_NOT_ASKED what would have it asked */
    char next[256]; /* what to do about it, or "" */
};
/* "chain", "host name", "date", "DANE", "MTA-STS"; and "holds", "FAILS", "not asked", "unproven".
 */
const char *tls_check_name(enum tls_check c);
const char *tls_word_name(enum tls_word w);
/* Never NULL; borrowed. */
const struct tls_opinion *tls_peer_opinion(const struct tls_peer *p, enum tls_check c);
/* Somebody else's verdict (DANE and MTA-STS are asked elsewhere): replaces what was there. */
void tls_peer_say(struct tls_peer *p, enum tls_check c, enum tls_word word, const char *why,
                  const char *next);

/* DANE's authenticated match stands in for these checks (bits 1u << enum tls_check): that they fail
 * is no fault. RFC 7672 3.1.1 (usage 3: neither chain nor name nor date count), 3.1.2. */
void tls_peer_stand_in(struct tls_peer *p, unsigned checks);
bool tls_peer_stood_in(const struct tls_peer *p, enum tls_check c);

/* -- the chain, the server's certificate first, as it was sent -- */
struct tls_cert {
    char subject[256], issuer[256];
    char names[2048];     /* DNS and IP names, separated by blanks; "..." ends what did not fit */
    int nnames;           /* how many there are */
    char serial[64];      /* hexadecimal */
    char key[48];         /* "EC prime256v1", "RSA 2048" */
    int bits;             /* of the key */
    char signature[64];   /* "ecdsa-with-SHA256" */
    char sha256[100];     /* of the certificate: "AB:CD:..." */
    char spki_sha256[65]; /* of its public key, as TLSA 3 1 1 has it. RFC 6698 2.1 */
    time_t not_before, not_after;
    bool ca;
    bool self_issued; /* subject and issuer are one */
};
size_t tls_peer_count(const struct tls_peer *p);
bool tls_peer_cert(const struct tls_peer *p, size_t i, struct tls_cert *out);
/* The octets of certificate i, borrowed; NULL where there is none. */
const unsigned char *tls_peer_der(struct tls_peer *p, size_t i, size_t *n);
/* Appends the chain as PEM, each certificate below its subject and issuer. */
bool tls_peer_pem(const struct tls_peer *p, struct buf *out);
/* Writes that to a file that must not exist yet (over: may be written over). False: why. */
bool tls_peer_save(const struct tls_peer *p, const char *path, bool over, char *why, size_t size);

/* -- OCSP stapling: asked for in each handshake -- */
enum tls_staple {
    TLS_STAPLE_NONE,
    TLS_STAPLE_GOOD,
    TLS_STAPLE_REVOKED,
    TLS_STAPLE_UNKNOWN,
    TLS_STAPLE_BROKEN
};
struct tls_ocsp {
    enum tls_staple staple;
    char words[300]; /* a sentence without a full stop */
};
void tls_peer_ocsp(const struct tls_peer *p, struct tls_ocsp *out);

/* -- what else was found out -- */
/* The name or address the certificate was compared with; "" for none. */
const char *tls_peer_name(const struct tls_peer *p);
/* Did the server ask for a client certificate, and whose was sent ("" for none)? */
bool tls_peer_asked_client(const struct tls_peer *p);
const char *tls_peer_client(const struct tls_peer *p);

#endif
