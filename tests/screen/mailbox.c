/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mailbox: a letter sent by SMTP is found in the list, read in its four views, its attachment
 * saved, and it is deleted after a question; in the layouts.
 */
#include "walk.h"

#include <stdio.h>
#include <string.h>

static const char *const forged[] = {
    "EHLO laptop.example",
    "MAIL FROM:<you@home.example>",
    "RCPT TO:<student@practice.example>",
    "DATA",
};
static const char *const letter[] = {
    "From: \"security@bank.example\" <you@evil.example>",
    "To: student@practice.example",
    "Subject: =?utf-8?Q?P=C3=A4y?=",
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: text/html",
    "",
    "<p>Go to <a href=\"http://evil.example/\">your bank</a></p>",
    "--b",
    "Content-Type: text/plain; name=\"../../note.txt\"",
    "Content-Disposition: attachment",
    "",
    "attached words",
    "--b--",
    ".",
};

static struct term *with_letter(int cols, int rows)
{
    static const char *const sights[] = {"250-practice", "250 2.1.0", "250 2.1.5", "354"};
    struct term *t = helo_practice(cols, rows);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        say(t, forged[i], sights[i]);
    char text[2000] = "";
    for (size_t i = 0; i + 1 < sizeof letter / sizeof *letter; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", letter[i]);
    term_wait(t, "LETTER", WAIT);
    term_paste(t, text, strlen(text));
    term_wait(t, "--b--", WAIT);
    term_line(t, ".");
    term_wait(t, "queued as", WAIT);
    return t;
}

static void to_mailbox(struct term *t)
{
    term_key(t, "Esc");
    term_wait(t, "i type", WAIT);
    term_keys(t, "m");
    term_wait(t, "[ mailbox ]", WAIT);
    term_wait(t, "/4 ]", WAIT); /* before the list is there Enter has nothing to open */
    term_wait(t, "security@", WAIT);
}

static void four_views(void **state)
{
    struct term *t = with_letter(120, 40);
    char where[600];
    (void)state;
    to_mailbox(t);
    term_wait(t, "P\xc3\xa4y", WAIT);
    term_wait(t, "Your Teacher", WAIT);
    term_key(t, "G");
    term_key(t, "Enter");
    term_wait(t, "1  Said on the wire", WAIT);
    term_wait(t, "<you@home.example>", WAIT);
    term_wait(t, "2  Claimed in the letter", WAIT);
    term_wait(t, "From is not the envelope's sender", WAIT);
    term_wait(t, "3  Shown to the reader", WAIT);
    term_wait(t, "The name holds an address", WAIT);
    term_wait(t, "==[ 1  Said on the wire", WAIT); /* it has the focus */
    assert_true(term_shows(t, "--[ 2  Claimed") && term_shows(t, "--[ 3  Shown") &&
                term_shows(t, "--[ 4  Concluded"));
    term_key(t, "Tab");
    term_wait(t, "==[ 2  Claimed", WAIT);
    term_key(t, "S-Tab");
    term_key(t, "S-Tab");
    term_wait(t, "==[ 4  Concluded", WAIT);
    term_keys(t, "3");
    press(t, "z", "==[ 3  Shown"); /* alone, on the whole screen */
    term_wait_gone(t, "Said on the wire", WAIT);
    term_key(t, "Tab");
    term_wait(t, "==[ 4  Concluded", WAIT);
    term_keys(t, "3");
    term_wait(t, "==[ 3  Shown", WAIT);
    term_keys(t, "z");
    term_wait(t, "--[ 4  Concluded by the receiver", WAIT);
    term_key(t, "G");
    term_wait(t, "multipart/mixed; boundary", WAIT); /* all headers stand at its end */
    for (int i = 0; i < 3 && !term_shows(t, "your bank <"); i++) {
        term_key(t, "PgUp");
        term_wait_quiet(t, 100, WAIT);
    }
    term_wait(t, "your bank <http://evil.example/>", WAIT);

    /* the attachment: its name is a stranger's, so its folders are left out */
    press(t, "s", "s save part");
    term_wait(t, "save which part?", WAIT);
    term_key(t, "Enter");
    term_wait(t, "save as", WAIT);
    term_wait(t, "note.txt", WAIT);
    for (int i = 0; i < 20; i++)
        term_key(t, "Backspace");
    snprintf(where, sizeof where, "%s/saved.txt", term_home(t));
    term_keys(t, where);
    term_key(t, "Enter");
    term_wait(t, "saved as", WAIT);
    assert_true(file_has(where, "attached words"));
    term_keys(t, "s");
    term_wait(t, "save which part?", WAIT);
    term_line(t, "77");
    term_wait(t, "no part that can be saved", WAIT);
    term_keys(t, "s");
    term_wait(t, "0: the whole letter", WAIT);
    term_key(t, "Backspace");
    term_line(t, "0");
    term_wait(t, "letter.eml", WAIT);
    for (size_t i = 0; i < strlen("letter.eml"); i++)
        term_key(t, "Backspace");
    snprintf(where, sizeof where, "%s/whole.eml", term_home(t));
    term_line(t, where);
    term_wait(t, "the letter is saved as", WAIT);
    assert_true(file_has(where, "Content-Disposition: attachment\r\n"));

    /* one thing is changed: the verdict becomes another */
    press(t, "x", "x what if");
    term_wait(t, "what if?", WAIT);
    term_line(t, "client=203.0.113.66");
    term_keys(t, "4");
    term_wait(t, "What if client=203.0.113.66?", WAIT);
    term_keys(t, "x");
    term_wait(t, "what if?", WAIT);
    term_line(t, "weather=bad");
    term_wait(t, "changes nothing here", WAIT); /* and long: the key bar waits for the next key */

    /* deleting asks, and No is the default */
    term_key(t, "d");
    term_wait(t, "Mark letter 4 as deleted", WAIT);
    term_key(t, "Enter");
    term_wait_gone(t, "Mark letter 4", WAIT);
    press(t, "Esc", "Esc back");
    term_wait(t, "[ mailbox ]", WAIT);
    assert_false(term_shows(t, "D    4"));
    term_keys(t, "d");
    term_wait(t, "Mark letter 4 as deleted", WAIT);
    term_keys(t, "y");
    term_wait(t, "D    4", WAIT);

    /* the transcript shows how it was done */
    press(t, "Esc", "Esc back");
    term_wait(t, "DELE 4", WAIT);
    term_wait(t, "RETR 4", WAIT);
    term_stop(t);
}

static void small_and_resized(void **state)
{
    struct term *t = with_letter(60, 20);
    (void)state;
    to_mailbox(t);
    term_key(t, "Enter");
    term_wait(t, "1  Said on the wire", WAIT);
    term_wait(t, "[1 wire]  2 claimed", WAIT); /* the tabs are the views now */
    term_keys(t, "4");
    term_wait(t, "[4 concluded]", WAIT);
    term_wait(t, "SPF ", WAIT);
    term_key(t, "Tab");
    term_wait(t, "[1 wire]", WAIT);
    term_resize(t, 80, 24);
    term_wait(t, "[ letter 1 ]", WAIT);
    term_resize(t, 40, 9);
    term_wait(t, "[ letter 1 ]", WAIT);
    term_resize(t, 120, 40);
    term_wait(t, "Welcome to the practice world", WAIT);
    term_key(t, "Esc");
    term_wait(t, "[ mailbox ]", WAIT);
    term_stop(t);
}

static void from_the_start(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, NULL);
    term_wait(t, "practise", WAIT);
    press(t, "m", "m mail"); /* the start screen: the student's, in practice */
    term_wait(t, "Welcome to the practice world", WAIT);
    term_key(t, "Esc");
    term_wait(t, "Enter send", WAIT);
    term_keys(t, ":");
    term_wait(t, "all commands", WAIT);
    term_keys(t, "mail teacher");
    term_key(t, "Enter");
    term_wait(t, "2/2 POP3", WAIT);
    term_stop(t);
}

