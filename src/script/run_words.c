/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words that stand for several commands: the upgrade, the login, letters (files of up to 60
 * MiB, read whole), fetching, the goodbye. */
#include "script/run_priv.h"

#include "heloscope/login.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#define LETTER_MAX ((size_t)60 << 20)

/* The line that has a verb with flag: STARTTLS, QUIT, DATA. NULL: the protocol has none. */
static const struct verb *verb_with(const struct proto *p, unsigned flag)
{
    for (size_t i = 0; i < p->nverbs; i++)
        if ((p->verbs[i].flags & flag) && !(p->verbs[i].flags & VERB_HIDDEN))
            return &p->verbs[i];
    return NULL;
}

enum go run_tls(struct script_runner *r, const struct step *st)
{
    const struct verb *v = verb_with(session_proto(r->session), VERB_UPGRADE);
    if (r->phase == 0) {
        enum go go = runner_ready(r);
        if (go != GO_ON)
            return go;
        runner_pass(r);
        if (!v) {
            runner_fail(r, FAULT_USAGE, "this protocol knows no upgrade to TLS");
            return GO_STOP;
        }
        r->phase = 1;
        return runner_say(r, v->name, strlen(v->name)) ? GO_WAIT : GO_STOP;
    }
    enum go go = runner_settled(r);
    return go == GO_ON ? runner_judge(r, st) : go;
}

/* Says who logs in; the secret is asked for only when the mechanism wants one. */
static enum go login(struct script_runner *r, const char *mechanism, const char *user)
{
    char why[700] = "no password is to be had";
    struct login_choice choice;
    struct login l = {.user = user, .authzid = r->o.authzid, .clear_ok = r->o.clear_passwords};
    struct buf secret;
    if (!login_choose(r->session, mechanism, r->o.have, &choice, why, sizeof why)) {
        runner_fail(r, FAULT_USAGE, "%s", why);
        return GO_STOP;
    }
    if (choice.clear && !r->o.clear_passwords) {
        runner_fail(
            r, FAULT_USAGE,
            "the connection is in clear, everybody on the way could read the password: nothing "
            "was sent (expected 'tls' before it, or --clear-passwords)");
        return GO_STOP;
    }
    l.mechanism = choice.mechanism;
    l.why = choice.why;
    buf_init_secret(&secret, 65536);
    bool ok = true;
    if (choice.mechanism->wants != SASL_WANTS_NOTHING) {
        ok = (r->o.secret &&
              r->o.secret(r->o.arg, choice.mechanism->wants, user, &secret, why, sizeof why)) ||
             runner_fail(r, FAULT_USAGE, "%s", why);
        l.secret = buf_str(&secret);
    }
    ok = ok && (session_login(r->session, &l, why, sizeof why) ||
                runner_fail(r, FAULT_REFUSED, "%s", why));
    buf_clear(&secret);
    return ok ? GO_WAIT : GO_STOP;
}

enum go run_auth(struct script_runner *r, const struct step *st)
{
    struct buf mechanism, user;
    enum go go = r->phase == 0 ? runner_ready(r) : runner_settled(r);
    if (go != GO_ON)
        return go;
    if (r->phase == 1)
        return runner_judge(r, st);
    runner_pass(r);
    buf_init(&mechanism, 64);
    buf_init(&user, 1024);
    bool ok = (!st->name || runner_expand(r, st->name, strlen(st->name), &mechanism)) &&
              runner_expand(r, st->text, st->n, &user);
    if (ok && (runner_line_end(&user) || runner_line_end(&mechanism)))
        ok = runner_fail(r, FAULT_USAGE, "a line end stands in the name: nothing was sent");
    r->phase = 1;
    go = ok ? login(r, buf_str(&mechanism), buf_str(&user)) : GO_STOP;
    buf_clear(&mechanism);
    buf_clear(&user);
    return go;
}

/* The letter's file, beside the script. False: told. */
static bool open_letter(struct script_runner *r, const struct step *st, struct buf *path)
{
    const char *script = r->s->files[st->file];
    const char *slash = strrchr(script, '/');
    if (slash && st->text[0] != '/' && st->text[0] != '$')
        buf_add(path, script, (size_t)(slash - script) + 1);
    if (!runner_expand(r, st->text, st->n, path))
        return false;
    if (r->letter >= 0)
        close(r->letter);
    struct stat st_file;
    r->letter = open(buf_str(path), O_RDONLY | O_CLOEXEC);
    if (r->letter >= 0 && fstat(r->letter, &st_file) == 0 && S_ISDIR(st_file.st_mode)) {
        close(r->letter);
        r->letter = -1;
        errno = EISDIR;
    }
    return r->letter >= 0 ||
           runner_fail(r, FAULT_FILE, "%s cannot be read: %s", buf_str(path), strerror(errno));
}

