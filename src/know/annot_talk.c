/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command or a reply means, remembered: where a talk stands is a small state (talk_save()),
 * and what a command or a whole reply does to it and what is to be said about it is kept under
 * (state, octets). An automaton over lines is so built as one reads; only what was not seen before
 * goes through the driver and the tables. */
#include "know/annot_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what is known about an event ---- */

__extension__ typedef unsigned __int128 wide;

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    wide m = (wide)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Sixteen octets a step; no defence against collisions is needed, what is found is compared. */
static uint64_t hash_of(const char *p, size_t n, uint64_t h)
{
    const uint64_t k = 0x9e3779b97f4a7c15u, j = 0xd1b54a32d192ed03u;
    uint64_t a = 0, b = 0;
    h ^= n * k;
    for (; n >= 16; p += 16, n -= 16)
        h = fold(annot_eight(p) ^ h, annot_eight(p + 8) ^ j);
    if (n >= 8) {
        a = annot_eight(p);
        p += 8;
        n -= 8;
    }
    if (n)
        memcpy(&b, p, n);
    return fold(a ^ h ^ k, b ^ j);
}

/* Was this said in full before? Remembers that it was. */
static bool said(struct annotator *a, const struct annot *v)
{
    const char *parts[] = {annot_what(v), v->e->extra, v->e->title, annot_mends(v)};
    uint64_t h = 88172645463325252u + v->kind;
    if (!annot_bad(v)) /* of what went well only the remark is said once */
        parts[0] = parts[2] = parts[3] = "";
    for (size_t i = 0; i < 4; i++)
        h = hash_of(parts[i], strlen(parts[i]), h);
    h |= 1;
    for (size_t i = 0; i < 8; i++) {
        uint64_t *s = &a->seen[(h + i) % SEEN];
        if (*s == h)
            return true;
        if (!*s) {
            *s = h;
            return false;
        }
    }
    a->seen[h % SEEN] = h;
    return false;
}

/* Writes what is to be said, in full the first time; `again` gets what is to be said later. */
static void say(struct annotator *a, const struct annot *v, struct buf *now, struct buf *again)
{
    bool before = said(a, v);
    a->w->event(&a->o, now, v, before);
    if (again)
        a->w->event(&a->o, again, v, true);
}

static void annot_of(struct annotator *a, struct annot *v, enum item_kind kind, enum item_mark mark,
                     const struct moment *m, unsigned notes, struct explanation *e)
{
    const char *lf = a->shown.len ? memchr(a->shown.p, '\n', a->shown.len) : NULL;
    size_t first = lf ? (size_t)(lf - a->shown.p) : a->shown.len;
    *v = (struct annot){.kind = kind, .mark = mark, .m = m, .e = e};
    know_explain(kind, m, notes, buf_str(&a->shown), first, e);
    v->verb = m->command.verb ? m->command.verb->name : m->command.name;
    v->text = (struct span){buf_str(&a->shown), a->shown.len};
    v->stage = cause_stage_of_verb(v->verb[0] ? v->verb : NULL);
    if (kind == ITEM_SERVER && m->reply.cls != REPLY_NONE) {
        struct cause_question q = cause_question_of(m, v->text.p, v->text.n);
        cause_find(&q, &v->cause);
        v->caused = true;
    }
}

/* Entry i of the transcript, as far as it has come. */
static void event(struct annotator *a, size_t i, struct buf *now, struct buf *again)
{
    const struct source *src = transcript_source(a->t);
    struct item it;
    struct moment m;
    struct explanation e;
    struct annot v;
    struct span s;
    if (!src->item(src->self, i, &it) || !src->moment(src->self, i, &m))
        return;
    buf_trim(&a->shown, 0);
    for (uint64_t k = 0; k < it.lines && src->line(src->self, i, k, &s); k++) {
        if (!buf_add(&a->shown, s.p, s.n))
            break;
        buf_add_char(&a->shown, '\n');
    }
    annot_of(a, &v, it.kind, it.mark, &m, it.notes & ~(unsigned)NOTE_BARE_LF, &e);
    v.remark = it.remark;
    if (v.caused)
        a->explained++;
    say(a, &v, now, again);
}

