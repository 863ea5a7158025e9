/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scenarios of the spoof lab: who sends what from where, and what a receiver concludes of it
 * under each policy of bank.test, by both RFCs. The names are reserved (RFC 2606, RFC 6761). */
#include "tests/support/check.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANK "192.0.2.10"
#define EVIL "203.0.113.66"
#define LISTS "198.51.100.10"
#define ALUMNI "198.51.100.25"
#define ESP "198.51.100.70"

static const char world[] = "bank.test. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
                            "mail.bank.test. TXT \"v=spf1 ip4:192.0.2.10 -all\"\n"
                            "bounce.bank.test. TXT \"v=spf1 include:bank.test -all\"\n"
                            "pay.bank.test. A 192.0.2.20\n"
                            "evil.test. TXT \"v=spf1 ip4:203.0.113.66 -all\"\n"
                            "_dmarc.evil.test. TXT \"v=DMARC1; p=reject\"\n"
                            "bank-service.test. TXT \"v=spf1 ip4:203.0.113.66 -all\"\n"
                            "_dmarc.bank-service.test. TXT \"v=DMARC1; p=reject\"\n"
                            "xn--bnk-6cd.test. TXT \"v=spf1 ip4:203.0.113.66 -all\"\n"
                            "_dmarc.xn--bnk-6cd.test. TXT \"v=DMARC1; p=reject\"\n"
                            "lists.test. TXT \"v=spf1 ip4:198.51.100.10 -all\"\n"
                            "_dmarc.lists.test. TXT \"v=DMARC1; p=none\"\n"
                            "alumni.test. TXT \"v=spf1 ip4:198.51.100.25 -all\"\n"
                            "esp.test. TXT \"v=spf1 ip4:198.51.100.71 -all\"\n";

static const char *const policies[] = {
    NULL, "p=none", "p=quarantine", "p=reject", "p=reject; adkim=s; aspf=s", "p=reject; sp=none",
};

enum { POLICIES = 6 };

/* For each policy: - none, d failed and delivered, q quarantine, r reject, P pass, x not evaluated.
 */
