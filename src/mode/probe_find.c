/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a check-up found, the gravest first, and the one sentence that comes before all: what
 * happens to mail. */
#include "mode/probe.h"
#include "heloscope/harmless.h"
#include "heloscope/know.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct rule {
    const char *id;
    enum tls_gravity gravity;
    const char *why, *next;
} rules[] = {
#define PROBE_RULE(id, gravity, why, next) {id, TLS_##gravity, why, next},
#include "mode/probe_rules.def"
#undef PROBE_RULE
};

enum { SLOW_MS = 4000 };

static const struct rule *rule_of(const char *id)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].id, id) == 0)
            return &rules[i];
    return NULL;
}

static struct probe_finding *add(struct probe *p, enum tls_gravity g, const char *id,
                                 const char *where)
{
    static struct probe_finding dropped;
    struct probe_finding *f = p->nfound < PROBE_FINDINGS_MAX ? &p->found[p->nfound++] : &dropped;
    *f = (struct probe_finding){.gravity = g, .id = id};
    snprintf(f->where, sizeof f->where, "%s", where);
    return f;
}

/* By a row of probe_rules.def; ids without one are no findings. */
static struct probe_finding *by_rule(struct probe *p, const char *id, const char *where,
                                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static struct probe_finding *by_rule(struct probe *p, const char *id, const char *where,
                                     const char *fmt, ...)
{
    const struct rule *r = rule_of(id);
    if (!r)
        return NULL;
    struct probe_finding *f = add(p, r->gravity, r->id, where);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->title, sizeof f->title, fmt, ap);
    va_end(ap);
    snprintf(f->why, sizeof f->why, "%s", r->why);
    snprintf(f->next, sizeof f->next, "%s", r->next);
    return f;
}

/* -- DNS --------------------------------------------------------------------------------------- */

static void from_list(struct probe *p)
{
    const struct mx_list *l = p->list;
    if (!l)
        return;
    if (l->kind == MX_NULL)
        by_rule(p, "no-mail", l->domain, "%s", l->why);
    else if (l->best == l->n)
        by_rule(p, l->temporary ? "dns-failed" : "no-server", l->domain, "%s", l->why);
    else if (l->kind == MX_IMPLICIT)
        by_rule(p, "mx-implicit", l->domain, "no MX record: the domain's own address stands in");
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].warn && l->at[i].id)
            by_rule(p, l->at[i].id, l->at[i].host, "MX %u: %s", l->at[i].preference, l->at[i].note);
    if (p->skipped)
        by_rule(p, "not-tried", l->domain, "%zu more addresses were not talked to", p->skipped);
}

static void from_facts(struct probe *p, const struct dnsfacts *f, const char *where)
{
    for (size_t i = 0; f && i < dnsfacts_count(f); i++) {
        const struct dnsfacts_line *l = dnsfacts_line(f, i);
        if (l->tone == DNSFACTS_WARN)
            by_rule(p, l->id, where, "%s: %s", l->label, l->text);
    }
}

/* -- a talk ------------------------------------------------------------------------------------ */

static void refusal(struct probe *p, const struct probe_talk *t, const char *where)
{
    const struct source *src = transcript_source(session_transcript(t->s));
    struct moment m;
    struct item it;
    struct span line;
    struct explanation e;
    struct probe_finding *f =
        by_rule(p, "refused", where, "%s at %s", t->temporary ? "put off" : "refused", t->stage);
    snprintf(f->detail, sizeof f->detail, "%s", t->reply);
    if (!src->item(src->self, t->item, &it) || !src->moment(src->self, t->item, &m) ||
        !src->line(src->self, t->item, 0, &line))
        return;
    know_explain(it.kind, &m, it.notes, line.p, line.n, &e);
    know_explain_cause(src, t->item, &it, &m, &e);
    if (e.what[0])
        snprintf(f->why, sizeof f->why, "%s%s%s", e.what, e.decided[0] ? " Decided by: " : "",
                 e.decided);
    if (e.next[0]) {
        size_t n = strlen(e.next);
        while (n && e.next[n - 1] == '.')
            n--;
        snprintf(f->next, sizeof f->next, "%.*s%s%s", (int)n, e.next,
                 e.mends[0] ? "; who can mend it: " : "", e.mends);
    }
}

