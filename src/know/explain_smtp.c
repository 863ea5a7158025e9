/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the replies of SMTP and LMTP mean at their verb and in their state: the code's row and the
 * enhanced code's row, what holds after the reply, and where the reply contradicts itself. RFC
 * 5321 4.2 and 4.3, RFC 3463, RFC 2034, RFC 2033. */
#include "heloscope/cause.h"
#include "know/rows.h"

#include <string.h>

static void enhanced_number(struct pen *p, const struct reply *r)
{
    pen_num(p, r->eclass);
    pen_str(p, ".");
    pen_num(p, r->esubject);
    pen_str(p, ".");
    pen_num(p, r->edetail);
}

/* "3 recipients are ...", as a sentence after another. */
static void counted(struct pen *p, uint32_t n, const char *one, const char *many)
{
    if (pen_any(p))
        pen_str(p, " ");
    pen_num(p, n);
    pen_str(p, n == 1 ? one : many);
}

/* ---- what holds after the reply ---- */

static void after_rcpt(const struct moment *m, bool refused, struct pen *p)
{
    if (m->reply.cls == REPLY_OK && m->after.rcpts > 0)
        counted(p, m->after.rcpts, " recipient is accepted so far.",
                " recipients are accepted so far.");
    else if (refused && m->after.rcpts > 0)
        counted(p, m->after.rcpts, " recipient accepted before stays: RCPT another, DATA, or RSET.",
                " recipients accepted before stay: RCPT another, DATA, or RSET.");
    else if (refused && m->after.state == SMTP_MAIL)
        pen_sentence(p, "The transaction is still open: RCPT another address, or RSET.");
}

static void after_letter(const struct moment *m, bool refused, struct pen *p)
{
    if (m->before.lmtp && m->before.rcpts > 1) {
        pen_sentence(p, "It is one of ");
        pen_num(p, m->before.rcpts);
        pen_str(p, " replies, one for each recipient, in the order of RCPT.");
    } else if (m->reply.cls == REPLY_OK && m->before.rcpts > 1) {
        pen_sentence(p, "It stands for all ");
        pen_num(p, m->before.rcpts);
        pen_str(p, " recipients.");
    } else if (refused && m->after.state == SMTP_READY) {
        pen_sentence(p, "The envelope is gone: begin again with MAIL.");
    }
}

static void after_greeting(const struct moment *m, bool refused, struct pen *p)
{
    if (refused && m->after.state == SMTP_HELLO)
        pen_sentence(p, "Without an accepted greeting no letter can be opened.");
    else if (m->reply.cls == REPLY_OK &&
             (m->before.state == SMTP_MAIL || m->before.state == SMTP_RCPT))
        pen_sentence(p, "The letter that was open is forgotten.");
}

static void tail(const struct moment *m, const char *verb, struct pen *p)
{
    enum reply_class c = m->reply.cls;
    bool refused = c == REPLY_TEMP || c == REPLY_PERM;
    uint8_t after = m->after.state;
    const struct know_seq *seq = refused ? know_sequence(m) : NULL;

    if (m->reply.code == 421)
        pen_sentence(p, "The connection is closed now.");
    else if (seq)
        pen_sentence(p, seq->why);
    else if (strcmp(verb, "RCPT") == 0)
        after_rcpt(m, refused, p);
    else if (strcmp(verb, "(end of letter)") == 0)
        after_letter(m, refused, p);
    else if (cause_stage_of_verb(verb) == CAUSE_AT_HELO)
        after_greeting(m, refused, p);
    else if (strcmp(verb, "RSET") == 0 && c == REPLY_OK && m->before.rcpts > 0)
        counted(p, m->before.rcpts, " recipient was dropped.", " recipients were dropped.");
    else if (!refused)
        ;
    else if (strcmp(verb, "MAIL") == 0 && after == SMTP_READY)
        pen_sentence(p, "No letter was opened; MAIL can be said again.");
    else if (strcmp(verb, "DATA") == 0 && after == SMTP_RCPT)
        pen_sentence(p, "The envelope is still there: DATA again, or RSET.");
    else if (strcmp(verb, "BDAT") == 0 && after == SMTP_SPOILT)
        pen_sentence(p, "This letter cannot be finished any more: RSET.");
    else if (cause_stage_of_verb(verb) == CAUSE_AT_AUTH && !m->after.authed)
        pen_sentence(p, "You are not logged in; the connection stays.");
}

/* ---- what is odd about it ---- */

static const char *fate(int digit)
{
    return digit == 2 ? "it worked" : digit == 4 ? "it may work later" : "it never will";
}

static void contradiction(const struct reply *r, struct pen *p)
{
    pen_sentence(p, "The two codes contradict each other: by ");
    pen_num(p, (uint64_t)r->code);
    pen_str(p, " ");
    pen_str(p, r->code / 100 == 3 ? "the server waits" : fate(r->code / 100));
    pen_str(p, ", by ");
    enhanced_number(p, r);
    pen_str(p, " ");
    pen_str(p, fate(r->eclass));
    pen_str(p, "; clients go by the first digit of the basic code (RFC 5321 4.2.1, RFC 2034 4).");
}

