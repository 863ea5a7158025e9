/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `heloscope probe` as a program, against a name server and scripted servers on loopback: the first
 * line, the exit status, the findings by their ids, and exactly what was sent. */
#include "tests/support/check.h"
#include "fakedns.h"
#include "fakeserver.h"
#include "heloscope/buf.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct result {
    int status;
    struct buf out, err;
};

static void slurp(FILE *f, struct buf *b)
{
    char some[4096];
    size_t n;
    buf_init(b, 1 << 20);
    rewind(f);
    while ((n = fread(some, 1, sizeof some, f)) > 0)
        buf_add(b, some, n);
    fclose(f);
}

/* Runs `heloscope probe` with these arguments (NULL-ended, at most 20). */
static struct result probe(const char *const *args)
{
    struct result r = {0};
    char *argv[24] = {getenv("HELOSCOPE"), (char *)"probe", (char *)"--ehlo",
                      (char *)"client.example", (char *)"--allow-reserved"};
    FILE *out = tmpfile(), *err = tmpfile();
    size_t n = 5;
    for (; *args && n < 23; args++)
        argv[n++] = (char *)*args;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(out), 1);
        dup2(fileno(err), 2);
        alarm(60);
        execv(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    slurp(out, &r.out);
    slurp(err, &r.err);
    return r;
}

static void clear(struct result *r)
{
    buf_clear(&r->out);
    buf_clear(&r->err);
}

static void must_say(const struct result *r, const char *text)
{
    if (!strstr(buf_str(&r->out), text))
        fail_msg("not said: %s\n%s%s", text, buf_str(&r->out), buf_str(&r->err));
}

/* The last word of tail is checked for each kind of talk: nothing else was sent. */
static const struct fake_step fine[] = {
    SEND("220 mx.example.test ESMTP\r\n"),
    EXPECT("EHLO client.example"),
    SEND("250-mx.example.test\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n"),
    EXPECT("STARTTLS"),
    SEND("220 go\r\n"),
    STARTTLS(0),
    EXPECT("EHLO client.example"),
    SEND("250-mx.example.test\r\n250-AUTH PLAIN\r\n250 SIZE 1000000\r\n"),
    EXPECT("QUIT"),
    SEND("221 bye\r\n"),
    CLOSE(),
    END()};
static const struct fake_step relay_denied[] = {SEND("220 mx.example.test ESMTP\r\n"),
                                                EXPECT("EHLO "),
                                                SEND("250-mx.example.test\r\n250 STARTTLS\r\n"),
                                                EXPECT("STARTTLS"),
                                                SEND("220 go\r\n"),
                                                STARTTLS(0),
                                                EXPECT("EHLO "),
                                                SEND("250 mx.example.test\r\n"),
                                                EXPECT("MAIL FROM:<me@client.example>"),
                                                SEND("250 2.1.0 ok\r\n"),
                                                EXPECT("RCPT TO:<you@example.test>"),
                                                SEND("550 5.7.1 relaying denied\r\n"),
                                                EXPECT("RCPT TO:<two@example.test>"),
                                                SEND("250 2.1.5 ok\r\n"),
                                                EXPECT("RSET"),
                                                SEND("250 2.0.0 ok\r\n"),
                                                EXPECT("QUIT"),
                                                SEND("221 bye\r\n"),
                                                CLOSE(),
                                                END()};
static const struct fake_step sent_away[] = {SEND("554 5.7.1 no service for you\r\n"),
                                             EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(), END()};
static const struct fake_step old_one[] = {SEND("220 old.example.test\r\n"),
                                           EXPECT("EHLO "),
                                           SEND("502 command not implemented\r\n"),
                                           EXPECT("HELO client.example"),
                                           SEND("250 hello\r\n"),
                                           EXPECT("QUIT"),
                                           SEND("221 bye\r\n"),
                                           CLOSE(),
                                           END()};
