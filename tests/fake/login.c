/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: our client against the practice world by every mechanism, over SMTP and POP3; and
 * against a server that is written here, which lies, offers what it does not have, and echoes
 * secrets. No thread, no clock: turns of the loop until a sight. */
#include "tests/support/check.h"
#include "tests/support/pki.h"
#include "tests/support/shows.h"
#include "heloscope/login.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct play {
    struct loop *loop;
    struct world *world;
    struct session *s;
    struct target target;
    int server; /* our end, where there is no world */
    char heard[1 << 18];
    size_t nheard;
    char why[400];
};

static void on_event(void *arg, struct session *s, enum session_event ev)
{
    (void)arg;
    (void)s;
    (void)ev;
}

static void settle(struct play *p)
{
    for (int i = 0; i < 100 && loop_turn(p->loop, i < 3 ? 2 : 0); i++)
        ;
}

/* Turns until the session waits for nothing. */
static void rest(struct play *p)
{
    for (int i = 0; i < 4000 && session_outstanding(p->s) > 0; i++)
        loop_turn(p->loop, 5);
    assert_int_equal(session_outstanding(p->s), 0);
}

static void play_free(struct play *p)
{
    session_free(p->s);
    if (p->world)
        world_free(p->world);
    if (p->server >= 0)
        close(p->server);
    loop_free(p->loop);
    target_clear(&p->target);
    free(p);
}

static void say(struct play *p, const char *line)
{
    if (!session_line(p->s, line, strlen(line), p->why, sizeof p->why))
        fail_msg("'%s' was not sent: %s", line, p->why);
    settle(p);
}

static bool log_in(struct play *p, const char *mechanism, const char *user, const char *secret)
{
    struct login_choice c;
    if (!login_choose(p->s, mechanism, LOGIN_PASSWORD, &c, p->why, sizeof p->why))
        return false;
    struct login l = {.mechanism = c.mechanism, .user = user, .secret = secret, .why = c.why};
    return session_login(p->s, &l, p->why, sizeof p->why);
}

/* ---- against the practice world ---- */

static struct play *world_open(const char *proto, const struct tls_ask *ask)
{
    struct play *p = calloc(1, sizeof *p);
    struct world_options wo = {0};
    char text[80];
    p->server = -1;
    p->loop = loop_new();
    p->world = world_new(p->loop, &wo, p->why, sizeof p->why);
    assert_non_null(p->world);
    snprintf(text, sizeof text, "%s://" PRACTICE_HOST, proto);
    assert_true(target_parse(text, &p->target, p->why, sizeof p->why));
    struct session_options o = {.practice = true};
    o.conn.trust.practice = world_identity(p->world);
    if (ask)
        o.conn.trust.ask = *ask;
    p->s = session_adopt(p->loop, world_connect(p->world, proto, "192.0.2.10"), &p->target, &o,
                         on_event, p);
    settle(p);
    bool pop3 = strcmp(proto, "pop3") == 0;
    if (!pop3)
        say(p, "EHLO laptop.example");
    say(p, pop3 ? "STLS" : "STARTTLS");
    for (int i = 0; i < 2000 && !session_is_up(p->s); i++)
        loop_turn(p->loop, 5);
    if (!session_is_up(p->s) || !session_tls(p->s))
        fail_msg("no TLS:\n%s", shows(p->s));
    say(p, pop3 ? "CAPA" : "EHLO laptop.example");
    rest(p);
    return p;
}

static void every_mechanism(void **state)
{
    (void)state;
    static const struct {
        const char *name, *secret, *wrong, *shows;
    } rows[] = {
        {"PLAIN", "apple-pie", "plum-cake", "user student, password hidden"},
        {"LOGIN", "apple-pie", "plum-cake", "asks for: Password:"},
        {"CRAM-MD5", "apple-pie", "plum-cake", "HMAC-MD5 over it"},
        {"DIGEST-MD5", "apple-pie", "plum-cake", "realm practice.example"},
        {"SCRAM-SHA-1", "apple-pie", "plum-cake", "i=4096 rounds"},
        {"SCRAM-SHA-1-PLUS", "apple-pie", "plum-cake", "by tls-exporter"},
        {"SCRAM-SHA-256", "apple-pie", "plum-cake", "not bound to TLS"},
        {"SCRAM-SHA-256-PLUS", "apple-pie", "plum-cake", "32 octets taken from this TLS"},
        {"OAUTHBEARER", "token-student", "token-nonsense", "user student, token hidden"},
        {"XOAUTH2", "token-student", "expired-student", "user student, token hidden"},
    };
    static const char *const protos[] = {"submission", "pop3"};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            struct play *p = world_open(protos[i], NULL);
            if (!log_in(p, rows[k].name, "student", rows[k].wrong))
                fail_msg("%s: %s", rows[k].name, p->why);
            rest(p);
            if (session_now(p->s)->authed)
                fail_msg("%s took a wrong secret:\n%s", rows[k].name, shows(p->s));
            must_hide(p->s, rows[k].wrong);
            must_show(p->s, rows[k].secret[0] == 't' ? "was refused: a wrong name or token"
                                                     : "was refused: a wrong name or password");
            if (!log_in(p, rows[k].name, "student", rows[k].secret))
                fail_msg("%s: %s", rows[k].name, p->why);
            rest(p);
            if (!session_now(p->s)->authed)
                fail_msg("%s over %s:\n%s", rows[k].name, protos[i], shows(p->s));
            assert_string_equal(session_user(p->s), "student");
            must_hide(p->s, rows[k].secret);
            must_show(p->s, rows[k].shows);
            size_t n;
            (void)sasl_mechanisms(&n);
            if (sasl_mechanism(rows[k].name, strlen(rows[k].name))->flags & SASL_MUTUAL)
                must_show(p->s, "the server's proof holds");
            play_free(p);
        }
}

