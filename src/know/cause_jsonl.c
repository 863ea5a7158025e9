/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain --jsonl`: replies in, causes out, a line each and in order. */
#include "heloscope/cause.h"

#include <jansson.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 1 << 20 };

static void put_json(FILE *out, const char *s, size_t n)
{
    putc('"', out);
    size_t run = 0;
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = i < n ? (unsigned char)s[i] : 0;
        if (i < n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        fwrite(s + run, 1, i - run, out);
        if (i < n && (c == '"' || c == '\\'))
            putc('\\', out), putc(c, out);
        else if (i < n)
            fprintf(out, "\\u%04x", c);
        run = i + 1;
    }
    putc('"', out);
}

static void put_member(FILE *out, const char *name, const char *value)
{
    fputs(",\"", out);
    fputs(name, out);
    fputs("\":", out);
    put_json(out, value, strlen(value));
}

static void put_error(FILE *out, size_t line, const char *why)
{
    fprintf(out, "{\"id\":null,\"cause\":null,\"line\":%zu,\"error\":", line);
    put_json(out, why, strlen(why));
    fputs("}\n", out);
}

static void put_answer(FILE *out, const json_t *id, const struct cause_answer *a)
{
    fputs("{\"id\":", out);
    if (json_is_string(id))
        put_json(out, json_string_value(id), json_string_length(id));
    else if (id && json_dumpf(id, out, JSON_ENCODE_ANY | JSON_COMPACT) != 0)
        fputs("null", out);
    else if (!id)
        fputs("null", out);
    const struct cause_label *l = cause_label(a->found[0].cause);
    put_member(out, "cause", l->name);
    put_member(out, "confidence", cause_sure_name(a->found[0].sure));
    fputs(",\"causes\":[", out);
    for (int i = 0; i < a->n; i++) {
        fputs(i ? ",{\"cause\":\"" : "{\"cause\":\"", out);
        fputs(cause_label(a->found[i].cause)->name, out);
        fputs("\",\"confidence\":\"", out);
        fputs(cause_sure_name(a->found[i].sure), out);
        fputs("\"}", out);
    }
    putc(']', out);
    put_member(out, "family", l->family);
    if (a->code)
        fprintf(out, ",\"code\":%d", a->code);
    if (a->enhanced[0])
        fprintf(out, ",\"enhanced\":\"%u.%u.%u\"", a->enhanced[0], a->enhanced[1], a->enhanced[2]);
    put_member(out, "what", a->what);
    if (a->who[0])
        put_member(out, "who", a->who);
    put_member(out, "mends", a->mends);
    put_member(out, "next", a->next);
    if (a->provider[0])
        put_member(out, "provider", a->provider);
    if (a->ref[0]) {
        fputs(",\"refs\":[", out);
        put_json(out, a->ref, strlen(a->ref));
        putc(']', out);
    }
    fputs("}\n", out);
}

static const char *string_of(const json_t *o, const char *key, size_t *n)
{
    const json_t *v = json_object_get(o, key);
    *n = json_is_string(v) ? json_string_length(v) : 0;
    return json_is_string(v) ? json_string_value(v) : "";
}

/* NULL, or why the line cannot be answered. */
static const char *one_line(FILE *out, const char *line, size_t n, json_error_t *why)
{
    json_t *o = json_loadb(line, n, JSON_ALLOW_NUL, why);
    if (!o)
        return why->text;
    struct cause_question q = {0};
    size_t proto_n, stage_n;
    const char *proto = string_of(o, "protocol", &proto_n);
    const char *stage = string_of(o, "stage", &stage_n);
    if (!json_is_object(o) || !json_is_string(json_object_get(o, "reply"))) {
        json_decref(o);
        return "not an object with a string \"reply\"";
    }
    q.text = string_of(o, "reply", &q.n);
    q.proto = proto_n ? proto : NULL;
    q.stage = cause_stage_by_name(stage, stage_n);
    struct cause_answer a;
    cause_find(&q, &a);
    put_answer(out, json_object_get(o, "id"), &a);
    json_decref(o);
    return NULL;
}

bool cause_jsonl(FILE *in, FILE *out, size_t *good, size_t *bad)
{
    char *line = NULL;
    size_t size = 0, count = 0, ok = 0;
    ssize_t n;
    line = malloc(size = LINE_MAX_OCTETS);
    if (!line)
        return false;
    __fsetlocking(out, FSETLOCKING_BYCALLER); /* nobody else writes meanwhile */
    for (;;) {
        /* fgets would lose NULs; getline would take a line of a GB into memory. */
        size_t len = 0;
        int c;
        bool over = false;
        flockfile(in);
        while ((c = getc_unlocked(in)) != EOF && c != '\n') {
            if (len < size)
                line[len++] = (char)c;
            else
                over = true;
        }
        funlockfile(in);
        n = (ssize_t)len;
        if (c == EOF && !n)
            break;
        count++;
        size_t blank = 0;
        while (blank < len && strchr(" \t\r", line[blank]) && line[blank])
            blank++;
        if (blank == len && !over)
            continue;
        json_error_t why;
        const char *fault = over ? "longer than 1 MiB" : one_line(out, line, len, &why);
        if (fault) {
            put_error(out, count, fault);
            if (bad)
                ++*bad;
        } else
            ok++;
        if (ferror(out))
            break;
        if (c == EOF)
            break;
    }
    free(line);
    if (good)
        *good = ok;
    return !ferror(in) && fflush(out) == 0 && !ferror(out);
}
