/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A check-up in the workbench: its findings in the first tab, each talk in one of its own,
 * explained as any other. The talks are over; :connect opens a new one. */
#include "mode/probe.h"
#include "tui/app.h"
#include "heloscope/report.h"

#include <stdlib.h>

enum { NAME_SIZE = 64 };

int probe_tabs(const struct probe *p)
{
    struct app_talk talks[PROBE_TALKS_MAX + 1];
    char *text[PROBE_TALKS_MAX + 1] = {NULL}, names[PROBE_TALKS_MAX + 1][NAME_SIZE];
    size_t n = 0;
    for (size_t i = 0; i <= p->ntalks; i++) {
        const struct probe_talk *t = i ? &p->talks[i - 1] : NULL;
        size_t len = 0;
        if (t && !t->s)
            continue;
        FILE *f = open_memstream(&text[n], &len);
        if (!f)
            break;
        if (t) {
            report_write(f, transcript_source(session_transcript(t->s)), REPORT_JSONL);
            snprintf(names[n], sizeof names[n], "%.63s", t->entry.host);
        } else {
            probe_print(p, f, false);
            snprintf(names[n], sizeof names[n], "check-up");
        }
        fclose(f);
        talks[n] = (struct app_talk){names[n], text[n], len};
        n++;
    }
    app_talks(talks, n);
    int status = app_run(p->a);
    app_talks(NULL, 0);
    for (size_t i = 0; i <= p->ntalks; i++)
        free(text[i]);
    return status;
}
