/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a transcript file: what kind of file it is, and small talks read whole through the
 * driver. Big files and plain text are logbig.c's. Who said what in a line is logtext.c's to tell.
 */
#include "logfile_priv.h"
#include "talk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK (256u << 10) /* octets from which the kind of file is told */

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a directory"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

/* A descriptor of a regular file with octets in it, or -1 and why. */
static int open_regular(const char *path, size_t *size_of, char *why, size_t size)
{
    struct stat st;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe must not make us wait */
    if (fd < 0) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) != 0)
        snprintf(why, size, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        snprintf(why, size, "%s: is %s; a transcript is a regular file", path, kind_of(st.st_mode));
    else if (st.st_size == 0)
        snprintf(why, size, "%s: is empty, there is nothing to show", path);
    else if ((uintmax_t)st.st_size > SIZE_MAX / 2)
        snprintf(why, size, "%s: is too big for this machine's address space", path);
    else {
        *size_of = (size_t)st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

bool logfile_check(const char *path, char *why, size_t size)
{
    size_t n;
    int fd = open_regular(path, &n, why, size);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void logfile_feed(const struct logfile *f, struct talk *talk, uint64_t number, const char *p,
                  size_t n)
{
    size_t entry = transcript_count(talk->t);
    int64_t when = 0; /* when it was read says nothing */
    if (!f->kind.json) {
        logtext_feed(&f->kind, talk, p, n);
    } else if (n > 0) {
        char why[200], words[260];
        if (!logjson_feed(talk, p, n, &when, why, sizeof why)) {
            snprintf(words, sizeof words, "line %llu %s: shown as text", (unsigned long long)number,
                     why);
            talk_event(talk, words, strlen(words));
            talk_text(talk, p, n);
        }
    }
    for (; entry < transcript_count(talk->t); entry++)
        transcript_when(talk->t, entry, when);
}

/* A small talk, line by line through the driver. */
static void read_talk(struct logfile *f)
{
    struct talk talk;
    const char *p = f->map.p + f->bom, *end = f->map.p + f->map.n;
    f->transcript = transcript_new(0);
    talk_init(&talk, f->transcript, f->kind.proto, false);
    for (uint64_t number = 1; p < end; number++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((lf ? lf : end) - p);
        struct span s = logtext_plain(&f->kind, p, n, &f->plain);
        if (s.n > 0 && s.p[s.n - 1] == '\r')
            s.n--;
        logfile_feed(f, &talk, number, s.p, s.n);
        p = lf ? lf + 1 : end;
    }
    talk_end(&talk);
    talk_clear(&talk);
}

struct logfile *logfile_open(struct loop *l, const char *path, void (*changed)(void *arg),
                             void *arg, char *why, size_t size)
{
    size_t n;
    int fd = open_regular(path, &n, why, size);
    if (fd < 0)
        return NULL;
    struct logfile *f = xcalloc(1, sizeof *f);
    bool mapped = mapfile_open(&f->map, fd, n);
    if (!mapped)
        snprintf(why, size, "%s: %s", path, strerror(errno));
    close(fd);
    if (!mapped) {
        free(f);
        return NULL;
    }
    if (logtext_utf16(f->map.p, n)) {
        snprintf(why, size, "%s: is UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8", path);
        mapfile_close(&f->map);
        free(f);
        return NULL;
    }
    f->loop = l;
    f->changed = changed;
    f->arg = arg;
    f->bom = n > 3 && memcmp(f->map.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    logtext_detect(&f->kind, f->map.p + f->bom, (n < LOOK ? n : LOOK) - f->bom);
    enum log_style style = f->kind.style;
    f->quoted = style == LOG_PYTHON || style == LOG_JSON || f->kind.page;
    buf_init_secret(&f->plain, style == LOG_JSON || n < LOGFILE_LAZY ? LOGFILE_LAZY : 65536);
    if ((f->quoted || f->kind.dialect) && n < LOGFILE_LAZY) {
        read_talk(f);
        mapfile_close(&f->map);
        f->map.n = 0;
        return f;
    }
    logbig_open(f);
    return f;
}

void logfile_close(struct logfile *f)
{
    if (!f)
        return;
    logbig_close(f);
    transcript_free(f->transcript);
    buf_clear(&f->plain);
    if (f->map.p)
        mapfile_close(&f->map);
    free(f);
}

const struct source *logfile_source(struct logfile *f)
{
    return f->transcript ? transcript_source(f->transcript) : &f->source;
}

const struct proto *logfile_proto(const struct logfile *f)
{
    return f->kind.proto;
}
