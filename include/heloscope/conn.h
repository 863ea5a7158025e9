/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection as a client: resolve, try the addresses (RFC 8305), TLS, bytes, the end.
 * Asynchronous: every step is one event through one callback; conn_abort() takes effect at once.
 * Knows no protocol. */
#ifndef HELOSCOPE_CONN_H
#define HELOSCOPE_CONN_H

#include "heloscope/fault.h"
#include "heloscope/target.h"
#include "heloscope/tls.h"
#include <stdint.h>

struct loop;
struct route;
struct conn;

enum conn_event_kind {
    CONN_RESOLVING, /* text: the name */
    CONN_RESOLVED,  /* text: the addresses found, in the order of the attempts; ms. Again when the
                     * other  family's answer comes later. */
    CONN_TRYING,    /* text: one address and port */
    CONN_ATTEMPT_FAILED, /* text: address and why; ms; sys_errno */
    CONN_CONNECTED,      /* text: address; ms */
    CONN_DATA,           /* bytes, n: as received (after decryption) */
    CONN_DRAINED,        /* everything given to conn_send() has been written to the socket */
    CONN_TLS_STARTED,
    CONN_TLS_UP, /* facts: verified, or (verdict TLS_UNVERIFIED) accepted as it is; ms of the
                    handshake */
    CONN_TLS_UNVERIFIED, /* facts.why: nothing more is sent or delivered until conn_tls_accept() or
                            conn_abort() */
    CONN_TLS_FAILED,     /* fault TLS, text: why. The connection is closed */
    CONN_INJECTED,       /* bytes, n: received in the clear after the upgrade was agreed; discarded
                            (CVE-2011-0411) */
    CONN_EOF,     /* the other end closed its side; text says whether TLS was closed properly */
    CONN_FAILED,  /* fault, text: no address worked, timed out, reset ...: the connection is over */
    CONN_ABORTED, /* by conn_abort(); text: what was going on */
};

/* What looking the name up came to, where that is why there is no connection. */
enum conn_lookup { LOOKUP_FINE, LOOKUP_NO_SUCH, LOOKUP_NO_ANSWER };

struct conn_event {
    enum conn_event_kind kind;
    enum fault fault;
    enum conn_lookup lookup; /* CONN_FAILED: no such name (or no address), or DNS failed */
    int sys_errno;           /* 0 where the system was not the reason */
    double ms;               /* how long the step took */
    const char *text;        /* borrowed for the call; never NULL */
    const char *header; /* CONN_CONNECTED: the PROXY header that went ahead, in words; else NULL */
    const char *bytes;
    size_t n;
    const struct tls_facts *facts;
    struct tls_peer *peer; /* with facts; borrowed, tls_peer_ref() keeps it */
};

/* Called from the loop. It may send, pause, abort or free the connection; what the event points at
 * lasts until it returns or frees. It must not run turns of the loop itself while it looks at
 * bytes. */
typedef void conn_fn(void *arg, const struct conn_event *ev);

struct conn_options {
    int connect_timeout_ms; /* for each address; 0: 30 s */
    int resolve_timeout_ms; /* 0: 5 s */
    int tls_timeout_ms;     /* 0: 30 s */
    bool insecure;          /* go on with an unverified certificate without a question */
    bool tls_hold;          /* CONN_TLS_UNVERIFIED comes for each certificate, whatever it is worth:
                               conn_tls_accept() goes on. Before `insecure` */
    struct tls_trust trust;
    const char *name_servers;  /* "127.0.0.1:5353": asked instead of the system's (tests); NULL: the
                                  system's */
    const struct route *route; /* the way there, where it is not straight; copied. NULL: it is */
};

/* Starts connecting to a copy of *t. Never blocks. The events come from the loop, none before
 * conn_open() returned. */
struct conn *conn_open(struct loop *l, const struct target *t, const struct conn_options *o,
                       conn_fn *fn, void *arg);
/* A connection over a stream that is open already (practice: one end of a socketpair). Takes fd. */
struct conn *conn_adopt(struct loop *l, int fd, const struct target *t,
                        const struct conn_options *o, conn_fn *fn, void *arg);
/* Closes at once and frees; no event follows. Safe with NULL and inside the callback. */
void conn_free(struct conn *c);
/* Queues bytes; one write a flight. False: the send queue's ceiling (64 MiB) is reached, nothing
 * was queued. */
bool conn_send(struct conn *c, const void *bytes, size_t n);
/* Octets queued and not yet written (under TLS with what the records add). */
size_t conn_pending(const struct conn *c);
/* Stop and go on reading (back-pressure); reading is on at birth. */
void conn_read_pause(struct conn *c, bool pause);
/* The upgrade after STARTTLS/STLS. Call it from the CONN_DATA event that held the 220/+OK, with the
 * bytes that came after that line (they are reported as CONN_INJECTED and dropped). */
void conn_start_tls(struct conn *c, const char *rest, size_t n);
/* The user's answer to CONN_TLS_UNVERIFIED: go on. */
void conn_tls_accept(struct conn *c);
/* Cancels whatever is going on: CONN_ABORTED comes next, then the connection is over. */
void conn_abort(struct conn *c);
/* Half-close after everything queued is written; then waits for the other end's close (at most 2
 * s). */
void conn_finish(struct conn *c);
/* While TLS is agreed upon, or its certificate asked about. */
bool conn_in_handshake(const struct conn *c);
bool conn_is_tls(const struct conn *c);
/* As tls_channel_binding(). */
enum tls_binding conn_channel_binding(const struct conn *c, struct buf *out);
bool conn_is_open(const struct conn *c);

#endif
