/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions with a scripted server that does something wrong about TLS: which findings come of it,
 * what the report says, and which versions a server takes. */
#include "tests/support/check.h"
#include "tests/fake/fakeserver.h"
#include "heloscope/loop.h"
#include "heloscope/tlsreport.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_ca *ca;
enum { GOOD, WRONG, EXPIRED, SELF, WEAK, OLD, ALL, ASKS, CERTS };
static struct fake_cert *certs[CERTS + 1];

static int make(void **state)
{
    static const struct {
        const char *names;
        unsigned flags;
    } rows[CERTS] = {
        [GOOD] = {"localhost 127.0.0.1", 0},     [WRONG] = {"other.example.test", 0},
        [EXPIRED] = {"127.0.0.1", FAKE_EXPIRED}, [SELF] = {"127.0.0.1", FAKE_SELF_SIGNED},
        [WEAK] = {"127.0.0.1", FAKE_WEAK},       [OLD] = {"127.0.0.1", FAKE_OLD_TLS},
        [ALL] = {"127.0.0.1", FAKE_ALL_TLS},     [ASKS] = {"127.0.0.1", FAKE_ASKS},
    };
    (void)state;
    ca = fake_ca_new();
    for (int i = 0; ca && i < CERTS; i++)
        certs[i] = fake_cert_new(ca, rows[i].names, rows[i].flags);
    return certs[CERTS - 1] ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    for (int i = 0; i < CERTS; i++)
        fake_cert_free(certs[i]);
    fake_ca_free(ca);
    return 0;
}

struct client {
    struct loop *loop;
    struct session *s;
    bool over;
};

static void on_event(void *arg, struct session *s, enum session_event ev)
{
    struct client *c = arg;
    if (ev == SESSION_ASK_TLS)
        session_tls_answer(s, true);
    c->over |= ev == SESSION_OVER;
}

static void turn_until(struct client *c, bool quiet)
{
    uint64_t start = now_us();
    for (;;) {
        if (c->over || (quiet && session_is_up(c->s) && session_outstanding(c->s) == 0))
            return;
        if (now_us() - start > 10000000)
            fail_msg("nothing happens");
        loop_turn(c->loop, 100);
    }
}

/* Connects and says the lines; each after the reply to the one before. */
static void client_open(struct client *c, const char *scheme, const struct fake *f,
                        const struct tls_ask *ask, const char *const *lines)
{
    struct session_options o = {.conn.trust.ca_file = fake_ca_file(ca)};
    struct target t;
    char text[64], why[300];
    if (ask)
        o.conn.trust.ask = *ask;
    memset(c, 0, sizeof *c);
    c->loop = loop_new();
    snprintf(text, sizeof text, "%s://127.0.0.1:%d", scheme, fake_port(f));
    assert_true(target_parse(text, &t, why, sizeof why));
    c->s = session_open(c->loop, &t, &o, on_event, c);
    target_clear(&t);
    turn_until(c, true);
    for (; *lines && !c->over; lines++) {
        if (!session_line(c->s, *lines, strlen(*lines), why, sizeof why))
            fail_msg("%s: %s", *lines, why);
        turn_until(c, true);
    }
}

static void client_close(struct client *c)
{
    session_free(c->s);
    loop_free(c->loop);
}

static const char *ids(const struct tls_seen *seen)
{
    static char out[1000];
    struct tls_finding f[TLS_FINDINGS_MAX];
    size_t n = tls_findings(seen, f, TLS_FINDINGS_MAX), at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", i ? " " : "", f[i].rule->id);
        if (i > 0)
            assert_true(f[i - 1].rule->gravity >= f[i].rule->gravity);
    }
    return out;
}

#define BANNER SEND("220 mail.example.test ESMTP\r\n")
#define EHLO_TLS EXPECT("EHLO"), SEND("250-mail.example.test\r\n250-STARTTLS\r\n250 SIZE 1000\r\n")
#define GO EXPECT("STARTTLS"), SEND("220 2.0.0 go\r\n")
#define INSIDE EXPECT("EHLO"), SEND("250-mail.example.test\r\n250-AUTH PLAIN\r\n250 SIZE 1000\r\n")
#define BYE EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(), END()

