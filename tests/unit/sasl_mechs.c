/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mechanisms against the RFCs' own examples. Where a mechanism takes a random number, what the
 * answer should be is computed here a second time, by code that the RFC's example has to come out
 * of. */
#include "tests/support/check.h"
#include "heloscope/sasl.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf out;
static char why[300];

static int fresh(void **state)
{
    (void)state;
    buf_init_secret(&out, 100000);
    why[0] = '\0';
    return 0;
}

static int done(void **state)
{
    (void)state;
    buf_clear(&out);
    return 0;
}

static const char *to64(const void *p, size_t n)
{
    static char b[2048];
    EVP_EncodeBlock((unsigned char *)b, p, (int)n);
    return b;
}

static size_t from64(const char *text, size_t n, unsigned char *to)
{
    int k = EVP_DecodeBlock(to, (const unsigned char *)text, (int)n);
    assert_true(k >= 0);
    for (size_t i = 0; i < 2 && n > i && text[n - 1 - i] == '='; i++)
        k--;
    return (size_t)k;
}

/* The answer to a challenge in the clear, decoded. */
static const char *answer(struct sasl *s, const char *challenge)
{
    static char text[1024];
    const char *c = challenge ? to64(challenge, strlen(challenge)) : "";
    buf_clear(&out);
    if (!sasl_step(s, c, strlen(c), &out, why, sizeof why))
        return NULL;
    size_t n = from64(buf_str(&out), out.len, (unsigned char *)text);
    text[n] = '\0';
    return text;
}

static void cram_md5(void **state)
{
    (void)state;
    struct sasl_login l = {.mechanism = "cram-md5", .user = "tim", .secret = "tanstaaftanstaaf"};
    struct sasl *s = sasl_new(&l, why, sizeof why);
    assert_non_null(s);
    assert_false(sasl_client_first(s));
    /* RFC 2195 2 */
    assert_string_equal(answer(s, "<1896.697170952@postoffice.reston.mci.net>"),
                        "tim b913a602c7eda7a495b4e6e7334d3890");
    assert_int_equal(sasl_server(s), SASL_SERVER_UNASKED);
    sasl_free(s);
}

/* ---- DIGEST-MD5, RFC 2831 2.1.2.1 and 4 ---- */

static void md5(const void *p, size_t n, unsigned char sum[16])
{
    unsigned len;
    assert_int_equal(EVP_Digest(p, n, sum, &len, EVP_md5(), NULL), 1);
}

