/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The why pane: what the selected entry means, who decided it, who can mend it, what to do next.
 * The knowledge is know's; this file lays it out in the few rows there are. */
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <stdio.h>
#include <string.h>

enum { PARTS_MAX = 7 };

struct part {
    const char *label; /* "Next: " or "" */
    char text[1400];
};

static int cursor_y, cursor_x;

void why_cursor(int *y, int *x)
{
    *y = cursor_y;
    *x = cursor_x;
}

/* What stands in the title: the code, the verb, or that it is an event. */
static void name_it(const struct item *it, const struct moment *m, char *out, size_t size)
{
    const struct reply *r = &m->reply;
    if (it->kind == ITEM_CLIENT)
        snprintf(out, size, "%s", m->command.name[0] ? m->command.name : "this line");
    else if (it->kind == ITEM_EVENT)
        snprintf(out, size, "this event");
    else if ((it->kind == ITEM_TEXT && it->mark == MARK_NONE) || r->cls == REPLY_NONE)
        snprintf(out, size, "this line");
    else if (r->code && r->eclass)
        snprintf(out, size, "%d %u.%u.%u", r->code, r->eclass, r->esubject, r->edetail);
    else if (r->code)
        snprintf(out, size, "%d", r->code);
    else
        snprintf(out, size, "%s%s%s%s",
                 r->cls == REPLY_OK   ? "+OK"
                 : r->cls == REPLY_GO ? "+"
                                      : "-ERR",
                 r->respcode[0] ? " [" : "", r->respcode, r->respcode[0] ? "]" : "");
}

static void part_add(struct part *parts, int *n, const char *label, const char *a, const char *b,
                     const char *link)
{
    if ((!a || !*a) && (!b || !*b))
        return;
    struct part *p = &parts[(*n)++];
    p->label = label;
    const char *stop = a && *a && b && *b ? link : "";
    snprintf(p->text, sizeof p->text, "%s%s%s%s", label, a ? a : "", stop, b ? b : "");
}

/* "550 = mailbox unavailable" and "permanent" come with and without a full stop. */
static const char *stop_of(const char *a)
{
    size_t n = a ? strlen(a) : 0;
    return n > 0 && strchr(".!?", a[n - 1]) ? " " : ". ";
}

static int rows_of(const struct part *p, int w)
{
    struct rect none = {0, 0, 0, w};
    return text_wrap(none, 0, ROLE_TEXT, p->text, strlen(p->text));
}

/* Draws the parts from row `skip` on; returns the rows that all of them need. */
static int draw_parts(const struct part *parts, int n, struct rect r, int skip)
{
    int row = 0;
    for (int i = 0; i < n; i++) {
        int need = rows_of(&parts[i], r.w), y = row - skip;
        struct rect at = r;
        int hide = y < 0 ? -y : 0;
        at.y = r.y + (y > 0 ? y : 0);
        at.h = r.y + r.h - at.y;
        if (at.h > 0 && need > hide) {
            text_wrap(at, hide, ROLE_TEXT, parts[i].text, strlen(parts[i].text));
            if (hide == 0 && parts[i].label[0])
                text_puts(at.y, at.x, at.w, ROLE_TITLE, parts[i].label);
        }
        row += need;
    }
    return row;
}

void panes_rule(struct rect r, bool focused)
{
    char line[512];
    int n = r.w < (int)sizeof line ? r.w : (int)sizeof line;
    memset(line, focused ? '=' : '-', (size_t)n); /* not by colour alone */
    text_put(r.y, r.x, r.w, focused ? ROLE_FOCUS_BORDER : ROLE_BORDER, line, (size_t)n);
}

static void title(struct ui *ui, struct rect r, const char *name, const char *ref, size_t at,
                  size_t of, int more)
{
    bool focused = ui->focus == FOCUS_WHY;
    char right[64], head[96];
    panes_rule(r, focused);
    snprintf(head, sizeof head, "[ why %s ]", name);
    int used = 2 + text_puts(r.y, r.x + 2, r.w - 4, ROLE_TITLE, head);
    int n = more > 0 ? snprintf(right, sizeof right, "[ +%d more ]%s[ %zu/%zu ]", more,
                                focused ? "==" : "--", at, of)
                     : snprintf(right, sizeof right, "[ %zu/%zu ]", at, of);
    int x = r.w - n - 2;
    if (x > used + 1)
        text_puts(r.y, r.x + x, n, focused ? ROLE_FOCUS_BORDER : ROLE_BORDER, right);
    else
        x = r.w;
    n = ref ? text_width(ref, strlen(ref)) : 0;
    while (n > 0 && x - n - 4 <= used) /* the first of several, rather than none */
        do
            n--;
        while (n > 0 && ref[n] != ',' && ref[n] != ';');
    if (n > 0) {
        text_putf(r.y, r.x + x - n - 4, n + 2, focused ? ROLE_FOCUS_BORDER : ROLE_BORDER, " %*s ",
                  n, "");
        text_puts(r.y, r.x + x - n - 3, n, ROLE_LINK, ref);
    }
    cursor_y = r.y;
    cursor_x = r.x + 2;
}

