/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection against other ends of every kind, in the clear: addresses that refuse, stay silent
 * or answer late; closes, half-closes and resets; back-pressure; giving up at any moment. */
#include "tests/support/check.h"
#include "tests/support/peer.h"
#include "heloscope/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static char *at(char *out, const char *host, int port)
{
    sprintf(out, "smtp://%s:%d", host, port);
    return out;
}

static void greets_and_closes(struct peer *p, int fd)
{
    (void)p;
    say(fd, "220 hello\r\n");
}

static void plain_and_eof(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    char target[64];
    peer_start(&p, "127.0.0.1", 0, greets_and_closes);
    talk_init(&t);
    talk_open(&t, at(target, "127.0.0.1", p.port), NULL);
    talk_until(&t, CONN_EOF);
    assert_string_equal(buf_str(&t.data), "220 hello\r\n");
    talk_expect(&t, "TRYING 127.0.0.1:");
    talk_expect(&t, "CONNECTED 127.0.0.1:");
    talk_expect(&t, "EOF the other end closed the connection\n");
    assert_false(talk_saw(&t, CONN_RESOLVING)); /* an address is not looked up */
    assert_true(conn_is_open(t.conn));
    conn_finish(t.conn);
    t.seen = 0;
    talk_until(&t, CONN_EOF);
    assert_false(conn_is_open(t.conn));
    talk_clear(&t);
    peer_join(&p);
}

static void refused(void **state)
{
    (void)state;
    struct talk t;
    int port, fd = peer_deaf("127.0.0.1", &port);
    char target[64];
    talk_init(&t);
    talk_open(&t, at(target, "127.0.0.1", port), NULL);
    talk_until(&t, CONN_FAILED);
    assert_int_equal(t.sys_errno, ECONNREFUSED);
    assert_int_equal(t.fault, FAULT_NETWORK);
    talk_expect(&t, "ATTEMPT_FAILED 127.0.0.1:");
    talk_expect(&t, "refused: no program listens on that port");
    assert_false(conn_is_open(t.conn));
    assert_false(conn_send(t.conn, "x", 1));
    talk_clear(&t);
    close(fd);
}

static void black_hole_times_out(void **state)
{
    (void)state;
    struct talk t;
    int fds[4], port;
    char target[64];
    struct conn_options o = {.connect_timeout_ms = 80};
    peer_black_hole("127.0.0.1", 0, fds, &port);
    talk_init(&t);
    uint64_t start = now_us();
    talk_open(&t, at(target, "127.0.0.1", port), &o);
    talk_until(&t, CONN_FAILED);
    assert_in_range(now_us() - start, 75000, 1000000);
    assert_int_equal(t.sys_errno, ETIMEDOUT);
    talk_expect(&t, "no answer within 0.08 s");
    talk_clear(&t);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

/* -- a name server of a few lines, in the same loop ---------------------------------------------
 */

struct dns {
    int fd, port;
    int rcode;         /* 0, 2 SERVFAIL, 3 NXDOMAIN */
    const char *v4[3]; /* answers to A */
    const char *v6[3]; /* answers to AAAA */
    int v6_delay_ms;   /* -1: never */
    bool silent;
    struct loop *loop;
    char later[512];
    size_t later_n;
    struct sockaddr_in asker;
};

static void dns_later(void *arg)
{
    struct dns *d = arg;
    (void)!sendto(d->fd, d->later, d->later_n, 0, (struct sockaddr *)&d->asker, sizeof d->asker);
}

static void dns_ask(void *arg, int fd, short revents)
{
    struct dns *d = arg;
    unsigned char q[512], a[512];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    (void)revents;
    ssize_t n = recvfrom(fd, q, sizeof q, 0, (struct sockaddr *)&from, &len);
    if (n < 17 || d->silent)
        return;
    size_t name = 12;
    while (name < (size_t)n && q[name])
        name += q[name] + 1u;
    int type = q[name + 1] << 8 | q[name + 2];
    size_t end = name + 5;
    const char *const *list = type == 28 ? d->v6 : d->v4;
    memcpy(a, q, end);
    a[2] = 0x81;
    a[3] = (unsigned char)(0x80 | d->rcode);
    memset(a + 6, 0, 6);
    for (int i = 0; !d->rcode && i < 3 && list[i]; i++) {
        static const unsigned char head[] = {0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0};
        size_t size = type == 28 ? 16 : 4;
        memcpy(a + end, head, sizeof head);
        a[end + 3] = (unsigned char)type;
        a[end + 11] = (unsigned char)size;
        inet_pton(type == 28 ? AF_INET6 : AF_INET, list[i], a + end + 12);
        end += 12 + size;
        a[7]++;
    }
    if (type == 28 && d->v6_delay_ms) {
        memcpy(d->later, a, end);
        d->later_n = end;
        d->asker = from;
        if (d->v6_delay_ms > 0)
            loop_timer(d->loop, d->v6_delay_ms, dns_later, d);
        return;
    }
    (void)!sendto(fd, a, end, 0, (struct sockaddr *)&from, len);
}

static void dns_start(struct dns *d, struct talk *t, struct conn_options *o, char server[32])
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(d->fd, (struct sockaddr *)&a, &n), 0);
    sprintf(server, "127.0.0.1:%d", ntohs(a.sin_port));
    d->loop = t->loop;
    o->name_servers = server;
    loop_fd(t->loop, d->fd, POLLIN, dns_ask, d);
}

