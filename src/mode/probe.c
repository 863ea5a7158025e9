/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `heloscope probe TARGET`: a check-up that changes nothing. What is wrong with the command line is
 * said first; progress goes to standard error, the answer to standard output. The exit status tells
 * what happens to mail: 0 as long as one server would take it, otherwise why none does. */
#include "mode/probe.h"
#include "mode/config.h"
#include "heloscope/buf.h"
#include "heloscope/harmless.h"
#include "heloscope/loop.h"
#include "heloscope/proto.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void probe_say(const char *fmt, ...)
{
    va_list ap;
    fputs("heloscope: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputs("...\n", stderr);
}

/* A bare domain means its mail; "host:25" and "smtp://host" mean that very server. */
static bool read_target(struct probe *p, const char *text, char *why, size_t size)
{
    char mx[1100];
    bool tls;
    const char *at = strrchr(text, '@');
    if (at && at[1] && !strstr(text, "://")) { /* an address, where its domain is meant */
        struct buf clean;
        buf_init(&clean, 2000);
        text_clean(&clean, text, strnlen(text, 300));
        snprintf(why, size,
                 "a check-up is of a domain or a server: 'heloscope probe %s --to %s' asks about "
                 "that address",
                 strrchr(buf_str(&clean), '@') + 1, buf_str(&clean));
        buf_clear(&clean);
        return false;
    }
    if (!target_parse(text, &p->target, why, size))
        return false;
    if (p->target.mx || p->target.proto)
        return true;
    if (p->target.is_address || p->target.path) {
        target_choose(&p->target, proto_find(p->target.path ? "lmtp" : "smtp", 4, &tls, NULL));
        return true;
    }
    if (p->target.port) {
        snprintf(why, size, "port %u does not tell what %s speaks: say smtp://%s or pop3://%s",
                 p->target.port, p->target.host, text, text);
        return false;
    }
    target_clear(&p->target);
    snprintf(mx, sizeof mx, "mx:%s", text);
    return target_parse(mx, &p->target, why, size);
}

/* An address goes into a line of ours: nothing may end that line or the brackets. */
static bool good_address(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || s[i] == '<' || s[i] == '>')
            return false;
    return n <= 900;
}

static bool read_envelope(struct probe *p, char *why, size_t size)
{
    const struct args *a = p->a;
    p->from = a->from && strcmp(a->from, "<>") != 0 ? a->from : "";
    if (!good_address(p->from, strlen(p->from))) {
        snprintf(why, size, "--from wants an address, or '<>', not '%.80s'", p->from);
        return false;
    }
    for (size_t i = 0; i < a->to.n; i++)
        for (const char *s = a->to.v[i]; *s; s += strcspn(s, ","), s += *s == ',') {
            size_t n = strcspn(s, ",");
            if (!n || !good_address(s, n)) {
                snprintf(why, size, "--to wants an address, not '%.80s'", s);
                return false;
            }
            if (p->nrcpts == PROBE_RCPTS_MAX) {
                snprintf(why, size, "a check-up asks about %d recipients at most", PROBE_RCPTS_MAX);
                return false;
            }
            p->rcpts[p->nrcpts++] = xstrndup(s, n);
        }
    return true;
}

static enum fault prepare(struct probe *p, char *why, size_t size)
{
    const struct args *a = p->a;
    struct config config;
    enum fault fault = mode_trust(a, true, &p->o.conn.trust, why, size);
    if (fault == FAULT_NONE)
        fault = mode_route(a, &p->way, &p->o.conn, why, size);
    if (fault == FAULT_NONE)
        fault = mode_policy(a, &p->policy, &p->o.mta_sts, why, size);
    if (fault != FAULT_NONE)
        return fault;
    if (!read_target(p, a->operands[0], why, size) || !read_envelope(p, why, size))
        return FAULT_USAGE;
    config_read(&config);
    p->o.timeout_ms = (int)(a->timeout ? a->timeout : config.timeout ? config.timeout : 30) * 1000;
    config_clear(&config);
    p->o.conn.insecure = true; /* what does not hold is a finding, and no password is sent */
    p->o.conn.connect_timeout_ms = p->o.timeout_ms;
    if (a->ehlo)
        snprintf(p->ehlo, sizeof p->ehlo, "%s", a->ehlo);
    else if (gethostname(p->ehlo, sizeof p->ehlo - 1) != 0 || !p->ehlo[0])
        snprintf(p->ehlo, sizeof p->ehlo, "localhost");
    if (!good_address(p->ehlo, strlen(p->ehlo))) {
        snprintf(why, size, "--ehlo wants a host name, not '%.80s'", p->ehlo);
        return FAULT_USAGE;
    }
    return FAULT_NONE;
}

int mode_probe(const struct args *a)
{
    struct probe *p = xcalloc(1, sizeof *p);
    char why[500] = "";
    p->a = a;
    enum fault fault = prepare(p, why, sizeof why);
    if (fault == FAULT_NONE && a->tui && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
        snprintf(why, sizeof why, "--tui needs a terminal; without it the result is printed");
        fault = FAULT_TERMINAL;
    }
    if (fault != FAULT_NONE) {
        mode_complain("%s", why);
    } else {
        p->loop = loop_new();
        probe_run(p);
        if (a->json)
            probe_print_json(p, stdout);
        else if (!a->tui)
            probe_print(p, stdout, true, 96);
        else if (probe_tabs(p) == fault_status(FAULT_TERMINAL))
            p->fault = FAULT_TERMINAL;
        fault = p->fault;
    }
    for (size_t i = 0; i < p->ntalks; i++)
        probe_talk_clear(&p->talks[i]);
    for (size_t i = 0; i < p->nrcpts; i++)
        free(p->rcpts[i]);
    dnsfacts_free(p->domain);
    mx_cancel(p->mx);
    dns_free(&p->dns);
    free(p->list);
    target_clear(&p->target);
    route_clear(&p->way);
    if (p->loop)
        loop_free(p->loop);
    free(p);
    return fault_status(fault);
}
