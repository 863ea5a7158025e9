/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who the From field says wrote a message: the domains of its mailboxes. The syntax comes first,
 * nothing is decoded before (RFC 2047 6.2): what looks like an address in a display name is none.
 * What is ambiguous is called malformed, not guessed. RFC 5322 3.4, 3.6.2, 4.4; RFC 6854 (groups).
 */
#include "heloscope/mailtext.h"

#include <stdio.h>
#include <string.h>

enum { COMMENT_DEPTH = 32 };

struct reader {
    const char *p, *end;
    struct author *out;
};

static void malformed(struct author *a, const char *why)
{
    if (!a->malformed)
        snprintf(a->why, sizeof a->why, "%s", why);
    a->malformed = true;
}

/* Skips blanks, folding and comments. */
static void skip(struct reader *r)
{
    unsigned depth = 0;
    for (; r->p < r->end; r->p++) {
        char c = *r->p;
        if (depth && c == '\\' && r->p + 1 < r->end) {
            r->p++;
        } else if (c == '(') {
            if (++depth > COMMENT_DEPTH) {
                malformed(r->out, "its comments are nested too deeply");
                r->p = r->end;
                return;
            }
        } else if (c == ')' && depth) {
            depth--;
        } else if (!depth && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return;
        }
    }
    if (depth)
        malformed(r->out, "a comment in it is not closed");
}

/* A quoted string, its quotes with it. */
static void quoted(struct reader *r)
{
    for (r->p++; r->p < r->end && *r->p != '"'; r->p++)
        if (*r->p == '\\' && r->p + 1 < r->end)
            r->p++;
    if (r->p == r->end)
        malformed(r->out, "a quoted string in it is not closed");
    else
        r->p++;
}

static bool atom_char(char c)
{
    unsigned char u = (unsigned char)c;
    return u > 32 && u != 127 && !strchr("()<>[]:;@\\,.\"", c);
}

/* What stands between two separators, for one mailbox. */
struct mailbox {
    bool words, at; /* something before the "@"; the "@" */
    bool joined;    /* the last thing was a dot: a word may follow */
    bool gap;       /* two words follow one another: fine in a display name only */
    char domain[512];
    size_t n;
    bool literal, spoilt;
};

static void domain_add(struct mailbox *m, const char *p, size_t n)
{
    if (m->n + n >= sizeof m->domain)
        m->spoilt = true;
    else {
        memcpy(m->domain + m->n, p, n);
        m->n += n;
    }
}

/* local@domain, up to a character that cannot belong to it. */
static void addr_spec(struct reader *r, struct mailbox *m)
{
    for (;;) {
        skip(r);
        if (r->p >= r->end)
            return;
        const char *start = r->p;
        char c = *r->p;
        if (c == '"') {
            quoted(r);
            m->spoilt = m->spoilt || m->at;
            m->gap = m->gap || (m->words && !m->joined);
            m->words = true;
            m->joined = false;
        } else if (c == '@') {
            m->spoilt = m->spoilt || m->at || !m->words || m->gap;
            m->at = true;
            r->p++;
        } else if (c == '[') {
            while (r->p < r->end && *r->p != ']')
                r->p++;
            r->p += r->p < r->end;
            m->literal = true;
        } else if (c == '.') {
            r->p++;
            m->joined = true;
            if (m->at)
                domain_add(m, ".", 1);
        } else if (atom_char(c)) {
            while (r->p < r->end && atom_char(*r->p))
                r->p++;
            /* Two words without a dot between them are no domain, and no local part either. */
            if (m->at && m->n && m->domain[m->n - 1] != '.')
                m->spoilt = true;
            if (m->at)
                domain_add(m, start, (size_t)(r->p - start));
            m->gap = m->gap || (!m->at && m->words && !m->joined);
            m->words = true;
            m->joined = false;
        } else {
            return;
        }
    }
}

static void keep(struct author *a, const struct mailbox *m)
{
    char d[256];
    if (!m->words && !m->at && !m->n)
        return;
    if (!m->at || m->literal || m->spoilt || !domain_normal(m->domain, m->n, d)) {
        malformed(a, m->literal ? "it names an address in brackets instead of a domain"
                                : "what should be an address in it is none");
        return;
    }
    for (size_t i = 0; i < a->domains; i++)
        if (strcmp(a->domain[i], d) == 0)
            return;
    if (a->domains == MESSAGE_DOMAINS) {
        malformed(a, "it names more domains than are looked at");
        return;
    }
    memcpy(a->domain[a->domains++], d, sizeof d);
}

/* "<" [route ":"] addr-spec ">" */
static void angle(struct reader *r)
{
    struct mailbox m = {0};
    r->p++;
    skip(r);
    if (r->p < r->end && *r->p == '@') { /* an obsolete route: RFC 5322 4.4 */
        while (r->p < r->end && *r->p != ':' && *r->p != '>')
            r->p++;
        r->p += r->p < r->end && *r->p == ':';
    }
    addr_spec(r, &m);
    if (r->p == r->end || *r->p == '>')
        keep(r->out, &m);
    if (!m.words)
        malformed(r->out, "the brackets < > in it hold no address");
    if (r->p < r->end && *r->p == '>')
        r->p++;
    else
        malformed(r->out, "a < in it is not closed");
    skip(r);
    if (r->p < r->end && *r->p != ',' && *r->p != ';')
        malformed(r->out, "something stands behind the > of an address");
    while (r->p < r->end && *r->p != ',' && *r->p != ';')
        r->p++;
}

static void address(struct reader *r)
{
    struct mailbox m = {0};
    addr_spec(r, &m);
    if (r->p < r->end && *r->p == '<') {
        /* What stood before was a display name; one with an "@" outside of quotes is none. */
        if (m.at)
            malformed(r->out, "an @ stands in a display name without quotes");
        angle(r);
    } else if (r->p < r->end && *r->p == ':') {
        malformed(r->out, "it names a group, not an author (RFC 6854)");
        r->out->group = true;
        r->p++;
        return; /* its members are read as addresses, so that they are seen */
    } else {
        if (r->p < r->end && *r->p != ',' && *r->p != ';') {
            malformed(r->out, "a character stands in it that cannot");
            while (r->p < r->end && *r->p != ',' && *r->p != ';')
                r->p++;
        } else {
            keep(r->out, &m);
        }
    }
}

void mailtext_author(const struct mailtext *m, struct author *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < m->n; i++) {
        const struct field *f = &m->at[i];
        if (!field_is(f, "From"))
            continue;
        out->fields++;
        if (out->fields > 100)
            continue;
        struct reader r = {f->value, f->value + f->nvalue, out};
        if (memchr(f->value, '\0', f->nvalue))
            malformed(out, "it holds a NUL octet");
        while (r.p < r.end) {
            address(&r);
            if (r.p < r.end && (*r.p == ',' || *r.p == ';'))
                r.p++;
        }
    }
    if (out->fields > 1) {
        out->malformed = false;
        snprintf(out->why, sizeof out->why, "message has %u From fields (RFC 5322 3.6)",
                 out->fields);
        out->malformed = true;
    } else if (!out->fields) {
        malformed(out, "the message has no From field (RFC 5322 3.6)");
    } else if (!out->domains) {
        malformed(out, "the From field names no domain");
    }
}
