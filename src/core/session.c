/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session's life: birth, the outstanding commands and the two states, the timers (RFC
 * 5321 4.5.3.2), the end, and the questions that the screen asks. What goes out, what comes in and
 * what the connection reports are the other session_*.c. */
#include "core/session_priv.h"
#include "heloscope/tlspeer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOLVE_MS = 5000 };

#define MINUTES(n) ((int64_t)(n)*60 * 1000)

void session_tell(struct session *s, enum session_event ev)
{
    if (s->fn)
        s->fn(s->arg, s, ev);
}

size_t session_event_entry(struct session *s, enum event_kind kind, enum item_mark mark,
                           int sys_errno, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct moment m = {.proto = s->proto,
                       .before = s->now,
                       .after = s->now,
                       .event = kind,
                       .sys_errno = sys_errno};
    if (s->nqueue > 0) {
        m.command = s->queue[0].cmd;
        m.exchange = s->queue[0].exchange;
    }
    return transcript_add(s->transcript, ITEM_EVENT, mark, &m, text, strlen(text), 0);
}

/* ---- the outstanding commands and the two states ---- */

/* `ahead` is `now` after everything that is outstanding has succeeded. */
void session_look_ahead(struct session *s)
{
    s->ahead = s->now;
    for (size_t i = 0; i < s->nqueue; i++) {
        struct reply hope = {0};
        s->proto->hope(&s->queue[i].cmd, &hope);
        s->proto->step(&s->ahead, &s->queue[i].cmd, &hope);
        s->queue[i].after = s->ahead;
    }
}

struct outstanding *session_push(struct session *s, const struct command *cmd)
{
    if (s->nqueue == OUTSTANDING_MAX)
        return NULL;
    size_t head = (size_t)(s->queue - s->queue_all);
    if (head > 0 && (s->nqueue == 0 || head + s->nqueue == s->cqueue)) {
        memmove(s->queue_all, s->queue, s->nqueue * sizeof *s->queue);
        s->queue = s->queue_all;
        head = 0;
    }
    if (s->nqueue + s->nqueue / 2 >= s->cqueue) { /* so that moving is seldom */
        s->cqueue = s->cqueue ? s->cqueue * 2 : 8;
        s->queue_all = xrealloc(s->queue_all, s->cqueue * sizeof *s->queue);
        s->queue = s->queue_all + head;
    }
    struct reply hope = {0};
    struct outstanding *o = &s->queue[s->nqueue++];
    *o = (struct outstanding){.cmd = *cmd,
                              .before = s->ahead,
                              .sent_us = now_us(),
                              .exchange = s->exchanges,
                              .replies_left = cmd->replies ? cmd->replies : 1};
    s->proto->hope(cmd, &hope);
    s->proto->step(&s->ahead, cmd, &hope);
    o->after = s->ahead;
    session_arm(s);
    return o;
}

static bool same_place(const struct where *a, const struct where *b)
{
    return a->state == b->state && a->tls == b->tls && a->authed == b->authed &&
           a->extended == b->extended && a->lmtp == b->lmtp && a->rcpts == b->rcpts;
}

void session_pop(struct session *s)
{
    bool hoped = same_place(&s->now, &s->queue[0].after);
    s->queue++;
    s->nqueue--;
    if (!hoped) /* else `ahead` is right as it is: thousands may be outstanding */
        session_look_ahead(s);
}

/* ---- timers ---- */

static int64_t phase_ms(const struct session *s)
{
    const struct verb *v = s->nqueue > 0 ? s->queue[0].cmd.verb : NULL;
    if (s->options.timeout_ms > 0)
        return s->options.timeout_ms;
    if (v && (v->flags & VERB_END))
        return MINUTES(10);
    if (v && (v->flags & VERB_LETTER))
        return MINUTES(2);
    return MINUTES(5);
}

static void timed_out(void *arg)
{
    struct session *s = arg;
    s->timer = NULL;
    const struct verb *v = s->nqueue > 0 ? s->queue[0].cmd.verb : NULL;
    unsigned flags = v ? v->flags : 0;
    char why[200];
    snprintf(why, sizeof why, "%s%s within %.0f s: gave up waiting%s",
             flags & VERB_BANNER ? "no greeting" : "no reply to ",
             flags & VERB_BANNER ? ""
             : flags & VERB_END  ? "the letter"
             : !v                ? "the command"
                                 : v->name,
             (double)phase_ms(s) / 1000.0,
             (flags & VERB_BANNER) && !s->target.tls ? " (does this port want TLS at once?)" : "");
    session_event_entry(s, EVENT_TIMED_OUT, MARK_WARN, 0, "%s", why);
    session_saw_end(s, why);
    if (s->garbage_banner)
        session_give_up(s, FAULT_PROTOCOL, "what answered does not speak this protocol");
    else
        session_give_up(s, FAULT_NETWORK, why);
}

/* The timer runs while something is waited for and starts afresh with each command sent and each
 * octet received. */
