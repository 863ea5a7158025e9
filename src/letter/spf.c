/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_host(): runs an SPF record against a client's address and says which term decided. Reading
 * a record is spf_parse.c's, macros are spf_macro.c's. Answers that are missing end a run
 * (pending); it is repeated when they are there. RFC 7208 4, 5, 6. */
#include "heloscope/harmless.h"
#include "letter/spf_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *spf_word(enum spf_result r)
{
    static const char *const words[] = {"none",     "neutral",   "pass",     "fail",
                                        "softfail", "temperror", "permerror"};
    return words[r];
}

void spf_ask(struct spf_run *run, const char *name, enum rr_type type, struct rr_answer *out)
{
    run->dns->lookup(run->dns->self, name, type, out);
    run->pending = run->pending || out->status == RR_PENDING;
}

static enum spf_result because(struct spf_run *run, enum spf_result r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum spf_result because(struct spf_run *run, enum spf_result r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(run->why, sizeof run->why, fmt, ap);
    va_end(ap);
    return r;
}

/* ---- addresses ---- */

static bool same_network(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, whole) == 0 && (!rest || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

static enum rr_type address_type(const struct spf_run *run)
{
    return run->bits == 32 ? RR_A : RR_AAAA;
}

bool spf_address_match(struct spf_run *run, const struct rr_answer *a, unsigned bits)
{
    for (size_t i = 0; a->status == RR_FOUND && i < a->n; i++)
        if (a->at[i].n == run->bits / 8 &&
            same_network((const unsigned char *)a->at[i].data, run->ip, bits))
            return true;
    return false;
}

static bool below(const char *name, const char *domain)
{
    size_t n = strlen(name), d = strlen(domain);
    if (d && domain[d - 1] == '.')
        d--;
    return n >= d && strncasecmp(name + n - d, domain, d) == 0 &&
           (n == d || name[n - d - 1] == '.');
}

static bool is_void(const struct rr_answer *a)
{
    return a->status == RR_NODATA || a->status == RR_NXDOMAIN;
}

bool spf_validated(struct spf_run *run, const char *domain, char *out, bool counted)
{
    char reverse[128];
    struct rr_answer names, a;
    out[0] = '\0';
    spf_reverse_name(run, reverse, sizeof reverse);
    spf_ask(run, reverse, RR_PTR, &names);
    run->voids += counted && is_void(&names);
    for (size_t i = 0; names.status == RR_FOUND && i < names.n && i < SPF_NAMES; i++) {
        const char *name = names.at[i].data;
        if (strlen(name) > 253 || (domain && !below(name, domain)))
            continue;
        spf_ask(run, name, address_type(run), &a);
        run->voids += counted && is_void(&a);
        bool exact = domain && strlen(name) == strlen(domain);
        if (spf_address_match(run, &a, run->bits) && (!out[0] || exact))
            snprintf(out, 256, "%s", name);
    }
    return out[0] != '\0';
}

/* ---- terms ---- */

enum match { MATCH_NO, MATCH_YES, MATCH_ERROR };

static enum spf_result check_host(struct spf_run *run, const char *domain, unsigned depth,
                                  struct buf *explained);

static enum match failed(struct spf_run *run, enum spf_result *error, const char *name,
                         enum rr_type type, const struct rr_answer *a)
{
    *error = because(run, SPF_TEMPERROR, "the %s records of %.100s cannot be had: %s",
                     rr_type_name(type), name, a->why);
    return MATCH_ERROR;
}

static enum match too_many_voids(struct spf_run *run, enum spf_result *error)
{
    *error =
        because(run, SPF_PERMERROR, "%u questions found nothing, %d are the most (RFC 7208 4.6.4)",
                run->voids, SPF_VOIDS);
    return MATCH_ERROR;
}

/* One question for addresses; exists asks for A only, and any answer will do. */
static enum match match_address(struct spf_run *run, const struct spf_term *t, const char *name,
                                enum spf_result *error)
{
    struct rr_answer a;
    enum rr_type type = t->kind == SPF_EXISTS ? RR_A : address_type(run);
    spf_ask(run, name, type, &a);
    if (a.status == RR_TEMPFAIL)
        return failed(run, error, name, type, &a);
    if (is_void(&a) && ++run->voids > SPF_VOIDS)
        return too_many_voids(run, error);
    if (t->kind == SPF_EXISTS)
        return a.status == RR_FOUND ? MATCH_YES : MATCH_NO;
    return spf_address_match(run, &a, run->bits == 32 ? t->cidr4 : t->cidr6) ? MATCH_YES : MATCH_NO;
}

static enum match match_mx(struct spf_run *run, const struct spf_term *t, const char *name,
                           enum spf_result *error)
{
    struct rr_answer mx;
    spf_ask(run, name, RR_MX, &mx);
    if (mx.status == RR_TEMPFAIL)
        return failed(run, error, name, RR_MX, &mx);
    if (is_void(&mx) && ++run->voids > SPF_VOIDS)
        return too_many_voids(run, error);
    if (mx.status != RR_FOUND)
        return MATCH_NO;
    if (mx.n > SPF_NAMES) {
        *error = because(run, SPF_PERMERROR,
                         "%.100s has %zu MX records, %d are the most (RFC 7208 4.6.4)", name, mx.n,
                         SPF_NAMES);
        return MATCH_ERROR;
    }
    for (size_t i = 0; i < mx.n; i++) {
        if (!mx.at[i].n)
            continue; /* null MX, RFC 7505 */
        enum match m = match_address(run, t, mx.at[i].data, error);
        if (m != MATCH_NO)
            return m;
    }
    return MATCH_NO;
}

static enum match match_include(struct spf_run *run, const char *name, unsigned depth,
                                enum spf_result *error)
{
    enum spf_result r = check_host(run, name, depth + 1, NULL);
    switch (r) {
    case SPF_PASS:
        return MATCH_YES;
    case SPF_TEMPERROR:
    case SPF_PERMERROR:
        *error = r;
        return MATCH_ERROR;
    case SPF_NONE:
        *error = because(run, SPF_PERMERROR,
                         "include: %.100s has no SPF record that could be included (RFC 7208 5.2)",
                         name);
        return MATCH_ERROR;
    default:
        return MATCH_NO;
    }
}

/* Counts a term that asks the DNS. */
static bool counted(struct spf_run *run, const char *term, size_t n, enum spf_result *error)
{
    if (++run->lookups <= SPF_LOOKUPS)
        return true;
    const char *here = run->steps ? run->step[run->steps - 1].domain : "";
    bool loop = false; /* the record is read because of itself */
    for (unsigned i = 0; i + 1 < run->steps; i++)
        loop = loop || strcasecmp(run->step[i].domain, here) == 0;
    *error =
        because(run, SPF_PERMERROR,
                "the term \"%.*s\" would be look-up %u, %d are the most (RFC 7208 4.6.4)%s%.100s%s",
                (int)(n < 120 ? n : 120), term, run->lookups, SPF_LOOKUPS, loop ? "; " : "",
                loop ? here : "", loop ? " is reached from itself: a loop" : "");
    return false;
}

static void step(struct spf_run *run, unsigned depth, const char *domain, const char *term,
                 size_t n)
{
    struct spf_step *s = &run->step[depth];
    snprintf(s->domain, sizeof s->domain, "%s", domain);
    snprintf(s->term, sizeof s->term, "%.*s", (int)n, term);
}

static enum match match(struct spf_run *run, const struct spf_term *t, const char *domain,
                        unsigned depth, enum spf_result *error)
{
    if (t->kind == SPF_ALL)
        return MATCH_YES;
    if (t->kind == SPF_IP4 || t->kind == SPF_IP6)
        return run->bits == (t->kind == SPF_IP4 ? 32 : 128) &&
                       same_network(t->ip, run->ip, t->cidr4)
                   ? MATCH_YES
                   : MATCH_NO;
    if (!counted(run, t->text, t->n, error))
        return MATCH_ERROR;
    struct buf name;
    buf_init(&name, 4096);
    enum match m = MATCH_ERROR;
    char validated[256];
    if (!(t->spec ? spf_expand(run, t->spec, t->nspec, domain, true, &name)
                  : buf_add_str(&name, domain))) {
        *error = because(run, run->pending ? SPF_TEMPERROR : SPF_PERMERROR,
                         "the name in \"%.*s\" becomes too long", (int)(t->n < 120 ? t->n : 120),
                         t->text);
    } else if (t->kind == SPF_INCLUDE) {
        m = match_include(run, buf_str(&name), depth, error);
    } else if (t->kind == SPF_PTR) {
        m = spf_validated(run, buf_str(&name), validated, true) ? MATCH_YES : MATCH_NO;
        if (m == MATCH_NO && run->voids > SPF_VOIDS)
            m = too_many_voids(run, error);
    } else if (t->kind == SPF_MX) {
        m = match_mx(run, t, buf_str(&name), error);
    } else {
        m = match_address(run, t, buf_str(&name), error);
    }
    buf_clear(&name);
    return m;
}

/* ---- records ---- */

/* RFC 7208 4.3: labels of 1 to 63 octets, more than one of them, no address. */
static bool domain_is_fit(const char *d)
{
    size_t n = strlen(d), label = 0, labels = 0;
    if (n && d[n - 1] == '.')
        n--;
    if (!n || n > 253 || d[0] == '[')
        return false;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && d[i] != '.') {
            label++;
            continue;
        }
        if (!label || label > 63)
            return false;
        label = 0;
        labels++;
    }
    return labels > 1;
}

