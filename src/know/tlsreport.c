/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session's TLS as lines and as JSON, from one place each: what the connection is, each verdict
 * with what to do, the findings, the versions that were asked for, the chain. */
#include "heloscope/tlsreport.h"
#include "heloscope/harmless.h"
#include "core/lazy/jansson.gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct report {
    const struct tls_seen *seen;
    tls_line_fn *fn;
    void *arg;
};

static void line(const struct report *r, enum tls_line kind, const char *label, const char *fmt,
                 ...) __attribute__((format(printf, 4, 5)));
static void line(const struct report *r, enum tls_line kind, const char *label, const char *fmt,
                 ...)
{
    char text[4096];
    struct buf clean; /* capabilities and replies are the server's octets */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_init(&clean, 8 * sizeof text);
    text_clean(&clean, text, strlen(text));
    r->fn(r->arg, kind, label, buf_str(&clean));
    buf_clear(&clean);
}

static void date(char out[16], time_t t)
{
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
        snprintf(out, 16, "?");
}

static long days_left(time_t end)
{
    return (long)((end - time(NULL)) / 86400);
}

/* -- lines ------------------------------------------------------------------------------------- */

static void connection(const struct report *r)
{
    const struct tls_seen *s = r->seen;
    const struct tls_facts *f = s->facts;
    line(r, TLS_LINE_TITLE, "", "TLS with %s", s->label);
    if (!f) {
        line(r, s->failed[0] || s->refused[0] ? TLS_LINE_BAD : TLS_LINE_DIM, "", "%s",
             s->failed[0] ? "There is no TLS: the handshake failed, and the connection with it."
                          : "There is no TLS: what is said here can be read on the way.");
        return;
    }
    line(r, TLS_LINE_PLAIN, "version", "%s, cipher %s%s%s, %s", f->version, f->cipher,
         f->group[0] ? ", key exchange " : "", f->group,
         s->implicit ? "from the first octet" : "by an upgrade of the clear connection");
    if (tls_peer_client(s->peer)[0])
        line(r, TLS_LINE_PLAIN, "client",
             "The server asked for a client certificate; that of \"%s\" was "
             "sent.",
             tls_peer_client(s->peer));
}

static void verdicts(const struct report *r)
{
    const struct tls_seen *s = r->seen;
    static const enum tls_line kinds[] = {[TLS_NOT_ASKED] = TLS_LINE_DIM,
                                          [TLS_HOLDS] = TLS_LINE_GOOD,
                                          [TLS_FAILS] = TLS_LINE_BAD,
                                          [TLS_UNPROVEN] = TLS_LINE_WARN};
    if (!s->facts)
        return;
    line(r, TLS_LINE_TITLE, "", "What was verified, and what was not");
    for (int c = 0; c < TLS_CHECKS; c++) {
        const struct tls_opinion *o = tls_peer_opinion(s->peer, (enum tls_check)c);
        const bool dane = o->word == TLS_FAILS && tls_peer_stood_in(s->peer, (enum tls_check)c);
        line(r, dane ? TLS_LINE_WARN : kinds[o->word], tls_check_name((enum tls_check)c),
             "%s: %s%s", tls_word_name(o->word), o->why,
             dane ? " (no matter: DANE stands in for it)" : "");
        if (o->next[0] && !dane)
            line(r, TLS_LINE_PLAIN, "", "-> %s", o->next);
    }
    struct tls_ocsp ocsp;
    tls_peer_ocsp(s->peer, &ocsp);
    line(r,
         ocsp.staple == TLS_STAPLE_GOOD      ? TLS_LINE_GOOD
         : ocsp.staple == TLS_STAPLE_NONE    ? TLS_LINE_DIM
         : ocsp.staple == TLS_STAPLE_UNKNOWN ? TLS_LINE_WARN
                                             : TLS_LINE_BAD,
         "OCSP", "%s", ocsp.words);
}

static void findings(const struct report *r)
{
    static const enum tls_line kinds[] = {
        [TLS_NOTE] = TLS_LINE_PLAIN, [TLS_WARNING] = TLS_LINE_WARN, [TLS_GRAVE] = TLS_LINE_BAD};
    struct tls_finding f[TLS_FINDINGS_MAX];
    char title[200], why[700], next[700];
    size_t n = tls_findings(r->seen, f, TLS_FINDINGS_MAX);
    line(r, TLS_LINE_TITLE, "", "Findings (%zu)", n);
    if (!n)
        line(r, TLS_LINE_GOOD, "", "Nothing is to be said against it.");
    for (size_t i = 0; i < n; i++) {
        const struct tls_rule *rule = f[i].rule;
        tls_finding_text(r->seen, rule->title, title, sizeof title);
        tls_finding_text(r->seen, rule->why, why, sizeof why);
        tls_finding_text(r->seen, rule->next, next, sizeof next);
        line(r, kinds[rule->gravity], tls_gravity_name(rule->gravity), "%s%s%s", title,
             f[i].detail[0] ? ": " : "", f[i].detail);
        line(r, TLS_LINE_PLAIN, "", "%s", why);
        line(r, TLS_LINE_PLAIN, "", "-> %s (%s)", next, rule->ref);
    }
}

