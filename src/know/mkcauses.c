/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tool of the build: reads the rows of src/know/causes and makes what cause_match.c needs to find
 * them; mkcauses_put.c writes it. A mistake in a row ends the build with its file and line. The
 * order of the rows changes nothing. */
#include "know/mkcauses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *file;
    int line;
} places[] = {
#define ROW(...) {__FILE__, __LINE__},
#define TOLD(...) {__FILE__, __LINE__},
#include "know/causes/all.h"
#undef ROW
#undef TOLD
};
enum { ROWS = sizeof places / sizeof *places };

struct making m;

static const struct cause_row *rows;
static size_t nrows, now; /* the row that is being read */
static unsigned faults;

void fault(const char *what, const char *where)
{
    if (faults++ >= 20)
        return;
    if (now < ROWS)
        fprintf(stderr, "%s:%d: ", places[now].file, places[now].line);
    fprintf(stderr, "%s: %.60s\n", what, where);
}

static uint16_t use_push(uint16_t value, uint16_t next)
{
    if (m.nuses + 1 >= USES_MAX) {
        fault("too many literals: raise USES_MAX", "");
        return next;
    }
    m.uses[++m.nuses] = (struct use){value, next};
    return (uint16_t)m.nuses;
}

/* -- patterns
 * -------------------------------------------------------------------------------------- */

static const char *trimmed(const char *s, const char **e)
{
    while (s < *e && *s == ' ')
        s++;
    while (*e > s && (*e)[-1] == ' ')
        (*e)--;
    return s;
}

static bool atom_is(const struct atom *a, const char *text, size_t len, int prev, int last)
{
    return prev < 0 ? a->prev < 0 && a->len == len && !memcmp(a->text, text, len)
                    : a->prev == prev && a->last == last;
}

static int atom_find(const char *text, size_t len, int prev, int last)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; prev < 0 && i < len; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    if (prev >= 0)
        h = ((uint32_t)prev * 40503u + (uint32_t)last) * 2654435761u >> 8;
    for (h %= HASH; m.atom_hash[h]; h = (h + 1) % HASH)
        if (atom_is(&m.atoms[m.atom_hash[h] - 1], text, len, prev, last))
            return m.atom_hash[h] - 1;
    if (m.natoms == CAUSE_ATOMS_MAX) {
        fault("too many groups: raise CAUSE_ATOMS_MAX", text ? text : "");
        return 0;
    }
    m.atoms[m.natoms] = (struct atom){text, (uint16_t)len, (int16_t)prev, (int16_t)last, 0, now};
    m.atom_hash[h] = (uint16_t)(m.natoms + 1);
    return (int)m.natoms++;
}

static const char *words_named(const char *name, const char *e)
{
    const char *literals = cause_words(name, (size_t)(e - name));
    if (!literals)
        fault("no such words", name);
    return literals;
}

static int parse_group(const char *s, const char *e);

/* "a .. b" among a group's literals: a sequence that counts as the group. */
static int parse_dotted(const char *s, const char *e)
{
    int prev = -1;
    for (const char *dots; s < e; s = dots ? dots + 2 : e) {
        dots = memmem(s, (size_t)(e - s), "..", 2);
        int one = parse_group(s, dots ? dots : e);
        prev = prev < 0 ? one : atom_find(NULL, 0, prev, one);
    }
    return prev;
}

static int parse_group(const char *s, const char *e)
{
    s = trimmed(s, &e);
    if (s == e)
        fault("empty group", s);
    else if (*s == '$' && !memchr(s, '|', (size_t)(e - s))) {
        s = words_named(s + 1, e);
        e = s + strlen(s);
    }
    size_t before = m.natoms;
    int group = atom_find(s, (size_t)(e - s), -1, -1);
    if (m.natoms == before)
        return group;
    while (s < e) { /* what is no literal of its own */
        const char *bar = memchr(s, '|', (size_t)(e - s));
        const char *le = bar ? bar : e;
        const char *ls = trimmed(s, &le);
        int part = -1;
        if (memmem(ls, (size_t)(le - ls), "..", 2))
            part = parse_dotted(ls, le);
        else if (ls < le && *ls == '$')
            part = parse_group(ls, le);
        if (part >= 0)
            m.feed_of[part] = use_push((uint16_t)group, m.feed_of[part]);
        s = bar ? bar + 1 : e;
    }
    return group;
}

static int parse_part(const char *s, const char *e)
{
    int prev = -1;
    while (s < e) {
        const char *tilde = memchr(s, '~', (size_t)(e - s));
        int group = parse_group(s, tilde ? tilde : e);
        prev = prev < 0 ? group : atom_find(NULL, 0, prev, group);
        s = tilde ? tilde + 1 : e;
    }
    if (prev < 0)
        fault("empty part", s);
    return prev < 0 ? 0 : prev;
}