/* Is it one, and where do its terms begin? (RFC 7208 4.5) */
static bool is_spf(const struct rr *r)
{
    return r->n >= 6 && strncasecmp(r->data, "v=spf1", 6) == 0 && (r->n == 6 || r->data[6] == ' ');
}

/* The explanation that the domain publishes for a failure; anything odd: none (RFC 7208 6.2). */
static void explain(struct spf_run *run, const struct spf_record *r, const char *domain,
                    struct buf *out)
{
    struct buf name;
    struct rr_answer a = {.status = RR_NODATA};
    char why[400];
    if (!out || !r->exp)
        return;
    memcpy(why, run->why, sizeof why);
    buf_init(&name, 4096);
    if (spf_expand(run, r->exp, r->nexp, domain, true, &name))
        spf_ask(run, buf_str(&name), RR_TXT, &a);
    buf_clear(&name);
    if (a.status == RR_FOUND && a.n == 1 &&
        !spf_macro_check(a.at[0].data, a.at[0].n, false, true)) {
        buf_trim(out, 0);
        if (!spf_expand(run, a.at[0].data, a.at[0].n, domain, false, out))
            buf_trim(out, 0);
    }
    memcpy(run->why, why, sizeof why);
}

static enum spf_result run_record(struct spf_run *run, const struct spf_record *r,
                                  const char *domain, unsigned depth, struct buf *explained)
{
    enum spf_result error = SPF_PERMERROR;
    for (size_t i = 0; i < r->n; i++) {
        const struct spf_term *t = &r->at[i];
        step(run, depth, domain, t->text, t->n);
        run->steps = depth + 1;
        enum match m = match(run, t, domain, depth, &error);
        if (run->pending)
            return SPF_TEMPERROR;
        if (m == MATCH_ERROR)
            return error;
        if (m == MATCH_YES) {
            if (t->result == SPF_FAIL)
                explain(run, r, domain, explained);
            return t->result;
        }
    }
    run->steps = depth;
    if (!r->redirect)
        return SPF_NEUTRAL;
    step(run, depth, domain, r->redirect - 9, r->nredirect + 9); /* with "redirect=" */
    run->steps = depth + 1;
    if (!counted(run, r->redirect - 9, r->nredirect + 9, &error))
        return error;
    struct buf name;
    buf_init(&name, 4096);
    enum spf_result result =
        spf_expand(run, r->redirect, r->nredirect, domain, true, &name)
            ? check_host(run, buf_str(&name), depth + 1, explained)
            : because(run, SPF_PERMERROR, "the name of redirect= becomes too long");
    if (result == SPF_NONE)
        result = because(run, SPF_PERMERROR, "redirect: %.100s has no SPF record (RFC 7208 6.1)",
                         buf_str(&name));
    buf_clear(&name);
    return result;
}

