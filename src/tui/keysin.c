/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys: ncurses decodes what terminfo knows, and this file turns it into struct key. Read from a
 * pad, because reading from stdscr refreshes it. A bracketed paste is read raw (1 MB through
 * wget_wch() takes 2.3 s, raw 16 ms). */
#include "tui/keysin.h"
#include "tui/term.h"
#include "tui/lazy/curses.gen.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Codes of our own for define_key(); ncurses' own extended codes start at KEY_MAX and stay far
 * below. */
enum { CODE_PASTE = 0x3000, CODE_PASTE_END, CODE_IGNORE, CODE_MOUSE, CODE_EXTRA };

/* What readline is told, by TKEY_*; the same sequences are taught to ncurses, because a terminal
 * may send the ANSI form where terminfo has the application form, or the other way round. */
static const char *const sequences[TKEYS] = {
    [TKEY_UP] = "\033[A",    [TKEY_DOWN] = "\033[B",    [TKEY_RIGHT] = "\033[C",
    [TKEY_LEFT] = "\033[D",  [TKEY_HOME] = "\033[H",    [TKEY_END] = "\033[F",
    [TKEY_PGUP] = "\033[5~", [TKEY_PGDN] = "\033[6~",   [TKEY_INS] = "\033[2~",
    [TKEY_DEL] = "\033[3~",  [TKEY_STAB] = "\033[Z",    [TKEY_ENTER] = "\r",
    [TKEY_TAB] = "\t",       [TKEY_BACKSPACE] = "\177", [TKEY_ESC] = "\033",
};
static const struct {
    const char *sequence;
    int key;
} extra[] = {
    {"\033OA", TKEY_UP},    {"\033OB", TKEY_DOWN}, {"\033OC", TKEY_RIGHT}, {"\033OD", TKEY_LEFT},
    {"\033OH", TKEY_HOME},  {"\033OF", TKEY_END},  {"\033[1~", TKEY_HOME}, {"\033[4~", TKEY_END},
    {"\033[7~", TKEY_HOME}, {"\033[8~", TKEY_END}, {"\033OM", TKEY_ENTER},
};
#define NEXTRA (sizeof extra / sizeof *extra)
static const char paste_start[] = "\033[200~";
static const char paste_end[] = "\033[201~";

static WINDOW *pad;
static struct buf paste; /* the last paste */
static bool paste_is_cut;
static struct buf ahead; /* bytes that came behind a paste in the same read */
static char last[16];    /* bytes of the last key */
static size_t last_len;
static struct key kept; /* a key read too many (behind an Escape) */
static bool have_kept;
static bool ended; /* the terminal is gone */

void keysin_open(void)
{
    if (!paste.max) {
        buf_init(&paste, TERM_PASTE_MAX);
        buf_init(&ahead, 65536);
    }
    pad = newpad(1, 1);
    keypad(pad, TRUE);
    nodelay(pad, TRUE);
    for (int k = 1; k < TKEYS; k++)
        if (sequences[k][0] == '\033' && sequences[k][1] && !key_defined(sequences[k]))
            define_key(sequences[k], CODE_EXTRA + (int)NEXTRA + k);
    for (size_t i = 0; i < NEXTRA; i++)
        if (!key_defined(extra[i].sequence))
            define_key(extra[i].sequence, CODE_EXTRA + (int)i);
    define_key(paste_start, CODE_PASTE);
    define_key(paste_end, CODE_PASTE_END);
    /* Focus and mouse reports of a terminal that somebody else left switched on. */
    define_key("\033[<", CODE_MOUSE);
    define_key("\033[I", CODE_IGNORE);
    define_key("\033[O", CODE_IGNORE);
}

void keysin_close(void)
{
    if (pad)
        delwin(pad);
    pad = NULL;
    buf_clear(&paste);
    buf_clear(&ahead);
    have_kept = false;
}

struct buf *term_paste(void)
{
    return &paste;
}

bool term_paste_cut(void)
{
    return paste_is_cut;
}

static void paste_add(const char *p, size_t n)
{
    size_t room = paste.max - paste.len;
    if (n > room) {
        paste_is_cut = true;
        n = room;
    }
    if (n > 0 && !buf_add(&paste, p, n))
        paste_is_cut = true;
}

