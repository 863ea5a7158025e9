/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters as mail programs show them: fields, parts, HTML, attachments, disguises; and letters made
 * to harm whoever reads them. */
#include "tests/support/check.h"
#include "heloscope/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void has(const struct buf *b, const char *what)
{
    if (!strstr(buf_str((struct buf *)(uintptr_t)b), what))
        fail_msg("\"%s\" is missing in: %s", what, buf_str((struct buf *)(uintptr_t)b));
}

static void html(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"<p>One<p>Two &amp; &lt;three&gt;", "One\n\nTwo & <three>"},
        {"a<br>b<br/>c", "a\nb\nc"},
        {"<a href=\"http://evil.example/x?a=1&amp;b=2\">your bank</a> now",
         "your bank <http://evil.example/x?a=1&b=2> now"},
        {"<a href='https://a.example/'>https://a.example/</a>", "https://a.example/"},
        {"<a href=mailto:x@a.example>x@a.example</a>", "x@a.example"},
        {"<script>alert('<p>no')</script><style>p{}</style>yes<!-- no <p> -->!", "yes!"},
        {"<ul><li>one<li>two</ul>", "- one\n- two"},
        {"<img src=x alt=\"a cat\">", "[a cat]"},
        {"5 < 6 and 7 > 6", "5 < 6 and 7 > 6"},
        {"&#x41;&#66;&nosuch;&", "AB&nosuch;&"},
        {"<a href=\"http://x.example", ""},
        {"<a title=\"x href=http://bank.test/\" href=http://evil.test/>bank</a>",
         "bank <http://evil.test/>"},
        {"<a/href='http://evil.test/'/>bank</a>", "bank <http://evil.test/>"},
        {"<a title=\"x\"href=\"http://evil.test/\" href=\"http://bank.test/\">bank</a>",
         "bank <http://evil.test/>"},
        {"<a title = 'it' disabled HREF\n=\n\"http://e.test/\">bank</a>", "bank <http://e.test/>"},
        {"<base href=\"http://evil.test/\"><a href=login>login</a>",
         "login <login, below http://evil.test/>"},
        {"<form action=\"http://evil.test/p\"><area href=http://e.test/>",
         "[form to http://evil.test/p] [area to http://e.test/]"},
        {"a<!--><a href=http://evil.test/>bank</a><!-- x --!>b<!--->c",
         "abank <http://evil.test/> bc"},
        {"<script>never ends", ""},
        {"<!-- never ends", ""},
        {"caf\xc3\xa9 &eacute; &#8364;", "caf\xc3\xa9 \xc3\xa9 \xe2\x82\xac"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 65536);
        assert_true(html_text(rows[i].in, strlen(rows[i].in), 60000, &b));
        assert_string_equal(buf_str(&b), rows[i].out);
        buf_clear(&b);
    }
    struct buf b;
    buf_init(&b, 65536);
    assert_false(html_text("0123456789", 10, 5, &b));
    assert_string_equal(buf_str(&b), "01234");
    buf_clear(&b);
}

static const char letter[] = "From: =?UTF-8?Q?Your_B=C3=A4nk?= <security@bank.example>\r\n"
                             "To: student@practice.example\r\n"
                             "Subject: =?iso-8859-1?Q?caf=E9?=\r\n =?utf-8?B?IGFuZCBjcmVhbQ==?=\r\n"
                             "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                             "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
                             "--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n"
                             "--c\r\nContent-Type: text/html\r\n\r\n<b>not this</b>\r\n--c--\r\n"
                             "--b\r\nContent-Type: application/pdf\r\n"
                             "Content-Disposition: attachment; filename*=utf-8''%E2%82%AC.pdf\r\n"
                             "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";

static void parts(void **state)
{
    struct reader r;
    char why[300], dir[] = "/tmp/heloscope-reader-XXXXXX", path[64], got[16] = "";
    (void)state;
    reader_open(&r, letter, sizeof letter - 1);
    assert_string_equal(r.from_name, "Your B\xc3\xa4nk");
    assert_string_equal(r.from_address, "security@bank.example");
    assert_string_equal(r.subject, "caf\xc3\xa9 and cream");
    assert_int_equal(r.nparts, 5);
    assert_string_equal(r.parts[2].type, "text/plain");
    assert_int_equal(r.parts[2].depth, 2);
    assert_true(r.parts[2].shown);
    assert_false(r.parts[3].shown);
    assert_string_equal(buf_str(&r.text), "Gr\xc3\xbc\xc3\x9f"
                                          "e");
    assert_true(r.parts[4].attachment);
    assert_string_equal(r.parts[4].name, "\xe2\x82\xac.pdf");

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/saved", dir);
    assert_true(reader_save(&r, 4, path, why, sizeof why));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(got, 1, sizeof got - 1, f), 5);
    fclose(f);
    assert_string_equal(got, "hello");
    assert_false(reader_save(&r, 4, path, why, sizeof why)); /* nothing is overwritten */
    assert_non_null(strstr(why, "it exists"));
    assert_false(reader_save(&r, 0, path, why, sizeof why));
    assert_false(reader_save(&r, 99, path, why, sizeof why));
    assert_false(reader_save(&r, 4, "/no/such/dir/x", why, sizeof why));
    unlink(path);
    rmdir(dir);
    reader_clear(&r);
}

