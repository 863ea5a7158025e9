/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one pass over a reply needs: an automaton (Aho and Corasick, 1975) over all literals of all
 * rows, and what its findings mean. mkcauses.c makes it when the program is built, since making it
 * costs more than a whole run that explains one reply; cause_match.c uses it.
 *
 * A literal is a path of words; a word is a path of letters. Node 0 begins the words of text, node
 * 1 those of URLs. Lists are chains of uses; 0 ends them. */
#ifndef KNOW_CAUSE_MACHINE_H
#define KNOW_CAUSE_MACHINE_H

#include "know/cause_rows.h"

enum {
    CAUSE_PARTS_MAX = 48,
    CAUSE_ATOMS_MAX = 6000,
    CAUSE_BUCKETS = 512,
    CAUSE_EDGES = 32768,   /* a power of two, of which at most a half is used */
    CAUSE_ACTIVE_MAX = 16, /* words of the longest literal */
    CAUSE_PREFIX_MAX = 6,  /* "block*", "blocked*" ... in one word */
};

/* A group (prev < 0) or a sequence: the atom `prev`, and after it the group `last`. */
struct cause_atom {
    int16_t prev, last;
};

struct cause_compiled {
    int16_t yes[CAUSE_PARTS_MAX], no[CAUSE_PARTS_MAX];
    uint8_t nyes, nno;
    struct cause_when when;
};

struct cause_use { /* list element: a value and the next one */
    uint16_t value, next;
};

struct cause_edge { /* state, word -> state */
    uint32_t key;
    uint16_t to;
};

struct cause_machine {
    const struct cause_compiled *rows;
    const struct cause_atom *atoms;
    const uint16_t *next;           /* node * nclasses + class of the letter -> node */
    const uint16_t *whole, *open;   /* node -> the word that ends here, or that goes on at will */
    const struct cause_edge *edges; /* CAUSE_EDGES, hashed by cause_edge_slot */
    const uint16_t *begins;         /* word -> state after it at a literal's beginning, 0 none */
    const uint16_t *out;            /* state -> first use: groups of which it ends a literal */
    const uint16_t *row_of;         /* atom -> first use: rows keyed by it */
    const uint16_t *feed_of; /* atom -> first use: groups that have it among their literals */
    const uint16_t *seq_of;  /* group -> first use: sequences that end with it */
    const uint16_t *bucket;  /* CAUSE_BUCKETS: rows of codes alone */
    const struct cause_use *uses;
    unsigned nclasses;
    uint8_t class_of[256];
};
extern const struct cause_machine cause_machine;

static inline uint32_t cause_edge_key(unsigned state, unsigned word)
{
    return (uint32_t)state << 16 | word;
}

static inline uint32_t cause_edge_hash(uint32_t key)
{
    return key * 2654435761u >> 17;
}

/* The bucket of an enhanced code; 0 is for all others. */
static inline unsigned cause_bucket(unsigned subject, unsigned detail)
{
    return 1 + (subject * 97 + detail) % (CAUSE_BUCKETS - 201);
}

#endif
