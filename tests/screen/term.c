/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * term.c: starts the program on its pseudo-terminal, moves bytes between it and libvterm, waits.
 * Keys are in term_keys.c, what can be seen on the screen in term_look.c, the raw stream in
 * term_scan.c.
 */
#include "term_in.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#define ENV_MAX 64

static struct term *terms;

static void fail_plain(const char *file, int line, const char *message)
{
    fprintf(stderr, "%s\n%s:%d: failed\n", message, file, line);
    term_stop_all(NULL);
    exit(1);
}

term_fail_fn *term_fail = fail_plain;

int64_t term_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int term_limit(int ms)
{
    const char *slow = getenv("HELO_TEST_SLOW");
    int factor = slow ? atoi(slow) : 1;

    return factor > 1 && ms < INT_MAX / factor ? ms * factor : ms;
}

void term_failed(struct term *t, const char *file, int line, const char *format, ...)
{
    char message[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    if (t) {
        term_print(t);
        if (t->ended)
            fprintf(stderr, "the program has ended: %s %d\n",
                    WIFSIGNALED(t->status) ? "signal" : "status",
                    WIFSIGNALED(t->status) ? WTERMSIG(t->status) : WEXITSTATUS(t->status));
    }
    term_fail(file, line, message);
    abort(); /* term_fail must not return */
}

/* ------------------------------------------------------------------ libvterm's calls */

static int on_prop(VTermProp prop, VTermValue *v, void *user)
{
    struct term *t = user;

    if (prop == VTERM_PROP_ALTSCREEN)
        t->altscreen = v->boolean != 0;
    else if (prop == VTERM_PROP_CURSORVISIBLE)
        t->cursor_visible = v->boolean != 0;
    else if (prop == VTERM_PROP_TITLE && v->string)
        snprintf(t->title, sizeof t->title, "%s", v->string);
    return 1;
}

/* Answers of the terminal (device attributes, cursor reports) go back to the program. They are
 * short; when the program does not read them they are lost, as a real terminal loses them. */
static void on_output(const char *bytes, size_t n, void *user)
{
    struct term *t = user;

    if (t->master >= 0 && write(t->master, bytes, n) < 0 && errno != EAGAIN)
        return;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_prop};

/* ------------------------------------------------------------------ the environment */

struct env {
    char *v[ENV_MAX + 1];
    size_t n;
};

static void env_set(struct env *e, const char *pair)
{
    size_t name = strcspn(pair, "=");
    size_t i;

    for (i = 0; i < e->n; i++)
        if (strncmp(e->v[i], pair, name) == 0 && e->v[i][name] == '=')
            break;
    if (i < e->n) {
        free(e->v[i]);
        if (!pair[name]) { /* a bare name takes it away */
            e->v[i] = e->v[--e->n];
            e->v[e->n] = NULL;
            return;
        }
        e->v[i] = strdup(pair);
    } else if (pair[name] && e->n < ENV_MAX) {
        e->v[e->n++] = strdup(pair);
    }
}

__attribute__((format(printf, 2, 3))) static void env_setf(struct env *e, const char *format, ...)
{
    char pair[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(pair, sizeof pair, format, ap);
    va_end(ap);
    env_set(e, pair);
}

static void env_build(struct env *e, const char *home, const char *const *extra)
{
    static const char *const kept[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
                                       "LLVM_PROFILE_FILE", "GCOV_PREFIX"};

    env_set(e, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin");
    env_set(e, "TERM=xterm-256color");
    env_set(e, "LANG=C.UTF-8");
    env_set(e, "LC_ALL=C.UTF-8");
    env_set(e, "TZ=UTC");
    env_set(e, "SHELL=/bin/sh");
    env_setf(e, "HOME=%s", home);
    env_setf(e, "TMPDIR=%s", home);
    env_setf(e, "XDG_CONFIG_HOME=%s/.config", home);
    env_setf(e, "XDG_DATA_HOME=%s/.local/share", home);
    env_setf(e, "XDG_STATE_HOME=%s/.local/state", home);
    env_setf(e, "XDG_CACHE_HOME=%s/.cache", home);
    env_setf(e, "XDG_RUNTIME_DIR=%s/.run", home);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (getenv(kept[i]))
            env_setf(e, "%s=%s", kept[i], getenv(kept[i]));
    for (size_t i = 0; extra && extra[i]; i++)
        env_set(e, extra[i]);
}

static void make_home(struct term *t, const char *const *extra)
{
    const char *tmp = getenv("TMPDIR");

    for (size_t i = 0; extra && extra[i]; i++)
        if (strncmp(extra[i], "HOME=", 5) == 0) {
            snprintf(t->home, sizeof t->home, "%s", extra[i] + 5);
            return;
        }
    snprintf(t->home, sizeof t->home, "%s/helo-term.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(t->home)) {
        t->home[0] = '\0';
        return;
    }
    t->own_home = true;
}

static int rm_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    (void)remove(path);
    return 0;
}

/* ------------------------------------------------------------------ start and stop */

/* In the child: only the terminal stays open, signals as a login shell leaves them, then the
 * program. */
static _Noreturn void become(const char *const *argv, const struct env *e)
{
    sigset_t none;
    long max = sysconf(_SC_OPEN_MAX);

    if (max < 0 || max > 4096)
        max = 4096;
    for (int fd = 3; fd < max; fd++)
        close(fd);
    for (int sig = 1; sig < 32; sig++)
        signal(sig, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* argv and the environment are only read by exec; POSIX declares them otherwise for old code */
    execvpe(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)e->v);
    dprintf(2, "%s: %s\r\n", argv[0], strerror(errno));
    _exit(127);
}

struct term *term_start_at(int cols, int rows, const char *const *argv, const char *const *extra,
                           const char *file, int line)
{
    struct term *t = calloc(1, sizeof *t);
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    struct env e = {.n = 0};

    if (!t)
        term_failed(NULL, file, line, "no memory");
    t->rows = rows;
    t->cols = cols;
    t->cursor_visible = true;
    make_home(t, extra);
    env_build(&e, t->home, extra);

    t->vt = vterm_new(rows, cols);
    vterm_set_utf8(t->vt, 1);
    vterm_output_set_callback(t->vt, on_output, t);
    t->screen = vterm_obtain_screen(t->vt);
    vterm_screen_set_callbacks(t->screen, &callbacks, t);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_reset(t->screen, 1);

    if (t->home[0] == '\0' || openpty(&t->master, &t->slave, NULL, NULL, &ws) < 0)
        term_failed(NULL, file, line, "no pseudo-terminal or no home: %s", strerror(errno));
    fcntl(t->master, F_SETFD, FD_CLOEXEC);
    fcntl(t->slave, F_SETFD, FD_CLOEXEC);
    fcntl(t->master, F_SETFL, O_NONBLOCK);
    tcgetattr(t->slave, &t->before);
    t->t_start = term_now();
    t->pid = fork();
    if (t->pid == 0) {
        if (login_tty(t->slave) < 0)
            _exit(126);
        if (t->own_home && chdir(t->home) < 0)
            _exit(126);
        become(argv, &e);
    }
    for (size_t i = 0; i < e.n; i++)
        free(e.v[i]);
    if (t->pid < 0)
        term_failed(NULL, file, line, "fork: %s", strerror(errno));
    t->next = terms;
    terms = t;
    return t;
}

void term_stop(struct term *t)
{
    if (!t)
        return;
    if (!t->ended) {
        kill(-t->pid, SIGKILL);
        kill(t->pid, SIGKILL);
        waitpid(t->pid, &t->status, 0);
    }
    if (t->master >= 0)
        close(t->master);
    close(t->slave);
    vterm_free(t->vt);
    term_scan_clear(&t->scan);
    for (struct term **p = &terms; *p; p = &(*p)->next)
        if (*p == t) {
            *p = t->next;
            break;
        }
    if (t->own_home)
        nftw(t->home, rm_one, 16, FTW_DEPTH | FTW_PHYS);
    free(t->raw);
    free(t->text);
    free(t);
}

int term_stop_all(void **state)
{
    (void)state;
    while (terms)
        term_stop(terms);
    return 0;
}

/* ------------------------------------------------------------------ moving bytes */

static void keep(struct term *t, const char *bytes, size_t n)
{
    if (t->raw_n + n > t->raw_cap) {
        size_t cap = t->raw_cap ? t->raw_cap : 65536;
        char *p;

        while (cap < t->raw_n + n)
            cap *= 2;
        p = cap <= TERM_RAW_CEILING ? realloc(t->raw, cap) : NULL;
        if (!p)
            return;
        t->raw = p;
        t->raw_cap = cap;
    }
    memcpy(t->raw + t->raw_n, bytes, n);
    t->raw_n += n;
}

bool term_read(struct term *t)
{
    char bytes[65536];
    bool some = false;

    while (t->master >= 0) {
        ssize_t n = read(t->master, bytes, sizeof bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        t->t_last = term_now();
        if (!t->t_first)
            t->t_first = t->t_last;
        if (!t->t_echo)
            t->t_echo = t->t_last;
        t->written += (size_t)n;
        keep(t, bytes, (size_t)n);
        term_scan_feed(&t->scan, bytes, (size_t)n);
        vterm_input_write(t->vt, bytes, (size_t)n);
        some = true;
    }
    if (some)
        vterm_screen_flush_damage(t->screen);
    return some;
}

void term_reap(struct term *t)
{
    if (!t->ended && waitpid(t->pid, &t->status, WNOHANG) == t->pid) {
        t->ended = true;
        tcgetattr(t->slave, &t->after);
        term_read(t);
    }
}

bool term_pump(struct term *t, int ms)
{
    struct pollfd p = {.fd = t->master, .events = POLLIN};

    if (poll(&p, 1, ms) > 0 && term_read(t))
        return true;
    term_reap(t);
    return false;
}

void term_write(struct term *t, const char *bytes, size_t n)
{
    int64_t until = term_now() + (int64_t)term_limit(10000) * 1000;

    t->t_key = term_now();
    t->t_echo = 0;
    while (n > 0 && t->master >= 0) {
        ssize_t w = write(t->master, bytes, n);

        if (w > 0) {
            bytes += w;
            n -= (size_t)w;
            continue;
        }
        if (w < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (term_now() > until)
            term_failed(t, __FILE__, __LINE__, "the program does not read its terminal");
        struct pollfd p = {.fd = t->master, .events = POLLIN | POLLOUT};

        poll(&p, 1, 20);
        term_read(t);
        term_reap(t);
        if (t->ended)
            return;
    }
}

/* ------------------------------------------------------------------ waiting */

/* The one loop under all waits: feed until fn is true or the limit has passed. */
static bool until(struct term *t, bool (*fn)(struct term *, void *), void *arg, int ms)
{
    int64_t end = term_now() + (int64_t)term_limit(ms) * 1000;

    term_read(t);
    while (!fn(t, arg)) {
        int64_t left = (end - term_now()) / 1000;

        if (left <= 0)
            return false;
        /* the end of a program makes no byte: look after it every now and then */
        if (!term_pump(t, left < 20 ? (int)left : 20) && t->ended)
            return fn(t, arg);
    }
    return true;
}

struct sight {
    const char *text;
    int row;
};

static bool sees(struct term *t, void *arg)
{
    return term_shows(t, ((struct sight *)arg)->text);
}

static bool sees_not(struct term *t, void *arg)
{
    return !sees(t, arg);
}

static bool sees_in_row(struct term *t, void *arg)
{
    struct sight *s = arg;

    return strstr(term_row(t, s->row), s->text) != NULL;
}

void term_wait_at(struct term *t, const char *text, int ms, const char *file, int line)
{
    struct sight s = {.text = text};

    if (!until(t, sees, &s, ms))
        term_failed(t, file, line, "waited %d ms in vain to see \"%s\"", ms, text);
}

void term_wait_row_at(struct term *t, int row, const char *text, int ms, const char *file, int line)
{
    struct sight s = {.text = text, .row = row};

    if (!until(t, sees_in_row, &s, ms))
        term_failed(t, file, line, "waited %d ms in vain to see \"%s\" in row %d", ms, text, row);
}

void term_wait_gone_at(struct term *t, const char *text, int ms, const char *file, int line)
{
    struct sight s = {.text = text};

    if (!until(t, sees_not, &s, ms))
        term_failed(t, file, line, "waited %d ms in vain for \"%s\" to go", ms, text);
}

void term_wait_for_at(struct term *t, bool (*fn)(struct term *, void *), void *arg,
                      const char *what, int ms, const char *file, int line)
{
    if (!until(t, fn, arg, ms))
        term_failed(t, file, line, "waited %d ms in vain: %s", ms, what);
}

static bool quiet(struct term *t, void *arg)
{
    int64_t *from = arg; /* [0] when it was last heard of, [1] how long it must be quiet */

    if (t->t_last > from[0])
        from[0] = t->t_last;
    return term_now() - from[0] >= from[1];
}

void term_wait_quiet_at(struct term *t, int quiet_ms, int ms, const char *file, int line)
{
    int64_t from[2] = {term_now(), (int64_t)quiet_ms * 1000};

    if (!until(t, quiet, from, ms) && !t->ended)
        term_failed(t, file, line, "not quiet for %d ms within %d ms", quiet_ms, ms);
}

int64_t term_key_echo(struct term *t, int ms)
{
    int64_t end = term_now() + (int64_t)term_limit(ms) * 1000;

    while (!t->t_echo && !t->ended) {
        int64_t left = (end - term_now()) / 1000;

        if (left <= 0)
            break;
        term_pump(t, left < 20 ? (int)left : 20);
    }
    return t->t_echo ? t->t_echo - t->t_key : -1;
}

/* ------------------------------------------------------------------ the program */

static bool has_ended(struct term *t, void *arg)
{
    (void)arg;
    term_reap(t);
    return t->ended;
}

bool term_running(struct term *t)
{
    term_reap(t);
    return !t->ended;
}

int term_exit_status_at(struct term *t, int ms, const char *file, int line)
{
    if (!until(t, has_ended, NULL, ms))
        term_failed(t, file, line, "the program still runs after %d ms", ms);
    return WIFSIGNALED(t->status) ? 128 + WTERMSIG(t->status) : WEXITSTATUS(t->status);
}

int term_exit_signal(const struct term *t)
{
    return t->ended && WIFSIGNALED(t->status) ? WTERMSIG(t->status) : 0;
}

pid_t term_pid(const struct term *t)
{
    return t->pid;
}

const char *term_home(const struct term *t)
{
    return t->home;
}

void term_signal(struct term *t, int sig)
{
    if (!t->ended)
        kill(t->pid, sig);
}

void term_hangup(struct term *t)
{
    term_read(t);
    if (t->master >= 0)
        close(t->master);
    t->master = -1;
}
