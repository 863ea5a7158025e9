/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies explained in the workbench: by :explain, and by pasting one at the start screen. */
#include "walk.h"

#include <stdio.h>
#include <string.h>

static void test_command(void **state)
{
    struct term *t = helo(100, 30, NULL, NULL);

    (void)state;
    term_wait(t, "1  practise", WAIT);
    term_keys(t, ":explain 550 5.1.1 <x@y.example>: no such user here");
    term_key(t, "Enter");
    term_wait(t, "permanent: user-unknown", WAIT);
    term_wait(t, "who can mend it", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "permanent: user-unknown", WAIT);
    term_keys(t, ":explain good morning");
    term_key(t, "Enter");
    term_wait(t, "no reply was recognised", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

/* A reply of several lines, and a whole talk, pasted behind :explain in each of its forms. */
static void test_lines(void **state)
{
    static const char reply[] = "550-5.7.26 This mail is unauthenticated, which poses a risk\r"
                                "550 5.7.26 to the sender.\r";
    static const char talk[] = "220 pasted.example ESMTP\rEHLO me.example\r250 pasted.example\r"
                               "AUTH PLAIN AHVzZXIAc2VzYW1lLXdvcmQ=\r535 5.7.8 no\rQUIT\r221 bye\r";
    struct term *t = helo(100, 40, NULL, NULL);

    (void)state;
    term_wait(t, "1  practise", WAIT);
    term_keys(t, ":explain ");
    term_wait(t, "Explains a reply", WAIT);
    term_paste(t, reply, SIZE_MAX);
    term_wait(t, "550 5.7.26 to the sender.", WAIT);
    term_wait(t, "permanent: ", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "permanent: ", WAIT);
    term_keys(t, ":explain");
    term_key(t, "Enter");
    term_wait(t, "Explain which reply", WAIT);
    term_paste(t, talk, SIZE_MAX);
    term_wait(t, "535 5.7.8 no", WAIT);
    term_wait(t, "permanent: auth-failed", WAIT);
    assert_false(term_find(t, "c2VzYW1l", NULL, NULL));
    assert_false(term_find(t, "sesame", NULL, NULL));
    term_key(t, "Esc");
    term_wait_gone(t, "permanent: ", WAIT);
    term_keys(t, ":explain ");
    term_wait(t, "Explains a reply", WAIT);
    term_paste(t, "good\rmorning\r", SIZE_MAX);
    term_wait(t, "no reply was recognised", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

/* A reply is explained, a talk is opened; nothing in either acts on the terminal. */
static void test_paste(void **state)
{
    struct term *t = helo(100, 30, NULL, NULL);

    (void)state;
    term_wait(t, "1  practise", WAIT); /* only then a paste is told from typing */
    term_paste(t, "552-5.2.2 The mailbox of this\r552 5.2.2 user is over its quota\r", SIZE_MAX);
    term_wait(t, "permanent: mailbox-full", WAIT);
    term_key(t, "Esc");
    term_wait(t, "1  practise", WAIT);
    term_paste(t, "S: 220 pasted.example ESMTP\rC: EHLO me.example\rS: 250 pasted.example\r",
               SIZE_MAX);
    term_wait(t, "C:   EHLO me.example", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_command),
        term_unit_test(test_lines),
        term_unit_test(test_paste),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
