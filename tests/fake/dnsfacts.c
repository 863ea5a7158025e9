/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What DNS says beside a session: whole lists of lines from zones, good, poor and failing; and the
 * verdicts of DANE and MTA-STS on a session's chain. */
#include "tests/support/check.h"
#include "fakeserver.h"
#include "heloscope/buf.h"
#include "heloscope/dnsfacts.h"
#include "heloscope/loop.h"
#include "heloscope/proto.h"
#include "heloscope/route.h"
#include "heloscope/session.h"
#include "heloscope/tlsjudge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct got {
    struct loop *loop;
    struct buf text;
};

static void take(void *arg, struct dnsfacts *f)
{
    struct got *g = arg;
    for (size_t i = 0; i < dnsfacts_count(f); i++) {
        const struct dnsfacts_line *l = dnsfacts_line(f, i);
        buf_addf(&g->text, "%c%s (%s): %s\n",
                 l->tone == DNSFACTS_WARN   ? '!'
                 : l->tone == DNSFACTS_GOOD ? '+'
                                            : ' ',
                 l->label, l->id, l->text);
    }
    assert_null(dnsfacts_line(f, dnsfacts_count(f)));
    loop_stop(g->loop);
}

static const struct row {
    const char *zone;
    struct dnsfacts_ask ask;
    const char *lines;
} rows[] = {
    {"1.0.41.198.in-addr.arpa PTR mx.example.test\n"
     "mx.example.test A 198.41.0.9\nmx.example.test A 198.41.0.1\n"
     "example.test TXT \"other\"\nexample.test TXT \"v=spf1 mx \" \"-all\"\n"
     "_dmarc.example.test TXT \"v=DMARC1; p=reject; rua=mailto:d@example.test\"\n"
     "_mta-sts.example.test TXT \"v=STSv1; id=7\"\n"
     "_smtp._tls.example.test TXT \"v=TLSRPTv1; rua=mailto:t@example.test\"\n"
     "_25._tcp.mx.example.test TLSA 3 1 1 "
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
     "_25._tcp.mx.example.test TLSA 1 1 1 "
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
     "$SECURE mx.example.test\n",
     {"example.test", "mx.example.test", 25, "198.41.0.1"},
     "+PTR (ptr): 198.41.0.1 is mx.example.test, and that name leads back to it\n"
     " SPF (spf): v=spf1 mx -all: mail from anywhere else fails\n"
     " DMARC (dmarc): p=reject: mail that does not pass is to be refused; reports go to "
     "mailto:d@example.test\n"
     "+MTA-STS (mta-sts): announced, id 7; the policy lies at "
     "https://mta-sts.example.test/.well-known/mta-sts.txt: fetch it and give it with --mta-sts to "
     "have it judged\n"
     " TLSRPT (tlsrpt): reports about failed TLS go to mailto:t@example.test\n"
     "+DANE (dane): TLSA records at _25._tcp.mx.example.test, authenticated by DNSSEC\n"
     " DANE (dane-record): 3 1 1: the SHA-256 of the server certificate's public key\n"
     "!DANE (dane-unusable): 1 1 1: cannot be used: usages 0 and 1 are not for mail (RFC 7672 "
     "3.1.3)\n"},
    {"example.test TXT \"hello\"\n",
     {"example.test", "mx.example.test", 25, "198.41.0.1"},
     "!PTR (ptr-missing): 198.41.0.1 has no name (PTR): many receivers refuse mail from such an "
     "address\n"
     "!SPF (spf-missing): none: receivers cannot tell which machines may send mail from "
     "example.test\n"
     "!DMARC (dmarc-missing): none at _dmarc.example.test: what is to be done with mail that only "
     "pretends to be from example.test is not said, unless the domain above says so\n"
     " MTA-STS (mta-sts-missing): none: senders are not asked to insist on TLS and a good "
     "certificate\n"
     " TLSRPT (tlsrpt-missing): none: nobody reports to example.test where TLS fails\n"
     " DANE (dane-missing): no TLSA records at _25._tcp.mx.example.test\n"},
    {"1.0.41.198.in-addr.arpa PTR liar.test\nliar.test A 198.41.0.2\n"
     "e.test TXT \"v=spf1 +all\"\n_dmarc.e.test TXT \"v=DMARC1; sp=none\"\n"
     "_mta-sts.e.test TXT \"v=STSv1\"\n_smtp._tls.e.test TXT \"v=TLSRPTv1;\"\n"
     "_25._tcp.mx.e.test TLSA 3 1 1 00\n",
     {"e.test", "mx.e.test", 25, "198.41.0.1"},
     "!PTR (ptr-unconfirmed): 198.41.0.1 says it is liar.test, but that name does not lead back to "
     "it: many receivers refuse mail from such an address\n"
     "!SPF (spf-open): v=spf1 +all: everybody may send: that protects nobody\n"
     "!DMARC (dmarc-broken): v=DMARC1; sp=none: it has no p=, so it asks for nothing (RFC 7489 "
     "6.6.3)\n"
     "!MTA-STS (mta-sts-broken): the record cannot be used: it does not begin with v=STSv1; but "
     "with 'v=STSv1'\n"
     "!TLSRPT (tlsrpt-broken): the record has no rua=: nobody knows where reports are to go\n"
     "!DANE (dane-unproven): TLSA records at _25._tcp.mx.e.test, not authenticated: they decide "
     "nothing\n"
     "!DANE (dane-unusable): 3 1 1: cannot be used: the digest has not the length of its kind\n"},
    {"e.test TXT \"v=spf1 a ~all\"\ne.test TXT \"v=spf1 b\"\n"
     "_dmarc.e.test TXT \"v=DMARC1;p=none\"\n_dmarc.e.test TXT \"v=DMARC1;p=reject\"\n"
     "$FAIL _mta-sts.e.test servfail\n$FAIL _smtp._tls.e.test timeout\n",
     {"e.test", "", 25, ""},
     "!SPF (spf-several): 2 SPF records, and only one is allowed: receivers take it as an error "
     "(RFC 7208 4.5)\n"
     "!DMARC (dmarc-several): 2 DMARC records, so none of them counts (RFC 7489 6.6.3)\n"
     "!MTA-STS (dns-failed): not known: the name server failed to look up TXT of _mta-sts.e.test "
     "(SERVFAIL): the domain's own servers do not answer, or its DNSSEC does not hold\n"
     "!TLSRPT (dns-failed): not known: no answer from the name server to the question for TXT of "
     "_smtp._tls.e.test\n"},
    {"e.test TXT \"v=spf1 include:x.test redirect=y.test\"\n"
     "1.0.41.198.in-addr.arpa PTR slow.test\n$FAIL slow.test timeout\n"
     "_dmarc.e.test TXT \"v=DMARC1; p=Quarantine\"\n",
     {"e.test", "", 25, "198.41.0.1"},
     "!PTR (ptr-unknown): 198.41.0.1 says it is slow.test; whether that name leads back is not "
     "known: no answer from the name server to the question for A of slow.test\n"
     " SPF (spf): v=spf1 include:x.test redirect=y.test: another domain's record decides\n"
     " DMARC (dmarc): p=Quarantine: mail that does not pass is to be put aside; no reports are "
     "asked for\n"
     " MTA-STS (mta-sts-missing): none: senders are not asked to insist on TLS and a good "
     "certificate\n"
     " TLSRPT (tlsrpt-missing): none: nobody reports to e.test where TLS fails\n"},
};

