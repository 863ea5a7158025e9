/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP CONNECT and SOCKS5 as a client. Not one octet is read beyond the proxy's answer: what
 * follows is the server's banner. RFC 9110 9.3.6 and 15, RFC 7617 (Basic), RFC 1928, RFC 1929. */
#include "core/proxy.h"
#include "core/happy.h"
#include "core/lazy/openssl.gen.h"
#include "heloscope/buf.h"
#include "heloscope/harmless.h"
#include "heloscope/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE is set there instead */
#endif

enum { ANSWER_MAX = 8192, USER_PASSWORD = 2, NO_METHOD = 0xff };

enum stage { STAGE_HTTP, STAGE_METHOD, STAGE_LOGIN, STAGE_REPLY, STAGE_BOUND };

struct proxying {
    struct loop *loop;
    int fd;
    const struct route *route;
    char host[256];
    unsigned short port;
    enum stage stage;
    struct buf out, in;
    size_t want; /* octets of in that make the stage's answer whole (SOCKS) */
    struct watch *io, *limit;
    int timeout_ms;
    proxy_fn *fn;
    void *arg;
};

static void finish(struct proxying *p, bool ok, const char *what)
{
    char why[700];
    loop_drop(p->io);
    loop_drop(p->limit);
    p->io = p->limit = NULL;
    snprintf(why, sizeof why, "the proxy %s %s", p->route->proxy_at.label, what);
    p->fn(p->arg, ok, ok ? "" : why);
}

/* -- HTTP -------------------------------------------------------------------------------------- */

