/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of the tab in view: what Enter, Tab, C-c and a paste do, what of a line is
 * secret, and the queue of pasted lines. The editing is editor.c's, the drawing line_draw.c's. */
#include "tui/app.h"
#include "tui/editor.h"
#include "tui/panes.h"
#include "tui/queue.h"
#include "heloscope/practice.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Has an empty line a meaning of its own here: the answer to a challenge, two octets of a chunk, or
 * the end of a letter's header? */
static bool empty_counts(const struct tab *t)
{
    if (!t || !t->session)
        return false;
    const struct verb *answer = proto_pseudo(session_proto(t->session), VERB_ANSWER);
    return (answer && proto_legal(answer, session_now(t->session))) ||
           session_literal_left(t->session) > 0 || session_letter_awaited(t->session);
}

static struct queue *queue_of(struct tab *t)
{
    if (!t->queue) {
        t->queue = xcalloc(1, sizeof(struct queue));
        queue_init(t->queue);
    }
    return t->queue;
}

static void accepted(void *arg, const char *line)
{
    struct app *app = arg;
    struct tab *t = ui_tab(&app->ui);
    size_t n = strlen(line);
    app->ui.dirty = true;
    if (n == 0 && !empty_counts(t)) {
        line_next(app);
        return;
    }
    /* A copy: what is done here may change readline's line, and a refused line comes back. */
    char *copy = xstrdup(line);
    bool queued = app->from_queue;
    bool done = copy[0] == ':' ? command_run(app, copy + 1) : line_send(app, copy);
    if (done) {
        if (queued && t && t->queue)
            queue_pop(t->queue);
        app->from_queue = false;
        line_next(app);
    } else
        editor_set(copy, n);
    explicit_bzero(copy, n);
    free(copy);
}

static void external_wanted(void *arg)
{
    external_line(arg);
}

void line_open(struct app *app)
{
    editor_open(accepted, external_wanted, app);
    if (gethostname(app->host, sizeof app->host - 1) != 0 || !app->host[0])
        snprintf(app->host, sizeof app->host, "laptop.example");
}

bool cmdline_secret(struct tab *t, const char *line, size_t n, size_t *at, size_t *len)
{
    const struct proto *p = t && t->session ? session_proto(t->session) : NULL;
    *at = *len = 0;
    if (!p || n == 0)
        return false;
    const struct verb *answer = proto_pseudo(p, VERB_ANSWER);
    if (answer && proto_legal(answer, session_ahead(t->session))) {
        *len = n;
        return !(n == 1 && line[0] == '*');
    }
    struct command c;
    p->command(session_ahead(t->session), session_may_answer(t->session), line, n, &c);
    *at = c.secret;
    *len = c.secret_len;
    return c.secret_len > 0;
}

/* -- addresses
 * ------------------------------------------------------------------------------------- */

void line_know_address(struct app *app, const char *p, size_t n, enum address_kind kind)
{
    if (n == 0 || n > 254 || !memchr(p, '@', n))
        return;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] <= ' ' || p[i] == 0x7f)
            return;
    size_t i;
    for (i = 0; i < app->naddresses; i++)
        if (strlen(app->addresses[i]) == n && strncasecmp(app->addresses[i], p, n) == 0)
            break;
    char *keep = i < app->naddresses ? app->addresses[i] : xstrndup(p, n);
    unsigned char kinds = (unsigned char)(kind | (i < app->naddresses ? app->address_kinds[i] : 0));
    if (i == ADDRESSES_MAX)
        free(app->addresses[--i]);
    else if (i == app->naddresses)
        app->naddresses++;
    memmove(app->addresses + 1, app->addresses, i * sizeof *app->addresses);
    memmove(app->address_kinds + 1, app->address_kinds, i);
    app->addresses[0] = keep;
    app->address_kinds[0] = kinds;
}

/* The address in <> of a command's line; n 0: there is none. */
static const char *address_in(const char *p, size_t n, size_t *len)
{
    const char *a = n ? memchr(p, '<', n) : NULL,
               *b = a ? memchr(a, '>', n - (size_t)(a - p)) : NULL;
    *len = b ? (size_t)(b - a) - 1 : 0;
    return b ? a + 1 : NULL;
}

