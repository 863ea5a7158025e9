/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A theme as data, read from a file or from the built-in rows. Knows no curses, so that it can be
 * tested and measured without a terminal. */
#ifndef HELOSCOPE_TUI_THEMEFILE_H
#define HELOSCOPE_TUI_THEMEFILE_H

#include "tui/theme.h"
#include <stdint.h>

/* A colour: one of the terminal's 256, 24 bits, or none. */
#define COLOR_UNSET (-1)    /* inherited */
#define COLOR_TERMINAL (-2) /* the terminal's own */
#define COLOR_RGB 0x1000000 /* | 0xrrggbb */

enum style_attr {
    STYLE_BOLD = 1,
    STYLE_DIM = 2,
    STYLE_ITALIC = 4,
    STYLE_UNDERLINE = 8,
    STYLE_REVERSE = 16
};

struct style {
    int32_t fg, bg;
    unsigned attrs; /* bits of enum style_attr */
    bool set;       /* the role has a line; otherwise it inherits */
};

/* How much colour there is: 256, 16 (or 8), or attributes only. */
enum depth { DEPTH_256, DEPTH_16, DEPTH_MONO, DEPTHS };

struct theme_file {
    char name[32];
    int32_t background; /* what everything is painted on; COLOR_TERMINAL: nothing is painted */
    double contrast; /* the ratio its text promises (WCAG 2.2, 1.4.3 and 1.4.6); 4.5 unless the file
                        says more */
    bool colors;     /* false: attributes only, whatever the terminal can do */
    struct style styles[DEPTHS][ROLES];
    unsigned has;      /* bits of 1u << depth: the file has that section */
    int warnings;      /* lines that were passed over: unknown roles */
    char warning[256]; /* the first of them: file, line, what */
};

/* The built-in theme `terminal`: only the terminal's own colours. */
void themefile_builtin(struct theme_file *t);
/* Reads one file. False: why holds file, line, what is wrong and what would be right; *t is
 * untouched. dir: where a theme named by `extends` is looked for besides the usual places; NULL:
 * beside the file. */
bool themefile_read(const char *path, struct theme_file *t, char *why, size_t size);
/* The same from text; path is used in sentences and to find what it extends. */
bool themefile_parse(const char *path, const char *text, size_t n, struct theme_file *t, char *why,
                     size_t size);
/* The path of a theme by name, as theme_load() looks for it. False: there is none. */
bool themefile_find(const char *name, char *path, size_t size);
/* The names of all themes that are there, the user's and the shipped ones, sorted and each once;
 * `terminal` always. */
char **themefile_names(size_t *n);
void themefile_names_free(char **names, size_t n);

/* The style of a role with everything inherited: the parts before its dots, then `text`; colours
 * that the section for this depth does not give are brought down from the 256 ones (16) or dropped
 * (mono). */
struct style themefile_style(const struct theme_file *t, enum depth depth, enum role r);
/* "#e25a71 on #14181d bold underline". False: why names the word that is wrong. */
bool style_parse(const char *words, struct style *out, char *why, size_t size);
/* The nearest of the xterm colours 16..255, or of the first 16; and what a palette colour looks
 * like (0xrrggbb). */
int color_to_256(int32_t color);
int color_to_16(int32_t color);
uint32_t color_rgb(int32_t color);
/* The name in theme files. */
const char *role_name(enum role r);
const char *role_words(enum role r);
/* False: no such role. */
bool role_find(const char *name, enum role *r);

#endif
