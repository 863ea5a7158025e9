/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DANE as part of the verdict, in each mode without a screen: a name server on loopback (believed),
 * a server with a certificate that only DANE can prove or damn, and what comes of it: exit status
 * and words. RFC 7672 3.1. */
#include "tests/support/check.h"
#include "tests/support/program.h"
#include "fakecert.h"
#include "fakedns.h"
#include "fakeserver.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct fake_step fine[] = {SEND("220 mx.example.test ESMTP\r\n"),
                                        EXPECT("EHLO client.example"),
                                        SEND("250-mx.example.test\r\n250 STARTTLS\r\n"),
                                        EXPECT("STARTTLS"),
                                        SEND("220 go\r\n"),
                                        STARTTLS(0),
                                        EXPECT("EHLO client.example"),
                                        SEND("250 mx.example.test\r\n"),
                                        EXPECT("QUIT"),
                                        SEND("221 bye\r\n"),
                                        CLOSE(),
                                        END()};

enum { MODE_TLS, MODE_SEND, MODE_RUN, MODE_PLAIN, MODE_PROBE, MODES };

enum record { NO_RECORD, EE, EE_OTHER, TA };

static const struct row {
    int mode;
    const char *names; /* of the certificate */
    unsigned flags;    /* of fakecert.h */
    bool trusted;      /* --ca-file */
    enum record record;
    bool ad;   /* the resolver says: authenticated */
    bool late; /* ... after the handshake */
    int status;
    const char *says, *never; /* in what is printed; NULL: not looked at */
} rows[] = {
    /* Wrong in everything, and the very one that DNS names. */
    {MODE_TLS, "other.test", FAKE_SELF_SIGNED | FAKE_EXPIRED, false, EE, true, false, 0,
     "holds: verified by TLSA 3 1 1", "grave"},
    {MODE_TLS, "other.test", FAKE_SELF_SIGNED, false, EE, true, false, 0,
     "Only DANE proves this certificate", "The certificate is for another name"},
    {MODE_SEND, "other.test", FAKE_SELF_SIGNED | FAKE_EXPIRED, false, EE, true, false, 0,
     "verified by DANE: issued to other.test", "NOT verified"},
    {MODE_RUN, "other.test", FAKE_SELF_SIGNED | FAKE_EXPIRED, false, EE, true, false, 0,
     "DANE: verified by TLSA 3 1 1", "NOT verified"},
    {MODE_PLAIN, "other.test", FAKE_SELF_SIGNED | FAKE_EXPIRED, false, EE, true, false, 0,
     "verified by DANE: issued to other.test", "NOT verified"},
    {MODE_PROBE, "other.test", FAKE_SELF_SIGNED | FAKE_EXPIRED, false, EE, true, false, 0,
     "inside TLS 1.3, certificate verified", "grave "},
    {MODE_SEND, "other.test", FAKE_SELF_SIGNED, false, EE, true, true, 0, "verified by DANE",
     "NOT verified"},
    {MODE_TLS, "mx.example.test", 0, true, EE_OTHER, true, true, 6, "FAILS: none of the 1", NULL},
    /* The same, but nobody authenticated the record. */
    {MODE_TLS, "other.test", FAKE_SELF_SIGNED, false, EE, false, false, 6,
     "unproven: decides nothing: the resolver did not authenticate them", NULL},
    {MODE_SEND, "other.test", FAKE_SELF_SIGNED, false, EE, false, false, 29,
     "DANE: decides nothing: the resolver did not authenticate them", "verified by DANE"},
    {MODE_PLAIN, "other.test", FAKE_SELF_SIGNED, false, EE, false, false, 6,
     "DANE: decides nothing", "verified by DANE"},
    {MODE_PROBE, "other.test", FAKE_SELF_SIGNED, false, EE, false, false, 0,
     "grave    mx.example.test", NULL},
    /* Good by every other measure, and another one than DNS names. */
    {MODE_TLS, "mx.example.test", 0, true, EE_OTHER, true, false, 6,
     "FAILS: none of the 1 usable TLSA records fits", NULL},
    {MODE_SEND, "mx.example.test", 0, true, EE_OTHER, true, false, 29,
     "certificate NOT verified: DANE: none of the 1 usable TLSA records fits", "verified by"},
    {MODE_RUN, "mx.example.test", 0, true, EE_OTHER, true, false, 6,
     "certificate NOT verified: DANE: none of the 1 usable TLSA records fits", NULL},
    {MODE_SEND, "mx.example.test", 0, true, EE_OTHER, false, false, 0, "(they would not fit)",
     NULL},
    /* An issuer that only DNS vouches for: the name must fit. RFC 7672 3.1.2, 3.2.2. */
    {MODE_TLS, "mx.example.test", 0, false, TA, true, false, 0, "holds: verified by TLSA 2 0 0",
     "grave"},
    {MODE_SEND, "mx.example.test", 0, false, TA, true, false, 0, "verified by DANE",
     "NOT verified"},
    {MODE_SEND, "other.test", 0, false, TA, true, false, 29, "NOT verified", "verified by DANE"},
    {MODE_TLS, "other.test", 0, false, TA, true, false, 6, "The certificate is for another name",
     NULL},
    /* Nothing there. */
    {MODE_TLS, "mx.example.test", 0, true, NO_RECORD, false, false, 0,
     "unproven: no TLSA records at _", NULL},
    {MODE_SEND, "mx.example.test", 0, true, NO_RECORD, false, false, 0, "verified: issued to",
     "DANE"},
};

