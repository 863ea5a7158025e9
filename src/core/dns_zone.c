/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A zone from a text behind dns.h: for the practice world and for tests, where nothing may be asked
 * of the network. A small part of RFC 1035 5 (one record a line), and words that make it fail. */
#include "core/dns_priv.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MARKS_MOST = 64, FIELD_MAX = 1024, ZONE_TTL = 3600 };

struct mark {
    char name[256];
    bool secure;
    enum dns_status fails;
};

struct dns_query {
    struct zone *z;
    struct dns_query *next;
    char *name;
    enum dns_type type;
    dns_fn *fn;
    void *arg;
    struct watch *now;
};

struct zone {
    struct loop *loop;
    struct dns_rrs rrs;
    struct mark marks[MARKS_MOST];
    size_t nmarks;
    struct dns_query *queries;
};

/* -- reading ----------------------------------------------------------------------------------- */

/* The next field of a line; a quoted one without its quotes. False: there is none. */
static bool field(const char **p, char *out, size_t size, size_t *n)
{
    const char *s = *p;
    size_t k = 0;
    while (*s == ' ' || *s == '\t')
        s++;
    if (!*s || *s == ';')
        return false;
    if (*s == '"') {
        for (s++; *s && *s != '"'; s++) {
            if (*s == '\\' && s[1])
                s++;
            if (k + 1 < size)
                out[k++] = *s;
        }
        if (*s == '"')
            s++;
    } else {
        for (; *s && !isspace((unsigned char)*s) && *s != ';'; s++)
            if (k + 1 < size)
                out[k++] = *s;
    }
    out[k] = '\0';
    *n = k;
    *p = s;
    return true;
}

static void cut_dot(char *name)
{
    size_t n = strlen(name);
    if (n && name[n - 1] == '.')
        name[n - 1] = '\0';
}

static bool small(const char *s, unsigned long most, unsigned long *out)
{
    char *end;
    if (!isdigit((unsigned char)*s))
        return false;
    *out = strtoul(s, &end, 10);
    return !*end && *out <= most;
}

static size_t from_hex(const char *s, unsigned char *out, size_t size)
{
    size_t n = 0;
    unsigned byte;
    for (; s[0] && s[1] && n < size && sscanf(s, "%2x", &byte) == 1; s += 2)
        out[n++] = (unsigned char)byte;
    return *s ? 0 : n;
}

static bool mark_line(struct zone *z, const char *word, const char *p, const char **want)
{
    static const struct {
        const char *word;
        enum dns_status status;
    } fails[] = {{"servfail", DNS_SERVFAIL},
                 {"refused", DNS_REFUSED},
                 {"timeout", DNS_TIMEOUT},
                 {"nxdomain", DNS_NXDOMAIN}};
    char how[32];
    size_t n;
    struct mark *m = &z->marks[z->nmarks];
    *want = "$SECURE NAME, or $FAIL NAME servfail|refused|timeout|nxdomain";
    if (z->nmarks == MARKS_MOST || !field(&p, m->name, sizeof m->name, &n))
        return false;
    cut_dot(m->name);
    m->secure = strcasecmp(word, "$SECURE") == 0;
    if (m->secure) {
        z->nmarks++;
        return true;
    }
    if (strcasecmp(word, "$FAIL") != 0 || !field(&p, how, sizeof how, &n))
        return false;
    for (size_t i = 0; i < sizeof fails / sizeof *fails; i++)
        if (strcasecmp(how, fails[i].word) == 0) {
            m->fails = fails[i].status;
            z->nmarks++;
            return true;
        }
    return false;
}

