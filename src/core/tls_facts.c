/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a certificate says and what it is worth, as data and in words. Every check is made and every
 * reason that applies is told: OpenSSL's own verification stops being readable at the first error
 * number. The hashed directory of CAs is asked first; the bundle (some 20 ms to read) only when no
 * issuer was found there. RFC 5280 6 (path validation), RFC 9525 (names; the common name is not
 * one). */
#include "core/tls_priv.h"
#include "core/lazy/openssl.gen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FOUND_MAX = 12, NAMES_SHOWN = 3 };

struct found {
    int error;
    int depth;
    X509 *cert; /* borrowed from the chain */
};

struct judge {
    struct found found[FOUND_MAX];
    size_t n;
    bool no_issuer;
};

/* -- trust ------------------------------------------------------------------------------------- */

/* The file is read when the command line is checked and at each connection: a key takes OpenSSL a
 * quarter of a millisecond to read, so the last file is kept while it is the same. One more owner;
 * NULL: it cannot be read, or holds none. */
static X509_STORE *store_of(const char *file)
{
    static char *name;
    static struct stat was;
    static X509_STORE *kept;
    struct stat st;
    if (stat(file, &st) != 0)
        return NULL;
    if (kept && strcmp(name, file) == 0 && st.st_ino == was.st_ino && st.st_dev == was.st_dev &&
        st.st_size == was.st_size && st.st_mtim.tv_sec == was.st_mtim.tv_sec &&
        st.st_mtim.tv_nsec == was.st_mtim.tv_nsec)
        return X509_STORE_up_ref(kept) == 1 ? kept : NULL;
    X509_STORE *store = X509_STORE_new();
    if (!store || X509_STORE_load_file(store, file) != 1 || X509_STORE_up_ref(store) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    /* Who names a file means what is in it, be it a root, an intermediate or the server itself. */
    X509_VERIFY_PARAM_set_flags(X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
    X509_STORE_free(kept);
    free(name);
    name = xstrdup(file);
    was = st;
    kept = store;
    return store;
}

bool tls_trust_load(const struct tls_trust *trust, X509_STORE **own, char *why, size_t size)
{
    *own = NULL;
    if (trust->practice) {
        *own = X509_STORE_new();
        if (*own && X509_STORE_add_cert(*own, tls_identity_ca(trust->practice)) == 1)
            return true;
        snprintf(why, size, "the practice CA cannot be used: OpenSSL has no memory");
        X509_STORE_free(*own);
        *own = NULL;
        return false;
    }
    if (trust->ca_file) {
        *own = store_of(trust->ca_file);
        if (!*own && access(trust->ca_file, R_OK) != 0)
            snprintf(why, size, "'%s' cannot be read: %s", trust->ca_file, strerror(errno));
        else if (!*own)
            snprintf(why, size,
                     "'%s' holds no certificate: a PEM file with the trusted CA is wanted",
                     trust->ca_file);
        ERR_clear_error();
        return *own != NULL;
    }
    return true;
}

static const char *from_env(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);
    return value && *value ? value : otherwise;
}

/* The system's store: the directory at once (its files are opened by hash when one is wanted), the
 * bundle on demand. */
static X509_STORE *system_store(bool bundle)
{
    static X509_STORE *store;
    static bool loaded;
    if (!store) {
        store = X509_STORE_new();
        if (!store)
            return NULL;
        X509_STORE_load_path(
            store, from_env(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
    }
    if (bundle && !loaded) {
        loaded = true;
        X509_STORE_load_file(
            store, from_env(X509_get_default_cert_file_env(), X509_get_default_cert_file()));
    }
    return store;
}

/* -- verification ------------------------------------------------------------------------------ */

static bool is_no_issuer(int error)
{
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return true;
    default:
        return false;
    }
}

/* Notes each error and goes on, so that all of them are known. */
static int note(int ok, X509_STORE_CTX *ctx)
{
    if (ok)
        return 1;
    struct judge *j = X509_STORE_CTX_get_app_data(ctx);
    struct found f = {X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx),
                      X509_STORE_CTX_get_current_cert(ctx)};
    if (is_no_issuer(f.error)) {
        if (j->no_issuer)
            return 1; /* 20 is followed by 21: one fact, told once */
        j->no_issuer = true;
    }
    for (size_t i = 0; i < j->n; i++)
        if (j->found[i].error == f.error && j->found[i].depth == f.depth)
            return 1;
    if (j->n < FOUND_MAX)
        j->found[j->n++] = f;
    return 1;
}

/* False: the check itself could not be made. *ctx stays alive for the certificates in j. */
static bool verify(X509_STORE_CTX *ctx, X509_STORE *store, SSL *ssl, X509 *leaf,
                   STACK_OF(X509) * chain, struct judge *j)
{
    *j = (struct judge){0};
    if (!store || X509_STORE_CTX_init(ctx, store, leaf, chain) != 1)
        return false;
    X509_STORE_CTX_set_default(ctx, "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx),
                                     SSL_CTX_get_security_level(SSL_get_SSL_CTX(ssl)));
    X509_STORE_CTX_set_app_data(ctx, j);
    X509_STORE_CTX_set_verify_cb(ctx, note);
    return X509_verify_cert(ctx) >= 0;
}

/* -- words ------------------------------------------------------------------------------------- */

struct report {
    struct buf why;
    const char *next;
    struct tls_peer *peer;
};

/* A reason against the certificate, told as one of all and under its own check. */
static void reason(struct report *r, enum tls_check check, const char *next, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void reason(struct report *r, enum tls_check check, const char *next, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tls_peer_against(r->peer, check, text, next);
    if (r->why.len && !buf_add_str(&r->why, "; "))
        return;
    buf_add_str(&r->why, text);
    if (!r->next)
        r->next = next;
}

static const char next_trust[] =
    "Compare the fingerprint with the administrator's. To trust its issuer, name the issuer's "
    "certificate by --ca-file, or for good put it into the file that SSL_CERT_FILE names.";
static const char next_renew[] = "Ask the server's administrator to renew the certificate.";
static const char next_clock[] =
    "Check this machine's date first; then ask the server's administrator.";
static const char next_name[] =
    "Connect by a name that the certificate carries, or ask who should run this server.";
static const char next_admin[] = "Tell the server's administrator; do not send a password here.";

static long days_between(time_t a, time_t b)
{
    return (long)((b - a) / 86400);
}

static void explain_found(struct report *r, const struct found *f)
{
    char who[160] = "", issuer[160] = "", of[200] = "", date[16];
    if (f->cert) {
        tls_put_short(who, sizeof who, X509_get_subject_name(f->cert));
        tls_put_short(issuer, sizeof issuer, X509_get_issuer_name(f->cert));
    }
    if (f->depth > 0)
        snprintf(of, sizeof of, "the CA certificate \"%s\" ", who);
    time_t now = time(NULL);
    switch (f->error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        reason(r, TLS_CHECK_CHAIN, next_trust, "self-signed: nobody but its owner vouches for it");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        reason(r, TLS_CHECK_CHAIN, next_trust, "its root CA \"%s\" is not trusted here", who);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        reason(r, TLS_CHECK_CHAIN, next_trust,
               "its issuer \"%s\" is unknown here and was not sent along", issuer);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED: {
        time_t end = tls_time(f->cert ? X509_get0_notAfter(f->cert) : NULL);
        tls_put_date(date, end);
        long days = days_between(end, now);
        reason(r, TLS_CHECK_DATE, next_renew, "%sexpired since %s (%ld day%s)", of, date, days,
               days == 1 ? "" : "s");
        break;
    }
    case X509_V_ERR_CERT_NOT_YET_VALID: {
        time_t begin = tls_time(f->cert ? X509_get0_notBefore(f->cert) : NULL);
        tls_put_date(date, begin);
        long days = days_between(now, begin);
        reason(r, TLS_CHECK_DATE, next_clock, "%snot valid before %s (in %ld day%s)", of, date,
               days, days == 1 ? "" : "s");
        break;
    }
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL: {
        EVP_PKEY *key = f->cert ? X509_get0_pubkey(f->cert) : NULL;
        reason(r, TLS_CHECK_CHAIN, next_admin, "%sweak key: %d bits", of,
               key ? EVP_PKEY_get_bits(key) : 0);
        break;
    }
    case X509_V_ERR_CA_MD_TOO_WEAK:
        reason(r, TLS_CHECK_CHAIN, next_admin, "%ssigned with a weak digest", of);
        break;
    case X509_V_ERR_INVALID_PURPOSE:
        reason(r, TLS_CHECK_CHAIN, next_admin,
               f->depth ? "%snot meant for signing servers"
                        : "%snot meant for a TLS server (extended key usage)",
               of);
        break;
    case X509_V_ERR_INVALID_CA:
        reason(r, TLS_CHECK_CHAIN, next_admin, "its issuer \"%s\" is no CA", who);
        break;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        reason(r, TLS_CHECK_CHAIN, next_admin, "%sthe signature is wrong", of);
        break;
    default:
        reason(r, TLS_CHECK_CHAIN, next_admin, "%s%s", of, X509_verify_cert_error_string(f->error));
    }
}

static void check_name(struct report *r, X509 *leaf, const char *name, bool is_address)
{
    char names[256], more[32] = "";
    if (!name) {
        reason(r, TLS_CHECK_NAME, next_trust,
               "there is no host name to compare the certificate with");
        return;
    }
    int ok = is_address ? X509_check_ip_asc(leaf, name, 0)
                        : X509_check_host(leaf, name, 0,
                                          X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                              X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                                          NULL);
    if (ok == 1)
        return;
    int count = tls_put_sans(names, sizeof names, leaf, NAMES_SHOWN, ", ");
    if (count > NAMES_SHOWN)
        snprintf(more, sizeof more, " and %d more", count - NAMES_SHOWN);
    if (count > 0) {
        reason(r, TLS_CHECK_NAME, next_name, "issued to %s%s, not to %s", names, more, name);
        return;
    }
    tls_put_short(names, sizeof names, X509_get_subject_name(leaf));
    reason(r, TLS_CHECK_NAME, next_name,
           "it carries no host name, only the common name \"%s\", which does not count (RFC 9525)",
           names);
}

/* -- the facts --------------------------------------------------------------------------------- */

void tls_describe(SSL *ssl, struct tls_facts *f)
{
    *f = (struct tls_facts){0};
    const char *v = SSL_get_version(ssl);
    snprintf(f->version, sizeof f->version, "%s%s", strncmp(v, "TLSv", 4) == 0 ? "TLS " : "",
             strncmp(v, "TLSv", 4) == 0 ? v + 4 : v);
    if (strcmp(f->version, "TLS 1") == 0)
        snprintf(f->version, sizeof f->version, "TLS 1.0");
    snprintf(f->cipher, sizeof f->cipher, "%s", SSL_get_cipher_name(ssl));
    int group = (int)SSL_get_negotiated_group(ssl);
    const char *name = group > 0 ? SSL_group_to_name(ssl, group) : NULL;
    snprintf(f->group, sizeof f->group, "%s", name ? name : "");
}

static void describe_cert(X509 *leaf, struct tls_facts *f)
{
    tls_put_name(f->subject, sizeof f->subject, X509_get_subject_name(leaf));
    tls_put_name(f->issuer, sizeof f->issuer, X509_get_issuer_name(leaf));
    tls_put_sans(f->names, sizeof f->names, leaf, 0, " ");
    f->not_before = tls_time(X509_get0_notBefore(leaf));
    f->not_after = tls_time(X509_get0_notAfter(leaf));
    tls_put_key(f->key, sizeof f->key, X509_get0_pubkey(leaf));
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (X509_digest(leaf, EVP_sha256(), md, &n) == 1)
        tls_put_digest(f->fingerprint, sizeof f->fingerprint, md, n, "%02X", ':');
}

/* The root that the verified chain ends in: borrowed, or NULL. */
static X509 *root_of(X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = ctx ? X509_STORE_CTX_get0_chain(ctx) : NULL;
    int n = chain ? sk_X509_num(chain) : 0;
    return n > 0 ? sk_X509_value(chain, n - 1) : NULL;
}

void tls_examine(SSL *ssl, const struct tls_expected *e, struct tls_facts *f, struct tls_peer *peer)
{
    X509_STORE *own = e->own;
    tls_describe(ssl, f);
    struct report r = {.peer = peer};
    buf_init(&r.why, sizeof f->why - 1);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (!leaf) {
        reason(&r, TLS_CHECK_CHAIN, next_admin, "the server presented no certificate");
    } else {
        describe_cert(leaf, f);
        STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        struct judge j = {0};
        bool made = ctx && verify(ctx, own ? own : system_store(false), ssl, leaf, chain, &j);
        if (made && j.no_issuer && !own && e->hurried) {
            reason(
                &r, TLS_CHECK_CHAIN, next_trust,
                "its issuer was looked for in the directory of CAs only, not in the bundle, since "
                "--insecure was given");
        } else if (made && j.no_issuer && !own) {
            X509_STORE_CTX_cleanup(ctx);
            made = verify(ctx, system_store(true), ssl, leaf, chain, &j);
        }
        if (!made)
            reason(&r, TLS_CHECK_CHAIN, next_admin, "the chain of certificates cannot be checked");
        for (size_t i = 0; i < j.n; i++)
            explain_found(&r, &j.found[i]);
        if (!made)
            tls_peer_say(peer, TLS_CHECK_DATE, TLS_UNPROVEN, "not checked, as the chain", NULL);
        tls_peer_keep(peer, ssl, e->name, root_of(ctx), own ? (e->practice ? 'p' : 'f') : 's');
        X509_STORE_CTX_free(ctx);
        check_name(&r, leaf, e->name, e->is_address);
    }
    if (r.why.len) {
        f->verdict = TLS_UNVERIFIED;
        snprintf(f->why, sizeof f->why, "%s", buf_str(&r.why));
        snprintf(f->next, sizeof f->next, "%s", r.next);
    } else {
        f->verdict = e->practice ? TLS_VERIFIED_PRACTICE : TLS_VERIFIED;
    }
    buf_clear(&r.why);
    ERR_clear_error();
}
