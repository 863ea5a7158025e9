/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files for the tests of logfile.h: written, opened, and told in words. */
#ifndef TESTS_UNIT_LOGFILES_H
#define TESTS_UNIT_LOGFILES_H

#include "tests/support/check.h"
#include "heloscope/logfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/heloscope-logfile-XXXXXX";
static char path[100];

static inline int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/file", dir);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static inline void put(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static inline struct logfile *open_it(void)
{
    char why[300] = "";
    struct logfile *f = logfile_open(NULL, path, NULL, NULL, why, sizeof why);
    if (!f)
        fail_msg("%s", why);
    return f;
}

static inline struct logfile *open_text(const char *text)
{
    put(text, strlen(text));
    return open_it();
}

/* Every item in a line: kind, mark, exchange, state after it, first line. */
static inline void words(struct logfile *f, char *out, size_t size)
{
    const struct source *s = logfile_source(f);
    size_t n = s->count(s->self), k = 0;
    for (size_t i = 0; i < n; i++) {
        struct item it;
        struct moment m;
        struct span l;
        assert_true(s->item(s->self, i, &it));
        assert_true(s->line(s->self, i, 0, &l));
        bool told = s->moment(s->self, i, &m);
        k += (size_t)snprintf(out + k, size - k, "%c%c%u %.*s", "CSET"[it.kind],
                              item_mark_char(it.mark), it.exchange, (int)l.n, l.p);
        if (it.lines > 1)
            k += (size_t)snprintf(out + k, size - k, " (+%d)", (int)it.lines - 1);
        if (told && m.proto && it.kind == ITEM_SERVER)
            k += (size_t)snprintf(out + k, size - k, " [%s: %s]",
                                  m.command.verb ? m.command.verb->name : "?",
                                  proto_state(m.proto, &m.after));
        k += (size_t)snprintf(out + k, size - k, "\n");
        assert_true(k < size);
    }
}

static inline void reads(const char *text, const char *proto, const char *want)
{
    char got[8192] = "";
    struct logfile *f = open_text(text);
    words(f, got, sizeof got);
    assert_string_equal(got, want);
    assert_string_equal(logfile_proto(f) ? logfile_proto(f)->name : "none", proto);
    logfile_close(f);
}

static inline bool holds(struct logfile *f, const char *needle)
{
    const struct source *s = logfile_source(f);
    struct span l;
    struct item it;
    for (size_t i = 0; s->item(s->self, i, &it); i++) {
        for (uint64_t k = 0; k < it.lines; k++)
            if (s->line(s->self, i, k, &l) && memmem(l.p, l.n, needle, strlen(needle)))
                return true;
        if (it.remark && strstr(it.remark, needle))
            return true;
    }
    return false;
}

static inline size_t put_big(const char *first, const char *rest, const char *last)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    size_t n = 0;
    fputs(first, f);
    while (ftell(f) < (long)LOGFILE_LAZY + 100000) {
        fputs(rest, f);
        n++;
    }
    fputs(last, f);
    fclose(f);
    return n;
}

#endif
