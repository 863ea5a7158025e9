/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The teacher's side of `heloscope serve --lesson`: the roster on a terminal (a table drawn again
 * where it stood), as a line for each change, or as JSON lines; and the last summary. Who is in the
 * class and how far is src/practice/classroom.c's. */
#include "heloscope/classroom.h"
#include "heloscope/harmless.h"
#include "heloscope/lesson.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"
#include "mode/lessons.h"
#include "mode/serve.h"
#include "core/lazy/jansson.gen.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { REFRESH_MS = 1000, SOON_MS = 100 };

struct roster {
    struct loop *l;
    struct world *world;
    struct classroom *class;
    const struct lesson *lesson;
    const struct door *doors;
    struct watch *timer;
    bool table, json;
    bool soon; /* the timer was set for a change */
    unsigned rows, cols;
    unsigned drawn; /* lines of the table that stand above the cursor */
    uint64_t began_us;
};

struct lesson *class_lesson(const char *name, char *why, size_t size)
{
    char path[PATH_MAX], list[2000];
    struct lesson *l = NULL;
    if (lessons_find(name, path, sizeof path, why, size)) {
        l = lesson_load(path, why, size);
    } else {
        lessons_list(list, sizeof list);
        if (*list)
            fputs(list, stderr);
    }
    return l;
}

/* ---- the table ---- */

static void measure(struct roster *r)
{
    struct winsize w;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row;
    unsigned cols = known ? w.ws_col : 80, rows = known ? w.ws_row : 24;
    if (r->drawn && (cols != r->cols || rows != r->rows)) {
        /* What stands there was wrapped anew: begin below it. */
        r->drawn = 0;
        fputs("\n", stdout);
    }
    r->cols = cols;
    r->rows = rows;
}

/* The rows that are shown, one or two a line; two are read downwards. Returns how many lines. */
static unsigned body(const struct student_row *rows, const bool *shown, size_t n, unsigned cols,
                     bool two, struct buf *out)
{
    const struct student_row **list = xcalloc(n + 1, sizeof *list);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (shown[i])
            list[k++] = &rows[i];
    size_t lines = two ? (k + 1) / 2 : k;
    for (size_t i = 0; i < lines; i++) {
        if (two)
            roster_two(list[i], lines + i < k ? list[lines + i] : NULL, out);
        else
            roster_line(list[i], cols, out);
        buf_add_str(out, "\n");
    }
    free(list);
    return (unsigned)lines;
}

/* Title, head and rows, each line at most cols wide; all of them where room is 0. Returns how many
 * lines. */
static unsigned table(const struct roster *r, unsigned cols, unsigned room, struct buf *out)
{
    size_t n = classroom_count(r->class);
    struct student_row *rows = xcalloc(n + 1, sizeof *rows);
    bool *shown = xcalloc(n + 1, sizeof *shown);
    struct class_sum sum = classroom_sum(r->class);
    for (size_t i = 0; i < n; i++)
        classroom_row(r->class, i, &rows[i]);
    bool all = !room || n + 2 <= room, two = !all && cols >= ROSTER_TWO;
    size_t space = all ? n : room > 4 ? (room - 3) * (two ? 2 : 1) : 1;
    size_t hidden = roster_pick(rows, n, space, shown);
    roster_title(&sum, r->lesson->title, cols, out);
    buf_add_str(out, "\n");
    if (two)
        roster_two(NULL, NULL, out);
    else
        roster_head(cols, out);
    buf_add_str(out, "\n");
    unsigned lines = 2 + body(rows, shown, n, cols, two, out);
    if (hidden) {
        buf_addf(out, "and %zu more: done, left, or without mistakes\n", hidden);
        lines++;
    }
    free(rows);
    free(shown);
    return lines;
}

static void draw(struct roster *r)
{
    struct buf text;
    buf_init(&text, 4 << 20);
    measure(r);
    if (r->drawn)
        printf("\033[%uA", r->drawn);
    r->drawn = table(r, r->cols - 1, r->rows - 1, &text);
    for (const char *p = buf_str(&text); *p;) {
        size_t n = strcspn(p, "\n");
        printf("%.*s\033[K\n", (int)n, p);
        p += n + 1;
    }
    fputs("\033[J", stdout);
    fflush(stdout);
    buf_clear(&text);
}

static void on_time(void *arg)
{
    struct roster *r = arg;
    draw(r);
    r->soon = false;
    r->timer = loop_timer(r->l, REFRESH_MS, on_time, r);
}

static void on_resize(void *arg, int signo)
{
    (void)signo;
    draw(arg);
}

/* ---- a line for each change ---- */

static json_t *object(const struct student_row *row)
{
    json_t *o = json_object();
    json_object_set_new(o, "student", json_string(row->name));
    json_object_set_new(o, "address", json_string(row->address));
    json_object_set_new(o, "login", json_string(row->login));
    json_object_set_new(o, "step", json_integer((json_int_t)row->step));
    json_object_set_new(o, "steps", json_integer((json_int_t)row->steps));
    json_object_set_new(o, "next", json_string(row->verb));
    json_object_set_new(o, "tries", json_integer(row->tried));
    json_object_set_new(o, "skipped", json_integer(row->skipped));
    json_object_set_new(o, "connections", json_integer(row->talks));
    json_object_set_new(o, "idle_ms", json_integer((json_int_t)row->idle_ms));
    json_object_set_new(o, "reply", json_string(row->reply));
    return o;
}

