/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk becomes a script that says it again: the client's lines, an `expect` with the code of each
 * reply, `together` where lines went out before the replies came, `tls`, `letter` and `auth` in the
 * places of what cannot be typed. Masked secrets do not come back: `auth` asks for them. */
#include "script/script_priv.h"

#include "heloscope/filesave.h"
#include "heloscope/frame.h"
#include "heloscope/harmless.h"

#include <stdlib.h>
#include <string.h>

struct saver {
    FILE *f;
    const struct source *src;
    const struct proto *proto;
    char user[256]; /* who logs in, as far as the talk tells */
    char mechanism[32];
    bool hide;       /* the replies that follow belong to `auth` until it is over */
    size_t together; /* client items up to this index stand inside `together` */
};

static bool plain_text(const char *p, size_t n)
{
    struct buf b;
    buf_init(&b, 8 * n + 64);
    text_clean(&b, p, n);
    bool same = b.len == n && (n == 0 || memcmp(b.p, p, n) == 0);
    buf_clear(&b);
    return same;
}

static void put_clean(FILE *f, const char *p, size_t n)
{
    struct buf b;
    buf_init(&b, 8 * n + 64);
    text_clean(&b, p, n);
    fwrite(buf_str(&b), 1, b.len, f);
    buf_clear(&b);
}

/* Dollars are doubled. */
static void put_dollars(FILE *f, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '$')
            fputc('$', f);
        fputc(p[i], f);
    }
}

static void put_raw(FILE *f, const char *p, size_t n)
{
    fputs("send-raw ", f);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '\\')
            fputs("\\\\", f);
        else if (c <= 0x20 || c >= 0x7f)
            fprintf(f, "\\x%02x", c);
        else
            fputc(c, f);
    }
    fputs("\\r\\n\n", f);
}

/* Can only send-raw say it? */
static bool is_raw(const char *p, size_t n)
{
    bool ends = n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t');
    return n == 0 || ends || p[0] == ' ' || p[0] == '\t' || !plain_text(p, n);
}

static void put_line(FILE *f, const char *p, size_t n)
{
    if (is_raw(p, n)) {
        put_raw(f, p, n);
        return;
    }
    if (p[0] < 'A' || p[0] > 'Z')
        fputs("send ", f);
    put_dollars(f, p, n);
    fputc('\n', f);
}

/* A word that is no line of the letter ends it. */
static void end_word(const struct source *src, size_t i, uint64_t lines, uint64_t from, char *out,
                     size_t size)
{
    struct span s;
    unsigned try = 0;
    snprintf(out, size, "END");
    for (uint64_t k = from; k < lines && src->line(src->self, i, k, &s); k++)
        if (s.n == strlen(out) && memcmp(s.p, out, s.n) == 0) {
            snprintf(out, size, "END%u", ++try);
            k = from - 1;
        }
}

static void put_letter(struct saver *sv, size_t i, const struct item *it, bool bdat)
{
    char mark[24];
    struct span s;
    uint64_t from = bdat ? 1 : 0, last = it->lines;
    struct moment m;
    bool more = bdat && sv->src->moment(sv->src->self, i, &m) && !m.command.last;
    if (!bdat && last > 0) /* the lone dot */
        last--;
    end_word(sv->src, i, last, from, mark, sizeof mark);
    fprintf(sv->f, "%s%s<<%s\n", bdat ? "bdat " : "letter ", more ? "more " : "", mark);
    for (uint64_t k = from; k < last && sv->src->line(sv->src->self, i, k, &s); k++) {
        if (!bdat && s.n > 0 && s.p[0] == '.') { /* stuffed on the wire */
            s.p++;
            s.n--;
        }
        put_dollars(sv->f, s.p, s.n);
        fputc('\n', sv->f);
    }
    fprintf(sv->f, "%s\n", mark);
}

/* "user student, password hidden" -> student */
static void learn_user(struct saver *sv, const struct item *it)
{
    if (!it->remark || strncmp(it->remark, "user ", 5) != 0)
        return;
    size_t n = strcspn(it->remark + 5, ", ");
    if (n > 0 && n < sizeof sv->user)
        snprintf(sv->user, sizeof sv->user, "%.*s", (int)n, it->remark + 5);
}

/* Does item i begin a row of client's items that went out before the first reply came? */
static size_t group_end(struct saver *sv, size_t i)
{
    struct item it;
    struct span s;
    size_t last = i;
    if (!sv->src->line(sv->src->self, i, 0, &s) || is_raw(s.p, s.n))
        return i;
    for (size_t k = i + 1; sv->src->item(sv->src->self, k, &it); k++) {
        struct moment m;
        if (it.kind == ITEM_EVENT)
            continue;
        if (it.kind != ITEM_CLIENT || (it.notes & NOTE_MASKED) ||
            !sv->src->moment(sv->src->self, k, &m) ||
            (m.command.verb &&
             (m.command.verb->flags & (VERB_END | VERB_LITERAL | VERB_ANSWER | VERB_UPGRADE))) ||
            !sv->src->line(sv->src->self, k, 0, &s) || is_raw(s.p, s.n))
            break;
        last = k;
    }
    return last;
}

/* USER before PASS: what it says becomes part of `auth`. */
static bool before_secret(struct saver *sv, size_t i)
{
    struct item it;
    for (size_t k = i + 1; sv->src->item(sv->src->self, k, &it); k++)
        if (it.kind == ITEM_CLIENT)
            return (it.notes & NOTE_MASKED) != 0;
    return false;
}

