/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast a stream comes through the connection, in the clear and through TLS: 200 MB from a child
 * process over loopback, and what other numbers the look-up and the handshake cost. Prints figures;
 * judges nothing. */
#include "heloscope/conn.h"
#include "heloscope/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEGA = 1000000, MEGABYTES = 200 };

static size_t received;
static bool over;
static double tls_ms;

static void on_event(void *arg, const struct conn_event *ev)
{
    (void)arg;
    if (ev->kind == CONN_DATA)
        received += ev->n;
    if (ev->kind == CONN_TLS_UP)
        tls_ms = ev->ms;
    if (ev->kind == CONN_EOF)
        over = true;
    if (ev->kind == CONN_FAILED || ev->kind == CONN_TLS_FAILED) {
        fprintf(stderr, "%s\n", ev->text);
        over = true;
    }
}

/* The sending side, in a process of its own: its CPU is not ours. TLS by the same layer as the
 * practice server's. */
static void serve(int listener, const struct tls_identity *id)
{
    static char block[256 << 10];
    char why[200];
    int fd = accept(listener, NULL, NULL);
    struct tls *t = id ? tls_new_server(id, why, sizeof why) : NULL;
    struct buf wire, plain;
    buf_init(&wire, 4 << 20);
    buf_init(&plain, 1 << 20);
    memset(block, 'x', sizeof block);
    while (t) {
        ssize_t n = recv(fd, block, sizeof block, 0);
        if (n <= 0)
            _exit(1);
        enum tls_state s = tls_input(t, block, (size_t)n, &plain, &wire);
        if (wire.len && send(fd, wire.p, wire.len, MSG_NOSIGNAL) < 0)
            _exit(1);
        buf_trim(&wire, 0);
        if (s == TLS_UP)
            break;
    }
    for (size_t left = (size_t)MEGABYTES * MEGA; left;) {
        size_t n = left < sizeof block ? left : sizeof block;
        const char *p = block;
        size_t size = n;
        if (t) {
            buf_trim(&wire, 0);
            tls_output(t, block, n, &wire);
            p = wire.p;
            size = wire.len;
        }
        while (size) {
            ssize_t done = send(fd, p, size, MSG_NOSIGNAL);
            if (done <= 0)
                _exit(1);
            p += done;
            size -= (size_t)done;
        }
        left -= n;
    }
    _exit(0);
}

static void measure(const char *what, const struct tls_identity *id)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&a, &n))
        exit(1);
    pid_t child = fork();
    if (child == 0)
        serve(listener, id);
    char text[64], why[200];
    struct target target;
    snprintf(text, sizeof text, "%s://127.0.0.1:%d", id ? "pop3s" : "pop3", ntohs(a.sin_port));
    if (!target_parse(text, &target, why, sizeof why))
        exit(1);
    struct conn_options o = {.trust.practice = id};
    struct loop *l = loop_new();
    struct rusage before, after;
    received = 0;
    over = false;
    getrusage(RUSAGE_SELF, &before);
    uint64_t start = now_us(), longest = 0;
    struct conn *c = conn_open(l, &target, &o, on_event, NULL);
    while (!over) {
        uint64_t turn = now_us();
        loop_turn(l, 1);
        turn = now_us() - turn;
        longest = turn > longest ? turn : longest;
    }
    double s = (double)(now_us() - start) / 1e6;
    getrusage(RUSAGE_SELF, &after);
    double cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) +
                 (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6 +
                 (double)(after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
                 (double)(after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    printf("%s: %zu MB at %.0f MB/s (%.0f MB per CPU second), longest turn %.2f ms, peak memory "
           "%ld kB",
           what, received / MEGA, (double)received / MEGA / s, (double)received / MEGA / cpu,
           (double)longest / 1000, after.ru_maxrss);
    if (id)
        printf(", handshake %.2f ms", tls_ms);
    putchar('\n');
    conn_free(c);
    loop_free(l);
    target_clear(&target);
    close(listener);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < 3; i++)
        measure("clear", NULL);
    uint64_t start = now_us();
    struct tls_identity *id = tls_identity_new("practice.example localhost 127.0.0.1 ::1");
    struct buf pem;
    buf_init(&pem, 65536);
    /* Its keys are made at the first use; the server is a child of ours and must have the same. */
    if (!id || !tls_identity_ca_pem(id, &pem))
        return 1;
    buf_clear(&pem);
    printf("practice identity: %.2f ms\n", (double)(now_us() - start) / 1000);
    for (int i = 0; i < 3 && id; i++)
        measure("TLS", id);
    tls_identity_free(id);
    return 0;
}
