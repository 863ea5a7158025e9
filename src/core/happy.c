/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The race of the addresses, as RFC 8305 wants it: both families are asked at once, IPv6 gets 50 ms
 * of grace when IPv4 answers first (3), the families alternate (4), a new attempt starts 250 ms
 * after the last one or as soon as it fails (5), the first that connects wins and the others are
 * closed. Each attempt is an event with its time. */
#include "core/happy.h"
#include "core/resolve.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "heloscope/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    GRACE_MS = 50,      /* RFC 8305 8: Resolution Delay */
    STAGGER_MS = 250,   /* RFC 8305 8: Connection Attempt Delay */
    UNIX_RETRY_MS = 20, /* a unix socket with a full backlog cannot be waited for */
    ATTEMPTS = RESOLVE_MOST * 2
};

struct attempt {
    struct happy *h;
    struct address to;
    char text[160];
    int fd; /* -1: over */
    struct watch *io, *limit;
    uint64_t since;
};

struct family {
    struct address at[RESOLVE_MOST];
    size_t n, next;
    bool asked; /* an answer is still to come */
    bool absent;
    char why[200];
};

struct happy {
    struct loop *loop;
    const struct target *target; /* borrowed: conn's copy outlives us */
    int connect_ms, resolve_ms;
    const char *servers;
    const struct route *route; /* borrowed, or NULL */
    happy_fn *fn;
    void *arg;
    struct resolve *resolve;
    uint64_t since;
    struct family six, four;
    int last_family;
    bool racing;
    struct watch *grace, *stagger, *begin;
    struct attempt attempts[ATTEMPTS];
    size_t tried, active;
    int worst_errno; /* the failure that says most */
    char worst[320];
    bool *dead;
};

/* -- sockets ----------------------------------------------------------------------------------- */

const char *socket_words(int e)
{
    switch (e) {
    case ECONNREFUSED:
        return "refused: no program listens on that port";
    case ETIMEDOUT:
        return "no answer: timed out";
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return "this machine has no route to that network";
    case EHOSTUNREACH:
    case EHOSTDOWN:
        return "the host cannot be reached";
    case ENETDOWN:
        return "the network is down";
    case ECONNRESET:
        return "the other end reset the connection";
    case EPIPE:
        return "the other end no longer takes data";
    case EACCES:
    case EPERM:
        return "not permitted by this machine (a firewall rule, or the file's permissions)";
    case ENOENT:
        return "there is no such socket";
    case EPROTOTYPE:
    case ENOTSOCK:
        return "this is no stream socket";
    case EMFILE:
    case ENFILE:
        return "too many files are open";
    default:
        return strerror(e);
    }
}

