/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A class: whose a connection is, a world for each student, and how far each is in the lesson.
 * Listening is ear.c's, the roster's look roster.c's. A student may be heard on several connections
 * (SMTP and POP3): all go into one walk through the lesson. */
#include "practice/classroom.h"

#include "heloscope/harmless.h"
#include "heloscope/lesson.h"
#include "heloscope/loop.h"
#include "practice/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STUDENTS = 256, SAME_MAX = 100, SHOWN_MAX = 200 };

struct student {
    char *place; /* the client's address */
    char *name;  /* as said, in small letters; "" */
    char *shown; /* the same, harmless */
    struct world *world;
    struct lesson_walk walk;
    char *reply;
    char login[32];
    unsigned talks, skipped;
    uint64_t spoke_us;
};

struct classroom {
    struct world *house;
    struct class_options o;
    struct student **students;
    size_t n, cap;
    struct ear *ears; /* the newest first */
    size_t came, refused;
};

static const char *const event_words[] = {
    [CLASS_CAME] = "came",   [CLASS_DONE] = "step", [CLASS_TRIED] = "tried",
    [CLASS_ENDED] = "ended", [CLASS_LEFT] = "left", [CLASS_REFUSED] = "refused",
};

const char *class_event_word(enum class_event ev)
{
    return event_words[ev];
}

struct classroom *classroom_new(struct world *house, const struct class_options *o)
{
    struct classroom *c = xcalloc(1, sizeof *c);
    c->house = house;
    c->o = *o;
    if (!c->o.students_max)
        c->o.students_max = STUDENTS;
    world_class(house, c);
    return c;
}

static void student_free(struct student *s)
{
    free(s->place);
    free(s->name);
    free(s->shown);
    free(s->reply);
    free(s);
}

void classroom_free(struct classroom *c)
{
    if (!c)
        return;
    c->o.changed = NULL; /* who looks on has heard the end already */
    while (c->ears)
        classroom_left(c->ears->peer);
    world_class(c->house, NULL);
    for (size_t i = 0; i < c->n; i++)
        student_free(c->students[i]);
    free(c->students);
    free(c);
}

/* ---- the lesson ---- */

static const struct lesson_step *next_step(const struct lesson_walk *w)
{
    return lesson_ended(w) ? NULL : &w->lesson->steps[w->step];
}

/* Nobody presses a key here: what is only to be read was read. */
static void go_on(struct lesson_walk *w)
{
    while (!lesson_ended(w) && (w->done || !*next_step(w)->verb))
        lesson_skip(w);
}

/* Who leaves a step out is found again at the next one; but not by a verb that also begins a talk
 * anew, or ends it. */
static bool leaves_out(struct student *s, const struct source *src, size_t item)
{
    struct lesson_walk ahead = s->walk;
    lesson_skip(&ahead);
    go_on(&ahead);
    const struct lesson_step *step = next_step(&ahead);
    if (!step || !strcasecmp(step->verb, "QUIT"))
        return false;
    for (size_t i = 0; i <= s->walk.step; i++)
        if (!strcasecmp(s->walk.lesson->steps[i].verb, step->verb))
            return false;
    if (lesson_judge(&ahead, src, item) != LESSON_DONE)
        return false;
    s->walk = ahead;
    s->skipped++;
    return true;
}

static void row_of(const struct classroom *c, const struct student *s, struct student_row *r)
{
    const struct lesson_step *step = next_step(&s->walk);
    *r = (struct student_row){
        .name = s->shown,
        .address = s->place,
        .login = s->login,
        .verb = !step                                   ? ""
                : strcmp(step->verb, "(end of letter)") ? step->verb
                                                        : "letter",
        .reply = s->reply ? s->reply : "",
        .step = s->walk.step,
        .steps = c->o.lesson->nsteps,
        .talks = s->talks,
        .tried = s->walk.wrong,
        .skipped = s->skipped,
        .idle_ms = (now_us() - s->spoke_us) / 1000,
    };
}

