/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMTP, submission and LMTP: one driver, three rows in the list. Says what lines are and where the
 * conversation stands after them; what replies mean to a person is left to src/know, framing to
 * core/frame. RFC 5321 (1870 2034 2920 3030 3207 3461 4954 6152 6531), RFC 6409, RFC 2033. */
#include "line.h"
#include <string.h>

enum {
#define STATE(id, name, means) S_##id,
#define HELLO_VERB ""
#include "smtp_states.def"
#undef HELLO_VERB
#undef STATE
};

enum {
    V_NONE,
    V_EHLO,
    V_HELO,
    V_MAIL,
    V_RCPT,
    V_DATA,
    V_BDAT,
    V_RSET,
    V_STARTTLS,
    V_AUTH,
    V_VRFY,
    V_EXPN,
    V_HELP,
    V_NOOP,
    V_QUIT,
    V_ETRN,
    V_BURL,
    V_XCLIENT,
    V_BANNER,
    V_END,
    V_ANSWER,
};

#define ST(id) (1u << S_##id)
#define IN_GREETED (ST(READY) | ST(MAIL) | ST(RCPT) | ST(CHUNKS) | ST(SPOILT))
#define IN_TALK (IN_GREETED | ST(HELLO))

#define STATE(id, name, means) {name, means},
#define VERB(id, name, form, insert, purpose, expect, next, ref, needs, illegal, legal, flags)     \
    {name, form, insert, purpose, expect, next, ref, needs, illegal, legal, flags, V_##id},
#define NO_VERB(...)

#define HELLO_VERB "EHLO"
static const struct state smtp_states[] = {
#include "smtp_states.def"
};
#define ONLY_SMTP VERB
#define ONLY_LMTP NO_VERB
static const struct verb smtp_verbs[] = {
#include "smtp_verbs.def"
};
#undef HELLO_VERB
#undef ONLY_SMTP
#undef ONLY_LMTP

#define HELLO_VERB "LHLO"
static const struct state lmtp_states[] = {
#include "smtp_states.def"
};
#define ONLY_SMTP NO_VERB
#define ONLY_LMTP VERB
static const struct verb lmtp_verbs[] = {
#include "smtp_verbs.def"
};

static void smtp_begin(struct where *w)
{
    *w = (struct where){.state = S_BANNER};
}

static void lmtp_begin(struct where *w)
{
    *w = (struct where){.state = S_BANNER, .lmtp = true};
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* BDAT octets [LAST]. A number that fits nowhere counts as none: the server answers 501 and reads
 * no octets. */
static void bdat(const char *line, size_t n, struct command *out)
{
    size_t at, len;
    uint64_t octets = 0;
    if (!line_word(line, n, out->arg, 0, &at, &len))
        return;
    for (size_t i = 0; i < len; i++) {
        unsigned d = (unsigned char)line[at + i] - '0';
        if (d > 9 || octets > (UINT64_MAX - d) / 10)
            return;
        octets = octets * 10 + d;
    }
    out->literal = octets;
}

static bool says_last(const char *line, size_t n, size_t arg)
{
    size_t at, len;
    return arg < n && line_word(line, n, arg, 1, &at, &len) && len == 4 && (line[at] | 32) == 'l' &&
           (line[at + 1] | 32) == 'a' && (line[at + 2] | 32) == 's' && (line[at + 3] | 32) == 't';
}

static void command_in(const struct proto *p, const struct where *ahead, const struct command *open,
                       const char *line, size_t n, struct command *out)
{
    if (ahead->state == S_DIALOGUE) {
        line_answer(p, open, line, n, out);
        return;
    }
    if (ahead->state == S_LETTER && n == 1 && line[0] == '.') {
        *out = (struct command){.verb = proto_pseudo(p, VERB_END), .replies = 1, .arg = n};
        if (ahead->lmtp && ahead->rcpts > 1)
            out->replies = ahead->rcpts;
        return;
    }
    line_verb(p, line, n, out);
    if (!out->verb) {
        line_guess_secret(open, line, n, out);
        return;
    }
    switch (out->verb->id) {
    case V_AUTH:
        line_auth(line, n, out);
        break;
    case V_BDAT:
        bdat(line, n, out);
        out->last = says_last(line, n, out->arg);
        break;
    case V_BURL:
        out->last = says_last(line, n, out->arg);
        break;
    default:
        break;
    }
    if (out->last && ahead->lmtp && ahead->rcpts > 1)
        out->replies = ahead->rcpts;
}

extern const struct proto proto_smtp, proto_submission, proto_lmtp;

static void smtp_command(const struct where *ahead, const struct command *open, const char *line,
                         size_t n, struct command *out)
{
    command_in(&proto_smtp, ahead, open, line, n, out);
}

static void lmtp_command(const struct where *ahead, const struct command *open, const char *line,
                         size_t n, struct command *out)
{
    command_in(&proto_lmtp, ahead, open, line, n, out);
}

/* class.subject.detail at the start of the text, RFC 3463 2: the octets it takes, or 0. */
static size_t enhanced(const char *p, size_t n, struct reply *r)
{
    unsigned part[3] = {0};
    size_t i = 0;
    for (int k = 0; k < 3; k++) {
        size_t from = i;
        for (; i < n && digit(p[i]) && i - from < 4; i++)
            part[k] = part[k] * 10 + (unsigned)(p[i] - '0');
        if (i == from || i - from > (k == 0 ? 1u : 3u))
            return 0;
        if (k < 2 && (i >= n || p[i++] != '.'))
            return 0;
    }
    if ((i < n && p[i] != ' ' && p[i] != '\t') || (part[0] != 2 && part[0] != 4 && part[0] != 5))
        return 0;
    r->eclass = (uint8_t)part[0];
    r->esubject = (uint16_t)part[1];
    r->edetail = (uint16_t)part[2];
    if ((int)part[0] != r->code / 100)
        r->odd = true; /* the two codes contradict each other (RFC 2034 4) */
    return i;
}

/* RFC 5321 4.2: three digits, then a hyphen (more follows), a blank, or nothing. */
static enum reply_step smtp_reply(const struct command *cmd, const char *line, size_t n,
                                  struct reply *r)
{
    (void)cmd;
    bool shaped = n >= 3 && line[0] >= '2' && line[0] <= '5' && digit(line[1]) && digit(line[2]) &&
                  (n == 3 || !digit(line[3]));
    bool first = r->lines == 0;
    r->lines++;
    if (!shaped) {
        if (first)
            return REPLY_GARBAGE;
        r->odd = true; /* inside a reply of several lines it is borne */
        return REPLY_MORE_LINES;
    }
    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    bool changed = !first && code != r->code;
    bool more = n > 3 && line[3] == '-';
    bool plain = n == 3 || line[3] == ' ' || more;
    if (changed || !plain || line[1] > '5')
        r->odd = true;
    static const enum reply_class classes[] = {REPLY_OK, REPLY_GO, REPLY_TEMP, REPLY_PERM};
    r->code = code;
    r->cls = classes[line[0] - '2'];
    size_t text = n == 3 ? 3 : plain ? 4 : 3;
    while (text < n && (line[text] == ' ' || line[text] == '\t'))
        text++;
    if (changed)
        r->eclass = 0, r->esubject = r->edetail = 0;
    if (r->eclass == 0 && r->cls != REPLY_GO) {
        text += enhanced(line + text, n - text, r);
        while (text < n && (line[text] == ' ' || line[text] == '\t'))
            text++;
    }
    if (first)
        r->text = text;
    return more ? REPLY_MORE_LINES : REPLY_WHOLE;
}

static void fresh(struct where *w, uint8_t state)
{
    w->state = state;
    w->rcpts = 0;
}

/* The letter, or its last chunk, was answered. LMTP answers once for each recipient. */
static void letter_answered(struct where *w, const struct reply *r)
{
    if (w->lmtp && w->rcpts > 1 && r->lines > 0)
        w->rcpts--;
    else
        fresh(w, S_READY);
}

static void chunk_answered(struct where *w, const struct command *cmd, const struct reply *r)
{
    if (w->state != S_RCPT && w->state != S_CHUNKS && r->cls != REPLY_OK)
        return; /* 503: there was no letter to fail */
    if (cmd->last)
        letter_answered(w, r);
    else
        w->state = r->cls == REPLY_OK ? S_CHUNKS : S_SPOILT;
}

static void smtp_step(struct where *w, const struct command *cmd, const struct reply *r)
{
    bool ok = r->cls == REPLY_OK;
    if (r->cls == REPLY_NONE)
        return;
    if (r->code == 421) { /* whatever was asked, the service goes away: RFC 5321 3.8 */
        fresh(w, S_CLOSED);
        return;
    }
    if (!cmd || !cmd->verb)
        return;
    switch (cmd->verb->id) {
    case V_BANNER:
        w->state = ok ? S_HELLO : S_REFUSED;
        break;
    case V_EHLO:
    case V_HELO:
        if (ok) {
            fresh(w, S_READY);
            w->extended = cmd->verb->id == V_EHLO;
        }
        break;
    case V_MAIL:
        if (ok)
            fresh(w, S_MAIL);
        break;
    case V_RCPT:
        if (ok) {
            w->state = S_RCPT;
            if (w->rcpts < UINT32_MAX)
                w->rcpts++;
        }
        break;
    case V_DATA:
        if (r->cls == REPLY_GO)
            w->state = S_LETTER;
        break;
    case V_BDAT:
    case V_BURL:
        chunk_answered(w, cmd, r);
        break;
    case V_END:
        if (w->state == S_LETTER)
            letter_answered(w, r);
        break;
    case V_RSET:
        if (ok && (IN_GREETED & (1u << w->state)))
            fresh(w, S_READY);
        break;
    case V_STARTTLS:
        if (ok)
            *w = (struct where){.state = S_HELLO, .tls = true, .lmtp = w->lmtp};
        break;
    case V_XCLIENT:
        if (ok)
            *w = (struct where){.state = S_HELLO, .tls = w->tls, .lmtp = w->lmtp};
        break;
    case V_AUTH:
    case V_ANSWER:
        if (r->cls == REPLY_GO) {
            w->state = S_DIALOGUE;
        } else {
            if (w->state == S_DIALOGUE)
                w->state = S_READY;
            if (ok)
                w->authed = true;
        }
        break;
    case V_QUIT:
        if (ok)
            fresh(w, S_CLOSED);
        break;
    default:
        break;
    }
}

static void smtp_hope(const struct command *cmd, struct reply *r)
{
    static const int codes[] = {
        [V_DATA] = 354, [V_STARTTLS] = 220, [V_XCLIENT] = 220, [V_BANNER] = 220,
        [V_QUIT] = 221, [V_VRFY] = 252,     [V_HELP] = 214,    [V_ANSWER] = 0,
    };
    *r = (struct reply){.cls = REPLY_OK, .code = 250};
    if (!cmd || !cmd->verb)
        return;
    int id = cmd->verb->id;
    if (id < (int)(sizeof codes / sizeof *codes) && codes[id])
        r->code = codes[id];
    if (id == V_AUTH || id == V_ANSWER) {
        bool sent = id == V_ANSWER || cmd->initial;
        r->code = sent && cmd->step + 1u >= line_messages(cmd->mechanism) ? 235 : 334;
        /* Giving up succeeds by failing; AUTH alone asks for nothing. */
        if ((id == V_ANSWER && cmd->name[0] == '*') || (id == V_AUTH && !cmd->mechanism[0]))
            *r = (struct reply){.cls = REPLY_PERM, .code = 501};
    }
    if (r->code / 100 == 3)
        r->cls = REPLY_GO;
}

/* RFC 5321 4.1.1.1: the first line greets, the others are ehlo-keyword and parameters. */
static bool smtp_capability(size_t index, const char *line, size_t n, struct cap_line *out)
{
    size_t at, len, params, ignored;
    if (index == 0 || n <= 4 || (line[3] != '-' && line[3] != ' ') || !digit(line[0]) ||
        !line_word(line, n, 4, 0, &at, &len))
        return false;
    size_t end = n;
    while (end > at && (line[end - 1] == ' ' || line[end - 1] == '\t'))
        end--;
    *out = (struct cap_line){.keyword = at, .keyword_len = len, .params = end};
    const char *eq = len > 5 ? memchr(line + at, '=', len) : NULL;
    if (eq && eq - (line + at) == 4 && (line[at] | 32) == 'a' && (line[at + 1] | 32) == 'u') {
        /* "AUTH=LOGIN PLAIN": how it was written before RFC 2554, still sent for old clients */
        out->keyword_len = 4;
        params = at + 5;
    } else if (!line_word(line, n, at + len, 0, &params, &ignored)) {
        return true;
    }
    out->params = params;
    out->params_len = end - params;
    return true;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define COMMON                                                                                     \
    .line_limit = 512, .command_limit = 512, .service = "smtp", .reply = smtp_reply,               \
    .step = smtp_step, .hope = smtp_hope, .capability = smtp_capability
#define AS_SMTP                                                                                    \
    .verbs = smtp_verbs, .nverbs = COUNT(smtp_verbs), .states = smtp_states,                       \
    .nstates = COUNT(smtp_states), .caps_verb = "EHLO", .begin = smtp_begin,                       \
    .command = smtp_command, COMMON

static const unsigned short smtp_ports[] = {2525, 1025, 2500, 10025, 0};
static const unsigned short submission_ports[] = {2587, 1587, 0};
static const unsigned short lmtp_ports[] = {2024, 2003, 0};

const struct proto proto_smtp = {
    .name = "smtp",
    .title = "SMTP",
    .prompt = "smtp> ",
    .port = 25,
    .tls_port = 465,
    .tls_scheme = "smtps",
    .ports = smtp_ports,
    AS_SMTP,
};
const struct proto proto_submission = {
    .name = "submission",
    .title = "SMTP submission",
    .prompt = "smtp> ",
    .port = 587,
    .tls_port = 465,
    .tls_scheme = "submissions",
    .ports = submission_ports,
    AS_SMTP,
};
const struct proto proto_lmtp = {
    .name = "lmtp",
    .title = "LMTP",
    .prompt = "lmtp> ",
    .port = 24,
    .ports = lmtp_ports,
    .verbs = lmtp_verbs,
    .nverbs = COUNT(lmtp_verbs),
    .states = lmtp_states,
    .nstates = COUNT(lmtp_states),
    .caps_verb = "LHLO",
    .begin = lmtp_begin,
    .command = lmtp_command,
    COMMON,
};
