/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The talk of one mail after the other. What was sent and not answered is a row of `waits`; the
 * replies come in its order. In one flight go MAIL, RCPT and DATA (RFC 2920 3.1), and, where
 * another mail follows, the letter's end with the next MAIL, RCPT and DATA. */
#include "script/mail_priv.h"

#include "heloscope/harmless.h"
#include "heloscope/transcript.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FLIGHT_MAX ((size_t)16 << 20)
#define SMALL_LETTER ((size_t)1 << 20) /* goes out at once; others are read as they are sent */

const struct mail_stage_row mail_stages[] = {
#define STAGE(id, names, status, drop, means) {names, status, drop, means},
#include "script/stages.def"
};

enum mail_stage mail_stage_of(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; n > 0 && i < MAIL_STAGES; i++)
        for (const char *p = mail_stages[i].names; *p;) {
            size_t len = strcspn(p, " ");
            if (len == n && strncasecmp(p, name, n) == 0)
                return (enum mail_stage)i;
            p += len;
            p += *p == ' ';
        }
    return MAIL_STAGES;
}

/* ---- the end ---- */

void mail_fail(struct mailer *m, int status, const char *fmt, ...)
{
    char words[800];
    struct buf clean;
    va_list ap;
    if (m->status)
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    buf_init(&clean, 8 * sizeof words);
    text_clean(&clean, words, strlen(words));
    m->status = status;
    snprintf(m->why, sizeof m->why, "%.390s", buf_str(&clean));
    buf_clear(&clean);
}

void mail_over_now(struct mailer *m)
{
    if (session_is_open(m->s))
        session_drop(m->s);
    m->state = STATE_OVER;
}

void mail_say(struct mailer *m, const char *line)
{
    char why[300];
    if (!session_line(m->s, line, strlen(line), why, sizeof why)) {
        mail_fail(m, MAIL_STATUS_LOST, "%s", why);
        mail_over_now(m);
    }
}

void mail_quit(struct mailer *m)
{
    m->state = STATE_QUIT;
    if (!m->status)
        m->stage = MAIL_QUIT;
    if (session_is_up(m->s) && !session_feeding(m->s))
        mail_say(m, "QUIT");
}

void mail_note(void *arg, const char *words)
{
    struct mailer *m = arg;
    struct moment at = {.proto = session_proto(m->s),
                        .before = *session_now(m->s),
                        .after = *session_now(m->s),
                        .event = EVENT_NOTE};
    transcript_add(session_transcript(m->s), ITEM_EVENT, MARK_WARN, &at, words, strlen(words), 0);
}

int mail_stage_status(const struct mailer *m)
{
    if (m->stage == MAIL_HELO && m->xclients > 0)
        return MAIL_STATUS_HELO_AFTER_XCLIENT;
    if (m->stage == MAIL_HELO && !m->in_tls)
        return mail_stages[MAIL_FIRST_HELO].status;
    return mail_stages[m->stage].status;
}

/* The first line of item i. */
void mail_first_line(struct mailer *m, size_t i, char *out, size_t size)
{
    struct span s;
    const struct source *src = transcript_source(session_transcript(m->s));
    out[0] = '\0';
    if (src->line(src->self, i, 0, &s))
        snprintf(out, size, "%.*s", s.n < 200 ? (int)s.n : 200, s.p);
}

/* The connection ended where it should not have. */
static void lost(struct mailer *m)
{
    enum fault f = session_fault(m->s);
    const char *last = session_last(m->s);
    struct transcript *t = session_transcript(m->s);
    const struct source *src = transcript_source(t);
    struct moment at = {0};
    size_t n = transcript_count(t);
    bool late = n > 0 && src->moment(src->self, n - 1, &at) && at.event == EVENT_TIMED_OUT;
    if (f == FAULT_TLS)
        mail_fail(m, mail_stages[MAIL_TLS].status, "TLS: %s", last);
    else if (f == FAULT_FILE)
        mail_fail(m, fault_status(FAULT_FILE), "%s", last);
    else if (m->stage == MAIL_BANNER && !m->connected)
        mail_fail(m, MAIL_STATUS_CONNECT, "no connection: %s", last);
    else if (m->stage == MAIL_BANNER || late || f == FAULT_PROTOCOL)
        mail_fail(m, mail_stage_status(m), "%s", *last ? last : "the server closed the connection");
    else
        mail_fail(m, MAIL_STATUS_LOST, "%s (at the stage %.*s)",
                  *last ? last : "the server closed the connection",
                  (int)strcspn(mail_stages[m->stage].names, " "), mail_stages[m->stage].names);
    m->state = STATE_OVER;
}

