/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door: which explanation an item gets, and what several kinds of it share (where in the talk
 * the moment is, why a verb is not legal there, notes about a line, what a banner says about
 * itself). The kinds have files of their own: explain_*.c. */
#include "know/rows.h"

#include <string.h>

#define NOTE(bit, client, server) {bit, client, server},
static const struct know_note notes_rows[] = {
#include "know/notes.def"
};
#undef NOTE
#define SOFTWARE(word, name) {word, name},
static const struct know_software softwares[] = {
#include "know/notes.def"
};
#undef SOFTWARE
#define SEQ_SMTP(verb, state, why, first) {false, verb, SMTP_##state, why, first},
#define SEQ_POP3(verb, state, why, first) {true, verb, POP3_STATE(state), why, first},
static const struct know_seq seqs[] = {
#include "know/sequence.def"
};

bool know_is_pop3(const struct moment *m)
{
    return m->proto && strcmp(m->proto->name, "pop3") == 0;
}

const char *know_proto(const struct moment *m)
{
    return m->proto ? m->proto->name : "smtp";
}

const char *know_verb(const struct moment *m)
{
    if (m->unsolicited)
        return "(unsolicited)";
    if (!m->command.verb) /* without a name nobody knows what was asked: a reply on its own */
        return m->command.name[0] ? "(unknown)" : "*";
    if (m->command.last && !know_is_pop3(m))
        return "(end of letter)";
    return m->command.verb->name;
}

const struct know_seq *know_sequence(const struct moment *m)
{
    const struct verb *v = m->command.verb;
    const struct know_seq *any = NULL;
    bool pop3 = know_is_pop3(m);
    if (!v || m->unsolicited || (v->flags & VERB_BANNER) || proto_legal(v, &m->before))
        return NULL;
    for (size_t i = 0; i < COUNT(seqs); i++) {
        const struct know_seq *r = &seqs[i];
        if (r->pop3 != pop3 || r->state != m->before.state)
            continue;
        if (strcmp(r->verb, v->name) == 0)
            return r;
        if (r->verb[0] == '*')
            any = r;
    }
    return any;
}

void explain_notes(unsigned notes, bool client, struct pen *p)
{
    for (size_t i = 0; notes && i < COUNT(notes_rows); i++)
        if (notes & notes_rows[i].bit)
            pen_sentence(p, client ? notes_rows[i].client : notes_rows[i].server);
}

void explain_title(struct pen *p, const char *verb)
{
    static const struct {
        const char *verb, *words;
    } rows[] = {
        {"(banner)", " as banner"},
        {"(end of letter)", " after the letter"},
        {"(challenge)", " after your answer"},
        {"(unsolicited)", " unasked"},
        {"(unknown)", " after an unknown command"},
        {"*", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].verb, verb) == 0) {
            pen_str(p, rows[i].words);
            return;
        }
    pen_str(p, " after ");
    pen_str(p, verb);
}

static bool contains(const char *p, size_t n, const char *word)
{
    size_t k = strlen(word);
    char first = (char)(word[0] | 32);
    for (size_t i = 0; i + k <= n; i++)
        if ((p[i] | 32) == first && know_same(p + i, k, word))
            return true;
    return false;
}

void explain_banner(const struct moment *m, const char *line, size_t n, struct pen *p)
{
    const struct know_software *best = NULL;
    if (n > 512)
        n = 512;
    for (size_t i = 0; i < COUNT(softwares); i++)
        if ((!best || strlen(softwares[i].word) > strlen(best->word)) &&
            contains(line, n, softwares[i].word))
            best = &softwares[i];
    if (best) {
        pen_sentence(p, "It calls itself ");
        pen_str(p, best->name);
        pen_str(p, " (a banner may say anything).");
    }
    if (know_is_pop3(m) || strcmp(know_proto(m), "lmtp") == 0)
        return;
    size_t text = m->reply.text < n ? m->reply.text : n;
    if (n - text >= 4 && memmem(line + text, n - text, "****", 4))
        pen_sentence(p, "Stars in place of words: a firewall (Cisco inspection) rewrites the talk "
                        "and may hide extensions.");
    else if (contains(line + text, n - text, "ESMTP"))
        pen_sentence(p, "It says ESMTP: EHLO will be understood.");
    else
        pen_sentence(p, "It does not say ESMTP; EHLO is worth a try all the same, with HELO as the "
                        "fallback.");
}

bool know_explain(enum item_kind kind, const struct moment *m, unsigned notes, const char *line,
                  size_t n, struct explanation *out)
{
    struct pen p;
    out->title = out->gutter = out->what = out->decided = out->mends = out->next = "";
    out->ref = out->code = out->enhanced = out->extra = out->cause = out->confidence = "";
    pen_start(&p, out);
    if (!line)
        n = 0;
    if (!m || kind == ITEM_TEXT)
        return false;
    /* Each leaves its extra sentences in the pen. */
    switch (kind) {
    case ITEM_CLIENT:
        explain_client(m, notes, line, n, &p, out);
        explain_notes(notes, true, &p);
        break;
    case ITEM_SERVER:
        if (m->reply.cls == REPLY_NONE)
            explain_garbage(m, line, n, &p, out);
        else if (know_is_pop3(m))
            explain_pop3(m, line, n, &p, out);
        else
            explain_smtp(m, line, n, &p, out);
        explain_notes(notes, false, &p);
        break;
    default:
        explain_event(m, line, n, &p, out);
        break;
    }
    out->extra = pen_take(&p);
    return true;
}

const struct know_seq *know_seqs(size_t *n)
{
    *n = COUNT(seqs);
    return seqs;
}

const struct know_note *know_notes(size_t *n)
{
    *n = COUNT(notes_rows);
    return notes_rows;
}

const struct know_software *know_softwares(size_t *n)
{
    *n = COUNT(softwares);
    return softwares;
}
