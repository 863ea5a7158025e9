/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line and the config file. */
#include "tests/support/check.h"
#include "tests/support/paths.h"
#include "mode/config.h"
#include "mode/mode.h"
#include "mode/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct args a;
static char why[300];

/* Parses words separated by blanks. */
static bool parse(const char *words)
{
    static char copy[300];
    static char *argv[20];
    int argc = 0;
    snprintf(copy, sizeof copy, "heloscope %s", words);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    argv[argc] = NULL;
    why[0] = '\0';
    return args_parse(&a, argc, argv, why, sizeof why);
}

static void good(void **state)
{
    (void)state;
    assert_true(parse(""));
    assert_int_equal(a.mode, MODE_WORKBENCH);
    assert_true(parse("--insecure smtp://mail.example --timeout 7"));
    assert_true(a.insecure);
    assert_int_equal(a.timeout, 7);
    assert_string_equal(a.operands[0], "smtp://mail.example");
    assert_true(parse("practice --plain --theme=dark"));
    assert_int_equal(a.mode, MODE_PRACTICE);
    assert_true(a.plain);
    assert_string_equal(a.theme, "dark");
    assert_true(parse("serve --smtp 127.0.0.1:0 --clients 3"));
    assert_int_equal(a.clients, 3);
    assert_true(parse("open x.txt"));
    assert_string_equal(a.operands[0], "x.txt");
    assert_true(parse("serve --help"));
    assert_true(a.help);
    assert_int_equal(a.mode, MODE_SERVE);
    assert_true(parse("-V"));
    assert_true(a.version);
    assert_true(parse("-- practice")); /* still the word */
    assert_true(parse("send --to a@b h.example --to c@d,e@f --timeout 9"));
    assert_int_equal(a.to.n, 2);
    assert_string_equal(a.to.v[1], "c@d,e@f");
    assert_true(parse("run x.helo smtp://h.example --set A=b --repeat 3"));
    assert_string_equal(a.set.v[0], "A=b");
    assert_int_equal(a.noperands, 2);
}

static void bad(void **state)
{
    static const struct {
        const char *words, *says;
    } row[] = {
        {"--nonsense", "--nonsense"},
        {"-x", "-x"},
        {"--timeout", "wants SECONDS"},
        {"--timeout 0", "1 to 86400"},
        {"--timeout 1h", "1h"},
        {"--plain=yes", "takes no argument"},
        {"practice --insecure", "does not go with 'heloscope practice'"},
        {"--maildir d host", "--maildir"},
        {"open", "wants FILE"},
        {"practice now", "too much"},
        {"a b", "too much"},
        {"--theme= x", "wants NAME"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (parse(row[i].words))
            fail_msg("taken: %s", row[i].words);
        if (!strstr(why, row[i].says))
            fail_msg("%s: %s", row[i].words, why);
        assert_null(strchr(why, '\n'));
    }
}

static void help(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n;
    for (int m = 0; m < MODES; m++) {
        FILE *f = open_memstream(&text, &n);
        args_help(f, (enum mode)m);
        fclose(f);
        for (size_t i = 0; i < option_rows_n; i++) { /* in the help of each of its modes, and in
                                                        the one that tells of all */
            char name[64];
            snprintf(name, sizeof name, "--%s", option_rows[i].name);
            if ((m == MODE_WORKBENCH || (option_rows[i].modes & (1u << m))) && !strstr(text, name))
                fail_msg("--%s is missing in the help of mode %d", option_rows[i].name, m);
        }
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            if (strlen(line) > 80)
                fail_msg("longer than 80 columns: %s", line);
        free(text);
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void config(void **state)
{
    (void)state;
    struct config c;
    char *path = build_path("tests/unit/options-config.tmp");
    write_file(path, "theme = \"dark\"\nannotate = \"raw\"\ntimeout = 9\n");
    config_read_file(&c, path);
    assert_string_equal(c.broken, "");
    assert_string_equal(c.theme, "dark");
    assert_int_equal(c.annotate, 3);
    assert_int_equal(c.timeout, 9);
    config_clear(&c);
    static const struct {
        const char *text, *says;
    } row[] = {
        {"theme = \"dark\"\ncolour = 3\n", ":2:"},
        {"timeout = -1\n", "86400"},
        {"timeout = soon\n", ":1:"},
        {"\n\nannotate = \"loud\"\n", "loud"},
        {"theme = \"", ":1"},
        {"insecure = true\n", "insecure"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        write_file(path, row[i].text);
        config_read_file(&c, path);
        if (!strstr(c.broken, row[i].says) || !strstr(c.broken, "default"))
            fail_msg("%s: %s", row[i].text, c.broken);
        assert_null(c.theme); /* all or nothing */
        assert_int_equal(c.annotate, 1);
        config_clear(&c);
    }
    remove(path);
    config_read_file(&c, path);
    assert_string_equal(c.broken, ""); /* a missing file is none */
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad),
                                       cmocka_unit_test(help), cmocka_unit_test(config)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
