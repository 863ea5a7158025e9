/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice world: its store, its clients, its listeners and its certificate. Leaves the talk to
 * smtpd and pop3d, the disk to maildir.c. Sends nothing to anyone. */
#include "practice/world.h"

#include "practice/maildir.h"
#include "practice/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM_LETTERS 4      /* letters of the greatest size that a student's world keeps */
#define GREY_MAX 4096       /* pairs of sender and recipient that greylisting remembers */
#define ACCEPTS 32          /* connections taken in one turn */
#define ACCEPT_PAUSE_MS 200 /* without descriptors, poll would wake us again and again */

struct listener {
    struct world *w;
    const struct service *service;
    struct watch *watch, *pause;
    struct listener *next;
    int fd;
    bool tls;
};

struct world {
    struct loop *l;
    struct world_options o;
    struct store store;
    struct peer *peers;
    unsigned clients, refused;
    struct listener *listeners;
    struct tls_identity *identity, *flawed[2]; /* expired, for another name: made when asked for */
    struct troubles troubles;
    size_t message_max; /* without the fault */
    bool no_tls;        /* the same */
    uint64_t *grey;     /* GREY_MAX of them, from the first on */
    size_t ngrey;
    size_t left_out;
    char *maildir;
    char *zone; /* of the start, or NULL */
    struct receiver *receiver;
    struct world *house;        /* a room: what it shares with others is the house's */
    struct world *rooms, *next; /* of a house; of its rooms */
    struct classroom *class;    /* who looks on, or NULL */
};

static struct world *house_of(struct world *w)
{
    return w->house ? w->house : w;
}

/* Names of services, with the schemes of implicit TLS (RFC 8314). */
static const struct {
    const char *name;
    const struct service *service;
    bool tls;
} kinds[] = {
    {"smtp", &smtp_service, false},       {"submission", &submission_service, false},
    {"lmtp", &lmtp_service, false},       {"pop3", &pop3_service, false},
    {"smtps", &submission_service, true}, {"submissions", &submission_service, true},
    {"pop3s", &pop3_service, true},
};

static const struct service *find(const char *proto, bool *tls)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(kinds[i].name, proto) == 0) {
            *tls = kinds[i].tls;
            return kinds[i].service;
        }
    return NULL;
}

struct world *world_new(struct loop *l, const struct world_options *o, char *why, size_t size)
{
    static const struct world_options none;
    struct world *w = xcalloc(1, sizeof *w);
    w->l = l;
    w->o = o ? *o : none;
    if (!w->o.max_clients)
        w->o.max_clients = 256;
    if (!w->o.message_max)
        w->o.message_max = 10485760;
    w->message_max = w->o.message_max;
    w->no_tls = w->o.no_tls;
    if (w->o.faults && !world_fault(w, w->o.faults, why, size)) {
        free(w);
        return NULL;
    }
    store_init(&w->store, w->o.message_max);
    w->zone = w->o.zone ? xstrdup(w->o.zone) : NULL;
    w->receiver = receiver_new(w->o.zone, why, size);
    if (!w->receiver) {
        world_free(w);
        return NULL;
    }
    if (w->o.maildir) {
        w->o.maildir = w->maildir = xstrdup(w->o.maildir);
        w->store.maildir = maildir_open(w->maildir, why, size);
        if (!w->store.maildir) {
            world_free(w);
            return NULL;
        }
        w->left_out = maildir_load(w->store.maildir, &w->store);
    }
    if (!w->store.maildir || maildir_is_new(w->store.maildir))
        store_welcome(&w->store);
    return w;
}

struct world *world_room(struct world *house)
{
    struct world *w = xcalloc(1, sizeof *w);
    w->l = house->l;
    w->o = house->o;
    w->message_max = house->message_max;
    w->no_tls = house->no_tls;
    w->troubles = house->troubles;
    w->house = house;
    w->receiver = house->receiver;
    w->next = house->rooms;
    house->rooms = w;
    store_init(&w->store, w->message_max);
    w->store.octets_max = w->store.box_octets_max = (uint64_t)ROOM_LETTERS * w->message_max;
    store_welcome(&w->store);
    return w;
}

void world_enter(struct world *w, struct peer *p)
{
    if (p->world == w)
        return;
    world_leave(p->world, p);
    p->world = w;
    world_join(w, p);
}

void world_class(struct world *w, struct classroom *class)
{
    w->class = class;
}

struct classroom *world_classroom(struct world *w)
{
    return house_of(w)->class;
}

static void leave_house(struct world *room)
{
    struct world **at = &room->house->rooms;
    while (*at != room)
        at = &(*at)->next;
    *at = room->next;
}

static void listener_free(struct listener *s)
{
    loop_drop(s->watch);
    loop_drop(s->pause);
    close(s->fd);
    free(s);
}

static void stop_listening(struct world *w)
{
    while (w->listeners) {
        struct listener *s = w->listeners;
        w->listeners = s->next;
        listener_free(s);
    }
}

