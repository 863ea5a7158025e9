/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question which mail exchanger of a domain to talk to; the list of them stands in the
 * transcript too. */
#include "tui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12 };

static void picked(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    const struct mx_list *l = t && t->session ? session_mx(t->session) : NULL;
    if (!l)
        return;
    if (!answer) {
        session_abort(t->session);
        return;
    }
    char *end;
    unsigned long i = strtoul(answer, &end, 10);
    if (*end || i < 1 || i > l->n) {
        ui_notice(&app->ui, true, "'%.40s' is no entry: a number from 1 to %zu", answer, l->n);
        t->ask_mx = true;
    } else if (!l->at[i - 1].address[0]) {
        ui_notice(&app->ui, true, "%s has no address to connect to", l->at[i - 1].host);
        t->ask_mx = true;
    } else {
        session_mx_pick(t->session, i - 1);
    }
}

void tabs_ask_mx(struct app *app, struct tab *t)
{
    const struct mx_list *l = session_mx(t->session);
    char first[24], one[500];
    struct buf b;
    t->ask_mx = false;
    if (!l)
        return;
    buf_init(&b, 1400);
    for (size_t i = 0; i < l->n && i < SHOWN; i++) {
        size_t was = b.len;
        mx_words(l, i, one, sizeof one);
        if (!buf_addf(&b, "%zu  %s\n", i + 1, one)) {
            buf_trim(&b, was);
            break;
        }
    }
    *first = '\0';
    if (l->best < l->n)
        snprintf(first, sizeof first, "%zu", l->best + 1);
    prompt_ask(app, PROMPT_TEXT, "which mail exchanger?", first, picked,
               "Mail for %s goes to one of these, the first that answers:\n\n%s%s\nTalk to which "
               "(a number)? If the best fails the next is tried; another choice stays.",
               l->domain, buf_str(&b), l->n > SHOWN ? "The rest stands in the transcript.\n" : "");
    buf_clear(&b);
}
