/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes what mkcauses.c made in the form of cause_machine.h: letters as a double array, chains as
 * lists in one place each of which stands there once, so that few pages of memory are touched. */
#include "know/mkcauses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_MAX = 65000, LIST_MAX = 2000 };

struct list {
    size_t n;
    uint16_t of[LIST_MAX];
};

static struct {
    uint16_t lists[POOL_MAX], parts[POOL_MAX];
    size_t nlists, nparts;
    uint16_t place[HASH]; /* of lists, by what is in them */
    struct cause_node nodes[65536 + 257];
    size_t nnodes;
    struct cause_when *whens;
    size_t nwhens;
    struct cause_sequence sequences[USES_MAX];
    size_t nsequences;
    bool asked[CAUSE_ATOMS_MAX];
} w = {.nlists = 1, .nsequences = 1}; /* list 0 is empty */

static void add(struct list *l, unsigned value)
{
    if (l->n == LIST_MAX)
        fault("a list is too long: raise LIST_MAX", "");
    else
        l->of[l->n++] = (uint16_t)value;
}

/* Where the list stands. */
static uint16_t list_at(const struct list *l)
{
    if (!l->n)
        return 0;
    uint32_t h = (uint32_t)l->n;
    for (size_t i = 0; i < l->n; i++)
        h = (h ^ l->of[i]) * 16777619u;
    for (h %= HASH; w.place[h]; h = (h + 1) % HASH) {
        const uint16_t *p = &w.lists[w.place[h]];
        if (*p == l->n && !memcmp(p + 1, l->of, l->n * sizeof *l->of))
            return w.place[h];
    }
    if (w.nlists + l->n + 1 > POOL_MAX) {
        fault("too many lists: raise POOL_MAX", "");
        return 0;
    }
    uint16_t at = (uint16_t)w.nlists;
    w.place[h] = at;
    w.lists[w.nlists++] = (uint16_t)l->n;
    memcpy(&w.lists[w.nlists], l->of, l->n * sizeof *l->of);
    w.nlists += l->n;
    return at;
}

static uint16_t chain_at(unsigned u)
{
    struct list l = {0};
    for (; u; u = m.uses[u].next)
        add(&l, m.uses[u].value);
    return list_at(&l);
}

static unsigned flagged(unsigned atom)
{
    return atom | (m.row_of[atom] ? CAUSE_KEYS : 0u) | (m.seq_of[atom] ? CAUSE_ENDS : 0u);
}

/* Which atoms a row or a sequence asks for; others are only on the way to these. */
static void ask(void)
{
    for (size_t r = 0; r < m.nrows; r++) {
        for (int i = 0; i < m.rows[r].nyes; i++)
            w.asked[m.rows[r].yes[i]] = true;
        for (int i = 0; i < m.rows[r].nno; i++)
            w.asked[m.rows[r].no[i]] = true;
    }
    for (size_t a = 0; a < m.natoms; a++)
        if (m.atoms[a].prev >= 0)
            w.asked[m.atoms[a].prev] = true;
}

/* The group, and those that have it among their literals. Finding one twice in the same place
 * changes nothing. */
static void closure(struct list *l, bool *in, unsigned atom)
{
    if (in[atom])
        return;
    in[atom] = true;
    if (w.asked[atom] || m.seq_of[atom])
        add(l, flagged(atom));
    for (unsigned f = m.feed_of[atom]; f; f = m.uses[f].next)
        closure(l, in, m.uses[f].value);
}

static uint16_t closures_at(unsigned u)
{
    struct list l = {0};
    bool in[CAUSE_ATOMS_MAX] = {false};
    for (; u; u = m.uses[u].next)
        closure(&l, in, m.uses[u].value);
    return list_at(&l);
}

/* Where the sequences stand that end with the atom, after their number; 0: there are none. */
static size_t sequences_at(unsigned atom)
{
    if (!m.seq_of[atom])
        return 0;
    size_t at = w.nsequences++;
    for (unsigned u = m.seq_of[atom]; u; u = m.uses[u].next) {
        unsigned seq = m.uses[u].value;
        w.sequences[at].prev++;
        w.sequences[w.nsequences++] = (struct cause_sequence){
            (uint16_t)m.atoms[seq].prev, (uint16_t)flagged(seq), closures_at(m.feed_of[seq])};
    }
    return at;
}

