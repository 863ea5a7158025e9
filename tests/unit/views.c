/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The four views of a letter: what each of them holds, and what it warns of; letters whose header
 * is endless or none. */
#include "tests/support/check.h"
#include "heloscope/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf view[5]; /* 1 to 4; 0: parts, text, all headers */
static int at;

static void line(void *arg, enum views_line kind, const char *label, const char *text)
{
    (void)arg;
    if (kind == VIEWS_VIEW)
        at = *text - '0';
    buf_addf(&view[at], "%s%s|%s\n", kind == VIEWS_WARNING ? "!" : "", label, text);
}

static void tell(const char *text, size_t n, const char *verdict, const char *whatif)
{
    static const char *const known[] = {"bank.test", NULL};
    struct reader r;
    reader_open(&r, text, n);
    struct views_of v = {.text = text,
                         .n = n,
                         .reader = &r,
                         .domains = known,
                         .verdict = verdict,
                         .changed = whatif ? "policy=none" : NULL,
                         .whatif = whatif};
    for (int i = 0; i < 5; i++) {
        buf_clear(&view[i]);
        buf_init(&view[i], 1 << 20);
    }
    views_tell(&v, line, NULL);
    at = 0;
    views_body(&v, line, NULL);
    reader_clear(&r);
}

static void has(int which, const char *what)
{
    if (!strstr(buf_str(&view[which]), what))
        fail_msg("\"%s\" is missing in view %d:\n%s", what, which, buf_str(&view[which]));
}

#define TRACE                                                                                      \
    "Return-Path: <mallory@evil.test>\r\n"                                                         \
    "Authentication-Results: practice.example; dmarc=fail header.from=bank.test\r\n"               \
    "Received: from evil.test (unknown [203.0.113.66])\r\n by practice.example with ESMTP id "     \
    "7\r\n"                                                                                        \
    " for <bob@school.test>; Sat, 21 Nov 2026 08:00:00 +0000\r\n"

static void each(void **state)
{
    static const char text[] =
        TRACE "From: \"alice@bank.test\" <alice@xn--bnk-6cd.test>\r\n"
              "Sender: M <mallory@evil.test>\r\nReply-To: <a@evil\xe2\x80\xae.test>\r\n"
              "To: =?utf-8?Q?B=D0=BEb?= <bob@school.test>\r\nMessage-ID: <1@evil.test>\r\n"
              "Authentication-Results: mx.school.test; dmarc=pass\r\nno field\r\n"
              "Subject: =?utf-8?Q?P=C3=A4y?=\r\n\r\nDear Bob\r\n";
    (void)state;
    tell(text, sizeof text - 1, "SPF pass: because\nDMARC fail: so\nThe receiver: refuses it\n",
         "SPF pass: because\nDMARC fail: but\nThe receiver: delivers it\n");
    has(1, "Client|(unknown [203.0.113.66])\n");
    has(1, "EHLO|evil.test\n");
    has(1, "MAIL FROM|<mallory@evil.test>\n");
    has(1, "RCPT TO|<bob@school.test>\n");
    has(2, "From|\"alice@bank.test\" <alice@xn--bnk-6cd.test>\n");
    has(2, "Sender|M <mallory@evil.test>\n");
    has(2, "!|Sender is not From");
    has(2, "!|An answer goes to Reply-To");
    has(2, "!|From is not the envelope's sender");
    has(2, "!Results|mx.school.test; dmarc=pass\n");
    assert_null(strstr(buf_str(&view[2]), "practice.example;"));
    has(3, "In a list|alice@bank.test\n");
    has(3, "Opened|alice@bank.test <alice@xn--bnk-6cd.test>\n");
    has(3, "!|The name holds an address");
    has(3, "it reads b\xd0\xb0nk.test");
    has(3, "looks like bank.test");
    has(3, "!|One word has letters of several scripts");
    has(3, "Characters|U+0430 CYRILLIC SMALL LETTER A\n");
    has(3, "in Subject|U+00E4 LATIN SMALL LETTER A WITH DIAERESIS\n");
    has(3, "in To|U+043E CYRILLIC SMALL LETTER O\n");
    has(3, "in Reply-To|U+202E RIGHT-TO-LEFT OVERRIDE: it turns the order");
    has(3, "Not seen by this");
    has(4, "SPF|pass: because\n");
    has(4, "Receiver|refuses it\n");
    has(4, "|What if policy=none?\nSPF|pass, as before\n!DMARC|fail: but\n!Receiver|delivers it\n");
    has(4, "Results|practice.example; dmarc=fail");
    assert_null(strstr(buf_str(&view[4]), "mx.school.test"));
    has(0, "|Dear Bob");
    has(0, "|All headers\nReturn-Path|<mallory@evil.test>\n");
    has(0, "|Authentication-Results: mx.school.test; dmarc=pass\n");
    has(0, "!|1 lines of the header are no field");
}

