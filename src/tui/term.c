/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal: ncurses set up so that every key arrives (raw(), nonl()), Escape does not wait a
 * second, the mouse stays the user's, and the terminal comes back as it was. Nothing is ever asked
 * of the terminal (an answer to OSC 11 that comes late over ssh is typed text). Signals are
 * crash.c's, keys are keysin.c's. */
#include "config.h"
#include "tui/term.h"
#include "tui/crash.h"
#include "tui/keysin.h"
#include "tui/lazy/curses.gen.h"
#include "tui/lazy/terminfo.gen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ESC_DELAY_MS 25
#define SYNC_ROWS                                                                                  \
    4 /* frames that change more rows than this are worth 16 bytes of synchronisation */

static SCREEN *screen;
static struct termios outside; /* the modes the shell had */
static struct termios inside;  /* and ours */
static bool taken;             /* the terminal is ours at the moment */
static bool sync_known;

static char back[256], take[256]; /* give the terminal back, take it again */
static size_t back_len, take_len;

static const char paste_on[] = "\033[?2004h";
static const char paste_off[] = "\033[?2004l";

void term_raw(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t k = write(STDOUT_FILENO, bytes, n);
        if (k < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (k <= 0)
            return;
        bytes += k;
        n -= (size_t)k;
    }
}

/* -- one write a frame ---------------------------------------------------------------------------
 *
 * ncurses 6 writes at every move of the cursor as long as endwin() was never called: thirty times a
 * frame, each waking the terminal for half a row. So it gets a descriptor of its own, and between
 * term_open() and term_close() that one is a file in memory, from which each frame goes out whole.
 */

static FILE *frame; /* what ncurses writes to */
static bool collected;

static void collect(void)
{
#ifdef HAVE_MEMFD_CREATE
    int fd = memfd_create("frame", MFD_CLOEXEC);
    if (fd < 0)
        return; /* then as ncurses does it */
    collected = dup2(fd, fileno(frame)) >= 0;
    fcntl(fileno(frame), F_SETFD, FD_CLOEXEC);
    close(fd);
#endif
}

static void collect_end(void)
{
    if (collected)
        dup2(STDOUT_FILENO, fileno(frame));
    collected = false;
}

static void frame_add(const char *bytes, size_t n)
{
    if (!collected)
        term_raw(bytes, n);
    else if (write(fileno(frame), bytes, n) < 0)
        return; /* no memory: the frame lacks its brackets */
}

static void frame_out(void)
{
    static char *bytes;
    static size_t room;
    off_t n = collected ? lseek(fileno(frame), 0, SEEK_CUR) : 0;
    if (n <= 0)
        return;
    if ((size_t)n > room) {
        room = (size_t)n + 4096;
        bytes = xrealloc(bytes, room);
    }
    ssize_t k = pread(fileno(frame), bytes, (size_t)n, 0);
    lseek(fileno(frame), 0, SEEK_SET);
    if (k > 0)
        term_raw(bytes, (size_t)k);
}

/* tputs() through a buffer: it takes out the padding that terminfo strings may hold. */
static char *out_at, *out_end;

static int out_char(int c)
{
    if (out_at < out_end)
        *out_at++ = (char)c;
    return c;
}

static void out_cap(const char *name)
{
    char *s = tigetstr(name);
    if (s && s != (char *)-1)
        tputs(s, 1, out_char);
}

static void out_text(const char *s)
{
    while (*s)
        out_char(*s++);
}

static void make_strings(void)
{
    out_at = back;
    out_end = back + sizeof back;
    if (sync_known)
        out_text("\033[?2026l");
    out_text(paste_off);
    out_cap("rmkx");
    out_cap("sgr0");
    char *colors = tigetstr("op");
    if (colors && colors != (char *)-1 && !getenv("NO_COLOR"))
        tputs(colors, 1, out_char);
    /* A scroll region would outlive us: the whole screen again. */
    char *csr = tigetstr("csr");
    if (csr && csr != (char *)-1)
        tputs(tiparm(csr, 0, LINES - 1), 1, out_char);
    char *cup = tigetstr("cup");
    tputs(tiparm(cup, LINES - 1, 0), 1, out_char);
    out_cap("cnorm");
    out_cap("rmcup");
    back_len = (size_t)(out_at - back);
    out_at = take;
    out_end = take + sizeof take;
    out_cap("smcup");
    out_cap("smkx");
    out_text(paste_on);
    take_len = (size_t)(out_at - take);
    crash_strings(back, back_len, take, take_len);
}

/* Text is UTF-8 here whatever the locale says: a C locale would make every other letter a question
 * mark. */
static void choose_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        return;
    if (!setlocale(LC_CTYPE, "C.UTF-8") && !setlocale(LC_CTYPE, "en_US.UTF-8"))
        setlocale(LC_CTYPE, "UTF-8"); /* macOS */
}