static const struct scenario {
    const char *name, *ip, *helo, *mail_from;
    const char *from;       /* the header's fields but Date and Subject */
    const char *signers[2]; /* the domains that sign, in this order */
    int changed;            /* that many of them signed before the list changed the letter */
    const char *spf, *dkim, *dmarc;
} scenarios[] = {
    {"S01 plain spoof",
     EVIL,
     "evil.test",
     "alice@bank.test",
     "From: Alice Meyer <alice@bank.test>",
     {NULL},
     0,
     "fail bank.test",
     "",
     "-dqrrr"},
    {"S02 own envelope, spoofed header",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Alice Meyer <alice@bank.test>",
     {NULL},
     0,
     "pass evil.test",
     "",
     "-dqrrr"},
    {"S02 with a signature of its own",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Alice Meyer <alice@bank.test>",
     {"evil.test"},
     0,
     "pass evil.test",
     "pass evil.test",
     "-dqrrr"},
    {"S03 display name",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: \"alice@bank.test\" <mallory@evil.test>",
     {"evil.test"},
     0,
     "pass evil.test",
     "pass evil.test",
     "PPPPPP"},
    {"S03 display name, encoded",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: =?utf-8?q?Alice_Meyer_=3Calice=40bank=2Etest=3E?= <mallory@evil.test>",
     {"evil.test"},
     0,
     "pass evil.test",
     "pass evil.test",
     "PPPPPP"},
    {"S04 Reply-To diversion",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Alice Meyer <alice@bank.test>\r\nReply-To: Alice Meyer <alice.meyer@evil.test>",
     {NULL},
     0,
     "pass evil.test",
     "",
     "-dqrrr"},
    {"S05 lookalike domain",
     EVIL,
     "bank-service.test",
     "alice@bank-service.test",
     "From: Alice Meyer <alice@bank-service.test>",
     {"bank-service.test"},
     0,
     "pass bank-service.test",
     "pass bank-service.test",
     "PPPPPP"},
    {"S05b IDN homograph",
     EVIL,
     "xn--bnk-6cd.test",
     "alice@xn--bnk-6cd.test",
     "From: Alice Meyer <alice@b\xD0\xB0nk.test>",
     {"xn--bnk-6cd.test"},
     0,
     "pass xn--bnk-6cd.test",
     "pass xn--bnk-6cd.test",
     "PPPPPP"},
    {"S06 subdomain spoof",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Billing <billing@pay.bank.test>",
     {NULL},
     0,
     "pass evil.test",
     "",
     "-dqrrd"},
    {"S07 genuine, bounce subdomain in envelope",
     BANK,
     "mail.bank.test",
     "b17@bounce.bank.test",
     "From: Alice Meyer <alice@bank.test>",
     {NULL},
     0,
     "pass bounce.bank.test",
     "",
     "-PPPrP"},
    {"S07b genuine, signed by mail.bank.test",
     ESP,
     "esp.test",
     "b@esp.test",
     "From: Alice Meyer <alice@bank.test>",
     {"mail.bank.test"},
     0,
     "fail esp.test",
     "pass mail.bank.test",
     "-PPPrP"},
    {"S08 forwarded, no DKIM",
     ALUMNI,
     "alumni.test",
     "alice@bank.test",
     "From: Alice Meyer <alice@bank.test>",
     {NULL},
     0,
     "fail bank.test",
     "",
     "-dqrrr"},
    {"S08 forwarded with SRS",
     ALUMNI,
     "alumni.test",
     "SRS0=x=bank.test=alice@alumni.test",
     "From: Alice Meyer <alice@bank.test>",
     {NULL},
     0,
     "pass alumni.test",
     "",
     "-dqrrr"},
    {"S09 forwarded, DKIM",
     ALUMNI,
     "alumni.test",
     "alice@bank.test",
     "From: Alice Meyer <alice@bank.test>",
     {"bank.test"},
     0,
     "fail bank.test",
     "pass bank.test",
     "-PPPPP"},
    {"S10 mailing list, footer",
     LISTS,
     "lists.test",
     "chess-bounces@lists.test",
     "From: Alice Meyer <alice@bank.test>",
     {"bank.test"},
     1,
     "pass lists.test",
     "fail bank.test",
     "-dqrrr"},
    {"S10b mailing list, From rewritten",
     LISTS,
     "lists.test",
     "chess-bounces@lists.test",
     "From: Alice via chess <chess@lists.test>",
     {"bank.test", "lists.test"},
     1,
     "pass lists.test",
     "pass lists.test, fail bank.test",
     "PPPPPP"},
    {"S11 Sender differs",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Alice Meyer <alice@bank.test>\r\nSender: Mallory <mallory@evil.test>",
     {"evil.test"},
     0,
     "pass evil.test",
     "pass evil.test",
     "-dqrrr"},
    {"S12 two From fields",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Mallory <mallory@evil.test>\r\nFrom: Alice Meyer <alice@bank.test>",
     {"evil.test"},
     0,
     "pass evil.test",
     "pass evil.test",
     "xxxxxx"},
    {"S12 no From",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "Sender: a@bank.test",
     {NULL},
     0,
     "pass evil.test",
     "",
     "xxxxxx"},
    {"S12 a group",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: us: alice@bank.test;",
     {NULL},
     0,
     "pass evil.test",
     "",
     "xxxxxx"},
    {"S13 null sender bounce",
     BANK,
     "mail.bank.test",
     "",
     "From: Mail system <postmaster@bank.test>",
     {NULL},
     0,
     "pass mail.bank.test",
     "",
     "-PPPrP"},
    {"S13b forged bounce",
     EVIL,
     "evil.test",
     "<>",
     "From: Mail system <postmaster@bank.test>",
     {NULL},
     0,
     "pass evil.test",
     "",
     "-dqrrr"},
    {"S14 Bcc",
     BANK,
     "mail.bank.test",
     "alice@bank.test",
     "From: Alice Meyer <alice@bank.test>\r\nTo: Carol <carol@school.test>",
     {"bank.test"},
     0,
     "pass bank.test",
     "pass bank.test",
     "-PPPPP"},
    {"S15 To is not RCPT",
     EVIL,
     "evil.test",
     "mallory@evil.test",
     "From: Mallory <mallory@evil.test>\r\nTo: president@bank.test",
     {"evil.test"},
     0,
     "pass evil.test",
     "pass evil.test",
     "PPPPPP"},
    {"S16 genuine",
     BANK,
     "mail.bank.test",
     "<alice@bank.test>",
     "From: Alice Meyer <alice@bank.test>\r\nAuthentication-Results: mx.school.test; dmarc=pass",
     {"bank.test"},
     0,
     "pass bank.test",
     "pass bank.test",
     "-PPPPP"},
};

