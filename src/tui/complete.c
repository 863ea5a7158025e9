/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Completion by the form in the verb's row: "MAIL FROM:<address> [SIZE=octets]" says where an
 * address and where a parameter goes, so that a new verb needs no line here. Which capability a
 * parameter belongs to stands in params.def. */
#include "tui/complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *param, *capability, *ref;
} params[] = {
#define PARAM(param, capability, ref) {param, capability, ref},
#include "tui/params.def"
#undef PARAM
};

#define VERBS_MAX 64

struct list {
    struct completion *out;
    size_t n, max;
};

static bool begins(const char *text, const char *part, size_t n)
{
    return strlen(text) >= n && strncasecmp(text, part, n) == 0;
}

static void offer(struct list *l, size_t start, const char *text, size_t n, const char *tail)
{
    if (l->n >= l->max || n + strlen(tail) >= sizeof l->out[0].text)
        return;
    struct completion *k = &l->out[l->n];
    k->start = start;
    snprintf(k->text, sizeof k->text, "%.*s%s", (int)n, text, tail);
    for (size_t i = 0; i < l->n; i++)
        if (l->out[i].start == start && strcasecmp(l->out[i].text, k->text) == 0)
            return;
    l->n++;
}

static bool offered(const struct complete_context *c, const char *needs)
{
    return !needs || (c->caps && caps_find(c->caps, needs));
}

/* A rare verb is offered where the server lists what it needs. */
static bool hidden(const struct complete_context *c, const struct verb *v)
{
    return (v->flags & VERB_HIDDEN) && !(v->needs && c->caps && offered(c, v->needs));
}

/* How far down a verb stands in the list. The driver lists its states in the order of a talk, so
 * the state in which a verb first becomes legal tells where it belongs: what belongs here comes
 * first, then what comes next (out of order yet), then what belonged before. */
#define RANK_NOT_OFFERED 200

static int rank(const struct complete_context *c, const struct verb *v)
{
    int r = 0, first = 0, here = c->where->state;
    while (first < 31 && !(v->legal & (1u << first)))
        first++;
    size_t len = strlen(v->insert);
    if (first <= here)
        r += 4 * (here - first);
    else
        r += 4 * (first - here) - 3;
    if (first < here && len && v->insert[len - 1] == ' ')
        r += 8; /* HELO, VRFY: seldom wanted once the talk has gone on */
    if (v->flags & VERB_QUIT)
        r = 6;
    if (strcmp(v->name, c->proto->caps_verb) == 0 && c->where->extended)
        r += 20;
    if (!proto_legal(v, c->where))
        r += first > here ? 3 : 60;
    if (!offered(c, v->needs))
        r += c->caps ? RANK_NOT_OFFERED : 0; /* before EHLO or CAPA nobody knows */
    if (hidden(c, v))
        r += RANK_NOT_OFFERED;
    return r;
}

/* The verbs in the order of their ranks, at most VERBS_MAX; returns how many. */
static size_t ranked(const struct complete_context *c, const struct verb **out)
{
    int ranks[VERBS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < c->proto->nverbs && n < VERBS_MAX; i++) {
        const struct verb *v = &c->proto->verbs[i];
        if (v->name[0] == '(')
            continue;
        int r = rank(c, v);
        size_t at = n++;
        while (at > 0 && ranks[at - 1] > r) {
            ranks[at] = ranks[at - 1];
            out[at] = out[at - 1];
            at--;
        }
        ranks[at] = r;
        out[at] = v;
    }
    return n;
}

/* Legal ones first; those out of order only where something was typed. */
static void offer_verbs(const struct complete_context *c, struct list *l, const char *part,
                        size_t n, bool whole_insert, size_t start)
{
    const struct verb *order[VERBS_MAX];
    size_t nv = ranked(c, order);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < nv; i++) {
            const struct verb *v = order[i];
            if (proto_legal(v, c->where) != (pass == 0) || !begins(v->name, part, n))
                continue;
            if (n == 0 && whole_insert &&
                (pass > 0 || hidden(c, v) || (c->caps && !offered(c, v->needs))))
                continue;
            const char *text = whole_insert ? v->insert : v->name;
            /* A greeting has one sensible argument: one Tab gives it whole. */
            const char *host =
                whole_insert && c->host && strstr(v->form, "your-host-name") ? c->host : "";
            offer(l, start, text, strlen(text), host);
        }
}

/* The k-th word of a form after the verb (0 first); brackets may hold blanks nowhere. */
static bool form_word(const char *form, size_t k, const char **p, size_t *n)
{
    for (size_t i = 0; *form; i++) {
        *n = strcspn(form, " ");
        *p = form;
        if (i == k + 1)
            return true;
        form += *n;
        form += strspn(form, " ");
    }
    return false;
}

/* Is the word `what` in the form's word, leaving brackets aside? */
static bool is_word(const char *p, size_t n, const char *what)
{
    while (n && (*p == '[' || *p == '<')) {
        p++;
        n--;
    }
    size_t m = strlen(what);
    return n >= m && memcmp(p, what, m) == 0 && (n == m || !isalpha((unsigned char)p[m]));
}