/* Reads up to the end mark; what lies behind it goes to `ahead`. A terminal that stays silent for a
 * second in mid-paste has lost the end mark: what came is the paste. */
static void read_paste(void)
{
    const size_t mark = sizeof paste_end - 1;
    char chunk[65536];
    size_t held = 0; /* bytes at the front of chunk that may be the start of the mark */
    buf_trim(&paste, 0);
    paste_is_cut = false;
    for (;;) {
        size_t n;
        if (ahead.len > 0) {
            n = ahead.len < sizeof chunk - held ? ahead.len : sizeof chunk - held;
            memcpy(chunk + held, ahead.p, n);
            buf_consume(&ahead, n);
        } else {
            struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
            int ready = poll(&p, 1, 1000);
            if (ready < 0 && errno == EINTR)
                continue;
            ssize_t k = ready > 0 ? read(STDIN_FILENO, chunk + held, sizeof chunk - held) : 0;
            if (k < 0 && errno == EINTR)
                continue;
            if (k <= 0) {
                paste_add(chunk, held);
                return;
            }
            n = (size_t)k;
        }
        n += held;
        char *end = memmem(chunk, n, paste_end, mark);
        if (end) {
            size_t rest = n - (size_t)(end + mark - chunk);
            paste_add(chunk, (size_t)(end - chunk));
            struct buf whole;
            buf_init(&whole, ahead.max + sizeof chunk);
            buf_add(&whole, end + mark, rest);
            buf_add(&whole, ahead.p, ahead.len);
            buf_trim(&ahead, 0);
            buf_add(&ahead, whole.p, whole.len);
            buf_clear(&whole);
            return;
        }
        held = n < mark - 1 ? n : mark - 1;
        paste_add(chunk, n - held);
        memmove(chunk, chunk + n - held, held);
    }
}

static bool named(struct key *k, int code)
{
    k->kind = KEY_NAMED_;
    k->code = code;
    return true;
}

/* A character, with the three that have names of their own. */
static bool character(struct key *k, uint32_t ch)
{
    switch (ch) {
    case '\r':
    case '\n': /* C-j: some terminals send it for Enter in a paste that is not bracketed */
        return named(k, TKEY_ENTER);
    case '\t':
        return named(k, TKEY_TAB);
    case 0x7f:
    case '\b':
        return named(k, TKEY_BACKSPACE);
    default:
        k->kind = KEY_CHAR_;
        k->ch = ch;
        return true;
    }
}

static int code_of(wint_t c)
{
    switch (c) {
    case KEY_UP:
        return TKEY_UP;
    case KEY_DOWN:
        return TKEY_DOWN;
    case KEY_LEFT:
        return TKEY_LEFT;
    case KEY_RIGHT:
        return TKEY_RIGHT;
    case KEY_HOME:
    case KEY_FIND:
    case KEY_A1:
        return TKEY_HOME;
    case KEY_END:
    case KEY_SELECT:
    case KEY_LL:
    case KEY_C1:
        return TKEY_END;
    case KEY_PPAGE:
    case KEY_A3:
        return TKEY_PGUP;
    case KEY_NPAGE:
    case KEY_C3:
        return TKEY_PGDN;
    case KEY_IC:
        return TKEY_INS;
    case KEY_DC:
        return TKEY_DEL;
    case KEY_BACKSPACE:
        return TKEY_BACKSPACE;
    case KEY_BTAB:
        return TKEY_STAB;
    case KEY_ENTER:
        return TKEY_ENTER;
    default:
        if (c >= CODE_EXTRA && c < CODE_EXTRA + NEXTRA)
            return extra[c - CODE_EXTRA].key;
        if (c > CODE_EXTRA + NEXTRA && c < CODE_EXTRA + NEXTRA + TKEYS)
            return (int)(c - CODE_EXTRA - NEXTRA);
        return 0;
    }
}

static bool take_paste(struct key *k)
{
    read_paste();
    k->kind = KEY_PASTE_;
    return true;
}

/* One key from the bytes behind a paste. They are few and the sequences are those of a terminal
 * that knows bracketed paste, so the short list above does. */
