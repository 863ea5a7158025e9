/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The theme in force: its styles as curses attributes and colour pairs. Where there is to be no
 * colour (NO_COLOR, a terminal without, a theme without) start_color() is never called, so that
 * ncurses has no colour sequence to send. */
#include "tui/themefile.h"
#include "tui/lazy/curses.gen.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    attr_t attrs;
    short pair;
} looks[ROLES];
static char name_now[32] = "terminal";

static enum depth depth_now(const struct theme_file *t)
{
    const char *no = getenv("NO_COLOR");
    if (!t->colors || (no && *no) || !has_colors())
        return DEPTH_MONO;
    start_color();
    return COLORS >= 256 ? DEPTH_256 : COLORS >= 8 ? DEPTH_16 : DEPTH_MONO;
}

/* A colour as the terminal's number; -1: its own. */
static int number(int32_t color, enum depth depth, attr_t *bold)
{
    if (color == COLOR_TERMINAL || color == COLOR_UNSET)
        return -1;
    int n = depth == DEPTH_256 ? color_to_256(color) : color_to_16(color);
    if (n >= 8 && COLORS < 16) {
        /* Eight colours: the bright ones are bold. */
        n -= 8;
        if (bold)
            *bold |= A_BOLD;
    }
    return n;
}

static void put_in_force(const struct theme_file *t)
{
    enum depth depth = depth_now(t);
    int pairs = 0, fgs[ROLES + 1], bgs[ROLES + 1];
    if (depth != DEPTH_MONO) {
        /* Pair 0 is what blanks are painted with. */
        struct style text = themefile_style(t, depth, ROLE_TEXT);
        /* A pair that changes in place would be lost in ncurses' tree of pairs, and never freed. */
        static bool before;
        if (before)
            reset_color_pairs();
        before = true;
        assume_default_colors(number(text.fg, depth, NULL), number(text.bg, depth, NULL));
        fgs[0] = number(text.fg, depth, NULL);
        bgs[0] = number(text.bg, depth, NULL);
    }
    for (int i = 0; i < ROLES; i++) {
        struct style s = themefile_style(t, depth, (enum role)i);
        attr_t a = A_NORMAL;
        a |= s.attrs & STYLE_BOLD ? A_BOLD : 0;
        a |= s.attrs & STYLE_DIM ? A_DIM : 0;
        a |= s.attrs & STYLE_ITALIC ? A_ITALIC : 0;
        a |= s.attrs & STYLE_UNDERLINE ? A_UNDERLINE : 0;
        a |= s.attrs & STYLE_REVERSE ? A_REVERSE : 0;
        looks[i].pair = 0;
        if (depth != DEPTH_MONO) {
            int fg = number(s.fg, depth, &a), bg = number(s.bg, depth, NULL), p = 0;
            while (p <= pairs && (fgs[p] != fg || bgs[p] != bg))
                p++;
            if (p > pairs) {
                if (p < COLOR_PAIRS && init_pair((short)p, (short)fg, (short)bg) == OK) {
                    pairs = p;
                    fgs[p] = fg;
                    bgs[p] = bg;
                } else {
                    p = 0;
                }
            }
            looks[i].pair = (short)p;
        }
        looks[i].attrs = a;
    }
    snprintf(name_now, sizeof name_now, "%s", t->name);
}

bool theme_load(const char *name, char *why, size_t size)
{
    struct theme_file t;
    char path[PATH_MAX];
    bool ok = true;
    if (size)
        why[0] = 0;
    themefile_builtin(&t);
    if (name && *name && strcmp(name, "terminal") != 0) {
        size_t len = strlen(name);
        if (strchr(name, '/') || (len > 6 && strcmp(name + len - 6, ".theme") == 0)) {
            ok = themefile_read(name, &t, why, size);
        } else if (themefile_find(name, path, sizeof path)) {
            ok = themefile_read(path, &t, why, size);
            if (ok) /* the file's name, by which it is found again, whatever it calls itself */
                snprintf(t.name, sizeof t.name, "%s", name);
        } else {
            snprintf(why, size,
                     "no theme \"%.40s\": 'heloscope themes' lists them; a file ends in .theme",
                     name);
            ok = false;
        }
        if (ok && t.warnings)
            snprintf(why, size, "%s", t.warning);
    }
    put_in_force(&t);
    return ok;
}

void theme_role(enum role r, unsigned long *attrs, short *pair)
{
    *attrs = looks[r].attrs;
    *pair = looks[r].pair;
}

const char *theme_name(void)
{
    return name_now;
}

const char *theme_next(void)
{
    static char next[64];
    size_t n, at = 0;
    char **names = themefile_names(&n);
    while (at < n && strcmp(names[at], name_now) != 0)
        at++;
    snprintf(next, sizeof next, "%s", names[at + 1 < n ? at + 1 : 0]);
    themefile_names_free(names, n);
    return next;
}
