/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever a name server sends gives an answer that holds together, and a sentence that is safe to
 * show; the same octets as an MTA-STS policy, as TXT records and as a zone. The first octet tells
 * the type that was asked for. */
#include "core/dns_priv.h"
#include "heloscope/loop.h"
#include "heloscope/mtasts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void safe(const char *why)
{
    for (const char *p = why; *p; p++)
        if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A,   DNS_AAAA, DNS_CNAME, DNS_MX,
                                          DNS_TXT, DNS_TLSA, DNS_PTR,   DNS_NS};
    static struct mtasts policy;
    struct dns_reading out = {0};
    char why[400] = "", id[33];
    size_t seen = 0;
    if (!size)
        return 0;
    dns_read(data + 1, size - 1, "example.test", types[data[0] & 7], &out);
    for (size_t i = 0; i < out.a.n; i++)
        seen += out.a.at[i].n + out.a.at[i].ndata + strlen(out.a.at[i].text);
    for (size_t i = 0; i < out.a.nchain; i++)
        seen += strlen(out.a.chain[i]);
    if ((out.a.status == DNS_FOUND) != (out.a.n > 0) || !out.a.why ||
        (out.a.status != DNS_FOUND && !*out.a.why) || seen > 1u << 20)
        abort();
    safe(out.a.why);
    dns_rrs_clear(&out.rrs);

    if (!mtasts_parse((const char *)data, size, &policy, why, sizeof why))
        safe(why);
    else
        mtasts_mx_allowed(&policy, "mail.example.test");
    if (!mtasts_txt((const char *)data, size, id, why, sizeof why))
        safe(why);

    char *text = malloc(size + 1);
    struct loop *l = loop_new();
    struct dns d = {0};
    if (text && l) {
        memcpy(text, data, size);
        text[size] = '\0';
        dns_zone(&d, l, text, why, sizeof why);
        dns_free(&d);
    }
    loop_free(l);
    free(text);
    return 0;
}
