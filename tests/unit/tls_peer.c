/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept of a server: its chain as data and as PEM, each check's verdict on its own, OCSP
 * answers of every kind, and that it was asked for a client certificate. */
#include "tests/support/check.h"
#include "tests/support/pki.h"
#include "heloscope/tls.h"
#include "heloscope/tlspeer.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char ca_file[] = "/tmp/helo-peer-XXXXXX";
static EVP_PKEY *ca_key, *stranger_key;
static X509 *ca, *stranger;

static int make(void **state)
{
    const struct pki_row root = {"Test Root", NULL, -10, 100, 0, NULL, 1};
    (void)state;
    ca_key = pki_key(&root);
    stranger_key = pki_key(&root);
    ca = pki_cert(&root, ca_key, NULL, NULL);
    stranger = pki_cert(&root, stranger_key, NULL, NULL);
    int fd = mkstemp(ca_file);
    close(fd);
    return fd < 0 ? -1 : pki_write(ca_file, ca);
}

static int drop(void **state)
{
    (void)state;
    X509_free(ca);
    X509_free(stranger);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(stranger_key);
    return unlink(ca_file);
}

enum staple { NOTHING, GOOD, REVOKED, UNKNOWN, STALE, FORGED, OTHER_CERT, LATER, NOISE };

/* An OCSP answer about cert. RFC 6960. */
static unsigned char *staple_of(enum staple kind, X509 *cert, int *n)
{
    unsigned char *der = NULL;
    if (kind == NOISE) {
        der = OPENSSL_malloc(5);
        memcpy(der, "noise", 5);
        *n = 5;
        return der;
    }
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, kind == OTHER_CERT ? ca : cert, ca);
    long at = kind == STALE ? -86400 * 9 : 0;
    ASN1_TIME *since = X509_gmtime_adj(NULL, at - 60), *until = X509_gmtime_adj(NULL, at + 86400),
              *when = X509_gmtime_adj(NULL, -86400 * 2);
    int status = kind == REVOKED   ? V_OCSP_CERTSTATUS_REVOKED
                 : kind == UNKNOWN ? V_OCSP_CERTSTATUS_UNKNOWN
                                   : V_OCSP_CERTSTATUS_GOOD;
    assert_non_null(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                                           when, since, until));
    assert_int_equal(OCSP_basic_sign(basic, kind == FORGED ? stranger : ca,
                                     kind == FORGED ? stranger_key : ca_key, EVP_sha256(), NULL, 0),
                     1);
    OCSP_RESPONSE *r = OCSP_response_create(kind == LATER ? OCSP_RESPONSE_STATUS_TRYLATER
                                                          : OCSP_RESPONSE_STATUS_SUCCESSFUL,
                                            kind == LATER ? NULL : basic);
    *n = i2d_OCSP_RESPONSE(r, &der);
    OCSP_RESPONSE_free(r);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(since);
    ASN1_TIME_free(until);
    ASN1_TIME_free(when);
    return der;
}

struct stapled {
    enum staple kind;
    X509 *cert;
};

static int give_staple(SSL *ssl, void *arg)
{
    struct stapled *s = arg;
    int n = 0;
    unsigned char *der = staple_of(s->kind, s->cert, &n);
    SSL_set_tlsext_status_ocsp_resp(ssl, der, n);
    return SSL_TLSEXT_ERR_OK;
}

/* A handshake; the peer outlives it. */
static struct tls_peer *meet(const struct pki_row *row, bool self, bool chain, enum staple kind,
                             const char *name)
{
    char why[400] = "";
    struct buf up, down, plain;
    struct tls_trust trust = {.ca_file = ca_file};
    buf_init(&up, 1 << 20);
    buf_init(&down, 1 << 20);
    buf_init(&plain, 1 << 20);
    EVP_PKEY *key = pki_key(row);
    X509 *cert = pki_cert(row, key, self ? NULL : ca, self ? NULL : ca_key);
    SSL_CTX *ctx = pki_server(cert, key, chain ? ca : NULL);
    struct stapled s = {kind, cert};
    if (kind != NOTHING) {
        SSL_CTX_set_tlsext_status_cb(ctx, give_staple);
        SSL_CTX_set_tlsext_status_arg(ctx, &s);
    }
    struct tls *t = tls_new_client(name, false, &trust, why, sizeof why);
    assert_non_null(t);
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    tls_start(t, &up);
    for (int round = 0; round < 6; round++) {
        char *p;
        BIO_write(in, up.p, (int)up.len);
        buf_trim(&up, 0);
        SSL_do_handshake(ssl);
        long n = BIO_get_mem_data(out, &p);
        tls_input(t, p, (size_t)n, &plain, &up);
        (void)BIO_reset(out);
    }
    assert_string_equal(tls_error(t), "");
    struct tls_peer *p = tls_peer_ref(tls_peer(t));
    tls_free(t);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    X509_free(cert);
    EVP_PKEY_free(key);
    buf_clear(&up);
    buf_clear(&down);
    buf_clear(&plain);
    return p;
}

