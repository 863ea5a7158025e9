/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mailbox in the workbench: opening it over the session in view (in practice it logs in by
 * itself), reading, saving parts, deleting after a question. Everything goes through the session,
 * so that the transcript shows how mail programs do it. */
#include "tui/mail.h"
#include "tui/app.h"
#include "tui/panes.h"
#include "heloscope/filesave.h"
#include "heloscope/practice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void lines_drop(struct mailview *m);

static void letter_drop(struct mailview *m)
{
    lines_drop(m);
    if (m->there)
        reader_clear(&m->reader);
    buf_clear(&m->text);
    m->there = false;
    m->stack.scroll = m->at = 0;
    for (int i = 0; i < MAIL_VIEWS; i++)
        m->view[i].scroll = 0;
}

void mail_close(struct tab *t)
{
    if (!t->mail)
        return;
    letter_drop(t->mail);
    maildrop_free(t->mail->drop);
    free(t->mail);
    t->mail = NULL;
}

static void add_line(void *arg, enum views_line kind, const char *label, const char *text)
{
    struct mailview *m = arg;
    if (m->nlines % 256 == 0)
        m->lines = xrealloc(m->lines, (m->nlines + 256) * sizeof *m->lines);
    if (kind == VIEWS_VIEW && *text >= '1' && *text < '1' + MAIL_VIEWS)
        m->adding = *text - '1';
    if (kind == VIEWS_WARNING && !*label)
        label = "! careful"; /* colour alone says nothing */
    m->lines[m->nlines++] = (struct mail_line){kind, m->adding, xstrdup(label), xstrdup(text), 0};
}

/* In practice the letter is judged again here, so that the verdict comes with its reasons and one
 * thing can be changed. */
static void tell_views(struct mailview *m, bool practice)
{
    struct buf base, then;
    struct whatif usual;
    char why[300], changed[200];
    buf_init(&base, 1 << 18);
    buf_init(&then, 1 << 18);
    whatif_init(&usual);
    /* Those that the lessons speak of. */
    static const char *const known[] = {"bank.test", "bank.example", PRACTICE_HOST, NULL};
    struct views_of v = {
        .text = buf_str(&m->text), .n = m->text.len, .reader = &m->reader, .domains = known};
    if (practice && whatif_judge(&usual, buf_str(&m->text), m->text.len, &base, why, sizeof why))
        v.verdict = buf_str(&base);
    whatif_said(&m->whatif, changed, sizeof changed);
    if (v.verdict && *changed &&
        whatif_judge(&m->whatif, buf_str(&m->text), m->text.len, &then, why, sizeof why)) {
        v.changed = changed;
        v.whatif = buf_str(&then);
    }
    views_tell(&v, add_line, m);
    m->adding = 2; /* what the reader is shown */
    views_body(&v, add_line, m);
    if (m->cut)
        add_line(m, VIEWS_WARNING, "",
                 "The letter is longer than 256 MB: the rest of it is not looked at.");
    buf_clear(&base);
    buf_clear(&then);
}

static void lines_drop(struct mailview *m)
{
    for (size_t i = 0; i < m->nlines; i++) {
        free(m->lines[i].label);
        free(m->lines[i].text);
    }
    free(m->lines);
    m->lines = NULL;
    m->nlines = 0;
    m->width = 0;
}

/* Takes over what *text holds. */
static void letter_show(struct mailview *m, bool practice, size_t row, struct buf *text, bool cut)
{
    letter_drop(m);
    m->text = *text;
    m->there = true;
    m->cut = cut;
    m->row = row;
    reader_open(&m->reader, buf_str(&m->text), m->text.len);
    whatif_init(&m->whatif);
    tell_views(m, practice);
    m->reading = true;
}

/* Practice: USER and PASS of an account whose password everybody knows. UTF8 goes before them: a
 * letter with a bare "é" in its header is not given out without it (RFC 6856 2). */
