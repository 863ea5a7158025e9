/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each row of keys.def does. A key is named as the rows name it ("C-r", "PgUp", "j") and
 * looked up there. */
#include "tui/app.h"
#include "tui/editor.h"
#include "tui/panes.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void key_name(const struct key *k, char *out, size_t size)
{
    static const char *const named[TKEYS] = {
        [TKEY_UP] = "Up",       [TKEY_DOWN] = "Down",    [TKEY_LEFT] = "Left",
        [TKEY_RIGHT] = "Right", [TKEY_HOME] = "Home",    [TKEY_END] = "End",
        [TKEY_PGUP] = "PgUp",   [TKEY_PGDN] = "PgDn",    [TKEY_INS] = "Ins",
        [TKEY_DEL] = "Del",     [TKEY_BACKSPACE] = "BS", [TKEY_STAB] = "S-Tab",
        [TKEY_ENTER] = "Enter", [TKEY_ESC] = "Esc",      [TKEY_TAB] = "Tab",
    };
    const char *alt = k->alt ? "M-" : "";
    out[0] = '\0';
    if (k->kind == KEY_NAMED_ && k->code > 0 && k->code < TKEYS && named[k->code])
        snprintf(out, size, "%s%s", alt, named[k->code]);
    else if (k->kind != KEY_CHAR_)
        return;
    else if (k->ch == ' ')
        snprintf(out, size, "%sSpace", alt);
    else if (k->ch > 0 && k->ch < ' ')
        snprintf(out, size, "%sC-%c", alt, k->ch <= 26 ? (char)(k->ch + 96) : (char)(k->ch + 64));
    else if (k->ch > ' ' && k->ch < 127)
        snprintf(out, size, "%s%c", alt, (char)k->ch);
}

enum action action_of(const struct key *k, unsigned context)
{
    char name[24];
    key_name(k, name, sizeof name);
    if (!name[0])
        return ACT_NONE;
    for (size_t i = 0; i < key_rows_n; i++)
        if ((key_rows[i].contexts & context) &&
            (strcmp(key_rows[i].key, name) == 0 || strcmp(key_rows[i].key2, name) == 0))
            return key_rows[i].action;
    return ACT_NONE;
}

/* -- the panes
 * -------------------------------------------------------------------------------------- */

static void focus(struct app *app, enum focus f)
{
    struct ui *ui = &app->ui;
    struct tab *t = ui_tab(ui);
    if (!t)
        return;
    ui->focus = f;
    if (f != FOCUS_EDITOR)
        ui->small_pane = f; /* the small layouts show one pane at a time */
    else if (ui->layout.kind <= LAYOUT_SMALL)
        ui->small_pane = FOCUS_TALK;
    if (f == FOCUS_EDITOR)
        ui->zoom = false;
}

static void next_pane(struct app *app, int by)
{
    static const enum focus order[] = {FOCUS_EDITOR, FOCUS_TALK, FOCUS_WHY, FOCUS_CAPS,
                                       FOCUS_LESSON};
    int n = app->ui.lesson ? 5 : 4, at = 0; /* from the TLS pane: as from the command line */
    for (int i = 0; i < n; i++)
        if (order[i] == app->ui.focus)
            at = i;
    focus(app, order[(at + by + n) % n]);
}

static void moved(struct app *app)
{
    app->ui.tabs[app->ui.current]->why_scroll = 0;
}

static void vertical(struct app *app, struct tab *t, int by)
{
    if (app->ui.focus == FOCUS_WHY)
        t->why_scroll = t->why_scroll + by < 0 ? 0 : t->why_scroll + by;
    else if (app->ui.focus == FOCUS_CAPS)
        t->caps_scroll = t->caps_scroll + by < 0 ? 0 : t->caps_scroll + by;
    else if (app->ui.focus == FOCUS_TLS)
        t->tls_scroll = t->tls_scroll + by < 0 ? 0 : t->tls_scroll + by;
    else if (app->ui.focus == FOCUS_LESSON)
        app->ui.lesson_scroll += by;
    else if (app->ui.focus == FOCUS_MAIL)
        mail_move(t, by);
    else {
        talk_move(t->talk, by);
        moved(app);
    }
}

/* To the top or the end of the pane in view; drawing knows where the end is. */
static void to_end(struct app *app, struct tab *t, bool top)
{
    if (app->ui.focus == FOCUS_WHY)
        t->why_scroll = top ? 0 : INT_MAX / 2;
    else if (app->ui.focus == FOCUS_CAPS)
        t->caps_scroll = top ? 0 : INT_MAX / 2;
    else if (app->ui.focus == FOCUS_TLS)
        t->tls_scroll = top ? 0 : INT_MAX / 2;
    else if (app->ui.focus == FOCUS_LESSON)
        app->ui.lesson_scroll = top ? 0 : INT_MAX / 2;
    else if (app->ui.focus == FOCUS_MAIL)
        mail_to_end(t, top);
    else {
        if (top)
            talk_top(t->talk);
        else
            talk_tail(t->talk);
        moved(app);
    }
}

