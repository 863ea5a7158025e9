/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of any kind: the fields lie inside the text, in order; the author's domains are names;
 * the whole verdict and its JSON can be written. */
#include "tests/fuzz/answers.h"
#include "heloscope/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data, *at = text;
    struct mailtext m;
    struct author author;
    struct buf crlf, out;
    mailtext_parse(&m, text, n);
    for (size_t i = 0; i < m.n; i++) {
        const struct field *f = &m.at[i];
        if (f->raw < at || f->raw + f->n > text + n || f->value < f->raw + f->name + 1 ||
            f->value + f->nvalue > f->raw + f->n)
            abort();
        at = f->raw + f->n;
        results_forged(f, "mx.example.org");
    }
    if (m.body + m.nbody != text + n || m.body < at)
        abort();
    mailtext_author(&m, &author);
    for (size_t i = 0; i < author.domains; i++) {
        char again[256];
        if (!domain_normal(author.domain[i], strlen(author.domain[i]), again) ||
            strcmp(again, author.domain[i]) != 0)
            abort();
    }
    if (!author.malformed && (author.fields != 1 || !author.domains))
        abort();
    buf_init(&crlf, 2 * n + 2);
    buf_init(&out, 1 << 22);
    bool changed = mailtext_crlf(text, n, &crlf);
    if (changed && crlf.len < n)
        abort();
    struct answers a = {.p = "", .end = ""};
    struct rr_source dns = {answers_lookup, &a};
    char who[64] = "";
    memcpy(who, text, n < 60 ? n : 60);
    struct verdict_query q = {"192.0.2.1", who, who, "mx.example.org", DMARC_9989, 1};
    struct verdict v;
    verdict_make(&q, &m, &dns, &v);
    if (!verdict_json(&v, &out) || !verdict_field(&v, &out))
        abort();
    verdict_clear(&v);
    buf_clear(&out);
    buf_clear(&crlf);
    mailtext_clear(&m);
    return 0;
}
