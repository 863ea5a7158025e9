/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A class in the practice world: whose a connection is, that no student meets another's mail,
 * faults or greylist, and how far the server sees each come in the lesson. */
#include "heloscope/classroom.h"
#include "heloscope/lesson.h"
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *l;
static struct world *w;
static struct classroom *c;
static struct lesson *lesson;
static char news[4000]; /* "came anna;step anna;" */

static void on_change(void *arg, enum class_event ev, const struct student_row *row)
{
    size_t n = strlen(news);
    (void)arg;
    snprintf(news + n, sizeof news - n, "%s %s;", class_event_word(ev), row->name);
}

/* The lesson's number, as it lies in the source tree. */
static void begin(const char *file, bool by_name, unsigned most)
{
    char why[600] = "", path[4096];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/lessons/%s.lesson", top ? top : ".", file);
    lesson = lesson_load(path, why, sizeof why);
    if (!lesson)
        fail_msg("%s", why);
    l = loop_new();
    struct world_options o = {.faults = lesson->fault, .message_max = 1 << 20};
    w = world_new(l, &o, why, sizeof why);
    if (!w)
        fail_msg("%s", why);
    struct class_options co = {
        .lesson = lesson, .students_max = most, .by_name = by_name, .changed = on_change};
    c = classroom_new(w, &co);
    *news = '\0';
}

static void end(void)
{
    classroom_free(c);
    world_free(w);
    loop_free(l);
    lesson_free(lesson);
}

#define R(...)                                                                                     \
    (const struct step[])                                                                          \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define TO_STUDENT                                                                                 \
    {"MAIL FROM:<me@home.example>", "250", NULL, NULL},                                            \
        {"RCPT TO:<student@practice.example>", "250", NULL, NULL}, {"DATA", "354", NULL, NULL},    \
    {                                                                                              \
        "Subject: mine\r\n\r\nbody\r\n.", "250 2.0.0", NULL, NULL                                  \
    }

static struct student_row row(size_t i)
{
    struct student_row r;
    assert_true(classroom_row(c, i, &r));
    return r;
}

static void mail_is_apart(void **state)
{
    struct wtalk anna, ben;
    (void)state;
    begin("02-send-a-letter", false, 0);
    wtalk_open_from(&anna, l, w, "smtp", "198.51.100.1");
    wtalk_open_from(&ben, l, w, "smtp", "198.51.100.2");
    wtalk_walk(&anna, R({NULL, "220", NULL, NULL}, {"EHLO laptop.example", "250", NULL, NULL},
                        TO_STUDENT));
    wtalk_walk(&ben, R({NULL, "220", NULL, NULL}, {"EHLO laptop.example", "250", NULL, NULL}));
    assert_int_equal(classroom_count(c), 2);
    assert_int_equal(world_count(classroom_world(c, 0), "student@practice.example"), 4);
    assert_int_equal(world_count(classroom_world(c, 1), "student@practice.example"), 3);
    assert_int_equal(world_count(w, "student@practice.example"), 3);
    assert_int_equal(world_clients(w), 2);
    wtalk_close(&anna);
    wtalk_close(&ben);
    /* The same login, twice at once: each has a maildrop. Who comes by POP3 is whom the address
     * says. */
    wtalk_open_from(&anna, l, w, "pop3", "198.51.100.1");
    wtalk_open_from(&ben, l, w, "pop3", "198.51.100.2");
    wtalk_walk(&anna, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                        {"PASS apple-pie", "+OK", "4 messages", NULL}));
    wtalk_walk(&ben, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                       {"PASS apple-pie", "+OK", "3 messages", NULL}));
    assert_int_equal(classroom_count(c), 2);
    assert_string_equal(row(0).login, "student");
    wtalk_close(&anna);
    wtalk_close(&ben);
    assert_int_equal(row(0).talks, 0);
    end();
}

