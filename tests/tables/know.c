/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of replies, enhanced codes, POP3, events, sequences and the client's lines: none empty,
 * none twice, none that can never win, everything registered is there, and each fits where it is
 * shown. */
#include "tests/support/check.h"
#include "know/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUTTER 46      /* columns that the transcript has for it */
#define CLASS_WORDS 11 /* "permanent: " */
#define WHY                                                                                        \
    240 /* octets of what, who, mends and next together: three lines of the why pane at 80x24 */

static void sound(const char *where, const char *text, bool may_be_empty)
{
    if (!text)
        fail_msg("%s: NULL", where);
    if (!*text && !may_be_empty)
        fail_msg("%s: empty", where);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
            fail_msg("%s: an octet %02x in \"%s\"", where, (unsigned char)*c, text);
    if (*text == ' ' || (*text && text[strlen(text) - 1] == ' ') || strstr(text, "  "))
        fail_msg("%s: blanks in \"%s\"", where, text);
}

static void sentence(const char *where, const char *text)
{
    size_t n = strlen(text);
    if (n && !strchr(".!?)", text[n - 1]))
        fail_msg("%s: no sentence: \"%s\"", where, text);
}

/* What every row of a reply has. */
static void explains(const char *where, const char *gutter, size_t most, const char *what,
                     const char *decided, const char *mends, const char *next, const char *ref)
{
    sound(where, gutter, false);
    sound(where, what, false);
    sound(where, decided, false);
    sound(where, mends, false);
    sound(where, next, false);
    sound(where, ref, false);
    sentence(where, what);
    if (strlen(gutter) > most)
        fail_msg("%s: %zu columns in the gutter: \"%s\"", where, strlen(gutter), gutter);
    size_t all = strlen(what) + strlen(decided) + strlen(mends) + strlen(next);
    if (all > WHY)
        fail_msg("%s: %zu octets for the why pane", where, all);
    /* A reference is an RFC, or says whose habit it is. */
    if (!strstr(ref, "RFC ") && !strstr(ref, "unregistered") && !strstr(ref, "registry") &&
        strlen(ref) < 5)
        fail_msg("%s: no reference: \"%s\"", where, ref);
}

static void codes_are_sound(void **state)
{
    (void)state;
    size_t n;
    const struct know_code *c = know_codes(&n);
    for (size_t i = 0; i < n; i++) {
        char where[100];
        snprintf(where, sizeof where, "codes.def: %s %d%c %s", c[i].proto, c[i].code,
                 c[i].cls ? c[i].cls : ' ', c[i].verb);
        sound(where, c[i].short_, false);
        explains(where, c[i].gutter, GUTTER - CLASS_WORDS, c[i].what, c[i].decided, c[i].mends,
                 c[i].next, c[i].ref);
        assert_true((c[i].code >= 200 && c[i].code <= 599) != (c[i].cls >= '2' && c[i].cls <= '5'));
        if (!strstr(c[i].ref, "unofficial") && !strstr(c[i].ref, "RFC ") &&
            !strstr(c[i].ref, "Postfix"))
            fail_msg("%s: no RFC", where);
        for (size_t k = i + 1; k < n; k++)
            if (c[i].code == c[k].code && c[i].cls == c[k].cls &&
                strcmp(c[i].proto, c[k].proto) == 0 && strcmp(c[i].verb, c[k].verb) == 0)
                fail_msg("%s: twice", where);
    }
}

/* A row is found by its own key: otherwise another one hides it. */
static void codes_can_all_win(void **state)
{
    (void)state;
    size_t n;
    const struct know_code *c = know_codes(&n);
    for (size_t i = 0; i < n; i++) {
        /* 299, 399, 499 and 599 are in no list: their class answers. */
        int code = c[i].code ? c[i].code : (c[i].cls - '0') * 100 + 99;
        if (know_code(c[i].proto, code, c[i].verb) != &c[i])
            fail_msg("codes.def: %s %d %s can never win", c[i].proto, code, c[i].verb);
    }
}

/* The verb of each row exists in the driver that the row is for, or is one of the names of our own.
 */