static void offer_mechanisms(const struct complete_context *c, struct list *l, const char *part,
                             size_t n, size_t start)
{
    static const char *const cap[] = {"AUTH", "SASL"};
    for (size_t i = 0; c->caps && i < 2; i++) {
        const struct cap *k = caps_find(c->caps, cap[i]);
        for (const char *p = k ? k->params : ""; *p;) {
            size_t m = strcspn(p, " ");
            if (m >= n && strncasecmp(p, part, n) == 0)
                offer(l, start, p, m, "");
            p += m;
            p += strspn(p, " ");
        }
    }
}

static void offer_addresses(const struct complete_context *c, struct list *l, bool from,
                            const char *part, size_t n, size_t start)
{
    if (from && c->own && *c->own && begins(c->own, part, n))
        offer(l, start, c->own, strlen(c->own), ">");
    /* First those that stood at this verb before, last those that the server has just refused. */
    unsigned here = from ? ADDRESS_FROM : ADDRESS_TO;
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < c->naddresses; i++) {
            unsigned kind = c->kinds ? c->kinds[i] : here;
            int due = !from && (kind & ADDRESS_REFUSED) ? 2 : kind & here ? 0 : 1;
            if (due == pass && begins(c->addresses[i], part, n))
                offer(l, start, c->addresses[i], strlen(c->addresses[i]), ">");
        }
}

static void offer_names(const struct complete_context *c, struct list *l, const char *part,
                        size_t n, size_t start)
{
    for (size_t i = 0; i < c->naddresses; i++)
        if (begins(c->addresses[i], part, n))
            offer(l, start, c->addresses[i], strcspn(c->addresses[i], "@"), "");
}

static const char *param_capability(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        if (strlen(params[i].param) == n && strncasecmp(params[i].param, p, n) == 0)
            return params[i].capability;
    return NULL;
}

/* "[BODY=7BIT|8BITMIME]" against the typed "BODY=8": a parameter, or a value of it. */
static void offer_param(const struct complete_context *c, struct list *l, const char *w, size_t wn,
                        const char *line, const char *part, size_t n, size_t start)
{
    if (wn < 2 || w[0] != '[')
        return;
    w++;
    wn -= 2;
    const char *eq = memchr(w, '=', wn);
    size_t name = eq ? (size_t)(eq - w) : wn;
    for (size_t i = 0; i < name; i++)
        if (!isupper((unsigned char)w[i]) && !isdigit((unsigned char)w[i]))
            return;
    const char *cap = param_capability(w, name);
    if (cap && c->caps && !caps_find(c->caps, cap))
        return;
    const char *typed = memchr(part, '=', n);
    if (!typed) {
        char key[40];
        snprintf(key, sizeof key, " %.*s", (int)name, w);
        if (strcasestr(line, key) && !begins(w, part, n ? n : 1))
            return; /* said already */
        if (n <= name && strncasecmp(w, part, n) == 0)
            offer(l, start, w, eq ? name + 1 : name, "");
        return;
    }
    size_t value = (size_t)(typed - part) + 1;
    if (!eq || value != name + 1 || strncasecmp(w, part, value) != 0)
        return;
    for (const char *v = eq + 1, *end = w + wn; v < end;) {
        size_t m = strcspn(v, "|],");
        if ((size_t)(end - v) < m)
            m = (size_t)(end - v);
        if (isupper((unsigned char)v[0]) || isdigit((unsigned char)v[0]))
            if (m >= n - value && strncasecmp(v, part + value, n - value) == 0)
                offer(l, start + value, v, m, "");
        v += m + 1;
    }
}

size_t complete_find(const struct complete_context *c, const char *line, size_t n,
                     struct completion *out, size_t max)
{
    struct list l = {out, 0, max};
    if (!c->proto || !c->where || n > 1000 || memchr(line, '\0', n))
        return 0;
    const char *blank = memchr(line, ' ', n);
    if (!blank) {
        offer_verbs(c, &l, line, n, true, 0);
        return l.n;
    }
    const struct verb *v = proto_verb(c->proto, line, (size_t)(blank - line));
    if (!v || v->name[0] == '(')
        return 0;
    if (n < strlen(v->insert) && begins(v->insert, line, n)) {
        offer(&l, 0, v->insert, strlen(v->insert), "");
        return l.n;
    }
    size_t start = n, words = 0;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    for (size_t i = (size_t)(blank - line); i < start; i++)
        if (line[i] == ' ' && (i + 1 >= n || line[i + 1] != ' '))
            words++;
    const char *part = line + start;
    size_t pn = n - start;
    char copy[1001];
    memcpy(copy, line, n);
    copy[n] = '\0';

