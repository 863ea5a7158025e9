/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recorded talk through the driver: commands queue up, replies are paired with the oldest, one
 * step moves the state, secrets are masked; all as session.c does it with a live one. Which line is
 * whose is logtext.c's to tell. */
#include "talk.h"
#include "colors.h"
#include "stray.h"
#include "heloscope/sasl.h"
#include <stdlib.h>
#include <string.h>

#define MASK "********"

void talk_init(struct talk *k, struct transcript *t, const struct proto *p, bool partial)
{
    memset(k, 0, sizeof *k);
    k->t = t;
    k->proto = p;
    k->partial = k->strayed = partial;
    k->reply_entry = k->letter_entry = k->literal_entry = k->entry = TALK_NONE;
    caps_init(&k->caps);
    caps_init(&k->building);
    p->begin(&k->now);
    k->ahead = k->now;
}

void talk_clear(struct talk *k)
{
    for (size_t i = 0; i < k->nsecrets; i++)
        buf_clear(&k->secrets[i]);
    caps_clear(&k->caps);
    caps_clear(&k->building);
    free(k->queue);
    k->queue = NULL;
    k->n = k->cap = k->nsecrets = 0;
}

bool talk_in_letter(const struct talk *k)
{
    return k->letter_open || k->literal_left > 0;
}

bool talk_in_body(const struct talk *k)
{
    return k->in_body;
}

/* ---- secrets ---- */

static void keep_secret(struct talk *k, const char *p, size_t n)
{
    if (n < 4 || n > 4096)
        return;
    for (size_t i = 0; i < k->nsecrets; i++)
        if (k->secrets[i].len == n && memcmp(k->secrets[i].p, p, n) == 0)
            return;
    if (k->nsecrets == TALK_SECRETS) {
        buf_clear(&k->secrets[0]);
        memmove(&k->secrets[0], &k->secrets[1], (TALK_SECRETS - 1) * sizeof k->secrets[0]);
        k->nsecrets--;
    }
    buf_init_secret(&k->secrets[k->nsecrets], 4096);
    buf_add(&k->secrets[k->nsecrets++], p, n);
    k->secrets_kept++;
}

/* A command's secret: as it stands, without the colours that a program put around it (a server
 * echoes it so), and what it says decoded. */
static void keep_all(struct talk *k, const struct command *cmd, const char *p, size_t n)
{
    struct buf bare, plain;
    buf_init_secret(&bare, n);
    buf_init_secret(&plain, 4096);
    keep_secret(k, p, n);
    if (memchr(p, '\033', n) && buf_add(&bare, p, n)) {
        p = bare.p;
        n = colors_strip(bare.p, n, NULL);
        keep_secret(k, p, n);
    }
    if (cmd->mechanism[0] && sasl_secret_of(cmd->mechanism, cmd->step, p, n, &plain))
        keep_secret(k, plain.p, plain.len);
    buf_clear(&bare);
    buf_clear(&plain);
}

void talk_inherit(struct talk *k, const struct talk *from)
{
    for (size_t i = 0; i < from->nsecrets; i++)
        keep_secret(k, from->secrets[i].p, from->secrets[i].len);
}

/* Copies the line with what is known to be secret masked. True: something was. */
static bool mask(const struct talk *k, const char *p, size_t n, struct buf *out)
{
    bool found = false;
    for (size_t i = 0; i < n;) {
        size_t best = n, len = 0;
        for (size_t s = 0; s < k->nsecrets && !k->shown; s++) {
            const struct buf *b = &k->secrets[s];
            const char *hit = memmem(p + i, n - i, b->p, b->len);
            if (hit && (size_t)(hit - p) < best) {
                best = (size_t)(hit - p);
                len = b->len;
            }
        }
        buf_add(out, p + i, best - i);
        if (len) {
            found = true;
            buf_add_str(out, MASK);
        }
        i = best + len;
    }
    return found;
}

/* ---- commands ---- */

