/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the connection reports becomes events of the transcript: each attempt with its time, TLS
 * with what was and was not verified, injected bytes (CVE-2011-0411), and the end in words. */
#include "core/session_priv.h"
#include "heloscope/tlsjudge.h"
#include "heloscope/tlspeer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum event_kind kind_of_errno(int e, enum event_kind otherwise)
{
    switch (e) {
    case ECONNREFUSED:
        return EVENT_REFUSED;
    case ETIMEDOUT:
        return EVENT_TIMED_OUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return EVENT_NO_ROUTE;
    case ECONNRESET:
    case EPIPE:
        return EVENT_RESET;
    default:
        return otherwise;
    }
}

static void keep_tls(struct session *s, const struct conn_event *ev)
{
    s->tls = *ev->facts;
    s->has_tls = true;
    if (s->peer == ev->peer)
        return;
    tls_peer_free(s->peer);
    s->peer = tls_peer_ref(ev->peer);
}

/* "192.0.2.1:25", "[2001:db8::1]:25"; not what a proxy connected, nor a socket's path. */
static void keep_address(struct session *s, const char *text)
{
    unsigned char ip[16];
    const bool six = *text == '[';
    snprintf(s->address, sizeof s->address, "%.*s", (int)strcspn(text + six, six ? "]" : ":"),
             text + six);
    if (strchr(text, ' ') || inet_pton(six ? AF_INET6 : AF_INET, s->address, ip) != 1)
        s->address[0] = '\0';
}

static void judge_by_policy(struct session *s)
{
    if (!s->options.mta_sts || !s->peer || !s->target.ascii)
        return;
    enum mtasts_verdict v = tls_judge_mtasts(s->peer, s->options.mta_sts, s->target.ascii);
    session_event_entry(s, EVENT_NOTE,
                        v == MTASTS_BROKEN || v == MTASTS_BROKEN_TESTING ? MARK_WARN : MARK_EVENT,
                        0, "MTA-STS: %s", tls_peer_opinion(s->peer, TLS_CHECK_MTA_STS)->why);
}

static void keep_facts(struct session *s, const struct conn_event *ev)
{
    keep_tls(s, ev);
    session_dane_again(s);
}

void session_tls_decide(struct session *s)
{
    if (!s->conn)
        return;
    if (s->tls.verdict != TLS_UNVERIFIED || s->options.conn.insecure) {
        conn_tls_accept(s->conn);
        return;
    }
    session_event_entry(s, EVENT_TLS_UNVERIFIED, MARK_WARN, 0, "certificate NOT verified: %s",
                        s->tls.why);
    s->ask_tls = true;
    session_tell(s, SESSION_CHANGED);
    session_tell(s, SESSION_ASK_TLS);
}

static void tls_is_up(struct session *s, const struct tls_facts *f)
{
    enum item_mark mark = f->verdict == TLS_UNVERIFIED ? MARK_WARN : MARK_EVENT;
    s->now.tls = true;
    s->up = true;
    session_look_ahead(s);
    if (f->verdict == TLS_UNVERIFIED)
        session_event_entry(s, EVENT_TLS_UP, mark, 0, "%s up (%s), NOT verified: %s", f->version,
                            f->cipher, f->why);
    else if (f->verdict == TLS_VERIFIED_PRACTICE)
        session_event_entry(s, EVENT_TLS_UP, mark, 0, "%s up (%s), verified by the practice CA",
                            f->version, f->cipher);
    else
        session_event_entry(s, EVENT_TLS_UP, mark, 0, "%s up (%s), verified%s: issued to %s by %s",
                            f->version, f->cipher,
                            tls_peer_stood_in(s->peer, TLS_CHECK_CHAIN) ? " by DANE" : "",
                            f->names[0] ? f->names : f->subject, f->issuer);
    judge_by_policy(s);
}

/* The other end closed its side. Is that what was to be expected? */
static void closed(struct session *s, const char *text)
{
    bool in_reply = s->reply_entry != NO_ENTRY;
    bool banner =
        s->nqueue > 0 && s->queue[0].cmd.verb && (s->queue[0].cmd.verb->flags & VERB_BANNER);
    session_stream_end(s);
    session_saw_end(s, "the connection was closed instead");
    if (s->mx_leaving) {
        session_event_entry(s, EVENT_CLOSED, MARK_EVENT, 0, "%s", text);
        session_give_up(s, FAULT_NETWORK, "it did not greet");
    } else if (in_reply) {
        session_event_entry(s, EVENT_CLOSED_IN_REPLY, MARK_WARN, 0, "%s in the middle of a reply",
                            text);
        session_give_up(s, FAULT_NETWORK,
                        "the server closed the connection in the middle of a reply");
    } else if (s->garbage_banner) {
        session_event_entry(s, EVENT_CLOSED, MARK_WARN, 0, "%s", text);
        session_give_up(s, FAULT_PROTOCOL, "what answered does not speak this protocol");
    } else if (s->nqueue > 0) {
        session_event_entry(s, EVENT_CLOSED_IN_REPLY, MARK_WARN, 0,
                            banner ? "%s without a greeting" : "%s without a reply", text);
        session_give_up(s, FAULT_NETWORK,
                        banner ? "the server closed the connection without a greeting"
                               : "the server closed the connection without a reply");
    } else if (s->quitting) {
        session_event_entry(s, EVENT_CLOSED, MARK_EVENT, 0, "%s", text);
        session_give_up(s, FAULT_NONE, "");
    } else {
        session_event_entry(s, EVENT_CLOSED, MARK_WARN, 0, "%s, unasked", text);
        session_give_up(s, FAULT_NETWORK, "the server closed the connection");
    }
}

