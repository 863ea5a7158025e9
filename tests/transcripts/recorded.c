/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings as programs write them, read by `explain` and by `open`: both must find the same
 * refusals with the same causes, and neither may show a secret. tests/transcripts/README tells how
 * a .rec file is written. */
#include "tests/support/check.h"
#include "tests/support/paths.h"
#include "heloscope/annotate.h"
#include "heloscope/know.h"
#include "heloscope/logfile.h"

#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rec {
    const char *file;
    char format[32], hidden[8][64];
    int replies, nhidden;
    struct buf refused, text; /* refused: "VERB CODE CAUSE" a line */
};

static void read_rec(struct rec *r, const char *file)
{
    char line[8192];
    bool head = true, escapes = false;
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    memset(r, 0, sizeof *r);
    r->file = file;
    buf_init(&r->refused, 65536);
    buf_init(&r->text, 1u << 20);
    while (fgets(line, sizeof line, f)) {
        if (!head) {
            for (const char *p = line; *p; p++) {
                bool esc = escapes && p[0] == '\\' && p[1] == 'e';
                buf_add_char(&r->text, esc ? '\033' : *p);
                p += esc;
            }
        } else if (strcmp(line, "---\n") == 0) {
            head = false;
        } else if (sscanf(line, "= format %31s", r->format) == 1 ||
                   sscanf(line, "= replies %d", &r->replies) == 1) {
            continue;
        } else if (strncmp(line, "= refused ", 10) == 0) {
            buf_add_str(&r->refused, line + 10);
        } else if (strncmp(line, "= escapes", 9) == 0) {
            escapes = true;
        } else if (sscanf(line, "= hidden %63[^\n]", r->hidden[r->nhidden]) == 1) {
            r->nhidden++;
        } else if (line[0] != '#') {
            fail_msg("%s: not understood: %s", file, line);
        }
    }
    fclose(f);
}

static void clear(struct rec *r)
{
    buf_clear(&r->refused);
    buf_clear(&r->text);
}

static void hides(const struct rec *r, const char *who, const char *p, size_t n)
{
    for (int i = 0; i < r->nhidden; i++)
        if (memmem(p, n, r->hidden[i], strlen(r->hidden[i])))
            fail_msg("%s: %s shows %s in:\n%.*s", r->file, who, r->hidden[i], (int)n, p);
}

/* ---- explain ---- */

static bool collect(void *arg, const char *p, size_t n)
{
    return buf_add(arg, p, n);
}

static void explain(const struct rec *r, enum annotate_as as, size_t piece, struct buf *out)
{
    char why[200];
    struct annotate_options o = {.as = as, .write = collect, .arg = out};
    struct annotator *a = annotate_new(&o, why, sizeof why);
    buf_init(out, 8u << 20);
    for (size_t at = 0; at < r->text.len; at += piece) {
        size_t room, n = r->text.len - at < piece ? r->text.len - at : piece;
        memcpy(annotate_room(a, &room), r->text.p + at, n);
        assert_true(n <= room);
        assert_true(annotate_took(a, n));
    }
    assert_true(annotate_end(a));
    if (strcmp(annotate_format_name(a), r->format) != 0)
        fail_msg("%s: taken for %s, not %s", r->file, annotate_format_name(a), r->format);
    if (annotate_explained(a) != (uint64_t)r->replies)
        fail_msg("%s: %d replies explained, not %d:\n%s", r->file, (int)annotate_explained(a),
                 r->replies, buf_str(out));
    annotate_free(a);
}

static const char *word(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "-";
}

static void by_explain(const struct rec *r, struct buf *refused)
{
    struct buf whole, slow;
    for (int as = ANNOTATE_TEXT; as <= ANNOTATE_MARKDOWN; as++) {
        explain(r, (enum annotate_as)as, r->text.len, &whole);
        explain(r, (enum annotate_as)as, 1, &slow);
        assert_string_equal(buf_str(&whole), buf_str(&slow));
        hides(r, "explain", whole.p, whole.len);
        if (memchr(whole.p, 033, whole.len))
            fail_msg("%s: an escape sequence in:\n%s", r->file, buf_str(&whole));
        buf_clear(&slow);
        for (char *p = whole.p, *lf; as == ANNOTATE_JSON && (lf = strchr(p, '\n')); p = lf + 1) {
            json_t *o = json_loadb(p, (size_t)(lf - p), 0, NULL);
            assert_non_null(o);
            const char *class = word(o, "class");
            if (strcmp(class, "permanent") == 0 || strcmp(class, "temporary") == 0 ||
                strcmp(class, "warning") == 0)
                buf_addf(refused, "%s %d %s\n", word(o, "verb"),
                         (int)json_integer_value(json_object_get(o, "code")), word(o, "cause"));
            json_decref(o);
        }
        buf_clear(&whole);
    }
}

/* ---- open ---- */

