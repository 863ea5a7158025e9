/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the one-line mail says before its envelope: XCLIENT with its stage and statuses (swaks': 33,
 * and 34 for the EHLO behind it), and logins that have no name. */
#include "mailplay.h"
#include "heloscope/login.h"

#define QUITS EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(), END()
#define ENVELOPE                                                                                   \
    EXPECT("MAIL"), SEND("250 a\r\n"), EXPECT("RCPT"), SEND("250 b\r\n"), EXPECT("DATA"),          \
        SEND("354 go\r\n"), EXPECT_DATA(), SEND("250 queued\r\n")

static const char *const once[] = {"NAME=mx.other.example ADDR=192.0.2.7"};
static const char *const twice[] = {"HELO=x", "FOO=bar ADDR=IPv6:2001:db8::1"};

static struct mail_options as(const char *const *attributes, size_t n)
{
    return (struct mail_options){.xclient = attributes, .nxclient = n};
}

/* After TLS, then EHLO again; what that offers counts, not what was offered before. */
static void another_client(void **state)
{
    static const struct fake_step clear[] = {
        HELLO,
        CAPS("250-XCLIENT NAME ADDR\r\n" PIPE),
        EXPECT("XCLIENT NAME=mx.other.example ADDR=192.0.2.7\r\n"),
        SEND("220 mail.example ESMTP\r\n"),
        EXPECT("EHLO me.example"),
        CAPS("250-SIZE 1000\r\n"),
        EXPECT("MAIL FROM:<a@x.example> SIZE=20\r\n"),
        EXPECT_NOTHING(50), /* no PIPELINING for this client */
        SEND("250 a\r\n"),
        EXPECT("RCPT"),
        SEND("250 b\r\n"),
        EXPECT("DATA"),
        SEND("354 go\r\n"),
        EXPECT_DATA(),
        SEND("250 queued\r\n"),
        QUITS};
    static const struct fake_step inside[] = {HELLO,
                                              CAPS("250-STARTTLS\r\n250-XCLIENT HELO\r\n"),
                                              EXPECT("STARTTLS"),
                                              SEND("220 go\r\n"),
                                              STARTTLS(0),
                                              EXPECT("EHLO me.example"),
                                              CAPS("250-XCLIENT HELO\r\n"),
                                              EXPECT("XCLIENT HELO=x\r\n"),
                                              SEND("220 once\r\n"),
                                              EXPECT("XCLIENT FOO=bar ADDR=IPv6:2001:db8::1\r\n"),
                                              SEND("220 again\r\n"),
                                              EXPECT("EHLO me.example"),
                                              CAPS(""),
                                              ENVELOPE,
                                              QUITS};
    struct fake_cert *certs[] = {fake_cert_new(NULL, "x.example", FAKE_SELF_SIGNED), NULL};
    struct mail_options o = as(twice, 2);
    (void)state;
    assert_int_equal(play(clear, as(once, 1)), 0);
    assert_int_equal(accepted, 1);
    o.tls = true;
    assert_int_equal(play_tls(inside, certs, o), 0);
    assert_int_equal(accepted, 1);
    fake_cert_free(certs[0]);
}

