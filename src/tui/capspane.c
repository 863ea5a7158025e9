/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The capability sidebar: the difference between the last two EHLO, LHLO or CAPA answers. After
 * STARTTLS or STLS the old list is void until it is asked for again (RFC 3207 4.2, RFC 2595 4), and
 * is shown so. */
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROWS_MAX (2 * CAPS_MAX)
/* Columns of the wide form. */
enum { KEYWORD_COLS = 15, BEFORE_AT = 18, AFTER_AT = 28 };

static int cursor_y, cursor_x;

void caps_cursor(int *y, int *x)
{
    *y = cursor_y;
    *x = cursor_x;
}

static const char marks[] = {'=', '+', '-', '~'};
static const enum role roles[] = {ROLE_CAP_SAME, ROLE_CAP_NEW, ROLE_CAP_GONE, ROLE_CAP_CHANGED};

/* "26214400" -> "25M": a sidebar is narrow. The exact number is in the explanation. */
static const char *short_params(const struct cap *c, char *out, size_t size)
{
    const char *p = c->params ? c->params : "";
    char *end;
    unsigned long long v = strtoull(p, &end, 10);
    if (strcasecmp(c->keyword, "SIZE") != 0 || *end || end == p || v < 10000) {
        snprintf(out, size, "%s", p);
        return out;
    }
    static const char units[] = "KMGTPE";
    double d = (double)v / 1024;
    int u = 0;
    while (d >= 1000 && u < 5)
        d /= 1024, u++;
    if (d < 10 && d - (double)(long)d > 0.05)
        snprintf(out, size, "%.1f%c", d, units[u]);
    else
        snprintf(out, size, "%.0f%c", d, units[u]);
    return out;
}

void caps_counts(const struct session *s, int *fresh, int *gone, int *changed)
{
    static struct cap_diff rows[ROWS_MAX];
    *fresh = *gone = *changed = 0;
    if (!s || !session_caps(s) || !session_caps_before(s))
        return;
    size_t n = caps_diff(session_caps_before(s), session_caps(s), rows, ROWS_MAX);
    for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
        *fresh += rows[i].change == CAP_NEW;
        *gone += rows[i].change == CAP_GONE;
        *changed += rows[i].change == CAP_CHANGED;
    }
}

/* Cut with two dots where it does not fit. */
static void put_cut(int y, int x, int w, enum role r, const char *s)
{
    int cols;
    size_t n = strlen(s);
    if (text_fit(s, n, w, false, &cols) >= n && cols <= w) {
        text_put(y, x, w, r, s, n);
        return;
    }
    size_t k = text_fit(s, n, w - 2, false, &cols);
    text_put(y, x, w - 2, r, s, k);
    text_puts(y, x + cols, 2, r, "..");
}

static void draw_row(const struct cap_diff *d, int y, int x, int w, bool first, bool wide,
                     bool stale)
{
    const struct cap *c = d->is ? d->is : d->was;
    char now[256], was[256], line[600];
    enum cap_change ch = stale ? CAP_GONE : first ? CAP_SAME : d->change;
    char mark = stale ? '-' : first ? ' ' : marks[ch];
    short_params(c, now, sizeof now);
    if (d->was)
        short_params(d->was, was, sizeof was);
    else
        snprintf(was, sizeof was, "%s", "");
    if (wide && !first) {
        const char *b = !d->was ? "-"
                        : *was  ? was
                                : "yes",
                   *a = !d->is ? "gone"
                        : *now ? now
                               : "yes";
        text_putf(y, x, 2, roles[ch], "%c ", mark);
        put_cut(y, x + 2, KEYWORD_COLS, roles[ch], c->keyword);
        put_cut(y, x + BEFORE_AT, AFTER_AT - BEFORE_AT - 3, roles[ch], b);
        text_puts(y, x + AFTER_AT - 2, 1, ROLE_BORDER, "|");
        put_cut(y, x + AFTER_AT, w - AFTER_AT, roles[ch], a);
        return;
    }
    if (ch == CAP_CHANGED && d->was)
        snprintf(line, sizeof line, "%c %s %s (was %s)", mark, c->keyword, now,
                 *was ? was : "bare");
    else
        snprintf(line, sizeof line, "%c %s%s%s", mark, c->keyword, *now ? " " : "", now);
    put_cut(y, x, w, roles[ch], line);
}

