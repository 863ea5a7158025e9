/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS without a wire: names, types, the way through a chain of CNAMEs, and what an answer means in
 * words. RFC 1034 3.6.2 (CNAME), RFC 2308 (NXDOMAIN and no data), RFC 6604 (the rcode tells of the
 * last name of a chain). */
#include "core/dns_priv.h"
#include "heloscope/buf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    enum dns_type type;
    const char *name;
} types[] = {{DNS_A, "A"},   {DNS_NS, "NS"},   {DNS_CNAME, "CNAME"}, {DNS_PTR, "PTR"},
             {DNS_MX, "MX"}, {DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"},   {DNS_TLSA, "TLSA"}};

const char *dns_type_name(enum dns_type t)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == t)
            return types[i].name;
    return "?";
}

enum dns_type dns_type_of(const char *word, size_t n)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == n && strncasecmp(types[i].name, word, n) == 0)
            return types[i].type;
    return 0;
}

const char *dns_status_words(enum dns_status s, enum dns_type t)
{
    switch (s) {
    case DNS_FOUND:
        return "found";
    case DNS_NODATA:
        return t == DNS_A      ? "the name has no IPv4 address"
               : t == DNS_AAAA ? "the name has no IPv6 address"
                               : "the name exists, but has no such record";
    case DNS_NXDOMAIN:
        return "no such name (NXDOMAIN)";
    case DNS_SERVFAIL:
        return "the name server failed (SERVFAIL)";
    case DNS_REFUSED:
        return "the name server refuses to answer (REFUSED)";
    case DNS_TIMEOUT:
        return "no answer from the name server";
    case DNS_LOOP:
        return "the aliases (CNAME) go round in a circle";
    case DNS_TRUNCATED:
        return "the answer is cut off";
    case DNS_BROKEN:
        return "the name server's answer makes no sense";
    case DNS_BAD_NAME:
        return "this cannot be a name";
    }
    return "?";
}

bool dns_same_name(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n && a[n - 1] == '.')
        n--;
    if (m && b[m - 1] == '.')
        m--;
    return n == m && strncasecmp(a, b, n) == 0;
}

bool dns_reverse_name(const char *address, char *out, size_t size)
{
    unsigned char b[16];
    char plain[80];
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(address, "%"), address);
    if (inet_pton(AF_INET, plain, b) == 1)
        return snprintf(out, size, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]) < (int)size;
    if (inet_pton(AF_INET6, plain, b) != 1 || size < 73)
        return false;
    for (size_t i = 16, at = 0; i-- > 0; at += 4)
        snprintf(out + at, size - at, "%x.%x.", b[i] & 15, b[i] >> 4);
    snprintf(out + 64, size - 64, "ip6.arpa");
    return true;
}

/* -- records ----------------------------------------------------------------------------------- */

bool dns_rrs_add(struct dns_rrs *s, const char *owner, const struct dns_record *r)
{
    if (s->n == DNS_RRS_MAX)
        return false;
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->at = xrealloc(s->at, s->cap * sizeof *s->at);
    }
    struct dns_rr *rr = &s->at[s->n++];
    char *text = xmalloc(r->n + 1);
    if (r->n)
        memcpy(text, r->text, r->n);
    text[r->n] = '\0';
    *rr = (struct dns_rr){.owner = xstrdup(owner), .r = *r};
    rr->r.text = text;
    rr->r.data = NULL;
    if (r->ndata) {
        unsigned char *data = xmalloc(r->ndata);
        memcpy(data, r->data, r->ndata);
        rr->r.data = data;
    }
    return true;
}

void dns_rrs_clear(struct dns_rrs *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->at[i].owner);
        free((char *)s->at[i].r.text);
        free((unsigned char *)s->at[i].r.data);
    }
    free(s->at);
    *s = (struct dns_rrs){0};
}

static const struct dns_rr *alias_of(const struct dns_rrs *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].r.type == DNS_CNAME && dns_same_name(s->at[i].owner, name))
            return &s->at[i];
    return NULL;
}

