/* SPDX-License-Identifier: GPL-3.0-or-later */
/* :explain, and a bare reply pasted at the start screen: what it means, in a box. */
#include "tui/app.h"
#include "heloscope/annotate.h"

#include <string.h>

#define BOX_TEXT (256u << 10)

static bool collect(void *arg, const char *p, size_t n)
{
    return buf_add(arg, p, n);
}

bool explain_show(struct app *app, const char *text, size_t n, bool any)
{
    struct buf said;
    char why[200];
    size_t room;
    buf_init(&said, BOX_TEXT);
    struct annotate_options o = {.as = ANNOTATE_TEXT, .write = collect, .arg = &said};
    struct annotator *a = annotate_new(&o, why, sizeof why);
    char *to = a ? annotate_room(a, &room) : NULL;
    bool shown = false;
    if (to && n <= room) {
        for (size_t i = 0; i < n; i++) /* terminals paste line ends as CR */
            to[i] = text[i] == '\r' && (i + 1 == n || text[i + 1] != '\n') ? '\n' : text[i];
        shown = annotate_took(a, n) && annotate_end(a) && annotate_explained(a) > 0 &&
                (any || strcmp(annotate_format_name(a), "reply") == 0);
    }
    annotate_free(a);
    if (shown)
        help_show(app, buf_str(&said));
    buf_clear(&said);
    return shown;
}
