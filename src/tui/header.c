/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The top line in words: with whom, how safely, in which state, how fast, and whether it is for
 * real. Narrow screens get shorter words before they get fewer; whether it is real (LIVE) and
 * unverified TLS are given up last. */
#include "tui/mail.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/lazy/curses.gen.h"

#include <stdio.h>
#include <string.h>

enum { FORMS = 4, PARTS = 7 };

enum kind { TARGET, TLS, USER, STATE, LATENCY, FILTER, SIGN };

struct part {
    char form[FORMS][80]; /* from long to short; "" leaves it out */
    int is;               /* the form in use */
    enum kind kind;
    enum role role;
};

static void same(struct part *p, int from, const char *s)
{
    for (int i = from; i < FORMS; i++)
        snprintf(p->form[i], sizeof p->form[i], "%s", s);
}

static void target(struct ui *ui, const struct tab *t, struct part *p)
{
    const struct proto *proto = t->session ? session_proto(t->session) : NULL;
    char tabs[24] = "";
    if (ui->ntabs > 1)
        snprintf(tabs, sizeof tabs, "%d/%d ", ui->current + 1, ui->ntabs);
    const char *name = t->name ? t->name : "";
    p->kind = TARGET;
    p->role = ROLE_HEADER;
    snprintf(p->form[0], sizeof p->form[0], "%s%s%s%.50s", tabs,
             proto     ? proto->title
             : t->file ? "file"
                       : "",
             proto || t->file ? " " : "", name);
    snprintf(p->form[1], sizeof p->form[1], "%s%s%s%.40s", tabs, proto ? proto->title : "",
             proto ? " " : "", name);
    snprintf(p->form[2], sizeof p->form[2], "%s%.24s", tabs, name);
    snprintf(p->form[3], sizeof p->form[3], "%s%.12s", tabs, name);
}

static void tls(const struct session *s, struct part *p)
{
    const struct tls_facts *f = session_tls(s);
    p->kind = TLS;
    p->role = ROLE_HEADER;
    if (!f) {
        same(p, 0, "no TLS");
        return;
    }
    const char *number = strrchr(f->version, ' ');
    number = number ? number + 1 : f->version;
    switch (f->verdict) {
    case TLS_UNVERIFIED:
        p->role = ROLE_WARNING;
        snprintf(p->form[0], 80, "%s UNVERIFIED", f->version);
        same(p, 1, p->form[0]);
        snprintf(p->form[2], 80, "TLS%s UNVERIF", number);
        same(p, 3, "UNVERIF");
        break;
    case TLS_VERIFIED_PRACTICE:
        snprintf(p->form[0], 80, "%s practice CA", f->version);
        snprintf(p->form[1], 80, "%s practice CA", f->version);
        snprintf(p->form[2], 80, "TLS%s prac.", number);
        same(p, 3, "TLS");
        break;
    default:
        snprintf(p->form[0], 80, "%s verified", f->version);
        snprintf(p->form[1], 80, "%s", f->version);
        snprintf(p->form[2], 80, "TLS%s", number);
        same(p, 3, "TLS");
    }
}

