/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Libraries loaded at their first use: what is said when one is missing or does not fit. */
#include "tests/support/check.h"
#include "config.h"
#include "core/lazy/lazy.h"

#include <stdio.h>
#include <string.h>

#ifdef HELO_LAZY
#define ONE(file, name)                                                                            \
    static const char *const files[] = {file, NULL};                                               \
    static const char *const names[] = {name};                                                     \
    static void *table[1];                                                                         \
    struct lazy_library lib = {.files = files, .names = names, .table = table, .n = 1};            \
    char why[256] = ""

static void missing_file(void **state)
{
    (void)state;
    ONE("libheloscope-is-not-there.so.7", "puts");
    assert_false(lazy_load(&lib, why, sizeof why));
    assert_non_null(strstr(why, "libheloscope-is-not-there.so.7 cannot be loaded"));
    assert_false(lib.there);
}

static void missing_name(void **state)
{
    (void)state;
    ONE(HELO_SONAME_IDN2, "heloscope_is_not_in_there");
    assert_false(lazy_load(&lib, why, sizeof why));
    assert_non_null(strstr(why, HELO_SONAME_IDN2 " lacks heloscope_is_not_in_there"));
    assert_false(lib.there);
}

static void found(void **state)
{
    (void)state;
    ONE(HELO_SONAME_IDN2, "idn2_free");
    assert_true(lazy_load(&lib, why, sizeof why));
    assert_true(lib.there);
    assert_non_null(table[0]);
    assert_string_equal(why, "");
}
#else
static void linked(void **state)
{
    (void)state;
    struct lazy_library lib = {0};
    char why[8];
    assert_true(lazy_load(&lib, why, sizeof why));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef HELO_LAZY
        cmocka_unit_test(missing_file),
        cmocka_unit_test(missing_name),
        cmocka_unit_test(found),
#else
        cmocka_unit_test(linked),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
