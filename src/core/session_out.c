/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session sends: lines, pipelined lines, letters (dot-stuffed, RFC 5321 4.5.2), BDAT chunks
 * (RFC 3030). Everything is recorded here, secrets masked; nothing is sent that was not asked for.
 * Logins are session_auth.c's. */
#include "core/session_priv.h"

#include <stdio.h>
#include <string.h>

#define MASK "********"
#define LETTER_MAX ((size_t)60 << 20) /* below the send queue's ceiling (conn.h) */

/* ---- secrets ---- */

void session_keep_secret(struct session *s, const char *p, size_t n)
{
    /* Shorter ones would mask half of every reply. */
    if (n < 4 || n > SECRET_MAX)
        return;
    for (size_t i = 0; i < s->nsecrets; i++)
        if (s->secrets[i].len == n && memcmp(s->secrets[i].p, p, n) == 0)
            return;
    if (s->nsecrets == SECRETS_MAX) { /* the oldest goes */
        buf_clear(&s->secrets[0]);
        memmove(&s->secrets[0], &s->secrets[1], (SECRETS_MAX - 1) * sizeof s->secrets[0]);
        s->nsecrets--;
    }
    struct buf *b = &s->secrets[s->nsecrets++];
    buf_init_secret(b, SECRET_MAX);
    buf_add(b, p, n);
}

bool session_mask(const struct session *s, const char *p, size_t n, struct buf *out)
{
    bool found = false;
    size_t i = 0;
    while (i < n) {
        size_t best = n, len = 0;
        for (size_t k = 0; k < s->nsecrets; k++) {
            const struct buf *b = &s->secrets[k];
            const char *hit = b->len <= n - i ? memmem(p + i, n - i, b->p, b->len) : NULL;
            if (hit && (size_t)(hit - p) < best) {
                best = (size_t)(hit - p);
                len = b->len;
            }
        }
        buf_add(out, p + i, best - i);
        if (len == 0)
            break;
        found = true;
        buf_add_str(out, MASK);
        i = best + len;
    }
    return found;
}

/* The secret itself, and what it decodes to: a server may echo either. */
static void remember_secret(struct session *s, const struct command *c, const char *line)
{
    struct buf plain;
    session_keep_secret(s, line + c->secret, c->secret_len);
    if (!c->mechanism[0])
        return;
    buf_init_secret(&plain, SECRET_MAX);
    if (sasl_secret_of(c->mechanism, c->step, line + c->secret, c->secret_len, &plain))
        session_keep_secret(s, plain.p, plain.len);
    buf_clear(&plain);
}

/* ---- one line ---- */

static bool fail(char *why, size_t size, const char *text)
{
    snprintf(why, size, "%s", text);
    return false;
}

bool session_can_send(struct session *s, char *why, size_t size)
{
    if (!s->conn)
        return fail(why, size, "not connected: open a connection first");
    if (!s->up)
        return fail(why, size,
                    s->ask_tls ? "answer the question about the certificate first"
                               : "still connecting: wait, or C-c to stop");
    if (s->finishing) /* before anything is recorded as said */
        return fail(why, size, "QUIT was answered, so this session is over: open a new one");
    if (s->feed)
        return fail(why, size, "the letter is still being sent");
    if (s->torn)
        return fail(why, size,
                    "the server answered in the middle of the letter: only dropping the "
                    "connection is left");
    if (s->nqueue >= OUTSTANDING_MAX)
        return fail(why, size, "4096 commands wait for their replies: that is the limit");
    return true;
}

/* Notes about a line that we send; the driver's limit counts the CRLF. */
static unsigned line_notes(const struct session *s, const char *line, size_t n)
{
    struct scan scan = {0};
    scan_bytes(&scan, line, n, s->proto->line_limit);
    return scan.notes | (n + 2 > s->proto->line_limit ? NOTE_LONG : 0);
}

/* Makes a command outstanding and enters what is shown of it; the entry's index. */
static size_t enter(struct session *s, const struct command *cmd, const char *shown, size_t n,
                    unsigned notes)
{
    s->exchanges++;
    struct outstanding *o = session_push(s, cmd);
    struct moment m = {.proto = s->proto,
                       .command = *cmd,
                       .before = o->before,
                       .after = s->ahead,
                       .exchange = s->exchanges};
    return transcript_add(s->transcript, ITEM_CLIENT, MARK_NONE, &m, shown, n, notes);
}

