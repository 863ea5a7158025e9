/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a target to a connected socket: look-up and a race of the addresses. RFC 8305. */
#ifndef HELOSCOPE_CORE_HAPPY_H
#define HELOSCOPE_CORE_HAPPY_H

#include "heloscope/conn.h"

struct happy;

/* The events are those of conn.h from CONN_RESOLVING to CONN_CONNECTED (then fd is the socket,
 * non-blocking, handed over) or CONN_FAILED. After these two nothing follows; free with
 * happy_cancel() in any case. fn may do that itself. */
typedef void happy_fn(void *arg, const struct conn_event *ev, int fd);

struct happy *happy_start(struct loop *l, const struct target *t, const struct conn_options *o,
                          happy_fn *fn, void *arg);
/* Closes what is open at once. Safe with NULL. */
void happy_cancel(struct happy *h);
/* What is going on, for "given up while ...": "looking up NAME", "connecting to ADDRESS". */
void happy_doing(const struct happy *h, char *out, size_t size);

/* What an errno of a socket means, in words. Borrowed until the next call. */
const char *socket_words(int e);
/* Non-blocking, closed on exec, no SIGPIPE, no waiting for more bytes (TCP_NODELAY). */
void socket_prepare(int fd);

#endif
