/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session's DANE: the TLSA records of the host are asked for while the handshake goes on, and
 * their verdict joins the certificate's. The talk waits for them only where they can decide
 * something: the resolver is on this machine, so that its AD bit may be believed (dns.h). RFC 7672
 * 2.2 (authenticated), 3.1 (what a match is worth). */
#include "core/session_priv.h"
#include "heloscope/tlsjudge.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ASK_MS = 5000 };

/* Why nobody is asked; NULL: they are asked for. RFC 6761 6.3: nobody is asked about localhost. */
static const char *not_wanted(const struct session *s)
{
    const struct target *t = &s->target;
    const struct route *r = s->options.conn.route;
    const size_t n = t->ascii ? strlen(t->ascii) : 0;
    if (s->options.practice)
        return "practice asks nothing of the network, DNS included";
    if (!strcmp(s->proto->name, "pop3") || !strcmp(s->proto->name, "lmtp"))
        return "TLSA records are looked up for mail servers only (SMTP, RFC 7672)";
    if (!n || t->is_address)
        return "TLSA records belong to names, and this target is an address";
    if (!strchr(t->ascii, '.') || (n >= 10 && !strcasecmp(t->ascii + n - 10, ".localhost")))
        return "DNS holds no TLSA records for a name of this machine or network";
    if (r && r->proxy && !s->mx_list)
        return "through a proxy no names are looked up from here (:dns does)";
    return NULL;
}

bool session_dane_wanted(const struct session *s)
{
    return s->options.dane && !not_wanted(s);
}

enum dane_verdict session_judge_dane(struct session *s, const struct dane *d, const char *domain)
{
    const char *names[2] = {s->target.ascii, domain};
    if (!s->peer)
        return DANE_NONE;
    enum dane_verdict v = tls_judge_dane(s->peer, d, names, domain && *domain ? 2 : 1);
    const struct tls_opinion *o = tls_peer_opinion(s->peer, TLS_CHECK_DANE);
    if (!s->has_tls)
        return v;
    if (v == DANE_VERIFIED && s->tls.verdict == TLS_UNVERIFIED) {
        s->tls.verdict = TLS_VERIFIED;
        s->tls.why[0] = s->tls.next[0] = '\0';
    } else if (v == DANE_FAILED && !strstr(s->tls.why, o->why)) {
        size_t n = s->tls.verdict == TLS_UNVERIFIED ? strlen(s->tls.why) : 0;
        snprintf(s->tls.why + n, sizeof s->tls.why - n, "%sDANE: %s", n ? "; " : "", o->why);
        if (s->tls.verdict != TLS_UNVERIFIED)
            snprintf(s->tls.next, sizeof s->tls.next, "%s", o->next);
        s->tls.verdict = TLS_UNVERIFIED;
    }
    return v;
}

static enum dane_verdict judge(struct session *s)
{
    return session_judge_dane(s, &s->dane, s->mx_list ? s->mx_list->domain : NULL);
}

static void tell(struct session *s, enum dane_verdict v)
{
    if (v == DANE_NONE)
        return;
    const bool by_mx = s->mx_list && s->mx_list->kind == MX_FOUND && !s->mx_list->authenticated;
    session_event_entry(s, EVENT_DNS, v == DANE_FAILED ? MARK_WARN : MARK_EVENT, 0, "DANE: %s%s",
                        tls_peer_opinion(s->peer, TLS_CHECK_DANE)->why,
                        v == DANE_VERIFIED && by_mx
                            ? " (that this host takes the domain's mail is not authenticated)"
                            : "");
}

static void on_tlsa(void *arg, const struct dns_answer *a)
{
    struct session *s = arg;
    s->dane_query = NULL;
    s->dane_asking = false;
    s->dane_known = true;
    dane_take(&s->dane, a);
    if (!s->peer)
        return; /* the handshake is not through: it looks here itself */
    tell(s, judge(s));
    if (s->dane_holds) {
        s->dane_holds = false;
        session_tls_decide(s);
    }
    session_tell(s, SESSION_CHANGED);
}

void session_dane_ask(struct session *s)
{
    char name[300], why[200];
    if (s->dane_asking || s->dane_known || !session_dane_wanted(s) ||
        !dane_name(s->target.ascii, s->target.port, name, sizeof name) ||
        !session_dns(s, ASK_MS, why, sizeof why))
        return;
    s->dane_asking = true;
    s->dane_query = dns_ask(&s->dns, name, DNS_TLSA, on_tlsa, s);
}

bool session_dane_hold(struct session *s)
{
    s->dane_holds = s->dane_asking && dns_believed(&s->dns);
    return s->dane_holds;
}

void session_dane_judge(struct session *s)
{
    if (s->dane_known) {
        tell(s, judge(s));
    } else if (s->dane_asking) {
        tls_peer_say(s->peer, TLS_CHECK_DANE, TLS_NOT_ASKED, "the TLSA records are being looked up",
                     "");
    } else if (s->options.dane && not_wanted(s)) {
        tls_peer_say(s->peer, TLS_CHECK_DANE, TLS_NOT_ASKED, not_wanted(s), "");
    }
}

void session_dane_again(struct session *s)
{
    if (s->dane_known)
        judge(s);
}

bool session_asking(const struct session *s)
{
    return s->dane_asking;
}

void session_dane_end(struct session *s)
{
    if (s->dane_asking)
        dns_cancel(&s->dns, s->dane_query);
    s->dane_query = NULL;
    s->dane_asking = s->dane_known = s->dane_holds = false;
    dane_clear(&s->dane);
}
