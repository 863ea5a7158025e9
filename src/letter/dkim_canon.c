/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The canonical forms of fields and bodies, in which a signature sees them. RFC
 * 6376 3.4, 3.7, 5.4.2. */
#include "letter/dkim_priv.h"

#include <stdlib.h>
#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- the body ---- */

struct pieces {
    body_fn *fn;
    void *arg;
    uint64_t limit, total;
    size_t n;
    char p[16384];
};

static void flush(struct pieces *o)
{
    if (o->n)
        o->fn(o->arg, o->p, o->n);
    o->n = 0;
}

static void put(struct pieces *o, const char *p, size_t n)
{
    uint64_t room = o->total < o->limit ? o->limit - o->total : 0;
    o->total += n;
    if (n > room)
        n = (size_t)room;
    if (n > sizeof o->p - o->n)
        flush(o);
    if (n > sizeof o->p) {
        o->fn(o->arg, p, n);
    } else if (n) {
        memcpy(o->p + o->n, p, n);
        o->n += n;
    }
}

/* A line without its end: blanks become one space, those at its end none. */
static void put_relaxed(struct pieces *o, const char *p, size_t n)
{
    if (n < sizeof o->p / 2 && o->limit - o->total > n && o->limit >= o->total) {
        /* The usual line: straight into the buffer. */
        if (n > sizeof o->p - o->n)
            flush(o);
        char *to = o->p + o->n, *start = to;
        bool gap = false;
        for (size_t i = 0; i < n; i++) {
            char c = p[i];
            bool space = c == ' ' || c == '\t';
            if (!space || !gap)
                *to++ = space ? ' ' : c;
            gap = space;
        }
        o->n += (size_t)(to - start);
        o->total += (uint64_t)(to - start);
        return;
    }
    for (size_t at = 0; at < n;) {
        size_t k = at;
        while (k < n && !blank(p[k]))
            k++;
        if (k > at)
            put(o, p + at, k - at);
        at = k;
        while (at < n && blank(p[at]))
            at++;
        if (at < n && at > k)
            put(o, " ", 1);
    }
}

uint64_t dkim_body(const char *body, size_t n, bool relaxed, uint64_t limit, body_fn *fn, void *arg)
{
    struct pieces *o = xmalloc(sizeof *o);
    *o = (struct pieces){.fn = fn, .arg = arg, .limit = limit};
    uint64_t empty = 0; /* lines that count only if another follows */
    bool any = false;
    for (size_t at = 0; at < n;) {
        /* A line ends in CRLF; a bare LF or CR is part of it. */
        size_t end = at;
        const char *lf = NULL;
        while (end < n && (lf = memchr(body + end, '\n', n - end)) != NULL) {
            end = (size_t)(lf - body);
            if (end > at && lf[-1] == '\r')
                break;
            end++;
            lf = NULL;
        }
        size_t len = lf ? end - 1 - at : n - at;
        const char *p = body + at;
        at = lf ? end + 1 : n;
        if (relaxed)
            while (len && blank(p[len - 1]))
                len--;
        if (!len) {
            empty++;
            continue;
        }
        for (; empty; empty--)
            put(o, "\r\n", 2);
        if (relaxed)
            put_relaxed(o, p, len);
        else
            put(o, p, len);
        put(o, "\r\n", 2);
        any = true;
    }
    if (!any && !relaxed)
        put(o, "\r\n", 2); /* RFC 6376 3.4.3: an empty body is one CRLF, 3.4.4: or nothing */
    flush(o);
    uint64_t total = o->total;
    free(o);
    return total;
}

/* ---- fields ---- */

static bool add_relaxed(const char *p, size_t n, struct buf *out)
{
    bool gap = false, begun = false;
    for (size_t i = 0; i < n; i++) {
        if (blank(p[i]) || p[i] == '\r' || p[i] == '\n') {
            gap = true;
            continue;
        }
        if (gap && begun && !buf_add_char(out, ' '))
            return false;
        size_t k = i;
        while (k < n && !blank(p[k]) && p[k] != '\r' && p[k] != '\n')
            k++;
        if (!buf_add(out, p + i, k - i))
            return false;
        i = k - 1;
        gap = false;
        begun = true;
    }
    return true;
}

