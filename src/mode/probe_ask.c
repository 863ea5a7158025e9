/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of a check-up: the mail exchangers, then DNS beside (all at once) and the talks (one
 * after the other, so that nobody feels attacked), then the verdicts of DANE. */
#include "mode/probe.h"
#include "heloscope/buf.h"
#include "heloscope/loop.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DNS_MS = 5000, AGAIN_MS = 300 };

static void next_talk(struct probe *p)
{
    char name[800];
    if (p->at < p->ntalks) {
        struct probe_talk *t = &p->talks[p->at++];
        probe_talk_name(t, name, sizeof name);
        probe_say("talking to %s (%zu of %zu)", name, p->at, p->ntalks);
        probe_talk_start(t);
    } else if (!p->asking) {
        loop_stop(p->loop);
    } else {
        probe_say("waiting for DNS");
        p->at = p->ntalks + 1; /* the last answer ends it */
    }
}

void probe_talk_done(struct probe_talk *t)
{
    next_talk(t->p);
}

static void on_facts(void *arg, struct dnsfacts *f)
{
    struct probe *p = arg;
    (void)f;
    if (--p->asking == 0 && p->at > p->ntalks)
        loop_stop(p->loop);
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static struct dnsfacts *ask(struct probe *p, const struct dnsfacts_ask *a)
{
    struct dnsfacts *f = p->dns_silent ? NULL : dnsfacts_start(&p->dns, a, on_facts, p);
    if (f)
        p->asking++;
    return f;
}

/* With --connect all addresses of a host are one place: it is talked to once for each name. */
static bool talked_of(const struct probe *p, const char *host)
{
    for (size_t i = 0; p->way.elsewhere && i < p->ntalks; i++)
        if (strcasecmp(p->talks[i].entry.host, host) == 0)
            return true;
    return false;
}

static struct probe_talk *add_talk(struct probe *p, const struct target *target)
{
    if (p->ntalks == PROBE_TALKS_MAX) {
        p->skipped++;
        return NULL;
    }
    struct probe_talk *t = &p->talks[p->ntalks++];
    *t = (struct probe_talk){.p = p};
    target_copy(&t->target, target);
    return t;
}

/* A host of the list as a target; the port is the domain's target's. */
static void talk_with(struct probe *p, const struct mx_entry *e)
{
    struct target t = p->target;
    char label[300];
    snprintf(label, sizeof label, strchr(e->host, ':') ? "[%s]:%u" : "%s:%u", e->host, t.port);
    t.mx = false;
    t.host = t.ascii = (char *)e->host;
    t.label = label;
    t.is_address = strcmp(e->host, e->address) == 0;
    struct probe_talk *talk = add_talk(p, &t);
    if (talk)
        talk->entry = *e;
}

static void begin(struct probe *p)
{
    for (size_t i = 0; i < p->ntalks; i++) {
        struct probe_talk *t = &p->talks[i];
        const char *address = t->entry.address[0]    ? t->entry.address
                              : t->target.is_address ? t->target.ascii
                                                     : "";
        if (!t->target.path)
            t->facts =
                ask(p, &(struct dnsfacts_ask){.domain = "",
                                              .host = t->target.is_address ? "" : t->target.ascii,
                                              .port = t->target.port,
                                              .address = is_loopback(address) ? "" : address});
    }
    next_talk(p);
}

static void on_list(void *arg, const struct mx_list *list)
{
    struct probe *p = arg;
    p->list = xmalloc(sizeof *p->list);
    *p->list = *list;
    list = p->list; /* the other goes with its owner */
    mx_cancel(p->mx);
    p->mx = NULL;
    /* Also a domain without servers publishes something, unless it does not exist. */
    if (list->kind != MX_FAILED)
        p->domain =
            ask(p, &(struct dnsfacts_ask){.domain = list->domain, .host = "", .address = ""});
    for (size_t i = 0; i < list->n; i++)
        if (mx_takes(list, i) && !talked_of(p, list->at[i].host))
            talk_with(p, &list->at[i]);
    begin(p);
}

static void one_talk(struct probe *p)
{
    add_talk(p, &p->target);
    snprintf(p->talks[0].entry.host, sizeof p->talks[0].entry.host, "%s",
             p->target.host ? p->target.host : p->target.path);
    begin(p);
}

/* The addresses of a single host. With one of them, or none, it is connected to as usual: by
 * /etc/hosts too, and with the words of that for what fails. */
static void on_host(void *arg, const struct mx_list *list)
{
    struct probe *p = arg;
    size_t usable = 0;
    for (size_t i = 0; i < list->n; i++)
        usable += list->at[i].usable;
    for (size_t i = 0; usable > 1 && i < list->n; i++)
        if (list->at[i].usable)
            talk_with(p, &list->at[i]);
    /* A name of /etc/hosts needs no name server; others must not wait for it once more. */
    p->dns_silent = !usable && list->temporary && list->ms >= p->dns_ms;
    if (p->dns_silent)
        p->o.conn.resolve_timeout_ms = AGAIN_MS;
    mx_cancel(p->mx);
    p->mx = NULL;
    if (usable > 1)
        begin(p);
    else
        one_talk(p);
}

/* Is the host's name for us to look up? */
static bool look_up(const struct probe *p)
{
    const char *name = p->target.ascii;
    return !p->target.path && !p->target.is_address && !p->way.elsewhere && !p->way.proxy &&
           strchr(name, '.') && !strstr(name, "localhost");
}

static void judge(struct probe *p)
{
    for (size_t i = 0; i < p->ntalks; i++) {
        struct probe_talk *t = &p->talks[i];
        const struct dane *d = t->facts ? dnsfacts_dane(t->facts) : NULL;
        if (d && t->s)
            session_judge_dane(t->s, d, p->list ? p->list->domain : NULL);
    }
}

void probe_run(struct probe *p)
{
    char why[300] = "";
    p->dns_ms = p->o.timeout_ms < DNS_MS ? p->o.timeout_ms : DNS_MS;
    struct dns_options o = {.servers = p->o.conn.name_servers, .timeout_ms = p->dns_ms};
    if (!dns_open(&p->dns, p->loop, &o, why, sizeof why)) { /* mode_route() has looked at it */
        snprintf(p->answer, sizeof p->answer, "%s", why);
        p->fault = FAULT_USAGE;
        return;
    }
    if (p->target.mx) {
        probe_say("looking up the mail exchangers of %s", p->target.host);
        p->mx = mx_start(&p->dns, p->target.ascii, p->way.family, on_list, p);
        if (p->a->allow_reserved || p->way.elsewhere)
            mx_allow_reserved(p->mx);
    } else if (look_up(p)) {
        p->mx = mx_host(&p->dns, p->target.ascii, p->way.family, on_host, p);
    } else {
        one_talk(p);
    }
    loop_run(p->loop);
    judge(p);
    probe_conclude(p);
}
