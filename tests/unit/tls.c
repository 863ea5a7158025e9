/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS over buffers: the practice identity, every reason against a certificate in words, handshakes
 * that fail, records torn apart. */
#include "tests/support/check.h"
#include "tests/support/pki.h"
#include "heloscope/loop.h"
#include "heloscope/tls.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ends {
    struct tls *client, *server;
    struct buf up, down;             /* on the wire */
    struct buf to_client, to_server; /* decrypted */
};

static void ends_init(struct ends *e)
{
    memset(e, 0, sizeof *e);
    buf_init(&e->up, 1 << 22);
    buf_init(&e->down, 1 << 22);
    buf_init(&e->to_client, 1 << 22);
    buf_init(&e->to_server, 1 << 22);
}

static void ends_clear(struct ends *e)
{
    tls_free(e->client);
    tls_free(e->server);
    buf_clear(&e->up);
    buf_clear(&e->down);
    buf_clear(&e->to_client);
    buf_clear(&e->to_server);
}

/* Moves what is on the wire, step octets at a time (0: all at once), until it is quiet. */
static void pump(struct ends *e, size_t step)
{
    while (e->up.len || e->down.len) {
        size_t n = step && step < e->up.len ? step : e->up.len;
        if (n) {
            tls_input(e->server, e->up.p, n, &e->to_server, &e->down);
            buf_consume(&e->up, n);
        }
        n = step && step < e->down.len ? step : e->down.len;
        if (n) {
            tls_input(e->client, e->down.p, n, &e->to_client, &e->up);
            buf_consume(&e->down, n);
        }
    }
}

static enum tls_state state_of(struct tls *t, struct ends *e)
{
    return tls_input(t, "", 0, &e->to_client, &e->up);
}

static void practice_pair(struct ends *e, const struct tls_identity *id, const char *name,
                          bool addr)
{
    char why[200] = "";
    struct tls_trust trust = {.practice = id};
    ends_init(e);
    e->client = tls_new_client(name, addr, &trust, why, sizeof why);
    assert_non_null(e->client);
    e->server = tls_new_server(id, why, sizeof why);
    assert_non_null(e->server);
    assert_int_equal(tls_start(e->client, &e->up), TLS_HANDSHAKE);
    assert_true(e->up.len > 0);
}

