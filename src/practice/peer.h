/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the practice world: a non-blocking descriptor, TLS over it, lines in and replies out,
 * with ceilings, back-pressure and an idle timer. It knows no protocol: the service (smtpd, pop3d)
 * is four functions. */
#ifndef PRACTICE_PEER_H
#define PRACTICE_PEER_H

#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "heloscope/tls.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;
struct world;

enum {
    PEER_IN_MAX = 65536, /* octets read and not yet understood */
    PEER_OUT_HIGH =
        65536, /* replies not yet taken by the client: above this nothing more is read */
    PEER_OUT_MAX = 262144, /* the ceiling of a buffer for replies */
    PEER_LINE_MAX = 16384, /* longest line kept whole; longer ones are cut and refused */
};

struct service {
    const char *name;
    /* The client is there (and TLS is up, where it is implicit): say the banner. */
    void (*greet)(struct peer *p);
    /* Takes what it can from p->in (buf_consume); called again when more has come or room for
     * replies is free. */
    void (*input)(struct peer *p);
    /* The client said nothing for too long. */
    void (*idle)(struct peer *p);
    /* The server stops: the last words. */
    void (*stop)(struct peer *p);
    /* Too many clients: this one is not let in. */
    void (*full)(struct peer *p);
    /* TLS asked for by the client is up. */
    void (*secured)(struct peer *p);
    /* The connection is over, however it came; frees p->state. */
    void (*gone)(struct peer *p);
    int64_t idle_ms;
};

struct peer {
    struct world *world;
    const struct service *service;
    void *state;
    struct peer *next, *prev;
    int fd;
    struct watch *watch, *timer;
    struct watch *pace; /* by fault: the next octets go when it rings */
    bool refusing;      /* by fault: what comes next is answered with an alert */
    bool due, hurry;    /* it rang; nothing is held back any more */
    struct buf in;      /* octets from the client, decrypted */
    struct buf plain;   /* replies to be encrypted with the next flight */
    struct buf wire;    /* octets for the client, as they go out */
    struct tls *tls;
    bool secure;      /* TLS is up */
    bool implicit;    /* TLS from the first octet */
    bool ending;      /* nothing is read any more; close when wire is empty */
    bool half_closed; /* our side is shut; waiting for the client's end */
    bool eof;         /* the client will send nothing more */
    bool dead;        /* to be freed at the end of this event */
    bool again;       /* had to leave off in favour of other clients */
    bool counted;     /* one of world's clients */
    int64_t idle_ms;
    struct ear *ear;  /* of a class that looks on, or NULL */
    char address[64]; /* the client's address, as believed */
};

/* Takes fd over; the service's greet() (or, without admit, its full()) is called at once. */
void peer_new(struct world *w, const struct service *s, int fd, const char *address,
              bool implicit_tls, bool admit);
void peer_free(struct peer *p);

/* Adds to the replies; they leave in one write at the end of the event. False: the ceiling was
 * reached (the connection is dropped) or the connection is over. */
bool peer_send(struct peer *p, const void *bytes, size_t n);
bool peer_sendf(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Is there room for more replies before the client has to take some? */
bool peer_room(const struct peer *p);
/* Octets of room for replies below the high mark. */
size_t peer_space(const struct peer *p);
/* After what was sent so far: close. */
void peer_end(struct peer *p);
/* Sends what waits in the clear, forgets every octet that the client sent ahead, and starts TLS
 * (RFC 3207 4.2). Call after adding the positive reply. False: no TLS can be made (why). */
bool peer_starttls_ready(struct peer *p, char *why, size_t size);
void peer_starttls(struct peer *p);
/* After the positive reply: the handshake will be refused (by fault). RFC 8446 6.2. */
void peer_refuse_tls(struct peer *p);
/* Ends the connection at once, without a word. */
void peer_hangup(struct peer *p);
/* Stops the service: last words, one attempt to send them, close. */
void peer_stop(struct peer *p);

/* A line taken from the front of the input. */
enum peer_line {
    LINE_NONE,    /* not whole yet */
    LINE_OK,      /* ended by CRLF */
    LINE_BARE_LF, /* ended by LF alone */
    LINE_LONG,    /* over PEER_LINE_MAX: dropped up to here, the rest follows as LINE_NONE or
                     LINE_LONG_END */
};
/* Finds the next line of p->in: *n octets without its end, *used with it. */
enum peer_line peer_line(const struct peer *p, size_t *n, size_t *used);

#endif
