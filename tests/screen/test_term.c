/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_term.c: does the terminal for tests see what it should, and fail when it should? The
 * programs on it are the shell and its friends; heloscope itself is not needed.
 */
#include "term_cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct term *shell_in(int cols, int rows, const char *script, const char *const *env)
{
    const char *argv[] = {"sh", "-c", script, NULL};

    return term_start(cols, rows, argv, env);
}

static struct term *shell(const char *script)
{
    return shell_in(80, 24, script, NULL);
}

/* ------------------------------------------------------------------ failing on purpose */

static jmp_buf out;
static char failure[1024];

static void note_failure(const char *file, int line, const char *message)
{
    (void)file;
    (void)line;
    snprintf(failure, sizeof failure, "%s", message);
    longjmp(out, 1);
}

/* Runs the statement with the failure caught (its printed screen goes to /dev/null). */
#define assert_fails(statement, wanted)                                                            \
    do {                                                                                           \
        int saved = dup(2);                                                                        \
        term_fail = note_failure;                                                                  \
        failure[0] = '\0';                                                                         \
        assert_non_null(freopen("/dev/null", "w", stderr));                                        \
        if (setjmp(out) == 0) {                                                                    \
            statement;                                                                             \
        }                                                                                          \
        fflush(stderr);                                                                            \
        dup2(saved, 2);                                                                            \
        close(saved);                                                                              \
        term_use_cmocka();                                                                         \
        assert_non_null(strstr(failure, wanted));                                                  \
    } while (0)

static void test_wait_fails(void **state)
{
    (void)state;
    struct term *t = shell("echo here; cat");

    term_wait(t, "here", 2000);
    assert_fails(term_wait(t, "nowhere", 30), "\"nowhere\"");
    assert_fails(term_wait_row(t, 1, "here", 30), "in row 1");
    assert_fails(term_wait_gone(t, "here", 30), "\"here\" to go");
    assert_fails(term_exit_status(t, 30), "still runs");
    assert_fails(term_key(t, "Hyper"), "Hyper");
}

static void test_quiet_fails(void **state)
{
    (void)state;
    struct term *t = shell("while :; do echo x; sleep 0.005; done");

    assert_fails(term_wait_quiet(t, 200, 400), "not quiet");
}

/* ------------------------------------------------------------------ the screen */

static void test_screen(void **state)
{
    (void)state;
    struct term *t = shell("printf 'one\\r\\n  two\\r\\nthree'; cat");
    int row, col;

    term_wait(t, "one\n  two\nthree", 2000);
    assert_string_equal(term_row(t, 0), "one");
    assert_string_equal(term_row(t, 1), "  two");
    assert_string_equal(term_row(t, -1), "");
    assert_true(term_find(t, "wo", &row, &col));
    assert_int_equal(row, 1);
    assert_int_equal(col, 3);
    assert_false(term_find(t, "four", &row, &col));
    term_cursor(t, &row, &col);
    assert_int_equal(row, 2);
    assert_int_equal(col, 5);
    assert_int_equal(term_rows(t), 24);
    assert_int_equal(term_cols(t), 80);
}

static void test_cells(void **state)
{
    (void)state;
    struct term *t = shell("printf 'a\\033[31mb\\033[0;7mc\\033[0;38;5;200md\\033[48;2;1;2;3me"
                           "\\033[0;1;4mf\\033[0mg\\346\\274\\242e\\314\\201h'; cat");
    struct term_cell c;
    int row, col;

    term_wait(t, "h", 2000);
    assert_string_equal(term_cell(t, 0, 0).text, "a");
    assert_int_equal(term_cell(t, 0, 0).fg, -1);
    assert_int_equal(term_cell(t, 0, 0).bg, -1);
    assert_int_equal(term_cell(t, 0, 1).fg, 1);
    assert_true(term_cell(t, 0, 2).reverse);
    assert_false(term_cell(t, 0, 1).reverse);
    assert_int_equal(term_cell(t, 0, 3).fg, 200);
    assert_int_equal(term_cell(t, 0, 4).bg, 0x1010203);
    c = term_cell(t, 0, 5);
    assert_true(c.bold && c.underline && !c.reverse);
    /* a wide character takes two cells, a combining mark none */
    assert_string_equal(term_cell(t, 0, 7).text, "\346\274\242");
    assert_int_equal(term_cell(t, 0, 7).width, 2);
    assert_string_equal(term_cell(t, 0, 9).text, "e\314\201");
    assert_string_equal(term_cell(t, 0, 10).text, "h");
    assert_true(term_find(t, "h", &row, &col));
    assert_int_equal(col, 10);
    assert_string_equal(term_cell(t, 5, 5).text, "");
    assert_int_equal(term_colours(t), 3);
}

