/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text made harmless: a table of hostile bytes, and the widths that drawing really takes. */
#include "tests/support/check.h"
#include "heloscope/buf.h"
#include "tests/unit/screenful.h"
#include "tui/text.h"

static const struct row {
    const char *raw, *shown;
    int cols;
} rows[] = {
    {"plain text", "plain text", 10},
    {"", "", 0},
    {"tab\there", "tab^Ihere", 9},
    {"\033[2J\007", "^[[2J^G", 7},
    {"\033]0;title\033\\", "^[]0;title^[\\", 13},
    {"a\rb\nc", "a^Mb^Jc", 7},
    {"del\177", "del^?", 5},
    /* C1 as UTF-8: CSI and OSC without an escape character */
    {"\xc2\x9b"
     "31m",
     "<U+009B>31m", 11},
    {"\xc2\x9d"
     "0;x",
     "<U+009D>0;x", 11},
    /* bad UTF-8: lone, cut, overlong, surrogate, beyond the end */
    {"\xe2", "<E2>", 4},
    {"\xe2\x82", "<E2><82>", 8},
    {"\x9b"
     "31m",
     "<9B>31m", 7},
    {"\xc0\xaf", "<C0><AF>", 8},
    {"\xe0\x80\xaf", "<E0><80><AF>", 12},
    {"\xed\xa0\x80", "<ED><A0><80>", 12},
    {"\xf4\x90\x80\x80", "<F4><90><80><80>", 16},
    {"\xf8\x88\x80\x80\x80", "<F8><88><80><80><80>", 20},
    {"caf\xc3\xa9", "caf\xc3\xa9", 4},
    /* directions, joiners, fillers */
    {"a\xe2\x80\xae"
     "b",
     "a<U+202E>b", 10},
    {"\xe2\x81\xa6x\xe2\x81\xa9", "<U+2066>x<U+2069>", 17},
    {"pay\xe2\x80\x8bpal", "pay<U+200B>pal", 14},
    {"a\xe2\x80\x8d"
     "b",
     "a<U+200D>b", 10},
    {"\xef\xbb\xbf"
     "x",
     "<U+FEFF>x", 9},
    {"a\xc2\xad"
     "b",
     "a<U+00AD>b", 10},
    {"\xe3\x85\xa4", "<U+3164>", 8},
    {"x\xf3\xa0\x81\x81", "x<U+E0041>", 10},
    {"\xe2\x80\xa8", "<U+2028>", 8},
    {"\xef\xbf\xbe", "<U+FFFE>", 8},
    /* marks: on a letter, without one, a tower of them */
    {"e\xcc\x81x", "e\xcc\x81x", 2},
    {"\xcc\x81", "<U+0301>", 8},
    {"e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86x", "e<+6 marks>x", 12},
    /* wide ones; a joined family counts as its members */
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", 4},
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", "\xf0\x9f\x91\xa9\xf0\x9f\x91\xa7", 4},
    {"\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4", 1},
    {"x\xef\xb8\x8f", "x<U+FE0F>", 9},
};

static void hostile_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 4096);
        text_clean(&b, rows[i].raw, strlen(rows[i].raw));
        assert_string_equal(buf_str(&b), rows[i].shown);
        assert_int_equal(text_width(rows[i].raw, strlen(rows[i].raw)), rows[i].cols);
        buf_clear(&b);
        /* Drawn it is the same, and takes as many columns. */
        erase();
        int used = text_puts(3, 5, 60, ROLE_TEXT, rows[i].raw);
        assert_int_equal(used, rows[i].cols);
        assert_int_equal(getcurx(stdscr), 5 + used);
        assert_string_equal(screenful_row(3) + (*rows[i].shown ? 5 : 0), rows[i].shown);
    }
}

/* Every single byte, and every pair with a lead byte: nothing that is not printable comes out. */
static void any_bytes_come_out_printable(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            char raw[4] = {(char)a, (char)b, 'x', 0};
            struct buf out;
            buf_init(&out, 256);
            text_clean(&out, raw, 3);
            for (size_t i = 0; i < out.len; i++) {
                assert_true((unsigned char)out.p[i] >= 0x20);
                assert_true(out.p[i] != 0x7f);
                assert_false((unsigned char)out.p[i] == 0xc2 && (unsigned char)out.p[i + 1] < 0xa0);
            }
            assert_true(out.len > 0 && out.p[out.len - 1] == 'x');
            buf_clear(&out);
        }
}

static void drawing_stays_in_its_columns(void **state)
{
    (void)state;
    for (int w = 0; w < 20; w++) {
        erase();
        mvaddstr(2, 10 + w, "EDGE");
        int used = text_puts(2, 10, w, ROLE_TEXT, "ab\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xae\033zz");
        assert_in_range(used, 0, w);
        assert_non_null(strstr(screenful_row(2), "EDGE"));
        assert_int_equal(mvinch(2, 10 + w) & A_CHARTEXT, 'E');
    }
    /* Off the screen: nothing happens. */
    assert_int_equal(text_puts(-1, 0, 10, ROLE_TEXT, "x"), 0);
    assert_int_equal(text_puts(99, 0, 10, ROLE_TEXT, "x"), 0);
    assert_int_equal(text_puts(0, 79, 10, ROLE_TEXT, "xyz"), 1);
}

static void breaking_lines(void **state)
{
    int cols;
    (void)state;
    assert_int_equal(text_fit("hello world", 11, 20, true, &cols), 11);
    assert_int_equal(cols, 11);
    assert_int_equal(text_fit("hello world", 11, 8, true, &cols), 6);
    assert_int_equal(text_fit("hello world", 11, 5, true, &cols), 5);
    assert_int_equal(text_fit("hello world", 11, 8, false, &cols), 8);
    assert_int_equal(text_fit("helloworld", 10, 4, true, &cols), 4);
    /* A wide letter does not fit into half of its place; something always goes. */
    assert_int_equal(text_fit("a\xe6\x97\xa5", 4, 2, false, &cols), 1);
    assert_int_equal(cols, 1);
    assert_int_equal(text_fit("\xe6\x97\xa5", 3, 1, false, &cols), 3);
    struct rect r = {4, 2, 3, 10};
    erase();
    const char *s = "one two three four five six seven";
    assert_int_equal(text_wrap(r, 0, ROLE_TEXT, s, strlen(s)), 4);
    assert_string_equal(screenful_row(4), "  one two");
    assert_string_equal(screenful_row(5), "  three four");
    assert_string_equal(screenful_row(6), "  five six");
    assert_string_equal(screenful_row(7), "");
    erase();
    assert_int_equal(text_wrap(r, 2, ROLE_TEXT, s, strlen(s)), 4);
    assert_string_equal(screenful_row(4), "  five six");
    assert_int_equal(text_wrap(r, 0, ROLE_TEXT, "a\nb\n", 4), 2);
}

static int start(void **state)
{
    (void)state;
    screenful_open(24, 80);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    screenful_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(any_bytes_come_out_printable),
        cmocka_unit_test(drawing_stays_in_its_columns),
        cmocka_unit_test(breaking_lines),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
