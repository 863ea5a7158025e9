/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comments of libConfuse files. */
#include "heloscope/conffile.h"

#include <stdbool.h>
#include <string.h>

void conf_blank_comments(char *p, size_t n)
{
    char quote = 0, before = '\n';
    for (size_t i = 0; i < n; before = p[i++]) {
        if (quote) {
            if (p[i] == '\\' && i + 1 < n)
                i++;
            else if (p[i] == quote)
                quote = 0;
            continue;
        }
        bool start = strchr(" \t\r\n={}(),", before) != NULL;
        if (p[i] == '"' || p[i] == '\'') {
            quote = p[i];
        } else if (start && (p[i] == '#' || (p[i] == '/' && i + 1 < n && p[i + 1] == '/'))) {
            while (i < n && p[i] != '\n')
                p[i++] = ' ';
            if (i == n)
                return;
        } else if (start && p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
            size_t from = i;
            while (i < n && !(i >= from + 2 && p[i] == '/' && p[i - 1] == '*' && i > from + 2))
                i++;
            for (size_t k = from; k < n && k <= i; k++)
                if (p[k] != '\n')
                    p[k] = ' ';
            if (i >= n)
                return;
        }
    }
}