/* What ncurses uses under xterm-256color: repeat, scroll regions, erase, insert and delete. */
static void test_sequences(void **state)
{
    (void)state;
    struct term *t =
        shell("printf 'x\\033[9b|\\r\\nkeep\\r\\ndrop\\033[2K\\033[2;4r\\033[4;1H\\nup"
              "\\033[r\\033[10;1Habcdef\\033[10;2H\\033[2P\\033[@\\033[20;1Hdone'; cat");

    term_wait(t, "done", 2000);
    assert_string_equal(term_row(t, 0), "xxxxxxxxxx|");
    assert_string_equal(term_row(t, 1), "");
    assert_string_equal(term_row(t, 3), "up");
    assert_string_equal(term_row(t, 9), "a def");
}

static void test_altscreen_and_modes(void **state)
{
    (void)state;
    struct term *t =
        shell("printf '\\033[?1049h\\033[?1h\\033=\\033[?25l\\033[?2004h\\033]2;tit"
              "le\\007\\033]52;c;aGk=\\033\\\\in'; read x; printf '\\033[?2004l\\033[?25h"
              "\\033[?1l\\033>\\033[?1049l\\033[mout'; read x");

    term_wait(t, "in", 2000);
    assert_true(term_altscreen(t));
    assert_false(term_cursor_visible(t));
    assert_true(term_mode(t, 2004));
    assert_true(term_mode(t, 1));
    assert_false(term_mode(t, 1000));
    assert_string_equal(term_title(t), "title");
    assert_string_equal(term_osc(t, 52), "c;aGk=");
    assert_null(term_osc(t, 4));
    assert_string_equal(term_modes_left(t), "?1049h ?1h ?25l ?2004h ESC=");
    term_key(t, "Enter");
    term_wait(t, "out", 2000);
    assert_false(term_altscreen(t));
    assert_true(term_cursor_visible(t));
    assert_string_equal(term_modes_left(t), "");
}

static void test_answers(void **state)
{
    (void)state;
    /* a cursor report is written back as a real terminal does */
    struct term *t =
        shell("stty raw -echo; printf 'ab\\033[6n'; dd bs=1 count=6 2>/dev/null | od -c");

    term_wait(t, "033   [   1   ;   3   R", 2000);
}

static void test_resize(void **state)
{
    (void)state;
    struct term *t = shell("trap 'stty size' WINCH; echo up; while :; do sleep 0.02; done");

    term_wait(t, "up", 2000);
    term_resize(t, 100, 30);
    term_wait(t, "30 100", 2000);
    assert_int_equal(term_cols(t), 100);
    for (int i = 0; i < 200; i++)
        term_resize(t, 20 + i * 7 % 113, 3 + i * 5 % 41);
    term_resize(t, 61, 17);
    term_wait(t, "17 61", 4000);
}

/* ------------------------------------------------------------------ keys */

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *key, *bytes;
    } rows[] = {
        {"Enter", "0d"},          {"Tab", "09"},        {"S-Tab", "1b5b5a"}, {"Esc", "1b"},
        {"Backspace", "7f"},      {"Up", "1b5b41"},     {"Down", "1b5b42"},  {"Right", "1b5b43"},
        {"Left", "1b5b44"},       {"Home", "1b5b48"},   {"End", "1b5b46"},   {"PgUp", "1b5b357e"},
        {"PgDn", "1b5b367e"},     {"Del", "1b5b337e"},  {"Ins", "1b5b327e"}, {"F1", "1b4f50"},
        {"F5", "1b5b31357e"},     {"C-c", "03"},        {"C-x", "18"},       {"C-_", "1f"},
        {"M-x", "1b78"},          {"C-M-x", "1b18"},    {"Space", "20"},     {"q", "71"},
        {"C-Up", "1b5b313b3541"}, {"\303\244", "c3a4"}, {"-", "2d"},         {"C-Space", "00"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char script[200], wanted[64];
        struct term *t;

        /* the # behind the key shows that nothing else came with it */
        snprintf(wanted, sizeof wanted, "got %s23", rows[i].bytes);
        snprintf(
            script, sizeof script,
            "stty raw -echo; printf 'up got '; dd bs=1 count=%zu 2>/dev/null | od -An -v -tx1 | "
            "tr -d ' \\n'",
            strlen(rows[i].bytes) / 2 + 1);
        t = shell(script);
        term_wait(t, "up", 2000);
        term_key(t, rows[i].key);
        term_keys(t, "#");
        term_wait(t, wanted, 2000);
        term_stop(t);
    }
}

