/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk goes on as it went on before, nearly always: after each command or reply
 * that is known, the one that followed it last time is tried by itself, without looking for the
 * line's end, who says it and what is known about it. What is passed on as it stands is copied in
 * long runs. Nothing is decided here: lines that are not known are annot_talk.c's. */
#include "know/annot_priv.h"

static inline bool address_octet(unsigned char c)
{
    static const bool plain[256] = {
#define DIGITS(c) [c] = true, [c + 1] = true, [c + 2] = true, [c + 3] = true, [c + 4] = true
#define TEN(c) DIGITS(c), DIGITS(c + 5)
        TEN('0'),     TEN('a'),     TEN('k'),     DIGITS('u'),  ['z'] = true,
        TEN('A'),     TEN('K'),     DIGITS('U'),  ['Z'] = true, ['.'] = true,
        ['-'] = true, ['_'] = true, ['+'] = true, ['='] = true,
#undef TEN
#undef DIGITS
    };
    return plain[c];
}

/* Where an address that begins at q ends; *at: its only "@", NULL: there is none, or it is not of
 * the plain kind. */
static const char *address_end(const char *q, const char *end, const char **at)
{
    const char *begin = q;
    *at = NULL;
    for (; q < end; q++) {
        if (address_octet((unsigned char)*q))
            continue;
        if (*q != '@' || *at || q == begin)
            break;
        *at = q;
    }
    if (q < end && *q != '>')
        *at = NULL;
    return q;
}

/* "MAIL FROM:<somebody@client.example> SIZE=10": what stands for itself in it is the address, which
 * is the same to the automaton whatever it is. The key is the rest; 0: not of that form. */
size_t annot_address_key(const char *p, size_t n, char key[ADDRESS_LINE])
{
    const char *open = memchr(p, '<', n), *at = NULL;
    if (!open || n > ADDRESS_LINE)
        return 0;
    const char *q = open + 1, *end = p + n;
    q = address_end(q, end, &at);
    if (!at || q >= end || q == at + 1 || memchr(q, '<', (size_t)(end - q)))
        return 0;
    size_t head = (size_t)(open - p) + 1, tail = (size_t)(end - q);
    memcpy(key, p, head);
    memcpy(key + head, q, tail);
    return head + tail;
}

/* Of a positive reply of one line the codes tell what it means, unless it greets or answers a
 * login: the key are the codes. */
size_t annot_success_key(const char *p, size_t n)
{
    if (n < 4 || p[0] != '2' || p[1] != '5' || p[3] != ' ')
        return 0;
    size_t i = 4;
    if (n > 9 && p[4] == '2' && p[5] == '.')
        while (i < n && i < 14 && p[i] != ' ')
            i++;
    return i;
}

bool annot_careful;

/* Whose the line at p is, and where its text begins, in a state. */
static enum log_kind whose(const struct annotator *a, uint32_t state, bool paired, const char *p,
                           size_t n, size_t *text_at)
{
    struct talk_view v = a->views[state];
    struct span text;
    v.paired |= paired;
    enum log_kind kind = logtext_line(&a->kind, &v, p, n, &text);
    *text_at = (size_t)(text.p - p);
    return kind;
}

/* Is it whole, whatever comes next? */
static bool closed(const struct annotator *a, const struct known *k, const char *p, size_t n,
                   size_t text_at)
{
    if (annot_caps_answer(a, k->from, p + text_at, n - text_at))
        return false;
    const char *lf = memrchr(p, '\n', n), *line = lf ? lf + 1 : p;
    size_t len = (size_t)(p + n - line), at;
    return whose(a, k->from, line != p, line, len, &at) == LOG_SERVER &&
           !annot_more_follows(line + at, len - at);
}

void annot_quick_form(const struct annotator *a, struct known *k, enum log_kind kind, const char *p,
                      size_t n, size_t text_at, bool as_they_stand)
{
    k->raw = as_they_stand || (k->lines_n == n + 1 && memcmp(a->arena + k->lines, p, n) == 0);
    if (!a->quick || k->literal || (kind == LOG_SERVER && !closed(a, k, p, n, text_at)))
        return;
    k->form = !as_they_stand ? FORM_WHOLE : kind == LOG_CLIENT ? FORM_ADDRESS : FORM_SUCCESS;
    if (k->form == FORM_ADDRESS)
        k->head = (uint16_t)((const char *)memchr(p, '<', n) + 1 - p);
    if (k->form == FORM_SUCCESS)
        k->head = (uint16_t)text_at;
}

