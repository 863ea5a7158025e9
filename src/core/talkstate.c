/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a talk stands, taken out of it and put back: what annotate.c remembers, so that lines which
 * were understood once need not be read through the driver again. */
#include "talk.h"
#include <stdlib.h>
#include <string.h>

#define WAITING 64 /* more commands than that are not remembered */

/* Member by member: padding must be equal too. */
static void where_copy(struct where *to, const struct where *from)
{
    memset(to, 0, sizeof *to);
    to->state = from->state;
    to->tls = from->tls;
    to->authed = from->authed;
    to->extended = from->extended;
    to->lmtp = from->lmtp;
    to->rcpts = from->rcpts;
}

static void command_copy(struct command *to, const struct command *from)
{
    memset(to, 0, sizeof *to);
    to->verb = from->verb;
    memcpy(to->name, from->name, strnlen(from->name, sizeof from->name - 1));
    memcpy(to->mechanism, from->mechanism, strnlen(from->mechanism, sizeof from->mechanism - 1));
    to->last = from->last;
    to->body = from->body;
    to->replies = from->replies;
    to->initial = from->initial;
    to->step = from->step;
}

static void reply_copy(struct reply *to, const struct reply *from)
{
    memset(to, 0, sizeof *to);
    to->cls = from->cls;
    to->code = from->code;
    memcpy(to->respcode, from->respcode, strnlen(from->respcode, sizeof from->respcode - 1));
    to->lines = 1;
    to->odd = from->odd;
}

size_t talk_save(const struct talk *k, struct talk_state *out, size_t size)
{
    size_t need = sizeof *out + k->n * sizeof *out->queue;
    if ((k->reply_entry != TALK_NONE && !k->in_body) || k->n > WAITING || need > size)
        return 0;
    memset(out, 0, need);
    where_copy(&out->now, &k->now);
    where_copy(&out->ahead, &k->ahead);
    command_copy(&out->last, &k->last);
    if (k->in_body)
        reply_copy(&out->reply, &k->reply);
    out->in_body = k->in_body;
    out->letter_open = k->letter_open;
    out->letter_begun = k->letter_entry != TALK_NONE;
    out->begun = k->begun;
    out->partial = k->partial;
    out->strayed = k->strayed;
    out->challenged = k->challenged;
    out->over = k->over;
    out->n = k->n;
    for (size_t i = 0; i < k->n; i++) {
        command_copy(&out->queue[i].cmd, &k->queue[i].cmd);
        where_copy(&out->queue[i].before, &k->queue[i].before);
        out->queue[i].left = k->queue[i].left;
    }
    return need;
}

void talk_load(struct talk *k, const struct talk_state *s, struct transcript *t)
{
    struct moment m = {.proto = k->proto, .before = s->now, .after = s->now, .reply = s->reply};
    k->t = t;
    k->now = s->now;
    k->ahead = s->ahead;
    k->last = s->last;
    k->reply = s->reply;
    k->in_body = s->in_body;
    k->letter_open = s->letter_open;
    k->begun = s->begun;
    k->partial = s->partial;
    k->strayed = s->strayed;
    k->challenged = s->challenged;
    k->over = s->over;
    k->exchanges = s->begun; /* conclude() asks whether there was one */
    k->literal_left = 0;
    k->entry = k->reply_entry = k->letter_entry = k->literal_entry = TALK_NONE;
    if (s->n > k->cap) {
        k->cap = s->n;
        k->queue = xrealloc(k->queue, k->cap * sizeof *k->queue);
    }
    k->n = s->n;
    if (s->n)
        memcpy(k->queue, s->queue, s->n * sizeof *k->queue);
    if (s->in_body || s->letter_begun) {
        bool body = s->in_body;
        size_t e = transcript_add(t, body ? ITEM_SERVER : ITEM_CLIENT, MARK_NONE, &m, "", 0, 0);
        if (body)
            k->reply_entry = e;
        else
            k->letter_entry = e;
    }
}
