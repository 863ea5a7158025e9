/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the drivers share when they read a client's line: words, AUTH, and where secrets lie. It
 * errs on the side of masking. RFC 4954, RFC 5034. */
#include "line.h"
#include <string.h>
#include <strings.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

bool line_word(const char *line, size_t n, size_t from, unsigned k, size_t *at, size_t *len)
{
    size_t i = from;
    for (;;) {
        while (i < n && blank(line[i]))
            i++;
        if (i >= n)
            return false;
        size_t start = i;
        while (i < n && !blank(line[i]))
            i++;
        if (k-- == 0) {
            *at = start;
            *len = i - start;
            return true;
        }
    }
}

/* Upper case, printable ASCII only, cut to fit. */
static void put_name(char *to, size_t size, const char *p, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n && k + 1 < size; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c > 0x20 && c < 0x7f)
            to[k++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    to[k] = '\0';
}

void line_verb(const struct proto *p, const char *line, size_t n, struct command *out)
{
    size_t at = 0, len = 0;
    memset(out, 0, sizeof *out);
    out->replies = 1;
    out->arg = n;
    if (!line_word(line, n, 0, 0, &at, &len))
        return;
    put_name(out->name, sizeof out->name, line + at, len);
    const struct verb *v = proto_verb(p, line + at, len);
    if (v && !(v->flags & (VERB_BANNER | VERB_END | VERB_ANSWER)))
        out->verb = v;
    size_t arg, ignored;
    if (line_word(line, n, at + len, 0, &arg, &ignored))
        out->arg = arg;
}

void line_secret(struct command *out, size_t at, size_t n)
{
    if (at < n) {
        out->secret = at;
        out->secret_len = n - at;
    }
}

void line_auth(const char *line, size_t n, struct command *out)
{
    size_t at, len;
    if (!line_word(line, n, out->arg, 0, &at, &len))
        return;
    put_name(out->mechanism, sizeof out->mechanism, line + at, len);
    if (line_word(line, n, at + len, 0, &at, &len)) {
        out->initial = true;
        if (n - at != 1 || line[at] != '=')
            line_secret(out, at, n);
    }
}

void line_answer(const struct proto *p, const struct command *open, const char *line, size_t n,
                 struct command *out)
{
    memset(out, 0, sizeof *out);
    out->verb = proto_pseudo(p, VERB_ANSWER);
    out->replies = 1;
    if (open) {
        memcpy(out->mechanism, open->mechanism, sizeof out->mechanism);
        bool first = open->verb && !(open->verb->flags & VERB_ANSWER);
        out->step = first ? open->initial : (uint8_t)(open->step < 250 ? open->step + 1 : 250);
    }
    if (n == 1 && line[0] == '*')
        put_name(out->name, sizeof out->name, "*", 1);
    else
        line_secret(out, 0, n);
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

/* Is the word p[0..n) the name, but for one slip (a letter too many, missing, wrong, or two
 * swapped)? */
static bool nearly(const char *name, const char *p, size_t n)
{
    size_t m = strlen(name), a = 0, b = 0;
    while (a < m && a < n && upper(p[a]) == name[a])
        a++;
    while (b < m - a && b < n - a && upper(p[n - 1 - b]) == name[m - 1 - b])
        b++;
    size_t dm = m - a - b, dn = n - a - b; /* what is left in the middle of each */
    if (dm <= 1 && dn <= 1)
        return true;
    return dm == 2 && dn == 2 && upper(p[a]) == name[a + 1] && upper(p[a + 1]) == name[a];
}

static bool base64_like(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (p[i] == '+' || p[i] == '/' || (p[i] >= '0' && p[i] <= '9') ||
                     (upper(p[i]) >= 'A' && upper(p[i]) <= 'Z')))
        i++;
    size_t text = i;
    while (i < n && p[i] == '=' && i - text < 2)
        i++;
    return i == n && text > 0;
}

void line_guess_secret(const struct command *open, const char *line, size_t n, struct command *out)
{
    /* Which word of the line the secret begins with, for verbs of any protocol here that carry one.
     */
    static const struct {
        const char *name;
        unsigned word;
    } rows[] = {{"PASS", 1}, {"PASSWORD", 1},     {"AUTH", 2},
                {"APOP", 2}, {"AUTHENTICATE", 2}, {"LOGIN", 2}};
    size_t at, len;

    if (out->verb || !line_word(line, n, 0, 0, &at, &len))
        return;
    size_t end = n;
    while (end > at && blank(line[end - 1]))
        end--;
    if (open && end == at + len && base64_like(line + at, len)) {
        line_secret(out, at, n);
        out->name[0] = '\0'; /* the name would show the beginning of it */
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!nearly(rows[i].name, line + at, len))
            continue;
        if (line_word(line, n, 0, rows[i].word, &at, &len))
            line_secret(out, at, n);
        return;
    }
    /* "PASS:secret", "PASS=secret", "PASSWORD:..." */
    if (len > 5 && strncasecmp(line + at, "PASS", 4) == 0) {
        const char *sep = memchr(line + at, ':', len);
        if (!sep)
            sep = memchr(line + at, '=', len);
        line_secret(out, sep ? (size_t)(sep - line) + 1 : at + 4, n);
        put_name(out->name, sizeof out->name, "PASS", 4);
        return;
    }
    /* Tagged, as in IMAP: "a1 LOGIN user password". */
    size_t tag_end = at + len;
    if (line_word(line, n, tag_end, 0, &at, &len) &&
        (nearly("LOGIN", line + at, len) || nearly("AUTHENTICATE", line + at, len))) {
        size_t from = at + len;
        if (line_word(line, n, from, 1, &at, &len))
            line_secret(out, at, n);
    }
}

unsigned line_messages(const char *mechanism)
{
    static const struct {
        const char *prefix;
        unsigned n;
    } rows[] = {
        {"LOGIN", 2},      /* name, password */
        {"DIGEST-MD5", 2}, /* answer, then an empty line after rspauth (RFC 2831 2.1) */
        {"SCRAM-", 3}, /* first, final, then an empty line after the server's signature (RFC 5802,
                          RFC 4954 4) */
        {"GSSAPI", 3},     {"GS2-", 3}, {"NTLM", 2}, {"KERBEROS_V4", 2}, {"OTP", 2}, {"SKEY", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(mechanism, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].n;
    return 1;
}
