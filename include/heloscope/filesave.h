/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of the user's is written whole or not at all. */
#ifndef HELOSCOPE_FILESAVE_H
#define HELOSCOPE_FILESAVE_H

#include "heloscope/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Writes the content; false: it could not (errno). */
typedef bool filesave_fn(FILE *f, void *arg);

/* Writes a file of this mode beside path, by write(f, arg), and then gives it that name. With over
 * false an existing file is left alone (EEXIST). False: nothing was left behind; why names the file
 * and the reason, errno is set. */
bool filesave(const char *path, mode_t mode, bool over, filesave_fn *write, void *arg, char *why,
              size_t size);
/* The same for octets that stand in memory already. */
bool filesave_buf(const char *path, mode_t mode, bool over, const struct buf *content, char *why,
                  size_t size);

#endif