static const struct fake_step no_tls_today[] = {SEND("220 mx.example.test\r\n"),
                                                EXPECT("EHLO "),
                                                SEND("250-mx\r\n250 STARTTLS\r\n"),
                                                EXPECT("STARTTLS"),
                                                SEND("454 4.7.0 TLS not available\r\n"),
                                                EXPECT("QUIT"),
                                                SEND("221 bye\r\n"),
                                                CLOSE(),
                                                END()};
static const struct fake_step cut_in_handshake[] = {SEND("220 mx.example.test\r\n"),
                                                    EXPECT("EHLO "),
                                                    SEND("250-mx\r\n250 STARTTLS\r\n"),
                                                    EXPECT("STARTTLS"),
                                                    SEND("220 go\r\n"),
                                                    EXPECT_BYTES(20),
                                                    CUT(),
                                                    END()};
static const struct fake_step cut_at_starttls[] = {SEND("220 mx.example.test\r\n"),
                                                   EXPECT("EHLO "),
                                                   SEND("250-mx\r\n250 STARTTLS\r\n"),
                                                   EXPECT("STARTTLS"),
                                                   CLOSE(),
                                                   END()};
static const struct fake_step web[] = {SEND("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"),
                                       CLOSE(), END()};
static const struct fake_step hangs_up[] = {CLOSE(), END()};
static const struct fake_step pop[] = {SEND("+OK pop ready\r\n"),
                                       EXPECT("CAPA"),
                                       SEND("+OK\r\nUSER\r\nSTLS\r\n.\r\n"),
                                       EXPECT("STLS"),
                                       SEND("+OK begin\r\n"),
                                       STARTTLS(0),
                                       EXPECT("CAPA"),
                                       SEND("+OK\r\nUSER\r\nEXPIRE 30\r\n.\r\n"),
                                       EXPECT("QUIT"),
                                       SEND("+OK bye\r\n"),
                                       CLOSE(),
                                       END()};
static const struct fake_step pop_bare[] = {
    SEND("+OK\r\n"), EXPECT("CAPA"), SEND("-ERR\r\n"), EXPECT("QUIT"), SEND("+OK bye\r\n"),
    CLOSE(),         END()};

#define ZONE                                                                                       \
    "one.test MX 10 mx.example.test\nmx.example.test A 127.0.0.1\n"                                \
    "two.test MX 10 gone.example.test\ntwo.test MX 20 dead.example.test\n"                         \
    "two.test MX 30 mx.example.test\ndead.example.test A 127.0.0.3\n"                              \
    "one.test TXT v=spf1 +all\n"                                                                   \
    "null.test MX 0 .\n$servfail broken.test\n"                                                    \
    "sick.test MX 10 sick.example.test\n$servfail sick.example.test\n"                             \
    "ring.test MX 10 ring1.example.test\nring1.example.test CNAME ring2.example.test\n"            \
    "ring2.example.test CNAME ring1.example.test\n"                                                \
    "dead.test MX 10 dead.example.test\n"                                                          \
    "both.test A 127.0.0.3\nboth.test A 127.0.0.1\n"

