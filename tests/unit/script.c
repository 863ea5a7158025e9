/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of scripts: every word of its table is read and refused, variables, codes and
 * expressions; a talk that becomes a script. */
#include "tests/support/check.h"
#include "tests/support/paths.h"
#include "heloscope/logfile.h"
#include "heloscope/loop.h"
#include "script/script_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char why[700];

static struct script *parse(const char *text)
{
    why[0] = '\0';
    return script_parse("x.helo", text, strlen(text), NULL, false, why, sizeof why);
}

/* One good line for each row: whoever adds a word adds it here. */
static void every_word(void **state)
{
    static const struct {
        enum word word;
        const char *text;
    } row[WORDS] = {
        {WORD_LINE, "EHLO laptop.example"},
        {WORD_SEND, "send rset"},
        {WORD_SEND_RAW, "send-raw \\x41\\r\\n\\t\\\\\\0"},
        {WORD_EXPECT, "expect 25z|+OK /^250 .*$/i"},
        {WORD_CAPTURE, "capture A /(\\d+)/"},
        {WORD_SET, "set A b c"},
        {WORD_FOR, "for A in 1 2\nend"},
        {WORD_TOGETHER, "together\nNOOP\nend"},
        {WORD_END, "for A in 1 2\nend"},
        {WORD_TLS, "tls"},
        {WORD_AUTH, "auth PLAIN me"},
        {WORD_LETTER, "letter <<END\nSubject: x\nEND"},
        {WORD_BDAT, "bdat more <<END\nx\nEND"},
        {WORD_RETR, "retr 2-5 file"},
        {WORD_WAIT, "wait 0.5"},
        {WORD_SAY, "say some words"},
        {WORD_QUIT, "quit"},
        {WORD_DROP, "drop"},
        {WORD_TARGET, "target smtp://mail.example"},
        {WORD_INCLUDE, "include other.helo"},
    };
    size_t n;
    const struct script_row *words = script_words(&n);
    (void)state;
    assert_int_equal(n, WORDS);
    for (size_t i = 0; i < n; i++) {
        bool found = row[i].word == WORD_TARGET || row[i].word == WORD_INCLUDE;
        struct script *s = parse(row[i].text);
        assert_int_equal(row[i].word, i);
        assert_true(strlen(words[i].does) > 20);
        if (row[i].word == WORD_INCLUDE) {
            assert_null(s);
            assert_string_equal(why, "x.helo:1: no file may be read here");
            continue;
        }
        if (!s)
            fail_msg("%s: %s", row[i].text, why);
        for (size_t k = 0; k < s->n; k++)
            found = found || s->steps[k].word == row[i].word;
        if (!found)
            fail_msg("%s: no such step", row[i].text);
        script_free(s);
    }
}

static void details(void **state)
{
    (void)state;
    struct script *s =
        parse("\xef\xbb\xbf# a comment\r\n\r\n  EHLO $$x  \r\ntls\nsay hm\nexpect 250\n"
              "letter <<E\r\n..\r\n$$\nE\nquit\n");
    assert_non_null(s);
    assert_int_equal(s->n, 6);
    assert_int_equal(s->steps[0].line, 3);
    assert_string_equal(s->steps[0].text, "EHLO $$x");
    assert_true(s->steps[1].judged); /* across `say` */
    assert_false(s->steps[0].judged);
    assert_string_equal(s->steps[4].text, "..\n$$\n");
    assert_int_equal(s->steps[4].line, 7);
    assert_int_equal(s->steps[5].line, 11);
    assert_int_equal(script_expectations(s), 1);
    script_free(s);
    s = parse("send-raw \\x41\\0b\\r\\n");
    assert_int_equal(s->steps[0].n, 5);
    assert_memory_equal(s->steps[0].text, "A\0b\r\n", 5);
    script_free(s);
    s = parse("target smtp://a.example\ntarget smtp://b.example\n");
    assert_string_equal(script_target(s), "smtp://a.example");
    script_free(s);
}

