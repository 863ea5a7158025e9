/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workbench on the loop: keys come in through a descriptor of priority and are drained before
 * anything is drawn; sessions only mark the screen dirty, so that a flood from a server is drawn at
 * most sixty times a second and never delays a key. */
#include "tui/app.h"
#include "tui/editor.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "mode/config.h"
#include "mode/mode.h"
#include "heloscope/loop.h"
#include "heloscope/lesson.h"
#include "heloscope/practice.h"
#include "tui/lazy/curses.gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A frame each 16 ms, but a few may follow each other at once: what a server says first must not
 * wait, what it floods must. */
#define FRAME_US 16000
#define BURST 4

static uint64_t drawn_us, refilled_us;
static int burst = BURST;
static struct watch *frame_timer;
static bool keyed; /* a key was served since the last frame: draw at once */

void ui_notice(struct ui *ui, bool bad, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ui->notice, sizeof ui->notice, fmt, ap);
    va_end(ap);
    /* "~/..." leaves room for what is said of the file. */
    const char *home = getenv("HOME");
    size_t n = home ? strlen(home) : 0;
    for (char *p = ui->notice; n > 1 && (p = strstr(p, home)); p++)
        if (p[n] == '/' && (p == ui->notice || p[-1] == ' ')) {
            *p = '~';
            memmove(p + 1, p + n, strlen(p + n) + 1);
        }
    ui->notice_bad = bad;
    ui->dirty = true;
}

bool app_live(struct app *app)
{
    for (int i = 0; i < app->ui.ntabs; i++)
        if (app->ui.tabs[i]->session && session_is_open(app->ui.tabs[i]->session))
            return true;
    return false;
}

static void quit_told(struct app *app, const char *answer)
{
    if (answer) {
        app->ui.quit = true;
        loop_stop(app->ui.loop);
    }
}

void app_quit(struct app *app, bool ask)
{
    if (ask && app_live(app))
        prompt_ask(app, PROMPT_YESNO, "quit?", NULL, quit_told,
                   "A session is still connected; leaving drops it without QUIT, and an unfinished "
                   "letter is not delivered.\n\nLeave heloscope?");
    else
        quit_told(app, "yes");
}

/* -- drawing
 * ---------------------------------------------------------------------------------------- */

static void draw_tab(struct app *app, struct tab *t)
{
    struct ui *ui = &app->ui;
    layout_compute(ui, t->letter ? letter_rows(t) : 1, true);
    header_draw(ui);
    if (ui->layout.tabs.h)
        tabbar_draw(ui);
    keybar_draw(ui);
    if (ui->layout.why.h)
        why_draw(ui);
    if (ui->layout.caps.h)
        caps_draw(ui);
    if (ui->layout.tls.h)
        tls_draw(ui);
    if (ui->layout.lesson.h)
        lesson_draw(ui);
    if (ui->layout.mail.h)
        mail_draw(ui);
    if (ui->layout.talk.h)
        talk_draw(ui, t->talk, ui->layout.talk);
    if (ui->notice[0] && !ui->layout.hint.h && ui->layout.keybar.h) {
        text_fill(ui->layout.keybar, ROLE_TEXT);
        text_puts(ui->layout.keybar.y, 0, ui->cols, ui->notice_bad ? ROLE_WARNING : ROLE_NOTE,
                  ui->notice);
    }
    if (t->letter)
        letter_draw(app, t);
    else
        line_draw(app);
    notice_draw(ui);
    int y, x; /* the hardware cursor belongs to what has the focus */
    if (panes_cursor(ui, &y, &x))
        move(y, x);
}

