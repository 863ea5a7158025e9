/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Delivery status notifications: the bounce for a recipient whose mailbox did not take the letter
 * after all, and the receipt for NOTIFY=SUCCESS. RFC 3461 5 and 6, RFC 3464, RFC 6522. They go to
 * senders of this world only, from the null sender, so that no notification is ever answered by
 * another one. */
#include "practice/smtpd.h"

#include <stdio.h>
#include <string.h>

static bool wanted(const struct smtp *s, const struct rcpt *r)
{
    if (r->notify & NOTIFY_NEVER)
        return false;
    if (r->result == STORE_OK)
        return (r->notify & NOTIFY_SUCCESS) && r->box != TRAY;
    /* In LMTP and where nobody got it, the client was told by a reply. */
    return s->flavour != FLAVOUR_LMTP && (!r->notify || (r->notify & NOTIFY_FAILURE));
}

static void build(const struct smtp *s, const struct letter *l, bool failed, struct buf *b)
{
    char date[48];
    const char *boundary = s->queue_id;
    const char *end = memmem(l->text, l->len, "\r\n\r\n", 4);
    size_t header = end ? (size_t)(end - l->text) + 2 : l->len;
    bool full = failed && !s->headers_only;
    date_822(date, sizeof date);
    buf_addf(
        b,
        "Date: %s\r\nFrom: Mail Delivery System <MAILER-DAEMON@" PRACTICE_HOST ">\r\nTo: %s\r\n"
        "Subject: %s\r\nMessage-ID: <dsn.%s@" PRACTICE_HOST ">\r\nAuto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
        "\tboundary=\"=-%s\"\r\n\r\n--=-%s\r\nContent-Type: text/plain\r\n\r\n",
        date, s->from.text,
        failed ? "Your letter did not reach everybody" : "Your letter was delivered", s->queue_id,
        boundary, boundary);
    for (size_t i = 0; i < s->nrcpts; i++)
        if (wanted(s, &s->rcpts[i]))
            buf_addf(b, "<%s>: %s\r\n", s->rcpts[i].address,
                     s->rcpts[i].result == STORE_OK
                         ? "delivered to the mailbox"
                         : "not delivered, the mailbox could not take it");
    buf_addf(b,
             "\r\n--=-%s\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: "
             "dns; " PRACTICE_HOST "\r\n",
             boundary);
    if (*s->envid)
        buf_addf(b, "Original-Envelope-Id: %s\r\n", s->envid);
    for (size_t i = 0; i < s->nrcpts; i++) {
        const struct rcpt *r = &s->rcpts[i];
        if (!wanted(s, r))
            continue;
        buf_add_str(b, "\r\n");
        if (r->orcpt)
            buf_addf(b, "Original-Recipient: %s\r\n", r->orcpt);
        buf_addf(b, "Final-Recipient: rfc822; %s\r\nAction: %s\r\nStatus: %s\r\n", r->address,
                 r->result == STORE_OK ? "delivered" : "failed",
                 r->result == STORE_OK         ? "2.1.5"
                 : r->result == STORE_BOX_FULL ? "5.2.2"
                                               : "5.3.0");
    }
    buf_addf(b, "\r\n--=-%s\r\nContent-Type: %s\r\n\r\n", boundary,
             full ? "message/rfc822" : "text/rfc822-headers");
    buf_add(b, l->text, full ? l->len : header);
    buf_addf(b, "\r\n--=-%s--\r\n", boundary);
}

void smtp_notify(struct smtp *s, struct letter *l)
{
    struct store *store = world_store(s->world);
    bool any = false, failed = false;
    int box = s->from.null || !domain_is_ours(s->from.domain, strlen(s->from.domain))
                  ? -1
                  : account_find(s->from.local, strlen(s->from.local));
    for (size_t i = 0; i < s->nrcpts; i++) {
        any |= wanted(s, &s->rcpts[i]);
        failed |= wanted(s, &s->rcpts[i]) && s->rcpts[i].result != STORE_OK;
    }
    if (!any || box < 0 || account_table[box].kind != BOX_PLAIN)
        return;
    struct buf b;
    buf_init(&b, l->len + 262144);
    build(s, l, failed, &b);
    if (store_fits(store, box, b.len) == STORE_OK) {
        struct letter *note = letter_new(store, buf_str(&b), b.len);
        store_deliver(store, box, note, "", s->from.text);
        letter_unref(store, note);
    }
    buf_clear(&b);
}
