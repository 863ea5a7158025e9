/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters made to harm whoever reads them, in the mailbox over a POP3 session: each is shown and
 * explained, and the screen answers keys meanwhile. And lists and letters that are cut off. */
#include "heloscope/buf.h"
#include "walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MS = 1000 }; /* much more than a key takes */

#define OPENED                                                                                     \
    SEND("+OK ready\r\n"), EXPECT("USER a"), SEND("+OK password\r\n"), EXPECT("PASS b"),           \
        SEND("+OK logged in\r\n"), EXPECT("CAPA"), SEND("+OK\r\nTOP\r\n.\r\n"), EXPECT("LIST")
#define MANY_HEADERS 10000
#define DEEP 1000

static struct term *to_list(struct fake *f, int cols, int rows)
{
    struct term *t = helo_fake(cols, rows, "pop3", f);
    term_wait(t, "+OK ready", WAIT);
    say(t, "USER a", "+OK password");
    say(t, "PASS b", "logged in");
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_key(t, "m");
    return t;
}

/* The sight is not there before. */
static void answers_keys(struct term *t, const char *key, const char *sight)
{
    int64_t from = term_now();
    term_key(t, key);
    term_wait(t, sight, WAIT);
    if (term_now() - from > (int64_t)term_limit(KEY_MS) * 1000)
        fail_msg("%s took %lld us", key, (long long)(term_now() - from));
}

/* One letter by RETR, of n octets and then `times` times `line`; the last text of its view 3. */
static void letter(const struct buf *b, const char *line, long times, const char *sees,
                   const char *at_end)
{
    const struct fake_step script[] = {
        OPENED,
        SEND("+OK\r\n1 1\r\n.\r\n"),
        EXPECT("TOP 1 0"),
        SEND("+OK\r\nSubject: hello\r\n\r\n.\r\n"),
        EXPECT("RETR 1"),
        {FAKE_SEND, b->p, b->len, 0},
        {FAKE_FLOOD, line, strlen(line), times},
        SEND(".\r\n"),
        END(),
    };
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = to_list(f, 120, 40);
    term_wait(t, "hello", WAIT);
    term_key(t, "Enter");
    term_wait(t, "==[ 1  Said on the wire", 4 * WAIT);
    term_wait(t, sees, WAIT);
    answers_keys(t, "3", "==[ 3  Shown");
    term_keys(t, "z");
    term_wait_gone(t, "4  Concluded", WAIT);
    term_keys(t, "G");
    term_wait(t, at_end, WAIT);
    answers_keys(t, "2", "==[ 2  Claimed");
    answers_keys(t, "3", "==[ 3  Shown");
    term_stop(t);
    const char *wrong = fake_finish(f);
    if (wrong)
        fail_msg("%s", wrong);
    fake_free(f);
}

static void harmful(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 16 << 20);
    buf_add_str(&b, "+OK\r\n");
    for (int i = 0; i < MANY_HEADERS; i++)
        buf_addf(&b, "From: a%d@b.example\r\nX-%d: y\r\n", i, i);
    buf_add_str(&b, "\r\nhello\r\n");
    letter(&b, "line\r\n", 1, "This field stands there more than once", "fields are not listed");

    buf_trim(&b, 0);
    buf_add_str(&b, "+OK\r\nFrom: a@b.example\r\nMIME-Version: 1.0\r\n");
    for (int i = 0; i < DEEP; i++)
        buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
    letter(&b, "deep\r\n", 1, "more than 500 boundaries", "Content-Type: multipart");

    buf_trim(&b, 0);
    static const char nuls[] =
        "+OK\r\nFrom: a@b\0nk.example\r\n\0: \0\r\nSubject: =?utf-8?B?!!!?= =?x?Q?=ZZ?=\r\n"
        "Content-Type: text/plain; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "\0\xff\xfe!!!\x1b[2J\x1b]0;owned\a\r\n";
    buf_add(&b, nuls, sizeof nuls - 1);
    letter(&b, "line\r\n", 1, "a@b", "All headers");

    /* one line of megabytes, and a body of 50 MB */
    buf_trim(&b, 0);
    buf_add_str(&b, "+OK\r\nFrom: a@b.example\r\n\r\n");
    for (int i = 0; i < 300000; i++)
        buf_add_str(&b, "one line ");
    buf_add_str(&b, "\r\n");
    letter(&b, "a line like most lines of a body are, more or less\r\n", 950000, "one line one",
           "From        a@b.example");
    buf_clear(&b);
}

