/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities looked up and put into words: numbers, lists, what is wrong with them, and what a
 * hostile server writes. */
#include "tests/support/check.h"
#include "heloscope/know.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char out[4096];

static const char *words(const char *proto, const char *keyword, const char *params)
{
    size_t n = know_cap_words(proto, keyword, params, out, sizeof out);
    assert_int_equal(n, strlen(out));
    return out;
}

static const char *smtp(const char *keyword, const char *params)
{
    return words("smtp", keyword, params);
}

static const char *pop3(const char *keyword, const char *params)
{
    return words("pop3", keyword, params);
}

#define HAS(text, part)                                                                            \
    do {                                                                                           \
        const char *said = text;                                                                   \
        if (!strstr(said, part))                                                                   \
            fail_msg("\"%s\" is not in: %s", part, said);                                          \
    } while (0)

static const char *row(const char *proto, const char *keyword)
{
    const struct know_cap *k = know_cap(proto, keyword, strlen(keyword));
    return k ? k->keyword : "none";
}

static void look_up(void **state)
{
    (void)state;
    assert_string_equal(row("smtp", "SIZE"), "SIZE");
    assert_string_equal(row("smtp", "size"), "SIZE");
    assert_string_equal(row("submission", "pIPELINING"), "PIPELINING");
    assert_string_equal(row("lmtp", "Chunking"), "CHUNKING");
    assert_string_equal(row("pop3", "stls"), "STLS");
    assert_string_equal(row("pop3", "SIZE"), "none");
    assert_string_equal(row("smtp", "STLS"), "none");
    assert_string_equal(row("imap", "SIZE"), "none");
    assert_string_equal(row("smtp", "SIZ"), "none");
    assert_string_equal(row("smtp", "SIZES"), "none");
    assert_string_equal(row("smtp", ""), "none");
    assert_null(know_cap("smtp", "SIZE", 0));
    assert_null(know_cap("smtp", "SIZE\0", 5));
    assert_null(know_cap(NULL, "SIZE", 4));
    assert_null(know_cap("smtp", NULL, 0));
    /* only n octets count */
    assert_string_equal(know_cap("smtp", "SIZE=1", 4)->keyword, "SIZE");
    /* what is glued to the keyword */
    assert_string_equal(row("smtp", "AUTH=LOGIN"), "AUTH=");
    assert_string_equal(row("smtp", "auth=cram-md5"), "AUTH=");
    assert_string_equal(row("smtp", "XSECURITY=NONE,STARTTLS"), "XSECURITY");
    assert_string_equal(row("smtp", "X-EXPS=LOGIN"), "X-EXPS=LOGIN");
    assert_string_equal(row("smtp", "X-EXPS=NTLM"), "X-EXPS");
    /* something true about what nobody knows */
    assert_string_equal(row("smtp", "X-NOBODY-KNOWS"), "X...");
    assert_string_equal(row("smtp", "Xyzzy=1"), "X...");
    assert_string_equal(row("pop3", "X-NOBODY-KNOWS"), "X...");
    assert_string_equal(row("smtp", "NOBODYKNOWS"), "none");
    /* firewalls count with the last letter; three X are no mask */
    assert_string_equal(row("smtp", "XXXXXXXXB"), "XXXXXXXA");
    assert_string_equal(row("smtp", "XXXC"), "XXXXXXXA");
    assert_string_equal(row("smtp", "XXC"), "X...");
    assert_string_equal(row("pop3", "XXXXXXXXB"), "X...");
}

static void without_parameters(void **state)
{
    (void)state;
    assert_string_equal(smtp("CHUNKING", ""), know_cap("smtp", "CHUNKING", 8)->means);
    assert_string_equal(smtp("CHUNKING", NULL), know_cap("smtp", "CHUNKING", 8)->means);
    assert_string_equal(smtp("NOBODYKNOWS", "1 2 3"), "");
    HAS(smtp("CHUNKING", "now"), "\"now\", which has no meaning here");
    HAS(smtp("X-NOBODY-KNOWS", ""), "private");
}

static void sizes(void **state)
{
    (void)state;
    assert_string_equal(smtp("SIZE", "26214400"), "letters up to 25 MiB");
    assert_string_equal(words("lmtp", "size", " 26214400 "), "letters up to 25 MiB");
    assert_string_equal(smtp("SIZE=26214400", ""), "letters up to 25 MiB");
    assert_string_equal(smtp("SIZE", "35882577"), "letters up to 34.2 MiB (35882577 octets)");
    assert_string_equal(smtp("SIZE", "65536"), "letters up to 64 KiB");
    assert_string_equal(smtp("SIZE", "18446744073709551615"),
                        "letters up to 15.9 EiB (18446744073709551615 octets)");
    HAS(smtp("SIZE", ""), "no fixed limit");
    HAS(smtp("SIZE", "0"), "no fixed limit");
    HAS(smtp("SIZE", "000"), "no fixed limit");
    HAS(smtp("SIZE", "1000"), "less than the 64 KiB that RFC 5321");
    HAS(smtp("SIZE", "1"), "1 octet,");
    HAS(smtp("SIZE", "18446744073709551616"), "none in practice");
    HAS(smtp("SIZE", "99999999999999999999999999999999999"), "none in practice");
    HAS(smtp("SIZE", "-1"), "\"-1\" is not a number of octets");
    HAS(smtp("SIZE", "10M"), "\"10M\" is not a number of octets");
    HAS(smtp("SIZE", "1048576 2"), "letters up to 1 MiB (behind it stands \"2\"");
}

