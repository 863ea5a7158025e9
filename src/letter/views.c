/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The four views of a letter. The envelope is not in a letter; what the receiving server noted of
 * it is: Return-Path and the uppermost Received (RFC 5321 4.4). */
#include "heloscope/views.h"
#include "heloscope/mailtext.h"
#include "heloscope/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LINES = 2000,  /* of text that are shown */
    HEADERS = 300, /* fields that are listed */
    LONG = 16384,  /* octets of a line that are shown */
};

struct telling {
    const struct views_of *v;
    struct mailtext m;
    size_t hop; /* the field that tells of the client; m.n: none does */
    views_fn *fn;
    void *arg;
};

static void tell(struct telling *t, enum views_line kind, const char *label, const char *text)
{
    t->fn(t->arg, kind, label, text);
}

/* Each line of text in a line of its own. */
static void tell_lines(struct telling *t, enum views_line kind, const char *label, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\r\n");
        char *line = xstrndup(text, n);
        tell(t, kind, label, line);
        free(line);
        label = *label ? " " : ""; /* below the first */
        text += n;
        text += *text == '\r';
        text += *text == '\n';
    }
}

/* A field's value in one line. */
static char *value_of(const struct field *f)
{
    struct buf b;
    buf_init(&b, 2 * READER_FIELD);
    reader_decode(f->value, f->nvalue, &b);
    char *out = xstrdup(buf_str(&b));
    buf_clear(&b);
    return out;
}

/* Behind a word of a Received field: "from", "by", "with". */
static bool clause(const char *received, const char *word, const char *stop, char *out, size_t size)
{
    size_t n = strlen(word);
    for (const char *p = received; *p; p++) {
        if ((p != received && p[-1] != ' ') || strncasecmp(p, word, n) != 0 || p[n] != ' ')
            continue;
        const char *from = p + n + 1, *to = strcasestr(from, stop);
        size_t len = to ? (size_t)(to - from) : strcspn(from, ";");
        snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), from);
        return true;
    }
    return false;
}

/* The host behind "by", and was it by LMTP: handed on inside one house (RFC 2033)? */
static bool by_host(const struct field *f, char *out, size_t size)
{
    char how[100] = "";
    char *v = value_of(f);
    *out = '\0';
    clause(v, "by", " with ", out, size);
    out[strcspn(out, " ")] = '\0';
    clause(v, "with", " id", how, sizeof how);
    free(v);
    return !strncasecmp(how, "LMTP", 4);
}

/* The Received that tells of the client: the uppermost, or the one below it where the same host
 * handed the letter on to its own store. What stands above it the receiving server wrote. */
static size_t client_hop(const struct mailtext *m)
{
    char by[256], next[256];
    size_t at = 0;
    while (at < m->n && !field_is(&m->at[at], "Received"))
        at++;
    if (at == m->n || !by_host(&m->at[at], by, sizeof by))
        return at;
    for (size_t i = at + 1; i < m->n; i++)
        if (field_is(&m->at[i], "Received")) {
            by_host(&m->at[i], next, sizeof next);
            return *by && !strcasecmp(by, next) ? i : at;
        }
    return at;
}

/* So many fields are the receiving server's own for sure. */
static size_t receivers(const struct telling *t)
{
    return t->hop < t->m.n ? t->hop : 0;
}

static void wire(struct telling *t)
{
    char out[600];
    bool client = false;
    tell(t, VIEWS_VIEW, "", "1  Said on the wire (the envelope)");
    const struct field *received = t->hop < t->m.n ? &t->m.at[t->hop] : NULL;
    const struct field *path = mailtext_field(&t->m, "Return-Path");
    const struct field *to = mailtext_field(&t->m, "Delivered-To");
    if (!received && !path) {
        tell(t, VIEWS_NOTE, "",
             "Nothing is known of it: no server has written Received or Return-Path into it.");
        return;
    }
    if (received) {
        char *v = value_of(received);
        if (clause(v, "from", " by ", out, sizeof out)) { /* NAME (unknown [ADDRESS]) */
            char *space = strchr(out, ' ');
            if (space)
                *space = '\0';
            tell(t, VIEWS_PLAIN, "Client", space ? space + 1 : "(its address was not noted)");
            tell(t, VIEWS_PLAIN, "EHLO", out);
            client = space != NULL;
        }
        if (clause(v, "with", " for ", out, sizeof out))
            tell(t, VIEWS_PLAIN, "How", out);
        if (clause(v, "for", ";", out, sizeof out))
            tell(t, VIEWS_PLAIN, "RCPT TO", out);
        free(v);
    }
    if (path) {
        char *v = value_of(path);
        tell(t, VIEWS_PLAIN, "MAIL FROM", v);
        if (!strcmp(v, "<>"))
            tell(t, VIEWS_NOTE, "",
                 "The null sender: a bounce, or something that wants no answer.");
        free(v);
    }
    if (to) {
        char *v = value_of(to);
        tell(t, VIEWS_PLAIN, "Delivered", v);
        free(v);
    }
    tell(t, VIEWS_NOTE, "",
         client ? "Written by the receiving server, so it can be believed: the address of the "
                  "client is the only thing that nobody could make up."
                : "Written by the receiving server: what the client said, which proves nothing.");
}

