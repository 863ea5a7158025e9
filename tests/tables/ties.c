/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of causes against each other. Every row is said in every one of its words: the reply must
 * not be claimed as strongly by another cause (a tie: chance would decide), and at least one of the
 * row's replies must be its own (else other rows shadow it), or come second to a certain cause. */
#include "tests/support/check.h"
#include "heloscope/cause.h"
#include "know/cause_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 24, TEXT_MAX = 1200 };

struct piece {
    const char *s;
    size_t n;
};

static struct piece trim(const char *s, size_t n)
{
    while (n && *s == ' ')
        s++, n--;
    while (n && s[n - 1] == ' ')
        n--;
    return (struct piece){s, n};
}

/* The k-th literal of a group, the words of `$name` counted; false behind the last one. */
static bool literal(struct piece g, size_t *k, struct piece *out)
{
    for (const char *s = g.s, *end = g.s + g.n; s <= end;) {
        const char *bar = s < end ? memchr(s, '|', (size_t)(end - s)) : NULL;
        struct piece one = trim(s, (size_t)((bar ? bar : end) - s));
        bool dotted = one.n && memmem(one.s, one.n, "..", 2);
        if (one.n && one.s[0] == '$' && !dotted) {
            const char *words = cause_words(one.s + 1, one.n - 1);
            assert_non_null(words);
            if (literal((struct piece){words, strlen(words)}, k, out))
                return true;
        } else if ((*k)-- == 0) {
            *out = one;
            return true;
        }
        if (!bar)
            break;
        s = bar + 1;
    }
    return false;
}

static void say_literal(char *out, size_t size, struct piece l)
{
    for (const char *s = l.s, *end = l.s + l.n; s < end;) {
        const char *dots = memmem(s, (size_t)(end - s), "..", 2);
        struct piece one = trim(s, (size_t)((dots ? dots : end) - s));
        if (one.n && one.s[0] == '$') {
            size_t first = 0;
            const char *words = cause_words(one.s + 1, one.n - 1);
            assert_non_null(words);
            assert_true(literal((struct piece){words, strlen(words)}, &first, &one));
        }
        size_t at = strlen(out);
        bool url = one.n && one.s[0] == '/';
        at += (size_t)snprintf(out + at, size - at, "%s", url ? "http://h/" : "");
        for (size_t i = url; i < one.n && at + 2 < size; i++)
            if (one.s[i] != '*')
                out[at++] = url && one.s[i] == ' ' ? '/' : one.s[i];
        out[at++] = ' ';
        out[at] = '\0';
        s = dots ? dots + 2 : end;
    }
}

/* The groups of the parts that must be there, in order. */
static size_t groups_of(const char *match, struct piece *out)
{
    size_t n = 0;
    for (const char *p = match; *p;) {
        size_t part = strcspn(p, "&");
        struct piece one = trim(p, part);
        for (size_t i = 0; one.n && one.s[0] != '!' && i < one.n;) {
            size_t len = strcspn(one.s + i, "~&");
            len = len < one.n - i ? len : one.n - i;
            assert_true(n < GROUPS_MAX);
            out[n++] = trim(one.s + i, len);
            i += len + 1;
        }
        p += part + (p[part] == '&');
    }
    return n;
}

