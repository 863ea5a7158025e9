/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All checks of a message together, and what they say for others: Authentication-Results (RFC 8601)
 * and JSON. */
#include "heloscope/verdict.h"
#include "core/lazy/jansson.gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* MAIL FROM with its domain in A-labels, as the DNS knows it. */
static void envelope(const char *s, char *out, size_t size)
{
    size_t n = strlen(s);
    char domain[256];
    if (n >= 2 && s[0] == '<' && s[n - 1] == '>')
        s++, n -= 2;
    const char *at = memrchr(s, '@', n);
    if (at && domain_normal(at + 1, (size_t)(s + n - at - 1), domain))
        snprintf(out, size, "%.*s@%s", (int)(at - s), s, domain);
    else
        snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), s);
}

/* ---- Authentication-Results ---- */

/* RFC 2045 5.1. */
static bool token(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= 32 || (unsigned char)*s >= 127 || strchr("()<>@,;:\\\"/[]?=", *s))
            return false;
    return true;
}

/* Adds " name=value", quoted where it must be. */
static bool property(struct buf *b, const char *name, const char *value)
{
    if (!value[0])
        return true;
    bool ok = buf_addf(b, " %s=", name), quote = !token(value);
    if (quote)
        ok = ok && buf_add_char(b, '"');
    for (; *value && ok; value++) {
        if (strchr("\"\\", *value))
            ok = buf_add_char(b, '\\');
        ok = ok && buf_add_char(b, (unsigned char)*value < 32 || *value == 127 ? '?' : *value);
    }
    return ok && (!quote || buf_add_char(b, '"'));
}

static void results(const struct verdict_query *q, struct verdict *v)
{
    struct buf *b = &v->results;
    const struct dmarc *d = &v->dmarc[q->rfc];
    buf_add_str(b, q->authserv_id);
    buf_addf(b, "; spf=%s", spf_word(v->spf.result));
    property(b, v->spf.identity[0] == 'm' ? "smtp.mailfrom" : "smtp.helo", v->spf.domain);
    if (!v->dkim.n)
        buf_add_str(b, "; dkim=none");
    for (size_t i = 0; i < v->dkim.n; i++) {
        const struct dkim_signature *s = &v->dkim.at[i];
        buf_addf(b, "; dkim=%s", dkim_word(s->result));
        property(b, "header.d", s->d);
        property(b, "header.i", s->i);
        property(b, "header.s", s->s);
        property(b, "header.a", s->a);
        property(b, "header.b", s->b);
    }
    buf_addf(b, "; dmarc=%s", dmarc_word(d->result));
    property(b, "header.from", d->domain);
    if (d->found)
        property(b, "policy.dmarc", policy_word(d->policy));
}

bool verdict_field(const struct verdict *v, struct buf *out)
{
    bool ok = buf_add_str(out, "Authentication-Results: "), quoted = false;
    const char *p = buf_str(&v->results);
    for (; *p && ok; p++) {
        quoted = *p == '"' && (p[-1] != '\\') ? !quoted : quoted;
        if (*p == ';' && !quoted && p[1] == ' ') {
            ok = buf_add_str(out, ";\r\n\t");
            p++;
        } else {
            ok = buf_add_char(out, *p);
        }
    }
    return ok && buf_add_str(out, "\r\n");
}

bool results_forged(const struct field *f, const char *authserv_id)
{
    if (!field_is(f, "Authentication-Results"))
        return false;
    size_t i = 0, n = strlen(authserv_id);
    unsigned depth = 0;
    /* Blanks and comments may stand before it. */
    while (i < f->nvalue && (depth || strchr(" \t\r\n(\"", f->value[i]))) {
        if (f->value[i] == '\\' && depth)
            i++;
        else if (f->value[i] == '(')
            depth++;
        else if (f->value[i] == ')' && depth)
            depth--;
        i++;
    }
    if (i > f->nvalue)
        return true; /* a comment without end hides what it is */
    const char *id = f->value + i;
    size_t left = f->nvalue - i;
    return left >= n && strncasecmp(id, authserv_id, n) == 0 &&
           (left == n ||
            !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", id[n]));
}

/* ---- JSON ---- */

/* Octets that are no UTF-8 become "?": JSON has no other place for them. */
static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    if (j)
        return j;
    char *copy = xstrdup(s);
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 128)
            *p = '?';
    j = json_string(copy);
    free(copy);
    return j;
}