static bool knows_sync(const char *term)
{
    /* Those that take mode 2026 or ignore it without a trace. screen and the consoles are left out.
     */
    static const char *const kinds[] = {"xterm", "tmux",    "foot",    "alacritty", "wezterm",
                                        "kitty", "ghostty", "contour", "mintty"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(term, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

bool term_open(char *why, size_t size)
{
    const char *term = getenv("TERM");
    if (screen)
        return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        snprintf(why, size,
                 "standard %s is no terminal: the workbench needs one; --plain talks line by line "
                 "without one",
                 isatty(STDIN_FILENO) ? "output" : "input");
        return false;
    }
    if (!term || !*term) {
        snprintf(why, size,
                 "TERM is not set: set it to the terminal's type, for example TERM=xterm-256color");
        return false;
    }
    int err = 0;
    choose_locale();
    if (setupterm(term, STDOUT_FILENO, &err) != OK) {
        snprintf(why, size,
                 err == 0
                     ? "no terminal type \"%.40s\" is known here: try TERM=xterm-256color"
                     : "no terminfo data base was found for TERM=%.40s: install ncurses-base, or "
                       "set TERMINFO",
                 term);
        return false;
    }
    char *cup = tigetstr("cup"), *clear_cap = tigetstr("clear");
    if (!cup || cup == (char *)-1 || !clear_cap || clear_cap == (char *)-1) {
        snprintf(why, size,
                 "the terminal type \"%.40s\" cannot move the cursor: set TERM to what the "
                 "terminal really is, for "
                 "example xterm-256color, or use --plain",
                 term);
        return false;
    }
    if (tcgetattr(STDIN_FILENO, &outside) != 0) {
        snprintf(why, size, "the terminal's modes cannot be read: %s", strerror(errno));
        return false;
    }
    sync_known = knows_sync(term);
    /* Handlers before newterm(): it installs its own SIGWINCH only where there is none. */
    if (!crash_install()) {
        snprintf(why, size, "no pipe could be made: %s", strerror(errno));
        return false;
    }
    /* Exported sizes are of the window in which they were set; ncurses would believe them. */
    struct winsize size_now;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size_now) == 0 && size_now.ws_row && size_now.ws_col) {
        unsetenv("LINES");
        unsetenv("COLUMNS");
    }
    del_curterm(cur_term); /* newterm() reads the description anew and forgets this one */
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    frame = fd >= 0 ? fdopen(fd, "w") : NULL;
    screen = frame ? newterm(NULL, frame, stdin) : NULL;
    if (!screen) {
        snprintf(why, size, "ncurses cannot use the terminal type \"%.40s\"", term);
        return false;
    }
    raw();
    noecho();
    nonl();
    set_escdelay(ESC_DELAY_MS);
    idlok(stdscr, TRUE);
    leaveok(stdscr, FALSE);
    typeahead(-1); /* no look at the keyboard, and no flush, between the rows of a frame */
    keysin_open();
    make_strings();
    tcgetattr(STDIN_FILENO, &inside);
    crash_modes(&outside, &inside);
    die_hook = term_close;
    taken = true;
    crash_armed(true);
    term_raw(paste_on, sizeof paste_on - 1);
    collect();
    return true;
}

void term_suspend(void)
{
    if (!taken)
        return;
    /* Not endwin(): what undoes it would also reset the palette (OSC 104), which is the user's. */
    crash_armed(false);
    term_raw(back, back_len);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &outside);
    taken = false;
}

void term_close(void)
{
    if (!screen)
        return;
    frame_out();
    collect_end();
    if (taken) {
        crash_armed(false);
        term_raw(paste_off, sizeof paste_off - 1);
        endwin();
        /* ncurses restores what it saw first; after kill -STOP and fg that need not be the shell's.
         */
        tcsetattr(STDIN_FILENO, TCSADRAIN, &outside);
        taken = false;
    }
    keysin_close();
    delscreen(screen);
    screen = NULL;
    fclose(frame);
    frame = NULL;
}

static void fit(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0 &&
        (w.ws_row != LINES || w.ws_col != COLS))
        resizeterm(w.ws_row, w.ws_col);
}

void term_resume(void)
{
    if (!screen || taken)
        return;
    taken = true;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &inside);
    term_raw(take, take_len);
    crash_armed(true);
    fit();
    make_strings();
    clearok(curscr, TRUE);
}

void term_stop(void)
{
    term_suspend();
    kill(0, SIGTSTP);
    /* Continued. Our handler stopped this process; whoever stopped us otherwise, we are back now.
     */
    term_resume();
}

int term_signal_fd(void)
{
    return crash_fd();
}

bool term_resized(void)
{
    int bits = crash_told();
    if (!screen || !bits)
        return false;
    if (taken) {
        if (bits & CRASH_CONT)
            clearok(curscr, TRUE);
        fit();
        make_strings();
    }
    return true;
}

void term_repaint(void)
{
    if (screen)
        clearok(curscr, TRUE);
}

/* Do more than SYNC_ROWS rows differ from what is on the screen? */
static bool big_frame(void)
{
    if (is_cleared(curscr))
        return true;
    int cols = getmaxx(newscr), rows = getmaxy(newscr), differ = 0;
    static cchar_t *have, *want;
    static int room;
    if (cols + 1 > room) {
        room = cols + 1;
        have = xrealloc(have, (size_t)room * sizeof *have);
        want = xrealloc(want, (size_t)room * sizeof *want);
    }
    for (int y = 0; y < rows && differ <= SYNC_ROWS; y++) {
        mvwin_wchnstr(curscr, y, 0, have, cols);
        mvwin_wchnstr(newscr, y, 0, want, cols);
        if (memcmp(have, want, (size_t)cols * sizeof *have) != 0)
            differ++;
    }
    return differ > SYNC_ROWS;
}

void term_flush(void)
{
    if (!taken)
        return;
    int y, x;
    getyx(stdscr, y,
          x); /* in_wchnstr() moves newscr's cursor, which says where the real one goes */
    wnoutrefresh(stdscr);
    bool sync = sync_known && big_frame();
    wmove(newscr, y, x);
    if (sync)
        frame_add("\033[?2026h", 8);
    doupdate();
    if (sync)
        frame_add("\033[?2026l", 8);
    frame_out();
}
