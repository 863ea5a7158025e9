/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins against a hostile other end. The first octet picks a mechanism; the rest are lines. To the
 * client they are challenges (as they stand, and in base64), to the practice server answers. What
 * is said about them is printable, fits, and holds no password. */
#include "heloscope/sasl.h"
#include "practice/authsrv.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "tanstaaf-tanstaaf"
#define LINES 4
#define LINE_MAX_ 3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void described(const char *text)
{
    if (strstr(text, SECRET))
        abort();
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            abort();
}

static void words_of(const char *mechanism, unsigned step, const char *line, size_t n)
{
    char text[300];
    struct buf secret;
    sasl_describe_challenge(mechanism, line, n, text, sizeof text);
    described(text);
    sasl_describe_answer(mechanism, step, line, n, text, sizeof text);
    described(text);
    buf_init_secret(&secret, LINE_MAX_);
    sasl_secret_of(mechanism, step, line, n, &secret);
    buf_clear(&secret);
}

static void client(const struct sasl_mechanism *m, const char *const *line, const size_t *n)
{
    static const char bound[32];
    char why[300];
    struct buf out;
    struct sasl_login l = {.mechanism = m->name,
                           .user = "tim",
                           .secret = SECRET,
                           .service = "smtp",
                           .host = "mail.example",
                           .port = 587,
                           .binding = TLS_BINDING_EXPORTER,
                           .bound = bound,
                           .bound_len = sizeof bound};
    struct sasl *s = sasl_new(&l, why, sizeof why);
    if (!s)
        return;
    buf_init_secret(&out, 65536);
    bool go = !sasl_client_first(s) || sasl_step(s, "", 0, &out, why, sizeof why);
    for (int i = 0; i < LINES && go; i++) {
        buf_trim(&out, 0);
        why[0] = '\0';
        go = sasl_step(s, line[i], n[i], &out, why, sizeof why);
        described(why);
        if (!go && !why[0])
            abort();
    }
    if (sasl_server(s) == SASL_SERVER_PROVED)
        abort(); /* nobody here knows the password */
    buf_clear(&out);
    sasl_free(s);
}

static void server(const char *name, const char *const *line, const size_t *n)
{
    struct authsrv a;
    struct buf challenge;
    buf_init(&challenge, 1024);
    authsrv_init(&a);
    enum auth_result r =
        authsrv_begin(&a, name, strlen(name), n[0] ? line[0] : NULL, n[0], &challenge);
    for (int i = 1; i < LINES && r == AUTH_MORE; i++) {
        buf_trim(&challenge, 0);
        r = authsrv_answer(&a, line[i], n[i], &challenge);
    }
    if (r == AUTH_OK && a.account < 0)
        abort();
    authsrv_clear(&a);
    buf_clear(&challenge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char plain[LINES][LINE_MAX_ + 1], coded[LINES][LINE_MAX_ * 2];
    const char *p[LINES], *c[LINES];
    size_t pn[LINES], cn[LINES], rows;
    const struct sasl_mechanism *m = sasl_mechanisms(&rows);
    if (size < 1)
        return 0;
    m += data[0] % rows;
    size_t at = 1;
    for (unsigned i = 0; i < LINES; i++) {
        const uint8_t *lf = at < size ? memchr(data + at, '\n', size - at) : NULL;
        size_t len = at < size ? (lf ? (size_t)(lf - data) - at : size - at) : 0;
        if (len > LINE_MAX_)
            len = LINE_MAX_;
        if (len)
            memcpy(plain[i], data + at, len);
        plain[i][len] = '\0';
        p[i] = plain[i];
        pn[i] = len;
        cn[i] =
            (size_t)EVP_EncodeBlock((unsigned char *)coded[i], (unsigned char *)plain[i], (int)len);
        c[i] = coded[i];
        at += len + (lf ? 1 : 0);
        words_of(m->name, i, p[i], pn[i]);
        words_of(m->name, i, c[i], cn[i]);
    }
    client(m, p, pn);
    client(m, c, cn);
    server(m->name, p, pn);
    server(m->name, c, cn);
    return 0;
}
