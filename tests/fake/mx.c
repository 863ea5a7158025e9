/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail exchangers: the list a domain's MX records make, a row for each way they can be right or
 * wrong, from a zone; and sessions with an mx: target, over a name server on loopback. */
#include "tests/support/check.h"
#include "fakedns.h"
#include "fakeserver.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "heloscope/mx.h"
#include "heloscope/proto.h"
#include "heloscope/route.h"
#include "heloscope/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char zone[] = "good.test MX 20 b.good.test\n"
                           "good.test MX 10 a.good.test\n"
                           "a.good.test A 198.41.0.4\n"
                           "a.good.test AAAA 2001:503:ba3e::2:30\n"
                           "b.good.test A 198.41.0.5\n"
                           "null.test MX 0 .\n"
                           "mixed.test MX 0 .\nmixed.test MX 10 a.good.test\n"
                           "odd.test MX 1 a/b.test\nodd.test MX 2 a.good.test\n"
                           "bare.test A 198.41.0.6\n"
                           "bare.test TXT hello\n"
                           "empty.test TXT hello\n"
                           "alias.test MX 10 www.alias.test\nwww.alias.test CNAME a.good.test\n"
                           "literal.test MX 10 192.0.2.1\n"
                           "inside.test MX 10 in.inside.test\nin.inside.test A 192.168.1.1\n"
                           "partly.test MX 5 in.inside.test\npartly.test MX 6 a.good.test\n"
                           "dead.test MX 10 gone.dead.test\n"
                           "half.test MX 5 gone.dead.test\nhalf.test MX 6 a.good.test\n"
                           "$FAIL fail.test servfail\n$FAIL slow.test timeout\n"
                           "stuck.test MX 10 fail.test\n$SECURE good.test\n";

struct got {
    struct loop *loop;
    struct buf text;
    struct mx_list list;
    bool called;
};

static void take(void *arg, const struct mx_list *l)
{
    struct got *g = arg;
    char one[500];
    assert_false(g->called);
    g->called = true;
    g->list = *l;
    for (size_t i = 0; i < l->n; i++) {
        mx_words(l, i, one, sizeof one);
        buf_addf(&g->text, "%s%s\n", one, i == l->best ? " <" : "");
    }
    buf_add_str(&g->text, l->why);
    loop_stop(g->loop);
}

static const struct row {
    const char *domain;
    int family;
    const char *text;
} rows[] = {
    {"good.test", 0,
     "10 a.good.test [2001:503:ba3e::2:30] <\n10 a.good.test [198.41.0.4]\n"
     "20 b.good.test [198.41.0.5]\n"},
    {"good.test", AF_INET, "10 a.good.test [198.41.0.4] <\n20 b.good.test [198.41.0.5]\n"},
    {"good.test", AF_INET6,
     "10 a.good.test [2001:503:ba3e::2:30] <\n"
     "20 b.good.test: b.good.test has no AAAA record\n"},
    {"null.test", 0,
     "null.test takes no mail and says so (null MX, RFC 7505): nothing can be delivered there"},
    {"mixed.test", AF_INET,
     "0 .: says \"no mail\", but stands beside other hosts (RFC 7505 3)\n"
     "10 a.good.test [198.41.0.4] <\n"},
    {"odd.test", AF_INET,
     "1 a/b.test: no host can have such a name (RFC 1123 2.1)\n2 a.good.test [198.41.0.4] <\n"},
    {"bare.test", 0, "bare.test [198.41.0.6] <\n"},
    {"empty.test", 0,
     "empty.test: the name has no address\nempty.test has neither an MX record nor an address: "
     "there is no place to bring its mail to"},
    {"alias.test", AF_INET,
     "10 www.alias.test [198.41.0.4]: an alias (CNAME) for a.good.test, which an MX must not be "
     "(RFC 2181 10.3) <\n"},
    {"literal.test", 0,
     "10 192.0.2.1 [192.0.2.1]: an address stands where an MX must have a name (RFC 5321 5.1): "
     "senders skip it\nnone of the mail exchangers of literal.test can be used; the first: "
     "192.0.2.1: an address stands where an MX must have a name (RFC 5321 5.1): senders skip it"},
    {"inside.test", 0,
     "10 in.inside.test [192.168.1.1]: the address is private (RFC 1918): "
     "left out\nmail for inside.test would go to in.inside.test at 192.168.1.1, which nobody "
     "outside "
     "reaches: private (RFC 1918); --allow-reserved connects all the same"},
    {"partly.test", AF_INET,
     "5 in.inside.test [192.168.1.1]: the address is private (RFC 1918): left out\n"
     "6 a.good.test [198.41.0.4] <\n"},
    {"dead.test", 0,
     "10 gone.dead.test: there is no name gone.dead.test (NXDOMAIN)\n"
     "none of the mail exchangers of dead.test can be used; the first: gone.dead.test: there is no "
     "name gone.dead.test (NXDOMAIN)"},
    {"half.test", AF_INET,
     "5 gone.dead.test: there is no name gone.dead.test (NXDOMAIN)\n"
     "6 a.good.test [198.41.0.4] <\n"},
    {"nowhere.test", 0, "there is no name nowhere.test (NXDOMAIN)"},
    {"slow.test", 0, "no answer from the name server to the question for MX of slow.test"},
    {"stuck.test", AF_INET,
     "10 fail.test: the name server failed to look up A of fail.test (SERVFAIL): the domain's own "
     "servers do not answer, or its DNSSEC does not hold\n"
     "none of the mail exchangers of stuck.test can be used; the first: fail.test: the name server "
     "failed to look up A of fail.test (SERVFAIL): the domain's own servers do not answer, or its "
     "DNSSEC does not hold"},
};

