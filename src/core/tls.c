/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS without a descriptor: OpenSSL reads from the caller's bytes and writes into the caller's
 * buffer, through a BIO of our own, so that nothing is copied twice. The handshake runs unverified;
 * what the certificate is worth is found out afterwards (tls_facts.c), because a refusal that is
 * only an alert number cannot be put into words. RFC 8446, RFC 5246, RFC 6066 3 (SNI), RFC 9325 (no
 * renegotiation, no compression). */
#include "core/tls_priv.h"
#include "core/lazy/openssl.gen.h"
#include "heloscope/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD = 16384 };

struct tls {
    SSL *ssl;
    bool server;
    bool is_address;
    bool practice, hurried;
    bool closed; /* close_notify was seen */
    bool looked; /* the first byte of the other end was looked at */
    char *name;
    X509_STORE *own;
    enum tls_state state;
    const char *in; /* what is being fed: borrowed for the call */
    size_t in_len;
    struct buf *wire; /* where records go: borrowed for the call */
    struct tls_facts facts;
    struct tls_peer *peer; /* a client's */
    char error[400];
};

/* -- a BIO over the caller's bytes ------------------------------------------------------------- */

static int wire_read(BIO *bio, char *out, size_t n, size_t *done)
{
    struct tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!t->in_len) {
        BIO_set_retry_read(bio);
        *done = 0;
        return 0;
    }
    if (n > t->in_len)
        n = t->in_len;
    memcpy(out, t->in, n);
    t->in += n;
    t->in_len -= n;
    *done = n;
    return 1;
}

static int wire_write(BIO *bio, const char *bytes, size_t n, size_t *done)
{
    struct tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!t->wire || !buf_add(t->wire, bytes, n)) {
        *done = 0;
        return 0;
    }
    *done = n;
    return 1;
}

static long wire_ctrl(BIO *bio, int cmd, long num, void *p)
{
    (void)bio;
    (void)num;
    (void)p;
    return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *wire_method(void)
{
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "heloscope wire");
        if (!method)
            return NULL;
        BIO_meth_set_read_ex(method, wire_read);
        BIO_meth_set_write_ex(method, wire_write);
        BIO_meth_set_ctrl(method, wire_ctrl);
    }
    return method;
}

/* -- birth and death --------------------------------------------------------------------------- */

static SSL_CTX *client_ctx(void)
{
    static SSL_CTX *ctx;
    if (ctx)
        return ctx;
    /* Versions, ciphers and the security level are the system's (openssl.cnf): this program shows
     * what the machine's other mail programs would do. */
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return NULL;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_read_ahead(ctx, 1);
    return ctx;
}

/* OpenSSL builds the chain in the handshake even where nobody asks; ours is done later. */
static int verify_later(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static struct tls *tls_new(SSL_CTX *ctx, bool server, char *why, size_t size)
{
    BIO_METHOD *method = wire_method();
    SSL *ssl = ctx && method ? SSL_new(ctx) : NULL;
    BIO *bio = ssl ? BIO_new(method) : NULL;
    if (!bio) {
        SSL_free(ssl);
        ERR_clear_error();
        snprintf(why, size, "OpenSSL cannot be set up on this machine: check its openssl.cnf");
        return NULL;
    }
    struct tls *t = xcalloc(1, sizeof *t);
    t->ssl = ssl;
    t->server = server;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return t;
}

/* Called when the server asks for a client certificate; goes on with what was configured. */
static int client_asked(SSL *ssl, void *arg)
{
    tls_peer_client_asked(arg, ssl);
    return 1;
}

static struct tls *client(const char *name, bool is_address, const struct tls_trust *trust,
                          enum fault *fault, char *why, size_t size)
{
    static const struct tls_ask nothing;
    const struct tls_ask *ask = trust ? &trust->ask : &nothing;
    *fault = FAULT_FILE;
    if (!lazy_ready(openssl, why, size))
        return NULL;
    lazy_openssl_begin();
    ERR_clear_error();
    X509_STORE *own = NULL;
    if (trust && !tls_trust_load(trust, &own, why, size))
        return NULL;
    *fault = FAULT_TLS;
    SSL_CTX *ctx = client_ctx();
    if (ctx)
        SSL_CTX_set_cert_verify_callback(ctx, verify_later, NULL);
    struct tls *t = tls_new(ctx, false, why, size);
    if (!t) {
        X509_STORE_free(own);
        return NULL;
    }
    t->own = own;
    t->practice = trust && trust->practice;
    t->hurried = trust && trust->hurried;
    *fault = tls_ask_apply(t->ssl, ask, name, is_address, why, size);
    if (*fault != FAULT_NONE) {
        tls_free(t);
        ERR_clear_error();
        return NULL;
    }
    t->peer = tls_peer_new();
    SSL_set_cert_cb(t->ssl, client_asked, t->peer);
    SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp); /* RFC 6066 8 */
    const char *expected = ask->verify_name ? ask->verify_name : name;
    unsigned char address[16];
    t->is_address = ask->verify_name ? inet_pton(AF_INET, expected, address) == 1 ||
                                           inet_pton(AF_INET6, expected, address) == 1
                                     : is_address;
    t->name = expected ? xstrdup(expected) : NULL;
    ERR_clear_error();
    return t;
}

