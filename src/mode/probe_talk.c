/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The talk of a check-up with one address: greeting, capabilities, TLS, capabilities again, with
 * --to the envelope taken back by RSET, and QUIT. Never DATA, BDAT or a login. RFC 5321 4.1, RFC
 * 3207, RFC 2595, RFC 2449. */
#include "mode/probe.h"
#include "heloscope/buf.h"
#include "heloscope/harmless.h"
#include "heloscope/loop.h"

#include <stdlib.h>
#include <string.h>

void probe_talk_name(const struct probe_talk *t, char *out, size_t size)
{
    const char *name = t->entry.address[0] ? t->entry.host : t->target.label;
    char spoken_to[300];
    if (probe_talk_elsewhere(t, spoken_to, sizeof spoken_to))
        snprintf(out, size, "%s%s%s%s (by --connect at %s)", name, t->entry.address[0] ? " [" : "",
                 t->entry.address, t->entry.address[0] ? "]" : "", spoken_to);
    else
        snprintf(out, size, t->entry.address[0] ? "%s [%s]" : "%s", name, t->entry.address);
}

bool probe_talk_elsewhere(const struct probe_talk *t, char *out, size_t size)
{
    const struct route *way = &t->p->way;
    if (!way->elsewhere)
        return false;
    if (way->connect.port || way->connect.path)
        snprintf(out, size, "%s", way->connect.label);
    else
        snprintf(out, size, "%s:%u", way->connect.label, t->target.port);
    return true;
}

static bool pop3(const struct probe_talk *t)
{
    return strcmp(t->target.proto->name, "pop3") == 0;
}

/* -- the last word ----------------------------------------------------------------------------- */

/* The newest reply of the server's; false: there was none. */
static bool last_reply(const struct probe_talk *t, size_t *item)
{
    const struct source *src = transcript_source(session_transcript(t->s));
    struct item it;
    for (size_t i = src->count(src->self); i-- > 0;)
        if (src->item(src->self, i, &it) && it.kind == ITEM_SERVER) {
            *item = i;
            return true;
        }
    return false;
}

static void keep_reply(struct probe_talk *t)
{
    const struct source *src = transcript_source(session_transcript(t->s));
    struct span line;
    struct item it;
    struct buf b;
    if (!last_reply(t, &t->item) || !src->item(src->self, t->item, &it))
        return;
    buf_init(&b, sizeof t->reply - 1);
    for (uint64_t k = 0; k < it.lines && k < 8 && src->line(src->self, t->item, k, &line); k++) {
        if (k)
            buf_add_str(&b, " / ");
        text_clean(&b, line.p, line.n);
    }
    snprintf(t->reply, sizeof t->reply, "%s", buf_str(&b));
    buf_clear(&b);
}

static void refused(struct probe_talk *t, const char *stage)
{
    if (t->outcome == PROBE_REFUSED)
        return; /* the first refusal is what counts */
    t->outcome = PROBE_REFUSED;
    t->stage = stage;
    t->temporary = session_reply_class(t->s) == REPLY_TEMP;
    keep_reply(t);
}

static void over(struct probe_talk *t)
{
    static const char *const stages[] = {[STEP_BANNER] = "the banner",
                                         [STEP_CAPS] = "the greeting",
                                         [STEP_HELO] = "the greeting",
                                         [STEP_UPGRADE] = "STARTTLS",
                                         [STEP_CAPS_TLS] = "the greeting inside TLS",
                                         [STEP_MAIL] = "MAIL",
                                         [STEP_RCPT] = "RCPT",
                                         [STEP_RSET] = "RSET",
                                         [STEP_QUIT] = "QUIT",
                                         [STEP_OVER] = "the end"};
    const enum fault fault = session_fault(t->s);
    const enum probe_step step = t->step;
    if (t->step == STEP_OVER)
        return;
    t->step = STEP_OVER;
    if (t->outcome == PROBE_NOT_TRIED && (step == STEP_QUIT || fault == FAULT_NONE)) {
        t->outcome = PROBE_FINE;
    } else if (t->outcome == PROBE_NOT_TRIED) {
        const enum reply_class cls = session_reply_class(t->s);
        t->stage = step == STEP_UPGRADE && pop3(t) ? "STLS" : stages[step];
        if (step == STEP_BANNER && (cls == REPLY_TEMP || cls == REPLY_PERM)) {
            refused(t, "the banner");
        } else {
            t->outcome = fault == FAULT_TLS        ? PROBE_TLS_FAILED
                         : fault == FAULT_PROTOCOL ? PROBE_GARBAGE
                                                   : PROBE_UNREACHABLE;
            snprintf(t->reply, sizeof t->reply, "%s", session_last(t->s));
        }
    }
    probe_talk_done(t);
}

/* -- the steps --------------------------------------------------------------------------------- */

