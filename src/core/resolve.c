/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking names up with c-ares on our loop. The channel lives as long as one look-up: nothing is
 * paid at start, a changed resolv.conf is seen, and cancelling is closing it. /etc/hosts and
 * localhost are c-ares' business. c-ares must not be destroyed inside its own callbacks, so these
 * only take the answer down; it is told when the call into c-ares has returned. RFC 8305 3 (both
 * families at once). */
#define CARES_NO_DEPRECATED
#include "core/resolve.h"
#include "core/dns_priv.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "core/lazy/cares.gen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SOCKETS = 16, TRY_MS = 1250, TRIES = 4 };

struct question {
    struct resolve *r;
    int family;
    bool done, told;
    int status;
    struct address at[RESOLVE_MOST];
    size_t n;
};

struct resolve {
    struct loop *loop;
    ares_channel channel;
    unsigned short port;
    int timeout_ms;
    struct question q[2];
    struct watch *sockets[SOCKETS];
    int fds[SOCKETS];
    struct watch *tick;    /* c-ares' own retries */
    struct watch *limit;   /* the whole */
    struct watch *deliver; /* answers that were there at once */
    bool late;
    resolve_fn *fn;
    void *arg;
    char names[160]; /* of the name servers */
    bool *dead;
};

static const char *words(int status, int family)
{
    const bool six = family == AF_INET6;
    switch (status) {
    case ARES_ENOTFOUND:
        return "no such name (NXDOMAIN)";
    case ARES_ENODATA:
        return six ? "the name has no IPv6 address" : "the name has no IPv4 address";
    case ARES_ESERVFAIL:
        return "the name server failed (SERVFAIL)";
    case ARES_EREFUSED:
        return "the name server refuses to answer (REFUSED)";
    case ARES_ETIMEOUT:
        return "no answer from the name server";
    case ARES_ECONNREFUSED:
        /* c-ares asks the next server on SERVFAIL and REFUSED, and when all have failed says no
         * more than this. */
        return "every name server failed (SERVFAIL or REFUSED) or cannot be reached";
    case ARES_EFORMERR:
    case ARES_EBADRESP:
        return "the name server's answer makes no sense";
    case ARES_ENOTIMP:
        return "the name server does not know such questions (NOTIMP)";
    case ARES_EBADNAME:
        return "this cannot be a host name";
    default:
        return ares_strerror(status);
    }
}

/* Tells what is known and not told yet. r may be gone afterwards. */
static void tell(struct resolve *r)
{
    bool dead = false;
    r->dead = &dead; /* cppcheck-suppress autoVariables ; taken back below unless we are gone */
    for (size_t i = 0; i < 2; i++) {
        struct question *q = &r->q[i];
        if (q->told || !(q->done || r->late))
            continue;
        q->told = true;
        int status = q->done ? q->status : ARES_ETIMEOUT;
        if (status == ARES_SUCCESS && !q->n)
            status = ARES_ENODATA;
        char why[300];
        snprintf(why, sizeof why, "%s", words(status, q->family));
        if (status == ARES_ETIMEOUT && r->names[0])
            snprintf(why, sizeof why, "no answer from the name server (%s)", r->names);
        struct resolve_answer a = {
            .family = q->family,
            .at = q->at,
            .n = q->n,
            .absent = status == ARES_ENOTFOUND || status == ARES_ENODATA,
            .more = i == 0 && !r->q[1].told && (r->q[1].done || r->late),
            .why = q->n ? "" : why,
        };
        r->fn(r->arg, &a);
        if (dead)
            return;
    }
    r->dead = NULL;
}

static void on_tick(void *arg);