static void log_in(struct tab *t)
{
    struct mailview *m = t->mail;
    char line[200], why[200];
    int n = 0;
    if (!session_is_up(t->session) || session_outstanding(t->session) ||
        transcript_count(session_transcript(t->session)) == 0 ||
        session_reply_class(t->session) != REPLY_OK)
        return;
    if (m->step == 0)
        n = snprintf(line, sizeof line, "UTF8");
    if (m->step == 1)
        n = snprintf(line, sizeof line, "USER %s", m->account);
    for (const struct account_row *a = world_accounts(); m->step == 2 && a->address; a++)
        if (strcspn(a->address, "@") == strlen(m->account) &&
            !strncmp(a->address, m->account, strlen(m->account)))
            n = snprintf(line, sizeof line, "PASS %s", a->password);
    if (n > 0 && session_line(t->session, line, (size_t)n, why, sizeof why))
        m->step++;
    explicit_bzero(line, sizeof line);
}

void mail_watch(struct app *app, struct tab *t)
{
    struct mailview *m = t->mail;
    char why[300];
    if (!m || !t->session)
        return;
    if (!m->drop && *m->account && m->step < 3)
        log_in(t);
    if (!m->drop && !m->opening && session_now(t->session)->authed &&
        !session_outstanding(t->session)) {
        m->opening = true;
        m->drop = maildrop_open(t->session, why, sizeof why);
        m->opening = false;
    }
    if (!m->drop || !maildrop_look(m->drop))
        return;
    size_t row;
    struct buf text;
    bool cut;
    const char *refused;
    buf_init(&text, 0);
    bool there = m->waiting && maildrop_letter(m->drop, &row, &text, &cut, &refused);
    if (there) {
        app->ui.notice[0] = '\0'; /* "fetching ..." */
        letter_show(m, session_is_practice(t->session), row, &text, cut);
    } else if (m->waiting && *refused) {
        ui_notice(&app->ui, true, "not fetched: %s", refused);
    }
    m->waiting = m->waiting && !there && !*refused;
    if (m->eager && maildrop_listed(m->drop, &refused)) {
        m->eager = false;
        if (maildrop_count(m->drop))
            mail_enter(app, t);
    }
    app->ui.dirty = true;
}

static void focus_mail(struct app *app)
{
    app->ui.focus = app->ui.small_pane = FOCUS_MAIL;
    app->ui.zoom = false;
}

/* With a password, and with or without the world's domain. */
static bool can_log_in(const char *name)
{
    size_t n = strcspn(name, "@");
    for (const struct account_row *a = world_accounts(); a->address; a++)
        if (*a->password && !strncmp(a->address, name, n) && a->address[n] == '@' &&
            (!name[n] || !strcmp(a->address + n, name + n)))
            return true;
    return false;
}

void mail_open(struct app *app, const char *account)
{
    struct tab *t = ui_tab(&app->ui);
    char why[300];
    if (t && t->mail && !*account) {
        focus_mail(app);
        return;
    }
    bool pop3 = t && t->session && !strcmp(session_proto(t->session)->name, "pop3");
    bool practice = !t || !t->session || session_is_practice(t->session);
    if (!pop3 || *account || (practice && !session_now(t->session)->authed)) {
        if (!practice) {
            ui_notice(&app->ui, true,
                      "a mailbox is read by POP3: connect to pop3s://HOST and log in (:auth)");
            return;
        }
        const char *name = *account ? account : "student";
        int name_n = (int)strcspn(name, "@");
        if (!can_log_in(name)) {
            ui_notice(&app->ui, true,
                      "nobody can log in as %.60s in the practice world: student and teacher can",
                      name);
            return;
        }
        if (!tabs_practice(app, "pop3"))
            return;
        t = ui_tab(&app->ui);
        t->mail = xcalloc(1, sizeof *t->mail);
        snprintf(t->mail->account, sizeof t->mail->account, "%.*s", name_n, name);
        focus_mail(app);
        return;
    }
    /* While a reply is waited for, that to PASS perhaps, mail_watch() opens it. */
    bool soon = session_is_open(t->session) && session_outstanding(t->session) &&
                session_ahead(t->session)->authed;
    struct maildrop *drop = soon ? NULL : maildrop_open(t->session, why, sizeof why);
    if (!drop && !soon) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    mail_close(t);
    t->mail = xcalloc(1, sizeof *t->mail);
    t->mail->drop = drop;
    focus_mail(app);
}

