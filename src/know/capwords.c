/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands behind a capability's keyword, in words. Which function reads it is said in the row
 * of caps.def; the rows and the look-up are caps.c's. Everything here comes from the server: a
 * number may be none or too big, a word may stand twice, and any byte may be hostile.
 * RFC 1870 3, RFC 2449 6, RFC 2852 3, RFC 4865 3, RFC 4954 3, RFC 6710 2, RFC 9422 3. */
#include "heloscope/harmless.h"
#include "heloscope/know.h"

#include <string.h>

#define WORDS_MAX 40            /* parameters that are looked at one by one */
#define WORD_SHOWN ((size_t)60) /* octets of one that are repeated */
#define READ_MAX ((size_t)1024) /* octets of all of them that are read at all */
/* Above what WORDS_MAX words can need: 60 octets at four columns each, and an explanation. */
#define MADE_MAX ((size_t)32768)

struct part {
    const char *p;
    size_t n;
};

/* Says p in words; k is the row. False: nothing better than the row's own sentence. */
typedef bool words_fn(struct buf *out, const struct know_cap *k, struct part p);

/* ---- pieces ---- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool same_n(struct part a, struct part b)
{
    for (size_t i = 0; a.n == b.n && i < a.n; i++)
        if (upper(a.p[i]) != upper(b.p[i]))
            return false;
    return a.n == b.n;
}

static bool same(struct part a, const char *b)
{
    return same_n(a, (struct part){b, strlen(b)});
}

/* Takes the next word off *rest; an empty one at the end. */
static struct part word(struct part *rest, const char *blanks)
{
    while (rest->n && memchr(blanks, *rest->p, strlen(blanks)))
        rest->p++, rest->n--;
    struct part w = {rest->p, 0};
    while (rest->n && !memchr(blanks, *rest->p, strlen(blanks)))
        rest->p++, rest->n--, w.n++;
    return w;
}

#define BLANKS " \t"
#define COMMAS " \t,"

/* Did w stand before in `all`, in which it lies? */
static bool again(struct part all, struct part w, const char *blanks)
{
    for (struct part v = word(&all, blanks); v.n && v.p < w.p; v = word(&all, blanks))
        if (same_n(v, w))
            return true;
    return false;
}

/* The server's own text, harmless and not too long. */
static void put_text(struct buf *out, struct part w)
{
    size_t n = w.n < WORD_SHOWN ? w.n : WORD_SHOWN;
    while (n < w.n && n > 0 && ((unsigned char)w.p[n] & 0xc0) == 0x80)
        n--;
    text_clean(out, w.p, n);
    if (n < w.n)
        buf_add_str(out, "...");
}

static void put_quoted(struct buf *out, struct part w)
{
    buf_add_char(out, '"');
    put_text(out, w);
    buf_add_char(out, '"');
}

enum number { NUMBER, NO_NUMBER, TOO_BIG };

static enum number number(struct part w, unsigned long long *v)
{
    bool big = false;
    *v = 0;
    for (size_t i = 0; i < w.n; i++) {
        if (w.p[i] < '0' || w.p[i] > '9')
            return NO_NUMBER;
        big = big || __builtin_mul_overflow(*v, 10ull, v) ||
              __builtin_add_overflow(*v, (unsigned long long)(w.p[i] - '0'), v);
    }
    return w.n == 0 ? NO_NUMBER : big ? TOO_BIG : NUMBER;
}

/* A number that cannot be used, with what was expected in its place. */
static void put_bad(struct buf *out, struct part w, enum number how, const char *expected)
{
    put_quoted(out, w);
    buf_addf(out, how == TOO_BIG ? " is too big for %s" : " is not %s", expected);
}

static void put_count(struct buf *out, unsigned long long v, const char *unit)
{
    buf_addf(out, "%llu %s%s", v, unit, v == 1 ? "" : "s");
}

/* 26214400: "25 MiB"; 35882577: "34.2 MiB (35882577 octets)", cut and not rounded, because it is a
 * limit. No %.1f: the decimal sign is not to follow the locale. */
