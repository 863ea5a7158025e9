/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: GNU readline without its hands on the terminal. It is fed bytes and asked what
 * the line looks like; nothing is read or written by it. readline is global, so there is one
 * editor. It is set up at the first key. */
#ifndef HELOSCOPE_TUI_EDITOR_H
#define HELOSCOPE_TUI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

#define EDITOR_MAX 65536 /* octets of a line; more is not taken */

/* accept(): Enter was pressed, line is what was visible; external(): C-x C-e. Both are called from
 * editor_feed(). */
void editor_open(void (*accept)(void *arg, const char *line), void (*external)(void *arg),
                 void *arg);
/* Sets readline up (inputrc, history); done by itself at the first need. */
void editor_ready(void);
void editor_close(void);

/* The bytes of one key, whole. False: the line is full. */
bool editor_feed(const char *bytes, size_t n);
/* The line; borrowed until the next call. */
const char *editor_text(size_t *n);
/* Octets before the cursor. */
size_t editor_point(void);
void editor_set(const char *text, size_t n);
/* Replaces the text from `start` to the end. */
void editor_replace(size_t start, const char *text);
/* Inserts at the cursor (a pasted line). False: the line is full. */
bool editor_insert(const char *text, size_t n);
/* Clears the line and whatever readline was in the middle of; wiped. */
void editor_cancel(void);
/* readline is in the middle of something (history search, C-x, quoted insert, vi motion): it wants
 * the next key. */
bool editor_busy(void);
/* vi mode, inserting: Escape is readline's. */
bool editor_wants_escape(void);
/* Do these octets (of an Alt key) have a meaning, the user's inputrc counted? */
bool editor_means(const char *bytes, size_t n);
/* What readline wants shown in front of the line instead of our prompt (while searching), or NULL.
 */
const char *editor_prompt(void);

/* Remembers a line, in memory and in the history file. Never call it with a line that holds a
 * secret. */
void editor_remember(const char *line);

#endif
