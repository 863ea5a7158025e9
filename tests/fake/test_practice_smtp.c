/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice world's SMTP, submission and LMTP server: dialogues as rows of what is said and what
 * is answered. */
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUDENT "AHN0dWRlbnQAYXBwbGUtcGll" /* NUL student NUL apple-pie */

static struct loop *l;
static struct world *w;
static struct wtalk t;

static int up(void **state)
{
    struct world_options o = {.message_max = 100000, .idle_ms = 0};
    char why[256];
    (void)state;
    l = loop_new();
    w = world_new(l, &o, why, sizeof why);
    return w ? 0 : -1;
}

static int down(void **state)
{
    (void)state;
    world_free(w);
    loop_free(l);
    return 0;
}

static void walk(const char *proto, const struct step *rows)
{
    wtalk_open(&t, l, w, proto);
    wtalk_walk(&t, rows);
    wtalk_close(&t);
}

static const struct step a_letter[] = {
    {NULL, "220 practice.example ESMTP", NULL, NULL},
    {"EHLO laptop.example", "250 ", "250-STARTTLS", "AUTH"},
    {"MAIL FROM:<ceo@bank.example>", "250 2.1.0", NULL, NULL},
    {"RCPT TO:<student@practice.example>", "250 2.1.5", NULL, NULL},
    {"DATA", "354 ", NULL, "354 2"},
    {"Subject: hi", NULL, NULL, NULL},
    {"", NULL, NULL, NULL},
    {"..a dot", NULL, NULL, NULL},
    {".", "250 2.0.0", "queued as ", NULL},
    {"QUIT", "221 2.0.0", NULL, NULL},
    {0},
};

/* What RETR gives, whatever way it came in. */
static void fetch_last(struct buf *out)
{
    struct wtalk p;
    char retr[32];
    wtalk_open(&p, l, w, "pop3");
    wtalk_walk(&p, (const struct step[]){{NULL, "+OK", NULL, NULL},
                                         {"USER student", "+OK", NULL, NULL},
                                         {"PASS apple-pie", "+OK", NULL, NULL},
                                         {0}});
    snprintf(retr, sizeof retr, "RETR %zu", world_count(w, "student@practice.example"));
    wtalk_walk(&p, (const struct step[]){{retr, "+OK", NULL, NULL}, {0}});
    assert_true(wtalk_body(&p));
    buf_init(out, 1 << 20);
    buf_add(out, p.last.p, p.last.len);
    wtalk_close(&p);
}

static void sent_is_fetched(void **state)
{
    struct buf b;
    (void)state;
    assert_int_equal(world_count(w, "student@practice.example"), 3);
    walk("smtp", a_letter);
    assert_int_equal(world_count(w, "student@practice.example"), 4);
    fetch_last(&b);
    assert_non_null(strstr(b.p, "Return-Path: <ceo@bank.example>\r\n"));
    assert_non_null(strstr(b.p, "Received: from laptop.example (unknown [192.0.2.10])"));
    assert_non_null(strstr(b.p, " with ESMTP id "));
    assert_non_null(strstr(b.p, "for <student@practice.example>;"));
    assert_non_null(strstr(b.p, "\r\n\r\n..a dot\r\n.\r\n")); /* stored with one, stuffed again */
    buf_clear(&b);
}

static void one_byte_at_a_time(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    t.piece = 1;
    wtalk_walk(&t, a_letter);
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
    assert_int_equal(world_count(w, "student@practice.example"), 4);
}

static void pipelined(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(
        &t, (const struct step[]){
                {NULL, "220", NULL, NULL},
                {"\aEHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<student@practice.example>\r\n"
                 "RCPT TO:<x@practice.example>\r\nDATA\r\nSubject: x\r\n\r\n.\r\nNOOP\r\nQUIT\r\n",
                 "250 ", NULL, NULL},
                {NULL, "250 2.1.0", NULL, NULL},
                {NULL, "250 2.1.5", NULL, NULL},
                {NULL, "550 5.1.1", NULL, NULL},
                {NULL, "354", NULL, NULL},
                {NULL, "250 2.0.0", "queued as", NULL},
                {NULL, "250 2.0.0", NULL, NULL},
                {NULL, "221", NULL, NULL},
                {0}});
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
}

