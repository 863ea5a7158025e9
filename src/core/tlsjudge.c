/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DANE and MTA-STS put into the words of the other verdicts. RFC 7672, RFC 8461 4.2. */
#include "heloscope/tlsjudge.h"

#include <stdio.h>

enum { CHAIN_MAX = 16 };

enum dane_verdict tls_judge_dane(struct tls_peer *p, const struct dane *d, const char *const *names,
                                 size_t nnames)
{
    static const enum tls_word words[] = {[DANE_NONE] = TLS_UNPROVEN,
                                          [DANE_VERIFIED] = TLS_HOLDS,
                                          [DANE_FAILED] = TLS_FAILS,
                                          [DANE_UNUSABLE] = TLS_UNPROVEN,
                                          [DANE_UNPROVEN] = TLS_UNPROVEN};
    struct der chain[CHAIN_MAX];
    size_t n = 0;
    char why[500];
    uint8_t usage = 0;
    for (; n < CHAIN_MAX && n < tls_peer_count(p); n++) {
        chain[n].p = tls_peer_der(p, n, &chain[n].n);
        if (!chain[n].p)
            break;
    }
    enum dane_verdict v =
        dane_check(d, chain, n, names, nnames, time(NULL), &usage, why, sizeof why);
    tls_peer_say(p, TLS_CHECK_DANE, words[v], why,
                 v == DANE_FAILED
                     ? "publish TLSA records of the certificate in use before changing it"
                 : v == DANE_UNUSABLE ? "publish records of usage 3 (3 1 1) for mail"
                                      : "");
    /* Usage 2 has its own look at name and dates. */
    tls_peer_stand_in(p, v != DANE_VERIFIED ? 0
                         : usage == 3
                             ? 1u << TLS_CHECK_CHAIN | 1u << TLS_CHECK_NAME | 1u << TLS_CHECK_DATE
                             : 1u << TLS_CHECK_CHAIN);
    return v;
}

enum mtasts_verdict tls_judge_mtasts(struct tls_peer *p, const struct mtasts *policy,
                                     const char *host)
{
    static const enum tls_check needed[] = {TLS_CHECK_CHAIN, TLS_CHECK_NAME, TLS_CHECK_DATE};
    static const enum tls_word words[] = {[MTASTS_FULFILLED] = TLS_HOLDS,
                                          [MTASTS_BROKEN] = TLS_FAILS,
                                          [MTASTS_BROKEN_TESTING] = TLS_FAILS,
                                          [MTASTS_SAYS_NOTHING] = TLS_UNPROVEN};
    const char *bad = NULL;
    char why[900];
    for (size_t i = 0; i < 3 && !bad; i++)
        if (tls_peer_opinion(p, needed[i])->word != TLS_HOLDS)
            bad = tls_peer_opinion(p, needed[i])->why;
    enum mtasts_verdict v =
        mtasts_check(policy, host, p != NULL, !bad, bad ? bad : "", why, sizeof why);
    tls_peer_say(p, TLS_CHECK_MTA_STS, words[v], why,
                 v == MTASTS_BROKEN || v == MTASTS_BROKEN_TESTING
                     ? "correct the policy's mx lines, or the host's certificate"
                     : "");
    return v;
}
