/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capability lists: keywords without case, ceilings, and the difference the sidebar shows. */
#include "tests/support/check.h"
#include "heloscope/caps.h"

#include <stdio.h>
#include <string.h>

static void add(struct caps *c, const char *k, const char *p)
{
    assert_true(caps_add(c, k, strlen(k), p, strlen(p)));
}

static void difference(void **state)
{
    (void)state;
    struct caps was, is;
    struct cap_diff d[8];
    caps_init(&was);
    caps_init(&is);
    add(&was, "SIZE", "1000");
    add(&was, "STARTTLS", "");
    add(&was, "8BITMIME", "");
    add(&is, "8bitmime", "");
    add(&is, "SIZE", "2000");
    add(&is, "AUTH", "PLAIN LOGIN");
    assert_int_equal(caps_diff(&was, &is, d, 8), 4);
    assert_int_equal(d[0].change, CAP_SAME);
    assert_int_equal(d[1].change, CAP_CHANGED);
    assert_string_equal(d[1].was->params, "1000");
    assert_string_equal(d[1].is->params, "2000");
    assert_int_equal(d[2].change, CAP_NEW);
    assert_null(d[2].was);
    assert_string_equal(d[2].is->keyword, "AUTH");
    assert_int_equal(d[3].change, CAP_GONE);
    assert_null(d[3].is);
    assert_string_equal(d[3].was->keyword, "STARTTLS");
    assert_int_equal(caps_diff(NULL, &is, d, 1), 3); /* counted, not written */
    assert_int_equal(caps_diff(&was, NULL, d, 8), 3);
    assert_int_equal(d[0].change, CAP_GONE);
    assert_string_equal(caps_find(&is, "auth")->params, "PLAIN LOGIN");
    assert_null(caps_find(&is, "AUT"));
    assert_null(caps_find(NULL, "AUTH"));
    caps_clear(&was);
    caps_clear(&is);
}

/* "AUTH" twice, as servers for old clients send it: the second goes with the second. */
static void twice(void **state)
{
    (void)state;
    struct caps was, is;
    struct cap_diff d[8];
    caps_init(&was);
    caps_init(&is);
    add(&was, "AUTH", "PLAIN");
    add(&was, "AUTH", "LOGIN");
    add(&is, "AUTH", "PLAIN");
    assert_int_equal(caps_diff(&was, &is, d, 8), 2);
    assert_int_equal(d[0].change, CAP_SAME);
    assert_int_equal(d[1].change, CAP_GONE);
    assert_string_equal(d[1].was->params, "LOGIN");
    add(&is, "auth", "LOGIN");
    assert_int_equal(caps_diff(&was, &is, d, 8), 2);
    assert_int_equal(d[0].change, CAP_SAME);
    assert_int_equal(d[1].change, CAP_SAME);
    caps_clear(&was);
    caps_clear(&is);
}

static void ceiling_and_copy(void **state)
{
    (void)state;
    struct caps c, copy;
    char word[16];
    caps_init(&c);
    caps_init(&copy);
    add(&copy, "OLD", "");
    c.tls = true;
    for (int i = 0; i < CAPS_MAX; i++) {
        snprintf(word, sizeof word, "X%d", i);
        add(&c, word, i % 2 ? "y" : "");
    }
    assert_false(caps_add(&c, "ONE", 3, "", 0));
    assert_int_equal(c.n, CAPS_MAX);
    assert_true(caps_copy(&copy, &c));
    assert_true(copy.tls);
    assert_int_equal(copy.n, CAPS_MAX);
    assert_null(caps_find(&copy, "OLD"));
    assert_string_equal(caps_find(&copy, "x255")->params, "y");
    assert_ptr_not_equal(copy.rows[0].keyword, c.rows[0].keyword);
    caps_clear(&c);
    caps_clear(&copy);
    assert_int_equal(copy.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(difference),
        cmocka_unit_test(twice),
        cmocka_unit_test(ceiling_and_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
