/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A domain as a target on the screen: the question which mail exchanger, a wrong answer to it, and
 * :dns told in the talk. */
#include "walk.h"
#include "../fake/fakedns.h"

#include <stdio.h>
#include <string.h>

static const struct fake_step greets[] = {SEND("220 mx2.example.test ESMTP\r\n"), EXPECT("QUIT"),
                                          SEND("221 bye\r\n"), CLOSE(), END()};

#define ZONE                                                                                       \
    "example.test MX 10 gone.example.test\nexample.test MX 20 mx1.example.test\n"                  \
    "example.test MX 30 mx2.example.test\nmx1.example.test A 127.0.0.3\n"                          \
    "mx2.example.test A 127.0.0.1\nexample.test TXT v=spf1 mx ~all\n"

static void test_mail_exchangers(void **state)
{
    (void)state;
    struct fakedns *d = fakedns_start(ZONE);
    struct fake *f = fake_start_tcp(greets, NULL);
    char target[60];
    snprintf(target, sizeof target, "mx:example.test:%d", fake_port(f));
    struct term *t =
        helo(100, 34, NULL, target, "--allow-reserved", "--resolver", fakedns_at(d), NULL);
    term_wait(t, "which mail exchanger?", WAIT);
    term_wait(t, " 1  10 gone.example.test: there is no name", WAIT);
    term_wait(t, "3  30 mx2.example.test [127.0.0.1]", WAIT);
    term_wait(t, ">  2  20 mx1.example.test", WAIT); /* the best */
    term_keys(t, "1");
    term_key(t, "Enter");
    term_wait(t, "has no address to connect to", WAIT);
    term_wait(t, ">  2  20 mx1.example.test", WAIT); /* asked again */
    term_key(t, "Down");
    term_wait(t, ">  3  30 mx2.example.test", WAIT);
    term_key(t, "Enter");
    term_wait(t, "220 mx2.example.test ESMTP", WAIT);
    term_wait(t, "MX 20 mx1.example.test [127.0.0.3]", WAIT);
    say(t, ":dns", "SPF: v=spf1 mx ~all");
    term_wait(t, "DANE: no TLSA records", WAIT);
    say(t, "QUIT", "221 bye");
    assert_int_equal(leave(t), 0);
    term_stop(t);
    fake_finish(f);
    fake_free(f);
    fakedns_stop(d);
}

/* Enter takes the best; it refuses, and the next one is tried as a sender does. */
static void test_on_to_the_next(void **state)
{
    (void)state;
    struct fakedns *d = fakedns_start(ZONE);
    struct fake *f = fake_start_tcp(greets, NULL);
    char target[60];
    snprintf(target, sizeof target, "mx:example.test:%d", fake_port(f));
    struct term *t =
        helo(120, 40, NULL, target, "--allow-reserved", "--resolver", fakedns_at(d), NULL);
    term_wait(t, "If the best fails the next is tried", WAIT);
    term_key(t, "Enter");
    term_wait(t, "220 mx2.example.test ESMTP", WAIT);
    term_wait(t, "mail exchanger 2 of 2, preference 30: mx2.example.test", WAIT);
    term_wait(t, "SMTP mx2.example.test", WAIT); /* the header's name too */
    say(t, "QUIT", "221 bye");
    assert_int_equal(leave(t), 0);
    term_stop(t);
    assert_null(fake_finish(f));
    fake_free(f);
    fakedns_stop(d);
}

/* One exchanger only, at a reserved address: nobody is connected to before the user says which. */
static void test_reserved_is_asked(void **state)
{
    (void)state;
    struct fakedns *d =
        fakedns_start("in.test MX 10 mx2.example.test\nmx2.example.test A 127.0.0.1\n");
    struct fake *f = fake_start_tcp(greets, NULL);
    char target[60];
    snprintf(target, sizeof target, "mx:in.test:%d", fake_port(f));
    struct term *t = helo(100, 34, NULL, target, "--resolver", fakedns_at(d), NULL);
    term_wait(t, "which mail exchanger?", WAIT);
    term_wait(t, "left out", WAIT);
    term_key(t, "Enter"); /* the default is none */
    term_wait(t, "'' is no entry: a number from 1 to 1", WAIT);
    assert_int_equal(fake_sent(f), 0);
    term_wait(t, "which mail exchanger?", WAIT);
    term_keys(t, "1");
    term_key(t, "Enter");
    term_wait(t, "220 mx2.example.test ESMTP", WAIT);
    say(t, "QUIT", "221 bye");
    assert_int_equal(leave(t), 0);
    term_stop(t);
    assert_null(fake_finish(f));
    fake_free(f);
    fakedns_stop(d);
}

