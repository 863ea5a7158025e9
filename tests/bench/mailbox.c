/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox.c: how long after `m` the first screen of a mailbox stands: over a POP3 session with a
 * scripted server that counts what it is asked for (maildrops of three sizes, with and without
 * PIPELINING), and with the practice server's maildrop. Beside it: curl fetching the list alone.
 */
#include "../screen/term.h"
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURNS = 7, AIM_MS = 300, MANY = 10000 };

/* ------------------------------------------------------------------ a server that counts */

static struct {
    int fd, port, letters;
    bool pipelining;
    atomic_int tops;
} server;

static void list(FILE *out)
{
    fprintf(out, "+OK\r\n");
    for (int i = 1; i <= server.letters; i++)
        fprintf(out, "%d %d\r\n", i, 1000 + i);
    fprintf(out, ".\r\n");
}

static void answer(FILE *out, const char *line)
{
    if (!strncasecmp(line, "CAPA", 4))
        fprintf(out, "+OK\r\nUSER\r\nTOP\r\n%s.\r\n", server.pipelining ? "PIPELINING\r\n" : "");
    else if (!strncasecmp(line, "LIST", 4))
        list(out);
    else if (!strncasecmp(line, "TOP ", 4)) {
        server.tops++;
        fprintf(out,
                "+OK\r\nReceived: from a.example by b.example; Sat, 21 Nov 2026 08:00:00 +0000\r\n"
                "From: Somebody <somebody@a.example>\r\nTo: you@b.example\r\n"
                "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\nSubject: number %d\r\n\r\n.\r\n",
                atoi(line + 4));
    } else {
        fprintf(out, "+OK\r\n");
    }
}

static void *serve(void *arg)
{
    int fd;
    (void)arg;
    while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        char line[600];
        FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
        fprintf(out, "+OK ready\r\n");
        fflush(out);
        while (fgets(line, sizeof line, in)) {
            answer(out, line);
            fflush(out);
            if (!strncasecmp(line, "QUIT", 4))
                break;
        }
        fclose(in);
        fclose(out);
    }
    return NULL;
}

static bool server_start(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    pthread_t thread;
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server.fd < 0 || bind(server.fd, (struct sockaddr *)&a, n) || listen(server.fd, 8) ||
        getsockname(server.fd, (struct sockaddr *)&a, &n))
        return false;
    server.port = ntohs(a.sin_port);
    return pthread_create(&thread, NULL, serve, NULL) == 0;
}

/* ------------------------------------------------------------------ the mailbox on the screen */

/* Every row of the list tells its sender: none waits. */
static bool stands(struct term *t, void *arg)
{
    int told = 0;
    (void)arg;
    for (int row = 0; row < term_rows(t); row++) {
        const char *text = term_row(t, row);
        told += strstr(text, "Somebody") != NULL;
        if (strstr(text, "  ..."))
            return false;
    }
    return told >= 12;
}

static void turn(int port, const char *user, const char *password, struct values *us)
{
    char target[64], say[80];
    const char *const argv[] = {bench_heloscope(), target, NULL};
    snprintf(target, sizeof target, "pop3://127.0.0.1:%d", port);
    struct term *t = term_start(80, 24, argv, NULL);
    term_wait(t, "+OK", 5000);
    snprintf(say, sizeof say, "USER %s", user);
    term_line(t, say);
    term_wait(t, "PASS", 5000);
    snprintf(say, sizeof say, "PASS %s", password);
    term_line(t, say);
    term_wait(t, "STAT", 5000);
    term_key(t, "Esc");
    term_wait(t, "i type", 5000);
    term_key(t, "m");
    term_wait_for(t, stands, NULL, "the mailbox with all its rows", 20000);
    values_add(us, term_t_last(t) - term_t_key(t));
    term_stop(t);
}

static void scripted(void)
{
    static const int sizes[] = {100, MANY, 10 * MANY};
    for (int way = 0; way < 2; way++) {
        server.pipelining = way == 0;
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            struct values us = {.n = 0};
            char what[80];
            server.letters = sizes[k];
            server.tops = 0;
            for (int i = 0; i < TURNS; i++)
                turn(server.port, "a", "b", &us);
            snprintf(what, sizeof what, "mailbox of %d%s", sizes[k], way ? ", no PIPELINING" : "");
            bench_row(what, "heloscope, after m", "%7.1f ms  %d headers asked for",
                      (double)values_at(&us, 50) / 1000, server.tops / TURNS);
            if (sizes[k] == MANY)
                bench_aim(values_at(&us, 50) <= AIM_MS * 1000,
                          "first screen of a mailbox of %d within %d ms", MANY, AIM_MS);
        }
    }
    char url[64];
    const char *const curl[] = {"curl", "-s", "-u", "a:b", "-o", "/dev/null", url, NULL};
    snprintf(url, sizeof url, "pop3://127.0.0.1:%d/", server.port);
    server.letters = MANY;
    if (bench_has("curl"))
        bench_row("LIST of 10000 alone", "curl, from its start", "%7.1f ms",
                  bench_run(curl, NULL, NULL));
}

/* ------------------------------------------------------------------ the practice server's maildrop
 */

static void fill(const char *dir)
{
    char path[200];
    snprintf(path, sizeof path, "%s/student", dir);
    mkdir(path, 0700);
    for (const char *const *sub = (const char *const[]){"new", "cur", "tmp", NULL}; *sub; sub++) {
        snprintf(path, sizeof path, "%s/student/%s", dir, *sub);
        mkdir(path, 0700);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "%s/student/new/%d.%d.bench", dir, 1700000000 + i, i);
        FILE *f = fopen(path, "w");
        if (!f)
            exit(1);
        fprintf(f,
                "From: Somebody <somebody@a.example>\nTo: student@practice.example\n"
                "Date: Sat, 21 Nov 2026 08:00:00 +0000\nSubject: number %d\n\nhello\n",
                i);
        fclose(f);
    }
}

static void practice(void)
{
    char dir[] = "/tmp/heloscope-bench-XXXXXX", line[300];
    struct values us = {.n = 0};
    int out[2], port = 0;
    if (!mkdtemp(dir) || pipe(out))
        exit(1);
    fill(dir);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        execl(bench_heloscope(), "heloscope", "serve", "--maildir", dir, "--pop3", "127.0.0.1:0",
              NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    while (!port && fgets(line, sizeof line, f)) {
        const char *at = strstr(line, "pop3") ? strstr(line, "127.0.0.1:") : NULL;
        port = at ? atoi(at + 10) : 0;
    }
    for (int i = 0; port && i < TURNS; i++)
        turn(port, "student", "apple-pie", &us);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    fclose(f);
    const char *const rm[] = {"rm", "-rf", dir, NULL};
    bench_run(rm, NULL, NULL);
    if (!us.n)
        exit(1);
    bench_row("practice maildrop of 10000", "heloscope, after m", "%7.1f ms",
              (double)values_at(&us, 50) / 1000);
    bench_aim(values_at(&us, 50) <= AIM_MS * 1000,
              "first screen of the practice maildrop of %d within %d ms", MANY, AIM_MS);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    if (!server_start())
        return 77;
    scripted();
    practice();
    return 0;
}