/* Records a command masked and makes it outstanding. The wire gets `line` as it is. */
static void record(struct session *s, const struct command *cmd, const char *line, size_t n)
{
    struct buf shown;
    bool masked = false;
    unsigned notes = line_notes(s, line, n);
    buf_init(&shown, n + 256);
    if (cmd->secret_len > 0 && cmd->secret + cmd->secret_len <= n) {
        remember_secret(s, cmd, line);
        buf_add(&shown, line, cmd->secret);
        buf_add_str(&shown, MASK);
        buf_add(&shown, line + cmd->secret + cmd->secret_len, n - cmd->secret - cmd->secret_len);
        masked = true;
    } else {
        buf_add(&shown, line, n);
    }
    buf_add(&shown, "\r\n", 2);

    size_t e = enter(s, cmd, shown.p, shown.len, notes | (masked ? NOTE_MASKED : 0));
    bool answer = cmd->verb && (cmd->verb->flags & VERB_ANSWER);
    if (cmd->mechanism[0] && (cmd->secret_len > 0 || cmd->initial || (answer && n == 0))) {
        char words[512] = "";
        sasl_describe_answer(cmd->mechanism, cmd->step, line + cmd->secret, cmd->secret_len, words,
                             sizeof words);
        transcript_remark(s->transcript, e, words);
    }
    buf_clear(&shown);
}

bool session_compose(struct session *s, const char *line, size_t n, struct buf *flight, char *why,
                     size_t size)
{
    struct command cmd = {0};
    const struct command *open = session_may_answer(s);
    s->proto->command(&s->ahead, open, line, n, &cmd);
    if (!buf_add(flight, line, n) || !buf_add(flight, "\r\n", 2))
        return fail(why, size, "the lines together are too long to send at once");
    if (cmd.verb && (cmd.verb->flags & VERB_AUTH))
        s->auth_user[0] = 0;
    if (cmd.user_len > 0 && cmd.user + cmd.user_len <= n)
        snprintf(s->auth_user, sizeof s->auth_user, "%.*s",
                 (int)(cmd.user_len < 127 ? cmd.user_len : 127), line + cmd.user);
    record(s, &cmd, line, n);
    /* After an answer to a login that was refused the next one (the password) may follow. */
    if (!open || cmd.verb || !cmd.secret_len)
        s->last_cmd = cmd;
    s->has_last = true;
    if (cmd.literal > 0) {
        s->literal_left = cmd.literal;
        s->literal_entry = transcript_count(s->transcript) - 1;
    }
    return true;
}

/* A line that belongs to a counted chunk: its octets with CRLF are taken off the count. */
static bool literal_line(struct session *s, const char *line, size_t n, struct buf *flight,
                         char *why, size_t size)
{
    if (n + 2 > s->literal_left) {
        snprintf(why, size, "the chunk has %llu octets left; this line with its CRLF has %zu",
                 (unsigned long long)s->literal_left, n + 2);
        return false;
    }
    if (!buf_add(flight, line, n) || !buf_add(flight, "\r\n", 2))
        return fail(why, size, "the lines together are too long to send at once");
    transcript_more(s->transcript, s->literal_entry, line, n, line_notes(s, line, n));
    transcript_more(s->transcript, s->literal_entry, "\r\n", 2, 0);
    s->literal_left -= n + 2;
    return true;
}

static bool send_flight(struct session *s, struct buf *flight, char *why, size_t size)
{
    bool ok = flight->len == 0 || conn_send(s->conn, flight->p, flight->len);
    if (!ok)
        fail(why, size, "the send queue is full: the server does not read");
    buf_clear(flight);
    session_tell(s, SESSION_CHANGED);
    return ok;
}

bool session_send_command(struct session *s, const char *line, size_t n, char *why, size_t size)
{
    struct buf flight;
    buf_init_secret(&flight, LETTER_MAX);
    bool ok = s->literal_left > 0 ? literal_line(s, line, n, &flight, why, size)
                                  : session_compose(s, line, n, &flight, why, size);
    if (!ok) {
        buf_clear(&flight);
        return false;
    }
    return send_flight(s, &flight, why, size);
}

bool session_line(struct session *s, const char *line, size_t n, char *why, size_t size)
{
    if (!session_can_send(s, why, size))
        return false;
    if (n > FRAME_LINE_MAX)
        return fail(why, size, "a command line of more than 65536 octets: nothing was sent");
    return session_send_command(s, line, n, why, size);
}

