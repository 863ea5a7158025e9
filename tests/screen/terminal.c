/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The terminal itself: sizes and resizing, giving it back whatever happens, colours and none,
 * themes and settings that are broken, and what is no terminal at all.
 */
#include "walk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------------ sizes */

static void test_resize_storm(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);
    unsigned long seed = 20260101;

    say(t, "EHLO me.example", "250-practice");
    for (int i = 0; i < 500; i++) {
        seed = seed * 6364136223846793005UL + 1442695040888963407UL;
        term_resize(t, 1 + (int)(seed >> 33) % 200, 1 + (int)(seed >> 45) % 70);
        if (i % 7 == 0)
            term_key(t, i % 2 ? "Esc" : "Tab");
        term_pump(t, 1);
    }
    assert_true(term_running(t));
    term_resize(t, 80, 24);
    term_wait_row(t, 0, "SMTP practice", WAIT);
    term_key(t, "G");
    term_key(t, "i");
    term_key(t, "C-u");
    say(t, "NOOP", "250 2.0.0");
    assert_int_equal(leave(t), 0);
}

/* Where nothing can be seen nothing can be done, but to leave. */
static void test_too_small(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("NOOP seen"), SEND("250 seen\r\n"), END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    term_resize(t, 30, 5);
    term_wait(t, "needs 40x8; q quits", WAIT);
    term_line(t, "NOOP unseen");
    term_paste(t, "NOOP pasted\nNOOP again\n", SIZE_MAX);
    term_line(t, ":drop");
    term_keys(t, "y");
    term_resize(t, 80, 24);
    term_wait(t, "smtp>", WAIT);
    say(t, "NOOP seen", "250 seen");
    term_resize(t, 30, 5);
    term_wait(t, "q quits", WAIT);
    term_keys(t, "q");
    assert_int_equal(term_exit_status(t, WAIT), 0);
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, NULL), "NOOP seen\r\n");
    fake_free(f);
}

/* ------------------------------------------------------------------ giving it back */

static void given_back(struct term *t)
{
    assert_string_equal(term_tty_difference(t), "");
    assert_string_equal(term_modes_left(t), "");
    assert_false(term_altscreen(t));
    assert_true(term_cursor_visible(t));
}

static void test_signals(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT, SIGINT, SIGSEGV, SIGABRT, SIGBUS};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct term *t = helo_practice(80, 24);

        assert_true(term_altscreen(t));
        assert_true(term_mode(t, 2004));
        term_signal(t, signals[i]);
        (void)term_exit_status(t, WAIT);
        /* a sanitizer's own handler for the last ones ends the process by exit() */
        assert_true(term_exit_signal(t) == signals[i] || getenv("ASAN_OPTIONS"));
        given_back(t);
        term_stop(t);
    }
}

static void test_quit(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, NULL);

    term_wait(t, "1  practise", WAIT);
    term_keys(t, "q"); /* nothing is connected: no question */
    assert_int_equal(term_exit_status(t, WAIT), 0);
    given_back(t);

    /* connected, it asks, and No is the answer of Enter */
    t = helo_practice(80, 24);
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "q");
    term_wait(t, "[y/N]", WAIT);
    term_key(t, "Enter");
    term_wait_gone(t, "[y/N]", WAIT);
    assert_true(term_running(t));
    term_keys(t, "q");
    term_wait(t, "[y/N]", WAIT);
    term_keys(t, "y");
    assert_int_equal(term_exit_status(t, WAIT), 0);
    given_back(t);
}

/* The window is closed. */
static void test_hangup(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);

    term_hangup(t);
    (void)term_exit_status(t, WAIT);
    assert_false(term_running(t));
}

static void test_suspend(void **state)
{
    (void)state;
    const char *const env[] = {"PS1=bash> ", NULL};
    const char *argv[] = {"bash", "--norc", "--noprofile", "-i", NULL};
    struct term *t = term_start(80, 24, argv, env);
    char line[1100];

    term_wait(t, "bash>", WAIT);
    snprintf(line, sizeof line, "%s practice",
             getenv("HELOSCOPE") ? getenv("HELOSCOPE") : "./heloscope");
    term_line(t, line);
    term_wait(t, "220 practice.example", WAIT);
    say(t, "EHLO me.example", "250-practice");
    term_keys(t, "NOOP half");
    term_wait(t, "smtp> NOOP half", WAIT);
    for (int i = 0; i < 2; i++) {
        term_key(t, "C-z");
        term_wait(t, "Stopped", WAIT);
        assert_false(term_altscreen(t));
        assert_false(term_mode(t, 2004) && term_mode(t, 1049));
        term_resize(t, 90 - i * 10, 30 - i * 6); /* while it sleeps */
        term_line(t, "stty -a | grep -c ' icanon'");
        term_wait(t, "\n1\n", WAIT);
        term_line(t, "clear; fg");
        term_wait(t, "smtp> NOOP half", WAIT);
        assert_true(term_altscreen(t));
        assert_true(term_mode(t, 2004));
        term_wait_row(t, 0, "SMTP practice", WAIT);
    }
    term_key(t, "Enter");
    term_wait(t, "250 2.0.0", WAIT);
}

