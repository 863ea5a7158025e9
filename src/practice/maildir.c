/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mail store on disk, in Maildir's manner: a message is written whole into tmp and then appears
 * in new by one rename, so that no reader ever sees half of it. Lines end in LF on disk, as other
 * programs expect. */
#include "practice/maildir.h"

#include <dirent.h>
#include "heloscope/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct maildir {
    int fd; /* the folder */
    bool fresh;
};

static const char *box_name(int box)
{
    return box == TRAY ? "outbound" : account_table[box].local;
}

static bool has_folder(int box)
{
    return box == TRAY || account_table[box].kind == BOX_PLAIN ||
           account_table[box].kind == BOX_GREYLIST;
}

static bool make_dir(int at, const char *path)
{
    return mkdirat(at, path, 0700) == 0 || errno == EEXIST;
}

struct maildir *maildir_open(const char *dir, char *why, size_t size)
{
    static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
    char path[128];
    struct stat st;
    if (!make_dir(AT_FDCWD, dir)) {
        snprintf(why, size, "%s: cannot be made: %s", dir, strerror(errno));
        return NULL;
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(why, size, "%s: cannot be opened as a folder: %s", dir, strerror(errno));
        return NULL;
    }
    struct maildir *d = xcalloc(1, sizeof *d);
    d->fd = fd;
    d->fresh = fstatat(fd, box_name(ACCOUNT_STUDENT), &st, 0) < 0;
    for (int b = 0; b < MAILBOXES; b++)
        for (size_t i = 0; has_folder(b) && i < sizeof parts / sizeof *parts; i++) {
            snprintf(path, sizeof path, "%s%s", box_name(b), parts[i]);
            if (!make_dir(fd, path) || fstatat(fd, path, &st, 0) < 0 || !S_ISDIR(st.st_mode) ||
                faccessat(fd, path, W_OK | X_OK, 0) < 0) {
                snprintf(why, size, "%s/%s: cannot be made or written to: %s", dir, path,
                         errno ? strerror(errno) : "not a folder");
                maildir_close(d);
                return NULL;
            }
        }
    return d;
}

void maildir_close(struct maildir *d)
{
    if (!d)
        return;
    close(d->fd);
    free(d);
}

bool maildir_is_new(const struct maildir *d)
{
    return d->fresh;
}

/* Letters hold no bare CR and no bare LF (the server refuses them), so the way to LF and back loses
 * nothing. */
static bool write_lines(int fd, const char *p, size_t n)
{
    char out[16384];
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
            continue;
        out[k++] = p[i];
        if (k == sizeof out) {
            if (!write_all(fd, out, k))
                return false;
            k = 0;
        }
    }
    return write_all(fd, out, k);
}

bool maildir_write(struct maildir *d, int box, const char *name, const char *head, size_t head_len,
                   const char *text, size_t n, char **file)
{
    char tmp[160], path[160];
    snprintf(tmp, sizeof tmp, "%s/tmp/%s", box_name(box), name);
    snprintf(path, sizeof path, "%s/new/%s", box_name(box), name);
    int fd = openat(d->fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write_lines(fd, head, head_len) && write_lines(fd, text, n) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && renameat(d->fd, tmp, d->fd, path) == 0;
    if (!ok) {
        unlinkat(d->fd, tmp, 0);
        return false;
    }
    *file = xstrdup(path);
    return true;
}

bool maildir_remove(struct maildir *d, const char *file)
{
    return unlinkat(d->fd, file, 0) == 0 || errno == ENOENT;
}

void maildir_seen(struct maildir *d, char **file)
{
    char path[512];
    const char *mark = strstr(*file, "/new/");
    if (!mark || strlen(*file) + 8 > sizeof path)
        return;
    snprintf(path, sizeof path, "%.*s/cur/%s:2,S", (int)(mark - *file), *file, mark + 5);
    if (renameat(d->fd, *file, d->fd, path) == 0) {
        free(*file);
        *file = xstrdup(path);
    }
}

/* POP3's unique-id is 1 to 70 octets of 0x21 to 0x7E (RFC 1939 7): the file's name without flags,
 * or, where that is too long or odd, a number made of it. */
static void uid_of(const char *name, char *out, size_t size)
{
    size_t n = strcspn(name, ":");
    bool plain = n >= 1 && n <= 70;
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < n; i++) {
        plain = plain && name[i] > 0x20 && name[i] < 0x7f;
        h = (h ^ (unsigned char)name[i]) * 1099511628211u;
    }
    if (plain)
        snprintf(out, size, "%.*s", (int)n, name);
    else
        snprintf(out, size, "file-%016llx", (unsigned long long)h);
}

