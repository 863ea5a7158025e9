/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the TLS layer share: the layer itself, what a certificate says, the practice
 * identity. */
#ifndef HELOSCOPE_CORE_TLS_PRIV_H
#define HELOSCOPE_CORE_TLS_PRIV_H

#include "heloscope/tls.h"
#include "core/lazy/openssl.gen.h"
#include "heloscope/tlspeer.h"

/* The store to verify against: NULL in *own means the system's, which is made when it is first
 * needed. False: why says which file cannot be read. */
bool tls_trust_load(const struct tls_trust *trust, X509_STORE **own, char *why, size_t size);

/* After the handshake of a client: verifies what the server presented and writes down what it says,
 * in all and, with the chain, in *peer. name is NULL where there is nothing to compare with. */
struct tls_expected {
    const char *name;
    bool is_address, practice, hurried;
    X509_STORE *own; /* NULL: the system's */
};
void tls_examine(SSL *ssl, const struct tls_expected *e, struct tls_facts *f,
                 struct tls_peer *peer);
/* The same without a certificate to judge: a server's view. */
void tls_describe(SSL *ssl, struct tls_facts *f);

/* tls_peer.c: a new one; a reason against the certificate; what the handshake brought (store: 's'
 * the system's, 'f' a file's, 'p' the practice world's); the server asked for a client certificate.
 */
struct tls_peer *tls_peer_new(void);
void tls_peer_against(struct tls_peer *p, enum tls_check c, const char *why, const char *next);
void tls_peer_keep(struct tls_peer *p, SSL *ssl, const char *name, X509 *root, char store);
void tls_peer_client_asked(struct tls_peer *p, SSL *ssl);

/* tls_text.c: text out of certificates, printable ASCII only. tls_put_short(): the one name by
 * which people would call it. tls_put_sans(): DNS and IP names, at most shown of them (0: as many
 * as fit); returns how many there are. */
void tls_put_name(char *out, size_t size, X509_NAME *name);
void tls_put_short(char *out, size_t size, X509_NAME *name);
int tls_put_sans(char *out, size_t size, X509 *cert, int shown, const char *between);
void tls_put_key(char *out, size_t size, EVP_PKEY *key);
/* Each octet by fmt ("%02X"), between them that character (0: none). */
void tls_put_digest(char *out, size_t size, const unsigned char *md, size_t n, const char *fmt,
                    char between);
time_t tls_time(const ASN1_TIME *t);
void tls_put_date(char out[16], time_t t);

/* Words for the newest error of OpenSSL's queue, into out. */
void tls_words(char *out, size_t size, bool handshake, bool server);

/* Versions, ciphers, SNI and the client certificate, on a connection that has not begun. name: the
 * target's, NULL or an address (is_address) for none in SNI. */
enum fault tls_ask_apply(SSL *ssl, const struct tls_ask *ask, const char *name, bool is_address,
                         char *why, size_t size);

SSL_CTX *tls_identity_ctx(const struct tls_identity *id);
X509 *tls_identity_ca(const struct tls_identity *id);

#endif
