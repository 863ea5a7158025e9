/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection's way where it is not the straight one: where happy goes instead of to the target,
 * the proxy in between, and the PROXY header before the first octet. */
#include "core/conn_priv.h"
#include "core/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE is set there instead */
#endif

enum { PROXY_MS = 30000 };

void conn_route_begin(struct conn *c)
{
    const struct route *r = c->o.route;
    const struct target *to = &c->target;
    if (r) {
        route_copy(&c->route, r);
        c->o.route = &c->route;
        if (r->proxy)
            to = &c->route.proxy_at;
        else if (r->elsewhere)
            to = &c->route.connect;
    }
    target_copy(&c->where, to);
    if (!c->where.port && !c->where.path) {
        char label[300];
        c->where.port = c->target.port;
        snprintf(label, sizeof label, strchr(to->host, ':') ? "[%s]:%u" : "%s:%u", to->host,
                 c->where.port);
        free(c->where.label);
        c->where.label = xstrdup(label);
    }
}

void conn_route_clear(struct conn *c)
{
    route_clear(&c->route);
    target_clear(&c->where);
}

/* What a proxy is asked for. */
static const struct target *goal(const struct conn *c)
{
    return c->route.elsewhere ? &c->route.connect : &c->target;
}

static unsigned short goal_port(const struct conn *c)
{
    return goal(c)->port ? goal(c)->port : c->target.port;
}

static void on_proxy(void *arg, bool ok, const char *why)
{
    struct conn *c = arg;
    char text[800];
    struct conn_event ev = {.kind = CONN_CONNECTED, .text = text};
    snprintf(text, sizeof text, "%s", why);
    proxy_cancel(c->proxying);
    c->proxying = NULL;
    if (!ok) {
        conn_end(c, CONN_FAILED, FAULT_NETWORK, 0, text);
        return;
    }
    ev.ms = (double)(now_us() - c->since) / 1000.0;
    snprintf(text, sizeof text, "%s:%u through the proxy %s", goal(c)->host, goal_port(c),
             c->route.proxy_at.label);
    conn_connected(c, &ev);
}

bool conn_proxy(struct conn *c)
{
    if (!c->route.proxy)
        return false;
    int ms = c->o.connect_timeout_ms > 0 ? c->o.connect_timeout_ms : PROXY_MS;
    c->phase = PHASE_PROXY;
    c->since = now_us();
    c->proxying =
        proxy_start(c->loop, c->fd, &c->route, goal(c)->ascii, goal_port(c), ms, on_proxy, c);
    return true;
}

bool conn_route_header(struct conn *c)
{
    unsigned char header[240];
    if (!c->route.header)
        return true;
    size_t n = route_header(&c->route, c->fd, header, sizeof header);
    /* The socket is new: so few octets always fit. */
    if (n && send(c->fd, header, n, MSG_NOSIGNAL) == (ssize_t)n)
        return true;
    return conn_end(c, CONN_FAILED, FAULT_NETWORK, errno, "the PROXY header could not be sent");
}
