/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where `heloscope serve` listens: what --listen means, and the question before other machines can
 * reach it. */
#include "heloscope/lesson.h"
#include "heloscope/practice.h"
#include "mode/serve.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The ports of the class: no root is wanted for them. */
static const struct {
    const char *proto;
    unsigned port;
    bool always; /* else only where the lesson goes there */
} usual[] = {
    {"smtp", 2525, true},
    {"pop3", 2110, true},
    {"submission", 2587, false},
    {"lmtp", 2424, false},
};

static bool goes_to(const struct lesson *l, const char *proto)
{
    bool goes = l && !strcasecmp(l->service, proto);
    for (size_t i = 0; l && !goes && i < l->nsteps; i++)
        goes = !strcasecmp(l->steps[i].service, proto);
    return goes;
}

/* "ADDR", "ADDR:PORT", "::1", "[::1]:PORT" into the host (with brackets) and the port's text. */
static bool split(const char *listen, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(listen, ':');
    bool six = colon && strchr(listen, ':') != colon && *listen != '[';
    bool bracket = *listen == '[';
    if (six || !colon || (bracket && colon[-1] != ']'))
        colon = NULL; /* the colon belongs to the address, or there is none */
    size_t n = colon ? (size_t)(colon - listen) : strlen(listen);
    *port = colon ? colon + 1 : NULL;
    if (bracket && (n < 3 || listen[n - 1] != ']'))
        return false;
    if (*port && (!**port || strspn(*port, "0123456789") != strlen(*port) || strlen(*port) > 5))
        return false;
    return n && snprintf(host, size, six ? "[%.*s]" : "%.*s", (int)n, listen) < (int)size;
}

bool doors_listen(const struct args *a, const struct lesson *l, struct door doors[DOORS], char *why,
                  size_t size)
{
    char host[256];
    const char *port;
    bool any = false;
    for (int i = 0; i < DOORS; i++)
        any |= doors[i].address != NULL;
    const char *listen = a->listen ? a->listen : l && !any ? "127.0.0.1" : NULL;
    if (!listen)
        return true;
    if (!split(listen, host, sizeof host, &port)) {
        snprintf(why, size,
                 "--listen %.100s: not ADDRESS or ADDRESS:PORT; write for example 127.0.0.1, "
                 "192.0.2.1:2525 or [::1]:2525",
                 listen);
        return false;
    }
    for (size_t u = 0; u < sizeof usual / sizeof *usual; u++) {
        if (!usual[u].always && !goes_to(l, usual[u].proto))
            continue;
        for (int i = 0; i < DOORS; i++) {
            struct door *d = &doors[i];
            if (d->address || strcmp(d->proto, usual[u].proto) != 0)
                continue;
            if (port && (u == 0 || !strcmp(port, "0")))
                snprintf(d->own, sizeof d->own, "%s:%s", host, port);
            else
                snprintf(d->own, sizeof d->own, "%s:%u", host, usual[u].port);
            d->address = d->own;
        }
    }
    return true;
}

bool doors_ask(const struct args *a, const struct door doors[DOORS], bool *remote, char *why,
               size_t size)
{
    const char *wide = NULL;
    char answer[16];
    for (int i = 0; i < DOORS && !wide; i++)
        if (doors[i].address && world_is_remote(doors[i].address))
            wide = doors[i].address;
    *remote = false;
    if (!wide || a->allow_remote || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return true; /* world_listen() refuses what may not be */
    fprintf(stderr,
            "%s can be reached by other machines. The passwords of the practice world are public, "
            "and what is sent there is kept while this runs.\nServe it all the same? [y/N] ",
            wide);
    fflush(stderr);
    bool yes = fgets(answer, sizeof answer, stdin) &&
               (!strcasecmp(answer, "y\n") || !strcasecmp(answer, "yes\n"));
    *remote = yes;
    if (!yes)
        snprintf(why, size, "%.200s: not opened; 127.0.0.1 stays on this machine", wide);
    return yes;
}

void door_place(const struct door *d, char *out, size_t size)
{
    snprintf(out, size, "%.*s:%u", (int)(strrchr(d->address, ':') - d->address), d->address,
             d->port);
}
