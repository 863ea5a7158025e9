/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AUTH PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login) as a server sees them. Base64 by
 * libgsasl; the passwords of the practice world are no secrets, but what a client sends may be one,
 * so buffers are wiped. */
#include "practice/authsrv.h"
#include "core/lazy/gsasl.gen.h"
#include "core/lazy/openssl.gen.h"

#include "practice/mailbox.h"

#include <string.h>
#include <strings.h>

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

int authsrv_check(const char *user, size_t n, const char *password, size_t m)
{
    int a = account_find(user, n);
    if (a < 0 || !*account_table[a].password || strlen(account_table[a].password) != m ||
        CRYPTO_memcmp(account_table[a].password, password, m) != 0)
        return -1;
    return a;
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
    a->account =
        authsrv_check(user + 1, (size_t)(pass - user - 1), pass + 1, (size_t)(end - pass - 1));
    /* Nobody may act for somebody else here. */
    if (a->account >= 0 && user > p && account_find(p, (size_t)(user - p)) != a->account)
        a->account = -1;
    return a->account < 0 ? AUTH_REFUSED : AUTH_OK;
}

static enum auth_result login(struct authsrv *a, const struct buf *answer, struct buf *challenge)
{
    if (!a->user.len) {
        if (!answer->len || !buf_add(&a->user, answer->p, answer->len))
            return AUTH_BAD_SHAPE;
        buf_add_str(challenge, "UGFzc3dvcmQ6"); /* Password: */
        return AUTH_MORE;
    }
    a->account = authsrv_check(a->user.p, a->user.len, buf_str(answer), answer->len);
    return a->account < 0 ? AUTH_REFUSED : AUTH_OK;
}

static const struct {
    const char *name;
    const char *first; /* the challenge where the client gave no initial response */
    enum auth_result (*step)(struct authsrv *, const struct buf *, struct buf *);
} mechanisms[] = {
    {"PLAIN", "", plain}, {"LOGIN", "VXNlcm5hbWU6", login}, /* Username: */
};

void authsrv_init(struct authsrv *a)
{
    a->mechanism = a->account = -1;
    buf_init_secret(&a->user, 1024);
}

void authsrv_clear(struct authsrv *a)
{
    buf_clear(&a->user);
    authsrv_init(a);
}

static enum auth_result step(struct authsrv *a, const char *text, size_t n, bool empty,
                             struct buf *challenge)
{
    struct buf answer;
    enum auth_result r = AUTH_BAD_BASE64;
    buf_init_secret(&answer, AUTHSRV_LINE);
    if (empty || decode(text, n, &answer))
        r = mechanisms[a->mechanism].step(a, &answer, challenge);
    buf_clear(&answer);
    if (r != AUTH_MORE) {
        a->mechanism = -1;
        buf_clear(&a->user);
    }
    return r;
}

enum auth_result authsrv_begin(struct authsrv *a, const char *mechanism, size_t n,
                               const char *initial, size_t initial_len, struct buf *challenge)
{
    authsrv_clear(a);
    for (int i = 0; i < (int)(sizeof mechanisms / sizeof *mechanisms); i++) {
        if (strlen(mechanisms[i].name) != n || strncasecmp(mechanisms[i].name, mechanism, n) != 0)
            continue;
        a->mechanism = i;
        if (initial)
            return step(a, initial, initial_len, initial_len == 1 && *initial == '=', challenge);
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