/* The domain in U-labels is told in A-labels too; an honest letter brings no warning. */
static void quiet(void **state)
{
    static const char idn[] =
        "Authentication-Results: mx; spf=pass\r\nFrom: a@b\xd0\xb0nk.test\r\n\r\n";
    static const char honest[] = "Return-Path: <a@bank.test>\r\nFrom: A <a@bank.test>\r\n"
                                 "Reply-To: <a@bank.test>\r\nSubject: x\r\n\r\nhi\r\n";
    (void)state;
    /* handed on inside the house: the client is that of the Received below */
    static const char bcc[] = "Delivered-To: bob@school.test\r\nReceived: from x by y; now\r\n"
                              "From: a@bank.test\r\nTo: carol@school.test\r\n%s\r\n";
    for (int named = 0; named < 2; named++) {
        char text[300];
        snprintf(text, sizeof text, bcc, named ? "Cc: <Bob@school.test>\r\n" : "");
        tell(text, strlen(text), NULL, NULL);
        if (named)
            assert_null(strstr(buf_str(&view[2]), "stands in no To"));
        else
            has(2, "Whom it went to stands in no To or Cc");
    }
    static const struct {
        const char *text, *why;
    } odd[] = {
        {"Subject: x\r\n\r\n", "!|From: the message has no From field (RFC 5322 3.6)."},
        {"From: a@bank.test, b@evil.test\r\n\r\n", "!|From: it names authors of several"},
        {"From: us: a@bank.test;\r\n\r\n", "!|From: it names a group"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        tell(odd[i].text, strlen(odd[i].text), NULL, NULL);
        has(2, odd[i].why);
    }
    static const char handed[] =
        "Return-Path: <m@evil.test>\r\nReceived: from mx.school.test\r\n\tby mx.school.test with "
        "LMTP id 1 (envelope-from <m@evil.test>)\r\n\tfor <b@school.test>; Sat\r\n"
        "Authentication-Results: mx.school.test; spf=pass\r\n"
        "Received: from evil.test (unknown [203.0.113.66])\r\n\tby mx.school.test (Postfix) with "
        "ESMTP id 2\r\n\tfor <b@school.test>; Sat\r\n"
        "Authentication-Results: mx.school.test; dmarc=pass\r\nFrom: <m@evil.test>\r\n\r\n";
    tell(handed, sizeof handed - 1, NULL, NULL);
    has(1, "Client|(unknown [203.0.113.66])\nEHLO|evil.test\n");
    has(4, "Results|mx.school.test; spf=pass\n");
    has(2, "!Results|mx.school.test; dmarc=pass\n");
    static const char other[] =
        "Received: from a\r\n\tby mx.school.test with LMTP id 1; Sat\r\n"
        "Received: from evil.test (unknown [192.0.2.1]) by mx.bank.test with ESMTP; Sat\r\n\r\n";
    tell(other, sizeof other - 1, NULL, NULL);
    has(1, "Client|(its address was not noted)\nEHLO|a\n");
    has(1, "which proves nothing");
    tell(idn, sizeof idn - 1, NULL, NULL);
    has(3, "in the DNS it is xn--bnk-6cd.test");
    has(1, "no server has written Received");
    has(2, "!Results|mx; spf=pass\n"); /* who knows who wrote it */
    has(4, "Nothing: this server tells no Authentication-Results");
    tell(honest, sizeof honest - 1, NULL, NULL);
    for (int i = 0; i < 5; i++)
        if (strchr(buf_str(&view[i]), '!'))
            fail_msg("a warning: %s", buf_str(&view[i]));
}

static void endless(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 64 << 20);
    buf_add_str(&b, TRACE);
    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "X-%d: y\r\nFrom: a%d@bank.test\r\n", i, i);
    for (int i = 0; i < 1000; i++)
        buf_add_str(&b, "Subject: 0123456789 0123456789 0123456789 0123456789\r\n");
    buf_add_str(&b, "X-Long: ");
    for (int i = 0; i < 100000; i++)
        buf_add_str(&b, "=?utf-8?Q?=FF?= ");
    buf_add_str(&b, "\r\n\r\n");
    for (int i = 0; i < 5000; i++)
        buf_add_str(&b, "line\r\n");
    tell(b.p, b.len, NULL, NULL);
    has(2, "!|This field stands there more than once");
    has(0, "more lines are not shown");
    has(0, "more fields are not listed");
    assert_in_range(view[0].len + view[2].len + view[3].len, 1000, 1 << 20);
    tell("", 0, NULL, NULL);
    tell("\0\0:\0\r\nFrom\0: x\r\n\r\n\0", 20, NULL, NULL);
    buf_clear(&b);
    for (int i = 0; i < 5; i++)
        buf_clear(&view[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each), cmocka_unit_test(quiet),
                                       cmocka_unit_test(endless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
