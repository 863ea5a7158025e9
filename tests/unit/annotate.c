/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings through annotate.c: each way of writing one down, read whole and octet by octet (both
 * must say the same), each way of writing the explanation, secrets, and bad input. */
#include "heloscope/annotate.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct got {
    struct buf b;
    uint64_t explained;
    char format[24], why[200];
};

static bool collect(void *arg, const char *p, size_t n)
{
    return buf_add(arg, p, n);
}

static void feed(struct got *g, struct annotate_options o, const char *p, size_t n, size_t piece)
{
    char why[200];
    memset(g, 0, sizeof *g);
    buf_init(&g->b, 64u << 20);
    o.write = collect;
    o.arg = &g->b;
    struct annotator *a = annotate_new(&o, why, sizeof why);
    assert_non_null(a);
    bool ok = true;
    while (n > 0 && ok) {
        size_t room;
        char *to = annotate_room(a, &room);
        size_t k = n < piece ? n : piece;
        assert_true(room >= 65536);
        k = k < room ? k : room;
        memcpy(to, p, k);
        p += k;
        n -= k;
        ok = annotate_took(a, k);
    }
    if (ok)
        annotate_end(a);
    g->explained = annotate_explained(a);
    snprintf(g->format, sizeof g->format, "%s", annotate_format_name(a));
    snprintf(g->why, sizeof g->why, "%s", annotate_why(a));
    annotate_free(a);
}

/* Whole and octet by octet. */
static void explain(struct got *g, enum annotate_as as, const char *text)
{
    struct got slow;
    feed(g, (struct annotate_options){.as = as}, text, strlen(text), 1u << 20);
    feed(&slow, (struct annotate_options){.as = as}, text, strlen(text), 1);
    assert_string_equal(buf_str(&g->b), buf_str(&slow.b));
    assert_int_equal(g->explained, slow.explained);
    buf_clear(&slow.b);
}

static void has(const struct got *g, const char *words)
{
    if (!strstr(buf_str(&g->b), words))
        fail_msg("%s\nis not in:\n%s", words, buf_str(&g->b));
}

static void has_not(const struct got *g, const char *words)
{
    if (strstr(buf_str(&g->b), words))
        fail_msg("%s\nis in:\n%s", words, buf_str(&g->b));
}

/* A recording of each kind: what it is taken for, how many replies there are, what must be said,
 * and what must not. */
