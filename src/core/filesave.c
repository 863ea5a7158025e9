/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See filesave.h. */
#include "heloscope/filesave.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool filesave(const char *path, mode_t mode, bool over, filesave_fn *write, void *arg, char *why,
              size_t size)
{
    struct buf temp;
    buf_init(&temp, 8192);
    if (!buf_addf(&temp, "%s.XXXXXX", path)) {
        snprintf(why, size, "the name is longer than a path can be");
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = mkostemp(temp.p, O_CLOEXEC); /* mode 0600 */
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f != NULL;
    if (f) {
        ok = write(f, arg) && fflush(f) == 0 && !ferror(f) &&
             (mode == 0600 || fchmod(fd, mode) == 0) && fsync(fd) == 0;
        int keep = errno;
        bool closed = fclose(f) == 0;
        if (!ok)
            errno = keep;
        ok = ok && closed;
    }
    if (ok) /* link() refuses where the name is taken, rename() takes its place */
        ok = over ? rename(temp.p, path) == 0 : link(temp.p, path) == 0;
    int keep = errno;
    if (!ok)
        snprintf(why, size, "%s: %s", path, strerror(keep));
    if (fd >= 0 && !(ok && over))
        unlink(temp.p);
    buf_clear(&temp);
    errno = keep;
    return ok;
}

static bool write_buf(FILE *f, void *arg)
{
    const struct buf *content = arg;
    return fwrite(content->p, 1, content->len, f) == content->len;
}

bool filesave_buf(const char *path, mode_t mode, bool over, const struct buf *content, char *why,
                  size_t size)
{
    return filesave(path, mode, over, write_buf, (void *)content, why, size);
}
