/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last line: the keys that act here, from the rows of keys.def. Help and the list of all
 * commands have a place on every screen; the others stand before them as far as there is room.
 * Also: where the cursor belongs. */
#include "tui/keys.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <string.h>

static unsigned context(struct ui *ui)
{
    struct tab *t = ui_tab(ui);
    if (!t)
        return CTX_START;
    switch (ui->focus) {
    case FOCUS_TALK:
        return CTX_TALK;
    case FOCUS_WHY:
        return CTX_WHY;
    case FOCUS_CAPS:
        return CTX_CAPS;
    case FOCUS_TLS:
        return CTX_TLS;
    case FOCUS_LESSON:
        return CTX_LESSON;
    case FOCUS_MAIL:
        return CTX_MAIL;
    default:
        return t->letter ? CTX_LETTER : CTX_EDITOR | CTX_EMPTY;
    }
}

static bool always(const struct key_row *k)
{
    return k->action == ACT_HELP || k->action == ACT_PALETTE;
}

static int width(const struct key_row *k)
{
    return (int)(strlen(k->key) + 1 + strlen(k->label) + 2);
}

void keybar_draw(struct ui *ui)
{
    struct rect r = ui->layout.keybar;
    unsigned here = context(ui);
    if (r.h <= 0)
        return;
    if (ui->notice[0] && ui->layout.hint.h == 0) {
        /* No row of its own for the notice: it is news, the keys are not. */
        text_puts(r.y, r.x + 1, r.w - 2, ui->notice_bad ? ROLE_WARNING : ROLE_TEXT, ui->notice);
        return;
    }
    int keep = 0, x = r.x + 1, end = r.x + r.w;
    for (size_t i = 0; i < key_rows_n; i++)
        if ((key_rows[i].contexts & here) && key_rows[i].label[0] && always(&key_rows[i]))
            keep += width(&key_rows[i]);
    for (size_t i = 0; i < key_rows_n; i++) {
        const struct key_row *k = &key_rows[i];
        if (!(k->contexts & here) || !k->label[0] || !k->key[0])
            continue;
        int w = width(k);
        bool fixed = always(k);
        if (x + w - 2 + (fixed ? 0 : keep) > end)
            continue;
        if (fixed)
            keep -= w;
        text_puts(r.y, x, end - x, ROLE_KEY, k->key);
        text_puts(r.y, x + (int)strlen(k->key) + 1, end - x, ROLE_KEY_LABEL, k->label);
        x += w;
    }
}

void notice_draw(struct ui *ui)
{
    struct rect r = ui->layout.hint, keys = ui->layout.keybar;
    enum role role = ui->notice_bad ? ROLE_WARNING : ROLE_NOTE;
    const char *p = ui->notice;
    size_t n = strlen(p);
    int cols, y, x;
    if (!n || !r.h)
        return;
    getyx(stdscr, y, x); /* the cursor stays where the focus put it */
    text_fill(r, ROLE_TEXT);
    if (text_width(p, n) < r.w || !ui->notice_bad || !keys.h || keys.y != r.y + 1) {
        text_cut(r.y, r.x + 1, r.w - 1, role, p, n);
        move(y, x);
        return;
    }
    size_t k = text_fit(p, n, r.w - 2, true, &cols);
    text_put(r.y, r.x + 1, r.w - 1, role, p, k);
    while (k < n && p[k] == ' ')
        k++;
    text_fill(keys, ROLE_TEXT);
    text_cut(keys.y, keys.x + 1, keys.w - 1, role, p + k, n - k);
    move(y, x);
}

bool panes_cursor(struct ui *ui, int *y, int *x)
{
    struct tab *t = ui_tab(ui);
    if (!t || !t->talk)
        return false;
    if (ui->focus == FOCUS_TALK && ui->layout.talk.h > 0)
        talk_cursor(t->talk, y, x);
    else if (ui->focus == FOCUS_WHY && ui->layout.why.h > 0)
        why_cursor(y, x);
    else if (ui->focus == FOCUS_CAPS && ui->layout.caps.h > 0)
        caps_cursor(y, x);
    else if (ui->focus == FOCUS_TLS && ui->layout.tls.h > 0)
        tls_cursor(y, x);
    else if (ui->focus == FOCUS_LESSON && ui->layout.lesson.h > 0)
        lesson_cursor(y, x);
    else if (ui->focus == FOCUS_MAIL && ui->layout.mail.h > 0)
        mail_cursor(y, x);
    else
        return false;
    return true;
}
