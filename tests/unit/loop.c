/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event loop: order, dropping in a callback, signals, priority, idle slices. */
#include "tests/support/check.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[256];

static void say(void *arg)
{
    strncat(said, arg, sizeof said - strlen(said) - 1);
}

static int fresh(void **state)
{
    said[0] = '\0';
    *state = loop_new();
    return *state ? 0 : -1;
}

static int done(void **state)
{
    loop_free(*state);
    return 0;
}

static void timers_in_order(void **state)
{
    struct loop *l = *state;
    loop_timer(l, 20, say, "d");
    loop_timer(l, 5, say, "b");
    struct watch *gone = loop_timer(l, 6, say, "X");
    loop_timer(l, 5, say, "c");
    loop_timer(l, 0, say, "a");
    loop_drop(gone);
    uint64_t start = now_us();
    while (loop_turn(l, -1))
        ;
    assert_string_equal(said, "abcd");
    assert_true(now_us() - start >= 20000);
}

static void many_timers(void **state)
{
    struct loop *l = *state;
    struct watch *w[500];
    for (int i = 0; i < 500; i++)
        w[i] = loop_timer(l, (i * 7919) % 10, say, "");
    for (int i = 0; i < 500; i += 2)
        loop_drop(w[i]);
    for (int i = 0; i < 3; i++)
        loop_timer(l, 12 + i, say, (char *[]){"1", "2", "3"}[i]);
    while (loop_turn(l, -1))
        ;
    assert_string_equal(said, "123");
}

struct again {
    struct loop *l;
    int n;
};

static void again(void *arg)
{
    struct again *a = arg;
    if (a->n++ < 1000)
        loop_timer(a->l, 0, again, a);
}

/* A timer that makes the next one at once must not keep a turn for ever. */
static void a_turn_ends(void **state)
{
    struct again a = {.l = *state};
    loop_timer(a.l, 0, again, &a);
    assert_true(loop_turn(a.l, -1));
    assert_in_range(a.n, 1, 2);
    while (loop_turn(a.l, -1))
        ;
    assert_int_equal(a.n, 1001);
}

static void nothing_watched(void **state)
{
    assert_false(loop_turn(*state, -1));
    loop_drop(NULL);
}

struct pair {
    struct loop *l;
    struct watch *mine, *other, *timer;
    int calls;
};

static void drops_all(void *arg, int fd, short revents)
{
    struct pair *p = arg;
    (void)fd;
    assert_true(revents & POLLIN);
    p->calls++;
    loop_drop(p->mine);
    loop_drop(p->other);
    loop_drop(p->timer);
    loop_drop(p->mine); /* twice does no harm within the turn */
}

static void drop_in_callback(void **state)
{
    struct loop *l = *state;
    int a[2], b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(write(b[1], "x", 1), 1);
    struct pair p = {.l = l};
    p.mine = loop_fd(l, a[0], POLLIN, drops_all, &p);
    p.other = loop_fd(l, b[0], POLLIN, drops_all, &p);
    p.timer = loop_timer(l, 0, say, "X");
    assert_true(loop_turn(l, -1));
    assert_int_equal(p.calls, 1);
    assert_string_equal(said, "");
    assert_false(loop_turn(l, -1));
    close(a[0]);
    close(a[1]);
    close(b[0]);
    close(b[1]);
}

static void hears(void *arg, int signo)
{
    char s[16];
    snprintf(s, sizeof s, "%s%d ", (char *)arg, signo == SIGUSR1 ? 1 : 2);
    say(s);
}

static void signals_come_from_the_loop(void **state)
{
    struct loop *l = *state;
    loop_signal(l, SIGUSR1, hears, "s");
    loop_signal(l, SIGUSR2, hears, "s");
    struct watch *w = loop_timer(l, 60000, say, "X");
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    assert_string_equal(said, "");
    assert_true(loop_turn(l, -1));
    assert_string_equal(said, "s1 s2 ");
    loop_signal(l, SIGUSR1, NULL, NULL);
    struct sigaction sa;
    sigaction(SIGUSR1, NULL, &sa);
    assert_true(sa.sa_handler == SIG_DFL);
    loop_drop(w);
}

