/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POP3 server of the practice world: the conversation's frame (banner with APOP's timestamp, lines,
 * the maildrop's lock, long answers given as the client takes them). The verbs are in
 * pop3d_verbs.c. RFC 1939, RFC 2449, RFC 3206. */
#include "practice/pop3d.h"

#include "practice/classroom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static void vsay(struct pop3 *s, const char *mark, const char *fmt, va_list ap)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_add_str(&b, mark);
    buf_vaddf(&b, fmt, ap);
    if (b.len > 510)
        buf_trim(&b, 510); /* RFC 2449 4: a first line of a reply has 512 octets with CRLF */
    buf_add_str(&b, "\r\n");
    peer_send(s->peer, b.p, b.len);
    buf_clear(&b);
}

void pop3_ok(struct pop3 *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay(s, "+OK ", fmt, ap);
    va_end(ap);
}

void pop3_err(struct pop3 *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay(s, "-ERR ", fmt, ap);
    va_end(ap);
}

void pop3_mistake(struct pop3 *s, const char *fmt, ...)
{
    va_list ap;
    if (++s->errors > POP3_ERRORS_MAX) {
        pop3_err(s, "Too many mistakes (%d), closing", POP3_ERRORS_MAX);
        peer_end(s->peer);
        return;
    }
    va_start(ap, fmt);
    vsay(s, "-ERR ", fmt, ap);
    va_end(ap);
}

void pop3_denied(struct pop3 *s)
{
    s->user[0] = '\0';
    if (++s->auth_failures >= POP3_AUTH_MAX) {
        pop3_err(s, "[AUTH] Wrong name or password, %d times now: closing", POP3_AUTH_MAX);
        peer_end(s->peer);
    } else {
        pop3_err(s, "[AUTH] Wrong name or password");
    }
}

void pop3_forget(struct pop3 *s)
{
    authsrv_clear(&s->auth);
    s->in_auth = s->utf8 = false;
    s->user[0] = '\0';
}

bool pop3_trouble(struct pop3 *s, enum trouble_place place, const char *verb)
{
    char reply[512];
    if (place == AT_COUNT)
        s->commands++;
    for (int i = 0; i < TROUBLES; i++) {
        const struct trouble_row *r = &trouble_rows[i];
        unsigned value;
        if (!world_trouble(s->world, (enum trouble)i, &value) || r->place != place ||
            (place == AT_VERB && strcmp(r->verb, verb) != 0) ||
            (place == AT_COUNT && s->commands < value) || (!*r->pop3 && i != TROUBLE_HANGUP))
            continue;
        struct trouble_about a = {"", "", s->peer->address, value};
        trouble_reply(r->pop3, &a, reply, sizeof reply);
        if (*r->pop3)
            peer_sendf(s->peer, "%s\r\n", reply);
        if (r->closes && *r->pop3)
            peer_end(s->peer);
        else if (r->closes)
            peer_hangup(s->peer);
        return true;
    }
    return false;
}

void pop3_open(struct pop3 *s, int account, const char *name)
{
    char why[300];
    bool full;
    if (pop3_trouble(s, AT_LOGIN, ""))
        return;
    if (!classroom_seat(s->peer, name && *name ? name : NULL, &full, why, sizeof why)) {
        s->user[0] = '\0';
        pop3_err(s, "%s%s", full ? "[SYS/TEMP] " : "", why);
        if (full)
            peer_end(s->peer);
        return;
    }
    s->world = s->peer->world;
    classroom_login(s->peer, account_table[account].local);
    struct mailbox *b = &world_store(s->world)->box[account];
    if (b->locked) {
        pop3_err(
            s, "[IN-USE] Another session has this maildrop open; it is free after that one's QUIT");
        return;
    }
    b->locked = true;
    s->box = account;
    s->count = b->n;
    s->errors = 0;
    s->user[0] = '\0';
    pop3_ok(s, "%s's maildrop is open: %zu messages, %llu octets", account_table[account].local,
            b->n, (unsigned long long)b->octets);
}

static void stop_giving(struct pop3 *s)
{
    if (s->letter)
        letter_unref(world_store(s->world), s->letter);
    free(s->head);
    s->letter = NULL;
    s->head = NULL;
    s->give = GIVE_NOTHING;
}

/* Without UPDATE: the connection was lost, or the client never logged in. Marks are taken away (RFC
 * 1939 3). */
static void unlock(struct pop3 *s)
{
    if (s->box < 0)
        return;
    struct mailbox *b = &world_store(s->world)->box[s->box];
    for (size_t i = 0; i < s->count; i++)
        b->m[i].gone = false;
    b->locked = false;
    s->box = -1;
}

void pop3_give(struct pop3 *s, const struct message *m, size_t end)
{
    letter_ref(m->letter);
    s->letter = m->letter;
    s->head = xstrndup(m->head, m->head_len);
    s->head_len = m->head_len;
    s->at = 0;
    s->end = end;
    s->line_start = true;
    s->give = GIVE_TEXT;
}

