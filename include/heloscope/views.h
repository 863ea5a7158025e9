/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One letter seen four ways at once: what was said on the wire, what the letter claims, what its
 * reader is shown, and what the receiver concluded; then its text and its parts. As lines of text,
 * for a pane or a printer. */
#ifndef HELOSCOPE_VIEWS_H
#define HELOSCOPE_VIEWS_H

#include "heloscope/reader.h"

enum views_line {
    VIEWS_TITLE,   /* "Text": a part of a view */
    VIEWS_PLAIN,   /* label and text; no label: the letter's own text */
    VIEWS_WARNING, /* something to be wary of */
    VIEWS_NOTE,    /* what to think of it */
    VIEWS_VIEW,    /* "1  Said on the wire": one of the four begins */
};
typedef void views_fn(void *arg, enum views_line kind, const char *label, const char *text);

struct views_of {
    const char *text; /* the letter, with what the receiving server put before it */
    size_t n;
    const struct reader *reader; /* the same letter, opened */
    const char *const *domains;  /* that the reader knows, ended by NULL; may be NULL */
    const char *changed;         /* what is changed for the what-if, or NULL */
    const char *whatif;          /* the verdict then */
    const char *verdict; /* because-lines of the receiver, a line each; NULL: not judged here */
};
/* The four views, a line at a time. */
void views_tell(const struct views_of *v, views_fn *fn, void *arg);
/* The letter's parts, its text and all its header fields (as far as they are shown): they belong to
 * the third view, and stand behind all four where those are not beside each other. */
void views_body(const struct views_of *v, views_fn *fn, void *arg);

#endif
