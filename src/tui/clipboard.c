/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copying: OSC 52 asks the terminal, which works through ssh and needs no display; whether it
 * obeyed cannot be known, so the text goes to a file too, and the notice says both. Secrets were
 * masked when the talk was recorded. */
#include "tui/app.h"
#include "core/lazy/openssl.gen.h"
#include "tui/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OSC52_MAX 74994 /* octets of base64 that xterm and tmux take */

static bool to_file(const char *p, size_t n, char **path, char *why, size_t size)
{
    *path = paths_state("copied", why, size);
    if (!*path)
        return false;
    int fd = open(*path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(why, size, "%s: %s", *path, strerror(errno));
        return false;
    }
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k <= 0) {
            snprintf(why, size, "%s: %s", *path, strerror(errno));
            close(fd);
            return false;
        }
        p += k;
        n -= (size_t)k;
    }
    return close(fd) == 0;
}

void clipboard_copy(struct app *app, const char *p, size_t n)
{
    char *path, why[256] = "";
    bool sent = n / 3 * 4 + 4 <= OSC52_MAX;
    if (sent) {
        char *b64 = xmalloc(n / 3 * 4 + 5);
        int m = EVP_EncodeBlock((unsigned char *)b64, (const unsigned char *)p, (int)n);
        term_raw("\033]52;c;", 7);
        term_raw(b64, (size_t)m);
        term_raw("\a", 1);
        free(b64);
    }
    bool kept = to_file(p, n, &path, why, sizeof why);
    ui_notice(&app->ui, !kept && !sent, "%zu octets copied: %s, %s%s", n,
              sent ? "terminal (OSC 52)" : "too long for the terminal",
              kept ? "" : "no file: ", kept ? path : why);
    free(path);
}