static bool verb_exists(const char *proto, const char *verb)
{
    bool tls;
    unsigned short port;
    const struct proto *p = proto_find(proto, strlen(proto), &tls, &port);
    if (strcmp(verb, "*") == 0 || strcmp(verb, "(unknown)") == 0 ||
        strcmp(verb, "(unsolicited)") == 0)
        return true;
    for (size_t i = 0; i < p->nverbs; i++)
        if (strcmp(p->verbs[i].name, verb) == 0)
            return true;
    return false;
}

static void verbs_exist(void **state)
{
    (void)state;
    size_t n;
    const struct know_code *c = know_codes(&n);
    for (size_t i = 0; i < n; i++)
        if (!verb_exists(c[i].proto, c[i].verb))
            fail_msg("codes.def: %s has no verb %s", c[i].proto, c[i].verb);
    const struct know_enhanced *e = know_enhanced(&n);
    for (size_t i = 0; i < n; i++)
        if (!verb_exists("smtp", e[i].verb))
            fail_msg("enhanced.def: no verb %s", e[i].verb);
    const struct know_status *s = know_statuses(&n);
    for (size_t i = 0; i < n; i++)
        if (!verb_exists("pop3", s[i].verb))
            fail_msg("pop3.def: no verb %s", s[i].verb);
    const struct know_seq *q = know_seqs(&n);
    for (size_t i = 0; i < n; i++)
        if (!verb_exists(q[i].pop3 ? "pop3" : "smtp", q[i].verb))
            fail_msg("sequence.def: no verb %s", q[i].verb);
    const struct know_purpose *u = know_purposes(&n);
    for (size_t i = 0; i < n; i++)
        if (!verb_exists(u[i].proto, u[i].verb) && !verb_exists("lmtp", u[i].verb))
            fail_msg("client.def: no verb %s", u[i].verb);
}

static void every_code_of_the_lists_has_a_row(void **state)
{
    (void)state;
    /* RFC 5321, 1985, 2645, 3207, 4954, 7504 and the registry of RFC 5248; then what is sent
     * without being registered. */
    static const int lists[] = {
        211, 214, 220, 221, 234, 235, 250, 251, 252, 253, 334, 354, 400, 412, 417, 421,
        422, 426, 430, 431, 432, 435, 441, 442, 446, 447, 449, 450, 451, 452, 453, 454,
        455, 456, 458, 459, 471, 500, 501, 502, 503, 504, 510, 511, 512, 513, 515, 517,
        521, 522, 523, 524, 525, 530, 531, 533, 534, 535, 538, 540, 541, 542, 543, 546,
        547, 550, 551, 552, 553, 554, 555, 556, 557, 559, 570, 571, 591,
    };
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct know_code *c = know_code("smtp", lists[i], "*");
        assert_non_null(c);
        if (c->code != lists[i])
            fail_msg("%d has no row of its own", lists[i]);
    }
    for (int code = 200; code <= 599; code++) {
        assert_non_null(know_code("smtp", code, "*"));
        assert_non_null(know_code("lmtp", code, "(end of letter)"));
        assert_non_null(know_code("submission", code, "no such verb"));
    }
    assert_null(know_code("smtp", 199, "*"));
    assert_null(know_code("smtp", 600, "*"));
    assert_null(know_code("smtp", 0, "*"));
    assert_null(know_code("smtp", -5, "*"));
}

static void the_most_specific_row_wins(void **state)
{
    (void)state;
    assert_string_equal(know_code("smtp", 550, "RCPT")->verb, "RCPT");
    assert_string_equal(know_code("lmtp", 550, "RCPT")->proto, "smtp");
    assert_string_equal(know_code("lmtp", 550, "(end of letter)")->proto, "lmtp");
    assert_string_equal(know_code("submission", 220, "(banner)")->proto, "submission");
    assert_string_equal(know_code("smtp", 220, "(banner)")->proto, "smtp");
    /* By relation: HELO has no 501 of its own, BDAT no 552, SAML is a kind of MAIL. */
    assert_string_equal(know_code("smtp", 501, "HELO")->verb, "EHLO");
    assert_string_equal(know_code("smtp", 552, "BDAT")->verb, "(end of letter)");
    assert_string_equal(know_code("smtp", 552, "BURL")->verb, "(end of letter)");
    assert_string_equal(know_code("smtp", 250, "SAML")->verb, "MAIL");
    assert_string_equal(know_code("smtp", 250, "HELO")->verb, "HELO");
    /* An exact code at any verb comes before the class at this verb. */
    assert_int_equal(know_code("smtp", 571, "RCPT")->code, 571);
    assert_int_equal(know_code("smtp", 599, "RCPT")->code, 0);
    assert_string_equal(know_code("smtp", 599, "RCPT")->verb, "RCPT");
}

