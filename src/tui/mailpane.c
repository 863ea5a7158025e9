/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox pane: the list as a mail program shows it. A letter of it is drawn by mailviews.c. */
#include "tui/mail.h"
#include "tui/panes.h"
#include "tui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cursor_y, cursor_x;

void mail_cursor(int *y, int *x)
{
    *y = cursor_y;
    *x = cursor_x;
}

static void title(struct rect r, const char *left, const char *right)
{
    int len = (int)strlen(right);
    panes_rule(r, true);
    text_puts(r.y, r.x + 2, r.w - 4, ROLE_TITLE, left);
    if (r.w > len + (int)strlen(left) + 6)
        text_puts(r.y, r.x + r.w - len - 2, len, ROLE_FOCUS_BORDER, right);
    cursor_y = r.y;
    cursor_x = r.x + 2;
}

static void size_words(uint64_t octets, char *out, size_t size)
{
    if (octets < 10000)
        snprintf(out, size, "%llu", (unsigned long long)octets);
    else if (octets < 10000000)
        snprintf(out, size, "%lluK", (unsigned long long)(octets / 1024));
    else
        snprintf(out, size, "%lluM", (unsigned long long)(octets / 1048576));
}

/* The name alone, as lists show it; else the address. */
static void short_from(const char *from, char *out, size_t size)
{
    const char *open = strrchr(from, '<');
    size_t n = open ? (size_t)(open - from) : strlen(from);
    while (n && from[n - 1] == ' ')
        n--;
    if (n >= 2 && *from == '"' && from[n - 1] == '"') {
        from++;
        n -= 2;
    }
    if (n)
        snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), from);
    else
        snprintf(out, size, "%.*s", open ? (int)strcspn(open + 1, ">") : 0, open ? open + 1 : "");
}

static void list_row(const struct drop_row *row, struct rect r, int y, bool selected)
{
    char size[16], from[200], number[16];
    enum role role = selected ? ROLE_SELECTION : row->gone ? ROLE_DIM : ROLE_TEXT;
    int x = r.x, end = r.x + r.w, wide = r.w >= 100;
    snprintf(number, sizeof number, "%c%c%5u ", selected ? '>' : ' ', row->gone ? 'D' : ' ',
             row->number);
    x += text_puts(y, x, end - x, role, number);
    size_words(row->octets, size, sizeof size);
    x += text_putf(y, x, end - x, ROLE_DIM, "%6s  ", size);
    if (row->state == DROP_REFUSED) {
        text_putf(y, x, end - x, ROLE_DIM, "(no header: %s)",
                  row->subject ? row->subject : "the server has no TOP; Enter reads it");
        return;
    }
    if (row->state != DROP_KNOWN) {
        text_puts(y, x, end - x, ROLE_DIM, row->gone ? "(marked as deleted)" : "...");
        return;
    }
    if (r.w >= 60) { /* "Sat, 21 Nov 2026 08:00:00" without its weekday and seconds */
        const char *date = strchr(row->date, ',') ? strchr(row->date, ',') + 2 : row->date;
        int col = wide ? 18 : 12;
        text_put(y, x, col - 1, ROLE_DIM, date,
                 strlen(date) < (size_t)col ? strlen(date) : (size_t)col - 1);
        x += col;
    }
    int cols = wide ? 28 : r.w / 4;
    short_from(row->from, from, sizeof from);
    text_puts(y, x, cols - 1, selected ? ROLE_SELECTION : ROLE_CLIENT, *from ? from : "(no From)");
    x += cols;
    text_puts(y, x, end - x, ROLE_TEXT, *row->subject ? row->subject : "(no subject)");
}

/* What came of the letter that was asked for; "" where none was. */
static void progress(const struct mailview *m, char *out, size_t size)
{
    const struct drop_row *row;
    char came[16], all[16];
    uint64_t octets = maildrop_coming(m->drop, &row);
    *out = '\0';
    if (!row)
        return;
    size_words(octets, came, sizeof came);
    size_words(row->octets, all, sizeof all);
    snprintf(out, size,
             octets > row->octets + 1024 ? "[ letter %u: %s, LIST said %s; C-c ends it ]"
                                         : "[ letter %u: %s of %s ]",
             row->number, came, all);
}