static void accounts_and_refusals(void **state)
{
    static const struct step rows[] = {
        {NULL, "220", NULL, NULL},
        {"EHLO a.example", "250", NULL, NULL},
        {"MAIL FROM:<me@home.example>", "250", NULL, NULL},
        {"RCPT TO:<nobody@practice.example>", "550 5.1.1", NULL, NULL},
        {"RCPT TO:<whoever@practice.example>", "550 5.1.1", NULL, NULL},
        {"RCPT TO:<full@practice.example>", "452 4.2.2", NULL, NULL},
        {"RCPT TO:<disabled@practice.example>", "550 5.2.1", NULL, NULL},
        {"RCPT TO:<friend@elsewhere.example>", "550 5.7.1", "relaying denied", NULL},
        {"DATA", "554 5.5.1", NULL, NULL},
        {"RCPT TO:<greylist@practice.example>", "450 4.7.1", NULL, NULL},
        {"RCPT TO:<greylist@practice.example>", "250 2.1.5", NULL, NULL},
        {"RCPT TO:<POSTMASTER>", "250 2.1.5", NULL, NULL},
        {"RCPT TO:<\"student\"@PRACTICE.example>", "250 2.1.5", NULL, NULL},
        {"RCPT TO:<@a.example,@b.example:teacher@practice.example>", "250 2.1.5", NULL, NULL},
        {"RCPT TO:<class@practice.example>", "250 2.1.5", NULL, NULL},
        {"DATA", "354", NULL, NULL},
        {".", "250 2.0.0", NULL, NULL},
        {0},
    };
    (void)state;
    walk("smtp", rows);
    assert_int_equal(world_count(w, "student@practice.example"), 5);
    assert_int_equal(world_count(w, "teacher@practice.example"), 2);
    assert_int_equal(world_count(w, "greylist@practice.example"), 1);
}

static void order_and_syntax(void **state)
{
    static const struct step rows[] = {
        {NULL, "220", NULL, NULL},
        {"MAIL FROM:<a@b.example>", "503 5.5.1", NULL, NULL},
        {"EHLO", "501 5.5.4", NULL, NULL},
        {"EHLO a b", "501 5.5.4", NULL, NULL},
        {"HELO a.example", "250 ", NULL, NULL},
        {"MAIL FROM:<a@b.example> SIZE=3", "555 5.5.4", NULL, NULL},
        {"AUTH PLAIN", "503 5.5.1", NULL, NULL},
        {"EHLO [192.0.2.1]", "250 ", NULL, NULL},
        {"RCPT TO:<student@practice.example>", "503 5.5.1", NULL, NULL},
        {"DATA", "503 5.5.1", NULL, NULL},
        {"MAIL FROM: <a@b.example>", "501 5.5.4", NULL, NULL},
        {"MAIL FROM:a@b.example", "501 5.5.4", NULL, NULL},
        {"MAIL FROM:<a@b..example>", "501 5.1.7", NULL, NULL},
        {"MAIL FROM:<a", "501 5.1.7", NULL, NULL},
        {"MAIL FROM:<a@b.example> FOO=1", "555 5.5.4", NULL, NULL},
        {"MAIL FROM:<a@b.example> SIZE=99999999", "552 5.3.4", NULL, NULL},
        {"MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4", NULL, NULL},
        {"MAIL FROM:<a@b.example> SIZE=1 SIZE=1", "501 5.5.4", NULL, NULL},
        {"MAIL FROM:<\xc3\xa4@b.example>", "553 5.6.7", NULL, NULL},
        {"mail from:<\xc3\xa4@b.example> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=x+2Dy AUTH=<>",
         "250", NULL, NULL},
        {"MAIL FROM:<a@b.example>", "503 5.5.1", NULL, NULL},
        {"DATA", "503 5.5.1", NULL, NULL},
        {"RCPT TO:<>", "501 5.1.3", NULL, NULL},
        {"RCPT TO:<student>", "501 5.1.3", NULL, NULL},
        {"RCPT TO:<student@practice.example> NOTIFY=NEVER,SUCCESS", "501 5.5.4", NULL, NULL},
        {"RCPT TO:<student@practice.example> NOTIFY=SUCCESS ORCPT=rfc822;s@x.example", "250", NULL,
         NULL},
        {"DATA now", "501 5.5.4", NULL, NULL},
        {0},
    };
    static const struct step more[] = {
        {NULL, "220", NULL, NULL},
        {"FOO", "500 5.5.1", NULL, NULL},
        {"", "500 5.5.1", NULL, NULL},
        {"LHLO a.example", "500 5.5.1", "EHLO", NULL},
        {"EHLO a.example", "250", NULL, NULL},
        {"ETRN x", "502 5.5.1", NULL, NULL},
        {"AUTH PLAIN " STUDENT, "538 5.7.11", NULL, NULL},
        {"VRFY student", "252 2.0.0", NULL, NULL},
        {"EXPN class", "250 2.1.5", "student@practice.example", NULL},
        {"EXPN student", "550 5.1.1", NULL, NULL},
        {"HELP", "214 2.0.0", "MAIL", NULL},
        {"HELP MAIL", "214 2.0.0", "MAIL FROM:<", NULL},
        {"NOOP x", "250 2.0.0", NULL, NULL},
        {"RSET", "250 2.0.0", NULL, NULL},
        {"\aNOOP\n", "500 5.5.2", "LF alone", NULL},
        {"\aNO\rOP\r\n", "500 5.5.2", NULL, NULL},
        {0},
    };
    (void)state;
    walk("smtp", rows);
    walk("smtp", more);
}

