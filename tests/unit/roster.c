/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The roster's lines: at 80 columns and fewer, whatever the names are, and which rows stay where
 * the screen is too small for all. */
#include "heloscope/classroom.h"
#include "tests/support/check.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static struct buf out;

static const char *lined(const struct student_row *r, unsigned cols)
{
    buf_trim(&out, 0);
    roster_line(r, cols, &out);
    return buf_str(&out);
}

static int columns(const char *s)
{
    wchar_t w[1000];
    size_t n = mbstowcs(w, s, 999);
    assert_true(n < 999);
    return wcswidth(w, n);
}

static const struct student_row anna = {.name = "anna.example",
                                        .address = "192.0.2.7",
                                        .login = "student",
                                        .verb = "RCPT",
                                        .reply = "250 2.1.0 Ok, from <me@home.example>",
                                        .step = 2,
                                        .steps = 7,
                                        .talks = 1,
                                        .tried = 3,
                                        .idle_ms = 12345};

static void a_row(void **state)
{
    (void)state;
    buf_init(&out, 100000);
    roster_head(80, &out);
    assert_string_equal(buf_str(&out),
                        "Student            Address         Next step      Tries Idle Last reply");
    assert_string_equal(
        lined(&anna, 80),
        "anna.example       192.0.2.7       3/7 RCPT       3     12s  250 2.1.0 Ok, from~");
    struct student_row r = anna;
    r.step = 7;
    r.verb = "";
    r.tried = 0;
    r.talks = 0;
    assert_string_equal(
        lined(&r, 80),
        "anna.example       192.0.2.7       7/7 done             left 250 2.1.0 Ok, from~");
    r.talks = 1;
    r.idle_ms = 7200000;
    assert_non_null(strstr(lined(&r, 80), " 2h "));
    r.name = "";
    assert_int_equal(strncmp(lined(&r, 80), "student  ", 9), 0);
    r.login = "";
    assert_int_equal(strncmp(lined(&r, 80), "(no name yet) ", 14), 0);
    struct class_sum sum = {.came = 9, .here = 7, .ended = 2};
    buf_trim(&out, 0);
    roster_title(&sum, "A title that is long", 30, &out);
    assert_string_equal(buf_str(&out), "7 here, 2 done, 9 came: A tit~");
    buf_clear(&out);
}

static void widths(void **state)
{
    static const char wide[] =
        "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5"
        "\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2";
    static const char *const names[] = {"a", "a-name-that-is-much-longer-than-its-column.example",
                                        wide, "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81"};
    (void)state;
    buf_init(&out, 100000);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (unsigned cols = 1; cols < 160; cols++) {
            struct student_row r = anna;
            r.name = names[i];
            r.address = "2001:db8:85a3:1234:5678:8a2e:370:7334";
            assert_true(columns(lined(&r, cols)) <= (int)cols);
            if (cols >= 40)
                assert_non_null(strstr(buf_str(&out), "8a2e:370:7334")); /* the end tells hosts */
        }
    buf_clear(&out);
}

static void two_in_a_line(void **state)
{
    struct student_row r = anna;
    (void)state;
    buf_init(&out, 100000);
    roster_two(NULL, NULL, &out);
    assert_string_equal(buf_str(&out), "Student           Next step    Try Idle "
                                       "Student           Next step    Try Idle");
    r.name = "a-name-that-is-much-longer.example";
    r.verb = "STARTTLS";
    r.steps = 12;
    r.tried = 0;
    buf_trim(&out, 0);
    roster_two(&anna, &r, &out);
    assert_string_equal(buf_str(&out), "anna.example      3/7 RCPT     3   12s  "
                                       "a-name-that-is-m~ 3/12 STARTT~     12s");
    assert_true(out.len <= ROSTER_TWO);
    buf_clear(&out);
}

static void who_is_shown(void **state)
{
    struct student_row rows[30];
    bool shown[30];
    (void)state;
    for (int i = 0; i < 30; i++) {
        rows[i] = anna;
        rows[i].tried = 0;
    }
    assert_int_equal(roster_pick(rows, 30, 30, shown), 0);
    assert_true(shown[29]);
    rows[3].talks = 0; /* left */
    rows[4].step = 7;  /* done */
    rows[29].tried = 5;
    assert_int_equal(roster_pick(rows, 30, 28, shown), 2);
    assert_false(shown[3]);
    assert_false(shown[4]);
    assert_int_equal(roster_pick(rows, 30, 1, shown), 29);
    assert_true(shown[29]); /* who needs help */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row),
        cmocka_unit_test(widths),
        cmocka_unit_test(two_in_a_line),
        cmocka_unit_test(who_is_shown),
    };
    setlocale(LC_CTYPE, "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