static const char *const signers[] = {"bank.test",         "mail.bank.test", "evil.test",
                                      "bank-service.test", "lists.test",     "xn--bnk-6cd.test"};

enum { SIGNERS = sizeof signers / sizeof *signers };
static struct dkim_key *keys[SIGNERS];

static int make_keys(void **state)
{
    char why[200];
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++) {
        unsigned char seed[32];
        memset(seed, (int)i + 1, sizeof seed);
        keys[i] = dkim_key_seed(seed, why, sizeof why);
        if (!keys[i])
            return -1;
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++)
        dkim_key_free(keys[i]);
    return 0;
}

static struct zone *zone_with(const char *more)
{
    char why[300] = "";
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_add_str(&b, world);
    for (size_t i = 0; i < SIGNERS; i++) {
        buf_addf(&b, "s._domainkey.%s. TXT \"", signers[i]);
        dkim_key_record(keys[i], &b);
        buf_add_str(&b, "\"\n");
    }
    buf_add_str(&b, more);
    struct zone *z = zone_parse("world", buf_str(&b), b.len, why, sizeof why);
    if (!z)
        fail_msg("%s", why);
    buf_clear(&b);
    return z;
}

/* Puts a signature in front. */
static void sign(struct buf *letter, const char *domain)
{
    char why[200] = "";
    size_t i = 0;
    struct mailtext m;
    struct buf out;
    struct dkim_signing how = {.domain = domain,
                               .selector = "s",
                               .headers = "from:to:subject:from",
                               .relaxed_header = true,
                               .relaxed_body = true};
    while (strcmp(signers[i], domain) != 0)
        i++;
    mailtext_parse(&m, buf_str(letter), letter->len);
    buf_init(&out, 1 << 16);
    if (!dkim_sign(&m, keys[i], &how, &out, why, sizeof why))
        fail_msg("%s", why);
    buf_add(&out, letter->p, letter->len);
    mailtext_clear(&m);
    buf_clear(letter);
    *letter = out;
}

static void write_letter(const struct scenario *s, struct buf *b)
{
    bool changed = s->changed > 0;
    buf_addf(b, "%s\r\nSubject: Your appointment\r\n\r\nSee you at ten.\r\n",
             changed ? "From: Alice Meyer <alice@bank.test>" : s->from);
    for (int i = 0; i < 2 && s->signers[i]; i++) {
        if (i == s->changed && changed) {
            /* The list rewrites what its own signature then covers. */
        } else {
            sign(b, s->signers[i]);
        }
        if (i + 1 == s->changed) {
            const char *rest = strstr(buf_str(b), "From: Alice");
            struct buf c;
            buf_init(&c, 1 << 16);
            buf_add(&c, b->p, (size_t)(rest - b->p));
            buf_addf(&c,
                     "%s\r\nSubject: [chess] Your appointment\r\n\r\nSee you at ten.\r\n-- \r\n"
                     "chess@lists.test\r\n",
                     s->from);
            buf_clear(b);
            *b = c;
            if (s->signers[i + 1])
                sign(b, s->signers[i + 1]);
        }
    }
}