static void versions(const struct report *r)
{
    static const char *const words[] = {"not tried", "accepted", "refused", "no answer"};
    const struct tls_seen *s = r->seen;
    if (!s->versions)
        return;
    line(r, TLS_LINE_TITLE, "", "Versions, asked for one by one");
    for (size_t i = 0; i < s->nversions; i++) {
        const struct tls_version_row *v = &s->versions[i];
        bool old = v->version < TLS_1_2;
        enum tls_line kind = v->accept == TLS_ACCEPTED   ? (old ? TLS_LINE_WARN : TLS_LINE_GOOD)
                             : v->accept == TLS_DECLINED ? (old ? TLS_LINE_GOOD : TLS_LINE_PLAIN)
                                                         : TLS_LINE_DIM;
        line(r, kind, tls_version_name(v->version), "%s%s%s", words[v->accept],
             v->words[0] ? ": " : "", v->words);
    }
}

static void chain(const struct report *r)
{
    size_t n = tls_peer_count(r->seen->peer);
    for (size_t i = 0; i < n; i++) {
        struct tls_cert c;
        char from[16], to[16];
        if (!tls_peer_cert(r->seen->peer, i, &c))
            return;
        long days = days_left(c.not_after);
        date(from, c.not_before);
        date(to, c.not_after);
        line(r, TLS_LINE_TITLE, "", "Certificate %zu of %zu%s", i + 1, n,
             i == 0          ? ": the server's"
             : c.self_issued ? ": a root"
                             : ": an intermediate CA's");
        line(r, TLS_LINE_PLAIN, "subject", "%s", c.subject[0] ? c.subject : "(empty)");
        if (c.nnames || i == 0)
            line(r, TLS_LINE_PLAIN, "names", "%s", c.nnames ? c.names : "(none)");
        line(r, TLS_LINE_PLAIN, "issuer", "%s", c.self_issued ? "itself" : c.issuer);
        if (days >= 1 || days < 0)
            line(r, days < 0 ? TLS_LINE_BAD : TLS_LINE_PLAIN, "valid", "%s to %s (%ld day%s %s)",
                 from, to, labs(days), labs(days) == 1 ? "" : "s", days < 0 ? "over" : "left");
        else
            line(r, TLS_LINE_WARN, "valid", "%s to %s (less than a day before or after its end)",
                 from, to);
        line(r, TLS_LINE_PLAIN, "key", "%s, %d bits", c.key, c.bits);
        line(r, TLS_LINE_PLAIN, "signed by", "%s", c.signature);
        line(r, TLS_LINE_PLAIN, "serial", "%s", c.serial);
        line(r, TLS_LINE_PLAIN, "SHA-256", "%s", c.sha256);
        if (i == 0)
            line(r, TLS_LINE_PLAIN, "TLSA", "3 1 1 %s", c.spki_sha256);
    }
}

void tls_report(const struct tls_seen *seen, tls_line_fn *fn, void *arg)
{
    const struct report r = {seen, fn, arg};
    connection(&r);
    verdicts(&r);
    findings(&r);
    versions(&r);
    chain(&r);
}

struct text {
    struct buf *out;
    bool full;
};

static void text_line(void *arg, enum tls_line kind, const char *label, const char *words)
{
    static const char marks[] = {'=', ' ', '+', '!', '~', ' '};
    struct text *t = arg;
    bool ok = kind == TLS_LINE_TITLE
                  ? buf_addf(t->out, "%s%s\n", t->out->len ? "\n" : "", words)
                  : buf_addf(t->out, "%c %-*s %s\n", marks[kind], 9, label, words);
    t->full |= !ok;
}

bool tls_report_text(const struct tls_seen *seen, struct buf *out)
{
    struct text t = {out, false};
    tls_report(seen, text_line, &t);
    return !t.full;
}

/* -- JSON -------------------------------------------------------------------------------------- */

/* What comes from a server is printable ASCII by then, but for replies, which are not. */
static json_t *string(const char *s)
{
    json_t *v = json_string(s);
    return v ? v : json_string("(not UTF-8)");
}

static json_t *day(time_t t)
{
    char text[32];
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return json_null();
    return json_string(text);
}

static json_t *words_array(const char *names)
{
    json_t *a = json_array();
    while (*names) {
        size_t n = strcspn(names, " ");
        if (n)
            json_array_append_new(a, json_stringn(names, n));
        names += n + (names[n] == ' ');
    }
    return a;
}

