/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the client's own line says and does: the verb's purpose, what is wrong with the line, and
 * folklore set right. The findings are rows of client.def; here is only the finding. RFC 5321 4.1,
 * RFC 1939, RFC 4954. */
#include "know/rows.h"
#include "heloscope/sasl.h"

#include <string.h>

#define PURPOSE(proto, verb, gutter) {proto, verb, gutter},
static const struct know_purpose purposes[] = {
#include "know/client.def"
};
#undef PURPOSE
#define REMARK(id, weight, gutter, text) {weight, gutter, text},
static const struct know_remark remarks[] = {
#include "know/client.def"
};
#undef REMARK
#define PARAM(verb, name, needs, means, ref) {verb, name, needs, means, ref},
static const struct know_param params[] = {
#include "know/params.def"
};

/* What was found, as bits of enum know_remark_id. */
struct found {
    uint64_t bits;
};
_Static_assert(REMARKS <= 64, "the remarks fit into the bits");

static void find(struct found *f, enum know_remark_id id)
{
    f->bits |= UINT64_C(1) << id;
}

struct text {
    const char *p;
    size_t n;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct text skip_blanks(struct text t)
{
    while (t.n > 0 && blank(*t.p))
        t.p++, t.n--;
    return t;
}

static struct text word_of(struct text t)
{
    size_t k = 0;
    while (k < t.n && !blank(t.p[k]))
        k++;
    return (struct text){t.p, k};
}

static struct text after(struct text t, size_t k)
{
    return (struct text){t.p + k, t.n - k};
}

static bool one_of(struct text w, const char *const *words)
{
    for (; *words; words++)
        if (know_same(w.p, w.n, *words))
            return true;
    return false;
}

/* ---- MAIL and RCPT ---- */

/* The octets of the path from '<' to the '>' that closes it, quotes respected; 0: not closed. */
static size_t path_length(struct text t)
{
    bool quoted = false;
    for (size_t i = 1; i < t.n; i++) {
        if (t.p[i] == '\\' && quoted)
            i++;
        else if (t.p[i] == '"')
            quoted = !quoted;
        else if (t.p[i] == '>' && !quoted)
            return i + 1;
    }
    return 0;
}

static bool outside_quotes(struct text t, char c)
{
    bool quoted = false;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\\' && quoted)
            i++;
        else if (t.p[i] == '"')
            quoted = !quoted;
        else if (t.p[i] == c && !quoted)
            return true;
    }
    return false;
}

static const struct know_param *param_of(const char *verb, struct text w)
{
    const char *eq = w.n ? memchr(w.p, '=', w.n) : NULL;
    size_t n = eq ? (size_t)(eq - w.p) : w.n;
    for (size_t i = 0; i < COUNT(params); i++)
        if (strcmp(params[i].verb, verb) == 0 && know_same(w.p, n, params[i].name))
            return &params[i];
    return NULL;
}

static void address(const struct moment *m, struct text a, bool mail, bool utf8, struct found *f)
{
    bool high = false;
    for (size_t i = 0; i < a.n; i++)
        high = high || (unsigned char)a.p[i] >= 0x80;
    if (high && !utf8)
        find(f, REMARK_NON_ASCII);
    if (a.n == 0) {
        find(f, mail ? REMARK_NULL_SENDER : REMARK_NULL_RCPT);
        return;
    }
    const char *colon = a.p[0] == '@' ? memchr(a.p, ':', a.n) : NULL;
    if (colon) {
        find(f, REMARK_ROUTE);
        a = after(a, (size_t)(colon - a.p) + 1);
    }
    if (outside_quotes(a, ',') || outside_quotes(a, ';'))
        find(f, REMARK_SEVERAL);
    else if (!outside_quotes(a, '@') && (mail || !know_same(a.p, a.n, "postmaster")) &&
             strcmp(know_proto(m), "lmtp") != 0)
        find(f, REMARK_NO_DOMAIN);
}

/* FROM:<address> params, TO:<address> params. Returns what follows the path. */
static struct text path(const struct moment *m, const char *verb, struct text t, struct found *f)
{
    bool mail = strcmp(verb, "RCPT") != 0;
    const char *want = mail ? "FROM" : "TO", *other = mail ? "TO" : "FROM";
    bool utf8 = false;

