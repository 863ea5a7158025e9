/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public SPF suite (rfc7208.suite): every test in it must come out as one of the results it
 * allows, with the explanation it names. The zones go through the zone reader. */
#include "tests/support/check.h"
#include "heloscope/spf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS = 203 };

static unsigned run, passed;

static bool allowed(const char *results, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = results; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ','))
        if (strcspn(p, ",") == n && strncmp(p, word, n) == 0)
            return true;
    return false;
}

static void one(struct zone *z, char *row)
{
    char *field[6];
    for (size_t i = 0; i < 6; i++) {
        field[i] = row;
        row += strcspn(row, "\t");
        if (*row)
            *row++ = '\0';
    }
    struct rr_source dns = zone_source(z);
    struct spf_query q = {.ip = field[1], .helo = field[2], .mail_from = field[3]};
    struct spf s;
    spf_check(&q, &dns, &s);
    const char *wanted = strcmp(field[5], "-") == 0 ? NULL : field[5];
    bool ok = allowed(field[4], spf_word(s.result)) && !s.pending && s.because.len;
    if (ok && wanted && s.result == SPF_FAIL)
        ok = strcmp(wanted, "DEFAULT") == 0 ? s.explained.len == 0
                                            : strcmp(wanted, buf_str(&s.explained)) == 0;
    run++;
    passed += ok;
    if (!ok)
        print_message("# %s: %s, expected %s; explanation \"%s\", expected \"%s\"; %s\n", field[0],
                      spf_word(s.result), field[4], buf_str(&s.explained), field[5],
                      buf_str(&s.because));
    spf_clear(&s);
}

static void scenario(char *text)
{
    char why[400];
    struct zone *z = zone_parse("rfc7208.suite", text, strlen(text), why, sizeof why);
    if (!z)
        fail_msg("%s", why);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, ";TEST ", 6) == 0)
            one(z, line + 6);
    zone_free(z);
}

static void suite(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/tables/rfc7208.suite", getenv("top_srcdir"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *text = xcalloc(1, 1 << 20);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 10000);
    fclose(f);
    char *at = strstr(text, "\n;SCENARIO ");
    while (at) {
        char *next = strstr(at + 1, "\n;SCENARIO ");
        if (next)
            *next = '\0';
        scenario(at + 1);
        at = next;
    }
    free(text);
    print_message("# the public SPF suite: %u of %u\n", passed, run);
    assert_int_equal(run, TESTS);
    assert_int_equal(passed, TESTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(suite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
