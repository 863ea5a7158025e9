/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Saving the talk, and a copy of it for $EDITOR: the printers are report.c's, secrets were masked
 * when the talk was recorded. A file that exists is never written over without a question. */
#include "tui/app.h"
#include "heloscope/report.h"
#include "heloscope/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define VIEW_MAX (64u << 20)

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Where the talk was had, as a target of a script; NULL: with the practice world, or nowhere. */
static const char *target_of(const struct tab *t)
{
    static char text[400];
    const struct target *to = t->session ? session_target(t->session) : NULL;
    if (!to || session_is_practice(t->session))
        return NULL;
    const struct proto *p = session_proto(t->session);
    if (to->path)
        snprintf(text, sizeof text, "%s:%s", strcmp(p->name, "lmtp") == 0 ? "lmtp" : "unix",
                 to->path);
    else
        snprintf(text, sizeof text, "%s://%s", to->tls && p->tls_scheme ? p->tls_scheme : p->name,
                 to->label);
    return text;
}

static void write_talk(struct app *app, const char *path, bool over)
{
    struct tab *t = ui_tab(&app->ui);
    char why[300];
    static const char *const forms[] = {"plain text",          "JSON lines",
                                        "a table in Markdown", "a table to be filled in",
                                        "a table as a page",   "a page to be filled in"};
    enum report_format how = report_format_of(path);
    bool script = ends_in(path, ".helo");
    bool ok = script ? script_save(path, ui_whole(t), target_of(t), over, why, sizeof why)
                     : report_save(path, ui_whole(t), how, over, why, sizeof why);
    if (!ok)
        ui_notice(&app->ui, true, "not saved: %s", why);
    else if (script)
        ui_notice(&app->ui, false, "saved %s: a script for 'heloscope run', without secrets", path);
    else
        ui_notice(&app->ui, false, "saved %s: %zu entries, %s, secrets masked", path,
                  ui_whole(t)->count(ui_whole(t)->self), forms[how]);
}

static void over_told(struct app *app, const char *answer)
{
    if (answer)
        app->save_fn(app, app->save_path, true);
    else
        ui_notice(&app->ui, false, "not saved");
}

void save_to(struct app *app, const char *path)
{
    save_by(app, path, write_talk);
}

void save_by(struct app *app, const char *path, save_fn *fn)
{
    struct stat st;
    const char *home = getenv("HOME");
    if (!ui_tab(&app->ui))
        return;
    app->save_fn = fn;
    if (path[0] == '~' && path[1] == '/' && home)
        snprintf(app->save_path, sizeof app->save_path, "%s%s", home, path + 1);
    else
        snprintf(app->save_path, sizeof app->save_path, "%s", path);
    if (lstat(app->save_path, &st) != 0)
        fn(app, app->save_path, false);
    else if (!S_ISREG(st.st_mode))
        ui_notice(&app->ui, true, "not saved: %s is no ordinary file", app->save_path);
    else
        prompt_ask(app, PROMPT_YESNO, "write over it?", NULL, over_told,
                   "%s exists (%lld octets). Write over it?", app->save_path,
                   (long long)st.st_size);
}

static void path_told(struct app *app, const char *answer)
{
    if (answer && *answer)
        save_to(app, answer);
}

void save_ask(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    char name[96], stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    localtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M", &tm);
    const struct proto *p = t->session ? session_proto(t->session) : NULL;
    snprintf(name, sizeof name, "%s-%s.txt", p ? p->name : "talk", stamp);
    prompt_ask(
        app, PROMPT_TEXT, "save the talk", name, path_told,
        "Under which name? .md or .html gets a table for a hand-out (.blank.md, .blank.html: its "
        "explanations are left empty), .jsonl JSON lines, .helo a script that 'run' says again, "
        "any other name plain text that 'open' reads.");
}

void external_view(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    char *text = NULL, why[300];
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f && report_write(f, ui_whole(t), REPORT_TEXT) && fclose(f) == 0 && n <= VIEW_MAX) {
        if (!external_edit(".txt", text, n, NULL, why, sizeof why))
            ui_notice(&app->ui, true, "%s", why);
    } else
        ui_notice(&app->ui, true, "the talk is too long for that: save it with w");
    free(text);
}
