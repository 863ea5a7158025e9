/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of capabilities and login mechanisms: whole, each one reachable, and none forgotten that
 * IANA has registered or that servers really say. */
#include "tests/support/check.h"
#include "heloscope/know.h"

#include <string.h>
#include <strings.h>

/* IANA: Mail Parameters, SMTP Service Extensions. */
static const char *const smtp_registered[] = {
    "8BITMIME", "ATRN",       "AUTH",        "BINARYMIME", "BURL",
    "CHUNKING", "CHECKPOINT", "CONNEG",      "CONPERM",    "DELIVERBY",
    "DSN",      "ETRN",       "EXPN",        "HELP",       "ENHANCEDSTATUSCODES",
    "LIMITS",   "MTRK",       "MT-PRIORITY", "ONEX",       "FUTURERELEASE",
    "RRVS",     "REQUIRETLS", "PIPELINING",  "SAML",       "NO-SOLICITING",
    "SEND",     "SMTPUTF8",   "SIZE",        "SOML",       "STARTTLS",
    "TURN",     "SUBMITTER",  "UTF8SMTP",    "VERB",
};
/* Met in the wild. */
static const char *const smtp_wild[] = {
    "AUTH=LOGIN",     "COREMAIL",     "ID",         "MAILCOMPRESS", "OK",
    "PIPECONNECT",    "PRDR",         "TIME",       "TLS",          "X_PIPE_CONNECT",
    "VERP",           "VRFY",         "WELLKNOWN",  "XEXDATA",      "XSECURITY=NONE,STARTTLS",
    "X-ANONYMOUSTLS", "X-EXPS",       "XADR",       "X-EXPS=LOGIN", "X-LINK2STATE",
    "X-RCPTLIMIT",    "X-TURNME",     "XADRC",      "XAUTH",        "XCIR",
    "XCLIENT",        "XDSN",         "XEXCH50",    "XFORWARD",     "XGEN",
    "XLONGADDR",      "XOORG",        "XORAR",      "XPROXY",       "XPROXYFROM",
    "XPROXYTO",       "XQUE",         "XRDST",      "XREMOTEQUEUE", "XSESSIONPARAMS",
    "XSHADOW",        "XSTA",         "XSYSPROBE",  "XTRN",         "XSHADOWREQUEST",
    "XUSR",           "XVERP",        "XVRB",       "XXXXXXXA",     "CLIENTID",
    "IGNOREQUOTA",    "XRCPTFORWARD", "XXXXXXXXXB",
};
/* IANA: POP3 Extension Mechanism. */
static const char *const pop3_registered[] = {
    "TOP",  "USER",           "SASL", "RESP-CODES",     "LOGIN-DELAY", "PIPELINING", "EXPIRE",
    "UIDL", "IMPLEMENTATION", "STLS", "AUTH-RESP-CODE", "UTF8",        "LANG",
};
static const char *const pop3_wild[] = {
    "APOP",    "AUTH",     "CAPA",    "ID",   "LAST",    "SASL-IR", "X-GOOGLE-VERHOEVEN",
    "XCLIENT", "X-MANGLE", "X-MACRO", "XOIP", "XSENDER", "XTND",    "X-GOOGLE-RICO",
};
static const char *const mechanisms[] = {
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA3-512",
    "EXTERNAL",
    "ANONYMOUS",
    "GSSAPI",
    "GS2-KRB5",
    "GS2-KRB5-PLUS",
    "GS2-SOMETHING",
    "KERBEROS_V4",
    "KERBEROS_V5",
    "NTLM",
    "OAUTHBEARER",
    "OAUTH10A",
    "OTP",
    "SKEY",
    "SECURID",
    "XOAUTH",
    "XOAUTH2",
    "XYMCOOKIE",
    "PLAIN-CLIENTTOKEN",
    "9798-M-DSA-SHA1",
    "OPENID20",
    "SAML20",
    "EAP-AES128",
    "EAP-AES128-PLUS",
    "9798-U-DSA-SHA1",
    "GSS-SPNEGO",
    "9798-M-ECDSA-SHA1",
    "9798-U-ECDSA-SHA1",
    "SPNEGO",
    "SPNEGO-PLUS",
    "9798-M-RSA-SHA1-ENC",
    "9798-U-RSA-SHA1-ENC",
    "NMAS_AUTHEN",
    "NMAS_LOGIN",
    "NMAS-SAMBA-AUTH",
    "ECDSA-NIST256P-CHALLENGE",
    "SXOVER-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS",
    "ECDH-X25519-CHALLENGE",
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Something to read, in printable ASCII, with no blank at its ends and no full stop. */
static void sentence(const char *row, const char *column, const char *s, bool needed)
{
    size_t n = s ? strlen(s) : 0;
    if (!s || (needed && n == 0))
        fail_msg("%s: %s is empty", row, column);
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            fail_msg("%s: a byte %02x in %s", row, (unsigned char)s[i], column);
    if (n && (s[0] == ' ' || strchr(" ,;:", s[n - 1])))
        fail_msg("%s: %s is ragged: \"%s\"", row, column, s);
}

static void rows_are_whole(void **state)
{
    size_t n;
    const struct know_cap *k = know_caps(&n);
    (void)state;
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        sentence(k[i].keyword, "keyword", k[i].keyword, true);
        sentence(k[i].keyword, "params", k[i].params, false);
        sentence(k[i].keyword, "means", k[i].means, true);
        sentence(k[i].keyword, "use", k[i].use, false);
        sentence(k[i].keyword, "ref", k[i].ref, true);
        if (strcmp(k[i].proto, "smtp") != 0 && strcmp(k[i].proto, "pop3") != 0)
            fail_msg("%s: no protocol %s", k[i].keyword, k[i].proto);
        if (k[i].registered && !strstr(k[i].ref, "RFC") && !strstr(k[i].ref, "no RFC"))
            fail_msg("%s is registered, but by which RFC?", k[i].keyword);
        if (strlen(k[i].means) > 110)
            fail_msg("%s: too long for the sidebar: %s", k[i].keyword, k[i].means);
    }
}