static void draw(struct app *app)
{
    struct ui *ui = &app->ui;
    struct tab *t = ui_tab(ui);
    ui->dirty = keyed = false;
    ui->rows = LINES;
    ui->cols = COLS;
    erase();
    if (layout_kind(ui->rows, ui->cols) == LAYOUT_TOO_SMALL) {
        ui->layout.kind = LAYOUT_TOO_SMALL;
        char small[64];
        int n = snprintf(small, sizeof small, "%dx%d is too small; q quits (40x8 needed)", ui->cols,
                         ui->rows);
        text_puts(0, 0, ui->cols, ROLE_WARNING, n <= ui->cols ? small : "needs 40x8; q quits");
        move(0, 0);
        term_flush();
        drawn_us = now_us();
        return;
    }
    if (t)
        draw_tab(app, t);
    else {
        ui->layout.kind = layout_kind(ui->rows, ui->cols);
        start_draw(app);
    }
    if (app->help.on)
        help_draw(app);
    if (app->palette.on)
        palette_draw(app);
    if (app->prompt.on)
        prompt_draw(app);
    term_flush();
    drawn_us = now_us();
}

static void frame_due(void *arg)
{
    struct app *app = arg;
    frame_timer = NULL;
    if (app->ui.dirty)
        draw(app);
}

static void tick(void *arg)
{
    struct app *app = arg;
    app->wait_timer = NULL;
    app->ui.dirty = true;
}

static void after(void *arg)
{
    struct app *app = arg;
    struct tab *t = ui_tab(&app->ui);
    if (app->ui.quit)
        return;
    tabs_questions(app);
    pace_turn(app);
    /* While something is waited for, the seconds are counted on the screen. */
    if (!app->wait_timer && t && t->session && session_waiting_us(t->session) > 0)
        app->wait_timer = loop_timer(app->ui.loop, 1000, tick, app);
    if (!app->ui.dirty)
        return;
    uint64_t now = now_us(), since = now - drawn_us;
    if (now - refilled_us >= FRAME_US) {
        uint64_t more = (now - refilled_us) / FRAME_US;
        burst = more >= BURST ? BURST : burst + (int)more > BURST ? BURST : burst + (int)more;
        refilled_us = now;
    }
    if (keyed || since >= FRAME_US || burst > 0) {
        if (!keyed)
            burst--;
        draw(app);
    } else if (!frame_timer)
        frame_timer =
            loop_timer(app->ui.loop, (int64_t)(FRAME_US - since) / 1000 + 1, frame_due, app);
}

/* -- keys
 * ------------------------------------------------------------------------------------------- */

unsigned app_context(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    size_t n;
    if (!t)
        return CTX_START;
    switch (app->ui.focus) {
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
    case FOCUS_EDITOR:
        break;
    }
    if (t->letter)
        return CTX_LETTER;
    editor_text(&n);
    /* A base64 answer may begin with '/', and a chunk's line with anything: there letters are
     * letters. */
    bool answering = false;
    if (t->session) {
        const struct verb *answer = proto_pseudo(session_proto(t->session), VERB_ANSWER);
        answering = (answer && proto_legal(answer, session_now(t->session))) ||
                    session_literal_left(t->session) > 0;
    }
    return n == 0 && !answering ? CTX_EDITOR | CTX_EMPTY : CTX_EDITOR;
}

static bool is_char(const struct key *k, uint32_t ch)
{
    return k->kind == KEY_CHAR_ && !k->alt && k->ch == ch;
}

static void key(struct app *app, const struct key *k);

/* Escape and a key that came in one read: somebody types fast. */
static void escape_then(struct app *app, const struct key *k)
{
    struct key esc = {.kind = KEY_NAMED_, .code = TKEY_ESC}, then = *k;
    then.alt = false;
    key(app, &esc);
    term_key_without_alt();
    key(app, &then);
}