    if (know_starts(t.p, t.n, other)) {
        find(f, REMARK_WRONG_WORD);
        t = after(t, strlen(other));
    } else if (know_starts(t.p, t.n, want)) {
        t = after(t, strlen(want));
    } else if (t.n > 0) {
        find(f, REMARK_WRONG_WORD);
    }
    struct text s = skip_blanks(t);
    if (s.n > 0 && *s.p == ':') {
        if (s.p != t.p)
            find(f, REMARK_COLON_SPACE);
        t = after(s, 1);
        s = skip_blanks(t);
        if (s.n > 0 && s.p != t.p)
            find(f, REMARK_COLON_SPACE);
    } else if (s.n > 0) {
        find(f, REMARK_NO_COLON);
    }
    t = s;
    if (t.n == 0) {
        find(f, REMARK_NO_PATH);
        return t;
    }
    for (size_t i = 0; i + 8 <= t.n && !utf8; i++)
        utf8 = blank(t.p[i]) &&
               know_same(word_of(after(t, i + 1)).p, word_of(after(t, i + 1)).n, "SMTPUTF8");
    if (*t.p != '<') {
        struct text w = word_of(t);
        find(f, REMARK_NO_BRACKETS);
        address(m, w, mail, utf8, f);
        t = skip_blanks(after(t, w.n));
    } else {
        size_t k = path_length(t);
        if (k == 0) {
            find(f, REMARK_UNCLOSED);
            return after(t, t.n);
        }
        address(m, (struct text){t.p + 1, k - 2}, mail, utf8, f);
        t = skip_blanks(after(t, k));
    }
    if (t.n > 0 && (*t.p == ',' || *t.p == ';' || *t.p == '<' ||
                    (outside_quotes(word_of(t), '@') && !param_of(verb, word_of(t)))))
        find(f, REMARK_SEVERAL);
    return t;
}

/* "SIZE=1048576: the letter's size, announced before it is sent (1 MiB)." */
static void explain_params(const char *verb, struct text t, struct pen *p)
{
    int told = 0;
    for (t = skip_blanks(t); t.n > 0 && told < 6; told++) {
        struct text w = word_of(t);
        const struct know_param *r = param_of(verb, w);
        if (r) {
            pen_sentence(p, r->name);
            pen_str(p, ": ");
            pen_str(p, r->means);
            if (strcmp(r->name, "SIZE") == 0 && w.n > 5) {
                uint64_t octets = 0;
                char words[48];
                for (size_t i = 5; i < w.n && w.p[i] >= '0' && w.p[i] <= '9' && i < 20; i++)
                    octets = octets * 10 + (uint64_t)(w.p[i] - '0');
                pen_size_words(octets, words, sizeof words);
                pen_str(p, ", here ");
                pen_str(p, words);
            }
            pen_str(p, " (needs ");
            pen_str(p, r->needs);
            pen_str(p, "; ");
            pen_str(p, r->ref);
            pen_str(p, ").");
        }
        t = skip_blanks(after(t, w.n));
    }
}

/* ---- the other verbs ---- */

static void greeting(const char *verb, struct text t, struct found *f)
{
    struct text w = word_of(t);
    size_t digits = 0, dots = 0;
    if (strcmp(verb, "HELO") == 0)
        find(f, REMARK_HELO_OLD);
    if (w.n == 0) {
        find(f, REMARK_HELO_EMPTY);
        return;
    }
    if (*w.p == '[')
        return;
    for (size_t i = 0; i < w.n; i++) {
        digits += w.p[i] >= '0' && w.p[i] <= '9';
        dots += w.p[i] == '.';
        if (w.p[i] == '_')
            find(f, REMARK_HELO_UNDERSCORE);
    }
    if ((dots == 3 && digits + dots == w.n) || memchr(w.p, ':', w.n))
        find(f, REMARK_HELO_ADDRESS);
    else if (dots == 0)
        find(f, REMARK_HELO_SHORT);
}

static void login(const struct moment *m, struct found *f)
{
    const struct verb *v = m->command.verb;
    const struct know_mechanism *s =
        know_mechanism(m->command.mechanism, strlen(m->command.mechanism));
    bool pass = strcmp(v->name, "PASS") == 0;
    if (m->before.tls)
        return;
    if (pass)
        find(f, REMARK_CLEAR_PASS);
    else if (s && s->tls == KNOW_TLS_MUST)
        find(f, REMARK_CLEAR_LOGIN);
    else if ((s && s->tls == KNOW_TLS_SHOULD) || strcmp(v->name, "APOP") == 0)
        find(f, REMARK_WEAK_HASH);
}

