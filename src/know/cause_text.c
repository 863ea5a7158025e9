/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folds a reply for matching: what a reader takes in without looking at spelling, line ends and
 * punctuation. Codes are set apart, addresses and URLs too: a mailbox called "spam" says nothing.
 */
#include "know/cause_rows.h"

#include <string.h>
#include <strings.h>

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool alnum(int c)
{
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

/* Reads d.d.d; returns its length, 0 if there is none. */
static size_t enhanced_at(const unsigned char *p, const unsigned char *end, unsigned v[3])
{
    const unsigned char *s = p;
    for (int i = 0; i < 3; i++) {
        int digits = 0;
        v[i] = 0;
        while (p < end && digit(*p) && digits < 3) {
            v[i] = v[i] * 10 + (unsigned)(*p++ - '0');
            digits++;
        }
        if (!digits || (i == 0 && digits != 1))
            return 0;
        if (i < 2 && (p == end || *p++ != '.'))
            return 0;
    }
    if (p < end && (alnum(*p) || (*p == '.' && p + 1 < end && digit(p[1]))))
        return 0;
    return v[0] == 2 || v[0] == 4 || v[0] == 5 ? (size_t)(p - s) : 0;
}

/* Takes the codes at the beginning of a line away; those of the first line are kept. */
static const unsigned char *codes(struct cause_text *out, const unsigned char *p,
                                  const unsigned char *end, bool first)
{
    unsigned v[3];
    const unsigned char *from = p;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (end - p >= 3 && !memcmp(p, "+OK", 3)) {
        if (first)
            out->pop3 = out->positive = true;
        p += 3;
    } else if (end - p >= 4 && !memcmp(p, "-ERR", 4)) {
        if (first)
            out->pop3 = true;
        p += 4;
    }
    if (out->pop3) {
        if (first) {
            const unsigned char *b = p;
            while (b < end && *b == ' ')
                b++;
            const unsigned char *e = b < end ? memchr(b, ']', (size_t)(end - b)) : NULL;
            if (b < end && *b == '[' && e && (size_t)(e - b) < sizeof out->respcode) {
                memcpy(out->respcode, b + 1, (size_t)(e - b - 1));
                p = e + 1;
            }
        }
        return p;
    }
    bool coded = false;
    if (end - p >= 3 && p[0] >= '2' && p[0] <= '5' && digit(p[1]) && digit(p[2]) &&
        (end - p == 3 || p[3] == ' ' || p[3] == '-' || p[3] == '\t')) {
        int code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
        if (first)
            out->code = code;
        else if (code != out->code)
            return from;
        coded = true;
        p += end - p == 3 ? 3 : 4;
    }
    const unsigned char *b = p;
    while (b < end && (*b == ' ' || *b == '\t' || *b == '#' || *b == '('))
        b++;
    size_t n = (coded || first) ? enhanced_at(b, end, v) : 0;
    if (n) {
        if (first) {
            out->eclass = v[0];
            out->esubject = v[1];
            out->edetail = v[2];
        }
        p = b + n;
    }
    return p;
}

static bool ipv4_at(const unsigned char *p, size_t n)
{
    unsigned dots = 0, digits = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '.') {
            if (!digits)
                return false;
            dots++;
            digits = 0;
        } else if (!digit(p[i]) || ++digits > 3)
            return false;
    }
    return dots == 3 && digits;
}

struct pen {
    unsigned char *at, *end;
};

static void put(struct pen *w, unsigned char c)
{
    if (w->at < w->end && !(c <= ' ' && w->at[-1] == c))
        *w->at++ = c;
}

static void put_word(struct pen *w, const char *word)
{
    put(w, ' ');
    while (*word)
        put(w, (unsigned char)*word++);
    put(w, ' ');
}

