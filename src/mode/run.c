/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `heloscope run`: a script over one connection, or over several, one after the other (--repeat) or
 * at once (--parallel). Each has its own session and variables. The exit status is the first
 * failure's. */
#include "mode/mode.h"
#include "mode/config.h"
#include "mode/plain.h"
#include "mode/run_priv.h"
#include "heloscope/mtasts.h"
#include "heloscope/route.h"
#include "heloscope/loop.h"
#include "heloscope/transcript.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define POLITE 10 /* what a stranger's server bears unasked */

struct runs {
    struct run shown;
    struct loop *loop;
    const struct args *args;
    struct script *script;
    struct script_run_options options;
    struct session_options session;
    struct target target;
    struct job jobs[PARALLEL_MAX];
    size_t njobs;
    unsigned long started, wanted;
    struct mtasts policy;
    struct route way; /* session.conn points to it */
    struct buf secret, token;
    struct login_options login;
    enum fault fault;
};

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    struct job *j = arg;
    (void)s;
    if (ev == SESSION_ASK_TLS)
        j->ask_tls = true;
}

static void on_result(void *arg, const struct script_result *res)
{
    run_print_result(arg, res);
}

static struct runs *runs_of(struct job *j)
{
    return (struct runs *)(void *)j->run; /* its first member */
}

/* The password is fetched or asked for once, whatever the number of connections. */
static bool on_secret(void *arg, enum sasl_wants wants, const char *user, struct buf *out,
                      char *why, size_t size)
{
    struct runs *r = runs_of(arg);
    bool token = wants == SASL_WANTS_TOKEN;
    struct buf *kept = token ? &r->token : &r->secret;
    return (kept->len > 0 || plain_get_secret(&r->login, wants, user, kept, why, size)) &&
           buf_add(out, kept->p, kept->len);
}

/* ---- variables that a script finds ---- */

static void set(struct script_vars *v, const char *name, const char *value)
{
    char unused[200];
    script_set(v, name, value, unused, sizeof unused);
}

