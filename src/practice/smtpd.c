/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMTP, submission and LMTP server of the practice world: the conversation's frame (banner, lines,
 * phases, mistakes, goodbye). The verbs are in smtpd_verbs.c, smtpd_env.c, smtpd_auth.c and
 * smtpd_letter.c. RFC 5321, RFC 2033, RFC 6409. Strict on purpose, and it says which rule was
 * broken. */
#include "practice/smtpd.h"

#include "practice/classroom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void vsay(struct smtp *s, int code, char mark, const char *enhanced, const char *fmt,
                 va_list ap)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_addf(&b, "%d%c%s%s", code, mark, enhanced, *enhanced ? " " : "");
    buf_vaddf(&b, fmt, ap);
    if (b.len > 510)
        buf_trim(&b, 510); /* RFC 5321 4.5.3.1.5: a reply line has 512 octets with CRLF */
    buf_add_str(&b, "\r\n");
    peer_send(s->peer, b.p, b.len);
    buf_clear(&b);
}

void smtp_say(struct smtp *s, int code, const char *enhanced, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay(s, code, ' ', enhanced, fmt, ap);
    va_end(ap);
}

void smtp_more(struct smtp *s, int code, const char *enhanced, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsay(s, code, '-', enhanced, fmt, ap);
    va_end(ap);
}

void smtp_mistake(struct smtp *s, int code, const char *enhanced, const char *fmt, ...)
{
    va_list ap;
    if (++s->errors > SMTP_ERRORS_MAX) {
        smtp_say(s, 421, "4.7.0",
                 "%s Error: too many mistakes, closing (%d without a letter between them)",
                 PRACTICE_HOST, SMTP_ERRORS_MAX);
        peer_end(s->peer);
        return;
    }
    va_start(ap, fmt);
    vsay(s, code, ' ', enhanced, fmt, ap);
    va_end(ap);
}

static void letter_drop(struct smtp *s)
{
    world_store(s->world)->incoming -= s->letter.len;
    buf_clear(&s->letter);
    s->too_big = s->no_room = s->chunked = s->chunk_last = s->chunk_refused = false;
    s->chunk = s->octets = 0;
    s->dot = 0;
}

void smtp_reset(struct smtp *s)
{
    letter_drop(s);
    for (size_t i = 0; i < s->nrcpts; i++) {
        free(s->rcpts[i].address);
        free(s->rcpts[i].orcpt);
    }
    s->nrcpts = 0;
    s->mail = s->utf8 = s->headers_only = s->tried_rcpt = false;
    s->envid[0] = '\0';
    s->phase = SMTP_COMMANDS;
}

void smtp_forget(struct smtp *s)
{
    smtp_reset(s);
    authsrv_clear(&s->auth);
    s->greeted = s->extended = s->authed = false;
    s->helo[0] = '\0';
}

bool smtp_may_auth(const struct smtp *s)
{
    return s->flavour != FLAVOUR_LMTP && (s->peer->secure || world_settings(s->world)->no_tls);
}

static void greet(struct peer *p, enum smtp_flavour f)
{
    struct smtp *s = xcalloc(1, sizeof *s);
    p->state = s;
    s->peer = p;
    s->world = p->world;
    s->flavour = f;
    authsrv_init(&s->auth);
    buf_init(&s->letter, world_settings(p->world)->message_max + 1);
    if (smtp_trouble(s, AT_BANNER, "", "", 0))
        return;
    smtp_say(s, 220, "", PRACTICE_HOST " %s heloscope practice %s",
             f == FLAVOUR_LMTP ? "LMTP" : "ESMTP",
             f == FLAVOUR_SUBMISSION ? "submission: log in, then send"
                                     : "ready; nothing leaves this world");
}

static void greet_smtp(struct peer *p)
{
    greet(p, FLAVOUR_SMTP);
}

static void greet_submission(struct peer *p)
{
    greet(p, FLAVOUR_SUBMISSION);
}