static const struct row {
    const char *target; /* %d: the port of the script */
    const struct fake_step *script;
    const char *to; /* or NULL */
    const char *cert;
    int status;
    const char *answer; /* how the first lines begin, unwrapped */
    const char *ids;    /* the findings, each "gravity:id ", in order; NULL: not looked at */
} rows[] = {
    {"mx:one.test:%d", fine, NULL, "mx.example.test", 0,
     "Mail for one.test: mx.example.test [127.0.0.1] answers, inside TLS 1.3, certificate "
     "verified; whether it takes a recipient was not asked (--to does)",
     "warning:mx-reserved warning:spf-open note:dmarc-missing "},
    {"mx:two.test:%d", relay_denied, "you@example.test,two@example.test", "mx.example.test", 8,
     "Mail for two.test is refused at RCPT by mx.example.test: 550 5.7.1 relaying denied: ",
     "grave:unreachable grave:refused warning:mx-no-address warning:mx-reserved "
     "warning:mx-reserved warning:spf-missing note:dmarc-missing "},
    {"smtp://mx.example.test:%d", fine, NULL, "other.test", 0,
     "Mail for mx.example.test: mx.example.test:%d answers, inside TLS 1.3, certificate NOT "
     "verified",
     "grave:certificate-wrong-name "},
    {"smtp://mx.example.test:%d", sent_away, NULL, "x.test", 8,
     "Mail for mx.example.test is refused at the banner by mx.example.test: 554 5.7.1 no service "
     "for you: ",
     "grave:refused "},
    {"smtp://mx.example.test:%d", old_one, NULL, "x.test", 0,
     "Mail for mx.example.test: mx.example.test:%d answers, in the clear", NULL},
    {"smtp://mx.example.test:%d", no_tls_today, NULL, "x.test", 0,
     "Mail for mx.example.test: mx.example.test:%d answers, in the clear",
     "grave:starttls-refused "},
    {"smtp://mx.example.test:%d", cut_in_handshake, NULL, "x.test", 6,
     "Mail for mx.example.test fails: mx.example.test:%d fails in TLS: ",
     "grave:handshake-failed "},
    {"smtp://mx.example.test:%d", cut_at_starttls, NULL, "x.test", 5,
     "Mail for mx.example.test breaks off at STARTTLS: mx.example.test:%d: the server closed the "
     "connection without a reply",
     "grave:broken-off grave:starttls-refused "},
    {"smtp://mx.example.test:%d", web, NULL, "x.test", 7,
     "Mail for mx.example.test fails: mx.example.test:%d does not speak the protocol: ",
     "grave:garbage "},
    {"smtp://mx.example.test:%d", hangs_up, NULL, "x.test", 5,
     "Mail for mx.example.test has no way: the server closed the connection without a greeting",
     "grave:unreachable "},
    {"pop3://both.test:%d", pop_bare, NULL, "x.test", 0,
     "POP3 for both.test: both.test [127.0.0.1] answers, in the clear; no login was tried. But 1 "
     "of "
     "2 addresses fail",
     "grave:unreachable "},
    {"pop3://mx.example.test:%d", pop, NULL, "mx.example.test", 0,
     "POP3 for mx.example.test: mx.example.test:%d answers, inside TLS 1.3, certificate verified; "
     "no login was tried",
     "grave:auth-in-clear note:capabilities-differ-in-tls "},
    {"pop3://mx.example.test:%d", pop_bare, NULL, "x.test", 0,
     "POP3 for mx.example.test: mx.example.test:%d answers, in the clear", ""},
    {"null.test", NULL, NULL, NULL, 5,
     "Mail for null.test has no way: null.test takes no mail and says so (null MX, RFC 7505)",
     "grave:no-mail warning:spf-missing note:dmarc-missing "},
    {"nowhere.test", NULL, NULL, NULL, 5,
     "Mail for nowhere.test has no way: there is no name nowhere.test (NXDOMAIN)",
     "grave:no-server "},
    {"broken.test", NULL, NULL, NULL, 5,
     "Mail for broken.test has no way: the name server failed to look up MX of broken.test "
     "(SERVFAIL)",
     "warning:dns-failed "},
    {"sick.test", NULL, NULL, NULL, 5, "Mail for sick.test has no way: none of the mail exchangers",
     "warning:dns-failed warning:mx-unknown warning:spf-missing note:dmarc-missing "},
    {"ring.test", NULL, NULL, NULL, 5, "Mail for ring.test has no way: none of the mail exchangers",
     "grave:no-server warning:mx-no-address warning:spf-missing note:dmarc-missing "},
    {"mx:dead.test:%d", fine, NULL, "x.test", 5,
     "Mail for dead.test has no way: 127.0.0.3:%d: refused: no program listens on that port", NULL},
};

