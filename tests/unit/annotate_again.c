/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions that go on as earlier ones did, nearly: what was met before is passed on quickly
 * (know/annot_quick.c), and must be said as the careful way says it. */
#include "heloscope/annotate.h"
#include "know/annot_priv.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool collect(void *arg, const char *p, size_t n)
{
    return buf_add(arg, p, n);
}

static uint64_t feed(struct buf *out, const char *p, size_t n, size_t piece)
{
    char why[200];
    struct annotate_options o = {.as = ANNOTATE_TEXT, .write = collect, .arg = out};
    buf_init(out, 64u << 20);
    struct annotator *a = annotate_new(&o, why, sizeof why);
    assert_non_null(a);
    while (n > 0) {
        size_t room, k = n < piece ? n : piece;
        char *to = annotate_room(a, &room);
        k = k < room ? k : room;
        memcpy(to, p, k);
        p += k;
        n -= k;
        assert_true(annotate_took(a, k));
    }
    assert_true(annotate_end(a));
    uint64_t explained = annotate_explained(a);
    annotate_free(a);
    return explained;
}

/* The recording with other marks or line ends; to be freed. */
static char *written(const char *text, size_t n, const char *client, const char *server,
                     const char *end, size_t *size)
{
    char *out = malloc(3 * n + 1), *to = out;
    assert_non_null(out);
    for (const char *p = text, *lf; p < text + n; p = lf + 1) {
        lf = memchr(p, '\n', (size_t)(text + n - p));
        const char *mark = strncmp(p, "C: ", 3) == 0   ? client
                           : strncmp(p, "S: ", 3) == 0 ? server
                                                       : NULL;
        if (mark) {
            to = stpcpy(to, mark);
            p += 3;
        }
        memcpy(to, p, (size_t)(lf - p));
        to = stpcpy(to + (lf - p), end);
    }
    *size = (size_t)(to - out);
    return out;
}

static void same(const char *text, size_t n)
{
    struct buf quick, careful, pieces;
    uint64_t explained = feed(&quick, text, n, 1u << 20);
    annot_careful = true;
    assert_int_equal(feed(&careful, text, n, 1u << 20), explained);
    annot_careful = false;
    assert_string_equal(buf_str(&quick), buf_str(&careful));
    assert_int_equal(feed(&pieces, text, n, 333), explained);
    assert_string_equal(buf_str(&quick), buf_str(&pieces));
    assert_null(strchr(buf_str(&quick), 0x1b));
    buf_clear(&quick);
    buf_clear(&careful);
    buf_clear(&pieces);
}

/* In one of the ways to write it down. */
static void compare(const char *text, size_t n, unsigned way)
{
    static const char *const ways[][3] = {{"C: ", "S: ", "\n"},
                                          {"C: ", "S: ", "\r\n"},
                                          {" -> ", "<-  ", "\n"},
                                          {"> ", "< ", "\r\n"},
                                          {"", "", "\n"}};
    size_t size;
    way %= sizeof ways / sizeof ways[0];
    char *other = written(text, n, ways[way][0], ways[way][1], ways[way][2], &size);
    same(other, size);
    free(other);
}

static unsigned seed = 1;