static bool record_data(struct dns_record *r, const char *p, struct buf *text, unsigned char *bin,
                        const char **want)
{
    char f[FIELD_MAX];
    size_t n;
    unsigned long v[3];
    switch (r->type) {
    case DNS_A:
    case DNS_AAAA: {
        unsigned char addr[16];
        *want = "an address";
        if (!field(&p, f, sizeof f, &n) ||
            inet_pton(r->type == DNS_A ? AF_INET : AF_INET6, f, addr) != 1)
            return false;
        inet_ntop(r->type == DNS_A ? AF_INET : AF_INET6, addr, f, sizeof f);
        return buf_add_str(text, f);
    }
    case DNS_MX:
        *want = "a preference and a name";
        if (!field(&p, f, sizeof f, &n) || !small(f, 65535, v))
            return false;
        r->preference = (uint16_t)v[0];
        /* fall through */
    case DNS_NS:
    case DNS_PTR:
    case DNS_CNAME:
        if (r->type != DNS_MX)
            *want = "a name";
        if (!field(&p, f, sizeof f, &n))
            return false;
        cut_dot(f);
        return buf_add_str(text, f);
    case DNS_TXT: {
        bool any = false;
        *want = "text in \"quotes\"";
        for (; field(&p, f, sizeof f, &n); any = true)
            if (!buf_add(text, f, n))
                return false;
        return any;
    }
    case DNS_TLSA:
        *want = "usage, selector, matching type and hex digits";
        for (size_t i = 0; i < 3; i++)
            if (!field(&p, f, sizeof f, &n) || !small(f, 255, &v[i]))
                return false;
        r->usage = (uint8_t)v[0];
        r->selector = (uint8_t)v[1];
        r->matching = (uint8_t)v[2];
        if (!field(&p, f, sizeof f, &n))
            return false;
        r->data = bin;
        r->ndata = from_hex(f, bin, FIELD_MAX);
        return r->ndata > 0;
    }
    return false;
}

static bool zone_line(struct zone *z, const char *p, const char **want)
{
    char name[256], f[FIELD_MAX];
    unsigned char bin[FIELD_MAX];
    size_t n;
    unsigned long ttl;
    struct dns_record r = {.ttl = ZONE_TTL};
    if (!field(&p, name, sizeof name, &n))
        return true;
    if (name[0] == '$')
        return mark_line(z, name, p, want);
    cut_dot(name);
    *want = "NAME [TTL] TYPE DATA";
    if (!field(&p, f, sizeof f, &n))
        return false;
    if (small(f, INT32_MAX, &ttl)) {
        r.ttl = (uint32_t)ttl;
        if (!field(&p, f, sizeof f, &n))
            return false;
    }
    r.type = dns_type_of(f, n);
    *want = "a type: A, AAAA, MX, TXT, CNAME, PTR, NS or TLSA";
    if (!r.type)
        return false;
    struct buf text;
    buf_init(&text, 65535);
    bool ok = record_data(&r, p, &text, bin, want);
    r.text = buf_str(&text);
    r.n = text.len;
    if (ok && !dns_rrs_add(&z->rrs, name, &r)) {
        *want = "fewer records";
        ok = false;
    }
    buf_clear(&text);
    return ok;
}

/* -- answering --------------------------------------------------------------------------------- */

/* Is name below zone, or zone itself? */
static bool below(const char *name, const char *zone)
{
    size_t n = strlen(name), k = strlen(zone);
    return n >= k && strcasecmp(name + n - k, zone) == 0 &&
           (n == k || !k || name[n - k - 1] == '.');
}

static bool exists(const struct zone *z, const char *name)
{
    for (size_t i = 0; i < z->rrs.n; i++)
        if (below(z->rrs.at[i].owner, name)) /* also what lies between (RFC 4592 2.2.2) */
            return true;
    return false;
}

static bool secure(const struct zone *z, const char *name)
{
    for (size_t i = 0; i < z->nmarks; i++)
        if (z->marks[i].secure && below(name, z->marks[i].name))
            return true;
    return false;
}

static void drop(struct dns_query *q)
{
    for (struct dns_query **p = &q->z->queries; *p; p = &(*p)->next)
        if (*p == q) {
            *p = q->next;
            break;
        }
    loop_drop(q->now);
    free(q->name);
    free(q);
}

