/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes in: lines and bodies become replies, each paired with the oldest outstanding command;
 * the driver says what a line is, the state moves by its step(). Unsolicited replies and garbage
 * are recorded as what they are. */
#include "core/session_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- capabilities ---- */

static void learn(struct session *s, size_t index, const char *line, size_t n)
{
    struct cap_line c;
    if (!s->proto->capability || !s->proto->capability(index, line, n, &c))
        return;
    if (!caps_add(&s->building, line + c.keyword, c.keyword_len, line + c.params, c.params_len))
        session_event_entry(s, EVENT_LIMIT, MARK_WARN, 0,
                            "more than %d capabilities: the rest is not in the list", CAPS_MAX);
}

/* The body of a CAPA reply, line by line. */
static void learn_body(struct session *s)
{
    const char *p = buf_str(&s->caps_text), *end = p + s->caps_text.len;
    for (size_t index = 1; p < end; index++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((lf ? lf : end) - p);
        learn(s, index, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n);
        p = lf ? lf + 1 : end;
    }
    buf_clear(&s->caps_text);
}

static void publish_caps(struct session *s, size_t entry)
{
    struct cap_diff rows[2 * CAPS_MAX];
    int count[4] = {0};
    if (s->has_caps && !s->stale) {
        caps_copy(&s->before, &s->caps);
        s->has_before = true;
    }
    s->building.tls = s->now.tls;
    caps_copy(&s->caps, &s->building);
    caps_clear(&s->building);
    s->has_caps = true;
    s->stale = false;
    session_saw_caps(s);
    if (!s->has_before)
        return;
    size_t n = caps_diff(&s->before, &s->caps, rows, 2 * CAPS_MAX);
    for (size_t i = 0; i < n && i < 2 * CAPS_MAX; i++)
        count[rows[i].change]++;
    transcript_caps(s->transcript, entry, count[CAP_NEW], count[CAP_GONE], count[CAP_CHANGED]);
}

/* ---- a reply is whole ---- */

static void upgrade(struct session *s)
{
    const char *rest = "";
    size_t n = frame_rest(&s->frame, &rest);
    if (s->nqueue > 0)
        session_event_entry(s, EVENT_NOTE, MARK_WARN, 0,
                            "%zu command(s) sent after the upgrade request are void", s->nqueue);
    s->nqueue = 0;
    session_look_ahead(s);
    session_arm(s);
    if (s->has_caps && !s->stale) {
        caps_copy(&s->before, &s->caps);
        s->has_before = true;
        s->stale = true;
        session_event_entry(
            s, EVENT_CAPS_DROPPED, MARK_EVENT, 0,
            "the capabilities learnt in the clear are dropped: ask again inside TLS (%s)",
            s->proto->caps_verb);
    }
    s->up = false;
    session_dane_ask(s);
    conn_start_tls(s->conn, rest, n);
}

/* The server takes us for another client from here on (Postfix XCLIENT_README). */
static void begin_anew(struct session *s)
{
    if (!s->has_caps || s->stale)
        return;
    caps_copy(&s->before, &s->caps);
    s->has_before = true;
    s->stale = true;
    session_event_entry(s, EVENT_NOTE, MARK_EVENT, 0,
                        "the talk starts anew: ask for the capabilities again (%s), another client "
                        "may get others",
                        s->proto->caps_verb);
}

static void find_timestamp(struct session *s, const char *line, size_t n)
{
    const char *open = memchr(line, '<', n);
    const char *close = open ? memchr(open, '>', n - (size_t)(open - line)) : NULL;
    size_t len = close ? (size_t)(close - open) + 1 : 0;
    if (len > 2 && len < sizeof s->timestamp && memchr(open, '@', len)) {
        memcpy(s->timestamp, open, len);
        s->timestamp[len] = 0;
    }
}

/* Does this reply answer the PROXY header, taken for a command by a server that expects none? It
 * may come when the first command is on its way; EHLO and QUIT are known to every server. */
