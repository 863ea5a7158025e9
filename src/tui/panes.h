/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The panes that show: header, tab bar, transcript, why, capabilities, key bar. Each draws into its
 * rectangle and is asked only when it is in view; the cost is that of what is shown. */
#ifndef HELOSCOPE_TUI_PANES_H
#define HELOSCOPE_TUI_PANES_H

#include "tui/ui.h"
#include "heloscope/buf.h"

enum layout_kind layout_kind(int rows, int cols);
/* layout.why and layout.caps hold their own titles (first row) and the sidebar its line (first
 * column). Computes ui->layout from ui->rows, cols, zoom, focus, and how many rows the editor wants
 * (1 command line, or more for the letter composer). */
void layout_compute(struct ui *ui, int editor_rows, bool hint);

void header_draw(struct ui *ui);
void tabbar_draw(struct ui *ui); /* small layout: [1 talk] 2 caps(+1-1) 3 why */
void why_draw(struct ui *ui);
void caps_draw(struct ui *ui);
void lesson_draw(struct ui *ui);
/* The mailbox: in front of the other panes, as TLS is. */
void mail_draw(struct ui *ui);
void mail_cursor(int *y, int *x);
/* The key bar for the focus: rows from keys.def that fit. */
void keybar_draw(struct ui *ui);
/* Where the hardware cursor belongs (screen readers follow it) when a pane has the focus, after the
 * panes were drawn. False: the focus is in none of them. */
bool panes_cursor(struct ui *ui, int *y, int *x);
/* The notice in the hint's row; of what went wrong all is told, in the key bar's row too: that goes
 * before keys that are there all the time. */
void notice_draw(struct ui *ui);
/* The rule in the first row; the focus is told by its shape, for those who see no colour. */
void panes_rule(struct rect r, bool focused);
void why_cursor(int *y, int *x);
void caps_cursor(int *y, int *x);
/* TLS, looked into: takes the place of transcript, sidebar and explanation while it has the focus.
 */
void tls_draw(struct ui *ui);
void tls_cursor(int *y, int *x);
void lesson_cursor(int *y, int *x);
/* The capability list's difference in numbers; all 0 where there are no two lists. */
void caps_counts(const struct session *s, int *fresh, int *gone, int *changed);

/* The transcript pane. */
struct talk *talk_new(const struct source *src);
void talk_free(struct talk *t);
void talk_draw(struct ui *ui, struct talk *t, struct rect r);
/* Tells it that the source grew; the selection follows only if it stood on the tail. */
void talk_update(struct ui *ui, struct talk *t);
void talk_move(struct talk *t, int items);   /* j k arrows */
void talk_scroll(struct talk *t, int pages); /* PgUp PgDn, from anywhere */
void talk_top(struct talk *t);
void talk_tail(struct talk *t);
void talk_fold(struct talk *t);               /* Space: fold or unfold the selected item */
bool talk_problem(struct talk *t, bool back); /* e E; false: there is none */
/* / n N. pattern NULL: the last one again; "": no more highlights. False: why says "not found" or
 * what is wrong with the pattern. True with a sentence in why: something to know ("searched on from
 * the beginning"). */
bool talk_search(struct talk *t, const char *pattern, bool back, char *why, size_t size);
void talk_filter(struct talk *t, enum filter f);
enum filter talk_filtered(const struct talk *t);
size_t talk_selected(const struct talk *t); /* item index; (size_t)-1: empty */
bool talk_on_tail(const struct talk *t);
void talk_select(struct talk *t, size_t item);
/* The selected item as text for copying. */
void talk_copy(struct talk *t, struct buf *out);
/* Where the hardware cursor belongs while the transcript has the focus; valid after talk_draw(). */
void talk_cursor(const struct talk *t, int *y, int *x);

#endif
