/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL: the client's side of PLAIN and LOGIN over libgsasl, APOP's digest, and what the base64 of
 * an AUTH dialogue says, in words that hold no secret. Who asks for the password, and what is sent
 * when, is the session's. RFC 4422, RFC 4616, RFC 4954, RFC 5034, RFC 1939 7. */
#include "heloscope/sasl.h"
#include "core/lazy/gsasl.gen.h"
#include "core/lazy/openssl.gen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sasl {
    Gsasl *lib;
    Gsasl_session *session;
    bool client_first;
    bool done;
};

/* The mechanisms that are offered, and whether the client speaks first. */
static const struct {
    const char *name;
    bool client_first;
} offered[] = {{"PLAIN", true}, {"LOGIN", false}};

struct sasl *sasl_new(const char *mechanism, const char *user, const char *secret, char *why,
                      size_t size)
{
    size_t i = 0, n = sizeof offered / sizeof *offered;
    while (i < n && strcasecmp(offered[i].name, mechanism) != 0)
        i++;
    if (i == n) {
        snprintf(why, size, "the mechanism %.40s is not done here; PLAIN and LOGIN are", mechanism);
        return NULL;
    }
    if (!lazy_ready(gsasl, why, size))
        return NULL;
    struct sasl *s = xcalloc(1, sizeof *s);
    s->client_first = offered[i].client_first;
    int rc = gsasl_init(&s->lib);
    if (rc == GSASL_OK)
        rc = gsasl_client_start(s->lib, offered[i].name, &s->session);
    if (rc == GSASL_OK)
        rc = gsasl_property_set(s->session, GSASL_AUTHID, user);
    if (rc == GSASL_OK)
        rc = gsasl_property_set(s->session, GSASL_PASSWORD, secret);
    if (rc != GSASL_OK) {
        snprintf(why, size, "%s cannot be started: %s", offered[i].name, gsasl_strerror(rc));
        sasl_free(s);
        return NULL;
    }
    return s;
}

void sasl_free(struct sasl *s)
{
    if (!s)
        return;
    if (s->session) {
        /* libgsasl frees its copy without wiping it. */
        const char *kept = gsasl_property_fast(s->session, GSASL_PASSWORD);
        if (kept)
            explicit_bzero((char *)(uintptr_t)kept, strlen(kept));
        gsasl_finish(s->session);
    }
    if (s->lib)
        gsasl_done(s->lib);
    free(s);
}

bool sasl_client_first(const struct sasl *s)
{
    return s->client_first;
}

bool sasl_step(struct sasl *s, const char *challenge, size_t n, struct buf *out, char *why,
               size_t size)
{
    if (s->done) {
        snprintf(why, size, "the server asks again, but everything was said");
        return false;
    }
    char *in = xstrndup(challenge, n);
    char *answer = NULL;
    int rc = gsasl_step64(s->session, in, &answer);
    free(in);
    bool ok = rc == GSASL_OK || rc == GSASL_NEEDS_MORE;
    s->done = rc == GSASL_OK;
    if (!ok)
        snprintf(why, size, "%s",
                 rc == GSASL_BASE64_ERROR ? "the challenge is not base64" : gsasl_strerror(rc));
    if (ok && answer && !buf_add_str(out, answer)) {
        snprintf(why, size, "the answer is longer than %zu octets", out->max);
        ok = false;
    }
    if (answer) {
        explicit_bzero(answer, strlen(answer));
        gsasl_free(answer);
    }
    return ok;
}

/* Decodes into *plain (a secret buffer, NUL after it). False: no base64. */
static bool decode(const char *base64, size_t n, struct buf *plain)
{
    char *raw = NULL;
    size_t len = 0;
    buf_init_secret(plain, 65536);
    while (n > 0 && (base64[n - 1] == ' ' || base64[n - 1] == '\t'))
        n--;
    if (gsasl_base64_from(base64, n, &raw, &len) != GSASL_OK)
        return false;
    bool ok = buf_add(plain, raw, len);
    if (raw) {
        explicit_bzero(raw, len);
        gsasl_free(raw);
    }
    return ok;
}

