/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class.c: 200 students at once on `heloscope serve --lesson`: all of them walk through the lesson
 * (a letter with two recipients), some times, each saying the next line as soon as the reply to the
 * last one is there; in the clear and with TLS. How long a reply takes, and what memory a student
 * costs. The same again with a pause between the lines, as fast typists would have it.
 */
#include "bench.h"
#include "heloscope/loop.h"
#include "heloscope/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STUDENTS = 200, ROUNDS = 3, PAUSE_US = 1000000 };

struct one {
    int fd;
    struct tls *tls;
    size_t at; /* line of the script that was said */
    uint64_t sent_us, due_us;
    struct buf in;
    bool over;
};

static char dir[] = "/tmp/helo-bench-XXXXXX";
static char ca[64];
static struct one all[STUDENTS];
static int64_t replies[200000]; /* microseconds */
static size_t nreplies;

/* Line 0 is only waited for: the banner. "\1" is the handshake. */
static const char *const clear_script[] = {
    "",
    "EHLO student-%d.example\r\n",
    "MAIL FROM:<me@home.example>\r\n",
    "RCPT TO:<student@practice.example>\r\n",
    "RCPT TO:<teacher@practice.example>\r\n",
    "DATA\r\n",
    "From: me@home.example\r\nSubject: hello\r\n\r\nSome words of a student.\r\n.\r\n",
    NULL,
};
static const char *const tls_script[] = {
    "",
    "EHLO student-%d.example\r\n",
    "STARTTLS\r\n",
    "\1",
    "EHLO student-%d.example\r\n",
    "MAIL FROM:<me@home.example>\r\n",
    "RCPT TO:<student@practice.example>\r\n",
    "RCPT TO:<teacher@practice.example>\r\n",
    "DATA\r\n",
    "From: me@home.example\r\nSubject: hello\r\n\r\nSome words of a student.\r\n.\r\n",
    NULL,
};

static pid_t serve(int *port)
{
    int out[2];
    char line[400];
    if (pipe(out))
        exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        execl(bench_heloscope(), "heloscope", "serve", "--lesson", "2", "--listen", "127.0.0.1:0",
              "--ca", ca, (char *)NULL);
        _exit(1);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    *port = 0;
    while (f && fgets(line, sizeof line, f) && strncmp(line, "C-c", 3) != 0)
        if (strncmp(line, "smtp", 4) == 0)
            *port = atoi(strrchr(line, ':') + 1);
    if (!*port)
        exit(1);
    pid_t reader = fork(); /* it tells of each step; nobody reads that here */
    if (reader == 0) {
        while (f && fgets(line, sizeof line, f))
            continue;
        _exit(0);
    }
    fclose(f);
    return pid;
}

