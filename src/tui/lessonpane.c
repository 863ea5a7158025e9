/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lesson pane: where one is in the lesson, what to do now, and what was learnt by it. The words
 * are the lesson's (lesson.h); here they are laid out. */
#include "tui/panes.h"
#include "tui/text.h"
#include "heloscope/lesson.h"

#include <stdio.h>
#include <string.h>

static int cursor_y, cursor_x;

void lesson_cursor(int *y, int *x)
{
    *y = cursor_y;
    *x = cursor_x;
}

/* One paragraph from row `at` (which may lie above the pane); returns the rows it needs. */
static int paragraph(struct rect r, int at, const char *p, size_t n)
{
    static const enum role roles[] = {ROLE_TEXT, ROLE_TITLE, ROLE_PROMPT, ROLE_NOTE};
    static const char *const before[] = {"", "? ", "> ", ""};
    unsigned kind = n && (unsigned char)*p < 4 ? (unsigned char)*p : 0;
    char text[4096];
    int len =
        snprintf(text, sizeof text, "%s%.*s", before[kind], (int)(n - (kind > 0)), p + (kind > 0));
    if (len < 0 || (size_t)len >= sizeof text)
        len = (int)sizeof text - 1;
    struct rect none = {0, 0, 0, r.w};
    int need = text_wrap(none, 0, ROLE_TEXT, text, (size_t)len);
    struct rect in = r;
    int hide = at < 0 ? -at : 0;
    in.y += at > 0 ? at : 0;
    in.h -= at > 0 ? at : 0;
    if (in.h > 0 && need > hide)
        text_wrap(in, hide, roles[kind], text, (size_t)len);
    return need;
}

/* notes: also what the replies meant. */
static int paragraphs(struct rect r, int skip, const char *text, bool notes)
{
    static const char hidden[] = "\003a shows what it means";
    int row = 0;
    bool told = false, asked = false;
    while (*text) {
        size_t n = strcspn(text, "\n");
        asked |= *text == '\001'; /* behind a question stands its answer, which was asked for */
        if (*text == '\003' && !notes && !asked) {
            row += told ? 0 : paragraph(r, row - skip, hidden, sizeof hidden - 1);
            told = true;
        } else
            row += paragraph(r, row - skip, text, n);
        text += n + (text[n] == '\n');
    }
    return row;
}

void lesson_draw(struct ui *ui)
{
    struct rect r = ui->layout.lesson;
    const struct lesson_walk *w = ui->lesson;
    struct buf b;
    char title[120], head[140];
    bool focused = ui->focus == FOCUS_LESSON, sidebar = r.x > 0;
    if (r.h <= 0 || !w)
        return;
    if (sidebar) {
        for (int y = r.y; y < r.y + r.h; y++)
            text_puts(y, r.x, 1, focused ? ROLE_FOCUS_BORDER : ROLE_BORDER, "|");
        r.x++;
        r.w--;
    }
    bool stacked = !sidebar && ui->layout.talk.h > 0;
    if (stacked)
        panes_rule((struct rect){r.y, r.x, 1, r.w}, focused);
    lesson_title(w, title, sizeof title);
    snprintf(head, sizeof head, stacked ? "[ LESSON %s ]" : "LESSON %s", title);
    text_puts(r.y, r.x + 1, r.w - 2, ROLE_TITLE, head);
    cursor_y = r.y;
    cursor_x = r.x + 1;
    struct rect body = {r.y + 1, r.x + 1, r.h - 2, r.w - 2};
    buf_init(&b, 65536);
    lesson_text(w, &b);
    struct rect none = {0, 0, 0, body.w};
    bool notes = !ui->present || ui->annotate != ANNOTATE_NONE || lesson_ended(w);
    int need = paragraphs(none, 0, buf_str(&b), notes), hidden = need - body.h;
    /* What came last is what is new: a note and its question stand below the task. */
    if (!focused)
        ui->lesson_scroll = (w->done || w->answered) && hidden > 0 ? hidden : 0;
    if (ui->lesson_scroll > hidden)
        ui->lesson_scroll = hidden;
    if (ui->lesson_scroll < 0)
        ui->lesson_scroll = 0;
    paragraphs(body, ui->lesson_scroll, buf_str(&b), notes);
    buf_clear(&b);
    char foot[120];
    int left = hidden - ui->lesson_scroll;
    snprintf(foot, sizeof foot, "%s%s", left > 0 || ui->lesson_scroll > 0 ? "l: scroll  " : "",
             lesson_awaits(w)  ? "Enter: go on"
             : lesson_ended(w) ? ":lesson for the next"
             : w->hinted       ? ":skip goes on"
                               : ":hint helps");
    text_puts(r.y + r.h - 1, r.x + 1, r.w - 2, ROLE_DIM, foot);
}