/* What the capability under the cursor is for. Returns the rows that it needs. */
static int explain(const struct proto *proto, const struct cap_diff *d, struct rect r)
{
    const struct cap *c = d->is ? d->is : d->was;
    char words[700] = "", text[1200];
    if (!proto)
        return 0;
    const struct know_cap *k = know_cap(proto->name, c->keyword, strlen(c->keyword));
    know_cap_words(proto->name, c->keyword, c->params ? c->params : "", words, sizeof words);
    snprintf(text, sizeof text, "%.40s: %s%s%s%s%s%s", c->keyword,
             words[0]         ? words
             : k && *k->means ? k->means
                              : "not in the registry, and not known here: the server's own.",
             k && *k->use ? "\nTo use it: " : "", k && *k->use ? k->use : "",
             k && *k->ref ? "\n" : "", k && *k->ref ? k->ref : "",
             d->change == CAP_GONE ? "\nNo longer offered." : "");
    return text_wrap(r, 0, ROLE_TEXT, text, strlen(text));
}

/* Does a list stand in what is not shown yet (:pace)? It is the reply's to tell. */
static bool still_to_come(const struct tab *t)
{
    const struct source *src = t->pace.base;
    size_t n = pace_hidden(&t->pace), from = n ? src->count(src->self) - n : 0;
    struct moment m;
    for (size_t i = from; n && i < from + n && i < from + 100; i++)
        if (src->moment(src->self, i, &m) && m.proto &&
            strcasecmp(m.command.name, m.proto->caps_verb) == 0)
            return true;
    return false;
}

