/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates for tests. A failure here is a broken test: abort() says where. */
#include "tests/support/pki.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static void must(int ok)
{
    if (!ok)
        abort();
}

EVP_PKEY *pki_key(const struct pki_row *row)
{
    EVP_PKEY *key = row->rsa_bits ? EVP_RSA_gen((unsigned int)row->rsa_bits) : EVP_EC_gen("P-256");
    must(key != NULL);
    return key;
}

static void extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(ext && X509_add_ext(cert, ext, -1));
    X509_EXTENSION_free(ext);
}

X509 *pki_cert(const struct pki_row *row, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    static long serial;
    X509 *cert = X509_new();
    must(cert && X509_set_version(cert, 2));
    must(ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial));
    must(X509_time_adj_ex(X509_getm_notBefore(cert), row->from_days, 0, NULL) != NULL);
    must(X509_time_adj_ex(X509_getm_notAfter(cert), row->to_days, 0, NULL) != NULL);
    must(X509_set_pubkey(cert, key));
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)row->subject, -1, -1, 0));
    X509 *by = issuer ? issuer : cert;
    must(X509_set_issuer_name(cert, X509_get_subject_name(by)));
    extension(cert, by, NID_basic_constraints, row->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (row->ca)
        extension(cert, by, NID_key_usage, "critical,keyCertSign");
    if (row->eku)
        extension(cert, by, NID_ext_key_usage, row->eku);
    if (row->san)
        extension(cert, by, NID_subject_alt_name, row->san);
    must(X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()));
    return cert;
}

SSL_CTX *pki_server(X509 *cert, EVP_PKEY *key, X509 *more)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    must(ctx != NULL);
    SSL_CTX_set_security_level(ctx, 0); /* a server that is weak on purpose */
    SSL_CTX_set_num_tickets(ctx, 0);
    must(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
    if (more)
        must(SSL_CTX_add1_chain_cert(ctx, more) == 1);
    return ctx;
}

int pki_write(const char *path, X509 *cert)
{
    FILE *f = fopen(path, "w");
    int ok = f && PEM_write_X509(f, cert);
    return f && fclose(f) == 0 && ok ? 0 : -1;
}
