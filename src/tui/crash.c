/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signal handlers that give the terminal back. Plain ncurses restores it on INT and TERM only;
 * after SEGV, ABRT, HUP or QUIT the shell is left in raw mode on the alternate screen. Everything a
 * handler needs is made before the signal comes (one string, one termios), so that it calls nothing
 * but async-signal-safe functions. */
#include "tui/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRING_MAX 512

static const int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS,  SIGFPE, SIGILL,
                                    SIGHUP,  SIGQUIT, SIGTERM, SIGINT};
#define NFATAL (sizeof fatal_signals / sizeof *fatal_signals)

static struct sigaction before[NFATAL];
static char back_bytes[STRING_MAX], take_bytes[STRING_MAX];
static size_t back_len, take_len;
static struct termios outside_modes, inside_modes;
static volatile sig_atomic_t armed;
static volatile sig_atomic_t told;
static int pipe_fds[2] = {-1, -1};
static bool installed;

static void put(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(STDOUT_FILENO, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return; /* the terminal is gone (SIGHUP): nothing is left to restore */
        p += k;
        n -= (size_t)k;
    }
}

static void give_back(void)
{
    if (!armed)
        return;
    put(back_bytes, back_len);
    tcsetattr(STDIN_FILENO, TCSANOW, &outside_modes);
}

static void on_fatal(int signo)
{
    give_back();
    armed = 0;
    /* Whoever handled it before us (nobody, or a sanitizer with a report to write) gets it now. */
    for (size_t i = 0; i < NFATAL; i++)
        if (fatal_signals[i] == signo)
            sigaction(signo, &before[i], NULL);
    raise(signo);
}

static void tell(int bit)
{
    int saved = errno;
    told |= bit;
    ssize_t k = write(pipe_fds[1], "!", 1); /* full: a wake-up is under way already */
    (void)k;
    errno = saved;
}

static void on_winch(int signo)
{
    (void)signo;
    tell(CRASH_WINCH);
}

static void on_stop(int signo);

static void watch(int signo, void (*fn)(int), int flags)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = fn;
    a.sa_flags = flags;
    sigemptyset(&a.sa_mask);
    sigaction(signo, &a, NULL);
}

/* Stopped from outside (kill -TSTP): step back, stop for real; SIGCONT's handler takes the terminal
 * again. */
static void on_stop(int signo)
{
    int saved = errno;
    give_back();
    watch(signo, SIG_DFL, 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    raise(signo);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    watch(signo, on_stop, SA_RESTART);
    errno = saved;
}

static void on_cont(int signo)
{
    (void)signo;
    int saved = errno;
    /* In the background (bg) the terminal is somebody else's; fg sends another SIGCONT. */
    if (armed && tcgetpgrp(STDIN_FILENO) == getpgrp()) {
        tcsetattr(STDIN_FILENO, TCSANOW, &inside_modes);
        put(take_bytes, take_len);
        tell(CRASH_CONT | CRASH_WINCH);
    }
    errno = saved;
}

void crash_strings(const char *back, size_t nback, const char *take, size_t ntake)
{
    back_len = nback < STRING_MAX ? nback : STRING_MAX;
    memcpy(back_bytes, back, back_len);
    take_len = ntake < STRING_MAX ? ntake : STRING_MAX;
    memcpy(take_bytes, take, take_len);
}

void crash_modes(const struct termios *outside, const struct termios *inside)
{
    outside_modes = *outside;
    inside_modes = *inside;
}

bool crash_install(void)
{
    if (installed)
        return true;
    if (pipe(pipe_fds) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(pipe_fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(pipe_fds[i], F_SETFL, O_NONBLOCK);
    }
    /* A stack that overflowed cannot carry its own handler. */
    static char stack_bytes[65536];
    stack_t st = {.ss_sp = stack_bytes, .ss_size = sizeof stack_bytes};
    sigaltstack(&st, NULL);
    for (size_t i = 0; i < NFATAL; i++) {
        struct sigaction a;
        sigaction(fatal_signals[i], NULL, &before[i]);
        if (before[i].sa_handler == SIG_IGN)
            continue; /* nohup: stays ignored */
        memset(&a, 0, sizeof a);
        a.sa_handler = on_fatal;
        a.sa_flags = SA_ONSTACK;
        sigfillset(&a.sa_mask);
        sigaction(fatal_signals[i], &a, NULL);
    }
    watch(SIGWINCH, on_winch, SA_RESTART);
    watch(SIGTSTP, on_stop, SA_RESTART);
    watch(SIGCONT, on_cont, SA_RESTART);
    installed = true;
    return true;
}

void crash_armed(bool on)
{
    armed = on;
}

int crash_fd(void)
{
    return pipe_fds[0];
}

int crash_told(void)
{
    char trash[64];
    if (pipe_fds[0] < 0 || (!told && read(pipe_fds[0], trash, 1) <= 0))
        return 0;
    while (read(pipe_fds[0], trash, sizeof trash) > 0)
        ;
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, &old);
    int bits = told;
    told = 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    return bits;
}