static void lines_too_long(void **state)
{
    char line[40000];
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    assert_true(wtalk_reply(&t));
    for (size_t n = 511; n <= 39000; n = n == 511 ? 513 : n * 3) {
        memset(line, 'x', n);
        memcpy(line, "NOOP ", 5);
        memcpy(line + n - 2, "\r\n", 2);
        wtalk_send(&t, line, n);
        assert_true(wtalk_reply(&t));
        assert_memory_equal(t.last.p, n <= 512 ? "250 2.0.0" : "500 5.5.2", 9);
    }
    wtalk_walk(&t, (const struct step[]){{"NOOP", "250", NULL, NULL}, {0}});
    wtalk_close(&t);
}

static void nul_in_a_command(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    assert_true(wtalk_reply(&t));
    wtalk_send(&t, "NO\0OP\r\n", 7);
    assert_true(wtalk_reply(&t));
    assert_memory_equal(t.last.p, "500 5.5.2", 9);
    wtalk_close(&t);
}

static void too_many_mistakes(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    assert_true(wtalk_reply(&t));
    for (int i = 0; i < 20; i++)
        wtalk_walk(&t, (const struct step[]){{"WHAT", "500", NULL, NULL}, {0}});
    wtalk_walk(&t, (const struct step[]){{"WHAT", "421 4.7.0", NULL, NULL}, {0}});
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
}

static void too_many_recipients(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, (const struct step[]){{NULL, "220", NULL, NULL},
                                         {"EHLO a.example", "250", NULL, NULL},
                                         {"MAIL FROM:<a@b.example>", "250", NULL, NULL},
                                         {0}});
    for (int i = 0; i < 100; i++)
        wtalk_walk(&t, (const struct step[]){
                           {"RCPT TO:<student@practice.example>", "250", NULL, NULL}, {0}});
    wtalk_walk(&t, (const struct step[]){
                       {"RCPT TO:<student@practice.example>", "452 4.5.3", NULL, NULL}, {0}});
    wtalk_close(&t);
}

#define BEGIN                                                                                      \
    {NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},                              \
        {"MAIL FROM:<a@b.example>", "250", NULL, NULL},                                            \
    {                                                                                              \
        "RCPT TO:<student@practice.example>", "250", NULL, NULL                                    \
    }

static void only_crlf_dot_crlf_ends(void **state)
{
    static const char *const fakes[] = {
        "\ax\n.\nMAIL FROM:<evil@b.example>\r\n", "\ax\n.\r\nMAIL FROM:<evil@b.example>\r\n",
        "\ax\r\n.\nMAIL FROM:<evil@b.example>\r\n", "\ax\r\n.\rMAIL FROM:<evil@b.example>\r\n",
        "\ax\r.\rMAIL FROM:<evil@b.example>\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof fakes / sizeof *fakes; i++) {
        wtalk_open(&t, l, w, "smtp");
        t.piece = i & 1;
        wtalk_walk(&t, (const struct step[]){BEGIN,
                                             {"DATA", "354", NULL, NULL},
                                             {fakes[i], NULL, NULL, NULL},
                                             {".", "550 5.5.2", "bare", NULL},
                                             {"NOOP", "250 2.0.0", NULL, NULL},
                                             {0}});
        assert_int_equal(t.in.len, 0);
        wtalk_close(&t);
    }
    assert_int_equal(world_count(w, "student@practice.example"), 3);
}

