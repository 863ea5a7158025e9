/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_fakeserver.c: does the scripted server do each of its steps, and say so when the client does
 * not? */
#include "../support/check.h"
#include "fakeserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int dial(const struct fake *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fake_port(f))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until `end` closes the text, or the connection ends. */
static const char *hear(int fd, const char *end)
{
    static char got[4096];
    size_t n = 0;

    got[0] = '\0';
    while (n + 1 < sizeof got && !(end && strstr(got, end))) {
        ssize_t r = read(fd, got + n, sizeof got - 1 - n);

        if (r <= 0)
            break;
        n += (size_t)r;
        got[n] = '\0';
    }
    return got;
}

static int64_t ms_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ talking */

static const struct fake_step greeting[] = {SEND("220 mail.example.test\r\n"),
                                            EXPECT("EHLO "),
                                            SEND("250 hello\r\n"),
                                            EXPECT("DATA"),
                                            SEND("354 go\r\n"),
                                            EXPECT_DATA(),
                                            SEND("250 queued\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};

static void talk(int fd)
{
    assert_string_equal(hear(fd, "\n"), "220 mail.example.test\r\n");
    say(fd, "EHLO me\r\n");
    assert_string_equal(hear(fd, "\n"), "250 hello\r\n");
    say(fd, "DATA\r\n");
    assert_string_equal(hear(fd, "\n"), "354 go\r\n");
    say(fd, "Subject: x\r\n\r\n..dot\r\n.");
    say(fd, "\r\n");
    assert_string_equal(hear(fd, "\n"), "250 queued\r\n");
    say(fd, "QUIT\r\n");
    assert_string_equal(hear(fd, NULL), "221 bye\r\n");
}

static const char talked[] = "EHLO me\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n";

static void test_pair(void **state)
{
    (void)state;
    int fd;
    size_t n;
    struct fake *f = fake_start_pair(greeting, NULL, &fd);

    assert_non_null(f);
    talk(fd);
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, &n), talked);
    assert_int_equal(n, sizeof talked - 1);
    assert_int_equal(fake_sent(f), 23 + 11 + 8 + 12 + 9);
    close(fd);
    fake_free(f);
}

static void test_tcp(void **state)
{
    (void)state;
    struct fake *f = fake_start_tcp(greeting, NULL);
    int fd;

    assert_non_null(f);
    fd = dial(f);
    talk(fd);
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, NULL), talked);
    close(fd);
    fake_free(f);
}

static void test_unix(void **state)
{
    (void)state;
    struct fake *f = fake_start_unix(greeting, NULL);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char path[108];

    assert_non_null(f);
    snprintf(path, sizeof path, "%s", fake_path(f));
    memcpy(sa.sun_path, path, sizeof path);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    talk(fd);
    close(fd);
    assert_null(fake_finish(f));
    fake_free(f);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_expect_fails(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("+OK\r\n"), EXPECT("USER "), END()};
    int fd;
    struct fake *f = fake_start_pair(script, NULL, &fd);

    hear(fd, "\n");
    say(fd, "PASS x\r\n");
    assert_non_null(strstr(fake_finish(f), "step 2: expected \"USER \", but \"PASS x\r\" came"));
    close(fd);
    fake_free(f);

    f = fake_start_pair(script, NULL, &fd);
    hear(fd, "\n");
    close(fd);
    assert_non_null(strstr(fake_finish(f), "step 2: expected \"USER \", but the client closed"));
    fake_free(f);
}

static void test_expect_eof_and_nothing(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("+OK\r\n"), EXPECT_NOTHING(20), SEND("now\r\n"),
                                              EXPECT_BYTES(3), EXPECT_EOF(),       END()};
    int fd;
    struct fake *f = fake_start_pair(script, NULL, &fd);

    hear(fd, "now\r\n");
    say(fd, "abc");
    shutdown(fd, SHUT_WR);
    assert_null(fake_finish(f));
    close(fd);
    fake_free(f);

    f = fake_start_pair(script, NULL, &fd);
    say(fd, "early");
    assert_non_null(strstr(fake_finish(f), "step 2: expected nothing, but \"early\" came"));
    close(fd);
    fake_free(f);

    f = fake_start_pair(script, NULL, &fd);
    hear(fd, "now\r\n");
    say(fd, "abcd");
    close(fd);
    assert_non_null(strstr(fake_finish(f), "step 5: expected the end, but \"d\" came"));
    fake_free(f);
}

/* ------------------------------------------------------------------ how it sends */

static void test_split(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        SPLIT(1), SEND("250 abcdef\r\n"), SPLIT(5), SEND("0123456789"),
        SPLIT(0), SEND("whole thing"),    END()};
    int fd, ones = 0, fives = 0, other = 0, sum = 0;
    struct fake *f = fake_start_pair(script, NULL, &fd);
    char bytes[64];

    while (sum < 12 + 10 + 11) {
        ssize_t n = read(fd, bytes, sizeof bytes);

        assert_true(n > 0);
        sum += (int)n;
        if (sum <= 12)
            ones += n == 1;
        else if (sum <= 22)
            fives += n == 5;
        else
            other += n == 11;
    }
    assert_null(fake_finish(f));
    assert_int_equal(ones, 12);
    assert_int_equal(fives, 2);
    assert_int_equal(other, 1);
    close(fd);
    fake_free(f);
}