static const struct fake_step all_well[] = {BANNER, EHLO_TLS, GO, STARTTLS(GOOD), INSIDE, BYE};
static const struct fake_step refused[] = {
    BANNER, EHLO_TLS, EXPECT("STARTTLS"),
    SEND("454 4.7.0 TLS not available due to local problem\r\n"), BYE};
static const struct fake_step reset[] = {BANNER, EHLO_TLS, EXPECT("STARTTLS"), RESET(), END()};
static const struct fake_step closed[] = {BANNER, EHLO_TLS, EXPECT("STARTTLS"), CLOSE(), END()};
static const struct fake_step then_plain[] = {
    BANNER, EHLO_TLS, GO, EXPECT_BYTES(1), SEND("421 4.3.0 no TLS library\r\n"), CLOSE(), END()};
static const struct fake_step not_offered[] = {
    BANNER, EXPECT("EHLO"), SEND("250-mail.example.test\r\n250-AUTH CRAM-MD5\r\n250 SIZE 1\r\n"),
    BYE};
static const struct fake_step clear_login[] = {
    BANNER, EXPECT("EHLO"),
    SEND("250-mail.example.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"), BYE};
static const struct fake_step wrong[] = {BANNER, EHLO_TLS, GO, STARTTLS(WRONG), INSIDE, BYE};
static const struct fake_step expired[] = {BANNER, EHLO_TLS, GO, STARTTLS(EXPIRED), INSIDE, BYE};
static const struct fake_step self[] = {BANNER, EHLO_TLS, GO, STARTTLS(SELF), INSIDE, BYE};
static const struct fake_step weak[] = {BANNER, EHLO_TLS, GO, STARTTLS(WEAK), INSIDE, BYE};
static const struct fake_step asks[] = {BANNER, EHLO_TLS, GO, STARTTLS(ASKS), INSIDE, BYE};
static const struct fake_step old[] = {BANNER, EHLO_TLS, GO, STARTTLS(OLD), INSIDE, BYE};
static const struct fake_step injected[] = {
    BANNER, EHLO_TLS, EXPECT("STARTTLS"), INJECT("220 go\r\n250 evil\r\n"), STARTTLS(GOOD),
    INSIDE, BYE};
static const struct fake_step odd_inside[] = {
    BANNER,
    EHLO_TLS,
    GO,
    STARTTLS(GOOD),
    EXPECT("EHLO"),
    SEND("250-mail.example.test\r\n250-STARTTLS\r\n250-\033[2JX\r\n250 SIZE 2000\r\n"),
    BYE};
static const struct fake_step implicit_cut[] = {
    STARTTLS(GOOD), BANNER, EXPECT("EHLO"), SEND("250 mail.example.test\r\n"),
    EXPECT("NOOP"), CUT(),  END()};

static const char *const upgrade[] = {"EHLO me.example", "STARTTLS", "EHLO me.example", "QUIT",
                                      NULL};
static const char *const clear[] = {"EHLO me.example", "QUIT", NULL};
static const char *const begin[] = {"EHLO me.example", "STARTTLS", NULL};
static const char *const noop[] = {"EHLO me.example", "NOOP", NULL};
static const struct tls_ask from_1_0 = {.min = TLS_1_0};

static const struct {
    const struct fake_step *script;
    const char *scheme;
    const char *const *lines;
    const struct tls_ask *ask;
    const char *ids;   /* all of them */
    const char *words; /* in the report */
} rows[] = {
    {all_well, "smtp", upgrade, NULL, "", "host name holds: issued to 127.0.0.1"},
    {refused, "smtp", begin, NULL, "starttls-refused",
     "grave     STARTTLS is offered and then refused: 454 4.7.0 TLS not available"},
    {then_plain, "smtp", begin, NULL, "handshake-failed", "421 4.3.0 no TLS library"},
    {then_plain, "smtp", begin, NULL, "handshake-failed",
     "handshake failed, and the connection with it"},
    {not_offered, "smtp", clear, NULL, "starttls-not-offered auth-in-clear-hashed", "(stripping)"},
    {reset, "smtp", begin, NULL, "starttls-refused",
     "STARTTLS is offered and then refused: no reply, the other end reset the connection"},
    {closed, "smtp", begin, NULL, "starttls-refused", "no reply, the connection was closed"},
    {clear_login, "smtp", clear, NULL, "auth-in-clear starttls-not-used",
     "offered before TLS: PLAIN LOGIN"},
    {wrong, "smtp", upgrade, NULL, "certificate-wrong-name",
     "! host name FAILS: issued to other.example.test, not to 127.0.0.1"},
    {expired, "smtp", upgrade, NULL, "certificate-date",
     "! date      FAILS: expired since 2024-05-01"},
    {self, "smtp", upgrade, NULL, "certificate-untrusted", "! chain     FAILS: self-signed"},
    {weak, "smtp", upgrade, NULL, "certificate-weak", "weak key: 1024 bits"},
    {asks, "smtp", upgrade, NULL, "client-certificate-asked", "--cert FILE"},
    {old, "smtp", upgrade, &from_1_0, "old-tls-version", "this connection uses TLS 1.1"},
    {old, "smtp", begin, NULL, "handshake-failed", "TLS handshake fails"},
    {injected, "smtp", upgrade, NULL, "injected", "CVE-2011-0411"},
    {odd_inside, "smtp", upgrade, NULL, "starttls-inside-tls capabilities-differ-in-tls",
     "changed SIZE (2000, before 1000)"},
    {implicit_cut, "smtps", noop, NULL, "", "from the first octet"},
};

