/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The causes of a reply, from the rows that match. */
#include "heloscope/cause.h"

#include <string.h>

struct cause_question cause_question_of(const struct moment *m, const char *text, size_t n)
{
    return (struct cause_question){m->proto ? m->proto->name : NULL,
                                   cause_stage_of_verb(m->command.verb ? m->command.verb->name
                                                       : m->exchange   ? NULL
                                                                       : "(banner)"),
                                   text, n};
}

void cause_find(const struct cause_question *q, struct cause_answer *out)
{
    (void)q;
    memset(out, 0, sizeof *out);
    const struct cause_label *l = cause_label(CAUSE_UNSPECIFIED);
    out->n = 1;
    out->found[0].cause = CAUSE_UNSPECIFIED;
    out->provider = out->who = out->ref = "";
    out->what = l->means;
    out->mends = l->mends;
    out->next = l->next;
}