static void mechanisms(void **state)
{
    (void)state;
    assert_int_equal(know_mechanism("plain", 5)->tls, KNOW_TLS_MUST);
    assert_int_equal(know_mechanism("XOAUTH2", 7)->tls, KNOW_TLS_MUST);
    assert_int_equal(know_mechanism("CRAM-MD5", 8)->tls, KNOW_TLS_SHOULD);
    assert_string_equal(know_mechanism("SCRAM-SHA-256", 13)->name, "SCRAM-SHA-256");
    assert_string_equal(know_mechanism("SCRAM-SHA3-512", 14)->name, "SCRAM-*");
    assert_null(know_mechanism("SCRAM-", 6));
    assert_null(know_mechanism("PLAINER", 7));
    assert_null(know_mechanism("", 0));

    HAS(smtp("AUTH", "PLAIN LOGIN"), "log in by PLAIN (");
    HAS(out, "), LOGIN (");
    HAS(out, "all of them show the secret to a listener");
    HAS(smtp("AUTH", "PLAIN"), "it shows the secret");
    assert_null(strstr(smtp("AUTH", "PLAIN SCRAM-SHA-256"), "listener"));
    HAS(smtp("AUTH", "FOO"), "FOO (not known here)");
    HAS(smtp("AUTH", "PLAIN plain LOGIN Plain"), "(2 stand there twice)");
    HAS(smtp("AUTH", ""), "no mechanism is named");
    HAS(smtp("AUTH=", "LOGIN"), "log in by LOGIN (");
    HAS(smtp("AUTH=LOGIN", "CRAM-MD5"), "log in by LOGIN (");
    HAS(out, "CRAM-MD5 (");
    HAS(out, "before RFC 2554");
    HAS(smtp("X-EXPS", "GSSAPI NTLM"), "Exchange servers log in by GSSAPI (");
    HAS(smtp("X-EXPS=NTLM", ""), "Exchange servers log in by NTLM (");
    HAS(pop3("SASL", "SCRAM-SHA-256"), "log in by SCRAM-SHA-256 (");
    HAS(pop3("AUTH", "PLAIN"), "log in by PLAIN (");
}

static void other_smtp(void **state)
{
    (void)state;
    HAS(smtp("DELIVERBY", ""), "no shortest one");
    HAS(smtp("DELIVERBY", "120"), "at least 2 minutes");
    HAS(smtp("DELIVERBY", "soon"), "\"soon\" is not a number of seconds");
    HAS(smtp("FUTURERELEASE", "604800 2030-01-01T00:00:00Z"), "for 7 days at most");
    HAS(out, "until 2030-01-01T00:00:00Z at the latest");
    HAS(smtp("FUTURERELEASE", "99999999999999999999999"), "is too big for a number of seconds");
    assert_string_equal(smtp("LIMITS", "MAILMAX=1 rcptmax=100 RCPTDOMAINMAX=1"),
                        "at most 1 letter a session, 100 recipients a letter, recipients in 1 "
                        "domain a session");
    HAS(smtp("LIMITS", "MAILMAX=0"), "MAILMAX=0 (not a number from 1 to 999999)");
    HAS(smtp("LIMITS", "MAILMAX=1000000"), "(not a number");
    HAS(smtp("LIMITS", "MAILMAX"), "MAILMAX (not a number");
    HAS(smtp("LIMITS", "MAILMAX="), "MAILMAX= (not a number");
    HAS(smtp("LIMITS", "FOO=3"), "FOO=3 (not known here)");
    HAS(smtp("LIMITS", "MAILMAX=5 MAILMAX=5"), "(twice)");
    HAS(smtp("MT-PRIORITY", "STANAG4406"), "NATO");
    HAS(smtp("NO-SOLICITING", "net.example:ADV,org.example:ADV"),
        "refused: net.example:ADV, org.example:ADV");
    HAS(smtp("NO-SOLICITING", ""), "no class");
    HAS(smtp("XCLIENT", "NAME ADDR LOGIN WHAT"), "NAME (the client's host name), ADDR (its");
    HAS(out, "LOGIN (who has logged in), WHAT");
    HAS(smtp("XFORWARD", "SOURCE"), "local or remote");
    HAS(smtp("XSECURITY=NONE,STARTTLS", ""), "NONE (whatever there is), STARTTLS (TLS");
    HAS(smtp("XSECURITY", "=NONE,STARTTLS"), "NONE (whatever there is), STARTTLS (TLS");
    HAS(smtp("X-RCPTLIMIT", "1"), "at most 1 recipient a letter");
    HAS(smtp("X-RCPTLIMIT", "100"), "at most 100 recipients a letter");
    HAS(smtp("BURL", "imap imap://mail.example.org"), "imap (any IMAP server");
    assert_null(strstr(smtp("COREMAIL", "s3cr3t-token"), "s3cr3t"));
    HAS(out, "12 characters");
}

