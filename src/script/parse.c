/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a script: lines into steps, what it includes put in its place, everything checked that can
 * be checked before a connection is opened. The first mistake ends it, told as "file:line: what is
 * wrong". */
#include "script/parse_priv.h"

#include "heloscope/harmless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct script_row rows[] = {
#define WORD(id, name, shape, form, does) {name, form, does},
#include "script/words.def"
};
static const enum shape shapes[] = {
#define WORD(id, name, shape, form, does) SHAPE_##shape,
#include "script/words.def"
};

const struct script_row *script_words(size_t *n)
{
    *n = WORDS;
    return rows;
}

bool parse_bad(struct reader *r, const char *fmt, ...)
{
    char words[700];
    struct buf clean;
    va_list ap;
    int at = snprintf(words, sizeof words, "%s:%u: ", r->s->files[r->file], r->line);
    va_start(ap, fmt);
    if (at > 0 && (size_t)at < sizeof words)
        vsnprintf(words + at, sizeof words - (size_t)at, fmt, ap);
    va_end(ap);
    buf_init(&clean, 8 * sizeof words);
    text_clean(&clean, words, strlen(words));
    snprintf(r->why, r->size, "%s", buf_str(&clean));
    buf_clear(&clean);
    if (r->fault == FAULT_NONE)
        r->fault = FAULT_USAGE;
    return false;
}

static struct step *add(struct reader *r, enum word w)
{
    struct script *s = r->s;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->steps = xrealloc(s->steps, s->cap * sizeof *s->steps);
    }
    struct step *st = &s->steps[s->n++];
    *st = (struct step){.word = w, .file = r->file, .line = r->line};
    return st;
}

/* Are the variables in a text set by then? */
bool parse_known(struct reader *r, const char *text, size_t n, bool quote)
{
    char why[300];
    struct buf scratch;
    buf_init(&scratch, 2 * n + 64);
    bool ok = script_expand(&r->known, text, n, quote, &scratch, why, sizeof why);
    buf_clear(&scratch);
    return ok || parse_bad(r, "%s", why);
}

bool parse_text(struct reader *r, struct step *st, const char *p, size_t n)
{
    st->text = xstrndup(p, n);
    st->n = n;
    return parse_known(r, p, n, false);
}

/* ---- words of a line ---- */

/* Octets between two words in which they differ, roughly: enough to find a slip. */
static unsigned distance(const char *a, size_t n, const char *b)
{
    unsigned row[24];
    size_t m = strlen(b);
    if (n > 20 || m > 20)
        return 99;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned before = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned up = row[j], best = before + (a[i - 1] != b[j - 1]);
            if (up + 1 < best)
                best = up + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            before = up;
            row[j] = best;
        }
    }
    return row[m];
}

static bool unknown_word(struct reader *r, const char *p, size_t n)
{
    unsigned best = n > 4 ? 3 : 2; /* one slip in a short word, two in a long one */
    const char *like = NULL;
    for (size_t i = 0; i < WORDS; i++) {
        unsigned d = rows[i].name[0] ? distance(p, n, rows[i].name) : 99;
        if (d < best) {
            best = d;
            like = rows[i].name;
        }
    }
    if (like)
        return parse_bad(r, "unknown word '%.*s': did you mean '%s'?", (int)n, p, like);
    return parse_bad(
        r,
        "unknown word '%.*s': expected a line to send, which begins with a capital letter, "
        "or a word that 'heloscope --man' lists ('send' sends any line)",
        n < 40 ? (int)n : 40, p);
}

bool parse_wants(struct reader *r, enum word w)
{
    return parse_bad(r, "expected: %s", rows[w].form);
}

/* ---- the shapes ---- */

/* The next line of the file without its end; false: there is none. */
bool parse_line(struct reader *r, const char **line, size_t *n)
{
    if (r->p == r->end)
        return false;
    const char *lf = memchr(r->p, '\n', (size_t)(r->end - r->p));
    const char *stop = lf ? lf : r->end;
    *line = r->p;
    *n = (size_t)(stop - r->p);
    if (*n > 0 && stop[-1] == '\r')
        --*n;
    r->p = lf ? lf + 1 : r->end;
    r->line++;
    return true;
}

/* A file beside the script. */
char *parse_beside(const struct reader *r, const char *p, size_t n)
{
    const char *name = r->s->files[r->file];
    const char *slash = p[0] == '/' ? NULL : strrchr(name, '/');
    struct buf path;
    buf_init(&path, 8192);
    if (slash)
        buf_add(&path, name, (size_t)(slash - name) + 1);
    buf_add(&path, p, n);
    char *out = xstrdup(buf_str(&path));
    buf_clear(&path);
    return out;
}

