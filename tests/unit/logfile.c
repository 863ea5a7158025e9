/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening files: every way a talk is written down, big files, bad files, and no secret in sight. */
#include "logfiles.h"
#include "heloscope/frame.h"
#include "heloscope/loop.h"
#include "heloscope/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void own_text(void **state)
{
    (void)state;
    reads("# heloscope transcript\n# protocol: submission\n"
          "-- connected to 192.0.2.1\n"
          "S: 220 here\n"
          "   | ready\n"
          "C: EHLO me\n"
          "S: 250-here\nS: 250 AUTH PLAIN\n"
          "C: AUTH PLAIN ********\n"
          "S: 235 2.7.0 in\n"
          "C: MAIL FROM:<a@b>\nS: 250 ok\nC: RCPT TO:<c@d>\nS: 250 ok\nC: DATA\nS: 354 go\n"
          "C: Subject:  two blanks\nC: \nC: QUIT\nC: S: 550 quoted\nC: .\n"
          "S: 552 5.3.4 too big\n",
          "submission",
          "E-0 connected to 192.0.2.1\n"
          "S+0 220 here [(banner): needs EHLO]\n"
          "C 1 EHLO me\n"
          "S+0 250-here (+1) [EHLO: ready, needs MAIL]\n"
          "C 2 AUTH PLAIN ********\n"
          "S+0 235 2.7.0 in [AUTH: ready, needs MAIL]\n"
          "C 3 MAIL FROM:<a@b>\n"
          "S+0 250 ok [MAIL: MAIL ok, needs RCPT]\n"
          "C 4 RCPT TO:<c@d>\n"
          "S+0 250 ok [RCPT: RCPT ok, DATA possible]\n"
          "C 5 DATA\n"
          "S>0 354 go [DATA: letter being sent]\n"
          "C 6 Subject:  two blanks (+4)\n"
          "S!0 552 5.3.4 too big [(end of letter): ready, needs MAIL]\n");
}

static void other_texts(void **state)
{
    (void)state;
    /* as in an RFC, indented, CRLF, pipelined, and LMTP's several replies */
    reads(
        "   S:   220 here\r\n   C:   LHLO me\r\n   S:   250 here\r\n\r\n   C: MAIL FROM:<a@b>\r\n  "
        " C: RCPT TO:<c@d>\r\n"
        "   C: RCPT TO:<e@f>\r\n   C: DATA\r\n   S: 250 ok\r\n   S: 250 ok\r\n   S: 250 ok\r\n   "
        "S: 354 go\r\n   C: .\r\n"
        "   S: 250 one\r\n   S: 452 two\r\n",
        "lmtp",
        "S+0 220 here [(banner): needs LHLO]\nC 1 LHLO me\nS+0 250 here [LHLO: ready, needs MAIL]\n"
        "C 2 MAIL FROM:<a@b>\nC 3 RCPT TO:<c@d>\nC 4 RCPT TO:<e@f>\nC 5 DATA\n"
        "S+0 250 ok [MAIL: MAIL ok, needs RCPT]\nS+0 250 ok [RCPT: RCPT ok, DATA possible]\n"
        "S+0 250 ok [RCPT: RCPT ok, DATA possible]\nS>0 354 go [DATA: letter being sent]\nC 6 .\n"
        "S+0 250 one [(end of letter): letter being sent]\nS~0 452 two [(end of letter): ready, "
        "needs MAIL]\n");
    /* begins in the middle */
    reads("C: RCPT TO:<c@d>\nS: 550 5.1.1 no\n", "smtp",
          "C 1 RCPT TO:<c@d>\nS!0 550 5.1.1 no [RCPT: MAIL ok, needs RCPT]\n");
    /* what a terminal shows of telnet */
    reads("Trying 192.0.2.1...\nConnected to pop.example.\nEscape character is '^]'.\n+OK "
          "<1@x>\nUSER me\n+OK\nPASS hunter22\n"
          "+OK in\nRETR 1\n+OK\nSubject: x\n\n250 not a reply\n.\nQUIT\n+OK bye\n",
          "pop3",
          "E-0 Trying 192.0.2.1...\nE-0 Connected to pop.example.\nE-0 Escape character is '^]'.\n"
          "S+0 +OK <1@x> [(banner): AUTHORIZATION, needs a login]\n"
          "C 1 USER me\nS+0 +OK [USER: user given, needs PASS]\nC 2 PASS ********\nS+0 +OK in "
          "[PASS: TRANSACTION]\n"
          "C 3 RETR 1\nS+0 +OK (+4) [RETR: TRANSACTION]\nC 4 QUIT\nS+0 +OK bye [QUIT: closing]\n");
    reads("=== Trying mx:25...\n<-  220 here\n -> EHLO me\n<-  250 here\n -> MAIL FROM:<a@b>\n<** "
          "530 5.7.0 log in\n -> QUIT\n"
          "<-  221 bye\n",
          "smtp",
          "E-0 Trying mx:25...\nS+0 220 here [(banner): needs EHLO]\nC 1 EHLO me\nS+0 250 here "
          "[EHLO: ready, needs MAIL]\n"
          "C 2 MAIL FROM:<a@b>\nS!0 530 5.7.0 log in [MAIL: ready, needs MAIL]\nC 3 QUIT\nS+0 221 "
          "bye [QUIT: closing]\n");
    reads("* Connected\n< 220 here\n> EHLO me\n< 250 here\n> QUIT\n< 221 bye\n", "smtp",
          "E-0 Connected\nS+0 220 here [(banner): needs EHLO]\nC 1 EHLO me\nS+0 250 here [EHLO: "
          "ready, needs MAIL]\nC 2 QUIT\n"
          "S+0 221 bye [QUIT: closing]\n");
    /* no talk */
    reads("Dear all,\n> quoted\n> words\n250 euros\n", "none",
          "T 0 Dear all,\nT 0 > quoted\nT 0 > words\nT 0 250 euros\n");
    reads("no line end", "none", "T 0 no line end\n");
    reads("\n", "none", "T 0 \n");
}

