/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes that fail and connections that break, in words: the alerts and OpenSSL's reasons. RFC
 * 8446 6.2, RFC 5246 7.2.2. */
#include "core/tls_priv.h"
#include "core/lazy/openssl.gen.h"

#include <stdio.h>

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
