/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one-line mail against scripted servers: what goes out in one flight, the status of each stage
 * that goes wrong, where it stops, ESMTP parameters only where they are offered, letters of any
 * length. */
#include "mailplay.h"
#include "heloscope/login.h"
#include "heloscope/loop.h"
#include "heloscope/mail.h"
#include "heloscope/transcript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const one[] = {"b@x.example"};
static const char *const two[] = {"b@x.example", "c@x.example"};

static void pipelined(void **state)
{
    static const struct fake_step script[] = {HELLO,
                                              CAPS(PIPE "250-SIZE 1000\r\n"),
                                              EXPECT("MAIL FROM:<a@x.example> SIZE=20"),
                                              EXPECT("RCPT TO:<b@x.example>"),
                                              EXPECT("RCPT TO:<c@x.example>"),
                                              EXPECT("DATA"),
                                              SEND("250 a\r\n250 b\r\n550 c\r\n354 go\r\n"),
                                              EXPECT_DATA(),
                                              SEND("250 queued\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    (void)state;
    assert_int_equal(play(script, (struct mail_options){.to = two, .nto = 2}), 0);
    assert_int_equal(accepted, 1);
    assert_int_equal(flights, 4); /* EHLO, envelope, letter, QUIT */
    assert_non_null(strstr(said, "\r\n\r\n..hi\r\n.\r\nQUIT"));
}

/* The next envelope goes with the letter: one round trip a mail. */
static void one_round_trip(void **state)
{
    static const struct fake_step script[] = {HELLO,
                                              CAPS(PIPE),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              EXPECT("DATA"),
                                              SEND("250 a\r\n250 b\r\n354 go\r\n"),
                                              EXPECT_DATA(),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              EXPECT("DATA"),
                                              SEND("250 queued\r\n250 a\r\n250 b\r\n354 go\r\n"),
                                              EXPECT_DATA(),
                                              SEND("250 queued\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    (void)state;
    assert_int_equal(play(script, (struct mail_options){.count = 2}), 0);
    assert_int_equal(accepted, 2);
    assert_int_equal(flights, 5);
}

/* The first of two is refused: the second, begun already, is not finished. */
static void second_not_sent(void **state)
{
    static const struct fake_step script[] = {HELLO,
                                              CAPS(PIPE),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              EXPECT("DATA"),
                                              SEND("250 a\r\n250 b\r\n354 go\r\n"),
                                              EXPECT_DATA(),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              EXPECT("DATA"),
                                              SEND("554 no\r\n250 a\r\n250 b\r\n354 go\r\n"),
                                              EXPECT_EOF(),
                                              END()};
    (void)state;
    assert_int_equal(play(script, (struct mail_options){.count = 2}), 26);
    assert_int_equal(accepted, 0);
}

static void lockstep(void **state)
{
    static const struct fake_step script[] = {HELLO,
                                              CAPS(PIPE),
                                              EXPECT("MAIL"),
                                              EXPECT_NOTHING(20),
                                              SEND("250 a\r\n"),
                                              EXPECT("RCPT"),
                                              EXPECT_NOTHING(20),
                                              SEND("250 b\r\n"),
                                              EXPECT("DATA"),
                                              EXPECT_NOTHING(20),
                                              SEND("354 go\r\n"),
                                              EXPECT_DATA(),
                                              SEND("250 queued\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    (void)state;
    assert_int_equal(play(script, (struct mail_options){.lockstep = true}), 0);
}

static void statuses(void **state)
{
    static const struct fake_step banner[] = {SEND("554 no\r\n"), EXPECT("QUIT"),
                                              SEND("221 bye\r\n"), CLOSE(), END()};
    static const struct fake_step nothing[] = {CLOSE(), END()};
    static const struct fake_step helo[] = {HELLO,
                                            SEND("500 what\r\n"),
                                            EXPECT("HELO me.example"),
                                            SEND("550 no\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};
    static const struct fake_step old[] = {HELLO,
                                           SEND("500 what\r\n"),
                                           EXPECT("HELO me.example"),
                                           SEND("250 hi\r\n"),
                                           EXPECT("MAIL"),
                                           SEND("451 later\r\n"),
                                           EXPECT("QUIT"),
                                           SEND("221 bye\r\n"),
                                           CLOSE(),
                                           END()};
    static const struct fake_step mail[] = {HELLO,          CAPS(PIPE),
                                            EXPECT("MAIL"), EXPECT("RCPT"),
                                            EXPECT("DATA"), SEND("550 no\r\n503 a\r\n503 b\r\n"),
                                            EXPECT("QUIT"), SEND("221 bye\r\n"),
                                            CLOSE(),        END()};
    static const struct fake_step rcpt[] = {HELLO,          CAPS(""),
                                            EXPECT("MAIL"), SEND("250 a\r\n"),
                                            EXPECT("RCPT"), SEND("550 no\r\n"),
                                            EXPECT("QUIT"), SEND("221 bye\r\n"),
                                            CLOSE(),        END()};
    /* 354 although no recipient was accepted: a lone dot (RFC 2920 3.1). */
    static const struct fake_step dot[] = {HELLO,           CAPS(PIPE),
                                           EXPECT("MAIL"),  EXPECT("RCPT"),
                                           EXPECT("DATA"),  SEND("250 a\r\n550 no\r\n354 go\r\n"),
                                           EXPECT(".\r\n"), SEND("554 none\r\n"),
                                           EXPECT("QUIT"),  SEND("221 bye\r\n"),
                                           CLOSE(),         END()};
    static const struct fake_step data[] = {HELLO,          CAPS(""),
                                            EXPECT("MAIL"), SEND("250 a\r\n"),
                                            EXPECT("RCPT"), SEND("250 b\r\n"),
                                            EXPECT("DATA"), SEND("451 later\r\n"),
                                            EXPECT("QUIT"), SEND("221 bye\r\n"),
                                            CLOSE(),        END()};
    static const struct fake_step end[] = {HELLO,          CAPS(PIPE),
                                           EXPECT("MAIL"), EXPECT("RCPT"),
                                           EXPECT("DATA"), SEND("250 a\r\n250 b\r\n354 go\r\n"),
                                           EXPECT_DATA(),  SEND("554 spam\r\n"),
                                           EXPECT("QUIT"), SEND("221 bye\r\n"),
                                           CLOSE(),        END()};
    static const struct fake_step quit[] = {HELLO,          CAPS(PIPE),
                                            EXPECT("MAIL"), EXPECT("RCPT"),
                                            EXPECT("DATA"), SEND("250 a\r\n250 b\r\n354 go\r\n"),
                                            EXPECT_DATA(),  SEND("250 ok\r\n"),
                                            EXPECT("QUIT"), SEND("421 no\r\n"),
                                            CLOSE(),        END()};
    static const struct fake_step lost[] = {HELLO, CAPS(PIPE), EXPECT("MAIL"), CLOSE(), END()};
    static const struct fake_step tls[] = {HELLO,   CAPS(""), EXPECT("QUIT"), SEND("221 bye\r\n"),
                                           CLOSE(), END()};
    static const struct fake_step refused[] = {HELLO,
                                               CAPS("250-STARTTLS\r\n"),
                                               EXPECT("STARTTLS"),
                                               SEND("454 no\r\n"),
                                               EXPECT("QUIT"),
                                               SEND("221 bye\r\n"),
                                               CLOSE(),
                                               END()};
    static const struct {
        const struct fake_step *script;
        struct mail_options o;
        int status;
        const char *says;
    } row[] = {
        {banner, {0}, 21, "does not greet: 554 no"},
        {nothing, {0}, 21, "without a greeting"},
        {helo, {0}, 22, "EHLO and HELO were refused: 550 no"},
        {old, {0}, 23, "MAIL FROM was refused: 451 later"},
        {mail, {0}, 23, "MAIL FROM was refused: 550 no"},
        {rcpt, {0}, 24, "RCPT TO was refused: 550 no"},
        {dot, {0}, 24, "RCPT TO was refused: 550 no"},
        {data, {0}, 25, "DATA was refused: 451 later"},
        {end, {0}, 26, "the letter was refused: 554 spam"},
        {quit, {0}, 27, "QUIT was refused: 421 no"},
        {lost, {0}, 6, "without a reply (at the stage "},
        {tls, {.tls = true}, 29, "STARTTLS is not offered"},
        {refused, {.tls = true}, 29, "STARTTLS was refused: 454 no"},
        {tls, {.auth = true, .user = "me", .have = LOGIN_PASSWORD}, 28, "no way to log in"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int status = play(row[i].script, row[i].o);
        if (status != row[i].status || !strstr(why, row[i].says))
            fail_msg("row %zu: status %d, '%s'\n%s", i, status, why, talk);
    }
}

/* Who does not answer is at fault where he did not. */
static void silent(void **state)
{
    static const struct fake_step mail[] = {
        HELLO, CAPS(PIPE), EXPECT("MAIL"), EXPECT("RCPT"), EXPECT("DATA"), EXPECT_EOF(), END()};
    static const struct fake_step dot[] = {
        HELLO,          CAPS(PIPE),     EXPECT("MAIL"),
        EXPECT("RCPT"), EXPECT("DATA"), SEND("250 a\r\n250 b\r\n354 go\r\n"),
        EXPECT_DATA(),  EXPECT_EOF(),   END()};
    (void)state;
    patience = 400;
    assert_int_equal(play(mail, (struct mail_options){0}), 23);
    assert_non_null(strstr(why, "no reply to MAIL"));
    assert_int_equal(play(dot, (struct mail_options){0}), 26);
    patience = 20000;
}

static void stops(void **state)
{
    static const struct fake_step banner[] = {SEND("220 x\r\n"), EXPECT("QUIT"),
                                              SEND("221 bye\r\n"), CLOSE(), END()};
    static const struct fake_step helo[] = {
        HELLO, CAPS(PIPE), EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(), END()};
    static const struct fake_step mail[] = {
        HELLO,          CAPS(PIPE),          EXPECT("MAIL"), SEND("250 a\r\n"),
        EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(),        END()};
    static const struct fake_step rcpt[] = {HELLO,
                                            CAPS(PIPE),
                                            EXPECT("MAIL"),
                                            EXPECT("RCPT"),
                                            SEND("250 a\r\n250 b\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};
    static const struct fake_step data[] = {HELLO,          CAPS(""),
                                            EXPECT("MAIL"), SEND("250 a\r\n"),
                                            EXPECT("RCPT"), SEND("250 b\r\n"),
                                            EXPECT("DATA"), SEND("354 go\r\n"),
                                            EXPECT_EOF(),   END()};
    static const struct fake_step sent[] = {
        HELLO, CAPS(PIPE), EXPECT("MAIL"), EXPECT("RCPT"), EXPECT("DATA"), EXPECT_EOF(), END()};
    static const struct fake_step dot[] = {
        HELLO,          CAPS(PIPE),     EXPECT("MAIL"),
        EXPECT("RCPT"), EXPECT("DATA"), SEND("250 a\r\n250 b\r\n354 go\r\n"),
        EXPECT_DATA(),  EXPECT_EOF(),   END()};
    static const struct {
        const struct fake_step *script;
        enum mail_stop stop;
        const char *stage;
    } row[] = {
        {banner, MAIL_QUIT_AFTER, "connect"},  {banner, MAIL_QUIT_AFTER, "BANNER"},
        {helo, MAIL_QUIT_AFTER, "first-helo"}, {helo, MAIL_QUIT_AFTER, "tls"},
        {helo, MAIL_QUIT_AFTER, "EHLO"},       {helo, MAIL_QUIT_AFTER, "auth"},
        {mail, MAIL_QUIT_AFTER, "from"},       {rcpt, MAIL_QUIT_AFTER, "to"},
        {data, MAIL_DROP_AFTER, "data"},       {sent, MAIL_DROP_AFTER_SEND, "data"},
        {dot, MAIL_DROP_AFTER_SEND, "dot"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int status =
            play(row[i].script,
                 (struct mail_options){.stop = row[i].stop, .stage = mail_stage_of(row[i].stage)});
        if (status != 0)
            fail_msg("row %zu: status %d, '%s'", i, status, why);
    }
    assert_int_equal(mail_stage_of("frob"), MAIL_STAGES);
    assert_int_equal(mail_stage_of(""), MAIL_STAGES);
}

#define ALL                                                                                        \
    "250-DSN\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250-MT-PRIORITY\r\n250-DELIVERBY\r\n"              \
    "250-FUTURERELEASE 9 2030-01-01T00:00:00Z\r\n"

static void parameters(void **state)
{
    static const struct mail_params p = {.ret = "HDRS",
                                         .envid = "a+b=c",
                                         .notify = "NEVER",
                                         .orcpt = true,
                                         .smtputf8 = true,
                                         .eightbit = true,
                                         .priority = "-3",
                                         .by = "120;R",
                                         .bdat = true};
    static const struct fake_step all[] = {
        HELLO,
        CAPS(ALL),
        EXPECT("MAIL FROM:<a@x.example> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb+3Dc "
               "MT-PRIORITY=-3 BY=120;R\r\n"),
        SEND("250 a\r\n"),
        EXPECT("RCPT TO:<b+c@x.example> NOTIFY=NEVER ORCPT=rfc822;b+2Bc@x.example"),
        SEND("550 no\r\n"),
        EXPECT("QUIT"),
        SEND("221 bye\r\n"),
        CLOSE(),
        END()};
    static const struct fake_step none[] = {HELLO,
                                            CAPS(""),
                                            EXPECT("MAIL FROM:<a@x.example>\r\n"),
                                            SEND("250 a\r\n"),
                                            EXPECT("RCPT TO:<b+c@x.example>\r\n"),
                                            SEND("550 no\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};
    static const struct fake_step hold[] = {HELLO,
                                            CAPS(ALL),
                                            EXPECT("MAIL FROM:<a@x.example> HOLDFOR=60\r\n"),
                                            SEND("550 no\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};
    static const struct fake_step stop[] = {HELLO,   CAPS(""), EXPECT("QUIT"), SEND("221 bye\r\n"),
                                            CLOSE(), END()};
    static const char *const plus[] = {"b+c@x.example"}, *const umlaut[] = {"j\xc3\xb6@x.example"};
    static const struct {
        struct mail_params p;
        const char *const *to;
        const char *says;
    } row[] = {{{.requiretls = true}, one, "REQUIRETLS"},
               {{.hold_for = "60"}, one, "FUTURERELEASE"},
               {{.hold_until = "2030"}, one, "FUTURERELEASE"},
               {{.binary = true}, one, "BINARYMIME"},
               {{0}, umlaut, "SMTPUTF8"}};
    (void)state;
    assert_int_equal(play(all, (struct mail_options){.params = p, .to = plus, .nto = 1}), 24);
    assert_null(strstr(talk, "left out"));
    assert_int_equal(play(none, (struct mail_options){.params = p, .to = plus, .nto = 1}), 24);
    assert_non_null(strstr(talk, "DSN is not offered, left out: RET and ENVID"));
    assert_non_null(strstr(talk, "DSN is not offered, left out: NOTIFY and ORCPT"));
    assert_non_null(strstr(talk, "8BITMIME is not offered"));
    assert_non_null(strstr(talk, "SMTPUTF8 is not offered"));
    assert_non_null(strstr(talk, "MT-PRIORITY is not offered"));
    assert_non_null(strstr(talk, "DELIVERBY is not offered"));
    assert_non_null(strstr(talk, "CHUNKING is not offered"));
    assert_int_equal(play(hold, (struct mail_options){.params = {.hold_for = "60"}}), 23);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        assert_int_equal(
            play(stop, (struct mail_options){.params = row[i].p, .to = row[i].to, .nto = 1}), 23);
        if (!strstr(why, row[i].says))
            fail_msg("row %zu: %s", i, why);
    }
}

/* A letter of 700 kB, read as it is sent: LF alone, dots, a CR at the seam of two parts. */
static char *long_letter(size_t *n)
{
    size_t cap = 700000, at = 0;
    char *p = malloc(cap + 100);
    while (at < cap) {
        if (at == 262143 - 4) { /* the part ends between CR and LF */
            memcpy(p + at, "abcd\r\n.x\n", 9);
            at += 9;
        } else if (at < 262139 && at + 40 > 262139)
            p[at++] = 'y';
        else {
            const char *line = at % 3 ? "some text\n" : ".dot\r\n";
            memcpy(p + at, line, strlen(line));
            at += strlen(line);
        }
    }
    *n = at;
    return p;
}

/* What should be on the wire. */
static char *on_wire(const char *p, size_t n, bool dots, size_t *out)
{
    char *w = malloc(2 * n + 10);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool start = i == 0 || p[i - 1] == '\n';
        if (dots && start && p[i] == '.')
            w[k++] = '.';
        if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
            w[k++] = '\r';
        w[k++] = p[i];
    }
    if (n && p[n - 1] != '\n') {
        w[k++] = '\r';
        w[k++] = '\n';
    }
    *out = k;
    return w;
}

static void streamed(void **state)
{
    static const struct fake_step script[] = {HELLO,          CAPS(PIPE),
                                              EXPECT("MAIL"), EXPECT("RCPT"),
                                              EXPECT("DATA"), SEND("250 a\r\n250 b\r\n354 go\r\n"),
                                              EXPECT_DATA(),  SEND("250 queued\r\n"),
                                              EXPECT("QUIT"), SEND("221 bye\r\n"),
                                              CLOSE(),        END()};
    static const struct fake_step breaks[] = {HELLO,
                                              CAPS(PIPE),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              EXPECT("DATA"),
                                              SEND("250 a\r\n250 b\r\n354 go\r\n"),
                                              EXPECT_BYTES(20),
                                              EXPECT_EOF(),
                                              END()};
    size_t n, wire_n;
    char *text = long_letter(&n), *wire = on_wire(text, n, true, &wire_n);
    (void)state;
    given = (struct given){.text = text, .n = n};
    assert_int_equal(play(script, (struct mail_options){0}), 0);
    const char *at = strstr(said, "DATA\r\n");
    assert_non_null(at);
    at += 6;
    assert_memory_equal(at, wire, wire_n);
    assert_memory_equal(at + wire_n, ".\r\nQUIT", 7);
    assert_non_null(strstr(talk, "the first 65536 are shown"));
    assert_true(strlen(talk) < 200000);
    given = (struct given){.text = "twenty octets, no LF", .n = 20, .breaks = true}; /* no dot */
    assert_int_equal(play(breaks, (struct mail_options){0}), 3);
    assert_null(strstr(said, "\r\n.\r\n"));
    free(text);
    free(wire);
    given = (struct given){0};
}

static void chunks(void **state)
{
    static const struct fake_step small[] = {HELLO,
                                             CAPS("250-CHUNKING\r\n250-BINARYMIME\r\n"),
                                             EXPECT("MAIL FROM:<a@x.example> BODY=BINARYMIME"),
                                             SEND("250 a\r\n"),
                                             EXPECT("RCPT"),
                                             SEND("250 b\r\n"),
                                             EXPECT("BDAT 7 LAST"),
                                             EXPECT_BYTES(7),
                                             SEND("250 queued\r\n"),
                                             EXPECT("QUIT"),
                                             SEND("221 bye\r\n"),
                                             CLOSE(),
                                             END()};
    static const struct fake_step lines[] = {HELLO,
                                             CAPS("250-CHUNKING\r\n"),
                                             EXPECT("MAIL"),
                                             SEND("250 a\r\n"),
                                             EXPECT("RCPT"),
                                             SEND("250 b\r\n"),
                                             EXPECT("BDAT 10 LAST"),
                                             EXPECT_BYTES(10),
                                             SEND("250 queued\r\n"),
                                             EXPECT("QUIT"),
                                             SEND("221 bye\r\n"),
                                             CLOSE(),
                                             END()};
    static const struct fake_step refused[] = {HELLO,
                                               CAPS("250-CHUNKING\r\n"),
                                               EXPECT("MAIL"),
                                               SEND("250 a\r\n"),
                                               EXPECT("RCPT"),
                                               SEND("250 b\r\n"),
                                               EXPECT("BDAT 262144\r\n"),
                                               EXPECT_BYTES(262144),
                                               SEND("552 no\r\n"),
                                               EXPECT_EOF(),
                                               END()};
    (void)state;
    given = (struct given){.text = "a\n\0\r.\nb", .n = 7};
    assert_int_equal(play(small, (struct mail_options){.params = {.binary = true}}), 0);
    assert_non_null(memmem(said, said_n, "LAST\r\na\n\0\r.\nb", 13));
    given = (struct given){.text = "a\n.b\nc", .n = 6};
    assert_int_equal(play(lines, (struct mail_options){.params = {.bdat = true}}), 0);
    assert_non_null(strstr(said, "LAST\r\na\r\n.b\r\nc\r\nQUIT"));
    size_t n;
    char *text = malloc(700000);
    for (n = 0; n < 700000; n += 100) {
        memset(text + n, 'x', 98);
        memcpy(text + n + 98, "\r\n", 2);
    }
    given = (struct given){.text = text, .n = n};
    assert_int_equal(play(refused, (struct mail_options){.params = {.bdat = true}}), 26);
    given = (struct given){0};
    free(text);
}

/* LMTP answers the dot once for each recipient. */
static void lmtp(void **state)
{
    static const struct fake_step script[] = {SEND("220 x LMTP\r\n"),
                                              EXPECT("LHLO me.example"),
                                              CAPS(PIPE),
                                              EXPECT("MAIL"),
                                              EXPECT("RCPT"),
                                              EXPECT("RCPT"),
                                              EXPECT("DATA"),
                                              SEND("250 a\r\n250 b\r\n250 c\r\n354 go\r\n"),
                                              EXPECT_DATA(),
                                              SEND("250 first\r\n"),
                                              EXPECT_NOTHING(20),
                                              SEND("452 second is full\r\n"),
                                              EXPECT("QUIT"),
                                              SEND("221 bye\r\n"),
                                              CLOSE(),
                                              END()};
    (void)state;
    assert_int_equal(play(script, (struct mail_options){.to = two, .nto = 2, .stage = MAIL_STAGES}),
                     26);
    assert_non_null(strstr(why, "452 second is full"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelined),
        cmocka_unit_test(one_round_trip),
        cmocka_unit_test(second_not_sent),
        cmocka_unit_test(lockstep),
        cmocka_unit_test(statuses),
        cmocka_unit_test(silent),
        cmocka_unit_test(stops),
        cmocka_unit_test(parameters),
        cmocka_unit_test(streamed),
        cmocka_unit_test(chunks),
        cmocka_unit_test(lmtp),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    play_clear();
    return failed;
}
