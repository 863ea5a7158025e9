/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection: what happy.c connected, or a stream that was there; TLS over it; one write a
 * flight; the end in words. What the bytes mean is the session's business.
 *
 * Sending is only queueing: a timer of 0 ms writes all that a turn of the loop has queued, in one
 * call. Everything that is told is told from the loop, never out of a call of the user's, and each
 * telling may free us: see conn_emit(). RFC 3207 4.2 and RFC 2595 4 (what came before TLS is
 * dropped), RFC 8446 6.1 (closing). */
#include "core/conn_priv.h"
#include "core/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_kick(void *arg);

bool conn_alive(const struct conn *c)
{
    return c->phase != PHASE_OVER && c->phase != PHASE_ABORTED;
}

/* -- telling ----------------------------------------------------------------------------------- */

bool conn_emit(struct conn *c, struct conn_event ev)
{
    bool dead = false, *outer = c->dead;
    c->dead = &dead; /* cppcheck-suppress autoVariables ; taken back below unless we are gone */
    if (!ev.text)
        ev.text = "";
    c->fn(c->arg, &ev);
    if (dead) {
        if (outer)
            *outer = true;
        return false;
    }
    c->dead = outer;
    return conn_alive(c);
}

/* What the callback may be reading just now (chunk, plain, injected) stays until conn_free(). */
static void close_all(struct conn *c)
{
    happy_cancel(c->happy);
    c->happy = NULL;
    proxy_cancel(c->proxying);
    c->proxying = NULL;
    loop_drop(c->io);
    loop_drop(c->limit);
    c->io = c->limit = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    tls_free(c->tls);
    c->tls = NULL;
    buf_clear(&c->out);
    buf_clear(&c->wire);
    c->out_at = c->wire_at = 0;
}

bool conn_end(struct conn *c, enum conn_event_kind kind, enum fault fault, int e, const char *text)
{
    char copy[500];
    snprintf(copy, sizeof copy, "%s", text); /* it may lie in what is closed here */
    close_all(c);
    c->phase = PHASE_OVER;
    return conn_emit(
        c, (struct conn_event){
               .kind = kind, .fault = fault, .lookup = c->lookup, .sys_errno = e, .text = copy});
}

bool conn_in_handshake(const struct conn *c)
{
    return c->phase == PHASE_HANDSHAKE || c->phase == PHASE_UPGRADING || c->phase == PHASE_ASKING;
}

bool conn_fail_errno(struct conn *c, int e)
{
    char text[300];
    if (conn_in_handshake(c)) {
        snprintf(text, sizeof text, "the TLS handshake was cut off: %s", socket_words(e));
        return conn_end(c, CONN_TLS_FAILED, FAULT_TLS, e, text);
    }
    return conn_end(c, CONN_FAILED, FAULT_NETWORK, e, socket_words(e));
}

void conn_kick(struct conn *c)
{
    if (!c->kick)
        c->kick = loop_timer(c->loop, 0, on_kick, c);
}

/* -- from the loop ----------------------------------------------------------------------------- */

void conn_connected(struct conn *c, const struct conn_event *ev)
{
    struct conn_event told = *ev;
    char header[130];
    if (!conn_route_header(c))
        return;
    route_header_words(&c->route, c->fd, header, sizeof header);
    if (header[0])
        told.header = header;
    c->phase = PHASE_CLEAR;
    if (c->target.tls)
        c->phase = PHASE_UPGRADING; /* nothing is read before the handshake */
    if (!conn_emit(c, told))
        return;
    if (c->phase == PHASE_UPGRADING) {
        conn_begin_tls(c);
        return;
    }
    if (conn_flush(c) && conn_finish_now(c))
        conn_watch(c);
}

static void on_happy(void *arg, const struct conn_event *ev, int fd)
{
    struct conn *c = arg;
    if (ev->kind == CONN_CONNECTED) {
        char text[200];
        struct conn_event copy = *ev;
        snprintf(text, sizeof text, "%s", ev->text);
        copy.text = text;
        c->fd = fd;
        happy_cancel(c->happy);
        c->happy = NULL;
        if (!conn_proxy(c))
            conn_connected(c, &copy);
    } else if (ev->kind == CONN_FAILED) {
        char text[800];
        snprintf(text, sizeof text, "%s%s", c->route.proxy ? "the proxy cannot be reached: " : "",
                 ev->text);
        c->lookup = c->route.proxy ? LOOKUP_FINE : ev->lookup;
        conn_end(c, CONN_FAILED, ev->fault, ev->sys_errno, text);
    } else {
        conn_emit(c, *ev);
    }
}

static void on_kick(void *arg)
{
    struct conn *c = arg;
    c->kick = NULL;
    switch (c->phase) {
    case PHASE_ADOPTED:
        conn_connected(c, &(struct conn_event){.kind = CONN_CONNECTED, .text = c->target.label});
        return;
    case PHASE_UPGRADING:
        conn_upgrade(c);
        return;
    case PHASE_HANDSHAKE:
        return;
    case PHASE_ASKING:
        /* With the Finished more may have come, even the end. */
        if (c->accepted && conn_tls_up(c) && conn_take_records(c, "", 0) && conn_finish_now(c))
            conn_watch(c);
        return;
    case PHASE_ABORTED: {
        char text[320];
        snprintf(text, sizeof text, "given up while %s", c->doing);
        conn_end(c, CONN_ABORTED, FAULT_NETWORK, 0, text);
        return;
    }
    case PHASE_CLEAR:
    case PHASE_TLS:
        if (conn_deliver(c) && conn_flush(c) && conn_finish_now(c))
            conn_watch(c);
        return;
    case PHASE_RACE:
    case PHASE_PROXY:
    case PHASE_OVER:
        return;
    }
}

