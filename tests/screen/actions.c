/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one can do in the transcript and by the palette: search, filter, fold, go from problem to
 * problem, zoom, annotate, help, copy, save, open; and that each row of the palette runs.
 */
#include "walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A practice session with two problems, and the focus on the transcript. */
static struct term *some_talk(int cols, int rows)
{
    struct term *t = helo_practice(cols, rows);

    say(t, "EHLO me.example", "250-practice.example greets");
    say(t, "RCPT TO:<first@practice.example>", "503 5.5.1");
    say(t, "MAIL FROM:<me@me.example>", "250 2.1.0");
    say(t, "RCPT TO:<nobody@practice.example>", "550 5.1.1 <nobody");
    say(t, "NOOP", "250 2.0.0");
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    return t;
}

static bool selected(struct term *t, void *arg)
{
    for (int i = 0; i < term_rows(t); i++)
        if (term_row(t, i)[0] == '>' && strstr(term_row(t, i), arg))
            return true;
    return false;
}

#define wait_selected(t, text)                                                                     \
    term_wait_for((t), selected, (void *)(uintptr_t)(text), "the selection on " text, WAIT)

static void test_problems(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);

    term_keys(t, "E");
    wait_selected(t, "550 5.1.1");
    term_wait(t, "why 550 5.1.1", WAIT);
    term_keys(t, "E");
    wait_selected(t, "503 5.5.1");
    term_wait(t, "why 503 5.5.1", WAIT);
    term_keys(t, "E");
    term_wait(t, "no problem before this one", WAIT);
    wait_selected(t, "503 5.5.1");
    term_keys(t, "e");
    wait_selected(t, "550 5.1.1");
    term_keys(t, "e");
    term_wait(t, "no problem after this one", WAIT);
    /* the cursor stands on the selected row, for those who listen to it */
    {
        int row, col;

        term_cursor(t, &row, &col);
        assert_int_equal(term_row(t, row)[0], '>');
        assert_true(term_cursor_visible(t));
    }
    assert_int_equal(leave(t), 0);
}

static void test_search(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);

    term_keys(t, "g/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "mail from");
    wait_selected(t, "503 5.5.1 MAIL FROM comes first");
    term_keys(t, "n");
    wait_selected(t, "MAIL FROM:<me@me.example>");
    term_keys(t, "N");
    wait_selected(t, "503 5.5.1");
    term_keys(t, "/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "no such words");
    term_wait(t, "not found: no such words", WAIT);
    /* a pattern that is none is told, and nothing moves */
    term_keys(t, "/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "(unclosed");
    term_wait_gone(t, "Enter take", WAIT);
    term_wait_gone(t, "not found: no such words", WAIT);
    wait_selected(t, "503 5.5.1");
    /* found inside what is folded: it is unfolded */
    term_keys(t, "/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "250-SMTPUTF8");
    wait_selected(t, "250-SMTPUTF8");
    assert_int_equal(leave(t), 0);
}

static void test_filter(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);

    term_keys(t, "f");
    term_wait(t, "filter: problems only", WAIT);
    term_wait_gone(t, "250 2.1.0", WAIT);
    assert_true(term_shows(t, "503 5.5.1") && term_shows(t, "550 5.1.1"));
    assert_non_null(strstr(term_row(t, 0), "only problems"));
    term_keys(t, "f");
    term_wait(t, "filter: the talk", WAIT);
    term_wait_gone(t, "connected to practice", WAIT);
    term_keys(t, "f");
    term_wait(t, "filter: only what you said", WAIT);
    term_wait_gone(t, "S: !", WAIT);
    assert_true(term_shows(t, "C:   NOOP"));
    term_keys(t, "f");
    term_wait(t, "filter: all entries", WAIT);
    term_wait(t, "550 5.1.1", WAIT);
    assert_int_equal(leave(t), 0);
}

static void test_fold_zoom_annotate(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);

    term_keys(t, "g/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "greets you");
    wait_selected(t, "250-practice.example greets you");
    term_wait_gone(t, "250-PIPELINING", WAIT);
    term_keys(t, " ");
    term_wait(t, "250-PIPELINING", WAIT);
    term_keys(t, " ");
    term_wait_gone(t, "250-PIPELINING", WAIT);
    term_wait(t, "lines]", WAIT);

    term_keys(t, "z");
    term_wait_gone(t, "CAPS", WAIT);
    term_wait_gone(t, "smtp>", WAIT);
    term_keys(t, "z");
    term_wait(t, "CAPS", WAIT);

    term_keys(t, "Gk");
    term_wait(t, "| permanent", WAIT); /* the problem's gutter line */
    term_keys(t, "a");
    term_wait(t, "annotations: all", WAIT);
    term_keys(t, "a");
    term_wait(t, "raw bytes", WAIT);
    term_wait(t, "<CR><LF>", WAIT);
    term_keys(t, "a");
    term_wait(t, "exam mode", WAIT);
    term_wait_gone(t, "| permanent", WAIT);
    term_wait_gone(t, "<CR><LF>", WAIT);
    assert_int_equal(leave(t), 0);
}

static void test_help_and_panes(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);

    term_keys(t, "?");
    term_wait(t, "The transcript", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "The transcript", WAIT);
    term_key(t, "Enter"); /* the explanation gets the focus: seen without any colour */
    term_wait(t, "==[ why", WAIT);
    term_wait(t, "--[ COMMAND ]-- ", WAIT);
    term_keys(t, "?");
    term_wait(t, "The explanation", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "The explanation", WAIT);
    term_keys(t, "c?");
    term_wait(t, "What the server offers", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "What the server offers", WAIT);
    term_keys(t, "i");
    term_wait(t, "Enter send", WAIT);
    term_wait(t, "==[ COMMAND ]== ", WAIT);
    term_wait(t, "--[ why", WAIT);
    term_keys(t, "?"); /* on an empty line a key, in a line a letter */
    term_wait(t, "The command line", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "The command line", WAIT);
    term_keys(t, "NOOP ?:/");
    term_wait(t, "smtp> NOOP ?:/", WAIT);
    term_key(t, "C-u");
    assert_int_equal(leave(t), 0);
}

/* A reply that comes never moves the focus, and moves the selection only if it stood at the end. */
static void test_reply_moves_nothing(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("NOOP"),
                                              SEND("250 one\r\n"),
                                              EXPECT("NOOP"),
                                              DELAY(300),
                                              SEND("250 two\r\n"),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "NOOP", "250 one");
    term_line(t, "NOOP");
    term_wait(t, "2 C:   NOOP", WAIT);
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "g");
    wait_selected(t, "trying 127.0.0.1");
    term_wait(t, "250 two", WAIT);
    wait_selected(t, "trying 127.0.0.1");
    assert_true(term_shows(t, "i type"));
    fake_finish(f);
    fake_free(f);
}

