/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLSA records against a presented chain. The digests, keys and links are OpenSSL's; which records
 * count, what each says, and the verdict in words are ours. OpenSSL's own DANE works inside its
 * handshake only, and here the records come when they come. RFC 6698 2.1 (fields), RFC 7671 5 (how
 * each usage matches), RFC 7672 3.1 (only usages 2 and 3 for mail), 3.2 (names). */
#include "heloscope/dane.h"
#include "core/lazy/openssl.gen.h"
#include "heloscope/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USAGE_TA = 2, USAGE_EE = 3, SELECT_CERT = 0, SELECT_KEY = 1, CHAIN_MAX = 16 };
enum { MATCH_FULL = 0, MATCH_SHA256 = 1, MATCH_SHA512 = 2 };

bool dane_name(const char *host, unsigned short port, char *out, size_t size)
{
    size_t n = strlen(host);
    if (n && host[n - 1] == '.')
        n--;
    return n && snprintf(out, size, "_%u._tcp.%.*s", port, (int)n, host) < (int)size;
}

void dane_take(struct dane *d, const struct dns_answer *a)
{
    dane_clear(d);
    snprintf(d->name, sizeof d->name, "%s", a->name);
    d->status = a->status;
    d->ad = a->ad;
    d->authenticated = a->authenticated;
    snprintf(d->why, sizeof d->why, "%s", a->why);
    for (size_t i = 0; i < a->n; i++) {
        const struct dns_record *r = &a->at[i];
        if (d->n == DANE_ROWS_MAX || r->ndata > DANE_DATA_MAX) {
            d->dropped++;
            continue;
        }
        struct dane_row *row = &d->rows[d->n++];
        *row = (struct dane_row){.usage = r->usage,
                                 .selector = r->selector,
                                 .matching = r->matching,
                                 .data = xmalloc(r->ndata ? r->ndata : 1),
                                 .n = r->ndata};
        if (r->ndata)
            memcpy(row->data, r->data, r->ndata);
    }
}

void dane_clear(struct dane *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->rows[i].data);
    *d = (struct dane){0};
}

/* -- one record -------------------------------------------------------------------------------- */

/* Why mail cannot use it; NULL: it can. */
static const char *unusable(const struct dane_row *r)
{
    if (r->usage == 0 || r->usage == 1)
        return "usages 0 and 1 are not for mail (RFC 7672 3.1.3)";
    if (r->usage > USAGE_EE)
        return "this usage is not known";
    if (r->selector > SELECT_KEY)
        return "this selector is not known";
    if (r->matching > MATCH_SHA512)
        return "this matching type is not known";
    if ((r->matching == MATCH_SHA256 && r->n != 32) || (r->matching == MATCH_SHA512 && r->n != 64))
        return "the digest has not the length of its kind";
    return r->n ? NULL : "it holds no data";
}

bool dane_row_words(const struct dane_row *r, char *out, size_t size)
{
    static const char *const what[] = {"", "the SHA-256 of ", "the SHA-512 of "};
    const char *bad = unusable(r);
    int n = snprintf(out, size, "%u %u %u: ", r->usage, r->selector, r->matching);
    if (n < 0 || (size_t)n >= size)
        return !bad;
    if (bad)
        snprintf(out + n, size - (size_t)n, "cannot be used: %s", bad);
    else
        snprintf(out + n, size - (size_t)n, "%s%s%s", what[r->matching],
                 r->usage == USAGE_EE ? "the server certificate" : "an issuer's certificate",
                 r->selector == SELECT_KEY ? "'s public key" : "");
    return !bad;
}

/* Does the record name this certificate? */
static bool names(const struct dane_row *r, const struct der *cert, X509 *x)
{
    const unsigned char *p = cert->p;
    unsigned char *key = NULL, digest[EVP_MAX_MD_SIZE];
    size_t n = cert->n;
    unsigned got = 0;
    bool same = false;
    if (r->selector == SELECT_KEY) {
        int k = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &key);
        if (k <= 0)
            return false;
        p = key;
        n = (size_t)k;
    }
    if (r->matching == MATCH_FULL)
        same = n == r->n && memcmp(p, r->data, n) == 0;
    else
        same = EVP_Digest(p, n, digest, &got,
                          r->matching == MATCH_SHA256 ? EVP_sha256() : EVP_sha512(), NULL) == 1 &&
               got == r->n && memcmp(digest, r->data, got) == 0;
    CRYPTO_free(key, __FILE__, __LINE__);
    return same;
}

/* -- the chain --------------------------------------------------------------------------------- */

struct presented {
    X509 *at[CHAIN_MAX];
    struct der der[CHAIN_MAX];
    size_t n;
};

static void read_chain(struct presented *c, const struct der *chain, size_t n)
{
    for (size_t i = 0; i < n && c->n < CHAIN_MAX; i++) {
        const unsigned char *p = chain[i].p;
        X509 *x = d2i_X509(NULL, &p, (long)chain[i].n);
        if (!x)
            return; /* what stands behind it hangs in the air */
        c->der[c->n] = chain[i];
        c->at[c->n++] = x;
    }
}

