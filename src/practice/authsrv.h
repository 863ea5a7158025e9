/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's side of AUTH, the same for SMTP (RFC 4954) and POP3 (RFC 5034). A mechanism is a
 * row of authsrv_mechs.def. */
#ifndef PRACTICE_AUTHSRV_H
#define PRACTICE_AUTHSRV_H

#include "heloscope/buf.h"
#include <stdbool.h>
#include <stddef.h>

struct tls;

#define AUTHSRV_LINE 12288 /* longest line of an exchange with its CRLF, RFC 4954 4 */

enum auth_result {
    AUTH_MORE,    /* *challenge (base64) wants an answer */
    AUTH_OK,      /* account is set */
    AUTH_REFUSED, /* wrong name or password */
    AUTH_BAD_BASE64,
    AUTH_BAD_SHAPE, /* decoded, but not what the mechanism says */
    AUTH_CANCELLED, /* the client said "*" */
    AUTH_UNKNOWN,   /* no such mechanism, or not on this connection */
};

struct authsrv {
    int mechanism; /* row, -1: no exchange is under way */
    int account;
    char detail[64]; /* of the login that succeeded: "anna" of "student+anna" */
    struct buf user;
    bool ending; /* all was said and is well, or will be refused: one more answer is due */
    bool refused;
    const struct tls *tls; /* NULL: in the clear; set by the server before authsrv_begin() */
    struct Gsasl *lib;
    struct Gsasl_session *session;
};

void authsrv_init(struct authsrv *a);
void authsrv_clear(struct authsrv *a);
/* The mechanisms as EHLO and CAPA list them. tls: NULL, none that is bound to TLS. Valid until the
 * next call. */
const char *authsrv_names(const struct tls *tls);
/* Begins an exchange. initial: the initial response as sent ("=" is an empty one) or NULL. */
enum auth_result authsrv_begin(struct authsrv *a, const char *mechanism, size_t n,
                               const char *initial, size_t initial_len, struct buf *challenge);
enum auth_result authsrv_answer(struct authsrv *a, const char *line, size_t n,
                                struct buf *challenge);
/* The account for a name and password, or -1. */
int authsrv_check(const char *user, size_t n, const char *password, size_t m);

#endif