static struct mail_pane *in_focus(struct mailview *m)
{
    return m->shape == MAIL_STACKED ? &m->stack : &m->view[m->at];
}

int mail_page(const struct ui *ui, const struct tab *t)
{
    struct mailview *m = t->mail;
    int h = m && m->reading ? in_focus(m)->h : ui->layout.mail.h - 1;
    return h > 2 ? h - 1 : 1;
}

bool mail_next_view(struct tab *t, int by)
{
    if (!t->mail || !t->mail->reading)
        return false;
    mail_to_view(t->mail, (t->mail->at + by + MAIL_VIEWS) % MAIL_VIEWS);
    return true;
}

bool mail_view(struct tab *t, int v)
{
    if (!t->mail || !t->mail->reading)
        return false;
    mail_to_view(t->mail, v);
    return true;
}

void mail_move(struct tab *t, int by)
{
    struct mailview *m = t->mail;
    if (m && m->reading) {
        in_focus(m)->scroll += by;
        m->scrolled = true;
    } else if (m && by < 0)
        m->selected = m->selected > (size_t)-by ? m->selected + (size_t)by : 0;
    else if (m)
        m->selected += (size_t)by; /* drawing knows where the end is */
}

void mail_to_end(struct tab *t, bool top)
{
    struct mailview *m = t->mail;
    size_t n = m && m->drop ? maildrop_count(m->drop) : 0;
    if (m && m->reading) {
        in_focus(m)->scroll = top ? 0 : 1 << 28;
        m->scrolled = true;
    } else if (m)
        m->selected = top || !n ? 0 : n - 1;
}

void mail_enter(struct app *app, struct tab *t)
{
    struct mailview *m = t->mail;
    char why[200];
    const char *refused = "";
    if (!m || m->reading)
        return;
    if (!m->drop || !maildrop_listed(m->drop, &refused)) {
        m->eager = !m->eager && session_is_open(t->session);
        ui_notice(&app->ui, false, "%s",
                  m->eager ? "the list has not come yet; the letter is opened when it is there "
                             "(Enter again: not)"
                           : "no letter is opened");
        return;
    }
    if (*refused)
        ui_notice(&app->ui, true, "%s", refused);
    else if (m->there && m->row == m->selected)
        m->reading = true; /* it is here already */
    else if (!maildrop_fetch(m->drop, m->selected, why, sizeof why))
        ui_notice(&app->ui, true, "%s", why);
    else {
        m->waiting = true;
        ui_notice(&app->ui, false, "fetching ...");
    }
}

bool mail_back(struct tab *t)
{
    if (!t->mail || !t->mail->reading)
        return false;
    t->mail->reading = false;
    return true;
}

static void delete_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    char why[200];
    if (!answer || !t || !t->mail || !t->mail->drop)
        return;
    if (!maildrop_delete(t->mail->drop, t->mail->selected, why, sizeof why))
        ui_notice(&app->ui, true, "%s", why);
    else
        t->mail->reading = false;
}

void mail_delete(struct app *app, struct tab *t)
{
    const struct drop_row *row =
        t->mail && t->mail->drop ? maildrop_row(t->mail->drop, t->mail->selected) : NULL;
    if (row)
        prompt_ask(app, PROMPT_YESNO, "delete?", NULL, delete_told,
                   "Mark letter %u as deleted (DELE %u)? It goes away at QUIT; RSET before that "
                   "takes the mark away.",
                   row->number, row->number);
}

static size_t part_to_save; /* 0: the letter as it came */

