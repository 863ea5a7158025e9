/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk that is shown at a class's pace: a source in front of another one, which lets replies be
 * seen one at a time. Commands and our own events are seen at once, in their order. What was said
 * is not held up, only what is shown of it. Without curses. */
#ifndef HELOSCOPE_TUI_PACE_H
#define HELOSCOPE_TUI_PACE_H

#include "heloscope/source.h"

enum { PACE_LEAST_MS = 100, PACE_MOST_MS = 60000 };

struct pace {
    const struct source *base;
    struct source view; /* what the panes look at; view.self is this: it must not move */
    unsigned ms;        /* between what is seen and the next reply; 0: all is seen at once */
    size_t shown;       /* items that are seen, while ms > 0 */
    uint64_t next_us;   /* no reply before */
};

/* Looks at base from now on, from its beginning; the pace stays. */
void pace_over(struct pace *p, const struct source *base);
/* Another pace; 0 shows all. What is seen stays seen. */
void pace_set(struct pace *p, unsigned ms);
/* Lets be seen what is due. True: something new is. */
bool pace_step(struct pace *p, uint64_t now_us);
/* Items that are not seen yet. */
size_t pace_hidden(const struct pace *p);
/* "2s", "500ms", "1.5", "off" (0). False: why holds a sentence. */
bool pace_parse(const char *text, unsigned *ms, char *why, size_t size);

#endif
