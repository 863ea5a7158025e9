/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS as a layer that knows no descriptor: bytes in, bytes out; and what a certificate says, as
 * data. No SSL_CTX exists before the first tls_new(). RFC 8446, RFC 3207, RFC 2595, RFC 9525
 * (names). */
#ifndef HELOSCOPE_TLS_H
#define HELOSCOPE_TLS_H

#include "heloscope/buf.h"
#include "heloscope/fault.h"
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tls;
struct tls_peer;
struct tls_identity; /* a certificate with its key, for the practice server */

/* What was verified, and what was not. */
enum tls_verdict {
    TLS_VERIFIED,          /* chain, dates and name hold against the system's store */
    TLS_VERIFIED_PRACTICE, /* the same against the practice world's own CA */
    TLS_UNVERIFIED,        /* some check failed; facts.why says which in words */
};

struct tls_facts {
    char version[16]; /* "TLS 1.3" */
    char cipher[64];
    char group[32];
    char subject[256];
    char issuer[256];
    char names[512];       /* the certificate's DNS and IP names, separated by blanks */
    char key[48];          /* "EC prime256v1", "RSA 2048" */
    char fingerprint[100]; /* SHA-256 of the certificate: "AB:CD:..." */
    time_t not_before, not_after;
    enum tls_verdict verdict;
    char why[512];  /* every reason, joined by "; ": "self-signed ...", "expired since 2024-05-01
                       (205 days)", "issued to a.example, not to b.example" */
    char next[256]; /* what the user can do about it */
};

/* Protocol versions by their number on the wire. RFC 8446 4.2.1, RFC 8996 (1.0 and 1.1 are
 * deprecated). */
enum tls_version {
    TLS_ANY = 0, /* what the system's openssl.cnf says */
    TLS_1_0 = 0x0301,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3
};
/* "1.2", "TLS1.2", "tlsv1.2", "TLS 1.2"; TLS_ANY: not a version. */
enum tls_version tls_version_of(const char *text);
/* "TLS 1.2". */
const char *tls_version_name(enum tls_version v);

/* What a client asks of TLS beside trust; borrowed strings, NULL or TLS_ANY: as usual. */
struct tls_ask {
    enum tls_version min, max; /* below 1.2 the security level is lowered too, or none would do */
    const char *ciphers;       /* OpenSSL's list; members that begin with TLS_ are for TLS 1.3 */
    const char *sni;           /* RFC 6066 3: this name instead of the target's */
    const char *verify_name;   /* the name or address that the certificate is compared with */
    const char *cert_file;     /* client certificate (PEM, with its chain) */
    const char *key_file;      /* its key (PEM, no passphrase); NULL: in cert_file as well */
};

/* What a client trusts; borrowed strings. All NULL: the system's store (directory first, bundle
 * only when no issuer was found there). */
struct tls_trust {
    const char *ca_file;                 /* PEM file instead of the system's store */
    const struct tls_identity *practice; /* trust this CA and nothing else */
    bool hurried; /* nobody minds (--insecure): the bundle, some 20 ms to read, is not looked
                     through */
    struct tls_ask ask;
};

/* Tries out what the user asked for, before a connection is opened: reads the files, has OpenSSL
 * take the ciphers. Anything but FAULT_NONE: why holds one clear sentence; FAULT_FILE where a file
 * cannot be read or holds something else, FAULT_USAGE for the rest. */
enum fault tls_trust_check(const struct tls_trust *trust, char *why, size_t size);

/* A client that expects name (SNI unless it is an address; NULL: there is none to compare with,
 * which is a reason against the certificate), or a server with an identity. NULL: why holds a
 * sentence. */
struct tls *tls_new_client(const char *name, bool is_address, const struct tls_trust *trust,
                           char *why, size_t size);
struct tls *tls_new_server(const struct tls_identity *id, char *why, size_t size);
void tls_free(struct tls *t);

enum tls_state { TLS_HANDSHAKE, TLS_UP, TLS_CLOSED /* close_notify */, TLS_BROKEN };

/* Feeds n bytes from the wire. Decrypted bytes are appended to *plain, bytes for the wire to *wire.
 * A server that does not speak TLS, alerts and torn records give TLS_BROKEN with a sentence in
 * tls_error(). */
enum tls_state tls_input(struct tls *t, const void *bytes, size_t n, struct buf *plain,
                         struct buf *wire);
/* Starts the handshake (client) or nothing (server): appends the first flight to *wire. */
enum tls_state tls_start(struct tls *t, struct buf *wire);
/* Encrypts n bytes into *wire. False: broken, or the ceiling of *wire is too near (nothing was
 * added). */
bool tls_output(struct tls *t, const void *bytes, size_t n, struct buf *wire);
/* close_notify into *wire. */
void tls_shutdown(struct tls *t, struct buf *wire);
const char *tls_error(const struct tls *t);
/* Valid once TLS_UP. Borrowed. */
const struct tls_facts *tls_facts(const struct tls *t);
/* The same for what a server presented (tlspeer.h): the chain and each verdict. NULL on a server's
 * side. Borrowed: tls_peer_ref() keeps it. */
struct tls_peer *tls_peer(const struct tls *t);

/* What a login can be bound to, so that it holds for this connection only: tls-exporter for TLS 1.3
 * (RFC 9266), tls-unique for TLS 1.2 (RFC 5929 3; only with the extended master secret of RFC 7627,
 * without which it is not unique). Appends the octets to *out. TLS_BINDING_NONE: nothing to be had.
 */
enum tls_binding { TLS_BINDING_NONE, TLS_BINDING_UNIQUE, TLS_BINDING_EXPORTER };
enum tls_binding tls_channel_binding(const struct tls *t, struct buf *out);

/* A server's view: the common name in the certificate that the client showed, whoever signed it.
 * False: it showed none. */
bool tls_client_name(const struct tls *t, char *out, size_t size);

/* The practice CA and a server certificate signed by it for names (blank-separated), made in
 * memory at their first use. EC P-256, valid for a day. Where OpenSSL fails, that use fails. */
struct tls_identity *tls_identity_new(const char *names);
/* Another certificate of the same CA, for other names, or one that ran out a day ago: for showing
 * what clients say to that. Freed by itself. NULL: no certificate could be made. */
struct tls_identity *tls_identity_flawed(const struct tls_identity *of, const char *names,
                                         bool expired);
void tls_identity_free(struct tls_identity *id);
/* The CA certificate as PEM, so that strangers (curl, openssl) can trust `serve`. */
bool tls_identity_ca_pem(const struct tls_identity *id, struct buf *out);

#endif
