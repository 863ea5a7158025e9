/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question at a time, over everything else: yes or no (default No), a text, or a secret that is
 * neither shown nor kept. The typed text has its own few editing keys instead of readline's: a
 * password must not end in a kill ring or an undo list. */
#include "tui/app.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <stdarg.h>
#include <string.h>

#define ANSWER_MAX 65536 /* an OAuth token */

static void close_with(struct app *app, const char *answer)
{
    struct prompt *p = &app->prompt;
    prompt_fn *fn = p->fn;
    struct buf text = p->answer; /* the callback may ask the next question */
    p->on = false;
    p->fn = NULL;
    buf_init_secret(&p->answer, ANSWER_MAX);
    app->ui.dirty = true;
    if (fn)
        fn(app, answer ? (p->kind == PROMPT_YESNO ? "yes" : buf_str(&text)) : NULL);
    buf_clear(&text);
}

void prompt_ask(struct app *app, enum prompt_kind kind, const char *title, const char *initial,
                prompt_fn *fn, const char *fmt, ...)
{
    struct prompt *p = &app->prompt;
    va_list ap;
    if (p->on)
        close_with(app, NULL);
    p->on = true;
    p->kind = kind;
    p->fn = fn;
    p->scroll = p->rows = p->selected = 0;
    p->lines = false;
    buf_init_secret(&p->answer, ANSWER_MAX);
    if (initial)
        buf_add_str(&p->answer, initial);
    p->point = p->answer.len;
    p->fresh = p->answer.len > 0;
    snprintf(p->title, sizeof p->title, "%s", title);
    va_start(ap, fmt);
    vsnprintf(p->text, sizeof p->text, fmt, ap);
    va_end(ap);
    app->ui.dirty = true;
}

void prompt_rows(struct app *app, int rows, int selected)
{
    app->prompt.rows = rows;
    app->prompt.selected = selected;
}

static size_t back_one(const struct buf *b, size_t at)
{
    while (at > 0 && ((unsigned char)b->p[--at] & 0xc0) == 0x80)
        ;
    return at;
}

