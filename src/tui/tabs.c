/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sessions and opened files as tabs: opening, showing, closing, and what a session reports. */
#include "tui/app.h"
#include "tui/editor.h"
#include "tui/panes.h"
#include "tui/queue.h"
#include "heloscope/logfile.h"
#include "heloscope/practice.h"
#include "mode/mode.h"
#include "heloscope/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct app *the_app; /* sessions report to their tab; the tab does not know the app */

struct tab *ui_tab(struct ui *ui)
{
    return ui->current >= 0 && ui->current < ui->ntabs ? ui->tabs[ui->current] : NULL;
}

/* -- what a session reports
 * ------------------------------------------------------------------------ */

static void letter_of_queue(struct app *app, struct tab *t)
{
    struct queue *q = t->queue;
    size_t n = q ? queue_letter(q) : 0;
    bool typed = t->typed_ahead;
    t->typed_ahead = t->held = false;
    if (typed && n == 0) { /* no dot yet: the typing goes on where it was */
        letter_insert(app, t, q->text.p, q->text.len);
        queue_clear(q);
    }
    if (n == 0 && ui_tab(&app->ui) == t) {
        size_t half;
        const char *line = editor_text(&half);
        if (half > 0 && line[0] != ':') {
            letter_insert(app, t, line, half);
            editor_cancel();
        }
    }
    if (n < 2)
        return;
    letter_insert(app, t, q->text.p, n - 1); /* without the last line end: Enter on the dot sends */
    buf_consume(&q->text, n);
    ui_notice(&app->ui, false, "the %s letter was put in; Enter on the dot sends it",
              typed ? "typed" : "pasted");
}

/* DATA was refused: what was typed for the letter waits like pasted lines, and says so. */
static void letter_refused(struct app *app, struct tab *t)
{
    if (t->typed_ahead) {
        size_t lines = queue_count(t->queue);
        ui_notice(&app->ui, true,
                  "no letter was asked for: %zu line%s typed for it wait%s; C-c leaves one out, "
                  ":queue clear",
                  lines, lines == 1 ? "" : "s", lines == 1 ? "s" : "");
    }
    t->typed_ahead = t->held = false;
    if (ui_tab(&app->ui) == t)
        line_next(app);
}

static bool in_letter(const struct session *s)
{
    const struct verb *end = proto_pseudo(session_proto(s), VERB_END);
    return end && (proto_legal(end, session_now(s)) || session_letter_awaited(s));
}

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    struct tab *t = arg;
    struct app *app = the_app;
    bool mine = ui_tab(&app->ui) == t;
    app->ui.dirty = true;
    if (t->talk)
        talk_update(&app->ui, t->talk);
    lesson_watch(app, t);
    mail_watch(app, t);
    if (!mine)
        t->unseen = true;
    switch (ev) {
    case SESSION_ASK_MX:
        t->ask_mx = true;
        break;
    case SESSION_UP:
        if (session_mx(s)) { /* the exchanger that the domain has become */
            free(t->name);
            t->name = xstrdup(session_target(s)->label);
        }
        break;
    case SESSION_ASK_TLS:
        t->ask_tls = true;
        break;
    case SESSION_LETTER:
        letter_open(app, t, false, false);
        if (mine && app->from_queue) {
            app->from_queue = false;
            editor_cancel();
        }
        letter_of_queue(app, t);
        break;
    case SESSION_OVER:
        t->ask_tls = t->ask_mx = false;
        if (t->letter && mine)
            ui_notice(
                &app->ui, true,
                "the connection is gone, the letter was not sent; C-x C-e keeps a copy of it");
        break;
    default:
        if (t->held && !in_letter(s))
            letter_refused(app, t);
        break;
    }
}

static void tls_answered(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    if (t && t->session)
        session_tls_answer(t->session, answer != NULL);
}

void tabs_questions(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    if (!t || app->prompt.on || app->palette.on || app->help.on)
        return;
    if (t->ask_mx)
        tabs_ask_mx(app, t);
    if (!t->ask_tls)
        return;
    t->ask_tls = false;
    const struct tls_facts *f = session_tls(t->session);
    prompt_ask(app, PROMPT_YESNO, "certificate not verified", NULL, tls_answered,
               "The certificate of %s could not be verified: %s.\n\n%s%s%s%s\n\n"
               "Go on without knowing who is at the other end? (The header will say UNVERIFIED. No "
               "drops the connection.)",
               t->name, f ? f->why : "no facts", f && f->subject[0] ? "It was issued to " : "",
               f ? f->subject : "", f && f->next[0] ? ". " : "", f ? f->next : "");
}