    const char *open = memchr(part, '<', pn);
    if (open) {
        if (!memchr(open, '>', pn - (size_t)(open - part)) && strstr(v->form, "<address>")) {
            size_t at = (size_t)(open + 1 - line);
            offer_addresses(c, &l, strstr(v->form, "FROM:<") != NULL, line + at, n - at, at);
        }
        return l.n;
    }
    const char *w;
    size_t wn;
    if (words && form_word(v->form, words - 1, &w, &wn)) {
        if (is_word(w, wn, "mechanism"))
            offer_mechanisms(c, &l, part, pn, start);
        else if (is_word(w, wn, "your-host-name") && c->host && begins(c->host, part, pn))
            offer(&l, start, c->host, strlen(c->host), "");
        else if (is_word(w, wn, "number")) {
            char num[16];
            for (unsigned i = 1; i <= (c->messages ? c->messages : 1) && i <= 20; i++) {
                snprintf(num, sizeof num, "%u", i);
                if (begins(num, part, pn))
                    offer(&l, start, num, strlen(num), "");
            }
        } else if (is_word(w, wn, "name") || is_word(w, wn, "name-or-address"))
            offer_names(c, &l, part, pn, start);
        else if (is_word(w, wn, "verb"))
            offer_verbs(c, &l, part, pn, false, start);
    }
    if (words >= (strchr(v->insert, '<') ? 2u : 1u))
        for (size_t k = 0; form_word(v->form, k, &w, &wn); k++)
            offer_param(c, &l, w, wn, copy, part, pn, start);
    return l.n;
}

const char *complete_ghost(const struct completion *k, const char *line, size_t n)
{
    size_t typed = n - k->start;
    if (k->start > n || strlen(k->text) < typed ||
        strncasecmp(k->text, line + k->start, typed) != 0)
        return "";
    return k->text + typed;
}

/* -- the words around the line --------------------------------------------------------------------
 */

size_t hint_legal(const struct complete_context *c, int width, char *out, size_t size)
{
    size_t len = 0;
    if (size)
        out[0] = '\0';
    if (!c->proto || !c->where)
        return 0;
    const struct verb *order[VERBS_MAX];
    size_t nv = ranked(c, order);
    for (size_t i = 0; i < nv; i++) {
        const struct verb *v = order[i];
        char word[48];
        if (hidden(c, v) || (c->caps && !offered(c, v->needs)))
            continue;
        if (proto_legal(v, c->where))
            snprintf(word, sizeof word, "%s", v->name);
        else
            snprintf(word, sizeof word, "%s(%s)", v->name, v->illegal);
        size_t m = strlen(word), gap = len ? 2 : 0;
        if ((int)(len + gap + m) > width || len + gap + m + 1 > size)
            continue;
        len += (size_t)snprintf(out + len, size - len, "%s%s", gap ? "  " : "", word);
    }
    return len;
}

size_t hint_line(const struct complete_context *c, const char *line, size_t n, char *out,
                 size_t size)
{
    int len = 0;
    out[0] = '\0';
    if (!c->proto || !c->where)
        return 0;
    if (n == 0) {
        if (c->where->state < c->proto->nstates)
            len = snprintf(out, size, "%s", c->proto->states[c->where->state].means);
        return len > 0 ? strlen(out) : 0;
    }
    const struct verb *answer = proto_pseudo(c->proto, VERB_ANSWER);
    if (answer && proto_legal(answer, c->where)) {
        snprintf(out, size, "form: %s  %s", answer->form, answer->purpose);
        return strlen(out);
    }
    size_t m = 0;
    while (m < n && line[m] != ' ')
        m++;
    const struct verb *v = proto_verb(c->proto, line, m);
    if (!v || v->name[0] == '(') {
        const struct verb *maybe = NULL;
        for (size_t i = 0; m == n && i < c->proto->nverbs && !maybe; i++)
            if (c->proto->verbs[i].name[0] != '(' && begins(c->proto->verbs[i].name, line, n))
                maybe = &c->proto->verbs[i];
        if (maybe)
            v = maybe;
        else {
            const struct proto *other = proto_elsewhere(c->proto, line, m);
            if (other)
                snprintf(out, size, "a verb of %s; this is %s. It is sent as it is typed",
                         other->title, c->proto->title);
            else
                snprintf(out, size, "no verb of %s that is known here; it is sent as it is typed",
                         c->proto->title);
            return strlen(out);
        }
    }
    char warn[200] = "";
    if (!proto_legal(v, c->where))
        snprintf(warn, sizeof warn, "out of order now, %s is likely.  ", v->illegal);
    else if (c->caps && !offered(c, v->needs))
        snprintf(warn, sizeof warn, "needs %s, which is not offered.  ", v->needs);
    snprintf(out, size, "%sform: %s  %s", warn, v->form, v->purpose);
    return strlen(out);
}

size_t hint_fit(char *hint, size_t n, int width)
{
    char *form = strstr(hint, "form: "), *first = form ? strstr(form, " [") : NULL, *last = NULL;
    if (n <= (size_t)width || !first)
        return n;
    /* Two blanks end the form. */
    char *end = strstr(form, "  ");
    for (char *p = first; *p && p != end; p++)
        if (*p == ']')
            last = p;
    if (!last || last - first < 6)
        return n;
    memcpy(first, " [...", 5);
    memmove(first + 5, last, strlen(last) + 1);
    return strlen(hint);
}