/* Where it goes wrong nothing of the mail is said; the status tells where. */
static void no_other_client(void **state)
{
    static const struct fake_step missing[] = {HELLO, CAPS(""), QUITS};
    static const struct fake_step refused[] = {HELLO, CAPS("250-XCLIENT NAME\r\n"),
                                               EXPECT("XCLIENT HELO=x\r\n"),
                                               SEND("501 5.5.4 bad HELO syntax\r\n"), QUITS};
    static const struct fake_step second[] = {HELLO,
                                              CAPS("250-XCLIENT NAME\r\n"),
                                              EXPECT("XCLIENT HELO=x\r\n"),
                                              SEND("220 fine\r\n"),
                                              EXPECT("XCLIENT FOO=bar"),
                                              SEND("550 5.7.0 no\r\n"),
                                              QUITS};
    static const struct fake_step unwelcome[] = {HELLO,
                                                 CAPS("250-XCLIENT NAME ADDR\r\n"),
                                                 EXPECT("XCLIENT NAME="),
                                                 SEND("220 fine\r\n"),
                                                 EXPECT("EHLO me.example"),
                                                 SEND("554 5.7.1 not you\r\n"),
                                                 QUITS};
    static const struct {
        const struct fake_step *script;
        size_t n;
        int status;
        const char *why;
    } row[] = {
        {missing, 1, 33, "XCLIENT is not offered"},
        {refused, 2, 33, "XCLIENT was refused: 501 5.5.4 bad HELO syntax"},
        {second, 2, 33, "XCLIENT was refused: 550 5.7.0 no"},
        {unwelcome, 1, 34, "EHLO was refused: 554 5.7.1 not you"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int status = play(row[i].script, as(row[i].n == 1 ? once : twice, row[i].n));
        if (status != row[i].status || !strstr(why, row[i].why))
            fail_msg("row %zu: status %d, '%s'", i, status, why);
    }
}

static void stops(void **state)
{
    static const struct fake_step before[] = {HELLO, CAPS("250-XCLIENT NAME\r\n"), QUITS};
    static const struct fake_step at[] = {HELLO, CAPS("250-XCLIENT NAME\r\n"), EXPECT("XCLIENT"),
                                          SEND("220 fine\r\n"), QUITS};
    static const struct fake_step behind[] = {HELLO,
                                              CAPS("250-XCLIENT NAME\r\n"),
                                              EXPECT("XCLIENT"),
                                              SEND("220 fine\r\n"),
                                              EXPECT("EHLO"),
                                              CAPS(""),
                                              QUITS};
    static const struct fake_step dropped[] = {HELLO, CAPS("250-XCLIENT NAME\r\n"),
                                               EXPECT("XCLIENT"), EXPECT_EOF(), END()};
    static const struct fake_step dropped_behind[] = {HELLO,
                                                      CAPS("250-XCLIENT NAME\r\n"),
                                                      EXPECT("XCLIENT"),
                                                      SEND("220 fine\r\n"),
                                                      EXPECT("EHLO"),
                                                      EXPECT_EOF(),
                                                      END()};
    static const struct {
        const struct fake_step *script;
        size_t n;
        enum mail_stop stop;
        const char *stage;
    } row[] = {
        {before, 1, MAIL_QUIT_AFTER, "tls"},
        {before, 0, MAIL_QUIT_AFTER, "XCLIENT"}, /* where it would have been */
        {at, 1, MAIL_QUIT_AFTER, "xclient"},
        {behind, 1, MAIL_QUIT_AFTER, "helo"}, /* the last EHLO */
        {dropped, 1, MAIL_DROP_AFTER_SEND, "xclient"},
        {dropped_behind, 1, MAIL_DROP_AFTER_SEND, "helo"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct mail_options o = as(once, row[i].n);
        o.stop = row[i].stop;
        o.stage = mail_stage_of(row[i].stage);
        int status = play(row[i].script, o);
        if (status != 0)
            fail_msg("row %zu: status %d, '%s'", i, status, why);
    }
}

/* A login by certificate, or as nobody, needs no user. */
static void nameless(void **state)
{
    static const struct fake_step external[] = {HELLO,
                                                CAPS("250-AUTH PLAIN EXTERNAL\r\n"),
                                                EXPECT("AUTH EXTERNAL =\r\n"),
                                                SEND("235 welcome\r\n"),
                                                ENVELOPE,
                                                QUITS};
    static const struct fake_step nobody[] = {HELLO, CAPS("250-AUTH ANONYMOUS\r\n"),
                                              EXPECT("AUTH ANONYMOUS YW5vbnltb3Vz"),
                                              SEND("535 5.7.8 not here\r\n"), QUITS};
    (void)state;
    assert_int_equal(play(external, (struct mail_options){.auth = true, .mechanism = "EXTERNAL"}),
                     0);
    assert_int_equal(accepted, 1);
    assert_int_equal(play(nobody, (struct mail_options){.auth = true, .mechanism = "ANONYMOUS"}),
                     28);
    assert_non_null(strstr(why, "535 5.7.8 not here"));
    assert_null(strstr(talk, "null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_client),
        cmocka_unit_test(no_other_client),
        cmocka_unit_test(stops),
        cmocka_unit_test(nameless),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    play_clear();
    return failed;
}
