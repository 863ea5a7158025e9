/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The questions beside a session, all at once, and their answers as lines in a fixed order. What a
 * policy means for a letter is the evaluators' (letter); here it is only read aloud. RFC 1912 2.1,
 * RFC 7208 4.5, RFC 7489 6.3, RFC 8461 3.1, RFC 8460 3, RFC 7672. */
#include "heloscope/dnsfacts.h"
#include "heloscope/buf.h"
#include "heloscope/harmless.h"
#include "heloscope/mtasts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_MAX = 900, QUOTE_MAX = 400, NAMES_MAX = 4 };
enum part { PART_PTR, PART_SPF, PART_DMARC, PART_MTASTS, PART_TLSRPT, PART_DANE, PARTS };

struct line {
    struct dnsfacts_line l;
    char text[TEXT_MAX];
};

struct section {
    struct dnsfacts *f;
    enum part part;
    struct dns_query *q;
    bool open;
    struct line at[DANE_ROWS_MAX + 2];
    size_t n;
};

/* The way back of a name that a PTR gave: two questions a name. */
struct forward {
    struct dnsfacts *f;
    char name[256];
    struct dns_query *q[2];
    bool open[2];
    bool found;
    char why[300];
};

struct dnsfacts {
    const struct dns *d;
    char domain[256], host[256], address[64];
    unsigned short port;
    dnsfacts_fn *fn;
    void *arg;
    struct section parts[PARTS];
    struct forward back[NAMES_MAX];
    size_t nback;
    struct dane dane;
    bool dane_asked, mtasts;
};

static const char *const labels[PARTS] = {"PTR", "SPF", "DMARC", "MTA-STS", "TLSRPT", "DANE"};

static void put(struct dnsfacts *f, enum part part, const char *id, enum dnsfacts_tone tone,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void put(struct dnsfacts *f, enum part part, const char *id, enum dnsfacts_tone tone,
                const char *fmt, ...)
{
    struct section *s = &f->parts[part];
    if (s->n == sizeof s->at / sizeof *s->at)
        return;
    struct line *line = &s->at[s->n++];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line->text, sizeof line->text, fmt, ap);
    va_end(ap);
    line->l = (struct dnsfacts_line){.label = labels[part], .id = id, .tone = tone};
}

/* A record's text for a sentence of ours. */
struct quoted {
    char s[QUOTE_MAX * 2];
};

static struct quoted quoted(const char *p, size_t n)
{
    struct quoted q;
    struct buf b;
    buf_init(&b, sizeof q.s - 8);
    text_clean(&b, p, n > QUOTE_MAX ? QUOTE_MAX : n);
    snprintf(q.s, sizeof q.s, "%s%s", buf_str(&b), n > QUOTE_MAX ? "..." : "");
    buf_clear(&b);
    return q;
}

/* -- TXT policies ------------------------------------------------------------------------------ */

/* The records that begin with the version (and then end, or go on after ' ' or ';'). */
static size_t versions(const struct dns_answer *a, const char *version,
                       const struct dns_record **first)
{
    size_t k = strlen(version), n = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct dns_record *r = &a->at[i];
        if (r->n < k || strncasecmp(r->text, version, k) != 0 ||
            (r->n > k && r->text[k] != ' ' && r->text[k] != ';'))
            continue;
        if (!n++)
            *first = r;
    }
    return n;
}

/* The value of a tag ("p" in "v=DMARC1; p=none"), trimmed; false: it has none. */
static bool tag(const struct dns_record *r, const char *name, char *out, size_t size)
{
    const char *p = r->text, *end = r->text + r->n;
    size_t k = strlen(name);
    while (p < end) {
        const char *semi = memchr(p, ';', (size_t)(end - p)), *stop = semi ? semi : end;
        while (p < stop && (*p == ' ' || *p == '\t'))
            p++;
        if ((size_t)(stop - p) > k && strncasecmp(p, name, k) == 0) {
            const char *v = p + k;
            while (v < stop && *v == ' ')
                v++;
            if (v < stop && *v == '=') {
                for (v++; v < stop && *v == ' '; v++)
                    ;
                while (stop > v && stop[-1] == ' ')
                    stop--;
                snprintf(out, size, "%s", quoted(v, (size_t)(stop - v)).s);
                return true;
            }
        }
        p = semi ? semi + 1 : end;
    }
    return false;
}

