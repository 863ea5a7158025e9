/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pasted lines, and how letters find a name in the palette. */
#include "tests/support/check.h"
#include "tui/commands.h"
#include "tui/fuzzy.h"
#include "tui/keys.h"
#include "tui/queue.h"

#include <stdlib.h>
#include <string.h>

static void lines(void **state)
{
    (void)state;
    struct queue q;
    const char *line;
    size_t n;
    assert_false(queue_is_lines("one", 3));
    assert_false(queue_is_lines("one\r", 4));
    assert_false(queue_is_lines("one\r\n", 5));
    assert_true(queue_is_lines("a\rb", 3));
    queue_init(&q);
    assert_false(queue_peek(&q, &line, &n));
    static const char pasted[] = "EHLO a\rMAIL FROM:<>\r\n\nlast\n\n\n";
    assert_true(queue_add(&q, pasted, sizeof pasted - 1));
    assert_int_equal(queue_count(&q), 4); /* the empty lines at the end do not count */
    assert_true(queue_peek(&q, &line, &n));
    assert_int_equal(n, 6);
    assert_memory_equal(line, "EHLO a", 6);
    queue_pop(&q);
    assert_true(queue_peek(&q, &line, &n));
    assert_memory_equal(line, "MAIL FROM:<>", 12);
    queue_clear(&q);
    assert_int_equal(queue_count(&q), 0);
}

static void flight(void **state)
{
    (void)state;
    static const char text[] = "MAIL FROM:<a@b>\nrcpt to:<c@d>\nDATA\nSubject: x\n\nhi\n.\nQUIT\n";
    bool tls;
    unsigned short port;
    struct queue q;
    queue_init(&q);
    assert_true(queue_add(&q, text, sizeof text - 1));
    size_t n = queue_flight(&q, proto_find("smtp", 4, &tls, &port));
    assert_int_equal(n, strstr(text, "Subject") - text); /* DATA is the last of its group */
    buf_consume(&q.text, n);
    assert_int_equal(queue_letter(&q), strstr(text, "QUIT") - strstr(text, "Subject"));
    queue_clear(&q);
    assert_true(queue_add(&q, "NOOP\nno dot\n", 12));
    assert_int_equal(queue_letter(&q), 0);
    queue_clear(&q);
}

static void ceiling(void **state)
{
    (void)state;
    struct queue q;
    queue_init(&q);
    char *big = xmalloc(QUEUE_MAX + 10);
    memset(big, 'x', QUEUE_MAX + 10);
    assert_true(queue_add(&q, "a\nb", 3));
    assert_false(queue_add(&q, big, QUEUE_MAX + 10));
    assert_int_equal(queue_count(&q), 2); /* as it was */
    queue_clear(&q);
    free(big);
}

static void fuzzy(void **state)
{
    (void)state;
    assert_int_equal(fuzzy_match("", "anything"), 0);
    assert_true(fuzzy_match("np", "next problem") > 0);
    assert_int_equal(fuzzy_match("pn", "next problem"), -1);
    assert_true(fuzzy_match("save", "save the talk") > fuzzy_match("save", "so a very e"));
    assert_true(fuzzy_match("ZOOM", "zoom the pane") > 0);
    assert_true(fuzzy_match("sea ag", "search again") > 0);
}

/* Rows: no key does two things at one place, every row can be found or pressed, no two commands
 * share a name. */
static void rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_rows_n; i++) {
        const struct key_row *a = &key_rows[i];
        assert_true(a->key[0] || a->palette[0]);
        assert_true(a->help[0]);
        assert_true(a->contexts != 0);
        for (size_t k = i + 1; k < key_rows_n; k++) {
            const struct key_row *b = &key_rows[k];
            if (!(a->contexts & b->contexts))
                continue;
            const char *mine[] = {a->key, a->key2}, *theirs[] = {b->key, b->key2};
            for (int x = 0; x < 4; x++)
                if (mine[x / 2][0] && strcmp(mine[x / 2], theirs[x % 2]) == 0)
                    fail_msg("%s means two things in one place", mine[x / 2]);
        }
    }
    for (size_t i = 0; i < command_rows_n; i++)
        for (size_t k = i + 1; k < command_rows_n; k++)
            assert_string_not_equal(command_rows[i].name, command_rows[k].name);
    /* Every action but moving the start screen's mark can be run from the palette or typed there.
     */
    for (int act = ACT_NONE + 1; act < ACTIONS; act++) {
        bool listed = false, line_only = false;
        for (size_t i = 0; i < key_rows_n; i++)
            if ((int)key_rows[i].action == act) {
                listed |= key_rows[i].palette[0] != '\0';
                line_only |=
                    !(key_rows[i].contexts & ~(unsigned)(CTX_TYPING | CTX_START | CTX_EMPTY));
            }
        if (!listed && !line_only && act != ACT_PALETTE && act != ACT_DOWN && act != ACT_UP)
            fail_msg("action %d is not in the palette", act);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines), cmocka_unit_test(flight), cmocka_unit_test(ceiling),
        cmocka_unit_test(fuzzy), cmocka_unit_test(rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
