/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL: the RFCs' own examples, and that no description holds a secret. */
#include "tests/support/check.h"
#include "heloscope/sasl.h"

#include <stdio.h>
#include <string.h>

static struct sasl *begin(const char *mechanism, const char *user, const char *secret, char *why,
                          size_t size)
{
    struct sasl_login l = {.mechanism = mechanism, .user = user, .secret = secret};
    return sasl_new(&l, why, size);
}

static void plain(void **state)
{
    (void)state;
    char why[200] = "";
    struct buf out;
    buf_init_secret(&out, 1000);
    struct sasl *s = begin("plain", "tim", "tanstaaftanstaaf", why, sizeof why);
    assert_non_null(s);
    assert_true(sasl_client_first(s));
    assert_true(sasl_step(s, "", 0, &out, why, sizeof why));
    assert_string_equal(buf_str(&out), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"); /* RFC 4616 4, encoded */
    buf_clear(&out);
    assert_false(sasl_step(s, "", 0, &out, why, sizeof why)); /* asked again: nothing left to say */
    assert_true(why[0] != '\0');
    sasl_free(s);
    buf_clear(&out);
}

static void login(void **state)
{
    (void)state;
    char why[200] = "";
    struct buf out;
    buf_init_secret(&out, 1000);
    struct sasl *s = begin("LOGIN", "student", "secret", why, sizeof why);
    assert_non_null(s);
    assert_false(sasl_client_first(s));
    assert_true(sasl_step(s, "VXNlcm5hbWU6", 12, &out, why, sizeof why));
    assert_string_equal(buf_str(&out), "c3R1ZGVudA==");
    buf_clear(&out);
    assert_true(sasl_step(s, "UGFzc3dvcmQ6", 12, &out, why, sizeof why));
    assert_string_equal(buf_str(&out), "c2VjcmV0");
    buf_clear(&out);
    sasl_free(s);
    s = begin("LOGIN", "student", "secret", why, sizeof why);
    assert_false(sasl_step(s, "%%%", 3, &out, why, sizeof why));
    assert_string_equal(why, "the challenge is not base64");
    sasl_free(s);
    assert_null(begin("ROT13", "a", "b", why, sizeof why));
    assert_non_null(strstr(why, "ROT13"));
    sasl_free(NULL);
    buf_clear(&out);
}

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *mechanism;
        unsigned step;
        const char *base64, *words;
    } rows[] = {
        {"PLAIN", 0, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm", "user tim, password hidden"},
        {"PLAIN", 0, "Ym9zcwB0aW0AdGFuc3RhYWY=", "user tim, password hidden, acting as boss"},
        {"PLAIN", 0, "AHRpbQA=", "user tim, an empty password"},
        {"PLAIN", 0, "dGFuc3RhYWY=",
         "no PLAIN message: it needs two NUL octets, before the name and before the password"},
        {"PLAIN", 0, "tanstaaf!", "not base64: the server will refuse it (hidden all the same)"},
        {"PLAIN", 0, "*", "gives the login up"},
        {"PLAIN", 0, "=", "an empty answer"},
        {"LOGIN", 0, "c3R1ZGVudA==", "user student"},
        {"LOGIN", 0, "GwdhCg==", "user ??a?"},
        {"LOGIN", 1, "dGFuc3RhYWY=", "password hidden"},
        {"CRAM-MD5", 0, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
         "user tim, digest hidden"},
        {"SCRAM-SHA-256", 0, "biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=",
         "user user, nonce r=rOprNGfwEbeRWgbNEkqO; not bound to TLS"},
        {"SCRAM-SHA-256", 1, "Yz1iaXdz",
         "the proof p= that the password is known (hidden; the password itself is not in it), "
         "which "
         "is missing"},
        {"XOAUTH2", 0, "dXNlcj1tZUB4AWF1dGg9QmVhcmVyIHRhbnN0YWFmAQE=", "user me@x, token hidden"},
        {"X-OTHER", 0, "dGFuc3RhYWY=", "8 octets, hidden"},
    };
    char out[300];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sasl_describe_answer(rows[i].mechanism, rows[i].step, rows[i].base64,
                             strlen(rows[i].base64), out, sizeof out);
        assert_string_equal(out, rows[i].words);
        assert_null(strstr(out, "tanstaaf"));
        for (size_t size = 0; size < 40; size++) { /* short buffers are cut, never passed */
            char small[41];
            memset(small, '#', sizeof small);
            sasl_describe_answer(rows[i].mechanism, rows[i].step, rows[i].base64,
                                 strlen(rows[i].base64), small, size);
            assert_int_equal(small[size], '#');
        }
    }
}

static void challenges(void **state)
{
    (void)state;
    char out[300];
    sasl_describe_challenge("LOGIN", "VXNlcm5hbWU6", 12, out, sizeof out);
    assert_string_equal(out, "asks for: Username:");
    sasl_describe_challenge("PLAIN", "", 0, out, sizeof out);
    assert_string_equal(out, "an empty challenge: it is your turn");
    sasl_describe_challenge("CRAM-MD5", "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+", 36, out,
                            sizeof out);
    assert_string_equal(out, "challenge <1896.697170952@postoffice>: the server's clock 1992-02-04 "
                             "02:35:52 UTC and a number used once; the answer is HMAC-MD5 over it, "
                             "with the password as key");
    sasl_describe_challenge("GSSAPI", "AAEC", 4, out, sizeof out);
    assert_string_equal(out, "a challenge of 3 octets that are no text");
    sasl_describe_challenge("LOGIN", "who\033[2J?", 8, out, sizeof out);
    assert_string_equal(out, "not base64: who?[2J?");
}

static void secrets(void **state)
{
    (void)state;
    struct buf b;
    buf_init_secret(&b, 100);
    assert_true(sasl_secret_of("PLAIN", 0, "AHRpbQB0YW5zdGFhZg==", 20, &b));
    assert_string_equal(buf_str(&b), "tanstaaf");
    buf_clear(&b);
    assert_false(sasl_secret_of("LOGIN", 0, "c3R1ZGVudA==", 12, &b));
    assert_true(sasl_secret_of("LOGIN", 1, "dGFuc3RhYWY=", 12, &b));
    assert_string_equal(buf_str(&b), "tanstaaf");
    buf_clear(&b);
    assert_true(
        sasl_secret_of("XOAUTH2", 0, "dXNlcj1tZUB4AWF1dGg9QmVhcmVyIHRhbnN0YWFmAQE=", 44, &b));
    assert_string_equal(buf_str(&b), "tanstaaf");
    buf_clear(&b);
    assert_false(sasl_secret_of("PLAIN", 0, "!!", 2, &b));
    assert_false(sasl_secret_of("CRAM-MD5", 0, "dGltIGI5", 8, &b));
    assert_int_equal(b.len, 0);
    buf_clear(&b);
}

static void apop(void **state)
{
    (void)state;
    char out[33];
    assert_true(sasl_apop("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf", out)); /* RFC 1939 7 */
    assert_string_equal(out, "c4c9334bac560ecc979e58001b3e22fb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),      cmocka_unit_test(login),   cmocka_unit_test(answers),
        cmocka_unit_test(challenges), cmocka_unit_test(secrets), cmocka_unit_test(apop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
