/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of codes, POP3 replies and the look-up: the most
 * specific row wins, wherever it stands. Indexes are built at the first question. What the rows
 * make of a moment is explain*.c. RFC 5321 4.2, RFC 3463, RFC 1939. */
#include "know/rows.h"

#include <string.h>

#define CLASS(proto, cls, ...) {proto, 0, cls, __VA_ARGS__},
#define CODE(proto, code, ...) {proto, code, 0, __VA_ARGS__},
static const struct know_code codes[] = {
#include "know/codes.def"
};

#define ENHANCED(classes, subject, detail, ...)                                                    \
    {classes, subject, detail, detail, __VA_ARGS__, false},
#define ENHANCED_VAGUE(classes, subject, detail, ...)                                              \
    {classes, subject, detail, detail, __VA_ARGS__, true},
#define ENHANCED_RANGE(classes, subject, first, last, ...)                                         \
    {classes, subject, first, last, __VA_ARGS__, false},
static const struct know_enhanced enhanced[] = {
#include "know/enhanced.def"
};

#define STATUS(...) {__VA_ARGS__},
#define RESPCODE(...)
static const struct know_status statuses[] = {
#include "know/pop3.def"
};
#undef STATUS
#undef RESPCODE
#define STATUS(...)
#define RESPCODE(...) {__VA_ARGS__},
static const struct know_respcode respcodes[] = {
#include "know/pop3.def"
};

/* ---- chains: a small hash of row numbers, one step a row with that hash ---- */

enum { BUCKETS = 1024, NONE = 0xffff };
struct chain {
    uint16_t head[BUCKETS];
    uint16_t next[COUNT(enhanced) + 512]; /* entries: a range has one for each detail */
    uint16_t row[COUNT(enhanced) + 512];
    unsigned n;
};
static struct chain by_code, by_enhanced, by_status;
static bool indexed;

_Static_assert(COUNT(codes) <= COUNT(enhanced) + 512,
               "the chains' entries are enough for the codes");
_Static_assert(COUNT(statuses) <= COUNT(enhanced) + 512, "and for the statuses");

static void put(struct chain *c, unsigned hash, size_t row)
{
    unsigned k = hash % BUCKETS;
    if (c->n >= COUNT(c->row))
        return; /* a table test finds rows that cannot be reached */
    c->row[c->n] = (uint16_t)row;
    c->next[c->n] = c->head[k];
    c->head[k] = (uint16_t)c->n++;
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

static unsigned hash_word(const char *s, size_t n)
{
    unsigned h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)upper(s[i])) * 16777619u;
    return h;
}

static unsigned hash_code(int code, char cls)
{
    return code ? (unsigned)code : 1000u + (unsigned char)cls;
}

static unsigned hash_enhanced(int subject, int detail)
{
    return (unsigned)subject * 131u + (unsigned)(detail + 1);
}

static void build(void)
{
    memset(by_code.head, 0xff, sizeof by_code.head);
    memset(by_enhanced.head, 0xff, sizeof by_enhanced.head);
    memset(by_status.head, 0xff, sizeof by_status.head);
    for (size_t i = 0; i < COUNT(codes); i++)
        put(&by_code, hash_code(codes[i].code, codes[i].cls), i);
    for (size_t i = 0; i < COUNT(enhanced); i++)
        for (int d = enhanced[i].detail; d <= enhanced[i].last; d++)
            put(&by_enhanced, hash_enhanced(enhanced[i].subject, d), i);
    for (size_t i = 0; i < COUNT(statuses); i++)
        put(&by_status, hash_word(statuses[i].verb, strlen(statuses[i].verb)), i);
    indexed = true;
}

bool know_same(const char *a, size_t n, const char *b)
{
    size_t i = 0;
    for (; i < n && b[i]; i++)
        if (upper(a[i]) != upper(b[i]))
            return false;
    return i == n && !b[i];
}

bool know_starts(const char *line, size_t n, const char *with)
{
    size_t k = strlen(with);
    return k <= n && know_same(line, k, with);
}

/* ---- verbs ---- */

