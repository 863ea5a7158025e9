/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mail store in memory, with ceilings. Leaves the disk to maildir.c and every reply to the
 * servers. RFC 5321 4.4 (Return-Path at final delivery), RFC 1939 7 (unique-ids). */
#include "practice/mailbox.h"

#include "heloscope/practice.h"
#include "practice/maildir.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

const struct account account_table[ACCOUNTS] = {
#define ACCOUNT(id, local, password, kind, note) [ACCOUNT_##id] = {local, password, kind},
#include "practice/accounts.def"
};

static const struct account_row rows[] = {
#define ACCOUNT(id, local, password, kind, note) {local "@" PRACTICE_HOST, password, note},
#include "practice/accounts.def"
    {NULL, NULL, NULL},
};

const struct account_row *world_accounts(void)
{
    return rows;
}

bool domain_is_ours(const char *domain, size_t n)
{
    return n == strlen(PRACTICE_HOST) && strncasecmp(domain, PRACTICE_HOST, n) == 0;
}

int account_find(const char *name, size_t n)
{
    const char *at = n ? memchr(name, '@', n) : NULL;
    if (at) {
        if (!domain_is_ours(at + 1, n - (size_t)(at - name) - 1))
            return -1;
        n = (size_t)(at - name);
    }
    for (int i = 0; i < ACCOUNTS; i++)
        if (strlen(account_table[i].local) == n &&
            strncasecmp(account_table[i].local, name, n) == 0)
            return i;
    return -1;
}

int login_find(const char *name, size_t n, const char **detail, size_t *detail_len)
{
    const char *at = n ? memchr(name, '@', n) : NULL;
    size_t local = at ? (size_t)(at - name) : n;
    const char *plus = local ? memchr(name, '+', local) : NULL;
    *detail = plus ? plus + 1 : "";
    *detail_len = plus ? (size_t)(name + local - plus) - 1 : 0;
    if (at && !domain_is_ours(at + 1, n - local - 1))
        return -1;
    return account_find(name, plus ? (size_t)(plus - name) : local);
}

void store_init(struct store *s, size_t message_max)
{
    uint64_t m = message_max;
    memset(s, 0, sizeof *s);
    s->box_messages_max = 20000;
    s->box_octets_max = 4 * m > (64u << 20) ? 4 * m : (64u << 20);
    s->octets_max = 2 * s->box_octets_max > (256u << 20) ? 2 * s->box_octets_max : (256u << 20);
}

static void message_clear(struct store *s, struct message *m)
{
    letter_unref(s, m->letter);
    free(m->head);
    free(m->file);
}

void store_clear(struct store *s)
{
    for (int b = 0; b < MAILBOXES; b++) {
        for (size_t i = 0; i < s->box[b].n; i++)
            message_clear(s, &s->box[b].m[i]);
        free(s->box[b].m);
        s->box[b] = (struct mailbox){0};
    }
    maildir_close(s->maildir);
    s->maildir = NULL;
}

struct letter *letter_new(struct store *s, const char *text, size_t n)
{
    struct letter *l = xmalloc(sizeof *l + n + 1);
    l->refs = 1;
    l->len = n;
    l->utf8 = false;
    memcpy(l->text, text, n);
    l->text[n] = '\0';
    const char *body = memmem(l->text, n, "\r\n\r\n", 4);
    size_t header = body ? (size_t)(body - l->text) : n;
    for (size_t i = 0; i < header && !l->utf8; i++)
        l->utf8 = (unsigned char)l->text[i] >= 0x80;
    s->octets += n;
    return l;
}

void letter_ref(struct letter *l)
{
    l->refs++;
}

void letter_unref(struct store *s, struct letter *l)
{
    if (--l->refs)
        return;
    s->octets -= l->len;
    free(l);
}

enum store_result store_fits(const struct store *s, int box, size_t n)
{
    if (s->octets + s->incoming + n > s->octets_max)
        return STORE_FULL;
    if (box < 0)
        return STORE_OK;
    const struct mailbox *b = &s->box[box];
    if (b->n >= s->box_messages_max || b->octets + n > s->box_octets_max)
        return STORE_BOX_FULL;
    if (box < ACCOUNTS && account_table[box].kind == BOX_FULL)
        return STORE_BOX_FULL;
    return STORE_OK;
}

size_t message_octets(const struct message *m)
{
    return m->head_len + m->letter->len;
}

uint64_t store_serial(struct store *s)
{
    return ++s->serial;
}

static enum store_result put(struct store *s, int box, struct message *m)
{
    struct mailbox *b = &s->box[box];
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->m = xrealloc(b->m, b->cap * sizeof *b->m);
    }
    letter_ref(m->letter);
    b->m[b->n++] = *m;
    b->octets += message_octets(m);
    return STORE_OK;
}

/* A name that no other delivery on this host has: seconds, microseconds, process, number. */
static void unique(struct store *s, char *out, size_t size)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(out, size, "%" PRIdMAX ".M%06ldP%ldQ%" PRIu64 ".practice", (intmax_t)now.tv_sec,
             now.tv_nsec / 1000, (long)getpid(), store_serial(s));
}

enum store_result store_deliver(struct store *s, int box, struct letter *l, const char *return_path,
                                const char *for_whom)
{
    struct message m = {.letter = l};
    struct buf head;
    buf_init(&head, 4096);
    buf_addf(&head, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", return_path, for_whom);
    enum store_result r = store_fits(s, box, head.len + l->len);
    if (r == STORE_FULL && s->octets <= s->octets_max)
        r = STORE_OK; /* the letter's own octets are counted already */
    if (r == STORE_OK) {
        m.head = xstrdup(buf_str(&head));
        m.head_len = head.len;
        unique(s, m.uid, sizeof m.uid);
        if (s->maildir &&
            !maildir_write(s->maildir, box, m.uid, m.head, m.head_len, l->text, l->len, &m.file))
            r = STORE_BROKEN;
        else
            put(s, box, &m);
        if (r != STORE_OK)
            free(m.head);
    }
    buf_clear(&head);
    return r;
}

enum store_result store_adopt(struct store *s, int box, struct letter *l, const char *uid,
                              const char *file)
{
    struct message m = {.letter = l};
    const struct mailbox *b = &s->box[box];
    if (b->n >= s->box_messages_max || b->octets + l->len > s->box_octets_max)
        return STORE_BOX_FULL;
    snprintf(m.uid, sizeof m.uid, "%s", uid);
    m.head = xstrdup(""); /* the file holds what delivery wrote */
    m.file = xstrdup(file);
    return put(s, box, &m);
}

bool store_update(struct store *s, int box)
{
    struct mailbox *b = &s->box[box];
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 0; i < b->n; i++) {
        struct message *m = &b->m[i];
        if (m->gone && m->file && !maildir_remove(s->maildir, m->file)) {
            m->gone = false;
            ok = false;
        }
        if (m->gone) {
            b->octets -= message_octets(m);
            message_clear(s, m);
            continue;
        }
        if (m->seen && m->file)
            maildir_seen(s->maildir, &m->file);
        b->m[kept++] = *m;
    }
    b->n = kept;
    return ok;
}

void date_822(char *out, size_t size)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm t;
    gmtime_r(&now, &t);
    snprintf(out, size, "%s, %02d %s %d %02d:%02d:%02d +0000", days[t.tm_wday], t.tm_mday,
             months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}
