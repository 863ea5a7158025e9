/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing: for the practice world and the tests of verifying. RFC 6376 5. */
#include "letter/dkim_priv.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 72 };

/* base64 in lines. */
static bool folded(const struct buf *b64, struct buf *out)
{
    bool ok = true;
    for (size_t i = 0; i < b64->len && ok; i += WIDTH) {
        size_t n = b64->len - i < WIDTH ? b64->len - i : WIDTH;
        ok = buf_add_str(out, "\r\n\t") && buf_add(out, b64->p + i, n);
    }
    return ok;
}

static bool tags_write(const struct mailtext *m, const struct dkim_key *k,
                       const struct dkim_signing *how, struct buf *out)
{
    char hash[48];
    uint64_t whole = 0;
    if (!dkim_body_hash(m, how->relaxed_body, UINT64_MAX, &whole, hash))
        return false;
    bool ok = buf_addf(out, "DKIM-Signature: v=1; a=%s; c=%s/%s; d=%s; s=%s;",
                       how->sha1                ? "rsa-sha1"
                       : dkim_key_is_ed25519(k) ? "ed25519-sha256"
                                                : "rsa-sha256",
                       how->relaxed_header ? "relaxed" : "simple",
                       how->relaxed_body ? "relaxed" : "simple", how->domain, how->selector);
    if (ok && how->identity)
        ok = buf_addf(out, " i=%s;", how->identity);
    if (ok && how->when)
        ok = buf_addf(out, " t=%lld;", (long long)how->when);
    if (ok && how->cut)
        ok = buf_addf(out, " l=%llu;", (unsigned long long)whole);
    return ok && buf_addf(out, "\r\n\th=%s;\r\n\tbh=%s;\r\n\tb=", how->headers, hash);
}

bool dkim_sign(const struct mailtext *m, const struct dkim_key *k, const struct dkim_signing *how,
               struct buf *out, char *why, size_t size)
{
    struct buf field, data, b64;
    unsigned char sig[2048];
    size_t n = sizeof sig;
    struct tag h = {.value = how->headers, .nvalue = strlen(how->headers)};
    buf_init(&field, 65536);
    buf_init(&data, 64 << 20);
    buf_init(&b64, 8192);
    bool ok = tag_lists(&h, "From");
    if (!ok)
        snprintf(why, size, "From must be among the fields that are signed (RFC 6376 5.4)");
    if (ok) {
        ok = tags_write(m, k, how, &field);
        struct field f = {.raw = field.p, .n = field.len, .name = 14};
        f.value = field.p + 15;
        f.nvalue = field.len - 15;
        ok = ok && dkim_fields(m, &h, how->relaxed_header, &data) &&
             dkim_field_unsigned(&f, how->relaxed_header, field.p + field.len, 0, &data) &&
             dkim_key_sign(k, &data, sig, &n) && base64_write(sig, n, &b64) &&
             folded(&b64, &field) && buf_add_str(&field, "\r\n") &&
             buf_add(out, field.p, field.len);
        if (!ok)
            snprintf(why, size, "the message could not be signed");
    }
    buf_clear(&field);
    buf_clear(&data);
    buf_clear(&b64);
    return ok;
}
