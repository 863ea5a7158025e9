/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server that means ill, and secrets: what may never reach the terminal or a file. All is looked
 * for in the raw bytes that the program wrote to its terminal, and in every file below its home.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------ hostile text */

/* In one line: a title, colours, clearing, a C1 control in UTF-8 and raw, a bidi override, a zero
 * width space, a bell, NUL, backspaces, Latin-1, a lone continuation byte. */
#define NASTY                                                                                      \
    "T\033]0;pwned\007 C\033[31mred K\033[2J M\033[?1000h P\033P$q\033\\ L\302\23331m R\2331m "    \
    "B\342\200\256evil Z\342\200\213w N\000n S\b\bs E\344 F\200 end"

static void nothing_raw(struct term *t, const char *where)
{
    static const char *const never[] = {"\033]0;",      "pwned\007",    "\033[31mred", "K\033[2J",
                                        "\033[?1000h",  "\033P$q",      "\302\233",    "R\233",
                                        "\342\200\256", "\342\200\213", "E\344",       "F\200"};

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (raw_has(t, never[i])) {
            term_print(t);
            fail_msg("%s: what no. %zu says reached the terminal", where, i);
        }
    assert_string_equal(term_title(t), "");
    assert_int_equal(term_controls(t), 0);
    assert_false(term_mode(t, 1000));
}

static void test_hostile_smtp(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        SEND("220 " NASTY "\r\n"),
        EXPECT("EHLO"),
        SEND("250-hello " NASTY "\r\n250-X\033[31mCAP\302\233 " NASTY
             "\r\n250-SIZE \033[31mred\r\n250 AUTH \342\200\256PLAIN\r\n"),
        EXPECT("NOOP"),
        SEND("550 5.1.1 " NASTY "\r\n"),
        EXPECT("NOOP"),
        SEND("250 long "),
        FLOOD("\033[31mred-\342\200\256x", 5000), /* 70 KB in one line */
        SEND(" end of it\r\n"),
        EXPECT("NOOP"),
        SEND("250 after all\r\n421 late " NASTY "\r\n"),
        CLOSE(),
        END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(100, 30, "smtp", f);

    term_wait(t, "pwned^G", WAIT);
    term_wait(t, "<U+202E>", WAIT);
    say(t, "EHLO me.example", "hello T^[]0;pwned^G");
    nothing_raw(t, "EHLO");
    say(t, "NOOP", "550 5.1.1 T^[]0;pwned^G");
    nothing_raw(t, "a refusal");
    term_line(t, "NOOP");
    term_wait(t, "octets", WAIT); /* how much of the line is not shown, is said */
    nothing_raw(t, "a long line");
    say(t, "NOOP", "421 late");
    term_wait(t, "| closed |", WAIT);

    /* in every pane, and unfolded, in the raw view, copied, as a search hit */
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "aaz");
    term_keys(t, "g");
    for (int i = 0; i < 12; i++)
        term_keys(t, " j");
    term_keys(t, "ggGkkk");
    term_wait_quiet(t, 50, WAIT);
    nothing_raw(t, "the raw view");
    term_keys(t, "zc");
    term_wait_quiet(t, 50, WAIT);
    term_keys(t, "jjjjz");
    term_wait_quiet(t, 50, WAIT);
    nothing_raw(t, "the capabilities");
    term_keys(t, "z1e");
    term_key(t, "Enter");
    term_keys(t, "z");
    term_wait_quiet(t, 50, WAIT);
    nothing_raw(t, "the explanation");
    term_keys(t, "z1/");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "pwned");
    term_wait_gone(t, "Enter take", WAIT);
    term_keys(t, "y");
    term_wait_quiet(t, 50, WAIT);
    nothing_raw(t, "search and copy");
    assert_non_null(term_osc(t, 52)); /* base64 of the line */
    assert_int_equal(leave(t), 0);
    fake_finish(f);
    fake_free(f);
}

