/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a learner is in a lesson, and what the lesson says there. */
#include "heloscope/lesson.h"
#include "script/script_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void lesson_begin(struct lesson_walk *w, const struct lesson *l)
{
    *w = (struct lesson_walk){.lesson = l};
}

bool lesson_ended(const struct lesson_walk *w)
{
    return w->step >= w->lesson->nsteps;
}

static const struct lesson_step *step(const struct lesson_walk *w)
{
    return lesson_ended(w) ? NULL : &w->lesson->steps[w->step];
}

static bool holds(const struct match *m, const struct span *text)
{
    char why[200];
    return !m || match_text(m, NULL, text->p ? text->p : "", text->n, NULL, why, sizeof why);
}

static bool is_letter(const struct lesson_step *s)
{
    return !strcmp(s->verb, "(end of letter)");
}

/* While a letter is written Enter is the letter's: its step is shown at once. */
static void done(struct lesson_walk *w, const struct lesson_step *s)
{
    w->done = true;
    if (w->step + 1 >= w->lesson->nsteps || !is_letter(s + 1) || *s->question)
        return;
    lesson_skip(w);
    w->carried = true;
}

enum lesson_news lesson_saw(struct lesson_walk *w, const struct lesson_exchange *x)
{
    const struct lesson_step *s = step(w);
    const struct moment *m = x->moment;
    if (!s || w->done || !*s->verb || !m->proto)
        return LESSON_ASIDE;
    const char *said = m->command.verb ? m->command.verb->name : m->command.name;
    if (*s->service && strcasecmp(s->service, m->proto->name) != 0)
        return LESSON_ASIDE;
    if (strcasecmp(s->verb, said) != 0)
        return LESSON_ASIDE;
    if (holds(s->like, &x->command) && holds(s->letter, &x->letter) &&
        (!s->reply ||
         (match_code(s->reply, x->reply.p, x->reply.n) && holds(s->reply, &x->reply)))) {
        done(w, s);
        return LESSON_DONE;
    }
    w->wrong++;
    w->hinted = true;
    return LESSON_TRIED;
}

void lesson_skip(struct lesson_walk *w)
{
    if (lesson_ended(w))
        return;
    *w = (struct lesson_walk){.lesson = w->lesson, .step = w->step + 1};
}

bool lesson_awaits(const struct lesson_walk *w)
{
    const struct lesson_step *s = step(w);
    return s && (!*s->verb || (w->done && (*s->note || *s->question)));
}

bool lesson_on(struct lesson_walk *w)
{
    const struct lesson_step *s = step(w);
    if (!s)
        return false;
    if (*s->verb && !w->done)
        return false;
    if (*s->question && !w->answered)
        w->answered = true;
    else
        lesson_skip(w);
    return true;
}

/* Paragraphs, each line of them begun with mark (or none). */
static void paragraphs(struct buf *out, char mark, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (mark)
            buf_add(out, &mark, 1);
        buf_add(out, text, n);
        buf_add(out, "\n", 1);
        text += n + (text[n] == '\n');
    }
}

void lesson_text(const struct lesson_walk *w, struct buf *out)
{
    const struct lesson_step *s = step(w);
    if (!s) {
        paragraphs(out, 0, "This was the lesson.");
        paragraphs(out, 3, w->lesson->about);
        paragraphs(out, 0, "Any more is play: go on talking, or take the next lesson (:lesson).");
        return;
    }
    if (w->carried && !w->done)
        paragraphs(out, 3, s[-1].note);
    if (!w->done) /* else what was learnt is what counts */
        paragraphs(out, 0, s->say);
    if (!w->done && *s->verb && (w->hinted || !*s->hint))
        paragraphs(out, 2, s->hint);
    if (w->done)
        paragraphs(out, 3, s->note);
    bool asked = *s->question && (w->done || !*s->verb);
    if (asked)
        paragraphs(out, 1, s->question);
    if (asked && w->answered)
        paragraphs(out, 3, s->answer);
}

void lesson_title(const struct lesson_walk *w, char *out, size_t size)
{
    size_t at = w->step + (lesson_ended(w) ? 0 : 1);
    snprintf(out, size, "%zu/%zu %s", at, w->lesson->nsteps, w->lesson->title);
}
