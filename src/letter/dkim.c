/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verifying DKIM signatures, and saying why: what is stated, what was computed, which fields were
 * signed. Canonical forms are dkim_canon.c's, keys dkim_key.c's. RFC 6376 6, RFC 8301, RFC 8463. */
#include "heloscope/harmless.h"
#include "letter/dkim_priv.h"

#include "core/lazy/openssl.gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SIG_MAX = 4096, KEY_MAX = 8192, HEADER_MAX = 64 << 20, UNKNOWN = -1 };

/* What is taken from a signature before its key is asked for. */
struct reading {
    const struct mailtext *m;
    const struct field *f;
    struct tags tags;
    bool ed25519, relaxed_header, relaxed_body, limited;
    uint64_t limit;
    char i_domain[256];
};

const char *dkim_word(enum dkim_result r)
{
    static const char *const words[] = {"none", "pass", "fail", "temperror", "permerror"};
    return words[r];
}

static bool end(struct dkim_signature *s, enum dkim_result r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The result and its reason; always false, so that "return end(...)" ends the work. */
static bool end(struct dkim_signature *s, enum dkim_result r, const char *fmt, ...)
{
    struct buf b;
    va_list ap;
    s->result = r;
    buf_init(&b, 16384);
    if (s->d[0])
        buf_addf(&b, "d=%s s=%s: ", s->d, s->s);
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    buf_trim(&s->because, 0);
    text_clean(&s->because, buf_str(&b), b.len);
    buf_clear(&b);
    return false;
}

static void copy(char *to, size_t size, const struct tag *t)
{
    size_t n = t ? t->nvalue : 0;
    n = n < size ? n : size - 1;
    if (n)
        memcpy(to, t->value, n);
    to[n] = '\0';
}

/* ---- the signature's tags ---- */

static bool read_identity(struct dkim_signature *s, struct reading *r)
{
    const struct tag *i = tags_get(&r->tags, "i");
    snprintf(r->i_domain, sizeof r->i_domain, "%s", s->d);
    if (!i)
        return true;
    copy(s->i, sizeof s->i, i);
    const char *at = memrchr(i->value, '@', i->nvalue);
    size_t n = at ? (size_t)(i->value + i->nvalue - at - 1) : 0;
    if (!at || !domain_normal(at + 1, n, r->i_domain))
        return end(s, DKIM_PERMERROR, "i= is no address (RFC 6376 3.5)");
    if (!domain_within(r->i_domain, s->d))
        return end(s, DKIM_PERMERROR, "i=@%s is not within d= (RFC 6376 3.5)", r->i_domain);
    return true;
}

static bool read_canonical(struct dkim_signature *s, struct reading *r)
{
    const struct tag *c = tags_get(&r->tags, "c");
    if (!c)
        return true;
    const char *slash = memchr(c->value, '/', c->nvalue);
    struct tag h = *c, b = {.value = "simple", .nvalue = 6};
    if (slash) {
        h.nvalue = (size_t)(slash - c->value);
        b = (struct tag){.value = slash + 1, .nvalue = c->nvalue - h.nvalue - 1};
    }
    r->relaxed_header = tag_is(&h, "relaxed");
    r->relaxed_body = tag_is(&b, "relaxed");
    if ((!r->relaxed_header && !tag_is(&h, "simple")) ||
        (!r->relaxed_body && !tag_is(&b, "simple")))
        return end(s, DKIM_PERMERROR, "c=%.*s is no canonical form that is known (RFC 6376 3.4)",
                   (int)(c->nvalue < 60 ? c->nvalue : 60), c->value);
    return true;
}

/* Keeps h= without its blanks, and looks for what must be in it. */
static bool read_headers(struct dkim_signature *s, struct reading *r)
{
    const struct tag *h = tags_get(&r->tags, "h");
    const char *word;
    size_t names = 0;
    for (size_t at = 0, n; tag_next(h, &at, &word, &n);) {
        if (!n)
            return end(s, DKIM_PERMERROR, "h= has an empty name (RFC 6376 3.5)");
        if (++names > DKIM_NAMES)
            return end(s, DKIM_PERMERROR, "h= names more than %d fields", DKIM_NAMES);
        if (s->headers.len)
            buf_add_char(&s->headers, ':');
        buf_add(&s->headers, word, n);
    }
    if (!tag_lists(h, "From"))
        return end(s, DKIM_PERMERROR, "h= does not name From, which must be signed (RFC 6376 5.4)");
    return true;
}

static bool read_algorithm(struct dkim_signature *s, struct reading *r)
{
    const struct tag *a = tags_get(&r->tags, "a");
    copy(s->a, sizeof s->a, a);
    r->ed25519 = tag_is(a, "ed25519-sha256");
    if (tag_is(a, "rsa-sha1"))
        return end(s, DKIM_PERMERROR,
                   "a=rsa-sha1 must not be used any more: SHA-1 is broken (RFC 8301 3.1)");
    if (!r->ed25519 && !tag_is(a, "rsa-sha256"))
        return end(s, DKIM_PERMERROR, "a=%s is no algorithm that is known (RFC 6376 3.3, RFC 8463)",
                   s->a);
    return true;
}

static bool read_times(struct dkim_signature *s, struct reading *r, time_t now)
{
    uint64_t t = 0, x = 0;
    const struct tag *tt = tags_get(&r->tags, "t"), *xt = tags_get(&r->tags, "x");
    if ((tt && !tag_number(tt, &t)) || (xt && !tag_number(xt, &x)))
        return end(s, DKIM_PERMERROR, "t= or x= is no time (RFC 6376 3.5)");
    if (tt && xt && x <= t)
        return end(s, DKIM_PERMERROR, "x= is not behind t= (RFC 6376 3.5)");
    if (xt && (uint64_t)now > x)
        return end(s, DKIM_FAIL, "the signature has expired (x=%llu, RFC 6376 3.5)",
                   (unsigned long long)x);
    return true;
}

static bool read_signature(struct dkim_signature *s, struct reading *r, time_t now)
{
    static const char *const must[] = {"v", "a", "b", "bh", "d", "h", "s"};
    const struct tag *t;
    tags_parse(&r->tags, r->f->value, r->f->nvalue);
    t = tags_get(&r->tags, "d");
    bool domain = t && domain_normal(t->value, t->nvalue, s->d);
    if (!domain)
        s->d[0] = '\0';
    copy(s->s, sizeof s->s, tags_get(&r->tags, "s"));
    copy(s->a, sizeof s->a, tags_get(&r->tags, "a"));
    copy(s->b, sizeof s->b, tags_get(&r->tags, "b"));
    if (r->tags.wrong)
        return end(s, DKIM_PERMERROR, "the DKIM-Signature field: %s (RFC 6376 3.2)", r->tags.wrong);
    for (size_t i = 0; i < sizeof must / sizeof *must; i++)
        if (!tags_get(&r->tags, must[i]))
            return end(s, DKIM_PERMERROR, "the DKIM-Signature field has no %s= (RFC 6376 3.5)",
                       must[i]);
    if (!tag_is(tags_get(&r->tags, "v"), "1"))
        return end(s, DKIM_PERMERROR, "v= is not 1 (RFC 6376 3.5)");
    t = tags_get(&r->tags, "s");
    char selector[256];
    if (!domain || !domain_normal(t->value, t->nvalue, selector))
        return end(s, DKIM_PERMERROR, "%s= is no domain name (RFC 6376 3.5)", domain ? "s" : "d");
    memcpy(s->s, selector, sizeof s->s);
    if (!read_algorithm(s, r) || !read_identity(s, r) || !read_canonical(s, r) ||
        !read_headers(s, r) || !read_times(s, r, now))
        return false;
    t = tags_get(&r->tags, "q");
    if (t && !tag_lists(t, "dns/txt") && !tag_lists(t, "dns"))
        return end(s, DKIM_PERMERROR, "q= names no way to the key that is known (RFC 6376 3.5)");
    t = tags_get(&r->tags, "l");
    r->limited = t != NULL;
    r->limit = UINT64_MAX;
    if (t && !tag_number(t, &r->limit))
        return end(s, DKIM_PERMERROR, "l= is no number (RFC 6376 3.5)");
    unsigned char hash[32];
    size_t n = sizeof hash;
    t = tags_get(&r->tags, "bh");
    if (!base64_read(t->value, t->nvalue, hash, &n) || n != sizeof hash)
        return end(s, DKIM_PERMERROR, "bh= is not the base64 of a SHA-256 digest");
    struct buf b;
    buf_init(&b, 64);
    base64_write(hash, n, &b);
    snprintf(s->stated, sizeof s->stated, "%s", buf_str(&b));
    buf_clear(&b);
    return true;
}

/* ---- the key ---- */

struct key {
    unsigned char p[KEY_MAX];
    size_t n;
    bool testing; /* t=y */
};

/* Reads a key record. NULL: it will do; else what is wrong with it. */
static const char *read_key(const struct rr *rr, const struct reading *r,
                            const struct dkim_signature *s, struct key *k)
{
    struct tags t;
    tags_parse(&t, rr->data, rr->n);
    const struct tag *v = tags_get(&t, "v"), *p = tags_get(&t, "p"), *type = tags_get(&t, "k"),
                     *h = tags_get(&t, "h"), *service = tags_get(&t, "s"),
                     *flags = tags_get(&t, "t");
    if (v && (v != &t.at[0] || v->nvalue != 5 || memcmp(v->value, "DKIM1", 5) != 0))
        return "is no key record: v= must be DKIM1 and come first (RFC 6376 3.6.1)";
    if (t.wrong)
        return "is malformed (RFC 6376 3.2)";
    if (!p)
        return "holds no key: p= is missing (RFC 6376 3.6.1)";
    if (!p->nvalue)
        return "says that the key was revoked: p= is empty (RFC 6376 3.6.1)";
    if (type ? !tag_is(type, r->ed25519 ? "ed25519" : "rsa") : r->ed25519)
        return "holds a key of another kind than a= says (k=, RFC 6376 6.1.2)";
    if (h && !tag_lists(h, "sha256"))
        return "does not allow SHA-256 (h=, RFC 6376 3.6.1)";
    if (service && !tag_lists(service, "*") && !tag_lists(service, "email"))
        return "is not for mail (s=, RFC 6376 3.6.1)";
    if (flags && tag_lists(flags, "s") && strcmp(r->i_domain, s->d) != 0)
        return "wants i= and d= to be the same (t=s, RFC 6376 3.6.1)";
    k->testing = tag_lists(flags, "y");
    k->n = sizeof k->p;
    if (!base64_read(p->value, p->nvalue, k->p, &k->n))
        return "holds no key: p= is no base64";
    return NULL;
}

static bool fetch_key(struct dkim_signature *s, const struct reading *r,
                      const struct rr_source *dns, struct key *k, bool *pending)
{
    char name[600];
    struct rr_answer a;
    const char *wrong = NULL;
    snprintf(name, sizeof name, "%s._domainkey.%s", s->s, s->d);
    if (strlen(name) > 253)
        return end(s, DKIM_PERMERROR, "the name of its key is too long (RFC 1035 2.3.4)");
    dns->lookup(dns->self, name, RR_TXT, &a);
    if (a.status == RR_PENDING) {
        *pending = true;
        return end(s, DKIM_TEMPERROR, "the key at %s is being fetched", name);
    }
    if (a.status == RR_TEMPFAIL)
        return end(s, DKIM_TEMPERROR, "the key at %s cannot be had: %s", name, a.why);
    if (a.status != RR_FOUND)
        return end(s, DKIM_PERMERROR, "there is no key at %s (RFC 6376 6.1.2)", name);
    for (size_t i = 0; i < a.n && i < 8; i++) {
        const char *w = read_key(&a.at[i], r, s, k);
        if (!w)
            return true;
        wrong = wrong ? wrong : w;
    }
    return end(s, DKIM_PERMERROR, "the record at %s %s", name, wrong);
}

/* ---- the verdict ---- */

/* Bodies are hashed once for each form; l= is rare. */
struct hashes {
    char whole[2][48];
    uint64_t spent; /* octets hashed for l= */
};

enum { LIMITED_MAX = 32 << 20 };

static bool check_body(struct dkim_signature *s, const struct reading *r, struct hashes *cache,
                       bool *same)
{
    uint64_t whole = 0;
    char *kept = cache->whole[r->relaxed_body];
    if (r->limited && cache->spent && cache->spent + r->m->nbody > LIMITED_MAX)
        return end(s, DKIM_PERMERROR,
                   "the body is too large to be hashed once more for another signature with l=");
    if (r->limited) {
        cache->spent += r->m->nbody + 1;
        if (!dkim_body_hash(r->m, r->relaxed_body, r->limit, &whole, s->computed))
            return end(s, DKIM_TEMPERROR, "no digest could be made");
        if (whole < r->limit)
            return end(s, DKIM_PERMERROR,
                       "l=%llu signs more of the body than there is (%llu octets; RFC 6376 3.5)",
                       (unsigned long long)r->limit, (unsigned long long)whole);
        s->body_cut = whole > r->limit;
    } else {
        if (!kept[0] && !dkim_body_hash(r->m, r->relaxed_body, UINT64_MAX, &whole, kept))
            return end(s, DKIM_TEMPERROR, "no digest could be made");
        memcpy(s->computed, kept, sizeof s->computed);
    }
    *same = strcmp(s->stated, s->computed) == 0;
    return true;
}

static void conclude(struct dkim_signature *s, enum key_verdict v, unsigned bits, bool body_same,
                     bool testing)
{
    const char *test = !testing ? ""
                       : v == KEY_HOLDS && body_same
                           ? "; the key is being tested (t=y)"
                           : "; the key is being tested (t=y), so it is as if there were no "
                             "signature (RFC 6376 3.6.1)";
    const char *cut = s->body_cut ? "; l= leaves the end of the body unsigned (RFC 6376 8.2)" : "";
    const char *signs = buf_str(&s->headers);
    switch (v) {
    case KEY_BROKEN:
        end(s, DKIM_PERMERROR, "the record of the selector holds no key: p= is no public key");
        return;
    case KEY_OTHER:
        end(s, DKIM_PERMERROR, "the key is of another kind than a=%s (RFC 6376 6.1.2)", s->a);
        return;
    case KEY_SHORT:
        end(s, DKIM_PERMERROR,
            "the key has %u bits, and signatures by keys under %d bits are not believed (RFC 8301 "
            "3.2)",
            bits, DKIM_KEY_BITS);
        return;
    default:
        break;
    }
    if (!body_same)
        end(s, DKIM_FAIL,
            "the body was changed: its hash is stated as %s and comes out as %s; the signature "
            "over "
            "%.2000s %s%s",
            s->stated, s->computed, signs, v == KEY_HOLDS ? "holds" : "does not hold either", test);
    else if (v == KEY_WRONG)
        end(s, DKIM_FAIL,
            "the body is as it was (hash %s), but the signature does not hold: one of the signed "
            "fields was changed or added, or another key signed; signed: %.2000s%s",
            s->stated, signs, test);
    else
        end(s, DKIM_PASS,
            "%s, key of %u bits: the signature and the body's hash %s hold; signed: "
            "%.2000s%s%s",
            s->a, bits, s->stated, signs, cut, test);
}

static bool verify(struct dkim_signature *s, struct reading *r, const struct rr_source *dns,
                   time_t now, struct hashes *cache, bool *pending)
{
    struct key k;
    bool body_same = false;
    if (!read_signature(s, r, now) || !fetch_key(s, r, dns, &k, pending) ||
        !check_body(s, r, cache, &body_same))
        return false;
    const struct tag *b = tags_get(&r->tags, "b");
    unsigned char sig[SIG_MAX];
    size_t nsig = sizeof sig;
    if (!base64_read(b->value, b->nvalue, sig, &nsig))
        return end(s, DKIM_PERMERROR, "b= is no base64 (RFC 6376 3.5)");
    /* The value goes with all blanks around it (RFC 6376 3.7). */
    const char *from = b->value, *to = b->value + b->nvalue, *last = r->f->value + r->f->nvalue;
    while (from > r->f->value && strchr(" \t\r\n", from[-1]))
        from--;
    while (to < last && *to != ';')
        to++;
    struct buf data;
    buf_init(&data, HEADER_MAX);
    bool ok = dkim_fields(r->m, tags_get(&r->tags, "h"), r->relaxed_header, &data) &&
              dkim_field_unsigned(r->f, r->relaxed_header, from, (size_t)(to - from), &data);
    unsigned bits = 0;
    if (ok) {
        enum key_verdict v = dkim_key_verify(k.p, k.n, r->ed25519, &data, sig, nsig, &bits);
        conclude(s, v, bits, body_same, k.testing);
    } else {
        end(s, DKIM_PERMERROR, "the signed fields have more than %d MB", HEADER_MAX >> 20);
    }
    buf_clear(&data);
    return ok;
}

void dkim_verify(const struct mailtext *m, const struct rr_source *dns, time_t now,
                 struct dkim *out)
{
    struct hashes cache = {0};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < m->n; i++) {
        if (!field_is(&m->at[i], "DKIM-Signature"))
            continue;
        if (out->n == DKIM_SIGNATURES) {
            out->left_out++;
            continue;
        }
        struct dkim_signature *s = &out->at[out->n++];
        struct reading r = {.m = m, .f = &m->at[i]};
        char why[200];
        buf_init(&s->headers, 65536);
        buf_init(&s->because, 32768);
        if (!lazy_ready(openssl, why, sizeof why))
            end(s, DKIM_TEMPERROR, "%s", why);
        else
            verify(s, &r, dns, now, &cache, &out->pending);
    }
}

void dkim_clear(struct dkim *d)
{
    for (size_t i = 0; i < d->n; i++) {
        buf_clear(&d->at[i].headers);
        buf_clear(&d->at[i].because);
    }
    d->n = 0;
}
