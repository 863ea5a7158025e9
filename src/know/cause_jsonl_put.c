/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answers of `explain --jsonl`. What is the same in many of them is turned into JSON once: the
 * sentences of a row, and the whole answer to a reply that came again. */
#include "know/cause_jsonl.h"
#include "know/cause_rows.h"

#include <stdlib.h>
#include <string.h>

enum {
    MEMO = 1024, /* replies that are remembered */
    MEMO_ROOM = 2016,
    SIGHTS = 8192,
    PIECE_MAX = 8192,
};

struct piece {
    char *p;
    size_t n;
};

/* The reply, and what was written behind its id. A reply has one place, so that those that share it
 * drive each other out; whose hashes are alike are still told apart. */
struct memo {
    uint64_t hash;
    uint16_t reply_n, answer_n; /* 0: empty */
    uint8_t stage;
    bool pop3;
    char room[MEMO_ROOM];
};

struct jsonl_out {
    FILE *file;
    size_t n, flushes;
    struct piece named[CAUSES][CAUSE_CERTAIN + 1]; /* "cause":...,"confidence":... */
    struct piece family[CAUSES];                   /* ],"family":... */
    struct piece *told; /* of the rows, then of the labels: from "what" to the end */
    size_t ntold;
    struct memo *memo;
    uint32_t sights[SIGHTS]; /* parts of hashes: a reply is remembered when it comes again */
    char room[1 << 17];
};

void jsonl_flush(struct jsonl_out *o)
{
    fwrite(o->room, 1, o->n, o->file);
    fflush(o->file);
    o->n = 0;
    o->flushes++;
}

static void put(struct jsonl_out *o, const char *s, size_t n)
{
    if (n > sizeof o->room - o->n)
        jsonl_flush(o);
    if (n > sizeof o->room)
        fwrite(s, 1, n, o->file);
    else if (n) {
        memcpy(o->room + o->n, s, n);
        o->n += n;
    }
}

static void puts_(struct jsonl_out *o, const char *s)
{
    put(o, s, strlen(s));
}

static void put_json(struct jsonl_out *out, const char *s, size_t n)
{
    put(out, "\"", 1);
    size_t run = 0;
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = i < n ? (unsigned char)s[i] : 0;
        char esc[8];
        if (i < n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        put(out, s + run, i - run);
        run = i + 1;
        if (i == n)
            break;
        if (c == '"' || c == '\\')
            snprintf(esc, sizeof esc, "\\%c", c);
        else
            snprintf(esc, sizeof esc, "\\u%04x", c);
        puts_(out, esc);
    }
    put(out, "\"", 1);
}

static void put_text(struct jsonl_out *out, const char *s)
{
    put_json(out, s, strlen(s));
}

static void put_member(struct jsonl_out *out, const char *name, const char *value)
{
    put(out, ",\"", 2);
    puts_(out, name);
    put(out, "\":", 2);
    put_text(out, value);
}

void jsonl_error(struct jsonl_out *out, size_t line, const char *why)
{
    char head[80];
    snprintf(head, sizeof head, "{\"id\":null,\"cause\":null,\"line\":%zu", line);
    puts_(out, head);
    put_member(out, "error", why);
    put(out, "}\n", 2);
}

static void put_id(struct jsonl_out *out, const struct jsonl_query *q)
{
    char *text = q->id.p || !q->other ? NULL : json_dumps(q->other, JSON_ENCODE_ANY | JSON_COMPACT);
    put(out, "{\"id\":", 6);
    if (q->id.p && q->digits)
        put(out, q->id.p, q->id.n);
    else if (q->id.p)
        put_json(out, q->id.p, q->id.n);
    else
        puts_(out, text ? text : "null");
    free(text);
}

/* Room for what is to be kept. */
static size_t begin(struct jsonl_out *out, size_t n)
{
    if (sizeof out->room - out->n < n)
        jsonl_flush(out);
    return out->n;
}

/* Keeps what was put since `from`. */
static void keep(struct jsonl_out *out, size_t from, size_t flushes, struct piece *piece)
{
    if (out->flushes != flushes || !(piece->p = malloc(out->n - from)))
        return; /* it will be made anew */
    piece->n = out->n - from;
    memcpy(piece->p, out->room + from, piece->n);
}

static void put_named(struct jsonl_out *out, const struct cause_found *f)
{
    struct piece *kept = &out->named[f->cause][f->sure];
    if (kept->p) {
        put(out, kept->p, kept->n);
        return;
    }
    size_t from = begin(out, PIECE_MAX), flushes = out->flushes;
    puts_(out, "\"cause\":");
    put_text(out, cause_label(f->cause)->name);
    put_member(out, "confidence", cause_sure_name(f->sure));
    keep(out, from, flushes, kept);
}

static void put_family(struct jsonl_out *out, enum cause cause)
{
    struct piece *kept = &out->family[cause];
    if (kept->p) {
        put(out, kept->p, kept->n);
        return;
    }
    size_t from = begin(out, PIECE_MAX), flushes = out->flushes;
    puts_(out, "]");
    put_member(out, "family", cause_label(cause)->family);
    keep(out, from, flushes, kept);
}

