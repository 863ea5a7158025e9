/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fakeserver.c: the steps of a script (fakeserver.h). One thread, one connection at a time,
 * non-blocking sockets and poll(), so that fake_finish() can end it in the middle of any step.
 */
#include "fake_in.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h> /* SIOCOUTQ */
#endif

#define RECORD_CEILING ((size_t)16 * 1024 * 1024)
#define STEP_MS 10000

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t limit(void)
{
    const char *slow = getenv("HELO_TEST_SLOW");

    return now_ms() + STEP_MS * (int64_t)(slow && atoi(slow) > 1 ? atoi(slow) : 1);
}

__attribute__((format(printf, 2, 3))) static bool wrong(struct fake *f, const char *format, ...)
{
    va_list ap;

    if (!f->why[0]) {
        va_start(ap, format);
        vsnprintf(f->why, sizeof f->why, format, ap);
        va_end(ap);
    }
    return false;
}

/* Wait for fd; 1 ready, 0 time is up, -1 fake_finish() wants the end. */
static int wait_fd(struct fake *f, int fd, short events, int64_t until)
{
    struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = f->stop[0], .events = POLLIN}};

    for (;;) {
        int64_t left = until - now_ms();
        int n = poll(p, 2, left > 0 ? (int)left : 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (p[1].revents) {
            f->stopped = true;
            return -1;
        }
        return n > 0;
    }
}

/* ------------------------------------------------------------------ receiving */

static void record(struct fake *f, const char *bytes, size_t n)
{
    pthread_mutex_lock(&f->lock);
    if (f->ngot + n + 1 > f->cap && f->ngot + n < RECORD_CEILING) {
        size_t cap = (f->ngot + n + 1) * 2;
        char *p = realloc(f->got, cap);

        if (p) {
            f->got = p;
            f->cap = cap;
        }
    }
    if (f->ngot + n + 1 <= f->cap) {
        if (f->reads < FAKE_READS_MAX)
            f->begin[f->reads++] = f->ngot;
        memcpy(f->got + f->ngot, bytes, n);
        f->ngot += n;
        f->got[f->ngot] = '\0';
        f->begin[f->reads] = f->ngot;
    }
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* One read, waiting for it. 1 something came, 0 time is up, -1 the end (f->eof says whose). */
static int receive(struct fake *f, int64_t until)
{
    char bytes[65536];

    if (f->fd < 0 || f->eof) {
        f->eof = true;
        return -1;
    }
    for (;;) {
        ssize_t n;
        int events = POLLIN;

        if (f->ssl) {
            n = SSL_read(f->ssl, bytes, sizeof bytes);
            if (n <= 0) {
                int e = SSL_get_error(f->ssl, (int)n);

                if (e == SSL_ERROR_WANT_WRITE)
                    events = POLLOUT;
                else if (e != SSL_ERROR_WANT_READ) {
                    f->eof = true;
                    return -1;
                }
            }
        } else {
            n = read(f->fd, bytes, sizeof bytes);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                f->eof = true;
                return -1;
            }
        }
        if (n > 0) {
            record(f, bytes, (size_t)n);
            return 1;
        }
        switch (wait_fd(f, f->fd, (short)events, until)) {
        case 0:
            return 0;
        case -1:
            return -1;
        }
    }
}

/* The line that begins at f->used, waiting for it; its length with the LF, 0: it did not come. */
static size_t line(struct fake *f)
{
    int64_t until = limit();

    for (;;) {
        const char *p = f->got ? memchr(f->got + f->used, '\n', f->ngot - f->used) : NULL;

        if (p)
            return (size_t)(p - (f->got + f->used)) + 1;
        if (receive(f, until) <= 0)
            return 0;
    }
}

static bool expect(struct fake *f, const struct fake_step *s)
{
    size_t n = line(f);
    bool same;

    if (n == 0)
        return wrong(f, "expected \"%.80s\", but %s after \"%.80s\"", s->text,
                     f->eof ? "the client closed" : "nothing came", f->got ? f->got + f->used : "");
    same = n >= s->len && memcmp(f->got + f->used, s->text, s->len) == 0;
    if (!same)
        wrong(f, "expected \"%.80s\", but \"%.*s\" came", s->text, n > 90 ? 90 : (int)n - 1,
              f->got + f->used);
    f->used += n;
    return same;
}

static bool expect_data(struct fake *f)
{
    int64_t until = limit();
    size_t from = f->used;

    for (;;) {
        const char *p = NULL;

        /* a letter may be empty: then the dot stands first */
        if (f->ngot - f->used >= 3 && memcmp(f->got + f->used, ".\r\n", 3) == 0) {
            f->used += 3;
            return true;
        }
        if (f->got && f->ngot > from)
            p = memmem(f->got + from, f->ngot - from, "\r\n.\r\n", 5);
        if (p) {
            f->used = (size_t)(p - f->got) + 5;
            return true;
        }
        from = f->ngot - f->used > 4 ? f->ngot - 4 : f->used;
        if (receive(f, until) <= 0)
            return wrong(f, "expected a letter and its dot, but %s",
                         f->eof ? "the client closed" : "they did not come");
    }
}

