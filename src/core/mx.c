/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The look-up of mail exchangers: MX, then the addresses of all hosts at once, then the list with
 * what is wrong in it. Connecting is the session's. RFC 5321 5.1, RFC 7505, RFC 2181 10.3, RFC
 * 6890. */
#include "heloscope/mx.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { HOSTS_MAX = 32, EACH_MAX = 16 };

struct host {
    struct mx *m;
    char name[256];
    unsigned preference;
    struct dns_query *q[2]; /* AAAA, A */
    bool open[2];
    char at[2][EACH_MAX][64];
    size_t n[2];
    char alias[256]; /* the name is an alias for this one */
    char why[2][300];
    bool absent[2]; /* there is none, and another try would not help */
    bool literal;
    bool bad; /* no host can be called so */
};

struct mx {
    const struct dns *d;
    int family;
    mx_fn *fn;
    void *arg;
    struct dns_query *q;
    struct host hosts[HOSTS_MAX];
    size_t nhosts;
    struct mx_list list;
    uint64_t since;
};

static const struct dns_reserved {
    const char *prefix;
    int bits;
    const char *words;
} reserved[] = {
    {"0.0.0.0", 8, "\"this network\" (RFC 1122)"},
    {"10.0.0.0", 8, "private (RFC 1918)"},
    {"100.64.0.0", 10, "a provider's inside (RFC 6598)"},
    {"127.0.0.0", 8, "the asking machine itself (loopback, RFC 1122)"},
    {"169.254.0.0", 16, "link-local (RFC 3927)"},
    {"172.16.0.0", 12, "private (RFC 1918)"},
    {"192.0.0.0", 24, "set apart for protocols (RFC 6890)"},
    {"192.0.2.0", 24, "for documentation only (RFC 5737)"},
    {"192.168.0.0", 16, "private (RFC 1918)"},
    {"198.18.0.0", 15, "for benchmarks only (RFC 2544)"},
    {"198.51.100.0", 24, "for documentation only (RFC 5737)"},
    {"203.0.113.0", 24, "for documentation only (RFC 5737)"},
    {"224.0.0.0", 4, "multicast (RFC 5771)"},
    {"240.0.0.0", 4, "reserved (RFC 1112)"},
    {"::", 128, "no address at all (RFC 4291)"},
    {"::1", 128, "the asking machine itself (loopback, RFC 4291)"},
    {"::ffff:0:0", 96, "an IPv4 address in IPv6 clothes (RFC 4291)"},
    {"100::", 64, "a black hole (RFC 6666)"},
    {"2001:db8::", 32, "for documentation only (RFC 3849)"},
    {"fc00::", 7, "private (unique local, RFC 4193)"},
    {"fe80::", 10, "link-local (RFC 4291)"},
    {"ff00::", 8, "multicast (RFC 4291)"},
};

const char *address_reserved(const char *address)
{
    unsigned char a[16], p[16];
    const bool four = inet_pton(AF_INET, address, a) == 1;
    if (!four && inet_pton(AF_INET6, address, a) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        const struct dns_reserved *r = &reserved[i];
        if (!strchr(r->prefix, ':') != four)
            continue;
        inet_pton(four ? AF_INET : AF_INET6, r->prefix, p);
        const size_t whole = (size_t)r->bits / 8;
        const unsigned mask = 0xff00u >> (r->bits % 8) & 0xff;
        if (memcmp(a, p, whole) == 0 && (!mask || !(unsigned char)((a[whole] ^ p[whole]) & mask)))
            return r->words;
    }
    return NULL;
}

void mx_words(const struct mx_list *list, size_t i, char *out, size_t size)
{
    const struct mx_entry *e = &list->at[i];
    int n = list->kind == MX_IMPLICIT
                ? snprintf(out, size, "%s", e->host)
                : snprintf(out, size, "%u %s", e->preference, e->host[0] ? e->host : ".");
    if (n > 0 && (size_t)n < size && e->address[0])
        n += snprintf(out + n, size - (size_t)n, " [%s]", e->address);
    if (n > 0 && (size_t)n < size && e->note[0])
        snprintf(out + n, size - (size_t)n, ": %s", e->note);
}

/* -- the list ---------------------------------------------------------------------------------- */

static struct mx_entry *entry(struct mx *m, const struct host *h, const char *address)
{
    struct mx_list *l = &m->list;
    if (l->n == MX_ENTRIES_MAX) {
        l->dropped++;
        return NULL;
    }
    struct mx_entry *e = &l->at[l->n++];
    *e = (struct mx_entry){.preference = h->preference};
    snprintf(e->host, sizeof e->host, "%s", h->name);
    snprintf(e->address, sizeof e->address, "%s", address);
    return e;
}