/* All of a file. NULL: told. */
char *parse_slurp(struct reader *r, const char *path, size_t *n)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        fd = -1;
        errno = EISDIR;
    }
    *n = 0;
    bool ok = fd >= 0;
    if (ok)
        text = xmalloc(SCRIPT_MAX + 1);
    while (ok && *n <= SCRIPT_MAX) {
        ssize_t k = read(fd, text + *n, SCRIPT_MAX + 1 - *n);
        if (k < 0 && errno == EINTR)
            continue;
        ok = k >= 0;
        if (k <= 0)
            break;
        *n += (size_t)k;
    }
    if (!ok) {
        r->fault = FAULT_FILE;
        r->sys_errno = errno;
        parse_bad(r, "%s cannot be read: %s", path, strerror(r->sys_errno));
    } else if (*n > SCRIPT_MAX) {
        ok = parse_bad(r, "%s is larger than %zu MiB", path, SCRIPT_MAX >> 20);
    }
    if (fd >= 0)
        close(fd);
    if (!ok) {
        free(text);
        return NULL;
    }
    return text;
}

static bool read_file(struct reader *r, const char *path);

static bool include(struct reader *r, const char *p, const char *end)
{
    if (p == end)
        return parse_wants(r, WORD_INCLUDE);
    if (!r->files)
        return parse_bad(r, "no file may be read here");
    if (r->depth == INCLUDE_MAX)
        return parse_bad(r, "more than %d scripts include one another", INCLUDE_MAX);
    char *path = parse_beside(r, p, (size_t)(end - p));
    struct reader keep = *r;
    bool ok = read_file(r, path);
    free(path);
    r->file = keep.file;
    r->line = keep.line;
    r->p = keep.p;
    r->end = keep.end;
    r->depth = keep.depth;
    return ok;
}

static bool in_together(const struct reader *r)
{
    for (size_t i = 0; i < r->nopen; i++)
        if (r->s->steps[r->open[i]].word == WORD_TOGETHER)
            return true;
    return false;
}

static bool nest(struct reader *r, enum word w)
{
    size_t at = r->s->n - 1;
    if (w == WORD_END) {
        if (r->nopen == 0)
            return parse_bad(r, "'end' without 'for' or 'together' before it");
        size_t begin = r->open[--r->nopen];
        r->s->steps[at].jump = begin;
        r->s->steps[begin].jump = at;
        return true;
    }
    if (r->nopen == NEST_MAX)
        return parse_bad(r, "more than %d 'for' inside one another", NEST_MAX);
    r->open[r->nopen++] = at;
    return true;
}

static bool arguments(struct reader *r, enum word w, const char *p, const char *end)
{
    char why[300];
    if (in_together(r) && w != WORD_LINE && w != WORD_SEND && w != WORD_FOR && w != WORD_END)
        return parse_bad(r,
                         "between 'together' and 'end' only lines to send and 'for' may stand, not "
                         "'%s': expect the replies behind 'end'",
                         rows[w].name);
    struct step *st = add(r, w);
    switch (shapes[w]) {
    case SHAPE_NONE:
        if (p != end)
            return parse_bad(r, "'%s' stands alone: nothing may follow it", rows[w].name);
        return w != WORD_TOGETHER && w != WORD_END ? true : nest(r, w);
    case SHAPE_LINE:
        return parse_text(r, st, p, (size_t)(end - p));
    case SHAPE_REST:
        return p < end ? parse_text(r, st, p, (size_t)(end - p)) : parse_wants(r, w);
    case SHAPE_RAW:
        return p < end ? parse_raw(r, st, p, end) : parse_wants(r, w);
    case SHAPE_EXPECT:
        r->s->expectations++;
        if (p == end)
            return parse_wants(r, w);
        if (!match_parse(&st->match, p, (size_t)(end - p), true, why, sizeof why))
            return parse_bad(r, "%s", why);
        return !st->match.regex || parse_known(r, st->match.regex, strlen(st->match.regex), true);
    case SHAPE_CAPTURE:
        if (p == end)
            return parse_wants(r, w);
        if (!parse_name(r, &p, end, &st->name))
            return false;
        if (!match_parse(&st->match, p, (size_t)(end - p), false, why, sizeof why))
            return parse_bad(r, "%s", why);
        return parse_known(r, st->match.regex, strlen(st->match.regex), true) &&
               parse_define(r, st->name);
    case SHAPE_SET:
        if (p == end)
            return parse_wants(r, w);
        return parse_name(r, &p, end, &st->name) && parse_text(r, st, p, (size_t)(end - p)) &&
               parse_define(r, st->name);
    case SHAPE_FOR:
        return p == end ? parse_wants(r, w) : nest(r, w) && parse_for(r, st, p, end);
    case SHAPE_AUTH:
        return parse_auth(r, st, p, end);
    case SHAPE_BDAT:
        if (word_len(p, end) == 4 && memcmp(p, "more", 4) == 0) {
            st->more = true;
            p = skip(p + 4, end);
        }
        return parse_letter(r, st, p, end);
    case SHAPE_FILE:
        return parse_letter(r, st, p, end);
    case SHAPE_SECONDS:
        return parse_seconds(r, st, p, end);
    case SHAPE_RETR:
        return parse_retr(r, st, p, end);
    case SHAPE_TARGET:
        r->s->n--;
        if (p == end)
            return parse_wants(r, w);
        if (!r->s->target)
            r->s->target = xstrndup(p, (size_t)(end - p));
        return true;
    case SHAPE_INCLUDE:
        r->s->n--;
        return include(r, p, end);
    }
    return false;
}

