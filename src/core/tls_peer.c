/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server presented, kept: references to its certificates and the octets of its OCSP answer
 * at the handshake; words, digests and PEM when somebody asks. The OCSP answer is judged against
 * the chain that came with it: signed by the issuer, or by whom the issuer entrusted. RFC 5280, RFC
 * 6960 4.2.2.2. */
#include "core/tls_priv.h"
#include "heloscope/filesave.h"
#include "core/lazy/openssl.gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6066 8 has no limit; answers are some 500 octets, with a responder's certificate 2,000. */
enum { OCSP_MAX = 64 << 10, CHAIN_MAX = 32 };

struct octets {
    unsigned char *p;
    size_t n;
};

struct tls_peer {
    int owners;
    STACK_OF(X509) * chain;
    X509 *root; /* the end of the verified chain, or NULL */
    char store; /* whom it was verified against: 's' the system's store, 'f' a file, 'p' practice */
    char *name;
    unsigned char *ocsp;
    size_t ocsp_n;
    bool ocsp_cut;
    bool asked_client;
    unsigned stood_in; /* bits of the checks that DANE stands in for */
    char client[256];
    struct octets der[CHAIN_MAX];
    struct tls_opinion *opinion; /* TLS_CHECKS of them; their words are made when looked at */
};

struct tls_peer *tls_peer_new(void)
{
    struct tls_peer *p = xcalloc(1, sizeof *p);
    p->owners = 1;
    p->opinion = xcalloc(TLS_CHECKS, sizeof *p->opinion);
    return p;
}

struct tls_peer *tls_peer_ref(struct tls_peer *p)
{
    if (p)
        p->owners++;
    return p;
}

void tls_peer_free(struct tls_peer *p)
{
    if (!p || --p->owners > 0)
        return;
    sk_X509_pop_free(p->chain, X509_free);
    X509_free(p->root);
    for (size_t i = 0; i < CHAIN_MAX; i++)
        OPENSSL_free(p->der[i].p);
    free(p->name);
    free(p->ocsp);
    free(p->opinion);
    free(p);
}

void tls_peer_stand_in(struct tls_peer *p, unsigned checks)
{
    p->stood_in = checks;
}

bool tls_peer_stood_in(const struct tls_peer *p, enum tls_check c)
{
    return p && (p->stood_in & 1u << c);
}

/* -- from the handshake ------------------------------------------------------------------------ */

void tls_peer_against(struct tls_peer *p, enum tls_check c, const char *why, const char *next)
{
    if (!p)
        return;
    struct tls_opinion *o = &p->opinion[c];
    size_t n = strlen(o->why);
    o->word = TLS_FAILS;
    snprintf(o->why + n, sizeof o->why - n, "%s%s", n ? "; " : "", why);
    if (!o->next[0])
        snprintf(o->next, sizeof o->next, "%s", next);
}

static void keep_ocsp(struct tls_peer *p, const unsigned char *ocsp, size_t n)
{
    p->ocsp_cut = n > OCSP_MAX;
    if (p->ocsp_cut)
        return;
    p->ocsp = xmalloc(n);
    memcpy(p->ocsp, ocsp, n);
    p->ocsp_n = n;
}

void tls_peer_keep(struct tls_peer *p, SSL *ssl, const char *name, X509 *root, char store)
{
    if (!p)
        return;
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    p->chain = chain ? X509_chain_up_ref(chain) : NULL;
    if (root && X509_up_ref(root) == 1)
        p->root = root;
    p->store = store;
    p->name = name ? xstrdup(name) : NULL;
    unsigned char *ocsp = NULL;
    long n = SSL_get_tlsext_status_ocsp_resp(ssl, &ocsp);
    if (n > 0)
        keep_ocsp(p, ocsp, (size_t)n);
    for (int c = 0; c <= TLS_CHECK_DATE; c++)
        if (p->opinion[c].word == TLS_NOT_ASKED)
            p->opinion[c].word = TLS_HOLDS;
}

void tls_peer_client_asked(struct tls_peer *p, SSL *ssl)
{
    X509 *mine = SSL_get_certificate(ssl);
    if (!p)
        return;
    p->asked_client = true;
    if (mine)
        tls_put_short(p->client, sizeof p->client, X509_get_subject_name(mine));
}

