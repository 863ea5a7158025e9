/* SPDX-License-Identifier: GPL-3.0-or-later */
/* :auth and :apop: choose, ask for what is missing, then hand it to the session. A secret that
 * would cross the wire readable is asked about first, default No (RFC 4954 4, RFC 8314 3.2). What
 * the command line told is not asked for. */
#include "tui/app.h"

#include <stdio.h>
#include <string.h>

static void done(struct app *app, const char *secret)
{
    struct tab *t = ui_tab(&app->ui);
    char why[300];
    if (!t || !t->session)
        return;
    struct login l = {.mechanism = app->auth_choice.mechanism,
                      .user = app->auth_user,
                      .authzid = app->login.authzid,
                      .secret = secret,
                      .why = app->auth_choice.why,
                      .clear_ok = app->auth_clear_ok};
    if (!session_login(t->session, &l, why, sizeof why))
        ui_notice(&app->ui, true, "not sent: %s", why);
}

static void secret_told(struct app *app, const char *answer)
{
    if (answer)
        done(app, answer);
}

/* From a file, a variable or a command; the command gets the terminal, it may want to ask. */
static void fetch(struct app *app, enum sasl_wants wants)
{
    struct buf secret;
    char warn[300], why[300];
    bool command = login_by_command(&app->login, wants);
    buf_init_secret(&secret, 65536);
    if (command)
        term_suspend();
    bool ok = login_secret(&app->login, wants, &secret, warn, sizeof warn, why, sizeof why);
    if (command)
        term_resume();
    if (!ok)
        ui_notice(&app->ui, true, "not sent: %s", why);
    else if (warn[0])
        ui_notice(&app->ui, true, "%s", warn);
    if (ok)
        done(app, secret.p);
    buf_clear(&secret);
}

static void ask_secret(struct app *app)
{
    const struct sasl_mechanism *m = app->auth_choice.mechanism;
    if (m->wants == SASL_WANTS_NOTHING)
        done(app, NULL);
    else if (login_source(&app->login, m->wants))
        fetch(app, m->wants);
    else if (m->wants == SASL_WANTS_TOKEN)
        prompt_ask(app, PROMPT_SECRET, m->name, NULL, secret_told,
                   "The OAuth 2 access token for %s, as the provider gave it out. It is sent as it "
                   "is, and it is neither shown nor kept in the talk.",
                   app->auth_user);
    else
        prompt_ask(app, PROMPT_SECRET, m->name, NULL, secret_told,
                   m->flags & SASL_CLEAR
                       ? "The password of %s. It is neither shown nor kept in the talk."
                       : "The password of %s. It is not sent: the answer only proves that you know "
                         "it. It is neither shown nor kept.",
                   app->auth_user);
}

static void user_told(struct app *app, const char *answer)
{
    if (!answer)
        return;
    if (!*answer && app->auth_choice.mechanism->wants == SASL_WANTS_PASSWORD) {
        ui_notice(&app->ui, true, "no user name, so nothing was sent");
        return;
    }
    snprintf(app->auth_user, sizeof app->auth_user, "%s", answer);
    ask_secret(app);
}

static void ask_user(struct app *app)
{
    const struct sasl_mechanism *m = app->auth_choice.mechanism;
    bool external = m->wants == SASL_WANTS_NOTHING && !(m->flags & SASL_ASKED);
    if (app->auth_user[0] || external) /* the certificate names who it is */
        ask_secret(app);
    else
        prompt_ask(app, PROMPT_TEXT, m->name, NULL, user_told,
                   m->wants == SASL_WANTS_NOTHING ? "A text for the server's log, such as your "
                                                    "address. %s"
                                                  : "The user name for %s",
                   m->wants == SASL_WANTS_NOTHING ? "" : m->name);
}

static void stranger_accepted(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    if (answer && t) {
        t->unasked = false;
        ask_user(app);
    } else {
        ui_notice(&app->ui, false, "not sent: who answers here is not verified");
    }
}

static void clear_accepted(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    if (answer) {
        app->auth_clear_ok = true;
        ask_user(app);
        return;
    }
    ui_notice(&app->ui, false, "not sent; %s first starts TLS",
              t && t->session && strcmp(session_proto(t->session)->name, "pop3") == 0 ? "STLS"
                                                                                      : "STARTTLS");
}

void auth_ask(struct app *app, const char *text)
{
    struct tab *t = ui_tab(&app->ui);
    struct auth_words w;
    char why[400];
    if (!t || !t->session || !session_is_up(t->session)) {
        ui_notice(&app->ui, true, "not connected: nobody to log in to");
        return;
    }
    mode_auth_words(&app->login, text, &w);
    if (!login_choose(t->session, w.mechanism, login_have(&app->login) | LOGIN_CAN_ASK,
                      &app->auth_choice, why, sizeof why)) {
        ui_notice(&app->ui, true, "%s", why);
        return;
    }
    const struct sasl_mechanism *m = app->auth_choice.mechanism;
    if (m->engine == SASL_APOP && !session_timestamp(t->session)[0]) {
        ui_notice(&app->ui, true,
                  "the banner holds no <timestamp>, so this server does not do APOP");
        return;
    }
    snprintf(app->auth_user, sizeof app->auth_user, "%s", w.user);
    app->auth_clear_ok = app->login.clear_ok;
    const struct tls_facts *f = session_tls(t->session);
    if (t->unasked && f && f->verdict == TLS_UNVERIFIED) {
        prompt_ask(app, PROMPT_YESNO, "certificate not verified", NULL, stranger_accepted,
                   "The check-up went on though the certificate was not verified: %s.\n\nLog in to "
                   "whoever answers there?",
                   f->why);
        return;
    }
    if (!app->auth_choice.clear || app->auth_clear_ok) {
        ask_user(app);
        return;
    }
    prompt_ask(app, PROMPT_YESNO, "the connection is in clear", NULL, clear_accepted,
               "%s sends the %s itself, and there is no TLS. Whoever listens on the way then has "
               "%s (RFC 8314 3.2). %s\n\nSend it in clear?",
               m->name, m->wants == SASL_WANTS_TOKEN ? "token" : "password", m->hears,
               session_is_practice(t->session)
                   ? "Here it is practice, but most servers refuse it too."
                   : "");
}

void auth_apop(struct app *app, const char *user)
{
    char text[300];
    snprintf(text, sizeof text, "APOP %s", user ? user : "");
    auth_ask(app, text);
}
