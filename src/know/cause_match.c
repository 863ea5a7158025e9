/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a folded reply finds every row that matches, however many rows there are, by the
 * automaton of cause_machine.h. What it finds marks groups, groups in the right order mark
 * sequences, and a row is looked at only if the rarest of its parts is marked. */
#include "know/cause_machine.h"

#include <string.h>

struct seen {
    uint32_t run;          /* in which it was found last */
    uint16_t end, letters; /* behind its last letter */
};

struct scan {
    struct seen seen[CAUSE_ATOMS_MAX];
    uint32_t run;
    uint16_t found[CAUSE_ATOMS_MAX]; /* by which rows are keyed */
    size_t nfound;
};

static unsigned edge_to(unsigned state, unsigned word)
{
    uint32_t key = cause_edge_key(state, word), h = cause_edge_hash(key, cause_edge_bits);
    while (cause_edges[h].key && cause_edges[h].key != key)
        h = (h + 1) & ((1u << cause_edge_bits) - 1);
    return cause_edges[h].to;
}

static bool seen(const struct scan *s, unsigned atom)
{
    return s->seen[atom].run == s->run;
}

static inline void mark(struct scan *s, unsigned flagged, unsigned end, unsigned letters)
{
    unsigned atom = flagged & CAUSE_ATOM;
    struct seen *x = &s->seen[atom];
    if (x->run != s->run) {
        *x = (struct seen){s->run, (uint16_t)end, (uint16_t)letters};
        if (flagged & CAUSE_KEYS)
            s->found[s->nfound++] = (uint16_t)atom;
        return;
    }
    x->end = (uint16_t)end;
    if (letters > x->letters)
        x->letters = (uint16_t)letters;
}

static void found(struct scan *s, unsigned list, unsigned start, unsigned end, unsigned letters);

/* The sequences that an atom at start..end ends, and the groups that have one of those among their
 * literals. */
static void sequences(struct scan *s, unsigned at, unsigned start, unsigned end, unsigned letters)
{
    const struct cause_sequence *q = &cause_sequences[at], *last = q + q->prev;
    while (q++ < last) {
        const struct seen *prev = &s->seen[q->prev];
        if (prev->run != s->run || prev->end > start || start - prev->end > CAUSE_NEAR)
            continue;
        unsigned both = prev->letters + letters;
        mark(s, q->self, end, both);
        if (q->feeds)
            found(s, q->feeds, start, end, both);
    }
}

/* Groups were found, whose last literal is at start..end. */
static void found(struct scan *s, unsigned list, unsigned start, unsigned end, unsigned letters)
{
    const uint16_t *p = &cause_lists[list], *last = p + *p;
    while (p++ < last) {
        if (*p & CAUSE_ENDS)
            sequences(s, cause_atoms[*p & CAUSE_ATOM].ends, start, end, letters);
        mark(s, *p, end, letters);
    }
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
        unsigned state = i < n ? edge_to(active[i].state, word) : cause_begins[word];
        if (!state)
            continue;
        if (cause_out[state])
            found(s, cause_out[state], from, end, end - from);
        if (nnext < CAUSE_ACTIVE_MAX)
            next[nnext++] = (struct active){(uint16_t)state, (uint16_t)from};
    }
    return nnext;
}

static void scan_words(struct scan *s, const struct cause_text *t)
{
    struct active room[2][CAUSE_ACTIVE_MAX];
    const unsigned char *text = t->text;
    size_t n = 0, now = 0;
    for (size_t i = 0; i < t->n;) {
        if (text[i] <= ' ') {
            if (text[i] == CAUSE_URL && i && text[i - 1] == ' ')
                n = 0;
            i++;
            continue;
        }
        unsigned opens[CAUSE_PREFIX_MAX], ends[CAUSE_PREFIX_MAX];
        unsigned node = text[i - 1] == CAUSE_URL ? CAUSE_IN_URL : CAUSE_IN_TEXT;
        size_t start = i, nopen = 0, nnext = 0;
        for (; text[i] > ' '; i++) { /* a NUL ends the text */
            unsigned to = cause_nodes[node].base + text[i];
            if (cause_nodes[to].check != node) {
                node = 0;
                while (text[i] > ' ')
                    i++;
                break;
            }
            node = to;
            if (cause_nodes[node].open && nopen < CAUSE_PREFIX_MAX) {
                opens[nopen] = cause_nodes[node].open;
                ends[nopen++] = (unsigned)i + 1;
            }
        }
        struct active *active = room[now], *next = room[now ^= 1];
        if (cause_nodes[node].whole)
            nnext = step(s, active, n, (unsigned)start, cause_nodes[node].whole, (unsigned)i, next,
                         nnext);
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

static size_t code_rows(const struct cause_text *t, enum cause_stage stage, unsigned list,
                        struct cause_hit *hits, size_t n)
{
    const uint16_t *p = &cause_lists[list];
    for (unsigned k = *p++; k; k--, p++)
        if (n < CAUSE_HITS_MAX && when_met(&cause_whens[cause_compiled_rows[*p].when], t, stage))
            hits[n++] = (struct cause_hit){*p, 0, true};
    return n;
}

static struct scan *scan(const struct cause_text *t)
{
    static _Thread_local struct scan s;
    if (!++s.run) { /* numbers are used up */
        memset(s.seen, 0, sizeof s.seen);
        s.run = 1;
    }
    s.nfound = 0;
    scan_words(&s, t);
    return &s;
}

static bool words_match(const struct cause_compiled *c, const struct scan *s, unsigned *letters)
{
    const uint16_t *part = &cause_parts[c->parts];
    *letters = 0;
    for (int k = 0; k < c->nyes; k++, part++) {
        if (!seen(s, *part))
            return false;
        *letters += s->seen[*part].letters;
    }
    for (int k = 0; k < c->nno; k++, part++)
        if (seen(s, *part))
            return false;
    if (*letters > 500)
        *letters = 500;
    return true;
}

size_t cause_match(const struct cause_text *t, enum cause_stage stage, struct cause_hit *hits)
{
    const struct scan *s = scan(t);
    size_t n = 0;
    for (size_t i = 0; i < s->nfound; i++) {
        const uint16_t *row = &cause_lists[cause_atoms[s->found[i]].keys];
        for (unsigned k = *row++; k; k--, row++) {
            const struct cause_compiled *c = &cause_compiled_rows[*row];
            unsigned letters;
            if (n < CAUSE_HITS_MAX && words_match(c, s, &letters) &&
                when_met(&cause_whens[c->when], t, stage))
                hits[n++] = (struct cause_hit){*row, (uint16_t)letters, false};
        }
    }
    bool enhanced = t->eclass != 0;
    n = code_rows(t, stage, cause_by_code[enhanced][t->code], hits, n);
    if (enhanced)
        n = code_rows(t, stage, cause_by_enhanced[cause_bucket(t->esubject, t->edetail)], hits, n);
    return n;
}

bool cause_row_words(size_t r, const struct cause_text *t)
{
    unsigned letters;
    const struct scan *s = scan(t);
    return words_match(&cause_compiled_rows[r], s, &letters);
}
