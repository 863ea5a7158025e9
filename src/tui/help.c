/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Help for the pane with the focus: its keys and, on the command line, the verbs; all from the
 * rows. / finds a word in it. */
#include "tui/app.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <string.h>

#define HELP_MAX (256u << 10)
#define TITLE '\001' /* begins a title line */

static void keys_of(struct buf *b, unsigned context)
{
    for (size_t i = 0; i < key_rows_n; i++) {
        const struct key_row *k = &key_rows[i];
        char keys[40];
        if (!(k->contexts & context) || !k->key[0])
            continue;
        snprintf(keys, sizeof keys, "%s%s%s", k->key, k->key2[0] ? ", " : "", k->key2);
        buf_addf(b, "  %-12s %s\n", keys, k->help);
    }
}

static void verbs_of(struct buf *b, struct tab *t)
{
    const struct proto *p = t && t->session ? session_proto(t->session) : NULL;
    if (!p)
        return;
    const struct where *w = session_ahead(t->session);
    buf_addf(b, "%cWhat %s knows (* in order now: %s)\n", TITLE, p->title, proto_state(p, w));
    for (size_t i = 0; i < p->nverbs; i++) {
        const struct verb *v = &p->verbs[i];
        if (v->name[0] == '(' || (v->flags & VERB_HIDDEN))
            continue;
        buf_addf(b, "%c %s\n", proto_legal(v, w) ? '*' : ' ', v->form);
        buf_addf(b, "      %s\n      then: %s  (%s)\n", v->purpose, v->next, v->ref);
    }
}

static void commands_of(struct buf *b)
{
    buf_addf(b, "%cAfter a colon\n", TITLE);
    for (size_t i = 0; i < command_rows_n; i++) {
        char name[64];
        snprintf(name, sizeof name, ":%s %s", command_rows[i].name, command_rows[i].args);
        buf_addf(b, "  %-28s %s\n", name, command_rows[i].help);
    }
}

static void begin(struct app *app)
{
    struct help *h = &app->help;
    buf_clear(&h->text);
    buf_init(&h->text, HELP_MAX);
    h->on = true;
    h->top = 0;
    h->finding = false;
    h->find[0] = '\0';
    app->ui.dirty = true;
}

void help_show(struct app *app, const char *text)
{
    begin(app);
    buf_add_str(&app->help.text, text);
}

void help_open(struct app *app)
{
    unsigned c = app_context(app);
    begin(app);
    struct buf *b = &app->help.text;
    if (c & CTX_START) {
        buf_addf(b, "%cThe start screen\n", TITLE);
        keys_of(b, CTX_START);
    } else if (c & CTX_LETTER) {
        buf_addf(b, "%cThe letter\n", TITLE);
        keys_of(b, CTX_LETTER);
    } else if (c & CTX_EDITOR) {
        buf_addf(b, "%cThe command line\n", TITLE);
        keys_of(b, CTX_EDITOR);
        buf_addf(b, "%cOn an empty line\n", TITLE);
        keys_of(b, CTX_EMPTY);
        verbs_of(b, ui_tab(&app->ui));
    } else {
        buf_addf(b, "%c%s\n", TITLE,
                 c & CTX_WHY    ? "The explanation"
                 : c & CTX_TLS  ? "TLS, looked into"
                 : c & CTX_CAPS ? "What the server offers"
                                : "The transcript");
        if (c & CTX_CAPS)
            buf_add_str(b, "  + new since the list before   - gone   ~ changed   = same\n");
        else if (c & CTX_TALK)
            buf_add_str(b, "  C: you   S: the server   -- an event of the connection\n"
                           "  + accepted   > go on   ~ temporary refusal   ! permanent refusal\n");
        keys_of(b, c);
    }
    commands_of(b);
}

/* The next line that holds the word, from line `from` on. */
static bool find_from(struct help *h, int from)
{
    const char *p = buf_str(&h->text);
    for (int line = 0; *p; line++) {
        size_t n = strcspn(p, "\n");
        char copy[512];
        snprintf(copy, sizeof copy, "%.*s", (int)n, p);
        if (line >= from && strcasestr(copy, h->find)) {
            h->top = line;
            return true;
        }
        p += n + (p[n] == '\n');
    }
    return false;
}

