/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serving a class: the files of `heloscope serve` among themselves. */
#ifndef HELOSCOPE_MODE_SERVE_H
#define HELOSCOPE_MODE_SERVE_H

#include "mode/mode.h"

struct lesson;
struct loop;
struct world;

enum { DOORS = 6 };

/* A service of the command line. */
struct door {
    const char *proto, *address; /* address NULL: not wanted */
    unsigned short port;         /* as taken */
    char own[300];               /* address, where --listen told it */
};

/* Fills the doors that --listen opens and no option of their own did. False: why. */
bool doors_listen(const struct args *a, const struct lesson *l, struct door doors[DOORS], char *why,
                  size_t size);
/* May it leave this machine? True where it does not, where --allow-remote says so, or where the
 * user says yes on the terminal; *remote: he did. */
bool doors_ask(const struct args *a, const struct door doors[DOORS], bool *remote, char *why,
               size_t size);
/* "127.0.0.1:2525", with the port that was really taken where 0 was asked for. */
void door_place(const struct door *d, char *out, size_t size);

/* Loads the lesson that --lesson names. NULL: why. */
struct lesson *class_lesson(const char *name, char *why, size_t size);
/* Watches over the class until the loop ends, with the roster on standard output. */
struct roster;
struct roster *roster_begin(struct loop *l, struct world *w, const struct lesson *lesson,
                            const struct door doors[DOORS], const struct args *a,
                            unsigned students);
/* The last summary. Before world_shutdown(), so that those who are here still count. */
void roster_end(struct roster *r);

#endif
