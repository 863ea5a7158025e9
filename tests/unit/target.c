/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets: one row each for what is accepted, and for what is refused with a sentence that helps.
 */
#include "tests/support/check.h"
#include "heloscope/proto.h"
#include "heloscope/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct good {
    const char *text, *proto, *ascii, *path;
    int port;
    bool tls, address;
    const char *label;
} goods[] = {
    {"smtp://mail.example.org", "smtp", "mail.example.org", NULL, 25, false, false,
     "mail.example.org:25"},
    {"  smtp://mail.example.org:2525/ \n", "smtp", "mail.example.org", NULL, 2525, false, false,
     "mail.example.org:2525"},
    {"smtps://mail.example.org", "smtp", "mail.example.org", NULL, 465, true, false,
     "mail.example.org:465"},
    {"SMTPS://Mail.Example.ORG", "smtp", "mail.example.org", NULL, 465, true, false,
     "Mail.Example.ORG:465"},
    {"submission://h", "submission", "h", NULL, 587, false, false, "h:587"},
    {"lmtp://h", "lmtp", "h", NULL, 24, false, false, "h:24"},
    {"pop3://h", "pop3", "h", NULL, 110, false, false, "h:110"},
    {"pop3s://h:9950", "pop3", "h", NULL, 9950, true, false, "h:9950"},
    {"lmtp:/run/lmtp", "lmtp", NULL, "/run/lmtp", 0, false, false, "unix:/run/lmtp"},
    {"lmtp:unix:/run/lmtp", "lmtp", NULL, "/run/lmtp", 0, false, false, "unix:/run/lmtp"},
    {"lmtp:///run/lmtp", "lmtp", NULL, "/run/lmtp", 0, false, false, "unix:/run/lmtp"},
    {"unix:/run/x", NULL, NULL, "/run/x", 0, false, false, "unix:/run/x"},
    {"unix:///run/x", NULL, NULL, "/run/x", 0, false, false, "unix:/run/x"},
    {"mx:example.org", "smtp", "example.org", NULL, 25, false, false, "mx:example.org"},
    {"MX:example.org:2525", "smtp", "example.org", NULL, 2525, false, false, "mx:example.org:2525"},
    {"mail.example.org", NULL, "mail.example.org", NULL, 0, false, false, "mail.example.org"},
    {"mail.example.org.", NULL, "mail.example.org", NULL, 0, false, false, "mail.example.org."},
    {"mail.example.org:25", "smtp", "mail.example.org", NULL, 25, false, false,
     "mail.example.org:25"},
    {"h:110", "pop3", "h", NULL, 110, false, false, "h:110"},
    {"h:995", "pop3", "h", NULL, 995, true, false, "h:995"},
    {"h:4711", NULL, "h", NULL, 4711, false, false, "h:4711"},
    {"imap:110", "pop3", "imap", NULL, 110, false, false, "imap:110"},
    {"a_b.example:1", NULL, "a_b.example", NULL, 1, false, false, "a_b.example:1"},
    {"h:65535", NULL, "h", NULL, 65535, false, false, "h:65535"},
    {"127.0.0.1:25", "smtp", "127.0.0.1", NULL, 25, false, true, "127.0.0.1:25"},
    {"::1", NULL, "::1", NULL, 0, false, true, "[::1]"},
    {"[::1]", NULL, "::1", NULL, 0, false, true, "[::1]"},
    {"[2001:db8::1]:25", "smtp", "2001:db8::1", NULL, 25, false, true, "[2001:db8::1]:25"},
    {"pop3://[::ffff:192.0.2.1]:1100", "pop3", "::ffff:192.0.2.1", NULL, 1100, false, true,
     "[::ffff:192.0.2.1]:1100"},
    {"smtp://2001:db8::1", "smtp", "2001:db8::1", NULL, 25, false, true, "[2001:db8::1]:25"},
    {"b\303\274cher.example:25", "smtp", "xn--bcher-kva.example", NULL, 25, false, false,
     "b\303\274cher.example:25"},
    {"stra\303\237e.example", NULL, "xn--strae-oqa.example", NULL, 0, false, false,
     "stra\303\237e.example"},
};

