/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options about the way to the server as core wants them. */
#include "mode/mode.h"
#include "heloscope/dns.h"
#include "heloscope/loop.h"
#include "heloscope/route.h"
#include "heloscope/session.h"

#include <stdlib.h>

enum fault mode_route(const struct args *a, struct route *way, struct conn_options *o, char *why,
                      size_t size)
{
    const struct route_words w = {.ipv4 = a->ipv4,
                                  .ipv6 = a->ipv6,
                                  .source = a->source,
                                  .connect = a->connect,
                                  .proxy = a->proxy,
                                  .proxy_password = getenv("HELOSCOPE_PROXY_PASSWORD"),
                                  .proxy_protocol = a->proxy_protocol};
    if (!route_parse(way, &w, why, size))
        return FAULT_USAGE;
    o->route = way;
    o->name_servers = a->resolver;
    if (!a->resolver)
        return FAULT_NONE;
    struct loop *l = loop_new();
    struct dns d = {0};
    bool ok = dns_open(&d, l, &(struct dns_options){.servers = a->resolver}, why, size);
    dns_free(&d);
    loop_free(l);
    return ok ? FAULT_NONE : FAULT_USAGE;
}
