/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * retr.c: RETR of 200 MB: streamed through the headless core into a descriptor, printed by the line
 * mode, and beside them curl and nc; then shown in the workbench, with the time a key takes
 * meanwhile and the memory.
 */
#include "../screen/term.h"
#include "bench.h"
#include "heloscope/loop.h"
#include "heloscope/session.h"
#include "heloscope/target.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGABYTES 200
#define LINE 78
#define TURNS 3

/* ------------------------------------------------------------------ the core */

static struct loop *core_loop;
static int core_step;

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    static const char *const lines[] = {"USER a", "PASS b", "RETR 1", "QUIT"};
    char why[200];

    (void)arg;
    if (ev == SESSION_OVER) {
        loop_stop(core_loop);
        return;
    }
    if (ev != SESSION_CHANGED || session_outstanding(s) > 0 ||
        session_reply_class(s) == REPLY_NONE || core_step == 4)
        return;
    session_line(s, lines[core_step], strlen(lines[core_step]), why, sizeof why);
    core_step++;
}

/* One RETR in a process of its own, so that its memory can be told. The body goes to `sink`. */
static double core_ms(int port, int sink, long *rss_kb)
{
    int64_t from = term_now();
    struct rusage used;
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        char text[64], why[200];
        struct target target;
        struct session_options o = {.use_sink = true, .sink_fd = sink};

        snprintf(text, sizeof text, "pop3://127.0.0.1:%d", port);
        core_loop = loop_new();
        if (!target_parse(text, &target, why, sizeof why))
            _exit(2);
        struct session *s = session_open(core_loop, &target, &o, on_session, NULL);

        if (!s)
            _exit(3);
        loop_run(core_loop);
        session_free(s);
        loop_free(core_loop);
        _exit(core_step == 4 ? 0 : 4);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) < 0 || status != 0)
        return -1;
    *rss_kb = used.ru_maxrss;
    return (double)(term_now() - from) / 1000;
}

/* ------------------------------------------------------------------ rows */

static void show(const char *who, struct values *us, long rss_kb)
{
    double ms = (double)values_at(us, 50) / 1000;

    if (ms <= 0)
        bench_row("RETR of 200 MB", who, "did not end well");
    else
        bench_row("RETR of 200 MB", who, "%8.1f ms  %6.0f MB/s  %ld kB of memory", ms,
                  MEGABYTES * 1000.0 / ms, rss_kb);
}

static void add(struct values *us, double ms)
{
    if (ms > 0)
        values_add(us, (int64_t)(ms * 1000));
}

static void streams(const struct blast *b)
{
    static struct values core, plain, curl, nc;
    char url[64], target[64], port[16];
    const char *curl_argv[] = {"curl", "-s", "-u", "a:b", "-o", "/dev/null", url, NULL};
    const char *nc_argv[] = {"nc", "127.0.0.1", port, NULL};
    const char *plain_argv[] = {bench_heloscope(), "--plain", target, NULL};
    const char *talk = "USER a\r\nPASS b\r\nRETR 1\r\nQUIT\r\n";
    size_t octets = (size_t)MEGABYTES * 1000000 / LINE * LINE;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    char copy[] = "/tmp/helo-bench.XXXXXX";
    int file = mkstemp(copy);
    long core_kb = 0, plain_kb = 0, curl_kb = 0, nc_kb = 0;
    bool has_curl = bench_has("curl"), has_nc = bench_has("nc");

    snprintf(url, sizeof url, "pop3://127.0.0.1:%d/1", b->pop3);
    snprintf(target, sizeof target, "pop3://127.0.0.1:%d", b->pop3);
    snprintf(port, sizeof port, "%d", b->pop3);
    /* once into a file: does all of it arrive? */
    if (core_ms(b->pop3, file, &core_kb) < 0 || lseek(file, 0, SEEK_END) < (off_t)octets)
        bench_row("RETR of 200 MB", "headless core", "only %lld octets came, not %zu",
                  (long long)lseek(file, 0, SEEK_END), octets);
    close(file);
    unlink(copy);
    for (int i = 0; i < TURNS; i++) {
        if (has_nc)
            add(&nc, bench_run(nc_argv, talk, &nc_kb));
        if (has_curl)
            add(&curl, bench_run(curl_argv, NULL, &curl_kb));
        add(&core, core_ms(b->pop3, nowhere, &core_kb));
        add(&plain, bench_run(plain_argv, "USER a\nPASS b\nRETR 1\nQUIT\n", &plain_kb));
    }
    if (has_nc)
        show("nc", &nc, nc_kb);
    if (has_curl)
        show("curl", &curl, curl_kb);
    show("headless core", &core, core_kb);
    show("heloscope --plain", &plain, plain_kb);
    if (core.n && curl.n) {
        double ratio = (double)values_at(&curl, 50) / (double)values_at(&core, 50);

        bench_aim(ratio >= 2, "headless core %.2f x curl's rate (>= 2)", ratio);
        bench_aim(core_kb <= 16 * 1024, "%ld kB of memory (<= 16384)", core_kb);
    }
}

