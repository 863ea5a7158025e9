/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection and TLS: implicit and upgraded, certificates that hold and that do not, bytes
 * injected before the handshake, other ends that do not speak TLS, fall silent or cut it off. */
#include "tests/support/check.h"
#include "tests/support/peer.h"
#include "tests/support/pki.h"
#include "heloscope/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char ca_path[] = "/tmp/helo-ca-XXXXXX";
static EVP_PKEY *ca_key;
static X509 *ca;

static int make_ca(void **state)
{
    const struct pki_row row = {"Test Root", NULL, -10, 100, 0, NULL, 1};
    (void)state;
    ca_key = pki_key(&row);
    ca = pki_cert(&row, ca_key, NULL, NULL);
    int fd = mkstemp(ca_path);
    if (fd < 0)
        return -1;
    close(fd);
    return pki_write(ca_path, ca);
}

static int drop_ca(void **state)
{
    (void)state;
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return unlink(ca_path);
}

static SSL_CTX *server_ctx(const struct pki_row *row, bool self)
{
    EVP_PKEY *key = pki_key(row);
    X509 *cert = pki_cert(row, key, self ? NULL : ca, self ? NULL : ca_key);
    SSL_CTX *ctx = pki_server(cert, key, NULL);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

static const struct pki_row good = {"localhost", "DNS:localhost,IP:127.0.0.1", -1, 10, 0, NULL, 0};

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* TLS at once: a greeting, one command, an answer, and a close that is proper if p->bytes is 0. */
static void tls_talk(struct peer *p, int fd)
{
    char got[100];
    SSL *ssl = SSL_new(p->ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        SSL_write(ssl, "220 hello\r\n", 11);
        int n = SSL_read(ssl, got, sizeof got);
        if (n > 0) {
            SSL_write(ssl, "221 ", 4);
            SSL_write(ssl, got, n);
        }
        if (!p->bytes)
            SSL_shutdown(ssl);
    }
    SSL_free(ssl);
}

/* STARTTLS after a banner; p->bytes octets too many come with the 220. */
static void starttls_talk(struct peer *p, int fd)
{
    char got[100];
    say(fd, "220 clear\r\n");
    if (recv(fd, got, sizeof got, 0) <= 0)
        return;
    say(fd, p->bytes ? "220 go\r\n250 injected\r\n" : "220 go\r\n");
    p->bytes = 0;
    tls_talk(p, fd);
}

static void open_peer(struct talk *t, struct peer *p, const char *scheme,
                      const struct conn_options *o)
{
    char target[80];
    snprintf(target, sizeof target, "%s://127.0.0.1:%d", scheme, p->port);
    talk_init(t);
    talk_open(t, target, o);
}

static void wait_data(struct talk *t, const char *text)
{
    uint64_t start = now_us();
    while (!strstr(buf_str(&t->data), text)) {
        if (now_us() - start > 5000000)
            fail_msg("no '%s'; data:\n%s\nlog:\n%s", text, buf_str(&t->data), buf_str(&t->log));
        loop_turn(t->loop, 100);
    }
}

static void implicit_and_verified(void **state)
{
    (void)state;
    for (int torn = 0; torn < 2; torn++) {
        struct peer p = {.ctx = server_ctx(&good, false), .bytes = (size_t)torn};
        struct conn_options o = {.trust.ca_file = ca_path};
        struct talk t;
        peer_start(&p, "127.0.0.1", 0, tls_talk);
        open_peer(&t, &p, "smtps", &o);
        conn_send(t.conn, "QUIT\r\n", 6); /* before there is anything: waits for the handshake */
        talk_until(&t, CONN_EOF);
        assert_string_equal(buf_str(&t.data), "220 hello\r\n221 QUIT\r\n");
        assert_int_equal(t.facts.verdict, TLS_VERIFIED);
        talk_expect(&t, "TLS_STARTED 127.0.0.1:");
        talk_expect(&t, "TLS_UP TLS 1.3\n");
        talk_expect(&t, torn ? "no close_notify"
                             : "EOF the other end closed the connection (TLS was closed properly)");
        assert_false(talk_saw(&t, CONN_TLS_UNVERIFIED));
        assert_true(conn_is_tls(t.conn));
        talk_clear(&t);
        peer_join(&p);
        SSL_CTX_free(p.ctx);
    }
}

static void upgrades(struct talk *t, const struct conn_event *ev)
{
    if (ev->kind != CONN_DATA)
        return;
    if (memmem(ev->bytes, ev->n, "220 clear", 9))
        conn_send(t->conn, "STARTTLS\r\n", 10);
    const char *go = memmem(ev->bytes, ev->n, "220 go\r\n", 8);
    if (go)
        conn_start_tls(t->conn, go + 8, ev->n - (size_t)(go + 8 - ev->bytes));
    if (memmem(ev->bytes, ev->n, "220 hello", 9))
        conn_send(t->conn, "QUIT\r\n", 6);
}

static void upgrade_and_injection(void **state)
{
    (void)state;
    for (int injected = 0; injected < 2; injected++) {
        struct peer p = {.ctx = server_ctx(&good, false), .bytes = (size_t)injected};
        struct conn_options o = {.trust.ca_file = ca_path};
        struct talk t;
        peer_start(&p, "127.0.0.1", 0, starttls_talk);
        open_peer(&t, &p, "smtp", &o);
        t.on = upgrades;
        talk_until(&t, CONN_EOF);
        wait_data(&t, "221 QUIT");
        assert_int_equal(t.injected, injected ? strlen("250 injected\r\n") : 0);
        if (injected)
            talk_expect(&t, "CVE-2011-0411");
        assert_int_equal(t.facts.verdict, TLS_VERIFIED);
        talk_clear(&t);
        peer_join(&p);
        SSL_CTX_free(p.ctx);
    }
}

/* What lies in the kernel when the upgrade begins came before the ClientHello as well. */
static void injected_in_the_kernel(void **state)
{
    (void)state;
    struct talk t;
    struct target target;
    char why[100], hello[16];
    int s[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    assert_true(target_parse("smtp://practice.example", &target, why, sizeof why));
    talk_init(&t);
    t.conn = conn_adopt(t.loop, s[0], &target, NULL, talk_event, &t);
    target_clear(&target);
    talk_until(&t, CONN_CONNECTED);
    say(s[1], "220 go\r\n");
    talk_until(&t, CONN_DATA);
    say(s[1], "250 too early\r\n");
    conn_start_tls(t.conn, "250", 3);
    talk_until(&t, CONN_TLS_STARTED);
    assert_int_equal(t.injected, 3 + strlen("250 too early\r\n"));
    assert_string_equal(buf_str(&t.data), "220 go\r\n");
    loop_turn(t.loop, 0);
    /* What goes out now is a handshake record, nothing in clear. */
    assert_true(recv(s[1], hello, sizeof hello, 0) > 0);
    assert_int_equal(hello[0], 22);
    /* And one that never answers can be left. */
    t.seen = 0;
    conn_abort(t.conn);
    talk_until(&t, CONN_ABORTED);
    talk_expect(&t,
                "ABORTED given up while the TLS handshake with practice.example:25 was going on");
    talk_clear(&t);
    close(s[1]);
}

static const struct {
    struct pki_row row;
    bool self;
    const char *says;
} doubtful[] = {
    {{"localhost", "IP:127.0.0.1", -1, 10, 0, NULL, 0}, true, "TLS_UNVERIFIED self-signed"},
    {{"localhost", "IP:127.0.0.1", -40, -31, 0, NULL, 0}, false, "TLS_UNVERIFIED expired since "},
    {{"a.example", "DNS:a.example", -1, 10, 0, NULL, 0},
     false,
     "TLS_UNVERIFIED issued to a.example, not to 127.0.0.1"},
};

static void nothing_before_the_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++)
        for (int go_on = 0; go_on < 2; go_on++) {
            struct peer p = {.ctx = server_ctx(&doubtful[i].row, doubtful[i].self)};
            struct conn_options o = {.trust.ca_file = ca_path};
            struct talk t;
            peer_start(&p, "127.0.0.1", 0, tls_talk);
            open_peer(&t, &p, "smtps", &o);
            conn_send(t.conn, "secret\r\n", 8);
            talk_until(&t, CONN_TLS_UNVERIFIED);
            talk_expect(&t, doubtful[i].says);
            assert_true(t.facts.next[0] != '\0');
            for (int j = 0; j < 3; j++)
                loop_turn(t.loop, 5);
            assert_int_equal(t.data.len, 0);
            assert_true(conn_pending(t.conn) >= 8);
            assert_false(talk_saw(&t, CONN_TLS_UP));
            if (go_on) {
                conn_tls_accept(t.conn);
                talk_until(&t, CONN_EOF);
                assert_int_equal(t.facts.verdict, TLS_UNVERIFIED);
                assert_string_equal(buf_str(&t.data), "220 hello\r\n221 secret\r\n");
            } else {
                t.seen = 0;
                conn_abort(t.conn);
                talk_until(&t, CONN_ABORTED);
                assert_int_equal(t.data.len, 0);
            }
            talk_clear(&t);
            peer_join(&p);
            SSL_CTX_free(p.ctx);
        }
}

