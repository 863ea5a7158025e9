/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MTA-STS: reading a policy and judging a host by it. Fetching one over HTTPS is left to the user
 * (curl https://mta-sts.DOMAIN/.well-known/mta-sts.txt): this program speaks mail only. RFC
 * 8461 3.1 (TXT), 3.2 (policy), 4.1 (names), 5 (modes). */
#include "heloscope/mtasts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { AGE_MAX = 31557600, SHOWN = 60 };

struct shown {
    char s[SHOWN + 4];
};

/* A part of the file for a sentence of ours. */
static struct shown shown(const char *p, size_t n)
{
    struct shown q;
    size_t i = 0;
    for (; i < n && i < SHOWN; i++)
        q.s[i] = p[i] >= ' ' && p[i] < 0x7f ? p[i] : '?';
    memcpy(q.s + i, i < n ? "..." : "", i < n ? 4 : 1);
    return q;
}

const char *mtasts_mode_name(enum mtasts_mode m)
{
    static const char *const names[] = {"", "none", "testing", "enforce"};
    return names[m];
}

static void trim(const char **p, size_t *n)
{
    while (*n && (**p == ' ' || **p == '\t')) {
        ++*p;
        --*n;
    }
    while (*n && ((*p)[*n - 1] == ' ' || (*p)[*n - 1] == '\t'))
        --*n;
}

static bool is(const char *p, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(p, word, n) == 0;
}

/* A host name, or one with "*." in front (RFC 8461 3.2: sts-policy-mx). */
static bool good_pattern(const char *p, size_t n)
{
    if (n > 2 && p[0] == '*' && p[1] == '.') {
        p += 2;
        n -= 2;
    }
    if (!n || n > 253 || p[0] == '.' || p[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || (c == '.' && p[i - 1] != '.')))
            return false;
    }
    return true;
}

static bool take_mode(struct mtasts *m, const char *v, size_t n)
{
    for (int i = MTASTS_MODE_NONE; i <= MTASTS_ENFORCE; i++)
        if (is(v, n, mtasts_mode_name((enum mtasts_mode)i))) {
            m->mode = (enum mtasts_mode)i;
            return true;
        }
    return false;
}

static bool take_age(struct mtasts *m, const char *v, size_t n)
{
    unsigned long age = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i] < '0' || v[i] > '9')
            return false;
        age = age * 10 + (unsigned long)(v[i] - '0');
        if (age > AGE_MAX)
            return false;
    }
    m->max_age = (uint32_t)age;
    return n > 0;
}

struct have {
    bool version, mode, age;
};

/* One "key: value". NULL, or what is expected there. */
static const char *take_line(struct mtasts *m, struct have *h, const char *k, size_t nk,
                             const char *v, size_t nv)
{
    if (is(k, nk, "version")) {
        if (!is(v, nv, "STSv1"))
            return "'version: STSv1' is expected";
        h->version = true;
    } else if (is(k, nk, "mode")) { /* of repeated ones the first counts (3.2) */
        if (!h->mode && !take_mode(m, v, nv))
            return "'mode:' wants none, testing or enforce";
        h->mode = true;
    } else if (is(k, nk, "max_age")) {
        if (!h->age && !take_age(m, v, nv))
            return "'max_age:' wants seconds from 0 to 31557600";
        h->age = true;
    } else if (is(k, nk, "mx")) {
        if (!good_pattern(v, nv))
            return "'mx:' wants a host name, or one that begins with '*.'";
        if (m->nmx == MTASTS_MX_MAX)
            return "at most 64 'mx:' lines are read";
        snprintf(m->mx[m->nmx++], sizeof m->mx[0], "%.*s", (int)nv, v);
    }
    return NULL; /* other keys are for extensions */
}