/* A field that names somebody else than From does. */
static void beside_from(struct telling *t, const char *name, const char *meaning)
{
    const struct field *f = mailtext_field(&t->m, name);
    const char *from = t->v->reader->from_address;
    if (!f || !*from)
        return;
    char *v = value_of(f);
    if (!strcasestr(v, from))
        tell(t, VIEWS_WARNING, "", meaning);
    free(v);
}

/* Whom it went to, and nobody named: To is text like From (RFC 5321 7.2, RFC 5322 3.6.3). */
static void beside_to(struct telling *t)
{
    const struct field *to = mailtext_field(&t->m, "Delivered-To");
    char *address = to ? value_of(to) : NULL;
    bool named = !address || !*address;
    for (size_t i = 0; i < t->m.n && !named; i++)
        if (field_is(&t->m.at[i], "To") || field_is(&t->m.at[i], "Cc")) {
            char *v = value_of(&t->m.at[i]);
            named = strcasestr(v, address) != NULL;
            free(v);
        }
    if (!named)
        tell(t, VIEWS_NOTE, "",
             "Whom it went to stands in no To or Cc: a Bcc, or a list. The envelope decides who "
             "gets a letter; To is text.");
    free(address);
}

/* Authentication-Results that nobody can know the writer of: a server that received the letter
 * writes them above its Received. */
static void claimed_results(struct telling *t)
{
    bool any = false;
    for (size_t i = receivers(t); i < t->m.n; i++) {
        if (!field_is(&t->m.at[i], "Authentication-Results"))
            continue;
        char *v = value_of(&t->m.at[i]);
        tell(t, VIEWS_WARNING, "Results", v);
        free(v);
        any = true;
    }
    if (any)
        tell(t, VIEWS_NOTE, "",
             "These Authentication-Results stand below the receiving server's Received: the "
             "sender, or a server on the way, may have written them (RFC 8601 7.1).");
}

static void claimed(struct telling *t)
{
    static const char *const names[] = {"From", "Sender",     "Reply-To", "To",
                                        "Cc",   "Message-ID", "Date"};
    tell(t, VIEWS_VIEW, "", "2  Claimed in the letter (anybody can write this)");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        unsigned shown = 0;
        for (size_t i = 0; i < t->m.n && shown < 4; i++) {
            if (!field_is(&t->m.at[i], names[k]))
                continue;
            char *v = value_of(&t->m.at[i]);
            tell(t, VIEWS_PLAIN, names[k], v);
            free(v);
            shown++;
        }
        if (shown > 1)
            tell(t, VIEWS_WARNING, "",
                 "This field stands there more than once; programs differ in "
                 "which one they show (RFC 5322 3.6 allows one).");
    }
    struct author author;
    mailtext_author(&t->m, &author);
    if (author.fields <= 1 && (author.malformed || author.domains > 1)) {
        char text[400];
        snprintf(
            text, sizeof text,
            "From: %s. Programs differ in what they show, and DMARC has no one domain to go by "
            "(RFC 9989 5.3.1).",
            author.malformed ? author.why : "it names authors of several domains");
        tell(t, VIEWS_WARNING, "", text);
    }
    const struct field *from = mailtext_field(&t->m, "From"),
                       *path = mailtext_field(&t->m, "Return-Path");
    if (from && path && strcmp(t->v->reader->from_address, "") != 0) {
        char *v = value_of(path);
        if (!strcasestr(v, t->v->reader->from_address) && strcmp(v, "<>") != 0)
            tell(t, VIEWS_WARNING, "",
                 "From is not the envelope's sender. Lists and services do that honestly, forgers "
                 "as well; SMTP does not compare the two.");
        free(v);
    }
    beside_from(t, "Sender",
                "Sender is not From: some programs show \"on behalf of\", many show nothing.");
    beside_from(t, "Reply-To",
                "An answer goes to Reply-To, not to From; no check looks at Reply-To.");
    beside_to(t);
    claimed_results(t);
}

