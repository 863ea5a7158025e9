/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waiting for a server: C-c ends the wait and never the program, also while connecting; and what a
 * key, a move, a reply and doing nothing cost in bytes to the terminal.
 */
#include "walk.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ------------------------------------------------------------------ C-c */

#define SIXTY "250-a line that comes one byte at a time, sixty characters long\r\n"

/* The wait is over when it is seen to be; the best of three, for machines with other work. */
static void test_cancel_tarpit(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 slow.example.test ESMTP\r\n"),
                                              EXPECT("EHLO"), TARPIT(SIXTY SIXTY SIXTY SIXTY, 50),
                                              END()};
    int64_t best = INT64_MAX;

    for (int i = 0; i < 3 && best > 200000; i++) {
        struct fake *f = fake_start_tcp(script, NULL);
        struct term *t = helo_fake(80, 24, "smtp", f);
        int64_t from;

        term_wait(t, "220 slow", WAIT);
        term_line(t, "EHLO me.example");
        assert_true(fake_wait_received(f, "EHLO", WAIT));
        term_wait(t, "C:   EHLO me.example", WAIT);
        /* with a line half typed C-c takes the line first */
        term_keys(t, "NOO");
        term_wait(t, "smtp> NOO", WAIT);
        term_key(t, "C-c");
        term_wait_gone(t, "smtp> NOO", WAIT);
        assert_false(term_shows(t, "| closed |"));
        term_key(t, "C-c");
        from = term_t_key(t);
        term_wait(t, "| closed |", WAIT);
        if (term_t_last(t) - from < best)
            best = term_t_last(t) - from;
        /* nothing is left to cancel: still it does not quit */
        term_key(t, "C-c");
        term_wait(t, "nothing to cancel", WAIT);
        assert_true(term_running(t));
        assert_int_equal(leave(t), 0);
        fake_finish(f);
        fake_free(f);
    }
    assert_in_range(best, 0, (int64_t)term_limit(200) * 1000);
}

/* A port whose queue is full: connecting to it takes until the kernel gives up. */
struct full_port {
    int fd[12];
    int port;
};

static void full_port_open(struct full_port *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    p->fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->fd[0], (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(p->fd[0], 0), 0);
    assert_int_equal(getsockname(p->fd[0], (struct sockaddr *)&a, &n), 0);
    p->port = ntohs(a.sin_port);
    for (size_t i = 1; i < sizeof p->fd / sizeof p->fd[0]; i++) {
        p->fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(p->fd[i], (struct sockaddr *)&a, sizeof a);
    }
}

static void test_cancel_connect(void **state)
{
    (void)state;
    struct full_port p;
    char target[64];
    int64_t best = INT64_MAX;

    full_port_open(&p);
    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", p.port);
    for (int i = 0; i < 3 && best > 200000; i++) {
        struct term *t = helo(80, 24, NULL, target, NULL);
        int64_t from;

        term_wait(t, "trying 127.0.0.1", WAIT);
        term_wait(t, "| connecting |", WAIT);
        term_key(t, "C-c");
        from = term_t_key(t);
        term_wait(t, "| closed |", WAIT);
        if (term_t_last(t) - from < best)
            best = term_t_last(t) - from;
        assert_int_equal(leave(t), 0);
    }
    for (size_t i = 0; i < sizeof p.fd / sizeof p.fd[0]; i++)
        close(p.fd[i]);
    assert_in_range(best, 0, (int64_t)term_limit(200) * 1000);
}

