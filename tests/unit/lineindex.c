/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sparse line index against a plain count, for texts fed in one piece and in crumbs. */
#include "tests/support/check.h"
#include "heloscope/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_all(const char *p, size_t n, size_t chunk)
{
    struct lineindex x;
    lineindex_init(&x);
    for (size_t i = 0; i < n; i += chunk)
        lineindex_feed(&x, p + i, n - i < chunk ? n - i : chunk);
    uint64_t k = 0;
    const char *line;
    size_t len;
    for (size_t at = 0; at < n; k++) {
        const char *lf = memchr(p + at, '\n', n - at);
        size_t end = lf ? (size_t)(lf - p) : n;
        size_t text = lf && end > at && p[end - 1] == '\r' ? end - 1 : end;
        assert_true(lineindex_line(&x, p, n, k, &line, &len));
        assert_ptr_equal(line, p + at);
        assert_int_equal(len, text - at);
        assert_int_equal(lineindex_at(&x, p, n, at), k);
        assert_int_equal(lineindex_at(&x, p, n, end < n ? end : n - 1), k);
        at = end + 1;
    }
    assert_false(lineindex_line(&x, p, n, k, &line, &len));
    assert_int_equal(x.bytes, n);
    assert_int_equal(x.lines + (n && p[n - 1] != '\n'), k);
    if (n)
        assert_int_equal(x.n, x.lines / 64 + 1);
    lineindex_clear(&x);
}

static void agrees(void **state)
{
    (void)state;
    static const size_t chunks[] = {1, 3, 64, 65, 4096, 1 << 20};
    static char text[40000];
    unsigned seed = 3;
    for (int shape = 0; shape < 5; shape++) {
        static const unsigned rarity[] = {2, 10, 50, 1000, 1000000};
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = (seed >> 16) % rarity[shape] == 0 ? '\n'
                      : (seed >> 20) % 30 == 0          ? '\r'
                                                        : 'x';
        }
        for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++)
            check_all(text, sizeof text - (size_t)shape * 777, chunks[c]);
    }
    /* regular lines, so that a mark falls on the last line of what is counted at once */
    for (size_t period = 1; period <= 64; period *= 2) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = i % period == period / 2 ? '\n' : 'x';
        check_all(text, sizeof text, sizeof text);
    }
    memset(text, '\n', sizeof text);
    check_all(text, sizeof text, 4096);
    check_all(text, 64, 64);
    check_all(text, 65, 7);
}

static void edges(void **state)
{
    (void)state;
    struct lineindex x;
    const char *line;
    size_t len;
    lineindex_init(&x);
    assert_false(lineindex_line(&x, "", 0, 0, &line, &len));
    assert_int_equal(lineindex_at(&x, "", 0, 5), 0);
    lineindex_feed(&x, "a", 1);
    assert_true(lineindex_line(&x, "a", 1, 0, &line, &len));
    assert_int_equal(len, 1);
    lineindex_feed(&x, "b\r\nc", 4);
    assert_true(lineindex_line(&x, "ab\r\nc", 5, 0, &line, &len));
    assert_int_equal(len, 2);
    assert_true(lineindex_line(&x, "ab\r\nc", 5, 1, &line, &len));
    assert_int_equal(len, 1);
    lineindex_clear(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees), cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
