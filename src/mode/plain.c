/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line mode: lines from standard input, the explained talk on standard output, without any
 * escape sequence: for pipes, for screen readers, and for terminals that can do no more. A line is
 * sent when the reply to the one before is there; after 354 the letter is read until a lone dot.
 * What is printed comes from plain_print.c. */
#include "mode/mode.h"
#include "mode/config.h"
#include "mode/plain.h"
#include "heloscope/buf.h"
#include "heloscope/logfile.h"
#include "heloscope/loop.h"
#include "heloscope/mtasts.h"
#include "heloscope/practice.h"
#include "heloscope/route.h"
#include "heloscope/session.h"
#include "heloscope/tlspeer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define INPUT_MAX (1u << 20) /* octets read ahead */
#define LETTER_MAX (64u << 20)

struct plain {
    struct loop *loop;
    struct world *world;
    struct session *session;
    struct watch *in;
    struct buf input, letter;
    bool eof; /* standard input is over */
    bool tty; /* somebody sits there */
    bool in_letter, ask_tls, over;
    size_t printed; /* items printed */
    bool streamed;  /* a part of the next one was */
    bool prompted;
    bool echoed;   /* the next thing we said stands on the terminal already */
    bool quitting; /* QUIT was sent: the server closes */
    struct login_options login;
    bool not_sent; /* a login that was asked for could not be begun */
    enum fault fault;
};

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    struct plain *p = arg;
    (void)s;
    if (ev == SESSION_LETTER)
        p->in_letter = true;
    else if (ev == SESSION_ASK_TLS)
        p->ask_tls = true;
    else if (ev == SESSION_OVER)
        p->over = true;
}

static void print_new(struct plain *p)
{
    struct transcript *t = session_transcript(p->session);
    const struct source *src = transcript_source(t);
    size_t n = src->count(src->self);
    struct item it;
    for (; p->printed < n && src->item(src->self, p->printed, &it); p->printed++) {
        bool open = it.open && !p->over;
        if (p->prompted && it.kind != ITEM_CLIENT && !open) {
            fputc('\n', stdout); /* something came in while the prompt stood there */
            p->prompted = false;
        }
        if (open) {
            plain_stream(stdout, t, p->printed, &p->streamed);
            break;
        }
        if (p->streamed)
            plain_rest(stdout, src, p->printed);
        else if (it.kind != ITEM_CLIENT || !p->echoed)
            plain_item(stdout, src, p->printed);
        else
            p->echoed = false;
        p->streamed = false;
    }
    transcript_forget(t, p->printed);
    fflush(stdout);
}

static void say(const char *text)
{
    printf("-- %s\n", text);
    fflush(stdout);
}

/* Takes the next line of the input without its end; false: none is whole yet. */
static bool take_line(struct plain *p, struct buf *line)
{
    const char *lf = p->input.len ? memchr(p->input.p, '\n', p->input.len) : NULL;
    size_t n = lf ? (size_t)(lf - p->input.p) : p->input.len;
    if (!lf && !(p->eof && n > 0) && n < INPUT_MAX)
        return false;
    size_t text = n > 0 && p->input.p[n - 1] == '\r' ? n - 1 : n;
    bool ok = buf_add(line, p->input.p, text);
    buf_consume(&p->input, lf ? n + 1 : n);
    if (!ok) {
        say("that line is too long, it was left out");
        buf_trim(line, 0);
    }
    return true;
}

static void login(struct plain *p, const char *text)
{
    char why[700];
    if (plain_login(p->session, &p->login, text, why, sizeof why))
        return;
    say(why);
    p->not_sent = true;
}

static void command(struct plain *p, const char *text)
{
    char name[16] = "", one[256] = "", line[300], why[256];
    sscanf(text, ":%15s %255s", name, one);
    const struct proto *proto = session_proto(p->session);
    if (strcmp(name, "auth") == 0)
        login(p, text + 5 + strspn(text + 5, " "));
    else if (strcmp(name, "apop") == 0) {
        snprintf(line, sizeof line, "APOP %s", one);
        login(p, line);
    } else if (strcmp(name, "drop") == 0)
        session_drop(p->session);
    else if (strcmp(name, "quit") == 0 || strcmp(name, "caps") == 0) {
        const struct verb *v = proto_verb(proto, proto->caps_verb, strlen(proto->caps_verb));
        char host[256] = "localhost";
        gethostname(host, sizeof host - 1);
        if (name[0] == 'q')
            snprintf(line, sizeof line, "QUIT");
        else
            snprintf(line, sizeof line, "%s%s", v ? v->insert : proto->caps_verb,
                     v && strchr(v->insert, ' ') ? host : "");
        if (!session_line(p->session, line, strlen(line), why, sizeof why))
            say(why);
    } else if (strcmp(name, "tls") == 0)
        plain_tls(stdout, p->session);
    else if (strcmp(name, "save-chain") == 0 && one[0])
        say(tls_peer_save(session_peer(p->session), one, false, why, sizeof why) ? "chain saved"
                                                                                 : why);
    else
        say("the line mode knows :auth [MECHANISM] [USER], :apop USER, :tls, :save-chain FILE, "
            ":caps, :drop and :quit");
}

