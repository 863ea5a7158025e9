/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Themes: roles (roles.def) to attributes. One libConfuse file each in themes/. NO_COLOR is kept.
 */
#ifndef HELOSCOPE_TUI_THEME_H
#define HELOSCOPE_TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>

/* ROLE(name in C, "name.in.files", "what it is for") rows. */
enum role {
#define ROLE(id, name, words) ROLE_##id,
#include "tui/roles.def"
#undef ROLE
    ROLES
};

/* Loads by name (searched in $XDG_CONFIG_HOME/heloscope/themes, beside the program and in the
 * installed folder) or by path (it has a slash). NULL or "terminal": the built-in one, without a
 * look at any file. A broken one: false, why says file, line, what, what instead, and the default
 * theme is in force. True with a sentence in why: a warning. After term_open(). */
bool theme_load(const char *name, char *why, size_t size);
/* Attributes of a role as an ncurses attr_t and colour pair. */
void theme_role(enum role r, unsigned long *attrs, short *pair);
const char *theme_name(void);
/* The name of the shipped theme after the one in force (palette action); load it with theme_load().
 */
const char *theme_next(void);

#endif