/* -- running ----------------------------------------------------------------------------------- */

static void hex(char *out, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sprintf(out + 2 * i, "%02x", p[i]);
}

/* The record's data: the digest of the certificate's key, another one, or the CA itself. */
static void record_of(const struct fake_cert *c, const struct fake_ca *ca, enum record r, char *out)
{
    if (r == TA) {
        unsigned char *der = NULL;
        FILE *f = fopen(fake_ca_file(ca), "r");
        X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
        int len = i2d_X509(x, &der);
        assert_true(len > 0);
        strcpy(out, "2 0 0 ");
        hex(out + 6, der, (size_t)len);
        X509_free(x);
        fclose(f);
        OPENSSL_free(der);
    } else {
        strcpy(out, "3 1 1 ");
        fake_cert_spki(c, out + 6);
        if (r == EE_OTHER)
            out[6] = out[6] == '0' ? '1' : '0';
    }
}

static void one(const struct row *row, size_t number)
{
    static const char *const inputs[MODES] = {
        [MODE_TLS] = "",
        [MODE_SEND] = "",
        [MODE_RUN] = "",
        [MODE_PLAIN] = "EHLO client.example\nSTARTTLS\nEHLO client.example\nQUIT\n",
        [MODE_PROBE] = ""};
    char zone[3000] = "mx.example.test A 127.0.0.1\n", data[2000], to[40], target[60];
    char script[] = "/tmp/heloscope-dane-XXXXXX";
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *cert = fake_cert_new(ca, row->names, row->flags), *certs[] = {cert, NULL};
    struct fake *f = fake_start_tcp(fine, certs);
    struct buf out;
    if (row->record != NO_RECORD) {
        record_of(cert, ca, row->record, data);
        snprintf(zone, sizeof zone,
                 "mx.example.test A 127.0.0.1\n_%d._tcp.mx.example.test TLSA %s\n", fake_port(f),
                 data);
    }
    size_t n = strlen(zone);
    if (row->ad)
        n += (size_t)snprintf(zone + n, sizeof zone - n, "$ad _%d._tcp.mx.example.test\n",
                              fake_port(f));
    if (row->late)
        snprintf(zone + n, sizeof zone - n, "$late _%d._tcp.mx.example.test\n", fake_port(f));
    struct fakedns *d = fakedns_start(zone);
    int fd = mkstemp(script);
    static const char text[] = "EHLO client.example\ntls\nEHLO client.example\nquit\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    snprintf(target, sizeof target, "smtp://mx.example.test:%d", fake_port(f));
    snprintf(to, sizeof to, "127.0.0.1:%d", fake_port(f));

    const char *args[24] = {0};
    static const char *const words[MODES] = {"tls", "send", "run", "--plain", "probe"};
    size_t k = 0;
    args[k++] = words[row->mode];
    if (row->mode == MODE_RUN)
        args[k++] = script;
    args[k++] = target;
    args[k++] = "--connect";
    args[k++] = to;
    args[k++] = "--resolver";
    args[k++] = fakedns_at(d);
    if (row->mode != MODE_PLAIN && row->mode != MODE_RUN) {
        args[k++] = "--ehlo";
        args[k++] = "client.example";
    }
    if (row->trusted) {
        args[k++] = "--ca-file";
        args[k++] = fake_ca_file(ca);
    }
    if (row->mode == MODE_SEND) {
        args[k++] = "--tls";
        args[k++] = "--quit-after";
        args[k++] = "helo";
    }
    int status = program_run(args, inputs[row->mode], &out);
    if (status != row->status || !strstr(buf_str(&out), row->says) ||
        (row->never && strstr(buf_str(&out), row->never)))
        fail_msg("row %zu (%s): status %d, not %d; '%s' or not '%s':\n%s", number, words[row->mode],
                 status, row->status, row->says, row->never ? row->never : "", buf_str(&out));
    char name[60];
    snprintf(name, sizeof name, "_%d._tcp.mx.example.test", fake_port(f));
    assert_int_equal(fakedns_asked(d, name, 0), 1);
    if (status == 0 && fake_finish(f)) /* the whole talk, and nothing else */
        fail_msg("row %zu: %s", number, fake_finish(f));
    buf_clear(&out);
    unlink(script);
    fakedns_stop(d);
    fake_free(f);
    fake_cert_free(cert);
    fake_ca_free(ca);
}

static void verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        one(&rows[i], i);
}

/* An address has no records, and nobody is asked about it. */
static void not_asked(void **state)
{
    (void)state;
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *cert = fake_cert_new(ca, "127.0.0.1", 0), *certs[] = {cert, NULL};
    struct fake *f = fake_start_tcp(fine, certs);
    struct fakedns *d = fakedns_start("$ad example.test\n");
    char target[60];
    struct buf out;
    snprintf(target, sizeof target, "smtp://127.0.0.1:%d", fake_port(f));
    const char *args[] = {"tls",        target,        "--ca-file", fake_ca_file(ca),
                          "--resolver", fakedns_at(d), "--ehlo",    "client.example",
                          NULL};
    assert_int_equal(program_run(args, "", &out), 0);
    if (!strstr(buf_str(&out), "not asked: TLSA records belong to names"))
        fail_msg("%s", buf_str(&out));
    assert_int_equal(fakedns_asked(d, "127.0.0.1", 0), 0);
    buf_clear(&out);
    fake_finish(f);
    fake_free(f);
    fakedns_stop(d);
    fake_cert_free(cert);
    fake_ca_free(ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts), cmocka_unit_test(not_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
