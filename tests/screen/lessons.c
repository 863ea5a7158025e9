/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every shipped lesson is walked to its end on the screen, by its own hints where a hint is a line
 * to type; and a wrong turn, :hint, :skip, :restart, the small layouts, and a lesson of one's own.
 */
#include "walk.h"

#include "heloscope/lesson.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is typed where the hint is no line: lines are sent one after the other; one that begins with
 * @ is a sight to wait for, # a key. */
#define ENVELOPE                                                                                   \
    "MAIL FROM:<bounce@esp.test>\n@Ok, from <bounce@esp.test>\nRCPT "                              \
    "TO:<student@practice.example>\nDATA\n@LETTER\n"
#define NEWS "From: Bank <news@bank.test>\nSubject: Rates\n\nThey rise.\n"
/* By Esc and the palette, since a colon in a letter is a colon. */
#define SIGNED(domain) "#Esc\n@i type\n:sign " domain "\n@signed for " domain "\n"
static const struct {
    const char *lesson;
    unsigned step; /* 1 is the first */
    const char *lines;
} typed[] = {
    {"02-send-a-letter", 6, "#Tab\n@Subject:\nHello\n\nWords.\n.\n@queued as"},
    {"04-reply-codes", 8, ".\n@queued as"},
    {"05-starttls", 3, "STARTTLS\n@TLS 1.3 practice CA"},
    {"06-auth-base64", 1, "EHLO laptop.example\n@250\nSTARTTLS\n@practice CA\nEHLO laptop.example"},
    {"09-envelope-and-header", 5,
     "@LETTER\nFrom: \"Your Bank\" <security@bank.example>\nTo: "
     "student@practice.example\n\nPay.\n.\n"
     "@queued as"},
    {"09-envelope-and-header", 6,
     "#C-c\n:pop3\n@+OK practice\nUSER student\n@now PASS\nPASS apple-pie\n@open: 4\nRETR 4"},
    {"10-bounces", 7, "DATA\n@LETTER\nSubject: x\n\nwords\n.\n@queued as"},
    {"10-bounces", 8,
     "#C-c\n:pop3\n@+OK practice\nUSER teacher\n@now PASS\nPASS green-pencil\n@maildrop is "
     "open\nRETR 1"},
    {"11-bcc", 6, "@LETTER\nTo: student@practice.example\n\nwords\n.\n@queued as"},
    {"11-bcc", 7,
     "#C-c\n:pop3\n@+OK practice\nUSER teacher\n@now PASS\nPASS green-pencil\n@maildrop is "
     "open\nRETR 1"},
    {"12-dot-stuffing", 2,
     "MAIL FROM:<you@home.example>\n@250 2.1.0\nRCPT TO:<student@practice.example>\n@250 "
     "2.1.5\nDATA"},
    {"12-dot-stuffing", 3, "@LETTER\nSubject: x\n\n.signature\n.\n@queued as"},
    {"12-dot-stuffing", 4,
     "#C-c\n:pop3\n@+OK practice\nUSER student\n@now PASS\nPASS apple-pie\n@open: 4\nRETR 4"},
    {"13-pipelining", 2,
     "MAIL FROM:<you@home.example>\nRCPT TO:<student@practice.example>\nRCPT "
     "TO:<nobody@practice.example>"},
    {"13-pipelining", 4, "@LETTER\n.\n@queued as"},
    {"14-spf", 3, "RCPT TO:<student@practice.example>\n@250 2.1.5\nDATA"},
    {"14-spf", 4, "@LETTER\nFrom: a friend <x@evil.test>\n\nwords\n."},
    {"15-dkim", 2,
     "MAIL FROM:<bounce@esp.test>\n@250 2.1.0\nRCPT TO:<student@practice.example>\n@250 "
     "2.1.5\nDATA"},
    {"15-dkim", 3, "@LETTER\n" NEWS SIGNED("bank.test") ".\n@queued as"},
    {"15-dkim", 4, ENVELOPE NEWS SIGNED("bank.test") "changed\n.\n@550 5.7.1"},
    {"15-dkim", 5, ENVELOPE NEWS SIGNED("evil.test") ".\n@550 5.7.1"},
    {"16-dmarc", 3, "RCPT TO:<student@practice.example>\n@250 2.1.5\nDATA"},
    {"16-dmarc", 4, "@LETTER\nFrom: Your Bank <security@bank.test>\n\nPay.\n."},
    {"16-dmarc", 5,
     "MAIL FROM:<x@evil.test>\n@250 2.1.0 Ok, from <x@evil.test>\nRCPT "
     "TO:<student@practice.example>\nDATA\n@LETTER\nFrom: x@evil.test\n\nwords\n.\n@queued as"},
    {"17-look-alikes", 2,
     "MAIL FROM:<x@evil.test>\n@250 2.1.0\nRCPT TO:<student@practice.example>\n@250 2.1.5\nDATA"},
    {"17-look-alikes", 3,
     "@LETTER\nFrom: \"security@bank.test\" <x@evil.test>\nSubject: x\n\nwords\n.\n@queued as"},
    {"18-forwarding", 3, "RCPT TO:<student@practice.example>\n@250 2.1.5\nDATA"},
    {"18-forwarding", 4,
     "@LETTER\nFrom: Member <member@bank.test>\nSubject: [class] hello\n\nwords\n."},
    {"18-forwarding", 5,
     "MAIL FROM:<class-bounces@lists.test>\n@250 2.1.0\nRCPT "
     "TO:<student@practice.example>\nDATA\n@LETTER\nFrom: Member via class "
     "<class@lists.test>\nReply-To: member@bank.test\n\nwords\n.\n@queued as"},
};

