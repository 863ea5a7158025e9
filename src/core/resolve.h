/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names to addresses, asynchronously: A and AAAA at once, each answer told as it comes. */
#ifndef HELOSCOPE_CORE_RESOLVE_H
#define HELOSCOPE_CORE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct loop;
struct resolve;

enum { RESOLVE_MOST = 16 }; /* addresses of one family that are kept */

struct address {
    struct sockaddr_storage sa;
    socklen_t len;
};

struct resolve_answer {
    int family; /* AF_INET, AF_INET6 */
    const struct address *at;
    size_t n;        /* 0: why tells the reason in words */
    bool absent;     /* the name server said that there is none (as against: it did not say) */
    bool more;       /* the other family's answer is there too and follows at once */
    const char *why; /* "" where n > 0 */
};

/* Called from the loop, once for each family. fn may cancel. All borrowed for the call. */
typedef void resolve_fn(void *arg, const struct resolve_answer *a);

/* Starts both questions; servers ("127.0.0.1:53,...") instead of the system's if not NULL. After
 * timeout_ms what has not been answered counts as failed. NULL: c-ares cannot start; why says so.
 * Free with resolve_cancel(), always. */
struct resolve *resolve_start(struct loop *l, const char *name, unsigned short port, int timeout_ms,
                              const char *servers, resolve_fn *fn, void *arg, char *why,
                              size_t size);
/* Ends it at once; safe with NULL and in the callback. */
void resolve_cancel(struct resolve *r);

#endif