/* What a login's answer proves, and what a listener learns of it. */
static void proof(const struct moment *m, struct pen *p)
{
    const struct sasl_mechanism *s =
        sasl_mechanism(m->command.mechanism, strlen(m->command.mechanism));
    if (!s)
        return;
    pen_sentence(p, "The answer proves ");
    pen_str(p, s->proves);
    pen_str(p, ".");
    pen_sentence(p, m->before.tls ? "Without TLS a listener would have "
                                  : "There is no TLS: a listener has ");
    pen_str(p, s->hears);
    pen_str(p, ".");
}

/* Does the form want an argument, bear one, or forbid it? */
static void arguments(const struct verb *v, struct text arg, struct found *f)
{
    size_t k = strlen(v->name);
    if (v->flags & (VERB_END | VERB_ANSWER | VERB_BANNER))
        return;
    bool alone = v->form[k] == '\0';
    bool wanted = v->form[k] == ' ' && v->form[k + 1] != '[';
    if (alone && arg.n > 0 && strcmp(v->name, "NOOP") != 0)
        find(f, REMARK_EXTRA_ARGUMENT);
    if (wanted && arg.n == 0)
        find(f, REMARK_NO_ARGUMENT);
}

static void unknown(const struct moment *m, struct text line, struct found *f)
{
    static const char *const http[] = {"GET",     "POST",  "PUT",         "HEAD", "OPTIONS",
                                       "CONNECT", "Host:", "User-Agent:", NULL};
    static const char *const pop3[] = {"USER", "PASS", "APOP", "STAT", "LIST", "UIDL",
                                       "RETR", "DELE", "TOP",  "CAPA", NULL};
    static const char *const smtp[] = {"EHLO", "HELO", "MAIL", "RCPT", "DATA",
                                       "BDAT", "VRFY", "EXPN", NULL};
    static const char *const imap[] = {"LOGIN", "CAPABILITY", "SELECT", "LOGOUT",   "AUTHENTICATE",
                                       "LIST",  "FETCH",      "NOOP",   "STARTTLS", NULL};
    bool is_pop3 = know_is_pop3(m), lmtp = strcmp(know_proto(m), "lmtp") == 0;
    struct text t = skip_blanks(line), w = word_of(t);
    struct text second = word_of(skip_blanks(after(t, w.n)));

    if (w.n == 0)
        find(f, REMARK_EMPTY);
    else if (one_of(w, http))
        find(f, REMARK_FOREIGN_HTTP);
    else if (!is_pop3 && know_same(w.p, w.n, "STLS"))
        find(f, REMARK_STLS_IN_SMTP);
    else if (is_pop3 && know_same(w.p, w.n, "STARTTLS"))
        find(f, REMARK_STARTTLS_IN_POP3);
    else if (lmtp && (know_same(w.p, w.n, "EHLO") || know_same(w.p, w.n, "HELO")))
        find(f, REMARK_EHLO_IN_LMTP);
    else if (!is_pop3 && know_same(w.p, w.n, "LHLO"))
        find(f, REMARK_LHLO_IN_SMTP);
    else if (!is_pop3 && one_of(w, pop3))
        find(f, REMARK_FOREIGN_POP3);
    else if (is_pop3 && one_of(w, smtp))
        find(f, REMARK_FOREIGN_SMTP);
    else if (w.n == 1 && *w.p == '.')
        find(f, REMARK_DOT_OUTSIDE);
    else if (w.n <= 8 && w.p[w.n - 1] >= '0' && w.p[w.n - 1] <= '9' && one_of(second, imap))
        find(f, REMARK_FOREIGN_IMAP);
    else if (w.n > 1 && w.p[w.n - 1] == ':')
        find(f, REMARK_HEADER_OUTSIDE);
    else
        find(f, REMARK_UNKNOWN);
}

