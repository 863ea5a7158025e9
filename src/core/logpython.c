/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Python's smtplib (set_debuglevel 1 and 2) and poplib print: lines quoted by repr(), with or
 * without the b of bytes. */
#include "logtext.h"
#include <string.h>

static bool take(const char **p, const char *end, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* repr() undone, from the opening quote on; CRLF becomes LF. False: no such string. */
static bool unquote(const char *p, const char *end, struct buf *out)
{
    if (p < end && *p == 'b')
        p++;
    if (p >= end || (*p != '\'' && *p != '"'))
        return false;
    char quote = *p++;
    while (p < end && *p != quote) {
        if (*p != '\\' || p + 1 >= end) {
            buf_add_char(out, *p++);
            continue;
        }
        char c = p[1];
        p += 2;
        if (c == 'n')
            buf_add_char(out, '\n');
        else if (c == 'r') {
            if (!(end - p >= 2 && p[0] == '\\' && p[1] == 'n'))
                buf_add_char(out, '\r');
        } else if (c == 't')
            buf_add_char(out, '\t');
        else if (c == 'x' && end - p >= 2 && hex(p[0]) >= 0 && hex(p[1]) >= 0) {
            buf_add_char(out, (char)(hex(p[0]) * 16 + hex(p[1])));
            p += 2;
        } else
            buf_add_char(out, c);
    }
    if (out->len && out->p[out->len - 1] == '\n')
        buf_trim(out, out->len - 1);
    return true;
}

enum log_kind logpython_line(const char *line, size_t n, struct buf *out)
{
    const char *p = line, *end = line + n;
    /* level 2 puts the time before it: 12:34:56.789012 */
    if (n > 16 && p[2] == ':' && p[5] == ':' && p[8] == '.' && p[15] == ' ')
        p += 16;
    if (take(&p, end, "send: ") || take(&p, end, "*cmd* "))
        return unquote(p, end, out) ? LOG_CLIENT : LOG_TEXT;
    if (take(&p, end, "reply: b") || take(&p, end, "reply: '") || take(&p, end, "*resp* b"))
        return unquote(p - 1, end, out) ? LOG_SERVER : LOG_TEXT;
    if (take(&p, end, "connect: to ") || take(&p, end, "connect: ("))
        return LOG_EVENT;
    /* poplib's level 2: a line of a listing or letter; an answer itself is said again behind it */
    if (take(&p, end, "*get* b")) {
        bool answer = end - p > 4 && (!memcmp(p + 1, "+OK", 3) || !memcmp(p + 1, "-ERR", 4));
        return answer ? LOG_SKIP : unquote(p - 1, end, out) ? LOG_SERVER : LOG_TEXT;
    }
    /* said already, in another form */
    if (take(&p, end, "reply: retcode (") || take(&p, end, "data: (") || take(&p, end, "*put* ") ||
        take(&p, end, "connect: b") || take(&p, end, "*stat* "))
        return LOG_SKIP;
    return LOG_TEXT;
}
