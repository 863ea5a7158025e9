/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The printers: what was said and what it meant, as text and as JSON lines, streamed item by item.
 * The format is described in report.h; logtext.c and logjson.c read it back. */
#include "heloscope/report.h"
#include "core/lazy/openssl.gen.h"
#include "core/lazy/jansson.gen.h"
#include "core/lazy/utf8proc.gen.h"

#include "heloscope/filesave.h"
#include "heloscope/frame.h"
#include "heloscope/harmless.h"
#include "heloscope/know.h"
#include "know/handout.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LINE_MAX_OUT ((size_t)1 << 20) /* octets of one line that are written as text */

static const char *class_word(enum item_mark m)
{
    static const char *const words[] = {"", "ok", "go", "temporary", "permanent", "", "warning"};
    return words[m];
}

/* ---- text ---- */

static void put_clean(FILE *f, const char *head, const char *p, size_t n)
{
    struct buf b;
    buf_init(&b, 16 * LINE_MAX_OUT);
    text_clean(&b, p, n < LINE_MAX_OUT ? n : LINE_MAX_OUT);
    fputs(head, f);
    fwrite(buf_str(&b), 1, b.len, f);
    if (n > LINE_MAX_OUT)
        fprintf(f, " [and %zu octets]", n - LINE_MAX_OUT);
    fputc('\n', f);
    buf_clear(&b);
}

static void put_note(FILE *f, const char *label, const char *words)
{
    if (words[0])
        fprintf(f, "   | %s%s\n", label, words);
}

static void text_item(FILE *f, const struct source *src, size_t i, const struct item *it)
{
    static const char *const heads[] = {"C: ", "S: ", "-- ", ""};
    struct moment m;
    struct explanation e;
    struct span s;
    for (uint64_t k = 0; k < it->lines && src->line(src->self, i, k, &s); k++)
        put_clean(f, heads[it->kind], s.p, s.n);
    if (it->remark)
        put_clean(f, "   | ", it->remark, strlen(it->remark));
    if (it->kind == ITEM_CLIENT || it->kind == ITEM_TEXT)
        return;
    know_item(src, i, it, true, &m, &e);
    if (it->mark == MARK_TEMP || it->mark == MARK_PERM || it->mark == MARK_WARN) {
        put_note(f, "", e.title);
        put_note(f, "", e.what);
        put_note(f, "cause: ", e.cause);
        put_note(f, "decided by: ", e.decided);
        put_note(f, "who can mend it: ", e.mends);
        put_note(f, "next: ", e.next);
        put_note(f, "", e.extra);
    } else if (it->kind == ITEM_SERVER) {
        put_note(f, "", e.gutter);
    }
}

/* The protocol of the talk is the first that an item tells. */
static void text_head(FILE *f, const struct source *src)
{
    size_t n = src->count(src->self);
    fputs("# heloscope transcript\n", f);
    for (size_t i = 0; i < n && i < 1000; i++) {
        struct moment m = {0};
        if (src->moment(src->self, i, &m) && m.proto) {
            fprintf(f, "# protocol: %s\n", m.proto->name);
            return;
        }
    }
}

/* ---- JSON lines ---- */

static bool is_utf8(const char *p, size_t n)
{
    utf8proc_int32_t cp;
    for (size_t i = 0; i < n;) {
        utf8proc_ssize_t k =
            utf8proc_iterate((const utf8proc_uint8_t *)p + i, (utf8proc_ssize_t)(n - i), &cp);
        if (k <= 0)
            return false;
        i += (size_t)k;
    }
    return true;
}