/* Each character that is not ASCII by its name, those of the address's domain in U-labels too. */
static void characters(struct telling *t, const char *label, const char *text, const char *address)
{
    struct buf b, all;
    const char *at = strrchr(address, '@');
    char *domain = at ? xstrndup(at + 1, strcspn(at + 1, "> \t")) : NULL;
    char *u = domain ? disguise_domain(domain) : NULL;
    buf_init(&b, 1 << 16);
    buf_init(&all, 1 << 16);
    buf_addf(&all, "%s%s", text, u ? u : "");
    if (disguise_characters(buf_str(&all), all.len, &b))
        tell_lines(t, VIEWS_PLAIN, label, buf_str(&b));
    buf_clear(&b);
    buf_clear(&all);
    free(domain);
    free(u);
}

static void shown(struct telling *t)
{
    const struct reader *r = t->v->reader;
    struct buf b;
    buf_init(&b, 1 << 18);
    tell(t, VIEWS_VIEW, "", "3  Shown to the reader");
    tell(t, VIEWS_PLAIN, "In a list", *r->from_name ? r->from_name : r->from_address);
    buf_addf(&b, "%s%s<%s>", r->from_name, *r->from_name ? " " : "", r->from_address);
    tell(t, VIEWS_PLAIN, "Opened", buf_str(&b));
    tell(t, VIEWS_PLAIN, "Subject", r->subject);
    buf_trim(&b, 0);
    if (disguise_of(r->from_name, r->from_address, t->v->domains, &b))
        tell_lines(t, VIEWS_WARNING, "", buf_str(&b));
    buf_trim(&b, 0);
    characters(t, "Characters", r->from, r->from_address);
    characters(t, "in Subject", r->subject, "");
    characters(t, "in To", r->to, "");
    const struct field *reply = mailtext_field(&t->m, "Reply-To");
    char *v = reply ? value_of(reply) : NULL;
    if (v)
        characters(t, "in Reply-To", v, v);
    free(v);
    tell(t, VIEWS_NOTE, "", disguise_unseen());
    buf_clear(&b);
}

/* "SPF fail: ..." with SPF as its label; where `before` has the same line, that says enough. */
static void because(struct telling *t, const char *verdict, const char *before)
{
    static const char *const checks[] = {"SPF", "DKIM", "DMARC", "The receiver"};
    while (*verdict) {
        size_t n = strcspn(verdict, "\n"), skip = 0;
        char *line = xstrndup(verdict, n);
        const char *label = "";
        const char *same = before ? strstr(before, line) : NULL;
        for (size_t k = 0; k < sizeof checks / sizeof *checks; k++)
            if (!strncmp(line, checks[k], strlen(checks[k]))) {
                label = k == 3 ? "Receiver" : checks[k];
                skip = strlen(checks[k]) + 1 + (k == 3);
            }
        if (same && (same == before || same[-1] == '\n') && (same[n] == '\n' || !same[n])) {
            size_t word = strcspn(line + skip, ":");
            char text[80];
            snprintf(text, sizeof text, "%.*s, as before", (int)(word < 60 ? word : 60),
                     line + skip);
            tell(t, VIEWS_PLAIN, label, text);
        } else {
            tell(t, before ? VIEWS_WARNING : VIEWS_PLAIN, label, line + skip);
        }
        free(line);
        verdict += n + (verdict[n] == '\n');
    }
}

/* What a server that received it wrote stands above its Received. */
static void concluded(struct telling *t)
{
    bool own = false;
    tell(t, VIEWS_VIEW, "", "4  Concluded by the receiver");
    if (t->v->verdict)
        because(t, t->v->verdict, NULL);
    if (t->v->changed) {
        char head[300];
        snprintf(head, sizeof head, "What if %s?", t->v->changed);
        tell(t, VIEWS_TITLE, "", head);
        because(t, t->v->whatif, t->v->verdict);
    }
    for (size_t i = 0; i < receivers(t); i++) {
        if (!field_is(&t->m.at[i], "Authentication-Results"))
            continue;
        char *v = value_of(&t->m.at[i]);
        if (!own && t->v->changed)
            tell(t, VIEWS_TITLE, "", "What it wrote on top");
        tell(t, VIEWS_PLAIN, "Results", v);
        own = true;
        free(v);
    }
    if (!own && !t->v->verdict)
        tell(t, VIEWS_NOTE, "",
             "Nothing: this server tells no Authentication-Results. heloscope verify judges a "
             "letter that was saved (s, then 0).");
    else
        tell(t, VIEWS_NOTE, "",
             "pass says: this domain stands behind the letter. It does not say that the domain is "
             "honest, nor that the name in From is true.");
}

