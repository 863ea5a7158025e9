/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user asks of TLS: versions, ciphers, SNI and a client certificate, put on one
 * connection, and what is wrong with it in one sentence. Trust and verification are tls_facts.c's.
 * RFC 8446 4.2.1 and RFC 8996 (versions), RFC 6066 3 (SNI), RFC 8446 4.4.2 (client certificates).
 */
#include "core/tls_priv.h"
#include "core/lazy/openssl.gen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *const names[] = {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

enum tls_version tls_version_of(const char *text)
{
    if (strncasecmp(text, "tls", 3) == 0) {
        text += 3;
        text += *text == 'v' || *text == 'V' || *text == ' ';
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i] + 4) == 0)
            return (enum tls_version)(TLS_1_0 + (int)i);
    return TLS_ANY;
}

const char *tls_version_name(enum tls_version v)
{
    return v >= TLS_1_0 && v <= TLS_1_3 ? names[v - TLS_1_0] : "any version";
}

static enum fault versions(SSL *ssl, const struct tls_ask *ask, char *why, size_t size)
{
    enum tls_version min = ask->min;
    if (!min && !ask->max)
        return FAULT_NONE;
    if (min && ask->max && min > ask->max) {
        snprintf(why, size, "the lowest version asked for, %s, is above the highest, %s",
                 tls_version_name(min), tls_version_name(ask->max));
        return FAULT_USAGE;
    }
    /* The system's lowest version may be above what is asked for. */
    if (ask->max && !min && SSL_get_min_proto_version(ssl) > (int)ask->max)
        min = ask->max;
    if ((min && SSL_set_min_proto_version(ssl, (int)min) != 1) ||
        (ask->max && SSL_set_max_proto_version(ssl, (int)ask->max) != 1)) {
        snprintf(why, size, "OpenSSL was built without %s here",
                 tls_version_name(min ? min : ask->max));
        return FAULT_USAGE;
    }
    /* TLS 1.0 and 1.1 sign with SHA-1 and MD5, which no level above 0 allows. Who asks for them
     * by name wants to see them; certificates are still judged by the usual level. */
    if ((min && min < TLS_1_2) || (ask->max && ask->max < TLS_1_2))
        SSL_set_security_level(ssl, 0);
    return FAULT_NONE;
}

/* OpenSSL keeps two lists; the user writes one. */
static enum fault ciphers(SSL *ssl, const char *list, char *why, size_t size)
{
    struct buf old, suites;
    buf_init(&old, 8192);
    buf_init(&suites, 8192);
    bool ok = true;
    for (const char *p = list; ok && *p;) {
        size_t n = strcspn(p, ":, ");
        struct buf *b = strncmp(p, "TLS_", 4) == 0 ? &suites : &old;
        if (n)
            ok = (!b->len || buf_add_char(b, ':')) && buf_add(b, p, n);
        p += n + (p[n] != '\0');
    }
    if (ok && suites.len)
        ok = SSL_set_ciphersuites(ssl, buf_str(&suites)) == 1;
    if (ok && old.len)
        ok = SSL_set_cipher_list(ssl, buf_str(&old)) == 1;
    ok = ok && suites.len + old.len > 0;
    buf_clear(&old);
    buf_clear(&suites);
    if (ok)
        return FAULT_NONE;
    snprintf(why, size,
             "the cipher list '%.80s' leaves no cipher that is known here; 'openssl ciphers' "
             "lists the names",
             list);
    return FAULT_USAGE;
}

/* Traditional key files name their cipher in words ("DEK-Info", RFC 1421 4.6.1.3), which must be
 * known for a locked key to be told from none. */
static void know_ciphers(void)
{
    static bool done;
    if (!done) {
        EVP_add_cipher(EVP_des_cbc());
        EVP_add_cipher(EVP_des_ede3_cbc());
        EVP_add_cipher(EVP_aes_128_cbc());
        EVP_add_cipher(EVP_aes_192_cbc());
        EVP_add_cipher(EVP_aes_256_cbc());
    }
    done = true;
}

