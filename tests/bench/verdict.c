/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a verdict for a message of 1 MB takes: by itself, and as a command from its start. What
 * openssl needs for the digest alone stands beside it. */
#include "tests/bench/bench.h"
#include "heloscope/loop.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 30, AIM_MS = 30, MEGABYTE = 1 << 20 };

static void write_file(const char *path, const struct buf *b)
{
    FILE *f = fopen(path, "w");
    if (!f || fwrite(b->p, 1, b->len, f) != b->len || fclose(f) != 0)
        exit(1);
}

int main(void)
{
    char why[300], dir[] = "/tmp/heloscope-bench-XXXXXX", message[64], zone[64];
    struct buf text, z, signed_text;
    struct mailtext m;
    struct dkim_key *k = dkim_key_make(2048, why, sizeof why);
    if (!k || !mkdtemp(dir))
        return 1;
    buf_init(&text, 4 << 20);
    buf_init(&signed_text, 4 << 20);
    buf_init(&z, 1 << 16);
    buf_add_str(&text,
                "From: Alice <a@bank.test>\r\nTo: Bob <b@school.test>\r\nSubject: x\r\n\r\n");
    while (text.len < MEGABYTE)
        buf_add_str(&text,
                    "A line of the letter,  as long as lines of letters are, more or less.\r\n");
    mailtext_parse(&m, buf_str(&text), text.len);
    for (int relaxed = 0; relaxed < 2; relaxed++) {
        struct dkim_signing how = {.domain = "bank.test",
                                   .selector = "s",
                                   .headers = "from:to:subject",
                                   .relaxed_header = relaxed,
                                   .relaxed_body = relaxed};
        if (!dkim_sign(&m, k, &how, &signed_text, why, sizeof why))
            return 1;
    }
    mailtext_clear(&m);
    buf_add(&signed_text, text.p, text.len);

    struct buf record;
    buf_init(&record, 4096);
    dkim_key_record(k, &record);
    buf_add_str(
        &z, "bank.test. TXT \"v=spf1 mx include:esp.test -all\"\nbank.test. MX 1 mx.bank.test.\n"
            "mx.bank.test. A 192.0.2.1\nesp.test. TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n"
            "_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\ns._domainkey.bank.test. TXT");
    for (size_t i = 0; i < record.len; i += 200)
        buf_addf(&z, " \"%.200s\"", buf_str(&record) + i);
    buf_add_str(&z, "\n");

    struct zone *parsed = zone_parse("zone", buf_str(&z), z.len, why, sizeof why);
    if (!parsed)
        return 1;
    struct rr_source dns = zone_source(parsed);
    struct verdict_query q = {"192.0.2.1", "mx.bank.test", "a@bank.test", "mx", DMARC_9989, 0};
    struct values inside = {.n = 0}, command = {.n = 0}, digest = {.n = 0};
    bool passes = true;
    for (int i = 0; i < ROUNDS; i++) {
        struct verdict v;
        uint64_t start = now_us();
        mailtext_parse(&m, buf_str(&signed_text), signed_text.len);
        verdict_make(&q, &m, &dns, &v);
        values_add(&inside, (int64_t)(now_us() - start));
        passes = passes && v.dmarc[0].result == DMARC_PASS && v.dkim.n == 2 &&
                 v.dkim.at[0].result == DKIM_PASS && v.dkim.at[1].result == DKIM_PASS;
        verdict_clear(&v);
        mailtext_clear(&m);
    }
    if (!passes)
        return 1;
    snprintf(message, sizeof message, "%s/message", dir);
    snprintf(zone, sizeof zone, "%s/zone", dir);
    write_file(message, &signed_text);
    write_file(zone, &z);
    const char *const verify[] = {
        bench_heloscope(), "verify",       "--zone",      zone,          "--ip",  "192.0.2.1",
        "--helo",          "mx.bank.test", "--mail-from", "a@bank.test", message, NULL};
    const char *const openssl[] = {"openssl", "dgst", "-sha256", message, NULL};
    for (int i = 0; i < ROUNDS; i++) {
        double ms = bench_run(verify, NULL, NULL);
        if (ms < 0)
            return 1;
        values_add(&command, (int64_t)(ms * 1000));
    }
    for (int i = 0; bench_has("openssl") && i < ROUNDS; i++)
        values_add(&digest, (int64_t)(bench_run(openssl, NULL, NULL) * 1000));
    bench_row("1 MB, two signatures", "verdict in the program", "%.1f ms",
              (double)values_at(&inside, 50) / 1000);
    bench_row("1 MB, two signatures", "heloscope verify, from its start",
              "%.1f ms (quickest %.1f: what it takes where nothing else runs)",
              (double)values_at(&command, 50) / 1000, (double)values_at(&command, 0) / 1000);
    if (digest.n)
        bench_row("1 MB, its SHA-256 alone", "openssl dgst, from its start",
                  "%.1f ms (quickest %.1f)", (double)values_at(&digest, 50) / 1000,
                  (double)values_at(&digest, 0) / 1000);
    bench_aim(values_at(&command, 50) <= AIM_MS * 1000, "a verdict for 1 MB within %d ms", AIM_MS);
    unlink(message);
    unlink(zone);
    rmdir(dir);
    dkim_key_free(k);
    zone_free(parsed);
    buf_clear(&record);
    buf_clear(&text);
    buf_clear(&signed_text);
    buf_clear(&z);
    return 0;
}