static struct got look(const struct dns *d, struct loop *l, const char *domain, int family)
{
    struct got g = {.loop = l};
    buf_init(&g.text, 4000);
    struct mx *m = mx_start(d, domain, family, take, &g);
    loop_run(l);
    mx_cancel(m);
    return g;
}

static void lists(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct dns d;
    char why[200];
    if (!dns_zone(&d, l, zone, why, sizeof why))
        fail_msg("%s", why);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct got g = look(&d, l, rows[i].domain, rows[i].family);
        assert_string_equal(buf_str(&g.text), rows[i].text);
        buf_clear(&g.text);
        bool first = i == 0;
        assert_int_equal(g.list.authenticated, strcmp(rows[i].domain, "good.test") == 0);
        assert_true(!first || g.list.kind == MX_FOUND);
        assert_int_equal(g.list.temporary, strcmp(rows[i].domain, "slow.test") == 0 ||
                                               strcmp(rows[i].domain, "stuck.test") == 0);
    }
    dns_free(&d);
    loop_free(l);
}

/* RFC 5321 5.1: equal preferences share the load. */
static void equal_ones_are_shuffled(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct dns d;
    char why[200];
    unsigned seen = 0;
    assert_true(dns_zone(&d, l,
                         "e.test MX 10 a.test\ne.test MX 10 b.test\ne.test MX 5 c.test\n"
                         "a.test A 198.41.0.1\nb.test A 198.41.0.2\nc.test A 198.41.0.3\n",
                         why, sizeof why));
    for (int i = 0; i < 200 && seen != 3; i++) {
        struct got g = look(&d, l, "e.test", AF_INET);
        assert_int_equal(g.list.n, 3);
        assert_string_equal(g.list.at[0].host, "c.test");
        seen |= strcmp(g.list.at[1].host, "a.test") == 0 ? 1 : 2;
        buf_clear(&g.text);
    }
    assert_int_equal(seen, 3);
    dns_free(&d);
    loop_free(l);
}

static void reserved_addresses(void **state)
{
    (void)state;
    static const char *const usual[] = {"198.41.0.4", "172.32.0.1",          "100.128.0.1",
                                        "11.0.0.1",   "2001:503:ba3e::2:30", "223.255.255.255",
                                        "name.test"};
    static const char *const odd[][2] = {{"10.1.2.3", "private (RFC 1918)"},
                                         {"172.31.255.255", "private (RFC 1918)"},
                                         {"100.127.0.1", "a provider's inside (RFC 6598)"},
                                         {"255.255.255.255", "reserved (RFC 1112)"},
                                         {"::1", "the asking machine itself (loopback, RFC 4291)"},
                                         {"fd00::1", "private (unique local, RFC 4193)"},
                                         {"fe80::1", "link-local (RFC 4291)"}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        assert_null(address_reserved(usual[i]));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_string_equal(address_reserved(odd[i][0]), odd[i][1]);
}

/* -- sessions ---------------------------------------------------------------------------------- */

struct play {
    struct loop *loop;
    bool over, asked;
    size_t pick;
};

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    struct play *p = arg;
    if (ev == SESSION_ASK_MX) {
        p->asked = true;
        session_mx_pick(s, 99); /* is none */
        session_mx_pick(s, p->pick);
    }
    p->over = p->over || ev == SESSION_OVER;
}

static struct buf transcript(struct session *s)
{
    struct buf b;
    const struct source *src = transcript_source(session_transcript(s));
    struct span line;
    buf_init(&b, 20000);
    for (size_t i = 0; i < src->count(src->self); i++)
        if (src->line(src->self, i, 0, &line)) {
            buf_add(&b, line.p, line.n);
            buf_add_char(&b, '\n');
        }
    return b;
}

static void must_say(struct session *s, const char *text)
{
    struct buf b = transcript(s);
    if (!strstr(buf_str(&b), text))
        fail_msg("not said: %s\n%s", text, buf_str(&b));
    buf_clear(&b);
}

static struct session *run(struct play *p, const char *text, struct session_options *o)
{
    struct target t;
    char why[300] = "";
    if (!target_parse(text, &t, why, sizeof why))
        fail_msg("%s", why);
    p->loop = loop_new();
    struct session *s = session_open(p->loop, &t, o, on_session, p);
    target_clear(&t);
    assert_true(session_is_open(s));
    while (!p->over && session_reply_class(s) == REPLY_NONE)
        loop_turn(p->loop, 5000);
    return s;
}

