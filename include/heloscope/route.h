/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way to a target where it is not the straight one: a family of addresses, an address of ours,
 * another place than the target's name says, a proxy, and what is told to a server that expects a
 * proxy in front of it. */
#ifndef HELOSCOPE_ROUTE_H
#define HELOSCOPE_ROUTE_H

#include "heloscope/target.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum proxy_kind {
    PROXY_NONE,
    PROXY_HTTP,   /* CONNECT, RFC 9110 9.3.6 */
    PROXY_SOCKS5, /* RFC 1928; with a user RFC 1929. The proxy looks the name up */
};

struct route {
    int family; /* AF_INET, AF_INET6; 0: both */
    struct sockaddr_storage source;
    socklen_t source_len; /* 0: the system chooses */
    bool elsewhere;
    struct target connect; /* where to, if elsewhere; its port 0: the target's. TLS and the label
                              stay the target's */
    enum proxy_kind proxy;
    struct target proxy_at;
    char *proxy_user;     /* or NULL */
    char *proxy_password; /* or NULL; wiped by route_clear() */
    int header;           /* the PROXY protocol's version, 1 or 2; 0: none */
    struct sockaddr_storage header_src, header_dst;
    bool header_given; /* else the connection's own addresses are told */
};

/* The words of the command line, NULL or false where not given. */
struct route_words {
    bool ipv4, ipv6;
    const char *source;         /* "192.0.2.7" */
    const char *connect;        /* "HOST[:PORT]", "unix:/path" */
    const char *proxy;          /* "http://[USER@]HOST:PORT", "socks5://[USER@]HOST[:PORT]" */
    const char *proxy_password; /* copied */
    const char *proxy_protocol; /* "1", "2", "1:SRC[:PORT],DST[:PORT]" */
};

/* False: *out is empty, and why (size bytes) holds one clear sentence that names the option. */
bool route_parse(struct route *out, const struct route_words *w, char *why, size_t size);
void route_copy(struct route *out, const struct route *r);
void route_clear(struct route *r);

/* The PROXY header for a connected socket. 0: the addresses cannot be told. At most 232 octets.
 * https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt */
size_t route_header(const struct route *r, int fd, unsigned char *out, size_t size);
/* What that header tells, for people: "PROXY TCP4 192.0.2.1 198.51.100.1 4711 25", also where it is
 * version 2. "": there is none. 130 bytes are enough. */
void route_header_words(const struct route *r, int fd, char *out, size_t size);

#endif