static long resident_kb(pid_t pid)
{
    char path[64], line[200];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %ld", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

static void put(struct one *s, const char *p, size_t n)
{
    struct buf wire;
    buf_init(&wire, 1 << 20);
    if (s->tls && tls_output(s->tls, p, n, &wire)) {
        p = wire.p;
        n = wire.len;
    }
    if (send(s->fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
        exit(1);
    s->sent_us = now_us();
    buf_clear(&wire);
}

static void say(struct one *s, const char *const *script, int number)
{
    char line[300];
    const char *words = script[++s->at];
    s->due_us = 0;
    if (!words) {
        s->over = true;
    } else if (*words == '\1') {
        char why[200];
        struct buf wire;
        struct tls_trust trust = {.ca_file = ca};
        buf_init(&wire, 65536);
        s->tls = tls_new_client("practice.example", false, &trust, why, sizeof why);
        if (!s->tls)
            exit(1);
        tls_start(s->tls, &wire);
        if (send(s->fd, wire.p, wire.len, MSG_NOSIGNAL) < 0)
            exit(1);
        buf_clear(&wire);
    } else {
        int n = strstr(words, "%d")
                    ? snprintf(line, sizeof line, "EHLO student-%d.example\r\n", number)
                    : snprintf(line, sizeof line, "%s", words);
        put(s, line, (size_t)n);
    }
}

/* What has come. True: the reply is whole (or TLS is up). */
static bool heard(struct one *s)
{
    char chunk[16384];
    struct buf wire;
    ssize_t n = recv(s->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n <= 0)
        exit(1);
    if (!s->tls) {
        buf_add(&s->in, chunk, (size_t)n);
    } else {
        bool was_up = *tls_facts(s->tls)->version != 0;
        buf_init(&wire, 65536);
        enum tls_state state = tls_input(s->tls, chunk, (size_t)n, &s->in, &wire);
        if (wire.len && send(s->fd, wire.p, wire.len, MSG_NOSIGNAL) < 0)
            exit(1);
        buf_clear(&wire);
        if (state == TLS_UP && !was_up && !s->in.len)
            return true;
    }
    const char *last = buf_str(&s->in);
    for (const char *lf; (lf = strchr(last, '\n'));) {
        if (last[3] == ' ')
            return true;
        last = lf + 1;
    }
    return false;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void open_one(struct one *s, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *s = (struct one){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    if (connect(s->fd, (struct sockaddr *)&a, sizeof a))
        exit(1);
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    buf_init(&s->in, 1 << 20);
}

/* Until each has gone through the script. */
static void turn(const char *const *script, uint64_t pause)
{
    struct pollfd fds[STUDENTS];
    size_t left = STUDENTS;
    while (left) {
        uint64_t now = now_us();
        for (int i = 0; i < STUDENTS; i++)
            fds[i] = (struct pollfd){.fd = all[i].over ? -1 : all[i].fd, .events = POLLIN};
        poll(fds, STUDENTS, pause ? 2 : -1);
        for (int i = 0; i < STUDENTS; i++) {
            struct one *s = &all[i];
            if (s->due_us && now >= s->due_us) {
                say(s, script, i);
                left -= s->over;
            }
            if (!(fds[i].revents & POLLIN) || !heard(s))
                continue;
            const char *words = script[s->at];
            if (s->at && *words != '\1' && strcmp(words, "STARTTLS\r\n") != 0)
                replies[nreplies++] = (int64_t)(now_us() - s->sent_us);
            buf_trim(&s->in, 0);
            if (pause) {
                s->due_us = now_us() + pause / 2 + (uint64_t)rand() % pause;
            } else {
                say(s, script, i);
                left -= s->over;
            }
        }
    }
}

static void measure(const char *what, const char *const *script, uint64_t pause)
{
    int port;
    pid_t pid = serve(&port);
    long before = resident_kb(pid), after = 0;
    nreplies = 0;
    for (int round = 0; round < (pause ? 1 : ROUNDS); round++) {
        for (int i = 0; i < STUDENTS; i++)
            open_one(&all[i], port);
        turn(script, pause);
        after = resident_kb(pid); /* all of them are still connected */
        for (int i = 0; i < STUDENTS; i++) {
            put(&all[i], "QUIT\r\n", 6);
            tls_free(all[i].tls);
            buf_clear(&all[i].in);
            shutdown(all[i].fd, SHUT_WR);
            char rest[4096];
            while (recv(all[i].fd, rest, sizeof rest, 0) > 0)
                continue;
            close(all[i].fd);
        }
    }
    qsort(replies, nreplies, sizeof *replies, compare);
    double median = (double)replies[nreplies / 2] / 1000;
    double each = (double)(after - before) / STUDENTS;
    bench_row(what, "heloscope serve", "median %.2f ms, p95 %.2f, %zu replies; %.0f KB a student",
              median, (double)replies[nreplies * 95 / 100] / 1000, nreplies, each);
    if (pause)
        bench_aim(median <= 5, "%s: median reply %.2f ms (<= 5 ms)", what, median);
    else /* each waits for 199 others: this tells how much there could be */
        bench_row(what, "", "some %.0f replies a second", STUDENTS * 1000 / median);
    bench_aim(each <= 300, "%s: %.0f KB of memory a student (<= 300 KB)", what, each);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    waitpid(-1, NULL, 0);
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    snprintf(ca, sizeof ca, "%s/ca.pem", dir);
    measure("200 students, 1 s between lines", clear_script, PAUSE_US);
    measure("200 students, TLS, 1 s between lines", tls_script, PAUSE_US);
    measure("200 students, no pause", clear_script, 0);
    measure("200 students, TLS, no pause", tls_script, 0);
    unlink(ca);
    return rmdir(dir) != 0;
}
