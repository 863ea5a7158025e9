/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The start screen: three choices, and what a pasted talk does. */
#include "tui/app.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <string.h>

void start_draw(struct app *app)
{
    static const struct {
        const char *name, *means;
    } choice[3] = {
        {"1  practise", "a mail world inside this program: SMTP and POP3, nothing leaves it"},
        {"2  connect", "talk to a real server: smtp://host, submission://, pop3s:// ..."},
        {"3  open", "read a saved talk, with every reply explained"},
    };
    struct ui *ui = &app->ui;
    struct rect all = {0, 0, ui->rows, ui->cols};
    text_fill(all, ROLE_TEXT);
    struct rect top = {0, 0, 1, ui->cols};
    text_fill(top, ROLE_HEADER);
    text_puts(0, 1, ui->cols - 1, ROLE_HEADER,
              "heloscope   SMTP and POP3 by hand, every reply explained");
    bool tight = ui->rows < 16 || ui->cols < 70;
    int left = ui->cols >= 78 ? (ui->cols - 76) / 2 : 1;
    int y = tight ? 2 : ui->rows / 4, w = ui->cols - left - 1;
    int cy = y, cx = left;
    for (int i = 0; i < 3; i++) {
        bool sel = i == app->start_choice;
        int x = left + text_puts(y, left, w, sel ? ROLE_SELECTION : ROLE_TEXT, sel ? "> " : "  ");
        if (sel) {
            cy = y;
            cx = left;
        }
        x += text_putf(y, x, ui->cols - x, sel ? ROLE_SELECTION : ROLE_TITLE, "%-12s",
                       choice[i].name);
        text_puts(y, x + 1, ui->cols - x - 1, ROLE_TEXT, choice[i].means);
        y += tight ? 1 : 2;
    }
    if (!tight) {
        text_puts(y + 1, left + 2, w - 2, ROLE_DIM,
                  "Paste a talk (C: and S: lines) and it is opened and explained.");
        text_puts(y + 2, left + 2, w - 2, ROLE_DIM,
                  "l lists the lessons, which lead through SMTP and POP3 step by step.");
    }
    if (ui->notice[0] && ui->rows > 3) {
        struct rect r = {0, 1, 3, ui->cols - 2};
        size_t n = strlen(ui->notice);
        int need = text_wrap((struct rect){0, 0, 0, r.w}, 0, ROLE_TEXT, ui->notice, n);
        r.h = need < ui->rows - 2 ? need : ui->rows - 2;
        r.y = ui->rows - 1 - r.h;
        text_wrap(r, 0, ui->notice_bad ? ROLE_WARNING : ROLE_NOTE, ui->notice, n);
    }
    /* The key bar from the rows of the start screen. */
    int x = 1;
    for (size_t i = 0; i < key_rows_n; i++) {
        const struct key_row *k = &key_rows[i];
        if (!(k->contexts & CTX_START) || !k->label[0] ||
            x + (int)strlen(k->key) + (int)strlen(k->label) + 3 >= ui->cols)
            continue;
        x += text_puts(ui->rows - 1, x, ui->cols - x, ROLE_KEY, k->key);
        x += 1 + text_puts(ui->rows - 1, x + 1, ui->cols - x - 1, ROLE_KEY_LABEL, k->label) + 2;
    }
    move(cy, cx);
}
