/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one-line mail up to its envelope: EHLO (or HELO), STARTTLS, EHLO again, XCLIENT, EHLO again,
 * the login. RFC 5321 4.1.1.1, RFC 3207, Postfix XCLIENT_README, RFC 4954. */
#include "script/mail_priv.h"

#include "heloscope/login.h"

#include <stdio.h>

void mail_refuse(struct mailer *m, const char *what)
{
    char line[300] = "no reply";
    if (m->next > 0)
        mail_first_line(m, m->next - 1, line, sizeof line);
    mail_fail(m, mail_stage_status(m), "%s: %s", what, line);
    mail_quit(m);
}

void mail_hello(struct mailer *m, enum mail_stage stage)
{
    char line[400];
    const struct proto *p = session_proto(m->s);
    m->stage = stage;
    m->state = STATE_HELO;
    snprintf(line, sizeof line, "%s %s", p->caps_verb, m->o.ehlo);
    mail_say(m, line);
    if (stage == MAIL_FIRST_HELO)
        mail_sent(m, stage);
    /* The last one, if no other is to follow. */
    if (m->xclients == m->o.nxclient && (stage == MAIL_HELO || (!m->o.tls && !m->o.tls_optional)))
        mail_sent(m, MAIL_HELO);
}

static void login(struct mailer *m)
{
    char why[700] = "no password is to be had";
    struct login_choice choice;
    struct login l = {.user = m->o.user ? m->o.user : "",
                      .authzid = m->o.authzid,
                      .clear_ok = m->o.clear_passwords};
    struct buf secret;
    m->stage = MAIL_AUTH;
    if (!m->o.auth) {
        if (!mail_stops(m, MAIL_AUTH))
            mail_begin(m);
        return;
    }
    m->state = STATE_AUTH;
    buf_init_secret(&secret, 65536);
    bool ok = login_choose(m->s, m->o.mechanism, m->o.have, &choice, why, sizeof why);
    if (ok && choice.clear && !m->o.clear_passwords) {
        snprintf(
            why, sizeof why,
            "the connection is in clear, everybody on the way could read the password: nothing "
            "was sent (--tls, or --clear-passwords)");
        ok = false;
    }
    if (ok && choice.mechanism->wants != SASL_WANTS_NOTHING) {
        ok = m->o.secret &&
             m->o.secret(m->o.arg, choice.mechanism->wants, m->o.user, &secret, why, sizeof why);
        l.secret = buf_str(&secret);
    }
    l.mechanism = choice.mechanism;
    l.why = choice.why;
    ok = ok && session_login(m->s, &l, why, sizeof why);
    buf_clear(&secret);
    mail_sent(m, MAIL_AUTH);
    if (!ok) {
        mail_fail(m, mail_stage_status(m), "%s", why);
        mail_quit(m);
    }
}

static void say_xclient(struct mailer *m)
{
    char line[600];
    m->stage = MAIL_XCLIENT;
    m->state = STATE_XCLIENT;
    snprintf(line, sizeof line, "XCLIENT %s", m->o.xclient[m->xclients++]);
    mail_say(m, line);
    mail_sent(m, MAIL_XCLIENT);
}

void mail_believed(struct mailer *m)
{
    if (m->xclients < m->o.nxclient)
        say_xclient(m);
    else if (!mail_stops(m, MAIL_XCLIENT))
        mail_hello(m, MAIL_HELO);
}

/* XCLIENT comes now, or would have come. True: so it does, or the mail ends here. */
static bool xclient(struct mailer *m)
{
    const struct caps *c = session_caps(m->s);
    if (m->xclients == m->o.nxclient)
        return m->xclients == 0 && mail_stops(m, MAIL_XCLIENT);
    if (c && caps_find(c, "XCLIENT")) {
        say_xclient(m);
        return true;
    }
    m->stage = MAIL_XCLIENT;
    mail_fail(m, mail_stage_status(m),
              "XCLIENT is not offered: a server has to trust our address for it (Postfix: "
              "smtpd_authorized_xclient_hosts)");
    mail_quit(m);
    return true;
}

/* The last EHLO was taken. */
void mail_greeted(struct mailer *m)
{
    if (m->stage == MAIL_FIRST_HELO) {
        const struct caps *c = session_caps(m->s);
        bool offered = c && caps_find(c, "STARTTLS");
        bool want = (m->o.tls || (m->o.tls_optional && offered)) && !session_tls(m->s);
        if (mail_stops(m, MAIL_FIRST_HELO))
            return;
        m->stage = MAIL_TLS;
        if (want && !offered) {
            mail_fail(m, mail_stage_status(m),
                      "STARTTLS is not offered: nothing more is sent in clear");
            mail_quit(m);
            return;
        }
        if (want) {
            m->state = STATE_TLS;
            mail_say(m, "STARTTLS");
            mail_sent(m, MAIL_TLS);
            return;
        }
        if (mail_stops(m, MAIL_TLS))
            return;
        m->stage = MAIL_HELO;
    }
    if (!xclient(m) && !mail_stops(m, MAIL_HELO))
        login(m);
}
