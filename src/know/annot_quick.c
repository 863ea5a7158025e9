/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk of marked lines goes on as it went on before, nearly always: after each command or reply
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
size_t annot_address_key(const char *p, size_t n, char key[512])
{
    const char *open = memchr(p, '<', n), *at = NULL;
    if (!open || n > 512)
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

static bool closed(const struct annotator *a, const struct known *k, enum log_kind kind,
                   const char *p, size_t n)
{
    if (kind != LOG_SERVER)
        return true;
    if (annot_caps_answer(a, k->from, p + 3, n - 3))
        return false;
    const char *lf = memrchr(p, '\n', n), *line = lf ? lf + 1 : p;
    size_t len = (size_t)(p + n - line);
    return len >= 3 && !annot_more_follows(line + 3, len - 3);
}

void annot_quick_form(const struct annotator *a, struct known *k, enum log_kind kind, const char *p,
                      size_t n, bool as_they_stand)
{
    char mark = kind == LOG_CLIENT ? 'C' : 'S';
    k->raw = as_they_stand || (k->lines_n == n + 1 && memcmp(a->arena + k->lines, p, n) == 0);
    if (!a->quick || k->literal || n < 3 || p[0] != mark || p[1] != ':' || p[2] != ' ' ||
        (n > 3 && (p[3] == ' ' || p[3] == '\t')) || !closed(a, k, kind, p, n))
        return;
    k->form = !as_they_stand ? FORM_WHOLE : kind == LOG_CLIENT ? FORM_ADDRESS : FORM_SUCCESS;
    if (k->form == FORM_ADDRESS)
        k->head = (uint16_t)((const char *)memchr(p, '<', n) + 1 - p);
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

/* Where the line ends if `k` is what stands at p; else NULL. */
static const char *met_again(const struct annotator *a, const struct known *k, const char *p,
                             const char *end)
{
    const char *key = a->arena + k->key, *at, *q, *lf;
    size_t n = k->key_n, head = k->form == FORM_ADDRESS ? k->head : n;
    if ((size_t)(end - p) <= n || memcmp(p, key, head) != 0)
        return NULL;
    q = p + head;
    switch (k->form) {
    case FORM_WHOLE:
        return *q == '\n' && k->secrets == a->talk.secrets_kept ? q : NULL;
    case FORM_ADDRESS:
        q = address_end(q, end, &at);
        lf = q + (n - head);
        return at && q > at + 1 && lf < end && *lf == '\n' && lf - p <= 512 &&
                       memcmp(q, key + head, n - head) == 0 && !a->talk.secrets_kept
                   ? lf
                   : NULL;
    case FORM_SUCCESS:
        lf = harmless_end(q, end);
        return lf < end && *lf == '\n' && lf - p <= KEY_MAX && !a->talk.secrets_kept &&
                       annot_success_key(p + 3, (size_t)(lf - p - 3)) + 3 == n
                   ? lf
                   : NULL;
    default:
        return NULL;
    }
}

const char *annot_quick(struct annotator *a, const char *p, const char *end)
{
    const char *raw = p; /* from here on it was not passed on yet */
    uint32_t state = a->state;
    while (end - p > 4) {
        const struct talk_view *v = &a->views[state];
        if ((v->in_letter || v->in_body) && !(p[3] == '.' && p[4] == '\n')) {
            if (p[1] != ':' || p[2] != ' ' ||
                !(p[0] == 'C' ? v->in_letter : p[0] == 'S' && v->in_body))
                break;
            const char *lf = harmless_end(p + 3, end);
            if (lf == end || *lf != '\n' || lf - p > LINE_SHOWN)
                break;
            p = lf + 1;
            a->line_no++;
            continue;
        }
        unsigned next = a->last ? a->known[a->last - 1].follow : 0;
        struct known *k = next ? &a->known[next - 1] : NULL;
        const char *lf = k && k->used && k->from == state ? met_again(a, k, p, end) : NULL;
        if (!lf)
            break;
        if (!k->raw) {
            annot_put(a, raw, (size_t)(p - raw));
            annot_put(a, a->arena + k->lines, k->lines_n);
            raw = lf + 1;
        }
        p = lf + 1;
        if (k->note_n) {
            annot_put(a, raw, (size_t)(p - raw));
            annot_put(a, a->arena + k->note, k->note_n);
            raw = p;
        }
        a->line_no++;
        a->last = (uint16_t)next;
        a->explained += k->explained;
        state = k->to;
    }
    annot_put(a, raw, (size_t)(p - raw));
    a->state = state;
    a->view = a->views[state];
    return p;
}
