/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ways to a server that are not straight: proxies that agree, refuse, want a password, speak
 * something else or say nothing; the PROXY header octet for octet; -4, -6, --source, --connect; and
 * what is wrong with such options. */
#include "tests/support/check.h"
#include "tests/support/peer.h"
#include "fakedns.h"
#include "fakeserver.h"
#include "heloscope/loop.h"
#include "heloscope/route.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct route parsed(const struct route_words *w)
{
    struct route r;
    char why[400] = "";
    if (!route_parse(&r, w, why, sizeof why))
        fail_msg("%s", why);
    return r;
}

/* -- proxies ----------------------------------------------------------------------------------- */

#define CONNECT_ASK "CONNECT mail.example.test:25 HTTP/1.1\r\nHost: mail.example.test:25\r\n"
#define SOCKS_ASK "\5\1\0\3\x11mail.example.test\0\x19"

static const struct fake_step http_yes[] = {
    EXPECT("CONNECT "),
    EXPECT("Host: "),
    EXPECT(""),
    SPLIT(3),
    SEND("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n220 banner\r\n"),
    END()};
static const struct fake_step http_bare[] = {EXPECT("CONNECT "), EXPECT("Host: "), EXPECT(""),
                                             SEND("HTTP/1.0 200 OK\n\n220 banner\r\n"), END()};
static const struct fake_step http_user[] = {EXPECT("CONNECT "),
                                             EXPECT("Host: "),
                                             EXPECT("Proxy-Authorization: "),
                                             EXPECT(""),
                                             SEND("HTTP/1.1 200 OK\r\n\r\n220 banner\r\n"),
                                             END()};
static const struct fake_step http_no[] = {
    EXPECT("CONNECT "),
    EXPECT("Host: "),
    EXPECT(""),
    SEND("HTTP/1.1 403 For\x1b[31mbidden\r\nA: b\r\n\r\nbody"),
    CLOSE(),
    END()};