static bool expect_bytes(struct fake *f, size_t n)
{
    int64_t until = limit();

    while (f->ngot - f->used < n)
        if (receive(f, until) <= 0)
            return wrong(f, "expected %zu bytes, but %zu came", n, f->ngot - f->used);
    f->used += n;
    return true;
}

static bool expect_eof(struct fake *f)
{
    int64_t until = limit();

    for (;;) {
        int r = receive(f, until);

        if (f->eof)
            return f->ngot == f->used ||
                   wrong(f, "expected the end, but \"%.80s\" came", f->got + f->used);
        if (r <= 0)
            return wrong(f, "expected the client to close, but it did not");
    }
}

static bool expect_nothing(struct fake *f, long ms)
{
    int r = f->ngot > f->used ? 1 : receive(f, now_ms() + ms);

    if (r > 0)
        return wrong(f, "expected nothing, but \"%.80s\" came", f->got + f->used);
    return r == 0 || wrong(f, "expected nothing, but the client closed");
}

/* ------------------------------------------------------------------ sending */

static bool send_all(struct fake *f, const char *bytes, size_t n)
{
    int64_t until = limit();

    while (n > 0) {
        ssize_t w;
        short events = POLLOUT;

        if (f->fd < 0)
            return wrong(f, "the connection is closed already");
        if (f->ssl) {
            w = SSL_write(f->ssl, bytes, n > 65536 ? 65536 : (int)n);
            if (w <= 0 && SSL_get_error(f->ssl, (int)w) == SSL_ERROR_WANT_READ)
                events = POLLIN;
            else if (w <= 0 && SSL_get_error(f->ssl, (int)w) != SSL_ERROR_WANT_WRITE)
                return wrong(f, "sending failed: TLS is gone");
        } else {
            w = send(f->fd, bytes, n, MSG_NOSIGNAL);
            if (w < 0 && errno != EAGAIN && errno != EINTR)
                return wrong(f, "sending failed: %s", strerror(errno));
        }
        if (w > 0) {
            bytes += w;
            n -= (size_t)w;
            pthread_mutex_lock(&f->lock);
            f->sent += (size_t)w;
            pthread_mutex_unlock(&f->lock);
            until = limit();
            continue;
        }
        if (wait_fd(f, f->fd, events, until) <= 0)
            return wrong(f, "the client does not read");
    }
    return true;
}

/* Wait until the client has taken what was sent, so that the next piece is a read of its own. Over
 * a socketpair the queue tells; over TCP the acknowledgement does not mean that it was read, so a
 * nap comes on top. */
static bool taken(struct fake *f)
{
#ifdef SIOCOUTQ
    int64_t until = now_ms() + 200;
    int queued = 0;

    while (f->fd >= 0 && ioctl(f->fd, SIOCOUTQ, &queued) == 0 && queued > 0 && now_ms() < until) {
        struct timespec nap = {0, 20000};

        nanosleep(&nap, NULL);
    }
#endif
    if (!f->pair) {
        struct timespec nap = {0, 200000};

        nanosleep(&nap, NULL);
    }
    return true;
}

static bool send_split(struct fake *f, const char *bytes, size_t n)
{
    if (!f->split)
        return send_all(f, bytes, n);
    while (n > 0) {
        size_t k = n < f->split ? n : f->split;

        if (!send_all(f, bytes, k) || !taken(f))
            return false;
        bytes += k;
        n -= k;
    }
    return true;
}

/* A slow server: ms pass, unless fake_finish() comes first. What the client sends meanwhile stays
 * in its socket. */
static bool slow(struct fake *f, long ms)
{
    return wait_fd(f, -1, 0, now_ms() + ms) >= 0 || wrong(f, "stopped while being slow");
}

static bool tarpit(struct fake *f, const struct fake_step *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (!slow(f, s->n) || !send_all(f, s->text + i, 1))
            return false;
    return true;
}

static bool flood(struct fake *f, const struct fake_step *s)
{
    size_t fit = s->len > 65536 ? 1 : 65536 / (s->len ? s->len : 1);
    long left = s->n;
    char *block;
    bool ok = true;

    if (fit > (size_t)left)
        fit = (size_t)left;
    block = malloc(fit * s->len + 1);
    if (!block)
        return wrong(f, "no memory");
    for (size_t i = 0; i < fit; i++)
        memcpy(block + i * s->len, s->text, s->len);
    while (ok && left > 0) {
        size_t k = (size_t)left < fit ? (size_t)left : fit;

        ok = send_all(f, block, k * s->len);
        left -= (long)k;
    }
    free(block);
    return ok;
}

/* ------------------------------------------------------------------ the connection */

