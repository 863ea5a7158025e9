/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes into lines and dot-terminated bodies. Keeps every octet as it came and tells what was odd
 * about it; what a line means is left to the drivers, when a body follows to the session. RFC
 * 5321 2.3.8, 4.1.1.4, 4.5.2; RFC 1939 3.
 *
 * A body ends with CRLF.CRLF and nothing else (RFC 5321 4.1.1.4: a dot between bare LFs that counts
 * as an end lets a letter smuggle commands). One exception keeps a server that uses bare LF
 * throughout from hanging us: as long as no CRLF at all was seen, a dot between two LFs is the end.
 */
#include "heloscope/frame.h"
#include "bulk.h"
#include <string.h>

/* Where a body stands: what the octets before the next one were. */
enum body_at {
    AT_MID,      /* inside a line */
    AT_CR,       /* inside a line, after CR */
    AT_START,    /* after CRLF */
    AT_LF_START, /* after a bare LF */
};

void frame_init(struct frame *f, size_t limit)
{
    memset(f, 0, sizeof *f);
    buf_init(&f->part, FRAME_LINE_MAX);
    f->limit = limit;
    f->match = AT_START;
}

void frame_clear(struct frame *f)
{
    buf_clear(&f->part);
    f->in = NULL;
    f->in_len = 0;
    f->given = false;
}

/* The piece handed out last lay in `part`; its time is over. */
static void drop_given(struct frame *f)
{
    if (f->given) {
        buf_trim(&f->part, 0);
        f->given = false;
    }
}

void frame_feed(struct frame *f, const char *bytes, size_t n)
{
    drop_given(f);
    f->in = bytes;
    f->in_len = n;
}

static void eat(struct frame *f, size_t n)
{
    f->in += n;
    f->in_len -= n;
}

/* Fills *out for a line p[0..n), and remembers how it ended. */
static void line_piece(struct frame *f, const char *p, size_t n, unsigned notes, struct piece *out)
{
    size_t text = n;
    if (n > 0 && p[n - 1] == '\n') {
        text = n - 1;
        if (text > 0 && p[text - 1] == '\r') {
            text--;
            f->crlf = true;
            f->match = AT_START;
        } else {
            notes |= NOTE_BARE_LF;
            f->match = AT_LF_START;
        }
    }
    if (text > 0 && memchr(p, '\r', text)) {
        /* The CR that a cut piece ends in may be half of a CRLF. */
        if (!(notes & NOTE_CUT) || memchr(p, '\r', text - 1))
            notes |= NOTE_BARE_CR;
    }
    if (text > 0 && memchr(p, '\0', text))
        notes |= NOTE_NUL;
    unsigned char high = 0;
    for (size_t i = 0; i < text; i++)
        high |= (unsigned char)p[i];
    if (high & 0x80)
        notes |= NOTE_8BIT;
    if (f->limit && n > f->limit)
        notes |= NOTE_LONG;
    *out = (struct piece){.kind = PIECE_LINE, .p = p, .n = n, .text = text, .notes = notes};
}

static bool next_line(struct frame *f, struct piece *out)
{
    size_t room = FRAME_LINE_MAX - f->part.len;
    size_t look = f->in_len < room ? f->in_len : room;
    const char *lf = look ? memchr(f->in, '\n', look) : NULL;
    size_t take = lf ? (size_t)(lf - f->in) + 1 : look;
    bool whole = lf != NULL, cut = !lf && look == room;

    if (f->part.len == 0 && (whole || cut)) {
        line_piece(f, f->in, take, cut ? NOTE_CUT : 0, out);
        eat(f, take);
        return true;
    }
    if (take > 0) {
        buf_add(&f->part, f->in, take);
        eat(f, take);
    }
    if (!whole && !cut)
        return false;
    line_piece(f, f->part.p, f->part.len, cut ? NOTE_CUT : 0, out);
    f->given = true;
    return true;
}

/* A part of the body goes out: what was odd about it is noted, the state after it is kept. */
static void body_piece(struct frame *f, const char *p, size_t n, struct piece *out)
{
    struct scan s = {.notes = f->body_notes, .column = f->column, .last = f->last};
    char before = f->last;
    scan_bytes(&s, p, n, f->limit);
    if (!f->crlf)
        f->crlf = (before == '\r' && p[0] == '\n') || memmem(p, n, "\r\n", 2);
    f->body_notes = s.notes;
    f->column = s.column;
    f->last = s.last;
    *out = (struct piece){.kind = PIECE_BODY, .p = p, .n = n, .text = n, .notes = s.notes};
    char prev = n > 1 ? p[n - 2] : before;
    if (s.last == '\n')
        f->match = prev == '\r' ? AT_START : AT_LF_START;
    else
        f->match = s.last == '\r' ? AT_CR : AT_MID;
}

enum dot { DOT_END, DOT_NOT, DOT_UNSURE };

