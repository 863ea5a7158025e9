/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * first_screen.c: how long from the start of the program until the screen stands, and how many
 * bytes that took: a bare curses program, less, and heloscope's practice workbench, in turns. Then:
 * the first banner of a server on the screen, beside telnet.
 */
#include "../screen/term.h"
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURNS 21

struct program {
    const char *who;
    const char *argv[5];
    const char *sight; /* that text on the screen: it stands */
    struct values us, first_us, bytes;
};

/* Start, wait for the sight; the time counts to the arrival of the bytes that made it visible. */
static void turn(struct program *p)
{
    struct term *t = term_start(80, 24, p->argv, NULL);

    term_wait(t, p->sight, 5000);
    values_add(&p->us, term_t_last(t) - term_t_start(t));
    values_add(&p->first_us, term_t_first(t) - term_t_start(t));
    values_add(&p->bytes, (int64_t)term_written(t));
    term_stop(t);
}

static void show(const char *what, struct program *p)
{
    bench_row(what, p->who, "%6.2f ms (p95 %.2f)  first byte %5.2f ms  %5ld bytes",
              (double)values_at(&p->us, 50) / 1000, (double)values_at(&p->us, 95) / 1000,
              (double)values_at(&p->first_us, 50) / 1000, (long)values_at(&p->bytes, 50));
}

static void screens(void)
{
    static struct program bare = {.who = "bare curses", .sight = "bare ready"};
    static struct program less = {.who = "less", .sight = "line 23"};
    static struct program ours = {.who = "heloscope", .sight = "practice.example"};
    static struct program start = {.who = "heloscope", .sight = "ractise"};
    char file[] = "/tmp/helo-bench.XXXXXX";
    int fd = mkstemp(file);
    bool has_less = bench_has("less");
    int64_t more;

    for (int i = 1; i <= 200; i++)
        dprintf(fd, "line %d\n", i);
    close(fd);
    bare.argv[0] = bench_built("tests/bench/bare");
    less.argv[0] = "less";
    less.argv[1] = file;
    ours.argv[0] = start.argv[0] = bench_heloscope();
    ours.argv[1] = "practice";
    for (int i = 0; i < TURNS; i++) {
        turn(&bare);
        if (has_less)
            turn(&less);
        turn(&start);
        turn(&ours);
    }
    unlink(file);
    show("first full screen, 80x24", &bare);
    if (has_less)
        show("first full screen, 80x24", &less);
    show("start screen", &start);
    show("practice, banner explained", &ours);
    more = values_at(&start.us, 50) - values_at(&bare.us, 50);
    bench_aim(more <= 10000, "start screen %.2f ms more than bare (<= 10)", (double)more / 1000);
    more = values_at(&ours.us, 50) - values_at(&bare.us, 50);
    bench_aim(more <= 10000, "practice %.2f ms more than bare (<= 10)", (double)more / 1000);
    bench_aim(values_at(&start.bytes, 100) <= 4096 && values_at(&ours.bytes, 100) <= 4096,
              "at most %ld bytes (<= 4096)",
              (long)(values_at(&start.bytes, 100) > values_at(&ours.bytes, 100)
                         ? values_at(&start.bytes, 100)
                         : values_at(&ours.bytes, 100)));
}

static void banners(void)
{
    static struct program telnet = {.who = "telnet", .sight = "220 blast.example"};
    static struct program ours = {.who = "heloscope", .sight = "220 blast.example"};
    struct blast b;
    char port[16], target[64];
    bool has_telnet = bench_has("telnet");

    blast_start(&b, 1, 78);
    snprintf(port, sizeof port, "%d", b.smtp);
    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", b.smtp);
    telnet.argv[0] = "telnet";
    telnet.argv[1] = "127.0.0.1";
    telnet.argv[2] = port;
    ours.argv[0] = bench_heloscope();
    ours.argv[1] = target;
    for (int i = 0; i < TURNS; i++) {
        if (has_telnet)
            turn(&telnet);
        turn(&ours);
    }
    blast_stop(&b);
    show("first banner on the screen", &ours);
    if (has_telnet) {
        double ratio = (double)values_at(&ours.us, 50) / (double)values_at(&telnet.us, 50);

        show("first banner on the screen", &telnet);
        bench_aim(ratio <= 2, "%.2f x telnet (<= 2)", ratio);
    }
}

int main(void)
{
    screens();
    banners();
    return 0;
}
