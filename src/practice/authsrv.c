/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AUTH as a server sees it: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), CRAM-MD5,
 * DIGEST-MD5 and SCRAM by libgsasl (RFC 2195, RFC 2831, RFC 5802, RFC 7677), OAUTHBEARER (RFC 7628)
 * and XOAUTH2, EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505). The passwords of the
 * practice world are no secrets, but what a client sends may be one, so buffers are wiped. */
#include "practice/authsrv.h"
#include "core/lazy/gsasl.gen.h"
#include "core/lazy/openssl.gen.h"

#include "heloscope/practice.h"
#include "heloscope/tls.h"
#include "practice/mailbox.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_PREFIX "token-" /* token-student is student's */
#define EXPIRED_PREFIX "expired-"

/* Decodes strictly: no blanks, right padding. "=" (an empty initial response) is the caller's. */
static bool decode(const char *text, size_t n, struct buf *out)
{
    char *p = NULL;
    size_t len = 0;
    if (n % 4 || memchr(text, '\0', n))
        return false;
    if (n && gsasl_base64_from(text, n, &p, &len) != GSASL_OK)
        return false;
    bool ok = buf_add(out, p ? p : "", len);
    if (p)
        OPENSSL_cleanse(p, len);
    gsasl_free(p);
    return ok;
}

static bool encode(const void *p, size_t n, struct buf *out)
{
    char *text = NULL;
    bool ok = gsasl_base64_to(p, n, &text, NULL) == GSASL_OK && buf_add_str(out, text);
    gsasl_free(text);
    return ok;
}

/* Who logs in by that name? What stands behind a plus tells a class which student it is. */
static int named(const char *user, size_t n)
{
    const char *detail;
    return login_find(user, n, &detail, &(size_t){0});
}

int authsrv_check(const char *user, size_t n, const char *password, size_t m)
{
    int a = named(user, n);
    if (a < 0 || !*account_table[a].password || strlen(account_table[a].password) != m ||
        CRYPTO_memcmp(account_table[a].password, password, m) != 0)
        return -1;
    return a;
}

/* Nobody may act for somebody else here. */
static bool own_name(const char *as, size_t n, int account)
{
    return !n || named(as, n) == account;
}

static enum auth_result verdict(struct authsrv *a, int account, const char *user, size_t n)
{
    const char *detail;
    a->account = account;
    login_find(user, n, &detail, &n);
    snprintf(a->detail, sizeof a->detail, "%.*s", (int)(n < sizeof a->detail ? n : 0), detail);
    return account < 0 ? AUTH_REFUSED : AUTH_OK;
}

static enum auth_result plain(struct authsrv *a, const struct buf *answer, struct buf *challenge)
{
    (void)challenge;
    /* [authorization identity] NUL authentication identity NUL password */
    const char *p = buf_str(answer), *end = p + answer->len;
    const char *user = memchr(p, '\0', answer->len);
    const char *pass = user ? memchr(user + 1, '\0', (size_t)(end - user - 1)) : NULL;
    if (!pass || memchr(pass + 1, '\0', (size_t)(end - pass - 1)))
        return AUTH_BAD_SHAPE;
    int account =
        authsrv_check(user + 1, (size_t)(pass - user - 1), pass + 1, (size_t)(end - pass - 1));
    return verdict(a, account >= 0 && own_name(p, (size_t)(user - p), account) ? account : -1,
                   user + 1, (size_t)(pass - user - 1));
}

static enum auth_result login(struct authsrv *a, const struct buf *answer, struct buf *challenge)
{
    if (!a->user.len) {
        if (!answer->len || !buf_add(&a->user, answer->p, answer->len))
            return AUTH_BAD_SHAPE;
        buf_add_str(challenge, "UGFzc3dvcmQ6"); /* Password: */
        return AUTH_MORE;
    }
    return verdict(a, authsrv_check(a->user.p, a->user.len, buf_str(answer), answer->len),
                   a->user.p, a->user.len);
}

