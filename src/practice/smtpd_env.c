/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MAIL and RCPT of the practice SMTP server: paths, parameters (a row each) and who is let in. RFC
 * 5321 3.3 and 4.1.1.2, RFC 1870, RFC 3461, RFC 4954 5, RFC 6152, RFC 6531. */
#include "practice/smtpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a parameter is to say it to: the transaction, and for RCPT the recipient. */
struct target {
    struct smtp *s;
    unsigned notify;
    char *orcpt;
};

/* True: fine. False: the reply was said. v is NULL where there is no "=". */
typedef bool param_fn(struct target *t, const char *v, size_t n);

static bool is(const char *v, size_t n, const char *word)
{
    return v && strlen(word) == n && strncasecmp(v, word, n) == 0;
}

static bool wrong(struct target *t, const char *form)
{
    smtp_mistake(t->s, 501, "5.5.4", "Syntax of the parameter: %s", form);
    return false;
}

static bool p_size(struct target *t, const char *v, size_t n)
{
    char digits[24];
    size_t max = world_settings(t->s->world)->message_max;
    if (!v || !n || n > 20)
        return wrong(t, "SIZE=octets, 1 to 20 digits (RFC 1870 3)");
    memcpy(digits, v, n);
    digits[n] = '\0';
    if (strspn(digits, "0123456789") != n)
        return wrong(t, "SIZE=octets, 1 to 20 digits (RFC 1870 3)");
    errno = 0;
    unsigned long long size = strtoull(digits, NULL, 10);
    if (errno == 0 && size <= max)
        return true;
    smtp_say(t->s, 552, "5.3.4", "The letter is too big: %zu octets are the most here (RFC 1870)",
             max);
    return false;
}

static bool p_body(struct target *t, const char *v, size_t n)
{
    return is(v, n, "7BIT") || is(v, n, "8BITMIME") ||
           wrong(t, "BODY=7BIT or BODY=8BITMIME (RFC 6152; BINARYMIME is not offered)");
}

static bool p_ret(struct target *t, const char *v, size_t n)
{
    t->s->headers_only = is(v, n, "HDRS");
    return t->s->headers_only || is(v, n, "FULL") ||
           wrong(t, "RET=FULL or RET=HDRS (RFC 3461 4.3)");
}

static bool p_envid(struct target *t, const char *v, size_t n)
{
    if (!v || n > 100 || !path_xtext(v, n))
        return wrong(t, "ENVID=xtext, at most 100 octets (RFC 3461 4.4)");
    memcpy(t->s->envid, v, n);
    t->s->envid[n] = '\0';
    return true;
}

static bool p_auth(struct target *t, const char *v, size_t n)
{
    return (v && (is(v, n, "<>") || path_xtext(v, n))) ||
           wrong(t, "AUTH=<> or AUTH=xtext (RFC 4954 5)");
}

static bool p_utf8(struct target *t, const char *v, size_t n)
{
    (void)n;
    t->s->utf8 = true;
    return !v || wrong(t, "SMTPUTF8, without a value (RFC 6531 3.4)");
}

static bool p_notify(struct target *t, const char *v, size_t n)
{
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {{"NEVER", NOTIFY_NEVER},
                 {"SUCCESS", NOTIFY_SUCCESS},
                 {"FAILURE", NOTIFY_FAILURE},
                 {"DELAY", NOTIFY_DELAY}};
    const char *end = v ? v + n : v;
    while (v && v <= end) {
        const char *comma = v < end ? memchr(v, ',', (size_t)(end - v)) : NULL;
        size_t k = (size_t)((comma ? comma : end) - v);
        unsigned bit = 0;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (is(v, k, words[i].word))
                bit = words[i].bit;
        if (!bit || (t->notify & bit))
            break;
        t->notify |= bit;
        if (!comma)
            return t->notify == NOTIFY_NEVER || !(t->notify & NOTIFY_NEVER) ||
                   wrong(t, "NOTIFY=NEVER stands alone (RFC 3461 4.1)");
        v = comma + 1;
    }
    return wrong(t, "NOTIFY=NEVER, or a list of SUCCESS,FAILURE,DELAY (RFC 3461 4.1)");
}

