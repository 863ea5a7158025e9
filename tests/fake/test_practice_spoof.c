/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice server as an authenticating receiver: what it refuses, puts aside and stamps, and
 * what it takes out. */
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"
#include "heloscope/lab.h"
#include "heloscope/lesson.h"
#include "practice/receiver.h"
#include "practice/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop *l;
static struct world *w;
static struct wtalk t;

static int up(void **state)
{
    char why[256];
    (void)state;
    l = loop_new();
    w = world_new(l, NULL, why, sizeof why);
    return w ? 0 : -1;
}

static int down(void **state)
{
    (void)state;
    world_free(w);
    loop_free(l);
    return 0;
}

static void policy(const char *p)
{
    char why[300] = "";
    struct lab_choice c = {.policy = p};
    if (!world_dns(w, NULL, &c, why, sizeof why))
        fail_msg("%s", why);
}

/* A letter as octets, with CRLF; the reply must begin and go on like this. */
static void send(const char *proto, const char *mail_from, const char *letter, const char *want,
                 const char *holds)
{
    char from[200], text[2000];
    snprintf(from, sizeof from, "MAIL FROM:<%s>", mail_from);
    snprintf(text, sizeof text, "\a%s\r\n.\r\n", letter);
    bool lmtp = strcmp(proto, "lmtp") == 0;
    const struct step rows[] = {
        {NULL, "220 ", NULL, NULL},
        {lmtp ? "LHLO evil.test" : "EHLO evil.test", "250 ", NULL, NULL},
        {from, "250 ", NULL, NULL},
        {"RCPT TO:<student@practice.example>", "250 ", NULL, NULL},
        {"DATA", "354 ", NULL, NULL},
        {text, want, holds, NULL},
        {"QUIT", "221 ", NULL, NULL},
        {0},
    };
    wtalk_open(&t, l, w, proto);
    wtalk_walk(&t, rows);
    wtalk_close(&t);
}

/* The last letter of student's maildrop. */
static void last(struct buf *out)
{
    struct wtalk p;
    char retr[32];
    snprintf(retr, sizeof retr, "RETR %zu", world_count(w, "student@practice.example"));
    const struct step rows[] = {{NULL, "+OK", NULL, NULL},
                                {"USER student", "+OK", NULL, NULL},
                                {"PASS apple-pie", "+OK", NULL, NULL},
                                {retr, "+OK", NULL, NULL},
                                {0}};
    wtalk_open(&p, l, w, "pop3");
    wtalk_walk(&p, rows);
    assert_true(wtalk_body(&p));
    buf_trim(out, 0);
    buf_add(out, buf_str(&p.last), p.last.len);
    wtalk_close(&p);
}

#define SPOOFED "From: Alice Meyer <alice@bank.test>\r\nSubject: x\r\n\r\nhello"

static void policies(void **state)
{
    (void)state;
    struct buf b;
    size_t had = world_count(w, "student@practice.example");
    buf_init(&b, 1 << 16);
    /* The world's own zone asks to refuse. */
    send("smtp", "alice@bank.test", SPOOFED, "550 5.7.1 ",
         "bank.test does not vouch for this letter and asks to refuse such (DMARC fail, p=reject: "
         "SPF "
         "fail for bank.test, no DKIM signature)");
    send("smtp", "m@evil.test", SPOOFED, "550 5.7.1 ", "SPF fail for evil.test");
    assert_int_equal(world_count(w, "student@practice.example"), had);
    policy("quarantine");
    send("smtp", "alice@bank.test", SPOOFED, "250 2.0.0 ", "put aside as junk: bank.test does not");
    last(&b);
    assert_non_null(strstr(buf_str(&b), "X-Spam-Flag: YES\r\n"));
    assert_non_null(strstr(buf_str(&b), "Authentication-Results: practice.example;\r\n\tspf=fail "
                                        "smtp.mailfrom=bank.test;\r\n\tdkim=none;\r\n\tdmarc=fail "
                                        "header.from=bank.test policy.dmarc=quarantine\r\n"));
    policy("none");
    send("smtp", "alice@bank.test", SPOOFED, "250 2.0.0 Ok: queued as ", NULL);
    last(&b);
    assert_null(strstr(buf_str(&b), "X-Spam-Flag"));
    assert_non_null(strstr(buf_str(&b), "dmarc=fail header.from=bank.test policy.dmarc=none\r\n"));
    policy(NULL);
    send("smtp", "alice@bank.test", SPOOFED, "250 2.0.0 ", NULL);
    last(&b);
    assert_non_null(strstr(buf_str(&b), "dmarc=none header.from=bank.test\r\n"));
    /* What stands on top is ours: behind what delivery put there, before Received. */
    assert_true(strstr(buf_str(&b), "Authentication-Results:") < strstr(buf_str(&b), "Received:"));
    policy("reject");
    buf_clear(&b);
}

