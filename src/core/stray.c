/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text that belongs to no talk may still quote a login: "AUTH PLAIN dGVzdA==", "PASS secret". What
 * looks like one is masked: better once too often. So is what clients print of their settings
 * (msmtp's and mpop's passwordeval may hold the password itself) and what opens the recorded
 * connection (openssl s_client's keys). */
#include "stray.h"
#include "colors.h"
#include "sasl_priv.h"
#include "core/lazy/utf8proc.gen.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool word_at(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++)
        if (p + i >= end || (p[i] | 32) != word[i])
            return false;
    return true;
}

static bool base64ish(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

/* "passwordeval = pass show mail", "    Master-Key: 5A31...": where the value begins. */
static size_t setting_at(const char *p, size_t n)
{
    static const char *const names[] = {"passwordeval", "password",
                                        "Master-Key:", "Resumption PSK:"};
    size_t i = 0, at;
    while (i < n && p[i] == ' ')
        i++;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        size_t len = strlen(names[k]);
        bool colon = names[k][len - 1] == ':';
        if (n - i <= len || memcmp(p + i, names[k], len) != 0)
            continue;
        for (at = i + len; at < n && p[at] == ' '; at++)
            ;
        if (!colon && (at >= n || p[at++] != '='))
            continue;
        while (at < n && p[at] == ' ')
            at++;
        return at < n && p[at] != '(' && p[at] != '*' ? at : 0; /* "(not set)" */
    }
    return 0;
}

/* Does it decode to what AUTH PLAIN sends, [authzid] NUL authcid NUL passwd (RFC 4616 2)? Two NULs
 * and otherwise UTF-8 that can be read: nothing else decodes to that by chance. */
static bool plain_answer(const char *p, size_t n)
{
    struct buf plain;
    size_t nuls = 0, zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += p[i] == 'A'; /* six of a NUL's bits: most words end here */
    if (n < 8 || n % 4 || n > 4096 || zeros < 2)
        return false;
    bool readable = sasl_decode(p, n, &plain);
    for (utf8proc_ssize_t i = 0, k; readable && i < (utf8proc_ssize_t)plain.len; i += k) {
        utf8proc_int32_t c;
        k = utf8proc_iterate((const utf8proc_uint8_t *)plain.p + i, (utf8proc_ssize_t)plain.len - i,
                             &c);
        nuls += k > 0 && c == 0;
        readable = k > 0 && (c == 0 || (c >= ' ' && c != 0x7f)) && nuls <= 2;
    }
    readable = readable && nuls == 2 && plain.p[plain.len - 1] != '\0';
    buf_clear(&plain);
    return readable;
}

/* A word on its own that is such an answer: what follows a 334. */
static bool answer_at(const char *p, size_t n, size_t *at, size_t *len)
{
    for (size_t i = 0, k; i < n; i = k + 1) {
        for (k = i; k < n && base64ish(p[k]); k++)
            ;
        if (k > i && plain_answer(p + i, k - i)) {
            *at = i;
            *len = k - i;
            return true;
        }
    }
    return false;
}

/* "Proxy-Authorization: Basic dXNlcjpz", as curl -v shows it: q is the blank behind Basic. */
static bool http_login(const char *p, const char *q)
{
    static const char *const schemes[] = {"basic", "bearer"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i]), field = strlen("authorization: ");
        if ((size_t)(q - p) >= n + field && word_at(q - n, q, schemes[i]) &&
            strncasecmp(q - n - field, "authorization: ", field) == 0)
            return true;
    }
    return false;
}

/* The first one: the range to be hidden. */
static bool stray_secret(const char *p, size_t n, size_t *at, size_t *len)
{
    const char *end = p + n;
    if ((*at = setting_at(p, n)) > 0) {
        *len = n - *at;
        return true;
    }
    for (const char *q = p; (size_t)(end - q) > 6; q++) {
        q = memchr(q, ' ', (size_t)(end - q));
        if (!q)
            break;
        const char *b = q + 1, *s = NULL;
        if (http_login(p, q)) {
            *at = (size_t)(b - p);
            *len = (size_t)(end - b);
            return *len > 0;
        }
        if (q - p >= 4 && word_at(q - 4, end, "auth") && (q - p == 4 || !base64ish(q[-5]))) {
            const char *m = memchr(b, ' ', (size_t)(end - b));
            if (m && m - b < 24 && m > b)
                s = m + 1;
            for (const char *k = s; k && k < end && base64ish(*k); k++)
                if (k - s >= 7) {
                    *at = (size_t)(s - p);
                    while (k < end && base64ish(*k))
                        k++;
                    *len = (size_t)(k - s);
                    return true;
                }
        }
        if (q - p >= 4 && memcmp(q - 4, "PASS", 4) == 0 && (q - p == 4 || !base64ish(q[-5]))) {
            const char *k = b;
            while (k < end && *k != ' ' && *k != '\'' && *k != '"' && *k != '<')
                k++;
            if (k > b) {
                *at = (size_t)(b - p);
                *len = (size_t)(k - b);
                return true;
            }
        }
    }
    return answer_at(p, n, at, len);
}

bool stray_mask(const char *p, size_t n, struct buf *out)
{
    size_t at, len;
    bool begins;
    char *plain = NULL;
    if (colors_in(p, n, &begins)) { /* a colour may stand between PASS and the word */
        plain = xmalloc(n);
        memcpy(plain, p, n);
        p = plain;
        n = colors_strip(plain, n, NULL);
    }
    size_t whole = n;
    bool found = stray_secret(p, n, &at, &len);
    for (bool more = found; more; more = stray_secret(p, n, &at, &len)) {
        buf_add(out, p, at);
        buf_add_str(out, "********");
        p += at + len;
        n -= at + len;
    }
    if (found)
        buf_add(out, p, n);
    if (plain) {
        explicit_bzero(plain, whole);
        free(plain);
    }
    return found;
}