static void finish(struct play *p, struct session *s)
{
    session_free(s);
    loop_free(p->loop);
}

static const struct fake_step greets[] = {SEND("220 mx.example.test ESMTP\r\n"), END()};

static void best_and_picked(void **state)
{
    (void)state;
    struct fakedns *d =
        fakedns_start("example.test MX 10 gone.example.test\n"
                      "example.test MX 20 mx1.example.test\n"
                      "example.test MX 30 mx2.example.test\n"
                      "mx1.example.test A 127.0.0.1\nmx2.example.test A 127.0.0.1\n");
    for (int ask = 0; ask < 2; ask++) {
        struct fake *f = fake_start_tcp(greets, NULL);
        struct play p = {.pick = 2};
        char text[60], label[60];
        struct session_options o = {
            .mx_ask = ask, .mx_reserved = true, .conn.name_servers = fakedns_at(d)};
        snprintf(text, sizeof text, "mx:example.test:%d", fake_port(f));
        struct session *s = run(&p, text, &o);
        assert_false(p.over);
        assert_int_equal(p.asked, ask);
        snprintf(label, sizeof label, "mx%d.example.test:%d", ask ? 2 : 1, fake_port(f));
        assert_string_equal(session_target(s)->label, label);
        must_say(s, "mail exchangers of example.test, the best first");
        must_say(s, "MX 10 gone.example.test: there is no name gone.example.test (NXDOMAIN)");
        must_say(s, "MX 20 mx1.example.test [127.0.0.1]: the address is the asking machine itself");
        must_say(s, "connected to 127.0.0.1:");
        must_say(s, "220 mx.example.test ESMTP");
        finish(&p, s);
        fake_free(f);
    }
    fakedns_stop(d);
}

static void no_way(void **state)
{
    (void)state;
    struct fakedns *d = fakedns_start("null.test MX 0 .\n$servfail fail.test\n");
    static const struct {
        const char *target, *says;
        enum event_kind kind; /* its explanation is of what DNS said, not of "the network" */
    } ends[] = {
        {"mx:null.test",
         "null.test takes no mail and says so (null MX, RFC 7505): nothing can be "
         "delivered there",
         EVENT_NETWORK_FAILED},
        {"mx:nowhere.test", "there is no name nowhere.test (NXDOMAIN)", EVENT_NAME_NOT_FOUND},
        {"mx:fail.test", "the name server failed to look up MX of fail.test (SERVFAIL)",
         EVENT_NAME_TRY_AGAIN},
        {"smtp://nowhere.test", "nowhere.test: no such name (NXDOMAIN)", EVENT_NAME_NOT_FOUND},
        {"pop3://null.test", "null.test: the name exists, but has no address",
         EVENT_NAME_NOT_FOUND},
        {"smtp://fail.test", "fail.test: every name server failed", EVENT_NAME_TRY_AGAIN}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct play p = {0};
        struct session_options o = {.conn.name_servers = fakedns_at(d)};
        struct session *s = run(&p, ends[i].target, &o);
        const struct source *src = transcript_source(session_transcript(s));
        struct moment last;
        assert_true(p.over);
        assert_false(session_is_open(s));
        assert_int_equal(session_fault(s), FAULT_NETWORK);
        assert_non_null(strstr(session_last(s), ends[i].says));
        must_say(s, ends[i].says);
        src->moment(src->self, src->count(src->self) - 1, &last);
        assert_int_equal(last.event, ends[i].kind);
        finish(&p, s);
    }
    fakedns_stop(d);
}

static void giving_up(void **state)
{
    (void)state;
    struct fakedns *d = fakedns_start("$silent silent.test\n");
    struct play p = {0};
    struct target t;
    char why[200];
    struct session_options o = {.conn.name_servers = fakedns_at(d)};
    assert_true(target_parse("mx:silent.test", &t, why, sizeof why));
    p.loop = loop_new();
    struct session *s = session_open(p.loop, &t, &o, on_session, &p);
    while (!fakedns_asked(d, "silent.test", DNS_MX))
        loop_turn(p.loop, 5);
    session_abort(s);
    assert_true(p.over);
    assert_false(session_is_open(s));
    must_say(s, "given up while looking for a mail exchanger of silent.test");
    finish(&p, s);
    /* And freed in the middle. */
    p = (struct play){.loop = loop_new()};
    s = session_open(p.loop, &t, &o, on_session, &p);
    loop_turn(p.loop, 0);
    finish(&p, s);
    target_clear(&t);
    fakedns_stop(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(equal_ones_are_shuffled),
        cmocka_unit_test(reserved_addresses),
        cmocka_unit_test(best_and_picked),
        cmocka_unit_test(no_way),
        cmocka_unit_test(giving_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
