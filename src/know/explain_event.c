/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What our own events mean, and lines that are no reply of the protocol at all. */
#include "know/rows.h"

#include <errno.h>
#include <string.h>

#define ANY '*'
#define EARLY 'E'
#define LATE 'L'
#define EVENT(kind, err, when, proto, ...) {EVENT_##kind, err, when, proto, __VA_ARGS__},
static const struct know_event events[] = {
#include "know/events.def"
};
#undef EVENT
#define GREETING(text, proto, means) {text, sizeof(text) - 1, proto, means},
static const struct know_greeting greetings[] = {
#include "know/notes.def"
};

static const char *const kind_words[] = {
    [EVENT_NOTE] = "a remark of this program",
    [EVENT_RESOLVING] = "looking the name up",
    [EVENT_RESOLVED] = "the name's addresses",
    [EVENT_TRYING] = "a connection attempt",
    [EVENT_ATTEMPT_FAILED] = "one attempt failed",
    [EVENT_CONNECTED] = "connected",
    [EVENT_NETWORK_FAILED] = "the network failed",
    [EVENT_REFUSED] = "connection refused",
    [EVENT_TIMED_OUT] = "timed out",
    [EVENT_NO_ROUTE] = "no route",
    [EVENT_NAME_NOT_FOUND] = "name not found",
    [EVENT_NAME_TRY_AGAIN] = "name not looked up",
    [EVENT_RESET] = "connection reset",
    [EVENT_CLOSED] = "connection closed",
    [EVENT_CLOSED_IN_REPLY] = "closed where a reply was due",
    [EVENT_TLS_UP] = "TLS is on",
    [EVENT_TLS_UNVERIFIED] = "certificate not verified",
    [EVENT_TLS_FAILED] = "TLS failed",
    [EVENT_INJECTED] = "bytes injected before TLS",
    [EVENT_ABORTED] = "ended by you",
    [EVENT_UNSOLICITED] = "a reply that nobody asked for",
    [EVENT_GARBAGE] = "not this protocol",
    [EVENT_LIMIT] = "a limit was reached",
    [EVENT_TIMEOUT_WARNING] = "a long wait",
    [EVENT_CAPS_DROPPED] = "capabilities forgotten",
    [EVENT_DNS] = "DNS",
    [EVENT_MX] = "mail exchangers",
    [EVENT_LOGIN] = "logging in",
    [EVENT_UNPROVED] = "a server without proof",
};
_Static_assert(sizeof kind_words / sizeof *kind_words == EVENT_KINDS, "every kind has its words");

/* How well a row's protocol fits: 2 exactly, 1 "smtp" for "smtp:25", 0 any, -1 not at all. */
static int proto_rank(const char *row, const char *proto)
{
    size_t n = strlen(row);
    if (strcmp(row, "*") == 0)
        return 0;
    if (strncmp(row, proto, n) != 0)
        return -1;
    return proto[n] == '\0' ? 2 : proto[n] == ':' ? 1 : -1;
}

const struct know_event *know_event(enum event_kind kind, int err, bool early, const char *proto)
{
    const struct know_event *best = NULL;
    int most = -1;
    for (size_t i = 0; i < COUNT(events); i++) {
        const struct know_event *r = &events[i];
        int fits = proto_rank(r->proto, proto);
        if (r->kind != kind || (r->err && r->err != err) || fits < 0 ||
            (r->when != ANY && r->when != (early ? EARLY : LATE)))
            continue;
        int rank = (r->err ? 8 : 0) + (r->when != ANY ? 4 : 0) + fits;
        if (rank > most) {
            most = rank;
            best = r;
        }
    }
    return best ? best : &events[0];
}

/* Does the event speak of port 25 ("192.0.2.1:25: no answer")? Networks block that one. */
static bool names_port_25(const char *line, size_t n)
{
    for (size_t i = 0; i + 3 <= n; i++)
        if (memcmp(line + i, ":25", 3) == 0 &&
            (i + 3 == n || line[i + 3] < '0' || line[i + 3] > '9'))
            return true;
    return false;
}

void explain_event(const struct moment *m, const char *line, size_t n, struct pen *p,
                   struct explanation *out)
{
    enum event_kind kind = m->event < EVENT_KINDS ? m->event : EVENT_NOTE;
    const char *proto = know_proto(m);
    /* Both drivers call the state before the banner their first. */
    bool early = m->before.state == SMTP_BANNER;
    if (strcmp(proto, "smtp") == 0 && names_port_25(line, n))
        proto = "smtp:25";
    const struct know_event *r = know_event(kind, m->sys_errno, early, proto);
    pen_str(p, kind_words[kind]);
    out->title = pen_take(p);
    out->gutter = r->gutter;
    out->what = r->what;
    out->decided = r->decided;
    out->mends = r->mends;
    out->next = r->next;
    out->ref = r->ref;
}

_Static_assert(SMTP_BANNER == 0 && POP3_STATE(BANNER) == 0, "one number for both");

/* A line that is no reply: whose is it? The longest beginning that fits wins. */
void explain_garbage(const struct moment *m, const char *line, size_t n, struct pen *p,
                     struct explanation *out)
{
    const struct know_greeting *best = NULL;
    const struct know_event *r = know_event(EVENT_GARBAGE, 0, false, know_proto(m));
    const char *proto = know_is_pop3(m) ? "pop3" : "smtp";
    for (size_t i = 0; i < COUNT(greetings); i++) {
        const struct know_greeting *g = &greetings[i];
        if (g->n > n || (g->proto[0] != '*' && strcmp(g->proto, proto) != 0) ||
            !know_same(line, g->n, g->text))
            continue;
        if (!best || g->n > best->n)
            best = g;
    }
    out->title = "no reply of this protocol";
    out->gutter = best ? best->means : r->gutter;
    if (best) {
        pen_sentence(p, "This looks like ");
        pen_str(p, best->means);
        pen_str(p, ".");
    }
    pen_sentence(p, r->what);
    out->what = pen_take(p);
    out->decided = r->decided;
    out->mends = r->mends;
    out->next = r->next;
    out->ref = r->ref;
    if (m->before.state == (know_is_pop3(m) ? POP3_STATE(BANNER) : SMTP_BANNER))
        pen_sentence(p, "It came where the banner was due.");
}

const struct know_event *know_events(size_t *n)
{
    *n = COUNT(events);
    return events;
}

const struct know_greeting *know_greetings(size_t *n)
{
    *n = COUNT(greetings);
    return greetings;
}
