/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transcript pane's state, shared by talk.c (where one stands), talkrow.c (what stands where)
 * and talkdraw.c. A place is (item, line, row): there is no map of all rows, so a body of millions
 * of lines costs what is shown of it. */
#ifndef HELOSCOPE_TUI_TALK_PRIV_H
#define HELOSCOPE_TUI_TALK_PRIV_H

#include "tui/panes.h"
#include "tui/theme.h"

#define NO_ITEM ((size_t)-1)
#define SHOWN_MAX 16384  /* octets of one line that are wrapped; the rest is counted aloud */
#define UNFOLDED_LINES 8 /* a refusal of so many lines is shown whole */
#define SKIP_MAX 200000  /* items that a filter passes over in one step */
#define NOTES_MAX 2

/* A row on the screen. Rows of a line's wrapped text first; behind an item's last line, its notes.
 */
struct pos {
    size_t item;
    uint64_t line;
    int row;
};

struct talk {
    const struct source *src;
    size_t sel;        /* the selected item */
    uint64_t sel_line; /* and its line; 0 while it is folded */
    bool tail;         /* stands on the newest one and goes with it */
    struct pos top;    /* the first row in view */
    enum filter filter;
    struct search *search;
    size_t *flipped; /* items whose fold is not the usual one, ascending */
    size_t nflipped, room;
    /* how it was drawn last: rows depend on it */
    int w, h, digits;
    enum annotate annotate;
    bool present; /* before a class: not even remarks while nothing is to be explained */
    int cursor_y, cursor_x;
    /* the last server reply, by generation */
    uint64_t seen;
    bool seen_any;
    size_t newest;
};

/* A line of an item with everything that decides how many rows it takes. */
struct block {
    struct item it;
    size_t item;
    uint64_t line, lines; /* lines: that are shown of the item (1: folded) */
    struct span text;     /* what is drawn of the line; points into the source or into raw */
    size_t hidden;        /* octets beyond SHOWN_MAX */
    bool folded;          /* one row, cut, stands for several lines */
    char tag[48];         /* at the right end of the first row */
    int x, w;             /* where the text begins, and its columns */
    int first_w;          /* ... of the first row, beside the tag */
    int text_rows, rows;  /* rows of text; with notes */
    char notes[NOTES_MAX][256];
    int nnotes;
    bool last; /* the item's last line */
};

/* talkrow.c. False: there is no such line. raw: room for ANNOTATE_RAW's escaped text. */
bool talk_block(struct talk *t, size_t item, uint64_t line, struct block *b);
/* The next or previous item that passes the filter, from item (itself too if `at`). NO_ITEM: there
 * is none. */
size_t talk_item_next(struct talk *t, size_t item, bool at);
size_t talk_item_prev(struct talk *t, size_t item, bool at);
bool talk_folded(struct talk *t, size_t item, const struct item *it);
/* Lines that are shown of it. */
uint64_t talk_lines(struct talk *t, size_t item);
/* Moves a place by rows, down (> 0) or up (< 0); returns how many rows it could not. */
int talk_rows_move(struct talk *t, struct pos *p, int rows);
/* Sets top so that the selection is in view. */
void talk_show(struct talk *t);
/* Stands on the newest item that is known. */
void talk_follow(struct talk *t);
enum role talk_role(const struct item *it);

#endif
