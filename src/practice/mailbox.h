/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice world's mail store: accounts, their maildrops, and letters that are shared by all
 * who got them. */
#ifndef PRACTICE_MAILBOX_H
#define PRACTICE_MAILBOX_H

#include "heloscope/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum account_kind {
    BOX_PLAIN,
    BOX_FULL,
    BOX_GREYLIST, /* delivers, but the first try of a sender is put off */
    BOX_DISABLED,
    BOX_UNKNOWN, /* on the list of accounts, but not there */
    BOX_LIST,    /* a mailing list: student and teacher */
};

enum account_id {
#define ACCOUNT(id, local, password, kind, note) ACCOUNT_##id,
#include "practice/accounts.def"
    ACCOUNTS,
    TRAY = ACCOUNTS, /* not an account: what would have gone to other domains */
    MAILBOXES
};

struct account {
    const char *local, *password;
    enum account_kind kind;
};
extern const struct account account_table[ACCOUNTS];
/* By local part (without case: RFC 5321 2.4 leaves that to us) with or without "@practice.example";
 * -1: unknown. */
int account_find(const char *name, size_t n);
/* The same for a login: "student+anna" is student, and *detail its "anna" ("" where there is none):
 * so a student in a class says who he is. */
int login_find(const char *name, size_t n, const char **detail, size_t *detail_len);
/* Is it the world's own domain? */
bool domain_is_ours(const char *domain, size_t n);

/* The octets of a letter, with CRLF line ends; counted references. */
struct letter {
    unsigned refs;
    bool utf8; /* its header holds 8-bit octets (RFC 6532) */
    size_t len;
    char text[];
};

/* A letter in a maildrop: what delivery put before it, and the letter. */
struct message {
    struct letter *letter;
    char *head; /* Return-Path, Delivered-To */
    size_t head_len;
    char uid[72]; /* POP3's unique-id; with a Maildir the file's name without flags */
    char *file;   /* path below the Maildir, or NULL */
    bool gone;    /* DELE, until UPDATE */
    bool seen;    /* RETR */
};

struct mailbox {
    struct message *m;
    size_t n, cap;
    uint64_t octets;
    bool locked; /* a POP3 session has it */
};

struct maildir;
struct store {
    struct mailbox box[MAILBOXES];
    uint64_t octets, octets_max; /* of all letters, counted once each */
    uint64_t incoming;           /* octets of letters that are being received */
    uint64_t box_octets_max;
    size_t box_messages_max;
    struct maildir *maildir;
    uint64_t serial;
};

enum store_result {
    STORE_OK,
    STORE_BOX_FULL, /* 552 5.2.2 */
    STORE_FULL,     /* 452 4.3.1 */
    STORE_BROKEN,   /* 451 4.3.0: the Maildir could not be written */
};

void store_init(struct store *s, size_t message_max);
void store_clear(struct store *s);
/* A letter of n octets. */
struct letter *letter_new(struct store *s, const char *text, size_t n);
void letter_ref(struct letter *l);
void letter_unref(struct store *s, struct letter *l);
/* Would n more octets fit? box: a mailbox, or -1 for the store alone. */
enum store_result store_fits(const struct store *s, int box, size_t n);
/* Puts the letter into the maildrop (own reference). return_path without brackets; for_whom:
 * "student@...". */
enum store_result store_deliver(struct store *s, int box, struct letter *l, const char *return_path,
                                const char *for_whom);
/* Adds a message that lies in the Maildir already. */
enum store_result store_adopt(struct store *s, int box, struct letter *l, const char *uid,
                              const char *file);
size_t message_octets(const struct message *m);
/* Removes what is marked gone; what was seen moves to cur. False: some file could not be removed.
 */
bool store_update(struct store *s, int box);
/* The next unique number, for queue IDs and unique-ids. */
uint64_t store_serial(struct store *s);
/* The letters that lie in student's maildrop from the start. */
void store_welcome(struct store *s);
/* "Sat, 21 Nov 2026 05:13:45 +0000" (RFC 5322 3.3, in UTC); size >= 40. */
void date_822(char *out, size_t size);

#endif