static void parse_match(const char *s, struct making_row *c)
{
    const char *end = s + strlen(s);
    while (s < end) {
        const char *amp = memchr(s, '&', (size_t)(end - s));
        const char *pe = amp ? amp : end;
        const char *ps = trimmed(s, &pe);
        bool no = ps < pe && *ps == '!';
        int atom = parse_part(ps + no, pe);
        if ((no ? c->nno : c->nyes) == CAUSE_PARTS_MAX)
            fault("too many parts", s);
        else if (no)
            c->no[c->nno++] = (uint16_t)atom;
        else {
            c->yes[c->nyes++] = (uint16_t)atom;
            m.atoms[atom].rows++;
        }
        s = amp ? amp + 1 : end;
    }
}

static void parse_when(const char *s, struct cause_when *w)
{
    while (*s) {
        while (*s == ' ')
            s++;
        size_t n = strcspn(s, " ");
        if (!n)
            break;
        unsigned a, b, c, d;
        char cls;
        if (*s == '@') {
            enum cause_stage st = cause_stage_by_name(s + 1, n - 1);
            if (st == CAUSE_AT_UNKNOWN && strncmp(s, "@unknown", n))
                fault("unknown stage", s);
            w->stages |= (uint8_t)(1u << st);
        } else if (n == 4 && !memcmp(s, "smtp", 4))
            w->proto = 's';
        else if (n == 4 && !memcmp(s, "pop3", 4))
            w->proto = 'p';
        else if (n == 4 && !memcmp(s, "-enh", 4))
            w->bare = true;
        else if (*s == '[' && n - 2 < sizeof w->respcode)
            memcpy(w->respcode, s + 1, n - 2);
        else if (n == 3 && s[1] == 'x' && w->ncodes < 12)
            w->codes[w->ncodes++] = (uint16_t)(s[0] - '0');
        else if (n == 3 && w->ncodes < 12)
            w->codes[w->ncodes++] = (uint16_t)atoi(s);
        else if (w->nenh < 8 && sscanf(s, "%c.%u.%u-%*c.%u.%u", &cls, &a, &b, &c, &d) == 5) {
            w->enh[w->nenh++] = (struct cause_enh){cls == 'x' ? 0 : (uint8_t)(cls - '0'),
                                                   (uint8_t)a, (uint16_t)b, (uint16_t)d};
        } else if (w->nenh < 8 && sscanf(s, "%c.%u.%u", &cls, &a, &b) == 3) {
            w->enh[w->nenh++] = (struct cause_enh){cls == 'x' ? 0 : (uint8_t)(cls - '0'),
                                                   (uint8_t)a, (uint16_t)b, (uint16_t)b};
        } else if (w->nenh < 8 && sscanf(s, "%c.%u.%c", &cls, &a, &cls) == 3 && s[n - 1] == 'x') {
            w->enh[w->nenh++] =
                (struct cause_enh){s[0] == 'x' ? 0 : (uint8_t)(s[0] - '0'), (uint8_t)a, 0, 999};
        } else
            fault("unknown condition", s);
        s += n;
    }
}

/* -- automaton
 * ------------------------------------------------------------------------------------- */

static bool is_letter(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

static void note_classes(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_letter((unsigned char)s[i]) && !m.class_of[(unsigned char)s[i]])
            m.class_of[(unsigned char)s[i]] = (uint8_t)m.nclasses++;
}

/* The number of a word, made if need be. */
static unsigned word_id(const char *s, size_t n, bool url, bool open)
{
    unsigned node = url;
    for (size_t i = 0; i < n; i++) {
        uint16_t *next = &m.next[node * m.nclasses + m.class_of[(unsigned char)s[i]]];
        if (!*next && m.nodes == NODES_MAX)
            fault("too many words", s);
        else if (!*next)
            *next = (uint16_t)m.nodes++;
        node = *next;
    }
    uint16_t *id = open ? &m.open[node] : &m.whole[node];
    if (!*id)
        *id = (uint16_t)++m.nwords;
    return *id;
}

static struct cause_edge *edge_at(unsigned state, unsigned word)
{
    uint32_t key = cause_edge_key(state, word), h = cause_edge_hash(key, EDGE_BITS);
    while (m.edges[h].key && m.edges[h].key != key)
        h = (h + 1) % EDGES;
    return &m.edges[h];
}

