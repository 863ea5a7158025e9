/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines that are no talk as they stand: quoted ones (Python, JSON, a web page's source), and those
 * with a lone reply in them (logs, notifications, bare replies). */
#include "know/annot_priv.h"
#include "core/logpage.h"

#include <stdio.h>

static void python_line(struct annotator *a, const char *p, size_t n)
{
    struct buf b;
    buf_init_secret(&b, LINE_SHOWN);
    enum log_kind kind = logpython_line(p, n, &b);
    for (size_t i = 0; (kind == LOG_CLIENT || kind == LOG_SERVER) && i <= b.len && b.len;) {
        const char *q = b.p + i, *lf = memchr(q, '\n', b.len - i);
        size_t len = lf ? (size_t)(lf - q) : b.len - i;
        annot_quoted(a, kind, q, len);
        i += len + 1;
        if (!lf)
            break;
    }
    if (kind == LOG_EVENT || (kind == LOG_TEXT && n > 0))
        annot_plain_text(a, kind, p, n);
    buf_clear(&b);
}

static void json_line(struct annotator *a, const char *p, size_t n)
{
    char why[200], words[300];
    if (n == 0 || annot_json(a, p, n, why, sizeof why))
        return;
    snprintf(words, sizeof words, "line %llu %s: shown as text", (unsigned long long)a->line_no,
             why);
    annot_ours(a, words);
    annot_plain_text(a, LOG_TEXT, p, n);
}

static void page_line(struct annotator *a, const char *p, size_t n)
{
    struct buf b;
    struct span text;
    buf_init_secret(&b, LINE_SHOWN);
    logpage_text(p, n, &b);
    enum log_kind kind = logtext_line(&a->kind, &a->view, buf_str(&b), b.len, &text);
    if (kind == LOG_CLIENT || kind == LOG_SERVER)
        annot_quoted(a, kind, text.p, text.n);
    else
        annot_plain_text(a, kind == LOG_EVENT ? LOG_EVENT : LOG_TEXT, p, n);
    buf_clear(&b);
}

/* What is open is said before the line that ends it. */
static void lone_told(struct annotator *a)
{
    struct lone one;
    if (loglone_take(&a->lone, &one))
        annot_lone(a, &one);
}

static void lone_line(struct annotator *a, const char *p, size_t n)
{
    struct lone one;
    size_t from;
    if (loglone_ends(&a->lone, p, n))
        lone_told(a);
    enum lone_line what = loglone_add(&a->lone, p, n, &from, &one);
    if (what == LONE_PART && a->kind.style == LOG_REPLY) {
        struct annot_line l = {
            .kind = LOG_SERVER, .prefix = {p, from}, .text = {p + from, n - from}};
        annot_line(a, &l);
    } else {
        annot_plain_text(a, LOG_TEXT, p, n);
    }
    if (what == LONE_WHOLE)
        annot_lone(a, &one);
}

void annot_other_line(struct annotator *a, const char *p, size_t n)
{
    if (a->kind.page)
        page_line(a, p, n);
    else if (a->kind.style == LOG_PYTHON)
        python_line(a, p, n);
    else if (a->kind.style == LOG_JSON)
        json_line(a, p, n);
    else if (loglone_style(a->kind.style))
        lone_line(a, p, n);
    else
        annot_plain_text(a, LOG_TEXT, p, n);
}

void annot_other_end(struct annotator *a)
{
    if (loglone_style(a->kind.style))
        lone_told(a);
}
