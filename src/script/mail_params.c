/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MAIL FROM and RCPT TO with their ESMTP parameters: each only where its keyword was offered (RFC
 * 5321 4.1.1.11), else left out aloud, or refused where that would harm. */
#include "script/mail_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct line {
    const struct mail_options *o;
    const struct caps *caps;
    struct buf *out;
    mail_note_fn *note;
    void *arg;
};

static bool offered(const struct line *l, const char *keyword)
{
    return l->caps && caps_find(l->caps, keyword);
}

static void leave_out(const struct line *l, const char *keyword, const char *what)
{
    char words[200];
    snprintf(words, sizeof words, "%s is not offered, left out: %s", keyword, what);
    if (l->note)
        l->note(l->arg, words);
}

/* xtext: + and = and what is no visible ASCII as +HH. RFC 3461 4. */
static void add_xtext(struct buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c >= 0x7f || c == '+' || c == '=')
            buf_addf(out, "+%02X", c);
        else
            buf_add_char(out, *s);
    }
}

static bool is_ascii(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80)
            return false;
    return true;
}

static bool needs_utf8(const struct mail_options *o)
{
    bool ascii = is_ascii(o->from);
    for (size_t i = 0; i < o->nto; i++)
        ascii = ascii && is_ascii(o->to[i]);
    return !ascii;
}

static bool refuse(char *why, size_t size, const char *keyword, const char *words)
{
    snprintf(why, size, "the server does not offer %s: %s", keyword, words);
    return false;
}

/* What must not be left out. */
static bool strict(struct line *l, bool tls, char *why, size_t size)
{
    const struct mail_params *p = &l->o->params;
    if (p->requiretls && (!tls || !offered(l, "REQUIRETLS")))
        return refuse(
            why, size, "REQUIRETLS",
            tls ? "without it the mail could go on in clear, so it is not sent (RFC 8689)"
                : "the connection itself is in clear, so the mail is not sent (RFC 8689)");
    if ((p->hold_for || p->hold_until) && !offered(l, "FUTURERELEASE"))
        return refuse(why, size, "FUTURERELEASE",
                      "the mail would be delivered at once, so it is not sent (RFC 4865)");
    if (p->binary && !(offered(l, "BINARYMIME") && offered(l, "CHUNKING")))
        return refuse(why, size, "BINARYMIME with CHUNKING",
                      "the letter would be changed on its way, so it is not sent (RFC 3030)");
    if (needs_utf8(l->o) && !offered(l, "SMTPUTF8"))
        return refuse(why, size, "SMTPUTF8",
                      "an address with letters outside ASCII cannot be said (RFC 6531)");
    return true;
}

static void body(struct line *l, const struct mail_letter *letter)
{
    const struct mail_params *p = &l->o->params;
    if (p->binary)
        buf_add_str(l->out, " BODY=BINARYMIME");
    else if (p->eightbit || letter->eightbit) {
        if (offered(l, "8BITMIME"))
            buf_add_str(l->out, " BODY=8BITMIME");
        else
            leave_out(l, "8BITMIME", "BODY=8BITMIME");
    }
    if (p->smtputf8 || needs_utf8(l->o)) {
        if (offered(l, "SMTPUTF8"))
            buf_add_str(l->out, " SMTPUTF8");
        else
            leave_out(l, "SMTPUTF8", "SMTPUTF8");
    }
}

bool mail_from(const struct mail_options *o, const struct caps *caps, bool tls,
               const struct mail_letter *letter, struct buf *out, mail_note_fn *note, void *arg,
               char *why, size_t size)
{
    struct line l = {.o = o, .caps = caps, .out = out, .note = note, .arg = arg};
    const struct mail_params *p = &o->params;
    if (!strict(&l, tls, why, size))
        return false;
    buf_addf(out, "MAIL FROM:<%s>", o->from);
    if (letter->size > 0 && offered(&l, "SIZE"))
        buf_addf(out, " SIZE=%llu", (unsigned long long)letter->size);
    body(&l, letter);
    if (p->ret || p->envid) {
        if (!offered(&l, "DSN"))
            leave_out(&l, "DSN", p->ret && p->envid ? "RET and ENVID" : p->ret ? "RET" : "ENVID");
        else {
            if (p->ret)
                buf_addf(out, " RET=%s", p->ret);
            if (p->envid) {
                buf_add_str(out, " ENVID=");
                add_xtext(out, p->envid);
            }
        }
    }
    if (p->requiretls)
        buf_add_str(out, " REQUIRETLS");
    if (p->priority) {
        if (offered(&l, "MT-PRIORITY"))
            buf_addf(out, " MT-PRIORITY=%s", p->priority);
        else
            leave_out(&l, "MT-PRIORITY", "the priority");
    }
    if (p->by) {
        if (offered(&l, "DELIVERBY"))
            buf_addf(out, " BY=%s", p->by);
        else
            leave_out(&l, "DELIVERBY", "BY");
    }
    if (p->hold_for)
        buf_addf(out, " HOLDFOR=%s", p->hold_for);
    if (p->hold_until)
        buf_addf(out, " HOLDUNTIL=%s", p->hold_until);
    return true;
}

bool mail_to(const struct mail_options *o, const struct caps *caps, const char *to, struct buf *out,
             mail_note_fn *note, void *arg)
{
    struct line l = {.o = o, .caps = caps, .out = out, .note = note, .arg = arg};
    const struct mail_params *p = &o->params;
    buf_addf(out, "RCPT TO:<%s>", to);
    if (!p->notify && !p->orcpt)
        return true;
    if (!offered(&l, "DSN")) {
        leave_out(&l, "DSN",
                  p->notify && p->orcpt ? "NOTIFY and ORCPT"
                  : p->notify           ? "NOTIFY"
                                        : "ORCPT");
        return true;
    }
    if (p->notify)
        buf_addf(out, " NOTIFY=%s", p->notify);
    if (p->orcpt) { /* RFC 6533: an address outside ASCII has its own type */
        buf_addf(out, " ORCPT=%s;", is_ascii(to) ? "rfc822" : "utf-8");
        if (is_ascii(to))
            add_xtext(out, to);
        else
            buf_add_str(out, to);
    }
    return true;
}
