/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store kept on disk as Maildir folders, one an account: DIR/student/{tmp,new,cur}. */
#ifndef PRACTICE_MAILDIR_H
#define PRACTICE_MAILDIR_H

#include "practice/mailbox.h"

struct maildir;

/* Opens (makes) the folders. NULL: why. */
struct maildir *maildir_open(const char *dir, char *why, size_t size);
void maildir_close(struct maildir *d);
/* Did the folder of student exist before? Then it gets no welcome letters. */
bool maildir_is_new(const struct maildir *d);
/* Reads what lies in new and cur into the store, oldest first. Returns how many files were left out
 * (too big, unreadable, no room). */
size_t maildir_load(struct maildir *d, struct store *s);
/* Writes a message: tmp, then renamed into new. *file: its path (heap). */
bool maildir_write(struct maildir *d, int box, const char *name, const char *head, size_t head_len,
                   const char *text, size_t n, char **file);
bool maildir_remove(struct maildir *d, const char *file);
/* Moves a message that was read from new to cur; *file changes. */
void maildir_seen(struct maildir *d, char **file);

#endif
