/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffers: the ceiling holds, nothing is lost or left behind. */
#include "tests/support/check.h"
#include "heloscope/buf.h"
#include "heloscope/fault.h"

#include <stdlib.h>
#include <string.h>

static void empty_needs_no_memory(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_null(b.p);
    assert_string_equal(buf_str(&b), "");
    buf_consume(&b, 5);
    buf_trim(&b, 0);
    assert_int_equal(b.len, 0);
    buf_clear(&b);
}

static void ceiling_is_exact(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_true(buf_add(&b, "0123456", 7));
    assert_false(buf_add(&b, "789a", 4));
    assert_string_equal(buf_str(&b), "0123456");
    assert_true(buf_add(&b, "789", 3));
    assert_false(buf_add_char(&b, 'x'));
    assert_false(buf_addf(&b, "%d", 1));
    assert_null(buf_room(&b, 1));
    assert_true(buf_add(&b, "", 0));
    assert_string_equal(buf_str(&b), "0123456789");
    buf_clear(&b);
    assert_true(buf_add_str(&b, "again"));
    buf_clear(&b);
}

static void ceiling_of_nothing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    assert_false(buf_add_char(&b, 'x'));
    assert_true(buf_addf(&b, "%s", ""));
    assert_string_equal(buf_str(&b), "");
    buf_clear(&b);
}

static void no_overflow_of_sums(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, (size_t)-1);
    assert_true(buf_add_str(&b, "x"));
    assert_null(buf_room(&b, (size_t)-1));
    assert_null(buf_room(&b, (size_t)-2));
    assert_string_equal(buf_str(&b), "x");
    buf_clear(&b);
}

static void grows_consumes_trims(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 10000; i++)
        assert_true(buf_addf(&b, "%04d\n", i));
    assert_int_equal(b.len, 50000);
    buf_consume(&b, 49995);
    assert_string_equal(buf_str(&b), "9999\n");
    buf_trim(&b, 100);
    assert_int_equal(b.len, 5);
    buf_trim(&b, 4);
    assert_string_equal(buf_str(&b), "9999");
    char *room = buf_room(&b, 3);
    memcpy(room, "abc", 3);
    buf_grew(&b, 2);
    assert_string_equal(buf_str(&b), "9999ab");
    assert_true(buf_add(&b, "\0z", 2));
    assert_int_equal(b.len, 8);
    assert_memory_equal(b.p, "9999ab\0z", 9);
    buf_consume(&b, 1000);
    assert_int_equal(b.len, 0);
    buf_clear(&b);
}

static bool holds(const char *p, size_t n, const char *what)
{
    return memmem(p, n, what, strlen(what)) != NULL;
}

static void secrets_are_wiped(void **state)
{
    (void)state;
    struct buf b;
    buf_init_secret(&b, 4096);
    assert_true(buf_add_str(&b, "xx hunter2 yy"));
    buf_trim(&b, 3);
    assert_false(holds(b.p, b.cap + 1, "unter2")); /* the NUL is on the h */
    assert_true(buf_add_str(&b, "swordfish"));
    buf_consume(&b, 12);
    assert_int_equal(b.len, 0);
    assert_false(holds(b.p, b.cap + 1, "fish"));
    /* A longer text in front, so that what stays is moved down and its old place must be wiped too.
     */
    assert_true(buf_add_str(&b, "aaaaaaaaaaaaaaaaaaaacorrecthorse"));
    buf_consume(&b, 20);
    assert_string_equal(buf_str(&b), "correcthorse");
    assert_null(memmem(b.p + b.len, b.cap + 1 - b.len, "horse", 5));
    buf_clear(&b);
    assert_null(b.p);
    assert_true(b.secret);
}

static void strings(void **state)
{
    (void)state;
    char *s = xstrndup("abcdef", 3);
    assert_string_equal(s, "abc");
    free(s);
    s = xstrndup("ab", 30);
    assert_string_equal(s, "ab");
    free(s);
    assert_int_equal(fault_status(FAULT_NONE), 0);
    assert_int_equal(fault_status(FAULT_TLS), 6);
    assert_non_null(strstr(fault_words(FAULT_NETWORK), "refused"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_needs_no_memory),
        cmocka_unit_test(ceiling_is_exact),
        cmocka_unit_test(ceiling_of_nothing),
        cmocka_unit_test(no_overflow_of_sums),
        cmocka_unit_test(grows_consumes_trims),
        cmocka_unit_test(secrets_are_wiped),
        cmocka_unit_test(strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
