/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `heloscope tls`: one talk as far as TLS goes (EHLO, STARTTLS, EHLO, QUIT; CAPA and STLS for
 * POP3), and the report of it. A certificate that cannot be verified stops nothing here: no letter
 * and no password is sent, and what is wrong with it is what was asked. With --tls-versions four
 * more connections follow. */
#include "mode/mode.h"
#include "heloscope/loop.h"
#include "heloscope/mtasts.h"
#include "heloscope/route.h"
#include "heloscope/session.h"
#include "heloscope/tlsreport.h"

#include <string.h>
#include <unistd.h>

enum { REPORT_MAX = 4 << 20 };

struct look {
    struct loop *loop;
    struct session *session;
    struct session_options options;
    struct mtasts policy;
    struct route way;
    char host[256];
    bool over, asked_clear, asked_tls, asked_inside, quitting;
    struct tls_scan *scan;
};

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    struct look *k = arg;
    (void)s;
    k->over |= ev == SESSION_OVER;
}

static const struct verb *upgrade_of(const struct proto *p)
{
    for (size_t i = 0; i < p->nverbs; i++)
        if (p->verbs[i].flags & VERB_UPGRADE)
            return &p->verbs[i];
    return NULL;
}

/* The next line of the talk. */
static void talk(void *arg)
{
    struct look *k = arg;
    char line[400], why[200];
    if (k->over) {
        if (!session_asking(k->session)) /* else the answer comes yet */
            loop_stop(k->loop);
        return;
    }
    if (k->quitting || !session_is_up(k->session) || session_outstanding(k->session) > 0)
        return;
    const struct proto *p = session_proto(k->session);
    const struct verb *banner = proto_pseudo(p, VERB_BANNER), *up = upgrade_of(p);
    const struct verb *caps = proto_verb(p, p->caps_verb, strlen(p->caps_verb));
    const struct caps *offered = session_caps(k->session);
    bool tls = session_tls(k->session) != NULL;
    if (banner && proto_legal(banner, session_now(k->session)))
        return;
    if (caps && !*(tls ? &k->asked_inside : &k->asked_clear)) {
        *(tls ? &k->asked_inside : &k->asked_clear) = true;
        snprintf(line, sizeof line, "%s%s", caps->insert, strchr(caps->insert, ' ') ? k->host : "");
    } else if (!tls && up && !k->asked_tls && offered && caps_find(offered, up->name)) {
        k->asked_tls = true;
        snprintf(line, sizeof line, "%s", up->name);
    } else {
        k->quitting = true;
        snprintf(line, sizeof line, "QUIT");
    }
    session_line(k->session, line, strlen(line), why, sizeof why);
}

static void on_scan(void *arg, struct tls_scan *s, bool done)
{
    struct look *k = arg;
    (void)s;
    if (done)
        loop_stop(k->loop);
}

/* No TLS, no list of capabilities, not even a handshake that failed. */
static bool nothing_came(const struct look *k)
{
    struct tls_seen seen;
    enum fault fault = session_fault(k->session);
    session_tls_seen(k->session, &seen);
    return !seen.clear && !seen.facts && !seen.failed[0] && fault != FAULT_NONE;
}

/* Prints, and says how it went. */
static enum fault report(struct look *k, const struct args *a)
{
    struct tls_seen seen;
    struct tls_finding found[TLS_FINDINGS_MAX];
    struct buf out;
    session_tls_seen(k->session, &seen);
    /* Where nothing came about there is nothing to report or to judge: the connection's own fault
     * tells. */
    bool nothing = nothing_came(k);
    if (nothing)
        mode_complain("%s", session_last(k->session));
    if (nothing && !a->json)
        return session_fault(k->session);
    if (k->scan) {
        seen.versions = tls_scan_rows(k->scan);
        seen.nversions = TLS_VERSION_ROWS;
        const struct caps *other = tls_scan_other(k->scan, seen.clear);
        seen.old_clear = other ? other : seen.old_clear;
    }
    buf_init(&out, REPORT_MAX);
    if (a->json) {
        tls_report_json(&seen, &out);
        buf_add_char(&out, '\n');
    } else {
        tls_report_text(&seen, &out);
    }
    fwrite(out.p, 1, out.len, stdout);
    buf_clear(&out);
    if (nothing)
        return session_fault(k->session);
    if (session_fault(k->session) != FAULT_NONE)
        mode_complain("%s", session_last(k->session));
    size_t n = tls_findings(&seen, found, TLS_FINDINGS_MAX);
    return !seen.facts || (n && found[0].rule->gravity == TLS_GRAVE) ? FAULT_TLS : FAULT_NONE;
}

static enum fault look(struct look *k, const struct args *a, const struct target *t)
{
    char why[300];
    k->session = session_open(k->loop, t, &k->options, on_session, k);
    k->over = !session_is_open(k->session);
    loop_after(k->loop, talk, k);
    if (!k->over)
        loop_run(k->loop);
    loop_after(k->loop, NULL, NULL);
    if (a->tls_versions && !nothing_came(k)) {
        k->scan =
            tls_scan_new(k->loop, session_target(k->session), &k->options, k->host, on_scan, k);
        loop_run(k->loop);
    }
    enum fault fault = report(k, a);
    if (a->save_chain &&
        !tls_peer_save(session_peer(k->session), a->save_chain, false, why, sizeof why)) {
        mode_complain("--save-chain: %s", why);
        fault = FAULT_FILE;
    }
    tls_scan_free(k->scan);
    session_free(k->session);
    return fault;
}

int mode_tls(const struct args *a)
{
    static struct look k;
    struct target t;
    char why[400];
    enum fault fault = mode_trust(a, true, &k.options.conn.trust, why, sizeof why);
    if (fault == FAULT_NONE)
        fault = mode_route(a, &k.way, &k.options.conn, why, sizeof why);
    if (fault == FAULT_NONE)
        fault = mode_policy(a, &k.policy, &k.options.mta_sts, why, sizeof why);
    if (fault == FAULT_NONE && !target_parse(a->operands[0], &t, why, sizeof why))
        fault = FAULT_USAGE;
    else if (fault == FAULT_NONE)
        target_socket(&t);
    if (fault == FAULT_NONE && !t.proto) {
        snprintf(why, sizeof why,
                 "neither a scheme nor a well-known port tells what %s speaks: say smtp://%s or "
                 "pop3://%s",
                 t.label, a->operands[0], a->operands[0]);
        target_clear(&t);
        fault = FAULT_USAGE;
    }
    if (fault != FAULT_NONE) {
        mode_complain("%s", why);
        return fault_status(fault);
    }
    k.options.conn.insecure = true;
    k.options.dane = true;
    k.options.mx_reserved = a->allow_reserved;
    k.options.timeout_ms = (int)a->timeout * 1000;
    gethostname(k.host, sizeof k.host - 1);
    if (a->ehlo || !k.host[0])
        snprintf(k.host, sizeof k.host, "%s", a->ehlo ? a->ehlo : "localhost");
    k.loop = loop_new();
    fault = look(&k, a, &t);
    target_clear(&t);
    route_clear(&k.way);
    loop_free(k.loop);
    return fault_status(fault);
}
