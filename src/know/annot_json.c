/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations as JSON lines, one object for each command, reply or other line:
 *
 * kind (client, server, event, text), protocol, stage (connect helo auth mail rcpt data eom
 * unknown), verb, code (number or null), enhanced (string or null), class (ok, go, temporary,
 * permanent, or null), text (lines joined by LF), and of a reply: cause, causes (array of {cause,
 * confidence}, best first), confidence (certain, likely, guess), provider, what, who (decided),
 * mends, next, refs (array), recipient, title, remark, extra. Strings are valid UTF-8: other octets
 * are U+FFFD. The lines of letters and bodies are left out. */
#include "know/annot.h"
#include "core/lazy/utf8proc.gen.h"

#include <stdio.h>
#include <string.h>

static void put_string(struct buf *b, const char *p, size_t n)
{
    buf_add_char(b, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            size_t k = i + 1;
            while (k < n && (unsigned char)p[k] >= 0x20 && (unsigned char)p[k] < 0x7f &&
                   p[k] != '"' && p[k] != '\\')
                k++;
            buf_add(b, p + i, k - i);
            i = k;
        } else if (c == '"' || c == '\\') {
            buf_add_char(b, '\\');
            buf_add_char(b, (char)c);
            i++;
        } else if (c == '\n') {
            buf_add_str(b, "\\n");
            i++;
        } else if (c < 0x20 || c == 0x7f) {
            buf_addf(b, "\\u%04x", c);
            i++;
        } else {
            utf8proc_int32_t cp;
            utf8proc_ssize_t k =
                utf8proc_iterate((const utf8proc_uint8_t *)p + i, (utf8proc_ssize_t)(n - i), &cp);
            if (k <= 0)
                buf_add_str(b, "\xef\xbf\xbd");
            else if (cp < 0xa0) /* C1 controls act on terminals */
                buf_addf(b, "\\u%04x", (unsigned)cp);
            else
                buf_add(b, p + i, (size_t)k);
            i += k > 0 ? (size_t)k : 1;
        }
    }
    buf_add_char(b, '"');
}

static void member(struct buf *b, const char *key, const char *value)
{
    buf_addf(b, "%s\"%s\":", b->len && b->p[b->len - 1] != '{' ? "," : "", key);
    put_string(b, value, strlen(value));
}

/* Without a value: null, so that every object has the same members. */
static void or_null(struct buf *b, const char *key, const char *value)
{
    if (value[0])
        member(b, key, value);
    else
        buf_addf(b, ",\"%s\":null", key);
}

static void if_any(struct buf *b, const char *key, const char *value)
{
    if (value && value[0])
        member(b, key, value);
}

static void refs(struct buf *b, const char *ref)
{
    buf_add_str(b, ",\"refs\":[");
    for (bool first = true; *ref; first = false) {
        size_t n = strcspn(ref, ",;");
        while (ref[n] == ',' && ref[n + 1] == ' ' && ref[n + 2] >= '0' && ref[n + 2] <= '9')
            n += 1 + strcspn(ref + n + 1, ",;"); /* "RFC 5321 4.2.5, 6.1": one document */
        if (!first)
            buf_add_char(b, ',');
        put_string(b, ref, n);
        ref += n;
        ref += strspn(ref, ",; ");
    }
    buf_add_char(b, ']');
}

static void json_event(const struct annotate_options *o, struct buf *b, const struct annot *v,
                       bool again)
{
    static const char *const kinds[] = {"client", "server", "event", "text"};
    char enhanced[24] = "";
    size_t n = v->text.n;
    struct buf one;
    (void)o;
    (void)again;
    buf_init(&one, 4u << 20);
    buf_add_char(&one, '{');
    member(&one, "kind", kinds[v->kind]);
    member(&one, "protocol", v->m->proto->name);
    member(&one, "stage", cause_stage_name(v->stage));
    or_null(&one, "verb", v->verb);
    if (v->kind == ITEM_SERVER) {
        int code = v->m->reply.code ? v->m->reply.code : v->caused ? v->cause.code : 0;
        if (code)
            buf_addf(&one, ",\"code\":%d", code);
        else
            buf_add_str(&one, ",\"code\":null");
        if (v->m->reply.eclass)
            snprintf(enhanced, sizeof enhanced, "%d.%d.%d", v->m->reply.eclass,
                     v->m->reply.esubject, v->m->reply.edetail);
        else if (v->caused && v->cause.enhanced[0])
            snprintf(enhanced, sizeof enhanced, "%u.%u.%u", v->cause.enhanced[0],
                     v->cause.enhanced[1], v->cause.enhanced[2]);
        or_null(&one, "enhanced", enhanced);
        if_any(&one, "response_code", v->m->reply.respcode);
        or_null(&one, "class", annot_class(v));
    }
    if (v->caused) {
        member(&one, "cause", cause_label(v->cause.found[0].cause)->name);
        member(&one, "confidence", cause_sure_name(v->cause.found[0].sure));
        buf_add_str(&one, ",\"causes\":[");
        for (int i = 0; i < v->cause.n; i++) {
            buf_add_str(&one, i ? ",{" : "{");
            member(&one, "cause", cause_label(v->cause.found[i].cause)->name);
            member(&one, "confidence", cause_sure_name(v->cause.found[i].sure));
            buf_add_char(&one, '}');
        }
        buf_add_char(&one, ']');
        if_any(&one, "provider", v->cause.provider);
    }
    if (v->recipient.n) {
        buf_add_str(&one, ",\"recipient\":");
        put_string(&one, v->recipient.p, v->recipient.n);
    }
    if_any(&one, "title", v->e->title);
    if (v->kind == ITEM_SERVER) {
        or_null(&one, "what", annot_what(v));
        or_null(&one, "who", annot_who(v));
        or_null(&one, "mends", annot_mends(v));
        or_null(&one, "next", annot_next(v));
        refs(&one, annot_ref(v));
    } else {
        if_any(&one, "what", v->e->what);
        if_any(&one, "next", v->e->next);
        refs(&one, v->e->ref);
    }
    if_any(&one, "extra", v->e->extra);
    if_any(&one, "remark", v->remark);
    while (n > 0 && v->text.p[n - 1] == '\n')
        n--;
    buf_add_str(&one, ",\"text\":");
    put_string(&one, v->text.p, n);
    buf_add_str(&one, "}\n");
    buf_add(b, buf_str(&one), one.len);
    buf_clear(&one);
}

/* Commands and replies come as events; what is neither is told here. */
static void json_line(const struct annotate_options *o, struct buf *b, const struct annot_line *l)
{
    (void)o;
    if (l->kind == LOG_CLIENT || l->kind == LOG_SERVER || l->letter)
        return;
    buf_addf(b, "{\"kind\":\"%s\",\"text\":", l->kind == LOG_EVENT ? "event" : "text");
    size_t n = l->text.n;
    put_string(b, l->text.p, n);
    buf_add_str(b, "}\n");
}

static const char *nothing(const struct annotate_options *o)
{
    (void)o;
    return "";
}

const struct annot_writer annot_json_writer = {nothing, json_line, json_event, nothing};