static unsigned char small(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* A Latin letter without its accent; a Cyrillic capital made small, U+0451 (yo) as it is mostly
 * written: two octets stay two. */
static bool put_pair(struct pen *w, unsigned char a, unsigned char b)
{
    char plain = cause_plain_letter(a, b);
    if (plain) {
        put(w, (unsigned char)plain);
        return true;
    }
    if ((a == 0xD0 && b == 0x81) || (a == 0xD1 && b == 0x91)) {
        a = 0xD0;
        b = 0xB5;
    } else if (a == 0xD0 && b >= 0x80 && b <= 0x8F) {
        a = 0xD1;
        b += 0x10;
    } else if (a == 0xD0 && b >= 0x90 && b <= 0x9F)
        b += 0x20;
    else if (a == 0xD0 && b >= 0xA0 && b <= 0xAF) {
        a = 0xD1;
        b -= 0x20;
    } else
        return false;
    put(w, a);
    put(w, b);
    return true;
}

/* What a character is to its token. */
enum {
    E = 1,      /* ends it */
    O = 2,      /* fold_token() has to look at it */
    S = 4,      /* ... perhaps, for its spelling */
    N = 16,     /* a letter or digit; all others become blanks */
    L = N | 8,  /* a letter */
    C = L | 32, /* a capital, whose small letter has this bit */
    LO = L | O,
    LS = L | S,
    CS = C | S,
};
/* clang-format off */
static const unsigned char kinds[256] = {
    E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E,
    E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E,
    E, 0, E, 0, 0, 0, 0, 0, E, E, 0, 0, E, 0, 0, 0,
    N, N, N, N, N, N, N, N, N, N, 0, E, E, 0, E, 0,
    O, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
    C, C, C, CS, C, C, C, C, C, C, C, E, 0, E, 0, 0,
    0, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, LS, L, L, L, L, L, L, L, E, E, E, 0, 0,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, LO, LO, LO, L, L, L, L, L, L, L, L, L, L,
    LO, LO, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, LO, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
};
/* clang-format on */

static bool ends_token(unsigned char c)
{
    // cppcheck-suppress arrayIndexOutOfBoundsCond ; an unsigned char is no 256
    return kinds[c] & E;
}

static bool url_at(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i + 3 < n && i < 8; i++)
        if (!memcmp(p + i, "://", 3))
            return true;
    return n > 4 && !strncasecmp((const char *)p, "www.", 4);
}

/* One token: no blank and no bracket in it. */
static void fold_token(struct pen *w, const unsigned char *p, size_t n, bool bracketed)
{
    const unsigned char *at = memchr(p, '@', n);
    if (url_at(p, n)) {
        put(w, ' ');
        put(w, CAUSE_URL);
        for (size_t i = 0; i < n; i++)
            put(w, alnum(p[i]) ? small(p[i]) : CAUSE_URL);
        put(w, CAUSE_URL);
        put(w, ' ');
        return;
    }
    size_t bare = n;
    while (bare && !alnum(p[bare - 1]))
        bare--;
    if (ipv4_at(p, bare)) {
        put_word(w, "ip");
        return;
    }
    /* "allowed...user@dom": the dots part them */
    const unsigned char *dots = at ? memmem(p, (size_t)(at - p), "...", 3) : NULL;
    if (dots && dots > p) {
        fold_token(w, p, (size_t)(dots - p), false);
        put(w, ' ');
        n -= (size_t)(dots + 3 - p);
        p = dots + 3;
    }
    if ((at && at > p && at + 1 < p + n) ||
        (bracketed && memchr(p, '.', bare) && !memchr(p, ':', n))) {
        put_word(w, "addr");
        /* "user@dom:blocked": gateways put what they found behind the address */
        const unsigned char *colon = at ? memchr(at, ':', (size_t)(p + n - at)) : NULL;
        if (colon && colon + 1 < p + n)
            fold_token(w, colon + 1, (size_t)(p + n - colon - 1), false);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = p[i];
        /* one spelling: authorised, recognised, organisation */
        if ((c == 's' || c == 'S') && i > 5 && i + 1 < n && small(p[i - 1]) == 'i' &&
            ((small(p[i - 2]) == 'r' && small(p[i - 3]) == 'o' && small(p[i - 4]) == 'h') ||
             (small(p[i - 2]) == 'n' && small(p[i - 3]) == 'g')))
            c = 'z';
        if (alnum(c)) {
            /* U+2019, the apostrophe of typesetters */
            if (c == 0xE2 && i + 2 < n && p[i + 1] == 0x80 && p[i + 2] == 0x99) {
                i += 2;
                continue;
            }
            if (cause_glyph(c) && n - i >= 3) {
                put(w, ' ');
                put(w, c);
                put(w, p[++i]);
                put(w, p[++i]);
                put(w, ' ');
                continue;
            }
            if (c >= 0xC3 && i + 1 < n && put_pair(w, c, p[i + 1])) {
                i++;
                continue;
            }
            put(w, small(c));
        } else if (c == '\'' && i && alnum(p[i - 1]))
            continue;
        else if (c == '-' && i && small(p[i - 1]) == 'e' && (i == 1 || !alnum(p[i - 2])) &&
                 n - i > 4 && !strncasecmp((const char *)p + i + 1, "mail", 4))
            continue; /* e-mail */
        else
            put(w, ' ');
    }
}

/* "organisation", "authorised" */
static bool other_spelling(const unsigned char *p, size_t n)
{
    for (size_t i = 6; i + 1 < n; i++)
        if ((p[i] | 0x20) == 's' && (p[i - 1] | 0x20) == 'i')
            return true;
    return false;
}

