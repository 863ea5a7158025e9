/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The roster of a class as lines of text. Its strings are harmless already; here they are cut to
 * their columns. */
#include "heloscope/classroom.h"
#include "heloscope/harmless.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Columns, with the blank behind each; what a line has beyond them is the reply's. */
enum { NAME = 19, ADDRESS = 16, STEP = 15, TRIES = 6, IDLE = 5, REPLY_LEAST = 8 };
enum { FIXED = NAME + ADDRESS + STEP + TRIES + IDLE };

/* s in exactly width - 1 columns and a blank; cut with a tilde, at the left where the end tells
 * more (addresses). */
static void cell(struct buf *out, const char *s, int width, bool keep_end)
{
    int cols = 0, all = 0;
    struct cluster c;
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i += c.bytes) {
        cluster_next(s + i, n - i, &c);
        all += c.cols;
    }
    bool cut = all > width - 1;
    int room = width - 1 - cut, drop = cut && keep_end ? all - room : 0;
    if (cut && keep_end)
        buf_add_char(out, '~');
    for (size_t i = 0; i < n; i += c.bytes) {
        cluster_next(s + i, n - i, &c);
        if (drop > 0) {
            drop -= c.cols;
            continue;
        }
        if (cols + c.cols > room)
            break;
        buf_add(out, s + i, c.bytes);
        cols += c.cols;
    }
    if (cut && !keep_end)
        buf_add_char(out, '~');
    buf_addf(out, "%*s", width - cols - cut, "");
}

static void trim(struct buf *out)
{
    while (out->len && out->p[out->len - 1] == ' ')
        buf_trim(out, out->len - 1);
}

/* The cells of a line, left to right. */
static void line(struct buf *out, unsigned cols, const char *const text[6])
{
    static const int width[] = {NAME, ADDRESS, STEP, TRIES, IDLE};
    int left = (int)cols;
    for (int i = 0; i < 5 && left > width[i]; i++) {
        cell(out, text[i], width[i], i == 1);
        left -= width[i];
    }
    if (left > REPLY_LEAST)
        cell(out, text[5], left + 1, false);
    trim(out);
}

void roster_title(const struct class_sum *sum, const char *lesson, unsigned cols, struct buf *out)
{
    struct buf text;
    buf_init(&text, 4096);
    buf_addf(&text, "%zu here, %zu done, %zu came: ", sum->here, sum->ended, sum->came);
    text_clean(&text, lesson, strlen(lesson) < 400 ? strlen(lesson) : 400);
    cell(out, buf_str(&text), (int)cols + 1, false);
    trim(out);
    buf_clear(&text);
}

void roster_head(unsigned cols, struct buf *out)
{
    line(out, cols,
         (const char *const[]){"Student", "Address", "Next step", "Tries", "Idle", "Last reply"});
}

/* Two students in a line, where one each would be too many lines. */
static void half(struct buf *out, const char *const text[4])
{
    static const int width[] = {18, 13, 4, 5};
    for (int i = 0; i < 4; i++)
        cell(out, text[i], width[i], false);
}

static void duration(uint64_t ms, char *out, size_t size)
{
    uint64_t s = ms / 1000;
    if (s < 100)
        snprintf(out, size, "%" PRIu64 "s", s);
    else if (s < 6000)
        snprintf(out, size, "%" PRIu64 "m", s / 60);
    else
        snprintf(out, size, "%" PRIu64 "h", s / 3600 < 999 ? s / 3600 : 999);
}

struct words {
    const char *name;
    char step[80], tries[16], idle[16];
};

static void words_of(const struct student_row *r, struct words *w)
{
    w->name = *r->name ? r->name : *r->login ? r->login : "(no name yet)";
    if (r->step >= r->steps)
        snprintf(w->step, sizeof w->step, "%zu/%zu done", r->steps, r->steps);
    else
        snprintf(w->step, sizeof w->step, "%zu/%zu %s", r->step + 1, r->steps, r->verb);
    w->tries[0] = '\0';
    if (r->tried)
        snprintf(w->tries, sizeof w->tries, "%u", r->tried);
    if (r->talks)
        duration(r->idle_ms, w->idle, sizeof w->idle);
    else
        snprintf(w->idle, sizeof w->idle, "left");
}

void roster_line(const struct student_row *r, unsigned cols, struct buf *out)
{
    struct words w;
    words_of(r, &w);
    line(out, cols, (const char *const[]){w.name, r->address, w.step, w.tries, w.idle, r->reply});
}

void roster_two(const struct student_row *a, const struct student_row *b, struct buf *out)
{
    struct words w;
    const struct student_row *both[] = {a, b};
    if (!a)
        for (int i = 0; i < 2; i++)
            half(out, (const char *const[]){"Student", "Next step", "Try", "Idle"});
    for (int i = 0; i < 2 && both[i]; i++) {
        words_of(both[i], &w);
        half(out, (const char *const[]){w.name, w.step, w.tries, w.idle});
    }
    trim(out);
}

/* The more, the sooner it is shown. */
static unsigned weight(const struct student_row *r)
{
    unsigned tried = r->tried < 99 ? r->tried : 99;
    return (r->talks ? 10000u : 0) + (r->step < r->steps ? 1000u + tried : 0);
}

size_t roster_pick(const struct student_row *rows, size_t n, size_t room, bool *shown)
{
    size_t left = n < room ? n : room, out = n - left;
    memset(shown, 0, n * sizeof *shown);
    for (; left; left--) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!shown[i] && (best == n || weight(&rows[i]) > weight(&rows[best])))
                best = i;
        shown[best] = true;
    }
    return out;
}