/* A reply that stands alone: of a log, a notification, or the only line there is. */
void annot_lone(struct annotator *a, const struct lone *one)
{
    struct moment m;
    struct explanation e;
    struct annot v;
    buf_trim(&a->shown, 0);
    lone_moment(one, &m, &a->shown);
    annot_of(a, &v, ITEM_SERVER, item_mark_of(m.reply.cls), &m, 0, &e);
    v.recipient = one->recipient;
    if (!v.caused) { /* words of the network, or without a code */
        struct cause_question q = {one->proto->name,
                                   one->verb ? cause_stage_of_verb(one->verb) : CAUSE_AT_UNKNOWN,
                                   v.text.p, v.text.n};
        cause_find(&q, &v.cause);
        v.caused = true;
        if (v.cause.found[0].cause != CAUSE_OK)
            v.mark = MARK_WARN;
    }
    a->explained++;
    buf_trim(&a->note, 0);
    say(a, &v, &a->note, NULL);
    annot_put(a, buf_str(&a->note), a->note.len);
}

/* ---- the automaton over lines ---- */

void annot_forget(struct annotator *a)
{
    for (uint32_t i = 0; i < a->nstates; i++)
        free(a->states[i]);
    a->nstates = 0;
    a->last = 0;
    if (a->arena_n) /* what was never used would only be brought into memory */
        memset(a->known, 0, SLOTS * sizeof *a->known);
    a->arena_n = 0;
    a->state = NO_STATE;
}

static void take_state(struct annotator *a)
{
    union {
        struct talk_state s;
        char room[sizeof(struct talk_state) + 64 * sizeof(struct talk_command)];
    } now;
    a->literal = a->talk.literal_left;
    a->talk.literal_left = 0;
    a->view = talk_view(&a->talk);
    a->view.in_letter |= a->literal > 0;
    size_t n = talk_save(&a->talk, &now.s, sizeof now);
    a->state = NO_STATE;
    if (!n)
        return;
    for (uint32_t i = a->nstates; i-- > 0;)
        if (a->state_size[i] == n && memcmp(a->states[i], &now, n) == 0) {
            a->state = i;
            return;
        }
    if (a->nstates == STATES)
        annot_forget(a);
    a->state = a->nstates++;
    a->states[a->state] = xmalloc(n);
    memcpy(a->states[a->state], &now, n);
    a->state_size[a->state] = n;
    a->views[a->state] = talk_view(&a->talk);
}

static struct known *slot_of(struct annotator *a, uint64_t h, const char *key, size_t n,
                             bool *found)
{
    struct known *free_slot = NULL;
    for (unsigned i = 0; i < 8; i++) {
        struct known *k = &a->known[(h + i) & (SLOTS - 1)];
        if (!k->used) {
            free_slot = k;
            break;
        }
        if (k->hash == h && k->from == a->state && k->key_n == n &&
            memcmp(a->arena + k->key, key, n) == 0) {
            *found = true;
            return k;
        }
    }
    *found = false;
    return free_slot;
}

static uint32_t keep(struct annotator *a, const char *p, size_t n)
{
    uint32_t at = a->arena_n;
    if (n)
        memcpy(a->arena + at, p, n);
    a->arena_n += (uint32_t)n;
    return at;
}

/* What comes next is looked for where this led to. */
static void follow(struct annotator *a, const struct known *k)
{
    uint16_t slot = (uint16_t)(k - a->known + 1);
    if (a->last)
        a->known[a->last - 1].follow = slot;
    a->last = slot;
}

