/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DANE: a row for each kind of record against a chain made here (its digests by the openssl
 * library's other functions), and for each reason against one. RFC 6698, RFC 7671, RFC 7672. */
#include "tests/support/check.h"
#include "tests/support/pki.h"
#include "heloscope/dane.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "mx.example.test"

enum which { LEAF, CA, OTHER };

static struct {
    unsigned char *cert, *key;
    int ncert, nkey;
} of[3];
static struct der chain[2], expired[2], foreign[2];

static void keep(enum which w, X509 *x)
{
    of[w].ncert = i2d_X509(x, &of[w].cert);
    of[w].nkey = i2d_PUBKEY(X509_get0_pubkey(x), &of[w].key);
}

static struct der der(X509 *x)
{
    unsigned char *p = NULL;
    int n = i2d_X509(x, &p);
    return (struct der){p, (size_t)n};
}

static int make_chain(void **state)
{
    (void)state;
    struct pki_row ca = {"Test CA", NULL, -10, 10, 0, NULL, 1},
                   leaf = {HOST, "DNS:" HOST, -1, 5, 0, "serverAuth", 0},
                   late = {HOST, "DNS:" HOST, -9, -2, 0, "serverAuth", 0},
                   alien = {"a", "DNS:a.example.test", -1, 5, 0, "serverAuth", 0};
    EVP_PKEY *ck = pki_key(&ca), *lk = pki_key(&leaf), *ok = pki_key(&ca);
    X509 *cx = pki_cert(&ca, ck, NULL, NULL), *lx = pki_cert(&leaf, lk, cx, ck),
         *ex = pki_cert(&late, lk, cx, ck), *ax = pki_cert(&alien, lk, cx, ck),
         *ox = pki_cert(&ca, ok, NULL, NULL);
    keep(LEAF, lx);
    keep(CA, cx);
    keep(OTHER, ox);
    chain[0] = der(lx);
    expired[0] = der(ex);
    foreign[0] = der(ax);
    chain[1] = expired[1] = foreign[1] = der(cx);
    X509 *all[] = {cx, lx, ex, ax, ox};
    for (size_t i = 0; i < 5; i++)
        X509_free(all[i]);
    EVP_PKEY_free(ck);
    EVP_PKEY_free(lk);
    EVP_PKEY_free(ok);
    return 0;
}

static int drop_chain(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        OPENSSL_free(of[i].cert);
        OPENSSL_free(of[i].key);
    }
    OPENSSL_free((void *)chain[0].p);
    OPENSSL_free((void *)chain[1].p);
    OPENSSL_free((void *)expired[0].p);
    OPENSSL_free((void *)foreign[0].p);
    return 0;
}

/* A record as the DNS would hold it for a certificate. */
static struct dns_record record(int usage, int selector, int matching, enum which w,
                                unsigned char *room)
{
    const unsigned char *p = selector == 1 ? of[w].key : of[w].cert;
    int n = selector == 1 ? of[w].nkey : of[w].ncert;
    unsigned got = 0;
    struct dns_record r = {.type = DNS_TLSA,
                           .text = "",
                           .usage = (uint8_t)usage,
                           .selector = (uint8_t)selector,
                           .matching = (uint8_t)matching,
                           .data = p,
                           .ndata = (size_t)n};
    if (matching == 1 || matching == 2) {
        EVP_Digest(p, (size_t)n, room, &got, matching == 1 ? EVP_sha256() : EVP_sha512(), NULL);
        r.data = room;
        r.ndata = got;
    }
    return r;
}

