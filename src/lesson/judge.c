/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows a lesson an exchange as a transcript has it: the client's screen and the server of a class
 * judge alike. */
#include "heloscope/lesson.h"

enum {
    TEXT_MAX = 65536, /* of a reply or a letter that a lesson looks at */
    BACK_MAX = 200,   /* items between a reply and its command */
};

/* Lines of an item, joined by LF. */
static void text_of(const struct source *src, size_t i, const struct item *it, struct buf *out)
{
    for (uint64_t k = 0; k < it->lines && out->len < TEXT_MAX; k++) {
        struct span line;
        if (!src->line(src->self, i, k, &line))
            break;
        size_t room = TEXT_MAX - out->len;
        bool dot = it->stuffed && k > 0 && line.n > 1 && *line.p == '.';
        line.p += dot;
        line.n -= dot;
        buf_add(out, line.p, line.n < room ? line.n : room);
        buf_add(out, "\n", 1);
    }
}

/* The client's item that reply i answers; (size_t)-1: none near. */
static size_t command_of(const struct source *src, size_t i, uint32_t exchange)
{
    struct item it;
    for (size_t k = i; exchange && k-- > 0 && i - k < BACK_MAX;)
        if (src->item(src->self, k, &it) && it.kind == ITEM_CLIENT && it.exchange == exchange)
            return k;
    return (size_t)-1;
}

enum lesson_news lesson_judge(struct lesson_walk *w, const struct source *src, size_t i)
{
    struct buf command, reply, letter;
    struct item it, said;
    struct moment m;
    struct span line;
    if (!src->item(src->self, i, &it) || it.kind != ITEM_SERVER || it.open ||
        !src->moment(src->self, i, &m) || m.unsolicited)
        return LESSON_ASIDE;
    buf_init(&command, 2 * TEXT_MAX);
    buf_init(&reply, 2 * TEXT_MAX);
    buf_init(&letter, 2 * TEXT_MAX);
    size_t c = command_of(src, i, m.exchange);
    if (c != (size_t)-1 && src->item(src->self, c, &said)) {
        bool end = m.command.verb && (m.command.verb->flags & VERB_END);
        if (end)
            text_of(src, c, &said, &letter);
        else if (src->line(src->self, c, 0, &line))
            buf_add(&command, line.p, line.n < TEXT_MAX ? line.n : TEXT_MAX);
    }
    text_of(src, i, &it, &reply);
    struct lesson_exchange x = {&m,
                                {buf_str(&command), command.len},
                                {buf_str(&reply), reply.len},
                                {buf_str(&letter), letter.len}};
    enum lesson_news news = lesson_saw(w, &x);
    buf_clear(&command);
    buf_clear(&reply);
    buf_clear(&letter);
    return news;
}
