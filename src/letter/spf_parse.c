/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An SPF record cut into its terms. A mistake anywhere spoils all of it (RFC 7208 4.6), so nothing
 * is looked up before the whole was read. RFC 7208 4.6.1, 5, 6, 12. */
#include "letter/spf_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum spf_kind kind;
    enum { SPEC_NONE, SPEC_MAY, SPEC_MUST } spec;
    bool cidr;
} mechanisms[] = {
    {"all", SPF_ALL, SPEC_NONE, false}, {"include", SPF_INCLUDE, SPEC_MUST, false},
    {"a", SPF_A, SPEC_MAY, true},       {"mx", SPF_MX, SPEC_MAY, true},
    {"ptr", SPF_PTR, SPEC_MAY, false},  {"ip4", SPF_IP4, SPEC_MUST, false},
    {"ip6", SPF_IP6, SPEC_MUST, false}, {"exists", SPF_EXISTS, SPEC_MUST, false},
};

static bool alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static size_t name_length(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && (alpha(s[i]) || (i && (digit(s[i]) || strchr("-_.", s[i])))))
        i++;
    return i;
}

static bool is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

/* A number without a leading zero, at most `most`. */
static bool number(const char *s, size_t n, unsigned most, unsigned *out)
{
    unsigned v = 0;
    if (!n || n > 3 || (n > 1 && s[0] == '0'))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!digit(s[i]))
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    *out = v;
    return v <= most;
}

/* Takes "/24" or "//64" off the end. slashes: how many stand in front of the digits. False: digits
 * are there, but they are no length. */
static bool cut_length(const char *s, size_t *n, unsigned slashes, unsigned most, unsigned *out)
{
    size_t i = *n;
    while (i > 0 && digit(s[i - 1]))
        i--;
    if (i < slashes || s[i - 1] != '/' || (slashes == 2 && s[i - 2] != '/'))
        return true;
    if (slashes == 1 && i >= 2 && s[i - 2] == '/')
        return true;
    if (!number(s + i, *n - i, most, out))
        return false;
    *n = i - slashes;
    return true;
}

bool ip_parse(const char *text, unsigned char out[16], unsigned *bits)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET, text, out) == 1) {
        *bits = 32;
        return true;
    }
    if (inet_pton(AF_INET6, text, out) != 1)
        return false;
    *bits = 128;
    if (memcmp(out, mapped, sizeof mapped) == 0) {
        memmove(out, out + 12, 4);
        *bits = 32;
    }
    return true;
}

/* ip4 and ip6: an address and a length. */
static bool network(struct spf_term *t, const char *s, size_t n)
{
    char text[64];
    const unsigned most = t->kind == SPF_IP4 ? 32 : 128;
    unsigned length = most;
    const char *slash = memchr(s, '/', n);
    size_t k = slash ? (size_t)(slash - s) : n;
    if (slash && !number(slash + 1, n - k - 1, most, &length))
        return false;
    if (k >= sizeof text)
        return false;
    memcpy(text, s, k);
    text[k] = '\0';
    t->cidr4 = t->cidr6 = length;
    return inet_pton(t->kind == SPF_IP4 ? AF_INET : AF_INET6, text, t->ip) == 1;
}

static bool wrong(char *why, size_t size, const char *s, size_t n, const char *what)
{
    snprintf(why, size, "the term \"%.*s\": %s", (int)(n < 120 ? n : 120), s, what);
    return false;
}

static bool mechanism(struct spf_record *r, const char *s, size_t n, char *why, size_t size)
{
    static const enum spf_result qualified[] = {SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_NEUTRAL};
    struct spf_term t = {.result = SPF_PASS, .text = s, .n = n, .cidr4 = 32, .cidr6 = 128};
    const char *q = n && s[0] ? strchr("+-~?", s[0]) : NULL;
    size_t at = q ? 1 : 0;
    if (q)
        t.result = qualified[q - "+-~?"];
    size_t len = name_length(s + at, n - at), row = 0,
           rows = sizeof mechanisms / sizeof *mechanisms;
    while (row < rows && !is(s + at, len, mechanisms[row].name))
        row++;
    if (row == rows)
        return wrong(why, size, s, n, "no such mechanism is known (RFC 7208 5)");
    t.kind = mechanisms[row].kind;
    at += len;
    const char *rest = s + at;
    size_t nrest = n - at;
    if (t.kind == SPF_IP4 || t.kind == SPF_IP6) {
        if (!nrest || rest[0] != ':' || !network(&t, rest + 1, nrest - 1))
            return wrong(why, size, s, n, "this is no address or network (RFC 7208 5.6)");
    } else {
        if (mechanisms[row].cidr && (!cut_length(rest, &nrest, 2, 128, &t.cidr6) ||
                                     !cut_length(rest, &nrest, 1, 32, &t.cidr4)))
            return wrong(why, size, s, n, "the length of the network is none (RFC 7208 5.6)");
        if (nrest && (rest[0] != ':' || mechanisms[row].spec == SPEC_NONE))
            return wrong(why, size, s, n, "this cannot follow its name");
        if (!nrest && mechanisms[row].spec == SPEC_MUST)
            return wrong(why, size, s, n, "it needs a domain after a colon");
        if (nrest) {
            const char *bad = spf_macro_check(rest + 1, nrest - 1, true, false);
            if (bad)
                return wrong(why, size, s, n, bad);
            t.spec = rest + 1;
            t.nspec = nrest - 1;
        }
    }
    if ((r->n & (r->n + 1)) == 0 || r->n == 0)
        r->at = xrealloc(r->at, (2 * r->n + 2) * sizeof *r->at);
    r->at[r->n++] = t;
    return true;
}

static bool modifier(struct spf_record *r, const char *s, size_t n, size_t len, char *why,
                     size_t size)
{
    const char *value = s + len + 1;
    size_t nvalue = n - len - 1;
    bool redirect = is(s, len, "redirect"), exp = is(s, len, "exp");
    const char *bad = spf_macro_check(value, nvalue, redirect || exp, false);
    if (bad)
        return wrong(why, size, s, n, bad);
    if ((redirect && r->redirect) || (exp && r->exp))
        return wrong(why, size, s, n, "it may stand once only (RFC 7208 6)");
    if (redirect)
        r->redirect = value, r->nredirect = nvalue;
    if (exp)
        r->exp = value, r->nexp = nvalue;
    return true;
}

bool spf_record_parse(struct spf_record *r, const char *text, size_t n, char *why, size_t size)
{
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e) {
            snprintf(why, size,
                     "octet %02X in the record: only printable ASCII may stand there "
                     "(RFC 7208 4.5, 12)",
                     (unsigned char)text[i]);
            return false;
        }
    for (size_t at = 0; at < n;) {
        if (text[at] == ' ') {
            at++;
            continue;
        }
        const char *s = text + at, *space = memchr(s, ' ', n - at);
        size_t len = space ? (size_t)(space - s) : n - at, name = name_length(s, len);
        bool ok = name && name < len && s[name] == '=' ? modifier(r, s, len, name, why, size)
                                                       : mechanism(r, s, len, why, size);
        if (!ok)
            return false;
        at += len;
    }
    return true;
}

void spf_record_free(struct spf_record *r)
{
    free(r->at);
    memset(r, 0, sizeof *r);
}
