/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The notes beside a letter's lines. */
#include "tests/support/check.h"
#include "tui/letter_notes.h"

#include <string.h>

static const struct letter_facts plain = {.mail_from = "ceo@bank.example", .stuffed = true};

/* The note for line `index` of text. */
static const char *note(const struct letter_facts *f, const char *text, size_t index)
{
    static char out[300];
    struct letter_sum s;
    letter_sum(text, strlen(text), f, &s);
    const char *p = text;
    for (size_t i = 0; i < index; i++)
        p = strchr(p, '\n') + 1;
    letter_note(f, &s, index, p, strcspn(p, "\n"), out, sizeof out);
    return out;
}

static void header(void **state)
{
    (void)state;
    const char *t = "From: \"Your Bank\" <security@bank.example>\nTo: a@b\n\nhello\n.sig";
    assert_non_null(strstr(note(&plain, t, 0), "ceo@bank.example"));
    assert_string_equal(note(&plain, t, 1), "");
    assert_non_null(strstr(note(&plain, t, 2), "ends the header"));
    assert_string_equal(note(&plain, t, 3), "");
    assert_non_null(strstr(note(&plain, t, 4), "on the wire: ..sig"));
    assert_string_equal(note(&plain, "From: Me <CEO@bank.example>\n\n", 0), "");
    assert_string_equal(note(&plain, "From: ceo@bank.example\n\n", 0), "");
    assert_non_null(strstr(note(&plain, "From: b\nno colon here\n\n", 1), "Name: value"));
    assert_non_null(strstr(note(&plain, "just text\n", 0), "without a header"));
    assert_non_null(strstr(note(&plain, "A: b\n.", 1), "ends the letter"));
    assert_non_null(strstr(note(&plain, "A: b\n.\n\n", 1), "ends the letter"));
    assert_non_null(strstr(note(&plain, "A: b\n.\nC: d", 1), "on the wire: .."));
}

static void octets(void **state)
{
    (void)state;
    struct letter_facts no8 = {.caps_known = true, .stuffed = true}, bdat = {.stuffed = false};
    char line[1200];
    struct letter_sum s;
    memset(line, 'x', sizeof line);
    line[999] = '\0';
    assert_non_null(strstr(note(&plain, line, 0), "999 octets"));
    line[998] = '\0';
    assert_null(strstr(note(&plain, line, 0), "octets: the limit"));
    assert_non_null(strstr(note(&no8, "A: b\n\ncaf\xc3\xa9", 2), "8BITMIME"));
    assert_string_equal(note(&bdat, "A: b\n\n.sig", 2), ""); /* BDAT stuffs no dots */
    letter_sum("A: b\n\n.x\nlast", 13, &plain, &s);
    assert_int_equal(s.lines, 4);
    assert_int_equal(s.boundary, 1);
    assert_int_equal(s.octets, 6 + 2 + 5 + 6);
    letter_sum("A: b\n\n.x\nlast", 13, &bdat, &s);
    assert_int_equal(s.octets, 6 + 2 + 4 + 6);
    letter_sum("", 0, &plain, &s);
    assert_int_equal(s.lines, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(header), cmocka_unit_test(octets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