static const struct {
    const char *name, *text;
    int replies;
    const char *say[4], *not [3];
} samples[] = {
    {"text",
     "S: 220 mx.example.net ESMTP\nC: EHLO a.example\nS: 250-mx.example.net\nS: 250 SIZE 1048576\n"
     "C: MAIL FROM:<a@a.example>\nS: 250 2.1.0 Ok\nC: RCPT TO:<b@mx.example.net>\n"
     "S: 550 5.1.1 No such user\nC: QUIT\nS: 221 Bye\n",
     5,
     {"S: 550 5.1.1 No such user\n   | permanent", "SIZE: letters up to 1 MiB"},
     {0}},
    {"talk",
     "Trying 192.0.2.1...\nConnected to mx.example.net.\nEscape character is '^]'.\n"
     "220 mx.example.net ESMTP\nEHLO a.example\n250 mx.example.net\nMAIL FROM:a@a.example\n"
     "501 5.1.7 Bad sender address syntax\nQUIT\n221 Bye\nConnection closed by foreign host.\n",
     4,
     {"501 5.1.7 Bad sender address syntax\n   | permanent"},
     {0}},
    {"s_client",
     "CONNECTED(00000003)\ndepth=2 C = XX, O = Example\nverify return:1\n---\n"
     "Certificate chain\n 0 s:CN = mx.example.net\n---\n-----BEGIN CERTIFICATE-----\n"
     "MIIB0jCCAXkCFAexample\n-----END CERTIFICATE-----\n---\n250 CHUNKING\nEHLO a.example\n"
     "250-mx.example.net\n250 SIZE 1048576\nMAIL FROM:<a@a.example>\n530 5.7.0 Must log in first\n"
     "QUIT\n221 Bye\nclosed\n",
     3,
     {"530 5.7.0 Must log in first\n   | permanent", "MIIB0jCCAXkCFAexample\n-----END"},
     {0}},
    {"prose",
     "How to test a server by hand\n\nOpen a connection. The server greets:\n\n"
     "220 mx.example.net ESMTP\nEHLO a.example\n250 mx.example.net\n\nThen say who you are, "
     "and see what it says.\n\nMAIL FROM:<a@a.example>\n452 4.3.1 Insufficient system storage\n"
     "\nThat was all of it.\n",
     3,
     {"452 4.3.1 Insufficient system storage\n   | temporary", "Then say who you are",
      "That was all of it.\n"},
     {"Then say who you are, and see what it says.\n   |"}},
    {"prose",
     "<html><body><h1>A session</h1>\n<pre>\n220 mx.example.net ESMTP\n<b>EHLO me.example</b>\n"
     "250-mx.example.net\n250 SIZE 100\nMAIL FROM:&lt;a@b.example&gt;\n250 OK\n"
     "RCPT TO:<c@d.example>\n550 5.1.1 &lt;c@d.example&gt; user unknown\nQUIT\n221 bye\n"
     "</pre></body></html>\n",
     5,
     {"C: MAIL FROM:<a@b.example>\nS: 250 OK\n", "C: RCPT TO:<c@d.example>\n",
      "S: 550 5.1.1 <c@d.example> user unknown\n   | permanent", "</pre></body></html>\n"},
     {"syntax"}},
    {"swaks",
     "=== Trying mx.example.net:25...\n=== Connected to mx.example.net.\n"
     "<-  220 mx.example.net ESMTP\n -> EHLO a.example\n<-  250-mx.example.net\n<-  250 STARTTLS\n"
     " -> STARTTLS\n<-  220 2.0.0 go\n=== TLS started with cipher TLSv1.3\n ~> EHLO a.example\n"
     "<~  250 mx.example.net\n ~> MAIL FROM:<a@a.example>\n<~  250 2.1.0 Ok\n"
     " ~> RCPT TO:<b@mx.example.net>\n<~* 554 5.7.1 Relay access denied\n ~> QUIT\n<~  221 Bye\n"
     "=== Connection closed with remote host.\n",
     7,
     {"<~* 554 5.7.1 Relay access denied\n   | permanent", "=== TLS started"},
     {0}},
    {"swaks",
     "=== Trying mx.example.net:25...\n=== Connected to mx.example.net.\n"
     "<-  220 mx.example.net ESMTP\n -> EHLO a.example\n<** 550 5.7.1 go away\n -> QUIT\n<-  221 "
     "Bye\n",
     3,
     {"<** 550 5.7.1 go away\n   | permanent"},
     {0}},
    {"curl",
     "* Connected to mx.example.net (192.0.2.1) port 25\n< 220 mx.example.net ESMTP\n"
     "> EHLO a.example\n< 250 mx.example.net\n> MAIL FROM:<a@a.example>\n< 250 2.1.0 Ok\n"
     "> RCPT TO:<b@mx.example.net>\n< 451 4.7.1 Greylisted, try again later\n* Closing "
     "connection\n",
     4,
     {"< 451 4.7.1 Greylisted, try again later\n   | temporary"},
     {0}},
    {"msmtp",
     "loaded system configuration file\n<-- 220 mx.example.net ESMTP\n--> EHLO a.example\n"
     "<-- 250-mx.example.net\n<-- 250 AUTH PLAIN\n--> AUTH PLAIN AHVzZXIAc2VzYW1lLXdvcmQ=\n"
     "<-- 535 5.7.8 Authentication failed\n",
     3,
     {"<-- 535 5.7.8 Authentication failed\n   | permanent", "--> AUTH PLAIN ********"},
     {"AHVzZXIA"}},
    {"msmtp", /* mpop's */
     "<-- +OK pop.example.net ready\n--> USER joe\n<-- +OK\n--> PASS sesame-word\n"
     "<-- -ERR [AUTH] wrong\n",
     3,
     {"<-- -ERR [AUTH] wrong\n   | permanent", "--> PASS ********"},
     {"sesame"}},
    {"sendmail",
     "   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n"
     ">>> MAIL From:<a@a.example>\n<<< 250 2.1.0 Ok\n>>> RCPT To:<b@mx.example.net>\n"
     "<<< 550 5.1.1 unknown user\n",
     2,
     {"<<< 550 5.1.1 unknown user\n   | permanent"},
     {0}},
    {"python",
     "send: 'ehlo [127.0.1.1]\\r\\n'\nreply: b'250-mx.example.net\\r\\n'\n"
     "reply: b'250 AUTH PLAIN\\r\\n'\nreply: retcode (250); Msg: b'mx.example.net\\nAUTH PLAIN'\n"
     "send: 'AUTH PLAIN AHVzZXIAc2VzYW1lLXdvcmQ=\\r\\n'\n"
     "reply: b'535 5.7.8 it\\'s wrong\\r\\n'\nreply: retcode (535); Msg: b'5.7.8'\n",
     2,
     {"S: 535 5.7.8 it's wrong\n   | permanent", "C: AUTH PLAIN ********"},
     {"AHVzZXIA"}},
    {"python", /* poplib's */
     "*cmd* 'USER joe'\n*resp* b'+OK'\n*cmd* 'PASS sesame-word'\n*resp* b'-ERR no'\n",
     2,
     {"S: -ERR no\n   | permanent", "C: PASS ********"},
     {"sesame"}},
    {"maillog",
     "Nov  1 10:00:00 host postfix/smtp[77]: 4ABC: to=<b@mx.example.net>, "
     "relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host "
     "mx.example.net[192.0.2.1] said: 550 5.1.1 <b@mx.example.net>: unknown (in reply to RCPT TO "
     "command))\nNov  1 10:00:01 host postfix/qmgr[5]: 4ABC: removed\n",
     1,
     {"   | recipient: b@mx.example.net\n   | permanent", "4ABC: removed\n"},
     {"removed\n   |"}},
    {"maillog",
     "2026-11-01 10:00:00 1abcde-000000 ** b@mx.example.net R=dns T=smtp H=mx.example.net "
     "[192.0.2.1]: SMTP error from remote mail server after RCPT TO:<b@mx.example.net>: 550 5.1.1 "
     "nobody of that name\n",
     1,
     {"   | recipient: b@mx.example.net\n   | permanent"},
     {0}},
    {"maillog",
     "Nov  1 10:00:00 host sm-mta[9]: x9: to=<b@mx.example.net>, delay=00:00:01, mailer=esmtp, "
     "relay=mx.example.net. [192.0.2.1], dsn=4.7.1, stat=Deferred: 451 4.7.1 come back later\n",
     1,
     {"   | recipient: b@mx.example.net\n   | temporary"},
     {0}},
    {"dsn",
     "Reporting-MTA: dns; out.a.example\n\nFinal-Recipient: rfc822; b@mx.example.net\n"
     "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 The mailbox\n  is over its "
     "quota\n\nFinal-Recipient: rfc822; c@mx.example.net\nAction: failed\nDiagnostic-Code: smtp; "
     "550 5.1.1 unknown\n",
     2,
     {"recipient: b@mx.example.net\n   | permanent", "recipient: c@mx.example.net\n   | permanent"},
     {0}},
    {"jsonl",
     "{\"kind\":\"server\",\"protocol\":\"pop3\",\"lines\":[\"+OK ready\"]}\n"
     "{\"kind\":\"client\",\"lines\":[\"USER joe\"]}\n{\"kind\":\"server\",\"lines\":[\"-ERR "
     "no\"]}\n"
     "{\"kind\":\"client\",\"li\n",
     2,
     {"S: -ERR no\n   | permanent", "-- line 4 "},
     {0}},
    {"reply", "550 5.7.1 Relaying denied\n", 1, {"Relaying denied\n   | permanent"}, {0}},
    {"reply",
     "550-5.7.26 Unauthenticated\n550 5.7.26 mail\n-ERR [IN-USE] locked\n421 4.7.0 later\n",
     3,
     {"mail\n   | permanent", "locked\n   | temporary", "later\n   | temporary"},
     {0}},
    {"none",
     "Dear all,\nthe 220 guests came.\n550 of the others stayed at home.\n> quoted\n",
     0,
     {"550 of the others stayed at home.\n"},
     {"|"}},
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct got g;
        explain(&g, ANNOTATE_TEXT, samples[i].text);
        if (g.explained != (uint64_t)samples[i].replies || strcmp(g.format, samples[i].name) != 0)
            fail_msg("sample %zu as %s: %d replies\n%s", i, g.format, (int)g.explained,
                     buf_str(&g.b));
        assert_string_equal(g.format, samples[i].name);
        for (size_t k = 0; k < 4 && samples[i].say[k]; k++)
            has(&g, samples[i].say[k]);
        for (size_t k = 0; k < 3 && samples[i].not [k]; k++)
            has_not(&g, samples[i].not [k]);
        buf_clear(&g.b);
        for (int as = ANNOTATE_PLAIN; as <= ANNOTATE_MARKDOWN; as++) {
            explain(&g, (enum annotate_as)as, samples[i].text);
            assert_int_equal(g.explained, samples[i].replies);
            has_not(&g, "sesame");
            has_not(&g, "AHVzZXIA");
            buf_clear(&g.b);
        }
    }
}

