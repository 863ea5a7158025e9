/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The letter composer: opens on 354 (and on BDAT without a size), a line with a lone dot and Enter
 * sends. Its text is one buffer with LF line ends; dot-stuffing and CRLF are the session's work,
 * the notes beside the lines are letter_notes.c's. */
#include "tui/app.h"
#include "tui/letter_notes.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LETTER_MAX (8u << 20)

struct letter {
    struct buf text;
    size_t point, top; /* octets; top: start of the first line shown */
    struct buf killed;
    bool killing; /* the key before was C-k: this one appends */
    bool bdat, last;
    bool sum_valid;
    struct letter_sum sum;
    char mail_from[320];
};

static struct letter *of(const struct tab *t)
{
    return t->letter;
}

/* The envelope's sender: the newest MAIL of the talk. */
static void find_sender(struct tab *t, char *out, size_t size)
{
    out[0] = '\0';
    const struct source *src = ui_whole(t);
    for (size_t i = src->count(src->self), looked = 0; i-- > 0 && looked < 500; looked++) {
        struct item it;
        struct span s;
        if (!src->item(src->self, i, &it) || it.kind != ITEM_CLIENT ||
            !src->line(src->self, i, 0, &s) || s.n < 6 || strncasecmp(s.p, "MAIL ", 5) != 0)
            continue;
        const char *a = memchr(s.p, '<', s.n);
        const char *b = a ? memchr(a, '>', s.n - (size_t)(a - s.p)) : NULL;
        if (b)
            snprintf(out, size, "%.*s", (int)(b - a - 1), a + 1);
        return;
    }
}

void letter_open(struct app *app, struct tab *t, bool bdat, bool last)
{
    if (t->letter)
        return;
    struct letter *l = xcalloc(1, sizeof *l);
    buf_init(&l->text, LETTER_MAX);
    buf_init(&l->killed, LETTER_MAX);
    l->bdat = bdat;
    l->last = last;
    find_sender(t, l->mail_from, sizeof l->mail_from);
    t->letter = l;
    app->ui.dirty = true;
}

void letter_close(struct tab *t)
{
    struct letter *l = of(t);
    if (!l)
        return;
    buf_clear(&l->text);
    buf_clear(&l->killed);
    free(l);
    t->letter = NULL;
}

static void facts_of(struct tab *t, struct letter_facts *f)
{
    const struct caps *c = t->session ? session_caps(t->session) : NULL;
    f->mail_from = of(t)->mail_from[0] ? of(t)->mail_from : NULL;
    f->caps_known = c != NULL;
    f->eightbit_ok = c && caps_find(c, "8BITMIME");
    f->stuffed = !of(t)->bdat;
}

static const struct letter_sum *sum_of(struct tab *t)
{
    struct letter *l = of(t);
    if (!l->sum_valid) {
        struct letter_facts f;
        facts_of(t, &f);
        letter_sum(buf_str(&l->text), l->text.len, &f, &l->sum);
        l->sum_valid = true;
    }
    return &l->sum;
}

int letter_rows(const struct tab *t)
{
    int rows = 2;
    const struct buf *b = &of(t)->text;
    for (size_t i = 0; i < b->len && rows < 60; i++)
        rows += b->p[i] == '\n';
    return rows < 6 ? 6 : rows;
}

const struct buf *letter_text(const struct tab *t)
{
    return &of(t)->text;
}

/* -- changing the text
 * ------------------------------------------------------------------------------ */

static bool put(struct app *app, struct letter *l, const char *p, size_t n)
{
    size_t len = l->text.len;
    if (!buf_add(&l->text, p, n)) {
        ui_notice(&app->ui, true, "the letter is full: it may hold %u MiB", LETTER_MAX >> 20);
        return false;
    }
    memmove(l->text.p + l->point + n, l->text.p + l->point, len - l->point);
    memcpy(l->text.p + l->point, p, n);
    l->point += n;
    l->sum_valid = false;
    return true;
}

