/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a folded reply finds every row that matches, however many rows there are: an
 * automaton (Aho and Corasick, 1975) over all literals of all rows. What it finds marks groups,
 * groups in the right order mark sequences, and a row is looked at only if the rarest of its parts
 * is marked. The order of the rows changes nothing. */
#include "know/cause_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cause_row rows[] = {
#define ROW(cause, sure, match, when, provider, ref)                                               \
    {CAUSE_##cause, CAUSE_##sure, match, when, provider, "", "", "", "", ref},
#define TOLD(cause, sure, match, when, provider, ref, what, who, mends, next)                      \
    {CAUSE_##cause, CAUSE_##sure, match, when, provider, what, who, mends, next, ref},
#include "know/causes/all.h"
#undef ROW
#undef TOLD
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct {
    const char *name, *literals;
} words[] = {
#define WORDS(name, literals) {name, literals},
#include "know/causes/words.def"
#undef WORDS
};

const struct cause_row *cause_rows(size_t *n)
{
    *n = ROWS;
    return rows;
}

enum { PARTS_MAX = 48, ATOMS_MAX = 3000, STATES_MAX = 40000, USES_MAX = 12000, BUCKETS = 512 };

/* A group (prev < 0) or a sequence: the atom `prev`, and after it the group `last`. */
struct atom {
    const char *text; /* the pattern's own words; not ended */
    uint16_t len;
    int16_t prev, last;
    uint16_t rows; /* how many rows want it */
};

struct compiled {
    int16_t yes[PARTS_MAX], no[PARTS_MAX];
    uint8_t nyes, nno;
    struct cause_when when;
};

struct use { /* list element: a value and the next one */
    uint16_t value, next;
};

static struct {
    bool built;
    char fault[160];
    struct atom atoms[ATOMS_MAX];
    size_t natoms;
    struct compiled rows[ROWS];
    uint8_t class_of[256];
    unsigned nclasses;
    uint16_t *go;   /* states * nclasses */
    uint16_t *out;  /* state -> first use (atom | the literal's length below), 0 none */
    uint16_t *dict; /* state -> next state with output on the way of failure, 0 none */
    size_t states;
    struct use uses[USES_MAX];
    uint8_t use_len[USES_MAX];
    uint8_t use_tail[USES_MAX]; /* 1: the literal ends with a blank, which the next may share */
    size_t nuses;
    uint16_t row_of[ATOMS_MAX]; /* atom -> first use: rows keyed by it */
    uint16_t
        feed_of[ATOMS_MAX]; /* sequence -> first use: groups that have it among their literals */
    uint16_t seq_of[ATOMS_MAX]; /* group -> first use: sequences that end with it */
    uint16_t bucket[BUCKETS];   /* rows of codes alone */
} m;

static void fault(const char *what, const char *where)
{
    if (!m.fault[0])
        snprintf(m.fault, sizeof m.fault, "%s: %.100s", what, where);
}

static uint16_t use_push(uint16_t value, uint16_t next)
{
    if (m.nuses + 1 >= USES_MAX) {
        fault("too many literals", "");
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

static int atom_find(const char *text, size_t len, int prev, int last)
{
    for (size_t i = 0; i < m.natoms; i++)
        if (prev < 0 ? m.atoms[i].prev < 0 && m.atoms[i].len == len &&
                           !memcmp(m.atoms[i].text, text, len)
                     : m.atoms[i].prev == prev && m.atoms[i].last == last)
            return (int)i;
    if (m.natoms == ATOMS_MAX) {
        fault("too many groups", text);
        return 0;
    }
    m.atoms[m.natoms] = (struct atom){text, (uint16_t)len, (int16_t)prev, (int16_t)last, 0};
    return (int)m.natoms++;
}

/* "a .. b" among a group's literals: a sequence that counts as the group. */
static void parse_dotted(int group, const char *s, const char *e)
{
    while (s < e) {
        const char *bar = memchr(s, '|', (size_t)(e - s));
        const char *le = bar ? bar : e;
        const char *dots = memmem(s, (size_t)(le - s), "..", 2);
        if (dots) {
            int prev = -1;
            for (const char *p = s; p < le; p = dots ? dots + 2 : le) {
                dots = memmem(p, (size_t)(le - p), "..", 2);
                const char *pe = dots ? dots : le;
                const char *ps = trimmed(p, &pe);
                int one = atom_find(ps, (size_t)(pe - ps), -1, -1);
                prev = prev < 0 ? one : atom_find(NULL, 0, prev, one);
            }
            m.feed_of[prev] = use_push((uint16_t)group, m.feed_of[prev]);
        }
        s = bar ? bar + 1 : e;
    }
}

static int parse_part(const char *s, const char *e)
{
    int prev = -1;
    while (s < e) {
        const char *tilde = memchr(s, '~', (size_t)(e - s));
        const char *ge = tilde ? tilde : e;
        const char *gs = trimmed(s, &ge);
        if (gs == ge)
            fault("empty group", s);
        size_t before = m.natoms;
        int group = atom_find(gs, (size_t)(ge - gs), -1, -1);
        if (m.natoms > before)
            parse_dotted(group, gs, ge);
        prev = prev < 0 ? group : atom_find(NULL, 0, prev, group);
        s = tilde ? tilde + 1 : e;
    }
    if (prev < 0)
        fault("empty part", s);
    return prev < 0 ? 0 : prev;
}

static void parse_match(const char *s, struct compiled *c)
{
    const char *end = s + strlen(s);
    while (s < end) {
        const char *amp = memchr(s, '&', (size_t)(end - s));
        const char *pe = amp ? amp : end;
        const char *ps = trimmed(s, &pe);
        bool no = ps < pe && *ps == '!';
        int atom = parse_part(ps + no, pe);
        if ((no ? c->nno : c->nyes) == PARTS_MAX)
            fault("too many parts", s);
        else if (no)
            c->no[c->nno++] = (int16_t)atom;
        else {
            c->yes[c->nyes++] = (int16_t)atom;
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

static unsigned new_state(void)
{
    if (m.states == STATES_MAX) {
        fault("too many states", "");
        return 0;
    }
    return (unsigned)m.states++;
}

static void add_octets(const unsigned char *s, size_t n, uint16_t atom, bool tail)
{
    unsigned st = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t *next = &m.go[st * m.nclasses + m.class_of[s[i]]];
        if (!*next)
            *next = (uint16_t)new_state();
        st = *next;
    }
    m.out[st] = use_push(atom, m.out[st]);
    m.use_len[m.nuses] = (uint8_t)n;
    m.use_tail[m.nuses] = tail;
}

static void literals(const char *s, const char *e,
                     void (*each)(const unsigned char *, size_t, bool, int), int atom)
{
    while (s < e) {
        const char *bar = memchr(s, '|', (size_t)(e - s));
        const char *le = bar ? bar : e;
        const char *ls = trimmed(s, &le);
        if (ls < le && memmem(ls, (size_t)(le - ls), "..", 2)) {
            s = bar ? bar + 1 : e;
            continue; /* parse_dotted() has seen to it */
        }
        if (ls < le && *ls == '$') {
            size_t i = 0, n = (size_t)(le - ls - 1);
            while (i < sizeof words / sizeof words[0] &&
                   !(strlen(words[i].name) == n && !memcmp(words[i].name, ls + 1, n)))
                i++;
            if (i == sizeof words / sizeof words[0])
                fault("no such words", ls);
            else
                literals(words[i].literals, words[i].literals + strlen(words[i].literals), each,
                         atom);
        } else if (ls < le) {
            unsigned char lit[128];
            size_t n = 0;
            bool url = *ls == '/', open = le[-1] == '*';
            lit[n++] = url ? CAUSE_URL : ' ';
            for (const char *p = ls + url; p < le - open && n < sizeof lit - 1; p++) {
                unsigned char c = (unsigned char)*p;
                if (!(c == ' ' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c >= 0x80))
                    fault("a literal is small letters, digits and blanks", ls);
                lit[n++] = url && c == ' ' ? CAUSE_URL : c;
            }
            if (!open)
                lit[n++] = url ? CAUSE_URL : ' ';
            each(lit, n, !open, atom);
        } else
            fault("empty literal", s);
        s = bar ? bar + 1 : e;
    }
}

static void note_classes(const unsigned char *s, size_t n, bool tail, int atom)
{
    (void)tail;
    (void)atom;
    for (size_t i = 0; i < n; i++)
        if (!m.class_of[s[i]])
            m.class_of[s[i]] = (uint8_t)m.nclasses++;
}

static void note_literal(const unsigned char *s, size_t n, bool tail, int atom)
{
    add_octets(s, n, (uint16_t)atom, tail);
}

/* Failure links breadth first; `go` becomes total, so that a step never looks back. */
static void link_states(void)
{
    uint16_t *fail = calloc(m.states, sizeof *fail), *queue = calloc(m.states, sizeof *queue);
    if (!fail || !queue)
        abort();
    size_t head = 0, tail = 0;
    for (unsigned c = 0; c < m.nclasses; c++)
        if (m.go[c])
            queue[tail++] = m.go[c];
    while (head < tail) {
        unsigned s = queue[head++];
        unsigned f = fail[s];
        m.dict[s] = m.out[f] ? (uint16_t)f : m.dict[f];
        for (unsigned c = 0; c < m.nclasses; c++) {
            uint16_t *t = &m.go[s * m.nclasses + c];
            uint16_t by_fail = m.go[f * m.nclasses + c];
            if (*t) {
                fail[*t] = by_fail;
                queue[tail++] = *t;
            } else
                *t = by_fail;
        }
    }
    free(fail);
    free(queue);
}

static unsigned bucket_of(unsigned subject, unsigned detail)
{
    return 1 + (subject * 97 + detail) % (BUCKETS - 201);
}

static void key_row(size_t r)
{
    struct compiled *c = &m.rows[r];
    if (c->nyes) {
        int best = c->yes[0];
        for (int i = 1; i < c->nyes; i++)
            if (m.atoms[c->yes[i]].rows < m.atoms[best].rows)
                best = c->yes[i];
        m.row_of[best] = use_push((uint16_t)r, m.row_of[best]);
        return;
    }
    bool one = c->when.nenh == 1 && c->when.enh[0].lo == c->when.enh[0].hi;
    unsigned b = one ? bucket_of(c->when.enh[0].subject, c->when.enh[0].lo) : 0;
    m.bucket[b] = use_push((uint16_t)r, m.bucket[b]);
}

static void build(void)
{
    m.built = true;
    for (size_t r = 0; r < ROWS; r++) {
        parse_match(rows[r].match, &m.rows[r]);
        parse_when(rows[r].when, &m.rows[r].when);
    }
    m.nclasses = 1; /* class 0: octets that are in no literal */
    size_t groups = m.natoms;
    for (size_t a = 0; a < groups; a++)
        if (m.atoms[a].prev < 0)
            literals(m.atoms[a].text, m.atoms[a].text + m.atoms[a].len, note_classes, (int)a);
    m.go = calloc((size_t)STATES_MAX * m.nclasses, sizeof *m.go);
    m.out = calloc(STATES_MAX, sizeof *m.out);
    m.dict = calloc(STATES_MAX, sizeof *m.dict);
    if (!m.go || !m.out || !m.dict)
        abort();
    m.states = 1;
    for (size_t a = 0; a < groups; a++)
        if (m.atoms[a].prev < 0)
            literals(m.atoms[a].text, m.atoms[a].text + m.atoms[a].len, note_literal, (int)a);
        else
            m.seq_of[m.atoms[a].last] = use_push((uint16_t)a, m.seq_of[m.atoms[a].last]);
    link_states();
    for (size_t r = 0; r < ROWS; r++)
        key_row(r);
}

const char *cause_rows_fault(void)
{
    if (!m.built)
        build();
    return m.fault[0] ? m.fault : NULL;
}

size_t cause_match_states(size_t *octets)
{
    if (!m.built)
        build();
    *octets = m.states * m.nclasses * sizeof *m.go;
    return m.states;
}

/* -- one reply
 * ------------------------------------------------------------------------------------- */

struct scan {
    uint16_t end[ATOMS_MAX]; /* behind the atom's last letter; 0: not found */
    uint16_t letters[ATOMS_MAX];
    uint16_t found[ATOMS_MAX];
    size_t nfound;
};

static void mark(struct scan *s, unsigned atom, unsigned end, unsigned letters)
{
    if (!s->end[atom])
        s->found[s->nfound++] = (uint16_t)atom;
    s->end[atom] = (uint16_t)end;
    if (letters > s->letters[atom])
        s->letters[atom] = (uint16_t)letters;
}

static void group_found(struct scan *s, unsigned atom, unsigned start, unsigned end)
{
    for (unsigned u = m.seq_of[atom]; u; u = m.uses[u].next) {
        unsigned seq = m.uses[u].value;
        unsigned prev = (unsigned)m.atoms[seq].prev;
        if (s->end[prev] && s->end[prev] <= start && start - s->end[prev] <= CAUSE_NEAR) {
            mark(s, seq, end, s->letters[prev] + end - start);
            for (unsigned f = m.feed_of[seq]; f; f = m.uses[f].next) {
                unsigned group = m.uses[f].value;
                mark(s, group, end, s->letters[seq]);
            }
        }
    }
    mark(s, atom, end, end - start);
}

static bool when_met(const struct cause_when *w, const struct cause_text *t, enum cause_stage stage)
{
    if (w->proto && (w->proto == 'p') != t->pop3)
        return false;
    if (w->stages && !(w->stages >> stage & 1))
        return false;
    if (w->bare && t->eclass)
        return false;
    if (w->respcode[0] && strcmp(w->respcode, t->respcode))
        return false;
    bool met = !w->ncodes;
    for (int i = 0; i < w->ncodes && !met; i++)
        met = w->codes[i] < 10 ? w->codes[i] == t->code / 100 : w->codes[i] == t->code;
    if (!met)
        return false;
    met = !w->nenh;
    for (int i = 0; i < w->nenh && !met; i++)
        met = t->eclass && (!w->enh[i].cls || w->enh[i].cls == t->eclass) &&
              w->enh[i].subject == t->esubject && w->enh[i].lo <= t->edetail &&
              t->edetail <= w->enh[i].hi;
    return met;
}

static size_t code_rows(const struct cause_text *t, enum cause_stage stage, unsigned b,
                        struct cause_hit *hits, size_t n)
{
    for (unsigned u = m.bucket[b]; u; u = m.uses[u].next) {
        unsigned r = m.uses[u].value;
        if (n < CAUSE_HITS_MAX && when_met(&m.rows[r].when, t, stage))
            hits[n++] = (struct cause_hit){(uint16_t)r, 0, true};
    }
    return n;
}

size_t cause_match(const struct cause_text *t, enum cause_stage stage, struct cause_hit *hits)
{
    static _Thread_local struct scan s;
    if (!m.built)
        build();
    for (size_t i = 0; i < s.nfound; i++)
        s.end[s.found[i]] = s.letters[s.found[i]] = 0;
    s.nfound = 0;
    unsigned st = 0;
    for (size_t i = 0; i < t->n; i++) {
        st = m.go[st * m.nclasses + m.class_of[t->text[i]]];
        for (unsigned o = m.out[st] ? st : m.dict[st]; o; o = m.dict[o])
            for (unsigned u = m.out[o]; u; u = m.uses[u].next) {
                unsigned end = (unsigned)i + 1 - m.use_tail[u];
                group_found(&s, m.uses[u].value, (unsigned)i + 2 - m.use_len[u], end);
            }
    }
    size_t n = 0;
    for (size_t i = 0; i < s.nfound; i++)
        for (unsigned u = m.row_of[s.found[i]]; u; u = m.uses[u].next) {
            const struct compiled *c = &m.rows[m.uses[u].value];
            bool all = true;
            unsigned letters = 0;
            for (int k = 0; k < c->nyes && all; k++) {
                all = s.end[c->yes[k]] != 0;
                letters += s.letters[c->yes[k]];
            }
            for (int k = 0; k < c->nno && all; k++)
                all = !s.end[c->no[k]];
            if (all && n < CAUSE_HITS_MAX && when_met(&c->when, t, stage))
                hits[n++] = (struct cause_hit){m.uses[u].value,
                                               (uint16_t)(letters < 500 ? letters : 500), false};
        }
    n = code_rows(t, stage, 0, hits, n);
    if (t->eclass)
        n = code_rows(t, stage, bucket_of(t->esubject, t->edetail), hits, n);
    return n;
}
