/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations at their moment: a talk is run through the driver, and what is said of each line is
 * compared. Then hostile and impossible moments: nothing may be written past the end, and nothing
 * may reach the screen that is not plain text. */
#include "tests/support/check.h"
#include "know/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A talk. "" in a field: not looked at. A field must hold its text; one that begins with '!' must
 * not. */
struct step {
    const char *line; /* "C: ..." or "S: ..."; further lines of a reply follow after "\n" */
    const char *gutter, *what, *next, *extra;
};

static const struct proto *named(const char *name)
{
    bool tls;
    unsigned short port;
    const struct proto *p = proto_find(name, strlen(name), &tls, &port);
    assert_non_null(p);
    return p;
}

static void holds(const char *line, const char *field, const char *has, const char *want)
{
    bool not = want && *want == '!';
    if (!want || !*want)
        return;
    if ((strstr(has, want + not ) != NULL) == not )
        fail_msg("%s\n  %s is \"%s\"\n  and should %shold \"%s\"", line, field, has,
                 not ? "not " : "", want + not );
}

static void plain(const char *line, const struct explanation *e)
{
    const char *const fields[] = {e->title, e->gutter, e->what, e->decided,  e->mends,
                                  e->next,  e->ref,    e->code, e->enhanced, e->extra};
    for (size_t i = 0; i < COUNT(fields); i++) {
        assert_non_null(fields[i]);
        size_t n = strlen(fields[i]);
        assert_true(n < sizeof e->made);
        if (fields[i] >= e->made && fields[i] < e->made + sizeof e->made)
            assert_true(fields[i] + n < e->made + sizeof e->made);
        for (size_t k = 0; k < n; k++)
            if ((unsigned char)fields[i][k] < 0x20 || (unsigned char)fields[i][k] > 0x7e)
                fail_msg("%s: field %zu: an octet %02x", line, i, (unsigned char)fields[i][k]);
    }
    if (strlen(e->gutter) > 46)
        fail_msg("%s: gutter of %zu columns: %s", line, strlen(e->gutter), e->gutter);
}

static void reply_of(struct moment *m, struct where *now, const char *text, struct explanation *e)
{
    const struct command *cmd = m->unsolicited ? NULL : &m->command;
    size_t first = strcspn(text, "\n");
    enum reply_step s = REPLY_GARBAGE;
    memset(&m->reply, 0, sizeof m->reply);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        s = m->proto->reply(cmd, p, n, &m->reply);
        p += n + (p[n] == '\n');
    }
    if (s != REPLY_GARBAGE)
        m->proto->step(now, cmd, &m->reply);
    else
        m->unsolicited = true;
    m->after = *now;
    assert_true(know_explain(ITEM_SERVER, m, 0, text, first, e));
}

static void run(const char *proto, const struct step *steps, size_t count)
{
    struct moment m = {.proto = named(proto)};
    struct where now;
    struct explanation e;
    bool waiting = true;
    m.proto->begin(&now);
    m.command = (struct command){.verb = proto_pseudo(m.proto, VERB_BANNER), .replies = 1};
    m.before = now;
    uint32_t owed = 1;
    for (size_t i = 0; i < count; i++) {
        const char *text = steps[i].line + 3;
        if (steps[i].line[0] == 'C') {
            struct command c;
            m.before = now;
            const struct command *open =
                m.command.verb && (m.command.verb->flags & (VERB_AUTH | VERB_ANSWER)) ? &m.command
                                                                                      : NULL;
            m.proto->command(&now, open, text, strlen(text), &c);
            m.command = c;
            m.unsolicited = false;
            m.after = now;
            owed = c.replies;
            waiting = true;
            assert_true(know_explain(ITEM_CLIENT, &m, 0, text, strlen(text), &e));
        } else {
            m.unsolicited = !waiting;
            if (m.unsolicited || owed > 1)
                m.before = now;
            reply_of(&m, &now, text, &e);
            waiting = owed > 1;
            owed -= owed > 0;
        }
        plain(steps[i].line, &e);
        holds(steps[i].line, "gutter", e.gutter, steps[i].gutter);
        holds(steps[i].line, "what", e.what, steps[i].what);
        holds(steps[i].line, "next", e.next, steps[i].next);
        holds(steps[i].line, "extra", e.extra, steps[i].extra);
        assert_true(*e.title && *e.what && *e.next);
    }
}
#define RUN(proto, steps) run(proto, steps, COUNT(steps))

