/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies that stand alone, without the talk they were said in: quoted in a mail server's log, in a
 * delivery status notification (RFC 3464), or nothing but replies in a file. Line by line. */
#ifndef HELOSCOPE_LOGLONE_H
#define HELOSCOPE_LOGLONE_H

#include "logtext.h"

/* A reply, borrowed from the reader or from the line. */
struct lone {
    const struct proto *proto;
    const char *verb; /* what was answered, or NULL */
    struct span text; /* lines ended by LF, the last one perhaps not */
    struct span recipient;
    bool network; /* words about the connection: nobody replied */
};

struct loglone {
    enum log_style style;
    const struct proto *proto;
    struct buf value; /* of the reply that is open */
    char recipient[256];
    bool open;
};

enum lone_line {
    LONE_TEXT,  /* text */
    LONE_PART,  /* belongs to the reply that is open now */
    LONE_WHOLE, /* the line itself quotes a reply: *out */
};

/* Does the style have such replies? */
bool loglone_style(enum log_style style);
void loglone_init(struct loglone *x, const struct logtext *kind);
void loglone_clear(struct loglone *x);
/* Is the reply that is open over before this line? Then loglone_take() comes first. */
bool loglone_ends(const struct loglone *x, const char *p, size_t n);
/* The reply that is open, if there is one. */
bool loglone_take(struct loglone *x, struct lone *out);
/* *from: where in a LONE_PART the reply's own words begin. */
enum lone_line loglone_add(struct loglone *x, const char *p, size_t n, size_t *from,
                           struct lone *out);
/* The moment of such a reply, and its text (appended, lines ended by LF). */
void lone_moment(const struct lone *one, struct moment *m, struct buf *text);

#endif