static void look_ahead(struct talk *k)
{
    k->ahead = k->now;
    for (size_t i = 0; i < k->n; i++) {
        struct reply hope = {0};
        k->proto->hope(&k->queue[i].cmd, &hope);
        k->proto->step(&k->ahead, &k->queue[i].cmd, &hope);
    }
}

static void push(struct talk *k, const struct command *cmd, const struct where *before,
                 uint32_t exchange)
{
    if (k->n == TALK_QUEUE) { /* a recording without replies: the oldest will never get one */
        memmove(k->queue, k->queue + 1, (k->n - 1) * sizeof *k->queue);
        k->n--;
    }
    if (k->n == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 8;
        k->queue = xrealloc(k->queue, k->cap * sizeof *k->queue);
    }
    k->queue[k->n++] = (struct talk_command){.cmd = *cmd, .before = *before, .exchange = exchange};
    look_ahead(k);
}

static void hoped(struct talk *k, const struct verb *v)
{
    struct command c = {.verb = v, .replies = 1};
    struct reply r = {0};
    k->proto->hope(&c, &r);
    k->proto->step(&k->now, &c, &r);
}

/* The talk begins with a command, so its banner was not recorded: stand where this command makes
 * sense. */
static void conclude(struct talk *k, const struct command *cmd)
{
    const struct verb *v = cmd->verb;
    hoped(k, proto_pseudo(k->proto, VERB_BANNER));
    if (v && !proto_legal(v, &k->now) && k->proto->caps_verb)
        hoped(k, proto_verb(k->proto, k->proto->caps_verb, strlen(k->proto->caps_verb)));
    if (v && !proto_legal(v, &k->now) && v->legal &&
        !(v->flags & (VERB_BANNER | VERB_END | VERB_ANSWER)))
        k->now.state = (uint8_t)__builtin_ctz(v->legal);
    look_ahead(k);
}

static size_t add_line(struct talk *k, enum item_kind kind, enum item_mark m,
                       const struct moment *mo, const char *p, size_t n, unsigned notes)
{
    size_t e = transcript_add(k->t, kind, m, mo, p, n, notes);
    transcript_more(k->t, e, "\r\n", 2, 0);
    k->entry = e;
    return e;
}

static void more_line(struct talk *k, size_t e, const char *p, size_t n, unsigned notes)
{
    transcript_more(k->t, e, p, n, notes);
    transcript_more(k->t, e, "\r\n", 2, 0);
    k->entry = e;
}

static unsigned notes_of(const struct talk *k, const char *p, size_t n)
{
    struct scan s = {0};
    scan_bytes(&s, p, n, 0);
    return s.notes | (n + 2 > k->proto->line_limit ? NOTE_LONG : 0);
}

/* The dot came, or something that can only come after it. */
static void letter_ends(struct talk *k)
{
    struct command end = {.verb = proto_pseudo(k->proto, VERB_END), .replies = 1};
    k->letter_open = false;
    if (k->letter_entry == TALK_NONE || !end.verb)
        return;
    push(k, &end, &k->now, k->exchanges);
    k->letter_entry = TALK_NONE;
}

static void letter_line(struct talk *k, const char *line, size_t n)
{
    if (k->letter_entry == TALK_NONE) {
        struct command end = {.verb = proto_pseudo(k->proto, VERB_END), .replies = 1};
        struct moment m = {.proto = k->proto, .command = end, .before = k->now, .after = k->now};
        struct reply hope = {0};
        k->proto->hope(&end, &hope);
        k->proto->step(&m.after, &end, &hope);
        m.exchange = ++k->exchanges;
        k->letter_entry = add_line(k, ITEM_CLIENT, MARK_NONE, &m, line, n, 0);
    } else {
        more_line(k, k->letter_entry, line, n, 0);
    }
    if (n == 1 && line[0] == '.')
        letter_ends(k);
}

/* Another session in the same recording. Secrets stay known. */
static void restart(struct talk *k)
{
    k->proto->begin(&k->now);
    k->n = 0;
    k->ahead = k->now;
    k->begun = k->letter_open = k->partial = k->strayed = k->challenged = k->over = false;
    k->letter_entry = TALK_NONE;
    k->literal_left = 0;
    memset(&k->last, 0, sizeof k->last);
}

