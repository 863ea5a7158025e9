/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of keys.def as data. Without curses, so that the man page and tests can read them. */
#ifndef HELOSCOPE_TUI_KEYS_H
#define HELOSCOPE_TUI_KEYS_H

#include <stddef.h>

/* Where a key acts. */
enum key_context {
    CTX_EDITOR = 1 << 0, /* the command line has the focus */
    CTX_EMPTY = 1 << 1,  /* ... and is empty: only then these letters act */
    CTX_TALK = 1 << 2,   /* the transcript has the focus */
    CTX_WHY = 1 << 3,
    CTX_CAPS = 1 << 4,
    CTX_LETTER = 1 << 5, /* the letter composer has the focus */
    CTX_START = 1 << 6,  /* the start screen */
    CTX_LESSON = 1 << 9,
    CTX_MAIL = 1 << 10,   /* the mailbox */
    CTX_PALETTE = 1 << 7, /* no key of its own: only in the palette */
    CTX_TLS = 1 << 8,     /* TLS, looked into */
};
#define CTX_PANES (CTX_TALK | CTX_WHY | CTX_CAPS | CTX_TLS | CTX_LESSON | CTX_MAIL)
#define CTX_TYPING (CTX_EDITOR | CTX_LETTER)
#define CTX_ANY (CTX_PANES | CTX_TYPING | CTX_START)

enum action {
    ACT_NONE,
#define KEY(action, key, key2, contexts, palette, label, help) ACT_##action,
#define KEY_ALSO(action, key, key2, contexts, palette, label, help)
#include "tui/keys.def"
#undef KEY
#undef KEY_ALSO
    ACTIONS
};

struct key_row {
    enum action action;
    const char *key, *key2; /* as shown: "C-r", "PgUp", "j"; "" where there is none */
    unsigned contexts;
    const char *palette; /* "" where the palette does not list it (it needs the key's place) */
    const char *label;   /* in the key bar; "" where it is not shown there */
    const char *help;
};

extern const struct key_row key_rows[];
extern const size_t key_rows_n;

#endif