/* p[0..n) begins a line, after CRLF or (bare) after LF alone. Is it the line with the lone dot?
 * *len: its length. */
static enum dot lone_dot(const char *p, size_t n, bool bare, bool crlf, size_t *len,
                         unsigned *notes)
{
    if (n == 0)
        return DOT_UNSURE;
    if (p[0] != '.')
        return DOT_NOT;
    if (n == 1)
        return DOT_UNSURE;
    bool cr = p[1] == '\r';
    if (cr && n == 2)
        return DOT_UNSURE;
    if (p[cr ? 2 : 1] != '\n')
        return DOT_NOT;
    if ((!bare && cr) || !crlf) {
        *len = cr ? 3 : 2;
        if (!cr)
            *notes |= NOTE_BARE_LF;
        return DOT_END;
    }
    *notes |= NOTE_BARE_DOT;
    return DOT_NOT;
}

/* The offset of the next LF that a dot follows (or that ends the bytes), from on; n: none. */
static size_t next_dot(const char *p, size_t n, size_t from)
{
    size_t i = from;
    while (i + BULK_BLOCK < n) {
        bulk_v hit = {0};
        for (size_t j = 0; j < BULK_BLOCK; j += 16)
            hit |= bulk_eq(bulk_load(p + i + j), '\n') & bulk_eq(bulk_load(p + i + j + 1), '.');
        if (bulk_any(hit))
            break;
        i += BULK_BLOCK;
    }
    for (; i < n; i++)
        if (p[i] == '\n' && (i + 1 == n || p[i + 1] == '.'))
            return i;
    return n;
}

static void end_piece(struct frame *f, const char *p, size_t n, unsigned notes, struct piece *out)
{
    size_t text = n >= 2 && p[n - 2] == '\r' ? n - 2 : n - 1;
    *out = (struct piece){.kind = PIECE_END, .p = p, .n = n, .text = text, .notes = notes};
    f->body = false;
    f->match = text + 2 == n ? AT_START : AT_LF_START;
    if (text + 2 == n)
        f->crlf = true;
}

/* The chunk begins at the start of a line, perhaps with "." or ".\r" held back from the last chunk.
 */
static bool body_start(struct frame *f, bool *out_given, struct piece *out)
{
    bool bare = f->match == AT_LF_START;
    *out_given = true;
    for (;;) {
        size_t len = 0;
        unsigned notes = 0;
        const char *p = f->part.len ? f->part.p : f->in;
        size_t n = f->part.len ? f->part.len : f->in_len;
        switch (lone_dot(p, n, bare, f->crlf, &len, &notes)) {
        case DOT_END:
            end_piece(f, p, len, notes, out);
            if (f->part.len)
                f->given = true;
            else
                eat(f, len);
            return true;
        case DOT_UNSURE:
            if (f->in_len == 0)
                return false;
            buf_add_char(&f->part, f->in[0]);
            eat(f, 1);
            continue;
        case DOT_NOT:
            break;
        }
        f->body_notes |= notes;
        if (f->part.len) {
            body_piece(f, f->part.p, f->part.len, out);
            f->given = true;
            return true;
        }
        *out_given = false;
        return true;
    }
}

static bool next_body(struct frame *f, struct piece *out)
{
    if (f->match == AT_START || f->match == AT_LF_START) {
        bool given;
        if (!body_start(f, &given, out))
            return false;
        if (given)
            return true;
    }
    if (f->in_len == 0)
        return false;
    /* From here on the first octet belongs to the body, whatever follows. */
    const char *p = f->in;
    size_t n = f->in_len;
    bool crlf = f->crlf;
    size_t first = n; /* the LF of this chunk's first CRLF, as long as none was seen before */
    if (!crlf) {
        const char *cr = memmem(p, n, "\r\n", 2);
        if (f->last == '\r' && p[0] == '\n')
            first = 0;
        else if (cr)
            first = (size_t)(cr - p) + 1;
    }
    for (size_t i = next_dot(p, n, 0); i < n; i = next_dot(p, n, i + 1)) {
        bool bare = (i ? p[i - 1] : f->last) != '\r';
        size_t len = 0;
        unsigned notes = 0;
        enum dot d = lone_dot(p + i + 1, n - i - 1, bare, crlf || i >= first, &len, &notes);
        f->body_notes |= notes;
        if (d == DOT_NOT)
            continue;
        /* An end, or not to be told before more comes: hand out what stands before it. */
        body_piece(f, p, i + 1, out);
        eat(f, i + 1);
        return true;
    }
    body_piece(f, p, n, out);
    eat(f, n);
    return true;
}

bool frame_next(struct frame *f, struct piece *out)
{
    drop_given(f);
    return f->body ? next_body(f, out) : next_line(f, out);
}

void frame_body(struct frame *f)
{
    f->body = true;
    f->body_notes = 0;
    f->column = 0;
    f->last = '\n';
    if (f->match != AT_LF_START)
        f->match = AT_START;
}

