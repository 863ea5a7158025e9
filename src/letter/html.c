/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML of letters as text: enough of it to read what is written and to see where links lead.
 * Scripts, styles and comments are left out; nothing is fetched. HTML Living Standard 13.2.5 for
 * what a tag is. */
#include "heloscope/reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct page {
    struct buf *out;
    size_t max;
    bool full;
    bool blank;       /* a blank is owed before the next word */
    unsigned lines;   /* line ends owed before it */
    bool begun;       /* something was written */
    char link[1024];  /* the target of the link that is open, or "" */
    size_t link_text; /* where its words begin in out */
};

static void put(struct page *g, const char *p, size_t n)
{
    size_t room = g->max > g->out->len ? g->max - g->out->len : 0;
    if (n > room) {
        g->full = true;
        n = room;
    }
    buf_add(g->out, p, n);
}

static void word(struct page *g, const char *p, size_t n)
{
    static const char ends[] = "\n\n";
    if (g->begun && g->lines)
        put(g, ends, g->lines > 2 ? 2 : g->lines);
    else if (g->begun && g->blank)
        put(g, " ", 1);
    g->lines = 0;
    g->blank = false;
    g->begun = true;
    put(g, p, n);
}

/* "&amp;", "&#233;", "&#xe9;": octets used, 0: none of them. */
static size_t entity(const char *p, size_t n, char out[8])
{
    static const struct {
        const char *name, *text;
    } known[] = {{"amp", "&"},
                 {"lt", "<"},
                 {"gt", ">"},
                 {"quot", "\""},
                 {"apos", "'"},
                 {"nbsp", " "},
                 {"copy", "©"},
                 {"reg", "®"},
                 {"euro", "€"},
                 {"pound", "£"},
                 {"ndash", "–"},
                 {"mdash", "—"},
                 {"hellip", "…"},
                 {"rsquo", "’"},
                 {"lsquo", "‘"},
                 {"rdquo", "”"},
                 {"ldquo", "“"},
                 {"bull", "•"},
                 {"middot", "·"},
                 {"auml", "ä"},
                 {"ouml", "ö"},
                 {"uuml", "ü"},
                 {"Auml", "Ä"},
                 {"Ouml", "Ö"},
                 {"Uuml", "Ü"},
                 {"szlig", "ß"},
                 {"eacute", "é"},
                 {"egrave", "è"},
                 {"agrave", "à"},
                 {"ccedil", "ç"},
                 {"zwnj", "\xe2\x80\x8c"},
                 {"zwj", "\xe2\x80\x8d"},
                 {"shy", "\xc2\xad"}};
    const char *semi = memchr(p, ';', n < 12 ? n : 12);
    if (!semi || semi < p + 2)
        return 0;
    size_t len = (size_t)(semi - p) - 1;
    if (p[1] == '#') {
        char digits[12], *end;
        bool hex = p[2] == 'x' || p[2] == 'X';
        snprintf(digits, sizeof digits, "%.*s", (int)(len - 1 - hex), p + 2 + hex);
        unsigned long c = strtoul(digits, &end, hex ? 16 : 10);
        if (end == digits || *end || !c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return 0;
        if (c < 0x80)
            snprintf(out, 8, "%c", (char)c);
        else if (c < 0x800)
            snprintf(out, 8, "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)));
        else if (c < 0x10000)
            snprintf(out, 8, "%c%c%c", (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)),
                     (char)(0x80 | (c & 63)));
        else
            snprintf(out, 8, "%c%c%c%c", (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)),
                     (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)));
        return len + 2;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == len && !memcmp(p + 1, known[i].name, len)) {
            snprintf(out, 8, "%s", known[i].text);
            return len + 2;
        }
    return 0;
}

static void text(struct page *g, const char *p, size_t n)
{
    for (size_t i = 0; i < n && !g->full;) {
        char one[8];
        size_t used;
        if (isspace((unsigned char)p[i])) {
            g->blank = true;
            i++;
        } else if (p[i] == '&' && (used = entity(p + i, n - i, one)) > 0) {
            if (!strcmp(one, " "))
                g->blank = true;
            else
                word(g, one, strlen(one));
            i += used;
        } else {
            size_t k = i;
            while (k < n && !isspace((unsigned char)p[k]) && (p[k] != '&' || k == i))
                k++;
            word(g, p + i, k - i);
            i = k;
        }
    }
}

/* The value of an attribute of a tag, entities decoded. */
static void attribute(const char *p, size_t n, const char *name, char *out, size_t size)
{
    size_t len = strlen(name), at = 0;
    *out = '\0';
    for (size_t i = 0; i + len < n; i++) {
        if (strncasecmp(p + i, name, len) != 0 || (i && !isspace((unsigned char)p[i - 1])))
            continue;
        size_t k = i + len;
        while (k < n && isspace((unsigned char)p[k]))
            k++;
        if (k == n || p[k] != '=')
            continue;
        for (k++; k < n && isspace((unsigned char)p[k]);)
            k++;
        char quote = k < n && (p[k] == '"' || p[k] == '\'') ? p[k++] : 0;
        while (k < n && (quote ? p[k] != quote : !isspace((unsigned char)p[k])) && at + 8 < size) {
            char one[8];
            size_t used = p[k] == '&' ? entity(p + k, n - k, one) : 0;
            if (used)
                at += (size_t)snprintf(out + at, size - at, "%s", one);
            else if ((unsigned char)p[k] >= ' ')
                out[at++] = p[k];
            k += used ? used : 1;
        }
        out[at] = '\0';
        return;
    }
}

