/* SPDX-License-Identifier: GPL-3.0-or-later */
/* $VISUAL, $EDITOR or vi on a line, a letter or a copy of the talk. The file is for the user alone
 * and is removed again; nothing is sent by leaving the editor. */
#include "tui/app.h"
#include "tui/editor.h"

#include "heloscope/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXTERNAL_MAX (16u << 20)

static bool run(const char *path, char *why, size_t size)
{
    const char *editor = getenv("VISUAL");
    if (!editor || !*editor)
        editor = getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    char *command = xmalloc(strlen(editor) + 8);
    sprintf(command, "%s \"$1\"",
            editor); /* the variable may hold options: the shell takes it apart */
    /* As system() does: C-c while the editor runs is the editor's. */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, was_int, was_quit;
    sigaction(SIGINT, &ignore, &was_int);
    sigaction(SIGQUIT, &ignore, &was_quit);
    term_suspend();
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        signal(SIGTSTP, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    bool ok = pid > 0;
    while (ok && waitpid(pid, &status, 0) < 0)
        ok = errno == EINTR;
    term_resume();
    sigaction(SIGINT, &was_int, NULL);
    sigaction(SIGQUIT, &was_quit, NULL);
    if (!ok || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(
            why, size,
            "the editor \"%.60s\" could not be run or failed; nothing was changed (set EDITOR)",
            editor);
        ok = false;
    }
    free(command);
    return ok;
}

static bool read_all(const char *path, struct buf *out, char *why, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char chunk[65536];
    ssize_t k = -1;
    if (fd >= 0)
        while ((k = read(fd, chunk, sizeof chunk)) > 0)
            if (!buf_add(out, chunk, (size_t)k)) {
                snprintf(why, size, "the text is longer than %u MiB now; nothing was changed",
                         EXTERNAL_MAX >> 20);
                close(fd);
                return false;
            }
    if (k < 0)
        snprintf(why, size, "%s cannot be read again: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return k == 0;
}

bool external_edit(const char *suffix, const char *p, size_t n, struct buf *out, char *why,
                   size_t size)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];
    if (snprintf(path, sizeof path, "%s/heloscope-XXXXXX%s", dir && *dir ? dir : "/tmp", suffix) >=
        (int)sizeof path) {
        snprintf(why, size, "TMPDIR is too long");
        return false;
    }
    int fd = mkstemps(path, (int)strlen(suffix)); /* mode 0600 */
    if (fd < 0) {
        snprintf(why, size, "%s cannot be made: %s", path, strerror(errno));
        return false;
    }
    bool ok = write_all(fd, p, n);
    if (close(fd) != 0 || !ok)
        snprintf(why, size, "%s cannot be written: %s", path, strerror(errno));
    else
        ok = run(path, why, size) && (!out || read_all(path, out, why, size));
    unlink(path);
    return ok;
}

void external_line(struct app *app)
{
    struct tab *t = ui_tab(&app->ui);
    struct buf out;
    char why[300];
    size_t n, at, len;
    if (!t || !t->session) {
        ui_notice(&app->ui, true, "there is no line to edit here");
        return;
    }
    buf_init_secret(&out, EXTERNAL_MAX);
    bool letter = t->letter != NULL;
    const char *line = letter ? buf_str(letter_text(t)) : editor_text(&n);
    if (letter)
        n = letter_text(t)->len;
    if (!letter && cmdline_secret(t, line, n, &at, &len)) {
        ui_notice(&app->ui, true,
                  "this line holds a secret: it is not written to a file for $EDITOR");
        return;
    }
    if (!external_edit(letter ? ".eml" : ".txt", line, n, &out, why, sizeof why))
        ui_notice(&app->ui, true, "%s", why);
    else if (letter) {
        /* The editor's last line end would be one more empty line. */
        if (out.len && out.p[out.len - 1] == '\n')
            buf_trim(&out, out.len - 1);
        letter_set(app, t, buf_str(&out), out.len);
        ui_notice(&app->ui, false, "taken over from the editor; not sent yet");
    } else {
        while (out.len && (out.p[out.len - 1] == '\n' || out.p[out.len - 1] == '\r'))
            buf_trim(&out, out.len - 1);
        if (memchr(buf_str(&out), '\n', out.len)) { /* several lines wait like a paste */
            editor_cancel();
            line_paste(app, out.p, out.len);
        } else
            editor_set(buf_str(&out), out.len);
    }
    buf_clear(&out);
    app->ui.dirty = true;
}