static void faults_are_apart(void **state)
{
    struct wtalk anna, ben;
    char why[200];
    (void)state;
    begin("08-greylisting", false, 0);
    wtalk_open_from(&anna, l, w, "smtp", "198.51.100.1");
    wtalk_open_from(&ben, l, w, "smtp", "198.51.100.2");
    const struct step *first = R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},
                                 {"MAIL FROM:<me@home.example>", "250", NULL, NULL},
                                 {"RCPT TO:<student@practice.example>", "450", NULL, NULL},
                                 {"RCPT TO:<student@practice.example>", "250", NULL, NULL});
    wtalk_walk(&anna, first);
    wtalk_walk(&ben, first); /* anna's trying again is not ben's */
    assert_true(world_fault(classroom_world(c, 0), "disk-full", why, sizeof why));
    wtalk_walk(&anna,
               R({"RSET", "250", NULL, NULL}, {"MAIL FROM:<a@b.example>", "452", NULL, NULL}));
    wtalk_walk(&ben,
               R({"RSET", "250", NULL, NULL}, {"MAIL FROM:<a@b.example>", "250", NULL, NULL}));
    wtalk_close(&anna);
    wtalk_close(&ben);
    end();
}

static void names_on_one_address(void **state)
{
    struct wtalk anna, ben, pop;
    (void)state;
    begin("02-send-a-letter", true, 0);
    wtalk_open(&anna, l, w, "smtp");
    wtalk_walk(&anna,
               R({NULL, "220", NULL, NULL}, {"EHLO Laptop.example", "250", NULL, "#"}, TO_STUDENT));
    /* Another one who typed what stands in the lesson, at the same time. */
    wtalk_open(&ben, l, w, "smtp");
    wtalk_walk(&ben, R({NULL, "220", NULL, NULL},
                       {"EHLO laptop.example", "250", "greets you as laptop.example#2", NULL}));
    assert_int_equal(classroom_count(c), 2);
    assert_string_equal(row(0).name, "laptop.example");
    assert_string_equal(row(1).name, "laptop.example#2");
    /* Names that are not said are not guessed. */
    wtalk_open(&pop, l, w, "pop3");
    wtalk_walk(&pop, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                       {"PASS apple-pie", "-ERR", "student+NAME", NULL},
                       {"USER student+laptop", "+OK", NULL, NULL},
                       {"PASS apple-pie", "+OK", "4 messages", NULL}));
    wtalk_close(&pop);
    wtalk_open(&pop, l, w, "pop3");
    wtalk_walk(&pop,
               R({NULL, "+OK", NULL, NULL}, {"USER student+laptop.example#2", "+OK", NULL, NULL},
                 {"PASS apple-pie", "+OK", "3 messages", NULL}));
    wtalk_close(&pop);
    wtalk_close(&anna);
    wtalk_open(&anna, l, w, "smtp"); /* who comes back is known again */
    wtalk_walk(&anna, R({NULL, "220", NULL, NULL}, {"EHLO laptop.example", "250", NULL, "#"}));
    assert_int_equal(row(0).step, 6);
    assert_int_equal(row(1).step, 1);
    assert_int_equal(classroom_count(c), 2);
    wtalk_close(&anna);
    wtalk_close(&ben);
    end();
}

static void steps_are_seen(void **state)
{
    struct wtalk t, pop;
    (void)state;
    begin("02-send-a-letter", true, 0);
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, R({NULL, "220", NULL, NULL}));
    assert_int_equal(classroom_count(c), 1);
    assert_string_equal(row(0).name, "");
    assert_string_equal(row(0).reply,
                        "220 practice.example ESMTP heloscope practice ready; nothing "
                        "leaves this world");
    wtalk_walk(&t, R({"EHLO anna.example", "250", NULL, NULL}));
    assert_int_equal(row(0).step, 1);
    assert_string_equal(row(0).verb, "MAIL");
    wtalk_walk(&t, R({"NOOP", "250", NULL, NULL}, {"MAIL FROM: <x@y.example>", "501", NULL, NULL}));
    assert_int_equal(row(0).step, 1);
    assert_int_equal(row(0).tried, 1);
    wtalk_walk(&t, R({"MAIL FROM:<me@home.example>", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL}));
    assert_int_equal(row(0).step, 3); /* the second one is to be the teacher */
    assert_int_equal(row(0).tried, 1);
    /* A step left out: found again at the next one. */
    wtalk_walk(&t, R({"DATA", "354", NULL, NULL}));
    assert_int_equal(row(0).step, 5);
    assert_int_equal(row(0).skipped, 1);
    assert_string_equal(row(0).verb, "letter");
    /* What a letter holds is no command, however it comes. */
    t.piece = 3;
    wtalk_walk(&t, R({"Subject: x\r\n\r\nQUIT\r\n..\r\nEHLO x\r\n.", "250 2.0.0", NULL, NULL}));
    t.piece = 0;
    assert_int_equal(row(0).step, 6);
    assert_int_equal(classroom_sum(c).ended, 1);
    assert_non_null(strstr(row(0).reply, "queued as"));
    wtalk_walk(&t, R({"QUIT", "221", NULL, NULL}));
    wtalk_close(&t);
    assert_string_equal(news, "came anna.example;step anna.example;tried anna.example;"
                              "step anna.example;step anna.example;tried anna.example;"
                              "step anna.example;ended anna.example;left anna.example;");
    end();
    /* What came before the login belongs to the student, too. */
    begin("03-read-by-pop3", true, 0);
    wtalk_open(&pop, l, w, "pop3");
    wtalk_walk(&pop, R({NULL, "+OK", NULL, NULL}, {"USER student", "+OK", NULL, NULL},
                       {"PASS apple-pie", "+OK", NULL, NULL}));
    assert_int_equal(row(0).step, 2);
    wtalk_walk(&pop, R({"STAT", "+OK", NULL, NULL}, {"LIST", "+OK", NULL, NULL}));
    wtalk_body(&pop);
    wtalk_walk(&pop, R({"RETR 1", "+OK", NULL, NULL}));
    wtalk_body(&pop);
    assert_int_equal(row(0).step, 5);
    assert_string_equal(row(0).verb, "DELE");
    wtalk_close(&pop);
    end();
}