static void size_in_data(void **state)
{
    char *big = xmalloc(120000);
    (void)state;
    for (size_t i = 0; i < 120000; i += 100) {
        memset(big + i, 'x', 98);
        memcpy(big + i + 98, "\r\n", 2);
    }
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, (const struct step[]){BEGIN, {"DATA", "354", NULL, NULL}, {0}});
    wtalk_send(&t, big, 100000);
    wtalk_walk(&t, (const struct step[]){{".", "250", NULL, NULL},
                                         {"MAIL FROM:<a@b.example>", "250", NULL, NULL},
                                         {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                                         {"DATA", "354", NULL, NULL},
                                         {0}});
    wtalk_send(&t, big, 100100);
    wtalk_walk(&t, (const struct step[]){
                       {".", "552 5.3.4", NULL, NULL}, {"NOOP", "250", NULL, NULL}, {0}});
    wtalk_close(&t);
    free(big);
}

static void loops_nuls_long_lines(void **state)
{
    char line[2000];
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, (const struct step[]){BEGIN, {"DATA", "354", NULL, NULL}, {0}});
    for (int i = 0; i < 100; i++)
        wtalk_send(&t, "Received: x\r\n", 13);
    wtalk_walk(&t, (const struct step[]){{".", "554 5.4.6", NULL, NULL},
                                         {"MAIL FROM:<a@b.example>", "250", NULL, NULL},
                                         {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                                         {"DATA", "354", NULL, NULL},
                                         {0}});
    wtalk_send(&t, "a\0b\r\n", 5);
    wtalk_walk(&t, (const struct step[]){{".", "554 5.6.0", NULL, NULL},
                                         {"MAIL FROM:<a@b.example>", "250", NULL, NULL},
                                         {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                                         {"DATA", "354", NULL, NULL},
                                         {0}});
    memset(line, 'y', sizeof line);
    memcpy(line + 1500, "\r\n", 3);
    wtalk_send(&t, line, 1502);
    wtalk_walk(&t, (const struct step[]){{".", "250 2.0.0", "998", NULL}, {0}});
    wtalk_close(&t);
}

static void chunks(void **state)
{
    struct buf b;
    (void)state;
    walk("smtp", (const struct step[]){
                     BEGIN,
                     {"\aBDAT 14\r\nSubject: bdat\nBDAT 2\r\n\r\n", "250 2.0.0", "14 octets", NULL},
                     {NULL, "250 2.0.0", NULL, NULL},
                     {"DATA", "503 5.5.1", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "503 5.5.1", NULL, NULL},
                     {"BDAT 0 LAST", "550 5.5.2", NULL, NULL}, /* a bare LF after bdat */
                     {0}});
    walk("smtp",
         (const struct step[]){
             BEGIN,
             {"\aBDAT 17\r\nSubject: bdat\r\n\r\nBDAT 3 LAST\r\n.\r\n", "250", NULL, NULL},
             {NULL, "250 2.0.0", "queued as", NULL},
             {"\aBDAT 6\r\nNOOP\r\n", "503 5.5.1", NULL, NULL}, /* its octets are no command */
             {"NOOP", "250 2.0.0", NULL, NULL},
             {"BDAT x", "501 5.5.4", NULL, NULL},
             {0}});
    fetch_last(&b);
    assert_non_null(strstr(b.p, "Subject: bdat\r\n\r\n..\r\n.\r\n"));
    buf_clear(&b);
}

static void starttls_and_auth(void **state)
{
    struct buf b;
    (void)state;
    wtalk_open(&t, l, w, "submission");
    wtalk_walk(
        &t, (const struct step[]){
                {NULL, "220", NULL, NULL},
                {"STARTTLS", "503", NULL, NULL},
                {"EHLO a.example", "250", "STARTTLS", "AUTH"},
                {"MAIL FROM:<student@practice.example>", "530 5.7.0", "STARTTLS", NULL},
                {"AUTH PLAIN", "538 5.7.11", NULL, NULL},
                {"STARTTLS x", "501 5.5.4", NULL, NULL},
                {"\aSTARTTLS\r\nEHLO evil.example\r\nRSET\r\n", "220 2.0.0", "thrown away", NULL},
                {0}});
    assert_true(wtalk_tls(&t));
    assert_int_equal(t.in.len, 0); /* the injected verbs got no answer */
    wtalk_walk(&t,
               (const struct step[]){
                   {"MAIL FROM:<student@practice.example>", "503 5.5.1", NULL, NULL},
                   {"EHLO a.example", "250", "AUTH PLAIN LOGIN", "STARTTLS"},
                   {"MAIL FROM:<student@practice.example>", "530 5.7.0", NULL, NULL},
                   {"STARTTLS", "503 5.5.1", NULL, NULL},
                   {"AUTH ROT13", "504 5.5.4", NULL, NULL},
                   {"AUTH PLAIN ???", "501 5.5.2", NULL, NULL},
                   {"AUTH PLAIN AHN0dWRlbnQAd3Jvbmc=", "535 5.7.8", NULL, NULL},
                   {"AUTH PLAIN", "334 ", NULL, NULL},
                   {"*", "501 5.7.0", NULL, NULL},
                   {"AUTH LOGIN", "334 VXNlcm5hbWU6", NULL, NULL},
                   {"c3R1ZGVudA==", "334 UGFzc3dvcmQ6", NULL, NULL},
                   {"eHh4", "535 5.7.8", NULL, NULL},
                   {"AUTH LOGIN c3R1ZGVudA==", "334 UGFzc3dvcmQ6", NULL, NULL},
                   {"YXBwbGUtcGll", "235 2.7.0", NULL, NULL},
                   {"AUTH PLAIN " STUDENT, "503 5.5.1", NULL, NULL},
                   {"MAIL FROM:<student@practice.example>", "250", NULL, NULL},
                   {"RCPT TO:<friend@elsewhere.example> NOTIFY=SUCCESS", "250 2.1.5",
                    "never leaves", NULL},
                   {"RCPT TO:<student@practice.example> NOTIFY=SUCCESS", "250 2.1.5", NULL, NULL},
                   {"DATA", "354", NULL, NULL},
                   {"Subject: mine", NULL, NULL, NULL},
                   {".", "250 2.0.0", "queued as", NULL},
                   {"QUIT", "221", NULL, NULL},
                   {0}});
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
    assert_int_equal(world_count(w, "student@practice.example"),
                     5); /* the letter and its receipt */
    fetch_last(&b);
    assert_non_null(strstr(b.p, "Action: delivered\r\nStatus: 2.1.5"));
    assert_non_null(strstr(b.p, "Return-Path: <>"));
    assert_null(strstr(b.p, "Final-Recipient: rfc822; friend"));
    assert_non_null(strstr(b.p, "with ESMTPSA id"));
    buf_clear(&b);
}

static void wrong_passwords_end(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "submissions");
    assert_true(wtalk_tls(&t));
    wtalk_walk(&t, (const struct step[]){
                       {NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL}, {0}});
    for (int i = 0; i < 4; i++)
        wtalk_walk(
            &t, (const struct step[]){{"AUTH PLAIN AHN0dWRlbnQAd3Jvbmc=", "535", NULL, NULL}, {0}});
    wtalk_walk(&t, (const struct step[]){
                       {"AUTH PLAIN AHN0dWRlbnQAd3Jvbmc=", "421 4.7.0", NULL, NULL}, {0}});
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
}

