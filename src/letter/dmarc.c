/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DMARC's verdict and its reason: which record applies, which identifier is aligned, what is asked
 * for. RFC 9989 4.4, 4.7, 4.10, 5.3; RFC 7489 3.1, 6.3, 6.6. */
#include "heloscope/harmless.h"
#include "letter/dmarc_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *dmarc_word(enum dmarc_result r)
{
    static const char *const words[] = {"none", "pass", "fail", "temperror", "permerror"};
    return words[r];
}

const char *policy_word(enum dmarc_policy p)
{
    static const char *const words[] = {"none", "quarantine", "reject"};
    return words[p];
}

/* One author's domain judged by one RFC. */
struct run {
    enum dmarc_rfc rfc;
    const char *domain;
    const struct rr_source *dns;
    struct dmarc_record record;
    char org[256];
    const char *org_why; /* why the organization is not known, org being "" then; or NULL */
    bool failed;         /* a question about it got no answer */
    struct dmarc *out;
    struct buf why;
};

static void pending(struct run *r)
{
    r->out->pending = true;
    r->out->result = DMARC_TEMPERROR;
}

static bool ended(struct run *r, enum dmarc_result result)
{
    r->out->result = result;
    return false;
}

/* ---- which record applies ---- */

static bool discover_9989(struct run *r)
{
    struct walk *w = xmalloc(sizeof *w);
    dmarc_walk(r->dns, r->domain, w);
    const struct dmarc_record *use = NULL;
    bool ok = false;
    if (w->pending) {
        pending(r);
    } else if (w->failed && w->n && strcmp(w->at[0].domain, r->domain) == 0) {
        /* The record that applies is there; whose organization this is must be known only for
         * another name that would have to be of the same one (RFC 9989 4.10.2). */
        r->record = w->at[0];
        r->org_why = w->why;
        ok = true;
    } else if (w->failed) {
        buf_addf(&r->why, "the DMARC records above %s cannot be had: %s", r->domain, w->why);
        ended(r, DMARC_TEMPERROR);
    } else {
        snprintf(r->org, sizeof r->org, "%s", w->org);
        for (size_t i = 0; i < w->n && !use; i++) /* the author's own, then the organization's */
            use = strcmp(w->at[i].domain, r->domain) == 0 ? &w->at[i] : NULL;
        for (size_t i = 0; i < w->n && !use; i++)
            use = strcmp(w->at[i].domain, w->org) == 0 ? &w->at[i] : NULL;
        for (size_t i = 0; i < w->n && !use; i++) /* then that of the public suffix */
            use = w->at[i].psd == 'y' ? &w->at[i] : NULL;
        ok = use != NULL;
        if (ok)
            r->record = *use;
        else if (w->discarded[0])
            buf_addf(&r->why,
                     "several DMARC records lie at _dmarc.%s, which count as none (RFC 9989 4.10), "
                     "and there is no other at _dmarc.%s or above it",
                     w->discarded, r->domain);
        else
            buf_addf(&r->why, "there is no DMARC record at _dmarc.%s or above it", r->domain);
    }
    free(w);
    return ok;
}

static bool discover_7489(struct run *r)
{
    const char *why = "", *at = r->domain;
    dmarc_org_by_list(r->domain, r->org);
    enum fetch f = dmarc_fetch(r->dns, at, &r->record, &why);
    if (f == FETCH_NONE && strcmp(r->org, r->domain) != 0) {
        at = r->org;
        f = dmarc_fetch(r->dns, at, &r->record, &why);
    }
    switch (f) {
    case FETCH_FOUND:
        return true;
    case FETCH_PENDING:
        pending(r);
        return false;
    case FETCH_FAILED:
        buf_addf(&r->why, "the DMARC record at _dmarc.%s cannot be had: %s", at, why);
        return ended(r, DMARC_TEMPERROR);
    case FETCH_SEVERAL:
        buf_addf(&r->why,
                 "several DMARC records lie at _dmarc.%s, which count as none (RFC 7489 6.6.3)",
                 at);
        return false;
    default:
        buf_addf(&r->why, "there is no DMARC record at _dmarc.%s%s%s", r->domain,
                 strcmp(r->org, r->domain) != 0 ? " or _dmarc." : "",
                 strcmp(r->org, r->domain) != 0 ? r->org : "");
        return false;
    }
}

/* ---- what it asks for ---- */

static bool exists(struct run *r, bool *known)
{
    struct rr_answer a;
    r->dns->lookup(r->dns->self, r->domain, RR_TXT, &a);
    *known = a.status != RR_PENDING;
    if (!*known)
        pending(r);
    return a.status != RR_NXDOMAIN;
}

