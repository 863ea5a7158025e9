/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bigfile.c: a transcript of 2,000,000 lines and about 100 MB: first screen beside less, top and
 * end, search of the last line beside vim and less, memory.
 */
#include "../screen/term.h"
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES 2000000
#define TURNS 5
#define GLANCES 21
#define LAST "the needle is in this last line"

static long make_file(char *file)
{
    int fd = mkstemp(file);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    struct stat st;

    if (!f) {
        perror(file);
        exit(1);
    }
    fputs("S: 220 first.example ESMTP the first line of the talk\n", f);
    for (long i = 1; i < LINES - 1; i++)
        switch (i % 4) {
        case 0:
            fprintf(f, "C: MAIL FROM:<sender%07ld@client.example>\n", i);
            break;
        case 1:
            fprintf(f, "S: 250 2.1.0 Ok, transaction number %07ld begins\n", i);
            break;
        case 2:
            fprintf(f, "C: RCPT TO:<somebody%07ld@server.example>\n", i);
            break;
        default:
            fprintf(f, "S: 550 5.1.1 <somebody%07ld@server.example> unknown\n", i);
        }
    fputs("S: 250 2.0.0 " LAST "\n", f);
    fclose(f);
    return stat(file, &st) == 0 ? (long)st.st_size : 0;
}

struct viewer {
    const char *who;
    const char *argv[9];
    const char *top, *end, *find; /* keys */
    bool warm;                    /* wait for the whole file before the first move */
    struct values first, to_end, to_top, search;
    long rss_kb;
};

/* Keys, then the sight: microseconds between. */
static int64_t move(struct term *t, const char *keys, const char *sight)
{
    int64_t from;

    term_wait_quiet(t, 30, 20000);
    term_keys(t, keys);
    from = term_t_key(t);
    term_wait(t, sight, 60000);
    return term_t_last(t) - from;
}

/* From the start to the first screen, and away again. */
static void glance(struct viewer *v)
{
    struct term *t = term_start(80, 24, v->argv, NULL);

    term_wait(t, "first.example", 60000);
    values_add(&v->first, term_t_last(t) - term_t_start(t));
    term_wait_quiet(t, 30, 60000);
    term_stop(t);
}

static void turn(struct viewer *v)
{
    struct term *t = term_start(80, 24, v->argv, NULL);

    term_wait(t, "first.example", 60000);
    /* the reading of the file in the background, where there is such a thing, shall not count as
     * moving */
    term_wait_quiet(t, v->warm ? 600 : 100, 60000);
    values_add(&v->to_end, move(t, v->end, LAST));
    values_add(&v->to_top, move(t, v->top, "first.example"));
    values_add(&v->search, move(t, v->find, LAST));
    v->rss_kb = term_rss_peak_kb(t);
    term_stop(t);
}

static void show(struct viewer *v, long octets)
{
    bench_row("2,000,000 lines", v->who,
              "first %7.2f  end %7.2f  top %7.2f  search %8.2f ms  %7ld kB, %.1f octets a line "
              "over the text",
              (double)values_at(&v->first, 50) / 1000, (double)values_at(&v->to_end, 50) / 1000,
              (double)values_at(&v->to_top, 50) / 1000, (double)values_at(&v->search, 50) / 1000,
              v->rss_kb, ((double)v->rss_kb * 1024 - (double)octets) / LINES);
}

int main(void)
{
    static struct viewer ours = {
        .who = "heloscope", .top = "g", .end = "G", .find = "/needle\r", .warm = true};
    static struct viewer less = {.who = "less", .top = "g", .end = "G", .find = "/needle\r"};
    static struct viewer vim = {
        .who = "vim", .top = "gg", .end = "G", .find = "/needle\r", .warm = true};
    char file[] = "/tmp/helo-bench.XXXXXX";
    long octets = make_file(file);
    bool has_less = bench_has("less"), has_vim = bench_has("vim");
    const char *ours_argv[] = {bench_heloscope(), "open", file, NULL};
    const char *less_argv[] = {"less", file, NULL};
    const char *vim_argv[] = {"vim", "-u", "NONE", "-i", "NONE", "-n", "-R", file, NULL};

    memcpy(ours.argv, ours_argv, sizeof ours_argv);
    memcpy(less.argv, less_argv, sizeof less_argv);
    memcpy(vim.argv, vim_argv, sizeof vim_argv);
    printf("a transcript of %d lines, %.1f MB\n", LINES, (double)octets / 1e6);
    for (int i = 0; i < GLANCES; i++) { /* in turns, for both to meet the same machine */
        glance(&ours);
        if (has_less)
            glance(&less);
        if (has_vim && i < 3)
            glance(&vim);
    }
    for (int i = 0; i < TURNS; i++) {
        turn(&ours);
        if (has_less && i < 3)
            turn(&less);
        if (has_vim && i < 3)
            turn(&vim);
    }
    unlink(file);
    show(&ours, octets);
    if (has_less)
        show(&less, octets);
    if (has_vim)
        show(&vim, octets);
    if (has_less)
        bench_aim(values_at(&ours.first, 50) <= 2 * values_at(&less.first, 50),
                  "first screen %.2f x less (<= 2)",
                  (double)values_at(&ours.first, 50) / (double)values_at(&less.first, 50));
    bench_aim(values_at(&ours.to_end, 50) <= 5000 && values_at(&ours.to_top, 50) <= 5000,
              "G %.2f ms, g %.2f ms (<= 5)", (double)values_at(&ours.to_end, 50) / 1000,
              (double)values_at(&ours.to_top, 50) / 1000);
    if (has_vim)
        bench_aim(values_at(&ours.search, 50) * 2 <= values_at(&vim.search, 50),
                  "search of the last line %.2f x vim (<= 0.5)",
                  (double)values_at(&ours.search, 50) / (double)values_at(&vim.search, 50));
    bench_aim((double)ours.rss_kb * 1024 <= (double)octets + 4.0 * LINES + 16e6,
              "memory %ld kB (<= text + 4 octets a line + 16 MB for the program)", ours.rss_kb);
    return 0;
}
