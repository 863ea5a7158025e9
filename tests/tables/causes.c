/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of causes: rows that can be read and do not cover each other, replies of our own making
 * (causes_own.tsv, written from manuals; causes_providers.tsv, from the pages of providers;
 * causes_servers.tsv, from what server software says in many tongues; causes_plain.tsv, plain words
 * put together in many ways; causes_more.tsv, labelled before the program had seen them) and
 * hostile text. */
#include "tests/support/check.h"
#include "heloscope/cause.h"
#include "heloscope/know.h"
#include "know/cause_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rows_sound(void **state)
{
    (void)state;
    size_t n;
    const struct cause_row *rows = cause_rows(&n);
    assert_true(n > 200);
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].match[0] || rows[i].when[0]);
        for (size_t k = i + 1; k < n; k++)
            if (!strcmp(rows[i].match, rows[k].match) && !strcmp(rows[i].when, rows[k].when))
                fail_msg("two rows alike: \"%s\" \"%s\"", rows[i].match, rows[i].when);
    }
}

/* Appends the first literal of a group: "a b*|c", "a .. b", "/url", "$words". */
static void first_literal(char *out, size_t size, const char *s, size_t n)
{
    const char *bar = memchr(s, '|', n);
    size_t at = strlen(out);
    if (bar)
        n = (size_t)(bar - s);
    while (n && *s == ' ')
        s++, n--;
    while (n && s[n - 1] == ' ')
        n--;
    if (n && *s == '$') {
        const char *words = cause_words(s + 1, n - 1);
        first_literal(out, size, words, strlen(words));
        return;
    }
    bool url = n && *s == '/';
    at += (size_t)snprintf(out + at, size - at, "%s", url ? "http://h/" : "");
    for (size_t i = url; i < n && at + 2 < size; i++)
        if (s[i] == '.' && i + 3 < n && s[i + 1] == '.' && s[i + 3] == '$') {
            out[at] = '\0';
            first_literal(out, size, s + i + 3, n - i - 3);
            at = strlen(out);
            break;
        } else if (s[i] != '*' && s[i] != '.')
            out[at++] = url && s[i] == ' ' ? '/' : s[i];
    out[at++] = ' ';
    out[at] = '\0';
}

/* A row whose own words hold what it must not have can never be found. */
static void rows_reached(void **state)
{
    (void)state;
    static struct cause_text folded;
    size_t n, dead = 0;
    const struct cause_row *rows = cause_rows(&n);
    for (size_t r = 0; r < n; r++) {
        char text[2000] = "";
        if (!rows[r].match[0])
            continue;
        for (const char *p = rows[r].match; *p;) {
            size_t part = strcspn(p, "&");
            while (*p == ' ')
                p++, part--;
            for (size_t i = 0; *p != '!' && i < part;) {
                size_t group = strcspn(p + i, "~&");
                first_literal(text, sizeof text, p + i, group < part - i ? group : part - i);
                i += group + 1;
            }
            p += part + (p[part] == '&');
        }
        struct cause_question q = {"smtp", CAUSE_AT_UNKNOWN, text, strlen(text)};
        cause_fold(&q, &folded);
        if (!cause_row_words(r, &folded)) {
            dead++;
            print_error("row never found by its own words: %s: %.60s: %.100s\n",
                        cause_label(rows[r].cause)->name, rows[r].match, text);
        }
    }
    assert_int_equal(dead, 0);
}

static void labels_whole(void **state)
{
    (void)state;
    for (unsigned c = 0; c < CAUSES; c++) {
        const struct cause_label *l = cause_label((enum cause)c);
        assert_true(l->name[0] && l->means[0] && l->next[0] && l->mends[0] && l->family[0]);
        assert_int_equal(cause_by_name(l->name, strlen(l->name)), c);
    }
    assert_int_equal(cause_by_name("no-such-cause", 13), CAUSES);
}

static struct cause_answer ask(const char *proto, const char *stage, const char *reply)
{
    char text[4096];
    size_t n = 0;
    for (const char *p = reply; *p && n < sizeof text - 3; p++) {
        if (p[0] == '\\' && p[1] == 'n') {
            text[n++] = '\r';
            text[n++] = '\n';
            p++;
        } else
            text[n++] = *p;
    }
    struct cause_answer a;
    struct cause_question q = {proto, cause_stage_by_name(stage, strlen(stage)), text, n};
    cause_find(&q, &a);
    return a;
}

/* A table of replies: protocol, stage, reply, its cause, what an honest reader may say instead. */
static void replies_of(const char *name, unsigned least)
{
    char path[4096], line[4096];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/tests/tables/%s", top ? top : ".", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    unsigned all = 0, wrong = 0;
    while (fgets(line, sizeof line, f)) {
        char *proto = strtok(line, "\t"), *stage = strtok(NULL, "\t");
        char *reply = strtok(NULL, "\t"), *want = strtok(NULL, "\t\n");
        const char *also = strtok(NULL, "\t\n");
        assert_non_null(want);
        assert_true(cause_by_name(want, strlen(want)) < CAUSES);
        struct cause_answer a = ask(proto, stage, reply);
        const char *got = cause_label(a.found[0].cause)->name;
        all++;
        if (strcmp(got, want) && !(also && strstr(also, got))) {
            wrong++;
            print_error("%s, wanted %s: %s\n", got, want, reply);
        }
    }
    fclose(f);
    assert_true(all >= least);
    assert_int_equal(wrong, 0);
}