struct tls *tls_new_client(const char *name, bool is_address, const struct tls_trust *trust,
                           char *why, size_t size)
{
    enum fault fault;
    return client(name, is_address, trust, &fault, why, size);
}

enum fault tls_trust_check(const struct tls_trust *trust, char *why, size_t size)
{
    enum fault fault;
    tls_free(client("localhost", false, trust, &fault, why, size));
    return fault;
}

struct tls *tls_new_server(const struct tls_identity *id, char *why, size_t size)
{
    if (!lazy_ready(openssl, why, size))
        return NULL;
    ERR_clear_error();
    return tls_new(tls_identity_ctx(id), true, why, size);
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    X509_STORE_free(t->own);
    tls_peer_free(t->peer);
    free(t->name);
    free(t);
}

/* -- the work ---------------------------------------------------------------------------------- */

static enum tls_state broken(struct tls *t)
{
    t->state = TLS_BROKEN;
    if (!t->error[0])
        tls_words(t->error, sizeof t->error, !SSL_is_init_finished(t->ssl), t->server);
    ERR_clear_error();
    return TLS_BROKEN;
}

/* A mail server that answers the handshake in plain text says something worth reading. */
static bool speaks_tls(struct tls *t, const unsigned char *p, size_t n)
{
    if (t->looked || !n)
        return true;
    t->looked = true;
    /* RFC 8446 5.1: the first record is a handshake (22) or an alert (21). */
    if (p[0] == 22 || p[0] == 21)
        return true;
    char said[61];
    size_t i = 0;
    for (; i < n && i < sizeof said - 1 && p[i] != '\r' && p[i] != '\n'; i++)
        said[i] = p[i] >= ' ' && p[i] < 0x7f ? (char)p[i] : '?';
    said[i] = '\0';
    if (t->server)
        snprintf(t->error, sizeof t->error, "the client does not speak TLS: it sent \"%s\"", said);
    else
        snprintf(t->error, sizeof t->error,
                 "the other end does not speak TLS here: it answered the handshake with \"%s\" in "
                 "the clear. Is this a port for STARTTLS or STLS instead?",
                 said);
    return false;
}

static enum tls_state handshake(struct tls *t)
{
    int rc = SSL_do_handshake(t->ssl);
    if (rc == 1) {
        t->state = TLS_UP;
        if (t->server)
            tls_describe(t->ssl, &t->facts);
        else
            tls_examine(
                t->ssl,
                &(struct tls_expected){t->name, t->is_address, t->practice, t->hurried, t->own},
                &t->facts, t->peer);
        ERR_clear_error();
        return TLS_UP;
    }
    if (SSL_get_error(t->ssl, rc) == SSL_ERROR_WANT_READ)
        return TLS_HANDSHAKE;
    return broken(t);
}

enum tls_state tls_start(struct tls *t, struct buf *wire)
{
    if (t->server || t->state != TLS_HANDSHAKE)
        return t->state;
    ERR_clear_error();
    t->wire = wire;
    enum tls_state s = handshake(t);
    t->wire = NULL;
    return s;
}

