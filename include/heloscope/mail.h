/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One mail, or many over one connection, without a script: EHLO, STARTTLS, AUTH, the envelope with
 * its ESMTP parameters (only where they are offered), the letter, QUIT; with swaks' stages and exit
 * statuses. Pipelined where that is offered and legal (RFC 2920): two round trips a mail, one where
 * another mail follows. */
#ifndef HELOSCOPE_MAIL_H
#define HELOSCOPE_MAIL_H

#include "heloscope/sasl.h"
#include "heloscope/session.h"

enum mail_stage {
#define STAGE(id, names, status, drop, means) MAIL_##id,
#include "script/stages.def"
    MAIL_STAGES
};
struct mail_stage_row {
    const char *names; /* "mail from": the first is ours, the others are taken too */
    int status;
    bool drop; /* --quit-after cannot stop there */
    const char *means;
};
extern const struct mail_stage_row mail_stages[];
/* By name, without case. MAIL_STAGES: unknown. */
enum mail_stage mail_stage_of(const char *name);

/* Exit statuses that belong to no stage, or to another EHLO (swaks has the same). */
enum {
    MAIL_STATUS_USAGE = 1,
    MAIL_STATUS_CONNECT = 2,
    MAIL_STATUS_LOST = 6,
    MAIL_STATUS_HELO_AFTER_XCLIENT = 34,
};

enum mail_stop { MAIL_TO_THE_END, MAIL_QUIT_AFTER, MAIL_DROP_AFTER, MAIL_DROP_AFTER_SEND };

/* A letter: in memory (text, n), or read as it is sent. */
struct mail_letter {
    const char *text;
    size_t n;
    session_read_fn *read; /* where text is NULL */
    void *arg;
    uint64_t size; /* octets with CRLF, as far as it is known; 0: not known */
    bool eightbit; /* it has octets above 127 */
};

/* ESMTP parameters; NULL, 0 and false: not asked for. What is not offered is left out and said, but
 * where leaving it out would do harm the mail is not sent (REQUIRETLS, HOLDFOR, HOLDUNTIL,
 * BINARYMIME, an address that needs SMTPUTF8). */
struct mail_params {
    const char *ret;        /* FULL or HDRS. RFC 3461 */
    const char *envid;      /* RFC 3461 4.4 */
    const char *notify;     /* NEVER, or SUCCESS,FAILURE,DELAY. RFC 3461 4.1 */
    bool orcpt;             /* the recipient itself as ORCPT. RFC 3461 4.2 */
    bool smtputf8;          /* RFC 6531 */
    bool eightbit;          /* BODY=8BITMIME, RFC 6152; without it where the letter needs it */
    bool binary;            /* BODY=BINARYMIME by BDAT, RFC 3030 */
    bool bdat;              /* BDAT, where CHUNKING is offered */
    bool requiretls;        /* RFC 8689 */
    const char *priority;   /* MT-PRIORITY, -9 to 9. RFC 6710 */
    const char *by;         /* DELIVERBY: "120;R". RFC 2852 */
    const char *hold_for;   /* seconds. RFC 4865 */
    const char *hold_until; /* 2026-11-21T08:00:00Z. RFC 4865 */
};

struct mail_options {
    const char *ehlo;
    const char *from; /* without brackets; "" is the empty sender */
    const char *const *to;
    size_t nto;
    bool tls;                   /* STARTTLS, or nothing is sent */
    bool tls_optional;          /* STARTTLS where it is offered */
    const char *const *xclient; /* "NAME=host ADDR=192.0.2.1": each goes out as it is, after TLS.
                                   Postfix XCLIENT_README */
    size_t nxclient;
    bool auth;
    const char *mechanism, *user; /* mechanism NULL: the strongest */
    const char *authzid;          /* or NULL */
    unsigned have;                /* LOGIN_ bits: what there is to log in with */
    bool clear_passwords;
    bool lockstep; /* no pipelining */
    enum mail_stop stop;
    enum mail_stage stage;
    struct mail_params params;
    unsigned long count; /* mails over this connection; 0: one */
    /* The letter of mail `number` (1 ...), borrowed until the next call. False: why. */
    bool (*letter)(void *arg, unsigned long number, struct mail_letter *out, char *why,
                   size_t size);
    bool (*secret)(void *arg, enum sasl_wants wants, const char *user, struct buf *out, char *why,
                   size_t size);
    void *arg;
};

struct mailer;
/* Over a session that was just opened; it and what the options point at are borrowed. Call
 * mail_work() after each turn of the loop. */
struct mailer *mail_new(struct session *s, const struct mail_options *o);
/* SESSION_ASK_TLS: the certificate was not verified. */
void mail_event(struct mailer *m, enum session_event ev);
/* Does what can be done now. True: it is over and the connection closed. */
bool mail_work(struct mailer *m);
void mail_free(struct mailer *m);
/* The exit status, and one line to it ("" where all went well). */
int mail_status(const struct mailer *m);
const char *mail_why(const struct mailer *m);
/* Mails that were accepted. */
unsigned long mail_accepted(const struct mailer *m);
/* Items of the transcript below this are not looked at any more. */
size_t mail_needs(const struct mailer *m);

#endif
