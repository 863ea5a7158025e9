/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where faults on demand strike in SMTP, submission and LMTP. The faults are rows of troubles.def;
 * those with no reply of their own are looked up where they happen (peer.c, smtpd_letter.c,
 * world.c). */
#include "practice/smtpd.h"

#include <stdio.h>
#include <string.h>

/* The address in "TO:<address> ...", for the reply. */
static void address_of(const char *arg, size_t n, char *out, size_t size)
{
    const char *from = memchr(arg, '<', n);
    const char *to = from ? memchr(from, '>', n - (size_t)(from - arg)) : NULL;
    snprintf(out, size, "%.*s", to ? (int)(to - from - 1) : 0, to ? from + 1 : "");
}

/* Would the verb be carried out now? A fault does not hide a mistake of the client. */
static bool in_order(const struct smtp *s, const char *verb)
{
    if (!strcmp(verb, "MAIL"))
        return !s->mail;
    if (!strcmp(verb, "RCPT"))
        return s->mail && !s->chunked;
    if (!strcmp(verb, "AUTH"))
        return s->extended && !s->authed && !s->mail && smtp_may_auth(s);
    return !s->peer->secure && !world_settings(s->world)->no_tls; /* STARTTLS */
}

/* Faults that do not strike each time. */
static bool strikes(struct smtp *s, enum trouble t, unsigned value, const char *recipient)
{
    switch (t) {
    case TROUBLE_AUTH_REQUIRED:
        return !s->authed;
    case TROUBLE_RATE:
        return s->letters >= value;
    case TROUBLE_RECIPIENTS:
        return s->nrcpts >= value;
    case TROUBLE_GREYLIST:
        return !world_met_address(s->world, s->from.text, recipient);
    case TROUBLE_SHUTDOWN:
    case TROUBLE_HANGUP:
        return s->commands >= value;
    default:
        return true;
    }
}

/* A reply of a row: "450 4.2.0 text". After the dot LMTP says it for each recipient (RFC 2033
 * 4.2). */
static void say(struct smtp *s, enum trouble_place place, const char *reply)
{
    int code = 0, text = 0;
    char enhanced[12] = "";
    if (sscanf(reply, "%d %11[0-9.] %n", &code, enhanced, &text) < 2)
        return;
    size_t times = place == AT_DOT && s->flavour == FLAVOUR_LMTP ? s->nrcpts : 1;
    for (size_t i = 0; i < times; i++)
        smtp_say(s, code, enhanced, "%s", reply + text);
}

bool smtp_trouble(struct smtp *s, enum trouble_place place, const char *verb, const char *arg,
                  size_t n)
{
    char recipient[256], reply[512];
    if (place == AT_COUNT)
        s->commands++;
    if (place == AT_VERB)
        address_of(arg, n, recipient, sizeof recipient);
    else
        snprintf(recipient, sizeof recipient, "%s", s->nrcpts ? s->rcpts[0].address : "");
    for (int i = 0; i < TROUBLES; i++) {
        const struct trouble_row *r = &trouble_rows[i];
        unsigned value;
        if (!world_trouble(s->world, (enum trouble)i, &value) || r->place != place ||
            (place == AT_VERB && (strcmp(r->verb, verb) != 0 || !in_order(s, verb))) ||
            !strikes(s, (enum trouble)i, value, recipient))
            continue;
        struct trouble_about a = {recipient, s->from.text, s->peer->address, value};
        trouble_reply(r->smtp, &a, reply, sizeof reply);
        say(s, place, reply);
        if (r->closes && *r->smtp)
            peer_end(s->peer);
        else if (r->closes)
            peer_hangup(s->peer);
        return true;
    }
    return false;
}
