/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What users of openssl s_client stumble over must simply work; STARTTLS in the practice world and
 * the sidebar that tells what changed; an explanation of its own for each reply; pasting.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>

/* s_client takes Q, R, k, K at the beginning of a line as orders of its own (quit, renegotiate,
 * key update). Here each of them goes to the server as typed, and the session goes on. */
static void test_letters_at_the_beginning(void **state)
{
    (void)state;
    static const char *const lines[] = {"Quux", "Rumba", "kilo", "Kilo", NULL};
    struct term *t = helo_practice(80, 24);
    char sight[64];

    say(t, "EHLO me.example", "250-practice");
    say(t, "STARTTLS", "practice CA");
    for (size_t i = 0; lines[i]; i++) {
        snprintf(sight, sizeof sight, "%zu C:   %s", i + 3, lines[i]);
        say(t, lines[i], sight);
    }
    say(t, "NOOP", "7 C:   NOOP");
    term_wait(t, "250 2.0.0", WAIT);
    assert_true(term_shows(t, "practice CA"));
    assert_int_equal(leave(t), 0);
}

/* "RCPT TO" in capitals renegotiates there, and "Reply-To:" does inside a letter. */
static void test_rcpt_and_reply_to(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);

    say(t, "EHLO me.example", "250-practice");
    say(t, "STARTTLS", "practice CA");
    say(t, "EHLO me.example", "3 C:   EHLO me.example");
    say(t, "MAIL FROM:<me@me.example>", "250 2.1.0");
    say(t, "RCPT TO:<teacher@practice.example>", "250 2.1.5");
    say(t, "DATA", "==[ LETTER ]==");
    term_keys(t, "Reply-To: me@me.example\rRegards: k\r\rQ\rR\rk\rK\r");
    term_wait(t, "\n  7 K\n", WAIT);
    term_line(t, ".");
    term_wait(t, "queued as", WAIT);
    /* the seventh: RETR 1 */
    term_line(t, ":pop3");
    term_wait(t, "pop3>", WAIT);
    say(t, "STLS", "TLS 1.3 practice CA");
    say(t, "USER teacher", "now PASS");
    say(t, "PASS green-pencil", "maildrop is");
    say(t, "RETR 1", " lines] |");
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_key(t, "Space");
    term_key(t, "z");
    term_wait(
        t,
        "Reply-To: me@me.example\n         Regards: k\n\n         Q\n         R\n         k\n   "
        "      K\n",
        WAIT);
    assert_int_equal(leave(t), 0);
}

static bool sidebar_differs(struct term *t, void *arg)
{
    (void)arg;
    return term_shows(t, "| + AUTH PLAIN") && term_shows(t, "| - STARTTLS") &&
           term_shows(t, "| = PIPELINING");
}

static void test_starttls(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);

    assert_true(term_shows(t, "no TLS"));
    say(t, "EHLO me.example", "|   STARTTLS");
    assert_false(term_shows(t, "AUTH PLAIN"));
    say(t, "STARTTLS", "TLS 1.3 practice CA");
    /* nothing is asked, and the old list is gone */
    assert_false(term_shows(t, "[y/N]"));
    term_wait_gone(t, "|   STARTTLS", WAIT);
    say(t, "EHLO me.example", "3 C:   EHLO me.example");
    term_wait_for(t, sidebar_differs, NULL, "+ AUTH, - STARTTLS, = PIPELINING", WAIT);
    /* the same in the tab bar of a small window, and in words for a pane of its own */
    term_resize(t, 60, 20);
    term_wait(t, "2 caps(+", WAIT);
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_key(t, "2");
    term_wait(t, "[2 caps(+", WAIT);
    term_key(t, "G");
    term_wait(t, "STARTTLS", WAIT);
    assert_int_equal(leave(t), 0);
}

static bool why_speaks(struct term *t, void *arg)
{
    const char *why = strstr(term_screen(t), "--[ why");

    return why && !strstr(why, "Nothing more is known") && strcasestr(why, arg);
}

