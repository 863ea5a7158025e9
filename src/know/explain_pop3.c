/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What POP3's replies mean at their verb and in their state; the numbers in them in words. RFC
 * 1939, 2449, 3206, 5034, 6856. */
#include "know/rows.h"

#include <string.h>

static const char *status_name(enum reply_class c)
{
    return c == REPLY_OK ? "+OK" : c == REPLY_GO ? "+" : "-ERR";
}

static bool has_timestamp(const char *line, size_t n)
{
    const char *open = n ? memchr(line, '<', n) : NULL;
    const char *close = open ? memchr(open, '>', n - (size_t)(open - line)) : NULL;
    return close && memchr(open, '@', (size_t)(close - open));
}

static const char *variant_of(const struct moment *m, const char *verb, const char *line, size_t n)
{
    const struct verb *v = m->command.verb;
    if (m->reply.cls != REPLY_OK && m->reply.cls != REPLY_GO && know_sequence(m))
        return "order";
    if (strcmp(verb, "(banner)") == 0)
        return has_timestamp(line, n) ? "timestamp" : "*";
    if (strcmp(verb, "QUIT") == 0)
        return m->before.state == POP3_STATE(DROP) ? "drop" : "login";
    if (v && (v->flags & VERB_MULTI_NOARG))
        return m->command.body ? "all" : "one";
    return "*";
}

/* A number at *i; false: there is none. Moves *i behind it and the blanks after it. */
static bool number(const char *p, size_t n, size_t *i, uint64_t *out)
{
    size_t from = *i;
    *out = 0;
    while (*i < n && p[*i] >= '0' && p[*i] <= '9' && *i - from < 18)
        *out = *out * 10 + (uint64_t)(p[(*i)++] - '0');
    if (*i == from || (*i < n && p[*i] != ' ' && p[*i] != '\t'))
        return false;
    while (*i < n && (p[*i] == ' ' || p[*i] == '\t'))
        ++*i;
    return true;
}

/* STAT's and LIST's numbers in words. */
static void numbers(const struct moment *m, const char *verb, const char *variant, const char *line,
                    size_t n, struct pen *p)
{
    size_t i = m->reply.text < n ? m->reply.text : n;
    uint64_t a, b;
    char words[48];
    bool stat = strcmp(verb, "STAT") == 0;
    bool one = strcmp(verb, "LIST") == 0 && strcmp(variant, "one") == 0;
    if (m->reply.cls != REPLY_OK || (!stat && !one))
        return;
    if (!number(line, n, &i, &a) || !number(line, n, &i, &b)) {
        pen_sentence(p, "Two numbers belong here, and they are not there (RFC 1939 5).");
        return;
    }
    pen_size_words(b, words, sizeof words);
    pen_sentence(p, stat ? "Here: " : "Here: message ");
    pen_num(p, a);
    pen_str(p, stat ? (a == 1 ? " message, " : " messages, ") : " has ");
    pen_str(p, words);
    pen_str(p, stat ? " together." : ".");
}

static void tail(const struct moment *m, const char *verb, struct pen *p)
{
    bool refused = m->reply.cls == REPLY_PERM || m->reply.cls == REPLY_TEMP;
    const struct know_seq *seq = refused ? know_sequence(m) : NULL;
    if (seq) {
        pen_sentence(p, seq->why);
        return;
    }
    if (refused && m->after.state == POP3_STATE(CLOSED) && strcmp(verb, "QUIT") != 0)
        pen_sentence(p, "The connection is closed now.");
    else if (m->reply.cls == REPLY_OK && m->before.state == POP3_STATE(DROP) &&
             strcmp(verb, "CAPA") == 0)
        pen_sentence(p, "This is the list after the login.");
}

static void extra(const struct moment *m, const char *verb, const char *line, size_t n,
                  struct pen *p)
{
    const struct reply *r = &m->reply;
    bool banner = strcmp(verb, "(banner)") == 0;
    if (r->odd && n > 0 && (line[0] == '+' || line[0] == '-'))
        pen_sentence(
            p, r->cls == REPLY_GO
                   ? "The blank after + is missing (RFC 5034 4)."
                   : "+OK and -ERR are written in capitals, with a blank after them (RFC 1939 3).");
    if (r->text >= n && r->cls == REPLY_OK && !banner)
        pen_sentence(p, "A bare +OK without words is allowed (RFC 1939 3).");
    if (r->text >= n && (r->cls == REPLY_PERM || r->cls == REPLY_TEMP))
        pen_sentence(p, "The server gives no text.");
    if (r->respcode[0] && !know_respcode(r->respcode, verb))
        pen_sentence(p, "The code in brackets is registered nowhere.");
    if (r->cls == REPLY_OK && !m->before.tls && strcmp(verb, "PASS") == 0)
        pen_sentence(p, "There is no TLS: the password crossed the wire readable.");
    if (r->cls == REPLY_OK && m->command.verb && !m->unsolicited && !banner &&
        !proto_legal(m->command.verb, &m->before))
        pen_sentence(
            p, "The command was not legal in this state, and the server did it all the same.");
    if (banner && r->cls == REPLY_OK)
        explain_banner(m, line, n, p);
}

void explain_pop3(const struct moment *m, const char *line, size_t n, struct pen *p,
                  struct explanation *out)
{
    static const char *const words[] = {"", "ok: ", "go on: ", "temporary: ", "refused: "};
    const struct reply *r = &m->reply;
    const char *verb = know_verb(m), *status = status_name(r->cls);
    const char *variant = variant_of(m, verb, line, n);
    const struct know_status *s = know_status(status, verb, variant);
    const struct know_status *name = know_status(status, "*", "*");
    const struct know_respcode *c =
        r->respcode[0] && r->cls != REPLY_OK ? know_respcode(r->respcode, verb) : NULL;
    const struct know_seq *seq =
        r->cls == REPLY_PERM || r->cls == REPLY_TEMP ? know_sequence(m) : NULL;

    pen_str(p, status);
    if (r->respcode[0]) {
        pen_str(p, " [");
        pen_foreign(p, r->respcode, strlen(r->respcode), sizeof r->respcode);
        pen_str(p, "]");
    }
    explain_title(p, verb);
    pen_str(p, ": ");
    pen_str(p, c ? c->short_ : s->short_);
    out->title = pen_take(p);

    pen_str(p, r->cls <= REPLY_PERM ? words[r->cls] : "");
    pen_str(p, c ? c->gutter : s->gutter);
    out->gutter = pen_take(p);

    pen_sentence(p, c ? c->what : s->what);
    numbers(m, verb, variant, line, n, p);
    tail(m, verb, p);
    out->what = pen_take(p);
    out->decided = c ? c->decided : s->decided;
    out->mends = c ? c->mends : s->mends;
    out->next = seq ? seq->first : c ? c->next : s->next;
    pen_str(p, s->ref);
    if (c) {
        pen_str(p, "; ");
        pen_str(p, c->ref);
    }
    out->ref = pen_take(p);

    pen_str(p, status);
    pen_str(p, " = ");
    pen_str(p, name->short_);
    out->code = pen_take(p);
    if (c) {
        pen_str(p, "[");
        pen_str(p, c->code);
        pen_str(p, "] = ");
        pen_str(p, c->short_);
        out->enhanced = pen_take(p);
    }
    extra(m, verb, line, n, p);
}