static void say(struct probe_talk *t, enum probe_step step, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct probe_talk *t, enum probe_step step, const char *fmt, ...)
{
    char line[1200], why[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    t->step = step;
    if (!session_line(t->s, line, strlen(line), why, sizeof why))
        session_drop(t->s);
}

static void ask_caps(struct probe_talk *t, enum probe_step step)
{
    if (pop3(t))
        say(t, step, "CAPA");
    else
        say(t, step, "%s %s", t->target.proto->caps_verb, t->p->ehlo);
}

/* Goes away politely; with --tui the session stays open, for the user to go on with. */
static void part(struct probe_talk *t)
{
    if (!t->p->a->tui) {
        say(t, STEP_QUIT, "QUIT");
        return;
    }
    t->step = STEP_QUIT;
    over(t);
}

/* Everything about the server is known; now the envelope, if one was given. */
static void envelope(struct probe_talk *t)
{
    if (t->p->nrcpts && !pop3(t))
        say(t, STEP_MAIL, "MAIL FROM:<%s>", t->p->from);
    else
        part(t);
}

static void after_caps(struct probe_talk *t)
{
    const struct caps *c = session_caps(t->s);
    if (!session_now(t->s)->tls && c && caps_find(c, pop3(t) ? "STLS" : "STARTTLS")) {
        t->since = now_us();
        say(t, STEP_UPGRADE, "%s", pop3(t) ? "STLS" : "STARTTLS");
    } else {
        envelope(t);
    }
}

/* What was said last was answered. */
static void answered(struct probe_talk *t, bool ok)
{
    const struct probe *p = t->p;
    switch (t->step) {
    case STEP_BANNER:
        t->banner_ms = session_latency_us(t->s) / 1000.0;
        if (ok) {
            ask_caps(t, STEP_CAPS);
        } else {
            refused(t, "the banner");
            part(t);
        }
        return;
    case STEP_CAPS:
        t->caps_ms = session_latency_us(t->s) / 1000.0;
        if (ok) {
            after_caps(t);
        } else if (pop3(t)) {
            part(t); /* servers without CAPA are no news */
        } else if (strcmp(t->target.proto->name, "lmtp") != 0 &&
                   session_reply_class(t->s) == REPLY_PERM) {
            say(t, STEP_HELO, "HELO %s", p->ehlo);
        } else {
            refused(t, t->target.proto->caps_verb);
            part(t);
        }
        return;
    case STEP_HELO:
        if (ok) {
            envelope(t);
        } else {
            refused(t, "EHLO and HELO");
            part(t);
        }
        return;
    case STEP_UPGRADE:
        if (!ok)
            envelope(t); /* the refusal of TLS is a finding of its own */
        else if (session_now(t->s)->tls) {
            t->tls_ms = (double)(now_us() - t->since) / 1000.0;
            ask_caps(t, STEP_CAPS_TLS);
        }
        return; /* else the handshake is going on */
    case STEP_CAPS_TLS:
        if (!ok && !pop3(t))
            refused(t, "the greeting inside TLS");
        if (t->outcome == PROBE_REFUSED)
            part(t);
        else
            envelope(t);
        return;
    case STEP_MAIL:
        if (ok) {
            say(t, STEP_RCPT, "RCPT TO:<%s>", p->rcpts[t->rcpt]);
        } else {
            refused(t, "MAIL");
            part(t);
        }
        return;
    case STEP_RCPT:
        if (!ok)
            refused(t, "RCPT");
        if (++t->rcpt < p->nrcpts)
            say(t, STEP_RCPT, "RCPT TO:<%s>", p->rcpts[t->rcpt]);
        else
            say(t, STEP_RSET, "RSET");
        return;
    case STEP_RSET:
        part(t);
        return;
    case STEP_QUIT:
    case STEP_OVER:
        return;
    }
}

static void on_kick(void *arg)
{
    struct probe_talk *t = arg;
    t->kick = NULL;
    if (!session_is_open(t->s)) {
        over(t);
        return;
    }
    const enum reply_class cls = session_reply_class(t->s);
    if (session_is_up(t->s) && !session_outstanding(t->s) && cls != REPLY_NONE)
        answered(t, cls == REPLY_OK);
    if (!session_is_open(t->s)) /* say() may have dropped it */
        over(t);
}

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    struct probe_talk *t = arg;
    if (ev == SESSION_UP && !session_now(s)->tls && t->connect_ms == 0)
        t->connect_ms = (double)(now_us() - t->since) / 1000.0;
    if (!t->kick) /* never out of the session's own call */
        t->kick = loop_timer(t->p->loop, 0, on_kick, t);
}

void probe_talk_start(struct probe_talk *t)
{
    struct probe *p = t->p;
    struct session_options o = p->o;
    char why[200];
    route_copy(&t->way, &p->way);
    if (t->entry.address[0] && !t->way.elsewhere) {
        t->way.elsewhere = target_parse(t->entry.address, &t->way.connect, why, sizeof why);
        t->way.connect.port = t->target.port;
        target_label(&t->way.connect);
    }
    o.conn.route = &t->way;
    t->since = now_us();
    t->s = session_open(p->loop, &t->target, &o, on_session, t);
    if (!session_is_open(t->s))
        t->kick = loop_timer(p->loop, 0, on_kick, t);
}

void probe_talk_clear(struct probe_talk *t)
{
    loop_drop(t->kick);
    session_free(t->s);
    dnsfacts_free(t->facts);
    target_clear(&t->target);
    route_clear(&t->way);
}
