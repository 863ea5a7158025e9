/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DMARC where the walk up the tree meets trouble: what can be decided all the same, and that the
 * reason names what was met. RFC 9989 4.10. */
#include "tests/support/check.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <string.h>

static const char world[] = "bank.test. TXT \"v=spf1 ip4:192.0.2.10 -all\"\n"
                            "mail.bank.test. TXT \"v=spf1 ip4:192.0.2.10 -all\"\n";

#define REJECT(more) "_dmarc.bank.test. TXT \"v=DMARC1; p=reject" more "\"\n"
#define TOP_SILENT ";!TIMEOUT _dmarc.test TXT\n"

static const struct {
    const char *zone, *ip, *mail_from;
    enum dmarc_result result;
    const char *why;
} rows[] = {
    /* The record above that gives no answer could only tell whose organization this is. */
    {REJECT("") TOP_SILENT, "192.0.2.10", "a@bank.test", DMARC_PASS, "cannot be had"},
    {REJECT("") TOP_SILENT, "192.0.2.10", "a@mail.bank.test", DMARC_TEMPERROR, "is not known"},
    {REJECT("; aspf=s") TOP_SILENT, "192.0.2.10", "a@mail.bank.test", DMARC_FAIL, "strict wants"},
    {REJECT("") TOP_SILENT, "203.0.113.66", "a@bank.test", DMARC_FAIL, "proves nothing"},
    {TOP_SILENT, "192.0.2.10", "a@bank.test", DMARC_TEMPERROR, "above bank.test cannot be had"},
    /* Two records count as none, but they are there. */
    {REJECT("") REJECT("; pct=0"), "203.0.113.66", "m@evil.test", DMARC_NONE,
     "several DMARC records lie at _dmarc.bank.test"},
};

static void walks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const char text[] = "From: a@bank.test\r\n\r\nx\r\n";
        char zone[1000], why[300];
        snprintf(zone, sizeof zone, "%s%s", world, rows[i].zone);
        struct zone *z = zone_parse("rows", zone, strlen(zone), why, sizeof why);
        if (!z)
            fail_msg("%s", why);
        struct rr_source dns = zone_source(z);
        struct mailtext m;
        struct verdict v;
        struct verdict_query q = {.ip = rows[i].ip,
                                  .helo = "x.test",
                                  .mail_from = rows[i].mail_from,
                                  .authserv_id = "mx"};
        mailtext_parse(&m, text, sizeof text - 1);
        verdict_make(&q, &m, &dns, &v);
        const struct dmarc *d = &v.dmarc[DMARC_9989];
        if (d->result != rows[i].result || !strstr(buf_str(&d->because), rows[i].why))
            fail_msg("%s%s: %s, %s", rows[i].zone, rows[i].mail_from, dmarc_word(d->result),
                     buf_str(&d->because));
        verdict_clear(&v);
        mailtext_clear(&m);
        zone_free(z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(walks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
