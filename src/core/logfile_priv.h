/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An opened file, shared by logfile.c (small talks) and logbig.c (the lazy view). */
#ifndef HELOSCOPE_LOGFILE_PRIV_H
#define HELOSCOPE_LOGFILE_PRIV_H

#include "heloscope/logfile.h"
#include "heloscope/loop.h"
#include "heloscope/search.h"
#include "heloscope/transcript.h"
#include "logtext.h"
#include "mapfile.h"

#define STARTS 256 /* remembered line starts */

struct talk;

/* Some lines around the one looked at, read through the driver. */
struct window {
    struct transcript *transcript;
    struct talk *talk;
    uint64_t from, to; /* lines [from, to) */
    struct window_line *line;
    size_t cap, last, last_lines; /* the entry fed last, and how many lines it had then */
};

/* A file's line: n lines of an entry (TALK_NONE: of none), from its line k on. */
struct window_line {
    size_t entry;
    uint64_t k, n;
};

struct logfile {
    struct loop *loop;
    void (*changed)(void *arg);
    void *arg;
    struct mapfile map;
    struct logtext kind;
    struct transcript *transcript; /* a small talk; NULL: the view below */
    struct source source;
    struct lineindex index;
    bool done; /* the index is whole */
    struct watch *idle;
    uint64_t generation;
    struct {
        uint64_t line, at; /* line + 1, so that 0 is none */
    } starts[STARTS];
    struct window window;
    struct buf plain, plain_window; /* a line without its colours, lent out */
    size_t bom;                     /* octets of a mark of UTF-8 at the beginning */
    bool quoted; /* what was said is in the lines, but not as it stands: Python, JSON, a page */
    struct {
        uint64_t line; /* + 1, so that 0 is none */
        bool any;
        struct moment moment;
        struct buf text;
    } lone; /* the reply of the line asked last (loglone.h) */
    struct search *problem;
    struct buf shown; /* a masked line, lent out */
    bool torn;
};

/* One line into the talk; number: which line it is, for messages. */
void logfile_feed(const struct logfile *f, struct talk *talk, uint64_t number, const char *p,
                  size_t n);
void logbig_open(struct logfile *f);
void logbig_close(struct logfile *f);

#endif
