/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk with expectations, as a text that reads like a lesson: `heloscope run` (suffix .helo). A
 * line that begins with a capital letter is sent as it stands, a lower-case word is one of
 * src/script/words.def. Read whole, checked before anything is sent, then run over a session. */
#ifndef HELOSCOPE_SCRIPT_H
#define HELOSCOPE_SCRIPT_H

#include "heloscope/fault.h"
#include "heloscope/login.h"
#include "heloscope/session.h"
#include "heloscope/source.h"
#include <stdio.h>

/* The words, for the man page and the tests. */
struct script_row {
    const char *name; /* "expect"; "" for a line that is sent as it stands */
    const char *form; /* "expect CODE [/REGEX/]" */
    const char *does; /* one or two sentences */
};
const struct script_row *script_words(size_t *n);

/* ---- variables ---- */

/* Names are capital letters, digits and '_'. Values never hold a NUL. */
struct script_vars {
    struct script_var {
        char *name, *value;
    } * rows;
    size_t n;
};
/* False: the name is none, or there are more than 1000; why. */
bool script_set(struct script_vars *v, const char *name, const char *value, char *why, size_t size);
/* NULL: not set. Borrowed until the next script_set(). */
const char *script_get(const struct script_vars *v, const char *name, size_t n);
void script_vars_clear(struct script_vars *v);
/* Appends text with $NAME and ${NAME} replaced ($$ is a dollar; a dollar before anything else stays
 * one). With quote the values are quoted for a regular expression. False: a variable is not set, or
 * *out is full; why. */
bool script_expand(const struct script_vars *v, const char *text, size_t n, bool quote,
                   struct buf *out, char *why, size_t size);

/* ---- reading ---- */

struct script;
/* Reads a script and what it includes. vars: the names that are set before it begins (may be NULL).
 * NULL: *fault is FILE (cannot be read) or USAGE, and why holds one line: "file:line: what is
 * wrong, what was expected". */
struct script *script_read(const char *path, const struct script_vars *vars, enum fault *fault,
                           char *why, size_t size);
/* The same from memory; name is what messages call it; includes and letters are looked for in
 * the current directory. With files false nothing is read but the text (include and `for ... from`
 * are refused). */
struct script *script_parse(const char *name, const char *text, size_t n,
                            const struct script_vars *vars, bool files, char *why, size_t size);
void script_free(struct script *s);
/* What `target` says, or NULL. */
const char *script_target(const struct script *s);
/* How many expectations it has, loops not counted: 0 says that it is no test. */
size_t script_expectations(const struct script *s);

/* ---- running ---- */

enum script_said {
    SCRIPT_EXPECT, /* an expectation, met or not */
    SCRIPT_WORD,   /* a word that failed (tls, auth, letter ...), or could not be carried out */
    SCRIPT_SAY,    /* the words of `say` */
};
/* Borrowed for the call. */
struct script_result {
    enum script_said kind;
    bool ok;
    const char *file;
    unsigned line;
    const char *wanted; /* "expect 250 /SIZE/", or the words of `say` */
    const char *got;    /* the first line of the reply, or what happened instead */
};

struct script_runner;
struct script_run_options {
    struct script_vars vars;  /* set before it begins; copied: each run has its own */
    struct script_vars fixed; /* the same, and `set` does not change them; copied */
    int timeout_ms;           /* `expect closed` waits no longer; 0: five minutes */
    bool keep_going;          /* go on after an expectation that was not met */
    bool clear_passwords;     /* `auth` may send a password outside TLS */
    /* Asks for user's password (or token). False: there is none; why. NULL: there never is one. */
    bool (*secret)(void *arg, enum sasl_wants wants, const char *user, struct buf *out, char *why,
                   size_t size);
    unsigned have;       /* what there is to log in with, LOGIN_ bits of login.h */
    const char *authzid; /* whom to act as, or NULL */
    void (*result)(void *arg, const struct script_result *r); /* may be NULL */
    void *arg;
};
/* Runs s over a session that was just opened; both are borrowed and must outlive the runner. Call
 * script_work() whenever the session has changed (after each turn of the loop). */
struct script_runner *script_run(struct loop *l, struct session *session, const struct script *s,
                                 const struct script_run_options *o);
/* Hands over what the session reported (SESSION_ASK_TLS, SESSION_LETTER and the like). */
void script_event(struct script_runner *r, enum session_event ev);
/* Does what can be done now. True: the script is over (and the session closed). */
bool script_work(struct script_runner *r);
/* Ends it at once. */
void script_stop(struct script_runner *r, const char *why);
void script_runner_free(struct script_runner *r);
/* How it ended: NONE, EXPECTED (an expectation was not met), REFUSED (a word was refused; or
 * without any expectation the last reply was a refusal), NETWORK, TLS, FILE ... */
enum fault script_fault(const struct script_runner *r);
/* One line to it: "file:line: ...", or "". */
const char *script_why(const struct script_runner *r);
/* Items of the transcript below this index are not looked at any more. */
size_t script_needs(const struct script_runner *r);

/* ---- from a talk ---- */

/* Writes the talk as a script that says the same again and expects the same replies. Secrets were
 * masked when it was recorded: where one was said, `auth` stands. target may be NULL. False:
 * writing failed. */
bool script_write(FILE *f, const struct source *src, const char *target);
/* As report_save() does it: mode 0600, whole or not at all. */
bool script_save(const char *path, const struct source *src, const char *target, bool over,
                 char *why, size_t size);

#endif
