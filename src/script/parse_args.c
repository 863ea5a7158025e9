/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What follows a word: names, escapes, letters that stand in the script, values of a loop, numbers.
 */
#include "script/parse_priv.h"

#include <stdlib.h>
#include <string.h>

bool parse_name(struct reader *r, const char **p, const char *end, char **name)
{
    size_t n = word_len(*p, end);
    if (!script_is_name(*p, n))
        return parse_bad(
            r, "'%.*s' is no variable: a name is capital letters, digits and _ (TO, FROM2)",
            n < 40 ? (int)n : 40, *p);
    free(*name);
    *name = xstrndup(*p, n);
    *p = skip(*p + n, end);
    return true;
}

bool parse_define(struct reader *r, const char *name)
{
    char why[200];
    return script_set(&r->known, name, "", why, sizeof why) || parse_bad(r, "%s", why);
}

static bool hex(char c, unsigned *out)
{
    if (c >= '0' && c <= '9')
        *out = (unsigned)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        *out = (unsigned)((c | 0x20) - 'a') + 10;
    else
        return false;
    return true;
}

/* The escapes of send-raw. Variables are not replaced in it: octets are octets. */
bool parse_raw(struct reader *r, struct step *st, const char *p, const char *end)
{
    static const char from[] = "rnt\\0", to[] = "\r\n\t\\\0";
    st->text = xmalloc((size_t)(end - p) + 1);
    while (p < end) {
        unsigned high, low;
        const char *e = p + 1 < end ? memchr(from, p[1], sizeof from - 1) : NULL;
        if (*p != '\\') {
            st->text[st->n++] = *p++;
        } else if (e) {
            st->text[st->n++] = to[e - from];
            p += 2;
        } else if (end - p >= 4 && p[1] == 'x' && hex(p[2], &high) && hex(p[3], &low)) {
            st->text[st->n++] = (char)(high * 16 + low);
            p += 4;
        } else
            return parse_bad(r, "unknown escape '%.*s': expected \\r, \\n, \\t, \\\\, \\0 or \\xHH",
                             (int)(end - p < 4 ? end - p : 4), p);
    }
    st->text[st->n] = '\0';
    return true;
}

/* The lines up to one that is the word: the letter itself. */
static bool here_text(struct reader *r, struct step *st, const char *mark, size_t nmark)
{
    struct buf text;
    const char *line;
    size_t n;
    unsigned from = r->line;
    buf_init(&text, SCRIPT_MAX + 2);
    st->here = true;
    while (parse_line(r, &line, &n)) {
        if (n == nmark && memcmp(line, mark, n) == 0) {
            bool ok = parse_text(r, st, buf_str(&text), text.len);
            st->line = from;
            buf_clear(&text);
            return ok;
        }
        buf_add(&text, line, n);
        buf_add_char(&text, '\n');
    }
    buf_clear(&text);
    r->line = from;
    return parse_bad(r, "the letter that begins here has no end: expected a line '%.*s'",
                     nmark < 40 ? (int)nmark : 40, mark);
}

bool parse_letter(struct reader *r, struct step *st, const char *p, const char *end)
{
    if (p == end)
        return parse_wants(r, st->word);
    if (end - p >= 2 && p[0] == '<' && p[1] == '<') {
        p = skip(p + 2, end);
        size_t n = word_len(p, end);
        if (n == 0 || p + n != end)
            return parse_bad(r, "expected one word behind <<, which ends the letter: letter <<END");
        return here_text(r, st, p, n);
    }
    return parse_text(r, st, p, (size_t)(end - p));
}

static bool add_value(struct reader *r, struct step *st, const char *p, size_t n)
{
    if (st->nvalues == VALUES_MAX)
        return parse_bad(r, "more than %d values in one 'for'", VALUES_MAX);
    if ((st->nvalues & (st->nvalues - 1)) == 0) /* grows by doubling */
        st->values = xrealloc(st->values, (st->nvalues ? 2 * st->nvalues : 1) * sizeof *st->values);
    st->values[st->nvalues++] = xstrndup(p, n);
    return true;
}

