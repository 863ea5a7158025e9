/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DNS of the practice world. Who publishes what is chosen so that each scenario of the lab
 * shows one thing: see tests/tables/spoof.c for what comes out under each policy. */
#include "heloscope/lab.h"

#include <stdio.h>
#include <string.h>

/* Who may send from where (RFC 7208); "%s" is how bank.test's record ends. */
static const char who_sends[] =
    "$TTL 300\n"
    "; the bank, its mail server, its bounces and a department\n"
    "bank.test.          TXT  \"v=spf1 ip4:192.0.2.128/25 ip6:2001:db8:1::/48 %s\"\n"
    "bank.test.          MX   10 mail.bank.test.\n"
    "mail.bank.test.     A    192.0.2.130\n"
    "mail.bank.test.     TXT  \"v=spf1 a -all\"\n"
    "bounce.bank.test.   TXT  \"v=spf1 include:bank.test -all\"\n"
    "pay.bank.test.      A    192.0.2.140\n"
    "130.2.0.192.in-addr.arpa. PTR mail.bank.test.\n"
    "; who pretends to be the bank, and two names that look like its\n"
    "evil.test.          TXT  \"v=spf1 ip4:203.0.113.66 -all\"\n"
    "evil.test.          MX   10 evil.test.\n"
    "evil.test.          A    203.0.113.66\n"
    "_dmarc.evil.test.   TXT  \"v=DMARC1; p=reject\"\n"
    "bank-service.test.  TXT  \"v=spf1 ip4:203.0.113.66 -all\"\n"
    "_dmarc.bank-service.test. TXT \"v=DMARC1; p=reject\"\n"
    "xn--bnk-6cd.test.   TXT  \"v=spf1 ip4:203.0.113.66 -all\"\n"
    "_dmarc.xn--bnk-6cd.test.  TXT \"v=DMARC1; p=reject\"\n"
    "; the reader, a mailing list, a forwarder, a mailing service\n"
    "school.test.        MX   10 mx.school.test.\n"
    "mx.school.test.     A    192.0.2.80\n"
    "lists.test.         TXT  \"v=spf1 ip4:198.51.100.10 -all\"\n"
    "_dmarc.lists.test.  TXT  \"v=DMARC1; p=none\"\n"
    "alumni.test.        TXT  \"v=spf1 ip4:198.51.100.25 -all\"\n"
    "esp.test.           TXT  \"v=spf1 ip4:198.51.100.71 -all\"\n";

/* The seed is the name's place in this list: what is public need not be secret. */
static const char *const signers[] = {"bank.test",         "mail.bank.test", "evil.test",
                                      "bank-service.test", "lists.test",     "xn--bnk-6cd.test",
                                      "esp.test",          "alumni.test"};

struct dkim_key *lab_key(const char *domain, char *why, size_t size)
{
    unsigned char seed[32] = "heloscope's spoof lab, no secret";
    for (size_t i = 0; i < sizeof signers / sizeof *signers; i++)
        if (strcmp(signers[i], domain) == 0) {
            seed[31] = (unsigned char)i;
            return dkim_key_seed(seed, why, size);
        }
    size_t at =
        (size_t)snprintf(why, size, "the practice world has no key for %.60s, but for", domain);
    for (size_t i = 0; i < sizeof signers / sizeof *signers && at < size; i++)
        at += (size_t)snprintf(why + at, size - at, "%s %s", i ? "," : "", signers[i]);
    return NULL;
}

bool lab_zone(const struct lab_choice *c, struct buf *out, char *why, size_t size)
{
    bool ok = buf_addf(out, who_sends, c->soft ? "~all" : "-all");
    for (size_t i = 0; ok && i < sizeof signers / sizeof *signers; i++) {
        struct dkim_key *k = lab_key(signers[i], why, size);
        if (!k)
            return false;
        ok = buf_addf(out, LAB_SELECTOR "._domainkey.%s. TXT \"", signers[i]) &&
             dkim_key_record(k, out) && buf_add_str(out, "\"\n");
        dkim_key_free(k);
    }
    if (ok && c->policy)
        ok = buf_addf(out, "_dmarc.bank.test. TXT \"v=DMARC1; p=%s%s%s%s\"\n", c->policy,
                      c->subdomain ? "; sp=" : "", c->subdomain ? c->subdomain : "",
                      c->strict ? "; adkim=s; aspf=s" : "");
    if (!ok)
        snprintf(why, size, "the zone of the lab is larger than its buffer");
    return ok;
}
