/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole letter: looked at, stamped with a Received field (RFC 5321 4.4, RFC 3848), put into the
 * maildrops, and answered: once in SMTP, once for each recipient in LMTP (RFC 2033 4.2). */
#include "practice/smtpd.h"
#include "practice/receiver.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What a look at the letter found. */
struct look {
    size_t nul, bare_lf, bare_cr, long_lines, hops;
};

static void look_at(const char *p, size_t n, struct look *out)
{
    bool header = true;
    memset(out, 0, sizeof *out);
    for (size_t at = 0; at < n;) {
        const char *line = p + at, *lf = memchr(line, '\n', n - at);
        size_t len = lf ? (size_t)(lf - line) : n - at;
        bool crlf = lf && len && line[len - 1] == '\r';
        size_t text = crlf ? len - 1 : len;
        out->bare_lf += lf && !crlf;
        out->bare_cr += memchr(line, '\r', text) != NULL;
        out->nul += memchr(line, '\0', text) != NULL;
        out->long_lines += text > SMTP_TEXT_LINE;
        header = header && text;
        out->hops += header && text >= 9 && strncasecmp(line, "Received:", 9) == 0;
        at += len + (lf != NULL);
    }
}

/* The same reply for the letter (SMTP) or for each recipient (LMTP). */
static void say_all(struct smtp *s, int code, const char *enhanced, const char *text)
{
    size_t times = s->flavour == FLAVOUR_LMTP ? s->nrcpts : 1;
    for (size_t i = 0; i < times; i++)
        smtp_say(s, code, enhanced, "%s", text);
}

static bool refused(struct smtp *s, const struct look *l)
{
    char text[200];
    if (s->too_big) {
        snprintf(text, sizeof text, "The letter is too big: %zu octets are the most here",
                 world_settings(s->world)->message_max);
        say_all(s, 552, "5.3.4", text);
    } else if (s->no_room) {
        say_all(s, 452, "4.3.1", "The mail store is full; delete letters by POP3");
    } else if (l->bare_lf || l->bare_cr) {
        snprintf(text, sizeof text,
                 "The letter holds %s: lines end in CRLF only (RFC 5321 2.3.8); <LF>.<LF> would be "
                 "no end of it",
                 l->bare_lf ? "a bare LF" : "a bare CR");
        say_all(s, 550, "5.5.2", text);
    } else if (l->nul) {
        say_all(s, 554, "5.6.0", "The letter holds a NUL octet (RFC 5322 4)");
    } else if (l->hops >= SMTP_HOPS_MAX) {
        say_all(s, 554, "5.4.6",
                "Too many Received fields: the letter goes round in circles (RFC 5321 6.3)");
    } else {
        return false;
    }
    return true;
}

static void stamp(struct smtp *s, struct buf *b)
{
    char date[48];
    const char *tls = s->peer->secure ? "S" : "", *auth = s->authed ? "A" : "";
    const char *address = s->peer->address;
    const char *with = s->flavour == FLAVOUR_LMTP ? "LMTP" : s->extended ? "ESMTP" : "SMTP";
    if (s->utf8) /* RFC 6531 4.3 */
        with = s->flavour == FLAVOUR_LMTP ? "UTF8LMTP" : "UTF8SMTP";
    date_822(date, sizeof date);
    buf_addf(b, "Received: from %s (unknown [%s%s])\r\n", s->helo,
             strchr(address, ':') ? "IPv6:" : "", address);
    if (s->peer->secure) {
        const struct tls_facts *f = tls_facts(s->peer->tls);
        buf_addf(b, "\t(using %s with cipher %s)\r\n", f->version, f->cipher);
    }
    if (s->authed)
        buf_addf(b, "\t(authenticated: %s)\r\n", account_table[s->auth.account].local);
    buf_addf(b, "\tby %s (heloscope practice) with %s%s%s id %s", PRACTICE_HOST, with,
             s->extended ? tls : "", s->extended ? auth : "", s->queue_id);
    if (s->nrcpts == 1) /* with several, naming one would tell it about the others */
        buf_addf(b, "\r\n\tfor <%s>", s->rcpts[0].address);
    buf_addf(b, ";\r\n\t%s\r\n", date);
}

/* A list delivers to its members; whoever is full misses it. */
static enum store_result deliver_one(struct smtp *s, const struct rcpt *r, struct letter *l)
{
    static const int members[] = {ACCOUNT_STUDENT, ACCOUNT_TEACHER};
    struct store *store = world_store(s->world);
    if (r->box == TRAY || account_table[r->box].kind != BOX_LIST)
        return store_deliver(store, r->box, l, s->from.text, r->address);
    enum store_result worst = STORE_OK;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char to[128];
        snprintf(to, sizeof to, "%s@%s", account_table[members[i]].local, PRACTICE_HOST);
        enum store_result x = store_deliver(store, members[i], l, s->from.text, to);
        worst = x > worst ? x : worst;
    }
    return worst;
}