static void put_octets(struct buf *out, unsigned long long v)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned long long unit = 1024;
    size_t i = 0;
    if (v < unit) {
        put_count(out, v, "octet");
        return;
    }
    for (; i < 5 && v / unit >= 1024; i++)
        unit *= 1024;
    if (v % unit == 0)
        buf_addf(out, "%llu %s", v / unit, names[i]);
    else
        buf_addf(out, "%llu.%llu %s (%llu octets)", v / unit, v % unit * 10 / unit, names[i], v);
}

static void put_seconds(struct buf *out, unsigned long long v)
{
    if (v >= 86400 && v % 86400 == 0)
        put_count(out, v / 86400, "day");
    else if (v >= 3600 && v % 3600 == 0)
        put_count(out, v / 3600, "hour");
    else if (v >= 60 && v % 60 == 0)
        put_count(out, v / 60, "minute");
    else
        put_count(out, v, "second");
}

/* What nobody expected behind the parameters. */
static void put_rest(struct buf *out, struct part rest)
{
    struct part w = word(&rest, BLANKS);
    if (!w.n)
        return;
    rest.n += (size_t)(rest.p - w.p);
    rest.p = w.p;
    buf_add_str(out, " (behind it stands ");
    put_quoted(out, rest);
    buf_add_str(out, ", which has no meaning here)");
}

struct meaning {
    const char *word, *means;
};

/* Each word with what it means, as "A (this), B (that)"; those without a meaning as they are. */
static void put_list(struct buf *out, struct part p, const char *blanks, const struct meaning *rows)
{
    struct part rest = p, w;
    size_t n = 0, twice = 0;
    while ((w = word(&rest, blanks)).n) {
        if (again(p, w, blanks)) {
            twice++;
            continue;
        }
        if (++n > WORDS_MAX)
            continue;
        if (n > 1)
            buf_add_str(out, ", ");
        put_text(out, w);
        for (const struct meaning *m = rows; m && m->word; m++)
            if (same(w, m->word))
                buf_addf(out, " (%s)", m->means);
    }
    if (n > WORDS_MAX)
        buf_addf(out, " and %zu more", n - WORDS_MAX);
    if (twice)
        buf_addf(out, " (%zu stand%s there twice)", twice, twice == 1 ? "s" : "");
}

/* ---- one function for each form of parameters ---- */

/* Words of the row, and the parameters as they are. */
static bool words_plain(struct buf *out, const struct know_cap *k, struct part p)
{
    if (!p.n)
        return false;
    buf_addf(out, "%s: ", k->means);
    put_list(out, p, BLANKS, NULL);
    return true;
}

/* A token that is nobody's business. */
static bool words_opaque(struct buf *out, const struct know_cap *k, struct part p)
{
    if (p.n)
        buf_addf(out, "%s (%zu characters)", k->means, p.n);
    return p.n > 0;
}

static bool words_size(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w = word(&rest, BLANKS);
    unsigned long long v;
    enum number how = number(w, &v);
    (void)k;
    if (!w.n || (how == NUMBER && v == 0))
        buf_add_str(out, "no fixed limit; a letter's size can be told beforehand");
    else if (how == TOO_BIG)
        buf_add_str(out, "a limit beyond any letter, so none in practice");
    else if (how == NO_NUMBER)
        put_bad(out, w, how, "a number of octets: the limit is not known");
    else {
        buf_add_str(out, "letters up to ");
        put_octets(out, v);
        if (v < 65536)
            buf_add_str(out, ", less than the 64 KiB that RFC 5321 4.5.3.1.7 demands");
    }
    put_rest(out, rest);
    return true;
}