/* What the last "all" of an SPF record says. */
static const char *spf_end(const char *text, size_t n, enum dnsfacts_tone *tone)
{
    const char *end = text + n;
    *tone = DNSFACTS_PLAIN;
    for (const char *p = text; p < end;) {
        size_t k = 0;
        while (p + k < end && p[k] != ' ')
            k++;
        if (k == 4 && strncasecmp(p + 1, "all", 3) == 0) {
            if (*p == '+')
                *tone = DNSFACTS_WARN;
            return *p == '-'   ? "mail from anywhere else fails"
                   : *p == '~' ? "mail from anywhere else is suspicious (softfail)"
                   : *p == '?' ? "of mail from anywhere else it says nothing"
                               : "everybody may send: that protects nobody";
        }
        if (k == 3 && strncasecmp(p, "all", 3) == 0) {
            *tone = DNSFACTS_WARN;
            return "everybody may send: that protects nobody";
        }
        if (k > 9 && strncasecmp(p, "redirect=", 9) == 0)
            return "another domain's record decides";
        p += k + 1;
    }
    return "of mail from anywhere else it says nothing (no \"all\" at its end)";
}

static void spf(struct dnsfacts *f, const struct dns_answer *a)
{
    const struct dns_record *r = NULL;
    enum dnsfacts_tone tone;
    size_t n = versions(a, "v=spf1", &r);
    if (n > 1) {
        put(f, PART_SPF, "spf-several", DNSFACTS_WARN,
            "%zu SPF records, and only one is allowed: receivers take it as an error (RFC 7208 "
            "4.5)",
            n);
    } else if (!r) {
        put(f, PART_SPF, "spf-missing", DNSFACTS_WARN,
            "none: receivers cannot tell which machines may send mail from %s", f->domain);
    } else {
        const char *words = spf_end(r->text, r->n, &tone);
        put(f, PART_SPF, tone == DNSFACTS_WARN ? "spf-open" : "spf", tone, "%s: %s",
            quoted(r->text, r->n).s, words);
    }
}

static void dmarc(struct dnsfacts *f, const struct dns_answer *a)
{
    const struct dns_record *r = NULL;
    char p[QUOTE_MAX * 2], rua[QUOTE_MAX * 2] = "";
    size_t n = versions(a, "v=DMARC1", &r);
    if (n > 1) {
        put(f, PART_DMARC, "dmarc-several", DNSFACTS_WARN,
            "%zu DMARC records, so none of them counts (RFC 7489 6.6.3)", n);
        return;
    }
    if (!r) {
        put(f, PART_DMARC, "dmarc-missing", DNSFACTS_WARN,
            "none at %s: what is to be done with mail that only pretends to be from %s is not "
            "said, unless the domain above says so",
            a->name, f->domain);
        return;
    }
    tag(r, "rua", rua, sizeof rua);
    if (!tag(r, "p", p, sizeof p)) {
        put(f, PART_DMARC, "dmarc-broken", DNSFACTS_WARN,
            "%s: it has no p=, so it asks for "
            "nothing (RFC 7489 6.6.3)",
            quoted(r->text, r->n).s);
        return;
    }
    put(f, PART_DMARC, "dmarc", DNSFACTS_PLAIN, "p=%s: %s; %s%s", p,
        strcasecmp(p, "reject") == 0       ? "mail that does not pass is to be refused"
        : strcasecmp(p, "quarantine") == 0 ? "mail that does not pass is to be put aside"
        : strcasecmp(p, "none") == 0       ? "mail that does not pass is only reported"
                                           : "an unknown word",
        *rua ? "reports go to " : "no reports are asked for", rua);
}

static void mtasts(struct dnsfacts *f, const struct dns_answer *a)
{
    const struct dns_record *r = NULL;
    char id[33], why[300];
    size_t n = versions(a, "v=STSv1", &r);
    if (n > 1)
        put(f, PART_MTASTS, "mta-sts-several", DNSFACTS_WARN,
            "%zu records at %s, so none of them counts (RFC 8461 3.1)", n, a->name);
    else if (!r)
        put(f, PART_MTASTS, "mta-sts-missing", DNSFACTS_PLAIN,
            "none: senders are not asked to insist on TLS and a good certificate");
    else if (!mtasts_txt(r->text, r->n, id, why, sizeof why))
        put(f, PART_MTASTS, "mta-sts-broken", DNSFACTS_WARN, "the record cannot be used: %s", why);
    else {
        f->mtasts = true;
        put(f, PART_MTASTS, "mta-sts", DNSFACTS_GOOD,
            "announced, id %s; the policy lies at https://mta-sts.%s/.well-known/mta-sts.txt: "
            "fetch it and give it with --mta-sts to have it judged",
            id, f->domain);
    }
}

