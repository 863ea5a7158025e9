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
    char base[1024];  /* <base href>: what targets without a scheme are below, or "" */
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

static void decode(const char *p, size_t n, char *out, size_t size)
{
    size_t at = 0;
    for (size_t k = 0; k < n && at + 8 < size;) {
        char one[8];
        size_t used = p[k] == '&' ? entity(p + k, n - k, one) : 0;
        if (used)
            at += (size_t)snprintf(out + at, size - at, "%s", one);
        else if ((unsigned char)p[k] >= ' ')
            out[at++] = p[k];
        k += used ? used : 1;
    }
    out[at] = '\0';
}

/* The value of an attribute, entities decoded; p stands behind the tag's name. Attributes are cut
 * as browsers do it (HTML 13.2.5.32 ff.: "/" parts them too, the first of a name counts), or a link
 * could show one target here and have another there. */
static void attribute(const char *p, size_t n, const char *name, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < n;) {
        size_t start = i, k;
        if (isspace((unsigned char)p[i]) || p[i] == '/') {
            i++;
            continue;
        }
        while (i < n && !isspace((unsigned char)p[i]) && p[i] != '/' && (p[i] != '=' || i == start))
            i++;
        bool wanted = strlen(name) == i - start && !strncasecmp(p + start, name, i - start);
        for (k = i; k < n && isspace((unsigned char)p[k]);)
            k++;
        size_t value = k, end = k;
        if (k < n && p[k] == '=') {
            for (k++; k < n && isspace((unsigned char)p[k]);)
                k++;
            char quote = k < n && (p[k] == '"' || p[k] == '\'') ? p[k++] : 0;
            for (value = k; k < n && (quote ? p[k] != quote : !isspace((unsigned char)p[k]));)
                k++;
            end = k;
            i = k + (quote && k < n);
        }
        if (wanted) {
            decode(p + value, end - value, out, size);
            return;
        }
    }
}

/* Has it no scheme of its own? (RFC 3986 4.2) */
static bool relative(const char *target)
{
    size_t n = 0;
    while (isalnum((unsigned char)target[n]) || (target[n] && strchr("+-.", target[n])))
        n++;
    return !n || target[n] != ':';
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
    bool below = *g->base && relative(target);
    if (below || n != strlen(target) || strncmp(said, target, n) != 0) {
        char shown[2100];
        int len = below ? snprintf(shown, sizeof shown, "<%s, below %s>", g->link, g->base)
                        : snprintf(shown, sizeof shown, "<%s>", g->link);
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

/* A target that has no words. */
static void elsewhere(struct page *g, const char *what, const char *p, size_t n, const char *name)
{
    char target[1024], shown[1060];
    attribute(p, n, name, target, sizeof target);
    if (!*target)
        return;
    g->blank = true;
    word(g, shown, (size_t)snprintf(shown, sizeof shown, "[%s %s]", what, target));
    g->blank = true;
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
        attribute(p + name, n - name, "alt", alt, sizeof alt);
        if (*alt) {
            char shown[210];
            word(g, shown, (size_t)snprintf(shown, sizeof shown, "[%s]", alt));
        }
    }
    if (is(p, name, "a")) {
        link_end(g);
        if (!end) {
            attribute(p + name, n - name, "href", g->link, sizeof g->link);
            g->link_text = g->out->len;
        }
    }
    if (is(p, name, "base") && !end && !*g->base)
        attribute(p + name, n - name, "href", g->base, sizeof g->base);
    if (is(p, name, "form") && !end)
        elsewhere(g, "form to", p + name, n - name, "action");
    if (is(p, name, "area") && !end)
        elsewhere(g, "area to", p + name, n - name, "href");
}

/* What stands in <script>, <style>, <head>'s title and comments is not the letter's text. */
static size_t skipped(const char *p, size_t n)
{
    static const char *const names[] = {"script", "style", "title"};
    if (n >= 4 && !memcmp(p, "<!--", 4)) {
        /* "<!-->" and "<!--->" are whole comments, and "--!>" ends one, too (HTML 13.2.5.43 ff.).
         */
        for (size_t k = 4; k < n; k++)
            if (p[k] == '>' && ((p[k - 1] == '-' && p[k - 2] == '-') ||
                                (k > 6 && p[k - 1] == '!' && p[k - 2] == '-' && p[k - 3] == '-')))
                return k + 1;
        return n;
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
