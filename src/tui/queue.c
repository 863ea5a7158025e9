/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See queue.h. */
#include "tui/queue.h"

#include <string.h>

void queue_init(struct queue *q)
{
    buf_init_secret(&q->text, QUEUE_MAX);
}

void queue_clear(struct queue *q)
{
    buf_clear(&q->text);
}

/* The length of a line end at p: CRLF, LF or CR (terminals paste line ends as CR). */
static size_t line_end(const char *p, size_t n)
{
    if (n == 0 || (p[0] != '\r' && p[0] != '\n'))
        return 0;
    return n > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 1;
}

bool queue_add(struct queue *q, const char *text, size_t n)
{
    size_t before = q->text.len, last = before;
    for (size_t at = 0; at < n;) {
        size_t end = at;
        while (end < n && text[end] != '\r' && text[end] != '\n')
            end++;
        if (!buf_add(&q->text, text + at, end - at) || !buf_add_char(&q->text, '\n')) {
            buf_trim(&q->text, before);
            return false;
        }
        if (end > at)
            last = q->text.len;
        at = end + line_end(text + end, n - end);
    }
    buf_trim(&q->text, last);
    return true;
}

bool queue_line(struct queue *q, const char *line, size_t n)
{
    size_t before = q->text.len;
    if (buf_add(&q->text, line, n) && buf_add_char(&q->text, '\n'))
        return true;
    buf_trim(&q->text, before);
    return false;
}

size_t queue_count(const struct queue *q)
{
    size_t lines = 0;
    const char *p = q->text.p, *end = p + q->text.len;
    while (q->text.len && (p = memchr(p, '\n', (size_t)(end - p)))) {
        lines++;
        p++;
    }
    return lines;
}

bool queue_peek(const struct queue *q, const char **line, size_t *n)
{
    if (!q->text.len)
        return false;
    *line = q->text.p;
    *n = (size_t)((const char *)memchr(q->text.p, '\n', q->text.len) - q->text.p);
    return true;
}

void queue_pop(struct queue *q)
{
    const char *line;
    size_t n;
    if (queue_peek(q, &line, &n))
        buf_consume(&q->text, n + 1);
}

size_t queue_flight(const struct queue *q, const struct proto *p)
{
    size_t at = 0;
    while (at < q->text.len) {
        const char *line = q->text.p + at;
        size_t n = (size_t)((const char *)memchr(line, '\n', q->text.len - at) - line);
        size_t m = 0;
        while (m < n && line[m] != ' ')
            m++;
        const struct verb *v = p ? proto_verb(p, line, m) : NULL;
        at += n + 1;
        if (v && (v->flags & (VERB_LAST | VERB_LETTER | VERB_AUTH)))
            break;
    }
    return at;
}

size_t queue_letter(const struct queue *q)
{
    for (size_t at = 0; at < q->text.len;) {
        const char *line = q->text.p + at;
        size_t n = (size_t)((const char *)memchr(line, '\n', q->text.len - at) - line);
        at += n + 1;
        if (n == 1 && line[0] == '.')
            return at;
    }
    return 0;
}

bool queue_is_lines(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t e = line_end(text + i, n - i);
        if (e)
            return i + e < n;
    }
    return false;
}
