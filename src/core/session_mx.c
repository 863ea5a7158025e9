/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session whose target is a domain: the look-up of its mail exchangers comes before the
 * connection, each is told in the transcript, and one is taken: the best, or the one that the user
 * picks. RFC 5321 5.1. The name for TLS is the exchanger's (RFC 8461 4.1, RFC 7672 3.2.2). */
#include "core/session_priv.h"
#include "heloscope/route.h"
#include "heloscope/tlspeer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_list(void *arg, const struct mx_list *list);

bool session_dns(struct session *s, int timeout_ms, char *why, size_t size)
{
    const struct session_options *o = &s->options;
    const int given = o->conn.resolve_timeout_ms;
    struct dns_options d = {.servers = o->conn.name_servers,
                            .timeout_ms =
                                given && (!timeout_ms || given < timeout_ms) ? given : timeout_ms};
    if (s->dns.ask)
        return true;
    s->dns_borrowed = o->dns != NULL;
    if (o->dns)
        s->dns = *o->dns;
    return o->dns || dns_open(&s->dns, s->loop, &d, why, size);
}

bool session_mx_begin(struct session *s)
{
    const struct session_options *o = &s->options;
    if (!session_dns(s, 0, s->last, sizeof s->last)) {
        s->fault = FAULT_NETWORK;
        return false;
    }
    session_event_entry(s, EVENT_MX, MARK_EVENT, 0, "looking up the mail exchangers (MX) of %s",
                        s->target.host);
    s->mx =
        mx_start(&s->dns, s->target.ascii, o->conn.route ? o->conn.route->family : 0, on_list, s);
    if (o->mx_reserved || (o->conn.route && o->conn.route->elsewhere))
        mx_allow_reserved(s->mx);
    return true;
}

void session_mx_end(struct session *s)
{
    mx_cancel(s->mx);
    s->mx = NULL;
}

static void tell_list(struct session *s, const struct mx_list *l)
{
    char text[800];
    if (l->kind == MX_IMPLICIT)
        session_event_entry(s, EVENT_MX, MARK_EVENT, 0,
                            "%s has no MX record: its own address stands in (%.0f ms)", l->domain,
                            l->ms);
    else if (l->kind == MX_FOUND)
        session_event_entry(s, EVENT_MX, MARK_EVENT, 0,
                            "mail exchangers of %s, the best first (%.0f ms)%s", l->domain, l->ms,
                            l->authenticated ? ", authenticated by DNSSEC" : "");
    for (size_t i = 0; i < l->n; i++) {
        mx_words(l, i, text, sizeof text);
        session_event_entry(s, EVENT_MX, l->at[i].warn ? MARK_WARN : MARK_EVENT, 0, "MX %s", text);
    }
    if (l->dropped)
        session_event_entry(s, EVENT_LIMIT, MARK_WARN, 0,
                            "%zu more hosts or addresses are not listed: %d are enough", l->dropped,
                            MX_ENTRIES_MAX);
}

static bool has_address(const struct mx_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].usable)
            return true;
    return false;
}

static void on_list(void *arg, const struct mx_list *list)
{
    struct session *s = arg;
    s->mx_list = xmalloc(sizeof *s->mx_list);
    *s->mx_list = *list;
    session_mx_end(s);
    list = s->mx_list;
    tell_list(s, list);
    bool ask = s->options.mx_ask && list->n > 1;
    for (size_t i = 0; i < list->n; i++) /* only one who was asked may choose a reserved address */
        ask = ask || (s->options.mx_ask && list->at[i].usable && !mx_takes(list, i));
    if (list->best == list->n && !(ask && has_address(list))) {
        enum event_kind kind = has_address(list)       ? EVENT_MX
                               : list->temporary       ? EVENT_NAME_TRY_AGAIN
                               : list->kind == MX_NULL ? EVENT_NETWORK_FAILED
                                                       : EVENT_NAME_NOT_FOUND;
        session_event_entry(s, kind, MARK_WARN, 0, "%s", list->why);
        session_over(s, FAULT_NETWORK, list->why);
        return;
    }
    if (ask) {
        session_tell(s, SESSION_CHANGED);
        session_tell(s, SESSION_ASK_MX);
        return;
    }
    session_mx_pick(s, list->best);
}

const struct mx_list *session_mx(const struct session *s)
{
    return s->mx_list;
}

/* The next entry after i that can be connected to; n: there is none. */
static size_t after(const struct mx_list *l, size_t i)
{
    do
        i++;
    while (i < l->n && !mx_takes(l, i));
    return i;
}

static bool has_next(const struct session *s)
{
    return s->mx_walk && after(s->mx_list, s->mx_at) < s->mx_list->n;
}

static void tell_attempt(struct session *s, const struct mx_entry *e)
{
    const struct mx_list *l = s->mx_list;
    size_t all = 0;
    for (size_t i = 0; i < l->n; i++)
        all += mx_takes(l, i);
    if (!s->mx_walk || all < 2)
        return;
    if (l->kind == MX_IMPLICIT)
        session_event_entry(s, EVENT_MX, MARK_EVENT, 0, "address %zu of %zu: %s", s->mx_tried, all,
                            e->address);
    else
        session_event_entry(s, EVENT_MX, MARK_EVENT, 0,
                            "mail exchanger %zu of %zu, preference %u: %s [%s]", s->mx_tried, all,
                            e->preference, e->host, e->address);
}

