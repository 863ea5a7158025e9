/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recorded talks through framing and driver, each read whole and one octet at a time: both must say
 * the same, and what the file says. tests/transcripts/README tells how a .talk file is written. */
#include "tests/support/check.h"
#include "tests/support/paths.h"
#include "heloscope/caps.h"
#include "heloscope/frame.h"
#include "heloscope/proto.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
    struct command cmd;
    uint32_t left;
};

struct run {
    const struct proto *p;
    struct frame f;
    struct where now, ahead;
    struct waiting queue[64];
    size_t n;
    struct command last, answered; /* the newest command; the one the newest reply answers */
    char shown[2048];              /* the newest command, masked */
    struct reply reply, whole;
    bool in_reply, in_body, letter, garbage;
    unsigned body_lines, body_notes, notes;
    struct caps caps, building;
    size_t cap_index;
    struct buf trace, capa;
    bool by_octet;
    const char *file;
    unsigned line;
};

static void look_ahead(struct run *r)
{
    r->ahead = r->now;
    for (size_t i = 0; i < r->n; i++) {
        struct reply hope = {0};
        r->p->hope(&r->queue[i].cmd, &hope);
        r->p->step(&r->ahead, &r->queue[i].cmd, &hope);
    }
}

static void push(struct run *r, const struct command *c)
{
    assert_true(r->n < 64);
    r->queue[r->n++] = (struct waiting){*c, 0};
    look_ahead(r);
}

static void learn(struct run *r, const char *line, size_t n)
{
    struct cap_line c;
    if (r->p->capability(r->cap_index++, line, n, &c))
        caps_add(&r->building, line + c.keyword, c.keyword_len, line + c.params, c.params_len);
}

static void whole(struct run *r)
{
    struct command none = {0};
    bool paired = r->n > 0;
    struct command cmd = paired ? r->queue[0].cmd : none;
    unsigned flags = cmd.verb ? cmd.verb->flags : 0;
    if (paired && r->queue[0].left == 0)
        r->queue[0].left = proto_replies(r->p, &r->now, &cmd);
    r->p->step(&r->now, paired ? &cmd : NULL, &r->reply);
    r->whole = r->reply;
    r->answered = cmd;
    r->letter = (flags & VERB_LETTER) && r->reply.cls == REPLY_GO;
    if ((flags & VERB_CAPS) && r->reply.cls == REPLY_OK) {
        caps_clear(&r->caps);
        r->caps = r->building;
        caps_init(&r->building);
    }
    caps_clear(&r->building);
    if (paired && --r->queue[0].left == 0)
        memmove(r->queue, r->queue + 1, --r->n * sizeof *r->queue);
    look_ahead(r);
    r->in_reply = r->in_body = false;
    buf_addf(&r->trace, "[%s %d %u.%u.%u %s odd%d -> %s|%s]\n", cmd.verb ? cmd.verb->name : "?",
             r->reply.code, r->reply.eclass, r->reply.esubject, r->reply.edetail, r->reply.respcode,
             r->reply.odd, proto_state(r->p, &r->now), proto_state(r->p, &r->ahead));
}

static void take_line(struct run *r, const struct piece *p)
{
    struct command none = {0};
    const struct command *cmd = r->n ? &r->queue[0].cmd : &none;
    r->garbage = false;
    if (!r->in_reply) {
        memset(&r->reply, 0, sizeof r->reply);
        r->cap_index = 0;
        r->notes = 0;
    }
    r->notes |= p->notes;
    struct reply keep = r->reply;
    enum reply_step step = r->p->reply(cmd, p->p, p->text, &r->reply);
    buf_addf(&r->trace, "(%d %u %.*s)", step, p->notes, (int)p->text, p->p);
    if (step == REPLY_GARBAGE) {
        assert_int_equal(r->reply.cls, REPLY_NONE);
        r->reply = keep;
        r->garbage = true;
        return;
    }
    r->in_reply = true;
    if (cmd->verb && (cmd->verb->flags & VERB_CAPS) && r->reply.cls == REPLY_OK)
        learn(r, p->p, p->text);
    if (step == REPLY_BODY) {
        r->in_body = true;
        r->body_lines = r->body_notes = 0;
        frame_body(&r->f);
    } else if (step == REPLY_WHOLE) {
        whole(r);
    }
}