static void html_only(void **state)
{
    static const char text[] = "From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n"
                               "<p>Pay <a href='http://evil.example'>here</a></p>";
    struct reader r;
    (void)state;
    reader_open(&r, text, sizeof text - 1);
    assert_string_equal(r.from_name, "");
    assert_string_equal(r.from_address, "a@b.example");
    has(&r.text, "Pay here <http://evil.example>");
    reader_clear(&r);
}

/* A MIME tree of any depth, endless headers, NULs, broken words: read, listed in part, no more. */
static void hostile(void **state)
{
    static const char *const texts[] = {
        "",
        "\r\n",
        "no header at all",
        "From\r\n\r\nx",
        "From: <<<>>>\r\n\r\n",
        "Subject: =?utf-8?B?!!!!\?=\r\n\r\n",
        "Subject: =?nonsense?Q?a?=\r\n\r\n",
        "Content-Type: multipart/mixed\r\n\r\n--\r\n",
        "Content-Type: text/html; charset=\"\r\n\r\n<a href=",
    };
    struct reader r;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        reader_open(&r, texts[i], strlen(texts[i]));
        assert_non_null(r.subject);
        reader_clear(&r);
    }
    for (unsigned depth = 60; depth <= 4000; depth *= 8) {
        struct buf b;
        buf_init(&b, 16 << 20);
        buf_add_str(&b, "From: a@b.example\r\nMIME-Version: 1.0\r\n");
        for (unsigned i = 0; i < depth; i++)
            buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
        buf_add_str(&b, "Content-Type: text/plain\r\n\r\ndeep\r\n");
        reader_open(&r, b.p, b.len);
        assert_true(r.nparts <= READER_PARTS);
        assert_true(r.left_out > 0 || depth > 400);
        assert_int_equal(r.raw, depth > READER_BOUNDARIES);
        reader_clear(&r);
        buf_clear(&b);
    }
    struct buf b;
    buf_init(&b, 16 << 20);
    buf_add_str(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < 100000; i++)
        buf_add_str(&b, "--b\r\n\r\nx\r\n");
    reader_open(&r, b.p, b.len);
    assert_true(r.raw);
    reader_clear(&r);
    buf_trim(&b, 0);
    buf_add_str(&b, "From: a@b.example\r\n");
    for (unsigned i = 0; i < 10000; i++)
        buf_addf(&b, "X-%u: y\r\n", i);
    buf_add(&b, "\r\nb\0dy\r\n", 8);
    reader_open(&r, b.p, b.len);
    assert_string_equal(r.from_address, "a@b.example");
    reader_clear(&r);
    buf_clear(&b);
}

/* Of a text of megabytes the beginning is decoded, with its charset; all of it can be saved. */
static void long_text(void **state)
{
    struct reader r;
    struct buf b;
    struct stat st;
    char why[200], dir[] = "/tmp/heloscope-reader-XXXXXX", path[64];
    (void)state;
    buf_init(&b, 32 << 20);
    buf_add_str(&b, "From: a@b.example\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    for (unsigned i = 0; i < 500000; i++)
        buf_add_str(&b, "=E4 line of it\r\n");
    reader_open(&r, b.p, b.len);
    assert_true(r.cut);
    assert_int_equal(r.text.len, READER_TEXT);
    assert_memory_equal(r.text.p, "\xc3\xa4 line of it\r\n\xc3\xa4 line", 22);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/saved", dir);
    assert_true(reader_save(&r, 0, path, why, sizeof why));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 500000 * 14);
    unlink(path);
    rmdir(dir);
    reader_clear(&r);
    buf_clear(&b);
}

static void disguises(void **state)
{
    static const char *const known[] = {"bank.example", "paypal.example", NULL};
    static const struct {
        const char *name, *address, *says;
    } rows[] = {
        {"security@bank.example", "x@evil.example", "holds an address"},
        {"x@evil.example security@bank.example", "x@evil.example", "holds an address"},
        {"security\xef\xbc\xa0"
         "bank.example",
         "x@evil.example", "holds an address"},
        {"Bank", "x@bаnk.example", "several scripts"},
        {"Bank", "x@bаnk.example", "looks like bank.example"},
        {"Bank", "x@paypa1.example", "looks like paypal.example"},
        {"Bank", "x@bank.example.evil.example", "begins like bank.example"},
        {"Bank\xe2\x80\xae", "x@home.example", "U+202E RIGHT-TO-LEFT OVERRIDE"},
        {"Ba\xe2\x80\x8bnk", "x@home.example", "cannot be seen"},
        {"Bank", "x@xn--bnk-6cd.example", "it reads b\xd0\xb0nk.example"},
    };
    struct buf b;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_init(&b, 65536);
        assert_true(disguise_of(rows[i].name, rows[i].address, known, &b));
        has(&b, rows[i].says);
        buf_clear(&b);
    }
    buf_init(&b, 65536);
    assert_false(disguise_of("X@Home.example", "x@home.example", known, &b));
    assert_false(disguise_of("Your Bank", "security@bank.example", known, &b));
    assert_false(disguise_of("Caf\xc3\xa9", "x@mail.bank.example", known, &b));
    assert_false(disguise_characters("plain", 5, &b));
    assert_true(disguise_characters("p\xd0\xb0y\xff", 5, &b));
    has(&b, "U+0430 CYRILLIC SMALL LETTER A");
    has(&b, "no UTF-8");
    buf_clear(&b);
    assert_non_null(strstr(disguise_unseen(), "Not seen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html),    cmocka_unit_test(parts),     cmocka_unit_test(html_only),
        cmocka_unit_test(hostile), cmocka_unit_test(long_text), cmocka_unit_test(disguises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