static void first_address_refuses(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    struct conn_options o = {0};
    char server[32], target[64];
    struct dns d = {.v4 = {"127.0.0.2", "127.0.0.1"}};
    peer_start(&p, "127.0.0.1", 0, greets_and_closes);
    talk_init(&t);
    dns_start(&d, &t, &o, server);
    talk_open(&t, at(target, "two.example", p.port), &o);
    talk_until(&t, CONN_EOF);
    talk_expect(&t, "RESOLVING two.example\n");
    talk_expect(&t, "RESOLVED 127.0.0.2, 127.0.0.1\n");
    talk_expect(&t, "ATTEMPT_FAILED 127.0.0.2:");
    talk_expect(&t, "CONNECTED 127.0.0.1:");
    talk_clear(&t);
    peer_join(&p);
    close(d.fd);
}

/* RFC 8305 5: after 250 ms the next address is tried as well, and the first to connect wins. */
static void first_address_is_silent(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    struct conn_options o = {0};
    char server[32], target[64];
    int hole[4];
    struct dns d = {.v4 = {"127.0.0.3", "127.0.0.1"}};
    peer_start(&p, "127.0.0.1", 0, greets_and_closes);
    peer_black_hole("127.0.0.3", p.port, hole, NULL);
    talk_init(&t);
    dns_start(&d, &t, &o, server);
    uint64_t start = now_us();
    talk_open(&t, at(target, "two.example", p.port), &o);
    talk_until(&t, CONN_EOF);
    assert_in_range(now_us() - start, 250000, 1000000);
    talk_expect(&t, "TRYING 127.0.0.3:");
    talk_expect(&t, "CONNECTED 127.0.0.1:");
    assert_false(talk_saw(&t, CONN_ATTEMPT_FAILED));
    talk_clear(&t);
    peer_join(&p);
    close(d.fd);
    for (int i = 0; i < 4; i++)
        close(hole[i]);
}

/* RFC 8305 3: IPv6 that answers within 50 ms after IPv4 is still tried first; one that never
 * answers is not waited for. */
static void ipv6_has_a_grace(void **state)
{
    (void)state;
    for (int never = 0; never < 2; never++) {
        struct peer p = {0};
        struct talk t;
        struct conn_options o = {0};
        char server[32], target[64];
        struct dns d = {
            .v4 = {"127.0.0.1", "127.0.0.2"}, .v6 = {"::1", "::2"}, .v6_delay_ms = never ? -1 : 15};
        peer_start(&p, "127.0.0.1", 0, greets_and_closes);
        talk_init(&t);
        dns_start(&d, &t, &o, server);
        uint64_t start = now_us();
        talk_open(&t, at(target, "both.example", p.port), &o);
        talk_until(&t, CONN_EOF);
        talk_expect(&t, never ? "RESOLVED 127.0.0.1, 127.0.0.2\nTRYING 127.0.0.1"
                              : "RESOLVED ::1, 127.0.0.1, ::2, 127.0.0.2\nTRYING [::1]");
        assert_in_range(now_us() - start, never ? 50000 : 15000, 800000);
        talk_clear(&t);
        peer_join(&p);
        close(d.fd);
    }
}