/* NULL: it cannot be. */
static struct known *remember(struct annotator *a, uint32_t from, uint64_t h, const char *key,
                              size_t n, bool as_they_stand, const struct buf *again,
                              unsigned explained)
{
    bool found;
    size_t need = n + (as_they_stand ? 0 : a->lines.len) + again->len;
    if (a->state == NO_STATE || from == NO_STATE || n > KEY_MAX || need > ARENA / 16)
        return NULL;
    uint32_t to = a->state;
    a->state = from;
    struct known *k = slot_of(a, h, key, n, &found);
    a->state = to;
    if (found)
        return NULL;
    if (!k || a->arena_n + need > ARENA) {
        /* full: begin anew, from the state that the talk is in */
        struct talk_state *s = a->states[to];
        a->states[to] = NULL;
        size_t size = a->state_size[to];
        struct talk_view view = a->views[to];
        annot_forget(a);
        a->states[0] = s;
        a->state_size[0] = size;
        a->views[0] = view;
        a->nstates = 1;
        a->state = 0;
        return NULL;
    }
    *k = (struct known){.hash = h,
                        .from = from,
                        .to = to,
                        .used = true,
                        .literal = a->literal,
                        .secrets = a->talk.secrets_kept};
    k->explained = (uint8_t)explained;
    k->key = keep(a, key, n);
    k->key_n = (uint16_t)n;
    if (!as_they_stand) {
        k->lines = keep(a, a->lines.p, a->lines.len);
        k->lines_n = (uint32_t)a->lines.len;
    }
    k->note = keep(a, again->p, again->len);
    k->note_n = (uint32_t)again->len;
    return k;
}

/* Makes `talk` stand where the state says, with an empty transcript. */
static void ready(struct annotator *a)
{
    if (a->state == NO_STATE && a->t)
        return; /* in the middle of a reply: it goes on in the same transcript */
    transcript_free(a->t);
    a->t = transcript_new(4 * UNIT_MAX);
    if (a->state != NO_STATE)
        talk_load(&a->talk, a->states[a->state], a->t);
    else
        a->talk.t = a->t;
    a->next_event = transcript_count(a->t);
}

void annot_secured(struct annotator *a)
{
    if (a->state == NO_STATE) /* in the middle of a reply */
        return;
    ready(a);
    talk_secured(&a->talk);
    take_state(a);
}

/* What is whole by now, and a reply whose body begins. */
static void events(struct annotator *a, struct buf *again)
{
    const struct source *src = transcript_source(a->t);
    struct item it;
    for (; a->next_event < transcript_count(a->t); a->next_event++) {
        if (src->item(src->self, a->next_event, &it) && it.open && !a->talk.in_body)
            break;
        event(a, a->next_event, &a->note, again);
    }
}

/* The driver reads the unit p..p+n (whole lines), which is a command's or a reply's. */
static void through_driver(struct annotator *a, enum log_kind kind, const char *p, size_t n,
                           bool *masked, struct buf *again)
{
    const char *end = p + n;
    size_t nlines = 0, last_entry = TALK_NONE;
    ready(a);
    a->talk.literal_left = kind == LOG_CLIENT ? a->literal : 0;
    for (const char *q = p; q < end && nlines < UNIT_LINES; nlines++) {
        const char *lf = memchr(q, '\n', (size_t)(end - q));
        size_t len = (size_t)((lf ? lf : end) - q);
        size_t text_n = len > 0 && q[len - 1] == '\r' ? len - 1 : len;
        struct span text;
        struct talk_view v = talk_view(&a->talk);
        logtext_line(&a->kind, &v, q, text_n, &text);
        if (kind == LOG_CLIENT)
            talk_client(&a->talk, text.p, text.n);
        else
            talk_server(&a->talk, text.p, text.n);
        struct where_line *w = &a->at[nlines];
        *w = (struct where_line){a->talk.entry, 0, {q, (size_t)(text.p - q)}};
        if (nlines && a->talk.entry == last_entry)
            w->k = a->at[nlines - 1].k + 1;
        last_entry = a->talk.entry;
        q = lf ? lf + 1 : end;
    }
    const struct source *src = transcript_source(a->t);
    const char *q = p;
    for (size_t i = 0; i < nlines; i++) {
        const char *lf = memchr(q, '\n', (size_t)(end - q));
        size_t len = (size_t)((lf ? lf : end) - q);
        struct item it = {0};
        struct span s = {q + a->at[i].prefix.n, 0};
        s.n = (len > 0 && q[len - 1] == '\r' ? len - 1 : len) - a->at[i].prefix.n;
        if (src->item(src->self, a->at[i].entry, &it) && (it.notes & NOTE_MASKED)) {
            *masked = true;
            src->line(src->self, a->at[i].entry, a->at[i].k, &s);
        }
        struct annot_line l = {.kind = kind, .mark = it.mark, .prefix = a->at[i].prefix, .text = s};
        a->w->line(&a->o, &a->lines, &l);
        q = lf ? lf + 1 : end;
    }
    events(a, again);
}