static void problem(struct app *app, struct tab *t, bool back)
{
    if (!talk_problem(t->talk, back))
        ui_notice(&app->ui, false,
                  back ? "no problem before this one" : "no problem after this one");
    moved(app);
}

static void search_again(struct app *app, struct tab *t, const char *pattern, bool back)
{
    char why[256] = "";
    bool found = talk_search(t->talk, pattern, back, why, sizeof why);
    if (why[0])
        ui_notice(&app->ui, !found, "%s", why);
    moved(app);
}

static void search_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    if (!t || !answer || !*answer)
        return;
    search_again(app, t, answer, false);
    focus(app, FOCUS_TALK);
}

static void filter_next(struct app *app, struct tab *t)
{
    static const char *const words[] = {"all entries", "problems only", "the talk, without events",
                                        "only what you said"};
    enum filter f = (talk_filtered(t->talk) + 1) % 4;
    talk_filter(t->talk, f);
    ui_notice(&app->ui, false, "filter: %s", words[f]);
}

static void annotate_next(struct app *app)
{
    static const char *const words[] = {"none (exam mode)", "newest and problems", "all",
                                        "all, and the raw bytes"};
    if (app->ui.present) { /* one thing: is it said what the replies mean? */
        app->ui.annotate = app->ui.annotate == ANNOTATE_NONE ? ANNOTATE_NEWEST : ANNOTATE_NONE;
        return;
    }
    app->ui.annotate = (app->ui.annotate + 1) % 4;
    ui_notice(&app->ui, false, "annotations: %s", words[app->ui.annotate]);
}

static void copy(struct app *app, struct tab *t)
{
    struct buf b;
    buf_init(&b, 16u << 20);
    talk_copy(t->talk, &b);
    if (b.len)
        clipboard_copy(app, b.p, b.len);
    else
        ui_notice(&app->ui, false, "nothing is selected");
    buf_clear(&b);
}

/* In the list the numbers are those of the panes, as elsewhere. */
static void mail_numbered(struct app *app, struct tab *t, int i)
{
    static const enum focus panes[] = {FOCUS_TALK, FOCUS_CAPS, FOCUS_WHY, FOCUS_TLS};
    if (mail_view(t, i))
        focus(app, FOCUS_MAIL);
    else if (app->ui.focus == FOCUS_MAIL)
        focus(app, panes[i]);
    else
        ui_notice(&app->ui, true, "no letter is read: m goes to the mailbox, Enter opens one");
}

static void in_tab(struct app *app, struct tab *t, enum action a)
{
    struct ui *ui = &app->ui;
    switch (a) {
    case ACT_SEND_LETTER:
        if (t->letter)
            letter_send(app, t);
        else
            ui_notice(ui, true,
                      "no letter is being written: DATA opens one once a recipient is accepted");
        break;
    case ACT_LETTER_FILL:
        if (t->letter)
            letter_fill(app, t);
        break;
    case ACT_TO_TALK:
        focus(app, FOCUS_TALK);
        break;
    case ACT_TO_EDITOR:
        if (ui->focus != FOCUS_MAIL || !mail_back(t))
            focus(app, FOCUS_EDITOR);
        break;
    case ACT_MAIL_READ:
        mail_enter(app, t);
        break;
    case ACT_MAIL_VIEW1:
    case ACT_MAIL_VIEW2:
    case ACT_MAIL_VIEW3:
    case ACT_MAIL_VIEW4:
        mail_numbered(app, t, (int)a - ACT_MAIL_VIEW1);
        break;
    case ACT_MAIL_SAVE:
        mail_save(app, t);
        break;
    case ACT_WHATIF:
        mail_whatif(app, t);
        break;
    case ACT_MAIL_DELETE:
        mail_delete(app, t);
        break;
    case ACT_OPEN_WHY:
        focus(app, FOCUS_WHY);
        break;
    case ACT_CAPS:
        focus(app, FOCUS_CAPS);
        break;
    case ACT_TLS:
        focus(app, FOCUS_TLS);
        break;
    case ACT_SAVE_CHAIN:
        chain_ask(app);
        break;
    case ACT_TLS_VERSIONS:
        tls_versions(app, t);
        break;
    case ACT_LESSON_ON:
        lesson_go_on(app);
        break;
    case ACT_DOWN:
    case ACT_UP:
        vertical(app, t, a == ACT_DOWN ? 1 : -1);
        break;
    case ACT_TOP:
    case ACT_TAIL:
        to_end(app, t, a == ACT_TOP);
        break;
    case ACT_PAGE_UP:
    case ACT_PAGE_DOWN:
        if (app->ui.focus == FOCUS_TLS || app->ui.focus == FOCUS_MAIL)
            vertical(app, t,
                     (a == ACT_PAGE_UP ? -1 : 1) *
                         (app->ui.focus == FOCUS_TLS ? ui->layout.tls.h - 2 : mail_page(ui, t)));
        else
            talk_scroll(t->talk, a == ACT_PAGE_UP ? -1 : 1);
        break;
    case ACT_NEXT_PANE:
    case ACT_PREV_PANE:
        if (ui->focus != FOCUS_MAIL || !mail_next_view(t, a == ACT_NEXT_PANE ? 1 : -1))
            next_pane(app, a == ACT_NEXT_PANE ? 1 : -1);
        break;
    case ACT_NEXT_PROBLEM:
    case ACT_PREV_PROBLEM:
        problem(app, t, a == ACT_PREV_PROBLEM);
        break;
    case ACT_SEARCH:
        prompt_ask(app, PROMPT_TEXT, "search", NULL, search_told,
                   "A word or a pattern (regular expression); capitals count only if you type one. "
                   "n and N go on.");
        break;
    case ACT_SEARCH_NEXT:
    case ACT_SEARCH_PREV:
        search_again(app, t, NULL, a == ACT_SEARCH_PREV);
        break;
    case ACT_FOLD:
        talk_fold(t->talk);
        break;
    case ACT_FILTER:
        filter_next(app, t);
        break;
    case ACT_ZOOM:
        ui->zoom = !ui->zoom;
        break;
    case ACT_COPY:
        copy(app, t);
        break;
    case ACT_SAVE:
        save_ask(app);
        break;
    case ACT_VIEW:
        external_view(app);
        break;
    case ACT_EXTERNAL:
        external_line(app);
        break;
    case ACT_CANCEL:
        if (t->letter && ui->focus == FOCUS_EDITOR)
            letter_cancel(app, t);
        else
            line_cancel(app);
        break;
    case ACT_HISTORY:
        focus(app, FOCUS_EDITOR);
        if (!t->letter)
            editor_feed("\022", 1);
        break;
    case ACT_COMPLETE:
    case ACT_COMPLETE_BACK:
        line_tab(app, a == ACT_COMPLETE_BACK);
        break;
    default:
        break;
    }
}

