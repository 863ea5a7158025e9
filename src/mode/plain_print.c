/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The talk in plain lines: the mark in front of a reply, and its kind in words for who cannot see
 * marks. */
#include "mode/plain.h"
#include "heloscope/buf.h"
#include "heloscope/harmless.h"
#include "heloscope/know.h"
#include "heloscope/tlsreport.h"

#include <string.h>

#define SHOWN_MAX 8192          /* octets of one line */
#define STREAM_FROM (32u << 10) /* octets from which an open reply is printed as it comes */

static void clean_line(FILE *to, const char *head, const char *p, size_t n)
{
    struct buf b;
    fputs_unlocked(head, to);
    if (n <= SHOWN_MAX && text_harmless(p, n)) { /* nearly always */
        fwrite_unlocked(p, 1, n, to);
        putc_unlocked('\n', to);
        return;
    }
    buf_init(&b, 8 * SHOWN_MAX);
    text_clean(&b, p, n > SHOWN_MAX ? SHOWN_MAX : n);
    fwrite_unlocked(buf_str(&b), 1, b.len, to);
    if (n > SHOWN_MAX)
        fprintf(to, " [+%zu octets]", n - SHOWN_MAX);
    putc_unlocked('\n', to);
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

static void head_of(const struct item *it, char *head, size_t size)
{
    switch (it->kind) {
    case ITEM_CLIENT:
        snprintf(head, size, "C: ");
        break;
    case ITEM_SERVER:
        snprintf(head, size, "S: %c ", item_mark_char(it->mark));
        break;
    case ITEM_EVENT:
        snprintf(head, size, "-- ");
        break;
    default:
        head[0] = '\0';
    }
}

/* From its line `from` on. */
static void item_from(FILE *to, const struct source *src, size_t i, uint64_t from)
{
    struct item it;
    struct span s;
    char head[8];
    if (!src->item(src->self, i, &it))
        return;
    head_of(&it, head, sizeof head);
    for (uint64_t k = from; k < it.lines && src->line(src->self, i, k, &s); k++) {
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

void plain_item(FILE *to, const struct source *src, size_t i)
{
    item_from(to, src, i, 0);
}

void plain_rest(FILE *to, const struct source *src, size_t i)
{
    item_from(to, src, i, 1);
}

bool plain_stream(FILE *to, struct transcript *t, size_t i, bool *told)
{
    const struct source *src = transcript_source(t);
    struct item it;
    char head[8];
    struct span all = transcript_text(t, i);
    if (all.n < STREAM_FROM || !src->item(src->self, i, &it) || !it.stuffed)
        return false;
    const char *p = all.p, *end = p + all.n, *lf = memchr(p, '\n', all.n);
    if (!lf)
        return false;
    size_t first = (size_t)(lf - p) + 1;
    head_of(&it, head, sizeof head);
    static char out[65536]; /* stdio is asked once for some hundred lines */
    size_t k = 0, h = strlen(head);
    for (bool body = false; lf; lf = memchr(p, '\n', (size_t)(end - p)), body = true) {
        size_t n = (size_t)(lf - p), cr = n > 0 && lf[-1] == '\r';
        size_t dot = body && n > 1 + cr && *p == '.';
        const char *text = p + dot;
        n -= cr + dot;
        p = lf + 1;
        if (!body && *told)
            continue;
        bool usual = n <= SHOWN_MAX && text_harmless(text, n);
        if (!usual || k + h + n + 1 > sizeof out) {
            fwrite_unlocked(out, 1, k, to);
            k = 0;
        }
        if (!usual) {
            clean_line(to, head, text, n);
            continue;
        }
        memcpy(out + k, head, h);
        memcpy(out + k + h, text, n);
        out[k + h + n] = '\n';
        k += h + n + 1;
    }
    fwrite_unlocked(out, 1, k, to);
    *told = true;
    transcript_cut(t, i, first, (size_t)(p - all.p) - first);
    return true;
}

void plain_tls(FILE *to, const struct session *s)
{
    struct tls_seen seen;
    struct buf b;
    session_tls_seen(s, &seen);
    buf_init(&b, 4 << 20);
    tls_report_text(&seen, &b);
    fwrite(b.p, 1, b.len, to);
    fflush(to);
    buf_clear(&b);
}
