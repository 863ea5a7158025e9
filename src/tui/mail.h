/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox of one tab: the list, and the letter that is read. */
#ifndef HELOSCOPE_TUI_MAIL_H
#define HELOSCOPE_TUI_MAIL_H

#include "tui/ui.h"
#include "heloscope/maildrop.h"
#include "heloscope/views.h"
#include "heloscope/whatif.h"

enum { MAIL_VIEWS = 4 };

struct mail_line {
    enum views_line kind;
    int view; /* 0 to 3 */
    char *label, *text;
    int rows; /* where it was drawn last */
};

/* How a letter is drawn: its views one below the other, beside each other, or one of them alone. */
enum mail_shape { MAIL_STACKED, MAIL_GRID, MAIL_ONE };

/* A window onto a view, or onto all of them. */
struct mail_pane {
    int rows, scroll, h; /* h: as it was drawn */
};

struct mailview {
    struct maildrop *drop; /* NULL: logging in */
    char account[64];      /* practice: who logs in by itself; "" nobody */
    unsigned step;         /* of that */
    bool opening;          /* what is sent then is reported at once */
    size_t selected, top;
    bool waiting; /* for the letter that was asked for */
    bool eager;   /* Enter came before the list: the selected letter is opened then */
    bool reading;
    size_t row; /* of the letter that is read */
    struct whatif whatif;
    struct reader reader;
    bool there; /* a letter is: reader and text hold it */
    bool cut;   /* there was more of it */
    struct buf text;
    struct mail_line *lines;
    size_t nlines;
    int adding; /* the view that lines are added to */
    int width;  /* the lines' rows are those of this width and shape; 0: of none */
    enum mail_shape shape;
    struct mail_pane stack, view[MAIL_VIEWS];
    int at;        /* the view with the focus */
    bool scrolled; /* below each other: `at` is that of the uppermost row */
};

/* Draws the letter that is read; where its cursor belongs. */
void mail_letter_draw(struct ui *ui, struct mailview *m, struct rect r, int *y, int *x);
/* To view v (0 to 3). */
void mail_to_view(struct mailview *m, int v);

#endif
