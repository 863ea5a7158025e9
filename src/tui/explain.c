/* SPDX-License-Identifier: GPL-3.0-or-later */
/* :explain, and a bare reply pasted at the start screen: what it means, in a box; a talk that is
 * longer than a box, in a tab. */
#include "tui/app.h"
#include "heloscope/annotate.h"

#include <string.h>

#define BOX_TEXT (256u << 10)

/* False: the box is full, and reading ends there. */
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
    bool ok = a != NULL;
    for (size_t at = 0; ok && at < n;) {
        char *to = annotate_room(a, &room);
        size_t k = n - at < room ? n - at : room;
        for (size_t i = 0; i < k; i++, at++) /* terminals paste line ends as CR */
            to[i] = text[at] == '\r' && (at + 1 == n || text[at + 1] != '\n') ? '\n' : text[at];
        ok = annotate_took(a, k);
    }
    ok = ok && annotate_end(a);
    bool found = a && annotate_explained(a) > 0;
    bool reply = found && strcmp(annotate_format_name(a), "reply") == 0;
    annotate_free(a);
    if (ok && found && (any || reply))
        help_show(app, buf_str(&said));
    buf_clear(&said);
    if (!ok && found && any) /* more than a box holds: what is read page by page is a tab */
        return tabs_open_text(app, text, n);
    return ok && found && (any || reply);
}

void explain_said(struct app *app, const char *text, size_t n)
{
    if (!explain_show(app, text, n, true))
        ui_notice(&app->ui, true,
                  "no reply was recognised in that; it begins with a code like 550, or "
                  "with -ERR");
}

bool explain_pasted(struct app *app, const char *typed, const char *text, size_t n)
{
    const char *name = command_rows[CMD_EXPLAIN].name;
    size_t k = strlen(name), end = n;
    typed += strspn(typed, ": ");
    if (strncmp(typed, name, k) != 0 || (typed[k] && typed[k] != ' '))
        return false;
    while (end > 0 && (text[end - 1] == '\r' || text[end - 1] == '\n'))
        end--;
    if (end == 0 || (!memchr(text, '\r', end) && !memchr(text, '\n', end)))
        return false;
    typed += k + strspn(typed + k, " ");
    struct buf all;
    buf_init(&all, n + strlen(typed) + 1);
    buf_add_str(&all, typed);
    buf_add(&all, text, n);
    explain_said(app, buf_str(&all), all.len);
    buf_clear(&all);
    return true;
}
