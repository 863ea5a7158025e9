/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A check-up in the workbench: its findings in the first tab, then its sessions, each in one of its
 * own. Where the server keeps them they are still open: the user says what comes next. */
#include "mode/probe.h"
#include "tui/app.h"
#include "heloscope/loop.h"

#include <stdint.h>
#include <stdlib.h>

enum { NAME_SIZE = 800 };

int probe_tabs(struct probe *p)
{
    struct app_talk talks[PROBE_TALKS_MAX + 1];
    char names[PROBE_TALKS_MAX][NAME_SIZE];
    char *text = NULL;
    size_t len = 0, n = 0;
    FILE *f = open_memstream(&text, &len);
    if (f) {
        probe_print(p, f, false, SIZE_MAX); /* the pane wraps, whatever its width */
        fclose(f);
        talks[0] = (struct app_talk){.name = "check-up", .text = text, .n = len};
        n = 1;
    }
    for (size_t i = 0; i < p->ntalks; i++) {
        struct probe_talk *t = &p->talks[i];
        if (!t->s)
            continue;
        loop_drop(t->kick); /* the workbench is told from now on */
        t->kick = NULL;
        probe_talk_name(t, names[i], sizeof names[i]);
        talks[n++] = (struct app_talk){.name = names[i], .session = t->s, .way = &t->way};
    }
    app_talks(p->loop, talks, n);
    int status = app_run(p->a);
    app_talks(NULL, NULL, 0);
    for (size_t i = 0, k = f != NULL; i < p->ntalks; i++)
        if (p->talks[i].s)
            p->talks[i].s = talks[k++].session; /* NULL: a tab's, and freed with it */
    free(text);
    return status;
}