/* A letter that bank.test signed comes through, wherever it comes from. */
static void signed_letter(void **state)
{
    (void)state;
    char why[200] = "";
    struct buf b;
    struct mailtext m;
    struct dkim_key *k = lab_key("bank.test", why, sizeof why);
    assert_non_null(k);
    static const char letter[] = SPOOFED "\r\n";
    struct dkim_signing how = {.domain = "bank.test",
                               .selector = LAB_SELECTOR,
                               .headers = "from:subject:from",
                               .relaxed_body = true};
    buf_init(&b, 1 << 16);
    mailtext_parse(&m, letter, sizeof letter - 1);
    assert_true(dkim_sign(&m, k, &how, &b, why, sizeof why));
    mailtext_clear(&m);
    buf_add_str(&b, SPOOFED);
    send("smtp", "alice@bank.test", buf_str(&b), "250 2.0.0 ", NULL);
    last(&b);
    assert_non_null(strstr(buf_str(&b), "dkim=pass header.d=bank.test header.s=lab "
                                        "header.a=ed25519-sha256 header.b="));
    assert_non_null(
        strstr(buf_str(&b), "dmarc=pass header.from=bank.test policy.dmarc=reject\r\n"));
    buf_clear(&b);
    dkim_key_free(k);
    assert_null(lab_key("nobody.test", why, sizeof why));
    assert_non_null(strstr(why, "no key for nobody.test"));
}

static void forged(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 16);
    send("smtp", "m@nowhere.test",
         "Authentication-Results: practice.example; dmarc=pass header.from=bank.test\r\n"
         "From: m@nowhere.test\r\nAuthentication-Results: (x)\r\n "
         "PRACTICE.example;\r\n\tspf=pass\r\n"
         "Authentication-Results: mx.other.test; spf=pass\r\nSubject: kept\r\n\r\n"
         "Authentication-Results: practice.example; in the body",
         "250 2.0.0 ", "only it may write them");
    last(&b);
    assert_null(strstr(buf_str(&b), "dmarc=pass"));
    assert_null(strstr(buf_str(&b), "PRACTICE.example"));
    assert_non_null(strstr(buf_str(&b), "mx.other.test; spf=pass\r\nSubject: kept\r\n\r\n"));
    assert_non_null(strstr(buf_str(&b), "practice.example; in the body\r\n"));
    assert_non_null(strstr(buf_str(&b), "Authentication-Results: practice.example; none\r\n"));
    /* Also where nobody is judged. */
    send("lmtp", "m@evil.test",
         "Authentication-Results: practice.example; dmarc=pass\r\nFrom: a@bank.test\r\n\r\nx",
         "250 2.1.5 ", NULL);
    last(&b);
    assert_null(strstr(buf_str(&b), "Authentication-Results"));
    buf_clear(&b);
}

static void ambiguous(void **state)
{
    (void)state;
    send("smtp", "m@evil.test", "From: m@evil.test\r\nFrom: alice@bank.test\r\n\r\nx", "550 5.6.0 ",
         "message has 2 From fields (RFC 5322 3.6)");
    send("lmtp", "m@evil.test", "From: m@evil.test\r\nfrom : alice@bank.test\r\n\r\nx",
         "550 5.6.0 ", "message has 2 From fields (RFC 5322 3.6)");
    send("smtp", "m@evil.test", "From: m@nowhere.test\r\n\r\nFrom: in the body\r\nFrom: b",
         "250 2.0.0", NULL);
    send("smtp", "m@evil.test", "From: m@evil.test\r\n\r\na\nb", "550 5.5.2 ", "bare LF");
}

static void own_zone(void **state)
{
    (void)state;
    char why[300] = "";
    struct world_options o = {.zone = "/nonexistent/zone"};
    assert_null(world_new(l, &o, why, sizeof why));
    assert_non_null(strstr(why, "/nonexistent/zone: No such file"));
    assert_false(receiver_zone(world_receiver(w), "x y z\n", 6, why, sizeof why));
    assert_non_null(strstr(why, "zone:1: "));
    send("smtp", "alice@bank.test", SPOOFED, "550 5.7.1 ", NULL); /* the former one still holds */
}

/* A lesson's world: its zone file, what bank.test asks for, and back to the usual one. */
static void lesson_worlds(void **state)
{
    char why[300] = "", none[] = "", off[] = "off", zone[] = "spoof-test.zone", fire[] = "fire";
    struct lesson plain = {
        .fault = none, .policy = none, .alignment = none, .spf = none, .zone = none};
    struct lesson x = plain;
    (void)state;
    x.policy = off;
    assert_true(lesson_world(&x, w, why, sizeof why));
    send("smtp", "alice@bank.test", SPOOFED, "250 2.0.0 ", NULL);
    FILE *f = fopen(zone, "w");
    assert_non_null(f);
    fputs("evil.test. TXT \"v=spf1 -all\"\n_dmarc.bank.test. TXT \"v=DMARC1; p=quarantine\"\n", f);
    assert_int_equal(fclose(f), 0);
    x = plain;
    x.zone = zone;
    assert_true(lesson_world(&x, w, why, sizeof why));
    send("smtp", "m@evil.test", SPOOFED, "250 2.0.0 ", "put aside as junk");
    unlink(zone);
    assert_false(lesson_world(&x, w, why, sizeof why));
    assert_non_null(strstr(why, "spoof-test.zone: No such file"));
    send("smtp", "m@evil.test", SPOOFED, "250 2.0.0 ", "put aside as junk"); /* still */
    x = plain;
    x.fault = fire;
    assert_false(lesson_world(&x, w, why, sizeof why));
    assert_true(lesson_world(&plain, w, why, sizeof why));
    send("smtp", "alice@bank.test", SPOOFED, "550 5.7.1 ", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(policies), cmocka_unit_test(signed_letter),
                                       cmocka_unit_test(forged),   cmocka_unit_test(ambiguous),
                                       cmocka_unit_test(own_zone), cmocka_unit_test(lesson_worlds)};
    return cmocka_run_group_tests(tests, up, down);
}