static void scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake *f = fake_start_tcp(rows[i].script, certs);
        struct client c;
        struct tls_seen seen;
        struct buf text;
        buf_init(&text, 1 << 20);
        client_open(&c, rows[i].scheme, f, rows[i].ask, rows[i].lines);
        session_tls_seen(c.s, &seen);
        assert_true(tls_report_text(&seen, &text));
        if (strcmp(ids(&seen), rows[i].ids) != 0)
            fail_msg("row %zu: found '%s', not '%s'\n%s", i, ids(&seen), rows[i].ids,
                     buf_str(&text));
        if (!strstr(buf_str(&text), rows[i].words))
            fail_msg("row %zu: no '%s' in\n%s", i, rows[i].words, buf_str(&text));
        assert_null(strchr(buf_str(&text), '\033'));
        buf_clear(&text);
        client_close(&c);
        fake_finish(f);
        fake_free(f);
    }
}

/* A cut without close_notify is told by the session. */
static void cut_off(void **state)
{
    (void)state;
    struct fake *f = fake_start_tcp(implicit_cut, certs);
    struct client c;
    client_open(&c, "smtps", f, NULL, noop);
    turn_until(&c, false);
    const struct source *src = transcript_source(session_transcript(c.s));
    bool told = false;
    for (size_t i = 0; i < src->count(src->self); i++) {
        struct span s;
        src->line(src->self, i, 0, &s);
        told |= memmem(s.p, s.n, "no close_notify", 15) != NULL;
    }
    assert_true(told);
    client_close(&c);
    fake_finish(f);
    fake_free(f);
}

/* Only what is readable is named as readable: who answers "switch PLAIN off" must not be told to
 * switch SCRAM off too. Without a readable one the others are named, by a note. */
static void readable_logins(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *list; /* what EHLO or CAPA brings */
        const char *id, *detail;   /* "": no finding */
    } row[] = {
        {"smtp", "AUTH PLAIN LOGIN", "auth-in-clear", "PLAIN LOGIN"},
        {"smtp", "AUTH SCRAM-SHA-256 PLAIN CRAM-MD5 XOAUTH2 FROB", "auth-in-clear",
         "PLAIN XOAUTH2"},
        {"smtp", "AUTH SCRAM-SHA-1 CRAM-MD5", "auth-in-clear-hashed", "SCRAM-SHA-1 CRAM-MD5"},
        {"smtp", "AUTH", "", ""},
        {"smtp", "SIZE 1000", "", ""},
        {"pop3", "SASL CRAM-MD5 PLAIN", "auth-in-clear", "PLAIN"},
        {"pop3", "USER\r\nSASL CRAM-MD5 LOGIN", "auth-in-clear", "USER LOGIN"},
        {"pop3", "SASL SCRAM-SHA-256", "auth-in-clear-hashed", "SCRAM-SHA-256"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct caps caps;
        struct tls_finding f[TLS_FINDINGS_MAX];
        const char *id = "", *detail = "";
        unsigned short port;
        bool tls;
        caps_init(&caps);
        for (const char *p = row[i].list; *p;) {
            size_t n = strcspn(p, "\r"), k = strcspn(p, " \r");
            caps_add(&caps, p, k, p + k + (k < n), n - k - (k < n));
            p += n + (p[n] ? 2 : 0);
        }
        const struct tls_seen seen = {.proto = proto_find(row[i].scheme, 4, &tls, &port),
                                      .label = "x",
                                      .refused = "",
                                      .failed = "",
                                      .clear = &caps};
        for (size_t k = 0, n = tls_findings(&seen, f, TLS_FINDINGS_MAX); k < n; k++)
            if (strncmp(f[k].rule->id, "auth-in-clear", 13) == 0) {
                id = f[k].rule->id;
                detail = f[k].detail;
            }
        if (strcmp(id, row[i].id) != 0 || strcmp(detail, row[i].detail) != 0)
            fail_msg("row %zu: '%s' '%s'", i, id, detail);
        caps_clear(&caps);
    }
}