static void lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct got g = {.loop = loop_new()};
        struct dns d;
        char why[200] = "";
        buf_init(&g.text, 20000);
        if (!dns_zone(&d, g.loop, rows[i].zone, why, sizeof why))
            fail_msg("%s", why);
        struct dnsfacts *f = dnsfacts_start(&d, &rows[i].ask, take, &g);
        loop_run(g.loop);
        assert_string_equal(buf_str(&g.text), rows[i].lines);
        dnsfacts_free(f);
        f = dnsfacts_start(&d, &rows[i].ask, take, &g); /* freed in the middle */
        dnsfacts_free(f);
        dns_free(&d);
        buf_clear(&g.text);
        loop_free(g.loop);
    }
}

static void nothing_to_ask(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct dns d;
    char why[200];
    assert_true(dns_zone(&d, l, "", why, sizeof why));
    assert_null(dnsfacts_start(&d, &(struct dnsfacts_ask){"", "", 25, ""}, take, NULL));
    assert_null(dnsfacts_start(&d, &(struct dnsfacts_ask){"", "", 25, "no address"}, take, NULL));
    assert_null(dnsfacts_start(&d, &(struct dnsfacts_ask){"", "a.localhost", 25, ""}, take, NULL));
    dns_free(&d);
    loop_free(l);
}