/* -- letters -- */

static bool fits(const unsigned char *letters, size_t n, size_t base)
{
    for (size_t i = 0; i < n; i++)
        if (w.nodes[base + letters[i]].check)
            return false;
    return true;
}

static void put_in_place(void)
{
    uint16_t *place = calloc(m.nodes, sizeof *place);
    if (!place)
        abort();
    place[0] = CAUSE_IN_TEXT;
    place[1] = CAUSE_IN_URL;
    /* no node leads to these */
    w.nodes[0].check = w.nodes[CAUSE_IN_TEXT].check = w.nodes[CAUSE_IN_URL].check = UINT16_MAX;
    size_t first = 0; /* all before it are taken */
    w.nnodes = 3;
    for (size_t i = 0; i < m.nodes; i++) { /* a node was made after the one that leads to it */
        unsigned char letters[256];
        size_t n = 0, base;
        struct cause_node *node = &w.nodes[place[i]];
        node->whole = m.whole[i];
        node->open = m.open[i];
        for (unsigned c = 0; c < 256; c++)
            if (m.class_of[c] && m.next[i * m.nclasses + m.class_of[c]])
                letters[n++] = (unsigned char)c;
        if (!n)
            continue;
        while (w.nodes[first].check)
            first++;
        base = first > letters[0] ? first - letters[0] : 0;
        while (base < 65536 - 256 && !fits(letters, n, base))
            base++;
        if (base == 65536 - 256) {
            fault("too many words", "");
            break;
        }
        node->base = (uint16_t)base;
        for (size_t k = 0; k < n; k++) {
            size_t to = base + letters[k];
            w.nodes[to].check = place[i];
            place[m.next[i * m.nclasses + m.class_of[letters[k]]]] = (uint16_t)to;
            if (to >= w.nnodes)
                w.nnodes = to + 1;
        }
    }
    free(place);
}

/* -- what is written -- */

static void numbers(const char *name, const uint16_t *p, size_t n)
{
    printf("const uint16_t %s[] = {", name);
    for (size_t i = 0; i < n; i++)
        printf("%u,%s", p[i], i % 32 == 31 ? "\n" : "");
    puts("};");
}

static size_t when_at(const struct cause_when *when)
{
    for (size_t i = 0; i < w.nwhens; i++)
        if (!memcmp(&w.whens[i], when, sizeof *when))
            return i;
    w.whens[w.nwhens] = *when;
    return w.nwhens++;
}

static uint16_t parts_at(const struct making_row *row)
{
    size_t n = (size_t)row->nyes + row->nno, at = w.nparts;
    if (at + n > POOL_MAX) {
        fault("too many parts: raise POOL_MAX", "");
        return 0;
    }
    memcpy(&w.parts[at], row->yes, row->nyes * sizeof *row->yes);
    memcpy(&w.parts[at + row->nyes], row->no, row->nno * sizeof *row->no);
    w.nparts += n;
    return (uint16_t)at;
}

static void put_rows(const struct cause_row *rows)
{
    w.whens = calloc(m.nrows, sizeof *w.whens);
    if (!w.whens)
        abort();
    puts("const struct cause_compiled cause_compiled_rows[] = {");
    for (size_t r = 0; r < m.nrows; r++) {
        const struct making_row *row = &m.rows[r];
        printf("{%u,%u,%u,%zu,%u,%u,%d},\n", parts_at(row), row->nyes, row->nno,
               when_at(&row->when), (unsigned)rows[r].cause, (unsigned)rows[r].sure,
               strpbrk(rows[r].when, "0123456789[") != NULL);
    }
    puts("};");
    w.nparts += !w.nparts;
    numbers("cause_parts", w.parts, w.nparts);
    puts("const struct cause_when cause_whens[] = {");
    for (size_t i = 0; i < w.nwhens; i++) {
        const struct cause_when *c = &w.whens[i];
        printf("{.codes={");
        for (int k = 0; k < c->ncodes; k++)
            printf("%u,", c->codes[k]);
        printf("0},.enh={");
        for (int k = 0; k < c->nenh; k++)
            printf("{%u,%u,%u,%u},", c->enh[k].cls, c->enh[k].subject, c->enh[k].lo, c->enh[k].hi);
        printf("{0}},.ncodes=%u,.nenh=%u,.stages=%u,.proto=%d,.bare=%d,.respcode=\"%s\"},\n",
               c->ncodes, c->nenh, c->stages, c->proto, c->bare, c->respcode);
    }
    puts("};");
    free(w.whens);
}