static char letter_of(const struct dmarc *d)
{
    if (!d->evaluated)
        return d->result == DMARC_NONE ? 'x' : '?';
    switch (d->result) {
    case DMARC_NONE:
        return '-';
    case DMARC_PASS:
        return d->disposition == POLICY_NONE ? 'P' : '?';
    case DMARC_FAIL:
        return "dqr"[d->disposition];
    default:
        return '?';
    }
}

static void all(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const struct scenario *s = &scenarios[i];
        struct buf text;
        struct mailtext m;
        buf_init(&text, 1 << 16);
        write_letter(s, &text);
        mailtext_parse(&m, buf_str(&text), text.len);
        for (int p = 0; p < POLICIES; p++) {
            char record[200] = "", spf[300], dkim[400] = "";
            if (policies[p])
                snprintf(record, sizeof record, "_dmarc.bank.test. TXT \"v=DMARC1; %s\"\n",
                         policies[p]);
            struct zone *z = zone_with(record);
            struct rr_source dns = zone_source(z);
            struct verdict v;
            struct verdict_query q = {.ip = s->ip,
                                      .helo = s->helo,
                                      .mail_from = s->mail_from,
                                      .authserv_id = "mx.school.test"};
            verdict_make(&q, &m, &dns, &v);
            snprintf(spf, sizeof spf, "%s %s", spf_word(v.spf.result), v.spf.domain);
            for (size_t k = 0; k < v.dkim.n; k++)
                snprintf(dkim + strlen(dkim), sizeof dkim - strlen(dkim), "%s%s %s", k ? ", " : "",
                         dkim_word(v.dkim.at[k].result), v.dkim.at[k].d);
            bool ok = strcmp(spf, s->spf) == 0 && strcmp(dkim, s->dkim) == 0 && !v.pending;
            for (int rfc = 0; rfc < DMARC_RFCS; rfc++)
                if (letter_of(&v.dmarc[rfc]) != s->dmarc[p] || !ok || !v.dmarc[rfc].because.len) {
                    wrong++;
                    print_message("# %s, %s: %s; %s; %c: %s\n", s->name,
                                  policies[p] ? policies[p] : "no record", spf, dkim,
                                  letter_of(&v.dmarc[rfc]), buf_str(&v.dmarc[rfc].because));
                }
            verdict_clear(&v);
            zone_free(z);
        }
        mailtext_clear(&m);
        buf_clear(&text);
    }
    assert_int_equal(wrong, 0);
}

/* What the two RFCs make of odd records: the zone's lines, the From field, client and sender; then
 * the letter, the record's domain and the organization by RFC 9989, and the letter by RFC 7489. */
