/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL, client side: the mechanisms of libgsasl with what they ask for (channel binding among it),
 * OAUTHBEARER and XOAUTH2, which it does not have, and APOP's digest. Who asks for the password,
 * and what is sent when, is the session's; what a line says, sasl_words.c's. RFC 4422, RFC 4616,
 * RFC 5802, RFC 7628, RFC 9266, RFC 1939 7. */
#include "core/sasl_priv.h"

#include "core/lazy/gsasl.gen.h"
#include "core/lazy/openssl.gen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct sasl_mechanism mechanisms[] = {
#define FIRST SASL_FIRST
#define CLEAR SASL_CLEAR
#define BOUND SASL_BOUND
#define MUTUAL SASL_MUTUAL
#define ASKED SASL_ASKED
#define MECH(name, engine, wants, flags, why, proves, hears, ref)                                  \
    {name, SASL_##engine, SASL_WANTS_##wants, flags, why, proves, hears, ref},
#include "core/sasl_mechs.def"
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum {
    TOKEN_MAX = 65536,
    ROUNDS_MAX = 1000000, /* of SCRAM: a second or so of work */
};

struct sasl {
    const struct sasl_mechanism *row;
    Gsasl *lib;
    Gsasl_session *session;
    struct buf said; /* the first message: an OAuth one, or one that waits for its challenge */
    bool held;
    unsigned steps;
    bool done;
    bool wrong; /* the server's proof does not hold */
};

const struct sasl_mechanism *sasl_mechanisms(size_t *n)
{
    *n = COUNT(mechanisms);
    return mechanisms;
}

const struct sasl_mechanism *sasl_mechanism(const char *name, size_t n)
{
    for (size_t i = 0; i < COUNT(mechanisms); i++)
        if (strlen(mechanisms[i].name) == n && strncasecmp(mechanisms[i].name, name, n) == 0)
            return &mechanisms[i];
    return NULL;
}

/* ---- OAuth 2 tokens ---- */

/* A name inside a GS2 header: RFC 5801 4. */
static bool add_saslname(struct buf *b, const char *name)
{
    bool ok = true;
    for (; *name && ok; name++)
        ok = *name == '='   ? buf_add_str(b, "=3D")
             : *name == ',' ? buf_add_str(b, "=2C")
                            : buf_add_char(b, *name);
    return ok;
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

/* The one message that carries the token. RFC 7628 3.1; XOAUTH2 is the same without the header. */
static bool token_message(struct sasl *s, const struct sasl_login *l, char *why, size_t size)
{
    struct buf b;
    const char *secret = l->secret ? l->secret : "";
    if (!*secret || has_control(secret) || strchr(secret, ' ')) {
        snprintf(why, size,
                 *secret ? "the token holds blanks or control characters: it is one word"
                         : "the token is empty");
        return false;
    }
    buf_init_secret(&b, TOKEN_MAX);
    bool ok = true;
    if (s->row->engine == SASL_OAUTHBEARER) {
        ok = buf_add_str(&b, "n,");
        if (ok && *l->user)
            ok = buf_add_str(&b, "a=") &&
                 add_saslname(&b, l->authzid && *l->authzid ? l->authzid : l->user);
        ok = ok && buf_add_str(&b, ",\001");
        if (ok && l->host && *l->host)
            ok = buf_addf(&b, "host=%s\001", l->host);
        if (ok && l->port)
            ok = buf_addf(&b, "port=%u\001", l->port);
    } else {
        ok = buf_addf(&b, "user=%s\001", l->authzid && *l->authzid ? l->authzid : l->user);
    }
    ok = ok && buf_addf(&b, "auth=Bearer %s\001\001", secret);
    char *base64 = NULL;
    if (ok && gsasl_base64_to(b.p, b.len, &base64, NULL) == GSASL_OK)
        ok = buf_add_str(&s->said, base64);
    else
        ok = false;
    if (base64) {
        explicit_bzero(base64, strlen(base64));
        gsasl_free(base64);
    }
    buf_clear(&b);
    if (!ok)
        snprintf(why, size, "the token is longer than %d octets", TOKEN_MAX / 2);
    return ok;
}

/* An answer to a challenge there is an error report: the server sends no more than that, and wants
 * it acknowledged before it refuses. RFC 7628 3.2.3. */
static bool token_step(struct sasl *s, size_t n, struct buf *out, char *why, size_t size)
{
    if (s->steps == 0 && n == 0) {
        s->done = true;
        return buf_add(out, s->said.p, s->said.len);
    }
    if (s->steps <= 1)
        return s->row->engine == SASL_XOAUTH2 || buf_add_str(out, "AQ==");
    snprintf(why, size, "the server asks again, but everything was said");
    return false;
}

/* ---- libgsasl ---- */

/* The binding as libgsasl wants it. It never asks for a kind that was not set. */
static int bind_to_tls(struct sasl *s, const struct sasl_login *l)
{
    char *base64 = NULL;
    int rc = gsasl_base64_to(l->bound, l->bound_len, &base64, NULL);
    if (rc != GSASL_OK)
        return rc;
    Gsasl_property p = GSASL_CB_TLS_UNIQUE;
#if GSASL_VERSION_NUMBER >= 0x020200
    if (l->binding == TLS_BINDING_EXPORTER)
        p = GSASL_CB_TLS_EXPORTER;
#endif
    rc = gsasl_property_set(s->session, p, base64);
    gsasl_free(base64);
    return rc;
}

/* Is there a binding that this libgsasl can use? RFC 9266 came with its version 2.2. */
static bool can_bind(const struct sasl_login *l)
{
#if GSASL_VERSION_NUMBER >= 0x020200
    return l->binding != TLS_BINDING_NONE;
#else
    return l->binding == TLS_BINDING_UNIQUE;
#endif
}

static int start(struct sasl *s, const struct sasl_login *l)
{
    const struct {
        Gsasl_property property;
        const char *value;
    } set[] = {{GSASL_AUTHID, l->user},
               {GSASL_ANONYMOUS_TOKEN, *l->user ? l->user : "anonymous"},
               {GSASL_AUTHZID, l->authzid && *l->authzid ? l->authzid : NULL},
               {GSASL_PASSWORD, l->secret},
               {GSASL_SERVICE, l->service},
               {GSASL_HOSTNAME, l->host}};
    int rc = gsasl_init(&s->lib);
    if (rc == GSASL_OK)
        rc = gsasl_client_start(s->lib, s->row->name, &s->session);
    for (size_t i = 0; rc == GSASL_OK && i < COUNT(set); i++)
        if (set[i].value)
            rc = gsasl_property_set(s->session, set[i].property, set[i].value);
    /* Only for -PLUS: libgsasl 2.2 gives up where a mechanism without it could be bound ("y" in RFC
     * 5802 6), so that a -PLUS that somebody took out of the list is not noticed. */
    if (rc == GSASL_OK && (s->row->flags & SASL_BOUND))
        rc = bind_to_tls(s, l);
    return rc;
}

struct sasl *sasl_new(const struct sasl_login *l, char *why, size_t size)
{
    const struct sasl_mechanism *row = sasl_mechanism(l->mechanism, strlen(l->mechanism));
    if (!row || row->engine == SASL_APOP || row->engine == SASL_USERPASS) {
        snprintf(why, size, "the mechanism %.40s is not done here; the strongest that is: %s",
                 l->mechanism, "SCRAM-SHA-256-PLUS");
        return NULL;
    }
    if ((row->flags & SASL_BOUND) && !can_bind(l)) {
        snprintf(why, size, "%s is bound to the TLS connection, and %s", row->name,
                 l->binding == TLS_BINDING_NONE
                     ? "there is none, or one that nothing can be bound to"
                     : "this libgsasl is too old for TLS 1.3's");
        return NULL;
    }
    if (!lazy_ready(gsasl, why, size))
        return NULL;
    struct sasl *s = xcalloc(1, sizeof *s);
    s->row = row;
    buf_init_secret(&s->said, (size_t)2 * TOKEN_MAX);
    if (row->engine != SASL_GSASL) {
        if (!token_message(s, l, why, size)) {
            sasl_free(s);
            return NULL;
        }
        return s;
    }
    int rc = start(s, l);
    if (rc != GSASL_OK) {
        snprintf(why, size, "%s cannot be started: %s", row->name, gsasl_strerror(rc));
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
    buf_clear(&s->said);
    free(s);
}

const struct sasl_mechanism *sasl_row(const struct sasl *s)
{
    return s->row;
}

bool sasl_client_first(const struct sasl *s)
{
    return s->row->flags & SASL_FIRST;
}

void sasl_hold(struct sasl *s, const struct buf *first)
{
    if (s->row->engine == SASL_GSASL) { /* the others have it in `said` already */
        buf_trim(&s->said, 0);
        buf_add(&s->said, buf_str(first), first->len);
    }
    s->held = true;
}

enum sasl_server sasl_server(const struct sasl *s)
{
    return !(s->row->flags & SASL_MUTUAL) ? SASL_SERVER_UNASKED
           : s->wrong                     ? SASL_SERVER_WRONG
           : s->done                      ? SASL_SERVER_PROVED
                                          : SASL_SERVER_UNPROVED;
}

/* SCRAM's "e=" where the proof is due: the server says no, which is not the same as a wrong proof.
 * RFC 5802 5.1. */
static bool says_error(const char *challenge, size_t n)
{
    struct buf b;
    bool e = sasl_decode(challenge, n, &b) && b.len > 2 && memcmp(b.p, "e=", 2) == 0;
    buf_clear(&b);
    return e;
}

/* The server names how often the password is hashed: a big number would keep us busy for hours. RFC
 * 5802 5.1. */
static bool too_many_rounds(const char *challenge, size_t n)
{
    struct buf b;
    const char *i = sasl_decode(challenge, n, &b) && b.len ? strstr(b.p, ",i=") : NULL;
    bool many = i && strtoul(i + 3, NULL, 10) > ROUNDS_MAX;
    buf_clear(&b);
    return many;
}

static void failed(struct sasl *s, int rc, const char *challenge, size_t n, char *why, size_t size)
{
    bool scram = strncmp(s->row->name, "SCRAM-", 6) == 0;
    if (rc == GSASL_BASE64_ERROR)
        snprintf(why, size, "the challenge is not base64");
    else if (rc == GSASL_MECHANISM_CALLED_TOO_MANY_TIMES)
        snprintf(why, size, "the server asks again, but everything was said");
    else if (rc == GSASL_SASLPREP_ERROR)
        snprintf(why, size,
                 "the name or the password holds characters that logins must not have (RFC 4013)");
    else if (scram && says_error(challenge, n))
        snprintf(why, size, "the server refuses the proof");
    else if ((s->row->flags & SASL_MUTUAL) && s->steps >= (scram ? 2u : 1u)) {
        s->wrong = true;
        snprintf(why, size,
                 "the server's own proof is WRONG: whoever answers here does not know this "
                 "password's record");
    } else if (scram && rc == GSASL_AUTHENTICATION_ERROR)
        snprintf(why, size, "the server's nonce does not begin with ours: that is no answer to us");
    else if (rc == GSASL_MECHANISM_PARSE_ERROR)
        snprintf(why, size, "the challenge is none of %s", s->row->name);
    else
        snprintf(why, size, "%s", gsasl_strerror(rc));
}

/* Not gsasl_step64(): it frees what it decoded and encoded without wiping it, and hands the
 * mechanisms octets without a NUL behind them. */
static bool gsasl_answer(struct sasl *s, const char *challenge, size_t n, struct buf *out,
                         char *why, size_t size)
{
    struct buf in;
    char *raw = NULL, *answer = NULL;
    size_t len = 0;
    int rc = sasl_decode(challenge, n, &in)
                 ? gsasl_step(s->session, buf_str(&in), in.len, &raw, &len)
                 : GSASL_BASE64_ERROR;
    buf_clear(&in);
    bool ok = rc == GSASL_OK || rc == GSASL_NEEDS_MORE;
    s->done = rc == GSASL_OK;
    if (ok && len > 0 && (rc = gsasl_base64_to(raw, len, &answer, NULL)) != GSASL_OK)
        ok = false;
    if (!ok)
        failed(s, rc, challenge, n, why, size);
    if (ok && answer && !buf_add_str(out, answer)) {
        snprintf(why, size, "the answer is longer than %zu octets", out->max);
        ok = false;
    }
    if (answer)
        explicit_bzero(answer, strlen(answer));
    if (raw)
        explicit_bzero(raw, len);
    gsasl_free(answer);
    gsasl_free(raw);
    return ok;
}

bool sasl_step(struct sasl *s, const char *challenge, size_t n, struct buf *out, char *why,
               size_t size)
{
    bool ok;
    while (n > 0 && (challenge[n - 1] == ' ' || challenge[n - 1] == '\t'))
        n--;
    if (s->held) {
        s->held = false;
        if (n > 0) {
            snprintf(why, size, "an empty challenge was due, and the server sent something else");
            return false;
        }
        ok = buf_add(out, s->said.p, s->said.len);
        buf_clear(&s->said);
        return ok;
    }
    if (s->row->engine != SASL_GSASL) {
        ok = token_step(s, n, out, why, size);
    } else if (s->done) {
        snprintf(why, size, "the server asks again, but everything was said");
        ok = false;
    } else if (s->steps == 1 && strncmp(s->row->name, "SCRAM-", 6) == 0 &&
               too_many_rounds(challenge, n)) {
        snprintf(why, size,
                 "the server wants the password hashed more than %d times: that would only keep us "
                 "busy",
                 ROUNDS_MAX);
        ok = false;
    } else {
        ok = gsasl_answer(s, challenge, n, out, why, size);
    }
    s->steps++;
    return ok;
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