static bool p_orcpt(struct target *t, const char *v, size_t n)
{
    const char *semi = v ? memchr(v, ';', n) : NULL;
    if (!semi || semi == v || n > 500 || !path_xtext(semi + 1, n - (size_t)(semi - v) - 1))
        return wrong(t, "ORCPT=rfc822;xtext, at most 500 octets (RFC 3461 4.2)");
    for (const char *c = v; c < semi; c++)
        if (*c <= 0x20 || *c >= 0x7f)
            return wrong(t, "ORCPT=rfc822;xtext (RFC 3461 4.2)");
    t->orcpt = xstrndup(v, n);
    return true;
}

struct param {
    const char *name;
    param_fn *take;
};

static const struct param mail_params[] = {
    {"SIZE", p_size}, {"BODY", p_body},     {"RET", p_ret}, {"ENVID", p_envid},
    {"AUTH", p_auth}, {"SMTPUTF8", p_utf8}, {NULL, NULL},
};
static const struct param rcpt_params[] = {{"NOTIFY", p_notify}, {"ORCPT", p_orcpt}, {NULL, NULL}};

/* " KEY=value KEY" after a path. False: the reply was said. */
static bool params(struct target *t, const struct param *rows, const char *p, size_t n)
{
    unsigned seen = 0;
    while (n) {
        size_t blanks = 0, k = 0;
        while (blanks < n && p[blanks] == ' ')
            blanks++;
        if (!blanks) {
            smtp_mistake(t->s, 501, "5.5.4", "A blank stands between the > and what follows it");
            return false;
        }
        p += blanks;
        n -= blanks;
        if (!n)
            return true; /* blanks at the end of a line */
        while (k < n && p[k] != ' ')
            k++;
        const char *eq = memchr(p, '=', k);
        size_t name = eq ? (size_t)(eq - p) : k;
        const struct param *row = rows;
        while (row->name && !is(p, name, row->name))
            row++;
        if (!row->name || !t->s->extended) {
            smtp_mistake(t->s, 555, "5.5.4",
                         row->name ? "Parameters come after EHLO only; you said HELO"
                                   : "Parameter not known, or not offered here");
            return false;
        }
        unsigned bit = 1u << (row - rows);
        if (seen & bit) {
            smtp_mistake(t->s, 501, "5.5.4", "%s stands there twice", row->name);
            return false;
        }
        seen |= bit;
        if (!row->take(t, eq ? eq + 1 : NULL, eq ? k - name - 1 : 0))
            return false;
        p += k;
        n -= k;
    }
    return true;
}

/* "FROM:" or "TO:" and the path. False: the reply was said. */
static bool path(struct smtp *s, const char *word, const char *verb, const char **p, size_t *n,
                 struct path *out)
{
    size_t used, w = strlen(word);
    bool from = *word == 'F';
    if (*n < w || strncasecmp(*p, word, w) != 0 || *n == w) {
        smtp_mistake(s, 501, "5.5.4", "Syntax: %s %s<address>", verb, word);
        return false;
    }
    if ((*p)[w] != '<') {
        smtp_mistake(s, 501, "5.5.4",
                     "Syntax: %s %s<address>; the address stands in < and >, right after the colon",
                     verb, word);
        return false;
    }
    const char *why = path_parse(*p + w, *n - w, out, &used);
    if (why) {
        smtp_mistake(s, 501, from ? "5.1.7" : "5.1.3", "Bad %s address: %s",
                     from ? "sender" : "recipient", why);
        return false;
    }
    *p += w + used;
    *n -= w + used;
    return true;
}

void smtp_mail(struct smtp *s, const char *arg, size_t n)
{
    struct path from;
    struct target t = {.s = s};
    if (s->flavour == FLAVOUR_SUBMISSION && !s->authed) {
        smtp_say(s, 530, "5.7.0", "%s",
                 smtp_may_auth(s) ? "Authentication required: AUTH first (RFC 6409 4.3)"
                                  : "Say STARTTLS first, then AUTH");
        return;
    }
    if (s->mail) {
        smtp_mistake(s, 503, "5.5.1", "A letter is open already; RSET forgets it");
        return;
    }
    if (!path(s, "FROM:", "MAIL", &arg, &n, &from))
        return;
    if (!from.null && !*from.domain) {
        smtp_mistake(s, 501, "5.1.7", "Bad sender address: it has no @ and no domain");
        return;
    }
    if (!params(&t, mail_params, arg, n)) {
        smtp_reset(s);
        return;
    }
    if (from.eightbit && !s->utf8) {
        smtp_reset(s);
        smtp_say(s, 553, "5.6.7",
                 "Letters beyond ASCII in an address want the parameter SMTPUTF8 (RFC 6531 3.4)");
        return;
    }
    if (store_fits(world_store(s->world), -1, 0) != STORE_OK) {
        smtp_reset(s);
        smtp_say(s, 452, "4.3.1", "The mail store is full; delete letters by POP3");
        return;
    }
    s->mail = true;
    s->from = from;
    smtp_say(s, 250, "2.1.0", "Ok, from <%s>%s", from.text,
             from.null ? " (a bounce: nothing is to come back to it)" : "");
}