static void json(void **state)
{
    (void)state;
    reads("{\"protocol\":\"smtp\",\"format\":1}\n{\"kind\":\"server\",\"lines\":[\"220 here\"]}\n"
          "{\"kind\":\"client\",\"text\":\"EHLO "
          "me\"}\n{\"kind\":\"server\",\"text\":\"250-here\\r\\n250 SIZE\"}\n"
          "{\"kind\":\"client\",\"text\":\"MAIL FR\n",
          "smtp",
          "S+0 220 here [(banner): needs EHLO]\nC 1 EHLO me\nS+0 250-here (+1) [EHLO: ready, needs "
          "MAIL]\n"
          "E-0 line 5 is no whole JSON object: shown as text\n"
          "T 0 {\"kind\":\"client\",\"text\":\"MAIL FR\n");
}

/* An event of several lines is one; a reply that is written so too. */
static void json_events(void **state)
{
    (void)state;
    reads("{\"protocol\":\"smtp\",\"kind\":\"event\",\"lines\":[\"Practice: write to\",\"student\","
          "\"teacher\"]}\n{\"kind\":\"event\",\"text\":\"one\\ntwo\"}\n"
          "{\"kind\":\"server\",\"lines\":[\"220-here\",\"220 there\"]}\n",
          "smtp",
          "E-0 Practice: write to (+2)\nE-0 one (+1)\nS+0 220-here (+1) [(banner): needs EHLO]\n");
}

/* What report.c writes beside the words: the time, and octets that are no UTF-8. */
static void json_exact(void **state)
{
    (void)state;
    struct logfile *f = open_text(
        "{\"kind\":\"server\",\"protocol\":\"smtp\",\"when\":\"2024-05-01T12:00:00.045Z\","
        "\"lines\":[\"220-\\ufffd\",\"220 b\"],\"octets\":{\"0\":\"MjIwLf8=\"}}\n"
        "{\"kind\":\"client\",\"lines\":[\"PASS hunter22\"]}\n");
    const struct source *s = logfile_source(f);
    struct item it;
    struct span l;
    assert_int_equal(s->count(s->self), 2);
    assert_true(s->item(s->self, 0, &it));
    assert_true(it.when_ms == 1714564800045);
    assert_int_equal(it.lines, 2);
    assert_true(s->line(s->self, 0, 0, &l));
    assert_int_equal(l.n, 5);
    assert_memory_equal(l.p, "220-\xff", 5);
    assert_true(s->item(s->self, 1, &it));
    assert_true(it.when_ms == 0);
    assert_true(s->line(s->self, 1, 0, &l));
    assert_memory_equal(l.p, "PASS ********", l.n);
    logfile_close(f);
}

static const char login[] =
    "S: 220 here\nC: EHLO me\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"
    "C: c3R1ZGVudA==\nS: 334 UGFzc3dvcmQ6\nC: aHVudGVyMjI=\nS: 535 no hunter22, aHVudGVyMjI=\n"
    "C: AUTH PLAIN AHN0dWRlbnQAaHVudGVyMjI=\nS: 235 ok\n";

