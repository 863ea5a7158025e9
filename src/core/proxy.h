/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking a proxy, over a socket that is connected to it, to connect us further. */
#ifndef HELOSCOPE_CORE_PROXY_H
#define HELOSCOPE_CORE_PROXY_H

#include "heloscope/route.h"

struct loop;
struct proxying;

/* ok: what is read next from the socket is the other end's. Else why: one sentence. After it
 * nothing follows; fn may free. */
typedef void proxy_fn(void *arg, bool ok, const char *why);

/* fd stays the caller's. r must outlive it. host: a name or an address without brackets. */
struct proxying *proxy_start(struct loop *l, int fd, const struct route *r, const char *host,
                             unsigned short port, int timeout_ms, proxy_fn *fn, void *arg);
/* Safe with NULL. */
void proxy_cancel(struct proxying *p);

#endif
