/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the practice world inside a test: says lines, reads replies, with the loop turning in
 * between. */
#ifndef TESTS_WORLDTALK_H
#define TESTS_WORLDTALK_H

#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"
#include "heloscope/tls.h"

struct wtalk {
    struct loop *l;
    struct world *w;
    int fd;
    bool pop3;
    bool eof;
    size_t piece; /* octets a write; 0: all at once */
    struct tls *tls;
    struct buf in;   /* received, decrypted, not yet read as replies */
    struct buf last; /* the last whole reply */
};

/* One exchange. say: a line (CRLF is added), or "\a" and raw octets, or NULL: only wait. want: how
 * the last line of the reply begins, or NULL: none is waited for. holds, lacks: anywhere in the
 * reply, or NULL. */
struct step {
    const char *say, *want, *holds, *lacks;
};

void wtalk_open(struct wtalk *t, struct loop *l, struct world *w, const char *proto);
/* From this client address, not 192.0.2.10. */
void wtalk_open_from(struct wtalk *t, struct loop *l, struct world *w, const char *proto,
                     const char *address);
void wtalk_close(struct wtalk *t);
void wtalk_send(struct wtalk *t, const void *bytes, size_t n);
/* Reads one reply into t->last; fails the test after 10 s. False: the server closed first. */
bool wtalk_reply(struct wtalk *t);
/* The dot-terminated body of a POP3 answer into t->last. */
bool wtalk_body(struct wtalk *t);
/* Walks rows until one with neither say nor want. Names the row that failed. */
void wtalk_walk(struct wtalk *t, const struct step *rows);
/* The handshake (after STARTTLS or STLS). False: it failed. */
bool wtalk_tls(struct wtalk *t);
/* Turns the loop until the server has closed; false: it said something more (in t->in). */
bool wtalk_closed(struct wtalk *t);
/* Turns the loop until nothing is to do. */
void wtalk_settle(struct wtalk *t);

#endif