/* ------------------------------------------------------------------ the workbench */

static void shown(const struct blast *b)
{
    static struct values us;
    char target[64], size[32];
    const char *argv[] = {bench_heloscope(), target, NULL};
    size_t octets = (size_t)MEGABYTES * 1000000 / LINE * LINE;
    size_t lines = octets / LINE;
    struct term *t;
    int64_t from, key;
    long before, after;
    double bound;
    int i = 0;

    snprintf(target, sizeof target, "pop3://127.0.0.1:%d", b->pop3);
    t = term_start(80, 24, argv, NULL);
    term_wait(t, "+OK blast ready", 5000);
    term_line(t, "USER a");
    term_wait_quiet(t, 50, 2000);
    term_line(t, "PASS b");
    term_wait_quiet(t, 50, 2000);
    term_line(t, "STAT");
    snprintf(size, sizeof size, "%zu", octets);
    term_wait(t, size, 5000);
    before = term_rss_kb(t);
    term_line(t, "RETR 1");
    from = term_t_key(t);
    /* type while it comes in, until the gutter says that the body is whole */
    snprintf(size, sizeof size, "| ok: the whole message");
    while (!term_shows(t, size) && term_now() - from < 30000000) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcd";
        char sight[32];

        snprintf(sight, sizeof sight, "%.*s", i % 30 + 1, letters);
        term_keys(t, sight + strlen(sight) - 1);
        key = term_t_key(t);
        term_wait(t, sight, 5000);
        values_add(&us, term_t_last(t) - key);
        if (i++ % 30 == 29) {
            term_key(t, "C-u");
            term_wait_gone(t, sight, 5000);
        }
    }
    if (!term_shows(t, size)) {
        bench_row("200 MB shown in the workbench", "heloscope", "\"%s\" was never seen", size);
        term_print(t);
        term_stop(t);
        return;
    }
    term_wait_quiet(t, 100, 5000);
    after = term_rss_peak_kb(t);
    bench_row("200 MB shown in the workbench", "heloscope", "%.0f ms, %zu keys typed meanwhile",
              (double)(term_t_last(t) - from) / 1000, us.n);
    bench_row("key seen meanwhile", "heloscope", "p50 %.3f ms  p99 %.3f ms  worst %.3f ms",
              (double)values_at(&us, 50) / 1000, (double)values_at(&us, 99) / 1000,
              (double)values_at(&us, 100) / 1000);
    bench_aim(values_at(&us, 99) <= 20000, "p99 %.3f ms (<= 20)",
              (double)values_at(&us, 99) / 1000);
    bound = ((double)octets + 4.0 * (double)lines) / 1024;
    bench_row("memory for it", "heloscope", "%ld kB more; text + 4 bytes a line is %.0f kB",
              after - before, bound);
    bench_aim((double)(after - before) <= bound, "%.3f x that (<= 1)",
              (double)(after - before) / bound);
    term_stop(t);
}

int main(void)
{
    struct blast b;

    blast_start(&b, MEGABYTES, LINE);
    streams(&b);
    shown(&b);
    blast_stop(&b);
    return 0;
}
