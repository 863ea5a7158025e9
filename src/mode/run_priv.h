/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `heloscope run` and `heloscope send` do and how it is shown: run.c and send.c have the
 * connections, run_print.c the forms of output. */
#ifndef HELOSCOPE_MODE_RUN_PRIV_H
#define HELOSCOPE_MODE_RUN_PRIV_H

#include "heloscope/script.h"
#include "heloscope/session.h"

enum run_form { RUN_TEXT, RUN_QUIET, RUN_JSON, RUN_TAP };

/* One connection with its script. */
struct job {
    struct run *run;
    struct session *session;
    struct script_runner *runner; /* run */
    struct mailer *mailer;        /* send */
    unsigned long number;         /* 1 ... */
    bool ask_tls;
    FILE *out;  /* standard output, or (with others at work) memory */
    char *text; /* what is in memory */
    size_t size;
    size_t printed; /* items */
};

struct run {
    enum run_form form;
    bool quiet;                  /* TAP without the talk */
    bool several;                /* more than one time: each is numbered */
    unsigned long tests, failed; /* expectations, of all times */
};

/* Prints the items that are whole by now; all of them where the job is over. */
void run_print_items(struct job *j, bool all);
void run_print_result(struct job *j, const struct script_result *r);
/* The beginning and the end of it all. */
void run_print_begin(const struct run *r);
void run_print_end(const struct run *r);
/* What a job with others beside it has gathered goes to standard output. */
void run_print_job(struct job *j);

#define PARALLEL_MAX 256

/* More than a few times is for this machine only. False: why. */
bool run_polite(const struct target *t, unsigned long times, char *why, size_t size);
#endif