size_t frame_rest(struct frame *f, const char **p)
{
    drop_given(f);
    size_t n = f->in_len;
    *p = f->in;
    if (f->part.len > 0) {
        f->part.max = FRAME_LINE_MAX + n;
        buf_add(&f->part, f->in, n);
        f->part.max = FRAME_LINE_MAX;
        f->given = true;
        *p = f->part.p;
        n = f->part.len;
    }
    f->in = NULL;
    f->in_len = 0;
    return n;
}

bool frame_finish(struct frame *f, struct piece *out)
{
    drop_given(f);
    if (f->part.len == 0)
        return false;
    if (f->body) {
        body_piece(f, f->part.p, f->part.len, out);
        out->notes |= NOTE_CUT;
    } else {
        line_piece(f, f->part.p, f->part.len, NOTE_CUT, out);
    }
    f->given = true;
    return true;
}

/* Octet by octet: chunks too short for the bulk, and their ends. */
static void scan_slow(struct scan *s, const char *p, size_t n, size_t limit)
{
    char last = s->last;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        s->column++;
        if (last == '\r' && c != '\n')
            s->notes |= NOTE_BARE_CR;
        if (c == '\n') {
            if (last != '\r')
                s->notes |= NOTE_BARE_LF;
            if (limit && s->column > limit)
                s->notes |= NOTE_LONG;
            s->lines++;
            s->column = 0;
        } else if (c == 0) {
            s->notes |= NOTE_NUL;
        } else if (c & 0x80) {
            s->notes |= NOTE_8BIT;
        }
        last = (char)c;
    }
    s->last = last;
}

static size_t last_lf(const char *p)
{
    size_t i = BULK_BLOCK;
    while (i > 0 && p[i - 1] != '\n')
        i--;
    return i; /* one past it */
}

void scan_bytes(struct scan *s, const char *p, size_t n, size_t limit)
{
    if (n == 0)
        return;
    if (n > BULK_BLOCK) {
        scan_slow(s, p, 1, limit); /* from here on p[i - 1] may be read */
        bulk_v high = {0}, nul = {0}, bare_lf = {0}, bare_cr = {0};
        size_t i = 1;
        size_t start = 0;          /* the line's start is at or after p[start] ... */
        size_t before = s->column; /* ... or this many octets before p[1], while no LF was seen */
        bool exact = true;
        while (i + BULK_BLOCK <= n) {
            bulk_v lfs = {0}, any = {0};
            for (size_t j = 0; j < BULK_BLOCK; j += 16) {
                bulk_v c = bulk_load(p + i + j), q = bulk_load(p + i + j - 1);
                bulk_v lf = bulk_eq(c, '\n'), cr = bulk_eq(q, '\r');
                high |= c;
                nul |= bulk_eq(c, 0);
                bare_lf |= lf & ~cr;
                bare_cr |= cr & ~lf;
                lfs -= lf;
                any |= lf;
            }
            if (bulk_any(any)) {
                /* The line that ends here began in the block at `start`; look closely only if it
                 * may be too long. */
                size_t most = exact ? before + (i - 1) : i - start;
                if (limit && most + BULK_BLOCK > limit) {
                    size_t head = exact ? before + (i - 1) : i - (start + last_lf(p + start));
                    size_t k = 0, len = 0;
                    for (k = 0; k < BULK_BLOCK; k++) {
                        len++;
                        if (p[i + k] == '\n') {
                            if (head + len > limit)
                                s->notes |= NOTE_LONG;
                            head = len = 0;
                        }
                    }
                }
                s->lines += bulk_sum(lfs);
                start = i;
                exact = false;
            }
            i += BULK_BLOCK;
        }
        if (bulk_any(high & (bulk_v){128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
                                     128, 128, 128, 128}))
            s->notes |= NOTE_8BIT;
        if (bulk_any(nul))
            s->notes |= NOTE_NUL;
        if (bulk_any(bare_lf))
            s->notes |= NOTE_BARE_LF;
        if (bulk_any(bare_cr))
            s->notes |= NOTE_BARE_CR;
        s->column = exact ? before + (i - 1) : i - (start + last_lf(p + start));
        s->last = p[i - 1];
        p += i;
        n -= i;
    }
    scan_slow(s, p, n, limit);
    if (limit && s->column > limit)
        s->notes |= NOTE_LONG;
}

bool unstuff_bytes(struct unstuff *u, const char *p, size_t n,
                   bool (*fn)(void *arg, const char *p, size_t n), void *arg)
{
    const char *end = p + n;
    if (n == 0)
        return true;
    if (!u->inside && *p == '.')
        p++;
    u->inside = end[-1] != '\n';
    while (p < end) {
        size_t left = (size_t)(end - p), i = next_dot(p, left, 0);
        bool dot = i + 1 < left; /* else the LF is the last octet, or there is none */
        if (!fn(arg, p, dot ? i + 1 : left))
            return false;
        p = dot ? p + i + 2 : end;
    }
    return true;
}
