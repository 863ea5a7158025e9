/* SPDX-License-Identifier: GPL-3.0-or-later */
/* term_cmocka.h: makes a failed term_wait() fail the running cmocka test, and only that one. */
#ifndef TESTS_SCREEN_TERM_CMOCKA_H
#define TESTS_SCREEN_TERM_CMOCKA_H

#include "../support/check.h"
#include "term.h"

static inline void term_fail_cmocka(const char *file, int line, const char *message)
{
    print_error("%s\n", message);
    _fail(file, line);
}

static inline void term_use_cmocka(void)
{
    term_fail = term_fail_cmocka;
}

/* A test whose terminals are stopped whether it passes or fails. */
#define term_unit_test(f) cmocka_unit_test_teardown(f, term_stop_all)

#endif