bool mtasts_parse(const char *text, size_t n, struct mtasts *out, char *why, size_t size)
{
    struct mtasts m = {0};
    struct have h = {0};
    if (n > MTASTS_FILE_MAX) {
        snprintf(why, size, "a policy of more than %d octets is not read (RFC 8461 3.3)",
                 MTASTS_FILE_MAX);
        return false;
    }
    const char *end = text + n;
    for (unsigned number = 1; text < end; number++) {
        const char *lf = memchr(text, '\n', (size_t)(end - text)), *line = text;
        size_t len = (size_t)((lf ? lf : end) - text);
        text = lf ? lf + 1 : end;
        if (len && line[len - 1] == '\r')
            len--;
        else if (lf)
            m.lf_only++;
        trim(&line, &len);
        if (!len)
            continue;
        const char *colon = memchr(line, ':', len);
        const char *wrong = "'key: value' is expected";
        if (colon) {
            const char *v = colon + 1;
            size_t nk = (size_t)(colon - line), nv = len - nk - 1;
            trim(&v, &nv);
            trim(&line, &nk);
            wrong = take_line(&m, &h, line, nk, v, nv);
        }
        if (wrong) {
            snprintf(why, size, "line %u: %s, not '%s'", number, wrong, shown(line, len).s);
            return false;
        }
    }
    const char *missing = !h.version                             ? "version: STSv1"
                          : !h.mode                              ? "mode: enforce"
                          : !h.age                               ? "max_age: 604800"
                          : !m.nmx && m.mode != MTASTS_MODE_NONE ? "mx: mail.example.org"
                                                                 : NULL;
    if (missing) {
        snprintf(why, size, "a line like '%s' is missing", missing);
        return false;
    }
    *out = m;
    return true;
}

bool mtasts_txt(const char *text, size_t n, char id[33], char *why, size_t size)
{
    const char *end = text + n;
    bool found = false;
    if (n < 8 || memcmp(text, "v=STSv1", 7) != 0 || (text[7] != ';' && text[7] != ' ')) {
        snprintf(why, size, "it does not begin with v=STSv1; but with '%s'", shown(text, n).s);
        return false;
    }
    for (const char *p = text; p < end;) {
        const char *semi = memchr(p, ';', (size_t)(end - p)), *field = p;
        size_t len = (size_t)((semi ? semi : end) - p);
        p = semi ? semi + 1 : end;
        trim(&field, &len);
        if (len < 3 || memcmp(field, "id=", 3) != 0)
            continue;
        field += 3;
        len -= 3;
        bool good = !found && len >= 1 && len <= 32;
        for (size_t i = 0; good && i < len; i++)
            good = (field[i] >= '0' && field[i] <= '9') ||
                   ((field[i] | 32) >= 'a' && (field[i] | 32) <= 'z');
        if (!good) {
            snprintf(why, size, "its id has to be 1 to 32 letters and digits, once, not '%s'",
                     shown(field, len).s);
            return false;
        }
        snprintf(id, 33, "%.*s", (int)len, field);
        found = true;
    }
    if (!found)
        snprintf(why, size, "it has no id=: senders cannot see when the policy changes");
    return found;
}

bool mtasts_mx_allowed(const struct mtasts *p, const char *host)
{
    size_t n = strlen(host);
    if (n && host[n - 1] == '.')
        n--;
    for (size_t i = 0; i < p->nmx; i++) {
        const char *mx = p->mx[i], *h = host;
        size_t left = n;
        if (mx[0] == '*') { /* exactly one label (RFC 8461 4.1) */
            const char *dot = memchr(host, '.', n);
            if (!dot || dot == host)
                continue;
            mx++;
            left -= (size_t)(dot - host);
            h = dot;
        }
        if (strlen(mx) == left && strncasecmp(mx, h, left) == 0)
            return true;
    }
    return false;
}

enum mtasts_verdict mtasts_check(const struct mtasts *p, const char *host, bool tls,
                                 bool certificate, const char *certificate_why, char *why,
                                 size_t size)
{
    if (p->mode == MTASTS_MODE_NONE) {
        snprintf(why, size, "the policy says 'mode: none': it asks for nothing");
        return MTASTS_SAYS_NOTHING;
    }
    const bool named = mtasts_mx_allowed(p, host);
    if (named && tls && certificate) {
        snprintf(why, size,
                 "fulfilled (mode %s): %s is one of the policy's hosts, and its "
                 "certificate holds",
                 mtasts_mode_name(p->mode), host);
        return MTASTS_FULFILLED;
    }
    const char *then = p->mode == MTASTS_ENFORCE
                           ? "a sender that heeds the policy delivers nothing here"
                           : "with 'mode: testing' mail is delivered all the same, and reported";
    if (!named)
        snprintf(why, size, "%s is none of the policy's hosts (%s%s): %s", host, p->mx[0],
                 p->nmx > 1 ? ", ..." : "", then);
    else if (!tls)
        snprintf(why, size, "there is no TLS, which the policy demands: %s", then);
    else
        snprintf(why, size, "the certificate does not hold (%s): %s", certificate_why, then);
    return p->mode == MTASTS_ENFORCE ? MTASTS_BROKEN : MTASTS_BROKEN_TESTING;
}
