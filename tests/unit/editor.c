/* SPDX-License-Identifier: GPL-3.0-or-later */
/* readline as an editor that is fed: lines, UTF-8, undo, history search, a cancel in the middle of
 * it, the history file. */
#include "tests/support/check.h"
#include "tests/support/paths.h"
#include "tui/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char got[4096];
static int accepts, externals;

static void accept_line(void *arg, const char *line)
{
    (void)arg;
    accepts++;
    snprintf(got, sizeof got, "%s", line);
}

static void external(void *arg)
{
    (void)arg;
    externals++;
}

static void feed(const char *keys)
{
    assert_true(editor_feed(keys, strlen(keys)));
}

static const char *text(void)
{
    size_t n;
    const char *p = editor_text(&n);
    assert_int_equal(strlen(p), n);
    return p;
}

static void typing(void **state)
{
    (void)state;
    feed("RCPT TO:<a@b>"); /* capitals that openssl s_client would take as commands */
    assert_string_equal(text(), "RCPT TO:<a@b>");
    feed("\001"); /* C-a */
    assert_int_equal(editor_point(), 0);
    feed("\013"); /* C-k */
    assert_string_equal(text(), "");
    feed("\031"); /* C-y */
    assert_string_equal(text(), "RCPT TO:<a@b>");
    feed("\r");
    assert_int_equal(accepts, 1);
    assert_string_equal(got, "RCPT TO:<a@b>");
    assert_string_equal(text(), "");
    feed("\004"); /* C-d on an empty line is no end */
    feed("Q\r");
    assert_string_equal(got, "Q");
}

static void utf8(void **state)
{
    (void)state;
    feed("caf\xc3\xa9");
    assert_string_equal(text(), "caf\xc3\xa9");
    feed("\177"); /* Backspace takes the whole letter */
    assert_string_equal(text(), "caf");
    editor_cancel();
    assert_string_equal(text(), "");
}

static void replacing(void **state)
{
    (void)state;
    feed("mail f");
    editor_replace(0, "MAIL FROM:<");
    assert_string_equal(text(), "MAIL FROM:<");
    assert_int_equal(editor_point(), 11);
    feed("\037"); /* C-_ takes it back */
    assert_string_equal(text(), "mail f");
    editor_set("NOOP", 4);
    assert_string_equal(text(), "NOOP");
    assert_true(editor_insert(" x", 2));
    feed("\r");
    assert_string_equal(got, "NOOP x");
    char *big = malloc(EDITOR_MAX + 2);
    memset(big, 'a', EDITOR_MAX + 2);
    assert_false(editor_insert(big, EDITOR_MAX + 1));
    assert_true(editor_insert(big, EDITOR_MAX));
    assert_false(editor_feed("b", 1)); /* full, and it says so */
    assert_true(editor_feed("\025", 1));
    assert_string_equal(text(), "");
    free(big);
}

static void history(void **state)
{
    (void)state;
    editor_remember("EHLO laptop.example");
    editor_remember("MAIL FROM:<caf\xc3\xa9@b.example>");
    feed("\022"
         "caf\xc3\xa9"); /* C-r */
    assert_true(editor_busy());
    assert_non_null(editor_prompt());
    assert_string_equal(text(), "MAIL FROM:<caf\xc3\xa9@b.example>");
    editor_cancel(); /* C-c in the middle of the search */
    assert_false(editor_busy());
    assert_null(editor_prompt());
    assert_string_equal(text(), "");
    feed("NOOP");
    assert_string_equal(text(), "NOOP");
    editor_cancel();
    feed("\033[A"); /* Up */
    assert_string_equal(text(), "MAIL FROM:<caf\xc3\xa9@b.example>");
    feed("\033[A");
    assert_string_equal(text(), "EHLO laptop.example");
    editor_cancel();
}

static void two_keys(void **state)
{
    (void)state;
    feed("abc");
    feed("\030"); /* C-x waits for what follows */
    assert_true(editor_busy());
    feed("\005");
    assert_int_equal(externals, 1);
    assert_string_equal(text(), "abc");
    feed("\t"); /* Tab is not readline's: no file names */
    assert_string_equal(text(), "abc");
    editor_cancel();
}

static void file(void **state)
{
    (void)state;
    char *path = build_path("test-home/editor-state/heloscope/history");
    struct stat st;
    editor_remember("RSET");
    editor_remember("RSET"); /* once */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "r");
    char line[200], last[200] = "", before[200] = "";
    while (fgets(line, sizeof line, f)) {
        strcpy(before, last);
        strcpy(last, line);
    }
    fclose(f);
    assert_string_equal(last, "RSET\n");
    assert_string_not_equal(before, "RSET\n");
    free(path);
}

int main(void)
{
    char *dir = build_path("test-home/editor-state"),
         *old = build_path("test-home/editor-state/heloscope/history");
    setenv("XDG_STATE_HOME", dir, 1);
    unsetenv("INPUTRC");
    unlink(old);
    editor_open(accept_line, external, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typing),  cmocka_unit_test(utf8),     cmocka_unit_test(replacing),
        cmocka_unit_test(history), cmocka_unit_test(two_keys), cmocka_unit_test(file),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    editor_close();
    free(dir);
    free(old);
    return failed;
}
