/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Web pages with a talk in them: only what is needed to read the talk's lines, no more of HTML. */
#include "logpage.h"
#include <string.h>
#include <strings.h>

bool logpage_like(const char *p, size_t n)
{
    for (size_t i = 0; i + 5 < n && i < 4096; i++)
        if (p[i] == '<' &&
            (strncasecmp(p + i, "<html", 5) == 0 || strncasecmp(p + i, "<!doc", 5) == 0 ||
             strncasecmp(p + i, "<pre>", 5) == 0))
            return true;
    return false;
}

void logpage_text(const char *p, size_t n, struct buf *out)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {{"&lt;", '<'},   {"&gt;", '>'},   {"&amp;", '&'},
                    {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '}};
    for (size_t i = 0; i < n;) {
        size_t k = i + 1;
        char is = p[i];
        if (p[i] == '<') {
            while (k < n && (p[k] == '/' || p[k] == '!'))
                k++;
            size_t name = k;
            while (k < n && ((p[k] | 32) >= 'a' && (p[k] | 32) <= 'z'))
                k++;
            const char *gt =
                k > name && k < n &&
                        (p[k] == '>' || p[k] == ' ' || p[k] == '/' || (p[k] >= '1' && p[k] <= '6'))
                    ? memchr(p + k, '>', n - k)
                    : NULL;
            if (gt) { /* "<a@b.example>" is none */
                i = (size_t)(gt - p) + 1;
                continue;
            }
            k = i + 1;
        }
        for (size_t e = 0; p[i] == '&' && e < sizeof entities / sizeof *entities; e++) {
            size_t len = strlen(entities[e].name);
            if (n - i >= len && memcmp(p + i, entities[e].name, len) == 0) {
                is = entities[e].is;
                k = i + len;
            }
        }
        buf_add_char(out, is);
        i = k;
    }
}