/* The JSON object of a result. */
static json_t *object(const struct result *r)
{
    json_error_t e;
    json_t *o = json_loadb(r->out.p, r->out.len, 0, &e);
    if (!o)
        fail_msg("%s\n%s%s", e.text, buf_str(&r->out), buf_str(&r->err));
    return o;
}

static const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "(none)";
}

static void answers(void **state)
{
    (void)state;
    struct fake_ca *ca = fake_ca_new();
    struct fakedns *d = fakedns_start(ZONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct fake_cert *cert = row->cert ? fake_cert_new(ca, row->cert, 0) : NULL;
        struct fake_cert *certs[] = {cert, NULL};
        struct fake *f = row->script ? fake_start_tcp(row->script, certs) : NULL;
        char target[80], want[400];
        const char *args[20] = {target,       "--json",
                                "--resolver", fakedns_at(d),
                                "--ca-file",  fake_ca_file(ca),
                                "--from",     "me@client.example",
                                "--timeout",  "5",
                                NULL};
        size_t n = 10;
        int port = f ? fake_port(f) : 0;
        snprintf(target, sizeof target, row->target, port);
        snprintf(want, sizeof want, row->answer, port);
        if (row->to) {
            args[n++] = "--to";
            args[n++] = row->to;
        }
        struct result r = probe(args);
        json_t *o = object(&r);
        const json_t *findings = json_object_get(o, "findings");
        struct buf ids;
        buf_init(&ids, 4000);
        for (size_t k = 0; k < json_array_size(findings); k++) {
            const json_t *one = json_array_get(findings, k);
            buf_addf(&ids, "%s:%s ", str(one, "gravity"), str(one, "id"));
            assert_true(strlen(str(one, "why")) > 10 && strlen(str(one, "mend")) > 10);
        }
        if (strncmp(str(o, "answer"), want, strlen(want)) != 0 || r.status != row->status)
            fail_msg("row %zu: status %d, not %d: %s\nexpected: %s\n%s", i, r.status, row->status,
                     str(o, "answer"), want, buf_str(&r.err));
        assert_int_equal(json_integer_value(json_object_get(o, "status")), row->status);
        if (row->ids && strcmp(row->ids, buf_str(&ids)) != 0)
            fail_msg("row %zu: %s", i, buf_str(&ids));
        if (f && strncmp(row->target, "mx:dead", 7) != 0) {
            const char *wrong = fake_finish(f);
            if (wrong)
                fail_msg("row %zu: %s", i, wrong);
            assert_null(strstr(fake_received(f, NULL), "DATA"));
        }
        json_decref(o);
        buf_clear(&ids);
        clear(&r);
        fake_free(f);
        fake_cert_free(cert);
    }
    fakedns_stop(d);
    fake_ca_free(ca);
}

/* For readers: the answer is the first line, progress goes elsewhere, nothing strange is printed.
 */
static void text(void **state)
{
    (void)state;
    static const struct fake_step rude[] = {SEND("220 mx.example.test \x1b[31m\xff ESMTP\r\n"),
                                            EXPECT("EHLO "),
                                            SEND("250-mx\x07\r\n250 SIZE \x1b[2J\r\n"),
                                            EXPECT("QUIT"),
                                            SEND("221 bye\r\n"),
                                            CLOSE(),
                                            END()};
    struct fakedns *d = fakedns_start(ZONE "_dmarc.one.test TXT v=DMARC1; p=\x1b[31mnone\n");
    struct fake *f = fake_start_tcp(rude, NULL);
    char target[60];
    snprintf(target, sizeof target, "mx:one.test:%d", fake_port(f));
    const char *args[] = {target, "--resolver", fakedns_at(d), NULL};
    struct result r = probe(args);
    assert_int_equal(r.status, 0);
    assert_int_equal(strncmp(buf_str(&r.out), "Mail for one.test: mx.example.test [127.0.0.1]", 46),
                     0);
    must_say(&r, "\nFindings\nwarning  ");
    must_say(&r, "\nDNS of one.test\n  MX       10 mx.example.test [127.0.0.1]: the address is");
    must_say(&r, "  SPF      v=spf1 +all: everybody may send");
    must_say(&r, "S: + 220 mx.example.test ^[[31m<FF> ESMTP");
    must_say(&r, "C: EHLO client.example");
    assert_non_null(
        strstr(buf_str(&r.err), "heloscope: looking up the mail exchangers of one.test"));
    assert_non_null(strstr(buf_str(&r.err), "heloscope: talking to mx.example.test [127.0.0.1] (1 "
                                            "of 1)"));
    assert_null(strchr(buf_str(&r.out), 0x1b));
    assert_null(strchr(buf_str(&r.out), 0x07));
    clear(&r);
    fake_finish(f);
    fake_free(f);
    fakedns_stop(d);
}

