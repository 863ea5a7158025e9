/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before a class: presenting on a projector (:present), and replies at a pace that can be followed
 * (:pace). How the panes are stacked is layout.c's, what is held back pace.c's. */
#include "tui/app.h"
#include "tui/panes.h"
#include "tui/theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void present_set(struct app *app, bool on, bool theme)
{
    struct ui *ui = &app->ui;
    char why[400];
    if (on == ui->present)
        return;
    ui->present = on;
    if (on)
        app->annotate_before = ui->annotate;
    ui->annotate = on ? ANNOTATE_NONE : app->annotate_before;
    if (on && theme) {
        snprintf(app->theme_before, sizeof app->theme_before, "%s", theme_name());
        if (!theme_load("contrast-light", why, sizeof why))
            ui_notice(ui, true, "%s", why);
    } else if (!on && app->theme_before[0]) {
        theme_load(app->theme_before, why, sizeof why);
        app->theme_before[0] = '\0';
    }
    ui->zoom = false;
    ui->dirty = true;
}

void present_command(struct app *app, const char *arg)
{
    bool on = *arg ? !strcmp(arg, "on") : !app->ui.present;
    if (*arg && strcmp(arg, "on") != 0 && strcmp(arg, "off") != 0) {
        ui_notice(&app->ui, true, "present: say on or off, or nothing to change over");
        return;
    }
    present_set(app, on, true);
    term_repaint();
    if (!app->ui.notice[0])
        ui_notice(&app->ui, false,
                  on ? "presenting: a (M-a while typing) shows what a reply means"
                     : "no longer presenting");
}

void present_sent(struct app *app)
{
    if (app->ui.present)
        app->ui.annotate = ANNOTATE_NONE;
}

void pace_command(struct app *app, const char *arg)
{
    unsigned ms = app->ui.pace_ms;
    char why[200];
    if (*arg && !pace_parse(arg, &ms, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    app->ui.pace_ms = ms;
    for (int i = 0; i < app->ui.ntabs; i++)
        if (app->ui.tabs[i]->session) {
            pace_set(&app->ui.tabs[i]->pace, ms);
            talk_update(&app->ui, app->ui.tabs[i]->talk);
        }
    if (ms)
        ui_notice(&app->ui, false, "pace: replies are shown one at a time, %u.%u s apart",
                  ms / 1000, ms % 1000 / 100);
    else
        ui_notice(&app->ui, false, "pace: off, replies are shown as they come");
    app->ui.dirty = true;
}

static void due(void *arg)
{
    struct app *app = arg;
    app->pace_timer = NULL; /* the turn that follows looks what is due */
}

void pace_turn(struct app *app)
{
    uint64_t now = now_us(), next = 0;
    for (int i = 0; i < app->ui.ntabs; i++) {
        struct tab *t = app->ui.tabs[i];
        if (!t->session || !t->talk || !t->pace.ms)
            continue;
        if (pace_step(&t->pace, now)) {
            talk_update(&app->ui, t->talk);
            lesson_watch(app, t);
            app->ui.dirty = true;
        }
        if (pace_hidden(&t->pace) && (!next || t->pace.next_us < next))
            next = t->pace.next_us;
    }
    if (next && !app->pace_timer)
        app->pace_timer =
            loop_timer(app->ui.loop, next > now ? (int64_t)((next - now) / 1000) + 1 : 1, due, app);
}
