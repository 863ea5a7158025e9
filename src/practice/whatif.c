/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See whatif.h. The envelope is read out of what the receiving server wrote on top of the letter
 * (RFC 5321 4.4); that is taken away before the letter is judged, as it was not there then. */
#include "heloscope/whatif.h"
#include "heloscope/lab.h"
#include "heloscope/practice.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct whatif usual = {.policy = "reject"};

void whatif_usual(const struct whatif *w)
{
    usual = w ? *w : (struct whatif){.policy = "reject"};
}

void whatif_init(struct whatif *w)
{
    *w = usual;
}

const char *whatif_words(void)
{
    return "policy=none, quarantine, reject or off; alignment=strict or relaxed; spf=soft or hard; "
           "client=ADDRESS (" LAB_BANK " is the bank's, " LAB_EVIL " the forger's, " LAB_LISTS
           " a mailing list's); sign=DOMAIN (bank.test, evil.test ...) or sign=off; reset";
}

static bool one_of(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (!strcasecmp(value, *words))
            return true;
    return false;
}

bool whatif_change(struct whatif *w, const char *text, char *why, size_t size)
{
    static const char *const policies[] = {"none", "quarantine", "reject", "off", NULL};
    static const char *const alignments[] = {"strict", "relaxed", NULL};
    static const char *const ends[] = {"soft", "hard", NULL};
    unsigned char ip[16];
    unsigned bits;
    const char *eq = strchr(text, '=');
    size_t n = eq ? (size_t)(eq - text) : strlen(text);
    const char *value = eq ? eq + 1 : "";
    char reason[200];
    if (!eq && !strcasecmp(text, "reset")) {
        whatif_init(w);
        return true;
    }
    bool record = (n == 6 && !strncasecmp(text, "policy", n)) ||
                  (n == 9 && !strncasecmp(text, "alignment", n)) ||
                  (n == 3 && !strncasecmp(text, "spf", n));
    if (record && *w->zone) {
        snprintf(why, size,
                 "what the domains publish stands in this lesson's own zone file; client= and "
                 "sign= can be changed here");
        return false;
    }
    if (n == 6 && !strncasecmp(text, "policy", n) && one_of(value, policies)) {
        snprintf(w->policy, sizeof w->policy, "%s", value);
        return true;
    }
    if (n == 9 && !strncasecmp(text, "alignment", n) && one_of(value, alignments)) {
        w->strict = (*value | 32) == 's';
        return true;
    }
    if (n == 3 && !strncasecmp(text, "spf", n) && one_of(value, ends)) {
        w->soft = (*value | 32) == 's';
        return true;
    }
    if (n == 6 && !strncasecmp(text, "client", n) && ip_parse(value, ip, &bits) &&
        strlen(value) < sizeof w->client) {
        snprintf(w->client, sizeof w->client, "%s", value);
        return true;
    }
    if (n == 4 && !strncasecmp(text, "sign", n)) {
        struct dkim_key *k =
            strcasecmp(value, "off") ? lab_key(value, reason, sizeof reason) : NULL;
        if (k || !strcasecmp(value, "off")) {
            dkim_key_free(k);
            snprintf(w->sign, sizeof w->sign, "%s", value);
            return true;
        }
    }
    snprintf(why, size, "\"%.40s\" changes nothing here; say %s", text, whatif_words());
    return false;
}

void whatif_said(const struct whatif *w, char *out, size_t size)
{
    size_t at = 0;
    *out = '\0';
#define SAY(...)                                                                                   \
    at += (size_t)(at < size ? snprintf(out + at, size - at, "%s", at ? ", " : "") : 0),           \
        at += (size_t)(at < size ? snprintf(out + at, size - at, __VA_ARGS__) : 0)
    if (strcmp(w->policy, usual.policy) != 0)
        SAY("policy=%s", w->policy);
    if (w->strict != usual.strict)
        SAY("alignment=%s", w->strict ? "strict" : "relaxed");
    if (w->soft != usual.soft)
        SAY("spf=%s", w->soft ? "soft" : "hard");
    if (*w->client)
        SAY("client=%s", w->client);
    if (*w->sign)
        SAY("sign=%s", w->sign);
#undef SAY
}

/* Where a letter came from, as its receiver noted it. */
struct origin {
    char ip[64], helo[256], mail_from[512];
};

static void copy(char *out, size_t size, const char *p, size_t n)
{
    snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), p);
}

