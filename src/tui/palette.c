/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The palette behind ':' : every action and every command with its key, found by any letters of its
 * name in order. What begins with the name of a command and a blank is run as it is typed. */
#include "tui/app.h"
#include "tui/fuzzy.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <string.h>

#define TYPED_MAX 4096

static bool is_command(const char *typed)
{
    size_t n = strcspn(typed, " ");
    for (size_t i = 0; i < command_rows_n; i++)
        if (strlen(command_rows[i].name) == n && strncmp(command_rows[i].name, typed, n) == 0)
            return true;
    return false;
}

static const char *row_text(int row, char *out, size_t size)
{
    if (row >= 0)
        snprintf(out, size, "%s", key_rows[row].palette);
    else
        snprintf(out, size, ":%s%s%s", command_rows[~row].name,
                 command_rows[~row].args[0] ? " " : "", command_rows[~row].args);
    return out;
}

static const char *row_help(int row)
{
    return row >= 0 ? key_rows[row].help : command_rows[~row].help;
}

static void find(struct palette *p)
{
    const char *typed = buf_str(&p->typed);
    int score[PALETTE_MAX];
    bool with_args = strchr(typed, ' ') && is_command(typed);
    p->nrows = 0;
    for (int i = -(int)command_rows_n; i < (int)key_rows_n && p->nrows < PALETTE_MAX; i++) {
        int row = i < 0 ? ~(i + (int)command_rows_n) : i, s;
        if (row >= 0 && !key_rows[row].palette[0])
            continue;
        const char *name = row >= 0 ? key_rows[row].palette : command_rows[~row].name;
        if (with_args) {
            size_t n = strcspn(typed, " ");
            s = row < 0 && strlen(name) == n && strncmp(name, typed, n) == 0 ? 100 : -1;
        } else {
            s = fuzzy_match(typed, name);
            if (s < 0 && fuzzy_match(typed, row_help(row)) > 3 * (int)strlen(typed))
                s = 0; /* a word of the help sentence */
            if (row < 0 && strcmp(name, typed) == 0)
                s += 1000;
        }
        if (s < 0)
            continue;
        int at = p->nrows++;
        while (at > 0 && score[at - 1] < s) { /* stable: rows that fit alike keep their order */
            score[at] = score[at - 1];
            p->rows[at] = p->rows[at - 1];
            at--;
        }
        score[at] = s;
        p->rows[at] = row;
    }
    p->selected = p->top = 0;
}

void palette_open(struct app *app, const char *typed)
{
    struct palette *p = &app->palette;
    buf_init(&p->typed, TYPED_MAX);
    buf_add_str(&p->typed, typed);
    p->on = true;
    app->ui.dirty = true;
    find(p);
}

static void palette_close(struct app *app)
{
    app->palette.on = false;
    buf_clear(&app->palette.typed);
    app->ui.dirty = true;
}

static void go(struct app *app)
{
    struct palette *p = &app->palette;
    char text[TYPED_MAX + 1];
    if (p->nrows == 0) {
        ui_notice(&app->ui, true, "no command fits \"%.60s\"; Esc leaves, C-u clears",
                  buf_str(&p->typed));
        return;
    }
    int row = p->rows[p->selected];
    snprintf(text, sizeof text, "%s", buf_str(&p->typed));
    palette_close(app);
    if (row >= 0)
        action_run(app, key_rows[row].action);
    else if (strchr(text, ' ') && is_command(text))
        command_run(app, text);
    else
        command_run(app, command_rows[~row].name);
}

void palette_paste(struct app *app, const char *s, size_t n)
{
    size_t end = 0;
    if (explain_pasted(app, buf_str(&app->palette.typed), s, n)) {
        palette_close(app);
        return;
    }
    while (end < n && (unsigned char)s[end] >= ' ')
        end++;
    buf_add(&app->palette.typed, s, end);
    find(&app->palette);
    app->ui.dirty = true;
}