static bool choose_policy(struct run *r)
{
    const struct dmarc_record *rec = &r->record;
    struct dmarc *out = r->out;
    bool modern = r->rfc == DMARC_9989, below = strcmp(rec->domain, r->domain) != 0;
    int p = modern && rec->p == NOT_SAID ? POLICY_NONE : rec->p;
    out->tag = "p";
    if (p < 0 || rec->sp == BAD || (modern && rec->np == BAD)) {
        if (!rec->rua) {
            buf_addf(&r->why,
                     "the record at _dmarc.%s, \"%s\", states no valid policy and no address for "
                     "reports, so it does not count (RFC %s)",
                     rec->domain, rec->text, modern ? "9989 4.10.1" : "7489 6.6.3");
            return false;
        }
        out->policy = POLICY_NONE;
    } else if (!below) {
        out->policy = (enum dmarc_policy)p;
    } else {
        bool known = true;
        out->policy = (enum dmarc_policy)(rec->sp >= 0 ? rec->sp : p);
        out->tag = rec->sp >= 0 ? "sp" : "p";
        if (modern && rec->np >= 0 && !exists(r, &known)) {
            out->policy = (enum dmarc_policy)rec->np;
            out->tag = "np";
        }
        if (!known)
            return false;
    }
    out->found = true;
    snprintf(out->policy_domain, sizeof out->policy_domain, "%s", rec->domain);
    buf_addf(&r->why, "record \"%s\" at _dmarc.%s; ", rec->text, rec->domain);
    if (r->org_why)
        buf_addf(&r->why, "the records above %s, which tell the organization, cannot be had: %s",
                 r->domain, r->org_why);
    else
        buf_addf(&r->why, "organizational domain %s (%s)", r->org,
                 modern ? "tree walk" : "public suffix list");
    return true;
}

/* ---- what is aligned ---- */

static const char *org_of(struct run *r, const char *domain, char out[256])
{
    out[0] = '\0';
    if (r->rfc == DMARC_7489) {
        dmarc_org_by_list(domain, out);
        return out;
    }
    struct walk *w = xmalloc(sizeof *w);
    dmarc_walk(r->dns, domain, w);
    if (w->pending)
        pending(r);
    else if (w->failed)
        r->failed = true;
    else
        snprintf(out, 256, "%s", w->org);
    free(w);
    return out;
}

/* Says whether domain is aligned, and why. */
static bool aligned(struct run *r, const char *domain, bool strict)
{
    char org[256];
    if (strcmp(domain, r->domain) == 0) {
        buf_addf(&r->why, "%s is the author's domain: aligned", domain);
        return true;
    }
    if (strict) {
        buf_addf(&r->why, "%s is not %s: not aligned, strict wants the same name", domain,
                 r->domain);
        return false;
    }
    if (r->org_why) {
        r->failed = true;
        buf_addf(&r->why, "whether %s is of the same organization is not known", domain);
        return false;
    }
    /* It cannot be of the same organization without lying within it. */
    if (!domain_within(domain, r->org)) {
        buf_addf(&r->why, "%s is not of %s: not aligned, relaxed wants the same organization",
                 domain, r->org);
        return false;
    }
    bool same = strcmp(org_of(r, domain, org), r->org) == 0;
    if (r->out->pending)
        return false;
    buf_addf(&r->why,
             same ? "%s is of the same organization: aligned (relaxed)"
                  : "%s is an organization of its own: not aligned",
             domain);
    return same;
}

/* True: a temporary error stands in the way of a pass that would be aligned. */
static bool look_at_spf(struct run *r, const struct spf *s)
{
    char d[256];
    buf_addf(&r->why, "; SPF %s", spf_word(s->result));
    if (s->result != SPF_PASS && s->result != SPF_TEMPERROR) {
        buf_add_str(&r->why, " proves nothing");
        return false;
    }
    buf_add_str(&r->why, ": ");
    bool is =
        domain_normal(s->domain, strlen(s->domain), d) && aligned(r, d, r->record.aspf_strict);
    r->out->spf_aligned = is && s->result == SPF_PASS;
    return is && s->result == SPF_TEMPERROR;
}

/* Did a signature before this one, of the same domain, come to the same? */
static bool said_before(const struct dkim *d, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (d->at[k].result == d->at[i].result && !strcmp(d->at[k].d, d->at[i].d))
            return true;
    return false;
}

static bool look_at_dkim(struct run *r, const struct dkim *d)
{
    bool wait = false;
    if (!d->n)
        buf_add_str(&r->why, "; no DKIM signature");
    for (size_t i = 0; i < d->n; i++) {
        const struct dkim_signature *s = &d->at[i];
        if (said_before(d, i))
            continue;
        buf_addf(&r->why, "; DKIM %s", dkim_word(s->result));
        if (s->result != DKIM_PASS && s->result != DKIM_TEMPERROR) {
            buf_addf(&r->why, " of %s proves nothing", s->d[0] ? s->d : "?");
            continue;
        }
        buf_add_str(&r->why, ": ");
        bool is = aligned(r, s->d, r->record.adkim_strict);
        r->out->dkim_aligned = r->out->dkim_aligned || (is && s->result == DKIM_PASS);
        wait = wait || (is && s->result == DKIM_TEMPERROR);
    }
    return wait;
}

