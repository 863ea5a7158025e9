/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages and records made to hurt: every one ends in a verdict with a reason, soon. */
#include "tests/support/check.h"
#include "heloscope/loop.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY                                                                                        \
    "s._domainkey.bank.test. TXT \"v=DKIM1; k=ed25519; "                                           \
    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
#define SIGNATURE                                                                                  \
    "DKIM-Signature: v=1; a=ed25519-sha256; d=bank.test; s=s; h=%s;\r\n"                           \
    " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA%s\r\n"

enum { SOON_MS = 8000 }; /* much more than it takes, also under a sanitizer */

static void judged(const char *zone, const struct buf *text, const char *mail_from,
                   struct verdict *v)
{
    char why[300] = "";
    struct zone *z = zone_parse("z", zone, strlen(zone), why, sizeof why);
    if (!z)
        fail_msg("%s", why);
    struct rr_source dns = zone_source(z);
    struct mailtext m;
    struct verdict_query q = {"192.0.2.1", "x.test", mail_from, "mx", DMARC_9989, 1};
    uint64_t start = now_us();
    mailtext_parse(&m, buf_str(text), text->len);
    verdict_make(&q, &m, &dns, v);
    assert_in_range((now_us() - start) / 1000, 0, SOON_MS);
    assert_true(v->spf.because.len && v->dmarc[0].because.len && v->dmarc[1].because.len);
    assert_null(strpbrk(buf_str(&v->results), "\r\n\t\033"));
    mailtext_clear(&m);
    zone_free(z);
}

static void headers(void **state)
{
    (void)state;
    struct buf b;
    struct verdict v;
    char names[4000] = "From";
    for (int i = 0; i < 500; i++)
        strcat(names, ":From");
    buf_init(&b, 4 << 20);
    for (int i = 0; i < 12; i++)
        buf_addf(&b, SIGNATURE, names, "");
    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "From: a%d@bank%d.test\r\n", i, i);
    buf_add_str(&b, "\r\nx\r\n");
    judged(KEY, &b, "a@bank.test", &v);
    assert_int_equal(v.author.fields, 10000);
    assert_true(v.author.malformed);
    assert_false(v.dmarc[0].evaluated);
    assert_int_equal(v.dkim.n, DKIM_SIGNATURES);
    assert_int_equal(v.dkim.left_out, 2);
    assert_int_equal(v.dkim.at[9].result, DKIM_FAIL);
    verdict_clear(&v);
    buf_clear(&b);
}

/* 50 MB, ten signatures that each want another part of it hashed. */
static void body(void **state)
{
    (void)state;
    struct buf b;
    struct verdict v;
    buf_init(&b, 64 << 20);
    for (int i = 0; i < 10; i++) {
        char l[40];
        snprintf(l, sizeof l, "; l=%d", 40000000 + i);
        buf_addf(&b, SIGNATURE, "From", l);
    }
    buf_add_str(&b, "From: a@bank.test\r\n\r\n");
    while (b.len < (50 << 20))
        buf_add_str(&b, "a line \t of the body\r\n\r\n \r\n");
    judged(KEY "_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n", &b, "a@bank.test", &v);
    assert_int_equal(v.dkim.at[0].result, DKIM_FAIL);
    assert_int_equal(v.dkim.at[9].result, DKIM_PERMERROR);
    assert_non_null(strstr(buf_str(&v.dkim.at[9].because), "too large"));
    const char *once = strstr(buf_str(&v.dmarc[0].because), "DKIM fail of bank.test");
    assert_non_null(once);
    assert_null(strstr(once + 1, "DKIM fail of bank.test"));
    verdict_clear(&v);
    buf_clear(&b);
}

static void odd(void **state)
{
    (void)state;
    struct buf b;
    struct verdict v;
    buf_init(&b, 4 << 20);
    buf_add_str(&b, "From: a@bank.test\r\n");
    for (int i = 0; i < 1000; i++) /* a MIME tree: no business of a verdict */
        buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
    judged("bank.test. TXT \"v=spf1 +all\"\n", &b, "a@bank.test", &v);
    assert_int_equal(v.spf.result, SPF_PASS);
    assert_int_equal(v.author.domains, 1);
    verdict_clear(&v);
    buf_clear(&b);

    static const char nuls[] =
        "From: a@ba\0nk.test\r\n\0: \0\r\nDKIM-Signature: \0=\0; d=\0\r\n\r\n\0";
    buf_add(&b, nuls, sizeof nuls - 1);
    judged("bank.test. TXT \"v=spf1 +all\"\n", &b, "a@bank.test", &v);
    assert_true(v.author.malformed);
    assert_int_equal(v.author.domains, 0);
    assert_int_equal(v.dkim.n, 1);
    assert_int_equal(v.dkim.at[0].result, DKIM_PERMERROR);
    verdict_clear(&v);
    buf_clear(&b);

    buf_add_str(&b, "From: ");
    for (int i = 0; i < 100000; i++)
        buf_add_str(&b, "(\"");
    buf_add_str(&b, "\r\n\r\n");
    judged("", &b, "", &v);
    assert_true(v.author.malformed);
    verdict_clear(&v);
    buf_clear(&b);
}

static void records(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        enum spf_result result;
        const char *why;
    } rows[] = {
        {"x.test. TXT \"v=spf1 include:x.test -all\"\n", SPF_PERMERROR, "look-up 11"},
        {"x.test. TXT \"v=spf1 redirect=x.test\"\n", SPF_PERMERROR,
         "x.test is reached from itself"},
        {"x.test. TXT \"v=spf1 include:y.test -all\"\ny.test. TXT \"v=spf1 include:x.test -all\"\n",
         SPF_PERMERROR, "x.test is reached from itself: a loop"},
        {"*.x.test. A 192.0.2.9\nx.test. TXT \"v=spf1 a:1.x.test a:2.x.test a:3.x.test a:4.x.test "
         "a:5.x.test a:6.x.test a:7.x.test a:8.x.test a:9.x.test a:10.x.test a:11.x.test "
         "a:12.x.test a:13.x.test +all\"\n",
         SPF_PERMERROR,
         "\"a:11.x.test\" would be look-up 11, 10 are the most (RFC 7208 4.6.4); record"},
        {"x.test. TXT \"v=spf1 a:a.x.test a:b.x.test a:c.x.test +all\"\n", SPF_PERMERROR,
         "3 questions found nothing, 2 are the most"},
        {"x.test. TXT \"v=spf1 -all\"\nx.test. TXT \"v=spf1 +all\"\n", SPF_PERMERROR,
         "2 SPF records"},
        {"x.test. TXT \"v=spf1 ipv4:192.0.2.1 -all\"\n", SPF_PERMERROR, "no such mechanism"},
        {"x.test. TXT \"v=spf1 ip4:192.0.2.0/24\\009-all\"\n", SPF_PERMERROR, "octet 09"},
    };
    struct buf b;
    buf_init(&b, 1000);
    buf_add_str(&b, "From: a@x.test\r\n\r\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v;
        judged(rows[i].zone, &b, "a@x.test", &v);
        if (v.spf.result != rows[i].result || !strstr(buf_str(&v.spf.because), rows[i].why))
            fail_msg("%s: %s", rows[i].zone, buf_str(&v.spf.because));
        verdict_clear(&v);
    }
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(headers), cmocka_unit_test(body),
                                       cmocka_unit_test(odd), cmocka_unit_test(records)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
