/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in without a screen: what the options do not tell is asked at the terminal, a password
 * without echo; where there is no terminal, nothing is guessed and nothing is sent. */
#include "mode/mode.h"
#include "mode/plain.h"
#include "heloscope/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    caught = sig;
}

/* Reads a line; a signal that ends the program waits until the echo is on again. */
static bool read_line(int fd, struct buf *out)
{
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction act = {.sa_handler = on_signal}, was[4];
    char c;
    bool fits = true;
    ssize_t n;
    caught = 0;
    for (size_t i = 0; i < 4; i++)
        sigaction(fatal[i], &act, &was[i]);
    while (!caught && ((n = read(fd, &c, 1)) == 1 || (n < 0 && errno == EINTR)))
        if (n == 1 && c == '\n')
            break;
        else if (n == 1)
            fits = fits && buf_add_char(out, c);
    explicit_bzero(&c, 1);
    for (size_t i = 0; i < 4; i++)
        sigaction(fatal[i], &was[i], NULL);
    return fits && !caught;
}

/* Asks at the terminal. False: there is none. */
static bool ask(const char *question, bool echo, struct buf *out)
{
    struct termios was, quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    bool ok = tcgetattr(fd, &was) == 0 && write_all(fd, question, strlen(question));
    if (ok) {
        quiet = was;
        if (!echo)
            quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fd, TCSAFLUSH, &quiet);
        ok = read_line(fd, out);
        tcsetattr(fd, TCSAFLUSH, &was);
        if (!echo)
            write_all(fd, "\n", 1);
    }
    close(fd);
    if (caught)
        raise(caught);
    return ok;
}

bool plain_secret(const char *question, struct buf *out)
{
    char text[300];
    snprintf(text, sizeof text, "%.290s: ", question);
    return ask(text, false, out) && out->len > 0;
}

bool plain_has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool plain_get_secret(const struct login_options *o, enum sasl_wants wants, const char *user,
                      struct buf *out, char *why, size_t size)
{
    char question[200], warn[300];
    const char *what = wants == SASL_WANTS_TOKEN ? "token" : "password";
    if (login_source(o, wants)) {
        bool ok = login_secret(o, wants, out, warn, sizeof warn, why, size);
        if (ok && warn[0])
            mode_complain("%s", warn);
        return ok;
    }
    snprintf(question, sizeof question, "%s of %.100s", what, user);
    if (plain_secret(question, out))
        return true;
    snprintf(why, size,
             "no %s: it is asked for at the terminal, or comes by --%s-file, --%s-env or "
             "--%s-command",
             what, what, what, what);
    return false;
}

/* In clear: agreed to by an option, or by whoever sits there. */
static bool may_show(const struct login_options *o, const struct sasl_mechanism *m, char *why,
                     size_t size)
{
    char question[500];
    struct buf answer;
    if (o->clear_ok)
        return true;
    snprintf(question, sizeof question,
             "%s sends the %s itself, and there is no TLS: whoever listens has %s.\nSend it in "
             "clear? [y/N] ",
             m->name, m->wants == SASL_WANTS_TOKEN ? "token" : "password", m->hears);
    buf_init(&answer, 100);
    bool yes = ask(question, true, &answer) &&
               (strcasecmp(buf_str(&answer), "y") == 0 || strcasecmp(buf_str(&answer), "yes") == 0);
    buf_clear(&answer);
    if (!yes)
        snprintf(why, size,
                 "%s would show the %s to whoever listens: start TLS first, or say "
                 "--clear-passwords",
                 m->name, m->wants == SASL_WANTS_TOKEN ? "token" : "password");
    return yes;
}

bool plain_login(struct session *s, const struct login_options *o, const char *text, char *why,
                 size_t size)
{
    struct auth_words w;
    struct login_choice c;
    struct buf user, secret;
    bool person = plain_has_terminal();
    mode_auth_words(o, text, &w);
    if (!login_choose(s, w.mechanism, login_have(o) | (person ? LOGIN_CAN_ASK : 0u), &c, why, size))
        return false;
    const struct sasl_mechanism *m = c.mechanism;
    if (c.clear && !may_show(o, m, why, size))
        return false;
    struct login l = {
        .mechanism = m, .user = w.user, .authzid = o->authzid, .why = c.why, .clear_ok = c.clear};
    buf_init(&user, sizeof w.user - 1);
    buf_init_secret(&secret, 65536);
    bool ok = true;
    if (!w.user[0] && m->wants != SASL_WANTS_NOTHING) {
        if (ask("user: ", true, &user) && user.len)
            l.user = buf_str(&user);
        else
            ok = false;
        if (!ok)
            snprintf(why, size, "no user: say :auth [MECHANISM] USER, or --user");
    }
    if (ok && m->wants != SASL_WANTS_NOTHING) {
        ok = plain_get_secret(o, m->wants, l.user, &secret, why, size);
        l.secret = buf_str(&secret);
    }
    ok = ok && session_login(s, &l, why, size);
    buf_clear(&user);
    buf_clear(&secret);
    return ok;
}