static void put_told(struct jsonl_out *out, const struct cause_answer *a)
{
    size_t nrows;
    const struct cause_row *rows = cause_rows(&nrows), *row = a->found[0].row;
    struct piece *kept = &out->told[row ? (size_t)(row - rows) : nrows + a->found[0].cause];
    if (kept->p) {
        put(out, kept->p, kept->n);
        return;
    }
    size_t from = begin(out, PIECE_MAX), flushes = out->flushes;
    put_member(out, "what", a->what);
    if (a->who[0])
        put_member(out, "who", a->who);
    put_member(out, "mends", a->mends);
    put_member(out, "next", a->next);
    if (a->provider[0])
        put_member(out, "provider", a->provider);
    if (a->ref[0]) {
        puts_(out, ",\"refs\":[");
        put_text(out, a->ref);
        put(out, "]", 1);
    }
    put(out, "}\n", 2);
    keep(out, from, flushes, kept);
}

static char *put_number(char *p, unsigned v)
{
    if (v > 9)
        p = put_number(p, v / 10);
    *p = (char)('0' + v % 10);
    return p + 1;
}

static void put_answer(struct jsonl_out *out, const struct cause_answer *a)
{
    char codes[80], *p = codes;
    put(out, ",", 1);
    put_named(out, &a->found[0]);
    put(out, ",\"causes\":[", 11);
    for (int i = 0; i < a->n; i++) {
        puts_(out, i ? ",{" : "{");
        put_named(out, &a->found[i]);
        put(out, "}", 1);
    }
    put_family(out, a->found[0].cause);
    if (a->code) {
        memcpy(p, ",\"code\":", 8);
        p = put_number(p + 8, (unsigned)a->code);
    }
    if (a->enhanced[0]) {
        memcpy(p, ",\"enhanced\":\"", 13);
        p += 13;
        for (int i = 0; i < 3; i++) {
            p = put_number(p, a->enhanced[i]);
            *p++ = i < 2 ? '.' : '"';
        }
    }
    put(out, codes, (size_t)(p - codes));
    put_told(out, a);
}

static uint64_t hash_of(const char *p, size_t n, uint64_t h)
{
    uint64_t v = 0;
    for (; n >= sizeof v; p += sizeof v, n -= sizeof v) {
        memcpy(&v, p, sizeof v);
        h = (h ^ v) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    v = 0;
    if (n)
        memcpy(&v, p, n);
    h = (h ^ v) * 0xd1b54a32d192ed03u;
    return h ^ h >> 32;
}

void jsonl_answer(struct jsonl_out *out, const struct jsonl_query *q)
{
    struct cause_answer a;
    bool pop3 = q->proto.n == 4 && !memcmp(q->proto.p, "pop3", 4);
    struct cause_question ask = {
        .proto = pop3 ? "pop3" : NULL,
        .stage = cause_stage_by_name(q->stage.p ? q->stage.p : "", q->stage.p ? q->stage.n : 0),
        .text = q->reply.p,
        .n = q->reply.n};
    put_id(out, q);
    uint64_t h = hash_of(ask.text, ask.n, (uint64_t)ask.n << 8 | (unsigned)ask.stage << 1 | pop3);
    struct memo *m = &out->memo[h % MEMO];
    if (m->answer_n && m->hash == h && m->reply_n == ask.n && m->stage == ask.stage &&
        m->pop3 == pop3 && !memcmp(m->room, ask.text, ask.n)) {
        put(out, m->room + m->reply_n, m->answer_n);
        return;
    }
    size_t from = begin(out, 4 * PIECE_MAX), flushes = out->flushes;
    cause_find(&ask, &a);
    put_answer(out, &a);
    uint32_t *sight = &out->sights[h / MEMO % SIGHTS], mine = (uint32_t)(h >> 32);
    size_t n = out->n - from;
    if (*sight == mine && out->flushes == flushes && ask.n + n <= MEMO_ROOM) {
        m->hash = h;
        m->reply_n = (uint16_t)ask.n;
        m->answer_n = (uint16_t)n;
        m->stage = (uint8_t)ask.stage;
        m->pop3 = pop3;
        memcpy(m->room, ask.text, ask.n);
        memcpy(m->room + ask.n, out->room + from, n);
    }
    *sight = mine;
}

struct jsonl_out *jsonl_out_new(FILE *file)
{
    struct jsonl_out *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    cause_rows(&o->ntold);
    o->ntold += CAUSES;
    o->file = file;
    o->told = calloc(o->ntold, sizeof *o->told);
    o->memo = calloc(MEMO, sizeof *o->memo);
    if (o->told && o->memo)
        return o;
    jsonl_out_free(o);
    return NULL;
}

void jsonl_out_free(struct jsonl_out *o)
{
    for (size_t c = 0; o && c < CAUSES; c++) {
        free(o->family[c].p);
        for (int sure = 0; sure <= CAUSE_CERTAIN; sure++)
            free(o->named[c][sure].p);
    }
    for (size_t i = 0; o && o->told && i < o->ntold; i++)
        free(o->told[i].p);
    if (o) {
        free(o->told);
        free(o->memo);
    }
    free(o);
}