static bool words_sasl(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w;
    size_t n = 0, must = 0, twice = 0;
    if (!p.n) {
        buf_add_str(out, "no mechanism is named, so none can be used now; perhaps TLS has to come "
                         "first");
        return true;
    }
    buf_add_str(out, upper(k->keyword[0]) == 'X' ? "Exchange servers log in by " : "log in by ");
    while ((w = word(&rest, BLANKS)).n) {
        if (again(p, w, BLANKS)) {
            twice++;
            continue;
        }
        if (++n > WORDS_MAX)
            continue;
        const struct know_mechanism *m = know_mechanism(w.p, w.n);
        if (n > 1)
            buf_add_str(out, ", ");
        put_text(out, w);
        buf_addf(out, " (%s)", m ? m->means : "not known here");
        must += m && m->tls == KNOW_TLS_MUST;
    }
    if (n > WORDS_MAX)
        buf_addf(out, " and %zu more", n - WORDS_MAX);
    if (must == n)
        buf_addf(out, "; %s the secret to a listener: TLS first",
                 n == 1 ? "it shows" : "all of them show");
    if (twice)
        buf_addf(out, " (%zu stand%s there twice)", twice, twice == 1 ? "s" : "");
    return true;
}

static bool words_auth_old(struct buf *out, const struct know_cap *k, struct part p)
{
    words_sasl(out, k, p);
    buf_add_str(out,
                ". The = is a spelling from before RFC 2554, for old clients; AUTH is the same");
    return true;
}

static bool words_deliverby(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w = word(&rest, COMMAS);
    unsigned long long v;
    enum number how = number(w, &v);
    buf_add_str(out, k->means);
    if (!w.n || (how == NUMBER && v == 0)) {
        buf_add_str(out, "; no shortest one is told");
    } else if (how == NUMBER) {
        buf_add_str(out, ", at least ");
        put_seconds(out, v);
        buf_add_str(out, " from now");
    } else {
        buf_add_str(out, "; ");
        put_bad(out, w, how, "a number of seconds");
    }
    put_rest(out, rest);
    return true;
}

static bool words_futurerelease(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w = word(&rest, BLANKS);
    unsigned long long v;
    enum number how = number(w, &v);
    if (!w.n)
        return false;
    buf_add_str(out, k->means);
    if (how == NUMBER) {
        buf_add_str(out, ", for ");
        put_seconds(out, v);
        buf_add_str(out, " at most");
    } else {
        buf_add_str(out, "; ");
        put_bad(out, w, how, "a number of seconds");
    }
    w = word(&rest, BLANKS);
    if (w.n) {
        buf_add_str(out, ", until ");
        put_text(out, w);
        buf_add_str(out, " at the latest");
    }
    put_rest(out, rest);
    return true;
}

static bool words_limits(struct buf *out, const struct know_cap *k, struct part p)
{
    static const struct {
        const char *name, *before, *unit, *after;
    } rows[] = {
        {"MAILMAX", "", "letter", " a session"},
        {"RCPTMAX", "", "recipient", " a letter"},
        {"RCPTDOMAINMAX", "recipients in ", "domain", " a session"},
    };
    struct part rest = p, w;
    size_t n = 0;
    if (!p.n)
        return false;
    (void)k;
    buf_add_str(out, "at most ");
    while ((w = word(&rest, BLANKS)).n) {
        const char *eq = memchr(w.p, '=', w.n);
        struct part name = {w.p, eq ? (size_t)(eq - w.p) : w.n};
        struct part value = {w.p + w.n, 0};
        unsigned long long v;
        size_t i = 0;
        if (++n > WORDS_MAX)
            continue;
        if (eq)
            value = (struct part){eq + 1, w.n - name.n - 1};
        if (n > 1)
            buf_add_str(out, ", ");
        while (i < sizeof rows / sizeof *rows && !same(name, rows[i].name))
            i++;
        enum number how = number(value, &v);
        if (i == sizeof rows / sizeof *rows) {
            put_text(out, w);
            buf_add_str(out, " (not known here)");
        } else if (how == NUMBER && value.n <= 6 && value.p[0] != '0') {
            buf_add_str(out, rows[i].before);
            put_count(out, v, rows[i].unit);
            buf_add_str(out, rows[i].after);
        } else {
            put_text(out, w);
            buf_add_str(out, " (not a number from 1 to 999999)");
        }
        if (again(p, w, BLANKS))
            buf_add_str(out, " (twice)");
    }
    if (n > WORDS_MAX)
        buf_addf(out, " and %zu more", n - WORDS_MAX);
    return true;
}

