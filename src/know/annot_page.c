/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations as a page that needs nothing else (HTML; dark or light as the reader's system has
 * it), and as a table for a hand-out (Markdown, GitHub's tables). */
#include "know/annot.h"
#include "heloscope/harmless.h"

#include <stdio.h>
#include <string.h>

/* ---- HTML ---- */

void page_html(struct buf *b, const char *p, size_t n)
{
    struct buf c;
    buf_init(&c, 16 * n + 64);
    text_clean(&c, p, n);
    for (size_t i = 0; i < c.len; i++)
        switch (c.p[i]) {
        case '<':
            buf_add_str(b, "&lt;");
            break;
        case '>':
            buf_add_str(b, "&gt;");
            break;
        case '&':
            buf_add_str(b, "&amp;");
            break;
        case '"':
            buf_add_str(b, "&quot;");
            break;
        case '\n':
            buf_add_str(b, "<br>");
            break;
        default:
            buf_add_char(b, c.p[i]);
        }
    buf_clear(&c);
}

/* Contrast: at least 7:1 for the text in both. */
static const char html_head_words[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<title>A mail talk, explained</title>\n<style>\n"
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1a1a1a;--dim:#4a4a4a;--ok:#0b5a1e;--go:#0b4f6c;"
    "--temp:#6b4a00;--perm:#8c1414;--box:#f2f2ee}\n"
    "@media (prefers-color-scheme:dark){:root{--bg:#161616;--fg:#e8e8e8;--dim:#b8b8b8;--ok:#8fdc9f;"
    "--go:#8fd0ea;--temp:#f0c674;--perm:#ff9d9d;--box:#232323}}\n"
    "body{background:var(--bg);color:var(--fg);font:1rem/1.5 "
    "sans-serif;max-width:60rem;margin:1rem "
    "auto;padding:0 1rem}\n"
    ".l{font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".c{font-weight:bold}.ok{color:var(--ok)}.go{color:var(--go)}.temporary{color:var(--temp)}"
    ".permanent{color:var(--perm)}.x{color:var(--dim)}\n"
    ".why{background:var(--box);border-left:.25rem solid var(--dim);margin:.2rem 0 .8rem "
    "1.5rem;padding:.2rem .6rem}\n"
    ".why p{margin:.2rem 0}\n</style>\n</head>\n<body>\n<h1>A mail talk, explained</h1>\n";

static const char *html_head(const struct annotate_options *o)
{
    (void)o;
    return html_head_words;
}

static const char *html_foot(const struct annotate_options *o)
{
    (void)o;
    return "</body>\n</html>\n";
}

static void html_line(const struct annotate_options *o, struct buf *b, const struct annot_line *l)
{
    static const char *const marks[] = {"", "ok", "go", "temporary", "permanent", "", "temporary"};
    static const char *const who[] = {
        [LOG_CLIENT] = "C: ", [LOG_SERVER] = "S: ", [LOG_EVENT] = "-- "};
    (void)o;
    buf_addf(b, "<div class=\"l %s\">",
             l->kind == LOG_CLIENT   ? (l->letter ? "x" : "c")
             : l->kind == LOG_SERVER ? (l->letter ? "x" : marks[l->mark])
                                     : "x");
    if (l->kind <= LOG_EVENT)
        buf_add_str(b, who[l->kind]);
    page_html(b, l->text.p, l->text.n);
    buf_add_str(b, "</div>\n");
}

static void paragraph(struct buf *b, const char *label, const char *words)
{
    if (!words[0])
        return;
    buf_add_str(b, "<p>");
    if (label[0])
        buf_addf(b, "<b>%s</b> ", label);
    page_html(b, words, strlen(words));
    buf_add_str(b, "</p>");
}

/* "permanent: user-unknown (certain)" */
static void heading(const struct annot *v, char *out, size_t size)
{
    const char *cls = annot_class(v);
    if (v->caused && annot_bad(v))
        snprintf(out, size, "%s: %s (%s)", cls, cause_label(v->cause.found[0].cause)->name,
                 v->cause.found[0].cause == CAUSE_UNSPECIFIED
                     ? "the words name no cause"
                     : cause_sure_name(v->cause.found[0].sure));
    else
        snprintf(out, size, "%s", cls);
}

static void html_event(const struct annotate_options *o, struct buf *b, const struct annot *v,
                       bool again)
{
    char words[900];
    size_t before = b->len;
    (void)o;
    buf_add_str(b, "<div class=\"why\">");
    size_t empty = b->len;
    if (v->recipient.n) {
        buf_add_str(b, "<p><b>recipient:</b> ");
        page_html(b, v->recipient.p, v->recipient.n);
        buf_add_str(b, "</p>");
    }
    if (v->remark)
        paragraph(b, "", v->remark);
    if (annot_bad(v)) {
        heading(v, words, sizeof words);
        buf_addf(b, "<p class=\"%s\"><b>", annot_class(v));
        page_html(b, words, strlen(words));
        buf_add_str(b, "</b></p>");
        if (again) {
            paragraph(b, "", "Explained above.");
        } else {
            paragraph(b, "", annot_what(v));
            paragraph(b, "Decided by:", annot_who(v));
            paragraph(b, "Who can mend it:", annot_mends(v));
            paragraph(b, "Next:", annot_next(v));
            paragraph(b, "", v->e->extra);
            paragraph(b, "See:", annot_ref(v));
        }
    } else {
        if (v->kind == ITEM_SERVER)
            paragraph(b, "", v->e->gutter);
        for (size_t at = 0; annot_cap(v, &at, words, sizeof words);)
            paragraph(b, "", words);
        paragraph(b, "", v->e->extra);
    }
    if (b->len == empty)
        buf_trim(b, before);
    else
        buf_add_str(b, "</div>\n");
}

const struct annot_writer annot_html = {html_head, html_line, html_event, html_foot};

/* ---- Markdown ---- */

/* Inside a cell nothing may be taken for Markdown or HTML. */
void page_cell(struct buf *b, const char *p, size_t n)
{
    struct buf c;
    while (n > 0 && p[n - 1] == '\n')
        n--;
    buf_init(&c, 16 * n + 64);
    for (size_t i = 0; i < n;) {
        const char *lf = memchr(p + i, '\n', n - i);
        size_t k = lf ? (size_t)(lf - p) - i : n - i;
        text_clean(&c, p + i, k);
        i += k + 1;
        if (lf)
            buf_add_char(&c, '\n');
    }
    for (size_t i = 0; i < c.len; i++) {
        if (c.p[i] == '\n')
            buf_add_str(b, "<br>");
        else if (c.p[i] == '<')
            buf_add_str(b, "&lt;");
        else if (c.p[i] == '&')
            buf_add_str(b, "&amp;");
        else {
            if (strchr("\\`*_[]|>#~", c.p[i]))
                buf_add_char(b, '\\');
            buf_add_char(b, c.p[i]);
        }
    }
    buf_clear(&c);
}

static const char *markdown_head(const struct annotate_options *o)
{
    (void)o;
    return "| Who | What was said | What it means |\n| --- | --- | --- |\n";
}

static void markdown_line(const struct annotate_options *o, struct buf *b,
                          const struct annot_line *l)
{
    (void)o;
    if (l->kind == LOG_CLIENT || l->kind == LOG_SERVER) {
        if (!l->letter)
            return; /* comes as an event */
        buf_add_str(b, l->kind == LOG_CLIENT ? "| C | " : "| S | ");
    } else {
        if (l->text.n == 0)
            return;
        buf_add_str(b, "| | ");
    }
    page_cell(b, l->text.p, l->text.n);
    buf_add_str(b, " | |\n");
}

static void sentence(struct buf *b, bool *any, const char *label, const char *words)
{
    if (!words[0])
        return;
    if (*any)
        buf_add_str(b, "<br>");
    *any = true;
    buf_add_str(b, label);
    page_cell(b, words, strlen(words));
}

static void markdown_event(const struct annotate_options *o, struct buf *b, const struct annot *v,
                           bool again)
{
    char words[900];
    bool any = false;
    buf_add_str(b, v->kind == ITEM_CLIENT ? "| C | " : "| S | ");
    page_cell(b, v->text.p, v->text.n);
    buf_add_str(b, " | ");
    if (!o->blank) {
        if (v->remark)
            sentence(b, &any, "", v->remark);
        if (annot_bad(v)) {
            heading(v, words, sizeof words);
            sentence(b, &any, "", words);
            if (!again) {
                sentence(b, &any, "", annot_what(v));
                sentence(b, &any, "Who can mend it: ", annot_mends(v));
                sentence(b, &any, "Next: ", annot_next(v));
            }
        } else {
            if (v->kind == ITEM_SERVER)
                sentence(b, &any, "", v->e->gutter[0] ? v->e->gutter : annot_class(v));
            for (size_t at = 0; annot_cap(v, &at, words, sizeof words);)
                sentence(b, &any, "", words);
        }
        sentence(b, &any, "", v->e->extra);
    }
    buf_add_str(b, any ? " |\n" : "|\n");
}

static const char *nothing(const struct annotate_options *o)
{
    (void)o;
    return "";
}

const struct annot_writer annot_markdown = {markdown_head, markdown_line, markdown_event, nothing};
