/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mkcauses.c makes of the rows and mkcauses_put.c writes down. Lists are chains of uses here;
 * 0 ends them. */
#ifndef KNOW_MKCAUSES_H
#define KNOW_MKCAUSES_H

#include "know/cause_machine.h"

enum {
    USES_MAX = 20000,
    NODES_MAX = 48000, /* of the words' letters */
    EDGE_BITS = 16,
    EDGES = 1 << EDGE_BITS,
    STATES_MAX = EDGES / 2,
    HASH = 16384,
};

struct atom {
    const char *text; /* the pattern's own words; not ended */
    uint16_t len;
    int16_t prev, last; /* a sequence: the atom `prev`, and after it the group `last` */
    uint16_t rows;      /* how many rows want it */
    size_t row;         /* the first one */
};

struct making_row {
    uint16_t yes[CAUSE_PARTS_MAX], no[CAUSE_PARTS_MAX];
    uint8_t nyes, nno;
    struct cause_when when;
};

struct use { /* list element: a value and the next one */
    uint16_t value, next;
};

struct making {
    struct atom atoms[CAUSE_ATOMS_MAX];
    size_t natoms;
    uint16_t atom_hash[HASH];
    struct making_row *rows;
    size_t nrows;
    uint8_t class_of[256];
    unsigned nclasses;
    uint16_t *next; /* node * nclasses + class of the letter -> node; 0 and 1 begin the words */
    uint16_t whole[NODES_MAX], open[NODES_MAX];
    size_t nodes, nwords;
    struct cause_edge edges[EDGES];
    uint16_t begins[NODES_MAX];
    uint16_t out[STATES_MAX]; /* state -> first use: groups of which it ends a literal */
    size_t states;
    struct use uses[USES_MAX];
    size_t nuses;
    uint16_t row_of[CAUSE_ATOMS_MAX];  /* atom -> first use: rows keyed by it */
    uint16_t feed_of[CAUSE_ATOMS_MAX]; /* ... groups that have it among their literals */
    uint16_t seq_of[CAUSE_ATOMS_MAX];  /* group -> first use: sequences that end with it */
    uint16_t bucket[CAUSE_BUCKETS];    /* rows of codes alone */
};
extern struct making m;

/* The build ends after it, with the place of the row that is being read if there is one. */
void fault(const char *what, const char *where);
void mkcauses_put(const struct cause_row *rows);

#endif