static void a_letter_and_its_troubles(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"S: 220 mx.example ESMTP Postfix", "ok: the server is ready", "", "EHLO",
         "It calls itself Postfix"},
        {"C: MAIL FROM:<a@b.example>", "not legal at this point", "MAIL before any greeting.",
         "probably get 503", ""},
        {"S: 503 5.5.1 say EHLO", "permanent: ", "MAIL before any greeting.", "EHLO",
         "!contradict"},
        {"C: EHLO laptop.example", "greets", "", "expect 250", "!without a dot"},
        {"S: 250-mx.example\n250 SIZE 10", "ok: greeted", "", "STARTTLS", ""},
        {"C: MAIL FROM:<ceo@b.example> SIZE=1048576", "begins the envelope", "", "", "here 1 MiB"},
        {"S: 552 5.3.4 too big", "permanent: too big for the server", "No letter was opened",
         "SIZE in EHLO", ""},
        {"C: MAIL FROM:<>", "the empty sender <>", "", "", "so that nothing ever bounces"},
        {"S: 250 2.1.0 Ok", "ok: sender accepted", "!specific", "RCPT TO", "!No enhanced"},
        {"C: MAIL FROM:<x@y.example>", "not legal", "A letter is open already", "RSET", ""},
        {"S: 503 nested", "permanent: ", "A letter is open already", "RSET", "No enhanced code"},
        {"C: DATA", "not legal", "no recipient was accepted", "RCPT TO first", ""},
        {"S: 554 5.5.1 no valid recipients", "permanent: DATA without accepted recipients",
         "no recipient was accepted", "RCPT TO first", ""},
        {"C: RCPT TO:<nobody@x.example>", "adds a recipient", "", "", "!A second RCPT"},
        {"S: 550 5.1.1 unknown", "permanent: no such mailbox",
         "The transaction is still open: RCPT another address, or RSET.", "check the address", ""},
        {"C: RCPT TO:<full@x.example>", "", "", "", "!A second RCPT"},
        {"S: 452 4.2.2 full", "temporary: the mailbox is full, for now", "still open", "later", ""},
        {"C: RCPT TO:<a@x.example>", "", "", "", ""},
        {"S: 250 2.1.5 Ok", "ok: recipient accepted", "1 recipient is accepted so far.", "DATA",
         ""},
        {"C: RCPT TO:<b@x.example>", "adds one more recipient", "", "", "does not replace"},
        {"S: 250 Ok", "", "2 recipients are accepted so far.", "", ""},
        {"C: RCPT TO:<c@elsewhere.example>", "", "", "", ""},
        {"S: 554 5.7.1 Relay access denied", "permanent: relaying or a policy",
         "2 recipients accepted before stay", "AUTH", ""},
        {"C: DATA", "asks to send", "", "expect 354", ""},
        {"S: 354 go", "go on: type the letter", "", "a lone dot", ""},
        {"C: .", "lone dot hands it over", "", "expect 250", "none is needed before the dot"},
        {"S: 451 4.3.0 filter", "temporary: letter not taken", "begin again with MAIL",
         "repeat the whole letter", ""},
        {"C: NOOP", "a sign of life", "", "", ""},
        {"S: 250 Ok", "ok: the server is still there", "", "", ""},
        {"C: QUIT", "ends the session", "", "", "!open and was not sent"},
        {"S: 221 Bye", "ok: goodbye", "", "closes", ""},
        {"S: 421 4.4.2 timeout", "temporary: the server hangs up by itself", "closed now", "", ""},
    };
    RUN("smtp", steps);
}