/* ---- by libgsasl ---- */

/* What a mechanism of libgsasl asks for: the realm, and the password of the account. */
static int wanted(Gsasl *lib, Gsasl_session *session, Gsasl_property property)
{
    (void)lib;
    const char *user;
    int account;
    switch (property) {
    case GSASL_REALM:
        return gsasl_property_set(session, property, PRACTICE_HOST);
    case GSASL_PASSWORD:
        user = gsasl_property_fast(session, GSASL_AUTHID);
        account = user ? named(user, strlen(user)) : -1;
        if (account < 0 || !*account_table[account].password)
            return GSASL_NO_PASSWORD;
        return gsasl_property_set(session, property, account_table[account].password);
    default:
        return GSASL_NO_CALLBACK;
    }
}

static bool library_begin(struct authsrv *a, const char *mechanism)
{
    struct buf bound, text;
    if (gsasl_init(&a->lib) != GSASL_OK)
        return false;
    gsasl_callback_set(a->lib, wanted);
    if (gsasl_server_start(a->lib, mechanism, &a->session) != GSASL_OK)
        return false;
    if (!a->tls)
        return true;
    buf_init_secret(&bound, 64);
    buf_init_secret(&text, 128);
    enum tls_binding kind = tls_channel_binding(a->tls, &bound);
    bool ok = true;
    if (strstr(mechanism, "-PLUS") && kind != TLS_BINDING_NONE && encode(bound.p, bound.len, &text))
        ok = gsasl_property_set(a->session,
#if GSASL_VERSION_NUMBER >= 0x020200
                                kind == TLS_BINDING_EXPORTER ? GSASL_CB_TLS_EXPORTER :
#endif
                                                             GSASL_CB_TLS_UNIQUE,
                                text.p) == GSASL_OK;
    buf_clear(&bound);
    buf_clear(&text);
    return ok;
}

static void library_end(struct authsrv *a)
{
    if (a->session)
        gsasl_finish(a->session);
    if (a->lib)
        gsasl_done(a->lib);
    a->session = NULL;
    a->lib = NULL;
}

/* Who has logged in, and may they be whom they want to be? */
static enum auth_result library_account(struct authsrv *a)
{
    const char *user = gsasl_property_fast(a->session, GSASL_AUTHID);
    const char *as = gsasl_property_fast(a->session, GSASL_AUTHZID);
    int account = user ? named(user, strlen(user)) : -1;
    bool own = own_name(as ? as : "", as ? strlen(as) : 0, account);
    return verdict(a, account >= 0 && own ? account : -1, user ? user : "",
                   user ? strlen(user) : 0);
}

static enum auth_result by_library(struct authsrv *a, const struct buf *answer,
                                   struct buf *challenge)
{
    char *said = NULL;
    size_t n = 0;
    int rc = gsasl_step(a->session, buf_str(answer), answer->len, &said, &n);
    bool ok = rc == GSASL_OK || rc == GSASL_NEEDS_MORE;
    if (ok && n > 0)
        encode(said, n, challenge);
    gsasl_free(said);
    if (rc == GSASL_NEEDS_MORE)
        return AUTH_MORE;
    if (rc == GSASL_OK && n > 0) { /* the server's proof: acknowledged by an empty answer */
        a->ending = true;
        return AUTH_MORE;
    }
    if (rc == GSASL_OK)
        return library_account(a);
    return rc == GSASL_MECHANISM_PARSE_ERROR ? AUTH_BAD_SHAPE : AUTH_REFUSED;
}

/* ---- tokens ---- */

/* Up to the stop that ends a part of the message. */
static const char *part(const struct buf *b, const char *key, size_t *n)
{
    const char *p = b->len ? memmem(b->p, b->len, key, strlen(key)) : NULL;
    if (!p)
        return NULL;
    p += strlen(key);
    const char *end = memchr(p, '\001', b->len - (size_t)(p - b->p));
    *n = (size_t)((end ? end : b->p + b->len) - p);
    return p;
}

