/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and names as SMTP writes them, read strictly. RFC 5321 4.1.2, RFC 6531 3.3. */
#ifndef PRACTICE_PATH_H
#define PRACTICE_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct path {
    bool null;        /* <> */
    bool eightbit;    /* holds octets over 0x7F (valid UTF-8): only with SMTPUTF8 */
    char text[321];   /* as written, without brackets and without an obsolete route */
    char local[65];   /* left of the @, unquoted */
    char domain[256]; /* right of it; "" where there is none (<postmaster>) */
};

/* Reads "<...>" at the start of p. NULL: well; *used octets were read. Else a sentence that says
 * what is wrong. */
const char *path_parse(const char *p, size_t n, struct path *out, size_t *used);
/* May it stand after HELO? A domain or an address literal. */
bool path_helo(const char *p, size_t n);
/* RFC 3461 4: printable ASCII without + and =, others as +HH. */
bool path_xtext(const char *p, size_t n);
bool utf8_valid(const char *p, size_t n);

#endif
