/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bare.c: the least a curses program can do: fill the screen once, wait for a key. What heloscope's
 * first screen is measured against. Not a measurement itself. */
#include <curses.h>
#include <locale.h>
#include <unistd.h>

int main(void)
{
    char key;

    setlocale(LC_ALL, "");
    if (!initscr())
        return 1;
    raw();
    noecho();
    for (int y = 0; y < LINES; y++)
        for (int x = 0; x < COLS - 1; x++)
            mvaddch(y, x, (chtype)('a' + (x * 7 + y * 3) % 26));
    mvaddstr(LINES - 1, 0, "bare ready");
    doupdate();
    refresh();
    if (read(STDIN_FILENO, &key, 1) < 0)
        return 1;
    endwin();
    return 0;
}