/* After each call into c-ares. */
static void went_on(struct resolve *r)
{
    struct timeval tv;
    loop_drop(r->tick);
    r->tick = NULL;
    if (r->channel && ares_timeout(r->channel, NULL, &tv))
        r->tick =
            loop_timer(r->loop, (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1, on_tick, r);
    tell(r);
}

static void on_tick(void *arg)
{
    struct resolve *r = arg;
    r->tick = NULL;
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    went_on(r);
}

static void on_socket(void *arg, int fd, short revents)
{
    struct resolve *r = arg;
    bool in = revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL),
         out = revents & (POLLOUT | POLLERR);
    ares_process_fd(r->channel, in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
    went_on(r);
}

static void socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolve *r = arg;
    short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    size_t at = SOCKETS;
    for (size_t i = 0; i < SOCKETS; i++) {
        if (r->sockets[i] && r->fds[i] == fd) {
            at = i;
            break;
        }
        if (!r->sockets[i] && at == SOCKETS)
            at = i;
    }
    if (at == SOCKETS)
        return; /* more sockets than any resolv.conf has servers: c-ares' timeout takes care */
    if (r->sockets[at] && events) {
        loop_fd_events(r->sockets[at], events);
    } else if (r->sockets[at]) {
        loop_drop(r->sockets[at]);
        r->sockets[at] = NULL;
    } else if (events) {
        r->fds[at] = fd;
        r->sockets[at] = loop_fd(r->loop, fd, events, on_socket, r);
    }
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct question *q = arg;
    (void)timeouts;
    q->done = true;
    q->status = status;
    if (status == ARES_SUCCESS && info)
        for (struct ares_addrinfo_node *n = info->nodes; n && q->n < RESOLVE_MOST; n = n->ai_next) {
            if (n->ai_family != q->family || n->ai_addrlen > sizeof(struct sockaddr_storage))
                continue;
            struct address *a = &q->at[q->n++];
            memcpy(&a->sa, n->ai_addr, (size_t)n->ai_addrlen);
            a->len = (socklen_t)n->ai_addrlen;
            if (q->family == AF_INET)
                ((struct sockaddr_in *)&a->sa)->sin_port = htons(q->r->port);
            else
                ((struct sockaddr_in6 *)&a->sa)->sin6_port = htons(q->r->port);
        }
    if (info)
        ares_freeaddrinfo(info);
}

/* RFC 6761 6.3: localhost is this machine, whatever anybody says; nobody is asked. */
static bool is_localhost(const char *name)
{
    static const char local[] = "localhost";
    size_t n = strlen(name), k = sizeof local - 1;
    return n >= k && strcasecmp(name + n - k, local) == 0 && (n == k || name[n - k - 1] == '.');
}

static void answer_localhost(struct resolve *r)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&r->q[0].at[0].sa;
    struct sockaddr_in *four = (struct sockaddr_in *)&r->q[1].at[0].sa;
    six->sin6_family = AF_INET6;
    six->sin6_addr = in6addr_loopback;
    six->sin6_port = htons(r->port);
    four->sin_family = AF_INET;
    four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    four->sin_port = htons(r->port);
    r->q[0].at[0].len = sizeof *six;
    r->q[1].at[0].len = sizeof *four;
    r->q[0].n = r->q[1].n = 1;
    r->q[0].done = r->q[1].done = true;
}

static void on_limit(void *arg)
{
    struct resolve *r = arg;
    r->limit = NULL;
    r->late = true;
    tell(r);
}

static void on_deliver(void *arg)
{
    struct resolve *r = arg;
    r->deliver = NULL;
    went_on(r);
}

static bool ask(struct resolve *r, const char *name, const char *servers, char *why, size_t size)
{
    struct ares_options o = {
        .timeout = TRY_MS, .tries = TRIES, .sock_state_cb = socket_state, .sock_state_cb_data = r};
    int rc = ares_init_options(&r->channel, &o,
                               ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (rc == ARES_SUCCESS && servers)
        rc = ares_set_servers_ports_csv(r->channel, servers);
    if (rc != ARES_SUCCESS) {
        snprintf(why, size, "names cannot be looked up: %s", ares_strerror(rc));
        if (r->channel)
            ares_destroy(r->channel);
        return false;
    }
    dns_servers(r->channel, r->names, sizeof r->names);
    for (size_t i = 0; i < 2; i++) {
        struct ares_addrinfo_hints hints = {
            .ai_family = r->q[i].family, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};
        ares_getaddrinfo(r->channel, name, NULL, &hints, on_answer, &r->q[i]);
    }
    return true;
}

struct resolve *resolve_start(struct loop *l, const char *name, unsigned short port, int timeout_ms,
                              const char *servers, resolve_fn *fn, void *arg, char *why,
                              size_t size)
{
    struct resolve *r = xcalloc(1, sizeof *r);
    r->loop = l;
    r->port = port;
    r->fn = fn;
    r->arg = arg;
    r->q[0] = (struct question){.r = r, .family = AF_INET6};
    r->q[1] = (struct question){.r = r, .family = AF_INET};
    if (is_localhost(name)) {
        answer_localhost(r);
    } else if (!ask(r, name, servers, why, size)) {
        free(r);
        return NULL;
    }
    r->limit = loop_timer(l, timeout_ms, on_limit, r);
    r->deliver = loop_timer(l, 0, on_deliver, r);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    if (!r)
        return;
    if (r->dead)
        *r->dead = true;
    if (r->channel)
        ares_destroy(r->channel);
    for (size_t i = 0; i < SOCKETS; i++)
        loop_drop(r->sockets[i]);
    loop_drop(r->tick);
    loop_drop(r->limit);
    loop_drop(r->deliver);
    free(r);
}
