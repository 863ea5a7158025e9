/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The authenticating receiver: what the practice server concludes of a letter, and does about it.
 * RFC 7208, RFC 6376, RFC 9989 5.3, 7.2 (refuse in the session), RFC 8601 5 (forged results). */
#ifndef PRACTICE_RECEIVER_H
#define PRACTICE_RECEIVER_H

#include "heloscope/buf.h"

struct receiver;

enum receiver_does { RECEIVER_DELIVERS, RECEIVER_JUNKS, RECEIVER_REFUSES };

/* A letter as it came in. */
struct arrival {
    const char *ip, *helo, *mail_from;
    const char *text; /* lines end in CRLF */
    size_t n;
    bool judge; /* false: from somebody who logged in, or handed on behind the border */
};

struct receipt {
    enum receiver_does does;
    int code; /* RECEIVER_REFUSES: the reply, without its enhanced code */
    char enhanced[8];
    char text[400];  /* why, for the reply; "" where there is nothing to say */
    struct buf head; /* fields to be put in front */
    struct buf kept; /* the letter without forged results */
    size_t forged;   /* how many were taken out; 0: kept is empty, the letter stays as it is */
};

/* With the answers of a zone file, or (NULL) of the practice world's own zone, which is read when
 * the first letter comes. NULL: why. */
struct receiver *receiver_new(const char *zone, char *why, size_t size);
void receiver_free(struct receiver *r);
struct lab_choice;
/* Another zone file, for letters from now on; without one (NULL) the world's own with these choices
 * (NULL: the usual ones). False: why, and nothing has changed. */
bool receiver_dns(struct receiver *r, const char *zone, const struct lab_choice *c, char *why,
                  size_t size);
/* Another zone (a master file's text), for letters from now on. False: why, and nothing has
 * changed. */
bool receiver_zone(struct receiver *r, const char *text, size_t n, char *why, size_t size);
/* Fills *out; receipt_clear() later. */
void receiver_take(struct receiver *r, const struct arrival *a, struct receipt *out);
void receipt_clear(struct receipt *r);

#endif
