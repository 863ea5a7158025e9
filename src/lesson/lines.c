/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See lines.h. */
#include "lesson/lines.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Behind the string that begins at p; counts its lines. */
static const char *string_end(const char *p, int *line)
{
    char quote = *p++;
    for (; *p && *p != quote; p++) {
        if (*p == '\\' && p[1])
            p++;
        *line += *p == '\n';
    }
    return *p ? p + 1 : p;
}

int lesson_line(const char *file, size_t step, const char *word, unsigned nth)
{
    size_t depth = 0, steps = 0, n = strlen(word);
    int line = 1;
    for (const char *p = file; *p;) {
        if (*p == '"' || *p == '\'') {
            p = string_end(p, &line);
        } else if (isalpha((unsigned char)*p)) {
            size_t len = 1;
            while (isalnum((unsigned char)p[len]) || p[len] == '_' || p[len] == '-')
                len++;
            const char *then = p + len + strspn(p + len, " \t");
            bool here = step ? depth == 1 && steps == step : depth == 0;
            if (here && len == n && !strncmp(p, word, n) && (*then == '=' || *then == '+') &&
                --nth == 0)
                return line;
            p += len;
        } else {
            line += *p == '\n';
            steps += *p == '{' && depth == 0;
            depth += *p == '{';
            depth -= *p == '}' && depth > 0;
            p++;
        }
    }
    return 0;
}
