/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Before a class: --present and :present (panes above each other, no passwords, explanations that
 * wait for a key), --pace and :pace.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>

/* On a line that may hold something: by M-x. */
static void command(struct term *t, const char *text)
{
    term_key(t, "M-x");
    term_wait(t, "Enter run", WAIT);
    term_line(t, text);
}

static void explanations_wait(int cols, int rows)
{
    struct term *t = helo(cols, rows, NULL, "practice", "--present", NULL);
    bool small = cols < 78;

    term_wait(t, "220 practice.example", WAIT);
    assert_false(term_shows(t, "apple-pie"));
    assert_false(term_shows(t, "CAPS")); /* nothing stands beside the talk */
    say(t, "EHLO laptop.example", "250-practice.example greets");
    assert_false(term_shows(t, "| ok: greeted"));
    if (!small)
        term_wait(t, "Say first what you think it means", WAIT);
    term_key(t, "M-a");
    term_wait(t, "| ok: greeted", WAIT);
    if (!small)
        term_wait(t, "Your greeting was accepted", WAIT);
    term_key(t, "M-a");
    term_wait_gone(t, "| ok: greeted", WAIT);
    /* a does it in the panes; the next line hides it again */
    press(t, "Esc", "Esc talk");
    term_wait(t, "i type", WAIT);
    term_keys(t, "a");
    term_wait(t, "| ok: greeted", WAIT);
    term_keys(t, "i");
    say(t, "RCPT TO:<x@practice.example>", "503 5.5.1");
    if (!small)
        term_wait(t, "Say first what you think it means", WAIT);
    assert_false(term_shows(t, "| permanent"));
    term_key(t, "M-a");
    term_wait(t, "| permanent", WAIT);
    if (!small) { /* who wants the list gets it in the lesson's place */
        press(t, "Esc", "Esc talk");
        term_wait(t, "i type", WAIT);
        term_keys(t, "c");
        term_wait(t, "CAPS", WAIT);
        term_wait(t, "=CAPS", WAIT); /* and the focus */
        term_keys(t, "i");
    }
    command(t, "accounts");
    term_wait(t, "student@practice.example", WAIT);
    term_wait(t, "(hidden)", WAIT);
    assert_false(term_shows(t, "apple-pie"));
    term_key(t, "Esc");
    term_wait_gone(t, "(hidden)", WAIT);
    command(t, "present off");
    term_wait(t, "no longer presenting", WAIT);
    if (!small)
        term_wait(t, "PIPELINING", WAIT);
    command(t, "present maybe");
    term_wait(t, "say on or off", WAIT);
    assert_false(raw_has(t, "apple-pie"));
    assert_int_equal(leave(t), 0);
}

static void at_80x24(void **state)
{
    (void)state;
    explanations_wait(80, 24);
}

static void at_60x20(void **state)
{
    (void)state;
    explanations_wait(60, 20);
}

/* How long a password is stays unknown, too. */
static void secrets(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, "practice", "--present", NULL);

    term_wait(t, "220 practice.example", WAIT);
    command(t, "pop3");
    term_wait(t, "+OK practice", WAIT);
    say(t, "USER student", "now PASS");
    term_keys(t, "PASS abc");
    term_wait(t, "PASS \u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022", WAIT);
    term_keys(t, "defghijkl");
    term_line(t, "");
    term_wait(t, "-ERR", WAIT);
    assert_false(raw_has(t, "\u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022\u2022"));
    assert_false(raw_has(t, "abcdef"));
    assert_int_equal(leave(t), 0);
}

/* The theme is the projector's, unless another is named; NO_COLOR is kept. */
static void theme(void **state)
{
    static const char *const none[] = {"NO_COLOR=1", NULL};
    (void)state;
    struct term *t = helo(80, 24, NULL, "practice", "--present", NULL);
    term_wait(t, "220 practice.example", WAIT);
    assert_true(raw_has(t, "48;5;231m"));
    command(t, "present");
    term_wait(t, "no longer presenting", WAIT);
    term_mark(t);
    term_key(t, "C-l");
    term_wait(t, "220 practice.example", WAIT);
    command(t, "layout");
    term_wait(t, "80 x 24", WAIT);
    assert_false(raw_has(t, "48;5;231m"));
    assert_int_equal(leave(t), 0);

    t = helo(80, 24, none, "practice", "--present", NULL);
    term_wait(t, "220 practice.example", WAIT);
    say(t, "EHLO laptop.example", "250-practice.example greets");
    term_key(t, "M-a");
    term_wait(t, "| ok: greeted", WAIT);
    assert_false(raw_has(t, "48;5;"));
    assert_false(raw_has(t, "38;5;"));
    assert_int_equal(leave(t), 0);

    t = helo(80, 24, NULL, "practice", "--present", "--theme", "dark", NULL);
    term_wait(t, "220 practice.example", WAIT);
    assert_false(raw_has(t, "48;5;231m"));
    assert_int_equal(leave(t), 0);
}

/* A lesson stands below the talk; what its step meant waits like other explanations. */
static void lesson(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, "practice", "--present", "--lesson", "1", NULL);
    term_wait(t, "220 practice.example", WAIT);
    term_wait(t, "-[ LESSON 1/5", WAIT);
    term_wait(t, "Answer with the old greeting, HELO and the name of your host.", WAIT);
    term_line(t, "HELO laptop.example");
    term_wait(t, "a shows what it means", WAIT);
    assert_false(term_shows(t, "250 means done"));
    term_key(t, "M-a");
    term_wait(t, " 250 means done", WAIT);
    term_wait(t, "| lesson: 250 means done", WAIT); /* at the reply */
    term_key(t, "M-a");
    term_wait_gone(t, "250 means done", WAIT);
    term_key(t, "Enter");
    term_wait(t, "POP3, IMAP and FTP do", WAIT); /* an answer was asked for */
    term_key(t, "Enter");
    term_wait(t, "LESSON 2/5", WAIT);
    assert_int_equal(leave(t), 0);
}

