/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AUTH of the practice SMTP server. RFC 4954 4 and 6. */
#include "practice/classroom.h"
#include "practice/smtpd.h"

#include <string.h>

static void result(struct smtp *s, enum auth_result r, const struct buf *challenge)
{
    s->phase = r == AUTH_MORE ? SMTP_AUTH : SMTP_COMMANDS;
    switch (r) {
    case AUTH_MORE:
        smtp_say(s, 334, "", "%s", buf_str(challenge));
        break;
    case AUTH_OK:
        s->authed = true;
        s->errors = 0;
        classroom_login(s->peer, account_table[s->auth.account].local);
        smtp_say(s, 235, "2.7.0", "Authentication successful, %s",
                 account_table[s->auth.account].local);
        break;
    case AUTH_REFUSED:
        if (++s->auth_failures >= SMTP_AUTH_MAX) {
            smtp_say(s, 421, "4.7.0", "%s Error: too many wrong passwords, closing", PRACTICE_HOST);
            peer_end(s->peer);
        } else {
            smtp_say(s, 535, "5.7.8", "Authentication credentials invalid: wrong name or password");
        }
        break;
    case AUTH_BAD_BASE64:
        smtp_mistake(s, 501, "5.5.2", "That is not base64 (RFC 4648 4)");
        break;
    case AUTH_BAD_SHAPE:
        smtp_mistake(s, 501, "5.5.2", "Decoded, but not what the mechanism wants at this point");
        break;
    case AUTH_CANCELLED:
        smtp_mistake(s, 501, "5.7.0", "Authentication cancelled, as you asked");
        break;
    case AUTH_UNKNOWN:
        smtp_mistake(s, 504, "5.5.4", "Mechanism not known here; there are %s",
                     authsrv_names(s->peer->secure ? s->peer->tls : NULL));
        break;
    }
}

void smtp_auth(struct smtp *s, const char *arg, size_t n)
{
    struct buf challenge;
    if (!s->extended) {
        smtp_mistake(s, 503, "5.5.1", "Say EHLO first: AUTH is an extension");
    } else if (s->authed) {
        smtp_mistake(s, 503, "5.5.1", "You are logged in already");
    } else if (s->mail) {
        smtp_mistake(s, 503, "5.5.1", "Not while a letter is open; RSET forgets it");
    } else if (!smtp_may_auth(s)) {
        smtp_mistake(s, 538, "5.7.11",
                     "Encryption required: say STARTTLS first, passwords do not go in the clear");
    } else {
        const char *blank = memchr(arg, ' ', n);
        size_t name = blank ? (size_t)(blank - arg) : n;
        buf_init(&challenge, 1024);
        s->auth.tls = s->peer->secure ? s->peer->tls : NULL;
        result(s,
               authsrv_begin(&s->auth, arg, name, blank ? blank + 1 : NULL,
                             blank ? n - name - 1 : 0, &challenge),
               &challenge);
        buf_clear(&challenge);
    }
}

void smtp_auth_answer(struct smtp *s, const char *line, size_t n)
{
    struct buf challenge;
    buf_init(&challenge, 1024);
    result(s, authsrv_answer(&s->auth, line, n, &challenge), &challenge);
    buf_clear(&challenge);
}