static void failed(struct session *s, const struct conn_event *ev)
{
    bool tls = ev->kind == CONN_TLS_FAILED;
    if (s->quitting && !tls && !s->mx_leaving) { /* reset after QUIT: nothing is lost */
        session_event_entry(s, EVENT_CLOSED, MARK_EVENT, ev->sys_errno, "%s", ev->text);
        session_give_up(s, FAULT_NONE, "");
        return;
    }
    if (tls)
        snprintf(s->tls_failed, sizeof s->tls_failed, "%s", ev->text);
    bool in_reply = s->reply_entry != NO_ENTRY;
    session_stream_end(s);
    if (!tls)
        session_saw_end(s, ev->text);
    enum event_kind kind = tls                            ? EVENT_TLS_FAILED
                           : ev->lookup == LOOKUP_NO_SUCH ? EVENT_NAME_NOT_FOUND
                           : ev->lookup == LOOKUP_NO_ANSWER
                               ? EVENT_NAME_TRY_AGAIN
                               : kind_of_errno(ev->sys_errno, EVENT_NETWORK_FAILED);
    session_event_entry(s, kind, MARK_WARN, ev->sys_errno, "%s%s", ev->text,
                        in_reply ? " in the middle of a reply" : "");
    session_give_up(s,
                    ev->fault != FAULT_NONE ? ev->fault
                    : tls                   ? FAULT_TLS
                                            : FAULT_NETWORK,
                    ev->text);
}

void session_conn_event(void *arg, const struct conn_event *ev)
{
    struct session *s = arg;
    switch (ev->kind) {
    case CONN_RESOLVING:
        session_event_entry(s, EVENT_RESOLVING, MARK_EVENT, 0, "looking up %s", ev->text);
        break;
    case CONN_RESOLVED:
        session_event_entry(s, EVENT_RESOLVED, MARK_EVENT, 0, "found %s (%.0f ms)", ev->text,
                            ev->ms);
        break;
    case CONN_TRYING:
        session_event_entry(s, EVENT_TRYING, MARK_EVENT, 0, "trying %s", ev->text);
        break;
    case CONN_ATTEMPT_FAILED:
        session_event_entry(s, kind_of_errno(ev->sys_errno, EVENT_ATTEMPT_FAILED), MARK_EVENT,
                            ev->sys_errno, "%s (%.0f ms)", ev->text, ev->ms);
        break;
    case CONN_CONNECTED:
        keep_address(s, ev->text);
        session_event_entry(s, EVENT_CONNECTED, MARK_EVENT, 0, "connected to %s (%.1f ms)",
                            ev->text, ev->ms);
        if (ev->header)
            session_event_entry(
                s, EVENT_NOTE, MARK_EVENT, 0, "sent ahead of the talk: %s%s", ev->header,
                s->options.conn.route->header == 2 ? " (as version 2: octets)" : "");
        s->up = !s->target.tls;
        if (s->target.tls)
            session_dane_ask(s);
        if (s->nqueue > 0) /* the banner is waited for from here on, not from the look-up */
            s->queue[0].sent_us = now_us();
        if (s->up) {
            session_arm(s);
            session_tell(s, SESSION_UP);
        }
        break;
    case CONN_DATA:
        session_received(s, ev->bytes, ev->n);
        return;
    case CONN_DRAINED:
        if (s->feed)
            session_feed_more(s);
        return;
    case CONN_TLS_STARTED:
        return;
    case CONN_TLS_UP: {
        bool implicit = s->target.tls;
        keep_facts(s, ev);
        if (!s->options.conn.tls_hold)
            session_dane_judge(s); /* says why nobody was asked */
        tls_is_up(s, &s->tls);
        if (implicit && s->nqueue > 0)
            s->queue[0].sent_us = now_us();
        session_arm(s);
        session_tell(s, SESSION_UP);
        break;
    }
    case CONN_TLS_UNVERIFIED:
        keep_tls(s, ev);
        session_dane_judge(s);
        if (!session_dane_hold(s))
            session_tls_decide(s);
        return;
    case CONN_INJECTED:
        s->injected += ev->n;
        session_event_entry(
            s, EVENT_INJECTED, MARK_WARN, 0,
            "%zu octets came in the clear after the upgrade was agreed: discarded as injected",
            ev->n);
        break;
    case CONN_EOF:
        closed(s, ev->text);
        return;
    case CONN_TLS_FAILED:
    case CONN_FAILED:
        failed(s, ev);
        return;
    case CONN_ABORTED:
        session_event_entry(s, EVENT_ABORTED, MARK_WARN, 0, "%s", ev->text);
        session_over(s, FAULT_NETWORK, ev->text);
        return;
    }
    session_tell(s, SESSION_CHANGED);
}
