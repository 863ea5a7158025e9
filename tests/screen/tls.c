/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The TLS pane: verdicts, findings and the chain at three sizes, the versions asked for one by one,
 * the chain saved as PEM, and what stands there in the clear and after STARTTLS was refused.
 */
#include "walk.h"
#include "../fake/fakedns.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fake_ca *ca;
static struct fake_cert *certs[3];

static int make(void **state)
{
    (void)state;
    ca = fake_ca_new();
    certs[0] = ca ? fake_cert_new(ca, "127.0.0.1 localhost", 0) : NULL;
    certs[1] = ca ? fake_cert_new(ca, "other.example.test", 0) : NULL;
    return certs[0] && certs[1] ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    fake_cert_free(certs[0]);
    fake_cert_free(certs[1]);
    fake_ca_free(ca);
    return 0;
}

#define BANNER SEND("220 mail.example.test ESMTP\r\n")
#define EHLO_TLS EXPECT("EHLO"), SEND("250-mail.example.test\r\n250 STARTTLS\r\n")
#define GO EXPECT("STARTTLS"), SEND("220 2.0.0 go\r\n")

static struct term *start(int cols, int rows, const struct fake *f)
{
    char target[64];

    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", fake_port(f));
    return helo(cols, rows, NULL, "--ca-file", fake_ca_file(ca), target, NULL);
}

static void command(struct term *t, const char *text)
{
    term_key(t, "C-u");
    term_keys(t, ":");
    term_wait(t, "Enter run", WAIT);
    term_line(t, text);
}

static const struct fake_step good[] = {
    BANNER, EHLO_TLS, GO, STARTTLS(0), EXPECT("EHLO"), SEND("250 mail.example.test\r\n"), END()};

/* At each size the verdicts come first, the rest is there by scrolling, and Esc leads back. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        int cols, rows;
    } sizes[] = {{120, 40}, {80, 24}, {60, 20}, {44, 12}};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct fake *f = fake_start_tcp(good, certs);
        struct term *t = start(sizes[i].cols, sizes[i].rows, f);

        term_wait(t, "220 mail", WAIT);
        say(t, "EHLO me.example", "250-mail");
        term_line(t, "STARTTLS");
        term_wait(t, "TLS 1.3", WAIT);
        term_key(t, "Esc");
        term_wait(t, "i type", WAIT);
        term_keys(t, "t");
        term_wait(t, "[ TLS ]", WAIT);
        term_wait(t, "version   TLS 1.3", WAIT);
        for (int k = 0; k < 20 && !term_shows(t, "+ chain     holds"); k++) {
            term_keys(t, "j");
            term_wait_quiet(t, 20, WAIT);
        }
        term_wait(t, "+ chain     holds", WAIT);
        assert_false(term_shows(t, "C:   EHLO"));
        /* down to the end and up again */
        for (int k = 0; k < 40 && !term_shows(t, "3 1 1"); k++) {
            term_key(t, "PgDn");
            term_wait_quiet(t, 20, WAIT);
        }
        term_wait(t, "3 1 1", WAIT);
        term_keys(t, "g");
        term_wait(t, "TLS with 127.0.0.1", WAIT);
        term_keys(t, "G");
        if (sizes[i].rows < 30) /* else all of it is in view */
            term_wait_gone(t, "TLS with 127.0.0.1", WAIT);
        term_keys(t, "z");
        term_wait(t, "SHA-256", WAIT);
        term_key(t, "Esc");
        term_wait(t, "smtp>", WAIT);
        term_wait_gone(t, "[ TLS ]", WAIT);
        assert_int_equal(leave(t), 0);
        fake_finish(f);
        fake_free(f);
    }
}

static void test_wrong_name_and_chain(void **state)
{
    (void)state;
    static const struct fake_step script[] = {BANNER, EHLO_TLS, GO, STARTTLS(1), END()};
    struct fake *f = fake_start_tcp(script, certs);
    struct term *t = start(80, 24, f);
    char *dir = dir_new(), path[600], line[700];
    FILE *pem;
    X509 *x;

    term_wait(t, "220 mail", WAIT);
    command(t, "save-chain /nowhere");
    term_wait(t, "no certificate was presented", WAIT);
    say(t, "EHLO me.example", "250-mail");
    term_line(t, "STARTTLS");
    press(t, "y", "Go on without knowing");
    term_wait(t, "UNVERIFIED", WAIT);
    command(t, "tls");
    term_wait(t, "! host name FAILS: issued to other.example.test, not to 127.0.0.1", WAIT);
    term_wait(t, "-> Connect by a name", WAIT);
    for (int k = 0; k < 40 && !term_shows(t, "grave"); k++) {
        term_keys(t, "j");
        term_wait_quiet(t, 20, WAIT);
    }
    term_wait(t, "! grave     The certificate is for another name", WAIT);
    /* the chain: asked for a name, not written over unasked */
    snprintf(path, sizeof path, "%s/chain.pem", dir);
    press(t, "s", "s save chain");
    term_wait(t, "Under which name?", WAIT);
    term_key(t, "C-u");
    term_line(t, path);
    term_wait(t, "1 certificate as PEM", WAIT);
    pem = fopen(path, "r");
    assert_non_null(pem);
    x = PEM_read_X509(pem, NULL, NULL, NULL);
    assert_non_null(x);
    X509_free(x);
    fclose(pem);
    snprintf(line, sizeof line, "save-chain %s", path);
    command(t, line);
    term_wait(t, "write over it?", WAIT);
    term_keys(t, "n");
    term_wait(t, "not saved", WAIT);
    assert_int_equal(leave(t), 0);
    fake_finish(f);
    fake_free(f);
    dir_remove(dir);
}

