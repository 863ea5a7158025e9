/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fake_in.h: the insides of struct fake, for fakeserver.c (the steps) and fakelife.c (start,
 * waiting, the end) only. */
#ifndef TESTS_FAKE_FAKE_IN_H
#define TESTS_FAKE_FAKE_IN_H

#include "fakeserver.h"

#include <pthread.h>

#define FAKE_READS_MAX 4096
#define FAKE_CERTS_MAX 8

struct fake {
    const struct fake_step *script;
    SSL_CTX *ctx[FAKE_CERTS_MAX];
    int fd, listener, stop[2];
    int port;
    char path[108];
    bool pair;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, joined;
    /* under the lock */
    char *got;
    size_t ngot, cap;
    size_t sent;
    bool done;
    /* the thread's own until it has ended */
    SSL *ssl;
    size_t used; /* of got: what EXPECT has eaten */
    size_t split;
    bool eof, stopped;
    size_t reads, begin[FAKE_READS_MAX + 1];
    char sni[256];
    char why[512];
};

/* The thread: fake_run(f). */
void *fake_run(void *arg);
/* Closes the connection, with close_notify where TLS is up and politely is wanted. */
void fake_hang_up(struct fake *f, bool politely);

#endif
