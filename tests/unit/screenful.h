/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ncurses on a pseudo-terminal that nobody watches: what was drawn is read back from stdscr, what
 * it cost from the other end. For tests of src/tui that need no running program. */
#ifndef TESTS_UNIT_SCREENFUL_H
#define TESTS_UNIT_SCREENFUL_H

#include "tui/lazy/curses.gen.h"

#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int screenful_fd = -1;
static SCREEN *screenful;

static inline void screenful_open(int rows, int cols)
{
    int slave;
    struct winsize w = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    setlocale(LC_ALL, "C.UTF-8");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    if (openpty(&screenful_fd, &slave, NULL, NULL, &w) != 0)
        abort();
    fcntl(screenful_fd, F_SETFL, O_NONBLOCK);
    FILE *out = fdopen(slave, "w"), *in = fdopen(dup(slave), "r");
    screenful = newterm("xterm-256color", out, in);
    if (!screenful || LINES != rows || COLS != cols)
        abort();
    idlok(stdscr, TRUE);
}

/* Bytes that the terminal got since the last call. */
static inline size_t screenful_bytes(void)
{
    char chunk[65536];
    size_t all = 0;
    for (ssize_t n; (n = read(screenful_fd, chunk, sizeof chunk)) > 0;)
        all += (size_t)n;
    return all;
}

/* A row of the screen as UTF-8 without trailing blanks. */
static inline const char *screenful_row(int y)
{
    static char rows[4][2048];
    static int turn;
    char *row = rows[turn++ & 3];
    wchar_t wide[512];
    mvinnwstr(y, 0, wide, COLS);
    size_t n = wcstombs(row, wide, sizeof rows[0] - 1);
    if (n == (size_t)-1)
        n = 0;
    row[n] = 0;
    while (n > 0 && row[n - 1] == ' ')
        row[--n] = 0;
    return row;
}

static inline void screenful_dump(void)
{
    for (int y = 0; y < LINES; y++)
        fprintf(stderr, "# %2d %s\n", y, screenful_row(y));
}

static inline void screenful_close(void)
{
    endwin();
    delscreen(screenful);
    close(screenful_fd);
}

#endif