static void the_same_code_differs_by_verb(void **state)
{
    (void)state;
    static const struct step banner[] = {
        {"S: 550 5.7.1 listed", "permanent: your address is not welcome", "IP address", "", ""}};
    static const struct step refused[] = {
        {"S: 554 go away", "permanent: no SMTP service for you", "Only QUIT", "QUIT",
         "!No enhanced"},
        {"C: EHLO a.example", "not legal", "nothing but QUIT", "QUIT", ""}};
    static const struct step verbs[] = {
        {"S: 220 x", "ok: ", "", "", "does not say ESMTP"},
        {"C: EHLO a.example", "", "", "", ""},
        {"S: 550 no", "permanent: the name or address is refused", "Without an accepted greeting",
         "", ""},
        {"C: HELO a.example", "greets the old way", "", "", "no STARTTLS"},
        {"S: 250 hi", "ok: greeted, the old way", "HELO asks for no capabilities", "", ""},
        {"C: MAIL FROM:<a@b.example>", "", "", "", ""},
        {"S: 550 5.7.1 no", "permanent: you may not send as this sender", "No letter was opened",
         "", ""},
        {"C: MAIL FROM:<a@b.example>", "", "", "", ""},
        {"S: 250 ok", "", "", "", ""},
        {"C: RCPT TO:<a@b.example>", "", "", "", ""},
        {"S: 550 5.7.1 no", "permanent: relaying or a policy forbids it", "", "", ""},
        {"C: RCPT TO:<a@b.example>", "", "", "", ""},
        {"S: 550 no", "permanent: no such mailbox, or not allowed", "still open", "",
         "No enhanced code"},
        {"C: RCPT TO:<a@b.example>", "", "", "", ""},
        {"S: 250 ok", "", "", "", ""},
        {"C: BDAT 10", "an extension, but EHLO was not answered", "", "", "So many octets follow"},
        {"S: 250 10 octets", "ok: chunk taken, more may follow", "", "BDAT", ""},
        {"C: BDAT 0 LAST", "", "", "", "So many octets follow"},
        {"S: 550 5.7.1 no", "permanent: a policy refuses the letter", "begin again with MAIL", "",
         ""},
        {"C: VRFY a", "", "", "", ""},
        {"S: 550 no", "permanent: unknown, or it will not say", "", "", ""},
        {"C: STARTTLS", "", "", "", "EHLO"},
        {"S: 502 no", "permanent: no STARTTLS here", "", "465", ""},
        {"C: FOO", "not a verb", "", "", "500 or 502"},
        {"S: 550 no", "permanent: refused", "whatever the command was", "", ""},
    };
    RUN("smtp", banner);
    RUN("smtp", refused);
    run("smtp", verbs, 15);
    run("smtp", verbs, COUNT(verbs));
}

static void lmtp_answers_for_each(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"S: 220 lmtp.example", "ok: the LMTP server is ready", "no queue", "LHLO", "!ESMTP"},
        {"C: EHLO a.example", "LMTP greets with LHLO", "", "LHLO", ""},
        {"S: 500 no", "permanent: no such command here", "", "", ""},
        {"C: LHLO a.example", "", "", "", ""},
        {"S: 250 hi", "ok: greeted", "LMTP servers must offer", "", ""},
        {"C: MAIL FROM:<a@b.example>", "", "", "", ""},
        {"S: 250 ok", "", "", "", ""},
        {"C: RCPT TO:<a>", "", "", "", "!no domain"},
        {"S: 250 ok", "", "", "", ""},
        {"C: RCPT TO:<b>", "", "", "", ""},
        {"S: 250 ok", "", "", "", ""},
        {"C: DATA", "", "", "", ""},
        {"S: 354 go", "", "", "", ""},
        {"C: .", "", "", "", ""},
        {"S: 250 2.0.0 ok", "ok: delivered for this recipient", "one of 2 replies",
         "other recipients", ""},
        {"S: 552 over", "permanent: this mailbox is over its quota", "For this one recipient", "",
         ""},
    };
    RUN("lmtp", steps);
}

