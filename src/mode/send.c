/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `heloscope send`: what one says to swaks in one line. The options become a mail (mail.h); here
 * are the connections, their number, and what is printed. */
#include "mode/mode.h"
#include "mode/config.h"
#include "mode/plain.h"
#include "mode/run_priv.h"
#include "mode/send_letter.h"
#include "heloscope/harmless.h"
#include "heloscope/loop.h"
#include "heloscope/mtasts.h"
#include "heloscope/route.h"
#include "heloscope/transcript.h"
#include "core/lazy/jansson.gen.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define RECIPIENTS_MAX 4096

struct sends {
    struct run shown; /* first: a job finds the way back */
    struct loop *loop;
    const struct args *args;
    struct mail_options mail;
    struct session_options session;
    struct target target;
    struct route way;
    struct mtasts policy;
    struct send_letter letter;
    char from[400], host[256], *addresses;
    const char *to[RECIPIENTS_MAX];
    size_t nto;
    struct sender {
        struct job job;
        int fd;              /* the letter, where it is read as it is sent */
        unsigned long first; /* number of its first mail, less one */
    } senders[PARALLEL_MAX];
    size_t n;
    unsigned long accepted, wanted;
    struct buf secret, token;
    struct login_options login;
    int status;
};

static struct sends *all_of(struct sender *s)
{
    return (struct sends *)(void *)s->job.run;
}

static void on_session(void *arg, struct session *session, enum session_event ev)
{
    struct sender *s = arg;
    (void)session;
    if (ev == SESSION_ASK_TLS)
        s->job.ask_tls = true;
}

static bool on_letter(void *arg, unsigned long number, struct mail_letter *out, char *why,
                      size_t size)
{
    struct sender *s = arg;
    return send_letter_get(&all_of(s)->letter, &s->fd, s->first + number, out, why, size);
}

static bool on_secret(void *arg, enum sasl_wants wants, const char *user, struct buf *out,
                      char *why, size_t size)
{
    struct sends *all = all_of(arg);
    struct buf *kept = wants == SASL_WANTS_TOKEN ? &all->token : &all->secret;
    return (kept->len > 0 || plain_get_secret(&all->login, wants, user, kept, why, size)) &&
           buf_add(out, kept->p, kept->len);
}

/* ---- the options ---- */

static bool bad(char *why, size_t size, const char *option, const char *form, const char *value)
{
    struct buf clean; /* it is one line, whatever the value holds */
    buf_init(&clean, 700);
    text_clean(&clean, value, strnlen(value, 60));
    snprintf(why, size, "--%s wants %s, not '%s'", option, form, buf_str(&clean));
    buf_clear(&clean);
    return false;
}

static bool digits(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) <= 9;
}

/* NEVER, or SUCCESS, FAILURE and DELAY with commas. */
static bool is_notify(const char *s)
{
    if (strcasecmp(s, "NEVER") == 0)
        return true;
    for (;;) {
        size_t n = strcspn(s, ",");
        if (!((n == 7 &&
               (strncasecmp(s, "SUCCESS", 7) == 0 || strncasecmp(s, "FAILURE", 7) == 0)) ||
              (n == 5 && strncasecmp(s, "DELAY", 5) == 0)))
            return false;
        if (!s[n])
            return true;
        s += n + 1;
    }
}

/* seconds;R or N, and T. RFC 2852 4. */
static bool is_by(const char *s)
{
    size_t n = strspn(s + (*s == '-'), "0123456789") + (*s == '-');
    const char *mode = s + n;
    return n > (size_t)(*s == '-') && n <= 10 && mode[0] == ';' && mode[1] &&
           strchr("RNrn", mode[1]) && (!mode[2] || (strchr("Tt", mode[2]) && !mode[3]));
}

static bool is_priority(const char *s)
{
    s += *s == '-' || *s == '+';
    return s[0] >= '0' && s[0] <= '9' && !s[1];
}

static bool visible(const char *s)
{
    for (; *s; s++)
        if (!isgraph((unsigned char)*s))
            return false;
    return true;
}

