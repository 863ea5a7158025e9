/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes with a ceiling, and the allocators that do not return without memory.
 * A secret buffer never leaves a copy behind: growing moves it by hand and wipes the old place
 * (realloc would not), consuming and trimming wipe what fell out. What the bytes mean is others'
 * business. */
#include "heloscope/buf.h"
#include "heloscope/fault.h"

#include <stdint.h>
#include <errno.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*die_hook)(void);

static _Noreturn void die_without_memory(size_t n)
{
    if (die_hook)
        die_hook();
    fprintf(stderr, "heloscope: not enough memory (%zu more bytes were wanted)\n", n);
    _Exit(fault_status(FAULT_MEMORY));
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        die_without_memory(n);
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        die_without_memory(size && n > SIZE_MAX / size ? SIZE_MAX : n * size);
    return p;
}

void *xrealloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        die_without_memory(n);
    return q;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *p = xmalloc(len + 1);
    memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

void buf_init(struct buf *b, size_t max)
{
    /* One byte more than the ceiling is allocated for the NUL. */
    *b = (struct buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void buf_init_secret(struct buf *b, size_t max)
{
    buf_init(b, max);
    b->secret = true;
}

static void wipe(void *p, size_t n)
{
    if (p && n)
        explicit_bzero(p, n);
}

void buf_clear(struct buf *b)
{
    if (b->secret && b->p)
        wipe(b->p, b->cap + 1);
    free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
}

/* Makes place for n more bytes. */
static bool reserve(struct buf *b, size_t n)
{
    if (n > b->max || b->len > b->max - n)
        return false;
    size_t want = b->len + n;
    if (b->p && want <= b->cap)
        return true;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < want)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    char *p;
    if (b->secret) {
        p = malloc(cap + 1);
        if (!p)
            return false;
        if (b->p) {
            memcpy(p, b->p, b->len);
            wipe(b->p, b->cap + 1);
            free(b->p);
        }
    } else {
        p = realloc(b->p, cap + 1);
        if (!p)
            return false;
    }
    p[b->len] = '\0';
    b->p = p;
    b->cap = cap;
    return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (!reserve(b, n))
        return false;
    if (n)
        memcpy(b->p + b->len, bytes, n);
    b->len += n;
    b->p[b->len] = '\0';
    return true;
}

bool buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

bool buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

bool buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    bool ok = n >= 0 && reserve(b, (size_t)n);
    if (ok) {
        vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return ok;
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = buf_vaddf(b, fmt, ap);
    va_end(ap);
    return ok;
}

char *buf_room(struct buf *b, size_t n)
{
    return reserve(b, n) ? b->p + b->len : NULL;
}

void buf_grew(struct buf *b, size_t n)
{
    b->len += n;
    b->p[b->len] = '\0';
}

void buf_consume(struct buf *b, size_t n)
{
    if (n > b->len)
        n = b->len;
    if (!n)
        return;
    size_t left = b->len - n;
    memmove(b->p, b->p + n, left);
    if (b->secret)
        wipe(b->p + left, n);
    b->len = left;
    b->p[left] = '\0';
}

void buf_trim(struct buf *b, size_t n)
{
    if (n >= b->len)
        return;
    if (b->secret)
        wipe(b->p + n, b->len - n);
    b->len = n;
    b->p[n] = '\0';
}

const char *buf_str(const struct buf *b)
{
    return b->p ? b->p : "";
}

bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}