static void other_pop3(void **state)
{
    (void)state;
    HAS(pop3("EXPIRE", "NEVER"), "until you delete them");
    HAS(pop3("EXPIRE", "0"), "nothing may be left");
    HAS(pop3("EXPIRE", "1"), "for 1 day,");
    HAS(pop3("EXPIRE", "30 USER"), "for 30 days,");
    HAS(out, "may differ by user");
    HAS(pop3("EXPIRE", "soon"), "\"soon\" is not a number of days");
    HAS(pop3("EXPIRE", "30 USERS"), "\"USERS\", which has no meaning here");
    HAS(pop3("LOGIN-DELAY", "900"), "at least 15 minutes");
    HAS(pop3("LOGIN-DELAY", "90 user"), "at least 90 seconds");
    HAS(out, "may differ by user");
    HAS(pop3("LOGIN-DELAY", "0"), "at once");
    HAS(pop3("IMPLEMENTATION", "Dovecot 2.4"), "\"Dovecot 2.4\"");
    HAS(pop3("UTF8", "USER"), "names and passwords may");
    HAS(pop3("UTF8", ""), "stay ASCII");
    HAS(pop3("USER", "kim"), "\"kim\", which has no meaning here");
    HAS(pop3("XTND", "XMIT"), "send a letter");
}

/* Nothing that moves the cursor, for every row and every place of the server's bytes. */
static void hostile_bytes(void **state)
{
    size_t n;
    const struct know_cap *k = know_caps(&n);
    static const char nasty[] = "\x1b[2J\x1b]0;x\x07 \x9b"
                                "31m \r\n\x08\x7f 9\x1b 7=\x1b \xe2\x80\xae\xc3\xa9 \xff\xfe";
    (void)state;
    for (size_t i = 0; i < n; i++) {
        words(k[i].proto, k[i].keyword, nasty);
        for (const char *s = out; *s; s++)
            if ((unsigned char)*s < 0x20 || *s == 0x7f)
                fail_msg("%s lets %02x through", k[i].keyword, (unsigned char)*s);
        assert_null(strstr(out, "\xff"));
        assert_null(strstr(out, "\x9b"));
        assert_null(strstr(out, "\xe2\x80\xae"));
    }
    HAS(pop3("IMPLEMENTATION", "\x1b[2J"), "\"^[[2J\"");
    HAS(smtp("AUTH", "PLAIN\x1b"), "PLAIN^[ (not known here)");
    assert_null(know_cap("smtp", "\x1b[2J", 4));
    /* the words of an unknown keyword never show it */
    HAS(smtp("X-\x1b[2J", ""), "private");
    assert_null(strchr(out, 0x1b));
}

static void much_is_cut(void **state)
{
    static char much[100001];
    (void)state;
    for (size_t i = 0; i < sizeof much - 1; i++)
        much[i] = i % 3 == 2 ? ' ' : (char)('A' + i / 3 % 26 * (i % 3) % 26);
    const char *keywords[] = {"AUTH", "LIMITS", "XCLIENT", "NO-SOLICITING", "SIZE", "XVERP"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        HAS(smtp(keywords[i], much), "octets more that were not read)");
    for (size_t i = 0; i < sizeof much - 1; i++)
        much[i] = '9';
    HAS(smtp("SIZE", much), "none in practice");
    HAS(smtp("LIMITS", much), "...");
    size_t at = 0;
    for (int i = 0; i < 100; i++)
        at += (size_t)snprintf(much + at, sizeof much - at, "M%d ", i);
    HAS(smtp("AUTH", much), " and 60 more");
}

/* Every size of the room: no byte behind it, always a NUL, and "..." where something is missing. */
static void never_beyond_size(void **state)
{
    char *room;
    (void)state;
    size_t whole = strlen(smtp("AUTH", "PLAIN LOGIN \xc3\xa9\xc3\xa9 NTLM"));
    for (size_t size = 0; size < whole + 10; size++) {
        room = malloc(size + 1);
        memset(room, 'Z', size + 1);
        size_t n = know_cap_words("smtp", "AUTH", "PLAIN LOGIN \xc3\xa9\xc3\xa9 NTLM", room, size);
        assert_int_equal(room[size], 'Z');
        if (size == 0) {
            assert_int_equal(n, 0);
        } else {
            assert_true(n < size);
            assert_int_equal(strlen(room), n);
            if (size > whole)
                assert_string_equal(room, out);
            else if (size > 4)
                assert_string_equal(room + n - 3, "...");
            assert_int_not_equal(mbstowcs(NULL, room, 0), (size_t)-1);
        }
        free(room);
    }
}

int main(void)
{
    setlocale(LC_ALL, "");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_up),
        cmocka_unit_test(without_parameters),
        cmocka_unit_test(sizes),
        cmocka_unit_test(mechanisms),
        cmocka_unit_test(other_smtp),
        cmocka_unit_test(other_pop3),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(much_is_cut),
        cmocka_unit_test(never_beyond_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
