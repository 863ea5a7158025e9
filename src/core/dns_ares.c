/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's resolver behind dns.h, by c-ares on our loop. The question is built here, so that
 * AD can be set in it (RFC 6840 5.7: "tell me whether you authenticated this"). c-ares asks the
 * next server on SERVFAIL or REFUSED and, when all have failed, no longer knows why: then the same
 * is asked once more and the first answer taken as it is; without EDNS where a server does not know
 * it (RFC 6891 7). What c-ares tells is only taken down inside its callbacks: it must not be
 * destroyed there. The channels live as long as there are questions. */
#define CARES_NO_DEPRECATED
#include "core/dns_priv.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "core/lazy/cares.gen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    SOCKETS = 16,
    TRIES = 4,
    QUESTION_MS = 5000,
    UDP_SIZE = 1232, /* RFC 9715: no fragments */
    AD_OCTET = 3,
    AD_BIT = 0x20
};

struct lane {
    struct asker *d;
    ares_channel channel;
    bool plain; /* a failing server's answer is an answer */
    struct watch *sockets[SOCKETS];
    int fds[SOCKETS];
    struct watch *tick;
};

struct dns_query {
    struct asker *d;
    struct dns_query *next;
    char *name;
    enum dns_type type;
    dns_fn *fn;
    void *arg;
    uint64_t since;
    struct watch *limit;
    bool asking; /* c-ares will call */
    bool done;   /* and has called, or never will */
    bool told;   /* fn was called, or must not be */
    bool again;  /* it was asked a second time */
    int status;
    unsigned char *msg;
    size_t n;
};

struct asker {
    struct loop *loop;
    char *servers;
    int timeout_ms;
    struct lane lanes[2]; /* with and without trying the next server */
    bool local;           /* every name server is on this machine */
    char names[160];      /* of the name servers, once one was asked */
    char open_why[160];   /* c-ares could not start */
    struct dns_query *queries;
    struct watch *deliver;
    bool dying;
    bool *dead;
};

static void on_deliver(void *arg);
static void on_tick(void *arg);

static void deliver_soon(struct asker *d)
{
    if (!d->deliver)
        d->deliver = loop_timer(d->loop, 0, on_deliver, d);
}

/* -- c-ares' sockets and clock ----------------------------------------------------------------- */

static void went_on(struct lane *l)
{
    struct timeval tv;
    loop_drop(l->tick);
    l->tick = NULL;
    if (l->channel && ares_timeout(l->channel, NULL, &tv))
        l->tick =
            loop_timer(l->d->loop, (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1, on_tick, l);
}

static void on_tick(void *arg)
{
    struct lane *l = arg;
    l->tick = NULL;
    ares_process_fd(l->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    went_on(l);
}

static void on_socket(void *arg, int fd, short revents)
{
    struct lane *l = arg;
    bool in = revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL),
         out = revents & (POLLOUT | POLLERR);
    ares_process_fd(l->channel, in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
    went_on(l);
}

static void socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct lane *l = arg;
    short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    size_t at = SOCKETS;
    for (size_t i = 0; i < SOCKETS; i++) {
        if (l->sockets[i] && l->fds[i] == fd) {
            at = i;
            break;
        }
        if (!l->sockets[i] && at == SOCKETS)
            at = i;
    }
    if (at == SOCKETS)
        return; /* c-ares' timeout takes care */
    if (l->sockets[at] && events) {
        loop_fd_events(l->sockets[at], events);
    } else if (l->sockets[at]) {
        loop_drop(l->sockets[at]);
        l->sockets[at] = NULL;
    } else if (events) {
        l->fds[at] = fd;
        l->sockets[at] = loop_fd(l->d->loop, fd, events, on_socket, l);
    }
}

static void lane_close(struct lane *l)
{
    if (l->channel)
        ares_destroy(l->channel);
    l->channel = NULL;
    for (size_t i = 0; i < SOCKETS; i++) {
        loop_drop(l->sockets[i]);
        l->sockets[i] = NULL;
    }
    loop_drop(l->tick);
    l->tick = NULL;
}

/* Only what never leaves this machine cannot be forged on the way. */
static bool all_local(ares_channel channel)
{
    struct ares_addr_port_node *list = NULL;
    bool local = true;
    if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
        return false;
    for (const struct ares_addr_port_node *s = list; s; s = s->next)
        local = local && (s->family == AF_INET
                              ? (ntohl(s->addr.addr4.s_addr) >> 24) == 127
                              : IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)&s->addr.addr6));
    local = local && list;
    ares_free_data(list);
    return local;
}

