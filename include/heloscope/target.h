/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where to connect: "smtp://host:port", "unix:/path", "lmtp:/path", "host", "[2001:db8::1]:25",
 * "mx:example.org" ...
 */
#ifndef HELOSCOPE_TARGET_H
#define HELOSCOPE_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct proto;

struct target {
    const struct proto
        *proto;  /* NULL: neither the scheme nor a well-known port tells; ask the user */
    char *host;  /* as typed, without brackets (U-label kept); NULL for a unix socket */
    char *ascii; /* what is looked up and used for SNI: the A-label or the address */
    char *path;  /* unix socket */
    unsigned short port;
    bool mx;         /* "mx:domain": host is a domain whose mail exchangers are meant */
    bool tls;        /* implicit TLS (smtps, pop3s) */
    bool is_address; /* host is an IP literal: no look-up, no SNI, the certificate must name the
                        address */
    char *label;     /* short form for headers and logs: "mail.example.org:25" */
};

/* Parses text into *out (target_clear() later). False: *out is untouched and why (size bytes) holds
 * one clear sentence: what is wrong, and what would be right. Schemes are the rows of
 * protocols.def. */
bool target_parse(const char *text, struct target *out, char *why, size_t size);
/* Makes the label anew after host or port were changed. */
void target_label(struct target *t);
void target_clear(struct target *t);
/* *out becomes a copy of its own. */
void target_copy(struct target *out, const struct target *t);
/* A socket for which no protocol was said speaks LMTP: that is what mail servers use them for.
 * Other targets stay as they are. */
void target_socket(struct target *t);
/* Sets the protocol of a target that had none, and its port if that was not given. */
void target_choose(struct target *t, const struct proto *p);

#endif