static void tls_and_chunks(void **state)
{
    struct wtalk t;
    (void)state;
    begin("05-starttls", false, 0);
    wtalk_open(&t, l, w, "submission");
    wtalk_walk(&t, R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL}));
    size_t before = row(0).step;
    wtalk_walk(&t, R({"STARTTLS", "220", NULL, NULL}));
    assert_true(wtalk_tls(&t));
    assert_true(row(0).step > before);
    wtalk_walk(&t, R({"EHLO a.example", "250", "AUTH", NULL},
                     {"AUTH PLAIN AHRlYWNoZXIrYW5uYQBncmVlbi1wZW5jaWw=", "235", NULL, NULL}));
    assert_string_equal(row(0).login, "teacher");
    assert_string_equal(row(0).name, "a.example");
    /* Octets of a chunk look like commands and end without a line's end. */
    wtalk_walk(&t, R({"MAIL FROM:<teacher@practice.example>", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                     {"\aBDAT 10\r\nQUIT\r\nQUITBDAT 4 LAST\r\nX\r\n.", "250", NULL, NULL}));
    wtalk_reply(&t);
    assert_non_null(strstr(buf_str(&t.last), "queued"));
    assert_non_null(strstr(row(0).reply, "queued"));
    wtalk_walk(&t, R({"NOOP", "250", NULL, NULL}));
    assert_non_null(strstr(row(0).reply, "250 2.0.0 Ok"));
    wtalk_close(&t);
    end();
    /* A chunk is counted in octets, also where its lines end in LF alone. */
    begin("02-send-a-letter", false, 0);
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},
                     {"MAIL FROM:<me@home.example>", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL}));
    char lf[36] = "";
    memset(lf, '\n', 35);
    wtalk_send(&t, "BDAT 70\r\n", 9);
    wtalk_send(&t, lf, 35);
    wtalk_walk(&t, R({"\aRCPT TO:<teacher@practice.example>\n", "250", NULL, NULL}));
    for (int i = 0; i < 40; i++)
        wtalk_walk(&t, R({"NOOP", "250", NULL, NULL}));
    assert_int_equal(row(0).step, 3);
    wtalk_close(&t);
    end();
}

