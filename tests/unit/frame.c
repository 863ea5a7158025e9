/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Framing: however the octets arrive, the same lines and bodies come out, and none is lost. */
#include "tests/support/check.h"
#include "heloscope/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All pieces in words; body pieces joined. with_body: line 0 is followed by a body. */
static void run(const char *in, size_t n, size_t chunk, bool with_body, struct buf *out,
                struct buf *raw)
{
    struct frame f;
    struct piece p;
    struct buf body;
    unsigned notes = 0, lines = 0;
    frame_init(&f, 512);
    buf_init(&body, 1 << 24);
    for (size_t i = 0; i < n; i += chunk) {
        frame_feed(&f, in + i, n - i < chunk ? n - i : chunk);
        while (frame_next(&f, &p)) {
            buf_add(raw, p.p, p.n);
            if (p.kind == PIECE_BODY) {
                assert_true(p.n > 0);
                buf_add(&body, p.p, p.n);
                notes = p.notes;
                continue;
            }
            if (p.kind == PIECE_END) {
                buf_addf(out, "body %zu %x ", body.len, notes);
                buf_add(out, body.p, body.len < 100 ? body.len : 100);
                buf_trim(&body, 0);
            }
            buf_addf(out, "<%d %zu %zu %x>", p.kind, p.n, p.text, p.notes);
            buf_add(out, p.p, p.n < 100 ? p.n : 100);
            if (p.kind == PIECE_LINE && with_body && lines++ == 0)
                frame_body(&f);
        }
    }
    while (frame_finish(&f, &p)) {
        buf_add(raw, p.p, p.n);
        if (p.kind == PIECE_BODY) {
            buf_add(&body, p.p, p.n);
            notes = p.notes;
        } else {
            buf_addf(out, "<%d %zu %zu %x>", p.kind, p.n, p.text, p.notes);
        }
    }
    if (body.len)
        buf_addf(out, "unfinished %zu %x", body.len, notes & ~(unsigned)NOTE_CUT);
    buf_clear(&body);
    frame_clear(&f);
}

static void same_however_cut(const char *in, size_t n, bool with_body)
{
    static const size_t chunks[] = {1, 2, 3, 7, 63, 64, 65, 1000, 65536};
    struct buf first, out, raw;
    buf_init(&first, 1 << 24);
    buf_init(&out, 1 << 24);
    buf_init(&raw, 1 << 24);
    run(in, n, n ? n : 1, with_body, &first, &raw);
    assert_int_equal(raw.len, n);
    assert_memory_equal(raw.p ? raw.p : "", in, n);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        buf_trim(&out, 0);
        buf_trim(&raw, 0);
        run(in, n, chunks[i], with_body, &out, &raw);
        assert_int_equal(raw.len, n);
        assert_memory_equal(raw.p ? raw.p : "", in, n);
        assert_int_equal(out.len, first.len);
        assert_memory_equal(out.p ? out.p : "", first.p ? first.p : "", out.len);
    }
    buf_clear(&first);
    buf_clear(&out);
    buf_clear(&raw);
}

static void notes(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t n, text;
        unsigned notes;
    } rows[] = {
        {"plain\r\n", 7, 5, 0},
        {"lf\n", 3, 2, NOTE_BARE_LF},
        {"a\rb\r\n", 5, 3, NOTE_BARE_CR},
        {"a\r\r\n", 4, 2, NOTE_BARE_CR},
        {"a\0b\r\n", 5, 3, NOTE_NUL},
        {"\xc3\xa9\r\n", 4, 2, NOTE_8BIT},
        {"\r\n", 2, 0, 0},
        {"\n", 1, 0, NOTE_BARE_LF},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frame f;
        struct piece p;
        frame_init(&f, 512);
        frame_feed(&f, rows[i].in, rows[i].n);
        assert_true(frame_next(&f, &p));
        assert_int_equal(p.text, rows[i].text);
        assert_int_equal(p.n, rows[i].n);
        assert_int_equal(p.notes, rows[i].notes);
        assert_false(frame_next(&f, &p));
        assert_false(frame_finish(&f, &p));
        frame_clear(&f);
        same_however_cut(rows[i].in, rows[i].n, false);
    }
}