void talk_secured(struct talk *k)
{
    if (k->over)
        restart(k);
    if (!k->begun)
        k->now.tls = k->ahead.tls = true;
}

/* A reply that nobody waits for and that looks like a banner. */
static bool greets(const char *p, size_t n)
{
    return n >= 3 && (memcmp(p, "220", 3) == 0 || memcmp(p, "+OK", 3) == 0);
}

void talk_client(struct talk *k, const char *line, size_t n)
{
    struct command cmd;
    struct buf shown;
    if (k->over)
        restart(k);
    bool first = !k->begun;
    k->begun = true;
    k->strayed = false;
    if (k->literal_left > 0) {
        more_line(k, k->literal_entry, line, n, 0);
        k->literal_left -= n + 2 < k->literal_left ? n + 2 : k->literal_left;
        return;
    }
    if (k->letter_open) {
        letter_line(k, line, n);
        return;
    }
    bool may_answer = k->last.verb && (k->last.verb->flags & (VERB_AUTH | VERB_ANSWER));
    k->proto->command(&k->ahead, may_answer ? &k->last : NULL, line, n, &cmd);
    if (first || (k->partial && k->exchanges == 0)) {
        conclude(k, &cmd);
        k->proto->command(&k->ahead, NULL, line, n, &cmd);
    }
    unsigned notes = notes_of(k, line, n);
    buf_init_secret(&shown, n * 8 + 64);
    bool written =
        cmd.secret_len == strlen(MASK) && memcmp(line + cmd.secret, MASK, strlen(MASK)) == 0;
    if (cmd.secret_len > 0 && !written && !k->shown) {
        keep_all(k, &cmd, line + cmd.secret, cmd.secret_len);
        buf_add(&shown, line, cmd.secret);
        buf_add_str(&shown, MASK);
        buf_add(&shown, line + cmd.secret + cmd.secret_len, n - cmd.secret - cmd.secret_len);
        notes |= NOTE_MASKED;
    } else if (mask(k, line, n, &shown) || written) {
        notes |= NOTE_MASKED;
    }
    struct where before = k->ahead;
    push(k, &cmd, &before, ++k->exchanges);
    struct moment m = {.proto = k->proto,
                       .command = cmd,
                       .before = before,
                       .after = k->ahead,
                       .exchange = k->exchanges};
    size_t e = add_line(k, ITEM_CLIENT, MARK_NONE, &m, shown.p ? shown.p : "", shown.len, notes);
    bool answer = cmd.verb && (cmd.verb->flags & VERB_ANSWER);
    if (cmd.mechanism[0] && !written && (cmd.secret_len > 0 || cmd.initial || (answer && n == 0))) {
        char words[512];
        sasl_describe_answer(cmd.mechanism, cmd.step, line + cmd.secret, cmd.secret_len, words,
                             sizeof words);
        transcript_remark(k->t, e, words);
    }
    buf_clear(&shown);
    if (!may_answer || cmd.verb || !cmd.secret_len) /* one answer may follow the other */
        k->last = cmd;
    k->literal_left = cmd.literal;
    k->literal_entry = e;
}

/* ---- replies ---- */

static void learn(struct talk *k, const char *line, size_t n)
{
    struct cap_line c;
    if (k->proto->capability(k->cap_index++, line, n, &c))
        caps_add(&k->building, line + c.keyword, c.keyword_len, line + c.params, c.params_len);
}

static void publish(struct talk *k, size_t entry)
{
    struct cap_diff rows[2 * CAPS_MAX];
    int count[4] = {0};
    size_t n = k->has_caps ? caps_diff(&k->caps, &k->building, rows, 2 * CAPS_MAX) : 0;
    for (size_t i = 0; i < n && i < 2 * CAPS_MAX; i++)
        count[rows[i].change]++;
    if (n)
        transcript_caps(k->t, entry, count[CAP_NEW], count[CAP_GONE], count[CAP_CHANGED]);
    caps_clear(&k->caps);
    k->caps = k->building;
    caps_init(&k->building);
    k->has_caps = true;
}

