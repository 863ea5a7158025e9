/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the servers of the practice world share. */
#ifndef PRACTICE_WORLD_H
#define PRACTICE_WORLD_H

#include "heloscope/practice.h"
#include "practice/mailbox.h"
#include "practice/peer.h"
#include "practice/trouble.h"

enum smtp_flavour { FLAVOUR_SMTP, FLAVOUR_SUBMISSION, FLAVOUR_LMTP };

struct receiver;
struct loop *world_loop(struct world *w);
struct receiver *world_receiver(struct world *w);
struct store *world_store(struct world *w);
const struct world_options *world_settings(const struct world *w);
/* The idle time in milliseconds: the world's where it was set, else the service's own. */
int64_t world_idle(const struct world *w, int64_t own);
/* Is a fault on? Then *value (or NULL) is its number. */
bool world_trouble(const struct world *w, enum trouble t, unsigned *value);
/* A student's world: its own mail, faults and greylist (those of the house as they are now); the
 * house's loop, certificates, zone and count of clients. It goes with its house, or by
 * world_free().
 */
struct world *world_room(struct world *house);
/* The client is in w from now on. */
void world_enter(struct world *w, struct peer *p);
/* The class that looks on in this house and its rooms, or NULL. */
struct classroom;
void world_class(struct world *house, struct classroom *class);
struct classroom *world_classroom(struct world *w);
void world_join(struct world *w, struct peer *p);
void world_leave(struct world *w, struct peer *p);
/* Greylisting: has this sender tried this recipient before? Remembers that it has now. */
bool world_met(struct world *w, const char *sender, int account);
/* The same for any recipient by its address. */
bool world_met_address(struct world *w, const char *sender, const char *recipient);

/* The certificate that clients see: the world's, or a flawed one by fault. */
const struct tls_identity *world_shown_identity(struct world *w);

extern const struct service smtp_service, submission_service, lmtp_service, pop3_service;

#endif
