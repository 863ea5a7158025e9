/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line mode's printing: a long body that is printed as it comes says the same as one that is
 * printed at its end, in whatever pieces it comes, and is not kept. */
#include "mode/plain.h"
#include "heloscope/frame.h"
#include "heloscope/proto.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static struct moment retr(void)
{
    const struct proto *p = proto_find("pop3", 4, NULL, NULL);
    struct moment m = {.proto = p, .exchange = 1};
    m.command.verb = proto_verb(p, "RETR", 4);
    m.command.replies = 1;
    m.reply.cls = REPLY_OK;
    p->begin(&m.before);
    m.after = m.before;
    return m;
}

/* The body in pieces of `piece` octets; streamed: printed after each. */
static char *print(const char *body, size_t n, size_t piece, bool streamed, size_t *most)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    struct transcript *t = transcript_new(0);
    struct moment m = retr();
    bool told = false;
    assert_non_null(f);
    *most = 0;
    size_t i = transcript_add(t, ITEM_SERVER, MARK_OK, &m, "+OK 1 octets\r\n", 14, 0);
    for (size_t at = 0; at < n; at += piece) {
        transcript_more(t, i, body + at, n - at < piece ? n - at : piece, NOTE_STUFFED);
        if (streamed)
            plain_stream(f, t, i, &told);
        if (transcript_kept(t) > *most)
            *most = (size_t)transcript_kept(t);
    }
    transcript_close(t, i, MARK_OK, &m, 0);
    if (told)
        plain_rest(f, transcript_source(t), i);
    else
        plain_item(f, transcript_source(t), i);
    fclose(f);
    transcript_free(t);
    assert_int_equal(told, streamed && n > 40000);
    return out;
}

static void bodies(void **state)
{
    static const char *const lines[] = {
        "an ordinary line",        "..a dot in front", ".", "\033[31mred\033[0m", "",
        "\xc3\xa4 \xff \x9b 8bit", "a bare LF\nin it",
    };
    char *body = malloc(400000);
    size_t n = 0, most, whole;
    (void)state;
    assert_non_null(body);
    for (size_t i = 0; n < 300000; i++) {
        const char *l = lines[i % 7];
        if (strcmp(l, ".") == 0)
            l = "..";
        n += (size_t)sprintf(body + n, "%s\r\n", l);
        if (i == 5000) { /* longer than what is shown of one */
            memset(body + n, 'x', 20000);
            n += 20000 + (size_t)sprintf(body + n + 20000, "\r\n");
        }
    }
    n += (size_t)sprintf(body + n, ".\r\n");
    char *want = print(body, n, n, false, &whole);
    assert_non_null(
        strstr(want, "S: + +OK 1 octets\nS: + an ordinary line\nS: + .a dot in front\nS: + .\n"));
    assert_non_null(strstr(want, "S: + ^[[31mred^[[0m\n"));
    assert_non_null(strstr(want, " [+11808 octets]\n"));
    assert_null(strchr(want, 033));
    static const size_t pieces[] = {1, 7, 1000, 33000, 65536};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char *got = print(body, n, pieces[i], true, &most);
        assert_string_equal(got, want);
        assert_true(most < 140000);
        free(got);
    }
    free(want);
    /* a short one waits for its end */
    free(print("a\r\n.\r\n", 6, 1, true, &most));
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bodies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