static void names_that_fail(void **state)
{
    (void)state;
    const struct {
        int rcode;
        bool silent;
        const char *says;
    } rows[] = {
        {3, false, "FAILED no.example: no such name (NXDOMAIN)"},
        {0, false, "FAILED no.example: the name exists, but has no address"},
        {2, false, "SERVFAIL"},
        {0, true, "FAILED no.example: no answer from the name server"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct talk t;
        struct conn_options o = {.resolve_timeout_ms = rows[i].silent ? 60 : 3000};
        char server[32];
        struct dns d = {.rcode = rows[i].rcode, .silent = rows[i].silent};
        talk_init(&t);
        dns_start(&d, &t, &o, server);
        talk_open(&t, "smtp://no.example", &o);
        talk_until(&t, CONN_FAILED);
        talk_expect(&t, rows[i].says);
        assert_int_equal(t.fault, FAULT_NETWORK);
        assert_false(talk_saw(&t, CONN_TRYING));
        talk_clear(&t);
        close(d.fd);
    }
}

static void localhost_needs_no_server(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    struct conn_options o = {0};
    char server[32], target[64];
    struct dns d = {.silent = true};
    peer_start(&p, "127.0.0.1", 0, greets_and_closes);
    talk_init(&t);
    dns_start(&d, &t, &o, server);
    talk_open(&t, at(target, "localhost", p.port), &o);
    talk_until(&t, CONN_EOF);
    talk_expect(&t, "RESOLVED ::1, 127.0.0.1\n");
    talk_clear(&t);
    peer_join(&p);
    close(d.fd);
}

/* -- unix sockets and adopted streams ------------------------------------------------------------
 */

static void unix_sockets(void **state)
{
    (void)state;
    char dir[] = "/tmp/helo-conn-XXXXXX", target[140];
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct talk t;
    assert_non_null(mkdtemp(dir));
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s/s", dir);
    snprintf(target, sizeof target, "lmtp:%s", sun.sun_path);
    talk_init(&t);
    talk_open(&t, target, NULL);
    talk_until(&t, CONN_FAILED);
    talk_expect(&t, "there is no such socket");
    assert_int_equal(t.sys_errno, ENOENT);
    talk_clear(&t);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
    assert_int_equal(listen(fd, 2), 0);
    talk_init(&t);
    talk_open(&t, target, NULL);
    talk_until(&t, CONN_CONNECTED);
    talk_expect(&t, "CONNECTED unix:/tmp/helo-conn-");
    talk_clear(&t);
    close(fd);
    unlink(sun.sun_path);
    rmdir(dir);
}

static struct target practice_target(void)
{
    struct target target;
    char why[100];
    assert_true(target_parse("smtp://practice.example", &target, why, sizeof why));
    return target;
}

static int adopt(struct talk *t, int type)
{
    int s[2];
    struct target target = practice_target();
    assert_int_equal(socketpair(AF_UNIX, type, 0, s), 0);
    talk_init(t);
    t->conn = conn_adopt(t->loop, s[0], &target, NULL, talk_event, t);
    target_clear(&target);
    return s[1];
}

/* A message of a SOCK_SEQPACKET pair is what one write wrote. */
static void one_write_a_flight(void **state)
{
    (void)state;
    struct talk t;
    char got[100];
    int fd = adopt(&t, SOCK_SEQPACKET);
    talk_until(&t, CONN_CONNECTED);
    assert_true(conn_send(t.conn, "MAIL\r\n", 6));
    assert_true(conn_send(t.conn, "RCPT\r\n", 6));
    assert_true(conn_send(t.conn, "DATA\r\n", 6));
    assert_int_equal(conn_pending(t.conn), 18);
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), -1);
    talk_until(&t, CONN_DRAINED);
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), 18);
    assert_memory_equal(got, "MAIL\r\nRCPT\r\nDATA\r\n", 18);
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), -1);
    assert_int_equal(conn_pending(t.conn), 0);
    talk_clear(&t);
    close(fd);
}

