/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --data, or --header, --body and --attach. A file over a megabyte is read as it is sent, once for
 * each mail; its size on the wire is told from its beginning (RFC 1870 takes an estimate). */
#include "mode/send_letter.h"
#include "mode/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL ((size_t)1 << 20)
#define LETTER_MAX ((size_t)128 << 20) /* in memory: attachments, standard input */

static bool cannot(const char *path, char *why, size_t size)
{
    snprintf(why, size, "%s cannot be read: %s", path, strerror(errno));
    return false;
}

/* Up to most octets of fd. */
static bool read_some(int fd, struct buf *out, size_t most)
{
    while (out->len < most) {
        size_t want = most - out->len < 65536 ? most - out->len : 65536;
        char *room = buf_room(out, want);
        if (!room) {
            errno = EFBIG;
            return false;
        }
        ssize_t n = read(fd, room, want);
        if (n < 0 && errno != EINTR)
            return false;
        if (n == 0)
            break;
        if (n > 0)
            buf_grew(out, (size_t)n);
    }
    return true;
}

/* LFs without a CR, and is there an octet above 127? */
static size_t bare_lfs(const char *p, size_t n, bool *eightbit)
{
    size_t bare = 0;
    for (const char *q = p, *end = p + n; q < end && (q = memchr(q, '\n', (size_t)(end - q))); q++)
        bare += q == p || q[-1] != '\r';
    for (size_t i = 0; i < n && !*eightbit; i++)
        *eightbit = (unsigned char)p[i] >= 0x80;
    return bare;
}

static void measure(struct send_letter *l)
{
    size_t bare = bare_lfs(buf_str(&l->text), l->text.len, &l->eightbit);
    l->size = l->text.len + bare;
}

static enum fault data_file(struct send_letter *l, const char *path, char *why, size_t size)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        ok = false;
    }
    bool big = ok && S_ISREG(st.st_mode) && !standard && (uint64_t)st.st_size > SMALL;
    ok = ok && read_some(fd, &l->text, big ? SMALL : LETTER_MAX);
    if (!ok)
        cannot(standard ? "standard input" : path, why, size);
    if (fd >= 0 && !standard)
        close(fd);
    if (!ok)
        return FAULT_FILE;
    measure(l);
    if (big) {
        uint64_t whole = (uint64_t)st.st_size;
        uint64_t bare = l->size - l->text.len, seen = l->text.len;
        l->size = whole + (whole * bare + seen - 1) / seen;
        l->path = path;
        buf_clear(&l->text);
    }
    l->fixed = true;
    return FAULT_NONE;
}

/* swaks marks files by an @. */
static const char *file_name(const char *s)
{
    return s[0] == '@' && s[1] ? s + 1 : s;
}

/* A shell makes it hard to type a line end, so \n is one, as swaks has it. */
static void body_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        const bool end = text[0] == '\\' && text[1] == 'n';
        buf_add_char(out, end ? '\n' : *text);
        text += end;
    }
}

enum fault send_letter_init(struct send_letter *l, const struct args *a, const char *from,
                            const char *const *to, size_t nto, const char *host, char *why,
                            size_t size)
{
    *l = (struct send_letter){.compose = {.from = from,
                                          .to = to,
                                          .nto = nto,
                                          .headers = a->header.v,
                                          .nheaders = a->header.n,
                                          .attach = l->attach,
                                          .nattach = a->attach.n,
                                          .host = host}};
    for (size_t i = 0; i < a->attach.n; i++)
        l->attach[i] = file_name(a->attach.v[i]);
    buf_init(&l->body, LETTER_MAX);
    buf_init(&l->text, LETTER_MAX);
    if (a->data)
        return data_file(l, file_name(a->data), why, size);
    if (a->body && a->body[0] == '@') {
        int fd = open(a->body + 1, O_RDONLY | O_CLOEXEC);
        bool ok = fd >= 0 && read_some(fd, &l->body, LETTER_MAX);
        if (!ok)
            cannot(a->body + 1, why, size);
        if (fd >= 0)
            close(fd);
        if (!ok)
            return FAULT_FILE;
    } else if (a->body)
        body_text(&l->body, a->body);
    if (a->body) {
        if (l->body.len > 0 && l->body.p[l->body.len - 1] != '\n')
            buf_add_char(&l->body, '\n');
        l->compose.body = buf_str(&l->body);
        l->compose.nbody = l->body.len;
    }
    if (!compose_letter(&l->compose, &l->text, why, size))
        return strstr(why, "cannot be read") ? FAULT_FILE : FAULT_USAGE;
    return FAULT_NONE;
}

void send_letter_clear(struct send_letter *l)
{
    buf_clear(&l->body);
    buf_clear(&l->text);
}

static ssize_t read_fd(void *arg, char *to, size_t n)
{
    ssize_t got;
    do
        got = read(*(int *)arg, to, n);
    while (got < 0 && errno == EINTR);
    return got;
}

bool send_letter_get(struct send_letter *l, int *fd, unsigned long number, struct mail_letter *out,
                     char *why, size_t size)
{
    if (l->path) {
        if (*fd >= 0)
            close(*fd);
        *fd = open(l->path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0)
            return cannot(l->path, why, size);
        *out = (struct mail_letter){
            .read = read_fd, .arg = fd, .size = l->size, .eightbit = l->eightbit};
        return true;
    }
    if (!l->fixed) {
        buf_trim(&l->text, 0);
        l->compose.number = number;
        if (!compose_letter(&l->compose, &l->text, why, size))
            return false;
        l->eightbit = false;
        measure(l);
    }
    *out = (struct mail_letter){
        .text = buf_str(&l->text), .n = l->text.len, .size = l->size, .eightbit = l->eightbit};
    return true;
}
