/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is typed after a colon: the rows of commands.def, done. */
#include "tui/app.h"
#include "tui/panes.h"
#include "tui/theme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command_row *row_of(const char *name, size_t n)
{
    const struct command_row *found = NULL;
    for (size_t i = 0; i < command_rows_n; i++) {
        if (strncmp(command_rows[i].name, name, n) != 0)
            continue;
        if (strlen(command_rows[i].name) == n)
            return &command_rows[i];
        if (found)
            return NULL; /* two begin so */
        found = &command_rows[i];
    }
    return n >= 3 ? found : NULL;
}

static enum command_id asked;

static void argument_told(struct app *app, const char *answer)
{
    char text[4200];
    if (!answer || !*answer)
        return;
    snprintf(text, sizeof text, "%s %s", command_rows[asked].name, answer);
    command_run(app, text);
}

static bool number(struct app *app, const char *arg, long least, long most, long *out)
{
    char *end;
    *out = strtol(arg, &end, 10);
    if (end == arg || *end || *out < least || *out > most) {
        ui_notice(&app->ui, true, "\"%.40s\" is no number from %ld to %ld", arg, least, most);
        return false;
    }
    return true;
}

static bool word_among(const char *arg, const char *const *words, int n, int *out)
{
    for (*out = 0; *out < n; ++*out)
        if (strcmp(words[*out], arg) == 0)
            return true;
    return false;
}

static void set(struct app *app, const char *arg)
{
    static const char *const levels[] = {"none", "newest", "all", "raw"};
    long n;
    int k;
    if (strncmp(arg, "timeout ", 8) == 0) {
        if (!number(app, arg + 8, 0, 86400, &n))
            return;
        app->ui.options.timeout_ms = (int)(n * 1000);
        ui_notice(&app->ui, false,
                  n ? "timeout: %ld s, from the next connection on"
                    : "timeout: the usual ones again, from the next connection on",
                  n);
    } else if (strncmp(arg, "annotate ", 9) == 0 && word_among(arg + 9, levels, 4, &k)) {
        app->ui.annotate = (enum annotate)k;
    } else
        ui_notice(&app->ui, true,
                  "set: say \"timeout SECONDS\" or \"annotate none|newest|all|raw\"");
}

static void filter(struct app *app, struct tab *t, const char *arg)
{
    static const char *const words[] = {"all", "problems", "talk", "client"};
    int k;
    if (!*arg)
        action_run(app, ACT_FILTER);
    else if (word_among(arg, words, 4, &k))
        talk_filter(t->talk, (enum filter)k);
    else
        ui_notice(&app->ui, true, "filter: say all, problems, talk or client");
}

static void theme(struct app *app, const char *arg)
{
    char why[400];
    const char *name = *arg ? arg : theme_next();
    if (!theme_load(name, why, sizeof why))
        ui_notice(&app->ui, true, "%s", why);
    else
        ui_notice(&app->ui, false, "theme: %s", theme_name());
    term_repaint();
}

static void caps(struct app *app, struct tab *t)
{
    const struct proto *p = session_proto(t->session);
    struct complete_context c;
    char line[320];
    line_context(app, &c);
    const struct verb *v = proto_verb(p, p->caps_verb, strlen(p->caps_verb));
    snprintf(line, sizeof line, "%s%s", v ? v->insert : p->caps_verb,
             v && strchr(v->insert, ' ') ? c.host : "");
    line_send(app, line);
}

static void login(struct app *app, enum command_id id, const char *arg)
{
    if (id == CMD_APOP) {
        auth_apop(app, arg);
        return;
    }
    auth_ask(app, arg);
}

static void drop_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    if (answer && t && t->session)
        session_drop(t->session);
}

static void close_told(struct app *app, const char *answer)
{
    if (answer)
        tabs_close(app, app->ui.current);
}

static void layout(struct app *app)
{
    static const char *const words[] = {"too small", "tiny", "small", "standard", "wide"};
    ui_notice(&app->ui, false,
              "%d x %d: the %s layout (wide from 100x30, standard from 78x20, small from 60x15, "
              "tiny from 40x8)",
              app->ui.cols, app->ui.rows, words[app->ui.layout.kind]);
}

