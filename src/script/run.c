/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Carries a script out over a session: a line is sent when everything before it was answered, an
 * expectation looks at the replies one after the other. It drives nothing of its own: after each
 * turn of the loop script_work() does what can be done. Files of letters are read whole (60 MiB).
 */
#include "script/run_priv.h"

#include "heloscope/harmless.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OUT 65536
#define REPLY_TEXT_MAX 65536 /* of a reply, for expressions */

/* ---- what is told ---- */

static void tell(struct script_runner *r, enum script_said kind, bool ok, const char *wanted,
                 const char *got)
{
    const struct step *st = r->at < r->s->n ? &r->s->steps[r->at] : NULL;
    struct script_result res = {.kind = kind,
                                .ok = ok,
                                .file = st ? r->s->files[st->file] : "",
                                .line = st ? st->line : 0,
                                .wanted = wanted,
                                .got = got};
    if (r->o.result)
        r->o.result(r->o.arg, &res);
}

static void finish(struct script_runner *r)
{
    r->over = true;
    retr_free(r->retr);
    r->retr = NULL;
    loop_drop(r->timer);
    r->timer = NULL;
    if (session_is_open(r->session))
        session_drop(r->session);
}

/* What the step is, for one that failed: the word, or the verb of a line; never what stands behind
 * it, that may be a secret. */
static void name_step(const struct step *st, char *out, size_t size)
{
    size_t n;
    if (st->word == WORD_LINE)
        snprintf(out, size, "%.*s", (int)strcspn(st->text, " \t\r\n"), st->text);
    else
        snprintf(out, size, "%s", script_words(&n)[st->word].name);
}

/* The script cannot go on. Always false. */
bool runner_fail(struct script_runner *r, enum fault fault, const char *fmt, ...)
{
    char words[500], name[64] = "";
    struct buf clean;
    const struct step *st = r->at < r->s->n ? &r->s->steps[r->at] : NULL;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    buf_init(&clean, 8 * sizeof words);
    text_clean(&clean, words, strlen(words));
    if (r->fault == FAULT_NONE || r->fault == FAULT_EXPECTED) {
        r->fault = fault;
        snprintf(r->why, sizeof r->why, "%s:%u: %s", st ? r->s->files[st->file] : "script",
                 st ? st->line : 0, buf_str(&clean));
    }
    if (st)
        name_step(st, name, sizeof name);
    if (!r->told) /* an expectation has its result already: two for one would be counted twice */
        tell(r, SCRIPT_WORD, false, name, buf_str(&clean));
    buf_clear(&clean);
    finish(r);
    return false;
}

/* The connection is gone, and the script still wanted it. */
bool runner_gone(struct script_runner *r)
{
    enum fault f = session_fault(r->session);
    const char *last = session_last(r->session);
    return runner_fail(r, f == FAULT_NONE ? FAULT_NETWORK : f, "the connection is over: %s",
                       *last ? last : "the server closed it");
}

/* ---- replies ---- */

static const struct source *source_of(struct script_runner *r)
{
    return transcript_source(session_transcript(r->session));
}

/* The next reply that is whole, at or after r->next; NONE: none yet. */
static size_t next_reply(struct script_runner *r)
{
    const struct source *src = source_of(r);
    struct item it;
    if (r->next < session_since(r->session)) /* what servers said that are left by now */
        r->next = session_since(r->session);
    for (size_t n = src->count(src->self); r->next < n; r->next++) {
        if (!src->item(src->self, r->next, &it) || it.kind != ITEM_SERVER)
            continue;
        if (it.open && session_is_open(r->session))
            return NONE;
        return r->next;
    }
    return NONE;
}

/* Everything that was answered so far counts as looked at. */
void runner_pass(struct script_runner *r)
{
    for (size_t i; (i = next_reply(r)) != NONE; r->next = i + 1)
        r->examined = i;
}

