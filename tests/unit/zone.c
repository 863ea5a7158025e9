/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zone files: what a resolver would make of them, and mistakes told with their line. */
#include "tests/support/check.h"
#include "heloscope/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "$TTL 300\n"
                           "$ORIGIN bank.test.\n"
                           "@ IN TXT ( \"v=spf1 \"\n"
                           "   \"-all\" ) ; two strings\n"
                           "  in 1h MX 10 Mail\n"
                           "mail A 192.0.2.1\n"
                           "mail A 192.0.2.2\n"
                           "mail  IN  60 AAAA 2001:db8::1\n" /* either order: RFC 1035 5.1 */
                           "a.deep CNAME mail\n"
                           "*.wild TXT \"w\"\n"
                           "round CNAME round\n"
                           ";!TIMEOUT slow\n"
                           ";!TIMEOUT mail.bank.test. TXT\n"
                           ";!TIMEOUT other.test TXT\n"
                           "odd TXT \"\\000\\200\"\n";

static struct zone *z;

static int setup(void **state)
{
    (void)state;
    char why[300] = "";
    z = zone_parse("z", text, sizeof text - 1, why, sizeof why);
    if (!z)
        print_message("# %s\n", why);
    return z ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    zone_free(z);
    return 0;
}

static struct rr_answer ask(const char *name, enum rr_type type)
{
    struct rr_answer a;
    struct rr_source s = zone_source(z);
    s.lookup(s.self, name, type, &a);
    return a;
}

static void answers(void **state)
{
    (void)state;
    struct rr_answer a = ask("BANK.test.", RR_TXT);
    assert_int_equal(a.status, RR_FOUND);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.at[0].data, "v=spf1 -all");
    a = ask("bank.test", RR_MX);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.at[0].data, "mail.bank.test");
    assert_int_equal(a.at[0].preference, 10);
    a = ask("mail.bank.test", RR_A);
    assert_int_equal(a.n, 2);
    assert_memory_equal(a.at[1].data, "\xc0\x00\x02\x02", 4);
    a = ask("a.deep.bank.test", RR_AAAA);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.at[0].n, 16);
    a = ask("odd.bank.test", RR_TXT);
    assert_int_equal(a.at[0].n, 2);
    assert_memory_equal(a.at[0].data, "\x00\xc8", 2);
}

static void absence(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum rr_type type;
        enum rr_status status;
    } rows[] = {
        {"bank.test", RR_A, RR_NODATA},
        {"deep.bank.test", RR_TXT, RR_NODATA}, /* only a.deep is there: RFC 8020 */
        {"test", RR_TXT, RR_NODATA},
        {"nobody.bank.test", RR_TXT, RR_NXDOMAIN},
        {"ank.test", RR_TXT, RR_NXDOMAIN},
        {"evil.example", RR_TXT, RR_NXDOMAIN},
        {"x.y.wild.bank.test", RR_TXT, RR_FOUND},
        {"wild.bank.test", RR_TXT, RR_NODATA},
        {"x.wild.bank.test", RR_MX, RR_NODATA},
        {"slow.bank.test", RR_A, RR_TEMPFAIL},
        {"slow", RR_A, RR_TEMPFAIL},
        {"mail.bank.test", RR_TXT, RR_TEMPFAIL},
        {"mail.bank.test", RR_MX, RR_NODATA},
        {"other.test", RR_TXT, RR_TEMPFAIL},
        {"other.test", RR_A, RR_NXDOMAIN},
        {"round.bank.test", RR_A, RR_TEMPFAIL},
        {"a..test", RR_A, RR_NXDOMAIN},
        {".bank.test", RR_TXT, RR_NXDOMAIN},
        {"", RR_A, RR_NODATA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rr_answer a = ask(rows[i].name, rows[i].type);
        if (a.status != rows[i].status)
            fail_msg("%s %s: %d instead of %d", rows[i].name, rr_type_name(rows[i].type), a.status,
                     rows[i].status);
        assert_true((a.why[0] != '\0') == (a.status == RR_TEMPFAIL));
    }
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *what;
    } rows[] = {
        {"a.test. A 1.2.3\n", "z:1: ", "expected NAME"},
        {"; c\n\na.test. A 192.0.2.1\nb.test. FOO x\n", "z:4: ", "expected NAME"},
        {"a.test. TXT (\n\"x\"\n)\nb.test. A 1.2.3.4.5\n", "z:4: ", "expected NAME"},
        {"\n \t\r\n\nb.test. A x\n", "z:4: ", "expected NAME"},
        {"a.test. TXT ( ; one (\n\n\"x\" )\n\n; c\n\nb.test. A x\n", "z:7: ", "expected NAME"},
        {"\na.test. TXT \"v=spf1 -all\n", "z:2: ", "another \" was expected"},
        {"a.test. TXT \"a\\\"\n", "z:1: ", "another \" was expected"},
        {"\na.test. TXT ( \"(\"\n; )\n", "z:2: ", "a ) was expected"},
        {"a.test. TXT \"a\" )\n", "z:1: ", "no ( is open"},
        {"$TTL soon\n", "z:1: ", "a number of seconds was expected"},
        {";!TIMEOUT a.test. TXT A\n", "z:1: ", "nothing more was expected"},
        {"a.test. CH TXT \"x\"\n", "z:1: ", "class"},
        {"$INCLUDE /etc/passwd\n", "z:1: ", "$INCLUDE"},
        {"a.test. A 192.0.2.1\n ;!SLOW a.test\n", "z:2: ", ";!TIMEOUT name"},
        {";!TIMEOUT\n", "z:1: ", ";!TIMEOUT name"},
        {";!TIMEOUT a..b\n", "z:1: ", "domain name"},
        {";!TIMEOUT a.b WHAT\n", "z:1: ", "record type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[300] = "";
        struct zone *bad = zone_parse("z", rows[i].text, strlen(rows[i].text), why, sizeof why);
        if (bad || strncmp(why, rows[i].place, strlen(rows[i].place)) != 0 ||
            !strstr(why, rows[i].what))
            fail_msg("\"%s\" gave: %s", rows[i].text, why);
    }
    char why[300] = "", length[1100];
    for (int n = 255; n <= 256; n++) { /* octets of a string, each written \065 */
        size_t at = (size_t)snprintf(length, sizeof length, "\na.test. TXT \"");
        for (int i = 0; i < n; i++)
            at += (size_t)snprintf(length + at, sizeof length - at, "\\065");
        at += (size_t)snprintf(length + at, sizeof length - at, "\"\n");
        struct zone *long_one = zone_parse("z", length, at, why, sizeof why);
        assert_true((n == 255) == (long_one != NULL));
        zone_free(long_one);
    }
    assert_non_null(strstr(why, "z:2: a string of more than 255 octets"));
    assert_null(zone_parse("z", "a.test. A 192.0.2.1\n\0", 21, why, sizeof why));
    assert_non_null(strstr(why, "z:2: a NUL"));
    assert_null(zone_read("/nonexistent/zone", why, sizeof why));
    assert_non_null(strstr(why, "No such file"));
    struct zone *none = zone_parse("z", "", 0, why, sizeof why);
    assert_non_null(none);
    zone_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(absence),
                                       cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
