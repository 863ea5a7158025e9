/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between annotate.c, which reads, and the writers of annot_text.c and annot_page.c. */
#ifndef HELOSCOPE_KNOW_ANNOT_H
#define HELOSCOPE_KNOW_ANNOT_H

#include "core/logtext.h"
#include "heloscope/annotate.h"
#include "heloscope/cause.h"
#include "heloscope/know.h"

/* A line to be shown. */
struct annot_line {
    enum log_kind kind;
    enum item_mark mark; /* of the reply it belongs to */
    bool letter;         /* of a letter or a body: there may be millions of them */
    struct span prefix;  /* the recording's own mark: "<-  "; empty where the text was quoted */
    struct span text;    /* masked */
    bool quoted;         /* was taken out of a Python string or JSON */
    uint64_t left;       /* octets of an overlong line that are not shown */
};

/* A command or reply with what is known about it. */
struct annot {
    enum item_kind kind;
    enum item_mark mark;
    const struct moment *m;
    const struct explanation *e; /* strings may be "" */
    const char *verb, *remark;   /* remark: a decoded login, or NULL */
    enum cause_stage stage;
    bool caused; /* a reply: `cause` is filled */
    struct cause_answer cause;
    struct span recipient; /* of a log line or DSN */
    struct span text;      /* all lines, masked, ended by LF */
};

struct annot_writer {
    const char *(*head)(const struct annotate_options *);
    void (*line)(const struct annotate_options *, struct buf *, const struct annot_line *);
    /* again: the same was said in full before */
    void (*event)(const struct annotate_options *, struct buf *, const struct annot *, bool again);
    const char *(*foot)(const struct annotate_options *);
};
extern const struct annot_writer annot_text, annot_plain, annot_json_writer, annot_html,
    annot_markdown;

/* annot_page.c: text into a page of HTML, and into a cell of a Markdown table: harmless to the
 * terminal, and nothing in it is taken for markup. */
void page_html(struct buf *b, const char *p, size_t n);
void page_cell(struct buf *b, const char *p, size_t n);

/* The sentences of an event, the cause's before the code's. */
const char *annot_what(const struct annot *);
const char *annot_who(const struct annot *);
const char *annot_mends(const struct annot *);
const char *annot_next(const struct annot *);
const char *annot_ref(const struct annot *);
const char *annot_class(const struct annot *);
/* Is it a reply that did not do what was wanted? */
bool annot_bad(const struct annot *);
/* The next capability of an EHLO or CAPA reply in words; *at: where to go on, 0 first. False: no
 * more. */
bool annot_cap(const struct annot *, size_t *at, char *out, size_t size);

#endif