/* The first line of the newest reply. */
static void newest_reply(struct session *s, char *out, size_t size)
{
    const struct source *src = transcript_source(session_transcript(s));
    struct item it;
    struct span line = {"", 0};
    for (size_t i = src->count(src->self); i-- > 0 && !line.n;)
        if (src->item(src->self, i, &it) && it.kind == ITEM_SERVER)
            src->line(src->self, i, 0, &line);
    snprintf(out, size, "%.*s", (int)(line.n < 120 ? line.n : 120), line.p);
}

/* Why there is no list yet, or none will come; *bad: something went wrong. */
static void mail_state(const struct tab *t, char *out, size_t size, bool *bad)
{
    const struct mailview *m = t->mail;
    char said[128];
    const char *last = t->session ? session_last(t->session) : "";
    *bad = true;
    if (!t->session || !session_is_open(t->session)) {
        snprintf(out, size, "There is no list: the connection is closed%s%s.", *last ? ": " : "",
                 last);
        return;
    }
    newest_reply(t->session, said, sizeof said);
    if ((m->step > 0 || !*m->account) && !session_outstanding(t->session) &&
        session_reply_class(t->session) != REPLY_OK) {
        snprintf(out, size,
                 "Logging in%s%s was refused: %s  Once you have logged in by yourself (i: USER, "
                 "PASS) the list comes.",
                 *m->account ? " as " : "", m->account, said);
        return;
    }
    *bad = false;
    snprintf(out, size, "logging in%s%s ...%s", *m->account ? " as " : "", m->account,
             m->eager ? " the first letter is opened then" : "");
}

static void no_list(const struct tab *t, const struct mailview *m, struct rect r)
{
    char words[500];
    const char *why = "";
    bool bad = false;
    uint64_t lines = m->drop ? maildrop_listing(m->drop) : 0;
    title(r, "[ mailbox ]", "");
    if (!m->drop)
        mail_state(t, words, sizeof words, &bad);
    else if (!maildrop_listed(m->drop, &why))
        snprintf(words, sizeof words,
                 lines ? "asking for the list ... %llu letters so far" : "asking for the list ...",
                 (unsigned long long)lines);
    else
        snprintf(words, sizeof words, "%s", *why ? why : "The maildrop is empty.");
    bad = bad || *why;
    struct rect in = {r.y + 1, r.x + 1, r.h - 1, r.w - 2};
    if (in.h > 0)
        text_wrap(in, 0, bad ? ROLE_WARNING : ROLE_DIM, words, strlen(words));
}

static void list(const struct tab *t, struct mailview *m, struct rect r)
{
    char right[100];
    const char *why, *note = "";
    size_t n = m->drop ? maildrop_count(m->drop) : 0;
    int h = r.h - 1;
    if (n == 0 || !maildrop_listed(m->drop, &why) || *why) {
        no_list(t, m, r);
        return;
    }
    note = maildrop_note(m->drop);
    if (*note && h > 2)
        h--;
    else
        note = "";
    if (m->selected >= n)
        m->selected = n - 1;
    if (m->selected < m->top)
        m->top = m->selected;
    if (h > 0 && m->selected >= m->top + (size_t)h)
        m->top = m->selected - (size_t)h + 1;
    progress(m, right, sizeof right);
    if (!*right)
        snprintf(right, sizeof right, "[ %zu/%zu ]", m->selected + 1, n);
    title(r, "[ mailbox ]", right);
    for (int i = 0; i < h && m->top + (size_t)i < n; i++) {
        bool selected = m->top + (size_t)i == m->selected;
        list_row(maildrop_row(m->drop, m->top + (size_t)i), r, r.y + 1 + i, selected);
        if (selected) {
            cursor_y = r.y + 1 + i;
            cursor_x = r.x;
        }
    }
    if (*note)
        text_puts(r.y + r.h - 1, r.x + 1, r.w - 2, ROLE_WARNING, note);
    maildrop_want(m->drop, m->top, h > 0 ? (size_t)h : 0);
}

void mail_draw(struct ui *ui)
{
    struct tab *t = ui_tab(ui);
    struct rect r = ui->layout.mail;
    if (r.h <= 0 || !t || !t->mail)
        return;
    struct mailview *m = t->mail;
    if (m->reading)
        mail_letter_draw(ui, m, r, &cursor_y, &cursor_x);
    else
        list(t, m, r);
}