static void greet_lmtp(struct peer *p)
{
    greet(p, FLAVOUR_LMTP);
}

/* A whole line, or one of AUTH's answers. */
static void line(struct smtp *s, enum peer_line kind, const char *p, size_t n, size_t used)
{
    bool auth = s->phase == SMTP_AUTH;
    size_t limit = auth ? AUTHSRV_LINE : smtp_limit(p, n);
    if (auth && (kind == LINE_BARE_LF || s->overlong || used > limit)) {
        authsrv_clear(&s->auth);
        s->phase = SMTP_COMMANDS;
    }
    if (s->overlong || used > limit) {
        s->overlong = false;
        smtp_mistake(s, 500, auth ? "5.5.6" : "5.5.2",
                     "Line too long: %zu octets with CRLF are allowed here (RFC 5321 4.5.3.1.4)",
                     limit);
    } else if (kind == LINE_BARE_LF) {
        smtp_mistake(
            s, 500, "5.5.2",
            "Line ended by LF alone: SMTP lines end in CRLF (RFC 5321 2.3.8); openssl s_client "
            "wants -crlf, nc wants -C");
    } else if (auth) {
        smtp_auth_answer(s, p, n);
    } else if (memchr(p, '\0', n)) {
        smtp_mistake(s, 500, "5.5.2", "NUL octet in a command line");
    } else if (memchr(p, '\r', n)) {
        smtp_mistake(s, 500, "5.5.2", "CR without LF in a command line (RFC 5321 2.3.8)");
    } else {
        smtp_command(s, p, n);
    }
}

/* Octets of a letter are done with. */
static void took(struct peer *p, size_t n)
{
    ear_heard(p->ear, p->in.p, n);
    buf_consume(&p->in, n);
}

static void input(struct peer *p)
{
    struct smtp *s = p->state;
    while (p->in.len && peer_room(p) && !p->ending && !p->dead && !(p->tls && !p->secure)) {
        size_t n, used;
        if (s->phase == SMTP_DATA) {
            took(p, smtp_take_data(s, p->in.p, p->in.len));
            continue;
        }
        if (s->phase == SMTP_CHUNK) {
            took(p, smtp_take_chunk(s, p->in.p, p->in.len));
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
        /* The line is copied: a command may empty the input (STARTTLS). */
        struct buf copy;
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
    struct smtp *s = p->state;
    smtp_say(s, 421, "4.4.2", "%s Error: timeout%s, closing", PRACTICE_HOST,
             s->phase == SMTP_DATA ? ": the letter was never ended (its end is CRLF, a dot, CRLF; "
                                     "with LF alone it is no end)"
             : s->phase == SMTP_CHUNK ? ": BDAT promised more octets than came"
                                      : "");
}

static void stop(struct peer *p)
{
    smtp_say(p->state, 421, "4.3.2", "%s Service shutting down, closing", PRACTICE_HOST);
}

static void full(struct peer *p)
{
    peer_sendf(p, "421 4.3.2 %s Error: too many clients at once (%u), try again later\r\n",
               PRACTICE_HOST, world_clients(p->world));
}

static void secured(struct peer *p)
{
    smtp_forget(p->state);
}

static void gone(struct peer *p)
{
    struct smtp *s = p->state;
    if (!s)
        return;
    smtp_forget(s);
    free(s);
}

#define SMTP_IDLE                                                                                  \
    300000 /* RFC 5321 4.5.3.2.7: a server waits at least 5 minutes for the next command */

const struct service smtp_service = {"smtp", greet_smtp, input, idle,     stop,
                                     full,   secured,    gone,  SMTP_IDLE};
const struct service submission_service = {"submission", greet_submission, input, idle,     stop,
                                           full,         secured,          gone,  SMTP_IDLE};
const struct service lmtp_service = {"lmtp", greet_lmtp, input, idle,     stop,
                                     full,   secured,    gone,  SMTP_IDLE};
