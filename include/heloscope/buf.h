/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes with a ceiling. Every buffer of the program is one of these, so that no peer can make it
 * grow without end: an append that would pass the ceiling changes nothing and returns false. */
#ifndef HELOSCOPE_BUF_H
#define HELOSCOPE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Invariant: p is NULL or has cap + 1 bytes, and p[len] is NUL whenever p is set (text may hold
 * NULs). */
struct buf {
    char *p;
    size_t len;
    size_t cap;
    size_t max;  /* the ceiling in bytes, given at birth */
    bool secret; /* wiped whenever it moves or dies */
};

/* An empty buffer that never holds more than max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* The same for passwords and tokens: its memory is wiped when it grows, is consumed or is cleared.
 */
void buf_init_secret(struct buf *b, size_t max);
/* Frees (and wipes a secret one); the buffer can be used again with the same ceiling. */
void buf_clear(struct buf *b);
/* Append; false: the ceiling was reached (or no memory) and the buffer is unchanged. */
bool buf_add(struct buf *b, const void *bytes, size_t n);
bool buf_add_str(struct buf *b, const char *s);
bool buf_add_char(struct buf *b, char c);
bool buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* n writable bytes at the end (not yet counted in len), or NULL at the ceiling; then buf_grew(). */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);
/* Drops n bytes from the front. */
void buf_consume(struct buf *b, size_t n);
/* Cuts back to n bytes. */
void buf_trim(struct buf *b, size_t n);
/* The text as a C string; never NULL. Borrowed until the next change. */
const char *buf_str(const struct buf *b);

/* Writes all of it, going on after a signal. False: errno says why, and some of it may be written.
 */
bool write_all(int fd, const char *p, size_t n);

/* malloc and friends that do not return without memory: they say so in one line and leave with
 * EXIT_MEMORY after giving the terminal back (die_hook). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
/* Called before the program leaves for want of memory; the screen puts its restore function here.
 */
extern void (*die_hook)(void);

#endif
