/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lone replies, line by line: `explain` and `open` read them through the same function. What a line
 * of a log quotes is logmail.c's to find. RFC 3464 2 for the fields of a notification. */
#include "loglone.h"
#include "logmail.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 8192

bool loglone_style(enum log_style style)
{
    return style == LOG_MAILLOG || style == LOG_DSN || style == LOG_REPLY;
}

void loglone_init(struct loglone *x, const struct logtext *kind)
{
    memset(x, 0, sizeof *x);
    x->style = kind->style;
    x->proto = kind->proto;
    buf_init(&x->value, VALUE_MAX);
}

void loglone_clear(struct loglone *x)
{
    buf_clear(&x->value);
}

static const struct proto *named(const char *name)
{
    return proto_find(name, strlen(name), NULL, NULL);
}

static bool field(const char *p, size_t n, const char *name, struct span *value)
{
    size_t k = strlen(name);
    if (n < k || strncasecmp(p, name, k) != 0)
        return false;
    while (k < n && (p[k] == ' ' || p[k] == '\t'))
        k++;
    *value = (struct span){p + k, n - k};
    return true;
}

static size_t indent(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (p[i] == ' ' || p[i] == '\t'))
        i++;
    return i;
}

static bool more_follows(const char *p, size_t n)
{
    return n > 3 && p[3] == '-' && p[0] >= '2' && p[0] <= '5';
}

/* A line of a bare reply: does it go on with the reply that is open? What is no reply belongs to
 * the one before. */
static bool goes_on(const struct loglone *x, const char *p, size_t n)
{
    size_t from = indent(p, n);
    const struct buf *b = &x->value;
    const char *lf = b->len ? memrchr(b->p, '\n', b->len) : NULL;
    const char *before = lf ? lf + 1 : buf_str(b);
    size_t len = b->len - (size_t)(before - buf_str(b));
    if (!x->open || n == 0)
        return false;
    if (!logtext_reply(p + from, n - from))
        return true;
    return more_follows(before, len) && n - from >= 3 && memcmp(before, p + from, 3) == 0;
}

bool loglone_ends(const struct loglone *x, const char *p, size_t n)
{
    if (!x->open)
        return false;
    if (x->style == LOG_DSN)
        return indent(p, n) == 0;
    /* an empty line between two replies ends nothing: what is no reply may follow it */
    return n > 0 && !goes_on(x, p, n);
}

bool loglone_take(struct loglone *x, struct lone *out)
{
    struct reply r = {0};
    if (!x->open)
        return false;
    x->open = false;
    *out = (struct lone){.proto = x->proto, .text = {buf_str(&x->value), x->value.len}};
    if (x->style == LOG_DSN) {
        out->proto = named("smtp");
        out->network = !logmail_diagnostic(buf_str(&x->value), x->value.len, &out->text);
        out->recipient = (struct span){x->recipient, strlen(x->recipient)};
        return true;
    }
    for (size_t k = 0;
         proto_list[k] && out->proto->reply(NULL, out->text.p, out->text.n, &r) == REPLY_GARBAGE;
         k++) {
        out->proto = proto_list[k];
        memset(&r, 0, sizeof r);
    }
    return true;
}

static enum lone_line dsn_add(struct loglone *x, const char *p, size_t n)
{
    struct span v;
    size_t from = indent(p, n);
    if (x->open && from > 0) {
        buf_add_char(&x->value, ' ');
        buf_add(&x->value, p + from, n - from);
        return LONE_PART;
    }
    if (field(p, n, "Final-Recipient:", &v)) {
        const char *semi = memchr(v.p, ';', v.n);
        size_t skip = semi ? (size_t)(semi - v.p) + 1 : 0;
        while (skip < v.n && v.p[skip] == ' ')
            skip++;
        size_t len = v.n - skip < sizeof x->recipient ? v.n - skip : sizeof x->recipient - 1;
        snprintf(x->recipient, sizeof x->recipient, "%.*s", (int)len, v.p + skip);
    } else if (field(p, n, "Diagnostic-Code:", &v)) {
        buf_trim(&x->value, 0);
        buf_add(&x->value, v.p, v.n < VALUE_MAX / 2 ? v.n : VALUE_MAX / 2);
        x->open = true;
        return LONE_PART;
    } else if (n == 0) {
        x->recipient[0] = '\0';
    }
    return LONE_TEXT;
}

static enum lone_line reply_add(struct loglone *x, const char *p, size_t n, size_t *from)
{
    *from = indent(p, n);
    if (!goes_on(x, p, n) && logtext_reply(p + *from, n - *from)) {
        buf_trim(&x->value, 0);
        x->open = true;
    }
    if (!x->open || n == 0)
        return LONE_TEXT;
    if (x->value.len)
        buf_add_char(&x->value, '\n');
    buf_add(&x->value, p + *from, n - *from);
    return LONE_PART;
}

enum lone_line loglone_add(struct loglone *x, const char *p, size_t n, size_t *from,
                           struct lone *out)
{
    struct logmail m;
    *from = 0;
    if (x->style == LOG_DSN)
        return dsn_add(x, p, n);
    if (x->style == LOG_REPLY)
        return reply_add(x, p, n, from);
    if (!logmail_line(p, n, &m))
        return LONE_TEXT;
    *out = (struct lone){.proto = named(m.proto),
                         .verb = m.verb,
                         .text = m.reply,
                         .recipient = m.recipient,
                         .network = m.network};
    return out->proto ? LONE_WHOLE : LONE_TEXT;
}

void lone_moment(const struct lone *one, struct moment *m, struct buf *text)
{
    const struct proto *p = one->proto;
    const char *at = one->text.p, *end = at + one->text.n, *verb = one->verb;
    *m = (struct moment){.proto = p};
    p->begin(&m->before);
    if (verb) {
        m->command.verb = proto_verb(p, verb, strlen(verb));
        m->command.replies = 1;
        snprintf(m->command.name, sizeof m->command.name, "%s", verb);
        if (m->command.verb && m->command.verb->legal)
            m->before.state = (uint8_t)__builtin_ctz(m->command.verb->legal);
    }
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((lf ? lf : end) - at);
        if (n > 0 && at[n - 1] == '\r')
            n--;
        if (!one->network)
            p->reply(&m->command, at, n, &m->reply);
        buf_add(text, at, n);
        buf_add_char(text, '\n');
        at = lf ? lf + 1 : end;
    }
    m->after = m->before;
    if (m->reply.cls != REPLY_NONE)
        p->step(&m->after, &m->command, &m->reply);
}