static void own_replies(void **state)
{
    (void)state;
    replies_of("causes_own.tsv", 150);
}

/* What large providers, filters and lists say: their postmaster pages, and replies people showed.
 */
static void provider_replies(void **state)
{
    (void)state;
    replies_of("causes_providers.tsv", 400);
}

/* What server software says, each family of it in its own words. */
static void plain_replies(void **state)
{
    (void)state;
    replies_of("causes_plain.tsv", 300);
}

/* Gathered afterwards, from pages and logs in many tongues and in administrators' own words. */
static void more_replies(void **state)
{
    (void)state;
    replies_of("causes_more.tsv", 800);
}

static void server_replies(void **state)
{
    (void)state;
    replies_of("causes_servers.tsv", 600);
}

static void best_first(void **state)
{
    (void)state;
    struct cause_answer a = ask("smtp", "eom", "552 Message rejected for spam or virus content");
    assert_true(a.n >= 1 && a.n <= CAUSE_FOUND_MAX);
    for (int i = 0; i < a.n; i++)
        for (int k = i + 1; k < a.n; k++)
            assert_true(a.found[i].cause != a.found[k].cause);
    a = ask("smtp", "rcpt",
            "550-5.1.1 The email account that you tried to\\n550 5.1.1 reach does not exist");
    assert_int_equal(a.code, 550);
    assert_true(a.enhanced[0] == 5 && a.enhanced[1] == 1 && a.enhanced[2] == 1);
    assert_int_equal(a.found[0].sure, CAUSE_CERTAIN);
}

static void names_say_nothing(void **state)
{
    (void)state;
    struct cause_answer a = ask("smtp", "rcpt", "550 <spam.virus@blacklisted.example> refused");
    assert_true(a.found[0].cause != CAUSE_SPAM_CONTENT && a.found[0].cause != CAUSE_MALWARE &&
                a.found[0].cause != CAUSE_IP_BLOCKLISTED);
    a = ask("smtp", "unknown", "550 see http://help.example/userunknown/spam");
    assert_int_equal(a.found[0].cause, CAUSE_UNSPECIFIED);
}

static void hostile(void **state)
{
    (void)state;
    char text[20000];
    unsigned seed = 7;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
    struct cause_answer a;
    for (size_t n = 0; n < sizeof text; n += n < 64 ? 1 : 997) {
        struct cause_question q = {NULL, CAUSE_AT_UNKNOWN, text, n};
        cause_find(&q, &a);
        assert_true(a.n >= 1 && a.what && a.next && a.mends && a.who && a.ref && a.provider);
    }
    struct cause_question big = {"smtp", CAUSE_AT_EOM, text, sizeof text};
    cause_find(&big, &a);
    assert_true(a.cut);
    struct cause_question none = {NULL, CAUSE_AT_UNKNOWN, NULL, 0};
    cause_find(&none, &a);
    assert_int_equal(a.found[0].cause, CAUSE_UNSPECIFIED);
}

static bool two_lines(void *self, size_t i, uint64_t k, struct span *out)
{
    static const char *const lines[] = {"550-5.7.1 [203.0.113.9] sorry,",
                                        "550 5.7.1 blocked using zen.spamhaus.org"};
    (void)self;
    (void)i;
    if (k > 1)
        return false;
    *out = (struct span){lines[k], strlen(lines[k])};
    return true;
}

static void into_explanation(void **state)
{
    (void)state;
    struct source src = {.line = two_lines};
    struct item it = {.kind = ITEM_SERVER, .lines = 2};
    struct moment m;
    struct explanation e;
    memset(&m, 0, sizeof m);
    m.proto = proto_list[0];
    m.reply.cls = REPLY_PERM;
    m.reply.code = 550;
    m.exchange = 3;
    assert_true(know_explain(it.kind, &m, 0, "550-5.7.1 [203.0.113.9] sorry,", 30, &e));
    assert_string_equal(e.cause, "");
    know_explain_cause(&src, 0, &it, &m, &e);
    assert_string_equal(e.cause, "ip-blocklisted");
    assert_string_equal(e.confidence, "certain");
    assert_non_null(strstr(e.what, "list of blocked"));
    assert_int_equal(e.what[strlen(e.what) - 1], '.');
    m.reply.cls = REPLY_OK;
    know_explain_cause(&src, 0, &it, &m, &e);
    assert_string_equal(e.cause, "");
}

/* With --jsonl: what causes_dev.sh feeds the scorer with. */
int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--jsonl"))
        return cause_jsonl(stdin, stdout, NULL, NULL) ? 0 : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_sound),       cmocka_unit_test(rows_reached),
        cmocka_unit_test(labels_whole),     cmocka_unit_test(own_replies),
        cmocka_unit_test(provider_replies), cmocka_unit_test(server_replies),
        cmocka_unit_test(plain_replies),    cmocka_unit_test(more_replies),
        cmocka_unit_test(best_first),       cmocka_unit_test(names_say_nothing),
        cmocka_unit_test(hostile),          cmocka_unit_test(into_explanation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
