/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DMARC records of any kind above any domain: the first line is the From field, the others are
 * answers. A verdict asks for no more than a policy, and never for more than was asked. */
#include "tests/fuzz/answers.h"
#include "heloscope/dmarc.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data, *lf = n ? memchr(text, '\n', n) : NULL;
    struct mailtext m;
    struct author author;
    mailtext_parse(&m, text, lf ? (size_t)(lf - text) : n);
    mailtext_author(&m, &author);
    for (int rfc = 0; rfc < DMARC_RFCS; rfc++) {
        struct answers a = {.p = lf ? lf + 1 : text + n, .end = text + n};
        struct rr_source dns = {answers_lookup, &a};
        struct spf spf = {.result = SPF_PASS, .identity = "mailfrom", .domain = "a.b.example.org"};
        struct dkim dkim = {.n = 1};
        struct dmarc d;
        dkim.at[0].result = DKIM_TEMPERROR;
        snprintf(dkim.at[0].d, sizeof dkim.at[0].d, "example.org");
        dmarc_check((enum dmarc_rfc)rfc, &author, &spf, &dkim, &dns, &d);
        if ((d.disposition != POLICY_NONE &&
             (d.result != DMARC_FAIL || d.disposition > d.policy)) ||
            (d.result == DMARC_PASS && !d.spf_aligned && !d.dkim_aligned))
            abort();
        answers_harmless(buf_str(&d.because));
        dmarc_clear(&d);
        answers_free(&a);
    }
    mailtext_clear(&m);
    return 0;
}