/* "from NAME (unknown [ADDRESS])" */
static bool read_origin(const struct mailtext *m, struct origin *o)
{
    const struct field *received = mailtext_field(m, "Received");
    const struct field *path = mailtext_field(m, "Return-Path");
    *o = (struct origin){0};
    if (!received || !path)
        return false;
    char *v = xstrndup(received->value, received->nvalue), *p = v;
    while (*p == ' ' || *p == '\t')
        p++;
    char *open = strchr(p, '['), *close = open ? strchr(open, ']') : NULL;
    bool ok = !strncasecmp(p, "from ", 5) && close;
    if (ok) {
        p += 5;
        copy(o->helo, sizeof o->helo, p, strcspn(p, " \t"));
        open += strncasecmp(open, "[IPv6:", 6) ? 1 : 6;
        copy(o->ip, sizeof o->ip, open, (size_t)(close - open));
    }
    free(v);
    char *r = xstrndup(path->value, path->nvalue);
    const char *lt = strchr(r, '<'), *gt = lt ? strchr(lt, '>') : NULL;
    if (gt)
        copy(o->mail_from, sizeof o->mail_from, lt + 1, (size_t)(gt - lt - 1));
    free(r);
    return ok && gt;
}

/* The letter as it came over the wire: without what the server put on top, signatures as wanted. */
static bool as_sent(const struct whatif *w, const struct mailtext *m, struct buf *out, char *why,
                    size_t size)
{
    bool top = true, ok = true;
    struct buf rest;
    buf_init(&rest, 256u << 20);
    for (size_t i = 0; ok && i < m->n; i++) {
        const struct field *f = &m->at[i];
        bool received = field_is(f, "Received");
        bool servers =
            top && (received || field_is(f, "Return-Path") || field_is(f, "Delivered-To") ||
                    field_is(f, "X-Spam-Flag") || field_is(f, "Authentication-Results"));
        if (servers) {
            top = !received; /* the uppermost one ends what it wrote */
            continue;
        }
        if (*w->sign && field_is(f, "DKIM-Signature"))
            continue;
        ok = buf_add(&rest, f->raw, f->n);
    }
    ok = ok && buf_add(&rest, "\r\n", 2) && buf_add(&rest, m->body, m->nbody);
    if (ok && *w->sign && strcasecmp(w->sign, "off") != 0) {
        struct mailtext plain;
        struct dkim_signing how = {.domain = w->sign,
                                   .selector = LAB_SELECTOR,
                                   .headers = "from:to:subject:date:message-id",
                                   .relaxed_header = true,
                                   .relaxed_body = true};
        struct dkim_key *k = lab_key(w->sign, why, size);
        mailtext_parse(&plain, rest.p, rest.len);
        ok = k && dkim_sign(&plain, k, &how, out, why, size);
        mailtext_clear(&plain);
        dkim_key_free(k);
    }
    ok = ok && buf_add(out, rest.p, rest.len);
    buf_clear(&rest);
    return ok;
}

static void tell(const struct verdict *v, struct buf *out)
{
    const struct dmarc *d = &v->dmarc[DMARC_9989];
    buf_addf(out, "SPF %s: %s\n", spf_word(v->spf.result), buf_str((struct buf *)&v->spf.because));
    if (!v->dkim.n)
        buf_add_str(out, "DKIM none: the letter has no signature\n");
    for (size_t i = 0; i < v->dkim.n; i++)
        buf_addf(out, "DKIM %s: %s\n", dkim_word(v->dkim.at[i].result),
                 buf_str((struct buf *)&v->dkim.at[i].because));
    buf_addf(out, "DMARC %s: %s\n", dmarc_word(d->result), buf_str((struct buf *)&d->because));
    buf_addf(out, "The receiver: %s\n",
             d->result != DMARC_FAIL || d->disposition == POLICY_NONE ? "delivers it"
             : d->disposition == POLICY_REJECT ? "refuses it after the dot (550 5.7.1)"
                                               : "puts it aside as junk");
}

bool whatif_judge(const struct whatif *w, const char *text, size_t n, struct buf *out, char *why,
                  size_t size)
{
    struct mailtext m;
    struct origin o;
    struct buf letter, zone;
    struct zone *z = NULL;
    mailtext_parse(&m, text, n);
    buf_init(&letter, 256u << 20);
    buf_init(&zone, 1 << 16);
    bool ok = read_origin(&m, &o);
    if (!ok)
        snprintf(why, size, "no server has noted in it where it came from");
    struct lab_choice c = {.policy = strcmp(w->policy, "off") ? w->policy : NULL,
                           .strict = w->strict,
                           .soft = w->soft};
    ok = ok && as_sent(w, &m, &letter, why, size);
    if (ok && *w->zone)
        ok = (z = zone_read(w->zone, why, size)) != NULL;
    else
        ok = ok && lab_zone(&c, &zone, why, size) &&
             (z = zone_parse("zone", buf_str(&zone), zone.len, why, size)) != NULL;
    if (ok) {
        struct mailtext sent;
        struct verdict v;
        struct rr_source dns = zone_source(z);
        struct verdict_query q = {
            *w->client ? w->client : o.ip, o.helo, o.mail_from, PRACTICE_HOST, DMARC_9989, 0};
        mailtext_parse(&sent, letter.p, letter.len);
        verdict_make(&q, &sent, &dns, &v);
        tell(&v, out);
        verdict_clear(&v);
        mailtext_clear(&sent);
    }
    zone_free(z);
    mailtext_clear(&m);
    buf_clear(&letter);
    buf_clear(&zone);
    return ok;
}
