/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options about the way to the server as core wants them. */
#include "mode/mode.h"
#include "heloscope/buf.h"
#include "heloscope/dns.h"
#include "heloscope/loop.h"
#include "heloscope/mtasts.h"
#include "heloscope/route.h"
#include "heloscope/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

enum fault mode_policy(const struct args *a, struct mtasts *out, const struct mtasts **use,
                       char *why, size_t size)
{
    char inner[300];
    *use = NULL;
    if (!a->mta_sts)
        return FAULT_NONE;
    FILE *f = fopen(a->mta_sts, "re");
    if (!f) {
        snprintf(why, size, "%s cannot be opened: %s", a->mta_sts, strerror(errno));
        return FAULT_FILE;
    }
    char *text = xmalloc(MTASTS_FILE_MAX + 1);
    size_t n = fread(text, 1, MTASTS_FILE_MAX + 1, f);
    bool ok = !ferror(f);
    if (!ok)
        snprintf(why, size, "%s cannot be read: %s", a->mta_sts, strerror(errno));
    fclose(f);
    if (ok) {
        ok = mtasts_parse(text, n, out, inner, sizeof inner);
        if (!ok)
            snprintf(why, size, "%s is no MTA-STS policy: %s", a->mta_sts, inner);
    }
    free(text);
    *use = ok ? out : NULL;
    return ok ? FAULT_NONE : FAULT_FILE;
}
