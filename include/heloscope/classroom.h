/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A class in the practice world: each student in a world of his own, and a roster that tells who is
 * there and how far they are in the lesson. What identifies a student is the client's address, or,
 * where students share one (a machine, NAT), the address and a name: the one said in EHLO, in POP3
 * the one behind a plus in the login ("student+anna"). */
#ifndef HELOSCOPE_CLASSROOM_H
#define HELOSCOPE_CLASSROOM_H

#include "heloscope/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct classroom;
struct world;
struct lesson;

enum class_event {
    CLASS_CAME,    /* a student is there: for the first time, or again */
    CLASS_DONE,    /* did a step */
    CLASS_TRIED,   /* the right verb, and not what the step wants */
    CLASS_ENDED,   /* did the last step */
    CLASS_LEFT,    /* the last connection of the student is over */
    CLASS_REFUSED, /* there is no place for another student */
};
const char *class_event_word(enum class_event ev);

/* A row of the roster. Strings are the classroom's until its loop turns; what strangers said was
 * made harmless. */
struct student_row {
    const char *name;    /* "" until one was said */
    const char *address; /* the client's */
    const char *login;   /* the account that was logged in to last, or "" */
    const char *verb;    /* of the step that comes next ("letter": its end); "" at the end */
    const char *reply;   /* the last one's first line */
    size_t step, steps;  /* step == steps: the end */
    unsigned talks;      /* connections that are open now */
    unsigned tried;      /* tries at this step that were not it */
    unsigned skipped;    /* steps that were left out */
    uint64_t idle_ms;    /* since the student said something */
};

struct class_options {
    const struct lesson *lesson; /* outlives the class; its client address is believed in */
    unsigned students_max;       /* 0: 256 */
    bool by_name;                /* students share addresses: only names tell them apart */
    /* NULL, or told of each change; row is borrowed. */
    void (*changed)(void *arg, enum class_event ev, const struct student_row *row);
    void *arg;
};

/* Begins to look on in a world that has no clients yet. */
struct classroom *classroom_new(struct world *house, const struct class_options *o);
/* Before world_free(); the students' worlds are the house's. */
void classroom_free(struct classroom *c);
/* Students by their coming, then the connections that have not said yet whose they are. */
size_t classroom_count(const struct classroom *c);
bool classroom_row(const struct classroom *c, size_t i, struct student_row *out);
/* The world of student i, for tests and faults of his own; NULL: none. */
struct world *classroom_world(const struct classroom *c, size_t i);
/* How many ever came, are there now, have done the last step, and were refused. */
struct class_sum {
    size_t came, here, ended, refused, nameless;
};
struct class_sum classroom_sum(const struct classroom *c);

/* The roster as text, a line each without its end, at most cols columns wide. */
void roster_title(const struct class_sum *sum, const char *lesson, unsigned cols, struct buf *out);
void roster_head(unsigned cols, struct buf *out);
void roster_line(const struct student_row *r, unsigned cols, struct buf *out);
/* Two students in ROSTER_TWO columns, without address and reply; b NULL: one; a NULL: the head. */
enum { ROSTER_TWO = 79 };
void roster_two(const struct student_row *a, const struct student_row *b, struct buf *out);
/* Which of n rows are shown where only `room` lines are: those with a connection and the most to do
 * first. shown[i] is set for them; returns how many are left out. */
size_t roster_pick(const struct student_row *rows, size_t n, size_t room, bool *shown);

#endif