static void answer(void *arg)
{
    struct dns_query *q = arg;
    struct zone *z = q->z;
    struct dns_reading out = {.a = {.name = q->name, .type = q->type}};
    q->now = NULL;
    dns_follow(q->name, q->type, &z->rrs, &out);
    const char *last = out.a.nchain ? out.chain[out.a.nchain - 1] : q->name;
    if (out.a.status == DNS_NODATA && !exists(z, last))
        out.a.status = DNS_NXDOMAIN;
    out.a.ad = secure(z, q->name);
    for (size_t i = 0; i < out.a.nchain; i++)
        out.a.ad = out.a.ad && secure(z, out.chain[i]);
    for (size_t i = 0; i < z->nmarks; i++)
        if (!z->marks[i].secure && dns_same_name(z->marks[i].name, q->name)) {
            out.a.status = z->marks[i].fails;
            out.a.n = out.a.nchain = 0;
            out.a.ad = false;
        }
    out.a.authenticated = out.a.ad;
    out.a.rcode = out.a.status == DNS_SERVFAIL   ? 2
                  : out.a.status == DNS_NXDOMAIN ? 3
                  : out.a.status == DNS_REFUSED  ? 5
                  : out.a.status == DNS_TIMEOUT  ? -1
                                                 : 0;
    dns_say(&out, "");
    /* fn may free the zone, and with it the records: they are taken along. */
    struct dns_rrs kept = {0};
    for (size_t i = 0; i < out.a.n; i++)
        dns_rrs_add(&kept, q->name, &out.at[i]);
    for (size_t i = 0; i < out.a.nchain; i++)
        dns_rrs_add(&kept, q->name,
                    &(struct dns_record){
                        .type = DNS_CNAME, .text = out.chain[i], .n = strlen(out.chain[i])});
    for (size_t i = 0; i < out.a.n; i++)
        out.at[i] = kept.at[i].r;
    for (size_t i = 0; i < out.a.nchain; i++)
        out.chain[i] = kept.at[out.a.n + i].r.text;
    char *name = q->name;
    dns_fn *fn = q->fn;
    void *fn_arg = q->arg;
    q->name = NULL;
    drop(q);
    fn(fn_arg, &out.a);
    free(name);
    dns_rrs_clear(&kept);
}

static struct dns_query *zone_ask(void *self, const char *name, enum dns_type type, dns_fn *fn,
                                  void *arg)
{
    struct zone *z = self;
    struct dns_query *q = xcalloc(1, sizeof *q);
    *q = (struct dns_query){
        .z = z, .next = z->queries, .name = xstrdup(name), .type = type, .fn = fn, .arg = arg};
    cut_dot(q->name);
    z->queries = q;
    q->now = loop_timer(z->loop, 0, answer, q);
    return q;
}

static void zone_cancel(void *self, struct dns_query *q)
{
    (void)self;
    drop(q);
}

static bool zone_believed(const void *self)
{
    (void)self;
    return true;
}

static void zone_free(void *self)
{
    struct zone *z = self;
    while (z->queries)
        drop(z->queries);
    dns_rrs_clear(&z->rrs);
    free(z);
}

bool dns_zone(struct dns *d, struct loop *l, const char *text, char *why, size_t size)
{
    struct zone *z = xcalloc(1, sizeof *z);
    char line[4096];
    z->loop = l;
    for (unsigned number = 1; *text; number++) {
        size_t n = strcspn(text, "\n");
        const char *want = "a line of at most 4095 octets";
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        line[strcspn(line, "\r")] = '\0';
        if (n >= sizeof line || !zone_line(z, line, &want)) {
            snprintf(why, size, "line %u of the zone: %s is expected", number, want);
            zone_free(z);
            return false;
        }
        text += n + (text[n] == '\n');
    }
    *d = (struct dns){.self = z,
                      .ask = zone_ask,
                      .cancel = zone_cancel,
                      .believed = zone_believed,
                      .free = zone_free};
    return true;
}