/* As much of the text as there is room for, dots stuffed (RFC 1939 3). */
static void give_text(struct pop3 *s)
{
    size_t space;
    while (s->at < s->end && (space = peer_space(s->peer)) > 0) {
        bool head = s->at < s->head_len;
        const char *p = head ? s->head + s->at : s->letter->text + (s->at - s->head_len);
        size_t n = (head && s->end > s->head_len ? s->head_len : s->end) - s->at;
        const char *lf = memchr(p, '\n', n);
        /* Whole lines as long as they need no dot: one copy for many of them. */
        if (s->line_start && *p == '.')
            peer_send(s->peer, ".", 1);
        if (lf) {
            const char *limit = p + (n < space ? n : space);
            while (lf + 1 < limit && lf[1] != '.') {
                const char *next = memchr(lf + 1, '\n', (size_t)(limit - lf - 1));
                if (!next)
                    break;
                lf = next;
            }
            n = (size_t)(lf - p) + 1;
        }
        if (n > space)
            n = space;
        peer_send(s->peer, p, n);
        s->line_start = p[n - 1] == '\n';
        s->at += n;
    }
    if (s->at == s->end) {
        peer_sendf(s->peer, "%s.\r\n", s->line_start ? "" : "\r\n");
        stop_giving(s);
    }
}

static void give_rows(struct pop3 *s)
{
    const struct mailbox *b = &world_store(s->world)->box[s->box];
    for (; s->at < s->count && peer_room(s->peer); s->at++) {
        const struct message *m = &b->m[s->at];
        if (m->gone)
            continue;
        if (s->give == GIVE_LIST)
            peer_sendf(s->peer, "%zu %zu\r\n", s->at + 1, message_octets(m));
        else
            peer_sendf(s->peer, "%zu %s\r\n", s->at + 1, m->uid);
    }
    if (s->at == s->count) {
        s->give = GIVE_NOTHING;
        peer_send(s->peer, ".\r\n", 3);
    }
}

static void greet(struct peer *p)
{
    static unsigned serial;
    struct pop3 *s = xcalloc(1, sizeof *s);
    struct timespec now;
    p->state = s;
    s->peer = p;
    s->world = p->world;
    s->box = -1;
    authsrv_init(&s->auth);
    clock_gettime(CLOCK_REALTIME, &now);
    /* RFC 1939 7: another one in each banner. */
    snprintf(s->stamp, sizeof s->stamp, "<%ld.%lld%09ld%u@" PRACTICE_HOST ">", (long)getpid(),
             (long long)now.tv_sec, now.tv_nsec, ++serial);
    if (pop3_trouble(s, AT_BANNER, ""))
        return;
    pop3_ok(s, PRACTICE_HOST " POP3 heloscope practice ready %s", s->stamp);
}

static void line(struct pop3 *s, enum peer_line kind, const char *p, size_t n, size_t used)
{
    bool auth = s->in_auth;
    size_t limit =
        auth || (n >= 4 && strncasecmp(p, "AUTH", 4) == 0) ? AUTHSRV_LINE : POP3_LINE_MAX;
    bool bad = s->overlong || used > limit;
    if (auth && (bad || kind == LINE_BARE_LF)) {
        authsrv_clear(&s->auth);
        s->in_auth = false;
    }
    if (bad) {
        s->overlong = false;
        pop3_mistake(s, "Line too long: %zu octets with CRLF are allowed here (RFC 2449 4)", limit);
    } else if (kind == LINE_BARE_LF) {
        pop3_mistake(
            s,
            "Line ended by LF alone: POP3 lines end in CRLF (RFC 1939 3); openssl s_client wants "
            "-crlf, nc wants -C");
    } else if (auth) {
        pop3_auth_answer(s, p, n);
    } else if (memchr(p, '\0', n) || memchr(p, '\r', n)) {
        pop3_mistake(s, "A NUL or a CR alone in a command line");
    } else {
        pop3_command(s, p, n);
    }
}

static void input(struct peer *p)
{
    struct pop3 *s = p->state;
    while (peer_room(p) && !p->ending && !p->dead && !(p->tls && !p->secure)) {
        size_t n, used;
        if (s->give == GIVE_TEXT) {
            give_text(s);
            continue;
        }
        if (s->give != GIVE_NOTHING) {
            give_rows(s);
            continue;
        }
        enum peer_line kind = peer_line(p, &n, &used);
        if (kind == LINE_NONE)
            return;
        if (kind == LINE_LONG) {
            s->overlong = true;
            buf_consume(&p->in, used);
            return;
        }
        struct buf copy; /* STLS empties the input */
        buf_init_secret(&copy, 2 * PEER_IN_MAX);
        buf_add(&copy, p->in.p, used);
        buf_consume(&p->in, used);
        ear_heard(p->ear, copy.p, used);
        line(s, kind, buf_str(&copy), n, used);
        buf_clear(&copy);
    }
}

static void idle(struct peer *p)
{
    /* RFC 1939 3: the autologout timer closes without UPDATE, and the client need not be told; ours
     * is. */
    pop3_err(p->state, "[SYS/TEMP] Nothing was said for too long: closing, nothing is deleted");
}

static void stop(struct peer *p)
{
    struct pop3 *s = p->state;
    if (s->give == GIVE_NOTHING)
        pop3_err(s, "[SYS/TEMP] The server shuts down: closing, nothing is deleted");
}

static void full(struct peer *p)
{
    peer_sendf(p, "-ERR [SYS/TEMP] Too many clients at once (%u), try again later\r\n",
               world_clients(p->world));
}

static void secured(struct peer *p)
{
    pop3_forget(p->state);
}

static void gone(struct peer *p)
{
    struct pop3 *s = p->state;
    if (!s)
        return;
    stop_giving(s);
    unlock(s);
    authsrv_clear(&s->auth);
    free(s);
}

/* RFC 1939 3: an autologout timer is 10 minutes at least. */
const struct service pop3_service = {"pop3", greet, input, idle, stop, full, secured, gone, 600000};