/* -- the interface ----------------------------------------------------------------------------- */

static struct conn *conn_new(struct loop *l, const struct target *t, const struct conn_options *o,
                             conn_fn *fn, void *arg)
{
    struct conn *c = xcalloc(1, sizeof *c);
    c->loop = l;
    c->fn = fn;
    c->arg = arg;
    c->fd = -1;
    target_copy(&c->target, t);
    if (o)
        c->o = *o;
    struct tls_ask *ask = &c->o.trust.ask;
    const char **const strings[KEPT] = {&c->o.trust.ca_file, &c->o.name_servers, &ask->ciphers,
                                        &ask->sni,           &ask->verify_name,  &ask->cert_file,
                                        &ask->key_file};
    for (size_t i = 0; i < KEPT; i++)
        if (*strings[i])
            *strings[i] = c->kept[i] = xstrdup(*strings[i]);
    /* What is sent may be a password. */
    buf_init_secret(&c->out, QUEUE_MAX);
    buf_init(&c->wire, WIRE_MAX);
    buf_init(&c->plain, PLAIN_MAX);
    buf_init(&c->injected, INJECTED_MAX);
    return c;
}

struct conn *conn_open(struct loop *l, const struct target *t, const struct conn_options *o,
                       conn_fn *fn, void *arg)
{
    struct conn *c = conn_new(l, t, o, fn, arg);
    c->phase = PHASE_RACE;
    conn_route_begin(c);
    c->happy = happy_start(l, &c->where, &c->o, on_happy, c);
    return c;
}

struct conn *conn_adopt(struct loop *l, int fd, const struct target *t,
                        const struct conn_options *o, conn_fn *fn, void *arg)
{
    struct conn *c = conn_new(l, t, o, fn, arg);
    c->fd = fd;
    socket_prepare(fd);
    c->phase = PHASE_ADOPTED;
    conn_kick(c);
    return c;
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    if (c->dead)
        *c->dead = true;
    close_all(c);
    loop_drop(c->kick);
    buf_clear(&c->plain);
    buf_clear(&c->injected);
    target_clear(&c->target);
    conn_route_clear(c);
    for (size_t i = 0; i < KEPT; i++)
        free(c->kept[i]);
    free(c->chunk);
    free(c);
}

bool conn_send(struct conn *c, const void *bytes, size_t n)
{
    if (!conn_alive(c) || c->finishing)
        return false;
    if (n > QUEUE_MAX - (c->out.len - c->out_at))
        return false;
    if (c->out_at && n > c->out.max - c->out.len) {
        buf_consume(&c->out, c->out_at);
        c->out_at = 0;
    }
    if (!buf_add(&c->out, bytes, n))
        return false;
    c->queued = true;
    if ((c->phase == PHASE_CLEAR || c->phase == PHASE_TLS) && !c->blocked)
        conn_kick(c);
    return true;
}

size_t conn_pending(const struct conn *c)
{
    return c->out.len - c->out_at + (c->wire.len - c->wire_at);
}

void conn_read_pause(struct conn *c, bool pause)
{
    c->paused = pause;
    if (!pause && c->plain.len)
        conn_kick(c);
    conn_watch(c);
}

void conn_start_tls(struct conn *c, const char *rest, size_t n)
{
    if (c->phase != PHASE_CLEAR || c->fd < 0)
        return;
    c->phase = PHASE_UPGRADING;
    if (n)
        buf_add(&c->injected, rest, n < INJECTED_MAX ? n : INJECTED_MAX);
    conn_watch(c);
    conn_kick(c);
}

void conn_tls_accept(struct conn *c)
{
    if (c->phase != PHASE_ASKING)
        return;
    c->accepted = true;
    conn_kick(c);
}

void conn_abort(struct conn *c)
{
    if (!conn_alive(c))
        return;
    switch (c->phase) {
    case PHASE_RACE:
        happy_doing(c->happy, c->doing, sizeof c->doing);
        break;
    case PHASE_PROXY:
        snprintf(c->doing, sizeof c->doing, "waiting for the proxy %s", c->where.label);
        break;
    case PHASE_UPGRADING:
    case PHASE_HANDSHAKE:
        snprintf(c->doing, sizeof c->doing, "the TLS handshake with %s was going on",
                 c->target.label);
        break;
    case PHASE_ASKING:
        snprintf(c->doing, sizeof c->doing, "the certificate of %s was not accepted",
                 c->target.label);
        break;
    default:
        snprintf(c->doing, sizeof c->doing, "connected to %s", c->target.label);
    }
    close_all(c);
    c->phase = PHASE_ABORTED;
    conn_kick(c);
}

void conn_finish(struct conn *c)
{
    if (!conn_alive(c) || c->finishing)
        return;
    c->finishing = true;
    conn_kick(c);
}

bool conn_is_tls(const struct conn *c)
{
    return c->phase == PHASE_TLS;
}

bool conn_is_open(const struct conn *c)
{
    return conn_alive(c);
}
