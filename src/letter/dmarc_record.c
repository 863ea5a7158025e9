/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DMARC's records and whose organization a domain belongs to: by the walk up the tree (RFC
 * 9989 4.7, 4.10) and by the list of public suffixes (RFC 7489 3.2, 6.3). */
#include "letter/dmarc_priv.h"
#include "letter/tags.h"

#include "core/lazy/psl.gen.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int policy_of(const struct tag *t)
{
    if (!t)
        return NOT_SAID;
    return tag_is(t, "none")         ? POLICY_NONE
           : tag_is(t, "quarantine") ? POLICY_QUARANTINE
           : tag_is(t, "reject")     ? POLICY_REJECT
                                     : BAD;
}

/* Is one of the URIs fit to be used? (RFC 3986: a scheme and something behind it) */
static bool has_uri(const struct tag *t)
{
    for (size_t at = 0; t && at < t->nvalue;) {
        const char *p = t->value + at, *comma = memchr(p, ',', t->nvalue - at);
        size_t n = comma ? (size_t)(comma - p) : t->nvalue - at, i = 0;
        at += n + 1;
        while (n && (*p == ' ' || *p == '\t'))
            p++, n--;
        while (i < n && ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z'))
            i++;
        if (i && i + 1 < n && p[i] == ':')
            return true;
    }
    return false;
}

bool dmarc_record_read(const char *s, size_t n, const char *domain, struct dmarc_record *out)
{
    struct tags t;
    uint64_t pct;
    tags_parse(&t, s, n);
    const struct tag *v = tags_get(&t, "v");
    /* The first tag, and exactly DMARC1 (RFC 9989 4.7); mistakes behind it fall back to defaults.
     */
    if (!v || v != &t.at[0] || v->nvalue != 6 || memcmp(v->value, "DMARC1", 6) != 0)
        return false;
    memset(out, 0, sizeof *out);
    snprintf(out->domain, sizeof out->domain, "%s", domain);
    snprintf(out->text, sizeof out->text, "%.*s", (int)(n < 280 ? n : 280), s);
    out->p = policy_of(tags_get(&t, "p"));
    out->sp = policy_of(tags_get(&t, "sp"));
    out->np = policy_of(tags_get(&t, "np"));
    out->adkim_strict = tag_is(tags_get(&t, "adkim"), "s");
    out->aspf_strict = tag_is(tags_get(&t, "aspf"), "s");
    out->testing = tag_is(tags_get(&t, "t"), "y");
    out->psd = tag_is(tags_get(&t, "psd"), "y")   ? 'y'
               : tag_is(tags_get(&t, "psd"), "n") ? 'n'
                                                  : 'u';
    out->pct = tag_number(tags_get(&t, "pct"), &pct) && pct <= 100 ? (int)pct : 100;
    out->rua = has_uri(tags_get(&t, "rua"));
    return true;
}

enum fetch dmarc_fetch(const struct rr_source *dns, const char *domain, struct dmarc_record *out,
                       const char **why)
{
    char name[300];
    struct rr_answer a;
    size_t found = 0;
    struct dmarc_record one;
    snprintf(name, sizeof name, "_dmarc.%s", domain);
    if (strlen(name) > 253)
        return FETCH_NONE;
    dns->lookup(dns->self, name, RR_TXT, &a);
    if (a.status == RR_PENDING)
        return FETCH_PENDING;
    if (a.status == RR_TEMPFAIL) {
        *why = a.why;
        return FETCH_FAILED;
    }
    for (size_t i = 0; a.status == RR_FOUND && i < a.n; i++)
        if (dmarc_record_read(a.at[i].data, a.at[i].n, domain, &one) && !found++)
            *out = one;
    return found > 1 ? FETCH_SEVERAL : found ? FETCH_FOUND : FETCH_NONE;
}

/* The last k labels. */
static const char *last_labels(const char *domain, unsigned k)
{
    for (unsigned n = domain_labels(domain); n > k; n--)
        domain = strchr(domain, '.') + 1;
    return domain;
}

/* RFC 9989 4.10.2, from the longest name to the shortest. */
static void organization(const char *domain, struct walk *w)
{
    snprintf(w->org, sizeof w->org, "%s", w->n ? w->at[w->n - 1].domain : domain);
    for (size_t i = 0; i < w->n; i++) {
        const struct dmarc_record *r = &w->at[i];
        if (r->psd == 'n') {
            snprintf(w->org, sizeof w->org, "%s", r->domain);
            return;
        }
        if (r->psd == 'y' && strcmp(r->domain, domain) != 0) {
            snprintf(w->org, sizeof w->org, "%s",
                     last_labels(domain, domain_labels(r->domain) + 1));
            return;
        }
    }
}

void dmarc_walk(const struct rr_source *dns, const char *domain, struct walk *w)
{
    const char *at = domain;
    memset(w, 0, sizeof *w);
    /* The name itself, then its last 7 labels at most, label after label: 8 questions (4.10). */
    for (unsigned labels = domain_labels(domain), asked = 0; labels && asked < WALK_MAX; asked++) {
        enum fetch f = dmarc_fetch(dns, at, &w->at[w->n], &w->why);
        if (f == FETCH_PENDING || f == FETCH_FAILED) {
            w->pending = f == FETCH_PENDING;
            w->failed = f == FETCH_FAILED;
            return;
        }
        if (f == FETCH_SEVERAL && !w->discarded[0])
            snprintf(w->discarded, sizeof w->discarded, "%s", at);
        if (f == FETCH_FOUND && w->at[w->n++].psd != 'u')
            break;
        labels = labels > WALK_MAX ? WALK_MAX - 1 : labels - 1;
        if (labels)
            at = last_labels(domain, labels);
    }
    organization(domain, w);
}

void dmarc_org_by_list(const char *domain, char out[256])
{
    char why[200];
    const char *org = NULL;
    if (lazy_ready(psl, why, sizeof why)) {
        const psl_ctx_t *list = psl_builtin();
        org = list ? psl_registrable_domain(list, domain) : last_labels(domain, 2);
    } else {
        org = last_labels(domain, 2);
    }
    snprintf(out, 256, "%s", org ? org : domain); /* a public suffix itself */
}