/* Does the server's certificate lead to the anchor, dates and names included? "" or why not. */
static void leads_to(const struct presented *c, X509 *anchor, const char *const *wanted,
                     size_t nwanted, time_t now, char *why, size_t size)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *rest = (STACK_OF(X509) *)OPENSSL_sk_new_null();
    *why = '\0';
    for (size_t i = 1; rest && i < c->n; i++)
        OPENSSL_sk_push((OPENSSL_STACK *)rest, c->at[i]);
    if (!store || !ctx || !rest || !X509_STORE_add_cert(store, anchor) ||
        !X509_STORE_CTX_init(ctx, store, c->at[0], rest)) {
        snprintf(why, size, "OpenSSL cannot check the chain");
    } else {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
        X509_VERIFY_PARAM_set_time(param, now);
        if (X509_verify_cert(ctx) != 1)
            snprintf(why, size, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
    if (!*why) {
        bool named = false;
        for (size_t i = 0; i < nwanted; i++)
            named = named || X509_check_host(c->at[0], wanted[i], 0, 0, NULL) == 1;
        if (!named)
            snprintf(why, size, "the server certificate does not name %s",
                     nwanted ? wanted[0] : "the host");
    }
    OPENSSL_sk_free((OPENSSL_STACK *)rest);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
}

/* Does the record fit? why: how, or the reason that says most. */
static bool fits(const struct dane_row *r, const struct presented *c, const char *const *wanted,
                 size_t nwanted, time_t now, char *why, size_t size)
{
    char broken[200];
    *why = '\0';
    if (r->usage == USAGE_EE) { /* neither dates nor names count: RFC 7672 3.1.1 */
        if (!names(r, &c->der[0], c->at[0]))
            return false;
        snprintf(why, size, "the server certificate%s is the one that DNS names",
                 r->selector == SELECT_KEY ? "'s key" : "");
        return true;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (!names(r, &c->der[i], c->at[i]))
            continue;
        leads_to(c, c->at[i], wanted, nwanted, now, broken, sizeof broken);
        if (!*broken) {
            snprintf(why, size, "certificate %zu of the chain is the issuer that DNS names", i + 1);
            return true;
        }
        snprintf(why, size, "the issuer that DNS names was presented, but: %s", broken);
    }
    if (r->selector == SELECT_CERT && r->matching == MATCH_FULL && !*why) {
        const unsigned char *p = r->data; /* the anchor itself: it need not be presented */
        X509 *anchor = d2i_X509(NULL, &p, (long)r->n);
        if (anchor) {
            leads_to(c, anchor, wanted, nwanted, now, broken, sizeof broken);
            X509_free(anchor);
            if (!*broken) {
                snprintf(why, size, "the chain leads to the certificate that DNS holds");
                return true;
            }
        }
        ERR_clear_error();
    }
    return false;
}

/* -- the verdict ------------------------------------------------------------------------------- */

static const char *trust_words(const struct dane *d)
{
    return d->ad ? "the resolver that says so is not on this machine, and anybody between could "
                   "say so instead"
                 : "the resolver did not authenticate them: the domain is not signed by DNSSEC, or "
                   "the resolver does not validate";
}

enum dane_verdict dane_check(const struct dane *d, const struct der *chain, size_t nchain,
                             const char *const *wanted, size_t nwanted, time_t now, uint8_t *usage,
                             char *why, size_t size)
{
    struct presented c = {0};
    char how[300] = "", reason[300] = "", bad[200] = "";
    size_t usable = 0;
    const struct dane_row *hit = NULL;
    if (d->status == DNS_NODATA || d->status == DNS_NXDOMAIN) {
        snprintf(why, size, "no TLSA records at %s", d->name);
        return DANE_NONE;
    }
    if (d->status != DNS_FOUND) {
        snprintf(why, size, "not known: %s; a sender that heeds DANE waits", d->why);
        return DANE_UNPROVEN;
    }
    read_chain(&c, chain, nchain);
    for (size_t i = 0; i < d->n; i++) {
        const struct dane_row *r = &d->rows[i];
        if (unusable(r)) {
            snprintf(bad, sizeof bad, "%u %u %u: %s", r->usage, r->selector, r->matching,
                     unusable(r));
            continue;
        }
        usable++;
        if (hit || !c.n)
            continue;
        if (fits(r, &c, wanted, nwanted, now, how, sizeof how))
            hit = r;
        else if (*how)
            snprintf(reason, sizeof reason, "%s", how);
    }
    for (size_t i = 0; i < c.n; i++)
        X509_free(c.at[i]);
    if (!d->authenticated) {
        snprintf(why, size, "decides nothing: %s (they would%s fit)", trust_words(d),
                 hit ? "" : " not");
        return DANE_UNPROVEN;
    }
    if (!usable) {
        snprintf(why, size,
                 "none of the %zu TLSA records can be used (%s): TLS is required, but who answers "
                 "is not proven",
                 d->n, bad);
        return DANE_UNUSABLE;
    }
    if (hit) {
        snprintf(why, size, "verified by TLSA %u %u %u: %s", hit->usage, hit->selector,
                 hit->matching, how);
        if (usage)
            *usage = hit->usage;
        return DANE_VERIFIED;
    }
    snprintf(why, size,
             "none of the %zu usable TLSA records fits what the server presented%s%s: a sender "
             "that heeds DANE delivers nothing here",
             usable, *reason ? "; " : "", nchain ? reason : "; there was no certificate");
    return DANE_FAILED;
}