static const struct row {
    int usage, selector, matching;
    enum which of;
    const struct der *chain;
    enum dane_verdict verdict;
    const char *why; /* a part */
} rows[] = {
    {3, 1, 1, LEAF, chain, DANE_VERIFIED,
     "verified by TLSA 3 1 1: the server certificate's key is the one that DNS names"},
    {3, 0, 1, LEAF, chain, DANE_VERIFIED, "verified by TLSA 3 0 1: the server certificate is the"},
    {3, 0, 2, LEAF, chain, DANE_VERIFIED, "TLSA 3 0 2"},
    {3, 1, 2, LEAF, chain, DANE_VERIFIED, "TLSA 3 1 2"},
    {3, 0, 0, LEAF, chain, DANE_VERIFIED, "TLSA 3 0 0"},
    {3, 1, 0, LEAF, chain, DANE_VERIFIED, "TLSA 3 1 0"},
    {3, 1, 1, LEAF, expired, DANE_VERIFIED, "TLSA 3 1 1"}, /* the same key; dates do not count */
    {3, 1, 1, LEAF, foreign, DANE_VERIFIED, "TLSA 3 1 1"}, /* nor do names */
    {3, 1, 1, CA, chain, DANE_FAILED, "none of the 1 usable TLSA records fits"},
    {3, 0, 1, LEAF, expired, DANE_FAILED, "delivers nothing here"},
    {2, 0, 1, CA, chain, DANE_VERIFIED,
     "verified by TLSA 2 0 1: certificate 2 of the chain is the issuer that DNS names"},
    {2, 1, 1, CA, chain, DANE_VERIFIED, "TLSA 2 1 1"},
    {2, 1, 2, CA, chain, DANE_VERIFIED, "TLSA 2 1 2"},
    {2, 0, 0, CA, chain, DANE_VERIFIED, "TLSA 2 0 0"},
    {2, 0, 1, CA, expired, DANE_FAILED, "was presented, but: certificate has expired"},
    {2, 0, 1, CA, foreign, DANE_FAILED,
     "was presented, but: the server certificate does not name " HOST},
    {2, 0, 1, OTHER, chain, DANE_FAILED, "none of the 1 usable TLSA records fits"},
    {2, 0, 0, OTHER, chain, DANE_FAILED, "none of the 1 usable TLSA records fits"},
    {1, 1, 1, LEAF, chain, DANE_UNUSABLE, "1 1 1: usages 0 and 1 are not for mail"},
    {0, 0, 1, CA, chain, DANE_UNUSABLE, "TLS is required, but who answers is not proven"},
    {4, 0, 1, CA, chain, DANE_UNUSABLE, "this usage is not known"},
    {3, 2, 1, LEAF, chain, DANE_UNUSABLE, "this selector is not known"},
    {3, 1, 3, LEAF, chain, DANE_UNUSABLE, "this matching type is not known"},
    {3, 1, 1, LEAF, NULL, DANE_FAILED, "there was no certificate"},
};

static enum dane_verdict judge(const struct dns_answer *a, const struct der *c, size_t n,
                               char why[600])
{
    struct dane d = {0};
    const char *const names[] = {HOST, "example.test"};
    dane_take(&d, a);
    enum dane_verdict v = dane_check(&d, c, n, names, 2, time(NULL), NULL, why, 600);
    dane_clear(&d);
    return v;
}

static void records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        unsigned char room[64];
        char why[600];
        struct dns_record rec = record(r->usage, r->selector, r->matching, r->of, room);
        struct dns_answer a = {.name = "_25._tcp." HOST,
                               .type = DNS_TLSA,
                               .status = DNS_FOUND,
                               .why = "",
                               .ad = true,
                               .authenticated = true,
                               .at = &rec,
                               .n = 1};
        enum dane_verdict v = judge(&a, r->chain, r->chain ? 2 : 0, why);
        if (v != r->verdict || !strstr(why, r->why))
            fail_msg("row %zu (%d %d %d): verdict %d, \"%s\"; expected %d, \"%s\"", i, r->usage,
                     r->selector, r->matching, v, why, r->verdict, r->why);
        /* Nothing is decided by what nobody authenticated. */
        a.authenticated = false;
        assert_int_equal(judge(&a, r->chain, r->chain ? 2 : 0, why), DANE_UNPROVEN);
        assert_non_null(strstr(why, "anybody between could say so instead"));
        assert_non_null(
            strstr(why, v == DANE_VERIFIED ? "(they would fit)" : "(they would not fit)"));
    }
}

