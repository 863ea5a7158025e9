/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A name server on loopback, UDP and TCP on one port, in a thread of the test: answers from lines,
 * and lies, is silent, cuts off where a line says so.
 *
 *     NAME A|AAAA|CNAME|PTR|MX|TXT|TLSA DATA     MX: "10 mx.test"; TLSA: "3 1 1 hex"; TXT: rest of
 *                                                the line, in strings of 255 octets
 *     $ad NAME            the AD bit is set           $silent NAME      no answer
 *     $servfail, $refused, $nxdomain, $notimp NAME    the rcode
 *     $truncate NAME      TC over UDP, all over TCP   $truncated NAME   TC over both
 *     $lie NAME           an answer about evil.test   $id NAME          with a wrong identity
 *     $cut NAME           the message ends in a record
 *     $long NAME          an A record of 5 octets     $garbage NAME     octets that are no message
 *     $late NAME          answered 300 ms later, and all others meanwhile
 *     $formerr NAME       FORMERR where EDNS is used  $iterative NAME   no recursion, no answer
 */
#ifndef TESTS_FAKE_FAKEDNS_H
#define TESTS_FAKE_FAKEDNS_H

#include <stdbool.h>

struct fakedns;

/* NULL: the system has no port. */
struct fakedns *fakedns_start(const char *zone);
/* "127.0.0.1:PORT", for --resolver. Borrowed. */
const char *fakedns_at(const struct fakedns *f);
/* How many questions came for this name and type (0: any type); did any lack the AD bit? */
int fakedns_asked(struct fakedns *f, const char *name, int type);
bool fakedns_ad_missing(struct fakedns *f);
void fakedns_stop(struct fakedns *f);

#endif
