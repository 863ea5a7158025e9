/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One POP3 client's conversation. Shared by the pop3d files only. */
#ifndef PRACTICE_POP3D_H
#define PRACTICE_POP3D_H

#include "practice/authsrv.h"
#include "practice/peer.h"
#include "practice/world.h"

enum {
    POP3_LINE_MAX = 255, /* RFC 2449 4: a command line with CRLF */
    POP3_ERRORS_MAX = 20,
    POP3_AUTH_MAX = 5,
};

struct pop3 {
    struct peer *peer;
    struct world *world;
    struct authsrv auth;
    bool in_auth; /* the next line is an answer to a challenge */
    bool overlong;
    bool utf8;      /* RFC 6856 2 */
    int box;        /* whose maildrop is open and locked; -1: AUTHORIZATION state */
    size_t count;   /* messages of this session: what comes later is for the next one */
    char user[128]; /* after USER; "" none */
    char stamp[96]; /* the banner's timestamp, for APOP */
    unsigned errors, auth_failures;
    unsigned commands; /* so far, for faults that count them */
    /* an answer that goes on as the client takes it */
    enum { GIVE_NOTHING, GIVE_TEXT, GIVE_LIST, GIVE_UIDL } give;
    size_t at;  /* octet or message number that comes next */
    size_t end; /* octets of text to give */
    struct letter *letter;
    char *head;
    size_t head_len;
    bool line_start; /* the next octet begins a line */
};

void pop3_ok(struct pop3 *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A refusal that is not the client's mistake in form. */
void pop3_err(struct pop3 *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A mistake: counted, too many end the conversation. */
void pop3_mistake(struct pop3 *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A wrong name or password. */
void pop3_denied(struct pop3 *s);
/* Forgets what was said before TLS (RFC 2595 4). */
void pop3_forget(struct pop3 *s);
/* Opens and locks the maildrop, and says so or why not. name: what the login had behind its plus,
 * or NULL. */
void pop3_open(struct pop3 *s, int account, const char *name);
/* Begins to give message m, its first `end` octets. */
void pop3_give(struct pop3 *s, const struct message *m, size_t end);

/* A fault that is on strikes at this place (verb: of SMTP). True: the reply was said, and there is
 * nothing more to do. */
bool pop3_trouble(struct pop3 *s, enum trouble_place place, const char *verb);

/* pop3d_verbs.c */
void pop3_command(struct pop3 *s, const char *line, size_t n);
void pop3_auth_answer(struct pop3 *s, const char *line, size_t n);

#endif
