/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lets the cause of a refusal speak in its explanation: where the reply's words name one, they say
 * more than its code. What the state of the talk says (commands in the wrong order) stays. */
#include "heloscope/cause.h"
#include "know/rows.h"

#include <stdio.h>
#include <string.h>

/* Causes that the code's own row explains as well or better. */
static bool general(enum cause c)
{
    return c == CAUSE_OK || c == CAUSE_UNSPECIFIED || c == CAUSE_SERVER_ERROR ||
           c == CAUSE_POLICY_REJECTED || c == CAUSE_COMMAND_SYNTAX || c == CAUSE_BAD_SEQUENCE;
}

/* A table's words as a sentence: a capital, a full stop. */
static const char *sentence(char *out, size_t size, const char *words)
{
    snprintf(out, size, "%s", words);
    size_t n = strlen(out);
    if (n && out[0] >= 'a' && out[0] <= 'z')
        out[0] = (char)(out[0] - 32);
    if (n && n + 1 < size && out[n - 1] != '.')
        memcpy(out + n, ".", 2);
    return out;
}

void know_explain_cause(const struct source *src, size_t i, const struct item *it,
                        const struct moment *m, struct explanation *out)
{
    char text[CAUSE_TEXT_MAX];
    size_t n = 0;
    struct span s;
    struct cause_answer a;
    out->cause = out->confidence = "";
    if (it->kind != ITEM_SERVER || (m->reply.cls != REPLY_TEMP && m->reply.cls != REPLY_PERM))
        return;
    for (uint64_t k = 0; k < it->lines && n < sizeof text && src->line(src->self, i, k, &s); k++) {
        size_t take = s.n < sizeof text - n ? s.n : sizeof text - n;
        if (take)
            memcpy(text + n, s.p, take);
        n += take;
        if (n < sizeof text)
            text[n++] = '\n';
    }
    if (!n)
        text[0] = 0;
    struct cause_question q = cause_question_of(m, text, n);
    cause_find(&q, &a);
    const struct cause_found *f = &a.found[0];
    out->cause = cause_label(f->cause)->name;
    out->confidence = cause_sure_name(f->sure);
    if (general(f->cause) || f->sure == CAUSE_GUESS || know_sequence(m))
        return;
    out->what = sentence(out->cause_what, sizeof out->cause_what, a.what);
    out->next = sentence(out->cause_next, sizeof out->cause_next, a.next);
    out->mends = a.mends;
    if (a.who[0])
        out->decided = a.who;
}