void palette_key(struct app *app, const struct key *k)
{
    struct palette *p = &app->palette;
    size_t n;
    const char *bytes;
    app->ui.dirty = true;
    if (k->kind == KEY_NAMED_) {
        int page = app->ui.rows / 2;
        switch (k->code) {
        case TKEY_ESC:
            palette_close(app);
            return;
        case TKEY_ENTER:
            go(app);
            return;
        case TKEY_UP:
        case TKEY_STAB:
            p->selected--;
            break;
        case TKEY_DOWN:
            p->selected++;
            break;
        case TKEY_PGUP:
            p->selected -= page;
            break;
        case TKEY_PGDN:
            p->selected += page;
            break;
        case TKEY_HOME:
            p->selected = 0;
            break;
        case TKEY_END:
            p->selected = p->nrows;
            break;
        case TKEY_TAB: /* the name of the selected command, for its arguments */
            if (p->nrows && p->rows[p->selected] < 0 && !strchr(buf_str(&p->typed), ' ')) {
                buf_trim(&p->typed, 0);
                buf_addf(&p->typed, "%s ", command_rows[~p->rows[p->selected]].name);
                find(p);
            } else
                p->selected++;
            break;
        case TKEY_BACKSPACE:
            if (p->typed.len == 0) {
                palette_close(app);
                return;
            }
            do
                buf_trim(&p->typed, p->typed.len - 1);
            while (p->typed.len && ((unsigned char)p->typed.p[p->typed.len] & 0xc0) == 0x80);
            find(p);
            break;
        }
    } else if (k->kind == KEY_CHAR_) {
        if (k->ch == 3 || k->ch == 7) {
            palette_close(app);
            return;
        }
        if (k->ch == ('U' & 31)) {
            buf_trim(&p->typed, 0);
            find(p);
        } else if (k->ch == ('N' & 31))
            p->selected++;
        else if (k->ch == ('P' & 31))
            p->selected--;
        else if (k->ch >= ' ' && k->ch != 0x7f && !k->alt) {
            bytes = term_key_bytes(&n);
            buf_add(&p->typed, bytes, n);
            find(p);
        }
    }
    if (p->selected >= p->nrows)
        p->selected = p->nrows - 1;
    if (p->selected < 0)
        p->selected = 0;
}

void palette_draw(struct app *app)
{
    struct palette *p = &app->palette;
    int h = app->ui.rows < 16 ? app->ui.rows - 1 : app->ui.rows > 28 ? 24 : app->ui.rows - 4;
    struct rect in = box_draw(app, h, 76, "commands", "Enter run  Tab fill in  Esc leave");
    int x = in.x + text_puts(in.y, in.x, in.w, ROLE_PROMPT, ":");
    text_puts(in.y, x, in.w - 1, ROLE_TEXT, buf_str(&p->typed));
    bool help = in.h >= 5;
    int list = in.h - 1 - help, y = in.y + 1;
    if (p->selected < p->top)
        p->top = p->selected;
    if (p->selected >= p->top + list)
        p->top = p->selected - list + 1;
    for (int i = 0; i < list && p->top + i < p->nrows; i++) {
        char name[128], key[32] = "";
        int row = p->rows[p->top + i];
        bool sel = p->top + i == p->selected;
        enum role r = sel ? ROLE_SELECTION : ROLE_TEXT;
        struct rect line = {y + i, in.x, 1, in.w};
        text_fill(line, r);
        text_puts(y + i, in.x, 2, r, sel ? "> " : "  ");
        if (row >= 0)
            snprintf(key, sizeof key, "%s", key_rows[row].key);
        text_puts(y + i, in.x + 2, in.w - 12, r, row_text(row, name, sizeof name));
        text_puts(y + i, in.x + in.w - 9, 9, sel ? r : ROLE_KEY, key);
    }
    if (p->nrows && help)
        text_puts(in.y + in.h - 1, in.x, in.w, ROLE_NOTE, row_help(p->rows[p->selected]));
    else if (!p->nrows)
        text_puts(in.y + 1, in.x, in.w, ROLE_WARNING, "no command fits");
    int col = x + text_width(buf_str(&p->typed), p->typed.len);
    move(in.y, col < in.x + in.w ? col : in.x + in.w - 1);
}