static void test_clear_and_refused(void **state)
{
    (void)state;
    static const struct fake_step script[] = {BANNER, EHLO_TLS, EXPECT("STARTTLS"),
                                              SEND("454 4.7.0 \033[31mno TLS\r\n"), END()};
    struct fake *f = fake_start_tcp(script, certs);
    struct term *t = start(80, 24, f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    command(t, "tls");
    term_wait(t, "There is no TLS", WAIT);
    term_wait(t, "STARTTLS is offered, and this session goes on without it", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "[ TLS ]", WAIT);
    say(t, "STARTTLS", "454 4.7.0");
    command(t, "tls");
    term_wait(t, "STARTTLS is offered and then refused: 454 4.7.0 ?[31mno TLS", WAIT);
    assert_int_equal(leave(t), 0);
    fake_finish(f);
    fake_free(f);
}

static void test_versions(void **state)
{
    (void)state;
    static const struct fake_step script[] = {BANNER,
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              GO,
                                              TLS_FAILS(0),
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              GO,
                                              TLS_FAILS(0),
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              GO,
                                              STARTTLS(0),
                                              EXPECT("QUIT"),
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              GO,
                                              STARTTLS(0),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    struct fake *f = fake_start_tcp(script, certs);
    struct term *t = start(80, 24, f);

    term_wait(t, "220 mail", WAIT);
    term_wait(t, "| closed |", WAIT);
    command(t, "tls-versions");
    term_wait(t, "TLS 1.0 refused, 1.1 refused, 1.2 accepted, 1.3 accepted", 4 * WAIT);
    term_wait(t, "Versions, asked for one by one", WAIT);
    term_wait(t, "+ TLS 1.3   accepted: TLS_", WAIT);
    assert_null(fake_finish(f));
    fake_free(f);
    assert_int_equal(leave(t), 0);
    /* in the practice world there is nobody else to ask */
    t = helo_practice(80, 24);
    command(t, "tls-versions");
    term_wait(t, "needs a session with one", WAIT);
    command(t, "tls");
    term_wait(t, "TLS with practice world", WAIT);
    assert_int_equal(leave(t), 0);
}

/* A certificate that nothing but DNS vouches for: nobody is asked about it, and the pane says why.
 * The answer comes after the handshake, which waits for it. */
static void test_dane(void **state)
{
    (void)state;
    struct fake_cert *own = fake_cert_new(NULL, "other.example.test", FAKE_SELF_SIGNED);
    struct fake_cert *const one[] = {own, NULL};
    struct fake *f = fake_start_tcp(good, one);
    char zone[400], key[65], target[64], to[40];

    fake_cert_spki(own, key);
    snprintf(zone, sizeof zone,
             "_%d._tcp.mx.example.test TLSA 3 1 1 %s\n$ad _%d._tcp.mx.example.test\n"
             "$late _%d._tcp.mx.example.test\n",
             fake_port(f), key, fake_port(f), fake_port(f));
    struct fakedns *d = fakedns_start(zone);
    snprintf(target, sizeof target, "smtp://mx.example.test:%d", fake_port(f));
    snprintf(to, sizeof to, "127.0.0.1:%d", fake_port(f));
    struct term *t =
        helo(100, 34, NULL, "--resolver", fakedns_at(d), "--connect", to, target, NULL);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    term_line(t, "STARTTLS");
    term_wait(t, "verified by DANE:", WAIT);
    assert_false(term_shows(t, "NOT verified"));
    assert_false(term_shows(t, "UNVERIFIED"));
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "t");
    term_wait(t, "+ DANE      holds: verified by TLSA 3 1 1", WAIT);
    term_wait(t, "no matter: DANE stands in", WAIT);
    term_key(t, "Esc");
    term_wait(t, "smtp>", WAIT);
    say(t, "EHLO me.example", "250 mail.example.test");
    assert_int_equal(leave(t), 0);
    fakedns_stop(d);
    assert_null(fake_finish(f));
    fake_free(f);
    fake_cert_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_sizes),
        term_unit_test(test_dane),
        term_unit_test(test_wrong_name_and_chain),
        term_unit_test(test_clear_and_refused),
        term_unit_test(test_versions),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, make, drop);
}