/* lazy: as a file too big to be read at once, where each line is an item: of a reply of several
 * lines each has its own cause. */
static void by_open(const struct rec *r, struct buf *refused, bool lazy)
{
    char path[] = "/tmp/heloscope-rec-XXXXXX", why[300];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, r->text.p, r->text.len), r->text.len);
    char *much = malloc(LOGFILE_LAZY);
    memset(much, '\n', LOGFILE_LAZY);
    assert_int_equal(write(fd, much, lazy ? LOGFILE_LAZY : 0), lazy ? LOGFILE_LAZY : 0);
    free(much);
    close(fd);
    struct logfile *f = logfile_open(NULL, path, NULL, NULL, why, sizeof why);
    unlink(path);
    assert_non_null(f);
    const struct source *s = logfile_source(f);
    struct span last = {NULL, 0}, line;
    struct buf said;
    char before[200] = "";
    buf_init(&said, 65536);
    for (size_t i = 0; i < s->count(s->self) && i < 100; i++) {
        struct item it;
        struct moment m;
        struct explanation e;
        assert_true(s->item(s->self, i, &it));
        for (uint64_t k = 0; k < it.lines && s->line(s->self, i, k, &line); k++)
            hides(r, "open", line.p, line.n);
        hides(r, "open's remark", it.remark ? it.remark : "", it.remark ? strlen(it.remark) : 0);
        bool quoted = it.kind == ITEM_TEXT && s->said && s->said(s->self, i, &line);
        /* the lines of one quoted reply are one */
        bool again = quoted && last.p && said.len == line.n && memcmp(said.p, line.p, line.n) == 0;
        buf_trim(&said, 0);
        last = quoted ? line : (struct span){NULL, 0};
        if (quoted)
            buf_add(&said, line.p, line.n);
        if (again || (it.kind != ITEM_SERVER && !quoted) ||
            (it.mark != MARK_TEMP && it.mark != MARK_PERM && it.mark != MARK_WARN))
            continue;
        assert_true(know_item(s, i, &it, true, &m, &e));
        char now[200], *end = now;
        end += snprintf(now, sizeof now, "%s %d",
                        m.command.verb      ? m.command.verb->name
                        : m.command.name[0] ? m.command.name
                                            : "-",
                        m.reply.code);
        if (!lazy)
            snprintf(end, sizeof now - (size_t)(end - now), " %s", e.cause[0] ? e.cause : "-");
        if (!lazy || strcmp(now, before) != 0)
            buf_addf(refused, "%s\n", now);
        snprintf(before, sizeof before, "%s", now);
    }
    buf_clear(&said);
    logfile_close(f);
}

static void same(const struct rec *r, const char *who, struct buf *got)
{
    if (strcmp(buf_str(got), buf_str(&r->refused)) != 0)
        fail_msg("%s: %s found:\n%sand not:\n%s", r->file, who, buf_str(got), buf_str(&r->refused));
    buf_clear(got);
}

static void without_causes(struct buf *b)
{
    char *to = b->p;
    for (char *p = b->p, *lf; b->len && (lf = memchr(p, '\n', (size_t)(b->p + b->len - p)));) {
        char *cause = memrchr(p, ' ', (size_t)(lf - p));
        size_t n = (size_t)(cause - p);
        memmove(to, p, n);
        to[n] = '\n';
        to += n + 1;
        p = lf + 1;
        if (p == b->p + b->len)
            break;
    }
    if (b->len)
        buf_trim(b, (size_t)(to - b->p));
}

static void one_file(void **state)
{
    struct rec r;
    struct buf got;
    read_rec(&r, *state);
    buf_init(&got, 65536);
    by_explain(&r, &got);
    same(&r, "explain", &got);
    buf_init(&got, 65536);
    by_open(&r, &got, false);
    same(&r, "open", &got);
    /* a bare reply is told only where there is nothing else */
    if (strcmp(r.format, "reply") != 0) {
        without_causes(&r.refused);
        buf_init(&got, 65536);
        by_open(&r, &got, true);
        same(&r, "open of a big file", &got);
    }
    clear(&r);
}

int main(void)
{
    char *pattern = source_path("tests/transcripts/*.rec");
    glob_t g;
    int rc = glob(pattern, 0, NULL, &g);
    free(pattern);
    if (rc != 0) {
        fprintf(stderr, "no .rec files below tests/transcripts\n");
        return 99;
    }
    struct CMUnitTest *tests = calloc(g.gl_pathc, sizeof *tests);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const char *slash = strrchr(g.gl_pathv[i], '/');
        tests[i] = (struct CMUnitTest){.name = slash ? slash + 1 : g.gl_pathv[i],
                                       .test_func = one_file,
                                       .initial_state = g.gl_pathv[i]};
    }
    rc = _cmocka_run_group_tests("recordings", tests, g.gl_pathc, NULL, NULL);
    free(tests);
    globfree(&g);
    return rc;
}