void why_draw(struct ui *ui)
{
    static const struct tab *last_tab;
    static size_t last_item;
    struct tab *tab = ui_tab(ui);
    struct rect r = ui->layout.why, body = {r.y + 1, r.x + 1, r.h - 1, r.w - 2};
    struct part parts[PARTS_MAX];
    int n = 0;
    struct item it;
    struct moment m;
    struct explanation e;
    char name[48];

    if (r.h <= 0 || !tab || !tab->talk)
        return;
    const struct source *src = tab->source;
    size_t sel = talk_selected(tab->talk), count = src->count(src->self);
    if (sel == (size_t)-1 || !src->item(src->self, sel, &it)) {
        title(ui, r, "", NULL, 0, count, 0);
        return;
    }
    if (tab != last_tab || sel != last_item)
        tab->why_scroll = 0; /* another entry: from its beginning */
    last_tab = tab;
    last_item = sel;
    know_item(src, sel, &it, true, &m, &e);
    name_it(&it, &m, name, sizeof name);
    if (ui->annotate == ANNOTATE_NONE) {
        title(ui, r, name, NULL, sel + 1, count, 0);
        const char *words = ui->present ? "Say first what you think it means; then a (M-a while "
                                          "typing) shows it."
                                        : "Explanations are off (exam): say first what you think "
                                          "it means. a shows them again.";
        text_wrap(body, 0, ROLE_DIM, words, strlen(words));
        return;
    }
    char codes[512] = "";
    const char *code = e.code ? e.code : "", *enhanced = e.enhanced ? e.enhanced : "";
    snprintf(codes, sizeof codes, "%s%s%s", code, *code && *enhanced ? stop_of(code) : "",
             enhanced);
    part_add(parts, &n, "", codes, NULL, "");
    part_add(parts, &n, "", e.what, NULL, "");
    char mends[600] = "";
    if (e.mends && *e.mends)
        snprintf(mends, sizeof mends, "Who can mend it: %s", e.mends);
    part_add(parts, &n, e.decided && *e.decided ? "Decided by: " : "", e.decided, mends,
             stop_of(e.decided));
    part_add(parts, &n, "Next: ", e.next, NULL, "");
    char cause[80] = "";
    if (e.cause && *e.cause && strcmp(e.cause, "unspecified") != 0)
        snprintf(cause, sizeof cause, "%s (%s)", e.cause, e.confidence);
    part_add(parts, &n, "Cause: ", cause, NULL, "");
    part_add(parts, &n, "Note: ", it.remark, e.extra, stop_of(it.remark));
    if (n == 0) {
        part_add(parts, &n, "",
                 it.kind == ITEM_TEXT && it.mark == MARK_NONE
                     ? "A line of the file that is no part of a talk."
                 : it.open ? "This reply is still coming in."
                           : "Nothing more is known about this line.",
                 NULL, "");
    }
    int need = 0;
    for (int i = 0; i < n; i++)
        need += rows_of(&parts[i], body.w);
    if (need > body.h) {
        /* Too few rows: what it means here and what to do come first, the dictionary's words and
         * who decided after them. The rest is one scroll away. Of a login the decoded line comes
         * before what to do: that is done by itself. */
        const struct verb *v = m.command.verb;
        bool login = it.remark && v && (v->flags & (VERB_AUTH | VERB_ANSWER));
        const char *first = login ? "Note: " : "Next: ";
        struct part order[PARTS_MAX];
        int k = 0, lead = codes[0] && e.what && *e.what ? 1 : 0;
        order[k++] = parts[lead];
        for (int pass = 0; pass < 3; pass++)
            for (int i = 0; i < n; i++) {
                int due = strcmp(parts[i].label, first) == 0      ? 0
                          : strcmp(parts[i].label, "Next: ") == 0 ? 1
                                                                  : 2;
                if (i != lead && due == pass)
                    order[k++] = parts[i];
            }
        memcpy(parts, order, sizeof *parts * (size_t)n);
    }
    int hidden = need - body.h;
    if (tab->why_scroll > hidden)
        tab->why_scroll = hidden;
    if (tab->why_scroll < 0)
        tab->why_scroll = 0;
    title(ui, r, name, e.ref, sel + 1, count, hidden - tab->why_scroll);
    draw_parts(parts, n, body, tab->why_scroll);
}