static unsigned dice(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static const char *const lines[] = {
    /* what nearly all sessions say ... */
    "C: MAIL FROM:<sender%u@client.example>",
    "S: 250 2.1.0 Ok",
    "C: RCPT TO:<somebody%u@example.net>",
    "S: 250 2.1.5 Ok",
    "S: 550 5.1.1 <nobody%u@example.net>: User unknown",
    "C: DATA",
    "S: 354 go on",
    "C: Subject: letter %u",
    "C: ",
    "C: .",
    "S: 250 2.0.0 Ok: queued as %08X",
    "C: EHLO client.example.org",
    "S: 250-mx.example\nS: 250-SIZE 1000\nS: 250 8BITMIME",
    /* ... and what is nearly that */
    "S: 250-mx.example\nS: 250-SIZE 1000\nC: NOOP",
    "S: 250-mx.example\nS: 250-SIZE 1000\nS: 250 8BITMIME\nS: 250 PIPELINING",
    "S: 250-2.1.0 Ok",
    "S: 250 2.1.05 Ok",
    "S: 250 2.1.0",
    "S: 250 2.0.0 Ok: queued as \033[31m%u",
    "S: 250 2.0.0 Ok: queued as \302\233%u",
    "C: MAIL FROM:<sender%u@client.example> SIZE=\033[1m",
    "C: MAIL FROM:<sender%u@client.example> \302\233",
    "C: MAIL FROM:<sender%u@client.example> SIZE=10",
    "C: MAIL FROM:<sender%u@client@example>",
    "C: MAIL FROM:<@client%u.example>",
    "C: MAIL FROM:<sender%u@>",
    "C: MAIL FROM:<sender%u@client.example",
    "C: MAIL FROM:<send\351r%u@client.example>",
    "C: RCPT TO:<swordfish%u@example.net>",
    "C: RCPT TO: <somebody%u@example.net>",
    "C:  RCPT TO:<somebody%u@example.net>",
    "C:RCPT TO:<somebody%u@example.net>",
    "C: AUTH PLAIN AHVzZXIAc3dvcmRmaXNo",
    "S: 235 2.7.0 welcome",
    "C: . %u",
    "C: ..",
    "C: Subject: \033]0;%u\007",
    "C: BDAT 20",
    "C: swordfish in a letter, no. %u",
    "S: .",
    "S: 421 4.3.2 closing",
    "X: %u",
    "",
    "   | an explanation of ours",
};

enum { USUAL = 13, LINES = sizeof lines / sizeof lines[0] };

static size_t put_line(char *to, unsigned line)
{
    int n = sprintf(to, lines[line], dice(5));
    to[n] = '\n';
    return (size_t)n + 1;
}

/* Each line by itself, and with another one, comes and goes in sessions that are alike. */
static void nearly_alike(void **state)
{
    (void)state;
    char *text = malloc(1u << 20);
    assert_non_null(text);
    for (unsigned odd = USUAL; odd < LINES; odd++)
        for (unsigned second = USUAL; second < LINES; second++) {
            unsigned at = dice(USUAL), then = dice(2) ? at : dice(USUAL);
            size_t n = (size_t)sprintf(text, "S: 220 mx.example ESMTP\n");
            for (int session = 0; session < 8; session++)
                for (unsigned i = 0; i < USUAL; i++) {
                    if (dice(9))
                        n += put_line(text + n, i);
                    if (i == at && dice(4))
                        n += put_line(text + n, odd);
                    if (i == then && dice(4))
                        n += put_line(text + n, second);
                }
            compare(text, n, odd + second);
        }
    free(text);
}

/* A third line is the first that is passed on quickly: none of them may show what the first does
 * not. */
static void escapes(void **state)
{
    (void)state;
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, "S: 220 x ESMTP\nC: EHLO a.b\nS: 250 x\n");
    for (int i = 0; i < 6; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "C: MAIL FROM:<a@b.example> SIZE=1 \033[31m\nS: 250 2.1.0 ok\n"
                              "C: RCPT TO:<c@d.example> \302\233m\nS: 250 2.1.5 ok\n"
                              "C: RSET\nS: 250 2.0.0 ok\n");
    for (unsigned way = 0; way < 5; way++)
        compare(text, n, way);
    struct buf b;
    feed(&b, text, n, 1u << 20);
    size_t shown = 0;
    for (const char *p = buf_str(&b); (p = strstr(p, "SIZE=1 ^[[31m")); p++)
        shown++;
    assert_int_equal(shown, 6);
    assert_null(strstr(buf_str(&b), "\302\233"));
    buf_clear(&b);
}

/* A secret that became known is not passed on in an address, however often such lines came. */
static void secrets(void **state)
{
    (void)state;
    char text[8192];
    size_t n = 0;
    for (int i = 0; i < 6; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "S: 220 x ESMTP\nC: EHLO a.b\nS: 250-x\nS: 250 AUTH PLAIN\n%s"
                              "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 ok\n"
                              "C: RCPT TO:<%s@d.example>\nS: 250 2.1.5 ok %s\n"
                              "C: QUIT\nS: 221 2.0.0 bye\n",
                              i == 3 ? "C: AUTH PLAIN AHVzZXIAc3dvcmRmaXNo\nS: 235 2.7.0 ok\n" : "",
                              i > 3 ? "swordfish" : "trout", i > 3 ? "swordfish" : "trout");
    for (unsigned way = 0; way < 5; way++)
        compare(text, n, way);
    struct buf b;
    feed(&b, text, n, 1u << 20);
    assert_null(strstr(buf_str(&b), "swordfish"));
    assert_non_null(strstr(buf_str(&b), "trout"));
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearly_alike),
        cmocka_unit_test(escapes),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
