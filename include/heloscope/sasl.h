/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL over libgsasl, client side, and what AUTH lines hold, decoded with the secrets left out.
 * RFC 4422, RFC 4616 (PLAIN), RFC 4954 (SMTP), RFC 5034 (POP3), RFC 1939 7 (APOP). */
#ifndef HELOSCOPE_SASL_H
#define HELOSCOPE_SASL_H

#include "heloscope/buf.h"

struct sasl;

/* Starts mechanism (PLAIN, LOGIN). NULL: why. The secret is copied into memory that is wiped. */
struct sasl *sasl_new(const char *mechanism, const char *user, const char *secret, char *why,
                      size_t size);
void sasl_free(struct sasl *s);
/* Does the mechanism speak first? Then sasl_step(s, "", 0, ...) gives its initial response. */
bool sasl_client_first(const struct sasl *s);
/* One step: the server's challenge in base64 in, the answer in base64 into *out (a secret buffer).
 * False: the challenge makes no sense or the mechanism failed; why. */
bool sasl_step(struct sasl *s, const char *challenge, size_t n, struct buf *out, char *why,
               size_t size);

/* What an AUTH argument or an answer says, in words, secrets masked: "user student, password hidden
 * (8 characters are not told)". step: which of the client's messages it is, 0 first, no matter
 * whether it goes as initial response or as an answer (command.step). Never writes a secret. */
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
