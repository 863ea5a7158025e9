/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk as a table for a class: command, reply, what it means, a row for each command; the last
 * column may stay empty, to be filled in by hand. Markdown or a page of HTML, for a printer too.
 * How a cell is written is annot_page.c's; secrets were masked when the talk was recorded. */
#include "know/handout.h"
#include "heloscope/know.h"
#include "know/annot.h"

#include <stdlib.h>
#include <string.h>

enum {
    REACH = 2000,    /* items between a command and its reply (pipelining) */
    CELL_LINES = 60, /* of a letter or a list; the rest is counted */
    CELL_OCTETS = 16384,
    CELL_MAX = 1 << 22,
};

struct sheet {
    FILE *f;
    const struct source *src;
    bool html, blank;
    unsigned char *done; /* items that stand in a row already */
    struct buf said, replied, means;
};

static const char html_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<title>A mail talk</title>\n<style>\n"
    "body{background:#fff;color:#1a1a1a;font:1rem/1.4 sans-serif;margin:1rem}\n"
    "table{border-collapse:collapse;table-layout:fixed;width:100%}\n"
    "th,td{border:1px solid #595959;padding:.3rem .5rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}\n"
    "td.t{font-family:monospace}td.blank{height:3.2rem}tr{break-inside:avoid}\n"
    ".permanent{color:#8c1414}.temporary{color:#6b4a00}\n</style>\n</head>\n<body>\n"
    "<h1>A mail talk</h1>\n<table>\n<thead><tr><th>Command</th><th>Reply</th><th>What it "
    "means</th></tr></thead>\n<tbody>\n";

static void cell(struct sheet *s, struct buf *b, const char *p, size_t n)
{
    if (b->len)
        buf_add_str(b, "<br>");
    if (s->html)
        page_html(b, p, n);
    else
        page_cell(b, p, n);
}

static void words(struct sheet *s, const char *label, const char *text)
{
    char both[1200];
    if (!text || !*text)
        return;
    int n = snprintf(both, sizeof both, "%s%s", label, text);
    cell(s, &s->means, both, n < (int)sizeof both ? (size_t)n : sizeof both - 1);
}

/* The lines of an item, as many as somebody reads on paper. */
static void lines(struct sheet *s, struct buf *b, size_t i, const struct item *it)
{
    struct span line;
    uint64_t k = 0;
    char more[60];
    for (size_t octets = 0; k < it->lines && k < CELL_LINES && octets < CELL_OCTETS &&
                            s->src->line(s->src->self, i, k, &line);
         k++) {
        size_t n = line.n < CELL_OCTETS ? line.n : CELL_OCTETS;
        cell(s, b, line.p, n);
        octets += n;
    }
    if (k >= it->lines)
        return;
    snprintf(more, sizeof more, "[and %llu lines more]", (unsigned long long)(it->lines - k));
    cell(s, b, more, strlen(more));
}

static void means(struct sheet *s, size_t i, const struct item *it)
{
    struct moment m;
    struct explanation e;
    words(s, "", it->remark);
    if (it->kind == ITEM_CLIENT || !know_item(s->src, i, it, true, &m, &e))
        return;
    if (it->mark == MARK_TEMP || it->mark == MARK_PERM || it->mark == MARK_WARN) {
        words(s, "", e.title);
        words(s, "", e.what);
        words(s, "Who can mend it: ", e.mends);
        words(s, "Next: ", e.next);
    } else
        words(s, "", *e.what ? e.what : e.gutter);
}

static void add(struct sheet *s, size_t i, const struct item *it)
{
    s->done[i] = 1;
    lines(s, it->kind == ITEM_CLIENT ? &s->said : &s->replied, i, it);
    if (!s->blank)
        means(s, i, it);
}

static void row(struct sheet *s, enum item_mark mark)
{
    const char *said = buf_str(&s->said), *replied = buf_str(&s->replied);
    const char *meant = buf_str(&s->means);
    if (s->html)
        fprintf(s->f, "<tr><td class=\"t\">%s</td><td class=\"t%s\">%s</td><td%s>%s</td></tr>\n",
                said,
                mark == MARK_PERM   ? " permanent"
                : mark == MARK_TEMP ? " temporary"
                                    : "",
                replied, s->blank ? " class=\"blank\"" : "", meant);
    else
        fprintf(s->f, "| %s%s| %s%s| %s%s|\n", said, *said ? " " : "", replied, *replied ? " " : "",
                meant, *meant ? " " : "");
    buf_trim(&s->said, 0);
    buf_trim(&s->replied, 0);
    buf_trim(&s->means, 0);
}

/* A command with every reply to it. */
static void exchange(struct sheet *s, size_t i, const struct item *it, size_t n)
{
    struct item reply;
    struct moment m;
    enum item_mark mark = MARK_NONE;
    add(s, i, it);
    for (size_t k = i + 1; it->exchange && k < n && k - i < REACH; k++) {
        if (s->done[k] || !s->src->item(s->src->self, k, &reply) || reply.kind != ITEM_SERVER ||
            !s->src->moment(s->src->self, k, &m) || m.unsolicited || m.exchange != it->exchange) {
            if (mark != MARK_NONE)
                break; /* replies to one command stand together */
            continue;
        }
        add(s, k, &reply);
        mark = reply.mark;
    }
    row(s, mark);
}

/* Ours, and of no interest on paper: names looked up, whom one can write to. */
static bool chatter(struct sheet *s, size_t i, const struct item *it)
{
    struct moment m = {0};
    if (it->kind == ITEM_TEXT)
        return it->mark == MARK_NONE;
    if (it->kind != ITEM_EVENT || !s->src->moment(s->src->self, i, &m))
        return false;
    return m.event == EVENT_NOTE || m.event == EVENT_RESOLVING || m.event == EVENT_RESOLVED ||
           m.event == EVENT_TRYING || m.event == EVENT_CONNECTED;
}

bool handout_write(FILE *f, const struct source *src, bool html, bool blank)
{
    if (src->finish)
        src->finish(src->self);
    size_t n = src->count(src->self);
    struct sheet s = {.f = f, .src = src, .html = html, .blank = blank};
    struct item it;
    s.done = xcalloc(n + 1, 1);
    buf_init(&s.said, CELL_MAX);
    buf_init(&s.replied, CELL_MAX);
    buf_init(&s.means, CELL_MAX);
    fputs(html ? html_head : "| Command | Reply | What it means |\n| --- | --- | --- |\n", f);
    for (size_t i = 0; i < n && !ferror(f); i++) {
        if (s.done[i] || !src->item(src->self, i, &it) || chatter(&s, i, &it))
            continue;
        if (it.kind == ITEM_CLIENT)
            exchange(&s, i, &it, n);
        else {
            add(&s, i, &it);
            row(&s, it.mark);
        }
    }
    if (html)
        fputs("</tbody>\n</table>\n</body>\n</html>\n", f);
    buf_clear(&s.said);
    buf_clear(&s.replied);
    buf_clear(&s.means);
    free(s.done);
    return fflush(f) == 0 && !ferror(f);
}
