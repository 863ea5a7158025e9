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

#endif