/* Text of the other end's for a sentence of ours: no control characters, cut to fit. */
static void put_text(char *out, size_t size, const char *before, const char *p, size_t n,
                     const char *after)
{
    char shown[161];
    size_t k = 0;
    for (size_t i = 0; i < n && k + 4 < sizeof shown; i++) {
        unsigned char c = (unsigned char)p[i];
        shown[k++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    if (n > k)
        k += (size_t)snprintf(shown + k, 4, "...");
    shown[k] = '\0';
    snprintf(out, size, "%s%s%s", before, shown, after);
}

static bool begins(const char *mechanism, const char *prefix)
{
    return strncasecmp(mechanism, prefix, strlen(prefix)) == 0;
}

/* The value after key up to one of the stops: offset and length in p. */
static bool value(const char *p, size_t n, const char *key, const char *stops, size_t *at,
                  size_t *len)
{
    const char *hit = n ? memmem(p, n, key, strlen(key)) : NULL;
    if (!hit)
        return false;
    *at = (size_t)(hit - p) + strlen(key);
    *len = 0;
    while (*at + *len < n && !strchr(stops, p[*at + *len])) /* a NUL stops too */
        ++*len;
    return true;
}

/* PLAIN: authorization identity NUL name NUL password. RFC 4616 2 */
struct plain {
    const char *as, *user, *secret;
    size_t as_len, user_len, secret_len;
};

static bool plain_parts(const struct buf *b, struct plain *out)
{
    const char *end = b->p ? b->p + b->len : NULL;
    const char *one = b->len ? memchr(b->p, '\0', b->len) : NULL;
    const char *two = one ? memchr(one + 1, '\0', (size_t)(end - one - 1)) : NULL;
    if (!two)
        return false;
    *out = (struct plain){b->p,
                          one + 1,
                          two + 1,
                          (size_t)(one - b->p),
                          (size_t)(two - one - 1),
                          (size_t)(end - two - 1)};
    return true;
}

static void describe_plain(const struct buf *b, char *out, size_t size)
{
    struct plain p;
    char as[200] = "";
    if (!plain_parts(b, &p)) {
        snprintf(
            out, size,
            "no PLAIN message: it needs two NUL octets, before the name and before the password");
        return;
    }
    if (p.as_len)
        put_text(as, sizeof as, ", acting as ", p.as, p.as_len, "");
    put_text(out, size, "user ", p.user, p.user_len,
             p.secret_len ? ", password hidden" : ", an empty password");
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s", as);
}

void sasl_describe_answer(const char *mechanism, unsigned step, const char *base64, size_t n,
                          char *out, size_t size)
{
    struct buf b;
    size_t at, len;
    if (size == 0)
        return;
    out[0] = '\0';
    if (n == 1 && base64[0] == '*') {
        snprintf(out, size, "gives the login up");
        return;
    }
    if (n == 0 || (n == 1 && base64[0] == '=')) {
        snprintf(out, size, "an empty answer");
        return;
    }
    if (!decode(base64, n, &b)) {
        snprintf(out, size, "not base64: the server will refuse it (hidden all the same)");
    } else if (begins(mechanism, "PLAIN")) {
        describe_plain(&b, out, size);
    } else if (begins(mechanism, "LOGIN")) {
        if (step == 0)
            put_text(out, size, "user ", b.p, b.len, "");
        else
            snprintf(out, size, "password hidden");
    } else if (begins(mechanism, "CRAM-MD5")) {
        const char *sp = b.len ? memrchr(b.p, ' ', b.len) : NULL;
        if (sp)
            put_text(out, size, "user ", b.p, (size_t)(sp - b.p), ", digest hidden");
        else
            snprintf(out, size, "no CRAM-MD5 answer: it is a name, a blank and a digest");
    } else if (begins(mechanism, "SCRAM-") && step == 0 &&
               value(b.p, b.len, "n=", ",", &at, &len)) {
        put_text(out, size, "user ", b.p + at, len, ", and a random number for the server to salt");
    } else if (begins(mechanism, "SCRAM-")) {
        snprintf(out, size,
                 "the proof that the password is known (hidden; the password itself is not in it)");
    } else if (begins(mechanism, "DIGEST-MD5") &&
               value(b.p, b.len, "username=\"", "\"", &at, &len)) {
        put_text(out, size, "user ", b.p + at, len, ", digest hidden");
    } else if (begins(mechanism, "XOAUTH2") && value(b.p, b.len, "user=", "\001", &at, &len)) {
        put_text(out, size, "user ", b.p + at, len, ", token hidden");
    } else if (begins(mechanism, "OAUTHBEARER") && value(b.p, b.len, "a=", ",\001", &at, &len)) {
        put_text(out, size, "user ", b.p + at, len, ", token hidden");
    } else if (begins(mechanism, "ANONYMOUS")) {
        put_text(out, size, "anonymous, trace text ", b.p, b.len, "");
    } else if (begins(mechanism, "EXTERNAL")) {
        put_text(out, size, "acting as ", b.p, b.len, ", proved by TLS or the system");
    } else {
        snprintf(out, size, "%zu octets, hidden", b.len);
    }
    buf_clear(&b);
}

void sasl_describe_challenge(const char *mechanism, const char *base64, size_t n, char *out,
                             size_t size)
{
    struct buf b;
    if (size == 0)
        return;
    out[0] = '\0';
    if (n == 0 || (n == 1 && base64[0] == '=')) {
        snprintf(out, size, "an empty challenge: it is your turn");
        return;
    }
    if (!decode(base64, n, &b)) {
        put_text(out, size, "not base64: ", base64, n, "");
        buf_clear(&b);
        return;
    }
    bool printable = b.len > 0;
    for (size_t i = 0; i < b.len; i++)
        printable = printable && (unsigned char)b.p[i] >= 0x20 && (unsigned char)b.p[i] < 0x7f;
    if (!printable)
        snprintf(out, size, "a challenge of %zu octets that are no text", b.len);
    else if (begins(mechanism, "LOGIN"))
        put_text(out, size, "asks for: ", b.p, b.len, "");
    else if (begins(mechanism, "XOAUTH2") || begins(mechanism, "OAUTHBEARER"))
        put_text(out, size, "the token was refused: ", b.p, b.len, "; an empty answer ends it");
    else
        put_text(out, size, "challenge: ", b.p, b.len, "");
    buf_clear(&b);
}

bool sasl_secret_of(const char *mechanism, unsigned step, const char *base64, size_t n,
                    struct buf *out)
{
    struct buf b;
    struct plain p;
    size_t at, len;
    bool found = false;
    if (decode(base64, n, &b) && b.len > 0) {
        if (begins(mechanism, "PLAIN"))
            found = plain_parts(&b, &p) && p.secret_len && buf_add(out, p.secret, p.secret_len);
        else if (begins(mechanism, "LOGIN"))
            found = step > 0 && buf_add(out, b.p, b.len);
        else if (begins(mechanism, "XOAUTH2") || begins(mechanism, "OAUTHBEARER"))
            found = value(b.p, b.len, "auth=Bearer ", "\001", &at, &len) && len &&
                    buf_add(out, b.p + at, len);
    }
    buf_clear(&b);
    return found;
}

bool sasl_apop(const char *timestamp, const char *secret, char out[33])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestInit_ex(c, EVP_md5(), NULL) &&
              EVP_DigestUpdate(c, timestamp, strlen(timestamp)) &&
              EVP_DigestUpdate(c, secret, strlen(secret)) && EVP_DigestFinal_ex(c, sum, &len) &&
              len == 16;
    EVP_MD_CTX_free(c);
    out[0] = '\0';
    for (unsigned i = 0; ok && i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
    explicit_bzero(sum, sizeof sum);
    return ok;
}
