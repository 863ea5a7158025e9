/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of `heloscope probe` share: probe.c (the mode), probe_ask.c (DNS and the order of
 * things), probe_talk.c (the talk with one address), probe_find.c (findings and the answer),
 * probe_text.c and probe_json.c (what is printed). */
#ifndef HELOSCOPE_MODE_PROBE_H
#define HELOSCOPE_MODE_PROBE_H

#include "mode/mode.h"
#include "heloscope/dnsfacts.h"
#include "heloscope/fault.h"
#include "heloscope/mtasts.h"
#include "heloscope/mx.h"
#include "heloscope/route.h"
#include "heloscope/session.h"
#include "heloscope/tlsreport.h"

enum { PROBE_TALKS_MAX = 16, PROBE_FINDINGS_MAX = 128, PROBE_RCPTS_MAX = 32 };

enum probe_outcome {
    PROBE_NOT_TRIED,
    PROBE_FINE,        /* everything that was asked was granted */
    PROBE_UNREACHABLE, /* no connection, or it broke without a reply */
    PROBE_REFUSED,     /* 4yz, 5yz or -ERR at `stage` */
    PROBE_TLS_FAILED,  /* the handshake failed */
    PROBE_GARBAGE,     /* something else than the protocol */
};

enum probe_step {
    STEP_BANNER,
    STEP_CAPS,
    STEP_HELO,
    STEP_UPGRADE,
    STEP_CAPS_TLS,
    STEP_MAIL,
    STEP_RCPT,
    STEP_RSET,
    STEP_QUIT,
    STEP_OVER
};

struct probe;

/* The talk with one address. */
struct probe_talk {
    struct probe *p;
    struct mx_entry entry; /* host and address; address "": as the target says */
    struct target target;
    struct route way;
    struct session *s;
    enum probe_step step;
    enum probe_outcome outcome;
    struct watch *kick;
    uint64_t since;
    double connect_ms, banner_ms, caps_ms, tls_ms; /* 0: not reached */
    size_t rcpt;                                   /* the next recipient */
    size_t item;                                   /* the item of the refusal */
    const char *stage;                             /* "the banner", "RCPT" ... */
    bool temporary;
    char reply[500]; /* the refusal, or why it broke: harmless to a terminal */
    struct dnsfacts *facts;
};

struct probe_finding {
    enum tls_gravity gravity;
    const char *id;
    char where[800];
    char title[500], detail[900], why[700], next[700];
};

struct probe {
    const struct args *a;
    struct loop *loop;
    struct session_options o;
    struct mtasts policy;
    struct route way;
    struct target target;
    char ehlo[256];
    const char *from;
    char *rcpts[PROBE_RCPTS_MAX];
    size_t nrcpts;
    struct dns dns;
    struct mx *mx;
    struct mx_list *list;    /* NULL: the target is no domain */
    struct dnsfacts *domain; /* what the domain publishes; NULL: not asked */
    int dns_ms;              /* for each question */
    bool dns_silent;         /* the name server did not answer: it is asked nothing more */
    size_t asking;           /* dnsfacts that are not answered yet */
    struct probe_talk talks[PROBE_TALKS_MAX];
    size_t ntalks, at;
    size_t skipped; /* addresses above PROBE_TALKS_MAX */
    struct probe_finding found[PROBE_FINDINGS_MAX];
    size_t nfound;
    char answer[2400];
    enum fault fault;
};

/* Progress, on standard error. */
void probe_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* probe_ask.c: runs the loop until everything is known. */
void probe_run(struct probe *p);
void probe_talk_done(struct probe_talk *t);

/* probe_talk.c: begins; probe_talk_done() comes later, from the loop. */
void probe_talk_start(struct probe_talk *t);
void probe_talk_clear(struct probe_talk *t);
/* "mx1.example.org [192.0.2.1]"; with --connect the place that is spoken to as well. */
void probe_talk_name(const struct probe_talk *t, char *out, size_t size);
/* That place, "127.0.0.1:2525"; false: there is no --connect. */
bool probe_talk_elsewhere(const struct probe_talk *t, char *out, size_t size);

/* probe_find.c: fills found (gravest first), answer and fault. */
void probe_conclude(struct probe *p);

/* probe_tabs.c: the workbench with the result and the sessions; the exit status. */
int probe_tabs(struct probe *p);

/* probe_text.c, probe_json.c */
/* The answer, the findings and DNS; with talks the servers too. In lines of at most width columns,
 * where words allow it. */
void probe_print(const struct probe *p, FILE *to, bool talks, size_t width);
void probe_print_json(const struct probe *p, FILE *to);

#endif
