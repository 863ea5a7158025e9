/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening what is no talk as it stands: recordings of Python's, JSON lines, mail logs,
 * notifications, pages, colours; in small files and in big ones. */
#include "logfiles.h"

/* The same at the end of a file too big to be read at once, found by its problems. */
static void reads_big(const char *first, const char *filler, const char *last, size_t back,
                      const char *want)
{
    char got[512];
    struct item it;
    struct moment m;
    struct span l, said;
    put_big(first, filler, last);
    struct logfile *f = open_it();
    const struct source *s = logfile_source(f);
    s->finish(s->self);
    assert_true(s->line(s->self, 0, 0, &l)); /* the first screen */
    s->moment(s->self, 0, &m);
    size_t i = s->count(s->self) - back, hit;
    assert_true(s->item(s->self, i, &it));
    assert_true(s->line(s->self, i, it.lines - 1, &l));
    bool told = s->moment(s->self, i, &m), quoted = s->said && s->said(s->self, i, &said);
    snprintf(got, sizeof got, "%c%c%d %.*s [%s %d]%s%.*s", "CSET"[it.kind], item_mark_char(it.mark),
             (int)it.lines, (int)l.n, l.p, told && m.command.verb ? m.command.verb->name : "?",
             told ? m.reply.code : -1, quoted ? " said " : "", quoted ? (int)said.n - 1 : 0,
             said.p);
    assert_string_equal(got, want);
    assert_true(s->problem(s->self, SIZE_MAX, true, &hit));
    assert_int_equal(hit, i);
    assert_false(holds(f, "hunter22"));
    assert_false(holds(f, "aHVudGVyMjI"));
    logfile_close(f);
}

static void big_others(void **state)
{
    (void)state;
    reads_big(
        "send: 'ehlo me\\r\\n'\nreply: b'250-here\\r\\n'\nreply: b'250 AUTH PLAIN\\r\\n'\n"
        "reply: retcode (250); Msg: b'here'\n"
        "send: 'AUTH PLAIN AHN0dWRlbnQAaHVudGVyMjI=\\r\\n'\nreply: b'235 ok\\r\\n'\n",
        "send: 'NOOP\\r\\n'\nreply: b'250 ok\\r\\n'\nreply: retcode (250); Msg: b'hunter22'\n",
        "send: 'mail FROM:<a@b>\\r\\n'\nreply: b'550-5.7.1 no\\r\\n'\n"
        "reply: b'550 5.7.1 never\\r\\n'\nsend: 'QUIT\\r\\n'\nreply: b'221 bye\\r\\n'\n",
        3, "S!1 550 5.7.1 never [MAIL 550]");
    reads_big("*cmd* 'PASS hunter22'\n*put* b'PASS hunter22\\r\\n'\n*resp* b'+OK in'\n",
              "*cmd* 'NOOP'\n*resp* b'+OK'\n", "*cmd* 'RETR 9'\n*resp* b'-ERR none'\n", 1,
              "S!1 -ERR none [RETR 0]");
    reads_big("{\"protocol\":\"smtp\",\"kind\":\"server\",\"lines\":[\"220 here\"]}\n"
              "{\"kind\":\"client\",\"lines\":[\"EHLO me\"]}\n"
              "{\"kind\":\"server\",\"lines\":[\"250-here\",\"250 AUTH PLAIN\"]}\n"
              "{\"kind\":\"client\",\"lines\":[\"AUTH PLAIN AHN0dWRlbnQAaHVudGVyMjI=\"]}\n"
              "{\"kind\":\"server\",\"lines\":[\"235 ok\"]}\n",
              "{\"kind\":\"client\",\"lines\":[\"NOOP\"]}\n"
              "{\"kind\":\"server\",\"lines\":[\"250 ok\"]}\n",
              "{\"kind\":\"client\",\"lines\":[\"MAIL FROM:<a@b>\"]}\n"
              "{\"kind\":\"server\",\"lines\":[\"550-no\",\"550 never hunter22\"]}\n",
              1, "S!2 550 never ******** [MAIL 550]");
    reads_big("An account of it\n\n220 here\nEHLO me\n250 here\nHELO me\n250 here\n",
              "and then it said nothing for a while, which was strange.\n",
              "220 there\nMAIL FROM:<a@b>\n550 5.7.1 no\n", 1, "S!1 550 5.7.1 no [MAIL 550]");
    reads_big("\033[32m<-  220 here\033[0m\n\033[36m -> EHLO me\033[0m\n\033[32m<-  250 AUTH "
              "PLAIN\033[0m\n\033[36m -> AUTH PLAIN "
              "\033[1mAHN0dWRlbnQAaHVudGVyMjI=\033[0m\n\033[32m<-  235 ok\033[0m\n",
              "\033[36m -> NOOP\033[0m\n\033[32m<-  250 ok\033[0m\n",
              "\033[36m -> MAIL FROM:<a@b>\033[0m\n<** 550 5.7.1 \033[31mno\033[0m\n", 1,
              "S!1 550 5.7.1 no [MAIL 550]");
    static const char bounced[] =
        "Nov  1 01:02:03 mx postfix/smtp[12]: 1A: to=<c@d>, relay=mx[192.0.2.1]:25, dsn=5.1.1, "
        "status=bounced (host mx[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))";
    char want[400], line[400];
    snprintf(line, sizeof line, "%s\n", bounced);
    snprintf(want, sizeof want, "T!1 %s [RCPT 550] said 550 5.1.1 no", bounced);
    strcat(line, "Nov  1 01:02:04 mx counter[9]: 450 octets\n"); /* no refusal */
    reads_big(
        "Nov  1 01:02:03 mx postfix/qmgr[12]: 1A: from=<a@b>, size=450, nrcpt=1\n",
        "Nov  1 01:02:03 mx postfix/smtp[12]: 1A: to=<c@d>, dsn=2.0.0, status=sent (250 ok)\n",
        line, 2, want);
}