static void finish(struct talk *k)
{
    struct talk_command none = {.before = k->now}, *o = k->n ? &k->queue[0] : &none;
    bool paired = k->n > 0;
    unsigned flags = o->cmd.verb ? o->cmd.verb->flags : 0;
    bool good = k->reply.cls == REPLY_OK || k->reply.cls == REPLY_GO;
    if (paired && o->left == 0)
        o->left = proto_replies(k->proto, &k->now, &o->cmd);
    /* What was accepted was legal: that tells where a talk stands whose beginning is not known. */
    if (k->partial && good && o->cmd.verb && o->cmd.verb->legal &&
        !(o->cmd.verb->legal & (1u << k->now.state)))
        k->now.state = (uint8_t)__builtin_ctz(o->cmd.verb->legal);
    k->proto->step(&k->now, paired ? &o->cmd : NULL, &k->reply);
    struct moment m = {.proto = k->proto,
                       .command = o->cmd,
                       .before = o->before,
                       .after = k->now,
                       .reply = k->reply,
                       .exchange = o->exchange,
                       .unsolicited = !paired};
    transcript_close(k->t, k->reply_entry, item_mark_of(k->reply.cls), &m, 0);
    if ((flags & VERB_CAPS) && k->reply.cls == REPLY_OK)
        publish(k, k->reply_entry);
    caps_clear(&k->building);
    k->letter_open = (flags & VERB_LETTER) && k->reply.cls == REPLY_GO;
    k->over = (flags & VERB_QUIT) && k->reply.cls == REPLY_OK;
    if (paired && --o->left == 0)
        memmove(k->queue, k->queue + 1, --k->n * sizeof *k->queue);
    look_ahead(k);
    k->reply_entry = TALK_NONE;
    k->in_body = false;
}

static void body_line(struct talk *k, const char *line, size_t n)
{
    const struct verb *v = k->n ? k->queue[0].cmd.verb : NULL;
    more_line(k, k->reply_entry, line, n, NOTE_STUFFED);
    if (n == 1 && line[0] == '.')
        finish(k);
    else if (v && (v->flags & VERB_CAPS))
        learn(k, line, n);
}

void talk_server(struct talk *k, const char *line, size_t n)
{
    struct buf shown;
    if (k->in_body) {
        body_line(k, line, n);
        return;
    }
    if (k->letter_open)
        letter_ends(k);
    k->literal_left = 0;
    if (k->reply_entry == TALK_NONE && k->begun && !k->strayed &&
        (k->over || (k->n == 0 && greets(line, n))))
        restart(k);
    if (!k->begun && !k->partial) {
        struct command banner = {.verb = proto_pseudo(k->proto, VERB_BANNER), .replies = 1};
        push(k, &banner, &k->now, 0);
    }
    k->begun = true;
    buf_init(&shown, n * 8 + 64);
    unsigned notes = notes_of(k, line, n) | (mask(k, line, n, &shown) ? NOTE_MASKED : 0);
    const struct command none = {0}, *cmd = k->n ? &k->queue[0].cmd : &none;
    bool first = k->reply_entry == TALK_NONE;
    if (first)
        memset(&k->reply, 0, sizeof k->reply);
    struct reply keep = k->reply;
    enum reply_step step = k->proto->reply(cmd, line, n, &k->reply);
    struct moment m = {.proto = k->proto, .command = *cmd, .before = k->now, .after = k->now};
    const char *text = shown.p ? shown.p : "";
    if (step == REPLY_GARBAGE && first) {
        m.event = EVENT_GARBAGE;
        m.unsolicited = true;
        k->reply = keep;
        size_t e = add_line(k, ITEM_SERVER, k->strayed ? MARK_NONE : MARK_WARN, &m, text, shown.len,
                            notes);
        transcript_close(k->t, e, k->strayed ? MARK_NONE : MARK_WARN, &m, 0);
        buf_clear(&shown);
        return;
    }
    if (step == REPLY_GARBAGE) { /* in the middle of a reply: part of it, and odd */
        k->reply = keep;
        k->reply.odd = true;
        k->reply.lines++;
        step = REPLY_MORE_LINES;
    }
    if (first) {
        m.reply = k->reply;
        k->cap_index = 0;
        k->reply_entry =
            add_line(k, ITEM_SERVER, item_mark_of(k->reply.cls), &m, text, shown.len, notes);
    } else {
        more_line(k, k->reply_entry, text, shown.len, notes);
    }
    if (cmd->verb && (cmd->verb->flags & VERB_CAPS) && k->reply.cls == REPLY_OK)
        learn(k, line, n);
    bool dialogue = cmd->verb && (cmd->verb->flags & (VERB_AUTH | VERB_ANSWER));
    k->challenged = dialogue && k->reply.cls == REPLY_GO;
    if (k->challenged && k->reply.text <= n) {
        char words[512];
        sasl_describe_challenge(cmd->mechanism, line + k->reply.text, n - k->reply.text, words,
                                sizeof words);
        transcript_remark(k->t, k->reply_entry, words);
    }
    buf_clear(&shown);
    if (step == REPLY_BODY)
        k->in_body = true;
    else if (step == REPLY_WHOLE)
        finish(k);
}