struct flow {
    struct loop *l;
    int key_out;
    int key_in;
    int floods;
};

static void flood(void *arg, int fd, short revents)
{
    struct flow *f = arg;
    char c;
    (void)revents;
    assert_int_equal(read(fd, &c, 1), 1);
    say("f");
    if (f->floods++ == 0) /* a key comes while the server floods */
        assert_int_equal(write(f->key_out, "k", 1), 1);
}

static void key(void *arg, int fd, short revents)
{
    char c;
    (void)arg;
    (void)revents;
    assert_int_equal(read(fd, &c, 1), 1);
    say("K");
}

/* Three descriptors are ready; the key that arrives during the first is served, and shown, before
 * the second. */
static void keys_before_floods(void **state)
{
    struct loop *l = *state;
    int k[2], s[3][2];
    assert_int_equal(pipe(k), 0);
    struct flow f = {.l = l, .key_out = k[1]};
    struct watch *w[4];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pipe(s[i]), 0);
        assert_int_equal(write(s[i][1], "x", 1), 1);
        w[i] = loop_fd(l, s[i][0], POLLIN, flood, &f);
    }
    w[3] = loop_fd(l, k[0], POLLIN, key, &f);
    loop_fd_first(w[3]);
    loop_after(l, say, "|");
    assert_true(loop_turn(l, -1));
    assert_string_equal(said, "fK|ff|");
    for (int i = 0; i < 3; i++) {
        close(s[i][0]);
        close(s[i][1]);
    }
    close(k[0]);
    close(k[1]);
}

static void idle_only_when_idle(void **state)
{
    struct loop *l = *state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], "xx", 2), 2);
    struct flow f = {.l = l, .floods = 1};
    struct watch *w = loop_fd(l, p[0], POLLIN, flood, &f);
    struct watch *a = loop_idle(l, say, "a"), *b = loop_idle(l, say, "b");
    for (int i = 0; i < 6; i++)
        assert_true(loop_turn(l, -1));
    assert_string_equal(said, "ffabab");
    loop_drop(a);
    loop_drop(b);
    loop_drop(w);
    close(p[0]);
    close(p[1]);
}

/* A paused descriptor whose other end is gone must not spin the loop. */
static void paused_is_silent(void **state)
{
    struct loop *l = *state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    struct flow f = {.l = l};
    struct watch *w = loop_fd(l, p[0], POLLIN, flood, &f);
    loop_fd_events(w, 0);
    close(p[1]);
    uint64_t start = now_us();
    assert_true(loop_turn(l, 15));
    assert_true(now_us() - start >= 14000);
    assert_string_equal(said, "");
    int flags = fcntl(p[0], F_GETFL);
    assert_false(flags & O_NONBLOCK); /* never behind the owner's back */
    loop_drop(w);
    close(p[0]);
}

static void nests(void *arg)
{
    struct loop *l = arg;
    loop_timer(l, 0, say, "inner ");
    while (!strstr(said, "inner"))
        loop_turn(l, -1);
    say("outer ");
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void turns_nest(void **state)
{
    struct loop *l = *state;
    loop_timer(l, 0, nests, l);
    loop_timer(l, 1, stop, l);
    loop_run(l);
    assert_string_equal(said, "inner outer ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_in_order, fresh, done),
        cmocka_unit_test_setup_teardown(many_timers, fresh, done),
        cmocka_unit_test_setup_teardown(a_turn_ends, fresh, done),
        cmocka_unit_test_setup_teardown(nothing_watched, fresh, done),
        cmocka_unit_test_setup_teardown(drop_in_callback, fresh, done),
        cmocka_unit_test_setup_teardown(signals_come_from_the_loop, fresh, done),
        cmocka_unit_test_setup_teardown(keys_before_floods, fresh, done),
        cmocka_unit_test_setup_teardown(idle_only_when_idle, fresh, done),
        cmocka_unit_test_setup_teardown(paused_is_silent, fresh, done),
        cmocka_unit_test_setup_teardown(turns_nest, fresh, done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
