/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the practice world: reads, decrypts, hands to the service, gathers replies into one
 * write, closes without losing the last reply. Leaves every word that is said to smtpd and pop3d.
 * RFC 3207, RFC 2595. */
#include "practice/peer.h"

#include "practice/classroom.h"
#include "practice/world.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 16      /* calls of a service in one turn of the loop */
#define LINGER_MS 2000 /* how long a closing connection waits for the client's end */

static void on_event(void *arg, int fd, short revents);

static void set_events(struct peer *p)
{
    short events = 0;
    if (p->half_closed || (!p->ending && !p->eof && p->in.len < PEER_IN_MAX / 2 && peer_room(p)))
        events |= POLLIN;
    if ((p->wire.len && !p->pace) || p->again)
        events |= POLLOUT;
    loop_fd_events(p->watch, events);
}

static void on_idle(void *arg)
{
    struct peer *p = arg;
    p->timer = NULL;
    if (p->half_closed || p->ending || p->wire.len || (p->tls && !p->secure)) {
        peer_free(
            p); /* does not take our words, or does not finish what it began: nothing more to say */
        return;
    }
    p->service->idle(p);
    peer_end(p);
    on_event(p, p->fd, 0);
}

static void arm(struct peer *p, int64_t ms)
{
    loop_drop(p->timer);
    p->timer = loop_timer(world_loop(p->world), ms, on_idle, p);
}

bool peer_room(const struct peer *p)
{
    return p->wire.len + p->plain.len < PEER_OUT_HIGH;
}

size_t peer_space(const struct peer *p)
{
    size_t used = p->wire.len + p->plain.len;
    return used < PEER_OUT_HIGH ? PEER_OUT_HIGH - used : 0;
}

bool peer_send(struct peer *p, const void *bytes, size_t n)
{
    if (p->dead || p->ending)
        return false;
    if (p->ear && !p->refusing)
        ear_said(p->ear, bytes, n);
    if (buf_add(p->secure ? &p->plain : &p->wire, bytes, n))
        return true;
    p->dead = true;
    return false;
}

bool peer_sendf(struct peer *p, const char *fmt, ...)
{
    struct buf b;
    va_list ap;
    buf_init(&b, PEER_OUT_MAX);
    va_start(ap, fmt);
    bool ok = buf_vaddf(&b, fmt, ap);
    va_end(ap);
    ok = ok && peer_send(p, b.p, b.len);
    buf_clear(&b);
    return ok;
}

static void encrypt(struct peer *p)
{
    if (!p->plain.len)
        return;
    if (!tls_output(p->tls, p->plain.p, p->plain.len, &p->wire))
        p->dead = true;
    buf_trim(&p->plain, 0);
}

static void on_pace(void *arg)
{
    struct peer *p = arg;
    p->pace = NULL;
    p->due = true;
    on_event(p, p->fd, POLLOUT);
}

/* By fault replies are late, or come octet by octet. True: not now. */
static bool held_back(struct peer *p, size_t *n)
{
    unsigned ms;
    bool octets = world_trouble(p->world, TROUBLE_OCTETS, &ms);
    if (p->hurry || (!octets && !world_trouble(p->world, TROUBLE_SLOW, &ms)))
        return false;
    if (p->due) {
        p->due = false;
        *n = octets ? 1 : *n;
        return false;
    }
    if (!p->pace)
        p->pace = loop_timer(world_loop(p->world), ms, on_pace, p);
    return true;
}

/* One flight: everything that waits, in as few writes as the socket takes. */
static void flush(struct peer *p)
{
    if (p->secure)
        encrypt(p);
    while (p->wire.len && !p->dead) {
        size_t most = p->wire.len;
        if (held_back(p, &most))
            return;
        ssize_t n = send(p->fd, p->wire.p, most, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            buf_consume(&p->wire, (size_t)n);
            if (!p->half_closed)
                arm(p, p->idle_ms);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
                p->dead = true;
            return;
        }
    }
}

void peer_end(struct peer *p)
{
    if (p->ending)
        return;
    if (p->secure) {
        encrypt(p);
        tls_shutdown(p->tls, &p->wire);
    }
    p->ending = true;
}

/* The whole of what a client's descriptor can do, one event: at the end the peer may be freed. */
static void settle(struct peer *p)
{
    flush(p);
    if (p->ending && !p->wire.len && !p->half_closed && !p->dead) {
        /* A close with unread input would make TCP reset and may destroy the last reply on its way.
         */
        shutdown(p->fd, SHUT_WR);
        p->half_closed = true;
        if (p->eof)
            p->dead = true;
        else
            arm(p, LINGER_MS);
    }
    if (p->dead)
        peer_free(p);
    else
        set_events(p);
}

/* Lets the service take input as long as it finds some and replies have room. */
static void serve(struct peer *p)
{
    bool done = false;
    p->again = false;
    for (int rounds = 0; !p->dead && !p->ending && !(p->tls && !p->secure) && peer_room(p);
         rounds++) {
        if (rounds == ROUNDS) { /* the others' turn; POLLOUT brings us back */
            p->again = true;
            break;
        }
        size_t before = p->in.len;
        size_t said = p->wire.len + p->plain.len;
        p->service->input(p);
        done = p->in.len == before && p->wire.len + p->plain.len == said;
        if (done)
            break;
        if (!peer_room(p))
            flush(p); /* a long answer goes on as the client takes it */
    }
    if (p->eof && done && !p->dead)
        peer_end(p); /* everything that was said was heard; the client has left */
}