void dns_follow(const char *name, enum dns_type type, const struct dns_rrs *s,
                struct dns_reading *out)
{
    struct dns_answer *a = &out->a;
    const char *now = name;
    a->at = out->at;
    a->chain = out->chain;
    a->n = a->nchain = 0;
    for (;;) {
        for (size_t i = 0; i < s->n && a->n < DNS_RECORDS_MAX; i++)
            if (s->at[i].r.type == type && dns_same_name(s->at[i].owner, now))
                out->at[a->n++] = s->at[i].r;
        const struct dns_rr *alias = a->n || type == DNS_CNAME ? NULL : alias_of(s, now);
        if (!alias) {
            a->status = a->n ? DNS_FOUND : DNS_NODATA;
            return;
        }
        bool seen = dns_same_name(alias->r.text, name) || a->nchain == DNS_CHAIN_MAX;
        for (size_t i = 0; i < a->nchain; i++)
            seen = seen || dns_same_name(out->chain[i], alias->r.text);
        if (seen) {
            a->status = DNS_LOOP;
            return;
        }
        now = out->chain[a->nchain++] = alias->r.text;
    }
}

/* -- words ------------------------------------------------------------------------------------- */

static void put_name(char *out, size_t size, const char *name)
{
    size_t n = 0;
    for (; name[n] && n + 1 < size; n++)
        out[n] = name[n] > ' ' && name[n] < 0x7f ? name[n] : '?';
    out[n] = '\0';
}

void dns_say(struct dns_reading *out, const char *detail)
{
    struct dns_answer *a = &out->a;
    const char *t = dns_type_name(a->type);
    char name[260], last[260] = "", via[300] = "";
    put_name(name, sizeof name, a->name);
    if (a->nchain) {
        put_name(last, sizeof last, a->chain[a->nchain - 1]);
        snprintf(via, sizeof via, ", an alias (CNAME) for %s,", last);
    }
    a->why = out->why;
    a->temporary = a->status == DNS_SERVFAIL || a->status == DNS_REFUSED ||
                   a->status == DNS_TIMEOUT || a->status == DNS_TRUNCATED ||
                   a->status == DNS_BROKEN;
    char *w = out->why;
    size_t size = sizeof out->why;
    switch (a->status) {
    case DNS_FOUND:
        *w = '\0';
        return;
    case DNS_NODATA:
        snprintf(w, size, "%s%s has no %s record", name, via, t);
        return;
    case DNS_NXDOMAIN:
        if (a->nchain)
            snprintf(w, size, "%s is an alias (CNAME) for %s, and there is no such name (NXDOMAIN)",
                     name, last);
        else
            snprintf(w, size, "there is no name %s (NXDOMAIN)", name);
        return;
    case DNS_SERVFAIL:
        snprintf(w, size,
                 "the name server failed to look up %s of %s (SERVFAIL): the domain's own servers "
                 "do not answer, or its DNSSEC does not hold",
                 t, name);
        return;
    case DNS_REFUSED:
        snprintf(w, size, "the name server does not look up %s of %s for us (%s)", t, name,
                 detail && *detail ? detail : "REFUSED");
        return;
    case DNS_TIMEOUT:
        snprintf(w, size, "no answer from the name server to the question for %s of %s%s%s", t,
                 name, detail && *detail ? ": " : "", detail ? detail : "");
        return;
    case DNS_LOOP:
        snprintf(w, size, "the aliases (CNAME) of %s go round in a circle or are more than %d",
                 name, DNS_CHAIN_MAX);
        return;
    case DNS_TRUNCATED:
        snprintf(w, size, "the answer for %s of %s is cut off, over TCP too", t, name);
        return;
    case DNS_BROKEN:
        snprintf(w, size, "the name server's answer for %s of %s makes no sense%s%s", t, name,
                 detail && *detail ? ": " : "", detail ? detail : "");
        return;
    case DNS_BAD_NAME:
        snprintf(w, size, "'%s' cannot be a name in DNS%s%s", name, detail && *detail ? ": " : "",
                 detail ? detail : "");
        return;
    }
}

/* -- the interface ----------------------------------------------------------------------------- */

struct dns_query *dns_ask(const struct dns *d, const char *name, enum dns_type type, dns_fn *fn,
                          void *arg)
{
    return d->ask(d->self, name, type, fn, arg);
}

void dns_cancel(const struct dns *d, struct dns_query *q)
{
    if (q && d->cancel)
        d->cancel(d->self, q);
}

bool dns_believed(const struct dns *d)
{
    return d->believed && d->believed(d->self);
}

void dns_free(struct dns *d)
{
    if (d->free)
        d->free(d->self);
    *d = (struct dns){0};
}
