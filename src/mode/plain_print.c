/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The talk in plain lines: the mark in front of a reply, and its kind in words for who cannot see
 * marks. */
#include "mode/plain.h"
#include "tui/text.h"
#include "heloscope/buf.h"
#include "heloscope/know.h"

#include <string.h>

#define SHOWN_MAX 8192 /* octets of one line */

static void clean_line(FILE *to, const char *head, const char *p, size_t n)
{
    struct buf b;
    buf_init(&b, 8 * SHOWN_MAX);
    text_clean(&b, p, n > SHOWN_MAX ? SHOWN_MAX : n);
    fprintf(to, "%s%s", head, buf_str(&b));
    if (n > SHOWN_MAX)
        fprintf(to, " [+%zu octets]", n - SHOWN_MAX);
    fputc('\n', to);
    buf_clear(&b);
}

static const char *class_words(enum item_mark m)
{
    switch (m) {
    case MARK_OK:
        return "success";
    case MARK_GO:
        return "go on";
    case MARK_TEMP:
        return "temporary failure";
    case MARK_PERM:
        return "permanent failure";
    case MARK_WARN:
        return "warning";
    default:
        return "";
    }
}

static void explain(FILE *to, const struct source *src, size_t i, const struct item *it)
{
    struct moment m;
    struct explanation e;
    bool text = it->kind == ITEM_TEXT;
    if (it->kind == ITEM_CLIENT || (text && it->mark == MARK_NONE) ||
        !know_item(src, i, it, text, &m, &e))
        return;
    const char *words = class_words(it->mark);
    const char *what = e.what[0] ? e.what : e.gutter;
    if (!words[0] && (it->kind == ITEM_EVENT || !what[0]))
        return;
    fprintf(to, "   | %s%s%s\n", words, words[0] && what[0] ? ": " : "", what);
    if (it->mark == MARK_TEMP || it->mark == MARK_PERM || it->mark == MARK_WARN) {
        if (e.mends[0])
            fprintf(to, "   | who can mend it: %s\n", e.mends);
        if (e.extra[0])
            fprintf(to, "   | %s\n", e.extra);
    }
    if (e.next[0])
        fprintf(to, "   | next: %s\n", e.next);
}

void plain_item(FILE *to, const struct source *src, size_t i)
{
    struct item it;
    struct span s;
    char head[8];
    if (!src->item(src->self, i, &it))
        return;
    for (uint64_t k = 0; k < it.lines && src->line(src->self, i, k, &s); k++) {
        switch (it.kind) {
        case ITEM_CLIENT:
            snprintf(head, sizeof head, "C: ");
            break;
        case ITEM_SERVER:
            snprintf(head, sizeof head, "S: %c ", item_mark_char(it.mark));
            break;
        case ITEM_EVENT:
            snprintf(head, sizeof head, "-- ");
            break;
        default:
            head[0] = '\0';
        }
        if (k > 0 && it.stuffed && s.n > 1 && s.p[0] == '.') {
            s.p++;
            s.n--;
        }
        clean_line(to, head, s.p, s.n);
    }
    if (it.remark)
        clean_line(to, "   | ", it.remark, strlen(it.remark));
    explain(to, src, i, &it);
}