static void take_body(struct run *r, const struct piece *p)
{
    r->body_notes |= p->notes;
    if (p->kind == PIECE_BODY) {
        buf_add(&r->capa, p->p, p->n);
        return;
    }
    const char *q = r->capa.p, *end = q ? q + r->capa.len : NULL;
    unsigned flags = r->n && r->queue[0].cmd.verb ? r->queue[0].cmd.verb->flags : 0;
    buf_addf(&r->trace, "{%s}", buf_str(&r->capa));
    while (q && q < end) {
        const char *lf = memchr(q, '\n', (size_t)(end - q));
        size_t n = (size_t)((lf ? lf : end) - q);
        if (flags & VERB_CAPS)
            learn(r, q, n && q[n - 1] == '\r' ? n - 1 : n);
        r->body_lines++;
        q = lf ? lf + 1 : end;
    }
    buf_trim(&r->capa, 0);
    whole(r);
}

static void feed(struct run *r, const char *p, size_t n)
{
    struct piece piece;
    for (size_t done = 0; done < n;) {
        size_t step = r->by_octet ? 1 : n;
        frame_feed(&r->f, p + done, step);
        while (frame_next(&r->f, &piece)) {
            if (piece.kind == PIECE_LINE)
                take_line(r, &piece);
            else
                take_body(r, &piece);
        }
        done += step;
    }
}

static void client(struct run *r, const char *line, size_t n)
{
    struct command c;
    if (r->letter && !(n == 1 && line[0] == '.'))
        return;
    bool may = r->last.verb && (r->last.verb->flags & (VERB_AUTH | VERB_ANSWER));
    r->p->command(&r->ahead, may ? &r->last : NULL, line, n, &c);
    assert_true(c.secret + c.secret_len <= n && c.arg <= n);
    assert_true(strlen(c.name) < sizeof c.name);
    snprintf(r->shown, sizeof r->shown, "%.*s%s%.*s", (int)c.secret, line,
             c.secret_len ? "********" : "", (int)(n - c.secret - c.secret_len),
             line + c.secret + c.secret_len);
    if (c.verb && (c.verb->flags & VERB_END))
        r->letter = false;
    r->last = c;
    push(r, &c);
}

/* ---- what the file expects ---- */

static void complain(const struct run *r, const char *key, const char *want, const char *got)
{
    fail_msg("%s:%u (%s): %s: expected \"%s\", got \"%s\"", r->file, r->line,
             r->by_octet ? "by octet" : "whole", key, want, got);
}