static enum spf_result check_host(struct spf_run *run, const char *domain, unsigned depth,
                                  struct buf *explained)
{
    struct rr_answer a;
    const struct rr *record = NULL;
    size_t records = 0;
    if (depth >= SPF_DEPTH)
        return because(run, SPF_PERMERROR, "records include one another without end");
    if (!domain_is_fit(domain))
        return because(run, SPF_NONE,
                       "\"%.100s\" is not a domain name of two labels or more (RFC 7208 4.3)",
                       domain);
    spf_ask(run, domain, RR_TXT, &a);
    if (run->pending)
        return SPF_TEMPERROR;
    if (a.status == RR_TEMPFAIL)
        return because(run, SPF_TEMPERROR, "the TXT records of %.100s cannot be had: %s", domain,
                       a.why);
    for (size_t i = 0; a.status == RR_FOUND && i < a.n; i++)
        if (is_spf(&a.at[i])) {
            record = &a.at[i];
            records++;
        }
    if (!records)
        return because(run, SPF_NONE, "%.100s %s", domain,
                       a.status == RR_NXDOMAIN ? "does not exist" : "publishes no SPF record");
    if (records > 1)
        return because(run, SPF_PERMERROR,
                       "%.100s has %zu SPF records, one is allowed (RFC 7208 4.5)", domain,
                       records);
    struct spf_record r;
    buf_trim(&run->record, 0);
    buf_add(&run->record, record->data, record->n < 500 ? record->n : 500);
    if (record->n > 500)
        buf_add_str(&run->record, "...");
    run->why[0] = '\0';
    enum spf_result result = SPF_PERMERROR;
    bool ok = spf_record_parse(&r, record->data + 6, record->n - 6, run->why, sizeof run->why);
    if (ok)
        result = run_record(run, &r, domain, depth, explained);
    if (ok && (result == SPF_PASS || (depth == 0 && result != SPF_PERMERROR))) {
        /* The record to be shown is the one whose term decided; an include that did not match left
         * its own here. */
        if (run->steps <= depth + 1) {
            buf_trim(&run->record, 0);
            buf_add(&run->record, record->data, record->n < 500 ? record->n : 500);
        }
    }
    spf_record_free(&r);
    return result;
}