/* All lines of reply i, joined by LF. */
static void reply_text(struct script_runner *r, size_t i, struct buf *out)
{
    const struct source *src = source_of(r);
    struct item it;
    struct span s;
    if (i == NONE || !src->item(src->self, i, &it))
        return;
    for (uint64_t k = 0; k < it.lines && src->line(src->self, i, k, &s); k++)
        if ((k > 0 && !buf_add_char(out, '\n')) || !buf_add(out, s.p, s.n))
            break;
}

static enum reply_class class_of(struct script_runner *r, size_t i)
{
    const struct source *src = source_of(r);
    struct moment m;
    return i != NONE && src->moment(src->self, i, &m) ? m.reply.cls : REPLY_NONE;
}

/* The first line of the reply last looked at, fit for a message. */
static void first_line(struct script_runner *r, char *out, size_t size)
{
    struct span s;
    struct buf clean;
    const struct source *src = source_of(r);
    buf_init(&clean, 4096);
    if (r->examined != NONE && src->line(src->self, r->examined, 0, &s))
        text_clean(&clean, s.p, s.n < 200 ? s.n : 200);
    snprintf(out, size, "%s", buf_str(&clean));
    buf_clear(&clean);
}

/* ---- sending ---- */

/* A server that refuses to greet is not talked to, unless an `expect` before has looked at that. */
static bool greeted(struct script_runner *r)
{
    char got[300];
    size_t i = next_reply(r);
    r->greeted = true;
    if (r->examined != NONE || class_of(r, i) == REPLY_OK || class_of(r, i) == REPLY_NONE)
        return true;
    r->examined = i;
    r->next = i + 1;
    first_line(r, got, sizeof got);
    return runner_fail(r, FAULT_REFUSED, "the server does not greet: %s", got);
}

/* May something be sent now? STOP: the connection is gone. */
enum go runner_ready(struct script_runner *r)
{
    if (!r->greeted && next_reply(r) != NONE && !greeted(r))
        return GO_STOP;
    if (!session_is_open(r->session)) {
        runner_gone(r);
        return GO_STOP;
    }
    if (!session_is_up(r->session) || session_outstanding(r->session) > 0)
        return GO_WAIT;
    return GO_ON;
}

bool runner_expand(struct script_runner *r, const char *text, size_t n, struct buf *out)
{
    char why[300];
    return script_expand(&r->vars, text, n, false, out, why, sizeof why) ||
           runner_fail(r, FAULT_USAGE, "%s", why);
}

bool runner_line_end(const struct buf *b)
{
    return b->len && (memchr(b->p, '\n', b->len) || memchr(b->p, '\r', b->len));
}

bool runner_say(struct script_runner *r, const char *line, size_t n)
{
    char why[300];
    return session_line(r->session, line, n, why, sizeof why) ||
           runner_fail(r, FAULT_NETWORK, "%s", why);
}

static enum go do_line(struct script_runner *r, const struct step *st)
{
    struct buf line;
    bool ok;
    enum go go = r->together ? GO_ON : runner_ready(r);
    if (go != GO_ON)
        return go;
    if (!r->together) {
        const struct verb *end = proto_pseudo(session_proto(r->session), VERB_END);
        if (end && proto_legal(end, session_now(r->session))) {
            runner_fail(r, FAULT_USAGE,
                        "the server waits for the letter now: expected 'letter FILE' or "
                        "'letter <<END'");
            return GO_STOP;
        }
        runner_pass(r);
    }
    buf_init_secret(&line, LINE_MAX_OUT);
    ok = runner_expand(r, st->text, st->n, &line);
    if (ok && runner_line_end(&line))
        ok = runner_fail(r, FAULT_USAGE,
                         "a line end stands inside the line (from a variable?): nothing "
                         "was sent");
    if (ok && r->together)
        ok = (buf_add(&r->flight, line.p, line.len) && buf_add_char(&r->flight, '\n')) ||
             runner_fail(r, FAULT_MEMORY,
                         "the lines between 'together' and 'end' are more than %zu MiB",
                         FLIGHT_MAX >> 20);
    else if (ok)
        ok = runner_say(r, buf_str(&line), line.len);
    buf_clear(&line);
    return ok ? GO_ON : GO_STOP;
}