static bool read_line(struct reader *r, const char *line, size_t n)
{
    const char *end = line + n, *p = skip(line, end);
    while (end > p && blank(end[-1]))
        end--;
    if (p == end || *p == '#')
        return true;
    if (memchr(p, '\0', (size_t)(end - p)))
        return parse_bad(r, "a NUL stands here: a script is text (send-raw \\0 sends one)");
    if (r->s->n >= STEPS_MAX)
        return parse_bad(r, "more than %d steps", STEPS_MAX);
    if (*p >= 'A' && *p <= 'Z')
        return arguments(r, WORD_LINE, p, end);
    n = word_len(p, end);
    for (size_t i = 0; i < WORDS; i++)
        if (rows[i].name[0] && strlen(rows[i].name) == n && memcmp(rows[i].name, p, n) == 0)
            return arguments(r, (enum word)i, skip(p + n, end), end);
    return unknown_word(r, p, n);
}

static bool read_text(struct reader *r, const char *name, const char *text, size_t n)
{
    struct script *s = r->s;
    const char *line;
    size_t len, open = r->nopen;
    s->files = xrealloc(s->files, (s->nfiles + 1) * sizeof *s->files);
    s->files[s->nfiles] = xstrdup(name);
    r->file = (unsigned)s->nfiles++;
    r->line = 0;
    r->depth++;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        text += 3;
        n -= 3;
    }
    r->p = text;
    r->end = text + n;
    while (parse_line(r, &line, &len))
        if (!read_line(r, line, len))
            return false;
    if (r->nopen > open) {
        const struct step *st = &s->steps[r->open[r->nopen - 1]];
        r->line = st->line;
        return parse_bad(r, "'%s' has no 'end'", rows[st->word].name);
    }
    if (r->nopen < open) {
        return parse_bad(r, "an 'end' ends what another file began");
    }
    return true;
}

static bool read_file(struct reader *r, const char *path)
{
    size_t n;
    char *text = parse_slurp(r, path, &n);
    bool ok = text && read_text(r, path, text, n);
    free(text);
    return ok;
}

/* Where an expectation comes next it judges, not the word itself. */
static void find_judges(struct script *s)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t k = i + 1;
        while (k < s->n && s->steps[k].word == WORD_SAY)
            k++;
        s->steps[i].judged = k < s->n && s->steps[k].word == WORD_EXPECT;
    }
}

static struct script *finish(struct reader *r, bool ok)
{
    script_vars_clear(&r->known);
    if (!ok) {
        script_free(r->s);
        return NULL;
    }
    find_judges(r->s);
    return r->s;
}

static void begin(struct reader *r, const struct script_vars *vars, bool files, char *why,
                  size_t size)
{
    char unused[200];
    *r = (struct reader){.s = xcalloc(1, sizeof *r->s), .files = files, .why = why, .size = size};
    for (size_t i = 0; vars && i < vars->n; i++)
        script_set(&r->known, vars->rows[i].name, "", unused, sizeof unused);
}

struct script *script_parse(const char *name, const char *text, size_t n,
                            const struct script_vars *vars, bool files, char *why, size_t size)
{
    struct reader r;
    begin(&r, vars, files, why, size);
    return finish(&r, read_text(&r, name, text, n));
}

struct script *script_read(const char *path, const struct script_vars *vars, enum fault *fault,
                           char *why, size_t size)
{
    struct reader r;
    size_t n;
    begin(&r, vars, true, why, size);
    r.s->files = xmalloc(sizeof *r.s->files);
    r.s->files[0] = xstrdup(path);
    r.s->nfiles = 1;
    char *text = parse_slurp(&r, path, &n);
    if (!text && r.fault == FAULT_FILE) /* no line to name yet */
        snprintf(why, size, "%s cannot be read: %s", path, strerror(r.sys_errno));
    bool ok = text && read_text(&r, path, text, n);
    free(text);
    *fault = r.fault;
    return finish(&r, ok);
}

void script_free(struct script *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        struct step *st = &s->steps[i];
        free(st->text);
        free(st->name);
        match_clear(&st->match);
        for (size_t k = 0; k < st->nvalues; k++)
            free(st->values[k]);
        free(st->values);
    }
    for (size_t i = 0; i < s->nfiles; i++)
        free(s->files[i]);
    free(s->files);
    free(s->steps);
    free(s->target);
    free(s);
}

const char *script_target(const struct script *s)
{
    return s->target;
}

size_t script_expectations(const struct script *s)
{
    return s->expectations;
}