static size_t on_one(const struct buf *b, size_t at)
{
    if (at < b->len)
        at++;
    while (at < b->len && ((unsigned char)b->p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
    size_t tail = p->answer.len - to;
    if (to > from) {
        memmove(p->answer.p + from, p->answer.p + to, tail);
        buf_trim(&p->answer, from + tail);
    }
    p->point = from;
}

static void insert(struct prompt *p, const char *s, size_t n)
{
    if (p->fresh && n > 0)
        cut(p, 0, p->answer.len);
    p->fresh = false;
    size_t len = p->answer.len;
    if (!buf_add(&p->answer, s, n))
        return;
    memmove(p->answer.p + p->point + n, p->answer.p + p->point, len - p->point);
    memcpy(p->answer.p + p->point, s, n);
    p->point += n;
}

void prompt_paste(struct app *app, const char *s, size_t n)
{
    struct prompt *p = &app->prompt;
    if (p->kind == PROMPT_YESNO)
        return;
    if (p->lines) {
        struct buf typed;
        buf_init(&typed, ANSWER_MAX + 64);
        buf_addf(&typed, "%s %s", p->title, buf_str(&p->answer));
        if (explain_pasted(app, buf_str(&typed), s, n)) {
            p->fn = NULL;
            close_with(app, NULL);
        }
        buf_clear(&typed);
        if (!p->on)
            return;
    }
    size_t end = 0;
    while (end < n && (unsigned char)s[end] >= ' ')
        end++;
    insert(p, s, end);
    app->ui.dirty = true;
}

static void move_by(struct prompt *p, int rows)
{
    p->selected += rows;
    if (p->selected >= p->rows)
        p->selected = p->rows - 1;
    if (p->selected < 0)
        p->selected = 0;
}

static void text_key(struct app *app, const struct key *k)
{
    struct prompt *p = &app->prompt;
    const struct buf *b = &p->answer;
    size_t n;
    const char *bytes;
    bool fresh = p->fresh;
    p->fresh = false; /* any key that moves or takes away edits what is suggested */
    if (k->kind == KEY_NAMED_) {
        switch (k->code) {
        case TKEY_ENTER:
            if (p->rows && p->answer.len == 0 && p->selected >= 0)
                buf_addf(&p->answer, "%d", p->selected + 1);
            close_with(app, "");
            return;
        case TKEY_UP:
        case TKEY_DOWN:
            move_by(p, k->code == TKEY_UP ? -1 : 1);
            break;
        case TKEY_LEFT:
            p->point = back_one(b, p->point);
            break;
        case TKEY_RIGHT:
            p->point = on_one(b, p->point);
            break;
        case TKEY_HOME:
            p->point = 0;
            break;
        case TKEY_END:
            p->point = b->len;
            break;
        case TKEY_BACKSPACE:
            if (p->point > 0)
                cut(p, back_one(b, p->point), p->point);
            break;
        case TKEY_DEL:
            cut(p, p->point, on_one(b, p->point));
            break;
        }
        return;
    }
    switch (k->ch) {
    case 'A' & 31:
        p->point = 0;
        break;
    case 'B' & 31:
        p->point = back_one(b, p->point);
        break;
    case 'E' & 31:
        p->point = b->len;
        break;
    case 'F' & 31:
        p->point = on_one(b, p->point);
        break;
    case 'D' & 31:
        cut(p, p->point, on_one(b, p->point));
        break;
    case 'H' & 31:
        if (p->point > 0)
            cut(p, back_one(b, p->point), p->point);
        break;
    case 'K' & 31:
        buf_trim(&p->answer, p->point);
        break;
    case 'U' & 31:
        cut(p, 0, p->point);
        break;
    case 'W' & 31: {
        size_t at = p->point;
        while (at > 0 && b->p[at - 1] == ' ')
            at--;
        while (at > 0 && b->p[at - 1] != ' ')
            at--;
        cut(p, at, p->point);
        break;
    }
    default:
        bytes = term_key_bytes(&n);
        p->fresh = fresh;
        if (k->ch >= ' ' && k->ch != 0x7f && !k->alt && n > 0)
            insert(p, bytes, n);
    }
}

void prompt_key(struct app *app, const struct key *k)
{
    struct prompt *p = &app->prompt;
    app->ui.dirty = true;
    if ((k->kind == KEY_NAMED_ && k->code == TKEY_ESC) || (k->kind == KEY_CHAR_ && k->ch == 3)) {
        close_with(app, NULL);
        return;
    }
    if (k->kind == KEY_NAMED_ && (k->code == TKEY_PGDN || k->code == TKEY_PGUP)) {
        if (p->rows) {
            move_by(p, k->code == TKEY_PGDN ? 5 : -5);
            return;
        }
        p->scroll += k->code == TKEY_PGDN ? 3 : -3;
        if (p->scroll < 0)
            p->scroll = 0;
        return;
    }
    if (p->kind != PROMPT_YESNO) {
        text_key(app, k);
        return;
    }
    if (k->kind == KEY_CHAR_ && (k->ch == 'y' || k->ch == 'Y'))
        close_with(app, "yes");
    else if ((k->kind == KEY_CHAR_ && (k->ch == 'n' || k->ch == 'N' || k->ch == 'q')) ||
             (k->kind == KEY_NAMED_ && k->code == TKEY_ENTER))
        close_with(app, NULL);
}

/* The rows, a line each, around the selected one, and what stands behind them in a line. */
static void draw_rows(struct prompt *p, struct rect in)
{
    int list = in.h - 2;
    if (list < 1)
        list = 1;
    if (p->selected < p->scroll)
        p->scroll = p->selected < 0 ? 0 : p->selected;
    if (p->selected >= p->scroll + list)
        p->scroll = p->selected - list + 1;
    const char *line = p->text;
    for (int i = 0; i < p->rows; i++) {
        size_t n = strcspn(line, "\n");
        struct rect at = {in.y + i - p->scroll, in.x, 1, in.w};
        if (i >= p->scroll && i < p->scroll + list) {
            enum role r = i == p->selected ? ROLE_SELECTION : ROLE_TEXT;
            text_fill(at, r);
            text_puts(at.y, in.x, 2, r, i == p->selected ? "> " : "  ");
            text_put(at.y, in.x + 2, in.w - 2, r, line, n);
        }
        line += n + (line[n] == '\n');
    }
    if (in.h > 2)
        text_cut(in.y + in.h - 2, in.x, in.w, ROLE_NOTE, line, strlen(line));
}

void prompt_draw(struct app *app)
{
    struct prompt *p = &app->prompt;
    int w = 72;
    if (w > app->ui.cols - 4)
        w = app->ui.cols - 4;
    struct rect none = {0, 0, 0, w - 4};
    int lines = p->rows ? p->rows + 1 : text_wrap(none, 0, ROLE_TEXT, p->text, strlen(p->text));
    bool yesno = p->kind == PROMPT_YESNO;
    struct rect in = box_draw(app, lines + 4, w, p->title,
                              yesno     ? "y yes   n, Enter or Esc: no"
                              : p->rows ? "arrows choose   Enter take   Esc leave"
                                        : "Enter take   Esc leave");
    struct rect words = in;
    words.h = in.h - 1;
    if (p->rows) {
        draw_rows(p, in);
    } else {
        if (p->scroll > lines - words.h)
            p->scroll = lines > words.h ? lines - words.h : 0;
        text_wrap(words, p->scroll, ROLE_TEXT, p->text, strlen(p->text));
    }
    int y = in.y + in.h - 1, x = in.x;
    if (yesno) {
        x += text_puts(y, x, in.w, ROLE_PROMPT, "[y/N] ");
        move(y, x);
        return;
    }
    x += text_puts(y, x, in.w, ROLE_PROMPT, "> ");
    int room = in.x + in.w - x - 1;
    if (p->kind == PROMPT_SECRET) {
        /* Not even the length is told beyond a few. */
        size_t chars = p->answer.len > 8 ? 8 : p->answer.len;
        x += text_put(y, x, room, ROLE_SECRET, "********", chars);
        move(y, x);
        return;
    }
    size_t start = 0;
    while (start < p->point && text_width(p->answer.p + start, p->point - start) >= room)
        start = on_one(&p->answer, start);
    if (p->answer.len)
        text_put(y, x, room, p->fresh ? ROLE_SELECTION : ROLE_TEXT, p->answer.p + start,
                 p->answer.len - start);
    if (p->point > start)
        x += text_width(p->answer.p + start, p->point - start);
    move(y, x);
}
