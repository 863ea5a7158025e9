/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From one mail exchanger to the next, in each mode: refused, silent, hung up, 4yz and 5yz for a
 * banner; each attempt told with its preference; and how it ends where none is left. RFC 5321 5.1.
 */
#include "tests/support/check.h"
#include "tests/support/program.h"
#include "fakedns.h"
#include "fakeserver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 127.0.0.3 refuses; the script answers on 127.0.0.1, for each connection in turn. */
#define ZONE                                                                                       \
    "dead1.test A 127.0.0.3\nlive1.test A 127.0.0.1\nlive2.test A 127.0.0.1\n"                     \
    "first.test MX 10 dead1.test\nfirst.test MX 20 live1.test\n"                                   \
    "two.test MX 10 live1.test\ntwo.test MX 20 live2.test\n"                                       \
    "same.test MX 10 live1.test\nsame.test MX 10 live2.test\n"                                     \
    "third.test MX 10 live1.test\nthird.test MX 20 dead1.test\nthird.test MX 30 live2.test\n"      \
    "none.test MX 10 live1.test\nnone.test MX 20 dead1.test\n"                                     \
    "addresses.test MX 10 both.test\nboth.test A 127.0.0.3\nboth.test A 127.0.0.1\n"               \
    "bare.test A 127.0.0.3\nbare.test A 127.0.0.1\n"

#define TAKES                                                                                      \
    SEND("220 live ESMTP\r\n"), EXPECT("EHLO client.example"), SEND("250 live\r\n"),               \
        EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(), END()
#define NEXT EXPECT("QUIT"), SEND("221 bye\r\n"), ACCEPT_AGAIN()

static const struct fake_step takes[] = {TAKES};
static const struct fake_step not_now[] = {SEND("421 4.3.2 not now\r\n"), ACCEPT_AGAIN(), TAKES};
static const struct fake_step later[] = {SEND("450 4.3.2 later\r\n"), NEXT, TAKES};
static const struct fake_step no_service[] = {SEND("554 5.7.1 no service\r\n"), NEXT, TAKES};
static const struct fake_step hangs_up[] = {ACCEPT_AGAIN(), TAKES};
static const struct fake_step half_a_banner[] = {SEND("220-hello\r\n"), ACCEPT_AGAIN(), TAKES};
/* It says nothing to QUIT, and is not waited for. */
static const struct fake_step clings[] = {SEND("554 no\r\n"), EXPECT("QUIT"), EXPECT_EOF(),
                                          ACCEPT_AGAIN(), TAKES};
static const struct fake_step mute[] = {EXPECT_EOF(), ACCEPT_AGAIN(), TAKES};
static const struct fake_step refuses[] = {SEND("554 5.7.1 no service\r\n"), EXPECT("QUIT"),
                                           SEND("221 bye\r\n"), CLOSE(), END()};
static const struct fake_step both_refuse[] = {SEND("554 5.7.1 no service\r\n"),
                                               NEXT,
                                               SEND("550 5.7.1 nor here\r\n"),
                                               EXPECT("QUIT"),
                                               SEND("221 bye\r\n"),
                                               CLOSE(),
                                               END()};

static const struct fake_step nobody[] = {END()};

enum { MODE_SEND, MODE_RUN, MODE_PLAIN, MODE_TLS, MODE_PROBE, MODES };

#define TOLD(n, of, preference, host)                                                              \
    "mail exchanger " #n " of " #of ", preference " #preference ": " host

#define RESERVED                                                                                   \
    "mail for two.test would go to live1.test at 127.0.0.1, which nobody outside reaches: the "    \
    "asking machine itself (loopback, RFC 1122); --allow-reserved connects all the same"
#define RESERVED_BARE "mail for bare.test would go to bare.test at 127.0.0."

