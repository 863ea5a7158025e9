/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the script share: a script is a row of steps; `for` and `together` know where
 * they end. parse.c makes it, run.c carries it out, match.c judges a reply. */
#ifndef HELOSCOPE_SCRIPT_PRIV_H
#define HELOSCOPE_SCRIPT_PRIV_H

#include "heloscope/buf.h"
#include "heloscope/script.h"
#include "core/lazy/pcre2.gen.h"

#define SCRIPT_MAX ((size_t)4 << 20) /* octets of one file */
#define STEPS_MAX 100000
#define NEST_MAX 8
#define INCLUDE_MAX 8
#define VALUES_MAX 100000 /* of one `for` */

enum word {
#define WORD(id, name, shape, form, does) WORD_##id,
#include "script/words.def"
    WORDS
};

/* How the arguments of a word are read. */
enum shape {
    SHAPE_NONE,
    SHAPE_LINE,
    SHAPE_REST,    /* the rest of the line, not empty */
    SHAPE_RAW,     /* the same with escapes */
    SHAPE_EXPECT,  /* [CODE] [/REGEX/] */
    SHAPE_CAPTURE, /* NAME /REGEX/ */
    SHAPE_SET,     /* NAME VALUE */
    SHAPE_FOR,
    SHAPE_AUTH,
    SHAPE_FILE, /* FILE or <<WORD */
    SHAPE_BDAT, /* the same behind [more] */
    SHAPE_SECONDS,
    SHAPE_RETR,
    SHAPE_TARGET,
    SHAPE_INCLUDE,
};

/* What a reply must be. */
struct match {
    char codes[64]; /* "250|25z", "closed", "" for any */
    char *regex;    /* or NULL */
    bool caseless;
    pcre2_code *code; /* compiled, where it holds no variable */
};
/* Reads "[CODE] [/REGEX/[i]]" of n octets. False: why. */
bool match_parse(struct match *m, const char *text, size_t n, bool want_code, char *why,
                 size_t size);
void match_clear(struct match *m);
bool match_code(const struct match *m, const char *line, size_t n);
/* Looks for the expression in text. False with why empty: not found. With found the first group (or
 * all that matched) is appended. */
bool match_text(const struct match *m, const struct script_vars *v, const char *text, size_t n,
                struct buf *found, char *why, size_t size);

struct step {
    enum word word;
    unsigned file; /* script->files[] */
    unsigned line;
    char *text; /* the main argument */
    size_t n;
    char *name; /* variable; mechanism */
    struct match match;
    size_t jump; /* `for`, `together`: its `end`; `end`: what it ends */
    char **values;
    size_t nvalues;
    double seconds;
    unsigned long first, last; /* retr; first 0: name tells, last 0: to the last message */
    bool judged;               /* an `expect` follows: it tells whether this went well */
    bool here;                 /* text is the letter itself, not a file's name */
    bool more;                 /* bdat */
};

struct script {
    struct step *steps;
    size_t n, cap;
    char **files;
    size_t nfiles;
    char *target;
    size_t expectations;
};

/* retr.c: fetching messages. */
struct retr;
struct retr *retr_new(struct session *s, const char *file, unsigned long first, unsigned long last);
/* Sends what may be sent. 1: all of them are there, 0: not yet, -1: a file cannot be written, or a
 * message was refused; why. */
int retr_work(struct retr *r, char *why, size_t size);
/* Gives the session its bodies back. */
void retr_free(struct retr *r);

/* "3", "3-7", "3-", "all". */
bool script_numbers(const char *text, unsigned long *first, unsigned long *last);
bool script_is_name(const char *p, size_t n);

#endif