void caps_draw(struct ui *ui)
{
    static struct cap_diff rows[ROWS_MAX];
    struct tab *tab = ui_tab(ui);
    struct rect r = ui->layout.caps;
    bool focused = ui->focus == FOCUS_CAPS, sidebar = r.x > 0;
    if (r.h <= 0 || r.w < 10)
        return;
    if (sidebar)
        for (int y = r.y; y < r.y + r.h; y++)
            text_puts(y, r.x, 1, focused ? ROLE_FOCUS_BORDER : ROLE_BORDER, "|");
    if (ui->present && !sidebar) /* a line of its own, since the transcript stands above */
        panes_rule((struct rect){r.y, r.x, 1, r.w}, focused);
    struct rect in = {r.y, r.x + 1 + sidebar, r.h, r.w - 1 - sidebar};
    cursor_y = in.y;
    cursor_x = in.x;
    if (tab && still_to_come(tab)) {
        text_puts(in.y, in.x, in.w, ROLE_TITLE, "CAPS");
        text_puts(in.y + 1, in.x, in.w, ROLE_DIM, "come with the reply");
        return;
    }
    const struct session *s = tab ? tab->session : NULL;
    const struct caps *now = s ? session_caps(s) : NULL, *was = s ? session_caps_before(s) : NULL;
    bool stale = s && session_caps_stale(s), first = !was, wide = in.w >= 36;
    if (!now) {
        text_puts(in.y, in.x, in.w, ROLE_TITLE, "CAPS");
        struct rect body = {in.y + 1, in.x, in.h - 1, in.w};
        char hint[160];
        if (!s)
            snprintf(hint, sizeof hint, "%s", "no session here");
        else if (stale)
            snprintf(hint, sizeof hint, "dropped when TLS began (RFC 3207 4.2): ask %s again",
                     session_proto(s) ? session_proto(s)->caps_verb : "EHLO");
        else
            snprintf(hint, sizeof hint, "%s tells what the server offers",
                     session_proto(s) ? session_proto(s)->caps_verb : "EHLO");
        text_wrap(body, 0, stale ? ROLE_WARNING : ROLE_DIM, hint, strlen(hint));
        return;
    }
    if (wide && !first && !stale) {
        text_puts(in.y, in.x, BEFORE_AT - 1, ROLE_TITLE, "CAPABILITIES");
        text_puts(in.y, in.x + BEFORE_AT, AFTER_AT - BEFORE_AT - 2, ROLE_TITLE, "before");
        text_puts(in.y, in.x + AFTER_AT - 2, 1, ROLE_BORDER, "|");
        text_puts(in.y, in.x + AFTER_AT, in.w - AFTER_AT, ROLE_TITLE,
                  !was->tls && now->tls ? "after TLS" : "after");
    } else {
        text_putf(in.y, in.x, in.w, ROLE_TITLE, "CAPS  %s",
                  stale      ? "dropped"
                  : now->tls ? (was && !was->tls ? "after TLS" : "in TLS")
                             : "in clear");
    }
    size_t n = caps_diff(stale ? NULL : was, now, rows, ROWS_MAX);
    if (n > ROWS_MAX)
        n = ROWS_MAX;
    int top = in.y + 1, bottom = in.y + in.h;
    if (stale) {
        struct rect note = {top, in.x, bottom - top, in.w};
        char text[160];
        snprintf(text, sizeof text, "void since TLS: ask %s again (RFC 3207 4.2)",
                 session_proto(s) ? session_proto(s)->caps_verb : "EHLO");
        top += text_wrap(note, 0, ROLE_WARNING, text, strlen(text));
    }
    if (tab->caps_scroll >= (int)n)
        tab->caps_scroll = n > 0 ? (int)n - 1 : 0;
    if (tab->caps_scroll < 0)
        tab->caps_scroll = 0;
    if (n == 0) {
        text_puts(top, in.x, in.w, ROLE_DIM, "(none offered)");
        return;
    }
    /* The lower part explains the row under the cursor, or, where nobody looks, the marks. */
    if ((focused || !sidebar) && bottom - top >= 4) {
        struct rect room = {0, in.x, 0, in.w};
        int need = explain(session_proto(s), &rows[tab->caps_scroll], room) + 1,
            most = (bottom - top) * 2 / 3;
        room.h = (need < most ? need : most) - 1;
        bottom -= room.h + 1;
        room.y = bottom + 1;
        char line[256];
        int w = in.w < (int)sizeof line ? in.w : (int)sizeof line;
        memset(line, '-', (size_t)w);
        text_put(bottom, in.x, w, ROLE_BORDER, line, (size_t)w);
        explain(session_proto(s), &rows[tab->caps_scroll], room);
    } else if (!first && !stale && bottom - top > (int)n + 2) {
        text_puts(bottom - 2, in.x, in.w, ROLE_DIM, "+ new  - gone");
        text_puts(bottom - 1, in.x, in.w, ROLE_DIM, "~ changed  = same");
        bottom -= 2;
    }
    int h = bottom - top, from = 0, at = focused || !sidebar ? tab->caps_scroll : 0;
    if (h <= 0)
        return;
    if (at >= h)
        from = at - h + 1;
    for (int i = 0; i < h && from + i < (int)n; i++) {
        bool more = i == h - 1 && from + h < (int)n && from + i != at;
        if (more) {
            text_putf(top + i, in.x, in.w, ROLE_DIM, "  %d more (c)", (int)n - from - i);
            break;
        }
        draw_row(&rows[from + i], top + i, in.x, in.w, first, wide && !stale, stale);
        if (focused && from + i == at) {
            unsigned long attrs;
            short pair;
            theme_role(ROLE_SELECTION, &attrs, &pair);
            mvchgat(top + i, in.x, in.w, (attr_t)attrs, pair, NULL);
            if (sidebar || in.x > 0)
                text_puts(top + i, in.x - 1, 1, ROLE_SELECTION, ">");
            cursor_y = top + i;
            cursor_x = in.x - 1;
        }
    }
}