static void mistakes(void **state)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"EHLO x\nexpct 250", "x.helo:2: unknown word 'expct': did you mean 'expect'?"},
        {"mail from:<a>", "x.helo:1: unknown word 'mail': expected a line to send"},
        {"expect", "expected: expect CODE"},
        {"expect 99", "'99' is no code: expected 250"},
        {"expect 250|", "is no code"},
        {"expect 250|closed", "is no code"},
        {"expect 250 relay", "expected a regular expression between slashes"},
        {"expect 250 /relay", "between slashes"},
        {"expect //", "empty"},
        {"expect 250 /a/x", "only 'i'"},
        {"expect 250 /(/", "wrong at character 2"},
        {"expect /$A/", "$A is not set"},
        {"capture a /x/", "'a' is no variable"},
        {"capture A", "expected /REGEX/"},
        {"set", "expected: set NAME VALUE"},
        {"set 1A x", "is no variable"},
        {"EHLO $HOST", "$HOST is not set: 'set HOST VALUE' before it, or --set"},
        {"for A a b\nend", "expected: for NAME in"},
        {"for A in 1", "x.helo:1: 'for' has no 'end'"},
        {"end", "'end' without"},
        {"for A from x\nend", "no file may be read here"},
        {"together\nexpect 250\nend", "only lines to send and 'for' may stand, not 'expect'"},
        {"together x\nend", "stands alone"},
        {"tls now", "stands alone: nothing may follow"},
        {"auth", "expected: auth [MECHANISM] USER"},
        {"auth a b c", "expected: auth"},
        {"letter", "expected: letter FILE"},
        {"letter <<END\nx\n",
         "x.helo:1: the letter that begins here has no end: expected a line 'END'"},
        {"letter << A B\n", "one word behind <<"},
        {"bdat more", "expected: bdat"},
        {"retr 1", "expected: retr NUMBERS FILE"},
        {"retr 5-2 x", "'5-2' will not do: expected N, N-M"},
        {"retr 0 x", "will not do"},
        {"wait", "expected: wait SECONDS"},
        {"wait 0", "seconds from 0.1 to 3600"},
        {"wait 1e3", "seconds from"},
        {"wait 0x9", "seconds from"},
        {"send-raw \\q", "unknown escape '\\q'"},
        {"send-raw \\x4", "unknown escape"},
        {"send", "expected: send TEXT"},
        {"say", "expected: say TEXT"},
        {"target", "expected: target TARGET"},
        {"include", "expected: include FILE"},
        {"\033[31mred", "unknown word '^[[31mred'"},
        {"for A in 1\nfor B in 1\nfor C in 1\nfor D in 1\nfor E in 1\nfor F in 1\nfor G in 1\nfor "
         "H in 1\nfor I in 1\n",
         "x.helo:9: more than 8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct script *s = parse(row[i].text);
        if (s || !strstr(why, row[i].says) || strncmp(why, "x.helo:", 7) != 0)
            fail_msg("%s: '%s' does not say '%s'", row[i].text, why, row[i].says);
    }
    assert_null(script_parse("n", "EHLO a\0b", 8, NULL, false, why, sizeof why));
    assert_non_null(strstr(why, "a NUL stands here"));
}

static void files(void **state)
{
    char path[64] = "/tmp/helo-script.XXXXXX", file[96], text[200];
    enum fault fault = FAULT_NONE;
    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(file, sizeof file, "%s/a.helo", path);
    assert_null(script_read(file, NULL, &fault, why, sizeof why));
    assert_int_equal(fault, FAULT_FILE);
    snprintf(text, sizeof text, "%s cannot be read: No such file or directory", file);
    assert_string_equal(why, text);
    FILE *f = fopen(file, "w");
    fprintf(f, "NOOP\ninclude b.helo\nRSET\n");
    fclose(f);
    snprintf(text, sizeof text, "%s/b.helo", path);
    f = fopen(text, "w");
    fprintf(f, "for A from list\nRCPT TO:<$A>\nend\n");
    fclose(f);
    assert_null(script_read(file, NULL, &fault, why, sizeof why));
    assert_int_equal(fault, FAULT_FILE);
    assert_non_null(strstr(why, "b.helo:1: "));
    snprintf(text, sizeof text, "%s/list", path);
    f = fopen(text, "w");
    fprintf(f, "# who\n a@x \r\n\nb@x");
    fclose(f);
    struct script *s = script_read(file, NULL, &fault, why, sizeof why);
    if (!s)
        fail_msg("%s", why);
    assert_int_equal(s->n, 5);
    assert_int_equal(s->steps[1].nvalues, 2);
    assert_string_equal(s->steps[1].values[0], "a@x");
    assert_string_equal(s->steps[1].values[1], "b@x");
    assert_string_equal(s->files[s->steps[1].file] + strlen(path), "/b.helo");
    assert_int_equal(s->steps[4].line, 3);
    script_free(s);
    f = fopen(file, "w");
    fprintf(f, "include a.helo\n");
    fclose(f);
    fault = FAULT_NONE;
    assert_null(script_read(file, NULL, &fault, why, sizeof why));
    assert_int_equal(fault, FAULT_USAGE);
    assert_non_null(strstr(why, "include one another"));
    unlink(file);
    unlink(text);
    snprintf(text, sizeof text, "%s/b.helo", path);
    unlink(text);
    rmdir(path);
}

static void variables(void **state)
{
    struct script_vars v = {0};
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    assert_true(script_set(&v, "TO", "a.b@x", why, sizeof why));
    assert_true(script_set(&v, "TO", "a.c@x", why, sizeof why));
    assert_int_equal(v.n, 1);
    assert_false(script_set(&v, "to", "x", why, sizeof why));
    const char *text = "<$TO>${TO}s $$5 $ $x ${TO";
    assert_true(script_expand(&v, text, strlen(text), false, &out, why, sizeof why));
    assert_string_equal(buf_str(&out), "<a.c@x>a.c@xs $5 $ $x ${TO");
    buf_trim(&out, 0);
    assert_true(script_expand(&v, "^$TO$", 5, true, &out, why, sizeof why));
    assert_string_equal(buf_str(&out), "^a\\.c\\@x$");
    assert_false(script_expand(&v, "$NO", 3, false, &out, why, sizeof why));
    buf_clear(&out);
    script_vars_clear(&v);
}