static void cut_off(void **state)
{
    static const struct fake_step in_list[] = {OPENED, SEND("+OK\r\n1 5\r\n2 1"), CUT(), END()};
    static const struct fake_step in_letter[] = {OPENED,
                                                 SEND("+OK\r\n1 5\r\n.\r\n"),
                                                 EXPECT("TOP 1 0"),
                                                 SEND("+OK\r\nSubject: hello\r\n\r\n.\r\n"),
                                                 EXPECT("RETR 1"),
                                                 SEND("+OK\r\nFrom: a\r\n"),
                                                 CUT(),
                                                 END()};
    static const struct fake_step endless[] = {OPENED,
                                               SEND("+OK\r\n1 5\r\n.\r\n"),
                                               EXPECT("TOP 1 0"),
                                               SEND("+OK\r\nSubject: hello\r\n\r\n.\r\n"),
                                               EXPECT("RETR 1"),
                                               SEND("+OK\r\n"),
                                               FLOOD("and so on\r\n", 400000),
                                               END()};
    (void)state;
    struct fake *f = fake_start_tcp(in_list, NULL);
    struct term *t = to_list(f, 80, 24);
    term_wait(t, "closed in the middle of the list", WAIT);
    term_wait(t, "[ 1/1 ]", WAIT);
    term_stop(t);
    fake_finish(f);
    fake_free(f);

    f = fake_start_tcp(in_letter, NULL);
    t = to_list(f, 80, 24);
    term_wait(t, "hello", WAIT);
    term_key(t, "Enter");
    term_wait(t, "before letter 1 was whole", WAIT);
    term_stop(t);
    fake_finish(f);
    fake_free(f);

    f = fake_start_tcp(endless, NULL);
    t = to_list(f, 80, 24);
    term_wait(t, "hello", WAIT);
    term_key(t, "Enter");
    term_wait(t, "LIST said 5; C-c ends it", WAIT);
    term_key(t, "C-c");
    term_wait(t, "the wait was cancelled", WAIT);
    term_wait(t, "[ 1/1 ]", WAIT); /* nothing is coming any more */
    term_stop(t);
    fake_finish(f); /* whether all of the flood was read before the end is the machine's affair */
    fake_free(f);
}

/* What-if wants the practice world's DNS: one clear line elsewhere. */
static void no_whatif(void **state)
{
    static const struct fake_step script[] = {OPENED,
                                              SEND("+OK\r\n1 5\r\n.\r\n"),
                                              EXPECT("TOP 1 0"),
                                              SEND("+OK\r\nSubject: hello\r\n\r\n.\r\n"),
                                              EXPECT("RETR 1"),
                                              SEND("+OK\r\nSubject: hello\r\n\r\nhi\r\n.\r\n"),
                                              END()};
    (void)state;
    struct fake *f = fake_start_tcp(script, NULL);
    struct term *t = to_list(f, 80, 24);
    term_wait(t, "hello", WAIT);
    term_keys(t, "x");
    term_wait(t, "for a letter that is read", WAIT);
    term_key(t, "Enter");
    term_wait(t, "1  Said on the wire", WAIT);
    term_keys(t, "x");
    term_wait(t, "what-if changes the practice world's DNS", WAIT);
    term_stop(t);
    assert_null(fake_finish(f));
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {term_unit_test(harmful), term_unit_test(cut_off),
                                       term_unit_test(no_whatif)};
    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
