/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk with the practice world, saved as a script, says the same again: TLS, a login, lines sent
 * together, refusals, letters with dots and dollars; and a POP3 session. No secret is in it. */
#include "tests/support/check.h"
#include "heloscope/login.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"
#include "heloscope/script.h"
#include "heloscope/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;
static struct world *world;
static unsigned met, failed;
static char *saved; /* the last run's talk as a script */
static char why[700];

static bool secret(void *arg, enum sasl_wants wants, const char *user, struct buf *out, char *words,
                   size_t size)
{
    (void)arg;
    (void)wants;
    (void)words;
    (void)size;
    assert_string_equal(user, "student");
    return buf_add_str(out, "apple-pie");
}

static void result(void *arg, const struct script_result *r)
{
    (void)arg;
    if (r->kind == SCRIPT_EXPECT && r->ok)
        met++;
    else if (r->kind != SCRIPT_SAY) {
        failed++;
        print_error("%s:%u: %s: %s\n", r->file, r->line, r->wanted, r->got);
    }
}

/* Runs a script on a new connection and keeps its talk as one. */
static enum fault run(const char *scheme, const char *text)
{
    struct session_options o = {.timeout_ms = 20000};
    struct script_run_options ro = {
        .secret = secret, .result = result, .have = LOGIN_PASSWORD, .clear_passwords = true};
    struct target t;
    char target[64];
    size_t n;
    struct script *script = script_parse("talk", text, strlen(text), NULL, false, why, sizeof why);
    if (!script)
        fail_msg("%s\n%s", why, text);
    snprintf(target, sizeof target, "%s://%s", scheme, PRACTICE_HOST);
    assert_true(target_parse(target, &t, why, sizeof why));
    o.conn.trust = (struct tls_trust){.practice = world_identity(world)};
    int fd = world_connect(world, scheme, "192.0.2.10");
    struct session *s = session_adopt(loop, fd, &t, &o, NULL, NULL);
    struct script_runner *r = script_run(loop, s, script, &ro);
    met = failed = 0;
    while (!script_work(r))
        assert_true(loop_turn(loop, 10000));
    enum fault fault = script_fault(r);
    snprintf(why, sizeof why, "%s", script_why(r));
    free(saved);
    FILE *f = open_memstream(&saved, &n);
    assert_true(script_write(f, transcript_source(session_transcript(s)), NULL));
    fclose(f);
    script_runner_free(r);
    script_free(script);
    session_free(s);
    target_clear(&t);
    return fault;
}

/* Runs it, then what was saved of it, then what was saved of that, which is the same text. */
static void again(const char *scheme, const char *text, unsigned least)
{
    if (run(scheme, text) != FAULT_NONE)
        fail_msg("%s", why);
    assert_int_equal(failed, 0);
    for (int i = 0; i < 2; i++) {
        char *script = strdup(saved);
        assert_null(strstr(script, "apple-pie"));
        assert_null(strstr(script, "********"));
        if (run(scheme, script) != FAULT_NONE)
            fail_msg("%s\n%s", why, script);
        assert_int_equal(failed, 0);
        assert_true(met >= least);
        free(script);
    }
}

static void smtp(void **state)
{
    (void)state;
    again("submission",
          "EHLO me.example\ntls\nEHLO me.example\nauth PLAIN student\n"
          "MAIL FROM:<student@practice.example>\ntogether\n"
          "RCPT TO:<student@practice.example>\nRCPT TO:<nobody@practice.example>\nDATA\nend\n"
          "expect 250\nexpect 550\nexpect 354\n"
          "letter <<X\nSubject: $$5 END\n\n.dot\nEND\n\nX\n"
          "send noop\nVRFY  student\nRSET\nsend-raw EXPN \\xe4\\r\\n\n"
          "MAIL FROM:<student@practice.example>\nRCPT TO:<student@practice.example>\n"
          "bdat more <<X\nSubject: chunks\nX\nbdat <<X\n.\nX\nFROB\nQUIT\n",
          14);
    assert_non_null(strstr(saved, "together\nRCPT TO:<student"));
    assert_non_null(strstr(saved, "\nauth PLAIN student\nexpect 235\n"));
    assert_non_null(strstr(saved, "letter <<END1\nSubject: $$5 END\n\n.dot\nEND\n\nEND1\n"));
    assert_non_null(strstr(saved, "bdat more <<END\nSubject: chunks\nEND\n"));
    assert_non_null(strstr(saved, "send noop\n"));
    assert_non_null(strstr(saved, "tls\nexpect 220\n"));
}

static void login(void **state)
{
    (void)state;
    again("submission",
          "EHLO me.example\ntls\nEHLO me.example\nauth LOGIN student\nexpect 235\nquit\n", 6);
    assert_non_null(strstr(saved, "auth LOGIN student\n"));
}

static void pop3(void **state)
{
    (void)state;
    again("pop3", "CAPA\nauth USER student\nSTAT\nLIST 99\nTOP 1 0\nQUIT\n", 6);
    assert_non_null(strstr(saved, "\nauth USER student\nexpect +OK\n"));
    assert_non_null(strstr(saved, "LIST 99\nexpect -ERR\n"));
    again("pop3", "auth APOP student\nSTAT\nQUIT\n", 4);
    assert_non_null(strstr(saved, "auth APOP student\n"));
}

/* Octets that are no line of anybody's. */
static void raw(void **state)
{
    (void)state;
    assert_int_equal(
        run("smtp",
            "EHLO me.example\nMAIL FROM:<a@b.example>\n"
            "RCPT TO:<student@practice.example>\nDATA\nexpect 354\n"
            "send-raw x: y\\r\\n\\r\\n.\\n\nsend-raw still a letter\\r\\n.\\r\\n\n"
            "expect 550 /bare LF/\nsend-raw NOOP\\nNOOP\\r\\n\nexpect 500 /LF alone/\nexpect 250\n"
            "wait 0.1\ndrop\nexpect closed\n"),
        FAULT_NONE);
    assert_int_equal(met, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(smtp), cmocka_unit_test(login),
                                       cmocka_unit_test(pop3), cmocka_unit_test(raw)};
    struct world_options wo = {0};
    char words[300];
    loop = loop_new();
    world = world_new(loop, &wo, words, sizeof words);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    world_free(world);
    loop_free(loop);
    free(saved);
    return bad;
}