static void dispose(struct run *r)
{
    struct dmarc *out = r->out;
    out->disposition = out->policy;
    buf_addf(&r->why, "; nothing aligned passed, and %s=%s asks to %s", out->tag,
             policy_word(out->policy),
             out->policy == POLICY_REJECT       ? "reject"
             : out->policy == POLICY_QUARANTINE ? "put it aside"
                                                : "deliver all the same");
    if (out->policy == POLICY_NONE)
        return;
    if (r->rfc == DMARC_9989 && r->record.testing) {
        out->disposition--;
        buf_addf(&r->why, "; t=y: still being tested, so one step less: %s (RFC 9989 4.7)",
                 policy_word(out->disposition));
    }
    if (r->rfc == DMARC_7489 && r->record.pct == 0) {
        out->disposition--;
        buf_addf(&r->why, "; pct=0: asked for no message, so one step less: %s (RFC 7489 6.6.4)",
                 policy_word(out->disposition));
    } else if (r->rfc == DMARC_7489 && r->record.pct < 100) {
        buf_addf(&r->why,
                 "; pct=%d: asked for that share of messages, the others get one step less "
                 "(RFC 7489 6.6.4)",
                 r->record.pct);
    }
}

static void judge(struct run *r, const struct spf *spf, const struct dkim *dkim)
{
    struct dmarc *out = r->out;
    out->evaluated = true;
    snprintf(out->domain, sizeof out->domain, "%s", r->domain);
    bool found = r->rfc == DMARC_9989 ? discover_9989(r) : discover_7489(r);
    snprintf(out->org_domain, sizeof out->org_domain, "%s", r->org);
    if (!found || !choose_policy(r))
        return;
    bool wait = look_at_spf(r, spf), wait_dkim = look_at_dkim(r, dkim);
    if (out->pending)
        return;
    if (out->spf_aligned || out->dkim_aligned) {
        out->result = DMARC_PASS;
    } else if (wait || wait_dkim || r->failed) {
        out->result = DMARC_TEMPERROR;
        buf_add_str(&r->why, "; another day it may pass, so nothing is decided");
    } else {
        out->result = DMARC_FAIL;
        dispose(r);
    }
}

/* The stricter of two verdicts (RFC 7489 6.6.1). */
static bool stricter(const struct dmarc *a, const struct dmarc *b)
{
    static const int rank[] = {[DMARC_NONE] = 1,
                               [DMARC_PASS] = 0,
                               [DMARC_FAIL] = 3,
                               [DMARC_TEMPERROR] = 2,
                               [DMARC_PERMERROR] = 2};
    if (a->disposition != b->disposition)
        return a->disposition > b->disposition;
    return rank[a->result] > rank[b->result];
}

/* Does it apply at all? NULL: yes. */
static const char *not_for_us(enum dmarc_rfc rfc, const struct author *a)
{
    if (a->fields != 1)
        return a->why;
    if (!a->domains || a->group)
        return a->why;
    if (a->domains > 1 && rfc == DMARC_9989)
        return "the From field names several domains (RFC 9989 5.3.1)";
    return NULL;
}

void dmarc_check(enum dmarc_rfc rfc, const struct author *author, const struct spf *spf,
                 const struct dkim *dkim, const struct rr_source *dns, struct dmarc *out)
{
    const char *no = not_for_us(rfc, author);
    struct buf best;
    bool waits = false;
    memset(out, 0, sizeof *out);
    buf_init(&best, 65536);
    if (no)
        buf_addf(&best, "not evaluated: %s", no);
    for (size_t i = 0; !no && i < author->domains; i++) {
        struct dmarc one = {0};
        struct run r = {.rfc = rfc, .domain = author->domain[i], .dns = dns, .out = &one};
        buf_init(&r.why, 65536);
        buf_addf(&r.why, "From domain %s: ", r.domain);
        judge(&r, spf, dkim);
        waits = waits || one.pending;
        if (i == 0 || stricter(&one, out)) {
            *out = one;
            buf_trim(&best, 0);
            buf_add(&best, r.why.p, r.why.len);
        }
        buf_clear(&r.why);
    }
    out->pending = waits;
    if (!no && author->domains > 1)
        buf_addf(&best, "; the strictest of %zu domains (RFC 7489 6.6.1)", author->domains);
    if (!no && author->malformed)
        buf_addf(&best, "; the From field is malformed, though: %s", author->why);
    buf_init(&out->because, 65536);
    text_clean(&out->because, buf_str(&best), best.len);
    buf_clear(&best);
}

void dmarc_clear(struct dmarc *d)
{
    buf_clear(&d->because);
}
