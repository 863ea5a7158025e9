/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the command line says about logging in, and what ":auth" is followed by. */
#include "mode/mode.h"
#include "heloscope/know.h"
#include "heloscope/login.h"

#include <string.h>

enum fault mode_login(const struct args *a, struct login_options *out, char *why, size_t size)
{
    bool file;
    *out = (struct login_options){
        .user = a->user,
        .authzid = a->authzid,
        .mechanism = a->auth,
        .password_file = a->password_file,
        .password_env = a->password_env,
        .password_command = a->password_command,
        .token_file = a->token_file,
        .token_env = a->token_env,
        .token_command = a->token_command,
        .clear_ok = a->clear_passwords,
    };
    if (login_check(out, &file, why, size))
        return FAULT_NONE;
    return file ? FAULT_FILE : FAULT_USAGE;
}

void mode_auth_words(const struct login_options *o, const char *text, struct auth_words *out)
{
    size_t n = strcspn(text, " ");
    const char *rest = text + n + strspn(text + n, " ");
    bool named = n > 0 && (know_mechanism(text, n) || sasl_mechanism(text, n) || *rest);
    const char *mechanism = named ? text : o->mechanism ? o->mechanism : "";
    const char *user = named ? rest : text;
    snprintf(out->mechanism, sizeof out->mechanism, "%.*s", (int)(named ? n : strlen(mechanism)),
             mechanism);
    snprintf(out->user, sizeof out->user, "%s", *user ? user : o->user ? o->user : "");
}