static void tlsrpt(struct dnsfacts *f, const struct dns_answer *a)
{
    const struct dns_record *r = NULL;
    char rua[QUOTE_MAX * 2];
    size_t n = versions(a, "v=TLSRPTv1", &r);
    if (n > 1)
        put(f, PART_TLSRPT, "tlsrpt-several", DNSFACTS_WARN,
            "%zu records at %s, so none of them counts (RFC 8460 3)", n, a->name);
    else if (!r)
        put(f, PART_TLSRPT, "tlsrpt-missing", DNSFACTS_PLAIN,
            "none: nobody reports to %s where TLS fails", f->domain);
    else if (!tag(r, "rua", rua, sizeof rua))
        put(f, PART_TLSRPT, "tlsrpt-broken", DNSFACTS_WARN,
            "the record has no rua=: nobody knows where reports are to go");
    else
        put(f, PART_TLSRPT, "tlsrpt", DNSFACTS_PLAIN, "reports about failed TLS go to %s", rua);
}

/* -- DANE, PTR --------------------------------------------------------------------------------- */

static void dane(struct dnsfacts *f, const struct dns_answer *a)
{
    char words[200];
    f->dane_asked = true;
    dane_take(&f->dane, a);
    if (a->status == DNS_NODATA || a->status == DNS_NXDOMAIN) {
        put(f, PART_DANE, "dane-missing", DNSFACTS_PLAIN, "no TLSA records at %s", a->name);
        return;
    }
    put(f, PART_DANE, a->authenticated ? "dane" : "dane-unproven",
        a->authenticated ? DNSFACTS_GOOD : DNSFACTS_WARN, "TLSA records at %s, %s", a->name,
        a->authenticated ? "authenticated by DNSSEC"
        : a->ad ? "authenticated says the resolver, but it is not on this machine: they decide "
                  "nothing"
                : "not authenticated: they decide nothing");
    for (size_t i = 0; i < f->dane.n; i++) {
        bool usable = dane_row_words(&f->dane.rows[i], words, sizeof words);
        put(f, PART_DANE, usable ? "dane-record" : "dane-unusable",
            usable ? DNSFACTS_PLAIN : DNSFACTS_WARN, "%s", words);
    }
}

static void settle(struct dnsfacts *f);

static bool same_address(const char *a, const char *b)
{
    unsigned char x[16], y[16];
    return (inet_pton(AF_INET, a, x) == 1 && inet_pton(AF_INET, b, y) == 1 &&
            memcmp(x, y, 4) == 0) ||
           (inet_pton(AF_INET6, a, x) == 1 && inet_pton(AF_INET6, b, y) == 1 &&
            memcmp(x, y, 16) == 0);
}

static void on_back(void *arg, const struct dns_answer *a)
{
    struct forward *b = arg;
    const int k = a->type == DNS_A;
    b->open[k] = false;
    for (size_t i = 0; i < a->n; i++)
        b->found = b->found || same_address(a->at[i].text, b->f->address);
    if (!a->n && a->temporary)
        snprintf(b->why, sizeof b->why, "%s", a->why);
    settle(b->f);
}

static void ptr(struct dnsfacts *f, const struct dns_answer *a)
{
    for (size_t i = 0; i < a->n && f->nback < NAMES_MAX; i++) {
        struct forward *b = &f->back[f->nback++];
        *b = (struct forward){.f = f, .open = {true, true}};
        snprintf(b->name, sizeof b->name, "%s", a->at[i].text);
    }
    for (size_t i = 0; i < f->nback; i++) {
        struct forward *b = &f->back[i];
        b->q[0] = dns_ask(f->d, b->name, DNS_AAAA, on_back, b);
        b->q[1] = dns_ask(f->d, b->name, DNS_A, on_back, b);
    }
}

static void back_lines(struct dnsfacts *f)
{
    for (size_t i = 0; i < f->nback; i++) {
        const struct forward *b = &f->back[i];
        const struct quoted q = quoted(b->name, strlen(b->name));
        const char *name = q.s;
        if (b->found)
            put(f, PART_PTR, "ptr", DNSFACTS_GOOD, "%s is %s, and that name leads back to it",
                f->address, name);
        else if (b->why[0])
            put(f, PART_PTR, "ptr-unknown", DNSFACTS_WARN,
                "%s says it is %s; whether that name leads back is not known: %s", f->address, name,
                b->why);
        else
            put(f, PART_PTR, "ptr-unconfirmed", DNSFACTS_WARN,
                "%s says it is %s, but that name does not lead back to it: many receivers refuse "
                "mail from such an address",
                f->address, name);
    }
}

/* -- the whole --------------------------------------------------------------------------------- */

static void settle(struct dnsfacts *f)
{
    for (int i = 0; i < PARTS; i++)
        if (f->parts[i].open)
            return;
    for (size_t i = 0; i < f->nback; i++)
        if (f->back[i].open[0] || f->back[i].open[1])
            return;
    back_lines(f);
    for (int i = 0; i < PARTS; i++)
        for (size_t k = 0; k < f->parts[i].n; k++)
            f->parts[i].at[k].l.text = f->parts[i].at[k].text;
    f->fn(f->arg, f);
}

