/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the user's are written whole or not at all. */
#include "tests/support/check.h"
#include "heloscope/filesave.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/heloscope-filesave-XXXXXX";
static char path[64];

static int start(void **state)
{
    (void)state;
    strcpy(strrchr(folder, '-') + 1, "XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/talk.txt", folder);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails where a temporary file was left behind */
}

static void holds(const char *want)
{
    char got[64] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof got - 1, f);
    fclose(f);
    got[n] = '\0';
    assert_string_equal(got, want);
}

static bool says(FILE *f, void *arg)
{
    return fputs(arg, f) >= 0;
}

static bool breaks_off(FILE *f, void *arg)
{
    (void)arg;
    fputs("half of it", f);
    errno = ENOSPC;
    return false;
}

static void whole_and_private(void **state)
{
    (void)state;
    char why[200] = "";
    struct stat st;
    assert_true(filesave(path, 0600, false, says, "one\n", why, sizeof why));
    holds("one\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct buf b;
    buf_init(&b, 100);
    buf_add_str(&b, "two\n");
    assert_true(filesave_buf(path, 0644, true, &b, why, sizeof why));
    buf_clear(&b);
    holds("two\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_string_equal(why, "");
}

static void an_old_file_stays(void **state)
{
    (void)state;
    char why[200] = "";
    assert_true(filesave(path, 0600, false, says, "old\n", why, sizeof why));
    assert_false(filesave(path, 0600, false, says, "new\n", why, sizeof why));
    assert_int_equal(errno, EEXIST);
    assert_non_null(strstr(why, "talk.txt: File exists"));
    holds("old\n");
    assert_false(filesave(path, 0600, true, breaks_off, NULL, why, sizeof why));
    assert_int_equal(errno, ENOSPC);
    assert_non_null(strstr(why, "talk.txt: No space left"));
    holds("old\n");
}

static void no_folder(void **state)
{
    (void)state;
    char why[200] = "", far[100];
    snprintf(far, sizeof far, "%s/none/talk.txt", folder);
    assert_false(filesave(far, 0600, false, says, "x", why, sizeof why));
    assert_non_null(strstr(why, "none/talk.txt: No such file"));
    char *endless = malloc(10000);
    memset(endless, 'x', 9999);
    endless[9999] = '\0';
    assert_false(filesave(endless, 0600, false, says, "x", why, sizeof why));
    assert_string_equal(why, "the name is longer than a path can be");
    free(endless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_and_private, start, stop),
        cmocka_unit_test_setup_teardown(an_old_file_stays, start, stop),
        cmocka_unit_test_setup_teardown(no_folder, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
