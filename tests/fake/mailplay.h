/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plays the one-line mail against a script: what the tests of it share. */
#ifndef TESTS_FAKE_MAILPLAY_H
#define TESTS_FAKE_MAILPLAY_H

#include "tests/support/check.h"
#include "fakeserver.h"
#include "heloscope/mail.h"

#include <string.h>

#define HELLO SEND("220 mail.example ESMTP\r\n"), EXPECT("EHLO me.example")
#define CAPS(more) SEND("250-mail.example\r\n" more "250 HELP\r\n")
#define PIPE "250-PIPELINING\r\n"

struct given {
    const char *text;
    size_t at, n;
    bool breaks; /* the letter cannot be read to its end */
};
extern struct given given; /* the letter; no text: a small one */
extern char *said;         /* what the client sent */
extern size_t said_n;
extern size_t flights; /* in how many reads it came */
extern char *talk;     /* the transcript's lines */
extern char why[500];
extern unsigned long accepted;
extern int patience; /* ms */

/* Plays the script (stage MAIL_STAGES: by LMTP); the mail's status. */
int play(const struct fake_step *script, struct mail_options o);
/* The same with certificates for STARTTLS; they are not verified. */
int play_tls(const struct fake_step *script, struct fake_cert *const *certs, struct mail_options o);
void play_clear(void);

#endif
