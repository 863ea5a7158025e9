/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates for tests, with everything wrong that can be: dates, names, issuers, keys, purposes.
 */
#ifndef TESTS_SUPPORT_PKI_H
#define TESTS_SUPPORT_PKI_H

#include <openssl/ssl.h>

struct pki_row {
    const char *subject;    /* common name */
    const char *san;        /* "DNS:a,IP:127.0.0.1" or NULL */
    int from_days, to_days; /* validity, counted from now */
    int rsa_bits;           /* 0: EC P-256 */
    const char *eku;        /* "serverAuth" or NULL */
    int ca;                 /* a CA certificate */
};

/* A key for the row; EVP_PKEY_free(). */
EVP_PKEY *pki_key(const struct pki_row *row);
/* A certificate for key, signed by issuer (NULL: by itself). X509_free(). */
X509 *pki_cert(const struct pki_row *row, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key);
/* A server's context that presents cert (and more, if not NULL). SSL_CTX_free(). Takes nothing. */
SSL_CTX *pki_server(X509 *cert, EVP_PKEY *key, X509 *more);
/* Writes cert as PEM to path; 0 on success. */
int pki_write(const char *path, X509 *cert);

#endif
