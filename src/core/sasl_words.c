/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the base64 of an AUTH dialogue says, in words that hold no secret: each mechanism's
 * messages, taken apart. For live sessions and recorded ones alike. RFC 2195, RFC 2831, RFC 4616,
 * RFC 5802, RFC 7628. The names and nonces are the other end's, so they are made harmless before
 * they are shown. */
#include "core/sasl_priv.h"
#include "core/lazy/jansson.gen.h"

#include "core/lazy/gsasl.gen.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SHOWN = 160 }; /* octets of the other end's in one place */

bool sasl_decode(const char *base64, size_t n, struct buf *plain)
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

/* A sentence being written into the caller's room. */
struct words {
    char *p;
    size_t size, n;
};

static void put(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct words *w, const char *fmt, ...)
{
    va_list ap;
    if (w->n >= w->size)
        return;
    va_start(ap, fmt);
    int k = vsnprintf(w->p + w->n, w->size - w->n, fmt, ap);
    va_end(ap);
    w->n = k < 0 || (size_t)k >= w->size - w->n ? w->size : w->n + (size_t)k;
}

/* Text of the other end's: no control characters, cut to fit. */
static void put_text(struct words *w, const char *p, size_t n)
{
    char shown[SHOWN + 4];
    size_t k = 0;
    for (size_t i = 0; i < n && k < SHOWN; i++) {
        unsigned char c = (unsigned char)p[i];
        shown[k++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    shown[k] = '\0';
    put(w, "%s%s", shown, n > k ? "..." : "");
}

static bool begins(const char *mechanism, const char *prefix)
{
    return strncasecmp(mechanism, prefix, strlen(prefix)) == 0;
}

struct part {
    const char *p;
    size_t n;
};

/* The value after key up to one of the stops (a NUL always stops). */
static bool value(const struct buf *b, const char *key, const char *stops, struct part *out)
{
    const char *hit = b->len ? memmem(b->p, b->len, key, strlen(key)) : NULL;
    if (!hit)
        return false;
    const char *end = b->p + b->len;
    out->p = hit + strlen(key);
    out->n = 0;
    while (out->p + out->n < end && !strchr(stops, out->p[out->n]))
        out->n++;
    return true;
}

/* SCRAM: attributes of one letter between commas. RFC 5802 5.1 */
static bool attribute(const struct buf *b, char letter, struct part *out)
{
    for (size_t i = 0; i + 1 < b->len; i++)
        if (b->p[i] == letter && b->p[i + 1] == '=' && (i == 0 || b->p[i - 1] == ',')) {
            out->p = b->p + i + 2;
            const char *comma = memchr(out->p, ',', b->len - i - 2);
            out->n = comma ? (size_t)(comma - out->p) : b->len - i - 2;
            return true;
        }
    return false;
}

/* DIGEST-MD5: name=value or name="value" between commas. RFC 2831 2.1.1 */
static bool directive(const struct buf *b, const char *name, struct part *out)
{
    size_t k = strlen(name);
    bool quoted = false;
    for (size_t i = 0; i < b->len; i++) {
        bool start = i == 0 || (!quoted && (b->p[i - 1] == ',' || b->p[i - 1] == ' '));
        if (start && b->len - i > k && strncasecmp(b->p + i, name, k) == 0 && b->p[i + k] == '=') {
            const char *p = b->p + i + k + 1, *end = b->p + b->len;
            bool quote = p < end && *p == '"';
            p += quote;
            const char *stop = p < end ? memchr(p, quote ? '"' : ',', (size_t)(end - p)) : NULL;
            *out = (struct part){p, (size_t)((stop ? stop : end) - p)};
            return true;
        }
        if (b->p[i] == '"')
            quoted = !quoted;
    }
    return false;
}

/* ---- what the client says ---- */

/* PLAIN: authorization identity NUL name NUL password. RFC 4616 2 */
struct plain {
    struct part as, user, secret;
};

static bool plain_parts(const struct buf *b, struct plain *out)
{
    const char *end = b->p ? b->p + b->len : NULL;
    const char *one = b->len ? memchr(b->p, '\0', b->len) : NULL;
    const char *two = one ? memchr(one + 1, '\0', (size_t)(end - one - 1)) : NULL;
    if (!two)
        return false;
    *out = (struct plain){{b->p, (size_t)(one - b->p)},
                          {one + 1, (size_t)(two - one - 1)},
                          {two + 1, (size_t)(end - two - 1)}};
    return true;
}

static void put_user(struct words *w, struct part user)
{
    put(w, "user ");
    put_text(w, user.p, user.n);
}

static void say_plain(struct words *w, const struct buf *b)
{
    struct plain p;
    if (!plain_parts(b, &p)) {
        put(w,
            "no PLAIN message: it needs two NUL octets, before the name and before the password");
        return;
    }
    put_user(w, p.user);
    put(w, p.secret.n ? ", password hidden" : ", an empty password");
    if (p.as.n) {
        put(w, ", acting as ");
        put_text(w, p.as.p, p.as.n);
    }
}

/* What the letter before the first comma says about channel binding. RFC 5802 7 */
static void say_binding(struct words *w, const char *p, size_t n)
{
    if (n > 2 && p[0] == 'p' && p[1] == '=') {
        const char *comma = memchr(p, ',', n);
        put(w, "; bound to the TLS connection by ");
        put_text(w, p + 2, comma ? (size_t)(comma - p) - 2 : n - 2);
    } else if (n > 1 && p[0] == 'y') {
        put(w, "; could be bound to TLS, and thinks that the server cannot");
    } else if (n > 1 && p[0] == 'n') {
        put(w, "; not bound to TLS");
    }
}

static void say_scram_first(struct words *w, const struct buf *b)
{
    struct part user, nonce, as;
    if (!attribute(b, 'n', &user) || !attribute(b, 'r', &nonce)) {
        put(w, "no first message of SCRAM: it holds n= (name) and r= (nonce)");
        return;
    }
    put_user(w, user);
    put(w, ", nonce r=");
    put_text(w, nonce.p, nonce.n);
    if (attribute(b, 'a', &as)) {
        put(w, ", acting as ");
        put_text(w, as.p, as.n);
    }
    say_binding(w, b->p, b->len);
}

/* c= repeats the header and adds what TLS gave; p= is the proof, which is not shown. */
static void say_scram_final(struct words *w, const struct buf *b)
{
    struct part c, p;
    struct buf header;
    put(w, "the proof p= that the password is known (hidden; the password itself is not in it)");
    if (!attribute(b, 'p', &p))
        put(w, ", which is missing");
    if (attribute(b, 'c', &c) && sasl_decode(c.p, c.n, &header)) {
        const char *end =
            header.len > 2 && header.p[0] == 'p' ? memchr(header.p, ',', header.len) : NULL;
        const char *after =
            end ? memchr(end + 1, ',', header.len - (size_t)(end + 1 - header.p)) : NULL;
        if (after)
            put(w, "; c= holds %zu octets taken from this TLS connection",
                header.len - (size_t)(after + 1 - header.p));
        buf_clear(&header);
    } else if (attribute(b, 'c', &c)) {
        buf_clear(&header);
    }
}

static void say_digest_answer(struct words *w, const struct buf *b)
{
    static const struct {
        const char *name, *words;
    } more[] = {{"realm", ", realm "},
                {"digest-uri", ", for "},
                {"qop", ", qop "},
                {"authzid", ", acting as "}};
    struct part v;
    if (!directive(b, "username", &v)) {
        put(w, "no DIGEST-MD5 answer: it holds username, nonce and response");
        return;
    }
    put_user(w, v);
    put(w, ", digest hidden");
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (directive(b, more[i].name, &v) && v.n) {
            put(w, "%s", more[i].words);
            put_text(w, v.p, v.n);
        }
}

static void say_cram_answer(struct words *w, const struct buf *b)
{
    const char *sp = b->len ? memrchr(b->p, ' ', b->len) : NULL;
    if (!sp) {
        put(w, "no CRAM-MD5 answer: it is a name, a blank and a digest");
        return;
    }
    put_user(w, (struct part){b->p, (size_t)(sp - b->p)});
    put(w, ", digest hidden");
}

static void say_token(struct words *w, const char *mechanism, const struct buf *b)
{
    struct part v;
    bool x = begins(mechanism, "XOAUTH2");
    if (b->len == 1 && b->p[0] == 1)
        put(w, "^A: the refusal was read");
    else if (value(b, x ? "user=" : "a=", x ? "\001" : ",\001", &v)) {
        put_user(w, v);
        put(w, ", token hidden");
    } else if (value(b, "auth=Bearer ", "\001", &v)) {
        put(w, "token hidden, and no name: the token says whose it is");
    } else {
        put(w, "%zu octets, hidden: no token message", b->len);
    }
}

static void say_answer(struct words *w, const char *mechanism, unsigned step, const struct buf *b)
{
    if (begins(mechanism, "PLAIN"))
        say_plain(w, b);
    else if (begins(mechanism, "LOGIN") && step == 0)
        put_user(w, (struct part){b->p, b->len});
    else if (begins(mechanism, "LOGIN"))
        put(w, "password hidden");
    else if (begins(mechanism, "CRAM-MD5"))
        say_cram_answer(w, b);
    else if (begins(mechanism, "SCRAM-") && step == 0)
        say_scram_first(w, b);
    else if (begins(mechanism, "SCRAM-"))
        say_scram_final(w, b);
    else if (begins(mechanism, "DIGEST-MD5"))
        say_digest_answer(w, b);
    else if (begins(mechanism, "XOAUTH2") || begins(mechanism, "OAUTHBEARER"))
        say_token(w, mechanism, b);
    else if (begins(mechanism, "ANONYMOUS")) {
        put(w, "anonymous, trace text ");
        put_text(w, b->p, b->len);
    } else if (begins(mechanism, "EXTERNAL")) {
        put(w, "acting as ");
        put_text(w, b->p, b->len);
        put(w, ", proved by TLS or the system");
    } else
        put(w, "%zu octets, hidden", b->len);
}

void sasl_describe_answer(const char *mechanism, unsigned step, const char *base64, size_t n,
                          char *out, size_t size)
{
    struct words w = {out, size, 0};
    struct buf b;
    if (size == 0)
        return;
    out[0] = '\0';
    if (n == 1 && base64[0] == '*') {
        put(&w, "gives the login up");
        return;
    }
    if (n == 0 || (n == 1 && base64[0] == '=')) {
        put(&w, "an empty answer");
        if (step >= 2 && begins(mechanism, "SCRAM-"))
            put(&w, ": the server's proof was read");
        else if (step >= 1 && begins(mechanism, "DIGEST-MD5"))
            put(&w, ": the server's proof was read");
        else if (step >= 1 && begins(mechanism, "XOAUTH2"))
            put(&w, ": the refusal was read");
        else if (step == 0 && begins(mechanism, "EXTERNAL"))
            put(&w, ": the certificate tells who it is");
        return;
    }
    if (sasl_decode(base64, n, &b))
        say_answer(&w, mechanism, step, &b);
    else
        put(&w, "not base64: the server will refuse it (hidden all the same)");
    buf_clear(&b);
}

/* ---- what the server says ---- */

/* "<1896.697170952@postoffice>": a number, a clock, a host; RFC 2195 2 leaves the order to the
 * server. What looks like the clock is told as a date. */
static void say_timestamp(struct words *w, const struct buf *b)
{
    put(w, "challenge ");
    put_text(w, b->p, b->len);
    const char *at = memchr(b->p, '@', b->len);
    for (size_t i = 0; at && i < (size_t)(at - b->p);) {
        size_t k = strspn(b->p + i, "0123456789");
        long long t = k >= 9 && k <= 10 ? atoll(b->p + i) : 0;
        time_t when = (time_t)t;
        struct tm tm;
        char day[32];
        if (t > 400000000 && t < 4100000000LL && gmtime_r(&when, &tm) &&
            strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &tm)) {
            put(w, ": the server's clock %s UTC and a number used once", day);
            break;
        }
        i += k ? k : 1;
    }
    put(w, "; the answer is HMAC-MD5 over it, with the password as key");
}

static void say_scram(struct words *w, const struct buf *b)
{
    struct part r, s, i, v;
    if (attribute(b, 'v', &v)) {
        put(w, "the server's proof v=");
        put_text(w, v.p, v.n);
        put(w, ": it has a record of the password, too");
    } else if (attribute(b, 'e', &v)) {
        put(w, "the server refuses: ");
        put_text(w, v.p, v.n);
    } else if (attribute(b, 'r', &r) && attribute(b, 's', &s) && attribute(b, 'i', &i)) {
        struct buf salt;
        long rounds = strtol(i.p, NULL, 10); /* the buffer ends in a NUL */
        bool ok = sasl_decode(s.p, s.n, &salt);
        put(w, "nonce r=");
        put_text(w, r.p, r.n);
        put(w, " (the client's, gone on with)");
        if (ok)
            put(w, ", salt s= of %zu octets", salt.len);
        else
            put(w, ", a salt s= that is not base64");
        buf_clear(&salt);
        put(w, ", i=%ld rounds", rounds);
        if (rounds < 4096)
            put(w, ": fewer than the 4096 of RFC 5802 5.1, so guesses are cheap");
    } else {
        put(w, "challenge: ");
        put_text(w, b->p, b->len);
        put(w, " (SCRAM's holds r=, s= and i=)");
    }
}

static void say_digest(struct words *w, const struct buf *b)
{
    static const char *const names[] = {"realm", "nonce", "qop", "algorithm", "charset", "cipher"};
    struct part v;
    bool any = false;
    if (directive(b, "rspauth", &v)) {
        put(w, "the server's proof rspauth: it knows the password, too");
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (directive(b, names[i], &v)) {
            put(w, "%s%s ", any ? ", " : "", names[i]);
            put_text(w, v.p, v.n);
            any = true;
        }
    if (!any) {
        put(w, "challenge: ");
        put_text(w, b->p, b->len);
        put(w, " (DIGEST-MD5's holds a nonce)");
    }
}

/* The error report of OAUTHBEARER and XOAUTH2. RFC 7628 3.2.2 */
static void say_token_error(struct words *w, const struct buf *b)
{
    static const struct {
        const char *status, *words;
    } known[] = {
        {"invalid_token", " (run out, withdrawn, or not made for this)"},
        {"insufficient_scope", " (the token is good, but not for mail)"},
        {"invalid_request", " (the message was not understood)"},
        {"400", " (the message was not understood, or the token is none)"},
        {"401", " (run out, withdrawn, or not made for this)"},
    };
    static const char *const more[] = {"scope", "schemes", "openid-configuration"};
    json_error_t error;
    json_t *o = json_loadb(b->p, b->len, JSON_REJECT_DUPLICATES, &error);
    const json_t *status = o ? json_object_get(o, "status") : NULL;
    put(w, "the token was refused: ");
    if (!json_is_string(status)) {
        put_text(w, b->p, b->len);
    } else {
        const char *text = json_string_value(status);
        put(w, "status ");
        put_text(w, text, json_string_length(status));
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (strcmp(text, known[i].status) == 0)
                put(w, "%s", known[i].words);
        for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
            const json_t *v = json_object_get(o, more[i]);
            if (json_is_string(v)) {
                put(w, ", %s ", more[i]);
                put_text(w, json_string_value(v), json_string_length(v));
            }
        }
    }
    json_decref(o);
    put(w, "; an empty answer ends it");
}

void sasl_describe_challenge(const char *mechanism, const char *base64, size_t n, char *out,
                             size_t size)
{
    struct words w = {out, size, 0};
    struct buf b;
    if (size == 0)
        return;
    out[0] = '\0';
    if (n == 0 || (n == 1 && base64[0] == '=')) {
        put(&w, "an empty challenge: it is your turn");
        return;
    }
    bool decoded = sasl_decode(base64, n, &b), printable = b.len > 0;
    for (size_t i = 0; i < b.len; i++)
        printable = printable && (unsigned char)b.p[i] >= 0x20 && (unsigned char)b.p[i] < 0x7f;
    bool token = begins(mechanism, "XOAUTH2") || begins(mechanism, "OAUTHBEARER");
    if (!decoded) {
        put(&w, "not base64: ");
        put_text(&w, base64, n);
    } else if (token && b.len) {
        say_token_error(&w, &b);
    } else if (!printable) {
        put(&w, "a challenge of %zu octets that are no text", b.len);
    } else if (begins(mechanism, "LOGIN")) {
        put(&w, "asks for: ");
        put_text(&w, b.p, b.len);
    } else if (begins(mechanism, "CRAM-MD5")) {
        say_timestamp(&w, &b);
    } else if (begins(mechanism, "SCRAM-")) {
        say_scram(&w, &b);
    } else if (begins(mechanism, "DIGEST-MD5")) {
        say_digest(&w, &b);
    } else {
        put(&w, "challenge: ");
        put_text(&w, b.p, b.len);
    }
    buf_clear(&b);
}

bool sasl_secret_of(const char *mechanism, unsigned step, const char *base64, size_t n,
                    struct buf *out)
{
    struct buf b;
    struct plain p;
    struct part v;
    bool found = false;
    if (sasl_decode(base64, n, &b) && b.len > 0) {
        if (begins(mechanism, "PLAIN"))
            found = plain_parts(&b, &p) && p.secret.n && buf_add(out, p.secret.p, p.secret.n);
        else if (begins(mechanism, "LOGIN"))
            found = step > 0 && buf_add(out, b.p, b.len);
        else if (begins(mechanism, "XOAUTH2") || begins(mechanism, "OAUTHBEARER"))
            found = value(&b, "auth=Bearer ", "\001", &v) && v.n && buf_add(out, v.p, v.n);
    }
    buf_clear(&b);
    return found;
}
