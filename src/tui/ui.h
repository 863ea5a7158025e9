/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the screen share: the tabs, what is in view, where the focus is, and the
 * rectangles of the layout. Panes draw from this and change nothing but their own view state;
 * actions (action.c) change it. */
#ifndef HELOSCOPE_TUI_UI_H
#define HELOSCOPE_TUI_UI_H

#include "heloscope/know.h"
#include "heloscope/session.h"
#include "heloscope/source.h"
#include "heloscope/tlsreport.h"
#include "tui/pace.h"
#include <stdbool.h>

struct loop;
struct world;
struct logfile;
struct lesson_walk;
struct route;
struct mailview;

struct rect {
    int y, x, h, w;
};

enum focus { FOCUS_EDITOR, FOCUS_TALK, FOCUS_WHY, FOCUS_CAPS, FOCUS_TLS, FOCUS_LESSON, FOCUS_MAIL };

/* Annotation level, cycled by `a`: none (exam) / newest and problems / all / all and raw bytes. */
enum annotate { ANNOTATE_NONE, ANNOTATE_NEWEST, ANNOTATE_ALL, ANNOTATE_RAW };

/* Which items the transcript pane shows, cycled by `f`. */
enum filter { FILTER_ALL, FILTER_PROBLEMS, FILTER_TALK /* no events */, FILTER_CLIENT };

/* SCREEN.md: wide >= 100x30, standard >= 78x20, small >= 60x15 (tabs), tiny >= 40x8, else too
 * small: only quit acts. */
enum layout_kind { LAYOUT_TOO_SMALL, LAYOUT_TINY, LAYOUT_SMALL, LAYOUT_STANDARD, LAYOUT_WIDE };

struct layout {
    enum layout_kind kind;
    struct rect header, tabs, talk, why, caps, tls, lesson, mail, title, editor, hint,
        keybar; /* h == 0: not shown */
};

/* The transcript pane's state for one tab. Owned by talk.c. */
struct talk;

/* One session or opened file. */
struct tab {
    struct session *session;     /* NULL: an opened file, or closed */
    struct logfile *file;        /* NULL: a session */
    const struct source *source; /* of a session: through pace, what is seen by now */
    struct pace pace;
    struct talk *talk;
    char *name;       /* for the header and :tab */
    char *draft;      /* editor line left behind when another tab came into view */
    void *letter;     /* the open letter composer (letter.c), or NULL */
    void *queue;      /* pasted lines that wait to be sent (queue.c), or NULL */
    bool typed_ahead; /* the queue holds lines of a letter that were typed before the 354 */
    bool held;        /* the next line of the queue waits for the reply to DATA */
    int why_scroll,
        caps_scroll; /* caps_scroll: the row under the cursor; both are clamped when drawn */
    bool unseen;     /* something came in while another tab was in view */
    bool ask_mx;     /* which mail exchanger? waits to be asked (tabs_mx.c) */
    bool ask_tls;    /* the certificate question waits to be asked (tabs.c) */
    char *target;    /* as given, for :reconnect; NULL: the practice world, or a file */
    const struct route *way; /* how a session that was handed over went; borrowed. NULL: as usual */
    bool unasked;   /* nobody was asked whether its certificate will do: :auth asks (auth.c) */
    int tls_scroll; /* rows; clamped when drawn */
    struct tls_scan *tls_scan;    /* the versions asked for, or NULL */
    struct tls_memory tls_memory; /* what the connection before was offered */
    struct mailview *mail;        /* the mailbox (mail.c), or NULL */
    size_t lesson_seen;           /* entries that the lesson was shown */
    const struct proto *target_proto;
};

#define TABS_MAX 20 /* the 16 talks of a check-up, and some beside */

struct ui {
    struct loop *loop;
    struct world *world; /* NULL until practice is asked for */
    struct tab *tabs[TABS_MAX];
    int ntabs, current; /* current -1: the start screen */
    enum focus focus;
    enum focus small_pane;      /* small layout: which pane the tab bar shows (talk, caps, why) */
    struct lesson_walk *lesson; /* the lesson under way, or NULL */
    int lesson_scroll;
    bool present;     /* on a projector: panes above each other, explanations wait for `a` */
    unsigned pace_ms; /* of the sessions; 0: off */
    bool zoom;        /* the focused pane takes the whole screen */
    enum annotate annotate;
    struct layout layout;
    int rows, cols;
    char
        notice[512]; /* one line of ours above the key bar ("saved talk.txt, 120 lines"); "" none */
    bool notice_bad;
    bool dirty; /* something is to be drawn at the end of this turn of the loop */
    bool quit;
    enum fault fault; /* exit status of the workbench */
    struct session_options options;
};

/* The tab in view, or NULL on the start screen. */
struct tab *ui_tab(struct ui *ui);
/* All of a tab's talk, also what is not shown yet. */
const struct source *ui_whole(const struct tab *t);
/* Says one line to the user (sanitised when drawn); bad: in the warning role. */
void ui_notice(struct ui *ui, bool bad, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
