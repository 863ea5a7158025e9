/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The config file, by libConfuse: typed, with line numbers in what it complains of. --insecure is
 * left out on purpose: going on unverified is to be said each time. */
#include "mode/config.h"
#include "tui/paths.h"
#include "heloscope/buf.h"
#include "heloscope/conffile.h"
#include "core/lazy/confuse.gen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ANNOTATE_DEFAULT 1 /* newest and problems */

enum { CONFIG_MAX = 65536 };

static struct config *reading;
static const char *reading_path;

static void complain(cfg_t *cfg, const char *fmt, va_list ap)
{
    char what[200];
    if (!reading || reading->broken[0])
        return;
    vsnprintf(what, sizeof what, fmt, ap);
    snprintf(reading->broken, sizeof reading->broken,
             "%.120s:%d: %s; none of this file is used, the defaults are", reading_path,
             cfg ? cfg->line : 0, what);
}

/* The file's text without its comments. NULL: why stands in `broken`, or there is none. A device or
 * a pipe in its place would never end, and libConfuse ends the program on a folder. */
static char *slurp(struct config *c, const char *path)
{
    struct stat st;
    const char *what = NULL;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return NULL;
        what = strerror(errno);
    } else if (!S_ISREG(st.st_mode)) {
        what = S_ISDIR(st.st_mode) ? "is a folder, where a text file is expected"
                                   : "is no ordinary file";
    }
    FILE *f = what ? NULL : fopen(path, "re");
    char *text = xmalloc(CONFIG_MAX + 2);
    size_t n = f ? fread(text, 1, CONFIG_MAX + 1, f) : 0;
    if (!what && (!f || ferror(f)))
        what = strerror(errno);
    else if (n > CONFIG_MAX)
        what = "longer than 64 KiB; it is a text file of some lines";
    else if (memchr(text, '\0', n))
        what = "holds a NUL octet; it is a text file of some lines";
    if (f)
        fclose(f);
    if (what) {
        snprintf(c->broken, sizeof c->broken, "%.200s: %s; the defaults are used", path, what);
        free(text);
        return NULL;
    }
    text[n] = '\0';
    conf_blank_comments(text, n);
    return text;
}

static int check_timeout(cfg_t *cfg, cfg_opt_t *opt)
{
    long n = cfg_opt_getnint(opt, 0);
    if (n >= 0 && n <= 86400)
        return 0;
    cfg_error(cfg, "timeout is %ld: it is to be 0 to 86400 seconds", n);
    return -1;
}

static int level_of(const char *word)
{
    static const char *const levels[] = {"none", "newest", "all", "raw"};
    for (int i = 0; i < 4; i++)
        if (strcmp(levels[i], word) == 0)
            return i;
    return -1;
}

static int check_annotate(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *word = cfg_opt_getnstr(opt, 0);
    if (level_of(word) >= 0)
        return 0;
    cfg_error(cfg, "annotate is \"%.40s\": it is to be none, newest, all or raw", word);
    return -1;
}

void config_read_file(struct config *c, const char *path)
{
    cfg_opt_t opts[] = {
        CFG_STR("theme", NULL, CFGF_NONE),
        CFG_STR("annotate", "newest", CFGF_NONE),
        CFG_INT("timeout", 0, CFGF_NONE),
        CFG_END(),
    };
    memset(c, 0, sizeof *c);
    c->annotate = ANNOTATE_DEFAULT;
    char *text = slurp(c, path);
    if (!text)
        return;
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);
    reading = c;
    reading_path = path;
    cfg_set_error_function(cfg, complain);
    cfg_set_validate_func(cfg, "timeout", check_timeout);
    cfg_set_validate_func(cfg, "annotate", check_annotate);
    /* An empty text is refused by fmemopen(). */
    int r = *text ? cfg_parse_buf(cfg, text) : CFG_SUCCESS;
    if (r == CFG_SUCCESS) {
        const char *theme = cfg_getstr(cfg, "theme");
        c->theme = theme && *theme ? xstrdup(theme) : NULL;
        c->annotate = level_of(cfg_getstr(cfg, "annotate"));
        c->timeout = cfg_getint(cfg, "timeout");
    } else if (!c->broken[0])
        snprintf(c->broken, sizeof c->broken, "%.200s cannot be read; the defaults are used", path);
    reading = NULL;
    cfg_free(cfg);
    free(text);
}

void config_read(struct config *c)
{
    char *path = paths_config("config");
    config_read_file(c, path ? path : "/dev/null/none");
    free(path);
}

void config_clear(struct config *c)
{
    free(c->theme);
    c->theme = NULL;
}
