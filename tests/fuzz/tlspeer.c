/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and OCSP answers made by an enemy: whatever is read out of them is printable, and
 * the report and its JSON come about. The input: octets of the certificate's length (two), the
 * certificate, another one of the same kind, the rest is the OCSP answer. */
#include "heloscope/tlsreport.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_octets cut(const uint8_t **p, size_t *left)
{
    struct tls_octets o = {NULL, 0};
    if (*left < 2)
        return o;
    size_t n = (size_t)(*p)[0] << 8 | (*p)[1];
    *p += 2;
    *left -= 2;
    o.n = n < *left ? n : *left;
    o.p = *p;
    *p += o.n;
    *left -= o.n;
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tls_octets certs[2] = {cut(&data, &size)}, ocsp;
    certs[1] = cut(&data, &size);
    ocsp = (struct tls_octets){data, size};
    struct tls_peer *p = tls_peer_of(certs, certs[1].n ? 2 : 1, &ocsp);
    if (!p)
        return 0;
    const struct tls_facts facts = {.version = "TLS 1.3", .verdict = TLS_UNVERIFIED};
    struct tls_seen seen = {
        .label = "fuzz", .refused = "", .failed = "", .facts = &facts, .peer = p};
    struct buf text;
    size_t n;
    buf_init(&text, 4 << 20);
    if (!tls_report_text(&seen, &text))
        abort();
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.p[i] < ' ' && text.p[i] != '\n') ||
            (unsigned char)text.p[i] >= 0x7f)
            abort();
    buf_trim(&text, 0);
    if (!tls_report_json(&seen, &text) || memchr(text.p, '\n', text.len))
        abort();
    buf_trim(&text, 0);
    if (tls_peer_pem(p, &text) && !strstr(buf_str(&text), "BEGIN CERTIFICATE"))
        abort();
    for (size_t i = 0; i < tls_peer_count(p); i++)
        if (!tls_peer_der(p, i, &n) || !n)
            abort();
    buf_clear(&text);
    tls_peer_free(p);
    return 0;
}