/* Is this where it is to stop? Then it does. */
bool mail_stops(struct mailer *m, enum mail_stage at)
{
    if (m->o.stop == MAIL_TO_THE_END || m->o.stage != at || m->status)
        return false;
    if (m->o.stop == MAIL_QUIT_AFTER)
        mail_quit(m);
    else if (m->o.stop == MAIL_DROP_AFTER)
        mail_over_now(m);
    else
        return false;
    return true;
}

/* The same, as soon as the stage's command is on its way. */
void mail_sent(struct mailer *m, enum mail_stage at)
{
    m->dropping = m->dropping || (m->o.stop == MAIL_DROP_AFTER_SEND && m->o.stage == at);
}

/* ---- up to the envelope ---- */

static bool pipelined(const struct mailer *m)
{
    const struct caps *c = session_caps(m->s);
    return !m->o.lockstep && c && caps_find(c, "PIPELINING");
}

static bool by_bdat(const struct mailer *m)
{
    const struct caps *c = session_caps(m->s);
    return (m->o.params.bdat || m->o.params.binary) && c && caps_find(c, "CHUNKING");
}

/* Commands of the envelope: with DATA unless the letter goes by BDAT, fewer where it stops before.
 */
static size_t commands(const struct mailer *m)
{
    if (m->o.stop != MAIL_TO_THE_END && m->o.stage == MAIL_MAIL)
        return 1;
    if ((m->o.stop != MAIL_TO_THE_END && m->o.stage == MAIL_RCPT) || by_bdat(m))
        return 1 + m->o.nto;
    return 2 + m->o.nto;
}

static bool add_command(struct mailer *m, size_t i, struct buf *out, char *why, size_t size)
{
    const struct caps *c = session_caps(m->s);
    mail_note_fn *tell = m->noted ? NULL : mail_note;
    if (i == 0)
        return mail_from(&m->o, c, session_now(m->s)->tls, &m->letter, out, tell, m, why, size);
    if (i > m->o.nto)
        return buf_add_str(out, "DATA");
    bool ok = mail_to(&m->o, c, m->o.to[i - 1], out, tell, m);
    m->noted = m->noted || i == 1;
    return ok;
}

/* Sends what may be sent of the envelope now. */
static void say_envelope(struct mailer *m)
{
    char why[400] = "the envelope is too long";
    struct buf flight;
    size_t n = commands(m), last = pipelined(m) ? n : m->answered + 1;
    if (last > m->answered + 3000) /* so many may wait for their replies */
        last = m->answered + 3000;
    if (last > n)
        last = n;
    if (m->said > m->answered && (m->said >= last || !pipelined(m)))
        return;
    bool ok = true;
    buf_init(&flight, FLIGHT_MAX);
    for (; ok && m->said < last; m->said++) {
        ok = add_command(m, m->said, &flight, why, sizeof why) && buf_add_char(&flight, '\n');
        mail_sent(m, m->said == 0 ? MAIL_MAIL : m->said <= m->o.nto ? MAIL_RCPT : MAIL_DATA);
    }
    if (!ok) {
        m->stage = MAIL_MAIL;
        mail_fail(m, mail_stage_status(m), "%s", why);
        mail_quit(m);
    } else if (flight.len > 0 && !session_lines(m->s, flight.p, flight.len, why, sizeof why)) {
        mail_fail(m, MAIL_STATUS_LOST, "%s", why);
        mail_over_now(m);
    }
    buf_clear(&flight);
}

