/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pasted lines, and lines of a letter typed before its 354, that wait until the user sends them;
 * never sent by themselves. Without curses. */
#ifndef HELOSCOPE_TUI_QUEUE_H
#define HELOSCOPE_TUI_QUEUE_H

#include "heloscope/buf.h"
#include "heloscope/proto.h"

#define QUEUE_MAX (1u << 20)

/* Embedded; holds whole lines, each ended by LF. It may hold passwords, so it is wiped. */
struct queue {
    struct buf text;
};

void queue_init(struct queue *q);
void queue_clear(struct queue *q);
/* Takes the lines of a paste (any line ends; an unfinished last line counts; empty lines at the end
 * do not). False: over the ceiling. */
bool queue_add(struct queue *q, const char *text, size_t n);
/* Takes one line, also an empty one. False: over the ceiling. */
bool queue_line(struct queue *q, const char *line, size_t n);
size_t queue_count(const struct queue *q);
/* The first line, without its end; borrowed. False: empty. */
bool queue_peek(const struct queue *q, const char **line, size_t *n);
void queue_pop(struct queue *q);
/* How much of the text may go out in one flight: up to and including the first verb that has to be
 * the last of its group (RFC 2920 3.1), or that a letter follows. Octets, whole lines. */
size_t queue_flight(const struct queue *q, const struct proto *p);
/* How many octets of it are a letter: up to and including the line with a lone dot; 0 where there
 * is none. */
size_t queue_letter(const struct queue *q);

/* Does a paste hold more than one line? A line end at the very end does not count. */
bool queue_is_lines(const char *text, size_t n);

#endif