static void logging_in(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"S: 220 mx.example ESMTP", "ok: the submission server is ready", "starts in the clear",
         "STARTTLS", "It says ESMTP"},
        {"C: EHLO a.example", "", "", "", ""},
        {"S: 250-x\n250 AUTH PLAIN", "", "", "", ""},
        {"C: STARTTLS", "", "", "", "587 is not \"the encrypted port\""},
        {"S: 454 4.7.0 not now", "temporary: no TLS at the moment", "", "send no password", ""},
        {"C: AUTH PLAIN ********", "password (or token) readable: no TLS here",
         "PLAIN: name and password", "", "Base64 is a spelling"},
        {"S: 535 5.7.8 no", "permanent: wrong name, password or token", "You are not logged in", "",
         ""},
        {"C: AUTH LOGIN", "password (or token) readable", "LOGIN: ", "", ""},
        {"S: 334 VXNlcm5hbWU6", "go on: answer in base64, or *", "", "base64", ""},
        {"C: ********", "password", "Your answer", "", ""},
        {"S: 334 UGFzc3dvcmQ6", "go on: the next question of the login", "", "", ""},
        {"C: *", "gives the login up", "", "", "501"},
        {"S: 501 5.7.0 cancelled", "permanent: not base64, or login given up",
         "You are not logged in", "AUTH again", ""},
        {"C: AUTH PLAIN ********", "", "", "", ""},
        {"S: 235 2.7.0 ok", "ok: logged in", "", "MAIL FROM", "crossed the wire readable"},
        {"C: AUTH PLAIN ********", "not legal", "logged in already", "503", ""},
        {"S: 503 again", "permanent: AUTH: not now", "logged in already", "", ""},
        {"C: MAIL FROM:<a@b.example>", "", "", "", ""},
        {"S: 530 5.7.1 Must issue STARTTLS", "permanent: you may not send as this sender", "", "",
         ""},
    };
    run("submission", steps, COUNT(steps) - 1);
    /* 5.7.8 comes with 535; a code's row for the verb beats a vague enhanced code. */
    static const struct step gmail[] = {
        {"S: 220 x ESMTP y - gsmtp", "", "", "", "Google"},
        {"C: EHLO a.example", "", "", "", ""},
        {"S: 250 x", "", "", "", ""},
        {"C: MAIL FROM:<a@b.example>", "", "", "", ""},
        {"S: 530-5.5.1 Authentication Required\n530 5.5.1 more",
         "permanent: MAIL only after TLS or login", "", "AUTH", ""},
    };
    RUN("submission", gmail);
}

static void replies_that_contradict_themselves(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"S: 220 x", "", "", "", ""},
        {"C: EHLO a.example", "", "", "", ""},
        {"S: 250 x", "", "", "", ""},
        {"C: NOOP", "", "", "", ""},
        {"S: 450 5.1.1 x", "temporary: no such mailbox", "", "",
         "The two codes contradict each other: by 450 it may work later, by 5.1.1 it never will"},
        {"C: NOOP", "", "", "", ""},
        {"S: 500-a\n502 b", "", "", "", "The code changed between the lines"},
        {"C: NOOP", "", "", "", ""},
        {"S: 250", "ok: the server is still there", "", "", "!no text"},
        {"C: NOOP", "", "", "", ""},
        {"S: 550", "permanent: ", "", "", "The server gives no text."},
        {"C: NOOP", "", "", "", ""},
        {"S: 599 5.9.9 x", "permanent: refused for good", "No list has this code", "", ""},
        {"C: NOOP", "", "", "", ""},
        {"S: 550 5.7.777 x", "permanent: a policy refuses it", "", "", ""},
        {"C: RSET", "", "", "", ""},
        {"S: 250x", "", "", "", "A blank or a hyphen is missing"},
        {"C: QUIT", "", "", "", ""},
        {"S: HTTP/1.1 400 Bad Request", "an HTTP (web) server's answer", "another service", "port",
         ""},
        {"S: +OK pop", "a POP3 server's reply", "", "", ""},
        {"S: \x1b[31mred", "not the protocol", "", "", ""},
    };
    RUN("smtp", steps);
}

