/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one way in which every mode says what is wrong. */
#include "mode/mode.h"
#include "heloscope/buf.h"
#include "heloscope/fault.h"
#include "heloscope/harmless.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

void mode_complain(const char *fmt, ...)
{
    char words[4096];
    struct buf clean;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    buf_init(&clean, 8 * sizeof words);
    text_clean(&clean, words, strlen(words));
    fprintf(stderr, "heloscope: %s\n", buf_str(&clean));
    buf_clear(&clean);
}

int mode_unwritten(int error)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    /* stdio keeps that a write failed, not why: the pipe itself tells */
    bool left = poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
    if (!left && error != EPIPE)
        mode_complain("standard output cannot be written%s%s", error ? ": " : "",
                      error ? strerror(error) : "");
    return fault_status(FAULT_FILE);
}
