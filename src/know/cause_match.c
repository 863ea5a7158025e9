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

enum {
    PARTS_MAX = 48,
    ATOMS_MAX = 3000,
    USES_MAX = 9000,
    BUCKETS = 512,
    NODES_MAX = 24000, /* of the words' letters */
    STATES_MAX = 12000,
    EDGES = 16384, /* a power of two, of which at most a half is used */
    HASH = 8192,
    ACTIVE_MAX = 16, /* words of the longest literal */
    PREFIX_MAX = 6,  /* "block*", "blocked*" ... in one word */
};

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

struct edge { /* state, word -> state */
    uint32_t key;
    uint16_t to;
};

/* A literal is a path of words; a word is a path of letters. Node 0 begins the words of text, node
 * 1 those of URLs. */
static struct {
    bool built;
    char fault[160];
    struct atom atoms[ATOMS_MAX];
    size_t natoms;
    uint16_t atom_hash[HASH];
    struct compiled rows[ROWS];
    uint8_t class_of[256];
    unsigned nclasses;
    uint16_t *next; /* nodes * nclasses */
    uint16_t whole[NODES_MAX],
        open[NODES_MAX]; /* the word that ends here, or that goes on at will */
    size_t nodes, nwords;
    struct edge edges[EDGES];
    uint16_t begins[NODES_MAX]; /* word -> state after it at a literal's beginning, 0 none */
    uint16_t out[STATES_MAX];   /* state -> first use: groups of which it ends a literal */
    size_t states;
    struct use uses[USES_MAX];
    size_t nuses;
    uint16_t row_of[ATOMS_MAX];  /* atom -> first use: rows keyed by it */
    uint16_t feed_of[ATOMS_MAX]; /* atom -> first use: groups that have it among their literals */
    uint16_t seq_of[ATOMS_MAX];  /* group -> first use: sequences that end with it */
    uint16_t bucket[BUCKETS];    /* rows of codes alone */
} m;

static void fault(const char *what, const char *where)
{
    if (!m.fault[0])
        snprintf(m.fault, sizeof m.fault, "%s: %.100s", what, where ? where : "");
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
    if (m.natoms == ATOMS_MAX) {
        fault("too many groups", text);
        return 0;
    }
    m.atoms[m.natoms] = (struct atom){text, (uint16_t)len, (int16_t)prev, (int16_t)last, 0};
    m.atom_hash[h] = (uint16_t)(m.natoms + 1);
    return (int)m.natoms++;
}

const char *cause_words(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].name) == n && !memcmp(words[i].name, name, n))
            return words[i].literals;
    fault("no such words", name);
    return "fault";
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
        s = cause_words(s + 1, (size_t)(e - s - 1));
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

static struct edge *edge_at(unsigned state, unsigned word)
{
    uint32_t key = (uint32_t)state << 16 | word;
    uint32_t h = key * 2654435761u >> 18;
    while (m.edges[h].key && m.edges[h].key != key)
        h = (h + 1) % EDGES;
    return &m.edges[h];
}