static void lmtp_answers_each(void **state)
{
    (void)state;
    walk("lmtp", (const struct step[]){{NULL, "220", "LMTP", NULL},
                                       {"EHLO a.example", "500 5.5.1", "LHLO", NULL},
                                       {"LHLO a.example", "250", "CHUNKING", NULL},
                                       {"MAIL FROM:<a@b.example>", "250", NULL, NULL},
                                       {"RCPT TO:<nobody@practice.example>", "550", NULL, NULL},
                                       {"DATA", "503 5.5.1", NULL, NULL}, /* RFC 2033 4.2 */
                                       {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                                       {"RCPT TO:<full@practice.example>", "250", NULL, NULL},
                                       {"RCPT TO:<teacher@practice.example>", "250", NULL, NULL},
                                       {"DATA", "354", NULL, NULL},
                                       {".", "250 2.1.5", "<student@", NULL},
                                       {NULL, "552 5.2.2", "<full@", NULL},
                                       {NULL, "250 2.1.5", "<teacher@", NULL},
                                       {"NOOP", "250 2.0.0", NULL, NULL},
                                       {0}});
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        T(sent_is_fetched),
        T(one_byte_at_a_time),
        T(pipelined),
        T(accounts_and_refusals),
        T(order_and_syntax),
        T(lines_too_long),
        T(nul_in_a_command),
        T(too_many_mistakes),
        T(too_many_recipients),
        T(only_crlf_dot_crlf_ends),
        T(size_in_data),
        T(loops_nuls_long_lines),
        T(chunks),
        T(starttls_and_auth),
        T(wrong_passwords_end),
        T(lmtp_answers_each),
    };
    return cmocka_run_group_tests_name("practice smtp", tests, NULL, NULL);
}
