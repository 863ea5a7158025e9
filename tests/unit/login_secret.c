/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a secret comes from: files, variables, commands; and what is wrong with each. */
#include "tests/support/check.h"
#include "heloscope/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct buf out;
static char warn[300], why[300], path[64];

static int fresh(void **state)
{
    (void)state;
    buf_init_secret(&out, 65536);
    warn[0] = why[0] = '\0';
    snprintf(path, sizeof path, "/tmp/heloscope-secret-XXXXXX");
    close(mkstemp(path));
    return 0;
}

static int done(void **state)
{
    (void)state;
    buf_clear(&out);
    unlink(path);
    return 0;
}

static void write_file(const void *p, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static bool get(const struct login_options *o, enum sasl_wants wants)
{
    buf_clear(&out);
    warn[0] = why[0] = '\0';
    return login_secret(o, wants, &out, warn, sizeof warn, why, sizeof why);
}

static void files(void **state)
{
    (void)state;
    struct login_options o = {.password_file = path};
    bool file;
    assert_true(login_check(&o, &file, why, sizeof why));
    assert_int_equal(login_have(&o), LOGIN_PASSWORD);
    static const struct {
        const char *text;
        size_t n;
        const char *secret, *says;
    } rows[] = {
        {"apple-pie\n", 10, "apple-pie", ""},
        {"apple-pie", 9, "apple-pie", ""},
        {"apple-pie\r\nmore\r\n", 17, "apple-pie", ""},
        {" with blanks \n", 14, " with blanks ", ""},
        {"", 0, NULL, "the password is empty"},
        {"\napple-pie\n", 11, NULL, "the password is empty"},
        {"apple\0pie\n", 10, NULL, "NUL"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_file(rows[i].text, rows[i].n);
        if (get(&o, SASL_WANTS_PASSWORD) != (rows[i].secret != NULL))
            fail_msg("row %zu: %s", i, why);
        if (rows[i].secret)
            assert_string_equal(buf_str(&out), rows[i].secret);
        else if (!strstr(why, rows[i].says) || out.len)
            fail_msg("row %zu: %s", i, why);
        assert_string_equal(warn, "");
    }
    assert_int_equal(chmod(path, 0640), 0);
    write_file("apple-pie\n", 10);
    assert_true(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(warn, "others can read the password file (chmod 600"));
    char *big = calloc(1, 80000);
    memset(big, 'x', 80000);
    write_file(big, 80000);
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(why, "that is no password"));
    free(big);
    unlink(path);
    assert_false(login_check(&o, &file, why, sizeof why));
    assert_true(file);
    assert_non_null(strstr(why, "cannot be read: No such file"));
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    o.password_file = "/tmp";
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(why, "Is a directory"));
}

static void variables(void **state)
{
    (void)state;
    bool file;
    struct login_options o = {.token_env = "HELOSCOPE_TEST_TOKEN"};
    unsetenv("HELOSCOPE_TEST_TOKEN");
    assert_false(login_check(&o, &file, why, sizeof why));
    assert_false(file);
    assert_string_equal(why, "--token-env: the variable HELOSCOPE_TEST_TOKEN is not set");
    setenv("HELOSCOPE_TEST_TOKEN", "ya29.x", 1);
    assert_true(login_check(&o, &file, why, sizeof why));
    assert_int_equal(login_have(&o), LOGIN_TOKEN);
    assert_true(get(&o, SASL_WANTS_TOKEN));
    assert_string_equal(buf_str(&out), "ya29.x");
    assert_null(login_source(&o, SASL_WANTS_PASSWORD));
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    o.token_file = path;
    assert_false(login_check(&o, &file, why, sizeof why));
    assert_non_null(strstr(why, "one of them, please"));
}

static void commands(void **state)
{
    (void)state;
    struct login_options o = {.password_command = "printf 'apple-pie\\nignored\\n'"};
    assert_true(get(&o, SASL_WANTS_PASSWORD));
    assert_string_equal(buf_str(&out), "apple-pie");
    assert_true(login_by_command(&o, SASL_WANTS_PASSWORD));
    o.password_command = "echo plum-cake; exit 3";
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(why, "failed (exit status 3)"));
    assert_int_equal(out.len, 0);
    o.password_command = "kill -9 $$";
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(why, "failed (signal 9)"));
    o.password_command = "true";
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(why, "the password is empty"));
    o.password_command = "head -c 100000 /dev/zero | tr '\\0' x";
    assert_false(get(&o, SASL_WANTS_PASSWORD));
    assert_non_null(strstr(why, "that is no password"));
}

static void mechanisms(void **state)
{
    (void)state;
    bool file;
    struct login_options o = {.mechanism = "scram-sha-256"};
    assert_true(login_check(&o, &file, why, sizeof why));
    o.mechanism = "ROT13";
    assert_false(login_check(&o, &file, why, sizeof why));
    assert_false(file);
    assert_non_null(strstr(why, "--auth ROT13: not done here; there are"));
    assert_non_null(strstr(why, "ANONYMOUS"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
    const struct CMUnitTest tests[] = {T(files), T(variables), T(commands), T(mechanisms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
