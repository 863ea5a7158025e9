/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MTA-STS: policies and TXT records as they are written, right and wrong; which hosts a policy
 * names; the verdicts. RFC 8461. */
#include "tests/support/check.h"
#include "heloscope/mtasts.h"

#include <stdio.h>
#include <string.h>

#define GOOD "version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmx: *.mx.test\r\n"

static void policies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why; /* why NULL: it is good */
    } rows[] = {
        {GOOD "max_age: 604800\r\n", NULL},
        {"version: STSv1\nmode: none\nmax_age: 0\n", NULL},
        {"version:STSv1\nmode:testing\nmx: a.test\nmax_age: 31557600", NULL},
        {GOOD "max_age: 1\r\n\r\nx-extension: anything at all\r\n", NULL},
        {GOOD, "a line like 'max_age: 604800' is missing"},
        {"", "a line like 'version: STSv1' is missing"},
        {"version: STSv1\nmax_age: 1\n", "a line like 'mode: enforce' is missing"},
        {"version: STSv1\nmode: enforce\nmax_age: 1\n",
         "a line like 'mx: mail.example.org' is missing"},
        {"version: STSv2\n", "line 1: 'version: STSv1' is expected, not 'version: STSv2'"},
        {GOOD "max_age: 31557601\n",
         "line 5: 'max_age:' wants seconds from 0 to 31557600, not 'max_age: 31557601'"},
        {GOOD "max_age: 1w\n",
         "line 5: 'max_age:' wants seconds from 0 to 31557600, not 'max_age: 1w'"},
        {"version: STSv1\nmode: Enforce\n",
         "line 2: 'mode:' wants none, testing or enforce, not 'mode: Enforce'"},
        {"version: STSv1\nmx: *mail.test\n",
         "line 2: 'mx:' wants a host name, or one that begins with '*.', not 'mx: *mail.test'"},
        {"version: STSv1\nmx: a..test\n",
         "line 2: 'mx:' wants a host name, or one that begins with '*.', not 'mx: a..test'"},
        {"<html>\x1b[31m\n", "line 1: 'key: value' is expected, not '<html>?[31m'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mtasts m;
        char why[300] = "";
        bool ok = mtasts_parse(rows[i].text, strlen(rows[i].text), &m, why, sizeof why);
        if (rows[i].why)
            assert_string_equal(why, rows[i].why);
        if (ok != !rows[i].why)
            fail_msg("row %zu: %s", i, why);
    }
    static char big[MTASTS_FILE_MAX + 1];
    struct mtasts m;
    char why[300];
    assert_false(mtasts_parse(big, sizeof big, &m, why, sizeof why));
    assert_non_null(strstr(why, "65536 octets"));
    /* The first of repeated ones counts; LF alone is counted. */
    static const char twice[] = "version: STSv1\nmode: testing\nmode: enforce\nmx: a.test\n"
                                "max_age: 1\nmax_age: 2\n";
    assert_true(mtasts_parse(twice, strlen(twice), &m, why, sizeof why));
    assert_int_equal(m.mode, MTASTS_TESTING);
    assert_int_equal(m.max_age, 1);
    assert_int_equal(m.lf_only, 6);
}

static void records(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id, *why;
    } rows[] = {
        {"v=STSv1; id=20260101T000000;", "20260101T000000", NULL},
        {"v=STSv1;id=a", "a", NULL},
        {"v=STSv1; x=y; id=1;", "1", NULL},
        {"v=STSv1;", NULL, "it has no id=: senders cannot see when the policy changes"},
        {"v=spf1 -all", NULL, "it does not begin with v=STSv1; but with 'v=spf1 -all'"},
        {"v=STSv1; id=2026-01-01", NULL,
         "its id has to be 1 to 32 letters and digits, once, not '2026-01-01'"},
        {"v=STSv1; id=1; id=2", NULL, "its id has to be 1 to 32 letters and digits, once, not '2'"},
        {"v=STSv1; id=012345678901234567890123456789012", NULL,
         "its id has to be 1 to 32 letters and digits, once, not "
         "'012345678901234567890123456789012'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char id[33] = "", why[300] = "";
        bool ok = mtasts_txt(rows[i].text, strlen(rows[i].text), id, why, sizeof why);
        assert_int_equal(ok, rows[i].id != NULL);
        assert_string_equal(ok ? id : why, ok ? rows[i].id : rows[i].why);
    }
}

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        enum mtasts_mode mode;
        const char *host;
        bool tls, certificate;
        enum mtasts_verdict verdict;
        const char *why; /* a part */
    } rows[] = {
        {MTASTS_ENFORCE, "mail.example.test", true, true, MTASTS_FULFILLED, "(mode enforce)"},
        {MTASTS_ENFORCE, "MAIL.example.test.", true, true, MTASTS_FULFILLED, "fulfilled"},
        {MTASTS_ENFORCE, "a.mx.test", true, true, MTASTS_FULFILLED, "fulfilled"},
        {MTASTS_ENFORCE, "a.b.mx.test", true, true, MTASTS_BROKEN,
         "a.b.mx.test is none of the policy's hosts (mail.example.test, ...)"},
        {MTASTS_ENFORCE, "mx.test", true, true, MTASTS_BROKEN, "delivers nothing here"},
        {MTASTS_ENFORCE, ".mx.test", true, true, MTASTS_BROKEN, "none of the policy's hosts"},
        {MTASTS_TESTING, "other.test", true, true, MTASTS_BROKEN_TESTING,
         "delivered all the same, and reported"},
        {MTASTS_ENFORCE, "mail.example.test", false, false, MTASTS_BROKEN,
         "there is no TLS, which the policy demands"},
        {MTASTS_ENFORCE, "mail.example.test", true, false, MTASTS_BROKEN,
         "the certificate does not hold (self-signed)"},
        {MTASTS_TESTING, "mail.example.test", true, false, MTASTS_BROKEN_TESTING, "self-signed"},
        {MTASTS_MODE_NONE, "other.test", false, false, MTASTS_SAYS_NOTHING, "asks for nothing"},
    };
    struct mtasts m;
    char why[400];
    assert_true(
        mtasts_parse(GOOD "max_age: 1\n", strlen(GOOD "max_age: 1\n"), &m, why, sizeof why));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        m.mode = rows[i].mode;
        enum mtasts_verdict v = mtasts_check(&m, rows[i].host, rows[i].tls, rows[i].certificate,
                                             "self-signed", why, sizeof why);
        if (v != rows[i].verdict || !strstr(why, rows[i].why))
            fail_msg("row %zu: %d, %s", i, v, why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies),
        cmocka_unit_test(records),
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