/* ---- in words ---- */

static void in_words(const struct spf_run *run, const struct spf *s, const char *ip,
                     struct buf *out)
{
    buf_addf(out, "%s domain %s: ", s->identity[0] == 'm' ? "MAIL FROM" : "HELO", s->domain);
    if (run->why[0])
        buf_add_str(out, run->why);
    else if (!run->steps)
        buf_addf(out, "no term of its record matched %s, which is neutral (RFC 7208 4.7)", ip);
    for (unsigned i = 0; !run->why[0] && i < run->steps; i++)
        if (i == 0)
            buf_addf(out, "%s matched the term \"%s\"", ip, run->step[i].term);
        else
            buf_addf(out, ", there \"%s\" of %s", run->step[i].term, run->step[i].domain);
    if (run->record.len)
        buf_addf(out, "; record%s%s: \"%s\"", run->steps > 1 && !run->why[0] ? " of " : "",
                 run->steps > 1 && !run->why[0] ? run->step[run->steps - 1].domain : "",
                 buf_str(&run->record));
    buf_addf(out, "; %u of %d look-ups, %u of %d empty", run->lookups, SPF_LOOKUPS, run->voids,
             SPF_VOIDS);
}

void spf_check(const struct spf_query *q, const struct rr_source *dns, struct spf *out)
{
    struct spf_run run = {.dns = dns, .helo = q->helo ? q->helo : "", .now = time(NULL)};
    struct buf words;
    char local[1024];
    memset(out, 0, sizeof *out);
    buf_init(&out->because, 8192);
    buf_init(&out->explained, 4096);
    buf_init(&run.record, 1024);
    buf_init(&words, 4096);
    run.receiver = q->receiver ? q->receiver : "unknown";

    const char *from = q->mail_from ? q->mail_from : "", *at = strrchr(from, '@');
    out->identity = from[0] ? "mailfrom" : "helo";
    const char *domain = from[0] ? at ? at + 1 : from : run.helo;
    size_t n = at ? (size_t)(at - from) : 0;
    /* RFC 7208 4.3: without a local part it is postmaster's. */
    snprintf(local, sizeof local, "%.*s", (int)(n < 1000 ? n : 1000), from);
    run.local = n ? local : "postmaster";
    run.sender_domain = domain;
    size_t len = strlen(domain);
    if (len && domain[len - 1] == '.')
        len--;
    snprintf(out->domain, sizeof out->domain, "%.*s", (int)(len < 255 ? len : 255), domain);

    if (!ip_parse(q->ip ? q->ip : "", run.ip, &run.bits)) {
        run.bits = 0;
        out->result =
            because(&run, SPF_PERMERROR, "\"%.60s\" is no IP address", q->ip ? q->ip : "");
    } else {
        out->result = check_host(&run, domain, 0, &out->explained);
    }
    out->pending = run.pending;
    out->lookups = run.lookups;
    out->voids = run.voids;
    in_words(&run, out, q->ip ? q->ip : "", &words);
    text_clean(&out->because, buf_str(&words), words.len);
    buf_clear(&words);
    buf_clear(&run.record);
}

void spf_clear(struct spf *s)
{
    buf_clear(&s->because);
    buf_clear(&s->explained);
}
