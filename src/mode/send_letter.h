/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The letter that `heloscope send` sends: made of the options, or a file as it stands. */
#ifndef HELOSCOPE_MODE_SEND_LETTER_H
#define HELOSCOPE_MODE_SEND_LETTER_H

#include "heloscope/compose.h"
#include "heloscope/fault.h"
#include "heloscope/mail.h"
#include "mode/mode.h"

struct send_letter {
    struct compose compose;
    const char *attach[WORDS_MAX];
    struct buf body, text; /* text: the letter in hand, or all of --data where it is small */
    const char *path;      /* --data, where it is read as it is sent */
    uint64_t size;         /* of it, with CRLF, as far as its beginning tells */
    bool eightbit;
    bool fixed; /* text is the same for every mail */
};
/* Looks at the files. Anything but FAULT_NONE: why. */
enum fault send_letter_init(struct send_letter *l, const struct args *a, const char *from,
                            const char *const *to, size_t nto, const char *host, char *why,
                            size_t size);
void send_letter_clear(struct send_letter *l);
/* Mail `number`. *fd is where a big letter is read from (opened anew, the old one closed); each
 * connection has its own. */
bool send_letter_get(struct send_letter *l, int *fd, unsigned long number, struct mail_letter *out,
                     char *why, size_t size);

#endif