/* -- verdicts on a session's chain ------------------------------------------------------------- */

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    bool *over = arg;
    (void)s;
    *over = *over || ev == SESSION_OVER;
}

static void policy_and_dane(void **state)
{
    (void)state;
    static const struct fake_step script[] = {STARTTLS(0), SEND("220 banner\r\n"), END()};
    static const char text[] = "version: STSv1\nmode: enforce\nmx: other.test\nmax_age: 1\n";
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *cert = fake_cert_new(ca, "mail.example.test", 0);
    struct fake_cert *certs[] = {cert, NULL};
    struct fake *f = fake_start_tcp(script, certs);
    struct mtasts policy;
    struct route way;
    struct target t;
    char why[300], where[40];
    bool over = false;
    assert_true(mtasts_parse(text, strlen(text), &policy, why, sizeof why));
    snprintf(where, sizeof where, "127.0.0.1:%d", fake_port(f));
    assert_true(route_parse(&way, &(struct route_words){.connect = where}, why, sizeof why));
    assert_true(target_parse("smtps://mail.example.test", &t, why, sizeof why));
    struct session_options o = {
        .mta_sts = &policy, .conn.route = &way, .conn.trust.ca_file = fake_ca_file(ca)};
    struct loop *l = loop_new();
    struct session *s = session_open(l, &t, &o, on_session, &over);
    while (!over && session_reply_class(s) == REPLY_NONE)
        loop_turn(l, 5000);
    assert_false(over);
    assert_string_equal(session_address(s), "127.0.0.1");
    struct tls_peer *p = session_peer(s);
    assert_int_equal(tls_peer_opinion(p, TLS_CHECK_MTA_STS)->word, TLS_FAILS);
    assert_non_null(strstr(tls_peer_opinion(p, TLS_CHECK_MTA_STS)->why,
                           "mail.example.test is none of the policy's hosts (other.test)"));
    const struct source *src = transcript_source(session_transcript(s));
    struct span line = {"", 0};
    bool said = false;
    for (size_t i = 0; i < src->count(src->self) && !said; i++)
        said = src->line(src->self, i, 0, &line) && line.n > 8 && !memcmp(line.p, "MTA-STS:", 8);
    assert_true(said);
    strcpy(policy.mx[0], "*.example.test");
    assert_int_equal(tls_judge_mtasts(p, &policy, "mail.example.test"), MTASTS_FULFILLED);
    assert_int_equal(tls_peer_opinion(p, TLS_CHECK_MTA_STS)->word, TLS_HOLDS);
    /* DANE, by the digest that the report shows. */
    struct tls_cert c;
    unsigned char digest[32];
    assert_true(tls_peer_cert(p, 0, &c));
    for (int i = 0; i < 32; i++) {
        unsigned byte;
        assert_int_equal(sscanf(c.spki_sha256 + 2 * i, "%2x", &byte), 1);
        digest[i] = (unsigned char)byte;
    }
    struct dns_record r = {
        .type = DNS_TLSA, .usage = 3, .selector = 1, .matching = 1, .data = digest, .ndata = 32};
    struct dns_answer a = {.name = "_25._tcp.mail.example.test",
                           .status = DNS_FOUND,
                           .why = "",
                           .authenticated = true,
                           .at = &r,
                           .n = 1};
    struct dane d = {0};
    const char *const names[] = {"mail.example.test"};
    dane_take(&d, &a);
    assert_int_equal(tls_judge_dane(p, &d, names, 1), DANE_VERIFIED);
    assert_int_equal(tls_peer_opinion(p, TLS_CHECK_DANE)->word, TLS_HOLDS);
    d.rows[0].data[5] ^= 1;
    assert_int_equal(tls_judge_dane(p, &d, names, 1), DANE_FAILED);
    assert_int_equal(tls_peer_opinion(p, TLS_CHECK_DANE)->word, TLS_FAILS);
    dane_clear(&d);
    session_free(s);
    loop_free(l);
    target_clear(&t);
    route_clear(&way);
    fake_free(f);
    fake_cert_free(cert);
    fake_ca_free(ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(nothing_to_ask),
        cmocka_unit_test(policy_and_dane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
