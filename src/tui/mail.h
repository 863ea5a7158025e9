/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox of one tab: the list, and the letter that is read. */
#ifndef HELOSCOPE_TUI_MAIL_H
#define HELOSCOPE_TUI_MAIL_H

#include "tui/ui.h"
#include "heloscope/maildrop.h"
#include "heloscope/views.h"
#include "heloscope/whatif.h"

struct mail_line {
    enum views_line kind;
    char *label, *text;
    int rows; /* at mailview.width */
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
    int width, rows, scroll;
};

#endif
