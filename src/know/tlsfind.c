/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rows of tls.def apply to what a session saw. RFC 3207, RFC 2595, RFC 8314 (submission and
 * access), RFC 8996 (old versions). */
#include "heloscope/know.h"
#include "heloscope/tlsreport.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
#define TLS_RULE(name, id, gravity, title, why, next, ref) RULE_##name,
#include "know/tls.def"
    RULES
};

static const struct tls_rule rules[] = {
#define TLS_RULE(name, id, gravity, title, why, next, ref)                                         \
    {id, TLS_##gravity, title, why, next, ref},
#include "know/tls.def"
};

enum { SOON_DAYS = 14 };

const struct tls_rule *tls_rules(size_t *n)
{
    *n = RULES;
    return rules;
}

const char *tls_gravity_name(enum tls_gravity g)
{
    return g == TLS_GRAVE ? "grave" : g == TLS_WARNING ? "warning" : "note";
}

/* -- what is remembered of the connection before ------------------------------------------------
 */

void tls_memory_take(struct tls_memory *m, const struct tls_seen *seen)
{
    if (seen->clear) {
        caps_copy(&m->clear, seen->clear);
        m->has_clear = true;
    }
    if (seen->inside) {
        caps_copy(&m->inside, seen->inside);
        m->has_inside = true;
    }
}

void tls_memory_give(const struct tls_memory *m, struct tls_seen *seen)
{
    seen->old_clear = m->has_clear ? &m->clear : NULL;
    seen->old_inside = m->has_inside ? &m->inside : NULL;
}

void tls_memory_clear(struct tls_memory *m)
{
    caps_clear(&m->clear);
    caps_clear(&m->inside);
    m->has_clear = m->has_inside = false;
}

/* -- finding -------------------------------------------------------------------------------------
 */

struct finder {
    struct tls_finding *out;
    size_t n, max;
};

static void found(struct finder *f, int rule, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void found(struct finder *f, int rule, const char *fmt, ...)
{
    if (f->n == f->max)
        return;
    struct tls_finding *o = &f->out[f->n++];
    o->rule = &rules[rule];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(o->detail, sizeof o->detail, fmt, ap);
    va_end(ap);
}

static bool pop3(const struct tls_seen *s)
{
    return s->proto && strcmp(s->proto->name, "pop3") == 0;
}

static const char *upgrade(const struct tls_seen *s)
{
    return pop3(s) ? "STLS" : "STARTTLS";
}

static bool offers(const struct caps *c, const char *keyword)
{
    return c && caps_find(c, keyword) != NULL;
}

/* The mechanisms of a list that show the secret as it is, or those that do not, appended. */
static bool mechanisms(const struct cap *sasl, bool clear, struct buf *names)
{
    bool any = false;
    for (const char *p = sasl && sasl->params ? sasl->params : ""; *p;) {
        size_t n = strcspn(p, " ");
        const struct know_mechanism *m = n > 0 && n < 40 ? know_mechanism(p, n) : NULL;
        if (n > 0 && n < 40 && (m && m->tls == KNOW_TLS_MUST) == clear) {
            buf_addf(names, "%s%.*s", names->len ? " " : "", (int)n, p);
            any = true;
        }
        p += n + (p[n] == ' ');
    }
    return any;
}

/* The logins that a list offers, by words: those with a readable secret (true), else the others. */
static bool logins(const struct tls_seen *s, const struct caps *c, struct buf *names)
{
    const struct cap *sasl = caps_find(c, pop3(s) ? "SASL" : "AUTH");
    bool user = pop3(s) && offers(c, "USER");
    if (user)
        buf_add_str(names, "USER");
    bool readable = mechanisms(sasl, true, names) || user;
    if (!readable)
        mechanisms(sasl, false, names);
    return readable;
}

/* The difference of two lists in words; expected: what TLS is expected to change is left out. */
static size_t differences(const struct tls_seen *s, const struct caps *was, const struct caps *is,
                          bool expected, struct buf *words)
{
    static struct cap_diff rows[2 * CAPS_MAX];
    static const char *const what[] = {"", "new", "gone", "changed"};
    const char *login = pop3(s) ? "SASL" : "AUTH";
    size_t n = caps_diff(was, is, rows, 2 * CAPS_MAX), count = 0;
    for (size_t i = 0; i < n && i < 2 * CAPS_MAX; i++) {
        const struct cap_diff *d = &rows[i];
        const struct cap *c = d->is ? d->is : d->was;
        bool up = strcasecmp(c->keyword, upgrade(s)) == 0;
        bool log = strcasecmp(c->keyword, login) == 0 || strcasecmp(c->keyword, "USER") == 0;
        if (d->change == CAP_SAME ||
            (expected && ((up && d->change == CAP_GONE) || (log && d->change != CAP_GONE) ||
                          strcasecmp(c->keyword, "REQUIRETLS") == 0)))
            continue;
        count++;
        if (d->change == CAP_CHANGED)
            buf_addf(words, "%s%s %.40s (%.40s, before %.40s)", words->len ? "; " : "",
                     what[d->change], c->keyword, d->is->params ? d->is->params : "",
                     d->was->params ? d->was->params : "");
        else
            buf_addf(words, "%s%s %.40s", words->len ? "; " : "", what[d->change], c->keyword);
    }
    return count;
}

static void before_tls(struct finder *f, const struct tls_seen *s, struct buf *words)
{
    const char *up = upgrade(s);
    bool offered = offers(s->clear, up), began = s->facts || s->failed[0];
    if (s->injected)
        found(f, RULE_INJECTED, "%zu octets", s->injected);
    if (s->refused[0])
        found(f, RULE_REFUSED, "%s", s->refused);
    if (s->failed[0])
        found(f, RULE_FAILED, "%s", s->failed);
    if (s->implicit || !s->clear)
        return;
    if (!offered && !began) {
        if (offers(s->old_clear, up))
            found(f, RULE_STRIPPED, "%s", "");
        else
            found(f, RULE_NOT_OFFERED, "%s", "");
    } else if (offered && !began && !s->refused[0]) {
        found(f, RULE_NOT_USED, "%s", "");
    }
    if (logins(s, s->clear, words))
        found(f, RULE_AUTH_CLEAR, "%s", buf_str(words));
    else if (words->len)
        found(f, RULE_AUTH_CLEAR_HASHED, "%s", buf_str(words));
    buf_trim(words, 0);
}

static void lists(struct finder *f, const struct tls_seen *s, struct buf *words)
{
    if (s->inside && !s->implicit && offers(s->inside, upgrade(s)))
        found(f, RULE_STILL, "%s", "");
    if (s->clear && s->inside && differences(s, s->clear, s->inside, true, words))
        found(f, RULE_CAPS_TLS, "%s", buf_str(words));
    buf_trim(words, 0);
    size_t n = 0;
    if (s->clear && s->old_clear)
        n += differences(s, s->old_clear, s->clear, false, words);
    if (s->inside && s->old_inside)
        n += differences(s, s->old_inside, s->inside, false, words);
    if (n)
        found(f, RULE_CAPS_TWO, "%s", buf_str(words));
    buf_trim(words, 0);
}

/* The words are tls_facts.c's. Whom to trust is not the question then. */
static bool is_weak(const char *why)
{
    return strstr(why, "weak key: ") || strstr(why, "signed with a weak digest");
}

static void certificate(struct finder *f, const struct tls_seen *s)
{
    static const int by_check[TLS_CHECKS] = {[TLS_CHECK_CHAIN] = RULE_UNTRUSTED,
                                             [TLS_CHECK_NAME] = RULE_WRONG_NAME,
                                             [TLS_CHECK_DATE] = RULE_DATE,
                                             [TLS_CHECK_DANE] = RULE_DANE,
                                             [TLS_CHECK_MTA_STS] = RULE_MTA_STS};
    struct tls_ocsp ocsp;
    struct buf excused;
    buf_init(&excused, 400);
    for (int c = 0; s->facts && c < TLS_CHECKS; c++) {
        const struct tls_opinion *o = tls_peer_opinion(s->peer, (enum tls_check)c);
        if (o->word == TLS_FAILS && tls_peer_stood_in(s->peer, (enum tls_check)c))
            buf_addf(&excused, "%s%.120s", excused.len ? "; " : "", o->why);
        else if (o->word == TLS_FAILS)
            found(f, c == TLS_CHECK_CHAIN && is_weak(o->why) ? RULE_WEAK : by_check[c], "%s",
                  o->why);
    }
    if (excused.len)
        found(f, RULE_DANE_ONLY, "%s", buf_str(&excused));
    buf_clear(&excused);
    if (!s->facts || !s->peer)
        return;
    tls_peer_ocsp(s->peer, &ocsp);
    if (ocsp.staple == TLS_STAPLE_REVOKED)
        found(f, RULE_REVOKED, "%s", ocsp.words);
    /* Some certificates are made for a week: only the last third of a life counts. */
    time_t left = s->facts->not_after - time(NULL);
    long days = (long)(left / 86400);
    if (tls_peer_opinion(s->peer, TLS_CHECK_DATE)->word == TLS_HOLDS && days < SOON_DAYS &&
        left < (s->facts->not_after - s->facts->not_before) / 3)
        found(f, RULE_SOON, "in %ld day%s", days, days == 1 ? "" : "s");
    if (tls_peer_asked_client(s->peer) && !tls_peer_client(s->peer)[0])
        found(f, RULE_CLIENT_CERT, "%s", "");
}

static void versions(struct finder *f, const struct tls_seen *s, struct buf *words)
{
    bool old = false, modern = false, asked = false;
    for (size_t i = 0; s->versions && i < s->nversions; i++) {
        const struct tls_version_row *r = &s->versions[i];
        bool is_old = r->version < TLS_1_2;
        if (!is_old)
            asked |= r->accept == TLS_DECLINED;
        if (r->accept != TLS_ACCEPTED)
            continue;
        old |= is_old;
        modern |= !is_old;
        if (is_old)
            buf_addf(words, "%s%s (%s)", words->len ? ", " : "", tls_version_name(r->version),
                     r->words);
    }
    if (s->facts && tls_version_of(s->facts->version) == TLS_ANY)
        return;
    if (s->facts) {
        bool is_old = tls_version_of(s->facts->version) < TLS_1_2;
        if (is_old && !old)
            buf_addf(words, "this connection uses %s", s->facts->version);
        old |= is_old;
        modern |= !is_old;
    }
    if (old && asked && !modern)
        found(f, RULE_ONLY_OLD, "%s", buf_str(words));
    else if (old)
        found(f, RULE_OLD_VERSION, "%s", buf_str(words));
    buf_trim(words, 0);
}

size_t tls_findings(const struct tls_seen *seen, struct tls_finding *out, size_t max)
{
    struct finder f = {out, 0, max};
    struct buf words;
    buf_init(&words, 400);
    before_tls(&f, seen, &words);
    certificate(&f, seen);
    versions(&f, seen, &words);
    lists(&f, seen, &words);
    buf_clear(&words);
    /* Few and nearly in order: gravest first, else as found. */
    for (size_t i = 1; i < f.n; i++)
        for (size_t k = i; k > 0 && out[k].rule->gravity > out[k - 1].rule->gravity; k--) {
            struct tls_finding swap = out[k];
            out[k] = out[k - 1];
            out[k - 1] = swap;
        }
    return f.n;
}

const char *tls_finding_text(const struct tls_seen *seen, const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = text; *p && n + 9 < size;) {
        if (pop3(seen) && strncmp(p, "STARTTLS", 8) == 0) {
            n += (size_t)snprintf(out + n, size - n, "STLS");
            p += 8;
        } else {
            out[n++] = *p++;
        }
    }
    out[n] = '\0';
    return out;
}
