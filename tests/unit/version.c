/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The headless library links without curses (the Makefile gives this program none), and the
 * program says the version the library has. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heloscope/version.h"

static void program_and_library_agree(void **state)
{
    (void)state;
    char command[4200];
    const char *program = getenv("HELOSCOPE");
    assert_non_null(program);
    snprintf(command, sizeof command, "'%s' --version", program);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char line[256] = "";
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    char expected[256];
    snprintf(expected, sizeof expected, "heloscope %s", heloscope_version());
    assert_int_equal(strncmp(line, expected, strlen(expected)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_and_library_agree),
    };
    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