static void pop3_says_stls(void **state)
{
    (void)state;
    static const struct fake_step script[] = {SEND("+OK ready\r\n"), EXPECT("CAPA"),
                                              SEND("+OK\r\nUSER\r\nUIDL\r\n.\r\n"), END()};
    static const char *const lines[] = {"CAPA", NULL};
    struct fake *f = fake_start_tcp(script, certs);
    struct client c;
    struct tls_seen seen;
    struct buf text;
    buf_init(&text, 1 << 20);
    client_open(&c, "pop3", f, NULL, lines);
    session_tls_seen(c.s, &seen);
    assert_string_equal(ids(&seen), "auth-in-clear starttls-not-offered");
    assert_true(tls_report_text(&seen, &text));
    assert_non_null(strstr(buf_str(&text), "STLS is not offered"));
    assert_null(strstr(buf_str(&text), "STARTTLS"));
    buf_clear(&text);
    client_close(&c);
    fake_finish(f);
    fake_free(f);
}

/* What the connection before was offered is compared. */
static void two_connections(void **state)
{
    (void)state;
    struct tls_memory memory = {0};
    const struct fake_step *const scripts_[] = {all_well, not_offered, odd_inside};
    const char *const *const lines[] = {upgrade, clear, upgrade};
    const char *const want[] = {
        "", "starttls-vanished capabilities-differ-between-connections auth-in-clear-hashed",
        "starttls-inside-tls capabilities-differ-between-connections capabilities-differ-in-tls"};
    for (int i = 0; i < 3; i++) {
        struct fake *f = fake_start_tcp(scripts_[i], certs);
        struct client c;
        struct tls_seen seen;
        client_open(&c, "smtp", f, NULL, lines[i]);
        session_tls_seen(c.s, &seen);
        tls_memory_give(&memory, &seen);
        assert_string_equal(ids(&seen), want[i]);
        tls_memory_take(&memory, &seen);
        client_close(&c);
        fake_finish(f);
        fake_free(f);
    }
    tls_memory_clear(&memory);
}

static void as_json(void **state)
{
    (void)state;
    struct fake *f = fake_start_tcp(wrong, certs);
    struct client c;
    struct tls_seen seen;
    struct buf text;
    buf_init(&text, 1 << 20);
    client_open(&c, "smtp", f, NULL, upgrade);
    session_tls_seen(c.s, &seen);
    assert_true(tls_report_json(&seen, &text));
    json_t *o = json_loads(buf_str(&text), 0, NULL), *tls = json_object_get(o, "tls");
    assert_non_null(tls);
    assert_string_equal(json_string_value(json_object_get(tls, "version")), "TLS 1.3");
    assert_string_equal(json_string_value(json_object_get(tls, "verdict")), "unverified");
    json_t *name = json_array_get(json_object_get(tls, "checks"), TLS_CHECK_NAME);
    assert_string_equal(json_string_value(json_object_get(name, "check")), "host name");
    assert_string_equal(json_string_value(json_object_get(name, "verdict")), "fails");
    json_t *dane = json_array_get(json_object_get(tls, "checks"), TLS_CHECK_DANE);
    assert_string_equal(json_string_value(json_object_get(dane, "verdict")), "not-asked");
    json_t *leaf = json_array_get(json_object_get(tls, "chain"), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(leaf, "names"), 0)),
                        "other.example.test");
    json_t *first = json_array_get(json_object_get(o, "findings"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), "certificate-wrong-name");
    assert_string_equal(json_string_value(json_object_get(first, "gravity")), "grave");
    assert_null(strchr(buf_str(&text), '\n'));
    json_decref(o);
    buf_trim(&text, 0);
    seen.facts = NULL; /* in clear */
    assert_true(tls_report_json(&seen, &text));
    assert_non_null(strstr(buf_str(&text), "\"tls\":null"));
    buf_clear(&text);
    client_close(&c);
    fake_finish(f);
    fake_free(f);
}

