/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * walk.h: what the screen tests share: heloscope on a terminal (term.h), against nobody, the
 * practice world or a scripted server (tests/fake); and the questions "is this text in what was
 * written to the terminal" and "... in any file below the home".
 */
#ifndef TESTS_SCREEN_WALK_H
#define TESTS_SCREEN_WALK_H

#include "../fake/fakeserver.h"
#include "term_cmocka.h"

#define WAIT 5000 /* ms that a sight may take at most; HELO_TEST_SLOW stretches it */

/* Run heloscope (of $HELOSCOPE) with up to 15 arguments, the last one NULL. env as in term.h. */
struct term *helo(int cols, int rows, const char *const *env, ...) __attribute__((sentinel));

/* The practice world by SMTP: waits for the banner. */
struct term *helo_practice(int cols, int rows);

/* A session with the scripted server, by "smtp" or "pop3". */
struct term *helo_fake(int cols, int rows, const char *scheme, const struct fake *f);
struct term *helo_fake_env(int cols, int rows, const char *scheme, const struct fake *f,
                           const char *const *env);

/* Type the line, press Enter and wait for the sight. */
void say_at(struct term *t, const char *line, const char *sight, const char *file, int no);
#define say(t, line, sight) say_at((t), (line), (sight), __FILE__, __LINE__)
/* Press the key only if the screen tells of it by these words. */
void press_at(struct term *t, const char *key, const char *words, const char *file, int no);
#define press(t, key, words) press_at((t), (key), (words), __FILE__, __LINE__)

/* Leave by q, and y where it asks; the exit status. */
int leave(struct term *t);

/* Is the text among the bytes written since the mark? */
bool raw_has(const struct term *t, const char *text);
/* Is it in any file below the directory? path (may be NULL, else 512 octets) gets the file's. */
bool tree_has(const char *dir, const char *text, char *path);
/* Does the file hold it? false where the file cannot be read. */
bool file_has(const char *path, const char *text);
/* Writes a file below the program's home (or any directory), with the folders above it. */
void file_write(const char *dir, const char *name, const char *text);

/* A fresh directory that the test's teardown does not remove: dir_remove() does. */
char *dir_new(void);
void dir_remove(char *dir);

#endif