static bool params(struct sends *all, char *why, size_t size)
{
    const struct args *a = all->args;
    struct mail_params *p = &all->mail.params;
    *p = (struct mail_params){.ret = a->ret,
                              .envid = a->envid,
                              .notify = a->notify,
                              .orcpt = a->orcpt,
                              .smtputf8 = a->smtputf8,
                              .eightbit = a->eightbit,
                              .binary = a->binarymime,
                              .bdat = a->bdat,
                              .requiretls = a->requiretls,
                              .priority = a->mt_priority,
                              .by = a->by,
                              .hold_for = a->hold_for,
                              .hold_until = a->hold_until};
    if (a->ret && strcasecmp(a->ret, "FULL") != 0 && strcasecmp(a->ret, "HDRS") != 0)
        return bad(why, size, "ret", "FULL or HDRS", a->ret);
    if (a->envid && (!visible(a->envid) || strlen(a->envid) > 100))
        return bad(why, size, "envid", "up to 100 visible ASCII characters", a->envid);
    if (a->notify && !is_notify(a->notify))
        return bad(why, size, "notify", "NEVER, or some of SUCCESS,FAILURE,DELAY", a->notify);
    if (a->mt_priority && !is_priority(a->mt_priority))
        return bad(why, size, "mt-priority", "a number from -9 to 9", a->mt_priority);
    if (a->by && !is_by(a->by))
        return bad(why, size, "by", "SECONDS;R or SECONDS;N", a->by);
    if (a->hold_for && !digits(a->hold_for))
        return bad(why, size, "hold-for", "seconds", a->hold_for);
    if (a->hold_until &&
        (!visible(a->hold_until) || strlen(a->hold_until) < 11 || !strchr(a->hold_until, 'T')))
        return bad(why, size, "hold-until", "a time like 2027-01-31T08:00:00Z", a->hold_until);
    if (a->hold_for && a->hold_until) {
        snprintf(why, size, "--hold-for and --hold-until say the same: choose one (RFC 4865 4)");
        return false;
    }
    return true;
}

/* An address without its brackets. False: something stands in it that cannot. */
static bool address(char *s, const char **out)
{
    size_t n;
    while (*s == ' ')
        s++;
    n = strlen(s);
    while (n > 0 && s[n - 1] == ' ')
        s[--n] = '\0';
    if (n > 1 && s[0] == '<' && s[n - 1] == '>') {
        s[n - 1] = '\0';
        s++;
    }
    *out = s;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '<' || *s == '>')
            return false;
    return true;
}

static bool envelope(struct sends *all, char *why, size_t size)
{
    const struct args *a = all->args;
    const struct passwd *me = a->from ? NULL : getpwuid(geteuid());
    struct buf copy;
    const char *name = getenv("LOGNAME");
    snprintf(all->from, sizeof all->from, "%s%s%s",
             a->from                ? a->from
             : name && *name        ? name
             : me && me->pw_name[0] ? me->pw_name
                                    : "test",
             a->from ? "" : "@", a->from ? "" : all->mail.ehlo);
    if (!address(all->from, &all->mail.from))
        return bad(why, size, "from", "an address", a->from ? a->from : all->from);
    buf_init(&copy, 1 << 20);
    for (size_t i = 0; i < a->to.n; i++)
        buf_addf(&copy, "%s,", a->to.v[i]);
    all->addresses = xstrdup(buf_str(&copy));
    buf_clear(&copy);
    char *rest = all->addresses, *word;
    while ((word = strsep(&rest, ",")) != NULL) {
        const char *to;
        if (!*word)
            continue;
        if (!address(word, &to) || !*to)
            return bad(why, size, "to", "an address", word);
        if (all->nto == RECIPIENTS_MAX) {
            snprintf(why, size, "more than %d recipients: a script can have them from a file",
                     RECIPIENTS_MAX);
            return false;
        }
        all->to[all->nto++] = to;
    }
    all->mail.to = all->to;
    all->mail.nto = all->nto;
    return true;
}

static bool stage(struct sends *all, char *why, size_t size)
{
    const struct args *a = all->args;
    const struct {
        const char *option, *value;
        enum mail_stop how;
    } row[] = {{"quit-after", a->quit_after, MAIL_QUIT_AFTER},
               {"drop-after", a->drop_after, MAIL_DROP_AFTER},
               {"drop-after-send", a->drop_after_send, MAIL_DROP_AFTER_SEND}};
    for (size_t i = 0; i < 3; i++) {
        if (!row[i].value)
            continue;
        enum mail_stage at = mail_stage_of(row[i].value);
        if (all->mail.stop != MAIL_TO_THE_END) {
            snprintf(why, size, "--quit-after, --drop-after and --drop-after-send: choose one");
            return false;
        }
        if (at == MAIL_STAGES || (row[i].how == MAIL_QUIT_AFTER && mail_stages[at].drop)) {
            snprintf(why, size,
                     "--%s wants connect, first-helo, tls, xclient, helo, auth, mail, rcpt%s, not "
                     "'%.40s'",
                     row[i].option,
                     row[i].how == MAIL_QUIT_AFTER
                         ? " (in the letter a QUIT would be a line of it: --drop-after)"
                         : ", data, dot",
                     row[i].value);
            return false;
        }
        all->mail.stop = row[i].how;
        all->mail.stage = at;
    }
    if (all->nto == 0 && (all->mail.stop == MAIL_TO_THE_END || all->mail.stage >= MAIL_RCPT)) {
        snprintf(why, size, "whom to? --to ADDRESS (or --quit-after a stage before rcpt)");
        return false;
    }
    return true;
}

