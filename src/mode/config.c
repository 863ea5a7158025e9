/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The config file, by libConfuse: typed, with line numbers in what it complains of. --insecure is
 * left out on purpose: going on unverified is to be said each time. */
#include "mode/config.h"
#include "tui/paths.h"
#include "heloscope/buf.h"
#include "core/lazy/confuse.gen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANNOTATE_DEFAULT 1 /* newest and problems */

static struct config *reading;

static void complain(cfg_t *cfg, const char *fmt, va_list ap)
{
    char what[200];
    if (!reading || reading->broken[0])
        return;
    vsnprintf(what, sizeof what, fmt, ap);
    snprintf(reading->broken, sizeof reading->broken,
             "%.120s:%d: %s; none of this file is used, the defaults are",
             cfg && cfg->filename ? cfg->filename : "config", cfg ? cfg->line : 0, what);
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
    if (access(path, F_OK) != 0)
        return;
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);
    reading = c;
    cfg_set_error_function(cfg, complain);
    cfg_set_validate_func(cfg, "timeout", check_timeout);
    cfg_set_validate_func(cfg, "annotate", check_annotate);
    int r = cfg_parse(cfg, path);
    if (r == CFG_SUCCESS) {
        const char *theme = cfg_getstr(cfg, "theme");
        c->theme = theme && *theme ? xstrdup(theme) : NULL;
        c->annotate = level_of(cfg_getstr(cfg, "annotate"));
        c->timeout = cfg_getint(cfg, "timeout");
    } else if (!c->broken[0])
        snprintf(c->broken, sizeof c->broken, "%.200s cannot be read: %s; the defaults are used",
                 path, strerror(errno));
    reading = NULL;
    cfg_free(cfg);
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
