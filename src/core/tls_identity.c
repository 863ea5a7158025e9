/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice world's own CA and the server certificate that it signs, made in memory at start and
 * gone with the program. No key ever touches the disk. RFC 5280 4.2.1 (extensions), RFC 9525
 * (names). */
#include "core/tls_priv.h"
#include "core/lazy/openssl.gen.h"

#include <stdlib.h>
#include <string.h>

/* Made at the first use: keys and certificates take some milliseconds, and the first screen of the
 * practice world needs none. */
struct tls_identity {
    char *names;
    bool tried;
    X509 *ca;
    EVP_PKEY *ca_key; /* kept for tls_identity_flawed() */
    X509 *cert;
    EVP_PKEY *key;
    SSL_CTX *ctx;
};

static bool add_text_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext && X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
    return ok;
}

static bool add_names(X509 *cert, const char *names)
{
    GENERAL_NAMES *list = GENERAL_NAMES_new();
    bool ok = list != NULL;
    while (ok && *names) {
        size_t n = strcspn(names, " ");
        if (n) {
            char *name = xstrndup(names, n);
            ASN1_OCTET_STRING *ip = a2i_IPADDRESS(name);
            GENERAL_NAME *g = GENERAL_NAME_new();
            if (g && ip) {
                GENERAL_NAME_set0_value(g, GEN_IPADD, ip);
            } else if (g) {
                ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
                ok = dns && ASN1_STRING_set(dns, name, (int)n);
                GENERAL_NAME_set0_value(g, GEN_DNS, dns);
            }
            ok = ok && g && sk_GENERAL_NAME_push(list, g);
            free(name);
        }
        names += n + (names[n] == ' ');
    }
    ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0);
    GENERAL_NAMES_free(list);
    return ok;
}

static X509 *make_cert(EVP_PKEY *key, const char *subject, X509 *ca, EVP_PKEY *ca_key,
                       const char *names, bool expired)
{
    const long day = 24 * 3600L;
    X509 *cert = X509_new();
    unsigned char serial[16];
    BIGNUM *number = NULL;
    bool ok = cert && RAND_bytes(serial, sizeof serial) == 1;
    serial[0] &= 0x7f;
    ok = ok && (number = BN_bin2bn(serial, sizeof serial, NULL)) &&
         BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) && X509_set_version(cert, 2) &&
         X509_gmtime_adj(X509_getm_notBefore(cert), expired ? -31 * day : -300) &&
         X509_gmtime_adj(X509_getm_notAfter(cert), expired ? -day : day) &&
         X509_set_pubkey(cert, key);
    BN_free(number);
    X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
    ok = ok &&
         X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                    (const unsigned char *)"heloscope practice world", -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1,
                                    -1, 0) &&
         X509_set_issuer_name(cert, X509_get_subject_name(ca ? ca : cert));
    X509 *issuer = ca ? ca : cert;
    if (ca)
        ok = ok && add_text_ext(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
             add_text_ext(cert, issuer, NID_key_usage, "critical,digitalSignature") &&
             add_text_ext(cert, issuer, NID_ext_key_usage, "serverAuth") && add_names(cert, names);
    else
        ok = ok &&
             add_text_ext(cert, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
             add_text_ext(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    ok = ok && add_text_ext(cert, issuer, NID_subject_key_identifier, "hash") &&
         add_text_ext(cert, issuer, NID_authority_key_identifier, "keyid") &&
         X509_sign(cert, ca_key, EVP_sha256());
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static int verify_later(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static SSL_CTX *make_ctx(const struct tls_identity *id)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return NULL;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_read_ahead(ctx, 1);
    /* A client may show a certificate, for AUTH EXTERNAL; what it is worth is asked there. */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_later, NULL);
    if (SSL_CTX_use_certificate(ctx, id->cert) != 1 || SSL_CTX_use_PrivateKey(ctx, id->key) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

struct tls_identity *tls_identity_new(const char *names)
{
    struct tls_identity *id = xcalloc(1, sizeof *id);
    id->names = xstrdup(names);
    return id;
}

/* The server's key and its certificate, signed by ca. */
static void sign(struct tls_identity *id, X509 *ca, EVP_PKEY *ca_key, bool expired)
{
    size_t first = strcspn(id->names, " ");
    char *subject = xstrndup(id->names, first < 64 ? first : 64);
    id->key = EVP_EC_gen("P-256");
    if (id->key)
        id->cert = make_cert(id->key, subject, ca, ca_key, id->names, expired);
    if (id->cert)
        id->ctx = make_ctx(id);
    free(subject);
}

/* What the identity is for its users: const, since nobody can see when it was made. */
static const struct tls_identity *made(const struct tls_identity *given)
{
    struct tls_identity *id = (struct tls_identity *)given;
    if (id->tried)
        return id;
    id->tried = true;
    ERR_clear_error();
    id->ca_key = EVP_EC_gen("P-256");
    if (id->ca_key)
        id->ca = make_cert(id->ca_key, "heloscope practice CA", NULL, id->ca_key, NULL, false);
    if (id->ca)
        sign(id, id->ca, id->ca_key, false);
    ERR_clear_error();
    return id;
}

struct tls_identity *tls_identity_flawed(const struct tls_identity *of, const char *names,
                                         bool expired)
{
    struct tls_identity *id = tls_identity_new(names);
    id->tried = true;
    if (made(of)->ca)
        sign(id, of->ca, of->ca_key, expired);
    ERR_clear_error();
    if (!id->ctx) {
        tls_identity_free(id);
        return NULL;
    }
    return id;
}

void tls_identity_free(struct tls_identity *id)
{
    if (!id)
        return;
    SSL_CTX_free(id->ctx);
    X509_free(id->cert);
    X509_free(id->ca);
    EVP_PKEY_free(id->key);
    EVP_PKEY_free(id->ca_key);
    free(id->names);
    free(id);
}

bool tls_identity_ca_pem(const struct tls_identity *id, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    const X509 *ca = made(id)->ca;
    bool ok = bio && ca && PEM_write_bio_X509(bio, (X509 *)ca);
    long n = ok ? BIO_get_mem_data(bio, &p) : 0;
    ok = ok && n > 0 && buf_add(out, p, (size_t)n);
    BIO_free(bio);
    return ok;
}

SSL_CTX *tls_identity_ctx(const struct tls_identity *id)
{
    return made(id)->ctx;
}

X509 *tls_identity_ca(const struct tls_identity *id)
{
    return made(id)->ca;
}