/* With CRLF it says the same; with some of each too. */
static void test_line_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct buf mixed;
        struct got g, crlf;
        buf_init(&mixed, 1u << 16);
        for (const char *p = samples[i].text; *p; p++) {
            if (*p == '\n' && (p - samples[i].text) % 3)
                buf_add_char(&mixed, '\r');
            buf_add_char(&mixed, *p);
        }
        explain(&g, ANNOTATE_TEXT, samples[i].text);
        explain(&crlf, ANNOTATE_TEXT, buf_str(&mixed));
        assert_string_equal(buf_str(&g.b), buf_str(&crlf.b));
        buf_clear(&g.b);
        buf_clear(&crlf.b);
        buf_clear(&mixed);
    }
}

/* What was seen once is remembered; it must be said of the second session as of the first. */
static void test_again(void **state)
{
    struct buf many;
    struct got one, g;
    (void)state;
    buf_init(&many, 4u << 20);
    for (int i = 0; i < 3000; i++)
        buf_addf(&many,
                 "S: 220 mx.example.net ESMTP\nC: EHLO a.example\nS: 250-mx.example.net\nS: 250 "
                 "PIPELINING\nC: MAIL FROM:<a%d@a.example>\nS: 250 2.1.0 Ok\nC: RCPT "
                 "TO:<b%d@mx.example.net>\nS: 550 5.1.1 No such user\nC: DATA\nS: 503 5.5.1 no "
                 "recipients\nC: QUIT\nS: 221 Bye\n",
                 i, i * 7);
    explain(&one, ANNOTATE_JSON, buf_str(&many));
    assert_int_equal(one.explained, 6 * 3000);
    explain(&g, ANNOTATE_TEXT, buf_str(&many));
    assert_int_equal(g.explained, 6 * 3000);
    has(&g, "C: MAIL FROM:<a2999@a.example>\nS: 250 2.1.0 Ok\n   | ok: sender accepted\nC: RCPT "
            "TO:<b20993@mx.example.net>\nS: 550 5.1.1 No such user\n   | permanent");
    buf_clear(&g.b);
    buf_clear(&one.b);
    buf_clear(&many);
}

