/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keys.c: from a key press to the first byte on the terminal, 500 keys typed ahead, bytes a key and
 * a selection move, and what an idle program writes; heloscope's practice workbench beside less and
 * vim. Then the same echo while a server sends one byte every few milliseconds, and how soon C-c
 * ends a wait.
 */
#include "../fake/fakeserver.h"
#include "../screen/term.h"
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS 400
#define AHEAD 500

/* `n` keys, one after the other, each waiting for its echo; `clear` (NULL: never) empties the line
 * after 50. */
static void echo(struct term *t, const char *keys, int n, const char *clear, struct values *us)
{
    size_t len = strlen(keys);

    for (int i = 0; i < n; i++) {
        char key[2] = {keys[(size_t)i % len], 0};
        int64_t took;

        term_keys(t, key);
        took = term_key_echo(t, 2000);
        values_add(us, took < 0 ? 2000000 : took);
        if (clear && i % 50 == 49) {
            term_key(t, clear);
            term_wait_quiet(t, 20, 2000);
        }
    }
    term_wait_quiet(t, 20, 2000);
}

static void show_echo(const char *what, const char *who, struct values *us, size_t bytes)
{
    bench_row(what, who, "p50 %.3f ms  p99 %.3f ms  %5.1f bytes a key",
              (double)values_at(us, 50) / 1000, (double)values_at(us, 99) / 1000,
              (double)bytes / (double)us->n);
}

/* AHEAD keys in one write: until nothing more is written. */
static double ahead(struct term *t, const char *keys, const char *sight)
{
    char all[AHEAD + 1];

    for (int i = 0; i < AHEAD; i++)
        all[i] = keys[(size_t)i % strlen(keys)];
    all[AHEAD] = '\0';
    term_keys(t, all);
    if (sight)
        term_wait(t, sight, 5000);
    term_wait_quiet(t, 100, 5000);
    return (double)(term_t_last(t) - term_t_key(t)) / 1000;
}

/* A file for the peers to scroll in. */
static void make_file(char *file)
{
    int fd = mkstemp(file);

    for (int i = 1; i <= 5000; i++)
        dprintf(fd, "%d a line of some length, so that there is something to scroll over\n", i);
    close(fd);
}

static void peer(const char *who, const char *const *argv, const char *sight, const char *insert)
{
    static struct values us;
    struct term *t;

    us.n = 0;
    if (!bench_has(argv[0]))
        return;
    t = term_start(80, 24, argv, NULL);
    term_wait(t, sight, 5000);
    if (insert)
        term_keys(t, insert);
    term_wait_quiet(t, 100, 5000);
    term_mark(t);
    echo(t, insert ? "abcdefgh" : "jk", KEYS, NULL, &us);
    show_echo(insert ? "key typed" : "selection or line moved", who, &us, term_written(t));
    bench_row("500 keys typed ahead", who, "%.2f ms", ahead(t, insert ? "abcdefgh" : "j", NULL));
    term_stop(t);
}

static void ours(void)
{
    static struct values us;
    const char *argv[] = {bench_heloscope(), "practice", NULL};
    struct term *t = term_start(80, 24, argv, NULL);
    size_t bytes;
    double ms;

    term_wait(t, "practice.example", 5000);
    term_wait_quiet(t, 150, 5000);
    term_mark(t);
    us.n = 0;
    echo(t, "noopehlo", KEYS, NULL, &us); /* the line grows beyond the pane, as the peers' does */
    bytes = term_written(t);
    show_echo("key typed, long line", "heloscope", &us, bytes);
    bench_aim(values_at(&us, 99) <= 1000, "p99 %.3f ms (<= 1)", (double)values_at(&us, 99) / 1000);
    term_key(t, "C-u");
    term_wait_quiet(t, 50, 2000);
    term_mark(t);
    us.n = 0;
    echo(t, "abcdefgh", 48, NULL, &us);
    bytes = term_written(t);
    show_echo("key typed, short line", "heloscope", &us, bytes);
    bench_aim(bytes <= 48 * 8, "%.1f bytes a typed key (<= 8)", (double)bytes / 48);
    term_key(t, "C-u");
    term_wait_quiet(t, 50, 2000);
    ms = ahead(t, "noopehlo", NULL);
    bench_row("500 keys typed ahead", "heloscope", "%.2f ms", ms);
    bench_aim(ms <= 15, "%.2f ms (<= 15)", ms);
    term_key(t, "C-u");
    term_wait_quiet(t, 50, 2000);

    /* some talk to move in */
    for (int i = 0; i < 12; i++) {
        term_line(t, i % 2 ? "NOOP" : "VRFY nobody");
        term_wait_quiet(t, 30, 2000);
    }
    term_key(t, "Esc");
    term_wait_quiet(t, 150, 2000);
    term_mark(t);
    us.n = 0;
    echo(t, "kkkkkkjjjjjj", 120, NULL, &us);
    bytes = term_written(t);
    show_echo("selection moved", "heloscope", &us, bytes);
    bench_aim(bytes <= 120 * 400, "%.0f bytes a move (<= 400)", (double)bytes / 120);
    term_wait_quiet(t, 200, 2000);
    term_mark(t);
    term_pump(t, 1500);
    bench_row("idle for 1.5 s", "heloscope", "%zu bytes", term_written(t));
    bench_aim(term_written(t) == 0, "%zu bytes (0)", term_written(t));
    bench_row("resident memory", "heloscope", "%ld kB", term_rss_peak_kb(t));
    term_stop(t);
}