static const struct row {
    int mode;
    const char *domain;
    const struct fake_step *script;
    int status;
    const char *says[5]; /* in this order */
} rows[] = {
    /* Loopback is a reserved address: nobody is connected to who was not asked for. */
    {MODE_SEND, "two.test", nobody, 2, {"left out", RESERVED}},
    {MODE_RUN, "two.test", nobody, 5, {"left out", RESERVED}},
    {MODE_PLAIN, "two.test", nobody, 5, {"left out", RESERVED}},
    {MODE_TLS, "two.test", nobody, 5, {RESERVED}},
    {MODE_PROBE, "two.test", nobody, 5, {"Mail for two.test has no way: mail for two.test"}},
    {MODE_SEND, "bare.test", nobody, 2, {RESERVED_BARE}},
    /* With --allow-reserved. */
    {MODE_SEND,
     "first.test",
     takes,
     0,
     {TOLD(1, 2, 10, "dead1.test [127.0.0.3]"), "refused", TOLD(2, 2, 20, "live1.test [127.0.0.1]"),
      "220 live ESMTP"}},
    {MODE_RUN, "first.test", takes, 0, {TOLD(2, 2, 20, "live1.test"), "220 live ESMTP"}},
    {MODE_PLAIN, "first.test", takes, 0, {TOLD(2, 2, 20, "live1.test"), "220 live ESMTP"}},
    {MODE_TLS, "first.test", takes, 6, {"TLS with live1.test", "STARTTLS is not offered"}},
    {MODE_SEND,
     "two.test",
     not_now,
     0,
     {TOLD(1, 2, 10, "live1.test"), "421 4.3.2 not now", TOLD(2, 2, 20, "live2.test"),
      "220 live ESMTP"}},
    {MODE_SEND,
     "two.test",
     later,
     0,
     {"450 4.3.2 later", "takes no mail from us now", "QUIT", TOLD(2, 2, 20, "live2.test"),
      "220 live ESMTP"}},
    {MODE_RUN, "two.test", later, 0, {"450 4.3.2 later", TOLD(2, 2, 20, "live2.test")}},
    {MODE_PLAIN, "two.test", later, 0, {"450 4.3.2 later", TOLD(2, 2, 20, "live2.test")}},
    {MODE_SEND,
     "two.test",
     no_service,
     0,
     {"554 5.7.1 no service", "QUIT", "221 bye", TOLD(2, 2, 20, "live2.test"), "220 live"}},
    {MODE_RUN, "two.test", no_service, 0, {"554 5.7.1", TOLD(2, 2, 20, "live2.test"), "220 live"}},
    {MODE_SEND,
     "two.test",
     hangs_up,
     0,
     {"without a greeting", TOLD(2, 2, 20, "live2.test"), "220 live"}},
    {MODE_SEND,
     "two.test",
     half_a_banner,
     0,
     {"in the middle of a reply", TOLD(2, 2, 20, "live2.test"), "220 live"}},
    {MODE_SEND, "two.test", clings, 0, {"554 no", TOLD(2, 2, 20, "live2.test"), "220 live"}},
    {MODE_SEND,
     "two.test",
     mute,
     0,
     {"no greeting within 1 s", TOLD(2, 2, 20, "live2.test"), "220 live"}},
    {MODE_SEND,
     "same.test",
     later,
     0,
     {TOLD(1, 2, 10, "live"), "450 4.3.2", TOLD(2, 2, 10, "live"), "220 live"}},
    {MODE_SEND,
     "third.test",
     no_service,
     0,
     {"554 5.7.1", TOLD(2, 3, 20, "dead1.test"), "refused", TOLD(3, 3, 30, "live2.test"),
      "220 live"}},
    {MODE_SEND,
     "addresses.test",
     takes,
     0,
     {"both.test [127.0.0.3]", TOLD(2, 2, 10, "both.test [127.0.0.1]"), "220 live"}},
    {MODE_SEND, "bare.test", takes, 0, {"address 2 of 2: 127.0.0.1", "220 live"}},
    /* None is left: the last one's failure is the status, and how many there were is said. */
    {MODE_SEND,
     "none.test",
     refuses,
     2,
     {"554 5.7.1", TOLD(2, 2, 20, "dead1.test"),
      "no connection: none of the 2 mail exchangers of none.test takes mail; the last: "}},
    {MODE_RUN, "none.test", refuses, 5, {"none of the 2 mail exchangers of none.test takes mail"}},
    {MODE_PLAIN, "none.test", refuses, 5, {"none of the 2 mail exchangers of none.test takes"}},
    {MODE_SEND,
     "two.test",
     both_refuse,
     21,
     {"554 5.7.1", TOLD(2, 2, 20, "live2.test"), "550 5.7.1 nor here",
      "the server does not greet: 550 5.7.1 nor here"}},
};

