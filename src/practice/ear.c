/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listens to one client of a class: the lines that the server took and said go through the driver,
 * as those of a saved talk do, so that secrets are masked and replies find their commands. Of
 * letters and bodies only the beginning is kept. What an exchange means is classroom.c's. */
#include "practice/classroom.h"

#include "core/talk.h"
#include "heloscope/loop.h"
#include "practice/peer.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX = 65536, /* octets of a letter or a body that are looked at */
    LINE_MAX_KEPT = 4096,
    EARLY_MAX = 64, /* items kept while it is not known whose they are */
};

struct hearing {
    struct talk talk;
    struct transcript *t;
    size_t seen;           /* items that were told of */
    uint64_t literal;      /* octets of BDAT still to come */
    size_t kept;           /* octets of this letter or body so far */
    bool bare;             /* the line ended in LF alone */
    struct buf half, said; /* a line that is not whole; what was said while a letter came in */
    struct buf half_said;
};

static void fresh(struct hearing *h)
{
    transcript_free(h->t);
    h->t = h->talk.t = transcript_new(8 * TEXT_MAX);
    h->seen = 0;
}

struct ear *ear_new(struct peer *p, const char *proto)
{
    bool tls;
    unsigned short port;
    const struct proto *driver = proto_find(proto, strlen(proto), &tls, &port);
    if (!driver)
        return NULL;
    struct ear *e = xcalloc(1, sizeof *e);
    struct hearing *h = xcalloc(1, sizeof *h);
    e->peer = p;
    e->hearing = h;
    e->spoke_us = now_us();
    buf_init_secret(&h->half, LINE_MAX_KEPT);
    buf_init(&h->said, TEXT_MAX);
    buf_init(&h->half_said, LINE_MAX_KEPT);
    talk_init(&h->talk, NULL, driver, false);
    fresh(h);
    return e;
}

void ear_free(struct ear *e)
{
    if (!e)
        return;
    struct hearing *h = e->hearing;
    talk_clear(&h->talk);
    transcript_free(h->t);
    buf_clear(&h->half);
    buf_clear(&h->said);
    buf_clear(&h->half_said);
    free(h);
    free(e->reply);
    free(e->said);
    free(e);
}

/* Tells of the replies that are whole. */
static void tell(struct ear *e)
{
    struct hearing *h = e->hearing;
    const struct source *src = transcript_source(h->t);
    size_t n = src->count(src->self);
    bool early = false;
    for (size_t i = h->seen; i < n; i++) {
        struct item it;
        bool there = src->item(src->self, i, &it);
        if (there && it.open)
            return;
        if (there && it.kind == ITEM_SERVER && !classroom_exchange(e, src, i))
            early = true;
        if (!early)
            h->seen = i + 1;
    }
    if (h->talk.n || talk_in_letter(&h->talk) || talk_in_body(&h->talk))
        return;
    if (h->seen == n || n > EARLY_MAX)
        fresh(h); /* nothing refers to what was said any more */
}

void ear_catch_up(struct ear *e)
{
    tell(e);
}

/* Of a long letter or body the rest is left out, but not its end. */
static bool wanted(struct hearing *h, const char *p, size_t n)
{
    h->kept += n + 2;
    if (n == 1 && *p == '.')
        return !h->bare; /* for the server, too, that is no end */
    return h->kept <= TEXT_MAX;
}

static void client_line(struct ear *e, const char *p, size_t n)
{
    struct hearing *h = e->hearing;
    bool letter = talk_in_letter(&h->talk);
    if (!letter)
        h->kept = 0;
    if (!letter || wanted(h, p, n))
        talk_client(&h->talk, p, n);
    if (!letter)
        h->literal = h->talk.literal_left;
}

static void server_line(struct ear *e, const char *p, size_t n)
{
    struct hearing *h = e->hearing;
    bool body = talk_in_body(&h->talk);
    if (!body)
        h->kept = 0;
    if (!body || wanted(h, p, n))
        talk_server(&h->talk, p, n);
}

typedef void line_fn(struct ear *e, const char *p, size_t n);

/* Gives whole lines on; a half one waits in *half, and is cut where it grows too long. */
static void lines(struct ear *e, struct buf *half, const char *p, size_t n, line_fn *fn)
{
    while (n) {
        const char *lf = memchr(p, '\n', n);
        size_t used = lf ? (size_t)(lf - p) + 1 : n;
        size_t room = LINE_MAX_KEPT - half->len, k = used < room ? used : room;
        if (!lf) {
            buf_add(half, p, k);
            return;
        }
        const char *line = p;
        size_t len = used;
        if (half->len) {
            buf_add(half, p, k);
            line = half->p;
            len = half->len;
        }
        if (len && line[len - 1] == '\n')
            len--;
        e->hearing->bare = !len || line[len - 1] != '\r';
        if (!e->hearing->bare)
            len--;
        fn(e, line, len);
        buf_trim(half, 0);
        p += used;
        n -= used;
    }
}

static void hear_server(struct ear *e, const char *p, size_t n)
{
    lines(e, &e->hearing->half_said, p, n, server_line);
    tell(e);
}

/* A line of a chunk, or what is left of it: counted here, since a line may end in LF alone, and
 * since the talk forgets the chunk when the server speaks. */
static void chunk_line(struct ear *e, const char *p, size_t n)
{
    struct hearing *h = e->hearing;
    h->talk.literal_left = h->literal;
    h->literal -= n;
    bool whole = n && p[n - 1] == '\n';
    lines(e, &h->half, p, n, client_line);
    if (!whole && !h->literal) /* the last one has no end of its own */
        lines(e, &h->half, "\n", 1, client_line);
    h->talk.literal_left = h->literal;
}

void ear_heard(struct ear *e, const char *p, size_t n)
{
    if (!e || !n)
        return;
    struct hearing *h = e->hearing;
    e->spoke_us = now_us();
    while (n) {
        const char *lf = memchr(p, '\n', n);
        size_t k = lf ? (size_t)(lf - p) + 1 : n;
        if (h->literal) {
            k = k < h->literal ? k : (size_t)h->literal;
            chunk_line(e, p, k);
        } else {
            lines(e, &h->half, p, k, client_line);
        }
        p += k;
        n -= k;
    }
    if (h->said.len && !talk_in_letter(&h->talk)) {
        struct buf said = h->said;
        buf_init(&h->said, TEXT_MAX);
        hear_server(e, said.p, said.len);
        buf_clear(&said);
    }
    classroom_spoke(e);
}

void ear_said(struct ear *e, const char *p, size_t n)
{
    /* The server answers a letter before it says how many of the octets were the letter's. */
    if (talk_in_letter(&e->hearing->talk))
        buf_add(&e->hearing->said, p, n);
    else
        hear_server(e, p, n);
}