static void changed(const struct classroom *c, enum class_event ev, const struct student *s)
{
    struct student_row r;
    if (!c->o.changed)
        return;
    row_of(c, s, &r);
    c->o.changed(c->o.arg, ev, &r);
}

static void study(struct classroom *c, struct student *s, const struct source *src, size_t item)
{
    if (lesson_ended(&s->walk))
        return;
    enum lesson_news news;
    struct lesson_walk before = s->walk;
    news = lesson_judge(&s->walk, src, item);
    if (news != LESSON_DONE) {
        struct lesson_walk tried = s->walk;
        s->walk = before;
        if (leaves_out(s, src, item))
            news = LESSON_DONE;
        else
            s->walk = tried;
    }
    if (news == LESSON_ASIDE)
        return;
    go_on(&s->walk);
    changed(c,
            news == LESSON_TRIED     ? CLASS_TRIED
            : lesson_ended(&s->walk) ? CLASS_ENDED
                                     : CLASS_DONE,
            s);
}

/* The first line of a reply, harmless. */
static char *first_line(const struct source *src, size_t item)
{
    struct span line;
    struct buf b;
    if (!src->line(src->self, item, 0, &line))
        return xstrdup("");
    buf_init(&b, SHOWN_MAX);
    text_clean(&b, line.p, line.n < SHOWN_MAX / 2 ? line.n : SHOWN_MAX / 2);
    char *out = xstrdup(buf_str(&b));
    buf_clear(&b);
    return out;
}

bool classroom_exchange(struct ear *e, const struct source *src, size_t item)
{
    char **reply = e->student ? &e->student->reply : &e->reply;
    free(*reply);
    *reply = first_line(src, item);
    if (e->student)
        study(e->class, e->student, src, item);
    return e->student != NULL;
}

void classroom_spoke(struct ear *e)
{
    if (e->student)
        e->student->spoke_us = e->spoke_us;
}

/* ---- whose is it ---- */

/* "anna" and "anna.example" are one, "anna.home" and "anna.work" are not. */
static bool same_name(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    const char *longer = n < m ? b : a;
    size_t k = n < m ? n : m;
    return k > 0 && strncmp(a, b, k) == 0 && (n == m || longer[k] == '.');
}

/* The exact name wins. */
static struct student *find(const struct classroom *c, const char *place, const char *name)
{
    struct student *like = NULL;
    for (size_t i = 0; i < c->n; i++) {
        struct student *s = c->students[i];
        if (strcmp(s->place, place) != 0)
            continue;
        if (!name || strcmp(s->name, name) == 0)
            return s;
        if (!like && same_name(s->name, name))
            like = s;
    }
    return like;
}

/* Is a talk of that student open, other than POP3's? */
static bool sends(const struct classroom *c, const struct student *s)
{
    for (const struct ear *e = c->ears; e; e = e->next)
        if (e->student == s && e->peer->service != &pop3_service)
            return true;
    return false;
}

/* Has left, and has nothing to come back for. */
static bool forgettable(const struct classroom *c, const struct student *s)
{
    struct lesson_walk start;
    lesson_begin(&start, c->o.lesson);
    go_on(&start);
    return !s->talks && ((c->o.by_name && !*s->name) ||
                         (s->walk.step == start.step && !s->walk.wrong && !s->walk.done));
}

static void forget(struct classroom *c, struct student *s)
{
    size_t i = 0;
    while (c->students[i] != s)
        i++;
    memmove(c->students + i, c->students + i + 1, (--c->n - i) * sizeof *c->students);
    world_free(s->world);
    student_free(s);
}

static bool make_room(struct classroom *c)
{
    for (size_t i = 0; i < c->n && c->n >= c->o.students_max;)
        if (forgettable(c, c->students[i]))
            forget(c, c->students[i]);
        else
            i++;
    return c->n < c->o.students_max;
}