bool session_lines(struct session *s, const char *text, size_t n, char *why, size_t size)
{
    struct buf flight;
    bool ok = session_can_send(s, why, size);
    buf_init_secret(&flight, LETTER_MAX);
    for (size_t i = 0; ok && i < n;) {
        const char *lf = memchr(text + i, '\n', n - i);
        size_t len = lf ? (size_t)(lf - text) - i : n - i;
        size_t next = i + len + (lf ? 1 : 0);
        if (len > 0 && text[i + len - 1] == '\r')
            len--;
        ok = s->nqueue < OUTSTANDING_MAX
                 ? (s->literal_left > 0 ? literal_line(s, text + i, len, &flight, why, size)
                                        : session_compose(s, text + i, len, &flight, why, size))
                 : fail(why, size, "4096 commands wait for their replies: the rest was not sent");
        i = next;
    }
    if (!s->conn) {
        buf_clear(&flight);
        return false;
    }
    /* What was recorded was meant to be sent, even where a later line failed. */
    return send_flight(s, &flight, why, size) && ok;
}

/* ---- letters ---- */

/* LF, CRLF and a missing last line end all become CRLF; a lone CR stays (the server may say what it
 * thinks). */
static bool wire_text(const char *text, size_t n, bool stuff, struct buf *out, size_t *stuffed)
{
    *stuffed = 0;
    for (size_t i = 0; i < n;) {
        const char *lf = memchr(text + i, '\n', n - i);
        size_t len = lf ? (size_t)(lf - text) - i : n - i;
        size_t keep = lf && len > 0 && text[i + len - 1] == '\r' ? len - 1 : len;
        if (stuff && keep > 0 && text[i] == '.') {
            if (!buf_add_char(out, '.'))
                return false;
            ++*stuffed;
        }
        if (!buf_add(out, text + i, keep) || !buf_add(out, "\r\n", 2))
            return false;
        i += len + (lf ? 1 : 0);
    }
    return true;
}

static size_t record_letter(struct session *s, const struct command *cmd, const char *head,
                            size_t nhead, const struct buf *wire)
{
    struct scan scan = {0};
    scan_bytes(&scan, wire->p, wire->len, 1000); /* RFC 5321 4.5.3.1.6: 1000 octets with CRLF */
    size_t e = enter(s, cmd, head, nhead, scan.notes);
    transcript_more(s->transcript, e, wire->p, wire->len, 0);
    s->last_cmd = *cmd;
    s->has_last = true;
    return e;
}

bool session_letter(struct session *s, const char *text, size_t n, char *why, size_t size)
{
    if (!session_can_send(s, why, size))
        return false;
    if (!s->letter_open)
        return fail(why, size,
                    "no letter is expected now: DATA comes first, and the server answers 354");
    struct buf wire;
    size_t stuffed;
    buf_init(&wire, LETTER_MAX);
    if (!wire_text(text, n, true, &wire, &stuffed) || !buf_add_str(&wire, ".\r\n")) {
        buf_clear(&wire);
        return fail(why, size, "the letter is larger than 60 MiB: nothing was sent");
    }
    s->letter_open = false;
    struct command cmd = {.verb = proto_pseudo(s->proto, VERB_END)};
    cmd.replies = s->now.lmtp && s->now.rcpts > 0 ? s->now.rcpts : 1;
    size_t e = record_letter(s, &cmd, "", 0, &wire);
    if (stuffed > 0) {
        char words[128];
        snprintf(words, sizeof words, "dot-stuffing: %zu line%s got a second dot", stuffed,
                 stuffed == 1 ? "" : "s");
        transcript_remark(s->transcript, e, words);
    }
    return send_flight(s, &wire, why, size);
}

bool session_bdat(struct session *s, const char *text, size_t n, bool last, char *why, size_t size)
{
    if (!session_can_send(s, why, size))
        return false;
    struct buf wire, flight;
    size_t stuffed;
    char line[64];
    buf_init(&wire, LETTER_MAX);
    buf_init(&flight, LETTER_MAX + 128);
    if (!wire_text(text, n, false, &wire, &stuffed)) {
        buf_clear(&wire);
        return fail(why, size, "the letter is larger than 60 MiB: nothing was sent");
    }
    int len = snprintf(line, sizeof line, "BDAT %zu%s", wire.len, last ? " LAST" : "");
    struct command cmd = {0};
    s->proto->command(&s->ahead, NULL, line, (size_t)len, &cmd);
    cmd.literal = 0; /* it goes out with the line */
    if (last && s->now.lmtp && s->ahead.rcpts > 0)
        cmd.replies = s->ahead.rcpts;
    buf_add(&flight, line, (size_t)len);
    buf_add(&flight, "\r\n", 2);
    record_letter(s, &cmd, flight.p, flight.len, &wire);
    buf_add(&flight, wire.p, wire.len);
    buf_clear(&wire);
    return send_flight(s, &flight, why, size);
}