static void editor_key(struct app *app, struct tab *t, const struct key *k, enum action a)
{
    if (t->letter) {
        if (app->cx_pending) {
            app->cx_pending = false;
            if (is_char(k, 5))
                external_line(app);
            return;
        }
        if (is_char(k, 24)) {
            app->cx_pending = true;
            return;
        }
        if (a == ACT_NONE || a == ACT_LETTER_LINE)
            letter_key(app, t, k);
        else
            action_run(app, a);
        return;
    }
    if (editor_busy() && a != ACT_CANCEL && a != ACT_SUSPEND) {
        line_key(app, k);
        return;
    }
    size_t len;
    const char *bytes = term_key_bytes(&len);
    if (k->alt && a == ACT_NONE && !editor_means(bytes, len)) {
        escape_then(app, k);
        return;
    }
    if (a == ACT_TO_TALK && editor_wants_escape()) {
        line_key(app, k);
        return;
    }
    if (a == ACT_COMPLETE_BACK && !app->cycling)
        a = ACT_PREV_PANE;
    size_t n = 1;
    if (a == ACT_SEND && app->ui.lesson && lesson_awaits(app->ui.lesson))
        editor_text(&n);
    if (n == 0) /* there is nothing to send, and the lesson waits */
        lesson_go_on(app);
    else if (a == ACT_NONE || a == ACT_SEND || a == ACT_HISTORY)
        line_key(app, k);
    else
        action_run(app, a);
}

static void key(struct app *app, const struct key *k)
{
    struct ui *ui = &app->ui;
    struct tab *t = ui_tab(ui);
    if (ui->layout.kind == LAYOUT_TOO_SMALL && app->started) {
        if (is_char(k, 'q'))
            app_quit(app, false);
        return;
    }
    ui->dirty = true;
    ui->notice[0] = '\0';
    if (app->prompt.on) {
        prompt_key(app, k);
        return;
    }
    if (app->palette.on) {
        palette_key(app, k);
        return;
    }
    if (app->help.on) {
        help_key(app, k);
        return;
    }
    if (k->alt && k->kind == KEY_CHAR_ && k->ch >= '1' && k->ch <= '9') {
        tabs_show(app, (int)(k->ch - '1'));
        return;
    }
    enum action a = action_of(k, app_context(app));
    if (t && ui->focus == FOCUS_EDITOR)
        editor_key(app, t, k, a);
    else if (a != ACT_NONE)
        action_run(app, a);
    else if (k->alt)
        escape_then(app, k);
}

static void paste(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    struct buf *b = term_paste();
    if (app->ui.layout.kind == LAYOUT_TOO_SMALL)
        return;
    app->ui.dirty = true;
    app->ui.notice[0] = '\0';
    if (term_paste_cut())
        ui_notice(&app->ui, true, "the paste was longer than %u MiB: its end is missing",
                  TERM_PASTE_MAX >> 20);
    if (b->len == 0)
        return;
    if (app->prompt.on)
        prompt_paste(app, b->p, b->len);
    else if (app->palette.on)
        palette_paste(app, b->p, b->len);
    else if (!t) {
        if (!explain_show(app, b->p, b->len, false))
            tabs_open_text(app, b->p, b->len);
    } else if (t->letter) {
        app->ui.focus = FOCUS_EDITOR;
        letter_insert(app, t, b->p, b->len);
    } else if (t->session) {
        app->ui.focus = FOCUS_EDITOR;
        line_paste(app, b->p, b->len);
    } else
        tabs_open_text(app, b->p, b->len);
}

static void on_keys(void *arg, int fd, short revents)
{
    struct app *app = arg;
    struct key k;
    (void)fd;
    (void)revents;
    while (!app->ui.quit && term_key(&k)) {
        keyed = true;
        if (k.kind == KEY_PASTE_)
            paste(app);
        else if (k.kind == KEY_EOF_)
            app_quit(app, false); /* the terminal is gone */
        else
            key(app, &k);
    }
}

static void on_signal(void *arg, int fd, short revents)
{
    struct app *app = arg;
    (void)fd;
    (void)revents;
    if (term_resized())
        app->ui.dirty = keyed = true;
}

/* -- life
 * ------------------------------------------------------------------------------------------- */

static struct app_talk *talks;
static size_t talks_n;
static struct loop *talks_loop;

void app_talks(struct loop *loop, struct app_talk *t, size_t n)
{
    talks_loop = loop;
    talks = t;
    talks_n = n;
}

