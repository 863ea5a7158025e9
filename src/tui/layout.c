/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who gets which rows and columns. Four sizes; below the smallest nothing but quit acts. The
 * editor's row is given out first and the transcript's last, so that both are there in every
 * layout. Pure: no curses. */
#include "tui/panes.h"

#include <string.h>

#define SIDEBAR_STANDARD 23 /* with its line; leaves 57 of 80 columns to the transcript */
#define SIDEBAR_LESSON 33   /* its sentences want more columns than keywords */
#define WHY_ROWS 3          /* below the title */

static struct rect rows(int y, int h, int cols)
{
    struct rect r = {y, 0, h, cols};
    return r;
}

enum layout_kind layout_kind(int lines, int cols)
{
    if (cols >= 100 && lines >= 30)
        return LAYOUT_WIDE;
    if (cols >= 78 && lines >= 20)
        return LAYOUT_STANDARD;
    if (cols >= 60 && lines >= 15)
        return LAYOUT_SMALL;
    if (cols >= 40 && lines >= 8)
        return LAYOUT_TINY;
    return LAYOUT_TOO_SMALL;
}

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* Before a class: nothing beside the transcript, whose lines are to be read from afar. The lesson
 * stands below it, or the capabilities while somebody looks at them. */
static void stacked(struct ui *ui, int top, int bottom)
{
    struct layout *l = &ui->layout;
    bool caps = ui->focus == FOCUS_CAPS, below = caps || ui->lesson;
    int h = below ? (bottom - top) * 2 / 5 : 0;
    l->talk = rows(top, bottom - top - h, ui->cols);
    if (below)
        *(caps ? &l->caps : &l->lesson) = rows(bottom - h, h, ui->cols);
}

void layout_compute(struct ui *ui, int editor_rows, bool hint)
{
    struct layout *l = &ui->layout;
    int n = ui->rows, w = ui->cols, top = 0;
    memset(l, 0, sizeof *l);
    l->kind = layout_kind(n, w);
    if (l->kind == LAYOUT_TOO_SMALL)
        return;
    l->header = rows(top++, 1, w);
    int bottom = n;
    l->keybar = rows(--bottom, 1, w);
    bool small = l->kind == LAYOUT_SMALL, tiny = l->kind == LAYOUT_TINY;

    if (ui->zoom && ui->focus != FOCUS_EDITOR) {
        struct rect all = rows(top, bottom - top, w);
        if (ui->focus == FOCUS_TALK)
            l->talk = all;
        else if (ui->focus == FOCUS_WHY)
            l->why = all;
        else if (ui->focus == FOCUS_TLS)
            l->tls = all;
        else if (ui->focus == FOCUS_LESSON)
            l->lesson = all;
        else if (ui->focus == FOCUS_MAIL)
            l->mail = all;
        else
            l->caps = all;
        return;
    }

    /* The editor: a letter grows to half of what is left, the command line is one row. Zoomed it
     * may take all but three rows of the transcript. */
    int room = bottom - top - small, titled = tiny ? n >= 10 : 1;
    int keep = tiny ? 3 : ui->zoom ? 3 : room / 2;
    int want = editor_rows < 1 ? 1 : editor_rows;
    want = at_most(want, room - keep - titled);
    if (want < 1)
        want = 1;
    /* A growing letter does not push out the row that says how to end it. */
    if (hint && !tiny && want > 3 && want == room - keep - titled)
        want--;
    if (hint && (!tiny || n >= 12) && room - keep - titled - want >= 1)
        l->hint = rows(--bottom, 1, w);
    bottom -= want;
    l->editor = rows(bottom, want, w);
    if (titled)
        l->title = rows(--bottom, 1, w);

    if (small)
        l->tabs = rows(top++, 1, w);
    if (small || tiny) {
        struct rect pane = rows(top, bottom - top, w);
        enum focus which = small                                               ? ui->small_pane
                           : ui->focus == FOCUS_TLS || ui->focus == FOCUS_MAIL ? ui->focus
                                                                               : FOCUS_TALK;
        if (which == FOCUS_TLS)
            l->tls = pane;
        else if (which == FOCUS_MAIL)
            l->mail = pane;
        else if (which == FOCUS_WHY)
            l->why = pane;
        else if (which == FOCUS_CAPS)
            l->caps = pane;
        else if (which == FOCUS_LESSON && ui->lesson)
            l->lesson = pane;
        else
            l->talk = pane;
        /* What to do in a lesson is read while it is done: it stands below the talk. */
        if (l->talk.h >= 11 && ui->lesson) {
            int h = l->talk.h * 2 / 5;
            l->talk.h -= h;
            l->lesson = rows(bottom - h, h, w);
        }
        return;
    }
    if (ui->zoom) {
        l->talk = rows(top, bottom - top, w);
        return;
    }
    /* Certificates need width and height: they stand in front of all the other panes. */
    if (ui->focus == FOCUS_TLS || ui->focus == FOCUS_MAIL) {
        *(ui->focus == FOCUS_TLS ? &l->tls : &l->mail) = rows(top, bottom - top, w);
        return;
    }
    /* The explanation gives way to a long letter, down to one row. */
    int why = WHY_ROWS + (n >= 32) + (n >= 40) + (n >= 50);
    while (why > 1 && bottom - top - why - 1 < 6)
        why--;
    bottom -= why + 1;
    l->why = rows(bottom, why + 1, w);
    if (ui->present) {
        stacked(ui, top, bottom);
        return;
    }
    /* A saved talk has no capabilities to show: its lines get the columns, until somebody asks. */
    const struct tab *t =
        ui->current >= 0 && ui->current < ui->ntabs ? ui->tabs[ui->current] : NULL;
    if (t && t->file && !t->session && ui->focus != FOCUS_CAPS) {
        l->talk = rows(top, bottom - top, w);
        return;
    }
    int side = l->kind == LAYOUT_WIDE ? w / 3 + 1 : SIDEBAR_STANDARD;
    side = at_most(side, 48);
    bool lesson = ui->lesson && (l->kind == LAYOUT_WIDE || ui->focus != FOCUS_CAPS);
    if (lesson && side < SIDEBAR_LESSON)
        side = SIDEBAR_LESSON;
    l->talk = rows(top, bottom - top, w - side);
    l->caps = l->talk;
    l->caps.x = w - side;
    l->caps.w = side;
    if (!lesson)
        return;
    l->lesson = l->caps;
    if (l->kind == LAYOUT_WIDE) { /* both, one above the other */
        l->lesson.h = l->caps.h * 3 / 5;
        l->caps.h -= l->lesson.h;
        l->lesson.y += l->caps.h;
    } else {
        l->caps.h = 0;
    }
}
