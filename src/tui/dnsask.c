/* SPDX-License-Identifier: GPL-3.0-or-later */
/* :dns : what DNS says about the other end and the domain, asked when the user asks, told in the
 * talk. One at a time. */
#include "tui/app.h"
#include "tui/panes.h"
#include "heloscope/dnsfacts.h"
#include "heloscope/tlsjudge.h"

#include <stdio.h>
#include <string.h>

static struct {
    struct app *app;
    const struct session *session;
    struct dns dns;
    struct dnsfacts *facts;
    char domain[256];
} now;

void dnsask_stop(void)
{
    dnsfacts_free(now.facts);
    now.facts = NULL;
    dns_free(&now.dns);
}

static struct tab *tab_of(const struct app *app, const struct session *s)
{
    for (int i = 0; i < app->ui.ntabs; i++)
        if (app->ui.tabs[i]->session == s)
            return app->ui.tabs[i];
    return NULL;
}

static void tell(const struct tab *t, bool warn, const char *text)
{
    struct moment m = {0};
    m.proto = session_proto(t->session);
    m.before = m.after = *session_now(t->session);
    m.event = EVENT_DNS;
    transcript_add(session_transcript(t->session), ITEM_EVENT, warn ? MARK_WARN : MARK_EVENT, &m,
                   text, strlen(text), 0);
}

static void told(void *arg, struct dnsfacts *f)
{
    struct tab *t = tab_of(now.app, now.session);
    char text[1000];
    (void)arg;
    for (size_t i = 0; t && i < dnsfacts_count(f); i++) {
        const struct dnsfacts_line *l = dnsfacts_line(f, i);
        snprintf(text, sizeof text, "%s: %s", l->label, l->text);
        tell(t, l->tone == DNSFACTS_WARN, text);
    }
    if (t && dnsfacts_dane(f) && session_peer(t->session)) {
        enum dane_verdict v = session_judge_dane(t->session, dnsfacts_dane(f), now.domain);
        snprintf(text, sizeof text, "DANE: the certificate of this session: %s",
                 tls_peer_opinion(session_peer(t->session), TLS_CHECK_DANE)->why);
        if (v != DANE_NONE)
            tell(t, v != DANE_VERIFIED, text);
    }
    if (t && t->talk)
        talk_update(&now.app->ui, t->talk);
    now.app->ui.dirty = true;
    dnsask_stop();
}

/* The domain whose mail it is: as typed, else the one that was looked up, else the host's name. */
static bool domain_of(struct app *app, const struct session *s, const char *arg)
{
    const struct target *t = session_target(s);
    struct target typed;
    char why[300];
    now.domain[0] = '\0';
    if (*arg) {
        if (!target_parse(arg, &typed, why, sizeof why)) {
            ui_notice(&app->ui, true, "%s", why);
            return false;
        }
        bool ok = !typed.is_address && typed.ascii;
        if (ok)
            snprintf(now.domain, sizeof now.domain, "%s", typed.ascii);
        else
            ui_notice(&app->ui, true, "%.60s is no domain: write one like example.org", arg);
        target_clear(&typed);
        return ok;
    }
    if (session_mx(s))
        snprintf(now.domain, sizeof now.domain, "%s", session_mx(s)->domain);
    else if (t->ascii && !t->is_address)
        snprintf(now.domain, sizeof now.domain, "%s", t->ascii);
    return true;
}

void dnsask(struct app *app, struct tab *t, const char *arg)
{
    const struct session *s = t->session;
    const struct target *to = session_target(s);
    const struct dns_options o = {.servers = app->ui.options.conn.name_servers};
    char why[300];
    if (session_is_practice(s)) {
        ui_notice(&app->ui, false, "practice asks nothing of the network, DNS included");
        return;
    }
    if (now.facts) {
        ui_notice(&app->ui, true, "still asking DNS: wait for the answers");
        return;
    }
    if (!domain_of(app, s, arg))
        return;
    now.app = app;
    now.session = s;
    if (!dns_open(&now.dns, app->ui.loop, &o, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    now.facts = dnsfacts_start(
        &now.dns,
        &(struct dnsfacts_ask){.domain = now.domain,
                               .host = to->ascii && !to->is_address && !to->mx ? to->ascii : "",
                               .port = to->port,
                               .address = session_address(s)},
        told, NULL);
    if (now.facts) {
        ui_notice(&app->ui, false, "asking DNS about %s",
                  *now.domain ? now.domain : session_address(s));
    } else {
        dns_free(&now.dns);
        ui_notice(&app->ui, true, "nothing to ask: say a domain, like :dns example.org");
    }
}
