/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a password or a token comes from when nobody is asked: a file, a variable of the
 * environment, what a command prints. Never the command line, which every user of the machine can
 * read. Nothing of it stays behind: it is read without stdio into memory that is wiped. */
#include "heloscope/login.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECRET_FILE_MAX = 65536 };

struct sources {
    const char *file, *env, *command, *what;
};

static struct sources sources_of(const struct login_options *o, enum sasl_wants wants)
{
    if (wants == SASL_WANTS_TOKEN)
        return (struct sources){o->token_file, o->token_env, o->token_command, "token"};
    return (struct sources){o->password_file, o->password_env, o->password_command, "password"};
}

static int sources_n(const struct sources *s)
{
    return (s->file ? 1 : 0) + (s->env ? 1 : 0) + (s->command ? 1 : 0);
}

unsigned login_have(const struct login_options *o)
{
    struct sources p = sources_of(o, SASL_WANTS_PASSWORD), t = sources_of(o, SASL_WANTS_TOKEN);
    return (sources_n(&p) ? LOGIN_PASSWORD : 0u) | (sources_n(&t) ? LOGIN_TOKEN : 0u);
}

static bool check(const struct sources *s, bool *file, char *why, size_t size)
{
    *file = false;
    if (sources_n(s) > 1) {
        snprintf(
            why, size,
            "--%s-file, --%s-env and --%s-command all tell where the %s is: one of them, please",
            s->what, s->what, s->what, s->what);
        return false;
    }
    if (s->env && !getenv(s->env)) {
        snprintf(why, size, "--%s-env: the variable %.80s is not set", s->what, s->env);
        return false;
    }
    if (s->file && access(s->file, R_OK) != 0) {
        snprintf(why, size, "the %s file %.200s cannot be read: %s", s->what, s->file,
                 strerror(errno));
        *file = true;
        return false;
    }
    return true;
}

bool login_check(const struct login_options *o, bool *file, char *why, size_t size)
{
    struct sources p = sources_of(o, SASL_WANTS_PASSWORD), t = sources_of(o, SASL_WANTS_TOKEN);
    if (!check(&p, file, why, size) || !check(&t, file, why, size))
        return false;
    if (!o->mechanism || sasl_mechanism(o->mechanism, strlen(o->mechanism)))
        return true;
    size_t n, rows;
    const struct sasl_mechanism *m = sasl_mechanisms(&rows);
    n = (size_t)snprintf(why, size, "--auth %.40s: not done here; there are", o->mechanism);
    for (size_t i = 0; i < rows && n < size; i++)
        n += (size_t)snprintf(why + n, size - n, "%s %s", i ? "," : "", m[i].name);
    return false;
}

const char *login_source(const struct login_options *o, enum sasl_wants wants)
{
    struct sources s = sources_of(o, wants);
    return s.file ? s.file : s.env ? s.env : s.command;
}

bool login_by_command(const struct login_options *o, enum sasl_wants wants)
{
    return sources_of(o, wants).command != NULL;
}

/* All of it up to the end or the ceiling. */
static bool read_fd(int fd, struct buf *out, const char *from, char *why, size_t size)
{
    for (;;) {
        char *room = buf_room(out, 4096);
        if (!room) {
            snprintf(why, size, "%.200s gives more than %d octets: that is no password", from,
                     SECRET_FILE_MAX);
            return false;
        }
        ssize_t n = read(fd, room, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            snprintf(why, size, "%.200s cannot be read: %s", from, strerror(errno));
        if (n <= 0) {
            buf_trim(out, out->len);
            return n == 0;
        }
        buf_grew(out, (size_t)n);
    }
}

static bool from_file(const struct sources *s, struct buf *out, char *warn, size_t warn_size,
                      char *why, size_t size)
{
    struct stat st;
    int fd = open(s->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        snprintf(why, size, "the %s file %.200s cannot be read: %s", s->what, s->file,
                 strerror(errno));
        return false;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077))
        snprintf(warn, warn_size, "others can read the %s file (chmod 600 ends that): %.200s",
                 s->what, s->file);
    bool ok = read_fd(fd, out, s->file, why, size);
    close(fd);
    return ok;
}

/* Its standard input and error stay ours: it may ask for a passphrase of its own. */
static bool from_command(const struct sources *s, struct buf *out, char *why, size_t size)
{
    int fd[2], status = 0;
    if (pipe(fd) != 0) {
        snprintf(why, size, "no pipe to the %s command: %s", s->what, strerror(errno));
        return false;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd[1], STDOUT_FILENO);
        close(fd[0]);
        close(fd[1]);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        signal(SIGTSTP, SIG_DFL);
        execl("/bin/sh", "sh", "-c", s->command, (char *)NULL);
        _exit(127);
    }
    close(fd[1]);
    char from[80];
    snprintf(from, sizeof from, "the %s command", s->what);
    bool ok = pid > 0 && read_fd(fd[0], out, from, why, size);
    close(fd[0]);
    if (pid < 0) {
        snprintf(why, size, "the %s command cannot be run: %s", s->what, strerror(errno));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (ok && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        snprintf(why, size, "the %s command '%.80s' failed (%s %d)", s->what, s->command,
                 WIFEXITED(status) ? "exit status" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        ok = false;
    }
    return ok;
}

bool login_secret(const struct login_options *o, enum sasl_wants wants, struct buf *out, char *warn,
                  size_t warn_size, char *why, size_t size)
{
    struct sources s = sources_of(o, wants);
    struct buf all;
    const char *env = s.env ? getenv(s.env) : NULL;
    bool ok = false;
    if (warn_size)
        warn[0] = '\0';
    buf_init_secret(&all, SECRET_FILE_MAX + 4096);
    if (s.file)
        ok = from_file(&s, &all, warn, warn_size, why, size);
    else if (s.command)
        ok = from_command(&s, &all, why, size);
    else if (env)
        ok = buf_add_str(&all, env);
    else
        snprintf(why, size, "no %s is to be had: nothing tells where it is", s.what);
    size_t n = ok && all.len ? strcspn(all.p, "\r\n") : 0; /* a NUL ends it as well */
    if (ok && n < all.len && all.p[n] == '\0') {
        snprintf(why, size, "the %s holds a NUL octet: that is no text", s.what);
        ok = false;
    } else if (ok && n == 0) {
        snprintf(why, size, "the %s is empty (%.100s)", s.what, login_source(o, wants));
        ok = false;
    }
    ok = ok && (buf_add(out, all.p, n) ||
                (snprintf(why, size, "the %s is longer than %zu octets", s.what, out->max), false));
    buf_clear(&all);
    return ok;
}
