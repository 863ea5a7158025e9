/* SPDX-License-Identifier: GPL-3.0-or-later */
/* term_in.h: the insides of struct term, for term*.c only. */
#ifndef TESTS_SCREEN_TERM_IN_H
#define TESTS_SCREEN_TERM_IN_H

#include "term.h"
#include "term_scan.h"

#include <vterm.h>

#define TERM_RAW_CEILING ((size_t)64 * 1024 * 1024)

struct term {
    struct term *next; /* all that are there, for term_stop_all() */
    int master, slave; /* the slave stays open: its settings can be read after the program's end */
    pid_t pid;
    bool ended;
    int status; /* of waitpid, once ended */
    struct termios before, after;
    char home[512];
    bool own_home;
    VTerm *vt;
    VTermScreen *screen;
    int rows, cols;
    bool altscreen, cursor_visible;
    char title[256];
    struct term_scan scan;
    char *raw;
    size_t raw_n, raw_cap;
    size_t written;
    int64_t t_start, t_first, t_last, t_key, t_echo;
    char *text; /* term_screen() */
    size_t text_cap;
    char left[512], difference[512];
};

/* Print the message and the screen, then term_fail. */
__attribute__((format(printf, 4, 5))) void term_failed(struct term *t, const char *file, int line,
                                                       const char *format, ...);
/* Write all to the program, reading meanwhile so that neither side blocks. */
void term_write(struct term *t, const char *bytes, size_t n);
/* Read what is there without waiting; true when something came. */
bool term_read(struct term *t);
/* Take note of the program's end without waiting. */
void term_reap(struct term *t);

#endif
