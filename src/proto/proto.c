/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of drivers and the look-ups that need no more than their rows. What a protocol is like
 * stands in its own file; the only list of names is protocols.def. */
#include "heloscope/proto.h"
#include <string.h>
#include <strings.h>

#define PROTOCOL(name) extern const struct proto proto_##name;
#include "protocols.def"
#undef PROTOCOL

#define PROTOCOL(name) &proto_##name,
const struct proto *const proto_list[] = {
#include "protocols.def"
    NULL,
};
#undef PROTOCOL

static bool same(const char *name, const char *p, size_t n)
{
    return name && strlen(name) == n && strncasecmp(name, p, n) == 0;
}

const struct proto *proto_find(const char *scheme, size_t n, bool *tls, unsigned short *port)
{
    for (size_t i = 0; proto_list[i]; i++) {
        const struct proto *p = proto_list[i];
        bool secure = same(p->tls_scheme, scheme, n);
        if (!secure && !same(p->name, scheme, n))
            continue;
        if (tls)
            *tls = secure;
        if (port)
            *port = secure ? p->tls_port : p->port;
        return p;
    }
    return NULL;
}

static bool listed(const unsigned short *ports, unsigned short port)
{
    for (; ports && *ports; ports++)
        if (*ports == port)
            return true;
    return false;
}

const struct proto *proto_by_port(unsigned short port, bool *tls)
{
    const struct proto *found = NULL;
    bool secure = false;
    if (port == 0)
        return NULL;
    for (size_t i = 0; proto_list[i]; i++) {
        const struct proto *p = proto_list[i];
        if (port != p->port && port != p->tls_port && !listed(p->ports, port))
            continue;
        /* Of two that share a port (465) the later one: smtps is only a habit, submissions is
         * registered. */
        found = p;
        secure = port == p->tls_port;
    }
    if (tls && found)
        *tls = secure;
    return found;
}

const struct verb *proto_verb(const struct proto *p, const char *name, size_t n)
{
    for (size_t i = 0; i < p->nverbs; i++)
        if (same(p->verbs[i].name, name, n))
            return &p->verbs[i];
    return NULL;
}

const struct proto *proto_elsewhere(const struct proto *p, const char *name, size_t n)
{
    for (size_t i = 0; proto_list[i] && !proto_verb(p, name, n); i++)
        if (proto_verb(proto_list[i], name, n))
            return proto_list[i];
    return NULL;
}

const struct verb *proto_pseudo(const struct proto *p, unsigned flag)
{
    for (size_t i = 0; i < p->nverbs; i++)
        if (p->verbs[i].flags & flag)
            return &p->verbs[i];
    return NULL;
}

uint32_t proto_replies(const struct proto *p, const struct where *now, const struct command *cmd)
{
    (void)p;
    bool ends = cmd->verb &&
                ((cmd->verb->flags & VERB_END) || ((cmd->verb->flags & VERB_LITERAL) && cmd->last));
    if (now->lmtp && ends && now->rcpts > 0)
        return now->rcpts;
    return cmd->replies ? cmd->replies : 1;
}

bool proto_legal(const struct verb *v, const struct where *w)
{
    if (!v || w->state >= 32 || !(v->legal & (1u << w->state)))
        return false;
    if ((v->flags & VERB_UPGRADE) && w->tls)
        return false;
    if ((v->flags & VERB_AUTH) && w->authed)
        return false;
    return true;
}

const char *proto_state(const struct proto *p, const struct where *w)
{
    return w->state < p->nstates ? p->states[w->state].name : "?";
}
