/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes beside the lines of a letter: what the wire, the reader's program and the rules make of
 * them. */
#include "tui/letter_notes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool has_8bit(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] >= 0x80)
            return true;
    return false;
}

/* "Name: value" with a name of printable ASCII without colon and blank: RFC 5322 2.2. */
static bool is_field(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] > ' ' && p[i] < 127 && p[i] != ':')
        i++;
    return i > 0 && i < n && p[i] == ':';
}

void letter_sum(const char *text, size_t n, const struct letter_facts *f, struct letter_sum *out)
{
    memset(out, 0, sizeof *out);
    bool found = false;
    for (size_t at = 0; at < n;) {
        const char *lf = memchr(text + at, '\n', n - at);
        size_t end = lf ? (size_t)(lf - text) : n, len = end - at;
        if (len > out->longest)
            out->longest = len;
        out->eightbit |= has_8bit(text + at, len);
        if (out->lines == 0)
            out->has_header = is_field(text + at, len);
        if (len > 0)
            out->last = out->lines;
        if (len == 0 && !found) {
            out->boundary = out->lines;
            found = true;
        }
        out->octets += len + 2 + (f->stuffed && len > 0 && text[at] == '.');
        out->lines++;
        at = end + 1;
    }
    if (!found)
        out->boundary = out->lines;
}

/* The address of a From: line: what stands in <>, else the first word with an @. */
static size_t address_of(const char *p, size_t n, const char **at)
{
    const char *open = memchr(p, '<', n);
    if (open) {
        const char *close = memchr(open, '>', n - (size_t)(open - p));
        *at = open + 1;
        return close ? (size_t)(close - open) - 1 : 0;
    }
    for (size_t i = 0; i < n;) {
        while (i < n && (p[i] == ' ' || p[i] == '\t'))
            i++;
        size_t k = i;
        while (k < n && p[k] != ' ' && p[k] != '\t')
            k++;
        if (memchr(p + i, '@', k - i)) {
            *at = p + i;
            return k - i;
        }
        i = k;
    }
    return 0;
}

size_t letter_note(const struct letter_facts *f, const struct letter_sum *s, size_t index,
                   const char *p, size_t n, char *out, size_t size)
{
    bool in_header = s->has_header && index < s->boundary;
    out[0] = '\0';
    if (n > LETTER_LINE_MAX)
        snprintf(out, size, "%zu octets: the limit is %d, servers may refuse or break it", n,
                 LETTER_LINE_MAX);
    else if (n == 1 && p[0] == '.' && index >= s->last)
        snprintf(out, size, "Enter here ends and sends the letter");
    else if (f->stuffed && n > 0 && p[0] == '.')
        snprintf(out, size, "on the wire: .%.*s%s (dot-stuffing)", n > 24 ? 24 : (int)n, p,
                 n > 24 ? "..." : "");
    else if (has_8bit(p, n) && f->caps_known && !f->eightbit_ok)
        snprintf(out, size, "8-bit, but 8BITMIME is not offered");
    else if (has_8bit(p, n) && in_header)
        snprintf(out, size, "8-bit in the header: needs SMTPUTF8, or RFC 2047 encoding");
    else if (in_header && n > 5 && strncasecmp(p, "From:", 5) == 0 && f->mail_from) {
        const char *a;
        size_t m = address_of(p + 5, n - 5, &a);
        if (m && (m != strlen(f->mail_from) || strncasecmp(a, f->mail_from, m) != 0))
            snprintf(out, size,
                     "not the envelope's <%s>: the reader sees this one, nothing compares them",
                     f->mail_from);
    } else if (n == 0 && index == s->boundary && s->lines > 0)
        snprintf(out, size,
                 s->has_header ? "blank line ends the header"
                               : "no header: all of this is the body");
    else if (in_header && index > 0 && !is_field(p, n) && p[0] != ' ' && p[0] != '\t')
        snprintf(out, size, "no \"Name: value\": the header ends here for most readers");
    else if (index == 0 && !s->has_header && n > 0)
        snprintf(out, size, "no header field (From:, Subject: ...): a body without a header");
    return strlen(out);
}