/* It was there, and greeted: what then went wrong is no closed port. */
static bool broke_off(const struct probe_talk *t)
{
    return t->outcome == PROBE_UNREACHABLE && t->banner_ms > 0;
}

static void unreachable(struct probe *p, const struct probe_talk *t, const char *where)
{
    if (broke_off(t))
        by_rule(p, "broken-off", where, "broken off at %s: %s", t->stage, t->reply);
    else
        by_rule(p, p->way.proxy && t->connect_ms == 0 ? "proxy-failed" : "unreachable", where, "%s",
                t->reply);
}

static void from_talk(struct probe *p, const struct probe_talk *t)
{
    struct tls_finding found[TLS_FINDINGS_MAX];
    struct tls_seen seen;
    char where[800];
    probe_talk_name(t, where, sizeof where);
    if (t->outcome == PROBE_UNREACHABLE)
        unreachable(p, t, where);
    else if (t->outcome == PROBE_GARBAGE)
        by_rule(p, "garbage", where, "%s", t->reply);
    else if (t->outcome == PROBE_REFUSED)
        refusal(p, t, where);
    if (t->banner_ms > SLOW_MS)
        by_rule(p, "slow-banner", where, "the greeting came after %.1f s", t->banner_ms / 1000);
    session_tls_seen(t->s, &seen);
    size_t n = tls_findings(&seen, found, TLS_FINDINGS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct tls_rule *r = found[i].rule;
        /* A talk that came to nothing before is not blamed for what it did not do. */
        if (t->outcome != PROBE_FINE && strcmp(r->id, "starttls-not-used") == 0)
            continue;
        struct probe_finding *f = add(p, r->gravity, r->id, where);
        tls_finding_text(&seen, r->title, f->title, sizeof f->title);
        tls_finding_text(&seen, r->why, f->why, sizeof f->why);
        tls_finding_text(&seen, r->next, f->next, sizeof f->next);
        snprintf(f->detail, sizeof f->detail, "%s", found[i].detail);
    }
    from_facts(p, t->facts, where);
}

/* -- the answer -------------------------------------------------------------------------------- */

static const char *purpose(const struct probe *p)
{
    return strcmp(p->target.proto->name, "pop3") == 0 ? "POP3" : "Mail";
}

/* "example.test", or the host that was asked for. */
static const char *subject(const struct probe *p)
{
    return p->target.host ? p->target.host : p->target.label;
}

static void answer_refused(struct probe *p, const struct probe_talk *t)
{
    const struct probe_finding *f = NULL;
    for (size_t i = 0; i < p->nfound && !f; i++)
        if (strcmp(p->found[i].id, "refused") == 0 && p->found[i].detail[0])
            f = &p->found[i];
    char name[800];
    snprintf(name, sizeof name, "%s", t->entry.host);
    if (p->way.elsewhere)
        probe_talk_name(t, name, sizeof name);
    snprintf(p->answer, sizeof p->answer, "%s for %s is %s at %s by %s: %s%s%s", purpose(p),
             subject(p), t->temporary ? "put off" : "refused", t->stage, name, t->reply,
             f ? ": " : "", f ? f->next : "");
    p->fault = FAULT_REFUSED;
}

