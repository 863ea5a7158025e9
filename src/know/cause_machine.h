/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one pass over a reply needs: an automaton (Aho and Corasick, 1975) over all literals of all
 * rows, and what its findings mean. mkcauses.c makes it when the program is built, since making it
 * costs more than a whole run that explains one reply; cause_match.c uses it. Plain numbers only:
 * pointers would have to be relocated in every run.
 *
 * A literal is a path of words; a word is a path of letters. Lists begin with their length; list 0
 * is empty. */
#ifndef KNOW_CAUSE_MACHINE_H
#define KNOW_CAUSE_MACHINE_H

#include "know/cause_rows.h"

enum {
    CAUSE_PARTS_MAX = 48,
    CAUSE_ATOMS_MAX = 6000,
    CAUSE_BUCKETS = 512,
    CAUSE_CODES = 600,     /* a reply's code is below */
    CAUSE_ACTIVE_MAX = 16, /* words of the longest literal */
    CAUSE_PREFIX_MAX = 6,  /* "block*", "blocked*" ... in one word */
    /* How a word begins: in text, or in a URL. */
    CAUSE_IN_TEXT = 1,
    CAUSE_IN_URL = 2,
    /* Of an element of cause_lists[]: the atom, and whether it ends sequences or rows are keyed by
     * it. */
    CAUSE_ATOM = 0x3fff,
    CAUSE_KEYS = 0x4000,
    CAUSE_ENDS = 0x8000,
};

/* A node of the words' letters. The node behind letter c is base + c, if that one's check is this
 * node (a double array: Aoe, 1989); 0 is no node. */
struct cause_node {
    uint16_t base, check;
    uint16_t whole, open; /* the word that ends here, or that goes on at will; 0 none */
};

struct cause_edge { /* state, word -> state; key 0: none */
    uint32_t key;
    uint16_t to;
};

/* A sequence that an atom ends: `prev` has to stand before it. */
struct cause_sequence {
    uint16_t prev;
    uint16_t self;  /* as in cause_lists[] */
    uint16_t feeds; /* list: the groups that have it among their literals, and theirs */
};

/* An atom is a group of literals or a sequence of two atoms. */
struct cause_atom {
    uint16_t keys; /* list: rows keyed by it */
    uint16_t ends; /* cause_sequences[]: how many, in its first element's prev, and they */
};

struct cause_compiled {
    uint16_t parts; /* cause_parts[]: `nyes` atoms that must be found, then `nno` that must not */
    uint8_t nyes, nno;
    uint16_t when; /* cause_whens[] */
    uint8_t cause, sure;
    bool coded; /* `when` names a code */
};

extern const struct cause_compiled cause_compiled_rows[];
extern const uint16_t cause_parts[];
extern const struct cause_when cause_whens[];
extern const struct cause_node cause_nodes[]; /* 256 unused ones behind the last */
extern const uint16_t cause_begins[]; /* word -> state after it at a literal's beginning, 0 none */
extern const struct cause_edge cause_edges[];
extern const unsigned cause_edge_bits; /* there are 1 << so many */
extern const uint16_t cause_out[];     /* state -> list: the groups of which it ends a literal, each
                                          followed by those that have it among their literals */
extern const uint16_t cause_lists[];
extern const struct cause_atom cause_atoms[];
extern const struct cause_sequence cause_sequences[];
/* Lists of the rows of codes alone that a reply may meet: by its code, without and with an enhanced
 * code; and those for one enhanced code only. */
extern const uint16_t cause_by_code[2][CAUSE_CODES];
extern const uint16_t cause_by_enhanced[CAUSE_BUCKETS];

static inline uint32_t cause_edge_key(unsigned state, unsigned word)
{
    return (uint32_t)state << 16 | word;
}

static inline uint32_t cause_edge_hash(uint32_t key, unsigned bits)
{
    return key * 2654435761u >> (32 - bits);
}

/* The bucket of an enhanced code; 0 is for all others. */
static inline unsigned cause_bucket(unsigned subject, unsigned detail)
{
    return 1 + (subject * 97 + detail) % (CAUSE_BUCKETS - 201);
}

#endif
