/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See fuzzy.h. Names are short, so every start is tried and the best one counts. */
#include "tui/fuzzy.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>

static int from(const char *pattern, const char *text, size_t start)
{
    int score = 0;
    bool last = false;
    size_t i = start;
    for (const char *p = pattern; *p; p++) {
        if (*p == ' ')
            continue;
        while (text[i] && tolower((unsigned char)text[i]) != tolower((unsigned char)*p)) {
            i++;
            last = false;
        }
        if (!text[i])
            return -1;
        bool word = i == 0 || !isalnum((unsigned char)text[i - 1]);
        score += 1 + (last ? 5 : 0) + (word ? 4 : 0) + (i == 0 ? 3 : 0);
        last = true;
        i++;
    }
    return score;
}

int fuzzy_match(const char *pattern, const char *text)
{
    while (*pattern == ' ')
        pattern++;
    if (!*pattern)
        return 0;
    int best = -1;
    for (size_t i = 0; text[i]; i++) {
        if (tolower((unsigned char)text[i]) != tolower((unsigned char)*pattern))
            continue;
        int s = from(pattern, text, i);
        if (s > best)
            best = s;
    }
    return best;
}
