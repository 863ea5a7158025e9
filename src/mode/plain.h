/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An item of the talk in plain lines, and logging in without a screen. */
#ifndef HELOSCOPE_MODE_PLAIN_H
#define HELOSCOPE_MODE_PLAIN_H

#include "heloscope/login.h"
#include "heloscope/transcript.h"
#include "heloscope/session.h"
#include <stdio.h>

/* Prints item i with its explanation: printable text only, whatever the other end sent. */
void plain_item(FILE *to, const struct source *src, size_t i);
/* A reply whose body is long is printed as it comes, and not kept: prints the whole lines of item i
 * that are there and takes them out of the transcript, but for the first. *told: the first was
 * printed (false to begin with). False: nothing to do yet. */
bool plain_stream(FILE *to, struct transcript *t, size_t i, bool *told);
/* The rest of such an item, and its explanation. */
void plain_rest(FILE *to, const struct source *src, size_t i);

/* Asks at the terminal, without echo, into a secret buffer. False: there is no terminal, or nothing
 * was typed. */
bool plain_secret(const char *question, struct buf *out);
bool plain_has_terminal(void);
/* From where the options say, or asked for. False: why. */
bool plain_get_secret(const struct login_options *o, enum sasl_wants wants, const char *user,
                      struct buf *out, char *why, size_t size);
/* :auth with what stands behind it. False: nothing was sent, why. */
bool plain_login(struct session *s, const struct login_options *o, const char *text, char *why,
                 size_t size);

/* Prints what is known of the session's TLS. */
void plain_tls(FILE *to, const struct session *s);

#endif