/* -- versions ---------------------------------------------------------------------------------- */

#define TO_TLS BANNER, EHLO_TLS, GO
#define TAKES(cert) TO_TLS, STARTTLS(cert), EXPECT("QUIT"), SEND("221 bye\r\n"), ACCEPT_AGAIN()
#define DECLINES(cert) TO_TLS, TLS_FAILS(cert), ACCEPT_AGAIN()

static void on_scan(void *arg, struct tls_scan *s, bool done)
{
    (void)s;
    *(bool *)arg |= done;
}

static struct tls_scan *scan(struct loop *l, const char *scheme, const struct fake *f)
{
    struct session_options o = {0};
    struct target t;
    char text[64], why[300];
    bool done = false;
    snprintf(text, sizeof text, "%s://127.0.0.1:%d", scheme, fake_port(f));
    assert_true(target_parse(text, &t, why, sizeof why));
    struct tls_scan *s = tls_scan_new(l, &t, &o, "me.example", on_scan, &done);
    target_clear(&t);
    uint64_t start = now_us();
    while (!done) {
        if (now_us() - start > 20000000)
            fail_msg("the scan does not come to its end");
        loop_turn(l, 100);
    }
    assert_true(tls_scan_done(s));
    return s;
}

static void versions(void **state)
{
    (void)state;
    static const struct fake_step old_only[] = {TAKES(OLD), TAKES(OLD),     DECLINES(OLD),
                                                TO_TLS,     TLS_FAILS(OLD), END()};
    static const struct fake_step modern[] = {DECLINES(GOOD), DECLINES(GOOD), TAKES(GOOD),
                                              TO_TLS,         STARTTLS(GOOD), BYE};
    static const struct fake_step everything[] = {
        STARTTLS(ALL),  BANNER,         EXPECT("QUIT"), ACCEPT_AGAIN(), STARTTLS(ALL),
        BANNER,         EXPECT("QUIT"), ACCEPT_AGAIN(), STARTTLS(ALL),  BANNER,
        EXPECT("QUIT"), ACCEPT_AGAIN(), STARTTLS(ALL),  BANNER,         BYE};
    static const struct fake_step no_tls[] = {BANNER,
                                              EHLO_TLS,
                                              EXPECT("STARTTLS"),
                                              SEND("502 no\r\n"),
                                              EXPECT("QUIT"),
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              EXPECT("STARTTLS"),
                                              SEND("502 no\r\n"),
                                              EXPECT("QUIT"),
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              EXPECT("STARTTLS"),
                                              SEND("502 no\r\n"),
                                              EXPECT("QUIT"),
                                              ACCEPT_AGAIN(),
                                              BANNER,
                                              EHLO_TLS,
                                              EXPECT("STARTTLS"),
                                              SEND("502 no\r\n"),
                                              BYE};
    static const struct {
        const struct fake_step *script;
        const char *scheme;
        enum tls_accept accept[4];
        const char *ids;
    } all[] = {
        {old_only,
         "smtp",
         {TLS_ACCEPTED, TLS_ACCEPTED, TLS_DECLINED, TLS_DECLINED},
         "only-old-tls-versions"},
        {modern, "smtp", {TLS_DECLINED, TLS_DECLINED, TLS_ACCEPTED, TLS_ACCEPTED}, ""},
        {everything,
         "smtps",
         {TLS_ACCEPTED, TLS_ACCEPTED, TLS_ACCEPTED, TLS_ACCEPTED},
         "old-tls-version"},
        {no_tls, "smtp", {TLS_NOT_TRIED, TLS_NOT_TRIED, TLS_NOT_TRIED, TLS_NOT_TRIED}, ""},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct loop *l = loop_new();
        struct fake *f = fake_start_tcp(all[i].script, certs);
        struct tls_scan *s = scan(l, all[i].scheme, f);
        const struct tls_version_row *r = tls_scan_rows(s);
        struct tls_seen seen = {.proto = NULL,
                                .label = "x",
                                .refused = "",
                                .failed = "",
                                .versions = r,
                                .nversions = TLS_VERSION_ROWS};
        const char *failed = fake_finish(f);
        if (failed)
            fail_msg("row %zu: %s", i, failed);
        for (int v = 0; v < TLS_VERSION_ROWS; v++)
            if (r[v].accept != all[i].accept[v] || !r[v].words[0])
                fail_msg("row %zu, %s: %d %s", i, tls_version_name(r[v].version), (int)r[v].accept,
                         r[v].words);
        assert_string_equal(ids(&seen), all[i].ids);
        struct buf text;
        buf_init(&text, 1 << 20);
        assert_true(tls_report_text(&seen, &text));
        assert_non_null(strstr(buf_str(&text), "TLS 1.0"));
        buf_clear(&text);
        tls_scan_free(s);
        fake_free(f);
        loop_free(l);
    }
}

