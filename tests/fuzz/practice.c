/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the practice world that says anything: the first octet picks the service, the size of
 * the pieces, and whether a class looks on. */
#include "heloscope/classroom.h"
#include "heloscope/lesson.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char none[] = "", ehlo[] = "EHLO", rcpt[] = "RCPT", end[] = "(end of letter)",
            stat_[] = "STAT";
#define STEP(v)                                                                                    \
    {                                                                                              \
        .say = none, .service = none, .verb = v, .hint = none, .note = none, .question = none,     \
        .answer = none                                                                             \
    }
static struct lesson_step steps[] = {STEP(ehlo), STEP(rcpt), STEP(end), STEP(stat_)};

/* The roster is drawn, too. */
static void look_on(struct classroom *c)
{
    struct student_row row;
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; classroom_row(c, i, &row); i++)
        roster_line(&row, 80, &out);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const protos[] = {"smtp", "submission", "lmtp", "pop3"};
    struct world_options o = {.message_max = 5000};
    char why[256], answer[4096];
    if (!n)
        return 0;
    struct loop *l = loop_new();
    struct world *w = l ? world_new(l, &o, why, sizeof why) : NULL;
    if (!w)
        abort();
    struct lesson lesson = {
        .name = none, .title = none, .client = none, .steps = steps, .nsteps = 4};
    struct class_options co = {.lesson = &lesson, .students_max = 2, .by_name = data[0] & 0x10};
    struct classroom *c = data[0] & 0x20 ? classroom_new(w, &co) : NULL;
    size_t piece = data[0] & 0x40 ? 1 : 4096;
    int fd = world_connect(w, protos[data[0] & 3], "192.0.2.1");
    for (size_t at = 1; at < n && fd >= 0;) {
        size_t k = n - at < piece ? n - at : piece;
        ssize_t done = send(fd, data + at, k, MSG_NOSIGNAL | MSG_DONTWAIT);
        loop_turn(l, 0);
        while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) > 0)
            loop_turn(l, 0);
        if (done <= 0)
            break; /* the server has had enough */
        at += (size_t)done;
    }
    if (fd >= 0)
        close(fd);
    loop_turn(l, 0);
    if (c)
        look_on(c);
    classroom_free(c);
    world_shutdown(w);
    if (world_clients(w) != 0)
        abort();
    world_free(w);
    loop_free(l);
    return 0;
}
