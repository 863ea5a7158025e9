/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Tab could put into the command line, and the words around it: pure functions over the
 * driver's rows, the capabilities and what the talk knows. Without curses and readline. */
#ifndef HELOSCOPE_TUI_COMPLETE_H
#define HELOSCOPE_TUI_COMPLETE_H

#include "heloscope/caps.h"
#include "heloscope/proto.h"

/* How an address was used: who is offered first goes by it. */
enum address_kind { ADDRESS_FROM = 1, ADDRESS_TO = 2, ADDRESS_REFUSED = 4 };

struct complete_context {
    const struct proto *proto;
    const struct where *where;    /* the state in which the line will arrive: session_ahead() */
    const struct caps *caps;      /* NULL: not asked for yet */
    const char *const *addresses; /* known in this talk, newest first, then the practice accounts */
    const unsigned char *kinds;   /* bits of enum address_kind for each; NULL: unknown */
    size_t naddresses;
    const char *own;   /* a sender's address to begin with, or "" */
    const char *host;  /* the name to greet with */
    unsigned messages; /* in the maildrop, as far as it was told; 0: unknown */
};

#define COMPLETE_MAX 64

/* One candidate: the line from `start` on is replaced by text. */
struct completion {
    size_t start;
    char text[320];
};

/* The candidates for the line when the cursor stands at its end, the best first; returns how many
 * (at most max). */
size_t complete_find(const struct complete_context *c, const char *line, size_t n,
                     struct completion *out, size_t max);
/* The part of a candidate that is not typed yet ("" where it would change what is typed). */
const char *complete_ghost(const struct completion *k, const char *line, size_t n);

/* "RCPT  DATA(503)  RSET  NOOP  QUIT": legal verbs first, then what would be out of order with the
 * code it would get; as many as fit into width columns. Returns the length. */
size_t hint_legal(const struct complete_context *c, int width, char *out, size_t size);
/* One line about the command being typed: warnings, its form, what it is for. Empty line: what the
 * state means. */
size_t hint_line(const struct complete_context *c, const char *line, size_t n, char *out,
                 size_t size);
/* Makes it fit into so many columns, as far as leaving out a form's optional parameters
 * ("RCPT TO:<address> [...]") does. Returns its length. */
size_t hint_fit(char *hint, size_t n, int width);

#endif
