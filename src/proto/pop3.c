/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POP3. Says what lines are and where the conversation stands after them; what replies mean to a
 * person is left to src/know, bodies and dots to core/frame. RFC 1939, 2449 (CAPA), 2595 (STLS),
 * 3206, 5034 (AUTH), 6856 (UTF8, LANG). */
#include "line.h"
#include <string.h>
#include <strings.h>

enum {
#define STATE(id, name, means) S_##id,
#include "pop3_states.def"
#undef STATE
};

enum {
    V_NONE,
    V_CAPA,
    V_STLS,
    V_USER,
    V_PASS,
    V_APOP,
    V_AUTH,
    V_STAT,
    V_LIST,
    V_RETR,
    V_DELE,
    V_NOOP,
    V_RSET,
    V_TOP,
    V_UIDL,
    V_UTF8,
    V_LANG,
    V_QUIT,
    V_RPOP,
    V_XCLIENT,
    V_XTND,
    V_BANNER,
    V_ANSWER,
};

#define ST(id) (1u << S_##id)
#define IN_LOGIN (ST(LOGIN) | ST(USER))

#define STATE(id, name, means) {name, means},
static const struct state states[] = {
#include "pop3_states.def"
};
#define VERB(id, name, form, insert, purpose, expect, next, ref, needs, illegal, legal, flags)     \
    {name, form, insert, purpose, expect, next, ref, needs, illegal, legal, flags, V_##id},
static const struct verb verbs[] = {
#include "pop3_verbs.def"
};

extern const struct proto proto_pop3;

static void begin(struct where *w)
{
    *w = (struct where){.state = S_BANNER};
}

static void command(const struct where *ahead, const struct command *open, const char *line,
                    size_t n, struct command *out)
{
    size_t at, len;
    if (ahead->state == S_DIALOGUE) {
        line_answer(&proto_pop3, open, line, n, out);
        return;
    }
    line_verb(&proto_pop3, line, n, out);
    if (!out->verb) {
        line_guess_secret(open, line, n, out);
        return;
    }
    unsigned flags = out->verb->flags;
    out->body = (flags & VERB_MULTI) || ((flags & VERB_MULTI_NOARG) && out->arg >= n);
    switch (out->verb->id) {
    case V_USER:
        out->user = out->arg;
        out->user_len = n - out->arg;
        break;
    case V_PASS:
        line_secret(out, out->arg, n);
        break;
    case V_APOP: /* the name may be seen, the digest not: it can be tried against a list of
                    passwords */
        if (line_word(line, n, out->arg, 0, &out->user, &out->user_len) &&
            line_word(line, n, out->arg, 1, &at, &len))
            line_secret(out, at, n);
        break;
    case V_AUTH:
        line_auth(line, n, out);
        break;
    case V_XTND: /* XLIST's answer is a list, XMIT's a "+" */
        out->body = line_word(line, n, out->arg, 0, &at, &len) && len == 5 &&
                    strncasecmp(line + at, "XLIST", 5) == 0;
        break;
    default:
        break;
    }
}

/* RFC 2449 8: [CODE] right after the status. The octets it takes with the blank after it, or 0. */
static size_t response_code(const char *p, size_t n, struct reply *r)
{
    const char *close = n > 2 && p[0] == '[' ? memchr(p, ']', n) : NULL;
    size_t len = close ? (size_t)(close - p) - 1 : 0;
    if (len == 0 || len >= sizeof r->respcode)
        return 0;
    for (size_t i = 1; i <= len; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c <= 0x20 || c >= 0x7f)
            return 0;
    }
    for (size_t i = 0; i < len; i++) {
        char c = p[1 + i];
        r->respcode[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    r->respcode[len] = '\0';
    return len + 2;
}

/* Response codes are a tree (RFC 2449 8): SYS/TEMP/DISK is a SYS/TEMP. */
static bool under(const char *code, const char *root)
{
    size_t n = strlen(root);
    return strncmp(code, root, n) == 0 && (code[n] == '\0' || code[n] == '/');
}

static enum reply_step reply(const struct command *cmd, const char *line, size_t n, struct reply *r)
{
    bool login = cmd && cmd->verb && (cmd->verb->flags & (VERB_AUTH | VERB_ANSWER));
    size_t at;
    r->lines++;
    if (n >= 3 && strncasecmp(line, "+OK", 3) == 0) {
        r->cls = REPLY_OK;
        at = 3;
    } else if (n >= 4 && strncasecmp(line, "-ERR", 4) == 0) {
        r->cls = REPLY_PERM;
        at = 4;
    } else if (n >= 1 && line[0] == '+' && (n == 1 || line[1] == ' ' || login)) {
        /* RFC 5034 4: plus, blank, challenge; some leave the blank out where nothing follows */
        r->cls = REPLY_GO;
        r->text = n > 1 && line[1] == ' ' ? 2 : 1;
        r->odd = n > 1 && line[1] != ' ';
        return REPLY_WHOLE;
    } else {
        return REPLY_GARBAGE;
    }
    if (memcmp(line, r->cls == REPLY_OK ? "+OK" : "-ERR", at) != 0)
        r->odd = true; /* RFC 1939 3: upper case */
    if (at < n && line[at] != ' ')
        r->odd = true;
    while (at < n && (line[at] == ' ' || line[at] == '\t'))
        at++;
    size_t code = response_code(line + at, n - at, r);
    at += code;
    while (code && at < n && (line[at] == ' ' || line[at] == '\t'))
        at++;
    r->text = at;
    if (r->cls == REPLY_PERM && (under(r->respcode, "SYS/TEMP") || under(r->respcode, "IN-USE") ||
                                 under(r->respcode, "LOGIN-DELAY")))
        r->cls = REPLY_TEMP;
    return r->cls == REPLY_OK && cmd && cmd->body ? REPLY_BODY : REPLY_WHOLE;
}

static void step(struct where *w, const struct command *cmd, const struct reply *r)
{
    bool ok = r->cls == REPLY_OK;
    if (r->cls == REPLY_NONE || !cmd || !cmd->verb)
        return;
    switch (cmd->verb->id) {
    case V_BANNER:
        w->state = ok ? S_LOGIN : S_CLOSED;
        break;
    case V_CAPA:
        if (ok)
            w->extended = true;
        break;
    case V_STLS:
        if (ok)
            *w = (struct where){.state = S_LOGIN, .tls = true};
        break;
    case V_USER:
    case V_RPOP:
        if (IN_LOGIN & (1u << w->state))
            w->state = ok ? S_USER : S_LOGIN;
        break;
    case V_PASS:
    case V_APOP:
    case V_AUTH:
    case V_ANSWER:
        if (w->state == S_DROP || w->state == S_CLOSED || w->state == S_BANNER)
            break; /* refused there, and nothing changes */
        if (r->cls == REPLY_GO) {
            if (cmd->verb->id == V_AUTH || cmd->verb->id == V_ANSWER)
                w->state = S_DIALOGUE;
        } else if (!ok) {
            w->state = S_LOGIN;
        } else if (!cmd->body) { /* AUTH alone lists mechanisms */
            w->state = S_DROP;
            w->authed = true;
        }
        break;
    case V_QUIT: /* also after -ERR: the lock is released and the connection closed (RFC 1939 6) */
        w->state = S_CLOSED;
        break;
    default:
        break;
    }
}

static void hope(const struct command *cmd, struct reply *r)
{
    *r = (struct reply){.cls = REPLY_OK};
    if (!cmd || !cmd->verb)
        return;
    int id = cmd->verb->id;
    if (id == V_ANSWER && cmd->secret_len == 0 && cmd->name[0] == '*')
        r->cls = REPLY_PERM; /* giving up succeeds by failing */
    else if (id == V_ANSWER || (id == V_AUTH && !cmd->body)) {
        bool sent = id == V_ANSWER || cmd->initial;
        if (!sent || cmd->step + 1u < line_messages(cmd->mechanism))
            r->cls = REPLY_GO;
    }
}

/* RFC 2449 5: after the +OK one capability a line. */
static bool capability(size_t index, const char *line, size_t n, struct cap_line *out)
{
    size_t at, len, params, ignored;
    if (index == 0 || !line_word(line, n, 0, 0, &at, &len))
        return false;
    if (len > 1 && line[at] == '.' && at == 0) { /* dot-stuffed */
        at++;
        len--;
    }
    size_t end = n;
    while (end > at && (line[end - 1] == ' ' || line[end - 1] == '\t'))
        end--;
    *out = (struct cap_line){.keyword = at, .keyword_len = len, .params = end};
    if (len == 11 && strncasecmp(line + at, "EXPIRENEVER", 11) == 0) {
        /* GNU mailutils forgets the blank */
        out->keyword_len = 6;
        out->params = at + 6;
        out->params_len = 5;
    } else if (line_word(line, n, at + len, 0, &params, &ignored)) {
        out->params = params;
        out->params_len = end - params;
    }
    return true;
}

static const unsigned short ports[] = {2110, 1110, 10110, 0};

const struct proto proto_pop3 = {
    .name = "pop3",
    .title = "POP3",
    .prompt = "pop3> ",
    .port = 110,
    .tls_port = 995,
    .tls_scheme = "pop3s",
    .ports = ports,
    .line_limit = 512,
    .command_limit = 255,
    .service = "pop",
    .verbs = verbs,
    .nverbs = sizeof verbs / sizeof *verbs,
    .states = states,
    .nstates = sizeof states / sizeof *states,
    .caps_verb = "CAPA",
    .begin = begin,
    .command = command,
    .reply = reply,
    .step = step,
    .hope = hope,
    .capability = capability,
};
