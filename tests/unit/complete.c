/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Completion, ghost, hint line and the legal-now title, over the real drivers. */
#include "tests/support/check.h"
#include "tui/complete.h"

#include <string.h>

struct fix {
    struct complete_context c;
    struct where where;
    struct caps caps;
    struct completion out[COMPLETE_MAX];
    size_t n;
};

static const char *const known[] = {"ceo@bank.example", "student@practice.example",
                                    "teacher@practice.example"};

static void begin(struct fix *f, const char *proto)
{
    bool tls;
    unsigned short port;
    memset(f, 0, sizeof *f);
    f->c.proto = proto_find(proto, strlen(proto), &tls, &port);
    f->c.proto->begin(&f->where);
    f->c.where = &f->where;
    f->c.addresses = known;
    f->c.naddresses = 3;
    f->c.own = "you@laptop.example";
    f->c.host = "laptop.example";
    caps_init(&f->caps);
}

/* The state with this name; fails the test where there is none. */
static void in_state(struct fix *f, const char *name)
{
    for (size_t i = 0; i < f->c.proto->nstates; i++)
        if (strstr(f->c.proto->states[i].name, name)) {
            f->where.state = (uint8_t)i;
            return;
        }
    fail_msg("no state %s", name);
}

static const char *first(struct fix *f, const char *line)
{
    f->n = complete_find(&f->c, line, strlen(line), f->out, COMPLETE_MAX);
    return f->n ? f->out[0].text : "";
}

static bool has(const struct fix *f, const char *text)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->out[i].text, text) == 0)
            return true;
    return false;
}

static void verbs(void **state)
{
    (void)state;
    struct fix f;
    begin(&f, "smtp");
    in_state(&f, "needs EHLO");
    assert_string_equal(first(&f, ""), "EHLO laptop.example"); /* whole, with one Tab */
    assert_string_equal(first(&f, "ehlo "), "laptop.example");
    in_state(&f, "needs RCPT");
    assert_string_equal(first(&f, ""), "RCPT TO:<");
    assert_false(has(&f, "DATA")); /* an empty line offers only what is in order */
    assert_string_equal(first(&f, "d"), "DATA");
    in_state(&f, "DATA possible");
    f.where.rcpts = 1;
    assert_string_equal(first(&f, ""), "DATA");
    assert_string_equal(first(&f, "zz"), "");
    /* What is typed is never cut: the ghost goes on behind it, whatever the case. */
    first(&f, "rcpt t");
    assert_string_equal(complete_ghost(&f.out[0], "rcpt t", 6), "O:<");
}

static void addresses(void **state)
{
    (void)state;
    struct fix f;
    begin(&f, "smtp");
    in_state(&f, "needs RCPT");
    assert_string_equal(first(&f, "RCPT TO:<"), "ceo@bank.example>");
    assert_int_equal(f.n, 3);
    assert_string_equal(first(&f, "rcpt to:<STU"), "student@practice.example>");
    assert_int_equal(f.out[0].start, 9);
    assert_string_equal(first(&f, "RCPT TO:<nobody@"), "");
    in_state(&f, "needs MAIL");
    assert_string_equal(first(&f, "MAIL FROM:<"), "you@laptop.example>");
    assert_string_equal(first(&f, "MAIL FROM:<a@b>"), ""); /* closed */

    /* The sender is no recipient, and who was just refused comes last. */
    unsigned char kinds[] = {ADDRESS_FROM, ADDRESS_TO, ADDRESS_TO};
    f.c.kinds = kinds;
    in_state(&f, "needs RCPT");
    assert_string_equal(first(&f, "RCPT TO:<"), "student@practice.example>");
    assert_int_equal(f.n, 3);
    kinds[1] |= ADDRESS_REFUSED;
    assert_string_equal(first(&f, "RCPT TO:<"), "teacher@practice.example>");
    assert_int_equal(f.n, 3);
    assert_string_equal(f.out[2].text, "student@practice.example>");
}