static void pause_and_last_words(void **state)
{
    (void)state;
    struct talk t;
    int fd = adopt(&t, SOCK_STREAM);
    talk_until(&t, CONN_CONNECTED);
    conn_read_pause(t.conn, true);
    say(fd, "421 closing\r\n");
    close(fd);
    /* Writing fails now (EPIPE), but what was said before is not lost. */
    assert_true(conn_send(t.conn, "NOOP\r\n", 6));
    for (int i = 0; i < 3; i++)
        loop_turn(t.loop, 10);
    assert_int_equal(t.data.len, 0);
    conn_read_pause(t.conn, false);
    talk_until(&t, CONN_EOF);
    assert_string_equal(buf_str(&t.data), "421 closing\r\n");
    talk_clear(&t);
}

static void broken_pipe_in_words(void **state)
{
    (void)state;
    struct talk t;
    int fd = adopt(&t, SOCK_STREAM);
    talk_until(&t, CONN_CONNECTED);
    shutdown(fd, SHUT_RD);
    assert_true(conn_send(t.conn, "NOOP\r\n", 6));
    talk_until(&t, CONN_FAILED);
    assert_int_equal(t.sys_errno, EPIPE);
    talk_expect(&t, "FAILED the other end no longer takes data\n");
    talk_clear(&t);
    close(fd);
}

static void half_closes(struct peer *p, int fd)
{
    char got[64];
    say(fd, "221 bye\r\n");
    shutdown(fd, SHUT_WR);
    ssize_t n;
    while ((n = recv(fd, got, sizeof got, 0)) > 0)
        p->bytes += (size_t)n;
}

static void half_closed_still_writes(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    char target[64];
    peer_start(&p, "127.0.0.1", 0, half_closes);
    talk_init(&t);
    talk_open(&t, at(target, "127.0.0.1", p.port), NULL);
    talk_until(&t, CONN_EOF);
    assert_true(conn_send(t.conn, "QUIT\r\n", 6));
    talk_until(&t, CONN_DRAINED);
    talk_clear(&t);
    peer_join(&p);
    assert_int_equal(p.bytes, 6);
}

