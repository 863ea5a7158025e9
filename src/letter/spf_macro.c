/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The macros of SPF: checked when the record is read, expanded when a term needs it. RFC 7208 7. */
#include "letter/spf_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* %{...} taken apart. */
struct macro {
    char letter; /* small */
    bool url;    /* it was a capital: RFC 7208 7.3 */
    unsigned parts;
    bool reverse;
    const char *delimiters;
    size_t ndelimiters;
};

/* s stands behind "%{". The length up to and with "}"; 0: malformed. */
static size_t macro_read(const char *s, size_t n, struct macro *m)
{
    size_t i = 1;
    memset(m, 0, sizeof *m);
    if (!n || !s[0] || !strchr("sSlLoOdDiIpPvVhHcCrRtT", s[0]))
        return 0;
    m->url = s[0] < 'a';
    m->letter = (char)(s[0] | 0x20);
    bool digits = false;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, digits = true)
        m->parts = m->parts < 1000 ? m->parts * 10 + (unsigned)(s[i] - '0') : m->parts;
    if (digits && !m->parts)
        return 0;
    if (i < n && (s[i] == 'r' || s[i] == 'R'))
        m->reverse = true, i++;
    m->delimiters = s + i;
    while (i < n && s[i] && strchr(".-+,/_=", s[i]))
        i++;
    m->ndelimiters = (size_t)(s + i - m->delimiters);
    return i < n && s[i] == '}' ? i + 1 : 0;
}

/* "." toplabel ["."] at the end: the label has a letter or a hyphen inside (RFC 7208 7.1). */
static bool ends_in_label(const char *s, size_t n)
{
    if (n && s[n - 1] == '.')
        n--;
    size_t start = n;
    bool letter = false;
    while (start > 0 && (alnum(s[start - 1]) || s[start - 1] == '-')) {
        start--;
        letter = letter || s[start] == '-' || s[start] > '9';
    }
    return start < n && start > 0 && s[start - 1] == '.' && s[start] != '-' && s[n - 1] != '-' &&
           letter;
}

const char *spf_macro_check(const char *s, size_t n, bool domain_spec, bool exp)
{
    bool macro_last = false;
    if (domain_spec && !n)
        return "a domain is missing";
    for (size_t i = 0; i < n;) {
        struct macro m;
        macro_last = false;
        if (s[i] != '%') {
            if ((unsigned char)s[i] < (exp ? 0x20 : 0x21) || (unsigned char)s[i] > 0x7e)
                return "an octet that may not stand there (RFC 7208 7.1)";
            i++;
            continue;
        }
        if (i + 1 < n && strchr("%_-", s[i + 1]) && s[i + 1]) {
            macro_last = true;
            i += 2;
            continue;
        }
        size_t k = i + 1 < n && s[i + 1] == '{' ? macro_read(s + i + 2, n - i - 2, &m) : 0;
        if (!k)
            return "a % that begins no macro (RFC 7208 7.1)";
        if (!exp && strchr("crt", m.letter))
            return "%{c}, %{r} and %{t} are for explanations only (RFC 7208 7.2)";
        macro_last = true;
        i += 2 + k;
    }
    if (domain_spec && !macro_last && !ends_in_label(s, n))
        return "this does not end like a domain name (RFC 7208 7.1)";
    return NULL;
}

static void nibbles(const struct spf_run *run, bool reverse, char *out)
{
    static const char hex[] = "0123456789ABCDEF"; /* as the public suite writes them */
    for (size_t i = 0; i < 32; i++) {
        size_t k = reverse ? 31 - i : i;
        unsigned char b = run->ip[k / 2];
        *out++ = hex[k & 1 ? b & 15 : b >> 4];
        *out++ = '.';
    }
    out[-1] = '\0';
}

void spf_reverse_name(const struct spf_run *run, char *out, size_t size)
{
    if (run->bits == 32) {
        snprintf(out, size, "%u.%u.%u.%u.in-addr.arpa", run->ip[3], run->ip[2], run->ip[1],
                 run->ip[0]);
    } else {
        char n[80];
        nibbles(run, true, n);
        snprintf(out, size, "%s.ip6.arpa", n);
    }
}