static void several_and_none(void **state)
{
    (void)state;
    unsigned char room[3][64];
    char why[600];
    struct dns_record rec[] = {record(1, 1, 1, LEAF, room[0]), record(3, 1, 1, OTHER, room[1]),
                               record(2, 1, 1, CA, room[2])};
    struct dns_answer a = {.name = "_25._tcp." HOST,
                           .status = DNS_FOUND,
                           .why = "",
                           .ad = true,
                           .authenticated = true,
                           .at = rec,
                           .n = 3};
    assert_int_equal(judge(&a, chain, 2, why), DANE_VERIFIED);
    assert_non_null(strstr(why, "TLSA 2 1 1"));
    /* The dates of usage 2 are looked at with the time that is given. */
    struct dane d = {0};
    const char *const names[] = {HOST};
    dane_take(&d, &a);
    assert_int_equal(
        dane_check(&d, chain, 2, names, 1, time(NULL) + 30 * 86400, NULL, why, sizeof why),
        DANE_FAILED);
    dane_clear(&d);
    a.n = 2;
    assert_int_equal(judge(&a, chain, 2, why), DANE_FAILED);
    assert_non_null(strstr(why, "none of the 1 usable"));
    rec[1].ndata = 31; /* a digest cut short is none */
    assert_int_equal(judge(&a, chain, 2, why), DANE_UNUSABLE);
    assert_non_null(strstr(why, "the digest has not the length of its kind"));
    a.ad = a.authenticated = false;
    assert_int_equal(judge(&a, chain, 2, why), DANE_UNPROVEN);
    assert_non_null(strstr(why, "not signed by DNSSEC"));
    a = (struct dns_answer){.name = "_25._tcp." HOST, .status = DNS_NXDOMAIN, .why = "x"};
    assert_int_equal(judge(&a, chain, 2, why), DANE_NONE);
    assert_string_equal(why, "no TLSA records at _25._tcp." HOST);
    a.status = DNS_SERVFAIL;
    assert_int_equal(judge(&a, chain, 2, why), DANE_UNPROVEN);
    /* Octets that are no certificate. */
    struct der junk[2] = {{(const unsigned char *)"junk", 4}, chain[1]};
    a = (struct dns_answer){
        .status = DNS_FOUND, .name = "n", .why = "", .authenticated = true, .at = rec + 2, .n = 1};
    assert_int_equal(judge(&a, junk, 2, why), DANE_FAILED);
}

static void words(void **state)
{
    (void)state;
    unsigned char data[32] = {0};
    static const struct {
        struct dane_row r;
        bool usable;
        const char *text;
    } w[] = {
        {{3, 1, 1, NULL, 32}, true, "3 1 1: the SHA-256 of the server certificate's public key"},
        {{2, 0, 2, NULL, 64}, true, "2 0 2: the SHA-512 of an issuer's certificate"},
        {{3, 0, 0, NULL, 9}, true, "3 0 0: the server certificate"},
        {{1, 0, 1, NULL, 32},
         false,
         "1 0 1: cannot be used: usages 0 and 1 are not for mail (RFC 7672 3.1.3)"},
        {{3, 1, 0, NULL, 0}, false, "3 1 0: cannot be used: it holds no data"},
    };
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
        char out[200];
        struct dane_row r = w[i].r;
        r.data = data;
        assert_int_equal(dane_row_words(&r, out, sizeof out), w[i].usable);
        assert_string_equal(out, w[i].text);
    }
    char name[60];
    assert_true(dane_name("mx.example.test.", 25, name, sizeof name));
    assert_string_equal(name, "_25._tcp.mx.example.test");
    assert_false(dane_name("", 25, name, sizeof name));
    assert_false(dane_name("mx.example.test", 25, name, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),
        cmocka_unit_test(several_and_none),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, make_chain, drop_chain);
}
