/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to DNS: a row for each kind of answer, honest and otherwise, asked of a name server on
 * loopback through c-ares, and the honest ones of a zone too; giving up; freeing in the answer. */
#include "tests/support/check.h"
#include "fakedns.h"
#include "heloscope/buf.h"
#include "heloscope/dns.h"
#include "heloscope/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What server and zone both hold. */
#define RECORDS                                                                                    \
    "example.test MX 10 mx1.example.test\n"                                                        \
    "example.test MX 20 mx2.example.test\n"                                                        \
    "null.test MX 0 .\n"                                                                           \
    "mx1.example.test A 192.0.2.1\n"                                                               \
    "mx1.example.test AAAA 2001:db8::1\n"                                                          \
    "www.example.test CNAME web.example.test\n"                                                    \
    "web.example.test CNAME mx1.example.test\n"                                                    \
    "dangling.test CNAME nowhere.test\n"                                                           \
    "loop.test CNAME pool.test\n"                                                                  \
    "pool.test CNAME loop.test\n"                                                                  \
    "1.2.0.192.in-addr.arpa PTR mx1.example.test\n"                                                \
    "_25._tcp.mx1.example.test TLSA 3 1 1 00ff10\n"

static const char faulty[] =
    "t.test TXT v=spf1 -all\n"
    "long.test TXT "
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "\n"
    "$ad mx1.example.test\n"
    "$servfail fail.test\n$refused refused.test\n$notimp notimp.test\n$silent silent.test\n"
    "big.test A 192.0.2.7\n$truncate big.test\n$truncated bigger.test\n"
    "$lie lie.test\n$cut cut.test\ncut.test A 192.0.2.9\n$long five.test\n$garbage garbage.test\n"
    "old.test A 192.0.2.8\n$formerr old.test\n$iterative lame.test\n$id id.test\n";

struct got {
    struct loop *loop;
    struct dns *free_it;
    int calls;
    enum dns_status status;
    bool ad, authenticated, temporary;
    char text[900], why[800];
};

static void take(void *arg, const struct dns_answer *a)
{
    struct got *g = arg;
    char *t = g->text;
    size_t left = sizeof g->text;
    g->calls++;
    g->status = a->status;
    g->ad = a->ad;
    g->authenticated = a->authenticated;
    g->temporary = a->temporary;
    *t = '\0';
    snprintf(g->why, sizeof g->why, "%s", a->why);
    for (size_t i = 0; i < a->nchain + a->n && left > 1; i++) {
        const struct dns_record *r = i < a->nchain ? NULL : &a->at[i - a->nchain];
        char part[400] = "";
        if (!r)
            snprintf(part, sizeof part, "->%s", a->chain[i]);
        else if (r->type == DNS_MX)
            snprintf(part, sizeof part, "%u %s", r->preference, r->text);
        else if (r->type == DNS_TLSA)
            snprintf(part, sizeof part, "%u %u %u %zu:%02x%02x", r->usage, r->selector, r->matching,
                     r->ndata, r->data[0], r->data[1]);
        else
            snprintf(part, sizeof part, "%s", r->text);
        int n = snprintf(t, left, "%s%s", i ? ", " : "", part);
        t += n;
        left -= (size_t)n;
    }
    if (g->free_it)
        dns_free(g->free_it);
    loop_stop(g->loop);
}

static void ask(struct got *g, const struct dns *d, const char *name, enum dns_type type)
{
    struct loop *l = g->loop;
    *g = (struct got){.loop = l};
    dns_ask(d, name, type, take, g);
    assert_int_equal(g->calls, 0); /* never out of dns_ask() */
    loop_run(l);
    assert_int_equal(g->calls, 1);
}

