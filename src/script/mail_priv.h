/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the one-line mail share: mail.c carries it out, mail_hello.c what comes before
 * the envelope, mail_params.c makes MAIL and RCPT. */
#ifndef HELOSCOPE_MAIL_PRIV_H
#define HELOSCOPE_MAIL_PRIV_H

#include "heloscope/caps.h"
#include "heloscope/mail.h"

/* Tells something in the transcript. */
typedef void mail_note_fn(void *arg, const char *words);

/* Appends "MAIL FROM:<...> ..." without line end. quiet: what is left out was said before. False:
 * the mail must not be sent so; why. */
bool mail_from(const struct mail_options *o, const struct caps *caps, bool tls,
               const struct mail_letter *letter, struct buf *out, mail_note_fn *note, void *arg,
               char *why, size_t size);
bool mail_to(const struct mail_options *o, const struct caps *caps, const char *to, struct buf *out,
             mail_note_fn *note, void *arg);

enum phase {
    STATE_BANNER,
    STATE_HELO, /* EHLO is out */
    STATE_OLD,  /* HELO is out */
    STATE_TLS,
    STATE_XCLIENT,
    STATE_AUTH,
    STATE_MAILS,
    STATE_QUIT, /* QUIT is out, or only the end is waited for */
    STATE_OVER,
};

struct mailer {
    struct session *s;
    struct mail_options o;
    enum phase state;
    enum mail_stage stage; /* what is being done: where it goes wrong tells the status */
    bool connected;        /* to the server that is talked to now */
    bool in_tls;           /* STARTTLS is behind us */
    size_t xclients;       /* XCLIENT commands that are out */
    bool dropping;         /* as soon as everything is written */
    size_t next;           /* the next item of the transcript to look at */
    /* The mail in hand. */
    unsigned long number, accepted;
    struct mail_letter letter;
    size_t said;     /* commands of the envelope that are out: MAIL, RCPT ..., DATA */
    size_t answered; /* and answered */
    size_t rcpts;    /* recipients accepted */
    bool go;         /* 354 */
    bool letter_out; /* the letter is on its way */
    size_t dots;     /* replies that its end is owed */
    bool noted;      /* what is left out was said */
    char refused[300];
    int status;
    char why[400];
};

/* mail.c */
/* The first failure tells the status. */
void mail_fail(struct mailer *m, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void mail_over_now(struct mailer *m);
void mail_say(struct mailer *m, const char *line);
void mail_quit(struct mailer *m);
mail_note_fn mail_note;
int mail_stage_status(const struct mailer *m);
/* The first line of item i of the transcript. */
void mail_first_line(struct mailer *m, size_t i, char *out, size_t size);
/* Is this where it is to stop? Then it does. */
bool mail_stops(struct mailer *m, enum mail_stage at);
/* The stage's command is out: where it is to drop then, it will. */
void mail_sent(struct mailer *m, enum mail_stage at);
/* Everything before the envelope is done. */
void mail_begin(struct mailer *m);

/* mail_hello.c */
/* The reply just looked at refuses. */
void mail_refuse(struct mailer *m, const char *what);
void mail_hello(struct mailer *m, enum mail_stage stage);
/* The last EHLO was taken. */
void mail_greeted(struct mailer *m);
/* So was the last XCLIENT. */
void mail_believed(struct mailer *m);

#endif
