/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session saw of TLS, for the report and the findings (tlsreport.h): the capabilities in
 * clear and inside TLS, a refused upgrade, a failed handshake, octets injected. RFC 3207 4.2, RFC
 * 2595 4. */
#include "core/session_priv.h"
#include "heloscope/tlsreport.h"

#include <stdio.h>
#include <string.h>

void session_saw_caps(struct session *s)
{
    if (s->now.tls) {
        caps_copy(&s->seen_inside, &s->caps);
        s->has_seen_inside = true;
    } else {
        caps_copy(&s->seen_clear, &s->caps);
        s->has_seen_clear = true;
    }
}

void session_saw_refusal(struct session *s, const char *line, size_t n)
{
    size_t i = 0;
    for (; i < n && i + 1 < sizeof s->tls_refused; i++)
        s->tls_refused[i] = line[i] >= ' ' && line[i] < 0x7f ? line[i] : '?';
    s->tls_refused[i] = '\0';
}

void session_saw_end(struct session *s, const char *how)
{
    const struct verb *v = s->nqueue > 0 ? s->queue[0].cmd.verb : NULL;
    if (v && (v->flags & VERB_UPGRADE) && !s->tls_refused[0])
        snprintf(s->tls_refused, sizeof s->tls_refused, "no reply, %s", how);
}

void session_tls_seen(const struct session *s, struct tls_seen *out)
{
    memset(out, 0, sizeof *out);
    out->proto = s->proto;
    out->label = s->target.label ? s->target.label : "";
    out->implicit = s->target.tls;
    out->practice = s->options.practice;
    out->clear = s->has_seen_clear ? &s->seen_clear : NULL;
    out->inside = s->has_seen_inside ? &s->seen_inside : NULL;
    out->refused = s->tls_refused;
    out->failed = s->tls_failed;
    out->injected = s->injected;
    out->facts = s->has_tls ? &s->tls : NULL;
    out->peer = s->peer;
}
