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
    size_t *entry;     /* for each of them its entry, or TALK_NONE */
    bool *first;       /* is it the entry's first line? */
    size_t cap;
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
    struct search *problem;
    struct buf shown; /* a masked line, lent out */
    bool torn;
};

void logbig_open(struct logfile *f);
void logbig_close(struct logfile *f);

#endif
