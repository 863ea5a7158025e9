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

static void cause_of(const struct moment *m, const char *text, size_t n, struct explanation *out)
{
    struct cause_answer a;
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

void know_explain_cause(const struct source *src, size_t i, const struct item *it,
                        const struct moment *m, struct explanation *out)
{
    char text[CAUSE_TEXT_MAX];
    size_t n = 0;
    struct span s;
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
    cause_of(m, text, n, out);
}

/* The reply that a line of a log quotes; words about the connection are no reply, and a cause is
 * all that can be said of them. */
static bool quoted(const struct moment *m, struct span said, bool cause, struct explanation *out)
{
    const char *lf = said.n ? memchr(said.p, '\n', said.n) : NULL;
    size_t first = lf ? (size_t)(lf - said.p) : said.n;
    if (m->reply.cls == REPLY_NONE) {
        know_explain(ITEM_TEXT, m, 0, said.p, first, out);
        out->title = "nobody replied";
        cause_of(m, said.p, said.n, out);
        return true;
    }
    if (!know_explain(ITEM_SERVER, m, 0, said.p, first, out))
        return false;
    if (cause && (m->reply.cls == REPLY_TEMP || m->reply.cls == REPLY_PERM))
        cause_of(m, said.p, said.n, out);
    return true;
}

bool know_item(const struct source *src, size_t i, const struct item *it, bool cause,
               struct moment *m, struct explanation *out)
{
    struct span s = {"", 0};
    memset(m, 0, sizeof *m);
    bool known = src->moment(src->self, i, m);
    if (known && it->kind == ITEM_TEXT && src->said && src->said(src->self, i, &s))
        return quoted(m, s, cause, out);
    src->line(src->self, i, 0, &s);
    if (!know_explain(known ? it->kind : ITEM_TEXT, m, it->notes, s.p, s.n, out))
        return false;
    if (cause)
        know_explain_cause(src, i, it, m, out);
    return true;
}
