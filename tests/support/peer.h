/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other end for tests of the connection: one thread that accepts one connection and plays a
 * part, blocking; and a log of what conn told. */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include "heloscope/buf.h"
#include "heloscope/conn.h"

#include <openssl/ssl.h>
#include <pthread.h>

struct peer;
typedef void peer_fn(struct peer *p, int fd);

struct peer {
    int listener; /* -1: none */
    int port;
    peer_fn *fn;
    SSL_CTX *ctx;
    size_t bytes;
    bool running;
    pthread_t thread;
};

/* Listens on address (a port of the system's choice if port is 0) and plays fn with the first that
 * connects. */
void peer_start(struct peer *p, const char *address, int port, peer_fn *fn);
/* Waits for the part to be over. */
void peer_join(struct peer *p);
/* A bound socket that does not listen: connecting is refused. Returns it; *port is its port. */
int peer_deaf(const char *address, int *port);
/* A listener whose queue is full: connecting gets no answer. Fills fds[4], to be closed. */
void peer_black_hole(const char *address, int port, int fds[4], int *got);

struct talk {
    struct loop *loop;
    struct conn *conn;
    struct buf log;  /* a line an event */
    struct buf data; /* what CONN_DATA brought */
    unsigned seen;   /* bits of enum conn_event_kind */
    int sys_errno;
    enum fault fault;
    double ms;
    struct tls_facts facts;
    size_t injected;
    size_t total;
    bool count_only;
    void (*on)(struct talk *t, const struct conn_event *ev);
};

void talk_init(struct talk *t);
void talk_clear(struct talk *t);
/* conn_open() on the target text. */
void talk_open(struct talk *t, const char *target, const struct conn_options *o);
conn_fn talk_event;
/* Turns the loop until kind was told; fails the test with the log after 5 s, or when the end came
 * before. */
void talk_until(struct talk *t, enum conn_event_kind kind);
void talk_expect(const struct talk *t, const char *text);
bool talk_saw(const struct talk *t, enum conn_event_kind kind);

#endif
