/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain --jsonl`: replies in, causes out, a line each and in order. What has come is answered
 * before more is waited for. cause_jsonl_put.c answers. */
#include "know/cause_jsonl.h"
#include "core/lazy/utf8proc.gen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 1 << 20, BLOCK = 1 << 17 };

struct in {
    FILE *file;
    int error; /* errno */
    bool end;
    size_t from, to; /* of room: not looked at yet */
    char room[LINE_MAX_OCTETS + BLOCK];
    char work[LINE_MAX_OCTETS + BLOCK]; /* of one line: strings without their escapes */
};

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
        if (d > 15)
            return UINT32_MAX;
        v = v << 4 | d;
    }
    return v;
}

/* An escape behind its backslash; *at moves on. Returns what was written, 0: not one of the plain
 * kind. */
static size_t escape(const char **at, const char *end, char *to)
{
    static const char from[] = "nrt\"\\/bf", is[] = "\n\r\t\"\\/\b\f";
    const char *p = *at, *e = p < end && *p ? strchr(from, *p) : NULL;
    if (e) {
        *to = is[e - from];
        *at = p + 1;
        return 1;
    }
    if (end - p < 5 || *p != 'u')
        return 0;
    unsigned c = hex4(p + 1);
    *at = p + 5;
    if (c >= 0xd800 && c < 0xdc00 && end - p >= 11 && p[5] == '\\' && p[6] == 'u') {
        unsigned low = hex4(p + 7);
        *at = p + 11;
        if (low < 0xdc00 || low > 0xdfff)
            return 0;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)to);
}

/* The octets that need no look: neither quote nor backslash nor control nor UTF-8. */
static const char *skip_plain(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
    for (; end - p >= 8; p += 8) {
        uint64_t v, quote, slash;
        memcpy(&v, p, 8);
        quote = v ^ ones * '"';
        slash = v ^ ones * '\\';
        if ((v | (v - ones * 0x20) | (quote - ones) | (slash - ones)) & tops)
            break;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\')
        p++;
    return p;
}

/* A member's string, where it stands or in `work`. False: not the plain kind (see plain()). */
static bool plain_string(const char **at, const char *end, char **work, struct span *out)
{
    const char *p = *at, *s;
    if (p == end || *p++ != '"')
        return false;
    *out = (struct span){p, 0};
    char *w = NULL;
    for (s = p; p < end; s = p) {
        p = skip_plain(p, end);
        size_t n = (size_t)(p - s);
        if (w) {
            memcpy(w, s, n);
            w += n;
        }
        if (p == end)
            return false;
        if (*p == '"') {
            out->n = w ? (size_t)(w - out->p) : (size_t)(p - out->p);
            if (w)
                *work = w;
            *at = p + 1;
            return true;
        }
        if (*p == '\\') {
            if (!w) {
                n = (size_t)(p - out->p);
                w = *work;
                memcpy(w, out->p, n);
                out->p = w;
                w += n;
            }
            p++;
            n = escape(&p, end, w);
            if (!n)
                return false;
            w += n;
        } else {
            utf8proc_int32_t c;
            utf8proc_ssize_t k = (unsigned char)*p < 0x80
                                     ? 0
                                     : utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &c);
            if (k <= 0)
                return false;
            if (w) {
                memcpy(w, p, (size_t)k);
                w += k;
            }
            p += k;
        }
    }
    return false;
}

/* A whole number that JSON and everybody else writes in the same way. */
static bool plain_number(const char **at, const char *end, struct span *out)
{
    const char *p = *at;
    while (p < end && *p >= '0' && *p <= '9' && p - *at < 16)
        p++;
    *out = (struct span){*at, (size_t)(p - *at)};
    bool ok = out->n > 0 && (out->n == 1 || **at != '0') && p < end && strchr(",} \t", *p);
    *at = p;
    return ok;
}

static const char *blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* Nearly every line is an object of strings; those are read in place, ten times faster than by
 * building a tree. False: it is not such a line, ask jansson. `work` has room for the line. */
static bool plain(const char *p, const char *end, char *work, struct jsonl_query *q)
{
    p = blanks(p, end);
    if (p == end || *p++ != '{')
        return false;
    for (;;) {
        struct span key, value, *to = NULL;
        p = blanks(p, end);
        if (!plain_string(&p, end, &work, &key))
            return false;
        p = blanks(p, end);
        if (p == end || *p++ != ':')
            return false;
        p = blanks(p, end);
        bool digits = p < end && *p >= '0' && *p <= '9';
        if (end - p > 4 && !memcmp(p, "null", 4)) {
            value = (struct span){NULL, 0};
            p += 4;
        } else if (digits ? !plain_number(&p, end, &value) : !plain_string(&p, end, &work, &value))
            return false;
        if (key.n == 2 && !memcmp(key.p, "id", 2)) {
            to = &q->id;
            q->digits = digits;
        } else if (digits) {
            return false;
        } else if (key.n == 8 && !memcmp(key.p, "protocol", 8)) {
            to = &q->proto;
        } else if (key.n == 5 && !memcmp(key.p, "stage", 5)) {
            to = &q->stage;
        } else if (key.n == 5 && !memcmp(key.p, "reply", 5)) {
            to = &q->reply;
        }
        if (to)
            *to = value;
        p = blanks(p, end);
        if (p < end && *p == ',') {
            p++;
            continue;
        }
        return p < end && *p == '}' && blanks(p + 1, end) == end && q->reply.p;
    }
}

static struct span string_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v))
        return (struct span){NULL, 0};
    return (struct span){json_string_value(v), json_string_length(v)};
}

/* NULL, or why the line cannot be answered. */
static const char *one_line(struct jsonl_out *out, const char *line, size_t n, char *work,
                            json_error_t *why)
{
    struct jsonl_query q = {0};
    if (plain(line, line + n, work, &q)) {
        jsonl_answer(out, &q);
        return NULL;
    }
    json_t *o = json_loadb(line, n, JSON_ALLOW_NUL, why);
    if (!o)
        return why->text;
    q = (struct jsonl_query){.id = string_of(o, "id"),
                             .proto = string_of(o, "protocol"),
                             .stage = string_of(o, "stage"),
                             .reply = string_of(o, "reply"),
                             .other = json_object_get(o, "id")};
    if (q.reply.p)
        jsonl_answer(out, &q);
    json_decref(o);
    return q.reply.p ? NULL : "not an object with a string \"reply\"";
}

/* Reads on behind `to`, where BLOCK is free. What the reader has of its own is taken if it has no
 * descriptor (memory). */
static void more(struct in *in)
{
    ssize_t n;
    int fd = fileno(in->file);
    do
        n = fd < 0 ? (ssize_t)fread(in->room + in->to, 1, BLOCK, in->file)
                   : read(fd, in->room + in->to, BLOCK);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        in->error = errno;
    in->end = n <= 0;
    in->to += n > 0 ? (size_t)n : 0;
}

/* The next line, without its end; *over: it is longer than LINE_MAX_OCTETS and left out. False: no
 * more. */
static bool next_line(struct in *in, struct jsonl_out *out, struct span *line, bool *over)
{
    size_t looked = in->from;
    *over = false;
    for (;;) {
        char *nl = memchr(in->room + looked, '\n', in->to - looked);
        if (nl || in->end) {
            *line = (struct span){in->room + in->from,
                                  (nl ? (size_t)(nl - in->room) : in->to) - in->from};
            in->from += line->n + (nl ? 1 : 0);
            *over |= line->n > LINE_MAX_OCTETS;
            return nl || line->n || *over;
        }
        if (in->from)
            memmove(in->room, in->room + in->from, in->to - in->from);
        in->to -= in->from;
        in->from = 0;
        if (in->to > LINE_MAX_OCTETS) {
            *over = true;
            in->to = 0;
        }
        looked = in->to;
        jsonl_flush(out);
        more(in);
    }
}

bool cause_jsonl(FILE *from, FILE *to, size_t *good, size_t *bad)
{
    struct in *in = malloc(sizeof *in);
    struct jsonl_out *out = jsonl_out_new(to);
    size_t count = 0, ok = 0, wrong = 0;
    struct span line;
    bool over, done = false;
    int error = ENOMEM;
    if (in && out) {
        in->file = from;
        in->from = in->to = 0;
        in->error = 0;
        in->end = false;
        while (!ferror(to) && next_line(in, out, &line, &over)) {
            json_error_t why;
            count++;
            if (!over && blanks(line.p, line.p + line.n) == line.p + line.n)
                continue;
            const char *fault =
                over ? "longer than 1 MiB" : one_line(out, line.p, line.n, in->work, &why);
            if (fault)
                jsonl_error(out, count, fault);
            *(fault ? &wrong : &ok) += 1;
        }
        jsonl_flush(out);
        error = in->error;
        done = !error && !ferror(from);
    }
    free(in);
    jsonl_out_free(out);
    if (good)
        *good = ok;
    if (bad)
        *bad = wrong;
    if (error)
        errno = error;
    return done && fflush(to) == 0 && !ferror(to);
}