static void next_mail(struct mailer *m)
{
    char why[400];
    m->number++;
    m->said = m->answered = m->rcpts = 0;
    m->go = m->letter_out = false;
    m->refused[0] = '\0';
    m->letter = (struct mail_letter){0};
    if (m->o.letter && !m->o.letter(m->o.arg, m->number, &m->letter, why, sizeof why)) {
        mail_fail(m, fault_status(FAULT_FILE), "%s", why);
        mail_quit(m);
        return;
    }
    say_envelope(m);
}

void mail_begin(struct mailer *m)
{
    m->state = STATE_MAILS;
    m->stage = MAIL_MAIL;
    if (by_bdat(m) != (m->o.params.bdat || m->o.params.binary) && !m->o.params.binary)
        mail_note(m, "CHUNKING is not offered: the letter goes by DATA");
    next_mail(m);
}

static ssize_t read_memory(void *arg, char *to, size_t n)
{
    struct mail_letter *l = arg;
    if (n > l->n)
        n = l->n;
    memcpy(to, l->text, n);
    l->text += n;
    l->n -= n;
    return (ssize_t)n;
}

static void send_letter(struct mailer *m)
{
    char why[300];
    struct mail_letter *l = &m->letter;
    bool bdat = by_bdat(m), ok;
    bool last = m->number >= (m->o.count ? m->o.count : 1);
    m->letter_out = true;
    m->stage = MAIL_DOT;
    m->dots = session_now(m->s)->lmtp && !bdat ? m->rcpts : 1;
    if (m->dots ==
        0) /* 354 without a recipient: a lone dot, and the server says no (RFC 2920 3.1) */
        m->dots = 1;
    if (m->rcpts == 0)
        ok = session_letter(m->s, "", 0, why, sizeof why);
    else if (!bdat && l->text && l->n <= SMALL_LETTER)
        ok = session_letter(m->s, l->text, l->n, why, sizeof why);
    else {
        enum session_feed how = !bdat                ? FEED_DATA
                                : m->o.params.binary ? FEED_BDAT_BINARY
                                                     : FEED_BDAT;
        ok = session_letter_from(m->s, l->text ? read_memory : l->read, l->text ? l : l->arg, how,
                                 !pipelined(m), why, sizeof why);
    }
    if (!ok) {
        mail_fail(m, MAIL_STATUS_LOST, "%s", why);
        mail_over_now(m);
        return;
    }
    mail_sent(m, MAIL_DATA); /* BDAT has no command of its own before it */
    mail_sent(m, MAIL_DOT);
    /* The next envelope goes with it. */
    if (!last && !bdat && m->rcpts > 0 && pipelined(m) && !session_feeding(m->s) && !m->status &&
        m->o.stop == MAIL_TO_THE_END && m->dots == 1) {
        size_t dots = m->dots;
        next_mail(m);
        m->dots = dots;
    }
}

/* The replies to the whole envelope are there. */
static void decide(struct mailer *m)
{
    bool wanted = m->o.stop == MAIL_TO_THE_END || m->o.stage > MAIL_RCPT;
    if (m->rcpts == 0 && m->refused[0] && !m->status) {
        m->stage = m->stage > MAIL_RCPT ? MAIL_RCPT : m->stage;
        mail_fail(m, mail_stage_status(m), "%s", m->refused);
    }
    if (m->go && (m->status == 0 || m->rcpts == 0)) {
        if (m->status == 0 && mail_stops(m, MAIL_DATA))
            return;
        send_letter(m);
        return;
    }
    if (m->go) { /* an earlier mail went wrong: this one is not finished */
        mail_over_now(m);
        return;
    }
    if (m->status == 0 && wanted && m->rcpts > 0 && by_bdat(m)) {
        send_letter(m);
        return;
    }
    if (m->status || !mail_stops(m, m->o.stage))
        mail_quit(m);
}