static void parameters(void **state)
{
    (void)state;
    struct fix f;
    begin(&f, "smtp");
    in_state(&f, "needs MAIL");
    caps_add(&f.caps, "8BITMIME", 8, "", 0);
    caps_add(&f.caps, "AUTH", 4, "PLAIN LOGIN", 11);
    f.c.caps = &f.caps;
    first(&f, "MAIL FROM:<a@b> ");
    assert_true(has(&f, "BODY="));
    assert_false(has(&f, "SIZE=")); /* not offered */
    assert_false(has(&f, "RET="));
    assert_string_equal(first(&f, "MAIL FROM:<a@b> BODY="), "7BIT");
    assert_string_equal(first(&f, "MAIL FROM:<a@b> body=8"), "8BITMIME");
    first(&f, "MAIL FROM:<a@b> BODY=7BIT ");
    assert_false(has(&f, "BODY=")); /* said already */
    first(&f, "");
    assert_false(has(&f, "XCLIENT "));
    caps_add(&f.caps, "XCLIENT", 7, "NAME ADDR", 9);
    first(&f, "");
    assert_true(has(&f, "XCLIENT ")); /* a rare one, where the server lists it */
    assert_false(has(&f, "XFORWARD "));
    assert_string_equal(first(&f, "AUTH "), "PLAIN");
    assert_string_equal(first(&f, "AUTH l"), "LOGIN");
    in_state(&f, "DATA possible");
    f.c.caps = NULL;
    assert_string_equal(first(&f, "BDAT 10 "), "LAST");
    caps_clear(&f.caps);
}

static void pop3(void **state)
{
    (void)state;
    struct fix f;
    begin(&f, "pop3");
    in_state(&f, "AUTHORIZATION");
    assert_string_equal(first(&f, "USER st"), "student");
    in_state(&f, "TRANSACTION");
    f.c.messages = 3;
    first(&f, "RETR ");
    assert_int_equal(f.n, 3);
    assert_string_equal(f.out[2].text, "3");
}

static void legal(void **state)
{
    (void)state;
    struct fix f;
    char out[200];
    begin(&f, "smtp");
    in_state(&f, "needs RCPT");
    hint_legal(&f.c, 60, out, sizeof out);
    assert_non_null(strstr(out, "RCPT"));
    assert_non_null(strstr(out, "DATA(503)"));
    assert_ptr_equal(strstr(out, "RCPT"), out);
    assert_true(hint_legal(&f.c, 12, out, sizeof out) <= 12);
}

static void words(void **state)
{
    (void)state;
    struct fix f;
    char out[400];
    begin(&f, "smtp");
    in_state(&f, "needs MAIL");
    caps_add(&f.caps, "SIZE", 4, "", 0);
    f.c.caps = &f.caps;
    hint_line(&f.c, "DATA", 4, out, sizeof out);
    assert_non_null(strstr(out, "503"));
    hint_line(&f.c, "AUTH PLAIN", 10, out, sizeof out);
    assert_non_null(strstr(out, "not offered"));
    hint_line(&f.c, "mail from:<", 11, out, sizeof out);
    assert_non_null(strstr(out, "form: MAIL FROM:<address>"));
    /* In few columns what is optional in the form goes first, and only as far as that. */
    size_t n = hint_line(&f.c, "mail from:<", 11, out, sizeof out);
    assert_true(n > 100);
    assert_true(hint_fit(out, n, 80) == strlen(out) && strlen(out) < n);
    assert_non_null(strstr(out, "form: MAIL FROM:<address> [...]  "));
    assert_int_equal(hint_fit(out, strlen(out), 10), strlen(out));
    assert_non_null(strstr(out, "form: MAIL FROM:<address> [...]  "));
    n = hint_line(&f.c, "NOOP", 4, out, sizeof out);
    assert_int_equal(hint_fit(out, n, 10), n);
    hint_line(&f.c, "FROB x", 6, out, sizeof out);
    assert_non_null(strstr(out, "no verb of SMTP"));
    assert_non_null(strstr(out, "as it is typed"));
    hint_line(&f.c, "user student", 12, out, sizeof out);
    assert_non_null(strstr(out, "a verb of POP3; this is SMTP."));
    hint_line(&f.c, "", 0, out, sizeof out);
    assert_true(out[0] != '\0');
    caps_clear(&f.caps);
}

/* Every prefix of a long line and odd bytes: no crash, no candidate in front of the line's end. */
static void hostile(void **state)
{
    (void)state;
    struct fix f;
    static const char line[] = "MAIL FROM:<\xff\x01 > BODY==|] =  < [] RCPT \xe2\x80\xae  x";
    begin(&f, "smtp");
    in_state(&f, "needs MAIL");
    for (size_t n = 0; n < sizeof line - 1; n++) {
        f.n = complete_find(&f.c, line, n, f.out, COMPLETE_MAX);
        for (size_t i = 0; i < f.n; i++) {
            assert_true(f.out[i].start <= n);
            assert_true(f.out[i].text[0] != '\0');
        }
    }
    char big[5000];
    memset(big, 'A', sizeof big);
    assert_int_equal(complete_find(&f.c, big, sizeof big, f.out, COMPLETE_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs),   cmocka_unit_test(addresses), cmocka_unit_test(parameters),
        cmocka_unit_test(pop3),    cmocka_unit_test(legal),     cmocka_unit_test(words),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