/* Marks those that were refused for good a moment ago: to offer them again helps nobody. */
static void mark_refused(struct tab *t, const struct complete_context *c, unsigned char *kinds)
{
    const struct source *src = ui_whole(t);
    size_t count = src->count(src->self);
    uint32_t refused = 0;
    for (size_t i = count; i-- > 0 && count - i <= 16;) {
        struct item it;
        struct moment m;
        struct span line;
        size_t n;
        const char *a;
        if (!src->item(src->self, i, &it) || !src->moment(src->self, i, &m) || !m.exchange)
            continue;
        if (it.kind == ITEM_SERVER && m.reply.cls == REPLY_PERM)
            refused = m.exchange;
        if (it.kind != ITEM_CLIENT || m.exchange != refused || !src->line(src->self, i, 0, &line) ||
            !(a = address_in(line.p, line.n, &n)))
            continue;
        for (size_t k = 0; k < c->naddresses; k++)
            if (strlen(c->addresses[k]) == n && strncasecmp(c->addresses[k], a, n) == 0)
                kinds[k] |= ADDRESS_REFUSED;
    }
}

/* Messages in the maildrop, as the last STAT told. */
static unsigned messages_of(struct tab *t)
{
    const struct source *src = ui_whole(t);
    size_t count = src->count(src->self), looked = 0;
    for (size_t i = count; i-- > 0 && looked < 200; looked++) {
        struct item it;
        struct moment m;
        struct span s;
        unsigned n;
        char line[64];
        if (!src->item(src->self, i, &it) || it.kind != ITEM_SERVER ||
            !src->moment(src->self, i, &m) || strcmp(m.command.name, "STAT") != 0 ||
            !src->line(src->self, i, 0, &s))
            continue;
        snprintf(line, sizeof line, "%.*s", s.n > 60 ? 60 : (int)s.n, s.p);
        return sscanf(line, "+OK %u", &n) == 1 ? n : 0;
    }
    return 0;
}

void line_context(struct app *app, struct complete_context *c)
{
    static const char *known[ADDRESSES_MAX + 32];
    static unsigned char kinds[ADDRESSES_MAX + 32];
    static char own[300];
    struct tab *t = ui_tab(&app->ui);
    memset(c, 0, sizeof *c);
    if (!t || !t->session)
        return;
    bool practice = session_is_practice(t->session);
    c->proto = session_proto(t->session);
    c->where = session_ahead(t->session);
    c->caps = session_caps(t->session);
    c->host = practice ? "laptop.example" : app->host;
    const char *user = getenv("USER");
    snprintf(own, sizeof own, "%s@%s", practice || !user || !*user ? "you" : user, c->host);
    c->own = own;
    for (size_t i = 0; i < app->naddresses; i++)
        if (strcasecmp(app->addresses[i], own) != 0) {
            kinds[c->naddresses] = app->address_kinds[i];
            known[c->naddresses++] = app->addresses[i];
        }
    const struct account_row *a = practice ? world_accounts() : NULL;
    for (; a && a->address && c->naddresses < ADDRESSES_MAX + 30; a++) {
        kinds[c->naddresses] = ADDRESS_TO;
        known[c->naddresses++] = a->address;
    }
    c->addresses = known;
    c->kinds = kinds;
    if (app->naddresses)
        mark_refused(t, c, kinds);
    if (t->source && strcmp(c->proto->name, "pop3") == 0)
        c->messages = messages_of(t);
}

/* -- completion
 * ------------------------------------------------------------------------------------- */

/* Tab takes what is dim behind the cursor, level after level (verb, address ...); where nothing is,
 * and with S-Tab, it takes another candidate instead of the last one taken. */
void line_tab(struct app *app, bool back)
{
    struct complete_context c;
    struct completion fresh[COMPLETE_MAX];
    size_t n, found = 0;
    const char *line = editor_text(&n);
    app->ui.dirty = true;
    if (editor_point() == n && !(back && app->cycling)) {
        line_context(app, &c);
        found = complete_find(&c, line, n, fresh, COMPLETE_MAX);
        if (app->cycling && (found == 0 || !*complete_ghost(&fresh[0], line, n)))
            found = 0;
    }
    if (found > 0) {
        memcpy(app->candidates, fresh, found * sizeof *fresh);
        app->ncandidates = found;
        free(app->cycle_original);
        app->cycle_original = xstrndup(line, n);
        app->cycle = 0;
        app->cycling = true;
    } else if (app->cycling) {
        app->cycle = (app->cycle + 1) % (app->ncandidates + 1); /* and the line as it was typed */
        editor_set(app->cycle_original, strlen(app->cycle_original));
    } else {
        ui_notice(&app->ui, false, "nothing to complete here; ? on an empty line lists the verbs");
        return;
    }
    if (app->cycle < app->ncandidates)
        editor_replace(app->candidates[app->cycle].start, app->candidates[app->cycle].text);
}