static bool target(struct sends *all, char *why, size_t size)
{
    const char *text = all->args->operands[0];
    bool unused;
    unsigned short port;
    if (!target_parse(text, &all->target, why, size))
        return false;
    if (!all->target.proto) /* a mail is sent: by LMTP to a socket, by SMTP to any port */
        target_choose(&all->target,
                      proto_find(all->target.path ? "lmtp" : "smtp", 4, &unused, &port));
    if (!proto_pseudo(all->target.proto, VERB_END)) {
        snprintf(why, size,
                 "%s sends no mail: expected smtp://, submission://, smtps:// or lmtp://",
                 all->target.proto->title);
        return false;
    }
    return all->args->i_am_allowed || run_polite(&all->target, all->wanted, why, size);
}

/* What is told about another client goes out as it is, but as one line. */
static bool xclient(struct sends *all, char *why, size_t size)
{
    const struct words *w = &all->args->xclient;
    for (size_t i = 0; i < w->n; i++) {
        const char *s = w->v[i];
        for (; *s; s++)
            if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
                break;
        if (*s || !w->v[i][0] || s - w->v[i] > 500)
            return bad(why, size, "xclient",
                       "up to 500 printable ASCII characters, like 'ADDR=192.0.2.1'", w->v[i]);
    }
    all->mail.xclient = (const char *const *)w->v;
    all->mail.nxclient = w->n;
    return true;
}

static bool usage(struct sends *all, char *why, size_t size)
{
    const struct args *a = all->args;
    if (a->json && a->quiet) {
        snprintf(why, size, "--json and --quiet are two forms of output: choose one");
        return false;
    }
    if (a->parallel > PARALLEL_MAX) {
        snprintf(why, size, "--parallel goes up to %d", PARALLEL_MAX);
        return false;
    }
    const struct sasl_mechanism *m = a->auth ? sasl_mechanism(a->auth, strlen(a->auth)) : NULL;
    if (a->auth && !a->user && (!m || m->wants != SASL_WANTS_NOTHING)) {
        snprintf(why, size, "--auth wants --user too: who logs in");
        return false;
    }
    if (a->data && (a->body || a->header.n > 0 || a->attach.n > 0)) {
        snprintf(why, size,
                 "--data is the whole letter: --header, --body and --attach do not go "
                 "with it");
        return false;
    }
    snprintf(all->host, sizeof all->host, "localhost");
    gethostname(all->host, sizeof all->host - 1);
    all->mail.ehlo = a->ehlo ? a->ehlo : all->host;
    if (!visible(all->mail.ehlo))
        return bad(why, size, "ehlo", "a host name or [address]", all->mail.ehlo);
    all->mail.tls = a->tls;
    all->mail.tls_optional = a->tls_optional;
    all->mail.auth = a->user || a->auth;
    all->mail.user = a->user;
    all->mail.authzid = a->authzid;
    all->mail.have = login_have(&all->login) | (plain_has_terminal() ? LOGIN_CAN_ASK : 0u);
    all->mail.mechanism = a->auth;
    all->mail.clear_passwords = a->clear_passwords;
    all->mail.lockstep = a->no_pipelining;
    all->mail.letter = on_letter;
    all->mail.secret = on_secret;
    return params(all, why, size) && xclient(all, why, size) && envelope(all, why, size) &&
           stage(all, why, size) && target(all, why, size);
}

/* ---- connections ---- */

static void print_end(struct sender *s)
{
    const struct mailer *m = s->job.mailer;
    FILE *to = s->job.out;
    if (s->job.run->form == RUN_JSON) {
        json_t *o = json_object();
        json_object_set_new(o, "kind", json_string("mail"));
        json_object_set_new(o, "accepted", json_integer((json_int_t)mail_accepted(m)));
        json_object_set_new(o, "status", json_integer(mail_status(m)));
        if (mail_why(m)[0])
            json_object_set_new(o, "why", json_string(mail_why(m)));
        json_dumpf(o, to, JSON_COMPACT);
        fputc('\n', to);
        json_decref(o);
    } else if (s->job.run->form == RUN_TEXT && mail_accepted(m) == 1)
        fprintf(to, "-- the mail was accepted\n");
    else if (s->job.run->form == RUN_TEXT && mail_accepted(m) > 1)
        fprintf(to, "-- %lu mails were accepted\n", mail_accepted(m));
}