void session_arm(struct session *s)
{
    loop_drop(s->timer);
    s->timer = NULL;
    if (s->nqueue == 0 || !s->conn) {
        s->waiting_from = 0;
        return;
    }
    if (s->waiting_from == 0)
        s->waiting_from = now_us();
    s->timer = loop_timer(s->loop, phase_ms(s), timed_out, s);
}

/* ---- birth and end ---- */

static struct session *session_new(struct loop *l, const struct target *t,
                                   const struct session_options *o, session_fn *fn, void *arg)
{
    struct session *s = xcalloc(1, sizeof *s);
    s->loop = l;
    s->fn = fn;
    s->arg = arg;
    s->options = *o;
    s->proto = t->proto;
    target_copy(&s->target, t);
    s->transcript = transcript_new(o->transcript_max);
    frame_init(&s->frame, s->proto->line_limit);
    caps_init(&s->caps);
    caps_init(&s->before);
    caps_init(&s->building);
    caps_init(&s->seen_clear);
    caps_init(&s->seen_inside);
    buf_init(&s->caps_text, CAPS_TEXT_MAX);
    buf_init_secret(&s->pass, 1024);
    s->reply_entry = NO_ENTRY;
    s->garbage_entry = NO_ENTRY;
    s->cut_entry = NO_ENTRY;
    s->raw_letter = NO_ENTRY;
    buf_init_secret(&s->raw, FRAME_LINE_MAX);
    s->proto->begin(&s->now);
    s->ahead = s->now;
    if (o->timeout_ms > 0) {
        struct conn_options *c = &s->options.conn;
        c->connect_timeout_ms = c->tls_timeout_ms = o->timeout_ms;
        /* Name servers answer at once or not at all: more patience than usual helps nobody. */
        if (!c->resolve_timeout_ms && o->timeout_ms < RESOLVE_MS)
            c->resolve_timeout_ms = o->timeout_ms;
    }
    return s;
}

/* The banner is the reply to nobody's command: a pseudo-verb waits for it. */
void session_expect_banner(struct session *s)
{
    struct command banner = {.verb = proto_pseudo(s->proto, VERB_BANNER), .replies = 1};
    session_push(s, &banner);
}

struct session *session_open(struct loop *l, const struct target *t,
                             const struct session_options *o, session_fn *fn, void *arg)
{
    struct session *s = session_new(l, t, o, fn, arg);
    if (t->mx) {
        s->mx_pending = session_mx_begin(s);
        if (s->mx_pending)
            session_expect_banner(s);
        return s;
    }
    s->options.conn.tls_hold = session_dane_wanted(s);
    s->conn = conn_open(l, t, &s->options.conn, session_conn_event, s);
    if (!s->conn) {
        s->fault = FAULT_NETWORK;
        snprintf(s->last, sizeof s->last, "no socket could be made");
        return s;
    }
    session_expect_banner(s);
    loop_drop(s->timer); /* while connecting the connection's own timers run */
    s->timer = NULL;
    return s;
}

struct session *session_adopt(struct loop *l, int fd, const struct target *t,
                              const struct session_options *o, session_fn *fn, void *arg)
{
    struct session *s = session_new(l, t, o, fn, arg);
    s->conn = conn_adopt(l, fd, t, &s->options.conn, session_conn_event, s);
    if (!s->conn) {
        s->fault = FAULT_NETWORK;
        snprintf(s->last, sizeof s->last, "the stream cannot be used");
        return s;
    }
    session_expect_banner(s);
    return s;
}

void session_report_to(struct session *s, session_fn *fn, void *arg)
{
    s->fn = fn;
    s->arg = arg;
}

void session_over(struct session *s, enum fault fault, const char *why)
{
    if (!session_is_open(s))
        return;
    struct conn *c = s->conn;
    s->conn = NULL;
    s->mx_pending = false;
    session_mx_end(s);
    s->up = false;
    s->ask_tls = false;
    s->letter_open = false;
    s->literal_left = 0;
    s->nqueue = 0;
    s->fault = fault;
    snprintf(s->last, sizeof s->last, "%s", why ? why : "");
    session_feed_free(s);
    session_arm(s);
    session_look_ahead(s);
    conn_free(c);
    session_tell(s, SESSION_OVER);
}

void session_free(struct session *s)
{
    if (!s)
        return;
    s->fn = NULL;
    conn_free(s->conn);
    session_mx_end(s);
    session_dane_end(s);
    if (!s->dns_borrowed)
        dns_free(&s->dns);
    free(s->mx_list);
    route_clear(&s->mx_route);
    loop_drop(s->timer);
    frame_clear(&s->frame);
    session_feed_free(s);
    transcript_free(s->transcript);
    caps_clear(&s->caps);
    caps_clear(&s->before);
    caps_clear(&s->building);
    caps_clear(&s->seen_clear);
    caps_clear(&s->seen_inside);
    buf_clear(&s->caps_text);
    buf_clear(&s->raw);
    sasl_free(s->sasl);
    buf_clear(&s->pass);
    tls_peer_free(s->peer);
    for (size_t i = 0; i < s->nsecrets; i++)
        buf_clear(&s->secrets[i]);
    free(s->queue_all);
    target_clear(&s->target);
    free(s);
}