/* ---- enhanced codes ---- */

static void enhanced_codes_are_sound(void **state)
{
    (void)state;
    size_t n;
    const struct know_enhanced *e = know_enhanced(&n);
    for (size_t i = 0; i < n; i++) {
        char where[100];
        snprintf(where, sizeof where, "enhanced.def: [%s].%d.%d %s", e[i].classes, e[i].subject,
                 e[i].detail, e[i].verb);
        sound(where, e[i].name, false);
        sound(where, e[i].basic, true);
        explains(where, e[i].gutter, GUTTER - CLASS_WORDS, e[i].what, e[i].decided, e[i].mends,
                 e[i].next, e[i].ref);
        if (!*e[i].classes || strspn(e[i].classes, "245") != strlen(e[i].classes))
            fail_msg("%s: classes", where);
        assert_true(e[i].last >= e[i].detail && e[i].subject >= 0 && e[i].subject <= 7);
        for (const char *b = e[i].basic; *b; b += strcspn(b, ",") + (strchr(b, ',') != NULL))
            if (atoi(b) < 200 || atoi(b) > 599)
                fail_msg("%s: basic code \"%s\"", where, b);
        for (size_t k = i + 1; k < n; k++)
            if (e[i].subject == e[k].subject && e[i].detail == e[k].detail &&
                e[i].last == e[k].last && strcmp(e[i].verb, e[k].verb) == 0 &&
                strpbrk(e[i].classes, e[k].classes))
                fail_msg("%s: twice", where);
    }
}

static void enhanced_codes_can_all_win(void **state)
{
    (void)state;
    size_t n;
    const struct know_enhanced *e = know_enhanced(&n);
    for (size_t i = 0; i < n; i++) {
        for (const char *c = e[i].classes; *c; c++) {
            bool won = false;
            for (int d = e[i].detail; d <= e[i].last && !won; d++)
                won = know_enhanced_at(*c - '0', e[i].subject, d, e[i].verb) == &e[i];
            if (!won)
                fail_msg("enhanced.def: %c.%d.%d %s can never win", *c, e[i].subject, e[i].detail,
                         e[i].verb);
        }
    }
}

static void every_registered_enhanced_code_has_a_row(void **state)
{
    (void)state;
    /* The IANA registry: for each subject the highest detail, and the classes of each code. */
    static const struct {
        int subject, detail;
        const char *classes;
    } registry[] = {
        {0, 0, "245"}, {1, 0, "245"}, {1, 1, "5"},   {1, 2, "5"},   {1, 3, "5"},   {1, 4, "5"},
        {1, 5, "2"},   {1, 6, "5"},   {1, 7, "5"},   {1, 8, "5"},   {1, 9, "2"},   {1, 10, "5"},
        {2, 0, "245"}, {2, 1, "45"},  {2, 2, "45"},  {2, 3, "5"},   {2, 4, "45"},  {3, 0, "245"},
        {3, 1, "45"},  {3, 2, "45"},  {3, 3, "5"},   {3, 4, "5"},   {3, 5, "45"},  {3, 6, "2"},
        {4, 0, "245"}, {4, 1, "4"},   {4, 2, "4"},   {4, 3, "45"},  {4, 4, "45"},  {4, 5, "4"},
        {4, 6, "45"},  {4, 7, "45"},  {5, 0, "245"}, {5, 1, "5"},   {5, 2, "5"},   {5, 3, "45"},
        {5, 4, "5"},   {5, 5, "5"},   {5, 6, "5"},   {6, 0, "245"}, {6, 1, "5"},   {6, 2, "5"},
        {6, 3, "45"},  {6, 4, "245"}, {6, 5, "45"},  {6, 6, "45"},  {6, 7, "45"},  {6, 8, "25"},
        {6, 9, "5"},   {6, 10, "5"},  {7, 0, "245"}, {7, 1, "45"},  {7, 2, "5"},   {7, 3, "5"},
        {7, 4, "5"},   {7, 5, "45"},  {7, 6, "5"},   {7, 7, "5"},   {7, 8, "5"},   {7, 9, "5"},
        {7, 10, "5"},  {7, 11, "5"},  {7, 12, "4"},  {7, 13, "5"},  {7, 14, "45"}, {7, 15, "45"},
        {7, 16, "5"},  {7, 17, "5"},  {7, 18, "5"},  {7, 19, "5"},  {7, 20, "5"},  {7, 21, "5"},
        {7, 22, "5"},  {7, 23, "5"},  {7, 24, "45"}, {7, 25, "5"},  {7, 26, "5"},  {7, 27, "5"},
        {7, 28, "45"}, {7, 29, "5"},  {7, 30, "5"},
    };
    for (size_t i = 0; i < COUNT(registry); i++)
        for (const char *c = registry[i].classes; *c; c++) {
            const struct know_enhanced *e =
                know_enhanced_code(*c - '0', registry[i].subject, registry[i].detail);
            if (!e || e->detail != registry[i].detail || !strchr(e->classes, *c))
                fail_msg("%c.%d.%d has no row", *c, registry[i].subject, registry[i].detail);
        }
}