/* One slip away from a verb: a letter too many, missing, wrong, or two swapped. */
static bool nearly(const char *name, struct text w)
{
    size_t m = strlen(name), a = 0, b = 0;
    while (a < m && a < w.n && know_same(name + a, 1, (char[]){w.p[a], 0}))
        a++;
    while (b < m - a && b < w.n - a &&
           know_same(name + m - 1 - b, 1, (char[]){w.p[w.n - 1 - b], 0}))
        b++;
    size_t dm = m - a - b, dw = w.n - a - b;
    if (dm <= 1 && dw <= 1)
        return true;
    return dm == 2 && dw == 2 && know_same(name + a, 1, (char[]){w.p[a + 1], 0}) &&
           know_same(name + a + 1, 1, (char[]){w.p[a], 0});
}

static const char *meant(const struct moment *m, struct text line)
{
    struct text w = word_of(skip_blanks(line));
    if (!m->proto || w.n < 3 || w.n > 12)
        return NULL;
    for (size_t i = 0; i < m->proto->nverbs; i++)
        if (!(m->proto->verbs[i].flags & VERB_HIDDEN) && nearly(m->proto->verbs[i].name, w))
            return m->proto->verbs[i].name;
    return NULL;
}

static void look(const struct moment *m, unsigned notes, struct text line, struct text arg,
                 struct found *f)
{
    const struct verb *v = m->command.verb;
    bool pop3 = know_is_pop3(m);
    if (!v) {
        unknown(m, line, f);
        return;
    }
    if (v->flags & VERB_ANSWER) {
        if (m->command.name[0] == '*' && m->command.secret_len == 0)
            find(f, REMARK_CANCEL);
        else
            login(m, f);
        return;
    }
    if (v->flags & VERB_END) {
        find(f, REMARK_BLANK_LINE);
        return;
    }
    arguments(v, arg, f);
    if (line.n > 0 && blank(*line.p))
        find(f, REMARK_LEADING_BLANK);
    if (line.n > 0 && blank(line.p[line.n - 1]) && !(notes & NOTE_MASKED))
        find(f, strcmp(v->name, "PASS") == 0 ? REMARK_PASS_BLANK : REMARK_TRAILING_BLANK);
    struct text w = word_of(skip_blanks(line));
    for (size_t i = 0; i < w.n && i < 8; i++)
        if (w.p[i] >= 'a' && w.p[i] <= 'z')
            find(f, pop3 ? REMARK_LOWER_CASE_POP3 : REMARK_LOWER_CASE);
    if (strcmp(v->name, "EHLO") == 0 || strcmp(v->name, "HELO") == 0 ||
        strcmp(v->name, "LHLO") == 0)
        greeting(v->name, arg, f);
    if (v->flags & (VERB_AUTH | VERB_SECRET))
        login(m, f);
    if (strcmp(v->name, "RCPT") == 0 && m->before.rcpts > 0)
        find(f, REMARK_RCPT_AGAIN);
    if (strcmp(v->name, "STARTTLS") == 0 && strcmp(know_proto(m), "submission") == 0)
        find(f, REMARK_PORT_587);
    if (strcmp(v->name, "BDAT") == 0)
        find(f, REMARK_CHUNK_COUNT);
    if (strcmp(v->name, "DELE") == 0)
        find(f, REMARK_DELE_LATER);
    if (strcmp(v->name, "QUIT") == 0 && pop3 && m->before.state == POP3_STATE(DROP))
        find(f, REMARK_QUIT_DELETES);
    if (!pop3 &&
        (strcmp(v->name, "QUIT") == 0 || strcmp(v->name, "EHLO") == 0 ||
         strcmp(v->name, "HELO") == 0) &&
        (m->before.state == SMTP_MAIL || m->before.state == SMTP_RCPT ||
         m->before.state == SMTP_CHUNKS))
        find(f, REMARK_OPEN_LETTER);
    if (!pop3 && v->needs && !m->before.extended && m->before.state != SMTP_BANNER &&
        m->before.state != SMTP_HELLO)
        find(f, REMARK_NOT_EHLO);
}

/* The gutter of the heaviest finding, or NULL; the sentences, heaviest first, into the pen. */
static const struct know_remark *tell(struct found f, struct pen *p)
{
    const struct know_remark *heaviest = NULL;
    while (f.bits) {
        size_t best = REMARKS;
        for (size_t i = 0; i < REMARKS; i++)
            if ((f.bits >> i & 1) && (best == REMARKS || remarks[i].weight > remarks[best].weight))
                best = i;
        f.bits &= ~(UINT64_C(1) << best);
        pen_sentence(p, remarks[best].text);
        if (!heaviest)
            heaviest = &remarks[best];
    }
    return heaviest;
}

