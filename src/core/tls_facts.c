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

/* -- text out of certificates: it is the peer's, so nothing but printable ASCII comes through ---
 */

static void put(char *out, size_t size, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t i = 0;
    for (; i < n && i + 1 < size; i++)
        out[i] = p[i] >= ' ' && p[i] < 0x7f ? (char)p[i] : '?';
    out[i] = '\0';
}

static void put_name(char *out, size_t size, X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) >= 0)
        n = BIO_get_mem_data(bio, &p);
    put(out, size, p, n > 0 ? (size_t)n : 0);
    BIO_free(bio);
}

/* The one name by which people would call it: common name, else organisation, else all of it. */
static void put_short(char *out, size_t size, X509_NAME *name)
{
    const int nids[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName};
    for (size_t i = 0; i < sizeof nids / sizeof *nids; i++) {
        int at = X509_NAME_get_index_by_NID(name, nids[i], -1);
        if (at < 0)
            continue;
        unsigned char *utf8 = NULL;
        int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (n > 0)
            put(out, size, utf8, (size_t)n);
        OPENSSL_free(utf8);
        if (n > 0)
            return;
    }
    put_name(out, size, name);
    if (!out[0])
        put(out, size, "a CA without a name", 19);
}

/* Names as they stand in the certificate; shown: at most so many (0: as many as fit). */
static int put_sans(char *out, size_t size, X509 *cert, int shown, const char *between)
{
    struct buf b;
    buf_init(&b, size - 1);
    int count = 0;
    bool full = false;
    GENERAL_NAMES *list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(list, i);
        char one[256];
        if (g->type == GEN_DNS) {
            put(one, sizeof one, ASN1_STRING_get0_data(g->d.dNSName),
                (size_t)ASN1_STRING_length(g->d.dNSName));
        } else if (g->type == GEN_IPADD) {
            int n = ASN1_STRING_length(g->d.iPAddress);
            if (!inet_ntop(n == 16 ? AF_INET6 : AF_INET, ASN1_STRING_get0_data(g->d.iPAddress), one,
                           sizeof one) ||
                (n != 4 && n != 16))
                continue;
        } else {
            continue;
        }
        count++;
        if (full || (shown && count > shown))
            continue;
        size_t before = b.len;
        if (!buf_addf(&b, "%s%s", b.len ? between : "", one)) {
            buf_trim(&b, before);
            full = true;
        }
    }
    GENERAL_NAMES_free(list);
    snprintf(out, size, "%s", buf_str(&b));
    buf_clear(&b);
    return count;
}

