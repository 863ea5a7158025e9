/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DATA and BDAT of the practice SMTP server: octets until CRLF.CRLF, or a counted number. RFC
 * 5321 4.1.1.4 and 4.5.2 (transparency), RFC 3030. Only CRLF.CRLF ends a letter: anything looser
 * lets a letter smuggle another one in. */
#include "practice/smtpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where the search for the end stands: what the octets so far ended in. */
enum { AT_START, IN_LINE, AFTER_CR, AFTER_DOT, AFTER_DOT_CR };

static void keep(struct smtp *s, const char *p, size_t n)
{
    struct store *store = world_store(s->world);
    unsigned cut;
    s->octets += n;
    if (world_trouble(s->world, TROUBLE_CUT_DATA, &cut) && s->octets > cut)
        peer_hangup(s->peer);
    if (s->too_big || s->no_room || !n)
        return;
    s->too_big = s->letter.len + n > world_settings(s->world)->message_max;
    s->no_room = store_fits(store, -1, n) != STORE_OK;
    if (!s->too_big && !s->no_room && buf_add(&s->letter, p, n)) {
        store->incoming += n;
        return;
    }
    /* It will be refused: what there is of it is of no use to anyone. */
    s->no_room = s->no_room || !s->too_big;
    store->incoming -= s->letter.len;
    buf_clear(&s->letter);
}

static bool begin(struct smtp *s)
{
    if (!s->mail)
        smtp_mistake(s, 503, "5.5.1", "MAIL FROM and RCPT TO come first");
    else if (!s->nrcpts && s->tried_rcpt && s->flavour != FLAVOUR_LMTP)
        smtp_mistake(s, 554, "5.5.1", "No valid recipients: every RCPT was refused");
    else if (!s->nrcpts)
        smtp_mistake(s, 503, "5.5.1", "RCPT TO comes first");
    else
        return true;
    return false;
}

void smtp_data(struct smtp *s, const char *arg, size_t n)
{
    (void)arg;
    (void)n;
    if (s->chunked) {
        smtp_mistake(s, 503, "5.5.1",
                     "The letter began with BDAT and must end with it (RFC 3030 2)");
        return;
    }
    if (!begin(s))
        return;
    s->phase = SMTP_DATA;
    s->dot = AT_START;
    smtp_say(s, 354, "", "End the letter with <CR><LF>.<CR><LF>");
}

size_t smtp_take_data(struct smtp *s, const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        char c = p[i];
        switch (s->dot) {
        case AT_START:
            s->dot = c == '.' ? AFTER_DOT : IN_LINE;
            i += c == '.';
            break;
        case IN_LINE: {
            const char *cr = memchr(p + i, '\r', n - i);
            size_t run = cr ? (size_t)(cr - p) + 1 - i : n - i;
            keep(s, p + i, run);
            i += run;
            s->dot = cr ? AFTER_CR : IN_LINE;
            break;
        }
        case AFTER_CR:
            s->dot = c == '\n' ? AT_START : IN_LINE;
            if (c == '\n') {
                keep(s, "\n", 1);
                i++;
            }
            break;
        case AFTER_DOT: /* the dot was stuffed, or is the end: it is not kept */
            s->dot = c == '\r' ? AFTER_DOT_CR : IN_LINE;
            i += c == '\r';
            break;
        default: /* AFTER_DOT_CR */
            if (c == '\n') {
                smtp_deliver(s);
                return i + 1;
            }
            keep(s, "\r", 1);
            s->dot = AFTER_CR;
            break;
        }
    }
    return n;
}

void smtp_bdat(struct smtp *s, const char *arg, size_t n)
{
    char digits[24];
    size_t k = 0;
    while (k < n && k < 20 && arg[k] >= '0' && arg[k] <= '9')
        k++;
    memcpy(digits, arg, k);
    digits[k] = '\0';
    errno = 0;
    unsigned long long octets = strtoull(digits, NULL, 10);
    bool last = n - k == 5 && strncasecmp(arg + k, " LAST", 5) == 0;
    if (!k || errno || (k < n && !last)) {
        /* How much follows is unknown, so every octet of it would be taken for a command: the end.
         */
        smtp_say(s, 501, "5.5.4",
                 "Syntax: BDAT octets [LAST]; how much follows is unknown, so closing");
        peer_end(s->peer);
        return;
    }
    s->chunk = octets;
    s->chunk_last = last;
    s->chunk_refused = !s->greeted || !s->mail || !s->nrcpts;
    s->phase = SMTP_CHUNK;
    if (!octets)
        smtp_take_chunk(s, "", 0);
}

/* The chunk is whole. */
static void chunk_end(struct smtp *s)
{
    s->phase = SMTP_COMMANDS;
    if (s->chunk_refused) {
        s->chunk_refused = false;
        if (!s->greeted)
            smtp_mistake(s, 503, "5.5.1", "Say EHLO first");
        else
            begin(s);
        return;
    }
    s->chunked = true;
    if (s->chunk_last) {
        if (s->letter.len &&
            (s->letter.len < 2 || memcmp(s->letter.p + s->letter.len - 2, "\r\n", 2) != 0))
            keep(s, "\r\n", 2);
        smtp_deliver(s);
    } else if (s->too_big) {
        smtp_say(s, 552, "5.3.4", "The letter is too big: %zu octets are the most here",
                 world_settings(s->world)->message_max);
        smtp_reset(s);
    } else {
        smtp_say(s, 250, "2.0.0", "Ok, the letter has %zu octets so far", s->letter.len);
    }
}

size_t smtp_take_chunk(struct smtp *s, const char *p, size_t n)
{
    if (n > s->chunk)
        n = (size_t)s->chunk;
    if (!s->chunk_refused)
        keep(s, p, n);
    s->chunk -= n;
    if (!s->chunk)
        chunk_end(s);
    return n;
}