static json_t *json_chain(const struct tls_peer *p)
{
    json_t *a = json_array();
    struct tls_cert c;
    for (size_t i = 0; tls_peer_cert(p, i, &c); i++) {
        json_t *o = json_object();
        json_object_set_new(o, "subject", string(c.subject));
        json_object_set_new(o, "names", words_array(c.names));
        json_object_set_new(o, "issuer", string(c.issuer));
        json_object_set_new(o, "serial", string(c.serial));
        json_object_set_new(o, "not_before", day(c.not_before));
        json_object_set_new(o, "not_after", day(c.not_after));
        json_object_set_new(o, "days_left", json_integer(days_left(c.not_after)));
        json_object_set_new(o, "key", string(c.key));
        json_object_set_new(o, "bits", json_integer(c.bits));
        json_object_set_new(o, "signature", string(c.signature));
        json_object_set_new(o, "sha256", string(c.sha256));
        json_object_set_new(o, "spki_sha256", string(c.spki_sha256));
        json_object_set_new(o, "ca", json_boolean(c.ca));
        json_object_set_new(o, "self_issued", json_boolean(c.self_issued));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *json_tls(const struct tls_seen *s)
{
    static const char *const verdict[] = {"verified", "practice", "unverified"};
    static const char *const staple[] = {"none", "good", "revoked", "unknown", "broken"};
    static const char *const word[] = {"not-asked", "holds", "fails", "unproven"};
    const struct tls_facts *f = s->facts;
    if (!f)
        return json_null();
    json_t *o = json_object(), *checks = json_array();
    json_object_set_new(o, "version", string(f->version));
    json_object_set_new(o, "cipher", string(f->cipher));
    json_object_set_new(o, "group", string(f->group));
    json_object_set_new(o, "implicit", json_boolean(s->implicit));
    json_object_set_new(o, "verdict", string(verdict[f->verdict]));
    for (int c = 0; c < TLS_CHECKS; c++) {
        const struct tls_opinion *p = tls_peer_opinion(s->peer, (enum tls_check)c);
        json_t *v = json_object();
        json_object_set_new(v, "check", string(tls_check_name((enum tls_check)c)));
        json_object_set_new(v, "verdict", string(word[p->word]));
        json_object_set_new(v, "why", string(p->why));
        json_object_set_new(v, "next", string(p->next));
        if (p->word == TLS_FAILS && tls_peer_stood_in(s->peer, (enum tls_check)c))
            json_object_set_new(v, "stood_in", json_string("DANE"));
        json_array_append_new(checks, v);
    }
    json_object_set_new(o, "checks", checks);
    struct tls_ocsp ocsp;
    tls_peer_ocsp(s->peer, &ocsp);
    json_t *v = json_object();
    json_object_set_new(v, "staple", string(staple[ocsp.staple]));
    json_object_set_new(v, "why", string(ocsp.words));
    json_object_set_new(o, "ocsp", v);
    v = json_object();
    json_object_set_new(v, "asked", json_boolean(tls_peer_asked_client(s->peer)));
    json_object_set_new(v, "sent", string(tls_peer_client(s->peer)));
    json_object_set_new(o, "client_certificate", v);
    json_object_set_new(o, "chain", json_chain(s->peer));
    return o;
}

static json_t *json_findings(const struct tls_seen *s)
{
    json_t *a = json_array();
    struct tls_finding f[TLS_FINDINGS_MAX];
    char text[700];
    size_t n = tls_findings(s, f, TLS_FINDINGS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct tls_rule *r = f[i].rule;
        json_t *o = json_object();
        json_object_set_new(o, "id", string(r->id));
        json_object_set_new(o, "gravity", string(tls_gravity_name(r->gravity)));
        json_object_set_new(o, "title", string(tls_finding_text(s, r->title, text, sizeof text)));
        json_object_set_new(o, "detail", string(f[i].detail));
        json_object_set_new(o, "why", string(tls_finding_text(s, r->why, text, sizeof text)));
        json_object_set_new(o, "next", string(tls_finding_text(s, r->next, text, sizeof text)));
        json_object_set_new(o, "ref", string(r->ref));
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *json_versions(const struct tls_seen *s)
{
    static const char *const words[] = {"not-tried", "accepted", "refused", "no-answer"};
    json_t *a = json_array();
    for (size_t i = 0; i < s->nversions; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "version", string(tls_version_name(s->versions[i].version)));
        json_object_set_new(o, "result", string(words[s->versions[i].accept]));
        json_object_set_new(o, "why", string(s->versions[i].words));
        json_array_append_new(a, o);
    }
    return a;
}

bool tls_report_json(const struct tls_seen *seen, struct buf *out)
{
    json_t *o = json_object();
    json_object_set_new(o, "target", string(seen->label));
    json_object_set_new(o, "tls", json_tls(seen));
    if (seen->versions)
        json_object_set_new(o, "versions", json_versions(seen));
    json_object_set_new(o, "findings", json_findings(seen));
    char *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    bool ok = text && buf_add_str(out, text);
    free(text);
    json_decref(o);
    return ok;
}