/* -- tabs
 * ------------------------------------------------------------------------------------------- */

struct tab *tabs_add(struct app *app, const char *name)
{
    struct ui *ui = &app->ui;
    the_app = app;
    if (ui->ntabs == TABS_MAX) {
        ui_notice(ui, true, "%d tabs are open, more are not possible: :close one first", TABS_MAX);
        return NULL;
    }
    struct tab *t = xcalloc(1, sizeof *t);
    t->name = xstrdup(name);
    ui->tabs[ui->ntabs++] = t;
    return t;
}

static void keep_draft(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    size_t n;
    const char *line = editor_text(&n);
    if (!t)
        return;
    if (t->draft)
        explicit_bzero(t->draft, strlen(t->draft));
    free(t->draft);
    /* A queued line is in the queue anyway. */
    t->draft = n > 0 && !app->from_queue ? xstrndup(line, n) : NULL;
    app->from_queue = false;
    editor_cancel();
}

void tabs_show(struct app *app, int i)
{
    struct ui *ui = &app->ui;
    if (i < 0 || i >= ui->ntabs) {
        ui_notice(ui, true, "there is no tab %d; %d %s open", i + 1, ui->ntabs,
                  ui->ntabs == 1 ? "is" : "are");
        return;
    }
    if (i != ui->current) {
        keep_draft(app);
        ui->current = i;
        struct tab *t = ui->tabs[i];
        t->unseen = false;
        if (t->draft) {
            editor_set(t->draft, strlen(t->draft));
            explicit_bzero(t->draft, strlen(t->draft));
            free(t->draft);
            t->draft = NULL;
        }
        ui->focus = t->session ? FOCUS_EDITOR : FOCUS_TALK;
        ui->small_pane = FOCUS_TALK;
        ui->zoom = false;
        line_next(app);
    }
    ui->dirty = true;
}

void tabs_leave(struct app *app)
{
    keep_draft(app);
    app->ui.current = -1;
    app->ui.dirty = true;
}

static void tab_free(struct tab *t)
{
    if (t->talk)
        talk_free(t->talk);
    letter_close(t);
    mail_close(t);
    if (t->queue)
        queue_clear(t->queue);
    free(t->queue);
    if (t->session)
        session_free(t->session);
    tls_scan_free(t->tls_scan);
    tls_memory_clear(&t->tls_memory);
    if (t->file)
        logfile_close(t->file);
    if (t->draft)
        explicit_bzero(t->draft, strlen(t->draft));
    free(t->draft);
    free(t->target);
    free(t->name);
    free(t);
}

void tabs_close(struct app *app, int i)
{
    struct ui *ui = &app->ui;
    if (i < 0 || i >= ui->ntabs)
        return;
    struct tab *t = ui->tabs[i];
    if (i == ui->current) {
        editor_cancel();
        app->from_queue = false;
    }
    memmove(ui->tabs + i, ui->tabs + i + 1, (size_t)(ui->ntabs - i - 1) * sizeof *ui->tabs);
    ui->ntabs--;
    int next = ui->current > i || ui->current == ui->ntabs ? ui->current - 1 : ui->current;
    ui->current = -1;
    tab_free(t);
    if (next >= 0)
        tabs_show(app, next);
    ui->dirty = true;
}

void tabs_free(struct app *app)
{
    while (app->ui.ntabs > 0)
        tab_free(app->ui.tabs[--app->ui.ntabs]);
    app->ui.current = -1;
}

const struct source *ui_whole(const struct tab *t)
{
    return t->session ? transcript_source(session_transcript(t->session)) : t->source;
}

static void look_at(struct app *app, struct tab *t)
{
    t->pace.ms = app->ui.pace_ms;
    pace_over(&t->pace, ui_whole(t));
    t->source = &t->pace.view;
    t->talk = talk_new(t->source);
}

static bool begin(struct app *app, struct tab *t)
{
    if (!t->session) {
        ui_notice(&app->ui, true, "no connection could be begun: out of descriptors or memory");
        for (int i = 0; i < app->ui.ntabs; i++)
            if (app->ui.tabs[i] == t)
                tabs_close(app, i);
        return false;
    }
    look_at(app, t);
    return true;
}