static enum auth_result token(struct authsrv *a, const char *user, size_t n, const struct buf *b,
                              const char *error, const char *late, struct buf *challenge)
{
    size_t m = 0;
    const char *t = part(b, "auth=Bearer ", &m);
    if (!t)
        return AUTH_BAD_SHAPE;
    size_t k = strlen(TOKEN_PREFIX), e = strlen(EXPIRED_PREFIX);
    bool mine = m > k && memcmp(t, TOKEN_PREFIX, k) == 0;
    int account = mine ? account_find(t + k, m - k) : -1;
    if (account >= 0 && *account_table[account].password && own_name(user, n, account))
        return verdict(a, account, user, n);
    bool expired = m > e && memcmp(t, EXPIRED_PREFIX, e) == 0;
    encode(expired ? late : error, strlen(expired ? late : error), challenge);
    a->ending = a->refused = true;
    return AUTH_MORE;
}

static enum auth_result oauthbearer(struct authsrv *a, const struct buf *answer,
                                    struct buf *challenge)
{
    /* gs2-header ^A host=... ^A port=... ^A auth=Bearer ... ^A ^A; RFC 7628 3.1 */
    char name[128] = "";
    size_t n = 0, k = 0;
    const char *p = part(answer, "a=", &n);
    if (!answer->len || (answer->p[0] != 'n' && answer->p[0] != 'y'))
        return AUTH_BAD_SHAPE;
    for (size_t i = 0; p && i < n && p[i] != ',' && k + 1 < sizeof name; i++)
        name[k++] = p[i];
    return token(a, name, k, answer,
                 "{\"status\":\"insufficient_scope\",\"scope\":\"mail\",\"openid-configuration\":"
                 "\"https://" PRACTICE_HOST "/.well-known/openid-configuration\"}",
                 "{\"status\":\"invalid_token\",\"scope\":\"mail\"}", challenge);
}

static enum auth_result xoauth2(struct authsrv *a, const struct buf *answer, struct buf *challenge)
{
    size_t n = 0;
    const char *user = part(answer, "user=", &n);
    if (!user)
        return AUTH_BAD_SHAPE;
    return token(a, user, n, answer,
                 "{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"mail\"}",
                 "{\"status\":\"401\",\"schemes\":\"Bearer\",\"scope\":\"mail\"}", challenge);
}

/* ---- without a secret ---- */

/* The certificate's name is believed without a CA: this is practice, and every password is public.
 */
static enum auth_result external(struct authsrv *a, const struct buf *answer, struct buf *challenge)
{
    char name[128];
    (void)challenge;
    if (!tls_client_name(a->tls, name, sizeof name))
        return AUTH_REFUSED;
    int account = account_find(name, strlen(name));
    if (account >= 0 && !*account_table[account].password)
        account = -1;
    return verdict(a,
                   account >= 0 && own_name(buf_str(answer), answer->len, account) ? account : -1,
                   buf_str(answer), answer->len);
}

static enum auth_result anonymous(struct authsrv *a, const struct buf *answer,
                                  struct buf *challenge)
{
    (void)answer;
    (void)challenge;
    return verdict(a, ACCOUNT_GUEST, "", 0);
}

/* ---- the rows ---- */

enum needs { ANY, BOUND, CERT };

static const struct {
    const char *name;
    enum auth_result (*step)(struct authsrv *, const struct buf *, struct buf *);
    const char *first; /* the challenge where the client gave no initial response; NULL: the
                          library's */
    enum needs needs;
} mechanisms[] = {
#define MECH(name, step, first, needs) {name, step, first, needs},
#include "practice/authsrv_mechs.def"
};
enum { MECHANISMS = sizeof mechanisms / sizeof *mechanisms };