/* The first octet that text_harmless() would not let through. */
static inline const char *harmless_end(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    for (; end - p >= 8; p += 8) {
        uint64_t v = annot_eight(p), bad = ((v - ones * 0x20) | (v + ones) | v) & high;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (bad) /* the lowest one is told right, behind it carries may lie */
            return p + __builtin_ctzll(bad) / 8;
#else
        if (bad)
            break;
#endif
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p <= 0x7e)
        p++;
    return p;
}

/* The LF behind the line that ends at q, after CR or not; else NULL. */
static inline const char *line_feed(const char *q, const char *end)
{
    if (q < end && *q == '\r')
        q++;
    return q < end && *q == '\n' ? q : NULL;
}

/* Where the line or lines end if `k` is what stands at p; else NULL. */
static const char *met_again(const struct annotator *a, const struct known *k, const char *p,
                             const char *end)
{
    const char *key = a->arena + k->key, *at, *q;
    size_t n = k->key_n, head = k->form == FORM_ADDRESS ? k->head : n, text_at;
    if ((size_t)(end - p) <= n || memcmp(p, key, head) != 0)
        return NULL;
    q = p + head;
    if (k->form == FORM_WHOLE)
        return k->secrets == a->talk.secrets_kept ? q : NULL;
    enum log_kind kind = LOG_CLIENT;
    if (a->talk.secrets_kept || !k->form)
        return NULL;
    if (k->form == FORM_ADDRESS) {
        q = address_end(q, end, &at);
        if (!at || q <= at + 1 || (size_t)(end - q) < n - head ||
            memcmp(q, key + head, n - head) != 0)
            return NULL;
        q += n - head;
        if (q - p > ADDRESS_LINE)
            return NULL;
    } else {
        kind = LOG_SERVER;
        q = harmless_end(q, end);
        if (q - p > KEY_MAX ||
            annot_success_key(p + k->head, (size_t)(q - p) - k->head) + k->head != n)
            return NULL;
    }
    /* elsewhere than with these marks more than the beginning may tell whose it is */
    return a->colon || whose(a, k->from, false, p, (size_t)(q - p), &text_at) == kind ? q : NULL;
}

/* Does a letter or a body go on with the line p..q? */
static inline bool goes_on(const struct annotator *a, uint32_t state, const char *p, const char *q)
{
    const struct talk_view *v = &a->views[state];
    size_t n = (size_t)(q - p), text_at = 3;
    enum log_kind kind;
    if (a->colon && n >= 3 && p[1] == ':' && p[2] == ' ')
        kind = p[0] == 'C' ? LOG_CLIENT : p[0] == 'S' ? LOG_SERVER : LOG_TEXT;
    else
        kind = whose(a, state, false, p, n, &text_at);
    return (kind == LOG_CLIENT ? v->in_letter : kind == LOG_SERVER && v->in_body) &&
           !(n == text_at + 1 && p[text_at] == '.');
}

const char *annot_quick(struct annotator *a, const char *p, const char *end)
{
    const char *raw = p; /* from here on nothing was passed on yet */
    uint32_t state = a->state;
    while (p < end && !annot_careful) {
        bool letter = a->views[state].in_letter || a->views[state].in_body;
        const struct known *k = NULL;
        const char *q = letter ? harmless_end(p, end) : NULL, *lf = NULL;
        if (letter) {
            lf = line_feed(q, end);
            letter = lf && q - p <= LINE_SHOWN && goes_on(a, state, p, q);
        }
        if (!letter) {
            unsigned next = a->last ? a->known[a->last - 1].follow : 0;
            k = next ? &a->known[next - 1] : NULL;
            q = k && k->used && k->from == state ? met_again(a, k, p, end) : NULL;
            lf = q ? line_feed(q, end) : NULL;
            if (!lf)
                break;
            a->last = (uint16_t)next;
            a->explained += k->explained;
            state = k->to;
        }
        a->line_no++;
        if (k && !k->raw) {
            annot_put(a, raw, (size_t)(p - raw));
            annot_put(a, a->arena + k->lines, k->lines_n);
            raw = lf + 1;
        } else if (q != lf) { /* CR is left out */
            annot_put(a, raw, (size_t)(q - raw));
            raw = lf;
        }
        p = lf + 1;
        if (k && k->note_n) {
            annot_put(a, raw, (size_t)(p - raw));
            annot_put(a, a->arena + k->note, k->note_n);
            raw = p;
        }
    }
    annot_put(a, raw, (size_t)(p - raw));
    a->state = state;
    a->view = a->views[state];
    return p;
}
