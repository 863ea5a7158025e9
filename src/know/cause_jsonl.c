/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain --jsonl`: replies in, causes out, a line each and in order. */
#include "heloscope/cause.h"
#include "core/lazy/jansson.gen.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 1 << 20 };

struct out {
    FILE *file;
    size_t n;
    char room[1 << 16];
};

static void flush(struct out *o)
{
    fwrite(o->room, 1, o->n, o->file);
    o->n = 0;
}

static void put(struct out *o, const char *s, size_t n)
{
    if (n > sizeof o->room - o->n)
        flush(o);
    if (n > sizeof o->room)
        fwrite(s, 1, n, o->file);
    else if (n) {
        memcpy(o->room + o->n, s, n);
        o->n += n;
    }
}

static void puts_(struct out *o, const char *s)
{
    put(o, s, strlen(s));
}

static void put_json(struct out *out, const char *s, size_t n)
{
    put(out, "\"", 1);
    size_t run = 0;
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = i < n ? (unsigned char)s[i] : 0;
        char esc[8];
        if (i < n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        put(out, s + run, i - run);
        run = i + 1;
        if (i == n)
            break;
        if (c == '"' || c == '\\')
            snprintf(esc, sizeof esc, "\\%c", c);
        else
            snprintf(esc, sizeof esc, "\\u%04x", c);
        puts_(out, esc);
    }
    put(out, "\"", 1);
}

static void put_member(struct out *out, const char *name, const char *value)
{
    put(out, ",\"", 2);
    puts_(out, name);
    put(out, "\":", 2);
    put_json(out, value, strlen(value));
}

static void put_error(struct out *out, size_t line, const char *why)
{
    char head[80];
    snprintf(head, sizeof head, "{\"id\":null,\"cause\":null,\"line\":%zu", line);
    puts_(out, head);
    put_member(out, "error", why);
    put(out, "}\n", 2);
}

/* digits: id is a number, as it stood there. */
static void put_id(struct out *out, struct span id, bool digits, const json_t *other)
{
    char *text = id.p || !other ? NULL : json_dumps(other, JSON_ENCODE_ANY | JSON_COMPACT);
    puts_(out, "{\"id\":");
    if (id.p && digits)
        put(out, id.p, id.n);
    else if (id.p)
        put_json(out, id.p, id.n);
    else
        puts_(out, text ? text : "null");
    free(text);
}

static void put_answer(struct out *out, struct span id, bool digits, const json_t *other,
                       const struct cause_answer *a)
{
    char number[64];
    const struct cause_label *l = cause_label(a->found[0].cause);
    put_id(out, id, digits, other);
    put_member(out, "cause", l->name);
    put_member(out, "confidence", cause_sure_name(a->found[0].sure));
    puts_(out, ",\"causes\":[");
    for (int i = 0; i < a->n; i++) {
        puts_(out, i ? ",{\"cause\":\"" : "{\"cause\":\"");
        puts_(out, cause_label(a->found[i].cause)->name);
        puts_(out, "\",\"confidence\":\"");
        puts_(out, cause_sure_name(a->found[i].sure));
        put(out, "\"}", 2);
    }
    put(out, "]", 1);
    put_member(out, "family", l->family);
    if (a->code) {
        snprintf(number, sizeof number, ",\"code\":%d", a->code);
        puts_(out, number);
    }
    if (a->enhanced[0]) {
        snprintf(number, sizeof number, "%u.%u.%u", a->enhanced[0], a->enhanced[1], a->enhanced[2]);
        put_member(out, "enhanced", number);
    }
    put_member(out, "what", a->what);
    if (a->who[0])
        put_member(out, "who", a->who);
    put_member(out, "mends", a->mends);
    put_member(out, "next", a->next);
    if (a->provider[0])
        put_member(out, "provider", a->provider);
    if (a->ref[0]) {
        puts_(out, ",\"refs\":[");
        put_json(out, a->ref, strlen(a->ref));
        put(out, "]", 1);
    }
    put(out, "}\n", 2);
}

struct query {
    struct span id, proto, stage, reply; /* p NULL: not there */
    bool digits;                         /* id is a number, as it stood there */
};

/* A member's string, in place. False: not the plain kind (see plain()). */
static bool plain_string(char **at, const char *end, struct span *out)
{
    char *p = *at, *w;
    if (p == end || *p++ != '"')
        return false;
    out->p = w = p;
    for (; p < end && *p != '"'; p++) {
        static const char from[] = "nrt\"\\/", to[] = "\n\r\t\"\\/";
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c >= 0x80)
            return false;
        if (c == '\\') {
            const char *e = ++p < end && *p ? strchr(from, *p) : NULL;
            if (!e)
                return false;
            c = (unsigned char)to[e - from];
        }
        *w++ = (char)c;
    }
    out->n = (size_t)(w - out->p);
    *at = p + 1;
    return p < end;
}

/* A whole number that JSON and everybody else writes in the same way. */
static bool plain_number(char **at, const char *end, struct span *out)
{
    char *p = *at;
    while (p < end && *p >= '0' && *p <= '9' && p - *at < 16)
        p++;
    *out = (struct span){*at, (size_t)(p - *at)};
    bool ok = out->n > 0 && (out->n == 1 || **at != '0') && p < end && strchr(",} \t", *p);
    *at = p;
    return ok;
}

static char *blanks(char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* Nearly every line is an object of ASCII strings with simple escapes; those are read in place, ten
 * times faster than by building a tree. False: it is not such a line, ask jansson (`p` is spoilt).
 */
static bool plain(char *p, const char *end, struct query *q)
{
    static const char *const names[] = {"id", "protocol", "stage", "reply"};
    struct span *const at[] = {&q->id, &q->proto, &q->stage, &q->reply};
    p = blanks(p, end);
    if (p == end || *p++ != '{')
        return false;
    for (;;) {
        struct span key, value;
        p = blanks(p, end);
        if (!plain_string(&p, end, &key))
            return false;
        p = blanks(p, end);
        if (p == end || *p++ != ':')
            return false;
        p = blanks(p, end);
        bool digits = p < end && *p >= '0' && *p <= '9';
        if (digits ? !plain_number(&p, end, &value) : !plain_string(&p, end, &value))
            return false;
        bool id = key.n == 2 && !memcmp(key.p, "id", 2);
        if (digits && !id)
            return false;
        if (id)
            q->digits = digits;
        for (int i = 0; i < 4; i++)
            if (key.n == strlen(names[i]) && !memcmp(key.p, names[i], key.n))
                *at[i] = value;
        p = blanks(p, end);
        if (p < end && *p == ',') {
            p++;
            continue;
        }
        return p < end && *p == '}' && blanks(p + 1, end) == end && q->reply.p;
    }
}

static void answer(struct out *out, const struct query *q, const json_t *id)
{
    char proto[8];
    struct cause_answer a;
    struct cause_question ask = {
        .stage = cause_stage_by_name(q->stage.p ? q->stage.p : "", q->stage.p ? q->stage.n : 0),
        .text = q->reply.p,
        .n = q->reply.n};
    if (q->proto.p && q->proto.n && q->proto.n < sizeof proto) {
        memcpy(proto, q->proto.p, q->proto.n);
        proto[q->proto.n] = '\0';
        ask.proto = proto;
    }
    cause_find(&ask, &a);
    put_answer(out, q->id, q->digits, id, &a);
}

static struct span string_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v))
        return (struct span){NULL, 0};
    return (struct span){json_string_value(v), json_string_length(v)};
}

/* NULL, or why the line cannot be answered. `work` has room for the line too. */
static const char *one_line(struct out *out, const char *line, size_t n, char *work,
                            json_error_t *why)
{
    struct query q = {0};
    memcpy(work, line, n);
    if (plain(work, work + n, &q)) {
        answer(out, &q, NULL);
        return NULL;
    }
    json_t *o = json_loadb(line, n, JSON_ALLOW_NUL, why);
    if (!o)
        return why->text;
    q = (struct query){.id = string_of(o, "id"),
                       .proto = string_of(o, "protocol"),
                       .stage = string_of(o, "stage"),
                       .reply = string_of(o, "reply")};
    if (q.reply.p)
        answer(out, &q, json_object_get(o, "id"));
    json_decref(o);
    return q.reply.p ? NULL : "not an object with a string \"reply\"";
}

/* The next line, without its end, at most LINE_MAX_OCTETS of it: fgets would lose NULs, getline
 * would take a line of a GB into memory. False: no more. */
static bool next_line(FILE *in, char *line, size_t *n, bool *over)
{
    int c;
    *n = 0;
    *over = false;
    while ((c = getc_unlocked(in)) != EOF && c != '\n') {
        if (*n < LINE_MAX_OCTETS)
            line[(*n)++] = (char)c;
        else
            *over = true;
    }
    return c != EOF || *n;
}

static bool blank(char *line, size_t n)
{
    return blanks(line, line + n) == line + n;
}

bool cause_jsonl(FILE *in, FILE *file, size_t *good, size_t *bad)
{
    char *line = malloc(LINE_MAX_OCTETS), *work = malloc(LINE_MAX_OCTETS);
    struct out *out = malloc(sizeof *out);
    size_t n, count = 0, ok = 0, wrong = 0;
    bool over;
    if (line && work && out) {
        out->file = file;
        out->n = 0;
        while (!ferror(file) && next_line(in, line, &n, &over)) {
            json_error_t why;
            count++;
            if (!over && blank(line, n))
                continue;
            const char *fault = over ? "longer than 1 MiB" : one_line(out, line, n, work, &why);
            if (fault)
                put_error(out, count, fault);
            *(fault ? &wrong : &ok) += 1;
        }
        flush(out);
    }
    bool done = line && work && out;
    free(line);
    free(work);
    free(out);
    if (good)
        *good = ok;
    if (bad)
        *bad = wrong;
    return done && !ferror(in) && fflush(file) == 0 && !ferror(file);
}