static void the_clients_own_lines(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"S: 220 x", "", "", "", ""},
        {"C: EHLO", "your host's name is missing", "", "", ""},
        {"C: EHLO 192.0.2.1", "a bare IP address", "", "", "[192.0.2.1]"},
        {"C: EHLO [192.0.2.1]", "greets, asks", "", "", ""},
        {"C: EHLO my_host.example", "no underscore", "", "", ""},
        {"C: ehlo laptop", "without dots", "", "", "Verbs may be written in capitals or not"},
        {"S: 250 x", "", "", "", ""},
        {"C: MAIL FROM: <a@b.example>", "no blank after the colon", "", "", ""},
        {"C: MAIL FROM:a@b.example", "the < > are missing", "", "", ""},
        {"C: MAIL FROM <a@b.example>", "the colon is missing", "", "", ""},
        {"C: MAIL TO:<a@b.example>", "MAIL goes with FROM:", "", "", ""},
        {"C: MAIL FROM:", "the address is missing", "", "", ""},
        {"C: MAIL", "address is missing", "", "", "!x"},
        {"C: MAIL FROM:<a@b.example", "the > is missing", "", "", ""},
        {"C: MAIL FROM:<a>", "no domain", "", "", ""},
        {"C: MAIL FROM:<\"a, b\"@c.example>", "begins the envelope", "", "", "!several"},
        {"C: MAIL FROM:<\xc3\xa4@b.example>", "SMTPUTF8", "", "", ""},
        {"C: MAIL FROM:<\xc3\xa4@b.example> SMTPUTF8", "begins the envelope", "", "",
         "SMTPUTF8: addresses"},
        {"C: MAIL FROM:<@r.example:a@b.example>", "a source route", "", "", ""},
        {"C: RETR 1", "that is POP3", "", "", ""},
        {"C: GET / HTTP/1.1", "that is HTTP", "", "", ""},
        {"C: a1 LOGIN x y", "that is IMAP", "", "", ""},
        {"C: STLS", "STARTTLS here", "", "", ""},
        {"C: LHLO x", "EHLO here", "", "", ""},
        {"C: Subject: hello", "header line", "", "", "DATA and its 354"},
        {"C: .", "no letter is open", "", "", ""},
        {"C: ", "an empty line", "", "", ""},
        {"C: RCTP TO:<a@b.example>", "not a verb", "Did you mean RCPT?", "", ""},
        {"C: XYZZY", "not a verb", "!mean", "EHLO", ""},
        {"C: DATA now", "not legal", "", "", "stands alone"},
        {"C: RSET x", "takes no argument", "", "", ""},
        {"C:  NOOP", "a blank before the verb", "", "", ""},
        {"C: NOOP hello", "a sign of life", "", "", "!alone"},
        {"C: MAIL FROM:<a@b.example>", "", "", "", ""},
        {"S: 250 x", "", "", "", ""},
        {"C: RCPT TO:<a@b.example>,<c@d.example>", "several addresses", "", "", "one address"},
        {"C: RCPT TO:<a@b.example> <c@d.example>", "several addresses", "", "", ""},
        {"C: RCPT TO:<a@b.example,c@d.example>", "several addresses", "", "", ""},
        {"C: RCPT TO:a@b.example, c@d.example", "several addresses", "", "", ""},
        {"C: RCPT TO:<>", "an empty recipient", "", "", ""},
        {"C: RCPT TO:<postmaster>", "adds a recipient", "", "", "!domain"},
        {"C: RCPT FROM:<a@b.example>", "RCPT with TO:", "", "", ""},
        {"C: RCPT TO:<a@b.example> NOTIFY=NEVER ORCPT=rfc822;x@y.example", "adds a recipient", "",
         "", "NOTIFY: when to report"},
        {"C: QUIT", "an open letter is thrown away", "", "", ""},
    };
    RUN("smtp", steps);
}