static void http_ask(struct proxying *p)
{
    const char *form = strchr(p->host, ':') ? "[%s]:%u" : "%s:%u";
    char at[300];
    snprintf(at, sizeof at, form, p->host, p->port);
    buf_addf(&p->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", at, at);
    if (p->route->proxy_user) {
        char both[600];
        unsigned char coded[840];
        const char *password = p->route->proxy_password ? p->route->proxy_password : "";
        int n = snprintf(both, sizeof both, "%s:%.300s", p->route->proxy_user, password);
        EVP_EncodeBlock(coded, (unsigned char *)both, n);
        buf_addf(&p->out, "Proxy-Authorization: Basic %s\r\n", coded);
        explicit_bzero(both, sizeof both);
        explicit_bzero(coded, sizeof coded);
    }
    buf_add_str(&p->out, "\r\n");
    p->stage = STAGE_HTTP;
}

static const char *http_words(int code)
{
    switch (code) {
    case 401:
    case 407:
        return "wants a user and a password: --proxy http://USER@HOST:PORT and the variable "
               "HELOSCOPE_PROXY_PASSWORD";
    case 403:
        return "does not allow connections to that host or port";
    case 404:
    case 405:
    case 501:
        return "does not know CONNECT: it is no proxy for this";
    case 502:
    case 503:
        return "could not connect to the target";
    case 504:
        return "got no answer from the target";
    default:
        return "refuses";
    }
}

/* The head is whole. */
static void http_answer(struct proxying *p)
{
    int code = 0;
    const char *text = buf_str(&p->in);
    size_t n = strcspn(text, "\r\n");
    if (sscanf(text, "HTTP/%*1[0-9]%*[.0-9] %3d", &code) != 1 || code < 100) {
        finish(p, false, "does not speak HTTP");
        return;
    }
    if (code >= 200 && code < 300) {
        finish(p, true, "");
        return;
    }
    struct buf clean, why;
    buf_init(&clean, 300);
    buf_init(&why, 600);
    text_clean(&clean, text, n > 120 ? 120 : n);
    buf_addf(&why, "%s (%s)", http_words(code), buf_str(&clean));
    finish(p, false, buf_str(&why)); /* p may be gone now */
    buf_clear(&clean);
    buf_clear(&why);
}

static bool http_head_is_whole(const struct buf *in)
{
    return (in->len >= 4 && memcmp(in->p + in->len - 4, "\r\n\r\n", 4) == 0) ||
           (in->len >= 2 && memcmp(in->p + in->len - 2, "\n\n", 2) == 0);
}

/* -- SOCKS5 ------------------------------------------------------------------------------------ */

static void put(struct buf *b, unsigned v)
{
    buf_add_char(b, (char)v);
}

static void socks_greet(struct proxying *p)
{
    put(&p->out, 5);
    put(&p->out, p->route->proxy_user ? 2 : 1);
    put(&p->out, 0);
    if (p->route->proxy_user)
        put(&p->out, USER_PASSWORD);
    p->stage = STAGE_METHOD;
    p->want = 2;
}

static void socks_login(struct proxying *p)
{
    const char *user = p->route->proxy_user;
    const char *password = p->route->proxy_password ? p->route->proxy_password : "";
    size_t n = strlen(password) > 255 ? 255 : strlen(password);
    put(&p->out, 1);
    put(&p->out, (unsigned)strlen(user));
    buf_add_str(&p->out, user);
    put(&p->out, (unsigned)n);
    buf_add(&p->out, password, n);
    p->stage = STAGE_LOGIN;
    p->want = 2;
}

static void socks_ask(struct proxying *p)
{
    unsigned char ip[16];
    buf_add(&p->out, "\5\1\0", 3);
    if (inet_pton(AF_INET, p->host, ip) == 1) {
        put(&p->out, 1);
        buf_add(&p->out, ip, 4);
    } else if (inet_pton(AF_INET6, p->host, ip) == 1) {
        put(&p->out, 4);
        buf_add(&p->out, ip, 16);
    } else {
        put(&p->out, 3);
        put(&p->out, (unsigned)strlen(p->host));
        buf_add_str(&p->out, p->host);
    }
    put(&p->out, p->port >> 8);
    put(&p->out, p->port & 255);
    p->stage = STAGE_REPLY;
    p->want = 5;
}

static const char *socks_words(unsigned code)
{
    /* RFC 1928 6 */
    static const char *const words[] = {"",
                                        "failed",
                                        "does not allow connections to that host or port",
                                        "has no route to the target's network",
                                        "cannot reach the target",
                                        "was refused by the target: nothing listens on that port",
                                        "got no answer from the target in time",
                                        "does not know CONNECT",
                                        "does not know such addresses"};
    return code < sizeof words / sizeof *words ? words[code] : "refuses for a reason of its own";
}

/* An answer of p->want octets is whole. False: over. */
static bool socks_answer(struct proxying *p)
{
    const unsigned char *in = (const unsigned char *)p->in.p;
    if (in[0] != (p->stage == STAGE_LOGIN ? 1 : 5)) {
        finish(p, false, "does not speak SOCKS5");
        return false;
    }
    switch (p->stage) {
    case STAGE_METHOD:
        if (in[1] == USER_PASSWORD && p->route->proxy_user)
            socks_login(p);
        else if (in[1] == 0)
            socks_ask(p);
        else {
            finish(p, false,
                   in[1] == NO_METHOD && !p->route->proxy_user
                       ? "wants a user and a password: --proxy socks5://USER@HOST:PORT and the "
                         "variable HELOSCOPE_PROXY_PASSWORD"
                       : "takes none of our ways to log in");
            return false;
        }
        break;
    case STAGE_LOGIN:
        if (in[1] != 0) {
            finish(p, false, "does not accept this user and password");
            return false;
        }
        socks_ask(p);
        break;
    case STAGE_REPLY:
        if (in[1] != 0) {
            finish(p, false, socks_words(in[1]));
            return false;
        }
        if (in[3] != 1 && in[3] != 3 && in[3] != 4) {
            finish(p, false, "does not speak SOCKS5");
            return false;
        }
        p->stage = STAGE_BOUND;
        p->want = 4 + (in[3] == 1 ? 4u : in[3] == 4 ? 16u : 1u + in[4]) + 2;
        return true; /* more of the same answer */
    case STAGE_BOUND:
        finish(p, true, "");
        return false;
    case STAGE_HTTP:
        break;
    }
    buf_trim(&p->in, 0);
    return true;
}

/* -- octets ------------------------------------------------------------------------------------ */

static void on_io(void *arg, int fd, short revents);

static void over_errno(struct proxying *p, int e)
{
    char text[300];
    snprintf(text, sizeof text, "is gone: %s", socket_words(e));
    finish(p, false, text);
}

/* False: over. */
static bool write_out(struct proxying *p)
{
    while (p->out.len) {
        ssize_t n = send(p->fd, p->out.p, p->out.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0) {
            over_errno(p, errno);
            return false;
        }
        buf_consume(&p->out, (size_t)n);
    }
    loop_fd_events(p->io, p->out.len ? POLLIN | POLLOUT : POLLIN);
    return true;
}

static void on_io(void *arg, int fd, short revents)
{
    struct proxying *p = arg;
    char some[512];
    (void)revents;
    if (!write_out(p))
        return;
    for (;;) {
        /* HTTP's head has no length: an octet at a time. */
        size_t most = p->stage == STAGE_HTTP ? 1 : p->want - p->in.len;
        ssize_t n = recv(fd, some, most < sizeof some ? most : sizeof some, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            over_errno(p, errno);
            return;
        }
        if (n == 0) {
            finish(p, false,
                   p->in.len ? "closed the connection in the middle of its answer"
                             : "closed the connection without an answer");
            return;
        }
        if (!buf_add(&p->in, some, (size_t)n)) {
            finish(p, false, "sends an answer without end");
            return;
        }
        if (p->stage == STAGE_HTTP) {
            /* Something else that speaks in lines is found out by the first of them. */
            bool alien = p->in.len == 5 && memcmp(p->in.p, "HTTP/", 5) != 0;
            if (alien || http_head_is_whole(&p->in)) {
                http_answer(p);
                return;
            }
        } else if (p->in.len >= p->want && (!socks_answer(p) || !write_out(p))) {
            return;
        }
    }
}

static void on_limit(void *arg)
{
    struct proxying *p = arg;
    char text[80];
    p->limit = NULL;
    snprintf(text, sizeof text, "gave no answer within %g s", p->timeout_ms / 1000.0);
    finish(p, false, text);
}

struct proxying *proxy_start(struct loop *l, int fd, const struct route *r, const char *host,
                             unsigned short port, int timeout_ms, proxy_fn *fn, void *arg)
{
    struct proxying *p = xcalloc(1, sizeof *p);
    p->loop = l;
    p->fd = fd;
    p->route = r;
    snprintf(p->host, sizeof p->host, "%s", host);
    p->port = port;
    p->timeout_ms = timeout_ms;
    p->fn = fn;
    p->arg = arg;
    buf_init_secret(&p->out, 4096);
    buf_init(&p->in, ANSWER_MAX);
    if (r->proxy == PROXY_HTTP)
        http_ask(p);
    else
        socks_greet(p);
    p->io = loop_fd(l, fd, POLLIN | POLLOUT, on_io, p);
    p->limit = loop_timer(l, timeout_ms, on_limit, p);
    return p;
}

void proxy_cancel(struct proxying *p)
{
    if (!p)
        return;
    loop_drop(p->io);
    loop_drop(p->limit);
    buf_clear(&p->out);
    buf_clear(&p->in);
    free(p);
}