/* A secret stays masked wherever it comes again, also in lines that were remembered before it was
 * known to be one. */
static void test_secrets(void **state)
{
    static const char text[] =
        "S: +OK ready\nC: NOOP sesame-word\nS: -ERR sesame-word?\nC: USER joe\nS: +OK\n"
        "C: PASS sesame-word\nS: -ERR no\nC: NOOP sesame-word\nS: -ERR sesame-word?\nC: QUIT\nS: "
        "+OK\n"
        "S: +OK ready\nC: NOOP sesame-word\nS: -ERR sesame-word?\n";
    (void)state;
    for (int as = ANNOTATE_TEXT; as <= ANNOTATE_MARKDOWN; as++) {
        struct got g;
        explain(&g, (enum annotate_as)as, text);
        const char *pass = strstr(buf_str(&g.b), "USER joe");
        assert_non_null(pass);
        if (strstr(pass, "sesame"))
            fail_msg("%d: %s", as, buf_str(&g.b));
        buf_clear(&g.b);
    }
    struct got g;
    feed(&g, (struct annotate_options){.show_secrets = true}, text, sizeof text - 1, 4096);
    has(&g, "C: PASS sesame-word\n");
    buf_clear(&g.b);
    explain(&g, ANNOTATE_TEXT, "note: I typed AUTH PLAIN AHVzZXIAc2VzYW1l and PASS sesame\n");
    has(&g, "AUTH PLAIN ******** and PASS ********\n");
    buf_clear(&g.b);
}

