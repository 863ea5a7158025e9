/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope lessons: which lessons there are, which were gone through, and whether a file is one
 * (--check). */
#include "mode/lessons.h"
#include "heloscope/harmless.h"
#include "heloscope/lesson.h"
#include "mode/mode.h"
#include "tui/paths.h"

#include <dirent.h>
#include <errno.h>
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

static bool is_kept(FILE *f, const char *name)
{
    char line[300];
    if (!f)
        return false;
    rewind(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strcmp(line, name))
            return true;
    }
    return false;
}

void lessons_keep(const char *name)
{
    char *path = kept();
    FILE *f = path && !strpbrk(name, "\n\r") ? fopen(path, "a+") : NULL;
    if (f && !is_kept(f, name))
        fprintf(f, "%s\n", name);
    if (f)
        fclose(f);
    free(path);
}

void lessons_list(char *out, size_t size)
{
    char folder[PATH_MAX], path[PATH_MAX + 300], why[600];
    struct dirent **all = NULL;
    size_t at = 0;
    char *state = kept();
    FILE *f = state ? fopen(state, "r") : NULL;
    int n = scan(folder, sizeof folder, &all);
    *out = '\0';
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, all[i]->d_name);
        struct lesson *l = lesson_load(path, why, sizeof why);
        if (l && at < size)
            at += (size_t)snprintf(out + at, size - at, "[%c] %2ld  %s\n",
                                   is_kept(f, l->name) ? 'x' : ' ', strtol(l->name, NULL, 10),
                                   l->title);
        lesson_free(l);
        free(all[i]);
    }
    free(all);
    free(state);
    if (f)
        fclose(f);
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
            fprintf(stderr, "heloscope: no lessons were found; HELOSCOPE_LESSONS can name their "
                            "folder\n");
            return fault_status(FAULT_FILE);
        }
        fputs(list, stdout);
        puts("\nheloscope practice --lesson NUMBER begins one; [x] were gone through.");
        return fault_status(FAULT_NONE);
    }
    if (!a->noperands) {
        fprintf(stderr, "heloscope: lessons --check wants the files to look at\n");
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