static void odd(const struct reply *r, const char *line, size_t n, struct pen *p)
{
    bool told = false;
    if (r->eclass && r->eclass != r->code / 100) {
        contradiction(r, p);
        told = true;
    }
    if (!r->odd)
        return;
    if (n > 3 && line[3] != ' ' && line[3] != '-') {
        pen_sentence(p, "A blank or a hyphen is missing after the code (RFC 5321 4.2).");
        told = true;
    }
    if (n > 1 && line[1] > '5' && line[1] <= '9') {
        pen_sentence(p, "The second digit goes from 0 to 5 (RFC 5321 4.2.1).");
        told = true;
    }
    if (r->lines > 1 && n >= 3 &&
        r->code != (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0')) {
        pen_sentence(p, "The code changed between the lines of the reply: the last one counts here "
                        "(RFC 5321 4.2.1).");
        told = true;
    }
    if (!told)
        pen_sentence(p, "A line of the reply is not well formed; it was borne (RFC 5321 4.2).");
}

static void extra(const struct moment *m, const char *verb, const char *line, size_t n,
                  struct pen *p)
{
    const struct reply *r = &m->reply;
    const struct verb *v = m->unsolicited ? NULL : m->command.verb;
    bool refused = r->cls == REPLY_TEMP || r->cls == REPLY_PERM;
    bool banner = strcmp(verb, "(banner)") == 0, helo = cause_stage_of_verb(verb) == CAUSE_AT_HELO;

    odd(r, line, n, p);
    if (refused && r->eclass == 0 && !banner && !helo)
        pen_sentence(p, "No enhanced code: only the text can say more.");
    if (r->code == 354 && strcmp(verb, "DATA") != 0)
        pen_sentence(p, "354 is the answer to DATA and to nothing else.");
    if (r->cls == REPLY_OK && v && !(v->flags & VERB_BANNER) && !proto_legal(v, &m->before))
        pen_sentence(
            p, "The command was not legal at this point, and the server did it all the same.");
    if (r->cls == REPLY_OK && v && !m->before.tls && (v->flags & (VERB_AUTH | VERB_ANSWER))) {
        const struct know_mechanism *k =
            know_mechanism(m->command.mechanism, strlen(m->command.mechanism));
        if (k && k->tls == KNOW_TLS_MUST)
            pen_sentence(p, "There is no TLS: the password (or token) crossed the wire readable.");
    }
    if (banner && r->cls == REPLY_OK)
        explain_banner(m, line, n, p);
    if (r->text >= n && refused)
        pen_sentence(p, "The server gives no text.");
}

/* ---- the whole ---- */

/* Codes that say no more than that it failed, and leave the reason to the enhanced code. */
static bool catch_all(int code)
{
    return code == 450 || code == 451 || code == 550 || code == 554;
}

/* Is the enhanced row more specific than the code's? It is by a detail that is not ".0", or as a
 * row for this verb. A vague one, or a subject whose detail nobody knows, is so only beside a code
 * that says nothing itself. */
static bool tells_more(const struct know_enhanced *e, const struct know_code *c,
                       const struct reply *r)
{
    if (!e || (r->cls != REPLY_TEMP && r->cls != REPLY_PERM))
        return false;
    if (c->cls)
        return e->subject != 0;
    if (e->vague)
        return c->verb[0] == '*' && catch_all(r->code);
    if (e->detail < 0)
        return e->subject != 0 && catch_all(r->code);
    return r->edetail != 0 || e->verb[0] != '*';
}

/* Where the two codes contradict each other the basic one says whether it is for good. */
static const char *class_words(enum reply_class c)
{
    static const char *const words[] = {"", "ok: ", "go on: ", "temporary: ", "permanent: "};
    return c <= REPLY_PERM ? words[c] : "";
}

void explain_smtp(const struct moment *m, const char *line, size_t n, struct pen *p,
                  struct explanation *out)
{
    const struct reply *r = &m->reply;
    const char *verb = know_verb(m);
    const struct know_code *c = know_code(know_proto(m), r->code, verb);
    const struct know_code *name = know_code(know_proto(m), r->code, "*");
    const struct know_enhanced *e =
        r->eclass ? know_enhanced_at(r->eclass, r->esubject, r->edetail, verb) : NULL;
    const struct know_seq *seq =
        r->cls == REPLY_PERM || r->cls == REPLY_TEMP ? know_sequence(m) : NULL;
    bool more = false;

    if (!c || !name) {
        explain_garbage(m, line, n, p, out);
        return;
    }
    more = tells_more(e, c, r);
    pen_num(p, (uint64_t)r->code);
    if (r->eclass) {
        pen_str(p, " ");
        enhanced_number(p, r);
    }
    explain_title(p, verb);
    pen_str(p, ": ");
    pen_str(p, more ? e->gutter : c->short_);
    out->title = pen_take(p);

    pen_str(p, class_words(r->cls));
    pen_str(p, more ? e->gutter : c->gutter);
    out->gutter = pen_take(p);

    if (!seq || r->code != 503) /* for the wrong order the sequence's own row is enough */
        pen_sentence(p, more ? e->what : c->what);
    tail(m, verb, p);
    out->what = pen_take(p);
    out->decided = more ? e->decided : c->decided;
    out->mends = more ? e->mends : c->mends;
    out->next = seq ? seq->first : more ? e->next : c->next;

    pen_str(p, c->ref);
    if (e && strcmp(e->ref, c->ref) != 0) {
        pen_str(p, "; ");
        pen_str(p, e->ref);
    }
    out->ref = pen_take(p);

    pen_num(p, (uint64_t)r->code);
    pen_str(p, " = ");
    pen_str(p, name->short_);
    out->code = pen_take(p);
    if (r->eclass) {
        enhanced_number(p, r);
        pen_str(p, " = ");
        pen_str(p, e ? e->name : "a subject that is registered nowhere");
        if (e && e->detail < 0)
            pen_str(p, " (this detail is registered nowhere)");
        out->enhanced = pen_take(p);
    }
    extra(m, verb, line, n, p);
}
