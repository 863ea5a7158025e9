/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope themes: what themes there are, and whether their text can be read. Contrast as in
 * WCAG 2.2 (1.4.3, 1.4.6, 1.4.11), measured on the colours that a 256-colour terminal really shows,
 * not on those that the file wishes for. */
#include "heloscope/buf.h"
#include "heloscope/fault.h"
#include "mode/mode.h"
#include "tui/text.h"
#include "tui/themefile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define BORDER_RATIO 3.0

/* b to the power of 2.4, for b in 0..1: b squared, times the fifth root of the same by Newton's
 * way. pow() would be all that is used of libm, which would be mapped at every start. */
static double power_2_4(double b)
{
    double a = b * b, root = 1;
    for (int i = 0; i < 40; i++)
        root = (4 * root + a / (root * root * root * root)) / 5;
    return a * root;
}

static double linear(unsigned c)
{
    double v = c / 255.0;
    return v <= 0.04045 ? v / 12.92 : power_2_4((v + 0.055) / 1.055);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 255) + 0.7152 * linear(rgb >> 8 & 255) +
           0.0722 * linear(rgb & 255);
}

static double ratio(uint32_t a, uint32_t b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* File names, sentences with parts of files: nothing of it may act on the terminal. */
static void say(FILE *to, const char *prefix, const char *text)
{
    struct buf b;
    buf_init(&b, 4096);
    text_clean(&b, text, strlen(text));
    fprintf(to, "%s%s\n", prefix, buf_str(&b));
    buf_clear(&b);
}

/* Prints a verdict for each role; false: one of them cannot be read. */
static bool check(const struct theme_file *t)
{
    int low = 0, measured = 0;
    if (!t->colors) {
        printf("%s: no colours, nothing to measure\n", t->name);
        return true;
    }
    printf("%s: text %.1f:1, borders %.1f:1, on 256 colours\n", t->name, t->contrast, BORDER_RATIO);
    for (int i = 0; i < ROLES; i++) {
        struct style s = themefile_style(t, DEPTH_256, (enum role)i);
        bool border = i == ROLE_BORDER || i == ROLE_FOCUS_BORDER;
        double want = border ? BORDER_RATIO : t->contrast;
        /* 0 to 15 are whatever the user has made of them. */
        if (s.fg < 16 || s.bg < 16) {
            printf("  -     %-14s the terminal's own colours\n", role_name((enum role)i));
            continue;
        }
        int fg = color_to_256(s.fg), bg = color_to_256(s.bg);
        double is = ratio(color_rgb(fg), color_rgb(bg));
        bool ok = is >= want && !(s.attrs & STYLE_DIM);
        measured++;
        low += !ok;
        printf("  %s  %-14s %5.2f:1  #%06x on #%06x (%d on %d)%s\n", ok ? "ok " : "LOW",
               role_name((enum role)i), is, color_rgb(s.fg), color_rgb(s.bg), fg, bg,
               s.attrs & STYLE_DIM ? "; dim takes away an unknown part of it" : "");
    }
    if (low)
        printf("%s: %d of %d roles are below the bar\n", t->name, low, measured);
    else
        printf("%s: %d roles measured, all well\n", t->name, measured);
    return low == 0;
}

/* One theme, by name or path: listed, or measured. */
static bool show(const char *name, bool measure)
{
    struct theme_file t;
    char path[PATH_MAX], why[1024];
    bool file =
        strchr(name, '/') || (strlen(name) > 6 && strcmp(name + strlen(name) - 6, ".theme") == 0);
    if (!file && !themefile_find(name, path, sizeof path)) {
        if (strcmp(name, "terminal") != 0) {
            snprintf(why, sizeof why,
                     "no theme \"%.60s\": give a name that 'heloscope themes' lists, or a file",
                     name);
            say(stderr, "heloscope: ", why);
            return false;
        }
        themefile_builtin(&t);
    } else if (!themefile_read(file ? name : path, &t, why, sizeof why)) {
        say(stderr, "heloscope: ", why);
        return false;
    }
    if (t.warnings)
        say(stderr, "heloscope: warning: ", t.warning);
    if (measure)
        return check(&t);
    char what[64] = "the terminal's own colours";
    if (!t.colors)
        snprintf(what, sizeof what, "no colours");
    else if (t.background != COLOR_TERMINAL)
        snprintf(what, sizeof what, "on #%06x, text at least %.1f:1", color_rgb(t.background),
                 t.contrast);
    printf("%-16s %s%s\n", name, what, strcmp(name, "terminal") == 0 ? " (default)" : "");
    return true;
}

int mode_themes(const struct args *a)
{
    bool ok = true;
    if (a->noperands > 0) {
        for (int i = 0; i < a->noperands; i++)
            ok = show(a->operands[i], a->check) && ok;
        return fault_status(ok ? FAULT_NONE : FAULT_FILE);
    }
    size_t n;
    char **names = themefile_names(&n);
    for (size_t i = 0; i < n; i++)
        ok = show(names[i], a->check) && ok;
    themefile_names_free(names, n);
    return fault_status(ok ? FAULT_NONE : FAULT_FILE);
}