static bool add_name(const struct field *f, struct buf *out)
{
    char *p = buf_room(out, f->name + 1);
    if (!p)
        return false;
    for (size_t i = 0; i < f->name; i++)
        p[i] = f->raw[i] >= 'A' && f->raw[i] <= 'Z' ? (char)(f->raw[i] + 32) : f->raw[i];
    p[f->name] = ':';
    buf_grew(out, f->name + 1);
    return true;
}

bool dkim_field(const struct field *f, bool relaxed, struct buf *out)
{
    if (relaxed)
        return add_name(f, out) && add_relaxed(f->value, f->nvalue, out) && buf_add(out, "\r\n", 2);
    size_t n = (size_t)(f->value - f->raw) + f->nvalue;
    return buf_add(out, f->raw, n) && buf_add(out, "\r\n", 2);
}

bool dkim_field_unsigned(const struct field *f, bool relaxed, const char *value, size_t n,
                         struct buf *out)
{
    struct buf b;
    size_t before = (size_t)(value - f->raw), all = (size_t)(f->value - f->raw) + f->nvalue;
    buf_init(&b, all + 1);
    bool ok = buf_add(&b, f->raw, before) && buf_add(&b, value + n, all - before - n);
    size_t head = (size_t)(f->value - f->raw);
    if (ok && relaxed)
        ok = add_name(f, out) && add_relaxed(b.p + head, b.len - head, out);
    else if (ok)
        ok = buf_add(out, b.p, b.len);
    buf_clear(&b);
    return ok;
}

bool dkim_fields(const struct mailtext *m, const struct tag *h, bool relaxed, struct buf *out)
{
    struct used {
        uint32_t hash;
        size_t next; /* fields before this one are left */
    } *used = xcalloc(DKIM_NAMES, sizeof *used);
    size_t names = 0, count = 0;
    const char *word;
    bool ok = true;
    for (size_t at = 0, n; ok && tag_next(h, &at, &word, &n);) {
        if (++count > DKIM_NAMES) {
            ok = false;
            break;
        }
        uint32_t hash = field_hash(word, n);
        size_t k = 0;
        while (k < names && used[k].hash != hash)
            k++;
        if (k == names)
            used[names++] = (struct used){hash, m->n};
        size_t i = used[k].next;
        while (i > 0 && (m->at[i - 1].hash != hash || m->at[i - 1].name != n))
            i--;
        used[k].next = i ? i - 1 : 0;
        if (i)
            ok = dkim_field(&m->at[i - 1], relaxed, out);
    }
    free(used);
    return ok;
}

/* ---- base64 ---- */

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_read(const char *s, size_t len, unsigned char *out, size_t *n)
{
    uint32_t v = 0;
    unsigned bits = 0, padding = 0;
    size_t got = 0, digits = 0;
    for (size_t i = 0; i < len; i++) {
        if (blank(s[i]) || s[i] == '\r' || s[i] == '\n')
            continue;
        int d = digit(s[i]);
        if (s[i] == '=' && padding < 2) {
            padding++;
            continue;
        }
        if (d < 0 || padding)
            return false;
        digits++;
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            if (got == *n)
                return false;
            bits -= 8;
            out[got++] = (unsigned char)(v >> bits);
        }
    }
    if (!digits || digits % 4 == 1 || (padding && (digits + padding) % 4))
        return false;
    *n = got;
    return true;
}

bool base64_write(const unsigned char *p, size_t n, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bool ok = true;
    for (size_t i = 0; i < n && ok; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);
        const char q[4] = {digits[v >> 18], digits[v >> 12 & 63],
                           i + 1 < n ? digits[v >> 6 & 63] : '=', i + 2 < n ? digits[v & 63] : '='};
        ok = buf_add(out, q, 4);
    }
    return ok;
}
