/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A letter that is read while it is sent: by DATA (line ends, dots, the lone dot: RFC 5321 2.3.8,
 * 4.5.2) or in BDAT chunks (RFC 3030). A part is read whenever the part before it was written, so
 * that a letter of any size takes a megabyte. */
#include "core/session_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART (256 << 10)     /* read at once; also the size of a chunk */
#define KEPT (64 << 10)      /* octets of the letter that the transcript keeps */
#define WIRE (2 * PART + 64) /* a part of nothing but LFs doubles */

struct feed {
    session_read_fn *read;
    void *arg;
    enum session_feed how;
    bool wait;          /* each chunk waits for the reply to the one before */
    struct command end; /* the lone dot */
    char *raw;
    struct buf wire;
    char last;       /* the last octet of the letter so far; '\n' at its beginning */
    bool inside;     /* a line has begun */
    uint64_t octets; /* of the letter on the wire, without dots */
    uint64_t sent;   /* the same with them */
    uint64_t stuffed;
    size_t entry;
    size_t kept;
};

void session_feed_free(struct session *s)
{
    if (!s->feed)
        return;
    if (s->feed->how == FEED_DATA)
        transcript_close(s->transcript, s->feed->entry, MARK_NONE, NULL, 0);
    buf_clear(&s->feed->wire);
    free(s->feed->raw);
    free(s->feed);
    s->feed = NULL;
}

bool session_feeding(const struct session *s)
{
    return s->feed != NULL;
}

/* Appends a part in the form of the wire. Whole lines that need no change are copied as one. */
static void convert(struct feed *f, const char *p, size_t n)
{
    const char *end = p + n, *from = p;
    bool stuff = f->how == FEED_DATA;
    struct buf *w = &f->wire;
    if (f->how == FEED_BDAT_BINARY) {
        buf_add(w, p, n);
        return;
    }
    while (p < end) {
        if (!f->inside && *p == '.' && stuff) {
            buf_add(w, from, (size_t)(p - from));
            buf_add_char(w, '.');
            from = p;
            f->stuffed++;
        }
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        f->inside = lf == NULL;
        if (!lf)
            break;
        char before = lf > p ? lf[-1] : p == end - n ? f->last : '\n';
        if (before != '\r') {
            buf_add(w, from, (size_t)(lf - from));
            buf_add(w, "\r\n", 2);
            from = lf + 1;
        }
        p = lf + 1;
    }
    buf_add(w, from, (size_t)(end - from));
    f->last = end[-1];
}

static void record(struct session *s, const char *p, size_t n)
{
    struct feed *f = s->feed;
    size_t room = KEPT - f->kept < n ? KEPT - f->kept : n;
    if (room == 0)
        return;
    transcript_more(s->transcript, f->entry, p, room, 0);
    f->kept += room;
}

/* All of it is on its way: how long it was, if not all is kept. */
static void remark(struct session *s)
{
    struct feed *f = s->feed;
    char words[200] = "", dots[100] = "";
    if (f->stuffed > 0)
        snprintf(dots, sizeof dots, "dot-stuffing: %llu line%s got a second dot",
                 (unsigned long long)f->stuffed, f->stuffed == 1 ? "" : "s");
    if (f->sent > f->kept)
        snprintf(words, sizeof words,
                 "the letter has %llu octets on the wire; the first %zu are "
                 "shown%s%s",
                 (unsigned long long)f->octets, f->kept, dots[0] ? "; " : "", dots);
    transcript_remark(s->transcript, f->entry, words[0] ? words : dots);
}

static void cannot_read(struct session *s)
{
    char why[300];
    snprintf(why, sizeof why,
             "the letter cannot be read to its end: %s; the connection is dropped, "
             "so that no half letter is delivered",
             strerror(errno));
    session_event_entry(s, EVENT_ABORTED, MARK_WARN, errno, "%s", why);
    session_over(s, FAULT_FILE, why);
}

static bool put(struct session *s, const char *p, size_t n)
{
    if (conn_send(s->conn, p, n))
        return true;
    session_over(s, FAULT_NETWORK, "the send queue is full: the server does not read");
    return false;
}

static void data_part(struct session *s)
{
    struct feed *f = s->feed;
    ssize_t n = f->read(f->arg, f->raw, PART);
    if (n < 0) {
        cannot_read(s);
        return;
    }
    buf_trim(&f->wire, 0);
    if (n > 0) {
        uint64_t dots = f->stuffed;
        convert(f, f->raw, (size_t)n);
        f->octets += f->wire.len - (f->stuffed - dots);
        f->sent += f->wire.len;
        record(s, f->wire.p, f->wire.len);
        put(s, f->wire.p, f->wire.len);
        return;
    }
    if (f->inside) {
        buf_add(&f->wire, "\r\n", 2);
        f->octets += 2;
    }
    buf_add(&f->wire, ".\r\n", 3);
    f->sent += f->wire.len;
    record(s, f->wire.p, f->wire.len);
    if (!put(s, f->wire.p, f->wire.len))
        return;
    if (s->nqueue > 0)
        s->queue[0].sent_us = now_us(); /* the reply's time counts from here */
    remark(s);
    session_feed_free(s);
}

