/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plain letter for a test: Date, From, To, Subject, Message-ID, what --header says, and a text.
 * What needs MIME goes on to compose_mime.c. RFC 5322 3.6. */
#include "heloscope/compose.h"
#include "heloscope/harmless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define LINE_FOLD 900 /* a To: of many recipients is folded before RFC 5322's 998 */

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80)
            return false;
    return true;
}

/* The length of the field's name; 0: it is none (RFC 5322 2.2). */
static size_t field_name(const char *h)
{
    size_t n = 0;
    while (h[n] > ' ' && h[n] < 0x7f && h[n] != ':')
        n++;
    return h[n] == ':' ? n : 0;
}

static bool given(const struct compose *c, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < c->nheaders; i++)
        if (field_name(c->headers[i]) == n && strncasecmp(c->headers[i], name, n) == 0)
            return true;
    return false;
}

static bool check(const struct compose *c, char *why, size_t size)
{
    for (size_t i = 0; i < c->nheaders; i++) {
        const char *h = c->headers[i];
        if (field_name(h) == 0 || strpbrk(h, "\r\n")) {
            struct buf clean; /* it is one line, whatever the value holds */
            buf_init(&clean, 700);
            text_clean(&clean, h, strnlen(h, 60));
            snprintf(why, size, "--header wants 'Name: value' in one line, not '%s'",
                     buf_str(&clean));
            buf_clear(&clean);
            return false;
        }
    }
    return true;
}

static void add_to(const struct compose *c, struct buf *out)
{
    size_t column = 4;
    buf_add_str(out, "To: ");
    for (size_t i = 0; i < c->nto; i++) {
        size_t n = strlen(c->to[i]);
        if (i > 0)
            buf_add_str(out, column + n > LINE_FOLD ? ",\n " : ", ");
        column = column + n > LINE_FOLD ? n : column + n + 2;
        buf_add_str(out, c->to[i]);
    }
    buf_add_char(out, '\n');
}

static void add_head(const struct compose *c, struct buf *out)
{
    char date[64] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (localtime_r(&now, &tm))
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z", &tm);
    if (!given(c, "Date"))
        buf_addf(out, "Date: %s\n", date);
    if (!given(c, "From"))
        buf_addf(out, "From: <%s>\n", c->from);
    if (!given(c, "To"))
        add_to(c, out);
    if (!given(c, "Subject"))
        buf_addf(out, "Subject: test %s\n", date);
    if (!given(c, "Message-ID"))
        buf_addf(out, "Message-ID: <%lld.%ld.%lu@%s>\n", (long long)now, (long)getpid(), c->number,
                 c->host);
    for (size_t i = 0; i < c->nheaders; i++)
        buf_addf(out, "%s\n", c->headers[i]);
}

bool compose_letter(const struct compose *c, struct buf *out, char *why, size_t size)
{
    static const char text[] = "This is a test. It was sent by heloscope.\n";
    const char *body = c->body ? c->body : text;
    size_t nbody = c->body ? c->nbody : sizeof text - 1;
    struct buf head;
    bool ok = check(c, why, size);
    buf_init(&head, out->max);
    if (ok)
        add_head(c, &head);
    if (ok && (c->nattach > 0 || !is_ascii(buf_str(&head), head.len))) {
        struct compose whole = *c;
        whole.body = body;
        whole.nbody = nbody;
        ok = compose_mime(&whole, buf_str(&head), out, why, size);
    } else if (ok) {
        if (!is_ascii(body, nbody) && !given(c, "Content-Type"))
            buf_add_str(&head, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                               "Content-Transfer-Encoding: 8bit\n");
        ok = buf_add(out, head.p, head.len) && buf_add_char(out, '\n') && buf_add(out, body, nbody);
        if (!ok)
            snprintf(why, size, "the letter is larger than %zu MiB", out->max >> 20);
    }
    buf_clear(&head);
    return ok;
}