static bool code(const char *pattern, const char *line)
{
    struct match m = {0};
    assert_true(match_parse(&m, pattern, strlen(pattern), true, why, sizeof why));
    bool is = match_code(&m, line, strlen(line));
    match_clear(&m);
    return is;
}

static void codes(void **state)
{
    struct match m = {0};
    struct buf found;
    (void)state;
    assert_true(code("250", "250 ok"));
    assert_true(code("250", "250-more"));
    assert_true(code("250", "250"));
    assert_false(code("250", "2501"));
    assert_false(code("250", "25"));
    assert_true(code("25z", "259 ok"));
    assert_true(code("5yz", "550 no"));
    assert_true(code("5xx", "550 no"));
    assert_false(code("5yz", "450 no"));
    assert_false(code("5yz", "5yz no"));
    assert_true(code("250|251", "251 elsewhere"));
    assert_true(code("+OK", "+OK"));
    assert_true(code("-ERR", "-ERR no"));
    assert_false(code("-ERR", "+OK"));
    assert_true(code("/x/", "whatever"));
    buf_init(&found, 100);
    assert_true(match_parse(&m, "/^250-size (\\d+)$/i", 19, true, why, sizeof why));
    assert_true(match_text(&m, NULL, "250-a\n250-SIZE 12\n250 b", 23, &found, why, sizeof why));
    assert_string_equal(buf_str(&found), "12");
    assert_false(match_text(&m, NULL, "250 \xff\xfe", 6, NULL, why, sizeof why));
    assert_string_equal(why, "");
    match_clear(&m);
    /* A pattern that tries for ever is given up. */
    assert_true(match_parse(&m, "/(a+)+$b/", 9, true, why, sizeof why));
    assert_false(
        match_text(&m, NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 37, NULL, why, sizeof why));
    match_clear(&m);
    buf_clear(&found);
}

static void nothing(void *arg)
{
    (void)arg;
}

/* A talk as it was saved becomes a script that can be read. */
static void from_talk(void **state)
{
    static const char talk[] = "# heloscope transcript\n"
                               "# protocol: smtp\n"
                               "S: 220 mail.example ESMTP\n"
                               "C: EHLO me.example\n"
                               "S: 250-mail.example\n"
                               "S: 250 AUTH PLAIN LOGIN\n"
                               "C: AUTH PLAIN AHN0dWRlbnQAZ3JlcC1tZQ==\n"
                               "S: 235 2.7.0 ok\n"
                               "C: MAIL FROM:<a$B@x.example>\n"
                               "S: 250 ok\n"
                               "C: RCPT TO:<b@x.example>\n"
                               "C: rcpt TO:<c@x.example>\n"
                               "S: 250 ok\n"
                               "S: 550 no\n"
                               "C: DATA\n"
                               "S: 354 go on\n"
                               "C: Subject: END\n"
                               "C: \n"
                               "C: ..dot\n"
                               "C: END\n"
                               "C: .\n"
                               "S: 250 queued\n"
                               "C: STARTTLS\n"
                               "S: 454 not now\n"
                               "C: QUIT\n"
                               "S: 221 bye\n";
    static const char wanted[] = "# A talk saved as a script: heloscope run FILE [TARGET]\n"
                                 "target smtp://mail.example\n"
                                 "expect 220\n"
                                 "EHLO me.example\n"
                                 "expect 250\n"
                                 "auth PLAIN student\n"
                                 "expect 235\n"
                                 "MAIL FROM:<a$$B@x.example>\n"
                                 "expect 250\n"
                                 "together\n"
                                 "RCPT TO:<b@x.example>\n"
                                 "send rcpt TO:<c@x.example>\n"
                                 "end\n"
                                 "expect 250\n"
                                 "expect 550\n"
                                 "DATA\n"
                                 "expect 354\n"
                                 "letter <<END1\n"
                                 "Subject: END\n"
                                 "\n"
                                 ".dot\n"
                                 "END\n"
                                 "END1\n"
                                 "expect 250\n"
                                 "tls\n"
                                 "expect 454\n"
                                 "QUIT\n"
                                 "expect 221\n";
    char path[] = "/tmp/helo-talk.XXXXXX", *text = NULL;
    size_t n = 0;
    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, talk, sizeof talk - 1), (ssize_t)sizeof talk - 1);
    close(fd);
    struct loop *l = loop_new();
    struct logfile *file = logfile_open(l, path, nothing, NULL, why, sizeof why);
    assert_non_null(file);
    FILE *f = open_memstream(&text, &n);
    assert_true(script_write(f, logfile_source(file), "smtp://mail.example"));
    fclose(f);
    assert_string_equal(text, wanted);
    struct script *s = script_parse("x", text, n, NULL, false, why, sizeof why);
    if (!s)
        fail_msg("%s", why);
    script_free(s);
    free(text);
    logfile_close(file);
    loop_free(l);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word), cmocka_unit_test(details),   cmocka_unit_test(mistakes),
        cmocka_unit_test(files),      cmocka_unit_test(variables), cmocka_unit_test(codes),
        cmocka_unit_test(from_talk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
