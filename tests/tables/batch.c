/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain --jsonl`: that what it remembers and what it reads in place changes no answer, and that
 * it answers what came before it waits for more. What the causes are is causes.c's to test. */
#include "tests/support/check.h"
#include "heloscope/cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The answers to n octets of lines; to be freed. */
static char *answers(const char *in, size_t n, size_t *good, size_t *bad)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fmemopen((void *)(uintptr_t)in, n, "r"), *to = open_memstream(&text, &size);
    assert_true(from && to);
    assert_true(cause_jsonl(from, to, good, bad));
    fclose(from);
    fclose(to);
    return text;
}

static void lines(void **state)
{
    (void)state;
    static const char in[] =
        "{\"id\":\"a\\u001b\",\"protocol\":\"smtp\",\"stage\":\"rcpt\",\"reply\":"
        "\"550 5.1.1 User unknown\\r\\n\"}\nnonsense\n\n{\"id\":7,\"reply\":\"+OK\"}";
    size_t good = 0, bad = 0;
    char *text = answers(in, sizeof in - 1, &good, &bad);
    assert_int_equal(good, 2);
    assert_int_equal(bad, 1);
    assert_non_null(strstr(text, "{\"id\":\"a\\u001b\",\"cause\":\"user-unknown\""));
    assert_non_null(strstr(text, "\"line\":2,\"error\""));
    assert_non_null(strstr(text, "{\"id\":7,\"cause\":\"ok\""));
    assert_null(strchr(text, 0x1b));
    free(text);
}

/* Replies that differ a little, far more than are remembered, each of them several times and in
 * another order: the answer is always the first one's. */
static void remembered(void **state)
{
    (void)state;
    enum { KINDS = 6000, TIMES = 4 };
    static const char *const what[] = {
        "\"protocol\":\"smtp\",\"stage\":\"rcpt\",\"reply\":\"550 5.1.1 User unknown",
        "\"protocol\":\"smtp\",\"stage\":\"data\",\"reply\":\"550 5.1.1 User unknown",
        "\"protocol\":\"smtp\",\"stage\":\"eom\",\"reply\":\"452 4.2.2 Mailbox full",
        "\"protocol\":\"pop3\",\"stage\":\"rcpt\",\"reply\":\"550 5.1.1 User unknown",
        "\"protocol\":\"smtp\",\"stage\":\"rcpt\",\"reply\":\"452 see above",
        "\"protocol\":\"smtp\",\"stage\":\"auth\",\"reply\":\"452 see above",
    };
    char *in = NULL, *first[KINDS] = {NULL}, expected[32];
    size_t size = 0, good, bad;
    FILE *f = open_memstream(&in, &size);
    assert_non_null(f);
    for (unsigned i = 0; i < KINDS * TIMES; i++) {
        unsigned kind = i < KINDS ? i : i * 2654435761u >> 7 & 1 ? i % KINDS : i % 7;
        fprintf(f, "{\"id\":%u,%s (%u)\"}\n", kind, what[kind % 6], kind / 6);
    }
    fclose(f);
    char *text = answers(in, size, &good, &bad), *save = NULL;
    assert_int_equal(good, KINDS * TIMES);
    unsigned n = 0;
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save), n++) {
        unsigned kind = (unsigned)strtoul(l + 6, NULL, 10);
        snprintf(expected, sizeof expected, "{\"id\":%u,", kind);
        assert_memory_equal(l, expected, strlen(expected));
        assert_true(kind < KINDS);
        if (!first[kind])
            first[kind] = l;
        assert_string_equal(l, first[kind]);
    }
    assert_int_equal(n, KINDS * TIMES);
    assert_non_null(strstr(first[0], "\"user-unknown\""));
    assert_non_null(strstr(first[2], "\"mailbox-full\""));
    assert_string_not_equal(strchr(first[0], ','), strchr(first[3], ',')); /* the protocol */
    assert_string_not_equal(strchr(first[4], ','), strchr(first[5], ',')); /* the stage */
    free(text);
    free(in);
}

/* A reply that is too long to be remembered is answered as well the third time. */
static void long_ones(void **state)
{
    (void)state;
    char *in = malloc(4 << 20), *p = in;
    size_t good, bad;
    assert_non_null(in);
    for (int i = 0; i < 3; i++) {
        p += sprintf(p, "{\"id\":1,\"reply\":\"550 mailbox full ");
        memset(p, 'x', 70000);
        p += 70000;
        p += sprintf(p, "\"}\n");
    }
    p += sprintf(p, "{\"id\":2,\"reply\":\"");
    memset(p, 'y', 1 << 20);
    p += 1 << 20;
    p += sprintf(p, "\"}\n{\"id\":3,\"reply\":\"550 mailbox full\"}");
    char *text = answers(in, (size_t)(p - in), &good, &bad);
    assert_int_equal(good, 4);
    assert_int_equal(bad, 1);
    char *second = strchr(text, '\n') + 1;
    size_t n = (size_t)(second - text);
    assert_memory_equal(text, second, n);
    assert_memory_equal(text, second + n, n);
    assert_non_null(strstr(text, "\"cause\":\"mailbox-full\""));
    assert_non_null(strstr(text, "\"line\":4,\"error\":\"longer than 1 MiB\""));
    assert_non_null(strstr(text, "{\"id\":3,\"cause\":\"mailbox-full\""));
    free(text);
    free(in);
}

/* What is read in place means what jansson says it does. */
static void escapes(void **state)
{
    (void)state;
    static const struct {
        const char *id, *written; /* NULL: no JSON */
    } rows[] = {
        {"\"\\u00e9\\t\\/\"", "\"\xc3\xa9\\u0009/\""},
        {"\"\\ud83d\\uDE00 \xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80 \xf0\x9f\x98\x80\""},
        {"\"\\ud83d\"", NULL},
        {"\"\\ud83d\\u0041\"", NULL},
        {"\"\\ude00\"", NULL},
        {"\"\\u12g4\"", NULL},
        {"\"\\u12\"", NULL},
        {"\"\\x\"", NULL},
        {"\"\xc3\"", NULL},
        {"\"\xed\xa0\x80\"", NULL},
        {"\"a\tb\"", NULL},
        {"\"\\\"\\\\\\b\\u007f\"", "\"\\\"\\\\\\u0008\\u007f\""},
        {"\"a\\u0000b\"", "\"a\\u0000b\""},
        {"null", "null"},
        {"true", "true"},
        {"-1.5", "-1.5"},
        {"12345678901234567", "12345678901234567"},
        {"012", NULL},
        {"1e3", "1000.0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char in[200], expected[100];
        size_t good, bad;
        int n = snprintf(in, sizeof in, "{\"stage\":null, \"id\" : %s , \"reply\":\"250 ok\" }\r\n",
                         rows[i].id);
        char *text = answers(in, (size_t)n, &good, &bad);
        snprintf(expected, sizeof expected, "{\"id\":%s,\"cause\":%s",
                 rows[i].written ? rows[i].written : "null", rows[i].written ? "\"ok\"" : "null");
        assert_memory_equal(text, expected, strlen(expected));
        assert_int_equal(good, rows[i].written != NULL);
        free(text);
    }
}

/* Another program can ask and wait. */
static void in_turn(void **state)
{
    (void)state;
    int ask[2], told[2], status;
    assert_true(pipe(ask) == 0 && pipe(told) == 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ask[0], STDIN_FILENO);
        dup2(told[1], STDOUT_FILENO);
        close(ask[1]);
        _exit(cause_jsonl(stdin, stdout, NULL, NULL) ? 0 : 1);
    }
    close(ask[0]);
    close(told[1]);
    FILE *to = fdopen(ask[1], "w"), *from = fdopen(told[0], "r");
    assert_true(to && from);
    alarm(60); /* it waits for us, and we for it */
    for (int i = 0; i < 3; i++) {
        char line[4096], expected[64];
        fprintf(to, "{\"id\":%d,\"reply\":\"552 mailbox full\"}\n", i);
        assert_int_equal(fflush(to), 0);
        assert_non_null(fgets(line, sizeof line, from));
        snprintf(expected, sizeof expected, "{\"id\":%d,\"cause\":\"mailbox-full\"", i);
        assert_memory_equal(line, expected, strlen(expected));
    }
    fclose(to);
    fclose(from);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    alarm(0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),   cmocka_unit_test(remembered), cmocka_unit_test(long_ones),
        cmocka_unit_test(escapes), cmocka_unit_test(in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