/* A server that agrees to TLS and then keeps silent: the wait has its own name, and ends. */
static void test_cancel_tls(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("EHLO"),
                                              SEND("250-mail.example.test\r\n250 STARTTLS\r\n"),
                                              EXPECT("STARTTLS"),
                                              SEND("220 go on\r\n"),
                                              DELAY(60000),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    say(t, "STARTTLS", "| TLS handshake |");
    term_wait(t, "TLS handshake, C-c cancels", WAIT);
    term_key(t, "C-c");
    term_wait(t, "| closed |", WAIT);
    term_wait(t, "given up while the TLS handshake", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
    fake_free(f);
}

/* Each end of a connection is told, and the program stays. */
static void test_ends(void **state)
{
    (void)state;
    static const struct fake_step cut[] = {SEND("220 a.example.test\r\n"), EXPECT("EHLO"),
                                           SEND("250-half a repl"), CUT(), END()};
    static const struct fake_step reset[] = {SEND("220 a.example.test\r\n"), EXPECT("EHLO"),
                                             RESET(), END()};
    static const struct fake_step late[] = {SEND("220 a.example.test\r\n"), EXPECT("NOOP"),
                                            SEND("250 ok\r\n421 4.4.2 idle too long\r\n"), CLOSE(),
                                            END()};
    static const struct fake_step garbage[] = {SEND("SSH-2.0-OpenSSH_9.2\r\n"), END()};
    static const struct {
        const struct fake_step *script;
        const char *line, *sight;
    } rows[] = {
        {cut, "EHLO me.example", "250-half a repl"},
        {reset, "EHLO me.example", "reset"},
        {late, "NOOP", "421 4.4.2"},
        {garbage, NULL, "SSH-2.0-OpenSSH"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake *f = fake_start_tcp(rows[i].script, NULL);
        struct term *t = helo_fake(80, 24, "smtp", f);

        if (rows[i].line) {
            term_wait(t, "220 a.example", WAIT);
            term_line(t, rows[i].line);
            term_wait(t, "| closed |", WAIT);
        }
        term_wait(t, rows[i].sight, WAIT);
        term_wait_gone(t, "Nothing more is known", WAIT);
        assert_int_equal(leave(t), 0);
        fake_finish(f);
        fake_free(f);
    }
}

/* ------------------------------------------------------------------ bytes */

static void test_first_screen(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, NULL);

    term_wait(t, "3  open", WAIT);
    term_wait(t, "? help", WAIT);
    assert_in_range(term_written(t), 1, 4096);
    term_stop(t);
    t = helo_practice(80, 24);
    term_wait(t, "? help", WAIT);
    term_wait_quiet(t, 50, WAIT);
    assert_in_range(term_written(t), 1, 4096);
}

static void test_bytes(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);
    static const char line[] = "NOOP abcdefghijklmnopqrstuvwxyz0123456789";
    size_t worst = 0;

    say(t, "EHLO me.example", "250-practice");
    term_wait_quiet(t, 50, WAIT);

    /* typed keys: the words beside the line may change when the verb is known, hence the mean */
    term_keys(t, "NOOP ");
    term_wait(t, "smtp> NOOP", WAIT);
    term_wait_quiet(t, 50, WAIT);
    term_mark(t);
    for (const char *p = line + 5; *p; p++) {
        char key[2] = {*p, '\0'};

        term_keys(t, key);
        assert_in_range(term_key_echo(t, WAIT), 0, INT64_MAX);
    }
    term_wait(t, line, WAIT);
    term_wait_quiet(t, 50, WAIT);
    assert_in_range(term_written(t), strlen(line + 5), 8 * strlen(line + 5));
    term_key(t, "C-u");
    term_wait_gone(t, line, WAIT);

    for (int i = 0; i < 12; i++) {
        char sight[40];

        snprintf(sight, sizeof sight, "%2d C:   NOOP", i + 2);
        say(t, "NOOP", sight);
    }

    /* the selection */
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_wait_quiet(t, 50, WAIT);
    worst = 0;
    for (int i = 0; i < 8; i++) {
        term_mark(t);
        term_keys(t, i < 4 ? "k" : "j");
        assert_in_range(term_key_echo(t, WAIT), 0, INT64_MAX);
        term_wait_quiet(t, 30, WAIT);
        if (term_written(t) > worst)
            worst = term_written(t);
    }
    if (worst > 400)
        fail_msg("a move of the selection cost %zu bytes", worst);

    /* nothing to do: nothing written, for longer than the header's clocks tick */
    term_mark(t);
    term_pump(t, 1200);
    assert_int_equal(term_written(t), 0);
}

/* A reply that scrolls the transcript beside the sidebar: what comes after the command was drawn.
 */
