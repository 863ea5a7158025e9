/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the drivers share when they read a client's line. */
#ifndef HELOSCOPE_PROTO_LINE_H
#define HELOSCOPE_PROTO_LINE_H

#include "heloscope/proto.h"

/* Fills *out with the verb's row (NULL if unknown), its name, the arguments' offset and one reply
 * owed. Blanks before the verb are skipped: whoever types them means the verb, and its secret is
 * one all the same. */
void line_verb(const struct proto *p, const char *line, size_t n, struct command *out);
/* The k-th word (0 first) at or after `from`: its offset and length. False: there is none. */
bool line_word(const char *line, size_t n, size_t from, unsigned k, size_t *at, size_t *len);
/* The line from `at` to its end is a secret. */
void line_secret(struct command *out, size_t at, size_t n);
/* AUTH mechanism [initial-response]: mechanism, initial, secret. */
void line_auth(const char *line, size_t n, struct command *out);
/* The whole line answers a challenge of `open` (NULL: which is not known). A lone "*" cancels and
 * is no secret. */
void line_answer(const struct proto *p, const struct command *open, const char *line, size_t n,
                 struct command *out);
/* A line with an unknown verb may hold a secret all the same: a slip in PASS or AUTH, another
 * protocol's login, an answer typed ahead of a challenge that never came (open). */
void line_guess_secret(const struct command *open, const char *line, size_t n, struct command *out);
/* How many messages the client sends in a mechanism; 1 where it is not known. */
unsigned line_messages(const char *mechanism);

#endif