/* Twice the same keyword, or one that another row catches: nobody would ever see it. */
static void rows_are_reached(void **state)
{
    size_t n;
    const struct know_cap *k = know_caps(&n);
    (void)state;
    for (size_t i = 0; i < n; i++)
        if (know_cap(k[i].proto, k[i].keyword, strlen(k[i].keyword)) != &k[i])
            fail_msg("%s %s stands behind another row", k[i].proto, k[i].keyword);
}

static void covered(const char *proto, const char *const *list, size_t n, bool registered)
{
    for (size_t i = 0; i < n; i++) {
        const struct know_cap *k = know_cap(proto, list[i], strlen(list[i]));
        if (!k || k->keyword[strlen(k->keyword) - 1] == '.')
            fail_msg("%s %s has no row", proto, list[i]);
        if (k->registered != registered)
            fail_msg("%s %s: registered is wrong", proto, list[i]);
    }
}

static void none_is_forgotten(void **state)
{
    size_t n, registered = 0;
    const struct know_cap *k = know_caps(&n);
    (void)state;
    covered("smtp", smtp_registered, COUNT(smtp_registered), true);
    covered("smtp", smtp_wild, COUNT(smtp_wild), false);
    covered("pop3", pop3_registered, COUNT(pop3_registered), true);
    covered("pop3", pop3_wild, COUNT(pop3_wild), false);
    for (size_t i = 0; i < n; i++)
        registered += k[i].registered;
    assert_int_equal(registered, COUNT(smtp_registered) + COUNT(pop3_registered));
}

static void mechanisms_are_whole(void **state)
{
    size_t n;
    const struct know_mechanism *m = know_mechanisms(&n);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        sentence(m[i].name, "name", m[i].name, true);
        sentence(m[i].name, "means", m[i].means, true);
        sentence(m[i].name, "listener", m[i].listener, true);
        sentence(m[i].name, "ref", m[i].ref, true);
        if (strlen(m[i].means) > 60)
            fail_msg("%s: too long for a list: %s", m[i].name, m[i].means);
        if (know_mechanism(m[i].name, strlen(m[i].name)) != &m[i])
            fail_msg("%s stands behind another row", m[i].name);
    }
    for (size_t i = 0; i < COUNT(mechanisms); i++)
        if (!know_mechanism(mechanisms[i], strlen(mechanisms[i])))
            fail_msg("%s has no row", mechanisms[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(rows_are_reached),
        cmocka_unit_test(none_is_forgotten),
        cmocka_unit_test(mechanisms_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