static void test_hostile_pop3(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        SEND("+OK " NASTY " <1." NASTY "@x>\r\n"),
        EXPECT("CAPA"),
        SEND("+OK one " NASTY "\r\nX" NASTY "\r\nIMPLEMENTATION " NASTY "\r\n.\r\n"),
        EXPECT("RETR"),
        SEND("+OK two\r\nSubject: " NASTY "\r\nFrom: =?utf-8?q?=1b[31mred?=\r\n\r\n" NASTY
             "\r\n.\r\n"),
        EXPECT("STAT"),
        SEND("-ERR [" NASTY "] " NASTY "\r\n"),
        END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "pop3", f);

    term_wait(t, "pwned^G", WAIT);
    say(t, "CAPA", "+OK one");
    say(t, "RETR 1", "+OK two");
    say(t, "STAT", "S: ! -ERR");
    nothing_raw(t, "POP3");
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "kk z");
    term_wait(t, "Subject: T^[]0;pwned^G", WAIT);
    term_keys(t, "aajjjkkk");
    term_wait_quiet(t, 50, WAIT);
    nothing_raw(t, "RETR unfolded");
    assert_int_equal(leave(t), 0);
    fake_finish(f);
    fake_free(f);
}

/* A saved talk of somebody else is hostile, too. */
static void test_hostile_file(void **state)
{
    (void)state;
    char *dir = dir_new(), file[600];
    struct term *t;

    file_write(dir, "talk.txt",
               "S: 220 x\033[31mred\r\nC: EHLO \033]0;pwned\007\r\nS: 250 B\342\200\256evil\r\n");
    snprintf(file, sizeof file, "%s/talk.txt", dir);
    t = helo(80, 24, NULL, "open", file, NULL);
    term_wait(t, "^[[31mred", WAIT);
    term_wait(t, "B<U+202E>evil", WAIT);
    nothing_raw(t, "a saved talk");
    assert_int_equal(leave(t), 0);
    dir_remove(dir);
}

/* ------------------------------------------------------------------ secrets */

#define SECRET "hunter2-sesame"
#define SECRET_64 "AHVzZXIAaHVudGVyMi1zZXNhbWU=" /* \0user\0hunter2-sesame */
#define LOGIN_64 "aHVudGVyMi1zZXNhbWU="          /* the password alone */

static void no_secret(struct term *t, const char *where)
{
    static const char *const secrets[] = {SECRET, SECRET_64, LOGIN_64, "hunter2", "HVudGVyMi1z"};
    char path[512];

    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (raw_has(t, secrets[i]))
            fail_msg("%s: \"%s\" was written to the terminal", where, secrets[i]);
        if (tree_has(term_home(t), secrets[i], path))
            fail_msg("%s: \"%s\" stands in %s", where, secrets[i], path);
    }
}

/* Type a line that holds a secret, see it as dots, and only then send it. */
static void say_secret(struct term *t, const char *line, const char *sight)
{
    term_keys(t, line);
    term_wait(t, "\342\200\242\342\200\242\342\200\242\342\200\242", WAIT);
    say(t, "", sight);
}

static void save_both(struct term *t, const char *name)
{
    char line[100], path[1200];

    snprintf(line, sizeof line, ":w %s.txt", name);
    say(t, line, "plain text, secrets masked");
    snprintf(line, sizeof line, ":w %s.jsonl", name);
    say(t, line, "JSON lines, secrets masked");
    snprintf(path, sizeof path, "%s/%s.jsonl", term_home(t), name);
    assert_true(file_has(path, "\"")); /* it is there, so that looking through it means something */
}

