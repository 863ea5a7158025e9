/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event loop. Plain poll(), because a loop library sets O_NONBLOCK on the terminal for
 * everybody who shares it. Timers lie in a binary heap, signals come through a self-pipe, idle jobs
 * get a slice each when nothing else was due.
 *
 * A watch that is dropped is only marked; its memory goes at the end of the outermost turn. So a
 * callback may drop any watch, also one that is about to be served, and dropping one that has ended
 * by itself is harmless until the turn is over. */
#include "heloscope/loop.h"
#include "heloscope/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum kind { WATCH_FD, WATCH_TIMER, WATCH_IDLE };
enum { SIGNALS = 65 };

struct watch {
    struct loop *loop;
    enum kind kind;
    bool dead;
    bool first;   /* descriptor of priority */
    size_t index; /* place in its list */
    int fd;
    short events;
    uint64_t due; /* microseconds */
    uint64_t seq; /* timers of one deadline fire in the order in which they were made */
    loop_fd_fn *fd_fn;
    loop_fn *fn;
    void *arg;
    struct watch *next; /* among the dead */
};

struct list {
    struct watch **at;
    size_t n, cap;
};

struct loop {
    struct list fds, timers, idles;
    struct watch *dead;
    size_t firsts; /* living descriptors of priority */
    size_t idle_turn;
    uint64_t seq;
    int depth; /* turns may nest: a callback that waits for an answer runs turns of its own */
    bool stop;
    int pipe[2];
    struct pollfd *poll;
    struct watch **polled;
    size_t poll_cap;
    loop_fn *after;
    void *after_arg;
    struct {
        loop_signal_fn *fn;
        void *arg;
        struct sigaction old;
        bool set;
    } signals[SIGNALS];
};

/* What the handler touches: nothing but these. */
static volatile sig_atomic_t signal_seen[SIGNALS];
static volatile sig_atomic_t signal_pipe[SIGNALS]; /* descriptor + 1 */

static void on_signal(int signo)
{
    int saved = errno;
    if (signo > 0 && signo < SIGNALS) {
        signal_seen[signo] = 1;
        int fd = (int)signal_pipe[signo] - 1;
        /* A full pipe is no loss: there is something to read in it, and the mark is set. */
        if (fd >= 0 && write(fd, "", 1) < 0)
            errno = saved;
    }
    errno = saved;
}

uint64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void set_flags(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

struct loop *loop_new(void)
{
    int p[2];
    if (pipe(p) < 0)
        return NULL;
    set_flags(p[0]);
    set_flags(p[1]);
    struct loop *l = xcalloc(1, sizeof *l);
    l->pipe[0] = p[0];
    l->pipe[1] = p[1];
    return l;
}

static void list_add(struct list *list, struct watch *w)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 8;
        list->at = xrealloc(list->at, list->cap * sizeof *list->at);
    }
    w->index = list->n;
    list->at[list->n++] = w;
}

static void list_remove(struct list *list, struct watch *w)
{
    struct watch *last = list->at[--list->n];
    list->at[w->index] = last;
    last->index = w->index;
}

