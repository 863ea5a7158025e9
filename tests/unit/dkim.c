/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DKIM: RFC 8463's example, canonical forms (RFC 6376 3.4.5), what breaks a signature and what does
 * not, and keys that are refused. */
#include "tests/support/check.h"
#include "letter/dkim_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char example_zone[] =
    "brisbane._domainkey.football.example.com. TXT \"v=DKIM1; k=ed25519; "
    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
    "test._domainkey.football.example.com. TXT \"v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR\" "
    "\"iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC\" "
    "\"DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3\" "
    "\"Ip3G+2kryOTIKT+l/K4w3QIDAQAB\"\n";

static const char example[] = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                              " subject : date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                              " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
                              "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                              " date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
                              " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
                              " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
                              "From: Joe SixPack <joe@football.example.com>\r\n"
                              "To: Suzie Q <suzie@shopping.example.net>\r\n"
                              "Subject: Is dinner ready?\r\n"
                              "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                              "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                              "\r\n"
                              "Hi.\r\n"
                              "\r\n"
                              "We lost the game.  Are you hungry yet?\r\n"
                              "\r\n"
                              "Joe.\r\n";

/* RFC 8463 A.1 */
static const char example_seed[] = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

static void verified(const char *zone, const char *text, struct dkim *out)
{
    char why[300] = "";
    struct zone *z = zone_parse("z", zone, strlen(zone), why, sizeof why);
    if (!z)
        fail_msg("%s", why);
    struct rr_source dns = zone_source(z);
    struct mailtext m;
    mailtext_parse(&m, text, strlen(text));
    dkim_verify(&m, &dns, 1700000000, out);
    mailtext_clear(&m);
    zone_free(z);
}

static void rfc8463(void **state)
{
    (void)state;
    struct dkim d;
    verified(example_zone, example, &d);
    assert_int_equal(d.n, 2);
    for (size_t i = 0; i < 2; i++) {
        if (d.at[i].result != DKIM_PASS)
            fail_msg("%s", buf_str(&d.at[i].because));
        assert_string_equal(d.at[i].d, "football.example.com");
        assert_string_equal(d.at[i].stated, d.at[i].computed);
    }
    assert_string_equal(d.at[0].a, "ed25519-sha256");
    assert_string_equal(d.at[1].s, "test");
    assert_string_equal(d.at[1].b, "F45dVWDf");
    if (!strstr(buf_str(&d.at[1].because), "1024 bits"))
        fail_msg("%s", buf_str(&d.at[1].because));
    assert_string_equal(buf_str(&d.at[1].headers),
                        "from:to:subject:date:message-id:from:subject:date");
    dkim_clear(&d);
}

/* The example's letter changed in one place: from, to, at which result, and a word of the reason.
 */
static void changes(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum dkim_result result;
        const char *why;
    } rows[] = {
        {"hungry yet", "thirsty yet", DKIM_FAIL, "the body was changed"},
        {"game.  Are", "game. \t Are", DKIM_PASS, "hold"},
        {"Joe.\r\n", "Joe. \r\n\r\n\r\n", DKIM_PASS, "hold"},
        {"Joe.\r\n", "Joe.", DKIM_PASS, "hold"},
        {"Subject: Is dinner", "Subject: [chess] Is dinner", DKIM_FAIL,
         "signed fields was changed"},
        {"Subject: Is dinner", "SUBJECT:\r\n\tIs   dinner", DKIM_PASS, "hold"},
        {"To: Suzie", "From: evil@evil.test\r\nTo: Suzie", DKIM_FAIL, "changed or added"},
        {"To: Suzie", "Sender: evil@evil.test\r\nTo: Suzie", DKIM_PASS, "hold"},
        {"v=1; a=ed", "v=2; a=ed", DKIM_PERMERROR, "v= is not 1"},
        {"a=ed25519-sha256;", "a=rsa-sha1;", DKIM_PERMERROR, "RFC 8301"},
        {"a=ed25519-sha256;", "a=md5;", DKIM_PERMERROR, "no algorithm"},
        {"a=ed25519-sha256;", "a=rsa-sha256;", DKIM_PERMERROR, "another kind"},
        {"h=from : to", "h=to : to", DKIM_FAIL, "signature does not hold"},
        {"h=from : to :\r\n subject : date : message-id : from :", "h=to :", DKIM_PERMERROR,
         "does not name From"},
        {"i=@football", "i=@foot.football", DKIM_FAIL, "signature does not hold"},
        {"i=@football", "i=@evil", DKIM_PERMERROR, "not within d="},
        {" d=football.example.com;", " d=nobody.example.com; ", DKIM_PERMERROR, "not within d="},
        {"t=1528637909;", "t=1528637909; x=1528637910;", DKIM_FAIL, "expired"},
        {"t=1528637909;", "t=1528637909; x=15;", DKIM_PERMERROR, "behind t="},
        {"t=1528637909;", "t=1528637909; t=1528637909;", DKIM_PERMERROR, "twice"},
        {"t=1528637909;", "t=1528637909; l=5000;", DKIM_PERMERROR, "more of the body"},
        {"t=1528637909;", "nonsense;", DKIM_PERMERROR, "name=value"},
        {"c=relaxed/relaxed", "c=loose/relaxed", DKIM_PERMERROR, "canonical"},
        {"s=brisbane", "s=nobody", DKIM_PERMERROR, "there is no key at nobody._domainkey"},
        {"s=brisbane;", "", DKIM_PERMERROR, "has no s="},
        {"bh=2jUSOH9N", "bh=!", DKIM_PERMERROR, "base64"},
        {"b=/gCri", "b=/%Cri", DKIM_PERMERROR, "b= is no base64"},
        {"b=/gCri", "b=/hCri", DKIM_FAIL, "signature does not hold"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[4096];
        struct dkim d;
        const char *at = strstr(example, rows[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - example), example, rows[i].to,
                 at + strlen(rows[i].from));
        verified(example_zone, text, &d);
        if (d.at[0].result != rows[i].result || !strstr(buf_str(&d.at[0].because), rows[i].why))
            fail_msg("\"%s\" became \"%s\": %s, %s", rows[i].from, rows[i].to,
                     dkim_word(d.at[0].result), buf_str(&d.at[0].because));
        dkim_clear(&d);
    }
}

