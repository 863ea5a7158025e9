/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes into lines and dot-terminated bodies, without losing or tidying one of them. RFC 5321 2.3.8
 * and 4.5.2, RFC 1939 3. Knows no protocol: the session says when a body follows. */
#ifndef HELOSCOPE_FRAME_H
#define HELOSCOPE_FRAME_H

#include "heloscope/buf.h"
#include <stdint.h>

/* What was odd about a line or a body; bits. */
enum line_note {
    NOTE_BARE_LF = 1 << 0, /* ended by LF alone */
    NOTE_BARE_CR = 1 << 1, /* holds a CR that ends nothing */
    NOTE_NUL = 1 << 2,
    NOTE_8BIT = 1 << 3,
    NOTE_LONG = 1 << 4, /* longer than the protocol allows (frame.limit octets with CRLF) */
    NOTE_CUT = 1 << 5,  /* a piece of a line over the ceiling, more follows; or the stream ended in
                           mid-line */
    NOTE_MASKED = 1 << 6, /* holds a secret that was masked when recorded */
    NOTE_STUFFED =
        1 << 7, /* dots were added (sent) or are to be taken away (received) in the view */
    NOTE_BARE_DOT =
        1 << 8, /* a body: a lone dot not between CRLFs, which did not end it (RFC 5321 4.1.1.4) */
};

enum piece_kind {
    PIECE_LINE, /* one line, with its line end in raw */
    PIECE_BODY, /* a part of a body: any number of octets, not aligned to lines */
    PIECE_END,  /* the end of the body; p holds the line with the lone dot */
};

struct piece {
    enum piece_kind kind;
    const char
        *p; /* raw, line end included; borrowed until the next frame_next() or frame_feed() */
    size_t n;
    size_t text; /* octets without the line end */
    unsigned notes;
};

#define FRAME_LINE_MAX 65536

struct frame {
    struct buf part; /* a line that is not whole yet */
    const char *in;  /* the caller's bytes not yet looked at */
    size_t in_len;
    size_t limit; /* octets with CRLF above which NOTE_LONG is set */
    bool body;
    unsigned match; /* a body: what the octets before the next one were (frame.c) */
    bool crlf;      /* a CRLF was seen since frame_init() */
    bool given;     /* `part` is lent out as the last piece */
    unsigned body_notes;
    size_t column;
    char last;
};

void frame_init(struct frame *f, size_t limit);
void frame_clear(struct frame *f);
/* Hands over the next n bytes, borrowed until frame_next() has returned false. */
void frame_feed(struct frame *f, const char *bytes, size_t n);
/* The next piece; false: everything was looked at (a part of a line may be kept). */
bool frame_next(struct frame *f, struct piece *out);
/* What follows is a body until a line with a lone dot: CRLF.CRLF and nothing else, unless not one
 * CRLF was seen since frame_init() (then LF.LF, noted). The notes of PIECE_BODY are those of the
 * whole body so far. */
void frame_body(struct frame *f);
/* Takes out what is left unread (bytes after a STARTTLS reply). Borrowed until the next call. */
size_t frame_rest(struct frame *f, const char **p);
/* The stream is over: a last piece without a line end (NOTE_CUT), if there is one. */
bool frame_finish(struct frame *f, struct piece *out);

/* Octets that a scan found: for bodies, by the bulk. Works across chunks: keep the struct. */
struct scan {
    uint64_t lines; /* LFs seen */
    unsigned notes;
    size_t column;
    char last;
};
void scan_bytes(struct scan *s, const char *p, size_t n, size_t limit);

/* Takes the second dot away from lines that begin with one, piece by piece (RFC 5321 4.5.2, RFC
 * 1939 3). Zero it at the start of a body. fn gets what is left, in parts that are borrowed from p;
 * false from fn ends it. */
struct unstuff {
    bool inside; /* the last octet seen was no LF */
};
bool unstuff_bytes(struct unstuff *u, const char *p, size_t n,
                   bool (*fn)(void *arg, const char *p, size_t n), void *arg);

#endif
