/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The name server of fakedns.h. It writes its messages by itself, so that a mistake in ours shows.
 */
#include "fakedns.h"
#include "heloscope/buf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 256, ASKED = 1024, MESSAGE = 8192 };

struct row {
    char name[256], type[12], data[2048];
};

struct fakedns {
    int udp, tcp, stop[2];
    char at[32];
    struct row rows[ROWS];
    size_t nrows;
    pthread_t thread;
    pthread_mutex_t lock;
    struct {
        char name[256];
        int type;
    } asked[ASKED];
    size_t nasked;
    bool ad_missing;
};

struct message {
    unsigned char p[MESSAGE];
    size_t n;
};

static const struct {
    const char *name;
    int number;
} types[] = {{"A", 1},    {"CNAME", 5}, {"PTR", 12}, {"MX", 15},
             {"TXT", 16}, {"AAAA", 28}, {"TLSA", 52}};

static int number_of(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].number;
    return 0;
}

static void put(struct message *m, const void *p, size_t n)
{
    if (n <= MESSAGE - m->n) {
        memcpy(m->p + m->n, p, n);
        m->n += n;
    }
}

static void put16(struct message *m, unsigned v)
{
    unsigned char b[2] = {(unsigned char)(v >> 8), (unsigned char)v};
    put(m, b, 2);
}

static void put_name(struct message *m, const char *name)
{
    while (*name && *name != '.') {
        unsigned char k = (unsigned char)strcspn(name, ".");
        put(m, &k, 1);
        put(m, name, k);
        name += k + (name[k] == '.');
    }
    put(m, "", 1);
}

static void put_data(struct message *m, const struct row *r)
{
    unsigned char addr[16];
    const char *d = r->data;
    switch (number_of(r->type)) {
    case 1:
        inet_pton(AF_INET, d, addr);
        put(m, addr, 4);
        return;
    case 28:
        inet_pton(AF_INET6, d, addr);
        put(m, addr, 16);
        return;
    case 15:
        put16(m, (unsigned)atoi(d));
        d += strcspn(d, " ");
        put_name(m, d + strspn(d, " "));
        return;
    case 16:
        for (size_t left = strlen(d); left;) {
            unsigned char k = (unsigned char)(left > 255 ? 255 : left);
            put(m, &k, 1);
            put(m, d, k);
            d += k;
            left -= k;
        }
        return;
    case 52: {
        unsigned u, s, t, byte;
        int used = 0;
        if (sscanf(d, "%u %u %u %n", &u, &s, &t, &used) < 3)
            return;
        unsigned char head[3] = {(unsigned char)u, (unsigned char)s, (unsigned char)t};
        put(m, head, 3);
        for (d += used; sscanf(d, "%2x", &byte) == 1; d += 2)
            put(m, &(unsigned char){(unsigned char)byte}, 1);
        return;
    }
    default:
        put_name(m, d);
    }
}

static void put_row(struct message *m, const struct row *r, const char *owner, int extra)
{
    put_name(m, owner);
    put16(m, (unsigned)number_of(r->type));
    put16(m, 1);
    put16(m, 0);
    put16(m, 300);
    size_t at = m->n;
    put16(m, 0);
    put_data(m, r);
    if (extra)
        put(m, "x", 1);
    m->p[at] = (unsigned char)((m->n - at - 2) >> 8);
    m->p[at + 1] = (unsigned char)(m->n - at - 2);
}

static bool marked(const struct fakedns *f, const char *mark, const char *name)
{
    for (size_t i = 0; i < f->nrows; i++)
        if (strcasecmp(f->rows[i].name, name) == 0 && strcmp(f->rows[i].type, mark) == 0)
            return true;
    return false;
}

/* Records of name and type, through aliases; how many; *exists: the last name does. */
static unsigned fill(const struct fakedns *f, struct message *m, const char *name, int type,
                     bool *exists)
{
    unsigned n = 0;
    const char *now = name;
    for (int step = 0; step < 20; step++) {
        const struct row *alias = NULL;
        unsigned here = 0;
        *exists = false;
        for (size_t i = 0; i < f->nrows; i++) {
            const struct row *r = &f->rows[i];
            if (strcasecmp(r->name, now) != 0 || r->type[0] == '$')
                continue;
            *exists = true;
            if (number_of(r->type) == type) {
                put_row(m, r, now, 0);
                here++;
            } else if (number_of(r->type) == 5) {
                alias = r;
            }
        }
        n += here;
        if (here || !alias)
            break;
        put_row(m, alias, now, 0);
        n++;
        now = alias->data;
    }
    return n;
}

/* Reads a question; false: it is none. */
static bool question(const unsigned char *q, size_t n, char *name, int *type, size_t *end)
{
    size_t at = 12, k = 0;
    if (n < 17)
        return false;
    while (at < n && q[at]) {
        size_t len = q[at++];
        if (len > 63 || at + len + 5 > n || k + len + 2 > 256)
            return false;
        if (k)
            name[k++] = '.';
        memcpy(name + k, q + at, len);
        k += len;
        at += len;
    }
    name[k] = '\0';
    *type = q[at + 1] << 8 | q[at + 2];
    *end = at + 5;
    return true;
}