static void link_end(struct page *g)
{
    if (!*g->link)
        return;
    const char *said = buf_str(g->out) + g->link_text;
    size_t n = g->out->len - g->link_text;
    while (n && isspace((unsigned char)*said)) {
        said++;
        n--;
    }
    /* Beside the words only if they are not the target themselves. */
    const char *target = g->link;
    if (!strncasecmp(target, "mailto:", 7))
        target += 7;
    if (n != strlen(target) || strncmp(said, target, n) != 0) {
        char shown[1040];
        int len = snprintf(shown, sizeof shown, "<%s>", g->link);
        g->blank = true;
        word(g, shown, (size_t)len);
        g->blank = true;
    }
    g->link[0] = '\0';
}

static bool is(const char *p, size_t n, const char *name)
{
    return strlen(name) == n && !strncasecmp(p, name, n);
}

/* Behind p[0..n), which begins with '<': where the tag ends; n where it never does. */
static size_t tag_end(const char *p, size_t n)
{
    char quote = 0;
    for (size_t i = 1; i < n; i++) {
        if (quote)
            quote = p[i] == quote ? 0 : quote;
        else if ((p[i] == '"' || p[i] == '\'') && memchr("= \t\r\n", p[i - 1], 5))
            quote = p[i];
        else if (p[i] == '>')
            return i + 1;
    }
    return n;
}

static void tag(struct page *g, const char *p, size_t n)
{
    static const char *const blocks[] = {"p",  "div", "table", "ul", "ol", "h1",         "h2",
                                         "h3", "h4",  "h5",    "h6", "tr", "blockquote", "pre"};
    bool end = n && *p == '/';
    p += end;
    n -= end;
    size_t name = 0;
    while (name < n && isalnum((unsigned char)p[name]))
        name++;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (is(p, name, blocks[i]))
            g->lines = g->lines > 1 + (i == 0) ? g->lines : 1 + (i == 0);
    if (is(p, name, "br") || (is(p, name, "hr") && !end))
        g->lines++;
    if (is(p, name, "li") && !end) {
        g->lines = g->lines ? g->lines : 1;
        word(g, "-", 1);
        g->blank = true;
    }
    if (is(p, name, "td") || is(p, name, "th"))
        g->blank = true;
    if (is(p, name, "img") && !end) {
        char alt[200];
        attribute(p, n, "alt", alt, sizeof alt);
        if (*alt) {
            char shown[210];
            word(g, shown, (size_t)snprintf(shown, sizeof shown, "[%s]", alt));
        }
    }
    if (is(p, name, "a")) {
        link_end(g);
        if (!end) {
            attribute(p, n, "href", g->link, sizeof g->link);
            g->link_text = g->out->len;
        }
    }
}

/* What stands in <script>, <style>, <head>'s title and comments is not the letter's text. */
static size_t skipped(const char *p, size_t n)
{
    static const char *const names[] = {"script", "style", "title"};
    if (n >= 4 && !memcmp(p, "<!--", 4)) {
        const char *end = memmem(p + 4, n - 4, "-->", 3);
        return end ? (size_t)(end - p) + 3 : n;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (n < len + 2 || strncasecmp(p + 1, names[i], len) != 0 ||
            isalnum((unsigned char)p[len + 1]))
            continue;
        for (size_t k = len; k + len + 2 < n; k++)
            if (p[k] == '<' && p[k + 1] == '/' && !strncasecmp(p + k + 2, names[i], len))
                return k + tag_end(p + k, n - k);
        return n;
    }
    return 0;
}

bool html_text(const char *p, size_t n, size_t max, struct buf *out)
{
    struct page g = {.out = out, .max = out->len + max};
    for (size_t i = 0; i < n && !g.full;) {
        const char *lt = memchr(p + i, '<', n - i);
        size_t k = lt ? (size_t)(lt - p) : n;
        text(&g, p + i, k - i);
        if (k == n)
            break;
        size_t skip = skipped(p + k, n - k);
        if (skip) {
            i = k + skip;
        } else if (k + 1 < n && (isalpha((unsigned char)p[k + 1]) || strchr("/!?", p[k + 1]))) {
            size_t len = tag_end(p + k, n - k);
            if (p[k + len - 1] == '>') /* a tag that never ends is none */
                tag(&g, p + k + 1, len - 2);
            i = k + len;
        } else {
            word(&g, "<", 1);
            i = k + 1;
        }
    }
    link_end(&g);
    return !g.full;
}
