/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The maildrop over a POP3 session with scripted servers: what is asked for, and what becomes of
 * lists and letters that lie, repeat themselves, are cut off or never end. */
#include "tests/support/check.h"
#include "fakeserver.h"
#include "heloscope/loop.h"
#include "heloscope/maildrop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGIN                                                                                      \
    SEND("+OK ready\r\n"), EXPECT("USER a"), SEND("+OK\r\n"), EXPECT("PASS b"), SEND("+OK in\r\n")
#define CAPA(more) EXPECT("CAPA"), SEND("+OK\r\nTOP\r\n" more ".\r\n")

static struct loop *l;
static struct fake *f;
static struct session *s;
static struct maildrop *m;
static struct target target;
static const char *why;

static void on_session(void *arg, struct session *ses, enum session_event ev)
{
    (void)arg, (void)ses, (void)ev;
}

static void quiet(void)
{
    while (session_is_open(s) && (session_outstanding(s) || !session_reply_class(s)))
        assert_true(loop_turn(l, 10000));
}

static void say(const char *line)
{
    char words[200];
    if (!session_line(s, line, strlen(line), words, sizeof words))
        fail_msg("%s: %s", line, words);
    quiet();
}

static void up(const struct fake_step *script)
{
    char words[300];
    int fd;
    struct session_options o = {.timeout_ms = 20000};
    l = loop_new();
    assert_true(target_parse("pop3://x.example", &target, words, sizeof words));
    f = fake_start_pair(script, NULL, &fd);
    s = session_adopt(l, fd, &target, &o, on_session, NULL);
    quiet();
    say("USER a");
    say("PASS b");
    m = maildrop_open(s, words, sizeof words);
    if (!m)
        fail_msg("%s", words);
}

static bool listed(void)
{
    maildrop_look(m);
    return maildrop_listed(m, &why);
}

static void list(void)
{
    while (!listed())
        assert_true(loop_turn(l, 10000));
}

static void until_told(size_t i, enum drop_state state)
{
    maildrop_want(m, 0, 3);
    while (maildrop_row(m, i)->state != state) {
        assert_true(loop_turn(l, 10000));
        maildrop_look(m);
    }
}

static void down(bool asked_all)
{
    maildrop_free(m);
    session_free(s);
    const char *wrong = fake_finish(f);
    if (asked_all && wrong)
        fail_msg("%s", wrong);
    fake_free(f);
    target_clear(&target);
    loop_free(l);
}

/* Fetches row 0: its octets, or NULL and `why`. */
static bool fetch(struct buf *out, bool *cut)
{
    char words[200];
    const struct drop_row *row;
    size_t i;
    bool there;
    buf_init(out, 0);
    if (!maildrop_fetch(m, 0, words, sizeof words))
        fail_msg("%s", words);
    while (!(there = maildrop_letter(m, &i, out, cut, &why)) && !*why) {
        assert_true(loop_turn(l, 10000));
        maildrop_look(m);
        maildrop_coming(m, &row);
    }
    return there;
}