static const struct row {
    const char *name;
    enum dns_type type;
    enum dns_status status;
    const char *text, *why;
} honest[] = {
    {"example.test", DNS_MX, DNS_FOUND, "10 mx1.example.test, 20 mx2.example.test", ""},
    {"EXAMPLE.test.", DNS_MX, DNS_FOUND, "10 mx1.example.test, 20 mx2.example.test", ""},
    {"null.test", DNS_MX, DNS_FOUND, "0 ", ""},
    {"mx1.example.test", DNS_A, DNS_FOUND, "192.0.2.1", ""},
    {"mx1.example.test", DNS_AAAA, DNS_FOUND, "2001:db8::1", ""},
    {"www.example.test", DNS_A, DNS_FOUND, "->web.example.test, ->mx1.example.test, 192.0.2.1", ""},
    {"www.example.test", DNS_CNAME, DNS_FOUND, "web.example.test", ""},
    {"www.example.test", DNS_TXT, DNS_NODATA, "->web.example.test, ->mx1.example.test",
     "www.example.test, an alias (CNAME) for mx1.example.test, has no TXT record"},
    {"1.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "mx1.example.test", ""},
    {"_25._tcp.mx1.example.test", DNS_TLSA, DNS_FOUND, "3 1 1 3:00ff", ""},
    {"mx1.example.test", DNS_MX, DNS_NODATA, "", "mx1.example.test has no MX record"},
    {"nowhere.test", DNS_MX, DNS_NXDOMAIN, "", "there is no name nowhere.test (NXDOMAIN)"},
    {"dangling.test", DNS_A, DNS_NXDOMAIN, "->nowhere.test",
     "dangling.test is an alias (CNAME) for nowhere.test, and there is no such name (NXDOMAIN)"},
    {"loop.test", DNS_A, DNS_LOOP, "->pool.test",
     "the aliases (CNAME) of loop.test go round in a circle or are more than 16"},
};

static const struct row lying[] = {
    {"t.test", DNS_TXT, DNS_FOUND, "v=spf1 -all", ""},
    {"fail.test", DNS_A, DNS_SERVFAIL, "",
     "the name server failed to look up A of fail.test (SERVFAIL): the domain's own servers do not "
     "answer, or its DNSSEC does not hold"},
    {"refused.test", DNS_A, DNS_REFUSED, "",
     "the name server does not look up A of refused.test for us (REFUSED)"},
    {"notimp.test", DNS_A, DNS_BROKEN, "",
     "the name server's answer for A of notimp.test makes no sense: it says that it does not know "
     "such questions (rcode 4)"},
    {"silent.test", DNS_A, DNS_TIMEOUT, "",
     "no answer from the name server to the question for A of silent.test"},
    {"id.test", DNS_A, DNS_TIMEOUT, "",
     "no answer from the name server to the question for A of id.test"},
    {"big.test", DNS_A, DNS_FOUND, "192.0.2.7", ""},
    {"bigger.test", DNS_A, DNS_TRUNCATED, "",
     "the answer for A of bigger.test is cut off, over TCP too"},
    {"lie.test", DNS_A, DNS_BROKEN, "",
     "the name server's answer for A of lie.test makes no sense: it tells of evil.test instead"},
    {"cut.test", DNS_A, DNS_BROKEN, "",
     "the name server's answer for A of cut.test makes no sense: it ends in the middle of a "
     "record"},
    {"five.test", DNS_A, DNS_BROKEN, "",
     "the name server's answer for A of five.test makes no sense: a record of type A has 5 octets"},
    {"garbage.test", DNS_A, DNS_TIMEOUT, "",
     "no answer from the name server to the question for A of garbage.test"},
    {"old.test", DNS_A, DNS_FOUND, "192.0.2.8", ""},
    {"lame.test", DNS_A, DNS_REFUSED, "",
     "the name server does not look up A of lame.test for us (it offers no recursion: it is no "
     "resolver)"},
    {"a..b", DNS_A, DNS_BAD_NAME, "", "'a..b' cannot be a name in DNS"},
    {"", DNS_A, DNS_BAD_NAME, "", "'' cannot be a name in DNS"},
};

/* Who was asked, and how long, stands behind a silence only. */
static bool says(const char *why, const struct row *r)
{
    size_t n = strlen(r->why);
    return strncmp(why, r->why, n) == 0 &&
           (r->status == DNS_TIMEOUT && n ? strstr(why + n, ": 127.0.0.1:") != NULL : !why[n]);
}

static void rows(struct got *g, const struct dns *d, const struct row *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ask(g, d, r[i].name, r[i].type);
        if (g->status != r[i].status || strcmp(g->text, r[i].text) || !says(g->why, &r[i]))
            fail_msg("%s %s: status %d, \"%s\", \"%s\"; expected %d, \"%s\", \"%s\"", r[i].name,
                     dns_type_name(r[i].type), g->status, g->text, g->why, r[i].status, r[i].text,
                     r[i].why);
    }
}

static struct got begin(struct dns *d, const char *servers, int ms)
{
    char why[300] = "";
    struct got g = {.loop = loop_new()};
    if (!dns_open(d, g.loop, &(struct dns_options){.servers = servers, .timeout_ms = ms}, why,
                  sizeof why))
        fail_msg("%s", why);
    return g;
}

static void resolver(void **state)
{
    (void)state;
    char zone[8192];
    struct dns d;
    snprintf(zone, sizeof zone, "%s%s", RECORDS, faulty);
    struct fakedns *f = fakedns_start(zone);
    struct got g = begin(&d, fakedns_at(f), 600);
    rows(&g, &d, honest, sizeof honest / sizeof *honest);
    rows(&g, &d, lying, sizeof lying / sizeof *lying);
    ask(&g, &d, "long.test", DNS_TXT); /* two strings of a record become one text */
    assert_int_equal(strlen(g.text), 282);
    ask(&g, &d, "mx1.example.test", DNS_A);
    assert_true(g.ad && g.authenticated && !g.temporary);
    ask(&g, &d, "example.test", DNS_MX);
    assert_false(g.ad || g.authenticated);
    ask(&g, &d, "fail.test", DNS_MX);
    assert_true(g.temporary);
    assert_false(fakedns_ad_missing(f));
    assert_int_equal(fakedns_asked(f, "fail.test", DNS_MX), 1 + 4); /* four tries, and why */
    dns_free(&d);
    loop_free(g.loop);
    fakedns_stop(f);
}