static void end(struct sends *all, struct sender *s)
{
    run_print_items(&s->job, true);
    print_end(s);
    run_print_job(&s->job);
    all->accepted += mail_accepted(s->job.mailer);
    if (mail_status(s->job.mailer)) {
        if (!all->status)
            all->status = mail_status(s->job.mailer);
        fflush(stdout);
        if (all->n > 1)
            mode_complain("connection %lu: %s", s->job.number, mail_why(s->job.mailer));
        else
            mode_complain("%s", mail_why(s->job.mailer));
    }
    mail_free(s->job.mailer);
    session_free(s->job.session);
    s->job.session = NULL;
    if (s->fd >= 0)
        close(s->fd);
}

static void work(void *arg)
{
    struct sends *all = arg;
    size_t busy = 0;
    for (size_t i = 0; i < all->n; i++) {
        struct sender *s = &all->senders[i];
        if (!s->job.session)
            continue;
        if (s->job.ask_tls) {
            s->job.ask_tls = false;
            mail_event(s->job.mailer, SESSION_ASK_TLS);
        }
        if (mail_work(s->job.mailer)) {
            end(all, s);
            continue;
        }
        run_print_items(&s->job, false);
        size_t done = mail_needs(s->job.mailer);
        transcript_forget(session_transcript(s->job.session),
                          done < s->job.printed ? done : s->job.printed);
        busy++;
    }
    if (busy == 0)
        loop_stop(all->loop);
}

static bool start(struct sends *all)
{
    unsigned long given = 0;
    for (size_t i = 0; i < all->n; i++) {
        struct sender *s = &all->senders[i];
        unsigned long mine = all->wanted / all->n + (i < all->wanted % all->n);
        *s = (struct sender){
            .job = {.run = &all->shown, .number = i + 1, .out = stdout}, .fd = -1, .first = given};
        given += mine;
        if (all->n > 1)
            s->job.out = open_memstream(&s->job.text, &s->job.size);
        if (s->job.out && all->n > 1 && all->shown.form == RUN_JSON)
            fprintf(s->job.out, "{\"kind\":\"run\",\"number\":%lu}\n", s->job.number);
        s->job.session =
            s->job.out ? session_open(all->loop, &all->target, &all->session, on_session, s) : NULL;
        if (!s->job.session) {
            mode_complain("no connection could be begun");
            return false;
        }
        all->mail.count = mine;
        all->mail.arg = s;
        s->job.mailer = mail_new(s->job.session, &all->mail);
    }
    return true;
}

static int fault_of(enum fault f)
{
    return f == FAULT_USAGE ? MAIL_STATUS_USAGE : fault_status(f);
}

int mode_send(const struct args *a)
{
    struct sends *all = xcalloc(1, sizeof *all);
    struct config config;
    char why[800] = "";
    enum fault fault;
    config_read(&config);
    if (config.broken[0])
        mode_complain("%s", config.broken);
    all->args = a;
    all->session.conn.insecure = a->insecure;
    all->session.dane = true;
    all->session.mx_reserved = a->allow_reserved;
    all->session.timeout_ms = (int)(a->timeout ? a->timeout : config.timeout) * 1000;
    config_clear(&config);
    all->n = a->parallel ? a->parallel : 1;
    all->wanted = a->repeat ? a->repeat : 1;
    if (all->wanted < all->n)
        all->wanted = all->n;
    all->shown.form = a->json ? RUN_JSON : a->quiet ? RUN_QUIET : RUN_TEXT;
    all->shown.several = all->n > 1;
    buf_init_secret(&all->secret, 65536);
    buf_init_secret(&all->token, 65536);
    fault = mode_trust(a, true, &all->session.conn.trust, why, sizeof why);
    if (fault == FAULT_NONE)
        fault = mode_route(a, &all->way, &all->session.conn, why, sizeof why);
    if (fault == FAULT_NONE)
        fault = mode_policy(a, &all->policy, &all->session.mta_sts, why, sizeof why);
    if (fault == FAULT_NONE)
        fault = mode_login(a, &all->login, why, sizeof why);
    if (fault == FAULT_NONE && !usage(all, why, sizeof why))
        fault = FAULT_USAGE;
    if (fault == FAULT_NONE)
        fault = send_letter_init(&all->letter, a, all->mail.from, all->to, all->nto, all->mail.ehlo,
                                 why, sizeof why);
    all->status = fault_of(fault);
    if (fault != FAULT_NONE)
        mode_complain("%s", why);
    else {
        all->loop = loop_new();
        if (start(all)) {
            loop_after(all->loop, work, all);
            loop_run(all->loop);
        } else
            all->status = fault_status(FAULT_MEMORY);
        loop_free(all->loop);
    }
    int status = all->status;
    send_letter_clear(&all->letter);
    target_clear(&all->target);
    buf_clear(&all->secret);
    buf_clear(&all->token);
    route_clear(&all->way);
    free(all->addresses);
    free(all);
    return status;
}
