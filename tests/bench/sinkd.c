/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sinkd.c: an SMTP and POP3 server that is never the bottleneck, for clients that pipeline, send
 * big letters or speak TLS: a thread a connection, large reads, nothing kept and nothing checked.
 *
 *     sinkd [-b MEGABYTES]    POP3: one message of so many megabytes instead of 10000 of 2 kB
 *
 * Prints "smtp PORT smtps PORT pop3 PORT" and serves until its standard input ends. QUIT tells how
 * often the server had to wait for the client since the banner ("221 bye, 7 waits"): round trips.
 */
#include "../fake/fakecert.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN (256 << 10)
#define OUT (512 << 10)
#define SMALL_COUNT 10000

static SSL_CTX *ctx;
static char *small, *block; /* a message of 2 kB; whole lines, about a megabyte */
static size_t small_n, block_n, big_n;

struct io {
    int fd;
    SSL *ssl;
    char in[IN], out[OUT];
    size_t at, n, nout;
    unsigned waits;
    bool over;
};

static void flush(struct io *c)
{
    size_t done = 0;
    while (done < c->nout && !c->over) {
        ssize_t k = c->ssl ? SSL_write(c->ssl, c->out + done, (int)(c->nout - done))
                           : send(c->fd, c->out + done, c->nout - done, MSG_NOSIGNAL);
        if (k <= 0)
            c->over = true;
        else
            done += (size_t)k;
    }
    c->nout = 0;
}

static void put(struct io *c, const char *p, size_t n)
{
    while (n > 0 && !c->over) {
        size_t room = OUT - c->nout, k = n < room ? n : room;
        memcpy(c->out + c->nout, p, k);
        c->nout += k;
        p += k;
        n -= k;
        if (c->nout == OUT)
            flush(c);
    }
}

static void say(struct io *c, const char *text)
{
    put(c, text, strlen(text));
}

/* More input, after everything owed was said. */
static bool more(struct io *c)
{
    flush(c);
    if (c->at > 0) {
        memmove(c->in, c->in + c->at, c->n - c->at);
        c->n -= c->at;
        c->at = 0;
    }
    if (c->over || c->n == IN)
        return false;
    ssize_t k;
    if (c->ssl)
        k = SSL_read(c->ssl, c->in + c->n, (int)(IN - c->n));
    else {
        k = recv(c->fd, c->in + c->n, IN - c->n, MSG_DONTWAIT);
        if (k < 0) {
            c->waits++;
            k = recv(c->fd, c->in + c->n, IN - c->n, 0);
        }
    }
    if (k <= 0)
        return false;
    c->n += (size_t)k;
    return true;
}

static char *line(struct io *c)
{
    for (;;) {
        char *from = c->in + c->at, *lf = memchr(from, '\n', c->n - c->at);
        if (lf) {
            lf[0] = '\0';
            if (lf > from && lf[-1] == '\r')
                lf[-1] = '\0';
            c->at = (size_t)(lf - c->in) + 1;
            return from;
        }
        if (!more(c))
            return NULL;
    }
}

/* Everything up to CRLF.CRLF. */
static bool letter(struct io *c)
{
    bool start = true;
    for (;;) {
        char *from = c->in + c->at;
        size_t n = c->n - c->at;
        if (start && n >= 3 && memcmp(from, ".\r\n", 3) == 0) {
            c->at += 3;
            return true;
        }
        char *end = memmem(from, n, "\r\n.\r\n", 5);
        if (end) {
            c->at = (size_t)(end - c->in) + 5;
            return true;
        }
        if (n > 4) {
            c->at = c->n - 4;
            start = false;
        }
        if (!more(c))
            return false;
    }
}

static void smtp(struct io *c)
{
    char *l, text[80];
    say(c, "220 sink.example ESMTP\r\n");
    while ((l = line(c))) {
        if (strncasecmp(l, "EHLO", 4) == 0)
            say(c, "250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n");
        else if (strncasecmp(l, "DATA", 4) == 0) {
            say(c, "354 go on\r\n");
            if (!letter(c))
                return;
            say(c, "250 2.0.0 queued\r\n");
        } else if (strncasecmp(l, "QUIT", 4) == 0) {
            snprintf(text, sizeof text, "221 bye, %u waits\r\n", c->waits);
            say(c, text);
            flush(c);
            return;
        } else
            say(c, "250 2.0.0 ok\r\n");
    }
}

