/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fakecert.h: certificates for tests, made in the process: a CA of our own, and server certificates
 * that are good, self-signed, expired, not valid yet, for another name or weak. RFC 5280.
 */
#ifndef TESTS_FAKE_FAKECERT_H
#define TESTS_FAKE_FAKECERT_H

#include <openssl/ssl.h>
#include <stdbool.h>

enum {
    FAKE_SELF_SIGNED = 1, /* by its own key instead of the CA's */
    FAKE_EXPIRED = 2,     /* ended on 2024-05-01 00:00 UTC */
    FAKE_NOT_YET = 4,     /* begins in 30 days */
    FAKE_WEAK = 8,        /* RSA of 1024 bits, signed over SHA-1 */
    FAKE_NO_SAN = 16,     /* the name stands in the common name only (RFC 9525 6.3: not enough) */
    FAKE_OLD_TLS = 32,    /* the server speaks TLS 1.0 and 1.1 only */
    FAKE_ALL_TLS = 64,    /* ... every version from 1.0 on */
    FAKE_ASKS = 128,      /* ... and asks for a client certificate; takes any, and none */
};

struct fake_ca;
struct fake_cert;

/* A CA "heloscope test CA". Its certificate lies as ca.pem in a temporary directory of its own,
 * under the name that OpenSSL's hashed directories want too. NULL: OpenSSL failed. */
struct fake_ca *fake_ca_new(void);
void fake_ca_free(struct fake_ca *ca);
/* The PEM file, and the directory with the hashed name. Borrowed. */
const char *fake_ca_file(const struct fake_ca *ca);
const char *fake_ca_dir(const struct fake_ca *ca);

/* A server certificate for the names ("mail.example.test", blanks between them; addresses become
 * IP names). ca may be NULL with FAKE_SELF_SIGNED. NULL: OpenSSL failed. */
struct fake_cert *fake_cert_new(const struct fake_ca *ca, const char *names, unsigned flags);
void fake_cert_free(struct fake_cert *c);
/* The SHA-256 of its public key in hexadecimal, as TLSA 3 1 1 has it. */
void fake_cert_spki(const struct fake_cert *c, char out[65]);
/* A server context with this certificate; the caller frees it. */
SSL_CTX *fake_cert_ctx(const struct fake_cert *c);

#endif