static void reading_mail(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"S: +OK ready <1.2@x.example>", "ok: ready; the <timestamp> allows APOP", "a challenge",
         "APOP", "!ESMTP"},
        {"C: STAT", "not legal", "Nobody is logged in.", "USER", ""},
        {"S: -ERR no", "refused: not valid in this state", "Nobody is logged in.", "USER", ""},
        {"C: STARTTLS", "STLS here", "", "", ""},
        {"S: -ERR what", "refused: no such command here", "", "", ""},
        {"C: PASS ********", "not legal", "right after an accepted USER", "USER", ""},
        {"S: -ERR no", "refused: PASS needs USER first", "", "USER", ""},
        {"C: AUTH", "", "", "", "!readable"},
        {"S: +OK list", "ok: the list of login mechanisms", "Nobody is logged in by it", "", ""},
        {"C: USER student", "names the mailbox", "", "", ""},
        {"S: +OK", "ok: go on with PASS", "does not say that the mailbox exists", "PASS",
         "A bare +OK"},
        {"C: PASS ********", "password readable: no TLS here", "", "", "!Base64"},
        {"S: -ERR [IN-USE] locked", "temporary: another session has the maildrop",
         "The password was right", "", ""},
        {"C: USER student", "", "", "", ""},
        {"S: +OK", "", "", "", ""},
        {"C: PASS ********", "", "", "", ""},
        {"S: +OK in", "ok: logged in", "locked for you", "STAT", "readable"},
        {"C: USER x", "not legal", "logged in already", "", ""},
        {"S: -ERR no", "refused: not valid in this state", "logged in already", "", ""},
        {"C: STAT", "", "", "", ""},
        {"S: +OK 2 1048576", "ok: how many messages", "Here: 2 messages, 1 MiB together.", "LIST",
         ""},
        {"C: STAT", "", "", "", ""},
        {"S: +OK two", "", "Two numbers belong here", "", ""},
        {"C: LIST 1", "", "", "", ""},
        {"S: +OK 1 320", "ok: this message's number", "message 1 has 320 octets", "", ""},
        {"C: LIST 9", "", "", "", ""},
        {"S: -ERR no such", "refused: no message with that number", "", "LIST", ""},
        {"C: RETR", "an argument is missing", "", "", ""},
        {"S: -ERR [SYS/TEMP/DISK] x", "temporary: trouble at the server", "", "", ""},
        {"C: RETR 1", "", "", "", ""},
        {"S: -ERR [XX/YY] x", "refused: no message", "", "", "registered nowhere"},
        {"C: DELE 1", "", "", "", "deleted at QUIT"},
        {"S: +ok marked", "ok: marked", "", "QUIT", "written in capitals"},
        {"C: QUIT", "", "", "", "deletes nothing"},
        {"S: -ERR some not removed", "refused: goodbye, not all was deleted", "", "",
         "!closed now"},
    };
    RUN("pop3", steps);
    static const struct step quit[] = {
        {"S: +OK", "ok: ready; no APOP", "no <timestamp>", "", ""},
        {"C: RCPT TO:<a@b>", "that is SMTP", "", "", ""},
        {"S: -ERR", "refused: ", "", "", "gives no text"},
        {"C: QUIT", "ends the session", "", "", "!DELE"},
        {"S: +OK", "ok: goodbye; nobody was logged in", "", "", ""},
        {"S: -ERR idle", "refused: the server hangs up", "", "", ""},
        {"S: 220 mx.example ESMTP", "an SMTP (or FTP) banner", "", "", ""},
    };
    RUN("pop3", quit);
}

/* A reply on its own: nobody knows what was asked. */
static void a_reply_without_a_talk(void **state)
{
    (void)state;
    struct moment m = {.proto = named("smtp"), .before = {.state = SMTP_READY}};
    struct explanation e;
    const char *line = "550 5.1.1 no such user";
    m.proto->reply(NULL, line, strlen(line), &m.reply);
    assert_true(know_explain(ITEM_SERVER, &m, 0, line, strlen(line), &e));
    assert_string_equal(e.title, "550 5.1.1: no such mailbox");
    assert_string_equal(e.code, "550 = not available, or refused");
    assert_string_equal(e.enhanced, "5.1.1 = bad destination mailbox address");
    assert_string_equal(e.ref, "RFC 5321 4.2.3; RFC 3463 3.2");
    snprintf(m.command.name, sizeof m.command.name, "FOO");
    assert_true(know_explain(ITEM_SERVER, &m, 0, line, strlen(line), &e));
    assert_string_equal(e.title, "550 5.1.1 after an unknown command: no such mailbox");
}

/* ---- events ---- */