static bool sooner(const struct watch *a, const struct watch *b)
{
    return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void heap_swap(struct list *h, size_t i, size_t j)
{
    struct watch *w = h->at[i];
    h->at[i] = h->at[j];
    h->at[j] = w;
    h->at[i]->index = i;
    h->at[j]->index = j;
}

/* Puts the entry at i where it belongs. */
static void heap_settle(struct list *h, size_t i)
{
    while (i && sooner(h->at[i], h->at[(i - 1) / 2])) {
        heap_swap(h, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->n; child++)
            if (sooner(h->at[child], h->at[least]))
                least = child;
        if (least == i)
            return;
        heap_swap(h, i, least);
        i = least;
    }
}

static void heap_remove(struct list *h, struct watch *w)
{
    size_t i = w->index;
    list_remove(h, w);
    if (i < h->n)
        heap_settle(h, i);
}

static struct watch *watch_new(struct loop *l, enum kind kind, void *arg)
{
    struct watch *w = xcalloc(1, sizeof *w);
    w->loop = l;
    w->kind = kind;
    w->arg = arg;
    w->fd = -1;
    return w;
}

struct watch *loop_fd(struct loop *l, int fd, short events, loop_fd_fn *fn, void *arg)
{
    struct watch *w = watch_new(l, WATCH_FD, arg);
    w->fd = fd;
    w->events = events;
    w->fd_fn = fn;
    list_add(&l->fds, w);
    return w;
}

void loop_fd_events(struct watch *w, short events)
{
    w->events = events;
}

void loop_fd_first(struct watch *w)
{
    if (!w->first && !w->dead)
        w->loop->firsts++;
    w->first = true;
}

struct watch *loop_timer(struct loop *l, int64_t ms, loop_fn *fn, void *arg)
{
    /* A year is for ever; it keeps the sum below from wrapping. */
    const int64_t year = INT64_C(366) * 24 * 3600 * 1000;
    struct watch *w = watch_new(l, WATCH_TIMER, arg);
    w->due = now_us() + (uint64_t)(ms < 0 ? 0 : ms > year ? year : ms) * 1000u;
    w->seq = l->seq++;
    w->fn = fn;
    list_add(&l->timers, w);
    heap_settle(&l->timers, w->index);
    return w;
}

struct watch *loop_idle(struct loop *l, loop_fn *fn, void *arg)
{
    struct watch *w = watch_new(l, WATCH_IDLE, arg);
    w->fn = fn;
    list_add(&l->idles, w);
    return w;
}

static void bury(struct loop *l)
{
    while (l->dead) {
        struct watch *w = l->dead;
        l->dead = w->next;
        free(w);
    }
}

void loop_drop(struct watch *w)
{
    if (!w || w->dead)
        return;
    struct loop *l = w->loop;
    switch (w->kind) {
    case WATCH_FD:
        list_remove(&l->fds, w);
        if (w->first)
            l->firsts--;
        break;
    case WATCH_TIMER:
        heap_remove(&l->timers, w);
        break;
    case WATCH_IDLE:
        list_remove(&l->idles, w);
        break;
    }
    w->dead = true;
    w->next = l->dead;
    l->dead = w;
    if (!l->depth)
        bury(l);
}

void loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *arg)
{
    if (signo <= 0 || signo >= SIGNALS)
        return;
    l->signals[signo].fn = fn;
    l->signals[signo].arg = arg;
    if (!fn) {
        if (l->signals[signo].set) {
            sigaction(signo, &l->signals[signo].old, NULL);
            signal_pipe[signo] = 0;
            l->signals[signo].set = false;
        }
        return;
    }
    signal_pipe[signo] = l->pipe[1] + 1;
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    sigaction(signo, &sa, l->signals[signo].set ? NULL : &l->signals[signo].old);
    l->signals[signo].set = true;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    for (int i = 1; i < SIGNALS; i++)
        loop_signal(l, i, NULL, NULL);
    struct list *lists[] = {&l->fds, &l->timers, &l->idles};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        while (lists[i]->n)
            free(lists[i]->at[--lists[i]->n]);
        free(lists[i]->at);
    }
    bury(l);
    free(l->poll);
    free(l->polled);
    close(l->pipe[0]);
    close(l->pipe[1]);
    free(l);
}

void loop_after(struct loop *l, loop_fn *fn, void *arg)
{
    l->after = fn;
    l->after_arg = arg;
}

static void run_after(struct loop *l)
{
    if (l->after)
        l->after(l->after_arg);
}

static bool serve_signals(struct loop *l)
{
    char drop[64];
    while (read(l->pipe[0], drop, sizeof drop) > 0)
        ;
    bool did = false;
    for (int i = 1; i < SIGNALS; i++) {
        if (!signal_seen[i] || !l->signals[i].fn || signal_pipe[i] != l->pipe[1] + 1)
            continue;
        signal_seen[i] = 0;
        l->signals[i].fn(l->signals[i].arg, i);
        did = true;
    }
    return did;
}

/* Looks (without waiting) at the signals and the descriptors of priority, and serves them. */
static bool serve_first(struct loop *l)
{
    enum { MOST = 8 };
    struct pollfd p[MOST + 1];
    struct watch *w[MOST + 1];
    nfds_t n = 0;
    p[n++] = (struct pollfd){.fd = l->pipe[0], .events = POLLIN};
    for (size_t i = 0; i < l->fds.n && n <= MOST; i++) {
        if (!l->fds.at[i]->first || !l->fds.at[i]->events)
            continue;
        w[n] = l->fds.at[i];
        p[n++] = (struct pollfd){.fd = l->fds.at[i]->fd, .events = l->fds.at[i]->events};
    }
    if (poll(p, n, 0) <= 0)
        return false;
    bool did = p[0].revents ? serve_signals(l) : false;
    for (nfds_t i = 1; i < n; i++) {
        if (!p[i].revents || w[i]->dead)
            continue;
        w[i]->fd_fn(w[i]->arg, w[i]->fd, p[i].revents);
        did = true;
    }
    return did;
}