static void put_host(struct mx *m, const struct host *h)
{
    if (h->bad) {
        struct mx_entry *e = entry(m, h, "");
        if (e) {
            e->warn = true;
            e->id = "mx-bad-name";
            snprintf(e->note, sizeof e->note, "no host can have such a name (RFC 1123 2.1)");
        }
        return;
    }
    if (h->literal) {
        struct mx_entry *e = entry(m, h, h->name);
        if (e) {
            e->warn = true;
            e->id = "mx-literal";
            snprintf(e->note, sizeof e->note,
                     "an address stands where an MX must have a name (RFC 5321 5.1): senders "
                     "skip it");
        }
        return;
    }
    for (int f = 0; f < 2; f++)
        for (size_t i = 0; i < h->n[f]; i++) {
            struct mx_entry *e = entry(m, h, h->at[f][i]);
            const char *words = address_reserved(h->at[f][i]);
            if (!e)
                continue;
            e->usable = true;
            e->reserved = words != NULL;
            const char *out = words && !m->list.reserved_ok ? ": left out" : "";
            const bool alias = h->alias[0] && m->list.kind == MX_FOUND;
            e->warn = words || alias;
            e->id = alias ? "mx-alias" : words ? "mx-reserved" : NULL;
            if (alias)
                snprintf(
                    e->note, sizeof e->note,
                    "an alias (CNAME) for %.120s, which an MX must not be (RFC 2181 10.3)%s%s%s",
                    h->alias, words ? "; its address is " : "", words ? words : "", out);
            else if (words)
                snprintf(e->note, sizeof e->note, "the address is %s%s", words, out);
        }
    if (h->n[0] || h->n[1])
        return;
    struct mx_entry *e = entry(m, h, "");
    if (!e)
        return;
    e->warn = true;
    e->id = "mx-no-address";
    const bool six = m->family == AF_INET6;
    for (int f = 0; f < 2; f++)
        if (h->why[f][0] && !h->absent[f])
            e->id = "mx-unknown";
    if (!h->name[0]) {
        e->id = "mx-null-mixed";
        snprintf(e->note, sizeof e->note,
                 "says \"no mail\", but stands beside other hosts (RFC 7505 3)");
    } else if (m->family || strcmp(h->why[0], h->why[1]) == 0)
        snprintf(e->note, sizeof e->note, "%s", h->why[!six]);
    else if (h->absent[0] && h->absent[1])
        snprintf(e->note, sizeof e->note, "the name has no address");
    else
        snprintf(e->note, sizeof e->note, "%s", h->why[h->absent[1] ? 0 : 1]);
}

bool mx_takes(const struct mx_list *l, size_t i)
{
    return l->at[i].usable && (l->reserved_ok || !l->at[i].reserved);
}

/* The sentence where no entry is taken. */
static void say_why(struct mx_list *l)
{
    const struct mx_entry *r = NULL;
    for (size_t i = 0; i < l->n && !r; i++)
        r = l->at[i].usable ? &l->at[i] : NULL;
    if (r)
        snprintf(l->why, sizeof l->why,
                 "mail for %s would go to %s%s%s, which nobody outside reaches: %s; "
                 "--allow-reserved connects all the same",
                 l->domain, r->host, *r->address ? " at " : "", r->address,
                 address_reserved(r->address));
    else if (l->kind == MX_IMPLICIT)
        snprintf(l->why, sizeof l->why,
                 "%s has neither an MX record nor an address: there is no place to bring its "
                 "mail to",
                 l->domain);
    else
        snprintf(l->why, sizeof l->why,
                 "none of the mail exchangers of %s can be used; the first: %s: %s", l->domain,
                 l->n ? l->at[0].host : "", l->n ? l->at[0].note : "");
}

static void done(struct mx *m)
{
    struct mx_list *l = &m->list;
    for (size_t i = 0; i < m->nhosts; i++)
        put_host(m, &m->hosts[i]);
    for (l->best = 0; l->best < l->n && !mx_takes(l, l->best); l->best++)
        ;
    for (size_t i = 0; l->best == l->n && i < m->nhosts; i++)
        for (int f = 0; f < 2; f++)
            l->temporary |= m->hosts[i].why[f][0] && !m->hosts[i].absent[f];
    if (l->best == l->n && !l->why[0])
        say_why(l);
    l->ms = (double)(now_us() - m->since) / 1000.0;
    m->fn(m->arg, l);
}

/* -- the questions ----------------------------------------------------------------------------- */

