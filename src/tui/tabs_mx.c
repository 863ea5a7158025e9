/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question which mail exchanger of a domain to talk to; the list of them stands in the
 * transcript too. */
#include "tui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    char one[500];
    struct buf b;
    size_t shown = 0;
    t->ask_mx = false;
    if (!l)
        return;
    buf_init(&b, 1400);
    for (; shown < l->n; shown++) {
        size_t was = b.len;
        mx_words(l, shown, one, sizeof one);
        if (!buf_addf(&b, "%2zu  %s\n", shown + 1, one)) {
            buf_trim(&b, was);
            break;
        }
    }
    prompt_ask(app, PROMPT_TEXT, "which mail exchanger?", NULL, picked,
               "%sIf the best fails the next is tried; another one stays.%s", buf_str(&b),
               shown < l->n ? " The rest: in the transcript." : "");
    prompt_rows(app, (int)shown, l->best < shown ? (int)l->best : -1);
    buf_clear(&b);
}
