/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hostile other end in front of the TLS client: garbage and torn records end in words, never in
 * decrypted bytes. */
#include "heloscope/tls.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[200];
    struct buf plain, wire;
    struct tls *t = tls_new_client("mx.example", false, NULL, why, sizeof why);
    if (!t)
        abort();
    buf_init(&plain, 1 << 16);
    buf_init(&wire, 1 << 16);
    tls_start(t, &wire);
    size_t half = size / 2;
    tls_input(t, data, half, &plain, &wire);
    enum tls_state s = tls_input(t, data + half, size - half, &plain, &wire);
    if (plain.len || s == TLS_UP || s == TLS_CLOSED)
        abort();
    if (s == TLS_BROKEN && !tls_error(t)[0])
        abort();
    for (const char *p = tls_error(t); *p; p++)
        if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
            abort();
    tls_free(t);
    buf_clear(&plain);
    buf_clear(&wire);
    return 0;
}