static void no_room(void **state)
{
    struct wtalk a, b, d;
    (void)state;
    begin("02-send-a-letter", true, 2);
    wtalk_open(&a, l, w, "smtp");
    wtalk_open(&b, l, w, "smtp");
    wtalk_open(&d, l, w, "smtp");
    wtalk_walk(&a, R({NULL, "220", NULL, NULL}, {"EHLO a", "250", NULL, NULL}));
    wtalk_walk(&b, R({NULL, "220", NULL, NULL}, {"EHLO b", "250", NULL, NULL}));
    wtalk_walk(&d, R({NULL, "220", NULL, NULL},
                     {"EHLO d", "421 4.3.2", "The class is full: 2 students", NULL}));
    assert_true(wtalk_closed(&d));
    wtalk_close(&d);
    wtalk_open(&d, l, w, "pop3");
    wtalk_walk(&d, R({NULL, "+OK", NULL, NULL}, {"USER student+d", "+OK", NULL, NULL},
                     {"PASS apple-pie", "-ERR [SYS/TEMP]", "full", NULL}));
    assert_true(wtalk_closed(&d));
    wtalk_close(&d);
    assert_int_equal(classroom_sum(c).refused, 2);
    assert_int_equal(classroom_sum(c).came, 2);
    assert_non_null(strstr(news, "refused ;"));
    wtalk_close(&a);
    wtalk_close(&b);
    end();
    /* Who came, did nothing and left makes room. */
    begin("03-read-by-pop3", true, 1);
    wtalk_open(&a, l, w, "smtp");
    wtalk_walk(&a, R({NULL, "220", NULL, NULL}, {"EHLO a", "250", NULL, NULL}));
    wtalk_close(&a);
    wtalk_open(&b, l, w, "smtp");
    wtalk_walk(&b, R({NULL, "220", NULL, NULL}, {"EHLO b", "250", NULL, NULL}));
    assert_int_equal(classroom_count(c), 1);
    assert_string_equal(row(0).name, "b");
    wtalk_close(&b);
    end();
}

/* openssl s_client says EHLO mail.example.com for everybody; the name inside TLS is the student's.
 */
static void named_inside_tls(void **state)
{
    struct wtalk t[2];
    (void)state;
    begin("05-starttls", true, 0);
    for (int i = 0; i < 2; i++) {
        wtalk_open(&t[i], l, w, "submission");
        wtalk_walk(&t[i], R({NULL, "220", NULL, NULL}, {"EHLO mail.example.com", "250", NULL, NULL},
                            {"STARTTLS", "220", NULL, NULL}));
        assert_true(wtalk_tls(&t[i]));
    }
    size_t step = row(0).step;
    assert_true(step > 0);
    wtalk_walk(&t[0], R({"EHLO anna.example", "250", NULL, NULL}));
    wtalk_walk(&t[1], R({"EHLO ben.example", "250", NULL, NULL}));
    assert_int_equal(classroom_count(c), 2);
    assert_string_equal(row(0).name, "anna.example");
    assert_string_equal(row(1).name, "ben.example");
    assert_true(row(0).step > step);
    wtalk_close(&t[0]);
    /* Who was here before is found again, and nothing of the borrowed name is left. */
    wtalk_open(&t[0], l, w, "submission");
    wtalk_walk(&t[0], R({NULL, "220", NULL, NULL}, {"EHLO mail.example.com", "250", NULL, NULL},
                        {"STARTTLS", "220", NULL, NULL}));
    assert_true(wtalk_tls(&t[0]));
    assert_int_equal(classroom_count(c), 3);
    wtalk_walk(&t[0], R({"EHLO anna.example", "250", NULL, NULL},
                        {"EHLO anna.example", "250", NULL, NULL}));
    assert_int_equal(classroom_count(c), 2);
    assert_int_equal(row(0).talks, 1);
    assert_int_equal(world_clients(w), 2);
    wtalk_close(&t[0]);
    wtalk_close(&t[1]);
    end();
}

static void hostile(void **state)
{
    struct wtalk t;
    char line[300];
    (void)state;
    begin("02-send-a-letter", true, 0);
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, R({NULL, "220", NULL, NULL}, {"EHLO a\033[2Jb", "501", NULL, NULL},
                     {"EHLO x\xe2\x80\xae.example", "250", NULL, NULL}));
    assert_null(strstr(row(0).name, "\xe2\x80\xae"));
    assert_non_null(strstr(row(0).name, "U+202E"));
    wtalk_close(&t);
    wtalk_open(&t, l, w, "pop3");
    snprintf(line, sizeof line, "USER student+%.100s\033]0;x\a", "anna");
    wtalk_walk(&t, R({NULL, "+OK", NULL, NULL}, {line, "+OK", NULL, NULL},
                     {"PASS apple-pie", "+OK", NULL, NULL}));
    assert_null(strchr(row(1).name, '\033'));
    assert_null(strchr(row(1).name, '\a'));
    wtalk_close(&t);
    /* A password is nobody's to see: neither here nor in the reply. */
    assert_null(strstr(row(1).reply, "apple-pie"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_is_apart),        cmocka_unit_test(faults_are_apart),
        cmocka_unit_test(names_on_one_address), cmocka_unit_test(steps_are_seen),
        cmocka_unit_test(tls_and_chunks),       cmocka_unit_test(no_room),
        cmocka_unit_test(named_inside_tls),     cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
