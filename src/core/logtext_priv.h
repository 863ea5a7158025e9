/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between logtext.c (which line is whose) and logdetect.c (which way of writing it is). */
#ifndef HELOSCOPE_LOGTEXT_PRIV_H
#define HELOSCOPE_LOGTEXT_PRIV_H

#include "logtext.h"

struct mark {
    const char *text;
    enum log_kind kind;
};

struct dialect {
    const char *name;
    struct mark marks[10];
    const char *problem; /* the beginning of the pattern for a refusal */
};

enum { D_COLON, D_SWAKS, D_ARROWS, D_SENDMAIL, D_CURL, D_PHPMAILER, D_FETCHMAIL, D_BARE, DIALECTS };
extern const struct dialect logtext_dialects[DIALECTS];

static inline bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whose the line is by its mark; *after: where the text begins. */
enum log_kind logtext_by_mark(const struct logtext *x, const struct dialect *d, const char *p,
                              size_t n, size_t *after);
/* A reply that may greet. */
bool logtext_greeting(const char *p, size_t n);
/* Does the line begin with a verb of the protocol's? */
bool logtext_verb(const struct proto *p, const char *line, size_t n);
/* What telnet, nc and s_client say themselves. */
bool logtext_chatter(const char *p, size_t n);
/* Is it a reply of that protocol's? */
bool logtext_reply_of(const struct proto *p, const char *line, size_t n);

#endif