void dns_servers(void *channel, char *out, size_t size)
{
    struct ares_addr_port_node *list = NULL;
    size_t n = 0;
    *out = '\0';
    if (!channel || ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
        return;
    for (const struct ares_addr_port_node *s = list; s && n < size; s = s->next) {
        char ip[INET6_ADDRSTRLEN] = "?", port[12] = "";
        const bool six = s->family == AF_INET6;
        inet_ntop(s->family, six ? (const void *)&s->addr.addr6 : (const void *)&s->addr.addr4, ip,
                  sizeof ip);
        if (s->udp_port && s->udp_port != 53)
            snprintf(port, sizeof port, ":%d", s->udp_port);
        n += (size_t)snprintf(out + n, size - n, "%s%s%s%s%s", n ? ", " : "",
                              six && *port ? "[" : "", ip, six && *port ? "]" : "", port);
    }
    ares_free_data(list);
}

static bool lane_open(struct lane *l)
{
    struct asker *d = l->d;
    if (l->channel)
        return true;
    int each = d->timeout_ms / TRIES;
    struct ares_options o = {.timeout = each > 2500  ? 2500
                                        : each < 100 ? 100
                                                     : each,
                             .tries = TRIES,
                             .flags = l->plain ? ARES_FLAG_NOCHECKRESP : 0,
                             .sock_state_cb = socket_state,
                             .sock_state_cb_data = l};
    int rc = ares_init_options(&l->channel, &o,
                               ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                   ARES_OPT_FLAGS);
    if (rc != ARES_SUCCESS)
        l->channel = NULL;
    else if (d->servers)
        rc = ares_set_servers_ports_csv(l->channel, d->servers);
    if (rc != ARES_SUCCESS) {
        snprintf(d->open_why, sizeof d->open_why, "%s", ares_strerror(rc));
        lane_close(l);
        return false;
    }
    d->local = all_local(l->channel);
    dns_servers(l->channel, d->names, sizeof d->names);
    return true;
}

/* -- questions --------------------------------------------------------------------------------- */

static void on_reply(void *arg, int status, int timeouts, unsigned char *msg, int n)
{
    struct dns_query *q = arg;
    (void)timeouts;
    q->asking = false;
    q->done = true;
    q->status = status;
    free(q->msg);
    q->msg = NULL;
    q->n = 0;
    if (msg && n > 0) {
        q->msg = xmalloc((size_t)n);
        memcpy(q->msg, msg, (size_t)n);
        q->n = (size_t)n;
    }
    if (!q->d->dying)
        deliver_soon(q->d);
}

static void send_question(struct dns_query *q, bool plain, bool edns)
{
    struct lane *l = &q->d->lanes[plain];
    unsigned char *bytes = NULL;
    int n = 0;
    q->done = false;
    if (!lane_open(l)) {
        q->done = true;
        q->status = ARES_ENOTINITIALIZED;
        deliver_soon(q->d);
        return;
    }
    int rc = ares_create_query(q->name, 1, (int)q->type, 0, 1, &bytes, &n, edns ? UDP_SIZE : 0);
    if (rc != ARES_SUCCESS) {
        q->done = true;
        q->status = rc;
        deliver_soon(q->d);
        return;
    }
    /* Old versions' ares_send() takes our identity as it is: it must not be guessed. */
    if (getentropy(bytes, 2) != 0)
        bytes[0] = bytes[1] = 0;
    bytes[AD_OCTET] |= AD_BIT;
    q->asking = true;
    ares_send(l->channel, bytes, n, on_reply, q);
    ares_free_string(bytes);
    went_on(l);
}

static void forget(struct dns_query *q)
{
    for (struct dns_query **p = &q->d->queries; *p; p = &(*p)->next)
        if (*p == q) {
            *p = q->next;
            break;
        }
    loop_drop(q->limit);
    free(q->name);
    free(q->msg);
    free(q);
}

/* What failed may be learnt by asking once more. */
static bool try_again(struct dns_query *q)
{
    if (q->again || q->told)
        return false;
    bool unknown = !q->msg && q->status == ARES_ECONNREFUSED;
    bool no_edns = (q->msg && q->n > 3 && ((q->msg[3] & 15) == 1 || (q->msg[3] & 15) == 4)) ||
                   q->status == ARES_EFORMERR || q->status == ARES_ENOTIMP;
    if (!unknown && !no_edns)
        return false;
    q->again = true;
    send_question(q, true, !no_edns);
    return true;
}

static void no_message(const struct dns_query *q, struct dns_reading *out)
{
    struct dns_answer *a = &out->a;
    char detail[300] = "";
    *a = (struct dns_answer){.name = q->name, .type = q->type, .rcode = -1};
    switch (q->done ? q->status : ARES_ETIMEOUT) {
    case ARES_EBADNAME:
        a->status = DNS_BAD_NAME;
        break;
    case ARES_ESERVFAIL:
        a->status = DNS_SERVFAIL;
        break;
    case ARES_EREFUSED:
        a->status = DNS_REFUSED;
        break;
    case ARES_ETIMEOUT:
        a->status = DNS_TIMEOUT;
        if (q->d->names[0])
            snprintf(detail, sizeof detail, "%s was asked for %g s", q->d->names,
                     q->d->timeout_ms / 1000.0);
        break;
    case ARES_ECONNREFUSED:
        a->status = DNS_TIMEOUT;
        snprintf(detail, sizeof detail, "none can be reached (%s)", q->d->names);
        break;
    case ARES_EBADRESP:
        a->status = DNS_BROKEN;
        break;
    default:
        a->status = DNS_TIMEOUT;
        snprintf(detail, sizeof detail, "%s",
                 q->d->open_why[0] ? q->d->open_why : ares_strerror(q->status));
    }
    dns_say(out, detail);
}

/* Calls fn of a question that is over. False: we are gone. */
static bool tell(struct dns_query *q)
{
    struct asker *d = q->d;
    struct dns_reading out = {0};
    bool dead = false, *outer = d->dead;
    char *name = xstrdup(q->name);
    q->told = true;
    loop_drop(q->limit);
    q->limit = NULL;
    if (q->msg)
        dns_read(q->msg, q->n, name, q->type, &out);
    else
        no_message(q, &out);
    out.a.name = name;
    out.a.authenticated = out.a.ad && d->local;
    out.a.ms = (double)(now_us() - q->since) / 1000.0;
    d->dead = &dead; /* cppcheck-suppress autoVariables ; taken back below unless we are gone */
    q->fn(q->arg, &out.a);
    if (!dead)
        d->dead = outer;
    else if (outer)
        *outer = true;
    dns_rrs_clear(&out.rrs);
    free(name);
    return !dead;
}

static void on_deliver(void *arg)
{
    struct asker *d = arg;
    d->deliver = NULL;
    for (struct dns_query *q = d->queries; q;) {
        if (q->asking || !q->done || try_again(q)) {
            q = q->next;
            continue;
        }
        if (!q->told && !tell(q))
            return;
        forget(q);
        q = d->queries; /* fn may have asked or cancelled */
    }
    if (!d->queries) { /* the next question sees a changed resolv.conf */
        lane_close(&d->lanes[0]);
        lane_close(&d->lanes[1]);
    }
}

static void on_limit(void *arg)
{
    struct dns_query *q = arg;
    q->limit = NULL;
    if (q->asking) /* else it is about to be told */
        tell(q);   /* c-ares' own end comes later and frees it */
}

static struct dns_query *asker_ask(void *self, const char *name, enum dns_type type, dns_fn *fn,
                                   void *arg)
{
    struct asker *d = self;
    struct dns_query *q = xcalloc(1, sizeof *q);
    struct dns_query **last = &d->queries;
    *q = (struct dns_query){.d = d, .name = xstrdup(name), .type = type, .fn = fn, .arg = arg};
    while (*last)
        last = &(*last)->next;
    *last = q;
    q->since = now_us();
    q->limit = loop_timer(d->loop, d->timeout_ms, on_limit, q);
    if (!*name || strlen(name) > 254) {
        q->done = true;
        q->status = ARES_EBADNAME;
        deliver_soon(d);
    } else {
        send_question(q, false, true);
    }
    return q;
}

static void asker_cancel(void *self, struct dns_query *q)
{
    struct asker *d = self;
    q->told = true;
    loop_drop(q->limit);
    q->limit = NULL;
    bool wanted = false;
    for (const struct dns_query *each = d->queries; each; each = each->next)
        wanted = wanted || !each->told;
    if (q->done && !q->asking)
        deliver_soon(d);
    else if (!wanted) /* nobody waits: let c-ares give the rest back at once */
        for (size_t i = 0; i < 2; i++)
            if (d->lanes[i].channel)
                ares_cancel(d->lanes[i].channel);
}

static bool asker_believed(const void *self)
{
    const struct asker *d = self;
    return d->local;
}

static void asker_free(void *self)
{
    struct asker *d = self;
    if (d->dead)
        *d->dead = true;
    d->dying = true;
    lane_close(&d->lanes[0]);
    lane_close(&d->lanes[1]);
    while (d->queries)
        forget(d->queries);
    loop_drop(d->deliver);
    free(d->servers);
    free(d);
}

bool dns_open(struct dns *out, struct loop *l, const struct dns_options *o, char *why, size_t size)
{
    struct asker *d = xcalloc(1, sizeof *d);
    d->loop = l;
    d->servers = o && o->servers ? xstrdup(o->servers) : NULL;
    d->timeout_ms = o && o->timeout_ms > 0 ? o->timeout_ms : QUESTION_MS;
    d->lanes[0] = (struct lane){.d = d};
    d->lanes[1] = (struct lane){.d = d, .plain = true};
    if (d->servers) { /* a wrong address is said now, not at the first question */
        bool ok = lane_open(&d->lanes[0]);
        lane_close(&d->lanes[0]);
        if (!ok) {
            snprintf(why, size,
                     "'%.80s' is no name server: write an address and a port, like 127.0.0.1:53",
                     d->servers);
            asker_free(d);
            return false;
        }
    }
    *out = (struct dns){.self = d,
                        .ask = asker_ask,
                        .cancel = asker_cancel,
                        .believed = asker_believed,
                        .free = asker_free};
    return true;
}
