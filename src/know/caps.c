/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What servers can offer: the rows of caps.def and sasl.def, and the look-up. What stands behind a
 * keyword is read in capwords.c. RFC 5321 4.1.1.1, RFC 2449 5, RFC 4422 3.1. */
#include "heloscope/know.h"

#include <string.h>

static const struct know_cap caps[] = {
#define CAP(proto, keyword, params, words, means, use, ref, registered)                            \
    {proto, keyword, params, means, use, ref, registered},
#include "know/caps.def"
#undef CAP
};

/* What a risk of sasl.def means for TLS, and for a listener where there is none. */
#define TLS_CLEAR KNOW_TLS_MUST
#define TLS_TOKEN KNOW_TLS_MUST
#define TLS_HASH KNOW_TLS_SHOULD
#define TLS_SAFE KNOW_TLS_FREE
#define HEARS_CLEAR "everything: the name and the password"
#define HEARS_TOKEN "the token or code, as good as a password while it is valid"
#define HEARS_HASH "the name, and an answer to guess at offline or to relay"
#define HEARS_SAFE "no password; the name at most, and a weak password can be guessed at slowly"

static const struct know_mechanism mechanisms[] = {
#define SASL(name, risk, means, ref) {name, TLS_##risk, means, HEARS_##risk, ref},
#include "know/sasl.def"
#undef SASL
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

const struct know_cap *know_caps(size_t *n)
{
    *n = COUNT(caps);
    return caps;
}

const struct know_mechanism *know_mechanisms(size_t *n)
{
    *n = COUNT(mechanisms);
    return mechanisms;
}

/* Not strncasecmp(): in a Turkish locale an i is no I to it. */
static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool begins(const char *s, size_t n, const char *row, size_t len)
{
    if (n < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (upper(s[i]) != upper(row[i]))
            return false;
    return true;
}

static bool same(const char *s, size_t n, const char *row)
{
    return n == strlen(row) && begins(s, n, row, n);
}

/* The rows' name of a protocol: TLS, submission and LMTP share SMTP's. */
static const char *family(const char *proto)
{
    static const struct {
        const char *proto, *rows;
    } names[] = {
        {"smtp", "smtp"}, {"smtps", "smtp"}, {"submission", "smtp"}, {"submissions", "smtp"},
        {"lmtp", "smtp"}, {"pop3", "pop3"},  {"pop3s", "pop3"},
    };
    for (size_t i = 0; proto && i < COUNT(names); i++)
        if (same(proto, strlen(proto), names[i].proto))
            return names[i].rows;
    return NULL;
}

/* A hundred rows of short words: looking at each takes a microsecond, and needs no index that
 * somebody has to build first, or keep sorted. */
static const struct know_cap *find(const char *rows, const char *keyword, size_t n)
{
    for (const struct know_cap *k = caps; k < caps + COUNT(caps); k++)
        if (strcmp(k->proto, rows) == 0 && same(keyword, n, k->keyword))
            return k;
    return NULL;
}

/* XXXXXXXA: a run of X and then one letter that counts what the firewall has blotted out. */
static bool masked(const char *s, size_t n)
{
    if (n < 4 || !((s[n - 1] >= 'A' && s[n - 1] <= 'Z') || (s[n - 1] >= 'a' && s[n - 1] <= 'z')))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        if (s[i] != 'X' && s[i] != 'x')
            return false;
    return true;
}

const struct know_cap *know_cap(const char *proto, const char *keyword, size_t n)
{
    const char *rows = family(proto);
    if (!rows || !keyword || n == 0)
        return NULL;
    const struct know_cap *k = find(rows, keyword, n);
    const char *eq = memchr(keyword, '=', n);
    if (!k && eq) {
        /* "AUTH=LOGIN" has a row for its spelling, "XSECURITY=NONE" one without. */
        size_t len = (size_t)(eq - keyword);
        k = find(rows, keyword, len + 1);
        if (!k)
            k = find(rows, keyword, len);
    }
    if (!k && rows[0] == 's' && masked(keyword, n))
        k = find(rows, "XXXXXXXA", 8);
    if (!k && upper(keyword[0]) == 'X' && n > 1)
        k = find(rows, "X...", 4);
    return k;
}

const struct know_mechanism *know_mechanism(const char *name, size_t n)
{
    const struct know_mechanism *family_row = NULL;
    for (const struct know_mechanism *m = mechanisms; m < mechanisms + COUNT(mechanisms); m++) {
        size_t len = strlen(m->name);
        if (same(name, n, m->name))
            return m;
        if (m->name[len - 1] == '*' && n >= len && begins(name, n, m->name, len - 1))
            family_row = m;
    }
    return family_row;
}