static void show_last(struct app *app)
{
    tabs_show(app, app->ui.ntabs - 1);
}

/* -- connecting
 * ------------------------------------------------------------------------------------- */

static bool connect_to(struct app *app, const struct target *target, const char *text)
{
    struct tab *t = tabs_add(app, target->label);
    if (!t)
        return false;
    t->target = xstrdup(text);
    t->target_proto = target->proto;
    t->session = session_open(app->ui.loop, target, &app->ui.options, on_session, t);
    if (!begin(app, t))
        return false;
    show_last(app);
    return true;
}

bool tabs_take(struct app *app, const struct app_talk *talk)
{
    struct tab *t = tabs_add(app, talk->name);
    if (!t)
        return false;
    t->session = talk->session;
    t->target = xstrdup(talk->name);
    t->target_proto = session_proto(t->session);
    t->way = talk->way;
    t->unasked = !app->args->insecure;
    begin(app, t);
    session_report_to(t->session, on_session, t);
    talk_update(&app->ui, t->talk);
    return true;
}

static void protocol_told(struct app *app, const char *answer)
{
    struct target target;
    char why[256];
    bool tls;
    unsigned short port;
    static const char *const numbered[] = {"smtp", "submission", "lmtp", "pop3"};
    if (answer && answer[0] >= '1' && answer[0] <= '4' && !answer[1])
        answer = numbered[answer[0] - '1'];
    const struct proto *p = answer ? proto_find(answer, strlen(answer), &tls, &port) : NULL;
    if (answer && !p)
        ui_notice(&app->ui, true, "no protocol \"%.40s\" is known: smtp, submission, lmtp or pop3",
                  answer);
    else if (p && target_parse(app->connect_text, &target, why, sizeof why)) {
        target_choose(&target, p);
        connect_to(app, &target, app->connect_text);
        target_clear(&target);
    }
}