static const struct {
    const char *zone, *from, *mail_from;
    char modern;
    const char *policy_domain, *org;
    char old;
} odd[] = {
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject; np=none\"\n", "a@no-such.bank.test",
     "m@evil.test", 'd', "bank.test", "bank.test", 'r'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=none; sp=quarantine; np=reject\"\n",
     "a@no-such.bank.test", "m@evil.test", 'r', "bank.test", "bank.test", 'q'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=none; sp=quarantine; np=reject\"\n", "a@pay.bank.test",
     "m@evil.test", 'q', "bank.test", "bank.test", 'q'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.pay.bank.test. TXT \"v=DMARC1; "
     "p=none\"\n",
     "a@pay.bank.test", "m@evil.test", 'd', "pay.bank.test", "bank.test", 'd'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject; t=y\"\n", "a@bank.test", "m@evil.test", 'q',
     "bank.test", "bank.test", 'r'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=quarantine; t=y\"\n", "a@bank.test", "m@evil.test", 'd',
     "bank.test", "bank.test", 'q'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject; pct=0\"\n", "a@bank.test", "m@evil.test", 'r',
     "bank.test", "bank.test", 'q'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=quarantine; pct=0\"\n", "a@bank.test", "m@evil.test", 'q',
     "bank.test", "bank.test", 'd'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.bank.test. TXT \"v=DMARC1; p=none\"\n",
     "a@bank.test", "m@evil.test", '-', "", "bank.test", '-'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n_dmarc.bank.test. TXT \"v=spf1 -all\"\n",
     "a@bank.test", "m@evil.test", 'r', "bank.test", "bank.test", 'r'},
    {"_dmarc.bank.test. TXT \"p=reject; v=DMARC1\"\n", "a@bank.test", "m@evil.test", '-', "",
     "bank.test", '-'},
    {"_dmarc.bank.test. TXT \"v=DMARC1\"\n", "a@bank.test", "m@evil.test", 'd', "bank.test",
     "bank.test", '-'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=refuse\"\n", "a@bank.test", "m@evil.test", '-', "",
     "bank.test", '-'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=refuse; rua=mailto:r@bank.test\"\n", "a@bank.test",
     "m@evil.test", 'd', "bank.test", "bank.test", 'd'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject; sp=refuse; rua=mailto:r@bank.test\"\n",
     "a@bank.test", "m@evil.test", 'd', "bank.test", "bank.test", 'd'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=REJECT ;; nonsense; x=y\"\n", "a@bank.test",
     "m@evil.test", 'r', "bank.test", "bank.test", 'r'},
    /* A department of its own (psd=n) is not of the bank's organization any more. */
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n"
     "_dmarc.bounce.bank.test. TXT \"v=DMARC1; p=reject; psd=n\"\n",
     "a@bank.test", "b@bounce.bank.test", 'r', "bank.test", "bank.test", 'P'},
    {"_dmarc.pay.bank.test. TXT \"v=DMARC1; p=reject; psd=n\"\n"
     "_dmarc.bank.test. TXT \"v=DMARC1; p=none\"\n",
     "a@pay.bank.test", "b@bounce.bank.test", 'r', "pay.bank.test", "pay.bank.test", 'P'},
    /* test is a public suffix: bank.test is the organization, and test's record is for who has
       none. */
    {"_dmarc.test. TXT \"v=DMARC1; p=reject; psd=y\"\n", "a@bank.test", "b@bounce.bank.test", 'P',
     "test", "bank.test", '-'},
    {"_dmarc.test. TXT \"v=DMARC1; p=reject; sp=quarantine; psd=y\"\n", "a@bank.test",
     "m@evil.test", 'q', "test", "bank.test", '-'},
    {"_dmarc.test. TXT \"v=DMARC1; p=reject; psd=y\"\n_dmarc.bank.test. TXT \"v=DMARC1; p=none\"\n",
     "a@pay.bank.test", "b@bounce.bank.test", 'P', "bank.test", "bank.test", 'P'},
    /* Without psd=y it is an organization like others, and evil.test belongs to it. */
    {"_dmarc.test. TXT \"v=DMARC1; p=reject\"\n", "a@bank.test", "b@bounce.bank.test", 'P', "test",
     "test", '-'},
    /* Ten labels: the name itself, then the last seven, never the three below. */
    {"_dmarc.c.d.e.f.g.h.bank.test. TXT \"v=DMARC1; p=reject\"\n", "x@a.b.c.d.e.f.g.h.bank.test",
     "m@evil.test", '-', "", "a.b.c.d.e.f.g.h.bank.test", '-'},
    {"_dmarc.e.f.g.h.bank.test. TXT \"v=DMARC1; p=reject\"\n", "x@a.b.c.d.e.f.g.h.bank.test",
     "m@evil.test", 'r', "e.f.g.h.bank.test", "e.f.g.h.bank.test", '-'},
    {"_dmarc.bank.test. TXT \"v=DMARC1; p=quarantine\"\n", "a@bank.test, m@evil.test",
     "m@evil.test", 'x', "", "", 'q'},
};