/* With --connect both are named: whom we mean, and the place that is spoken to; a host of two
 * addresses is one place then. And what the server offers is told to its end. */
static void elsewhere(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        SEND("220 mx.example.test ESMTP\r\n"),
        EXPECT("EHLO "),
        SEND("250-mx\r\n250 AUTH PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 "
             "SCRAM-SHA-512 NTLM GSSAPI XOAUTH2 OAUTHBEARER ANONYMOUS EXTERNAL\r\n"),
        EXPECT("MAIL FROM:<>"),
        SEND("250 ok\r\n"),
        EXPECT("RCPT TO:<you@two.test>"),
        SEND("550 5.1.1 no\r\n"),
        EXPECT("RSET"),
        SEND("250 ok\r\n"),
        EXPECT("QUIT"),
        SEND("221 bye\r\n"),
        CLOSE(),
        END()};
    struct fakedns *d = fakedns_start("two.test MX 10 mx.two.test\nmx.two.test A 127.0.0.3\n"
                                      "mx.two.test A 127.0.0.4\n");
    for (int json = 0; json < 2; json++) {
        struct fake *f = fake_start_tcp(script, NULL);
        char place[60], want[400];
        snprintf(place, sizeof place, "127.0.0.1:%d", fake_port(f));
        const char *args[] = {"two.test", "--resolver", fakedns_at(d),  "--connect",
                              place,      "--to",       "you@two.test", json ? "--json" : NULL,
                              NULL};
        struct result r = probe(args);
        assert_int_equal(r.status, 8);
        snprintf(want, sizeof want,
                 "refused at RCPT by mx.two.test [127.0.0.3] (by --connect at %s)", place);
        char *flat = strdup(buf_str(&r.out));
        for (char *p = flat; *p; p++)
            if (*p == '\n')
                *p = ' ';
        if (!strstr(flat, want))
            fail_msg("%s\nnot in %s", want, flat);
        free(flat);
        if (json) {
            json_t *o = object(&r);
            const json_t *servers = json_object_get(o, "servers");
            assert_int_equal(json_array_size(servers), 1);
            assert_string_equal(str(json_array_get(servers, 0), "address"), "127.0.0.3");
            assert_string_equal(str(json_array_get(servers, 0), "spoken_to"), place);
            json_decref(o);
        } else {
            must_say(&r, "known otherwise: a TLS client certificate)\n");
        }
        assert_null(fake_finish(f));
        clear(&r);
        fake_free(f);
    }
    fakedns_stop(d);
}

/* Where the proxy is the trouble the server is not blamed. */
static void behind_a_proxy(void **state)
{
    (void)state;
    const char *args[] = {"smtp://mx.example.test",
                          "--proxy",
                          "http://127.0.0.1:1",
                          "--json",
                          "--resolver",
                          "127.0.0.1:1",
                          NULL};
    struct result r = probe(args);
    json_t *o = object(&r);
    const json_t *first = json_array_get(json_object_get(o, "findings"), 0);
    assert_int_equal(r.status, 5);
    assert_string_equal(str(first, "id"), "proxy-failed");
    assert_non_null(strstr(str(o, "answer"), "the proxy cannot be reached: 127.0.0.1:1: refused"));
    json_decref(o);
    clear(&r);
}

