/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RETR of many messages into a file, an mbox or a folder, sent ahead where PIPELINING is offered
 * (RFC 2449 6.6). Bodies stream past the transcript. RFC 1939 5; mbox as RFC 4155 has it, From
 * quoted
 * ("mboxrd"). */
#include "script/script_priv.h"

#include "heloscope/transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 256                     /* commands ahead */
#define GATHER ((size_t)256 << 10)     /* written at once */
#define MESSAGE_MAX ((size_t)64 << 20) /* of an mbox: it is quoted as a whole */

struct retr {
    struct session *s;
    char *file;
    bool folder, mbox;
    unsigned long said, got, last; /* message numbers; last 0: STAT tells */
    unsigned long body;            /* the last whose body is whole */
    bool asked;                    /* STAT is out */
    int fd;
    int sys_errno;
    struct buf out, message;
    char from[80];
    size_t next; /* the item of the transcript to look at */
};

static bool flush(struct retr *r)
{
    bool ok = r->out.len == 0 || write_all(r->fd, r->out.p, r->out.len);
    if (!ok)
        r->sys_errno = errno;
    buf_trim(&r->out, 0);
    return ok;
}

static bool put(struct retr *r, const char *p, size_t n)
{
    if (r->out.len + n > GATHER && !flush(r))
        return false;
    if (n < GATHER)
        return buf_add(&r->out, p, n);
    bool ok = write_all(r->fd, p, n);
    if (!ok)
        r->sys_errno = errno;
    return ok;
}

static bool open_file(struct retr *r)
{
    char path[4200];
    if (r->fd >= 0)
        return true;
    if (r->folder)
        snprintf(path, sizeof path, "%.4000s%lu.eml", r->file, r->body + 1);
    else
        snprintf(path, sizeof path, "%.4100s", r->file);
    r->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (r->fd < 0)
        r->sys_errno = errno;
    return r->fd >= 0;
}

static bool close_file(struct retr *r)
{
    bool ok = r->fd < 0 || flush(r);
    if (r->fd >= 0 && close(r->fd) != 0 && ok) {
        r->sys_errno = errno;
        ok = false;
    }
    r->fd = -1;
    return ok;
}

/* A line of the message begins with "From ", behind any number of '>'. */
static bool is_from(const char *p, const char *end)
{
    while (p < end && *p == '>')
        p++;
    return end - p >= 5 && memcmp(p, "From ", 5) == 0;
}

static bool mbox_message(struct retr *r)
{
    const char *p = buf_str(&r->message), *end = p + r->message.len;
    bool ok = put(r, r->from, strlen(r->from));
    while (ok && p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        size_t n = (size_t)(stop - p) - (stop > p && stop[-1] == '\r');
        if ((*p == '>' || *p == 'F') && is_from(p, stop))
            ok = put(r, ">", 1);
        ok = ok && put(r, p, n) && put(r, "\n", 1);
        p = lf ? lf + 1 : end;
    }
    buf_trim(&r->message, 0);
    return ok && put(r, "\n", 1);
}

static bool on_body(void *arg, const char *p, size_t n, bool end)
{
    struct retr *r = arg;
    bool ok = open_file(r);
    if (ok && r->mbox) {
        ok = buf_add(&r->message, p, n);
        if (!ok)
            r->sys_errno = EFBIG;
        else if (end)
            ok = mbox_message(r);
    } else if (ok)
        ok = put(r, p, n);
    if (ok && end && r->folder)
        ok = close_file(r);
    r->body += end;
    errno = r->sys_errno;
    return ok;
}

struct retr *retr_new(struct session *s, const char *file, unsigned long first, unsigned long last)
{
    struct retr *r = xcalloc(1, sizeof *r);
    size_t n = strlen(file);
    time_t now = time(NULL);
    struct tm tm;
    char date[40] = "";
    r->s = s;
    r->file = xstrdup(file);
    r->folder = n > 0 && file[n - 1] == '/';
    r->mbox = !r->folder && last != first;
    r->said = r->got = r->body = first - 1;
    r->last = last;
    r->fd = -1;
    r->next = transcript_count(session_transcript(s));
    buf_init(&r->out, GATHER + 1);
    buf_init(&r->message, MESSAGE_MAX);
    if (gmtime_r(&now, &tm))
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
    snprintf(r->from, sizeof r->from, "From MAILER-DAEMON %s\n", date);
    session_body_to(s, on_body, r);
    return r;
}

/* The replies that have come: how many messages there are, what was refused. */
static int replies(struct retr *r, char *why, size_t size)
{
    const struct source *src = transcript_source(session_transcript(r->s));
    struct item it;
    struct moment m;
    struct span line = {"", 0};
    for (size_t n = src->count(src->self); r->next < n; r->next++) {
        if (!src->item(src->self, r->next, &it) || it.kind != ITEM_SERVER)
            continue;
        if (it.open && session_is_open(r->s))
            break;
        src->line(src->self, r->next, 0, &line);
        if (!src->moment(src->self, r->next, &m) || m.unsolicited || it.open)
            continue;
        if (m.reply.cls != REPLY_OK) {
            snprintf(why, size, "refused: %.*s", line.n < 200 ? (int)line.n : 200, line.p);
            return -1;
        }
        if (r->asked && r->last == 0) { /* +OK 7 3507 */
            char text[32];
            snprintf(text, sizeof text, "%.*s", line.n < 31 ? (int)line.n : 31, line.p);
            r->last = strlen(text) > 4 ? strtoul(text + 4, NULL, 10) : 0;
            if (r->last <= r->got) {
                snprintf(why, size, "there are no such messages: %s", text);
                return r->last == 0 ? 1 : -1;
            }
        } else
            r->got++;
    }
    return 0;
}

int retr_work(struct retr *r, char *why, size_t size)
{
    char line[48];
    struct buf flight;
    const struct caps *c = session_caps(r->s);
    unsigned long ahead = c && caps_find(c, "PIPELINING") ? WINDOW : 1;
    int done = replies(r, why, size);
    if (r->sys_errno) {
        snprintf(why, size, "%.200s cannot be written: %s", r->file, strerror(r->sys_errno));
        return -1;
    }
    if (done != 0 || !session_is_open(r->s))
        return done;
    if (r->last == 0) {
        if (r->asked)
            return 0;
        r->asked = true;
        return session_line(r->s, "STAT", 4, why, size) ? 0 : -1;
    }
    if (r->got >= r->last) {
        if (close_file(r))
            return 1;
        snprintf(why, size, "%.200s cannot be written: %s", r->file, strerror(r->sys_errno));
        return -1;
    }
    /* Half the window at a time: one write for many commands. */
    if (r->said < r->last && r->said - r->got <= ahead / 2) {
        bool ok = true;
        buf_init(&flight, 64 * (size_t)WINDOW);
        while (r->said < r->last && r->said - r->got < ahead) {
            int n = snprintf(line, sizeof line, "RETR %lu\n", ++r->said);
            buf_add(&flight, line, (size_t)n);
        }
        ok = session_lines(r->s, flight.p, flight.len, why, size);
        buf_clear(&flight);
        return ok ? 0 : -1;
    }
    return 0;
}

void retr_free(struct retr *r)
{
    if (!r)
        return;
    session_body_to(r->s, NULL, NULL);
    if (r->fd >= 0)
        close(r->fd);
    buf_clear(&r->out);
    buf_clear(&r->message);
    free(r->file);
    free(r);
}
