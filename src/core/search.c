/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searching text: a plain word sixteen octets at a time, anything else by PCRE2 (JIT, UTF,
 * bounded). It knows nothing of items; the sources call it on what they hold.
 *
 * PCRE2 is given windows of whole lines and never the whole text: with PCRE2_MATCH_INVALID_UTF it
 * checks the text from the start of the match to the end of what it was given, each time, and that
 * would make `n` cost the rest of 100 MB. A match therefore stays within a line or a few. */
#include "heloscope/search.h"
#include "bulk.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"
#include "core/lazy/pcre2.gen.h"
#include <stdio.h>
#include <stdlib.h>

#define PATTERN_MAX 1024
#define WINDOW ((size_t)128 << 10) /* octets given to PCRE2 at once, cut at a line's end */
#define MATCH_LIMIT 100000
#define LIMITS_BORNE 32      /* windows that hit the match limit before the search gives up */
#define TIME_MAX_US 2000000u /* and the time it may take */

struct search {
    char *pattern;
    bool fold;  /* case does not matter */
    char *word; /* a plain word (in lower case if fold), or NULL */
    size_t len;
    size_t probe; /* offset of the octet of the word that is compared first, with the last one */
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    bool *limited; /* owned; const searches tell here that the limit was reached */
};

static bool has_capital(const char *p)
{
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++; /* \S and \W are no capitals */
        else if (*p >= 'A' && *p <= 'Z')
            return true;
    }
    return false;
}

static bool compile(struct search *s, char *why, size_t size)
{
    int error;
    PCRE2_SIZE at;
    pcre2_compile_context *c = pcre2_compile_context_create(NULL);
    if (c)
        pcre2_set_newline(c, PCRE2_NEWLINE_ANYCRLF);
    uint32_t flags =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | (s->fold ? PCRE2_CASELESS : 0);
    s->code =
        c ? pcre2_compile((PCRE2_SPTR)s->pattern, PCRE2_ZERO_TERMINATED, flags, &error, &at, c)
          : NULL;
    pcre2_compile_context_free(c);
    if (!s->code) {
        PCRE2_UCHAR text[160] = "no memory";
        pcre2_get_error_message(error, text, sizeof text);
        snprintf(why, size, "the pattern is wrong at character %zu: %s", (size_t)at + 1,
                 (const char *)text);
        return false;
    }
    pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE); /* where there is no JIT it goes without */
    s->data = pcre2_match_data_create_from_pattern(s->code, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(32 << 10, 1 << 20, NULL);
    if (!s->data || !s->context || !s->stack) {
        snprintf(why, size, "not enough memory for the pattern");
        return false;
    }
    pcre2_set_match_limit(s->context, MATCH_LIMIT);
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return true;
}

struct search *search_new(const char *pattern, char *why, size_t size)
{
    size_t n = strlen(pattern);
    if (n == 0 || n > PATTERN_MAX) {
        snprintf(why, size, n ? "the pattern is longer than %d octets" : "nothing to search for",
                 PATTERN_MAX);
        return NULL;
    }
    struct search *s = xcalloc(1, sizeof *s);
    s->pattern = xstrdup(pattern);
    s->limited = xcalloc(1, sizeof *s->limited);
    s->fold = !has_capital(pattern);
    bool ascii = true;
    for (const char *p = pattern; *p; p++)
        ascii = ascii && (unsigned char)*p < 0x80;
    if (!strpbrk(pattern, "\\^$.[|()?*+{") && (ascii || !s->fold)) {
        s->word = xstrdup(pattern);
        s->len = n;
        /* Letters that are common at the start of words make poor probes: a digit or a rare one is
         * better. */
        for (size_t i = 0; i < n; i++)
            if (!strchr(" eationsrhldc", s->word[i])) {
                s->probe = i;
                break;
            }
        return s;
    }
    if (!compile(s, why, size)) {
        search_free(s);
        return NULL;
    }
    return s;
}

