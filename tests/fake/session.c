/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The session against a scripted server at the other end of a socketpair: this test writes the
 * server's octets (whole, split, injected, cut off) and reads what the session sent. No thread, no
 * clock: turns of the loop until a sight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/shows.h"
#include "heloscope/know.h"
#include "heloscope/loop.h"
#include "heloscope/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct play {
    struct loop *loop;
    struct session *s;
    int server;
    struct target target;
    bool letter, challenge, over, up;
    char sent[1 << 16]; /* what the session wrote so far */
    size_t nsent;
};

static void on_event(void *arg, struct session *s, enum session_event ev)
{
    struct play *p = arg;
    (void)s;
    p->letter |= ev == SESSION_LETTER;
    p->challenge |= ev == SESSION_CHALLENGE;
    p->over |= ev == SESSION_OVER;
    p->up |= ev == SESSION_UP;
}

static struct play *play_new(const char *scheme, struct session_options *o)
{
    struct play *p = calloc(1, sizeof *p);
    int fd[2];
    char why[256], text[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    p->loop = loop_new();
    snprintf(text, sizeof text, "%s://practice.example", scheme);
    assert_true(target_parse(text, &p->target, why, sizeof why));
    p->server = fd[1];
    p->s = session_adopt(p->loop, fd[0], &p->target, o, on_event, p);
    assert_non_null(p->s);
    return p;
}

static struct play *play_open(const char *scheme)
{
    struct session_options o = {.practice = true};
    return play_new(scheme, &o);
}

static void play_free(struct play *p)
{
    session_free(p->s);
    loop_free(p->loop);
    target_clear(&p->target);
    if (p->server >= 0)
        close(p->server);
    free(p);
}

/* Turns of the loop until nothing happens at once. */
static void settle(struct play *p)
{
    for (int i = 0; i < 20; i++)
        loop_turn(p->loop, 1);
}

static void server_says(struct play *p, const char *text)
{
    assert_int_equal(write(p->server, text, strlen(text)), (ssize_t)strlen(text));
    settle(p);
}

static const char *server_heard(struct play *p)
{
    settle(p);
    ssize_t n = recv(p->server, p->sent + p->nsent, sizeof p->sent - 1 - p->nsent, MSG_DONTWAIT);
    if (n > 0)
        p->nsent += (size_t)n;
    p->sent[p->nsent] = 0;
    return p->sent;
}

static void say(struct play *p, const char *line)
{
    char why[256] = "";
    if (!session_line(p->s, line, strlen(line), why, sizeof why))
        fail_msg("'%s' was not sent: %s", line, why);
    settle(p);
}

static void greet(struct play *p)
{
    server_says(p, "220 practice.example ESMTP\r\n");
    say(p, "EHLO laptop.example");
    server_says(p, "250-practice.example\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 PIPELINING\r\n");
}

static void test_a_letter_from_banner_to_queued(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    greet(p);
    assert_int_equal(session_caps(p->s)->n, 3);
    say(p, "MAIL FROM:<a@practice.example>");
    server_says(p, "250 2.1.0 ok\r\n");
    say(p, "RCPT TO:<b@practice.example>");
    server_says(p, "250 2.1.5 ok\r\n");
    assert_int_equal(session_now(p->s)->rcpts, 1);
    say(p, "DATA");
    assert_false(p->letter);
    server_says(p, "354 go on\r\n");
    assert_true(p->letter);
    char why[128] = "";
    const char *letter = "Reply-To: x\nQ\n.hidden\nR\n";
    assert_true(session_letter(p->s, letter, strlen(letter), why, sizeof why));
    assert_non_null(strstr(server_heard(p), "DATA\r\nReply-To: x\r\nQ\r\n..hidden\r\nR\r\n.\r\n"));
    server_says(p, "250 2.0.0 queued as 1\r\n");
    must_show(p->s, "dot-stuffing: 1 line");
    must_show(p->s, "S+ 250 2.0.0 queued as 1");
    /* the next letter needs a new transaction */
    assert_false(session_letter(p->s, letter, strlen(letter), why, sizeof why));
    assert_non_null(strstr(why, "DATA comes first"));
    play_free(p);
}

static void test_one_octet_at_a_time_gives_the_same(void **state)
{
    (void)state;
    struct play *a = play_open("smtp"), *b = play_open("smtp");
    const char *banner = "220 practice.example ESMTP\r\n",
               *ehlo = "250-practice.example\r\n250-SIZE 1000\r\n250 DSN\r\n";
    char one[2] = "";
    server_says(a, banner);
    for (const char *c = banner; *c; c++) {
        one[0] = *c;
        server_says(b, one);
    }
    say(a, "EHLO x");
    say(b, "EHLO x");
    server_says(a, ehlo);
    for (const char *c = ehlo; *c; c++) {
        one[0] = *c;
        server_says(b, one);
    }
    char *whole = strdup(shows(a->s));
    assert_string_equal(shows(b->s), whole);
    assert_int_equal(session_caps(b->s)->n, 2);
    free(whole);
    play_free(a);
    play_free(b);
}

static void test_pipelined_lines_pair_with_their_replies(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    char why[128];
    greet(p);
    const char *flight = "MAIL FROM:<a@practice.example>\nRCPT TO:<x@practice.example>\r\nRCPT "
                         "TO:<y@practice.example>\nDATA\n";
    assert_true(session_lines(p->s, flight, strlen(flight), why, sizeof why));
    assert_int_equal(session_outstanding(p->s), 4);
    /* nothing is confirmed, and yet DATA was legal ahead */
    assert_int_equal(session_now(p->s)->rcpts, 0);
    assert_true(session_ahead(p->s)->rcpts > 0);
    server_says(p, "250 2.1.0 ok\r\n550 5.1.1 no x\r\n250 2.1.5 ok y\r\n354 go\r\n");
    assert_int_equal(session_outstanding(p->s), 0);
    assert_true(p->letter);
    const struct source *src = transcript_source(session_transcript(p->s));
    bool seen = false;
    for (size_t i = 0; i < src->count(src->self); i++) {
        struct item it;
        struct moment m;
        src->item(src->self, i, &it);
        src->moment(src->self, i, &m);
        if (it.kind == ITEM_SERVER && m.reply.code == 550) {
            seen = true;
            assert_string_equal(m.command.name, "RCPT");
            assert_int_equal(m.exchange, 3);
        }
    }
    assert_true(seen);
    assert_int_equal(session_now(p->s)->rcpts, 1);
    play_free(p);
}

static void test_capabilities_are_dropped_and_compared_after_the_upgrade(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    greet(p);
    say(p, "STARTTLS");
    server_says(p, "220 2.0.0 go ahead\r\n250 injected.example\r\n");
    assert_true(session_caps_stale(p->s));
    assert_null(session_caps(p->s));
    assert_int_equal(session_caps_before(p->s)->n, 3);
    must_show(p->s, "discarded as injected");
    must_hide(p->s, "250 injected.example");
    play_free(p);
}

/* Postfix XCLIENT_README: after the 220 the server greets another client. */
static void test_capabilities_are_dropped_after_xclient(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    greet(p);
    say(p, "XCLIENT NAME=spike.example");
    server_says(p, "501 5.5.4 bad\r\n");
    assert_false(session_caps_stale(p->s));
    say(p, "XCLIENT NAME=spike.example ADDR=192.0.2.1");
    server_says(p, "220 mail.example ESMTP\r\n");
    assert_true(session_caps_stale(p->s));
    assert_null(session_caps(p->s));
    must_show(p->s, "the talk starts anew: ask for the capabilities again (EHLO)");
    play_free(p);
}

static void test_secrets_never_enter_the_transcript(void **state)
{
    (void)state;
    struct play *p = play_open("pop3");
    char why[128];
    server_says(p, "+OK ready <1.2@practice.example>\r\n");
    assert_string_equal(session_timestamp(p->s), "<1.2@practice.example>");
    say(p, "USER student");
    server_says(p, "+OK\r\n");
    say(p, "PASS correct-horse");
    assert_non_null(strstr(server_heard(p), "PASS correct-horse\r\n"));
    server_says(p, "-ERR [AUTH] correct-horse is wrong\r\n");
    must_hide(p->s, "correct-horse");
    must_show(p->s, "[AUTH] ******** is wrong");
    assert_true(session_auth(p->s, "PLAIN", "student", "battery-staple", why, sizeof why));
    settle(p);
    must_hide(p->s, "battery-staple");
    assert_null(strstr(shows(p->s), "YmF0dGVye")); /* nor in base64 */
    must_show(p->s, "AUTH PLAIN ********");
    server_says(p, "-ERR no\r\n");
    assert_true(session_apop(p->s, "student", "tanstaaf", why, sizeof why));
    assert_non_null(strstr(server_heard(p), "APOP student "));
    must_hide(p->s, "tanstaaf");
    play_free(p);
}

static void test_auth_login_is_answered_by_itself(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    char why[128];
    greet(p);
    assert_true(session_auth(p->s, "LOGIN", "student", "apple-pie-9", why, sizeof why));
    assert_non_null(strstr(server_heard(p), "AUTH LOGIN\r\n"));
    server_says(p, "334 VXNlcm5hbWU6\r\n");
    assert_non_null(strstr(server_heard(p), "c3R1ZGVudA==\r\n"));
    server_says(p, "334 UGFzc3dvcmQ6\r\n");
    assert_non_null(strstr(server_heard(p), "YXBwbGUtcGllLTk=\r\n"));
    server_says(p, "235 2.7.0 welcome\r\n");
    assert_true(session_now(p->s)->authed);
    assert_string_equal(session_user(p->s), "student");
    must_hide(p->s, "YXBwbGUtcGllLTk=");
    assert_false(p->challenge);
    play_free(p);
}

static void test_auth_typed_by_hand_asks_and_masks(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    greet(p);
    say(p, "AUTH LOGIN");
    server_says(p, "334 VXNlcm5hbWU6\r\n");
    assert_true(p->challenge);
    must_show(p->s, "Username:");
    say(p, "c3R1ZGVudA==");
    server_says(p, "334 UGFzc3dvcmQ6\r\n");
    say(p, "YXBwbGUtcGllLTk=");
    must_hide(p->s, "YXBwbGUtcGllLTk=");
    server_says(p, "535 5.7.8 apple-pie-9 is wrong\r\n");
    must_hide(p->s, "apple-pie-9");
    play_free(p);
}

/* Name and password typed although AUTH itself was refused: both are hidden, not the first only. */
static void test_answers_after_a_refused_auth_are_masked(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    greet(p);
    say(p, "AUTH LOGIN");
    server_says(p, "538 5.7.11 encryption required\r\n");
    say(p, "c3R1ZGVudA==");
    server_says(p, "500 5.5.1 what\r\n");
    say(p, "YXBwbGUtcGllLTk=");
    server_says(p, "500 5.5.1 what\r\n");
    must_hide(p->s, "c3R1ZGVudA==");
    must_hide(p->s, "YXBwbGUtcGllLTk=");
    say(p, "FROBNICATE"); /* looks like base64, too */
    server_says(p, "500 5.5.1 what\r\n");
    say(p, "NOOP");
    server_says(p, "250 ok\r\n");
    say(p, "FROBNICATE");
    server_says(p, "500 5.5.1 what\r\n");
    must_show(p->s, "FROBNICATE");
    play_free(p);
}

static void test_a_long_body_stays_whole_and_unstuffs(void **state)
{
    (void)state;
    struct play *p = play_open("pop3");
    server_says(p, "+OK\r\n");
    say(p, "USER a");
    server_says(p, "+OK\r\n");
    say(p, "PASS secret77");
    server_says(p, "+OK\r\n");
    say(p, "RETR 1");
    assert_string_equal(session_user(p->s), "a");
    server_says(p, "+OK 20 octets\r\nSubject: x\r\n\r\n..dot");
    say(p, "NOOP"); /* typed while the body is still coming in */
    server_says(p, "\r\nlast\r\n.\r\n+OK\r\n");
    const struct source *src = transcript_source(session_transcript(p->s));
    bool seen = false;
    for (size_t i = 0; i < src->count(src->self); i++) {
        struct item it;
        struct span sp;
        src->item(src->self, i, &it);
        if (it.kind == ITEM_SERVER && it.lines == 6) {
            seen = true;
            assert_true(it.stuffed);
            assert_false(it.open);
            src->line(src->self, i, 3, &sp);
            assert_memory_equal(sp.p, "..dot", 5); /* raw is kept; the view takes the dot away */
        }
    }
    if (!seen)
        fail_msg("no reply of six lines:\n%s", shows(p->s));
    assert_int_equal(session_outstanding(p->s), 0);
    play_free(p);
}

static void test_unsolicited_421_and_close(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    greet(p);
    server_says(p, "421 4.3.2 closing\r\n");
    must_show(p->s, "nobody asked");
    close(p->server);
    p->server = -1;
    settle(p);
    assert_true(p->over);
    assert_int_equal(session_fault(p->s), FAULT_NONE);
    play_free(p);
}

/* What lies unread at the server makes a reset of its close. */
static void end_in_mid_reply(bool reset)
{
    struct play *p = play_open("smtp");
    char why[128];
    server_says(p, "220 x ESMTP\r\n");
    say(p, "EHLO x");
    if (!reset)
        server_heard(p);
    server_says(p, "250-x\r\n250-SI");
    close(p->server);
    p->server = -1;
    settle(p);
    assert_true(p->over);
    assert_int_equal(session_fault(p->s), FAULT_NETWORK);
    must_show(p->s, "250-SI");
    must_show(p->s, reset ? "reset the connection in the middle of a reply"
                          : "closed the connection in the middle of a reply");
    assert_false(session_line(p->s, "NOOP", 4, why, sizeof why));
    assert_non_null(strstr(why, "not connected"));
    play_free(p);
}

static void test_closed_in_mid_reply(void **state)
{
    (void)state;
    end_in_mid_reply(false);
}

static void test_reset_in_mid_reply(void **state)
{
    (void)state;
    end_in_mid_reply(true);
}

/* Between the answer to QUIT and the server's close nothing is sent, nor recorded as if it were. */
static void test_nothing_is_sent_after_quit(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    char why[256] = "";
    server_says(p, "220 practice.example ESMTP\r\n");
    assert_false(session_is_ending(p->s));
    say(p, "QUIT");
    assert_true(session_is_ending(p->s));
    server_says(p, "221 bye\r\n");
    assert_true(session_is_open(p->s) && session_is_ending(p->s));
    assert_false(session_line(p->s, "NOOP", 4, why, sizeof why));
    assert_string_equal(why, "QUIT was answered, so this session is over: open a new one");
    assert_false(session_raw(p->s, "NOOP\r\n", 6, why, sizeof why));
    assert_string_equal(server_heard(p), "QUIT\r\n");
    must_hide(p->s, "NOOP");
    play_free(p);
}

static void test_garbage_banner_is_a_protocol_fault(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    server_says(p, "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n");
    must_show(p->s, "no SMTP greeting");
    close(p->server);
    p->server = -1;
    settle(p);
    assert_int_equal(session_fault(p->s), FAULT_PROTOCOL);
    play_free(p);
}

static void test_timeout_of_a_phase(void **state)
{
    (void)state;
    struct session_options o = {.timeout_ms = 30};
    struct play *p = play_new("smtp", &o);
    for (int i = 0; i < 400 && !p->over; i++)
        loop_turn(p->loop, 10);
    assert_true(p->over);
    assert_int_equal(session_fault(p->s), FAULT_NETWORK);
    must_show(p->s, "no greeting within");
    play_free(p);
    /* What greeted in another language and fell silent is not slow, but something else. */
    o.timeout_ms = 300;
    p = play_new("smtp", &o);
    server_says(p, "SSH-2.0-dropbear\r\n");
    for (int i = 0; i < 400 && !p->over; i++)
        loop_turn(p->loop, 10);
    assert_true(p->over);
    assert_int_equal(session_fault(p->s), FAULT_PROTOCOL);
    play_free(p);
}

static void test_bdat_counts_for_the_user(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    char why[128];
    greet(p);
    say(p, "MAIL FROM:<>");
    server_says(p, "250 ok\r\n");
    say(p, "RCPT TO:<b@practice.example>");
    server_says(p, "250 ok\r\n");
    assert_true(session_bdat(p->s, ".x\ny", 4, true, why, sizeof why));
    assert_non_null(strstr(server_heard(p), "BDAT 7 LAST\r\n.x\r\ny\r\n"));
    server_says(p, "250 2.0.0 queued\r\n");
    /* by hand: n octets are owed, and a line too long for them is not sent */
    say(p, "BDAT 4");
    assert_int_equal(session_literal_left(p->s), 4);
    assert_false(session_line(p->s, "four", 4, why, sizeof why));
    assert_non_null(strstr(why, "4 octets left"));
    say(p, "ab");
    assert_int_equal(session_literal_left(p->s), 0);
    assert_non_null(strstr(server_heard(p), "BDAT 4\r\nab\r\n"));
    play_free(p);
}

static void test_lmtp_owes_a_reply_for_each_recipient(void **state)
{
    (void)state;
    struct play *p = play_open("lmtp");
    char why[128];
    server_says(p, "220 x LMTP\r\n");
    say(p, "LHLO x");
    server_says(p, "250 x\r\n");
    say(p, "MAIL FROM:<>");
    server_says(p, "250 ok\r\n");
    say(p, "RCPT TO:<a@practice.example>");
    server_says(p, "250 ok\r\n");
    say(p, "RCPT TO:<b@practice.example>");
    server_says(p, "250 ok\r\n");
    say(p, "DATA");
    server_says(p, "354 go\r\n");
    assert_true(session_letter(p->s, "x\n", 2, why, sizeof why));
    server_says(p, "250 2.0.0 a\r\n");
    assert_int_equal(session_outstanding(p->s), 1);
    server_says(p, "452 4.2.2 b is full\r\n");
    assert_int_equal(session_outstanding(p->s), 0);
    must_hide(p->s, "nobody asked");
    play_free(p);
}

static void test_a_line_over_the_ceiling_is_one_reply(void **state)
{
    (void)state;
    struct play *p = play_open("smtp");
    char *line = malloc(80003);
    memset(line, 'A', 80000);
    memcpy(line, "220 ", 4);
    memcpy(line + 80000, "\r\n", 3);
    server_says(p, line);
    free(line);
    const struct source *src = transcript_source(session_transcript(p->s));
    size_t last = src->count(src->self) - 1;
    struct span sp;
    struct item it;
    assert_true(src->item(src->self, last, &it));
    assert_int_equal(it.kind, ITEM_SERVER);
    assert_int_equal(it.mark, MARK_OK);
    assert_true(it.notes & NOTE_LONG);
    assert_true(src->line(src->self, last, 0, &sp));
    assert_int_equal(sp.n, 80000); /* nothing is lost, and nothing of it is a line of its own */
    server_says(p, "421 closing\r\n");
    must_show(p->s, "nobody asked");
    play_free(p);
}

static void test_the_ceiling_is_said_aloud(void **state)
{
    (void)state;
    struct session_options o = {.transcript_max = 2000};
    struct play *p = play_new("pop3", &o);
    server_says(p, "+OK\r\n");
    say(p, "USER a");
    server_says(p, "+OK\r\n");
    say(p, "PASS secret77");
    server_says(p, "+OK\r\n");
    say(p, "RETR 1");
    server_says(p, "+OK\r\n");
    char line[130];
    memset(line, 'x', 128);
    memcpy(line + 126, "\r\n", 3);
    for (int i = 0; i < 40; i++)
        server_says(p, line);
    server_says(p, ".\r\n");
    assert_true(transcript_dropped(session_transcript(p->s)) > 0);
    assert_int_equal(session_outstanding(p->s), 0); /* counted to its end all the same */
    play_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_letter_from_banner_to_queued),
        cmocka_unit_test(test_one_octet_at_a_time_gives_the_same),
        cmocka_unit_test(test_pipelined_lines_pair_with_their_replies),
        cmocka_unit_test(test_capabilities_are_dropped_and_compared_after_the_upgrade),
        cmocka_unit_test(test_capabilities_are_dropped_after_xclient),
        cmocka_unit_test(test_secrets_never_enter_the_transcript),
        cmocka_unit_test(test_auth_login_is_answered_by_itself),
        cmocka_unit_test(test_answers_after_a_refused_auth_are_masked),
        cmocka_unit_test(test_auth_typed_by_hand_asks_and_masks),
        cmocka_unit_test(test_a_long_body_stays_whole_and_unstuffs),
        cmocka_unit_test(test_unsolicited_421_and_close),
        cmocka_unit_test(test_closed_in_mid_reply),
        cmocka_unit_test(test_reset_in_mid_reply),
        cmocka_unit_test(test_nothing_is_sent_after_quit),
        cmocka_unit_test(test_garbage_banner_is_a_protocol_fault),
        cmocka_unit_test(test_timeout_of_a_phase),
        cmocka_unit_test(test_bdat_counts_for_the_user),
        cmocka_unit_test(test_lmtp_owes_a_reply_for_each_recipient),
        cmocka_unit_test(test_a_line_over_the_ceiling_is_one_reply),
        cmocka_unit_test(test_the_ceiling_is_said_aloud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