/* One command or one whole reply. */
void annot_unit(struct annotator *a, enum log_kind kind, const char *p, size_t n, size_t text_at,
                bool lf, bool one)
{
    char key[600];
    bool found = false, masked = false;
    uint64_t h = 0;
    const char *k = p;
    size_t kn = n, part;
    bool as_they_stand = false;
    uint64_t salt = (uint64_t)a->state * 0x9e3779b97f4a7c15u;
    if (a->state != NO_STATE && n <= KEY_MAX) {
        if (one && a->o.as == ANNOTATE_TEXT && !a->o.color && !a->view.challenged) {
            if (kind == LOG_CLIENT && (part = annot_address_key(p, n, key)) > 0) {
                if (text_harmless(p, n)) {
                    k = key;
                    kn = part;
                    as_they_stand = true;
                }
            } else if (kind == LOG_SERVER &&
                       (part = annot_success_key(p + text_at, n - text_at)) > 0) {
                if (text_harmless(p, n)) {
                    kn = text_at + part;
                    as_they_stand = true;
                }
            }
        }
        h = hash_of(k, kn, salt + kind + (as_they_stand ? 77 : 0));
        struct known *e = slot_of(a, h, k, kn, &found);
        if (found && a->talk.secrets_kept && !a->o.show_secrets) {
            /* Neither what was kept may show a secret that came later, nor a line that varies. */
            uint32_t newer = as_they_stand ? UINT32_MAX : a->talk.secrets_kept - e->secrets;
            if (newer && talk_holds_secret(&a->talk, newer, p, n)) {
                e->used = as_they_stand;
                found = false;
                as_they_stand = false;
                k = p;
                kn = n;
                h = hash_of(k, kn, salt + kind);
            } else {
                e->secrets = a->talk.secrets_kept;
            }
        }
        if (found) {
            if (e->lines_n)
                annot_put(a, a->arena + e->lines, e->lines_n);
            else if (a->o.as == ANNOTATE_TEXT) {
                annot_put(a, p, n + lf);
                if (!lf)
                    annot_put(a, "\n", 1);
            }
            annot_put(a, a->arena + e->note, e->note_n);
            a->explained += e->explained;
            a->literal = e->literal;
            follow(a, e);
            a->state = e->to;
            a->view = a->views[a->state];
            a->view.in_letter |= a->literal > 0;
            return;
        }
    }
    struct buf again;
    uint64_t before = a->explained;
    uint32_t from = a->state;
    buf_init(&again, 1u << 20);
    buf_trim(&a->lines, 0);
    buf_trim(&a->note, 0);
    through_driver(a, kind, p, n, &masked, &again);
    annot_put(a, buf_str(&a->lines), a->lines.len);
    annot_put(a, buf_str(&a->note), a->note.len);
    uint32_t states = a->nstates;
    take_state(a);
    if (a->nstates < states) /* the table was begun anew */
        from = NO_STATE;
    /* Lines that vary are only remembered where nothing but the line itself is shown of them. */
    if (as_they_stand && (masked || (kind == LOG_CLIENT && again.len)))
        from = NO_STATE;
    struct known *new = from != NO_STATE ? remember(a, from, h, k, kn, as_they_stand, &again,
                                                    (unsigned)(a->explained - before))
                                         : NULL;
    if (new) {
        annot_quick_form(a, new, kind, p, n, text_at, as_they_stand);
        follow(a, new);
    } else {
        a->last = 0;
    }
    buf_clear(&again);
}