enum tls_state tls_input(struct tls *t, const void *bytes, size_t n, struct buf *plain,
                         struct buf *wire)
{
    if (t->state == TLS_BROKEN || t->state == TLS_CLOSED)
        return t->state;
    ERR_clear_error();
    if (t->state == TLS_HANDSHAKE && !speaks_tls(t, bytes, n))
        return broken(t);
    t->in = bytes;
    t->in_len = n;
    t->wire = wire;
    if (t->state == TLS_HANDSHAKE)
        handshake(t);
    while (t->state == TLS_UP) {
        /* A record more than what was fed can never come out of it. */
        char *room = buf_room(plain, RECORD);
        if (!room) {
            snprintf(t->error, sizeof t->error,
                     "more than %zu octets were decrypted and not taken: a limit of heloscope",
                     plain->max);
            t->state = TLS_BROKEN;
            break;
        }
        size_t got = 0;
        int rc = SSL_read_ex(t->ssl, room, RECORD, &got);
        if (rc == 1) {
            buf_grew(plain, got);
            continue;
        }
        int err = SSL_get_error(t->ssl, rc);
        if (err == SSL_ERROR_WANT_READ)
            break;
        if (err == SSL_ERROR_ZERO_RETURN)
            t->state = TLS_CLOSED;
        else
            broken(t);
    }
    if (plain->p)
        plain->p[plain->len] = '\0'; /* a failed read may have written into the room */
    t->in = NULL;
    t->in_len = 0;
    t->wire = NULL;
    return t->state;
}

bool tls_output(struct tls *t, const void *bytes, size_t n, struct buf *wire)
{
    /* After the other end's close_notify we may still write. RFC 8446 6.1. */
    if (t->state != TLS_UP && t->state != TLS_CLOSED)
        return false;
    if (!n)
        return true;
    /* All or nothing: the room is looked at before a record is made. 5 + 256 octets are more than a
     * header, an IV, padding and a tag ever take. */
    size_t records = n / RECORD + 2;
    if (n > wire->max || wire->len > wire->max - n || records * 261 > wire->max - n - wire->len ||
        !buf_room(wire, n + records * 261))
        return false;
    ERR_clear_error();
    t->wire = wire;
    size_t done = 0;
    bool ok = SSL_write_ex(t->ssl, bytes, n, &done) == 1 && done == n;
    t->wire = NULL;
    if (!ok)
        broken(t);
    return ok;
}

void tls_shutdown(struct tls *t, struct buf *wire)
{
    if (t->state != TLS_UP && t->state != TLS_CLOSED)
        return;
    ERR_clear_error();
    t->wire = wire;
    SSL_shutdown(t->ssl);
    t->wire = NULL;
    ERR_clear_error();
}

enum tls_binding tls_channel_binding(const struct tls *t, struct buf *out)
{
    unsigned char bytes[64];
    size_t n = 32;
    enum tls_binding kind = TLS_BINDING_EXPORTER;
    if (t->state != TLS_UP)
        return TLS_BINDING_NONE;
    ERR_clear_error();
    if (SSL_version(t->ssl) >= TLS1_3_VERSION) {
        static const char label[] = "EXPORTER-Channel-Binding";
        if (SSL_export_keying_material(t->ssl, bytes, n, label, sizeof label - 1,
                                       (const unsigned char *)"", 0, 1) != 1)
            n = 0;
    } else if (SSL_get_extms_support(t->ssl) == 1) {
        /* The first Finished of the handshake: the client's, but the server's where a session was
         * resumed. */
        kind = TLS_BINDING_UNIQUE;
        n = t->server == (bool)SSL_session_reused(t->ssl)
                ? SSL_get_finished(t->ssl, bytes, sizeof bytes)
                : SSL_get_peer_finished(t->ssl, bytes, sizeof bytes);
    } else {
        n = 0;
    }
    ERR_clear_error();
    return n > 0 && n <= sizeof bytes && buf_add(out, bytes, n) ? kind : TLS_BINDING_NONE;
}

bool tls_client_name(const struct tls *t, char *out, size_t size)
{
    X509 *cert = t->state == TLS_UP ? SSL_get0_peer_certificate(t->ssl) : NULL;
    int n = cert ? X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, out,
                                             (int)size)
                 : -1;
    return n > 0 && strlen(out) == (size_t)n;
}

const char *tls_error(const struct tls *t)
{
    return t->error;
}

const struct tls_facts *tls_facts(const struct tls *t)
{
    return &t->facts;
}

struct tls_peer *tls_peer(const struct tls *t)
{
    return t->peer;
}
