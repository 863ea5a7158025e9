/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A maildrop as a mail program sees it, over a POP3 session: LIST, TOP for the rows that are shown,
 * RETR for the letter that is opened. All of it goes through the session, so that its transcript
 * shows how mail programs do it; what the user types beside is heeded too. RFC 1939, RFC 2449. */
#ifndef HELOSCOPE_MAILDROP_H
#define HELOSCOPE_MAILDROP_H

#include "heloscope/buf.h"
#include "heloscope/session.h"

enum drop_state { DROP_UNKNOWN, DROP_ASKED, DROP_KNOWN, DROP_REFUSED /* TOP is optional */ };

struct drop_row {
    unsigned number; /* the server's */
    uint64_t octets;
    enum drop_state state;
    bool gone;                   /* marked by DELE */
    char *from, *subject, *date; /* decoded; NULL until known. DROP_REFUSED: subject is the
                                  * server's refusal, or NULL: it was not asked */
};

struct maildrop;

/* Begins with CAPA (if it was not asked) and LIST. NULL: the session is no POP3 session that has
 * logged in; why. The session must outlive it. */
struct maildrop *maildrop_open(struct session *s, char *why, size_t size);
void maildrop_free(struct maildrop *m);
/* Takes what has come since; call it when the session says that something changed. True: rows or
 * the letter changed. */
bool maildrop_look(struct maildrop *m);
/* Has LIST answered? With a refusal: *why is its line, else "". */
bool maildrop_listed(const struct maildrop *m, const char **why);
size_t maildrop_count(const struct maildrop *m);
const struct drop_row *maildrop_row(const struct maildrop *m, size_t i);
/* Asks for the headers of rows i ... i + n - 1 that are not known, in one flight where the server
 * says PIPELINING (RFC 2449 6.6), else one by one. */
void maildrop_want(struct maildrop *m, size_t i, size_t n);
/* Fetches the letter of row i, or deletes it. False: why. */
bool maildrop_fetch(struct maildrop *m, size_t i, char *why, size_t size);
bool maildrop_delete(struct maildrop *m, size_t i, char *why, size_t size);
/* The letter fetched last and its row, once: it is moved into *out (initialised). cut: there was
 * more than 256 MB of it. False: none has come, or it was refused (*why not empty). */
bool maildrop_letter(struct maildrop *m, size_t *row, struct buf *out, bool *cut, const char **why);
/* Octets that have come of the letter under way, and its row; *row NULL: none is. */
uint64_t maildrop_coming(const struct maildrop *m, const struct drop_row **row);
/* Lines of the list that have come while it is coming; 0: it is not. */
uint64_t maildrop_listing(const struct maildrop *m);
/* What is odd about the list (numbers told twice, lines that are none, cut off); "" nothing. */
const char *maildrop_note(const struct maildrop *m);

#endif