static void the_strongest_is_chosen(void **state)
{
    (void)state;
    struct play *p = world_open("submission", NULL);
    assert_true(log_in(p, NULL, "student", "apple-pie"));
    rest(p);
    assert_true(session_now(p->s)->authed);
    must_show(p->s, "E- log in by SCRAM-SHA-256-PLUS, the strongest of PLAIN LOGIN CRAM-MD5");
    must_show(p->s, "C  AUTH SCRAM-SHA-256-PLUS ********");
    play_free(p);

    struct login_choice c;
    p = world_open("pop3", NULL);
    assert_true(login_choose(p->s, "", LOGIN_TOKEN, &c, p->why, sizeof p->why));
    assert_string_equal(c.mechanism->name, "OAUTHBEARER");
    assert_true(login_choose(p->s, "user", LOGIN_PASSWORD, &c, p->why, sizeof p->why));
    assert_non_null(strstr(c.why, "SCRAM-SHA-256-PLUS is offered too, and stronger"));
    assert_false(login_choose(p->s, "ROT13", LOGIN_PASSWORD, &c, p->why, sizeof p->why));
    play_free(p);
}

static void tls_1_2_binds_too(void **state)
{
    (void)state;
    struct tls_ask ask = {.max = tls_version_of("1.2")};
    struct play *p = world_open("submission", &ask);
    assert_true(log_in(p, NULL, "teacher", "green-pencil"));
    rest(p);
    if (!session_now(p->s)->authed)
        fail_msg("%s", shows(p->s));
    must_show(p->s, "bound to the TLS connection by tls-unique");
    must_show(p->s, "c= holds 12 octets taken from this TLS connection");
    play_free(p);
}

static void nothing_but_a_certificate(void **state)
{
    (void)state;
    const struct pki_row row = {.subject = "teacher", .from_days = -1, .to_days = 2};
    char path[] = "/tmp/heloscope-login-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    EVP_PKEY *key = pki_key(&row);
    X509 *cert = pki_cert(&row, key, NULL, NULL);
    assert_true(PEM_write_X509(f, cert) && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);

    struct tls_ask ask = {.cert_file = path};
    struct play *p = world_open("submission", &ask);
    assert_true(log_in(p, NULL, "", NULL)); /* it is the strongest then */
    rest(p);
    if (!session_now(p->s)->authed)
        fail_msg("%s", shows(p->s));
    must_show(p->s, "log in by EXTERNAL");
    must_show(p->s, "C  AUTH EXTERNAL =");
    must_show(p->s, "235 2.7.0 Authentication successful, teacher");
    play_free(p);
    p = world_open("submission", NULL);
    must_hide(p->s, "EXTERNAL");
    assert_true(log_in(p, "EXTERNAL", "teacher", NULL));
    rest(p);
    assert_false(session_now(p->s)->authed);
    must_show(p->s, "as you asked, though the server offers");
    assert_true(log_in(p, "ANONYMOUS", "me@laptop.example", NULL));
    rest(p);
    must_show(p->s, "successful, guest");
    play_free(p);
    unlink(path);
}

/* ---- against a server that is written here ---- */

