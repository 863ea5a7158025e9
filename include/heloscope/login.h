/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: which of the offered mechanisms, and why; then the dialogue by itself. Nothing is
 * sent before session_login(). RFC 4954, RFC 5034, RFC 1939 7. */
#ifndef HELOSCOPE_LOGIN_H
#define HELOSCOPE_LOGIN_H

#include "heloscope/sasl.h"
#include "heloscope/session.h"

/* What there is to log in with, as bits. */
enum {
    LOGIN_PASSWORD = 1 << 0,
    LOGIN_TOKEN = 1 << 1,
    LOGIN_CERTIFICATE = 1 << 2, /* found out by login_choose(): this TLS connection has one */
    LOGIN_CAN_ASK = 1 << 3,     /* somebody is there who can be asked for what is missing */
};

struct login_choice {
    const struct sasl_mechanism *mechanism;
    bool clear;    /* the secret would cross the wire readable: ask first, default No */
    char why[640]; /* the reason, for the transcript: "SCRAM-SHA-256, the strongest of ...: ..." */
};
/* The strongest mechanism that is offered and that there is something for; or the one that insist
 * names (NULL or "": none). False: why says what is missing. */
bool login_choose(const struct session *s, const char *insist, unsigned have,
                  struct login_choice *out, char *why, size_t size);

/* Borrowed for the call. */
struct login {
    const struct sasl_mechanism *mechanism;
    const char *user, *authzid, *secret; /* authzid, secret: NULL where there is none */
    const char *why;                     /* goes into the transcript before it; or NULL */
    bool clear_ok; /* the user agreed that the secret crosses the wire readable */
};
/* Sends AUTH, APOP or USER, and goes through the dialogue. A clear-text secret outside TLS is
 * refused without clear_ok. False: nothing was sent, why. */
bool session_login(struct session *s, const struct login *l, char *why, size_t size);

/* What the command line says about logging in; borrowed strings, NULL: not said. */
struct login_options {
    const char *user, *authzid, *mechanism;
    const char *password_file, *password_env, *password_command;
    const char *token_file, *token_env, *token_command;
    bool clear_ok; /* without a question */
};
/* LOGIN_PASSWORD and LOGIN_TOKEN, for what there is a source of. */
unsigned login_have(const struct login_options *o);
/* Checks without reading a secret: one source each, a mechanism that is done here, files that can
 * be read. False: why; *file is set where a file is the trouble. */
bool login_check(const struct login_options *o, bool *file, char *why, size_t size);
/* The source of what is wanted, in words for a question or an error ("the password file x"); NULL:
 * there is none, ask. */
const char *login_source(const struct login_options *o, enum sasl_wants wants);
/* Will the secret come from a command, which may want the terminal? */
bool login_by_command(const struct login_options *o, enum sasl_wants wants);
/* Reads the secret, the first line of a file or of what a command prints, into *out (a secret
 * buffer). False: why. warn: what is wrong all the same ("others can read ..."), or "". */
bool login_secret(const struct login_options *o, enum sasl_wants wants, struct buf *out, char *warn,
                  size_t warn_size, char *why, size_t size);

#endif
