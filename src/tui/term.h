/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal: taking it, giving it back whatever happens, and reading keys. */
#ifndef HELOSCOPE_TUI_TERM_H
#define HELOSCOPE_TUI_TERM_H

#include "heloscope/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum key_kind {
    KEY_NONE_,
    KEY_CHAR_,
    KEY_NAMED_,
    KEY_PASTE_ /* the text is in term_paste() */,
    KEY_EOF_
};

/* One key press. KEY_CHAR_: ch is a Unicode code point (control characters as they are, 0x03 for
 * C-c; Enter, Tab and Backspace come as KEY_NAMED_). KEY_NAMED_: code is one of TKEY_*. alt: it
 * came after an Escape in the same read; where an Alt key means nothing, take it as Escape and then
 * the key (somebody typed both ahead). */
struct key {
    enum key_kind kind;
    uint32_t ch;
    int code;
    bool alt;
};
enum {
    TKEY_UP = 1,
    TKEY_DOWN,
    TKEY_LEFT,
    TKEY_RIGHT,
    TKEY_HOME,
    TKEY_END,
    TKEY_PGUP,
    TKEY_PGDN,
    TKEY_INS,
    TKEY_DEL,
    TKEY_BACKSPACE,
    TKEY_STAB,
    TKEY_ENTER,
    TKEY_ESC,
    TKEY_TAB,
    TKEYS
};

#define TERM_PASTE_MAX (16u << 20)

/* Takes the terminal. False: why says what is missing (no terminal, no cursor addressing, unknown
 * TERM). Installs SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP/SIGCONT and crash handlers
 * (SEGV, ABRT, BUS, FPE, ILL) that give it back. */
bool term_open(char *why, size_t size);
/* Gives it back; safe to call twice and from die_hook. */
void term_close(void);
/* For $EDITOR: give back for a while, take again; the next term_flush() paints all. */
void term_suspend(void);
void term_resume(void);
/* C-z: gives back, stops the whole job, and takes the terminal again after fg. */
void term_stop(void);
/* Readable after SIGWINCH and SIGCONT: watch it, then ask term_resized(). Valid after term_open().
 */
int term_signal_fd(void);
/* The next key without waiting; false: none is there. A paste (bracketed) is read whole (ceiling
 * TERM_PASTE_MAX). */
bool term_key(struct key *k);
/* The bytes that readline expects for the key that term_key() returned last. */
const char *term_key_bytes(size_t *n);
/* The last key had no meaning with Alt: its bytes without the Escape. */
void term_key_without_alt(void);
struct buf *term_paste(void);
/* True if the last paste was longer than the ceiling: its end is missing. */
bool term_paste_cut(void);
/* True once after the size changed (SIGWINCH) or the program was continued; calls resizeterm()
 * itself. */
bool term_resized(void);
/* Writes a sequence past ncurses (OSC 52, ...). */
void term_raw(const char *bytes, size_t n);
/* One frame: doupdate(), inside \e[?2026h and \e[?2026l where the terminal type is known to take it
 * and many rows change. */
void term_flush(void);
/* C-l: the next frame paints every cell. */
void term_repaint(void);

#endif