/* What is no part of the talk may still quote a login. */
static void plain_entry(struct talk *k, enum item_kind kind, enum item_mark mark_,
                        enum event_kind event, const char *line, size_t n)
{
    struct moment m = {.proto = k->proto, .before = k->now, .after = k->now, .event = event};
    unsigned notes = notes_of(k, line, n) & ~(unsigned)(NOTE_LONG | NOTE_BARE_LF);
    struct buf stray, shown;
    buf_init_secret(&stray, n * 8 + 64);
    buf_init_secret(&shown, n * 64 + 512);
    if (!k->shown && stray_mask(line, n, &stray)) {
        notes |= NOTE_MASKED;
        line = buf_str(&stray);
        n = stray.len;
    }
    if (k->nsecrets && mask(k, line, n, &shown)) {
        notes |= NOTE_MASKED;
        line = buf_str(&shown);
        n = shown.len;
    }
    k->entry = transcript_add(k->t, kind, mark_, &m, line, n, notes);
    buf_clear(&stray);
    buf_clear(&shown);
}

void talk_event(struct talk *k, const char *line, size_t n)
{
    plain_entry(k, ITEM_EVENT, MARK_EVENT, EVENT_NOTE, line, n);
}

void talk_text(struct talk *k, const char *line, size_t n)
{
    plain_entry(k, ITEM_TEXT, MARK_NONE, EVENT_NOTE, line, n);
}

void talk_end(struct talk *k)
{
    if (k->reply_entry == TALK_NONE)
        return;
    struct moment m = {.proto = k->proto, .before = k->now, .after = k->now, .reply = k->reply};
    if (k->n) {
        m.command = k->queue[0].cmd;
        m.exchange = k->queue[0].exchange;
    }
    transcript_close(k->t, k->reply_entry, item_mark_of(k->reply.cls), &m, 0);
    k->reply_entry = TALK_NONE;
}

struct talk_view talk_view(const struct talk *k)
{
    return (struct talk_view){.proto = k->proto,
                              .in_body = k->in_body,
                              .in_letter = talk_in_letter(k),
                              .begun = k->begun,
                              .strayed = k->strayed,
                              .paired = k->n > 0,
                              .open = k->reply_entry != TALK_NONE,
                              .challenged = k->challenged};
}

bool talk_holds_secret(const struct talk *k, uint32_t newest, const char *p, size_t n)
{
    size_t first = newest < k->nsecrets ? k->nsecrets - newest : 0;
    for (size_t i = first; i < k->nsecrets && !k->shown; i++)
        if (memmem(p, n, k->secrets[i].p, k->secrets[i].len))
            return true;
    return false;
}

bool talk_mask(const struct talk *k, const char *p, size_t n, struct buf *out)
{
    return mask(k, p, n, out);
}