static void enhanced_codes_fall_back_to_something_true(void **state)
{
    (void)state;
    for (int cls = 2; cls <= 5; cls++)
        for (int s = 0; s <= 7; s++)
            for (int d = 0; d <= 999; d += 37)
                if (cls != 3 && !know_enhanced_at(cls, s, d, "RCPT"))
                    fail_msg("%d.%d.%d: nothing", cls, s, d);
    assert_int_equal(know_enhanced_code(5, 7, 999)->detail, -1);
    assert_string_equal(know_enhanced_code(4, 7, 999)->classes, "4");
    /* "no such mailbox" says nothing about a success that carries its number by mistake. */
    assert_int_equal(know_enhanced_code(2, 1, 1)->detail, -1);
    assert_null(know_enhanced_code(5, 8, 0));
    assert_null(know_enhanced_code(5, -1, 0));
    assert_null(know_enhanced_code(5, 1, 1000));
    /* Of a range, and a single row inside one. */
    assert_int_equal(know_enhanced_code(5, 7, 613)->detail, 606);
    assert_int_equal(know_enhanced_code(5, 7, 504)->detail, 504);
    /* At the verb. */
    assert_string_equal(know_enhanced_at(5, 7, 1, "RCPT")->verb, "RCPT");
    assert_string_equal(know_enhanced_at(5, 7, 1, "BDAT")->verb, "(end of letter)");
    assert_string_equal(know_enhanced_at(5, 7, 1, "VRFY")->verb, "*");
}

/* ---- POP3 ---- */

static void pop3_is_sound(void **state)
{
    (void)state;
    size_t n, k;
    const struct know_status *s = know_statuses(&n);
    for (size_t i = 0; i < n; i++) {
        char where[100];
        snprintf(where, sizeof where, "pop3.def: %s %s %s", s[i].status, s[i].verb, s[i].variant);
        sound(where, s[i].short_, false);
        explains(where, s[i].gutter, GUTTER - 9, s[i].what, s[i].decided, s[i].mends, s[i].next,
                 s[i].ref);
        if (know_status(s[i].status, s[i].verb, s[i].variant) != &s[i])
            fail_msg("%s: twice, or can never win", where);
    }
    const struct know_respcode *r = know_respcodes(&k);
    for (size_t i = 0; i < k; i++) {
        char where[100];
        snprintf(where, sizeof where, "pop3.def: [%s] %s", r[i].code, r[i].verb);
        sound(where, r[i].short_, false);
        explains(where, r[i].gutter, GUTTER - CLASS_WORDS, r[i].what, r[i].decided, r[i].mends,
                 r[i].next, r[i].ref);
        if (know_respcode(r[i].code, r[i].verb) != &r[i])
            fail_msg("%s: twice, or can never win", where);
    }
    static const char *const registered[] = {"LOGIN-DELAY", "IN-USE", "SYS/TEMP",
                                             "SYS/PERM",    "AUTH",   "UTF8"};
    for (size_t i = 0; i < COUNT(registered); i++)
        assert_string_equal(know_respcode(registered[i], "PASS")->code, registered[i]);
    assert_string_equal(know_respcode("SYS/TEMP/DISK", "PASS")->code, "SYS/TEMP");
    assert_string_equal(know_respcode("SYS/ODD", "PASS")->code, "SYS");
    assert_null(know_respcode("AUTHX", "PASS"));
    assert_null(know_respcode("", "PASS"));
}

