/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope lessons: which lessons there are, which were gone through, and whether a file is one
 * (--check). */
#include "mode/lessons.h"
#include "heloscope/filesave.h"
#include "heloscope/harmless.h"
#include "heloscope/lesson.h"
#include "mode/mode.h"
#include "tui/paths.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_lesson(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 7 && strcmp(e->d_name + n - 7, ".lesson") == 0;
}

static int scan(char *folder, size_t size, struct dirent ***all)
{
    if (!paths_shipped("HELOSCOPE_LESSONS", "lessons", "", folder, size))
        return 0;
    return scandir(folder, all, is_lesson, alphasort);
}

/* "08-greylisting.lesson" is found as 8, greylisting, 08-greylisting and with its suffix. */
static bool is_called(const char *file, const char *name)
{
    size_t n = strlen(file) - 7;
    char *end;
    long number = strtol(name, &end, 10);
    const char *dash = strchr(file, '-');
    if (*name && !*end)
        return number == strtol(file, NULL, 10);
    return (strlen(name) == n && !strncmp(file, name, n)) || !strcmp(file, name) ||
           (dash && strlen(name) == n - (size_t)(dash + 1 - file) &&
            !strncmp(dash + 1, name, strlen(name)));
}

bool lessons_find(const char *name, char *path, size_t size, char *why, size_t why_size)
{
    char folder[PATH_MAX];
    struct dirent **all = NULL;
    bool found = false;
    if (strchr(name, '/') || (strstr(name, ".lesson") && access(name, R_OK) == 0)) {
        snprintf(path, size, "%s", name);
        return true;
    }
    int n = scan(folder, sizeof folder, &all);
    for (int i = 0; i < n; i++) {
        if (!found && is_called(all[i]->d_name, name))
            found = snprintf(path, size, "%s/%s", folder, all[i]->d_name) < (int)size;
        free(all[i]);
    }
    free(all);
    if (!found)
        snprintf(
            why, why_size,
            "there is no lesson \"%.60s\"; heloscope lessons lists them, and a file of your own "
            "is named with its folder (./NAME.lesson)",
            name);
    return found;
}

static char *kept(void)
{
    char why[200];
    return paths_state("lessons", why, sizeof why);
}

enum { KEPT_MAX = 1 << 18 };

/* The whole file; empty where there is none, or it is none of ours. */
static void kept_read(const char *path, struct buf *out)
{
    FILE *f = path ? fopen(path, "re") : NULL;
    buf_init(out, KEPT_MAX);
    if (!f)
        return;
    char *p = buf_room(out, KEPT_MAX - 1);
    size_t n = p ? fread(p, 1, KEPT_MAX - 1, f) : 0;
    buf_grew(out, n);
    if (!feof(f) || (n && memchr(out->p, 0, n)))
        buf_trim(out, 0);
    fclose(f);
}

/* The line of a lesson: NAME, a tab, the steps done, a tab and "done" where it was. A line that is
 * only a name means the same. */
static const char *line_of(const struct buf *all, const char *name, size_t *n)
{
    size_t len = strlen(name);
    for (const char *p = buf_str(all); *p; p += *n + (p[*n] == '\n')) {
        *n = strcspn(p, "\n");
        if (*n >= len && !memcmp(p, name, len) && (*n == len || p[len] == '\t'))
            return p;
    }
    return NULL;
}

static void mark_of(const struct buf *all, const char *name, struct lesson_mark *out)
{
    size_t n;
    const char *p = line_of(all, name, &n);
    *out = (struct lesson_mark){0};
    if (!p)
        return;
    size_t len = strlen(name);
    out->done = n == len || (n > 5 && !memcmp(p + n - 5, "\tdone", 5));
    if (n > len)
        out->step = strtoul(p + len + 1, NULL, 10);
}

void lessons_kept(const char *name, struct lesson_mark *out)
{
    struct buf all;
    char *path = kept();
    kept_read(path, &all);
    mark_of(&all, name, out);
    buf_clear(&all);
    free(path);
}

void lessons_keep(const char *name, size_t step, bool done)
{
    struct buf all, out;
    struct lesson_mark before;
    size_t n;
    char *path = strpbrk(name, "\n\r\t") ? NULL : kept();
    if (!path)
        return;
    kept_read(path, &all);
    mark_of(&all, name, &before);
    buf_init(&out, 2 * KEPT_MAX);
    const char *mine = line_of(&all, name, &n), *p = buf_str(&all);
    if (mine) {
        buf_add(&out, p, (size_t)(mine - p));
        buf_add_str(&out, mine + n + (mine[n] == '\n'));
    } else {
        buf_add_str(&out, p);
    }
    if (out.len && out.p[out.len - 1] != '\n')
        buf_add_char(&out, '\n');
    char why[600];
    if (buf_addf(&out, "%s\t%zu%s\n", name, step, done || before.done ? "\tdone" : ""))
        filesave_buf(path, 0600, true, &out, why, sizeof why); /* else: the old marks */
    buf_clear(&out);
    buf_clear(&all);
    free(path);
}

void lessons_list(char *out, size_t size)
{
    char folder[PATH_MAX], path[PATH_MAX + 300], why[600];
    struct dirent **all = NULL;
    size_t at = 0;
    struct lesson_mark mark;
    char far[64];
    int n = scan(folder, sizeof folder, &all);
    *out = '\0';
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, all[i]->d_name);
        struct lesson *l = lesson_load(path, why, sizeof why);
        *far = '\0';
        if (l)
            lessons_kept(l->name, &mark);
        if (l && mark.step > 0 && mark.step < l->nsteps)
            snprintf(far, sizeof far, "  %zu/%zu", mark.step + 1, l->nsteps);
        if (l && at < size)
            at += (size_t)snprintf(out + at, size - at, "[%c] %2ld  %s%s\n", mark.done ? 'x' : ' ',
                                   strtol(l->name, NULL, 10), l->title, far);
        lesson_free(l);
        free(all[i]);
    }
    free(all);
}

static void say(FILE *to, const char *text)
{
    struct buf b;
    buf_init(&b, 8192);
    text_clean(&b, text, strlen(text));
    fprintf(to, "%s\n", buf_str(&b));
    buf_clear(&b);
}

int mode_lessons(const struct args *a)
{
    char path[PATH_MAX], why[600];
    enum fault fault = FAULT_NONE;
    if (!a->noperands && !a->check) {
        char list[8192];
        lessons_list(list, sizeof list);
        if (!*list) {
            mode_complain("no lessons were found; HELOSCOPE_LESSONS can name their folder");
            return fault_status(FAULT_FILE);
        }
        fputs(list, stdout);
        puts("\nheloscope practice --lesson NUMBER begins one; [x] were gone through, 2/6 is where "
             "one goes on.");
        return fault_status(FAULT_NONE);
    }
    if (!a->noperands) {
        mode_complain("lessons --check wants the files to look at");
        return fault_status(FAULT_USAGE);
    }
    for (int i = 0; i < a->noperands; i++) {
        struct lesson *l = lessons_find(a->operands[i], path, sizeof path, why, sizeof why)
                               ? lesson_load(path, why, sizeof why)
                               : NULL;
        if (l) {
            char line[700];
            snprintf(line, sizeof line, "%s: %s, %zu steps: all well", a->operands[i], l->title,
                     l->nsteps);
            say(stdout, line);
            if (!a->check)
                say(stdout, l->about);
        } else {
            say(stderr, why);
            fault = FAULT_FILE;
        }
        lesson_free(l);
    }
    return fault_status(fault);
}
