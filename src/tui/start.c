/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The start screen: three choices, and what a pasted talk does. */
#include "tui/app.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <string.h>

/* The key bar from the rows of the start screen: its own choices first, and how to get help and out
 * at any width. */
static void bar(const struct ui *ui)
{
    int x = 1, keep = 0;
    for (int pass = 0; pass < 4; pass++) /* pass 0 measures what pass 3 draws */
        for (size_t i = 0; i < key_rows_n; i++) {
            const struct key_row *k = &key_rows[i];
            bool fixed = k->action == ACT_HELP || k->action == ACT_QUIT;
            int own = fixed ? 3 : k->contexts == CTX_START ? 1 : 2;
            int w = (int)(strlen(k->key) + 1 + strlen(k->label)) + 2;
            if (!(k->contexts & CTX_START) || !k->label[0] || !k->key[0] ||
                own != (pass ? pass : 3))
                continue;
            if (pass == 0) {
                keep += w;
            } else if (x + w - 2 + (fixed ? 0 : keep) <= ui->cols) {
                text_puts(ui->rows - 1, x, ui->cols - x, ROLE_KEY, k->key);
                text_puts(ui->rows - 1, x + (int)strlen(k->key) + 1, ui->cols - x, ROLE_KEY_LABEL,
                          k->label);
                x += w;
            }
        }
}

void start_draw(struct app *app)
{
    static const struct {
        const char *name, *means, *brief; /* brief: where there is no room for the whole */
    } choice[3] = {
        {"1  practise", "a mail world inside this program: SMTP and POP3, no network",
         "a mail world inside this program"},
        {"2  connect", "talk to a real server: smtp://host, submission://, pop3s:// ...",
         "talk to a server: smtp://host, pop3s:// ..."},
        {"3  open", "read a saved talk, with every reply explained",
         "read a saved talk, explained"},
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
        int room = ui->cols - x - 1;
        bool whole = strlen(choice[i].means) <= (size_t)(room > 0 ? room : 0);
        const char *words = whole ? choice[i].means : choice[i].brief;
        text_cut(y, x + 1, room, ROLE_TEXT, words, strlen(words));
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
    bar(ui);
    move(cy, cx);
}
