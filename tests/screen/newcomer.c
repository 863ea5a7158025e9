/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk of a newcomer: from the start screen to "queued as" and on to what arrived, pressing
 * only keys that the screen tells of, with Tab for what one cannot know, in at most 12 Enters.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>

struct walk {
    struct term *t;
    int enters;
};

static void enter(struct walk *w, const char *words, const char *sight)
{
    press(w->t, "Enter", words);
    w->enters++;
    term_wait(w->t, sight, WAIT);
}

/* One line of the letter, seen at its place before Enter ends it. */
static void letter_line(struct walk *w, int number, const char *text)
{
    char sight[80];

    term_keys(w->t, text);
    snprintf(sight, sizeof sight, "\n%3d %s", number, text);
    enter(w, "Enter newline", sight);
}

static void newcomer(int cols, int rows)
{
    struct term *t = helo(cols, rows, NULL, NULL);
    struct walk w = {.t = t};

    press(t, "1", "1 practise");
    term_wait(t, "220 practice.example", WAIT);

    press(t, "Tab", "Tab complete"); /* dim behind the prompt: the verb and a name */
    term_wait(t, "smtp> EHLO laptop.example", WAIT);
    enter(&w, "Enter send", "250-practice.example");

    press(t, "Tab", "Tab: MAIL FROM:<");
    press(t, "Tab", "Tab: you@laptop.example");
    enter(&w, "Enter send", "250 2.1.0");

    press(t, "Tab", "Tab: RCPT TO:<");
    term_wait(t, "smtp> RCPT TO:<", WAIT);
    term_keys(t, "te");
    press(t, "Tab", "Tab: teacher@practice.example>");
    enter(&w, "Enter send", "250 2.1.5");

    press(t, "Tab", "Tab: DATA");
    enter(&w, "Enter send", "354");

    press(t, "Tab", "Tab header"); /* From, To, Date, Subject */
    term_wait(t, "Subject:", WAIT);
    term_keys(t, "First light");
    enter(&w, "Enter newline", "\n  4 Subject: First light");
    letter_line(&w, 5, "Reply-To: you@laptop.example");
    enter(&w, "Enter newline", "header");
    letter_line(&w, 7, "Q");
    letter_line(&w, 8, "R");
    term_keys(t, ".");
    term_wait(t, "Enter here ends", WAIT);
    enter(&w, "Enter newline", "queued as");
    assert_in_range(w.enters, 1, 12);

    /* what arrived: a second tab by the palette, the password from the accounts */
    press(t, ":", ": all commands");
    term_keys(t, "accounts");
    press(t, "Enter", "Enter run");
    term_wait(t, "Accounts of the practice world", WAIT);
    term_wait(t, "green-pencil", WAIT);
    press(t, "Esc", "Esc");
    term_wait_gone(t, "Accounts of the practice world", WAIT);
    press(t, ":", ": all commands");
    term_keys(t, "pop3");
    press(t, "Enter", "Enter run");
    term_wait(t, "POP3", WAIT);
    term_wait(t, "pop3>", WAIT);
    term_wait(t, "2/2", WAIT); /* the header tells the tab */
    term_wait(t, "+OK", WAIT);
    say(t, "USER teacher", "C:   USER teacher");
    say(t, "PASS green-pencil", "maildrop is");
    assert_false(term_shows(t, "PASS green-pencil"));
    say(t, "LIST", "C:   LIST");
    say(t, "RETR 1", "C:   RETR 1");
    term_wait(t, "ok: the whole", WAIT); /* Space before the reply would fold another one */
    press(t, "Esc", "Esc talk");
    press(t, "Space", "Space fold");
    if (rows < 20) { /* the letter is longer than the screen */
        term_wait(t, "Return-Path: <you@laptop.example>", WAIT);
        term_key(t, "End");
        term_wait(t, "Subject: First light", WAIT);
        return;
    }
    term_wait(t, "Subject: First light", WAIT);
    term_key(t, "z"); /* the whole screen for it, and its end */
    term_wait(t, "\n         Q\n         R\n", WAIT);
    assert_true(term_shows(t, "Reply-To: you@laptop.example"));
    assert_int_equal(leave(t), 0);
}

static void test_80x24(void **state)
{
    (void)state;
    newcomer(80, 24);
}

static void test_120x40(void **state)
{
    (void)state;
    newcomer(120, 40);
}

static void test_60x20(void **state)
{
    (void)state;
    newcomer(60, 20);
}

static void test_60x15(void **state)
{
    (void)state;
    newcomer(60, 15);
}

/* Down to 40x8 the prompt and the newest reply are in view. */
static void test_prompt_and_reply(void **state)
{
    (void)state;
    static const int sizes[][2] = {{80, 24}, {60, 15}, {40, 8}};
    char long_line[500];

    memset(long_line, 'x', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct term *t = helo(sizes[i][0], sizes[i][1], NULL, "practice", NULL);

        term_wait(t, "220 practice.example", WAIT);
        term_wait(t, "smtp>", WAIT);
        say(t, "EHLO me.example", "250-practice.example");
        say(t, "RCPT TO:<x@practice.example>", "503 5.5.1");
        term_wait(t, "smtp>", WAIT);
        /* a line too long for the window leaves the reply in view as well */
        term_keys(t, long_line);
        term_wait(t, "xxxxxxxx", WAIT);
        term_wait(t, "503 5.5.1", WAIT);
        term_key(t, "C-u");
        say(t, "NOOP", "250 2.0.0");
        term_wait(t, "smtp>", WAIT);
        term_stop(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_80x24),
        term_unit_test(test_120x40),
        term_unit_test(test_60x20),
        term_unit_test(test_60x15),
        term_unit_test(test_prompt_and_reply),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
