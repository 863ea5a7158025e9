/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pen that explanations are written with: it ends where its paper ends, makes harmless what is
 * foreign, and puts sizes into words. */
#include "tests/support/check.h"
#include "know/rows.h"

#include <stdlib.h>
#include <string.h>

static void a_pen_never_passes_the_end(void **state)
{
    (void)state;
    struct explanation *e = malloc(sizeof *e);
    struct pen p;
    pen_start(&p, e);
    for (int i = 0; i < 5000; i++)
        pen_sentence(&p, "0123456789");
    const char *s = pen_take(&p);
    assert_ptr_equal(s, e->made);
    assert_int_equal(strlen(s), sizeof e->made - 1);
    pen_str(&p, "more");
    pen_num(&p, UINT64_MAX);
    pen_foreign(&p, "x", 1, 5);
    assert_string_equal(pen_take(&p), "");
    pen_start(&p, e);
    pen_num(&p, UINT64_MAX);
    assert_string_equal(pen_take(&p), "18446744073709551615");
    pen_foreign(&p, "a\x1b\xff\0z", 5, 4);
    assert_string_equal(pen_take(&p), "a???...");
    free(e);
}

static void sizes_in_words(void **state)
{
    (void)state;
    static const struct {
        uint64_t octets;
        const char *words;
    } rows[] = {
        {0, "0 octets"},   {1, "1 octet"},       {320, "320 octets"},    {1000, "1 kB"},
        {1024, "1 KiB"},   {26214400, "25 MiB"}, {10240000, "9.8 MiB"},  {35882577, "34.2 MiB"},
        {1000000, "1 MB"}, {10485760, "10 MiB"}, {3221225472u, "3 GiB"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[40], tiny[4];
        pen_size_words(rows[i].octets, out, sizeof out);
        assert_string_equal(out, rows[i].words);
        assert_true(pen_size_words(rows[i].octets, tiny, sizeof tiny) < sizeof tiny);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pen_never_passes_the_end),
        cmocka_unit_test(sizes_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