static void put_nodes(void)
{
    put_in_place();
    puts("const struct cause_node cause_nodes[] = {");
    for (size_t i = 0; i < w.nnodes + 256; i++) {
        const struct cause_node *n = &w.nodes[i];
        printf("{%u,%u,%u,%u},%s", n->base, n->check, n->whole, n->open, i % 8 == 7 ? "\n" : "");
    }
    puts("};");
}

static void put_edges(void)
{
    unsigned bits = 8;
    while ((size_t)1 << bits < m.states * 2)
        bits++;
    struct cause_edge *edges = calloc((size_t)1 << bits, sizeof *edges);
    if (!edges)
        abort();
    for (size_t i = 0; i < EDGES; i++) {
        uint32_t h = cause_edge_hash(m.edges[i].key, bits);
        if (!m.edges[i].key)
            continue;
        while (edges[h].key)
            h = (h + 1) & ((1u << bits) - 1);
        edges[h] = m.edges[i];
    }
    printf("const unsigned cause_edge_bits = %u;\n", bits);
    puts("const struct cause_edge cause_edges[] = {");
    for (size_t i = 0; i < (size_t)1 << bits; i++)
        printf("{%u,%u},%s", (unsigned)edges[i].key, edges[i].to, i % 16 == 15 ? "\n" : "");
    puts("};");
    free(edges);
}

/* Could a row of codes alone be met by a reply of this code? */
static bool possible(const struct cause_when *when, unsigned code, bool enhanced)
{
    bool met = !when->ncodes;
    for (int i = 0; i < when->ncodes; i++)
        met |= when->codes[i] == (when->codes[i] < 10 ? code / 100 : code);
    return met && (enhanced ? !when->bare : !when->nenh);
}

static void put_codes(void)
{
    puts("const uint16_t cause_by_code[2][CAUSE_CODES] = {");
    for (unsigned enhanced = 0; enhanced < 2; enhanced++) {
        printf("{");
        for (unsigned code = 0; code < CAUSE_CODES; code++) {
            struct list l = {0};
            for (unsigned u = m.bucket[0]; u; u = m.uses[u].next)
                if (possible(&m.rows[m.uses[u].value].when, code, enhanced))
                    add(&l, m.uses[u].value);
            printf("%u,%s", list_at(&l), code % 32 == 31 ? "\n" : "");
        }
        puts("},");
    }
    puts("};");
    uint16_t buckets[CAUSE_BUCKETS] = {0};
    for (size_t b = 1; b < CAUSE_BUCKETS; b++)
        buckets[b] = chain_at(m.bucket[b]);
    numbers("cause_by_enhanced", buckets, CAUSE_BUCKETS);
}

static void put_atoms(void)
{
    puts("const struct cause_atom cause_atoms[] = {");
    for (unsigned a = 0; a < m.natoms; a++)
        printf("{%u,%zu},%s", chain_at(m.row_of[a]), sequences_at(a), a % 16 == 15 ? "\n" : "");
    puts("};\nconst struct cause_sequence cause_sequences[] = {");
    for (size_t i = 0; i < w.nsequences; i++)
        printf("{%u,%u,%u},%s", w.sequences[i].prev, w.sequences[i].self, w.sequences[i].feeds,
               i % 16 == 15 ? "\n" : "");
    puts("};");
    static uint16_t out[STATES_MAX];
    for (size_t s = 0; s < m.states; s++)
        out[s] = closures_at(m.out[s]);
    numbers("cause_out", out, m.states);
}

void mkcauses_put(const struct cause_row *rows)
{
    puts("/* Written by mkcauses from the rows of src/know/causes. */\n"
         "#include \"know/cause_machine.h\"\n");
    ask();
    put_rows(rows);
    put_nodes();
    numbers("cause_begins", m.begins, m.nwords + 1);
    put_edges();
    put_codes();
    put_atoms();
    numbers("cause_lists", w.lists, w.nlists);
}