static void put_auth(struct saver *sv)
{
    bool told = sv->user[0] && plain_text(sv->user, strlen(sv->user)) && !strchr(sv->user, ' ');
    if (!told)
        fputs("# the talk does not tell who logged in: put the name in\n", sv->f);
    fputs("auth ", sv->f);
    if (sv->mechanism[0])
        fprintf(sv->f, "%s ", sv->mechanism);
    put_dollars(sv->f, told ? sv->user : "somebody", strlen(told ? sv->user : "somebody"));
    fputc('\n', sv->f);
}

static void client(struct saver *sv, size_t i, const struct item *it)
{
    struct moment m;
    struct span s;
    if (!sv->src->moment(sv->src->self, i, &m) || !sv->src->line(sv->src->self, i, 0, &s))
        return;
    const struct verb *v = m.command.verb;
    unsigned flags = v ? v->flags : 0;
    if (flags & VERB_AUTH) {
        snprintf(sv->mechanism, sizeof sv->mechanism, "%s", m.command.mechanism);
        sv->user[0] = '\0';
        learn_user(sv, it);
        sv->hide = true;
        return;
    }
    if (flags & VERB_ANSWER) {
        learn_user(sv, it);
        return;
    }
    if (flags & VERB_SECRET) { /* PASS, APOP */
        if (strcmp(v->name, "APOP") == 0) {
            size_t at = m.command.user, n = m.command.user_len;
            snprintf(sv->mechanism, sizeof sv->mechanism, "APOP");
            snprintf(sv->user, sizeof sv->user, "%.*s", at + n <= s.n && n < 255 ? (int)n : 0,
                     s.p + (at <= s.n ? at : 0));
        } else
            snprintf(sv->mechanism, sizeof sv->mechanism, "USER");
        put_auth(sv);
        return;
    }
    if (m.command.user_len > 0 && before_secret(sv, i)) {
        size_t at = m.command.user, n = m.command.user_len;
        if (at + n <= s.n && n < sizeof sv->user)
            snprintf(sv->user, sizeof sv->user, "%.*s", (int)n, s.p + at);
        sv->hide = true;
        return;
    }
    if (flags & VERB_UPGRADE) {
        fputs("tls\n", sv->f);
        return;
    }
    if (flags & VERB_END) {
        put_letter(sv, i, it, false);
        return;
    }
    if ((flags & VERB_LITERAL) && it->lines > 1) {
        put_letter(sv, i, it, true);
        return;
    }
    size_t last = sv->together > i ? sv->together : group_end(sv, i);
    if (last > i && sv->together <= i) {
        fputs("together\n", sv->f);
        sv->together = last + 1;
    }
    put_line(sv->f, s.p, s.n);
    if (sv->together == i + 1) {
        fputs("end\n", sv->f);
        sv->together = 0;
    }
}

static void server(struct saver *sv, size_t i)
{
    struct moment m;
    if (!sv->src->moment(sv->src->self, i, &m))
        return;
    if (m.reply.cls == REPLY_NONE) {
        fputs("# what came here was no reply\n", sv->f);
        return;
    }
    if (sv->hide) {
        unsigned flags = m.command.verb ? m.command.verb->flags : 0;
        bool sasl = (flags & (VERB_AUTH | VERB_ANSWER)) != 0;
        if (sasl && m.reply.cls == REPLY_GO)
            return; /* a challenge */
        sv->hide = false;
        if (!sasl) /* the reply to USER: PASS comes next */
            return;
        put_auth(sv);
    }
    if (m.reply.code > 0)
        fprintf(sv->f, "expect %03d\n", m.reply.code);
    else
        fprintf(sv->f, "expect %s\n",
                m.reply.cls == REPLY_OK   ? "+OK"
                : m.reply.cls == REPLY_GO ? "+"
                                          : "-ERR");
}

bool script_write(FILE *f, const struct source *src, const char *target)
{
    struct saver sv = {.f = f, .src = src};
    struct item it;
    struct moment m;
    fputs("# A talk saved as a script: heloscope run FILE [TARGET]\n", f);
    for (size_t i = 0, n = src->count(src->self); i < n && !sv.proto; i++)
        if (src->moment(src->self, i, &m))
            sv.proto = m.proto;
    if (target && *target && plain_text(target, strlen(target)))
        fprintf(f, "target %s\n", target);
    for (size_t i = 0, n = src->count(src->self); i < n && !ferror(f); i++) {
        struct span s;
        if (!src->item(src->self, i, &it) || !src->line(src->self, i, 0, &s))
            continue;
        switch (it.kind) {
        case ITEM_CLIENT:
            client(&sv, i, &it);
            break;
        case ITEM_SERVER:
            if (!it.open)
                server(&sv, i);
            break;
        case ITEM_EVENT:
        case ITEM_TEXT:
            fputs("# ", f);
            put_clean(f, s.p, s.n < 400 ? s.n : 400);
            fputc('\n', f);
            break;
        }
    }
    return fflush(f) == 0 && !ferror(f);
}

struct talk_to_save {
    const struct source *src;
    const char *target;
};

static bool write_it(FILE *f, void *arg)
{
    const struct talk_to_save *t = arg;
    return script_write(f, t->src, t->target);
}

bool script_save(const char *path, const struct source *src, const char *target, bool over,
                 char *why, size_t size)
{
    struct talk_to_save t = {.src = src, .target = target};
    return filesave(path, 0600, over, write_it, &t, why, size);
}
