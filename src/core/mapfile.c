/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mapping a file instead of reading it keeps the first screen quick and the memory at the page
 * cache's cost; but where another program cuts the file short, looking at what is gone raises
 * SIGBUS. A guard puts a page of NULs there, so that the program goes on and can say what happened.
 * Other SIGBUS go to whoever had the signal before. */
#include "mapfile.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 16

static struct slot {
    volatile uintptr_t from, to;
    volatile sig_atomic_t torn;
} slots[SLOTS];
static struct sigaction before;
static uintptr_t page;

static void on_bus(int signo, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].from == 0 || at < slots[i].from || at >= slots[i].to)
            continue;
        void *where = (void *)(at & ~(page - 1));
        if (mmap(where, page, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == where) {
            slots[i].torn = 1;
            return;
        }
    }
    if ((before.sa_flags & SA_SIGINFO) && before.sa_sigaction) {
        before.sa_sigaction(signo, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(signo);
    } else {
        sigaction(signo, &before, NULL); /* it is raised again on return, and ends the program */
    }
}

/* The screen installs handlers of its own, before or after a file is opened: ours must be the outer
 * one. */
static void guard(void)
{
    struct sigaction now,
        ours = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
        now.sa_sigaction == on_bus)
        return;
    sigemptyset(&ours.sa_mask);
    before = now;
    sigaction(SIGBUS, &ours, NULL);
}

bool mapfile_open(struct mapfile *m, int fd, size_t n)
{
    m->slot = -1;
    m->n = n;
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return false;
    m->p = p;
    guard();
    uintptr_t from = (uintptr_t)p, whole = (n + page - 1) & ~(page - 1);
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].from)
            continue;
        slots[i].torn = 0;
        slots[i].to = from + whole;
        slots[i].from = from;
        m->slot = i;
        break;
    }
    return true;
}

void mapfile_close(struct mapfile *m)
{
    if (m->slot >= 0)
        slots[m->slot].from = 0;
    if (m->p)
        munmap((void *)(uintptr_t)m->p, m->n);
    m->p = NULL;
}

void mapfile_soon(const struct mapfile *m, size_t at, size_t n)
{
#ifdef MADV_POPULATE_READ
    size_t from = at & ~(page - 1);
    /* Where the kernel cannot, the pages come one by one as before. */
    (void)madvise((void *)(uintptr_t)(m->p + from), n + (at - from), MADV_POPULATE_READ);
#else
    (void)m;
    (void)at;
    (void)n;
#endif
}

bool mapfile_torn(const struct mapfile *m)
{
    guard();
    return m->slot >= 0 && slots[m->slot].torn;
}