static bool words_solicit(struct buf *out, const struct know_cap *k, struct part p)
{
    (void)k;
    if (p.n) {
        buf_add_str(out, "advertising of these classes is refused: ");
        put_list(out, p, COMMAS, NULL);
    } else {
        buf_add_str(out, "letters can say what advertising they are; no class is refused from the "
                         "start");
    }
    return true;
}

static bool words_rcptlimit(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w = word(&rest, BLANKS);
    unsigned long long v;
    enum number how = number(w, &v);
    (void)k;
    if (!w.n)
        return false;
    if (how == NUMBER) {
        buf_add_str(out, "at most ");
        put_count(out, v, "recipient");
        buf_add_str(out, " a letter");
    } else {
        put_bad(out, w, how, "a number of recipients");
    }
    put_rest(out, rest);
    return true;
}

/* Words that stand for something, whichever row they belong to. */
static bool words_list(struct buf *out, const struct know_cap *k, struct part p)
{
    static const struct meaning rows[] = {
        /* XCLIENT, XFORWARD */
        {"NAME", "the client's host name"},
        {"ADDR", "its address"},
        {"PORT", "its port"},
        {"PROTO", "SMTP or ESMTP"},
        {"HELO", "what it said at EHLO"},
        {"LOGIN", "who has logged in"},
        {"DESTADDR", "the address it came to"},
        {"DESTPORT", "the port it came to"},
        {"DESTNAME", "the name it came to"},
        {"IDENT", "the first server's queue id"},
        {"SOURCE", "local or remote"},
        {"SESSION", "the session's id, for the log"},
        {"TTL", "how many proxies may follow"},
        {"TIMEOUT", "how long the proxy waits"},
        {"FORWARD", "settings of the user"},
        {"CLIENT-TRANSPORT", "whether the client has TLS"},
        /* MT-PRIORITY: RFC 6710 */
        {"MIXER", "the three priorities of X.400 mail"},
        {"STANAG4406", "the six of NATO's military mail"},
        {"NSEP", "the five of emergency services"},
        /* BURL: RFC 4468 3.3 */
        {"imap", "any IMAP server that gives out such URLs"},
        /* XSECURITY */
        {"NONE", "whatever there is"},
        {"STARTTLS", "TLS, or the letter comes back"},
        /* XTND */
        {"XMIT", "send a letter"},
        {"XLIST", "list a header field of each message"},
        {"LIST", "list a header field of each message"},
        {NULL, NULL},
    };
    if (!p.n)
        return false;
    buf_addf(out, "%s: ", k->means);
    put_list(out, p, COMMAS, rows);
    return true;
}

static bool put_user(struct buf *out, struct part *rest)
{
    struct part left = *rest;
    if (!same(word(&left, BLANKS), "USER"))
        return false;
    *rest = left;
    buf_add_str(out, "; it may differ by user, and CAPA tells yours after the login");
    return true;
}

static bool words_logindelay(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w = word(&rest, BLANKS);
    unsigned long long v;
    enum number how = number(w, &v);
    if (!w.n)
        return false;
    if (how != NUMBER) {
        buf_addf(out, "%s; ", k->means);
        put_bad(out, w, how, "a number of seconds");
    } else if (v == 0) {
        buf_add_str(out, "you may log in again at once");
    } else {
        buf_add_str(out, "at least ");
        put_seconds(out, v);
        buf_add_str(out, " between two logins; who comes sooner is refused");
    }
    put_user(out, &rest);
    put_rest(out, rest);
    return true;
}

