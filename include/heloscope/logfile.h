/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transcript file opened for looking at: small ones are read through the driver into a transcript
 * (with everything live sessions have); big ones (over LOGFILE_LAZY octets) are mapped and indexed
 * while idle, and an item is a line. */
#ifndef HELOSCOPE_LOGFILE_H
#define HELOSCOPE_LOGFILE_H

#include "heloscope/source.h"

struct loop;
struct logfile;
#define LOGFILE_LAZY (4u << 20)

/* Recognised: plain text with "C: "/"S: " marks (what `w` writes: see docs), heloscope's JSON
 * lines, and any other text, which is shown as it is. NULL: why holds one clear line. changed() is
 * called from the loop as the index grows. */
struct logfile *logfile_open(struct loop *l, const char *path, void (*changed)(void *arg),
                             void *arg, char *why, size_t size);
/* Could it be opened at all? False, and why, where it is none, no regular file, or empty. */
bool logfile_check(const char *path, char *why, size_t size);
void logfile_close(struct logfile *f);
const struct source *logfile_source(struct logfile *f);
/* The protocol of the talk, as far as it can be told; NULL: none found. */
const struct proto *logfile_proto(const struct logfile *f);

#endif
