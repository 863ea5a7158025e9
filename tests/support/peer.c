/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other end for tests of the connection. */
#include "tests/support/check.h"
#include "tests/support/peer.h"
#include "heloscope/loop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bound(const char *address, int port, int *got)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, address, &a.sin_addr), 1);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fail_msg("bind %s:%d", address, port);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    if (got)
        *got = ntohs(a.sin_port);
    return fd;
}

int peer_deaf(const char *address, int *port)
{
    return bound(address, 0, port);
}

void peer_black_hole(const char *address, int port, int fds[4], int *got)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    int at = port;
    fds[0] = bound(address, port, &at);
    assert_int_equal(listen(fds[0], 0), 0);
    if (got)
        *got = at;
    inet_pton(AF_INET, address, &a.sin_addr);
    a.sin_port = htons((uint16_t)at);
    for (int i = 1; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fds[i], (struct sockaddr *)&a, sizeof a);
    }
}

static void *play(void *arg)
{
    struct peer *p = arg;
    int fd = accept(p->listener, NULL, NULL);
    if (fd >= 0) {
        struct timeval limit = {.tv_sec = 10};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        p->fn(p, fd);
        close(fd);
    }
    return NULL;
}

void peer_start(struct peer *p, const char *address, int port, peer_fn *fn)
{
    p->fn = fn;
    p->listener = bound(address, port, &p->port);
    assert_int_equal(listen(p->listener, 4), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, play, p), 0);
    p->running = true;
}

void peer_join(struct peer *p)
{
    if (!p->running)
        return;
    shutdown(p->listener, SHUT_RDWR); /* wakes one that nobody came to */
    pthread_join(p->thread, NULL);
    close(p->listener);
    p->running = false;
}

void talk_init(struct talk *t)
{
    memset(t, 0, sizeof *t);
    t->loop = loop_new();
    assert_non_null(t->loop);
    buf_init(&t->log, 1 << 20);
    buf_init(&t->data, 1 << 20);
}

void talk_clear(struct talk *t)
{
    conn_free(t->conn);
    loop_free(t->loop);
    buf_clear(&t->log);
    buf_clear(&t->data);
}

void talk_open(struct talk *t, const char *text, const struct conn_options *o)
{
    struct target target;
    char why[200];
    if (!target_parse(text, &target, why, sizeof why))
        fail_msg("%s", why);
    t->conn = conn_open(t->loop, &target, o, talk_event, t);
    target_clear(&target);
    assert_int_equal(t->seen, 0); /* nothing is told before conn_open() is back */
}

static const char *const names[] = {
    "RESOLVING",  "RESOLVED", "TRYING",      "ATTEMPT_FAILED", "CONNECTED",
    "DATA",       "DRAINED",  "TLS_STARTED", "TLS_UP",         "TLS_UNVERIFIED",
    "TLS_FAILED", "INJECTED", "EOF",         "FAILED",         "ABORTED",
};

void talk_event(void *arg, const struct conn_event *ev)
{
    struct talk *t = arg;
    assert_non_null(ev->text);
    t->seen |= 1u << ev->kind;
    if (ev->kind == CONN_DATA) {
        t->total += ev->n;
        if (!t->count_only)
            assert_true(buf_add(&t->data, ev->bytes, ev->n));
    } else {
        buf_addf(&t->log, "%s %s\n", names[ev->kind], ev->text);
    }
    if (ev->kind == CONN_INJECTED)
        t->injected += ev->n;
    if (ev->facts)
        t->facts = *ev->facts;
    t->sys_errno = ev->sys_errno;
    t->fault = ev->fault;
    t->ms = ev->ms;
    if (t->on)
        t->on(t, ev);
}

bool talk_saw(const struct talk *t, enum conn_event_kind kind)
{
    return t->seen & (1u << kind);
}

void talk_until(struct talk *t, enum conn_event_kind kind)
{
    uint64_t start = now_us();
    while (!talk_saw(t, kind)) {
        if (now_us() - start > 5000000)
            fail_msg("no %s within 5 s; so far:\n%s", names[kind], buf_str(&t->log));
        loop_turn(t->loop, 100);
        if (!talk_saw(t, kind) &&
            (talk_saw(t, CONN_FAILED) || talk_saw(t, CONN_TLS_FAILED) || talk_saw(t, CONN_ABORTED)))
            fail_msg("the end came before %s:\n%s", names[kind], buf_str(&t->log));
    }
}

void talk_expect(const struct talk *t, const char *text)
{
    if (!strstr(buf_str(&t->log), text))
        fail_msg("'%s' is not in:\n%s", text, buf_str(&t->log));
}