/* ------------------------------------------------------------------ colours */

static void test_no_colour(void **state)
{
    (void)state;
    const char *const env[] = {"NO_COLOR=1", NULL};
    struct term *t = helo(80, 24, env, "practice", NULL);

    term_wait(t, "220 practice.example", WAIT);
    say(t, "EHLO me.example", "250-practice");
    say(t, "RCPT TO:<x@practice.example>", "! 503"); /* the mark tells it, too */
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "kkz?");
    term_wait(t, "The transcript", WAIT);
    term_keys(t, "q");
    term_wait_gone(t, "The transcript", WAIT);
    term_keys(t, ":");
    term_wait(t, "Enter run", WAIT);
    term_line(t, "next theme");
    term_wait_gone(t, "Enter run", WAIT);
    term_keys(t, "q");
    term_wait(t, "[y/N]", WAIT);
    term_keys(t, "y");
    assert_int_equal(term_exit_status(t, WAIT), 0);
    assert_int_equal(term_colours(t), 0);

    /* and without it there are some: the counter can count */
    t = helo_practice(80, 24);
    say(t, "EHLO me.example", "250-practice");
    assert_true(term_colours(t) > 0);
}

/* The start screen tells how to choose, get help and get out at any width; its choices are whole at
 * the usual ones. */
static void test_start_keys(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, NULL);

    term_wait(t, " 1 practise  2 connect  3 open  Enter choose  m mail", WAIT);
    assert_true(term_shows(t, "? help  q quit"));
    assert_true(term_shows(t, "SMTP and POP3, no network"));
    assert_false(term_shows(t, "…"));
    term_resize(t, 60, 20);
    term_wait(t, " 1 practise  2 connect  3 open  Enter choose  ? help  q quit", WAIT);
    assert_true(term_shows(t, "pop3s:// ..."));
    assert_false(term_shows(t, "…"));
    term_resize(t, 40, 8);
    term_wait(t, " 1 practise  2 connect  ? help  q quit", WAIT);
    term_keys(t, "q");
    assert_int_equal(term_exit_status(t, WAIT), 0);
    term_stop(t);
}