struct tls_peer *tls_peer_of(const struct tls_octets *certs, size_t count,
                             const struct tls_octets *ocsp)
{
    char why[200];
    if (!lazy_ready(openssl, why, sizeof why))
        return NULL;
    struct tls_peer *p = tls_peer_new();
    p->chain = sk_X509_new_null();
    bool ok = p->chain != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        const unsigned char *at = certs[i].p;
        X509 *x = d2i_X509(NULL, &at, (long)certs[i].n);
        ok = x && sk_X509_push(p->chain, x) > 0;
        if (!ok)
            X509_free(x);
    }
    if (ok && ocsp && ocsp->n > 0)
        keep_ocsp(p, ocsp->p, ocsp->n);
    ERR_clear_error();
    if (ok)
        return p;
    tls_peer_free(p);
    return NULL;
}

/* -- verdicts ---------------------------------------------------------------------------------- */

const char *tls_check_name(enum tls_check c)
{
    static const char *const names[] = {"chain", "host name", "date", "DANE", "MTA-STS"};
    return (unsigned)c < TLS_CHECKS ? names[c] : "?";
}

const char *tls_word_name(enum tls_word w)
{
    static const char *const names[] = {"not asked", "holds", "FAILS", "unproven"};
    return (unsigned)w < sizeof names / sizeof *names ? names[w] : "?";
}

static X509 *leaf_of(const struct tls_peer *p)
{
    return p->chain && sk_X509_num(p->chain) > 0 ? sk_X509_value(p->chain, 0) : NULL;
}

static void words_that_hold(const struct tls_peer *p, enum tls_check c, struct tls_opinion *o)
{
    X509 *leaf = leaf_of(p);
    char root[160] = "", from[16], to[16];
    if (c == TLS_CHECK_CHAIN) {
        if (p->root)
            tls_put_short(root, sizeof root, X509_get_subject_name(p->root));
        snprintf(o->why, sizeof o->why, "signed up to \"%s\", which %s", root,
                 p->store == 'p'   ? "is the practice world's own CA"
                 : p->store == 'f' ? "the file of --ca-file holds"
                                   : "this machine trusts");
    } else if (c == TLS_CHECK_NAME) {
        snprintf(o->why, sizeof o->why, "issued to %s", p->name ? p->name : "?");
    } else if (c == TLS_CHECK_DATE && leaf) {
        time_t begin = tls_time(X509_get0_notBefore(leaf)),
               end = tls_time(X509_get0_notAfter(leaf));
        tls_put_date(from, begin);
        tls_put_date(to, end);
        long days = (long)((end - time(NULL)) / 86400);
        snprintf(o->why, sizeof o->why, "valid from %s to %s: ", from, to);
        size_t n = strlen(o->why);
        if (days < 1)
            snprintf(o->why + n, sizeof o->why - n, "less than a day left");
        else
            snprintf(o->why + n, sizeof o->why - n, "%ld day%s left", days, days == 1 ? "" : "s");
    }
}

const struct tls_opinion *tls_peer_opinion(const struct tls_peer *p, enum tls_check c)
{
    static const char *const not_asked[] = {
        "no certificate was presented", "no certificate was presented",
        "no certificate was presented",
        "no TLSA records were looked up for this connection (:dns or 'heloscope probe' does)",
        "no policy was looked at for this connection (--mta-sts FILE names one)"};
    static struct tls_opinion none;
    if (!p || (unsigned)c >= TLS_CHECKS)
        return &none;
    struct tls_opinion *o = &p->opinion[c];
    if (!o->why[0] && o->word == TLS_HOLDS)
        words_that_hold(p, c, o);
    else if (!o->why[0])
        snprintf(o->why, sizeof o->why, "%s", not_asked[c]);
    return o;
}

void tls_peer_say(struct tls_peer *p, enum tls_check c, enum tls_word word, const char *why,
                  const char *next)
{
    if (!p || (unsigned)c >= TLS_CHECKS)
        return;
    struct tls_opinion *o = &p->opinion[c];
    o->word = word;
    snprintf(o->why, sizeof o->why, "%s", why ? why : "");
    snprintf(o->next, sizeof o->next, "%s", next ? next : "");
}

/* -- the chain --------------------------------------------------------------------------------- */

