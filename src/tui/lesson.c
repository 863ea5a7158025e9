/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lessons in the workbench: which there are, beginning one, and showing it every exchange of every
 * session. What a lesson wants and says is lesson.h's; the pane is lessonpane.c. */
#include "tui/app.h"
#include "tui/panes.h"
#include "tui/paths.h"
#include "heloscope/lesson.h"
#include "heloscope/practice.h"
#include "heloscope/whatif.h"
#include "mode/lessons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the last step one begins anew the next time. */
static void keep(const struct lesson_walk *w)
{
    bool ended = lesson_ended(w);
    lessons_keep(w->lesson->name, ended ? 0 : w->step, ended);
}

static bool go_on(struct lesson_walk *w)
{
    size_t before = w->step;
    if (!lesson_on(w))
        return false;
    if (w->step != before)
        keep(w);
    return true;
}

/* The lesson's note stands at the reply, too: there it can be found again, and it is saved. */
static void note_at(struct tab *t, size_t i, const struct item *it, size_t step,
                    const struct lesson_walk *w)
{
    const char *note = w->lesson->steps[step].note;
    struct buf b;
    if (!*note || (it->remark && *it->remark))
        return;
    buf_init(&b, 8192);
    buf_addf(&b, "lesson: %s", note);
    for (size_t k = 0; k < b.len; k++)
        if (b.p[k] == '\n')
            b.p[k] = ' ';
    transcript_remark(session_transcript(t->session), i, buf_str(&b));
    buf_clear(&b);
}

void lesson_watch(struct app *app, struct tab *t)
{
    struct lesson_walk *w = app->ui.lesson;
    if (!w || !t->session || !t->source)
        return;
    const struct source *src = t->source;
    size_t n = src->count(src->self);
    for (; t->lesson_seen < n; t->lesson_seen++) {
        struct item it;
        size_t i = t->lesson_seen;
        if (!src->item(src->self, i, &it))
            continue;
        if (it.open)
            return; /* its end will tell */
        size_t before = w->step;
        if (lesson_judge(w, src, i) != LESSON_DONE)
            continue;
        note_at(t, i, &it, before, w);
        if (w->step != before) /* a letter's step, which is shown at once */
            keep(w);
        if (w->done && !lesson_awaits(w))
            go_on(w); /* nothing more is to be said about it */
    }
}

void lesson_go_on(struct app *app)
{
    struct lesson_walk *w = app->ui.lesson;
    if (!w)
        lesson_ask(app);
    else if (!go_on(w) && !lesson_awaits(w) && !w->done && app->ui.focus == FOCUS_LESSON)
        app->ui.focus = FOCUS_EDITOR;
}

static void lesson_drop(struct app *app)
{
    if (app->ui.lesson)
        lesson_free((struct lesson *)app->ui.lesson->lesson);
    free(app->ui.lesson);
    app->ui.lesson = NULL;
}

bool lesson_start(struct app *app, const char *name)
{
    char why[600], path[4096];
    struct lesson *l = lessons_find(name, path, sizeof path, why, sizeof why)
                           ? lesson_load(path, why, sizeof why)
                           : NULL;
    if (!l) {
        ui_notice(&app->ui, true, "%s", why);
        return false;
    }
    lesson_drop(app);
    app->ui.lesson = xcalloc(1, sizeof *app->ui.lesson);
    lesson_begin(app->ui.lesson, l);
    app->ui.lesson_scroll = 0;
    for (int i = 0; i < app->ui.ntabs; i++) /* what was said before is no part of it */
        if (app->ui.tabs[i]->session)
            app->ui.tabs[i]->lesson_seen =
                transcript_count(session_transcript(app->ui.tabs[i]->session));
    snprintf(app->client, sizeof app->client, "%s", l->client);
    if (!tabs_practice(app, l->service))
        return false;
    struct whatif begins;
    lesson_whatif(l, &begins);
    whatif_usual(&begins);
    if (!lesson_world(l, app->ui.world, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return false;
    }
    struct lesson_mark mark;
    lessons_kept(l->name, &mark);
    if (mark.step > 0 && mark.step < l->nsteps) {
        app->ui.lesson->step = mark.step;
        ui_notice(&app->ui, false,
                  "on from step %zu, in a new talk: say again what it needs; :restart begins anew",
                  mark.step + 1);
    } else
        ui_notice(&app->ui, false, "%s", l->about);
    return true;
}

static void chosen(struct app *app, const char *answer)
{
    if (answer && *answer)
        lesson_start(app, answer);
}

void lesson_ask(struct app *app)
{
    char list[1500];
    lessons_list(list, sizeof list);
    prompt_ask(app, PROMPT_TEXT, "which lesson?", NULL, chosen,
               "%sOr type a number, or the file of a lesson of your own.", list);
    /* The first that was not gone through is the one to go on with. */
    int rows = 0, next = 0;
    for (const char *p = list, *end; (end = strchr(p, '\n')); p = end + 1, rows++)
        if (next == rows && p[1] == 'x')
            next++;
    prompt_rows(app, rows, next < rows ? next : 0);
}

static bool none(struct app *app)
{
    if (!app->ui.lesson)
        ui_notice(&app->ui, true, "no lesson is under way: :lesson begins one");
    return !app->ui.lesson;
}

/* The usual world again. */
static void leave(struct app *app)
{
    char why[200];
    if (!app->ui.lesson)
        return;
    if (*app->ui.lesson->lesson->fault)
        world_fault(app->ui.world, "off", why, sizeof why);
    world_dns(app->ui.world, NULL, NULL, why, sizeof why);
    whatif_usual(NULL);
    app->client[0] = '\0';
    lesson_drop(app);
}

void lesson_command(struct app *app, enum command_id id, const char *arg)
{
    struct lesson_walk *w = app->ui.lesson;
    if (id == CMD_LESSON && !strcmp(arg, "off"))
        leave(app);
    else if (id == CMD_LESSON && *arg)
        lesson_start(app, arg);
    else if (id == CMD_LESSON)
        lesson_ask(app);
    else if (none(app))
        return;
    else if (id == CMD_HINT)
        w->hinted = true;
    else if (id == CMD_SKIP) {
        lesson_skip(w);
        /* The end of what was skipped is no lesson gone through. */
        lessons_keep(w->lesson->name, lesson_ended(w) ? 0 : w->step, false);
        if (lesson_ended(w))
            ui_notice(&app->ui, false, "that was the last step");
    } else {
        lesson_begin(w, w->lesson);
        keep(w);
        ui_notice(&app->ui, false,
                  "from its first step; :reconnect or :practice begins a new talk");
    }
}

void lesson_end(struct app *app)
{
    lesson_drop(app);
}
