/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "smtp://host:port" and its kin, read strictly: what cannot be meant gets one sentence that says
 * what would be right. Which schemes exist is the drivers' business (proto_find), looking names up
 * is resolve's. RFC 3986 3.2 (authority), RFC 1123 2.1 (host names), RFC 5890 and RFC 5891
 * (internationalised names). */
#include "heloscope/target.h"
#include "core/lazy/idn2.gen.h"
#include "heloscope/buf.h"
#include "heloscope/proto.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { TARGET_MAX = 1024, HOST_MAX = 253, LABEL_MAX = 63, QUOTE_MAX = 60 };

struct why {
    char *text;
    size_t size;
};

static bool wrong(const struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(const struct why *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(w->text, w->size, fmt, ap);
    va_end(ap);
    return false;
}

/* The user's words for a sentence of ours: cut, and harmless to a terminal. */
struct quote {
    char s[QUOTE_MAX + 4];
};

static struct quote quote(const char *p, size_t n)
{
    struct quote q;
    size_t i = 0;
    for (; i < n && i < QUOTE_MAX; i++)
        q.s[i] = isprint((unsigned char)p[i]) ? p[i] : '?';
    memcpy(q.s + i, i < n ? "..." : "", i < n ? 4 : 1);
    return q;
}

static bool unknown_scheme(const struct why *w, const char *p, size_t n)
{
    struct buf b;
    buf_init(&b, 512);
    for (const struct proto *const *each = proto_list; *each; each++) {
        buf_addf(&b, "%s%s", b.len ? ", " : "", (*each)->name);
        if ((*each)->tls_scheme)
            buf_addf(&b, ", %s", (*each)->tls_scheme);
    }
    wrong(w, "unknown scheme '%s': use %s or unix:/path", quote(p, n).s, buf_str(&b));
    buf_clear(&b);
    return false;
}

static bool parse_port(const char *p, size_t n, unsigned short *port, const struct why *w)
{
    unsigned long value = 0;
    bool good = n > 0 && n <= 5;
    for (size_t i = 0; good && i < n; i++) {
        good = p[i] >= '0' && p[i] <= '9';
        value = value * 10 + (unsigned long)(p[i] - '0');
    }
    if (!n)
        return wrong(w, "the port after ':' is missing: write a number from 1 to 65535");
    if (!good || value < 1 || value > 65535)
        return wrong(w, "'%s' is no port: write a number from 1 to 65535", quote(p, n).s);
    *port = (unsigned short)value;
    return true;
}

static bool is_ipv6(const char *s)
{
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_flags = AI_NUMERICHOST}, *ai = NULL;
    if (getaddrinfo(s, NULL, &hints, &ai) != 0) /* unlike inet_pton it knows fe80::1%eth0 */
        return false;
    freeaddrinfo(ai);
    return true;
}

/* What both an ASCII name and the result of IDNA must fulfil. */
static bool check_labels(const char *name, const char *typed, const struct why *w)
{
    if (strlen(name) > HOST_MAX)
        return wrong(w, "the host name is longer than %d octets: no such name can exist", HOST_MAX);
    const char *label = name;
    for (;;) {
        size_t n = strcspn(label, ".");
        if (!n)
            return wrong(w, "'%s' has an empty label: write exactly one dot between two labels",
                         quote(typed, strlen(typed)).s);
        if (n > LABEL_MAX)
            return wrong(w, "'%s' is longer than the %d octets that a label may have",
                         quote(label, n).s, LABEL_MAX);
        for (size_t i = 0; i < n; i++)
            if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
                return wrong(w, "'%s' is no host name: '%s' cannot be part of one",
                             quote(typed, strlen(typed)).s, quote(label + i, 1).s);
        if (label[0] == '-' || label[n - 1] == '-')
            return wrong(w, "'%s' is no host name: a label neither starts nor ends with '-'",
                         quote(typed, strlen(typed)).s);
        if (!label[n]) {
            /* RFC 1123 2.1: the last label is never all digits, so this was meant as an address. */
            if (strspn(label, "0123456789") == n)
                return wrong(w,
                             "'%s' is neither a name nor an IPv4 address: write four numbers "
                             "from 0 to 255, like 192.0.2.1",
                             quote(typed, strlen(typed)).s);
            return true;
        }
        label += n + 1;
    }
}

