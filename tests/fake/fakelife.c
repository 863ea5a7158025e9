/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fakelife.c: a fake server's listener and thread, and what the test may ask of it (fakeserver.h).
 */
#include "fake_in.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct fake *start(const struct fake_step *script, struct fake_cert *const *certs)
{
    struct fake *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->script = script;
    f->fd = f->listener = f->stop[0] = f->stop[1] = -1;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    signal(SIGPIPE, SIG_IGN); /* SSL_write has no MSG_NOSIGNAL */
    for (size_t i = 0; certs && certs[i] && i < FAKE_CERTS_MAX; i++)
        f->ctx[i] = fake_cert_ctx(certs[i]);
    if (pipe2(f->stop, O_CLOEXEC) < 0) {
        fake_free(f);
        return NULL;
    }
    return f;
}

static struct fake *go(struct fake *f)
{
    if (f && pthread_create(&f->thread, NULL, fake_run, f) == 0) {
        f->started = true;
        return f;
    }
    fake_free(f);
    return NULL;
}

struct fake *fake_start_pair(const struct fake_step *script, struct fake_cert *const *certs,
                             int *client_fd)
{
    struct fake *f = start(script, certs);
    int fd[2];

    if (!f || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0) {
        fake_free(f);
        return NULL;
    }
    f->pair = true;
    f->fd = fd[0];
    fcntl(f->fd, F_SETFL, O_NONBLOCK);
    *client_fd = fd[1];
    return go(f);
}

static struct fake *listen_on(struct fake *f, struct sockaddr *sa, socklen_t n)
{
    if (!f)
        return NULL;
    f->listener = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (f->listener < 0 || bind(f->listener, sa, n) < 0 || listen(f->listener, 8) < 0 ||
        getsockname(f->listener, sa, &n) < 0) {
        fake_free(f);
        return NULL;
    }
    return f;
}

struct fake *fake_start_tcp(const struct fake_step *script, struct fake_cert *const *certs)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    struct fake *f;

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f = listen_on(start(script, certs), (struct sockaddr *)&sa, sizeof sa);
    if (f)
        f->port = ntohs(sa.sin_port);
    return go(f);
}

struct fake *fake_start_tcp6(const struct fake_step *script, struct fake_cert *const *certs)
{
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct fake *f = listen_on(start(script, certs), (struct sockaddr *)&sa, sizeof sa);

    if (f)
        f->port = ntohs(sa.sin6_port);
    return go(f);
}

struct fake *fake_start_unix(const struct fake_step *script, struct fake_cert *const *certs)
{
    static unsigned number;
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    const char *tmp = getenv("TMPDIR");
    struct fake *f = start(script, certs);

    snprintf(sa.sun_path, sizeof sa.sun_path, "%s/helo-fake.%ld.%u", tmp && *tmp ? tmp : "/tmp",
             (long)getpid(), ++number);
    unlink(sa.sun_path);
    if (f)
        snprintf(f->path, sizeof f->path, "%s", sa.sun_path);
    return go(listen_on(f, (struct sockaddr *)&sa, sizeof sa));
}

int fake_port(const struct fake *f)
{
    return f->port;
}

const char *fake_path(const struct fake *f)
{
    return f->path;
}

static struct timespec deadline(int ms)
{
    const char *slow_factor = getenv("HELO_TEST_SLOW");
    int64_t all = (int64_t)ms * (slow_factor && atoi(slow_factor) > 1 ? atoi(slow_factor) : 1);
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_sec += all / 1000;
    ts.tv_nsec += all % 1000 * 1000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000;
    }
    return ts;
}

bool fake_wait_received(struct fake *f, const char *text, int ms)
{
    struct timespec until = deadline(ms);
    bool found = false;

    pthread_mutex_lock(&f->lock);
    for (;;) {
        found = f->got && memmem(f->got, f->ngot, text, strlen(text));
        if (found || pthread_cond_timedwait(&f->changed, &f->lock, &until) != 0)
            break;
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}

bool fake_wait_done(struct fake *f, int ms)
{
    struct timespec until = deadline(ms);
    bool done;

    pthread_mutex_lock(&f->lock);
    while (!f->done && pthread_cond_timedwait(&f->changed, &f->lock, &until) == 0)
        ;
    done = f->done;
    pthread_mutex_unlock(&f->lock);
    return done;
}

const char *fake_finish(struct fake *f)
{
    if (f->started && !f->joined) {
        /* a client that has just written its last line gets the time to be heard */
        fake_wait_done(f, 1000);
        if (write(f->stop[1], "", 1) < 0)
            return "the thread could not be stopped";
        pthread_join(f->thread, NULL);
        f->joined = true;
    }
    return f->why[0] ? f->why : NULL;
}

const char *fake_received(struct fake *f, size_t *n)
{
    if (n)
        *n = f->ngot;
    return f->got ? f->got : "";
}

size_t fake_reads(const struct fake *f)
{
    return f->reads;
}

const char *fake_read_chunk(const struct fake *f, size_t i, size_t *n)
{
    if (i >= f->reads)
        return NULL;
    *n = f->begin[i + 1] - f->begin[i];
    return f->got + f->begin[i];
}

const char *fake_sni(const struct fake *f)
{
    return f->sni;
}

size_t fake_sent(struct fake *f)
{
    size_t n;

    pthread_mutex_lock(&f->lock);
    n = f->sent;
    pthread_mutex_unlock(&f->lock);
    return n;
}

void fake_free(struct fake *f)
{
    if (!f)
        return;
    if (f->started)
        fake_finish(f);
    fake_hang_up(f, true);
    if (f->listener >= 0)
        close(f->listener);
    if (f->stop[0] >= 0)
        close(f->stop[0]);
    if (f->stop[1] >= 0)
        close(f->stop[1]);
    if (f->path[0])
        unlink(f->path);
    for (size_t i = 0; i < FAKE_CERTS_MAX; i++)
        SSL_CTX_free(f->ctx[i]);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    free(f->got);
    free(f);
}