static void connect_to(struct session *s, size_t i)
{
    const struct mx_entry *e = &s->mx_list->at[i];
    struct target *t = &s->target;
    char label[300];
    s->mx_at = i;
    s->mx_tried++;
    t->mx = false;
    free(t->host);
    free(t->ascii);
    free(t->label);
    t->host = xstrdup(e->host);
    t->ascii = xstrdup(e->host);
    /* An address in an MX stays one. */
    t->is_address = strcmp(e->host, e->address) == 0;
    snprintf(label, sizeof label, strchr(e->host, ':') ? "[%s]:%u" : "%s:%u", e->host, t->port);
    t->label = xstrdup(label);
    route_clear(&s->mx_route);
    if (s->mx_way)
        route_copy(&s->mx_route, s->mx_way);
    if (!s->mx_route.elsewhere) { /* else the user's --connect goes before */
        char why[200];
        s->mx_route.elsewhere = target_parse(e->address, &s->mx_route.connect, why, sizeof why);
        s->mx_route.connect.port = t->port;
        target_label(&s->mx_route.connect);
    }
    s->options.conn.route = &s->mx_route;
    s->options.conn.tls_hold = session_dane_wanted(s);
    tell_attempt(s, e);
    s->mx_since = transcript_count(s->transcript);
    s->conn = conn_open(s->loop, t, &s->options.conn, session_conn_event, s);
    session_tell(s, SESSION_CHANGED);
}

void session_mx_pick(struct session *s, size_t i)
{
    const struct mx_list *l = s->mx_list;
    if (!l || i >= l->n || !l->at[i].address[0] || !s->mx_pending)
        return;
    s->mx_pending = false;
    s->mx_way = s->options.conn.route;
    /* With --connect all of them are at one place. */
    s->mx_walk = i == l->best && !(s->mx_way && s->mx_way->elsewhere);
    connect_to(s, i);
}

/* -- on to the next ---------------------------------------------------------------------------- */

size_t session_since(const struct session *s)
{
    return s->mx_leaving ? transcript_count(s->transcript) : s->mx_since;
}

void session_mx_greeted(struct session *s, enum reply_class cls)
{
    char why[200];
    if (cls == REPLY_OK)
        s->mx_walk = false;
    if (cls == REPLY_OK || !has_next(s))
        return;
    session_event_entry(s, EVENT_MX, MARK_WARN, 0,
                        "%s takes no mail from us now: as a sender would, on to the next "
                        "(RFC 5321 5.1)",
                        s->target.label);
    /* Its leave is taken properly (RFC 5321 4.1.1.10), but not waited for: 2 s at most. */
    if (s->reply.code != 421)
        session_send_command(s, "QUIT", 4, why, sizeof why);
    s->mx_leaving = true;
    s->up = false;
    if (s->conn)
        conn_finish(s->conn);
}

/* As the session was before it had connected. */
static void forget_server(struct session *s)
{
    if (s->reply_entry != NO_ENTRY) {
        struct moment m = {.proto = s->proto, .before = s->now, .after = s->now};
        transcript_close(s->transcript, s->reply_entry, MARK_WARN, &m, 0);
    }
    struct conn *c = s->conn;
    s->conn = NULL;
    conn_free(c);
    session_dane_end(s);
    tls_peer_free(s->peer);
    s->peer = NULL;
    s->has_tls = s->up = s->ask_tls = s->quitting = s->finishing = s->mx_leaving = false;
    s->garbage_banner = s->header_answered = s->in_body = false;
    s->tls_failed[0] = s->address[0] = s->timestamp[0] = '\0';
    s->reply_entry = s->garbage_entry = s->cut_entry = NO_ENTRY;
    s->last_class = REPLY_NONE;
    s->injected = 0;
    s->waiting_from = 0;
    s->nqueue = 0;
    s->proto->begin(&s->now);
    frame_clear(&s->frame);
    frame_init(&s->frame, s->proto->line_limit);
    session_look_ahead(s);
    session_expect_banner(s);
    loop_drop(s->timer); /* while connecting the connection's own timers run */
    s->timer = NULL;
}

void session_give_up(struct session *s, enum fault fault, const char *why)
{
    char all[600];
    if (s->conn && has_next(s)) {
        forget_server(s);
        connect_to(s, after(s->mx_list, s->mx_at));
        return;
    }
    snprintf(all, sizeof all, "%s", why);
    if (s->mx_walk && s->mx_tried > 1)
        snprintf(all, sizeof all, "none of the %zu mail exchangers of %s takes mail; the last: %s",
                 s->mx_tried, s->mx_list->domain, why);
    if (s->mx_walk && s->mx_tried > 1)
        session_event_entry(s, EVENT_MX, MARK_WARN, 0, "%s", all);
    session_over(s, fault, all);
}