static void lone_replies(void **state)
{
    (void)state;
    reads("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; c@d\nAction: failed\n"
          "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n <c@d>: unknown\n\nother text\n",
          "none",
          "T 0 Reporting-MTA: dns; mx.example\nT 0 \nT 0 Final-Recipient: rfc822; c@d\n"
          "T 0 Action: failed\nT 0 Status: 5.1.1\nT!0 Diagnostic-Code: smtp; 550 5.1.1\n"
          "T!0  <c@d>: unknown\nT 0 \nT 0 other text\n");
    reads("550-5.7.26 unsigned\n550 5.7.26 mail\n\n452 4.2.2 full\n", "smtp",
          "T!0 550-5.7.26 unsigned\nT!0 550 5.7.26 mail\nT 0 \nT~0 452 4.2.2 full\n");
    reads("Nov 1 mx postfix/smtp[1]: A: to=<c@d>, dsn=4.4.1, status=deferred (connect to "
          "mx[192.0.2.1]:25: Connection timed out)\nNov 1 mx postfix/qmgr[1]: A: removed\n",
          "none",
          "T*0 Nov 1 mx postfix/smtp[1]: A: to=<c@d>, dsn=4.4.1, status=deferred (connect to "
          "mx[192.0.2.1]:25: Connection timed out)\nT 0 Nov 1 mx postfix/qmgr[1]: A: removed\n");
    struct logfile *f =
        open_text("Diagnostic-Code: smtp; 550 5.1.1\n <c@d>: unknown\nAction: failed\n");
    const struct source *s = logfile_source(f);
    struct span said;
    struct moment m;
    for (size_t i = 0; i < 2; i++) { /* from each of its lines */
        assert_true(s->said(s->self, i, &said));
        assert_memory_equal(said.p, "550 5.1.1 <c@d>: unknown\n", said.n);
        assert_true(s->moment(s->self, i, &m));
        assert_int_equal(m.reply.code, 550);
    }
    assert_false(s->said(s->self, 2, &said));
    logfile_close(f);
    /* where it was said */
    f = open_text(
        "Nov 1 mx postfix/smtp[1]: A: to=<c@d>, status=bounced (host mx[192.0.2.1] said: 550 "
        "5.1.1 no (in reply to RCPT TO command))\n");
    s = logfile_source(f);
    assert_true(s->moment(s->self, 0, &m));
    assert_string_equal(m.command.verb->name, "RCPT");
    assert_string_equal(proto_state(m.proto, &m.before), "MAIL ok, needs RCPT");
    logfile_close(f);
    f = open_text(
        "Nov 1 mx postfix/smtpd[1]: NOQUEUE: reject: CONNECT from a[192.0.2.7]: 554 5.7.1 "
        "blocked; proto=SMTP\n");
    s = logfile_source(f);
    assert_true(s->said(s->self, 0, &said));
    assert_int_equal(said.n, strlen("554 5.7.1 blocked\n"));
    logfile_close(f);
}