/* RFC 5322 3.3. */
static void set_date(struct script_vars *v)
{
    char text[64];
    time_t now = time(NULL);
    struct tm tm;
    if (localtime_r(&now, &tm) && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S %z", &tm))
        set(v, "DATE", text);
}

static bool set_given(struct script_vars *fixed, const struct words *w, char *why, size_t size)
{
    for (size_t i = 0; i < w->n; i++) {
        const char *eq = strchr(w->v[i], '=');
        if (!eq) {
            snprintf(why, size, "--set wants NAME=VALUE, not '%.60s'", w->v[i]);
            return false;
        }
        char *name = xstrndup(w->v[i], (size_t)(eq - w->v[i]));
        bool ok = script_set(fixed, name, eq + 1, why, size);
        free(name);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- connections ---- */

static void note_fault(struct runs *r, struct job *j)
{
    enum fault f = script_fault(j->runner);
    if (f == FAULT_NONE)
        return;
    if (r->fault == FAULT_NONE)
        r->fault = f;
    fflush(stdout);
    if (r->shown.several)
        mode_complain("run %lu: %s", j->number, script_why(j->runner));
    else
        mode_complain("%s", script_why(j->runner));
}

static bool start(struct runs *r, struct job *j)
{
    char number[32], id[64];
    *j = (struct job){.run = &r->shown, .number = ++r->started, .out = stdout};
    if (r->wanted > 1 && r->args->parallel > 1)
        j->out = open_memstream(&j->text, &j->size);
    else if (r->shown.several && r->shown.form == RUN_TEXT)
        printf("-- run %lu\n", j->number);
    if (j->out && r->shown.several && r->shown.form == RUN_JSON)
        fprintf(j->out, "{\"kind\":\"run\",\"number\":%lu}\n", j->number);
    snprintf(number, sizeof number, "%lu", j->number);
    snprintf(id, sizeof id, "%lld.%ld.%lu", (long long)time(NULL), (long)getpid(), j->number);
    set(&r->options.vars, "N", number);
    set(&r->options.vars, "ID", id);
    set_date(&r->options.vars);
    j->session = j->out ? session_open(r->loop, &r->target, &r->session, on_session, j) : NULL;
    if (!j->session) {
        mode_complain("no connection could be begun");
        r->fault = FAULT_MEMORY;
        return false;
    }
    r->options.arg = j;
    j->runner = script_run(r->loop, j->session, r->script, &r->options);
    return true;
}

static void end(struct runs *r, struct job *j)
{
    run_print_items(j, true);
    run_print_job(j);
    note_fault(r, j);
    script_runner_free(j->runner);
    session_free(j->session);
    j->session = NULL;
    j->runner = NULL;
}

/* After each turn of the loop: whoever can go on does. */
static void work(void *arg)
{
    struct runs *r = arg;
    size_t busy = 0;
    for (size_t i = 0; i < r->njobs; i++) {
        struct job *j = &r->jobs[i];
        if (!j->session && r->started < r->wanted && !start(r, j))
            r->wanted = r->started;
        if (!j->session)
            continue;
        if (j->ask_tls) {
            j->ask_tls = false;
            script_event(j->runner, SESSION_ASK_TLS);
        }
        if (script_work(j->runner)) {
            end(r, j);
            i--; /* the next one takes its place */
            continue;
        }
        run_print_items(j, false);
        size_t done = script_needs(j->runner);
        transcript_forget(session_transcript(j->session), done < j->printed ? done : j->printed);
        busy++;
    }
    if (busy == 0 && r->started >= r->wanted)
        loop_stop(r->loop);
}

/* Is it this machine? */
static bool is_loopback(const struct target *t)
{
    return t->path || strncmp(t->ascii, "127.", 4) == 0 || strcmp(t->ascii, "::1") == 0 ||
           strcasecmp(t->ascii, "localhost") == 0;
}

bool run_polite(const struct target *t, unsigned long times, char *why, size_t size)
{
    if (times <= POLITE || is_loopback(t))
        return true;
    snprintf(why, size,
             "%lu times to a server that is not this machine can look like an attack: ask who runs "
             "it, then say --i-am-allowed (%d need no leave)",
             times, POLITE);
    return false;
}

static bool choose_target(struct runs *r, char *why, size_t size)
{
    const struct args *a = r->args;
    const char *text = a->noperands > 1 ? a->operands[1] : script_target(r->script);
    if (!text) {
        snprintf(why, size,
                 "%s names no target: heloscope run %s TARGET, or a line 'target TARGET'",
                 a->operands[0], a->operands[0]);
        return false;
    }
    if (!target_parse(text, &r->target, why, size))
        return false;
    target_socket(&r->target);
    if (!r->target.proto) {
        snprintf(why, size,
                 "neither a scheme nor a well-known port tells what %s speaks: say smtp://%s or "
                 "pop3://%s",
                 r->target.label, text, text);
        return false;
    }
    return a->i_am_allowed || run_polite(&r->target, r->wanted, why, size);
}

static enum fault prepare(struct runs *r, char *why, size_t size)
{
    const struct args *a = r->args;
    char host[256] = "localhost";
    enum fault fault = FAULT_USAGE;
    if (a->json + a->tap > 1 || (a->json && a->quiet)) {
        snprintf(why, size, "--json, --tap and --quiet are three forms of output: choose one");
        return FAULT_USAGE;
    }
    if (a->parallel > PARALLEL_MAX) {
        snprintf(why, size, "--parallel goes up to %d", PARALLEL_MAX);
        return FAULT_USAGE;
    }
    gethostname(host, sizeof host - 1);
    set(&r->options.vars, "HOST", a->ehlo ? a->ehlo : host);
    set(&r->options.vars, "N", "1");
    set(&r->options.vars, "ID", "1");
    set(&r->options.vars, "SERVER", "");
    set_date(&r->options.vars);
    if (!set_given(&r->options.fixed, &a->set, why, size))
        return FAULT_USAGE;
    struct script_vars known = {0};
    for (size_t i = 0; i < r->options.vars.n; i++)
        set(&known, r->options.vars.rows[i].name, "");
    for (size_t i = 0; i < r->options.fixed.n; i++)
        set(&known, r->options.fixed.rows[i].name, "");
    r->script = script_read(a->operands[0], &known, &fault, why, size);
    script_vars_clear(&known);
    if (!r->script)
        return fault;
    if (a->tap && script_expectations(r->script) == 0) {
        snprintf(why, size, "%s expects nothing: there is nothing to test (see 'expect')",
                 a->operands[0]);
        return FAULT_USAGE;
    }
    if (!choose_target(r, why, size))
        return FAULT_USAGE;
    set(&r->options.vars, "SERVER", r->target.host ? r->target.host : "localhost");
    return FAULT_NONE;
}

int mode_run(const struct args *a)
{
    struct runs *r = xcalloc(1, sizeof *r);
    struct config config;
    char why[800] = "";
    config_read(&config);
    if (config.broken[0])
        mode_complain("%s", config.broken);
    r->args = a;
    r->session.conn.insecure = a->insecure;
    r->session.dane = true;
    r->session.mx_reserved = a->allow_reserved;
    r->session.timeout_ms = (int)(a->timeout ? a->timeout : config.timeout) * 1000;
    config_clear(&config);
    r->njobs = a->parallel ? a->parallel : 1;
    r->wanted = a->repeat ? a->repeat : 1;
    if (r->wanted < r->njobs)
        r->wanted = r->njobs;
    r->shown.form = a->json ? RUN_JSON : a->tap ? RUN_TAP : a->quiet ? RUN_QUIET : RUN_TEXT;
    r->shown.quiet = a->quiet;
    r->shown.several = r->wanted > 1;
    r->options.timeout_ms = r->session.timeout_ms;
    r->options.keep_going = a->keep_going;
    r->options.clear_passwords = a->clear_passwords;
    r->options.secret = on_secret;
    r->options.result = on_result;
    buf_init_secret(&r->secret, 65536);
    buf_init_secret(&r->token, 65536);
    r->fault = mode_trust(a, true, &r->session.conn.trust, why, sizeof why);
    if (r->fault == FAULT_NONE)
        r->fault = mode_route(a, &r->way, &r->session.conn, why, sizeof why);
    if (r->fault == FAULT_NONE)
        r->fault = mode_policy(a, &r->policy, &r->session.mta_sts, why, sizeof why);
    if (r->fault == FAULT_NONE)
        r->fault = mode_login(a, &r->login, why, sizeof why);
    r->options.authzid = a->authzid;
    r->options.have = login_have(&r->login) | (plain_has_terminal() ? LOGIN_CAN_ASK : 0u);
    if (r->fault == FAULT_NONE)
        r->fault = prepare(r, why, sizeof why);
    if (r->fault != FAULT_NONE)
        mode_complain("%s", why);
    else {
        r->loop = loop_new();
        run_print_begin(&r->shown);
        loop_after(r->loop, work, r);
        work(r);
        bool any = false;
        for (size_t i = 0; i < r->njobs; i++)
            any = any || r->jobs[i].session;
        if (any)
            loop_run(r->loop);
        run_print_end(&r->shown);
        loop_free(r->loop);
    }
    enum fault fault = r->fault;
    script_free(r->script);
    script_vars_clear(&r->options.vars);
    script_vars_clear(&r->options.fixed);
    target_clear(&r->target);
    buf_clear(&r->secret);
    route_clear(&r->way);
    buf_clear(&r->token);
    free(r);
    return fault_status(fault);
}
