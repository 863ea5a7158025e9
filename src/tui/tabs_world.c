/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of the practice world: its accounts, and the faults that can be turned on. */
#include "tui/app.h"
#include "heloscope/practice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tabs_accounts(struct app *app)
{
    char text[1500];
    size_t n = 0;
    n += (size_t)snprintf(text, sizeof text, "\001Accounts of the practice world\n");
    for (const struct account_row *a = world_accounts(); a->address && n < sizeof text - 1; a++)
        n += (size_t)snprintf(text + n, sizeof text - n, "  %-32s %-12s %s\n", a->address,
                              !a->password[0]   ? "(no login)"
                              : app->ui.present ? "(hidden)"
                                                : a->password,
                              a->note);
    help_show(app, text);
}

void tabs_fault(struct app *app, const char *faults)
{
    struct fault_choice all[FAULT_CHOICES_MAX];
    char why[700];
    struct buf b;
    if (!tabs_world(app))
        return;
    if (*faults && !world_fault(app->ui.world, faults, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    world_faults(app->ui.world, all);
    buf_init(&b, 16384);
    for (const struct fault_choice *f = all; f->name; f++)
        if (f->on && *f->value)
            buf_addf(&b, " %s=%u", f->name, f->now);
        else if (f->on)
            buf_addf(&b, " %s", f->name);
    if (!b.len)
        buf_add_str(&b, " none");
    if (*faults) {
        ui_notice(&app->ui, false, "faults that are on now:%s", buf_str(&b));
    } else {
        buf_add_str(&b, "\n:fault NAME turns one on, :fault off turns all off\n");
        for (const struct fault_choice *f = all; f->name; f++)
            buf_addf(&b, "%c %s%s%s\n    %s (%s)\n", f->on ? '*' : ' ', f->name,
                     *f->value ? "=" : "", f->value, f->what, f->ref);
        char *text = xmalloc(b.len + 64);
        snprintf(text, b.len + 64, "\001Faults of the practice servers\nOn now:%s", buf_str(&b));
        help_show(app, text);
        free(text);
    }
    buf_clear(&b);
}

/* What a newcomer needs to know, in the talk itself. */
static void tell(struct tab *t, const char *text)
{
    struct moment m = {0};
    m.proto = session_proto(t->session);
    m.before = m.after = *session_now(t->session);
    m.event = EVENT_NOTE;
    transcript_add(session_transcript(t->session), ITEM_EVENT, MARK_EVENT, &m, text, strlen(text),
                   0);
}

void tabs_tell_accounts(struct app *app, struct tab *t)
{
    struct buf b;
    if (app->ui.present) {
        tell(t, "Practice: nothing leaves this program. :accounts lists whom one can write to");
        return;
    }
    buf_init(&b, 8192);
    /* Few and short rows: at 80x24 they and the banner fit together. */
    buf_add_str(&b, "Practice: nothing leaves this program. Write to");
    for (const struct account_row *a = world_accounts(); a->address; a++) {
        int local = (int)strcspn(a->address, "@");
        if (a->password[0])
            buf_addf(&b, "\n%s  password %s", a->address, a->password);
        else
            buf_addf(&b, "\n%.*s: %s", local, a->address, a->note);
    }
    tell(t, buf_str(&b));
    buf_clear(&b);
}
