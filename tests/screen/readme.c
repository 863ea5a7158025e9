/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen that README shows is the one that a newcomer sees, row by row; only the time that the
 * server took is another one each time, and the words of an explanation may differ. */
#include "walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows of README's first block of text; an array of n strings, one allocation each. */
static size_t shown_in_readme(char rows[][400], size_t max)
{
    char path[1200], line[400];
    size_t n = 0;
    bool in = false;
    snprintf(path, sizeof path, "%s/README.md", getenv("top_srcdir"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (n < max && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "```", 3) == 0) {
            if (in)
                break;
            in = strcmp(line, "```text") == 0;
        } else if (in) {
            snprintf(rows[n++], 400, "%s", line);
        }
    }
    fclose(f);
    return n;
}

static void readme_shows_the_screen(void **state)
{
    (void)state;
    static char rows[32][400];
    size_t n = shown_in_readme(rows, 32);
    struct term *t = helo_practice(80, 24);

    say(t, "EHLO laptop.example", "250-practice");
    say(t, "STARTTLS", "TLS 1.3 up");
    say(t, "EHLO laptop.example", "caps: +1 -1");
    say(t, "MAIL FROM:<ceo@bank.example>", "250 2.1.0");
    say(t, "RCPT TO:<nobody@practice.example>", "550 5.1.1");
    term_keys(t, "RCPT TO:<");
    term_wait(t, "Tab: student@practice.example", WAIT);
    assert_int_equal(n, 24);

    bool why = false;
    char *screen = strdup(term_screen(t)), *row = screen;
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(row, "\n"), want = strlen(rows[i]);
        bool more = row[len] == '\n';
        while (len > 0 && row[len - 1] == ' ')
            len--;
        if (i == 0) /* up to the time that the server took */
            len = want = (size_t)(strstr(rows[0], "RCPT | ") + 7 - rows[0]);
        why = strncmp(rows[i], "==[ COMMAND", 11) != 0 &&
              (why || strncmp(rows[i], "--[ why 550 5.1.1 ]--", 21) == 0);
        if (why) /* its words are the tables', which are mended more often than README */
            len = want = 0;
        if (len != want || memcmp(row, rows[i], len) != 0)
            fail_msg("row %zu of the screen is\n%.*s\nand README has\n%s", i + 1, (int)len, row,
                     rows[i]);
        row += strcspn(row, "\n") + more;
    }
    free(screen);
    term_key(t, "C-u");
    assert_int_equal(leave(t), 0);
    term_stop(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        term_unit_test(readme_shows_the_screen),
    };

    term_use_cmocka();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