/* Colours that a program put into its log are no part of what was said; the secrets in it are
 * found behind them, and in every way of writing the explanation they are masked. */
static void test_colors(void **state)
{
    static const char log[] =
        "\x1b[1m=== Trying mx.example.net:25...\x1b[0m\n"
        "\x1b[32m<-  220 mx.example.net ESMTP\x1b[0m\n"
        "\x1b[1;36m -> EHLO a.example\x1b(B\x1b[m\n\x1b[32m<-  250-mx.example.net\x1b[0m\n"
        "\x1b[32m<-  250 AUTH PLAIN LOGIN\x1b[0m\n"
        "\x1b[36m -> AUTH PLAIN \x1b[1mAHVzZXIAc2VzYW1lLXdvcmQ=\x1b[0m\x1b[K\n"
        "\x1b[38;5;9m<** 535 5.7.8 sesame-word is wrong\x1b[0m\n"
        "\x1b[36m -> AUTH LOGIN\x1b[0m\n\x1b[32m<-  334 VXNlcm5hbWU6\x1b[0m\n"
        "\x1b[36m -> dXNlcg==\x1b[0m\n\x1b[32m<-  334 UGFzc3dvcmQ6\x1b[0m\n"
        "\x1b[36m -> b3Blbi1zZXNhbWU=\x1b[0m\n\x1b[32m<-  235 2.7.0 ok open-sesame\x1b[0m\n"
        "\x1b[36m -> QUIT\x1b[0m\n\x1b[32m<-  221 Bye\x1b[0m\n";
    struct got g;
    (void)state;
    for (int as = ANNOTATE_TEXT; as <= ANNOTATE_MARKDOWN; as++) {
        explain(&g, (enum annotate_as)as, log);
        assert_string_equal(g.format, "swaks");
        assert_int_equal(g.explained, 7);
        has_not(&g, "\x1b");
        has_not(&g, "[0m");
        has_not(&g, "^[");
        has_not(&g, "(B");
        has_not(&g, "sesame");
        has_not(&g, "c2VzYW1l");
        has_not(&g, "b3Blbi1z");
        buf_clear(&g.b);
    }
    explain(&g, ANNOTATE_TEXT, log);
    has(&g, "<** 535 5.7.8 ******** is wrong\n   | permanent");
    has(&g, " -> AUTH PLAIN ********\n");
    buf_clear(&g.b);
    /* in a line that was understood they are the server's: seen as what they are */
    explain(&g, ANNOTATE_TEXT, "S: 220 mx ESMTP\nC: EHLO a\nS: 250 \x1b[31mred\n");
    has(&g, "S: 250 ^[[31mred\n");
    buf_clear(&g.b);
    /* nothing is understood: shown as it is, but for a login */
    explain(&g, ANNOTATE_TEXT, "a \x1b[31mPASS\x1b[0m sesame\nb \x1b[31mred\n");
    assert_string_equal(buf_str(&g.b), "a PASS ********\nb ^[[31mred\n");
    buf_clear(&g.b);
    /* and what is secret in such a line is so without them too, decoded or not */
    explain(&g, ANNOTATE_TEXT,
            "S: 220 mx ESMTP\nC: AUTH PLAIN \x1b[1mAHVzZXIAc2VzYW1lLXdvcmQ=\x1b[0m\n"
            "S: 535 not AHVzZXIAc2VzYW1lLXdvcmQ=, sesame-word\n");
    has(&g, "C: AUTH PLAIN ********\n");
    has(&g, "S: 535 not ********, ********\n");
    buf_clear(&g.b);
    /* what only begins like a colour stays */
    explain(&g, ANNOTATE_TEXT,
            "\x1b[1mS: 220 mx ESMTP\x1b[0m\nC: EHLO a\nS: 250 a\x1b[2Jb\x1b]0;t\x07\x1b[");
    has(&g, "S: 250 a^[[2Jb^[]0;t^G^[[\n");
    buf_clear(&g.b);
}

