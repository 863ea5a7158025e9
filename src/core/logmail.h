/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies that are quoted in the lines of mail servers' logs (Postfix, Exim, sendmail) and in
 * delivery status notifications. */
#ifndef HELOSCOPE_LOGMAIL_H
#define HELOSCOPE_LOGMAIL_H

#include "heloscope/source.h"

/* Borrowed from the line. */
struct logmail {
    const char *proto; /* "smtp" or "lmtp" */
    const char
        *verb; /* the command that was answered, "(banner)", "(end of letter)"; NULL: not told */
    struct span reply;     /* "550 5.1.1 ...", or words without a code */
    struct span recipient; /* or empty */
    struct span status;    /* "5.1.1": dsn= or Status:, or empty */
    bool network;          /* words about the connection: nobody replied */
};

/* Is it a mail log? From its beginning. */
bool logmail_like(const char *p, size_t n);
/* False: the line holds no reply. */
bool logmail_line(const char *line, size_t n, struct logmail *out);
/* "550 5.1.1 ..." out of the unfolded value of a Diagnostic-Code field ("smtp; 550 5.1.1 ...", RFC
 * 3464 2.3.6); false: of another kind (X-Postfix, ...), then the words without the kind. */
bool logmail_diagnostic(const char *value, size_t n, struct span *reply);

#endif
