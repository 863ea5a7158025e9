/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * term_scan.h: reads the raw bytes a program wrote and remembers what libvterm does not tell:
 * which private modes are on, how many sequences set a colour, what OSC carried. Used by term.c.
 * Sequences after ECMA-48 5.4 (CSI), 8.3.89 (OSC), 8.3.117 (SGR).
 */
#ifndef TESTS_SCREEN_TERM_SCAN_H
#define TESTS_SCREEN_TERM_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define SCAN_MODES 64
#define SCAN_OSCS 8

struct term_scan {
    int state;
    unsigned char before; /* the byte before this one */
    char seq[256];        /* parameters of the sequence in work; cut there, never beyond */
    size_t nseq;
    char *osc; /* text of the OSC in work, at most 1 MB */
    size_t nosc, osc_cap;
    struct {
        int number;
        bool on;
    } mode[SCAN_MODES];
    size_t nmodes;
    struct {
        int number;
        char *text;
    } oscs[SCAN_OSCS];
    size_t noscs;
    bool keypad;                       /* ESC = was the last of ESC = and ESC > */
    bool sgr;                          /* some attribute is set */
    bool charset;                      /* shifted out (SO) */
    size_t colours, escapes, controls; /* counted since term_mark() */
};

void term_scan_clear(struct term_scan *s);
void term_scan_feed(struct term_scan *s, const char *bytes, size_t n);
bool term_scan_mode(const struct term_scan *s, int mode);
/* Modes that differ from a fresh terminal's, as "?1h ?2004h ESC="; cut to n. */
void term_scan_left(const struct term_scan *s, char *out, size_t n);

#endif
