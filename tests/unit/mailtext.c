/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages cut into fields, whom the From field names, and domains made comparable. */
#include "tests/support/check.h"
#include "heloscope/mailtext.h"

#include <stdio.h>
#include <string.h>

static void fields(void **state)
{
    (void)state;
    static const char text[] =
        "Received: a\r\n\tb\r\nnonsense\r\nSubject : x\nFROM: y\r\n\r\nbody\r\n";
    struct mailtext m;
    mailtext_parse(&m, text, sizeof text - 1);
    assert_int_equal(m.n, 3);
    assert_int_equal(m.odd, 1);
    assert_true(field_is(&m.at[0], "received"));
    assert_int_equal(m.at[0].n, 17);
    assert_int_equal(m.at[0].nvalue, 6);
    assert_true(field_is(&m.at[1], "SUBJECT"));
    assert_ptr_equal(mailtext_field(&m, "from"), &m.at[2]);
    assert_int_equal(mailtext_count(&m, "From"), 1);
    assert_null(mailtext_field(&m, "To"));
    assert_int_equal(m.nbody, 6);
    mailtext_clear(&m);
    mailtext_parse(&m, " folded first\r\nA: b", 19);
    assert_int_equal(m.n, 1);
    assert_int_equal(m.odd, 1);
    assert_int_equal(m.nbody, 0);
    mailtext_clear(&m);
}

static void line_ends(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_false(mailtext_crlf("a\r\nb\n", 5, &b));
    assert_true(mailtext_crlf("a\nb\r\nc", 6, &b));
    assert_string_equal(buf_str(&b), "a\r\nb\r\nc");
    buf_clear(&b);
}

static void authors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned fields;
        bool malformed;
        const char *domains; /* with blanks between them */
    } rows[] = {
        {"From: Alice Meyer <alice@bank.test>", 1, false, "bank.test"},
        {"From: alice@BANK.test.", 1, false, "bank.test"},
        {"From: \"alice@bank.test\" <mallory@evil.test>", 1, false, "evil.test"},
        {"From: =?utf-8?q?Alice_=3Calice=40bank=2Etest=3E?= <m@evil.test>", 1, false, "evil.test"},
        {"From: alice@bank.test <mallory@evil.test>", 1, true, "evil.test"},
        {"From: a@x.test, \"b, c\" <b@y.test>, a2@x.test", 1, false, "x.test y.test"},
        {"From: (c@no.test) a (x (y) \\)) @ (z) bank . test", 1, false, "bank.test"},
        {"From: \"a@b\"@bank.test", 1, false, "bank.test"},
        {"From: <@relay.test,@b.test:a@bank.test>", 1, false, "bank.test"},
        {"From: a@bank.test\r\n\t(folded)", 1, false, "bank.test"},
        {"From: a@b\xC3\xBC"
         "cher.test",
         1, false, "xn--bcher-kva.test"},
        {"From: a@bank.test\r\nFROM: b@evil.test", 2, true, "bank.test evil.test"},
        {"Subject: x", 0, true, ""},
        {"From:", 1, true, ""},
        {"From: group: a@bank.test, b@evil.test;", 1, true, "bank.test evil.test"},
        {"From: undisclosed:;", 1, true, ""},
        {"From: alice", 1, true, ""},
        {"From: alice@", 1, true, ""},
        {"From: @bank.test", 1, true, ""},
        {"From: a b@bank.test", 1, true, ""},
        {"From: a@bank test", 1, true, ""},
        {"From: a@b@bank.test", 1, true, ""},
        {"From: a@bank..test", 1, true, ""},
        {"From: a@[192.0.2.1]", 1, true, ""},
        {"From: <a@bank.test> <b@evil.test>", 1, true, "bank.test"},
        {"From: <a@bank.test", 1, true, "bank.test"},
        {"From: \"a@bank.test", 1, true, ""},
        {"From: (a@bank.test", 1, true, ""},
        {"From: a@bank.test)", 1, true, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[600] = "", text[600];
        struct mailtext m;
        struct author a;
        snprintf(text, sizeof text, "%s\r\n\r\nx\r\n", rows[i].text);
        mailtext_parse(&m, text, strlen(text));
        mailtext_author(&m, &a);
        for (size_t k = 0; k < a.domains; k++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", k ? " " : "",
                     a.domain[k]);
        if (a.fields != rows[i].fields || a.malformed != rows[i].malformed ||
            strcmp(got, rows[i].domains) != 0 || a.malformed != (a.why[0] != '\0'))
            fail_msg("%s: %u fields, domains \"%s\", malformed %d: %s", rows[i].text, a.fields, got,
                     a.malformed, a.why);
        mailtext_clear(&m);
    }
}

static void domains(void **state)
{
    (void)state;
    char d[256];
    assert_true(domain_within("a.bank.test", "bank.test"));
    assert_true(domain_within("bank.test", "bank.test"));
    assert_false(domain_within("abank.test", "bank.test"));
    assert_false(domain_within("test", "bank.test"));
    assert_int_equal(domain_labels("a.b.c"), 3);
    assert_int_equal(domain_labels(""), 0);
    assert_true(domain_normal("A.B.", 4, d));
    assert_string_equal(d, "a.b");
    assert_false(domain_normal(".", 1, d));
    assert_false(domain_normal("a b", 3, d));
    assert_false(domain_normal("\xff\xfe.test", 7, d));
    char longest[70] = "";
    memset(longest, 'a', 64);
    assert_false(domain_normal(longest, 64, d));
    assert_true(domain_normal(longest, 63, d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(line_ends),
                                       cmocka_unit_test(authors), cmocka_unit_test(domains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