static void rename_to(struct student *s, const char *name)
{
    struct buf b;
    buf_init(&b, SHOWN_MAX);
    text_clean(&b, name, strlen(name) < SHOWN_MAX / 2 ? strlen(name) : SHOWN_MAX / 2);
    free(s->name);
    free(s->shown);
    s->name = xstrdup(name);
    s->shown = xstrdup(buf_str(&b));
    buf_clear(&b);
}

static struct student *enrol(struct classroom *c, const char *place, const char *name)
{
    if (!make_room(c))
        return NULL;
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 32;
        c->students = xrealloc(c->students, c->cap * sizeof *c->students);
    }
    struct student *s = xcalloc(1, sizeof *s);
    s->place = xstrdup(place);
    rename_to(s, name);
    s->world = world_room(c->house);
    lesson_begin(&s->walk, c->o.lesson);
    go_on(&s->walk);
    c->students[c->n++] = s;
    c->came++;
    return s;
}

/* An address is a student. */
static struct student *by_address(struct classroom *c, const char *place, const char *name)
{
    struct student *s = find(c, place, NULL);
    if (!s)
        return enrol(c, place, name);
    if (*name)
        rename_to(s, name);
    return s;
}

/* An address and a name are one. Two talks at once that send mail under one name are two students
 * who both typed what stands in the lesson; who logs in as student+NAME has said whom he means. */
static struct student *by_name(struct classroom *c, const char *place, const char *name, bool pop3)
{
    char label[SHOWN_MAX];
    if (!*name)
        return enrol(c, place, name);
    snprintf(label, sizeof label, "%.180s", name);
    for (int k = 2; k < SAME_MAX; k++) {
        struct student *s = find(c, place, label);
        if (!s)
            return enrol(c, place, label);
        if (pop3 || !sends(c, s))
            return s;
        snprintf(label, sizeof label, "%.180s#%d", name, k);
    }
    return NULL;
}

/* A POP3 login without a name, where names tell students apart, and some have one. */
static bool unclear(const struct classroom *c, const char *place, const char *name)
{
    for (size_t i = 0; c->o.by_name && !*name && i < c->n; i++)
        if (*c->students[i]->name && strcmp(c->students[i]->place, place) == 0)
            return true;
    return false;
}

static void sit_down(struct ear *e, struct student *s)
{
    e->student = s;
    s->spoke_us = e->spoke_us;
    world_enter(s->world, e->peer);
    if (s->talks++ == 0)
        changed(e->class, CLASS_CAME, s);
    ear_catch_up(e);
}

/* The class is full. */
static void refuse(struct classroom *c, const struct ear *e, char *why, size_t size)
{
    c->refused++;
    snprintf(why, size, "The class is full: %zu students are here, ask your teacher", c->n);
    struct student_row r = {.name = "",
                            .address = e->address,
                            .login = "",
                            .verb = "",
                            .reply = why,
                            .steps = c->o.lesson->nsteps};
    if (c->o.changed)
        c->o.changed(c->o.arg, CLASS_REFUSED, &r);
}

static void keep_said(struct ear *e, const char *name)
{
    free(e->said);
    e->said = xstrdup(name);
}

/* The name is said anew inside TLS, where what was said before it counts no more (RFC 3207 4.2):
 * openssl s_client says one of its own for its user. */
static void seat_anew(struct ear *e, const char *name)
{
    struct classroom *c = e->class;
    struct student *old = e->student;
    if (!*name || same_name(e->said, name))
        return;
    keep_said(e, name);
    if (e->enrolled && old->talks == 1 && !find(c, e->address, name)) {
        rename_to(old, name);
        changed(c, CLASS_CAME, old);
        return;
    }
    struct student *s = by_name(c, e->address, name, false);
    if (!s || s == old)
        return;
    bool drop = --old->talks == 0 && e->enrolled;
    e->enrolled = false;
    sit_down(e, s);
    if (drop)
        forget(c, old);
}

