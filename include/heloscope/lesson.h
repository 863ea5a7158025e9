/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lessons: a file each (libConfuse syntax, lessons/README says which words), and how far a learner
 * has come in one. No screen here: what is to be shown comes out as text. A wrong turn never ends a
 * lesson. */
#ifndef HELOSCOPE_LESSON_H
#define HELOSCOPE_LESSON_H

#include "heloscope/buf.h"
#include "heloscope/source.h"
#include <stdbool.h>
#include <stddef.h>

struct match; /* script/script_priv.h */

/* One step; "" where the file says nothing. */
struct lesson_step {
    char *say;     /* what to do, and why */
    char *service; /* where: "smtp", "pop3" ...; "": anywhere */
    char *verb;    /* what is to be said: "EHLO", "(end of letter)"; "": nothing, only to be read */
    char *hint;    /* the line itself, or nearly */
    char *note;    /* shown when it was done, at the reply */
    char *question;       /* asked then */
    char *answer;         /* hidden until a key */
    struct match *like;   /* what the command must look like, or NULL */
    struct match *reply;  /* what must be answered, or NULL: anything */
    struct match *letter; /* what the letter must hold (verb "(end of letter)"), or NULL */
};

struct lesson {
    char *name; /* of the file, without folder and suffix */
    char *title, *about, *needs;
    char *service;                  /* which practice server it begins with */
    char *fault;                    /* faults of the practice servers, as --fault takes them */
    char *client;                   /* the client address that the server believes in */
    char *policy, *alignment, *spf; /* what bank.test publishes; "": the usual */
    char *zone;                     /* the path of a zone file, or "" */
    struct lesson_step *steps;
    size_t nsteps;
};

/* Reads a file. NULL: why holds one line: file, line, what, what instead. */
struct lesson *lesson_load(const char *path, char *why, size_t size);
void lesson_free(struct lesson *l);

struct world;
struct whatif;
/* Makes the world as the lesson wants it: its faults and no others, and its DNS. The client's
 * address is for who connects (world_connect()). False: why. */
bool lesson_world(const struct lesson *l, struct world *w, char *why, size_t size);
/* The same for the what-if, which begins with that world. */
void lesson_whatif(const struct lesson *l, struct whatif *out);

/* How far one learner is. */
struct lesson_walk {
    const struct lesson *lesson;
    size_t step;   /* == nsteps: the end */
    bool done;     /* the step was done: its note and question are to be read */
    bool answered; /* the answer is shown */
    bool hinted;
    bool carried;   /* the note of the step before is shown above this one */
    unsigned wrong; /* tries at this step that were not it */
};

/* One command with its reply, as a transcript has them. */
struct lesson_exchange {
    const struct moment *moment;
    struct span command, reply, letter; /* letter: of the end of a letter, as far as it is known */
};

enum lesson_news {
    LESSON_ASIDE, /* something else; nothing has changed */
    LESSON_TRIED, /* the right verb, and not what was asked for */
    LESSON_DONE,  /* the step is done */
};

void lesson_begin(struct lesson_walk *w, const struct lesson *l);
enum lesson_news lesson_saw(struct lesson_walk *w, const struct lesson_exchange *x);
/* The same for reply i of a transcript; anything else is an aside. */
enum lesson_news lesson_judge(struct lesson_walk *w, const struct source *src, size_t i);
/* On: shows the answer, else goes to the next step if this one is done or only to be read. False:
 * the step wants to be done first. */
bool lesson_on(struct lesson_walk *w);
/* Would lesson_on() do something: is there something to be read, and nothing to be said? */
bool lesson_awaits(const struct lesson_walk *w);
/* To the next step whatever was done. */
void lesson_skip(struct lesson_walk *w);
bool lesson_ended(const struct lesson_walk *w);
/* What the pane shows: paragraphs, a line each; a line that begins with \001 is a title, with \002
 * something the learner types, with \003 a note. */
void lesson_text(const struct lesson_walk *w, struct buf *out);
/* "3/7 Forged From". */
void lesson_title(const struct lesson_walk *w, char *out, size_t size);

#endif
