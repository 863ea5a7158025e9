/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three rows of the command line: what is legal now, the line with the ghost of what Tab would
 * add, and the hint. */
#include "tui/app.h"
#include "tui/editor.h"
#include "tui/queue.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <string.h>

static void title_row(struct app *app, const struct complete_context *c, struct tab *t)
{
    struct rect r = app->ui.layout.title;
    char words[512], legal[400] = "", what[80];
    if (r.h < 1)
        return;
    size_t waiting = t->queue ? queue_count(t->queue) : 0;
    bool focus = app->ui.focus == FOCUS_EDITOR; /* == has it, -- has not: not by colour alone */
    const char *rule = focus ? "==" : "--";
    if (waiting)
        snprintf(what, sizeof what, "%s[ COMMAND, %zu queued ]%s", rule, waiting, rule);
    else if (app->ui.layout.kind >= LAYOUT_SMALL)
        snprintf(what, sizeof what, "%s[ COMMAND ]%s", rule, rule);
    else
        snprintf(what, sizeof what, "%s", rule);
    bool small = app->ui.layout.kind <= LAYOUT_SMALL;
    const char *now = small ? " now: " : " legal now: ";
    if (t->session && pace_hidden(&t->pace) > 0)
        snprintf(words, sizeof words, "%s %zu more to show, one each %u.%u s (:pace off) ", what,
                 pace_hidden(&t->pace), t->pace.ms / 1000, t->pace.ms % 1000 / 100);
    else if (t->session && !session_is_open(t->session))
        snprintf(words, sizeof words, "%s not connected: :reconnect, :connect TARGET ", what);
    else if (t->session && !session_is_up(t->session))
        snprintf(words, sizeof words, "%s %s, C-c cancels ", what,
                 session_in_handshake(t->session) ? "TLS handshake" : "connecting");
    else if (t->session && session_is_ending(t->session))
        snprintf(words, sizeof words, "%s QUIT was said, nothing follows it ", what);
    else if (t->session && session_literal_left(t->session) > 0)
        snprintf(words, sizeof words, "%s %llu octets of the chunk are still owed ", what,
                 (unsigned long long)session_literal_left(t->session));
    else if (t->session) {
        int room = r.w - (int)strlen(what) - (int)strlen(now) - 2;
        const struct verb *answer = proto_pseudo(c->proto, VERB_ANSWER);
        if (answer && proto_legal(answer, c->where))
            snprintf(legal, sizeof legal, "your answer in base64, or * to give up");
        else if (hint_legal(c, room, legal, sizeof legal) == 0)
            snprintf(legal, sizeof legal, "nothing, the server speaks first");
        snprintf(words, sizeof words, "%s%s%s ", what, now, legal);
    } else
        snprintf(words, sizeof words, "%s[ SAVED TALK ]%s nothing can be sent here ", rule, rule);
    enum role border = focus ? ROLE_FOCUS_BORDER : ROLE_BORDER;
    text_fill(r, ROLE_TEXT);
    int x = r.x + text_puts(r.y, r.x, r.w, border, words);
    char line[512];
    int n = r.x + r.w - x;
    if (n > (int)sizeof line)
        n = (int)sizeof line;
    memset(line, focus ? '=' : '-', sizeof line);
    if (n > 0)
        text_put(r.y, x, n, border, line, (size_t)n);
}

/* The line as it is shown: the secret part as dots, one for each character; before a class always
 * eight, since how long it is helps who guesses. */
static size_t shown(struct tab *t, bool present, const char *line, size_t n, size_t point,
                    struct buf *out)
{
    size_t at, len, where = 0;
    cmdline_secret(t, line, n, &at, &len);
    for (size_t i = 0; i < n; i++) {
        if (i == point)
            where = out->len;
        if (i < at || i >= at + len)
            buf_add_char(out, line[i]);
        else if (present && i == at)
            for (int dot = 0; dot < 8; dot++)
                buf_add_str(out, "\xe2\x80\xa2");
        else if (present)
            continue;
        else if (((unsigned char)line[i] & 0xc0) != 0x80)
            buf_add_str(out, "\xe2\x80\xa2");
    }
    return point >= n ? out->len : where;
}

