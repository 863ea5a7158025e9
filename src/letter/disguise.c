/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What hides in a sender's name and address: an address in the name, characters that cannot be
 * seen or that turn the line around, letters of two scripts in one word, a domain that looks like
 * one that the reader knows. Names of characters by libunistring. UTS 39 (confusables), RFC 5890
 * (A-labels), RFC 5322 3.4. */
#include "heloscope/mailtext.h"
#include "heloscope/reader.h"
#include "core/lazy/utf8proc.gen.h"

#include "core/lazy/idn2.gen.h"
#include "core/lazy/unistring.gen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Letters that are drawn as Latin ones in most typefaces; a few of the many in the confusables of
 * UTS 39. */
static const struct {
    uint32_t c;
    const char *like;
} twins[] = {
    {0x430, "a"}, {0x441, "c"}, {0x435, "e"},  {0x456, "i"},  {0x458, "j"},  {0x43e, "o"},
    {0x440, "p"}, {0x455, "s"}, {0x445, "x"},  {0x443, "y"},  {0x501, "d"},  {0x4bb, "h"},
    {0x261, "g"}, {0x3b1, "a"}, {0x3bf, "o"},  {0x3c1, "p"},  {0x3bd, "v"},  {0x3b9, "i"},
    {0x131, "i"}, {0x142, "l"}, {0xe0, "a"},   {0xe1, "a"},   {0xe4, "a"},   {0xe8, "e"},
    {0xe9, "e"},  {0xf2, "o"},  {0xf3, "o"},   {0xf6, "o"},   {0xfc, "u"},   {0xed, "i"},
    {0xec, "i"},  {0x1e5, "g"}, {0x1ecd, "o"}, {0x1ea1, "a"}, {0x1eb9, "e"},
};

static bool unseen(uint32_t c)
{
    return c == 0xad || c == 0x34f || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0000 && c <= 0xe0fff);
}

static bool turns(uint32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x61c;
}

/* The next character; 0xfffd for octets that are none. */
static size_t next(const char *p, size_t n, uint32_t *c)
{
    utf8proc_int32_t got;
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &got);
    *c = k > 0 ? (uint32_t)got : 0xfffd;
    return k > 0 ? (size_t)k : 1;
}

static const char *name_of(uint32_t c, char *out)
{
    char why[160];
    if (c == 0xfffd)
        snprintf(out, UNINAME_MAX, "in place of octets that are no UTF-8");
    else if (!lazy_ready(unistring, why, sizeof why) || !unicode_character_name(c, out))
        snprintf(out, UNINAME_MAX, "(no name)");
    return out;
}

bool disguise_characters(const char *text, size_t n, struct buf *out)
{
    char name[UNINAME_MAX];
    bool any = false;
    uint32_t seen[64];
    size_t nseen = 0;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += next(text + i, n - i, &c);
        if (c < 0x80)
            continue;
        size_t k = 0;
        while (k < nseen && seen[k] != c)
            k++;
        if (k < nseen)
            continue;
        if (nseen == sizeof seen / sizeof *seen) {
            buf_add_str(out, "... and more kinds of characters\n");
            break;
        }
        seen[nseen++] = c;
        any = true;
        buf_addf(out, "U+%04X %s%s\n", c, name_of(c, name),
                 turns(c)    ? ": it turns the order of what is read"
                 : unseen(c) ? ": it cannot be seen"
                             : "");
    }
    return any;
}

/* Latin, Greek and Cyrillic letters of one word: which of them are there. */
static unsigned scripts(const char *p, size_t n, bool *mixed)
{
    unsigned word = 0, all = 0;
    *mixed = false;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += next(p + i, n - i, &c);
        unsigned s = (c < 0x80 && isalpha((int)c)) || (c >= 0xc0 && c < 0x250) ? 1
                     : c >= 0x370 && c < 0x400                                 ? 2
                     : c >= 0x400 && c < 0x530                                 ? 4
                                                                               : 0;
        word = c == ' ' || c == '.' || c == '@' ? 0 : word | s;
        *mixed = *mixed || (word & (word - 1));
        all |= s;
    }
    return all;
}