/* Sends what `together` gathered. */
static enum go send_together(struct script_runner *r)
{
    char why[300];
    enum go go = runner_ready(r);
    if (go != GO_ON)
        return go;
    runner_pass(r);
    if (r->flight.len > 0 &&
        !session_lines(r->session, r->flight.p, r->flight.len, why, sizeof why)) {
        runner_fail(r, FAULT_NETWORK, "%s", why);
        return GO_STOP;
    }
    r->together = false;
    buf_clear(&r->flight);
    return GO_ON;
}

/* Was everything that a word sent answered? With a reply there the end of the connection is no
 * matter yet. */
enum go runner_settled(struct script_runner *r)
{
    if (session_is_open(r->session))
        return session_is_up(r->session) && session_outstanding(r->session) == 0 ? GO_ON : GO_WAIT;
    if (next_reply(r) != NONE)
        return GO_ON;
    runner_gone(r);
    return GO_STOP;
}

/* The word has had its replies (LMTP: one for each recipient). Without an `expect` behind it each
 * must be a good one; with one that judges, after AUTH the last of them. */
enum go runner_judge(struct script_runner *r, const struct step *st)
{
    char got[300];
    size_t from = r->next, i;
    while ((i = next_reply(r)) != NONE) {
        enum reply_class c = class_of(r, i);
        r->next = i + 1;
        r->examined = i;
        if (st->judged || c == REPLY_OK || c == REPLY_GO)
            continue;
        first_line(r, got, sizeof got);
        runner_fail(r, FAULT_REFUSED, "refused: %s", got);
        return GO_STOP;
    }
    if (st->judged)
        r->next = st->word == WORD_AUTH && r->examined != NONE ? r->examined : from;
    return GO_ON;
}

/* ---- the words ---- */

static enum go do_expect(struct script_runner *r, const struct step *st)
{
    char wanted[400], got[300], why[300] = "";
    struct buf text;
    bool ok;
    size_t i = next_reply(r);
    bool open = session_is_open(r->session);
    bool closed = strcmp(st->match.codes, "closed") == 0;
    snprintf(wanted, sizeof wanted, "expect%s%s%s%s%s", st->match.codes[0] ? " " : "",
             st->match.codes, st->match.regex ? " /" : "", st->match.regex ? st->match.regex : "",
             !st->match.regex     ? ""
             : st->match.caseless ? "/i"
                                  : "/");
    if (closed) {
        double seconds = r->o.timeout_ms > 0 ? r->o.timeout_ms / 1000.0 : 300;
        if (open && !runner_waited(r, seconds))
            return GO_WAIT;
        ok = !open;
        snprintf(got, sizeof got, "%s", ok ? "closed" : "the connection is still open");
    } else {
        if (i == NONE && open && (session_outstanding(r->session) > 0 || r->examined == NONE))
            return GO_WAIT;
        if (i == NONE && !open &&
            (r->examined == NONE || session_fault(r->session) != FAULT_NONE)) {
            snprintf(got, sizeof got, "%s", session_last(r->session));
            tell(r, SCRIPT_EXPECT, false, wanted, got);
            r->told = true;
            runner_gone(r);
            return GO_STOP;
        }
        if (i != NONE) {
            r->examined = i;
            r->next = i + 1;
        }
        buf_init(&text, REPLY_TEXT_MAX);
        reply_text(r, r->examined, &text);
        ok = match_code(&st->match, buf_str(&text), strcspn(buf_str(&text), "\n"));
        ok =
            ok && match_text(&st->match, &r->vars, buf_str(&text), text.len, NULL, why, sizeof why);
        buf_clear(&text);
        first_line(r, got, sizeof got);
    }
    tell(r, SCRIPT_EXPECT, ok, wanted, why[0] ? why : got);
    if (ok)
        return GO_ON;
    if (r->fault == FAULT_NONE) {
        r->fault = FAULT_EXPECTED;
        snprintf(r->why, sizeof r->why, "%.200s:%u: %s: it was: %.200s", r->s->files[st->file],
                 st->line, wanted, why[0] ? why : got);
    }
    if (r->o.keep_going)
        return GO_ON;
    finish(r);
    return GO_STOP;
}

