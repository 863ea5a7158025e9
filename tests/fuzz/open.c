/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any file opened for looking at, as a small one and (by the first octet) as one too big to be read
 * at once: each item has the lines it says, each question has an answer, and looked at backwards it
 * is the same. */
#include "heloscope/know.h"
#include "heloscope/logfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOOK_AT 300 /* items */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void look(const struct source *s, size_t i, enum item_kind *kind)
{
    struct item it;
    struct moment m;
    struct explanation e;
    struct span l;
    if (!s->item(s->self, i, &it) || it.lines < 1)
        abort();
    *kind = it.kind;
    know_item(s, i, &it, true, &m, &e);
    for (uint64_t k = 0; k < it.lines && k < 100; k++)
        if (!s->line(s->self, i, k, &l) || (l.n && !l.p))
            abort();
    if (s->line(s->self, i, it.lines, &l))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char path[64], why[300];
    enum item_kind kinds[LOOK_AT], kind;
    if (n < 2)
        return 0;
    int fd = memfd_create("open", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, n - 1) != (ssize_t)(n - 1) ||
        ((data[0] & 1) && ftruncate(fd, LOGFILE_LAZY + 1) != 0))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct logfile *f = logfile_open(NULL, path, NULL, NULL, why, sizeof why);
    close(fd);
    if (!f)
        return 0;
    const struct source *s = logfile_source(f);
    size_t count = s->count(s->self), hit;
    if (count > LOOK_AT)
        count = LOOK_AT;
    for (size_t i = 0; i < count; i++)
        look(s, i, &kinds[i]);
    for (size_t i = count; i-- > 0;) {
        look(s, i, &kind);
        if (kind != kinds[i])
            abort();
    }
    s->problem(s->self, SIZE_MAX, false, &hit);
    s->problem(s->self, count ? count - 1 : 0, true, &hit);
    logfile_close(f);
    return 0;
}
