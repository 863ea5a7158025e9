/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A script's run in words, as JSON lines (the talk as report.h has it, expectations as objects of
 * their own kind), as TAP (version 13: one test for each expectation), or in silence. */
#include "mode/run_priv.h"
#include "mode/plain.h"
#include "heloscope/report.h"
#include "core/lazy/jansson.gen.h"

#include <stdlib.h>
#include <string.h>

/* The talk as TAP's comments. */
static void comment_item(struct job *j, const struct source *src, size_t i)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return;
    plain_item(f, src, i);
    fclose(f);
    for (const char *p = text, *end = text + n; p < end;) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        fprintf(j->out, "# %.*s\n", (int)(stop - p), p);
        p = stop + 1;
    }
    free(text);
}

void run_print_items(struct job *j, bool all)
{
    const struct source *src = transcript_source(session_transcript(j->session));
    size_t n = src->count(src->self);
    struct item it;
    while (j->printed < n && src->item(src->self, j->printed, &it) && (!it.open || all)) {
        if (j->run->form == RUN_TEXT)
            plain_item(j->out, src, j->printed);
        else if (j->run->form == RUN_JSON)
            report_item(j->out, src, j->printed, REPORT_JSONL);
        else if (j->run->form == RUN_TAP && !j->run->quiet)
            comment_item(j, src, j->printed);
        j->printed++;
    }
    if (j->out == stdout)
        fflush(stdout);
}

static void json_result(struct job *j, const struct script_result *r)
{
    static const char *const kinds[] = {"expect", "failure", "say"};
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kinds[r->kind]));
    if (j->run->several)
        json_object_set_new(o, "run", json_integer((json_int_t)j->number));
    json_object_set_new(o, "file", json_string(r->file));
    json_object_set_new(o, "line", json_integer(r->line));
    if (r->kind == SCRIPT_SAY)
        json_object_set_new(o, "text", json_string(r->wanted));
    else {
        json_object_set_new(o, "ok", json_boolean(r->ok));
        json_object_set_new(o, "wanted", json_string(r->wanted));
        json_object_set_new(o, "got", json_string(r->got));
    }
    json_dumpf(o, j->out, JSON_COMPACT);
    fputc('\n', j->out);
    json_decref(o);
}

/* A '#' would begin a directive (# TODO, # SKIP). */
static void tap_words(FILE *f, const char *s)
{
    for (; *s; s++)
        fprintf(f, "%s%c", *s == '#' || *s == '\\' ? "\\" : "", *s);
}

static void tap_result(struct job *j, const struct script_result *r)
{
    if (r->kind == SCRIPT_SAY) {
        if (!j->run->quiet)
            fprintf(j->out, "# %s\n", r->wanted);
        return;
    }
    fprintf(j->out, "%s ", r->ok ? "ok" : "not ok");
    if (j->out == stdout) /* those of connections at once are not in order: TAP counts them then */
        fprintf(j->out, "%lu ", j->run->tests);
    fputs("- ", j->out);
    if (j->run->several)
        fprintf(j->out, "run %lu: ", j->number);
    tap_words(j->out, r->file);
    fprintf(j->out, ":%u: ", r->line);
    tap_words(j->out, r->wanted);
    fputc('\n', j->out);
    if (!r->ok)
        fprintf(j->out, "# it was: %s\n", r->got);
}

static void text_result(struct job *j, const struct script_result *r)
{
    if (r->kind == SCRIPT_SAY)
        fprintf(j->out, "-- %s\n", r->wanted);
    else if (r->kind == SCRIPT_EXPECT)
        fprintf(j->out, "   = %s: %s%s (%s:%u)\n", r->wanted,
                r->ok ? "yes" : "NO: ", r->ok ? "" : r->got, r->file, r->line);
    else
        fprintf(j->out, "   = FAILED: %s (%s:%u)\n", r->got, r->file, r->line);
}

void run_print_result(struct job *j, const struct script_result *r)
{
    if (r->kind == SCRIPT_EXPECT || (r->kind == SCRIPT_WORD && j->run->form == RUN_TAP)) {
        j->run->tests++;
        j->run->failed += !r->ok;
    }
    run_print_items(j, false);
    if (j->run->form == RUN_JSON)
        json_result(j, r);
    else if (j->run->form == RUN_TAP)
        tap_result(j, r);
    else if (j->run->form == RUN_TEXT)
        text_result(j, r);
}

void run_print_begin(const struct run *r)
{
    if (r->form == RUN_TAP)
        puts("TAP version 13");
}

void run_print_end(const struct run *r)
{
    if (r->form == RUN_TAP)
        printf("1..%lu\n", r->tests);
    else if (r->form == RUN_TEXT && r->tests > 0)
        printf("-- %lu of %lu expectations met\n", r->tests - r->failed, r->tests);
    fflush(stdout);
}

void run_print_job(struct job *j)
{
    if (j->out == stdout)
        return;
    fclose(j->out);
    if (j->run->several && j->run->form == RUN_TEXT)
        printf("-- run %lu\n", j->number);
    fwrite(j->text, 1, j->size, stdout);
    fflush(stdout);
    free(j->text);
    j->text = NULL;
}