/* Only what is wanted is asked for, in one flight; a letter comes with its dots as they were. */
static void plain(void **state)
{
    static const struct fake_step script[] = {
        LOGIN,
        CAPA("PIPELINING\r\n"),
        EXPECT("LIST"),
        SEND("+OK\r\n1 100\r\n2 200\r\n7 18446744073709551615\r\n9 4\r\n.\r\n"),
        EXPECT("TOP 1 0"),
        EXPECT("TOP 2 0"),
        EXPECT("TOP 7 0"),
        SEND("+OK\r\nFrom: A <a@x>\r\nSubject: =?utf-8?Q?=C3=A4?=\r\n\r\n.\r\n"),
        SEND("+OK\r\nSubject: two\r\n.\r\n+OK\r\n\r\n.\r\n"),
        EXPECT("RETR 1"),
        SEND("+OK\r\nFrom: a\r\n\r\n..\r\n...x\r\nbare\nline\n..y\r\n..\r\n.\r\n"),
        END()};
    struct buf b;
    bool cut;
    (void)state;
    up(script);
    list();
    assert_string_equal(why, "");
    assert_int_equal(maildrop_count(m), 4);
    assert_string_equal(maildrop_note(m), "");
    assert_int_equal(maildrop_row(m, 2)->number, 7);
    assert_true(maildrop_row(m, 2)->octets == UINT64_MAX);
    assert_int_equal(maildrop_listing(m), 0);
    until_told(2, DROP_KNOWN);
    assert_string_equal(maildrop_row(m, 0)->subject, "\xc3\xa4");
    assert_string_equal(maildrop_row(m, 1)->subject, "two");
    assert_string_equal(maildrop_row(m, 2)->from, "");
    assert_int_equal(maildrop_row(m, 3)->state, DROP_UNKNOWN);
    assert_true(fetch(&b, &cut));
    assert_false(cut);
    assert_string_equal(buf_str(&b), "From: a\r\n\r\n.\r\n..x\r\nbare\r\nline\r\n.y\r\n.\r\n");
    buf_clear(&b);
    down(true);
}

static void odd_lists(void **state)
{
    static const struct fake_step script[] = {
        LOGIN,
        EXPECT("CAPA"),
        SEND("-ERR what\r\n"),
        EXPECT("LIST"),
        SEND("+OK 3 messages\r\n3 9\r\n1 5 and more\r\n3 8\r\n0 7\r\n-1 7\r\nx 7\r\n2\r\n2 x\r\n"
             "99999999999999999999 1\r\n5000000 1\r\n\r\n.\r\n"),
        EXPECT("TOP 3 0"),
        SEND("-ERR what is TOP\r\n"),
        EXPECT("TOP 1 0"),
        SEND("-ERR what is TOP\r\n"),
        END()};
    (void)state;
    up(script);
    list();
    assert_int_equal(maildrop_count(m), 2);
    assert_int_equal(maildrop_row(m, 0)->octets, 9);
    assert_int_equal(maildrop_row(m, 1)->octets, 5);
    assert_non_null(strstr(maildrop_note(m), "1 numbers were told twice"));
    assert_non_null(strstr(maildrop_note(m), "6 lines of the list are no"));
    assert_non_null(strstr(maildrop_note(m), "2 letters above number 1000000"));
    until_told(1, DROP_REFUSED);
    down(true);
}

/* Who refuses TOP three times is not asked for each of ten thousand. */
static void no_top(void **state)
{
    static const struct fake_step script[] = {LOGIN,
                                              CAPA(""),
                                              EXPECT("LIST"),
                                              SEND("+OK\r\n1 1\r\n2 1\r\n3 1\r\n4 1\r\n.\r\n"),
                                              EXPECT("TOP 1 0"),
                                              SEND("-ERR no\r\n"),
                                              EXPECT("TOP 2 0"),
                                              SEND("-ERR no\r\n"),
                                              EXPECT("TOP 3 0"),
                                              SEND("-ERR no\r\n"),
                                              EXPECT_NOTHING(50),
                                              END()};
    (void)state;
    up(script);
    list();
    until_told(2, DROP_REFUSED);
    assert_string_equal(maildrop_row(m, 0)->subject, "-ERR no");
    maildrop_want(m, 0, 4);
    assert_int_equal(maildrop_row(m, 3)->state, DROP_REFUSED);
    assert_null(maildrop_row(m, 3)->subject); /* it was not asked */
    assert_true(fake_wait_done(f, 10000));
    down(true);
}