static void secrets(void **state)
{
    (void)state;
    struct logfile *f = open_text(login);
    assert_false(holds(f, "hunter22"));
    assert_false(holds(f, "aHVudGVyMjI="));
    assert_false(holds(f, "AHN0"));
    assert_true(holds(f, "user student, password hidden"));
    logfile_close(f);
}

/* ---- big ones ---- */

static void grew(void *arg)
{
    ++*(unsigned *)arg;
}

static void big(void **state)
{
    (void)state;
    size_t rounds = put_big(
        login, "C: MAIL FROM:<a@b>\nS: 250 ok\nC: RCPT TO:<c@d>\nS: 250 ok\nC: RSET\nS: 250 ok\n",
        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: c3R1ZGVudA==\nS: 334 UGFzc3dvcmQ6\nC: "
        "aHVudGVyMjI=\n"
        "S: 454 4.7.0 later\nC: QUIT\nS: 221 the end");
    char why[200];
    unsigned changes = 0;
    struct loop *l = loop_new();
    struct logfile *f = logfile_open(l, path, grew, &changes, why, sizeof why);
    assert_non_null(f);
    assert_string_equal(logfile_proto(f)->name, "smtp");
    const struct source *s = logfile_source(f);
    size_t want = 11 + 6 * rounds + 8;
    assert_true(s->count(s->self) > 1000);
    assert_true(s->count(s->self) < want);
    uint64_t generation = s->generation(s->self);
    while (s->count(s->self) < want)
        assert_true(loop_turn(l, 1000));
    assert_true(changes > 0);
    assert_true(s->generation(s->self) != generation);
    struct item it;
    struct span line;
    struct moment m;
    /* far from any beginning the states are right */
    size_t mid = 11 + 6 * (rounds / 2);
    assert_true(s->moment(s->self, mid + 3, &m));
    assert_string_equal(proto_state(m.proto, &m.after), "RCPT ok, DATA possible");
    assert_string_equal(m.command.verb->name, "RCPT");
    assert_true(s->item(s->self, mid + 2, &it));
    assert_int_equal(it.kind, ITEM_CLIENT);
    assert_true(s->line(s->self, mid + 2, 0, &line));
    assert_int_equal(line.n, strlen("RCPT TO:<c@d>"));
    assert_true(s->line(s->self, want - 1, 0, &line));
    assert_memory_equal(line.p, "221 the end", line.n);
    assert_true(s->moment(s->self, want - 1, &m));
    assert_string_equal(proto_state(m.proto, &m.after), "closing");
    assert_false(s->item(s->self, want, &it));
    assert_false(s->line(s->self, want, 0, &line));
    assert_true(s->item(s->self, want - 3, &it));
    assert_int_equal(it.mark, MARK_TEMP);
    /* secrets, from both ends */
    for (size_t i = 0; i < 12; i++) {
        assert_true(s->line(s->self, i, 0, &line));
        assert_null(memmem(line.p, line.n, "aHVudGVyMjI", 11));
        assert_true(s->line(s->self, want - 1 - i, 0, &line));
        assert_null(memmem(line.p, line.n, "aHVudGVyMjI", 11));
    }
    /* search and problems, both ways */
    struct search *q = search_new("the end", why, sizeof why);
    struct place at, from = {0, 0};
    assert_true(s->find(s->self, q, &from, false, &at));
    assert_int_equal(at.item, want - 1);
    assert_false(s->find(s->self, q, &at, false, &at));
    search_free(q);
    q = search_new("ehlo", why, sizeof why);
    from.item = want - 1;
    assert_true(s->find(s->self, q, &from, true, &at));
    assert_int_equal(at.item, 1);
    search_free(q);
    size_t hit;
    assert_true(s->problem(s->self, 0, false, &hit));
    assert_int_equal(hit, 8);
    assert_true(s->problem(s->self, hit, false, &hit));
    assert_int_equal(hit, want - 3);
    assert_false(s->problem(s->self, hit, false, &hit));
    assert_true(s->problem(s->self, want - 3, true, &hit));
    assert_int_equal(hit, 8);
    assert_false(s->problem(s->self, 8, true, &hit));
    assert_true(s->problem(s->self, SIZE_MAX, false, &hit));
    assert_int_equal(hit, 8);
    assert_true(s->problem(s->self, SIZE_MAX, true, &hit));
    assert_int_equal(hit, want - 3);
    logfile_close(f);
    /* the end at once, and without a loop */
    f = open_it();
    s = logfile_source(f);
    s->finish(s->self);
    assert_int_equal(s->count(s->self), want);
    logfile_close(f);
    loop_free(l);
}