size_t tls_peer_count(const struct tls_peer *p)
{
    int n = p && p->chain ? sk_X509_num(p->chain) : 0;
    return n > CHAIN_MAX ? CHAIN_MAX : n > 0 ? (size_t)n : 0;
}

bool tls_peer_cert(const struct tls_peer *p, size_t i, struct tls_cert *out)
{
    memset(out, 0, sizeof *out);
    if (i >= tls_peer_count(p))
        return false;
    X509 *x = sk_X509_value(p->chain, (int)i);
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    tls_put_name(out->subject, sizeof out->subject, X509_get_subject_name(x));
    tls_put_name(out->issuer, sizeof out->issuer, X509_get_issuer_name(x));
    out->self_issued = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
    out->nnames = tls_put_sans(out->names, sizeof out->names - 4, x, 0, " ");
    int shown = out->names[0] ? 1 : 0;
    for (const char *s = out->names; (s = strchr(s, ' ')); s++)
        shown++;
    if (shown < out->nnames)
        strcat(out->names, " ...");
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    tls_put_digest(out->serial, sizeof out->serial, ASN1_STRING_get0_data(serial),
                   (size_t)ASN1_STRING_length(serial), "%02x", 0);
    EVP_PKEY *key = X509_get0_pubkey(x);
    tls_put_key(out->key, sizeof out->key, key);
    out->bits = key ? EVP_PKEY_get_bits(key) : 0;
    snprintf(out->signature, sizeof out->signature, "%s", OBJ_nid2ln(X509_get_signature_nid(x)));
    if (X509_digest(x, EVP_sha256(), md, &n) == 1)
        tls_put_digest(out->sha256, sizeof out->sha256, md, n, "%02X", ':');
    unsigned char *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    if (len > 0 && EVP_Digest(spki, (size_t)len, md, &n, EVP_sha256(), NULL) == 1)
        tls_put_digest(out->spki_sha256, sizeof out->spki_sha256, md, n, "%02x", 0);
    OPENSSL_free(spki);
    out->not_before = tls_time(X509_get0_notBefore(x));
    out->not_after = tls_time(X509_get0_notAfter(x));
    out->ca = X509_check_ca(x) > 0;
    ERR_clear_error();
    return true;
}

const unsigned char *tls_peer_der(struct tls_peer *p, size_t i, size_t *n)
{
    *n = 0;
    if (i >= tls_peer_count(p))
        return NULL;
    struct octets *d = &p->der[i];
    if (!d->p) {
        int len = i2d_X509(sk_X509_value(p->chain, (int)i), &d->p);
        d->n = len > 0 ? (size_t)len : 0;
    }
    *n = d->n;
    return d->p;
}

bool tls_peer_pem(const struct tls_peer *p, struct buf *out)
{
    bool ok = true;
    for (size_t i = 0; ok && i < tls_peer_count(p); i++) {
        X509 *x = sk_X509_value(p->chain, (int)i);
        char subject[256], issuer[256], *pem = NULL;
        tls_put_name(subject, sizeof subject, X509_get_subject_name(x));
        tls_put_name(issuer, sizeof issuer, X509_get_issuer_name(x));
        BIO *bio = BIO_new(BIO_s_mem());
        ok = bio && PEM_write_bio_X509(bio, x) == 1;
        long n = ok ? BIO_get_mem_data(bio, &pem) : 0;
        ok = ok && buf_addf(out, "# %zu subject: %s\n# %zu issuer: %s\n", i, subject, i, issuer) &&
             buf_add(out, pem, (size_t)n);
        BIO_free(bio);
    }
    return ok && tls_peer_count(p) > 0;
}

bool tls_peer_save(const struct tls_peer *p, const char *path, bool over, char *why, size_t size)
{
    struct buf pem;
    buf_init(&pem, 4 << 20);
    bool ok = tls_peer_pem(p, &pem);
    if (ok)
        ok = filesave_buf(path, 0644, over, &pem, why, size);
    else
        snprintf(why, size, "there is no chain of certificates to save");
    buf_clear(&pem);
    return ok;
}

/* -- OCSP -------------------------------------------------------------------------------------- */

static void gave(struct tls_ocsp *out, enum tls_staple staple, const char *words)
{
    out->staple = staple;
    snprintf(out->words, sizeof out->words, "%s", words);
}

