/* SPDX-License-Identifier: GPL-3.0-or-later */
/* walk.c: starting heloscope for a screen test, and looking after what it left behind. */
#include "walk.h"

#include "term_in.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct term *run(int cols, int rows, const char *const *env, const char *const *args)
{
    const char *argv[17] = {getenv("HELOSCOPE")};
    size_t n = 1;

    if (!argv[0])
        argv[0] = "./heloscope";
    while (*args && n < 16)
        argv[n++] = *args++;
    return term_start(cols, rows, argv, env);
}

struct term *helo(int cols, int rows, const char *const *env, ...)
{
    const char *args[16] = {NULL};
    va_list ap;

    va_start(ap, env);
    for (size_t i = 0; i < 15 && (args[i] = va_arg(ap, const char *)); i++)
        ;
    va_end(ap);
    return run(cols, rows, env, args);
}

struct term *helo_practice(int cols, int rows)
{
    struct term *t = helo(cols, rows, NULL, "practice", NULL);

    term_wait(t, "220 practice.example", WAIT);
    return t;
}

struct term *helo_fake_env(int cols, int rows, const char *scheme, const struct fake *f,
                           const char *const *env)
{
    char target[64];
    const char *args[] = {target, NULL};

    snprintf(target, sizeof target, "%s://127.0.0.1:%d", scheme, fake_port(f));
    return run(cols, rows, env, args);
}

struct term *helo_fake(int cols, int rows, const char *scheme, const struct fake *f)
{
    return helo_fake_env(cols, rows, scheme, f, NULL);
}

void say_at(struct term *t, const char *line, const char *sight, const char *file, int no)
{
    /* A sight of before would end the wait before the answer came, on a slow machine only. */
    if (term_shows(t, sight))
        term_failed(t, file, no, "\"%s\" is on the screen before \"%s\" is typed", sight, line);
    term_line(t, line);
    term_wait_at(t, sight, WAIT, file, no);
}

void press_at(struct term *t, const char *key, const char *words, const char *file, int no)
{
    term_wait_at(t, words, WAIT, file, no);
    term_key_at(t, key, file, no);
}

static bool asks_or_ended(struct term *t, void *arg)
{
    (void)arg;
    return !term_running(t) || term_shows(t, "[y/N]");
}

int leave(struct term *t)
{
    term_key(t, "C-u");
    term_keys(t, ":");
    term_wait(t, "Enter run", WAIT);
    term_line(t, "quit");
    term_wait_for(t, asks_or_ended, NULL, "the end, or a question", WAIT);
    if (term_running(t))
        term_keys(t, "y");
    return term_exit_status(t, WAIT);
}

bool raw_has(const struct term *t, const char *text)
{
    size_t n;
    const char *raw = term_raw(t, &n);

    return n > 0 && memmem(raw, n, text, strlen(text)) != NULL;
}

bool file_has(const char *path, const char *text)
{
    FILE *f = fopen(path, "r");
    char *all = NULL;
    size_t n = 0, got;
    char part[65536];
    bool has;

    if (!f)
        return false;
    while ((got = fread(part, 1, sizeof part, f)) > 0) {
        all = realloc(all, n + got);
        if (!all)
            abort();
        memcpy(all + n, part, got);
        n += got;
    }
    fclose(f);
    has = n > 0 && memmem(all, n, text, strlen(text)) != NULL;
    free(all);
    return has;
}

static const char *wanted;
static char found[512];

static int look(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)ftw;
    if (flag != FTW_F || !S_ISREG(st->st_mode) || !file_has(path, wanted))
        return 0;
    snprintf(found, sizeof found, "%s", path);
    return 1;
}

bool tree_has(const char *dir, const char *text, char *path)
{
    wanted = text;
    found[0] = '\0';
    if (nftw(dir, look, 16, FTW_PHYS) != 1)
        return false;
    if (path)
        memcpy(path, found, sizeof found);
    return true;
}

void file_write(const char *dir, const char *name, const char *text)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            fail_msg("%s: %s", path, strerror(errno));
    }
    f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        fail_msg("%s: %s", path, strerror(errno));
}

char *dir_new(void)
{
    const char *tmp = getenv("TMPDIR");
    char *dir = NULL;

    if (asprintf(&dir, "%s/helo-screen.XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0 || !mkdtemp(dir))
        fail_msg("no directory: %s", strerror(errno));
    return dir;
}

static int rm_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void dir_remove(char *dir)
{
    nftw(dir, rm_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}