static void refuse_or_take(struct smtp *s, const struct path *to, struct target *t)
{
    struct store *store = world_store(s->world);
    bool ours = !*to->domain || domain_is_ours(to->domain, strlen(to->domain));
    int box = TRAY;
    if (!ours && !s->authed) {
        smtp_say(
            s, 550, "5.7.1",
            "<%s>: relaying denied: this server is not responsible for that domain; log in first",
            to->text);
        return;
    }
    if (!ours && s->flavour == FLAVOUR_LMTP) {
        smtp_say(s, 550, "5.7.1", "<%s>: LMTP delivers here and nowhere else (RFC 2033 5)",
                 to->text);
        return;
    }
    if (ours)
        box = account_find(to->local, strlen(to->local));
    enum account_kind kind = box < 0          ? BOX_UNKNOWN
                             : box < ACCOUNTS ? account_table[box].kind
                                              : BOX_PLAIN;
    if (kind == BOX_UNKNOWN) {
        smtp_say(s, 550, "5.1.1", "<%s>: no such user here", to->text);
        return;
    }
    if (kind == BOX_DISABLED) {
        smtp_say(s, 550, "5.2.1", "<%s>: this mailbox is switched off", to->text);
        return;
    }
    if (kind == BOX_GREYLIST && !world_met(s->world, s->from.text, box)) {
        smtp_say(s, 450, "4.7.1", "<%s>: greylisted: not now, try the same again a little later",
                 to->text);
        return;
    }
    /* LMTP's client is told after the dot, where real delivery agents find out. */
    if (s->flavour != FLAVOUR_LMTP && kind != BOX_LIST &&
        store_fits(store, box, 0) == STORE_BOX_FULL) {
        smtp_say(s, 452, "4.2.2", "<%s>: the mailbox is full", to->text);
        return;
    }
    struct rcpt *r = &s->rcpts[s->nrcpts++];
    *r = (struct rcpt){
        .box = box, .address = xstrdup(to->text), .notify = t->notify, .orcpt = t->orcpt};
    t->orcpt = NULL;
    if (box == TRAY)
        smtp_say(s, 250, "2.1.5",
                 "<%s>: Ok, you are logged in (practice: it is kept here and never leaves)",
                 to->text);
    else
        smtp_say(s, 250, "2.1.5", "<%s>: Ok", to->text);
}

void smtp_rcpt(struct smtp *s, const char *arg, size_t n)
{
    struct path to;
    struct target t = {.s = s};
    if (!s->mail) {
        smtp_mistake(s, 503, "5.5.1", "MAIL FROM comes first");
        return;
    }
    if (s->chunked) {
        smtp_mistake(s, 503, "5.5.1", "The letter has begun (BDAT); RSET forgets it");
        return;
    }
    if (!path(s, "TO:", "RCPT", &arg, &n, &to))
        return;
    if (to.null || (!*to.domain && strcasecmp(to.local, "postmaster") != 0)) {
        smtp_mistake(s, 501, "5.1.3", "Bad recipient address: %s",
                     to.null ? "<> can only send" : "it has no domain");
        return;
    }
    if (to.eightbit && !s->utf8) {
        smtp_say(s, 553, "5.6.7",
                 "Letters beyond ASCII in an address want SMTPUTF8 at MAIL (RFC 6531 3.4)");
        return;
    }
    if (params(&t, rcpt_params, arg, n)) {
        s->tried_rcpt = true;
        if (s->nrcpts == SMTP_RCPT_MAX)
            smtp_say(s, 452, "4.5.3",
                     "Too many recipients: %d in one letter; send it again for the others",
                     SMTP_RCPT_MAX);
        else
            refuse_or_take(s, &to, &t);
    }
    free(t.orcpt);
}