/* Enter before the list is there opens the letter when it is; who cannot log in is told so. */
static void too_early(void **state)
{
    (void)state;
    struct term *t = helo(80, 24, NULL, NULL);
    term_wait(t, "practise", WAIT);
    term_keys(t, "m\r");
    term_wait(t, "1  Said on the wire", WAIT);
    term_key(t, "Esc");
    term_wait(t, "Welcome to the practice world", WAIT);
    term_keys(t, ":");
    term_wait(t, "all commands", WAIT);
    term_line(t, "mail postmaster");
    term_wait(t, "nobody can log in as postmaster", WAIT);
    term_keys(t, ":");
    term_wait(t, "all commands", WAIT);
    term_line(t, "mail teacher@practice.example");
    term_wait(t, "The maildrop is empty.", WAIT);
    term_keys(t, ":");
    term_wait(t, "all commands", WAIT);
    term_line(t, "mail teacher"); /* by a second connection: the maildrop is locked */
    term_wait(t, "Logging in as teacher was refused: -ERR", WAIT);
    term_stop(t);
}

static void command(struct term *t, const char *line, const char *sight)
{
    term_keys(t, ":");
    term_wait(t, "all commands", WAIT);
    term_line(t, line);
    term_wait(t, sight, WAIT);
}

/* What is refused lies nowhere: a world is chosen that lets the forged letter in. */
static void chosen_world(void **state)
{
    (void)state;
    static const char text[] = "From: Your B\xc3\xa4nk <alice@bank.test>\n"
                               "Authentication-Results: practice.example; dmarc=pass\n\nhello\n";
    struct term *t = helo_practice(120, 40);
    command(t, "world", "bank.test asks by DMARC for: reject");
    term_key(t, "Esc");
    term_wait_gone(t, "asks by DMARC", WAIT);
    command(t, "world weather=bad", "changes nothing here");
    command(t, "world policy=none", "from now on: bank.test policy=none");
    command(t, "world client=203.0.113.66", "you come from 203.0.113.66");
    command(t, "practice", "2/2 SMTP");
    say(t, "EHLO evil.test", "250-practice");
    say(t, "MAIL FROM:<alice@bank.test>", "250 2.1.0");
    say(t, "RCPT TO:<student@practice.example>", "250 2.1.5");
    say(t, "DATA", "354");
    term_wait(t, "LETTER", WAIT);
    term_paste(t, text, strlen(text));
    term_wait(t, "hello", WAIT);
    term_line(t, ".");
    term_wait(t, ", without", WAIT); /* the forged field: the reply says so */
    command(t, "mail student", "/4 ]");
    term_wait(t, "Your B\xc3\xa4nk", WAIT); /* UTF-8 as it is: the server wants UTF8 for it */
    term_key(t, "G");
    term_key(t, "Enter");
    term_wait(t, "(unknown [203.0.113.66])", WAIT);
    term_wait(t, "fail: From domain bank.test", WAIT);
    term_wait(t, "delivers it", WAIT);
    command(t, "world reset", "all is as usual");
    command(t, "world", "you come from:               192.0.2.10");
    term_stop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(four_views),     term_unit_test(small_and_resized),
        term_unit_test(from_the_start), term_unit_test(too_early),
        term_unit_test(chosen_world),
    };
    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