void world_free(struct world *w)
{
    if (!w)
        return;
    stop_listening(w);
    while (w->rooms)
        world_free(w->rooms);
    while (w->peers)
        peer_free(w->peers);
    store_clear(&w->store);
    if (w->house)
        leave_house(w);
    else
        receiver_free(w->receiver);
    free(w->grey);
    tls_identity_free(w->identity);
    tls_identity_free(w->flawed[0]);
    tls_identity_free(w->flawed[1]);
    free(w->maildir);
    free(w->zone);
    free(w);
}

void world_shutdown(struct world *w)
{
    stop_listening(w);
    for (struct world *r = w->rooms; r; r = r->next)
        while (r->peers)
            peer_stop(r->peers);
    while (w->peers)
        peer_stop(w->peers);
}

struct loop *world_loop(struct world *w)
{
    return w->l;
}

struct receiver *world_receiver(struct world *w)
{
    return w->receiver;
}

struct store *world_store(struct world *w)
{
    return &w->store;
}

const struct world_options *world_settings(const struct world *w)
{
    return &w->o;
}

int64_t world_idle(const struct world *w, int64_t own)
{
    return w->o.idle_ms ? (int64_t)w->o.idle_ms : own;
}

void world_join(struct world *w, struct peer *p)
{
    struct world *house = house_of(w);
    p->prev = NULL;
    p->next = w->peers;
    if (w->peers)
        w->peers->prev = p;
    w->peers = p;
    if (p->counted)
        house->clients++;
    else
        house->refused++;
}

void world_leave(struct world *w, struct peer *p)
{
    if (p->prev)
        p->prev->next = p->next;
    else
        w->peers = p->next;
    if (p->next)
        p->next->prev = p->prev;
    if (p->counted)
        house_of(w)->clients--;
    else
        house_of(w)->refused--;
}

unsigned world_clients(const struct world *w)
{
    return w->house ? w->house->clients : w->clients;
}

size_t world_left_out(const struct world *w)
{
    return w->left_out;
}

size_t world_count(struct world *w, const char *address)
{
    int a = account_find(address, strlen(address));
    return a < 0 ? 0 : w->store.box[a].n;
}

const struct tls_identity *world_identity(struct world *w)
{
    w = house_of(w);
    if (!w->identity)
        w->identity = tls_identity_new(PRACTICE_HOST " localhost 127.0.0.1 ::1");
    return w->identity;
}

const struct tls_identity *world_shown_identity(struct world *w)
{
    bool late = world_trouble(w, TROUBLE_CERT_EXPIRED, NULL);
    if (!late && !world_trouble(w, TROUBLE_CERT_NAME, NULL))
        return world_identity(w);
    struct tls_identity **id = &house_of(w)->flawed[late ? 0 : 1];
    if (!*id)
        *id = tls_identity_flawed(world_identity(w),
                                  late ? PRACTICE_HOST " localhost 127.0.0.1 ::1" : "other.example",
                                  late);
    return *id;
}

bool world_trouble(const struct world *w, enum trouble t, unsigned *value)
{
    if (value)
        *value = w->troubles.value[t];
    return w->troubles.on[t];
}

bool practice_faults_exist(const char *faults, char *why, size_t size)
{
    struct troubles t = {0};
    return troubles_parse(&t, faults, why, size);
}

bool world_fault(struct world *w, const char *faults, char *why, size_t size)
{
    unsigned octets;
    if (!troubles_parse(&w->troubles, faults, why, size))
        return false;
    bool limit = world_trouble(w, TROUBLE_SIZE_LIMIT, &octets);
    w->o.message_max = limit && octets < w->message_max ? octets : w->message_max;
    w->o.no_tls = w->no_tls || world_trouble(w, TROUBLE_NO_STARTTLS, NULL);
    return true;
}

void world_faults(const struct world *w, struct fault_choice out[FAULT_CHOICES_MAX])
{
    _Static_assert((int)TROUBLES < (int)FAULT_CHOICES_MAX, "room for the last, empty row");
    for (int i = 0; i < TROUBLES; i++) {
        const struct trouble_row *r = &trouble_rows[i];
        out[i] = (struct fault_choice){.name = r->name,
                                       .value = r->value,
                                       .what = r->what,
                                       .ref = r->ref,
                                       .smtp = r->smtp,
                                       .pop3 = r->pop3,
                                       .usual = r->usual,
                                       .on = w && w->troubles.on[i],
                                       .now = w ? w->troubles.value[i] : 0};
    }
    out[TROUBLES] = (struct fault_choice){0};
}

bool world_dns(struct world *w, const char *zone, const struct lab_choice *c, char *why,
               size_t size)
{
    return receiver_dns(w->receiver, zone || c ? zone : w->zone, c, why, size);
}