/* Whose rows speak for a verb that has none of its own; at most two steps. */
static const char *related(const char *verb)
{
    static const struct {
        const char *verb, *to;
    } rows[] = {
        {"HELO", "EHLO"}, {"LHLO", "EHLO"}, {"(challenge)", "AUTH"}, {"BDAT", "(end of letter)"},
        {"BURL", "BDAT"}, {"SEND", "MAIL"}, {"SOML", "MAIL"},        {"SAML", "MAIL"},
        {"EXPN", "VRFY"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(verb, rows[i].verb) == 0)
            return rows[i].to;
    return NULL;
}

/* How well a row's verb fits: 0 exactly, 1 and 2 by relation, 3 any, 4 not at all. */
struct verbs {
    const char *v[3];
};

static struct verbs verbs_of(const char *verb)
{
    struct verbs vs = {{verb ? verb : "*", NULL, NULL}};
    vs.v[1] = related(vs.v[0]);
    if (vs.v[1])
        vs.v[2] = related(vs.v[1]);
    return vs;
}

static unsigned verb_rank(const struct verbs *vs, const char *row)
{
    if (row[0] == '*' && !row[1])
        return 3;
    for (unsigned i = 0; i < 3 && vs->v[i]; i++)
        if (strcmp(vs->v[i], row) == 0)
            return i;
    return 4;
}

/* ---- look-ups ---- */

static const struct know_code *best_code(const char *proto, int code, char cls,
                                         const struct verbs *vs)
{
    const struct know_code *best = NULL;
    unsigned rank = ~0u;
    for (unsigned e = by_code.head[hash_code(code, cls) % BUCKETS]; e != NONE;
         e = by_code.next[e]) {
        const struct know_code *r = &codes[by_code.row[e]];
        if (r->code != code || r->cls != cls)
            continue;
        unsigned v = verb_rank(vs, r->verb);
        bool own = strcmp(r->proto, proto) == 0;
        if (v > 3 || (!own && strcmp(r->proto, "smtp") != 0))
            continue;
        unsigned mine = v * 2 + !own;
        if (mine < rank) {
            rank = mine;
            best = r;
        }
    }
    return best;
}

const struct know_code *know_code(const char *proto, int code, const char *verb)
{
    struct verbs vs = verbs_of(verb);
    if (!indexed)
        build();
    if (code < 200 || code > 599)
        return NULL;
    const struct know_code *r = best_code(proto, code, 0, &vs);
    return r ? r : best_code(proto, 0, (char)('0' + code / 100), &vs);
}

static const struct know_enhanced *best_enhanced(int cls, int subject, int detail,
                                                 const struct verbs *vs, bool *fits)
{
    const struct know_enhanced *best = NULL;
    unsigned rank = ~0u;
    for (unsigned e = by_enhanced.head[hash_enhanced(subject, detail) % BUCKETS]; e != NONE;
         e = by_enhanced.next[e]) {
        const struct know_enhanced *r = &enhanced[by_enhanced.row[e]];
        if (r->subject != subject || detail < r->detail || detail > r->last)
            continue;
        unsigned v = verb_rank(vs, r->verb);
        if (v > 3)
            continue;
        bool other = !strchr(r->classes, '0' + cls);
        unsigned mine = other * 8u + v * 2 + (r->detail != r->last);
        if (mine < rank) {
            rank = mine;
            best = r;
            *fits = !other;
        }
    }
    return best;
}

const struct know_enhanced *know_enhanced_at(int cls, int subject, int detail, const char *verb)
{
    struct verbs vs = verbs_of(verb);
    bool fits = false;
    if (!indexed)
        build();
    if (cls < 0 || cls > 9 || subject < 0 || subject > 999 || detail < -1 || detail > 999)
        return NULL;
    const struct know_enhanced *r = best_enhanced(cls, subject, detail, &vs, &fits);
    if (r && (fits || cls != 2))
        return r;
    /* A detail that is known as a failure only says nothing about a success. */
    return best_enhanced(cls, subject, -1, &vs, &fits);
}

const struct know_enhanced *know_enhanced_code(int cls, int subject, int detail)
{
    return know_enhanced_at(cls, subject, detail, "*");
}

static const struct know_status *find_status(const char *status, const char *verb,
                                             const char *variant)
{
    for (unsigned e = by_status.head[hash_word(verb, strlen(verb)) % BUCKETS]; e != NONE;
         e = by_status.next[e]) {
        const struct know_status *r = &statuses[by_status.row[e]];
        if (strcmp(r->status, status) == 0 && strcmp(r->verb, verb) == 0 &&
            strcmp(r->variant, variant) == 0)
            return r;
    }
    return NULL;
}

const struct know_status *know_status(const char *status, const char *verb, const char *variant)
{
    const struct know_status *r = NULL;
    if (!indexed)
        build();
    if (variant && strcmp(variant, "*") != 0) {
        r = find_status(status, verb, variant);
        if (!r && strcmp(variant, "order") == 0)
            r = find_status(status, "*", variant);
    }
    if (!r)
        r = find_status(status, verb, "*");
    return r ? r : find_status(status, "*", "*");
}

const struct know_respcode *know_respcode(const char *code, const char *verb)
{
    const struct know_respcode *best = NULL;
    size_t depth = 0;
    for (size_t i = 0; i < COUNT(respcodes); i++) {
        const struct know_respcode *r = &respcodes[i];
        size_t n = strlen(r->code);
        if (strncmp(r->code, code, n) != 0 || (code[n] != '\0' && code[n] != '/'))
            continue;
        bool any = strcmp(r->verb, "*") == 0;
        if (!any && (!verb || strcmp(r->verb, verb) != 0))
            continue;
        size_t mine = n * 2 + !any;
        if (mine > depth) {
            depth = mine;
            best = r;
        }
    }
    return best;
}

/* ---- the rows themselves ---- */

const struct know_code *know_codes(size_t *n)
{
    *n = COUNT(codes);
    return codes;
}

const struct know_enhanced *know_enhanced(size_t *n)
{
    *n = COUNT(enhanced);
    return enhanced;
}

const struct know_status *know_statuses(size_t *n)
{
    *n = COUNT(statuses);
    return statuses;
}

const struct know_respcode *know_respcodes(size_t *n)
{
    *n = COUNT(respcodes);
    return respcodes;
}
