/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A verdict by a DNS that answers later, in rounds: the same as by a zone file that knows all. */
#include "tests/support/check.h"
#include "heloscope/live.h"
#include "heloscope/loop.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <string.h>

static const char zone[] =
    "bank.test TXT \"v=spf1 mx include:more.test -all\"\n"
    "bank.test MX 10 mail.bank.test\n"
    "mail.bank.test A 192.0.2.10\n"
    "more.test TXT \"v=spf1 a:host.more.test exists:%{ir}.more.test ptr:bank.test -all\"\n"
    "host.more.test A 192.0.2.11\n"
    "12.2.0.192.in-addr.arpa PTR out.bank.test\n"
    "out.bank.test A 192.0.2.12\n"
    "_dmarc.bank.test TXT \"v=DMARC1; p=reject\"\n"
    "$FAIL slow.test timeout\n"
    "loop.test TXT \"v=spf1 include:loop.test -all\"\n";

struct job {
    struct verdict_query q;
    struct mailtext m;
    struct verdict v;
    struct live *live;
    struct loop *loop;
    unsigned rounds;
};

static void judge(void *arg)
{
    struct job *j = arg;
    struct rr_source dns = live_source(j->live);
    for (;;) {
        j->rounds++;
        verdict_clear(&j->v);
        verdict_make(&j->q, &j->m, &dns, &j->v);
        if (!j->v.pending)
            break;
        if (live_fetch(j->live, judge, j))
            return;
    }
    loop_stop(j->loop);
}

static void run(const char *ip, const char *mail_from, struct job *j)
{
    static const char text[] = "From: a@bank.test\r\n\r\nx\r\n";
    char why[200] = "";
    struct dns dns;
    memset(j, 0, sizeof *j);
    j->loop = loop_new();
    if (!dns_zone(&dns, j->loop, zone, why, sizeof why))
        fail_msg("%s", why);
    j->q = (struct verdict_query){ip, "x.test", mail_from, "mx", DMARC_9989, 1};
    mailtext_parse(&j->m, text, sizeof text - 1);
    j->live = live_new(&dns);
    loop_timer(j->loop, 0, judge, j);
    loop_run(j->loop);
    live_free(j->live);
    dns_free(&dns);
    loop_free(j->loop);
    mailtext_clear(&j->m);
}

static void rounds(void **state)
{
    (void)state;
    static const struct {
        const char *ip, *mail_from;
        enum spf_result spf;
        enum dmarc_result dmarc;
        unsigned least;
    } rows[] = {
        {"192.0.2.10", "a@bank.test", SPF_PASS, DMARC_PASS, 4},
        {"192.0.2.11", "a@bank.test", SPF_PASS, DMARC_PASS, 5},
        {"192.0.2.12", "a@bank.test", SPF_PASS, DMARC_PASS, 7},
        {"192.0.2.99", "a@bank.test", SPF_FAIL, DMARC_FAIL, 5},
        {"192.0.2.99", "a@slow.test", SPF_TEMPERROR, DMARC_FAIL, 2},
        {"192.0.2.99", "a@loop.test", SPF_PERMERROR, DMARC_FAIL, 2},
        {"192.0.2.99", "a@nobody.test", SPF_NONE, DMARC_FAIL, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job j;
        run(rows[i].ip, rows[i].mail_from, &j);
        if (j.v.spf.result != rows[i].spf || j.v.dmarc[0].result != rows[i].dmarc ||
            j.v.dmarc[1].result != rows[i].dmarc || j.rounds < rows[i].least)
            fail_msg("%s %s: %u rounds; %s; %s", rows[i].ip, rows[i].mail_from, j.rounds,
                     buf_str(&j.v.spf.because), buf_str(&j.v.dmarc[0].because));
        verdict_clear(&j.v);
    }
}

/* Given up in the middle: nothing is leaked, nothing comes later. */
static void given_up(void **state)
{
    (void)state;
    char why[200] = "";
    struct dns dns;
    struct rr_answer a;
    struct loop *l = loop_new();
    assert_true(dns_zone(&dns, l, zone, why, sizeof why));
    struct live *live = live_new(&dns);
    struct rr_source s = live_source(live);
    s.lookup(s.self, "bank.test", RR_TXT, &a);
    assert_int_equal(a.status, RR_PENDING);
    s.lookup(s.self, "BANK.test.", RR_TXT, &a);
    assert_int_equal(a.status, RR_PENDING);
    assert_true(live_fetch(live, NULL, NULL));
    assert_false(live_fetch(live, NULL, NULL));
    live_free(live);
    for (int i = 0; i < 5; i++)
        loop_turn(l, 0);
    dns_free(&dns);
    loop_free(l);
}

/* Questions are bounded. */
static void bounded(void **state)
{
    (void)state;
    char why[200] = "";
    struct dns dns;
    struct rr_answer a = {.status = RR_PENDING};
    struct loop *l = loop_new();
    assert_true(dns_zone(&dns, l, zone, why, sizeof why));
    struct live *live = live_new(&dns);
    struct rr_source s = live_source(live);
    for (int i = 0; i <= LIVE_QUESTIONS; i++) {
        char name[40];
        assert_int_equal(a.status, RR_PENDING);
        snprintf(name, sizeof name, "n%d.test", i);
        s.lookup(s.self, name, RR_A, &a);
    }
    assert_int_equal(a.status, RR_TEMPFAIL);
    assert_non_null(strstr(a.why, "too many"));
    live_free(live);
    dns_free(&dns);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rounds), cmocka_unit_test(given_up),
                                       cmocka_unit_test(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