static ssize_t read_letter(void *arg, char *to, size_t n)
{
    const struct script_runner *r = arg;
    ssize_t got;
    do
        got = read(r->letter, to, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* All of it, for one chunk: its size goes before it. */
static bool whole_letter(struct script_runner *r, const struct buf *path, struct buf *out)
{
    ssize_t n;
    do {
        char *room = buf_room(out, 65536);
        n = room ? read_letter(r, room, 65536) : 0;
        if (!room)
            return runner_fail(r, FAULT_FILE, "%s is larger than a chunk may be, %zu MiB",
                               buf_str(path), LETTER_MAX >> 20);
        if (n < 0)
            return runner_fail(r, FAULT_FILE, "%s cannot be read: %s", buf_str(path),
                               strerror(errno));
        buf_grew(out, (size_t)n);
    } while (n > 0);
    return true;
}

static enum go send_letter(struct script_runner *r, const struct step *st)
{
    char why[300] = "";
    struct buf text, path;
    struct session *s = r->session;
    bool bdat = st->word == WORD_BDAT;
    runner_pass(r); /* 354 */
    buf_init(&text, LETTER_MAX + 65536);
    buf_init(&path, 8192);
    bool ok = st->here ? runner_expand(r, st->text, st->n, &text) : open_letter(r, st, &path);
    if (ok && bdat && !st->here)
        ok = whole_letter(r, &path, &text);
    if (ok &&
        (bdat       ? !session_bdat(s, buf_str(&text), text.len, !st->more, why, sizeof why)
         : st->here ? !session_letter(s, buf_str(&text), text.len, why, sizeof why)
                    : !session_letter_from(s, read_letter, r, FEED_DATA, true, why, sizeof why)))
        ok = runner_fail(r, FAULT_NETWORK, "%s", why);
    buf_clear(&text);
    buf_clear(&path);
    r->phase = 2;
    return ok ? GO_WAIT : GO_STOP;
}

enum go run_letter(struct script_runner *r, const struct step *st)
{
    const struct proto *p = session_proto(r->session);
    const struct verb *end = proto_pseudo(p, VERB_END), *data = verb_with(p, VERB_LETTER);
    enum go go = r->phase == 0 ? runner_ready(r) : runner_settled(r);
    if (go != GO_ON)
        return go;
    if (r->phase == 2)
        return runner_judge(r, st);
    if (r->phase == 0)
        runner_pass(r);
    if (!end || !data) {
        runner_fail(r, FAULT_USAGE, "this protocol sends no letters");
        return GO_STOP;
    }
    if (st->word == WORD_BDAT || proto_legal(end, session_now(r->session)))
        return send_letter(r, st);
    if (r->phase == 1)
        return runner_judge(r, st); /* DATA was refused */
    if (!st->here) {                /* after 354 it would be too late to find none */
        struct buf path;
        buf_init(&path, 8192);
        bool there = open_letter(r, st, &path);
        buf_clear(&path);
        if (!there)
            return GO_STOP;
    }
    r->phase = 1;
    return runner_say(r, data->name, strlen(data->name)) ? GO_WAIT : GO_STOP;
}

/* What `retr` fetches; a number may be a variable. */
static bool begin_retr(struct script_runner *r, const struct step *st)
{
    struct buf text;
    unsigned long first = st->first, last = st->last;
    bool ok = true;
    if (!proto_verb(session_proto(r->session), "RETR", 4))
        return runner_fail(r, FAULT_USAGE, "this protocol fetches no messages");
    buf_init(&text, 8192);
    if (st->name) {
        ok = runner_expand(r, st->name, strlen(st->name), &text);
        ok = ok && (script_numbers(buf_str(&text), &first, &last) ||
                    runner_fail(r, FAULT_USAGE, "'%.40s' will not do: expected N, N-M, N- or all",
                                buf_str(&text)));
        buf_trim(&text, 0);
    }
    ok = ok && runner_expand(r, st->text, st->n, &text);
    if (ok)
        r->retr = retr_new(r->session, buf_str(&text), first, last);
    buf_clear(&text);
    return ok;
}

enum go run_retr(struct script_runner *r, const struct step *st)
{
    char why[300];
    if (r->phase == 0) {
        enum go go = runner_ready(r);
        if (go != GO_ON)
            return go;
        runner_pass(r);
        if (!begin_retr(r, st))
            return GO_STOP;
        r->phase = 1;
    }
    int done = retr_work(r->retr, why, sizeof why);
    r->next = transcript_count(session_transcript(r->session)); /* retr_work() has looked at them */
    if (done == 0 && session_is_open(r->session))
        return GO_WAIT;
    if (done == 0) {
        runner_gone(r);
        return GO_STOP;
    }
    retr_free(r->retr);
    r->retr = NULL;
    if (done > 0)
        return GO_ON;
    runner_fail(r, session_fault(r->session) == FAULT_FILE ? FAULT_FILE : FAULT_REFUSED, "%s", why);
    return GO_STOP;
}

enum go run_quit(struct script_runner *r, const struct step *st)
{
    const struct verb *v = verb_with(session_proto(r->session), VERB_QUIT);
    if (r->phase == 1) {
        if (session_is_open(r->session))
            return GO_WAIT;
        enum go done = runner_settled(r);
        return done == GO_ON ? runner_judge(r, st) : done;
    }
    enum go go = runner_ready(r);
    if (go != GO_ON)
        return go;
    runner_pass(r);
    r->phase = 1;
    return runner_say(r, v ? v->name : "QUIT", strlen(v ? v->name : "QUIT")) ? GO_WAIT : GO_STOP;
}

enum go run_raw(struct script_runner *r, const struct step *st)
{
    char why[300];
    if (!session_is_open(r->session)) {
        runner_gone(r);
        return GO_STOP;
    }
    if (!session_is_up(r->session))
        return GO_WAIT;
    if (!session_raw(r->session, st->text, st->n, why, sizeof why)) {
        runner_fail(r, FAULT_NETWORK, "%s", why);
        return GO_STOP;
    }
    return GO_ON;
}

static void waited(void *arg)
{
    struct script_runner *r = arg;
    r->timer = NULL;
    r->waited = true;
}

bool runner_waited(struct script_runner *r, double seconds)
{
    if (r->phase == 0) {
        r->phase = 1;
        r->waited = false;
        r->timer = loop_timer(r->loop, (int64_t)(seconds * 1000), waited, r);
    }
    return r->waited;
}

enum go run_wait(struct script_runner *r, const struct step *st)
{
    return runner_waited(r, st->seconds) ? GO_ON : GO_WAIT;
}
