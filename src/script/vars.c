/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables of a script: names, values, and their replacement in a text. */
#include "script/script_priv.h"

#include <stdlib.h>
#include <string.h>

#define VARS_MAX 1000

bool script_is_name(const char *p, size_t n)
{
    if (n == 0 || n > 64 || p[0] < 'A' || p[0] > 'Z')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_'))
            return false;
    return true;
}

static struct script_var *find(const struct script_vars *v, const char *name, size_t n)
{
    for (size_t i = 0; i < v->n; i++)
        if (strlen(v->rows[i].name) == n && memcmp(v->rows[i].name, name, n) == 0)
            return &v->rows[i];
    return NULL;
}

bool script_set(struct script_vars *v, const char *name, const char *value, char *why, size_t size)
{
    size_t n = strlen(name);
    if (!script_is_name(name, n)) {
        snprintf(why, size,
                 "'%.40s' is no variable: a name is capital letters, digits and _ (TO, FROM2)",
                 name);
        return false;
    }
    struct script_var *row = find(v, name, n);
    char *copy = xstrdup(value);
    if (row) {
        free(row->value);
        row->value = copy;
        return true;
    }
    if (v->n == VARS_MAX) {
        free(copy);
        snprintf(why, size, "more than %d variables", VARS_MAX);
        return false;
    }
    v->rows = xrealloc(v->rows, (v->n + 1) * sizeof *v->rows);
    v->rows[v->n++] = (struct script_var){xstrdup(name), copy};
    return true;
}

const char *script_get(const struct script_vars *v, const char *name, size_t n)
{
    const struct script_var *row = v ? find(v, name, n) : NULL;
    return row ? row->value : NULL;
}

void script_vars_clear(struct script_vars *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->rows[i].name);
        free(v->rows[i].value);
    }
    free(v->rows);
    *v = (struct script_vars){0};
}

/* The name behind a dollar at text[i]: where it begins and its length; 0: none stands there. *next
 * is behind it all. */
static size_t name_at(const char *text, size_t n, size_t i, size_t *from, size_t *next)
{
    bool braces = i + 1 < n && text[i + 1] == '{';
    size_t b = i + (braces ? 2 : 1), e = b;
    while (e < n && ((text[e] >= 'A' && text[e] <= 'Z') || text[e] == '_' ||
                     (e > b && text[e] >= '0' && text[e] <= '9')))
        e++;
    if (!script_is_name(text + b, e - b) || (braces && (e == n || text[e] != '}')))
        return 0;
    *from = b;
    *next = e + braces;
    return e - b;
}

/* A value inside an expression stands for itself. */
static bool add_quoted(struct buf *out, const char *value)
{
    for (const char *p = value; *p; p++) {
        bool word = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= 'a' && *p <= 'z') || (unsigned char)*p >= 0x80;
        if ((!word && !buf_add_char(out, '\\')) || !buf_add_char(out, *p))
            return false;
    }
    return true;
}

bool script_expand(const struct script_vars *v, const char *text, size_t n, bool quote,
                   struct buf *out, char *why, size_t size)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n;) {
        const char *dollar = memchr(text + i, '$', n - i);
        size_t plain = dollar ? (size_t)(dollar - text) - i : n - i;
        size_t from = 0, next = 0, len;
        ok = buf_add(out, text + i, plain);
        i += plain;
        if (!ok || i == n)
            break;
        if (!quote && i + 1 < n && text[i + 1] == '$') {
            ok = buf_add_char(out, '$');
            i += 2;
        } else if ((len = name_at(text, n, i, &from, &next)) == 0) {
            ok = buf_add_char(out, '$');
            i++;
        } else {
            const char *value = script_get(v, text + from, len);
            if (!value) {
                snprintf(why, size, "$%.*s is not set: 'set %.*s VALUE' before it, or --set",
                         (int)len, text + from, (int)len, text + from);
                return false;
            }
            ok = quote ? add_quoted(out, value) : buf_add_str(out, value);
            i = next;
        }
    }
    if (!ok)
        snprintf(why, size, "with its variables the text is longer than %zu octets", out->max);
    return ok;
}
