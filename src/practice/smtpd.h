/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One SMTP, submission or LMTP client's conversation. Shared by the smtpd files only. */
#ifndef PRACTICE_SMTPD_H
#define PRACTICE_SMTPD_H

#include "practice/authsrv.h"
#include "practice/path.h"
#include "practice/peer.h"
#include "practice/world.h"

enum {
    SMTP_RCPT_MAX = 100,  /* RFC 5321 4.5.3.1.8: at least 100 */
    SMTP_HOPS_MAX = 100,  /* RFC 5321 6.3: at least 100 Received fields are no loop */
    SMTP_ERRORS_MAX = 20, /* mistakes without a letter between them */
    SMTP_AUTH_MAX = 5,    /* wrong passwords */
    SMTP_TEXT_LINE = 998, /* RFC 5322 2.1.1, without CRLF */
};

enum smtp_phase { SMTP_COMMANDS, SMTP_AUTH, SMTP_DATA, SMTP_CHUNK };

enum { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };

struct rcpt {
    int box;         /* an account, or TRAY */
    char *address;   /* as written, without brackets */
    char *orcpt;     /* DSN's original recipient as written, or NULL */
    unsigned notify; /* 0: not said */
    enum store_result result;
};

struct smtp {
    struct peer *peer;
    struct world *world;
    enum smtp_flavour flavour;
    enum smtp_phase phase;
    bool overlong; /* the line that is being read was cut already */
    bool greeted, extended;
    char helo[256];
    bool authed;
    struct authsrv auth;
    unsigned errors, auth_failures;
    unsigned commands, letters; /* so far, for faults that count them */
    /* the transaction */
    bool mail, utf8, chunked, headers_only, tried_rcpt;
    struct path from;
    char envid[101];
    struct rcpt rcpts[SMTP_RCPT_MAX];
    size_t nrcpts;
    /* the letter */
    struct buf letter;
    uint64_t octets; /* of it, kept or not */
    bool too_big, no_room;
    unsigned dot;   /* state of the search for CRLF.CRLF */
    uint64_t chunk; /* octets of a BDAT chunk still to come */
    bool chunk_last, chunk_refused;
    char queue_id[24];
};

/* A reply: code, enhanced status code ("" for those that carry none: RFC 2034 4) and text. */
void smtp_say(struct smtp *s, int code, const char *enhanced, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A line of a reply that goes on. */
void smtp_more(struct smtp *s, int code, const char *enhanced, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A reply to a mistake: counted; too many end the conversation with 421. */
void smtp_mistake(struct smtp *s, int code, const char *enhanced, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Forgets the transaction. */
void smtp_reset(struct smtp *s);
/* Forgets all that was learnt (before TLS: RFC 3207 4.2). */
void smtp_forget(struct smtp *s);
/* May passwords be sent now? */
bool smtp_may_auth(const struct smtp *s);

/* smtpd_trouble.c: a fault that is on strikes at this place (and verb). True: the reply was said,
 * and there is nothing more to do. */
bool smtp_trouble(struct smtp *s, enum trouble_place place, const char *verb, const char *arg,
                  size_t n);

/* smtpd_verbs.c: a command line without its end. */
void smtp_command(struct smtp *s, const char *line, size_t n);
/* Octets that a line may have with CRLF, by its verb. */
size_t smtp_limit(const char *line, size_t n);
/* smtpd_env.c */
void smtp_mail(struct smtp *s, const char *arg, size_t n);
void smtp_rcpt(struct smtp *s, const char *arg, size_t n);
/* smtpd_auth.c */
void smtp_auth(struct smtp *s, const char *arg, size_t n);
void smtp_auth_answer(struct smtp *s, const char *line, size_t n);
/* smtpd_letter.c */
void smtp_data(struct smtp *s, const char *arg, size_t n);
void smtp_bdat(struct smtp *s, const char *arg, size_t n);
/* Takes octets of the letter; returns how many. */
size_t smtp_take_data(struct smtp *s, const char *p, size_t n);
size_t smtp_take_chunk(struct smtp *s, const char *p, size_t n);
/* smtpd_deliver.c: the letter is whole. Says the reply or replies and ends the transaction. */
void smtp_deliver(struct smtp *s);
/* dsn.c: tells the sender what happened to its recipients, where it asked for that or must be told
 * (RFC 3461, RFC 3464), if the sender has a mailbox here. */
void smtp_notify(struct smtp *s, struct letter *l);

#endif
