/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours as words and numbers: what a theme file says, and the nearest colour that a terminal has.
 */
#include "tui/themefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[16] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white"};

/* xterm's own values; a terminal's user may have others, which is why 256-colour themes use 16..255
 * only. */
static const uint32_t sixteen[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                     0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                     0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};

uint32_t color_rgb(int32_t color)
{
    static const int levels[6] = {0, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    if (color >= COLOR_RGB)
        return (uint32_t)color & 0xffffff;
    if (color < 0)
        return 0;
    if (color < 16)
        return sixteen[color];
    if (color < 232) {
        int c = color - 16;
        return (uint32_t)(levels[c / 36] << 16 | levels[c / 6 % 6] << 8 | levels[c % 6]);
    }
    uint32_t grey = (uint32_t)(8 + 10 * (color - 232));
    return grey << 16 | grey << 8 | grey;
}

/* Distance weighted as the eye does ("redmean"), good enough to choose among 256. */
static long distance(uint32_t a, uint32_t b)
{
    long red = ((long)(a >> 16 & 255) + (long)(b >> 16 & 255)) / 2;
    long dr = (long)(a >> 16 & 255) - (long)(b >> 16 & 255);
    long dg = (long)(a >> 8 & 255) - (long)(b >> 8 & 255);
    long db = (long)(a & 255) - (long)(b & 255);
    return ((512 + red) * dr * dr >> 8) + 4 * dg * dg + ((767 - red) * db * db >> 8);
}

static int nearest(int32_t color, int from, int to)
{
    uint32_t want = color_rgb(color);
    int best = from;
    for (int i = from; i < to; i++)
        if (distance(want, color_rgb(i)) < distance(want, color_rgb(best)))
            best = i;
    return best;
}

int color_to_256(int32_t color)
{
    return color < COLOR_RGB ? (int)color : nearest(color, 16, 256);
}

int color_to_16(int32_t color)
{
    return color < 16 ? (int)color : nearest(color, 0, 16);
}

static bool color_parse(const char *word, int32_t *out)
{
    char *end;
    if (word[0] == '#') {
        unsigned long v = strtoul(word + 1, &end, 16);
        if (*end || end != word + 7 || word[1] == '-' || word[1] == '+')
            return false;
        *out = COLOR_RGB | (int32_t)v;
        return true;
    }
    if (strcasecmp(word, "default") == 0) {
        *out = COLOR_TERMINAL;
        return true;
    }
    for (int i = 0; i < 16; i++)
        if (strcasecmp(word, names[i]) == 0) {
            *out = i;
            return true;
        }
    if (word[0] < '0' || word[0] > '9')
        return false;
    unsigned long v = strtoul(word, &end, 10);
    if (*end || v > 255)
        return false;
    *out = (int32_t)v;
    return true;
}

bool style_parse(const char *words, struct style *out, char *why, size_t size)
{
    static const struct {
        const char *name;
        unsigned bit;
    } attrs[] = {{"bold", STYLE_BOLD},
                 {"dim", STYLE_DIM},
                 {"italic", STYLE_ITALIC},
                 {"underline", STYLE_UNDERLINE},
                 {"reverse", STYLE_REVERSE}};
    struct style s = {COLOR_UNSET, COLOR_UNSET, 0, true};
    bool on = false;
    char word[24];
    while (*words) {
        size_t n = strcspn(words, " \t\r\n,"), room = n < sizeof word - 1 ? n : sizeof word - 1;
        if (n == 0) {
            words++;
            continue;
        }
        memcpy(word, words, room);
        word[room] = 0;
        words += n;
        unsigned bit = 0;
        for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++)
            if (strcasecmp(word, attrs[i].name) == 0)
                bit = attrs[i].bit;
        if (bit) {
            s.attrs |= bit;
        } else if (!on && strcasecmp(word, "on") == 0) {
            on = true;
        } else {
            int32_t *slot = on ? &s.bg : &s.fg;
            if (!color_parse(word, slot)) {
                snprintf(why, size,
                         "\"%s\" is neither a colour (#rrggbb, 0 to 255, red, bright-red, default) "
                         "nor bold, dim, "
                         "italic, underline, reverse",
                         word);
                return false;
            }
        }
    }
    if (on && s.bg == COLOR_UNSET) {
        snprintf(why, size, "a colour is missing after \"on\"");
        return false;
    }
    *out = s;
    return true;
}