/* The token at p: nearly all need no fold_token(). Returns where it ends. */
static const unsigned char *fold_next(struct pen *w, const unsigned char *p,
                                      const unsigned char *end, bool bracketed)
{
    const unsigned char *s = p;
    unsigned char *at = w->at;
    unsigned any = bracketed ? O : 0;
    if ((size_t)(w->end - at) < (size_t)(end - p)) {
        while (p < end && !ends_token(*p))
            p++;
        any = O;
    }
    for (; p < end && !(kinds[*p] & E); p++) {
        unsigned kind = kinds[*p];
        any |= kind;
        if (kind & N) {
            *at++ = (unsigned char)(*p | (kind & 32));
            continue;
        }
        if (*p == '\'' && p > s && kinds[p[-1]] & N)
            continue;
        if ((*p == '-' && p > s && (p[-1] | 0x20) == 'e') ||
            (*p == ':' && p + 1 < end && p[1] == '/'))
            any |= O; /* e-mail; a URL */
        if (at[-1] != ' ')
            *at++ = ' ';
    }
    size_t n = (size_t)(p - s);
    bool number = kinds[*s] & N && (any & L) == N; /* "ip", perhaps */
    bool www = (*s | 0x20) == 'w' && n > 4 && (s[1] | 0x20) == 'w';
    if (any & O || number || www || (any & S && other_spelling(s, n)))
        fold_token(w, s, n, bracketed && p < end && *p == '>');
    else
        w->at = at;
    return p;
}

static void fold_line(struct pen *w, const unsigned char *p, const unsigned char *end)
{
    while (p < end) {
        if (ends_token(*p)) {
            put(w, ' ');
            p++;
        } else {
            p = fold_next(w, p, end, p[-1] == '<');
        }
    }
    put(w, ' ');
}

/* qmail's way "(#5.1.1)", and "... - 5.7.1 [BL21] ...": a code behind the words. */
static void late_code(struct cause_text *out, const unsigned char *p, const unsigned char *end)
{
    unsigned v[3];
    if (end - p < 6)
        return;
    for (const unsigned char *dot = p + 2; (dot = memchr(dot, '.', (size_t)(end - dot))); dot++) {
        const unsigned char *s = dot - 1;
        if (digit(*s) && (s[-1] == '#' || s[-1] == '(' || s[-1] == ' ') && enhanced_at(s, end, v) &&
            (int)v[0] == out->code / 100 && v[1] < 8) {
            out->eclass = v[0];
            out->esubject = v[1];
            out->edetail = v[2];
            return;
        }
    }
}

/* What tells nothing: "if you believe this is an error", and "Transaction failed: " before what it
 * failed of. */
static void no_courtesy(struct cause_text *t, const unsigned char *p, size_t len)
{
    static const char *const said[] = {" is an error ", " in error ", " by mistake ",
                                       " is a mistake "};
    static const struct {
        const char *raw, *folded;
    } opening[] = {{"ransaction failed: ", " transaction failed "},
                   {"ervice unavailable; ", " service unavailable "}};
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++)
        if (memmem(p, len, opening[i].raw, strlen(opening[i].raw))) {
            size_t n = strlen(opening[i].folded);
            unsigned char *at = memmem(t->text, t->n, opening[i].folded, n);
            if (at)
                memset(at, ' ', n);
        }
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        size_t n = strlen(said[i]);
        unsigned char *at = memmem(t->text, t->n, said[i], n);
        if (at)
            memset(at, ' ', n);
    }
}

void cause_fold(const struct cause_question *q, struct cause_text *out)
{
    const unsigned char *p = (const unsigned char *)(q->text ? q->text : "");
    size_t n = q->text ? q->n : 0;
    out->pop3 = q->proto && !strcmp(q->proto, "pop3");
    out->positive = out->cut = false;
    out->code = 0;
    out->eclass = out->esubject = out->edetail = 0;
    memset(out->respcode, 0, sizeof out->respcode);
    if (n > CAUSE_TEXT_MAX - 16) {
        n = CAUSE_TEXT_MAX - 16;
        out->cut = true;
    }
    struct pen w = {out->text, out->text + sizeof out->text - 2};
    *w.at++ = ' ';
    const unsigned char *end = p + n;
    const unsigned char *begin = p;
    bool first = true;
    while (p < end) {
        const unsigned char *nl = memchr(p, '\n', (size_t)(end - p));
        const unsigned char *e = nl ? nl : end;
        const unsigned char *text = codes(out, p, e, first);
        if (text == begin && text < e) { /* fold_line looks one octet back */
            if (!ends_token(*text))
                text = fold_next(&w, text, e, false);
            else
                text++;
        }
        fold_line(&w, text, e);
        first = false;
        p = nl ? nl + 1 : end;
    }
    put(&w, ' ');
    out->n = (size_t)(w.at - out->text);
    *w.at = '\0';
    no_courtesy(out, begin, (size_t)(end - begin));
    if (out->code && !out->eclass)
        late_code(out, begin, end);
    if (out->code >= 200 && out->code < 400)
        out->positive = true;
}
