/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame over the panes, for a question, the palette and help. On a small screen it takes all but
 * the header. */
#include "tui/app.h"
#include "tui/text.h"

#include <string.h>

static void edge(int y, int x, int w, const char *title)
{
    char line[512];
    int n = w < (int)sizeof line - 1 ? w : (int)sizeof line - 1;
    memset(line, '-', (size_t)n);
    line[n] = '\0';
    text_put(y, x, w, ROLE_FOCUS_BORDER, line, (size_t)n);
    if (title && *title && w > 8) {
        int at = x + 2;
        at += text_puts(y, at, w - 4, ROLE_FOCUS_BORDER, "[ ");
        at += text_puts(y, at, w - 7, ROLE_TITLE, title);
        text_puts(y, at, 2, ROLE_FOCUS_BORDER, " ]");
    }
}

struct rect box_draw(struct app *app, int h, int w, const char *title, const char *foot)
{
    struct ui *ui = &app->ui;
    if (w > ui->cols - 2 || ui->cols < 70)
        w = ui->cols;
    if (h > ui->rows - 1 - (ui->rows > 4))
        h = ui->rows - 1;
    struct rect r = {(ui->rows - h) / 2, (ui->cols - w) / 2, h, w};
    if (r.y < 1)
        r.y = 1;
    text_fill(r, ROLE_TEXT);
    edge(r.y, r.x, r.w, title);
    edge(r.y + r.h - 1, r.x, r.w, foot);
    if (w < ui->cols)
        for (int y = r.y + 1; y < r.y + r.h - 1; y++) {
            text_puts(y, r.x, 1, ROLE_FOCUS_BORDER, "|");
            text_puts(y, r.x + r.w - 1, 1, ROLE_FOCUS_BORDER, "|");
        }
    struct rect in = {r.y + 1, r.x + 2, r.h - 2, r.w - 4};
    return in;
}
