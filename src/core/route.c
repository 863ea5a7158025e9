/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options about the way to a target, read strictly, and the PROXY protocol's header. Going the
 * way is happy's (addresses) and proxy's (proxies). PROXY protocol 2.1 (version 1), 2.2 (version
 * 2). */
#include "heloscope/route.h"
#include "heloscope/buf.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOCKS_PORT = 1080, USER_MAX = 255 /* RFC 1929 2 */ };

/* "192.0.2.1", "[2001:db8::1]:25", "2001:db8::1", "192.0.2.1:25" */
static bool address(const char *text, size_t n, struct sockaddr_storage *out, socklen_t *len)
{
    char copy[128], why[8], port[8];
    struct target t = {0};
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                    *ai = NULL;
    snprintf(copy, sizeof copy, "%.*s", (int)n, text);
    bool ok = n < sizeof copy && target_parse(copy, &t, why, sizeof why) && t.is_address;
    if (ok) {
        snprintf(port, sizeof port, "%u", t.port);
        ok = getaddrinfo(t.ascii, port, &hints, &ai) == 0;
    }
    if (ok) {
        memcpy(out, ai->ai_addr, ai->ai_addrlen);
        *len = ai->ai_addrlen;
        freeaddrinfo(ai);
    }
    target_clear(&t);
    return ok;
}

static bool parse_header(struct route *r, const char *text, char *why, size_t size)
{
    socklen_t a, b;
    const char *comma = strchr(text, ',');
    if ((text[0] != '1' && text[0] != '2') || (text[1] && text[1] != ':')) {
        snprintf(why, size, "--proxy-protocol wants 1 or 2, or 1:SOURCE,DESTINATION, not '%.60s'",
                 text);
        return false;
    }
    r->header = text[0] - '0';
    if (!text[1])
        return true;
    if (!comma || !address(text + 2, (size_t)(comma - text - 2), &r->header_src, &a) ||
        !address(comma + 1, strlen(comma + 1), &r->header_dst, &b) ||
        r->header_src.ss_family != r->header_dst.ss_family) {
        snprintf(why, size,
                 "--proxy-protocol %c: wants two addresses of one family, with or without a port, "
                 "like 192.0.2.1:4711,198.51.100.1:25, not '%.80s'",
                 text[0], text + 2);
        return false;
    }
    r->header_given = true;
    return true;
}

static bool parse_proxy(struct route *r, const char *text, char *why, size_t size)
{
    char inner[300];
    const char *p = NULL;
    if (strncmp(text, "http://", 7) == 0) {
        r->proxy = PROXY_HTTP;
        p = text + 7;
    } else if (strncmp(text, "socks5://", 9) == 0 || strncmp(text, "socks5h://", 10) == 0) {
        r->proxy = PROXY_SOCKS5;
        p = strchr(text, '/') + 2;
    }
    if (!p) {
        snprintf(why, size,
                 "--proxy wants http://HOST:PORT or socks5://[USER@]HOST[:PORT], not '%.80s'",
                 text);
        return false;
    }
    const char *at = strrchr(p, '@');
    if (at) {
        if (memchr(p, ':', (size_t)(at - p))) {
            snprintf(why, size,
                     "--proxy: a password on the command line can be read by everybody on this "
                     "machine; put it into the variable HELOSCOPE_PROXY_PASSWORD");
            return false;
        }
        if (at == p || at - p > USER_MAX) {
            snprintf(why, size, "--proxy: the user before '@' has 1 to %d octets", USER_MAX);
            return false;
        }
        r->proxy_user = xstrndup(p, (size_t)(at - p));
        p = at + 1;
    }
    if (!target_parse(p, &r->proxy_at, inner, sizeof inner)) {
        snprintf(why, size, "--proxy: %s", inner);
        return false;
    }
    if (!r->proxy_at.port && r->proxy == PROXY_SOCKS5)
        r->proxy_at.port = SOCKS_PORT;
    if (!r->proxy_at.port && !r->proxy_at.path) {
        snprintf(why, size, "--proxy: an HTTP proxy has no usual port: write http://%s:PORT", p);
        return false;
    }
    return true;
}

bool route_parse(struct route *out, const struct route_words *w, char *why, size_t size)
{
    struct route r = {0};
    char inner[300];
    bool ok = true;
    if (w->ipv4 && w->ipv6) {
        snprintf(why, size, "-4 and -6 exclude each other: leave both out to try both families");
        ok = false;
    }
    r.family = w->ipv4 ? AF_INET : w->ipv6 ? AF_INET6 : 0;
    if (ok && w->source) {
        ok = address(w->source, strlen(w->source), &r.source, &r.source_len);
        if (!ok)
            snprintf(why, size, "--source wants an address of this machine, not '%.80s'",
                     w->source);
        else if (r.family && r.family != r.source.ss_family) {
            snprintf(why, size, "--source %.80s is no IPv%c address, as -%c wants", w->source,
                     w->ipv4 ? '4' : '6', w->ipv4 ? '4' : '6');
            ok = false;
        } else
            r.family = r.source.ss_family;
    }
    if (ok && w->connect) {
        r.elsewhere = true;
        ok = target_parse(w->connect, &r.connect, inner, sizeof inner);
        if (!ok)
            snprintf(why, size, "--connect: %s", inner);
    }
    if (ok && w->proxy)
        ok = parse_proxy(&r, w->proxy, why, size);
    if (ok && r.proxy && r.elsewhere && r.connect.path) {
        snprintf(why, size, "--connect to a unix socket does not go through a --proxy");
        ok = false;
    }
    if (ok && w->proxy_protocol)
        ok = parse_header(&r, w->proxy_protocol, why, size);
    if (ok && w->proxy_password)
        r.proxy_password = xstrdup(w->proxy_password);
    if (ok)
        *out = r;
    else {
        route_clear(&r);
        *out = r;
    }
    return ok;
}