static const char *purpose_of(bool pop3, const char *verb)
{
    for (size_t i = 0; i < COUNT(purposes); i++)
        if ((purposes[i].proto[0] == 'p') == pop3 && strcmp(purposes[i].verb, verb) == 0)
            return purposes[i].gutter;
    return "";
}

static void title(const struct moment *m, struct pen *p)
{
    const struct verb *v = m->command.verb;
    if (!v) {
        pen_foreign(p, m->command.name, strlen(m->command.name), sizeof m->command.name);
        pen_str(p, m->command.name[0] ? ": no verb of " : "no verb of ");
        pen_str(p, m->proto ? m->proto->title : "this protocol");
        return;
    }
    const char *purpose = purpose_of(know_is_pop3(m), v->name);
    bool pseudo = v->flags & (VERB_END | VERB_ANSWER);
    if (!pseudo)
        pen_str(p, v->name);
    if (!pseudo && *purpose)
        pen_str(p, ": ");
    pen_str(p, purpose);
}

void explain_client(const struct moment *m, unsigned notes, const char *line, size_t n,
                    struct pen *p, struct explanation *out)
{
    const struct verb *v = m->command.verb;
    const struct know_seq *seq = know_sequence(m);
    struct text all = {line ? line : "", n}, arg, rest = {"", 0};
    struct found f = {0};
    bool envelope =
        v && (strcmp(v->name, "MAIL") == 0 || strcmp(v->name, "RCPT") == 0) && !know_is_pop3(m);

    arg = skip_blanks(all);
    arg = skip_blanks(after(arg, word_of(arg).n));
    while (arg.n > 0 && blank(arg.p[arg.n - 1]))
        arg.n--;
    look(m, notes, all, arg, &f);
    if (envelope)
        rest = path(m, v->name, arg, &f);
    if (seq)
        find(&f, REMARK_ILLEGAL);

    title(m, p);
    out->title = pen_take(p);

    pen_sentence(p, v ? v->purpose : "A line that is passed on as it is.");
    if (seq)
        pen_sentence(p, seq->why);
    const char *near = v ? NULL : meant(m, all);
    if (near) {
        pen_sentence(p, "Did you mean ");
        pen_str(p, near);
        pen_str(p, "?");
    }
    const struct know_mechanism *s =
        m->command.mechanism[0] ? know_mechanism(m->command.mechanism, strlen(m->command.mechanism))
                                : NULL;
    if (s) {
        pen_sentence(p, s->name);
        pen_str(p, ": ");
        pen_str(p, s->means);
        pen_str(p, ".");
    }
    if (v && (v->flags & (VERB_AUTH | VERB_ANSWER)))
        proof(m, p);
    out->what = pen_take(p);
    if (seq && v->illegal) {
        pen_str(p, "it will probably get ");
        pen_str(p, v->illegal);
        pen_str(p, "; ");
        pen_str(p, seq->first);
    } else if (v) {
        pen_str(p, "expect ");
        pen_str(p, v->expect);
    } else {
        pen_str(p, m->proto && m->proto->caps_verb ? m->proto->caps_verb : "HELP");
        pen_str(p, " tells what the server can do");
    }
    out->next = pen_take(p);
    pen_str(p, v ? v->ref : know_is_pop3(m) ? "RFC 1939 3" : "RFC 5321 4.2.4");
    if (s) {
        pen_str(p, "; ");
        pen_str(p, s->ref);
    }
    out->ref = pen_take(p);

    const struct know_remark *top = tell(f, p); /* the extra sentences */
    if (envelope)
        explain_params(v->name, rest, p);
    out->gutter = top && top->weight >= 20 && *top->gutter ? top->gutter
                  : v                                      ? purpose_of(know_is_pop3(m), v->name)
                                                           : "not a verb of this protocol";
}

const struct know_purpose *know_purposes(size_t *n)
{
    *n = COUNT(purposes);
    return purposes;
}

const struct know_remark *know_remarks(size_t *n)
{
    *n = COUNT(remarks);
    return remarks;
}

const struct know_param *know_params(size_t *n)
{
    *n = COUNT(params);
    return params;
}