static const char *lines_of(const struct lesson *l, unsigned step)
{
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        if (!strcmp(typed[i].lesson, l->name) && typed[i].step == step + 1)
            return typed[i].lines;
    return l->steps[step].hint;
}

/* A colon opens the palette only on an empty line; everything else is typed as it is. */
static void type(struct term *t, const char *line)
{
    if (*line == '@') {
        term_wait(t, line + 1, WAIT);
    } else if (*line == '#') {
        term_key(t, line + 1);
    } else if (*line == ':') {
        term_keys(t, ":");
        term_wait(t, "all commands", WAIT);
        term_keys(t, line + 1);
        term_key(t, "Enter");
    } else {
        term_line(t, line);
    }
}

static void type_all(struct term *t, const char *lines)
{
    while (*lines) {
        char line[256];
        size_t n = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, lines);
        type(t, line);
        lines += n + (lines[n] == '\n');
    }
}

static void one(const char *file, int cols, int rows)
{
    char why[600], sight[64];
    struct lesson *l = lesson_load(file, why, sizeof why);
    if (!l)
        fail_msg("%s", why);
    struct term *t = helo(cols, rows, NULL, "practice", "--lesson", file, NULL);
    term_wait(t, strcmp(l->service, "pop3") ? "220 practice" : "+OK practice", WAIT);
    for (unsigned i = 0; i < l->nsteps; i++) {
        const struct lesson_step *s = &l->steps[i];
        snprintf(sight, sizeof sight, "LESSON %u/%zu ", i + 1, l->nsteps);
        term_wait(t, sight, WAIT);
        if (*s->verb)
            term_wait_gone(t, "Enter: go on", WAIT); /* of the step before */
        if (*s->verb)
            type_all(t, lines_of(l, i));
        bool letter =
            !*s->question && i + 1 < l->nsteps && !strcmp(l->steps[i + 1].verb, "(end of letter)");
        if (*s->verb && ((!*s->note && !*s->question) || letter))
            continue;
        term_wait(t, "Enter: go on", WAIT);
        term_key(t, "Enter");
        if (*s->question) {
            char answer[12]; /* its beginning: more may stand on another row */
            snprintf(answer, sizeof answer, "%s", s->answer);
            term_wait(t, answer, WAIT);
            term_key(t, "Enter");
        }
    }
    term_wait(t, "This was the lesson.", WAIT);
    assert_true(tree_has(term_home(t), l->name, NULL)); /* it is remembered */
    term_stop(t);
    lesson_free(l);
}

static void every_lesson(void **state)
{
    char folder[4000], file[4400];
    struct dirent **all;
    (void)state;
    snprintf(folder, sizeof folder, "%s/lessons", getenv("top_srcdir"));
    int n = scandir(folder, &all, NULL, alphasort);
    assert_true(n > 2);
    for (int i = 0; i < n; i++) {
        if (strstr(all[i]->d_name, ".lesson")) {
            print_message("%s\n", all[i]->d_name);
            snprintf(file, sizeof file, "%s/%s", folder, all[i]->d_name);
            one(file, 80, 24);
        }
        free(all[i]);
    }
    free(all);
}

static void wide_size(void **state)
{
    char file[4400];
    (void)state;
    snprintf(file, sizeof file, "%s/lessons/04-reply-codes.lesson", getenv("top_srcdir"));
    one(file, 120, 40);
}

