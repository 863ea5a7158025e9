/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench.c: see bench.h. */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void values_add(struct values *v, int64_t value)
{
    if (v->n < BENCH_MAX)
        v->v[v->n++] = value;
}

static int order(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

int64_t values_at(struct values *v, double p)
{
    size_t i;

    if (v->n == 0)
        return -1;
    qsort(v->v, v->n, sizeof v->v[0], order);
    i = (size_t)((double)v->n * p / 100.0);
    return v->v[i < v->n ? i : v->n - 1];
}

const char *bench_heloscope(void)
{
    const char *path = getenv("HELOSCOPE");

    return path && *path ? path : "./heloscope";
}

const char *bench_built(const char *below)
{
    static char slot[4][512];
    static int turn;
    const char *top = getenv("top_builddir");
    char *out = slot[turn++ % 4];

    snprintf(out, sizeof slot[0], "%s/%s", top && *top ? top : ".", below);
    return out;
}

bool bench_has(const char *program)
{
    const char *path = getenv("PATH");

    while (path && *path) {
        char file[512];
        size_t n = strcspn(path, ":");

        snprintf(file, sizeof file, "%.*s/%s", (int)n, path, program);
        if (access(file, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    printf("(%s is not installed)\n", program);
    return false;
}

void bench_row(const char *what, const char *who, const char *format, ...)
{
    va_list ap;

    printf("%-38s %-18s ", what, who);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

void bench_aim(bool reached, const char *format, ...)
{
    va_list ap;

    printf("%-38s ", reached ? "  aim reached" : "  AIM MISSED");
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

void blast_start(struct blast *b, size_t megabytes, size_t line)
{
    int in[2], out[2];
    char size[32], octets[32], said[128] = "";
    ssize_t n;

    snprintf(size, sizeof size, "%zu", megabytes);
    snprintf(octets, sizeof octets, "%zu", line);
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
        perror("pipe");
        exit(1);
    }
    b->pid = fork();
    if (b->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(bench_built("tests/bench/blastd"), "blastd", "-s", size, "-l", octets, (char *)NULL);
        perror("blastd");
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    b->keep = in[1];
    n = b->pid > 0 ? read(out[0], said, sizeof said - 1) : 0;
    close(out[0]);
    if (n <= 0 || sscanf(said, "smtp %d pop3 %d", &b->smtp, &b->pop3) != 2) {
        fprintf(stderr, "blastd does not start\n");
        exit(1);
    }
}

void blast_stop(struct blast *b)
{
    close(b->keep);
    kill(b->pid, SIGTERM);
    waitpid(b->pid, NULL, 0);
}

static double ms_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1000.0 + (double)ts.tv_nsec / 1e6;
}

double bench_run(const char *const *argv, const char *input, long *rss_kb)
{
    struct rusage used;
    int in[2], status = -1;
    double from = ms_now();
    pid_t pid;

    if (pipe2(in, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

        dup2(in[0], 0);
        dup2(nowhere, 1);
        dup2(nowhere, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv); /* exec does not write into it */
        _exit(127);
    }
    close(in[0]);
    if (input && write(in[1], input, strlen(input)) < 0)
        perror("write");
    close(in[1]);
    if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
        return -1;
    if (rss_kb)
        *rss_kb = used.ru_maxrss;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ms_now() - from : -1;
}
