/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searching: words and patterns, both ways, against a plain search; hostile patterns end. */
#include "tests/support/check.h"
#include "heloscope/loop.h"
#include "heloscope/search.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct search *make(const char *pattern)
{
    char why[200];
    struct search *s = search_new(pattern, why, sizeof why);
    if (!s)
        fail_msg("%s: %s", pattern, why);
    return s;
}

static void finds(const char *pattern, const char *text, long at, long len)
{
    struct search *s = make(pattern);
    size_t a = 0, n = 0;
    bool hit = search_text(s, text, strlen(text), 0, &a, &n);
    assert_int_equal(hit ? (long)a : -1, at);
    if (hit)
        assert_int_equal(n, len);
    search_free(s);
}

static void meanings(void **state)
{
    (void)state;
    finds("user", "no User here", 3, 4); /* no capital: case does not matter */
    finds("User", "no user here, User", 14, 4);
    finds("5[0-9]+", "a 550 b", 2, 3);
    finds("^550", "250\r\n550", 5, 3);
    finds("ok$", "ok now\r\nis ok\r\nx", 11, 2);
    finds("\\Sk", "a OK", 2, 2); /* \S is no capital */
    finds("a.c", "a\nc abc", 4, 3);
    finds("x*", "aaa", -1, 0); /* empty matches are none */
    finds("\xc3\xa9", "caf\xc3\xa9", 3, 2);
    finds("\xc3\x89t\xc3\xa9", "\xff\xfe \xc3\x89t\xc3\xa9", 3, 5);
    finds("t.t\xc3\xa9", "\xff\xfe T\xc3\xa9T\xc3\x89", 3, 6);
    finds("@", "a@b`", 1, 1);
    finds("`", "a@b`", 3, 1);
    char why[200];
    assert_null(search_new("a(b", why, sizeof why));
    assert_non_null(strstr(why, "character 4"));
    assert_null(search_new("", why, sizeof why));
    char big[2000];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_null(search_new(big, why, sizeof why));
}

/* Every match of every word and pattern, forwards and backwards, is where a plain loop finds it. */
static void agrees(void **state)
{
    (void)state;
    static const char *const words[] = {"a",   "ab",        "Ab",   "ba",
                                        "aab", "abcabcabc", "c\nA", "bbbbbbbbbbbbbbbbbbbbb"};
    static char text[3000];
    unsigned seed = 11;
    for (size_t i = 0; i < sizeof text; i++) {
        seed = seed * 1103515245 + 12345;
        text[i] = "aAbBcC\n..."[(seed >> 16) % 10];
    }
    memcpy(text + 1000, "abcabcabc", 9);
    memset(text + sizeof text - 21, 'b', 21);
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        struct search *s = make(words[w]);
        size_t len = strlen(words[w]), at, n;
        bool fold = strcmp(words[w], "Ab") && strcmp(words[w], "c\nA");
        long last = -1;
        for (size_t i = 0; i + len <= sizeof text; i++) {
            bool is = fold ? strncasecmp(text + i, words[w], len) == 0
                           : memcmp(text + i, words[w], len) == 0;
            if (!is)
                continue;
            assert_true(search_text(s, text, sizeof text, (size_t)(last + 1), &at, &n));
            assert_int_equal(at, i);
            assert_int_equal(n, len);
            assert_int_equal(search_text_back(s, text, sizeof text, i, &at, &n), last >= 0);
            if (last >= 0)
                assert_int_equal(at, last);
            last = (long)i;
        }
        assert_true(last >= 0);
        assert_false(search_text(s, text, sizeof text, (size_t)last + 1, &at, &n));
        assert_true(search_text_back(s, text, sizeof text, sizeof text, &at, &n));
        assert_int_equal(at, last);
        search_free(s);
    }
}

/* Far apart, so that windows matter. */
static void windows(void **state)
{
    (void)state;
    size_t size = 700 * 1000, at, n;
    char *text = malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 60 == 59 ? '\n' : 'x';
    memcpy(text + 60, "one 1", 5);
    memcpy(text + 300000, "two 2", 5);
    memcpy(text + size - 7, "end 3", 5);
    struct search *s = make("[a-z]{3} \\d");
    assert_true(search_text(s, text, size, 0, &at, &n));
    assert_int_equal(at, 60);
    assert_true(search_text(s, text, size, at + 1, &at, &n));
    assert_int_equal(at, 300000);
    assert_true(search_text(s, text, size, at + 1, &at, &n));
    assert_int_equal(at, size - 7);
    assert_false(search_text(s, text, size, at + 1, &at, &n));
    assert_true(search_text_back(s, text, size, size, &at, &n));
    assert_int_equal(at, size - 7);
    assert_true(search_text_back(s, text, size, at, &at, &n));
    assert_int_equal(at, 300000);
    assert_true(search_text_back(s, text, size, at, &at, &n));
    assert_int_equal(at, 60);
    assert_false(search_text_back(s, text, size, at, &at, &n));
    assert_false(search_limited(s));
    search_free(s);
    free(text);
}

static void hostile(void **state)
{
    (void)state;
    size_t size = 1 << 20, at, n;
    char *text = malloc(size);
    memset(text, 'a', size);
    struct search *s = make("(a+)+[bc]");
    uint64_t start = now_us();
    assert_false(search_text(s, text, size, 0, &at, &n));
    assert_true(search_limited(s));
    assert_false(search_text_back(s, text, size, size, &at, &n));
    assert_true(now_us() - start < 10 * 1000 * 1000);
    /* the lines beside the one that was too much are searched all the same */
    memcpy(text + size - 100, "\nxx aac\n", 8);
    assert_true(search_text(s, text + size - 50000, 50000, 0, &at, &n));
    assert_int_equal(at, 50000 - 100 + 4);
    assert_int_equal(n, 3);
    assert_true(search_limited(s));
    search_free(s);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meanings),
        cmocka_unit_test(agrees),
        cmocka_unit_test(windows),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