static void practice_is_verified(void **state)
{
    (void)state;
    uint64_t start = now_us();
    struct tls_identity *id = tls_identity_new("practice.example localhost 127.0.0.1 ::1");
    print_message("identity: %.1f ms\n", (double)(now_us() - start) / 1000);
    assert_non_null(id);
    const struct {
        const char *name;
        bool address;
    } rows[] = {
        {"practice.example", false}, {"localhost", false}, {"127.0.0.1", true}, {"::1", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ends e;
        practice_pair(&e, id, rows[i].name, rows[i].address);
        pump(&e, i == 1 ? 1 : 0); /* once a byte at a time */
        const struct tls_facts *f = tls_facts(e.client);
        assert_string_equal(f->why, "");
        assert_int_equal(f->verdict, TLS_VERIFIED_PRACTICE);
        assert_string_equal(f->version, "TLS 1.3");
        assert_string_equal(f->names, "practice.example localhost 127.0.0.1 ::1");
        assert_non_null(strstr(f->issuer, "practice CA"));
        assert_non_null(strstr(f->key, "EC"));
        assert_int_equal(strlen(f->fingerprint), 95);
        assert_true(f->not_after > f->not_before);
        ends_clear(&e);
    }
    /* Another world's CA is another CA. */
    struct tls_identity *other = tls_identity_new("practice.example");
    struct tls_trust trust = {.practice = other};
    struct ends e;
    char why[200];
    ends_init(&e);
    e.client = tls_new_client("practice.example", false, &trust, why, sizeof why);
    e.server = tls_new_server(id, why, sizeof why);
    tls_start(e.client, &e.up);
    pump(&e, 0);
    assert_int_equal(tls_facts(e.client)->verdict, TLS_UNVERIFIED);
    ends_clear(&e);
    struct buf pem;
    buf_init(&pem, 10000);
    assert_true(tls_identity_ca_pem(id, &pem));
    assert_non_null(strstr(buf_str(&pem), "BEGIN CERTIFICATE"));
    assert_null(strstr(buf_str(&pem), "PRIVATE"));
    buf_clear(&pem);
    tls_identity_free(other);
    tls_identity_free(id);
}

static void bytes_go_through(void **state)
{
    (void)state;
    struct tls_identity *id = tls_identity_new("practice.example");
    struct ends e;
    practice_pair(&e, id, "practice.example", false);
    pump(&e, 0);
    static char big[300000];
    memset(big, 'x', sizeof big);
    big[12345] = '\0';
    assert_true(tls_output(e.client, "EHLO me\r\n", 9, &e.up));
    assert_true(tls_output(e.server, big, sizeof big, &e.down));
    pump(&e, 1000);
    assert_string_equal(buf_str(&e.to_server), "EHLO me\r\n");
    assert_int_equal(e.to_client.len, sizeof big);
    assert_memory_equal(e.to_client.p, big, sizeof big);
    /* The ceiling of the wire: nothing is half written. */
    struct buf small;
    buf_init(&small, 1000);
    assert_false(tls_output(e.client, big, 900, &small));
    assert_int_equal(small.len, 0);
    buf_clear(&small);
    assert_true(tls_output(e.client, "QUIT\r\n", 6, &e.up));
    pump(&e, 0);
    assert_string_equal(buf_str(&e.to_server), "EHLO me\r\nQUIT\r\n");
    tls_shutdown(e.server, &e.down);
    assert_true(e.down.len > 0);
    assert_int_equal(tls_input(e.client, e.down.p, e.down.len, &e.to_client, &e.up), TLS_CLOSED);
    ends_clear(&e);
    tls_identity_free(id);
}

static void a_forged_record_breaks(void **state)
{
    (void)state;
    struct tls_identity *id = tls_identity_new("practice.example");
    struct ends e;
    practice_pair(&e, id, "practice.example", false);
    pump(&e, 0);
    assert_true(tls_output(e.server, "+OK\r\n", 5, &e.down));
    e.down.p[e.down.len - 3] ^= 1;
    assert_int_equal(tls_input(e.client, e.down.p, e.down.len, &e.to_client, &e.up), TLS_BROKEN);
    assert_int_equal(e.to_client.len, 0);
    assert_non_null(strstr(tls_error(e.client), "damaged or forged"));
    ends_clear(&e);
    /* A limit of ours. */
    practice_pair(&e, id, "practice.example", false);
    pump(&e, 0);
    static char big[100000];
    assert_true(tls_output(e.server, big, sizeof big, &e.down));
    struct buf little;
    buf_init(&little, 50000);
    assert_int_equal(tls_input(e.client, e.down.p, e.down.len, &little, &e.up), TLS_BROKEN);
    assert_non_null(strstr(tls_error(e.client), "limit"));
    buf_clear(&little);
    ends_clear(&e);
    tls_identity_free(id);
}

static void no_tls_at_all(void **state)
{
    (void)state;
    char why[200];
    struct ends e;
    ends_init(&e);
    e.client = tls_new_client("mx.example", false, NULL, why, sizeof why);
    assert_non_null(e.client);
    tls_start(e.client, &e.up);
    /* SNI holds the name, and no ALPN extension is offered. */
    assert_non_null(memmem(e.up.p, e.up.len, "mx.example", 10));
    const char *plain = "220 mx.example \033[31mESMTP\r\nmore";
    assert_int_equal(tls_input(e.client, plain, strlen(plain), &e.to_client, &e.up), TLS_BROKEN);
    assert_non_null(strstr(tls_error(e.client), "does not speak TLS here"));
    assert_non_null(strstr(tls_error(e.client), "\"220 mx.example ?[31mESMTP\""));
    assert_int_equal(e.to_client.len, 0);
    assert_int_equal(state_of(e.client, &e), TLS_BROKEN);
    ends_clear(&e);
    ends_init(&e);
    e.client = tls_new_client("127.0.0.1", true, NULL, why, sizeof why);
    tls_start(e.client, &e.up);
    assert_null(memmem(e.up.p, e.up.len, "127.0.0.1", 9));
    /* alert 70, protocol_version */
    assert_int_equal(tls_input(e.client, "\x15\x03\x01\x00\x02\x02\x46", 7, &e.to_client, &e.up),
                     TLS_BROKEN);
    assert_non_null(strstr(tls_error(e.client), "protocol_version"));
    ends_clear(&e);
    struct tls_trust trust = {.ca_file = "/nonexistent/ca.pem"};
    assert_null(tls_new_client("h", false, &trust, why, sizeof why));
    assert_non_null(strstr(why, "'/nonexistent/ca.pem' cannot be read: No such"));
}

/* A server of OpenSSL's own with whatever context, against our client. */
static struct tls_facts shake(SSL_CTX *ctx, const char *name, bool address, const char *ca_file,
                              char *error, size_t size)
{
    char why[200] = "";
    struct ends e;
    struct tls_trust trust = {.ca_file = ca_file};
    struct tls_facts f;
    ends_init(&e);
    e.client = tls_new_client(name, address, &trust, why, sizeof why);
    if (!e.client)
        fail_msg("%s", why);
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    tls_start(e.client, &e.up);
    for (int round = 0; round < 5; round++) {
        BIO_write(in, e.up.p, (int)e.up.len);
        buf_trim(&e.up, 0);
        SSL_do_handshake(ssl);
        char *p;
        long n = BIO_get_mem_data(out, &p);
        tls_input(e.client, p, (size_t)n, &e.to_client, &e.up);
        (void)BIO_reset(out);
    }
    snprintf(error, size, "%s", tls_error(e.client));
    f = *tls_facts(e.client);
    SSL_free(ssl);
    ends_clear(&e);
    return f;
}

enum signer { SELF, ROOT, HIDDEN_ROOT, OLD_ROOT };

static const struct bad {
    struct pki_row row;
    enum signer signer;
    const char *name;
    const char *says[3];
} bads[] = {
    {{"mx.example", "DNS:mx.example", -1, 10, 0, "serverAuth", 0}, ROOT, "mx.example", {""}},
    {{"x", "DNS:*.mx.example", -1, 10, 0, NULL, 0}, ROOT, "a.mx.example", {""}},
    {{"x", "IP:192.0.2.1", -1, 10, 0, NULL, 0}, ROOT, "192.0.2.1", {""}},
    {{"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0},
     SELF,
     "mx.example",
     {"self-signed: nobody but its owner vouches for it"}},
    {{"mx.example", "DNS:mx.example", -300, -205, 0, NULL, 0},
     ROOT,
     "mx.example",
     {"expired since ", "(205 days)"}},
    {{"mx.example", "DNS:mx.example", 4, 10, 0, NULL, 0},
     ROOT,
     "mx.example",
     {"not valid before 20"}},
    {{"a.example", "DNS:a.example,DNS:b.example", -1, 10, 0, NULL, 0},
     ROOT,
     "c.example",
     {"issued to a.example, b.example, not to c.example"}},
    {{"a", "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e", -1, 10, 0, NULL, 0},
     ROOT,
     "f",
     {"issued to a, b, c and 2 more, not to f"}},
    {{"x", "DNS:192.0.2.1", -1, 10, 0, NULL, 0}, ROOT, "192.0.2.1", {"not to 192.0.2.1"}},
    {{"mx.example", NULL, -1, 10, 0, NULL, 0},
     ROOT,
     "mx.example",
     {"common name \"mx.example\", which does not count"}},
    {{"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0},
     HIDDEN_ROOT,
     "mx.example",
     {"its issuer \"Unknown Root\" is unknown here"}},
    {{"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0},
     OLD_ROOT,
     "mx.example",
     {"the CA certificate \"Old Root\" expired since "}},
    {{"mx.example", "DNS:mx.example", -1, 10, 1024, NULL, 0},
     ROOT,
     "mx.example",
     {"weak key: 1024 bits"}},
    {{"mx.example", "DNS:mx.example", -1, 10, 0, "clientAuth", 0},
     ROOT,
     "mx.example",
     {"not meant for a TLS server"}},
    /* Everything at once is told at once, and nothing of it reaches a terminal raw. */
    {{"evil\033[2J", "DNS:evil.example", -300, -10, 0, NULL, 0},
     SELF,
     "mx.example",
     {"self-signed", "; expired since ", "; issued to evil.example, not to mx.example"}},
};

static void reasons_in_words(void **state)
{
    (void)state;
    const struct pki_row roots[] = {{"Root", NULL, -400, 100, 0, NULL, 1},
                                    {"Unknown Root", NULL, -400, 100, 0, NULL, 1},
                                    {"Old Root", NULL, -400, -3, 0, NULL, 1}};
    EVP_PKEY *root_key[3];
    X509 *root[3];
    char path[] = "/tmp/helo-tls-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    for (int i = 0; i < 3; i++) {
        root_key[i] = pki_key(&roots[i]);
        root[i] = pki_cert(&roots[i], root_key[i], NULL, NULL);
        if (i != 1)
            assert_int_equal(PEM_write_X509(f, root[i]), 1);
    }
    fclose(f);
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        const struct bad *b = &bads[i];
        EVP_PKEY *key = pki_key(&b->row);
        int by = b->signer == OLD_ROOT ? 2 : b->signer == HIDDEN_ROOT ? 1 : 0;
        X509 *cert = pki_cert(&b->row, key, b->signer == SELF ? NULL : root[by],
                              b->signer == SELF ? NULL : root_key[by]);
        SSL_CTX *ctx = pki_server(cert, key, NULL);
        char error[400];
        bool address = strspn(b->name, "0123456789.") == strlen(b->name);
        struct tls_facts facts = shake(ctx, b->name, address, path, error, sizeof error);
        if (error[0])
            fail_msg("row %zu: %s", i, error);
        assert_true(facts.version[0] && facts.cipher[0]);
        if (!*b->says[0] && (facts.why[0] || facts.verdict != TLS_VERIFIED))
            fail_msg("row %zu should be verified: %s", i, facts.why);
        if (*b->says[0])
            assert_int_equal(facts.verdict, TLS_UNVERIFIED);
        for (int j = 0; j < 3 && b->says[j]; j++)
            if (!strstr(facts.why, b->says[j]))
                fail_msg("row %zu: '%s' is not in '%s'", i, b->says[j], facts.why);
        assert_int_equal(facts.next[0] != '\0', facts.why[0] != '\0');
        assert_null(strchr(facts.why, '\033'));
        assert_null(strchr(facts.subject, '\033'));
        SSL_CTX_free(ctx);
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    for (int i = 0; i < 3; i++) {
        X509_free(root[i]);
        EVP_PKEY_free(root_key[i]);
    }
    unlink(path);
}

/* The system's store: a CA known only from the bundle is found after the directory had none. */
static void bundle_after_directory(void **state)
{
    (void)state;
    const struct pki_row root = {"Bundle Root", NULL, -4, 100, 0, NULL, 1};
    const struct pki_row row = {"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0};
    EVP_PKEY *root_key = pki_key(&root), *key = pki_key(&row);
    X509 *ca = pki_cert(&root, root_key, NULL, NULL), *cert = pki_cert(&row, key, ca, root_key);
    char dir[] = "/tmp/helo-ca-XXXXXX", file[64];
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/bundle", dir);
    assert_int_equal(pki_write(file, ca), 0);
    setenv("SSL_CERT_DIR", dir, 1);
    setenv("SSL_CERT_FILE", file, 1);
    SSL_CTX *ctx = pki_server(cert, key, NULL);
    char error[400];
    struct tls_facts f = shake(ctx, "mx.example", false, NULL, error, sizeof error);
    assert_string_equal(f.why, "");
    assert_int_equal(f.verdict, TLS_VERIFIED);
    unlink(file);
    rmdir(dir);
    SSL_CTX_free(ctx);
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
}

static void old_versions_in_words(void **state)
{
    (void)state;
    const struct pki_row row = {"mx.example", "DNS:mx.example", -1, 10, 0, NULL, 0};
    EVP_PKEY *key = pki_key(&row);
    X509 *cert = pki_cert(&row, key, NULL, NULL);
    SSL_CTX *ctx = pki_server(cert, key, NULL);
    char error[400];
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    struct tls_facts f = shake(ctx, "mx.example", false, NULL, error, sizeof error);
    assert_string_equal(f.version, "TLS 1.2");
    assert_string_equal(error, "");
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    f = shake(ctx, "mx.example", false, NULL, error, sizeof error);
    assert_string_equal(f.version, "");
    /* Who refuses depends on the machine's openssl.cnf; the words do not. */
    if (!strstr(error, "protocol_version") && !strstr(error, "only an old TLS version"))
        fail_msg("%s", error);
    SSL_CTX_free(ctx);
    X509_free(cert);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_after_directory), /* first: the system's store is made once */
        cmocka_unit_test(practice_is_verified),   cmocka_unit_test(bytes_go_through),
        cmocka_unit_test(a_forged_record_breaks), cmocka_unit_test(no_tls_at_all),
        cmocka_unit_test(reasons_in_words),       cmocka_unit_test(old_versions_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
