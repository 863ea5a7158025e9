/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SPF records of any kind, in answer to any question: the limits hold and the reason is harmless.
 * The first line is HELO and MAIL FROM, the others are answers. */
#include "tests/fuzz/answers.h"
#include "heloscope/spf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const clients[] = {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "x"};
    char sender[300] = "";
    const char *text = (const char *)data, *lf = n ? memchr(text, '\n', n) : NULL;
    size_t first = lf ? (size_t)(lf - text) : n;
    if (first && first < sizeof sender)
        memcpy(sender, text, first);
    for (size_t i = 0; i < 4; i++) {
        struct answers a = {.p = lf ? lf + 1 : text + n, .end = text + n};
        struct rr_source dns = {answers_lookup, &a};
        struct spf_query q = {clients[i], sender, i & 1 ? "" : sender, NULL};
        struct spf s;
        spf_check(&q, &dns, &s);
        if (s.lookups > SPF_LOOKUPS + 1 || !s.because.len)
            abort();
        answers_harmless(buf_str(&s.because));
        answers_harmless(spf_word(s.result));
        spf_clear(&s);
        answers_free(&a);
    }
    return 0;
}
