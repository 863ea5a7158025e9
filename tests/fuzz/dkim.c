/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages with signatures of any kind and keys of any kind: the first line is the answer to the
 * first question for a key, the second to the next, then the message. */
#include "tests/fuzz/answers.h"
#include "letter/dkim_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void nothing(void *arg, const char *p, size_t n)
{
    *(uint64_t *)arg += n;
    (void)p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data, *end = text + n, *lf = text;
    for (int i = 0; i < 2; i++) {
        const char *next = lf < end ? memchr(lf, '\n', (size_t)(end - lf)) : NULL;
        lf = next ? next + 1 : end;
    }
    struct answers a = {.p = text, .end = lf};
    struct rr_source dns = {answers_lookup, &a};
    struct mailtext m;
    struct dkim d;
    mailtext_parse(&m, lf, (size_t)(end - lf));
    dkim_verify(&m, &dns, 1700000000, &d);
    for (size_t i = 0; i < d.n; i++) {
        if (d.at[i].result == DKIM_NONE)
            abort();
        answers_harmless(buf_str(&d.at[i].because));
    }
    dkim_clear(&d);
    for (int relaxed = 0; relaxed < 2; relaxed++) {
        uint64_t given = 0,
                 whole = dkim_body(m.body, m.nbody, relaxed, UINT64_MAX, nothing, &given);
        if (given != whole || whole > m.nbody + 2)
            abort();
        given = 0;
        dkim_body(m.body, m.nbody, relaxed, 7, nothing, &given);
        if (given != (whole < 7 ? whole : 7))
            abort();
    }
    mailtext_clear(&m);
    answers_free(&a);
    return 0;
}