static bool answers_header(const struct session *s)
{
    const struct route *r = s->options.conn.route;
    const struct outstanding *o = s->nqueue > 0 ? &s->queue[0] : NULL;
    if (!r || !r->header || s->header_answered || s->reply.cls != REPLY_PERM)
        return false;
    if (!o)
        return s->exchanges == 0;
    return o->exchange == 1 && o->cmd.verb && (o->cmd.verb->flags & (VERB_CAPS | VERB_QUIT)) &&
           (s->reply.code == 500 || s->reply.code == 502);
}

static void finish_reply(struct session *s)
{
    size_t entry = s->reply_entry;
    struct outstanding o = {0};
    bool to_header = answers_header(s), paired = s->nqueue > 0 && !to_header;
    const struct source *src = transcript_source(s->transcript);
    struct span first = {"", 0};

    s->reply_entry = NO_ENTRY;
    s->in_body = false;
    s->last_class = s->reply.cls;
    if (paired)
        o = s->queue[0];
    struct where before = paired ? o.before : s->now;
    /* LMTP: one reply for each recipient that was accepted, which is known for sure only now. */
    if (paired && !o.answered)
        s->queue[0].replies_left = proto_replies(s->proto, &s->now, &o.cmd);
    s->proto->step(&s->now, &o.cmd, &s->reply);
    if (paired) {
        s->queue[0].answered = true;
        if (--s->queue[0].replies_left == 0)
            session_pop(s);
        else
            session_look_ahead(s);
    } else {
        session_look_ahead(s);
    }

    struct moment m = {.proto = s->proto,
                       .command = o.cmd,
                       .before = before,
                       .after = s->now,
                       .reply = s->reply,
                       .exchange = o.exchange,
                       .unsolicited = !paired};
    uint32_t took = paired ? (uint32_t)(s->reply_first_us - o.sent_us) : 0;
    if (paired)
        s->latency_us = took;
    transcript_close(s->transcript, entry, item_mark_of(s->reply.cls), &m, took);
    s->header_answered |= to_header;
    if (to_header)
        session_event_entry(s, EVENT_NOTE, MARK_WARN, 0,
                            "the server took the PROXY header for a command: it expects none at "
                            "this port (leave --proxy-protocol out)");
    else if (!paired)
        session_event_entry(s, EVENT_UNSOLICITED, MARK_WARN, 0,
                            "nobody asked: the server spoke by itself");
    s->waiting_from = 0;
    session_arm(s);

    unsigned flags = o.cmd.verb ? o.cmd.verb->flags : 0;
    enum reply_class cls = s->reply.cls;
    size_t text = s->reply.text;
    src->line(src->self, entry, 0, &first);
    if (text > first.n)
        text = first.n;
    if (s->dropped_said == false && transcript_dropped(s->transcript) > 0) {
        s->dropped_said = true;
        session_event_entry(s, EVENT_LIMIT, MARK_WARN, 0,
                            "the transcript has reached its ceiling: %llu octets of this reply "
                            "were counted and not kept",
                            (unsigned long long)transcript_dropped(s->transcript));
    }
    if (flags & VERB_BANNER) {
        find_timestamp(s, first.p, first.n);
        session_mx_greeted(s, cls);
    }
    if ((flags & VERB_CAPS) && cls == REPLY_OK) {
        learn_body(s);
        publish_caps(s, entry);
    }
    caps_clear(&s->building);
    if ((flags & (VERB_AUTH | VERB_ANSWER)) && cls == REPLY_GO) {
        session_auth_challenge(s, entry, &o.cmd, first.p + text, first.n - text);
    } else if (s->now.authed && !before.authed && cls == REPLY_OK) {
        snprintf(s->user, sizeof s->user, "%s", s->auth_user[0] ? s->auth_user : "(logged in)");
    }
    if (cls != REPLY_GO)
        session_auth_result(s, entry, &o.cmd, cls, s->now.authed && !before.authed);
    if ((flags & VERB_LETTER) && cls == REPLY_GO) {
        s->letter_open = true;
        session_tell(s, SESSION_LETTER);
    }
    if (s->feed && paired && (flags & (VERB_END | VERB_LITERAL)))
        session_feed_reply(s);
    if ((flags & VERB_QUIT) || (s->reply.code == 421))
        s->quitting = true;
    if ((flags & VERB_QUIT) && s->conn) {
        s->finishing = true;
        conn_finish(s->conn);
    }
    if ((flags & VERB_UPGRADE) && (cls == REPLY_TEMP || cls == REPLY_PERM))
        session_saw_refusal(s, first.p, first.n);
    if ((flags & VERB_ANEW) && cls == REPLY_OK)
        begin_anew(s);
    if ((flags & VERB_UPGRADE) && cls == REPLY_OK && s->conn)
        upgrade(s);
}