/* The explanation follows the newest reply, and is about this reply at this verb. */
static void test_why(void **state)
{
    (void)state;
    static const struct {
        const char *line, *title, *word;
    } rows[] = {
        {"MAIL FROM:<me@me.example>", "why 503 5.5.1", "EHLO"},
        {"EHLO me.example", "why 250", "greeting"},
        {"RCPT TO:<teacher@practice.example>", "why 503 5.5.1", "MAIL"},
        {"MAIL FROM:<me@me.example>", "why 250 2.1.0", "sender"},
        {"RCPT TO:<nobody@practice.example>", "why 550 5.1.1", "address"},
        {"RCPT TO:<full@practice.example>", "why 452 4.2.2", "full"},
        {"RCPT TO:<greylist@practice.example>", "why 450 4.7.1", "again"},
        {"RCPT TO:<disabled@practice.example>", "why 550 5.2.1", "disabled"},
        {"RCPT TO:<me@elsewhere.example>", "why 550 5.7.1", "relay"},
        {"FROBNICATE", "why 500 5.5.", "command"},
        {"VRFY student", "why 25", "VRFY"},
        {"RSET", "why 250 2.0.0", "RSET"},
    };
    struct term *t = helo_practice(120, 40);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sight[300];

        snprintf(sight, sizeof sight, "%2zu C:   %s", i + 1, rows[i].line);
        say(t, rows[i].line, sight);
        term_wait(t, rows[i].title, WAIT);
        term_wait_for(t, why_speaks, (void *)(uintptr_t)rows[i].word, rows[i].word, WAIT);
    }
    assert_int_equal(leave(t), 0);
}

static bool has_text(struct term *t, void *arg)
{
    return strstr(term_screen(t), arg) != NULL;
}

/* Several lines pasted wait in a queue; nothing goes out by itself. */
static void test_paste_lines(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT_BYTES(17), /* the first line, and no more */
                                              SEND("250 PIPELINING\r\n"),
                                              EXPECT("RSET"),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              SEND("250 one\r\n250 two\r\n250 three\r\n"),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);
    size_t n;

    term_wait(t, "220 mail", WAIT);
    term_paste(t, "EHLO me.example\nRSET\nMAIL FROM:<>\nRCPT TO:<a@b.example>\n", SIZE_MAX);
    term_wait(t, "4 lines wait: Enter sends the one seen; Esc and :queue send all, or clear", WAIT);
    term_wait(t, "smtp> EHLO me.example", WAIT);
    term_wait_quiet(t, 100, WAIT);
    assert_int_equal(fake_reads(f), 0); /* not one octet */
    say(t, "", "250 PIPELINING");
    term_wait(t, "smtp> RSET", WAIT);
    press(t, "Esc", "Esc talk"); /* as the notice said: the line stands in the editor */
    term_wait(t, "i type", WAIT);
    term_line(t, ":queue send all");
    term_wait(t, "250 three", WAIT);
    term_line(t, ":drop");
    term_wait(t, "[y/N]", WAIT);
    term_keys(t, "y");
    term_wait(t, "closed", WAIT);
    assert_null(fake_finish(f));
    assert_string_equal(fake_received(f, &n),
                        "EHLO me.example\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n");
    fake_free(f);
}

/* Pasted in a letter, lines are its text: also a lone dot does not send it. */
static void test_paste_letter(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("220 mail.example.test ESMTP\r\n"),
                                              EXPECT("EHLO"),
                                              SEND("250 mail.example.test\r\n"),
                                              EXPECT("MAIL"),
                                              SEND("250 ok\r\n"),
                                              EXPECT("RCPT"),
                                              SEND("250 ok\r\n"),
                                              EXPECT("DATA"),
                                              SEND("354 go on\r\n"),
                                              EXPECT_DATA(),
                                              SEND("250 taken\r\n"),
                                              END()};
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = helo_fake(80, 24, "smtp", f);

    term_wait(t, "220 mail", WAIT);
    say(t, "EHLO me.example", "250 mail");
    say(t, "MAIL FROM:<a@b.example>", "2 C:   MAIL");
    term_wait(t, "250 ok", WAIT);
    say(t, "RCPT TO:<c@d.example>", "3 C:   RCPT");
    term_wait(t, "RCPT ok", WAIT);
    say(t, "DATA", "==[ LETTER ]==");
    term_paste(t, "Subject: pasted\r\n\r\nRCPT TO:<x@y.example>\r\n.stuffed\r\n.\r\nafter the dot",
               SIZE_MAX);
    term_wait_for(t, has_text, (void *)(uintptr_t) "after the dot", "the pasted letter", WAIT);
    term_wait_quiet(t, 50, WAIT);
    assert_false(term_shows(t, "250 taken"));
    term_keys(t, "\r.\r");
    term_wait(t, "250 taken", WAIT);
    assert_null(fake_finish(f));
    assert_non_null(
        strstr(fake_received(f, NULL),
               "DATA\r\nSubject: pasted\r\n\r\nRCPT TO:<x@y.example>\r\n..stuffed\r\n..\r\n"
               "after the dot\r\n.\r\n"));
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(test_letters_at_the_beginning),
        term_unit_test(test_rcpt_and_reply_to),
        term_unit_test(test_starttls),
        term_unit_test(test_why),
        term_unit_test(test_paste_lines),
        term_unit_test(test_paste_letter),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