/* 60 s: longer than any test waits, so that nothing here depends on time. */
static void pace(int cols, int rows)
{
    struct term *t = helo(cols, rows, NULL, "practice", "--pace", "60s", NULL);

    term_wait(t, "220 practice.example", WAIT);
    term_line(t, "EHLO laptop.example");
    term_wait(t, "1 more to show", WAIT);
    term_wait(t, "C:   EHLO laptop.example", WAIT);
    assert_false(term_shows(t, "greets you"));
    assert_false(term_shows(t, "PIPELINING"));
    assert_false(term_shows(t, "needs MAIL")); /* the header does not tell it either */
    /* keys do not wait, nor does what is sent */
    term_keys(t, "NOO");
    term_wait(t, "smtp> NOO", WAIT);
    term_keys(t, "P");
    term_key(t, "Enter");
    term_wait(t, "3 more to show", WAIT);
    assert_false(term_shows(t, "C:   NOOP"));
    command(t, "w all.txt");
    term_wait(t, "saved all.txt", WAIT); /* saved is all of it */
    assert_true(tree_has(term_home(t), "greets you", NULL));
    assert_false(term_shows(t, "greets you"));
    command(t, "pace soon");
    term_wait(t, "\"soon\" is no pace: 2s", WAIT);
    command(t, "pace off");
    term_wait(t, "250 2.0.0", WAIT);
    term_wait(t, "greets you", WAIT);
    term_wait(t, "C:   NOOP", WAIT);
    command(t, "pace 100ms");
    term_wait(t, "0.1 s apart", WAIT);
    say(t, "MAIL FROM:<a@laptop.example>", "250 2.1.0");
    assert_int_equal(leave(t), 0);
}

static void pace_80x24(void **state)
{
    (void)state;
    pace(80, 24);
}

static void pace_60x20(void **state)
{
    (void)state;
    pace(60, 20);
}

/* A lesson waits for what is seen. */
static void pace_lesson(void **state)
{
    (void)state;
    struct term *t =
        helo(80, 24, NULL, "practice", "--pace", "60s", "--lesson", "first-words", NULL);
    term_wait(t, "220 practice.example", WAIT);
    term_line(t, "HELO laptop.example");
    term_wait(t, "1 more to show", WAIT);
    term_wait(t, ":hint helps", WAIT);
    command(t, "pace 0.2s");
    term_wait(t, "Enter: go on", WAIT);
    assert_int_equal(leave(t), 0);
}

/* w: the name's end tells which table; a file that is there is asked about. */
static void hand_out(int cols, int rows)
{
    struct term *t = helo(cols, rows, NULL, "practice", "--present", NULL);
    char path[1024];

    term_wait(t, "220 practice.example", WAIT);
    say(t, "EHLO laptop.example", "250-practice.example greets");
    say(t, "AUTH PLAIN AHN0dWRlbnQAYXBwbGUtcGll", "538 5.7.11");
    press(t, "Esc", "Esc talk");
    term_wait(t, "i type", WAIT);
    term_keys(t, "w");
    term_wait(t, ".blank.md", WAIT); /* the question says how */
    term_key(t, "C-u");
    term_line(t, "~/class.md");
    term_wait(t, "class.md: ", WAIT);
    snprintf(path, sizeof path, "%s/class.md", term_home(t));
    assert_true(file_has(path, "| Command | Reply | What it means |"));
    assert_true(file_has(path, "The server wants an encrypted connection first."));
    command(t, "w ~/class.blank.html");
    term_wait(t, "class.blank.html: ", WAIT);
    assert_true(tree_has(term_home(t), "538 5.7.11 Encryption required", NULL));
    command(t, "w ~/class.md");
    term_wait(t, "Write over it?", WAIT);
    term_key(t, "Enter"); /* no */
    term_wait(t, "not saved", WAIT);
    command(t, "w ~/none/class.md");
    term_wait(t, "none/class.md: No", WAIT);
    assert_false(tree_has(term_home(t), "AHN0dWRlbnQ", NULL));
    assert_false(tree_has(term_home(t), "apple-pie", NULL));
    assert_int_equal(leave(t), 0);
}

static void hand_out_80x24(void **state)
{
    (void)state;
    hand_out(80, 24);
}

static void hand_out_60x20(void **state)
{
    (void)state;
    hand_out(60, 20);
}

/* Before the terminal is taken. */
static void bad_options(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, "practice", "--pace", "often", NULL);
    term_wait(t, "--pace: \"often\" is no pace", WAIT);
    assert_int_equal(term_exit_status(t, WAIT), 2);
    t = helo(80, 24, NULL, "practice", "--plain", "--present", NULL);
    term_wait(t, "not with --plain", WAIT);
    assert_int_equal(term_exit_status(t, WAIT), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(at_80x24),       term_unit_test(at_60x20),       term_unit_test(secrets),
        term_unit_test(theme),          term_unit_test(lesson),         term_unit_test(pace_80x24),
        term_unit_test(pace_60x20),     term_unit_test(pace_lesson),    term_unit_test(bad_options),
        term_unit_test(hand_out_80x24), term_unit_test(hand_out_60x20),
    };
    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
