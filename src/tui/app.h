/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the interactive half of the screen shares: the workbench with its overlays and command line.
 * The showing half (panes.h) sees only struct ui. One struct app exists at a time. */
#ifndef HELOSCOPE_TUI_APP_H
#define HELOSCOPE_TUI_APP_H

#include "tui/complete.h"
#include "tui/keys.h"
#include "tui/commands.h"
#include "tui/term.h"
#include "tui/ui.h"
#include "heloscope/buf.h"
#include "heloscope/mtasts.h"
#include "heloscope/route.h"
#include "heloscope/login.h"
#include "heloscope/loop.h"
#include "mode/mode.h"

struct app;
struct letter;
typedef void save_fn(struct app *app, const char *path, bool over); /* save.c */

/* -- prompt.c: one question over everything else -- */
enum prompt_kind { PROMPT_YESNO, PROMPT_TEXT, PROMPT_SECRET };
/* answer: the text, or "yes"; NULL: cancelled, or no. The secret is wiped after the call. */
typedef void prompt_fn(struct app *app, const char *answer);
struct prompt {
    bool on;
    enum prompt_kind kind;
    char title[64];
    char text[1600]; /* the question, wrapped */
    struct buf answer;
    size_t point;
    prompt_fn *fn;
    int scroll;
    bool fresh;         /* the suggested answer is untouched: what is typed takes its place */
    bool lines;         /* what is asked for may be several lines: a paste of them is the answer */
    int rows, selected; /* so many lines of the text are rows that can be taken; 0: none */
};
/* Asks; a question that is open already is answered with "no" first. initial: text to begin with,
 * or NULL. */