/* DANE and MTA-STS as verdicts of a talk. */
static void policies(void **state)
{
    (void)state;
    char zone[1600], target[60], path[] = "/tmp/heloscope-policy-XXXXXX";
    static const char policy[] = "version: STSv1\nmode: enforce\nmx: other.test\nmax_age: 60\n";
    struct fake_ca *ca = fake_ca_new();
    struct fake_cert *cert = fake_cert_new(ca, "mx.example.test", 0), *certs[] = {cert, NULL};
    struct fake *f = fake_start_tcp(fine, certs);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, policy, strlen(policy)), (ssize_t)strlen(policy));
    close(fd);
    snprintf(zone, sizeof zone,
             "%s_%d._tcp.mx.example.test TLSA 3 1 1 "
             "0000000000000000000000000000000000000000000000000000000000000000\n"
             "$ad _%d._tcp.mx.example.test\n",
             ZONE, fake_port(f), fake_port(f));
    struct fakedns *d = fakedns_start(zone);
    snprintf(target, sizeof target, "mx:one.test:%d", fake_port(f));
    const char *args[] = {target,           "--resolver", fakedns_at(d), "--ca-file",
                          fake_ca_file(ca), "--mta-sts",  path,          NULL};
    struct result r = probe(args);
    must_say(&r, "DANE: FAILS: none of the 1 usable TLSA records fits what the server presented");
    must_say(&r, "MTA-STS: FAILS: mx.example.test is none of the policy's hosts (other.test)");
    must_say(&r, "The certificate does not fit the TLSA records (DANE)");
    assert_int_equal(r.status, 0);
    clear(&r);
    unlink(path);
    fake_finish(f);
    fake_free(f);
    fakedns_stop(d);
    fake_cert_free(cert);
    fake_ca_free(ca);
}

static void bad_words(void **state)
{
    (void)state;
    static const struct {
        const char *args[4];
        int status;
        const char *err;
    } bad[] = {
        {{NULL}, 2, "heloscope: 'heloscope probe' wants TARGET\n"},
        {{"example.test", "--tui", NULL},
         9,
         "heloscope: --tui needs a terminal; without it the result is printed\n"},
        {{"host:4711", NULL},
         2,
         "heloscope: port 4711 does not tell what host speaks: say smtp://host:4711 or "
         "pop3://host:4711\n"},
        {{"you@example.test", NULL},
         2,
         "heloscope: a check-up is of a domain or a server: 'heloscope probe example.test --to "
         "you@example.test' asks about that address\n"},
        {{"example.test", "--to", "a b", NULL}, 2, "heloscope: --to wants an address, not 'a b'\n"},
        {{"example.test", "--to", "a>\r\nDATA", NULL}, 2, "heloscope: --to wants an address, not "},
        {{"example.test", "--resolver", "nonsense", NULL},
         2,
         "heloscope: 'nonsense' is no name server: write an address and a port, like "
         "127.0.0.1:53\n"},
        {{"example.test", "--mta-sts", "/nonexistent", NULL},
         3,
         "heloscope: /nonexistent cannot be opened: No such file or directory\n"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct result r = probe(bad[i].args);
        if (r.status != bad[i].status ||
            strncmp(buf_str(&r.err), bad[i].err, strlen(bad[i].err)) != 0)
            fail_msg("row %zu: status %d: %s", i, r.status, buf_str(&r.err));
        assert_int_equal(r.out.len, 0);
        clear(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),        cmocka_unit_test(text),     cmocka_unit_test(elsewhere),
        cmocka_unit_test(behind_a_proxy), cmocka_unit_test(policies), cmocka_unit_test(bad_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