static void test_scrolled_reply(void **state)
{
    (void)state;
#define QUICK EXPECT("NOOP"), SEND("250 2.0.0 Ok\r\n")
#define SLOW(reply) EXPECT("VRFY"), DELAY(1000), SEND(reply)
    static const struct fake_step script[] = {
        SEND("220 mail.example.test ESMTP\r\n"),
        EXPECT("EHLO"),
        SEND("250-mail.example.test\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 DSN\r\n"),
        QUICK,
        QUICK,
        QUICK,
        QUICK,
        QUICK,
        QUICK,
        QUICK,
        SLOW("250 2.1.5 Somebody <somebody@example.test>\r\n"),
        SLOW("550 5.1.1 <somebody@example.test>: Recipient address rejected: unknown\r\n"),
        SLOW("252 2.0.0 somebody@example.test\r\n"),
        END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250-mail");
    for (int i = 0; i < 7; i++) {
        char sight[40];

        snprintf(sight, sizeof sight, "%2d C:   NOOP", i + 2);
        say(t, "NOOP", sight);
    }
    for (int i = 0; i < 3; i++) {
        static const char *const sights[] = {"250 2.1.5", "550 5.1.1", "252 2.0.0"};

        term_wait_quiet(t, 60, WAIT);
        term_line(t, "VRFY somebody");
        term_wait_quiet(t, 50, WAIT);
        assert_false(term_shows(t, sights[i]));
        term_mark(t);
        term_wait(t, sights[i], WAIT);
        term_wait_quiet(t, 50, WAIT);
        if (term_written(t) > 1200)
            fail_msg("the reply %s cost %zu bytes", sights[i], term_written(t));
    }
    fake_finish(f);
    fake_free(f);
}

/* ------------------------------------------------------------------ typing ahead of the 354 */

/* What is typed while DATA waits for its reply is the letter's, its empty line too, and nothing of
 * it reaches the server before the 354. */
static void test_letter_ahead(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("DATA"),
                                              EXPECT_NOTHING(1500),
                                              SEND("354 now\r\n"),
                                              EXPECT_DATA(),
                                              SEND("250 2.0.0 kept\r\n"),
                                              END()};
    static const char want[] = "DATA\r\nSubject: early\r\n\r\nhello\r\n.\r\n";
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "DATA", "C:   DATA");
    say(t, "Subject: early", "1 queued");
    term_wait(t, "before the 354", WAIT);
    term_key(t, "Enter");
    term_wait(t, "2 queued", WAIT);
    term_keys(t, "hel"); /* half a line is typed when the reply comes */
    term_wait(t, "smtp> hel", WAIT);
    term_wait(t, "LETTER", WAIT);
    term_keys(t, "lo");
    term_wait(t, "hello", WAIT);
    term_key(t, "Enter");
    term_line(t, ".");
    term_wait(t, "250 2.0.0 kept", WAIT);
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, NULL), want);
    assert_int_equal(leave(t), 0);
    fake_free(f);
}

/* DATA is refused: the lines typed for the letter wait, and none is sent as a command. */
static void test_letter_refused(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("DATA"),
                                              EXPECT_NOTHING(1000),
                                              SEND("503 5.5.1 no recipients\r\n"),
                                              EXPECT("NOOP"),
                                              SEND("250 2.0.0 fine\r\n"),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "DATA", "C:   DATA");
    say(t, "Subject: early", "1 queued");
    term_wait(t, "no letter was asked for", WAIT);
    term_wait(t, "smtp> Subject: early", WAIT);
    term_key(t, "C-c");
    term_wait_gone(t, "queued", WAIT);
    say(t, "NOOP", "250 2.0.0 fine");
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, NULL), "DATA\r\nNOOP\r\n");
    assert_int_equal(leave(t), 0);
    fake_free(f);
}

/* QUIT ends it: what is typed behind it is not sent, neither before its answer nor between that and
 * the close, and is not shown as if it had been. */
static void test_nothing_follows_quit(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("QUIT"),
                                              EXPECT_NOTHING(700),
                                              SEND("221 2.0.0 bye\r\n"),
                                              EXPECT_EOF(),
                                              DELAY(700),
                                              CLOSE(),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "QUIT", "QUIT was said, nothing follows it");
    say(t, "NOOP", "not sent: QUIT ends the session; once it is closed :reconnect opens a new one");
    term_wait(t, "221 2.0.0 bye", WAIT); /* our side is closed, the other is not yet */
    term_key(t, "Enter");
    term_wait(t, "not sent: QUIT ends the session", WAIT);
    term_wait(t, "| closed |", WAIT);
    term_key(t, "Enter");
    term_wait(t, "not sent, the connection is closed: :reconnect opens it again", WAIT);
    assert_false(term_shows(t, "C:   NOOP"));
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, NULL), "QUIT\r\n");
    term_key(t, "C-c");
    assert_int_equal(leave(t), 0);
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_cancel_tarpit),  term_unit_test(test_cancel_connect),
        term_unit_test(test_cancel_tls),     term_unit_test(test_ends),
        term_unit_test(test_first_screen),   term_unit_test(test_bytes),
        term_unit_test(test_scrolled_reply), term_unit_test(test_letter_ahead),
        term_unit_test(test_letter_refused), term_unit_test(test_nothing_follows_quit),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
