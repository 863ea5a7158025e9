/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSI parameters m (colour) and CSI parameters K (grep --color clears to the end of the line), and
 * ESC ( B, which many terminals have in front of their "no attributes" (ECMA-48 5.4, 8.3.117). */
#include "colors.h"
#include <string.h>

#define LONGEST 40 /* octets; a colour has some twenty */

size_t colors_at(const char *p, size_t n)
{
    size_t i = 2;
    if (n < 2)
        return COLORS_MORE;
    if (p[1] == '(')
        return n < 3 ? COLORS_MORE : p[2] == 'B' ? 3 : 0;
    if (p[1] != '[')
        return 0;
    while (i < n && i < LONGEST && ((p[i] >= '0' && p[i] <= '9') || p[i] == ';' || p[i] == ':'))
        i++;
    if (i == LONGEST)
        return 0;
    if (i == n)
        return COLORS_MORE;
    return p[i] == 'm' || p[i] == 'K' ? i + 1 : 0;
}

size_t colors_strip(char *p, size_t n, size_t *open)
{
    char *to = p, *end = p + n;
    if (open)
        *open = 0;
    while (p < end) {
        char *esc = memchr(p, '\033', (size_t)(end - p));
        size_t run = (size_t)((esc ? esc : end) - p);
        if (to != p)
            memmove(to, p, run);
        to += run;
        p += run;
        if (!esc)
            break;
        size_t len = colors_at(p, (size_t)(end - p));
        if (len == COLORS_MORE) {
            if (open)
                *open = (size_t)(end - p);
            len = 0;
        }
        if (len == 0)
            *to++ = *p++;
        else
            p += len;
    }
    return n - (size_t)(end - to);
}

bool colors_in(const char *p, size_t n, bool *begins)
{
    const char *end = p + n, *at = p;
    bool any = false;
    *begins = false;
    while ((at = n ? memchr(at, '\033', (size_t)(end - at)) : NULL) != NULL) {
        size_t len = colors_at(at, (size_t)(end - at));
        if (len != 0 && len != COLORS_MORE) {
            any = true;
            *begins |= at == p || at[-1] == '\n';
            if (*begins)
                break;
        }
        at++;
    }
    return any;
}