static void resets(struct peer *p, int fd)
{
    struct linger l = {.l_onoff = 1};
    char got[8];
    (void)p;
    recv(fd, got, sizeof got, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void reset_in_words(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    char target[64];
    peer_start(&p, "127.0.0.1", 0, resets);
    talk_init(&t);
    talk_open(&t, at(target, "127.0.0.1", p.port), NULL);
    assert_true(conn_send(t.conn, "EHLO\r\n", 6)); /* queued before there is a socket */
    talk_until(&t, CONN_FAILED);
    assert_int_equal(t.sys_errno, ECONNRESET);
    talk_expect(&t, "FAILED the other end reset the connection\n");
    talk_clear(&t);
    peer_join(&p);
}

static void counts(struct peer *p, int fd)
{
    static char got[1 << 16];
    ssize_t n;
    while ((n = recv(fd, got, sizeof got, 0)) > 0)
        p->bytes += (size_t)n;
    say(fd, "250 all of it\r\n");
}

static void a_full_queue(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    char target[64];
    size_t mega = 1 << 20;
    char *block = calloc(1, mega);
    peer_start(&p, "127.0.0.1", 0, counts);
    talk_init(&t);
    talk_open(&t, at(target, "127.0.0.1", p.port), NULL);
    for (int i = 0; i < 64; i++)
        assert_true(conn_send(t.conn, block, mega));
    assert_false(conn_send(t.conn, "x", 1));
    assert_int_equal(conn_pending(t.conn), 64 * mega);
    talk_until(&t, CONN_DRAINED);
    assert_true(conn_send(t.conn, "x", 1));
    conn_finish(t.conn); /* half-closes after the last octet, and hears the answer */
    assert_false(conn_send(t.conn, "y", 1));
    talk_until(&t, CONN_EOF);
    assert_string_equal(buf_str(&t.data), "250 all of it\r\n");
    assert_false(conn_is_open(t.conn));
    talk_clear(&t);
    peer_join(&p);
    assert_int_equal(p.bytes, 64 * mega + 1);
    free(block);
}

/* -- giving up -----------------------------------------------------------------------------------
 */

static void abort_now(struct talk *t, const char *says)
{
    uint64_t start = now_us();
    t->seen = 0;
    conn_abort(t->conn);
    assert_int_equal(t->seen, 0);
    talk_until(t, CONN_ABORTED);
    assert_in_range(now_us() - start, 0, 200000);
    talk_expect(t, says);
    assert_false(conn_is_open(t->conn));
    conn_abort(t->conn); /* once is enough */
    talk_clear(t);
}

static void abort_at_once(void **state)
{
    (void)state;
    struct talk t;
    talk_init(&t);
    talk_open(&t, "smtp://127.0.0.1:9", NULL);
    abort_now(&t, "ABORTED given up while connecting to 127.0.0.1:9");
}

static void abort_while_resolving(void **state)
{
    (void)state;
    struct talk t;
    struct conn_options o = {0};
    char server[32];
    struct dns d = {.silent = true};
    talk_init(&t);
    dns_start(&d, &t, &o, server);
    talk_open(&t, "smtp://slow.example", &o);
    talk_until(&t, CONN_RESOLVING);
    abort_now(&t, "ABORTED given up while looking up slow.example");
    close(d.fd);
}

static void abort_while_connecting(void **state)
{
    (void)state;
    struct talk t;
    int fds[4], port;
    char target[64];
    peer_black_hole("127.0.0.1", 0, fds, &port);
    talk_init(&t);
    talk_open(&t, at(target, "127.0.0.1", port), NULL);
    talk_until(&t, CONN_TRYING);
    abort_now(&t, "ABORTED given up while connecting to 127.0.0.1:");
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void abort_while_open(void **state)
{
    (void)state;
    struct talk t;
    int fd = adopt(&t, SOCK_STREAM);
    talk_until(&t, CONN_CONNECTED);
    conn_send(t.conn, "x", 1);
    abort_now(&t, "ABORTED given up while connected to practice.example:25");
    close(fd);
}

static void frees_itself(struct talk *t, const struct conn_event *ev)
{
    (void)ev;
    conn_free(t->conn);
    t->conn = NULL;
}

/* Freeing in the very first events, and in data. */
static void free_in_the_callback(void **state)
{
    (void)state;
    struct talk t;
    char target[64];
    int port, deaf = peer_deaf("127.0.0.1", &port);
    talk_init(&t);
    t.on = frees_itself;
    talk_open(&t, at(target, "127.0.0.1", port), NULL);
    talk_until(&t, CONN_TRYING);
    loop_turn(t.loop, 0);
    assert_false(talk_saw(&t, CONN_FAILED));
    talk_clear(&t);
    close(deaf);
    int fd = adopt(&t, SOCK_STREAM);
    talk_until(&t, CONN_CONNECTED);
    t.on = frees_itself;
    say(fd, "220\r\n");
    talk_until(&t, CONN_DATA);
    assert_null(t.conn);
    talk_clear(&t);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_eof),
        cmocka_unit_test(refused),
        cmocka_unit_test(black_hole_times_out),
        cmocka_unit_test(first_address_refuses),
        cmocka_unit_test(first_address_is_silent),
        cmocka_unit_test(ipv6_has_a_grace),
        cmocka_unit_test(names_that_fail),
        cmocka_unit_test(localhost_needs_no_server),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(one_write_a_flight),
        cmocka_unit_test(pause_and_last_words),
        cmocka_unit_test(broken_pipe_in_words),
        cmocka_unit_test(half_closed_still_writes),
        cmocka_unit_test(reset_in_words),
        cmocka_unit_test(a_full_queue),
        cmocka_unit_test(abort_at_once),
        cmocka_unit_test(abort_while_resolving),
        cmocka_unit_test(abort_while_connecting),
        cmocka_unit_test(abort_while_open),
        cmocka_unit_test(free_in_the_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