static void pop3(struct io *c)
{
    char *l, text[80];
    unsigned count = big_n ? 1 : SMALL_COUNT;
    size_t each = big_n ? big_n : small_n;
    say(c, "+OK sink ready\r\n");
    while ((l = line(c))) {
        if (strncasecmp(l, "CAPA", 4) == 0)
            say(c, "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\n.\r\n");
        else if (strncasecmp(l, "AUTH", 4) == 0 || strncasecmp(l, "STLS", 4) == 0)
            say(c, "-ERR not here\r\n");
        else if (strncasecmp(l, "STAT", 4) == 0) {
            snprintf(text, sizeof text, "+OK %u %zu\r\n", count, count * each);
            say(c, text);
        } else if (strncasecmp(l, "LIST", 4) == 0 || strncasecmp(l, "UIDL", 4) == 0) {
            say(c, "+OK\r\n");
            for (unsigned i = 1; i <= count; i++) {
                snprintf(text, sizeof text,
                         l[0] == 'L' || l[0] == 'l' ? "%u %zu\r\n" : "%u u%zu-%u\r\n", i, each, i);
                say(c, text);
            }
            say(c, ".\r\n");
        } else if (strncasecmp(l, "RETR", 4) == 0) {
            say(c, "+OK here it comes\r\n");
            if (big_n)
                for (size_t left = big_n; left > 0 && !c->over;) {
                    size_t k = left < block_n ? left : block_n;
                    put(c, block, k);
                    left -= k;
                }
            else
                put(c, small, small_n);
            say(c, ".\r\n");
        } else if (strncasecmp(l, "QUIT", 4) == 0) {
            say(c, "+OK bye\r\n");
            flush(c);
            return;
        } else
            say(c, "+OK\r\n");
    }
}

struct job {
    int fd;
    int what; /* 0 smtp, 1 smtps, 2 pop3 */
};

static void *serve(void *arg)
{
    struct job j = *(struct job *)arg;
    struct io *c = calloc(1, sizeof *c);
    free(arg);
    c->fd = j.fd;
    if (j.what == 1) {
        c->ssl = SSL_new(ctx);
        SSL_set_fd(c->ssl, j.fd);
        c->over = SSL_accept(c->ssl) <= 0;
    }
    if (!c->over && j.what == 2)
        pop3(c);
    else if (!c->over)
        smtp(c);
    if (c->ssl) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
    free(c);
    return NULL;
}

struct door {
    int fd, what;
};

static void *accept_all(void *arg)
{
    struct door d = *(struct door *)arg;
    for (;;) {
        int one = 1, fd = accept(d.fd, NULL, NULL);
        pthread_t t;
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct job *j = malloc(sizeof *j);
        *j = (struct job){fd, d.what};
        if (pthread_create(&t, NULL, serve, j) == 0)
            pthread_detach(t);
    }
    return NULL;
}

static int listen_on(int *port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &n) < 0) {
        perror("sinkd");
        exit(1);
    }
    *port = ntohs(sa.sin_port);
    return fd;
}

static char *make(size_t n, size_t *out)
{
    char *p = malloc(n + 100);
    size_t at = (size_t)sprintf(p, "Subject: a letter\r\n\r\n");
    while (at + 78 <= n) {
        for (size_t i = 0; i < 76; i++)
            p[at + i] = (char)('A' + (i * 7 + at / 78) % 57);
        memcpy(p + at + 76, "\r\n", 2);
        at += 78;
    }
    *out = at;
    return p;
}

int main(int argc, char **argv)
{
    static struct door doors[3];
    int port[3], o;
    pthread_t t;
    char rest[64];
    while ((o = getopt(argc, argv, "b:")) != -1)
        if (o == 'b')
            big_n = strtoul(optarg, NULL, 10) * 1000000;
    signal(SIGPIPE, SIG_IGN);
    small = make(2048, &small_n);
    block = make(1 << 20, &block_n);
    if (big_n)
        big_n -= big_n % block_n;
    struct fake_cert *cert = fake_cert_new(NULL, "localhost 127.0.0.1", FAKE_SELF_SIGNED);
    ctx = fake_cert_ctx(cert);
    for (int i = 0; i < 3; i++) {
        doors[i] = (struct door){listen_on(&port[i]), i};
        pthread_create(&t, NULL, accept_all, &doors[i]);
    }
    printf("smtp %d smtps %d pop3 %d\n", port[0], port[1], port[2]);
    fflush(stdout);
    while (read(STDIN_FILENO, rest, sizeof rest) > 0)
        ;
    return 0;
}