bool tabs_connect(struct app *app, const char *text)
{
    struct target target;
    char why[400];
    if (!target_parse(text, &target, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return false;
    }
    bool ok = true;
    if (target.proto)
        ok = connect_to(app, &target, text);
    else {
        free(app->connect_text);
        app->connect_text = xstrdup(text);
        prompt_ask(app, PROMPT_TEXT, "which protocol?", NULL, protocol_told,
                   " 1  smtp        mail between servers, usually at port 25\n"
                   " 2  submission  mail from people, at port 587\n"
                   " 3  lmtp        delivery into mailboxes\n"
                   " 4  pop3        fetching mail, at port 110\n"
                   "No scheme and no well-known port says it of %.200s",
                   target.label);
        prompt_rows(app, 4, 0);
    }
    target_clear(&target);
    return ok;
}

/* -- practice
 * --------------------------------------------------------------------------------------- */

bool tabs_world(struct app *app)
{
    struct world_options o = {.faults = app->args->fault};
    char why[256];
    if (!app->ui.world)
        app->ui.world = world_new(app->ui.loop, &o, why, sizeof why);
    if (!app->ui.world)
        ui_notice(&app->ui, true, "the practice world could not be made: %s", why);
    return app->ui.world != NULL;
}

static struct session *practice_session(struct app *app, struct tab *t, const struct proto *p)
{
    struct target target = {0};
    struct session_options o = app->ui.options;
    int fd = world_connect(app->ui.world, p->name, *app->client ? app->client : PRACTICE_CLIENT);
    if (fd < 0)
        return NULL;
    target.proto = p;
    target.host = (char *)PRACTICE_HOST;
    target.ascii = (char *)PRACTICE_HOST;
    target.port = p->port;
    target.label = (char *)"practice world";
    o.practice = true;
    o.conn.insecure = false;
    o.conn.trust = (struct tls_trust){
        .practice = world_identity(app->ui.world),
        .ask = {.cert_file = o.conn.trust.ask.cert_file, .key_file = o.conn.trust.ask.key_file}};
    return session_adopt(app->ui.loop, fd, &target, &o, on_session, t);
}

bool tabs_practice(struct app *app, const char *name)
{
    bool tls;
    unsigned short port;
    const struct proto *p = proto_find(name, strlen(name), &tls, &port);
    if (!p) {
        ui_notice(&app->ui, true,
                  "the practice world does not speak \"%.40s\": smtp, submission, lmtp or pop3",
                  name);
        return false;
    }
    if (!tabs_world(app))
        return false;
    char label[64];
    snprintf(label, sizeof label, "practice %s", p->name);
    struct tab *t = tabs_add(app, label);
    if (!t)
        return false;
    t->target_proto = p;
    t->session = practice_session(app, t, p);
    if (!begin(app, t))
        return false;
    tabs_tell_accounts(app, t);
    talk_update(&app->ui, t->talk);
    show_last(app);
    return true;
}

void tabs_reconnect(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    struct target target;
    char why[256];
    if (!t || !t->session) {
        ui_notice(&app->ui, true, "this tab is no session");
        return;
    }
    if (session_is_open(t->session)) {
        ui_notice(&app->ui, true, "still connected: QUIT or :drop first");
        return;
    }
    struct session *old = t->session;
    if (!t->target)
        t->session = tabs_world(app) ? practice_session(app, t, t->target_proto) : NULL;
    else if (t->way) { /* the target became a host and an address long ago */
        struct session_options o = app->ui.options;
        o.conn.route = t->way;
        t->unasked = false;
        t->session = session_open(app->ui.loop, session_target(old), &o, on_session, t);
    } else if (target_parse(t->target, &target, why, sizeof why)) {
        if (!target.proto)
            target_choose(&target, t->target_proto);
        t->session = session_open(app->ui.loop, &target, &app->ui.options, on_session, t);
        target_clear(&target);
    } else
        t->session = NULL;
    if (!t->session) {
        t->session = old;
        ui_notice(&app->ui, true, "no connection could be begun");
        return;
    }
    letter_close(t);
    t->ask_tls = t->ask_mx = false;
    talk_free(t->talk);
    struct tls_seen seen;
    session_tls_seen(old, &seen);
    tls_memory_take(&t->tls_memory, &seen);
    session_free(old);
    look_at(app, t);
    t->why_scroll = t->caps_scroll = t->tls_scroll = 0;
    app->ui.focus = FOCUS_EDITOR;
    app->ui.dirty = true;
}

/* -- files
 * ------------------------------------------------------------------------------------------ */

static void on_file(void *arg)
{
    struct tab *t = arg;
    if (t->talk)
        talk_update(&the_app->ui, t->talk);
    the_app->ui.dirty = true;
}

static bool open_as(struct app *app, const char *path, const char *name)
{
    char why[400];
    struct tab *t = tabs_add(app, name);
    if (!t)
        return false;
    t->file = logfile_open(app->ui.loop, path, on_file, t, why, sizeof why);
    if (!t->file) {
        ui_notice(&app->ui, true, "%s", why);
        app->ui.ntabs--;
        tab_free(t);
        return false;
    }
    t->source = logfile_source(t->file);
    t->talk = talk_new(t->source);
    talk_top(t->talk);
    show_last(app);
    return true;
}

bool tabs_open(struct app *app, const char *path)
{
    const char *slash = strrchr(path, '/');
    return open_as(app, path, slash && slash[1] ? slash + 1 : path);
}

bool tabs_open_text(struct app *app, const char *text, size_t n)
{
    return tabs_open_named(app, "pasted talk", text, n);
}

bool tabs_open_named(struct app *app, const char *name, const char *text, size_t n)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];
    if (snprintf(path, sizeof path, "%s/heloscope-XXXXXX", dir && *dir ? dir : "/tmp") >=
        (int)sizeof path)
        return false;
    int fd = mkstemp(path);
    if (fd < 0) {
        ui_notice(&app->ui, true, "no temporary file could be made: %s", path);
        return false;
    }
    /* Terminals paste line ends as CR. */
    char *copy = xmalloc(n);
    for (size_t i = 0; i < n; i++)
        copy[i] = text[i] == '\r' && (i + 1 == n || text[i + 1] != '\n') ? '\n' : text[i];
    bool ok = true;
    for (size_t at = 0; ok && at < n;) {
        ssize_t k = write(fd, copy + at, n - at);
        ok = k > 0;
        at += ok ? (size_t)k : 0;
    }
    free(copy);
    close(fd);
    ok = ok && open_as(app, path, name);
    unlink(path); /* what was opened is read or mapped already */
    return ok;
}