static void hex(const unsigned char sum[16], char text[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", sum[i]);
}

/* response (client) or rspauth (server: no AUTHENTICATE in A2). */
static void digest(const char *user, const char *realm, const char *password, const char *nonce,
                   const char *cnonce, const char *uri, bool server, char text[33])
{
    char a[600], ha1[33], ha2[33];
    unsigned char sum[16], a1[600];
    snprintf(a, sizeof a, "%s:%s:%s", user, realm, password);
    md5(a, strlen(a), sum);
    memcpy(a1, sum, 16);
    int k = snprintf((char *)a1 + 16, sizeof a1 - 16, ":%s:%s", nonce, cnonce);
    md5(a1, (size_t)k + 16, sum);
    hex(sum, ha1);
    snprintf(a, sizeof a, "%s:%s", server ? "" : "AUTHENTICATE", uri);
    md5(a, strlen(a), sum);
    hex(sum, ha2);
    snprintf(a, sizeof a, "%s:%s:00000001:%s:auth:%s", ha1, nonce, cnonce, ha2);
    md5(a, strlen(a), sum);
    hex(sum, text);
}

static void part(const char *text, const char *key, char *to, size_t size)
{
    const char *p = strstr(text, key);
    assert_non_null(p);
    p += strlen(key);
    snprintf(to, size, "%.*s", (int)strcspn(p, "\","), p);
}

static void digest_md5(void **state)
{
    (void)state;
    char sum[33], cnonce[100], uri[100], response[100], proof[64];
    digest("chris", "elwood.innosoft.com", "secret", "OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk",
           "imap/elwood.innosoft.com", false, sum);
    assert_string_equal(sum, "d388dad90d4bbd760a152321f2143af7");
    digest("chris", "elwood.innosoft.com", "secret", "OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk",
           "imap/elwood.innosoft.com", true, sum);
    assert_string_equal(sum, "ea40f60335c427b5527b84dbabcdfffd");
    for (int wrong = 0; wrong < 2; wrong++) {
        struct sasl_login l = {.mechanism = "DIGEST-MD5",
                               .user = "chris",
                               .secret = "secret",
                               .service = "smtp",
                               .host = "elwood.innosoft.com"};
        struct sasl *s = sasl_new(&l, why, sizeof why);
        assert_non_null(s);
        const char *said = answer(s, "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\","
                                     "qop=\"auth\",algorithm=md5-sess,charset=utf-8");
        assert_non_null(said);
        part(said, "cnonce=\"", cnonce, sizeof cnonce);
        part(said, "digest-uri=\"", uri, sizeof uri);
        part(said, "response=", response, sizeof response);
        assert_string_equal(uri, "smtp/elwood.innosoft.com");
        digest("chris", "elwood.innosoft.com", "secret", "OA6MG9tEQGm2hh", cnonce, uri, false, sum);
        assert_string_equal(response, sum);
        assert_int_equal(sasl_server(s), SASL_SERVER_UNPROVED);
        digest("chris", "elwood.innosoft.com", wrong ? "secreT" : "secret", "OA6MG9tEQGm2hh",
               cnonce, uri, true, sum);
        snprintf(proof, sizeof proof, "rspauth=%s", sum);
        said = answer(s, proof);
        if (wrong) {
            assert_null(said);
            assert_non_null(strstr(why, "proof is WRONG"));
        } else {
            assert_string_equal(said, "");
        }
        assert_int_equal(sasl_server(s), wrong ? SASL_SERVER_WRONG : SASL_SERVER_PROVED);
        sasl_free(s);
    }
}

/* ---- SCRAM, RFC 5802 3 ---- */

struct scram {
    const char *hash, *password, *salt; /* salt in base64 */
    int rounds;
    char bare[1100], server_first[1400], without_proof[1100];
};

static void scram_sums(const struct scram *x, char proof[100], char signature[100])
{
    const EVP_MD *md = EVP_get_digestbyname(x->hash);
    unsigned char salt[64], salted[64], ck[64], stored[64], cs[64], sk[64], ss[64];
    char auth[4000];
    unsigned n;
    size_t ns = from64(x->salt, strlen(x->salt), salt), h = (size_t)EVP_MD_get_size(md);
    PKCS5_PBKDF2_HMAC(x->password, (int)strlen(x->password), salt, (int)ns, x->rounds, md, (int)h,
                      salted);
    HMAC(md, salted, (int)h, (const unsigned char *)"Client Key", 10, ck, &n);
    EVP_Digest(ck, h, stored, &n, md, NULL);
    snprintf(auth, sizeof auth, "%s,%s,%s", x->bare, x->server_first, x->without_proof);
    HMAC(md, stored, (int)h, (const unsigned char *)auth, strlen(auth), cs, &n);
    for (size_t i = 0; i < h; i++)
        ck[i] ^= cs[i];
    HMAC(md, salted, (int)h, (const unsigned char *)"Server Key", 10, sk, &n);
    HMAC(md, sk, (int)h, (const unsigned char *)auth, strlen(auth), ss, &n);
    snprintf(proof, 100, "%.99s", to64(ck, h));
    snprintf(signature, 100, "%.99s", to64(ss, h));
}

static void scram_vectors(void **state)
{
    (void)state;
    char p[100], v[100];
    /* RFC 5802 5 */
    struct scram one = {"SHA1",
                        "pencil",
                        "QSXCR+Q6sek8bf92",
                        4096,
                        "n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"};
    scram_sums(&one, p, v);
    assert_string_equal(p, "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    assert_string_equal(v, "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    /* RFC 7677 3 */
    struct scram two = {
        "SHA256",
        "pencil",
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        4096,
        "n=user,r=rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"};
    scram_sums(&two, p, v);
    assert_string_equal(p, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    assert_string_equal(v, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

/* A whole exchange; returns what the client thinks of the server. gs2: what the header should be.
 */
static enum sasl_server scram_run(const char *mechanism, const char *hash, const char *gs2,
                                  enum tls_binding kind, const char *answer_v)
{
    static const unsigned char bound[32] = "what TLS gave to both ends: 32 o";
    struct sasl_login l = {.mechanism = mechanism,
                           .user = "us=er,",
                           .authzid = strchr(gs2, 'a') ? "boss" : NULL,
                           .secret = "pencil",
                           .binding = kind,
                           .bound = bound,
                           .bound_len = kind ? sizeof bound : 0};
    struct scram x = {hash, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", 4096, "", "", ""};
    char first[1024], final[1024], p[100], v[100], want[200], c[2100];
    struct sasl *s = sasl_new(&l, why, sizeof why);
    assert_non_null(s);
    assert_true(sasl_client_first(s));
    snprintf(first, sizeof first, "%s", answer(s, NULL));
    assert_memory_equal(first, gs2, strlen(gs2));
    snprintf(x.bare, sizeof x.bare, "%s", first + strlen(gs2));
    assert_memory_equal(x.bare, "n=us=3Der=2C,r=", 15); /* RFC 5802 5.1 */
    snprintf(x.server_first, sizeof x.server_first, "r=%.900s3rfcNHYJY1,s=%s,i=4096", x.bare + 15,
             x.salt);
    snprintf(final, sizeof final, "%s", answer(s, x.server_first));
    char *proof = strstr(final, ",p=");
    assert_non_null(proof);
    *proof = '\0';
    snprintf(x.without_proof, sizeof x.without_proof, "%s", final);
    scram_sums(&x, p, v);
    assert_string_equal(proof + 3, p);
    memcpy(want, gs2, strlen(gs2));
    bool with = strchr(gs2, 'p') == gs2;
    if (with)
        memcpy(want + strlen(gs2), bound, sizeof bound);
    snprintf(c, sizeof c, "c=%s,", to64(want, strlen(gs2) + (with ? sizeof bound : 0)));
    assert_memory_equal(final, c, strlen(c));
    if (!answer_v) { /* the server goes on without it */
        enum sasl_server r = sasl_server(s);
        sasl_free(s);
        return r;
    }
    snprintf(final, sizeof final, answer_v, v);
    const char *last = answer(s, final);
    enum sasl_server r = sasl_server(s);
    if (r == SASL_SERVER_PROVED)
        assert_string_equal(last, "");
    else
        assert_null(last);
    sasl_free(s);
    return r;
}

static void scram(void **state)
{
    (void)state;
    const enum tls_binding NONE = TLS_BINDING_NONE, UNIQUE = TLS_BINDING_UNIQUE,
                           EXPORTER = TLS_BINDING_EXPORTER;
    assert_int_equal(scram_run("SCRAM-SHA-1", "SHA1", "n,,", NONE, "v=%s"), SASL_SERVER_PROVED);
    assert_int_equal(scram_run("scram-sha-256", "SHA256", "n,a=boss,", NONE, "v=%s"),
                     SASL_SERVER_PROVED);
    assert_int_equal(scram_run("SCRAM-SHA-256", "SHA256", "n,,", EXPORTER, "v=%s"),
                     SASL_SERVER_PROVED);
    assert_int_equal(scram_run("SCRAM-SHA-1-PLUS", "SHA1", "p=tls-unique,,", UNIQUE, "v=%s"),
                     SASL_SERVER_PROVED);
    assert_int_equal(
        scram_run("SCRAM-SHA-256-PLUS", "SHA256", "p=tls-exporter,,", EXPORTER, "v=%s"),
        SASL_SERVER_PROVED);
    assert_int_equal(scram_run("SCRAM-SHA-256", "SHA256", "n,,", NONE, NULL), SASL_SERVER_UNPROVED);
    assert_int_equal(scram_run("SCRAM-SHA-256", "SHA256", "n,,", NONE,
                               "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
                     SASL_SERVER_WRONG);
    assert_non_null(strstr(why, "proof is WRONG"));
    assert_int_equal(scram_run("SCRAM-SHA-256", "SHA256", "n,,", NONE, "e=invalid-proof"),
                     SASL_SERVER_UNPROVED);
    assert_string_equal(why, "the server refuses the proof");
}

static void scram_refused_early(void **state)
{
    (void)state;
    struct sasl_login l = {.mechanism = "SCRAM-SHA-256-PLUS", .user = "u", .secret = "p"};
    assert_null(sasl_new(&l, why, sizeof why));
    assert_string_equal(why,
                        "SCRAM-SHA-256-PLUS is bound to the TLS connection, and there is none, "
                        "or one that nothing can be bound to");
    l.mechanism = "SCRAM-SHA-256";
    struct sasl *s = sasl_new(&l, why, sizeof why);
    assert_non_null(answer(s, NULL));
    assert_null(answer(s, "r=not-ours,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    assert_non_null(strstr(why, "nonce"));
    sasl_free(s);
    static const char *const many[] = {"2000000", "99999999999999999999999", "-1"};
    for (size_t i = 0; i < 3; i++) { /* nobody is kept busy */
        char first[300];
        s = sasl_new(&l, why, sizeof why);
        snprintf(first, sizeof first, "%s", answer(s, NULL));
        char line[400];
        snprintf(line, sizeof line, "%.200sxx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=%s", strstr(first, "r="),
                 many[i]);
        assert_null(answer(s, line));
        assert_non_null(strstr(why, "more than 1000000 times"));
        sasl_free(s);
    }
}

/* ---- tokens ---- */

static void oauth(void **state)
{
    (void)state;
    /* RFC 7628 4.1 */
    struct sasl_login l = {.mechanism = "OAUTHBEARER",
                           .user = "user@example.com",
                           .secret = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
                           .host = "server.example.com",
                           .port = 143};
    struct sasl *s = sasl_new(&l, why, sizeof why);
    assert_true(sasl_client_first(s));
    assert_true(sasl_step(s, "", 0, &out, why, sizeof why));
    assert_string_equal(
        buf_str(&out),
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9"
        "QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
    assert_string_equal(answer(s, "{\"status\":\"invalid_token\"}"), "\001"); /* 3.2.3 */
    assert_null(answer(s, "{}"));
    sasl_free(s);

    /* the example of Google's documentation of XOAUTH2 */
    l = (struct sasl_login){.mechanism = "xoauth2",
                            .user = "someuser@example.com",
                            .secret = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"};
    s = sasl_new(&l, why, sizeof why);
    buf_clear(&out);
    assert_true(sasl_step(s, "", 0, &out, why, sizeof why));
    assert_string_equal(buf_str(&out),
                        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjM"
                        "k52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==");
    assert_string_equal(answer(s, "{\"status\":\"401\"}"), "");
    sasl_free(s);

    l.secret = "two words";
    assert_null(sasl_new(&l, why, sizeof why));
    assert_non_null(strstr(why, "one word"));
    l.secret = "";
    assert_null(sasl_new(&l, why, sizeof why));
    assert_string_equal(why, "the token is empty");
    l = (struct sasl_login){.mechanism = "OAUTHBEARER", .user = "a=b,c", .secret = "t"};
    s = sasl_new(&l, why, sizeof why);
    assert_string_equal(answer(s, NULL), "n,a=a=3Db=2Cc,\001auth=Bearer t\001\001");
    sasl_free(s);
}

static void a_long_first_message_waits(void **state)
{
    (void)state;
    struct buf first;
    static const char *const both[] = {"PLAIN", "XOAUTH2"};
    for (int i = 0; i < 2; i++) {
        struct sasl_login l = {.mechanism = both[i], .user = "tim", .secret = "tanstaaf"};
        struct sasl *s = sasl_new(&l, why, sizeof why);
        buf_init_secret(&first, 1000);
        assert_true(sasl_step(s, "", 0, &first, why, sizeof why));
        sasl_hold(s, &first);
        buf_clear(&out);
        assert_true(sasl_step(s, "", 0, &out, why, sizeof why));
        assert_string_equal(buf_str(&out), buf_str(&first));
        buf_clear(&out);
        assert_false(sasl_step(s, "VXNlcg==", i ? 0 : 8, &out, why, sizeof why) && i == 0);
        sasl_free(s);
        s = sasl_new(&l, why, sizeof why);
        buf_clear(&first);
        assert_true(sasl_step(s, "", 0, &first, why, sizeof why));
        sasl_hold(s, &first);
        buf_clear(&out);
        assert_false(sasl_step(s, "VXNlcg==", 8, &out, why, sizeof why));
        assert_non_null(strstr(why, "empty challenge was due"));
        sasl_free(s);
        buf_clear(&first);
    }
}

static void nothing_secret(void **state)
{
    (void)state;
    struct sasl_login l = {.mechanism = "EXTERNAL", .user = "tim"};
    struct sasl *s = sasl_new(&l, why, sizeof why);
    assert_string_equal(answer(s, NULL), "");
    sasl_free(s);
    l.authzid = "boss";
    s = sasl_new(&l, why, sizeof why);
    assert_string_equal(answer(s, NULL), "boss");
    sasl_free(s);
    l = (struct sasl_login){.mechanism = "ANONYMOUS", .user = "trace@example.org"};
    s = sasl_new(&l, why, sizeof why);
    assert_string_equal(answer(s, NULL), "trace@example.org");
    sasl_free(s);
    l = (struct sasl_login){
        .mechanism = "PLAIN", .user = "tim", .authzid = "boss", .secret = "tanstaaf"};
    s = sasl_new(&l, why, sizeof why);
    answer(s, NULL);
    assert_string_equal(buf_str(&out), to64("boss\0tim\0tanstaaf", 17));
    sasl_free(s);
}

/* ---- the words ---- */

static void told(const char *mechanism, const char *challenge, const char *words)
{
    char text[600];
    const char *c = to64(challenge, strlen(challenge));
    sasl_describe_challenge(mechanism, c, strlen(c), text, sizeof text);
    assert_string_equal(text, words);
}

static void challenges_are_taken_apart(void **state)
{
    (void)state;
    told("SCRAM-SHA-256",
         "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
         "nonce r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0 (the client's, gone on with), "
         "salt s= of 16 octets, i=4096 rounds");
    told("SCRAM-SHA-1", "r=x,s=!,i=1",
         "nonce r=x (the client's, gone on with), a salt s= that is not base64, i=1 rounds: fewer "
         "than the 4096 of RFC 5802 5.1, so guesses are cheap");
    told("SCRAM-SHA-1", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
         "the server's proof v=rmF9pqV8S7suAoZWja4dJRkFsKQ=: it has a record of the password, too");
    told("SCRAM-SHA-1", "e=unknown-user", "the server refuses: unknown-user");
    told("SCRAM-SHA-1", "hello", "challenge: hello (SCRAM's holds r=, s= and i=)");
    told("DIGEST-MD5",
         "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9t,realm=x\",qop=\"auth,auth-int\","
         "algorithm=md5-sess,charset=utf-8",
         "realm elwood.innosoft.com, nonce OA6MG9t,realm=x, qop auth,auth-int, algorithm md5-sess, "
         "charset utf-8");
    told("DIGEST-MD5", "rspauth=ea40f60335c427b5527b84dbabcdfffd",
         "the server's proof rspauth: it knows the password, too");
    told("OAUTHBEARER",
         "{\"status\":\"invalid_token\",\"scope\":\"example_scope\",\"openid-configuration\":"
         "\"https://example.com/.well-known/openid-configuration\"}", /* RFC 7628 4.2 */
         "the token was refused: status invalid_token (run out, withdrawn, or not made for this), "
         "scope example_scope, openid-configuration "
         "https://example.com/.well-known/openid-configuration; an empty answer ends it");
    told("XOAUTH2",
         "{\"status\":\"401\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.\\u0007\"}",
         "the token was refused: status 401 (run out, withdrawn, or not made for this), scope "
         "https://mail.?, schemes Bearer; an empty answer ends it");
    told("XOAUTH2", "no json", "the token was refused: no json; an empty answer ends it");
    told("CRAM-MD5", "<x@y>",
         "challenge <x@y>; the answer is HMAC-MD5 over it, with the password as key");
}

static void answers_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *mechanism;
        unsigned step;
        const char *text, *words;
    } rows[] = {
        {"SCRAM-SHA-256-PLUS", 0, "p=tls-exporter,a=boss,n=tim,r=abc",
         "user tim, nonce r=abc, acting as boss; bound to the TLS connection by tls-exporter"},
        {"SCRAM-SHA-256", 0, "y,,n=tim,r=abc",
         "user tim, nonce r=abc; could be bound to TLS, and thinks that the server cannot"},
        {"SCRAM-SHA-256", 1, "c=biws,r=abc,p=tanstaaf",
         "the proof p= that the password is known (hidden; the password itself is not in it)"},
        {"SCRAM-SHA-256-PLUS", 1, "c=cD10bHMtZXhwb3J0ZXIsLDEyMzQ1Njc4,r=abc,p=tanstaaf",
         "the proof p= that the password is known (hidden; the password itself is not in it); c= "
         "holds 8 octets taken from this TLS connection"},
        {"DIGEST-MD5", 0,
         "charset=utf-8,username=\"chris\",realm=\"r\",nonce=\"n\",digest-uri=\"smtp/h\","
         "response=tanstaaf,qop=auth",
         "user chris, digest hidden, realm r, for smtp/h, qop auth"},
        {"OAUTHBEARER", 0, "n,a=tim,\001auth=Bearer tanstaaf\001\001", "user tim, token hidden"},
        {"OAUTHBEARER", 0, "n,,\001auth=Bearer tanstaaf\001\001",
         "token hidden, and no name: the token says whose it is"},
        {"OAUTHBEARER", 1, "\001", "^A: the refusal was read"},
        {"EXTERNAL", 0, "tim", "acting as tim, proved by TLS or the system"},
    };
    char text[600];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *c = to64(rows[i].text, strlen(rows[i].text));
        sasl_describe_answer(rows[i].mechanism, rows[i].step, c, strlen(c), text, sizeof text);
        assert_string_equal(text, rows[i].words);
        assert_null(strstr(text, "tanstaaf"));
    }
}

static void rows_are_whole(void **state)
{
    (void)state;
    size_t n;
    const struct sasl_mechanism *m = sasl_mechanisms(&n);
    assert_true(n > 10 && n <= 32); /* a session remembers them in the bits of a word */
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(sasl_mechanism(m[i].name, strlen(m[i].name)), &m[i]);
        assert_true(*m[i].why && *m[i].proves && *m[i].hears && *m[i].ref);
        assert_null(strstr(m[i].why, ". "));
        if (strstr(m[i].name, "-PLUS"))
            assert_true(m[i].flags & SASL_BOUND);
    }
    assert_null(sasl_mechanism("PLAI", 4));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
    const struct CMUnitTest tests[] = {
        T(cram_md5),
        T(digest_md5),
        T(scram_vectors),
        T(scram),
        T(scram_refused_early),
        T(oauth),
        T(a_long_first_message_waits),
        T(nothing_secret),
        T(challenges_are_taken_apart),
        T(answers_are_taken_apart),
        T(rows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