static void insecure_asks_nothing(void **state)
{
    (void)state;
    struct peer p = {.ctx = server_ctx(&good, true)};
    struct conn_options o = {.trust.ca_file = ca_path, .insecure = true};
    struct talk t;
    peer_start(&p, "127.0.0.1", 0, tls_talk);
    open_peer(&t, &p, "pop3s", &o);
    conn_send(t.conn, "QUIT\r\n", 6);
    talk_until(&t, CONN_EOF);
    assert_false(talk_saw(&t, CONN_TLS_UNVERIFIED));
    assert_int_equal(t.facts.verdict, TLS_UNVERIFIED);
    talk_clear(&t);
    peer_join(&p);
    SSL_CTX_free(p.ctx);
}

static void speaks_plain(struct peer *p, int fd)
{
    char got[600];
    (void)p;
    say(fd, "220 plain here\r\n");
    (void)!recv(fd, got, sizeof got, 0);
}

static void hangs_up(struct peer *p, int fd)
{
    char got[2000];
    (void)p;
    (void)!recv(fd, got, sizeof got, 0);
}

static void is_silent(struct peer *p, int fd)
{
    char got[2000];
    (void)p;
    while (recv(fd, got, sizeof got, 0) > 0)
        ;
}

static void refuses_tls(struct peer *p, int fd)
{
    char got[2000];
    (void)p;
    if (recv(fd, got, sizeof got, 0) > 0)
        (void)!send(fd, "\x15\x03\x01\x00\x02\x02\x28", 7, MSG_NOSIGNAL);
    while (recv(fd, got, sizeof got, 0) > 0)
        ;
}