static void long_lines(void **state)
{
    (void)state;
    for (size_t n = 510; n <= 514; n++) {
        char *in = malloc(n + 2);
        struct frame f;
        struct piece p;
        memset(in, 'x', n);
        memcpy(in + n - 2, "\r\n", 2);
        frame_init(&f, 512);
        frame_feed(&f, in, n);
        assert_true(frame_next(&f, &p));
        assert_int_equal(p.notes, n > 512 ? NOTE_LONG : 0);
        frame_clear(&f);
        free(in);
    }
    /* Over the ceiling: pieces of FRAME_LINE_MAX, whole in the end. */
    size_t n = 3 * (size_t)FRAME_LINE_MAX + 10;
    char *in = malloc(n);
    memset(in, 'y', n);
    memcpy(in + n - 2, "\r\n", 2);
    struct frame f;
    struct piece p;
    frame_init(&f, 512);
    frame_feed(&f, in, n);
    for (int i = 0; i < 3; i++) {
        assert_true(frame_next(&f, &p));
        assert_int_equal(p.n, FRAME_LINE_MAX);
        assert_int_equal(p.notes, NOTE_CUT | NOTE_LONG);
    }
    assert_true(frame_next(&f, &p));
    assert_int_equal(p.n, 10);
    assert_int_equal(p.notes, 0);
    frame_clear(&f);
    same_however_cut(in, n, false);
    same_however_cut(in, n - 1, false);
    free(in);
}

static void end_of_body(const char *in, const char *after, unsigned want_notes)
{
    struct frame f;
    struct piece p;
    size_t n = strlen(in);
    unsigned got = 0;
    bool ended = false;
    frame_init(&f, 512);
    frame_feed(&f, in, n);
    assert_true(frame_next(&f, &p));
    frame_body(&f);
    while (!ended && frame_next(&f, &p)) {
        got |= p.notes;
        ended = p.kind == PIECE_END;
    }
    if (!after) {
        assert_false(ended);
    } else {
        const char *rest;
        assert_true(ended);
        size_t left = frame_rest(&f, &rest);
        assert_int_equal(left, strlen(after));
        assert_memory_equal(rest, after, left);
    }
    assert_int_equal(got, want_notes);
    frame_clear(&f);
    same_however_cut(in, n, true);
}

static void bodies(void **state)
{
    (void)state;
    end_of_body("+OK\r\na\r\n.\r\nnext", "next", 0);
    end_of_body("+OK\r\n.\r\n", "", 0);
    end_of_body("+OK\r\n..\r\n.x\r\n.\r\n", "", 0);
    end_of_body("+OK\r\n\r\n.\r\n", "", 0);
    /* the ways of smuggling: RFC 5321 4.1.1.4 */
    end_of_body("+OK\r\na\n.\n", NULL, NOTE_BARE_LF | NOTE_BARE_DOT);
    end_of_body("+OK\r\na\n.\r\n", NULL, NOTE_BARE_LF | NOTE_BARE_DOT);
    end_of_body("+OK\r\na\r\n.\nb\r\n.\r\n", "", NOTE_BARE_LF | NOTE_BARE_DOT);
    end_of_body("+OK\r\na\r\n.\r.\r\n", NULL, NOTE_BARE_CR);
    end_of_body("+OK\r\na\r.\r\r\n", NULL, NOTE_BARE_CR);
    end_of_body("+OK\r\na\r\n.\r\r\n.\r\n", "", NOTE_BARE_CR);
    /* bare LF throughout */
    end_of_body("+OK\na\n.\nb", "b", NOTE_BARE_LF);
    end_of_body("+OK\n.\n", "", NOTE_BARE_LF);
    end_of_body("+OK\na\n.\r\nb", "b", NOTE_BARE_LF);
    end_of_body("+OK\na\r\nb\n.\n", NULL, NOTE_BARE_LF | NOTE_BARE_DOT);
    end_of_body("+OK\r\n.", NULL, 0);
    end_of_body("+OK\r\nx\r\n.\r", NULL, 0);
}