static void wrong_turns(void **state)
{
    struct term *t = helo(80, 24, NULL, "practice", "--lesson", "first-words", NULL);
    (void)state;
    term_wait(t, "LESSON 1/5", WAIT);
    term_wait(t, ":hint helps", WAIT);
    term_wait(t, "220 practice.example", WAIT);
    assert_false(term_shows(t, "> HELO laptop.example"));
    term_line(t, "NOOP"); /* something else: nothing happens to the lesson */
    term_wait(t, "250 2.0.0", WAIT);
    assert_true(term_shows(t, ":hint helps"));
    term_line(t, "HELO"); /* the right verb, and wrong: the hint comes by itself */
    term_wait(t, "> HELO laptop.example", WAIT);
    type(t, ":skip");
    term_wait(t, "LESSON 2/5", WAIT);
    type(t, ":hint");
    term_wait(t, "> EHLO laptop.example", WAIT);
    type(t, ":restart");
    term_wait(t, "LESSON 1/5", WAIT);
    /* An Enter on an empty line still sends it while the lesson wants something to be said. */
    term_resize(t, 60, 20);
    term_wait(t, "[ LESSON 1/5", WAIT); /* below the talk, while one types */
    term_wait(t, "Answer with the old greeting", WAIT);
    term_line(t, "HELO laptop.example");
    term_wait(t, "greets you", WAIT);
    press(t, "Esc", "Esc talk");
    term_wait(t, "i type", WAIT);
    term_keys(t, "5");
    term_wait(t, "Enter: go on", WAIT);
    term_key(t, "Enter");
    term_wait(t, "POP3, IMAP and FTP do", WAIT);
    term_key(t, "Enter");
    term_wait(t, "LESSON 2/5", WAIT);
    type(t, ":lesson nonsense");
    term_wait(t, "there is no lesson \"nonsense\"", WAIT);
    type(t, ":lesson off");
    term_wait_gone(t, "5 lesson", WAIT);
    type(t, ":hint");
    term_wait(t, "no lesson is under way", WAIT);
    term_stop(t);
}

static void from_the_start_screen(void **state)
{
    struct term *t = helo(80, 24, NULL, NULL);
    (void)state;
    press(t, "l", "l lessons");
    term_wait(t, "> [ ]  1", WAIT);
    term_key(t, "Down");
    term_key(t, "Down");
    term_wait(t, "> [ ]  3  Reading mail: POP3", WAIT);
    term_key(t, "Up");
    term_key(t, "Down");
    term_wait(t, "> [ ]  3", WAIT);
    term_key(t, "Enter");
    term_wait(t, "LESSON 1/8", WAIT);
    term_wait(t, "POP3 practice", WAIT);
    term_line(t, "USER student");
    term_wait(t, "every name: who exists", WAIT);
    term_stop(t);
}

/* Who leaves in the middle goes on there; :restart begins anew, and that is kept, too. */
static void progress(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, "practice", "--lesson", "15", NULL);
    term_wait(t, "LESSON 1/6", WAIT);
    term_wait(t, "220 practice.example", WAIT);
    term_line(t, "EHLO mail.esp.test");
    term_wait(t, "LESSON 2/6", WAIT);
    type(t, ":skip");
    term_wait(t, "LESSON 3/6", WAIT);
    assert_true(tree_has(term_home(t), "15-dkim\t2\n", NULL));
    type(t, ":lesson 15");
    term_wait(t, "on from step 3", WAIT);
    assert_true(term_shows(t, "LESSON 3/6"));
    type(t, ":restart");
    term_wait(t, "LESSON 1/6", WAIT);
    assert_true(tree_has(term_home(t), "15-dkim\t0\n", NULL));
    assert_false(tree_has(term_home(t), "15-dkim\t2\n", NULL));
    type(t, ":skip");
    type(t, ":lesson");
    term_wait(t, "[ ] 15  DKIM: a signature that travels with the letter  2/6", WAIT);
    term_stop(t);
}

/* :sign where there is nothing to sign, and for whom there is no key. */
static void signing(void **state)
{
    (void)state;
    struct term *t = helo_practice(80, 24);
    type(t, ":sign bank.test");
    term_wait(t, "no letter is being written", WAIT);
    term_line(t, "EHLO a.example");
    term_line(t, "MAIL FROM:<a@a.example>");
    term_line(t, "RCPT TO:<student@practice.example>");
    term_line(t, "DATA");
    term_wait(t, "LETTER", WAIT);
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    type(t, ":sign bank.test");
    term_wait(t, "no From field yet", WAIT);
    term_key(t, "i");
    static const char letter[] = "From: a@bank.test\n\nhello\n.";
    term_paste(t, letter, sizeof letter - 1);
    term_wait(t, "hello", WAIT);
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    type(t, ":sign nobody.test");
    term_wait(t, "no key for nobody.test, but for bank.test", WAIT);
    type(t, ":sign bank.test");
    term_wait(t, "signed for bank.test", WAIT);
    term_resize(t, 80, 50);
    term_wait(t, "DKIM-Signature: v=1; a=ed25519-sha256", WAIT);
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    type(t, ":sign off");
    term_wait(t, "no signature any more", WAIT);
    term_wait_gone(t, "DKIM-Signature: v=1", WAIT);
    term_wait(t, "hello", WAIT);
    term_stop(t);
}

static void bad_lesson(void **state)
{
    struct term *t = helo(80, 24, NULL, "practice", "--lesson", "./no-such.lesson", NULL);
    (void)state;
    term_wait(t, "no-such.lesson", WAIT);
    term_stop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(every_lesson), term_unit_test(wide_size),
        term_unit_test(wrong_turns),  term_unit_test(from_the_start_screen),
        term_unit_test(bad_lesson),   term_unit_test(progress),
        term_unit_test(signing),
    };
    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