static void event(const char *proto, enum event_kind kind, int err, uint8_t st, const char *line,
                  const char *what)
{
    struct moment m = {
        .proto = named(proto), .event = kind, .sys_errno = err, .before = {.state = st}};
    struct explanation e;
    assert_true(know_explain(ITEM_EVENT, &m, 0, line, strlen(line), &e));
    plain(line, &e);
    holds(line, "what", e.what, what);
    assert_true(*e.title);
}

static void events_say_what_they_mean_for_the_other_end(void **state)
{
    (void)state;
    event("smtp", EVENT_REFUSED, ECONNREFUSED, SMTP_BANNER, "192.0.2.1:25: refused",
          "nothing listens at this port");
    event("pop3", EVENT_REFUSED, ECONNREFUSED, 0, "x", "keep 995");
    event("smtp", EVENT_TIMED_OUT, ETIMEDOUT, SMTP_BANNER, "192.0.2.1:25: no answer within 30 s",
          "block outgoing port 25");
    event("smtp", EVENT_TIMED_OUT, ETIMEDOUT, SMTP_BANNER, "192.0.2.1:2525: no answer within 30 s",
          "!port 25");
    event("smtp", EVENT_TIMED_OUT, ETIMEDOUT, SMTP_BANNER, "[2001:db8::1]:25",
          "block outgoing port 25");
    event("submission", EVENT_TIMED_OUT, ETIMEDOUT, SMTP_BANNER, "192.0.2.1:25", "!port 25");
    event("smtp", EVENT_TIMED_OUT, 0, SMTP_RCPT, "no reply to RCPT within 300 s",
          "silent for longer");
    event("smtp", EVENT_NO_ROUTE, ENETUNREACH, SMTP_BANNER, "x", "no IPv6");
    event("smtp", EVENT_NO_ROUTE, EHOSTUNREACH, SMTP_BANNER, "x", "cannot be reached");
    event("smtp", EVENT_RESET, ECONNRESET, SMTP_BANNER, "x", "before a word was said");
    event("smtp", EVENT_RESET, ECONNRESET, SMTP_RCPT, "x", "mid-session");
    event("smtp", EVENT_NAME_NOT_FOUND, 0, SMTP_BANNER, "x", "does not exist");
    event("smtp", EVENT_NAME_TRY_AGAIN, 0, SMTP_BANNER, "x", "may well exist");
    event("submission", EVENT_CONNECTED, 0, SMTP_BANNER, "x", "587 is not \"the encrypted port\"");
    event("smtp", EVENT_INJECTED, 0, SMTP_HELLO, "x", "in the clear");
    for (int k = 0; k < EVENT_KINDS; k++)
        event("pop3", (enum event_kind)k, k * 3, (uint8_t)(k % 3), "", "");
    event("smtp", (enum event_kind)EVENT_KINDS, 0, 0, "", "remark");
}

static void notes_become_sentences(void **state)
{
    (void)state;
    struct moment m = {.proto = named("smtp"), .before = {.state = SMTP_READY}};
    struct explanation e;
    m.command.verb = proto_verb(m.proto, "NOOP", 4);
    assert_true(know_explain(ITEM_CLIENT, &m, NOTE_BARE_LF | NOTE_NUL | NOTE_LONG, "NOOP", 4, &e));
    assert_non_null(strstr(e.extra, "LF alone"));
    assert_non_null(strstr(e.extra, "NUL"));
    assert_non_null(strstr(e.extra, "512 octets"));
    assert_true(know_explain(ITEM_CLIENT, &m, ~0u, "NOOP", 4, &e));
    plain("NOOP", &e);
    assert_false(know_explain(ITEM_TEXT, &m, 0, "x", 1, &e));
    assert_string_equal(e.what, "");
    assert_false(know_explain(ITEM_SERVER, NULL, 0, "x", 1, &e));
    assert_string_equal(e.extra, "");
}

/* ---- hostile ---- */

