/* SPDX-License-Identifier: GPL-3.0-or-later */
/* term_scan.c: see term_scan.h. A small state machine over the bytes; it draws nothing. */
#include "term_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUND, ESCAPE, CHARSET, CSI, STRING, STRING_ESC, OSC, OSC_ESC };

#define OSC_CEILING (1024 * 1024)

/* Modes that a fresh terminal has on: wrap at the margin (7), cursor shown (25). */
static bool on_by_default(int mode)
{
    return mode == 7 || mode == 25;
}

/* Cursor blinking (12), which terminfo's cnorm switches off on its own account, and 8-bit meta
 * (1034), which ncurses' smm sets: no user notices them. */
static bool of_no_account(int mode)
{
    return mode == 12 || mode == 1034;
}

void term_scan_clear(struct term_scan *s)
{
    for (size_t i = 0; i < s->noscs; i++)
        free(s->oscs[i].text);
    free(s->osc);
    memset(s, 0, sizeof *s);
}

bool term_scan_mode(const struct term_scan *s, int mode)
{
    for (size_t i = 0; i < s->nmodes; i++)
        if (s->mode[i].number == mode)
            return s->mode[i].on;
    return on_by_default(mode);
}

static void set_mode(struct term_scan *s, int mode, bool on)
{
    size_t i;

    for (i = 0; i < s->nmodes; i++)
        if (s->mode[i].number == mode)
            break;
    if (i == s->nmodes) {
        if (s->nmodes == SCAN_MODES)
            return;
        s->nmodes++;
    }
    s->mode[i].number = mode;
    s->mode[i].on = on;
}

/* SGR 30-38, 40-48, 58, 90-97, 100-107 set a colour; 39 and 49 ask for the terminal's own. */
static void sgr(struct term_scan *s)
{
    bool colour = false;
    const char *p = s->seq;

    s->sgr = false;
    for (;;) {
        char *end;
        long n = strtol(p, &end, 10);

        if ((n >= 30 && n <= 38) || (n >= 40 && n <= 48) || n == 58 || (n >= 90 && n <= 107))
            colour = true;
        if (n != 0 && n != 39 && n != 49 && n != 27 && n != 10)
            s->sgr = true;
        if (n == 0)
            s->sgr = false;
        if (n == 38 || n == 48 || n == 58)
            break; /* the rest are its own parameters */
        p = strpbrk(end, ";:");
        if (!p)
            break;
        p++;
    }
    if (colour)
        s->colours++;
}

static void csi(struct term_scan *s, char final)
{
    s->seq[s->nseq] = '\0';
    if (final == 'm' && strspn(s->seq, "0123456789;:") == s->nseq)
        sgr(s);
    if ((final == 'h' || final == 'l') && s->seq[0] == '?') {
        const char *p = s->seq + 1;

        while (p && *p) {
            set_mode(s, atoi(p), final == 'h');
            p = strchr(p, ';');
            if (p)
                p++;
        }
    }
}

static void osc_end(struct term_scan *s)
{
    char *text;
    int number = 0;
    size_t i;

    if (!s->osc)
        return;
    s->osc[s->nosc] = '\0';
    number = atoi(s->osc);
    text = strchr(s->osc, ';');
    text = strdup(text ? text + 1 : "");
    s->nosc = 0;
    for (i = 0; i < s->noscs; i++)
        if (s->oscs[i].number == number)
            break;
    if (i == s->noscs) {
        if (s->noscs == SCAN_OSCS) {
            free(text);
            return;
        }
        s->noscs++;
        s->oscs[i].text = NULL;
    }
    free(s->oscs[i].text);
    s->oscs[i].number = number;
    s->oscs[i].text = text;
}

static void osc_add(struct term_scan *s, char c)
{
    if (s->nosc + 2 > s->osc_cap) {
        size_t cap = s->osc_cap ? s->osc_cap * 2 : 256;
        char *p = cap <= OSC_CEILING ? realloc(s->osc, cap) : NULL;

        if (!p)
            return; /* the text is cut there */
        s->osc = p;
        s->osc_cap = cap;
    }
    s->osc[s->nosc++] = c;
}

static void escape(struct term_scan *s, unsigned char c)
{
    s->escapes++;
    s->state = GROUND;
    if (c == '[') {
        s->state = CSI;
        s->nseq = 0;
    } else if (c == ']') {
        s->state = OSC;
        s->nosc = 0;
    } else if (c == 'P' || c == 'X' || c == '^' || c == '_') {
        s->state = STRING;
    } else if (c >= 0x20 && c <= 0x2f) {
        s->state = CHARSET;
    } else if (c == '=') {
        s->keypad = true;
    } else if (c == '>') {
        s->keypad = false;
    }
}

static void byte(struct term_scan *s, unsigned char c)
{
    switch (s->state) {
    case GROUND:
        if (c == 0x1b) {
            s->state = ESCAPE;
        } else if (c == 0x0e || c == 0x0f) {
            s->charset = c == 0x0e;
            s->controls++;
        } else if (c == 0x7f || (c < 0x20 && c != '\r' && c != '\n' && c != '\t' && c != '\b')) {
            s->controls++;
        } else if (s->before == 0xc2 && c >= 0x80 && c <= 0x9f) {
            s->controls++; /* a C1 control in UTF-8, which some terminals obey */
        }
        break;
    case ESCAPE:
        escape(s, c);
        break;
    case CHARSET:
        if (c >= 0x30)
            s->state = GROUND;
        break;
    case CSI:
        if (c >= 0x40 && c <= 0x7e) {
            csi(s, (char)c);
            s->state = GROUND;
        } else if (c == 0x1b) {
            s->state = ESCAPE;
        } else if (s->nseq + 1 < sizeof s->seq) {
            s->seq[s->nseq++] = (char)c;
        }
        break;
    case OSC:
        if (c == 0x07) {
            osc_end(s);
            s->state = GROUND;
        } else if (c == 0x1b) {
            s->state = OSC_ESC;
        } else {
            osc_add(s, (char)c);
        }
        break;
    case OSC_ESC:
        osc_end(s);
        s->state = GROUND;
        if (c != '\\')
            escape(s, c);
        break;
    case STRING:
        if (c == 0x1b)
            s->state = STRING_ESC;
        break;
    case STRING_ESC:
        s->state = c == '\\' ? GROUND : STRING;
        break;
    }
}

void term_scan_feed(struct term_scan *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        byte(s, (unsigned char)bytes[i]);
        s->before = (unsigned char)bytes[i];
    }
}

void term_scan_left(const struct term_scan *s, char *out, size_t n)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < s->nmodes; i++) {
        int mode = s->mode[i].number;

        if (of_no_account(mode) || s->mode[i].on == on_by_default(mode))
            continue;
        used += (size_t)snprintf(out + used, used < n ? n - used : 0, "%s?%d%c", used ? " " : "",
                                 mode, s->mode[i].on ? 'h' : 'l');
    }
    if (s->keypad)
        used += (size_t)snprintf(out + used, used < n ? n - used : 0, "%sESC=", used ? " " : "");
    if (s->charset)
        used += (size_t)snprintf(out + used, used < n ? n - used : 0, "%sSO", used ? " " : "");
    if (s->sgr)
        snprintf(out + used, used < n ? n - used : 0, "%sSGR", used ? " " : "");
}