void prompt_ask(struct app *app, enum prompt_kind kind, const char *title, const char *initial,
                prompt_fn *fn, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* The first lines of the text are rows to take from: the arrows choose, and Enter with nothing
 * typed answers the row's number, counted from 1. selected -1: none, until an arrow takes one. */
void prompt_rows(struct app *app, int rows, int selected);
void prompt_key(struct app *app, const struct key *k);
void prompt_paste(struct app *app, const char *p, size_t n);
void prompt_draw(struct app *app);

/* -- palette.c: every command, found by its letters -- */
#define PALETTE_MAX 160
struct palette {
    bool on;
    struct buf typed;
    int rows[PALETTE_MAX]; /* index into key_rows, or ~index into command_rows */
    int nrows, selected, top;
};
void palette_open(struct app *app, const char *typed);
void palette_key(struct app *app, const struct key *k);
void palette_paste(struct app *app, const char *p, size_t n);
void palette_draw(struct app *app);

/* -- help.c -- */
struct help {
    bool on;
    struct buf text; /* lines; a line that begins with \001 is a title */
    int top, lines;
    char find[64];
    bool finding;
};
void help_open(struct app *app);
void help_show(struct app *app, const char *text);
/* Explains a reply in the box of help. False: none was recognised (any: a talk will do too). */
bool explain_show(struct app *app, const char *text, size_t n, bool any);
/* The same, and says so if there was nothing. */
void explain_said(struct app *app, const char *text, size_t n);
/* Several lines pasted behind ":explain" are what it explains. False: they are none, or behind
 * another command. */
bool explain_pasted(struct app *app, const char *typed, const char *text, size_t n);
void help_key(struct app *app, const struct key *k);
void help_draw(struct app *app);

#define ADDRESSES_MAX 64

struct app {
    struct ui ui; /* first: the panes' struct ui * is this */
    const struct args *args;
    struct mtasts policy; /* --mta-sts */
    struct route way;     /* --proxy and its like; ui.options point to it */
    struct prompt prompt;
    struct palette palette;
    struct help help;
    int start_choice;

    /* the command line (line.c) */
    struct completion candidates[COMPLETE_MAX];
    size_t ncandidates;
    bool cycling; /* Tab was the last key: candidates[] is being walked */
    size_t cycle;
    char *cycle_original;           /* the line before the first Tab */
    char *addresses[ADDRESSES_MAX]; /* newest first */
    unsigned char address_kinds[ADDRESSES_MAX];
    size_t naddresses;
    char host[256];
    char client[64]; /* the address that the practice servers believe in; "": the usual */
    bool from_queue; /* the line holds the first line of the queue */

    /* a login that is being asked for (auth.c) */
    struct login_options login;
    struct login_choice auth_choice;
    char auth_user[256];
    bool auth_clear_ok;
    save_fn *save_fn;     /* who writes there */
    char save_path[4096]; /* save.c: asked whether to overwrite it */
    char *connect_text;   /* tabs.c: a target whose protocol is being asked */
    struct watch *wait_timer, *pace_timer;
    enum annotate annotate_before; /* the same of the explanations */
    char theme_before[256];        /* before :present took another one; "": none */
    bool cx_pending;               /* C-x was typed in the letter */
    bool started;                  /* the first frame is on the screen */
};

static inline struct app *app_of(struct ui *ui)
{
    return (struct app *)ui;
}

/* app.c */
int app_run(const struct args *args);
/* What to open as tabs when app_run() begins: a text, or a session with the way it went. The
 * array, texts and ways are borrowed until it ends; a session that became a tab's is taken out of
 * the array. The sessions' loop is used and not freed. */
struct app_talk {
    const char *name;
    const char *text;
    size_t n;
    struct session *session; /* NULL: a text */
    const struct route *way;
};
void app_talks(struct loop *loop, struct app_talk *talks, size_t n);
/* Where a key would act now: one bit of enum key_context (and CTX_EMPTY). */
unsigned app_context(struct app *app);
bool app_live(struct app *app); /* is any session connected? */
void app_quit(struct app *app, bool ask);

/* action.c: does what a row of keys.def says. */
void action_run(struct app *app, enum action a);
/* The row whose key this is in these contexts; ACT_NONE. */
enum action action_of(const struct key *k, unsigned context);
/* command.c: ":name arguments". False: no such command (said in the notice). */
bool command_run(struct app *app, const char *text);

/* tabs.c */
struct tab *tabs_add(struct app *app, const char *name);
void tabs_show(struct app *app, int i);
void tabs_close(struct app *app, int i);
/* To the start screen; the tabs stay. */
void tabs_leave(struct app *app);
bool tabs_connect(struct app *app, const char *target);
bool tabs_practice(struct app *app, const char *proto);
bool tabs_open(struct app *app, const char *path);
/* The same with a name for the tab. */
bool tabs_open_named(struct app *app, const char *name, const char *text, size_t n);
/* A session that somebody else opened; true: it is the tab's now. */
bool tabs_take(struct app *app, const struct app_talk *talk);
bool tabs_open_text(struct app *app, const char *text, size_t n);
void tabs_reconnect(struct app *app);
/* :fault. */
void tabs_fault(struct app *app, const char *faults);
/* Changes what the practice servers go by, "policy=none", "client=203.0.113.66" (whatif.h); "":
 * tells how it is. */
void tabs_world_is(struct app *app, const char *change);
void tabs_accounts(struct app *app);
/* The same in the talk, for a newcomer. */
void tabs_tell_accounts(struct app *app, struct tab *t);
/* Is there a practice world (it is made)? False: the notice tells why. */
bool tabs_world(struct app *app);
void tabs_free(struct app *app);
/* Questions that a session asked while it was not in view, or while another question was open. */
void tabs_questions(struct app *app);
/* dnsask.c: DNS about a session, told in its talk. */
void dnsask(struct app *app, struct tab *t, const char *arg);
void dnsask_stop(void);
/* tabs_mx.c: which mail exchanger of the domain? */
void tabs_ask_mx(struct app *app, struct tab *t);

/* line.c: the command line */
void line_open(struct app *app);
void line_key(struct app *app, const struct key *k);
void line_paste(struct app *app, const char *p, size_t n);
void line_draw(struct app *app);
void line_tab(struct app *app, bool back);
/* C-c: clears the line, or ends the wait. */
void line_cancel(struct app *app);
/* Loads the next queued line if the line is empty. */
void line_next(struct app *app);
void line_know_address(struct app *app, const char *p, size_t n, enum address_kind kind);
void line_context(struct app *app, struct complete_context *c);
/* Sends one line in the tab in view, with everything that belongs to it; false: not sent, the
 * notice tells why. */
bool line_send(struct app *app, const char *line);
void line_queue(struct app *app, const char *what);
/* Is a line of this text secret (PASS, an answer to a challenge)? Its range. */
bool cmdline_secret(struct tab *t, const char *line, size_t n, size_t *at, size_t *len);

/* letter.c */
void letter_open(struct app *app, struct tab *t, bool bdat, bool last);
void letter_close(struct tab *t);
void letter_key(struct app *app, struct tab *t, const struct key *k);
void letter_insert(struct app *app, struct tab *t, const char *p, size_t n);
void letter_draw(struct app *app, struct tab *t);
void letter_send(struct app *app, struct tab *t);
void letter_cancel(struct app *app, struct tab *t);
void letter_fill(struct app *app, struct tab *t);
int letter_rows(const struct tab *t);
/* The text, for $EDITOR; and back. */
const struct buf *letter_text(const struct tab *t);
/* How much of it is the letter: without the lone dot that ends it. */
size_t letter_length(const struct tab *t);
void letter_set(struct app *app, struct tab *t, const char *p, size_t n);

/* sign.c: a DKIM signature in the name of a domain of the lab, or "off" */
void letter_sign(struct app *app, struct tab *t, const char *domain);

/* present.c: before a class */
/* theme: take contrast-light, too. */
void present_set(struct app *app, bool on, bool theme);
void present_command(struct app *app, const char *arg);
/* Something was sent: what comes of it is explained when it is asked for. */
void present_sent(struct app *app);
void pace_command(struct app *app, const char *arg);
/* After each turn of the loop: shows what is due. */
void pace_turn(struct app *app);

/* auth.c */
/* What stands behind ":auth": "[MECHANISM] [USER]". */
void auth_ask(struct app *app, const char *text);
void auth_apop(struct app *app, const char *user);

/* tlsact.c: the chain of certificates to a file, and the versions asked for one by one */
void chain_ask(struct app *app);
void chain_save(struct app *app, const char *path);
void tls_versions(struct app *app, struct tab *t);
/* lesson.c */
bool lesson_start(struct app *app, const char *name);
void lesson_ask(struct app *app);
void lesson_command(struct app *app, enum command_id id, const char *arg);
/* Shows the lesson what is new in t. */
void lesson_watch(struct app *app, struct tab *t);
void lesson_go_on(struct app *app);
void lesson_end(struct app *app);

/* mail.c: the mailbox */
void mail_open(struct app *app, const char *account);
void mail_close(struct tab *t);
void mail_watch(struct app *app, struct tab *t);
void mail_move(struct tab *t, int by);
void mail_to_end(struct tab *t, bool top);
void mail_enter(struct app *app, struct tab *t);
/* From the letter back to the list; false: the list is shown. */
/* To the next view of the letter, or the one before; false: none is read. */
bool mail_next_view(struct tab *t, int by);
/* To view v (0 to 3); false: none is read. */
bool mail_view(struct tab *t, int v);
int mail_page(const struct ui *ui, const struct tab *t);
bool mail_back(struct tab *t);
void mail_delete(struct app *app, struct tab *t);
void mail_save(struct app *app, struct tab *t);
void mail_whatif(struct app *app, struct tab *t);

/* start.c */
void start_draw(struct app *app);

/* save.c, clipboard.c, external.c */
void save_to(struct app *app, const char *path);
void save_ask(struct app *app);
/* Turns "~/x" into a path of app->save_path and writes there by fn; asks before it writes over an
 * ordinary file. */
void save_by(struct app *app, const char *path, save_fn *fn);
void clipboard_copy(struct app *app, const char *p, size_t n);
/* Runs $VISUAL, $EDITOR or vi on the text; out: what it became. False: why. */
bool external_edit(const char *suffix, const char *p, size_t n, struct buf *out, char *why,
                   size_t size);
void external_line(struct app *app);
void external_view(struct app *app);

/* box.c: a framed rectangle in the middle; returns its inside. */
struct rect box_draw(struct app *app, int h, int w, const char *title, const char *foot);

#endif
