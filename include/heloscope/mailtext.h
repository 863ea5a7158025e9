/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message as its octets stand: header fields in order and the body, nothing decoded; and who its
 * From field says wrote it. What signatures and policies are judged on. RFC 5322 2.2, 3.4, 3.6.2.
 */
#ifndef HELOSCOPE_MAILTEXT_H
#define HELOSCOPE_MAILTEXT_H

#include "heloscope/buf.h"

#include <stdint.h>

enum { MESSAGE_FIELDS = 100000, MESSAGE_DOMAINS = 32 };

/* A header field; borrowed from the message's text. */
struct field {
    const char *raw; /* all of it, folding and its last line end with it */
    size_t n;
    size_t name;       /* octets of the name at raw, without blanks before the colon */
    const char *value; /* behind the colon, n octets without the last line end */
    size_t nvalue;
    uint32_t hash; /* of the name, in small letters */
};

struct mailtext {
    struct field *at;
    size_t n;
    const char *body; /* behind the empty line */
    size_t nbody;
    size_t odd;      /* header lines that are neither a field nor the rest of one */
    size_t left_out; /* fields behind MESSAGE_FIELDS */
};

/* Cuts a text, which must outlive m. Lines end in CRLF or LF. mailtext_clear() later. */
void mailtext_parse(struct mailtext *m, const char *text, size_t n);
void mailtext_clear(struct mailtext *m);
/* Is this field called so (any case)? */
bool field_is(const struct field *f, const char *name);
uint32_t field_hash(const char *name, size_t n);
/* The first field with this name, or NULL; and how many there are. */
const struct field *mailtext_field(const struct mailtext *m, const char *name);
size_t mailtext_count(const struct mailtext *m, const char *name);

/* A text whose first line ends in LF alone, as files on this system do, with CRLF everywhere (what
 * was signed ended so): into out, true. Else false and out is untouched. */
bool mailtext_crlf(const char *text, size_t n, struct buf *out);

/* The authors' domains, for DMARC (RFC 9989 5.3.1, RFC 7489 6.6.1). */
struct author {
    unsigned fields;                   /* From fields */
    char domain[MESSAGE_DOMAINS][256]; /* A-labels in small letters, each once */
    size_t domains;
    bool group;     /* it names a group: nobody's domain is judged (RFC 6854) */
    bool malformed; /* not exactly one From field with well-formed mailboxes */
    char why[200];  /* what is wrong with it, or "" */
};
void mailtext_author(const struct mailtext *m, struct author *out);

/* A domain as it is compared: A-labels, small letters, no last dot; at most 253 octets. False: it
 * can be none (empty or long labels, a character that no host name has, an address in brackets). */
bool domain_normal(const char *s, size_t n, char out[256]);
/* Are they the same, or is name below it? Both normal. */
bool domain_within(const char *name, const char *domain);
unsigned domain_labels(const char *name);

#endif