/* ---- lines ---- */

static void garbage(struct session *s, const struct piece *p)
{
    const struct verb *v = s->nqueue > 0 ? s->queue[0].cmd.verb : NULL;
    bool banner = v && (v->flags & VERB_BANNER);
    struct moment m = {.proto = s->proto,
                       .before = s->now,
                       .after = s->now,
                       .event = EVENT_GARBAGE,
                       .unsolicited = true};
    if (s->garbage_entry != NO_ENTRY && s->garbage_bytes < GARBAGE_MAX &&
        s->garbage_entry + 1 == transcript_count(s->transcript)) {
        transcript_more(s->transcript, s->garbage_entry, p->p, p->n, p->notes);
    } else {
        s->garbage_entry =
            transcript_add(s->transcript, ITEM_SERVER, MARK_WARN, &m, p->p, p->n, p->notes);
        s->garbage_bytes = 0;
        transcript_close(s->transcript, s->garbage_entry, MARK_WARN, &m, 0);
    }
    s->garbage_bytes += p->n;
    if (banner && !s->garbage_banner) {
        s->garbage_banner = true;
        session_event_entry(s, EVENT_GARBAGE, MARK_WARN, 0,
                            "this is no %s greeting: another protocol seems to answer at this port",
                            s->proto->title);
    }
}

/* A line over the frame's ceiling comes in pieces: the driver judges the first, the others belong
 * to it. */
static bool is_cut(const struct piece *p)
{
    return (p->notes & NOTE_CUT) && p->text == p->n;
}

static void take_line(struct session *s, const struct piece *piece)
{
    struct command none = {0};
    const struct command *cmd = s->nqueue > 0 ? &s->queue[0].cmd : &none;
    bool first = s->reply_entry == NO_ENTRY;
    struct buf masked;
    struct piece p = *piece;

    buf_init(&masked, FRAME_LINE_MAX * 4);
    if (s->nsecrets > 0 && session_mask(s, p.p, p.n, &masked)) {
        p.text = masked.len - (p.n - p.text);
        p.p = masked.p;
        p.n = masked.len;
        p.notes |= NOTE_MASKED;
    }
    if (s->cut_entry != NO_ENTRY) {
        transcript_more(s->transcript, s->cut_entry, p.p, p.n, p.notes);
        s->cut_entry = is_cut(piece) ? s->cut_entry : NO_ENTRY;
        buf_clear(&masked);
        return;
    }
    if (first) {
        memset(&s->reply, 0, sizeof s->reply);
        s->reply_first_us = now_us();
    }
    struct reply keep = s->reply;
    enum reply_step step = s->proto->reply(cmd, p.p, p.text, &s->reply);
    if (step == REPLY_GARBAGE && first) {
        s->reply = keep;
        garbage(s, &p);
        s->cut_entry = is_cut(piece) ? s->garbage_entry : NO_ENTRY;
        buf_clear(&masked);
        return;
    }
    if (step == REPLY_GARBAGE) { /* in the middle of a reply: part of it, and odd */
        s->reply = keep;
        s->reply.odd = true;
        s->reply.lines++;
        step = REPLY_MORE_LINES;
    }
    if (first) {
        const struct outstanding *o = s->nqueue > 0 ? &s->queue[0] : NULL;
        struct moment m = {.proto = s->proto,
                           .command = *cmd,
                           .before = o ? o->before : s->now,
                           .after = s->now,
                           .reply = s->reply,
                           .exchange = o ? o->exchange : 0,
                           .unsolicited = !o};
        s->reply_entry = transcript_add(s->transcript, ITEM_SERVER, item_mark_of(s->reply.cls), &m,
                                        p.p, p.n, p.notes);
    } else {
        transcript_more(s->transcript, s->reply_entry, p.p, p.n, p.notes);
    }
    s->cut_entry = is_cut(piece) ? s->reply_entry : NO_ENTRY;
    if (cmd->verb && (cmd->verb->flags & VERB_CAPS) && s->reply.cls == REPLY_OK &&
        step != REPLY_BODY)
        learn(s, s->reply.lines > 0 ? s->reply.lines - 1 : 0, p.p, p.text);
    buf_clear(&masked);
    if (step == REPLY_BODY) {
        s->in_body = true;
        frame_body(&s->frame);
    } else if (step == REPLY_WHOLE) {
        finish_reply(s);
    }
}