void views_tell(const struct views_of *v, views_fn *fn, void *arg)
{
    struct telling t = {.v = v, .fn = fn, .arg = arg};
    mailtext_parse(&t.m, v->text, v->n);
    t.hop = client_hop(&t.m);
    wire(&t);
    claimed(&t);
    shown(&t);
    concluded(&t);
    mailtext_clear(&t.m);
}

/* As programs show it that are asked for the whole header. */
static void all_headers(struct telling *t)
{
    char text[100];
    tell(t, VIEWS_TITLE, "", "All headers");
    for (size_t i = 0; i < t->m.n && i < HEADERS; i++) {
        const struct field *f = &t->m.at[i];
        char name[40], *v = value_of(f);
        struct buf b;
        buf_init(&b, 4 * READER_FIELD);
        snprintf(name, sizeof name, "%.*s", (int)(f->name < 12 ? f->name : 0), f->raw);
        if (!*name) /* longer than a label may be */
            buf_addf(&b, "%.*s: ", (int)(f->name < 100 ? f->name : 100), f->raw);
        buf_add_str(&b, v);
        if (f->nvalue > READER_FIELD)
            buf_addf(&b, " ... (%zu octets in all)", f->nvalue);
        tell(t, VIEWS_PLAIN, name, buf_str(&b));
        buf_clear(&b);
        free(v);
    }
    if (t->m.n > HEADERS || t->m.left_out) {
        snprintf(text, sizeof text, "... %zu more fields are not listed",
                 t->m.n + t->m.left_out - HEADERS);
        tell(t, VIEWS_WARNING, "", text);
    }
    if (t->m.odd) {
        snprintf(text, sizeof text, "%zu lines of the header are no field (RFC 5322 2.2)",
                 t->m.odd);
        tell(t, VIEWS_WARNING, "", text);
    }
}

void views_body(const struct views_of *v, views_fn *fn, void *arg)
{
    struct telling t = {.v = v, .fn = fn, .arg = arg};
    const struct reader *r = v->reader;
    if (r->nparts > 1 || r->left_out) {
        tell(&t, VIEWS_TITLE, "", "Parts (s saves one; none is run)");
        for (size_t i = 0; i < r->nparts; i++) {
            const struct reader_part *p = &r->parts[i];
            char label[24], text[600];
            snprintf(label, sizeof label, "%zu", i + 1);
            snprintf(text, sizeof text, "%*s%s%s%.300s%s", (int)(2 * p->depth), "", p->type,
                     *p->name ? "  " : "", p->name,
                     p->shown        ? "  (shown below)"
                     : p->attachment ? "  (attachment)"
                                     : "");
            tell(&t, VIEWS_PLAIN, label, text);
        }
        if (r->left_out) {
            char text[100];
            snprintf(text, sizeof text, "%zu more parts are not listed: too many, or too deep",
                     r->left_out);
            tell(&t, VIEWS_WARNING, "", text);
        }
    }
    tell(&t, VIEWS_TITLE, "", "Text");
    if (r->raw)
        tell(&t, VIEWS_WARNING, "",
             "The letter has more than 500 boundaries, or more than 20000 parts: it is shown as it "
             "came, its parts are not told apart.");
    const char *p = r->text.p ? r->text.p : "", *end = p + r->text.len;
    for (unsigned lines = 0; p < end; lines++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((lf ? lf : end) - p);
        if (lines == LINES) {
            tell(&t, VIEWS_NOTE, "", "... more lines are not shown");
            break;
        }
        char *line = xstrndup(p, n > LONG ? LONG : n && p[n - 1] == '\r' ? n - 1 : n);
        tell(&t, VIEWS_PLAIN, "", line);
        free(line);
        if (n > LONG) {
            char text[100];
            snprintf(text, sizeof text, "... this line has %zu more octets", n - LONG);
            tell(&t, VIEWS_NOTE, "", text);
        }
        p += n + 1;
    }
    if (r->cut)
        tell(&t, VIEWS_NOTE, "", "... the text goes on: only its first megabyte is shown");
    mailtext_parse(&t.m, v->text, v->n);
    all_headers(&t);
    mailtext_clear(&t.m);
}
