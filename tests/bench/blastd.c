/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * blastd.c: a POP3 and SMTP server that is never the bottleneck: one message from memory, one
 * thread, poll(). It answers enough for curl, telnet, nc and heloscope, checks nothing, and keeps
 * nothing.
 *
 *     blastd [-s MB] [-l OCTETS]     a message of MB megabytes (200) in lines of OCTETS (78, CRLF
 * included)
 *
 * Prints "smtp PORT pop3 PORT" on one line and serves until it is killed or its standard input
 * ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 64
#define BLOCK ((size_t)1 << 20)

struct client {
    int fd;
    bool pop3, data, quit;
    char in[4096];
    size_t nin;
    char out[4096]; /* replies waiting */
    size_t nout;
    size_t body; /* octets of the message still to be sent, after `out` */
};

static struct client clients[CLIENTS];
static char *block; /* whole lines, about 1 MB */
static size_t block_n, message_n;

static void reply(struct client *c, const char *text)
{
    size_t n = strlen(text);

    if (c->nout + n <= sizeof c->out) {
        memcpy(c->out + c->nout, text, n);
        c->nout += n;
    }
}

static void pop3_line(struct client *c, const char *line)
{
    char text[128];

    if (strncasecmp(line, "CAPA", 4) == 0) {
        reply(c, "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\n.\r\n");
    } else if (strncasecmp(line, "AUTH", 4) == 0 || strncasecmp(line, "STLS", 4) == 0) {
        reply(c, "-ERR not here\r\n");
    } else if (strncasecmp(line, "STAT", 4) == 0) {
        snprintf(text, sizeof text, "+OK 1 %zu\r\n", message_n);
        reply(c, text);
    } else if (strncasecmp(line, "LIST", 4) == 0 || strncasecmp(line, "UIDL", 4) == 0) {
        snprintf(text, sizeof text, line[4] == ' ' ? "+OK 1 %zu\r\n" : "+OK\r\n1 %zu\r\n.\r\n",
                 message_n);
        reply(c, text);
    } else if (strncasecmp(line, "RETR", 4) == 0) {
        snprintf(text, sizeof text, "+OK %zu octets\r\n", message_n);
        reply(c, text);
        c->body = message_n;
    } else {
        c->quit = strncasecmp(line, "QUIT", 4) == 0;
        reply(c, "+OK\r\n");
    }
}

static void smtp_line(struct client *c, const char *line)
{
    if (c->data) {
        if (strcmp(line, ".") == 0) {
            c->data = false;
            reply(c, "250 2.0.0 taken\r\n");
        }
    } else if (strncasecmp(line, "EHLO", 4) == 0) {
        reply(c, "250-blast.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n");
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        c->data = true;
        reply(c, "354 go on\r\n");
    } else if (strncasecmp(line, "QUIT", 4) == 0) {
        c->quit = true;
        reply(c, "221 2.0.0 bye\r\n");
    } else {
        reply(c, "250 2.0.0 ok\r\n");
    }
}

static void drop(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}

static void in(struct client *c)
{
    ssize_t n = read(c->fd, c->in + c->nin, sizeof c->in - 1 - c->nin);
    char *line = c->in, *end;

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c);
        return;
    }
    c->nin += n > 0 ? (size_t)n : 0;
    while ((end = memchr(line, '\n', c->nin - (size_t)(line - c->in)))) {
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        if (c->pop3)
            pop3_line(c, line);
        else
            smtp_line(c, line);
        line = end + 1;
    }
    c->nin -= (size_t)(line - c->in);
    memmove(c->in, line, c->nin);
    if (c->nin == sizeof c->in - 1)
        c->nin = 0; /* a line without an end: dropped */
}