static bool from_ahead(struct key *k)
{
    const unsigned char *p = (const unsigned char *)ahead.p;
    size_t n = ahead.len;
    size_t mark = sizeof paste_start - 1;
    if (n >= mark && memcmp(p, paste_start, mark) == 0) {
        buf_consume(&ahead, mark);
        return take_paste(k);
    }
    if (p[0] == 033 && n > 1) {
        for (int i = 1; i < TKEYS; i++) {
            size_t len = strlen(sequences[i]);
            if (len > 1 && n >= len && memcmp(p, sequences[i], len) == 0) {
                buf_consume(&ahead, len);
                return named(k, i);
            }
        }
        for (size_t i = 0; i < NEXTRA; i++) {
            size_t len = strlen(extra[i].sequence);
            if (n >= len && memcmp(p, extra[i].sequence, len) == 0) {
                buf_consume(&ahead, len);
                return named(k, extra[i].key);
            }
        }
    }
    if (p[0] == 033) {
        buf_consume(&ahead, 1);
        return named(k, TKEY_ESC);
    }
    size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 1;
    if (len > n)
        len = n; /* the read ended in mid-character: shown as U+FFFD, as any bad byte */
    uint32_t ch = 0xfffd;
    if (len == 1 && p[0] < 0x80) {
        ch = p[0];
    } else if (len > 1) {
        ch = p[0] & (0xffu >> (len + 1));
        for (size_t i = 1; i < len; i++)
            ch = ch << 6 | (p[i] & 0x3f);
    }
    buf_consume(&ahead, len);
    return character(k, ch);
}

static bool read_key(struct key *k)
{
    memset(k, 0, sizeof *k);
    if (have_kept) {
        *k = kept;
        have_kept = false;
        return true;
    }
    for (;;) {
        if (ahead.len > 0)
            return from_ahead(k);
        wint_t c;
        int r = wget_wch(pad, &c);
        if (r == ERR) {
            /* Nothing there, or the other end of the terminal is gone; poll tells which. */
            struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
            if (!ended && poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL))) {
                ended = true;
                k->kind = KEY_EOF_;
                return true;
            }
            return false;
        }
        if (r == OK && c != 033)
            return character(k, c);
        if (r == OK) {
            struct key next;
            memset(&next, 0, sizeof next);
            r = wget_wch(pad, &c);
            if (r == OK && c != 033) {
                character(k, c);
                k->alt = true;
                return true;
            }
            if (r == OK)
                have_kept = named(&next, TKEY_ESC);
            else if (r == KEY_CODE_YES && c == CODE_PASTE)
                have_kept = take_paste(&next);
            else if (r == KEY_CODE_YES && code_of(c))
                have_kept = named(&next, code_of(c));
            kept = next;
            return named(k, TKEY_ESC);
        }
        if (c == CODE_PASTE)
            return take_paste(k);
        if (c == CODE_MOUSE) {
            /* "0;12;34M": its numbers are no typed text. */
            for (int i = 0; i < 20 && wget_wch(pad, &c) == OK && c != 'M' && c != 'm'; i++)
                ;
            continue;
        }
        int code = code_of(c);
        if (code)
            return named(k, code);
        /* KEY_RESIZE, a mouse report nobody asked for, an F key: nothing of ours. */
    }
}

static size_t utf8(uint32_t ch, char *out)
{
    if (ch < 0x80) {
        out[0] = (char)ch;
        return 1;
    }
    size_t n = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, ch >>= 6)
        out[i] = (char)(0x80 | (ch & 0x3f));
    out[0] = (char)((0xf00u >> n & 0xff) | ch);
    return n;
}

bool term_key(struct key *k)
{
    if (!pad || !read_key(k))
        return false;
    last_len = 0;
    if (k->alt)
        last[last_len++] = '\033';
    if (k->kind == KEY_CHAR_) {
        last_len += utf8(k->ch, last + last_len);
    } else if (k->kind == KEY_NAMED_) {
        size_t n = strlen(sequences[k->code]);
        memcpy(last + last_len, sequences[k->code], n);
        last_len += n;
    }
    return true;
}

const char *term_key_bytes(size_t *n)
{
    *n = last_len;
    return last;
}

void term_key_without_alt(void)
{
    if (last_len > 1 && last[0] == '\033')
        memmove(last, last + 1, --last_len);
}