/* One line of the letter. */
static void letter_line(struct plain *p, const char *line, size_t n)
{
    char why[256];
    if (n == 1 && line[0] == '.') {
        p->in_letter = false;
        if (!session_letter(p->session, buf_str(&p->letter), p->letter.len, why, sizeof why))
            say(why);
        buf_clear(&p->letter);
    } else if (!buf_add(&p->letter, line, n) || !buf_add_char(&p->letter, '\n'))
        say("the letter is too long: that line was left out");
}

static bool may_send(const struct plain *p)
{
    const struct proto *proto = session_proto(p->session);
    const struct verb *banner = proto_pseudo(proto, VERB_BANNER);
    if (p->in_letter)
        return true;
    if (!session_is_up(p->session) || session_outstanding(p->session) > 0)
        return session_literal_left(p->session) > 0;
    return !(banner && proto_legal(banner, session_now(p->session)));
}

static void tls_question(struct plain *p)
{
    const struct tls_facts *f = session_tls(p->session);
    printf("-- the certificate could not be verified: %s\n", f ? f->why : "no facts");
    if (p->tty) {
        printf("   go on without knowing who is at the other end? [y/N] ");
        p->prompted = true;
    } else {
        say("dropped; --insecure goes on");
        p->ask_tls = false;
        session_tls_answer(p->session, false);
    }
    fflush(stdout);
}

/* Does what can be done now with what was read. */
static void work(struct plain *p)
{
    struct buf line;
    char why[256];
    bool asked = false;
    buf_init_secret(&line, INPUT_MAX);
    for (;;) {
        print_new(p);
        if (p->over)
            break;
        if (p->ask_tls && !p->prompted) {
            tls_question(p);
            asked = true;
            if (!p->ask_tls)
                continue;
        }
        if (!p->ask_tls && !may_send(p))
            break;
        if (!take_line(p, &line)) {
            if (p->eof &&
                !p->quitting) { /* nobody goes on: an unfinished letter must not be delivered */
                session_drop(p->session);
                p->over = true;
                print_new(p);
            } else if (p->tty && !p->in_letter && !p->prompted && !asked) {
                fputs(session_proto(p->session)->prompt, stdout);
                fflush(stdout);
                p->prompted = true;
            }
            break;
        }
        p->prompted = false;
        const char *text = buf_str(&line);
        bool said = p->in_letter ? strcmp(text, ".") == 0 : text[0] != ':';
        p->echoed = p->tty && !p->ask_tls && said;
        if (p->ask_tls) {
            p->ask_tls = false;
            session_tls_answer(p->session,
                               strcasecmp(text, "y") == 0 || strcasecmp(text, "yes") == 0);
        } else if (p->in_letter)
            letter_line(p, text, line.len);
        else if (text[0] == ':')
            command(p, text);
        else if (session_proto(p->session) && line.len > 5 && strncasecmp(text, "APOP ", 5) == 0 &&
                 !strchr(text + 5, ' ') && p->tty)
            login(p, text);
        else if (!session_line(p->session, text, line.len, why, sizeof why))
            say(why);
        else {
            const struct verb *v = proto_verb(session_proto(p->session), text, strcspn(text, " "));
            p->quitting = v && (v->flags & VERB_QUIT);
        }
        buf_trim(&line, 0);
    }
    buf_clear(&line);
    if (p->in && !p->eof)
        loop_fd_events(p->in, p->input.len < INPUT_MAX / 2 ? POLLIN : 0);
    if (p->over)
        loop_stop(p->loop);
}

static void on_input(void *arg, int fd, short revents)
{
    struct plain *p = arg;
    char chunk[65536];
    (void)revents;
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        p->eof = true;
        loop_drop(p->in);
        p->in = NULL;
    } else
        buf_add(&p->input, chunk, (size_t)n);
    explicit_bzero(chunk, n > 0 ? (size_t)n : 0);
}

static void after(void *arg)
{
    work(arg);
}

/* -- the three ways in
 * ------------------------------------------------------------------------------ */

static bool practice(struct plain *p, const char *faults, struct session_options *o, char *why,
                     size_t size)
{
    struct world_options wo = {.faults = faults};
    struct target t = {0};
    bool tls;
    unsigned short port;
    p->world = world_new(p->loop, &wo, why, size);
    if (!p->world)
        return false;
    t.proto = proto_find("smtp", 4, &tls, &port);
    int fd = world_connect(p->world, "smtp", PRACTICE_CLIENT);
    t.host = t.ascii = (char *)PRACTICE_HOST;
    t.port = port;
    t.label = (char *)"practice world";
    o->practice = true;
    o->conn.insecure = false;
    o->conn.trust = (struct tls_trust){
        .practice = world_identity(p->world),
        .ask = {.cert_file = o->conn.trust.ask.cert_file, .key_file = o->conn.trust.ask.key_file}};
    say("practice: nothing leaves this program. Begin with EHLO laptop.example. Accounts:");
    for (const struct account_row *a = world_accounts(); a->address; a++)
        printf("   %s  %s%s  %s\n", a->address, a->password[0] ? "password " : "",
               a->password[0] ? a->password : "no login", a->note);
    p->session = fd >= 0 ? session_adopt(p->loop, fd, &t, o, on_session, p) : NULL;
    if (!p->session)
        snprintf(why, size, "the practice world took no connection");
    return p->session != NULL;
}