static enum go do_capture(struct script_runner *r, const struct step *st)
{
    char why[300] = "", got[300];
    struct buf text, found;
    if (session_outstanding(r->session) > 0 && session_is_open(r->session))
        return GO_WAIT;
    runner_pass(r);
    buf_init(&text, REPLY_TEXT_MAX);
    buf_init(&found, REPLY_TEXT_MAX);
    reply_text(r, r->examined, &text);
    bool ok = match_text(&st->match, &r->vars, buf_str(&text), text.len, &found, why, sizeof why);
    if (ok)
        ok = script_set(&r->vars, st->name, buf_str(&found), why, sizeof why);
    buf_clear(&text);
    buf_clear(&found);
    if (ok)
        return GO_ON;
    first_line(r, got, sizeof got);
    runner_fail(r, FAULT_EXPECTED, "%s%s/%s/ was not found in: %s", why, why[0] ? ": " : "",
                st->match.regex, got);
    return GO_STOP;
}

static enum go do_for(struct script_runner *r, const struct step *st)
{
    char why[200];
    struct buf value;
    size_t round = r->round[r->depth];
    if (round == st->nvalues) {
        r->at = st->jump;
        return GO_ON;
    }
    buf_init(&value, LINE_MAX_OUT);
    bool ok = runner_expand(r, st->values[round], strlen(st->values[round]), &value);
    ok = ok && (script_set(&r->vars, st->name, buf_str(&value), why, sizeof why) ||
                runner_fail(r, FAULT_USAGE, "%s", why));
    buf_clear(&value);
    r->round[r->depth++] = round + 1;
    return ok ? GO_ON : GO_STOP;
}

static enum go do_end(struct script_runner *r, const struct step *st)
{
    const struct step *begin = &r->s->steps[st->jump];
    if (begin->word == WORD_TOGETHER)
        return send_together(r);
    r->depth--;
    if (r->round[r->depth] == begin->nvalues) {
        r->round[r->depth] = 0;
        return GO_ON;
    }
    r->at = st->jump - 1; /* the `for` again */
    return GO_ON;
}

static enum go do_set(struct script_runner *r, const struct step *st)
{
    char why[200];
    struct buf value;
    if (script_get(&r->o.fixed, st->name, strlen(st->name)))
        return GO_ON; /* the command line wins */
    buf_init(&value, LINE_MAX_OUT);
    bool ok = runner_expand(r, st->text, st->n, &value);
    ok = ok && (script_set(&r->vars, st->name, buf_str(&value), why, sizeof why) ||
                runner_fail(r, FAULT_USAGE, "%s", why));
    buf_clear(&value);
    return ok ? GO_ON : GO_STOP;
}

static enum go do_say(struct script_runner *r, const struct step *st)
{
    struct buf text, clean;
    buf_init(&text, LINE_MAX_OUT);
    buf_init(&clean, 8 * LINE_MAX_OUT);
    bool ok = runner_expand(r, st->text, st->n, &text);
    if (ok) {
        text_clean(&clean, buf_str(&text), text.len);
        tell(r, SCRIPT_SAY, true, buf_str(&clean), "");
    }
    buf_clear(&text);
    buf_clear(&clean);
    return ok ? GO_ON : GO_STOP;
}

static enum go step(struct script_runner *r, const struct step *st)
{
    switch (st->word) {
    case WORD_LINE:
    case WORD_SEND:
        return do_line(r, st);
    case WORD_SEND_RAW:
        return run_raw(r, st);
    case WORD_EXPECT:
        return do_expect(r, st);
    case WORD_CAPTURE:
        return do_capture(r, st);
    case WORD_SET:
        return do_set(r, st);
    case WORD_FOR:
        return do_for(r, st);
    case WORD_TOGETHER:
        r->together = true;
        return GO_ON;
    case WORD_END:
        return do_end(r, st);
    case WORD_TLS:
        return run_tls(r, st);
    case WORD_AUTH:
        return run_auth(r, st);
    case WORD_LETTER:
    case WORD_BDAT:
        return run_letter(r, st);
    case WORD_RETR:
        return run_retr(r, st);
    case WORD_WAIT:
        return run_wait(r, st);
    case WORD_SAY:
        return do_say(r, st);
    case WORD_QUIT:
        return run_quit(r, st);
    case WORD_DROP:
        session_drop(r->session);
        return GO_ON;
    case WORD_TARGET:
    case WORD_INCLUDE:
    case WORDS:
        break;
    }
    return GO_ON;
}

