/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workbench at a real Postfix and a real Dovecot, as a person sees it: STARTTLS with a
 * certificate that the system does not know (No is the default) and one that it does, :auth, a
 * letter, and APOP. Skipped where servers.sh says that they are missing.
 */
#include "../screen/walk.h"
#include "../support/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *dir, *servers;
static char submission[64], pop3[64], trust[600], user[100], password[100];

static void value(const char *line, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);

    if (strncmp(line, name, n) != 0 || line[n] != '=')
        return;
    line += n + 1;
    line += *line == '\'';
    snprintf(out, size, "%.*s", (int)strcspn(line, "'\n"), line);
}

/* 0, or the status to end with. */
static int start(void)
{
    char command[1400], line[600], port[2][16] = {"", ""}, ca[500] = "";
    FILE *p;
    int status;

    servers = source_path("tests/real/servers.sh");
    dir = dir_new();
    snprintf(command, sizeof command, "chmod 755 '%s' && sh '%s' start '%s/servers' %ld", dir,
             servers, dir, (long)getpid());
    p = popen(command, "r");
    if (!p)
        return 99;
    while (fgets(line, sizeof line, p)) {
        value(line, "SUBMISSION_PORT", port[0], sizeof port[0]);
        value(line, "POP3_PORT", port[1], sizeof port[1]);
        value(line, "CA_FILE", ca, sizeof ca);
        value(line, "MAIL_USER", user, sizeof user);
        value(line, "MAIL_PASSWORD", password, sizeof password);
    }
    status = pclose(p);
    snprintf(submission, sizeof submission, "submission://127.0.0.1:%s", port[0]);
    snprintf(pop3, sizeof pop3, "pop3://127.0.0.1:%s", port[1]);
    snprintf(trust, sizeof trust, "SSL_CERT_FILE=%s", ca);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void stop(void)
{
    char command[1400];

    snprintf(command, sizeof command, "sh '%s' stop '%s/servers'", servers, dir);
    if (system(command) != 0)
        print_error("the servers did not stop\n");
    dir_remove(dir);
    free(servers);
}

static void test_not_trusted(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, submission, NULL);

    term_wait(t, "220 mail.example.test", WAIT);
    say(t, "EHLO me.example", "250-mail.example.test");
    say(t, "STARTTLS", "[y/N]");
    term_key(t, "Enter");
    term_wait(t, "| closed |", WAIT);
    assert_int_equal(leave(t), 0);

    t = helo(80, 24, NULL, "--insecure", submission, NULL);
    term_wait(t, "220 mail.example.test", WAIT);
    say(t, "EHLO me.example", "250-mail.example.test");
    say(t, "STARTTLS", "TLS 1.3 up");
    term_wait_row(t, 0, "UNVERIFIED", WAIT);
    say(t, "EHLO me.example", "3 C:   EHLO me.example");
    term_wait(t, "| + AUTH", WAIT);
    term_wait_row(t, 0, "LIVE", WAIT);
    assert_int_equal(leave(t), 0);
}

static void test_letter(void **state)
{
    (void)state;
    const char *const env[] = {trust, NULL};
    struct term *t = helo(120, 40, env, submission, NULL);
    char line[200];

    term_wait(t, "220 mail.example.test", WAIT);
    say(t, "EHLO me.example", "250-mail.example.test");
    say(t, "STARTTLS", "TLS 1.3 up");
    assert_null(strstr(term_row(t, 0), "UNVERIF"));
    term_wait_row(t, 0, "TLS 1.3 verified", WAIT);
    say(t, "EHLO me.example", "3 C:   EHLO me.example");
    term_wait(t, "| + AUTH", WAIT);
    snprintf(line, sizeof line, ":auth PLAIN %s", user);
    term_line(t, line);
    term_wait(t, "Enter take", WAIT);
    if (!term_shows(t, "assword"))
        term_key(t, "Enter");
    term_wait(t, "assword", WAIT);
    term_line(t, password);
    term_wait(t, "235 2.7.0", WAIT);
    term_wait(t, "why 235", WAIT);
    snprintf(line, sizeof line, "MAIL FROM:<%s>", user);
    say(t, line, "250 2.1.0");
    snprintf(line, sizeof line, "RCPT TO:<%s>", user);
    say(t, line, "250 2.1.5");
    say(t, "DATA", "==[ LETTER ]==");
    term_keys(t, "Subject: from the workbench\r\rReply-To: nobody\r.\r");
    term_wait(t, "queued as", WAIT);
    term_wait(t, "why 250 2.0.0", WAIT);
    assert_false(raw_has(t, password));
    assert_int_equal(leave(t), 0);
    assert_false(tree_has(term_home(t), password, NULL));
}

static void test_apop(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, pop3, NULL);
    char line[200];

    term_wait(t, "Dovecot ready", WAIT);
    snprintf(line, sizeof line, "APOP %s", user);
    say(t, line, "The password of");
    term_line(t, password);
    term_wait(t, "+OK Logged in", WAIT);
    term_wait_row(t, 0, "TRANSACTION", WAIT);
    assert_false(raw_has(t, password));
    say(t, "QUIT", "| closed |");
    assert_int_equal(leave(t), 0);

    t = helo(80, 24, NULL, pop3, NULL);
    term_wait(t, "Dovecot ready", WAIT);
    say(t, line, "The password of");
    term_line(t, "wrong");
    term_wait(t, "S: ! -ERR", WAIT);
    assert_int_equal(leave(t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_not_trusted),
        term_unit_test(test_letter),
        term_unit_test(test_apop),
    };
    int status = start();

    if (status != 0) {
        printf("1..0 # SKIP Postfix, Dovecot or the right to start them are missing\n");
        dir_remove(dir);
        free(servers);
        return status == 77 ? 0 : 1;
    }
    term_use_cmocka();
    status = cmocka_run_group_tests(tests, NULL, NULL);
    stop();
    return status;
}