/* Each verb of the driver has a row of its own for +OK and -ERR, apart from those that succeed
 * nowhere. */
static void pop3_knows_every_verb(void **state)
{
    (void)state;
    bool tls;
    unsigned short port;
    const struct proto *p = proto_find("pop3", 4, &tls, &port);
    for (size_t i = 0; i < p->nverbs; i++) {
        const char *v = p->verbs[i].name;
        if (p->verbs[i].flags & VERB_HIDDEN && v[0] != '(')
            continue;
        assert_string_equal(
            know_status("+OK", v, p->verbs[i].flags & VERB_MULTI_NOARG ? "all" : "*")->verb, v);
        assert_string_equal(know_status("-ERR", v, "*")->verb, v);
    }
}

/* ---- events, sequences, remarks ---- */

static void events_are_sound(void **state)
{
    (void)state;
    size_t n;
    bool seen[EVENT_KINDS] = {false};
    const struct know_event *e = know_events(&n);
    for (size_t i = 0; i < n; i++) {
        char where[100];
        snprintf(where, sizeof where, "events.def: row %zu", i);
        sound(where, e[i].gutter, true);
        sound(where, e[i].what, false);
        sound(where, e[i].decided, true);
        sound(where, e[i].mends, true);
        sound(where, e[i].next, true);
        sound(where, e[i].ref, true);
        sentence(where, e[i].what);
        if (strlen(e[i].gutter) > GUTTER)
            fail_msg("%s: gutter \"%s\"", where, e[i].gutter);
        if (strlen(e[i].what) + strlen(e[i].decided) + strlen(e[i].mends) + strlen(e[i].next) > 330)
            fail_msg("%s: too long: %s", where, e[i].what);
        if (e[i].err == 0 && e[i].when == '*' && strcmp(e[i].proto, "*") == 0)
            seen[e[i].kind] = true;
        const char *proto = e[i].proto[0] == '*' ? "no such protocol" : e[i].proto;
        /* An errno and a time that no row names. */
        int err = e[i].err ? e[i].err : 9999;
        bool early = e[i].when == 'E';
        const struct know_event *won = know_event(e[i].kind, err, early, proto);
        if (won != &e[i] && (e[i].when != '*' || know_event(e[i].kind, err, true, proto) != &e[i]))
            fail_msg("%s: twice, or can never win: %s", where, e[i].what);
    }
    for (int k = 0; k < EVENT_KINDS; k++)
        if (!seen[k])
            fail_msg("events.def: kind %d has no row for any case", k);
}

static void sequences_are_sound(void **state)
{
    (void)state;
    size_t n;
    const struct know_seq *q = know_seqs(&n);
    for (size_t i = 0; i < n; i++) {
        char where[100];
        snprintf(where, sizeof where, "sequence.def: %s in %d", q[i].verb, q[i].state);
        sound(where, q[i].why, false);
        sound(where, q[i].first, false);
        sentence(where, q[i].why);
        for (size_t k = i + 1; k < n; k++)
            if (q[i].pop3 == q[k].pop3 && q[i].state == q[k].state &&
                strcmp(q[i].verb, q[k].verb) == 0)
                fail_msg("%s: twice", where);
    }
}

/* Wherever a driver says "not legal", a row says why; and no row speaks of a verb that is legal
 * there. */
static void sequences_fit_the_drivers(void **state)
{
    (void)state;
    size_t n;
    const struct know_seq *q = know_seqs(&n);
    static const char *const protos[] = {"smtp", "submission", "lmtp", "pop3"};
    for (size_t k = 0; k < COUNT(protos); k++) {
        bool tls;
        unsigned short port;
        const struct proto *p = proto_find(protos[k], strlen(protos[k]), &tls, &port);
        for (size_t i = 0; i < p->nverbs; i++)
            for (uint8_t s = 0; s < p->nstates; s++) {
                struct moment m = {
                    .proto = p, .command = {.verb = &p->verbs[i]}, .before = {.state = s}};
                bool legal = proto_legal(&p->verbs[i], &m.before);
                if (p->verbs[i].flags & VERB_BANNER)
                    continue;
                if (!legal != (know_sequence(&m) != NULL))
                    fail_msg("%s: %s in \"%s\": %s", protos[k], p->verbs[i].name, p->states[s].name,
                             legal ? "legal, and a row says why not"
                                   : "not legal, and no row says why");
            }
    }
    for (size_t i = 0; i < n; i++) {
        bool tls, can = q[i].verb[0] == '*';
        unsigned short port;
        const struct proto *p = proto_find(q[i].pop3 ? "pop3" : "smtp", 4, &tls, &port);
        assert_true(q[i].state < p->nstates);
        for (size_t v = 0; v < p->nverbs; v++) {
            struct where w = {.state = q[i].state, .tls = true, .authed = true};
            if (strcmp(p->verbs[v].name, q[i].verb) == 0 && !proto_legal(&p->verbs[v], &w))
                can = true;
        }
        if (!can)
            fail_msg("sequence.def: %s is legal in \"%s\"", q[i].verb, p->states[q[i].state].name);
    }
}