static void test_secrets_smtp(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        SEND("220 mail.example.test ESMTP\r\n"),
        EXPECT("EHLO"),
        SEND("250-mail.example.test\r\n250 AUTH PLAIN LOGIN\r\n"),
        EXPECT("AUTH PLAIN " SECRET_64),
        SEND("535 5.7.8 one\r\n"),
        EXPECT("AUTH PLAIN"),
        SEND("334 \r\n"),
        EXPECT(SECRET_64),
        SEND("535 5.7.8 two\r\n"),
        EXPECT("AUTH PLAIN " SECRET_64),
        SEND("535 5.7.8 three\r\n"),
        EXPECT("AUTH LOGIN"),
        SEND("334 VXNlcm5hbWU6\r\n"),
        EXPECT("dXNlcg=="),
        SEND("334 UGFzc3dvcmQ6\r\n"),
        EXPECT(LOGIN_64),
        SEND("235 2.7.0 four\r\n"),
        EXPECT("PASS " SECRET),
        SEND("500 5.5.2 five\r\n"),
        END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    say_secret(t, "AUTH PLAIN " SECRET_64, "535 5.7.8 one");
    assert_true(term_shows(t, "AUTH PLAIN ****"));
    say(t, "AUTH PLAIN", "334");
    say_secret(t, SECRET_64, "535 5.7.8 two");

    /* :auth asks; in clear it asks twice */
    say(t, ":auth PLAIN", "[y/N]");
    term_keys(t, "y");
    term_wait(t, "Enter take", WAIT);
    term_line(t, "user");
    term_wait(t, "assword", WAIT);
    term_line(t, SECRET);
    term_wait(t, "535 5.7.8 three", WAIT);
    say(t, ":auth LOGIN user", "[y/N]");
    term_keys(t, "y");
    term_wait(t, "Enter take", WAIT);
    if (!term_shows(t, "assword"))
        term_key(t, "Enter");
    term_wait(t, "assword", WAIT);
    term_line(t, SECRET);
    term_wait(t, "235 2.7.0 four", WAIT);

    /* a slip: the other protocol's verb */
    say_secret(t, "PASS " SECRET, "500 5.5.2 five");
    no_secret(t, "sent");
    save_both(t, "smtp");

    /* in the history of the line, and in the raw view */
    for (int i = 0; i < 8; i++)
        term_key(t, "Up");
    term_key(t, "C-u");
    term_key(t, "C-r");
    term_keys(t, "hunt");
    term_key(t, "C-c");
    term_key(t, "C-u");
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "aagjjjjjjjjjjjjj");
    term_wait_quiet(t, 50, WAIT);
    term_keys(t, "y");
    assert_int_equal(leave(t), 0);
    no_secret(t, "left");
    assert_null(fake_finish(f));
    fake_free(f);
}

/* Name and password typed on after an AUTH LOGIN that was refused: what follows is no command. */
static void test_secrets_refused(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("EHLO"),
                                              SEND("250 mail.example.test\r\n"),
                                              EXPECT("AUTH LOGIN"),
                                              SEND("503 5.5.1 one\r\n"),
                                              EXPECT("dXNlcg=="),
                                              SEND("500 5.5.2 two\r\n"),
                                              EXPECT(LOGIN_64),
                                              SEND("500 5.5.2 three\r\n"),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250 mail");
    say(t, "AUTH LOGIN", "503 5.5.1 one");
    say_secret(t, "dXNlcg==", "500 5.5.2 two");
    say_secret(t, LOGIN_64, "500 5.5.2 three");
    save_both(t, "refused");
    assert_int_equal(leave(t), 0);
    no_secret(t, "refused");
    assert_null(fake_finish(f));
    fake_free(f);
}

static void test_secrets_pop3(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        SEND("+OK ready <1896.697170952@mail.example.test>\r\n"),
        EXPECT("USER user"),
        SEND("+OK one\r\n"),
        EXPECT("PASS " SECRET),
        SEND("-ERR two\r\n"),
        EXPECT("pass  " SECRET),
        SEND("-ERR three\r\n"),
        EXPECT("APOP user "),
        SEND("-ERR four\r\n"),
        EXPECT("AUTH PLAIN"),
        SEND("+ \r\n"),
        EXPECT(SECRET_64),
        SEND("+OK five\r\n"),
        END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "pop3", f);
    const char *apop;

    term_wait(t, "ready <1896", WAIT);
    say(t, "USER user", "+OK one");
    say_secret(t, "PASS " SECRET, "-ERR two");
    say_secret(t, "pass  " SECRET, "-ERR three");
    say(t, "APOP user", "The password of user");
    term_line(t, SECRET);
    term_wait(t, "-ERR four", WAIT);
    say(t, "AUTH PLAIN", "AUTH PLAIN");
    term_wait(t, "S: >", WAIT);
    say_secret(t, SECRET_64, "+OK five");
    save_both(t, "pop3");
    assert_int_equal(leave(t), 0);
    no_secret(t, "POP3");
    assert_null(fake_finish(f));
    /* the digest went out; what a server could test passwords with is masked as well */
    apop = strstr(fake_received(f, NULL), "APOP user ");
    assert_non_null(apop);
    assert_int_equal(strspn(apop + 10, "0123456789abcdef"), 32);
    {
        char digest[33];

        snprintf(digest, sizeof digest, "%.32s", apop + 10);
        assert_false(raw_has(t, digest));
        assert_false(tree_has(term_home(t), digest, NULL));
    }
    fake_free(f);
}

