/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Theme files, read with libConfuse: sections theme, color, color16 and mono; in the last three a
 * line is role = "style". What a style means to curses is theme.c's. */
#include "tui/themefile.h"
#include "tui/paths.h"
#include "heloscope/buf.h"
#include "heloscope/conffile.h"
#include "core/lazy/confuse.gen.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THEME_FILE_MAX 65536
#define THEMES_MAX 500
#define EXTENDS_MAX 4 /* a chain longer than that is a circle */

static const char *const role_names[ROLES] = {
#define ROLE(id, name, words) name,
#include "tui/roles.def"
#undef ROLE
};
static const char *const role_meanings[ROLES] = {
#define ROLE(id, name, words) words,
#include "tui/roles.def"
#undef ROLE
};
static const char *const sections[DEPTHS] = {"color", "color16", "mono"};

const char *role_name(enum role r)
{
    return role_names[r];
}

const char *role_words(enum role r)
{
    return role_meanings[r];
}

bool role_find(const char *name, enum role *r)
{
    for (int i = 0; i < ROLES; i++)
        if (strcmp(role_names[i], name) == 0) {
            *r = (enum role)i;
            return true;
        }
    return false;
}

void themefile_builtin(struct theme_file *t)
{
    static const struct {
        enum role role;
        const char *color, *mono;
    } rows[] = {
#define STYLE(id, color, mono) {ROLE_##id, color, mono},
#include "tui/terminal.def"
#undef STYLE
    };
    char why[128];
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "terminal");
    t->background = COLOR_TERMINAL;
    t->contrast = 4.5;
    t->colors = true;
    t->has = 1u << DEPTH_256 | 1u << DEPTH_16 | 1u << DEPTH_MONO;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        style_parse(rows[i].color, &t->styles[DEPTH_256][rows[i].role], why, sizeof why);
        t->styles[DEPTH_16][rows[i].role] = t->styles[DEPTH_256][rows[i].role];
        style_parse(rows[i].mono, &t->styles[DEPTH_MONO][rows[i].role], why, sizeof why);
    }
}

/* -- where themes lie ----------------------------------------------------------------------------
 */

static bool readable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

static bool shipped(const char *file, char *path, size_t size)
{
    return paths_shipped("HELOSCOPE_THEMES", "themes", file, path, size);
}

/* The folder of the user's own themes. */
static void users(char *path, size_t size)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (xdg && *xdg)
        snprintf(path, size, "%s/heloscope/themes", xdg);
    else
        snprintf(path, size, "%s/.config/heloscope/themes", home ? home : "");
}