static const struct pki_row good = {
    "mx.example", "DNS:mx.example,DNS:b.example", -1, 10, 0, NULL, 0};

static void each_verdict_alone(void **state)
{
    (void)state;
    static const struct {
        struct pki_row row;
        bool self;
        enum tls_word chain, name, date;
        const char *words[3];
    } rows[] = {
        {{"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0},
         false,
         TLS_HOLDS,
         TLS_HOLDS,
         TLS_HOLDS,
         {"signed up to \"Test Root\", which the file of --ca-file holds", "issued to mx.example",
          "days left"}},
        {{"mx.example", "DNS:other.example", -1, 10, 0, NULL, 0},
         false,
         TLS_HOLDS,
         TLS_FAILS,
         TLS_HOLDS,
         {"signed up to", "issued to other.example, not to mx.example", "days left"}},
        {{"mx.example", "DNS:mx.example", -40, -30, 0, NULL, 0},
         false,
         TLS_HOLDS,
         TLS_HOLDS,
         TLS_FAILS,
         {"signed up to", "issued to mx.example", "expired since"}},
        {{"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0},
         true,
         TLS_FAILS,
         TLS_HOLDS,
         TLS_HOLDS,
         {"self-signed", "issued to mx.example", "days left"}},
        {{"mx.example", "DNS:mx.example", -1, 10, 1024, NULL, 0},
         false,
         TLS_FAILS,
         TLS_HOLDS,
         TLS_HOLDS,
         {"weak key: 1024 bits", "issued to mx.example", "days left"}},
        {{"x", "DNS:x.example", 3, 10, 0, NULL, 0},
         true,
         TLS_FAILS,
         TLS_FAILS,
         TLS_FAILS,
         {"self-signed", "issued to x.example, not to", "not valid before"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_peer *p = meet(&rows[i].row, rows[i].self, false, NOTHING, "mx.example");
        const enum tls_word words[] = {rows[i].chain, rows[i].name, rows[i].date};
        for (int c = 0; c <= TLS_CHECK_DATE; c++) {
            const struct tls_opinion *o = tls_peer_opinion(p, (enum tls_check)c);
            if (o->word != words[c] || !strstr(o->why, rows[i].words[c]))
                fail_msg("row %zu, %s: %s: %s", i, tls_check_name((enum tls_check)c),
                         tls_word_name(o->word), o->why);
            assert_int_equal(o->next[0] != '\0', o->word == TLS_FAILS);
        }
        assert_int_equal(tls_peer_opinion(p, TLS_CHECK_DANE)->word, TLS_NOT_ASKED);
        assert_true(tls_peer_opinion(p, TLS_CHECK_MTA_STS)->why[0] != '\0');
        tls_peer_say(p, TLS_CHECK_DANE, TLS_FAILS, "no record fits", "publish another");
        assert_int_equal(tls_peer_opinion(p, TLS_CHECK_DANE)->word, TLS_FAILS);
        assert_string_equal(tls_peer_opinion(p, TLS_CHECK_DANE)->why, "no record fits");
        assert_string_equal(tls_peer_name(p), "mx.example");
        tls_peer_free(p);
    }
    assert_int_equal(tls_peer_opinion(NULL, TLS_CHECK_CHAIN)->word, TLS_NOT_ASKED);
}

static void chain_as_data(void **state)
{
    (void)state;
    struct tls_peer *p = meet(&good, false, true, NOTHING, "mx.example");
    struct tls_cert c;
    assert_int_equal(tls_peer_count(p), 2);
    assert_true(tls_peer_cert(p, 0, &c));
    assert_non_null(strstr(c.subject, "mx.example"));
    assert_non_null(strstr(c.issuer, "Test Root"));
    assert_string_equal(c.names, "mx.example b.example");
    assert_int_equal(c.nnames, 2);
    assert_string_equal(c.signature, "ecdsa-with-SHA256");
    assert_int_equal(c.bits, 256);
    assert_non_null(strstr(c.key, "EC"));
    assert_int_equal(strlen(c.sha256), 95);
    assert_int_equal(strspn(c.spki_sha256, "0123456789abcdef"), 64);
    assert_false(c.ca || c.self_issued);
    assert_true(c.not_after > c.not_before && c.serial[0]);
    assert_true(tls_peer_cert(p, 1, &c));
    assert_true(c.ca && c.self_issued);
    assert_false(tls_peer_cert(p, 2, &c));
    /* What was sent comes out again, octet by octet. */
    size_t n, m;
    const unsigned char *der = tls_peer_der(p, 1, &n);
    unsigned char *want = NULL;
    m = (size_t)i2d_X509(ca, &want);
    assert_int_equal(n, m);
    assert_memory_equal(der, want, n);
    OPENSSL_free(want);
    assert_null(tls_peer_der(p, 2, &n));
    struct buf pem;
    buf_init(&pem, 1 << 20);
    assert_true(tls_peer_pem(p, &pem));
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    X509 *first = PEM_read_bio_X509(bio, NULL, NULL, NULL),
         *second = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(first);
    assert_int_equal(X509_cmp(second, ca), 0);
    X509_free(first);
    X509_free(second);
    BIO_free(bio);
    /* A file that is there is not written over unasked. */
    char why[300], path[] = "/tmp/helo-chain-XXXXXX";
    close(mkstemp(path));
    assert_false(tls_peer_save(p, path, false, why, sizeof why));
    assert_non_null(strstr(why, "File exists"));
    assert_true(tls_peer_save(p, path, true, why, sizeof why));
    FILE *f = fopen(path, "r");
    char line[600];
    assert_non_null(fgets(line, sizeof line, f));
    assert_non_null(strstr(line, "# 0 subject: CN"));
    fclose(f);
    unlink(path);
    buf_clear(&pem);
    assert_false(tls_peer_save(NULL, path, true, why, sizeof why));
    tls_peer_free(p);
}

static void ocsp(void **state)
{
    (void)state;
    static const struct {
        enum staple kind;
        bool chain;
        enum tls_staple staple;
        const char *words;
    } rows[] = {
        {NOTHING, true, TLS_STAPLE_NONE, "none was stapled"},
        {GOOD, true, TLS_STAPLE_GOOD, "the issuer says \"good\""},
        {GOOD, false, TLS_STAPLE_UNKNOWN, "not the issuer's certificate to check it with"},
        {REVOKED, true, TLS_STAPLE_REVOKED, "REVOKED by its issuer on "},
        {REVOKED, true, TLS_STAPLE_REVOKED, "keyCompromise"},
        {UNKNOWN, true, TLS_STAPLE_UNKNOWN, "does not know the certificate"},
        {STALE, true, TLS_STAPLE_BROKEN, "not for today"},
        {FORGED, true, TLS_STAPLE_BROKEN, "not signed by the issuer"},
        {OTHER_CERT, true, TLS_STAPLE_BROKEN, "another certificate"},
        {LATER, true, TLS_STAPLE_BROKEN, "an error: trylater"},
        {NOISE, true, TLS_STAPLE_BROKEN, "no OCSP answer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_peer *p = meet(&good, false, rows[i].chain, rows[i].kind, "mx.example");
        struct tls_ocsp o;
        tls_peer_ocsp(p, &o);
        if (o.staple != rows[i].staple || !strstr(o.words, rows[i].words))
            fail_msg("row %zu: %d: %s", i, (int)o.staple, o.words);
        tls_peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_verdict_alone),
                                       cmocka_unit_test(chain_as_data), cmocka_unit_test(ocsp)};
    return cmocka_run_group_tests(tests, make, drop);
}