/* Is the answer signed by the issuer or on its behalf? */
static bool answered_by_issuer(const struct tls_peer *p, OCSP_BASICRESP *basic)
{
    X509_STORE *store = X509_STORE_new();
    bool ok = store != NULL;
    for (int i = 1; ok && i < sk_X509_num(p->chain); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(p->chain, i)) == 1;
    if (ok)
        X509_VERIFY_PARAM_set_flags(X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
    ok = ok && OCSP_basic_verify(basic, p->chain, store, 0) == 1;
    X509_STORE_free(store);
    return ok;
}

static void read_basic(const struct tls_peer *p, OCSP_BASICRESP *basic, struct tls_ocsp *out)
{
    X509 *issuer = sk_X509_num(p->chain) > 1 ? sk_X509_value(p->chain, 1) : NULL;
    if (!issuer) {
        gave(out, TLS_STAPLE_UNKNOWN,
             "an answer was stapled, but not the issuer's certificate to check it with");
        return;
    }
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf_of(p), issuer);
    ASN1_GENERALIZEDTIME *revoked = NULL, *since = NULL, *until = NULL;
    int status = -1, reason = -1;
    bool found = id && OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &since, &until);
    OCSP_CERTID_free(id);
    char from[16] = "?", to[16] = "?", when[16] = "?";
    if (!found) {
        gave(out, TLS_STAPLE_BROKEN, "the stapled answer speaks of another certificate");
        return;
    }
    tls_put_date(from, tls_time(since));
    if (until)
        tls_put_date(to, tls_time(until));
    if (!answered_by_issuer(p, basic)) {
        gave(out, TLS_STAPLE_BROKEN, "the stapled answer is not signed by the issuer");
    } else if (OCSP_check_validity(since, until, 300, -1) != 1) {
        snprintf(out->words, sizeof out->words,
                 "the stapled answer is not for today: it is from %s, for use until %s", from, to);
        out->staple = TLS_STAPLE_BROKEN;
    } else if (status == V_OCSP_CERTSTATUS_REVOKED) {
        tls_put_date(when, tls_time(revoked));
        snprintf(out->words, sizeof out->words, "REVOKED by its issuer on %s (%s)", when,
                 reason >= 0 ? OCSP_crl_reason_str(reason) : "no reason given");
        out->staple = TLS_STAPLE_REVOKED;
    } else if (status == V_OCSP_CERTSTATUS_GOOD) {
        snprintf(out->words, sizeof out->words,
                 "stapled: the issuer says \"good\" (from %s, for use until %s)", from, to);
        out->staple = TLS_STAPLE_GOOD;
    } else {
        gave(out, TLS_STAPLE_UNKNOWN, "stapled, but the issuer does not know the certificate");
    }
}

void tls_peer_ocsp(const struct tls_peer *p, struct tls_ocsp *out)
{
    memset(out, 0, sizeof *out);
    if (!p || !p->ocsp || !leaf_of(p)) {
        gave(out, p && p->ocsp_cut ? TLS_STAPLE_BROKEN : TLS_STAPLE_NONE,
             p && p->ocsp_cut ? "the stapled answer is larger than 64 KiB and was not read"
                              : "asked for, and none was stapled (most mail servers staple none)");
        return;
    }
    const unsigned char *at = p->ocsp;
    OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)p->ocsp_n);
    OCSP_BASICRESP *basic = NULL;
    if (!r)
        gave(out, TLS_STAPLE_BROKEN, "what was stapled is no OCSP answer");
    else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        snprintf(out->words, sizeof out->words, "the stapled answer is an error: %s",
                 OCSP_response_status_str(OCSP_response_status(r))),
            out->staple = TLS_STAPLE_BROKEN;
    else if (!(basic = OCSP_response_get1_basic(r)))
        gave(out, TLS_STAPLE_BROKEN, "the stapled answer is of an unknown kind");
    else
        read_basic(p, basic, out);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(r);
    ERR_clear_error();
}

/* -- the rest ---------------------------------------------------------------------------------- */

const char *tls_peer_name(const struct tls_peer *p)
{
    return p && p->name ? p->name : "";
}

bool tls_peer_asked_client(const struct tls_peer *p)
{
    return p && p->asked_client;
}

const char *tls_peer_client(const struct tls_peer *p)
{
    return p ? p->client : "";
}
