/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults on demand: the practice servers fail as real servers do. What each fault is stands in
 * troubles.def; here is which are on, and what they say at a place of the conversation. */
#ifndef PRACTICE_TROUBLE_H
#define PRACTICE_TROUBLE_H

#include "heloscope/practice.h"

enum trouble {
#define TROUBLE(id, ...) TROUBLE_##id,
#include "practice/troubles.def"
    TROUBLES
};

enum trouble_place { AT_BANNER, AT_VERB, AT_DOT, AT_LOGIN, AT_COUNT, ELSEWHERE };

struct trouble_row {
    const char *name, *value; /* value: what the number counts, "" where there is none */
    unsigned usual, least, most;
    enum trouble_place place;
    const char *verb, *smtp, *pop3;
    bool closes;
    const char *what, *ref;
};
extern const struct trouble_row trouble_rows[TROUBLES];

struct troubles {
    bool on[TROUBLES];
    unsigned value[TROUBLES];
};

/* "greylist slow=200,no-ptr" turns these on; "off" turns all off first. False: why holds a
 * sentence, and *t is as it was. */
bool troubles_parse(struct troubles *t, const char *text, char *why, size_t size);
/* What a reply's %R, %S, %C and %N stand for. */
struct trouble_about {
    const char *recipient, *sender, *client;
    unsigned value;
};
/* A row's reply with these filled in, without CRLF. Octets of strangers are shortened. */
void trouble_reply(const char *reply, const struct trouble_about *a, char *out, size_t size);

#endif
