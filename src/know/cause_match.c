/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a folded reply finds every row that matches, however many rows there are, by the
 * automaton of cause_machine.h. What it finds marks groups, groups in the right order mark
 * sequences, and a row is looked at only if the rarest of its parts is marked. */
#include "know/cause_machine.h"

#include <string.h>

struct scan {
    uint16_t end[CAUSE_ATOMS_MAX]; /* behind the atom's last letter; 0: not found */
    uint16_t letters[CAUSE_ATOMS_MAX];
    uint16_t found[CAUSE_ATOMS_MAX];
    size_t nfound;
};

static unsigned edge_to(unsigned state, unsigned word)
{
    uint32_t key = cause_edge_key(state, word), h = cause_edge_hash(key);
    while (cause_machine.edges[h].key && cause_machine.edges[h].key != key)
        h = (h + 1) % CAUSE_EDGES;
    return cause_machine.edges[h].to;
}

static void mark(struct scan *s, unsigned atom, unsigned end, unsigned letters)
{
    if (!s->end[atom])
        s->found[s->nfound++] = (uint16_t)atom;
    s->end[atom] = (uint16_t)end;
    if (letters > s->letters[atom])
        s->letters[atom] = (uint16_t)letters;
}

/* A group was found, whose last literal is at start..end: the sequences that it ends, and the
 * groups that have it or one of those among their literals. */
static void group_found(struct scan *s, unsigned atom, unsigned start, unsigned end,
                        unsigned letters)
{
    for (unsigned u = cause_machine.seq_of[atom]; u; u = cause_machine.uses[u].next) {
        unsigned seq = cause_machine.uses[u].value;
        unsigned prev = (unsigned)cause_machine.atoms[seq].prev;
        if (!s->end[prev] || s->end[prev] > start || start - s->end[prev] > CAUSE_NEAR)
            continue;
        unsigned both = s->letters[prev] + letters;
        mark(s, seq, end, both);
        for (unsigned f = cause_machine.feed_of[seq]; f; f = cause_machine.uses[f].next)
            group_found(s, cause_machine.uses[f].value, start, end, both);
    }
    mark(s, atom, end, letters);
    for (unsigned f = cause_machine.feed_of[atom]; f; f = cause_machine.uses[f].next)
        group_found(s, cause_machine.uses[f].value, start, end, letters);
}

struct active { /* a literal that has begun */
    uint16_t state, start;
};

/* One word goes on with the literals that have begun, and begins others. */
static size_t step(struct scan *s, struct active *active, size_t n, unsigned start, unsigned word,
                   unsigned end, struct active *next, size_t nnext)
{
    for (size_t i = 0; i <= n; i++) {
        unsigned from = i < n ? active[i].start : start;
        unsigned state = i < n ? edge_to(active[i].state, word) : cause_machine.begins[word];
        if (!state)
            continue;
        for (unsigned u = cause_machine.out[state]; u; u = cause_machine.uses[u].next)
            group_found(s, cause_machine.uses[u].value, from, end, end - from);
        if (nnext < CAUSE_ACTIVE_MAX)
            next[nnext++] = (struct active){(uint16_t)state, (uint16_t)from};
    }
    return nnext;
}

static void scan_words(struct scan *s, const struct cause_text *t)
{
    struct active room[2][CAUSE_ACTIVE_MAX];
    size_t n = 0, now = 0;
    for (size_t i = 0; i < t->n;) {
        if (t->text[i] <= ' ') {
            if (t->text[i] == CAUSE_URL && i && t->text[i - 1] == ' ')
                n = 0;
            i++;
            continue;
        }
        unsigned node = t->text[i - 1] == CAUSE_URL, opens[CAUSE_PREFIX_MAX],
                 ends[CAUSE_PREFIX_MAX];
        size_t start = i, nopen = 0, nnext = 0;
        for (bool dead = false; i < t->n && t->text[i] > ' '; i++) {
            if (dead)
                continue;
            node = cause_machine
                       .next[node * cause_machine.nclasses + cause_machine.class_of[t->text[i]]];
            dead = !node;
            if (cause_machine.open[node] && nopen < CAUSE_PREFIX_MAX) {
                opens[nopen] = cause_machine.open[node];
                ends[nopen++] = (unsigned)i + 1;
            }
        }
        struct active *active = room[now], *next = room[now ^= 1];
        if (cause_machine.whole[node])
            nnext = step(s, active, n, (unsigned)start, cause_machine.whole[node], (unsigned)i,
                         next, nnext);
        for (size_t k = 0; k < nopen; k++)
            nnext = step(s, active, n, (unsigned)start, opens[k], ends[k], next, nnext);
        n = nnext;
    }
}