/* The line as a JSON string; octets that are no UTF-8 become U+FFFD. */
static void put_json_line(FILE *f, const char *p, size_t n)
{
    json_t *v = json_stringn(p, n);
    if (!v) {
        struct buf b;
        utf8proc_int32_t cp;
        buf_init(&b, 3 * n + 1);
        for (size_t i = 0; i < n;) {
            utf8proc_ssize_t k =
                utf8proc_iterate((const utf8proc_uint8_t *)p + i, (utf8proc_ssize_t)(n - i), &cp);
            if (k > 0)
                buf_add(&b, p + i, (size_t)k);
            else
                buf_add_str(&b, "\xef\xbf\xbd");
            i += k > 0 ? (size_t)k : 1;
        }
        v = json_stringn(buf_str(&b), b.len);
        buf_clear(&b);
    }
    json_dumpf(v, f, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(v);
}

static void put_octets(FILE *f, const char *p, size_t n)
{
    size_t len = 4 * ((n + 2) / 3);
    unsigned char *out = xmalloc(len + 1);
    EVP_EncodeBlock(out, (const unsigned char *)p, (int)n);
    fwrite(out, 1, len, f);
    free(out);
}

static void put_lines(FILE *f, const struct source *src, size_t i, const struct item *it)
{
    struct span s;
    bool exact = true, first = true;
    fputs("\"lines\":[", f);
    for (uint64_t k = 0; k < it->lines && src->line(src->self, i, k, &s); k++) {
        if (k > 0)
            fputc(',', f);
        exact &= is_utf8(s.p, s.n);
        put_json_line(f, s.p, s.n);
    }
    fputc(']', f);
    if (exact)
        return;
    fputs(",\"octets\":{", f);
    for (uint64_t k = 0; k < it->lines && src->line(src->self, i, k, &s); k++) {
        if (is_utf8(s.p, s.n) || s.n > INT32_MAX / 2)
            continue;
        fprintf(f, "%s\"%llu\":\"", first ? "" : ",", (unsigned long long)k);
        put_octets(f, s.p, s.n);
        fputc('"', f);
        first = false;
    }
    fputc('}', f);
}

static void set_words(json_t *o, const char *key, const char *words)
{
    if (words && words[0])
        json_object_set_new(o, key, json_string(words)); /* no UTF-8: the member is left out */
}

static void set_refs(json_t *o, const char *ref)
{
    json_t *refs = json_array();
    while (*ref) {
        size_t n = strcspn(ref, ",");
        json_array_append_new(refs, json_stringn(ref, n));
        ref += n;
        ref += strspn(ref, ", ");
    }
    json_object_set_new(o, "refs", refs);
}

static void set_when(json_t *o, const struct item *it)
{
    char text[64], ms[80];
    time_t secs = (time_t)(it->when_ms / 1000);
    struct tm tm;
    if (it->when_ms > 0 && gmtime_r(&secs, &tm)) {
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(ms, sizeof ms, "%s.%03dZ", text, (int)(it->when_ms % 1000));
        set_words(o, "when", ms);
    }
    if (it->took_us > 0)
        json_object_set_new(o, "ms", json_real((double)it->took_us / 1000.0));
}

static void set_reply(json_t *o, const struct moment *m)
{
    char enhanced[24];
    if (m->reply.code > 0)
        json_object_set_new(o, "code", json_integer(m->reply.code));
    if (m->reply.eclass > 0) {
        snprintf(enhanced, sizeof enhanced, "%d.%d.%d", m->reply.eclass, m->reply.esubject,
                 m->reply.edetail);
        set_words(o, "enhanced", enhanced);
    }
    set_words(o, "response_code", m->reply.respcode);
}

static void json_item(FILE *f, const struct source *src, size_t i, const struct item *it)
{
    static const char *const kinds[] = {"client", "server", "event", "text"};
    struct moment m;
    struct explanation e;
    json_t *o = json_object();
    know_item(src, i, it, true, &m, &e);
    json_object_set_new(o, "number", json_integer((json_int_t)i + 1));
    set_words(o, "kind", kinds[it->kind]);
    if (m.proto) {
        set_words(o, "protocol", m.proto->name);
        set_words(o, "state", proto_state(m.proto, &m.before));
        json_object_set_new(o, "tls", json_boolean(m.before.tls));
    }
    if (m.exchange > 0)
        json_object_set_new(o, "exchange", json_integer(m.exchange));
    if (m.command.verb || m.command.name[0])
        set_words(o, "verb", m.command.verb ? m.command.verb->name : m.command.name);
    if (it->kind == ITEM_SERVER)
        set_reply(o, &m);
    set_words(o, "class", class_word(it->mark));
    set_when(o, it);
    set_words(o, "title", e.title);
    set_words(o, "cause", e.cause);
    set_words(o, "confidence", e.confidence);
    set_words(o, "what", e.what);
    set_words(o, "decided", e.decided);
    set_words(o, "mends", e.mends);
    set_words(o, "next", e.next);
    set_words(o, "extra", e.extra);
    set_refs(o, e.ref);
    set_words(o, "remark", it->remark);
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    if (!text)
        return;
    /* The lines are streamed: a body may hold millions. */
    fwrite(text, 1, strlen(text) - 1, f);
    free(text);
    fputc(',', f);
    put_lines(f, src, i, it);
    fputs("}\n", f);
}

/* ---- files ---- */

void report_item(FILE *f, const struct source *src, size_t i, enum report_format how)
{
    struct item it;
    if (!src->item(src->self, i, &it))
        return;
    if (how == REPORT_TEXT)
        text_item(f, src, i, &it);
    else
        json_item(f, src, i, &it);
}

enum report_format report_format_of(const char *path)
{
    static const struct {
        const char *end;
        enum report_format how;
    } rows[] = {{".blank.md", REPORT_MARKDOWN_BLANK},
                {".blank.html", REPORT_HTML_BLANK},
                {".md", REPORT_MARKDOWN},
                {".html", REPORT_HTML},
                {".jsonl", REPORT_JSONL}};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t m = strlen(rows[i].end);
        if (n >= m && strcasecmp(path + n - m, rows[i].end) == 0)
            return rows[i].how;
    }
    return REPORT_TEXT;
}

bool report_write(FILE *f, const struct source *src, enum report_format how)
{
    if (how >= REPORT_MARKDOWN)
        return handout_write(f, src, how >= REPORT_HTML,
                             how == REPORT_MARKDOWN_BLANK || how == REPORT_HTML_BLANK);
    size_t n = src->count(src->self);
    if (how == REPORT_TEXT)
        text_head(f, src);
    for (size_t i = 0; i < n && !ferror(f); i++)
        report_item(f, src, i, how);
    return fflush(f) == 0 && !ferror(f);
}

struct report_to_save {
    const struct source *src;
    enum report_format how;
};

static bool write_it(FILE *f, void *arg)
{
    const struct report_to_save *r = arg;
    return report_write(f, r->src, r->how);
}

bool report_save(const char *path, const struct source *src, enum report_format how, bool over,
                 char *why, size_t size)
{
    struct report_to_save r = {.src = src, .how = how};
    return filesave(path, 0600, over, write_it, &r, why, size);
}