bool themefile_find(const char *name, char *path, size_t size)
{
    char file[64], dir[PATH_MAX];
    if (strlen(name) > 40 || strchr(name, '/') || name[0] == '.' || !*name)
        return false;
    snprintf(file, sizeof file, "%s.theme", name);
    users(dir, sizeof dir);
    int n = snprintf(path, size, "%s/%s", dir, file);
    if (n > 0 && (size_t)n < size && readable(path))
        return true;
    return shipped(file, path, size) && readable(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void name_add(char ***names, size_t *n, const char *name, size_t len)
{
    for (size_t i = 0; i < *n; i++)
        if (strlen((*names)[i]) == len && memcmp((*names)[i], name, len) == 0)
            return;
    *names = xrealloc(*names, (*n + 1) * sizeof **names);
    (*names)[(*n)++] = xstrndup(name, len);
}

char **themefile_names(size_t *n)
{
    char **names = NULL, dirs[2][PATH_MAX];
    *n = 0;
    name_add(&names, n, "terminal", 8);
    users(dirs[0], sizeof dirs[0]);
    if (!shipped("", dirs[1], sizeof dirs[1]))
        dirs[1][0] = 0;
    for (int d = 0; d < 2; d++) {
        DIR *dir = opendir(dirs[d]);
        struct dirent *e;
        while (dir && *n < THEMES_MAX && (e = readdir(dir))) {
            size_t len = strlen(e->d_name);
            if (len > 6 && e->d_name[0] != '.' && strcmp(e->d_name + len - 6, ".theme") == 0)
                name_add(&names, n, e->d_name, len - 6);
        }
        if (dir)
            closedir(dir);
    }
    qsort(names, *n, sizeof *names, by_name);
    return names;
}

void themefile_names_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* -- reading -------------------------------------------------------------------------------------
 */

/* What the parser's callbacks need; libConfuse gives them no pointer of ours. One theme is read at
 * a time. */
static struct reading {
    const char *path;
    char error[256]; /* the last sentence of libConfuse's, or ours */
    int line;
    bool ours;
    /* Where names stood that are no roles: libConfuse complains of them aloud, and goes on. */
    struct {
        char what[64];
        int line;
    } unknown[16];
    int unknowns;
} * now_reading;

static void warn_unknown(struct theme_file *t, const char *section, const char *name, int line)
{
    struct reading *r = now_reading;
    char quoted[64];
    snprintf(quoted, sizeof quoted, "'%.40s'", name);
    for (int i = 0; i < r->unknowns; i++)
        if (strstr(r->unknown[i].what, quoted)) {
            line = r->unknown[i].line;
            r->unknown[i].what[0] = 0;
            break;
        }
    if (t->warnings++ == 0)
        snprintf(t->warning, sizeof t->warning, "%.120s:%d: %s: no such role %s, passed over",
                 r->path, line, section, quoted);
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
    struct reading *r = now_reading;
    if (r->ours)
        return;
    vsnprintf(r->error, sizeof r->error, fmt, ap);
    r->line = cfg ? cfg->line : 0;
    if (r->unknowns < (int)(sizeof r->unknown / sizeof *r->unknown)) {
        snprintf(r->unknown[r->unknowns].what, sizeof r->unknown->what, "%.60s", r->error);
        r->unknown[r->unknowns++].line = r->line;
    }
}

/* Validates a role's style while the line number is at hand. */
static int on_style(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    struct style s;
    char why[200];
    if (!style_parse(value, &s, why, sizeof why)) {
        cfg_error(cfg, "%s: %s", cfg_opt_name(opt), why);
        now_reading->ours = true;
        return -1;
    }
    *(const char **)result = value;
    return 0;
}

static bool take(cfg_t *cfg, struct theme_file *t, int extended, char *why, size_t size);

static bool parse(const char *path, const char *text, size_t n, struct theme_file *out,
                  int extended, char *why, size_t size)
{
    cfg_opt_t theme[] = {
        CFG_STR("name", NULL, CFGF_NODEFAULT),    CFG_STR("background", NULL, CFGF_NODEFAULT),
        CFG_STR("extends", NULL, CFGF_NODEFAULT), CFG_FLOAT("contrast", 4.5, CFGF_NONE),
        CFG_BOOL("colors", cfg_true, CFGF_NONE),  CFG_END()};
    cfg_opt_t roles[ROLES + 1];
    for (int i = 0; i < ROLES; i++) {
        cfg_opt_t row = CFG_STR_CB(role_names[i], NULL, CFGF_NODEFAULT, on_style);
        roles[i] = row;
    }
    cfg_opt_t end = CFG_END();
    roles[ROLES] = end;
    /* Roles have types; a name that is none of them becomes a free-form one, to be warned about. */
    cfg_opt_t top[] = {CFG_SEC("theme", theme, CFGF_NONE), CFG_SEC("color", roles, CFGF_KEYSTRVAL),
                       CFG_SEC("color16", roles, CFGF_KEYSTRVAL),
                       CFG_SEC("mono", roles, CFGF_KEYSTRVAL), CFG_END()};

    if (n > THEME_FILE_MAX || memchr(text, 0, n)) {
        snprintf(why, size,
                 "%s: %s; a theme is a text file of some lines (see themes/terminal.theme)", path,
                 n > THEME_FILE_MAX ? "longer than 64 KiB" : "holds a NUL byte");
        return false;
    }
    char *copy = xstrndup(text, n);
    conf_blank_comments(copy, n);
    struct reading r = {.path = path}, *outer = now_reading;
    struct theme_file made;
    themefile_builtin(&made);
    made.has = 0;
    now_reading = &r;
    cfg_t *cfg = cfg_init(top, CFGF_NONE);
    cfg_set_error_function(cfg, on_error);
    /* fmemopen() refuses an empty text. */
    int rc = n == 0 ? CFG_SUCCESS : cfg_parse_buf(cfg, copy);
    bool ok = rc == CFG_SUCCESS;
    if (!ok)
        snprintf(why, size, "%s:%d: %s%s", path, r.line, r.error[0] ? r.error : "no theme file",
                 r.ours ? "" : "; wanted: theme, color, color16 or mono { name = \"value\" ... }");
    else
        ok = take(cfg, &made, extended, why, size);
    now_reading = outer;
    if (ok) {
        if (!made.name[0] || strcmp(made.name, "terminal") == 0) {
            const char *slash = strrchr(path, '/');
            const char *base = slash ? slash + 1 : path;
            snprintf(made.name, sizeof made.name, "%.*s", (int)strcspn(base, "."), base);
        }
        *out = made;
    }
    cfg_free(cfg);
    free(copy);
    return ok;
}

/* What a file extends is read first, then its own lines replace the rows. */
static bool take_extends(const char *name, struct theme_file *t, int extended, char *why,
                         size_t size)
{
    char path[PATH_MAX];
    const char *from = now_reading->path, *slash = strrchr(from, '/');
    if (strcmp(name, "terminal") == 0)
        return true; /* every theme starts from it */
    if (extended >= EXTENDS_MAX) {
        snprintf(why, size, "%s: extends \"%.40s\": the themes extend each other in a circle", from,
                 name);
        return false;
    }
    snprintf(path, sizeof path, "%.*s%.60s.theme", slash ? (int)(slash - from) + 1 : 0, from, name);
    if (strchr(name, '/') || !*name ||
        (!readable(path) && !themefile_find(name, path, sizeof path))) {
        snprintf(why, size,
                 "%s: extends \"%.40s\": there is no such theme (a name, as in themes/NAME.theme)",
                 from, name);
        return false;
    }
    struct buf text;
    buf_init(&text, THEME_FILE_MAX);
    FILE *f = fopen(path, "re");
    char chunk[4096];
    size_t k;
    bool ok = f != NULL;
    while (ok && (k = fread(chunk, 1, sizeof chunk, f)) > 0)
        ok = buf_add(&text, chunk, k);
    if (f)
        fclose(f);
    if (!ok)
        snprintf(why, size, "%s: cannot be read, or is longer than 64 KiB", path);
    else
        ok = parse(path, buf_str(&text), text.len, t, extended + 1, why, size);
    buf_clear(&text);
    return ok;
}

static bool take(cfg_t *cfg, struct theme_file *t, int extended, char *why, size_t size)
{
    const char *path = now_reading->path;
    cfg_t *head = cfg_getsec(cfg, "theme");
    const char *extends = cfg_getstr(head, "extends");
    if (extends && !take_extends(extends, t, extended, why, size))
        return false;
    const char *name = cfg_getstr(head, "name");
    if (name)
        snprintf(t->name, sizeof t->name, "%s", name);
    else
        t->name[0] = 0;
    const char *background = cfg_getstr(head, "background");
    if (background) {
        struct style s;
        char what[200];
        if (!style_parse(background, &s, what, sizeof what) || s.fg == COLOR_UNSET ||
            s.bg != COLOR_UNSET || s.attrs) {
            snprintf(
                why, size,
                "%s: background = \"%.40s\": one colour is wanted, such as \"#14181d\" or default",
                path, background);
            return false;
        }
        t->background = s.fg;
    }
    if (cfg_size(head, "contrast") && cfg_getfloat(head, "contrast") != 4.5)
        t->contrast = cfg_getfloat(head, "contrast");
    if (!cfg_getbool(head, "colors"))
        t->colors = false;
    for (int d = 0; d < DEPTHS; d++) {
        cfg_t *sec = cfg_getsec(cfg, sections[d]);
        struct style fresh[ROLES];
        bool any = false;
        memset(fresh, 0, sizeof fresh);
        for (unsigned i = 0; i < cfg_num(sec); i++) {
            cfg_opt_t *opt = cfg_getnopt(sec, i);
            const char *value = cfg_opt_size(opt) ? cfg_opt_getstr(opt) : NULL;
            enum role role;
            if (!value)
                continue;
            any = true;
            if (role_find(cfg_opt_name(opt), &role)) {
                style_parse(value, &fresh[role], why, size);
            } else {
                warn_unknown(t, sections[d], cfg_opt_name(opt), sec->line);
            }
        }
        if (!any)
            continue;
        /* A file's own section replaces the built-in one whole, but only adds to that of a theme it
         * extends. */
        for (int i = 0; i < ROLES; i++)
            if (fresh[i].set || !(t->has & 1u << d))
                t->styles[d][i] = fresh[i];
        t->has |= 1u << d;
    }
    return true;
}

bool themefile_parse(const char *path, const char *text, size_t n, struct theme_file *t, char *why,
                     size_t size)
{
    return parse(path, text, n, t, 0, why, size);
}

bool themefile_read(const char *path, struct theme_file *t, char *why, size_t size)
{
    struct stat st;
    bool there = stat(path, &st) == 0, file = there && S_ISREG(st.st_mode); /* a pipe would wait */
    FILE *f = file ? fopen(path, "re") : NULL;
    if (!f) {
        snprintf(why, size, "%s: %s", path,
                 there && !file ? "is no file; give a .theme file" : strerror(errno));
        return false;
    }
    char *text = xmalloc(THEME_FILE_MAX + 2);
    size_t n = fread(text, 1, THEME_FILE_MAX + 1, f);
    fclose(f);
    bool ok = parse(path, text, n, t, 0, why, size);
    free(text);
    return ok;
}

/* -- what a role looks like ----------------------------------------------------------------------
 */

static struct style inherited(const struct style *rows, enum role r)
{
    char name[32];
    snprintf(name, sizeof name, "%s", role_names[r]);
    for (;;) {
        enum role at;
        if (role_find(name, &at) && rows[at].set)
            return rows[at];
        char *dot = strrchr(name, '.');
        if (!dot)
            break;
        *dot = 0;
    }
    return rows[ROLE_TEXT];
}

struct style themefile_style(const struct theme_file *t, enum depth depth, enum role r)
{
    if (depth == DEPTH_16 && !(t->has & 1u << DEPTH_16)) {
        struct style s = themefile_style(t, DEPTH_256, r);
        s.fg = color_to_16(s.fg);
        s.bg = color_to_16(s.bg);
        return s;
    }
    if (depth == DEPTH_MONO && !(t->has & 1u << DEPTH_MONO)) {
        struct theme_file plain;
        themefile_builtin(&plain);
        return inherited(plain.styles[DEPTH_MONO], r);
    }
    struct style s = inherited(t->styles[depth], r), text = t->styles[depth][ROLE_TEXT];
    if (depth == DEPTH_MONO) {
        s.fg = s.bg = COLOR_UNSET;
        return s;
    }
    if (s.fg == COLOR_UNSET)
        s.fg = text.fg;
    if (s.bg == COLOR_UNSET)
        s.bg = text.bg;
    if (s.fg == COLOR_UNSET)
        s.fg = COLOR_TERMINAL;
    if (s.bg == COLOR_UNSET)
        s.bg = t->background;
    return s;
}