static void expect(struct run *r, const char *key, const char *want)
{
    static const char *const classes[] = {"NONE", "OK", "GO", "TEMP", "PERM"};
    char got[2048] = "";
    const char *yes = NULL;
    bool b = false;
    if (strcmp(key, "now") == 0) {
        snprintf(got, sizeof got, "%s", proto_state(r->p, &r->now));
    } else if (strcmp(key, "ahead") == 0) {
        snprintf(got, sizeof got, "%s", proto_state(r->p, &r->ahead));
    } else if (strcmp(key, "class") == 0) {
        snprintf(got, sizeof got, "%s", classes[r->whole.cls]);
    } else if (strcmp(key, "code") == 0) {
        int n = snprintf(got, sizeof got, "%d", r->whole.code);
        if (r->whole.eclass)
            snprintf(got + n, sizeof got - (size_t)n, " %u.%u.%u", r->whole.eclass,
                     r->whole.esubject, r->whole.edetail);
    } else if (strcmp(key, "respcode") == 0) {
        snprintf(got, sizeof got, "%s", r->whole.respcode);
    } else if (strcmp(key, "verb") == 0) {
        snprintf(got, sizeof got, "%s", r->last.verb ? r->last.verb->name : "?");
    } else if (strcmp(key, "answers") == 0) {
        snprintf(got, sizeof got, "%s", r->answered.verb ? r->answered.verb->name : "?");
    } else if (strcmp(key, "shown") == 0) {
        snprintf(got, sizeof got, "%s", r->shown);
    } else if (strcmp(key, "mechanism") == 0) {
        snprintf(got, sizeof got, "%s", r->last.mechanism);
    } else if (strcmp(key, "step") == 0) {
        snprintf(got, sizeof got, "%u", r->last.step);
    } else if (strcmp(key, "lines") == 0) {
        snprintf(got, sizeof got, "%u", r->whole.lines);
    } else if (strcmp(key, "body") == 0) {
        snprintf(got, sizeof got, "%u", r->body_lines);
    } else if (strcmp(key, "waiting") == 0) {
        snprintf(got, sizeof got, "%zu", r->n);
    } else if (strcmp(key, "rcpts") == 0) {
        snprintf(got, sizeof got, "%u", r->now.rcpts);
    } else if (strcmp(key, "literal") == 0) {
        snprintf(got, sizeof got, "%llu%s", (unsigned long long)r->last.literal,
                 r->last.last ? " last" : "");
    } else if (strcmp(key, "caps") == 0) {
        size_t n = 0;
        for (size_t i = 0; i < r->caps.n; i++)
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%s%s%s", i ? "; " : "",
                                  r->caps.rows[i].keyword, r->caps.rows[i].params[0] ? " " : "",
                                  r->caps.rows[i].params);
    } else if (strcmp(key, "legal") == 0) {
        b = true;
        char words[512], *save = NULL;
        snprintf(words, sizeof words, "%s", want);
        for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
            bool no = *w == '!';
            const struct verb *v = proto_verb(r->p, w + no, strlen(w + no));
            if (!v || proto_legal(v, &r->now) == no)
                complain(r, key, w, no ? "legal" : "not legal");
        }
        return;
    } else {
        yes = strcmp(key, "tls") == 0        ? (b = r->now.tls, key)
              : strcmp(key, "authed") == 0   ? (b = r->now.authed, key)
              : strcmp(key, "extended") == 0 ? (b = r->now.extended, key)
              : strcmp(key, "odd") == 0      ? (b = r->whole.odd, key)
              : strcmp(key, "garbage") == 0  ? (b = r->garbage, key)
              : strcmp(key, "bare-lf") == 0 ? (b = ((r->notes | r->body_notes) & NOTE_BARE_LF), key)
              : strcmp(key, "bare-dot") == 0 ? (b = (r->body_notes & NOTE_BARE_DOT), key)
              : strcmp(key, "nul") == 0      ? (b = ((r->notes | r->body_notes) & NOTE_NUL), key)
              : strcmp(key, "in-body") == 0  ? (b = r->in_body, key)
                                             : NULL;
        if (!yes)
            fail_msg("%s:%u: unknown word \"%s\"", r->file, r->line, key);
        snprintf(got, sizeof got, "%s", b ? "yes" : "no");
    }
    if (strcmp(got, want) != 0)
        complain(r, key, want, got);
}

/* \r \n \t \0 \\ \xHH */
static size_t unescape(char *p, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (c == '\\' && i + 1 < n) {
            char e = p[++i];
            unsigned x = 0;
            if (e == 'x' && i + 2 < n && sscanf(p + i + 1, "%2x", &x) == 1)
                i += 2;
            c = e == 'r'   ? '\r'
                : e == 'n' ? '\n'
                : e == 't' ? '\t'
                : e == '0' ? '\0'
                : e == 'x' ? (char)x
                           : e;
        }
        p[k++] = c;
    }
    return k;
}

