/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DKIM: who signed a message, and was it changed since? Canonicalisation and tags are our own,
 * because the reason is what is wanted; keys and digests are OpenSSL's. RFC 6376, RFC 8301 (no
 * rsa-sha1, no short keys), RFC 8463 (Ed25519). */
#ifndef HELOSCOPE_DKIM_H
#define HELOSCOPE_DKIM_H

#include "heloscope/mailtext.h"
#include "heloscope/zone.h"

#include <time.h>

/* RFC 8601 2.7.1. */
enum dkim_result { DKIM_NONE, DKIM_PASS, DKIM_FAIL, DKIM_TEMPERROR, DKIM_PERMERROR };

enum {
    DKIM_SIGNATURES = 10, /* more are not looked at */
    DKIM_KEY_BITS = 1024, /* RFC 8301 3.2 */
    DKIM_NAMES = 512,     /* names in h= */
};

struct dkim_signature {
    enum dkim_result result;
    char d[256]; /* normal, or "" */
    char s[256];
    char a[32];         /* as stated */
    char i[320];        /* "" where it was not given */
    char b[9];          /* the first octets of the signature, to tell signatures apart (RFC 6008) */
    char stated[48];    /* bh= */
    char computed[48];  /* "" where it was not needed */
    bool body_cut;      /* l= leaves the end of the body unsigned */
    struct buf headers; /* h= without its blanks */
    struct buf because; /* one line, harmless to a terminal */
};

struct dkim {
    struct dkim_signature at[DKIM_SIGNATURES];
    size_t n;
    size_t left_out; /* signatures that were not looked at */
    bool pending;    /* keys are missing: fetch and ask again */
};

/* Verifies every signature. Lines of m end in CRLF (mailtext_crlf). dkim_clear() later. */
void dkim_verify(const struct mailtext *m, const struct rr_source *dns, time_t now,
                 struct dkim *out);
void dkim_clear(struct dkim *d);
const char *dkim_word(enum dkim_result r);

/* A key to sign with. */
struct dkim_key;

/* From PEM (RSA of 1024 bits or more, or Ed25519). NULL: why. */
struct dkim_key *dkim_key_pem(const char *pem, size_t n, char *why, size_t size);
/* An Ed25519 key from its 32 octets. */
struct dkim_key *dkim_key_seed(const unsigned char seed[32], char *why, size_t size);
/* A fresh one: bits of RSA, or 0 for Ed25519. */
struct dkim_key *dkim_key_make(unsigned bits, char *why, size_t size);
void dkim_key_free(struct dkim_key *k);
/* Its record for the zone: "v=DKIM1; k=ed25519; p=...". */
bool dkim_key_record(const struct dkim_key *k, struct buf *out);

struct dkim_signing {
    const char *domain, *selector;
    const char *identity; /* i=, or NULL */
    const char *headers;  /* "from:to:subject"; a name once more than present stops additions */
    bool relaxed_header, relaxed_body;
    time_t when; /* t=; 0: leave out */
    bool cut;    /* l=: sign the length of the body, so that text can be appended */
    bool sha1;   /* state rsa-sha1, to show that it is refused */
};

/* Appends the field "DKIM-Signature: ...\r\n" for m to out. False: why. */
bool dkim_sign(const struct mailtext *m, const struct dkim_key *k, const struct dkim_signing *how,
               struct buf *out, char *why, size_t size);

#endif
