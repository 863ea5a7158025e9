/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Octets sent exactly as they are given: half lines, bare LFs, a dot that is no end. They are
 * recorded as what a server that keeps to RFC 5321 takes them for: a command when its LF was sent,
 * a letter until CRLF.CRLF. What another server makes of them shows in its replies. */
#include "core/session_priv.h"

#include <stdio.h>
#include <string.h>

static bool fail(char *why, size_t size, const char *text)
{
    snprintf(why, size, "%s", text);
    return false;
}

/* Keeps the last octets of the letter; true where CRLF.CRLF ends it with this one. */
static bool letter_octet(struct session *s, char c)
{
    memmove(s->raw_end, s->raw_end + 1, sizeof s->raw_end - 1);
    s->raw_end[sizeof s->raw_end - 1] = c;
    return memcmp(s->raw_end, "\r\n.\r\n", sizeof s->raw_end) == 0;
}

/* A part of the letter; returns how many octets belong to it. */
static size_t letter_part(struct session *s, const char *p, size_t n)
{
    struct command cmd = {.verb = proto_pseudo(s->proto, VERB_END)};
    bool whole = false;
    size_t k = 0;
    if (s->raw_letter == NO_ENTRY) {
        struct moment m = {
            .proto = s->proto, .command = cmd, .before = s->ahead, .after = s->ahead};
        s->raw_letter = transcript_add(s->transcript, ITEM_CLIENT, MARK_NONE, &m, "", 0, 0);
        transcript_remark(s->transcript, s->raw_letter, "sent octet by octet, nothing was added");
        memcpy(s->raw_end, "...\r\n", sizeof s->raw_end); /* the line with DATA is behind us */
    }
    while (k < n && !whole)
        whole = letter_octet(s, p[k++]);
    transcript_more(s->transcript, s->raw_letter, p, k, 0);
    if (whole) {
        s->letter_open = false;
        s->raw_letter = NO_ENTRY;
        cmd.replies = s->now.lmtp && s->now.rcpts > 0 ? s->now.rcpts : 1;
        s->exchanges++;
        session_push(s, &cmd);
        s->last_cmd = cmd;
        s->has_last = true;
    }
    return k;
}

/* A part of a line; returns how many octets belong to it, 0: it is too long. */
static size_t line_part(struct session *s, const char *p, size_t n, char *why, size_t size)
{
    const char *lf = memchr(p, '\n', n);
    size_t k = lf ? (size_t)(lf - p) + 1 : n;
    if (!buf_add(&s->raw, p, k))
        return 0;
    if (lf) {
        struct buf unused;
        size_t text = s->raw.len - 1;
        bool crlf = text > 0 && s->raw.p[text - 1] == '\r';
        buf_init_secret(&unused, 2 * FRAME_LINE_MAX);
        session_compose(s, s->raw.p, text - crlf, &unused, why, size);
        buf_clear(&unused);
        transcript_remark(s->transcript, transcript_count(s->transcript) - 1,
                          crlf ? "sent octet by octet"
                               : "sent octet by octet, ended by a bare LF (no CR before it)");
        buf_trim(&s->raw, 0);
    }
    return k;
}

bool session_raw(struct session *s, const char *bytes, size_t n, char *why, size_t size)
{
    if (!session_can_send(s, why, size))
        return false;
    if (!conn_send(s->conn, bytes, n))
        return fail(why, size, "the send queue is full: the server does not read");
    for (size_t i = 0; i < n && s->nqueue < OUTSTANDING_MAX;) {
        size_t k = s->letter_open ? letter_part(s, bytes + i, n - i)
                                  : line_part(s, bytes + i, n - i, why, size);
        if (k == 0) {
            buf_trim(&s->raw, 0);
            session_event_entry(s, EVENT_LIMIT, MARK_WARN, 0,
                                "a line of more than %d octets was sent; it is not shown",
                                FRAME_LINE_MAX);
            break;
        }
        i += k;
    }
    session_tell(s, SESSION_CHANGED);
    return true;
}