/* What a line more or less decides. */
static void test_small_things(void **state)
{
    struct got g;
    (void)state;
    /* a secret of the talk, in text around it */
    explain(&g, ANNOTATE_TEXT,
            "S: +OK\nC: USER joe\nS: +OK\nC: PASS sesame-word\nS: -ERR no\n"
            "I typed sesame-word there\n");
    has(&g, "I typed ******** there\n");
    buf_clear(&g.b);
    /* one quoted line, one field of a notification: quotations */
    explain(&g, ANNOTATE_TEXT, "it printed\nreply: b'250 ok\\r\\n'\n");
    assert_string_equal(g.format, "none");
    buf_clear(&g.b);
    explain(&g, ANNOTATE_TEXT, "it says\nDiagnostic-Code: smtp; 550 no\n");
    assert_string_equal(g.format, "none");
    buf_clear(&g.b);
    /* colours where the user says what it is */
    static const char inside[] = "<-  \x1b[32m220 mx\x1b[0m\n -> \x1b[1mEHLO a\x1b[0m\n"
                                 "<-  \x1b[32m250 mx\x1b[0m\n";
    feed(&g, (struct annotate_options){.format = "swaks"}, inside, sizeof inside - 1, 4096);
    assert_int_equal(g.explained, 2);
    has_not(&g, "[32m");
    buf_clear(&g.b);
    /* a reply that was wrapped is one; two of the same code are two */
    explain(&g, ANNOTATE_TEXT, "552 5.2.2 The\nmailbox is full\n");
    has(&g, "552 5.2.2 The\nmailbox is full\n   | permanent: mailbox-full");
    buf_clear(&g.b);
    explain(&g, ANNOTATE_TEXT, "550 5.1.1 user unknown\n550 5.7.1 relaying denied\n");
    assert_int_equal(g.explained, 2);
    has(&g, "user-unknown");
    has(&g, "relay-denied");
    buf_clear(&g.b);
    /* a recipient belongs to its block */
    explain(&g, ANNOTATE_TEXT,
            "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b@c.example\n\nDiagnostic-Code: "
            "smtp; 550 5.1.1 user unknown\n");
    assert_int_equal(g.explained, 1);
    has_not(&g, "recipient: b@c.example");
    buf_clear(&g.b);
    /* of another kind than smtp: words, no reply */
    explain(&g, ANNOTATE_JSON,
            "Action: failed\nDiagnostic-Code: X-Unix; mailbox full, over quota\n");
    has(&g, "\"cause\":\"mailbox-full\"");
    has_not(&g, "\"code\":5");
    buf_clear(&g.b);
    /* smtplib's second level; octets in what Python quotes */
    explain(&g, ANNOTATE_TEXT,
            "10:20:30.456789 send: 'noop\\r\\n'\n"
            "10:20:30.456790 reply: b'250 2.0.0 caf\\xc3\\xa9\\r\\n'\n");
    has(&g, "S: 250 2.0.0 caf<U+00E9>\n"); /* decoded, and shown as the C locale can */
    buf_clear(&g.b);
}

static void test_hostile(void **state)
{
    struct got g;
    (void)state;
    explain(&g, ANNOTATE_TEXT, "\x1b]0;title\x07\x1b[31mred\n\xff\xfe\xc2\x9b");
    for (size_t i = 0; i < g.b.len; i++)
        assert_true(g.b.p[i] == '\n' || (unsigned char)g.b.p[i] >= 0x20);
    has(&g, "^[[31mred");
    buf_clear(&g.b);
    for (int as = ANNOTATE_TEXT; as <= ANNOTATE_MARKDOWN; as++) {
        explain(&g, (enum annotate_as)as,
                "S: 220 <script>\x1b[31m|\nC: EHLO <b>`x`\nS: 250 a&b\x9b\n");
        assert_null(strchr(buf_str(&g.b), 0x1b));
        if (as == ANNOTATE_HTML)
            has_not(&g, "<script>");
        if (as == ANNOTATE_MARKDOWN)
            has_not(&g, "[31m|");
        buf_clear(&g.b);
    }
    feed(&g, (struct annotate_options){0},
         "\xff\xfe"
         "2\0002\0000\0",
         8, 4096);
    assert_non_null(strstr(g.why, "UTF-16"));
    buf_clear(&g.b);
    feed(&g, (struct annotate_options){0}, "2\0002\0000\0 \0m\0x\0", 12, 4096);
    assert_non_null(strstr(g.why, "UTF-16"));
    buf_clear(&g.b);
}

/* Cut off in mid-reply: what came is explained. A line without end: a part of it is shown, the rest
 * counted. */
