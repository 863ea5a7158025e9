/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DKIM's digests and keys: what OpenSSL does of it, in one place. RFC 6376 3.3, 3.6.1; RFC 8463. */
#include "letter/dkim_priv.h"

#include "core/lazy/openssl.gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dkim_key {
    EVP_PKEY *key;
    bool ed25519;
};

/* ---- digests ---- */

static void update(void *arg, const char *p, size_t n)
{
    EVP_DigestUpdate(arg, p, n);
}

bool dkim_body_hash(const struct mailtext *m, bool relaxed, uint64_t limit, uint64_t *whole,
                    char out[48])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf b;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;
    if (ok) {
        *whole = dkim_body(m->body, m->nbody, relaxed, limit, update, c);
        ok = EVP_DigestFinal_ex(c, digest, &n) == 1;
    }
    EVP_MD_CTX_free(c);
    buf_init(&b, 64);
    if (ok && base64_write(digest, n, &b))
        snprintf(out, 48, "%s", buf_str(&b));
    buf_clear(&b);
    return ok;
}

static bool sha256(const struct buf *data, unsigned char out[32])
{
    unsigned n = 0;
    return EVP_Digest(buf_str(data), data->len, out, &n, EVP_sha256(), NULL) == 1 && n == 32;
}

/* ---- keys from the DNS ---- */

static EVP_PKEY *public_key(const unsigned char *p, size_t n, bool ed25519)
{
    const unsigned char *at = p;
    if (ed25519 && n == 32)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p, n);
    EVP_PKEY *k = d2i_PUBKEY(NULL, &at, (long)n);
    if (!k && !ed25519) { /* RFC 6376 3.6.1 names RSAPublicKey, everybody writes the other */
        at = p;
        k = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)n);
    }
    return k;
}

enum key_verdict dkim_key_verify(const unsigned char *p, size_t n, bool ed25519,
                                 const struct buf *data, const unsigned char *sig, size_t nsig,
                                 unsigned *bits)
{
    enum key_verdict v = KEY_BROKEN;
    unsigned char digest[32];
    EVP_PKEY *k = public_key(p, n, ed25519);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    *bits = k ? (unsigned)EVP_PKEY_get_bits(k) : 0;
    if (!k || !c) {
        v = KEY_BROKEN;
    } else if (EVP_PKEY_get_id(k) != (ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_RSA)) {
        v = KEY_OTHER;
    } else if (!ed25519 && *bits < DKIM_KEY_BITS) {
        v = KEY_SHORT;
    } else if (EVP_DigestVerifyInit(c, NULL, ed25519 ? NULL : EVP_sha256(), NULL, k) == 1) {
        int r = ed25519 ? sha256(data, digest) && EVP_DigestVerify(c, sig, nsig, digest, 32) == 1
                        : EVP_DigestVerify(c, sig, nsig, (const unsigned char *)buf_str(data),
                                           data->len) == 1;
        v = r ? KEY_HOLDS : KEY_WRONG;
    }
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
    ERR_clear_error();
    return v;
}

/* ---- keys to sign with ---- */

static struct dkim_key *wrap(EVP_PKEY *k, char *why, size_t size)
{
    ERR_clear_error();
    if (!k) {
        snprintf(why, size, "this is no private key");
        return NULL;
    }
    int id = EVP_PKEY_get_id(k);
    if (id != EVP_PKEY_RSA && id != EVP_PKEY_ED25519) {
        snprintf(why, size, "the key is neither RSA nor Ed25519 (RFC 8301, RFC 8463)");
        EVP_PKEY_free(k);
        return NULL;
    }
    struct dkim_key *out = xcalloc(1, sizeof *out);
    *out = (struct dkim_key){k, id == EVP_PKEY_ED25519};
    return out;
}

struct dkim_key *dkim_key_pem(const char *pem, size_t n, char *why, size_t size)
{
    if (!lazy_ready(openssl, why, size))
        return NULL;
    BIO *b = n < (1 << 20) ? BIO_new(BIO_s_mem()) : NULL;
    EVP_PKEY *k = NULL;
    if (b && BIO_write(b, pem, (int)n) == (int)n)
        k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
    BIO_free(b);
    return wrap(k, why, size);
}

struct dkim_key *dkim_key_seed(const unsigned char seed[32], char *why, size_t size)
{
    if (!lazy_ready(openssl, why, size))
        return NULL;
    return wrap(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32), why, size);
}

struct dkim_key *dkim_key_make(unsigned bits, char *why, size_t size)
{
    if (!lazy_ready(openssl, why, size))
        return NULL;
    return wrap(bits ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)
                     : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                why, size);
}

void dkim_key_free(struct dkim_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->key);
    free(k);
}

bool dkim_key_is_ed25519(const struct dkim_key *k)
{
    return k->ed25519;
}

bool dkim_key_record(const struct dkim_key *k, struct buf *out)
{
    unsigned char raw[32], *der = NULL;
    size_t n = sizeof raw;
    bool ok;
    if (k->ed25519) {
        ok = EVP_PKEY_get_raw_public_key(k->key, raw, &n) == 1 &&
             buf_add_str(out, "v=DKIM1; k=ed25519; p=") && base64_write(raw, n, out);
    } else {
        int len = i2d_PUBKEY(k->key, &der);
        ok = len > 0 && buf_add_str(out, "v=DKIM1; k=rsa; p=") &&
             base64_write(der, (size_t)len, out);
        CRYPTO_free(der, __FILE__, __LINE__);
    }
    return ok;
}

bool dkim_key_sign(const struct dkim_key *k, const struct buf *data, unsigned char *sig, size_t *n)
{
    unsigned char digest[32];
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestSignInit(c, NULL, k->ed25519 ? NULL : EVP_sha256(), NULL, k->key) == 1;
    if (ok && k->ed25519)
        ok = sha256(data, digest) && EVP_DigestSign(c, sig, n, digest, 32) == 1;
    else if (ok)
        ok = EVP_DigestSign(c, sig, n, (const unsigned char *)buf_str(data), data->len) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return ok;
}
