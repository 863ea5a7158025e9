/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Name servers that are silent or lie, seen from the command line: one clear line that names what
 * is wrong, the status of "no connection", and an end within seconds. */
#include "tests/support/check.h"
#include "tests/support/program.h"
#include "fakedns.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ZONE                                                                                       \
    "$silent silent.test\n$truncated cut.test\n$lie lie.test\n$garbage noise.test\n"               \
    "$cut half.test\nhalf.test MX 10 a.test\nlie.test MX 10 a.test\ncut.test MX 10 a.test\n"       \
    "loop.test CNAME loop2.test\nloop2.test CNAME loop.test\n"                                     \
    "round.test MX 10 loop.test\n$servfail broken.test\n$refused closed.test\n"

enum { NO_LIMIT, LIMIT }; /* --timeout 1 */

static const struct row {
    const char *mode, *target;
    int limit, status;
    const char *says; /* %s: the name server */
} rows[] = {
    {"send", "mx:silent.test", LIMIT, 2,
     "no answer from the name server to the question for MX of silent.test: %s was asked for 1 s"},
    {"send", "smtp://silent.test", LIMIT, 2, "no answer from the name server (%s)"},
    {"probe", "silent.test", LIMIT, 5, "%s was asked for 1 s"},
    /* The usual patience is five seconds, and they are not spent twice. */
    {"probe", "smtp://silent.test", NO_LIMIT, 5, "no answer from the name server (%s)"},
    {"send", "mx:cut.test", LIMIT, 2, "the answer for MX of cut.test is cut off, over TCP too"},
    {"probe", "cut.test", LIMIT, 5, "the answer for MX of cut.test is cut off, over TCP too"},
    {"send", "mx:loop.test", LIMIT, 2,
     "the aliases (CNAME) of loop.test go round in a circle or are more than 16"},
    {"probe", "loop.test", LIMIT, 5, "the aliases (CNAME) of loop.test go round in a circle"},
    {"send", "mx:round.test", LIMIT, 2,
     "none of the mail exchangers of round.test can be used; the first: loop.test: the aliases"},
    {"probe", "round.test", LIMIT, 5, "none of the mail exchangers of round.test can be used"},
    {"send", "mx:lie.test", LIMIT, 2, "the name server's answer for MX of lie.test makes no sense"},
    {"send", "mx:broken.test", LIMIT, 2, "the name server failed to look up MX of broken.test"},
    {"send", "mx:closed.test", LIMIT, 2, "does not look up MX of closed.test for us"},
};

/* One line: probe wraps what it prints. */
static void unwrap(struct buf *b)
{
    size_t to = 0;
    for (size_t i = 0; i < b->len; i++) {
        char c = b->p[i] == '\n' ? ' ' : b->p[i];
        if (c != ' ' || !to || b->p[to - 1] != ' ')
            b->p[to++] = c;
    }
    buf_trim(b, to);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void one_line_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct fakedns *d = fakedns_start(ZONE);
        const char *args[] = {r->mode, r->target, "--resolver", fakedns_at(d), "--ehlo", "x.test",
                              NULL,    NULL,      NULL,         NULL,          NULL};
        char says[300];
        struct buf out;
        size_t k = 6;
        if (strcmp(r->mode, "send") == 0) {
            args[k++] = "--quit-after";
            args[k++] = "helo";
        }
        if (r->limit == LIMIT) {
            args[k++] = "--timeout";
            args[k++] = "1";
        }
        const double since = now();
        const int status = program_run(args, "", &out);
        const double took = now() - since;
        unwrap(&out);
        const char *at = strstr(r->says, "%s");
        if (at)
            snprintf(says, sizeof says, "%.*s%s%s", (int)(at - r->says), r->says, fakedns_at(d),
                     at + 2);
        else
            snprintf(says, sizeof says, "%s", r->says);
        if (status != r->status || !strstr(buf_str(&out), says) ||
            took > (r->limit == LIMIT ? 4 : 9))
            fail_msg("%s %s: status %d after %.1f s, not said: %s\n%s", r->mode, r->target, status,
                     took, says, buf_str(&out));
        buf_clear(&out);
        fakedns_stop(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_line_each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