/* Writes what is due; the dot after the body is the body's last line. */
static void out(struct client *c)
{
    if (c->nout) {
        ssize_t n = send(c->fd, c->out, c->nout, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                drop(c);
            return;
        }
        c->nout -= (size_t)n;
        memmove(c->out, c->out + n, c->nout);
    }
    while (!c->nout && c->body) {
        size_t at = (message_n - c->body) % block_n;
        size_t k = block_n - at < c->body ? block_n - at : c->body;
        ssize_t n = send(c->fd, block + at, k, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                drop(c);
            return;
        }
        c->body -= (size_t)n;
        if (!c->body)
            reply(c, ".\r\n");
    }
    if (c->fd >= 0 && c->nout && !c->body) {
        ssize_t n = send(c->fd, c->out, c->nout, MSG_NOSIGNAL);

        if (n > 0) {
            c->nout -= (size_t)n;
            memmove(c->out, c->out + n, c->nout);
        }
    }
    if (c->quit && !c->nout && !c->body)
        drop(c);
}

static int listen_on(int *port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &n) < 0) {
        perror("blastd");
        exit(1);
    }
    *port = ntohs(sa.sin_port);
    return fd;
}

static void take(int listener, bool pop3)
{
    int fd = accept(listener, NULL, NULL), one = 1;

    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (struct client *c = clients; c < clients + CLIENTS; c++)
        if (c->fd < 0) {
            memset(c, 0, sizeof *c);
            c->fd = fd;
            c->pop3 = pop3;
            reply(c, pop3 ? "+OK blast ready\r\n" : "220 blast.example ESMTP ready\r\n");
            out(c);
            return;
        }
    close(fd);
}

static void make_message(size_t megabytes, size_t line)
{
    static const char head[] = "Subject: a long letter\r\n\r\n";

    block = malloc(BLOCK + line);
    if (!block || line < 8 || line > BLOCK) {
        fprintf(stderr, "blastd: no memory, or lines that are too short\n");
        exit(1);
    }
    while (block_n < BLOCK) {
        for (size_t i = 0; i < line - 2; i++)
            block[block_n + i] = (char)('A' + (i * 7 + block_n / line) % 57);
        memcpy(block + block_n + line - 2, "\r\n", 2);
        block_n += line;
    }
    memcpy(block, head, line < sizeof head ? 0 : sizeof head - 1);
    message_n = megabytes * 1000000 / line * line;
}

int main(int argc, char **argv)
{
    size_t megabytes = 200, line = 78;
    int listener[2], port[2], o;

    while ((o = getopt(argc, argv, "s:l:")) != -1) {
        if (o == 's')
            megabytes = strtoul(optarg, NULL, 10);
        else if (o == 'l')
            line = strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    make_message(megabytes, line);
    for (int i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    listener[0] = listen_on(&port[0]);
    listener[1] = listen_on(&port[1]);
    printf("smtp %d pop3 %d\n", port[0], port[1]);
    fflush(stdout);
    for (;;) {
        struct pollfd p[CLIENTS + 3];
        struct client *who[CLIENTS + 3];
        nfds_t n = 3;

        p[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        p[1] = (struct pollfd){.fd = listener[0], .events = POLLIN};
        p[2] = (struct pollfd){.fd = listener[1], .events = POLLIN};
        for (struct client *c = clients; c < clients + CLIENTS; c++)
            if (c->fd >= 0) {
                who[n] = c;
                p[n++] = (struct pollfd){.fd = c->fd,
                                         .events = (short)(c->nout || c->body ? POLLOUT : POLLIN)};
            }
        if (poll(p, n, -1) < 0)
            continue;
        for (nfds_t i = 3; i < n; i++) {
            if (p[i].revents & POLLOUT)
                out(who[i]);
            else if (p[i].revents)
                in(who[i]);
            if (who[i]->fd >= 0 && (who[i]->nout || who[i]->body))
                out(who[i]);
        }
        if (p[1].revents)
            take(listener[0], false);
        if (p[2].revents)
            take(listener[1], true);
        if (p[0].revents) {
            char rest[64];

            if (read(STDIN_FILENO, rest, sizeof rest) <= 0)
                return 0;
        }
    }
}