static void mail_over(struct mailer *m)
{
    if (mail_stops(m, MAIL_DOT) || (by_bdat(m) && mail_stops(m, MAIL_DATA)))
        return;
    if (m->status == 0 && m->number < (m->o.count ? m->o.count : 1)) {
        m->stage = MAIL_MAIL;
        next_mail(m);
        return;
    }
    mail_quit(m);
}

static void remember(struct mailer *m, size_t item, const char *what)
{
    char line[300];
    if (m->refused[0])
        return;
    mail_first_line(m, item, line, sizeof line);
    snprintf(m->refused, sizeof m->refused, "%s was refused: %.250s", what, line);
}

/* One reply to the mail in hand, or to the end of the one before it. */
static void mail_reply(struct mailer *m, size_t item, enum reply_class cls)
{
    bool good = cls == REPLY_OK || cls == REPLY_GO;
    if (m->dots > 0 && !session_feeding(m->s)) {
        const struct source *src = transcript_source(session_transcript(m->s));
        struct moment at = {0};
        bool chunk = src->moment(src->self, item, &at) && at.command.verb &&
                     (at.command.verb->flags & VERB_LITERAL) && !at.command.last;
        if (!good && !m->status) {
            char line[300];
            mail_first_line(m, item, line, sizeof line);
            m->stage = MAIL_DOT;
            mail_fail(m,
                      m->rcpts == 0 && m->letter_out ? mail_stages[MAIL_RCPT].status
                                                     : mail_stage_status(m),
                      "the letter was refused: %s", line);
        }
        if (chunk && good)
            return;
        if (--m->dots == 0) {
            m->accepted += good && !m->status;
            if (m->letter_out)
                mail_over(m);
        }
        return;
    }
    if (m->dots > 0 && session_feeding(m->s))
        return; /* a chunk's */
    size_t i = m->answered++;
    if (i == 0) {
        m->stage = good ? MAIL_RCPT : MAIL_MAIL;
        if (!good)
            remember(m, item, "MAIL FROM");
    } else if (i <= m->o.nto) {
        m->rcpts += good;
        if (!good)
            remember(m, item, "RCPT TO");
        if (i == m->o.nto && m->rcpts > 0 && m->stage == MAIL_RCPT)
            m->stage = MAIL_DATA;
    } else {
        m->go = cls == REPLY_GO;
        if (!good && m->rcpts > 0) {
            m->refused[0] = '\0';
            remember(m, item, "DATA");
            m->stage = MAIL_DATA;
            mail_fail(m, mail_stage_status(m), "%s", m->refused);
        }
    }
    bool hopeless = !pipelined(m) && ((i == 0 && !good) || (i == m->o.nto && m->rcpts == 0));
    if (m->answered == commands(m) || hopeless)
        decide(m);
    else
        say_envelope(m);
}

/* ---- what the server said ---- */

static void reply(struct mailer *m, size_t item, const struct moment *at)
{
    enum reply_class cls = at->reply.cls;
    switch (m->state) {
    case STATE_BANNER:
        if (cls != REPLY_OK)
            mail_refuse(m, "the server does not greet");
        else if (!mail_stops(m, MAIL_BANNER))
            mail_hello(m, MAIL_FIRST_HELO);
        break;
    case STATE_HELO:
        if (cls == REPLY_OK)
            mail_greeted(m);
        else if (cls == REPLY_PERM && m->stage == MAIL_FIRST_HELO && !session_now(m->s)->lmtp) {
            char line[400];
            m->state = STATE_OLD;
            snprintf(line, sizeof line, "HELO %s", m->o.ehlo);
            mail_say(m, line);
        } else
            mail_refuse(m, "EHLO was refused");
        break;
    case STATE_OLD:
        if (cls == REPLY_OK)
            mail_greeted(m);
        else
            mail_refuse(m, "EHLO and HELO were refused");
        break;
    case STATE_TLS:
        if (cls != REPLY_OK)
            mail_refuse(m, "STARTTLS was refused");
        break;
    case STATE_XCLIENT:
        if (cls == REPLY_OK)
            mail_believed(m);
        else
            mail_refuse(m, "XCLIENT was refused");
        break;
    case STATE_AUTH:
        if (cls == REPLY_GO || session_outstanding(m->s) > 0)
            break;
        if (!session_now(m->s)->authed)
            mail_refuse(m, "the login was refused");
        else if (!mail_stops(m, MAIL_AUTH))
            mail_begin(m);
        break;
    case STATE_MAILS:
        mail_reply(m, item, cls);
        break;
    case STATE_QUIT:
        if (at->command.verb && (at->command.verb->flags & VERB_QUIT) && cls != REPLY_OK) {
            char line[300];
            mail_first_line(m, item, line, sizeof line);
            mail_fail(m, mail_stage_status(m), "QUIT was refused: %s", line);
        }
        break;
    case STATE_OVER:
        break;
    }
}