bool classroom_seat(struct peer *p, const char *said, bool *full, char *why, size_t size)
{
    struct ear *e = p->ear;
    struct classroom *c = e ? e->class : NULL;
    char name[256] = "";
    *full = false;
    if (!c)
        return true;
    for (size_t i = 0; said && said[i] && i + 1 < sizeof name; i++)
        name[i] = said[i] >= 'A' && said[i] <= 'Z' ? (char)(said[i] | 32) : said[i];
    if (e->student) {
        if (!c->o.by_name && *name)
            rename_to(e->student, name);
        else if (p->secure && p->service != &pop3_service)
            seat_anew(e, name);
        return true;
    }
    if (unclear(c, e->address, name)) {
        snprintf(why, size,
                 "Several students come from your address: say USER student+NAME with the NAME "
                 "that you said in EHLO");
        return false;
    }
    size_t before = c->came;
    struct student *s = c->o.by_name ? by_name(c, e->address, name, p->service == &pop3_service)
                                     : by_address(c, e->address, name);
    if (!s) {
        *full = true;
        refuse(c, e, why, size);
        return false;
    }
    e->enrolled = c->came > before;
    keep_said(e, name);
    sit_down(e, s);
    return true;
}

const char *classroom_label(const struct peer *p)
{
    return p->ear && p->ear->student && p->ear->class->o.by_name ? p->ear->student->name : "";
}

void classroom_login(struct peer *p, const char *account)
{
    if (p->ear && p->ear->student)
        snprintf(p->ear->student->login, sizeof p->ear->student->login, "%s", account);
}

void classroom_came(struct peer *p)
{
    struct classroom *c = world_classroom(p->world);
    if (!c || !(p->ear = ear_new(p, p->service->name)))
        return;
    struct ear *e = p->ear;
    e->class = c;
    snprintf(e->address, sizeof e->address, "%s", p->address);
    if (*c->o.lesson->client)
        snprintf(p->address, sizeof p->address, "%s", c->o.lesson->client);
    e->next = c->ears;
    if (c->ears)
        c->ears->prev = e;
    c->ears = e;
}

void classroom_left(struct peer *p)
{
    struct ear *e = p->ear;
    if (!e)
        return;
    struct classroom *c = e->class;
    if (e->prev)
        e->prev->next = e->next;
    else
        c->ears = e->next;
    if (e->next)
        e->next->prev = e->prev;
    if (e->student && --e->student->talks == 0)
        changed(c, CLASS_LEFT, e->student);
    ear_free(e);
    p->ear = NULL;
}

/* ---- the roster ---- */

size_t classroom_count(const struct classroom *c)
{
    return c->n + classroom_sum(c).nameless;
}

bool classroom_row(const struct classroom *c, size_t i, struct student_row *out)
{
    if (i < c->n) {
        row_of(c, c->students[i], out);
        return true;
    }
    i -= c->n;
    for (const struct ear *e = c->ears; e; e = e->next) {
        if (e->student || i-- > 0)
            continue;
        *out = (struct student_row){
            .name = "",
            .address = e->address,
            .login = "",
            .verb = "",
            .reply = e->reply ? e->reply : "",
            .steps = c->o.lesson->nsteps,
            .talks = 1,
            .idle_ms = (now_us() - e->spoke_us) / 1000,
        };
        return true;
    }
    return false;
}

struct world *classroom_world(const struct classroom *c, size_t i)
{
    return i < c->n ? c->students[i]->world : NULL;
}

struct class_sum classroom_sum(const struct classroom *c)
{
    struct class_sum s = {.came = c->came, .refused = c->refused};
    for (size_t i = 0; i < c->n; i++) {
        s.here += c->students[i]->talks > 0;
        s.ended += lesson_ended(&c->students[i]->walk);
    }
    for (const struct ear *e = c->ears; e; e = e->next)
        s.nameless += !e->student;
    return s;
}