static void handshakes_that_fail(void **state)
{
    (void)state;
    const struct {
        peer_fn *fn;
        const char *says;
    } rows[] = {
        {speaks_plain, "it answered the handshake with \"220 plain here\" in the clear"},
        {hangs_up, "closed the connection in the middle of the TLS handshake"},
        {is_silent, "the TLS handshake failed: no answer within 0.1 s"},
        {refuses_tls, "sent the alert handshake_failure"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct peer p = {0};
        struct conn_options o = {.tls_timeout_ms = 100};
        struct talk t;
        peer_start(&p, "127.0.0.1", 0, rows[i].fn);
        open_peer(&t, &p, "smtps", &o);
        talk_until(&t, CONN_TLS_FAILED);
        assert_int_equal(t.fault, FAULT_TLS);
        talk_expect(&t, rows[i].says);
        assert_int_equal(t.data.len, 0);
        assert_false(conn_is_open(t.conn));
        talk_clear(&t);
        peer_join(&p);
    }
}

static void sends_much(struct peer *p, int fd)
{
    static char block[100000];
    SSL *ssl = SSL_new(p->ctx);
    SSL_set_fd(ssl, fd);
    memset(block, 'x', sizeof block);
    if (SSL_accept(ssl) == 1) {
        for (int i = 0; i < 80; i++)
            if (SSL_write(ssl, block, sizeof block) <= 0)
                break;
        size_t n = 0;
        while (n < 8000000) {
            int got = SSL_read(ssl, block, sizeof block);
            if (got <= 0)
                break;
            n += (size_t)got;
        }
        p->bytes = n;
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
}

/* Eight megabytes each way; pausing in between loses nothing. */
static void pauses(struct talk *t, const struct conn_event *ev)
{
    if (ev->kind == CONN_DATA && t->total > 4000000 && !t->ms) {
        t->ms = 1;
        conn_read_pause(t->conn, true);
        t->on = NULL;
    }
}

static void much_both_ways(void **state)
{
    (void)state;
    struct peer p = {.ctx = server_ctx(&good, false)};
    struct conn_options o = {.trust.ca_file = ca_path};
    struct talk t;
    char *big = calloc(1, 8000000);
    peer_start(&p, "127.0.0.1", 0, sends_much);
    open_peer(&t, &p, "smtps", &o);
    t.count_only = true;
    t.on = pauses;
    assert_true(conn_send(t.conn, big, 8000000));
    while (t.on)
        loop_turn(t.loop, 100);
    size_t paused_at = t.total;
    for (int i = 0; i < 5; i++)
        loop_turn(t.loop, 5);
    assert_int_equal(t.total, paused_at);
    conn_read_pause(t.conn, false);
    talk_until(&t, CONN_EOF);
    assert_int_equal(t.total, 8000000);
    talk_clear(&t);
    peer_join(&p);
    assert_int_equal(p.bytes, 8000000);
    SSL_CTX_free(p.ctx);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(implicit_and_verified),  cmocka_unit_test(upgrade_and_injection),
        cmocka_unit_test(injected_in_the_kernel), cmocka_unit_test(nothing_before_the_answer),
        cmocka_unit_test(insecure_asks_nothing),  cmocka_unit_test(handshakes_that_fail),
        cmocka_unit_test(much_both_ways),
    };
    return cmocka_run_group_tests(tests, make_ca, drop_ca);
}