void socket_prepare(int fd)
{
    int on = 1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on unix sockets: no harm */
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

static void put_address(char *out, size_t size, const struct address *a, bool port)
{
    char host[INET6_ADDRSTRLEN + 32], service[16];
    if (a->sa.ss_family == AF_UNIX) {
        snprintf(out, size, "unix:%s", ((const struct sockaddr_un *)&a->sa)->sun_path);
        return;
    }
    if (getnameinfo((const struct sockaddr *)&a->sa, a->len, host, sizeof host, service,
                    sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(out, size, "?");
        return;
    }
    if (!port)
        snprintf(out, size, "%s", host);
    else
        snprintf(out, size, a->sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

/* -- telling ----------------------------------------------------------------------------------- */

static double ms_since(uint64_t t)
{
    return (double)(now_us() - t) / 1000.0;
}

/* False: fn has cancelled us. */
static bool emit(struct happy *h, struct conn_event ev, int fd)
{
    bool dead = false, *outer = h->dead;
    h->dead = &dead; /* cppcheck-suppress autoVariables ; taken back below unless we are gone */
    if (!ev.text)
        ev.text = "";
    h->fn(h->arg, &ev, fd);
    if (dead) {
        if (outer)
            *outer = true;
        return false;
    }
    h->dead = outer;
    return true;
}

static void stop_attempt(struct attempt *a)
{
    if (a->fd < 0)
        return;
    loop_drop(a->io);
    loop_drop(a->limit);
    a->io = a->limit = NULL;
    close(a->fd);
    a->fd = -1;
    a->h->active--;
}

/* How much a failure tells: that nobody listens is more than that there is no route. */
static int weight(int e)
{
    return e == ECONNREFUSED || e == ENOENT ? 3 : e == ETIMEDOUT ? 2 : 1;
}

static bool next_attempt(struct happy *h);

/* The attempt is over. False: we are gone. */
static bool attempt_failed(struct attempt *a, int e, const char *words)
{
    struct happy *h = a->h;
    char text[300];
    snprintf(text, sizeof text, "%s: %s", a->text, words);
    if (a->fd >= 0)
        stop_attempt(a);
    if (!h->worst_errno || weight(e) > weight(h->worst_errno)) {
        h->worst_errno = e;
        snprintf(h->worst, sizeof h->worst, "%s", text);
    }
    return emit(h,
                (struct conn_event){.kind = CONN_ATTEMPT_FAILED,
                                    .fault = FAULT_NETWORK,
                                    .sys_errno = e,
                                    .ms = ms_since(a->since),
                                    .text = text},
                -1);
}

static void won(struct attempt *a)
{
    struct happy *h = a->h;
    int fd = a->fd;
    loop_drop(a->io);
    loop_drop(a->limit);
    a->io = a->limit = NULL;
    a->fd = -1;
    h->active--;
    for (size_t i = 0; i < h->tried; i++)
        stop_attempt(&h->attempts[i]);
    loop_drop(h->stagger);
    loop_drop(h->grace);
    h->stagger = h->grace = NULL;
    resolve_cancel(h->resolve);
    h->resolve = NULL;
    emit(h, (struct conn_event){.kind = CONN_CONNECTED, .ms = ms_since(a->since), .text = a->text},
         fd);
}

static void on_io(void *arg, int fd, short revents)
{
    struct attempt *a = arg;
    int e = 0;
    socklen_t n = sizeof e;
    (void)revents;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0)
        e = errno;
    if (!e)
        won(a);
    else if (attempt_failed(a, e, socket_words(e)))
        next_attempt(a->h);
}

static void on_connect_limit(void *arg)
{
    struct attempt *a = arg;
    char words[60];
    a->limit = NULL;
    snprintf(words, sizeof words, "no answer within %g s", a->h->connect_ms / 1000.0);
    if (attempt_failed(a, ETIMEDOUT, words))
        next_attempt(a->h);
}

static bool attempt_connect(struct attempt *a);

static void on_unix_retry(void *arg)
{
    struct attempt *a = arg;
    a->io = NULL;
    attempt_connect(a);
}

/* connect() on a socket that exists. False: we are gone, or have moved on to the next. */
static bool attempt_connect(struct attempt *a)
{
    struct happy *h = a->h;
    if (connect(a->fd, (struct sockaddr *)&a->to.sa, a->to.len) == 0) {
        won(a);
        return false;
    }
    if (errno == EINPROGRESS || errno == EINTR) {
        a->io = loop_fd(h->loop, a->fd, POLLOUT, on_io, a);
        return true;
    }
    if (errno == EAGAIN && a->to.sa.ss_family == AF_UNIX) {
        a->io = loop_timer(h->loop, UNIX_RETRY_MS, on_unix_retry, a);
        return true;
    }
    int e = errno;
    if (attempt_failed(a, e, socket_words(e)))
        next_attempt(h);
    return false;
}

static void on_stagger(void *arg)
{
    struct happy *h = arg;
    h->stagger = NULL;
    next_attempt(h);
}

/* RFC 8305 4: IPv6 first, then the families in turn while both have addresses left. */
static struct address *next_address(struct happy *h)
{
    bool six = h->six.next < h->six.n, four = h->four.next < h->four.n;
    if (!six && !four)
        return NULL;
    struct family *f = six && (!four || h->last_family != AF_INET6) ? &h->six : &h->four;
    h->last_family = f == &h->six ? AF_INET6 : AF_INET;
    return &f->at[f->next++];
}

static bool over(struct happy *h)
{
    char text[600];
    enum fault fault = FAULT_NETWORK;
    enum conn_lookup lookup = LOOKUP_FINE;
    if (!h->tried && h->resolve)
        lookup = h->six.absent && h->four.absent ? LOOKUP_NO_SUCH : LOOKUP_NO_ANSWER;
    if (h->tried == 1)
        snprintf(text, sizeof text, "%s", h->worst);
    else if (h->tried)
        snprintf(text, sizeof text, "none of %zu addresses could be reached; %s", h->tried,
                 h->worst);
    else if (h->route && h->route->family)
        snprintf(text, sizeof text, "%s: %s", h->target->host,
                 h->route->family == AF_INET ? h->four.why : h->six.why);
    else if (strcmp(h->six.why, h->four.why) == 0)
        snprintf(text, sizeof text, "%s: %s", h->target->host, h->four.why);
    else if (h->four.absent && h->six.absent)
        snprintf(text, sizeof text, "%s: the name exists, but has no address", h->target->host);
    else
        snprintf(text, sizeof text, "%s: %s (asked for IPv4), %s (asked for IPv6)", h->target->host,
                 h->four.why, h->six.why);
    emit(h,
         (struct conn_event){.kind = CONN_FAILED,
                             .fault = fault,
                             .lookup = lookup,
                             .sys_errno = h->worst_errno,
                             .ms = ms_since(h->since),
                             .text = text},
         -1);
    return false;
}

/* Starts the next attempt, if there is one; ends in failure if nothing is left. False: we are gone
 * or done. */
static bool next_attempt(struct happy *h)
{
    loop_drop(h->stagger);
    h->stagger = NULL;
    const struct address *to = h->tried < ATTEMPTS ? next_address(h) : NULL;
    if (!to) {
        if (h->active || h->six.asked || h->four.asked)
            return true;
        return over(h);
    }
    struct attempt *a = &h->attempts[h->tried++];
    *a = (struct attempt){.h = h, .to = *to, .fd = -1, .since = now_us()};
    put_address(a->text, sizeof a->text, to, true);
    if (!emit(h, (struct conn_event){.kind = CONN_TRYING, .text = a->text}, -1))
        return false;
    a->fd = socket(to->sa.ss_family, SOCK_STREAM, 0);
    if (a->fd < 0) {
        int e = errno;
        return attempt_failed(a, e, socket_words(e)) && next_attempt(h);
    }
    h->active++;
    socket_prepare(a->fd);
    a->limit = loop_timer(h->loop, h->connect_ms, on_connect_limit, a);
    if (h->route && h->route->source_len && to->sa.ss_family != AF_UNIX &&
        bind(a->fd, (const struct sockaddr *)&h->route->source, h->route->source_len) != 0) {
        int e = errno;
        return attempt_failed(a, e, "the address given by --source is none of this machine's") &&
               next_attempt(h);
    }
    if (!attempt_connect(a))
        return false;
    if (h->six.next < h->six.n || h->four.next < h->four.n)
        h->stagger = loop_timer(h->loop, STAGGER_MS, on_stagger, h);
    return true;
}

/* Do -4, -6 and --source leave this family? */
static bool wanted(const struct happy *h, int family)
{
    return !h->route || !h->route->family || h->route->family == family;
}

/* -- look-up ----------------------------------------------------------------------------------- */

/* "2001:db8::1, 192.0.2.1" in the order of the attempts, and what a family lacks. */
static bool tell_resolved(struct happy *h)
{
    struct buf b;
    char one[80];
    struct happy order = {.six = h->six, .four = h->four, .last_family = h->last_family};
    buf_init(&b, 2000);
    for (const struct address *a; (a = next_address(&order));) {
        put_address(one, sizeof one, a, false);
        buf_addf(&b, "%s%s", b.len ? ", " : "", one);
    }
    if (!h->six.asked && !h->six.n && !h->six.absent)
        buf_addf(&b, " (asked for IPv6: %s)", h->six.why);
    if (!h->four.asked && !h->four.n && !h->four.absent)
        buf_addf(&b, " (asked for IPv4: %s)", h->four.why);
    bool ok = emit(
        h,
        (struct conn_event){.kind = CONN_RESOLVED, .ms = ms_since(h->since), .text = buf_str(&b)},
        -1);
    buf_clear(&b);
    return ok;
}

static void race(struct happy *h)
{
    loop_drop(h->grace);
    h->grace = NULL;
    if (!tell_resolved(h))
        return;
    /* Addresses that come while attempts are on their way wait for the stagger. */
    if (!h->racing || !h->active) {
        h->racing = true;
        next_attempt(h);
    } else if (!h->stagger) {
        h->stagger = loop_timer(h->loop, STAGGER_MS, on_stagger, h);
    }
}

static void on_grace(void *arg)
{
    struct happy *h = arg;
    h->grace = NULL;
    race(h);
}

static void on_answer(void *arg, const struct resolve_answer *a)
{
    struct happy *h = arg;
    struct family *f = a->family == AF_INET6 ? &h->six : &h->four;
    f->asked = false;
    f->absent = a->absent;
    f->n = a->n;
    if (a->n)
        memcpy(f->at, a->at, a->n * sizeof *a->at);
    snprintf(f->why, sizeof f->why, "%s", a->why);
    if (!wanted(h, a->family)) { /* asked for all the same: both go out at once */
        f->n = 0;
        f->absent = true;
        snprintf(f->why, sizeof f->why, "%s", "not wanted");
    }
    if (a->more)
        return;
    bool all = !h->six.asked && !h->four.asked;
    bool left = h->six.next < h->six.n || h->four.next < h->four.n;
    if (left && !all && !h->racing && !h->six.n)
        h->grace = loop_timer(h->loop, GRACE_MS, on_grace, h);
    else if (left && (f->n || !h->racing))
        race(h);
    else if (all && !h->active)
        next_attempt(h);
}

static void begin(void *arg)
{
    struct happy *h = arg;
    const struct target *t = h->target;
    h->begin = NULL;
    h->since = now_us();
    if (t->path) {
        struct sockaddr_un *sun = (struct sockaddr_un *)&h->four.at[0].sa;
        sun->sun_family = AF_UNIX;
        snprintf(sun->sun_path, sizeof sun->sun_path, "%s", t->path);
        h->four.at[0].len = sizeof *sun;
        h->four.n = 1;
        next_attempt(h);
        return;
    }
    if (t->is_address) {
        char port[8];
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                        *ai = NULL;
        snprintf(port, sizeof port, "%u", t->port);
        if (!wanted(h, strchr(t->ascii, ':') ? AF_INET6 : AF_INET)) {
            struct family *f = h->route->family == AF_INET ? &h->four : &h->six;
            snprintf(f->why, sizeof f->why, "this is no IPv%c address, as -4, -6 or --source want",
                     h->route->family == AF_INET ? '4' : '6');
        } else if (getaddrinfo(t->ascii, port, &hints, &ai) == 0) {
            struct family *f = ai->ai_family == AF_INET6 ? &h->six : &h->four;
            memcpy(&f->at[0].sa, ai->ai_addr, ai->ai_addrlen);
            f->at[0].len = ai->ai_addrlen;
            f->n = 1;
            freeaddrinfo(ai);
        } else {
            snprintf(h->six.why, sizeof h->six.why,
                     "this is no address of this machine's networks");
            snprintf(h->four.why, sizeof h->four.why, "%s", h->six.why);
        }
        next_attempt(h);
        return;
    }
    char why[200] = "";
    if (!emit(h, (struct conn_event){.kind = CONN_RESOLVING, .text = t->host}, -1))
        return;
    h->six.asked = wanted(h, AF_INET6); /* nobody waits for what is not wanted */
    h->four.asked = wanted(h, AF_INET);
    h->six.absent = h->four.absent = true; /* until the answer tells otherwise */
    h->resolve = resolve_start(h->loop, t->ascii, t->port, h->resolve_ms, h->servers, on_answer, h,
                               why, sizeof why);
    if (h->resolve)
        return;
    h->six.asked = h->four.asked = false;
    snprintf(h->six.why, sizeof h->six.why, "%s", why);
    snprintf(h->four.why, sizeof h->four.why, "%s", why);
    over(h);
}

struct happy *happy_start(struct loop *l, const struct target *t, const struct conn_options *o,
                          happy_fn *fn, void *arg)
{
    struct happy *h = xcalloc(1, sizeof *h);
    h->loop = l;
    h->target = t;
    h->connect_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : 30000;
    h->resolve_ms = o->resolve_timeout_ms > 0 ? o->resolve_timeout_ms : 5000;
    h->servers = o->name_servers;
    h->route = o->route;
    h->fn = fn;
    h->arg = arg;
    h->begin = loop_timer(l, 0, begin, h);
    return h;
}

void happy_cancel(struct happy *h)
{
    if (!h)
        return;
    if (h->dead)
        *h->dead = true;
    for (size_t i = 0; i < h->tried; i++)
        stop_attempt(&h->attempts[i]);
    loop_drop(h->begin);
    loop_drop(h->grace);
    loop_drop(h->stagger);
    resolve_cancel(h->resolve);
    free(h);
}

void happy_doing(const struct happy *h, char *out, size_t size)
{
    for (size_t i = h->tried; i-- > 0;)
        if (h->attempts[i].fd >= 0) {
            snprintf(out, size, "connecting to %s", h->attempts[i].text);
            return;
        }
    if (h->resolve)
        snprintf(out, size, "looking up %s", h->target->host);
    else
        snprintf(out, size, "connecting to %s", h->target->label);
}