static void test_typed_keys(void **state)
{
    (void)state;
    struct term *t = shell("cat");

    term_keys(t, "RETR 1");
    term_wait(t, "RETR 1", 2000);
    term_key(t, "Backspace");
    term_wait_gone(t, "RETR 1", 2000);
    term_line(t, "2");
    term_wait(t, "RETR 2\nRETR 2", 2000);
    term_key(t, "C-c");
    assert_int_equal(term_exit_status(t, 2000), 128 + SIGINT);
    assert_int_equal(term_exit_signal(t), SIGINT);
    assert_false(term_running(t));
}

static void test_application_cursor(void **state)
{
    (void)state;
    struct term *t =
        shell("stty raw -echo; printf '\\033[?1hup'; dd bs=1 count=3 2>/dev/null | od -c");

    term_wait(t, "up", 2000);
    term_key(t, "Up");
    term_wait(t, "033   O   A", 2000);
}

static void test_paste(void **state)
{
    (void)state;
    struct term *t = shell(
        "stty raw -echo; printf 'plain?'; dd bs=1 count=3 2>/dev/null | od -An -c -w20;"
        "printf '\\033[?2004hbracketed?\\r\\n'; dd bs=1 count=15 2>/dev/null | od -An -c -w20");

    term_wait(t, "plain?", 2000);
    term_paste(t, "abc", SIZE_MAX);
    term_wait(t, "  a   b   c", 2000);
    term_wait(t, "bracketed?", 2000);
    term_paste(t, "xyzzy", 3);
    term_wait(t, "033   [   2   0   0   ~   x   y   z 033   [   2   0   1   ~", 2000);
}

/* More than the terminal's buffers hold, in both directions at once. */
static void test_large_paste(void **state)
{
    (void)state;
    size_t n = 300000;
    char *big = malloc(n);
    struct term *t =
        shell("stty raw; printf 'ready'; dd bs=1000 count=300 iflag=fullblock 2>/dev/null | wc -c");

    assert_non_null(big);
    memset(big, 'p', n);
    term_wait(t, "ready", 2000);
    term_paste(t, big, n);
    free(big);
    term_wait(t, "300000", 5000);
    assert_int_equal(term_exit_status(t, 2000), 0);
}

/* ------------------------------------------------------------------ bytes and time */

static void test_counts(void **state)
{
    (void)state;
    struct term *t =
        shell("stty -echo; echo up; read x; printf '\\033[1;31mred\\033[m\\007'; read x;"
              "printf plain; read x; printf '\\302\\233'; read x");
    size_t n;

    term_wait(t, "up", 2000);
    term_mark(t);
    assert_int_equal(term_written(t), 0);
    term_key(t, "Enter");
    term_wait(t, "red", 2000);
    term_wait_quiet(t, 20, 1000);
    assert_int_equal(term_written(t), 14);
    assert_int_equal(term_colours(t), 1);
    assert_int_equal(term_escapes(t), 2);
    assert_int_equal(term_controls(t), 1);
    assert_memory_equal(term_raw(t, &n), "\033[1;31mred", 10);
    assert_int_equal(n, 14);
    term_mark(t);
    term_key(t, "Enter");
    term_wait(t, "plain", 2000);
    assert_int_equal(term_written(t), 5);
    assert_int_equal(term_escapes(t) + term_colours(t) + term_controls(t), 0);
    term_mark(t);
    term_key(t, "Enter");
    term_wait_quiet(t, 30, 1000);
    assert_int_equal(term_controls(t), 1); /* CSI as one C1 character */
}

static void test_time(void **state)
{
    (void)state;
    struct term *t = shell("stty -echo; echo up; read x; sleep 0.05; echo later; read x; sleep 30");
    int64_t us;

    term_wait(t, "up", 2000);
    assert_true(term_t_first(t) >= term_t_start(t) && term_t_last(t) >= term_t_first(t));
    term_key(t, "Enter");
    us = term_key_echo(t, 2000);
    assert_in_range(us, 50000, 1900000);
    assert_true(term_t_key(t) + us == term_t_last(t));
    term_key(t, "Enter");
    assert_int_equal(term_key_echo(t, 30), -1);
}

/* ------------------------------------------------------------------ the program */