/* Neither a scheme nor a known port: the arrows choose the protocol. */
static void test_which_protocol(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("+OK pop.example.test\r\n"), EXPECT("QUIT"),
                                              SEND("+OK bye\r\n"), END()};
    struct fake *f = fake_start_tcp(script, NULL);
    char target[60];
    snprintf(target, sizeof target, "127.0.0.1:%d", fake_port(f));
    struct term *t = helo(80, 24, NULL, target, NULL);
    term_wait(t, ">  1  smtp", WAIT);
    for (int i = 0; i < 4; i++) /* and no further than the last */
        term_key(t, "Down");
    term_wait(t, ">  4  pop3", WAIT);
    term_wait(t, "well-known port says it of 127.0.0.1:", WAIT);
    term_key(t, "Enter");
    term_wait(t, "+OK pop.example.test", WAIT);
    term_wait(t, "POP3 127.0.0.1:", WAIT);
    say(t, "QUIT", "+OK bye");
    assert_int_equal(leave(t), 0);
    term_stop(t);
    assert_null(fake_finish(f));
    fake_free(f);
}

static void test_no_is_an_answer(void **state)
{
    (void)state;
    struct fakedns *d = fakedns_start(ZONE);
    struct term *t = helo(80, 24, NULL, "mx:example.test", "--allow-reserved", "--resolver",
                          fakedns_at(d), NULL);
    term_wait(t, "which mail exchanger?", WAIT);
    term_key(t, "Esc");
    term_wait(t, "given up while looking for a mail exchanger", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
    fakedns_stop(d);
}

/* The sessions of a check-up become the workbench's: with what they learnt, and open as long as the
 * server keeps them. Only what the user then types is sent. */
static void test_probe_in_tabs(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mx2.example.test ESMTP\r\n"),
                                              EXPECT("EHLO "),
                                              SEND("250-mx2\r\n250 SIZE 1000\r\n"),
                                              EXPECT("NOOP"),
                                              SEND("250 still here\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              ACCEPT_AGAIN(),
                                              SEND("220 mx2.example.test again\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    struct fakedns *d = fakedns_start(ZONE);
    struct fake *f = fake_start_tcp(script, NULL);
    char target[60];
    snprintf(target, sizeof target, "mx:example.test:%d", fake_port(f));
    struct term *t = helo(80, 24, NULL, "probe", target, "--allow-reserved", "--resolver",
                          fakedns_at(d), "--tui", NULL);
    /* Wrapped once, by the pane. */
    term_wait(t, "answers, in the clear;\n  whether it takes a recipient was not asked", WAIT);
    term_wait(t, "1/3", WAIT);
    term_wait(t, "\n  grave mx1.example.test [127.0.0.3]:", WAIT);
    term_key(t, "M-2"); /* nobody answers there: the session ended by itself */
    term_wait(t, "2/3 SMTP mx1.example.test [127.0.0.3]", WAIT);
    term_wait(t, "closed", WAIT);
    term_wait(t, "-- * ", WAIT);
    term_key(t, "M-3");
    term_wait(t, "S: + 220 mx2.example.test ESMTP", WAIT);
    term_wait(t, "SIZE 1000", WAIT); /* the sidebar */
    term_wait(t, "legal now: MAIL", WAIT);
    say(t, "NOOP", "250 still here");
    say(t, "QUIT", "221 bye");
    term_wait(t, "closed", WAIT);
    say(t, ":reconnect", "220 mx2.example.test again");
    say(t, "QUIT", "221 bye");
    term_wait(t, "closed", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
    fake_finish(f);
    fake_free(f);
    fakedns_stop(d);
}

/* The check-up takes any certificate; a login is another matter. */
static void test_login_to_a_stranger(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mx ESMTP\r\n"),
                                              EXPECT("EHLO "),
                                              SEND("250-mx\r\n250 STARTTLS\r\n"),
                                              EXPECT("STARTTLS"),
                                              SEND("220 go\r\n"),
                                              STARTTLS(0),
                                              EXPECT("EHLO "),
                                              SEND("250-mx\r\n250 AUTH PLAIN\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    struct fake_cert *certs[] = {fake_cert_new(NULL, "mx.test", FAKE_SELF_SIGNED), NULL};
    struct fake *f = fake_start_tcp(script, certs);
    char target[60];
    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", fake_port(f));
    struct term *t =
        helo(80, 24, NULL, "probe", target, "--resolver", "127.0.0.1:1", "--tui", NULL);
    term_wait(t, "inside TLS 1.3, certificate NOT", WAIT);
    term_key(t, "M-2");
    term_wait(t, "UNVERIFIED", WAIT);
    say(t, ":auth PLAIN me", "Log in to whoever answers there?");
    term_keys(t, "n");
    term_wait(t, "not sent: who answers here is not verified", WAIT);
    say(t, "QUIT", "221 bye");
    term_wait(t, "closed", WAIT);
    assert_int_equal(leave(t), 0);
    term_stop(t);
    fake_finish(f);
    fake_free(f);
    fake_cert_free(certs[0]);
}

static void test_practice_asks_nobody(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);
    say(t, ":dns example.test", "practice asks nothing of the network");
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_mail_exchangers),     term_unit_test(test_on_to_the_next),
        term_unit_test(test_reserved_is_asked),   term_unit_test(test_which_protocol),
        term_unit_test(test_no_is_an_answer),     term_unit_test(test_probe_in_tabs),
        term_unit_test(test_login_to_a_stranger), term_unit_test(test_practice_asks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