/* False: silence. */
static bool answer(struct fakedns *f, const unsigned char *q, size_t n, bool tcp, struct message *m)
{
    char name[256];
    int type;
    size_t end;
    bool exists = false;
    m->n = 0;
    if (!question(q, n, name, &type, &end))
        return false;
    pthread_mutex_lock(&f->lock);
    if (f->nasked < ASKED) {
        snprintf(f->asked[f->nasked].name, 256, "%s", name);
        f->asked[f->nasked++].type = type;
    }
    f->ad_missing = f->ad_missing || !(q[3] & 0x20);
    pthread_mutex_unlock(&f->lock);
    if (marked(f, "$silent", name))
        return false;
    if (marked(f, "$late", name))
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    if (marked(f, "$garbage", name)) {
        put(m, q, 2);
        put(m, "\x80\xff\xff\xff\xff\xff\xff\xff", 8);
        return true;
    }
    put(m, q, end);
    m->p[2] = 0x81;
    m->p[3] = 0x80;
    m->p[5] = 1;
    memset(m->p + 6, 0, 6);
    int rcode = marked(f, "$servfail", name)                     ? 2
                : marked(f, "$nxdomain", name)                   ? 3
                : marked(f, "$notimp", name)                     ? 4
                : marked(f, "$refused", name)                    ? 5
                : marked(f, "$formerr", name) && q[11] /* OPT */ ? 1
                                                                 : 0;
    unsigned count = 0;
    if (marked(f, "$iterative", name)) {
        m->p[3] = 0;
        return true;
    }
    if (marked(f, "$truncated", name) || (marked(f, "$truncate", name) && !tcp)) {
        m->p[2] |= 2;
    } else if (marked(f, "$lie", name)) {
        struct row r = {"evil.test", "A", "192.0.2.66"};
        put_row(m, &r, r.name, 0);
        count = 1;
    } else if (marked(f, "$long", name)) {
        struct row r = {"", "A", "192.0.2.1"};
        put_row(m, &r, name, 1);
        count = 1;
    } else if (!rcode) {
        count = fill(f, m, name, type, &exists);
        if (!exists)
            rcode = 3;
    }
    if (marked(f, "$cut", name))
        m->n -= 3;
    if (marked(f, "$ad", name))
        m->p[3] |= 0x20;
    if (marked(f, "$id", name))
        m->p[0] ^= 0xff;
    m->p[3] |= (unsigned char)rcode;
    m->p[7] = (unsigned char)count;
    return true;
}

static void serve_tcp(struct fakedns *f)
{
    unsigned char head[2], q[1024];
    struct message m;
    int fd = accept(f->tcp, NULL, NULL);
    struct timeval limit = {2, 0};
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    /* One question a connection: UDP waits meanwhile. */
    if (recv(fd, head, 2, MSG_WAITALL) == 2) {
        size_t n = (size_t)head[0] << 8 | head[1];
        if (n <= sizeof q && recv(fd, q, n, MSG_WAITALL) == (ssize_t)n &&
            answer(f, q, n, true, &m)) {
            unsigned char size[2] = {(unsigned char)(m.n >> 8), (unsigned char)m.n};
            (void)!write(fd, size, 2);
            (void)!write(fd, m.p, m.n);
        }
    }
    close(fd);
}

static void *run(void *arg)
{
    struct fakedns *f = arg;
    unsigned char q[1024];
    struct message m;
    for (;;) {
        struct pollfd p[3] = {{f->udp, POLLIN, 0}, {f->tcp, POLLIN, 0}, {f->stop[0], POLLIN, 0}};
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        poll(p, 3, -1);
        if (p[2].revents)
            return NULL;
        if (p[0].revents) {
            ssize_t n = recvfrom(f->udp, q, sizeof q, 0, (struct sockaddr *)&from, &len);
            if (n > 0 && answer(f, q, (size_t)n, false, &m))
                sendto(f->udp, m.p, m.n, 0, (struct sockaddr *)&from, len);
        }
        if (p[1].revents)
            serve_tcp(f);
    }
}

static void read_zone(struct fakedns *f, const char *zone)
{
    char line[2400];
    while (*zone && f->nrows < ROWS) {
        size_t n = strcspn(zone, "\n");
        struct row *r = &f->rows[f->nrows];
        snprintf(line, sizeof line, "%.*s", (int)n, zone);
        zone += n + (zone[n] == '\n');
        if (line[0] == '$' ? sscanf(line, "%11s %255s", r->type, r->name) == 2
                           : sscanf(line, "%255s %11s %2047[^\n]", r->name, r->type, r->data) == 3)
            f->nrows++;
    }
}

struct fakedns *fakedns_start(const char *zone)
{
    struct fakedns *f = xcalloc(1, sizeof *f);
    read_zone(f, zone);
    for (int tries = 0; tries < 20; tries++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;
        f->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        f->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (bind(f->tcp, (struct sockaddr *)&a, sizeof a) == 0 && listen(f->tcp, 8) == 0 &&
            getsockname(f->tcp, (struct sockaddr *)&a, &len) == 0 &&
            bind(f->udp, (struct sockaddr *)&a, sizeof a) == 0 && pipe(f->stop) == 0) {
            snprintf(f->at, sizeof f->at, "127.0.0.1:%d", ntohs(a.sin_port));
            pthread_mutex_init(&f->lock, NULL);
            pthread_create(&f->thread, NULL, run, f);
            return f;
        }
        close(f->tcp);
        close(f->udp);
    }
    free(f);
    return NULL;
}

const char *fakedns_at(const struct fakedns *f)
{
    return f->at;
}

int fakedns_asked(struct fakedns *f, const char *name, int type)
{
    int n = 0;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->nasked; i++)
        n += strcasecmp(f->asked[i].name, name) == 0 && (!type || f->asked[i].type == type);
    pthread_mutex_unlock(&f->lock);
    return n;
}

bool fakedns_ad_missing(struct fakedns *f)
{
    pthread_mutex_lock(&f->lock);
    bool missing = f->ad_missing;
    pthread_mutex_unlock(&f->lock);
    return missing;
}

void fakedns_stop(struct fakedns *f)
{
    (void)!write(f->stop[1], "x", 1);
    pthread_join(f->thread, NULL);
    close(f->udp);
    close(f->tcp);
    close(f->stop[0]);
    close(f->stop[1]);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
