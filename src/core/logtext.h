/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How talks are written down: which line is whose. */
#ifndef HELOSCOPE_LOGTEXT_H
#define HELOSCOPE_LOGTEXT_H

#include "heloscope/source.h"

struct talk;

/* A way of writing a talk down (a row of logtext.c). */
struct dialect;

struct logtext {
    const struct dialect *dialect; /* NULL: no talk */
    const struct proto *proto;     /* NULL: no talk */
    bool own; /* written by heloscope: exactly one blank after a mark, "#" and "|" lines are ours */
    bool bare; /* no marks at all: who speaks follows from the talk itself */
    bool json; /* heloscope's JSON lines */
};

enum log_kind { LOG_CLIENT, LOG_SERVER, LOG_EVENT, LOG_TEXT, LOG_SKIP };

/* Looks at the beginning of a file. */
void logtext_detect(struct logtext *x, const char *p, size_t n);
/* Whose line is it, and what was said: *text without the mark. Inside a letter or a
 * body (told by talk) blanks count. In a bare talk only `talk` can tell (NULL: LOG_TEXT). */
enum log_kind logtext_line(const struct logtext *x, const struct talk *talk, const char *line,
                           size_t n, struct span *text);
/* Reads one line into the talk. */
void logtext_feed(const struct logtext *x, struct talk *talk, const char *line, size_t n);
/* One JSON line into the talk, and when it was said (ms since 1970, 0: not told). False: it is none
 * of ours (why: what is wrong). Members read: kind, lines (octets where one is no UTF-8) or text,
 * when. */
bool logjson_feed(struct talk *talk, const char *line, size_t n, int64_t *when, char *why,
                  size_t size);
/* The protocol that a JSON line names, or NULL. */
const struct proto *logjson_proto(const char *line, size_t n);
/* A pattern (search.h) for lines that hold a refusal. */
const char *logtext_problem(const struct logtext *x);

#endif
