/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of DKIM share: tag lists, canonical forms, base64. */
#ifndef LETTER_DKIM_PRIV_H
#define LETTER_DKIM_PRIV_H

#include "heloscope/dkim.h"
#include "letter/tags.h"

/* A body in its canonical form, in pieces. RFC 6376 3.4.3, 3.4.4. */
typedef void body_fn(void *arg, const char *p, size_t n);
/* Gives at most limit octets of it to fn; the length of the whole. */
uint64_t dkim_body(const char *body, size_t n, bool relaxed, uint64_t limit, body_fn *fn,
                   void *arg);
/* Appends a field in its canonical form, with its CRLF. RFC 6376 3.4.1, 3.4.2. False: the ceiling.
 */
bool dkim_field(const struct field *f, bool relaxed, struct buf *out);
/* The DKIM-Signature field itself: the value of b= (n octets at value, inside the field) left out,
 * no CRLF.
 */
bool dkim_field_unsigned(const struct field *f, bool relaxed, const char *value, size_t n,
                         struct buf *out);
/* Appends the fields that h= names, in their order, each name's last field first (RFC 6376 5.4.2).
 * What is not there counts as empty. Names beyond DKIM_NAMES: false. */
bool dkim_fields(const struct mailtext *m, const struct tag *h, bool relaxed, struct buf *out);

/* base64 with blanks in it; false: it is none, or more than *n octets. *n: how many. */
bool base64_read(const char *s, size_t len, unsigned char *out, size_t *n);
bool base64_write(const unsigned char *p, size_t n, struct buf *out);

/* The SHA-256 of a body in its canonical form (at most limit octets), as base64. *whole: its
 * length. */
bool dkim_body_hash(const struct mailtext *m, bool relaxed, uint64_t limit, uint64_t *whole,
                    char out[48]);
/* What a key makes of a signature. */
enum key_verdict { KEY_HOLDS, KEY_WRONG, KEY_SHORT, KEY_BROKEN, KEY_OTHER };
/* p: the octets of p=. ed25519: k=ed25519. bits: of an RSA key. */
enum key_verdict dkim_key_verify(const unsigned char *p, size_t n, bool ed25519,
                                 const struct buf *data, const unsigned char *sig, size_t nsig,
                                 unsigned *bits);
/* Signs; *n: room, then octets. */
bool dkim_key_sign(const struct dkim_key *k, const struct buf *data, unsigned char *sig, size_t *n);
bool dkim_key_is_ed25519(const struct dkim_key *k);

#endif
