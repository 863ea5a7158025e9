/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * :auth on the screen: the strongest is chosen and the reason shown, the steps are decoded, a
 * password outside TLS is a question whose default is No, what is refused leads to the next; and no
 * secret is on the terminal or below the home, wherever it came from.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECRET "apple-pie"
#define SECRET_64 "YXBwbGUtcGll"
#define WRONG "plum-cake-17"

static struct term *practice(const char *const *env, const char *option, const char *value)
{
    struct term *t = option ? helo(80, 24, env, "practice", option, value, NULL)
                            : helo(80, 24, env, "practice", NULL);
    term_wait(t, "220 practice", WAIT);
    say(t, "EHLO me.example", "|   STARTTLS");
    return t;
}

static void no_secret(struct term *t, const char *secret, const char *encoded)
{
    char path[512];
    assert_false(raw_has(t, secret));
    assert_false(raw_has(t, encoded));
    if (tree_has(term_home(t), secret, path) || tree_has(term_home(t), encoded, path))
        fail_msg("the secret stands in %s", path);
}

static void into_tls(struct term *t)
{
    say(t, "STARTTLS", "TLS 1.3 practice CA");
    say(t, "EHLO me.example", "| + AUTH PLAIN");
}

static void test_the_default_is_no(void **state)
{
    (void)state;
    struct term *t = practice(NULL, NULL, NULL);
    say(t, ":auth", "start TLS first");
    say(t, ":auth PLAIN student", "[y/N]");
    assert_true(term_shows(t, "PLAIN sends the password itself"));
    term_key(t, "Enter");
    term_wait(t, "not sent; STARTTLS first starts TLS", WAIT);
    assert_false(term_shows(t, "C:   AUTH"));
    assert_int_equal(leave(t), 0);
}

static void test_the_strongest(void **state)
{
    (void)state;
    struct term *t = practice(NULL, NULL, NULL);
    into_tls(t);
    say(t, ":auth", "The user name for SCRAM-SHA-256-PLUS");
    term_line(t, "student");
    term_wait(t, "It is not sent: the answer only proves", WAIT);
    term_line(t, WRONG);
    term_wait(t, "Next on the list:", WAIT);
    term_wait(t, "':auth", WAIT);
    term_wait(t, "535 5.7.8", WAIT);
    no_secret(t, WRONG, "cGx1bS1jYWtl");
    say(t, ":auth SCRAM-SHA-256 student", "[ SCRAM-SHA-256 ]");
    term_line(t, SECRET);
    term_wait(t, "235 2.7.0", WAIT);
    term_wait(t, "the server's proof holds", WAIT);
    /* the steps, decoded, in the pane that explains */
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "kk");
    term_wait(t, "Note: the server's proof v=", WAIT);
    term_keys(t, "kk");
    term_wait(t, "Note: nonce r=", WAIT);
    no_secret(t, SECRET_64, SECRET_64); /* the practice world tells the password itself */
    assert_int_equal(leave(t), 0);
}

static void test_sources(void **state)
{
    (void)state;
    char *dir = dir_new(), file[600];
    file_write(dir, "password", SECRET "\n");
    snprintf(file, sizeof file, "%s/password", dir);
    assert_int_equal(chmod(file, 0644), 0);
    struct term *t = practice(NULL, "--password-file", file);
    into_tls(t);
    say(t, ":auth student", "235 2.7.0");
    term_wait(t, "others can read the password file (chmod 600", WAIT);
    no_secret(t, SECRET_64, SECRET_64); /* the practice world tells the password itself */
    assert_int_equal(leave(t), 0);
    dir_remove(dir);

    t = practice(NULL, "--token-command", "echo token-student");
    into_tls(t);
    say(t, ":auth student", "235 2.7.0");
    term_wait(t, "AUTH OAUTHBEARER ********", WAIT);
    no_secret(t, "token-student", "dG9rZW4tc3R1");
    assert_int_equal(leave(t), 0);
    t = practice(NULL, "--password-command", "exit 3");
    into_tls(t);
    say(t, ":auth student", "failed (exit status 3)");
    assert_false(term_shows(t, "C:   AUTH"));
    assert_int_equal(leave(t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_the_default_is_no),
        term_unit_test(test_the_strongest),
        term_unit_test(test_sources),
    };
    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