static void begin(struct run *r, const char *name)
{
    r->p = proto_find(name, strlen(name), NULL, NULL);
    if (!r->p)
        fail_msg("%s:%u: no protocol \"%s\"", r->file, r->line, name);
    frame_clear(&r->f);
    frame_init(&r->f, r->p->line_limit);
    r->p->begin(&r->now);
    r->n = 0;
    r->in_reply = r->in_body = r->letter = false;
    memset(&r->last, 0, sizeof r->last);
    memset(&r->reply, 0, sizeof r->reply);
    struct command banner = {.verb = proto_pseudo(r->p, VERB_BANNER), .replies = 1};
    push(r, &banner);
}

static unsigned play(struct run *r, FILE *in)
{
    char text[8192];
    struct buf pending;
    unsigned checks = 0;
    buf_init(&pending, 1 << 20);
    while (fgets(text, sizeof text, in)) {
        size_t n = strcspn(text, "\n");
        text[n] = '\0';
        r->line++;
        bool server =
            strncmp(text, "S: ", 3) == 0 || strncmp(text, "S_ ", 3) == 0 || strcmp(text, "S:") == 0;
        if (!server && pending.len) {
            feed(r, pending.p, pending.len);
            buf_trim(&pending, 0);
        }
        if (server) {
            size_t off = n > 2 ? 3 : 2;
            size_t len = unescape(text + off, n - off);
            buf_add(&pending, text + off, len);
            if (text[1] == ':')
                buf_add(&pending, "\r\n", 2);
        } else if (strncmp(text, "C: ", 3) == 0 || strcmp(text, "C:") == 0) {
            size_t off = n > 2 ? 3 : 2;
            client(r, text + off, unescape(text + off, n - off));
        } else if (strncmp(text, "= ", 2) == 0) {
            char *value = strchr(text + 2, ' ');
            if (value)
                *value++ = '\0';
            expect(r, text + 2, value ? value : "");
            checks++;
        } else if (strncmp(text, "talk ", 5) == 0) {
            begin(r, text + 5);
        } else if (n && text[0] != '#') {
            fail_msg("%s:%u: neither C: S: = talk nor #", r->file, r->line);
        }
    }
    if (pending.len)
        feed(r, pending.p, pending.len);
    buf_clear(&pending);
    return checks;
}

static struct run *run_new(const char *path, bool by_octet)
{
    struct run *r = calloc(1, sizeof *r);
    r->file = path;
    r->by_octet = by_octet;
    buf_init(&r->trace, 1 << 22);
    buf_init(&r->capa, 1 << 20);
    return r;
}

static void run_free(struct run *r)
{
    frame_clear(&r->f);
    caps_clear(&r->caps);
    caps_clear(&r->building);
    buf_clear(&r->trace);
    buf_clear(&r->capa);
    free(r);
}

static void one_file(void **state)
{
    const char *path = *state;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    struct run *a = run_new(path, false), *b = run_new(path, true);
    unsigned checks = play(a, in);
    rewind(in);
    assert_int_equal(play(b, in), checks);
    fclose(in);
    assert_true(checks > 0);
    assert_string_equal(buf_str(&a->trace), buf_str(&b->trace));
    run_free(a);
    run_free(b);
}

int main(void)
{
    char *pattern = source_path("tests/transcripts/*.talk");
    glob_t g;
    int rc = glob(pattern, 0, NULL, &g);
    free(pattern);
    if (rc != 0) {
        fprintf(stderr, "no .talk files below %s\n", "tests/transcripts");
        return 99;
    }
    struct CMUnitTest *tests = calloc(g.gl_pathc, sizeof *tests);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const char *slash = strrchr(g.gl_pathv[i], '/');
        tests[i] = (struct CMUnitTest){.name = slash ? slash + 1 : g.gl_pathv[i],
                                       .test_func = one_file,
                                       .initial_state = g.gl_pathv[i]};
    }
    rc = _cmocka_run_group_tests("talks", tests, g.gl_pathc, NULL, NULL);
    free(tests);
    globfree(&g);
    return rc;
}