/* The connections of a scan are compared with the session's list as well. */
static void a_cluster_shows(void **state)
{
    (void)state;
    static const struct fake_step script[] = {
        TO_TLS,      TLS_FAILS(GOOD), ACCEPT_AGAIN(),
        BANNER,      EXPECT("EHLO"),  SEND("250-other.example.test\r\n250-STARTTLS\r\n250 DSN\r\n"),
        GO,          TLS_FAILS(GOOD), ACCEPT_AGAIN(),
        TAKES(GOOD), TO_TLS,          STARTTLS(GOOD),
        BYE};
    struct loop *l = loop_new();
    struct fake *f = fake_start_tcp(script, certs);
    struct tls_scan *s = scan(l, "smtp", f);
    struct caps first;
    caps_init(&first);
    caps_add(&first, "STARTTLS", 8, "", 0);
    caps_add(&first, "SIZE", 4, "1000", 4);
    assert_null(fake_finish(f));
    assert_null(tls_scan_other(s, NULL));
    const struct caps *other = tls_scan_other(s, &first);
    assert_non_null(other);
    struct tls_seen seen = {
        .label = "x", .refused = "", .failed = "", .clear = &first, .old_clear = other};
    assert_non_null(strstr(ids(&seen), "capabilities-differ-between-connections"));
    caps_clear(&first);
    tls_scan_free(s);
    fake_free(f);
    loop_free(l);
}

/* Nobody there; and a scan that is left in the middle. */
static void versions_of_nobody(void **state)
{
    (void)state;
    static const struct fake_step silent[] = {END()};
    struct loop *l = loop_new();
    struct fake *f = fake_start_tcp(silent, certs);
    struct target t;
    struct session_options o = {0};
    char text[64], why[300];
    bool done = false;
    snprintf(text, sizeof text, "smtp://127.0.0.1:%d", fake_port(f));
    assert_true(target_parse(text, &t, why, sizeof why));
    struct tls_scan *s = tls_scan_new(l, &t, &o, "me.example", on_scan, &done);
    for (int i = 0; i < 5; i++)
        loop_turn(l, 10);
    assert_false(done || tls_scan_done(s));
    tls_scan_free(s);
    fake_finish(f);
    fake_free(f); /* from now on the port refuses */
    s = tls_scan_new(l, &t, &o, "me.example", on_scan, &done);
    while (!done)
        loop_turn(l, 100);
    assert_int_equal(tls_scan_rows(s)[0].accept, TLS_NO_ANSWER);
    tls_scan_free(s);
    target_clear(&t);
    loop_free(l);
}

/* Each row says all that it should, ids are unique, and every row was found by a test above or
 * needs what only another part knows. */
static void rules(void **state)
{
    (void)state;
    size_t n;
    const struct tls_rule *r = tls_rules(&n);
    assert_true(n > 15);
    for (size_t i = 0; i < n; i++) {
        assert_true(r[i].title[0] && r[i].why[0] && r[i].next[0] && r[i].ref[0]);
        assert_int_equal(strspn(r[i].id, "abcdefghijklmnopqrstuvwxyz-"), strlen(r[i].id));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(r[i].id, r[k].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts),         cmocka_unit_test(cut_off),
        cmocka_unit_test(readable_logins), cmocka_unit_test(pop3_says_stls),
        cmocka_unit_test(two_connections), cmocka_unit_test(as_json),
        cmocka_unit_test(versions),        cmocka_unit_test(versions_of_nobody),
        cmocka_unit_test(rules),           cmocka_unit_test(a_cluster_shows),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
