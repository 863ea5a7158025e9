/* SPDX-License-Identifier: GPL-3.0-or-later */
/* :auth and :apop: ask for what is needed, then hand it to the session. Outside TLS they ask first:
 * a password sent in clear can be read on the way. */
#include "tui/app.h"
#include "heloscope/caps.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void user_told(struct app *app, const char *answer);

static void secret_told(struct app *app, const char *answer)
{
    struct tab *t = ui_tab(&app->ui);
    char why[256];
    if (!answer || !t || !t->session)
        return;
    bool ok;
    if (app->auth_apop)
        ok = session_apop(t->session, app->auth_user, answer, why, sizeof why);
    else
        ok = session_auth(t->session, app->auth_mechanism, app->auth_user, answer, why, sizeof why);
    if (!ok)
        ui_notice(&app->ui, true, "not sent: %s", why);
}

static void ask_secret(struct app *app)
{
    prompt_ask(app, PROMPT_SECRET, app->auth_apop ? "APOP" : "log in", NULL, secret_told,
               app->auth_apop ? "The password of %s. It is not sent: only an MD5 digest over it "
                                "and the banner's timestamp is (RFC 1939 7)."
                              : "The password of %s. It is neither shown nor kept in the talk.",
               app->auth_user);
}

static void user_told(struct app *app, const char *answer)
{
    if (!answer)
        return;
    if (!*answer) {
        ui_notice(&app->ui, true, "no user name, so nothing was sent");
        return;
    }
    snprintf(app->auth_user, sizeof app->auth_user, "%s", answer);
    ask_secret(app);
}

static void ask_user(struct app *app)
{
    if (app->auth_user[0])
        ask_secret(app);
    else
        prompt_ask(app, PROMPT_TEXT, app->auth_apop ? "APOP" : "log in", NULL, user_told,
                   app->auth_apop ? "The user name for APOP" : "The user name for AUTH %s",
                   app->auth_mechanism);
}

static void clear_accepted(struct app *app, const char *answer)
{
    if (answer)
        ask_user(app);
    else
        ui_notice(&app->ui, false, "not sent; %s first starts TLS",
                  ui_tab(&app->ui) && ui_tab(&app->ui)->session &&
                          strcmp(session_proto(ui_tab(&app->ui)->session)->name, "pop3") == 0
                      ? "STLS"
                      : "STARTTLS");
}

static bool session_ready(struct app *app, struct tab *t)
{
    if (t && t->session && session_is_up(t->session))
        return true;
    ui_notice(&app->ui, true, "not connected: nobody to log in to");
    return false;
}

/* Is mechanism among the offered ones? */
static bool mechanism_offered(const struct caps *c, const char *mechanism)
{
    static const char *const cap[] = {"AUTH", "SASL"};
    size_t n = strlen(mechanism);
    for (size_t i = 0; c && i < 2; i++) {
        const struct cap *k = caps_find(c, cap[i]);
        for (const char *p = k ? k->params : ""; *p;) {
            size_t m = strcspn(p, " ");
            if (m == n && strncasecmp(p, mechanism, n) == 0)
                return true;
            p += m;
            p += strspn(p, " ");
        }
    }
    return false;
}

void auth_ask(struct app *app, const char *mechanism, const char *user)
{
    struct tab *t = ui_tab(&app->ui);
    if (!session_ready(app, t))
        return;
    const struct caps *c = session_caps(t->session);
    if (!mechanism || !*mechanism)
        mechanism =
            !mechanism_offered(c, "PLAIN") && mechanism_offered(c, "LOGIN") ? "LOGIN" : "PLAIN";
    if (strcasecmp(mechanism, "PLAIN") != 0 && strcasecmp(mechanism, "LOGIN") != 0) {
        ui_notice(&app->ui, true, "%.20s is not done here: PLAIN or LOGIN", mechanism);
        return;
    }
    app->auth_apop = false;
    snprintf(app->auth_mechanism, sizeof app->auth_mechanism, "%s",
             strcasecmp(mechanism, "LOGIN") == 0 ? "LOGIN" : "PLAIN");
    snprintf(app->auth_user, sizeof app->auth_user, "%s", user ? user : "");
    if (session_tls(t->session)) {
        ask_user(app);
        return;
    }
    prompt_ask(app, PROMPT_YESNO, "the connection is in clear", NULL, clear_accepted,
               "AUTH %s only encodes the password, it does not encrypt it: without TLS everybody "
               "on the way can "
               "read it (RFC 4954 4). %s\n\nSend it in clear?",
               app->auth_mechanism,
               session_is_practice(t->session)
                   ? "Here it is practice, but most servers refuse it too."
                   : "");
}

void auth_apop(struct app *app, const char *user)
{
    struct tab *t = ui_tab(&app->ui);
    if (!session_ready(app, t))
        return;
    if (!session_timestamp(t->session)[0]) {
        ui_notice(&app->ui, true,
                  "the banner holds no <timestamp>, so this server does not do APOP");
        return;
    }
    app->auth_apop = true;
    snprintf(app->auth_user, sizeof app->auth_user, "%s", user ? user : "");
    ask_user(app);
}