static void answer_fine(struct probe *p, const struct probe_talk *t)
{
    const struct tls_facts *tls = session_tls(t->s);
    char inside[200], name[800];
    size_t failed = 0;
    probe_talk_name(t, name, sizeof name);
    for (size_t i = 0; i < p->ntalks; i++)
        failed += p->talks[i].outcome != PROBE_FINE;
    if (tls)
        snprintf(inside, sizeof inside, "inside %s, certificate %s", tls->version,
                 tls->verdict == TLS_UNVERIFIED ? "NOT verified" : "verified");
    else
        snprintf(inside, sizeof inside, "in the clear");
    int n;
    if (strcmp(p->target.proto->name, "pop3") == 0)
        n = snprintf(p->answer, sizeof p->answer, "POP3 for %s: %s answers, %s; no login was tried",
                     subject(p), name, inside);
    else if (p->nrcpts)
        n = snprintf(p->answer, sizeof p->answer, "Mail from <%s> to %s%s would be taken by %s, %s",
                     p->from, p->rcpts[0], p->nrcpts > 1 ? " and the others" : "", name, inside);
    else
        n = snprintf(p->answer, sizeof p->answer,
                     "Mail for %s: %s answers, %s; whether it takes a recipient was not asked "
                     "(--to does)",
                     subject(p), name, inside);
    if (failed && n > 0 && (size_t)n < sizeof p->answer)
        snprintf(p->answer + n, sizeof p->answer - (size_t)n, ". But %zu of %zu addresses fail",
                 failed, p->ntalks);
    p->fault = FAULT_NONE;
}

/* Senders take the first server that answers; if it puts them off, the next. */
static void answer(struct probe *p)
{
    const struct probe_talk *first = NULL, *fine = NULL;
    char name[800];
    for (size_t i = 0; i < p->ntalks; i++) {
        const struct probe_talk *t = &p->talks[i];
        if (!fine && t->outcome == PROBE_FINE)
            fine = t;
        if (!first && t->outcome != PROBE_UNREACHABLE)
            first = t;
    }
    /* A permanent no to the envelope is final (RFC 5321 4.2.1); a refused connection, like anything
     * else, sends them on. */
    const bool final = first && first->outcome == PROBE_REFUSED && !first->temporary &&
                       strcmp(first->stage, "the banner") != 0;
    if (fine && !final) {
        answer_fine(p, fine);
    } else if (first && first->outcome == PROBE_REFUSED) {
        answer_refused(p, first);
    } else if (first) {
        probe_talk_name(first, name, sizeof name);
        const bool tls = first->outcome == PROBE_TLS_FAILED;
        snprintf(p->answer, sizeof p->answer, "%s for %s fails: %s %s: %s", purpose(p), subject(p),
                 name, tls ? "fails in TLS" : "does not speak the protocol", first->reply);
        p->fault = tls ? FAULT_TLS : FAULT_PROTOCOL;
    } else if (p->ntalks && broke_off(&p->talks[0])) {
        probe_talk_name(&p->talks[0], name, sizeof name);
        snprintf(p->answer, sizeof p->answer, "%s for %s breaks off at %s: %s: %s", purpose(p),
                 subject(p), p->talks[0].stage, name, p->talks[0].reply);
        p->fault = FAULT_NETWORK;
    } else if (p->ntalks) {
        snprintf(p->answer, sizeof p->answer, "%s for %s has no way: %s%s", purpose(p), subject(p),
                 p->ntalks > 1 ? "no address can be reached; the first: " : "", p->talks[0].reply);
        p->fault = FAULT_NETWORK;
    } else {
        snprintf(p->answer, sizeof p->answer, "Mail for %s has no way: %s", subject(p),
                 p->list ? p->list->why : "there is nothing to talk to");
        p->fault = FAULT_NETWORK;
    }
}

void probe_conclude(struct probe *p)
{
    from_list(p);
    from_facts(p, p->domain, p->list ? p->list->domain : "");
    for (size_t i = 0; i < p->ntalks; i++)
        from_talk(p, &p->talks[i]);
    /* The gravest first; equal ones as they were found. */
    for (size_t i = 1; i < p->nfound; i++) {
        struct probe_finding f = p->found[i];
        size_t k = i;
        for (; k && p->found[k - 1].gravity < f.gravity; k--)
            p->found[k] = p->found[k - 1];
        p->found[k] = f;
    }
    answer(p);
}
