/* SPDX-License-Identifier: GPL-3.0-or-later */
/* term_keys.c: what a keyboard sends. Cursor and function keys come from libvterm, which follows
 * the modes that the program set; control and Meta letters are the bytes that every terminal sends.
 */
#include "term_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    VTermKey key;
} keys[] = {
    {"Enter", VTERM_KEY_ENTER},   {"Tab", VTERM_KEY_TAB},
    {"Esc", VTERM_KEY_ESCAPE},    {"Up", VTERM_KEY_UP},
    {"Down", VTERM_KEY_DOWN},     {"Left", VTERM_KEY_LEFT},
    {"Right", VTERM_KEY_RIGHT},   {"Ins", VTERM_KEY_INS},
    {"Del", VTERM_KEY_DEL},       {"Home", VTERM_KEY_HOME},
    {"End", VTERM_KEY_END},       {"PgUp", VTERM_KEY_PAGEUP},
    {"PgDn", VTERM_KEY_PAGEDOWN}, {"Backspace", VTERM_KEY_BACKSPACE},
};

void term_keys(struct term *t, const char *text)
{
    term_write(t, text, strlen(text));
}

void term_bytes(struct term *t, const char *bytes, size_t n)
{
    term_write(t, bytes, n);
}

void term_line(struct term *t, const char *text)
{
    size_t n = strlen(text);
    char *line = malloc(n + 1);

    if (!line)
        return;
    memcpy(line, text, n);
    line[n] = '\r';
    term_write(t, line, n + 1);
    free(line);
}

/* libvterm gives its bytes to the output callback, which writes them; only the clock is ours. */
static void vterm_key(struct term *t, VTermKey key, VTermModifier mod)
{
    term_write(t, "", 0);
    vterm_keyboard_key(t->vt, key, mod);
}

void term_key_at(struct term *t, const char *name, const char *file, int line)
{
    const char *p = name;
    int mod = VTERM_MOD_NONE;
    int f = 0;

    while (p[0] && p[1] == '-' && p[2] && strchr("CMS", p[0])) {
        mod |= p[0] == 'C' ? VTERM_MOD_CTRL : p[0] == 'M' ? VTERM_MOD_ALT : VTERM_MOD_SHIFT;
        p += 2;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(p, keys[i].name) == 0) {
            vterm_key(t, keys[i].key, (VTermModifier)mod);
            return;
        }
    if (sscanf(p, "F%d", &f) == 1 && f >= 1 && f <= 12) {
        vterm_key(t, (VTermKey)VTERM_KEY_FUNCTION(f), (VTermModifier)mod);
        return;
    }
    if (strcmp(p, "Space") == 0)
        p = " ";
    if (p[0] && (!p[1] || (unsigned char)p[0] >= 0x80)) {
        char bytes[8];
        int n = 0;

        if (mod & VTERM_MOD_ALT)
            bytes[n++] = '\033';
        if (mod & VTERM_MOD_CTRL)
            bytes[n++] = p[0] == '?' ? 0x7f : (char)(p[0] == ' ' ? 0 : p[0] & 0x1f);
        else
            for (; *p && n < (int)sizeof bytes; p++)
                bytes[n++] = *p;
        term_write(t, bytes, (size_t)n);
        return;
    }
    term_failed(t, file, line, "no key is called \"%s\"", name);
}

void term_paste(struct term *t, const char *bytes, size_t n)
{
    bool bracketed = term_mode(t, 2004);
    char *all;

    if (n == SIZE_MAX)
        n = strlen(bytes);
    all = malloc(n + 12);
    if (!all)
        return;
    memcpy(all, "\033[200~", 6);
    memcpy(all + 6, bytes, n);
    memcpy(all + 6 + n, "\033[201~", 6);
    if (bracketed)
        term_write(t, all, n + 12);
    else
        term_write(t, all + 6, n);
    free(all);
}
