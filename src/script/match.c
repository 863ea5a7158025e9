/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Codes and regular expressions of `expect` and `capture` against a reply. PCRE2, bounded: a
 * pattern that is too much for a reply is a mistake that is told, not a wait. */
#include "script/script_priv.h"

#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT 100000
#define REGEX_MAX 4096

/* One of "250", "25z", "5yz" (x is taken for y and z), "+OK", "-ERR", "+". */
static bool is_code(const char *p, size_t n)
{
    if ((n == 3 && memcmp(p, "+OK", 3) == 0) || (n == 4 && memcmp(p, "-ERR", 4) == 0) ||
        (n == 1 && *p == '+'))
        return true;
    return n == 3 && p[0] >= '1' && p[0] <= '5' &&
           ((p[1] >= '0' && p[1] <= '9') || p[1] == 'y' || p[1] == 'x') &&
           ((p[2] >= '0' && p[2] <= '9') || p[2] == 'z' || p[2] == 'x');
}

static bool codes(struct match *m, const char *p, size_t n, char *why, size_t size)
{
    bool ok = n > 0 && n < sizeof m->codes;
    bool closed = n == 6 && memcmp(p, "closed", 6) == 0;
    for (size_t i = 0; ok && !closed && i <= n;) {
        const char *bar = i < n ? memchr(p + i, '|', n - i) : NULL;
        size_t len = bar ? (size_t)(bar - p) - i : n - i;
        ok = is_code(p + i, len);
        i += len + 1;
    }
    if (!ok) {
        snprintf(why, size,
                 "'%.*s' is no code: expected 250, 25z, 5yz, +OK, -ERR, several joined by |, or "
                 "closed",
                 n < 40 ? (int)n : 40, p);
        return false;
    }
    memcpy(m->codes, p, n);
    m->codes[n] = '\0';
    return true;
}

/* Does the expression hold a variable, so that it can be compiled only when it is used? */
static bool has_variable(const char *p)
{
    for (; (p = strchr(p, '$')); p++)
        if (p[1] == '{' || (p[1] >= 'A' && p[1] <= 'Z'))
            return true;
    return false;
}

static pcre2_code *compile(const char *regex, bool caseless, char *why, size_t size)
{
    int error;
    PCRE2_SIZE at;
    uint32_t how = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                                  how | (caseless ? PCRE2_CASELESS : 0), &error, &at, NULL);
    if (!c) {
        char words[128];
        pcre2_get_error_message(error, (PCRE2_UCHAR *)words, sizeof words);
        snprintf(why, size, "the regular expression is wrong at character %zu: %s", (size_t)at + 1,
                 words);
    }
    return c;
}

static bool regex(struct match *m, const char *p, size_t n, char *why, size_t size)
{
    size_t end = 1;
    while (end < n && p[end] != '/')
        end += p[end] == '\\' && end + 1 < n ? 2 : 1;
    if (p[0] != '/' || end >= n) {
        snprintf(why, size, "expected a regular expression between slashes: /relay.*denied/");
        return false;
    }
    if (end == 1 || end > REGEX_MAX) {
        snprintf(why, size, "the regular expression is %s",
                 end == 1 ? "empty" : "longer than 4096 octets");
        return false;
    }
    if (n - end > 2 || (n - end == 2 && p[end + 1] != 'i')) {
        snprintf(why, size,
                 "behind the regular expression only 'i' (case does not matter) may stand");
        return false;
    }
    m->caseless = n - end == 2;
    m->regex = xstrndup(p + 1, end - 1);
    if (has_variable(m->regex))
        return true;
    m->code = compile(m->regex, m->caseless, why, size);
    return m->code != NULL;
}

bool match_parse(struct match *m, const char *text, size_t n, bool want_code, char *why,
                 size_t size)
{
    size_t code = 0;
    if (want_code && n > 0 && text[0] != '/') {
        while (code < n && text[code] != ' ' && text[code] != '\t')
            code++;
        if (!codes(m, text, code, why, size))
            return false;
        while (code < n && (text[code] == ' ' || text[code] == '\t'))
            code++;
    }
    if (code == n && want_code && m->codes[0])
        return true;
    if (code == n) {
        snprintf(why, size, "expected %s/REGEX/", want_code ? "CODE or " : "");
        return false;
    }
    return regex(m, text + code, n - code, why, size);
}

void match_clear(struct match *m)
{
    free(m->regex);
    if (m->code) /* or PCRE2 would be loaded to free nothing */
        pcre2_code_free(m->code);
    *m = (struct match){0};
}

/* Is the reply's first line of one of the codes? */
bool match_code(const struct match *m, const char *line, size_t n)
{
    const char *p = m->codes;
    if (!*p)
        return true;
    for (;;) {
        size_t len = strcspn(p, "|"), i;
        for (i = 0; i < len && i < n; i++) {
            bool any = i > 0 && len == 3 && p[0] <= '9' && p[0] >= '1' && strchr("xyz", p[i]);
            if (any ? line[i] < '0' || line[i] > '9' : line[i] != p[i])
                break;
        }
        if (i == len && (n == len || line[len] == ' ' || line[len] == '-' || p[0] == '+'))
            return true;
        if (!p[len])
            return false;
        p += len + 1;
    }
}

bool match_text(const struct match *m, const struct script_vars *v, const char *text, size_t n,
                struct buf *found, char *why, size_t size)
{
    struct buf expanded;
    pcre2_code *c = m->code;
    bool hit = false;
    why[0] = '\0';
    if (!m->regex)
        return true;
    if (!c) {
        buf_init(&expanded, 16 * REGEX_MAX);
        if (script_expand(v, m->regex, strlen(m->regex), true, &expanded, why, size))
            c = compile(buf_str(&expanded), m->caseless, why, size);
        buf_clear(&expanded);
        if (!c)
            return false;
    }
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(c, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    if (data && context) {
        pcre2_set_match_limit(context, MATCH_LIMIT);
        int rc = pcre2_match(c, (PCRE2_SPTR)text, n, 0, 0, data, context);
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
        hit = rc > 0;
        if (hit && found) {
            size_t g = rc > 1 && at[2] != PCRE2_UNSET ? 2 : 0;
            if (at[g + 1] > at[g])
                buf_add(found, text + at[g], at[g + 1] - at[g]);
        } else if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
            snprintf(why, size, "the regular expression is too much for this reply");
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    if (c != m->code)
        pcre2_code_free(c);
    return hit;
}