static const struct fake_step http_407[] = {
    EXPECT("CONNECT "),
    EXPECT("Host: "),
    EXPECT(""),
    SEND("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
    CLOSE(),
    END()};
static const struct fake_step no_http[] = {SEND("220 mail.example ESMTP\r\n\r\n"), END()};
static const struct fake_step no_proxy[] = {SEND("220 mail.example ESMTP\r\n"), EXPECT_EOF(),
                                            END()};
static const struct fake_step half_http[] = {EXPECT("CONNECT "),       EXPECT("Host: "), EXPECT(""),
                                             SEND("HTTP/1.1 200 con"), CLOSE(),          END()};
static const struct fake_step endless[] = {FLOOD("HTTP/1.1 200 x\r\n", 1000), END()};
static const struct fake_step hangs_up[] = {EXPECT("CONNECT "), EXPECT("Host: "), EXPECT(""),
                                            CLOSE(), END()};
static const struct fake_step socks_yes[] = {EXPECT_BYTES(3),
                                             SEND("\5\0"),
                                             EXPECT_BYTES(24),
                                             SPLIT(1),
                                             SEND("\5\0\0\1\x7f\0\0\1\x12\x34"
                                                  "220 banner\r\n"),
                                             END()};
static const struct fake_step socks_name[] = {EXPECT_BYTES(3), SEND("\5\0"), EXPECT_BYTES(24),
                                              SEND("\5\0\0\3\4host\x12\x34"
                                                   "220 banner\r\n"),
                                              END()};
static const struct fake_step socks_user[] = {EXPECT_BYTES(4),
                                              SEND("\5\2"),
                                              EXPECT_BYTES(14),
                                              SEND("\1\0"),
                                              EXPECT_BYTES(24),
                                              SEND("\5\0\0\1\x7f\0\0\1\x12\x34"
                                                   "220 banner\r\n"),
                                              END()};
static const struct fake_step socks_wrong[] = {EXPECT_BYTES(4), SEND("\5\2"), EXPECT_BYTES(14),
                                               SEND("\1\1"), END()};
static const struct fake_step socks_wants[] = {EXPECT_BYTES(3), SEND("\5\xff"), END()};
static const struct fake_step socks_refused[] = {EXPECT_BYTES(3), SEND("\5\0"), EXPECT_BYTES(24),
                                                 SEND("\5\5\0\1\0\0\0\0\0\0"), END()};
static const struct fake_step socks_4[] = {EXPECT_BYTES(3), SEND("\4\0"), END()};
static const struct fake_step silent[] = {EXPECT_BYTES(3), END()};

static const struct way {
    const char *proxy; /* %d: its port */
    const char *password;
    const struct fake_step *script;
    const char *heard;
    size_t nheard;
    const char *why; /* "": connected; %s: the proxy's label */
} ways[] = {
#define HEARD(t) t, sizeof(t) - 1
    {"http://127.0.0.1:%d", NULL, http_yes, HEARD(CONNECT_ASK "\r\n"), ""},
    {"http://127.0.0.1:%d", NULL, http_bare, HEARD(CONNECT_ASK "\r\n"), ""},
    {"http://me@127.0.0.1:%d", "secret", http_user,
     HEARD(CONNECT_ASK "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"), ""},
    {"http://127.0.0.1:%d", NULL, http_no, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s does not allow connections to that host or port (HTTP/1.1 403 For^[[31mbidden)"},
    {"http://127.0.0.1:%d", NULL, http_407, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s wants a user and a password: --proxy http://USER@HOST:PORT and the variable "
     "HELOSCOPE_PROXY_PASSWORD (HTTP/1.1 407 Proxy Authentication Required)"},
    {"http://127.0.0.1:%d", NULL, no_http, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s does not speak HTTP"},
    {"http://127.0.0.1:%d", NULL, no_proxy, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s does not speak HTTP"},
    {"http://127.0.0.1:%d", NULL, half_http, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s closed the connection in the middle of its answer"},
    {"http://127.0.0.1:%d", NULL, endless, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s sends an answer without end"},
    {"http://127.0.0.1:%d", NULL, hangs_up, HEARD(CONNECT_ASK "\r\n"),
     "the proxy %s closed the connection without an answer"},
    {"socks5://127.0.0.1:%d", NULL, socks_yes, HEARD("\5\1\0" SOCKS_ASK), ""},
    {"socks5h://127.0.0.1:%d", NULL, socks_name, HEARD("\5\1\0" SOCKS_ASK), ""},
    {"socks5://alice@127.0.0.1:%d", "secret", socks_user,
     HEARD("\5\2\0\2\1\5alice\6secret" SOCKS_ASK), ""},
    {"socks5://alice@127.0.0.1:%d", "secret", socks_wrong, HEARD("\5\2\0\2\1\5alice\6secret"),
     "the proxy %s does not accept this user and password"},
    {"socks5://127.0.0.1:%d", NULL, socks_wants, HEARD("\5\1\0"),
     "the proxy %s wants a user and a password: --proxy socks5://USER@HOST:PORT and the variable "
     "HELOSCOPE_PROXY_PASSWORD"},
    {"socks5://127.0.0.1:%d", NULL, socks_refused, HEARD("\5\1\0" SOCKS_ASK),
     "the proxy %s was refused by the target: nothing listens on that port"},
    {"socks5://127.0.0.1:%d", NULL, socks_4, HEARD("\5\1\0"), "the proxy %s does not speak SOCKS5"},
    {"socks5://127.0.0.1:%d", NULL, silent, HEARD("\5\1\0"),
     "the proxy %s gave no answer within 0.4 s"},
};

static void proxies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct way *y = &ways[i];
        char url[100], want[400], label[40];
        struct talk t;
        size_t n;
        struct fake *f = fake_start_tcp(y->script, NULL);
        snprintf(url, sizeof url, y->proxy, fake_port(f));
        snprintf(label, sizeof label, "127.0.0.1:%d", fake_port(f));
        struct route r = parsed(&(struct route_words){.proxy = url, .proxy_password = y->password});
        bool impatient = y->script == silent;
        talk_init(&t);
        talk_open(&t, "smtp://mail.example.test",
                  &(struct conn_options){.route = &r, .connect_timeout_ms = impatient ? 400 : 0});
        route_clear(&r); /* conn has its own */
        if (y->why[0]) {
            talk_until(&t, CONN_FAILED);
            snprintf(want, sizeof want, y->why, label);
            talk_expect(&t, want);
            assert_false(talk_saw(&t, CONN_CONNECTED));
        } else {
            talk_until(&t, CONN_CONNECTED);
            while (t.data.len < 12)
                loop_turn(t.loop, 1000);
            assert_string_equal(buf_str(&t.data), "220 banner\r\n");
            snprintf(want, sizeof want, "CONNECTED mail.example.test:25 through the proxy %s",
                     label);
            talk_expect(&t, want);
        }
        assert_false(talk_saw(&t, CONN_RESOLVING)); /* the proxy looks the name up */
        talk_clear(&t);
        if (y->script != no_http && y->script != endless) {
            fake_finish(f);
            const char *heard = fake_received(f, &n);
            if (n != y->nheard || memcmp(heard, y->heard, n) != 0)
                fail_msg("%s, way %zu: the proxy heard %zu octets, not %zu", url, i, n, y->nheard);
        }
        fake_free(f);
    }
}

static void giving_up_on_a_proxy(void **state)
{
    (void)state;
    char url[100];
    struct talk t;
    struct fake *f = fake_start_tcp(silent, NULL);
    snprintf(url, sizeof url, "socks5://127.0.0.1:%d", fake_port(f));
    struct route r = parsed(&(struct route_words){.proxy = url});
    talk_init(&t);
    talk_open(&t, "smtp://mail.example.test", &(struct conn_options){.route = &r});
    while (!fake_wait_received(f, "\5", 0))
        loop_turn(t.loop, 10);
    conn_abort(t.conn);
    talk_until(&t, CONN_ABORTED);
    talk_expect(&t, "ABORTED given up while waiting for the proxy 127.0.0.1:");
    talk_clear(&t);
    route_clear(&r);
    fake_free(f);
}

static void no_proxy_at_all(void **state)
{
    (void)state;
    struct talk t;
    struct route r = parsed(&(struct route_words){.proxy = "http://127.0.0.1:1"});
    talk_init(&t);
    talk_open(&t, "smtp://mail.example.test", &(struct conn_options){.route = &r});
    talk_until(&t, CONN_FAILED);
    talk_expect(&t, "FAILED the proxy cannot be reached: 127.0.0.1:1: refused: no program");
    talk_clear(&t);
    route_clear(&r);
}

/* -- the PROXY header -------------------------------------------------------------------------- */

static const struct {
    const char *text, *header;
    size_t n;
} headers[] = {
    {"1:192.0.2.1:4711,198.51.100.2:25", HEARD("PROXY TCP4 192.0.2.1 198.51.100.2 4711 25\r\n")},
    {"1:[2001:db8::1]:4711,[2001:db8::2]:25",
     HEARD("PROXY TCP6 2001:db8::1 2001:db8::2 4711 25\r\n")},
    {"2:192.0.2.1:258,198.51.100.2:25",
     HEARD("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\1\2\0\x19")},
    {"2:2001:db8::1,2001:db8::2",
     HEARD("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
           "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0")},
};

static void proxy_headers(void **state)
{
    (void)state;
    static const struct fake_step script[] = {EXPECT_BYTES(1), SEND("220 banner\r\n"), END()};
    for (size_t i = 0; i <= sizeof headers / sizeof *headers; i++) {
        bool own = i == sizeof headers / sizeof *headers;
        struct route r =
            parsed(&(struct route_words){.proxy_protocol = own ? "1" : headers[i].text});
        struct talk t;
        char target[60], want[120];
        size_t n;
        struct fake *f = fake_start_tcp(script, NULL);
        snprintf(target, sizeof target, "smtp://127.0.0.1:%d", fake_port(f));
        talk_init(&t);
        talk_open(&t, target, &(struct conn_options){.route = &r});
        talk_until(&t, CONN_DATA); /* the server has read some of it */
        conn_send(t.conn, "NOOP\r\n", 6);
        while (!fake_wait_received(f, "NOOP\r\n", 0))
            loop_turn(t.loop, 10);
        talk_clear(&t);
        fake_finish(f);
        const char *heard = fake_received(f, &n);
        if (own) {
            char tail[8] = "";
            snprintf(want, sizeof want, "PROXY TCP4 127.0.0.1 127.0.0.1 %%*u %d %%4s",
                     fake_port(f));
            assert_int_equal(sscanf(heard, want, tail), 1);
            assert_string_equal(tail, "NOOP");
        } else if (n != headers[i].n + 6 || memcmp(heard, headers[i].header, n - 6) != 0) {
            fail_msg("%s: %zu octets, not %zu: %s", headers[i].text, n, headers[i].n + 6, heard);
        }
        fake_free(f);
        route_clear(&r);
    }
}

/* -- addresses --------------------------------------------------------------------------------- */

static void families_and_sources(void **state)
{
    (void)state;
    static const struct {
        struct route_words w;
        const char *target, *expect;
        bool fails;
    } rows[] = {
        {{.ipv4 = true}, "both.test", "RESOLVED 127.0.0.1\n", false},
        {{.ipv6 = true}, "both.test", "TRYING [::1]:", false},
        {{.ipv6 = true}, "four.test", "four.test: the name has no IPv6 address", true},
        {{.ipv4 = true}, "six.test", "six.test: the name has no IPv4 address", true},
        {{.ipv6 = true}, "127.0.0.1", "this is no IPv6 address, as -4, -6 or --source want", true},
        {{.source = "192.0.2.7"},
         "four.test",
         "the address given by --source is none of this machine's",
         true},
        {{.connect = "127.0.0.1"}, "nowhere.test", "CONNECTED 127.0.0.1:", false},
        {{.connect = "four.test"}, "nowhere.test", "RESOLVED 127.0.0.1\n", false},
    };
    static const struct fake_step script[] = {SEND("220 banner\r\n"), END()};
    struct fakedns *d = fakedns_start("both.test A 127.0.0.1\nboth.test AAAA ::1\n"
                                      "four.test A 127.0.0.1\nsix.test AAAA ::1\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct route r = parsed(&rows[i].w);
        struct talk t;
        char target[60];
        bool six = rows[i].w.ipv6 && !rows[i].fails;
        struct fake *f = six ? fake_start_tcp6(script, NULL) : fake_start_tcp(script, NULL);
        if (!f) {
            route_clear(&r);
            continue; /* this machine has no IPv6 */
        }
        snprintf(target, sizeof target, "smtp://%s:%d", rows[i].target, fake_port(f));
        talk_init(&t);
        talk_open(&t, target, &(struct conn_options){.route = &r, .name_servers = fakedns_at(d)});
        talk_until(&t, rows[i].fails ? CONN_FAILED : CONN_DATA);
        talk_expect(&t, rows[i].expect);
        talk_clear(&t);
        route_clear(&r);
        fake_free(f);
    }
    fakedns_stop(d);
}

static void whence(struct peer *p, int fd)
{
    char text[60];
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    (void)p;
    getpeername(fd, (struct sockaddr *)&a, &n);
    snprintf(text, sizeof text, "from %08x", ntohl(a.sin_addr.s_addr));
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void source_is_seen(void **state)
{
    (void)state;
    struct peer p = {0};
    struct talk t;
    char target[60];
    struct route r = parsed(&(struct route_words){.source = "127.0.0.9"});
    peer_start(&p, "127.0.0.1", 0, whence);
    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", p.port);
    talk_init(&t);
    talk_open(&t, target, &(struct conn_options){.route = &r});
    talk_until(&t, CONN_DATA);
    assert_string_equal(buf_str(&t.data), "from 7f000009");
    talk_clear(&t);
    peer_join(&p);
    route_clear(&r);
}

static void bad_words(void **state)
{
    (void)state;
    static const struct {
        struct route_words w;
        const char *why;
    } rows[] = {
        {{.ipv4 = true, .ipv6 = true},
         "-4 and -6 exclude each other: leave both out to try both families"},
        {{.source = "mail.example"},
         "--source wants an address of this machine, not 'mail.example'"},
        {{.ipv6 = true, .source = "127.0.0.1"},
         "--source 127.0.0.1 is no IPv6 address, as -6 wants"},
        {{.connect = "a b"},
         "--connect: 'a b' is no host name: blanks and control characters "
         "cannot be part of one"},
        {{.proxy = "ftp://x"},
         "--proxy wants http://HOST:PORT or socks5://[USER@]HOST[:PORT], not "
         "'ftp://x'"},
        {{.proxy = "http://proxy.example"},
         "--proxy: an HTTP proxy has no usual port: write http://proxy.example:PORT"},
        {{.proxy = "socks5://me:secret@h"},
         "--proxy: a password on the command line can be read by everybody on this machine; put it "
         "into the variable HELOSCOPE_PROXY_PASSWORD"},
        {{.proxy = "socks5://@h"}, "--proxy: the user before '@' has 1 to 255 octets"},
        {{.proxy = "http://h:1", .connect = "unix:/x"},
         "--connect to a unix socket does not go through a --proxy"},
        {{.proxy_protocol = "3"},
         "--proxy-protocol wants 1 or 2, or 1:SOURCE,DESTINATION, not '3'"},
        {{.proxy_protocol = "1:192.0.2.1,2001:db8::1"},
         "--proxy-protocol 1: wants two addresses of one family, with or without a port, like "
         "192.0.2.1:4711,198.51.100.1:25, not '192.0.2.1,2001:db8::1'"},
        {{.proxy_protocol = "2:192.0.2.1"},
         "--proxy-protocol 2: wants two addresses of one family, with or without a port, like "
         "192.0.2.1:4711,198.51.100.1:25, not '192.0.2.1'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct route r;
        char why[400] = "";
        assert_false(route_parse(&r, &rows[i].w, why, sizeof why));
        assert_string_equal(why, rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies),
        cmocka_unit_test(giving_up_on_a_proxy),
        cmocka_unit_test(no_proxy_at_all),
        cmocka_unit_test(proxy_headers),
        cmocka_unit_test(families_and_sources),
        cmocka_unit_test(source_is_seen),
        cmocka_unit_test(bad_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