/* -- the start screen
 * ------------------------------------------------------------------------------- */

static void target_told(struct app *app, const char *answer)
{
    if (answer && *answer)
        tabs_connect(app, answer);
}

static void file_told(struct app *app, const char *answer)
{
    if (answer && *answer)
        tabs_open(app, answer);
}

static void start(struct app *app, int choice)
{
    app->start_choice = choice;
    if (choice == 0)
        tabs_practice(app, "smtp");
    else if (choice == 1)
        prompt_ask(app, PROMPT_TEXT, "connect", NULL, target_told,
                   "To which server? smtp://host, submission://host, pop3s://host, host:port, "
                   "unix:/path ...");
    else
        prompt_ask(app, PROMPT_TEXT, "open", NULL, file_told,
                   "Which file? What 'w' saved, text with C: and S: marks, or any other text.");
}

/* -- all of them
 * ------------------------------------------------------------------------------------ */

void action_run(struct app *app, enum action a)
{
    struct ui *ui = &app->ui;
    struct tab *t = ui_tab(ui);
    ui->dirty = true;
    switch (a) {
    case ACT_START_PRACTICE:
    case ACT_START_CONNECT:
    case ACT_START_OPEN:
        start(app, (int)a - ACT_START_PRACTICE);
        break;
    case ACT_START_DOWN:
    case ACT_START_UP:
        app->start_choice = (app->start_choice + (a == ACT_START_DOWN ? 1 : 2)) % 3;
        break;
    case ACT_START_GO:
        start(app, app->start_choice);
        break;
    case ACT_START_BACK:
        if (ui->ntabs > 0)
            tabs_show(app, ui->ntabs - 1);
        break;
    case ACT_LESSON:
        if (t && ui->lesson)
            focus(app, FOCUS_LESSON);
        else
            lesson_ask(app);
        break;
    case ACT_MAIL:
        mail_open(app, "");
        break;
    case ACT_HELP:
        help_open(app);
        break;
    case ACT_PALETTE:
        palette_open(app, "");
        break;
    case ACT_THEME:
        command_run(app, "theme");
        break;
    case ACT_ANNOTATE:
        annotate_next(app);
        break;
    case ACT_TAB_NEXT:
    case ACT_TAB_PREV:
        if (ui->ntabs > 0)
            tabs_show(app, (ui->current + (a == ACT_TAB_NEXT ? 1 : ui->ntabs - 1)) % ui->ntabs);
        break;
    case ACT_REPAINT:
        term_repaint();
        break;
    case ACT_SUSPEND:
        term_stop();
        break;
    case ACT_QUIT:
        app_quit(app, true);
        break;
    default:
        if (t)
            in_tab(app, t, a);
        else if (a != ACT_NONE && a != ACT_CANCEL)
            ui_notice(ui, false, "no session is open: 1, 2 or 3");
    }
}
