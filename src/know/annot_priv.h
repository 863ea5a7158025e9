/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One reader's state, shared by annotate.c (blocks, lines), annot_talk.c (what a line of a talk
 * means, remembered) and annot_lines.c (lines that are no talk as they stand). */
#ifndef HELOSCOPE_KNOW_ANNOT_PRIV_H
#define HELOSCOPE_KNOW_ANNOT_PRIV_H

#include "core/loglone.h"
#include "core/talk.h"
#include "heloscope/harmless.h"
#include "know/annot.h"

#include <string.h>

#define IN_SIZE (512u << 10)
#define LOOK (256u << 10) /* octets from which the format is told */
#define LINE_SHOWN 65536u /* of a longer line the rest is counted */
#define UNIT_MAX 65536u   /* a reply of several lines is looked at as one up to this */
#define UNIT_LINES 4096u
#define OUT_SIZE (256u << 10)
#define STATES 1024
#define SLOTS 8192 /* power of two */
#define KEY_MAX 2048
#define ADDRESS_LINE 512
#define ARENA (2u << 20)
#define SEEN 4096 /* explanations that were given in full */
#define NO_STATE UINT32_MAX

struct known { /* 64 octets at most: one line of the cache */
    uint64_t hash;
    uint32_t from, to; /* states; to: NO_STATE is never kept */
    uint64_t literal;
    uint32_t key, lines, note; /* in the arena */
    uint16_t key_n;
    uint16_t follow;  /* 1 + the slot of what came next when this came last; 0: not known */
    uint32_t lines_n; /* what is written of the octets themselves; 0: they as they stand */
    uint32_t note_n;
    uint32_t secrets; /* how many secrets there ever were when it was known to hold none */
    uint8_t explained;
    bool used;
    bool raw;      /* the lines are written as they came */
    uint8_t form;  /* enum known_form */
    uint16_t head; /* in the key: FORM_ADDRESS: where the address stood; FORM_SUCCESS: the text */
};

/* How annot_quick() knows it again; 0: not at all. */
enum known_form { FORM_WHOLE = 1, FORM_ADDRESS, FORM_SUCCESS };

struct where_line { /* where the talk put a line */
    size_t entry, k;
    struct span prefix;
};

struct annotator {
    struct annotate_options o;
    const struct annot_writer *w;
    struct logtext kind;
    bool detected, failed, has_talk;
    bool colon; /* the marks are "C:" and "S:" */
    char why[200];
    char *in;
    size_t from, to; /* of `in`: not looked at yet */
    size_t plain;    /* up to here colours were taken out */
    char *out;
    size_t out_n;
    struct buf lines, note;               /* what a slow step has to say */
    struct buf shown;                     /* all lines of an event */
    uint64_t explained, line_no, skipped; /* skipped: octets of an overlong line so far */
    bool skipping;
    struct annot_line skip;

    struct talk talk;
    struct transcript *t;
    size_t next_event; /* of the transcript's entries, the first that was not explained */
    struct talk_view view;
    uint32_t state; /* NO_STATE: only `talk` knows it */
    uint64_t literal;
    struct talk_state *states[STATES];
    size_t state_size[STATES];
    struct talk_view views[STATES];
    uint32_t nstates;
    struct known *known;
    bool quick;    /* annot_quick() may go before */
    uint16_t last; /* 1 + the slot of the last command or reply; 0: not known */
    char *arena;
    uint32_t arena_n;
    uint64_t seen[SEEN];
    struct where_line *at; /* UNIT_LINES of them */

    struct loglone lone; /* of a style that has lone replies */
};

/* annotate.c */
void annot_put_slow(struct annotator *a, const char *p, size_t n);
static inline void annot_put(struct annotator *a, const char *p, size_t n)
{
    if (n > OUT_SIZE - a->out_n) {
        annot_put_slow(a, p, n);
        return;
    }
    if (n)
        memcpy(a->out + a->out_n, p, n);
    a->out_n += n;
}
/* A line that stands for itself, as it came. */
void annot_raw(struct annotator *a, enum log_kind kind, bool letter, const char *raw, size_t n,
               const struct span *text);

void annot_line(struct annotator *a, const struct annot_line *l);
/* TLS is there before the talk begins. */
void annot_secured(struct annotator *a);
/* A line of no talk; logins that it quotes are masked. */
void annot_plain_text(struct annotator *a, enum log_kind kind, const char *p, size_t n);
/* Something that we have to say ourselves. */
void annot_ours(struct annotator *a, const char *words);

/* Does the reply answer CAPA in this state? Its body is looked at as one with it. */
bool annot_caps_answer(const struct annotator *a, uint32_t state, const char *p, size_t n);

/* annot_lines.c */
/* A line of a style that is no talk as it stands. */
void annot_other_line(struct annotator *a, const char *p, size_t n);
void annot_other_end(struct annotator *a);

/* annot_talk.c */
/* lf: p[n] is the unit's LF. one: it is one line. */
void annot_unit(struct annotator *a, enum log_kind kind, const char *p, size_t n, size_t text_at,
                bool lf, bool one);
/* A line taken out of a quotation, or (p NULL) a line of JSON that logjson_feed() reads. */
void annot_quoted(struct annotator *a, enum log_kind kind, const char *p, size_t n);
bool annot_json(struct annotator *a, const char *p, size_t n, char *why, size_t size);
void annot_lone(struct annotator *a, const struct lone *one);
/* What is still open is explained as far as it came. */
void annot_finish(struct annotator *a);
void annot_forget(struct annotator *a);
void annot_begin(struct annotator *a);

/* annot_quick.c */
/* Goes on from p with lines that were met before in the same order, and letters; returns where
 * others begin. */
const char *annot_quick(struct annotator *a, const char *p, const char *end);
/* How `k`, a command or reply of n octets at p, is to be known again. */
void annot_quick_form(const struct annotator *a, struct known *k, enum log_kind kind, const char *p,
                      size_t n, size_t text_at, bool as_they_stand);
/* For the tests: nothing goes the quick way. */
extern bool annot_careful;
/* What is left of a command when the address in it is taken out; 0: not of that form. */
size_t annot_address_key(const char *p, size_t n, char key[ADDRESS_LINE]);
/* How far a success of one line says what it means; 0: not of that form. */
size_t annot_success_key(const char *p, size_t n);

/* A line of a reply that goes on in the next one. */
static inline bool annot_more_follows(const char *p, size_t n)
{
    return n > 3 && p[3] == '-' && p[0] >= '2' && p[0] <= '5' && p[1] >= '0' && p[1] <= '9' &&
           p[2] >= '0' && p[2] <= '9';
}

static inline uint64_t annot_eight(const char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

#endif
