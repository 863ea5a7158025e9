/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fakecert.c: see fakecert.h. */
#include "fakecert.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake_ca {
    X509 *cert;
    EVP_PKEY *key;
    char dir[256], file[300], hashed[300];
};

struct fake_cert {
    X509 *cert;
    EVP_PKEY *key;
    bool weak;
    unsigned flags;
};

#define DAY (24L * 60 * 60)
#define MAY_2024 1714521600L /* 2024-05-01 00:00 UTC */

static bool add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    bool ok;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = ext && X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
    return ok;
}

/* "DNS:a.example,IP:127.0.0.1" from "a.example 127.0.0.1". */
static void san(const char *names, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    while (*names) {
        size_t n = strcspn(names, " ");
        char one[256];
        unsigned char raw[16];
        bool ip;

        snprintf(one, sizeof one, "%.*s", (int)n, names);
        ip = inet_pton(AF_INET, one, raw) == 1 || inet_pton(AF_INET6, one, raw) == 1;
        used += (size_t)snprintf(out + used, used < size ? size - used : 0, "%s%s:%s",
                                 used ? "," : "", ip ? "IP" : "DNS", one);
        names += n;
        names += strspn(names, " ");
    }
}

static X509 *make(EVP_PKEY *key, const char *cn, X509 *issuer, long serial)
{
    X509 *cert = X509_new();
    X509_NAME *name;

    if (!cert)
        return NULL;
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert), 30 * DAY);
    X509_set_pubkey(cert, key);
    name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : name);
    return cert;
}

struct fake_ca *fake_ca_new(void)
{
    struct fake_ca *ca = calloc(1, sizeof *ca);
    const char *tmp = getenv("TMPDIR");
    FILE *f;

    if (!ca)
        return NULL;
    ca->key = EVP_EC_gen("P-256");
    ca->cert = ca->key ? make(ca->key, "heloscope test CA", NULL, 1) : NULL;
    snprintf(ca->dir, sizeof ca->dir, "%s/helo-ca.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!ca->cert || !add_ext(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE") ||
        !add_ext(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_ext(ca->cert, ca->cert, NID_subject_key_identifier, "hash") ||
        !X509_sign(ca->cert, ca->key, EVP_sha256()) || !mkdtemp(ca->dir)) {
        ca->dir[0] = '\0';
        fake_ca_free(ca);
        return NULL;
    }
    snprintf(ca->file, sizeof ca->file, "%s/ca.pem", ca->dir);
    snprintf(ca->hashed, sizeof ca->hashed, "%s/%08lx.0", ca->dir,
             X509_subject_name_hash(ca->cert));
    f = fopen(ca->file, "we");
    if (!f || !PEM_write_X509(f, ca->cert) || fclose(f) != 0 ||
        symlink("ca.pem", ca->hashed) != 0) {
        fake_ca_free(ca);
        return NULL;
    }
    return ca;
}

void fake_ca_free(struct fake_ca *ca)
{
    if (!ca)
        return;
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    if (ca->dir[0]) {
        unlink(ca->file);
        unlink(ca->hashed);
        rmdir(ca->dir);
    }
    free(ca);
}

const char *fake_ca_file(const struct fake_ca *ca)
{
    return ca->file;
}

const char *fake_ca_dir(const struct fake_ca *ca)
{
    return ca->dir;
}

struct fake_cert *fake_cert_new(const struct fake_ca *ca, const char *names, unsigned flags)
{
    static long serial = 1000;
    struct fake_cert *c = calloc(1, sizeof *c);
    bool self = flags & FAKE_SELF_SIGNED || !ca;
    char first[256], alt[1024];
    X509 *issuer;

    if (!c)
        return NULL;
    c->weak = flags & FAKE_WEAK;
    c->flags = flags;
    snprintf(first, sizeof first, "%.*s", (int)strcspn(names, " "), names);
    san(names, alt, sizeof alt);
    c->key = c->weak ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
    c->cert = c->key ? make(c->key, first, self ? NULL : ca->cert, ++serial) : NULL;
    issuer = self ? c->cert : ca ? ca->cert : NULL;
    if (!c->cert || !issuer)
        goto bad;
    if (flags & FAKE_EXPIRED) {
        ASN1_TIME_set(X509_getm_notBefore(c->cert), MAY_2024 - 90 * DAY);
        ASN1_TIME_set(X509_getm_notAfter(c->cert), MAY_2024);
    }
    if (flags & FAKE_NOT_YET) {
        X509_gmtime_adj(X509_getm_notBefore(c->cert), 30 * DAY);
        X509_gmtime_adj(X509_getm_notAfter(c->cert), 60 * DAY);
    }
    if ((!(flags & FAKE_NO_SAN) && !add_ext(c->cert, issuer, NID_subject_alt_name, alt)) ||
        !add_ext(c->cert, issuer, NID_ext_key_usage, "serverAuth") ||
        !X509_sign(c->cert, self ? c->key : ca->key, c->weak ? EVP_sha1() : EVP_sha256()))
        goto bad;
    return c;
bad:
    fake_cert_free(c);
    return NULL;
}

void fake_cert_free(struct fake_cert *c)
{
    if (!c)
        return;
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
    free(c);
}

void fake_cert_spki(const struct fake_cert *c, char out[65])
{
    unsigned char *der = NULL, digest[32] = {0};
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->cert), &der);
    size_t len;

    if (n > 0)
        EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)n, digest, &len);
    OPENSSL_free(der);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static int take_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

SSL_CTX *fake_cert_ctx(const struct fake_cert *c)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx)
        return NULL;
    if (c->weak || (c->flags & (FAKE_OLD_TLS | FAKE_ALL_TLS)))
        SSL_CTX_set_security_level(ctx, 0);
    if (c->flags & (FAKE_OLD_TLS | FAKE_ALL_TLS))
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    if (c->flags & FAKE_OLD_TLS)
        SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    if (c->flags & FAKE_ASKS)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
    if (SSL_CTX_use_certificate(ctx, c->cert) != 1 || SSL_CTX_use_PrivateKey(ctx, c->key) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}