/* A key with a passphrase would have OpenSSL ask on the terminal, in the middle of the screen. */
static int no_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static enum fault unreadable(const char *file, const char *what, char *why, size_t size)
{
    if (access(file, R_OK) != 0)
        snprintf(why, size, "'%s' cannot be read: %s", file, strerror(errno));
    else
        snprintf(why, size, "'%s' holds no %s: a PEM file is wanted", file, what);
    return FAULT_FILE;
}

static enum fault certificate(SSL *ssl, const struct tls_ask *ask, char *why, size_t size)
{
    const char *key = ask->key_file ? ask->key_file : ask->cert_file;
    bool locked = false;
    if (!ask->cert_file) {
        snprintf(why, size, "the key '%s' is of no use without its certificate", ask->key_file);
        return FAULT_USAGE;
    }
    if (SSL_use_certificate_chain_file(ssl, ask->cert_file) != 1) {
        unsigned long e = ERR_peek_last_error();
        int reason = ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0;
        if (reason != SSL_R_EE_KEY_TOO_SMALL && reason != SSL_R_CA_MD_TOO_WEAK)
            return unreadable(ask->cert_file, "certificate", why, size);
        snprintf(why, size, "the certificate in '%s' has a key or a signature too weak to be sent",
                 ask->cert_file);
        return FAULT_FILE;
    }
    know_ciphers();
    SSL_set_default_passwd_cb(ssl, no_passphrase);
    SSL_set_default_passwd_cb_userdata(ssl, &locked);
    ERR_clear_error();
    bool ok = SSL_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) == 1;
    bool mine = ok && SSL_check_private_key(ssl) == 1; /* a key of another kind is taken above */
    SSL_set_default_passwd_cb_userdata(ssl, NULL);
    if (mine)
        return FAULT_NONE;
    unsigned long e = ERR_peek_last_error();
    if (locked)
        snprintf(why, size,
                 "the key in '%s' is locked by a passphrase: a key without one is wanted", key);
    else if (ok || ERR_GET_LIB(e) == ERR_LIB_X509)
        snprintf(why, size, "the key in '%s' does not belong to the certificate in '%s'", key,
                 ask->cert_file);
    else if (!ask->key_file)
        snprintf(why, size,
                 "'%s' holds a certificate and no private key: name the key's file too, by --key",
                 key);
    else
        return unreadable(key, "private key", why, size);
    return FAULT_FILE;
}

static bool host_name(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] >= 0x7f || strchr("/@[]\"\\", s[i]))
            return false;
    return n > 0 && n <= 253;
}

enum fault tls_ask_apply(SSL *ssl, const struct tls_ask *ask, const char *name, bool is_address,
                         char *why, size_t size)
{
    if (ask->sni && !host_name(ask->sni)) {
        snprintf(why, size, "'%.80s' cannot be sent as SNI: a host name in ASCII is wanted",
                 ask->sni);
        return FAULT_USAGE;
    }
    if (ask->verify_name && !host_name(ask->verify_name)) {
        snprintf(why, size,
                 "'%.80s' cannot stand in a certificate: a host name in ASCII, or an "
                 "address, is wanted",
                 ask->verify_name);
        return FAULT_USAGE;
    }
    /* RFC 6066 3: literal addresses are not permitted in SNI */
    const char *sni = ask->sni ? ask->sni : is_address ? NULL : name;
    if (sni)
        SSL_set_tlsext_host_name(ssl, (char *)sni);
    enum fault f = versions(ssl, ask, why, size);
    if (f == FAULT_NONE && ask->ciphers)
        f = ciphers(ssl, ask->ciphers, why, size);
    if (f == FAULT_NONE && (ask->cert_file || ask->key_file))
        f = certificate(ssl, ask, why, size);
    return f;
}