static void test_slow(void **state)
{
    (void)state;
    static const struct fake_step script[] = {DELAY(30), SEND("a"), TARPIT("bcd", 10), END()};
    static const struct fake_step forever[] = {DELAY(60000), END()};
    int fd;
    int64_t from = ms_now();
    struct fake *f = fake_start_pair(script, NULL, &fd);

    assert_string_equal(hear(fd, "d"), "abcd");
    assert_true(ms_now() - from >= 59);
    assert_null(fake_finish(f));
    close(fd);
    fake_free(f);

    from = ms_now();
    f = fake_start_pair(forever, NULL, &fd);
    assert_non_null(strstr(fake_finish(f), "stopped while being slow"));
    assert_true(ms_now() - from < 10000);
    close(fd);
    fake_free(f);
}

static void test_flood(void **state)
{
    (void)state;
    static const struct fake_step script[] = {FLOOD("a line of a flood\r\n", 100000), END()};
    char *bytes = malloc(65536);
    size_t sum = 0, lines = 0;
    int fd;
    struct fake *f = fake_start_pair(script, NULL, &fd);

    while (sum < 19 * 100000) {
        ssize_t n = read(fd, bytes, 65536);

        assert_true(n > 0);
        sum += (size_t)n;
        for (ssize_t i = 0; i < n; i++)
            lines += bytes[i] == '\n';
    }
    assert_int_equal(lines, 100000);
    assert_null(fake_finish(f));
    assert_int_equal(fake_sent(f), sum);
    free(bytes);
    close(fd);
    fake_free(f);
}

/* ------------------------------------------------------------------ how it ends */

static void test_ends(void **state)
{
    (void)state;
    static const struct fake_step half[] = {SEND("421 bye\r\n"), HALFCLOSE(), EXPECT("QUIT"),
                                            END()};
    static const struct fake_step reset[] = {SEND("220 x\r\n"), EXPECT("EHLO"), RESET(), END()};
    static const struct fake_step again[] = {SEND("one"),   ACCEPT_AGAIN(), SEND("two"),
                                             EXPECT("end"), CLOSE(),        END()};
    struct fake *f = fake_start_tcp(half, NULL);
    int fd = dial(f);
    char byte;

    assert_string_equal(hear(fd, NULL), "421 bye\r\n");
    say(fd, "QUIT\r\n");
    assert_null(fake_finish(f));
    close(fd);
    fake_free(f);

    f = fake_start_tcp(reset, NULL);
    fd = dial(f);
    hear(fd, "\n");
    say(fd, "EHLO x\r\n");
    assert_int_equal(read(fd, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_null(fake_finish(f));
    close(fd);
    fake_free(f);

    f = fake_start_tcp(again, NULL);
    fd = dial(f);
    assert_string_equal(hear(fd, NULL), "one");
    close(fd);
    fd = dial(f);
    assert_string_equal(hear(fd, "two"), "two");
    say(fd, "end\r\n");
    assert_true(fake_wait_received(f, "end\r\n", 2000));
    assert_true(fake_wait_done(f, 2000));
    assert_null(fake_finish(f));
    close(fd);
    fake_free(f);
}

/* ------------------------------------------------------------------ what it keeps */

static void test_record(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("go\r\n"), EXPECT("a"), SEND("on\r\n"),
                                              EXPECT("b"),    EXPECT("c"), END()};
    int fd;
    size_t n;
    struct fake *f = fake_start_pair(script, NULL, &fd);

    hear(fd, "\n");
    say(fd, "a\r\n");
    hear(fd, "\n");
    say(fd, "b\r\nc\r\n");
    assert_null(fake_finish(f));
    assert_int_equal(fake_reads(f), 2); /* one read for each flight */
    assert_memory_equal(fake_read_chunk(f, 1, &n), "b\r\nc\r\n", 6);
    assert_int_equal(n, 6);
    assert_null(fake_read_chunk(f, 2, &n));
    assert_false(fake_wait_received(f, "never", 10));
    close(fd);
    fake_free(f);
}

/* ------------------------------------------------------------------ TLS */

/* A client's handshake that trusts the CA and wants the name: X509_V_OK or why not. */
static long handshake(int fd, const struct fake_ca *ca, const char *name, SSL **out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    long why;

    if (ca)
        SSL_CTX_load_verify_file(ctx, fake_ca_file(ca));
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_hostflags(ssl, 0);
    SSL_set1_host(ssl, name);
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set_fd(ssl, fd);
    SSL_set_verify(ssl, out ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_connect(ssl);
    why = SSL_get_verify_result(ssl);
    if (out)
        *out = ssl;
    else
        SSL_free(ssl);
    return why;
}

static void test_starttls(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 x\r\n"),
                                              EXPECT("STARTTLS"),
                                              INJECT("220 go\r\n250 injected\r\n"),
                                              STARTTLS(0),
                                              EXPECT("EHLO"),
                                              SPLIT(3),
                                              SEND("250 inside\r\n"),
                                              SPLIT(0),
                                              EXPECT("QUIT"),
                                              CLOSE(),
                                              END()};
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *certs[] = {fake_cert_new(ca, "mail.example.test 127.0.0.1", 0), NULL};
    struct fake *f;
    SSL *ssl;
    char got[64] = "";
    int fd, n = 0;

    assert_non_null(ca);
    assert_non_null(certs[0]);
    f = fake_start_pair(script, certs, &fd);
    hear(fd, "\n");
    say(fd, "STARTTLS\r\n");
    assert_string_equal(hear(fd, "injected\r\n"), "220 go\r\n250 injected\r\n");
    assert_int_equal(handshake(fd, ca, "mail.example.test", &ssl), X509_V_OK);
    assert_int_equal(SSL_write(ssl, "EHLO me\r\n", 9), 9);
    while (n < 12)
        n += SSL_read(ssl, got + n, (int)sizeof got - n);
    assert_string_equal(got, "250 inside\r\n");
    assert_int_equal(SSL_write(ssl, "QUIT\r\n", 6), 6);
    assert_int_equal(SSL_read(ssl, got, sizeof got), 0);
    assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN); /* close_notify came */
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, NULL), "STARTTLS\r\nEHLO me\r\nQUIT\r\n");
    assert_string_equal(fake_sni(f), "mail.example.test");
    SSL_free(ssl);
    close(fd);
    fake_free(f);
    fake_cert_free(certs[0]);
    fake_ca_free(ca);
}