static void cut(struct letter *l, size_t from, size_t to)
{
    if (to <= from)
        return;
    memmove(l->text.p + from, l->text.p + to, l->text.len - to);
    buf_trim(&l->text, l->text.len - (to - from));
    l->point = from;
    l->sum_valid = false;
    if (l->top > l->text.len)
        l->top = 0;
}

void letter_insert(struct app *app, struct tab *t, const char *p, size_t n)
{
    struct letter *l = of(t);
    for (size_t at = 0; at < n;) { /* line ends of a paste: CR, LF, CRLF */
        size_t end = at;
        while (end < n && p[end] != '\r' && p[end] != '\n')
            end++;
        if (!put(app, l, p + at, end - at))
            return;
        if (end < n && !put(app, l, "\n", 1))
            return;
        at = end + 1 + (end + 1 < n && p[end] == '\r' && p[end + 1] == '\n');
    }
    app->ui.dirty = true;
}

void letter_set(struct app *app, struct tab *t, const char *p, size_t n)
{
    struct letter *l = of(t);
    buf_trim(&l->text, 0);
    l->point = l->top = 0;
    l->sum_valid = false;
    letter_insert(app, t, p, n);
}

static size_t back_one(const struct letter *l, size_t at)
{
    while (at > 0 && ((unsigned char)l->text.p[--at] & 0xc0) == 0x80)
        ;
    return at;
}