static void hint_row(struct app *app, const struct complete_context *c, struct tab *t,
                     const char *line, size_t n, const char *whole)
{
    struct ui *ui = &app->ui;
    struct rect r = ui->layout.hint;
    char hint[700];
    if (r.h < 1)
        return;
    text_fill(r, ROLE_TEXT);
    if (ui->notice[0])
        return; /* notice_draw() */
    uint64_t wait = t->session ? session_waiting_us(t->session) : 0;
    if (n == 0 && wait > 1000000) {
        text_putf(r.y, r.x + 1, r.w - 1, ROLE_NOTE,
                  "waiting for the server, %llu s so far; C-c ends the wait",
                  (unsigned long long)(wait / 1000000));
        return;
    }
    int x = r.x + 1;
    if (*whole)
        x += text_putf(r.y, x, r.w / 2, ROLE_KEY, "Tab: %s  ", whole);
    else if (app->cycling && app->ncandidates > 1)
        x += text_putf(r.y, x, r.w / 2, ROLE_KEY, "Tab: another of %zu  ", app->ncandidates);
    if (!t->session) {
        text_puts(r.y, x, r.x + r.w - x, ROLE_NOTE,
                  "Esc or Tab goes to the talk; :connect TARGET opens a session");
        return;
    }
    if (!session_is_open(t->session)) {
        snprintf(hint, sizeof hint, "%s; :reconnect opens it again",
                 session_last(t->session)[0] ? session_last(t->session)
                                             : "the connection is closed");
        text_cut(r.y, x, r.x + r.w - x, ROLE_NOTE, hint, strlen(hint));
        return;
    }
    if (n == 0 && ui->present && ui->annotate == ANNOTATE_NONE)
        return; /* it would say what the reply means */
    size_t len = hint_line(c, line, n, hint, sizeof hint);
    if (x < r.x + r.w)
        text_cut(r.y, x, r.x + r.w - x, ROLE_NOTE, hint, hint_fit(hint, len, r.x + r.w - x - 1));
}

/* Where the part of a long line that is shown begins: it stays until the cursor leaves it, and then
 * jumps by half a window, so that most keys repaint one cell. */
static size_t window_start(const char *p, size_t n, size_t at, int room)
{
    static size_t start;
    if (start > at || start > n || text_width(p, n) <= room)
        start = 0;
    if (at - start > (size_t)room * 8 || text_width(p + start, at - start) >= room) {
        size_t from = at;
        while (from > 0 && at - from < (size_t)room * 8 &&
               text_width(p + from, at - from) < room / 2)
            from--;
        start = from;
    }
    while (start < at && ((unsigned char)p[start] & 0xc0) == 0x80)
        start++;
    return start;
}

void line_draw(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    struct rect r = app->ui.layout.editor;
    struct complete_context c;
    struct completion k[1];
    size_t n;
    const char *line = editor_text(&n), *ghost = "";
    if (!t)
        return;
    line_context(app, &c);
    title_row(app, &c, t);
    bool searching = editor_prompt() != NULL;
    size_t point = editor_point();
    if (t->session && session_is_up(t->session) && point == n && !searching &&
        session_literal_left(t->session) == 0 && complete_find(&c, line, n, k, 1) > 0)
        ghost = complete_ghost(&k[0], line, n);
    /* The whole word: what is left of it stands behind the cursor, and would change with each key.
     */
    hint_row(app, &c, t, line, n, *ghost ? k[0].text : "");
    if (r.h < 1)
        return;

    text_fill(r, ROLE_TEXT);
    const char *prompt = searching    ? editor_prompt()
                         : t->session ? session_proto(t->session)->prompt
                                      : "> ";
    int x = r.x + text_puts(r.y, r.x, r.w * 2 / 3, ROLE_PROMPT, prompt);
    int room = r.x + r.w - x - 1;
    struct buf b;
    buf_init_secret(&b, 4 * EDITOR_MAX);
    size_t at = shown(t, app->ui.present, line, n, point, &b);
    const char *p = buf_str(&b);
    size_t start = window_start(p, b.len, at, room);
    int used = text_put(r.y, x, room + 1, ROLE_TEXT, p + start, b.len - start);
    /* Not on an empty line: it would look as if something stood there; the hint names it. */
    if (n > 0 && *ghost && used < room)
        text_puts(r.y, x + used, room - used, ROLE_GHOST, ghost);
    int col = x + text_width(p + start, at - start);
    buf_clear(&b);
    if (app->ui.focus == FOCUS_EDITOR)
        move(r.y, col < r.x + r.w ? col : r.x + r.w - 1);
}