static void test_cut_and_long(void **state)
{
    struct got g;
    (void)state;
    explain(&g, ANNOTATE_TEXT, "S: 220 mx ESMTP\nC: EHLO a\nS: 550-5.7.1 go\nS: 550-5.7.1 awa");
    assert_int_equal(g.explained, 2);
    has(&g, "550-5.7.1 awa\n   | permanent");
    buf_clear(&g.b);
    size_t n = 3u << 20;
    char *p = malloc(n);
    assert_non_null(p);
    memset(p, 'x', n);
    memcpy(p + n - 8, "\nend\nx\ny", 8);
    feed(&g, (struct annotate_options){0}, p, n, 100000);
    has(&g, "[and 3080184 octets more in this line]\nend\nx\ny\n");
    buf_clear(&g.b);
    memset(p, '{', n);
    memcpy(p, "{\"kind\":\"server\",\"protocol\":\"smtp\",\"lines\":[\"220 mx\"]}\n", 56);
    feed(&g, (struct annotate_options){0}, p, n, 100000);
    has(&g, "octets more in this line]");
    buf_clear(&g.b);
    free(p);
}

/* The beginning of an overlong reply is its command's, and an overlong secret stays one. */
static void test_long_reply(void **state)
{
    (void)state;
    static char text[200000];
    struct got g;
    int n = snprintf(text, sizeof text,
                     "S: 220 mx ESMTP\nC: EHLO a.example\nS: 250 ok\nC: MAIL FROM:<a@b.example>\n"
                     "S: 250 ok\nC: RCPT TO:<x@b.example>\nS: 550 5.1.1 user unknown ");
    memset(text + n, 'x', 70000);
    n += 70000;
    n += snprintf(text + n, sizeof text - (size_t)n, "\nC: AUTH PLAIN ");
    memset(text + n, 'Q', 70000);
    n += 70000;
    snprintf(text + n, sizeof text - (size_t)n, "\nS: 535 no\nC: QUIT\nS: 221 bye\n");
    explain(&g, ANNOTATE_TEXT, text);
    has(&g, "user-unknown");
    has(&g, "octets more in this line]");
    has(&g, "auth-failed");
    has_not(&g, "QQQQ");
    assert_int_equal(g.explained, 6);
    buf_clear(&g.b);
}

static void test_page_and_table(void **state)
{
    struct got g;
    (void)state;
    explain(&g, ANNOTATE_HTML, samples[0].text);
    has(&g, "<!DOCTYPE html>");
    has(&g, "prefers-color-scheme:dark");
    has(&g, "</html>\n");
    has_not(&g, "src=");
    has_not(&g, "http://");
    buf_clear(&g.b);
    explain(&g, ANNOTATE_MARKDOWN, samples[0].text);
    has(&g, "| S | 550 5.1.1 No such user | permanent");
    buf_clear(&g.b);
    feed(&g, (struct annotate_options){.as = ANNOTATE_MARKDOWN, .blank = true}, samples[0].text,
         strlen(samples[0].text), 4096);
    has(&g, "| S | 550 5.1.1 No such user | |\n");
    has_not(&g, "permanent");
    buf_clear(&g.b);
    explain(&g, ANNOTATE_JSON, samples[0].text);
    has(&g, "\"protocol\":\"smtp\",\"stage\":\"rcpt\",\"verb\":\"RCPT\",\"code\":550,\"enhanced\":"
            "\"5.1.1\",\"class\":\"permanent\",\"cause\":\"");
    buf_clear(&g.b);
}

static void test_insist(void **state)
{
    char why[300];
    struct got g;
    (void)state;
    struct annotate_options o = {.format = "html"};
    assert_null(annotate_new(&o, why, sizeof why));
    assert_non_null(strstr(why, "swaks"));
    feed(&g, (struct annotate_options){.format = "none"}, samples[0].text, strlen(samples[0].text),
         4096);
    assert_int_equal(g.explained, 0);
    assert_string_equal(buf_str(&g.b), samples[0].text);
    buf_clear(&g.b);
    feed(&g, (struct annotate_options){.format = "talk"}, "EHLO a\n250 b\n", 13, 4096);
    assert_string_equal(g.format, "talk");
    buf_clear(&g.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),      cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_again),        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_colors),       cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_small_things), cmocka_unit_test(test_cut_and_long),
        cmocka_unit_test(test_long_reply),   cmocka_unit_test(test_page_and_table),
        cmocka_unit_test(test_insist),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
