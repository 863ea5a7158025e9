/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A letter made of what the command line says: header, text, attachments. RFC 5322, RFC 2045 (by
 * GMime, where there is an attachment or a header outside ASCII). */
#ifndef HELOSCOPE_COMPOSE_H
#define HELOSCOPE_COMPOSE_H

#include "heloscope/buf.h"

struct compose {
    const char *from;
    const char *const *to;
    size_t nto;
    const char *const
        *headers; /* "Name: value"; one that exists is replaced, the others are added */
    size_t nheaders;
    const char *body; /* n octets; NULL: a short text of our own */
    size_t nbody;
    const char *const *attach; /* files */
    size_t nattach;
    const char *host;     /* for the Message-ID */
    unsigned long number; /* tells letters of one run apart */
};

/* Appends the letter, lines ended by LF. False: why ("photo.jpg cannot be read: ..."). */
bool compose_letter(const struct compose *c, struct buf *out, char *why, size_t size);

/* compose_mime.c: the same with MIME parts. False where GMime is not to be had. */
bool compose_mime(const struct compose *c, const char *head, struct buf *out, char *why,
                  size_t size);

#endif
