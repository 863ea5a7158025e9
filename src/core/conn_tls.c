/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS over a connection: the upgrade with what was injected before it, the question about a
 * certificate that does not hold, records in. RFC 3207 4.2 and RFC 2595 4 (what came before TLS is
 * dropped), RFC 8446 6.1 (closing). */
#include "core/conn_priv.h"
#include "heloscope/tlspeer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

static void on_tls_limit(void *arg)
{
    struct conn *c = arg;
    char text[120];
    c->limit = NULL;
    snprintf(text, sizeof text, "the TLS handshake failed: no answer within %g s",
             (c->o.tls_timeout_ms > 0 ? c->o.tls_timeout_ms : 30000) / 1000.0);
    conn_end(c, CONN_TLS_FAILED, FAULT_TLS, ETIMEDOUT, text);
}

/* Takes what lies in the socket already. It came before our ClientHello, so it is no answer to
 * that. */
static void collect_injected(struct conn *c)
{
    char some[4096];
    ssize_t n;
    while (c->injected.len < INJECTED_MAX && (n = recv(c->fd, some, sizeof some, 0)) > 0) {
        size_t room = INJECTED_MAX - c->injected.len;
        buf_add(&c->injected, some, (size_t)n < room ? (size_t)n : room);
    }
}

void conn_begin_tls(struct conn *c)
{
    char why[300] = "";
    if (c->injected.len) {
        struct conn_event ev = {.kind = CONN_INJECTED,
                                .fault = FAULT_PROTOCOL,
                                .text = "bytes arrived in the clear after TLS was agreed on; "
                                        "discarded (CVE-2011-0411)",
                                .bytes = c->injected.p,
                                .n = c->injected.len};
        if (!conn_emit(c, ev) || c->phase != PHASE_UPGRADING)
            return;
        buf_clear(&c->injected);
    }
    c->since = now_us();
    c->tls = tls_new_client(c->target.ascii, c->target.is_address, &c->o.trust, why, sizeof why);
    if (!c->tls) {
        conn_end(c, CONN_TLS_FAILED, FAULT_TLS, 0, why);
        return;
    }
    c->phase = PHASE_HANDSHAKE;
    int ms = c->o.tls_timeout_ms > 0 ? c->o.tls_timeout_ms : 30000;
    c->limit = loop_timer(c->loop, ms, on_tls_limit, c);
    if (!conn_emit(c, (struct conn_event){.kind = CONN_TLS_STARTED, .text = c->target.label}) ||
        c->phase != PHASE_HANDSHAKE)
        return;
    if (tls_start(c->tls, &c->wire) == TLS_BROKEN) {
        conn_end(c, CONN_TLS_FAILED, FAULT_TLS, 0, tls_error(c->tls));
        return;
    }
    if (conn_flush(c))
        conn_watch(c);
}

/* Verified, or accepted as it is. False: gone. */
bool conn_tls_up(struct conn *c)
{
    c->phase = PHASE_TLS;
    double ms = (double)(now_us() - c->since) / 1000.0;
    const struct tls_facts f = *tls_facts(c->tls);
    struct tls_peer *peer = tls_peer_ref(tls_peer(c->tls));
    struct conn_event ev = {
        .kind = CONN_TLS_UP, .ms = ms, .text = f.version, .facts = &f, .peer = peer};
    bool on = conn_emit(c, ev);
    tls_peer_free(peer);
    /* Our Finished and what was queued meanwhile go out together. */
    return on && c->phase == PHASE_TLS && conn_flush(c) && conn_deliver(c);
}

/* The handshake has come through: what is the certificate worth? */
static bool judge(struct conn *c)
{
    const struct tls_facts f = *tls_facts(c->tls); /* ours: the answer may be to abort */
    loop_drop(c->limit);
    c->limit = NULL;
    if (!c->o.tls_hold && (f.verdict != TLS_UNVERIFIED || c->o.insecure))
        return conn_tls_up(c);
    c->phase = PHASE_ASKING;
    c->blocked = false;
    conn_watch(c);
    struct tls_peer *peer = tls_peer_ref(tls_peer(c->tls));
    bool on = conn_emit(c, (struct conn_event){.kind = CONN_TLS_UNVERIFIED,
                                               .fault = FAULT_TLS,
                                               .ms = (double)(now_us() - c->since) / 1000.0,
                                               .text = f.why,
                                               .facts = &f,
                                               .peer = peer});
    tls_peer_free(peer);
    return on && c->phase == PHASE_ASKING;
}

/* The upgrade: first what was queued in clear goes out, then what came too early is taken away,
 * then TLS begins. */
void conn_upgrade(struct conn *c)
{
    if (c->out.len) {
        if (!conn_write_some(c, &c->out, &c->out_at, SIZE_MAX)) {
            conn_fail_errno(c, errno);
            return;
        }
        conn_tidy(&c->out, &c->out_at);
        if (c->out.len) {
            conn_watch(c); /* goes on when the socket takes more */
            return;
        }
    }
    c->blocked = false;
    collect_injected(c);
    conn_begin_tls(c);
}

/* Decrypted bytes that have waited. False: gone. */
bool conn_deliver(struct conn *c)
{
    if (!c->plain.len || c->phase != PHASE_TLS || (c->paused && !c->finished))
        return true;
    struct conn_event ev = {.kind = CONN_DATA, .bytes = c->plain.p, .n = c->plain.len};
    /* The buffer stays as it is while it is told; nothing is read meanwhile. */
    if (!conn_emit(c, ev))
        return false;
    buf_trim(&c->plain, 0);
    return true;
}

/* Feeds the TLS layer. False: gone. */
bool conn_take_records(struct conn *c, const char *bytes, size_t n)
{
    enum tls_state s = tls_input(c->tls, bytes, n, &c->plain, &c->wire);
    if (c->phase == PHASE_HANDSHAKE) {
        if (s == TLS_BROKEN) {
            conn_write_some(c, &c->wire, &c->wire_at, WRITE_TURN); /* the alert, if it can be had */
            return conn_end(c, CONN_TLS_FAILED, FAULT_TLS, 0, tls_error(c->tls));
        }
        if (s == TLS_HANDSHAKE)
            return conn_flush(c);
        if (!judge(c) || c->phase != PHASE_TLS)
            return false;
    }
    if (!conn_deliver(c))
        return false;
    if (s == TLS_BROKEN) {
        conn_write_some(c, &c->wire, &c->wire_at, WRITE_TURN);
        return conn_end(c, CONN_FAILED, FAULT_TLS, 0, tls_error(c->tls));
    }
    if (s == TLS_CLOSED && !c->eof)
        return conn_ended(c, "the other end closed the connection (TLS was closed properly)");
    return c->wire.len ? conn_flush(c) : true;
}

enum tls_binding conn_channel_binding(const struct conn *c, struct buf *out)
{
    return c->phase == PHASE_TLS ? tls_channel_binding(c->tls, out) : TLS_BINDING_NONE;
}