void help_key(struct app *app, const struct key *k)
{
    struct help *h = &app->help;
    int page = app->ui.rows > 8 ? app->ui.rows - 7 : 1;
    uint32_t ch = k->kind == KEY_CHAR_ ? k->ch : 0;
    int code = k->kind == KEY_NAMED_ ? k->code : 0;
    app->ui.dirty = true;
    if (h->finding) {
        size_t n = strlen(h->find);
        if (code == TKEY_ENTER || code == TKEY_ESC) {
            h->finding = false;
            if (code == TKEY_ENTER && n && !find_from(h, h->top + 1) && !find_from(h, 0))
                ui_notice(&app->ui, true, "not found in this help: %s", h->find);
        } else if (code == TKEY_BACKSPACE && n > 0)
            h->find[n - 1] = '\0';
        else if (ch >= ' ' && ch < 127 && n + 1 < sizeof h->find) {
            h->find[n] = (char)ch;
            h->find[n + 1] = '\0';
        }
        return;
    }
    if (code == TKEY_ESC || code == TKEY_ENTER || ch == 'q' || ch == 3 || ch == '?') {
        h->on = false;
        buf_clear(&h->text);
        return;
    }
    if (ch == 'j' || code == TKEY_DOWN)
        h->top++;
    else if (ch == 'k' || code == TKEY_UP)
        h->top--;
    else if (ch == ' ' || code == TKEY_PGDN)
        h->top += page;
    else if (code == TKEY_PGUP)
        h->top -= page;
    else if (ch == 'g' || code == TKEY_HOME)
        h->top = 0;
    else if (ch == 'G' || code == TKEY_END)
        h->top = 1 << 20;
    else if (ch == '/') {
        h->finding = true;
        h->find[0] = '\0';
    } else if (ch == 'n' && h->find[0] && !find_from(h, h->top + 1))
        find_from(h, 0);
}

void help_draw(struct app *app)
{
    struct help *h = &app->help;
    char foot[96];
    snprintf(foot, sizeof foot, h->finding ? "/%s" : "j k PgUp PgDn scroll  / find  Esc leave",
             h->find);
    struct rect in = box_draw(app, app->ui.rows - 2, 96, "help", foot);
    const char *p = buf_str(&h->text);
    /* Long lines go on below, further in: the sentence is worth more than the line count. */
    int line = 0, row = 0, shown = 0;
    for (int pass = 0; pass < 2; pass++) {
        p = buf_str(&h->text);
        for (line = row = shown = 0; *p; line++) {
            size_t n = strcspn(p, "\n");
            bool title = *p == TITLE;
            const char *s = p + title;
            size_t m = n - title, indent = 0;
            if (!title)
                indent = strspn(s, " *");
            if (indent == 2 && m > 15 && s[14] == ' ')
                indent = 15;
            for (bool first = true; first || m > 0; first = false) {
                int at = first ? 0 : (int)indent, cols;
                size_t fit = text_fit(s, m, in.w - at, true, &cols);
                if (fit == 0 && m > 0)
                    fit = m;
                if (pass == 1 && line >= h->top && shown < in.h) {
                    text_put(in.y + shown, in.x + at, in.w - at, title ? ROLE_TITLE : ROLE_TEXT, s,
                             fit);
                    shown++;
                }
                row += line >= h->top;
                s += fit;
                m -= fit;
                while (m > 0 && *s == ' ') {
                    s++;
                    m--;
                }
            }
            p += n + (p[n] == '\n');
        }
        h->lines = line;
        if (pass == 0 && row < in.h) { /* the end: as far down as still fills the box, about */
            h->top -= in.h - row;
            if (h->top > line - in.h / 2)
                h->top = line - in.h / 2;
        }
        if (h->top < 0)
            h->top = 0;
    }
    move(in.y, in.x);
}