/* -- sending
 * ---------------------------------------------------------------------------------------- */

static void learn(struct app *app, const char *line)
{
    size_t n;
    const char *a = address_in(line, strlen(line), &n);
    if (a)
        line_know_address(app, a, n, strncasecmp(line, "MAIL", 4) == 0 ? ADDRESS_FROM : ADDRESS_TO);
}

/* The words of a line after the verb. */
static size_t words_of(const char *p, const char **first, size_t *len)
{
    size_t words = 0;
    while (*p) {
        p += strspn(p, " ");
        size_t n = strcspn(p, " ");
        if (n == 0)
            break;
        if (words++ == 0) {
            *first = p;
            *len = n;
        }
        p += n;
    }
    return words;
}

/* A line typed while DATA waits for its reply: it is the letter's. It waits for the 354 and is then
 * put into the composer (tabs.c); a server that gets it earlier takes it for a command. */
static bool line_ahead(struct app *app, struct tab *t, const char *line, size_t n)
{
    if (app->from_queue) {
        ui_notice(&app->ui, false, "DATA waits for its 354; then the pasted letter is put in");
        return false;
    }
    if (!queue_line(queue_of(t), line, n)) {
        ui_notice(&app->ui, true, "not kept: at most %u KiB of lines can wait", QUEUE_MAX >> 10);
        return false;
    }
    t->typed_ahead = true;
    ui_notice(&app->ui, false,
              "kept for the letter: nothing of it may be sent before the 354 (RFC 5321 4.1.1.4)");
    return true;
}

/* Says why nothing can be sent; false: something can. */
static bool closed(struct app *app, const struct tab *t)
{
    if (!session_is_open(t->session))
        ui_notice(&app->ui, true, "not sent, the connection is closed: :reconnect opens it again");
    else if (session_is_ending(t->session))
        ui_notice(&app->ui, true,
                  "not sent: QUIT ends the session; once it is closed :reconnect opens a new one");
    else
        return false;
    return true;
}

bool line_send(struct app *app, const char *line)
{
    struct tab *t = ui_tab(&app->ui);
    char why[256];
    size_t n = strlen(line), at, len;
    if (!t || !t->session) {
        ui_notice(&app->ui, true,
                  "this tab is a saved talk: nothing can be sent; :connect TARGET opens a session");
        return false;
    }
    if (closed(app, t))
        return false;
    if (session_letter_awaited(t->session))
        return line_ahead(app, t, line, n);
    const struct proto *p = session_proto(t->session);
    bool secret = cmdline_secret(t, line, n, &at, &len);
    bool owed = session_literal_left(t->session) > 0;
    size_t m = strcspn(line, " ");
    const struct verb *v = owed ? NULL : proto_verb(p, line, m);
    const char *word = "";
    size_t word_len = 0, words = words_of(line + m, &word, &word_len);
    if (v && strcmp(v->name, "APOP") == 0 && words == 1) {
        char user[256];
        snprintf(user, sizeof user, "%.*s", (int)word_len, word);
        editor_remember(line);
        auth_apop(app, user);
        return true;
    }
    if (v && (v->flags & VERB_LITERAL) && (words == 0 || !isdigit((unsigned char)word[0]))) {
        editor_remember(line);
        letter_open(app, t, true, words > 0 && strncasecmp(word, "LAST", 4) == 0);
        ui_notice(
            &app->ui, false,
            "write the chunk; a line with a lone dot ends it, counts it and sends it by BDAT");
        return true;
    }
    if (!session_line(t->session, line, n, why, sizeof why)) {
        ui_notice(&app->ui, true, "not sent: %s", why);
        return false;
    }
    if (!secret) {
        editor_remember(line);
        learn(app, line);
    }
    present_sent(app);
    talk_tail(t->talk);
    return true;
}