void route_copy(struct route *out, const struct route *r)
{
    *out = *r;
    if (r->elsewhere)
        target_copy(&out->connect, &r->connect);
    if (r->proxy)
        target_copy(&out->proxy_at, &r->proxy_at);
    out->proxy_user = r->proxy_user ? xstrdup(r->proxy_user) : NULL;
    out->proxy_password = r->proxy_password ? xstrdup(r->proxy_password) : NULL;
}

void route_clear(struct route *r)
{
    target_clear(&r->connect);
    target_clear(&r->proxy_at);
    free(r->proxy_user);
    if (r->proxy_password)
        explicit_bzero(r->proxy_password, strlen(r->proxy_password));
    free(r->proxy_password);
    *r = (struct route){0};
}

/* -- the PROXY protocol ------------------------------------------------------------------------ */

static unsigned port_of(const struct sockaddr_storage *s)
{
    return ntohs(s->ss_family == AF_INET ? ((const struct sockaddr_in *)s)->sin_port
                                         : ((const struct sockaddr_in6 *)s)->sin6_port);
}

static size_t put_ip(const struct sockaddr_storage *s, unsigned char *out)
{
    if (s->ss_family == AF_INET) {
        memcpy(out, &((const struct sockaddr_in *)s)->sin_addr, 4);
        return 4;
    }
    memcpy(out, &((const struct sockaddr_in6 *)s)->sin6_addr, 16);
    return 16;
}

static size_t header_text(const struct sockaddr_storage *src, const struct sockaddr_storage *dst,
                          char *out, size_t size)
{
    char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
    unsigned char ip[16];
    const int family = src->ss_family;
    if (family != AF_INET && family != AF_INET6)
        return (size_t)snprintf(out, size, "PROXY UNKNOWN\r\n");
    put_ip(src, ip);
    inet_ntop(family, ip, a, sizeof a);
    put_ip(dst, ip);
    inet_ntop(family, ip, b, sizeof b);
    return (size_t)snprintf(out, size, "PROXY TCP%c %s %s %u %u\r\n", family == AF_INET ? '4' : '6',
                            a, b, port_of(src), port_of(dst));
}

static size_t header_binary(const struct sockaddr_storage *src, const struct sockaddr_storage *dst,
                            unsigned char *out)
{
    static const unsigned char signature[12] = "\r\n\r\n\0\r\nQUIT\n";
    const int family = src->ss_family;
    const bool known = family == AF_INET || family == AF_INET6;
    size_t n = 16;
    memcpy(out, signature, 12);
    out[12] = known ? 0x21 : 0x20; /* PROXY, or LOCAL: our own connection */
    out[13] = !known ? 0 : family == AF_INET ? 0x11 : 0x21;
    if (known) {
        n += put_ip(src, out + n);
        n += put_ip(dst, out + n);
        for (int i = 0; i < 2; i++) {
            unsigned port = port_of(i ? dst : src);
            out[n++] = (unsigned char)(port >> 8);
            out[n++] = (unsigned char)port;
        }
    }
    out[14] = 0;
    out[15] = (unsigned char)(n - 16);
    return n;
}

/* Whom it tells of: what was given, or the connection's own ends. */
static bool header_ends(const struct route *r, int fd, struct sockaddr_storage *src,
                        struct sockaddr_storage *dst)
{
    socklen_t a = sizeof *src, b = sizeof *dst;
    *src = r->header_src;
    *dst = r->header_dst;
    return r->header_given || (getsockname(fd, (struct sockaddr *)src, &a) == 0 &&
                               getpeername(fd, (struct sockaddr *)dst, &b) == 0);
}

void route_header_words(const struct route *r, int fd, char *out, size_t size)
{
    struct sockaddr_storage src, dst;
    out[0] = '\0';
    if (!r->header || !header_ends(r, fd, &src, &dst))
        return;
    header_text(&src, &dst, out, size);
    out[strcspn(out, "\r")] = '\0';
}

size_t route_header(const struct route *r, int fd, unsigned char *out, size_t size)
{
    struct sockaddr_storage src, dst;
    if (size < 232 || !header_ends(r, fd, &src, &dst))
        return 0;
    return r->header == 1 ? header_text(&src, &dst, (char *)out, size)
                          : header_binary(&src, &dst, out);
}