/* hidden: entries that are not shown yet (:pace). */
static void state(const struct session *s, size_t hidden, struct part *p)
{
    const struct proto *proto = session_proto(s);
    size_t out = session_outstanding(s);
    uint64_t waiting = session_waiting_us(s);
    p->kind = STATE;
    p->role = ROLE_HEADER;
    if (!session_is_open(s)) {
        same(p, 0, "closed");
        return;
    }
    if (!session_is_up(s)) {
        same(p, 0, session_in_handshake(s) ? "TLS handshake" : "connecting");
        return;
    }
    const char *now = proto ? proto_state(proto, session_now(s)) : "";
    snprintf(p->form[0], 80, "state: %s", now);
    if (hidden > 0) { /* where it stands would tell what is not shown yet */
        snprintf(p->form[0], 80, "%zu more to show", hidden);
        same(p, 1, p->form[0]);
        return;
    }
    if (session_literal_left(s) > 0) {
        snprintf(p->form[0], 80, "%llu octets owed", (unsigned long long)session_literal_left(s));
        same(p, 1, p->form[0]);
        return;
    }
    same(p, 1, now);
    /* "MAIL ok, needs RCPT": what comes next says the most. */
    const char *comma = strrchr(now, ',');
    if (comma && comma[1] == ' ')
        same(p, 2, comma + 2);
    if (strlen(p->form[2]) > 16)
        snprintf(p->form[3], 80, "%.15s\xe2\x80\xa6", p->form[2]);
    /* A second of waiting is worth a word; replies that come at once would only flicker. */
    if (out > 0 && waiting >= 1000000) {
        unsigned secs = (unsigned)(waiting / 1000000);
        char sent[32] = "";
        if (out > 1)
            snprintf(sent, sizeof sent, " (%zu sent)", out);
        snprintf(p->form[0], 80, "%.40s, waiting %u s%s", now, secs, sent);
        snprintf(p->form[1], 80, "waiting %u s%s", secs, sent);
        snprintf(p->form[2], 80, "waiting %u s", secs);
        snprintf(p->form[3], 80, "wait %us", secs);
    }
}

static void latency(const struct session *s, struct part *p)
{
    uint32_t us = session_latency_us(s);
    p->kind = LATENCY;
    p->role = ROLE_HEADER;
    if (us == 0)
        return;
    if (us < 100)
        snprintf(p->form[0], 80, "<0.1 ms");
    else if (us < 10000)
        snprintf(p->form[0], 80, "%.1f ms", us / 1000.0);
    else
        snprintf(p->form[0], 80, "%u ms", (us + 500) / 1000);
    if (us >= 500)
        snprintf(p->form[1], 80, "%u ms", (us + 500) / 1000);
    snprintf(p->form[2], 80, "%s", "");
    snprintf(p->form[3], 80, "%s", "");
}

static int make(struct ui *ui, struct tab *t, struct part *p)
{
    static const char *const filters[] = {"", "only problems", "only talk", "only client"};
    int n = 0;
    target(ui, t, &p[n++]);
    if (t->session) {
        tls(t->session, &p[n++]);
        const char *user = session_user(t->session);
        if (user && *user) {
            p[n].kind = USER;
            p[n].role = ROLE_HEADER;
            snprintf(p[n].form[0], 80, "auth %.40s", user);
            n++;
        }
        state(t->session, pace_hidden(&t->pace), &p[n++]);
        latency(t->session, &p[n++]);
    }
    if (t->talk && talk_filtered(t->talk) != FILTER_ALL) {
        p[n].kind = FILTER;
        p[n].role = ROLE_WARNING;
        same(&p[n], 0, filters[talk_filtered(t->talk)]);
        n++;
    }
    p[n].kind = SIGN;
    p[n].role = ROLE_HEADER;
    if (!t->session) {
        same(&p[n], 0, t->file ? "FILE" : "ENDED");
    } else if (session_is_practice(t->session)) {
        p[n].role = ROLE_HEADER_DEMO;
        same(&p[n], 0, "DEMO");
    } else {
        p[n].role = ROLE_HEADER_LIVE;
        same(&p[n], 0, "LIVE");
    }
    return n + 1;
}

static int width(const struct part *p, int n)
{
    int w = 1;
    for (int i = 0; i < n; i++)
        if (p[i].form[p[i].is][0])
            w += text_width(p[i].form[p[i].is], strlen(p[i].form[p[i].is])) + 3;
    return w - 3;
}

