/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk shown at a pace: which words name one, and which items are seen when. */
#include "tests/support/check.h"
#include "tui/pace.h"

#include <string.h>

static void words(void **state)
{
    static const struct {
        const char *text;
        unsigned ms;
    } good[] = {{"2s", 2000},   {"2", 2000},    {"0.5s", 500},  {"1.25", 1250},
                {"800ms", 800}, {"100ms", 100}, {"60s", 60000}, {"off", 0},
                {"OFF", 0},     {"0", 0},       {"0.1", 100},   {"2.", 2000}};
    static const char *const bad[] = {"",     "fast",     "2m",    "-1",  "0.05s",
                                      "61s",  "99ms",     "1.5ms", "2 s", "2sec",
                                      "1e3",  "nan",      ".5",    "0x2", "99999999999999999999",
                                      "2,5s", "1.23456s", "s"};
    unsigned ms;
    char why[200];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ms = 1;
        if (!pace_parse(good[i].text, &ms, why, sizeof why))
            fail_msg("%s", why);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ms = 7;
        if (pace_parse(bad[i], &ms, why, sizeof why))
            fail_msg("\"%s\" was taken for %u ms", bad[i], ms);
        assert_int_equal(ms, 7);
        assert_non_null(strstr(why, "is no pace: 2s, 0.5s, 800ms"));
    }
}

/* One letter an item: C command, S reply, E event; ! is a reply that is a problem. */
static const char *talk = "";

static size_t count(void *self)
{
    (void)self;
    return strlen(talk);
}

static bool item(void *self, size_t i, struct item *out)
{
    (void)self;
    if (i >= strlen(talk))
        return false;
    *out = (struct item){.kind = talk[i] == 'C'   ? ITEM_CLIENT
                                 : talk[i] == 'E' ? ITEM_EVENT
                                                  : ITEM_SERVER,
                         .lines = 1};
    return true;
}

static bool line(void *self, size_t i, uint64_t k, struct span *out)
{
    (void)self;
    *out = (struct span){talk + i, 1};
    return i < strlen(talk) && k == 0;
}

static bool moment(void *self, size_t i, struct moment *out)
{
    (void)self;
    memset(out, 0, sizeof *out);
    return i < strlen(talk);
}

static bool find(void *self, const struct search *s, const struct place *from, bool back,
                 struct place *hit)
{
    (void)self;
    (void)s;
    (void)from;
    (void)back;
    *hit = (struct place){strlen(talk) - 1, 0};
    return true;
}

static bool problem(void *self, size_t i, bool back, size_t *hit)
{
    (void)self;
    (void)i;
    (void)back;
    const char *p = strchr(talk, '!');
    *hit = p ? (size_t)(p - talk) : 0;
    return p != NULL;
}

static uint64_t generation(void *self)
{
    (void)self;
    return strlen(talk);
}

static const struct source whole = {.count = count,
                                    .item = item,
                                    .line = line,
                                    .moment = moment,
                                    .find = find,
                                    .problem = problem,
                                    .generation = generation};

static void shows(struct pace *p, uint64_t ms, size_t want, size_t hidden)
{
    pace_step(p, ms * 1000);
    size_t n = p->view.count(p->view.self);
    if (n != want || pace_hidden(p) != hidden)
        fail_msg("at %u ms %zu are seen and %zu hidden, not %zu and %zu", (unsigned)ms, n,
                 pace_hidden(p), want, hidden);
}

static void steps(void **state)
{
    struct pace p = {.ms = 2000};
    struct item it;
    struct span s;
    struct moment m;
    struct place from = {0, 0}, hit;
    size_t at;
    (void)state;
    talk = "EES";
    pace_over(&p, &whole);
    shows(&p, 10000, 3, 0); /* the first reply has nothing to wait for */
    talk = "EESCS!E";
    uint64_t before = p.view.generation(p.view.self);
    shows(&p, 20000, 4, 3); /* what was typed is seen at once */
    assert_true(p.view.generation(p.view.self) != before);
    assert_false(p.view.item(p.view.self, 4, &it));
    assert_false(p.view.line(p.view.self, 4, 0, &s));
    assert_false(p.view.moment(p.view.self, 4, &m));
    assert_false(p.view.problem(p.view.self, 0, false, &at));
    assert_false(p.view.find(p.view.self, NULL, &from, false, &hit));
    shows(&p, 21999, 4, 3);
    assert_false(pace_step(&p, 21999000));
    before = p.view.generation(p.view.self);
    shows(&p, 22000, 5, 2); /* one reply */
    assert_true(p.view.generation(p.view.self) != before);
    shows(&p, 23999, 5, 2);
    shows(&p, 24000, 7, 0); /* the next, and our event behind it */
    assert_true(p.view.problem(p.view.self, 0, false, &at));
    assert_true(p.view.find(p.view.self, NULL, &from, false, &hit));
    /* A command typed meanwhile stands behind the replies that came before it. */
    talk = "EESCS!ECSC";
    shows(&p, 30000, 8, 2);
    shows(&p, 31000, 8, 2);
    shows(&p, 32000, 10, 0);
    /* Off shows all, on again keeps it. */
    talk = "EESCS!ECSCSS";
    shows(&p, 32001, 10, 2);
    pace_set(&p, 0);
    assert_int_equal(pace_hidden(&p), 0);
    assert_int_equal(p.view.count(p.view.self), 12);
    pace_set(&p, 500);
    talk = "EESCS!ECSCSSSS";
    shows(&p, 32002, 13, 1);
    shows(&p, 32502, 14, 0);
    /* A talk that begins anew. */
    talk = "S";
    pace_over(&p, &whole);
    shows(&p, 32503, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