static bool possible(int i, const struct tls *tls)
{
    char name[128];
    struct buf bound;
    bool ok = true;
    if (mechanisms[i].needs == BOUND) {
        buf_init_secret(&bound, 64);
        enum tls_binding kind = tls ? tls_channel_binding(tls, &bound) : TLS_BINDING_NONE;
        ok = kind != TLS_BINDING_NONE;
#if GSASL_VERSION_NUMBER < 0x020200
        ok = kind == TLS_BINDING_UNIQUE;
#endif
        buf_clear(&bound);
    } else if (mechanisms[i].needs == CERT) {
        ok = tls && tls_client_name(tls, name, sizeof name);
    }
    return ok;
}

const char *authsrv_names(const struct tls *tls)
{
    static char list[256];
    size_t n = 0;
    for (int i = 0; i < MECHANISMS; i++)
        if (possible(i, tls)) {
            int k = snprintf(list + n, sizeof list - n, "%s%s", n ? " " : "", mechanisms[i].name);
            n += (size_t)k < sizeof list - n ? (size_t)k : 0;
        }
    return list;
}

void authsrv_init(struct authsrv *a)
{
    memset(a, 0, sizeof *a);
    a->mechanism = a->account = -1;
    buf_init_secret(&a->user, 1024);
}

/* What belongs to one exchange. */
static void over(struct authsrv *a)
{
    a->mechanism = -1;
    a->ending = a->refused = false;
    buf_clear(&a->user);
    library_end(a);
}

void authsrv_clear(struct authsrv *a)
{
    over(a);
    authsrv_init(a);
}

/* The answer to the last challenge, which only said how it stands. */
static enum auth_result last(struct authsrv *a, size_t n)
{
    if (a->refused)
        return AUTH_REFUSED;
    return n > 0 ? AUTH_BAD_SHAPE : library_account(a);
}

static enum auth_result step(struct authsrv *a, const char *text, size_t n, bool empty,
                             struct buf *challenge)
{
    struct buf answer;
    enum auth_result r = AUTH_BAD_BASE64;
    buf_init_secret(&answer, AUTHSRV_LINE);
    if (empty || decode(text, n, &answer))
        r = a->ending ? last(a, answer.len) : mechanisms[a->mechanism].step(a, &answer, challenge);
    buf_clear(&answer);
    if (r != AUTH_MORE)
        over(a);
    return r;
}

enum auth_result authsrv_begin(struct authsrv *a, const char *mechanism, size_t n,
                               const char *initial, size_t initial_len, struct buf *challenge)
{
    const struct tls *tls = a->tls;
    authsrv_clear(a);
    a->tls = tls;
    for (int i = 0; i < MECHANISMS; i++) {
        if (strlen(mechanisms[i].name) != n || strncasecmp(mechanisms[i].name, mechanism, n) != 0 ||
            !possible(i, tls))
            continue;
        a->mechanism = i;
        if (mechanisms[i].step == by_library && !library_begin(a, mechanisms[i].name)) {
            over(a);
            return AUTH_UNKNOWN;
        }
        if (initial && !mechanisms[i].first) { /* the server speaks first: RFC 4954 4 */
            over(a);
            return AUTH_BAD_SHAPE;
        }
        if (initial)
            return step(a, initial, initial_len, initial_len == 1 && *initial == '=', challenge);
        if (!mechanisms[i].first)
            return step(a, "", 0, true, challenge);
        buf_add_str(challenge, mechanisms[i].first);
        return AUTH_MORE;
    }
    return AUTH_UNKNOWN;
}

enum auth_result authsrv_answer(struct authsrv *a, const char *line, size_t n,
                                struct buf *challenge)
{
    if (n == 1 && *line == '*') {
        authsrv_clear(a);
        return AUTH_CANCELLED;
    }
    return step(a, line, n, false, challenge);
}