/* Random bodies of the octets that matter, cut in every way. */
static void random_bodies(void **state)
{
    (void)state;
    static const char alphabet[] = "\r\n.a\r\n.\n\r\n\0\xff";
    unsigned seed = 20240101;
    char in[400];
    for (int round = 0; round < 3000; round++) {
        size_t n = 5;
        memcpy(in, round % 2 ? "+OK\r\n" : "+OKx\n", 5);
        size_t len = 5 + (size_t)(round % 390);
        while (n < len) {
            seed = seed * 1103515245 + 12345;
            in[n++] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        same_however_cut(in, n, round % 3 != 0);
    }
}

/* The bulk scan against the plain definition. */
static void scan_agrees(void **state)
{
    (void)state;
    unsigned seed = 7;
    static char in[5000];
    for (int round = 0; round < 400; round++) {
        size_t n = (size_t)(round * 13) % sizeof in;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1103515245 + 12345;
            unsigned r = (seed >> 16) % 200;
            in[i] = r < 2 ? '\n' : r < 3 ? '\r' : 'a';
            if (in[i] == '\n' && i && round % 2)
                in[i - 1] = '\r';
        }
        if (n > 100 && round % 5 == 0)
            in[n / 2] = round % 10 ? '\0' : (char)0x80;
        struct scan whole = {0}, single = {0};
        scan_bytes(&whole, in, n, 300);
        for (size_t i = 0; i < n; i++)
            scan_bytes(&single, in + i, 1, 300);
        unsigned want = 0;
        uint64_t lines = 0;
        size_t column = 0;
        for (size_t i = 0; i < n; i++) {
            column++;
            if (column > 300 && (in[i] == '\n' || i + 1 == n))
                want |= NOTE_LONG;
            if (in[i] == '\n') {
                lines++;
                column = 0;
                if (!i || in[i - 1] != '\r')
                    want |= NOTE_BARE_LF;
            }
            if (in[i] == '\r' && i + 1 < n && in[i + 1] != '\n')
                want |= NOTE_BARE_CR;
            want |= in[i] == 0 ? NOTE_NUL : 0;
            want |= in[i] & 0x80 ? NOTE_8BIT : 0;
        }
        assert_int_equal(whole.notes, want);
        assert_int_equal(single.notes, want);
        assert_int_equal(whole.lines, lines);
        assert_int_equal(whole.column, column);
        assert_int_equal(single.column, column);
        assert_int_equal(whole.last, n ? in[n - 1] : 0);
    }
}

/* A line of exactly the limit is no long line, wherever it begins and ends in the blocks of the
 * scan. */
static void scan_limit_is_exact(void **state)
{
    (void)state;
    static char in[1200];
    for (size_t before = 0; before < 130; before++)
        for (size_t len = 299; len <= 302; len++) {
            struct scan s = {0};
            memset(in, 'a', sizeof in);
            if (before)
                in[before - 1] = '\n';
            in[before + len - 1] = '\n';
            in[before + len + 200] = '\n';
            scan_bytes(&s, in, before + len + 250, 300);
            assert_int_equal(s.notes & NOTE_LONG, len > 300 ? NOTE_LONG : 0);
            assert_int_equal(s.column, 49);
        }
}

static void rest_is_whole(void **state)
{
    (void)state;
    struct frame f;
    struct piece p;
    const char *rest;
    frame_init(&f, 512);
    frame_feed(&f, "220 go\r\nEHLO evil\r\nhalf", 23);
    assert_true(frame_next(&f, &p));
    size_t n = frame_rest(&f, &rest);
    assert_int_equal(n, 15);
    assert_memory_equal(rest, "EHLO evil\r\nhalf", 15);
    assert_int_equal(frame_rest(&f, &rest), 0);
    frame_feed(&f, "ha", 2);
    assert_false(frame_next(&f, &p));
    frame_feed(&f, "lf\r\n", 4);
    n = frame_rest(&f, &rest);
    assert_int_equal(n, 6);
    assert_memory_equal(rest, "half\r\n", 6);
    frame_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(bodies),
        cmocka_unit_test(random_bodies),
        cmocka_unit_test(scan_agrees),
        cmocka_unit_test(rest_is_whole),
        cmocka_unit_test(scan_limit_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