static void add_literal(const char *s, const char *e, unsigned group)
{
    bool url = s<e && * s == '/', open = e> s && e[-1] == '*';
    unsigned state = 0, nwords = 0;
    const char *from = s;
    s += url;
    e -= open;
    while (s < e) {
        const char *w = s;
        while (s < e && is_letter((unsigned char)*s))
            s++;
        if (s == w || (s < e && *s != ' ') || ++nwords > ACTIVE_MAX) {
            fault("a literal is small letters, digits and single blanks", from);
            return;
        }
        unsigned word = word_id(w, (size_t)(s - w), url, open && s == e);
        struct edge *edge = edge_at(state, word);
        if (!edge->key && (m.states == STATES_MAX || m.states > EDGES / 2))
            fault("too many states", from);
        else if (!edge->key)
            *edge = (struct edge){(uint32_t)state << 16 | word, (uint16_t)m.states++};
        if (state == 0)
            m.begins[word] = edge->to;
        state = edge->to;
        s += s < e;
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
    m.nclasses = 1; /* class 0: letters that are in no literal; they lead nowhere */
    for (size_t a = 0; a < m.natoms; a++)
        if (m.atoms[a].prev < 0)
            note_classes(m.atoms[a].text, m.atoms[a].len);
    m.next = calloc((size_t)NODES_MAX * m.nclasses, sizeof *m.next);
    if (!m.next)
        abort();
    m.nodes = 2;
    m.states = 1;
    for (size_t a = 0; a < m.natoms; a++)
        if (m.atoms[a].prev < 0)
            add_literals(m.atoms[a].text, m.atoms[a].text + m.atoms[a].len, (unsigned)a);
        else
            m.seq_of[m.atoms[a].last] = use_push((uint16_t)a, m.seq_of[m.atoms[a].last]);
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
    *octets = m.nodes * m.nclasses * sizeof *m.next + sizeof m;
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

/* A group was found, whose last literal is at start..end: the sequences that it ends, and the
 * groups that have it or one of those among their literals. */
static void group_found(struct scan *s, unsigned atom, unsigned start, unsigned end,
                        unsigned letters)
{
    for (unsigned u = m.seq_of[atom]; u; u = m.uses[u].next) {
        unsigned seq = m.uses[u].value;
        unsigned prev = (unsigned)m.atoms[seq].prev;
        if (!s->end[prev] || s->end[prev] > start || start - s->end[prev] > CAUSE_NEAR)
            continue;
        unsigned both = s->letters[prev] + letters;
        mark(s, seq, end, both);
        for (unsigned f = m.feed_of[seq]; f; f = m.uses[f].next)
            group_found(s, m.uses[f].value, start, end, both);
    }
    mark(s, atom, end, letters);
    for (unsigned f = m.feed_of[atom]; f; f = m.uses[f].next)
        group_found(s, m.uses[f].value, start, end, letters);
}

struct active { /* a literal that has begun */
    uint16_t state, start;
};

/* One word goes on with the literals that have begun, and begins others. */
static size_t step(struct scan *s, struct active *active, size_t n, unsigned start, unsigned word,
                   unsigned end, struct active *next, size_t nnext)
{
    for (size_t i = 0; i <= n; i++) {
        unsigned from = i < n ? active[i].start : start;
        unsigned state = i < n ? edge_at(active[i].state, word)->to : m.begins[word];
        if (!state)
            continue;
        for (unsigned u = m.out[state]; u; u = m.uses[u].next)
            group_found(s, m.uses[u].value, from, end, end - from);
        if (nnext < ACTIVE_MAX)
            next[nnext++] = (struct active){(uint16_t)state, (uint16_t)from};
    }
    return nnext;
}

static void scan_words(struct scan *s, const struct cause_text *t)
{
    struct active room[2][ACTIVE_MAX];
    size_t n = 0, now = 0;
    for (size_t i = 0; i < t->n;) {
        if (t->text[i] <= ' ') {
            if (t->text[i] == CAUSE_URL && i && t->text[i - 1] == ' ')
                n = 0;
            i++;
            continue;
        }
        unsigned node = t->text[i - 1] == CAUSE_URL, opens[PREFIX_MAX], ends[PREFIX_MAX];
        size_t start = i, nopen = 0, nnext = 0;
        for (bool dead = false; i < t->n && t->text[i] > ' '; i++) {
            if (dead)
                continue;
            node = m.next[node * m.nclasses + m.class_of[t->text[i]]];
            dead = !node;
            if (m.open[node] && nopen < PREFIX_MAX) {
                opens[nopen] = m.open[node];
                ends[nopen++] = (unsigned)i + 1;
            }
        }
        struct active *active = room[now], *next = room[now ^= 1];
        if (m.whole[node])
            nnext = step(s, active, n, (unsigned)start, m.whole[node], (unsigned)i, next, nnext);
        for (size_t k = 0; k < nopen; k++)
            nnext = step(s, active, n, (unsigned)start, opens[k], ends[k], next, nnext);
        n = nnext;
    }
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

static struct scan *scan(const struct cause_text *t)
{
    static _Thread_local struct scan s;
    if (!m.built)
        build();
    for (size_t i = 0; i < s.nfound; i++)
        s.end[s.found[i]] = s.letters[s.found[i]] = 0;
    s.nfound = 0;
    scan_words(&s, t);
    return &s;
}

static bool words_match(const struct compiled *c, const struct scan *s, unsigned *letters)
{
    *letters = 0;
    for (int k = 0; k < c->nyes; k++) {
        if (!s->end[c->yes[k]])
            return false;
        *letters += s->letters[c->yes[k]];
    }
    for (int k = 0; k < c->nno; k++)
        if (s->end[c->no[k]])
            return false;
    if (*letters > 500)
        *letters = 500;
    return true;
}

size_t cause_match(const struct cause_text *t, enum cause_stage stage, struct cause_hit *hits)
{
    const struct scan *s = scan(t);
    size_t n = 0;
    for (size_t i = 0; i < s->nfound; i++)
        for (unsigned u = m.row_of[s->found[i]]; u; u = m.uses[u].next) {
            const struct compiled *c = &m.rows[m.uses[u].value];
            unsigned letters;
            if (n < CAUSE_HITS_MAX && words_match(c, s, &letters) && when_met(&c->when, t, stage))
                hits[n++] = (struct cause_hit){m.uses[u].value, (uint16_t)letters, false};
        }
    n = code_rows(t, stage, 0, hits, n);
    if (t->eclass)
        n = code_rows(t, stage, bucket_of(t->esubject, t->edetail), hits, n);
    return n;
}

bool cause_row_words(size_t r, const struct cause_text *t)
{
    unsigned letters;
    const struct scan *s = scan(t);
    return words_match(&m.rows[r], s, &letters);
}