/* The script has come to its end: was the last word a refusal, and nobody judged it? */
static enum go at_end(struct script_runner *r)
{
    char got[300];
    if (session_is_open(r->session)) {
        enum go go = runner_ready(r);
        if (go != GO_ON)
            return go;
    } else if (session_fault(r->session) != FAULT_NONE &&
               (r->s->n == 0 || r->s->steps[r->s->n - 1].word != WORD_EXPECT)) {
        runner_gone(r);
        return GO_STOP;
    }
    runner_pass(r);
    enum reply_class c = class_of(r, r->examined);
    if (r->s->expectations == 0 && r->fault == FAULT_NONE && (c == REPLY_TEMP || c == REPLY_PERM)) {
        first_line(r, got, sizeof got);
        r->fault = FAULT_REFUSED;
        snprintf(r->why, sizeof r->why, "the last reply was a refusal: %s", got);
    }
    finish(r);
    return GO_STOP;
}

bool script_work(struct script_runner *r)
{
    if (r->working)
        return r->over;
    r->working = true;
    while (!r->over) {
        if (r->at == r->s->n) {
            if (at_end(r) == GO_WAIT)
                break;
            continue;
        }
        enum go go = step(r, &r->s->steps[r->at]);
        if (go == GO_WAIT)
            break;
        if (go == GO_ON) {
            r->at++;
            r->phase = 0;
            loop_drop(r->timer);
            r->timer = NULL;
        }
    }
    r->working = false;
    return r->over;
}

/* ---- life ---- */

struct script_runner *script_run(struct loop *l, struct session *session, const struct script *s,
                                 const struct script_run_options *o)
{
    char unused[200];
    struct script_runner *r = xcalloc(1, sizeof *r);
    r->loop = l;
    r->session = session;
    r->s = s;
    r->o = *o;
    r->o.vars = r->o.fixed = (struct script_vars){0};
    r->examined = NONE;
    r->letter = -1;
    buf_init(&r->flight, FLIGHT_MAX);
    for (size_t i = 0; i < o->vars.n; i++)
        script_set(&r->vars, o->vars.rows[i].name, o->vars.rows[i].value, unused, sizeof unused);
    for (size_t i = 0; i < o->fixed.n; i++) {
        const struct script_var *v = &o->fixed.rows[i];
        script_set(&r->vars, v->name, v->value, unused, sizeof unused);
        script_set(&r->o.fixed, v->name, "", unused, sizeof unused);
    }
    return r;
}

void script_event(struct script_runner *r, enum session_event ev)
{
    if (ev == SESSION_ASK_TLS) {
        const struct tls_facts *f = session_tls(r->session);
        runner_fail(r, FAULT_TLS, "the certificate could not be verified: %s; --insecure goes on",
                    f ? f->why : "no facts");
    }
}

void script_stop(struct script_runner *r, const char *why)
{
    if (!r->over)
        runner_fail(r, FAULT_NETWORK, "%s", why);
}

void script_runner_free(struct script_runner *r)
{
    if (!r)
        return;
    if (!r->over)
        retr_free(r->retr);
    loop_drop(r->timer);
    if (r->letter >= 0)
        close(r->letter);
    buf_clear(&r->flight);
    script_vars_clear(&r->vars);
    script_vars_clear(&r->o.fixed);
    free(r);
}

enum fault script_fault(const struct script_runner *r)
{
    return r->fault;
}

const char *script_why(const struct script_runner *r)
{
    return r->why;
}

size_t script_needs(const struct script_runner *r)
{
    return r->examined != NONE && r->examined < r->next ? r->examined : r->next;
}