static bool to_body(void *arg, const char *p, size_t n)
{
    struct session *s = arg;
    return s->body_fn(s->body_arg, p, n, false);
}

void session_body_to(struct session *s, session_body_fn *fn, void *arg)
{
    s->body_fn = fn;
    s->body_arg = arg;
    s->unstuff = (struct unstuff){0};
}

static void take_body(struct session *s, const struct piece *p)
{
    const struct verb *v = s->nqueue > 0 ? s->queue[0].cmd.verb : NULL;
    if (v && (v->flags & VERB_CAPS)) {
        if (p->kind == PIECE_BODY && !buf_add(&s->caps_text, p->p, p->n))
            session_event_entry(s, EVENT_LIMIT, MARK_WARN, 0,
                                "a capability list over %d octets is not read to its end",
                                CAPS_TEXT_MAX);
    }
    if (s->body_fn && !(v && (v->flags & VERB_CAPS))) {
        if (p->kind == PIECE_BODY ? !unstuff_bytes(&s->unstuff, p->p, p->n, to_body, s)
                                  : !s->body_fn(s->body_arg, "", 0, true)) {
            int e = errno;
            session_event_entry(s, EVENT_LIMIT, MARK_WARN, e, "the message cannot be written: %s",
                                strerror(e));
            session_over(s, FAULT_FILE, strerror(e));
        }
        s->unstuff.inside = s->unstuff.inside && p->kind == PIECE_BODY;
        return;
    }
    if (s->options.use_sink && !(v && (v->flags & VERB_CAPS))) {
        if (p->kind == PIECE_BODY && !write_all(s->options.sink_fd, p->p, p->n)) {
            int e = errno;
            session_event_entry(s, EVENT_LIMIT, MARK_WARN, e, "the message cannot be written: %s",
                                strerror(e));
            session_over(s, FAULT_FILE, strerror(e));
        }
        return;
    }
    transcript_more(s->transcript, s->reply_entry, p->p, p->n, p->notes | NOTE_STUFFED);
}

void session_received(struct session *s, const char *bytes, size_t n)
{
    struct piece p;
    frame_feed(&s->frame, bytes, n);
    while (s->conn && frame_next(&s->frame, &p)) {
        if (p.kind == PIECE_LINE) {
            take_line(s, &p);
            continue;
        }
        take_body(s, &p);
        if (p.kind == PIECE_END && s->conn)
            finish_reply(s);
    }
    if (s->conn) {
        session_arm(s);
        session_tell(s, SESSION_CHANGED);
    }
}

/* The other end has closed: what was cut off is recorded as it is. */
void session_stream_end(struct session *s)
{
    struct piece p;
    if (!frame_finish(&s->frame, &p))
        return;
    if (s->reply_entry != NO_ENTRY) {
        transcript_more(s->transcript, s->reply_entry, p.p, p.n, p.notes);
        return;
    }
    struct moment m = {.proto = s->proto, .before = s->now, .after = s->now, .unsolicited = true};
    size_t e = transcript_add(s->transcript, ITEM_SERVER, MARK_WARN, &m, p.p, p.n, p.notes);
    transcript_close(s->transcript, e, MARK_WARN, &m, 0);
}