/* ------------------------------------------------------------------ certificates */

static const struct fake_step tls_script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("EHLO"),
                                              SEND("250-mail.example.test\r\n250 STARTTLS\r\n"),
                                              EXPECT("STARTTLS"),
                                              SEND("220 2.0.0 go\r\n"),
                                              STARTTLS(0),
                                              EXPECT("EHLO"),
                                              SEND("250 inside\r\n"),
                                              EXPECT("NOOP"),
                                              SEND("250 still there\r\n"),
                                              END()};

static void test_certificate(void **state)
{
    (void)state;
    struct fake_cert *certs[] = {fake_cert_new(NULL, "127.0.0.1", FAKE_SELF_SIGNED), NULL};

    /* Enter is No, and so is Esc: the connection is dropped, not a byte more */
    for (int i = 0; i < 2; i++) {
        struct fake *f = fake_start_tcp(tls_script, certs);
        struct term *t = helo_fake(80, 24, "smtp", f);

        term_wait(t, "220 mail", WAIT);
        say(t, "EHLO me.example", "250-mail");
        say(t, "STARTTLS", "[y/N]");
        term_wait(t, "self-signed", WAIT);
        term_key(t, i ? "Esc" : "Enter");
        term_wait(t, "| closed |", WAIT);
        assert_int_equal(leave(t), 0);
        fake_finish(f);
        assert_string_equal(fake_received(f, NULL), "EHLO me.example\r\nSTARTTLS\r\n");
        fake_free(f);
    }

    /* y goes on, and the header says so for the whole session */
    struct fake *f = fake_start_tcp(tls_script, certs);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    say(t, "STARTTLS", "[y/N]");
    term_keys(t, "y");
    term_wait(t, "TLS 1.3 up", WAIT);
    term_wait_row(t, 0, "UNVERIFIED", WAIT);
    say(t, "EHLO me.example", "250 inside");
    say(t, "NOOP", "250 still there");
    term_wait_row(t, 0, "UNVERIFIED", WAIT);
    term_resize(t, 40, 8);
    term_wait_row(t, 0, "UNVERIF", WAIT);
    assert_int_equal(leave(t), 0);
    assert_null(fake_finish(f));
    fake_free(f);
    fake_cert_free(certs[0]);
}

static void test_certificate_trusted(void **state)
{
    (void)state;
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *certs[] = {fake_cert_new(ca, "127.0.0.1", 0), NULL};
    struct fake *f = fake_start_tcp(tls_script, certs);
    char trust[600];
    const char *const env[] = {trust, NULL};
    struct term *t;

    snprintf(trust, sizeof trust, "SSL_CERT_FILE=%s", fake_ca_file(ca));
    t = helo_fake_env(80, 24, "smtp", f, env);
    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    say(t, "STARTTLS", "TLS 1.3 up");
    assert_false(term_shows(t, "[y/N]"));
    say(t, "EHLO me.example", "250 inside");
    assert_null(strstr(term_row(t, 0), "UNVERIF"));
    assert_int_equal(leave(t), 0);
    fake_finish(f);
    fake_free(f);
    fake_cert_free(certs[0]);
    fake_ca_free(ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_hostile_smtp),    term_unit_test(test_hostile_pop3),
        term_unit_test(test_hostile_file),    term_unit_test(test_secrets_smtp),
        term_unit_test(test_secrets_refused), term_unit_test(test_secrets_pop3),
        term_unit_test(test_certificate),     term_unit_test(test_certificate_trusted),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
