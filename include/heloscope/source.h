/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the transcript pane, the printers and the search look at: a row of items. Two things can be
 * looked at so: a live transcript, and a big file opened lazily (mapped, indexed while idle). Cost
 * grows with what is asked for. */
#ifndef HELOSCOPE_SOURCE_H
#define HELOSCOPE_SOURCE_H

#include "heloscope/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum item_kind {
    ITEM_CLIENT, /* C: */
    ITEM_SERVER, /* S: */
    ITEM_EVENT,  /* -- : ours: connected, TLS up, timed out, ... */
    ITEM_TEXT,   /* a line of an opened file that is no part of a talk */
};

enum item_mark { MARK_NONE, MARK_OK, MARK_GO, MARK_TEMP, MARK_PERM, MARK_EVENT, MARK_WARN };
/* The mark's character: ' ' '+' '>' '~' '!' '-' '*'. */
char item_mark_char(enum item_mark m);
enum item_mark item_mark_of(enum reply_class c);

/* What an event of ours was about: the row of know/events.def that explains it. */
/* clang-format off */
#define EVENT_LIST(X) \
    X(NOTE) X(RESOLVING) X(RESOLVED) X(TRYING) X(ATTEMPT_FAILED) X(CONNECTED) X(NETWORK_FAILED) \
    X(REFUSED) X(TIMED_OUT) X(NO_ROUTE) X(NAME_NOT_FOUND) X(NAME_TRY_AGAIN) X(RESET) X(CLOSED) \
    X(CLOSED_IN_REPLY) X(TLS_UP) X(TLS_UNVERIFIED) X(TLS_FAILED) X(INJECTED) X(ABORTED) \
    X(UNSOLICITED) X(GARBAGE) X(LIMIT) X(TIMEOUT_WARNING) X(CAPS_DROPPED) X(MX) X(DNS) X(LOGIN) X(UNPROVED)
/* clang-format on */
enum event_kind {
#define X(n) EVENT_##n,
    EVENT_LIST(X)
#undef X
        EVENT_KINDS
};

/* Everything the explanation of an item needs. */
struct moment {
    const struct proto *proto;
    struct command command;     /* the command itself, or the one this reply answers */
    struct where before, after; /* state before the command, and after this item */
    struct reply reply;         /* ITEM_SERVER */
    enum event_kind event;      /* ITEM_EVENT */
    int sys_errno;
    uint32_t exchange; /* number of the command (1 ...); 0: banner and unsolicited */
    bool unsolicited;
};

struct item {
    enum item_kind kind;
    enum item_mark mark;
    unsigned notes; /* enum line_note bits */
    uint64_t lines; /* how many lines it has; 1 or more */
    bool open;      /* a reply that is still coming in */
    bool stuffed; /* lines from 1 on are a dot-stuffed body: the view takes one leading dot away */
    uint32_t exchange;                     /* number in the margin of a command; 0: none */
    uint32_t took_us;                      /* time from command to reply; 0 unknown */
    int64_t when_ms;                       /* wall clock, ms since 1970; 0 unknown */
    const char *remark;                    /* or NULL */
    int caps_new, caps_gone, caps_changed; /* a capability reply: difference to the one before */
};

struct span {
    const char *p;
    size_t n;
};

struct place {
    size_t item;
    uint64_t line;
};

struct search; /* search.h */

struct source {
    void *self;
    size_t (*count)(void *self);
    /* False: no such item. */
    bool (*item)(void *self, size_t i, struct item *out);
    /* Line k of item i, raw but without its line end; borrowed until the source changes. */
    bool (*line)(void *self, size_t i, uint64_t k, struct span *out);
    /* For the explanation. A lazily opened file finds the state by replaying the lines before
     * (bounded). */
    bool (*moment)(void *self, size_t i, struct moment *out);
    /* The next place after (or before) *from where the search matches; false: none. */
    bool (*find)(void *self, const struct search *s, const struct place *from, bool back,
                 struct place *hit);
    /* The next item (after or before i) with mark TEMP, PERM or WARN; false: none. */
    bool (*problem)(void *self, size_t i, bool back, size_t *hit);
    /* A generation number that changes whenever anything above may answer differently. */
    uint64_t (*generation)(void *self);
    /* NULL, or: make count() final at once (before going to the end of a file that is still being
     * indexed). */
    void (*finish)(void *self);
    /* NULL, or: what was said, whole, where line 0 of an ITEM_TEXT only quotes it (a line of a mail
     * server's log). False: nothing was. moment() then tells of that reply. */
    bool (*said)(void *self, size_t i, struct span *out);
};

#endif