static struct play *play_open(const char *scheme)
{
    struct play *p = calloc(1, sizeof *p);
    struct session_options o = {.practice = true};
    int fd[2];
    char text[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    p->loop = loop_new();
    snprintf(text, sizeof text, "%s://mail.example", scheme);
    assert_true(target_parse(text, &p->target, p->why, sizeof p->why));
    p->server = fd[1];
    p->s = session_adopt(p->loop, fd[0], &p->target, &o, on_event, p);
    return p;
}

static void server_says(struct play *p, const char *text)
{
    assert_int_equal(write(p->server, text, strlen(text)), (ssize_t)strlen(text));
    settle(p);
}

/* What came since the last time. */
static const char *heard(struct play *p)
{
    settle(p);
    ssize_t n = recv(p->server, p->heard, sizeof p->heard - 1, MSG_DONTWAIT);
    p->heard[n > 0 ? n : 0] = '\0';
    return p->heard;
}

static struct play *greeted(const char *auth)
{
    struct play *p = play_open("smtp");
    char text[300];
    server_says(p, "220 mail.example ESMTP\r\n");
    say(p, "EHLO laptop.example");
    snprintf(text, sizeof text, "250-mail.example\r\n250 AUTH %s\r\n", auth);
    server_says(p, text);
    heard(p);
    return p;
}

static const char *base64(const char *text)
{
    static char b[2048];
    EVP_EncodeBlock((unsigned char *)b, (const unsigned char *)text, (int)strlen(text));
    return b;
}

static void challenge(struct play *p, const char *text)
{
    char line[2100];
    snprintf(line, sizeof line, "334 %s\r\n", base64(text));
    server_says(p, line);
}

/* The nonce of "AUTH SCRAM-... base64". */
static void scram_nonce(const char *line, char *out, size_t size)
{
    unsigned char raw[512];
    const char *arg = strrchr(line, ' ');
    assert_non_null(arg);
    int n = EVP_DecodeBlock(raw, (const unsigned char *)arg + 1, (int)strcspn(arg + 1, "\r"));
    assert_true(n > 0);
    raw[n] = '\0';
    const char *r = strstr((char *)raw, ",r=");
    assert_non_null(r);
    snprintf(out, size, "%s", r + 3);
}

static void a_server_without_proof_is_named(void **state)
{
    (void)state;
    char nonce[200], first[300];
    for (int lie = 0; lie < 2; lie++) {
        struct play *p = greeted("SCRAM-SHA-256 PLAIN");
        assert_true(log_in(p, NULL, "student", "apple-pie"));
        scram_nonce(heard(p), nonce, sizeof nonce);
        snprintf(first, sizeof first, "r=%.150sXYZ,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", nonce);
        challenge(p, first);
        assert_true(strlen(heard(p)) > 60);
        if (lie) {
            challenge(p, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
            must_show(p->s, "E* the server's own proof is WRONG");
            assert_string_equal(heard(p), "*\r\n");
            server_says(p, "501 5.7.0 cancelled\r\n");
            must_hide(p->s, "Next on the list"); /* nothing more for this one */
            assert_false(session_now(p->s)->authed);
        } else {
            server_says(p, "235 2.7.0 come in\r\n");
            must_show(p->s, "E* the server let you in WITHOUT its own proof");
        }
        play_free(p);
    }
}

static void offered_and_refused(void **state)
{
    (void)state;
    struct play *p = greeted("PLAIN DIGEST-MD5 CRAM-MD5");
    assert_true(log_in(p, NULL, "student", "apple-pie"));
    assert_string_equal(heard(p), "AUTH DIGEST-MD5\r\n");
    server_says(p, "504 5.5.4 Unrecognized authentication type\r\n");
    must_show(p->s,
              "DIGEST-MD5 is on the server's list, and yet it was refused as a mechanism. Next "
              "on the list: CRAM-MD5 (");
    must_show(p->s, "':auth CRAM-MD5' tries it");
    assert_string_equal(heard(p), ""); /* said, not sent */
    assert_true(log_in(p, "CRAM-MD5", "student", "apple-pie"));
    server_says(p, "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n");
    server_says(p, "535 5.7.8 apple-pie is not right\r\n"); /* it was not sent, and yet it knows */
    must_hide(p->s, "apple-pie");
    must_show(p->s, "CRAM-MD5 was refused: a wrong name or password");
    must_show(p->s, "Next on the list: PLAIN (");
    must_show(p->s, "tries it, after a question");
    heard(p);
    assert_false(log_in(p, "PLAIN", "student", "apple-pie"));
    assert_string_equal(p->why, "PLAIN shows the password to whoever listens, and there is no TLS");
    assert_string_equal(heard(p), "");
    play_free(p);

    p = greeted("CRAM-MD5");
    assert_true(log_in(p, NULL, "student", "apple-pie"));
    heard(p);
    server_says(p, "334 %%%\r\n");
    assert_string_equal(heard(p), "*\r\n");
    server_says(p, "501 5.5.2 cancelled\r\n");
    must_show(p->s, "AUTH given up: the challenge is not base64");
    must_show(p->s, "Nothing else is offered for a password");
    play_free(p);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    struct login_choice c;
    struct play *p = play_open("smtp");
    server_says(p, "220 mail.example ESMTP\r\n");
    assert_false(login_choose(p->s, NULL, LOGIN_PASSWORD, &c, p->why, sizeof p->why));
    assert_string_equal(p->why,
                        "what the server offers is not known: EHLO first, or name a mechanism");
    say(p, "EHLO laptop.example");
    server_says(p, "250-mail.example\r\n250 STARTTLS\r\n");
    assert_false(login_choose(p->s, NULL, LOGIN_PASSWORD, &c, p->why, sizeof p->why));
    assert_non_null(strstr(p->why, "start TLS first"));
    play_free(p);
    p = greeted("SCRAM-SHA-1-PLUS XOAUTH2 GSSAPI");
    assert_false(login_choose(p->s, NULL, LOGIN_PASSWORD, &c, p->why, sizeof p->why));
    assert_string_equal(p->why, "the server offers SCRAM-SHA-1-PLUS XOAUTH2 GSSAPI: nothing that "
                                "can be done with a password alone");
    assert_true(
        login_choose(p->s, NULL, LOGIN_PASSWORD | LOGIN_CAN_ASK, &c, p->why, sizeof p->why));
    assert_string_equal(c.mechanism->name, "XOAUTH2");
    assert_true(c.clear);
    play_free(p);
}

/* A token is too long for a command line: RFC 4954 4, RFC 5034 4. */
static void a_long_token_goes_in_two_steps(void **state)
{
    (void)state;
    char token[6001];
    memset(token, 'k', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    struct play *p = greeted("XOAUTH2");
    struct login l = {.mechanism = sasl_mechanism("XOAUTH2", 7),
                      .user = "student",
                      .secret = token,
                      .clear_ok = true};
    assert_true(session_login(p->s, &l, p->why, sizeof p->why));
    assert_string_equal(heard(p), "AUTH XOAUTH2\r\n");
    server_says(p, "334 \r\n");
    assert_true(strlen(heard(p)) > 8000);
    must_show(p->s, "user student, token hidden");
    must_hide(p->s, "kkkkkkkk");
    must_hide(p->s, "a2tra2tr");
    challenge(p, "{\"status\":\"401\",\"schemes\":\"Bearer\"}");
    assert_string_equal(heard(p), "\r\n");
    must_show(p->s, "the token was refused: status 401 (run out");
    char echo[6100];
    snprintf(echo, sizeof echo, "535 5.7.8 %s is no token\r\n", token);
    server_says(p, echo);
    must_hide(p->s, "kkkkkkkk");
    must_show(p->s, "Nothing else is offered for a token");
    play_free(p);
}

static void pop3_has_ways_of_its_own(void **state)
{
    (void)state;
    struct login_choice c;
    struct play *p = play_open("pop3");
    server_says(p, "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n");
    assert_true(log_in(p, NULL, "mrose", "tanstaaf"));
    assert_string_equal(heard(p), "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");
    server_says(p, "-ERR no\r\n");
    must_show(p->s, "Next on the list: USER (");
    struct login l = {
        .mechanism = sasl_mechanism("USER", 4), .user = "mrose", .secret = "tanstaaf"};
    assert_false(session_login(p->s, &l, p->why, sizeof p->why));
    l.clear_ok = true;
    assert_true(session_login(p->s, &l, p->why, sizeof p->why));
    assert_string_equal(heard(p), "USER mrose\r\n");
    server_says(p, "-ERR who\r\n");
    assert_string_equal(heard(p), ""); /* no password for nobody */
    assert_true(session_login(p->s, &l, p->why, sizeof p->why));
    heard(p);
    server_says(p, "+OK\r\n");
    assert_string_equal(heard(p), "PASS tanstaaf\r\n");
    must_hide(p->s, "tanstaaf");
    server_says(p, "+OK tanstaaf is good\r\n");
    assert_true(session_now(p->s)->authed);
    must_hide(p->s, "tanstaaf");
    play_free(p);
    p = play_open("pop3");
    server_says(p, "+OK ready\r\n");
    assert_true(login_choose(p->s, NULL, LOGIN_PASSWORD, &c, p->why, sizeof p->why));
    assert_string_equal(c.mechanism->name, "USER");
    assert_true(c.clear);
    play_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mechanism),
        cmocka_unit_test(the_strongest_is_chosen),
        cmocka_unit_test(tls_1_2_binds_too),
        cmocka_unit_test(nothing_but_a_certificate),
        cmocka_unit_test(a_server_without_proof_is_named),
        cmocka_unit_test(offered_and_refused),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(a_long_token_goes_in_two_steps),
        cmocka_unit_test(pop3_has_ways_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
