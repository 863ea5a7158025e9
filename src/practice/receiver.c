/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges each letter that comes over the border and does what its author's domain asks for. The
 * evaluators are src/letter's, the replies' wording is here. */
#include "practice/receiver.h"
#include "heloscope/lab.h"
#include "heloscope/practice.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct receiver {
    struct zone *zone; /* NULL: the world's own, not read yet */
    bool broken;       /* it cannot be read (a library is missing): nothing is judged */
};

struct receiver *receiver_new(const char *zone, char *why, size_t size)
{
    struct zone *z = zone ? zone_read(zone, why, size) : NULL;
    if (zone && !z)
        return NULL;
    struct receiver *r = xcalloc(1, sizeof *r);
    r->zone = z;
    return r;
}

void receiver_free(struct receiver *r)
{
    if (!r)
        return;
    zone_free(r->zone);
    free(r);
}

bool receiver_zone(struct receiver *r, const char *text, size_t n, char *why, size_t size)
{
    struct zone *z = zone_parse("zone", text, n, why, size);
    if (!z)
        return false;
    zone_free(r->zone);
    r->zone = z;
    r->broken = false;
    return true;
}

bool receiver_dns(struct receiver *r, const char *zone, const struct lab_choice *c, char *why,
                  size_t size)
{
    struct buf b;
    if (zone) {
        struct zone *z = zone_read(zone, why, size);
        if (!z)
            return false;
        zone_free(r->zone);
        r->zone = z;
        r->broken = false;
        return true;
    }
    if (!c) { /* read when the first letter comes */
        zone_free(r->zone);
        r->zone = NULL;
        return true;
    }
    buf_init(&b, 1 << 16);
    bool ok = lab_zone(c, &b, why, size) && receiver_zone(r, buf_str(&b), b.len, why, size);
    buf_clear(&b);
    return ok;
}

static bool ready(struct receiver *r)
{
    char why[300];
    struct buf b;
    if (r->zone || r->broken)
        return r->zone != NULL;
    buf_init(&b, 1 << 16);
    struct lab_choice usual = {.policy = "reject"};
    r->broken = !lab_zone(&usual, &b, why, sizeof why) ||
                !receiver_zone(r, buf_str(&b), b.len, why, sizeof why);
    buf_clear(&b);
    return !r->broken;
}

/* The letter without the results that bear our name (RFC 8601 5). */
static size_t without_forged(const struct mailtext *m, const struct arrival *a, struct buf *kept)
{
    size_t from = 0, taken = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct field *f = &m->at[i];
        if (!results_forged(f, PRACTICE_HOST))
            continue;
        if (!taken++)
            buf_init(kept, a->n + 1);
        size_t at = (size_t)(f->raw - a->text);
        buf_add(kept, a->text + from, at - from);
        from = at + f->n;
    }
    if (taken)
        buf_add(kept, a->text + from, a->n - from);
    return taken;
}

static void conclude(const struct verdict *v, struct receipt *out)
{
    const struct dmarc *d = &v->dmarc[DMARC_9989];
    /* Where nobody published anything there was nothing to check, and the field is kept short
     * (RFC 8601 2.2, "none"): a newcomer's first letter should not drown in it. */
    if (v->spf.result == SPF_NONE && !v->dkim.n && d->result == DMARC_NONE)
        buf_add_str(&out->head, "Authentication-Results: " PRACTICE_HOST "; none\r\n");
    else
        verdict_field(v, &out->head);
    if (d->result != DMARC_FAIL || d->disposition == POLICY_NONE)
        return;
    const char *dkim = !v->dkim.n ? "no DKIM signature" : "no DKIM signature of its own that holds";
    bool refuse = d->disposition == POLICY_REJECT;
    out->does = refuse ? RECEIVER_REFUSES : RECEIVER_JUNKS;
    out->code = 550;
    snprintf(out->enhanced, sizeof out->enhanced, "5.7.1");
    snprintf(out->text, sizeof out->text,
             "%.100s does not vouch for this letter and asks to %s such (DMARC fail, %s=%s: SPF %s "
             "for %.60s, %s)",
             d->domain, refuse ? "refuse" : "put aside", d->tag, policy_word(d->policy),
             spf_word(v->spf.result), v->spf.domain[0] ? v->spf.domain : "nobody", dkim);
    for (char *p = out->text; *p; p++)
        if ((unsigned char)*p < 32 || (unsigned char)*p > 126)
            *p = '?'; /* the envelope's octets in an ASCII reply */
    if (!refuse)
        buf_add_str(&out->head, "X-Spam-Flag: YES\r\n");
}

void receiver_take(struct receiver *r, const struct arrival *a, struct receipt *out)
{
    struct mailtext m;
    memset(out, 0, sizeof *out);
    buf_init(&out->head, 1 << 16);
    buf_init(&out->kept, 0);
    mailtext_parse(&m, a->text, a->n);
    size_t from = mailtext_count(&m, "From");
    if (from > 1) {
        out->does = RECEIVER_REFUSES;
        out->code = 550;
        snprintf(out->enhanced, sizeof out->enhanced, "5.6.0");
        snprintf(
            out->text, sizeof out->text,
            "message has %zu From fields (RFC 5322 3.6): programs would show different ones, so "
            "it is refused, not guessed",
            from);
    } else {
        if (a->judge && ready(r)) {
            struct verdict v;
            struct verdict_query q = {a->ip, a->helo, a->mail_from, PRACTICE_HOST, DMARC_9989, 0};
            struct rr_source dns = zone_source(r->zone);
            verdict_make(&q, &m, &dns, &v);
            conclude(&v, out);
            verdict_clear(&v);
        }
        out->forged = without_forged(&m, a, &out->kept);
    }
    mailtext_clear(&m);
}

void receipt_clear(struct receipt *r)
{
    buf_clear(&r->head);
    buf_clear(&r->kept);
}
