/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text out of certificates. It is the peer's, so nothing but printable ASCII comes through. RFC
 * 5280 4.1.2.4 (names), 4.2.1.6 (alternative names), 4.1.2.5 (validity). */
#include "core/tls_priv.h"
#include "core/lazy/openssl.gen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void put(char *out, size_t size, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t i = 0;
    for (; i < n && i + 1 < size; i++)
        out[i] = p[i] >= ' ' && p[i] < 0x7f ? (char)p[i] : '?';
    out[i] = '\0';
}

void tls_put_name(char *out, size_t size, X509_NAME *name)
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
void tls_put_short(char *out, size_t size, X509_NAME *name)
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
    tls_put_name(out, size, name);
    if (!out[0])
        put(out, size, "a CA without a name", 19);
}

/* Names as they stand in the certificate; shown: at most so many (0: as many as fit). */
int tls_put_sans(char *out, size_t size, X509 *cert, int shown, const char *between)
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
            if ((n != 4 && n != 16) ||
                !inet_ntop(n == 16 ? AF_INET6 : AF_INET, ASN1_STRING_get0_data(g->d.iPAddress), one,
                           sizeof one))
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

time_t tls_time(const ASN1_TIME *t)
{
    struct tm tm = {0};
    return t && ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

void tls_put_date(char out[16], time_t t)
{
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
        snprintf(out, 16, "?");
}

void tls_put_digest(char *out, size_t size, const unsigned char *md, size_t n, const char *fmt,
                    char between)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && at + (between ? 3 : 2) < size; i++) {
        if (between && i)
            out[at++] = between;
        at += (size_t)snprintf(out + at, size - at, fmt, md[i]);
    }
}

void tls_put_key(char *out, size_t size, EVP_PKEY *key)
{
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    char curve[40] = "";
    out[0] = '\0';
    if (key && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 && curve[0])
        snprintf(out, size, "%s %s", type ? type : "?", curve);
    else if (key)
        snprintf(out, size, "%s %d", type ? type : "?", EVP_PKEY_get_bits(key));
}