/* As it looks from afar: twins, "rn" for m, 0 for o, 1 for l; without hyphens. */
static void skeleton(const char *domain, char *out, size_t size)
{
    size_t at = 0, n = strlen(domain);
    for (size_t i = 0; i < n && at + 4 < size;) {
        uint32_t c;
        size_t used = next(domain + i, n - i, &c);
        const char *like = NULL;
        for (size_t k = 0; k < sizeof twins / sizeof *twins; k++)
            if (twins[k].c == c)
                like = twins[k].like;
        if (like)
            out[at++] = *like;
        else if (c == '0')
            out[at++] = 'o';
        else if (c == '1' || c == 'i' || c == 'I')
            out[at++] = 'l';
        else if (c == '-' || unseen(c))
            ;
        else if (c < 0x80)
            out[at++] = (char)tolower((int)c);
        else {
            memcpy(out + at, domain + i, used);
            at += used;
        }
        i += used;
        if (at >= 2 && out[at - 2] == 'r' && out[at - 1] == 'n')
            out[--at - 1] = 'm';
        if (at >= 2 && out[at - 2] == 'v' && out[at - 1] == 'v')
            out[--at - 1] = 'w';
    }
    out[at] = '\0';
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    return at ? at + 1 : "";
}

char *disguise_domain(const char *domain)
{
    char *u = NULL, why[160];
    if (strcasestr(domain, "xn--") && lazy_ready(idn2, why, sizeof why) &&
        idn2_to_unicode_8z8z(domain, &u, 0) == IDN2_OK) {
        char *out = xstrdup(u);
        idn2_free(u);
        return out;
    }
    return xstrdup(domain);
}

static void look_alike(const char *domain, const char *const *domains, struct buf *out)
{
    char mine[512], theirs[512];
    skeleton(domain, mine, sizeof mine);
    for (; domains && *domains; domains++) {
        size_t n = strlen(*domains), d = strlen(domain);
        if (!strcasecmp(domain, *domains) ||
            (d > n && domain[d - n - 1] == '.' && !strcasecmp(domain + d - n, *domains)))
            continue; /* it is the domain, or stands below it */
        skeleton(*domains, theirs, sizeof theirs);
        if (!strcmp(mine, theirs))
            buf_addf(out, "The domain %s looks like %s, and is another one.\n", domain, *domains);
        else if (!strncasecmp(domain, *domains, n) && domain[n] == '.')
            buf_addf(out, "The domain %s begins like %s, but belongs to whoever owns its end.\n",
                     domain, *domains);
    }
}

/* Is there an "@", or one that looks like it, beside the address itself? */
static bool holds_address(const char *name, const char *address)
{
    static const char *const ats[] = {"@", "\xef\xbc\xa0", "\xef\xb9\xab"};
    size_t n = strlen(address);
    for (const char *p = name; *p; p++) {
        if (n && !strncasecmp(p, address, n)) {
            p += n - 1;
            continue;
        }
        for (size_t k = 0; k < sizeof ats / sizeof *ats; k++)
            if (!strncmp(p, ats[k], strlen(ats[k])))
                return true;
    }
    return false;
}

bool disguise_of(const char *name, const char *address, const char *const *domains, struct buf *out)
{
    size_t before = out->len;
    bool mixed;
    if (holds_address(name, address))
        buf_addf(out,
                 "The name holds an address (%s) that is not the sender's (%s): a list that "
                 "shows names alone shows the false one.\n",
                 name, address);
    struct buf both;
    buf_init(&both, 65536);
    char *domain = disguise_domain(domain_of(address));
    buf_addf(&both, "%s %s", name, *domain ? domain : address);
    for (size_t i = 0; i < both.len;) {
        uint32_t c;
        char what[UNINAME_MAX];
        i += next(both.p + i, both.len - i, &c);
        if (c >= 0x80 && unseen(c)) {
            buf_addf(out, "It holds U+%04X %s, which cannot be seen%s.\n", c, name_of(c, what),
                     turns(c) ? " and turns the order of what is read" : "");
            break;
        }
    }
    scripts(buf_str(&both), both.len, &mixed);
    if (mixed)
        buf_add_str(out, "One word has letters of several scripts (Latin, Greek, Cyrillic): it is "
                         "made to look like another word.\n");
    if (strcmp(domain, domain_of(address)) != 0)
        buf_addf(out, "The domain is written %s; it reads %s.\n", domain_of(address), domain);
    char a[256];
    size_t n = strlen(domain), plain = 0;
    while (plain < n && (unsigned char)domain[plain] < 0x80)
        plain++;
    if (plain < n && !strcmp(domain, domain_of(address)) && domain_normal(domain, n, a))
        buf_addf(out, "The domain reads %s; in the DNS it is %s.\n", domain, a);
    look_alike(domain, domains, out);
    free(domain);
    buf_clear(&both);
    return out->len > before;
}

const char *disguise_unseen(void)
{
    return "Not seen by this: domains that differ by a word (bank-secure.example), letters of one "
           "foreign script alone that spell a Latin word, an honest domain whose mailbox was taken "
           "over, and most of the thousands of look-alike characters of Unicode.";
}