static bool when_met(const struct cause_when *w, const struct cause_text *t, enum cause_stage stage)
{
    if (w->proto && (w->proto == 'p') != t->pop3)
        return false;
    if (w->stages && !(w->stages >> stage & 1))
        return false;
    if (w->bare && t->eclass)
        return false;
    if (w->respcode[0] && strcmp(w->respcode, t->respcode))
        return false;
    bool met = !w->ncodes;
    for (int i = 0; i < w->ncodes && !met; i++)
        met = w->codes[i] < 10 ? w->codes[i] == t->code / 100 : w->codes[i] == t->code;
    if (!met)
        return false;
    met = !w->nenh;
    for (int i = 0; i < w->nenh && !met; i++)
        met = t->eclass && (!w->enh[i].cls || w->enh[i].cls == t->eclass) &&
              w->enh[i].subject == t->esubject && w->enh[i].lo <= t->edetail &&
              t->edetail <= w->enh[i].hi;
    return met;
}

static size_t code_rows(const struct cause_text *t, enum cause_stage stage, unsigned b,
                        struct cause_hit *hits, size_t n)
{
    for (unsigned u = cause_machine.bucket[b]; u; u = cause_machine.uses[u].next) {
        unsigned r = cause_machine.uses[u].value;
        if (n < CAUSE_HITS_MAX && when_met(&cause_machine.rows[r].when, t, stage))
            hits[n++] = (struct cause_hit){(uint16_t)r, 0, true};
    }
    return n;
}

static struct scan *scan(const struct cause_text *t)
{
    static _Thread_local struct scan s;
    for (size_t i = 0; i < s.nfound; i++)
        s.end[s.found[i]] = s.letters[s.found[i]] = 0;
    s.nfound = 0;
    scan_words(&s, t);
    return &s;
}

static bool words_match(const struct cause_compiled *c, const struct scan *s, unsigned *letters)
{
    *letters = 0;
    for (int k = 0; k < c->nyes; k++) {
        if (!s->end[c->yes[k]])
            return false;
        *letters += s->letters[c->yes[k]];
    }
    for (int k = 0; k < c->nno; k++)
        if (s->end[c->no[k]])
            return false;
    if (*letters > 500)
        *letters = 500;
    return true;
}

size_t cause_match(const struct cause_text *t, enum cause_stage stage, struct cause_hit *hits)
{
    const struct scan *s = scan(t);
    size_t n = 0;
    for (size_t i = 0; i < s->nfound; i++)
        for (unsigned u = cause_machine.row_of[s->found[i]]; u; u = cause_machine.uses[u].next) {
            const struct cause_compiled *c = &cause_machine.rows[cause_machine.uses[u].value];
            unsigned letters;
            if (n < CAUSE_HITS_MAX && words_match(c, s, &letters) && when_met(&c->when, t, stage))
                hits[n++] =
                    (struct cause_hit){cause_machine.uses[u].value, (uint16_t)letters, false};
        }
    n = code_rows(t, stage, 0, hits, n);
    if (t->eclass)
        n = code_rows(t, stage, cause_bucket(t->esubject, t->edetail), hits, n);
    return n;
}

bool cause_row_words(size_t r, const struct cause_text *t)
{
    unsigned letters;
    const struct scan *s = scan(t);
    return words_match(&cause_machine.rows[r], s, &letters);
}