static enum fault live(struct plain *p, const char *text, struct session_options *o, char *why,
                       size_t size)
{
    struct target t;
    if (!text) {
        snprintf(why, size, "--plain wants a TARGET, 'practice', or 'open FILE'");
        return FAULT_USAGE;
    }
    if (!target_parse(text, &t, why, size))
        return FAULT_USAGE;
    target_socket(&t);
    if (!t.proto) {
        snprintf(why, size,
                 "neither a scheme nor a well-known port tells what %s speaks: say smtp://%s or "
                 "pop3://%s",
                 t.label, text, text);
        target_clear(&t);
        return FAULT_USAGE;
    }
    p->session = session_open(p->loop, &t, o, on_session, p);
    target_clear(&t);
    if (!p->session)
        snprintf(why, size, "no connection could be begun");
    return p->session ? FAULT_NONE : FAULT_MEMORY;
}

static void on_index(void *arg)
{
    (void)arg;
}

static enum fault show_file(struct plain *p, const char *path, char *why, size_t size)
{
    struct logfile *f = logfile_open(p->loop, path, on_index, NULL, why, size);
    if (!f)
        return FAULT_FILE;
    while (loop_turn(p->loop, 0)) /* index all of it */
        ;
    const struct source *src = logfile_source(f);
    for (size_t i = 0, n = src->count(src->self); i < n; i++)
        plain_item(stdout, src, i);
    logfile_close(f);
    return FAULT_NONE;
}

int mode_plain(const struct args *a)
{
    struct plain p = {0};
    struct session_options o = {0};
    struct config config;
    struct route way = {0};
    struct mtasts policy;
    char why[400] = "";
    if (a->present || a->pace) {
        mode_complain("--present and --pace are for the screen: not with --plain");
        return fault_status(FAULT_USAGE);
    }
    config_read(&config);
    if (config.broken[0])
        mode_complain("%s", config.broken);
    o.conn.insecure = a->insecure;
    o.dane = true;
    o.mx_reserved = a->allow_reserved;
    o.timeout_ms = (int)(a->timeout ? a->timeout : config.timeout) * 1000;
    config_clear(&config);
    p.fault = mode_trust(a, true, &o.conn.trust, why, sizeof why);
    if (p.fault == FAULT_NONE)
        p.fault = mode_login(a, &p.login, why, sizeof why);
    if (p.fault != FAULT_NONE) {
        mode_complain("%s", why);
        return fault_status(p.fault);
    }
    p.fault = mode_route(a, &way, &o.conn, why, sizeof why);
    if (p.fault == FAULT_NONE)
        p.fault = mode_policy(a, &policy, &o.mta_sts, why, sizeof why);
    if (p.fault != FAULT_NONE) {
        mode_complain("%s", why);
        return fault_status(p.fault);
    }
    setvbuf(stdout, NULL, _IOFBF, 256u << 10); /* it is flushed after each turn */
    p.loop = loop_new();
    p.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    buf_init_secret(&p.input, 2 * INPUT_MAX);
    buf_init(&p.letter, LETTER_MAX);
    if (a->mode == MODE_OPEN)
        p.fault = show_file(&p, a->operands[0], why, sizeof why);
    else if (a->mode == MODE_PRACTICE)
        p.fault = practice(&p, a->fault, &o, why, sizeof why) ? FAULT_NONE : FAULT_MEMORY;
    else
        p.fault = live(&p, a->noperands ? a->operands[0] : NULL, &o, why, sizeof why);
    if (p.fault != FAULT_NONE)
        mode_complain("%s", why);
    if (p.session) {
        p.in = loop_fd(p.loop, STDIN_FILENO, POLLIN, on_input, &p);
        loop_after(p.loop, after, &p);
        loop_run(p.loop);
        enum reply_class last = session_reply_class(p.session);
        p.fault = session_fault(p.session);
        if (p.fault == FAULT_NONE && (last == REPLY_TEMP || last == REPLY_PERM))
            p.fault = FAULT_REFUSED;
        if (p.fault == FAULT_NONE && p.not_sent)
            p.fault = FAULT_USAGE;
        session_free(p.session);
    }
    route_clear(&way);
    if (p.world)
        world_free(p.world);
    buf_clear(&p.input);
    buf_clear(&p.letter);
    loop_free(p.loop);
    return fault_status(p.fault);
}