/* A literal as replies are folded: Latin letters without accents, U+0451 as U+0435. */
static size_t fold_literal(const char *s, const char *e, char *out, size_t max)
{
    size_t n = 0;
    for (; s < e && n < max; s++) {
        unsigned char a = (unsigned char)*s, b = s + 1 < e ? (unsigned char)s[1] : 0;
        char plain = cause_plain_letter(a, b);
        if (plain || (a == 0xD1 && b == 0x91)) {
            if (!plain)
                out[n++] = (char)0xD0;
            if (n < max)
                out[n++] = plain ? plain : (char)0xB5;
            s++;
        } else {
            out[n++] = *s;
        }
    }
    return n;
}

static void add_literal(const char *as_written, const char *end, unsigned group)
{
    char folded[256];
    const char *s = folded;
    const char *e = folded + fold_literal(as_written, end, folded, sizeof folded - 1);
    if (end - as_written >= (ptrdiff_t)sizeof folded)
        fault("literal too long", as_written);
    bool url = s<e && * s == '/', open = e> s && e[-1] == '*';
    unsigned state = 0, nwords = 0;
    const char *from = as_written;
    s += url;
    e -= open;
    while (s < e) {
        const char *w = s;
        bool glyph = cause_glyph((unsigned char)*s) && e - s >= 3;
        if (glyph)
            s += 3;
        while (!glyph && s < e && is_letter((unsigned char)*s) && !cause_glyph((unsigned char)*s))
            s++;
        if (s == w || (s < e && *s != ' ' && !glyph && !cause_glyph((unsigned char)*s)) ||
            ++nwords > CAUSE_ACTIVE_MAX) {
            fault("a literal is small letters, digits and single blanks", from);
            return;
        }
        unsigned word = word_id(w, (size_t)(s - w), url, open && s == e && !glyph);
        struct cause_edge *edge = edge_at(state, word);
        if (!edge->key && m.states == STATES_MAX)
            fault("too many states", from);
        else if (!edge->key)
            *edge = (struct cause_edge){cause_edge_key(state, word), (uint16_t)m.states++};
        if (state == 0)
            m.begins[word] = edge->to;
        state = edge->to;
        s += s < e && *s == ' ';
    }
    if (!nwords)
        fault("empty literal", from);
    m.out[state] = use_push((uint16_t)group, m.out[state]);
}

static void add_literals(const char *s, const char *e, unsigned group)
{
    while (s < e) {
        const char *bar = memchr(s, '|', (size_t)(e - s));
        const char *le = bar ? bar : e;
        const char *ls = trimmed(s, &le);
        if (ls == le || (*ls != '$' && !memmem(ls, (size_t)(le - ls), "..", 2)))
            add_literal(ls, le, group);
        s = bar ? bar + 1 : e;
    }
}

static void key_row(size_t r)
{
    struct making_row *c = &m.rows[r];
    if (c->nyes) {
        int best = c->yes[0];
        for (int i = 1; i < c->nyes; i++)
            if (m.atoms[c->yes[i]].rows < m.atoms[best].rows)
                best = c->yes[i];
        m.row_of[best] = use_push((uint16_t)r, m.row_of[best]);
        return;
    }
    bool one = c->when.nenh == 1 && c->when.enh[0].lo == c->when.enh[0].hi;
    unsigned b = one ? cause_bucket(c->when.enh[0].subject, c->when.enh[0].lo) : 0;
    m.bucket[b] = use_push((uint16_t)r, m.bucket[b]);
}

static void build(void)
{
    for (now = 0; now < ROWS; now++) {
        parse_match(rows[now].match, &m.rows[now]);
        parse_when(rows[now].when, &m.rows[now].when);
    }
    m.nclasses = 1; /* class 0: letters that are in no literal; they lead nowhere */
    for (size_t a = 0; a < m.natoms; a++)
        if (m.atoms[a].prev < 0)
            note_classes(m.atoms[a].text, m.atoms[a].len);
    m.next = calloc((size_t)NODES_MAX * m.nclasses, sizeof *m.next);
    if (!m.next)
        abort();
    m.nodes = 2;
    m.states = 1;
    for (size_t a = 0; a < m.natoms; a++) {
        now = m.atoms[a].row;
        if (m.atoms[a].prev < 0)
            add_literals(m.atoms[a].text, m.atoms[a].text + m.atoms[a].len, (unsigned)a);
        else
            m.seq_of[m.atoms[a].last] = use_push((uint16_t)a, m.seq_of[m.atoms[a].last]);
    }
    for (size_t r = 0; r < ROWS; r++)
        key_row(r);
}

int main(void)
{
    rows = cause_rows(&nrows);
    m.rows = calloc(ROWS, sizeof *m.rows);
    if (!m.rows)
        abort();
    m.nrows = ROWS;
    build();
    if (!faults)
        mkcauses_put(rows);
    if (faults)
        return 1;
    return fflush(stdout) != 0;
}