static void zone(void **state)
{
    (void)state;
    struct dns d = {0};
    char why[200];
    struct got g = {.loop = loop_new()};
    assert_true(dns_zone(&d, g.loop,
                         RECORDS "; a comment\n$SECURE mx1.example.test\n$FAIL bad.test servfail\n"
                                 "txt.test 60 TXT \"v=spf1 \" \"-all; no comment\" ; one\n",
                         why, sizeof why));
    rows(&g, &d, honest, sizeof honest / sizeof *honest);
    ask(&g, &d, "txt.test", DNS_TXT);
    assert_string_equal(g.text, "v=spf1 -all; no comment");
    ask(&g, &d, "_25._tcp.mx1.example.test", DNS_TLSA);
    assert_true(g.authenticated);
    ask(&g, &d, "www.example.test", DNS_A); /* one link of the chain is not */
    assert_false(g.authenticated);
    ask(&g, &d, "bad.test", DNS_A);
    assert_int_equal(g.status, DNS_SERVFAIL);
    dns_free(&d);
    static const char *const wrong[][2] = {
        {"a.test A 192.0.2.1\nb.test A nonsense\n", "line 2 of the zone: an address is expected"},
        {"a.test FOO x", "line 1 of the zone: a type: A, AAAA, MX, TXT, CNAME, PTR, NS or TLSA is "
                         "expected"},
        {"a.test MX mx.test", "line 1 of the zone: a preference and a name is expected"},
        {"a.test TLSA 3 1 1 xyz",
         "line 1 of the zone: usage, selector, matching type and hex digits is expected"},
        {"$FAIL a.test sometimes", "line 1 of the zone: $SECURE NAME, or $FAIL NAME "
                                   "servfail|refused|timeout|nxdomain is expected"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(dns_zone(&d, g.loop, wrong[i][0], why, sizeof why));
        assert_string_equal(why, wrong[i][1]);
    }
    loop_free(g.loop);
}

static void never(void *arg, const struct dns_answer *a)
{
    (void)arg;
    fail_msg("an answer to a cancelled question for %s", a->name);
}

static void giving_up(void **state)
{
    (void)state;
    struct dns d;
    struct fakedns *f = fakedns_start(RECORDS "$silent silent.test\n");
    struct got g = begin(&d, fakedns_at(f), 5000);
    struct dns_query *q = dns_ask(&d, "silent.test", DNS_MX, never, NULL),
                     *found = dns_ask(&d, "example.test", DNS_MX, never, NULL);
    dns_cancel(&d, found);
    dns_cancel(&d, q);
    dns_cancel(&d, NULL);
    ask(&g, &d, "mx1.example.test", DNS_A);
    assert_string_equal(g.text, "192.0.2.1");
    /* Everything at once, from inside an answer; the other questions die silently. */
    dns_ask(&d, "silent.test", DNS_MX, never, NULL);
    g.free_it = &d;
    dns_ask(&d, "example.test", DNS_MX, take, &g);
    loop_run(g.loop);
    assert_int_equal(g.calls, 2);
    while (loop_turn(g.loop, 0))
        ;
    dns_free(&d); /* again: no harm */
    loop_free(g.loop);
    fakedns_stop(f);
}

static void nobody_there(void **state)
{
    (void)state;
    struct dns d;
    struct got g = begin(&d, "127.0.0.1:1", 2000);
    char why[300];
    ask(&g, &d, "example.test", DNS_A);
    assert_string_equal(g.why, "no answer from the name server to the question for A of "
                               "example.test: none can be reached (127.0.0.1:1)");
    dns_free(&d);
    assert_false(
        dns_open(&d, g.loop, &(struct dns_options){.servers = "nonsense"}, why, sizeof why));
    assert_string_equal(why, "'nonsense' is no name server: write an address and a port, like "
                             "127.0.0.1:53");
    loop_free(g.loop);
}

static void reverse_names(void **state)
{
    (void)state;
    char out[128];
    assert_true(dns_reverse_name("192.0.2.1", out, sizeof out));
    assert_string_equal(out, "1.2.0.192.in-addr.arpa");
    assert_true(dns_reverse_name("2001:db8::567:89ab%eth0", out, sizeof out));
    assert_string_equal(out,
                        "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    assert_false(dns_reverse_name("mail.example", out, sizeof out));
    assert_false(dns_reverse_name("2001:db8::1", out, 40));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolver),      cmocka_unit_test(zone),
        cmocka_unit_test(giving_up),     cmocka_unit_test(nobody_there),
        cmocka_unit_test(reverse_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