static size_t on_one(const struct letter *l, size_t at)
{
    if (at < l->text.len)
        at++;
    while (at < l->text.len && ((unsigned char)l->text.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static size_t line_start(const struct letter *l, size_t at)
{
    while (at > 0 && l->text.p[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const struct letter *l, size_t at)
{
    const char *lf = at < l->text.len ? memchr(l->text.p + at, '\n', l->text.len - at) : NULL;
    return lf ? (size_t)(lf - l->text.p) : l->text.len;
}

/* Up or down to the same column, in octets on a UTF-8 boundary. */
static void vertical(struct letter *l, bool down)
{
    size_t start = line_start(l, l->point), column = l->point - start, to;
    if (down) {
        size_t end = line_end(l, l->point);
        if (end >= l->text.len)
            return;
        to = end + 1;
    } else {
        if (start == 0)
            return;
        to = line_start(l, start - 1);
    }
    size_t end = line_end(l, to);
    l->point = to + column < end ? to + column : end;
    while (l->point > to && l->point < l->text.len &&
           ((unsigned char)l->text.p[l->point] & 0xc0) == 0x80)
        l->point--;
}

static size_t word_back(const struct letter *l, size_t at)
{
    while (at > 0 && (l->text.p[at - 1] == ' ' || l->text.p[at - 1] == '\n'))
        at--;
    while (at > 0 && l->text.p[at - 1] != ' ' && l->text.p[at - 1] != '\n')
        at--;
    return at;
}

static size_t word_on(const struct letter *l, size_t at)
{
    while (at < l->text.len && (l->text.p[at] == ' ' || l->text.p[at] == '\n'))
        at++;
    while (at < l->text.len && l->text.p[at] != ' ' && l->text.p[at] != '\n')
        at++;
    return at;
}

static void kill_to(struct letter *l, size_t from, size_t to, bool append)
{
    if (!append)
        buf_trim(&l->killed, 0);
    if (to > from)
        buf_add(&l->killed, l->text.p + from, to - from);
    cut(l, from, to);
}

/* -- sending, leaving
 * ------------------------------------------------------------------------------- */

/* The lone dot that ended it (and empty lines below it) is no part of it. */
size_t letter_length(const struct tab *t)
{
    struct letter *l = of(t);
    size_t n = l->text.len, end = n;
    while (end > 0 && l->text.p[end - 1] == '\n')
        end--;
    if (end > 0 && l->text.p[end - 1] == '.' && line_start(l, end) == end - 1)
        n = end - 1;
    return n;
}

void letter_send(struct app *app, struct tab *t)
{
    struct letter *l = of(t);
    char why[256];
    if (!l)
        return;
    size_t n = letter_length(t);
    bool ok = l->bdat ? session_bdat(t->session, buf_str(&l->text), n, l->last, why, sizeof why)
                      : session_letter(t->session, buf_str(&l->text), n, why, sizeof why);
    if (!ok) {
        ui_notice(&app->ui, true, "not sent: %s", why);
        return;
    }
    letter_close(t);
    present_sent(app);
    app->ui.focus = FOCUS_EDITOR;
    app->ui.dirty = true;
    line_next(app);
}

static void answered_drop(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    if (!answer || !t || !t->letter)
        return;
    bool drop = !of(t)->bdat && session_is_open(t->session);
    letter_close(t);
    if (drop)
        session_drop(t->session);
}

void letter_cancel(struct app *app, struct tab *t)
{
    if (!session_is_open(t->session))
        prompt_ask(app, PROMPT_YESNO, "throw this letter away?", NULL, answered_drop,
                   "The connection is gone, so this letter cannot be sent here any more (C-x C-e "
                   "opens it in "
                   "your editor, where a copy can be kept). Throw it away?");
    else if (of(t)->bdat)
        prompt_ask(app, PROMPT_YESNO, "throw this letter away?", NULL, answered_drop,
                   "Nothing of it was sent yet: BDAT goes out as a whole when the letter is ended. "
                   "Throw away what you wrote?");
    else
        prompt_ask(app, PROMPT_YESNO, "drop the connection?", NULL, answered_drop,
                   "SMTP has no way to abort inside DATA: after 354 every line is the letter, RSET "
                   "and QUIT "
                   "too, until a lone dot ends it - and then the server delivers it. Only a broken "
                   "connection makes the server throw the letter away (RFC 5321 4.1.1.4).\n\n"
                   "Drop the connection? (No goes on writing.)");
}

void letter_fill(struct app *app, struct tab *t)
{
    struct letter *l = of(t);
    char date[64], to[320] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (l->text.len > 0) {
        letter_insert(app, t, "\t", 1);
        return;
    }
    /* The first accepted recipient: the newest RCPT will do where there are several. */
    const struct source *src = ui_whole(t);
    for (size_t i = src->count(src->self), looked = 0; i-- > 0 && looked < 500; looked++) {
        struct span s;
        struct item it;
        if (src->item(src->self, i, &it) && it.kind == ITEM_CLIENT &&
            src->line(src->self, i, 0, &s) && s.n > 5 && strncasecmp(s.p, "RCPT ", 5) == 0) {
            const char *a = memchr(s.p, '<', s.n);
            const char *b = a ? memchr(a, '>', s.n - (size_t)(a - s.p)) : NULL;
            if (b)
                snprintf(to, sizeof to, "%.*s", (int)(b - a - 1), a + 1);
            break;
        }
    }
    /* Names of days and months in English whatever the locale: RFC 5322 3.3. */
    static const char *const day[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    localtime_r(&now, &tm);
    char zone[8];
    strftime(zone, sizeof zone, "%z", &tm);
    snprintf(date, sizeof date, "%s, %d %s %d %02d:%02d:%02d %s", day[tm.tm_wday], tm.tm_mday,
             month[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, zone);
    struct buf b;
    buf_init(&b, 4096);
    buf_addf(&b, "From: %s\nTo: %s\nDate: %s\nSubject: ", l->mail_from, to, date);
    letter_insert(app, t, buf_str(&b), b.len);
    buf_clear(&b);
}

/* -- keys
 * ------------------------------------------------------------------------------------------- */

static void enter(struct app *app, struct tab *t)
{
    struct letter *l = of(t);
    size_t start = line_start(l, l->point), end = line_end(l, l->point), rest = end;
    while (rest < l->text.len && l->text.p[rest] == '\n')
        rest++;
    if (end - start == 1 && l->text.p[start] == '.' && rest == l->text.len)
        letter_send(app, t);
    else
        put(app, l, "\n", 1);
}

static void named(struct app *app, struct tab *t, const struct key *k)
{
    struct letter *l = of(t);
    switch (k->code) {
    case TKEY_ENTER:
        enter(app, t);
        break;
    case TKEY_UP:
    case TKEY_DOWN:
        vertical(l, k->code == TKEY_DOWN);
        break;
    case TKEY_LEFT:
        l->point = back_one(l, l->point);
        break;
    case TKEY_RIGHT:
        l->point = on_one(l, l->point);
        break;
    case TKEY_HOME:
        l->point = line_start(l, l->point);
        break;
    case TKEY_END:
        l->point = line_end(l, l->point);
        break;
    case TKEY_BACKSPACE:
        if (k->alt)
            kill_to(l, word_back(l, l->point), l->point, false);
        else
            cut(l, back_one(l, l->point), l->point);
        break;
    case TKEY_DEL:
        cut(l, l->point, on_one(l, l->point));
        break;
    }
}

void letter_key(struct app *app, struct tab *t, const struct key *k)
{
    struct letter *l = of(t);
    bool was_kill = l->killing;
    size_t n;
    l->killing = false;
    app->ui.dirty = true;
    if (k->kind == KEY_NAMED_) {
        named(app, t, k);
        return;
    }
    if (k->alt) {
        if (k->ch == 'f')
            l->point = word_on(l, l->point);
        else if (k->ch == 'b')
            l->point = word_back(l, l->point);
        else if (k->ch == 'd')
            kill_to(l, l->point, word_on(l, l->point), false);
        else if (k->ch == '<')
            l->point = 0;
        else if (k->ch == '>')
            l->point = l->text.len;
        return;
    }
    switch (k->ch) {
    case 'A' & 31:
        l->point = line_start(l, l->point);
        break;
    case 'E' & 31:
        l->point = line_end(l, l->point);
        break;
    case 'B' & 31:
        l->point = back_one(l, l->point);
        break;
    case 'F' & 31:
        l->point = on_one(l, l->point);
        break;
    case 'P' & 31:
    case 'N' & 31:
        vertical(l, k->ch == ('N' & 31));
        break;
    case 'D' & 31:
        cut(l, l->point, on_one(l, l->point));
        break;
    case 'H' & 31:
        cut(l, back_one(l, l->point), l->point);
        break;
    case 'J' & 31:
        enter(app, t);
        break;
    case 'K' & 31: {
        size_t end = line_end(l, l->point);
        kill_to(l, l->point, end == l->point && end < l->text.len ? end + 1 : end, was_kill);
        l->killing = true;
        break;
    }
    case 'U' & 31:
        kill_to(l, line_start(l, l->point), l->point, false);
        break;
    case 'W' & 31:
        kill_to(l, word_back(l, l->point), l->point, false);
        break;
    case 'Y' & 31:
        if (l->killed.len)
            put(app, l, l->killed.p, l->killed.len);
        break;
    default:
        if (k->ch >= ' ' && k->ch != 0x7f) {
            const char *bytes = term_key_bytes(&n);
            put(app, l, bytes, n);
        }
    }
}

/* -- drawing
 * ---------------------------------------------------------------------------------------- */

static void title(struct app *app, struct tab *t, const struct letter_sum *s)
{
    struct rect r = app->ui.layout.title;
    struct letter *l = of(t);
    if (r.h < 1)
        return;
    char words[200];
    bool focus = app->ui.focus == FOCUS_EDITOR;
    enum role border = focus ? ROLE_FOCUS_BORDER : ROLE_BORDER;
    const char *rule = focus ? "==" : "--";
    snprintf(words, sizeof words, "%s[ %s ]%s %zu line%s, 8bit: %s, longest %zu/%d, %zu octets ",
             rule, l->bdat ? "LETTER by BDAT" : "LETTER", rule, s->lines, s->lines == 1 ? "" : "s",
             s->eightbit ? "yes" : "no", s->longest, LETTER_LINE_MAX, s->octets);
    panes_rule(r, focus);
    text_puts(r.y, r.x, r.w, border, words);
}

void letter_draw(struct app *app, struct tab *t)
{
    struct letter *l = of(t);
    struct rect r = app->ui.layout.editor;
    struct letter_facts f;
    const struct letter_sum *s = sum_of(t);
    facts_of(t, &f);
    title(app, t, s);
    if (r.h < 1)
        return;
    text_fill(r, ROLE_TEXT);
    struct rect hint = app->ui.layout.hint;
    if (hint.h && !app->ui.notice[0])
        text_puts(
            hint.y, hint.x + 1, hint.w - 1, ROLE_NOTE,
            l->text.len
                ? "a line with a lone dot, and Enter: sends the letter"
                : "Tab writes From, To, Date and Subject; a line with a lone dot sends the letter");
    /* Bring the point's line into view. */
    size_t here = line_start(l, l->point);
    l->top = line_start(l, l->top > l->text.len ? l->text.len : l->top);
    if (here < l->top)
        l->top = here;
    size_t at = here;
    for (int i = 0; i < r.h - 1 && at > l->top; i++)
        at = line_start(l, at - 1);
    if (at > l->top)
        l->top = at;
    /* No row stays empty below while a line is hidden above. */
    int below = 0;
    for (at = l->top; below < r.h && at <= l->text.len; below++)
        at = line_end(l, at) + 1;
    for (; below < r.h && l->top > 0; below++)
        l->top = line_start(l, l->top - 1);
    size_t number = 0;
    for (const char *p = l->text.p, *end = p ? p + l->top : p; p && p < end; number++)
        p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;

    int wide = r.w >= 78 ? r.w / 2 : 0; /* columns of the notes */
    int cy = r.y, cx = r.x;
    at = l->top;
    for (int row = 0; row < r.h; row++, number++) {
        size_t end = line_end(l, at), n = end - at, skip = 0;
        const char *p = buf_str(&l->text) + at;
        char note[200];
        size_t notes = letter_note(&f, s, number, p, n, note, sizeof note);
        int x = r.x + text_putf(r.y + row, r.x, 5, ROLE_DIM, "%3zu ", number + 1);
        int textw = r.x + r.w - x;
        if (notes && wide)
            textw -= wide;
        bool mine = at == here;
        if (mine) /* a line longer than the window scrolls with the cursor */
            while (skip < l->point - at && text_width(p + skip, l->point - at - skip) >= textw)
                skip = on_one(l, at + skip) - at;
        text_put(r.y + row, x, textw, ROLE_CLIENT, p + skip, n - skip);
        if (notes && wide) {
            int nx = r.x + r.w - wide;
            nx += text_puts(r.y + row, nx, 2, ROLE_NOTE, "| ");
            text_cut(r.y + row, nx, r.x + r.w - nx, n > LETTER_LINE_MAX ? ROLE_WARNING : ROLE_NOTE,
                     note, notes);
        }
        bool whole = wide && text_width(note, notes) <= wide - 2;
        if (notes && mine && !whole && hint.h > 0 && !app->ui.notice[0]) {
            text_fill(hint, ROLE_TEXT);
            text_cut(hint.y, hint.x + 1, hint.w - 1, ROLE_NOTE, note, notes);
        }
        if (mine) {
            cy = r.y + row;
            cx = x + text_width(p + skip, l->point - at - skip);
        }
        if (end >= l->text.len)
            break;
        at = end + 1;
    }
    move(cy, cx < r.x + r.w ? cx : r.x + r.w - 1);
}