/* ------------------------------------------------------------------ a server that dawdles */

#define SIXTY "a line that comes one byte at a time, sixty characters long\r\n"
#define DAWDLE                                                                                     \
    "250-" SIXTY "250-" SIXTY "250-" SIXTY "250-" SIXTY "250-" SIXTY "250-" SIXTY "250-" SIXTY

static void dawdling(void)
{
    static const struct fake_step script[] = {SEND("220 slow.example ESMTP\r\n"), EXPECT("EHLO"),
                                              TARPIT(DAWDLE DAWDLE DAWDLE, 3), EXPECT_EOF(), END()};
    static struct values us;
    struct fake *f = fake_start_tcp(script, NULL);
    char target[64];
    const char *argv[] = {bench_heloscope(), target, NULL};
    struct term *t;
    int64_t from;

    if (!f) {
        printf("the slow server does not start\n");
        return;
    }
    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", fake_port(f));
    t = term_start(80, 24, argv, NULL);
    term_wait(t, "220 slow.example", 5000);
    term_line(t, "EHLO me.example");
    fake_wait_received(f, "EHLO", 2000);
    us.n = 0;
    for (int i = 0; i < 150; i++) {
        char sight[200];

        /* other bytes come between: a letter counts when it is seen */
        snprintf(sight, sizeof sight, "%.*s", i % 30 + 1, "abcdefghijklmnopqrstuvwxyzabcd");
        term_keys(t, sight + strlen(sight) - 1);
        from = term_t_key(t);
        term_wait(t, sight, 3000);
        values_add(&us, term_t_last(t) - from);
        if (i % 30 == 29) {
            term_key(t, "C-u");
            term_wait_gone(t, sight, 3000);
        }
    }
    bench_row("key seen while a server dawdles", "heloscope", "p50 %.3f ms  p99 %.3f ms",
              (double)values_at(&us, 50) / 1000, (double)values_at(&us, 99) / 1000);
    bench_aim(values_at(&us, 99) <= 20000, "p99 %.3f ms (<= 20)",
              (double)values_at(&us, 99) / 1000);
    term_key(t, "C-u");
    term_wait_gone(t, "abcdefghij", 1000);
    term_key(t, "C-c");
    from = term_t_key(t);
    if (fake_wait_done(f, 3000))
        bench_row("C-c until the server sees the end", "heloscope", "%.1f ms",
                  (double)(term_now() - from) / 1000);
    else
        bench_row("C-c until the server sees the end", "heloscope", "not within 3 s");
    term_stop(t);
    fake_free(f);
}

int main(void)
{
    char file[] = "/tmp/helo-bench.XXXXXX";
    const char *less[] = {"less", file, NULL};
    const char *vim[] = {"vim", "-u", "NONE", "-i", "NONE", "-n", file, NULL};

    make_file(file);
    ours();
    peer("less", less, "5 a line", NULL);
    peer("vim", vim, "5 a line", NULL);
    peer("vim", vim, "5 a line", "i");
    unlink(file);
    dawdling();
    return 0;
}