static void on_address(void *arg, const struct dns_answer *a)
{
    struct host *h = arg;
    struct mx *m = h->m;
    const int f = a->type == DNS_A;
    h->q[f] = NULL;
    h->open[f] = false;
    for (size_t i = 0; i < a->n && h->n[f] < EACH_MAX; i++)
        snprintf(h->at[f][h->n[f]++], sizeof h->at[f][0], "%s", a->at[i].text);
    if (a->nchain)
        snprintf(h->alias, sizeof h->alias, "%s", a->chain[a->nchain - 1]);
    snprintf(h->why[f], sizeof h->why[f], "%s", a->why);
    h->absent[f] = !a->n && !a->temporary;
    for (size_t i = 0; i < m->nhosts; i++)
        if (m->hosts[i].open[0] || m->hosts[i].open[1])
            return;
    done(m);
}

static void add_host(struct mx *m, const char *name, unsigned preference)
{
    unsigned char ip[16];
    if (m->nhosts == HOSTS_MAX) {
        m->list.dropped++;
        return;
    }
    struct host *h = &m->hosts[m->nhosts++];
    *h = (struct host){.m = m, .preference = preference};
    snprintf(h->name, sizeof h->name, "%s", name);
    h->bad = name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-_.:")];
    h->literal = inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1;
}

static void ask_hosts(struct mx *m)
{
    bool any = false;
    for (size_t i = 0; i < m->nhosts; i++) {
        struct host *h = &m->hosts[i];
        for (int f = 0; f < 2; f++) {
            if (!h->name[0] || h->literal || h->bad ||
                (m->family && m->family != (f ? AF_INET : AF_INET6)))
                continue;
            h->open[f] = any = true;
            h->q[f] = dns_ask(m->d, h->name, f ? DNS_A : DNS_AAAA, on_address, h);
        }
    }
    if (!any)
        done(m);
}

/* By preference; equal ones in random order, so that they share the load (RFC 5321 5.1). */
static void sort_hosts(struct mx *m)
{
    for (size_t i = m->nhosts; i-- > 1;) {
        uint32_t r = 0;
        if (getentropy(&r, sizeof r) != 0)
            r = (uint32_t)now_us();
        size_t k = r % (i + 1);
        struct host h = m->hosts[i];
        m->hosts[i] = m->hosts[k];
        m->hosts[k] = h;
    }
    for (size_t i = 1; i < m->nhosts; i++)
        for (size_t k = i; k && m->hosts[k - 1].preference > m->hosts[k].preference; k--) {
            struct host h = m->hosts[k];
            m->hosts[k] = m->hosts[k - 1];
            m->hosts[k - 1] = h;
        }
}

static void on_mx(void *arg, const struct dns_answer *a)
{
    struct mx *m = arg;
    struct mx_list *l = &m->list;
    m->q = NULL;
    l->authenticated = a->authenticated;
    if (a->status == DNS_NODATA) {
        l->kind = MX_IMPLICIT;
        add_host(m, l->domain, 0);
    } else if (a->status != DNS_FOUND) {
        l->kind = MX_FAILED;
        l->temporary = a->temporary;
        snprintf(l->why, sizeof l->why, "%s", a->why);
    } else if (a->n == 1 && !a->at[0].text[0]) {
        l->kind = MX_NULL;
        snprintf(l->why, sizeof l->why,
                 "%s takes no mail and says so (null MX, RFC 7505): nothing can be delivered there",
                 l->domain);
    } else {
        for (size_t i = 0; i < a->n; i++)
            add_host(m, a->at[i].text, a->at[i].preference);
        sort_hosts(m);
    }
    ask_hosts(m);
}

static struct mx *mx_new(const struct dns *d, const char *domain, int family, mx_fn *fn, void *arg)
{
    struct mx *m = xcalloc(1, sizeof *m);
    m->d = d;
    m->family = family;
    m->fn = fn;
    m->arg = arg;
    m->since = now_us();
    snprintf(m->list.domain, sizeof m->list.domain, "%s", domain);
    return m;
}

struct mx *mx_start(const struct dns *d, const char *domain, int family, mx_fn *fn, void *arg)
{
    struct mx *m = mx_new(d, domain, family, fn, arg);
    m->q = dns_ask(d, domain, DNS_MX, on_mx, m);
    return m;
}

struct mx *mx_host(const struct dns *d, const char *host, int family, mx_fn *fn, void *arg)
{
    struct mx *m = mx_new(d, host, family, fn, arg);
    m->list.kind = MX_IMPLICIT;
    m->list.reserved_ok = true;
    add_host(m, host, 0);
    m->hosts[0].literal = m->hosts[0].bad = false; /* whatever it is, DNS is asked */
    ask_hosts(m);
    return m;
}

void mx_allow_reserved(struct mx *m)
{
    m->list.reserved_ok = true;
}

void mx_cancel(struct mx *m)
{
    if (!m)
        return;
    dns_cancel(m->d, m->q);
    for (size_t i = 0; i < m->nhosts; i++)
        for (int f = 0; f < 2; f++)
            if (m->hosts[i].open[f])
                dns_cancel(m->d, m->hosts[i].q[f]);
    free(m);
}
