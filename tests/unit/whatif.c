/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The what-if of the spoof lab: words that change something and words that do not, and what becomes
 * of the verdict on a forged letter when one thing is changed. */
#include "tests/support/check.h"
#include "heloscope/lab.h"
#include "heloscope/whatif.h"

#include <string.h>

/* As it lies in the maildrop: the server's fields on top, below them what a stranger wrote. */
static const char forged[] =
    "Return-Path: <x@evil.test>\r\n"
    "Delivered-To: student@practice.example\r\n"
    "Authentication-Results: practice.example; spf=fail\r\n"
    "Received: from mail.evil.test (unknown [203.0.113.66])\r\n"
    "\tby practice.example with ESMTP id 1; Sat, 21 Nov 2026 08:00:00 +0000\r\n"
    "Authentication-Results: practice.example; dmarc=pass\r\n"
    "From: Your Bank <security@bank.test>\r\n"
    "To: student@practice.example\r\n"
    "Subject: pay\r\n"
    "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\n"
    "Message-ID: <1@evil.test>\r\n"
    "\r\n"
    "Pay.\r\n";

static void judged(const char *change, const char *want)
{
    struct whatif w;
    struct buf b;
    char why[600] = "";
    whatif_init(&w);
    buf_init(&b, 1 << 18);
    if (*change && !whatif_change(&w, change, why, sizeof why))
        fail_msg("%s: %s", change, why);
    if (!whatif_judge(&w, forged, sizeof forged - 1, &b, why, sizeof why))
        fail_msg("%s: %s", change, why);
    if (!strstr(buf_str(&b), want))
        fail_msg("%s: wanted \"%s\", got: %s", change, want, buf_str(&b));
    buf_clear(&b);
}

static void verdicts(void **state)
{
    (void)state;
    judged("", "SPF pass"); /* for evil.test, which nobody reads */
    judged("", "DMARC fail");
    judged("", "refuses it after the dot");
    judged("policy=quarantine", "puts it aside");
    judged("policy=none", "delivers it");
    judged("policy=off", "DMARC none");
    judged("client=" LAB_BANK, "SPF fail"); /* evil.test does not send from there */
    judged("sign=bank.test", "DKIM pass");
    judged("sign=bank.test", "DMARC pass");
    judged("sign=bank.test", "delivers it");
    judged("sign=evil.test", "DMARC fail"); /* a signature, and not the author's */
}

static void words(void **state)
{
    static const char *const good[] = {
        "policy=none", "alignment=strict", "spf=soft",          "sign=off",
        "reset",       "POLICY=Reject",    "client=2001:db8::1"};
    static const char *const bad[] = {"",        "policy",       "policy=maybe", "client=here",
                                      "sign=me", "weather=good", "policy=none "};
    struct whatif w;
    char why[600], said[200];
    (void)state;
    whatif_init(&w);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!whatif_change(&w, good[i], why, sizeof why))
            fail_msg("%s: %s", good[i], why);
    whatif_init(&w);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why[0] = '\0';
        assert_false(whatif_change(&w, bad[i], why, sizeof why));
        assert_non_null(strstr(why, "changes nothing here"));
    }
    whatif_said(&w, said, sizeof said);
    assert_string_equal(said, "");
    assert_true(whatif_change(&w, "policy=none", why, sizeof why));
    assert_true(whatif_change(&w, "alignment=strict", why, sizeof why));
    whatif_said(&w, said, sizeof said);
    assert_string_equal(said, "policy=none, alignment=strict");
}

static void no_origin(void **state)
{
    static const char *const texts[] = {"", "From: a@b.test\r\n\r\nx",
                                        "Return-Path: <>\r\nReceived: nonsense\r\n\r\n",
                                        "Return-Path: x\r\nReceived: from a ([\r\n\r\n"};
    struct whatif w;
    struct buf b;
    char why[300];
    (void)state;
    whatif_init(&w);
    buf_init(&b, 65536);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(whatif_judge(&w, texts[i], strlen(texts[i]), &b, why, sizeof why));
        assert_non_null(strstr(why, "where it came from"));
    }
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(words),
        cmocka_unit_test(no_origin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
