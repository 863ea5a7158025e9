/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user asks of TLS: versions, ciphers, SNI, another name, a client certificate, against a
 * server of OpenSSL's own; and each bad value in one sentence. */
#include "tests/support/check.h"
#include "core/lazy/lazy.h"
#include "tests/support/pki.h"
#include "heloscope/tls.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/helo-ask-XXXXXX";
static char ca_file[64], cert_file[64], key_file[64], other_key[64], both_file[64], locked_file[64],
    older_file[64], empty_file[64], weak_file[64], rsa_key[64];
static EVP_PKEY *ca_key;
static X509 *ca;

static FILE *made(char *path, const char *name)
{
    snprintf(path, 64, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    return f;
}

/* By another process: what writes it needs the table of ciphers that the program leaves out. */
static void make_locked(const struct pki_row *row)
{
    int status = 1;
    FILE *f = made(locked_file, "locked.pem");
    pid_t pid = fork();
    if (pid == 0)
        _exit(PEM_write_PrivateKey(f, pki_key(row), EVP_aes_128_cbc(), (unsigned char *)"secret", 6,
                                   NULL, NULL) != 1 ||
              fclose(f) != 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    fclose(f);
}

static int make(void **state)
{
    const struct pki_row root = {"Test Root", NULL, -10, 100, 0, NULL, 1};
    const struct pki_row row = {"a client", "DNS:client.example", -1, 10, 0, "clientAuth", 0};
    const struct pki_row small = {"weak client", NULL, -1, 10, 1024, NULL, 0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    make_locked(&row);
    lazy_openssl_begin(); /* as in the program, before anything else of OpenSSL */
    ca_key = pki_key(&root);
    ca = pki_cert(&root, ca_key, NULL, NULL);
    EVP_PKEY *key = pki_key(&row), *other = pki_key(&row), *weak = pki_key(&small);
    X509 *cert = pki_cert(&row, key, ca, ca_key), *bad = pki_cert(&small, weak, NULL, NULL);
    FILE *f = made(ca_file, "ca.pem");
    PEM_write_X509(f, ca);
    fclose(f);
    f = made(cert_file, "cert.pem");
    PEM_write_X509(f, cert);
    fclose(f);
    f = made(key_file, "key.pem");
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    f = made(other_key, "other.pem");
    PEM_write_PrivateKey(f, other, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    f = made(rsa_key, "rsa.pem"); /* of another kind than the certificate's */
    PEM_write_PrivateKey(f, weak, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    f = made(both_file, "both.pem");
    PEM_write_X509(f, cert);
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    fclose(made(older_file, "older.pem"));
    BIO *b = BIO_new_file(older_file, "w");
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(b, key, EVP_aes_256_cbc(),
                                                          (unsigned char *)"secret", 6, NULL, NULL),
                     1);
    BIO_free(b);
    f = made(weak_file, "weak.pem");
    PEM_write_X509(f, bad);
    fclose(f);
    f = made(empty_file, "empty.pem");
    fputs("this is no certificate\n", f);
    fclose(f);
    X509_free(cert);
    X509_free(bad);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(weak);
    return 0;
}

static int drop(void **state)
{
    char *const files[] = {ca_file,     cert_file,  key_file,   other_key, both_file,
                           locked_file, older_file, empty_file, weak_file, rsa_key};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return rmdir(dir);
}

static void bad_values(void **state)
{
    (void)state;
    const struct {
        struct tls_trust trust;
        enum fault fault;
        const char *says;
    } rows[] = {
        {{.ask = {.min = TLS_1_3, .max = TLS_1_2}},
         FAULT_USAGE,
         "TLS 1.3, is above the highest, TLS 1.2"},
        {{.ask.ciphers = "NONSENSE"}, FAULT_USAGE, "'NONSENSE' leaves no cipher"},
        {{.ask.ciphers = "TLS_NONSENSE"}, FAULT_USAGE, "'TLS_NONSENSE' leaves no cipher"},
        {{.ask.ciphers = ":"}, FAULT_USAGE, "leaves no cipher"},
        {{.ask.sni = "two words"}, FAULT_USAGE, "cannot be sent as SNI"},
        {{.ask.verify_name = "a@b"}, FAULT_USAGE, "cannot stand in a certificate"},
        {{.ca_file = "/nonexistent/ca"}, FAULT_FILE, "'/nonexistent/ca' cannot be read: No such"},
        {{.ca_file = empty_file}, FAULT_FILE, "holds no certificate: a PEM"},
        {{.ask.cert_file = "/nonexistent/c"}, FAULT_FILE, "cannot be read: No such"},
        {{.ask.cert_file = empty_file}, FAULT_FILE, "holds no certificate"},
        {{.ask.cert_file = key_file}, FAULT_FILE, "holds no certificate"},
        {{.ask.cert_file = weak_file}, FAULT_FILE, "too weak to be sent"},
        {{.ask.cert_file = cert_file}, FAULT_FILE, "holds a certificate and no private key"},
        {{.ask = {.cert_file = cert_file, .key_file = other_key}},
         FAULT_FILE,
         "does not belong to the certificate"},
        {{.ask = {.cert_file = cert_file, .key_file = rsa_key}},
         FAULT_FILE,
         "does not belong to the certificate"},
        {{.ask = {.cert_file = cert_file, .key_file = empty_file}}, FAULT_FILE, "no private key"},
        {{.ask = {.cert_file = cert_file, .key_file = "/nonexistent/k"}},
         FAULT_FILE,
         "'/nonexistent/k' cannot be read"},
        {{.ask = {.cert_file = cert_file, .key_file = locked_file}},
         FAULT_FILE,
         "locked by a passphrase"},
        {{.ask = {.cert_file = cert_file, .key_file = older_file}},
         FAULT_FILE,
         "locked by a passphrase"},
        {{.ask.key_file = key_file}, FAULT_USAGE, "of no use without its certificate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[400] = "";
        enum fault f = tls_trust_check(&rows[i].trust, why, sizeof why);
        if (f != rows[i].fault || !strstr(why, rows[i].says) || strchr(why, '\n'))
            fail_msg("row %zu: fault %d, '%s' is not '%s'", i, (int)f, why, rows[i].says);
    }
    char why[400] = "";
    const struct tls_trust good = {.ca_file = ca_file,
                                   .ask = {.min = TLS_1_0,
                                           .max = TLS_1_3,
                                           .ciphers = "HIGH:TLS_AES_128_GCM_SHA256",
                                           .sni = "a.example",
                                           .verify_name = "192.0.2.1",
                                           .cert_file = both_file}};
    if (tls_trust_check(&good, why, sizeof why) != FAULT_NONE)
        fail_msg("%s", why);
}

static void versions_by_name(void **state)
{
    (void)state;
    assert_int_equal(tls_version_of("1.0"), TLS_1_0);
    assert_int_equal(tls_version_of("TLSv1.2"), TLS_1_2);
    assert_int_equal(tls_version_of("tls1.3"), TLS_1_3);
    assert_int_equal(tls_version_of(tls_version_name(TLS_1_1)), TLS_1_1);
    assert_int_equal(tls_version_of("1"), TLS_ANY);
    assert_int_equal(tls_version_of("1.4"), TLS_ANY);
    assert_int_equal(tls_version_of("ssl3"), TLS_ANY);
}

/* What the server saw of a handshake. */
struct seen {
    char sni[100], error[400], version[16], cipher[64], client[100];
    struct tls_facts facts;
};

static int remember_sni(SSL *ssl, int *alert, void *arg)
{
    struct seen *s = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    snprintf(s->sni, sizeof s->sni, "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static int take_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

static void shake(const struct pki_row *row, const char *name, bool address,
                  const struct tls_trust *trust, bool ask_cert, int server_max, struct seen *s)
{
    char why[400] = "";
    struct buf up, down, plain;
    memset(s, 0, sizeof *s);
    buf_init(&up, 1 << 20);
    buf_init(&down, 1 << 20);
    buf_init(&plain, 1 << 20);
    EVP_PKEY *key = pki_key(row);
    X509 *cert = pki_cert(row, key, ca, ca_key);
    SSL_CTX *ctx = pki_server(cert, key, NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, server_max);
    SSL_CTX_set_tlsext_servername_callback(ctx, remember_sni);
    SSL_CTX_set_tlsext_servername_arg(ctx, s);
    if (ask_cert)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
    struct tls *t = tls_new_client(name, address, trust, why, sizeof why);
    if (!t)
        fail_msg("%s", why);
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
    snprintf(s->error, sizeof s->error, "%s", tls_error(t));
    s->facts = *tls_facts(t);
    snprintf(s->version, sizeof s->version, "%s", SSL_get_version(ssl));
    snprintf(s->cipher, sizeof s->cipher, "%s", SSL_get_cipher_name(ssl));
    X509 *client = SSL_get0_peer_certificate(ssl);
    if (client)
        X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName, s->client,
                                  sizeof s->client);
    tls_free(t);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    X509_free(cert);
    EVP_PKEY_free(key);
    buf_clear(&up);
    buf_clear(&down);
    buf_clear(&plain);
}

static const struct pki_row server = {
    "mx.example", "DNS:mx.example,IP:192.0.2.1", -1, 10, 2048, NULL, 0};

static void versions_and_ciphers(void **state)
{
    (void)state;
    struct seen s;
    struct tls_trust trust = {.ca_file = ca_file};
    shake(&server, "mx.example", false, &trust, false, 0, &s);
    assert_string_equal(s.version, "TLSv1.3");
    assert_string_equal(s.sni, "mx.example");
    trust.ask.max = TLS_1_2;
    trust.ask.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
    shake(&server, "mx.example", false, &trust, false, 0, &s);
    assert_string_equal(s.version, "TLSv1.2");
    assert_string_equal(s.cipher, "ECDHE-RSA-AES128-GCM-SHA256");
    trust.ask = (struct tls_ask){.ciphers = "TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256"};
    shake(&server, "mx.example", false, &trust, false, 0, &s);
    assert_string_equal(s.cipher, "TLS_CHACHA20_POLY1305_SHA256");
    /* Versions that the system's settings forbid are there for who names them, and the
     * certificate is judged as ever. */
    trust.ask = (struct tls_ask){.min = TLS_1_0};
    shake(&server, "mx.example", false, &trust, false, TLS1_VERSION, &s);
    assert_string_equal(s.facts.version, "TLS 1.0");
    assert_int_equal(s.facts.verdict, TLS_VERIFIED);
    trust.ask = (struct tls_ask){.max = TLS_1_1};
    shake(&server, "mx.example", false, &trust, false, 0, &s);
    assert_string_equal(s.facts.version, "TLS 1.1");
    const struct pki_row weak = {"mx.example", "DNS:mx.example", -1, 10, 1024, NULL, 0};
    shake(&weak, "mx.example", false, &trust, false, 0, &s);
    assert_non_null(strstr(s.facts.why, "weak key: 1024 bits"));
    trust.ask = (struct tls_ask){.min = TLS_1_3};
    shake(&server, "mx.example", false, &trust, false, TLS1_2_VERSION, &s);
    assert_string_equal(s.facts.version, "");
    assert_true(s.error[0] != '\0');
}

static void names(void **state)
{
    (void)state;
    struct seen s;
    struct tls_trust trust = {.ca_file = ca_file, .ask.sni = "other.example"};
    shake(&server, "mx.example", false, &trust, false, 0, &s);
    assert_string_equal(s.sni, "other.example");
    assert_int_equal(s.facts.verdict, TLS_VERIFIED);
    trust.ask = (struct tls_ask){.verify_name = "wrong.example"};
    shake(&server, "mx.example", false, &trust, false, 0, &s);
    assert_string_equal(s.sni, "mx.example");
    assert_non_null(strstr(s.facts.why, "not to wrong.example"));
    trust.ask = (struct tls_ask){.verify_name = "mx.example"};
    shake(&server, "198.51.100.7", true, &trust, false, 0, &s);
    assert_string_equal(s.sni, "");
    assert_int_equal(s.facts.verdict, TLS_VERIFIED);
    trust.ask = (struct tls_ask){.verify_name = "192.0.2.1"};
    shake(&server, "elsewhere.example", false, &trust, false, 0, &s);
    assert_int_equal(s.facts.verdict, TLS_VERIFIED);
}

static void client_certificate(void **state)
{
    (void)state;
    struct seen s;
    struct tls_trust trust = {.ca_file = ca_file};
    shake(&server, "mx.example", false, &trust, true, 0, &s);
    assert_string_equal(s.client, "");
    trust.ask = (struct tls_ask){.cert_file = cert_file, .key_file = key_file};
    shake(&server, "mx.example", false, &trust, true, 0, &s);
    assert_string_equal(s.client, "a client");
    trust.ask = (struct tls_ask){.cert_file = both_file};
    shake(&server, "mx.example", false, &trust, true, TLS1_2_VERSION, &s);
    assert_string_equal(s.client, "a client");
    shake(&server, "mx.example", false, &trust, false, 0, &s); /* not asked: not shown */
    assert_string_equal(s.client, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_values),           cmocka_unit_test(versions_by_name),
        cmocka_unit_test(versions_and_ciphers), cmocka_unit_test(names),
        cmocka_unit_test(client_certificate),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