void session_tls_answer(struct session *s, bool go_on)
{
    if (!s->conn || !s->ask_tls)
        return;
    s->ask_tls = false;
    if (go_on) {
        session_event_entry(s, EVENT_NOTE, MARK_WARN, 0,
                            "you chose to go on: who answers here is NOT verified");
        conn_tls_accept(s->conn);
        session_tell(s, SESSION_CHANGED);
        return;
    }
    session_event_entry(s, EVENT_ABORTED, MARK_WARN, 0,
                        "connection dropped: the certificate was not accepted");
    session_over(s, FAULT_TLS, s->tls.why);
}

void session_abort(struct session *s)
{
    if (s->mx_pending) {
        session_event_entry(s, EVENT_ABORTED, MARK_WARN, 0,
                            "given up while looking for a mail exchanger of %s", s->target.host);
        session_over(s, FAULT_NETWORK, "given up while looking for a mail exchanger");
        return;
    }
    if (!s->conn)
        return;
    if (!s->up) {
        conn_abort(s->conn);
        return;
    }
    const struct verb *v = s->nqueue > 0 ? s->queue[0].cmd.verb : NULL;
    const char *what = v ? v->name : s->nqueue > 0 ? s->queue[0].cmd.name : NULL;
    if (what)
        session_event_entry(s, EVENT_ABORTED, MARK_WARN, 0,
                            "you stopped waiting for the reply to %s: connection dropped", what);
    else
        session_event_entry(s, EVENT_ABORTED, MARK_EVENT, 0, "you dropped the connection");
    session_over(s, FAULT_NETWORK, "dropped by the user");
}

void session_drop(struct session *s)
{
    if (!session_is_open(s))
        return;
    session_event_entry(s, EVENT_ABORTED, MARK_EVENT, 0,
                        session_is_ending(s) ? "you closed the connection after QUIT"
                                             : "you dropped the connection without QUIT");
    session_over(s, FAULT_NONE, "dropped by the user");
}

/* ---- questions ---- */

const struct proto *session_proto(const struct session *s)
{
    return s->proto;
}

const struct target *session_target(const struct session *s)
{
    return &s->target;
}

struct transcript *session_transcript(struct session *s)
{
    return s->transcript;
}

const struct where *session_now(const struct session *s)
{
    return &s->now;
}

const struct where *session_ahead(const struct session *s)
{
    return &s->ahead;
}

bool session_letter_awaited(const struct session *s)
{
    const struct verb *end = proto_pseudo(s->proto, VERB_END);
    return s->conn && end && proto_legal(end, &s->ahead) && !proto_legal(end, &s->now);
}

const struct caps *session_caps(const struct session *s)
{
    return s->has_caps && !s->stale ? &s->caps : NULL;
}

const struct caps *session_caps_before(const struct session *s)
{
    return s->has_before ? &s->before : NULL;
}

bool session_caps_stale(const struct session *s)
{
    return s->stale;
}

size_t session_pending(const struct session *s)
{
    return s->conn ? conn_pending(s->conn) : 0;
}

size_t session_outstanding(const struct session *s)
{
    return s->nqueue;
}

uint64_t session_literal_left(const struct session *s)
{
    return s->literal_left;
}

bool session_is_open(const struct session *s)
{
    return s->conn != NULL || s->mx_pending;
}

bool session_is_up(const struct session *s)
{
    return s->conn && s->up;
}

const struct command *session_may_answer(const struct session *s)
{
    const struct verb *v = s->has_last ? s->last_cmd.verb : NULL;
    return v && (v->flags & (VERB_AUTH | VERB_ANSWER)) ? &s->last_cmd : NULL;
}

bool session_in_handshake(const struct session *s)
{
    return s->conn && conn_in_handshake(s->conn);
}

bool session_is_ending(const struct session *s)
{
    const struct verb *v = s->nqueue > 0 ? s->queue[s->nqueue - 1].cmd.verb : NULL;
    return s->conn && (s->finishing || (v && (v->flags & VERB_QUIT)));
}

bool session_is_practice(const struct session *s)
{
    return s->options.practice;
}

const char *session_address(const struct session *s)
{
    return s->address;
}

const struct tls_facts *session_tls(const struct session *s)
{
    return s->has_tls ? &s->tls : NULL;
}

struct tls_peer *session_peer(const struct session *s)
{
    return s->peer;
}

const char *session_user(const struct session *s)
{
    return s->user;
}

uint32_t session_latency_us(const struct session *s)
{
    return s->latency_us;
}

const char *session_timestamp(const struct session *s)
{
    return s->timestamp;
}

uint64_t session_waiting_us(const struct session *s)
{
    return s->waiting_from ? now_us() - s->waiting_from : 0;
}

enum reply_class session_reply_class(const struct session *s)
{
    return s->last_class;
}

enum fault session_fault(const struct session *s)
{
    return s->fault;
}

const char *session_last(const struct session *s)
{
    return s->last;
}