/* COLUMNS and LINES in the environment may be of another window. */
static void test_lying_sizes(void **state)
{
    (void)state;
    static const char *const lies[] = {"COLUMNS=10", "LINES=3", NULL};
    struct term *t = helo(80, 24, lies, "practice", NULL);

    term_wait(t, "220 practice.example", WAIT);
    term_wait(t, "Enter send", WAIT);
    term_resize(t, 60, 20);
    term_wait(t, "[1 talk]", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

static void test_themes(void **state)
{
    (void)state;
    static const char *const names[] = {"terminal",       "dark",           "light",
                                        "contrast-dark",  "contrast-light", "mono",
                                        "solarized-dark", "solarized-light"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct term *t = helo(80, 24, NULL, "--theme", names[i], "practice", NULL);

        term_wait(t, "220 practice.example", WAIT);
        term_wait(t, "Tab writes EHLO", WAIT); /* and no complaint in its place */
        int row, col;
        term_cursor(t, &row, &col);
        assert_int_equal(row, 21); /* in the line that is typed */
        assert_int_equal(col, 6);
        if (strcmp(names[i], "mono") == 0)
            assert_int_equal(term_colours(t), 0);
        term_stop(t);
    }
}

static bool theme_said(struct term *t, void *arg)
{
    return term_shows(t, arg);
}

static void test_broken_theme(void **state)
{
    (void)state;
    char *home = dir_new();
    char setting[600], file[600];
    const char *const env[] = {setting, NULL};
    struct term *t;

    snprintf(setting, sizeof setting, "HOME=%s", home);
    file_write(home, "broken.theme",
               "theme {\n name = \"broken\"\n}\ncolor {\n text = \"#12345\"\n}\n");
    snprintf(file, sizeof file, "%s/broken.theme", home);
    t = helo(120, 30, env, "--theme", file, "practice", NULL);
    term_wait(t, "220 practice.example", WAIT);
    term_wait_for(t, theme_said, (void *)(uintptr_t) "broken.theme:5", "file and line", WAIT);
    assert_true(term_shows(t, "#12345"));
    say(t, "EHLO me.example", "250-practice");
    term_stop(t);

    t = helo(120, 30, env, "--theme", "no-such-theme", "practice", NULL);
    term_wait(t, "220 practice.example", WAIT);
    term_wait(t, "no-such-theme", WAIT);
    term_stop(t);

    file_write(home, ".config/heloscope/config", "timeout = 30\n\nannotate = loud\n");
    t = helo(120, 30, env, "practice", NULL);
    term_wait(t, "220 practice.example", WAIT);
    term_wait(t, "config:3", WAIT);
    term_stop(t);

    /* Comments do not upset the counting of lines. */
    file_write(home, ".config/heloscope/config", "# one\n# two\n# three\n\nnonsense = 3\n");
    t = helo(120, 30, env, "practice", NULL);
    term_wait(t, "config:5: no such option 'nonsense'", WAIT);
    term_stop(t);

    /* What is no text file neither ends the program nor lets it wait. */
    for (int kind = 0; kind < 3; kind++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/.config/heloscope/config", home);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(kind == 0   ? mkdir(path, 0700)
                         : kind == 1 ? mkfifo(path, 0600)
                                     : symlink("/dev/zero", path),
                         0);
        t = helo(120, 30, env, "practice", NULL);
        term_wait(t, "220 practice.example", WAIT);
        term_wait(t, kind ? "is no ordinary file" : "is a folder", WAIT);
        term_stop(t);
        if (kind == 0)
            assert_int_equal(rmdir(path), 0);
        if (kind == 0)
            file_write(home, ".config/heloscope/config", "");
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/.config/heloscope/config", home);
    assert_int_equal(unlink(path), 0);

    file_write(home, ".config/heloscope/config", "theme = \"mono\n");
    t = helo(120, 30, env, "practice", NULL);
    term_wait(t, "220 practice.example", WAIT);
    term_wait(t, "config:", WAIT);
    say(t, "EHLO me.example", "250-practice");
    term_stop(t);
    dir_remove(home);
}

/* ------------------------------------------------------------------ no terminal */

/* One line on standard error and status 9. */
static void refused(const char *const *env, const char *redirect, const char *word)
{
    char script[1400];
    const char *argv[] = {"sh", "-c", script, NULL};
    struct term *t;
    const char *screen;

    snprintf(script, sizeof script, "'%s' practice %s; s=$?; echo; echo status $s",
             getenv("HELOSCOPE") ? getenv("HELOSCOPE") : "./heloscope", redirect);
    t = term_start(200, 24, argv, env);
    term_wait(t, "status ", WAIT);
    screen = term_screen(t);
    assert_non_null(strstr(screen, "\nstatus 9"));
    assert_memory_equal(screen, "heloscope: ", 11);
    assert_non_null(strstr(screen, word));
    assert_ptr_equal(strstr(strchr(screen, '\n'), "\n\nstatus"), strchr(screen, '\n'));
    assert_int_equal(term_escapes(t), 0);
    term_stop(t);
}

static void test_no_terminal(void **state)
{
    (void)state;
    static const char *const dumb[] = {"TERM=dumb", NULL}, *const none[] = {"TERM", NULL},
                             *const odd[] = {"TERM=no-such-terminal", NULL};

    refused(NULL, "</dev/null", "--plain");
    refused(NULL, ">/dev/null", "--plain");
    refused(dumb, "", "cannot move the cursor");
    refused(none, "", "TERM is not set");
    refused(odd, "", "no-such-terminal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_resize_storm), term_unit_test(test_too_small),
        term_unit_test(test_signals),      term_unit_test(test_quit),
        term_unit_test(test_hangup),       term_unit_test(test_suspend),
        term_unit_test(test_no_colour),    term_unit_test(test_themes),
        term_unit_test(test_start_keys),   term_unit_test(test_lying_sizes),
        term_unit_test(test_broken_theme), term_unit_test(test_no_terminal),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