static void odd_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char text[400];
        bool bank = strstr(odd[i].mail_from, "bank") != NULL;
        struct zone *z = zone_with(odd[i].zone);
        struct rr_source dns = zone_source(z);
        struct mailtext m;
        struct verdict v;
        struct verdict_query q = {.ip = bank ? BANK : EVIL,
                                  .helo = "x.test",
                                  .mail_from = odd[i].mail_from,
                                  .authserv_id = "mx"};
        snprintf(text, sizeof text, "From: %s\r\n\r\nx\r\n", odd[i].from);
        mailtext_parse(&m, text, strlen(text));
        verdict_make(&q, &m, &dns, &v);
        const struct dmarc *modern = &v.dmarc[DMARC_9989], *old = &v.dmarc[DMARC_7489];
        if (letter_of(modern) != odd[i].modern || letter_of(old) != odd[i].old ||
            strcmp(modern->policy_domain, odd[i].policy_domain) != 0 ||
            strcmp(modern->org_domain, odd[i].org) != 0)
            fail_msg("%s From %s: %c at %s of %s, old %c\n%s\n%s", odd[i].zone, odd[i].from,
                     letter_of(modern), modern->policy_domain, modern->org_domain, letter_of(old),
                     buf_str(&modern->because), buf_str(&old->because));
        verdict_clear(&v);
        mailtext_clear(&m);
        zone_free(z);
    }
}

static void temporary(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *mail_from;
        enum dmarc_result result;
    } rows[] = {
        {";!TIMEOUT _dmarc.bank.test TXT\n", "m@evil.test", DMARC_TEMPERROR},
        {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n;!TIMEOUT mail.bank.test\n",
         "m@mail.bank.test", DMARC_TEMPERROR},
        {"_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"\n;!TIMEOUT slow.test\n", "m@slow.test",
         DMARC_FAIL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const char text[] = "From: a@bank.test\r\n\r\nx\r\n";
        struct zone *z = zone_with(rows[i].zone);
        struct rr_source dns = zone_source(z);
        struct mailtext m;
        struct verdict v;
        struct verdict_query q = {
            .ip = EVIL, .helo = "x", .mail_from = rows[i].mail_from, .authserv_id = "mx"};
        mailtext_parse(&m, text, sizeof text - 1);
        verdict_make(&q, &m, &dns, &v);
        for (int rfc = 0; rfc < DMARC_RFCS; rfc++)
            if (v.dmarc[rfc].result != rows[i].result)
                fail_msg("%s: %s", rows[i].zone, buf_str(&v.dmarc[rfc].because));
        verdict_clear(&v);
        mailtext_clear(&m);
        zone_free(z);
    }
}

static void forged(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool ours;
    } rows[] = {
        {"Authentication-Results: mx.school.test; dmarc=pass", true},
        {"AUTHENTICATION-RESULTS:\r\n\t(hello (you)) MX.School.Test 1; spf=pass", true},
        {"Authentication-Results: \"mx.school.test\"; none", true},
        {"Authentication-Results: mx.school.test", true},
        {"Authentication-Results: mx.school.test.evil.test; none", false},
        {"Authentication-Results: mx.evil.test; dmarc=pass", false},
        {"X-Authentication-Results: mx.school.test; dmarc=pass", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mailtext m;
        mailtext_parse(&m, rows[i].field, strlen(rows[i].field));
        assert_int_equal(m.n, 1);
        if (results_forged(&m.at[0], "mx.school.test") != rows[i].ours)
            fail_msg("%s", rows[i].field);
        mailtext_clear(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all), cmocka_unit_test(odd_records),
                                       cmocka_unit_test(temporary), cmocka_unit_test(forged)};
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