bool parse_for(struct reader *r, struct step *st, const char *p, const char *end)
{
    if (!parse_name(r, &p, end, &st->name))
        return false;
    size_t n = word_len(p, end);
    bool from = n == 4 && memcmp(p, "from", 4) == 0;
    const char *rest = skip(p + n, end);
    if ((!from && !(n == 2 && memcmp(p, "in", 2) == 0)) || rest == end)
        return parse_wants(r, WORD_FOR);
    if (from) {
        if (!r->files)
            return parse_bad(r, "no file may be read here");
        char *path = parse_beside(r, rest, (size_t)(end - rest));
        char *text = parse_slurp(r, path, &n);
        free(path);
        bool ok = text != NULL;
        for (const char *q = text, *stop = text ? text + n : NULL; ok && q < stop;) {
            const char *lf = memchr(q, '\n', (size_t)(stop - q));
            const char *e = lf ? lf : stop;
            const char *b = skip(q, e), *t = e;
            while (t > b && (blank(t[-1]) || t[-1] == '\r'))
                t--;
            if (t > b && *b != '#')
                ok = memchr(b, '\0', (size_t)(t - b)) ? parse_bad(r, "a NUL stands in the list")
                                                      : add_value(r, st, b, (size_t)(t - b));
            q = e + 1;
        }
        free(text);
        return ok && parse_define(r, st->name);
    }
    for (p = rest; p < end; p = skip(p + n, end)) {
        n = word_len(p, end);
        if (!parse_known(r, p, n, false) || !add_value(r, st, p, n))
            return false;
    }
    return parse_define(r, st->name);
}

bool parse_seconds(struct reader *r, struct step *st, const char *p, const char *end)
{
    char text[24], *stop;
    size_t n = (size_t)(end - p);
    if (n == 0 || n >= sizeof text || p[0] < '0' || p[0] > '9')
        return parse_wants(r, WORD_WAIT);
    memcpy(text, p, n);
    text[n] = '\0';
    st->seconds = strtod(text, &stop);
    if (*stop || strpbrk(text, "xXpPeE") || !(st->seconds >= 0.1 && st->seconds <= 3600))
        return parse_bad(r, "'%s' will not do: expected seconds from 0.1 to 3600", text);
    return true;
}

/* N, N-M, N- or all. */
static bool numbers(const char *p, size_t n, unsigned long *first, unsigned long *last)
{
    char text[32], *stop;
    if (n == 3 && memcmp(p, "all", 3) == 0) {
        *first = 1;
        *last = 0;
        return true;
    }
    if (n == 0 || n >= sizeof text || p[0] < '1' || p[0] > '9')
        return false;
    memcpy(text, p, n);
    text[n] = '\0';
    *first = *last = strtoul(text, &stop, 10);
    if (*stop == '-') {
        *last = stop[1] >= '1' && stop[1] <= '9' ? strtoul(stop + 1, &stop, 10) : 0;
        if (*last == 0)
            stop++;
    }
    return !*stop && *first <= 100000000 && *last <= 100000000 && (*last == 0 || *last >= *first);
}

bool parse_retr(struct reader *r, struct step *st, const char *p, const char *end)
{
    size_t n = word_len(p, end);
    const char *file = skip(p + n, end);
    if (n == 0 || file == end)
        return parse_wants(r, WORD_RETR);
    if (memchr(p, '$', n)) { /* told when it is run */
        st->name = xstrndup(p, n);
        if (!parse_known(r, p, n, false))
            return false;
    } else if (!numbers(p, n, &st->first, &st->last))
        return parse_bad(r, "'%.*s' will not do: expected N, N-M, N- or all", n < 40 ? (int)n : 40,
                         p);
    return parse_text(r, st, file, (size_t)(end - file));
}

bool script_numbers(const char *text, unsigned long *first, unsigned long *last)
{
    return numbers(text, strlen(text), first, last);
}

bool parse_auth(struct reader *r, struct step *st, const char *p, const char *end)
{
    size_t n = word_len(p, end);
    const char *second = skip(p + n, end);
    if (p == end || second + word_len(second, end) != end)
        return parse_wants(r, WORD_AUTH);
    if (second < end) {
        st->name = xstrndup(p, n);
        if (!parse_known(r, p, n, false))
            return false;
        p = second;
    }
    return parse_text(r, st, p, (size_t)(end - p));
}