static void test_copy(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);

    term_keys(t, "E");
    wait_selected(t, "550 5.1.1");
    term_keys(t, "y");
    term_wait(t, "copied: terminal (OSC 52), ~/", WAIT);
    term_wait(t, "/copied", WAIT); /* all of it */
    assert_non_null(term_osc(t, 52));
    /* "550 5.1.1 <nobody" */
    assert_non_null(strstr(term_osc(t, 52), "NTUwIDUuMS4xIDxub2Jv"));
    assert_int_equal(leave(t), 0);
}

/* ------------------------------------------------------------------ files */

static void test_save(void **state)
{
    (void)state;
    struct term *t = some_talk(80, 24);
    char path[1200];

    snprintf(path, sizeof path, "%s/there.txt", term_home(t));
    file_write(term_home(t), "there.txt", "precious\n");
    term_keys(t, "w");
    term_wait(t, "save the talk", WAIT);
    term_line(t, "there.txt"); /* takes the place of the name that is suggested */
    term_wait(t, "write over it?", WAIT);
    term_key(t, "Enter"); /* No */
    term_wait(t, "not saved", WAIT);
    assert_true(file_has(path, "precious"));
    term_line(t, ":w there.txt");
    term_wait(t, "write over it?", WAIT);
    term_keys(t, "n");
    term_wait_gone(t, "write over it?", WAIT);
    assert_true(file_has(path, "precious"));
    term_line(t, ":w there.txt");
    term_wait(t, "write over it?", WAIT);
    term_keys(t, "y");
    term_wait(t, "secrets masked", WAIT);
    assert_true(file_has(path, "550 5.1.1") && !file_has(path, "precious"));
    term_line(t, ":w /no/such/folder/x.txt");
    term_wait(t, "not saved", WAIT);
    term_line(t, ":w talk.jsonl");
    term_wait(t, "JSON lines", WAIT);
    term_line(t, ":w talk.helo");
    term_wait(t, "a script for", WAIT);

    /* what was saved is read again, in a tab of its own */
    term_line(t, ":open there.txt");
    term_wait(t, "FILE", WAIT);
    term_keys(t, "G");
    term_wait(t, "RCPT TO:<nobody@practice.example>", WAIT);
    term_line(t, ":open talk.jsonl");
    term_wait(t, "3/3", WAIT);
    term_keys(t, "G");
    term_wait(t, "RCPT TO:<nobody@practice.example>", WAIT);
    term_keys(t, "E");
    wait_selected(t, "550 5.1.1");
    term_wait(t, "why 550 5.1.1", WAIT);
    term_line(t, ":open no-such-file.txt");
    term_wait(t, "no-such-file.txt", WAIT);
    term_line(t, ":tab 1");
    term_wait(t, "1/3", WAIT);
    assert_int_equal(leave(t), 0);
}