static void run(struct app *app, enum command_id id, const char *arg)
{
    struct ui *ui = &app->ui;
    struct tab *t = ui_tab(ui);
    long n;
    switch (id) {
    case CMD_CONNECT:
        tabs_connect(app, arg);
        return;
    case CMD_PRACTICE:
        tabs_practice(app, *arg ? arg : "smtp");
        return;
    case CMD_POP3:
        tabs_practice(app, "pop3");
        return;
    case CMD_OPEN:
        tabs_open(app, arg);
        return;
    case CMD_EXPLAIN:
        explain_said(app, arg, strlen(arg));
        return;
    case CMD_TAB:
        if (number(app, arg, 1, TABS_MAX, &n))
            tabs_show(app, (int)n - 1);
        return;
    case CMD_LAYOUT:
        layout(app);
        return;
    case CMD_THEME:
        theme(app, arg);
        return;
    case CMD_PRESENT:
        present_command(app, arg);
        return;
    case CMD_PACE:
        pace_command(app, arg);
        return;
    case CMD_SET:
        set(app, arg);
        return;
    case CMD_START:
        if (ui->current >= 0) {
            /* Keeps what is typed in the tab. */
            app->start_choice = 0;
            tabs_leave(app);
        }
        return;
    case CMD_ACCOUNTS:
        tabs_accounts(app);
        return;
    case CMD_MAIL:
        mail_open(app, arg);
        return;
    case CMD_LESSON:
    case CMD_HINT:
    case CMD_SKIP:
    case CMD_RESTART:
        lesson_command(app, id, arg);
        return;
    case CMD_FAULT:
        tabs_fault(app, arg);
        return;
    case CMD_WORLD:
        tabs_world_is(app, arg);
        return;
    case CMD_QUIT:
        app_quit(app, true);
        return;
    default:
        break;
    }
    if (!t) {
        ui_notice(ui, true, ":%s needs a session in view", command_rows[id].name);
        return;
    }
    if (id == CMD_W) {
        save_to(app, arg);
        return;
    }
    if (id == CMD_FILTER) {
        filter(app, t, arg);
        return;
    }
    if (id == CMD_CLOSE) {
        if (t->session && session_is_open(t->session))
            prompt_ask(app, PROMPT_YESNO, "close", NULL, close_told,
                       "%s is still connected. Close the tab and drop the connection?", t->name);
        else
            tabs_close(app, ui->current);
        return;
    }
    if (!t->session) {
        ui_notice(ui, true, ":%s needs a session, and this tab is a saved talk",
                  command_rows[id].name);
        return;
    }
    switch (id) {
    case CMD_RECONNECT:
        tabs_reconnect(app);
        break;
    case CMD_DROP:
        if (session_is_open(t->session))
            prompt_ask(app, PROMPT_YESNO, "drop", NULL, drop_told,
                       "Close the connection with %s at once, without QUIT?", t->name);
        else
            ui_notice(ui, false, "not connected");
        break;
    case CMD_TLS:
        action_run(app, ACT_TLS);
        break;
    case CMD_TLS_VERSIONS:
        tls_versions(app, t);
        break;
    case CMD_SAVE_CHAIN:
        chain_save(app, arg);
        break;
    case CMD_CAPS:
        caps(app, t);
        break;
    case CMD_SIGN:
        letter_sign(app, t, arg);
        break;
    case CMD_AUTH:
    case CMD_APOP:
        login(app, id, arg);
        break;
    case CMD_DNS:
        dnsask(app, t, arg);
        break;
    case CMD_QUEUE:
        line_queue(app, arg);
        break;
    default:
        break;
    }
}

bool command_run(struct app *app, const char *text)
{
    text += strspn(text, ": ");
    size_t n = strcspn(text, " ");
    const struct command_row *row = n ? row_of(text, n) : NULL;
    char arg[4096];
    app->ui.dirty = true;
    if (!row) {
        /* An action by its full palette name: ":zoom the pane". */
        for (size_t i = 0; i < key_rows_n; i++)
            if (key_rows[i].palette[0] && strcmp(key_rows[i].palette, text) == 0) {
                action_run(app, key_rows[i].action);
                return true;
            }
        ui_notice(&app->ui, true, "no command :%.40s; : lists them all", text);
        return false;
    }
    const char *rest = text + n + strspn(text + n, " ");
    snprintf(arg, sizeof arg, "%s", rest);
    for (size_t m = strlen(arg); m > 0 && arg[m - 1] == ' ';)
        arg[--m] = '\0';
    if (!arg[0] && row->args[0] && row->args[0] != '[') {
        asked = row->id;
        prompt_ask(app, PROMPT_TEXT, row->name, NULL, argument_told, "%s?", row->ask);
        app->prompt.lines = row->id == CMD_EXPLAIN;
        return true;
    }
    if (arg[0] && !row->args[0]) {
        ui_notice(&app->ui, true, ":%s takes no argument", row->name);
        return false;
    }
    run(app, row->id, arg);
    return true;
}
