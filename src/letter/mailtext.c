/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message cut into fields and body, and domain names made comparable. Nothing is copied. RFC 5322
 * 2.1, 2.2, 3.6; RFC 5890 2.3.2.1 (A-labels). Who wrote it is author.c's. */
#include "heloscope/mailtext.h"

#include "core/lazy/idn2.gen.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

uint32_t field_hash(const char *name, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)small(name[i])) * 16777619u;
    return h;
}

bool field_is(const struct field *f, const char *name)
{
    return strlen(name) == f->name && strncasecmp(f->raw, name, f->name) == 0;
}

const struct field *mailtext_field(const struct mailtext *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (field_is(&m->at[i], name))
            return &m->at[i];
    return NULL;
}

size_t mailtext_count(const struct mailtext *m, const char *name)
{
    size_t k = 0;
    for (size_t i = 0; i < m->n; i++)
        k += field_is(&m->at[i], name);
    return k;
}

/* Octets of the line at p, its end with it; *text without. */
static size_t line(const char *p, size_t n, size_t *text)
{
    const char *lf = memchr(p, '\n', n);
    size_t len = lf ? (size_t)(lf - p) : n;
    *text = lf && len && p[len - 1] == '\r' ? len - 1 : len;
    return len + (lf != NULL);
}

/* Octets of the name of a field that begins here; 0: none does. */
static size_t field_name(const char *p, size_t n, size_t *colon)
{
    size_t i = 0;
    while (i < n && (unsigned char)p[i] > 32 && (unsigned char)p[i] < 127 && p[i] != ':')
        i++;
    *colon = i;
    while (*colon < n && (p[*colon] == ' ' || p[*colon] == '\t')) /* obsolete: RFC 5322 4.5 */
        ++*colon;
    return *colon < n && p[*colon] == ':' ? i : 0;
}

void mailtext_parse(struct mailtext *m, const char *text, size_t n)
{
    size_t cap = 0, at = 0;
    memset(m, 0, sizeof *m);
    m->body = text + n;
    while (at < n) {
        size_t len, colon, used = line(text + at, n - at, &len);
        const char *p = text + at;
        at += used;
        if (!len) {
            m->body = text + at;
            m->nbody = n - at;
            break;
        }
        struct field *last = m->n && !m->left_out ? &m->at[m->n - 1] : NULL;
        if ((p[0] == ' ' || p[0] == '\t') && (last || m->left_out)) {
            if (last) {
                last->n = (size_t)(p - last->raw) + used;
                last->nvalue = (size_t)(p - last->value) + len;
            }
            continue;
        }
        size_t name = field_name(p, len, &colon);
        if (!name) {
            m->odd++;
            continue;
        }
        if (m->n == MESSAGE_FIELDS) {
            m->left_out++;
            continue;
        }
        if (m->n == cap) {
            cap = cap ? cap * 2 : 32;
            m->at = xrealloc(m->at, cap * sizeof *m->at);
        }
        m->at[m->n++] = (struct field){.raw = p,
                                       .n = used,
                                       .name = name,
                                       .value = p + colon + 1,
                                       .nvalue = len - colon - 1,
                                       .hash = field_hash(p, name)};
    }
}

void mailtext_clear(struct mailtext *m)
{
    free(m->at);
    memset(m, 0, sizeof *m);
}

bool mailtext_crlf(const char *text, size_t n, struct buf *out)
{
    const char *lf = memchr(text, '\n', n);
    if (!lf || (lf > text && lf[-1] == '\r'))
        return false;
    for (size_t at = 0; at < n;) {
        lf = memchr(text + at, '\n', n - at);
        size_t len = lf ? (size_t)(lf - text) - at : n - at;
        size_t keep = len && text[at + len - 1] == '\r' && lf ? len - 1 : len;
        if (!buf_add(out, text + at, keep) || (lf && !buf_add(out, "\r\n", 2)))
            break; /* the ceiling: the caller chose it */
        at += len + (lf != NULL);
    }
    return true;
}

/* ---- domains ---- */

bool domain_normal(const char *s, size_t n, char out[256])
{
    bool ascii = true;
    if (n && s[n - 1] == '.')
        n--;
    if (!n || n > 500)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= 32 || c == 127 || (c < 127 && strchr("\"(),:;<>@[\\]", c)))
            return false;
        ascii = ascii && c < 128;
    }
    if (ascii) {
        if (n > 253)
            return false;
        for (size_t i = 0; i < n; i++)
            out[i] = small(s[i]);
        out[n] = '\0';
    } else {
        char copy[501], why[200];
        uint8_t *a = NULL;
        memcpy(copy, s, n);
        copy[n] = '\0';
        if (!lazy_ready(idn2, why, sizeof why) ||
            idn2_lookup_u8((const uint8_t *)copy, &a, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
                IDN2_OK)
            return false;
        size_t k = strlen((char *)a);
        bool fits = k && k <= 253;
        for (size_t i = 0; fits && i <= k; i++)
            out[i] = small((char)a[i]);
        idn2_free(a);
        if (!fits)
            return false;
    }
    size_t label = 0;
    for (const char *p = out;; p++) {
        if (*p && *p != '.') {
            label++;
            continue;
        }
        if (!label || label > 63)
            return false;
        label = 0;
        if (!*p)
            return true;
    }
}

bool domain_within(const char *name, const char *domain)
{
    size_t n = strlen(name), d = strlen(domain);
    return n >= d && strcmp(name + n - d, domain) == 0 && (n == d || (d && name[n - d - 1] == '.'));
}

unsigned domain_labels(const char *name)
{
    unsigned k = *name != '\0';
    for (; *name; name++)
        k += *name == '.';
    return k;
}
