/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The specific cause behind a reply: a name from a closed vocabulary, how sure we are, and what
 * that means for the reader. Rows in src/know/causes/ (.def); an honest CAUSE_UNSPECIFIED is better
 * than a wrong specific cause. */
#ifndef HELOSCOPE_CAUSE_H
#define HELOSCOPE_CAUSE_H

#include "heloscope/source.h"
#include <stdio.h>

enum cause {
#define LABEL(id, name, family, means, next, mends) CAUSE_##id,
#include "heloscope/cause_labels.def"
#undef LABEL
    CAUSES
};

/* A label of the vocabulary. Strings are the program's. */
struct cause_label {
    const char *name;   /* "user-unknown": as in JSON */
    const char *family; /* "recipient" */
    const char *means;  /* one sentence without full stop */
    const char *next;   /* what to do */
    const char *mends;  /* who can mend it */
};
const struct cause_label *cause_label(enum cause);
/* By name, without case; CAUSES where there is none such. */
enum cause cause_by_name(const char *name, size_t n);

enum cause_sure { CAUSE_GUESS, CAUSE_LIKELY, CAUSE_CERTAIN };
/* "guess", "likely", "certain". */
const char *cause_sure_name(enum cause_sure);

/* Where in the talk the reply came. */
enum cause_stage {
    CAUSE_AT_UNKNOWN,
    CAUSE_AT_CONNECT,
    CAUSE_AT_HELO,
    CAUSE_AT_AUTH,
    CAUSE_AT_MAIL,
    CAUSE_AT_RCPT,
    CAUSE_AT_DATA,
    CAUSE_AT_EOM,
    CAUSE_STAGES
};
const char *cause_stage_name(enum cause_stage);
/* By name ("eom"), without case; CAUSE_AT_UNKNOWN where there is none such. */
enum cause_stage cause_stage_by_name(const char *name, size_t n);
/* From the verb that was answered: "RCPT", "(end of letter)", NULL. */
enum cause_stage cause_stage_of_verb(const char *verb);

/* A row of the tables. */
struct cause_row {
    enum cause cause;
    enum cause_sure sure;
    const char *match;    /* the pattern (src/know/cause_rows.h says how it reads) */
    const char *when;     /* codes and stages, or "" */
    const char *provider; /* "Google", "Postfix", or "" where it may be anybody */
    const char *what;     /* what it means, or "": the label's words do */
    const char *who;      /* who decided, or "" */
    const char *mends;    /* or "": the label's */
    const char *next;     /* or "": the label's */
    const char *ref;      /* where it is written, or "" */
};
const struct cause_row *cause_rows(size_t *n);

struct cause_question {
    const char *proto; /* "smtp", "lmtp", "pop3"; NULL: seen from the text */
    enum cause_stage stage;
    const char *text; /* the whole reply, lines ended by CRLF or LF; any octets */
    size_t n;
};
/* From a moment (a reply's) and its text. Borrows both. */
struct cause_question cause_question_of(const struct moment *m, const char *text, size_t n);

enum { CAUSE_FOUND_MAX = 4 };
struct cause_found {
    enum cause cause;
    enum cause_sure sure;
    const struct cause_row *row; /* NULL: from the codes alone */
    unsigned strength;           /* what the order goes by; two causes alike are a tie */
};
/* Never empty: found[0] is the best. No string is NULL; they are the tables'. */
struct cause_answer {
    int n;
    struct cause_found found[CAUSE_FOUND_MAX];
    int code;                                    /* basic code, 0: none */
    unsigned enhanced[3];                        /* class 0: none */
    const char *provider;                        /* whose wording it is, or "" */
    const char *what, *who, *mends, *next, *ref; /* for found[0] */
    bool cut; /* the text was longer than CAUSE_TEXT_MAX: its rest was not read */
};
enum { CAUSE_TEXT_MAX = 8192 };

/* Finds the causes of a reply. Never fails, whatever the text. */
void cause_find(const struct cause_question *q, struct cause_answer *out);

/* Batch: reads {"id","protocol","stage","reply"} a line, writes {"id","cause","causes",...} a line,
 * in order. A line that is no such object is answered by {"id":null,"error":...}. *good and *bad
 * (or NULL) count them. False: `out` could not be written, or `in` could not be read. */
bool cause_jsonl(FILE *in, FILE *out, size_t *good, size_t *bad);

#endif
