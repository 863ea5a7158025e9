/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of the practice world: its accounts, the faults that can be turned on, and
 * what its DNS says. */
#include "tui/app.h"
#include "heloscope/lab.h"
#include "heloscope/practice.h"
#include "heloscope/whatif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static void world_told(struct app *app, const struct whatif *w)
{
    char text[2000];
    snprintf(
        text, sizeof text,
        "\001The practice world as it is\n"
        "%s%s"
        "bank.test asks by DMARC for: %s, alignment %s\n"
        "its SPF record ends in:      %s\n"
        "you come from:               %s\n"
        "\n:world NAME=VALUE changes one of these for what is sent from then on:\n"
        "  policy=none, quarantine, reject or off (no record)\n"
        "  alignment=strict or relaxed\n"
        "  spf=soft (~all) or hard (-all)\n"
        "  client=ADDRESS: " LAB_EVIL " is evil.test's server, " LAB_BANK " the bank's,\n"
        "    " LAB_LISTS " a mailing list's, " LAB_ALUMNI " a forwarder's, " LAB_ESP
        " a mailing service's.\n"
        "    It is a label that the practice server believes in; nothing is sent from there\n"
        "  reset: all as usual\n"
        ":sign DOMAIN puts a signature on a letter while you write it; x changes what a letter\n"
        "that lies in the mailbox would have met.\n",
        *w->zone ? "This lesson's own zone file tells what the domains publish: " : "",
        *w->zone ? w->zone : "", *w->zone ? "that file" : w->policy,
        w->strict ? "strict" : "relaxed", w->soft ? "~all" : "-all",
        *app->client ? app->client : PRACTICE_CLIENT);
    help_show(app, text);
}

void tabs_world_is(struct app *app, const char *change)
{
    char why[700];
    struct whatif w;
    if (!tabs_world(app))
        return;
    whatif_init(&w);
    if (!*change) {
        world_told(app, &w);
        return;
    }
    bool reset = !strcasecmp(change, "reset") || !strcasecmp(change, "off");
    if (reset) {
        whatif_usual(NULL);
        whatif_init(&w);
        app->client[0] = '\0';
    } else if (!strncasecmp(change, "sign", 4)) {
        ui_notice(&app->ui, true, ":sign DOMAIN signs a letter while you write it");
        return;
    } else if (!whatif_change(&w, change, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    bool client = reset || *w.client;
    if (*w.client)
        snprintf(app->client, sizeof app->client, "%s", w.client);
    w.client[0] = '\0'; /* a letter tells itself where it came from */
    struct lab_choice c = {.policy = strcasecmp(w.policy, "off") ? w.policy : NULL,
                           .strict = w.strict,
                           .soft = w.soft};
    if (!*w.zone && !world_dns(app->ui.world, NULL, reset ? NULL : &c, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    whatif_usual(&w);
    if (client)
        ui_notice(&app->ui, false,
                  "you come from %s in the next connection (:practice opens one)%s",
                  *app->client ? app->client : PRACTICE_CLIENT, reset ? "; all is as usual" : "");
    else
        ui_notice(&app->ui, false, "from now on: bank.test policy=%s, alignment=%s, spf=%s",
                  w.policy, w.strict ? "strict" : "relaxed", w.soft ? "soft" : "hard");
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