static void keys(void **state)
{
    (void)state;
    static const struct {
        const char *record;
        enum dkim_result result;
        const char *why;
    } rows[] = {
        {"TXT \"v=DKIM1; k=ed25519; p=\"", DKIM_PERMERROR, "revoked"},
        {"TXT \"v=DKIM1; k=ed25519\"", DKIM_PERMERROR, "p= is missing"},
        {"TXT \"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"", DKIM_PASS, "hold"},
        {"TXT \"k=ed25519; t=y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"", DKIM_PASS,
         "is being tested (t=y)"},
        {"TXT \"k=ed25519; v=DKIM1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
         DKIM_PERMERROR, "come first"},
        {"TXT \"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"", DKIM_PERMERROR, "another kind"},
        {"TXT \"k=ed25519; h=sha1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
         DKIM_PERMERROR, "SHA-256"},
        {"TXT \"k=ed25519; s=tlsrpt; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
         DKIM_PERMERROR, "not for mail"},
        {"TXT \"k=ed25519; p=this is no key\"", DKIM_PERMERROR, "no public key"},
        {"TXT \"k=ed25519; p=#%&\"", DKIM_PERMERROR, "no base64"},
        {"TXT \"hello\"", DKIM_PERMERROR, "malformed"},
        {"A 192.0.2.1", DKIM_PERMERROR, "there is no key"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char zone[600];
        struct dkim d;
        snprintf(zone, sizeof zone, "brisbane._domainkey.football.example.com. %s\n",
                 rows[i].record);
        verified(zone, example, &d);
        if (d.at[0].result != rows[i].result || !strstr(buf_str(&d.at[0].because), rows[i].why))
            fail_msg("%s: %s, %s", rows[i].record, dkim_word(d.at[0].result),
                     buf_str(&d.at[0].because));
        dkim_clear(&d);
    }
    struct dkim d;
    verified(";!TIMEOUT brisbane._domainkey.football.example.com. TXT\n", example, &d);
    assert_int_equal(d.at[0].result, DKIM_TEMPERROR);
    dkim_clear(&d);
}

/* A letter signed in every way verifies, and a key of 512 bits does not count. */
static void signing(void **state)
{
    (void)state;
    static const char letter[] = "From: a@bank.test\r\nSubject: x  y\r\n\r\nline \r\n\r\n\r\n";
    char why[200] = "";
    struct mailtext m;
    mailtext_parse(&m, letter, sizeof letter - 1);
    static const unsigned sizes[] = {0, 1024, 512};
    for (unsigned how = 0; how < 12; how++) {
        struct dkim_key *k = dkim_key_make(sizes[how / 4], why, sizeof why);
        if (!k)
            fail_msg("%s", why);
        struct dkim_signing s = {.domain = "bank.test",
                                 .selector = "s",
                                 .headers = "from:subject:from",
                                 .relaxed_header = how & 1,
                                 .relaxed_body = how & 2};
        struct buf field, zone;
        buf_init(&field, 1 << 16);
        buf_init(&zone, 1 << 16);
        assert_true(dkim_sign(&m, k, &s, &field, why, sizeof why));
        assert_true(buf_add_str(&field, letter));
        buf_add_str(&zone, "s._domainkey.bank.test. TXT (");
        struct buf record;
        buf_init(&record, 4096);
        assert_true(dkim_key_record(k, &record));
        for (size_t i = 0; i < record.len; i += 200)
            buf_addf(&zone, " \"%.200s\"", buf_str(&record) + i);
        buf_add_str(&zone, " )\n");
        struct dkim d;
        verified(buf_str(&zone), buf_str(&field), &d);
        assert_int_equal(d.n, 1);
        enum dkim_result wanted = sizes[how / 4] == 512 ? DKIM_PERMERROR : DKIM_PASS;
        if (d.at[0].result != wanted)
            fail_msg("way %u: %s", how, buf_str(&d.at[0].because));
        if (wanted != DKIM_PASS)
            assert_non_null(strstr(buf_str(&d.at[0].because), "512 bits"));
        dkim_clear(&d);
        buf_clear(&record);
        buf_clear(&field);
        buf_clear(&zone);
        dkim_key_free(k);
    }
    mailtext_clear(&m);
    assert_null(dkim_key_pem("no key", 6, why, sizeof why));
    assert_non_null(strstr(why, "no private key"));
}

/* Ed25519 signatures are the same each time, so the RFC's key must make the RFC's record. */
static void seed(void **state)
{
    (void)state;
    unsigned char raw[32];
    size_t n = sizeof raw;
    char why[200];
    struct buf b;
    assert_true(base64_read(example_seed, strlen(example_seed), raw, &n));
    struct dkim_key *k = dkim_key_seed(raw, why, sizeof why);
    assert_non_null(k);
    buf_init(&b, 1000);
    assert_true(dkim_key_record(k, &b));
    assert_string_equal(buf_str(&b),
                        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    buf_clear(&b);
    dkim_key_free(k);
}

static void collect(void *arg, const char *p, size_t n)
{
    assert_true(buf_add(arg, p, n));
}

static void canonical(void **state)
{
    (void)state;
    /* RFC 6376 3.4.5 */
    static const char text[] = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
    struct mailtext m;
    struct buf b;
    mailtext_parse(&m, text, sizeof text - 1);
    assert_int_equal(m.n, 2);
    buf_init(&b, 1000);
    dkim_field(&m.at[0], true, &b);
    dkim_field(&m.at[1], true, &b);
    assert_string_equal(buf_str(&b), "a:X\r\nb:Y Z\r\n");
    buf_trim(&b, 0);
    dkim_field(&m.at[0], false, &b);
    dkim_field(&m.at[1], false, &b);
    assert_string_equal(buf_str(&b), "A: X\r\nB : Y\t\r\n\tZ  \r\n");
    buf_trim(&b, 0);
    uint64_t whole = dkim_body(m.body, m.nbody, true, UINT64_MAX, collect, &b);
    assert_int_equal(whole, b.len);
    assert_string_equal(buf_str(&b), " C\r\nD E\r\n");
    buf_trim(&b, 0);
    dkim_body(m.body, m.nbody, false, UINT64_MAX, collect, &b);
    assert_string_equal(buf_str(&b), " C \r\nD \t E\r\n");
    buf_trim(&b, 0);
    dkim_body(m.body, m.nbody, false, 5, collect, &b);
    assert_string_equal(buf_str(&b), " C \r\n");
    buf_trim(&b, 0);
    /* A line longer than the pieces a body is given in, and the same in short lines. */
    char line[30003];
    for (size_t i = 0; i < 30000; i += 3)
        memcpy(line + i, "a  ", 3);
    memcpy(line + 29999, "b\r\n", 4);
    struct buf wide;
    buf_init(&wide, 1 << 16);
    dkim_body(line, 30002, true, UINT64_MAX, collect, &wide);
    assert_int_equal(wide.len, 20002 + 1);
    assert_memory_equal(wide.p, "a a a a", 7);
    assert_memory_equal(wide.p + wide.len - 6, " a b\r\n", 6);
    buf_clear(&wide);
    dkim_body("", 0, true, UINT64_MAX, collect, &b);
    assert_int_equal(b.len, 0);
    dkim_body("\r\n\r\n", 4, false, UINT64_MAX, collect, &b);
    assert_string_equal(buf_str(&b), "\r\n");
    buf_clear(&b);
    mailtext_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc8463), cmocka_unit_test(changes), cmocka_unit_test(keys),
        cmocka_unit_test(signing), cmocka_unit_test(seed),    cmocka_unit_test(canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
