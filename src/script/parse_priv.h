/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the reader share: parse.c has lines, files and words, parse_args.c what follows
 * a word. */
#ifndef HELOSCOPE_SCRIPT_PARSE_PRIV_H
#define HELOSCOPE_SCRIPT_PARSE_PRIV_H

#include "script/script_priv.h"

struct reader {
    struct script *s;
    struct script_vars known; /* names that are set before this line; no values */
    bool files;               /* may files be read? */
    enum fault fault;
    int sys_errno; /* why a file cannot be read */
    char *why;
    size_t size;
    /* The file in hand. */
    unsigned file, line;
    const char *p, *end; /* what is not read yet */
    unsigned depth;
    size_t open[NEST_MAX], nopen; /* `for` and `together` without their `end` */
};

/* parse.c */
/* A mistake: "file:line: ...". Always false. */
bool parse_bad(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says what the word wants. Always false. */
bool parse_wants(struct reader *r, enum word w);
/* Are the variables in a text set by then? */
bool parse_known(struct reader *r, const char *text, size_t n, bool quote);
bool parse_text(struct reader *r, struct step *st, const char *p, size_t n);
/* The next line of the file without its end; false: there is none. */
bool parse_line(struct reader *r, const char **line, size_t *n);
/* A file beside the script; and all of a file (NULL: told). */
char *parse_beside(const struct reader *r, const char *p, size_t n);
char *parse_slurp(struct reader *r, const char *path, size_t *n);

/* parse_args.c: what stands from p to end. */
bool parse_name(struct reader *r, const char **p, const char *end, char **name);
bool parse_define(struct reader *r, const char *name);
bool parse_raw(struct reader *r, struct step *st, const char *p, const char *end);
bool parse_letter(struct reader *r, struct step *st, const char *p, const char *end);
bool parse_for(struct reader *r, struct step *st, const char *p, const char *end);
bool parse_seconds(struct reader *r, struct step *st, const char *p, const char *end);
bool parse_retr(struct reader *r, struct step *st, const char *p, const char *end);
bool parse_auth(struct reader *r, struct step *st, const char *p, const char *end);

/* ---- words of a line ---- */

static inline bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline size_t word_len(const char *p, const char *end)
{
    const char *q = p;
    while (q < end && !blank(*q))
        q++;
    return (size_t)(q - p);
}

static inline const char *skip(const char *p, const char *end)
{
    while (p < end && blank(*p))
        p++;
    return p;
}

#endif