static void on_part(void *arg, const struct dns_answer *a)
{
    static void (*const read[PARTS])(struct dnsfacts *, const struct dns_answer *) = {
        [PART_PTR] = ptr,       [PART_SPF] = spf,       [PART_DMARC] = dmarc,
        [PART_MTASTS] = mtasts, [PART_TLSRPT] = tlsrpt, [PART_DANE] = dane};
    struct section *s = arg;
    struct dnsfacts *f = s->f;
    s->open = false;
    const bool known =
        a->status == DNS_FOUND || a->status == DNS_NODATA || a->status == DNS_NXDOMAIN;
    if (!known) {
        if (s->part == PART_DANE) {
            f->dane_asked = true;
            dane_take(&f->dane, a);
        }
        put(f, s->part, "dns-failed", DNSFACTS_WARN, "not known: %s", a->why);
    } else if (s->part == PART_PTR && !a->n) {
        put(f, PART_PTR, "ptr-missing", DNSFACTS_WARN,
            "%s has no name (PTR): many receivers refuse mail from such an address", f->address);
    } else {
        read[s->part](f, a);
    }
    settle(f);
}

static void ask(struct dnsfacts *f, enum part part, const char *name, enum dns_type type)
{
    struct section *s = &f->parts[part];
    s->open = true;
    s->q = dns_ask(f->d, name, type, on_part, s);
}

/* RFC 6761 6.3: nobody is asked about this machine. */
static bool is_localhost(const char *host)
{
    size_t n = strlen(host);
    return n >= 9 && strcasecmp(host + n - 9, "localhost") == 0 && (n == 9 || host[n - 10] == '.');
}

struct dnsfacts *dnsfacts_start(const struct dns *d, const struct dnsfacts_ask *a, dnsfacts_fn *fn,
                                void *arg)
{
    struct dnsfacts *f = xcalloc(1, sizeof *f);
    char name[600];
    f->d = d;
    f->fn = fn;
    f->arg = arg;
    f->port = a->port;
    snprintf(f->domain, sizeof f->domain, "%s", a->domain);
    snprintf(f->host, sizeof f->host, "%s", a->host);
    snprintf(f->address, sizeof f->address, "%s", a->address);
    for (int i = 0; i < PARTS; i++) {
        f->parts[i].f = f;
        f->parts[i].part = (enum part)i;
    }
    if (*f->address && dns_reverse_name(f->address, name, sizeof name))
        ask(f, PART_PTR, name, DNS_PTR);
    if (*f->domain) {
        ask(f, PART_SPF, f->domain, DNS_TXT);
        static const struct {
            enum part part;
            const char *prefix;
        } below[] = {
            {PART_DMARC, "_dmarc."}, {PART_MTASTS, "_mta-sts."}, {PART_TLSRPT, "_smtp._tls."}};
        for (size_t i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "%s%s", below[i].prefix, f->domain);
            ask(f, below[i].part, name, DNS_TXT);
        }
    }
    if (*f->host && !is_localhost(f->host) && dane_name(f->host, f->port, name, sizeof name))
        ask(f, PART_DANE, name, DNS_TLSA);
    for (int i = 0; i < PARTS; i++)
        if (f->parts[i].open)
            return f;
    free(f);
    return NULL;
}

void dnsfacts_free(struct dnsfacts *f)
{
    if (!f)
        return;
    for (int i = 0; i < PARTS; i++)
        if (f->parts[i].open)
            dns_cancel(f->d, f->parts[i].q);
    for (size_t i = 0; i < f->nback; i++)
        for (int k = 0; k < 2; k++)
            if (f->back[i].open[k])
                dns_cancel(f->d, f->back[i].q[k]);
    dane_clear(&f->dane);
    free(f);
}

size_t dnsfacts_count(const struct dnsfacts *f)
{
    size_t n = 0;
    for (int i = 0; i < PARTS; i++)
        n += f->parts[i].n;
    return n;
}

const struct dnsfacts_line *dnsfacts_line(const struct dnsfacts *f, size_t i)
{
    for (int k = 0; k < PARTS; k++) {
        if (i < f->parts[k].n)
            return &f->parts[k].at[i].l;
        i -= f->parts[k].n;
    }
    return NULL;
}

const struct dane *dnsfacts_dane(const struct dnsfacts *f)
{
    return f->dane_asked ? &f->dane : NULL;
}

bool dnsfacts_has_mtasts(const struct dnsfacts *f)
{
    return f->mtasts;
}
