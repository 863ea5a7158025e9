/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the TLS pane can do: the chain of certificates to a file, and each TLS version asked for by
 * a connection of its own, on demand only. */
#include "tui/app.h"

#include <stdio.h>
#include <string.h>

static bool has_chain(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    if (t && t->session && tls_peer_count(session_peer(t->session)) > 0)
        return true;
    ui_notice(&app->ui, true, "no certificate was presented here: there is no TLS yet");
    return false;
}

static void write_chain(struct app *app, const char *path, bool over)
{
    struct tab *t = ui_tab(&app->ui);
    char why[300];
    if (!has_chain(app))
        return;
    struct tls_peer *p = session_peer(t->session);
    if (!tls_peer_save(p, path, over, why, sizeof why))
        ui_notice(&app->ui, true, "not saved: %s", why);
    else
        ui_notice(&app->ui, false, "saved %s: %zu certificate%s as PEM", path, tls_peer_count(p),
                  tls_peer_count(p) == 1 ? "" : "s");
}

void chain_save(struct app *app, const char *path)
{
    if (has_chain(app))
        save_by(app, path, write_chain);
}

static void path_told(struct app *app, const char *answer)
{
    if (answer && *answer)
        chain_save(app, answer);
}

void chain_ask(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    char name[300];
    if (!has_chain(app))
        return;
    const char *host = session_target(t->session)->ascii;
    snprintf(name, sizeof name, "%.250s.pem", host && *host ? host : "chain");
    prompt_ask(app, PROMPT_TEXT, "save the chain", name, path_told,
               "Under which name? The certificates that the server presented are written as PEM.");
}

/* -- versions ---------------------------------------------------------------------------------- */

static void on_scan(void *arg, struct tls_scan *s, bool done)
{
    static const char *const words[] = {"not tried", "accepted", "refused", "no answer"};
    struct app *app = arg;
    struct tab *t = ui_tab(&app->ui);
    app->ui.dirty = true;
    if (!done || !t || t->tls_scan != s)
        return;
    const struct tls_version_row *r = tls_scan_rows(s);
    ui_notice(&app->ui, false, "TLS 1.0 %s, 1.1 %s, 1.2 %s, 1.3 %s", words[r[0].accept],
              words[r[1].accept], words[r[2].accept], words[r[3].accept]);
}

void tls_versions(struct app *app, struct tab *t)
{
    struct ui *ui = &app->ui;
    struct complete_context c;
    if (!t || !t->session || !t->target) {
        ui_notice(ui, true,
                  "this asks a server by connections of its own: it needs a session with "
                  "one");
        return;
    }
    if (t->tls_scan && !tls_scan_done(t->tls_scan)) {
        ui_notice(ui, false, "the versions are being asked for");
        return;
    }
    tls_scan_free(t->tls_scan);
    line_context(app, &c);
    struct session_options o = ui->options;
    if (t->way)
        o.conn.route = t->way;
    t->tls_scan = tls_scan_new(ui->loop, session_target(t->session), &o, c.host, on_scan, app);
    action_run(app, ACT_TLS);
    ui_notice(ui, false, "asking %s for each version by a connection of its own", t->name);
}