/* One chunk with its command. It is the last where the letter ends in it, which a short read
 * tells. */
static void bdat_part(struct session *s)
{
    struct feed *f = s->feed;
    struct command cmd = {0};
    struct buf head;
    size_t have = 0;
    ssize_t n = 1;
    while (have < PART && (n = f->read(f->arg, f->raw + have, PART - have)) > 0)
        have += (size_t)n;
    if (n < 0) {
        cannot_read(s);
        return;
    }
    bool last = n == 0;
    buf_trim(&f->wire, 0);
    if (have > 0)
        convert(f, f->raw, have);
    if (last && f->inside && f->how == FEED_BDAT)
        buf_add(&f->wire, "\r\n", 2);
    f->octets += f->wire.len;
    f->sent += f->wire.len;
    buf_init(&head, 64);
    buf_addf(&head, "BDAT %zu%s", f->wire.len, last ? " LAST" : "");
    s->proto->command(&s->ahead, NULL, head.p, head.len, &cmd);
    cmd.literal = 0; /* it goes out with the line */
    if (last && s->now.lmtp && s->ahead.rcpts > 0)
        cmd.replies = s->ahead.rcpts;
    buf_add(&head, "\r\n", 2);
    s->exchanges++;
    struct outstanding *o = session_push(s, &cmd);
    struct moment m = {.proto = s->proto,
                       .command = cmd,
                       .before = o ? o->before : s->ahead,
                       .after = s->ahead,
                       .exchange = s->exchanges};
    f->entry = transcript_add(s->transcript, ITEM_CLIENT, MARK_NONE, &m, head.p, head.len, 0);
    s->last_cmd = cmd;
    s->has_last = true;
    record(s, buf_str(&f->wire), f->wire.len);
    if (put(s, head.p, head.len) && put(s, buf_str(&f->wire), f->wire.len) && last) {
        remark(s);
        session_feed_free(s);
    }
    buf_clear(&head);
}

void session_feed_more(struct session *s)
{
    if (s->feed->wait && s->feed->how != FEED_DATA && s->nqueue > 0)
        return;
    if (s->feed->how == FEED_DATA)
        data_part(s);
    else
        bdat_part(s);
    if (s->conn) {
        session_arm(s); /* each part has its own time */
        session_tell(s, SESSION_CHANGED);
    }
}

void session_feed_reply(struct session *s)
{
    if (s->feed->how != FEED_DATA && s->last_class == REPLY_OK) { /* a chunk's: as it should be */
        if (s->feed->wait && conn_pending(s->conn) == 0)
            session_feed_more(s);
        return;
    }
    session_event_entry(s, EVENT_NOTE, MARK_WARN, 0,
                        "the server answered before the letter was whole: the rest is not sent");
    session_feed_free(s);
    s->torn = true;
}

bool session_letter_from(struct session *s, session_read_fn *read, void *arg, enum session_feed how,
                         bool wait, char *why, size_t size)
{
    if (!session_can_send(s, why, size))
        return false;
    if (how == FEED_DATA && !s->letter_open) {
        snprintf(why, size,
                 "no letter is expected now: DATA comes first, and the server answers 354");
        return false;
    }
    struct feed *f = xcalloc(1, sizeof *f);
    *f = (struct feed){.read = read, .arg = arg, .how = how, .wait = wait, .last = '\n'};
    f->raw = xmalloc(PART);
    buf_init(&f->wire, WIRE);
    s->feed = f;
    if (how == FEED_DATA) {
        f->end = (struct command){.verb = proto_pseudo(s->proto, VERB_END)};
        f->end.replies = s->now.lmtp && s->now.rcpts > 0 ? s->now.rcpts : 1;
        s->letter_open = false;
        s->exchanges++;
        struct outstanding *o = session_push(s, &f->end);
        struct moment m = {.proto = s->proto,
                           .command = f->end,
                           .before = o ? o->before : s->ahead,
                           .after = s->ahead,
                           .exchange = s->exchanges};
        f->entry = transcript_add(s->transcript, ITEM_CLIENT, MARK_NONE, &m, "", 0, 0);
        transcript_reopen(s->transcript, f->entry);
        s->last_cmd = f->end;
        s->has_last = true;
    }
    session_feed_more(s);
    return true;
}