/* Of big files: a mark of UTF-8 at the beginning, and a line of JSON longer than others may be. */
static void big_dresses(void **state)
{
    (void)state;
    struct item it;
    struct span l;
    put_big("\xef\xbb\xbfS: 220 here\n", "C: NOOP\nS: 250 ok\n", "");
    struct logfile *f = open_it();
    const struct source *s = logfile_source(f);
    assert_true(s->item(s->self, 0, &it));
    assert_int_equal(it.kind, ITEM_SERVER);
    assert_true(s->line(s->self, 0, 0, &l));
    assert_int_equal(l.n, 8);
    logfile_close(f);
    put_big("{\"protocol\":\"pop3\",\"kind\":\"server\",\"lines\":[\"+OK\"]}\n",
            "{\"kind\":\"client\",\"lines\":[\"RETR 1\"]}\n", "");
    FILE *out = fopen(path, "a");
    assert_non_null(out);
    fputs("{\"kind\":\"server\",\"lines\":[\"+OK\"", out);
    for (int i = 0; i < 5000; i++)
        fputs(",\"a line of a letter\"", out);
    fputs(",\".\"]}\n", out);
    fclose(out);
    f = open_it();
    s = logfile_source(f);
    s->finish(s->self);
    assert_true(s->item(s->self, s->count(s->self) - 1, &it));
    assert_int_equal(it.kind, ITEM_SERVER);
    assert_int_equal(it.lines, 5002);
    logfile_close(f);
}

/* Colours, a page's source, a mark of UTF-8; and a login in what is no talk. */
static void other_dresses(void **state)
{
    (void)state;
    reads("\xef\xbb\xbfS: 220 here\nC: QUIT\nS: 221 bye\n", "smtp",
          "S+0 220 here [(banner): needs EHLO]\nC 1 QUIT\nS+0 221 bye [QUIT: closing]\n");
    reads(
        "\033[32m<-  220 here\033[0m\r\n\033[36m -> QUIT\033[0m\r\n\033[32m<-  221 bye\033[0m\r\n",
        "smtp", "S+0 220 here [(banner): needs EHLO]\nC 1 QUIT\nS+0 221 bye [QUIT: closing]\n");
    reads("<html><pre>\n220 here\n<b>MAIL FROM:&lt;a@b&gt;</b>\n250 ok\nQUIT\n221 bye\n</pre>",
          "smtp",
          "T 0 <html><pre>\nS+0 220 here [(banner): needs EHLO]\nC 1 MAIL FROM:<a@b>\n"
          "S+0 250 ok [MAIL: MAIL ok, needs RCPT]\nC 2 QUIT\nS+0 221 bye [QUIT: closing]\n"
          "T 0 </pre>\n");
    reads("Say AUTH PLAIN AHN0dWRlbnQAaHVudGVyMjI= there,\nor PASS hunter22\n", "none",
          "T 0 Say AUTH PLAIN ******** there,\nT 0 or PASS ********\n");
    reads("S: 220 here\nsee PASS hunter22 here\nC: QUIT\nS: 221 bye\n", "smtp",
          "S+0 220 here [(banner): needs EHLO]\nT 0 see PASS ******** here\nC 1 QUIT\n"
          "S+0 221 bye [QUIT: closing]\n");
    reads(
        "S: +OK\nC: USER me\nS: +OK\nC: PASS hunter22\nS: -ERR no\nnot hunter22 again\n", "pop3",
        "S+0 +OK [(banner): AUTHORIZATION, needs a login]\nC 1 USER me\nS+0 +OK [USER: user given, "
        "needs PASS]\nC 2 PASS ********\nS!0 -ERR no [PASS: AUTHORIZATION, needs a login]\n"
        "T 0 not ******** again\n");
    /* behind the glance of 8 KiB the rest is looked at */
    put_big("", "nothing of it is said in here\n", "\n220 here\nMAIL FROM:<a@b>\n250 ok\n");
    assert_int_equal(truncate(path, 100000), 0);
    FILE *out = fopen(path, "a");
    fputs("\n220 here\nMAIL FROM:<a@b>\n250 ok\n", out);
    fclose(out);
    struct logfile *f = open_it();
    assert_string_equal(logfile_proto(f) ? logfile_proto(f)->name : "none", "smtp");
    logfile_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(big_others),
        cmocka_unit_test(lone_replies),
        cmocka_unit_test(other_dresses),
        cmocka_unit_test(big_dresses),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
