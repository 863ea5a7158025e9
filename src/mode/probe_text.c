/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A check-up for readers: the answer, the findings, DNS, then each server with its talk. Nothing
 * but printable text, whatever the servers sent. */
#include "mode/plain.h"
#include "mode/probe.h"
#include "heloscope/buf.h"
#include "heloscope/harmless.h"
#include "heloscope/know.h"

#include <string.h>
#include <strings.h>

enum { CAP_WORDS = 4000 }; /* of a capability; a server may offer 20 ways to log in */

static size_t width; /* of the lines that are being printed; SIZE_MAX: a paragraph is one */

/* Words in lines of at most `width` columns; head before the first, blanks before the others. */
static void wrapped(FILE *to, const char *head, const char *text)
{
    const size_t indent = strlen(head);
    size_t col = indent;
    if (width == SIZE_MAX) { /* somebody else wraps: blanks would only stand in the way */
        while (*head == ' ')
            head++;
        size_t n = strlen(head);
        while (n && head[n - 1] == ' ')
            n--;
        if (n)
            fprintf(to, "%.*s ", (int)n, head);
    } else {
        fputs(head, to);
    }
    for (bool first = true; *text; first = false) {
        size_t n = strcspn(text, " ");
        if (!first && col + 1 + n > width) {
            fprintf(to, "\n%*s", (int)indent, "");
            col = indent;
        } else if (!first) {
            fputc(' ', to);
            col++;
        }
        fwrite(text, 1, n, to);
        col += n;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

static void print_findings(const struct probe *p, FILE *to)
{
    char line[2000];
    if (!p->nfound) {
        fputs("\nFindings: none\n", to);
        return;
    }
    fputs("\nFindings\n", to);
    for (size_t i = 0; i < p->nfound; i++) {
        const struct probe_finding *f = &p->found[i];
        char head[16];
        snprintf(head, sizeof head, "%-9s", tls_gravity_name(f->gravity));
        snprintf(line, sizeof line, "%s: %s%s%s", f->where, f->title, f->detail[0] ? ": " : "",
                 f->detail);
        if (i && width == SIZE_MAX)
            fputc('\n', to);
        wrapped(to, head, line);
        wrapped(to, "         why:  ", f->why);
        wrapped(to, "         mend: ", f->next);
    }
}

static void print_facts(FILE *to, const struct dnsfacts *f)
{
    char head[16];
    for (size_t i = 0; f && i < dnsfacts_count(f); i++) {
        const struct dnsfacts_line *l = dnsfacts_line(f, i);
        snprintf(head, sizeof head, "  %-9s", l->label);
        wrapped(to, head, l->text);
    }
}

static void print_dns(const struct probe *p, FILE *to)
{
    char text[900];
    if (!p->list && !p->domain)
        return;
    fprintf(to, "\nDNS of %s\n", p->list->domain);
    for (size_t i = 0; i < p->list->n; i++) {
        mx_words(p->list, i, text, sizeof text);
        wrapped(to, p->list->kind == MX_IMPLICIT ? "  address  " : "  MX       ", text);
    }
    if (p->list->kind == MX_NULL)
        wrapped(to, "  MX       ", "0 . (null MX): the domain takes no mail");
    print_facts(to, p->domain);
}

static void print_caps(FILE *to, const char *head, const struct caps *c, const char *proto)
{
    struct buf all;
    char words[CAP_WORDS];
    if (!c)
        return;
    buf_init(&all, 8000);
    for (size_t i = 0; i < c->n; i++) {
        if (i)
            buf_add_str(&all, ", ");
        text_clean(&all, c->rows[i].keyword, strlen(c->rows[i].keyword));
        if (c->rows[i].params && c->rows[i].params[0]) {
            buf_add_str(&all, " ");
            text_clean(&all, c->rows[i].params, strlen(c->rows[i].params));
        }
    }
    wrapped(to, head, c->n ? buf_str(&all) : "none");
    buf_clear(&all);
    /* Limits and logins in words. */
    static const char *const told[] = {"SIZE", "LIMITS", "AUTH", "SASL", "EXPIRE", "LOGIN-DELAY"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const struct cap *cap = caps_find(c, told[i]);
        if (!cap)
            continue;
        know_cap_words(proto, told[i], cap->params ? cap->params : "", words, sizeof words);
        char line[CAP_WORDS + 20];
        snprintf(line, sizeof line, "%s: %s", told[i], words);
        wrapped(to, "             ", line);
    }
}

static void print_tls(FILE *to, const struct probe_talk *t)
{
    const struct tls_facts *f = session_tls(t->s);
    const struct tls_peer *peer = session_peer(t->s);
    char line[1400];
    if (!f)
        return;
    snprintf(line, sizeof line, "%s, %s%s%s; issued to %s by %s", f->version, f->cipher,
             f->group[0] ? ", " : "", f->group, f->names[0] ? f->names : f->subject, f->issuer);
    struct buf clean;
    buf_init(&clean, 3000);
    text_clean(&clean, line, strlen(line));
    wrapped(to, "  TLS        ", buf_str(&clean));
    buf_clear(&clean);
    for (int c = 0; peer && c < TLS_CHECKS; c++) {
        const struct tls_opinion *o = tls_peer_opinion(peer, (enum tls_check)c);
        snprintf(line, sizeof line, "%s: %s%s%s", tls_check_name((enum tls_check)c),
                 tls_word_name(o->word), o->why[0] ? ": " : "", o->why);
        wrapped(to, "             ", line);
    }
}

static void print_talk(FILE *to, const struct probe_talk *t)
{
    struct tls_seen seen;
    char name[800], line[600];
    const char *proto = strcmp(t->target.proto->name, "pop3") == 0 ? "pop3" : "smtp";
    probe_talk_name(t, name, sizeof name);
    fprintf(to, "\n%s\n", name);
    if (t->connect_ms > 0) {
        int n = snprintf(line, sizeof line, "connected in %.1f ms", t->connect_ms);
        if (t->banner_ms > 0)
            n += snprintf(line + n, sizeof line - (size_t)n, ", greeting after %.1f ms",
                          t->banner_ms);
        if (t->caps_ms > 0)
            n += snprintf(line + n, sizeof line - (size_t)n, ", %s answered in %.1f ms",
                          t->target.proto->caps_verb, t->caps_ms);
        if (t->tls_ms > 0)
            snprintf(line + n, sizeof line - (size_t)n, ", TLS up in %.1f ms", t->tls_ms);
        wrapped(to, "  times      ", line);
    }
    session_tls_seen(t->s, &seen);
    print_caps(to, "  in clear   ", seen.clear, proto);
    print_caps(to, "  inside TLS ", seen.inside, proto);
    print_tls(to, t);
    print_facts(to, t->facts);
    fputs("  talk\n", to);
    const struct source *src = transcript_source(session_transcript(t->s));
    for (size_t i = 0, n = src->count(src->self); i < n; i++)
        plain_item(to, src, i);
}

void probe_print(const struct probe *p, FILE *to, bool talks, size_t columns)
{
    width = columns;
    wrapped(to, "", p->answer);
    print_findings(p, to);
    print_dns(p, to);
    for (size_t i = 0; talks && i < p->ntalks; i++)
        if (p->talks[i].s)
            print_talk(to, &p->talks[i]);
}