/* How long poll may wait. */
static int patience(const struct loop *l, int timeout_ms)
{
    if (l->idles.n)
        return 0;
    if (!l->timers.n)
        return timeout_ms;
    uint64_t now = now_us();
    uint64_t due = l->timers.at[0]->due;
    uint64_t ms = due <= now ? 0 : (due - now + 999) / 1000;
    if (timeout_ms >= 0 && ms > (uint64_t)timeout_ms)
        return timeout_ms;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static bool serve_timers(struct loop *l)
{
    /* Only those due, and made, before now: a timer of 0 ms that makes another must not keep the
     * turn. */
    uint64_t now = now_us();
    uint64_t seq = l->seq;
    bool did = false, fresh = true;
    while (l->timers.n && l->timers.at[0]->due <= now && l->timers.at[0]->seq < seq) {
        if (!fresh && l->firsts && serve_first(l)) {
            run_after(l);
            fresh = true; /* look again: the key may have dropped the timer */
            continue;
        }
        struct watch *w = l->timers.at[0];
        loop_drop(w);
        w->fn(w->arg);
        did = true;
        fresh = false;
    }
    return did;
}

/* Serves what poll found. Priority descriptors stand first in p. */
static bool serve_fds(struct loop *l, const struct pollfd *p, struct watch *const *w, nfds_t n)
{
    bool did_first = p[0].revents ? serve_signals(l) : false;
    bool did = did_first;
    bool fresh = true; /* the priority descriptors were looked at a moment ago */
    for (nfds_t i = 1; i < n; i++) {
        if (!p[i].revents)
            continue;
        if (!w[i]->dead && !w[i]->first) {
            if (did_first)
                run_after(l);
            did_first = false;
            if (!fresh && l->firsts && serve_first(l))
                run_after(l);
            fresh = false;
        }
        if (w[i]->dead || !w[i]->events)
            continue;
        if (w[i]->first)
            did_first = true;
        w[i]->fd_fn(w[i]->arg, w[i]->fd, p[i].revents);
        did = true;
    }
    return did;
}

bool loop_turn(struct loop *l, int timeout_ms)
{
    if (!l->fds.n && !l->timers.n && !l->idles.n)
        return false;

    /* A nested turn finds no arrays here and makes its own. */
    struct pollfd *p = l->poll;
    struct watch **w = l->polled;
    size_t cap = l->poll_cap;
    l->poll = NULL;
    l->polled = NULL;
    l->poll_cap = 0;
    if (cap < l->fds.n + 1) {
        cap = l->fds.n + 16;
        p = xrealloc(p, cap * sizeof *p);
        w = xrealloc(w, cap * sizeof *w);
    }
    l->depth++;

    nfds_t n = 0;
    w[n] = NULL;
    p[n++] = (struct pollfd){.fd = l->pipe[0], .events = POLLIN};
    for (int first = 1; first >= 0; first--)
        for (size_t i = 0; i < l->fds.n; i++) {
            struct watch *x = l->fds.at[i];
            /* One that waits for nothing is not looked at: poll would report a hang-up for ever. */
            if ((int)x->first != first || !x->events)
                continue;
            w[n] = x;
            p[n++] = (struct pollfd){.fd = x->fd, .events = x->events};
        }

    int ready = poll(p, n, patience(l, timeout_ms));
    if (ready < 0 && errno == EINTR) /* the handler has written to the pipe */
        ready = poll(p, n, 0);
    bool did = ready > 0 ? serve_fds(l, p, w, n) : false;
    if (l->timers.n && serve_timers(l))
        did = true;
    if (!did && l->idles.n) {
        struct watch *x = l->idles.at[l->idle_turn++ % l->idles.n];
        x->fn(x->arg);
        did = true;
    }
    if (did)
        run_after(l);

    l->depth--;
    free(l->poll);
    free(l->polled);
    l->poll = p;
    l->polled = w;
    l->poll_cap = cap;
    if (!l->depth)
        bury(l);
    return true;
}

void loop_run(struct loop *l)
{
    l->stop = false;
    while (!l->stop && loop_turn(l, -1))
        ;
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}