void annot_quoted(struct annotator *a, enum log_kind kind, const char *p, size_t n)
{
    bool dot = n == 1 && p[0] == '.';
    struct span s = {p, n};
    struct annot_line l = {.kind = kind, .text = s, .quoted = true};
    buf_trim(&a->lines, 0);
    buf_trim(&a->note, 0);
    if ((kind == LOG_CLIENT && a->view.in_letter && !dot) ||
        (kind == LOG_SERVER && a->view.in_body && !dot && a->state != NO_STATE)) {
        l.letter = true;
        a->w->line(&a->o, &a->lines, &l);
        annot_put(a, buf_str(&a->lines), a->lines.len);
        return;
    }
    ready(a);
    size_t before = transcript_count(a->t);
    (kind == LOG_CLIENT ? talk_client : talk_server)(&a->talk, p, n);
    const struct source *src = transcript_source(a->t);
    struct item it = {0};
    if (src->item(src->self, a->talk.entry, &it)) {
        l.mark = it.mark;
        if ((it.notes & NOTE_MASKED) && it.lines > 0)
            src->line(src->self, a->talk.entry, it.lines - 1, &l.text);
    }
    (void)before;
    a->w->line(&a->o, &a->lines, &l);
    events(a, NULL);
    annot_put(a, buf_str(&a->lines), a->lines.len);
    annot_put(a, buf_str(&a->note), a->note.len);
    take_state(a);
}

bool annot_json(struct annotator *a, const char *p, size_t n, char *why, size_t size)
{
    static const enum log_kind kinds[] = {LOG_CLIENT, LOG_SERVER, LOG_EVENT, LOG_TEXT};
    int64_t when;
    struct item it;
    struct span s;
    ready(a);
    size_t i = a->next_event;
    if (!logjson_feed(&a->talk, p, n, &when, why, size))
        return false;
    const struct source *src = transcript_source(a->t);
    for (; i < transcript_count(a->t) && src->item(src->self, i, &it); i++) {
        buf_trim(&a->note, 0);
        for (uint64_t k = 0; k < it.lines && src->line(src->self, i, k, &s); k++) {
            struct annot_line l = {
                .kind = kinds[it.kind], .mark = it.mark, .text = s, .quoted = true};
            buf_trim(&a->lines, 0);
            a->w->line(&a->o, &a->lines, &l);
            annot_put(a, buf_str(&a->lines), a->lines.len);
        }
        if (it.kind == ITEM_CLIENT || it.kind == ITEM_SERVER)
            event(a, i, &a->note, NULL);
        annot_put(a, buf_str(&a->note), a->note.len);
    }
    a->next_event = i;
    take_state(a);
    return true;
}

void annot_begin(struct annotator *a)
{
    a->known = xcalloc(SLOTS, sizeof *a->known);
    a->arena = xmalloc(ARENA);
    a->at = xmalloc(UNIT_LINES * sizeof *a->at);
    take_state(a);
}

void annot_finish(struct annotator *a)
{
    if (a->state != NO_STATE || !a->t)
        return;
    buf_trim(&a->note, 0);
    talk_end(&a->talk);
    events(a, NULL);
    annot_put(a, buf_str(&a->note), a->note.len);
}
