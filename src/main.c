/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options; picks a mode; nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heloscope/fault.h"
#include "heloscope/mail.h"
#include "heloscope/version.h"
#include "mode/mode.h"

/* A standard stream that was closed (<&-) would be the next file or socket that is opened: whatever
 * is read or written there fails as it should instead. */
static void hold_streams(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(fault_status(FAULT_FILE)); /* there is nobody to tell */
}

int main(int argc, char **argv)
{
    struct args a;
    char why[256];
    bool sends = argc > 1 && strcmp(argv[1], "send") == 0; /* getopt moves words about */
    hold_streams();
    /* Not LC_ALL: numbers and days are written as the protocols write them, and ten files less are
     * read. */
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");
    signal(SIGPIPE, SIG_IGN); /* a server that hangs up is an event, not our end */
    if (!args_parse(&a, argc, argv, why, sizeof why)) {
        mode_complain("%s", why);
        return sends ? MAIL_STATUS_USAGE /* as swaks has it */ : fault_status(FAULT_USAGE);
    }
    int status = fault_status(FAULT_NONE);
    if (a.help)
        args_help(stdout, a.mode);
    else if (a.version)
        printf("heloscope %s\n", heloscope_version());
    else if (a.man)
        man_print(stdout);
    else if (a.fault && mode_faults(&a, &status))
        ; /* it was listed, or is wrong */
    else if (a.mode == MODE_EXPLAIN)
        status = mode_explain(&a);
    else if (a.mode == MODE_RUN)
        status = mode_run(&a);
    else if (a.mode == MODE_SEND)
        status = mode_send(&a);
    else if (a.mode == MODE_PROBE)
        status = mode_probe(&a);
    else if (a.mode == MODE_SERVE)
        status = mode_serve(&a);
    else if (a.mode == MODE_LESSONS)
        status = mode_lessons(&a);
    else if (a.mode == MODE_THEMES)
        status = mode_themes(&a);
    else if (a.mode == MODE_TLS)
        status = mode_tls(&a);
    else if (a.mode == MODE_VERIFY)
        status = mode_verify(&a);
    else if (a.plain)
        status = mode_plain(&a);
    else
        status = mode_workbench(&a);
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int unwritten = mode_unwritten(errno);
        if (status == fault_status(FAULT_NONE))
            status = unwritten;
    }
    return status;
}