/* 20 MB: as long as it is read, keys act. */
static void test_open_big(void **state)
{
    (void)state;
    char *dir = dir_new(), path[600];
    struct term *t;
    FILE *f;
    int64_t from;

    snprintf(path, sizeof path, "%s/big.txt", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("S: 220 mail.example.test ESMTP\nC: EHLO me.example\nS: 250 mail.example.test\n", f);
    for (int i = 0; i < 260000; i++)
        fprintf(f, "C: MAIL FROM:<number%d@me.example>\nS: 250 2.1.0 Ok, this is reply %d\n", i, i);
    fputs("C: RCPT TO:<the-last-one@example.test>\nS: 550 5.1.1 not here\n", f);
    fclose(f);
    {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        assert_in_range(st.st_size, 18 << 20, 30 << 20);
    }
    t = helo(80, 24, NULL, "open", path, NULL);
    term_wait(t, "220 mail.example.test", WAIT);
    term_keys(t, "G");
    term_wait(t, "550 5.1.1 not here", WAIT);
    term_wait(t, "why 550 5.1.1", WAIT);
    term_keys(t, "g");
    term_wait(t, "220 mail.example.test", WAIT);
    term_keys(t, "/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "the-last-one");
    from = term_t_key(t);
    wait_selected(t, "the-last-one");
    assert_in_range(term_now() - from, 0, (int64_t)term_limit(1000) * 1000);
    term_keys(t, "e");
    wait_selected(t, "550 5.1.1");
    assert_in_range(term_rss_peak_kb(t), 0, getenv("ASAN_OPTIONS") ? INT64_MAX : 90000);
    assert_int_equal(leave(t), 0);
    dir_remove(dir);
}

/* ------------------------------------------------------------------ the palette */

/* Each row, by the arrow keys, on a session of its own: the program survives it, and the screen is
 * not left in the palette. */
static void test_palette_rows(void **state)
{
    (void)state;
    const char *const env[] = {"EDITOR=true", NULL};
    int rows = 1;
    char names[100][64];

    for (int i = 0; i < rows; i++) {
        struct term *t = helo(80, 60, env, "practice", NULL);
        term_wait(t, "220 practice.example", WAIT);
        say(t, "EHLO me.example", "250-practice.example greets");
        term_keys(t, ":");
        term_wait(t, "Enter run", WAIT);
        term_wait(t, "> :", WAIT);
        for (int k = 0; k < i; k++)
            term_key(t, "Down");
        if (i == 0)
            rows = 99;
        /* the row's name, from the mark; the list ends where the selection no longer moves */
        term_wait_quiet(t, 15, WAIT);
        names[i][0] = '\0';
        for (int r = 0; r < term_rows(t); r++) {
            const char *mark = strstr(term_row(t, r), "| > ");

            if (mark)
                snprintf(names[i], sizeof names[i], "%.40s", mark);
        }
        assert_string_not_equal(names[i], "");
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0) {
            rows = i;
            term_stop(t);
            break;
        }
        term_key(t, "Enter");
        if (strstr(names[i], "suspend")) {
            term_stop(t); /* nobody is there to say fg */
            continue;
        }
        term_wait_gone(t, "Enter run", WAIT);
        term_key(t, "Esc"); /* out of what it asks */
        if (term_running(t)) {
            term_wait_quiet(t, 15, WAIT);
            term_key(t, "Esc");
        }
        if (term_running(t) && !term_exit_signal(t))
            (void)leave(t);
        if (term_exit_status(t, WAIT) != 0) {
            term_print(t);
            fail_msg("after the row \"%s\"", names[i]);
        }
        term_stop(t);
    }
    assert_in_range(rows, 30, 98); /* all commands and actions were there */
}

/* Escape and the next key in one read look like Alt: where that has a meaning it is Alt, elsewhere
 * it is Escape and the key. */
static void test_escape_in_one_read(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);

    say(t, "EHLO me.example", "250-practice.example greets");
    say(t, "FROB", "500 5.5.1");
    term_keys(t, "NOOP one");
    term_wait(t, "NOOP one", WAIT);
    term_key(t, "M-b"); /* a word back */
    term_keys(t, "x");
    term_wait(t, "NOOP xone", WAIT);
    term_key(t, "M-E"); /* not Alt: Escape, and to the problem before */
    wait_selected(t, "500 5.5.1");
    term_wait(t, "NOOP xone", WAIT);
    term_keys(t, "i");
    term_wait_gone(t, "i type", WAIT);
    term_key(t, "M-:"); /* Escape, and the palette */
    term_wait(t, "[ commands ]", WAIT);
    term_key(t, "Esc");
    term_wait_gone(t, "[ commands ]", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_problems),
        term_unit_test(test_search),
        term_unit_test(test_filter),
        term_unit_test(test_fold_zoom_annotate),
        term_unit_test(test_help_and_panes),
        term_unit_test(test_reply_moves_nothing),
        term_unit_test(test_copy),
        term_unit_test(test_save),
        term_unit_test(test_open_big),
        term_unit_test(test_palette_rows),
        term_unit_test(test_escape_in_one_read),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