static uint32_t seed = 20250301;
static unsigned dice(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* Any moment at all, and any octets: the strings stay inside, are plain, and nothing is NULL. */
static void nothing_breaks_it(void **state)
{
    (void)state;
    static const char *const protos[] = {"smtp", "submission", "lmtp", "pop3"};
    static const char *const starts[] = {"MAIL FROM:",
                                         "RCPT TO:<",
                                         "EHLO ",
                                         "AUTH ",
                                         "550 5.1.1 ",
                                         "+OK ",
                                         "-ERR [SYS/",
                                         "220 ESMTP **",
                                         "\"\\<",
                                         "",
                                         "SIZE=999999999999999999999"};
    /* Filled first, so that a missing NUL would be seen. */
    struct explanation *e = malloc(sizeof *e);
    for (int round = 0; round < 60000; round++) {
        char line[700];
        size_t n = 0;
        struct moment m;
        const char *start = starts[dice(COUNT(starts))];
        memset(e, 'x', sizeof *e);
        n = strlen(start);
        memcpy(line, start, n);
        for (unsigned more = dice(8) ? dice(40) : dice(600); more > 0 && n < sizeof line; more--)
            line[n++] = (char)(dice(3) ? (unsigned)" <>@,:\"\\.=a1["[dice(13)] : dice(256));
        memset(&m, 0, sizeof m);
        m.proto = dice(50) ? named(protos[dice(4)]) : NULL;
        if (m.proto && dice(20))
            m.command.verb = &m.proto->verbs[dice((unsigned)m.proto->nverbs)];
        for (size_t i = 0; i + 1 < sizeof m.command.name; i++)
            m.command.name[i] = (char)(1 + dice(255));
        if (dice(2))
            snprintf(m.command.mechanism, sizeof m.command.mechanism, "%s",
                     dice(2) ? "LOGIN" : "SCRAM-\x1b[1m");
        m.command.last = dice(2);
        m.command.body = dice(2);
        m.before.state = (uint8_t)(dice(10) ? dice(12) : dice(256));
        m.after.state = (uint8_t)(dice(10) ? dice(12) : dice(256));
        m.before.rcpts = dice(3) ? dice(4) : UINT32_MAX;
        m.after.rcpts = dice(3) ? dice(4) : UINT32_MAX;
        m.before.lmtp = dice(2);
        m.before.tls = dice(2);
        m.reply.cls = (enum reply_class)dice(5);
        m.reply.code = (int)(dice(10) ? 200 + dice(400) : dice(65536)) - (int)dice(2) * 300;
        m.reply.eclass = (uint8_t)(dice(3) ? dice(6) : dice(256));
        m.reply.esubject = (uint16_t)(dice(3) ? dice(9) : dice(65536));
        m.reply.edetail = (uint16_t)(dice(3) ? dice(40) : dice(65536));
        m.reply.text = dice(3) ? dice(20) : SIZE_MAX;
        m.reply.lines = dice(4);
        m.reply.odd = dice(2);
        m.unsolicited = dice(4) == 0;
        m.event = (enum event_kind)dice(EVENT_KINDS + 2);
        m.sys_errno = (int)dice(140);
        if (dice(3) == 0)
            snprintf(m.reply.respcode, sizeof m.reply.respcode, "%s",
                     dice(2) ? "SYS/TEMP" : "\x07\x1b]0;x\x07");
        enum item_kind kind = (enum item_kind)dice(3);
        /* An exact copy on the heap: reading past it is seen by the sanitizers. */
        char *exact = malloc(n ? n : 1);
        memcpy(exact, line, n);
        bool known = know_explain(kind, &m, dice(2) ? 0 : dice(512), exact, n, e);
        free(exact);
        assert_true(known);
        plain("hostile", e);
        assert_true(*e->what && *e->title);
    }
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_and_its_troubles),
        cmocka_unit_test(the_same_code_differs_by_verb),
        cmocka_unit_test(lmtp_answers_for_each),
        cmocka_unit_test(logging_in),
        cmocka_unit_test(replies_that_contradict_themselves),
        cmocka_unit_test(the_clients_own_lines),
        cmocka_unit_test(reading_mail),
        cmocka_unit_test(a_reply_without_a_talk),
        cmocka_unit_test(events_say_what_they_mean_for_the_other_end),
        cmocka_unit_test(notes_become_sentences),
        cmocka_unit_test(nothing_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