static const struct {
    int code;
    const char *enhanced, *text;
} results[] = {
    [STORE_OK] = {250, "2.0.0", "Ok: queued as"},
    [STORE_BOX_FULL] = {552, "5.2.2", "The mailbox is full"},
    [STORE_FULL] = {452, "4.3.1", "The mail store is full"},
    [STORE_BROKEN] = {451, "4.3.0", "The Maildir cannot be written"},
};

static void reply(struct smtp *s, const struct rcpt *r, const struct look *l,
                  const struct receipt *seen_as)
{
    if (s->flavour == FLAVOUR_LMTP && r->result == STORE_OK)
        smtp_say(s, 250, "2.1.5", "<%s> Ok: delivered, queued as %s", r->address, s->queue_id);
    else if (s->flavour == FLAVOUR_LMTP)
        smtp_say(s, results[r->result].code, results[r->result].enhanced, "<%s> %s", r->address,
                 results[r->result].text);
    else if (r->result != STORE_OK)
        smtp_say(s, results[r->result].code, results[r->result].enhanced, "%s",
                 results[r->result].text);
    else if (seen_as && seen_as->does == RECEIVER_JUNKS)
        smtp_say(s, 250, "2.0.0", "Ok: queued as %s, put aside as junk: %s", s->queue_id,
                 seen_as->text);
    else if (seen_as && seen_as->forged)
        smtp_say(s, 250, "2.0.0",
                 "Ok: queued as %s, without the Authentication-Results that bore this server's "
                 "name: only it may write them (RFC 8601 5)",
                 s->queue_id);
    else if (l->long_lines)
        smtp_say(s, 250, "2.0.0", "Ok: queued as %s (%zu lines are over %d octets: RFC 5322 2.1.1)",
                 s->queue_id, l->long_lines, SMTP_TEXT_LINE);
    else
        smtp_say(s, 250, "2.0.0", "Ok: queued as %s%s", s->queue_id,
                 r->box == TRAY ? " (practice: kept here, it never leaves)" : "");
}

/* Who has not logged in comes over the border, and is judged; LMTP's clients stand behind it. */
static bool taken(struct smtp *s, struct receipt *out)
{
    struct arrival a = {.ip = s->peer->address,
                        .helo = s->helo,
                        .mail_from = s->from.text,
                        .text = buf_str(&s->letter),
                        .n = s->letter.len,
                        .judge = s->flavour == FLAVOUR_SMTP && !s->authed};
    receiver_take(world_receiver(s->world), &a, out);
    if (out->does == RECEIVER_REFUSES)
        say_all(s, out->code, out->enhanced, out->text);
    return out->does != RECEIVER_REFUSES;
}

void smtp_deliver(struct smtp *s)
{
    struct store *store = world_store(s->world);
    struct look seen;
    struct buf whole;
    look_at(buf_str(&s->letter), s->letter.len, &seen);
    if (s->peer->dead || /* the fault cut-data: it never came over whole */
        refused(s, &seen) || smtp_trouble(s, AT_DOT, "", "", 0)) {
        smtp_reset(s);
        return;
    }
    snprintf(s->queue_id, sizeof s->queue_id, "%08llX%04llX",
             (unsigned long long)time(NULL) & 0xffffffff,
             (unsigned long long)store_serial(store) & 0xffff);
    struct receipt seen_as;
    if (!taken(s, &seen_as)) {
        receipt_clear(&seen_as);
        smtp_reset(s);
        return;
    }
    buf_init(&whole, s->letter.len + seen_as.head.len + 4096);
    buf_add(&whole, buf_str(&seen_as.head), seen_as.head.len);
    stamp(s, &whole);
    if (seen_as.forged)
        buf_add(&whole, buf_str(&seen_as.kept), seen_as.kept.len);
    else
        buf_add(&whole, s->letter.p, s->letter.len);
    store->incoming -= s->letter.len;
    buf_clear(&s->letter);
    struct letter *l = letter_new(store, buf_str(&whole), whole.len);
    buf_clear(&whole);

    const struct rcpt *good = NULL;
    for (size_t i = 0; i < s->nrcpts; i++) {
        s->rcpts[i].result = deliver_one(s, &s->rcpts[i], l);
        if (s->rcpts[i].result == STORE_OK && !good)
            good = &s->rcpts[i];
    }
    if (s->flavour == FLAVOUR_LMTP)
        for (size_t i = 0; i < s->nrcpts; i++)
            reply(s, &s->rcpts[i], &seen, NULL);
    else
        reply(s, good ? good : &s->rcpts[0], &seen, &seen_as);
    receipt_clear(&seen_as);
    if (good) {
        s->errors = 0;
        s->letters++;
        smtp_notify(s, l);
    }
    letter_unref(store, l);
    smtp_reset(s);
}