static time_t to_time(const ASN1_TIME *t)
{
    struct tm tm = {0};
    return t && ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

static void put_date(char out[16], time_t t)
{
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
        snprintf(out, 16, "?");
}

/* -- trust ------------------------------------------------------------------------------------- */

static X509_STORE *store_of(const char *file)
{
    X509_STORE *store = X509_STORE_new();
    if (!store || X509_STORE_load_file(store, file) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    /* Who names a file means what is in it, be it a root, an intermediate or the server itself. */
    X509_VERIFY_PARAM_set_flags(X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
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
};

static void reason(struct report *r, const char *next, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void reason(struct report *r, const char *next, const char *fmt, ...)
{
    if (r->why.len && !buf_add_str(&r->why, "; "))
        return;
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&r->why, fmt, ap);
    va_end(ap);
    if (!r->next)
        r->next = next;
}

static const char next_trust[] =
    "Compare the fingerprint with the administrator's. To trust its issuer for good, put the "
    "issuer's certificate into the file that SSL_CERT_FILE names.";
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
        put_short(who, sizeof who, X509_get_subject_name(f->cert));
        put_short(issuer, sizeof issuer, X509_get_issuer_name(f->cert));
    }
    if (f->depth > 0)
        snprintf(of, sizeof of, "the CA certificate \"%s\" ", who);
    time_t now = time(NULL);
    switch (f->error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        reason(r, next_trust, "self-signed: nobody but its owner vouches for it");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        reason(r, next_trust, "its root CA \"%s\" is not trusted here", who);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        reason(r, next_trust, "its issuer \"%s\" is unknown here and was not sent along", issuer);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED: {
        time_t end = to_time(f->cert ? X509_get0_notAfter(f->cert) : NULL);
        put_date(date, end);
        reason(r, next_renew, "%sexpired since %s (%ld days)", of, date, days_between(end, now));
        break;
    }
    case X509_V_ERR_CERT_NOT_YET_VALID: {
        time_t begin = to_time(f->cert ? X509_get0_notBefore(f->cert) : NULL);
        put_date(date, begin);
        reason(r, next_clock, "%snot valid before %s (in %ld days)", of, date,
               days_between(now, begin));
        break;
    }
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL: {
        EVP_PKEY *key = f->cert ? X509_get0_pubkey(f->cert) : NULL;
        reason(r, next_admin, "%sweak key: %d bits", of, key ? EVP_PKEY_get_bits(key) : 0);
        break;
    }
    case X509_V_ERR_CA_MD_TOO_WEAK:
        reason(r, next_admin, "%ssigned with a weak digest", of);
        break;
    case X509_V_ERR_INVALID_PURPOSE:
        reason(r, next_admin,
               f->depth ? "%snot meant for signing servers"
                        : "%snot meant for a TLS server (extended key usage)",
               of);
        break;
    case X509_V_ERR_INVALID_CA:
        reason(r, next_admin, "its issuer \"%s\" is no CA", who);
        break;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        reason(r, next_admin, "%sthe signature is wrong", of);
        break;
    default:
        reason(r, next_admin, "%s%s", of, X509_verify_cert_error_string(f->error));
    }
}

static void check_name(struct report *r, X509 *leaf, const char *name, bool is_address)
{
    char names[256], more[32] = "";
    if (!name) {
        reason(r, next_trust, "there is no host name to compare the certificate with");
        return;
    }
    int ok = is_address ? X509_check_ip_asc(leaf, name, 0)
                        : X509_check_host(leaf, name, 0,
                                          X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                              X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                                          NULL);
    if (ok == 1)
        return;
    int count = put_sans(names, sizeof names, leaf, NAMES_SHOWN, ", ");
    if (count > NAMES_SHOWN)
        snprintf(more, sizeof more, " and %d more", count - NAMES_SHOWN);
    if (count > 0) {
        reason(r, next_name, "issued to %s%s, not to %s", names, more, name);
        return;
    }
    put_short(names, sizeof names, X509_get_subject_name(leaf));
    reason(r, next_name,
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
    put_name(f->subject, sizeof f->subject, X509_get_subject_name(leaf));
    put_name(f->issuer, sizeof f->issuer, X509_get_issuer_name(leaf));
    put_sans(f->names, sizeof f->names, leaf, 0, " ");
    f->not_before = to_time(X509_get0_notBefore(leaf));
    f->not_after = to_time(X509_get0_notAfter(leaf));
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    char curve[40] = "";
    if (key && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 && curve[0])
        snprintf(f->key, sizeof f->key, "%s %s", type ? type : "?", curve);
    else if (key)
        snprintf(f->key, sizeof f->key, "%s %d", type ? type : "?", EVP_PKEY_get_bits(key));
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (X509_digest(leaf, EVP_sha256(), md, &n) == 1)
        for (unsigned int i = 0; i < n && i * 3 + 3 <= sizeof f->fingerprint; i++)
            snprintf(f->fingerprint + i * 3, 4, "%02X%s", md[i], i + 1 < n ? ":" : "");
}

void tls_examine(SSL *ssl, const char *name, bool is_address, X509_STORE *own, bool practice,
                 struct tls_facts *f)
{
    tls_describe(ssl, f);
    struct report r = {0};
    buf_init(&r.why, sizeof f->why - 1);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (!leaf) {
        reason(&r, next_admin, "the server presented no certificate");
    } else {
        describe_cert(leaf, f);
        STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        struct judge j = {0};
        bool made = ctx && verify(ctx, own ? own : system_store(false), ssl, leaf, chain, &j);
        if (made && j.no_issuer && !own) {
            X509_STORE_CTX_cleanup(ctx);
            made = verify(ctx, system_store(true), ssl, leaf, chain, &j);
        }
        if (!made)
            reason(&r, next_admin, "the chain of certificates cannot be checked");
        for (size_t i = 0; i < j.n; i++)
            explain_found(&r, &j.found[i]);
        X509_STORE_CTX_free(ctx);
        check_name(&r, leaf, name, is_address);
    }
    if (r.why.len) {
        f->verdict = TLS_UNVERIFIED;
        snprintf(f->why, sizeof f->why, "%s", buf_str(&r.why));
        snprintf(f->next, sizeof f->next, "%s", r.next);
    } else {
        f->verdict = practice ? TLS_VERIFIED_PRACTICE : TLS_VERIFIED;
    }
    buf_clear(&r.why);
    ERR_clear_error();
}

/* -- handshakes that fail ---------------------------------------------------------------------- */

/* RFC 8446 6.2, RFC 5246 7.2.2 */
static const struct {
    int number;
    const char *words;
} alerts[] = {
    {10, "unexpected_message: it got a message that it did not expect"},
    {20, "bad_record_mac: a record arrived damaged"},
    {40, "handshake_failure: it found no cipher, group or signature that both ends accept"},
    {42, "bad_certificate: it did not like our certificate"},
    {47, "illegal_parameter: it found a contradiction in our handshake"},
    {48, "unknown_ca: it does not know the CA of our certificate"},
    {50, "decode_error: it could not read our handshake"},
    {51, "decrypt_error: a signature or a check of the handshake failed there"},
    {70, "protocol_version: it speaks none of the TLS versions that this machine allows"},
    {71, "insufficient_security: it wants stronger ciphers than were offered"},
    {80, "internal_error: something went wrong inside the other end"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name: it does not serve the host name that was asked for"},
    {116, "certificate_required: it wants a certificate from the client (--cert FILE)"},
    {120, "no_application_protocol"},
};

void tls_words(char *out, size_t size, bool handshake, bool server)
{
    /* The first entry is the cause; what follows are its echoes. */
    unsigned long e = ERR_get_error();
    int why = ERR_GET_REASON(e);
    const char *phase = handshake ? "the TLS handshake failed: " : "the TLS connection broke: ";
    const char *peer = server ? "the client" : "the server";
    if (!e) {
        snprintf(out, size, "%sOpenSSL gives no reason", phase);
        return;
    }
    if (ERR_GET_LIB(e) == ERR_LIB_SSL && why >= SSL_AD_REASON_OFFSET &&
        why < SSL_AD_REASON_OFFSET + 256) {
        int number = why - SSL_AD_REASON_OFFSET;
        for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
            if (alerts[i].number == number) {
                snprintf(out, size, "%s%s sent the alert %s", phase, peer, alerts[i].words);
                return;
            }
        snprintf(out, size, "%s%s sent the alert %d (%s)", phase, peer, number,
                 SSL_alert_desc_string_long(number));
        return;
    }
    const char *words = NULL;
    if (ERR_GET_LIB(e) == ERR_LIB_SSL)
        switch (why) {
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
        case SSL_R_WRONG_SIGNATURE_TYPE:
            words =
                "speaks only an old TLS version (1.0 or 1.1), or signs in an old way, that this "
                "machine's settings do not allow (openssl.cnf: MinProtocol, SECLEVEL)";
            break;
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_BAD_RECORD_TYPE:
            words = "sent something that is no TLS record";
            break;
        case SSL_R_DH_KEY_TOO_SMALL:
            words = "offers a Diffie-Hellman key that is too short to be safe";
            break;
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
            words = "sent a record that was damaged or forged on its way";
            break;
        case SSL_R_NO_SHARED_CIPHER:
            words = "offers no cipher that is accepted here";
            break;
        case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
            words = "is too old to renegotiate safely (RFC 5746)";
            break;
        default:
            break;
        }
    if (words) {
        snprintf(out, size, "%s%s %s", phase, peer, words);
        return;
    }
    const char *text = ERR_reason_error_string(e);
    snprintf(out, size, "%s%s", phase, text ? text : "unknown error");
}
