/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice world's POP3 server: dialogues as rows, long answers, the lock, what is deleted
 * when. */
#include "heloscope/sasl.h"
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"

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

#define R(...)                                                                                     \
    (const struct step[])                                                                          \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define LOGIN                                                                                      \
    {NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},                                \
    {                                                                                              \
        "PASS apple-pie", "+OK", "3 messages", NULL                                                \
    }

static const char *body(const char *line)
{
    wtalk_walk(&t, R({line, "+OK", NULL, NULL}));
    assert_true(wtalk_body(&t));
    return buf_str(&t.last);
}

static void all_verbs(void **state)
{
    const char *p;
    (void)state;
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R({NULL, "+OK", "@practice.example>", NULL}, {"STAT", "-ERR", NULL, NULL}));
    p = body("CAPA");
    assert_non_null(strstr(p, "STLS\r\n"));
    assert_null(strstr(p, "SASL"));
    wtalk_walk(&t, R({"PASS x", "-ERR", NULL, NULL}, {"AUTH PLAIN", "-ERR", "STLS", NULL},
                     {"USER student", "+OK", NULL, NULL}, {"PASS wrong", "-ERR [AUTH]", NULL, NULL},
                     {"USER nobody-here", "+OK", NULL, NULL}, {"PASS x", "-ERR [AUTH]", NULL, NULL},
                     {"UTF8", "+OK", NULL, NULL}, {"LANG xx", "-ERR", NULL, NULL},
                     {"LANG en", "+OK en", NULL, NULL}, {"USER", "-ERR", NULL, NULL},
                     {"NOOP", "-ERR", NULL, NULL}, {"FOO", "-ERR", NULL, NULL},
                     {"USER student@practice.example", "+OK", NULL, NULL},
                     {"PASS apple-pie", "+OK", "3 messages", NULL}, {"USER x", "-ERR", NULL, NULL},
                     {"STLS", "-ERR", NULL, NULL}));
    assert_null(strstr(body("CAPA"), "STLS"));
    p = body("LIST");
    assert_int_equal(strspn(p, "0123456789 \r\n"), t.last.len - 3);
    p = body("UIDL");
    assert_true(*p == '1');
    wtalk_walk(&t, R({"LIST 2", "+OK 2 ", NULL, NULL}, {"UIDL 2", "+OK 2 ", NULL, NULL},
                     {"LIST 4", "-ERR", "3", NULL}, {"LIST 0", "-ERR", NULL, NULL},
                     {"RETR", "-ERR", NULL, NULL}, {"RETR x", "-ERR", NULL, NULL},
                     {"RETR 99999999999999999999", "-ERR", NULL, NULL},
                     {"TOP 1", "-ERR", NULL, NULL}, {"TOP 1 -1", "-ERR", NULL, NULL}));
    p = body("TOP 1 0");
    assert_non_null(strstr(p, "Subject: Welcome"));
    assert_string_equal(strstr(p, "\r\n\r\n"), "\r\n\r\n.\r\n");
    p = body("TOP 1 1");
    assert_string_equal(
        strstr(p, "\r\n\r\n"),
        "\r\n\r\nThis letter waited in your maildrop. You read it with RETR 1.\r\n.\r\n");
    p = body("RETR 2");
    assert_non_null(strstr(p, "lone dot:\r\n..signature\r\n..\r\nYet "));
    wtalk_walk(&t, R({"DELE 2", "+OK", NULL, NULL}, {"DELE 2", "-ERR", NULL, NULL},
                     {"RETR 2", "-ERR", NULL, NULL}, {"STAT", "+OK 2 ", NULL, NULL}));
    p = body("LIST");
    assert_null(strstr(p, "\r\n2 "));
    wtalk_walk(&t, R({"RSET", "+OK", NULL, NULL}, {"STAT", "+OK 3 ", NULL, NULL},
                     {"NOOP", "+OK", NULL, NULL}, {"\aNOOP\n", "-ERR", "LF", NULL},
                     {"QUIT now", "-ERR", NULL, NULL}, {"QUIT", "+OK", NULL, NULL}));
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
    assert_int_equal(world_count(w, "student@practice.example"), 3);
}

