/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults on demand: every row of troubles.def strikes where it says, in the words it says, and
 * nothing strikes that is off. */
#include "practice/trouble.h"
#include "practice/world.h"
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct loop *l;
static struct world *w;
static bool struck[TROUBLES]; /* rows that a test has seen at work */

static int begin(void **state)
{
    char why[256];
    (void)state;
    l = loop_new();
    w = world_new(l, NULL, why, sizeof why);
    return w ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    world_free(w);
    loop_free(l);
    return 0;
}

static void on(enum trouble t, const char *number)
{
    char text[64], why[700] = "";
    struck[t] = true;
    snprintf(text, sizeof text, "off %s%s%s", trouble_rows[t].name, *number ? "=" : "", number);
    if (!world_fault(w, text, why, sizeof why))
        fail_msg("%s", why);
}

#define HELLO                                                                                      \
    {NULL, "220", NULL, NULL},                                                                     \
    {                                                                                              \
        "EHLO a.example", "250", NULL, NULL                                                        \
    }
#define FROM                                                                                       \
    {                                                                                              \
        "MAIL FROM:<me@home.example>", "250", NULL, NULL                                           \
    }
#define TO                                                                                         \
    {                                                                                              \
        "RCPT TO:<student@practice.example>", "250", NULL, NULL                                    \
    }
#define LETTER "Subject: x\r\n\r\nbody\r\n."
#define BYE                                                                                        \
    {                                                                                              \
        "QUIT", "221", NULL, NULL                                                                  \
    }
#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

/* One talk for each fault that answers in SMTP. */
static void smtp(void **state)
{
    static const struct {
        enum trouble t;
        const char *number, *proto;
        bool closes;
        struct step steps[10];
    } talks[] = {
        {TROUBLE_BUSY, "", "smtp", true, {{NULL, "421 4.7.0", "from 192.0.2.10", NULL}, END}},
        {TROUBLE_BLOCKLIST,
         "",
         "smtp",
         false,
         {HELLO,
          FROM,
          {"RCPT TO:<student@practice.example>", "554 5.7.1", "[192.0.2.10] blocked using", NULL},
          BYE,
          END}},
        {TROUBLE_NO_PTR,
         "",
         "smtp",
         false,
         {HELLO,
          {"RCPT TO:<student@practice.example>", "503", NULL, NULL}, /* the mistake comes first */
          FROM,
          {"RCPT TO:<student@practice.example>", "550 5.7.25", "192.0.2.10", NULL},
          BYE,
          END}},
        {TROUBLE_RATE,
         "1",
         "smtp",
         false,
         {HELLO,
          FROM,
          TO,
          {"DATA", "354", NULL, NULL},
          {LETTER, "250", NULL, NULL},
          {"MAIL FROM:<me@home.example>", "450 4.7.1", "too much mail", NULL},
          END}},
        {TROUBLE_SHUTDOWN,
         "2",
         "smtp",
         true,
         {HELLO, {"NOOP", "421 4.3.2", "shutting down", NULL}, END}},
        {TROUBLE_HANGUP, "2", "smtp", true, {HELLO, {"NOOP", NULL, NULL, NULL}, END}},
        {TROUBLE_AUTH_REQUIRED,
         "",
         "smtp",
         false,
         {HELLO, {"MAIL FROM:<me@home.example>", "530 5.7.0", NULL, NULL}, BYE, END}},
        {TROUBLE_NO_STARTTLS,
         "",
         "smtp",
         false,
         {{NULL, "220", NULL, NULL},
          {"EHLO a.example", "250", "SIZE", "STARTTLS"},
          {"STARTTLS", "502", NULL, NULL},
          BYE,
          END}},
        {TROUBLE_TLS_BUSY,
         "",
         "smtp",
         false,
         {{NULL, "220", NULL, NULL},
          {"EHLO a.example", "250", "STARTTLS", NULL},
          {"STARTTLS", "454 4.7.0", NULL, NULL},
          BYE,
          END}},
        {TROUBLE_DISK_FULL,
         "",
         "smtp",
         false,
         {HELLO, {"MAIL FROM:<me@home.example>", "452 4.3.1", NULL, NULL}, BYE, END}},
        {TROUBLE_SIZE_LIMIT,
         "19",
         "smtp",
         false,
         {{NULL, "220", NULL, NULL},
          {"EHLO a.example", "250", "SIZE 19\r", NULL},
          {"MAIL FROM:<me@home.example> SIZE=20", "552 5.3.4", NULL, NULL},
          FROM,
          TO,
          {"DATA", "354", NULL, NULL},
          {LETTER, "552 5.3.4", NULL, NULL},
          END}},
        {TROUBLE_GREYLIST,
         "",
         "smtp",
         false,
         {HELLO,
          FROM,
          {"RCPT TO:<student@practice.example>", "450 4.2.0 <student@practice.example>",
           "Greylisted", NULL},
          {"RCPT TO:<teacher@practice.example>", "450 4.2.0", NULL, NULL},
          TO,
          BYE,
          END}},
        {TROUBLE_MAILBOX_FULL,
         "",
         "smtp",
         false,
         {HELLO,
          FROM,
          {"RCPT TO:<student@practice.example>", "552 5.2.2", "<student@", NULL},
          BYE,
          END}},
        {TROUBLE_RECIPIENTS,
         "1",
         "smtp",
         false,
         {HELLO,
          FROM,
          TO,
          {"RCPT TO:<teacher@practice.example>", "452 4.5.3", NULL, NULL},
          BYE,
          END}},
        {TROUBLE_CUT_DATA,
         "5",
         "smtp",
         true,
         {HELLO, FROM, TO, {"DATA", "354", NULL, NULL}, {LETTER, NULL, NULL, NULL}, END}},
        {TROUBLE_SPAM,
         "",
         "smtp",
         false,
         {HELLO,
          FROM,
          TO,
          {"DATA", "354", NULL, NULL},
          {LETTER, "554 5.7.1", "Spam", NULL},
          BYE,
          END}},
        {TROUBLE_DEFERRED,
         "",
         "lmtp",
         false,
         {{NULL, "220", NULL, NULL},
          {"LHLO a.example", "250", NULL, NULL},
          FROM,
          TO,
          {"RCPT TO:<teacher@practice.example>", "250", NULL, NULL},
          {"DATA", "354", NULL, NULL},
          {LETTER, "451 4.3.0", NULL, NULL},
          {NULL, "451 4.3.0", NULL, NULL}, /* once for each recipient */
          BYE,
          END}},
    };
    size_t before = world_count(w, "student@practice.example");
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
        struct wtalk t;
        on(talks[i].t, talks[i].number);
        wtalk_open(&t, l, w, talks[i].proto);
        wtalk_walk(&t, talks[i].steps);
        if (talks[i].closes && !wtalk_closed(&t))
            fail_msg("%s: the connection goes on", trouble_rows[talks[i].t].name);
        wtalk_close(&t);
    }
    assert_int_equal(world_count(w, "student@practice.example"), before + 1); /* RATE's */
}