static void take_replies(struct mailer *m)
{
    const struct source *src = transcript_source(session_transcript(m->s));
    struct item it;
    struct moment at;
    if (m->next < session_since(m->s)) { /* what servers said that are left by now */
        m->next = session_since(m->s);
        m->connected = false;
    }
    while (m->state != STATE_OVER && m->next < src->count(src->self)) {
        bool there = src->item(src->self, m->next, &it);
        if (there && it.kind == ITEM_SERVER && it.open && session_is_open(m->s))
            return;
        size_t i = m->next++;
        /* Kept here, since what was looked at may be forgotten by the transcript. */
        if (there && it.kind == ITEM_EVENT && src->moment(src->self, i, &at) &&
            at.event == EVENT_CONNECTED)
            m->connected = true;
        if (!there || it.kind != ITEM_SERVER || !src->moment(src->self, i, &at))
            continue;
        if (at.unsolicited || at.reply.cls == REPLY_NONE) {
            if (at.reply.code == 421)
                mail_first_line(m, i, m->refused, sizeof m->refused);
            continue;
        }
        reply(m, i, &at);
    }
}

bool mail_work(struct mailer *m)
{
    if (m->state == STATE_OVER)
        return true;
    if (m->state == STATE_BANNER && m->o.stop == MAIL_DROP_AFTER_SEND &&
        m->o.stage == MAIL_BANNER && session_is_up(m->s))
        mail_over_now(m);
    if (m->dropping && session_is_open(m->s)) {
        if (session_feeding(m->s) || session_pending(m->s) > 0)
            return false;
        mail_over_now(m);
        return true;
    }
    take_replies(m);
    if (m->state == STATE_TLS && session_is_up(m->s) && session_tls(m->s) &&
        session_outstanding(m->s) == 0) {
        m->in_tls = true;
        if (!mail_stops(m, MAIL_TLS))
            mail_hello(m, MAIL_HELO);
    }
    if (m->state != STATE_OVER && !session_is_open(m->s)) {
        if (m->state == STATE_QUIT && session_fault(m->s) == FAULT_NONE)
            m->state = STATE_OVER;
        else
            lost(m);
    }
    return m->state == STATE_OVER;
}

void mail_event(struct mailer *m, enum session_event ev)
{
    if (ev != SESSION_ASK_TLS || m->state == STATE_OVER)
        return;
    const struct tls_facts *f = session_tls(m->s);
    mail_fail(m, mail_stages[MAIL_TLS].status,
              "the certificate could not be verified: %s; --insecure goes on",
              f ? f->why : "no facts");
    mail_over_now(m);
}

struct mailer *mail_new(struct session *s, const struct mail_options *o)
{
    struct mailer *m = xcalloc(1, sizeof *m);
    m->s = s;
    m->o = *o;
    return m;
}

void mail_free(struct mailer *m)
{
    free(m);
}

int mail_status(const struct mailer *m)
{
    return m->status;
}

const char *mail_why(const struct mailer *m)
{
    return m->why;
}

unsigned long mail_accepted(const struct mailer *m)
{
    return m->accepted;
}

size_t mail_needs(const struct mailer *m)
{
    return m->next;
}
