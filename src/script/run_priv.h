/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the runner share: run.c has the steps one after the other and the words that
 * say one line or none, run_words.c those that say several (tls, auth, letter, bdat, retr, quit).
 */
#ifndef HELOSCOPE_SCRIPT_RUN_PRIV_H
#define HELOSCOPE_SCRIPT_RUN_PRIV_H

#include "script/script_priv.h"

#include "heloscope/loop.h"
#include "heloscope/transcript.h"

#define NONE ((size_t)-1)
#define FLIGHT_MAX ((size_t)16 << 20) /* of `together` */

struct script_runner {
    struct loop *loop;
    struct session *session;
    const struct script *s;
    struct script_run_options o;
    struct script_vars vars;
    size_t at;              /* the step in hand */
    int phase;              /* how far it is: 0 not begun */
    size_t round[NEST_MAX]; /* of each open `for`: the value in hand */
    unsigned depth;
    size_t examined; /* the reply last looked at, or NONE */
    bool told;       /* the failure that is coming has its result already */
    size_t next;     /* the next item to look at */
    bool together;
    bool greeted; /* nothing is sent to a server that refuses to */
    struct buf flight;
    struct watch *timer;
    struct retr *retr;
    bool waited;
    int letter; /* the file that is being sent, or -1 */
    bool working, over, failed_expectation;
    enum fault fault;
    char why[1000];
};

enum go { GO_ON, GO_WAIT, GO_STOP };

/* The script cannot go on. Always false. */
bool runner_fail(struct script_runner *r, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The connection is gone, and the script still wanted it. */
bool runner_gone(struct script_runner *r);
/* Everything that was answered so far counts as looked at. */
void runner_pass(struct script_runner *r);
/* May something be sent now? STOP: the connection is gone. */
enum go runner_ready(struct script_runner *r);
/* Was everything that a word sent answered? With a reply there the end of the connection is no
 * matter yet. */
enum go runner_settled(struct script_runner *r);
/* The word has had its replies (LMTP: one for each recipient). Without an `expect` behind it each
 * must be a good one; with one that judges, after AUTH the last of them. */
enum go runner_judge(struct script_runner *r, const struct step *st);
/* Appends text with its variables. */
bool runner_expand(struct script_runner *r, const char *text, size_t n, struct buf *out);
bool runner_say(struct script_runner *r, const char *line, size_t n);
bool runner_line_end(const struct buf *b);

enum go run_tls(struct script_runner *r, const struct step *st);
enum go run_auth(struct script_runner *r, const struct step *st);
enum go run_letter(struct script_runner *r, const struct step *st);
enum go run_retr(struct script_runner *r, const struct step *st);
enum go run_raw(struct script_runner *r, const struct step *st);
enum go run_wait(struct script_runner *r, const struct step *st);
/* Is the time of this step over? It begins at the first call. */
bool runner_waited(struct script_runner *r, double seconds);
enum go run_quit(struct script_runner *r, const struct step *st);

#endif