void search_free(struct search *s)
{
    if (!s)
        return;
    pcre2_code_free(s->code);
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
    free(s->word);
    free(s->limited);
    free(s->pattern);
    free(s);
}

const char *search_pattern(const struct search *s)
{
    return s->pattern;
}

bool search_limited(const struct search *s)
{
    return *s->limited;
}

/* ---- a plain word ---- */

static inline unsigned char low(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 32 : c;
}

static bool word_at(const struct search *s, const char *p)
{
    if (!s->fold)
        return memcmp(p, s->word, s->len) == 0;
    for (size_t i = 0; i < s->len; i++)
        if (low((unsigned char)p[i]) != (unsigned char)s->word[i])
            return false;
    return true;
}

static inline unsigned char case_bit(const struct search *s, char c)
{
    return s->fold && c >= 'a' && c <= 'z' ? 32 : 0;
}

/* Two octets of the word, compared in 64 places at once; where both agree somewhere, those places
 * are looked at. */
struct probe {
    size_t a, b;
    bulk_v fold_a, fold_b;
    unsigned char ca, cb;
};

static struct probe probe_of(const struct search *s)
{
    struct probe q = {.a = s->probe, .b = s->len - 1};
    const bulk_v none = {0}; /* as a literal in the expression it is beyond cppcheck */
    q.ca = (unsigned char)s->word[q.a];
    q.cb = (unsigned char)s->word[q.b];
    q.fold_a = none | case_bit(s, s->word[q.a]);
    q.fold_b = none | case_bit(s, s->word[q.b]);
    return q;
}

static inline bool probe_block(const struct probe *q, const char *p)
{
    bulk_v hit = {0};
    for (size_t j = 0; j < BULK_BLOCK; j += 16)
        hit |= bulk_eq(bulk_load(p + q->a + j) | q->fold_a, q->ca) &
               bulk_eq(bulk_load(p + q->b + j) | q->fold_b, q->cb);
    return bulk_any(hit);
}

static bool word_forward(const struct search *s, const char *p, size_t n, size_t from, size_t *at)
{
    if (n < s->len)
        return false;
    size_t last = n - s->len, i = from; /* the last offset at which it can begin */
    struct probe q = probe_of(s);
    for (; i + BULK_BLOCK + s->len <= n; i += BULK_BLOCK) {
        if (!probe_block(&q, p + i))
            continue;
        for (size_t k = i; k < i + BULK_BLOCK; k++)
            if (((unsigned char)p[k + q.b] | q.fold_b[0]) == q.cb && word_at(s, p + k)) {
                *at = k;
                return true;
            }
    }
    for (; i <= last; i++)
        if (word_at(s, p + i)) {
            *at = i;
            return true;
        }
    return false;
}

/* The last one that begins before `to`. */
static bool word_back(const struct search *s, const char *p, size_t n, size_t to, size_t *at)
{
    if (n < s->len || to == 0)
        return false;
    size_t end = to < n - s->len + 1 ? to : n - s->len + 1; /* candidates lie in [0, end) */
    struct probe q = probe_of(s);
    while (end > 0) {
        if (end >= BULK_BLOCK) {
            size_t i = end - BULK_BLOCK;
            if (i + BULK_BLOCK + s->len <= n + 1 && !probe_block(&q, p + i)) {
                end = i;
                continue;
            }
        }
        size_t stop = end > BULK_BLOCK ? end - BULK_BLOCK : 0;
        for (; end > stop; end--)
            if (word_at(s, p + end - 1)) {
                *at = end - 1;
                return true;
            }
    }
    return false;
}

/* ---- patterns ---- */

/* How a search through many windows ends although there would be more. */
struct budget {
    uint64_t until;
    unsigned limits;
};

static bool spent(const struct search *s, struct budget *b)
{
    if (b->limits < LIMITS_BORNE && now_us() < b->until)
        return false;
    *s->limited = true;
    return true;
}

/* The first match in p[0..n) that begins at or after from and is not empty: 1, none: 0, given up:
 * -1. */