static void deleted_at_quit_only(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R(LOGIN, {"DELE 1", "+OK", NULL, NULL}));
    wtalk_close(&t); /* the connection is lost */
    assert_int_equal(world_count(w, "student@practice.example"), 3);
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R(LOGIN, {"STAT", "+OK 3 ", NULL, NULL}, {"DELE 1", "+OK", NULL, NULL},
                     {"DELE 3", "+OK", NULL, NULL}, {"QUIT", "+OK", "2 deleted", NULL}));
    wtalk_close(&t);
    assert_int_equal(world_count(w, "student@practice.example"), 1);
}

static void one_at_a_time_has_the_maildrop(void **state)
{
    struct wtalk other;
    (void)state;
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R(LOGIN));
    wtalk_open(&other, l, w, "pop3");
    wtalk_walk(&other, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                         {"PASS apple-pie", "-ERR [IN-USE]", NULL, NULL}));
    wtalk_walk(&t, R({"QUIT", "+OK", NULL, NULL}));
    wtalk_walk(&other,
               R({"USER student", "+OK", NULL, NULL}, {"PASS apple-pie", "+OK", NULL, NULL}));
    wtalk_close(&other);
    wtalk_close(&t);
}

static void apop(void **state)
{
    char digest[33], line[80], stamp[128];
    (void)state;
    wtalk_open(&t, l, w, "pop3");
    assert_true(wtalk_reply(&t));
    const char *lt = strchr(buf_str(&t.last), '<');
    snprintf(stamp, sizeof stamp, "%.*s", (int)(strchr(lt, '>') + 1 - lt), lt);
    assert_true(sasl_apop(stamp, "wrong", digest));
    snprintf(line, sizeof line, "APOP student %s", digest);
    wtalk_walk(&t, R({line, "-ERR [AUTH]", NULL, NULL}, {"APOP student", "-ERR", NULL, NULL}));
    assert_true(sasl_apop(stamp, "apple-pie", digest));
    snprintf(line, sizeof line, "APOP student %s", digest);
    wtalk_walk(&t, R({line, "+OK", "3 messages", NULL}));
    wtalk_close(&t);
}

static void stls_and_auth(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                     {"\aSTLS\r\nPASS apple-pie\r\nSTAT\r\n", "+OK", "thrown away", NULL}));
    assert_true(wtalk_tls(&t));
    assert_int_equal(t.in.len, 0);
    wtalk_walk(&t, R({"PASS apple-pie", "-ERR", NULL, NULL})); /* USER was said before TLS */
    assert_non_null(strstr(body("CAPA"), "SASL PLAIN LOGIN CRAM-MD5 "));
    wtalk_walk(&t, R({"AUTH FOO", "-ERR", NULL, NULL}, {"AUTH PLAIN", "+ \r\n", NULL, NULL},
                     {"*", "-ERR", NULL, NULL}, {"AUTH PLAIN !!!!", "-ERR", "base64", NULL},
                     {"AUTH LOGIN", "+ VXNlcm5hbWU6", NULL, NULL},
                     {"c3R1ZGVudA==", "+ UGFzc3dvcmQ6", NULL, NULL},
                     {"eHh4", "-ERR [AUTH]", NULL, NULL},
                     {"AUTH PLAIN AHN0dWRlbnQAYXBwbGUtcGll", "+OK", "3 messages", NULL}));
    wtalk_close(&t);
}