static void auth_down(void **state)
{
    struct wtalk t;
    (void)state;
    on(TROUBLE_AUTH_DOWN, "");
    wtalk_open(&t, l, w, "submission");
    wtalk_walk(&t, (const struct step[]){HELLO,
                                         {"AUTH PLAIN AHN0dWRlbnQAYXBwbGUtcGll", "538", NULL, NULL},
                                         {"STARTTLS", "220", NULL, NULL},
                                         END});
    assert_true(wtalk_tls(&t));
    wtalk_walk(
        &t, (const struct step[]){{"EHLO a.example", "250", NULL, NULL},
                                  {"AUTH PLAIN AHN0dWRlbnQAYXBwbGUtcGll", "454 4.7.0", NULL, NULL},
                                  BYE,
                                  END});
    wtalk_close(&t);
}

#define USER                                                                                       \
    {                                                                                              \
        "USER student", "+OK", NULL, NULL                                                          \
    }

static void pop3(void **state)
{
    static const struct {
        enum trouble t;
        const char *number;
        bool closes;
        struct step steps[6];
    } talks[] = {
        {TROUBLE_BUSY, "", true, {{NULL, "-ERR [SYS/TEMP]", "192.0.2.10", NULL}, END}},
        {TROUBLE_SHUTDOWN,
         "1",
         true,
         {{NULL, "+OK", NULL, NULL}, {"CAPA", "-ERR [SYS/TEMP]", NULL, NULL}, END}},
        {TROUBLE_HANGUP, "1", true, {{NULL, "+OK", NULL, NULL}, {"CAPA", NULL, NULL, NULL}, END}},
        {TROUBLE_AUTH_DOWN,
         "",
         false,
         {{NULL, "+OK", NULL, NULL}, USER, {"PASS apple-pie", "-ERR [SYS/TEMP]", NULL, NULL}, END}},
        {TROUBLE_LOCKED,
         "",
         false,
         {{NULL, "+OK", NULL, NULL}, USER, {"PASS apple-pie", "-ERR [IN-USE]", NULL, NULL}, END}},
        {TROUBLE_LOGIN_DELAY,
         "",
         false,
         {{NULL, "+OK", NULL, NULL},
          USER,
          {"PASS wrong", "-ERR [AUTH]", NULL, NULL},
          USER,
          {"PASS apple-pie", "-ERR [LOGIN-DELAY]", NULL, NULL},
          END}},
        {TROUBLE_TLS_BUSY,
         "",
         false,
         {{NULL, "+OK", NULL, NULL}, {"STLS", "-ERR [SYS/TEMP]", NULL, NULL}, END}},
        {TROUBLE_SPAM, /* not POP3's */
         "",
         false,
         {{NULL, "+OK", NULL, NULL}, USER, {"PASS apple-pie", "+OK", NULL, NULL}, END}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
        struct wtalk t;
        on(talks[i].t, talks[i].number);
        wtalk_open(&t, l, w, "pop3");
        wtalk_walk(&t, talks[i].steps);
        if (talks[i].closes && !wtalk_closed(&t))
            fail_msg("%s: the connection goes on", trouble_rows[talks[i].t].name);
        wtalk_close(&t);
    }
}

static const struct tls_facts *shake(struct wtalk *t)
{
    wtalk_open(t, l, w, "smtp");
    wtalk_walk(t, (const struct step[]){HELLO, {"STARTTLS", "220", NULL, NULL}, END});
    assert_false(wtalk_tls(t)); /* verified it is in no case */
    return tls_facts(t->tls);
}

static void certificates(void **state)
{
    struct wtalk t;
    const struct tls_facts *f;
    (void)state;
    on(TROUBLE_CERT_EXPIRED, "");
    assert_non_null(f = shake(&t));
    assert_true(f->not_after < time(NULL));
    assert_non_null(strstr(f->why, "expired since"));
    assert_non_null(strstr(f->names, PRACTICE_HOST));
    wtalk_close(&t);

    on(TROUBLE_CERT_NAME, "");
    assert_non_null(f = shake(&t));
    assert_true(f->not_after > time(NULL));
    assert_string_equal(f->names, "other.example");
    assert_non_null(strstr(f->why, "issued to other.example"));
    wtalk_close(&t);

    on(TROUBLE_TLS_BROKEN, "");
    f = shake(&t);
    assert_true(!f || !*f->version);
    assert_non_null(strstr(tls_error(t.tls), "handshake_failure"));
    wtalk_close(&t);
}

/* When each octet of a reply came, in milliseconds since the first. */
static int64_t spread(const char *faults)
{
    struct wtalk t;
    char why[700];
    struct timespec a, b;
    assert_true(world_fault(w, faults, why, sizeof why));
    clock_gettime(CLOCK_MONOTONIC, &a);
    wtalk_open(&t, l, w, "smtp");
    assert_true(wtalk_reply(&t));
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_non_null(strstr(buf_str(&t.last), "220 practice.example"));
    wtalk_close(&t);
    return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

static void late_replies(void **state)
{
    (void)state;
    struck[TROUBLE_SLOW] = struck[TROUBLE_OCTETS] = true;
    assert_true(spread("off slow=150") >= 150);
    /* The banner has over 60 octets. */
    assert_true(spread("off octets=3") >= 180);
}

static void bad_names(void **state)
{
    char why[700];
    struct fault_choice all[FAULT_CHOICES_MAX];
    (void)state;
    assert_true(world_fault(w, "off greylist, slow=7", why, sizeof why));
    assert_false(world_fault(w, "off spam nonsense", why, sizeof why));
    assert_non_null(strstr(why, "\"nonsense\""));
    assert_non_null(strstr(why, "--fault list"));
    assert_false(world_fault(w, "slow=", why, sizeof why));
    assert_false(world_fault(w, "slow=0", why, sizeof why));
    assert_non_null(strstr(why, "1 to 600000"));
    assert_false(world_fault(w, "slow=99999999999999999999", why, sizeof why));
    assert_false(world_fault(w, "spam=1", why, sizeof why));
    assert_non_null(strstr(why, "no number"));
    /* Nothing has changed. */
    world_faults(w, all);
    for (struct fault_choice *f = all; f->name; f++)
        assert_int_equal(f->on, !strcmp(f->name, "greylist") || !strcmp(f->name, "slow"));
    assert_true(world_fault(w, "off", why, sizeof why));
    world_faults(w, all);
    for (struct fault_choice *f = all; f->name; f++)
        assert_false(f->on);
}

static void every_row_was_met(void **state)
{
    (void)state;
    for (int i = 0; i < TROUBLES; i++) {
        if (!struck[i])
            fail_msg("no test meets the fault %s", trouble_rows[i].name);
        assert_true(*trouble_rows[i].what && *trouble_rows[i].ref);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(smtp, begin, end),
        cmocka_unit_test_setup_teardown(auth_down, begin, end),
        cmocka_unit_test_setup_teardown(pop3, begin, end),
        cmocka_unit_test_setup_teardown(certificates, begin, end),
        cmocka_unit_test_setup_teardown(late_replies, begin, end),
        cmocka_unit_test_setup_teardown(bad_names, begin, end),
        cmocka_unit_test(every_row_was_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