static void big_pop3(void **state)
{
    (void)state;
    put_big("+OK hello\nUSER me\n+OK\nPASS hunter22\n+OK in\n", "LIST\n+OK two\n1 100\n2 200\n.\n",
            "RETR 9\n-ERR none\n");
    struct logfile *f = open_it();
    const struct source *s = logfile_source(f);
    struct item it;
    struct moment m;
    struct span line;
    size_t hit;
    assert_string_equal(logfile_proto(f)->name, "pop3");
    s->finish(s->self);
    size_t n = s->count(s->self);
    assert_true(s->line(s->self, 3, 0, &line));
    assert_memory_equal(line.p, "PASS ********", line.n);
    assert_true(s->item(s->self, n - 1, &it));
    assert_int_equal(it.kind, ITEM_SERVER);
    assert_int_equal(it.mark, MARK_PERM);
    assert_true(s->moment(s->self, n - 1, &m));
    assert_non_null(m.command.verb);
    assert_string_equal(m.command.verb->name, "RETR");
    assert_true(s->item(s->self, n - 4, &it));
    assert_int_equal(it.kind, ITEM_SERVER);
    assert_true(s->problem(s->self, 0, false, &hit));
    assert_int_equal(hit, n - 1);
    logfile_close(f);
}

static void one_long_line(void **state)
{
    (void)state;
    put("S: 220 x", 8);
    assert_int_equal(truncate(path, 200 * 1000 * 1000), 0);
    struct logfile *f = open_it();
    const struct source *s = logfile_source(f);
    struct item it;
    struct span line;
    s->finish(s->self);
    assert_int_equal(s->count(s->self), 1);
    assert_true(s->item(s->self, 0, &it));
    assert_true(it.notes & NOTE_CUT);
    assert_true(s->line(s->self, 0, 0, &line));
    assert_int_equal(line.n <= FRAME_LINE_MAX, 1);
    logfile_close(f);
}

/* Another program cuts the file short: we go on and say so. */
static void cut_short(void **state)
{
    (void)state;
    put_big("S: 220 here\n", "C: NOOP\nS: 250 ok\n", "");
    struct logfile *f = open_it();
    const struct source *s = logfile_source(f);
    struct span line;
    struct item it;
    assert_int_equal(truncate(path, 100000), 0);
    s->finish(s->self);
    size_t n = s->count(s->self);
    assert_true(s->item(s->self, n - 1, &it));
    assert_int_equal(it.kind, ITEM_EVENT);
    assert_int_equal(it.mark, MARK_WARN);
    assert_true(s->line(s->self, n - 1, 0, &line));
    assert_non_null(memmem(line.p, line.n, "cut short", 9));
    for (size_t i = 0; i < n; i++)
        assert_true(s->line(s->self, i, 0, &line));
    logfile_close(f);
}

static void refused(const char *p, const char *words_)
{
    char why[300] = "";
    assert_null(logfile_open(NULL, p, NULL, NULL, why, sizeof why));
    if (!strstr(why, words_) || strchr(why, '\n') || !strstr(why, p))
        fail_msg("said: %s", why);
}

static void bad_files(void **state)
{
    (void)state;
    refused(dir, "is a directory");
    refused("/dev/null", "is a device");
    unlink(path);
    refused(path, "No such file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(path, "is a pipe");
    unlink(path);
    put("", 0);
    refused(path, "is empty");
    put("\xff\xfeS\0:\0", 6);
    refused(path, "UTF-16");
    char bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 + i / 256);
    put(bytes, sizeof bytes);
    struct logfile *f = open_it();
    const struct source *s = logfile_source(f);
    struct span line;
    assert_null(logfile_proto(f));
    size_t seen = 0;
    for (size_t i = 0; i < s->count(s->self); i++) {
        assert_true(s->line(s->self, i, 0, &line));
        seen += line.n;
    }
    assert_true(seen > 4000);
    logfile_close(f);
    logfile_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_text),      cmocka_unit_test(other_texts), cmocka_unit_test(json),
        cmocka_unit_test(json_exact),    cmocka_unit_test(json_events), cmocka_unit_test(secrets),
        cmocka_unit_test(big),           cmocka_unit_test(big_pop3),    cmocka_unit_test(bad_files),
        cmocka_unit_test(one_long_line), cmocka_unit_test(cut_short),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