/* host is typed (without brackets); on success t owns host and ascii. */
static bool parse_host(char *host, bool brackets, struct target *t, const struct why *w)
{
    unsigned char addr[16];
    if (brackets || strchr(host, ':')) {
        if (!is_ipv6(host))
            return wrong(w, "'%s' is no IPv6 address: write it like [2001:db8::1]:25",
                         quote(host, strlen(host)).s);
        t->is_address = true;
        t->ascii = xstrdup(host);
    } else if (inet_pton(AF_INET, host, addr) == 1) {
        t->is_address = true;
        t->ascii = xstrdup(host);
    } else {
        bool ascii = true;
        for (const char *p = host; *p; p++) {
            ascii = ascii && !((unsigned char)*p & 0x80);
            if ((unsigned char)*p <= ' ' || *p == 0x7f)
                return wrong(w,
                             "'%s' is no host name: blanks and control characters cannot be "
                             "part of one",
                             quote(host, strlen(host)).s);
        }
        size_t n = strlen(host);
        char *name;
        if (ascii) {
            name = xstrdup(host);
            /* "example.org." names the root aloud; neither SNI nor a certificate has the dot. */
            if (n > 1 && name[n - 1] == '.')
                name[n - 1] = '\0';
            for (char *p = name; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        } else {
            char missing[160];
            if (!lazy_ready(idn2, missing, sizeof missing))
                return wrong(w, "the name has letters outside ASCII, and %s", missing);
            uint8_t *out = NULL;
            int rc =
                idn2_lookup_u8((const uint8_t *)host, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
            if (rc != IDN2_OK)
                return wrong(w, "'%s' is no international host name: %s",
                             quote(host, strlen(host)).s, idn2_strerror(rc));
            name = xstrdup((const char *)out);
            idn2_free(out);
            n = strlen(name);
            if (n > 1 && name[n - 1] == '.')
                name[n - 1] = '\0';
        }
        if (!check_labels(name, host, w)) {
            free(name);
            return false;
        }
        t->ascii = name;
    }
    t->host = xstrdup(host);
    return true;
}

void target_label(struct target *t)
{
    struct buf b;
    buf_init(&b, TARGET_MAX + 64);
    if (t->path)
        buf_addf(&b, "unix:%s", t->path);
    else {
        buf_addf(&b, strchr(t->host, ':') ? "[%s]" : t->mx ? "mx:%s" : "%s", t->host);
        if (t->port && !(t->mx && t->port == t->proto->port))
            buf_addf(&b, ":%u", t->port);
    }
    free(t->label);
    t->label = xstrdup(buf_str(&b));
    buf_clear(&b);
}

static bool parse_path(const char *p, struct target *t, const struct why *w)
{
    struct sockaddr_un sun;
    if (t->tls)
        return wrong(w, "TLS needs a host name to verify, and a unix socket has none: write %s:%s",
                     t->proto->name, quote(p, strlen(p)).s);
    if (!*p)
        return wrong(w, "the path after 'unix:' is missing: write unix:/path/of/the/socket");
    if (strlen(p) >= sizeof sun.sun_path)
        return wrong(w, "the path of the socket is longer than the %zu octets the system allows",
                     sizeof sun.sun_path - 1);
    for (const char *c = p; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return wrong(w, "the path '%s' holds control characters", quote(p, strlen(p)).s);
    t->path = xstrdup(p);
    return true;
}

/* host, host:port, [v6], [v6]:port, v6 */
static bool parse_authority(const char *p, struct target *t, const struct why *w)
{
    size_t n = strlen(p);
    if (n && p[n - 1] == '/') /* smtp://host/ is how a browser would write it */
        n--;
    const char *slash = memchr(p, '/', n);
    if (slash)
        return wrong(w, "a target has no path: leave out '%s', or write unix:/path for a socket",
                     quote(slash, n - (size_t)(slash - p)).s);
    if (memchr(p, '@', n))
        return wrong(w, "a target holds no user name or password: leave out what stands before "
                        "'@' and log in after connecting");
    if (!n)
        return wrong(w, "the host is missing: write host, host:port or smtp://host");
    const char *host = p, *port = NULL;
    size_t host_len = n;
    bool brackets = *p == '[';
    if (brackets) {
        const char *close = memchr(p, ']', n);
        if (!close)
            return wrong(w, "the ']' is missing: write an IPv6 address like [2001:db8::1]:25");
        host = p + 1;
        host_len = (size_t)(close - host);
        if (close + 1 < p + n) {
            if (close[1] != ':')
                return wrong(w, "after ']' only ':port' can follow, not '%s'",
                             quote(close + 1, (size_t)(p + n - close - 1)).s);
            port = close + 2;
        }
    } else {
        const char *colon = memchr(p, ':', n);
        /* Two colons: an address in bare form, which leaves no place for a port. */
        if (colon && !memchr(colon + 1, ':', (size_t)(p + n - colon - 1))) {
            host_len = (size_t)(colon - p);
            port = colon + 1;
        }
    }
    if (!host_len)
        return wrong(w, "the host is missing: write host, host:port or smtp://host");
    if (port && !parse_port(port, (size_t)(p + n - port), &t->port, w))
        return false;
    char *copy = xstrndup(host, host_len);
    bool ok = parse_host(copy, brackets, t, w);
    free(copy);
    return ok;
}

/* mx:example.org, mx:example.org:2525 */
static bool parse_mx(const char *p, struct target *t, const struct why *w)
{
    if (!*p)
        return wrong(w, "the domain after 'mx:' is missing: write mx:example.org");
    if (strncmp(p, "//", 2) == 0)
        p += 2;
    if (!parse_authority(p, t, w))
        return false;
    if (t->is_address)
        return wrong(w,
                     "'%s' is an address, and only a domain has mail exchangers: write "
                     "mx:example.org, or smtp://%s",
                     quote(t->host, strlen(t->host)).s, quote(p, strlen(p)).s);
    t->mx = true;
    t->proto = proto_find("smtp", 4, &t->tls, NULL);
    if (!t->port)
        t->port = t->proto->port;
    return true;
}

static bool parse(const char *p, struct target *t, const struct why *w)
{
    size_t n = strcspn(p, ":");
    const char *rest = p[n] == ':' ? p + n + 1 : NULL;
    bool scheme = rest && *p != '[' && (*rest == '/' || strncmp(rest, "unix:", 5) == 0);
    if (strncmp(p, "unix:", 5) == 0)
        return parse_path(strncmp(rest, "///", 3) == 0 ? rest + 2 : rest, t, w);
    if (strncasecmp(p, "mx:", 3) == 0)
        return parse_mx(p + 3, t, w);
    if (*p == '/')
        return wrong(w, "'%s' looks like a path: write unix:%s for a socket", quote(p, strlen(p)).s,
                     quote(p, strlen(p)).s);
    if (!scheme) {
        if (!parse_authority(p, t, w))
            return false;
        if (t->port)
            t->proto = proto_by_port(t->port, &t->tls);
        return true;
    }
    unsigned short port = 0;
    t->proto = proto_find(p, n, &t->tls, &port);
    if (!t->proto)
        return unknown_scheme(w, p, n);
    if (strncmp(rest, "unix:", 5) == 0)
        return parse_path(rest + 5, t, w);
    if (strncmp(rest, "//", 2) != 0) /* lmtp:/path, as Postfix and Dovecot people write it */
        return parse_path(rest, t, w);
    if (rest[2] == '/' && rest[3])
        return parse_path(rest + 2, t, w);
    if (!parse_authority(rest + 2, t, w))
        return false;
    if (!t->port)
        t->port = port;
    if (!t->port)
        return wrong(w, "%s has no port of its own: write %s://host:port or %s:/path",
                     t->proto->name, t->proto->name, t->proto->name);
    return true;
}

bool target_parse(const char *text, struct target *out, char *why, size_t size)
{
    struct target t = {0};
    struct why w = {why, size};
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    if (!n)
        return wrong(&w, "the target is empty: write host, host:port, smtp://host or unix:/path");
    if (n > TARGET_MAX)
        return wrong(&w, "the target is longer than %d octets", TARGET_MAX);
    char *copy = xstrndup(text, n);
    bool ok = parse(copy, &t, &w);
    free(copy);
    if (!ok) {
        target_clear(&t);
        return false;
    }
    target_label(&t);
    *out = t;
    return true;
}

void target_clear(struct target *t)
{
    free(t->host);
    free(t->ascii);
    free(t->path);
    free(t->label);
    *t = (struct target){0};
}

void target_copy(struct target *out, const struct target *t)
{
    *out = *t;
    out->host = t->host ? xstrdup(t->host) : NULL;
    out->ascii = t->ascii ? xstrdup(t->ascii) : NULL;
    out->path = t->path ? xstrdup(t->path) : NULL;
    out->label = t->label ? xstrdup(t->label) : NULL;
}

void target_socket(struct target *t)
{
    bool tls;
    if (t->path && !t->proto)
        target_choose(t, proto_find("lmtp", 4, &tls, NULL));
}

void target_choose(struct target *t, const struct proto *p)
{
    t->proto = p;
    if (!t->path) {
        if (!t->port)
            t->port = p->port;
        t->tls = p->tls_port && t->port == p->tls_port;
    }
    target_label(t);
}