/* More than every buffer on the way holds, with a reader that takes nothing for a while. */
static void a_big_letter_and_a_slow_reader(void **state)
{
    const size_t size = 3000000;
    char *big = xmalloc(size + 1);
    (void)state;
    for (size_t i = 0; i < size; i++)
        big[i] = i % 60 == 58                  ? '\r'
                 : i % 60 == 59                ? '\n'
                 : i % 60 == 0 && i % 180 == 0 ? '.'
                                               : (char)('a' + i % 26);
    struct wtalk s;
    wtalk_open(&s, l, w, "smtp");
    wtalk_walk(&s, R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},
                     {"MAIL FROM:<>", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL}));
    char line[40];
    snprintf(line, sizeof line, "BDAT %zu LAST\r\n", size);
    wtalk_send(&s, line, strlen(line));
    wtalk_send(&s, big, size);
    wtalk_walk(&s, R({NULL, "250 2.0.0", "queued", NULL}));
    wtalk_close(&s);
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                     {"PASS apple-pie", "+OK", "4 mess", NULL}));
    for (int i = 0; i < 5; i++)
        wtalk_send(&t, "RETR 4\r\n", 8);
    for (int i = 0; i < 200; i++)
        loop_turn(l, 0); /* nobody reads */
    for (int i = 0; i < 5; i++) {
        assert_true(wtalk_reply(&t));
        assert_memory_equal(t.last.p, "+OK 3000", 8);
        assert_true(wtalk_body(&t));
        /* Our letter has no header of its own: it begins after Received's last line. */
        const char *p = strstr(t.last.p, "+0000\r\n");
        size_t from = (size_t)(p + 7 - t.last.p), at = 0;
        for (size_t k = from; at < size; k++, at++) {
            if (t.last.p[k] == '.' && t.last.p[k - 1] == '\n')
                k++;
            if (t.last.p[k] != big[at])
                fail_msg("octet %zu differs", at);
        }
    }
    wtalk_walk(&t, R({"NOOP", "+OK", NULL, NULL}));
    wtalk_close(&t);
    free(big);
}

static void utf8_letters_want_utf8(void **state)
{
    (void)state;
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},
                     {"MAIL FROM:<\xc3\xa4@b.example> SMTPUTF8", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                     {"DATA", "354", NULL, NULL},
                     {"Subject: \xc3\xa4\r\n\r\nx\r\n.", "250", NULL, NULL}));
    wtalk_close(&t);
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                     {"PASS apple-pie", "+OK", NULL, NULL}, {"RETR 4", "-ERR [UTF8]", NULL, NULL}));
    wtalk_close(&t);
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t, R({NULL, "+OK", NULL, NULL}, {"UTF8", "+OK", NULL, NULL},
                     {"USER student", "+OK", NULL, NULL}, {"PASS apple-pie", "+OK", NULL, NULL}));
    assert_non_null(strstr(body("RETR 4"), "Subject: \xc3\xa4\r\n"));
    assert_non_null(strstr(t.last.p, "with UTF8SMTP id"));
    wtalk_close(&t);
}

static void mistakes_end(void **state)
{
    char line[400];
    (void)state;
    wtalk_open(&t, l, w, "pop3");
    t.piece = 7;
    assert_true(wtalk_reply(&t));
    memset(line, 'x', sizeof line);
    memcpy(line + 254, "\r\n", 2);
    wtalk_send(&t, line, 256);
    wtalk_walk(&t, R({NULL, "-ERR", "too long", NULL}));
    for (int i = 0; i < 19; i++)
        wtalk_walk(&t, R({"WHAT", "-ERR", NULL, NULL}));
    wtalk_walk(&t, R({"WHAT", "-ERR", "closing", NULL}));
    assert_true(wtalk_closed(&t));
    wtalk_close(&t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        T(all_verbs),
        T(deleted_at_quit_only),
        T(one_at_a_time_has_the_maildrop),
        T(apop),
        T(stls_and_auth),
        T(a_big_letter_and_a_slow_reader),
        T(utf8_letters_want_utf8),
        T(mistakes_end),
    };
    return cmocka_run_group_tests_name("practice pop3", tests, NULL, NULL);
}
