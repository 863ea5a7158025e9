/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of a connection's socket: one write a flight, bounded reads and writes a turn of the
 * loop, the other end's close. Records and the upgrade are conn_tls.c's. */
#include "core/conn_priv.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE is set there instead */
#endif

/* -- what the loop watches --------------------------------------------------------------------- */

static void on_io(void *arg, int fd, short revents);

static bool reads(const struct conn *c)
{
    switch (c->phase) {
    case PHASE_HANDSHAKE:
        return true;
    case PHASE_CLEAR:
    case PHASE_TLS:
        return !c->eof && (!c->paused || c->finished);
    default:
        return false;
    }
}

void conn_watch(struct conn *c)
{
    if (c->fd < 0)
        return;
    short events = (short)((reads(c) ? POLLIN : 0) | (c->blocked ? POLLOUT : 0));
    if (c->io)
        loop_fd_events(c->io, events);
    else
        c->io = loop_fd(c->loop, c->fd, events, on_io, c);
}

/* -- writing ----------------------------------------------------------------------------------- */

/* Writes from b, from *at on, most octets at most. What is left stays. False: writing failed
 * (errno). */
bool conn_write_some(struct conn *c, struct buf *b, size_t *at, size_t most)
{
    while (*at < b->len && most) {
        size_t n = b->len - *at < most ? b->len - *at : most;
        ssize_t done = send(c->fd, b->p + *at, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            c->blocked = true;
            return true;
        }
        if (done < 0)
            return false;
        *at += (size_t)done;
        most -= (size_t)done;
        if ((size_t)done < n) { /* asking again would only earn an EAGAIN */
            c->blocked = true;
            return true;
        }
    }
    if (*at < b->len)
        c->blocked = true; /* the rest in the next turn */
    return true;
}

/* Gives back what was written; a big queue does not keep its memory. */
void conn_tidy(struct buf *b, size_t *at)
{
    if (*at == b->len) {
        if (b->cap > 4 * WRITE_TURN)
            buf_clear(b);
        else
            buf_trim(b, 0);
        *at = 0;
    } else if (*at > WRITE_TURN && *at > b->len / 2) {
        buf_consume(b, *at);
        *at = 0;
    }
}

/* Encrypts as much of the queue as one turn writes. False: broken. */
static bool encrypt_some(struct conn *c)
{
    while (c->out_at < c->out.len && c->wire.len - c->wire_at < WRITE_TURN) {
        size_t n = c->out.len - c->out_at;
        if (n > TLS_CHUNK)
            n = TLS_CHUNK;
        if (!tls_output(c->tls, c->out.p + c->out_at, n, &c->wire))
            return false;
        c->out_at += n;
    }
    conn_tidy(&c->out, &c->out_at);
    return true;
}

static bool take_input(struct conn *c);

bool conn_flush(struct conn *c)
{
    if (c->fd < 0 || c->phase == PHASE_ASKING || c->write_errno)
        return true;
    c->blocked = false;
    bool ok = true;
    if (c->phase == PHASE_TLS && !encrypt_some(c))
        return conn_end(c, CONN_FAILED, FAULT_TLS, 0, tls_error(c->tls));
    if (c->wire.len)
        ok = conn_write_some(c, &c->wire, &c->wire_at, WRITE_TURN);
    if (ok && c->phase == PHASE_CLEAR && !c->blocked && c->out.len)
        ok = conn_write_some(c, &c->out, &c->out_at, WRITE_TURN);
    if (!ok) {
        /* Its last words ("421 ... closing") may lie in the socket still: they are read before the
         * end is told. */
        c->write_errno = errno;
        c->blocked = false;
        return take_input(c);
    }
    conn_tidy(&c->wire, &c->wire_at);
    if (c->phase == PHASE_CLEAR)
        conn_tidy(&c->out, &c->out_at);
    if (c->phase == PHASE_TLS && c->out.len)
        c->blocked = true;
    bool up = c->phase == PHASE_CLEAR || c->phase == PHASE_TLS;
    if (up && c->queued && !c->out.len && !c->wire.len) {
        c->queued = false;
        return conn_emit(c, (struct conn_event){.kind = CONN_DRAINED});
    }
    return true;
}

static void on_finish_limit(void *arg)
{
    struct conn *c = arg;
    c->limit = NULL;
    conn_end(c, CONN_EOF, FAULT_NONE, 0,
             "closed here: the other end did not close its side within 2 seconds");
}

/* Half-closes once everything is written. False: over. */
bool conn_finish_now(struct conn *c)
{
    if (!c->finishing || c->finished || c->fd < 0 || c->out.len || c->wire.len)
        return true;
    if (c->phase != PHASE_CLEAR && c->phase != PHASE_TLS)
        return true;
    c->finished = true;
    if (c->phase == PHASE_TLS) {
        tls_shutdown(c->tls, &c->wire);
        conn_write_some(c, &c->wire, &c->wire_at, WRITE_TURN);
        conn_tidy(&c->wire, &c->wire_at);
        c->blocked = false;
    }
    if (c->eof)
        return conn_end(c, CONN_EOF, FAULT_NONE, 0, "closed on both sides");
    shutdown(c->fd, SHUT_WR);
    c->limit = loop_timer(c->loop, FINISH_MS, on_finish_limit, c);
    return true;
}

/* -- reading ----------------------------------------------------------------------------------- */

bool conn_ended(struct conn *c, const char *text)
{
    c->eof = true;
    if (c->finishing)
        return conn_end(c, CONN_EOF, FAULT_NONE, 0, text);
    conn_watch(c);
    return conn_emit(c, (struct conn_event){.kind = CONN_EOF, .text = text});
}

static bool take_eof(struct conn *c)
{
    if (conn_in_handshake(c))
        return conn_end(c, CONN_TLS_FAILED, FAULT_TLS, 0,
                        "the other end closed the connection in the middle of the TLS handshake");
    if (c->phase == PHASE_TLS)
        return conn_ended(c, "the other end closed the connection without closing TLS first (no "
                             "close_notify): what came last may have been cut off");
    return conn_ended(c, "the other end closed the connection");
}

/* One read. False: the connection is gone. */
static bool take_input(struct conn *c)
{
    if (c->eof)
        return c->write_errno ? conn_fail_errno(c, c->write_errno) : true;
    if (!reads(c))
        return true;
    if (!c->chunk)
        c->chunk = xmalloc(READ_CHUNK);
    ssize_t n;
    do
        n = recv(c->fd, c->chunk, READ_CHUNK, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return c->write_errno ? conn_fail_errno(c, c->write_errno) : true;
    if (n < 0)
        return conn_fail_errno(c, errno);
    if (n == 0)
        return take_eof(c);
    if (c->tls)
        return conn_take_records(c, c->chunk, (size_t)n);
    struct conn_event ev = {.kind = CONN_DATA, .bytes = c->chunk, .n = (size_t)n};
    return conn_emit(c, ev);
}

static void on_io(void *arg, int fd, short revents)
{
    struct conn *c = arg;
    (void)fd;
    if (c->phase == PHASE_UPGRADING) { /* the rest of what was queued in clear */
        conn_upgrade(c);
        return;
    }
    if (c->blocked && (revents & (POLLOUT | POLLERR | POLLHUP)) && !conn_flush(c))
        return;
    if ((revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) && !take_input(c))
        return;
    if (conn_finish_now(c))
        conn_watch(c);
}