static void endless_list(void **state)
{
    static const struct fake_step script[] = {LOGIN,
                                              CAPA(""),
                                              EXPECT("LIST"),
                                              SEND("+OK\r\n"),
                                              FLOOD("1 1\r\n2 2\r\nx\r\n", 1000000),
                                              SEND(".\r\n"),
                                              END()};
    (void)state;
    up(script);
    uint64_t most = 0, start = now_us(), spent = 0;
    for (;;) {
        uint64_t now = now_us();
        bool done = listed();
        spent += now_us() - now;
        if (done)
            break;
        most = maildrop_listing(m) > most ? maildrop_listing(m) : most;
        assert_true(loop_turn(l, 10000));
    }
    assert_true(most > 1000); /* progress was to be seen */
    assert_in_range(spent / 1000, 0, 4000);
    assert_in_range((now_us() - start) / 1000, 0, 30000);
    assert_int_equal(maildrop_count(m), 2);
    assert_non_null(strstr(maildrop_note(m), "1999998 numbers were told twice"));
    assert_non_null(strstr(maildrop_note(m), "1000000 lines"));
    down(true);
}

static void cut_off(void **state)
{
    static const struct fake_step in_list[] = {
        LOGIN, CAPA(""), EXPECT("LIST"), SEND("+OK\r\n1 5\r\n2 1"), CUT(), END()};
    static const struct fake_step before_list[] = {LOGIN, CAPA(""), EXPECT("LIST"), CUT(), END()};
    static const struct fake_step in_letter[] = {LOGIN,          CAPA(""),
                                                 EXPECT("LIST"), SEND("+OK\r\n1 5\r\n.\r\n"),
                                                 EXPECT("RETR"), SEND("+OK\r\nFrom: a\r\n"),
                                                 CUT(),          END()};
    static const struct fake_step refused[] = {LOGIN,          CAPA(""),
                                               EXPECT("LIST"), SEND("+OK\r\n1 5\r\n.\r\n"),
                                               EXPECT("RETR"), SEND("-ERR gone\r\n"),
                                               END()};
    struct buf b;
    bool cut;
    (void)state;
    up(in_list);
    list();
    assert_int_equal(maildrop_count(m), 1); /* the cut line could have been 2 1000 */
    assert_non_null(strstr(maildrop_note(m), "closed in the middle of the list"));
    down(true);
    up(before_list);
    list();
    assert_int_equal(maildrop_count(m), 0);
    assert_non_null(strstr(why, "connection is closed"));
    down(true);
    up(in_letter);
    list();
    assert_false(fetch(&b, &cut));
    assert_non_null(strstr(why, "before letter 1 was whole (9 octets"));
    assert_false(maildrop_look(m)); /* said once */
    down(true);
    up(refused);
    list();
    assert_false(fetch(&b, &cut));
    assert_string_equal(why, "-ERR gone");
    down(true);
}

/* A letter that never ends is told of while it comes, and can be given up. */
static void endless_letter(void **state)
{
    static const struct fake_step script[] = {LOGIN,
                                              CAPA(""),
                                              EXPECT("LIST"),
                                              SEND("+OK\r\n1 5\r\n.\r\n"),
                                              EXPECT("RETR 1"),
                                              SEND("+OK\r\n"),
                                              FLOOD("and so on\r\n", 100000000),
                                              END()};
    const struct drop_row *row = NULL;
    char words[200];
    struct buf b;
    bool cut;
    size_t i;
    (void)state;
    up(script);
    list();
    assert_true(maildrop_fetch(m, 0, words, sizeof words));
    assert_false(maildrop_fetch(m, 0, words, sizeof words));
    assert_non_null(strstr(words, "another letter is coming"));
    while (maildrop_coming(m, &row) < 5 << 20) {
        assert_true(loop_turn(l, 10000));
        maildrop_look(m);
    }
    assert_int_equal(row->number, 1);
    session_abort(s);
    while (session_is_open(s))
        assert_true(loop_turn(l, 10000));
    assert_true(maildrop_look(m));
    buf_init(&b, 0);
    assert_false(maildrop_letter(m, &i, &b, &cut, &why));
    assert_non_null(strstr(why, "was closed before letter 1 was whole"));
    down(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),   cmocka_unit_test(odd_lists),
        cmocka_unit_test(no_top),  cmocka_unit_test(endless_list),
        cmocka_unit_test(cut_off), cmocka_unit_test(endless_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