void fake_hang_up(struct fake *f, bool politely)
{
    if (f->ssl) {
        if (politely)
            SSL_shutdown(f->ssl);
        SSL_free(f->ssl);
        f->ssl = NULL;
        ERR_clear_error();
    }
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

static bool take_client(struct fake *f)
{
    int one = 1;
    int64_t until = limit();

    if (f->listener < 0)
        return wrong(f, "there is no listener to accept from");
    if (wait_fd(f, f->listener, POLLIN, until) <= 0)
        return wrong(f, "no client came");
    f->fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (f->fd < 0)
        return wrong(f, "accept: %s", strerror(errno));
    setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    f->eof = false;
    f->used = f->ngot;
    return true;
}

static int note_sni(SSL *ssl, int *alert, void *arg)
{
    struct fake *f = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    snprintf(f->sni, sizeof f->sni, "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static bool start_tls(struct fake *f, long n, bool shall_fail)
{
    int64_t until = limit();
    int e = SSL_ERROR_NONE;

    if (f->ngot > f->used)
        return wrong(f, "the client sent %zu bytes in the clear before the handshake",
                     f->ngot - f->used);
    if (n < 0 || n >= FAKE_CERTS_MAX || !f->ctx[n])
        return wrong(f, "there is no certificate %ld", n);
    SSL_CTX_set_tlsext_servername_callback(f->ctx[n], note_sni);
    SSL_CTX_set_tlsext_servername_arg(f->ctx[n], f);
    f->ssl = SSL_new(f->ctx[n]);
    if (!f->ssl || !SSL_set_fd(f->ssl, f->fd))
        return wrong(f, "no TLS");
    for (;;) {
        int r = SSL_accept(f->ssl);

        if (r == 1)
            break;
        e = SSL_get_error(f->ssl, r);
        if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
            break;
        if (wait_fd(f, f->fd, e == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until) <= 0)
            return wrong(f, "the TLS handshake did not come to its end");
        e = SSL_ERROR_NONE;
    }
    if (shall_fail && e == SSL_ERROR_NONE) {
        /* under TLS 1.3 the server is done before the client has looked at the certificate: its
         * alert or its close comes with the first read */
        if (receive(f, until) > 0)
            return wrong(f, "the client went on over a connection it should have refused");
        e = f->eof ? SSL_ERROR_SSL : SSL_ERROR_NONE;
    }
    ERR_clear_error();
    if (shall_fail)
        return e != SSL_ERROR_NONE || wrong(f, "the client did not give up");
    return e == SSL_ERROR_NONE || wrong(f, "the TLS handshake failed");
}

static bool step(struct fake *f, const struct fake_step *s)
{
    struct linger hard = {1, 0};

    switch (s->op) {
    case FAKE_END:
        return true;
    case FAKE_EXPECT:
        return expect(f, s);
    case FAKE_EXPECT_DATA:
        return expect_data(f);
    case FAKE_EXPECT_BYTES:
        return expect_bytes(f, (size_t)s->n);
    case FAKE_EXPECT_EOF:
        return expect_eof(f);
    case FAKE_EXPECT_NOTHING:
        return expect_nothing(f, s->n);
    case FAKE_SEND:
        return send_split(f, s->text, s->len);
    case FAKE_INJECT:
        return send_all(f, s->text, s->len);
    case FAKE_SPLIT:
        f->split = (size_t)s->n;
        return true;
    case FAKE_DELAY:
        return slow(f, s->n);
    case FAKE_TARPIT:
        return tarpit(f, s);
    case FAKE_FLOOD:
        return flood(f, s);
    case FAKE_CLOSE:
        fake_hang_up(f, true);
        return true;
    case FAKE_CUT:
        fake_hang_up(f, false);
        return true;
    case FAKE_HALFCLOSE:
        return shutdown(f->fd, SHUT_WR) == 0 || wrong(f, "shutdown: %s", strerror(errno));
    case FAKE_RESET:
        setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        fake_hang_up(f, false);
        return true;
    case FAKE_STARTTLS:
        return start_tls(f, s->n, false);
    case FAKE_TLS_FAILS:
        return start_tls(f, s->n, true);
    case FAKE_ACCEPT_AGAIN:
        fake_hang_up(f, true);
        return take_client(f);
    }
    return wrong(f, "unknown step");
}

void *fake_run(void *arg)
{
    struct fake *f = arg;
    const struct fake_step *s = f->script;
    char why[sizeof f->why];
    bool ok = f->pair || take_client(f);

    while (ok && (ok = step(f, s)) && s->op != FAKE_END)
        s++;
    if (!ok) {
        snprintf(why, sizeof why, "%s", f->why);
        snprintf(f->why, sizeof f->why, "step %td: %.480s", s - f->script + 1, why);
    }
    pthread_mutex_lock(&f->lock);
    f->done = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    /* stay, and keep recording, until fake_finish() */
    while (!f->stopped && f->fd >= 0 && !f->eof)
        if (receive(f, limit()) < 0)
            break;
    return NULL;
}