static bool words_expire(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, w = word(&rest, BLANKS);
    unsigned long long v;
    enum number how = number(w, &v);
    if (!w.n)
        return false;
    if (same(w, "NEVER")) {
        buf_add_str(out, "messages stay until you delete them");
    } else if (how != NUMBER) {
        buf_addf(out, "%s; ", k->means);
        put_bad(out, w, how, "a number of days");
    } else if (v == 0) {
        buf_add_str(out, "nothing may be left here: what you have fetched may be gone after QUIT");
    } else {
        buf_add_str(out, "messages are kept for ");
        put_count(out, v, "day");
        buf_add_str(out, ", then the server may delete them");
    }
    put_user(out, &rest);
    put_rest(out, rest);
    return true;
}

static bool words_software(struct buf *out, const struct know_cap *k, struct part p)
{
    (void)k;
    if (!p.n)
        return false;
    buf_add_str(out, "the server says that it is ");
    put_quoted(out, p);
    return true;
}

static bool words_utf8(struct buf *out, const struct know_cap *k, struct part p)
{
    struct part rest = p, left = p;
    (void)k;
    buf_add_str(out, "headers may come in UTF-8 as they are");
    if (same(word(&left, BLANKS), "USER")) {
        buf_add_str(out, ", and names and passwords may hold letters of every script");
        rest = left;
    } else {
        buf_add_str(out, "; names and passwords stay ASCII");
    }
    put_rest(out, rest);
    return true;
}

/* ---- the row's function, and the rows without ---- */

static words_fn *const functions[] = {
#define CAP(proto, keyword, params, words, means, use, ref, registered) words,
#include "know/caps.def"
#undef CAP
};

/* Copies what fits, cut between characters; then it ends in "...". */
static size_t give(const struct buf *made, char *out, size_t size)
{
    size_t n = made->len;
    if (n >= size) {
        n = size > 4 ? size - 4 : 0;
        while (n > 0 && ((unsigned char)made->p[n] & 0xc0) == 0x80)
            n--;
        memcpy(out, buf_str(made), n);
        for (int i = 0; i < 3 && n + 1 < size; i++)
            out[n++] = '.';
    } else {
        memcpy(out, buf_str(made), n);
    }
    out[n] = '\0';
    return n;
}

size_t know_cap_words(const char *proto, const char *keyword, const char *params, char *out,
                      size_t size)
{
    size_t rows, n = keyword ? strlen(keyword) : 0;
    const struct know_cap *k = know_cap(proto, keyword, n), *first = know_caps(&rows);
    if (size == 0)
        return 0;
    out[0] = '\0';
    if (!k)
        return 0;

    /* "AUTH=LOGIN" with "PLAIN" behind it: what stands after the row's keyword comes first. */
    struct buf given, made;
    buf_init(&given, READ_MAX);
    buf_init(&made, MADE_MAX);
    size_t len = strlen(k->keyword), more = 0;
    const char *eq = n ? memchr(keyword, '=', n) : NULL;
    const char *parts[] = {eq && n > len ? eq + 1 : "", params ? params : ""};
    for (size_t i = 0; i < 2; i++) {
        const char *s = parts[i] + strspn(parts[i], i ? "= \t" : "");
        size_t all = strlen(s), take = all;
        while (take > 0 && (s[take - 1] == ' ' || s[take - 1] == '\t'))
            take--;
        if (take > 0 && given.len > 0)
            buf_add_char(&given, ' ');
        if (take > READ_MAX - given.len)
            take = READ_MAX - given.len, more += all - take;
        buf_add(&given, s, take);
    }

    struct part p = {buf_str(&given), given.len};
    words_fn *words = functions[k - first];
    if (!words || !words(&made, k, p)) {
        buf_add_str(&made, k->means);
        put_rest(&made, p);
    }
    if (more)
        buf_addf(&made, " (and %zu octets more that were not read)", more);
    n = give(&made, out, size);
    buf_clear(&given);
    buf_clear(&made);
    return n;
}
