/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weighs the rows that match a reply. Words count for more than codes, because servers choose their
 * words with more care; but the code says where words are few. Whatever stays unsettled is said to
 * be. */
#include "know/cause_machine.h"

#include <string.h>

struct cause_question cause_question_of(const struct moment *mo, const char *text, size_t n)
{
    const char *verb = mo->command.verb ? mo->command.verb->name : mo->exchange ? NULL : "(banner)";
    return (struct cause_question){mo->proto ? mo->proto->name : NULL, cause_stage_of_verb(verb),
                                   text, n};
}

/* Ranks: certain words, likely words, a code that is likely, a guess by words, a guess by code. */
static unsigned weight(const struct cause_compiled *r, const struct cause_hit *h)
{
    static const unsigned by_words[] = {1500, 3000, 4000}, by_code[] = {500, 2000, 4550};
    unsigned w = h->by_code ? by_code[r->sure] : by_words[r->sure] + h->letters;
    if (r->coded)
        w += 30; /* words that go with a certain code are the better known ones */
    return w;
}

struct tally {
    unsigned best; /* weight of its best row */
    int row;
    bool words, code;
};

static void answer_with(struct cause_answer *out, const struct cause_row *row)
{
    const struct cause_label *l = cause_label(out->found[0].cause);
    out->what = row && row->what[0] ? row->what : l->means;
    out->who = row ? row->who : "";
    out->mends = row && row->mends[0] ? row->mends : l->mends;
    out->next = row && row->next[0] ? row->next : l->next;
    out->ref = row ? row->ref : "";
    out->provider = row ? row->provider : "";
}

static void answer_plain(struct cause_answer *out, enum cause c, enum cause_sure sure)
{
    out->n = 1;
    out->found[0] = (struct cause_found){c, sure, NULL, 0};
    answer_with(out, NULL);
}

/* How sure: the row's word; one step more where words and code agree. */
static enum cause_sure sureness(const struct cause_row *r, const struct tally *t)
{
    if (r->sure == CAUSE_LIKELY && t->words && t->code)
        return CAUSE_CERTAIN;
    return r->sure;
}

void cause_find(const struct cause_question *q, struct cause_answer *out)
{
    static _Thread_local struct cause_text text;
    struct cause_hit hits[CAUSE_HITS_MAX];
    struct tally tally[CAUSES];
    uint8_t causes[CAUSES]; /* that were found */
    unsigned ncauses = 0;
    size_t nrows;
    const struct cause_row *rows = cause_rows(&nrows);
    memset(out, 0, sizeof *out);
    cause_fold(q, &text);
    out->code = text.code;
    out->cut = text.cut;
    out->enhanced[0] = text.eclass;
    out->enhanced[1] = text.esubject;
    out->enhanced[2] = text.edetail;
    if (text.positive) {
        answer_plain(out, CAUSE_OK, CAUSE_CERTAIN);
        return;
    }
    memset(tally, 0, sizeof tally);
    size_t n = cause_match(&text, q->stage, hits);
    for (size_t i = 0; i < n; i++) {
        const struct cause_compiled *r = &cause_compiled_rows[hits[i].row];
        struct tally *t = &tally[r->cause];
        unsigned w = weight(r, &hits[i]);
        if (!t->best)
            causes[ncauses++] = r->cause;
        if (r->sure != CAUSE_GUESS) {
            t->words |= !hits[i].by_code;
            t->code |= hits[i].by_code;
        }
        /* Ties within a cause go to the smaller text: rows have no order. */
        if (w > t->best ||
            (w == t->best && strcmp(rows[hits[i].row].match, rows[t->row].match) < 0)) {
            t->best = w;
            t->row = hits[i].row;
        }
    }
    for (unsigned i = 0; i < ncauses; i++)
        if (tally[causes[i]].words && tally[causes[i]].code)
            tally[causes[i]].best += 150; /* words and code say the same */
    while (out->n < CAUSE_FOUND_MAX) {
        unsigned best = CAUSES;
        for (unsigned i = 0; i < ncauses; i++) {
            unsigned c = causes[i];
            if (!tally[c].best)
                continue;
            if (best == CAUSES || tally[c].best > tally[best].best)
                best = c;
            else if (tally[c].best == tally[best].best)
                best = c < best ? c : best;
        }
        if (best == CAUSES)
            break;
        const struct cause_row *r = &rows[tally[best].row];
        out->found[out->n++] =
            (struct cause_found){(enum cause)best, sureness(r, &tally[best]), r, tally[best].best};
        tally[best].best = 0;
        if (best == CAUSE_UNSPECIFIED)
            break;
    }
    if (!out->n)
        answer_plain(out, CAUSE_UNSPECIFIED, CAUSE_CERTAIN);
    else
        answer_with(out, out->found[0].row);
}