static uint64_t hash(uint64_t h, const char *text)
{
    for (const char *p = text; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    return h;
}

static bool met(struct world *w, uint64_t h)
{
    size_t known = w->ngrey < GREY_MAX ? w->ngrey : GREY_MAX;
    for (size_t i = 0; i < known; i++)
        if (w->grey[i] == h)
            return true;
    if (!w->grey)
        w->grey = xcalloc(GREY_MAX, sizeof *w->grey);
    w->grey[w->ngrey++ % GREY_MAX] = h; /* the oldest is forgotten */
    return false;
}

bool world_met(struct world *w, const char *sender, int account)
{
    return met(w, hash(14695981039346656037u ^ (uint64_t)account, sender));
}

bool world_met_address(struct world *w, const char *sender, const char *recipient)
{
    return met(w, hash(hash(14695981039346656037u, sender) * 31, recipient));
}

/* Beyond max_clients a client hears why; beyond twice that many it is only closed. */
static void admit(struct world *w, const struct service *s, int fd, const char *address, bool tls)
{
    bool room = w->clients < w->o.max_clients;
    if (!room && w->refused >= w->o.max_clients)
        close(fd);
    else
        peer_new(w, s, fd, address, tls, room);
}

int world_connect(struct world *w, const char *proto, const char *peer)
{
    int pair[2];
    bool tls;
    const struct service *s = find(proto, &tls);
    if (!s || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    admit(w, s, pair[1], peer, tls);
    return pair[0];
}

static void on_pause(void *arg);

static void on_accept(void *arg, int fd, short revents)
{
    struct listener *s = arg;
    (void)revents;
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage a;
        socklen_t len = sizeof a;
        char text[64] = "unknown";
        int c = accept4(fd, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (c < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                loop_fd_events(s->watch, 0);
                s->pause = loop_timer(s->w->l, ACCEPT_PAUSE_MS, on_pause, s);
            }
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            return;
        }
        getnameinfo((struct sockaddr *)&a, len, text, sizeof text, NULL, 0, NI_NUMERICHOST);
        admit(s->w, s->service, c, text, s->tls);
    }
}

static void on_pause(void *arg)
{
    struct listener *s = arg;
    s->pause = NULL;
    loop_fd_events(s->watch, POLLIN);
}

/* "127.0.0.1:2525", "[::1]:2525", "localhost:2525" into host and port. */
static bool split(const char *address, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;
    if (!n || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strlen(colon + 1) > 5 || atoi(colon + 1) > 65535)
        return false;
    if (address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    } else if (memchr(address, ':', n)) {
        return false; /* an IPv6 address wants its brackets */
    }
    if (!n || n >= size)
        return false;
    memcpy(host, address, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

static int listen_on(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 256) < 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24) == 127;
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* The addresses that "ADDRESS:PORT" means. NULL: why, and errno. */
static struct addrinfo *look_up(const char *address, char *why, size_t size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *all = NULL;
    char host[256];
    const char *service;
    if (!split(address, host, sizeof host, &service)) {
        snprintf(why, size, "%s: not ADDRESS:PORT; write for example 127.0.0.1:2525 or [::1]:2525",
                 address);
        errno = EINVAL;
        return NULL;
    }
    int e = getaddrinfo(host, service, &hints, &all);
    if (e) {
        snprintf(why, size, "%s: %s", address, gai_strerror(e));
        errno = EADDRNOTAVAIL;
        return NULL;
    }
    return all;
}

static bool all_local(const struct addrinfo *a)
{
    while (a && is_loopback(a->ai_addr))
        a = a->ai_next;
    return !a;
}

static bool reach(const char *address, bool local)
{
    char why[8];
    struct addrinfo *all = look_up(address, why, sizeof why);
    bool is = all && all_local(all) == local;
    if (all)
        freeaddrinfo(all);
    return is;
}

bool world_is_local(const char *address)
{
    return reach(address, true);
}

bool world_is_remote(const char *address)
{
    return reach(address, false);
}

bool world_listen(struct world *w, const char *proto, const char *address, unsigned short *port,
                  char *why, size_t size)
{
    bool tls;
    const struct service *kind = find(proto, &tls);
    if (!kind) {
        snprintf(why, size, "%s: no such service; there are smtp, submission, lmtp and pop3",
                 proto);
        errno = EINVAL;
        return false;
    }
    struct addrinfo *all = look_up(address, why, size);
    if (!all)
        return false;
    if (!w->o.allow_remote && !all_local(all)) {
        snprintf(why, size,
                 "%s: other machines could reach that address; say --allow-remote if you want "
                 "that, or take 127.0.0.1",
                 address);
        freeaddrinfo(all);
        errno = EPERM;
        return false;
    }
    int fd = listen_on(all);
    int error = errno;
    freeaddrinfo(all);
    if (fd < 0) {
        snprintf(why, size, "%s: %s", address,
                 error == EADDRINUSE ? "the port is in use by another program; take another one"
                 : error == EACCES
                     ? "ports under 1024 are for root; take a higher one, such as 2525"
                     : strerror(error));
        errno = error;
        return false;
    }
    struct sockaddr_storage mine;
    socklen_t len = sizeof mine;
    if (port && getsockname(fd, (struct sockaddr *)&mine, &len) == 0)
        *port = ntohs(mine.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&mine)->sin6_port
                                                 : ((struct sockaddr_in *)&mine)->sin_port);
    struct listener *s = xcalloc(1, sizeof *s);
    *s = (struct listener){.w = w, .service = kind, .fd = fd, .tls = tls, .next = w->listeners};
    s->watch = loop_fd(w->l, fd, POLLIN, on_accept, s);
    w->listeners = s;
    return true;
}