static void put_json(json_t *o, const char *event)
{
    char when[40];
    time_t now = time(NULL);
    struct tm t;
    gmtime_r(&now, &t);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &t);
    json_object_set_new(o, "event", json_string(event));
    json_object_set_new(o, "time", json_string(when));
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(o);
}

static void put_line(enum class_event ev, const struct student_row *row)
{
    char when[16];
    time_t now = time(NULL);
    struct tm t;
    localtime_r(&now, &t);
    strftime(when, sizeof when, "%H:%M:%S", &t);
    printf("%s %-7s %s%s%s: %zu/%zu", when, class_event_word(ev),
           *row->name ? row->name : row->login, *row->name || *row->login ? " " : "", row->address,
           row->step, row->steps);
    if (*row->verb)
        printf(", next %s", row->verb);
    if (*row->reply)
        printf("; %s", row->reply);
    putchar('\n');
    fflush(stdout);
}

static void on_change(void *arg, enum class_event ev, const struct student_row *row)
{
    struct roster *r = arg;
    if (r->json) {
        put_json(object(row), class_event_word(ev));
    } else if (!r->table) {
        put_line(ev, row);
    } else if (!r->soon) {
        loop_drop(r->timer);
        r->soon = true;
        r->timer = loop_timer(r->l, SOON_MS, on_time, r);
    }
}

/* ---- beginning and end ---- */

static void announce_json(const struct roster *r)
{
    char at[300];
    json_t *o = json_object();
    json_object_set_new(o, "lesson", json_string(r->lesson->name));
    json_object_set_new(o, "title", json_string(r->lesson->title));
    json_object_set_new(o, "steps", json_integer((json_int_t)r->lesson->nsteps));
    for (int i = 0; i < DOORS; i++)
        if (r->doors[i].address) {
            door_place(&r->doors[i], at, sizeof at);
            json_object_set_new(o, r->doors[i].proto, json_string(at));
        }
    put_json(o, "listening");
}

struct roster *roster_begin(struct loop *l, struct world *w, const struct lesson *lesson,
                            const struct door doors[DOORS], const struct args *a, unsigned students)
{
    struct roster *r = xcalloc(1, sizeof *r);
    const char *term = getenv("TERM");
    bool local = true;
    for (int i = 0; i < DOORS; i++)
        local = local && (!doors[i].address || world_is_local(doors[i].address));
    r->l = l;
    r->world = w;
    r->lesson = lesson;
    r->doors = doors;
    r->json = a->json;
    r->table = !a->json && isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
    r->began_us = now_us();
    struct class_options o = {.lesson = lesson,
                              .students_max = students,
                              .by_name = a->by_name || local,
                              .changed = on_change,
                              .arg = r};
    r->class = classroom_new(w, &o);
    FILE *to = r->json ? stderr : stdout;
    fprintf(to, "\nLesson: %s (%zu steps).\n", lesson->title, lesson->nsteps);
    fputs(o.by_name ? "A name said in EHLO is a student, with a mail world of its own; by POP3 "
                      "this student\nlogs in as student+NAME."
                    : "A client's address is a student, with a mail world of its own; where "
                      "students share\none, say --by-name.",
          to);
    fputs(" They come by telnet, openssl s_client, or\n", to);
    char at[300];
    for (int i = 0; i < DOORS; i++)
        if (doors[i].address) {
            door_place(&doors[i], at, sizeof at);
            fprintf(to, "  heloscope %s://%s\n", doors[i].proto, at);
        }
    fputs("\nC-c or a TERM signal ends it.\n", to);
    fflush(to);
    if (r->json)
        announce_json(r);
    if (r->table) {
        loop_signal(l, SIGWINCH, on_resize, r);
        fputs("\n", stdout);
        on_time(r);
    }
    return r;
}

void roster_end(struct roster *r)
{
    if (!r)
        return;
    struct class_sum sum = classroom_sum(r->class);
    unsigned minutes = (unsigned)((now_us() - r->began_us) / 60000000);
    loop_drop(r->timer);
    loop_signal(r->l, SIGWINCH, NULL, NULL);
    if (r->json) {
        json_t *o = json_object(), *list = json_array();
        struct student_row row;
        for (size_t i = 0; i < classroom_count(r->class) && classroom_row(r->class, i, &row); i++)
            json_array_append_new(list, object(&row));
        json_object_set_new(o, "came", json_integer((json_int_t)sum.came));
        json_object_set_new(o, "done", json_integer((json_int_t)sum.ended));
        json_object_set_new(o, "refused", json_integer((json_int_t)sum.refused));
        json_object_set_new(o, "students", list);
        put_json(o, "summary");
    } else {
        struct buf text;
        buf_init(&text, 4 << 20);
        if (r->table && r->drawn)
            printf("\033[%uA\033[J", r->drawn);
        printf("The class has ended after %u minute%s. ", minutes, minutes == 1 ? "" : "s");
        printf("%zu student%s came, %zu did the last step.\n", sum.came, sum.came == 1 ? "" : "s",
               sum.ended);
        if (sum.refused)
            printf("%zu found no place: --clients says how many there are.\n", sum.refused);
        if (classroom_count(r->class)) {
            table(r, r->table ? r->cols - 1 : 100, 0, &text);
            const char *rows = strchr(buf_str(&text), '\n') + 1; /* its title was said just now */
            fputs(rows, stdout);
        }
        buf_clear(&text);
        fflush(stdout);
    }
    classroom_free(r->class);
    free(r);
}