static int match_once(const struct search *s, const char *p, size_t n, size_t from, size_t *at,
                      size_t *len)
{
    int rc = pcre2_match(s->code, (PCRE2_SPTR)p, n, from, PCRE2_NOTEMPTY, s->data, s->context);
    if (rc < 0)
        return rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
    const PCRE2_SIZE *o = pcre2_get_ovector_pointer(s->data);
    *at = o[0];
    *len = o[1] > o[0] ? o[1] - o[0] : 0; /* \K can turn them round */
    return 1;
}

/* The same; where a line is too much for the pattern the other lines of the window still count. */
static bool match(const struct search *s, const char *p, size_t n, size_t from, struct budget *b,
                  size_t *at, size_t *len)
{
    int rc = match_once(s, p, n, from, at, len);
    if (rc >= 0)
        return rc == 1;
    b->limits++;
    *s->limited = true;
    const char *lf = from ? memrchr(p, '\n', from) : NULL;
    for (size_t start = lf ? (size_t)(lf - p) + 1 : 0; start < n && !spent(s, b);) {
        lf = memchr(p + start, '\n', n - start);
        size_t end = lf ? (size_t)(lf - p) + 1 : n;
        rc = match_once(s, p + start, end - start, from > start ? from - start : 0, at, len);
        if (rc == 1) {
            *at += start;
            return true;
        }
        b->limits += rc < 0;
        start = end;
    }
    return false;
}

/* The end of a window that begins at `from`: after a line end where there is one near. */
static size_t window_end(const char *p, size_t n, size_t from)
{
    if (n - from <= WINDOW)
        return n;
    const char *lf = memrchr(p + from, '\n', WINDOW);
    return lf ? (size_t)(lf - p) + 1 : from + WINDOW;
}

static size_t line_start(const char *p, size_t at)
{
    size_t most = at < WINDOW ? at : WINDOW;
    const char *lf = most ? memrchr(p + at - most, '\n', most) : NULL;
    return lf ? (size_t)(lf - p) + 1 : at - most;
}

bool search_text(const struct search *s, const char *p, size_t n, size_t from, size_t *at,
                 size_t *len)
{
    *s->limited = false;
    if (from >= n)
        return false;
    if (s->word) {
        *len = s->len;
        return word_forward(s, p, n, from, at);
    }
    struct budget b = {now_us() + TIME_MAX_US, 0};
    for (size_t start = line_start(p, from); start < n && !spent(s, &b);) {
        size_t end = window_end(p, n, start);
        if (end <= from) {
            start = end;
            continue;
        }
        if (match(s, p + start, end - start, from > start ? from - start : 0, &b, at, len)) {
            *at += start;
            return true;
        }
        start = end;
    }
    return false;
}

bool search_text_back(const struct search *s, const char *p, size_t n, size_t to, size_t *at,
                      size_t *len)
{
    *s->limited = false;
    if (to > n)
        to = n;
    if (s->word) {
        *len = s->len;
        return word_back(s, p, n, to, at);
    }
    struct budget b = {now_us() + TIME_MAX_US, 0};
    /* Windows from the end: each from a line's start to where the one behind it began. */
    for (size_t end = to; end > 0 && !spent(s, &b);) {
        size_t start = end > WINDOW / 2 ? line_start(p, end - WINDOW / 2) : 0;
        const char *lf =
            end == to ? memchr(p + end - 1, '\n', n - end + 1 < WINDOW ? n - end + 1 : WINDOW)
                      : NULL;
        size_t stop =
            lf ? (size_t)(lf - p) + 1 : end; /* the line that `to` cuts is looked at whole */
        bool found = false;
        size_t hit, size, from = 0;
        while (start + from < end && match(s, p + start, stop - start, from, &b, &hit, &size) &&
               start + hit < end) {
            found = true;
            *at = start + hit;
            *len = size;
            from = hit + (size ? size : 1);
            if (spent(s, &b))
                break;
        }
        if (found)
            return true;
        end = start;
    }
    return false;
}
