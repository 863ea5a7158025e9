/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options about TLS as core wants them. OpenSSL is set up here only where there is something to
 * look at: a start without these options pays nothing. */
#include "mode/mode.h"
#include "heloscope/tls.h"

static bool version(const char *option, const char *text, enum tls_version *out, char *why,
                    size_t size)
{
    *out = text ? tls_version_of(text) : TLS_ANY;
    if (!text || *out)
        return true;
    snprintf(why, size, "--%s wants 1.0, 1.1, 1.2 or 1.3, not '%.60s'", option, text);
    return false;
}

enum fault mode_trust(const struct args *a, bool check, struct tls_trust *out, char *why,
                      size_t size)
{
    *out = (struct tls_trust){.ca_file = a->ca_file,
                              .hurried = a->insecure,
                              .ask = {.ciphers = a->ciphers,
                                      .sni = a->sni,
                                      .verify_name = a->verify_name,
                                      .cert_file = a->cert,
                                      .key_file = a->key}};
    if (!version("tls-min", a->tls_min, &out->ask.min, why, size) ||
        !version("tls-max", a->tls_max, &out->ask.max, why, size))
        return FAULT_USAGE;
    if (a->key && !a->cert) {
        snprintf(why, size, "--key wants --cert too: the certificate that the key belongs to");
        return FAULT_USAGE;
    }
    if (!check || (!a->ca_file && !a->ciphers && !a->sni && !a->verify_name && !a->cert &&
                   !out->ask.min && !out->ask.max))
        return FAULT_NONE;
    return tls_trust_check(out, why, size);
}
