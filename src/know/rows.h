/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of src/know that are not in the public header, and what its files share. */
#ifndef HELOSCOPE_KNOW_ROWS_H
#define HELOSCOPE_KNOW_ROWS_H

#include "heloscope/frame.h"
#include "heloscope/know.h"
#include "know/pen.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The states of the drivers, by the drivers' own rows: they cannot get out of step. */
enum {
#define STATE(id, name, means) SMTP_##id,
#define HELLO_VERB ""
#include "proto/smtp_states.def"
#undef HELLO_VERB
#undef STATE
#define STATE(id, name, means) POP3_##id,
#include "proto/pop3_states.def"
#undef STATE
    STATES_END
};
/* The enum runs on through both lists: the index in proto->states. */
#define POP3_STATE(id) (POP3_##id - POP3_BANNER)

struct know_seq {
    bool pop3;
    const char *verb;
    uint8_t state;
    const char *why, *first;
};

struct know_event {
    enum event_kind kind;
    int err;
    char when; /* 'E' before the banner was read, 'L' after it, '*' */
    const char *proto;
    const char *gutter, *what, *decided, *mends, *next, *ref;
};

struct know_note {
    unsigned bit;
    const char *client, *server;
};

struct know_greeting {
    const char *text;
    size_t n;
    const char *proto, *means;
};

struct know_software {
    const char *word, *name;
};

struct know_purpose {
    const char *proto, *verb, *gutter;
};

struct know_remark {
    int weight;
    const char *gutter, *text;
};
enum know_remark_id {
#define REMARK(id, ...) REMARK_##id,
#include "know/client.def"
#undef REMARK
    REMARKS
};

struct know_param {
    const char *verb, *name, *needs, *means, *ref;
};

/* For the tests and --list. */
const struct know_seq *know_seqs(size_t *n);
const struct know_event *know_events(size_t *n);
const struct know_note *know_notes(size_t *n);
const struct know_purpose *know_purposes(size_t *n);
const struct know_remark *know_remarks(size_t *n);
const struct know_param *know_params(size_t *n);
const struct know_greeting *know_greetings(size_t *n);
const struct know_software *know_softwares(size_t *n);

bool know_is_pop3(const struct moment *m);
/* "smtp", "submission", "lmtp", "pop3"; "smtp" where the moment does not say. */
const char *know_proto(const struct moment *m);
/* Why the verb is not legal in *before; NULL where it is legal or nothing is known. */
const struct know_seq *know_sequence(const struct moment *m);
/* The row that explains an event; never NULL. */
const struct know_event *know_event(enum event_kind kind, int err, bool early, const char *proto);

/* Each fills *out (all strings "" beforehand) from its rows; extra sentences go through the pen. */
void explain_smtp(const struct moment *m, const char *line, size_t n, struct pen *p,
                  struct explanation *out);
void explain_pop3(const struct moment *m, const char *line, size_t n, struct pen *p,
                  struct explanation *out);
void explain_client(const struct moment *m, unsigned notes, const char *line, size_t n,
                    struct pen *p, struct explanation *out);
void explain_event(const struct moment *m, const char *line, size_t n, struct pen *p,
                   struct explanation *out);
void explain_garbage(const struct moment *m, const char *line, size_t n, struct pen *p,
                     struct explanation *out);
/* The sentences for a line's notes, into the string being written. */
void explain_notes(unsigned notes, bool client, struct pen *p);
/* " after RCPT", " as banner": for a title. */
void explain_title(struct pen *p, const char *verb);
/* What the banner says about itself: software, ESMTP. */
void explain_banner(const struct moment *m, const char *line, size_t n, struct pen *p);

/* Octet by octet, ASCII letters without case. */
bool know_starts(const char *line, size_t n, const char *with);
bool know_same(const char *a, size_t n, const char *b);

#endif