static void test_environment(void **state)
{
    (void)state;
    const char *const env[] = {"NO_COLOR=1", "TERM=vt100", "TZ", NULL};
    const char *argv[] = {"env", NULL};
    char home[600], before[4096];
    struct term *t;

    setenv("HELO_STRANGER", "1", 1);
    t = term_start(100, 40, argv, env);
    assert_int_equal(term_exit_status(t, 2000), 0);
    assert_true(term_shows(t, "NO_COLOR=1") && term_shows(t, "TERM=vt100"));
    assert_true(term_shows(t, "LC_ALL=C.UTF-8"));
    assert_false(term_shows(t, "TZ="));
    assert_false(term_shows(t, "HELO_STRANGER"));
    snprintf(home, sizeof home, "HOME=%s\n", term_home(t));
    assert_true(term_shows(t, home));
    snprintf(before, sizeof before, "%s", term_home(t));
    assert_int_equal(access(before, F_OK), 0);
    term_stop(t);
    assert_int_not_equal(access(before, F_OK), 0); /* the home went with it */
}

static void test_missing_program(void **state)
{
    (void)state;
    const char *argv[] = {"no-such-program", NULL};
    struct term *t = term_start(80, 24, argv, NULL);

    assert_int_equal(term_exit_status(t, 2000), 127);
    assert_true(term_shows(t, "no-such-program: No such file"));
}

static void test_tty_settings(void **state)
{
    (void)state;
    struct term *t =
        shell("stty -echo -icanon min 3; echo left; read x; stty sane echo icanon; exit 7");

    term_wait(t, "left", 2000);
    assert_false(term_tty_restored(t));
    assert_non_null(strstr(term_tty_difference(t), "ECHO off"));
    assert_non_null(strstr(term_tty_difference(t), "ICANON off"));
    assert_non_null(strstr(term_tty_difference(t), "cc["));
    term_stop(t);

    t = shell("s=$(stty -g); stty raw; echo raw; read x; stty $s; exit 7");
    term_wait(t, "raw", 2000);
    assert_false(term_tty_restored(t));
    term_keys(t, "x\n");
    assert_int_equal(term_exit_status(t, 2000), 7);
    assert_int_equal(term_exit_signal(t), 0);
    assert_string_equal(term_tty_difference(t), "");
    assert_true(term_tty_restored(t));
}

static void test_signals(void **state)
{
    (void)state;
    struct term *t = shell("trap 'echo term; exit 3' TERM; echo up; while :; do sleep 0.02; done");

    term_wait(t, "up", 2000);
    term_signal(t, SIGTERM);
    assert_int_equal(term_exit_status(t, 2000), 3);
    assert_true(term_shows(t, "term"));

    t = shell("trap 'exit 4' HUP; echo up; while :; do sleep 0.02; done");
    term_wait(t, "up", 2000);
    term_hangup(t);
    assert_int_equal(term_exit_status(t, 2000), 4);
    assert_true(term_shows(t, "up"));
}

/* C-z needs a shell with job control above the program. */
static void test_suspend(void **state)
{
    (void)state;
    const char *const env[] = {"PS1=bash> ", NULL};
    const char *argv[] = {"bash", "--norc", "--noprofile", "-i", NULL};
    struct term *t = term_start(80, 24, argv, env);

    term_wait(t, "bash>", 2000);
    /* readline has given the terminal back to lines and echo when a command of the line runs */
    term_line(t, "echo rea''dy; cat");
    term_wait(t, "\nready\n", 2000);
    term_line(t, "hello");
    term_wait(t, "hello\nhello", 2000);
    term_key(t, "C-z");
    term_wait(t, "Stopped", 2000);
    term_line(t, "fg");
    term_wait(t, "fg\ncat\n", 2000); /* the shell has handed the terminal over by then */
    term_line(t, "again");
    term_wait(t, "again\nagain", 2000);
    assert_true(term_rss_kb(t) > 100);
    assert_true(term_rss_peak_kb(t) >= term_rss_kb(t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_wait_fails),
        term_unit_test(test_quiet_fails),
        term_unit_test(test_screen),
        term_unit_test(test_cells),
        term_unit_test(test_sequences),
        term_unit_test(test_altscreen_and_modes),
        term_unit_test(test_answers),
        term_unit_test(test_resize),
        term_unit_test(test_keys),
        term_unit_test(test_typed_keys),
        term_unit_test(test_application_cursor),
        term_unit_test(test_paste),
        term_unit_test(test_large_paste),
        term_unit_test(test_counts),
        term_unit_test(test_time),
        term_unit_test(test_environment),
        term_unit_test(test_missing_program),
        term_unit_test(test_tty_settings),
        term_unit_test(test_signals),
        term_unit_test(test_suspend),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
