/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the connection share: conn.c (birth, events of the loop, the end), conn_io.c
 * (bytes of the socket), conn_tls.c (the upgrade, records). A function that returns false says: the
 * connection is over or freed, touch it no more. */
#ifndef HELOSCOPE_CORE_CONN_PRIV_H
#define HELOSCOPE_CORE_CONN_PRIV_H

#include "core/happy.h"
#include "heloscope/buf.h"
#include "heloscope/conn.h"
#include "heloscope/loop.h"
#include "heloscope/route.h"

enum {
    READ_CHUNK =
        256
        << 10, /* read at once; a turn of the loop takes no more, so that keys are served between */
    WRITE_TURN = 1 << 20,  /* written in one turn */
    TLS_CHUNK = 128 << 10, /* encrypted at once */
    QUEUE_MAX = 64 << 20,  /* waiting to be sent */
    WIRE_MAX = QUEUE_MAX + (1 << 20),
    PLAIN_MAX = 1 << 20,
    INJECTED_MAX = 64 << 10, /* kept of what was injected before TLS */
    FINISH_MS = 2000,
    KEPT = 7 /* strings of the options */
};

enum phase {
    PHASE_RACE,      /* look-up and attempts */
    PHASE_PROXY,     /* connected to a proxy, which connects further */
    PHASE_ADOPTED,   /* about to say CONNECTED */
    PHASE_CLEAR,     /* bytes go as they are */
    PHASE_UPGRADING, /* conn_start_tls() was called; the loop will begin */
    PHASE_HANDSHAKE,
    PHASE_ASKING, /* the certificate is not verified; the user has not answered */
    PHASE_TLS,
    PHASE_ABORTED, /* closed; only CONN_ABORTED is still to be told */
    PHASE_OVER
};

struct conn {
    struct loop *loop;
    struct target target;
    struct target where; /* what happy connects to: the target, or elsewhere */
    struct route route;
    struct conn_options o;
    char *kept[KEPT]; /* copies of the strings in o */
    conn_fn *fn;
    void *arg;
    enum phase phase;
    enum conn_lookup lookup; /* why no address was found */
    struct happy *happy;
    struct proxying *proxying;
    int fd;
    struct watch *io;
    struct watch *kick;  /* work for the loop: write, begin TLS, tell that it was aborted */
    struct watch *limit; /* handshake, or the other end's close */
    struct tls *tls;
    uint64_t since; /* of the handshake, with the proxy or TLS */
    struct buf out; /* to be sent, in clear; sent octets of it lie before out_at */
    size_t out_at;
    struct buf wire; /* records to be sent */
    size_t wire_at;
    struct buf plain;    /* decrypted, not yet told */
    struct buf injected; /* what came between the agreement on TLS and the handshake */
    char *chunk;         /* READ_CHUNK octets */
    bool blocked;        /* the socket takes no more for now */
    bool queued;         /* something was queued since CONN_DRAINED */
    bool paused;
    bool accepted; /* the user goes on with an unverified certificate */
    bool eof;      /* the other end has closed its side */
    bool finishing, finished;
    int write_errno; /* writing failed; what was received before is still to be read */
    char doing[300]; /* what was going on when it was aborted */
    bool *dead;
};

/* conn.c */
bool conn_emit(struct conn *c, struct conn_event ev);
bool conn_end(struct conn *c, enum conn_event_kind kind, enum fault fault, int e, const char *text);
bool conn_fail_errno(struct conn *c, int e);
bool conn_alive(const struct conn *c);
/* The socket is the other end's. */
void conn_connected(struct conn *c, const struct conn_event *ev);
/* Has the loop call us in this turn or the next. */
void conn_kick(struct conn *c);

/* conn_io.c */
void conn_watch(struct conn *c);
bool conn_write_some(struct conn *c, struct buf *b, size_t *at, size_t most);
void conn_tidy(struct buf *b, size_t *at);
bool conn_flush(struct conn *c);
bool conn_finish_now(struct conn *c);
bool conn_ended(struct conn *c, const char *text);

/* conn_route.c */
void conn_route_begin(struct conn *c);
void conn_route_clear(struct conn *c);
/* True: a proxy is being asked; it goes on by itself. */
bool conn_proxy(struct conn *c);
bool conn_route_header(struct conn *c);

/* conn_tls.c */
void conn_begin_tls(struct conn *c);
void conn_upgrade(struct conn *c);
bool conn_tls_up(struct conn *c);
bool conn_deliver(struct conn *c);
bool conn_take_records(struct conn *c, const char *bytes, size_t n);

#endif