static void one(const struct row *row, size_t number)
{
    static const char *const words[MODES] = {"send", "run", "--plain", "tls", "probe"};
    static const char input[] = "EHLO client.example\nQUIT\n";
    char target[60], script[] = "/tmp/heloscope-walk-XXXXXX";
    struct fakedns *d = fakedns_start(ZONE);
    struct fake *f = fake_start_tcp(row->script, NULL);
    struct buf out;
    int fd = mkstemp(script);
    static const char text[] = "expect 220\nEHLO client.example\nquit\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    snprintf(target, sizeof target, "mx:%s:%d", row->domain, fake_port(f));

    const char *args[24] = {words[row->mode]};
    size_t k = 1;
    if (row->mode == MODE_RUN)
        args[k++] = script;
    args[k++] = target;
    args[k++] = "--resolver";
    args[k++] = fakedns_at(d);
    args[k++] = "-4";
    if (row->script != nobody)
        args[k++] = "--allow-reserved";
    if (row->script == mute) {
        args[k++] = "--timeout";
        args[k++] = "1";
    }
    if (row->mode != MODE_PLAIN && row->mode != MODE_RUN) {
        args[k++] = "--ehlo";
        args[k++] = "client.example";
    }
    if (row->mode == MODE_SEND) {
        args[k++] = "--quit-after";
        args[k++] = "helo";
    }
    int status = program_run(args, row->mode == MODE_PLAIN ? input : "", &out);
    const char *at = buf_str(&out);
    for (size_t i = 0; i < 5 && row->says[i] && at; i++)
        at = strstr(at, row->says[i]);
    if (status != row->status || !at)
        fail_msg("row %zu (%s %s): status %d, not %d:\n%s", number, words[row->mode], target,
                 status, row->status, buf_str(&out));
    const char *wrong = NULL; /* what was sent, and nothing else */
    if (row->script != nobody)
        wrong = fake_finish(f);
    else
        assert_int_equal(fake_sent(f), 0);
    if (wrong)
        fail_msg("row %zu: %s\n%s", number, wrong, buf_str(&out));
    buf_clear(&out);
    unlink(script);
    fake_free(f);
    fakedns_stop(d);
}

static void attempts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        one(&rows[i], i);
}

/* A socket without a scheme is a mail server's, and that speaks LMTP; the help names both forms. */
static void sockets(void **state)
{
    (void)state;
    static const struct fake_step lmtp[] = {SEND("220 mail LMTP\r\n"),
                                            EXPECT("LHLO client.example"),
                                            SEND("250 mail\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};
    static const char text[] = "expect 220 /LMTP/\nLHLO client.example\nquit\n";
    static const char *const schemes[] = {"unix:", "lmtp:"};
    char target[200], script[] = "/tmp/heloscope-walk-XXXXXX";
    struct buf out;
    int fd = mkstemp(script);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    for (size_t i = 0; i < 6; i++) {
        struct fake *f = fake_start_unix(lmtp, NULL);
        snprintf(target, sizeof target, "%s%s", schemes[i % 2], fake_path(f));
        const char *const args[3][7] = {
            {"send", target, "--quit-after", "helo", "--ehlo", "client.example", NULL},
            {"run", script, target, NULL},
            {"--plain", target, NULL}};
        int status = program_run(args[i / 2], "LHLO client.example\nQUIT\n", &out);
        if (status != 0 || !strstr(buf_str(&out), "221 bye"))
            fail_msg("%s %s: %d\n%s", args[i / 2][0], target, status, buf_str(&out));
        assert_null(fake_finish(f));
        buf_clear(&out);
        fake_free(f);
    }
    unlink(script);
    const char *const help[] = {"--help", NULL};
    assert_int_equal(program_run(help, "", &out), 0);
    assert_non_null(strstr(buf_str(&out), "lmtp:/PATH or unix:/PATH"));
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(attempts), cmocka_unit_test(sockets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
