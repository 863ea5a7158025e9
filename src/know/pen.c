/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pen of pen.h: bounded, and harmless with foreign octets. */
#include "know/pen.h"

#include <stdio.h>
#include <string.h>

void pen_start(struct pen *p, struct explanation *e)
{
    p->begin = p->at = e->made;
    p->end = e->made + sizeof e->made - 1; /* room for the last NUL */
    *p->at = '\0';
}

static void add(struct pen *p, const char *s, size_t n)
{
    size_t room = p->at < p->end ? (size_t)(p->end - p->at) : 0;
    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(p->at, s, n);
    p->at += n;
    *p->at = '\0';
}

void pen_str(struct pen *p, const char *s)
{
    add(p, s, strlen(s));
}

void pen_num(struct pen *p, uint64_t n)
{
    char digits[24];
    size_t k = sizeof digits;
    do
        digits[--k] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    add(p, digits + k, sizeof digits - k);
}

void pen_foreign(struct pen *p, const char *s, size_t n, size_t max)
{
    size_t take = n < max ? n : max;
    for (size_t i = 0; i < take; i++) {
        char c = (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x7f ? s[i] : '?';
        add(p, &c, 1);
    }
    if (take < n)
        add(p, "...", 3);
}

void pen_sentence(struct pen *p, const char *s)
{
    if (!*s)
        return;
    if (pen_any(p))
        add(p, " ", 1);
    pen_str(p, s);
}

bool pen_any(const struct pen *p)
{
    return p->at > p->begin;
}

const char *pen_take(struct pen *p)
{
    const char *s = p->begin;
    if (!pen_any(p))
        return "";
    if (p->at < p->end)
        p->at++; /* over the NUL */
    p->begin = p->at;
    *p->at = '\0';
    return s;
}

size_t pen_size_words(uint64_t octets, char *out, size_t size)
{
    static const struct {
        uint64_t unit;
        const char *binary;
        uint64_t decimal_unit;
        const char *decimal;
    } units[] = {
        {1ull << 30, "GiB", 1000000000, "GB"},
        {1ull << 20, "MiB", 1000000, "MB"},
        {1ull << 10, "KiB", 1000, "kB"},
    };
    int n = -1;
    for (size_t i = 0; i < sizeof units / sizeof *units && n < 0; i++) {
        if (octets >= units[i].unit && octets % units[i].unit == 0)
            n = snprintf(out, size, "%llu %s", (unsigned long long)(octets / units[i].unit),
                         units[i].binary);
        else if (octets >= units[i].decimal_unit && octets % units[i].decimal_unit == 0)
            n = snprintf(out, size, "%llu %s", (unsigned long long)(octets / units[i].decimal_unit),
                         units[i].decimal);
        else if (octets >= units[i].unit)
            n = snprintf(out, size, "%.1f %s", (double)octets / (double)units[i].unit,
                         units[i].binary);
    }
    if (n < 0)
        n = snprintf(out, size, "%llu octet%s", (unsigned long long)octets, octets == 1 ? "" : "s");
    return (size_t)n < size ? (size_t)n : size ? size - 1 : 0;
}

size_t pen_time_words(uint64_t seconds, char *out, size_t size)
{
    static const struct {
        uint64_t unit;
        const char *word;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int n = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit > 1 && (seconds < units[i].unit || seconds % units[i].unit != 0))
            continue;
        uint64_t k = seconds / units[i].unit;
        n = snprintf(out, size, "%llu %s%s", (unsigned long long)k, units[i].word,
                     k == 1 ? "" : "s");
        break;
    }
    return (size_t)n < size ? (size_t)n : size ? size - 1 : 0;
}
