/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/shows.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

const char *shows(struct session *s)
{
    static char out[1 << 18];
    const struct source *src = transcript_source(session_transcript(s));
    size_t len = 0;
    out[0] = 0;
    for (size_t i = 0; i < src->count(src->self); i++) {
        struct item it;
        struct span sp;
        src->item(src->self, i, &it);
        for (uint64_t k = 0; k < it.lines && k < 40 && len < sizeof out; k++)
            if (src->line(src->self, i, k, &sp))
                len += (size_t)snprintf(out + len, sizeof out - len, "%c%c %.*s\n", "CSE "[it.kind],
                                        item_mark_char(it.mark), (int)sp.n, sp.p);
        if (it.remark && len < sizeof out)
            len += (size_t)snprintf(out + len, sizeof out - len, "   (%s)\n", it.remark);
        if (len >= sizeof out)
            fail_msg("a transcript of more than %zu octets", sizeof out);
    }
    return out;
}

void must_show(struct session *s, const char *text)
{
    if (!strstr(shows(s), text))
        fail_msg("the transcript does not show '%s':\n%s", text, shows(s));
}

void must_hide(struct session *s, const char *text)
{
    if (strstr(shows(s), text))
        fail_msg("the transcript shows '%s':\n%s", text, shows(s));
}
