/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope's JSON lines, read back: one object a line. What is told of states and meanings in them
 * is not believed but found anew by the driver; only who spoke and what was said counts. */
#include "logtext.h"
#include "core/lazy/gsasl.gen.h"
#include "talk.h"
#include "core/lazy/jansson.gen.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text_of(const json_t *o, const char *const *keys)
{
    for (; *keys; keys++) {
        const json_t *v = json_object_get(o, *keys);
        if (json_is_string(v))
            return json_string_value(v);
    }
    return NULL;
}

static const char *const kind_keys[] = {"kind", "type", "who", "from", NULL};
static const char *const text_keys[] = {"text", "line", "raw", "message", NULL};
static const char *const proto_keys[] = {"protocol", "proto", NULL};

const struct proto *logjson_proto(const char *line, size_t n)
{
    const struct proto *p = NULL;
    json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const char *name = o ? text_of(o, proto_keys) : NULL;
    if (name)
        p = proto_find(name, strlen(name), NULL, NULL);
    json_decref(o);
    return p;
}

/* Several lines in one string, or one. */
static void say(struct talk *talk, char who, const char *p, size_t n)
{
    do {
        const char *lf = n ? memchr(p, '\n', n) : NULL;
        size_t len = lf ? (size_t)(lf - p) : n;
        size_t keep = len > 0 && p[len - 1] == '\r' ? len - 1 : len;
        if (who == 'c')
            talk_client(talk, p, keep);
        else if (who == 's')
            talk_server(talk, p, keep);
        else
            talk_text(talk, p, keep);
        n -= lf ? len + 1 : len;
        p += lf ? len + 1 : len;
    } while (n > 0);
}

/* Line i: as octets in base64 where it is no UTF-8, else as it stands. */
static void line_of(const json_t *octets, size_t i, const json_t *v, struct buf *out)
{
    char key[24], *raw = NULL;
    size_t n = 0;
    snprintf(key, sizeof key, "%zu", i);
    const json_t *o = json_object_get(octets, key);
    if (json_is_string(o) &&
        gsasl_base64_from(json_string_value(o), json_string_length(o), &raw, &n) == GSASL_OK) {
        buf_add(out, raw, n);
        gsasl_free(raw);
    } else if (json_is_string(v)) {
        buf_add(out, json_string_value(v), json_string_length(v));
    }
}

/* A reply's lines come one by one, as they did; an event is one whatever its lines. */
static void say_lines(struct talk *talk, char who, const json_t *lines, const json_t *octets,
                      size_t most)
{
    struct buf b;
    buf_init_secret(&b, most);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *v = json_array_get(lines, i);
        if (who != 'e')
            buf_trim(&b, 0);
        else if (i > 0)
            buf_add_char(&b, '\n');
        line_of(octets, i, v, &b);
        if (who != 'e')
            say(talk, who, buf_str(&b), b.len);
    }
    if (who == 'e')
        talk_event(talk, buf_str(&b), b.len);
    buf_clear(&b);
}

/* "2024-05-01T12:00:00.123Z" in milliseconds since 1970; 0: not told. */
static int64_t when_of(const json_t *o)
{
    const char *text = json_string_value(json_object_get(o, "when"));
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    int64_t ms = 0;
    if (!rest)
        return 0;
    if (*rest == '.')
        for (int k = 0, unit = 100; k < 3 && rest[k + 1] >= '0' && rest[k + 1] <= '9';
             k++, unit /= 10)
            ms += (rest[k + 1] - '0') * unit;
    return (int64_t)timegm(&tm) * 1000 + ms;
}

bool logjson_feed(struct talk *talk, const char *line, size_t n, int64_t *when, char *why,
                  size_t size)
{
    json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json_is_object(o)) {
        snprintf(why, size, "is no whole JSON object");
        json_decref(o);
        return false;
    }
    *when = when_of(o);
    const char *kind = text_of(o, kind_keys);
    char who = kind ? (char)(kind[0] | 32) : 0;
    const json_t *lines = json_object_get(o, "lines");
    if (who && strchr("cset", who)) {
        if (json_is_array(lines)) {
            say_lines(talk, who, lines, json_object_get(o, "octets"), n + 1);
        } else {
            const char *text = text_of(o, text_keys);
            if (text && who == 'e')
                talk_event(talk, text, strlen(text));
            else if (text)
                say(talk, who, text, strlen(text));
        }
    }
    json_decref(o);
    return true;
}
