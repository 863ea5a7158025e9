/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection for each TLS version, one after the other: banner, capabilities, the upgrade, the
 * handshake with nothing but that version, QUIT. What a session reports is only noted, and acted on
 * in the next turn of the loop: a session must not be freed from its own callback. RFC 3207, RFC
 * 2595, RFC 8996. */
#include "heloscope/tlsscan.h"
#include "heloscope/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 10000 };

struct tls_scan {
    struct loop *loop;
    struct target target;
    struct session_options options;
    char *helo;
    tls_scan_fn *fn;
    void *arg;
    struct session *session; /* NULL: between two */
    struct watch *kick;
    size_t row;
    bool asked_caps, asked_tls, quitting, over;
    struct tls_version_row rows[TLS_VERSION_ROWS];
    struct caps clear[TLS_VERSION_ROWS]; /* what each was offered; has: whether it was */
    bool has[TLS_VERSION_ROWS];
};

static void work(void *arg);

static void on_session(void *arg, struct session *se, enum session_event ev)
{
    struct tls_scan *s = arg;
    (void)se;
    s->over |= ev == SESSION_OVER;
    if (!s->kick)
        s->kick = loop_timer(s->loop, 0, work, s);
}

static void begin(struct tls_scan *s)
{
    struct tls_version_row *r = &s->rows[s->row];
    struct session_options o = s->options;
    s->asked_caps = s->asked_tls = s->quitting = s->over = false;
    o.conn.insecure = true;
    o.conn.trust.ask.min = o.conn.trust.ask.max = r->version;
    if (o.timeout_ms <= 0)
        o.timeout_ms = WAIT_MS;
    if (tls_trust_check(&o.conn.trust, r->words, sizeof r->words) != FAULT_NONE) {
        s->over = true; /* not to be had from this machine: words tells */
        return;
    }
    s->session = session_open(s->loop, &s->target, &o, on_session, s);
    s->over = !session_is_open(s->session);
}

static void judge(struct tls_scan *s)
{
    struct tls_version_row *r = &s->rows[s->row];
    const struct tls_facts *f = session_tls(s->session);
    if (f) {
        r->accept = TLS_ACCEPTED;
        snprintf(r->words, sizeof r->words, "%s", f->cipher);
    } else if (s->over) {
        bool tls = session_fault(s->session) == FAULT_TLS;
        r->accept = tls ? TLS_DECLINED : TLS_NO_ANSWER;
        snprintf(r->words, sizeof r->words, "%s", session_last(s->session));
    }
}

/* Says the next thing that leads to TLS. */
static void talk(struct tls_scan *s)
{
    const struct proto *p = session_proto(s->session);
    const struct verb *banner = proto_pseudo(p, VERB_BANNER), *up = NULL;
    struct tls_version_row *r = &s->rows[s->row];
    char line[400], why[200];
    if (!session_is_up(s->session) || session_outstanding(s->session) > 0 ||
        (banner && proto_legal(banner, session_now(s->session))))
        return;
    for (size_t i = 0; i < p->nverbs; i++)
        if (p->verbs[i].flags & VERB_UPGRADE)
            up = &p->verbs[i];
    const struct verb *caps = proto_verb(p, p->caps_verb, strlen(p->caps_verb));
    if (!s->asked_caps && caps) {
        s->asked_caps = true;
        snprintf(line, sizeof line, "%s%s", caps->insert, strchr(caps->insert, ' ') ? s->helo : "");
    } else if (!s->asked_tls && up) {
        s->asked_tls = true;
        if (session_caps(s->session))
            s->has[s->row] = caps_copy(&s->clear[s->row], session_caps(s->session));
        snprintf(line, sizeof line, "%s", up->name);
    } else {
        snprintf(r->words, sizeof r->words, "%s was refused", up ? up->name : "TLS");
        s->quitting = true;
        snprintf(line, sizeof line, "QUIT");
    }
    session_line(s->session, line, strlen(line), why, sizeof why);
}

static void work(void *arg)
{
    struct tls_scan *s = arg;
    s->kick = NULL;
    if (s->session) {
        struct tls_version_row *r = &s->rows[s->row];
        if (r->accept == TLS_NOT_TRIED && !s->quitting)
            judge(s);
        if (r->accept == TLS_ACCEPTED && !s->quitting && session_is_up(s->session)) {
            char why[200];
            s->quitting = true;
            session_line(s->session, "QUIT", 4, why, sizeof why);
        } else if (!s->over && !s->quitting) {
            talk(s);
        }
        if (!s->over)
            return;
        session_free(s->session);
        s->session = NULL;
        if (s->kick) /* told while it was being freed */
            loop_drop(s->kick);
        s->kick = NULL;
        s->row++;
    } else if (s->over) {
        s->row++;
    }
    bool done = s->row == TLS_VERSION_ROWS;
    if (!done)
        begin(s);
    if (!done && s->over && !s->kick)
        s->kick = loop_timer(s->loop, 0, work, s);
    s->fn(s->arg, s, done);
}

struct tls_scan *tls_scan_new(struct loop *l, const struct target *t,
                              const struct session_options *o, const char *helo, tls_scan_fn *fn,
                              void *arg)
{
    struct tls_scan *s = xcalloc(1, sizeof *s);
    s->loop = l;
    s->options = *o;
    s->options.use_sink = false;
    s->options.dane = false;
    s->helo = xstrdup(helo);
    s->fn = fn;
    s->arg = arg;
    target_copy(&s->target, t);
    for (int i = 0; i < TLS_VERSION_ROWS; i++) {
        s->rows[i].version = (enum tls_version)(TLS_1_0 + i);
        caps_init(&s->clear[i]);
    }
    s->kick = loop_timer(l, 0, work, s);
    return s;
}

void tls_scan_free(struct tls_scan *s)
{
    if (!s)
        return;
    session_free(s->session);
    if (s->kick)
        loop_drop(s->kick);
    for (size_t i = 0; i < TLS_VERSION_ROWS; i++)
        caps_clear(&s->clear[i]);
    target_clear(&s->target);
    free(s->helo);
    free(s);
}

const struct tls_version_row *tls_scan_rows(const struct tls_scan *s)
{
    return s->rows;
}

bool tls_scan_done(const struct tls_scan *s)
{
    return s->row == TLS_VERSION_ROWS;
}

const struct caps *tls_scan_other(const struct tls_scan *s, const struct caps *clear)
{
    static struct cap_diff rows[2 * CAPS_MAX];
    for (size_t i = 0; clear && i < TLS_VERSION_ROWS; i++) {
        size_t n = s->has[i] ? caps_diff(&s->clear[i], clear, rows, 2 * CAPS_MAX) : 0;
        for (size_t k = 0; k < n && k < 2 * CAPS_MAX; k++)
            if (rows[k].change != CAP_SAME)
                return &s->clear[i];
    }
    return NULL;
}
