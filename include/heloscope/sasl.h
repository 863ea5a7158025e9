/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL, client side: libgsasl's mechanisms, the two for OAuth 2 tokens, and what AUTH lines hold,
 * decoded with the secrets left out. RFC 4422, RFC 4954 (SMTP), RFC 5034 (POP3), RFC 1939 7 (APOP).
 */
#ifndef HELOSCOPE_SASL_H
#define HELOSCOPE_SASL_H

#include "heloscope/buf.h"
#include "heloscope/tls.h"

struct sasl;

enum sasl_engine {
    SASL_GSASL,       /* libgsasl does it */
    SASL_OAUTHBEARER, /* RFC 7628 */
    SASL_XOAUTH2,     /* Google's and Microsoft's form of it */
    SASL_APOP,        /* a command of POP3's own, RFC 1939 7 */
    SASL_USERPASS,    /* USER and PASS, RFC 1939 7 */
};
enum sasl_wants {
    SASL_WANTS_PASSWORD,
    SASL_WANTS_TOKEN,
    SASL_WANTS_NOTHING,
};
enum sasl_flag {
    SASL_FIRST = 1 << 0,  /* the client speaks first */
    SASL_CLEAR = 1 << 1,  /* the secret itself crosses the wire: only under TLS */
    SASL_BOUND = 1 << 2,  /* bound to the TLS connection (-PLUS) */
    SASL_MUTUAL = 1 << 3, /* the server proves itself too */
    SASL_ASKED = 1 << 4,  /* never chosen, only on demand */
};

/* A mechanism that is done here; the rows of core/sasl_mechs.def, the strongest first. */
struct sasl_mechanism {
    const char *name;
    enum sasl_engine engine;
    enum sasl_wants wants;
    unsigned flags;     /* enum sasl_flag */
    const char *why;    /* what speaks for it, or against it: one clause */
    const char *proves; /* what the answer proves, to whom: one clause */
    const char *hears;  /* what somebody who hears the line without TLS has then: one clause */
    const char *ref;
};
const struct sasl_mechanism *sasl_mechanisms(size_t *n);
/* By name without case (n octets); NULL: not done here. */
const struct sasl_mechanism *sasl_mechanism(const char *name, size_t n);

/* What a login is made of; borrowed for the call. */
struct sasl_login {
    const char *mechanism; /* of sasl_mechanisms() */
    const char *user;      /* who logs in; ANONYMOUS: the trace text */
    const char *authzid;   /* who to act as; NULL or "": the same */
    const char *secret;    /* password or token; NULL where none is wanted */
    const char *service;   /* "smtp", "pop": in DIGEST-MD5's uri */
    const char *host;      /* the server's name, for the same and for OAUTHBEARER */
    unsigned short port;
    enum tls_binding binding; /* what `bound` is; TLS_BINDING_NONE: there is none to be had */
    const void *bound;
    size_t bound_len;
};

/* Starts a mechanism. NULL: why. The secret is copied into memory that is wiped. */
struct sasl *sasl_new(const struct sasl_login *login, char *why, size_t size);
void sasl_free(struct sasl *s);
const struct sasl_mechanism *sasl_row(const struct sasl *s);
/* Does the mechanism speak first? Then sasl_step(s, "", 0, ...) gives its initial response. */
bool sasl_client_first(const struct sasl *s);
/* Keeps an initial response that is too long for the command line until the server asks for it by
 * an empty challenge (RFC 4954 4, RFC 5034 4). */
void sasl_hold(struct sasl *s, const struct buf *first);
/* One step: the server's challenge in base64 in, the answer in base64 into *out (a secret buffer).
 * False: the challenge makes no sense or the mechanism failed; why. */
bool sasl_step(struct sasl *s, const char *challenge, size_t n, struct buf *out, char *why,
               size_t size);

enum sasl_server {
    SASL_SERVER_UNASKED,  /* the mechanism does not make the server prove anything */
    SASL_SERVER_UNPROVED, /* it should have, and has not (yet) */
    SASL_SERVER_PROVED,
    SASL_SERVER_WRONG, /* what it showed as its proof does not hold */
};
enum sasl_server sasl_server(const struct sasl *s);

/* What an AUTH argument or an answer says, in words, secrets masked: "user student, password
 * hidden". step: which of the client's messages it is, 0 first, no matter whether it goes as
 * initial response or as an answer (command.step). Never writes a secret. */
void sasl_describe_answer(const char *mechanism, unsigned step, const char *base64, size_t n,
                          char *out, size_t size);
/* What a challenge says: 334 VXNlcm5hbWU6 -> "asks for: Username:". */
void sasl_describe_challenge(const char *mechanism, const char *base64, size_t n, char *out,
                             size_t size);
/* The secret inside an answer (decoded), for masking echoes: appended to *out (secret). False: none
 * or not decodable. */
bool sasl_secret_of(const char *mechanism, unsigned step, const char *base64, size_t n,
                    struct buf *out);
/* 32 hexadecimal digits into out[33]. RFC 1939 7. */
bool sasl_apop(const char *timestamp, const char *secret, char out[33]);

#endif