static void take(struct peer *p, const char *bytes, size_t n)
{
    static const unsigned char alert[] = {21, 3, 3, 0, 2, 2, 40}; /* fatal, handshake_failure */
    if (p->refusing) {
        peer_send(p, alert, sizeof alert);
        peer_end(p);
        return;
    }
    if (!p->tls) {
        if (!buf_add(&p->in, bytes, n))
            p->dead = true;
        return;
    }
    enum tls_state s = tls_input(p->tls, bytes, n, &p->in, &p->wire);
    if (s == TLS_UP && !p->secure) {
        p->secure = true;
        if (p->implicit)
            p->service->greet(p);
        else
            p->service->secured(p);
    }
    if (s == TLS_CLOSED)
        p->eof = true;
    if (s == TLS_BROKEN) {
        /* An alert may lie in wire; nothing can be said in words any more. */
        buf_trim(&p->plain, 0);
        buf_trim(&p->in, 0);
        p->ending = true;
        p->eof = true;
    }
}

static void read_some(struct peer *p)
{
    char chunk[16384];
    /* At most two reads a turn: a flood from one client delays no other. */
    for (int i = 0; i < 2 && p->in.len < PEER_IN_MAX / 2; i++) {
        ssize_t n = recv(p->fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n > 0) {
            if (p->half_closed)
                continue;
            arm(p, p->idle_ms);
            take(p, chunk, (size_t)n);
            serve(p);
            if (p->dead || p->ending || (size_t)n < sizeof chunk)
                return;
        } else if (n == 0) {
            p->eof = true;
            if (p->half_closed || (p->tls && !p->secure))
                p->dead = true;
            return;
        } else if (errno == EINTR) {
            i--;
        } else {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                p->dead = true;
            return;
        }
    }
}

static void on_event(void *arg, int fd, short revents)
{
    struct peer *p = arg;
    (void)fd;
    if (revents & POLLOUT)
        flush(p);
    if (revents & (POLLIN | POLLHUP | POLLERR))
        read_some(p);
    if ((revents & (POLLHUP | POLLERR)) && p->eof && p->wire.len)
        p->dead = true; /* nobody is there to take the rest */
    if (!p->dead && !p->half_closed)
        serve(p);
    settle(p);
}

void peer_new(struct world *w, const struct service *s, int fd, const char *address,
              bool implicit_tls, bool admit)
{
    struct peer *p = xcalloc(1, sizeof *p);
    int on = 1;
    p->world = w;
    p->service = s;
    p->fd = fd;
    p->implicit = implicit_tls;
    p->counted = admit;
    p->idle_ms = world_idle(w, s->idle_ms);
    snprintf(p->address, sizeof p->address, "%s", address && *address ? address : "unknown");
    buf_init_secret(&p->in, 2 * PEER_IN_MAX); /* passwords pass through it */
    buf_init(&p->plain, PEER_OUT_MAX);
    buf_init(&p->wire, 2 * PEER_OUT_MAX);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails, rightly, on a socketpair */
    p->watch = loop_fd(world_loop(w), fd, POLLIN, on_event, p);
    world_join(w, p);
    if (admit)
        classroom_came(p);
    arm(p, p->idle_ms);
    if (implicit_tls) {
        char why[256];
        if (!peer_starttls_ready(p, why, sizeof why))
            p->dead = true;
        else if (!admit)
            p->dead = true; /* no words are possible before the handshake */
    } else if (admit) {
        s->greet(p);
    } else {
        s->full(p);
        peer_end(p);
    }
    settle(p);
}

void peer_free(struct peer *p)
{
    p->service->gone(p); /* looks into its world once more */
    classroom_left(p);
    world_leave(p->world, p);
    loop_drop(p->watch);
    loop_drop(p->timer);
    loop_drop(p->pace);
    close(p->fd);
    tls_free(p->tls);
    buf_clear(&p->in);
    buf_clear(&p->plain);
    buf_clear(&p->wire);
    free(p);
}

bool peer_starttls_ready(struct peer *p, char *why, size_t size)
{
    const struct tls_identity *id = world_shown_identity(p->world);
    if (!id) {
        snprintf(why, size, "no certificate could be made");
        return false;
    }
    p->tls = tls_new_server(id, why, size);
    return p->tls != NULL;
}

void peer_starttls(struct peer *p)
{
    /* The positive reply went into wire in the clear (secure is false); what the client sent ahead
     * of the handshake could have been slipped in by somebody else. */
    buf_trim(&p->in, 0);
    flush(p);
}

void peer_refuse_tls(struct peer *p)
{
    buf_trim(&p->in, 0);
    p->refusing = true;
}

void peer_hangup(struct peer *p)
{
    p->dead = true;
}

void peer_stop(struct peer *p)
{
    char rest[4096];
    p->hurry = true;
    if (!p->ending && !(p->tls && !p->secure))
        p->service->stop(p);
    peer_end(p);
    flush(p);
    shutdown(p->fd, SHUT_WR);
    /* As in settle(): unread input would turn our close into a reset. A flood is not waited for. */
    for (int i = 0; i < 64 && recv(p->fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
        continue;
    peer_free(p);
}

enum peer_line peer_line(const struct peer *p, size_t *n, size_t *used)
{
    const char *lf = p->in.len ? memchr(p->in.p, '\n', p->in.len) : NULL;
    if (!lf) {
        *n = *used = p->in.len;
        return p->in.len > PEER_LINE_MAX ? LINE_LONG : LINE_NONE;
    }
    *used = (size_t)(lf - p->in.p) + 1;
    if (*used >= 2 && lf[-1] == '\r') {
        *n = *used - 2;
        return LINE_OK;
    }
    *n = *used - 1;
    return LINE_BARE_LF;
}
