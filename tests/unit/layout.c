/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the panes stand at each size of the screen. */
#include "tests/support/check.h"
#include "tui/panes.h"

#include <stdlib.h>
#include <string.h>

static void thresholds(void **state)
{
    static const struct {
        int rows, cols;
        enum layout_kind kind;
    } cases[] = {{30, 100, LAYOUT_WIDE},    {29, 100, LAYOUT_STANDARD}, {30, 99, LAYOUT_STANDARD},
                 {20, 78, LAYOUT_STANDARD}, {19, 78, LAYOUT_SMALL},     {20, 77, LAYOUT_SMALL},
                 {15, 60, LAYOUT_SMALL},    {14, 60, LAYOUT_TINY},      {15, 59, LAYOUT_TINY},
                 {8, 40, LAYOUT_TINY},      {7, 40, LAYOUT_TOO_SMALL},  {8, 39, LAYOUT_TOO_SMALL},
                 {5, 30, LAYOUT_TOO_SMALL}, {1, 1, LAYOUT_TOO_SMALL},   {500, 500, LAYOUT_WIDE}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(layout_kind(cases[i].rows, cases[i].cols), cases[i].kind);
}

static void covers(bool *used, const struct rect *r, int lines, int cols)
{
    for (int y = r->y; y < r->y + r->h; y++)
        for (int x = r->x; x < r->x + r->w; x++) {
            assert_in_range(y, 0, lines - 1);
            assert_in_range(x, 0, cols - 1);
            assert_false(used[y * cols + x]);
            used[y * cols + x] = true;
        }
}

/* In every size, with every focus and editor: the parts lie on the screen, cover it, and do not
 * overlap; an editor and the transcript are there. */
static void parts_tile_the_screen(void **state)
{
    (void)state;
    for (int lines = 8; lines <= 60; lines++)
        for (int cols = 40; cols <= 130; cols += 5)
            for (int mode = 0; mode < 64; mode++) {
                struct ui u;
                memset(&u, 0, sizeof u);
                u.rows = lines;
                u.cols = cols;
                u.zoom = mode & 1;
                u.focus = (enum focus)(mode >> 1 & 3);
                u.small_pane = FOCUS_TALK;
                layout_compute(&u, mode & 8 ? 200 : mode & 16 ? 5 : 1, mode & 32);
                struct layout *l = &u.layout;
                bool *used = calloc((size_t)lines * (size_t)cols, 1);
                const struct rect *all[] = {&l->header, &l->tabs,   &l->talk, &l->why,   &l->caps,
                                            &l->title,  &l->editor, &l->hint, &l->keybar};
                for (size_t i = 0; i < 9; i++)
                    covers(used, all[i], lines, cols);
                for (int i = 0; i < lines * cols; i++)
                    assert_true(used[i]);
                free(used);
                assert_int_equal(l->header.h, 1);
                if (!u.zoom || u.focus == FOCUS_EDITOR) {
                    assert_true(l->editor.h >= 1);
                    assert_true(l->talk.h >= 3);
                }
            }
}

static void standard_is_as_drawn(void **state)
{
    struct ui u;
    (void)state;
    memset(&u, 0, sizeof u);
    u.rows = 24;
    u.cols = 80;
    layout_compute(&u, 1, true);
    assert_int_equal(u.layout.talk.h, 15);
    assert_int_equal(u.layout.talk.w, 57);
    assert_int_equal(u.layout.caps.x, 57);
    assert_int_equal(u.layout.why.h, 4);
    assert_int_equal(u.layout.title.y, 20);
    assert_int_equal(u.layout.editor.y, 21);
    assert_int_equal(u.layout.hint.y, 22);
    assert_int_equal(u.layout.keybar.y, 23);
    /* A saved talk has no capabilities. */
    struct tab file = {.file = (struct logfile *)&u};
    u.tabs[0] = &file;
    u.ntabs = 1;
    layout_compute(&u, 1, true);
    assert_int_equal(u.layout.talk.w, 80);
    assert_int_equal(u.layout.caps.h, 0);
    u.focus = FOCUS_CAPS;
    layout_compute(&u, 1, true);
    assert_int_equal(u.layout.talk.w, 57);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds),
        cmocka_unit_test(parts_tile_the_screen),
        cmocka_unit_test(standard_is_as_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