/* The value of a letter. False: pending. */
static bool value(struct spf_run *run, char letter, const char *domain, struct buf *out)
{
    char text[256];
    switch (letter) {
    case 's':
        return buf_addf(out, "%s@%s", run->local, run->sender_domain);
    case 'l':
        return buf_add_str(out, run->local);
    case 'o':
        return buf_add_str(out, run->sender_domain);
    case 'd':
        return buf_add_str(out, domain);
    case 'h':
        return buf_add_str(out, run->helo);
    case 'r':
        return buf_add_str(out, run->receiver);
    case 't':
        return buf_addf(out, "%lld", (long long)run->now);
    case 'v':
        return buf_add_str(out, run->bits == 32 ? "in-addr" : "ip6");
    case 'p':
        spf_validated(run, domain, text, false);
        if (!text[0] && !run->pending)
            spf_validated(run, NULL, text, false);
        return !run->pending && buf_add_str(out, text[0] ? text : "unknown");
    case 'i':
        if (run->bits == 128) {
            nibbles(run, false, text);
            return buf_add_str(out, text);
        }
        /* fall through */
    default: /* 'c' */
        inet_ntop(run->bits == 32 ? AF_INET : AF_INET6, run->ip, text, sizeof text);
        return buf_add_str(out, text);
    }
}

/* Splits at the delimiters, reverses, keeps the last parts, joins with dots (RFC 7208 7.3). */
static bool transform(const struct macro *m, const struct buf *v, struct buf *out)
{
    enum { PARTS = 2048 };
    unsigned short start[PARTS], end[PARTS];
    size_t n = 0;
    const char *p = buf_str(v);
    const char *delimiters = m->ndelimiters ? m->delimiters : ".";
    size_t nd = m->ndelimiters ? m->ndelimiters : 1;
    start[0] = 0;
    for (size_t i = 0; i <= v->len; i++) {
        if (i < v->len && !memchr(delimiters, p[i], nd))
            continue;
        end[n++] = (unsigned short)i;
        if (n == PARTS)
            return false;
        start[n] = (unsigned short)(i + 1);
    }
    size_t keep = m->parts && m->parts < n ? m->parts : n;
    for (size_t k = n - keep; k < n; k++) {
        size_t part = m->reverse ? n - 1 - k : k;
        if (k > n - keep && !buf_add_char(out, '.'))
            return false;
        if (end[part] > start[part] && !buf_add(out, p + start[part], end[part] - start[part]))
            return false;
    }
    return true;
}

static bool url_escaped(const struct buf *v, struct buf *out)
{
    bool ok = true;
    for (size_t i = 0; i < v->len && ok; i++)
        ok = alnum(v->p[i]) || (v->p[i] && strchr("-._~", v->p[i]))
                 ? buf_add_char(out, v->p[i])
                 : buf_addf(out, "%%%02X", (unsigned char)v->p[i]);
    return ok;
}

static bool expand_one(struct spf_run *run, const struct macro *m, const char *domain,
                       struct buf *out)
{
    struct buf raw, cut;
    buf_init(&raw, 4096);
    buf_init(&cut, 4096);
    bool ok = value(run, m->letter, domain, &raw) && transform(m, &raw, &cut) &&
              (m->url ? url_escaped(&cut, out) : !cut.len || buf_add(out, cut.p, cut.len));
    buf_clear(&raw);
    buf_clear(&cut);
    return ok;
}

bool spf_expand(struct spf_run *run, const char *s, size_t n, const char *domain, bool name,
                struct buf *out)
{
    bool ok = true;
    for (size_t i = 0; i < n && ok;) {
        struct macro m;
        if (s[i] != '%') {
            ok = buf_add_char(out, s[i++]);
        } else if (i + 1 < n && s[i + 1] != '{') {
            ok = buf_add_str(out, s[i + 1] == '%' ? "%" : s[i + 1] == '_' ? " " : "%20");
            i += 2;
        } else {
            size_t k = macro_read(s + i + 2, n - i - 2, &m);
            ok = k && expand_one(run, &m, domain, out);
            i += 2 + k;
        }
    }
    if (ok && name) {
        /* Too long for a name: labels go from the left until it fits. */
        size_t len = out->len && out->p[out->len - 1] == '.' ? out->len - 1 : out->len;
        for (size_t at = 0; len > 253 && at < len; at++)
            if (out->p[at] == '.' && len - at - 1 <= 253) {
                buf_consume(out, at + 1);
                break;
            }
    }
    return ok;
}
