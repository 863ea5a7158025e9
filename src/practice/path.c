/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and names as SMTP writes them. Strict on purpose: the practice server shows what the
 * grammar wants. RFC 5321 4.1.2 (grammar), 4.5.3.1 (lengths), C (source routes are read and
 * ignored), RFC 6531 3.3 (UTF-8). */
#include "practice/path.h"

#include <stdio.h>
#include <string.h>

bool utf8_valid(const char *p, size_t n)
{
    const unsigned char *s = (const unsigned char *)p;
    for (size_t i = 0; i < n;) {
        unsigned char c = s[i++];
        size_t more = c < 0x80                ? 0
                      : c >= 0xc2 && c < 0xe0 ? 1
                      : c >= 0xe0 && c < 0xf0 ? 2
                      : c >= 0xf0 && c < 0xf5 ? 3
                                              : 9;
        if (more > n - i)
            return false;
        for (size_t k = 0; k < more; k++)
            if ((s[i + k] & 0xc0) != 0x80)
                return false;
        if ((c == 0xe0 && s[i] < 0xa0) || (c == 0xed && s[i] > 0x9f) ||
            (c == 0xf0 && s[i] < 0x90) || (c == 0xf4 && s[i] > 0x8f))
            return false; /* over-long, surrogate, over U+10FFFF */
        i += more;
    }
    return true;
}

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_atext(unsigned char c)
{
    return is_alnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Labels of letters, digits and hyphens; U-labels too. */
static bool domain_ok(const char *p, size_t n)
{
    size_t label = 0;
    if (!n || n > 255)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '.') {
            if (!label || p[i - 1] == '-')
                return false;
            label = 0;
        } else if (is_alnum(c) || c >= 0x80 || (c == '-' && label)) {
            if (++label > 63 && c < 0x80)
                return false;
        } else {
            return false;
        }
    }
    return label && p[n - 1] != '-';
}

/* [192.0.2.1], [IPv6:2001:db8::1]; what stands inside is not looked up. */
static bool literal_ok(const char *p, size_t n)
{
    if (n < 3 || p[0] != '[' || p[n - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < n; i++)
        if (!is_alnum((unsigned char)p[i]) && p[i] != '.' && p[i] != ':' && p[i] != '-')
            return false;
    return n <= 255;
}

bool path_helo(const char *p, size_t n)
{
    bool dots = n > 0 && n <= 255;
    if (literal_ok(p, n))
        return true;
    /* Underscores are no host name, but stand in the names of so many machines that refusing
     * teaches nothing. */
    for (size_t i = 0; dots && i < n; i++)
        dots = is_alnum((unsigned char)p[i]) || p[i] == '-' || p[i] == '.' || p[i] == '_' ||
               (p[i] & 0x80);
    return dots && p[0] != '.' && p[0] != '-' && utf8_valid(p, n);
}

bool path_xtext(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '+') {
            if (n - i < 3 || strspn(p + i + 1, "0123456789ABCDEF") < 2)
                return false;
            i += 2;
        } else if (p[i] <= 0x20 || p[i] >= 0x7f || p[i] == '=') {
            return false;
        }
    }
    return n > 0;
}

/* The part left of the @: atoms with dots, or a quoted string. *used octets; NULL or a sentence. */
static const char *local_parse(const char *p, size_t n, struct path *out, size_t *used)
{
    size_t i = 0, k = 0;
    if (n && p[0] == '"') {
        for (i = 1; i < n && p[i] != '"'; i++) {
            if (p[i] == '\\' && ++i == n)
                break;
            if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
                return "a control character inside quotes";
            if (k + 1 >= sizeof out->local)
                return "the part left of the @ is over 64 octets (RFC 5321 4.5.3.1.1)";
            out->local[k++] = p[i];
        }
        if (i >= n)
            return "the quotes are never closed";
        i++;
    } else {
        for (; i < n && (is_atext((unsigned char)p[i]) || p[i] == '.'); i++) {
            if (p[i] == '.' && (i == 0 || p[i - 1] == '.'))
                return "a dot at the start, or two in a row, left of the @";
            if (k + 1 >= sizeof out->local)
                return "the part left of the @ is over 64 octets (RFC 5321 4.5.3.1.1)";
            out->local[k++] = p[i];
        }
        if (i && p[i - 1] == '.')
            return "a dot right before the @";
    }
    out->local[k] = '\0';
    *used = i;
    return i ? NULL : "nothing stands left of the @";
}

const char *path_parse(const char *p, size_t n, struct path *out, size_t *used)
{
    size_t i = 1, left;
    memset(out, 0, sizeof *out);
    if (!n || p[0] != '<')
        return "the address stands in < and >";
    if (n >= 2 && p[1] == '>') {
        out->null = true;
        *used = 2;
        return NULL;
    }
    if (n > 1 && p[1] == '@') { /* @a.example,@b.example: the route of 1982, to be ignored */
        const char *colon = memchr(p, ':', n);
        if (!colon)
            return "a route begins with @ and ends with a colon";
        i = (size_t)(colon - p) + 1;
    }
    size_t start = i;
    const char *why = local_parse(p + i, n - i, out, &left);
    if (why)
        return why;
    i += left;
    if (i < n && p[i] == '@') {
        size_t from = ++i;
        while (i < n && p[i] != '>' && p[i] != ' ')
            i++;
        if (!domain_ok(p + from, i - from) && !literal_ok(p + from, i - from))
            return "the part right of the @ is no domain name";
        if (i - from >= sizeof out->domain)
            return "the domain is over 255 octets (RFC 5321 4.5.3.1.2)";
        memcpy(out->domain, p + from, i - from);
    }
    if (i >= n || p[i] != '>')
        return "the address has no closing > where it should end";
    if (i - start >= sizeof out->text)
        return "the address is longer than RFC 5321 4.5.3.1.3 allows";
    memcpy(out->text, p + start, i - start);
    for (size_t k = start; k < i; k++)
        out->eightbit |= (p[k] & 0x80) != 0;
    if (out->eightbit && !utf8_valid(p + start, i - start))
        return "octets over 127 that are not UTF-8";
    *used = i + 1;
    return NULL;
}
