/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts the program and gathers what it prints. What it is to say is the test's. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int program_run(const char *const *args, const char *input, struct buf *out)
{
    char *argv[24] = {getenv("HELOSCOPE")}, some[4096];
    FILE *both = tmpfile(), *in = tmpfile();
    size_t n = 1;
    for (; *args && n < 23; args++)
        argv[n++] = (char *)*args;
    fputs(input, in);
    rewind(in);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(both), 1);
        dup2(fileno(both), 2);
        alarm(60);
        execv(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1000;
    buf_init(out, 1 << 20);
    rewind(both);
    while ((n = fread(some, 1, sizeof some, both)) > 0)
        buf_add(out, some, n);
    fclose(both);
    fclose(in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