static void test_early_bytes(void **state)
{
    (void)state;
    static const struct fake_step script[] = {EXPECT("STARTTLS"), SEND("220 go\r\n"), STARTTLS(0),
                                              END()};
    struct fake_cert *certs[] = {fake_cert_new(NULL, "x.example", FAKE_SELF_SIGNED), NULL};
    int fd;
    struct fake *f = fake_start_pair(script, certs, &fd);

    say(fd, "STARTTLS\r\nEHLO early\r\n");
    assert_non_null(strstr(fake_finish(f), "12 bytes in the clear before the handshake"));
    close(fd);
    fake_free(f);
    fake_cert_free(certs[0]);
}

static void test_certificates(void **state)
{
    (void)state;
    static const struct fake_step accepted[] = {STARTTLS(0), END()};
    static const struct fake_step refused[] = {TLS_FAILS(0), END()};
    struct fake_ca *ca = fake_ca_new();
    const struct {
        unsigned flags;
        const char *names, *wanted;
        long why;
    } rows[] = {
        {0, "mail.example.test 127.0.0.1", "mail.example.test", X509_V_OK},
        {0, "other.example.test", "mail.example.test", X509_V_ERR_HOSTNAME_MISMATCH},
        {FAKE_SELF_SIGNED, "mail.example.test", "mail.example.test",
         X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {FAKE_EXPIRED, "mail.example.test", "mail.example.test", X509_V_ERR_CERT_HAS_EXPIRED},
        {FAKE_NOT_YET, "mail.example.test", "mail.example.test", X509_V_ERR_CERT_NOT_YET_VALID},
        {FAKE_WEAK, "mail.example.test", "mail.example.test", X509_V_ERR_EE_KEY_TOO_SMALL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_cert *certs[] = {fake_cert_new(ca, rows[i].names, rows[i].flags), NULL};
        int fd;
        struct fake *f = fake_start_pair(rows[i].why == X509_V_OK ? accepted : refused, certs, &fd);

        assert_non_null(certs[0]);
        assert_int_equal(handshake(fd, ca, rows[i].wanted, NULL), rows[i].why);
        close(fd);
        assert_null(fake_finish(f));
        fake_free(f);
        fake_cert_free(certs[0]);
    }
    fake_ca_free(ca);
}

static void test_ca_files(void **state)
{
    (void)state;
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *c = fake_cert_new(ca, "x.example", 0);
    SSL_CTX *ctx = fake_cert_ctx(c);
    char dir[300];
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *look = X509_STORE_CTX_new();

    /* the hashed directory alone is enough to find the issuer */
    snprintf(dir, sizeof dir, "%s", fake_ca_dir(ca));
    assert_int_equal(X509_STORE_load_path(store, dir), 1);
    X509_STORE_CTX_init(look, store, SSL_CTX_get0_certificate(ctx), NULL);
    assert_int_equal(X509_verify_cert(look), 1);
    X509_STORE_CTX_free(look);
    X509_STORE_free(store);
    SSL_CTX_free(ctx);
    fake_cert_free(c);
    fake_ca_free(ca);
    assert_int_not_equal(access(dir, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_expect_fails),
        cmocka_unit_test(test_expect_eof_and_nothing),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_early_bytes),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_ca_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
