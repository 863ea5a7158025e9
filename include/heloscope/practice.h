/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice mail world: one mail store in memory, an SMTP server (smtp, submission, LMTP) and a
 * POP3 server over it, reached through a socketpair (no port, no network) or, for a class, over TCP
 * (`heloscope serve`). Reserved names only (RFC 2606, RFC 5737). It sends nothing to anyone. */
#ifndef HELOSCOPE_PRACTICE_H
#define HELOSCOPE_PRACTICE_H

#include "heloscope/buf.h"
#include "heloscope/tls.h"
#include <stdint.h>

struct loop;
struct world;
struct proto;

struct world_options {
    const char *maildir;  /* keep the mail there too (Maildir folders one per account), or NULL */
    unsigned max_clients; /* 0: 256 */
    size_t message_max;   /* octets, as SIZE says; 0: 10485760 */
    bool no_tls;          /* offer no STARTTLS */
    bool allow_remote;    /* world_listen() takes addresses that other machines can reach, too */
    const char *faults;   /* on from the start, as world_fault() takes them; NULL: none */
    const char *zone;     /* what SPF, DKIM and DMARC are judged by: a zone file; NULL: the lab's */
    unsigned idle_ms;     /* a silent client is sent away after this; 0: SMTP 5, POP3 10 minutes */
};

/* The world with its accounts and a practice CA (made at the first TLS or tls_identity request, so
 * that the first screen does not wait for a key). NULL: why. */
struct world *world_new(struct loop *l, const struct world_options *o, char *why, size_t size);
void world_free(struct world *w);

/* A new connection to the world's server for proto ("smtp", "submission", "lmtp", "pop3"; with TLS
 * from the first octet "submissions", "smtps", "pop3s"): returns the client's end of a socketpair
 * (the caller's), or -1. peer is the client address the server is to believe in ("192.0.2.10"). */
int world_connect(struct world *w, const char *proto, const char *peer);
/* Listens on "ADDR:PORT" for proto. False: why, and errno: EINVAL not such an address, EPERM not a
 * loopback address and no allow_remote, else the system's. *port tells the port taken (for :0). */
bool world_listen(struct world *w, const char *proto, const char *address, unsigned short *port,
                  char *why, size_t size);
/* Can "ADDR:PORT" be reached from this machine only? */
bool world_is_local(const char *address);
/* Can other machines reach it? False also where it is no address at all. */
bool world_is_remote(const char *address);
/* Says goodbye to every client (421, -ERR) and stops listening. */
void world_shutdown(struct world *w);
const struct tls_identity *world_identity(struct world *w);

/* The accounts, for the screen. Ended by a row whose name is NULL. */
struct account_row {
    const char *address;  /* "student@practice.example" */
    const char *password; /* shown on the screen: this is practice; "" where nobody can log in */
    const char *note;     /* "mailbox is full: 452 4.2.2" */
};
const struct account_row *world_accounts(void);
/* Messages lying in an account's maildrop. */
size_t world_count(struct world *w, const char *address);
/* Files of the Maildir that were not taken in at the start (too big, unreadable). */
size_t world_left_out(const struct world *w);
unsigned world_clients(const struct world *w);

/* Faults on demand, for all clients of the world, those that are here too: "greylist slow=200"
 * turns on, "off" turns all off. False: why holds a sentence, and nothing has changed. */
bool world_fault(struct world *w, const char *faults, char *why, size_t size);
/* Does world_fault() know them? False: why. */
bool practice_faults_exist(const char *faults, char *why, size_t size);
/* The faults that can be asked for, in an order for reading. Ended by a row whose name is NULL. */
struct fault_choice {
    const char *name, *value, *what, *ref; /* value: what its number counts, or "" */
    const char *smtp, *pop3; /* the reply, or ""; %R recipient, %S sender, %C client, %N value */
    unsigned usual;
    bool on;
    unsigned now; /* the number, while on */
};
enum { FAULT_CHOICES_MAX = 64 };
/* w may be NULL. */
void world_faults(const struct world *w, struct fault_choice out[FAULT_CHOICES_MAX]);

struct lab_choice;
/* What the world's DNS says, for letters from now on: a zone file, or (zone NULL) the lab's zone
 * with these choices; both NULL: as at the start. False: why, and nothing has changed. */
bool world_dns(struct world *w, const char *zone, const struct lab_choice *c, char *why,
               size_t size);

#define PRACTICE_HOST "practice.example"
/* Who a client on the screen or in --plain is to its servers, unless a lesson says otherwise. */
#define PRACTICE_CLIENT "192.0.2.10"

#endif