/* A reply's beginning, and where it was said, so that `when` is met. */
static const char *setting(const char *when, char *head, size_t size, enum cause_stage *stage)
{
    const char *proto = "smtp";
    char resp[24] = "", enh[24] = "";
    int code = 0;
    *stage = CAUSE_AT_UNKNOWN;
    for (const char *s = when; *s;) {
        size_t n = strcspn(s, " ");
        unsigned a, b;
        char cls, det;
        if (n == 4 && !memcmp(s, "pop3", 4))
            proto = "pop3";
        else if (*s == '@' && *stage == CAUSE_AT_UNKNOWN && !strstr(when, "@unknown"))
            *stage = cause_stage_by_name(s + 1, n - 1);
        else if (*s == '[')
            snprintf(resp, sizeof resp, "%.*s ", (int)n, s);
        else if (n == 3 && s[1] == 'x' && !code)
            code = s[0] == '4' ? 450 : 550;
        else if (n == 3 && !code)
            code = atoi(s);
        else if (n > 4 && !enh[0] && sscanf(s, "%c.%u.%u", &cls, &a, &b) == 3)
            snprintf(enh, sizeof enh, "%c.%u.%u ", cls, a, b);
        else if (n > 4 && !enh[0] && sscanf(s, "%c.%u.%c", &cls, &a, &det) == 3)
            snprintf(enh, sizeof enh, "%c.%u.0 ", cls, a);
        s += n;
        while (*s == ' ')
            s++;
    }
    if (!code)
        code = enh[0] == '4' ? 450 : 550;
    if (enh[0] == 'x')
        enh[0] = (char)('0' + code / 100);
    if (!strcmp(proto, "pop3"))
        snprintf(head, size, "-ERR %s", resp);
    else
        snprintf(head, size, "%d %s", code, enh);
    return proto;
}

/* Says row r with the k-th literal in group g, the first ones in the others; false behind the last.
 */
static bool say(const struct cause_row *r, const struct piece *groups, size_t n, size_t g, size_t k,
                char *text, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        struct piece l;
        size_t which = i == g ? k : 0;
        if (!literal(groups[i], &which, &l))
            return false;
        say_literal(text, size, l);
    }
    (void)r;
    return true;
}

/* Strengths of two causes that are one: the reply is neither's. */
static bool tied(const struct cause_answer *a, enum cause own)
{
    for (int i = 1; i < a->n; i++)
        if (a->found[i].strength == a->found[0].strength &&
            (a->found[i].cause == own || a->found[0].cause == own))
            return true;
    return false;
}

static void count(unsigned *ties, unsigned *shadowed, bool tell)
{
    size_t nrows;
    const struct cause_row *rows = cause_rows(&nrows);
    for (size_t r = 0; r < nrows; r++) {
        struct piece groups[GROUPS_MAX];
        size_t n = groups_of(rows[r].match, groups);
        char head[64];
        enum cause_stage stage;
        const char *proto = setting(rows[r].when, head, sizeof head, &stage);
        unsigned own = 0, all = 0;
        char text[TEXT_MAX];
        for (size_t g = 0; g < (n ? n : 1); g++)
            for (size_t k = g > 0;; k++) {
                snprintf(text, sizeof text, "%s", head);
                if (!say(&rows[r], groups, n, g, k, text, sizeof text) || (!n && k))
                    break;
                struct cause_answer a;
                struct cause_question q = {proto, stage, text, strlen(text)};
                cause_find(&q, &a);
                all++;
                own += a.found[0].cause == rows[r].cause ||
                       (a.n > 1 && a.found[1].cause == rows[r].cause &&
                        rows[r].sure != CAUSE_CERTAIN && a.found[0].sure == CAUSE_CERTAIN);
                if (tied(&a, rows[r].cause)) {
                    ++*ties;
                    if (tell)
                        print_error("a tie of %s and %s: %s (a row says \"%.50s\" \"%s\")\n",
                                    cause_label(a.found[0].cause)->name,
                                    cause_label(a.found[1].cause)->name, text, rows[r].match,
                                    rows[r].when);
                }
            }
        if (all && !own) {
            ++*shadowed;
            if (tell)
                print_error("never the best: %s: %.80s \"%s\"\n", cause_label(rows[r].cause)->name,
                            rows[r].match, rows[r].when);
        }
    }
}

static void no_tie_no_shadow(void **state)
{
    (void)state;
    unsigned ties = 0, shadowed = 0;
    count(&ties, &shadowed, true);
    assert_int_equal(ties, 0);
    assert_int_equal(shadowed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_tie_no_shadow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
