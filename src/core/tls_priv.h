/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the TLS layer share: the layer itself, what a certificate says, the practice
 * identity. */
#ifndef HELOSCOPE_CORE_TLS_PRIV_H
#define HELOSCOPE_CORE_TLS_PRIV_H

#include "heloscope/tls.h"
#include "core/lazy/openssl.gen.h"

/* The store to verify against: NULL in *own means the system's, which is made when it is first
 * needed. False: why says which file cannot be read. */
bool tls_trust_load(const struct tls_trust *trust, X509_STORE **own, char *why, size_t size);

/* After the handshake of a client: verifies what the server presented and writes down what it says.
 * name is NULL where there is nothing to compare with. */
void tls_examine(SSL *ssl, const char *name, bool is_address, X509_STORE *own, bool practice,
                 struct tls_facts *f);
/* The same without a certificate to judge: a server's view. */
void tls_describe(SSL *ssl, struct tls_facts *f);

/* Words for the newest error of OpenSSL's queue, into out. */
void tls_words(char *out, size_t size, bool handshake, bool server);

/* Versions, ciphers, SNI and the client certificate, on a connection that has not begun. name: the
 * target's, NULL or an address (is_address) for none in SNI. */
enum fault tls_ask_apply(SSL *ssl, const struct tls_ask *ask, const char *name, bool is_address,
                         char *why, size_t size);

SSL_CTX *tls_identity_ctx(const struct tls_identity *id);
X509 *tls_identity_ca(const struct tls_identity *id);

#endif