void line_next(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    size_t n;
    const char *line;
    editor_text(&n);
    if (t && t->session && session_letter_awaited(t->session)) {
        t->held = true;
        return;
    }
    if (n == 0 && t && t->queue && !t->letter && queue_peek(t->queue, &line, &n)) {
        editor_set(line, n);
        app->from_queue = true;
        app->ui.dirty = true;
    }
}

void line_queue(struct app *app, const char *what)
{
    struct tab *t = ui_tab(&app->ui);
    struct queue *q = t ? t->queue : NULL;
    size_t lines = q ? queue_count(q) : 0;
    char why[256];
    if (lines == 0) {
        ui_notice(&app->ui, false, "no pasted lines wait");
        return;
    }
    if (strcmp(what, "clear") == 0) {
        queue_clear(q);
        ui_notice(&app->ui, false, "%zu waiting line%s thrown away", lines, lines == 1 ? "" : "s");
    } else if (strcmp(what, "send all") == 0 || strcmp(what, "send") == 0) {
        if (!t->session || closed(app, t))
            return;
        size_t flight = queue_flight(q, session_proto(t->session));
        if (!session_lines(t->session, q->text.p, flight, why, sizeof why)) {
            ui_notice(&app->ui, true, "not sent: %s", why);
            return;
        }
        buf_consume(&q->text, flight);
        size_t left = queue_count(q), sent = lines - left;
        if (left)
            ui_notice(&app->ui, false,
                      "%zu line%s sent in one flight; %zu wait%s for the reply to the last of them "
                      "(RFC 2920 3.1)",
                      sent, sent == 1 ? "" : "s", left, left == 1 ? "s" : "");
        else
            ui_notice(&app->ui, false, "%zu line%s sent in one flight", sent, sent == 1 ? "" : "s");
        talk_tail(t->talk);
    } else {
        ui_notice(&app->ui, true, "queue: say \"send all\" or \"clear\"");
        return;
    }
    if (app->from_queue) {
        app->from_queue = false;
        editor_cancel();
        line_next(app);
    }
}

/* -- keys
 * ------------------------------------------------------------------------------------------- */

void line_key(struct app *app, const struct key *k)
{
    size_t n;
    const char *bytes = term_key_bytes(&n);
    (void)k;
    app->cycling = false;
    if (n > 0 && !editor_feed(bytes, n))
        ui_notice(&app->ui, true, "the line is full: it may hold %d octets", EDITOR_MAX);
    app->ui.dirty = true;
}

void line_paste(struct app *app, const char *p, size_t n)
{
    struct tab *t = ui_tab(&app->ui);
    size_t typed;
    app->cycling = false;
    app->ui.dirty = true;
    if (editor_text(&typed)[0] == ':' && explain_pasted(app, editor_text(&typed), p, n)) {
        editor_cancel();
        return;
    }
    if (!queue_is_lines(p, n)) {
        while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == '\n'))
            n--;
        if (memchr(p, '\0', n) || !editor_insert(p, n))
            ui_notice(&app->ui, true, "not pasted: a line may hold %d octets, and no NUL",
                      EDITOR_MAX);
        return;
    }
    if (!t || !t->session)
        return;
    if (!queue_add(queue_of(t), p, n)) {
        ui_notice(&app->ui, true, "not pasted: at most %u KiB of lines can wait", QUEUE_MAX >> 10);
        return;
    }
    line_next(app);
    ui_notice(&app->ui, false,
              "%zu lines wait: Enter sends the one seen; Esc and :queue send all, or clear",
              queue_count(t->queue));
}

void line_cancel(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    size_t n;
    editor_text(&n);
    app->cycling = false;
    if (app->ui.focus == FOCUS_EDITOR && (n > 0 || editor_busy())) {
        bool queued = app->from_queue;
        editor_cancel();
        app->from_queue = false;
        if (queued && t && t->queue) {
            queue_pop(t->queue);
            ui_notice(&app->ui, false,
                      "that line was left out; %zu wait: Enter shows the next, :queue clear",
                      queue_count(t->queue));
        }
    } else if (t && t->session && session_is_open(t->session) &&
               (!session_is_up(t->session) || session_waiting_us(t->session) > 0)) {
        session_abort(t->session);
        ui_notice(&app->ui, false,
                  "the wait was cancelled and the connection closed; :reconnect opens it again");
    } else
        ui_notice(&app->ui, false,
                  "nothing to cancel; :quit (or q in the transcript) leaves heloscope");
    app->ui.dirty = true;
}
