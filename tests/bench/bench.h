/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench.h: what the measurements share: peers that are there or not, percentiles, a fast server,
 * rows to print. A measurement ends with status 0 however slow it was; 77 says that nothing could
 * be measured. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_MAX 4096

/* A row of measured values, microseconds or whatever the unit is. */
struct values {
    int64_t v[BENCH_MAX];
    size_t n;
};
void values_add(struct values *v, int64_t value);
/* The value below which p per cent lie (50: the median); -1 without values. Sorts. */
int64_t values_at(struct values *v, double p);

/* The program under test: $HELOSCOPE, else ./heloscope. */
const char *bench_heloscope(void);
/* A helper of the build tree, such as "tests/bench/bare"; borrowed, of 4 the oldest is overwritten.
 */
const char *bench_built(const char *below);
/* Is a program of this name in PATH? Says so when it is not. */
bool bench_has(const char *program);

/* One figure: "what | who | value". */
__attribute__((format(printf, 3, 4))) void bench_row(const char *what, const char *who,
                                                     const char *format, ...);
/* What was aimed for, and whether it was reached. Never a failure. */
__attribute__((format(printf, 2, 3))) void bench_aim(bool reached, const char *format, ...);

/* tests/bench/blastd: a message of so many megabytes in lines of so many octets. Ends with status 1
 * when it does not start. */
struct blast {
    pid_t pid;
    int smtp, pop3, keep; /* ports; keep: its standard input, its end is the server's */
};
void blast_start(struct blast *b, size_t megabytes, size_t line);
void blast_stop(struct blast *b);

/* Runs argv with `input` (may be NULL) as standard input and output to nowhere; milliseconds of
 * wall clock, -1 when it did not end with status 0. *rss_kb (may be NULL) gets its highest resident
 * memory. */
double bench_run(const char *const *argv, const char *input, long *rss_kb);

#endif