static void remarks_are_sound(void **state)
{
    (void)state;
    size_t n;
    const struct know_remark *r = know_remarks(&n);
    for (size_t i = 0; i < n; i++) {
        sound("client.def", r[i].gutter, true);
        sound("client.def", r[i].text, i == REMARK_ILLEGAL);
        sentence("client.def", r[i].text);
        if (strlen(r[i].gutter) > GUTTER)
            fail_msg("client.def: gutter \"%s\"", r[i].gutter);
        for (size_t k = i + 1; k < n; k++)
            if (strcmp(r[i].text, r[k].text) == 0 && i != REMARK_LOWER_CASE)
                fail_msg("client.def: twice: %s", r[i].text);
    }
    const struct know_purpose *p = know_purposes(&n);
    for (size_t i = 0; i < n; i++) {
        sound("client.def", p[i].gutter, false);
        if (strlen(p[i].gutter) > GUTTER)
            fail_msg("client.def: gutter \"%s\"", p[i].gutter);
    }
    const struct know_param *a = know_params(&n);
    for (size_t i = 0; i < n; i++) {
        sound("params.def", a[i].means, false);
        sound("params.def", a[i].ref, false);
        if (!know_cap("smtp", a[i].needs, strlen(a[i].needs)))
            fail_msg("params.def: %s needs %s, which is no capability", a[i].name, a[i].needs);
    }
    const struct know_note *o = know_notes(&n);
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        sound("notes.def", o[i].client, false);
        sound("notes.def", o[i].server, false);
        assert_false(bits & o[i].bit);
        bits |= o[i].bit;
    }
    assert_int_equal(bits, NOTE_BARE_DOT * 2 - 1);
    const struct know_greeting *g = know_greetings(&n);
    for (size_t i = 0; i < n; i++) {
        sound("notes.def", g[i].means, false);
        if (strlen(g[i].means) > GUTTER)
            fail_msg("notes.def: gutter \"%s\"", g[i].means);
        for (size_t k = i + 1; k < n; k++)
            if (g[i].n == g[k].n && memcmp(g[i].text, g[k].text, g[i].n) == 0 &&
                strcmp(g[i].proto, g[k].proto) == 0)
                fail_msg("notes.def: twice: %s", g[i].means);
    }
    const struct know_software *w = know_softwares(&n);
    for (size_t i = 0; i < n; i++) {
        sound("notes.def", w[i].name, false);
        for (size_t k = i + 1; k < n; k++)
            if (strcmp(w[i].word, w[k].word) == 0)
                fail_msg("notes.def: twice: %s", w[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_sound),
        cmocka_unit_test(codes_can_all_win),
        cmocka_unit_test(verbs_exist),
        cmocka_unit_test(every_code_of_the_lists_has_a_row),
        cmocka_unit_test(the_most_specific_row_wins),
        cmocka_unit_test(enhanced_codes_are_sound),
        cmocka_unit_test(enhanced_codes_can_all_win),
        cmocka_unit_test(every_registered_enhanced_code_has_a_row),
        cmocka_unit_test(enhanced_codes_fall_back_to_something_true),
        cmocka_unit_test(pop3_is_sound),
        cmocka_unit_test(pop3_knows_every_verb),
        cmocka_unit_test(events_are_sound),
        cmocka_unit_test(sequences_are_sound),
        cmocka_unit_test(sequences_fit_the_drivers),
        cmocka_unit_test(remarks_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