static void begin(struct app *app, const struct args *a)
{
    if (a->mode == MODE_PRACTICE && a->lesson) {
        lesson_start(app, a->lesson);
    } else if (a->mode == MODE_PRACTICE) {
        /* A complaint about the settings is the greater news. */
        if (tabs_practice(app, "smtp") && !app->ui.notice[0])
            ui_notice(&app->ui, false,
                      a->present ? "Presenting: a (M-a while typing) shows what a reply means"
                                 : "Nothing leaves this program. Tab writes EHLO, Enter sends");
    } else if (a->mode == MODE_OPEN)
        tabs_open(app, a->operands[0]);
    else if (talks_n > 0) {
        for (size_t i = 0; i < talks_n; i++)
            if (!talks[i].session)
                tabs_open_named(app, talks[i].name, talks[i].text, talks[i].n);
            else if (tabs_take(app, &talks[i]))
                talks[i].session = NULL;
        tabs_show(app, 0);
    } else if (a->noperands > 0)
        tabs_connect(app, a->operands[0]);
}

static void settings(struct app *app, const struct args *a, const struct config *c)
{
    struct ui *ui = &app->ui;
    char why[400];
    const char *env = getenv("HELOSCOPE_THEME");
    const char *theme = a->theme ? a->theme : env && *env ? env : c->theme;
    ui->options.conn.insecure = a->insecure;
    mode_trust(a, false, &ui->options.conn.trust, why, sizeof why); /* looked at by the mode */
    mode_route(a, &app->way, &ui->options.conn, why, sizeof why);
    mode_policy(a, &app->policy, &ui->options.mta_sts, why, sizeof why);
    ui->options.mx_ask = true;
    ui->options.dane = true;
    ui->options.mx_reserved = a->allow_reserved;
    mode_login(a, &app->login, why, sizeof why);
    ui->options.timeout_ms = (int)(a->timeout ? a->timeout : c->timeout) * 1000;
    ui->annotate = (enum annotate)c->annotate;
    if (!theme_load(theme ? theme : "terminal", why, sizeof why))
        ui_notice(ui, true, "%s", why);
    if (a->present)
        present_set(app, true, !a->theme);
    if (a->pace) /* looked at by the mode */
        pace_parse(a->pace, &ui->pace_ms, why, sizeof why);
    if (!ui->notice[0] && c->broken[0])
        ui_notice(ui, true, "%s", c->broken);
}

int app_run(const struct args *a)
{
    struct config config;
    char why[400];
    struct loop *loop = talks_loop ? talks_loop : loop_new();
    if (!loop) {
        fprintf(stderr, "heloscope: no pipe could be made: out of descriptors\n");
        return fault_status(FAULT_MEMORY);
    }
    if (!term_open(why, sizeof why)) {
        fprintf(stderr, "heloscope: %s\n", why);
        if (!talks_loop)
            loop_free(loop);
        return fault_status(FAULT_TERMINAL);
    }
    struct app *app = xcalloc(1, sizeof *app);
    struct ui *ui = &app->ui;
    app->args = a;
    ui->loop = loop;
    ui->current = -1;
    ui->small_pane = FOCUS_TALK;
    config_read(&config);
    settings(app, a, &config);
    line_open(app);
    ui->rows = LINES;
    ui->cols = COLS;
    loop_fd_first(loop_fd(ui->loop, STDIN_FILENO, POLLIN, on_keys, app));
    loop_fd_first(loop_fd(ui->loop, term_signal_fd(), POLLIN, on_signal, app));
    loop_after(ui->loop, after, app);
    begin(app, a);
    draw(app);
    app->started = true;
    loop_run(ui->loop);
    term_close();
    dnsask_stop();
    tabs_free(app);
    lesson_end(app);
    if (ui->world)
        world_free(ui->world);
    editor_close();
    enum fault fault = ui->fault;
    for (size_t i = 0; i < app->naddresses; i++)
        free(app->addresses[i]);
    free(app->cycle_original);
    free(app->connect_text);
    buf_clear(&app->prompt.answer);
    buf_clear(&app->palette.typed);
    buf_clear(&app->help.text);
    if (talks_loop)
        loop_after(loop, NULL, NULL);
    else
        loop_free(loop);
    config_clear(&config);
    route_clear(&app->way);
    free(app);
    return fault_status(fault);
}