static bool load_file(struct maildir *d, struct store *s, int box, const char *path,
                      const char *name)
{
    struct stat st;
    struct buf in, out;
    char uid[72];
    int fd = openat(d->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
              store_fits(s, box, (size_t)st.st_size) == STORE_OK;
    size_t size = ok ? (size_t)st.st_size : 0;
    buf_init(&in, size);
    buf_init(&out, 2 * size + 2);
    while (ok && in.len < size) {
        char *room = buf_room(&in, size - in.len);
        ssize_t k = room ? read(fd, room, size - in.len) : -1;
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        buf_grew(&in, (size_t)k);
    }
    close(fd);
    for (size_t at = 0; ok && at < in.len;) {
        const char *lf = memchr(in.p + at, '\n', in.len - at);
        size_t n = lf ? (size_t)(lf - in.p) - at : in.len - at;
        size_t text = n && lf && lf[-1] == '\r' ? n - 1 : n;
        ok = buf_add(&out, in.p + at, text) && buf_add(&out, "\r\n", 2);
        at += n + 1;
    }
    if (ok) {
        struct letter *l = letter_new(s, buf_str(&out), out.len);
        uid_of(name, uid, sizeof uid);
        ok = store_adopt(s, box, l, uid, path) == STORE_OK;
        letter_unref(s, l);
    }
    buf_clear(&in);
    buf_clear(&out);
    return ok;
}

struct found {
    char *name;
    const char *part;
};

/* Maildir names begin with the second of their arrival: numbers first, then the rest of the name.
 */
static int by_age(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    long long m = atoll(x->name), n = atoll(y->name);
    if (m != n)
        return m < n ? -1 : 1;
    return strcmp(x->name, y->name);
}

static size_t load_box(struct maildir *d, struct store *s, int box)
{
    static const char *const parts[] = {"cur", "new"};
    struct found *f = NULL;
    size_t n = 0, cap = 0, left = 0;
    char path[512];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", box_name(box), parts[i]);
        int fd = openat(d->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (!dir) {
            if (fd >= 0)
                close(fd);
            continue;
        }
        for (struct dirent *e; (e = readdir(dir));) {
            if (e->d_name[0] == '.')
                continue;
            if (n >= s->box_messages_max) {
                left++;
                continue;
            }
            if (n == cap) {
                cap = cap ? cap * 2 : 64;
                f = xrealloc(f, cap * sizeof *f);
            }
            f[n++] = (struct found){xstrdup(e->d_name), parts[i]};
        }
        closedir(dir);
    }
    if (n)
        qsort(f, n, sizeof *f, by_age);
    for (size_t i = 0; i < n; i++) {
        int k = snprintf(path, sizeof path, "%s/%s/%s", box_name(box), f[i].part, f[i].name);
        if (k >= (int)sizeof path || !load_file(d, s, box, path, f[i].name))
            left++;
        free(f[i].name);
    }
    free(f);
    return left;
}

size_t maildir_load(struct maildir *d, struct store *s)
{
    size_t left = 0;
    for (int b = 0; b < MAILBOXES; b++)
        if (has_folder(b))
            left += load_box(d, s, b);
    return left;
}
