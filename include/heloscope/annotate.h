/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording of any length, read once from front to back and written out with its explanations:
 * `heloscope explain`. Memory does not grow with the input. Secrets are masked. */
#ifndef HELOSCOPE_ANNOTATE_H
#define HELOSCOPE_ANNOTATE_H

#include "heloscope/buf.h"
#include "heloscope/source.h"
#include <stdint.h>

enum annotate_as {
    ANNOTATE_TEXT,     /* each line as it stands, its meaning behind "   | " under it */
    ANNOTATE_PLAIN,    /* for a screen reader: who speaks in words, nothing to be seen only */
    ANNOTATE_JSON,     /* one object for each event (docs: JSON lines) */
    ANNOTATE_HTML,     /* one page that needs nothing else, dark and light */
    ANNOTATE_MARKDOWN, /* a table */
};

struct annotate_options {
    enum annotate_as as;
    const char *format; /* how the input is written (logtext_names()); NULL: seen from it */
    const char *title;  /* of the page, or NULL */
    bool color;         /* ANNOTATE_TEXT: with colours, for a terminal */
    bool blank;         /* ANNOTATE_MARKDOWN: the column of explanations stays empty */
    bool show_secrets;  /* nothing is masked */
    bool (*write)(void *arg, const char *p, size_t n); /* false: it failed, and all ends */
    void *arg;
};

struct annotator;
/* NULL: the format's name is unknown; why holds one clear line. */
struct annotator *annotate_new(const struct annotate_options *o, char *why, size_t size);
void annotate_free(struct annotator *a);
/* Where the next octets go: at least 64 KiB; then annotate_took(). False: writing failed, or the
 * input is none that can be read (annotate_why()). */
char *annotate_room(struct annotator *a, size_t *n);
bool annotate_took(struct annotator *a, size_t n);
/* The input is over. */
bool annotate_end(struct annotator *a);
/* How many replies were explained. */
uint64_t annotate_explained(const struct annotator *a);
/* What the input was taken for: "swaks"; "none". */
const char *annotate_format_name(const struct annotator *a);
/* Why the input cannot be read, or "". */
const char *annotate_why(const struct annotator *a);
/* The names for --format. */
const char *annotate_formats(void);

#endif