static void path_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    char why[4600];
    if (!answer || !*answer || !t || !t->mail || !t->mail->there)
        return;
    if (part_to_save == 0 && filesave_buf(answer, 0600, false, &t->mail->text, why, sizeof why))
        ui_notice(&app->ui, false, "the letter is saved as %s", answer);
    else if (part_to_save == 0)
        ui_notice(&app->ui, true, "%s", why);
    else if (reader_save(&t->mail->reader, part_to_save - 1, answer, why, sizeof why))
        ui_notice(&app->ui, false, "part %zu saved as %s", part_to_save, answer);
    else
        ui_notice(&app->ui, true, "%s", why);
}

/* A file's name that a stranger chose: no folder, no leading dot, nothing odd. */
static void safe_name(const char *name, char *out, size_t size)
{
    size_t at = 0;
    const char *slash = strrchr(name, '/');
    for (const char *p = slash ? slash + 1 : name; *p && at + 1 < size; p++) {
        unsigned char c = (unsigned char)*p;
        bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    c == '-' || c == '_' || (c == '.' && at > 0);
        out[at++] = good ? (char)c : '_';
    }
    out[at] = '\0';
}

static void part_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    char *end, name[128];
    if (!answer || !*answer || !t || !t->mail || !t->mail->there)
        return;
    part_to_save = strtoul(answer, &end, 10);
    const struct reader *r = &t->mail->reader;
    if (!*end && end != answer && part_to_save == 0) {
        prompt_ask(app, PROMPT_TEXT, "save as", "letter.eml", path_told,
                   "The whole letter is written to a new file as it came: heloscope verify judges "
                   "it, send --data sends it.");
        return;
    }
    if (*end || part_to_save < 1 || part_to_save > r->nparts || !r->parts[part_to_save - 1].whole) {
        ui_notice(&app->ui, true, "\"%.20s\" is no part that can be saved", answer);
        return;
    }
    safe_name(r->parts[part_to_save - 1].name, name, sizeof name);
    prompt_ask(app, PROMPT_TEXT, "save as", *name ? name : "part", path_told,
               "Part %zu (%s) is written to a new file; nothing is overwritten, nothing is run.",
               part_to_save, r->parts[part_to_save - 1].type);
}

void mail_save(struct app *app, struct tab *t)
{
    struct mailview *m = t->mail;
    if (!m || !m->reading || !m->there) {
        ui_notice(&app->ui, true, "open a letter first: Enter");
        return;
    }
    char one[24] = "0";
    for (size_t i = 0; i < m->reader.nparts && *one == '0'; i++)
        if (m->reader.parts[i].attachment)
            snprintf(one, sizeof one, "%zu", i + 1);
    if (m->reader.nparts)
        prompt_ask(app, PROMPT_TEXT, "save which part?", one, part_told,
                   "The number of the part, as the letter's list of parts shows it (1 to %zu), or "
                   "0: the whole letter as it came.",
                   m->reader.nparts);
    else
        part_told(app, one); /* its parts could not be told apart */
}

static void whatif_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    char why[600], said[200];
    if (!answer || !*answer || !t || !t->mail || !t->mail->there)
        return;
    if (!whatif_change(&t->mail->whatif, answer, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    lines_drop(t->mail);
    tell_views(t->mail, true);
    whatif_said(&t->mail->whatif, said, sizeof said);
    ui_notice(&app->ui, false, "what if: %s", *said ? said : "nothing is changed");
}

void mail_whatif(struct app *app, struct tab *t)
{
    if (!t->mail || !t->mail->reading)
        ui_notice(&app->ui, true,
                  "what-if is for a letter that is read (m, then Enter); :world changes what "
                  "is sent from now on");
    else if (!session_is_practice(t->session))
        ui_notice(&app->ui, true,
                  "what-if changes the practice world's DNS, which knows nobody of this letter; "
                  "heloscope verify judges a saved one");
    else
        prompt_ask(app, PROMPT_TEXT, "what if?", NULL, whatif_told,
                   "Change one thing, and see what the verdict becomes. Say %s.", whatif_words());
}
