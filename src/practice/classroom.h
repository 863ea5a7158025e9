/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a class looks on in the practice servers: each is nothing where there is no class. */
#ifndef PRACTICE_CLASSROOM_H
#define PRACTICE_CLASSROOM_H

#include "heloscope/classroom.h"
#include "heloscope/source.h"

struct peer;
struct ear;

/* A client comes (before its banner), and goes. */
void classroom_came(struct peer *p);
void classroom_left(struct peer *p);
/* Whose is this connection? name: of EHLO, or what the login had behind its plus, or NULL. From
 * then on it is in that student's world: look at p->world again. False: why, for the reply; the
 * connection may go on where *full is not set. */
bool classroom_seat(struct peer *p, const char *name, bool *full, char *why, size_t size);
/* The name by which the class knows the student, where names count: in by-name classes a second one
 * of that name has a number behind it. Else "". */
const char *classroom_label(const struct peer *p);
/* The client has logged in to an account. */
void classroom_login(struct peer *p, const char *account);

/* ear.c: follows one client's talk through its driver, and tells the class of each whole reply. */
struct ear *ear_new(struct peer *p, const char *proto);
void ear_free(struct ear *e);
/* What the server took from the client, and what it says. NULL: nobody listens. */
void ear_heard(struct ear *e, const char *p, size_t n);
void ear_said(struct ear *e, const char *p, size_t n);
/* The exchanges from before it was known whose they are. */
void ear_catch_up(struct ear *e);

/* What the ear tells: the reply with this number in src is whole. False: keep it for later. */
bool classroom_exchange(struct ear *e, const struct source *src, size_t item);
/* The client said something. */
void classroom_spoke(struct ear *e);

struct student;
struct ear {
    struct classroom *class;
    struct peer *peer;
    struct student *student; /* NULL: not known yet */
    char *said;              /* the name it was seated by, in small letters */
    bool enrolled;           /* the student came by this connection */
    struct ear *next, *prev;
    struct hearing *hearing; /* ear.c's */
    char *reply;             /* the last one, harmless; for the time without a student */
    uint64_t spoke_us;
    char address[64]; /* the client's own */
};

#endif