static json_t *maybe(bool there, const char *s)
{
    return there ? text(s) : json_null();
}

static json_t *json_dmarc(const struct dmarc *d)
{
    json_t *o = json_object();
    json_object_set_new(o, "result", text(dmarc_word(d->result)));
    json_object_set_new(o, "disposition", text(policy_word(d->disposition)));
    json_object_set_new(o, "policy", maybe(d->found, policy_word(d->policy)));
    json_object_set_new(o, "policy_domain", maybe(d->found, d->policy_domain));
    json_object_set_new(o, "org_domain", maybe(d->org_domain[0] != '\0', d->org_domain));
    json_object_set_new(o, "spf_aligned", json_boolean(d->spf_aligned));
    json_object_set_new(o, "dkim_aligned", json_boolean(d->dkim_aligned));
    json_object_set_new(o, "because", text(buf_str(&d->because)));
    return o;
}

static json_t *json_dkim(const struct dkim *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->n; i++) {
        const struct dkim_signature *s = &d->at[i];
        json_t *o = json_object();
        json_object_set_new(o, "result", text(dkim_word(s->result)));
        json_object_set_new(o, "d", text(s->d));
        json_object_set_new(o, "s", text(s->s));
        json_object_set_new(o, "a", text(s->a));
        json_object_set_new(o, "because", text(buf_str(&s->because)));
        json_array_append_new(list, o);
    }
    return list;
}

bool verdict_json(const struct verdict *v, struct buf *out)
{
    json_t *o = json_object(), *spf = json_object(), *dmarc = json_object(), *from = json_object(),
           *domains = json_array();
    json_object_set_new(spf, "result", text(spf_word(v->spf.result)));
    json_object_set_new(spf, "domain", text(v->spf.domain));
    json_object_set_new(spf, "identity", text(v->spf.identity));
    json_object_set_new(spf, "because", text(buf_str(&v->spf.because)));
    json_object_set_new(o, "spf", spf);
    json_object_set_new(o, "dkim", json_dkim(&v->dkim));
    json_object_set_new(dmarc, "rfc9989", json_dmarc(&v->dmarc[DMARC_9989]));
    json_object_set_new(dmarc, "rfc7489", json_dmarc(&v->dmarc[DMARC_7489]));
    json_object_set_new(o, "dmarc", dmarc);
    json_object_set_new(from, "fields", json_integer(v->author.fields));
    for (size_t i = 0; i < v->author.domains; i++)
        json_array_append_new(domains, text(v->author.domain[i]));
    json_object_set_new(from, "domains", domains);
    json_object_set_new(from, "malformed", json_boolean(v->author.malformed));
    json_object_set_new(o, "from", from);
    json_object_set_new(o, "authentication_results", text(buf_str(&v->results)));
    char *line = json_dumps(o, JSON_COMPACT);
    bool ok = line && buf_add_str(out, line) && buf_add_char(out, '\n');
    free(line);
    json_decref(o);
    return ok;
}

/* ---- all together ---- */

void verdict_make(const struct verdict_query *q, const struct mailtext *m,
                  const struct rr_source *dns, struct verdict *out)
{
    char from[1400];
    memset(out, 0, sizeof *out);
    buf_init(&out->results, 65536);
    envelope(q->mail_from ? q->mail_from : "", from, sizeof from);
    struct spf_query s = {
        .ip = q->ip, .helo = q->helo, .mail_from = from, .receiver = q->authserv_id};
    mailtext_author(m, &out->author);
    spf_check(&s, dns, &out->spf);
    dkim_verify(m, dns, q->now ? q->now : time(NULL), &out->dkim);
    out->pending = out->spf.pending || out->dkim.pending;
    for (int rfc = 0; rfc < DMARC_RFCS; rfc++) {
        dmarc_check((enum dmarc_rfc)rfc, &out->author, &out->spf, &out->dkim, dns,
                    &out->dmarc[rfc]);
        out->pending = out->pending || out->dmarc[rfc].pending;
    }
    results(q, out);
}

void verdict_clear(struct verdict *v)
{
    spf_clear(&v->spf);
    dkim_clear(&v->dkim);
    for (int rfc = 0; rfc < DMARC_RFCS; rfc++)
        dmarc_clear(&v->dmarc[rfc]);
    buf_clear(&v->results);
}
