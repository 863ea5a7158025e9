/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What replies, events, capabilities and the client's own lines mean: rows in src/know/ (.def), and
 * the look-up. */
#ifndef HELOSCOPE_KNOW_H
#define HELOSCOPE_KNOW_H

#include "heloscope/source.h"

/* One explanation. Strings are borrowed from the tables or point into `made`. None is NULL; ""
 * where nothing is to be said. */
struct explanation {
    const char *title;    /* "550 5.1.1 after RCPT: no such mailbox" */
    const char *gutter;   /* one short line for the transcript: "permanent: no such mailbox" */
    const char *what;     /* what it means at this verb and in this state: one to three sentences */
    const char *decided;  /* who decided: "the receiving server" */
    const char *mends;    /* who can mend it: "the sender (typo?) or the recipient's admin" */
    const char *next;     /* what to type or do next */
    const char *ref;      /* "RFC 5321 4.2.3, RFC 3463 3.2" */
    const char *code;     /* "550 = mailbox unavailable": the basic code on its own */
    const char *enhanced; /* "5.1.1 = bad destination mailbox address": the enhanced code on its
                             own, or "" */
    const char *extra; /* remarks on this very line: odd framing, codes that contradict each other,
                          folklore */
    const char *cause; /* know_explain_cause(): "user-unknown", the label of cause.h, or "" */
    const char *confidence; /* "certain", "likely", "guess", or "" */
    char made[2048];
    char cause_what[400], cause_next[400];
};

/* Explains an item: m from source->moment, its kind, and its first line (n octets, raw). False:
 * nothing is known about it (ITEM_TEXT); *out is still filled with empty strings. Never fails on
 * hostile text. */
bool know_explain(enum item_kind kind, const struct moment *m, unsigned notes, const char *line,
                  size_t n, struct explanation *out);

/* Adds the cause (cause.h) to the explanation of item i, from all lines of the reply. Where its
 * words name a specific cause, what, decided, mends and next are that cause's. Nothing but "" for
 * items that are no refusal. *out is what know_explain() has filled. */
void know_explain_cause(const struct source *src, size_t i, const struct item *it,
                        const struct moment *m, struct explanation *out);
/* All of it for item i: its moment, know_explain(), and with `cause` know_explain_cause(). A line
 * of a log is explained by the reply that it quotes. False: nothing is known about it. */
bool know_item(const struct source *src, size_t i, const struct item *it, bool cause,
               struct moment *m, struct explanation *out);

/* A capability, by the protocol's name and keyword (without case). NULL: not known. */
struct know_cap {
    const char *proto; /* "smtp" (LMTP too) or "pop3" */
    const char *keyword;
    const char *params; /* the form of its parameters, or "" */
    const char *means;  /* what it lets the client do */
    const char *use;    /* what to type to use it, or "" */
    const char *ref;    /* "RFC 1870", or who uses it where it is not registered */
    bool registered;    /* in the IANA registry */
};
const struct know_cap *know_cap(const char *proto, const char *keyword, size_t n);
/* The capability with its parameters in words ("SIZE 26214400": "letters up to 25 MiB"), and with
 * none what it lets the client do; "" for a keyword that is not known. Hostile bytes are made
 * harmless, and what does not fit ends in "...". Writes at most size bytes with the NUL; returns
 * the length written. */
size_t know_cap_words(const char *proto, const char *keyword, const char *params, char *out,
                      size_t size);

/* A SASL mechanism, as AUTH and SASL name them. RFC 4422. */
enum know_tls {
    KNOW_TLS_FREE,   /* no password to be had from the line: works without */
    KNOW_TLS_SHOULD, /* the password is not readable, but can be guessed at or the answer relayed */
    KNOW_TLS_MUST,   /* a password or token crosses the wire as it is: only inside TLS */
};
struct know_mechanism {
    const char *name; /* "PLAIN"; "SCRAM-*" for a family */
    enum know_tls tls;
    const char *means;    /* what it is, in a few words */
    const char *listener; /* what somebody who hears the line without TLS gets of it */
    const char *ref;
};
/* By name (n octets, without case); a member of a family without a row of its own gets the
 * family's. NULL: not known. */
const struct know_mechanism *know_mechanism(const char *name, size_t n);
const struct know_mechanism *know_mechanisms(size_t *n);

/* The rows, for --list, the tests and the man page. */
struct know_code {
    const char *proto; /* "smtp" (submission and LMTP too), "submission", "lmtp" */
    int code;          /* 550; or 0 for a whole class with `cls` */
    char cls;          /* '2'..'5' for a class row, 0 */
    const char *verb; /* "RCPT", "(banner)", "(end of letter)", "(unknown)", "(unsolicited)", "*" */
    const char *short_; /* the code's name: "mailbox unavailable" */
    const char *gutter, *what, *decided, *mends, *next, *ref;
};
struct know_enhanced {
    const char *classes; /* "245": the classes that the row speaks for */
    int subject, detail; /* detail -1: the subject's own row */
    int last;            /* the last detail of a range; == detail for a single one */
    const char *verb;    /* as above */
    const char *name, *gutter, *what, *decided, *mends, *next, *ref;
    const char *basic; /* "451,550": basic codes it goes with, or "" */
    bool vague;        /* a basic code's row for the very verb tells more */
};
/* A POP3 reply: "+OK", "-ERR" or "+" at a verb. Variant: "timestamp", "all", "one", "login",
 * "drop", "order", "*" (pop3.def). */
struct know_status {
    const char *status, *verb, *variant;
    const char *short_, *gutter, *what, *decided, *mends, *next, *ref;
};
/* A POP3 extended response code, without brackets. */
struct know_respcode {
    const char *code, *verb;
    const char *short_, *gutter, *what, *decided, *mends, *next, *ref;
};
const struct know_code *know_codes(size_t *n);
const struct know_enhanced *know_enhanced(size_t *n);
const struct know_status *know_statuses(size_t *n);
const struct know_respcode *know_respcodes(size_t *n);
const struct know_cap *know_caps(size_t *n);
/* The best row for a code: exact verb before a related one before "*", exact code before class.
 * NULL never for 200..599. */
const struct know_code *know_code(const char *proto, int code, const char *verb);
/* The best row for X.subject.detail at a verb (NULL: any); the subject's row where the detail is
 * not known. NULL: the subject is not known. */
const struct know_enhanced *know_enhanced_at(int cls, int subject, int detail, const char *verb);
const struct know_enhanced *know_enhanced_code(int cls, int subject, int detail);
/* NULL never for the three statuses. */
const struct know_status *know_status(const char *status, const char *verb, const char *variant);
/* SYS/TEMP/DISK is explained as SYS/TEMP. NULL: not known. */
const struct know_respcode *know_respcode(const char *code, const char *verb);
/* The verb of a moment as the rows name it. */
const char *know_verb(const struct moment *m);

#endif