static const struct bad {
    const char *text, *says;
} bads[] = {
    {"", "empty"},
    {"  ", "empty"},
    {"imap://h", "unknown scheme 'imap': use smtp, smtps, submission"},
    {"imap://h", "lmtp, pop3, pop3s or unix:/path"},
    {"\033[31m://h", "'?[31m"},
    {"mx:", "the domain after 'mx:' is missing: write mx:example.org"},
    {"mx:192.0.2.1", "'192.0.2.1' is an address, and only a domain has mail exchangers"},
    {"mx:exa mple", "'exa mple' is no host name"},
    {"imap:/x", "unknown scheme 'imap'"},
    {"smtp://", "host is missing"},
    {"smtp:///", "host is missing"},
    {"smtp://:25", "host is missing"},
    {":25", "host is missing"},
    {"[]:25", "host is missing"},
    {"h:", "port after ':' is missing"},
    {"h:0", "'0' is no port"},
    {"h:65536", "'65536' is no port"},
    {"h:99999999999999999999", "is no port"},
    {"h:-1", "'-1' is no port"},
    {"h:25x", "'25x' is no port"},
    {"h:+25", "is no port"},
    {"smtp://h/inbox", "leave out '/inbox'"},
    {"smtp://me:hunter2@h", "no user name or password"},
    {"me@h", "no user name or password"},
    {"/run/lmtp", "unix:/run/lmtp"},
    {"unix:", "path after 'unix:' is missing"},
    {"smtps:/run/x", "write smtp:/run/x"},
    {"[::1", "']' is missing"},
    {"[::1]25", "only ':port'"},
    {"[fe80::zz]:25", "no IPv6 address"},
    {"[127.0.0.1]:25", "no IPv6 address"},
    {"1:2:3", "no IPv6 address"},
    {"256.1.1.1", "IPv4"},
    {"1.2.3", "IPv4"},
    {"a..b", "empty label"},
    {".a", "empty label"},
    {"a..", "empty label"},
    {".", "empty label"},
    {"b\303\274cher..example", "empty label"},
    {"-a.example", "neither starts nor ends"},
    {"a-.example", "neither starts nor ends"},
    {"a b", "blanks"},
    {"a\tb", "blanks"},
    {"a\033]0;x\007b", "a?]0;x?b"},
    {"a!b", "'!' cannot be part"},
    {"a%b", "cannot be part"},
    {"\377\376.example", "no international host name"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", "63 octets"},
};

static void accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        const struct good *g = &goods[i];
        struct target t, copy;
        char why[256] = "";
        if (!target_parse(g->text, &t, why, sizeof why))
            fail_msg("%s: %s", g->text, why);
        target_copy(&copy, &t);
        target_clear(&t);
        if (g->proto ? !copy.proto || strcmp(copy.proto->name, g->proto) != 0 : copy.proto != NULL)
            fail_msg("%s: protocol %s", g->text, copy.proto ? copy.proto->name : "unknown");
        if (g->ascii) {
            assert_non_null(copy.host);
            assert_string_equal(copy.ascii, g->ascii);
        } else {
            assert_null(copy.host);
            assert_string_equal(copy.path, g->path);
        }
        if (copy.port != g->port || copy.tls != g->tls || copy.is_address != g->address)
            fail_msg("%s: port %d tls %d address %d", g->text, copy.port, copy.tls,
                     copy.is_address);
        assert_string_equal(copy.label, g->label);
        target_clear(&copy);
    }
}

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct target t;
        memset(&t, 0x5a, sizeof t);
        struct target before = t;
        char why[512] = "";
        if (target_parse(bads[i].text, &t, why, sizeof why))
            fail_msg("'%s' was accepted", bads[i].text);
        assert_memory_equal(&t, &before, sizeof t);
        if (!strstr(why, bads[i].says))
            fail_msg("'%s': %s", bads[i].text, why);
        assert_null(strpbrk(why, "\n\r\033\007"));
        assert_null(strstr(why, "hunter2"));
    }
}

static void too_long(void **state)
{
    (void)state;
    static char text[3000];
    char why[256];
    struct target t;
    memset(text, 'a', sizeof text - 1);
    assert_false(target_parse(text, &t, why, sizeof why));
    assert_non_null(strstr(why, "longer"));
    for (size_t i = 0; i < 260; i++)
        text[i] = i % 2 ? '.' : 'a';
    text[259] = '\0';
    assert_false(target_parse(text, &t, why, sizeof why));
    assert_non_null(strstr(why, "253"));
    strcpy(text, "unix:/");
    memset(text + 6, 'x', 200);
    text[206] = '\0';
    assert_false(target_parse(text, &t, why, sizeof why));
    assert_non_null(strstr(why, "longer"));
}

static void chooses(void **state)
{
    (void)state;
    struct target t;
    char why[256];
    const struct proto *pop3 = proto_find("pop3", 4, NULL, NULL);
    assert_true(target_parse("h", &t, why, sizeof why));
    target_choose(&t, pop3);
    assert_int_equal(t.port, 110);
    assert_false(t.tls);
    assert_string_equal(t.label, "h:110");
    target_clear(&t);
    assert_true(target_parse("h:4711", &t, why, sizeof why));
    target_choose(&t, pop3);
    assert_int_equal(t.port, 4711);
    assert_ptr_equal(t.proto, pop3);
    target_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(too_long),
        cmocka_unit_test(chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