void header_draw(struct ui *ui)
{
    /* What gives way first. */
    static const struct {
        enum kind kind;
        int form;
    } steps[] = {{STATE, 1},  {LATENCY, 1}, {TARGET, 1}, {USER, 1},   {LATENCY, 2}, {TLS, 1},
                 {TARGET, 2}, {STATE, 2},   {TLS, 2},    {TARGET, 3}, {STATE, 3},   {TLS, 3}};
    struct rect r = ui->layout.header;
    struct tab *t = ui_tab(ui);
    struct part parts[PARTS];
    if (r.h <= 0)
        return;
    text_fill(r, ROLE_HEADER);
    if (!t) {
        text_puts(r.y, r.x + 1, r.w - 1, ROLE_HEADER, "heloscope");
        return;
    }
    memset(parts, 0, sizeof parts);
    int n = make(ui, t, parts);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && width(parts, n) > r.w; i++)
        for (int k = 0; k < n; k++)
            if (parts[k].kind == steps[i].kind)
                parts[k].is = steps[i].form;
    /* What still does not fit is cut at the name, so that LIVE stays. */
    int x = r.x + 1, over = width(parts, n) - r.w;
    for (int i = 0; i < n; i++) {
        const char *s = parts[i].form[parts[i].is];
        if (!*s)
            continue;
        if (x > r.x + 1)
            x += text_puts(r.y, x, r.x + r.w - x, ROLE_BORDER, " | ");
        if (i == 0 && over > 0) {
            int room = text_width(s, strlen(s)) - over;
            x += text_puts(r.y, x, room > 2 ? room - 1 : 1, parts[i].role, s);
            s = "\xe2\x80\xa6";
        }
        x += text_puts(r.y, x, r.x + r.w - x, parts[i].role, s);
    }
}

void tabbar_draw(struct ui *ui)
{
    static const struct {
        enum focus pane;
        const char *name;
    } tabs[] = {{FOCUS_TALK, "talk"},
                {FOCUS_CAPS, "caps"},
                {FOCUS_WHY, "why"},
                {FOCUS_TLS, "tls"},
                {FOCUS_LESSON, "lesson"}};
    struct rect r = ui->layout.tabs;
    struct tab *t = ui_tab(ui);
    int x = r.x + 1;
    if (r.h <= 0)
        return;
    if (ui->focus == FOCUS_MAIL && t && t->mail && t->mail->reading) { /* 1 to 4 are its views */
        static const char *const views[] = {"wire", "claimed", "shown", "concluded"};
        for (int v = 0; v < MAIL_VIEWS; v++) {
            bool here = v == t->mail->at;
            x += text_putf(r.y, x, r.x + r.w - x, here ? ROLE_TITLE : ROLE_DIM, "%s%d %s%s",
                           here ? "[" : " ", v + 1, views[v], here ? "]" : " ") +
                 1;
        }
        return;
    }
    for (int i = 0; i < (ui->lesson ? 5 : 4); i++) {
        char label[48];
        int fresh, gone, changed;
        bool here = ui->small_pane == tabs[i].pane ||
                    (tabs[i].pane == FOCUS_TALK && ui->small_pane == FOCUS_EDITOR);
        int n = snprintf(label, sizeof label, "%s%d %s", here ? "[" : " ", i + 1, tabs[i].name);
        caps_counts(t ? t->session : NULL, &fresh, &gone, &changed);
        if (tabs[i].pane == FOCUS_CAPS && fresh + gone + changed > 0) {
            n += snprintf(label + n, sizeof label - (size_t)n, "(");
            if (fresh)
                n += snprintf(label + n, sizeof label - (size_t)n, "+%d", fresh);
            if (gone)
                n += snprintf(label + n, sizeof label - (size_t)n, "-%d", gone);
            if (changed)
                n += snprintf(label + n, sizeof label - (size_t)n, "~%d", changed);
            n += snprintf(label + n, sizeof label - (size_t)n, ")");
        }
        snprintf(label + n, sizeof label - (size_t)n, "%s", here ? "]" : " ");
        x += text_puts(r.y, x, r.x + r.w - x, here ? ROLE_TITLE : ROLE_DIM, label) + 1;
    }
}
